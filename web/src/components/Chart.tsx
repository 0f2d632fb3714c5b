// Counts over time as stacked columns. Drag to zoom, double click to zoom out, click a piece to filter by it; by keyboard ← → walk
// from bucket to bucket, ↑ ↓ from piece to piece, Shift widens, Enter filters or zooms.
import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { counted, span } from '../lib/format';
import { type Marker, markersWithin } from '../lib/marker';
import type { Scheme } from '../lib/palette';
import { useZone } from '../lib/preference';
import type { ChartData } from '../lib/series';
import { type Range, zoomIn } from '../lib/time';
import type { Zone } from '../lib/zone';
import classes from './Chart.module.css';
import { ChartTooltip } from './ChartTooltip';
import { Markers } from './Markers';
import { type Frame, type Hover, type Latest, options, place, values } from './plot';

/** Another time's counts in the same buckets. */
export interface Compared {
  name: string;
  totals: number[];
}

interface Props {
  data: ChartData;
  colours: string[];
  scheme: Scheme;
  height: number;
  highlighted: number | undefined;
  label: string;
  /** What is counted, one of it. */
  noun?: string;
  compared?: Compared | undefined;
  markers?: Marker[] | undefined;
  onZoom: (range: Range) => void;
  onZoomOut: () => void;
  /** Somebody wants only this series; absent where that makes no sense. */
  onPick?: ((series: number) => void) | undefined;
}

interface Pointed extends Hover {
  /** By the keyboard: where what Enter zooms to begins. */
  anchor?: number;
  byKey?: boolean;
}

const noMarkers: Marker[] = [];

export function Chart({ height, label, noun = 'error', markers = noMarkers, compared, onPick, ...given }: Props) {
  const zone = useZone();
  const { data, colours, scheme, highlighted } = given;
  const host = useRef<HTMLElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [hover, setHover] = useState<Pointed | null>(null);
  const [frame, setFrame] = useState<Frame>({ left: 0, width: 0 });
  const totals = compared?.totals;
  const picks = (series: number | undefined) => onPick && series !== undefined && data.series[series]?.term && series;
  const pick = (series: number | undefined) => {
    const picked = picks(series);
    if (typeof picked === 'number') onPick?.(picked);
    return typeof picked === 'number';
  };
  const now: Latest = {
    ...given,
    zone,
    compared: totals,
    onHover: setHover,
    onFrame: (next) => setFrame((one) => (one.left === next.left && one.width === next.width ? one : next)),
    onClick: ({ series }) => pick(series),
  };
  const latest = useRef(now);
  latest.current = now;

  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const made = new uPlot(options(element.clientWidth, height, latest), values(latest.current.data), element);
    plot.current = made;
    const watch = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    watch.observe(element);
    return () => {
      watch.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [height]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the scale depends on what is compared
  useEffect(() => {
    plot.current?.setData(values(data));
  }, [data, totals]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the picture is painted again when what it is painted with changes
  useEffect(() => {
    plot.current?.redraw(false, true);
  }, [colours, scheme, highlighted, zone]);

  const shown = hover !== null && hover.bucket < data.times.length ? hover : null;
  const onKeyDown = (event: KeyboardEvent) => {
    const next = walk(event, shown, data);
    if (next === undefined || !plot.current) return;
    event.preventDefault();
    if (next === 'leave') setHover(null);
    else if (next !== 'enter') setHover({ ...next, ...place(plot.current, data, next.bucket), byKey: true });
    else if (shown && !pick(shown.series)) given.onZoom(chosen(shown, data));
  };

  return (
    <div className={classes.chart} style={{ height }}>
      <figure
        ref={host}
        aria-roledescription="chart"
        aria-label={label}
        tabIndex={0}
        className={classes.host}
        data-pickable={typeof picks(shown?.series) === 'number' || undefined}
        onKeyDown={onKeyDown}
        onBlur={() => setHover(null)}
      />
      <Markers markers={markers} data={data} frame={frame} />
      {shown && (
        <ChartTooltip
          data={data}
          colours={colours}
          noun={noun}
          compared={compared}
          markers={markers}
          canPick={typeof picks(shown.series) === 'number'}
          {...shown}
        />
      )}
      <p className="visually-hidden" aria-live="polite">
        {shown?.byKey ? spoken(data, shown, noun, zone, compared, markers) : ''}
      </p>
    </div>
  );
}

type Walked = Pick<Pointed, 'bucket' | 'series' | 'anchor'> | 'leave' | 'enter' | undefined;

/** Where a key leads; undefined when the chart does not know it. */
function walk(event: KeyboardEvent, from: Pointed | null, data: ChartData): Walked {
  const last = data.times.length - 1;
  if (event.key === 'Escape') return from ? 'leave' : undefined;
  if (event.key === 'Enter') return from ? 'enter' : undefined;
  const sideways = { ArrowLeft: -1, ArrowRight: 1, Home: -data.times.length, End: data.times.length }[event.key];
  if (sideways !== undefined) {
    const at = from?.bucket ?? (sideways < 0 ? last + 1 : -1);
    const bucket = Math.min(last, Math.max(0, at + sideways));
    const anchor = event.shiftKey ? (from?.anchor ?? from?.bucket) : undefined;
    return { bucket, series: undefined, ...(anchor === undefined ? {} : { anchor }) };
  }
  const upwards = { ArrowUp: 1, ArrowDown: -1 }[event.key];
  if (upwards === undefined || !from) return undefined;
  const there = data.series.flatMap((one, index) => ((one.counts[from.bucket] ?? 0) > 0 ? [index] : []));
  const at = from.series === undefined ? -1 : there.indexOf(from.series);
  const next = at < 0 ? (upwards > 0 ? 0 : there.length - 1) : at + upwards;
  return { bucket: from.bucket, series: there[Math.min(there.length - 1, Math.max(0, next))] };
}

/** The range of the buckets that are chosen by keyboard. */
function chosen({ bucket, anchor = bucket }: Pointed, data: ChartData): Range {
  const from = data.startMs + Math.min(bucket, anchor) * data.stepMs;
  const to = data.startMs + (Math.max(bucket, anchor) + 1) * data.stepMs;
  return zoomIn(from, to, data.stepMs, data.startMs, Date.now());
}

function spoken(
  data: ChartData,
  { bucket, series, anchor }: Pointed,
  noun: string,
  zone: Zone,
  compared: Compared | undefined,
  markers: Marker[],
): string {
  const start = data.startMs + bucket * data.stepMs;
  const one = series === undefined ? undefined : data.series[series];
  if (one) return `${one.name}: ${counted(one.counts[bucket] ?? 0, noun)}`;
  const before = compared ? `, ${compared.name} ${counted(compared.totals[bucket] ?? 0, noun)}` : '';
  const events = markersWithin(markers, start, start + data.stepMs).map(({ text }) => `, ${text}`);
  const wide = anchor === undefined ? '' : `${Math.abs(anchor - bucket) + 1} columns chosen. `;
  return `${wide}${span(start, start + data.stepMs, zone, data.endMs)}: ${counted(data.totals[bucket] ?? 0, noun)}${before}${events.join('')}`;
}
