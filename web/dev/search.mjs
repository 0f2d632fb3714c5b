// A search's answer from the made-up fleet: samples of the errors that match, with what the page tells them apart by.
import { samplesOf } from './fleet.mjs';

const samplesPerError = 120;

/** `aggregates` are those for which the query holds; `word` is what is marked. */
export function search(world, aggregates, params, { start, end, now, buckets }) {
  const all = aggregates
    .slice(0, 60)
    .flatMap((a) =>
      samplesOf(a, world.targets, now - a.id * 1234, samplesPerError).map((sample) => ({ ...sample, of: a })),
    )
    .filter(({ timestamp }) => Date.parse(timestamp) >= start && Date.parse(timestamp) < end)
    .sort((a, b) => Date.parse(b.timestamp) - Date.parse(a.timestamp));
  const limit = Number(params.get('limit') ?? 20);
  const last = params.get('cursor');
  const at = last ? all.findIndex(({ id }) => id === last) + 1 : 0;
  const word = /(?:^|\s)([\p{L}]{2,})(?:\s|$)/u.exec(params.get('q') ?? '')?.[1];
  const counts = buckets.times.map(() => 0);
  for (const { timestamp } of all) counts[Math.floor((Date.parse(timestamp) - buckets.times[0]) / buckets.step)] += 1;
  const errors = tally(all, ({ of }) => of);
  return {
    start: new Date(start).toISOString(),
    end: new Date(end).toISOString(),
    counted: 'samples',
    indexed: { complete: true, ratio: 1 },
    summary: {
      total: all.length,
      over_time: { start: new Date(buckets.times[0]).toISOString(), step_seconds: buckets.step / 1000, counts },
      facets: (params.get('facets') ?? '')
        .split(',')
        .filter(Boolean)
        .map((name) => facet(all, name)),
      aggregates_total: errors.length,
      aggregates: errors.slice(0, Number(params.get('aggregates') ?? 0)).map(([of, count]) => ({ ...of, count })),
    },
    next_cursor: at + limit < all.length && limit > 0 ? all[at + limit - 1].id : null,
    occurrences: all.slice(at, at + limit).map((sample) => hit(sample, word)),
  };
}

function facet(all, name) {
  const value = ({ of, target }) =>
    name.startsWith('target.')
      ? target[name.slice(7)]
      : name.startsWith('label.')
        ? of.labels[name.slice(6)]
        : of[name];
  const values = tally(all, (sample) => value(sample) ?? '').map(([one, count]) => ({ value: one, count }));
  return { name, values: values.slice(0, 20), other: values.slice(20).reduce((sum, { count }) => sum + count, 0) };
}

function tally(all, by) {
  const found = new Map();
  for (const one of all) found.set(by(one), (found.get(by(one)) ?? 0) + 1);
  return [...found].sort(([, a], [, b]) => b - a);
}

function hit({ id, of, timestamp, severity, target, ...sample }, word) {
  const snippet = (field, text) => ({ field, parts: marked(text, word), cut_before: false, cut_after: false });
  const snippets = [snippet('class', sample.class), snippet('message', sample.message)];
  return {
    id,
    aggregate: of.id,
    service: of.service,
    time: timestamp,
    severity,
    class: sample.class,
    target,
    snippets,
  };
}

function marked(text, word) {
  if (!word || text === '') return [{ text, marked: false }];
  return text
    .split(new RegExp(`(${word})`, 'iu'))
    .map((part, n) => ({ text: part, marked: n % 2 === 1 }))
    .filter((part) => part.text !== '');
}
