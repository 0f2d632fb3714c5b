// Saves what the list shows as a view, for everybody; renames and removes those that there are.
import { Button, Checkbox, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { View as Saved } from '../api/shapes';
import { addView, removeView, replaceView, type ViewToSave } from '../api/triage';
import { Dialog } from '../components/Dialog';
import dialog from '../components/Dialog.module.css';
import { Foreign } from '../components/Foreign';
import { rangeName } from '../components/RangePicker';
import { usePlace } from '../lib/location';
import { useZone } from '../lib/preference';
import { visible } from '../lib/text';
import { forServer } from '../lib/time';
import { useEdits } from './Edits';
import classes from './ViewBar.module.css';

interface Props {
  opened: boolean;
  onClose: () => void;
  views: Saved[];
}

export function ViewsDialog({ opened, onClose, views }: Props) {
  const { forbidden } = useEdits();
  return (
    <Dialog opened={opened} onClose={onClose} title="Views" size="md">
      {forbidden !== undefined && <p className={dialog.text}>{forbidden}.</p>}
      {/* `fieldset` disables whatever stands in it. */}
      <fieldset className={classes.may} disabled={forbidden !== undefined}>
        <Save views={views} onDone={onClose} />
        {views.length > 0 && (
          <>
            <h3 className={classes.subtitle}>Saved views</h3>
            <ul className={classes.saved}>
              {views.map((view) => (
                <One key={view.name} view={view} taken={views.map(({ name }) => name)} />
              ))}
            </ul>
          </>
        )}
      </fieldset>
    </Dialog>
  );
}

/** Views change on the server and then on screen: not before, because others share them. */
function useSaving() {
  const client = useQueryClient();
  const { tell } = useEdits();
  return useMutation({
    mutationFn: ({ run }: { run: () => Promise<unknown>; done: string; not: string }) => run(),
    onSuccess: (_, { done }) => tell({ tone: 'done', text: done }),
    onError: (error, { not }) => tell({ tone: 'failed', text: not, detail: `${error.message}.` }),
    onSettled: () => client.invalidateQueries({ queryKey: ['views'] }),
  });
}

function Save({ views, onDone }: { views: Saved[]; onDone: () => void }) {
  const { view } = usePlace();
  const zone = useZone();
  const { ask } = useEdits();
  const [name, setName] = useState('');
  const [withRange, setWithRange] = useState(!view.all && view.q === '');
  const [withSort, setWithSort] = useState(view.sort !== 'last_seen');
  const saving = useSaving();
  const trimmed = name.trim();
  const replaces = views.some((one) => one.name === trimmed);
  const toSave: ViewToSave = {
    query: view.q,
    ...(withRange ? { start: forServer(view.range.from, zone), end: forServer(view.range.to, zone) } : {}),
    ...(withSort ? { sort: view.sort } : {}),
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (trimmed === '' || (await ask(false)) === undefined) return;
    const run = () => (replaces ? replaceView(trimmed, toSave) : addView(trimmed, toSave));
    saving.mutate(
      {
        run,
        done: `View ${visible(trimmed)} ${replaces ? 'replaced' : 'saved'}`,
        not: `View ${visible(trimmed)} not saved`,
      },
      { onSuccess: onDone },
    );
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <div className={dialog.fields}>
        <p className={classes.query}>{visible(view.q) || 'everything'}</p>
        <TextInput
          label="Save what the list shows as"
          placeholder="payments this week"
          data-autofocus
          autoComplete="off"
          maxLength={100}
          value={name}
          description={replaces ? 'There is a view of this name: it is replaced for everybody.' : 'Everybody sees it.'}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <div className={classes.checks}>
          <Checkbox
            size="xs"
            label={`With the range: ${rangeName(view.range, zone)}`}
            checked={withRange}
            onChange={(event) => setWithRange(event.currentTarget.checked)}
          />
          <Checkbox
            size="xs"
            label={`With the order: ${view.sort.replace('_', ' ')}`}
            checked={withSort}
            onChange={(event) => setWithSort(event.currentTarget.checked)}
          />
        </div>
      </div>
      <div className={dialog.buttons}>
        <Button size="xs" type="submit" loading={saving.isPending} disabled={trimmed === ''}>
          {replaces ? 'Replace' : 'Save'}
        </Button>
      </div>
    </form>
  );
}

function One({ view, taken }: { view: Saved; taken: string[] }) {
  const [doing, setDoing] = useState<'rename' | 'remove'>();
  const [name, setName] = useState(view.name);
  const saving = useSaving();
  const shown = visible(view.name);
  const same = name.trim() === '' || (taken.includes(name.trim()) && name.trim() !== view.name);
  const rename = (event: FormEvent) => {
    event.preventDefault();
    if (same || name.trim() === view.name) return;
    const { query, start, end, sort } = view;
    const kept = { query, ...(start ? { start } : {}), ...(end ? { end } : {}), ...(sort ? { sort } : {}) };
    const run = async () => {
      await addView(name.trim(), kept);
      await removeView(view.name);
    };
    saving.mutate({ run, done: `View ${shown} renamed to ${visible(name.trim())}`, not: `View ${shown} not renamed` });
  };
  const remove = () =>
    saving.mutate({
      run: () => removeView(view.name),
      done: `View ${shown} removed`,
      not: `View ${shown} not removed`,
    });
  return (
    <li className={classes.one}>
      {doing === 'rename' ? (
        <form className={classes.rename} onSubmit={rename}>
          <TextInput
            size="xs"
            aria-label={`New name of ${shown}`}
            maxLength={100}
            autoComplete="off"
            value={name}
            error={taken.includes(name.trim()) && name.trim() !== view.name ? 'There is one of this name' : undefined}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Button size="xs" type="submit" disabled={same} loading={saving.isPending}>
            Rename
          </Button>
        </form>
      ) : (
        <div className={classes.about}>
          <p className={classes.name}>
            <Foreign text={view.name} />
          </p>
          <p className={classes.query}>
            <Foreign
              text={[view.query || 'everything', view.start && `from ${view.start}`].filter(Boolean).join(' ')}
            />
          </p>
        </div>
      )}
      {doing === undefined && (
        <>
          <Button size="xs" variant="default" aria-label={`Rename ${shown}`} onClick={() => setDoing('rename')}>
            Rename
          </Button>
          <Button size="xs" variant="default" aria-label={`Remove ${shown}`} onClick={() => setDoing('remove')}>
            Remove
          </Button>
        </>
      )}
      {doing === 'remove' && (
        <Button size="xs" color="red" loading={saving.isPending} onClick={remove}>
          Remove for everybody
        </Button>
      )}
      {doing !== undefined && (
        <Button size="xs" variant="default" onClick={() => setDoing(undefined)}>
          Keep
        </Button>
      )}
    </li>
  );
}
