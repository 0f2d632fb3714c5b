import { expect, test } from 'vitest';
import { exactTime, span } from './format';
import { pastedInstant, pastedRange, rangeIn } from './paste';

const now = Date.UTC(2026, 10, 21, 10, 0, 0);
const at = Date.UTC(2026, 10, 20, 14, 20, 5);

test('times as they stand in logs', () => {
  const written = [
    '2026-11-20T14:20:05Z',
    '2026-11-20T14:20:05.123456Z',
    '2026-11-20 14:20:05,123',
    '2026-11-20 14:20:05 UTC',
    '2026-11-20 16:20:05 +02:00',
    '2026/11/20 14:20:05',
    '20/Nov/2026:14:20:05 +0000',
    '[20/Nov/2026:09:20:05 -0500]',
    'Fri, 20 Nov 2026 14:20:05 GMT',
    'Nov 20 14:20:05',
    'Nov 20, 2026 14:20:05',
    '1795184405',
    '1795184405000',
  ];
  for (const text of written) {
    const ms = pastedInstant(text, now, 'utc');
    expect(ms === undefined ? undefined : Math.floor(ms / 1000) * 1000, text).toBe(at);
  }
  expect(pastedInstant(exactTime(at, 'utc'), now, 'utc')).toBe(at);
});

test('a time without a year is the last one that was', () => {
  expect(pastedInstant('Dec 24 18:00:00', now, 'utc')).toBe(Date.UTC(2025, 11, 24, 18));
});

test('what is no time is none', () => {
  for (const text of [
    '',
    'hello',
    '2026-13-01 10:00',
    '2026-11-20 25:00:00',
    'Nov 40 10:00:00',
    '14:20',
    'x'.repeat(5000),
  ])
    expect(pastedInstant(text, now, 'utc'), text).toBeUndefined();
});

test('ranges as they are written and linked', () => {
  const range = { from: '2026-11-20T14:20:00Z', to: '2026-11-20T14:30:00Z' };
  const written = [
    '2026-11-20T14:20:00Z to 2026-11-20T14:30:00Z',
    '2026-11-20T14:20:00Z/2026-11-20T14:30:00Z',
    '2026-11-20 14:20 - 2026-11-20 14:30',
    '2026-11-20 14:20 – 14:30',
    '20 Nov 14:20 – 14:30',
    'http://grafana/d/x?orgId=1&from=1795184400000&to=1795185000000',
    'http://here/#/errors?from=2026-11-20T14:20:00Z&refresh=30&to=2026-11-20T14%3A30%3A00Z',
    '{"from":"2026-11-20 14:20:00","to":"2026-11-20 14:30:00"}',
  ];
  for (const text of written) expect(rangeIn(text, now, 'utc'), text).toEqual(range);
  expect(rangeIn('now-6h to now-1h', now, 'utc')).toEqual({ from: 'now-6h', to: 'now-1h' });
  expect(rangeIn('https://g/?from=now-6h&to=now', now, 'utc')).toEqual({ from: 'now-6h', to: 'now' });
  const start = Date.parse(range.from);
  expect(rangeIn(span(start, start + 600_000, 'utc', now), now, 'utc')).toEqual(range);
});

test('a range that ends before it begins is none', () => {
  expect(rangeIn('2026-11-20 14:30 - 2026-11-20 14:20', now, 'utc')).toBeUndefined();
});

test('a single time is looked at with what is around it', () => {
  expect(pastedRange('2026-11-20 14:20:05,123', now, 'utc')).toEqual({
    from: '2026-11-20T14:05:05Z',
    to: '2026-11-20T14:35:05Z',
  });
  expect(pastedRange('2026-11-21T09:55:00Z', now, 'utc')).toEqual({
    from: '2026-11-21T09:40:00Z',
    to: '2026-11-21T10:00:00Z',
  });
});

test('a number, a word, now: not a reason to go elsewhere', () => {
  for (const text of ['1795184405', 'now', 'checkout', 'now-6h'])
    expect(pastedRange(text, now, 'utc'), text).toBeUndefined();
});
