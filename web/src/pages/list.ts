// What lists of rows have in common: an order that holds still, and keys to walk with. A row's link has `data-error-link`.
import { useEffect, useRef, useState } from 'react';
import { hold } from '../lib/held';
import { useShortcuts } from '../lib/key';
import { usePlace } from '../lib/location';

/** The rows in an order that holds still while somebody is at the list, or reads one of them. */
export function useHeldRows<T>(
  fresh: T[] | undefined,
  isPlaceholder: boolean,
  id: (row: T) => string,
  { reading = false } = {},
) {
  const { view } = usePlace();
  const question = JSON.stringify([view.range, view.q, view.sort, view.cursor]);
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

/** j and k from row to row, o into it, / to the query box. */
export function useListKeys(
  list: { current: HTMLOListElement | null },
  input: { current: HTMLInputElement | null },
): void {
  const move = (by: number) => {
    const links = Array.from(list.current?.querySelectorAll<HTMLAnchorElement>('[data-error-link]') ?? []);
    const row = document.activeElement?.closest('li')?.querySelector<HTMLAnchorElement>('[data-error-link]');
    const at = row ? links.indexOf(row) : -1;
    const next = links[at < 0 ? (by > 0 ? 0 : links.length - 1) : Math.min(links.length - 1, Math.max(0, at + by))];
    next?.focus({ preventScroll: true });
    next?.closest('li')?.scrollIntoView({ block: 'nearest' });
  };
  useShortcuts({
    j: () => move(1),
    k: () => move(-1),
    o: () => document.activeElement instanceof HTMLAnchorElement && document.activeElement.click(),
    '/': () => input.current?.select(),
  });
}
