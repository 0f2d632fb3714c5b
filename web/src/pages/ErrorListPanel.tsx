// The errors seen in the range that match the query.
import { Button, Switch } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useRef, useState } from 'react';
import { ApiError } from '../api/client';
import { Icon } from '../components/Icon';
import { Indexed } from '../components/Indexed';
import { Empty, Failed, Outdated } from '../components/Notice';
import { Panel } from '../components/Panel';
import { QueryBox } from '../components/QueryBox';
import { Skeleton } from '../components/Skeleton';
import { exact } from '../lib/format';
import { useShortcuts } from '../lib/key';
import { go, usePlace } from '../lib/location';
import { useStoredFacets, useZone } from '../lib/preference';
import { zoomOut } from '../lib/time';
import { useAsk, useTyping } from './ask';
import classes from './ErrorListPanel.module.css';
import { useOrder } from './errors';
import { FacetsAside } from './FacetsAside';
import { FoundErrors } from './FoundErrors';
import { ViewBar } from './ViewBar';

export function ErrorListPanel() {
  const { view } = usePlace();
  const { q, all, sort } = view;
  const ask = { ...useAsk(), q, all, sort };
  const order = useOrder(ask);
  const { data, error, isPlaceholderData, refetch } = order;
  const input = useRef<HTMLInputElement>(null);
  const typing = useTyping();
  useShortcuts({ '/': () => input.current?.select() });
  const wide = useMediaQuery('(min-width: 1200px)', true, { getInitialValueInEffect: false });
  const [beside, setBeside] = useStoredFacets();
  const [folded, setFolded] = useState(true);
  const filters = wide ? beside : !folded;

  const refused = error instanceof ApiError && error.param === 'q' ? error : undefined;
  const problem = refused && { text: refused.message, position: refused.position };
  const known = refused ? undefined : data;
  const byText = known?.counted === 'errors' ? ', found by the text of their samples' : '';
  const note =
    known && known.total > 0 && `${exact(known.total)}${known.total === 1 ? ' error' : ' different errors'}${byText}`;
  const controls = (
    <>
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
        <div className={classes.list}>
          <Indexed indexed={known?.indexed} />
          {error && !refused && data && <Outdated error={error} onRetry={() => void refetch()} />}
          {error && !refused && !data && <Failed what="The errors" error={error} onRetry={() => void refetch()} />}
          {!error && !data && (
            <Skeleton height={48} times={8} gap={28} label="Loading the errors" className={classes.loading} />
          )}
          {known && known.total === 0 && <NoneFound q={q} />}
          {known && known.total > 0 && <FoundErrors ask={ask} order={order} total={known.total} />}
        </div>
      </div>
    </Panel>
  );
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
