// Views as tabs: links, so that one can be opened in a new tab or copied.
import { useEffect, useRef } from 'react';
import { counted, count as short } from '../lib/format';
import type { View } from '../lib/url';
import { Foreign } from './Foreign';
import { Link } from './Link';
import classes from './ViewTabs.module.css';

export interface Tab {
  key: string;
  name: string;
  /** How many errors it has, whenever they happened; nothing where that is not what its list shows. */
  count?: number | undefined;
  title: string;
  view: Partial<View>;
  active: boolean;
  /** Instead of going there at once. */
  onClick?: (() => void) | undefined;
}

export function ViewTabs({ tabs }: { tabs: Tab[] }) {
  const list = useRef<HTMLUListElement>(null);
  const active = tabs.find((tab) => tab.active)?.key;
  useEffect(() => {
    const own = active === undefined ? null : list.current?.querySelector<HTMLElement>('[aria-current]');
    if (!own || !list.current) return;
    const { offsetLeft, offsetWidth } = own;
    const { scrollLeft, clientWidth } = list.current;
    if (offsetLeft < scrollLeft || offsetLeft + offsetWidth > scrollLeft + clientWidth)
      list.current.scrollLeft = offsetLeft - 24;
  }, [active]);
  return (
    <ul ref={list} className={classes.tabs}>
      {tabs.map((tab) => (
        <li key={tab.key}>
          <Link
            to={{ view: tab.view }}
            className={classes.tab}
            aria-current={tab.active ? 'true' : undefined}
            title={tab.title}
            onClick={(event) => {
              if (!tab.onClick) return;
              event.preventDefault();
              tab.onClick();
            }}
          >
            <Foreign text={tab.name} />
            {tab.count !== undefined && (
              <span className={classes.count}>
                {short(tab.count)}
                <span className="visually-hidden"> {counted(tab.count, 'error').replace(/^\S+ /, '')}</span>
              </span>
            )}
          </Link>
        </li>
      ))}
    </ul>
  );
}
