// What a person prefers and nobody else needs to see in a link: kept in the browser, if it lets us.
import { createContext, useContext, useState, useSyncExternalStore } from 'react';
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

const nameKey = 'hydrophone-name';
const namelessKey = 'hydrophone-nameless';
const facetsKey = 'hydrophone-facets';

/** Who somebody says they are; empty when they did not say. */
export function storedName(): string {
  return read(nameKey) ?? '';
}

export function storeName(name: string): void {
  write(nameKey, name);
  write(namelessKey, '');
}

/** Whether they said that they would rather not say it. */
export function staysNameless(): boolean {
  return read(namelessKey) === 'yes';
}

export function storeNameless(): void {
  write(namelessKey, 'yes');
}

/** Whether what tells the errors apart stands beside their list. */
export function useStoredFacets(): [boolean, (shown: boolean) => void] {
  const [shown, setShown] = useState(() => read(facetsKey) === 'yes');
  const store = (next: boolean) => {
    write(facetsKey, next ? 'yes' : 'no');
    setShown(next);
  };
  return [shown, store];
}

const librariesKey = 'hydrophone-libraries';
const changed = 'hydrophone-preference';

/** Pieces of a stack's lines that are of libraries, besides those that are known to be. All that show stacks follow a change. */
export function useStoredLibraries(): [string, (pieces: string) => void] {
  const pieces = useSyncExternalStore(follow, () => read(librariesKey) ?? '');
  const store = (next: string) => {
    write(librariesKey, next);
    window.dispatchEvent(new Event(changed));
  };
  return [pieces, store];
}

function follow(listener: () => void): () => void {
  window.addEventListener(changed, listener);
  return () => window.removeEventListener(changed, listener);
}

export function read(key: string): string | null {
  try {
    return window.localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function write(key: string, value: string): void {
  try {
    window.localStorage.setItem(key, value);
  } catch {
    // Storage may be forbidden or full: the choice then lasts as long as the page.
  }
}
