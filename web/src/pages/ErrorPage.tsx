// One error: when it happened, where, and what it looked like. Periskop's deep link `#/{service}/errors/{key}` leads here.
import { useEffect } from 'react';
import { useAggregate, useDistribution, useFoundAggregate } from '../api/queries';
import type { Aggregate } from '../api/shapes';
import { Flags, Severity } from '../components/Flag';
import { Foreign } from '../components/Foreign';
import { Icon } from '../components/Icon';
import { Link } from '../components/Link';
import { Empty, Failed, Outdated } from '../components/Notice';
import { Panel } from '../components/Panel';
import { Shares } from '../components/Shares';
import { Skeleton } from '../components/Skeleton';
import { Time } from '../components/Time';
import { exact } from '../lib/format';
import { useShortcuts } from '../lib/key';
import { go } from '../lib/location';
import { term } from '../lib/term';
import { shorten, visible } from '../lib/text';
import { useAsk } from './ask';
import classes from './ErrorPage.module.css';
import { SamplePanel } from './SamplePanel';
import { TimelinePanel } from './TimelinePanel';

export function ErrorPage({ service, aggregationKey }: { service: string; aggregationKey: string }) {
  const found = useFoundAggregate(
    service,
    aggregationKey,
    `${term('service', service)} ${term('key', aggregationKey)}`,
  );
  const id = found.data?.id;
  const detail = useAggregate({ ...useAsk(), id });
  const error = detail.data ?? found.data ?? undefined;
  useShortcuts({ u: () => go({ route: { page: 'errors' } }) });
  useEffect(() => {
    document.title = `${error ? shorten(visible(error.class), 60) : 'Error'} · Hydrophone`;
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
        <>
          <Head error={error} inRange={detail.data} />
          {detail.error && <Outdated error={detail.error} onRetry={() => void detail.refetch()} />}
          <TimelinePanel only={`aggregate:${error.id}`} />
          <div className={classes.columns}>
            <SamplePanel id={error.id} oldest={detail.data?.first_occurrence ?? null} />
            <Where id={error.id} />
          </div>
        </>
      )}
    </>
  );
}

function Head({ error, inRange }: { error: Aggregate; inRange: Aggregate | undefined }) {
  return (
    <header className={classes.head} data-severity={error.severity}>
      <div className={classes.title}>
        <h1>
          <Foreign text={error.class || error.aggregation_key} />
        </h1>
        <Flags state={error.state} isNew={error.new} regressed={error.regressed} />
      </div>
      {error.message !== '' && (
        <p className={classes.message}>
          <Foreign text={error.message} />
        </p>
      )}
      <dl className={classes.facts}>
        <Fact name="Service">
          <Link to={{ route: { page: 'errors' }, view: { q: term('service', error.service) } }}>
            <Foreign text={error.service} />
          </Link>
        </Fact>
        <Fact name="Severity">
          <Severity name={error.severity} />
        </Fact>
        <Fact name="State">{error.state}</Fact>
        <Fact name="In range">{inRange ? exact(inRange.count) : '…'}</Fact>
        <Fact name="Ever">{exact(error.total_count)}</Fact>
        <Fact name="First seen">
          <Time at={error.first_seen} />
        </Fact>
        <Fact name="Last seen">
          <Time at={error.last_seen} />
        </Fact>
        <Fact name="Key">
          <Foreign text={error.aggregation_key} className="mono" />
        </Fact>
        {Object.entries(error.labels).map(([name, value]) => (
          <Fact key={name} name={visible(name)}>
            <Foreign text={value} />
          </Fact>
        ))}
      </dl>
    </header>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div className={classes.fact}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
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
        <Foreign text={aggregationKey} className="mono" />. It may have been removed, or never been scraped.
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
