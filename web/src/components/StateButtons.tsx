// To resolve, mute and reopen: the usual way is one click, the others are in the menus.
import { Button, Menu } from '@mantine/core';
import { type Change, mutes } from '../lib/triage';
import classes from './Actions.module.css';
import { Icon } from './Icon';

/** What is open of the menus and forms. */
export type Opened = 'resolve' | 'mute' | 'label' | 'assign' | 'release' | 'until' | undefined;

interface Props {
  /** States that what is to be changed has. */
  states: ReadonlySet<string>;
  /** Whether some of it says that it regressed: to reopen it says that this was seen. */
  regressed: boolean;
  opened: Opened;
  onOpen: (opened: Opened) => void;
  onChange: (change: Change) => void;
}

export function StateButtons({ states, regressed, opened, onOpen, onChange }: Props) {
  const onMenu = (menu: 'resolve' | 'mute') => (open: boolean) => {
    if (open) onOpen(menu);
    else if (opened === menu) onOpen(undefined);
  };
  const menu = {
    position: 'bottom-start',
    shadow: 'md',
    returnFocus: true,
    // In the page's main part, and with the focus on its first item: as people and their readers expect a menu.
    portalProps: { target: '#main' },
    withInitialFocusPlaceholder: false,
  } as const;
  return (
    <>
      <div className={classes.pair}>
        <Button
          size="xs"
          variant="default"
          className={classes.main}
          leftSection={<Icon name="check" />}
          title="Resolve (e): it reopens when it happens again"
          onClick={() => onChange({ state: 'resolved' })}
        >
          Resolve
        </Button>
        <Menu {...menu} opened={opened === 'resolve'} onChange={onMenu('resolve')}>
          <Menu.Target>
            <Button size="xs" variant="default" className={classes.more} px={7} aria-label="Resolve otherwise">
              <Icon name="down" size={12} />
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Label>It reopens when it happens</Menu.Label>
            <Menu.Item onClick={() => onChange({ state: 'resolved' })}>again</Menu.Item>
            <Menu.Item onClick={() => onChange({ state: 'resolved', resolved_in: {} })}>
              in a version later than the latest now
            </Menu.Item>
            <Menu.Item closeMenuOnClick={false} onClick={() => onOpen('release')}>
              in a version later than…
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </div>
      <Menu {...menu} opened={opened === 'mute'} onChange={onMenu('mute')}>
        <Menu.Target>
          <Button
            size="xs"
            variant="default"
            title="Mute (m)"
            leftSection={<Icon name="mute" />}
            rightSection={<Icon name="down" size={12} />}
          >
            Mute
          </Button>
        </Menu.Target>
        <Menu.Dropdown className={classes.mutes}>
          <Menu.Label>For</Menu.Label>
          {mutes.filter(({ until }) => 'time' in until).map(item(onChange))}
          <Menu.Divider />
          <Menu.Label>Until it happens</Menu.Label>
          {mutes.filter(({ until }) => 'count' in until).map(item(onChange))}
          <Menu.Item onClick={() => onChange({ state: 'muted', muted_until: { escalation: true } })}>
            much more often than usual
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item closeMenuOnClick={false} onClick={() => onOpen('until')}>
            Until a time or number…
          </Menu.Item>
          <Menu.Item onClick={() => onChange({ state: 'muted' })}>Until somebody reopens it</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {(states.size > 1 || !states.has('open') || regressed) && (
        <Button
          size="xs"
          variant="default"
          leftSection={<Icon name="undo" />}
          title={
            states.size === 1 && states.has('open') ? 'Open, and no longer marked as regressed' : 'Make it open again'
          }
          onClick={() => onChange({ state: 'open' })}
        >
          {states.size === 1 && states.has('open') ? 'Seen' : 'Reopen'}
        </Button>
      )}
    </>
  );
}

function item(onChange: Props['onChange']) {
  return ({ name, until }: (typeof mutes)[number]) => (
    <Menu.Item key={name} onClick={() => onChange({ state: 'muted', muted_until: until })}>
      {name}
    </Menu.Item>
  );
}
