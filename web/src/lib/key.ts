// Keyboard shortcuts: single keys, never while somebody types or holds a modifier.
import { useEffect, useRef } from 'react';

/** One that answers false has left the key to the browser. */
export type Shortcuts = Record<string, (event: KeyboardEvent) => unknown>;

export function useShortcuts(shortcuts: Shortcuts): void {
  const latest = useRef(shortcuts);
  latest.current = shortcuts;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || typing(event.target)) return;
      const run = Object.hasOwn(latest.current, event.key) ? latest.current[event.key] : undefined;
      if (run && run(event) !== false) event.preventDefault();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
}

/** Ctrl+Z or Cmd+Z, but where it takes back what is typed. */
export function useUndoKey(undo: () => void): void {
  const latest = useRef(undo);
  latest.current = undo;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const chord = (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
      if (!chord || event.key !== 'z' || event.defaultPrevented || typing(event.target)) return;
      event.preventDefault();
      latest.current();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
}

export function typing(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  const within = 'input:not([type="checkbox"]), textarea, select, [role="dialog"], [role="listbox"], [role="menu"]';
  return target.isContentEditable || target.closest(within) !== null;
}

export const shortcutHelp: [keys: string[], what: string][] = [
  [['j', '↓'], 'next row'],
  [['k', '↑'], 'previous row'],
  [['o', 'Enter'], 'open it'],
  [['u', 'Esc'], 'back to the list'],
  [['x'], 'select the row'],
  [['Shift X'], 'select up to the row'],
  [['e'], 'resolve it, or all selected'],
  [['m'], 'mute'],
  [['l'], 'label'],
  [['a'], 'assign'],
  [['Ctrl Z'], 'take the last change back'],
  [['n', 'p'], 'older, newer sample'],
  [['/'], 'to the query box'],
  [['r'], 'refresh now'],
  [['z'], 'zoom out'],
  [['?'], 'this list'],
];
