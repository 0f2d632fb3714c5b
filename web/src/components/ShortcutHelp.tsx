// What the keyboard does.
import { Kbd } from '@mantine/core';
import { goHelp } from '../lib/chord';
import { shortcutHelp } from '../lib/key';
import { Dialog } from './Dialog';
import classes from './ShortcutHelp.module.css';

export function ShortcutHelp({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Dialog opened={opened} onClose={onClose} title="Keyboard shortcuts">
      <dl className={classes.list}>
        {[...shortcutHelp, ...goHelp].map(([keys, what]) => (
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
        In the chart: drag to zoom in, double click to zoom out, click a colour for only that. By keyboard ← → walk from
        column to column, ↑ ↓ from colour to colour; Shift with ← → chooses several columns, Enter goes there.
      </p>
    </Dialog>
  );
}
