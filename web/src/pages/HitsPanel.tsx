// The samples that a search found: the list, the one that is open, and the way from page to page.
import { ActionIcon, Button } from '@mantine/core';
import { useLayoutEffect, useRef } from 'react';
import type { SearchAnswer } from '../api/shapes';
import { HitList } from '../components/HitList';
import { Icon } from '../components/Icon';
import { Empty, Failed, Outdated } from '../components/Notice';
import { Panel } from '../components/Panel';
import { Skeleton } from '../components/Skeleton';
import { exact } from '../lib/format';
import { useShortcuts } from '../lib/key';
import { go, usePlace } from '../lib/location';
import { useZone } from '../lib/preference';
import { zoomOut } from '../lib/time';
import { useHeldRows, useListKeys, useTabStop } from './list';
import { limit, type Pages, type useMatches } from './matches';
import { OpenedSample } from './OpenedSample';
import classes from './SearchPage.module.css';

interface Props {
  matches: ReturnType<typeof useMatches>;
  known: SearchAnswer | undefined;
  refused: boolean;
  input: { current: HTMLInputElement | null };
}

export function HitsPanel({ matches, known, refused, input }: Props) {
  const { q, pageNumber, occurrence } = usePlace().view;
  const { found, pages } = matches;
  const { data, error, isPlaceholderData, refetch } = found;
  const list = useRef<HTMLOListElement>(null);
  const held = useHeldRows(known?.occurrences, isPlaceholderData, (row) => row.id, { reading: occurrence !== '' });
  const { rows } = held;
  const at = rows.findIndex((row) => row.id === occurrence);
  const total = known?.summary?.total ?? 0;
  useListKeys(list, input);
  const stop = useTabStop(list, rows, occurrence);
  useInView(list, at >= 0 ? occurrence : '');

  const show = (id: string) => go({ view: { occurrence: id }, replace: true });
  const close = () => {
    list.current?.querySelector<HTMLAnchorElement>('[aria-expanded="true"]')?.focus({ preventScroll: true });
    go({ view: { occurrence: '' } });
  };
  const older = () => {
    const next = rows[at + 1];
    if (at < 0) return;
    if (next) show(next.id);
    // What came meanwhile moved the page's end: the one that is read may stand on the next page too.
    else if (pages.hasOlder)
      pages.turn(pageNumber + 1, (hits) => hits[hits.findIndex((one) => one.id === occurrence) + 1]);
  };
  const newer = () => {
    const next = rows[at - 1];
    if (at > 0 && next) show(next.id);
    else if (at === 0 && pageNumber > 1) pages.turn(pageNumber - 1, 'last');
  };
  useShortcuts(occurrence === '' ? {} : { n: older, p: newer, u: close, Escape: close });
  const steps = {
    number: at < 0 ? undefined : (pageNumber - 1) * limit + at + 1,
    total,
    newest: total > 0 && !(at === 0 && pageNumber === 1) ? () => pages.turn(1, 'first') : undefined,
    newer: at > 0 || (at === 0 && pageNumber > 1) ? newer : undefined,
    older: at >= 0 && (at + 1 < rows.length || pages.hasOlder) ? older : undefined,
    oldest:
      total > 0 && !(at === rows.length - 1 && !pages.hasOlder) ? () => pages.turn(pages.last, 'last') : undefined,
  };
  const opened = <OpenedSample key={occurrence} id={occurrence} steps={steps} onClose={close} />;
  const waiting = held.waiting > 0 && (
    <Button size="compact-xs" variant="light" onClick={held.release}>
      Show what is new
    </Button>
  );
  const retry = () => void refetch();
  return (
    <Panel
      title="Samples"
      note="newest first"
      controls={waiting}
      stale={(isPlaceholderData && !error) || pages.isTurning}
    >
      {error && !refused && data && <Outdated error={error} onRetry={retry} />}
      {pages.error && <Outdated error={pages.error} onRetry={retry} />}
      {error && !refused && !data && <Failed what="The samples" error={error} onRetry={retry} />}
      {!error && !data && (
        <Skeleton height={64} times={8} gap={18} label="Loading the samples" className={classes.loading} />
      )}
      {refused && (
        <Empty title="The query is not understood">
          The mistake is marked above. Words are looked for as they stand; <code>key:value</code> asks for one key.
        </Empty>
      )}
      {known && occurrence !== '' && at < 0 && (
        <div className={classes.apart}>
          <p className={classes.remark}>This sample is not on this page of the list.</p>
          {opened}
        </div>
      )}
      {known && rows.length === 0 && <NoneFound q={q} />}
      {rows.length > 0 && (
        <HitList rows={rows} open={occurrence} stop={stop} listRef={list} onHold={held.setHeld}>
          {opened}
        </HitList>
      )}
      {known && (pages.hasOlder || pageNumber > 1) && (
        <Pager
          pages={pages}
          shown={rows.length}
          total={total}
          onTurn={(page) => {
            pages.turn(page);
            list.current?.scrollIntoView({ block: 'start' });
          }}
        />
      )}
    </Panel>
  );
}

/** Whatever was open above it: the row that is opened stands where its sample can be read. */
function useInView(list: { current: HTMLOListElement | null }, open: string): void {
  const { occurrence } = usePlace().view;
  const linked = useRef(occurrence);
  useLayoutEffect(() => {
    const row = open === '' ? undefined : list.current?.querySelector('[data-open]');
    if (!row) return;
    const { top } = row.getBoundingClientRect();
    const byLink = linked.current === open;
    linked.current = '';
    if (byLink || top < 0 || top > window.innerHeight * 0.6) row.scrollIntoView({ block: 'start' });
    // The button of the step was in the row that is closed now.
    if (!byLink && document.activeElement === document.body)
      row.querySelector<HTMLAnchorElement>('[data-error-link]')?.focus({ preventScroll: true });
  }, [list, open]);
}

function Pager({
  pages,
  shown,
  total,
  onTurn,
}: {
  pages: Pages;
  shown: number;
  total: number;
  onTurn: (page: number) => void;
}) {
  const { pageNumber } = usePlace().view;
  const from = (pageNumber - 1) * limit;
  const onFirst = pageNumber === 1;
  return (
    <nav className={classes.pager} aria-label="Pages of the list">
      <span className="dim number">
        {exact(from + 1)} to {exact(from + shown)} of {exact(Math.max(total, from + shown))}
      </span>
      <ActionIcon
        variant="default"
        size={30}
        aria-label="Newest"
        title="Newest"
        disabled={onFirst}
        onClick={() => onTurn(1)}
      >
        <Icon name="first" size={14} />
      </ActionIcon>
      <Button size="xs" variant="default" disabled={onFirst} onClick={() => onTurn(pageNumber - 1)}>
        Newer
      </Button>
      <Button size="xs" variant="default" disabled={!pages.hasOlder} onClick={() => onTurn(pageNumber + 1)}>
        Older
      </Button>
      <ActionIcon
        variant="default"
        size={30}
        aria-label="Oldest"
        title="Oldest"
        disabled={!pages.hasOlder}
        onClick={() => onTurn(pages.last)}
      >
        <Icon name="last" size={14} />
      </ActionIcon>
    </nav>
  );
}

function NoneFound({ q }: { q: string }) {
  const { view } = usePlace();
  const zone = useZone();
  return (
    <Empty
      title={q === '' ? 'No samples in this range' : 'No sample matches the query in this range'}
      action={
        <>
          <Button
            size="xs"
            variant="default"
            onClick={() => go({ view: { range: zoomOut(view.range, Date.now(), zone) } })}
          >
            Look at a longer range
          </Button>
          {q !== '' && (
            <Button size="xs" variant="default" onClick={() => go({ view: { q: '' } })}>
              Clear the query
            </Button>
          )}
        </>
      }
    >
      {q === '' ? (
        'Clients send samples of some of what they count. The page Errors says what was counted.'
      ) : (
        <>
          Words are looked for in class, message, causes, stack, URL and headers, whole: <code>conn*</code> finds what
          begins so. Terms side by side must all hold; <code>OR</code> between them asks for one.
        </>
      )}
    </Empty>
  );
}
