// The views above the list: those that are always there, those that somebody saved, and the way to save one.
import { Button } from '@mantine/core';
import { useState } from 'react';
import type { View as Saved } from '../api/shapes';
import { useViews } from '../api/triage';
import { Icon } from '../components/Icon';
import { type Tab, ViewTabs } from '../components/ViewTabs';
import { counted } from '../lib/format';
import { go, usePlace } from '../lib/location';
import { sorts, type View } from '../lib/url';
import { useEdits } from './Edits';
import classes from './ViewBar.module.css';
import { ViewsDialog } from './ViewsDialog';

export function ViewBar() {
  const { view } = usePlace();
  const { name, ask } = useEdits();
  const { data, error } = useViews(view.refresh * 1000);
  const [opened, setOpened] = useState(false);
  const toMine = (to: Partial<View>) => async () => {
    if (await ask(true)) go({ view: to });
  };
  const every: Tab = {
    key: 'every',
    name: 'All seen',
    title: 'All errors that happened in the range',
    view: { q: '', all: false },
    active: view.q === '' && !view.all,
  };
  const tabs = (data?.views ?? []).map((saved): Tab => {
    const to = placeOf(saved);
    const errors = saved.errors ?? undefined;
    return {
      key: `${saved.builtin} ${saved.name}`,
      name: saved.name,
      count: to.range ? undefined : errors,
      title: titleOf(saved),
      view: to,
      active: isShown(view, to),
      onClick: name === '' && /assignee:me\b/.test(saved.query) ? () => void toMine(to)() : undefined,
    };
  });
  return (
    <nav className={classes.bar} aria-label="Views">
      <ViewTabs tabs={[every, ...tabs]} />
      {error && !data && <span className={classes.failed}>The views could not be loaded</span>}
      <Button
        size="compact-sm"
        variant="subtle"
        className={classes.save}
        leftSection={<Icon name="plus" size={13} />}
        aria-label="Save view"
        title="Save what the list shows as a view, rename and remove views"
        onClick={() => setOpened(true)}
      >
        <span className={classes.word}>Save view</span>
      </Button>
      <ViewsDialog
        opened={opened}
        onClose={() => setOpened(false)}
        views={data?.views.filter(({ builtin }) => !builtin) ?? []}
      />
    </nav>
  );
}

/** Without a range of its own a view is about all errors, whenever they happened: as many as its tab says. */
export function placeOf({ query, start, end, sort }: Saved): Partial<View> {
  const known = sorts.find((one) => one === sort);
  return {
    q: query,
    all: !start && !end,
    ...(start || end ? { range: { from: start ?? 'now-24h', to: end ?? 'now' } } : {}),
    ...(known ? { sort: known } : {}),
  };
}

function isShown(now: View, to: Partial<View>): boolean {
  return (
    now.q === to.q &&
    now.all === to.all &&
    (!to.range || (now.range.from === to.range.from && now.range.to === to.range.to)) &&
    (!to.sort || now.sort === to.sort)
  );
}

function titleOf({ query, errors, saved_by, builtin }: Saved): string {
  const number = typeof errors === 'number' ? `: ${counted(errors, 'error')}, whenever they happened` : '';
  return `${query || 'everything'}${number}${builtin ? '' : `\nSaved by ${saved_by || 'somebody'}`}`;
}
