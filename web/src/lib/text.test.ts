import { expect, test } from 'vitest';
import { frame, lines, plainTrace } from './frame';
import { shorten, visible } from './text';

test('control and direction characters become something to read', () => {
  expect(visible('a\u0000b\u001b[31mc\u007f\u0085')).toBe('a␀b␛[31mc␡⟨U+0085⟩');
  expect(visible('\u202egnp.exe\u2066\ufeff')).toBe('⟨U+202E⟩gnp.exe⟨U+2066⟩⟨U+FEFF⟩');
  expect(visible('x\u{e0041}')).toBe('x⟨U+E0041⟩');
  expect(visible('\ud800 alone')).toBe('\ufffd alone');
});

test('writing of any language and emoji stay as they are', () => {
  for (const text of ['Не удалось', 'فشل الاتصال', '👩‍🚀', 'نمی‌خواهم', '<b>&amp;</b>'])
    expect(visible(text), text).toBe(text);
});

test('line breaks are kept only where there is room for them', () => {
  expect(visible('a\nb\tc')).toBe('a⏎b c');
  expect(visible('a\nb\tc', true)).toBe('a\nb\tc');
});

test('a cut never splits a character', () => {
  expect(shorten('abcdef', 4)).toBe('abc…');
  expect(shorten('ab👩cd', 4)).toBe('ab…');
  expect(shorten('abc', 4)).toBe('abc');
});

test('the place in the source is found in the traces of many languages', () => {
  for (const [line, place] of [
    ['  File "/app/checkout/cart.py", line 42, in place', '/app/checkout/cart.py", line 42'],
    ['\tat com.acme.Cart.place(Cart.java:87)', 'Cart.java:87'],
    ["app/models/order.rb:118:in `find'", 'app/models/order.rb:118'],
    ['\t/src/gateway/server.go:214 +0x1d3', '/src/gateway/server.go:214'],
    ['    at place (https://shop.example.com/app.js:10:23)', 'https://shop.example.com/app.js:10:23'],
    ['#0 /var/www/Order.php(23): place()', '/var/www/Order.php(23)'],
    ['goroutine 812 [running]:', ''],
  ] as const) {
    const found = frame(line);
    expect(found.place, line).toBe(place);
    expect(found.before + found.place + found.after).toBe(line);
  }
});

test('a stack is its lines, however the client cut it', () => {
  expect(lines(['one\n', 'two\r\n  three\n', ''])).toEqual(['one', 'two', '  three']);
  const chain = [
    { class: 'A', message: 'x', stacktrace: ['f1', 'f2'] },
    { class: 'B', message: '', stacktrace: null },
  ];
  expect(plainTrace(chain)).toBe('A: x\nf1\nf2\nCaused by: B');
});
