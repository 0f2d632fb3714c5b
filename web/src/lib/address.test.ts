import { expect, test } from 'vitest';
import { fileName, markdownImage, queryString } from './address';

test('a query without what is empty', () => {
  expect(queryString({ q: 'a b', by: '', top: 12, align: '+02:00', end: undefined })).toBe(
    'q=a+b&top=12&align=%2B02%3A00',
  );
});

test('a picture for Markdown stays one picture', () => {
  expect(markdownImage('Errors [by] a\\b\nx', 'http://h/c.png?q=(a)', 'http://h/#/errors?q=(a b)')).toBe(
    '[![Errors \\[by\\] a\\\\b x](http://h/c.png?q=%28a%29)](http://h/#/errors?q=%28a%20b%29)',
  );
});

test('names for files', () => {
  expect(fileName('Errors by service', '2026-11-20T10:00:00Z')).toBe('errors-by-service-2026-11-20t10-00-00z');
  expect(fileName('../../etc', '')).toBe('etc');
});
