// The chart's series with their totals. Pointing at one brings it forward, a click filters by it.
import { gaps } from '../lib/coverage';
import { count, exact, percent } from '../lib/format';
import type { ChartData } from '../lib/series';
import { Foreign } from './Foreign';
import classes from './Legend.module.css';

interface Props {
  data: ChartData;
  colours: string[];
  /** Whether the query already says this. */
  isActive: (term: { key: string; value: string }) => boolean;
  onToggle: (term: { key: string; value: string }) => void;
  /** Off where filtering makes no sense. */
  clickable: boolean;
  onPoint: (series: number | undefined) => void;
  /** What the line over the columns is. */
  compared?: { name: string; total: number; difference: string } | undefined;
}

export function Legend({ data, colours, isActive, onToggle, clickable, onPoint, compared }: Props) {
  const long = data.series.some((one) => one.name.length > 28);
  const estimated = data.estimatedTotal > 0;
  const unwatched = gaps(data.coverage).length > 0;
  // Of a single series that is all there is, the title has said how many.
  const alone = data.series.length === 1 && data.series[0]?.term === undefined;
  return (
    <div className={classes.legend} data-roomy={clickable || undefined} data-alone={alone || undefined}>
      <ul className={classes.series} data-long={long || undefined} aria-label="Series">
        {data.series.map((one, index) => {
          const { term } = one;
          const inside = (
            <>
              <span className={classes.swatch} style={{ background: colours[index] }} />
              <Foreign text={one.name} title className={classes.name} />
              <span className={classes.total} title={exact(one.total)}>
                {count(one.total)}
              </span>
            </>
          );
          return (
            <li key={one.key} onPointerEnter={() => onPoint(index)} onPointerLeave={() => onPoint(undefined)}>
              {term && clickable ? (
                <button
                  type="button"
                  className={classes.item}
                  aria-pressed={isActive(term)}
                  onClick={() => onToggle(term)}
                  onFocus={() => onPoint(index)}
                  onBlur={() => onPoint(undefined)}
                >
                  {inside}
                </button>
              ) : (
                <span className={classes.item}>{inside}</span>
              )}
            </li>
          );
        })}
      </ul>
      {(estimated || unwatched || compared) && (
        <ul className={classes.keys} aria-label="How to read the chart">
          {compared && (
            <li title={`The same time ${compared.name}: ${exact(compared.total)} up to now`}>
              <span className={classes.outline} /> {compared.name}: {count(compared.total)}, now {compared.difference}
            </li>
          )}
          {estimated && (
            <li title="These errors are counted exactly. Only when they happened, within a time nobody was watching, is an estimate.">
              <span className={classes.striped} /> placed by estimate ({percent(data.estimatedTotal / data.total)})
            </li>
          )}
          {unwatched && (
            <li title="The hatched part of the height is the part of the targets, or of the time, that was not scraped.">
              <span className={classes.hatched} /> not watched
            </li>
          )}
        </ul>
      )}
    </div>
  );
}
