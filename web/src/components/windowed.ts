// A list of which only the rows on screen are in the document, however long it is: they stand at their places in a box that is as tall as
// all of them, so that the scroll bar tells the truth. The row that has the focus stays in the document wherever one scrolls. To Tab the
// whole list is one stop: the row that somebody stood at last, or the first one on screen.
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
  /** What stands in the box above the rows, pixels. */
  inset?: number;
}

export interface Slot<T extends Id> {
  id: T;
  index: number;
  /** From the box's top, pixels. */
  top: number;
  bottom: number;
  /** 0 for the row that Tab leads to. */
  tabIndex: 0 | -1;
}

/** What is drawn: boxes with `data-index` and `data-id`, in each something to stand at with `data-error-link` and the slot's `tabIndex`. */
export function useWindowed<T extends Id>({
  ids,
  box,
  rowHeight,
  measured = false,
  headHeight = 0,
  footHeight = 0,
  inset = 0,
}: Options<T>) {
  const margin = useOffsetTop(box) + inset;
  const places = useMemo(() => new Map(ids.map((id, index) => [id, index])), [ids]);
  // Asked once: to answer, the browser has to lay the page out.
  const [screen] = useState(() => ({ width: window.innerWidth, height: window.innerHeight }));
  const wanted = useRef<{ id: T; until: number } | undefined>(undefined);
  const { stood, setStood } = useStood<T>(box);
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
        const kept = [focusedId(box.current), stood].map((id) => places.get(id as T));
        const more = kept.filter((at) => at !== undefined && !usual.includes(at)) as number[];
        return more.length === 0 ? usual : Array.from(new Set([...usual, ...more])).sort((a, b) => a - b);
      },
      [box, places, stood],
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
  const stand = (id: T) => {
    wanted.current = { id, until: performance.now() + focusPatienceMs };
    setStood(id);
    takeFocus();
  };
  const own = focusedId(box.current) as T | undefined;
  useKeptPlace({ ids, places, own, stood, setStood, stand });

  const items = virtualizer.getVirtualItems();
  const range = { first: virtualizer.range?.startIndex ?? 0, last: virtualizer.range?.endIndex ?? 0 } satisfies Range;
  const top = (virtualizer.scrollOffset ?? 0) + headHeight;
  const first = items.find(({ index, start }) => index >= range.first && start >= top)?.index ?? range.first;
  const isSeen = (at: number | undefined) => at !== undefined && at >= first && at <= range.last;
  const stop = own !== undefined && places.has(own) ? own : isSeen(places.get(stood as T)) ? stood : ids[first];
  return {
    slots: items.map(({ index, start, end }): Slot<T> => {
      const id = ids[index] as T;
      return { id, index, top: start - margin, bottom: end - margin, tabIndex: id === stop ? 0 : -1 };
    }),
    height: virtualizer.getTotalSize(),
    range,
    /** The row that Tab leads to. */
    stop,
    placeOf: (id: T) => places.get(id),
    measure: measured ? virtualizer.measureElement : undefined,
    /** The row at which somebody stands, or is about to. */
    current: (): number | undefined => places.get(wanted.current?.id ?? (focusedId(box.current) as T)),
    /** Goes to a row and stands at it, as soon as it is loaded. */
    goTo: (index: number) => {
      const id = ids[index];
      if (id === undefined) return;
      virtualizer.scrollToIndex(index, { align: 'auto' });
      stand(id);
    },
    /** Stands at a row without going there. */
    stand,
    /** To the list's top, if one is beyond it. */
    toTop: () => {
      if (window.scrollY > margin - headHeight) window.scrollTo(0, margin - headHeight);
    },
  };
}

export type Windowed<T extends Id> = ReturnType<typeof useWindowed<T>>;

/** The row that somebody stood at last. */
function useStood<T extends Id>(box: RefObject<HTMLElement | null>) {
  const [stood, setStood] = useState<T>();
  useEffect(() => {
    const own = box.current;
    const note = () => setStood(focusedId(own) as T | undefined);
    own?.addEventListener('focusin', note);
    return () => own?.removeEventListener('focusin', note);
  }, [box]);
  return { stood, setStood };
}

interface Kept<T extends Id> {
  ids: readonly T[];
  places: ReadonlyMap<T, number>;
  /** The row that had the focus when this was drawn. */
  own: T | undefined;
  stood: T | undefined;
  setStood: (id: T | undefined) => void;
  stand: (id: T) => void;
}

/** Whose row was drawn anew stands at it again; whose row is gone stands at the one in its place. */
function useKeptPlace<T extends Id>({ ids, places, own, stood, setStood, stand }: Kept<T>): void {
  const place = useRef(0);
  useLayoutEffect(() => {
    const id = own ?? stood;
    if (id === undefined) return;
    const at = places.get(id);
    place.current = at ?? Math.max(0, Math.min(place.current, ids.length - 1));
    const next = ids[place.current];
    if (own !== undefined && next !== undefined && document.activeElement === document.body) stand(next);
    else if (next !== stood && at === undefined) setStood(next);
  });
}

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
