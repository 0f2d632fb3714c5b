// What lists of rows have in common: an order that holds still, keys to walk with, and that all of it is one stop to Tab. A row's link
// has `data-error-link`.
import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { hold } from '../lib/held';
import { useShortcuts } from '../lib/key';
import { usePlace } from '../lib/location';
import { type Range, stepped } from '../lib/rows';

/** What leads from row to row, for who stands at one. */
const listKeys = ['ArrowDown', 'ArrowUp', 'Home', 'End', 'PageUp', 'PageDown'];

interface Walked {
  range: Range;
  current: () => number | undefined;
  goTo: (index: number) => void;
}

/** The same for a list of which only some rows are in the document; the returned function is the list's own for keys. */
export function useWalk({ range, current, goTo }: Walked, rows: number, pageRows: () => number) {
  const lead = (key: string): boolean => {
    const at = current();
    // Nobody stands at a row yet: the first one on screen, or the last.
    const next = stepped(key, at, rows, pageRows()) ?? (key === 'k' ? range.last : key === 'j' ? range.first : at);
    if (next === undefined || (at === undefined && key !== 'j' && key !== 'k')) return false;
    goTo(next);
    return true;
  };
  useShortcuts({ j: () => lead('j'), k: () => lead('k'), o: openRow });
  return (event: KeyboardEvent) => {
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey;
    if (plain && listKeys.includes(event.key) && lead(event.key)) event.preventDefault();
  };
}

/** What the row with the focus is: a link, or what opens it. */
function openRow(): void {
  const own = document.activeElement;
  if (own instanceof HTMLElement && own.matches('[data-error-link]')) own.click();
}

/** The rows in an order that holds still while somebody is at the list, or reads one of them. */
export function useHeldRows<T>(
  fresh: T[] | undefined,
  isPlaceholder: boolean,
  id: (row: T) => string,
  { reading = false, also = '' } = {},
) {
  const { view } = usePlace();
  const question = JSON.stringify([view.range, view.q, view.sort, view.cursor, also]);
  const [held, setHeld] = useState(false);
  const [released, setReleased] = useState(false);
  const shown = useRef<{ question: string; rows: T[] }>({ question: '', rows: [] });
  const holds = (held || reading) && !released && !isPlaceholder && shown.current.question === question;
  const result = fresh && holds ? hold(shown.current.rows, fresh, id) : { rows: fresh ?? [], waiting: 0 };
  useEffect(() => {
    if (!isPlaceholder) shown.current = { question, rows: result.rows };
    if (released) setReleased(false);
  });
  return { ...result, setHeld, release: () => setReleased(true) };
}

/** j, k and, within the list, the arrow keys from row to row, o into it, / to the query box. */
export function useListKeys(
  list: { current: HTMLOListElement | null },
  input: { current: HTMLInputElement | null },
): void {
  const links = () => Array.from(list.current?.querySelectorAll<HTMLAnchorElement>('[data-error-link]') ?? []);
  const current = () => document.activeElement?.closest('li')?.querySelector<HTMLAnchorElement>('[data-error-link]');
  const standAt = (link: HTMLAnchorElement | undefined) => {
    link?.focus({ preventScroll: true });
    link?.closest('li')?.scrollIntoView({ block: 'nearest' });
  };
  const move = (by: number) => {
    const all = links();
    const row = current();
    const at = row ? all.indexOf(row) : -1;
    standAt(all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + by))]);
  };
  // Only who stands at a row's own link means the list by these: an opened sample scrolls with them.
  const withinRows = (go: () => void) => (event: { target: EventTarget | null }) => {
    if (!(event.target instanceof Element) || !event.target.matches('[data-error-link]')) return false;
    go();
    return true;
  };
  useShortcuts({
    j: () => move(1),
    k: () => move(-1),
    ArrowDown: withinRows(() => move(1)),
    ArrowUp: withinRows(() => move(-1)),
    Home: withinRows(() => standAt(links()[0])),
    End: withinRows(() => standAt(links().at(-1))),
    o: openRow,
    '/': () => input.current?.select(),
  });
}

/** The row that Tab leads to: the one that somebody stood at last, else the open one, else the first. */
export function useTabStop<T extends { id: string }>(
  list: { current: HTMLOListElement | null },
  rows: T[],
  open: string,
) {
  const [stood, setStood] = useState('');
  useEffect(() => {
    const note = ({ target }: FocusEvent) => {
      const row = target instanceof Element && list.current?.contains(target) ? target.closest('li[data-id]') : null;
      if (row instanceof HTMLElement) setStood(row.dataset.id ?? '');
    };
    document.addEventListener('focusin', note);
    return () => document.removeEventListener('focusin', note);
  }, [list]);
  const has = (id: string) => id !== '' && rows.some((row) => row.id === id);
  return has(stood) ? stood : has(open) ? open : rows[0]?.id;
}
