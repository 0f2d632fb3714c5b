// Keyboard shortcuts: single keys, never while somebody types or holds a modifier.
import { useEffect, useRef } from 'react';

export type Shortcuts = Record<string, (event: KeyboardEvent) => void>;

export function useShortcuts(shortcuts: Shortcuts): void {
  const latest = useRef(shortcuts);
  latest.current = shortcuts;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || typing(event.target)) return;
      const run = Object.hasOwn(latest.current, event.key) ? latest.current[event.key] : undefined;
      if (run) {
        event.preventDefault();
        run(event);
      }
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
}

function typing(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return (
    target.isContentEditable || target.closest('input, textarea, select, [role="dialog"], [role="listbox"]') !== null
  );
}

export const shortcutHelp: [keys: string[], what: string][] = [
  [['j'], 'next row'],
  [['k'], 'previous row'],
  [['o', 'Enter'], 'open it'],
  [['u', 'Esc'], 'back to the list'],
  [['n', 'p'], 'older, newer sample'],
  [['/'], 'to the query box'],
  [['r'], 'refresh now'],
  [['z'], 'zoom out'],
  [['?'], 'this list'],
];
