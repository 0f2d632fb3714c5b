// What became of a change to which no answer came: asked of the server as soon as it can be reached, by the error's revision and its activity.
import { ApiError } from '../api/client';
import type { ActivityEntry } from '../api/shapes';
import { fetchActivityOf, fetchError, fetchUndone } from '../api/triage';
import { alters, type Change, type Changeable } from '../lib/triage';

/** An error at which a change would be seen, as it was before. */
export interface Witness extends Changeable {
  id: number;
  revision: number;
}

/** `activity` is the change's, if it was made; undefined where nobody can tell. */
export type Truth = { done: true; activity: number } | { done: false } | undefined;

/** Longer than a request that was cut off can still be on its way through the server. */
const firstMs = 1000;
const againMs = 1500;
const patienceMs = 10_000;

/** Most changes of an error that are looked through for the one. */
const activitiesMax = 50;

export function witnessOf<T extends Witness>(rows: T[], change: Change): T | undefined {
  return rows.find((row) => alters(row, change));
}

/** Whether the change was made, since `witness` was as it was. Waits as long as the server can not be reached. */
export function becameOf(change: Change, witness: Witness | undefined, me: string): Promise<Truth> {
  return whenReached(async (signal) => {
    if (!witness) {
      await fetchUndone(signal);
      return undefined;
    }
    const { revision } = await fetchError(witness.id, signal);
    const since = revision - witness.revision;
    if (since <= 0) return { done: false };
    const entries = await fetchActivityOf(witness.id, Math.min(since, activitiesMax), signal);
    const own = entries.find((entry) => isOf(entry, change, witness.id, me));
    return own ? { done: true, activity: own.id } : { done: false };
  });
}

/** Whether an activity was taken back. */
export function wasTakenBack(activity: number): Promise<Truth> {
  return whenReached(async (signal) => {
    const own = (await fetchUndone(signal)).find((entry) => entry.undoes === activity);
    return own ? { done: true, activity: own.id } : { done: false };
  });
}

function isOf(entry: ActivityEntry, change: Change, id: number, me: string): boolean {
  if (!['edit', 'bulk'].includes(entry.reason) || (entry.actor ?? '') !== me) return false;
  const fields = entry.changes.find((one) => one.aggregate === id)?.fields ?? [];
  return fields.every((field) => {
    switch (field.field) {
      case 'state':
        return field.to.state === change.state;
      case 'label':
        return (
          change.labels_by_rule?.includes(field.name) === true ||
          (change.labels !== undefined && (change.labels[field.name] ?? null) === (field.to.value ?? null))
        );
      case 'assignee':
        return (field.to ?? null) === (change.assignee === 'me' ? me : change.assignee);
      default:
        return (field.to ?? null) === change.note;
    }
  });
}

async function whenReached<T>(ask: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
  await pause(firstMs);
  for (;;) {
    try {
      return await ask(AbortSignal.timeout(patienceMs));
    } catch (error) {
      if (error instanceof ApiError && !error.leavesOpen) return undefined;
      await pause(againMs);
    }
  }
}

/** Ends early when the browser says that there is a network again. */
function pause(ms: number): Promise<void> {
  return new Promise((done) => {
    const end = () => {
      window.clearTimeout(timer);
      window.removeEventListener('online', end);
      done();
    };
    const timer = window.setTimeout(end, ms);
    window.addEventListener('online', end);
  });
}
