// The targets by service: which are up, and what is wrong with the others. However many there are, only those on screen are in the document.
import type { FocusEvent, KeyboardEvent, PointerEvent, ReactNode, RefObject } from 'react';
import { Fragment } from 'react';
import { bytes, exact, seconds } from '../lib/format';
import { plainError, type Row, type Watched } from '../lib/target';
import { term } from '../lib/term';
import { shorten, visible } from '../lib/text';
import { Foreign } from './Foreign';
import { Icon } from './Icon';
import classes from './TargetTable.module.css';
import { Time } from './Time';
import type { Windowed } from './windowed';

export interface TargetRow extends Watched {
  last_scrape?: string | null;
  last_scrape_duration_seconds: number;
  last_scrape_body_bytes: number;
  scrape_interval: string;
}

/** What stays on top while the rows scroll below it, and how tall a row is that is not open, pixels: a failure that comes moves nothing. */
export const headHeight = 30;
export const rowHeight = 54;

/** Characters of a label, and of a failure: whole it stands in the opened row. */
const labelMax = 120;
const errorMax = 400;

/** Labels that say what the other columns say already. */
const quiet = new Set(['job', 'service']);

interface Props {
  windowed: Windowed<string>;
  rows: Row<TargetRow>[];
  tableRef: RefObject<HTMLTableElement | null>;
  /** The row that is open, and what is shown of it. */
  open: string;
  children: ReactNode;
  onToggle: (row: Row<TargetRow>) => void;
  onHold: (held: boolean) => void;
  onKey: (event: KeyboardEvent) => void;
}

export function TargetTable({ windowed, rows, tableRef, open, children, onToggle, onHold, onKey }: Props) {
  const point = (event: PointerEvent) => event.pointerType === 'mouse' && onHold(true);
  const focus = (event: FocusEvent) => event.target.matches(':focus-visible') && onHold(true);
  let end = 0;
  return (
    <table
      ref={tableRef}
      className={classes.table}
      aria-rowcount={rows.length + 1}
      onPointerEnter={point}
      onPointerLeave={() => onHold(false)}
      onFocus={focus}
      onBlur={() => onHold(false)}
      onKeyDown={onKey}
    >
      <caption className="visually-hidden">Targets by service: the arrow keys lead from one to the next</caption>
      <thead>
        <tr aria-rowindex={1}>
          <th scope="col" className={classes.endpoint}>
            Endpoint
          </th>
          <th scope="col" className={classes.health}>
            Health
          </th>
          <th scope="col" className={classes.why}>
            Last error
          </th>
          <th scope="col" className={classes.figure}>
            Last scrape
          </th>
          <th scope="col" className={classes.figure}>
            Took
          </th>
          <th scope="col" className={classes.figure}>
            Size
          </th>
        </tr>
      </thead>
      {windowed.slots.map(({ id, index, top, bottom, tabIndex }) => {
        const row = rows[index];
        const gap = top - end;
        end = bottom;
        if (!row) return null;
        const own = { tabIndex, place: index + 2, onToggle: () => onToggle(row) };
        return (
          <Fragment key={id}>
            <Gap height={gap} />
            <tbody
              ref={windowed.measure}
              data-index={index}
              data-id={id}
              data-kind={row.kind}
              tabIndex={-1}
              data-open={id === open || undefined}
            >
              {row.kind === 'service' ? (
                <Service row={row} {...own} />
              ) : (
                <One target={row.target} open={id === open} {...own} />
              )}
              {id === open && (
                <tr className={classes.opened}>
                  <td colSpan={6}>{children}</td>
                </tr>
              )}
            </tbody>
          </Fragment>
        );
      })}
      <Gap height={windowed.height - end} />
    </table>
  );
}

/** In the place of the rows that are not drawn. */
function Gap({ height }: { height: number }) {
  return height > 0.5 ? (
    <tbody aria-hidden="true" className={classes.gap}>
      <tr>
        <td colSpan={6} style={{ height }} />
      </tr>
    </tbody>
  ) : null;
}

interface Own {
  tabIndex: number;
  place: number;
  onToggle: () => void;
}

function Service({ row, tabIndex, place, onToggle }: Own & { row: Extract<Row<TargetRow>, { kind: 'service' }> }) {
  return (
    <tr aria-rowindex={place} className={classes.service}>
      <th scope="rowgroup" colSpan={6}>
        <button
          type="button"
          className={classes.toggle}
          data-error-link=""
          tabIndex={tabIndex}
          aria-expanded={!row.folded}
          onClick={onToggle}
        >
          <Caret />
          <Foreign text={row.name} />
        </button>
        {row.dropped ? (
          <span className={classes.up}>{exact(row.total)} dropped</span>
        ) : (
          <span className={classes.up} data-bad={row.up < row.total || undefined}>
            {exact(row.up)} of {exact(row.total)} up
          </span>
        )}
      </th>
    </tr>
  );
}

function Caret() {
  return (
    <span className={classes.caret} aria-hidden="true">
      <Icon name="down" size={11} />
    </span>
  );
}

function One({ target, open, tabIndex, place, onToggle }: Own & { target: TargetRow; open: boolean }) {
  const dropped = target.state === 'dropped';
  const labels = Object.entries(dropped ? target.discovered_labels : target.labels);
  const scraped = Boolean(target.last_scrape);
  const error = visible(shorten(plainError(target.last_error ?? '', target.scrape_url), errorMax));
  return (
    <tr aria-rowindex={place} className={classes.target} data-wrong={error !== '' || undefined}>
      <td className={classes.endpoint}>
        <button
          type="button"
          className={classes.toggle}
          data-error-link=""
          tabIndex={tabIndex}
          aria-expanded={open}
          onClick={onToggle}
        >
          <Caret />
          <bdi>
            {visible(dropped ? (target.discovered_labels.__address__ ?? 'without an address') : target.scrape_url)}
          </bdi>
        </button>
        <div className={classes.labels}>
          {labels
            .filter(([name]) => !quiet.has(name) && name !== '__address__')
            .map(([name, value]) => (
              <Foreign key={name} text={shorten(term(name, value), labelMax)} className={classes.label} />
            ))}
        </div>
      </td>
      <td className={classes.health}>
        <span className={classes.state} data-health={dropped ? 'dropped' : target.health}>
          {dropped ? 'dropped' : target.health}
        </span>
      </td>
      <td className={classes.why}>
        {error !== '' && (
          <p className={classes.error} title={error}>
            {error}
          </p>
        )}
      </td>
      <td className={classes.figure} title={dropped ? undefined : `every ${target.scrape_interval}`}>
        {!dropped && <Time at={target.last_scrape} />}
      </td>
      <td className={classes.figure}>{scraped ? seconds(target.last_scrape_duration_seconds) : ''}</td>
      <td className={classes.figure}>{scraped ? bytes(target.last_scrape_body_bytes) : ''}</td>
    </tr>
  );
}
