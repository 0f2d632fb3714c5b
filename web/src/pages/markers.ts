// What stands as lines in an error's chart: what happened to it, and where other versions of its service begin.
import { useMemo } from 'react';
import { useVersions } from '../api/past';
import { useLabels } from '../api/queries';
import type { Marker as Happened } from '../lib/activity';
import { type Marker, versionMarkers } from '../lib/marker';
import { useAsk } from './ask';

const versionLabel = 'target.version';

export function useMarkers(service: string, happened: Happened[]): Marker[] {
  const labels = useLabels();
  const { window } = useAsk();
  const known = labels.data?.labels.includes(versionLabel) ? versionLabel : undefined;
  const versions = useVersions(service, known, { start: window.start, end: window.end });
  return useMemo(() => {
    const own = happened.map(({ ms, kind, text }): Marker => ({ at: ms, kind, text }));
    return [...own, ...(versions.data ? versionMarkers(versions.data, versionLabel) : [])];
  }, [happened, versions.data]);
}
