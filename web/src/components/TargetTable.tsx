// The targets of one service: which are up, and what is wrong with the others.
import { bytes, seconds } from '../lib/format';
import { term } from '../lib/term';
import { visible } from '../lib/text';
import { Foreign } from './Foreign';
import classes from './TargetTable.module.css';
import { Time } from './Time';

export interface TargetRow {
  scrape_url: string;
  labels: Record<string, string>;
  health: string;
  last_error?: string | null;
  last_scrape?: string | null;
  last_scrape_duration_seconds: number;
  last_scrape_body_bytes: number;
  scrape_interval: string;
}

/** Labels that say what the other columns say already. */
const quiet = new Set(['job', 'service']);

export function TargetTable({ targets, caption }: { targets: TargetRow[]; caption: string }) {
  return (
    <table className={classes.table}>
      <caption className="visually-hidden">{caption}</caption>
      <thead>
        <tr>
          <th scope="col">Endpoint</th>
          <th scope="col" className={classes.health}>
            Health
          </th>
          <th scope="col">Labels</th>
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
      <tbody>
        {targets.map((target) => (
          <Row key={`${target.scrape_url} ${JSON.stringify(target.labels)}`} target={target} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ target }: { target: TargetRow }) {
  const labels = Object.entries(target.labels).filter(([name]) => !quiet.has(name));
  const scraped = Boolean(target.last_scrape);
  return (
    <tr>
      <td className={classes.endpoint}>
        <bdi>{visible(target.scrape_url)}</bdi>
        {target.last_error && <p className={classes.error}>{visible(target.last_error)}</p>}
      </td>
      <td className={classes.health}>
        <span className={classes.state} data-health={target.health}>
          {target.health}
        </span>
      </td>
      <td className={classes.labels}>
        {labels.map(([name, value]) => (
          <Foreign key={name} text={term(name, value)} className={classes.label} />
        ))}
      </td>
      <td className={classes.figure} title={`every ${target.scrape_interval}`}>
        <Time at={target.last_scrape} />
      </td>
      <td className={classes.figure}>{scraped ? seconds(target.last_scrape_duration_seconds) : ''}</td>
      <td className={classes.figure}>{scraped ? bytes(target.last_scrape_body_bytes) : ''}</td>
    </tr>
  );
}
