// How a count is spread over the values of a label.
import { count, exact, percent } from '../lib/format';
import { dimensionName } from '../lib/series';
import { Foreign } from './Foreign';
import classes from './Shares.module.css';

interface Props {
  label: string;
  values: { value: string; count: number }[];
  other: number;
  total: number;
}

export function Shares({ label, values, other, total }: Props) {
  return (
    <div className={classes.dimension}>
      <h3 className={classes.label} title={label}>
        <Foreign text={dimensionName(label)} />
      </h3>
      <ul className={classes.values}>
        {values.map((one) => (
          <Share key={one.value} name={one.value === '' ? '(none)' : one.value} part={one.count} total={total} />
        ))}
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
