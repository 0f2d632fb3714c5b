import { expect, test } from 'vitest';
import { canonical, forServer, parseDuration, parseInstant, rangeProblem, zoomIn, zoomOut } from './time';

const now = Date.UTC(2026, 10, 20, 12, 0, 0);
const hour = 3_600_000;

test('durations are units one after the other', () => {
  for (const [text, ms] of [
    ['90s', 90_000],
    ['1h30m', 5_400_000],
    ['1w', 604_800_000],
    ['6M', 180 * 24 * hour],
    ['', undefined],
    ['5', undefined],
    ['5x', undefined],
    ['-5m', undefined],
  ] as const) {
    expect(parseDuration(text), text).toBe(ms);
  }
});

test('instants are read in every form people paste', () => {
  const noon = now;
  for (const text of [
    'now',
    ' now ',
    '2026-11-20T12:00:00Z',
    '2026-11-20T13:00:00+01:00',
    '2026-11-20 12:00',
    '2026-11-20T12:00:00',
    String(now / 1000),
    String(now),
  ]) {
    expect(parseInstant(text, now, 'utc'), text).toBe(noon);
  }
  expect(parseInstant('now-6h', now, 'utc')).toBe(now - 6 * hour);
  expect(parseInstant('now - 1h30m', now, 'utc')).toBe(now - 1.5 * hour);
  expect(parseInstant('2026-11-20', now, 'utc')).toBe(now - 12 * hour);
});

test('what is no instant is none', () => {
  for (const text of [
    '',
    'yesterday',
    'now+1h',
    'now-',
    'now-5',
    '2026-13-01',
    '2026-11-20 25:00',
    '12',
    '2026-11-20T12:00:00 Zulu',
  ]) {
    expect(parseInstant(text, now, 'utc'), text).toBeUndefined();
  }
});

test('a link keeps relative times relative and writes absolute ones in UTC', () => {
  expect(canonical(' now - 6h ', now, 'utc')).toBe('now-6h');
  expect(canonical('2026-11-20 12:00', now, 'utc')).toBe('2026-11-20T12:00:00Z');
  expect(canonical('soon', now, 'utc')).toBeUndefined();
});

test('the server is asked in units it knows', () => {
  expect(forServer('now-6M', 'utc')).toBe('now-180d');
  expect(forServer('now-15m', 'utc')).toBe('now-15m');
  expect(forServer('now', 'utc')).toBe('now');
  expect(forServer(String(now), 'utc')).toBe('2026-11-20T12:00:00Z');
  expect(forServer('nonsense', 'utc')).toBe('nonsense');
});

test('a range says which end of it is wrong', () => {
  expect(rangeProblem({ from: 'now-6h', to: 'now' }, now, 'utc')).toBeUndefined();
  expect(rangeProblem({ from: 'x', to: 'now' }, now, 'utc')?.field).toBe('from');
  expect(rangeProblem({ from: 'now-6h', to: 'x' }, now, 'utc')?.field).toBe('to');
  expect(rangeProblem({ from: 'now', to: 'now-6h' }, now, 'utc')).toEqual({
    field: 'to',
    text: 'Must be after the start',
  });
});

test('a drag zooms to the whole buckets it touched, whichever way it went', () => {
  const start = now - hour;
  const step = 600_000;
  const wanted = { from: '2026-11-20T11:10:00Z', to: '2026-11-20T11:30:00Z' };
  expect(zoomIn(start + 700_000, start + 1_500_000, step, start, now)).toEqual(wanted);
  expect(zoomIn(start + 1_500_000, start + 700_000, step, start, now)).toEqual(wanted);
});

test('a drag over the bucket that is not over yet ends now', () => {
  const start = now - hour;
  const late = now - 300_000;
  expect(zoomIn(late - 900_000, now, 600_000, start, late)).toEqual({
    from: '2026-11-20T11:40:00Z',
    to: '2026-11-20T11:55:00Z',
  });
});

test('a zoom stops at a minute', () => {
  expect(zoomIn(now, now + 1000, 15_000, now, now + hour)).toEqual({
    from: '2026-11-20T12:00:00Z',
    to: '2026-11-20T12:01:00Z',
  });
});

test('zooming out of a range that ends now goes to the next preset', () => {
  expect(zoomOut({ from: 'now-24h', to: 'now' }, now, 'utc')).toEqual({ from: 'now-2d', to: 'now' });
  expect(zoomOut({ from: 'now-5m', to: 'now' }, now, 'utc')).toEqual({ from: 'now-15m', to: 'now' });
});

test('zooming out of the past doubles it around its middle', () => {
  const range = { from: '2026-11-10T10:00:00Z', to: '2026-11-10T12:00:00Z' };
  expect(zoomOut(range, now, 'utc')).toEqual({ from: '2026-11-10T09:00:00Z', to: '2026-11-10T13:00:00Z' });
});

test('zooming out never goes beyond now', () => {
  const range = { from: '2026-11-20T10:00:00Z', to: '2026-11-20T12:00:00Z' };
  expect(zoomOut(range, now, 'utc')).toEqual({ from: '2026-11-20T08:00:00Z', to: '2026-11-20T12:00:00Z' });
});
