import { expect, test } from 'vitest';
import { byId, differs, keep, piecesOf, stepped } from './rows';

const ids = Array.from({ length: 10_000 }, (_, index) => 20_000 - index);

test('what is on screen is loaded in whole pieces, and what is next to it', () => {
  const places = (first: number, last: number, of = ids) =>
    piecesOf(of, { first, last }).map((piece) => [of.indexOf(piece[0] ?? -1), piece.length]);
  expect(places(0, 11)).toEqual([[0, 50]]);
  expect(places(20, 31)).toEqual([
    [0, 50],
    [50, 50],
  ]);
  expect(places(5_030, 5_045)).toEqual([
    [5_000, 50],
    [5_050, 50],
  ]);
  expect(places(9_990, 9_999)).toEqual([[9_950, 50]]);
  expect(places(0, 11, ids.slice(0, 7))).toEqual([[0, 7]]);
  expect(places(0, 11, [])).toEqual([]);
});

test('the same rows scrolled a little are the same pieces', () => {
  expect(piecesOf(ids, { first: 100, last: 110 })).toEqual(piecesOf(ids, { first: 112, last: 122 }));
});

test('an order differs by what is new, gone, or elsewhere', () => {
  expect(differs([1, 2, 3], [1, 2, 3])).toBe(false);
  for (const fresh of [[4, 1, 2, 3], [1, 3], [1, 3, 2], []]) expect(differs([1, 2, 3], fresh)).toBe(true);
});

test('keys lead from row to row, from page to page and to the ends, loaded or not', () => {
  const to = (key: string, at: number | undefined) => stepped(key, at, 10_000, 12);
  expect([to('j', 7), to('k', 7), to('PageDown', 7), to('PageUp', 7)]).toEqual([8, 6, 19, 0]);
  expect([to('j', 9_999), to('PageDown', 9_995), to('k', 0)]).toEqual([9_999, 9_999, 0]);
  expect([to('Home', 7), to('End', 7), to('End', undefined)]).toEqual([0, 9_999, 9_999]);
  expect([to('j', undefined), to('x', 7), stepped('End', 0, 0, 12)]).toEqual([undefined, undefined, undefined]);
});

test('the later answer counts, and what no answer has any more is kept for a while', () => {
  const rows = byId([
    [
      { id: 1, n: 'old' },
      { id: 2, n: 'old' },
    ],
    [{ id: 1, n: 'new' }],
  ]);
  expect([rows.get(1)?.n, rows.get(2)?.n]).toEqual(['new', 'old']);
  const kept = new Map([
    [8, 'a'],
    [9, 'b'],
    [3, 'c'],
  ]);
  keep(
    kept,
    new Map([
      [8, 'A'],
      [1, 'd'],
    ]),
    3,
  );
  expect([...kept]).toEqual([
    [3, 'c'],
    [8, 'A'],
    [1, 'd'],
  ]);
});
