// From the address to what the server is asked.
import type { Window } from '../api/queries';
import { usePlace } from '../lib/location';
import { useZone } from '../lib/preference';
import { forServer } from '../lib/time';
import { offsetName } from '../lib/zone';

export function useAsk(): { window: Window; refreshMs: number } {
  const { view } = usePlace();
  const zone = useZone();
  const window = {
    start: forServer(view.range.from, zone),
    end: forServer(view.range.to, zone),
    align: offsetName(Date.now(), zone),
  };
  return { window, refreshMs: view.refresh * 1000 };
}
