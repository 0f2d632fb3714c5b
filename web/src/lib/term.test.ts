import { expect, test } from 'vitest';
import { asksForNone, hasTerm, quote, terms, toggleNone, toggleTerm } from './term';

test('a query is cut where the server cuts it', () => {
  const found = terms('service:checkout -severity:info "two words" label.team:"a \\"b\\"" http://x -');
  expect(found.map(({ negated, key, value }) => [negated, key, value])).toEqual([
    [false, 'service', 'checkout'],
    [true, 'severity', 'info'],
    [false, undefined, 'two words'],
    [false, 'label.team', 'a "b"'],
    [false, 'http', '//x'],
    [false, undefined, '-'],
  ]);
});

test('only what means itself goes without quotes', () => {
  for (const [value, text] of [
    ['checkout', 'checkout'],
    ['10.0.0.1:8080', '10.0.0.1:8080'],
    ['', '""'],
    ['two words', '"two words"'],
    ['a*b', '"a\\*b"'],
    ['say "hi"', '"say \\"hi\\""'],
    ['App\\Foo', '"App\\\\Foo"'],
    ['f(x)', '"f(x)"'],
  ] as const) {
    expect(quote(value), value).toBe(text);
  }
});

test('a toggled term comes and goes, and takes the place of its like', () => {
  const with1 = toggleTerm('timeout -service:mailer', 'service', 'web front');
  expect(with1).toBe('timeout -service:mailer service:"web front"');
  expect(hasTerm(with1, 'service', 'web front')).toBe(true);
  expect(hasTerm(with1, 'service', 'mailer')).toBe(false);
  expect(toggleTerm(with1, 'service', 'billing')).toBe('timeout -service:mailer service:billing');
  expect(toggleTerm(with1, 'service', 'web front')).toBe('timeout -service:mailer');
});

test('of `is` several may hold', () => {
  expect(toggleTerm('is:open', 'is', 'new')).toBe('is:open is:new');
  expect(toggleTerm('is:open is:new', 'is', 'open')).toBe('is:new');
});

test('what has no value comes and goes as well', () => {
  const none = toggleNone('a label.team:web', 'label.team');
  expect(none).toBe('a -has:label.team');
  expect(asksForNone(none, 'label.team')).toBe(true);
  expect(asksForNone(none, 'label.tier')).toBe(false);
  expect(toggleNone(none, 'label.team')).toBe('a');
  expect(toggleTerm(none, 'label.team', 'web')).toBe('a label.team:web');
  expect(toggleTerm('has:label.team', 'label.team', 'web')).toBe('has:label.team label.team:web');
  expect(toggleNone('a OR b', 'assignee')).toBe('(a OR b) -has:assignee');
  expect(toggleNone('(a OR b) -has:assignee', 'assignee')).toBe('a OR b');
});

test('a query with operators stays whole', () => {
  const with1 = toggleTerm('a OR (b -c)', 'is', 'new');
  expect(with1).toBe('(a OR (b -c)) is:new');
  expect(hasTerm(with1, 'is', 'new')).toBe(true);
  expect(hasTerm('is:new OR b', 'is', 'new')).toBe(false);
  expect(toggleTerm(with1, 'is', 'new')).toBe('a OR (b -c)');
  expect(toggleTerm('"a OR b"', 'is', 'new')).toBe('"a OR b" is:new');
});

test('an open quote runs to the end', () => {
  expect(terms('a "open quote').map(({ text }) => text)).toEqual(['a', '"open quote']);
});
