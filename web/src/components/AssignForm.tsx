// Who cares for it: me, somebody who already cares for something, anybody by name, or nobody.
import { Autocomplete, Button } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { Change } from '../lib/triage';
import classes from './Actions.module.css';

interface Props {
  people: string[];
  /** Whether anybody is assigned who could be taken away. */
  assigned: boolean;
  onChange: (change: Change) => void;
}

export function AssignForm({ people, assigned, onChange }: Props) {
  const [name, setName] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() !== '') onChange({ assignee: name.trim() });
  };
  return (
    <form onSubmit={submit} className={classes.form}>
      <Autocomplete
        size="xs"
        label="Assign to"
        placeholder="a name, or me"
        data-autofocus
        autoComplete="off"
        spellCheck={false}
        limit={8}
        openOnFocus={false}
        comboboxProps={{ withinPortal: false, shadow: 'md' }}
        data={people}
        value={name}
        onChange={setName}
      />
      <div className={classes.foot}>
        {assigned && (
          <Button size="xs" variant="default" onClick={() => onChange({ assignee: null })}>
            Nobody
          </Button>
        )}
        <Button size="xs" variant="default" onClick={() => onChange({ assignee: 'me' })}>
          Me
        </Button>
        <Button type="submit" size="xs" disabled={name.trim() === ''}>
          Assign
        </Button>
      </div>
    </form>
  );
}
