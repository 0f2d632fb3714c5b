// Every sample ever taken, found by what is in it: the query, the curve of the matches, what tells them apart, and the list.
import { useComputedColorScheme } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { type ReactNode, useEffect, useMemo, useRef } from 'react';
import { ApiError } from '../api/client';
import type { SearchAnswer } from '../api/shapes';
import { Chart } from '../components/Chart';
import { Facets } from '../components/Facets';
import { Indexed } from '../components/Indexed';
import { Link } from '../components/Link';
import { MatchedErrors } from '../components/MatchedErrors';
import { Panel } from '../components/Panel';
import { QueryBox } from '../components/QueryBox';
import { Skeleton } from '../components/Skeleton';
import { counted, exact, step } from '../lib/format';
import { go, usePlace } from '../lib/location';
import { colours } from '../lib/palette';
import { plainData } from '../lib/series';
import { hasTerm, toggleTerm } from '../lib/term';
import { useTyping, useWiden } from './ask';
import { HitsPanel } from './HitsPanel';
import { useMatches } from './matches';
import classes from './SearchPage.module.css';

const curveHeight = 132;

export function SearchPage() {
  const { q } = usePlace().view;
  const matches = useMatches();
  const { data, error, isPlaceholderData } = matches.found;
  const input = useRef<HTMLInputElement>(null);
  const typing = useTyping();
  const wide = useMediaQuery('(min-width: 1000px)', true, { getInitialValueInEffect: false });
  useEffect(() => {
    document.title = 'Search · Hydrophone';
  }, []);
  const refused = error instanceof ApiError && error.param === 'q' ? error : undefined;
  const problem = refused && { text: refused.message, position: refused.position };
  const known = refused ? undefined : data;
  const stale = isPlaceholderData && !error;
  const total = known?.summary?.total ?? 0;
  const beside = !refused && (known ? total > 0 : !error);
  const ask = (next: string) => go({ view: { q: next, occurrence: '' } });
  return (
    <>
      <h1 className="visually-hidden">Search in all samples</h1>
      <Panel title="Search" note={known && <Note answer={known} />} stale={stale} className={classes.search}>
        <QueryBox q={q} problem={problem} onChange={ask} inputRef={input} {...typing} />
        <Indexed indexed={known?.indexed} />
        {beside && <Curve answer={known} />}
      </Panel>
      <div className={classes.found} data-beside={(wide && beside) || undefined}>
        {beside && (
          <Aside wide={wide} stale={stale} answer={known}>
            {known?.summary && (
              <Facets
                facets={known.summary.facets}
                isActive={(name, value) => hasTerm(q, name, value)}
                onToggle={(name, value) => ask(toggleTerm(q, name, value))}
              />
            )}
          </Aside>
        )}
        <HitsPanel matches={matches} known={known} refused={refused !== undefined} input={input} />
      </div>
    </>
  );
}

function Note({ answer }: { answer: SearchAnswer }) {
  const total = answer.summary?.total ?? 0;
  const step_seconds = answer.summary?.over_time?.step_seconds;
  return (
    <span title="Clients send a sample of some of what they count: these are samples, not all that happened.">
      {counted(total, 'sample')}
      {total > 0 && step_seconds !== undefined && `, per ${step(step_seconds)}`}
    </span>
  );
}

/** The matches over time; its place is kept while they are loaded. */
function Curve({ answer }: { answer: SearchAnswer | undefined }) {
  const scheme = useComputedColorScheme('light');
  const widen = useWiden();
  const curve = answer?.summary?.over_time;
  const data = useMemo(() => (curve ? plainData(curve, 'samples') : undefined), [curve]);
  const palette = useMemo(() => (data ? colours(data.series, '', scheme) : []), [data, scheme]);
  return (
    <div className={classes.curve} style={{ height: curveHeight }}>
      {!answer && <Skeleton height={curveHeight - 48} label="Loading the curve" className={classes.loadingCurve} />}
      {data && (
        <Chart
          data={data}
          colours={palette}
          scheme={scheme}
          height={curveHeight}
          highlighted={undefined}
          label={`Matches over time: ${counted(data.total, 'sample')}`}
          noun="sample"
          onZoom={(range) => go({ view: { range, occurrence: '' }, zoom: true })}
          onZoomOut={widen}
        />
      )}
    </div>
  );
}

/** The way to the errors with all their counts: samples are some of what was counted. */
function all(errors: number): string {
  return errors === 1 ? 'Its full count' : `All ${exact(errors)} errors and their full counts`;
}

interface AsideProps {
  wide: boolean;
  stale: boolean;
  answer: SearchAnswer | undefined;
  children: ReactNode;
}

/** The errors of the matches, and what tells these apart: beside the list, or folded above it. */
function Aside({ wide, stale, answer, children }: AsideProps) {
  const { q } = usePlace().view;
  const summary = answer?.summary;
  const errors = summary && (
    <>
      <MatchedErrors
        errors={summary.aggregates}
        isActive={(id) => hasTerm(q, 'aggregate', id)}
        onToggle={(id) => go({ view: { q: toggleTerm(q, 'aggregate', id), occurrence: '' } })}
      />
      <p className={classes.all}>
        <Link to={{ route: { page: 'errors' } }}>{all(summary.aggregates_total)}</Link>
      </p>
    </>
  );
  if (!wide) {
    return (
      <details className={classes.fold}>
        <summary>
          {summary ? `${counted(summary.aggregates_total, 'error')}, and what tells the samples apart` : 'Narrow down'}
        </summary>
        {errors}
        {children}
      </details>
    );
  }
  const waiting = (
    <Skeleton height={22} times={6} gap={8} label="Loading what tells them apart" className={classes.loading} />
  );
  return (
    <div className={classes.aside}>
      <Panel title="Errors" note={summary && exact(summary.aggregates_total)} stale={stale}>
        {errors ?? waiting}
      </Panel>
      <Panel title="Narrow down" stale={stale}>
        {summary ? children : waiting}
      </Panel>
    </div>
  );
}
