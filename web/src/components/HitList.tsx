// What a search found, one sample to a row, newest first. A row opens its sample below it.
import type { FocusEvent, PointerEvent, ReactNode, Ref } from 'react';
import { term } from '../lib/term';
import { Severity } from './Flag';
import { Foreign } from './Foreign';
import classes from './HitList.module.css';
import { Link } from './Link';
import { Snippet, type SnippetParts } from './Snippet';
import { Time } from './Time';

export interface HitRow {
  id: string;
  service: string;
  time: string;
  severity: string;
  class: string;
  target: Record<string, string>;
  snippets: SnippetParts[];
}

interface Props {
  rows: HitRow[];
  /** The open one. */
  open: string;
  /** The one that Tab leads to. */
  stop: string | undefined;
  /** What is shown of it. */
  children: ReactNode;
  listRef: Ref<HTMLOListElement>;
  /** Somebody is at the list: its rows stay where they are. */
  onHold: (held: boolean) => void;
}

export function HitList({ rows, open, stop, children, listRef, onHold }: Props) {
  // A finger that has left the screen points at nothing.
  const point = (event: PointerEvent) => event.pointerType === 'mouse' && onHold(true);
  const focus = (event: FocusEvent) => event.target.matches(':focus-visible') && onHold(true);
  return (
    <ol
      ref={listRef}
      className={classes.list}
      aria-label="Samples, one row each: the arrow keys lead from one to the next"
      onPointerEnter={point}
      onPointerLeave={() => onHold(false)}
      onFocus={focus}
      onBlur={() => onHold(false)}
    >
      {rows.map((row) => (
        <li key={row.id} className={classes.item} data-id={row.id} data-open={row.id === open || undefined}>
          <Row row={row} open={row.id === open} tabIndex={row.id === stop ? 0 : -1} />
          {row.id === open && <div className={classes.opened}>{children}</div>}
        </li>
      ))}
    </ol>
  );
}

function Row({ row, open, tabIndex }: { row: HitRow; open: boolean; tabIndex: number }) {
  const [title, message, ...more] = row.snippets;
  return (
    <div className={classes.row} data-severity={row.severity}>
      <div className={classes.title}>
        <Link
          className={classes.link}
          data-error-link=""
          tabIndex={tabIndex}
          aria-expanded={open}
          to={{ view: { occurrence: open ? '' : row.id } }}
        >
          {title && row.class !== '' ? <Snippet snippet={title} /> : 'without a class'}
        </Link>
        <span className={classes.time}>
          <Time at={row.time} />
        </span>
      </div>
      {message && message.parts.length > 0 && (
        <p className={classes.message}>
          <Snippet snippet={message} />
        </p>
      )}
      {more.map((snippet, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: snippets are in order, and have no names
        <p key={index} className={classes.more}>
          <Snippet snippet={snippet} named />
        </p>
      ))}
      <div className={classes.meta}>
        <Foreign text={row.service} title />
        <Severity name={row.severity} />
        {Object.entries(row.target)
          .slice(0, 4)
          .map(([name, value]) => (
            <Foreign key={name} text={term(name, value)} title />
          ))}
      </div>
    </div>
  );
}
