import { expect, test } from 'vitest';
import { complete, cursorIn } from './completion';

test('a suggestion takes the place of the word at the cursor', () => {
  expect(complete('service:che', { start: 8, end: 11 }, 'checkout')).toEqual({ text: 'service:checkout ', offset: 17 });
  expect(complete('a (is:n x)', { start: 6, end: 7 }, 'new')).toEqual({ text: 'a (is:new x)', offset: 9 });
  expect(complete('ser', { start: 0, end: 3 }, 'service:')).toEqual({ text: 'service:', offset: 8 });
});

test('places are in characters', () => {
  expect(cursorIn('🔥 is:', 6)).toBe(5);
  expect(complete('🔥 is:', { start: 5, end: 5 }, 'open')).toEqual({ text: '🔥 is:open ', offset: 11 });
  expect(cursorIn('abc', null)).toBe(3);
});
