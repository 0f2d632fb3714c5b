import { expect, test } from 'vitest';
import type { Standing } from './activity';
import { alters, applied, type Change, labelProblem, past, typedLabel } from './triage';

const open = { state: 'open', regressed: true, escalating: true, labels: { team: 'web' }, assignee: 'ada', note: null };

test('what was done is said in words', () => {
  const said: [Change, string][] = [
    [{ state: 'resolved' }, 'resolved'],
    [{ state: 'resolved', resolved_in: {} }, 'resolved in the latest version'],
    [{ state: 'resolved', resolved_in: { label: 'release', version: '1.9' } }, 'resolved in release 1.9'],
    [{ state: 'muted' }, 'muted'],
    [{ state: 'muted', muted_until: { time: 'now+8h' } }, 'muted for 8 hours'],
    [{ state: 'muted', muted_until: { time: 'now+3h' } }, 'muted for a while'],
    [{ state: 'muted', muted_until: { count: 7 } }, 'muted until it happens 7 more times'],
    [{ state: 'muted', muted_until: { count: 100 } }, 'muted until it happens 100 more times'],
    [{ state: 'muted', muted_until: { escalation: true } }, 'muted until it escalates'],
    [{ state: 'open' }, 'reopened'],
    [{ labels: { team: 'payments', tier: null } }, 'labelled team:payments, without label tier'],
    [{ labels_by_rule: ['team'] }, 'with team left to the rules'],
    [{ assignee: null }, 'assigned to nobody'],
    [{ note: 'x' }, 'with a note'],
  ];
  for (const [change, words] of said) expect(past(change)).toBe(words);
});

test('a change is shown before the server has made it, as far as it is certain', () => {
  expect(applied(open, { state: 'resolved' }, 0)).toMatchObject({
    state: 'resolved',
    regressed: false,
    escalating: false,
  });
  expect(applied(open, { state: 'open' }, 0)).toMatchObject({ state: 'open', regressed: false, escalating: true });
  expect(applied(open, { labels: { tier: '1', team: null } }, 0).labels).toEqual({ tier: '1' });
  expect(applied(open, { assignee: null, note: 'hm' }, 0)).toMatchObject({ assignee: null, note: 'hm' });
  expect(applied(open, { labels_by_rule: ['team'] }, 0).labels).toEqual({ team: 'web' });
  const ruled = { ...open, labels_by_rule: { team: 'payments' } };
  expect(applied(ruled, { labels_by_rule: ['team'] }, 0).labels).toEqual({ team: 'payments' });
  expect(applied({ ...open, labels_by_rule: {} }, { labels_by_rule: ['team'] }, 0).labels).toEqual({});
  expect(open.labels).toEqual({ team: 'web' });
  const standing: Standing = { state: 'open', regressed_at: '2026-11-20T11:00:00Z' };
  const full = { ...open, total_count: 60, standing };
  const muted = applied(full, { state: 'muted', muted_until: { count: 40 } }, 0).standing;
  expect(muted).toEqual({ state: 'muted', since: '1970-01-01T00:00:00.000Z', muted_until: { total_count: 100 } });
  const later = applied(full, { state: 'muted', muted_until: { time: 'now+1h' } }, 0).standing;
  expect(later.muted_until).toEqual({ time: '1970-01-01T01:00:00.000Z' });
});

test('a change tells itself by an error that it alters', () => {
  expect(alters(open, { state: 'resolved' })).toBe(true);
  expect(alters({ ...open, state: 'resolved', regressed: false }, { state: 'resolved' })).toBe(false);
  expect(alters({ ...open, state: 'resolved', regressed: false }, { state: 'resolved', resolved_in: {} })).toBe(true);
  expect(alters({ ...open, regressed: false }, { state: 'open' })).toBe(false);
  expect(alters(open, { state: 'open' })).toBe(true);
  expect(alters(open, { labels: { team: 'web' } })).toBe(false);
  expect(alters(open, { labels: { team: 'payments' } })).toBe(true);
  expect(alters(open, { labels: { tier: null } })).toBe(false);
  expect(alters(open, { assignee: 'ada' })).toBe(false);
  expect(alters(open, { assignee: null })).toBe(true);
  expect(alters(open, { note: 'x' })).toBe(true);
});

test('a label is understood however it is typed', () => {
  for (const text of ['team=payments', ' team : payments ', 'label.team:payments', 'team:"payments"'])
    expect(typedLabel(text), text).toEqual({ name: 'team', value: 'payments' });
  expect(typedLabel('link=ftp:a=b')?.value).toBe('ftp:a=b');
  for (const text of ['', 'team', 'team=', '=x', 'two words=x']) expect(typedLabel(text), text).toBeUndefined();
  expect(labelProblem('__name')).toContain('reserved');
  expect(labelProblem('a b')).toContain('Letters');
  expect(labelProblem('équipe/a-b_c.d')).toBeUndefined();
});
