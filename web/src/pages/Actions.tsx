// What can be done with one error or many: buttons, their menus and forms, and what is suggested in these.
import { Button, Popover } from '@mantine/core';
import { useState } from 'react';
import { useLabels } from '../api/queries';
import { useFacets, useLabelValues } from '../api/triage';
import { AssignForm } from '../components/AssignForm';
import { Icon } from '../components/Icon';
import { LabelEditor } from '../components/LabelEditor';
import { type Known, LabelForm } from '../components/LabelForm';
import { type Opened, StateButtons } from '../components/StateButtons';
import { ReleaseDialog, UntilDialog } from '../components/StateDialogs';
import type { Change } from '../lib/triage';
import classes from './Actions.module.css';
import { useEdits } from './Edits';

interface Row {
  state: string;
  regressed: boolean;
  labels: Record<string, string>;
  assignee?: string | null;
}

interface Props {
  name: string;
  rows: Row[];
  /** There is more than the rows: whatever can be done can be done. */
  more: boolean;
  /** Where it is one error: what is known of its labels. */
  labels?: { labels_by_rule: Record<string, string>; labels_removed: string[] } | undefined;
  opened: Opened;
  onOpen: (opened: Opened) => void;
  onChange: (change: Change) => void;
}

export function Actions({ name, rows, more, labels, opened, onOpen, onChange }: Props) {
  const states = new Set(more ? ['open', 'resolved', 'muted'] : rows.map((row) => row.state));
  const change = (asked: Change) => {
    onOpen(undefined);
    onChange(asked);
  };
  const { forbidden } = useEdits();
  const dialog = { name, onClose: () => onOpen(undefined), onChange: change };
  return (
    <fieldset className={classes.all} disabled={forbidden !== undefined}>
      {forbidden !== undefined && (
        <span className={classes.only} title={forbidden}>
          Read only
        </span>
      )}
      <StateButtons
        states={states}
        regressed={rows.some((row) => row.regressed)}
        opened={opened}
        onOpen={onOpen}
        onChange={change}
      />
      <Opening
        name="Label"
        icon="label"
        shortcut="l"
        opened={opened === 'label'}
        onToggle={(open) => onOpen(open ? 'label' : undefined)}
      >
        <Labels rows={rows} own={labels} onChange={change} />
      </Opening>
      <Opening
        name="Assign"
        icon="person"
        shortcut="a"
        opened={opened === 'assign'}
        onToggle={(open) => onOpen(open ? 'assign' : undefined)}
      >
        <Assign assigned={more || rows.some((row) => row.assignee)} onChange={change} />
      </Opening>
      <ReleaseDialog {...dialog} opened={opened === 'release'} />
      <UntilDialog {...dialog} opened={opened === 'until'} />
    </fieldset>
  );
}

interface OpeningProps {
  name: string;
  icon: 'label' | 'person';
  shortcut: string;
  opened: boolean;
  onToggle: (open: boolean) => void;
  children: React.ReactNode;
}

function Opening({ name, icon, shortcut, opened, onToggle, children }: OpeningProps) {
  return (
    <Popover
      opened={opened}
      onChange={onToggle}
      position="bottom-start"
      shadow="md"
      width={340}
      trapFocus
      returnFocus
      closeOnEscape
    >
      <Popover.Target>
        <Button
          size="xs"
          variant="default"
          title={`${name} (${shortcut})`}
          leftSection={<Icon name={icon} />}
          onClick={() => onToggle(!opened)}
        >
          {name}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={name}>{children}</Popover.Dropdown>
    </Popover>
  );
}

/** Labels there are anywhere, and values of the one that is being typed. */
export function useKnownLabels(): Known {
  const [name, setName] = useState('');
  const all = useLabels().data?.labels ?? [];
  const names = all.filter((one) => one.startsWith('label.')).map((one) => one.slice('label.'.length));
  const { data } = useLabelValues(name, names.includes(name));
  return { names, values: names.includes(name) ? (data?.values ?? []) : [], onName: setName };
}

function Labels({ rows, own, onChange }: Pick<Props, 'rows' | 'onChange'> & { own: Props['labels'] }) {
  const known = useKnownLabels();
  if (own) {
    const labels = rows[0]?.labels ?? {};
    const rules = { byRule: own.labels_by_rule, removed: own.labels_removed };
    return <LabelEditor known={known} labels={labels} {...rules} onChange={onChange} />;
  }
  const present = new Map<string, string>();
  for (const row of rows)
    for (const [name, value] of Object.entries(row.labels))
      present.set(name, present.has(name) && present.get(name) !== value ? '' : value);
  return <LabelForm known={known} present={[...present].sort()} onChange={onChange} />;
}

/** Whoever cares for any error. */
export function usePeople(): string[] {
  const ever = { start: 'now-1d', end: 'now', align: '+00:00' };
  const { data } = useFacets({ window: ever, refreshMs: 0, q: '', all: true, enabled: true });
  return data?.facets.find(({ key }) => key === 'assignee')?.values.map(({ value }) => value) ?? [];
}

export function Assign({ assigned, onChange }: { assigned: boolean; onChange: (change: Change) => void }) {
  return <AssignForm people={usePeople()} assigned={assigned} onChange={onChange} />;
}
