// The errors to which samples belong that were found. One is chosen like a value of a facet, and its page is one step away.
import { counted, exact } from '../lib/format';
import { errorName, shorten, visible } from '../lib/text';
import facet from './Facets.module.css';
import { Foreign } from './Foreign';
import { Icon } from './Icon';
import { Link } from './Link';
import classes from './MatchedErrors.module.css';

export interface MatchedError {
  id: number;
  service: string;
  aggregation_key: string;
  class: string;
  message: string;
  count: number;
}

interface Props {
  errors: MatchedError[];
  isActive: (id: string) => boolean;
  onToggle: (id: string) => void;
}

export function MatchedErrors({ errors, isActive, onToggle }: Props) {
  const most = Math.max(1, ...errors.map((one) => one.count));
  return (
    <ul className={classes.list}>
      {errors.map((one) => {
        const name = errorName(one);
        return (
          <li key={one.id} className={classes.item}>
            <button
              type="button"
              className={classes.choose}
              aria-pressed={isActive(String(one.id))}
              title={`${visible(name)}\n${visible(shorten(one.message, 300))}\n${counted(one.count, 'sample')} of ${visible(one.service)}`}
              onClick={() => onToggle(String(one.id))}
            >
              <span className={facet.bar} style={{ width: `${(100 * one.count) / most}%` }} />
              <span className={classes.name}>
                <Foreign text={name} />
              </span>
              <span className={facet.count}>
                {exact(one.count)} {isActive(String(one.id)) && <Icon name="close" size={12} />}
              </span>
              <Foreign text={shorten(one.message || one.service, 600)} className={classes.message} />
            </button>
            <Link
              className={classes.open}
              aria-label={`Open the error ${visible(name)}`}
              title="Open the error"
              to={{ route: { page: 'error', service: one.service, key: one.aggregation_key } }}
            >
              <Icon name="right" size={14} />
            </Link>
          </li>
        );
      })}
    </ul>
  );
}
