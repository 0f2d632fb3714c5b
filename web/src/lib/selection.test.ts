import { expect, test } from 'vitest';
import { allToggled, formatSelection, nothing, parseSelection, reached, toggled } from './selection';

const shown = [4, 9, 2, 7, 5];

function of(text: string) {
  return parseSelection(text);
}

test('a selection survives the address', () => {
  for (const text of ['', 'all', '4', '9,2,7']) expect(formatSelection(parseSelection(text))).toBe(text);
  expect(formatSelection(parseSelection('4,x,-1,1e9,9'))).toBe('4,9');
});

test('one row comes and goes', () => {
  expect(formatSelection(toggled(of('4'), 2, shown))).toBe('4,2');
  expect(formatSelection(toggled(of('4,2'), 4, shown))).toBe('2');
  expect(formatSelection(toggled(of('all'), 2, shown))).toBe('4,9,7,5');
});

test('from the last one up to another, in both directions, on top of what was chosen', () => {
  expect(formatSelection(reached(of('4'), 9, 7, shown))).toBe('4,9,2,7');
  expect(formatSelection(reached(of('5'), 7, 9, shown))).toBe('5,9,2,7');
  expect(formatSelection(reached(of(''), undefined, 7, shown))).toBe('7');
  expect(formatSelection(reached(of('99'), 99, 7, shown))).toBe('99,7');
});

test('many are told by their ranges', () => {
  const many = of('').ids;
  const ids = new Set([...many, ...Array.from({ length: 5000 }, (_, n) => 9000 - n), 17, 19]);
  const text = formatSelection({ all: false, ids });
  expect(text).toBe('17,19,4001-9000');
  expect(parseSelection(text).ids).toEqual(ids);
  expect(parseSelection('5-3,2-4').ids).toEqual(new Set([2, 3, 4]));
  expect(parseSelection('0-4000000000').ids.size).toBe(100_000);
});

test('all is chosen, or nothing', () => {
  expect(formatSelection(allToggled(false))).toBe('all');
  expect(allToggled(true)).toBe(nothing);
});
