// Which rows of the list are chosen, and the keys for it: x chooses, e m l a act on what is chosen or on the row under the cursor.
import { useCallback, useMemo, useRef, useState } from 'react';
import type { Aggregate } from '../api/shapes';
import type { Opened } from '../components/StateButtons';
import { useShortcuts } from '../lib/key';
import { go, usePlace } from '../lib/location';
import {
  formatSelection,
  isSelected,
  nothing,
  pageToggled,
  parseSelection,
  reached,
  type Selection,
  toggled,
} from '../lib/selection';
import type { Change } from '../lib/triage';
import { useAsk } from './ask';
import { type On, useEdits } from './Edits';

interface Given {
  list: { current: HTMLOListElement | null };
  rows: Aggregate[];
  total: number;
}

export function useSelection({ list, rows, total }: Given) {
  const { view } = usePlace();
  const { window } = useAsk();
  const { edit } = useEdits();
  const [opened, setOpened] = useState<Opened>();
  const selection = useMemo(() => parseSelection(view.selected), [view.selected]);
  const shown = rows.map((row) => row.id);
  const anchor = useRef<number | undefined>(undefined);
  /** The row was only chosen for a menu: without a change it is not any more. */
  const passing = useRef(false);
  const latest = useRef({ selection, shown });
  latest.current = { selection, shown };

  const select = useCallback((id: number, reach: boolean) => {
    const now = latest.current;
    passing.current = false;
    set(reach ? reached(now.selection, anchor.current, id, now.shown) : toggled(now.selection, id, now.shown));
    anchor.current = id;
  }, []);
  const clear = () => {
    passing.current = false;
    set(nothing);
  };

  const chosen = rows.filter((row) => isSelected(selection, row.id));
  const count = selection.all ? total : selection.ids.size;
  const on: On = selection.all
    ? { kind: 'query', which: { query: view.q, ...(view.all ? {} : between(window)) }, total, rows }
    : { kind: 'many', ids: Array.from(selection.ids), rows: chosen };

  const act = async (change: Change, what: On) => {
    const wasPassing = passing.current;
    passing.current = false;
    const outcome = await edit(change, what);
    if (outcome.made || wasPassing) set(nothing);
    comeBack(list.current, anchor.current);
  };
  const under = () => rows.find((row) => row.id === cursorRow(list.current));
  const open = (next: Opened) => {
    setOpened(next);
    if (next !== undefined || !passing.current) return;
    clear();
    comeBack(list.current, anchor.current);
  };
  const start = (menu: Opened) => {
    const row = under();
    if (count === 0) {
      if (!row) return;
      anchor.current = row.id;
      set({ all: false, ids: new Set([row.id]) });
      passing.current = true;
    }
    setOpened(menu);
  };
  const choose = (reach: boolean) => {
    const row = under();
    if (row) select(row.id, reach);
  };
  const resolve = () => {
    const row = under();
    if (count > 0) void act({ state: 'resolved' }, on);
    else if (row) {
      anchor.current = row.id;
      void act({ state: 'resolved' }, { kind: 'many', ids: [row.id], rows: [row] });
    }
  };
  useShortcuts({
    x: () => choose(false),
    X: () => choose(true),
    e: resolve,
    m: () => start('mute'),
    l: () => start('label'),
    a: () => start('assign'),
    ...(count > 0 && opened === undefined ? { Escape: clear } : {}),
  });
  return {
    on,
    count,
    chosen,
    all: selection.all,
    wholePage: rows.length > 0 && chosen.length === rows.length,
    isSelected: (id: number) => isSelected(selection, id),
    select,
    selectPage: () => set(pageToggled(selection, shown)),
    selectAll: () => set({ all: true, ids: new Set() }),
    clear,
    opened,
    open,
    act: (change: Change) => void act(change, on),
  };
}

export type Chosen = ReturnType<typeof useSelection>;

function set(next: Selection): void {
  go({ view: { selected: formatSelection(next) }, replace: true });
}

function between({ start, end }: { start: string; end: string }) {
  return { start, end };
}

/** The row that has the focus, or the one that is pointed at. */
function cursorRow(list: HTMLOListElement | null): number | undefined {
  const focused = document.activeElement?.closest<HTMLElement>('li[data-id]');
  const row = focused ?? list?.querySelector<HTMLElement>('li[data-id]:hover');
  return row ? Number(row.dataset.id) : undefined;
}

/** Whoever did something with a row stands at it again, unless they have gone somewhere else. */
function comeBack(list: HTMLOListElement | null, id: number | undefined): void {
  window.requestAnimationFrame(() => {
    if (id === undefined || (document.activeElement !== null && document.activeElement !== document.body)) return;
    list?.querySelector<HTMLElement>(`li[data-id="${id}"] [data-error-link]`)?.focus({ preventScroll: true });
  });
}
