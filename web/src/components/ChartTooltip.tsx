// What one bucket holds: its time, exact counts, and what is not certain about them.

import { difference } from '../lib/compare';
import { coverageWords } from '../lib/coverage';
import { counted, exact, span, step } from '../lib/format';
import { type Marker, markersWithin } from '../lib/marker';
import { useZone } from '../lib/preference';
import type { ChartData } from '../lib/series';
import { visible } from '../lib/text';
import classes from './Chart.module.css';
import { Foreign } from './Foreign';

const rowsMax = 9;

interface Props {
  data: ChartData;
  colours: string[];
  noun: string;
  bucket: number;
  series: number | undefined;
  compared: { name: string; totals: number[] } | undefined;
  markers: Marker[];
  /** A click filters by the piece that is pointed at. */
  canPick: boolean;
  /** By the keyboard: the other end of what is chosen. */
  anchor?: number;
  byKey?: boolean;
  /** The bucket's place in the chart, CSS pixels. */
  left: number;
  width: number;
}

export function ChartTooltip(props: Props) {
  const { data, colours, noun, bucket, series, compared, markers, canPick, left, width } = props;
  const zone = useZone();
  const start = data.startMs + bucket * data.stepMs;
  const rows = data.series
    .map((one, index) => ({ one, index, count: one.counts[bucket] ?? 0 }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count);
  const total = data.totals[bucket] ?? 0;
  const estimated = rows.reduce((sum, { one }) => sum + (one.estimated[bucket] ?? 0), 0);
  const before = compared?.totals[bucket];
  const events = markersWithin(markers, start, start + data.stepMs);
  const watched = coverageWords(data.coverage[bucket] ?? 1);
  const beside = `calc(${left + width}px + 12px)`;
  const onLeft = bucket > data.times.length / 2;
  const position = onLeft ? { right: `calc(100% - ${left}px + 12px)` } : { left: beside };
  return (
    <>
      <div className={classes.band} style={band(props)} />
      <div className={classes.tooltip} style={position} data-testid="tooltip">
        <div className={classes.when}>{span(start, start + data.stepMs, zone, data.endMs)}</div>
        <div className={classes.total}>
          {counted(total, noun)} in {step(data.stepMs / 1000)}
          {compared && before !== undefined && (
            <div>
              {compared.name} {exact(before)} ({difference(total, before)})
            </div>
          )}
        </div>
        {(rows.length > 1 || data.series.length > 1) && (
          <ul className={classes.rows}>
            {rows.slice(0, rowsMax).map(({ one, index, count }) => (
              <li key={one.key} className={classes.row} data-pointed={index === series || undefined}>
                <span className={classes.swatch} style={{ background: colours[index] }} />
                <Foreign text={one.name} className={classes.name} />
                <span className="number">{exact(count)}</span>
              </li>
            ))}
            {rows.length > rowsMax && <li className="dim">and {rows.length - rowsMax} more</li>}
          </ul>
        )}
        {events.slice(0, 5).map(({ at, text }) => (
          <div key={`${at} ${text}`} className={classes.remark}>
            {visible(text)}
          </div>
        ))}
        {estimated > 0 && (
          <div className={classes.remark}>
            {estimated >= total ? 'All' : exact(estimated)} placed by estimate: counted exactly, but they happened at
            some moment while nobody was watching.
          </div>
        )}
        {watched !== undefined && (total === 0 || estimated < total) && (
          <div className={classes.remark}>{watched}.</div>
        )}
        {canPick && <div className={classes.hint}>{props.byKey ? 'Enter' : 'Click'} for only this</div>}
      </div>
    </>
  );
}

/** What is pointed at, or chosen by keyboard; at least so wide that it is seen. */
function band({ bucket, anchor = bucket, left, width }: Props): { left: number; width: number } {
  const from = Math.min(0, anchor - bucket);
  return { left: left + from * width, width: Math.max(2, (Math.abs(anchor - bucket) + 1) * width) };
}
