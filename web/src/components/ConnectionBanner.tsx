// What is said over every page while the server is away, and for a moment when it is back; and while it has no room to store anything.
import { exactTime, step } from '../lib/format';
import { useNow } from '../lib/now';
import { useZone } from '../lib/preference';
import type { Outage } from '../lib/server';
import classes from './ConnectionBanner.module.css';
import { Link } from './Link';

type State =
  | { state: 'up' }
  | { state: 'lost' | 'starting' | 'stopping'; sinceMs: number }
  | { state: 'back'; awayMs: number };

const words = {
  lost: ['The server can not be reached', 'it is asked again every few seconds'],
  starting: ['The server is starting', 'it opens its data, which takes a moment after a crash or with much history'],
  stopping: ['The server is stopping', 'when it is started again, this page goes on'],
} as const;

interface Props {
  connection: State;
  outage?: Outage | null | undefined;
}

export function ConnectionBanner({ connection, outage }: Props) {
  const zone = useZone();
  const now = useNow();
  const away = connection.state !== 'up' && connection.state !== 'back';
  return (
    <div
      role="status"
      aria-live="assertive"
      className={classes.place}
      data-connection={connection.state === 'up' ? undefined : connection.state}
    >
      {connection.state === 'back' && (
        <p className={classes.banner} data-state="back">
          The server is back after {step(Math.max(1, connection.awayMs / 1000))}: everything is asked anew.
        </p>
      )}
      {connection.state === 'up' && outage && (
        <p className={classes.banner} data-state="full">
          <span className={classes.dot} aria-hidden="true" />
          <span>
            <strong>The disk is full</strong>
            {now - Date.parse(outage.since) > 10_000 && ` for ${step((now - Date.parse(outage.since)) / 1000)}`}:{' '}
            {outage.paused
              ? 'nothing is scraped until there is room; what is counted meanwhile comes with the next scrape.'
              : 'what is scraped waits in memory, and is not on this page yet.'}{' '}
            <Link to={{ route: { page: 'status' } }}>Status</Link> says more.
          </span>
        </p>
      )}
      {away && (
        <p className={classes.banner} data-state={connection.state}>
          <span className={classes.dot} aria-hidden="true" />
          <span>
            <strong>{words[connection.state][0]}</strong>
            {now - connection.sinceMs > 10_000 && ` for ${step((now - connection.sinceMs) / 1000)}`}:{' '}
            {words[connection.state][1]}. What you see is of{' '}
            <time dateTime={new Date(connection.sinceMs).toISOString()}>
              {exactTime(connection.sinceMs, zone).slice(11, 19)}
            </time>{' '}
            or older.
          </span>
        </p>
      )}
    </div>
  );
}
