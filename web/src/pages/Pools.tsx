// The table of targets: its rows in an order that holds still, the keys that lead from row to row, and the one that is open.
import { Button } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useLayoutEffect, useMemo, useRef } from 'react';
import type { Target } from '../api/shapes';
import { headHeight, rowHeight, TargetTable } from '../components/TargetTable';
import { useWindowed } from '../components/windowed';
import { go, usePlace } from '../lib/location';
import { isReturning } from '../lib/scroll';
import { type Row, rowsOf } from '../lib/target';
import { useHeldRows, useWalk } from './list';
import { OpenedTarget } from './OpenedTarget';
import classes from './TargetsPage.module.css';

export function Pools({ targets, question }: { targets: Target[]; question: string }) {
  const { view } = usePlace();
  const table = useRef<HTMLTableElement>(null);
  const folded = useMemo(() => new Set(view.folded), [view.folded]);
  const fresh = useMemo(() => rowsOf(targets, folded), [targets, folded]);
  const within = useRef(false);
  const also = JSON.stringify([question, view.folded]);
  const held = useHeldRows(fresh, false, (row) => row.id, { reading: within.current || view.target !== '', also });
  const { rows } = held;
  const ids = useMemo(() => rows.map(({ id }) => id), [rows]);
  const phone = useMediaQuery('(max-width: 760px)', false, { getInitialValueInEffect: false });
  const windowed = useWindowed({
    ids,
    box: table,
    rowHeight: phone ? 86 : rowHeight,
    measured: true,
    headHeight: phone ? 0 : headHeight,
    inset: phone ? 0 : headHeight,
  });
  within.current = windowed.range.first > 0;
  const onKey = useWalk(windowed, rows.length, () => Math.max(1, windowed.range.last - windowed.range.first - 1));
  const { toTop } = windowed;
  const before = useRef(question);
  useLayoutEffect(() => {
    if (before.current !== question && !isReturning()) toTop();
    before.current = question;
  });
  const open = rows.find((row) => row.kind === 'target' && view.target === nameOf(row.target));
  const toggle = (row: Row<Target>) => {
    if (row.kind === 'target') go({ view: { target: row === open ? '' : nameOf(row.target) }, replace: true });
    else
      go({
        view: { folded: row.folded ? view.folded.filter((name) => name !== row.name) : [...view.folded, row.name] },
      });
  };
  return (
    <>
      {held.waiting > 0 && (
        <Button size="compact-xs" variant="light" className={classes.fresh} onClick={held.release}>
          Show the order of now
        </Button>
      )}
      <TargetTable
        windowed={windowed}
        rows={rows}
        tableRef={table}
        open={open?.id ?? ''}
        onToggle={(row) => toggle(row as Row<Target>)}
        onHold={held.setHeld}
        onKey={onKey}
      >
        {open?.kind === 'target' && <OpenedTarget key={open.id} target={open.target} />}
      </TargetTable>
    </>
  );
}

/** In the address: its id, or where it has none what it is called by. */
function nameOf({ id, service, scrape_url, discovered_labels }: Target): string {
  return typeof id === 'number' ? String(id) : `${service} ${scrape_url || (discovered_labels.__address__ ?? '')}`;
}
