// What is known of one target: when it answered, how it is scraped, what discovery said of it.
import { SegmentedControl } from '@mantine/core';
import { useState } from 'react';
import type { Target } from '../api/shapes';
import { useTargetHistory } from '../api/target';
import { HealthStrip } from '../components/HealthStrip';
import { Failed } from '../components/Notice';
import { Pairs } from '../components/Request';
import { Skeleton } from '../components/Skeleton';
import { usePlace } from '../lib/location';
import { healthOf } from '../lib/target';
import classes from './TargetsPage.module.css';

const spans = [
  { value: 'now-6h', label: '6 h' },
  { value: 'now-24h', label: '24 h' },
  { value: 'now-7d', label: '7 d' },
  { value: 'now-30d', label: '30 d' },
];

export function OpenedTarget({ target }: { target: Target }) {
  const scraped = target.state !== 'dropped';
  const discovered = Object.entries(target.discovered_labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return (
    <div className={classes.opened}>
      {scraped && typeof target.id === 'number' && <History id={target.id} url={target.scrape_url} />}
      {scraped && typeof target.id !== 'number' && <p className={classes.remark}>It was not scraped yet.</p>}
      {!scraped && (
        <p className={classes.remark}>
          Discovery found it, and the relabelling of <code>{target.service}</code> left it out. What it looked at:
        </p>
      )}
      {scraped && (
        <p className={classes.remark}>
          Scraped every {target.scrape_interval}, given up after {target.scrape_timeout}.
        </p>
      )}
      {scraped && (
        <>
          <h2 className={classes.subtitle}>Labels</h2>
          <Pairs entries={Object.entries(target.labels)} />
        </>
      )}
      <h2 className={classes.subtitle}>As discovered</h2>
      <Pairs entries={discovered} />
    </div>
  );
}

function History({ id, url }: { id: number; url: string }) {
  const { view } = usePlace();
  const [since, setSince] = useState('now-24h');
  const { data, error, refetch } = useTargetHistory(id, since, view.refresh * 1000);
  const [startMs, endMs] = data ? [Date.parse(data.start), Date.parse(data.end)] : [0, 0];
  return (
    <section aria-label="Health over time">
      <div className={classes.historyHead}>
        <h2 className={classes.subtitle}>Health over time</h2>
        <SegmentedControl size="xs" aria-label="How far back" value={since} onChange={setSince} data={spans} />
      </div>
      {error && !data && <Failed what="The history" error={error} onRetry={() => void refetch()} />}
      {!error && !data && <Skeleton height={62} label="Loading the history" />}
      {data && <HealthStrip health={healthOf(data.spans, startMs, endMs)} startMs={startMs} endMs={endMs} url={url} />}
    </section>
  );
}
