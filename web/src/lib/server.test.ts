import { expect, test } from 'vitest';
import { intervals, kept, keyRule, limitsHit, type ServerFacts, troubles } from './server';

const well: ServerFacts = {
  config_reload_success: true,
  limits_hit: {},
  overflows: [],
  search: { complete: true, indexed_ratio: 1 },
  storage: { occurrence_bytes: 10, thinned_days: 0, thinned_occurrences: 0, damaged_pages: 0 },
  retention: { occurrences_bytes: 1000 },
};

const now = Date.parse('2026-08-01T00:00:00Z');

test('when all is well there is nothing to say', () => {
  expect(troubles(well, now)).toEqual([]);
});

test('what is the matter is said, with what one does about it', () => {
  const all = troubles(
    {
      config_reload_success: false,
      config_reload_error: 'unknown key "x" at line 3',
      limits_hit: { checkout: { aggregates: 5 } },
      overflows: [{ service: 'orders', exceptions: 7 }],
      search: { complete: false, indexed_ratio: 0.42 },
      storage: { occurrence_bytes: 990, thinned_days: 2, thinned_occurrences: 1200, damaged_pages: 0 },
      retention: { occurrences_bytes: 1000 },
    },
    now,
  );
  expect(all.map(({ level }) => level)).toEqual(['bad', 'warn', 'warn', 'warn', 'note']);
  expect(all[0]?.advice).toContain('line 3');
  expect(all[2]?.what).toContain('New errors of orders');
  expect(all[3]?.what).toContain('1,200 samples of 2 days');
  expect(all[4]?.what).toContain('42%');
});

test('a full disk is said before all else, and what waits for it', () => {
  const outage = {
    since: '2026-08-01T03:00:00Z',
    reason: 'no space left on device',
    held_scrapes: 120,
    held_bytes: 3_000_000,
    held_bytes_max: 67_108_864,
    paused: false,
  };
  const [first] = troubles({ ...well, config_reload_success: false, outage }, now);
  expect(first).toMatchObject({ level: 'bad', what: 'The disk is full: what is scraped waits in memory' });
  expect(first?.advice).toContain(
    '120 scrapes (3 MB of at most 67.1 MB) wait. What the system says: no space left on device',
  );
  expect(troubles({ ...well, outage: { ...outage, paused: true } }, now)[0]?.what).toContain('nothing is scraped');
  expect(troubles({ ...well, outage: null }, now)).toEqual([]);
});

test('damage is said before what can wait', () => {
  const said = (damaged_pages: number) =>
    troubles({ ...well, config_reload_success: false, storage: { ...well.storage, damaged_pages } }, now).map(
      ({ level, what }) => `${level}: ${what}`,
    );
  expect(said(1)[0]).toBe('bad: 1 page of the database is damaged: what would need it fails');
  expect(said(1200)[0]).toBe('bad: 1,200 pages of the database are damaged: what would need them fails');
  expect(said(0)).toHaveLength(1);
  const search = { complete: false, indexed_ratio: 0.4 };
  const storage = { ...well.storage, damaged_pages: 1 };
  expect(troubles({ ...well, search, storage }, now)[1]?.advice).toBe('What is damaged may be in its way.');
});

test('room that is nearly full is said before anything goes', () => {
  const storage = { ...well.storage, occurrence_bytes: 950 };
  expect(troubles({ ...well, storage }, now).map(({ what }) => what)).toEqual([
    'Samples take 95% of the room they may take',
  ]);
});

test('a disk that will be full soon is said while there is time', () => {
  const growth = { time: '2026-08-01T00:00:00Z', since: '2026-07-25T00:00:00Z', parts: [], free_bytes: 1e9 };
  const said = (disk_full_at: string | null) =>
    troubles({ ...well, storage: { ...well.storage, growth: { ...growth, disk_full_at } } }, now).map(
      ({ level, what }) => `${level}: ${what}`,
    );
  expect(said('2026-08-10T00:00:00Z')).toEqual(['warn: The disk is full in 9 d, if all goes on as in the last week']);
  expect(said('2026-08-01T20:00:00Z')[0]).toContain('bad: ');
  expect([said('2026-09-30T00:00:00Z'), said(null)]).toEqual([[], []]);
});

test('limits, most first', () => {
  expect(limitsHit({ b: { truncated: 3, causes: 0 }, a: { aggregates: 9, truncated: 3 } })).toEqual([
    { service: 'a', kind: 'aggregates', count: 9 },
    { service: 'a', kind: 'truncated', count: 3 },
    { service: 'b', kind: 'truncated', count: 3 },
  ]);
});

test('intervals of the running configuration', () => {
  const yaml =
    'global:\n  scrape_interval: 15s\nservices:\n- name: a\n  scrape_interval: 15s\n- name: "b c"\n  scrape_interval: 5s\n  x:\n      scrape_interval: 1s\n';
  expect(intervals(yaml)).toEqual({ usual: '15s', others: [{ service: 'b c', interval: '5s' }] });
  expect(intervals('')).toEqual({ usual: undefined, others: [] });
});

test('how long things are kept', () => {
  expect(kept(90 * 86_400)).toBe('90 d');
  expect(kept(400 * 86_400)).toBe('400 d');
  expect(kept(3650 * 86_400)).toBe('10 y');
  expect(kept(0)).toBe('for ever');
});

test('a rule for keys is text for the configuration', () => {
  expect(keyRule('orders', ['uuids', 'numbers'])).toBe(
    'services:\n  - name: orders\n    key_rules:\n      - strip: [uuids, numbers]\n',
  );
  expect(keyRule('a: b', ['hash'])).toContain('- name: "a: b"');
});
