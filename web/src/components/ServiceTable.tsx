// The services: what each throws now and in the range, what is new, whether all of it is watched.
import { count, exact, rate } from '../lib/format';
import { visible } from '../lib/text';
import classes from './ServiceTable.module.css';
import { Sparkline } from './Sparkline';

export interface ServiceRow {
  name: string;
  targets: { up: number; total: number };
  aggregates: { open: number; new: number; regressed: number };
  count: number;
  rate_per_second: number;
  sparkline: { counts: number[] };
}

interface Props {
  services: ServiceRow[];
  isActive: (service: string) => boolean;
  onToggle: (service: string) => void;
}

export function ServiceTable({ services, isActive, onToggle }: Props) {
  return (
    <table className={classes.table}>
      <thead>
        <tr>
          <th scope="col">Service</th>
          <th scope="col" className={classes.spark}>
            <span className="visually-hidden">Trend</span>
          </th>
          <th scope="col" className={classes.figure}>
            In range
          </th>
          <th scope="col" className={classes.figure} title="Over the last five minutes">
            Now
          </th>
          <th scope="col" className={classes.figure}>
            Open
          </th>
          <th scope="col" className={classes.figure}>
            Targets
          </th>
        </tr>
      </thead>
      <tbody>
        {services.map((service) => (
          <Row key={service.name} service={service} active={isActive(service.name)} onToggle={onToggle} />
        ))}
      </tbody>
    </table>
  );
}

function Row({
  service,
  active,
  onToggle,
}: {
  service: ServiceRow;
  active: boolean;
  onToggle: (service: string) => void;
}) {
  const { name, targets, aggregates } = service;
  const down = targets.total - targets.up;
  return (
    <tr data-active={active || undefined}>
      <th scope="row" className={classes.name}>
        <button type="button" aria-pressed={active} className={classes.pick} onClick={() => onToggle(name)}>
          <bdi title={visible(name)}>{visible(name)}</bdi>
        </button>
      </th>
      <td className={classes.spark}>
        <Sparkline counts={service.sparkline.counts} width={96} height={22} />
      </td>
      <td className={classes.figure} title={exact(service.count)}>
        {count(service.count)}
      </td>
      <td className={classes.figure} data-quiet={service.rate_per_second === 0 || undefined}>
        {rate(service.rate_per_second)}
      </td>
      <td className={classes.figure}>
        {aggregates.new > 0 && (
          <span className={classes.new} title={`${exact(aggregates.new)} new: first seen within the last day`}>
            <span aria-hidden="true">+</span>
            {count(aggregates.new)}
            <span className="visually-hidden"> new</span>
          </span>
        )}
        {aggregates.regressed > 0 && (
          <span
            className={classes.regressed}
            title={`${exact(aggregates.regressed)} regressed: resolved, and happening again`}
          >
            <span aria-hidden="true">↩</span>
            {count(aggregates.regressed)}
            <span className="visually-hidden"> regressed</span>
          </span>
        )}
        <span title={`${exact(aggregates.open)} open`}>{count(aggregates.open)}</span>
      </td>
      <td className={classes.figure} data-bad={down > 0 || undefined} title={down > 0 ? `${down} not up` : 'all up'}>
        {targets.up}/{targets.total}
      </td>
    </tr>
  );
}
