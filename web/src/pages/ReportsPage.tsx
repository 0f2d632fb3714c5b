// Ownership at a glance: what came and went in the range, by team or by another label.
import { Button, NativeSelect, useComputedColorScheme } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useMutation } from '@tanstack/react-query';
import { useEffect } from 'react';
import { address } from '../api/client';
import { useLabels } from '../api/queries';
import { fetchReportCsv, useReport } from '../api/triage';
import { Icon } from '../components/Icon';
import { Link } from '../components/Link';
import { Empty, Failed, Outdated } from '../components/Notice';
import { Panel } from '../components/Panel';
import { ReportTable } from '../components/ReportTable';
import { Skeleton } from '../components/Skeleton';
import { saveFile } from '../lib/clipboard';
import { go, usePlace } from '../lib/location';
import { useZone } from '../lib/preference';
import { visible } from '../lib/text';
import { useAsk } from './ask';
import { useEdits } from './Edits';
import classes from './ReportsPage.module.css';

/** In pixels of the picture: it is asked for about as wide as it is shown, so that its words stay readable. */
const wider = { width: 2100, height: 460 };
const wide = { width: 1280, height: 420 };
const narrow = { width: 400, height: 460 };

export function ReportsPage() {
  const { q, label } = usePlace().view;
  const ask = useAsk();
  const { tell } = useEdits();
  const labels = useLabels(true);
  const names = (labels.data?.labels ?? []).filter((one) => one.startsWith('label.')).map((one) => one.slice(6));
  const { data, error, isPlaceholderData, refetch } = useReport({ ...ask, q, by: label });
  useEffect(() => {
    document.title = `By ${visible(label)} · Hydrophone`;
  }, [label]);
  const none = labels.data !== undefined && names.length === 0;
  const csv = useMutation({
    mutationFn: () => fetchReportCsv(ask.window, q, label),
    onSuccess: (text) => saveFile(`errors-by-${label}.csv`, text, 'text/csv'),
    onError: (problem) => tell({ tone: 'failed', text: 'No CSV', detail: `${problem.message}.` }),
  });
  const by = (
    <div className={classes.by}>
      <Button
        size="compact-xs"
        variant="default"
        loading={csv.isPending}
        onClick={() => csv.mutate()}
        title="The table as CSV"
      >
        CSV
      </Button>
      <span aria-hidden="true">by</span>
      <NativeSelect
        size="xs"
        aria-label="By label"
        value={label}
        data={Array.from(new Set([label, ...names])).map((value) => ({ value, label: visible(value) }))}
        onChange={(event) => go({ view: { label: event.currentTarget.value } })}
      />
    </div>
  );
  const note = (
    <>
      in the range
      {q !== '' && (
        <span>
          , of{' '}
          <button type="button" className={classes.query} title="Of all errors" onClick={() => go({ view: { q: '' } })}>
            <span>{visible(q)}</span> <Icon name="close" size={11} />
          </button>
        </span>
      )}
    </>
  );
  return (
    <>
      <h1 className="visually-hidden">Report by {visible(label)}</h1>
      <Panel title={`Errors by ${visible(label)}`} note={note} controls={by} stale={isPlaceholderData && !error}>
        {error && data && <Outdated error={error} onRetry={() => void refetch()} />}
        {error && !data && <Failed what="The report" error={error} onRetry={() => void refetch()} />}
        {!error && !data && (
          <Skeleton height={30} times={5} gap={8} label="Loading the report" className={classes.loading} />
        )}
        {data && none && (
          <Empty title="Nothing has a label yet">
            Label errors with the team that owns them: choose some in the{' '}
            <Link to={{ route: { page: 'errors' } }}>list</Link> and press <kbd>l</kbd>, or let{' '}
            <code>label_rules:</code> in the configuration do it.
          </Empty>
        )}
        {data && !none && <ReportTable label={data.by} rows={data.rows} total={data.total} />}
      </Panel>
      {data && !none && <Picture by={label} q={q} window={ask.window} at={data.end} />}
    </>
  );
}

interface PictureProps {
  by: string;
  q: string;
  window: { start: string; end: string };
  /** When the report was made: another one has another picture. */
  at: string;
}

/** The picture that the server draws, as it can be put into a ticket. */
function Picture({ by, q, window, at }: PictureProps) {
  const now = { getInitialValueInEffect: false };
  const isNarrow = useMediaQuery('(max-width: 620px)', false, now);
  const isWider = useMediaQuery('(min-width: 1700px)', false, now);
  const size = isNarrow ? narrow : isWider ? wider : wide;
  const theme = useComputedColorScheme('light');
  const zone = useZone();
  const timezone = zone === 'utc' ? 'UTC' : Intl.DateTimeFormat().resolvedOptions().timeZone;
  const asked = { by, q, ...window, theme, timezone, ...size };
  const links = (
    <div className={classes.by}>
      {['svg', 'png'].map((kind) => (
        <a key={kind} href={address(`charts/reports/labels.${kind}`, asked)} target="_blank" rel="noreferrer">
          {kind.toUpperCase()}
        </a>
      ))}
    </div>
  );
  return (
    <Panel title="Over time" note="drawn by the server" controls={links} className={classes.picture}>
      <img
        src={`${address('charts/reports/labels.svg', asked)}#${at}`}
        alt={`Errors over time by ${visible(by)}`}
        {...size}
        className={classes.image}
      />
    </Panel>
  );
}
