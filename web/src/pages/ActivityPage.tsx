// Who changed what of all errors, newest first: by person, reason and query.
import { Autocomplete, Button, NativeSelect } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { ApiError } from '../api/client';
import { useActivity } from '../api/triage';
import { ActivityList } from '../components/ActivityList';
import { Empty, Failed, Outdated } from '../components/Notice';
import { Panel } from '../components/Panel';
import { QueryBox } from '../components/QueryBox';
import { Skeleton } from '../components/Skeleton';
import { reasons } from '../lib/activity';
import { counted } from '../lib/format';
import { useShortcuts } from '../lib/key';
import { go, nextPage, previousPage, usePlace } from '../lib/location';
import { usePeople } from './Actions';
import classes from './ActivityPage.module.css';
import { useAsk, useTyping } from './ask';
import { useEdits } from './Edits';

export function ActivityPage() {
  const { view } = usePlace();
  const { q, actor, reason, cursor, pageNumber } = view;
  const { data, error, isPlaceholderData, refetch } = useActivity({ ...useAsk(), q, actor, reason, cursor });
  const { undo, forbidden } = useEdits();
  const input = useRef<HTMLInputElement>(null);
  useShortcuts({ '/': () => input.current?.select() });
  useEffect(() => {
    document.title = 'Activity · Hydrophone';
  }, []);
  const refused = error instanceof ApiError && error.param === 'q' ? error : undefined;
  const known = refused ? undefined : data;
  const narrowed = q !== '' || actor !== '' || reason !== '';
  const filters = (
    <div className={classes.filters}>
      <Person key={actor} actor={actor} />
      <NativeSelect
        size="xs"
        aria-label="Reason"
        value={reason}
        data={[
          { value: '', label: 'any reason' },
          ...Object.entries(reasons).map(([value, label]) => ({ value, label })),
        ]}
        onChange={(event) => go({ view: { reason: event.currentTarget.value } })}
      />
    </div>
  );
  return (
    <>
      <h1 className="visually-hidden">Activity</h1>
      <Panel title="Activity" note="in the range" controls={filters} stale={isPlaceholderData && !error}>
        <QueryBox
          q={q}
          problem={refused && { text: refused.message, position: refused.position }}
          onChange={(next) => go({ view: { q: next } })}
          inputRef={input}
          {...useTyping()}
          plain
        />
        {error && !refused && data && <Outdated error={error} onRetry={() => void refetch()} />}
        {error && !refused && !data && <Failed what="The activity" error={error} onRetry={() => void refetch()} />}
        {!error && !data && (
          <Skeleton height={40} times={8} gap={14} label="Loading the activity" className={classes.loading} />
        )}
        {known?.activities.length === 0 && (
          <Empty
            title={narrowed ? 'Nothing like that was changed in this range' : 'Nothing was changed in this range'}
            action={
              narrowed && (
                <Button size="xs" variant="default" onClick={() => go({ view: { q: '', actor: '', reason: '' } })}>
                  Clear the filters
                </Button>
              )
            }
          >
            Whoever resolves, mutes, labels or assigns errors stands here, and what Hydrophone did by itself.
          </Empty>
        )}
        {known && known.activities.length > 0 && (
          <ActivityList
            entries={known.activities}
            withErrors
            forbidden={forbidden}
            onUndo={(entry) => void undo(entry.id, counted(entry.aggregates, 'error'))}
          />
        )}
        {known && (known.next_cursor || pageNumber > 1) && (
          <nav className={classes.pager} aria-label="Pages of the activity">
            <Button size="xs" variant="default" disabled={pageNumber === 1} onClick={previousPage}>
              Newer
            </Button>
            <Button
              size="xs"
              variant="default"
              disabled={!known.next_cursor}
              onClick={() => {
                if (known.next_cursor) nextPage(known.next_cursor);
                window.scrollTo(0, 0);
              }}
            >
              Older
            </Button>
          </nav>
        )}
      </Panel>
    </>
  );
}

/** Whose: taken when one is chosen, or typed and left. */
function Person({ actor }: { actor: string }) {
  const { name, ask } = useEdits();
  const people = usePeople();
  const [typed, setTyped] = useState(actor);
  const take = async (person: string) => {
    if (person.trim() === actor) return;
    if (person === 'me' && !(await ask(true))) return;
    go({ view: { actor: person.trim() } });
  };
  const known = Array.from(new Set(['me', ...(name === '' ? [] : [name]), ...people]));
  return (
    <Autocomplete
      size="xs"
      w={150}
      aria-label="Person"
      placeholder="anybody"
      autoComplete="off"
      data={known}
      value={typed}
      limit={8}
      onChange={setTyped}
      onOptionSubmit={(person) => void take(person)}
      onBlur={() => void take(typed)}
      onKeyDown={(event) => event.key === 'Enter' && void take(event.currentTarget.value)}
    />
  );
}
