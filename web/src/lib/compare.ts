// The same time so long before: what it is called, what is asked for, how the two differ.
import { percent } from './format';
import { absolute, parseDuration } from './time';
import type { Compare } from './url';

/** For a list of choices. */
export const compareChoices: Record<Compare, string> = { '': 'nothing', '1d': 'day before', '7d': 'week before' };

export const compareNames: Record<Compare, string> = { '': 'nothing', '1d': 'the day before', '7d': 'the week before' };

/** How far back, milliseconds; 0 without a comparison. */
export function shiftMs(compare: Compare): number {
  return compare === '' ? 0 : (parseDuration(compare) ?? 0);
}

interface Buckets {
  startMs: number;
  endMs: number;
  stepMs: number;
}

/** The question whose buckets lie exactly so far before those; undefined where no whole number of buckets does. */
export function shifted(
  { startMs, endMs, stepMs }: Buckets,
  compare: Compare,
): { start: string; end: string; step: number } | undefined {
  const by = shiftMs(compare);
  if (by === 0 || stepMs <= 0 || by % stepMs !== 0) return undefined;
  return { start: absolute(startMs - by), end: absolute(endMs - by), step: stepMs / 1000 };
}

/** `+20%`, `−8%`, `the same`, `3.4 times as many`. */
export function difference(now: number, before: number): string {
  if (now === before) return 'the same';
  if (before === 0) return 'none then';
  const ratio = now / before;
  if (ratio >= 2.95) return `${ratio >= 10 ? Math.round(ratio) : Number(ratio.toPrecision(2))} times as many now`;
  return `${ratio > 1 ? '+' : '−'}${percent(Math.abs(ratio - 1))}`;
}

/** What of a compared total is comparable: buckets of the future have no counterpart yet. */
export function untilNow(
  counts: number[],
  { startMs, stepMs }: Pick<Buckets, 'startMs' | 'stepMs'>,
  nowMs: number,
): number {
  let total = 0;
  counts.forEach((count, bucket) => {
    const from = startMs + bucket * stepMs;
    const share = Math.min(1, Math.max(0, (nowMs - from) / stepMs));
    total += count * share;
  });
  return Math.round(total);
}
