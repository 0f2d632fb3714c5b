import { expect, test } from 'vitest';
import { hold, inEarlierOrder } from './held';

const row = (id: string, n = 0) => ({ id, n });
const id = (one: { id: string }) => one.id;

test('held rows take new figures and keep their places', () => {
  const { rows, waiting } = hold([row('a'), row('b')], [row('b', 2), row('a', 1)], id);
  expect(rows).toEqual([row('a', 1), row('b', 2)]);
  expect(waiting).toBe(2);
});

test('what is new waits, and what is gone stays until it is let go', () => {
  const { rows, waiting } = hold([row('a'), row('b')], [row('a', 1), row('c')], id);
  expect(rows).toEqual([row('a', 1), row('b')]);
  expect(waiting).toBe(1);
  expect(hold([row('a'), row('b')], [row('a')], id).waiting).toBe(1);
});

test('nothing waits when nothing moved', () => {
  expect(hold([row('a')], [row('a', 5)], id)).toEqual({ rows: [row('a', 5)], waiting: 0 });
});

test('a legend keeps its order and takes newcomers at its end', () => {
  const fresh = [row('c'), row('a'), row('d'), row('b')];
  expect(inEarlierOrder(['a', 'b', 'x', 'c'], fresh, id).map(id)).toEqual(['a', 'b', 'c', 'd']);
  expect(inEarlierOrder([], fresh, id).map(id)).toEqual(['c', 'a', 'd', 'b']);
});
