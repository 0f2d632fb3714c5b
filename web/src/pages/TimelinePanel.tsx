// What happened over time, stacked by what one asks for.
import { NativeSelect, useComputedColorScheme } from '@mantine/core';
import { useMemo, useRef, useState } from 'react';
import { ApiError } from '../api/client';
import { useLabels, useRange } from '../api/queries';
import { Chart } from '../components/Chart';
import { Legend } from '../components/Legend';
import { Failed, Outdated } from '../components/Notice';
import { Panel } from '../components/Panel';
import { Skeleton } from '../components/Skeleton';
import type { Marker } from '../lib/activity';
import { watched } from '../lib/coverage';
import { exact, span, step } from '../lib/format';
import { inEarlierOrder } from '../lib/held';
import { go, usePlace } from '../lib/location';
import { colours } from '../lib/palette';
import { useZone } from '../lib/preference';
import { type ChartData, chartData, dimensionName } from '../lib/series';
import { hasTerm, toggleTerm } from '../lib/term';
import { useAsk, useWiden } from './ask';
import classes from './TimelinePanel.module.css';

const height = 320;

interface Props {
  /** What is asked beside the query of the address: on an error's page, the error. */
  only?: string | undefined;
  /** What is marked in the chart. */
  markers?: Marker[];
}

const none: Marker[] = [];

export function TimelinePanel({ only, markers = none }: Props) {
  const { view } = usePlace();
  const by = only === undefined ? view.by : view.split;
  const ask = useAsk();
  const { data, error, isPlaceholderData, refetch } = useRange({ ...ask, q: only ?? view.q, by, top: 12 });
  const scheme = useComputedColorScheme('light');
  const [pointed, setPointed] = useState<number | undefined>(undefined);
  const drawn = useSteady(
    useMemo(() => (data ? chartData(data, data.by) : undefined), [data]),
    JSON.stringify([ask.window, view.q, by]),
  );
  const palette = useMemo(() => (drawn && data ? colours(drawn.series, data.by, scheme) : []), [drawn, data, scheme]);
  const zone = useZone();
  const refused = error instanceof ApiError && error.param === 'q';
  const widen = useWiden();
  // The chart begins and ends with whole buckets, so it may hold a little more than the range.
  const note = drawn && (
    <span title={span(drawn.startMs, drawn.endMs, zone, drawn.endMs)}>
      {exact(drawn.total)} shown, per {step(drawn.stepMs / 1000)}
      {data?.counted === 'errors' && ', of errors found by text'}
    </span>
  );
  return (
    <Panel
      title="Errors over time"
      note={note}
      controls={<GroupBy by={by} own={only !== undefined} />}
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
              markers={markers}
              label={`Errors over time${by === '' ? '' : ` by ${dimensionName(by)}`}: ${exact(drawn.total)} in all`}
              onZoom={(range) => go({ view: { range }, zoom: true })}
              onZoomOut={widen}
            />
            {drawn.total === 0 && <Nothing data={drawn} />}
          </div>
          <Legend
            data={drawn}
            colours={palette}
            isActive={(term) => hasTerm(view.q, term.key, term.value)}
            onToggle={(term) => go({ view: { q: toggleTerm(view.q, term.key, term.value) } })}
            clickable={only === undefined}
            markers={markers}
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
