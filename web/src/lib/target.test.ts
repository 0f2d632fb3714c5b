import { expect, test } from 'vitest';
import { healthOf, holds, plainError, rowsOf, type Watched } from './target';

function target(service: string, port: number, health = 'up', labels: Record<string, string> = {}): Watched {
  const scrape_url = `http://10.0.0.1:${port}/-/exceptions`;
  return { service, scrape_url, health, labels, discovered_labels: {}, state: 'active' };
}

const names = (rows: ReturnType<typeof rowsOf>) =>
  rows.map((row) =>
    row.kind === 'service' ? `${row.name} ${row.up}/${row.total}` : row.target.scrape_url.slice(16, 20),
  );

test('services in trouble come first, and in them the targets in trouble; ports are numbers', () => {
  const all = [target('web', 9010), target('web', 9002), target('api', 8001), target('cart', 7001, 'unknown')];
  const down = [...all, target('web', 9100, 'down')];
  const short = (rows: ReturnType<typeof rowsOf>) => names(rows).join(' ').replaceAll('/', '');
  expect(short(rowsOf(all, new Set()))).toBe('cart 01 7001 api 11 8001 web 22 9002 9010');
  expect(short(rowsOf(down, new Set()))).toBe('cart 01 7001 web 23 9100 9002 9010 api 11 8001');
  expect(short(rowsOf(down, new Set(['web', 'cart'])))).toBe('cart 01 web 23 api 11 8001');
});

test('each row has a name of its own, also what discovery named twice', () => {
  const dropped = { ...target('web', 1), state: 'dropped', scrape_url: '', discovered_labels: { a: 'b' } };
  const ids = rowsOf([dropped, { ...dropped }, { ...dropped, discovered_labels: { a: 'c' } }], new Set()).map(
    ({ id }) => id,
  );
  expect(new Set(ids).size).toBe(4);
});

test('all words have to be there, labels with a colon or an equals sign', () => {
  const one = { ...target('web', 9010, 'down', { zone: 'eu-1', version: '1.2' }), last_error: 'Connection refused' };
  for (const words of ['', '9010', 'zone:eu', 'zone="eu-1" refused', 'service:web VERSION=1.2'])
    expect(holds(one, words)).toBe(true);
  for (const words of ['9011', 'zone:us', 'web zone:us', 'zone="us"']) expect(holds(one, words)).toBe(false);
  const dropped = { ...one, state: 'dropped', discovered_labels: { __address__: 'db:1' } };
  expect([holds(dropped, 'db:1'), holds(dropped, 'zone:eu')]).toEqual([true, false]);
});

const at = (minute: number) => new Date(minute * 60_000).toISOString();
const span = (from: number, to: number, up: boolean, error: string | null = null) => ({
  start: at(from),
  end: at(to),
  up,
  scrapes: 120,
  duration_seconds_mean: 0.1,
  duration_seconds_max: up ? 0.5 : 2,
  error,
});

test('stretches that touch are one, what nobody watched is none', () => {
  const spans = [span(0, 20, true), span(20, 40, true), span(60, 80, false, 'refused'), span(80, 100, true)];
  const health = healthOf(spans, 0, 100 * 60_000);
  expect(health.stretches).toEqual([
    { from: 0, to: 0.4, up: true },
    { from: 0.6, to: 0.8, up: false },
    { from: 0.8, to: 1, up: true },
  ]);
  expect(health.watched).toBeCloseTo(0.8);
  expect(health.answered).toBeCloseTo(0.75);
  expect(health.slowestSeconds).toBe(2);
  expect(health.failures).toEqual([{ startMs: 60 * 60_000, endMs: 80 * 60_000, error: 'refused' }]);
});

test('a stretch goes on from the last scrape of a window to the first of the next one', () => {
  const spans = [span(0, 119, false, 'refused'), span(120, 239, false, 'refused'), span(245, 300, true)];
  const { stretches, failures } = healthOf(spans, 0, 300 * 60_000);
  expect(stretches.length).toBe(2);
  expect(failures).toEqual([{ startMs: 0, endMs: 239 * 60_000, error: 'refused' }]);
});

test('a failure does not say again what stands beside it', () => {
  expect(plainError('http://a/x: refused', 'http://a/x')).toBe('refused');
  expect(plainError('GET http://a/x: refused', 'http://a/x')).toBe('refused');
  expect([plainError('refused', 'http://a/x'), plainError('x', '')]).toEqual(['refused', 'x']);
});

test('only what lies in the time counts, and one failed scrape is a moment', () => {
  const health = healthOf([span(-50, 10, true), span(5, 5, false, 'timeout'), span(200, 300, true)], 0, 100 * 60_000);
  expect(health.stretches).toEqual([
    { from: 0, to: 0.1, up: true },
    { from: 0.05, to: 0.05, up: false },
  ]);
  expect(health.failures.map(({ error }) => error)).toEqual(['timeout']);
  expect(healthOf([], 0, 1)).toEqual({
    stretches: [],
    failures: [],
    answered: undefined,
    watched: 0,
    slowestSeconds: 0,
  });
  expect(healthOf([span(5, 5, false)], 0, 100 * 60_000).answered).toBe(0);
});
