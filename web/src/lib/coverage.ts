// Which part of the time somebody was looking: "no errors" and "nobody was watching" are different things.

/** Neighbouring buckets that were equally unwatched. `share` is the unwatched part, above 0 to 1. */
export interface Gap {
  /** First bucket, and the one after the last. */
  from: number;
  to: number;
  share: number;
}

/** Below half a per cent a bucket counts as watched: a scrape that came a moment late is no gap. */
const shareMin = 0.005;

/**
 * Below five per cent a bucket is not hatched: one dead target of a fleet is the table of services' to tell, and a strip over
 * the whole chart would only cry wolf. Hovering a bucket says what was watched to the per cent.
 */
const hatchMin = 0.05;

/** Runs of buckets of which a part worth drawing was not watched. Shares are rounded to per cents, so that a run does not fall apart on noise. */
export function gaps(coverage: number[]): Gap[] {
  const found: Gap[] = [];
  coverage.forEach((watched, bucket) => {
    const unwatched = 1 - Math.min(1, Math.max(0, watched));
    if (unwatched < hatchMin) return;
    const share = Math.round(unwatched * 100) / 100;
    const last = found.at(-1);
    if (last && last.to === bucket && last.share === share) last.to = bucket + 1;
    else found.push({ from: bucket, to: bucket + 1, share });
  });
  return found;
}

/** What a bucket's coverage means, in words; undefined when all of it was watched. */
export function coverageWords(watched: number): string | undefined {
  const unwatched = 1 - watched;
  if (unwatched < shareMin) return undefined;
  if (unwatched > 0.995) return 'Nobody was watching';
  const share = Math.round(watched * 100);
  return `${share >= 100 ? '>99' : share < 1 ? '<1' : share}% of it was watched`;
}

export type Watched = 'all' | 'most' | 'some' | 'none';

/** The whole range's coverage in one word. */
export function watched(coverage: number[]): Watched {
  if (coverage.length === 0) return 'none';
  const mean = coverage.reduce((sum, one) => sum + one, 0) / coverage.length;
  if (mean <= 0.005) return 'none';
  if (mean >= 1 - shareMin) return 'all';
  return mean >= 0.9 ? 'most' : 'some';
}
