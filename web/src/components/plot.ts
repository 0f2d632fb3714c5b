// How uPlot is told what to draw and what a pointer does: axes, scales, the way from pixels to buckets.
import uPlot from 'uplot';
import type { Scheme } from '../lib/palette';
import type { ChartData } from '../lib/series';
import { column, peak, pieceAt } from '../lib/stacking';
import { countLabel, timeLabels } from '../lib/ticks';
import { type Range, zoomIn } from '../lib/time';
import type { Zone } from '../lib/zone';
import { type Picture, paint } from './paint';

/** What the chart is drawn from now; uPlot's callbacks read it whenever they run. */
export interface Latest extends Picture {
  zone: Zone;
  onZoom: (range: Range) => void;
  onZoomOut: () => void;
  onHover: (hover: Hover | null) => void;
  onFrame: (frame: Frame) => void;
  /** A click that is neither part of a drag nor of a double click. */
  onClick: (hover: Hover) => void;
}

export interface Hover {
  bucket: number;
  series: number | undefined;
  left: number;
  width: number;
}

/** Where the columns stand within the chart, CSS pixels. */
export interface Frame {
  left: number;
  width: number;
}

/** With fewer errors than this in the tallest column the axis still goes so far. */
const peakMin = 4;

/** After so long a click is not the first half of a double click. */
const doubleClickMs = 260;

const axisColour: Record<Scheme, string> = { light: '#566371', dark: '#9aa8b5' };
const gridColour: Record<Scheme, string> = { light: '#e9eef2', dark: '#242f3a' };
const font = '11px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';

export function options(width: number, height: number, latest: { current: Latest }): uPlot.Options {
  const axis = { stroke: () => axisColour[latest.current.scheme], font, ticks: { show: false } };
  const grid = { stroke: () => gridColour[latest.current.scheme], width: 1 };
  let clicked: number | undefined;
  const forget = () => window.clearTimeout(clicked);
  return {
    width,
    height,
    padding: [18, 20, 0, 0],
    legend: { show: false },
    tzDate: (seconds) =>
      latest.current.zone === 'utc' ? uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC') : new Date(seconds * 1000),
    scales: {
      x: { time: true, range: () => [latest.current.data.startMs / 1000, latest.current.data.endMs / 1000] },
      y: { range: () => [0, highest(latest.current) * 1.06] },
    },
    series: [{}, { paths: () => null, points: { show: false } }],
    axes: [
      {
        ...axis,
        grid: { show: false },
        ticks: { show: true, size: 4, ...grid },
        size: 42,
        space: 64,
        values: (_, splits, __, ___, increment) => timeLabels(splits, increment, latest.current.zone),
      },
      { ...axis, grid, size: 50, space: 34, incrs: increments(), values: (_, splits) => splits.map(countLabel) },
    ],
    cursor: {
      x: false,
      y: false,
      points: { show: false },
      drag: { x: true, y: false, setScale: false },
      bind: {
        dblclick: () => () => {
          forget();
          latest.current.onZoomOut();
          return null;
        },
      },
    },
    hooks: {
      init: [
        (u) => {
          // uPlot keeps the click that ends a drag to itself.
          u.over.addEventListener('click', (event) => {
            forget();
            const hover = hoverOf(u, latest.current.data);
            // A finger that taps reads the bucket; the legend is there to filter.
            const finger = event instanceof PointerEvent && event.pointerType === 'touch';
            if (hover && !finger) clicked = window.setTimeout(() => latest.current.onClick(hover), doubleClickMs);
          });
        },
      ],
      draw: [
        (u) => paint(u, latest.current satisfies Picture),
        (u) => latest.current.onFrame({ left: u.over.offsetLeft, width: u.over.offsetWidth }),
      ],
      setCursor: [(u) => latest.current.onHover(hoverOf(u, latest.current.data))],
      setSelect: [(u) => select(u, latest.current)],
      destroy: [forget],
    },
  };
}

/** x is the middle of each bucket, so that the nearest point is the bucket one points at. */
export function values(data: ChartData): uPlot.AlignedData {
  return [
    data.times.map((ms) => (ms + data.stepMs / 2) / 1000),
    data.times.map((_, bucket) => data.totals[bucket] ?? 0),
  ];
}

/** Where a bucket lies, in CSS pixels of the chart. */
export function place(u: uPlot, data: ChartData, bucket: number): { left: number; width: number } {
  const from = (data.startMs + bucket * data.stepMs) / 1000;
  const left = u.valToPos(from, 'x');
  return { left: left + u.over.offsetLeft, width: u.valToPos(from + data.stepMs / 1000, 'x') - left };
}

function highest({ data, compared }: Latest): number {
  return peak(data.series, data.times.length, Math.max(peakMin, ...(compared ?? [])));
}

function hoverOf(u: uPlot, data: ChartData): Hover | null {
  const { idx, left = -1, top = -1 } = u.cursor;
  if (idx === null || idx === undefined || left < 0) return null;
  return { bucket: idx, series: pieceAt(column(data.series, idx), u.posToVal(top, 'y')), ...place(u, data, idx) };
}

function select(u: uPlot, { data, onZoom }: Latest): void {
  const { left, width } = u.select;
  if (width < 4) return;
  const [from, to] = [u.posToVal(left, 'x') * 1000, u.posToVal(left + width, 'x') * 1000];
  const range = zoomIn(from, to, data.stepMs, data.startMs, Date.now());
  u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
  onZoom(range);
}

/** 1, 2, 5, 10, … : counts are whole. */
function increments(): number[] {
  return Array.from({ length: 13 }, (_, power) => [1, 2, 5].map((n) => n * 10 ** power)).flat();
}
