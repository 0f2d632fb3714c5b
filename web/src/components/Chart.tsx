// Counts over time as stacked columns. Drag to zoom, double click to zoom out, arrow keys to walk from bucket to bucket.
import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { Marker } from '../lib/activity';
import { counted, span } from '../lib/format';
import type { Scheme } from '../lib/palette';
import { useZone } from '../lib/preference';
import type { ChartData } from '../lib/series';
import { column, peak, pieceAt } from '../lib/stacking';
import { countLabel, timeLabels } from '../lib/ticks';
import { type Range, zoomIn } from '../lib/time';
import type { Zone } from '../lib/zone';
import classes from './Chart.module.css';
import { ChartTooltip } from './ChartTooltip';
import { type Picture, paint } from './paint';

interface Props {
  data: ChartData;
  colours: string[];
  scheme: Scheme;
  height: number;
  highlighted: number | undefined;
  label: string;
  /** Moments that are marked. */
  markers?: Marker[];
  /** What is counted, one of it. */
  noun?: string;
  onZoom: (range: Range) => void;
  onZoomOut: () => void;
}

interface Hover {
  bucket: number;
  series: number | undefined;
  left: number;
  width: number;
}

/** With fewer errors than this in the tallest column the axis still goes so far. */
const peakMin = 4;
const axisColour: Record<Scheme, string> = { light: '#566371', dark: '#9aa8b5' };
const gridColour: Record<Scheme, string> = { light: '#e9eef2', dark: '#242f3a' };
const font = '11px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';

interface Latest extends Omit<Props, 'height' | 'label' | 'noun' | 'markers'> {
  markers: Marker[];
  zone: Zone;
}

const none: Marker[] = [];

export function Chart({ height, label, noun = 'error', markers = none, ...rest }: Props) {
  const zone = useZone();
  const given = { ...rest, markers };
  const { data, colours, scheme, highlighted } = given;
  const host = useRef<HTMLElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef<Latest>({ ...given, zone });
  latest.current = { ...given, zone };
  const [hover, setHover] = useState<Hover | null>(null);
  const [byKey, setByKey] = useState(false);

  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const made = new uPlot(
      options(element.clientWidth, height, latest, setHover),
      values(latest.current.data),
      element,
    );
    plot.current = made;
    const watch = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    watch.observe(element);
    return () => {
      watch.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [height]);

  useEffect(() => {
    plot.current?.setData(values(data));
  }, [data]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the picture is painted again when what it is painted with changes
  useEffect(() => {
    plot.current?.redraw(false, true);
  }, [colours, scheme, highlighted, markers, zone]);

  const onKeyDown = (event: KeyboardEvent) => {
    const direction = event.key === 'ArrowLeft' ? -1 : event.key === 'ArrowRight' ? 1 : 0;
    if (event.key === 'Escape') setHover(null);
    if (direction === 0 || !plot.current) return;
    event.preventDefault();
    setByKey(true);
    const from = hover?.bucket ?? (direction < 0 ? data.times.length : -1);
    const bucket = Math.min(data.times.length - 1, Math.max(0, from + direction));
    setHover({ bucket, series: undefined, ...place(plot.current, data, bucket) });
  };

  const shown = hover !== null && hover.bucket < data.times.length ? hover : null;
  return (
    <div className={classes.chart} style={{ height }}>
      <figure
        ref={host}
        aria-roledescription="chart"
        aria-label={label}
        tabIndex={0}
        className={classes.host}
        onKeyDown={onKeyDown}
        onBlur={() => setHover(null)}
        onPointerMove={() => setByKey(false)}
      />
      {shown && <ChartTooltip data={data} colours={colours} noun={noun} markers={markers} {...shown} />}
      <p className="visually-hidden" aria-live="polite">
        {shown && byKey ? spoken(data, shown.bucket, noun, zone) : ''}
      </p>
    </div>
  );
}

function spoken(data: ChartData, bucket: number, noun: string, zone: Zone): string {
  const start = data.startMs + bucket * data.stepMs;
  return `${span(start, start + data.stepMs, zone, data.endMs)}: ${counted(data.totals[bucket] ?? 0, noun)}`;
}

/** x is the middle of each bucket, so that the nearest point is the bucket one points at. */
function values(data: ChartData): uPlot.AlignedData {
  return [
    data.times.map((ms) => (ms + data.stepMs / 2) / 1000),
    data.times.map((_, bucket) => data.totals[bucket] ?? 0),
  ];
}

/** Where a bucket lies, in CSS pixels of the chart. */
function place(u: uPlot, data: ChartData, bucket: number): { left: number; width: number } {
  const from = (data.startMs + bucket * data.stepMs) / 1000;
  const left = u.valToPos(from, 'x');
  return { left: left + u.over.offsetLeft, width: u.valToPos(from + data.stepMs / 1000, 'x') - left };
}

function options(
  width: number,
  height: number,
  latest: { current: Latest },
  onHover: (hover: Hover | null) => void,
): uPlot.Options {
  const axis = { stroke: () => axisColour[latest.current.scheme], font, ticks: { show: false } };
  const grid = { stroke: () => gridColour[latest.current.scheme], width: 1 };
  return {
    width,
    height,
    padding: [10, 20, 0, 0],
    legend: { show: false },
    tzDate: (seconds) =>
      latest.current.zone === 'utc' ? uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC') : new Date(seconds * 1000),
    scales: {
      x: { time: true, range: () => [latest.current.data.startMs / 1000, latest.current.data.endMs / 1000] },
      y: { range: () => [0, peak(latest.current.data.series, latest.current.data.times.length, peakMin) * 1.06] },
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
          latest.current.onZoomOut();
          return null;
        },
      },
    },
    hooks: {
      draw: [(u) => paint(u, latest.current satisfies Picture)],
      setCursor: [(u) => onHover(hoverOf(u, latest.current.data))],
      setSelect: [(u) => select(u, latest.current)],
    },
  };
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
