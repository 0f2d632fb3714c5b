// Questions and changes of triage: activity, views, facets, reports; one error, many, and taking back.
import { keepPreviousData, type QueryClient, useQuery } from '@tanstack/react-query';
import { get, getText, send } from './client';
import { type Ask, bounds, every, everyOf, type Window } from './queries';
import type {
  ActivityEntry,
  ActivityList,
  Aggregate,
  AggregateDetail,
  Aggregates,
  BulkChanged,
  Changed,
  ErrorFacets,
  LabelReport,
  LabelValues,
  Undone,
  View,
  Views,
} from './shapes';

export function useFacets({
  window,
  refreshMs,
  enabled,
  ...params
}: Ask & { q: string; all: boolean; enabled: boolean }) {
  return useQuery({
    queryKey: ['facets', bounds(window), params],
    queryFn: ({ signal }) =>
      get<ErrorFacets>('facets', { ...bounds(window), q: params.q, all: params.all || undefined }, signal),
    enabled,
    ...every(refreshMs),
  });
}

export function useViews(refreshMs: number) {
  return useQuery({
    queryKey: ['views'],
    queryFn: ({ signal }) => get<Views>('views', {}, signal),
    ...every(refreshMs === 0 ? 60_000 : refreshMs),
  });
}

export interface ActivityAsk extends Ask {
  q: string;
  actor: string;
  reason: string;
  cursor: string;
}

export function useActivity({ window, refreshMs, ...params }: ActivityAsk) {
  return useQuery({
    queryKey: ['activity', bounds(window), params],
    queryFn: ({ signal }) => get<ActivityList>('activity', { ...bounds(window), ...params }, signal),
    ...every(refreshMs),
  });
}

/** What changed of one error, newest first: as much of it as one looks at. */
export function useErrorActivity(id: number, limit: number, refreshMs: number) {
  return useQuery({
    queryKey: ['activityOf', id, limit],
    queryFn: ({ signal }) => get<ActivityList>(`aggregates/${id}/activity`, { limit }, signal),
    ...everyOf(id, refreshMs),
  });
}

export function useReport({ window, refreshMs, ...params }: Ask & { q: string; by: string }) {
  return useQuery({
    queryKey: ['report', bounds(window), params],
    queryFn: ({ signal }) => get<LabelReport>('reports/labels', { ...bounds(window), ...params }, signal),
    ...every(refreshMs),
  });
}

/** The report as a table for other programs. */
export function fetchReportCsv(window: Window, q: string, by: string): Promise<string> {
  return getText('reports/labels', 'text/csv', new AbortController().signal, { ...bounds(window), q, by });
}

/** Values that a label has somewhere; none of a label that nothing has yet. */
export function useLabelValues(name: string, known: boolean) {
  return useQuery({
    queryKey: ['labelValues', name],
    queryFn: ({ signal }) => get<LabelValues>(`labels/${encodeURIComponent(`label.${name}`)}/values`, {}, signal),
    enabled: known,
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  });
}

/** What is to be changed, as the API takes it. */
export type Body = Record<string, unknown>;

/** Changes one error if it is still as `revision` says. */
export function changeOne(id: number, revision: number, change: Body): Promise<Changed> {
  return send<Changed>({ method: 'PATCH', path: `aggregates/${id}`, body: change, match: `"${revision}"` });
}

/** Errors by their ids, or all that a query selects: of these only those that happened in a range, where one is given. */
export type Which = { ids: number[] } | { query: string; start?: string; end?: string };

export function changeMany(which: Which, change: Body): Promise<BulkChanged> {
  return send<BulkChanged>({ method: 'POST', path: 'aggregates/bulk', body: { ...which, change } });
}

export function takeBack(activity: number): Promise<Undone> {
  return send<Undone>({ method: 'POST', path: `activity/${activity}/undo` });
}

export interface ViewToSave {
  query: string;
  start?: string;
  end?: string;
  sort?: string;
}

export function addView(name: string, view: ViewToSave): Promise<View> {
  return send<View>({ method: 'POST', path: 'views', body: { name, ...view } });
}

export function replaceView(name: string, view: ViewToSave): Promise<View> {
  return send<View>({ method: 'PUT', path: `views/${encodeURIComponent(name)}`, body: view });
}

export function removeView(name: string): Promise<void> {
  return send<void>({ method: 'DELETE', path: `views/${encodeURIComponent(name)}` });
}

export function fetchError(id: number, signal: AbortSignal): Promise<AggregateDetail> {
  return get<AggregateDetail>(`aggregates/${id}`, {}, signal);
}

/** The newest activity of one error. */
export async function fetchActivityOf(id: number, limit: number, signal: AbortSignal): Promise<ActivityEntry[]> {
  return (await get<ActivityList>(`aggregates/${id}/activity`, { limit }, signal)).activities;
}

/** The newest activity that took something back. */
export async function fetchUndone(signal: AbortSignal): Promise<ActivityEntry[]> {
  return (await get<ActivityList>('activity', { reason: 'undo', limit: 100 }, signal)).activities;
}

/** Shows errors on screen as they will be; the returned function shows them as they were. */
export async function showChanged(
  client: QueryClient,
  touches: (error: Aggregate) => boolean,
  change: <T extends Aggregate>(error: T) => T,
): Promise<() => void> {
  // An answer from before the change must not come after it.
  await Promise.all(shown.map((queryKey) => client.cancelQueries({ queryKey })));
  const before = shown.flatMap((queryKey) => client.getQueriesData({ queryKey }));
  const one = <T extends Aggregate>(error: T) => (touches(error) ? change(error) : error);
  client.setQueriesData<Aggregates>({ queryKey: ['aggregates'] }, (data) =>
    data ? { ...data, aggregates: data.aggregates.map(one) } : data,
  );
  client.setQueriesData<AggregateDetail>({ queryKey: ['aggregate'] }, (data) => (data ? one(data) : data));
  client.setQueriesData<Aggregate | null>({ queryKey: ['found'] }, (data) => (data ? one(data) : data));
  return () => {
    for (const [key, data] of before) client.setQueryData(key, data);
  };
}

const shown = [['aggregates'], ['aggregate'], ['found']];

/** What was asked about errors is asked again, but for what can not have changed. */
export function askAgain(client: QueryClient): Promise<void> {
  const still = new Set(['occurrence', 'occurrences', 'ticket', 'status', 'targets', 'complete', 'distribution']);
  return client.invalidateQueries({ predicate: ({ queryKey }) => !still.has(String(queryKey[0])) });
}
