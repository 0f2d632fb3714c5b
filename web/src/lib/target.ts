// Targets as one looks for them: by service, trouble first, by words; and when one of them answered.

export interface Watched {
  service: string;
  scrape_url: string;
  labels: Record<string, string>;
  discovered_labels: Record<string, string>;
  health: string;
  state: string;
  last_error?: string | null;
}

export type Row<T extends Watched> =
  | { kind: 'service'; id: string; name: string; up: number; total: number; folded: boolean; dropped: boolean }
  | { kind: 'target'; id: string; target: T };

/** Every service with its targets below it. What is in trouble comes first; among equals the order of the names, so that nothing moves that has not changed. */
export function rowsOf<T extends Watched>(targets: readonly T[], folded: ReadonlySet<string>): Row<T>[] {
  const pools = new Map<string, T[]>();
  for (const target of targets) {
    const pool = pools.get(target.service);
    if (pool) pool.push(target);
    else pools.set(target.service, [target]);
  }
  const services = Array.from(pools, ([name, own]) => ({
    name,
    own,
    up: own.filter(({ health }) => health === 'up').length,
  })).sort((a, b) => Number(a.up === a.own.length) - Number(b.up === b.own.length) || (a.name < b.name ? -1 : 1));
  const names = new Map<string, number>();
  return services.flatMap(({ name, own, up }) => {
    const isFolded = folded.has(name);
    const head: Row<T> = {
      kind: 'service',
      id: `service ${name}`,
      name,
      up,
      total: own.length,
      folded: isFolded,
      dropped: own.every(isDropped),
    };
    if (isFolded) return [head];
    const placed = own
      .map((target) => ({ target, sort: trouble(target) }))
      .sort((a, b) => a.sort - b.sort || byPlace.compare(a.target.scrape_url, b.target.scrape_url));
    return [
      head,
      ...placed.map(({ target }): Row<T> => ({ kind: 'target', id: unique(keyOf(target), names), target })),
    ];
  });
}

const byPlace = new Intl.Collator('en', { numeric: true });

function isDropped({ state }: Watched): boolean {
  return state === 'dropped';
}

function trouble({ health }: Watched): number {
  return health === 'down' ? 0 : health === 'unknown' ? 1 : 2;
}

/** The same before and after its first scrape, which gives it an id. */
function keyOf({ service, scrape_url, labels, discovered_labels, state }: Watched): string {
  return JSON.stringify([service, scrape_url, state === 'dropped' ? discovered_labels : labels]);
}

/** Discovery may name the same dropped one twice. */
function unique(key: string, names: Map<string, number>): string {
  const before = names.get(key) ?? 0;
  names.set(key, before + 1);
  return before === 0 ? key : `${key} ${before + 1}`;
}

/** Whether all words stand somewhere in what is known of it: URL, labels as `name:value` or `name=value`, its failure. */
export function holds(target: Watched, words: string): boolean {
  const asked = words.toLowerCase().split(/\s+/).filter(Boolean);
  if (asked.length === 0) return true;
  const labels = Object.entries(target.state === 'dropped' ? target.discovered_labels : target.labels);
  const known = [
    `service:${target.service}`,
    target.scrape_url,
    ...labels.map(([name, value]) => `${name}:${value}`),
    target.last_error ?? '',
  ];
  const text = known.join('\n').toLowerCase();
  return asked.every((word) => text.includes(word) || text.includes(word.replace(/^(\w+)="?([^"]*)"?$/, '$1:$2')));
}

/** A failure without the URL it begins with, where that stands beside it. */
export function plainError(error: string, url: string): string {
  const begin = [`GET ${url}: `, `${url}: `].find((one) => url !== '' && error.startsWith(one));
  return begin ? error.slice(begin.length) : error;
}

export interface Span {
  start: string;
  end: string;
  up: boolean;
  scrapes: number;
  duration_seconds_mean: number;
  duration_seconds_max: number;
  error?: string | null;
}

/** A stretch of the time that is looked at, in shares of it from 0 to 1. What lies between stretches nobody watched. */
export interface Stretch {
  from: number;
  to: number;
  up: boolean;
}

export interface Failure {
  startMs: number;
  endMs: number;
  error: string;
}

export interface Health {
  stretches: Stretch[];
  /** Newest first. */
  failures: Failure[];
  /** Share of the watched time in which it answered; undefined where it was not watched. */
  answered: number | undefined;
  /** Share of the time in which it was watched. */
  watched: number;
  slowestSeconds: number;
}

/** The server keeps health by windows so long; a stretch ends with a window's last scrape and goes on with the next one's first. */
const windowMs = 2 * 3600 * 1000;

/** As long as two scrapes lie apart, and a little longer. */
function pauseMs({ scrapes }: Span): number {
  return (2 * windowMs) / Math.max(1, scrapes);
}

/** When it answered between two times. */
export function healthOf(spans: readonly Span[], startMs: number, endMs: number): Health {
  const whole = Math.max(1, endMs - startMs);
  const within = (ms: number) => Math.min(1, Math.max(0, (ms - startMs) / whole));
  const ordered = spans
    .map((span) => ({ span, startMs: Date.parse(span.start), endMs: Date.parse(span.end) }))
    .filter((one) => one.endMs >= startMs && one.startMs <= endMs)
    .sort((a, b) => a.startMs - b.startMs);
  const stretches: Stretch[] = [];
  const failures: Failure[] = [];
  let slowestSeconds = 0;
  for (const { span, startMs: from, endMs: to } of ordered) {
    const last = stretches.at(-1);
    const next = { from: within(from), to: within(to), up: span.up };
    const pause = pauseMs(span);
    if (last && last.up === next.up && next.from <= last.to + pause / whole) last.to = Math.max(last.to, next.to);
    else stretches.push(next);
    slowestSeconds = Math.max(slowestSeconds, span.duration_seconds_max);
    if (span.up) continue;
    const error = span.error ?? '';
    const before = failures.at(-1);
    if (before && before.error === error && from <= before.endMs + pause) before.endMs = Math.max(before.endMs, to);
    else failures.push({ startMs: from, endMs: to, error });
  }
  const sum = (of: Stretch[]) => of.reduce((total, { from, to }) => total + to - from, 0);
  const watched = Math.min(1, sum(stretches));
  const up = sum(stretches.filter((one) => one.up));
  const any = stretches.length > 0;
  const answered = !any
    ? undefined
    : watched === 0
      ? Number(stretches.every((one) => one.up))
      : Math.min(1, up / sum(stretches));
  return { stretches, failures: failures.reverse(), answered, watched, slowestSeconds };
}
