// The list itself: its head, its rows, the keys that lead from row to row, and what is chosen.
import { Button } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useEffect, useLayoutEffect, useRef } from 'react';
import type { ListAsk } from '../api/queries';
import { ErrorList, headHeight, SortHeader, useRowShape, WholeCheck } from '../components/ErrorList';
import heads from '../components/ErrorList.module.css';
import { useWindowed } from '../components/windowed';
import { exact } from '../lib/format';
import { go } from '../lib/location';
import { isReturning } from '../lib/scroll';
import type { Sort } from '../lib/url';
import { BulkBar } from './BulkBar';
import classes from './ErrorListPanel.module.css';
import { type Order, useHeldOrder, useLoaded } from './errors';
import { useWalk } from './list';
import { useSelection } from './selection';

/** What a selection's bar at the bottom of a small screen covers, pixels. */
const barHeight = 96;

interface Props {
  ask: ListAsk;
  order: Order;
  total: number;
}

export function FoundErrors({ ask, order, total }: Props) {
  const list = useRef<HTMLOListElement>(null);
  const held = useHeldOrder(ask, order);
  const { ids, question } = held;
  const shape = useRowShape();
  const small = useMediaQuery('(max-width: 1000px)', false, { getInitialValueInEffect: false });
  const windowed = useWindowed({
    ids,
    box: list,
    rowHeight: shape.height,
    headHeight,
    footHeight: small ? barHeight : 0,
  });
  const { range, stop, stand, placeOf, toTop } = windowed;
  const within = range.first > 0;
  held.setWithin(within);
  const { rowOf, loaded } = useLoaded(ask, order, { ids, range, question });
  const isListed = (id: number) => placeOf(id) !== undefined;
  const chosen = useSelection({ list, ids, isListed, loaded, total, stop, stand });
  useReturn(list, stand);
  useBegin(question, toTop);

  const pageRows = () => Math.floor((window.innerHeight - headHeight) / shape.height) - 1;
  const onKey = useWalk(windowed, ids.length, pageRows);
  const show = () => {
    held.release();
    toTop();
  };
  return (
    <div className={classes.found} data-selecting={chosen.count > 0 || undefined}>
      <div className={heads.head} data-selecting={chosen.count > 0 || undefined}>
        <WholeCheck checked={chosen.whole} some={chosen.count > 0} onChange={chosen.selectAll} />
        <SortHeader sort={ask.sort as Sort} onSort={(next) => go({ view: { sort: next } })}>
          {within && (
            <span className={classes.position}>
              {exact(range.first + 1)} to {exact(range.last + 1)} of {exact(total)}
            </span>
          )}
          {held.waits && (
            <Button size="compact-xs" variant="light" className={classes.fresh} onClick={show}>
              Show what is new
            </Button>
          )}
        </SortHeader>
        {chosen.count > 0 && <BulkBar chosen={chosen} total={total} />}
      </div>
      <ErrorList
        windowed={windowed}
        total={ids.length}
        shape={shape}
        rowOf={rowOf}
        listRef={list}
        onHold={held.setHeld}
        onKey={onKey}
        isSelected={chosen.isSelected}
        onSelect={chosen.select}
      />
      {total > ids.length && (
        <p className={classes.rest}>
          These are the first {exact(ids.length)} of {exact(total)}. Narrow the list down to see the others.
        </p>
      )}
    </div>
  );
}

/** Another question begins at the list's top. */
function useBegin(question: string, toTop: () => void): void {
  const before = useRef(question);
  useLayoutEffect(() => {
    if (before.current !== question && !isReturning()) toTop();
    before.current = question;
  });
}

/** Whoever comes back from an error stands at its row again, so that j and k go on from there. */
let left: number | undefined;

function useReturn(list: { current: HTMLOListElement | null }, stand: (id: number) => void): void {
  const latest = useRef(stand);
  latest.current = stand;
  useEffect(() => {
    const own = list.current;
    if (!own) return;
    const away = document.activeElement === document.body || document.activeElement?.id === 'main';
    if (left !== undefined && away) latest.current(left);
    left = undefined;
    const note = (event: MouseEvent) => {
      const link = event.target instanceof Element ? event.target.closest('[data-error-link]') : null;
      const id = link?.closest<HTMLElement>('[data-id]')?.dataset.id;
      if (id !== undefined) left = Number(id);
    };
    own.addEventListener('click', note);
    return () => own.removeEventListener('click', note);
  }, [list]);
}
