// What the start page and the status page ask.
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { get } from './client';
import type { Window } from './queries';
import type { components } from './schema';
import type { Status } from './shapes';

type ErrorFacets = components['schemas']['ErrorFacets'];
type RunningConfig = components['schemas']['RunningConfig'];

interface Ask {
  window: Pick<Window, 'start' | 'end'>;
  refreshMs: number;
}

/** How many errors of the range are so, in all and by service. */
export interface Standing {
  total: number;
  byService: Map<string, number>;
}

/** As many services as an answer can tell apart. */
const servicesMax = 1000;

export function useStanding(is: 'new' | 'regressed' | 'escalating', { window: { start, end }, refreshMs }: Ask) {
  return useQuery({
    queryKey: ['facets', 'standing', is, start, end],
    queryFn: ({ signal }) => get<ErrorFacets>('facets', { start, end, q: `is:${is}`, limit: servicesMax }, signal),
    select: standing,
    refetchInterval: refreshMs === 0 ? false : refreshMs,
    placeholderData: keepPreviousData,
  });
}

function standing({ errors, facets }: ErrorFacets): Standing {
  const services = facets.find(({ key }) => key === 'service')?.values ?? [];
  return { total: errors, byService: new Map(services.map((one) => [one.value, one.errors])) };
}

/** While the index is made, how far it is changes by itself. */
const indexingRefreshMs = 2_000;

/** This server, as it is now. */
export function useServer(refreshMs: number) {
  return useQuery({
    queryKey: ['status', 'now'],
    queryFn: ({ signal }) => get<Status>('status', {}, signal),
    refetchInterval: ({ state }) =>
      state.data?.search.complete === false ? indexingRefreshMs : refreshMs === 0 ? false : refreshMs,
    placeholderData: keepPreviousData,
  });
}

export function useConfig() {
  return useQuery({
    queryKey: ['config'],
    queryFn: ({ signal }) => get<RunningConfig>('config', {}, signal),
  });
}
