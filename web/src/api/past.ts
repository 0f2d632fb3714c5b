// What the chart asks beside its own range: the same buckets at another time, a service's versions, the table behind the picture.
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { get, getText } from './client';
import type { RangeAnswer } from './shapes';

export interface PastAsk {
  /** Undefined while nothing is compared. */
  buckets: { start: string; end: string; step: number } | undefined;
  align: string;
  q: string;
}

/** The totals of whole buckets that are over: they hardly change, so nothing asks for them again by the clock. */
export function usePast({ buckets, align, q }: PastAsk) {
  return useQuery({
    queryKey: ['past', buckets, align, q],
    queryFn: ({ signal }) => get<RangeAnswer>('range', { ...buckets, align, q }, signal),
    enabled: buckets !== undefined,
    staleTime: 60_000,
    placeholderData: keepPreviousData,
  });
}

/** A service's counts by one of its targets' labels; `label` undefined asks nothing. */
export function useVersions(service: string, label: string | undefined, window: { start: string; end: string }) {
  return useQuery({
    queryKey: ['versions', service, label, window],
    queryFn: ({ signal }) =>
      get<RangeAnswer>(
        'range',
        { ...window, q: `service:"${service.replace(/["\\*]/g, '\\$&')}"`, by: label, top: 20 },
        signal,
      ),
    enabled: label !== undefined,
    staleTime: 60_000,
    placeholderData: keepPreviousData,
  });
}

/** The figures of a chart as CSV; `query` as in the address. */
export function rangeTable(query: string): Promise<string> {
  return getText(`range?${query}`, 'text/csv', new AbortController().signal);
}
