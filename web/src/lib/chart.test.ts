// Everything between an answer of /range and its picture.
import { expect, test } from 'vitest';
import { coverageWords, gaps, watched } from './coverage';
import { colours } from './palette';
import { chartData, identity } from './series';
import { column, peak, pieceAt } from './stacking';
import { timeLabels } from './ticks';

const counts = (total: number) => ({ counts: [total], estimated: [], total, estimated_total: 0 });

test('series stand on one another, with the estimated part on top of the certain one', () => {
  const series = [
    { counts: [3, 0], estimated: [] },
    { counts: [0, 5], estimated: [0, 2] },
    { counts: [4, 1], estimated: [9, 0] },
  ];
  expect(column(series, 0)).toEqual([
    { series: 0, from: 0, solid: 3, to: 3 },
    { series: 2, from: 3, solid: 3, to: 7 },
  ]);
  expect(column(series, 1)).toEqual([
    { series: 1, from: 0, solid: 3, to: 5 },
    { series: 2, from: 5, solid: 6, to: 6 },
  ]);
  expect(peak(series, 2, 4)).toBe(7);
  expect(peak(series, 2, 10)).toBe(10);
  expect(pieceAt(column(series, 0), 2.9)).toBe(0);
  expect(pieceAt(column(series, 0), 3)).toBe(2);
  expect(pieceAt(column(series, 0), 7)).toBeUndefined();
});

test('gaps are runs of buckets that were equally unwatched', () => {
  expect(gaps([1, 1, 1])).toEqual([]);
  expect(gaps([1, 0, 0, 0.5, 0.502, 1, 0])).toEqual([
    { from: 1, to: 3, share: 1 },
    { from: 3, to: 5, share: 0.5 },
    { from: 6, to: 7, share: 1 },
  ]);
});

test('a scrape that came a moment late is no gap', () => {
  expect(gaps([0.997, 1, 1.2])).toEqual([]);
  // One dead target among many is no gap.
  expect(gaps([0.96, 0.98, 0.95])).toEqual([{ from: 2, to: 3, share: 0.05 }]);
  expect(coverageWords(0.997)).toBeUndefined();
});

test('nobody watching and no errors are said differently', () => {
  expect([0, 0.004, 0.45, 0.993].map(coverageWords)).toEqual([
    'Nobody was watching',
    'Nobody was watching',
    '45% of it was watched',
    '99% of it was watched',
  ]);
  expect([[], [0, 0], [1, 1], [0.98, 0.98], [1, 0]].map(watched)).toEqual(['none', 'none', 'all', 'most', 'some']);
});

test('what a click on a series filters by', () => {
  expect(identity({ service: 'a' }, 'service')).toEqual({ name: 'a', term: { key: 'service', value: 'a' } });
  expect(identity({}, 'target.version')).toEqual({ name: 'no version', term: { key: 'target.version', value: '' } });
  expect(identity({ aggregate: '7', class: 'E', message: '' }, 'aggregate')).toEqual({
    name: 'E',
    term: { key: 'aggregate', value: '7' },
  });
  expect(identity({}, '').term).toBeUndefined();
});

test('an answer becomes a picture whose last bucket is whole', () => {
  const answer = {
    start: '2026-11-20T10:00:00Z',
    end: '2026-11-20T10:10:00Z',
    step_seconds: 600,
    timestamps: [1_795_168_800],
    series: [{ labels: { service: 'a' }, ...counts(2) }],
    other: counts(3),
    total: counts(5),
    coverage: [1],
  };
  const data = chartData(answer, 'service');
  expect([data.startMs, data.endMs, data.total]).toEqual([1_795_168_800_000, 1_795_169_400_000, 5]);
  expect(data.series.map(({ name, rest }) => [name, rest])).toEqual([
    ['a', false],
    ['everything else', true],
  ]);
  expect(chartData({ ...answer, other: counts(0) }, 'service').series).toHaveLength(1);
});

test('a series keeps its colour when others leave, and two never share one', () => {
  const names = ['accounts', 'billing', 'catalogue', 'checkout', 'delivery', 'gateway', 'inventory', 'mailer'];
  const series = names.map((name) => ({ name, rest: false }));
  const all = colours(series, 'service', 'light');
  expect(new Set(all).size).toBe(names.length);
  expect(colours([...series].reverse(), 'service', 'light')).toEqual([...all].reverse());
  expect(colours([{ name: 'error', rest: false }], 'severity', 'dark')).toEqual(['#f0863c']);
});

test('the time axis says the date once, and again where a day begins', () => {
  const at = Date.UTC(2026, 10, 20, 18) / 1000;
  const sixHours = [at, at + 21_600, at + 43_200];
  expect(timeLabels(sixHours, 21_600, 'utc')).toEqual(['18:00\n20 Nov', '21 Nov', '06:00']);
  expect(timeLabels([at, at + 30], 30, 'utc')).toEqual(['18:00:00\n20 Nov', '18:00:30']);
  expect(timeLabels([at, at + 86_400], 86_400, 'utc')).toEqual(['20 Nov', '21 Nov']);
});
