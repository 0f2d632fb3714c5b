// The samples of an error, one at a time, newest first.
import { Button } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useOccurrence, useOccurrences, useTicket } from '../api/queries';
import type { Occurrence, Occurrences } from '../api/shapes';
import { Copy } from '../components/Copy';
import { Severity } from '../components/Flag';
import { Foreign } from '../components/Foreign';
import { Empty, Failed } from '../components/Notice';
import { Panel } from '../components/Panel';
import { Pairs, Request } from '../components/Request';
import { SampleList } from '../components/SampleList';
import { Skeleton } from '../components/Skeleton';
import { Step } from '../components/Step';
import { Time } from '../components/Time';
import { Trace } from '../components/Trace';
import { exact, exactTime } from '../lib/format';
import { useShortcuts } from '../lib/key';
import { go, usePlace } from '../lib/location';
import { useZone } from '../lib/preference';
import classes from './ErrorPage.module.css';

/** How far back the place of a linked sample is looked for, in pages: beyond it the sample is shown without its number. */
const pagesMax = 40;

export function SamplePanel({ id, oldest }: { id: number; oldest: string | null }) {
  const wanted = usePlace().view.occurrence;
  const samples = useOccurrences(id);
  const linked = useOccurrence(wanted);
  const { hasNextPage, isFetching, isFetchedAfterMount, isFetchingNextPage, fetchNextPage } = samples;
  const all = listed(samples.data);
  const newest = useNewestSeen(wanted, all[0], isFetchedAfterMount || !isFetching);
  const current = wanted === '' ? newest?.id : wanted;
  const at = current === undefined ? 0 : all.findIndex((one) => one.id === current);
  const lost = at < 0 && hasNextPage && (samples.data?.pages.length ?? 0) < pagesMax;
  useEffect(() => {
    if (lost && !isFetchingNextPage) void fetchNextPage();
  }, [lost, isFetchingNextPage, fetchNextPage]);

  const shown = all[at] ?? (wanted === '' ? newest : linked.data);
  const show = (one: Occurrence | undefined) => {
    if (one) go({ view: { occurrence: one.id === all[0]?.id ? '' : one.id }, replace: true });
  };
  const older = async () => {
    if (at < 0) return;
    if (all[at + 1]) return show(all[at + 1]);
    if (!hasNextPage) return;
    const more = listed((await fetchNextPage()).data);
    // What came meanwhile stands before it: its place is another one now.
    const from = more.findIndex((one) => one.id === shown?.id);
    if (from >= 0) show(more[from + 1]);
  };
  const newer = () => at > 0 && show(all[at - 1]);
  const last = () => {
    const end = hasNextPage ? oldest : all.at(-1)?.id;
    if (end) go({ view: { occurrence: end }, replace: true });
  };
  useShortcuts({ n: () => void older(), p: newer });

  const hasOlder = at >= 0 && (at + 1 < all.length || hasNextPage);
  const hasNewer = at > 0 || (at < 0 && all.length > 0);
  const note = at >= 0 && all.length > 0 ? `${exact(at + 1)} of ${exact(all.length)}${hasNextPage ? '+' : ''}` : '';
  const [listing, setListing] = useState(false);
  const steps = all.length > 1 && (
    <div className={classes.steps}>
      <Button
        size="compact-xs"
        h={28}
        px={10}
        fw={500}
        variant="default"
        aria-expanded={listing}
        onClick={() => setListing(!listing)}
      >
        List
      </Button>
      <Step icon="first" name="Newest" onClick={hasNewer ? () => show(all[0]) : undefined} />
      <Step icon="left" name="Newer" shortcut="p" onClick={at > 0 ? newer : undefined} />
      <Step icon="right" name="Older" shortcut="n" onClick={hasOlder ? () => void older() : undefined} />
      <Step icon="last" name="Oldest" onClick={hasOlder && (!hasNextPage || oldest !== null) ? last : undefined} />
    </div>
  );
  const failed = samples.error ?? (shown ? null : linked.error);
  return (
    <Panel title="Samples" note={note} controls={steps}>
      {failed && !shown && <Failed what="The samples" error={failed} onRetry={() => void samples.refetch()} />}
      {!failed && !shown && (samples.isPending || linked.isFetching) && (
        <Skeleton height={240} label="Loading the samples" className={classes.loading} />
      )}
      {samples.data && all.length === 0 && (
        <Empty title="No samples">It was counted, but no example of it was sent or kept.</Empty>
      )}
      {listing && all.length > 1 && (
        <SampleList
          samples={all}
          current={shown?.id}
          onShow={({ id: chosen }) => show(all.find((one) => one.id === chosen))}
          onMore={hasNextPage ? () => void fetchNextPage() : undefined}
          busy={isFetchingNextPage}
        />
      )}
      {shown && (
        <>
          <div className={classes.takeaway}>
            <Takeaway key={shown.id} sample={shown} />
          </div>
          <Sample sample={shown} />
        </>
      )}
    </Panel>
  );
}

function listed(data: { pages: Occurrences[] } | undefined): Occurrence[] {
  return data?.pages.flatMap((page) => page.occurrences) ?? [];
}

/**
 * The sample that an address without one means: the newest when it was first shown. A refresh that finds newer ones does not take
 * it away from whoever reads it; from then on the address names it.
 */
function useNewestSeen(wanted: string, first: Occurrence | undefined, fresh: boolean): Occurrence | undefined {
  const [seen, setSeen] = useState<Occurrence>();
  useEffect(() => {
    if (wanted !== '') setSeen(undefined);
    else if (seen === undefined && fresh) setSeen(first);
    else if (seen !== undefined && first !== undefined && first.id !== seen.id)
      go({ view: { occurrence: seen.id }, replace: true });
  }, [wanted, first, fresh, seen]);
  return wanted === '' ? seen : undefined;
}

/** A sample for a ticket, and its request again. */
export function Takeaway({ sample }: { sample: Occurrence }) {
  const ticket = useTicket(sample.id);
  return (
    <>
      <Copy name="Copy Markdown" value={ticket.data} />
      {sample.http && <Copy name="Copy curl" value={sample.http.curl} />}
    </>
  );
}

export function Sample({ sample }: { sample: Occurrence }) {
  const zone = useZone();
  const target = Object.entries(sample.target);
  return (
    <article className={classes.sample} aria-label="Sample">
      <p className={classes.about}>
        {!sample.timestamp ? (
          <span>without a time</span>
        ) : (
          <span>
            {exactTime(Date.parse(sample.timestamp), zone)} (<Time at={sample.timestamp} />)
          </span>
        )}
        <Severity name={sample.severity} />
        <Foreign text={sample.uuid} className="mono" />
      </p>
      <Trace chain={[sample, ...sample.causes]} />
      {sample.http && (
        <>
          <h3 className={classes.subtitle}>Request</h3>
          <Request {...sample.http} />
        </>
      )}
      {target.length > 0 && (
        <>
          <h3 className={classes.subtitle}>Target</h3>
          <Pairs entries={target} />
        </>
      )}
    </article>
  );
}
