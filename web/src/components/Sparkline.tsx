// Counts over the range in one small picture: one path, no axis, the figure stands beside it.
import { memo } from 'react';

/** A single error is not drawn as tall as the tallest storm: the scale begins at this. */
const peakMin = 4;

interface Props {
  counts: number[];
  width: number;
  height: number;
}

export const Sparkline = memo(function Sparkline({ counts, width, height }: Props) {
  return (
    <svg width="100%" height={height} viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
      <path d={`M0 ${height - 0.5}H${width}`} stroke="var(--line)" strokeWidth="1" vectorEffect="non-scaling-stroke" />
      <path d={bars(counts, width, height)} fill="var(--spark)" />
    </svg>
  );
});

/** A bar for each count that is not 0, at least one and a half pixels high. */
export function bars(counts: number[], width: number, height: number): string {
  const top = Math.max(peakMin, ...counts);
  const each = width / Math.max(1, counts.length);
  const gap = each > 3 ? 0.8 : 0;
  let path = '';
  counts.forEach((count, index) => {
    if (count <= 0) return;
    const tall = Math.max(1.5, (count / top) * (height - 1));
    path += `M${round(index * each)} ${height}v${round(-tall)}h${round(each - gap)}v${round(tall)}z`;
  });
  return path;
}

function round(n: number): number {
  return Math.round(n * 100) / 100;
}
