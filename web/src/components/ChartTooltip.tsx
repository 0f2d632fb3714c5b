// What one bucket holds: its time, exact counts, and what is not certain about them.

import type { Marker } from '../lib/activity';
import { coverageWords } from '../lib/coverage';
import { clock, counted, exact, span, step } from '../lib/format';
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
  markers: Marker[];
  bucket: number;
  series: number | undefined;
  /** The bucket's place in the chart, CSS pixels. */
  left: number;
  width: number;
}

export function ChartTooltip({ data, colours, noun, markers, bucket, series, left, width }: Props) {
  const zone = useZone();
  const start = data.startMs + bucket * data.stepMs;
  const rows = data.series
    .map((one, index) => ({ one, index, count: one.counts[bucket] ?? 0 }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count);
  const total = data.totals[bucket] ?? 0;
  const estimated = rows.reduce((sum, { one }) => sum + (one.estimated[bucket] ?? 0), 0);
  const watched = coverageWords(data.coverage[bucket] ?? 1);
  const marked = markers.filter(({ ms }) => ms >= start && ms < start + data.stepMs);
  const beside = `calc(${left + width}px + 12px)`;
  const onLeft = bucket > data.times.length / 2;
  const position = onLeft ? { right: `calc(100% - ${left}px + 12px)` } : { left: beside };
  return (
    <>
      <div className={classes.band} style={{ left, width }} />
      <div className={classes.tooltip} style={position} data-testid="tooltip">
        <div className={classes.when}>{span(start, start + data.stepMs, zone, data.endMs)}</div>
        <div className={classes.total}>
          {counted(total, noun)} in {step(data.stepMs / 1000)}
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
        {marked.map((one) => (
          <div key={`${one.ms} ${one.kind}`} className={classes.marker} data-kind={one.kind}>
            {visible(one.text)}, {clock(one.ms, zone, true)}
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
      </div>
    </>
  );
}
