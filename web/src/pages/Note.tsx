// What people wrote about an error: plain text, its lines kept.
import { Button, Textarea } from '@mantine/core';
import { useRef, useState } from 'react';
import { visible } from '../lib/text';
import classes from './ErrorHead.module.css';

interface Props {
  note: string;
  ready: boolean;
  /** Whether it was saved: if not, what was typed stays. */
  onSave: (note: string | null) => Promise<boolean>;
}

export function Note({ note, ready, onSave }: Props) {
  const [draft, setDraft] = useState<string>();
  const opener = useRef<HTMLButtonElement>(null);
  const close = () => {
    setDraft(undefined);
    window.requestAnimationFrame(() => opener.current?.focus());
  };
  const save = async () => {
    if (draft === undefined) return;
    const text = draft.trim() === '' ? null : draft.trimEnd();
    if ((text ?? '') === note || (await onSave(text))) close();
  };
  if (draft === undefined) {
    return (
      <div className={classes.note}>
        {note !== '' && <p className={classes.text}>{visible(note, true)}</p>}
        <button ref={opener} type="button" className={classes.edit} disabled={!ready} onClick={() => setDraft(note)}>
          {note === '' ? 'Add a note' : 'Edit the note'}
        </button>
      </div>
    );
  }
  return (
    <div className={classes.note}>
      <Textarea
        label="Note"
        description="What the next one who looks at this should know. Empty takes it away."
        autosize
        minRows={3}
        maxRows={14}
        autoFocus
        value={draft}
        onChange={(event) => setDraft(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') close();
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void save();
        }}
      />
      <div className={classes.choices}>
        <Button size="xs" title="Ctrl Enter" onClick={() => void save()}>
          Save the note
        </Button>
        <Button size="xs" variant="default" onClick={close}>
          Cancel
        </Button>
      </div>
    </div>
  );
}
