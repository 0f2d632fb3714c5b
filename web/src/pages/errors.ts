// The rows of the list of errors: the order of all, which holds still while somebody reads, and of the rows themselves those that are
// looked at.
import { useEffect, useMemo, useRef, useState } from 'react';
import { type ListAsk, useErrorOrder, useErrorRows } from '../api/queries';
import type { Aggregate } from '../api/shapes';
import { byId, differs, keep, pieceRows, piecesOf, type Range } from '../lib/rows';
import { isReturning } from '../lib/scroll';

export type Order = ReturnType<typeof useErrorOrder>;

export function useOrder(ask: ListAsk): Order {
  return useErrorOrder(ask, pieceRows);
}

const none: number[] = [];

/** The order that was on screen last: whoever comes back finds it. */
let left: { question: string; ids: number[] } = { question: '', ids: none };

/** The order that is shown, and whether another one waits. It holds while somebody points at the list, stands in it, or has scrolled into it. */
export function useHeldOrder(ask: ListAsk, { data, isPlaceholderData }: Order) {
  const question = JSON.stringify([ask.window.start, ask.window.end, ask.q, ask.all, ask.sort]);
  const fresh = data?.order ?? none;
  const [held, setHeld] = useState(false);
  const within = useRef(isReturning());
  const released = useRef(false);
  const [, draw] = useState(0);
  const shown = useRef(left);
  const same = shown.current.question === question;
  const holds = isPlaceholderData || (same && (held || within.current) && !released.current);
  const ids = holds && shown.current.ids.length > 0 ? shown.current.ids : fresh;
  useEffect(() => {
    released.current = false;
    if (!isPlaceholderData && data) {
      shown.current = { question, ids };
      left = shown.current;
    }
  });
  return {
    question,
    ids,
    waits: ids !== fresh && !isPlaceholderData && differs(ids, fresh),
    setHeld,
    /** Whether rows above the screen would push away those on it. */
    setWithin: (is: boolean) => {
      within.current = is || isReturning();
    },
    release: () => {
      released.current = true;
      draw((n) => n + 1);
    },
  };
}

/** How soon after scrolling what is on screen is asked for, and how often while one scrolls. */
const settleMs = 90;

/** What is on screen, not at each step of scrolling. */
export function useSettled({ first, last }: Range): Range {
  const [settled, setSettled] = useState({ first, last });
  const latest = useRef({ first, last });
  latest.current = { first, last };
  const waits = useRef<number | undefined>(undefined);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each step begins to wait, unless one waits already
  useEffect(() => {
    waits.current ??= window.setTimeout(() => {
      waits.current = undefined;
      setSettled(latest.current);
    }, settleMs);
  }, [first, last]);
  useEffect(
    () => () => {
      window.clearTimeout(waits.current);
      waits.current = undefined;
    },
    [],
  );
  return settled;
}

/** Rows that no answer has any more and that may be shown again. */
const keptMax = 1000;

interface Asked {
  ids: number[];
  range: Range;
  question: string;
}

/** The rows that are loaded. */
export function useLoaded(
  ask: ListAsk,
  { data, dataUpdatedAt, isPlaceholderData }: Order,
  { ids, range, question }: Asked,
) {
  const first = data?.aggregates ?? [];
  const known = useMemo(() => new Set(first.map(({ id }) => id)), [first]);
  const settled = useSettled(range);
  const pieces = useMemo(() => piecesOf(ids, settled), [ids, settled]);
  // The first rows came with the order, as long as it is the one that is shown.
  const missing = isPlaceholderData ? [] : pieces.filter((piece) => piece.some((id) => !known.has(id)));
  const answered = useErrorRows(ask, missing);
  const rows = useMemo(() => {
    const all = [...answered, { rows: first, at: dataUpdatedAt }].sort((a, b) => a.at - b.at);
    return byId(all.map((one) => one.rows));
  }, [answered, first, dataUpdatedAt]);
  const kept = useRef({ question, rows: new Map<number, Aggregate>() });
  useEffect(() => {
    if (kept.current.question !== question && !isPlaceholderData) kept.current = { question, rows: new Map() };
    keep(kept.current.rows, rows, keptMax);
  });
  return {
    rowOf: (id: number) => rows.get(id) ?? kept.current.rows.get(id),
    loaded: () => Array.from(new Map([...kept.current.rows, ...rows]).values()),
  };
}
