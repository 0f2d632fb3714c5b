import { expect, test } from 'vitest';
import { byNeed, hollow, type ServiceStanding, tally } from './overview';

const calm: ServiceStanding = { name: 'calm', up: 3, targets: 3, fresh: 0, regressed: 0, escalating: 0, count: 10 };

test('what is worse stands further up', () => {
  const order = byNeed([
    { ...calm, name: 'b' },
    { ...calm, name: 'a' },
    { ...calm, name: 'busy', count: 900 },
    { ...calm, name: 'new', fresh: 9 },
    { ...calm, name: 'limps', up: 2 },
    { ...calm, name: 'back', regressed: 1 },
    { ...calm, name: 'dead', up: 0 },
    { ...calm, name: 'storm', escalating: 1 },
  ]).map(({ name }) => name);
  expect(order).toEqual(['storm', 'dead', 'back', 'limps', 'new', 'busy', 'a', 'b']);
});

test('why there is nothing to see', () => {
  const one = (up: number, total: number, errors: number, last_scrape: string | null = '2026-11-20T10:00:00Z') => ({
    targets: { up, total },
    aggregates: { total: errors },
    last_scrape,
  });
  expect(hollow([])).toEqual({ why: 'unconfigured', ever: false });
  expect(hollow([one(0, 0, 0)]).why).toBe('undiscovered');
  expect(hollow([one(0, 2, 0, null)]).why).toBe('unscraped');
  expect(hollow([one(0, 2, 7)])).toEqual({ why: 'dead', ever: true });
  expect(hollow([one(1, 2, 0), one(0, 1, 0)]).why).toBe('quiet');
  expect(hollow([one(1, 2, 1)]).why).toBeUndefined();
});

test('reasons by how often they are given', () => {
  expect(tally(['a', null, 'b', 'b', '', undefined])).toEqual([
    { text: 'b', count: 2 },
    { text: 'a', count: 1 },
  ]);
});
