// One error: when it happened, where, and what it looked like. Periskop's deep link `#/{service}/errors/{key}` leads here.
import { useEffect, useMemo, useState } from 'react';
import { useAggregate, useDistribution, useFoundAggregate } from '../api/queries';
import type { Aggregate, AggregateDetail } from '../api/shapes';
import { useErrorActivity } from '../api/triage';
import { Foreign } from '../components/Foreign';
import { Icon } from '../components/Icon';
import { Link } from '../components/Link';
import { Empty, Failed, Outdated } from '../components/Notice';
import { Panel } from '../components/Panel';
import { Shares } from '../components/Shares';
import { Skeleton } from '../components/Skeleton';
import { markers } from '../lib/activity';
import { useShortcuts } from '../lib/key';
import { go } from '../lib/location';
import { useZone } from '../lib/preference';
import { term, termOrStart } from '../lib/term';
import { errorName, shorten, visible } from '../lib/text';
import { ActivityPanel } from './ActivityPanel';
import { useAsk } from './ask';
import { ErrorHead } from './ErrorHead';
import classes from './ErrorPage.module.css';
import { ErrorTimeline } from './ErrorTimeline';
import { SamplePanel } from './SamplePanel';

export function ErrorPage({ service, aggregationKey }: { service: string; aggregationKey: string }) {
  const found = useFoundAggregate(
    service,
    aggregationKey,
    `${term('service', service)} ${termOrStart('key', aggregationKey)}`,
  );
  const id = found.data?.id;
  const detail = useAggregate({ ...useAsk(), id });
  const error = detail.data ?? found.data ?? undefined;
  useShortcuts({ u: () => go({ route: { page: 'errors' } }) });
  useEffect(() => {
    document.title = `${error ? visible(errorName(error, 60)) : 'Error'} · Hydrophone`;
  }, [error]);

  return (
    <>
      <Link to={{ route: { page: 'errors' } }} className={classes.back}>
        <Icon name="left" size={14} /> All errors
      </Link>
      {found.error && !found.data && <NotLoaded error={found.error} onRetry={() => void found.refetch()} />}
      {found.data === null && <NoSuchError service={service} aggregationKey={aggregationKey} />}
      {found.isPending && <Skeleton height={220} times={3} gap={14} label="Loading the error" />}
      {error && (
        <Triaged error={error} detail={detail.data} failed={detail.error} onRetry={() => void detail.refetch()} />
      )}
    </>
  );
}

interface TriagedProps {
  error: Aggregate;
  detail: AggregateDetail | undefined;
  failed: Error | null;
  onRetry: () => void;
}

/** Entries of activity that are there at once, and how many more each time. */
const activityStep = 50;
const activityMax = 1000;

function Triaged({ error, detail, failed, onRetry }: TriagedProps) {
  const [limit, setLimit] = useState(activityStep);
  const activity = useErrorActivity(error.id, limit, useAsk().refreshMs);
  const zone = useZone();
  const entries = activity.data?.activities;
  const marked = useMemo(() => {
    const seen = { ms: Date.parse(error.first_seen), kind: 'seen' as const, text: 'first seen' };
    return [seen, ...markers(entries ?? [], error.id, zone, Date.now())];
  }, [entries, error.id, error.first_seen, zone]);
  return (
    <>
      <ErrorHead error={error} detail={detail} activity={entries ?? []} />
      {failed && <Outdated error={failed} onRetry={onRetry} />}
      <ErrorTimeline error={error} happened={marked} />
      <div className={classes.columns}>
        <SamplePanel id={error.id} oldest={detail?.first_occurrence ?? null} />
        <div className={classes.side}>
          <Where id={error.id} />
          <ActivityPanel
            activity={activity}
            onMore={() => setLimit(Math.min(activityMax, limit === activityStep ? 200 : activityMax))}
          />
        </div>
      </div>
    </>
  );
}

function Where({ id }: { id: number }) {
  const { data, error, isPlaceholderData, refetch } = useDistribution({ ...useAsk(), id });
  return (
    <Panel title="Where it happens" note="in the range" stale={isPlaceholderData}>
      {error && !data && <Failed what="The distribution" error={error} onRetry={() => void refetch()} />}
      {!error && !data && (
        <Skeleton height={26} times={5} gap={6} label="Loading the distribution" className={classes.loading} />
      )}
      {data && data.total === 0 && <Empty title="Not in this range" />}
      {data && data.total > 0 && data.dimensions.length === 0 && <Empty title="Its targets have no labels" />}
      {data && data.total > 0 && data.dimensions.map((one) => <Shares key={one.label} {...one} total={data.total} />)}
    </Panel>
  );
}

function NoSuchError({ service, aggregationKey }: { service: string; aggregationKey: string }) {
  return (
    <Panel title="There is no such error">
      <Empty title="It is not known here">
        The service <Foreign text={service} className="mono" /> has no error with the key{' '}
        <Foreign text={shorten(aggregationKey, 300)} className="mono" />. It may have been removed, or never been
        scraped.
      </Empty>
    </Panel>
  );
}

function NotLoaded({ error, onRetry }: { error: Error; onRetry: () => void }) {
  return (
    <Panel title="Error">
      <Failed what="The error" error={error} onRetry={onRetry} />
    </Panel>
  );
}
