// Who this person says they are, and how the page looks to them: time zone and colours.
import {
  ActionIcon,
  type MantineColorScheme,
  Popover,
  SegmentedControl,
  Textarea,
  TextInput,
  useMantineColorScheme,
} from '@mantine/core';
import { type FormEvent, useId, useState } from 'react';
import { useStoredLibraries } from '../lib/preference';
import type { Zone } from '../lib/zone';
import { Icon } from './Icon';
import { nameCharactersMax } from './NameDialog';
import classes from './Settings.module.css';

interface Props {
  zone: Zone;
  onZone: (zone: Zone) => void;
  name: string;
  onName: (name: string) => void;
  /** How they logged in, where they did: then the name is not theirs to choose. */
  standing: string | undefined;
  onHelp: () => void;
  version: string | undefined;
}

export function Settings({ zone, onZone, name, onName, standing, onHelp, version }: Props) {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const [zoneId, schemeId] = [useId(), useId()];
  return (
    <Popover position="bottom-end" shadow="md" trapFocus returnFocus width={248}>
      <Popover.Target>
        <ActionIcon variant="default" size={30} aria-label="Settings" title="Settings">
          <Icon name="settings" />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown aria-label="Settings">
        {standing === undefined ? (
          <Name key={name} name={name} onName={onName} />
        ) : (
          <>
            <p className={classes.label}>You are</p>
            <p className={classes.who} title={standing}>
              {name}
            </p>
          </>
        )}
        <p id={zoneId} className={classes.label}>
          Times in
        </p>
        <SegmentedControl
          fullWidth
          size="xs"
          aria-labelledby={zoneId}
          value={zone}
          onChange={(value) => onZone(value === 'utc' ? 'utc' : 'local')}
          data={[
            { value: 'local', label: 'Local time' },
            { value: 'utc', label: 'UTC' },
          ]}
        />
        <p id={schemeId} className={classes.label}>
          Colours
        </p>
        <SegmentedControl
          fullWidth
          size="xs"
          aria-labelledby={schemeId}
          value={colorScheme}
          onChange={(value) => setColorScheme(value as MantineColorScheme)}
          data={[
            { value: 'auto', label: 'Auto' },
            { value: 'light', label: 'Light' },
            { value: 'dark', label: 'Dark' },
          ]}
        />
        <Libraries />
        <div className={classes.foot}>
          <button type="button" className={classes.help} onClick={onHelp}>
            <Icon name="keyboard" /> Keyboard shortcuts
          </button>
          {version !== undefined && <span className="dim">{version}</span>}
        </div>
      </Popover.Dropdown>
    </Popover>
  );
}

/** Which frames of stacks are folded besides those that are known to be of libraries. */
function Libraries() {
  const [libraries, store] = useStoredLibraries();
  const [typed, setTyped] = useState(libraries);
  return (
    <Textarea
      mt={12}
      size="xs"
      autosize
      maxRows={5}
      label="Fold stack frames that contain"
      description="apart by blanks; well-known libraries are folded anyway"
      placeholder="com.acme.http. /opt/vendor/"
      spellCheck={false}
      maxLength={2000}
      value={typed}
      onChange={(event) => setTyped(event.currentTarget.value)}
      onBlur={() => store(typed.trim())}
    />
  );
}

/** Taken when it is typed and left. */
function Name({ name, onName }: Pick<Props, 'name' | 'onName'>) {
  const [typed, setTyped] = useState(name);
  const take = (event?: FormEvent) => {
    event?.preventDefault();
    if (typed.trim() !== name) onName(typed.trim());
  };
  return (
    <form onSubmit={take}>
      <TextInput
        size="xs"
        label="Your name"
        description="The activity shows who changed what"
        placeholder="nobody in particular"
        autoComplete="nickname"
        maxLength={nameCharactersMax}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
        onBlur={() => take()}
      />
    </form>
  );
}
