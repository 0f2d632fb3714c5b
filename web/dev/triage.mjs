// Triage of the made-up fleet: changes are made in memory and last as long as the mock runs.
const builtin = [
  ['open', 'is:open'],
  ['new', 'is:open is:new'],
  ['regressed', 'is:regressed'],
  ['escalating', 'is:escalating'],
  ['muted', 'is:muted'],
  ['resolved', 'is:resolved'],
  ['unlabelled', 'is:open -has:label'],
];

const activities = [];
const saved = new Map();

/** Makes `change` of each error; the activity, or null when that changed nothing. */
function make(errors, change, reason, actor) {
  const changes = errors.flatMap((error) => {
    const fields = [];
    const set = (field, from, to, more = {}) => {
      if (JSON.stringify(from) !== JSON.stringify(to)) fields.push({ field, ...more, from, to });
    };
    if (change.state) {
      const to = { state: change.state, since: new Date().toISOString(), resolved_in: null, muted_until: null };
      const { count, escalation } = change.muted_until ?? {};
      if (count) to.muted_until = { total_count: 17 + count };
      if (escalation) to.muted_until = { escalation };
      if (change.resolved_in) to.resolved_in = { label: 'version', version: '1.9.0', ...change.resolved_in };
      set('state', error.standing ?? { state: error.state }, to);
      Object.assign(error, { state: to.state, standing: to, regressed: false });
    }
    for (const [name, value] of Object.entries(change.labels ?? {})) {
      set('label', { value: error.labels[name] ?? null, by: null }, { value, by: 'person' }, { name });
      if (value === null) delete error.labels[name];
      else error.labels[name] = value;
    }
    for (const field of ['assignee', 'note']) {
      if (!(field in change)) continue;
      const to = change[field] === 'me' ? actor : change[field];
      set(field, error[field] ?? null, to);
      error[field] = to;
    }
    if (fields.length === 0) return [];
    error.revision = (error.revision ?? 0) + 1;
    const { id: aggregate, service, aggregation_key } = error;
    return [{ aggregate, service, aggregation_key, class: error.class, detail: '', fields }];
  });
  if (changes.length === 0) return { activity: null, changed: 0 };
  const id = activities.length + 1;
  activities.unshift({ id, time: new Date().toISOString(), actor, reason, aggregates: changes.length, changes });
  return { activity: id, changed: changes.length };
}

/** Facets of the errors that match. */
function facets(errors) {
  const facet = (key, of) => {
    const counts = new Map();
    for (const error of errors) if (of(error)) counts.set(of(error), (counts.get(of(error)) ?? 0) + 1);
    const values = [...counts].sort((a, b) => b[1] - a[1]).map(([value, n]) => ({ value, errors: n, events: n * 40 }));
    return { key, values, others: 0, without: errors.filter((error) => !of(error)).length };
  };
  const names = new Set(errors.flatMap((error) => Object.keys(error.labels)));
  const own = ['service', 'severity', 'state', 'assignee'].map((key) => facet(key, (error) => error[key]));
  const labels = [...names].map((name) => facet(`label.${name}`, (error) => error.labels[name]));
  return { errors: errors.length, events: errors.length * 40, facets: [...own, ...labels] };
}

function report(errors, by) {
  const row = (value, own) => ({
    value,
    errors: own.length,
    count: own.length * 40,
    estimated: 0,
    open: own.filter((error) => error.state === 'open').length,
    muted: own.filter((error) => error.state === 'muted').length,
    new: own.filter((error) => error.age < 864e5).length,
    regressed: own.filter((error) => error.regressed).length,
    resolved: own.filter((error) => error.state === 'resolved').length,
    time_to_resolve_median_seconds: own.length > 3 ? 5400 : null,
    time_to_resolve_mean_seconds: own.length > 3 ? 6000 : null,
  });
  const values = [...new Set(errors.map((error) => error.labels[by] ?? ''))];
  return {
    by,
    rows: values.map((value) =>
      row(
        value,
        errors.filter((error) => (error.labels[by] ?? '') === value),
      ),
    ),
    total: row('', errors),
  };
}

/** The answer to a question or a change of triage; undefined when it is none. */
export function triage(world, { method, path, params, body, actor, matching, start, end }) {
  const times = { start: new Date(start).toISOString(), end: new Date(end).toISOString() };
  const errors = () => matching(world, params.get('q') ?? '');
  const found = (id) => world.aggregates.find((error) => error.id === Number(id));
  const [resource, id, part] = path.split('/').map(decodeURIComponent);
  if (method === 'PATCH') {
    const { activity } = make([found(id)], body, 'edit', actor);
    return { ...found(id), activity };
  }
  if (path === 'aggregates/bulk') {
    const chosen = body.ids ? body.ids.map(found) : matching(world, body.query);
    return { matched: chosen.length, dry_run: false, ...make(chosen, body.change, 'bulk', actor) };
  }
  if (resource === 'activity' && part === 'undo') return { undone: Number(id), changed: 0, activity: null };
  if (resource === 'activity' || part === 'activity') {
    const all = part
      ? activities.filter((one) => one.changes.some((change) => String(change.aggregate) === id))
      : activities;
    return { activities: all, next_cursor: null };
  }
  if (resource === 'views' && method === 'DELETE') return saved.delete(id) && {};
  if (resource === 'views' && method !== 'GET') return saved.set(id ?? body.name, body) && body;
  if (resource === 'views') {
    const view = (name, query, more) => ({ name, query, errors: matching(world, query).length, ...more });
    const own = [...saved].map(([name, one]) =>
      view(name, one.query, { ...one, name, builtin: false, saved_by: actor }),
    );
    return { views: [...builtin.map(([name, query]) => view(name, query, { builtin: true })), ...own] };
  }
  if (resource === 'facets') return { ...times, ...facets(errors()) };
  if (resource === 'reports') return { ...times, ...report(errors(), params.get('by') ?? 'team') };
  if (resource === 'labels' && id)
    return { values: [...new Set(world.aggregates.map((error) => error.labels[id.slice(6)]))] };
  return undefined;
}
