// What the data directory holds, what takes the room, and when it goes.
import type { Status } from '../api/shapes';
import { Bar, Facts } from '../components/Facts';
import { Panel } from '../components/Panel';
import { Time } from '../components/Time';
import { bytes, counted, exact } from '../lib/format';
import { growing, limited, roomLeft } from '../lib/growth';
import { useNow } from '../lib/now';
import { kept, partOf } from '../lib/server';

export function Stored({ status: { storage } }: { status: Status }) {
  const now = useNow();
  const { growth } = storage;
  const left = growth && roomLeft(growth, now);
  const whole = storage.database_bytes + storage.occurrence_bytes;
  const parts = [
    { name: `Database: ${bytes(storage.database_bytes)}`, size: storage.database_bytes, colour: 'var(--accent)' },
    {
      name: `Samples: ${bytes(storage.occurrence_bytes)}`,
      size: storage.occurrence_bytes,
      colour: 'var(--severity-error)',
    },
  ];
  return (
    <Panel title="Storage" note={`${bytes(whole)} in all`}>
      <Bar parts={parts} label={parts.map(({ name }) => name).join(', ')} />
      <Facts
        facts={[
          { name: 'Growth', ...growing(growth) },
          ...(growth ? [{ name: 'Limit', ...limited(growth, now) }] : []),
          ...(left ? [{ name: 'Free on disk', ...left }] : []),
          {
            name: 'Database',
            value: bytes(storage.database_bytes),
            meaning: `counts, coverage, ${counted(storage.aggregates, 'error')} with labels and states. Its file keeps the room of what was removed for what comes`,
          },
          {
            name: 'Samples',
            value: bytes(storage.occurrence_bytes),
            meaning: `of ${counted(storage.occurrence_days, 'day')}, with their search index; ${counted(storage.stacks, 'different stack')}, each kept once`,
          },
          {
            name: 'Targets',
            value: exact(storage.targets),
            meaning: `ever scraped, in ${exact(storage.instances)} ${storage.instances === 1 ? 'process' : 'processes'}. Growing without end? A label changes with every deploy: that is meant to be so`,
          },
          {
            name: 'Last counts',
            value: exact(storage.baselines),
            meaning: `one for each process and error, to count on from; those of ${exact(storage.resting_instances)} processes not seen for some minutes are on disk only, and go with time`,
          },
          {
            name: 'Not sealed yet',
            value: exact(storage.head_points),
            meaning: (
              <>
                counts{' '}
                {Date.parse(storage.sealed_until) > 0 && (
                  <>
                    since <Time at={storage.sealed_until} />{' '}
                  </>
                )}
                in memory and in the log, safe against crashes. Sealed every two hours
                {Date.parse(storage.sealed_until) > 0
                  ? ': an older moment means that sealing fails, see the log'
                  : ', and not for the first time yet'}
              </>
            ),
          },
        ]}
      />
    </Panel>
  );
}

export function Kept({ status: { retention, storage } }: { status: Status }) {
  return (
    <Panel title="Retention" note="how long things are kept">
      <Facts
        facts={[
          {
            name: 'Counts',
            value: kept(retention.time_seconds),
            meaning: 'charts and lists reach back so far (storage.retention.time). Totals of all time stay',
          },
          {
            name: 'By the hour',
            value: kept(retention.rollups_seconds),
            meaning: 'older charts by the hour and the day (storage.retention.rollups)',
          },
          {
            name: 'By target',
            value: kept(retention.targets_seconds),
            meaning: 'older counts stand under no target or version (storage.retention.targets)',
          },
          {
            name: 'Samples',
            value: kept(retention.occurrences_seconds),
            meaning: 'stacks, messages, requests (storage.retention.occurrences)',
          },
          {
            name: 'Room of samples',
            value: partOf(storage.occurrence_bytes, retention.occurrences_bytes),
            tone: storage.thinned_days > 0 ? 'warn' : undefined,
            meaning:
              storage.thinned_days > 0
                ? `${exact(storage.thinned_occurrences)} samples of ${exact(storage.thinned_days)} days were removed to save room, each with newer ones of its error; raise storage.retention.occurrences_size to keep more`
                : 'beyond it old samples go that have newer ones of their error (storage.retention.occurrences_size); nothing was removed so far',
          },
          {
            name: 'Activity',
            value: kept(retention.activity_seconds),
            meaning: 'who changed which state or label (storage.retention.activity)',
          },
        ]}
      />
    </Panel>
  );
}
