// What a person prefers and nobody else needs to see in a link: kept in the browser, if it lets us.
import { createContext, useContext, useState } from 'react';
import type { Zone } from './zone';

export const ZoneContext = createContext<Zone>('local');

export function useZone(): Zone {
  return useContext(ZoneContext);
}

const zoneKey = 'hydrophone-zone';

export function useStoredZone(): [Zone, (zone: Zone) => void] {
  const [zone, setZone] = useState<Zone>(() => (read(zoneKey) === 'utc' ? 'utc' : 'local'));
  const store = (next: Zone) => {
    write(zoneKey, next);
    setZone(next);
  };
  return [zone, store];
}

function read(key: string): string | null {
  try {
    return window.localStorage.getItem(key);
  } catch {
    return null;
  }
}

function write(key: string, value: string): void {
  try {
    window.localStorage.setItem(key, value);
  } catch {
    // Storage may be forbidden or full: the choice then lasts as long as the page.
  }
}
