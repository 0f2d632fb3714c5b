// What a menu has no room for: in which version it is resolved, until when exactly it is muted.
import { Button, SegmentedControl, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useZone } from '../lib/preference';
import { absolute, parseDuration, parseInstant } from '../lib/time';
import type { Change } from '../lib/triage';
import { Dialog } from './Dialog';
import classes from './Dialog.module.css';

interface Props {
  opened: boolean;
  /** What is to be changed. */
  name: string;
  onClose: () => void;
  onChange: (change: Change) => void;
}

export function ReleaseDialog({ opened, name, onClose, onChange }: Props) {
  return (
    <Dialog opened={opened} onClose={onClose} title={`Resolve ${name} in a version`}>
      <Release onChange={onChange} />
    </Dialog>
  );
}

function Release({ onChange }: Pick<Props, 'onChange'>) {
  const [label, setLabel] = useState('version');
  const [version, setVersion] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (label.trim() === '') return;
    const asked = version.trim() === '' ? {} : { version: version.trim() };
    onChange({ state: 'resolved', resolved_in: { label: label.trim(), ...asked } });
  };
  return (
    <form onSubmit={submit}>
      <p className={classes.text}>
        It stays resolved while instances of this version or earlier ones still throw it, as they do during a deploy.
        One of a later version reopens it.
      </p>
      <div className={classes.fields}>
        <TextInput
          label="Version"
          description="Empty for the latest that its service has now"
          placeholder="1.9.0"
          data-autofocus
          spellCheck={false}
          autoComplete="off"
          value={version}
          onChange={(event) => setVersion(event.currentTarget.value)}
        />
        <TextInput
          label="Target label that names versions"
          spellCheck={false}
          autoComplete="off"
          value={label}
          onChange={(event) => setLabel(event.currentTarget.value)}
        />
      </div>
      <div className={classes.buttons}>
        <Button size="xs" type="submit" disabled={label.trim() === ''}>
          Resolve
        </Button>
      </div>
    </form>
  );
}

export function UntilDialog({ opened, name, onClose, onChange }: Props) {
  return (
    <Dialog opened={opened} onClose={onClose} title={`Mute ${name}`}>
      <Until onChange={onChange} />
    </Dialog>
  );
}

function Until({ onChange }: Pick<Props, 'onChange'>) {
  const zone = useZone();
  const [kind, setKind] = useState('time');
  const [text, setText] = useState('');
  const [tried, setTried] = useState(false);
  const change = kind === 'time' ? timed(text.trim(), zone) : numbered(text.trim());
  const problem =
    kind === 'time' ? 'Use 3h, 2d or a time to come such as 2026-11-30 09:00' : 'Use a whole number above 0';
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (change) onChange(change);
  };
  return (
    <form onSubmit={submit}>
      <div className={classes.fields}>
        <SegmentedControl
          size="xs"
          aria-label="What ends the mute"
          value={kind}
          onChange={(next) => {
            setKind(next);
            setText('');
            setTried(false);
          }}
          data={[
            { value: 'time', label: 'A time' },
            { value: 'count', label: 'A number of times' },
          ]}
        />
        <TextInput
          label={kind === 'time' ? 'For how long, or until when' : 'How many times more it may happen'}
          placeholder={kind === 'time' ? '3h, 2d, 2026-11-30 09:00' : '40'}
          data-autofocus
          spellCheck={false}
          autoComplete="off"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          error={tried && !change ? problem : undefined}
        />
      </div>
      <div className={classes.buttons}>
        <Button size="xs" type="submit">
          Mute
        </Button>
      </div>
    </form>
  );
}

function timed(text: string, zone: ReturnType<typeof useZone>): Change | undefined {
  if (parseDuration(text) !== undefined) return { state: 'muted', muted_until: { time: `now+${text}` } };
  const ms = parseInstant(text, Date.now(), zone);
  return ms !== undefined && ms > Date.now() ? { state: 'muted', muted_until: { time: absolute(ms) } } : undefined;
}

function numbered(text: string): Change | undefined {
  const count = Number(text.replaceAll(',', ''));
  return Number.isInteger(count) && count > 0 ? { state: 'muted', muted_until: { count } } : undefined;
}
