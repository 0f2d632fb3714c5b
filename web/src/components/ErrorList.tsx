// The errors, one to a row. Each row is a link; j and k go from link to link.
import { type FocusEvent, memo, type PointerEvent, type Ref, useRef } from 'react';
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

export function SortHeader({ sort, onSort }: { sort: Sort; onSort: (sort: Sort) => void }) {
  return (
    <fieldset className={classes.sorts}>
      <legend className="visually-hidden">Sort by</legend>
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

/** Chooses the whole page, or nothing of it. */
export function PageCheck({ checked, some, onChange }: { checked: boolean; some: boolean; onChange: () => void }) {
  return (
    <label className={classes.check}>
      <input
        type="checkbox"
        aria-label="Select all on this page"
        checked={checked}
        ref={(own) => {
          if (own) own.indeterminate = some && !checked;
        }}
        onChange={onChange}
      />
    </label>
  );
}

interface Props {
  rows: ErrorRow[];
  listRef: Ref<HTMLOListElement>;
  onHold: (held: boolean) => void;
  isSelected: (id: number) => boolean;
  /** `reach`: everything from the one before up to this one. */
  onSelect: (id: number, reach: boolean) => void;
}

export function ErrorList({ rows, listRef, onHold, isSelected, onSelect }: Props) {
  // A finger that has left the screen points at nothing.
  const point = (event: PointerEvent) => event.pointerType === 'mouse' && onHold(true);
  const focus = (event: FocusEvent) => event.target.matches(':focus-visible') && onHold(true);
  return (
    <ol
      ref={listRef}
      className={classes.list}
      onPointerEnter={point}
      onPointerLeave={() => onHold(false)}
      onFocus={focus}
      onBlur={() => onHold(false)}
    >
      {rows.map((row) => (
        <Row key={row.id} row={row} selected={isSelected(row.id)} onSelect={onSelect} />
      ))}
    </ol>
  );
}

interface RowProps extends Pick<Props, 'onSelect'> {
  row: ErrorRow;
  selected: boolean;
}

const Row = memo(function Row({ row, selected, onSelect }: RowProps) {
  const labels = Object.entries(row.labels);
  const reach = useRef(false);
  return (
    <li className={classes.row} data-severity={row.severity} data-id={row.id} data-selected={selected || undefined}>
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
            to={{ route: { page: 'error', service: row.service, key: row.aggregation_key } }}
          >
            <Foreign text={errorName(row)} title />
          </Link>
          <Flags {...row} isNew={row.new} />
        </div>
        {row.message !== '' && (
          <p className={classes.message}>
            <Foreign text={shorten(row.message, 600)} />
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
          {labels.length > labelsMax && <span>+{labels.length - labelsMax}</span>}
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
    </li>
  );
});

/** Labels that a row has room for. */
const labelsMax = 4;

function countTitle(row: ErrorRow): string {
  const estimated = row.estimated > 0 ? `, ${exact(row.estimated)} of them placed by estimate` : '';
  return `${exact(row.count)} in the range${estimated}; ${exact(row.total_count)} ever`;
}
