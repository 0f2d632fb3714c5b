import { expect, test } from 'vitest';
import { flags, leading, type Marker, versionMarkers } from './marker';

const mark = (at: number, kind: Marker['kind'] = 'seen'): Marker => ({ at, kind, text: kind });

test('markers close to each other share a flag, those outside have none', () => {
  const found = flags([mark(105), mark(100, 'regressed'), mark(150), mark(99), mark(200)], 100, 200, 1000, 60);
  expect(found.map(({ share, markers }) => [share, markers.length])).toEqual([
    [0, 2],
    [0.5, 1],
  ]);
  expect(leading(found[0]?.markers ?? [])).toBe('regressed');
});

test('a version begins where it counts first, unless it was there before', () => {
  const series = [
    { labels: { 'target.version': '1' }, counts: [3, 0, 0] },
    { labels: { 'target.version': '2' }, counts: [0, 1, 4] },
    { labels: {}, counts: [0, 0, 1] },
    { labels: { 'target.version': '3' }, counts: [0, 0, 0] },
  ];
  expect(versionMarkers({ timestamps: [10, 20, 30], series }, 'target.version')).toEqual([
    { at: 20_000, kind: 'version', text: 'first errors from version 2' },
  ]);
});
