import { expect, test } from 'vitest';
import { recalled, remembered } from './history';

test('the newest query stands first and once, and only so many are kept', () => {
  expect(remembered(['b', 'a'], 'a')).toEqual(['a', 'b']);
  const many = Array.from({ length: 80 }, (_, n) => `q${n}`).reduce(remembered, [] as string[]);
  expect([many.length, many[0], many.at(-1)]).toEqual([50, 'q79', 'q30']);
});

test('the arrows lead to older queries and back to what was typed', () => {
  const kept = ['new', 'old'];
  expect(recalled(kept, -1, -1)).toEqual({ at: 0, q: 'new' });
  expect(recalled(kept, 0, -1)).toEqual({ at: 1, q: 'old' });
  expect(recalled(kept, 1, -1)).toBeUndefined();
  expect(recalled(kept, 1, 1)).toEqual({ at: 0, q: 'new' });
  expect(recalled(kept, 0, 1)).toEqual({ at: -1, q: '' });
  expect(recalled(kept, -1, 1)).toBeUndefined();
});
