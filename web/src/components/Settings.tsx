// How the page looks to this person: time zone and colours.
import { ActionIcon, type MantineColorScheme, Popover, SegmentedControl, useMantineColorScheme } from '@mantine/core';
import { useId } from 'react';
import type { Zone } from '../lib/zone';
import { Icon } from './Icon';
import classes from './Settings.module.css';

interface Props {
  zone: Zone;
  onZone: (zone: Zone) => void;
  onHelp: () => void;
  version: string | undefined;
}

export function Settings({ zone, onZone, onHelp, version }: Props) {
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
