// The start page: how the fleet is, over time and service by service, and what to do when there is nothing to see.
import { useEffect } from 'react';
import { useServer, useStanding } from '../api/overview';
import { useServices } from '../api/queries';
import { type Headline, Headlines } from '../components/Headlines';
import { Indexed } from '../components/Indexed';
import { Failed, Outdated } from '../components/Notice';
import { Panel } from '../components/Panel';
import { rangeName } from '../components/RangePicker';
import { type ServiceRow, ServiceRows } from '../components/ServiceRows';
import { Skeleton } from '../components/Skeleton';
import { count, exact, rate } from '../lib/format';
import { usePlace } from '../lib/location';
import { byNeed, hollow } from '../lib/overview';
import { useZone } from '../lib/preference';
import { useAsk } from './ask';
import { FirstRun } from './FirstRun';
import { useHeldRows } from './list';
import classes from './OverviewPage.module.css';
import { TimelinePanel } from './TimelinePanel';

export function OverviewPage() {
  const { view } = usePlace();
  const zone = useZone();
  const fleet = useFleet();
  const server = useServer(0);
  const held = useHeldRows(fleet.rows && byNeed(fleet.rows), fleet.services.isPlaceholderData, (row) => row.name);
  const { data, error, isPlaceholderData, refetch } = fleet.services;
  const empty = data && hollow(data.services);
  useEffect(() => {
    document.title = 'Overview · Hydrophone';
  }, []);
  const indexed = server.data && { complete: server.data.search.complete, ratio: server.data.search.indexed_ratio };
  return (
    <>
      <h1 className="visually-hidden">Overview</h1>
      {data && empty?.why && <FirstRun why={empty.why} ever={empty.ever} services={data.services.length} />}
      {indexed && !indexed.complete && (
        <div className={classes.indexed}>
          <Indexed indexed={indexed} />
        </div>
      )}
      {(!empty?.why || empty.ever) && (
        <>
          <Headlines headlines={headlines(fleet)} />
          <div className={classes.timeline}>
            <TimelinePanel title="All services over time" />
          </div>
          <Panel title="Services" stale={isPlaceholderData}>
            {error && data && <Outdated error={error} onRetry={() => void refetch()} />}
            {error && !data && <Failed what="The services" error={error} onRetry={() => void refetch()} />}
            {!error && !fleet.rows && (
              <Skeleton height={24} times={12} gap={20} label="Loading the services" className={classes.loading} />
            )}
            {fleet.rows && (
              <ServiceRows services={held.rows} rangeName={rangeName(view.range, zone)} onHold={held.setHeld} />
            )}
          </Panel>
        </>
      )}
    </>
  );
}

/** The services with what in them wants to be looked at. */
function useFleet() {
  const ask = useAsk();
  const services = useServices(ask);
  const standings = [useStanding('new', ask), useStanding('regressed', ask), useStanding('escalating', ask)];
  const [fresh, regressed, escalating] = standings.map(({ data }) => data);
  // The order comes from all of them: one by one the rows would jump.
  const known = standings.every(({ isPending }) => !isPending) ? services.data : undefined;
  const rows = known?.services.map(
    ({ name, targets, ...one }): ServiceRow => ({
      name,
      up: targets.up,
      targets: targets.total,
      count: one.count,
      rate: one.rate_per_second,
      sparkline: one.sparkline.counts,
      fresh: fresh?.byService.get(name) ?? 0,
      regressed: regressed?.byService.get(name) ?? 0,
      escalating: escalating?.byService.get(name) ?? 0,
    }),
  );
  return { services, rows, fresh, regressed, escalating };
}

function headlines({ rows, fresh, regressed, escalating }: ReturnType<typeof useFleet>): Headline[] {
  const sum = (part: (row: ServiceRow) => number) => rows?.reduce((total, row) => total + part(row), 0) ?? 0;
  const perSecond = sum((row) => row.rate);
  const [up, targets] = [sum((row) => row.up), sum((row) => row.targets)];
  const errors = { page: 'errors' } as const;
  return [
    {
      name: 'Now',
      value: rows && rate(perSecond),
      note: rows && `${count(sum((row) => row.count))} in the range`,
      tone: perSecond > 0 ? 'plain' : 'quiet',
      to: { route: errors, view: { q: '', range: { from: 'now-5m', to: 'now' } } },
    },
    {
      name: 'New',
      value: fresh && exact(fresh.total),
      note: within(fresh?.byService.size),
      tone: fresh && fresh.total > 0 ? 'new' : 'quiet',
      to: { route: errors, view: { q: 'is:new', sort: 'first_seen' } },
    },
    {
      name: 'Regressed',
      value: regressed && exact(regressed.total),
      note: within(regressed?.byService.size),
      tone: regressed && regressed.total > 0 ? 'bad' : 'quiet',
      to: { route: errors, view: { q: 'is:regressed' } },
    },
    {
      name: 'Escalating',
      value: escalating && exact(escalating.total),
      note: within(escalating?.byService.size),
      tone: escalating && escalating.total > 0 ? 'bad' : 'quiet',
      to: { route: errors, view: { q: 'is:escalating', sort: 'trend' } },
    },
    {
      name: 'Targets up',
      value: rows && `${exact(up)} of ${exact(targets)}`,
      note: rows && (up < targets ? `${exact(targets - up)} not up` : 'all of them'),
      tone: up === targets ? 'plain' : up < targets / 2 ? 'bad' : 'warn',
      to: { route: { page: 'targets' }, view: up < targets && up > 0 ? { health: 'down' } : {} },
    },
  ];
}

function within(services: number | undefined): string {
  if (services === undefined) return '';
  return services === 0 ? 'in no service' : `in ${exact(services)} ${services === 1 ? 'service' : 'services'}`;
}
