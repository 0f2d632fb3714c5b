// What stands around every page: the name, the way to the other pages, the time one looks at.
import { ActionIcon } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useIsFetching, useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { lookNow, useConnection } from '../api/connection';
import { useServer } from '../api/overview';
import { useWhoami } from '../api/queries';
import { ConnectionBanner } from '../components/ConnectionBanner';
import { Icon } from '../components/Icon';
import { Link } from '../components/Link';
import { Logo } from '../components/Logo';
import { RangePicker } from '../components/RangePicker';
import { RefreshControl } from '../components/RefreshControl';
import { Settings } from '../components/Settings';
import { ShortcutHelp } from '../components/ShortcutHelp';
import { useGoKeys } from '../lib/chord';
import { useShortcuts } from '../lib/key';
import { go, usePlace } from '../lib/location';
import { proved, standing } from '../lib/permission';
import { useZone } from '../lib/preference';
import type { Zone } from '../lib/zone';
import { useWiden } from './ask';
import { useEdits } from './Edits';
import classes from './Shell.module.css';

const pages = [
  { page: 'overview', name: 'Overview' },
  { page: 'errors', name: 'Errors' },
  { page: 'search', name: 'Search' },
  { page: 'targets', name: 'Targets' },
  { page: 'activity', name: 'Activity' },
  { page: 'reports', name: 'Reports' },
  { page: 'status', name: 'Status' },
] as const;

/** How soon every page says that the disk is full. */
const statusRefreshMs = 15_000;

export function Shell({ children, onZone }: { children: ReactNode; onZone: (zone: Zone) => void }) {
  const { route, view } = usePlace();
  const zone = useZone();
  const client = useQueryClient();
  const fetching = useIsFetching({ predicate: ({ queryKey: [what] }) => what !== 'status' });
  const status = useServer(statusRefreshMs);
  const { name, rename } = useEdits();
  const whoami = useWhoami().data;
  const connection = useConnection();
  const away = connection.state !== 'up' && connection.state !== 'back';
  const [helped, help] = useDisclosure(false);
  const refresh = () => {
    lookNow();
    void client.invalidateQueries();
  };
  const widen = useWiden();
  useShortcuts({ r: refresh, z: widen, '?': help.open });
  useGoKeys({
    o: () => go({ route: { page: 'overview' } }),
    e: () => go({ route: { page: 'errors' } }),
    s: () => go({ route: { page: 'search' } }),
    t: () => go({ route: { page: 'targets' } }),
    a: () => go({ route: { page: 'activity' } }),
    r: () => go({ route: { page: 'reports' } }),
    h: () => go({ route: { page: 'status' } }),
  });
  return (
    <>
      <button type="button" className={classes.skip} onClick={() => document.getElementById('main')?.focus()}>
        To the content
      </button>
      <header className={classes.header}>
        <Link to={{ route: { page: 'overview' } }} className={classes.brand} aria-label="Hydrophone">
          <Logo />
          <span className={classes.name}>Hydrophone</span>
        </Link>
        <nav className={classes.nav} aria-label="Pages">
          {pages.map(({ page, name }) => (
            <Link key={page} to={{ route: { page } }} aria-current={route.page === page ? 'page' : undefined}>
              {name}
            </Link>
          ))}
        </nav>
        <div className={classes.tools}>
          {route.page !== 'targets' && route.page !== 'status' && (
            <>
              <RangePicker range={view.range} onChange={(range) => go({ view: { range } })} />
              <ActionIcon
                variant="default"
                size={30}
                className={classes.zoomOut}
                aria-label="Zoom out"
                title="Zoom out (z)"
                onClick={widen}
              >
                <Icon name="zoomOut" />
              </ActionIcon>
            </>
          )}
          <RefreshControl
            seconds={view.refresh}
            busy={fetching > 0}
            onRefresh={refresh}
            onChange={(seconds) => go({ view: { refresh: seconds }, replace: true })}
          />
          <Settings
            zone={zone}
            onZone={onZone}
            name={name}
            onName={rename}
            standing={proved(whoami) === undefined || whoami === undefined ? undefined : standing(whoami)}
            onHelp={help.open}
            version={status.data?.version}
          />
        </div>
      </header>
      <main id="main" tabIndex={-1} className={classes.main} data-old={away || undefined}>
        {children}
      </main>
      <ConnectionBanner connection={connection} outage={route.page === 'status' ? undefined : status.data?.outage} />
      <ShortcutHelp opened={helped} onClose={help.close} />
    </>
  );
}
