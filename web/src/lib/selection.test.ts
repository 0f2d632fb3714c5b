import { expect, test } from 'vitest';
import { formatSelection, nothing, pageToggled, parseSelection, reached, toggled } from './selection';

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

test('the page is chosen whole, or not at all; other pages stay', () => {
  expect(formatSelection(pageToggled(nothing, shown))).toBe('4,9,2,7,5');
  expect(formatSelection(pageToggled(of('99,4'), shown))).toBe('99,4,9,2,7,5');
  expect(formatSelection(pageToggled(of('99,4,9,2,7,5'), shown))).toBe('99');
  expect(formatSelection(pageToggled(of('all'), shown))).toBe('');
});
