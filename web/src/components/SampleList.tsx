// The samples of an error, newest first, one to a line: which one is shown, and the way to any other. To Tab they are one stop.
import { Button } from '@mantine/core';
import { type KeyboardEvent, useEffect, useRef } from 'react';
import { shortTime } from '../lib/format';
import { useNow } from '../lib/now';
import { useZone } from '../lib/preference';
import { shorten } from '../lib/text';
import { Foreign } from './Foreign';
import classes from './SampleList.module.css';

export interface SampleLine {
  id: string;
  timestamp?: string | null;
  message: string;
  target: Record<string, string>;
}

interface Props {
  samples: SampleLine[];
  /** The one that is shown. */
  current: string | undefined;
  onShow: (sample: SampleLine) => void;
  /** There are older ones. */
  onMore: (() => void) | undefined;
  busy: boolean;
}

/** Characters of a message that a line has room for. */
const messageMax = 160;

export function SampleList({ samples, current, onShow, onMore, busy }: Props) {
  const zone = useZone();
  const now = useNow();
  const list = useRef<HTMLOListElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another one is shown now
  useEffect(() => {
    const own = list.current;
    const row = own?.querySelector<HTMLElement>('[aria-current]');
    if (own && row) own.scrollTop = Math.max(0, row.offsetTop - own.offsetTop - own.clientHeight / 2);
    if (own?.contains(document.activeElement)) row?.focus({ preventScroll: true });
  }, [current]);
  const at = Math.max(
    0,
    samples.findIndex(({ id }) => id === current),
  );
  const step = (event: KeyboardEvent) => {
    const by = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    const next = samples[at + by];
    if (by === 0 || !next) return;
    event.preventDefault();
    onShow(next);
  };
  return (
    <div className={classes.box}>
      <ol ref={list} className={classes.list} aria-label="All samples: the arrow keys show the next" onKeyDown={step}>
        {samples.map((sample, index) => (
          <li key={sample.id}>
            <button
              type="button"
              className={classes.line}
              tabIndex={index === at ? 0 : -1}
              aria-current={sample.id === current || undefined}
              onClick={() => onShow(sample)}
            >
              <span className={classes.time}>
                {sample.timestamp ? shortTime(Date.parse(sample.timestamp), zone, now, true) : 'without a time'}
              </span>
              <Foreign text={sample.target.instance ?? ''} className={classes.instance} />
              <Foreign text={shorten(sample.message, messageMax)} className={classes.message} />
            </button>
          </li>
        ))}
      </ol>
      {onMore && (
        <Button size="compact-xs" variant="default" loading={busy} onClick={onMore}>
          Show older samples
        </Button>
      )}
    </div>
  );
}
