import { expect, test } from 'vitest';
import { changed } from './location';
import { defaultView, formatPlace, type Place, parsePlace } from './url';

const home: Place = { route: { page: 'overview' }, view: defaultView };
const list: Place = { route: { page: 'errors' }, view: defaultView };

test('the plain address is the first page with all defaults', () => {
  for (const hash of ['', '#', '#/', '#/?']) expect(parsePlace(hash), hash).toEqual(home);
  expect(formatPlace(home)).toBe('#/');
});

test('every view survives the address', () => {
  const places: Place[] = [
    {
      route: { page: 'errors' },
      view: {
        ...defaultView,
        range: { from: '2026-11-20T10:00:00Z', to: 'now-5m' },
        refresh: 30,
        q: 'service:"a b" class:*Timeout* -x "50% & more"',
        by: 'target.version',
        compare: '7d',
        sort: 'count',
        cursor: 'eyJ9=/+',
        pageNumber: 3,
        all: true,
        selected: '3,17,40',
      },
    },
    {
      route: { page: 'activity' },
      view: { ...defaultView, q: 'label.team:web', actor: 'Zoë & co', reason: 'bulk', cursor: '88', pageNumber: 2 },
    },
    { route: { page: 'reports' }, view: { ...defaultView, label: 'équipe' } },
    {
      route: { page: 'error', service: 'a/b?c', key: 'Ünïcode #1@%2F/ \n?x=1' },
      view: { ...defaultView, split: 'target.zone', occurrence: '20412-3871-5' },
    },
    {
      route: { page: 'search' },
      view: { ...defaultView, q: 'stack:"a b"', cursor: '17.1-2-3', pageNumber: 2, occurrence: '1-2-3' },
    },
    { route: { page: 'status' }, view: defaultView },
    { route: { page: 'targets' }, view: { ...defaultView, health: 'down', service: 'a b' } },
  ];
  for (const place of places) expect(parsePlace(formatPlace(place)), formatPlace(place)).toEqual(place);
});

test("Periskop's deep link lands on the error", () => {
  const link = `#/checkout/errors/${encodeURIComponent('java.lang.Foo@1a2b/c d')}`;
  expect(parsePlace(link).route).toEqual({ page: 'error', service: 'checkout', key: 'java.lang.Foo@1a2b/c d' });
});

test('a link that somebody forgot to encode still lands', () => {
  expect(parsePlace('#/my service/errors/Foo@1/2').route).toEqual({
    page: 'error',
    service: 'my service',
    key: 'Foo@1/2',
  });
  expect(parsePlace('#/checkout/errors/100%').route).toEqual({ page: 'error', service: 'checkout', key: '100%' });
});

test('a service called targets has errors too', () => {
  expect(parsePlace('#/targets/errors/x').route).toEqual({ page: 'error', service: 'targets', key: 'x' });
  expect(parsePlace('#/targets').route).toEqual({ page: 'targets' });
  expect(parsePlace('#/search').route).toEqual({ page: 'search' });
  expect(parsePlace('#/checkout').route).toEqual({ page: 'service', service: 'checkout' });
});

test('links from when the list stood at the root lead to the list', () => {
  for (const hash of ['#/?q=is:open', '#/?sort=count&from=now-30d', '#/?cursor=x&page=2'])
    expect(parsePlace(hash).route, hash).toEqual({ page: 'errors' });
  expect(parsePlace('#/?from=now-30d&by=severity').route).toEqual({ page: 'overview' });
});

test('nonsense in the address becomes the default', () => {
  const { view } = parsePlace('#/errors?compare=2d&sort=up&refresh=7&page=-2&cursor=x');
  expect(view).toEqual({ ...defaultView, cursor: 'x' });
});

test('another question starts from the first page of the list', () => {
  const place = { ...list, view: { ...defaultView, cursor: 'c', pageNumber: 4 } };
  expect(changed(place, { view: { q: 'x' } }).view).toMatchObject({ q: 'x', cursor: '', pageNumber: 1 });
  expect(changed(place, { view: { by: 'severity' } }).view).toMatchObject({ cursor: 'c', pageNumber: 4 });
});

test('going to an error keeps the question for the way back', () => {
  const place = { ...list, view: { ...defaultView, q: 'x', sort: 'count' as const, occurrence: 'old' } };
  const there = changed(place, { route: { page: 'error', service: 's', key: 'k' } });
  expect(there.view).toMatchObject({ q: 'x', sort: 'count', occurrence: '' });
});

test('what nobody sees any more is not selected any more', () => {
  const place = {
    route: { page: 'errors' } as const,
    view: { ...defaultView, selected: '3,17', cursor: 'x', pageNumber: 2 },
  };
  expect(changed(place, { view: { q: 'a' } }).view).toMatchObject({ selected: '', cursor: '', pageNumber: 1 });
  expect(changed(place, { view: { all: true } }).view.selected).toBe('');
  expect(changed(place, { view: { sort: 'count' } }).view).toMatchObject({ selected: '3,17', cursor: '' });
  expect(changed(place, { view: { cursor: 'y', pageNumber: 3 } }).view).toMatchObject({
    selected: '3,17',
    cursor: 'y',
  });
  expect(changed(place, { route: { page: 'activity' } }).view).toMatchObject({ selected: '', cursor: '' });
});
