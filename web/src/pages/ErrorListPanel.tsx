// The errors seen in the range that match the query.
import { Button, Switch } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useEffect, useRef, useState } from 'react';
import { ApiError } from '../api/client';
import { useAggregates } from '../api/queries';
import { ErrorList, PageCheck, SortHeader } from '../components/ErrorList';
import heads from '../components/ErrorList.module.css';
import { Icon } from '../components/Icon';
import { Indexed } from '../components/Indexed';
import { Empty, Failed, Outdated } from '../components/Notice';
import { Panel } from '../components/Panel';
import { QueryBox } from '../components/QueryBox';
import { Skeleton } from '../components/Skeleton';
import { exact } from '../lib/format';
import { go, nextPage, previousPage, usePlace } from '../lib/location';
import { useStoredFacets, useZone } from '../lib/preference';
import { zoomOut } from '../lib/time';
import { useAsk, useTyping } from './ask';
import { BulkBar } from './BulkBar';
import classes from './ErrorListPanel.module.css';
import { FacetsAside } from './FacetsAside';
import { useHeldRows, useListKeys } from './list';
import { useSelection } from './selection';
import { ViewBar } from './ViewBar';

const limit = 50;

export function ErrorListPanel() {
  const { view } = usePlace();
  const { q, all, sort, cursor, pageNumber } = view;
  const { data, error, isPlaceholderData, refetch } = useAggregates({
    ...useAsk(),
    q,
    all,
    sort,
    cursor,
    limit,
    sparkline: 48,
  });
  const input = useRef<HTMLInputElement>(null);
  const typing = useTyping();
  const list = useRef<HTMLOListElement>(null);
  const rows = useHeldRows(data?.aggregates, isPlaceholderData, (row) => String(row.id));
  useListKeys(list, input);
  useReturn(list, rows.rows.length > 0);
  const chosen = useSelection({ list, rows: rows.rows, total: data?.total ?? 0 });
  const wide = useMediaQuery('(min-width: 1200px)', true, { getInitialValueInEffect: false });
  const [beside, setBeside] = useStoredFacets();
  const [folded, setFolded] = useState(true);
  const filters = wide ? beside : !folded;

  const refused = error instanceof ApiError && error.param === 'q' ? error : undefined;
  const problem = refused && { text: refused.message, position: refused.position };
  const known = refused ? undefined : data;
  const first = (pageNumber - 1) * limit + 1;
  const shown = rows.rows.length;
  const byText = known?.counted === 'errors' ? ', found by the text of their samples' : '';
  const note =
    known && known.total > 0 && `${exact(known.total)}${known.total === 1 ? ' error' : ' different errors'}${byText}`;
  const controls = (
    <>
      {rows.waiting > 0 && (
        <Button size="compact-xs" variant="light" onClick={rows.release}>
          Show what is new
        </Button>
      )}
      <Switch
        size="xs"
        label="also not in the range"
        title="Also errors that did not happen in the range"
        checked={all}
        onChange={(event) => go({ view: { all: event.currentTarget.checked } })}
      />
      <Button
        size="compact-sm"
        variant="default"
        aria-expanded={filters}
        leftSection={<Icon name="filter" size={14} />}
        onClick={() => (wide ? setBeside(!beside) : setFolded(!folded))}
      >
        Filter
      </Button>
    </>
  );
  return (
    <Panel title="Errors" note={note} controls={controls} stale={isPlaceholderData && !error}>
      <ViewBar />
      <QueryBox
        q={q}
        problem={problem}
        onChange={(next) => go({ view: { q: next } })}
        inputRef={input}
        {...typing}
        plain
      />
      <div className={classes.columns} data-filters={filters || undefined}>
        {filters && <FacetsAside enabled={!refused} />}
        <div className={classes.list} data-selecting={chosen.count > 0 || undefined}>
          <Indexed indexed={known?.indexed} />
          {error && !refused && data && <Outdated error={error} onRetry={() => void refetch()} />}
          {error && !refused && !data && <Failed what="The errors" error={error} onRetry={() => void refetch()} />}
          {!error && !data && (
            <Skeleton height={48} times={8} gap={28} label="Loading the errors" className={classes.loading} />
          )}
          {known && known.total === 0 && <NoneFound q={q} />}
          {known && known.total > 0 && (
            <>
              <div className={heads.head} data-selecting={chosen.count > 0 || undefined}>
                <PageCheck checked={chosen.wholePage} some={chosen.count > 0} onChange={chosen.selectPage} />
                <SortHeader sort={sort} onSort={(next) => go({ view: { sort: next } })} />
                {chosen.count > 0 && <BulkBar chosen={chosen} total={known.total} />}
              </div>
              <ErrorList
                rows={rows.rows}
                listRef={list}
                onHold={rows.setHeld}
                isSelected={chosen.isSelected}
                onSelect={chosen.select}
              />
              {(known.next_cursor || pageNumber > 1) && (
                <nav className={classes.pager} aria-label="Pages of the list">
                  <span className="dim number">
                    {exact(first)} to {exact(first + shown - 1)} of {exact(known.total)}
                  </span>
                  <Button size="xs" variant="default" disabled={pageNumber === 1} onClick={previousPage}>
                    Previous
                  </Button>
                  <Button
                    size="xs"
                    variant="default"
                    disabled={!known.next_cursor}
                    onClick={() => {
                      if (known.next_cursor) nextPage(known.next_cursor);
                      list.current?.scrollIntoView({ block: 'start' });
                    }}
                  >
                    Next
                  </Button>
                </nav>
              )}
            </>
          )}
        </div>
      </div>
    </Panel>
  );
}

/** Whoever comes back from an error stands at its row again, so that j and k go on from there. */
let left = '';

function useReturn(list: { current: HTMLOListElement | null }, ready: boolean): void {
  useEffect(() => {
    const own = list.current;
    if (!ready || !own) return;
    const links = Array.from(own.querySelectorAll<HTMLAnchorElement>('[data-error-link]'));
    const away = document.activeElement === document.body || document.activeElement?.id === 'main';
    if (left !== '' && away) links.find((link) => link.href === left)?.focus({ preventScroll: true });
    left = '';
    const note = (event: MouseEvent) => {
      if (event.target instanceof Element)
        left = event.target.closest<HTMLAnchorElement>('[data-error-link]')?.href ?? left;
    };
    own.addEventListener('click', note);
    return () => own.removeEventListener('click', note);
  }, [list, ready]);
}

function NoneFound({ q }: { q: string }) {
  const { view } = usePlace();
  const zone = useZone();
  const widen = () => go({ view: { range: zoomOut(view.range, Date.now(), zone) } });
  if (view.all) {
    return (
      <Empty
        title={q === '' ? 'No errors yet' : 'No error matches'}
        action={
          <Button size="xs" variant="default" onClick={() => go({ view: { q: '', all: false } })}>
            All errors of the range
          </Button>
        }
      >
        {q === '' ? 'As soon as a target has thrown one, it stands here.' : 'Whenever it happened: there is none.'}
      </Empty>
    );
  }
  return (
    <Empty
      title={q === '' ? 'No errors in this range' : 'No error matches the query in this range'}
      action={
        <>
          {q !== '' && (
            <Button size="xs" variant="default" onClick={() => go({ view: { q: '' } })}>
              Clear the query
            </Button>
          )}
          <Button size="xs" variant="default" onClick={widen}>
            Look at a longer range
          </Button>
          {q !== '' && (
            <Button size="xs" variant="default" onClick={() => go({ view: { all: true } })}>
              Whenever they happened
            </Button>
          )}
        </>
      }
    >
      {q === ''
        ? 'The chart above shows whether all of it was watched.'
        : 'Words are looked for in class, message, causes, stack, URL and headers of the samples.'}
    </Empty>
  );
}
