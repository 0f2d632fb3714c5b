// What the pages ask the server, as TanStack Query hooks. A relative range stays relative in the key and in the request: the server's
// clock decides what `now` is, a refresh asks the same question again, and the old answer stays on screen until the new one is there.
import { keepPreviousData, QueryClient, useInfiniteQuery, useQueries, useQuery } from '@tanstack/react-query';
import { ApiError, get, getText } from './client';
import { watchConnection } from './connection';
import type {
  Aggregate,
  AggregateDetail,
  Aggregates,
  Completion,
  Distribution,
  Labels,
  OccurrenceDetail,
  Occurrences,
  RangeAnswer,
  SearchAnswer,
  Services,
  Whoami,
} from './shapes';

/** As the server reads it. */
export interface Window {
  start: string;
  end: string;
  /** Offset of local midnight, `+02:00`: where buckets of days begin. */
  align: string;
}

export function newQueryClient(): QueryClient {
  const client = new QueryClient({
    defaultOptions: {
      queries: {
        retry: (failures, error) =>
          failures < 2 && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
        retryDelay: (attempt) => 500 * 2 ** attempt,
        staleTime: 5_000,
        refetchOnWindowFocus: false,
      },
    },
  });
  watchConnection(client);
  return client;
}

export interface Ask {
  window: Window;
  refreshMs: number;
}

export function every(refreshMs: number) {
  return { refetchInterval: refreshMs === 0 ? (false as const) : refreshMs, placeholderData: keepPreviousData };
}

/** For one error: the old answer stays only while it is about the same error. */
export function everyOf(id: number | undefined, refreshMs: number) {
  return {
    ...every(refreshMs),
    placeholderData: <T>(previous: T | undefined, query: { queryKey: readonly unknown[] } | undefined) =>
      query?.queryKey[1] === id ? previous : undefined,
  };
}

export function bounds({ start, end }: Pick<Window, 'start' | 'end'>) {
  return { start, end };
}

export function useServices({ window, refreshMs }: Ask) {
  return useQuery({
    queryKey: ['services', bounds(window)],
    queryFn: ({ signal }) => get<Services>('services', bounds(window), signal),
    ...every(refreshMs),
  });
}

export interface ListAsk extends Ask {
  q: string;
  /** Also those that did not happen in the window. */
  all: boolean;
  sort: string;
}

/** Points of a row's small picture. */
const sparkline = 48;

type ListParams = Omit<ListAsk, 'window' | 'refreshMs'>;

function askList(window: Window, { all, ...params }: ListParams & { limit: number; ids?: string; order?: boolean }) {
  return ({ signal }: { signal: AbortSignal }) =>
    get<Aggregates>('aggregates', { ...bounds(window), ...params, all: all || undefined, sparkline }, signal);
}

/** The order of the whole list, by ids, and its first rows. */
export function useErrorOrder({ window, refreshMs, ...list }: ListAsk, limit: number) {
  const params = { ...list, limit, order: true };
  return useQuery({
    queryKey: ['aggregates', bounds(window), params],
    queryFn: askList(window, params),
    ...every(refreshMs),
  });
}

/** How long rows that nobody looks at any more are kept: until one has scrolled back, and not for an hour of scrolling. */
const leftRowsMs = 30_000;

export interface Answered {
  rows: Aggregate[];
  at: number;
}

/** Rows by their ids, piece by piece, whether they happened in the window or not. The answers, the newest last. */
export function useErrorRows({ window, refreshMs, ...list }: ListAsk, pieces: number[][]): Answered[] {
  return useQueries({
    queries: pieces.map((ids) => {
      const params = { ...list, all: true, limit: ids.length, ids: ids.join(',') };
      return {
        queryKey: ['aggregates', bounds(window), params],
        queryFn: askList(window, params),
        refetchInterval: refreshMs === 0 ? (false as const) : refreshMs,
        gcTime: leftRowsMs,
      };
    }),
    combine: answers,
  });
}

function answers(results: { data: Aggregates | undefined; dataUpdatedAt: number }[]): Answered[] {
  return results.flatMap(({ data, dataUpdatedAt }) => (data ? [{ rows: data.aggregates, at: dataUpdatedAt }] : []));
}

export function useRange({ window, refreshMs, ...params }: Ask & { q: string; by: string; top: number }) {
  return useQuery({
    queryKey: ['range', window, params],
    queryFn: ({ signal }) => get<RangeAnswer>('range', { ...bounds(window), align: window.align, ...params }, signal),
    ...every(refreshMs),
  });
}

/** The error with this key, whenever it was seen; null when there is none. */
export function useFoundAggregate(service: string, key: string, q: string) {
  return useQuery({
    queryKey: ['found', service, key],
    queryFn: async ({ signal }) => {
      const { aggregates } = await get<Aggregates>('aggregates', { q, all: true, limit: 1000 }, signal).catch(orNone);
      return aggregates.find((one) => one.service === service && one.aggregation_key === key) ?? null;
    },
  });
}

/** A service that is not known is a mistake in the query; here it means that there is no such error. */
function orNone(error: unknown): Pick<Aggregates, 'aggregates'> {
  if (error instanceof ApiError && error.param === 'q') return { aggregates: [] };
  throw error;
}

export function useAggregate({ window, refreshMs, id }: Ask & { id: number | undefined }) {
  return useQuery({
    queryKey: ['aggregate', id, bounds(window)],
    queryFn: ({ signal }) => get<AggregateDetail>(`aggregates/${id}`, bounds(window), signal),
    enabled: id !== undefined,
    ...everyOf(id, refreshMs),
  });
}

export function useDistribution({ window, refreshMs, id }: Ask & { id: number | undefined }) {
  return useQuery({
    queryKey: ['distribution', id, bounds(window)],
    queryFn: ({ signal }) => get<Distribution>(`aggregates/${id}/distribution`, bounds(window), signal),
    enabled: id !== undefined,
    ...everyOf(id, refreshMs),
  });
}

/** Samples, newest first, page by page. */
export function useOccurrences(id: number | undefined) {
  return useInfiniteQuery({
    queryKey: ['occurrences', id],
    queryFn: ({ signal, pageParam }) =>
      get<Occurrences>(`aggregates/${id}/occurrences`, { cursor: pageParam, limit: 50 }, signal),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    enabled: id !== undefined,
  });
}

/** One sample by its id: one that a link names. */
export function useOccurrence(id: string) {
  return useQuery({
    queryKey: ['occurrence', id],
    queryFn: ({ signal }) => get<OccurrenceDetail>(`occurrences/${encodeURIComponent(id)}`, {}, signal),
    enabled: id !== '',
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export interface SearchParams {
  window: Pick<Window, 'start' | 'end'>;
  q: string;
  cursor: string;
  limit: number;
  facets?: string;
  buckets: number;
  aggregates?: number;
}

/** While the index is made, how far it is and what is found changes by itself. */
const indexingRefreshMs = 2_000;

export function searchQuery({ window, ...params }: SearchParams) {
  return {
    queryKey: ['search', bounds(window), params] as const,
    queryFn: ({ signal }: { signal: AbortSignal }) =>
      get<SearchAnswer>('occurrences', { ...bounds(window), ...params }, signal),
  };
}

/** Samples for which a query holds, with facets, matches over time and the errors they belong to. */
export function useSearch(params: SearchParams, { refreshMs, enabled }: { refreshMs: number; enabled: boolean }) {
  return useQuery({
    ...searchQuery(params),
    enabled,
    refetchInterval: ({ state }) =>
      state.data?.indexed.complete === false ? indexingRefreshMs : refreshMs === 0 ? false : refreshMs,
    placeholderData: keepPreviousData,
  });
}

/** A sample as Markdown for a ticket. */
export function useTicket(id: string) {
  return useQuery({
    queryKey: ['ticket', id],
    queryFn: ({ signal }) => getText(`occurrences/${encodeURIComponent(id)}`, 'text/markdown', signal),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** What may stand at the cursor of a query that somebody types; nothing while nobody does. */
export function useCompletion(edited: { q: string; cursor: number } | undefined) {
  return useQuery({
    queryKey: ['complete', edited],
    queryFn: ({ signal }) => get<Completion>('query/complete', { q: edited?.q, cursor: edited?.cursor }, signal),
    enabled: edited !== undefined,
    placeholderData: keepPreviousData,
    staleTime: 30_000,
    retry: false,
  });
}

/** Target labels and annotation labels: what there is to group by. */
/** `fresh` where it matters what somebody else has labelled a moment ago. */
export function useLabels(fresh = false) {
  return useQuery({
    queryKey: ['labels'],
    refetchOnMount: fresh ? 'always' : true,
    queryFn: ({ signal }) => get<Labels>('labels', {}, signal),
    staleTime: 60_000,
  });
}

/** Who looks at the page, and what they may do. */
export function useWhoami() {
  return useQuery({
    queryKey: ['whoami'],
    queryFn: ({ signal }) => get<Whoami>('whoami', {}, signal),
    staleTime: 60_000,
  });
}
