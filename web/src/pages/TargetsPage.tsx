// The targets by service: what is watched, and what is wrong where it is not.
import { NativeSelect } from '@mantine/core';
import { useEffect } from 'react';
import { useTargets } from '../api/queries';
import type { Target } from '../api/shapes';
import { Empty, Failed, Outdated } from '../components/Notice';
import { Panel } from '../components/Panel';
import { Skeleton } from '../components/Skeleton';
import { TargetTable } from '../components/TargetTable';
import { exact } from '../lib/format';
import { go, usePlace } from '../lib/location';
import { visible } from '../lib/text';
import classes from './TargetsPage.module.css';

const healths = ['down', 'up', 'unknown'];

export function TargetsPage() {
  const { view } = usePlace();
  const { data, error, refetch } = useTargets({ state: 'active', refreshMs: view.refresh * 1000 });
  useEffect(() => {
    document.title = 'Targets · Hydrophone';
  }, []);
  const all = data?.targets ?? [];
  const services = [...new Set(all.map((target) => target.service))].sort();
  const chosen = all.filter(
    (target) =>
      (view.health === '' || target.health === view.health) && (view.service === '' || target.service === view.service),
  );
  // Trouble first; among equals the order of the names, so that a refresh moves nothing that has not changed.
  const pools = services
    .map((name) => ({ name, targets: chosen.filter((target) => target.service === name) }))
    .toSorted((a, b) => Number(isUp(a.targets)) - Number(isUp(b.targets)));
  return (
    <>
      <div className={classes.head}>
        <h1 className={classes.title}>Targets</h1>
        <fieldset className={classes.healths}>
          <legend className="visually-hidden">Health</legend>
          <Choice name="all" value="" number={all.length} />
          {healths.map((health) => (
            <Choice
              key={health}
              name={health}
              value={health}
              number={all.filter((target) => target.health === health).length}
            />
          ))}
        </fieldset>
        <NativeSelect
          size="xs"
          aria-label="Service"
          value={view.service}
          data={[
            { value: '', label: 'all services' },
            ...services.map((name) => ({ value: name, label: visible(name) })),
          ]}
          onChange={(event) => go({ view: { service: event.currentTarget.value } })}
        />
        {data && data.dropped_total > 0 && (
          <span className="dim" title="Discovered, and left out by relabelling">
            {exact(data.dropped_total)} dropped
          </span>
        )}
      </div>
      {error && data && <Outdated error={error} onRetry={() => void refetch()} />}
      {error && !data && (
        <Panel title="Targets">
          <Failed what="The targets" error={error} onRetry={() => void refetch()} />
        </Panel>
      )}
      {!error && !data && <Skeleton height={190} times={3} gap={14} label="Loading the targets" />}
      {data && chosen.length === 0 && (
        <Panel title={all.length === 0 ? 'No targets' : 'None of these'}>
          {all.length === 0 ? (
            <Empty title="Nothing is scraped yet">
              Service discovery has found no target. What it looks for stands under <code>services:</code> in the
              configuration file.
            </Empty>
          ) : (
            <Empty title={`No target is ${view.health === '' ? 'here' : view.health}`} />
          )}
        </Panel>
      )}
      <div className={classes.pools}>
        {pools
          .filter(({ targets }) => targets.length > 0)
          .map(({ name, targets }) => (
            <Pool key={name} name={name} targets={targets} />
          ))}
      </div>
    </>
  );
}

function isUp(targets: Target[]): boolean {
  return targets.every((target) => target.health === 'up');
}

function Pool({ name, targets }: { name: string; targets: Target[] }) {
  const up = targets.filter((target) => target.health === 'up').length;
  const note = (
    <span data-bad={up < targets.length || undefined} className={classes.up}>
      {up} of {targets.length} up
    </span>
  );
  const trouble = (target: Target) => (target.health === 'down' ? 0 : target.health === 'unknown' ? 1 : 2);
  const ordered = targets.toSorted(
    (a, b) => trouble(a) - trouble(b) || a.scrape_url.localeCompare(b.scrape_url, 'en', { numeric: true }),
  );
  return (
    <Panel title={visible(name)} note={note}>
      <TargetTable targets={ordered} caption={`Targets of ${visible(name)}`} />
    </Panel>
  );
}

function Choice({ name, value, number }: { name: string; value: string; number: number }) {
  const { view } = usePlace();
  return (
    <button
      type="button"
      className={classes.choice}
      aria-pressed={view.health === value}
      onClick={() => go({ view: { health: value } })}
    >
      {name} <span className="number">{exact(number)}</span>
    </button>
  );
}
