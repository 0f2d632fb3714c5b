// Figures one below the other, each with a word on what it means.
import type { ReactNode } from 'react';
import classes from './Facts.module.css';

export interface FactRow {
  name: string;
  value: ReactNode;
  meaning: ReactNode;
  tone?: 'bad' | 'warn' | 'good' | undefined;
}

export function Facts({ facts }: { facts: FactRow[] }) {
  return (
    <dl className={classes.list}>
      {facts.map(({ name, value, meaning, tone }) => (
        <div key={name} className={classes.row} data-tone={tone}>
          <dt>{name}</dt>
          <dd className={classes.value}>{value}</dd>
          <dd className={classes.meaning}>{meaning}</dd>
        </div>
      ))}
    </dl>
  );
}

interface Part {
  name: string;
  size: number;
  colour: string;
}

/** Parts of a whole as one bar; the figures stand beside it. */
export function Bar({ parts, label }: { parts: Part[]; label: string }) {
  const whole = parts.reduce((sum, { size }) => sum + size, 0);
  return (
    <div className={classes.bar} role="img" aria-label={label}>
      {parts.map(({ name, size, colour }) => (
        <span key={name} style={{ flexGrow: whole > 0 ? size / whole : 0, background: colour }} title={name} />
      ))}
    </div>
  );
}
