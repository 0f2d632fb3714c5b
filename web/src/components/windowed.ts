// A list of which only the rows on screen are in the document, however long it is: they stand at their places in a box that is as tall as
// all of them, so that the scroll bar tells the truth. The row that has the focus stays in the document wherever one scrolls.
import { defaultRangeExtractor, useWindowVirtualizer } from '@tanstack/react-virtual';
import { type RefObject, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { Range } from '../lib/rows';
import { isReturning } from '../lib/scroll';

type Id = number | string;

/** Rows beyond the screen that are drawn before one gets there. */
const overscan = 8;

/** How long a row that is not loaded yet is waited for to take the focus. */
const focusPatienceMs = 2000;

interface Options<T extends Id> {
  ids: readonly T[];
  box: RefObject<HTMLElement | null>;
  /** Height of a row, pixels; where rows are measured, about that. */
  rowHeight: number;
  measured?: boolean;
  /** What stays on top of the rows, and below them, when one scrolls to one of these, pixels. */
  headHeight?: number;
  footHeight?: number;
}

export interface Slot<T extends Id> {
  id: T;
  index: number;
  /** From the box's top, pixels. */
  top: number;
}

/** What is drawn: boxes with `data-index` and `data-id`, in each something to stand at with `data-error-link`. */
export function useWindowed<T extends Id>({
  ids,
  box,
  rowHeight,
  measured = false,
  headHeight = 0,
  footHeight = 0,
}: Options<T>) {
  const margin = useOffsetTop(box);
  const places = useMemo(() => new Map(ids.map((id, index) => [id, index])), [ids]);
  // Asked once: to answer, the browser has to lay the page out.
  const [screen] = useState(() => ({ width: window.innerWidth, height: window.innerHeight }));
  const wanted = useRef<{ id: T; until: number } | undefined>(undefined);
  const virtualizer = useWindowVirtualizer({
    count: ids.length,
    estimateSize: useCallback(() => rowHeight, [rowHeight]),
    getItemKey: useCallback((index: number) => ids[index] ?? index, [ids]),
    overscan,
    scrollMargin: margin,
    scrollPaddingStart: headHeight,
    scrollPaddingEnd: footHeight,
    initialOffset: () => (isReturning() ? window.scrollY : 0),
    initialRect: screen,
    rangeExtractor: useCallback(
      (range: Parameters<typeof defaultRangeExtractor>[0]) => {
        const usual = defaultRangeExtractor(range);
        const at = places.get(focusedId(box.current) as T);
        if (at === undefined || usual.includes(at)) return usual;
        return [...usual, at].sort((a, b) => a - b);
      },
      [box, places],
    ),
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: rows have another height now
  useLayoutEffect(() => virtualizer.measure(), [rowHeight, virtualizer]);

  const takeFocus = useCallback(() => {
    const { current } = wanted;
    if (!current) {
      // A row that was stood at before it was loaded: now there is what it leads to.
      const own = document.activeElement;
      if (own instanceof HTMLElement && own.dataset.index !== undefined && box.current?.contains(own))
        standAt(box.current, own.dataset.id ?? '');
      return;
    }
    if (performance.now() > current.until) wanted.current = undefined;
    else if (standAt(box.current, current.id)) wanted.current = undefined;
  }, [box]);
  useEffect(takeFocus);

  const items = virtualizer.getVirtualItems();
  const range = virtualizer.range;
  return {
    slots: items.map(({ index, start }) => ({ id: ids[index] as T, index, top: start - margin })),
    height: virtualizer.getTotalSize(),
    range: { first: range?.startIndex ?? 0, last: range?.endIndex ?? 0 } satisfies Range,
    placeOf: (id: T) => places.get(id),
    measure: measured ? virtualizer.measureElement : undefined,
    /** The row at which somebody stands, or is about to. */
    current: (): number | undefined => places.get(wanted.current?.id ?? (focusedId(box.current) as T)),
    /** Goes to a row and stands at it, as soon as it is loaded. */
    goTo: (index: number) => {
      const id = ids[index];
      if (id === undefined) return;
      wanted.current = { id, until: performance.now() + focusPatienceMs };
      virtualizer.scrollToIndex(index, { align: 'auto' });
      takeFocus();
    },
    /** Stands at a row without going there. */
    stand: (id: T) => {
      wanted.current = { id, until: performance.now() + focusPatienceMs };
      takeFocus();
    },
    /** To the list's top, if one is beyond it. */
    toTop: () => {
      if (window.scrollY > margin - headHeight) window.scrollTo(0, margin - headHeight);
    },
  };
}

export type Windowed<T extends Id> = ReturnType<typeof useWindowed<T>>;

/** Ids are numbers in some lists and texts in others; the document knows texts. */
function focusedId(box: HTMLElement | null): Id | undefined {
  const own = document.activeElement?.closest<HTMLElement>('[data-index]');
  const id = own && box?.contains(own) ? own.dataset.id : undefined;
  return id !== undefined && own?.dataset.number !== undefined ? Number(id) : id;
}

/** Whether there is something to stand at in the row. Where it is not loaded, the row itself has the focus meanwhile. */
function standAt(box: HTMLElement | null, id: Id): boolean {
  const row = box?.querySelector<HTMLElement>(`[data-id="${CSS.escape(String(id))}"]`);
  const link = row?.querySelector<HTMLElement>('[data-error-link]');
  (link ?? row)?.focus({ preventScroll: true });
  return Boolean(link);
}

/** Where the box begins, from the document's top, whatever is loaded above it. */
function useOffsetTop(box: RefObject<HTMLElement | null>): number {
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    const look = () => box.current && setTop(Math.round(box.current.getBoundingClientRect().top + window.scrollY));
    // The observer tells of the first layout, too, but only after it; who comes back to a place needs the rows there at once.
    if (isReturning()) look();
    const observer = new ResizeObserver(look);
    observer.observe(document.body);
    return () => observer.disconnect();
  }, [box]);
  return top;
}
