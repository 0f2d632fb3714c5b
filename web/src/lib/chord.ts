// Two keys in a row: g and a letter go to a page. The second key is taken before anybody else sees it.
import { useEffect, useRef } from 'react';
import { typing } from './key';

/** So long the second key may take. */
const patienceMs = 1500;

export function useGoKeys(ways: Record<string, () => void>): void {
  const latest = useRef(ways);
  latest.current = ways;
  useEffect(() => {
    let begun = 0;
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
      const waits = event.timeStamp - begun < patienceMs && begun !== 0;
      begun = 0;
      if (waits) {
        const way = Object.hasOwn(latest.current, event.key) ? latest.current[event.key] : undefined;
        if (!way) return;
        event.preventDefault();
        event.stopPropagation();
        way();
      } else if (event.key === 'g') {
        begun = event.timeStamp;
      }
    };
    window.addEventListener('keydown', onKey, true);
    return () => window.removeEventListener('keydown', onKey, true);
  }, []);
}

export const goHelp: [keys: string[], what: string][] = [
  [['g o'], 'overview'],
  [['g e'], 'errors'],
  [['g s'], 'search'],
  [['g t'], 'targets'],
  [['g a'], 'activity'],
  [['g r'], 'reports'],
  [['g h'], 'status: how this server is'],
];
