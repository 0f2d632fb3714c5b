// The errors, one to a row, as many as there are: only those on screen are in the document. Each row is a link; keys go from link to link,
// and Tab past them all.
import { useMediaQuery } from '@mantine/hooks';
import {
  type FocusEvent,
  type KeyboardEvent,
  memo,
  type PointerEvent,
  type ReactNode,
  type RefObject,
  useRef,
} from 'react';
import { count, exact } from '../lib/format';
import { errorName, shorten, visible } from '../lib/text';
import { type Sort, sorts } from '../lib/url';
import { Chip } from './Chip';
import classes from './ErrorList.module.css';
import { Flags, Severity } from './Flag';
import { Foreign } from './Foreign';
import { Icon } from './Icon';
import { Link } from './Link';
import { Sparkline } from './Sparkline';
import { Time } from './Time';
import type { Windowed } from './windowed';

export interface ErrorRow {
  id: number;
  service: string;
  aggregation_key: string;
  class: string;
  message: string;
  severity: string;
  state: string;
  new: boolean;
  regressed: boolean;
  escalating: boolean;
  first_seen: string;
  last_seen: string;
  count: number;
  estimated: number;
  total_count: number;
  labels: Record<string, string>;
  assignee?: string | null;
  sparkline?: { counts: number[] } | null;
}

const sortNames: Record<Sort, string> = {
  last_seen: 'Last seen',
  first_seen: 'First seen',
  count: 'Count',
  trend: 'Trend',
};

interface SortProps {
  sort: Sort;
  onSort: (sort: Sort) => void;
  /** Where one is in the list: over the column that has no order. */
  children: ReactNode;
}

export function SortHeader({ sort, onSort, children }: SortProps) {
  return (
    <fieldset className={classes.sorts}>
      <legend className="visually-hidden">Sort by</legend>
      <div className={classes.place}>{children}</div>
      {[sorts[3], sorts[2], sorts[1], sorts[0]].map((one) => (
        <button
          key={one}
          type="button"
          className={classes.sort}
          data-column={one}
          aria-pressed={one === sort}
          onClick={() => onSort(one)}
        >
          {one !== 'trend' && <Arrow />}
          {sortNames[one]}
          {one === 'trend' && <Arrow />}
        </button>
      ))}
    </fieldset>
  );
}

/** On the inner side of the word, so that the columns' edges stay where they are. */
function Arrow() {
  return (
    <span aria-hidden="true" className={classes.arrow}>
      ↓
    </span>
  );
}

/** Chooses the whole list, or nothing of it. */
export function WholeCheck({ checked, some, onChange }: { checked: boolean; some: boolean; onChange: () => void }) {
  return (
    <label className={classes.check}>
      <input
        type="checkbox"
        aria-label="Select all"
        checked={checked}
        ref={(own) => {
          if (own) own.indeterminate = some && !checked;
        }}
        onChange={onChange}
      />
    </label>
  );
}

/** How rows look at this width, as the styles have it. All are as tall as each other, so that the scroll bar can tell where one is. */
export interface RowShape {
  /** Pixels. */
  height: number;
  /** Labels that a row has room for. */
  labelsMax: number;
}

const shapes = {
  phone: { height: 134, labelsMax: 1 },
  small: { height: 96, labelsMax: 2 },
  wide: { height: 78, labelsMax: 4 },
};

export function useRowShape(): RowShape {
  const phone = useMediaQuery('(max-width: 620px)', false, { getInitialValueInEffect: false });
  const small = useMediaQuery('(max-width: 900px)', false, { getInitialValueInEffect: false });
  return phone ? shapes.phone : small ? shapes.small : shapes.wide;
}

/** What stays on top while the rows scroll below it, pixels. */
export const headHeight = 46;

interface Props {
  windowed: Windowed<number>;
  total: number;
  shape: RowShape;
  rowOf: (id: number) => ErrorRow | undefined;
  listRef: RefObject<HTMLOListElement | null>;
  onHold: (held: boolean) => void;
  onKey: (event: KeyboardEvent) => void;
  isSelected: (id: number) => boolean;
  /** `reach`: everything from the one before up to this one. */
  onSelect: (id: number, reach: boolean) => void;
}

export function ErrorList({ windowed, total, shape, rowOf, listRef, onHold, onKey, isSelected, onSelect }: Props) {
  // A finger that has left the screen points at nothing.
  const point = (event: PointerEvent) => event.pointerType === 'mouse' && onHold(true);
  const focus = (event: FocusEvent) => event.target.matches(':focus-visible') && onHold(true);
  return (
    <ol
      ref={listRef}
      className={classes.list}
      style={{ height: windowed.height }}
      aria-label="Errors, one row each: the arrow keys lead from one to the next"
      onPointerEnter={point}
      onPointerLeave={() => onHold(false)}
      onFocus={focus}
      onBlur={() => onHold(false)}
      onKeyDown={onKey}
    >
      {windowed.slots.map(({ id, index, top, tabIndex }) => {
        const row = rowOf(id);
        return (
          <li
            key={id}
            className={classes.slot}
            style={{ height: shape.height, transform: `translateY(${top}px)` }}
            tabIndex={row ? -1 : tabIndex}
            data-id={id}
            data-number=""
            data-index={index}
            aria-posinset={index + 1}
            aria-setsize={total}
            aria-busy={row === undefined || undefined}
          >
            {row ? (
              <Row
                row={row}
                labelsMax={shape.labelsMax}
                tabIndex={tabIndex}
                selected={isSelected(id)}
                onSelect={onSelect}
              />
            ) : (
              <Waiting />
            )}
          </li>
        );
      })}
    </ol>
  );
}

/** The place of a row that is not loaded yet. */
function Waiting() {
  return (
    <div className={classes.row}>
      <span className="visually-hidden">Loading</span>
      <span />
      <span className={classes.waiting}>
        <span />
        <span />
      </span>
    </div>
  );
}

interface RowProps extends Pick<Props, 'onSelect'> {
  row: ErrorRow;
  labelsMax: number;
  tabIndex: number;
  selected: boolean;
}

const Row = memo(function Row({ row, labelsMax, tabIndex, selected, onSelect }: RowProps) {
  const labels = Object.entries(row.labels);
  const reach = useRef(false);
  return (
    <div className={classes.row} data-severity={row.severity} data-selected={selected || undefined}>
      <label className={classes.check}>
        <input
          type="checkbox"
          tabIndex={-1}
          aria-label={`Select ${visible(errorName(row))}`}
          checked={selected}
          onClick={(event) => {
            reach.current = event.shiftKey;
          }}
          onChange={() => onSelect(row.id, reach.current)}
        />
      </label>
      <div className={classes.what}>
        <div className={classes.title}>
          <Link
            className={classes.link}
            data-error-link=""
            tabIndex={tabIndex}
            to={{ route: { page: 'error', service: row.service, key: row.aggregation_key } }}
          >
            <Foreign text={errorName(row)} title />
          </Link>
          <Flags {...row} isNew={row.new} />
        </div>
        {row.message !== '' && (
          <p className={classes.message} title={visible(shorten(row.message, titleMax))}>
            <Foreign text={shorten(row.message, titleMax)} />
          </p>
        )}
        <div className={classes.meta}>
          <Foreign text={row.service} />
          <Severity name={row.severity} />
          {row.assignee && (
            <span className={classes.assignee} title="Assigned to">
              <Icon name="person" size={13} />
              <span className="visually-hidden">assigned to </span>
              <Foreign text={row.assignee} />
            </span>
          )}
          {labels.slice(0, labelsMax).map(([name, value]) => (
            <Chip key={name} name={name} value={value} />
          ))}
          {labels.length > labelsMax && (
            <span title={others(labels.slice(labelsMax))}>+{labels.length - labelsMax}</span>
          )}
        </div>
      </div>
      <div className={classes.spark}>
        {row.sparkline && <Sparkline counts={row.sparkline.counts} width={150} height={30} />}
      </div>
      <div className={classes.count} title={countTitle(row)}>
        <span className={classes.inline}>Count </span>
        {row.estimated > 0 && <span className="dim">~</span>}
        {count(row.count)}
      </div>
      <div className={classes.first}>
        <span className={classes.inline}>First </span>
        <Time at={row.first_seen} />
      </div>
      <div className={classes.last}>
        <span className={classes.inline}>Last </span>
        <Time at={row.last_seen} />
      </div>
    </div>
  );
});

/** Characters of a message that pointing at it shows. */
const titleMax = 600;

function others(labels: [name: string, value: string][]): string {
  return labels.map(([name, value]) => `${visible(name)}: ${visible(value)}`).join('\n');
}

function countTitle(row: ErrorRow): string {
  const estimated = row.estimated > 0 ? `, ${exact(row.estimated)} of them placed by estimate` : '';
  return `${exact(row.count)} in the range${estimated}; ${exact(row.total_count)} ever`;
}
