import { expect, test } from 'vitest';
import { difference, shifted, untilNow } from './compare';

const hour = 3_600_000;

test('the same buckets a day or a week before', () => {
  const startMs = Date.UTC(2026, 10, 20);
  const day = { startMs, endMs: startMs + 24 * hour, stepMs: hour };
  expect(shifted(day, '1d')).toEqual({ start: '2026-11-19T00:00:00Z', end: '2026-11-20T00:00:00Z', step: 3600 });
  expect(shifted(day, '7d')?.start).toBe('2026-11-13T00:00:00Z');
  expect(shifted(day, '')).toBeUndefined();
});

test('buckets longer than the distance can not be laid upon each other', () => {
  const buckets = { startMs: 0, endMs: 28 * 24 * hour, stepMs: 7 * 24 * hour };
  expect(shifted(buckets, '1d')).toBeUndefined();
  expect(shifted(buckets, '7d')).toBeDefined();
});

test('differences in words', () => {
  const said: [number, number, string][] = [
    [10, 10, 'the same'],
    [5, 0, 'none then'],
    [120, 100, '+20%'],
    [92, 100, '−8%'],
    [0, 100, '−100%'],
    [340, 100, '3.4 times as many now'],
  ];
  for (const [now, before, words] of said) expect(difference(now, before)).toBe(words);
});

test('only what has a counterpart is compared', () => {
  expect(untilNow([10, 10, 10], { startMs: 0, stepMs: hour }, 1.5 * hour)).toBe(15);
});
