// The few figures one looks at first, each a link to what it counts.
import type { ReactNode } from 'react';
import type { Route, View } from '../lib/url';
import classes from './Headlines.module.css';
import { Link } from './Link';

export interface Headline {
  name: string;
  /** Undefined while it is not known. */
  value: string | undefined;
  /** What the value means or is part of, below it. */
  note: ReactNode;
  tone: 'plain' | 'bad' | 'warn' | 'new' | 'quiet';
  to: { route?: Route; view?: Partial<View> };
}

export function Headlines({ headlines }: { headlines: Headline[] }) {
  return (
    <ul className={classes.list} aria-label="At one glance">
      {headlines.map(({ name, value, note, tone, to }) => (
        <li key={name}>
          <Link to={to} className={classes.one} data-tone={value === undefined ? 'quiet' : tone}>
            <span className={classes.name}>{name}</span>
            <span className={classes.value}>{value ?? '–'}</span>
            <span className={classes.note}>{note}</span>
          </Link>
        </li>
      ))}
    </ul>
  );
}
