// The targets by service: what is watched, and what is wrong where it is not.
import { Button, NativeSelect, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useEffect, useMemo, useRef, useState } from 'react';
import { useTargets } from '../api/target';
import { Icon } from '../components/Icon';
import { Empty, Failed, Outdated } from '../components/Notice';
import { Panel } from '../components/Panel';
import { Skeleton } from '../components/Skeleton';
import { exact } from '../lib/format';
import { useShortcuts } from '../lib/key';
import { go, usePlace } from '../lib/location';
import { holds } from '../lib/target';
import { visible } from '../lib/text';
import { Pools } from './Pools';
import classes from './TargetsPage.module.css';

const healths = ['down', 'up', 'unknown'];

export function TargetsPage() {
  const { view } = usePlace();
  const refreshMs = view.refresh * 1000;
  const wantsDropped = view.health === 'dropped';
  const active = useTargets({ state: 'active', refreshMs });
  const dropped = useTargets({ state: 'dropped', refreshMs, enabled: wantsDropped });
  const { data, error, refetch } = wantsDropped ? dropped : active;
  const input = useRef<HTMLInputElement>(null);
  useShortcuts({ '/': () => input.current?.select() });
  useEffect(() => {
    document.title = 'Targets · Hydrophone';
  }, []);
  const all = useMemo(() => active.data?.targets ?? [], [active.data]);
  const listed = data?.targets;
  const services = useMemo(() => [...new Set((listed ?? all).map(({ service }) => service))].sort(), [listed, all]);
  const numbers = useMemo(
    () => new Map(healths.map((one) => [one, all.filter(({ health }) => health === one).length])),
    [all],
  );
  const chosen = useMemo(
    () =>
      (listed ?? []).filter(
        (target) =>
          (view.health === '' || wantsDropped || target.health === view.health) &&
          (view.service === '' || target.service === view.service) &&
          holds(target, view.find),
      ),
    [listed, view.health, view.service, view.find, wantsDropped],
  );
  const droppedTotal = active.data?.dropped_total ?? 0;
  const narrowed = view.health !== '' || view.service !== '' || view.find !== '';
  return (
    <>
      <div className={classes.head}>
        <h1 className={classes.title}>Targets</h1>
        <fieldset className={classes.healths}>
          <legend className="visually-hidden">Health</legend>
          <Choice name="all" value="" number={all.length} />
          {healths.map((health) => (
            <Choice key={health} name={health} value={health} number={numbers.get(health) ?? 0} />
          ))}
          {(droppedTotal > 0 || wantsDropped) && (
            <Choice
              name="dropped"
              value="dropped"
              number={droppedTotal}
              title="Discovered, and left out by relabelling"
            />
          )}
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
        <Find key={view.find === '' ? 'empty' : 'words'} inputRef={input} />
      </div>
      {error && data && <Outdated error={error} onRetry={() => void refetch()} />}
      {error && !data && (
        <Panel title="Targets">
          <Failed what="The targets" error={error} onRetry={() => void refetch()} />
        </Panel>
      )}
      {!error && !data && <Skeleton height={190} times={3} gap={14} label="Loading the targets" />}
      {data && chosen.length === 0 && <None any={(listed ?? []).length > 0} narrowed={narrowed} />}
      {chosen.length > 0 && (
        <Pools targets={chosen} question={JSON.stringify([view.health, view.service, view.find])} />
      )}
    </>
  );
}

function None({ any, narrowed }: { any: boolean; narrowed: boolean }) {
  const { view } = usePlace();
  if (!any && !narrowed) {
    return (
      <Panel title="No targets">
        <Empty title="Nothing is scraped yet">
          Service discovery has found no target. What it looks for stands under <code>services:</code> in the
          configuration file.
        </Empty>
      </Panel>
    );
  }
  return (
    <Panel title="None of these">
      <Empty
        title={
          view.find !== '' || view.service !== '' || view.health === ''
            ? 'No target is like that'
            : `No target is ${view.health}`
        }
        action={
          <Button size="xs" variant="default" onClick={() => go({ view: { health: '', service: '', find: '' } })}>
            Show all targets
          </Button>
        }
      />
    </Panel>
  );
}

/** How long nobody types before what was typed is looked for. */
const restMs = 200;

/** Words in URLs, labels and failures; all have to be there. */
function Find({ inputRef }: { inputRef: React.Ref<HTMLInputElement> }) {
  const { view } = usePlace();
  const [typed, setTyped] = useState(view.find);
  const find = useDebouncedCallback((words: string) => go({ view: { find: words.trim() }, replace: true }), restMs);
  return (
    <TextInput
      size="xs"
      ref={inputRef}
      className={classes.find}
      aria-label="Find targets"
      placeholder="zone:eu-1 refused"
      title="Words in the URL, the labels (name:value) or the last error (/)"
      autoComplete="off"
      spellCheck={false}
      leftSection={<Icon name="search" size={13} />}
      value={typed}
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        find(event.currentTarget.value);
      }}
    />
  );
}

function Choice({ name, value, number, title }: { name: string; value: string; number: number; title?: string }) {
  const { view } = usePlace();
  return (
    <button
      type="button"
      className={classes.choice}
      aria-pressed={view.health === value}
      title={title}
      onClick={() => go({ view: { health: value } })}
    >
      {name} <span className="number">{exact(number)}</span>
    </button>
  );
}
