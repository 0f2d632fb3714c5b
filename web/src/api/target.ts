// Questions about targets: which there are, and when one of them answered.
import { useQuery } from '@tanstack/react-query';
import { get } from './client';
import { every, everyOf } from './queries';
import type { TargetHistory, Targets } from './shapes';

export function useTargets({
  state,
  refreshMs,
  enabled = true,
}: {
  state: string;
  refreshMs: number;
  enabled?: boolean;
}) {
  return useQuery({
    enabled,
    queryKey: ['targets', state],
    queryFn: ({ signal }) => get<Targets>('targets', { state }, signal),
    ...every(refreshMs),
  });
}

/** When a target answered, over so long until now. */
export function useTargetHistory(id: number, since: string, refreshMs: number) {
  return useQuery({
    queryKey: ['targetHistory', id, since],
    queryFn: ({ signal }) => get<TargetHistory>(`targets/${id}/history`, { start: since, end: 'now' }, signal),
    ...everyOf(id, refreshMs),
  });
}
