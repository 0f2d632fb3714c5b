// What may be changed of an error: in words before and after, and what a change makes of an error before the server has said so.
import type { Standing } from './activity';
import { parseDuration } from './time';

export type State = 'open' | 'resolved' | 'muted';

/** As the API takes it; what is not given stays. */
export interface Change {
  state?: State;
  /** With `resolved`: only a later version reopens it. Without a version the latest there is. */
  resolved_in?: { label?: string; version?: string };
  /** With `muted`: when that ends; without it, when somebody ends it. */
  muted_until?: { time: string } | { count: number } | { escalation: true };
  /** null takes one away. */
  labels?: Record<string, string | null>;
  labels_by_rule?: string[];
  /** `me` is whoever asks, null is nobody. */
  assignee?: string | null;
  note?: string | null;
}

/** What of an error a change can be seen at. */
export interface Changeable {
  state: string;
  regressed: boolean;
  escalating: boolean;
  labels: Record<string, string>;
  assignee?: string | null;
  note?: string | null;
  labels_by_rule?: Record<string, string>;
  total_count?: number;
  standing?: Standing;
}

/** Mutes that one chooses with a click, the shortest first. */
export const mutes: { name: string; until: NonNullable<Change['muted_until']> }[] = [
  { name: '1 hour', until: { time: 'now+1h' } },
  { name: '8 hours', until: { time: 'now+8h' } },
  { name: '1 day', until: { time: 'now+1d' } },
  { name: '1 week', until: { time: 'now+7d' } },
  { name: '10 more times', until: { count: 10 } },
  { name: '100 more times', until: { count: 100 } },
  { name: '1,000 more times', until: { count: 1000 } },
];

/** What was done, after the name of what it was done to: `resolved`, `labelled team:payments`. */
export function past(change: Change): string {
  const said: string[] = [];
  if (change.state === 'open') said.push('reopened');
  if (change.state === 'resolved') said.push(`resolved${release(change.resolved_in)}`);
  if (change.state === 'muted') said.push(`muted${until(change.muted_until)}`);
  const labels = Object.entries(change.labels ?? {});
  const set = labels.filter(([, value]) => value !== null).map(([name, value]) => `${name}:${value}`);
  const removed = labels.filter(([, value]) => value === null).map(([name]) => name);
  if (set.length > 0) said.push(`labelled ${set.join(', ')}`);
  if (removed.length > 0) said.push(`without label ${removed.join(', ')}`);
  if (change.labels_by_rule) said.push(`with ${change.labels_by_rule.join(', ')} left to the rules`);
  if (change.assignee !== undefined) said.push(`assigned to ${change.assignee ?? 'nobody'}`);
  if (change.note !== undefined) said.push(change.note === null ? 'without a note' : 'with a note');
  return said.join(', ');
}

function release(given: Change['resolved_in']): string {
  if (!given) return '';
  return given.version === undefined ? ' in the latest version' : ` in ${given.label ?? 'version'} ${given.version}`;
}

function until(given: Change['muted_until']): string {
  if (!given) return '';
  if ('escalation' in given) return ' until it escalates';
  const known = mutes.find((one) => JSON.stringify(one.until) === JSON.stringify(given));
  if ('count' in given) return ` until it happens ${known?.name ?? `${given.count} more times`}`;
  return known ? ` for ${known.name}` : ' for a while';
}

/** The error as it will be, as far as that is certain. */
export function applied<T extends Changeable>(error: T, change: Change, nowMs: number): T {
  const next = { ...error };
  if (change.state !== undefined) {
    next.state = change.state;
    next.regressed = false;
    next.escalating = error.escalating && change.state === 'open';
    if (error.standing) next.standing = standing(change, error.total_count ?? 0, nowMs);
  }
  const labels = { ...error.labels };
  for (const [name, value] of Object.entries(change.labels ?? {})) {
    if (value === null) delete labels[name];
    else labels[name] = value;
  }
  for (const name of change.labels_by_rule ?? []) {
    const ruled = error.labels_by_rule?.[name];
    if (ruled !== undefined) labels[name] = ruled;
    else if (error.labels_by_rule) delete labels[name];
  }
  next.labels = labels;
  if (change.assignee !== undefined && change.assignee !== 'me') next.assignee = change.assignee;
  if (change.note !== undefined) next.note = change.note;
  return next;
}

function standing({ state = 'open', resolved_in, muted_until }: Change, total: number, nowMs: number): Standing {
  const made: Standing = { state, since: new Date(nowMs).toISOString() };
  // Which version is the latest, the server knows.
  if (resolved_in?.version) made.resolved_in = { label: resolved_in.label ?? 'version', version: resolved_in.version };
  if (muted_until && 'count' in muted_until) made.muted_until = { total_count: total + muted_until.count };
  if (muted_until && 'escalation' in muted_until) made.muted_until = muted_until;
  if (muted_until && 'time' in muted_until) made.muted_until = { time: timeOf(muted_until.time, nowMs) };
  return made;
}

/** `now+8h` as the time it is. */
function timeOf(text: string, nowMs: number): string {
  const ahead = text.startsWith('now+') ? parseDuration(text.slice('now+'.length)) : undefined;
  return ahead === undefined ? text : new Date(nowMs + ahead).toISOString();
}

/** Whether the change would be seen at this error: its revision then tells whether the change was made. */
export function alters(error: Changeable, change: Change): boolean {
  if (change.state !== undefined && (change.state !== error.state || change.state !== 'open' || error.regressed)) {
    // Muted or resolved otherwise than before is a change; resolved as before is none.
    if (!(change.state === 'resolved' && error.state === 'resolved' && !change.resolved_in)) return true;
  }
  const { labels } = applied(error, change, 0);
  const names = new Set([...Object.keys(labels), ...Object.keys(error.labels)]);
  if ([...names].some((name) => labels[name] !== error.labels[name])) return true;
  if (change.assignee !== undefined && change.assignee !== (error.assignee ?? null)) return true;
  return change.note !== undefined && change.note !== error.note;
}

/** A label as somebody types it: `team=payments`, `team:payments`, `label.team:payments`. */
export function typedLabel(text: string): { name: string; value: string } | undefined {
  const match = /^\s*(?:label\.)?([^\s=:]+)\s*[=:]\s*(.*\S)\s*$/u.exec(text);
  return match ? { name: match[1] ?? '', value: (match[2] ?? '').replace(/^"(.*)"$/, '$1') } : undefined;
}

/** Why a label can not be called so, in words; undefined when it can. The server has the last word. */
export function labelProblem(name: string): string | undefined {
  if (name.startsWith('__')) return 'Names that begin with __ are reserved';
  if (!/^[\p{L}\p{N}_.\-/]*$/u.test(name)) return 'Letters, digits and _ . - / only';
  return undefined;
}
