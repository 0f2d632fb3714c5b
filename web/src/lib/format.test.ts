import { expect, test } from 'vitest';
import { ago, bytes, count, exact, exactTime, percent, rate, seconds, span, step } from './format';

const now = Date.UTC(2026, 10, 20, 12, 0, 0);

test('counts are exact as long as they are short', () => {
  for (const [n, text] of [
    [0, '0'],
    [999, '999'],
    [99_999, '99,999'],
    [123_456, '123k'],
    [999_499, '999k'],
    [999_999, '1M'],
    [1_234_567, '1.23M'],
    [987_654_321, '988M'],
    [4e9, '4G'],
  ] as const) {
    expect(count(n), String(n)).toBe(text);
  }
  expect(exact(1_234_567)).toBe('1,234,567');
});

test('a rate is in the unit that makes it readable', () => {
  for (const [perSecond, text] of [
    [0, '0'],
    [250, '250/s'],
    [3.21, '3.2/s'],
    [0.5, '30/min'],
    [0.002, '7.2/h'],
    [0.00001, '<1/h'],
  ] as const) {
    expect(rate(perSecond), String(perSecond)).toBe(text);
  }
});

test('a share is never rounded to nothing or to everything', () => {
  expect([0, 0.001, 0.5, 0.999, 1].map(percent)).toEqual(['0%', '<1%', '50%', '>99%', '100%']);
});

test('sizes and durations have three digits at most', () => {
  expect([0, 812, 14_800_000, 999_900].map(bytes)).toEqual(['0 B', '812 B', '14.8 MB', '1 MB']);
  expect([0, 0.003, 1.254, 120].map(seconds)).toEqual(['<1 ms', '3 ms', '1.25 s', '2 min']);
  expect([30, 600, 5400, 86_400, 0].map(step)).toEqual(['30 s', '10 min', '1 h 30 min', '1 d', '0 s']);
});

test('how long ago, with a clock that is ahead read as now', () => {
  for (const [back, text] of [
    [-60, 'just now'],
    [3, 'just now'],
    [59, '59 s ago'],
    [90, '1 min ago'],
    [7200, '2 h ago'],
    [3 * 86_400, '3 d ago'],
    [100 * 86_400, '3 mo ago'],
    [800 * 86_400, '2 y ago'],
  ] as const) {
    expect(ago(now - back * 1000, now), String(back)).toBe(text);
  }
});

test('an exact time names its zone', () => {
  expect(exactTime(now, 'utc')).toBe('2026-11-20 12:00:00 UTC');
  expect(exactTime(now, 'local')).toBe('2026-11-20 12:00:00 +00:00');
});

test('a span repeats only what differs', () => {
  expect(span(now, now + 600_000, 'utc', now)).toBe('20 Nov 12:00 – 12:10');
  expect(span(now, now + 15_000, 'utc', now)).toBe('20 Nov 12:00:00 – 12:00:15');
  expect(span(now, now + 86_400_000, 'utc', now)).toBe('20 Nov 12:00 – 21 Nov 12:00');
  expect(span(now - 400 * 86_400_000, now, 'utc', now)).toBe('16 Oct 2025 12:00 – 20 Nov 12:00');
});
