// The HTTP request in which an exception was thrown.
import { visible } from '../lib/text';
import { Foreign } from './Foreign';
import classes from './Request.module.css';

interface Props {
  method: string;
  url: string;
  headers?: Record<string, string> | null;
  body?: string | null;
}

export function Request({ method, url, headers, body }: Props) {
  const entries = Object.entries(headers ?? {}).sort(([a], [b]) => a.localeCompare(b, 'en'));
  return (
    <div>
      <p className={classes.line}>
        <b>
          <Foreign text={method || 'GET'} />
        </b>{' '}
        <Foreign text={url} />
      </p>
      {entries.length > 0 && <Pairs entries={entries} />}
      {body && (
        <section className={classes.body} tabIndex={0} aria-label="Request body">
          {visible(body, true)}
        </section>
      )}
    </div>
  );
}

/** Names and values that came from outside. */
export function Pairs({ entries }: { entries: [string, string][] }) {
  return (
    <dl className={classes.pairs}>
      {entries.map(([name, value]) => (
        <div key={name} className={classes.pair}>
          <dt>
            <Foreign text={name} />
          </dt>
          <dd>
            <Foreign text={value} />
          </dd>
        </div>
      ))}
    </dl>
  );
}
