// One GET of the native API: relative to the page, so that any path prefix works; failures as RFC 9457 says them.

/** A failure in words that can be shown. `position` is where in `param` it lies, in characters from 0. */
export class ApiError extends Error {
  readonly status: number;
  readonly param: string | undefined;
  readonly position: number | undefined;

  constructor(status: number, detail: string, param?: string, position?: number) {
    super(detail);
    this.name = 'ApiError';
    this.status = status;
    this.param = param;
    this.position = position;
  }
}

export type Params = Record<string, string | number | boolean | undefined>;

/** Longer than the server itself waits, so that its own answer comes first. */
const timeoutMs = 65_000;

export async function get<T>(path: string, params: Params, signal: AbortSignal): Promise<T> {
  const response = await ask(path, params, signal, 'application/json');
  try {
    return (await response.json()) as T;
  } catch {
    throw new ApiError(response.status, 'the answer was not readable: is there a proxy that changes it?');
  }
}

/** The answer as text, of a kind the call knows. */
export async function getText(path: string, type: string, signal: AbortSignal): Promise<string> {
  return (await ask(path, {}, signal, type)).text();
}

async function ask(path: string, params: Params, signal: AbortSignal, accept: string): Promise<Response> {
  const url = new URL(`api/v1/${path}`, document.baseURI);
  url.hash = '';
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== '') url.searchParams.set(name, String(value));
  }
  const response = await send(url, AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]), accept);
  if (!response.ok) throw await failure(response);
  return response;
}

async function send(url: URL, signal: AbortSignal, accept: string): Promise<Response> {
  try {
    return await fetch(url, { signal, headers: { accept } });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    if (cause instanceof DOMException && cause.name === 'TimeoutError')
      throw new ApiError(0, 'the server did not answer in time');
    throw new ApiError(0, 'the server could not be reached');
  }
}

async function failure(response: Response): Promise<ApiError> {
  const said: unknown = await response.json().catch(() => undefined);
  const problem = typeof said === 'object' && said !== null ? (said as Record<string, unknown>) : {};
  const { detail, title, param, position } = problem;
  const words = [detail, title, `${response.status} ${response.statusText}`].find(
    (one) => typeof one === 'string' && one !== '',
  );
  return new ApiError(
    response.status,
    String(words),
    typeof param === 'string' ? param : undefined,
    typeof position === 'number' ? position : undefined,
  );
}
