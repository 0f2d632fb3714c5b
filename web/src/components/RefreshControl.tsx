// Refresh now, or every so often.
import { ActionIcon, Button, Menu } from '@mantine/core';
import { step } from '../lib/format';
import { refreshSeconds } from '../lib/url';
import { Icon } from './Icon';
import classes from './RefreshControl.module.css';

interface Props {
  seconds: number;
  busy: boolean;
  onRefresh: () => void;
  onChange: (seconds: number) => void;
}

export function RefreshControl({ seconds, busy, onRefresh, onChange }: Props) {
  const name = seconds === 0 ? 'Off' : step(seconds);
  return (
    <div className={classes.pair}>
      <ActionIcon
        variant="default"
        size={30}
        aria-label="Refresh now"
        title="Refresh now (r)"
        onClick={onRefresh}
        className={classes.now}
      >
        <Icon name="refresh" className={busy ? classes.busy : undefined} />
      </ActionIcon>
      <Menu position="bottom-end" shadow="md">
        <Menu.Target>
          <Button
            variant="default"
            size="xs"
            px={8}
            className={classes.every}
            aria-label={`Auto refresh: ${name}`}
            rightSection={<Icon name="down" size={12} />}
          >
            {name}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>Auto refresh</Menu.Label>
          {refreshSeconds.map((choice) => (
            <Menu.Item
              key={choice}
              role="menuitemradio"
              aria-checked={choice === seconds}
              onClick={() => onChange(choice)}
              rightSection={choice === seconds ? <Icon name="check" size={14} /> : undefined}
            >
              {choice === 0 ? 'Off' : step(choice)}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
    </div>
  );
}
