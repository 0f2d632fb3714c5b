import { expect, test } from 'vitest';
import { mistake, pieces, split } from './highlight';

/** `kind:text`, with `!` before what is excluded and `"` before what is quoted. */
function cut(q: string): string[] {
  return pieces(q)
    .filter(({ kind }) => kind !== 'blank')
    .map(({ kind, text, quoted, negated }) => `${negated ? '!' : ''}${quoted ? '"' : ''}${kind} ${text}`);
}

test('terms, operators, brackets and quotes are told apart', () => {
  expect(cut('service:checkout is:open -url:/health (stack:Hikari OR "connection refused")')).toEqual([
    'key service:',
    'value checkout',
    'key is:',
    'value open',
    '!minus -',
    '!key url:',
    '!value /health',
    'bracket (',
    'key stack:',
    'value Hikari',
    'operator OR',
    '"text "connection refused"',
    'bracket )',
  ]);
  expect(cut('a NOT severity:info b')).toEqual(['text a', 'operator NOT', '!key severity:', '!value info', 'text b']);
  expect(cut('class:"a \\" b" x')).toEqual(['key class:', '"value "a \\" b"', 'text x']);
});

test('what only looks like a key, an operator or a bracket is text, as for the server', () => {
  expect(cut('ActiveRecord::NotFound https://shop/cart 10.0.0.1:5432 or')).toEqual([
    'text ActiveRecord::NotFound',
    'text https://shop/cart',
    'text 10.0.0.1:5432',
    'text or',
  ]);
  expect(cut('class:A::B label.team:x colour:red')).toEqual([
    'key class:',
    'value A::B',
    'key label.team:',
    'value x',
    'key colour:',
    'value red',
  ]);
  expect(cut('(getUser() \\( )')).toEqual(['bracket (', 'text getUser()', 'text \\(', 'bracket )']);
  expect(cut('first_seen:>-24h co-op -(a)')).toEqual([
    'key first_seen:',
    'value >-24h',
    'text co-op',
    '!minus -',
    'bracket (',
    'text a',
    'bracket )',
  ]);
});

test('nothing is lost, whatever is typed', () => {
  const typed = [
    '',
    ' ',
    '"open',
    'a:"',
    '-',
    '- a',
    'NOT',
    'NOT ',
    ')(',
    '\\',
    'a\\',
    '🙂:"🙂 ',
    'key:',
    '  a   b  ',
    '"a"b',
    '-"x',
  ];
  for (const q of typed)
    expect(
      pieces(q)
        .map(({ text }) => text)
        .join(''),
    ).toBe(q);
});

test('a mistake is marked at its word, counted in characters', () => {
  expect(mistake('🙂 colour:red x', 2)).toEqual({ from: 3, to: 13 });
  expect(mistake('a (', 3)).toEqual({ from: 3, to: 3 });
  const parts = split(pieces('🙂 colour:red x'), { from: 3, to: 13 });
  expect(parts.filter(({ bad }) => bad).map(({ text }) => text)).toEqual(['colour:', 'red']);
  expect(parts.map(({ text }) => text).join('')).toBe('🙂 colour:red x');
});
