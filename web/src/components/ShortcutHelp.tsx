// What the keyboard does.
import { Kbd } from '@mantine/core';
import { shortcutHelp } from '../lib/key';
import { Dialog } from './Dialog';
import classes from './ShortcutHelp.module.css';

export function ShortcutHelp({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Dialog opened={opened} onClose={onClose} title="Keyboard shortcuts">
      <dl className={classes.list}>
        {shortcutHelp.map(([keys, what]) => (
          <div key={what} className={classes.row}>
            <dt>
              {keys.map((key) => (
                <Kbd key={key} size="sm">
                  {key}
                </Kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <p className={classes.note}>
        In the chart: drag to zoom in, double click to zoom out, ← and → to read it bucket by bucket.
      </p>
    </Dialog>
  );
}
