// What changed, in words: states with their conditions, fields before and after, reasons.
import { ahead, exact, shortTime } from './format';
import type { Zone } from './zone';

export interface Standing {
  state: string;
  since?: string | null;
  resolved_in?: { label: string; version: string } | null;
  muted_until?: { time?: string | null; total_count?: number | null; escalation?: boolean | null } | null;
  regressed_at?: string | null;
  escalated_at?: string | null;
}

export type Field =
  | { field: 'state'; from: Standing; to: Standing }
  | { field: 'label'; name: string; from: Worn; to: Worn }
  | { field: 'assignee' | 'note'; from?: string | null; to?: string | null };

interface Worn {
  value?: string | null;
  by?: string | null;
}

export interface Entry {
  id: number;
  time: string;
  actor?: string | null;
  reason: string;
  undoes?: number | null;
  aggregates: number;
  changes: { aggregate: number; detail: string; fields: Field[] }[];
}

interface Moment {
  /** How often it ever happened. */
  total: number;
  nowMs: number;
  zone: Zone;
}

/** What an error's state is and what it means; between the two stands since when. */
export interface Meaning {
  what: string;
  why: string;
}

/** Nothing for an error that is open as it always was. */
export function meaning(standing: Standing, { total, nowMs, zone }: Moment): Meaning | undefined {
  const { state, muted_until: until, resolved_in: release } = standing;
  if (state === 'muted') return { what: 'Muted', why: ` ${untilWords(until, { total, nowMs, zone })}` };
  if (state === 'resolved') {
    if (!release) return { what: 'Resolved', why: ': it reopens when it happens again' };
    const { label, version } = release;
    return { what: `Resolved in ${label} ${version}`, why: `: a later ${label} reopens it` };
  }
  if (standing.regressed_at) return { what: 'Regressed', why: ': it was resolved, and happened again' };
  if (standing.escalated_at) return { what: 'Open again', why: ': it happened too often for its mute' };
  return undefined;
}

function untilWords(until: Standing['muted_until'], { total, nowMs, zone }: Moment): string {
  if (until?.time) {
    const end = Date.parse(until.time);
    return `until ${shortTime(end, zone, nowMs)}${end > nowMs ? `, ${ahead(end, nowMs)}` : ''}`;
  }
  if (typeof until?.total_count === 'number') {
    const more = Math.max(0, until.total_count - total);
    return `until it happened ${exact(more)} more ${more === 1 ? 'time' : 'times'}`;
  }
  if (until?.escalation) return 'until it escalates, which is: until it happens much more often than it used to';
  return 'until somebody reopens it';
}

/** A state with its conditions, in as few words as a before and after take. */
export function stateWords(standing: Standing, zone: Zone, nowMs: number): string {
  const { state, muted_until: until, resolved_in: release } = standing;
  if (state === 'muted') {
    if (until?.time) return `muted until ${shortTime(Date.parse(until.time), zone, nowMs)}`;
    if (typeof until?.total_count === 'number') return `muted until ${exact(until.total_count)} in all`;
    if (until?.escalation) return 'muted until it escalates';
    return 'muted';
  }
  if (state === 'resolved' && release) return `resolved in ${release.label} ${release.version}`;
  if (state === 'open' && standing.regressed_at) return 'open, regressed';
  return state;
}

export interface Difference {
  /** What changed. */
  name: string;
  from: string;
  to: string;
}

export function difference(field: Field, zone: Zone, nowMs: number): Difference {
  switch (field.field) {
    case 'state':
      return { name: 'state', from: stateWords(field.from, zone, nowMs), to: stateWords(field.to, zone, nowMs) };
    case 'label':
      return { name: field.name, from: worn(field.from), to: worn(field.to) };
    default:
      return { name: field.field, from: field.from ?? 'nobody', to: field.to ?? 'nobody', ...noted(field) };
  }
}

function noted({ field, from, to }: { field: string; from?: string | null; to?: string | null }) {
  return field === 'note' ? { from: from ?? 'none', to: to ?? 'none' } : {};
}

function worn({ value, by }: Worn): string {
  if (value === null || value === undefined) return by === 'person' ? 'taken away' : 'none';
  return by === 'rule' ? `${value} (by rule)` : value;
}

export const reasons: Record<string, string> = {
  edit: 'one error changed',
  bulk: 'many changed at once',
  periskop: 'through Periskop’s API',
  undo: 'taken back',
  rule: 'label rules',
  regression: 'happened again',
  escalation: 'escalated',
  mute_time: 'mute ran out',
  mute_count: 'mute was used up',
  silence: 'silent for long',
};

/** Why it came by itself, or how it was asked for; nothing where somebody just changed something. */
export function reasonWords(entry: Pick<Entry, 'reason' | 'undoes'>): string | undefined {
  switch (entry.reason) {
    case 'edit':
    case 'bulk':
      return undefined;
    case 'undo':
      return `took activity ${entry.undoes ?? ''} back`;
    case 'regression':
      return 'it happened again';
    case 'escalation':
      return 'it escalated';
    case 'mute_time':
      return 'the time of its mute had come';
    case 'mute_count':
      return 'it happened as often as its mute allowed';
    case 'silence':
      return 'it had not happened for long';
    case 'rule':
      return 'by the label rules of the configuration';
    case 'periskop':
      return 'through Periskop’s API';
    default:
      return entry.reason;
  }
}

/** Who did it, for people. */
export function actorName(actor: string | null | undefined): string {
  return actor === null || actor === undefined ? 'Hydrophone' : actor === '' ? 'somebody' : actor;
}

/** Whether it can be taken back: whatever somebody asked for. */
export function canUndo(entry: Pick<Entry, 'reason'>): boolean {
  return ['edit', 'bulk', 'periskop', 'undo'].includes(entry.reason);
}

export interface Marker {
  ms: number;
  kind: 'resolved' | 'regressed' | 'muted' | 'reopened' | 'seen';
  text: string;
}

/** The turns of an error's state, for its chart. */
export function markers(entries: Entry[], id: number, zone: Zone, nowMs: number): Marker[] {
  return entries.flatMap((entry) => {
    const own = entry.changes.find((one) => one.aggregate === id);
    const turn = own?.fields.find((field) => field.field === 'state');
    if (turn?.field !== 'state') return [];
    const kind = turn.to.state === 'open' ? (entry.reason === 'regression' ? 'regressed' : 'reopened') : turn.to.state;
    if (kind !== 'resolved' && kind !== 'muted' && kind !== 'regressed' && kind !== 'reopened') return [];
    const words = kind === 'regressed' || kind === 'reopened' ? kind : stateWords(turn.to, zone, nowMs);
    const who = entry.actor ? ` by ${entry.actor}` : '';
    return [{ ms: Date.parse(entry.time), kind, text: `${words}${who}` }];
  });
}

/** The newest change of an error's state: by whom, and where it happened. */
export function lastTurn(
  entries: Entry[],
  id: number,
): { actor: string | null | undefined; detail: string } | undefined {
  for (const entry of entries) {
    const own = entry.changes.find((one) => one.aggregate === id);
    if (own?.fields.some((field) => field.field === 'state')) return { actor: entry.actor, detail: own.detail };
  }
  return undefined;
}
