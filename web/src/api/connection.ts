// Whether the server can be reached. When a request finds nobody, one probe asks `/-/ready`; if that finds nobody either, every other
// request waits (TanStack Query's online manager holds them), the probe goes on alone, and when it succeeds all is asked again.
import { onlineManager, type QueryClient } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import { ApiError } from './client';

export type Connection =
  | { state: 'up' }
  /** Nobody answers. */
  | { state: 'lost'; sinceMs: number }
  /** It answers that it starts. */
  | { state: 'starting'; sinceMs: number }
  | { state: 'stopping'; sinceMs: number }
  /** It was away and is back: said for a moment. */
  | { state: 'back'; awayMs: number };

/** Between two probes: at first short, since most of what is away is a restart. */
const probeMs = [500, 1000, 2000, 3000, 5000];
const probeTimeoutMs = 4000;
const backSaidMs = 4000;

/** A page that asks nothing by itself finds out, too, as long as somebody looks at it. */
const heartbeatMs = 10_000;

let current: Connection = { state: 'up' };
const listeners = new Set<() => void>();

function set(next: Connection): void {
  current = next;
  for (const one of listeners) one();
}

export function useConnection(): Connection {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
}

/** What `/-/ready` says. Only a proxy or the server itself being away is a lost connection; any other answer is somebody there. */
async function probe(): Promise<'up' | 'lost' | 'starting' | 'stopping'> {
  try {
    const url = new URL('-/ready', document.baseURI);
    url.hash = '';
    const response = await fetch(url, { signal: AbortSignal.timeout(probeTimeoutMs), cache: 'no-store' });
    const stopping = response.headers.get('x-prometheus-stopping');
    if (response.status === 503 && stopping !== null) return stopping === 'true' ? 'stopping' : 'starting';
    return response.status === 502 || response.status === 503 || response.status === 504 ? 'lost' : 'up';
  } catch {
    return 'lost';
  }
}

/** Follows all requests of the client from now on. */
export function watchConnection(client: QueryClient): void {
  // The browser's own word is not asked: a server on this machine or in this network is there without the internet.
  onlineManager.setEventListener(() => () => {});
  const wonder = (error: unknown) => {
    if (error instanceof ApiError && [0, 502, 503, 504].includes(error.status)) void look(client);
  };
  client.getQueryCache().subscribe((event) => {
    if (event.type !== 'updated') return;
    if (event.action.type === 'failed' || event.action.type === 'error') wonder(event.action.error);
  });
  client.getMutationCache().subscribe((event) => {
    if (event.type !== 'updated') return;
    if (event.action.type === 'failed' || event.action.type === 'error') wonder(event.action.error);
  });
  window.setInterval(() => !document.hidden && void look(client), heartbeatMs);
  window.addEventListener('online', () => hurry());
  document.addEventListener('visibilitychange', () => {
    hurry();
    if (!document.hidden) void look(client);
  });
}

let looking = false;
let hurry = () => {};

/** Somebody does not want to wait for the next probe. */
export function lookNow(): void {
  hurry();
}

/** Probes until somebody is there; one look at a time. */
async function look(client: QueryClient): Promise<void> {
  if (looking) return;
  looking = true;
  const sinceMs = Date.now();
  let away = false;
  for (let turn = 0; ; turn++) {
    const found = await probe();
    if (found === 'up') break;
    if (!away) onlineManager.setOnline(false);
    away = true;
    set({ state: found, sinceMs });
    await pause(probeMs[Math.min(turn, probeMs.length - 1)] ?? 5000);
  }
  if (away) {
    set({ state: 'back', awayMs: Date.now() - sinceMs });
    onlineManager.setOnline(true);
    void client.invalidateQueries();
    window.setTimeout(() => current.state === 'back' && set({ state: 'up' }), backSaidMs);
  }
  // What failed although somebody is there fails on its own account: its panel says why. Its failure was noted already.
  window.setTimeout(() => {
    looking = false;
  }, 1000);
}

/** Waits, unless there is a reason to look at once. */
function pause(ms: number): Promise<void> {
  return new Promise((done) => {
    const timer = window.setTimeout(done, ms);
    hurry = () => {
      window.clearTimeout(timer);
      done();
    };
  });
}
