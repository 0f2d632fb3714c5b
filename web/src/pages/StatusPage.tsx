// How this server is: what it is, what it keeps, what it had to drop, and what to do where something is the matter.
import { useEffect } from 'react';
import { useConfig, useServer } from '../api/overview';
import type { Status } from '../api/shapes';
import { Copy } from '../components/Copy';
import { Facts } from '../components/Facts';
import { Empty, Failed, Outdated } from '../components/Notice';
import { Panel } from '../components/Panel';
import { Skeleton } from '../components/Skeleton';
import { Time } from '../components/Time';
import { exact, percent, step } from '../lib/format';
import { usePlace } from '../lib/location';
import { useNow } from '../lib/now';
import { intervals, limitKinds, limitsHit, type Trouble, troubles } from '../lib/server';
import { visible } from '../lib/text';
import { Backups } from './Backups';
import { Overflows } from './Overflows';
import classes from './StatusPage.module.css';
import { Kept, Stored } from './Storage';

export function StatusPage() {
  const { view } = usePlace();
  const { data, error, refetch } = useServer(view.refresh * 1000);
  const config = useConfig();
  const now = useNow();
  useEffect(() => {
    document.title = 'Status · Hydrophone';
  }, []);
  return (
    <>
      <h1 className={classes.title}>Status</h1>
      {error && data && <Outdated error={error} onRetry={() => void refetch()} />}
      {error && !data && (
        <Panel title="Status">
          <Failed what="The status" error={error} onRetry={() => void refetch()} />
        </Panel>
      )}
      {!error && !data && <Skeleton height={260} times={3} gap={14} label="Loading the status" />}
      {data && (
        <>
          <Verdict troubles={troubles(data, now)} />
          <div className={classes.columns}>
            <Server status={data} yaml={config.data?.yaml} />
            <Stored status={data} />
            <Kept status={data} />
            <Index status={data} />
            <Backups status={data} />
          </div>
          <Overflows overflows={data.overflows} />
          <Limits status={data} />
        </>
      )}
      <Panel
        title="Configuration"
        note="as it runs, defaults included; secrets are hidden"
        controls={<Copy name="Copy" value={config.data?.yaml} />}
        className={classes.config}
      >
        {config.error && !config.data && (
          <Failed what="The configuration" error={config.error} onRetry={() => void config.refetch()} />
        )}
        {config.isPending && !config.error && (
          <Skeleton height={300} label="Loading the configuration" className={classes.loading} />
        )}
        {config.data && (
          // Scrolled by keyboard, too.
          <section className={classes.yaml} tabIndex={0} aria-label="Configuration as YAML">
            {visible(config.data.yaml, true)}
          </section>
        )}
      </Panel>
    </>
  );
}

function Verdict({ troubles: found }: { troubles: Trouble[] }) {
  if (found.length === 0) {
    return (
      <p className={classes.well} role="note">
        All is well: the configuration is the newest, nothing was dropped, everything can be searched.
      </p>
    );
  }
  return (
    <ul className={classes.troubles} aria-label="What is the matter">
      {found.map(({ what, advice, level }) => (
        <li key={what} data-level={level}>
          <strong>{visible(what)}</strong>
          <span>{visible(advice)}</span>
        </li>
      ))}
    </ul>
  );
}

function Server({ status, yaml }: { status: Status; yaml: string | undefined }) {
  const { usual, others } = intervals(yaml ?? '');
  const elsewhere = others.map(({ service, interval }) => `${visible(service)} ${interval}`).join(', ');
  return (
    <Panel title="This server">
      <Facts
        facts={[
          {
            name: 'Version',
            value: status.version,
            meaning:
              status.revision === 'unknown'
                ? 'the build does not say of which commit'
                : `built of commit ${visible(status.revision)}`,
          },
          {
            name: 'Running for',
            value: step(status.uptime_seconds),
            meaning: (
              <>
                started <Time at={status.start_time} />. Shorter than you think? The log of the one before says why it
                ended.
              </>
            ),
          },
          {
            name: 'Configuration',
            value: status.config_reload_success ? 'as loaded' : 'reload failed',
            tone: status.config_reload_success ? undefined : 'bad',
            meaning: (
              <>
                <span className="mono">{visible(status.config_file)}</span>, loaded{' '}
                <Time at={status.config_loaded_at} />.{' '}
                {status.config_reload_success
                  ? 'SIGHUP reloads it.'
                  : `The last reload failed, so this older one runs: ${visible(status.config_reload_error ?? 'the log says why')}`}
              </>
            ),
          },
          {
            name: 'Scrape interval',
            value: usual ?? '…',
            meaning: `how soon an error is here, and how finely its time is known${elsewhere === '' ? '' : `; other services: ${elsewhere}`}`,
          },
          {
            name: 'Data directory',
            value: <span className="mono">{visible(status.data_path)}</span>,
            meaning: 'everything is in it. A plain copy of it while the server runs is no backup',
          },
        ]}
      />
    </Panel>
  );
}

function Index({ status: { search } }: { status: Status }) {
  const done = Math.min(search.indexed_ratio, search.complete ? 1 : 0.99);
  return (
    <Panel title="Search index">
      <div className={classes.progress}>
        <progress value={done} aria-label="Searched so far" />
        <span className="number">{percent(done)}</span>
      </div>
      <Facts
        facts={[
          {
            name: 'State',
            value: search.complete ? 'complete' : 'being made',
            tone: search.complete ? 'good' : 'warn',
            meaning: search.complete
              ? 'every sample is found but those of the last second or two'
              : 'searches answer from what is indexed, newest first; it goes on by itself',
          },
          { name: 'Samples', value: exact(search.occurrences), meaning: 'that can be found' },
          {
            name: 'Days',
            value: exact(search.partitions),
            tone: search.partitions_rebuilding > 0 ? 'warn' : undefined,
            meaning:
              search.partitions_rebuilding > 0
                ? `${exact(search.partitions_rebuilding)} of them still incomplete`
                : 'each has an index of its own; a damaged one is made anew from the samples',
          },
        ]}
      />
    </Panel>
  );
}

function Limits({ status }: { status: Status }) {
  const hit = limitsHit(status.limits_hit);
  return (
    <Panel title="Limits hit" note={`since the start, ${step(status.uptime_seconds)} ago`} className={classes.limits}>
      {hit.length === 0 && <Empty title="Nothing was dropped">What every target sent was taken whole.</Empty>}
      {hit.length > 0 && (
        <Facts
          facts={hit.map(({ service, kind, count }) => ({
            name: visible(service),
            value: `${exact(count)} ${limitKinds[kind]?.what ?? visible(kind)}`,
            tone: kind === 'aggregates' ? 'bad' : 'warn',
            meaning: limitKinds[kind]?.why ?? '',
          }))}
        />
      )}
    </Panel>
  );
}
