// To any page of a search, though its list knows only what comes next: the counts over time say where the page begins.

/** What is asked: of the whole range, or of a part of it. */
export interface Question {
  start?: string | undefined;
  end?: string | undefined;
  cursor: string;
  limit: number;
  buckets: number;
}

export interface Answer {
  next: string | undefined;
  curve: { start: string; step_seconds: number; counts: number[] } | undefined;
}

/** The most the server lists at once. */
const limitMax = 100;

/** A month becomes a second in three steps; more would mean that the answers do not agree. */
const depthMax = 8;

/** Pages walked within one second of time. */
const walkMax = 50;

/**
 * The cursor behind which the newest `skip` matches are left; '' when there are not so many. `buckets` are those the list itself
 * is asked with: they say where its range ends.
 */
export async function seek(
  skip: number,
  buckets: number,
  ask: (question: Question) => Promise<Answer>,
): Promise<string> {
  let left = skip;
  let part: { start?: string; end?: string } = {};
  // Buckets are whole, so the list begins a little before what was asked for.
  let oldest: string | undefined;
  for (let depth = 0; depth === 0 || (depth < depthMax && left > limitMax); depth++) {
    const { curve } = await ask({ ...part, cursor: '', limit: 0, buckets });
    const found = curve && bucketOf(curve, left);
    if (!found) return '';
    oldest ??= curve.start;
    left -= found.newer;
    part = { start: found.start, end: found.end };
    if (curve.step_seconds <= 1) break;
  }
  let cursor = '';
  for (let page = 0; page < walkMax && left > 0; page++) {
    const limit = Math.min(limitMax, left);
    const { next } = await ask({ start: oldest, end: part.end, cursor, limit, buckets: 0 });
    if (next === undefined) return '';
    cursor = next;
    left -= limit;
  }
  return left > 0 ? '' : cursor;
}

/** The bucket that holds the match with this number, counted from the newest, and how many are newer than all of it. */
function bucketOf(curve: NonNullable<Answer['curve']>, wanted: number) {
  let newer = 0;
  for (let bucket = curve.counts.length - 1; bucket >= 0; bucket--) {
    const count = curve.counts[bucket] ?? 0;
    if (newer + count >= wanted) {
      const start = Date.parse(curve.start) + bucket * curve.step_seconds * 1000;
      const end = start + curve.step_seconds * 1000;
      return { newer, start: new Date(start).toISOString(), end: new Date(end).toISOString() };
    }
    newer += count;
  }
  return undefined;
}
