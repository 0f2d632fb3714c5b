// From the address to what the server is asked.
import { useState } from 'react';
import { useCompletion, type Window } from '../api/queries';
import { backFromZoom, go, usePlace } from '../lib/location';
import { useZone } from '../lib/preference';
import { forServer, zoomOut } from '../lib/time';
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

/** Zooms out: back over a zoom if that was the last step, else to a range twice as long. */
export function useWiden(): () => void {
  const { view } = usePlace();
  const zone = useZone();
  return () => {
    if (!backFromZoom()) go({ view: { range: zoomOut(view.range, Date.now(), zone) } });
  };
}

interface Edited {
  q: string;
  cursor: number;
}

/** What the query box says when somebody types in it, and what may stand there. */
export function useTyping() {
  const [edited, setEdited] = useState<Edited>();
  const { data, isPlaceholderData } = useCompletion(edited);
  return { completion: edited && data && { ...data, old: isPlaceholderData }, onEdit: setEdited };
}
