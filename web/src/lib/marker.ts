// Moments that stand in a chart as lines: when an error was first seen, what was done about it, when another version came.

export type MarkerKind = 'seen' | 'resolved' | 'regressed' | 'muted' | 'reopened' | 'version';

export interface Marker {
  /** Milliseconds since the epoch. */
  at: number;
  kind: MarkerKind;
  /** What happened, in words that need no picture: `resolved by ada`. */
  text: string;
}

/** Markers that stand so close to one another that they share a flag; `share` is where, 0 to 1 of the chart's width. */
export interface Flag {
  share: number;
  markers: Marker[];
}

/** Flags from left to right, at least `apart` pixels from each other in a plot of `width` pixels. What lies outside is left out. */
export function flags(markers: Marker[], startMs: number, endMs: number, width: number, apart: number): Flag[] {
  const found: Flag[] = [];
  if (endMs <= startMs || width <= 0) return found;
  for (const marker of markersWithin(markers, startMs, endMs).toSorted((a, b) => a.at - b.at)) {
    const share = (marker.at - startMs) / (endMs - startMs);
    const last = found.at(-1);
    if (last && (share - last.share) * width < apart) last.markers.push(marker);
    else found.push({ share, markers: [marker] });
  }
  return found;
}

/** Those in `[startMs, endMs)`. */
export function markersWithin(markers: Marker[], startMs: number, endMs: number): Marker[] {
  return markers.filter(({ at }) => at >= startMs && at < endMs);
}

/** The most important one of several says how their flag looks. */
const weight: MarkerKind[] = ['regressed', 'seen', 'resolved', 'version', 'muted', 'reopened'];

export function leading(markers: Marker[]): MarkerKind {
  return weight.find((kind) => markers.some((one) => one.kind === kind)) ?? 'reopened';
}

interface Versions {
  timestamps: number[];
  series: { labels: Record<string, string>; counts: number[] }[];
}

/**
 * Where versions begin: counts of a service by its version label. A version that counts in the first bucket was there before; of
 * one that comes later the bucket in which it first counts is known, no more.
 */
export function versionMarkers({ timestamps, series }: Versions, label: string): Marker[] {
  const found: Marker[] = [];
  for (const { labels, counts } of series) {
    const value = labels[label];
    const first = counts.findIndex((count) => count > 0);
    const at = timestamps[first];
    if (value && first > 0 && at !== undefined)
      found.push({ at: at * 1000, kind: 'version', text: `first errors from version ${value}` });
  }
  return found;
}
