// Who makes a change: asked once, kindly, and not again of those who would rather not say.
import { Button, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { Dialog } from './Dialog';
import classes from './Dialog.module.css';

interface Props {
  opened: boolean;
  /** Without a name the change can not be made. */
  required: boolean;
  /** undefined is without one. */
  onName: (name: string | undefined) => void;
  onCancel: () => void;
}

export const nameCharactersMax = 200;

export function NameDialog({ opened, required, onName, onCancel }: Props) {
  const [name, setName] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() !== '') onName(name.trim());
  };
  return (
    <Dialog opened={opened} onClose={onCancel} title="Who are you?" closeName="Cancel the change">
      <form onSubmit={submit}>
        <p className={classes.text}>
          {required
            ? 'For that Hydrophone has to know your name.'
            : 'A name lets the others see in the activity who changed what.'}{' '}
          It is kept in this browser and sent along with what you do here.
        </p>
        <TextInput
          label="Your name"
          data-autofocus
          autoComplete="nickname"
          maxLength={nameCharactersMax}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <div className={classes.buttons}>
          {!required && (
            <Button size="xs" variant="default" onClick={() => onName(undefined)}>
              Go on without a name
            </Button>
          )}
          <Button size="xs" type="submit" disabled={name.trim() === ''}>
            Save and go on
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
