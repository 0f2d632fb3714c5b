// How a count is spread over the values of a label.
import { useState } from 'react';
import { count, exact, percent } from '../lib/format';
import { dimensionName } from '../lib/series';
import { Foreign } from './Foreign';
import classes from './Shares.module.css';

/** So many values stand there at first. */
const shownMax = 8;

interface Props {
  label: string;
  values: { value: string; count: number }[];
  other: number;
  total: number;
}

export function Shares({ label, values, other, total }: Props) {
  const [all, setAll] = useState(false);
  const shown = all || values.length <= shownMax + 1 ? values : values.slice(0, shownMax);
  return (
    <div className={classes.dimension}>
      <h3 className={classes.label} title={label}>
        <Foreign text={dimensionName(label)} />
      </h3>
      <ul className={classes.values}>
        {shown.map((one) => (
          <Share key={one.value} name={one.value === '' ? '(none)' : one.value} part={one.count} total={total} />
        ))}
        {shown.length < values.length && (
          <li>
            <button type="button" className={classes.more} onClick={() => setAll(true)}>
              {values.length - shown.length} more
            </button>
          </li>
        )}
        {other > 0 && <Share name="others" part={other} total={total} />}
      </ul>
    </div>
  );
}

function Share({ name, part, total }: { name: string; part: number; total: number }) {
  const share = total > 0 ? part / total : 0;
  return (
    <li className={classes.value}>
      <span className={classes.bar} style={{ width: `${share * 100}%` }} />
      <Foreign text={name} title className={classes.name} />
      <span className={classes.share} title={exact(part)}>
        {count(part)} <span className="dim">{percent(share)}</span>
      </span>
    </li>
  );
}
