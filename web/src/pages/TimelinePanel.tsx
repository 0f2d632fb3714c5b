// What happened over time, stacked by what one asks for.
import { NativeSelect, useComputedColorScheme } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useMemo, useRef, useState } from 'react';
import { ApiError } from '../api/client';
import { usePast } from '../api/past';
import { useLabels, useRange } from '../api/queries';
import { Chart } from '../components/Chart';
import { ChartMenu } from '../components/ChartMenu';
import { Legend } from '../components/Legend';
import { Failed, Outdated } from '../components/Notice';
import { Panel } from '../components/Panel';
import { Skeleton } from '../components/Skeleton';
import { compareChoices, compareNames, difference, shifted, shiftMs, untilNow } from '../lib/compare';
import { watched } from '../lib/coverage';
import { exact, span, step } from '../lib/format';
import { inEarlierOrder } from '../lib/held';
import { go, usePlace } from '../lib/location';
import type { Marker } from '../lib/marker';
import { colours } from '../lib/palette';
import { useZone } from '../lib/preference';
import { type ChartData, chartData, dimensionName } from '../lib/series';
import { hasTerm, toggleTerm } from '../lib/term';
import { compares } from '../lib/url';
import { useAsk, useWiden } from './ask';
import classes from './TimelinePanel.module.css';
import { takeaway } from './takeaway';

/** A chart's height: an error's own leaves room for its stack, and on a phone a chart is not the whole screen. */
const heights = { whole: 320, narrow: 230, own: 210, ownNarrow: 170 };

const top = 12;

interface Props {
  title?: string;
  /** What is asked beside the query of the address: on an error's page, the error. */
  only?: string | undefined;
  /** What `only` is, in words. */
  name?: string | undefined;
  markers?: Marker[] | undefined;
}

export function TimelinePanel({ title = 'Errors over time', only, name, markers }: Props) {
  const place = usePlace();
  const { view, route } = place;
  const by = only === undefined ? view.by : view.split;
  const narrow = useMediaQuery('(max-width: 620px)', false, { getInitialValueInEffect: false });
  const height =
    only === undefined ? (narrow ? heights.narrow : heights.whole) : narrow ? heights.ownNarrow : heights.own;
  const ask = useAsk();
  const q = only ?? (route.page === 'overview' ? '' : view.q);
  const { data, error, isPlaceholderData, refetch } = useRange({ ...ask, q, by, top });
  const scheme = useComputedColorScheme('light');
  const [pointed, setPointed] = useState<number | undefined>(undefined);
  const drawn = useSteady(
    useMemo(() => (data ? chartData(data, data.by) : undefined), [data]),
    JSON.stringify([ask.window, q, by]),
  );
  const palette = useMemo(() => (drawn && data ? colours(drawn.series, data.by, scheme) : []), [drawn, data, scheme]);
  const zone = useZone();
  const refused = error instanceof ApiError && error.param === 'q';
  const widen = useWiden();
  const compared = useCompared(drawn, q, ask.window.align);
  const toggle = (term: { key: string; value: string }) =>
    go({
      // What is chosen among all is looked at in the list.
      ...(route.page === 'overview' && { route: { page: 'errors' } }),
      view: { q: toggleTerm(q, term.key, term.value) },
    });
  const pick = (series: number) => {
    const term = drawn?.series[series]?.term;
    if (term) toggle(term);
  };
  const taken = drawn && takeaway({ place, zone, scheme, q, by, top, data: drawn, name });
  // The chart begins and ends with whole buckets, so it may hold a little more than the range.
  const note = drawn && (
    <span title={span(drawn.startMs, drawn.endMs, zone, drawn.endMs)}>
      {exact(drawn.total)} shown, per {step(drawn.stepMs / 1000)}
      {data?.counted === 'errors' && ', of errors found by text'}
    </span>
  );
  return (
    <Panel
      title={title}
      note={note}
      controls={
        <>
          <GroupBy by={by} own={only !== undefined} />
          <CompareWith stepMs={drawn?.stepMs} />
          {taken && <ChartMenu {...taken} />}
        </>
      }
      stale={isPlaceholderData}
    >
      {error && drawn && <Outdated error={error} onRetry={() => void refetch()} />}
      {error && !drawn && (
        <div className={classes.failed}>
          <Failed what="The chart" error={error} onRetry={refused ? undefined : () => void refetch()} />
        </div>
      )}
      {!error && !drawn && (
        <Skeleton
          height={height - 42}
          label="Loading the chart"
          className={only === undefined ? classes.loading : classes.loadingSmall}
        />
      )}
      {drawn && (
        <>
          <div className={classes.chart}>
            <Chart
              data={drawn}
              colours={palette}
              scheme={scheme}
              height={height}
              highlighted={pointed}
              label={`${title}${by === '' ? '' : ` by ${dimensionName(by)}`}: ${exact(drawn.total)} in all`}
              markers={markers}
              compared={compared && { name: compared.name, totals: compared.totals }}
              onPick={only === undefined ? pick : undefined}
              onZoom={(range) => go({ view: { range }, zoom: true })}
              onZoomOut={widen}
            />
            {drawn.total === 0 && <Nothing data={drawn} />}
          </div>
          <Legend
            data={drawn}
            colours={palette}
            isActive={(term) => hasTerm(q, term.key, term.value)}
            onToggle={toggle}
            compared={compared}
            clickable={only === undefined}
            onPoint={setPointed}
          />
        </>
      )}
    </Panel>
  );
}

/** No errors: because there were none, or because nobody looked? Where nobody looked at all the chart says so itself. */
function Nothing({ data }: { data: ChartData }) {
  const words = {
    all: 'No errors, and everything was watched',
    most: 'No errors, and nearly everything was watched',
    some: 'No errors in what was watched',
  };
  const seen = watched(data.coverage);
  if (seen === 'none') return null;
  return <p className={classes.nothing}>{words[seen]}</p>;
}

/** The same buckets a day or a week before, when somebody asked to see them. */
function useCompared(drawn: ChartData | undefined, q: string, align: string) {
  const { compare } = usePlace().view;
  const buckets = useMemo(() => drawn && shifted(drawn, compare), [drawn, compare]);
  const { data } = usePast({ buckets, align, q });
  return useMemo(() => {
    if (!drawn || !buckets || !data || data.timestamps.length !== drawn.times.length) return undefined;
    // An answer to the question before: better none for a moment than a wrong one.
    if ((data.timestamps[0] ?? 0) * 1000 + shiftMs(compare) !== drawn.startMs) return undefined;
    const totals = data.total.counts;
    const total = untilNow(totals, drawn, Date.now());
    return { name: compareNames[compare], totals, total, difference: difference(drawn.total, total) };
  }, [drawn, buckets, data, compare]);
}

function CompareWith({ stepMs = 1 }: { stepMs: number | undefined }) {
  const { compare } = usePlace().view;
  return (
    <div className={classes.by}>
      <span aria-hidden="true">vs</span>
      <NativeSelect
        size="xs"
        aria-label="Compare with"
        value={compare}
        data={compares.map((value) => ({
          value,
          label: compareChoices[value],
          // Columns of a week can not be laid upon those of the day before.
          disabled: value !== '' && shiftMs(value) % stepMs !== 0,
        }))}
        onChange={(event) => go({ view: { compare: compares.find((one) => one === event.currentTarget.value) ?? '' } })}
      />
    </div>
  );
}

/** A refresh of the same question keeps the series in their places, whatever the totals say now. */
function useSteady(data: ChartData | undefined, question: string): ChartData | undefined {
  const earlier = useRef({ question: '', keys: [] as string[] });
  return useMemo(() => {
    if (!data) return data;
    const known = earlier.current.question === question ? earlier.current.keys : [];
    const named = data.series.filter((one) => !one.rest);
    const series = [...inEarlierOrder(known, named, (one) => one.key), ...data.series.filter((one) => one.rest)];
    earlier.current = { question, keys: series.map((one) => one.key) };
    return { ...data, series };
  }, [data, question]);
}

function GroupBy({ by, own }: { by: string; own: boolean }) {
  const labels = useLabels();
  const known = labels.data?.labels ?? [];
  const targets = known.filter((name) => name.startsWith('target.'));
  const notes = known.filter((name) => name.startsWith('label.'));
  const fixed = own
    ? [{ value: '', label: 'nothing' }]
    : [
        { value: 'service', label: 'service' },
        { value: 'severity', label: 'severity' },
        { value: 'aggregate', label: 'error' },
        { value: 'state', label: 'state' },
        { value: '', label: 'nothing' },
      ];
  const option = (value: string) => ({ value, label: dimensionName(value) });
  const there = fixed.some(({ value }) => value === by) || known.includes(by);
  const groups = [
    { group: 'Errors', items: there ? fixed : [...fixed, option(by)] },
    { group: 'Target labels', items: targets.map(option) },
    { group: 'Labels', items: own ? [] : notes.map(option) },
  ];
  return (
    <div className={classes.by}>
      <span aria-hidden="true">by</span>
      <NativeSelect
        size="xs"
        aria-label="Stack by"
        value={by}
        data={groups.filter(({ items }) => items.length > 0)}
        onChange={(event) =>
          go({ view: own ? { split: event.currentTarget.value } : { by: event.currentTarget.value } })
        }
      />
    </div>
  );
}
