import { expect, test } from 'vitest';
import { about, type Growth, growing, limited, roomLeft } from './growth';

const now = Date.parse('2026-08-01T00:00:00Z');
const inDays = (days: number) => new Date(now + days * 86_400_000).toISOString();

const week: Growth = {
  time: inDays(0),
  since: inDays(-7),
  parts: [
    { part: 'counts', bytes: 3e9, bytes_per_day: 1e8 },
    { part: 'rollups', bytes: 1e9, bytes_per_day: 1e8 },
    { part: 'samples', bytes: 6e9, bytes_per_day: 7e8 },
    { part: 'index', bytes: 2e9, bytes_per_day: 2e8 },
    { part: 'activity', bytes: 1e6, bytes_per_day: 1000 },
    { part: 'records', bytes: 1e7, bytes_per_day: 1e4 },
  ],
};

test('what grows is said, most first', () => {
  expect(growing(week)).toEqual({
    value: '+1.1 GB a day',
    meaning:
      '900 MB samples with their index, 200 MB counts; after what goes because of its age, as in the last 7 days',
  });
  expect(growing(null).value).toBe('not known yet');
  expect(growing({ ...week, since: inDays(-0.25) }).meaning).toContain('told by 6 h only, so far');
});

test('what shrinks or stays says so', () => {
  const one = (bytes_per_day: number) => growing({ ...week, parts: [{ part: 'counts', bytes: 1e9, bytes_per_day }] });
  expect(one(-5e7).value).toBe('−50 MB a day');
  expect(one(-5e7).meaning).not.toContain('counts');
  expect(one(1e5).value).toBe('stays as large');
  expect(growing({ ...week, parts: [] }).value).toBe('stays as large');
});

test('a limit is said with what happens at it', () => {
  const limit_bytes = 1e11;
  expect(limited(week, now).value).toBe('none');
  expect(limited({ ...week, limit_bytes }, now)).toMatchObject({ value: '100 GB' });
  expect(limited({ ...week, limit_bytes }, now).meaning).toContain('not reached');
  const soon = limited({ ...week, limit_bytes, limit_reached_at: inDays(20) }, now);
  expect(soon.meaning).toBe('is reached in 20 d; then the oldest goes for what comes in');
  const there = limited({ ...week, limit_bytes, limit_reached_at: inDays(0) }, now);
  expect(there.meaning).toContain('is reached: the oldest goes');
});

test('a disk that fills is the more urgent the sooner it does', () => {
  expect(roomLeft(week, now)).toBeUndefined();
  expect(roomLeft({ ...week, free_bytes: 5e10 }, now)).toMatchObject({
    value: '50 GB',
    meaning: expect.stringMatching(/^enough/),
  });
  const tone = (days: number) => roomLeft({ ...week, free_bytes: 5e10, disk_full_at: inDays(days) }, now)?.tone;
  expect([tone(1), tone(9), tone(30)]).toEqual(['bad', 'warn', undefined]);
});

test('times ahead are no finer than one can know', () => {
  expect([0.1, 9, 30, 200, 1000].map((days) => about(inDays(days), now))).toEqual([
    'in 2 h',
    'in 9 d',
    'in about 4 weeks',
    'in about 7 months',
    'in about 3 years',
  ]);
});
