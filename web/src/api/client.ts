// One call of the native API: relative to the page, so that any path prefix works; failures as RFC 9457 says them.

/** A failure in words that can be shown. `position` is where in `param` it lies, in characters from 0. */
export class ApiError extends Error {
  readonly status: number;
  readonly param: string | undefined;
  readonly position: number | undefined;
  /** With 412: the thing as it is now. */
  readonly current: unknown;

  constructor(status: number, detail: string, param?: string, position?: number, current?: unknown) {
    super(detail);
    this.name = 'ApiError';
    this.status = status;
    this.param = param;
    this.position = position;
    this.current = current;
  }

  /** Whether what was asked for may have been done although no answer says so. */
  get leavesOpen(): boolean {
    return this.status === 0 || this.status >= 500;
  }
}

let person = '';

/** From now on every request says that it is this person who asks. Empty for nobody. */
export function introduce(name: string): void {
  person = name;
}

/** Headers are bytes to the browser and UTF-8 to the server. */
function who(): Record<string, string> {
  if (person === '') return {};
  return { 'x-hydrophone-user': Array.from(new TextEncoder().encode(person), (b) => String.fromCharCode(b)).join('') };
}

export type Params = Record<string, string | number | boolean | undefined>;

/** Longer than the server itself waits, so that its own answer comes first. */
const timeoutMs = 65_000;

export async function get<T>(path: string, params: Params, signal: AbortSignal): Promise<T> {
  return read<T>(await ask(path, params, signal, { headers: { accept: 'application/json' } }));
}

async function read<T>(response: Response): Promise<T> {
  try {
    return (await response.json()) as T;
  } catch {
    throw new ApiError(response.status, 'the answer was not readable: is there a proxy that changes it?');
  }
}

export interface Sending {
  method: 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  path: string;
  body?: unknown;
  /** The `ETag` that the thing has to have. */
  match?: string;
}

/** Changes something. What answers without a body is undefined. */
export async function send<T>({ method, path, body, match }: Sending): Promise<T> {
  const headers = {
    accept: 'application/json',
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(match === undefined ? {} : { 'if-match': match }),
  };
  const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
  const response = await ask(path, {}, new AbortController().signal, init);
  return response.status === 204 ? (undefined as T) : read<T>(response);
}

/** The answer as text, of a kind the call knows. */
export async function getText(path: string, type: string, signal: AbortSignal, params: Params = {}): Promise<string> {
  return (await ask(path, params, signal, { headers: { accept: type } })).text();
}

/** The address of an answer, for a link or a picture. */
export function address(path: string, params: Params): string {
  const url = new URL(path, document.baseURI);
  url.hash = '';
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== '') url.searchParams.set(name, String(value));
  }
  return url.href;
}

interface Init {
  method?: string;
  headers: Record<string, string>;
  body?: string;
}

async function ask(path: string, params: Params, signal: AbortSignal, init: Init): Promise<Response> {
  const ends = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const response = await reach(address(`api/v1/${path}`, params), { ...init, signal: ends });
  if (!response.ok) throw await failure(response);
  return response;
}

async function reach(url: string, init: Init & { signal: AbortSignal }): Promise<Response> {
  try {
    return await fetch(url, { ...init, headers: { ...init.headers, ...who() } });
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
  const { detail, title, param, position, current } = problem;
  const words = [detail, title, `${response.status} ${response.statusText}`].find(
    (one) => typeof one === 'string' && one !== '',
  );
  return new ApiError(
    response.status,
    String(words),
    typeof param === 'string' ? param : undefined,
    typeof position === 'number' ? position : undefined,
    current,
  );
}
