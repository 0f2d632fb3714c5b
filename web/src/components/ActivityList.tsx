// Who changed what, when and why: before and after.
import { Button } from '@mantine/core';
import { actorName, canUndo, difference, type Entry, reasonWords } from '../lib/activity';
import { counted } from '../lib/format';
import { useNow } from '../lib/now';
import { useZone } from '../lib/preference';
import { errorName, visible } from '../lib/text';
import classes from './ActivityList.module.css';
import { Foreign } from './Foreign';
import { Icon } from './Icon';
import { Link } from './Link';
import { Time } from './Time';

type Change = Entry['changes'][number] & { service: string; aggregation_key: string; class: string };

export interface ActivityEntry extends Entry {
  changes: Change[];
}

interface Props {
  entries: ActivityEntry[];
  /** Whether it is told which errors were changed: on an error's own page that is clear. */
  withErrors: boolean;
  onUndo?: ((entry: ActivityEntry) => void) | undefined;
  /** Why nothing can be taken back. */
  forbidden?: string | undefined;
}

/** Errors that one entry names. */
const errorsMax = 5;

export function ActivityList({ entries, withErrors, onUndo, forbidden }: Props) {
  const back = new Set(entries.map((entry) => entry.undoes).filter((id) => typeof id === 'number'));
  return (
    <ol className={classes.list} data-wide={withErrors || undefined}>
      {entries.map((entry) => (
        <One
          key={entry.id}
          entry={entry}
          withErrors={withErrors}
          isBack={back.has(entry.id)}
          onUndo={onUndo}
          forbidden={forbidden}
        />
      ))}
    </ol>
  );
}

function One({
  entry,
  withErrors,
  isBack,
  onUndo,
  forbidden,
}: Omit<Props, 'entries'> & { entry: ActivityEntry; isBack: boolean }) {
  const why = reasonWords(entry);
  const { changes } = entry;
  const first = changes[0];
  const alike = changes.length > 1 && changes.every((one) => signature(one) === signature(first));
  const shown = changes.slice(0, errorsMax);
  const rest = entry.aggregates - (withErrors ? shown.length : 1);
  return (
    <li className={classes.entry} data-reason={entry.reason}>
      <p className={classes.head}>
        <b>
          <Foreign text={actorName(entry.actor)} />
        </b>{' '}
        {why && <span>{why} </span>}
        <span className="dim">
          <Time at={entry.time} />
        </span>
        {isBack && <span className={classes.back}>taken back</span>}
      </p>
      <div className={classes.what}>
        {withErrors && alike && first && (
          <>
            <Fields change={first} />
            <ul className={classes.errors}>
              {shown.map((one) => (
                <li key={one.aggregate}>
                  <ErrorLink change={one} />
                </li>
              ))}
            </ul>
          </>
        )}
        {(!withErrors || !alike) &&
          shown.map((one) => (
            <div key={one.aggregate} className={classes.one}>
              {withErrors && <ErrorLink change={one} />}
              <Fields change={one} />
            </div>
          ))}
        {rest > 0 && <p className={classes.rest}>and {counted(rest, withErrors ? 'more error' : 'other error')}</p>}
      </div>
      {onUndo && canUndo(entry) && !isBack && (
        <Button
          size="compact-xs"
          variant="subtle"
          className={classes.undo}
          leftSection={<Icon name="undo" size={13} />}
          disabled={forbidden !== undefined}
          title={forbidden}
          onClick={() => onUndo(entry)}
        >
          Undo
        </Button>
      )}
    </li>
  );
}

/** What it became is what makes entries alike; what it was before may differ. */
function signature(change: Change | undefined): string {
  return JSON.stringify([change?.detail, change?.fields.map((field) => ({ ...field, from: null }))]);
}

function ErrorLink({ change }: { change: Change }) {
  return (
    <Link
      className={classes.error}
      to={{ route: { page: 'error', service: change.service, key: change.aggregation_key } }}
    >
      <Foreign text={errorName(change)} /> <Foreign text={change.service} className={classes.service} />
    </Link>
  );
}

function Fields({ change }: { change: Change }) {
  const zone = useZone();
  const now = useNow();
  return (
    <>
      <ul className={classes.fields}>
        {change.fields.map((field) => {
          const { name, from, to } = difference(field, zone, now);
          return (
            <li key={`${field.field} ${name}`}>
              <span className="dim">
                <Foreign text={name} />{' '}
              </span>
              <span className={classes.from}>{visible(from, true)}</span>
              <span aria-hidden="true" className="dim">
                {' → '}
              </span>
              <span className="visually-hidden"> became </span>
              <span className={classes.to}>{visible(to, true)}</span>
            </li>
          );
        })}
      </ul>
      {change.detail !== '' && (
        <p className={classes.detail}>
          <Foreign text={change.detail} />
        </p>
      )}
    </>
  );
}
