// A label to give, and labels to take away. `team=payments` pasted into the name is understood.
import { Autocomplete, Button } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { term } from '../lib/term';
import { type Change, labelProblem, typedLabel } from '../lib/triage';
import classes from './Actions.module.css';
import { Foreign } from './Foreign';
import { Icon } from './Icon';

export interface Known {
  /** Names of labels that there are, and values of the one that is being typed. */
  names: string[];
  values: string[];
  /** Which one is being typed. */
  onName: (name: string) => void;
}

interface Props {
  known: Known;
  /** Labels that what is to be changed has. */
  present: [name: string, value: string][];
  onChange: (change: Change) => void;
  /** One that is to be changed. */
  start?: { name: string; value: string } | undefined;
}

export function LabelForm({ known, present, onChange, start }: Props) {
  const [name, setName] = useState(start?.name ?? '');
  const [value, setValue] = useState(start?.value ?? '');
  const problem = labelProblem(name);
  const typed = (text: string) => {
    const both = typedLabel(text);
    setName(both?.name ?? text);
    if (both) setValue(both.value);
    known.onName(both?.name ?? text);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name === '' || value.trim() === '' || problem) return;
    onChange({ labels: { [name]: value.trim() } });
    setName('');
    setValue('');
  };
  const listed = {
    size: 'xs',
    limit: 8,
    openOnFocus: false,
    comboboxProps: { withinPortal: false, shadow: 'md' },
  } as const;
  return (
    <form onSubmit={submit} className={classes.form}>
      <div className={classes.pairOf}>
        <Autocomplete
          {...listed}
          label="Label"
          placeholder="team"
          data-autofocus
          autoComplete="off"
          spellCheck={false}
          data={known.names}
          value={name}
          onChange={typed}
          error={problem}
        />
        <Autocomplete
          {...listed}
          label="Value"
          placeholder="payments"
          autoComplete="off"
          spellCheck={false}
          data={known.values}
          value={value}
          onChange={setValue}
        />
      </div>
      <div className={classes.foot}>
        <Button type="submit" size="xs" disabled={name === '' || value.trim() === '' || problem !== undefined}>
          {start && start.name === name ? 'Change the label' : 'Add the label'}
        </Button>
      </div>
      {present.length > 0 && (
        <div>
          <p className={classes.subtitle}>Take away</p>
          <ul className={classes.present}>
            {present.map(([own, its]) => (
              <li key={own}>
                <button type="button" className={classes.chip} onClick={() => onChange({ labels: { [own]: null } })}>
                  <Foreign text={its === '' ? own : term(own, its)} />
                  <span className="visually-hidden"> is taken away from them</span>
                  <Icon name="close" size={12} />
                </button>
              </li>
            ))}
          </ul>
        </div>
      )}
    </form>
  );
}
