// The API's shapes from a made-up fleet, and the built pages under a strict CSP: `npm run build && npm run mock`, then open
// http://127.0.0.1:4600/s/normal/. The name after /s/ is the scenario: normal, quiet (no errors), unwatched, none (no services),
// broken (500), slow, many (10,000 errors), one, dead (no target answers), troubled (limits hit, a failed reload, an index being made).
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { gzipSync } from 'node:zlib';
import { countsOf, fleet, noise, samplesOf, watchedAt } from './fleet.mjs';
import { search } from './search.mjs';
import { config, status } from './server.mjs';
import { triage } from './triage.mjs';

const port = Number(process.env.PORT ?? 4600);
const dist = new URL('../dist/', import.meta.url).pathname;
const fleets = {
  none: fleet({ services: 0, extra: false }),
  many: fleet({ many: 10_000 }),
  one: fleet({ services: 1, extra: false }),
};
const usual = fleet();
const csp =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const ladder = [15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800];

class Problem extends Error {
  constructor(status, detail, more = {}) {
    super(detail);
    this.body = { type: 'about:blank', title: 'Bad Request', status, detail, ...more };
  }
}

function time(text, fallback, now) {
  if (!text) return fallback;
  const ago = /^now(?:-(\d+)([smhdwy]))?$/.exec(text);
  if (ago)
    return now - Number(ago[1] ?? 0) * { s: 1e3, m: 6e4, h: 36e5, d: 864e5, w: 6048e5, y: 31_536e6 }[ago[2] ?? 's'];
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new Problem(400, `"${text}" is no time`, { param: 'start' });
  return ms;
}

function bucketsOf(start, end, wanted) {
  const step = (ladder.find((s) => (end - start) / 1000 / s <= wanted) ?? 604_800) * 1000;
  const first = Math.floor(start / step) * step;
  return { step, times: Array.from({ length: Math.ceil((end - first) / step) }, (_, n) => first + n * step) };
}

function matching(world, q) {
  let list = world.aggregates;
  for (const match of q.matchAll(/(-?)(?:([\w.]+):)?("(?:\\.|[^"\\])*"|\S+)/g)) {
    const [, minus, key, raw] = match;
    const value = raw.replace(/^"|"$/g, '').replace(/\\(.)/g, '$1');
    const flags = {
      new: (a) => a.age < 864e5,
      regressed: (a) => a.regressed,
      escalating: (a) => a.shape === 2 && a.perMinute > 4,
    };
    const is = flags[value] ?? ((a) => a.state === value);
    const test = {
      service: (a) => a.service === value,
      severity: (a) => a.severity === value,
      state: (a) => a.state === value,
      key: (a) => a.aggregation_key === value,
      aggregate: (a) => String(a.id) === value,
      is,
      assignee: (a) => a.assignee === value,
      has: (a) =>
        value === 'label' ? Object.keys(a.labels).length > 0 : Boolean(a[value] ?? a.labels[value.slice(6)]),
    }[key ?? ''];
    if (key && !test && !/^(target|label)\./.test(key)) {
      const detail = `there is no key "${key}"; known: service, severity, state, is, class, key, message, aggregate`;
      throw new Problem(400, detail, { param: 'q', position: Array.from(q.slice(0, match.index)).length });
    }
    const text = (a) => `${a.class} ${a.message} ${a.aggregation_key}`.toLowerCase().includes(value.toLowerCase());
    list = list.filter((a) => (key ? (test?.(a) ?? true) : text(a)) !== (minus === '-'));
  }
  return list;
}

const sum = (list, part) => list.reduce((total, one) => total + one[part], 0);

function row(a, buckets, now, scenario) {
  const counts = countsOf(a, buckets, now, scenario);
  const { perMinute, shape, age, ...shown } = a;
  const count = sum(counts, 'count');
  return {
    escalating: false,
    revision: 0,
    ...shown,
    new: age < 864e5,
    first_seen: new Date(now - age).toISOString(),
    last_seen: new Date(now - noise('last', a.id, Math.floor(now / 5000)) ** 3 * 36e5).toISOString(),
    count,
    estimated: sum(counts, 'estimated'),
    total_count: count * 3 + 17,
    sparkline: {
      start: new Date(buckets.times[0]).toISOString(),
      step_seconds: buckets.step / 1000,
      counts: counts.map((c) => c.count),
    },
  };
}

function range(world, params, start, end, now, scenario) {
  const buckets = bucketsOf(start, end, 180);
  const by = params.get('by') ?? '';
  const groups = new Map();
  const label = (a) =>
    by === 'aggregate'
      ? String(a.id)
      : by.startsWith('target.')
        ? `v${a.id % 3}`
        : by.startsWith('label.')
          ? (a.labels.team ?? '')
          : (a[by] ?? '');
  for (const a of matching(world, params.get('q') ?? '')) {
    const name = label(a);
    const group = groups.get(name) ?? {
      labels: { [by]: name, service: a.service, class: a.class, message: a.message },
      counts: [],
      estimated: [],
    };
    countsOf(a, buckets, now, scenario).forEach((c, n) => {
      group.counts[n] = (group.counts[n] ?? 0) + c.count;
      group.estimated[n] = (group.estimated[n] ?? 0) + c.estimated;
    });
    groups.set(name, group);
  }
  const add = (list) => {
    const counts = buckets.times.map((_, n) => list.reduce((t, g) => t + g.counts[n], 0));
    const estimated = buckets.times.map((_, n) => list.reduce((t, g) => t + g.estimated[n], 0));
    const total = counts.reduce((a, b) => a + b, 0);
    return {
      counts,
      estimated: estimated.some(Boolean) ? estimated : [],
      total,
      estimated_total: estimated.reduce((a, b) => a + b, 0),
    };
  };
  const all = [...groups.values()].map((g) => ({
    labels: by === '' ? {} : by === 'aggregate' ? g.labels : { [by]: g.labels[by] },
    ...add([g]),
    raw: g,
  }));
  const ordered = all.filter((g) => g.total > 0).sort((a, b) => b.total - a.total);
  const top = Number(params.get('top') ?? 10);
  const rest = ordered.slice(top).map((g) => g.raw);
  return {
    start: new Date(start).toISOString(),
    end: new Date(end).toISOString(),
    step_seconds: buckets.step / 1000,
    by,
    timestamps: buckets.times.map((t) => t / 1000),
    series: ordered.slice(0, top).map(({ raw, ...g }) => g),
    other: rest.length > 0 ? add(rest) : null,
    total: add([...groups.values()]),
    coverage: buckets.times.map((t) => watchedAt(t + buckets.step / 2, now, scenario)),
  };
}

function list(world, params, start, end, now, scenario) {
  const points = Math.max(1, Number(params.get('sparkline') ?? 48));
  const step = Math.ceil((end - start) / points / 1000) * 1000;
  const buckets = { step, times: Array.from({ length: points }, (_, n) => start + n * step) };
  const rows = matching(world, params.get('q') ?? '')
    .map((a) => row(a, buckets, now, scenario))
    .filter((r) => r.count > 0 || params.get('all'));
  const key = {
    count: (r) => r.count,
    first_seen: (r) => Date.parse(r.first_seen),
    trend: (r) => r.sparkline.counts.at(-1),
  };
  const by = key[params.get('sort')] ?? ((r) => Date.parse(r.last_seen));
  rows.sort((a, b) => by(b) - by(a));
  const at = Number(params.get('cursor') ?? 0);
  const limit = Number(params.get('limit') ?? 50);
  return {
    start,
    end,
    total: rows.length,
    next_cursor: at + limit < rows.length ? String(at + limit) : null,
    aggregates: rows.slice(at, at + limit),
  };
}

function services(world, start, end, now, scenario) {
  const buckets = bucketsOf(start, end, 60);
  return world.services.map((name) => {
    const own = world.aggregates.filter((a) => a.service === name).map((a) => row(a, buckets, now, scenario));
    const counts = buckets.times.map((_, n) => own.reduce((t, r) => t + r.sparkline.counts[n], 0));
    const targets = world.targets.filter((t) => t.service === name);
    const number = (test) => own.filter(test).length;
    return {
      name,
      targets: {
        up: scenario === 'dead' ? 0 : targets.filter((t) => !t.down && !t.unknown).length,
        total: targets.length,
      },
      aggregates: {
        total: own.length,
        open: number((r) => r.state === 'open'),
        new: number((r) => r.new),
        regressed: number((r) => r.regressed),
      },
      count: sum(own, 'count'),
      estimated: sum(own, 'estimated'),
      rate_per_second: (counts.at(-2) ?? 0) / (buckets.step / 1000),
      last_scrape: new Date(now - 4000).toISOString(),
      sparkline: { start: new Date(buckets.times[0]).toISOString(), step_seconds: buckets.step / 1000, counts },
    };
  });
}

function target(t, id, now, scenario) {
  return {
    id,
    service: t.service,
    labels: t.labels,
    discovered_labels: { __address__: t.labels.instance },
    scrape_url: `http://${t.labels.instance}/-/exceptions`,
    health: t.down || scenario === 'dead' ? 'down' : t.unknown ? 'unknown' : 'up',
    last_error: t.down || scenario === 'dead' ? 'connection refused (os error 111)' : null,
    last_scrape: t.unknown ? null : new Date(now - 2000 - noise(id) * 13_000).toISOString(),
    last_scrape_duration_seconds: 0.002 + noise('took', id) * 0.08,
    last_scrape_body_bytes: Math.round(3000 + noise('size', id) * 900_000),
    scrape_interval: '15s',
    scrape_timeout: '10s',
    state: 'active',
  };
}

function answer(scenario, path, params, { method, body, actor }) {
  const now = Date.now();
  const world = fleets[scenario] ?? usual;
  if (scenario === 'broken')
    throw new Problem(500, 'the store refuses reads: disk failure', { title: 'Internal Server Error' });
  const end = time(params.get('end'), now, now);
  const start = time(params.get('start'), now - 864e5, now);
  const done = triage(world, { method, path, params, body, actor, matching, start, end });
  if (done) return done;
  const [, resource, id, part] = /^(\w+)(?:\/(\d+))?(?:\/(\w+))?$/.exec(path) ?? [];
  const found = () =>
    world.aggregates.find((a) => a.id === Number(id)) ?? raise(new Problem(404, `there is no aggregate ${id}`));
  if (resource === 'services') return { start, end, services: services(world, start, end, now, scenario) };
  if (resource === 'range') return range(world, params, start, end, now, scenario);
  if (resource === 'labels') return { labels: ['target.instance', 'target.version', 'target.zone', 'label.team'] };
  if (resource === 'status') return status(scenario, now);
  if (resource === 'whoami') return { name: '', method: 'anonymous', role: 'admin', may_triage: true, may_admin: true };
  if (resource === 'config') return config(world.services);
  if (resource === 'targets')
    return { targets: world.targets.map((t, n) => target(t, n, now, scenario)), dropped_total: 3 };
  if (resource === 'aggregates' && !id) return list(world, params, start, end, now, scenario);
  if (resource === 'occurrences' && !id) {
    const buckets = bucketsOf(start, end, Math.max(1, Number(params.get('buckets') ?? 0)));
    return search(world, matching(world, params.get('q') ?? ''), params, { start, end, now, buckets });
  }
  if (resource === 'occurrences') {
    const of =
      world.aggregates.find((a) => a.id === Math.floor(id / 1000)) ?? raise(new Problem(404, `no sample ${id}`));
    const sample = samplesOf(of, world.targets, now, 120).find((s) => s.id === id);
    return { ...sample, aggregate: of.id, service: of.service, aggregation_key: of.aggregation_key };
  }
  if (resource === 'aggregates' && part === 'distribution') return distribution(world, found());
  if (resource === 'aggregates' && part === 'occurrences') {
    const samples = samplesOf(found(), world.targets, now, 120);
    const at = Number(params.get('cursor') ?? 0);
    return { occurrences: samples.slice(at, at + 50), next_cursor: at + 50 < samples.length ? String(at + 50) : null };
  }
  if (resource === 'aggregates')
    return {
      standing: { state: found().state },
      labels_by_rule: {},
      labels_removed: [],
      ...row(found(), bucketsOf(start, end, 60), now, scenario),
      first_occurrence: String(Number(id) * 1000 + 1),
      last_occurrence: String(Number(id) * 1000 + 120),
    };
  throw new Problem(404, `there is nothing at ${path}`);
}

function distribution(world, a) {
  const own = world.targets.filter((t) => t.service === a.service);
  const dimension = (name) => {
    const values = new Map();
    for (const [n, t] of own.entries()) values.set(t.labels[name], (values.get(t.labels[name]) ?? 0) + 100 - n * 13);
    return { label: `target.${name}`, values: [...values].map(([value, count]) => ({ value, count })), other: 0 };
  };
  const dimensions = ['instance', 'version', 'zone'].map(dimension);
  return { total: sum(dimensions[0].values, 'count'), dimensions };
}

function raise(problem) {
  throw problem;
}

createServer(async (request, response) => {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const [, scenario = 'normal', rest = ''] = /^\/s\/(\w+)\/(.*)$/.exec(url.pathname) ?? [];
  const send = (status, type, body) =>
    response
      .writeHead(status, {
        'content-type': type,
        'content-security-policy': csp,
        'x-content-type-options': 'nosniff',
        'content-encoding': 'gzip',
      })
      .end(gzipSync(body));
  try {
    if (rest.startsWith('api/v1/')) {
      if (scenario === 'slow') await new Promise((done) => setTimeout(done, 60_000));
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      const { method, headers } = request;
      const body = chunks.length > 0 ? JSON.parse(Buffer.concat(chunks).toString()) : {};
      const actor = Buffer.from(headers['x-hydrophone-user'] ?? '', 'latin1').toString();
      const said = answer(scenario, rest.slice('api/v1/'.length), url.searchParams, { method, body, actor });
      return send(200, 'application/json', JSON.stringify(said).replaceAll('"\ud800', '"\\ud800'));
    }
    if (rest === '-/ready') return send(200, 'text/plain', 'Hydrophone Server is Ready.');
    const file = normalize(rest === '' ? 'index.html' : rest);
    if (file.startsWith('..')) return send(404, 'text/plain', 'not found');
    return send(200, types[extname(file)] ?? 'application/octet-stream', await readFile(join(dist, file)));
  } catch (error) {
    if (error instanceof Problem)
      return send(error.body.status, 'application/problem+json', JSON.stringify(error.body));
    return send(404, 'text/plain', 'not found');
  }
}).listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${port}/s/normal/`));
