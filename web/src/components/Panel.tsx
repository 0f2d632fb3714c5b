// A titled region of the page.
import { type ReactNode, useId } from 'react';
import classes from './Panel.module.css';

interface Props {
  title: string;
  /** What the title counts or means, beside it. */
  note?: ReactNode;
  controls?: ReactNode;
  children: ReactNode;
  /** The old answer is on screen and a new one was asked for. */
  stale?: boolean;
  className?: string | undefined;
}

export function Panel({ title, note, controls, children, stale = false, className }: Props) {
  const id = useId();
  return (
    <section className={`${classes.panel} ${className ?? ''}`} aria-labelledby={id} aria-busy={stale}>
      <header className={classes.header}>
        <h2 id={id} className={classes.title}>
          {title}
        </h2>
        {note !== undefined && <div className={classes.note}>{note}</div>}
        {controls !== undefined && <div className={classes.controls}>{controls}</div>}
      </header>
      <div className={classes.body} data-stale={stale || undefined}>
        {children}
      </div>
    </section>
  );
}
