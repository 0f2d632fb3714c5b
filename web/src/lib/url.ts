// Everything one looks at is in the address, so that back works and a link can be pasted. It all stands behind the `#`: the server
// may sit under any path prefix, and Periskop's deep link `#/{service}/errors/{key}` is one of the routes.
import { defaultRange, type Range } from './time';

export type Route =
  | { page: 'overview' }
  | { page: 'errors' }
  | { page: 'search' }
  | { page: 'targets' }
  | { page: 'activity' }
  | { page: 'reports' }
  | { page: 'status' }
  | { page: 'error'; service: string; key: string }
  | { page: 'service'; service: string };

export const sorts = ['last_seen', 'first_seen', 'count', 'trend'] as const;
export type Sort = (typeof sorts)[number];

export const compares = ['', '1d', '7d'] as const;
export type Compare = (typeof compares)[number];

/** What stands behind the route. Values that are the default are left out of the address. */
export interface View {
  range: Range;
  /** Auto refresh, seconds; 0 is off. */
  refresh: number;
  q: string;
  by: string;
  /** What the chart is compared with: the same time so long before. */
  compare: Compare;
  sort: Sort;
  /** The list's page: where it starts, and its number for people. */
  cursor: string;
  pageNumber: number;
  /** Also errors that did not happen in the range. */
  all: boolean;
  /** Rows that are chosen: their ids, or `all`. */
  selected: string;
  /** On an error: what its chart is split by, and which sample is shown ('' is the newest); in a search, which one is open. */
  split: string;
  occurrence: string;
  /** On targets: up, down, unknown or dropped; a service; words; services whose targets are put away; the id of the opened one. */
  health: string;
  service: string;
  find: string;
  folded: readonly string[];
  target: string;
  /** On activity: whose, and for which reason. */
  actor: string;
  reason: string;
  /** On reports: the label by which they are. */
  label: string;
}

export interface Place {
  route: Route;
  view: View;
}

export const defaultView: View = {
  range: defaultRange,
  refresh: 0,
  q: '',
  by: 'service',
  compare: '',
  sort: 'last_seen',
  cursor: '',
  pageNumber: 1,
  all: false,
  selected: '',
  split: '',
  occurrence: '',
  health: '',
  service: '',
  find: '',
  folded: [],
  target: '',
  actor: '',
  reason: '',
  label: 'team',
};

export const refreshSeconds = [0, 10, 30, 60, 300] as const;

export function parsePlace(hash: string): Place {
  const body = hash.replace(/^#/, '');
  const mark = body.indexOf('?');
  const path = mark < 0 ? body : body.slice(0, mark);
  const params = new URLSearchParams(mark < 0 ? '' : body.slice(mark + 1));
  const route = parseRoute(path);
  // Links from when the list stood at the root go on leading to it.
  const isList = route.page === 'overview' && listOnly.some((name) => params.has(name));
  return { route: isList ? { page: 'errors' } : route, view: parseView(params) };
}

/** What only the list has in its address. */
const listOnly = ['q', 'sort', 'cursor', 'page'];

function parseRoute(path: string): Route {
  const segments = path.replace(/^\//, '').split('/');
  const [first = '', second = ''] = segments;
  if (first === '') return { page: 'overview' };
  if (second === 'errors' && segments.length > 2 && segments[2] !== '') {
    // A key that somebody forgot to encode may hold slashes of its own.
    return { page: 'error', service: decode(first), key: decode(segments.slice(2).join('/')) };
  }
  const plain = ['errors', 'search', 'targets', 'activity', 'reports', 'status'] as const;
  const named = plain.find((page) => page === first);
  if (named) return { page: named };
  return { page: 'service', service: decode(first) };
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function parseView(params: URLSearchParams): View {
  const sort = sorts.find((known) => known === params.get('sort')) ?? defaultView.sort;
  const refresh = refreshSeconds.find((known) => String(known) === params.get('refresh')) ?? 0;
  const pageNumber = Number(params.get('page') ?? 1);
  const cursor = params.get('cursor') ?? '';
  return {
    range: { from: params.get('from') ?? defaultRange.from, to: params.get('to') ?? defaultRange.to },
    refresh,
    q: params.get('q') ?? '',
    by: params.get('by') ?? defaultView.by,
    compare: compares.find((known) => known === params.get('compare')) ?? '',
    sort,
    cursor,
    pageNumber: cursor !== '' && Number.isInteger(pageNumber) && pageNumber > 1 ? pageNumber : 1,
    all: params.get('all') === 'true',
    selected: params.get('selected') ?? '',
    split: params.get('split') ?? '',
    occurrence: params.get('occurrence') ?? '',
    health: params.get('health') ?? '',
    service: params.get('service') ?? '',
    find: params.get('find') ?? '',
    folded: params.getAll('folded'),
    target: params.get('target') ?? '',
    actor: params.get('actor') ?? '',
    reason: params.get('reason') ?? '',
    label: params.get('label') ?? defaultView.label,
  };
}

export function formatPlace({ route, view }: Place): string {
  const params = new URLSearchParams();
  const put = (name: string, value: string, byDefault: string) => {
    if (value !== byDefault) params.set(name, value);
  };
  put('from', view.range.from, defaultRange.from);
  put('to', view.range.to, defaultRange.to);
  put('refresh', String(view.refresh), '0');
  put('by', view.by, defaultView.by);
  put('compare', view.compare, '');
  if (route.page !== 'overview') {
    put('q', view.q, '');
    put('sort', view.sort, defaultView.sort);
  }
  if (route.page === 'errors' || route.page === 'search' || route.page === 'activity') {
    put('cursor', view.cursor, '');
    put('page', String(view.pageNumber), '1');
  }
  if (route.page === 'errors') {
    put('all', String(view.all), 'false');
    put('selected', view.selected, '');
  }
  if (route.page === 'error') {
    put('split', view.split, '');
  }
  if (route.page === 'error' || route.page === 'search') put('occurrence', view.occurrence, '');
  if (route.page === 'targets') {
    put('health', view.health, '');
    put('service', view.service, '');
    put('find', view.find, '');
    for (const name of view.folded) params.append('folded', name);
    put('target', view.target, '');
  }
  if (route.page === 'activity') {
    put('actor', view.actor, '');
    put('reason', view.reason, '');
  }
  if (route.page === 'reports') put('label', view.label, defaultView.label);
  // `:`, `,` and `/` are safe behind the `#` and make a query readable in chat.
  const query = params.toString().replaceAll('%3A', ':').replaceAll('%2C', ',').replaceAll('%2F', '/');
  return `#${formatRoute(route)}${query === '' ? '' : `?${query}`}`;
}

function formatRoute(route: Route): string {
  switch (route.page) {
    case 'overview':
      return '/';
    case 'errors':
    case 'search':
    case 'targets':
    case 'activity':
    case 'reports':
    case 'status':
      return `/${route.page}`;
    case 'service':
      return `/${encodeURIComponent(route.service)}`;
    case 'error':
      return `/${encodeURIComponent(route.service)}/errors/${encodeURIComponent(route.key)}`;
  }
}
