// By the values of a label: how many errors there are and were, and how long it took to resolve them.
import { count, exact, step } from '../lib/format';
import { term } from '../lib/term';
import type { View } from '../lib/url';
import { Foreign } from './Foreign';
import { Link } from './Link';
import classes from './ReportTable.module.css';

export interface ReportRow {
  /** Empty for errors without the label. */
  value: string;
  errors: number;
  count: number;
  estimated: number;
  open: number;
  muted: number;
  new: number;
  regressed: number;
  resolved: number;
  time_to_resolve_median_seconds?: number | null;
  time_to_resolve_mean_seconds?: number | null;
}

interface Props {
  label: string;
  rows: ReportRow[];
  total: ReportRow;
}

const columns: [name: string, title: string][] = [
  ['Count', 'How often they happened in the range'],
  ['Errors', 'Different errors that happened in the range'],
  ['New', 'First seen in the range'],
  ['Regressed', 'How often one that was resolved happened again in the range'],
  ['Resolved', 'How often one was resolved in the range'],
  ['Time to resolve', 'How long those resolved in the range had been open: the median'],
  ['Open now', 'Open now, whenever they happened'],
  ['Muted now', 'Muted now'],
];

export function ReportTable({ label, rows, total }: Props) {
  return (
    <section className={classes.scroll} tabIndex={0} aria-label="The report">
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col">{label}</th>
            {columns.map(([name, title]) => (
              <th key={name} scope="col" title={title}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row key={row.value} label={label} row={row} />
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">All</th>
            <Figures row={total} />
          </tr>
        </tfoot>
      </table>
    </section>
  );
}

function Row({ label, row }: { label: string; row: ReportRow }) {
  const key = `label.${label}`;
  const own = row.value === '' ? `-has:${key}` : term(key, row.value);
  const to = (view: Partial<View>) => ({ route: { page: 'errors' } as const, view });
  return (
    <tr>
      <th scope="row">
        <Link to={to({ q: own, all: false })}>
          {row.value === '' ? <i>without {label}</i> : <Foreign text={row.value} />}
        </Link>
      </th>
      <Figures
        row={row}
        open={to({ q: `is:open ${own}`, all: true })}
        muted={to({ q: `is:muted ${own}`, all: true })}
      />
    </tr>
  );
}

type To = Parameters<typeof Link>[0]['to'];

function Figures({ row, open, muted }: { row: ReportRow; open?: To; muted?: To }) {
  const { time_to_resolve_median_seconds: median, time_to_resolve_mean_seconds: mean } = row;
  const estimated = row.estimated > 0 ? `, ${exact(row.estimated)} of them placed by estimate` : '';
  return (
    <>
      <td title={`${exact(row.count)}${estimated}`}>{count(row.count)}</td>
      <td>{exact(row.errors)}</td>
      <td data-kind={row.new > 0 ? 'new' : undefined}>{exact(row.new)}</td>
      <td data-kind={row.regressed > 0 ? 'regressed' : undefined}>{exact(row.regressed)}</td>
      <td>{exact(row.resolved)}</td>
      <td title={typeof mean === 'number' ? `${step(mean)} on average` : undefined}>
        {typeof median === 'number' ? step(median) : <span className="dim">none</span>}
      </td>
      <td>{open ? <Link to={open}>{exact(row.open)}</Link> : exact(row.open)}</td>
      <td>{muted ? <Link to={muted}>{exact(row.muted)}</Link> : exact(row.muted)}</td>
    </>
  );
}
