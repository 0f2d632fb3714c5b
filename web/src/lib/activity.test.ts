import { expect, test } from 'vitest';
import { difference, type Entry, lastTurn, markers, meaning, type Standing } from './activity';

const nowMs = Date.parse('2026-11-20T12:00:00Z');

function words(standing: Standing, total = 960): string {
  const said = meaning(standing, { total, nowMs, zone: 'utc' });
  return said ? said.what + said.why : '';
}

test('what a state means is said in words', () => {
  const said: [Standing, string][] = [
    [{ state: 'open' }, ''],
    [{ state: 'open', regressed_at: '2026-11-20T11:00:00Z' }, 'Regressed: it was resolved, and happened again'],
    [{ state: 'open', escalated_at: '2026-11-20T11:00:00Z' }, 'Open again: it happened too often for its mute'],
    [{ state: 'resolved' }, 'Resolved: it reopens when it happens again'],
    [
      { state: 'resolved', resolved_in: { label: 'version', version: '1.9.0' } },
      'Resolved in version 1.9.0: a later version reopens it',
    ],
    [{ state: 'muted' }, 'Muted until somebody reopens it'],
    [{ state: 'muted', muted_until: { time: '2026-11-20T15:00:00Z' } }, 'Muted until 20 Nov 15:00, in 3 h'],
    [{ state: 'muted', muted_until: { total_count: 1000 } }, 'Muted until it happened 40 more times'],
    [{ state: 'muted', muted_until: { total_count: 961 } }, 'Muted until it happened 1 more time'],
  ];
  for (const [standing, expected] of said) expect(words(standing)).toBe(expected);
  expect(words({ state: 'muted', muted_until: { escalation: true } })).toContain('until it escalates');
});

test('what changed is said before and after', () => {
  const of = (field: Parameters<typeof difference>[0]) => difference(field, 'utc', nowMs);
  expect(
    of({ field: 'state', from: { state: 'open' }, to: { state: 'muted', muted_until: { total_count: 1200 } } }),
  ).toEqual({
    name: 'state',
    from: 'open',
    to: 'muted until 1,200 in all',
  });
  expect(
    of({ field: 'label', name: 'team', from: { value: 'web', by: 'rule' }, to: { value: null, by: 'person' } }),
  ).toEqual({ name: 'team', from: 'web (by rule)', to: 'taken away' });
  expect(of({ field: 'assignee', from: null, to: 'ada' })).toEqual({ name: 'assignee', from: 'nobody', to: 'ada' });
  expect(of({ field: 'note', from: 'x' })).toEqual({ name: 'note', from: 'x', to: 'none' });
});

const entry = (id: number, reason: string, from: string, to: string, actor: string | null): Entry => ({
  id,
  time: `2026-11-20T1${id}:00:00Z`,
  actor,
  reason,
  aggregates: 2,
  changes: [
    { aggregate: 7, detail: reason === 'regression' ? 'happened at a:1' : '', fields: [state(from, to)] },
    { aggregate: 8, detail: '', fields: [{ field: 'assignee', to: 'ada' }] },
  ],
});

const state = (from: string, to: string) => ({ field: 'state' as const, from: { state: from }, to: { state: to } });

test('turns of the state are marked in the chart', () => {
  const entries = [entry(3, 'regression', 'resolved', 'open', null), entry(2, 'edit', 'open', 'resolved', 'ada')];
  expect(markers(entries, 7, 'utc', nowMs)).toEqual([
    { ms: Date.parse('2026-11-20T13:00:00Z'), kind: 'regressed', text: 'regressed' },
    { ms: Date.parse('2026-11-20T12:00:00Z'), kind: 'resolved', text: 'resolved by ada' },
  ]);
  expect(markers(entries, 8, 'utc', nowMs)).toEqual([]);
  expect(lastTurn(entries, 7)).toEqual({ actor: null, detail: 'happened at a:1' });
  expect(lastTurn(entries, 8)).toBeUndefined();
});
