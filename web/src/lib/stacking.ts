// Series on top of one another.
import type { Series } from './series';

/** One piece of one bucket's column: `[from, to)` on the count axis; above `solid` it is estimated. */
export interface Segment {
  series: number;
  from: number;
  solid: number;
  to: number;
}

/** The column of one bucket, bottom first; pieces of no height are left out. */
export function column(series: Pick<Series, 'counts' | 'estimated'>[], bucket: number): Segment[] {
  const segments: Segment[] = [];
  let from = 0;
  series.forEach((one, index) => {
    const count = one.counts[bucket] ?? 0;
    if (count <= 0) return;
    const estimated = Math.min(one.estimated[bucket] ?? 0, count);
    segments.push({ series: index, from, solid: from + count - estimated, to: from + count });
    from += count;
  });
  return segments;
}

/** The tallest column, at least `floor` so that a single error does not fill the chart. */
export function peak(series: Pick<Series, 'counts'>[], buckets: number, floor: number): number {
  let highest = floor;
  for (let bucket = 0; bucket < buckets; bucket++) {
    let sum = 0;
    for (const one of series) sum += one.counts[bucket] ?? 0;
    if (sum > highest) highest = sum;
  }
  return highest;
}

/** The series whose piece holds this count, in this bucket. */
export function pieceAt(segments: Segment[], count: number): number | undefined {
  return segments.find((segment) => count >= segment.from && count < segment.to)?.series;
}
