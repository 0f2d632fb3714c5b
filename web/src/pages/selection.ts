// Which rows of the list are chosen, and the keys for it: x chooses, e m l a act on what is chosen or on the row under the cursor.
import { useCallback, useMemo, useRef, useState } from 'react';
import type { Aggregate } from '../api/shapes';
import type { Opened } from '../components/StateButtons';
import { useShortcuts } from '../lib/key';
import { go, usePlace } from '../lib/location';
import {
  allToggled,
  formatSelection,
  isSelected,
  nothing,
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
  /** The whole list, loaded or not, and of it the rows that are loaded. */
  ids: number[];
  isListed: (id: number) => boolean;
  loaded: () => Aggregate[];
  total: number;
  /** The row that Tab leads to. */
  stop: number | undefined;
  /** Stands at a row again. */
  stand: (id: number) => void;
}

export function useSelection({ list, ids: shown, isListed, loaded, total, stop, stand }: Given) {
  const { view } = usePlace();
  const { window } = useAsk();
  const { edit } = useEdits();
  const [opened, setOpened] = useState<Opened>();
  const selection = useMemo(() => parseSelection(view.selected), [view.selected]);
  const anchor = useRef<number | undefined>(undefined);
  /** The row was only chosen for a menu: without a change it is not any more. */
  const passing = useRef(false);
  const latest = useRef({ selection, shown, isListed, stop, stand });
  latest.current = { selection, shown, isListed, stop, stand };

  const select = useCallback((id: number, reach: boolean) => {
    const now = latest.current;
    passing.current = false;
    set(reach ? reached(now.selection, anchor.current, id, now.shown) : toggled(now.selection, id, now.shown));
    anchor.current = id;
  }, []);
  /** Whoever did something with rows stands at one again: at the one that was chosen last, or where Tab leads to. */
  const comeBack = () =>
    whenLeft(() => {
      const now = latest.current;
      const id = anchor.current !== undefined && now.isListed(anchor.current) ? anchor.current : now.stop;
      if (id !== undefined) now.stand(id);
    });
  const clear = () => {
    passing.current = false;
    set(nothing);
    comeBack();
  };

  const count = selection.all ? total : selection.ids.size;
  const chosen = count === 0 ? [] : loaded().filter((row) => isSelected(selection, row.id));
  const listed = selection.all ? count : Array.from(selection.ids).filter(isListed).length;
  const on: On = selection.all
    ? { kind: 'query', which: { query: view.q, ...(view.all ? {} : between(window)) }, total, rows: chosen }
    : { kind: 'many', ids: Array.from(selection.ids), rows: chosen };
  const act = async (change: Change, what: On) => {
    const wasPassing = passing.current;
    passing.current = false;
    const outcome = await edit(change, what);
    if (outcome.made || wasPassing) set(nothing);
    comeBack();
  };
  const under = () => cursorRow(list.current);
  const open = (next: Opened) => {
    setOpened(next);
    if (next !== undefined || !passing.current) return;
    clear();
  };
  const start = (menu: Opened) => {
    const id = under();
    if (count === 0) {
      if (id === undefined) return;
      anchor.current = id;
      set({ all: false, ids: new Set([id]) });
      passing.current = true;
    }
    setOpened(menu);
  };
  const choose = (reach: boolean) => {
    const id = under();
    if (id !== undefined) select(id, reach);
  };
  const resolve = () => {
    const id = under();
    if (count > 0) void act({ state: 'resolved' }, on);
    else if (id !== undefined) {
      anchor.current = id;
      void act({ state: 'resolved' }, { kind: 'many', ids: [id], rows: loaded().filter((row) => row.id === id) });
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
    /** Chosen ones that are loaded are fewer than all that are chosen. */
    more: selection.all || chosen.length < count,
    elsewhere: count - listed,
    whole: selection.all || (listed > 0 && listed >= total),
    isSelected: (id: number) => isSelected(selection, id),
    select,
    selectAll: () => set(allToggled(selection.all || (listed > 0 && listed >= total))),
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

/** How long what had the focus may take to go. */
const leaveMs = 600;

/** As soon as nothing has the focus any more, unless whoever had it has gone somewhere else. */
function whenLeft(then: () => void): void {
  const end = performance.now() + leaveMs;
  const look = () => {
    if (document.activeElement === null || document.activeElement === document.body) then();
    else if (performance.now() < end) window.requestAnimationFrame(look);
  };
  window.requestAnimationFrame(look);
}
