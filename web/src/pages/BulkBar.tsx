// What can be done with the rows that are chosen: in the place of the list's head, or at the bottom of a small screen.
import { ActionIcon } from '@mantine/core';
import { Icon } from '../components/Icon';
import { counted, exact } from '../lib/format';
import { Actions } from './Actions';
import classes from './BulkBar.module.css';
import { nameOf } from './Edits';
import type { Chosen } from './selection';

export function BulkBar({ chosen, total }: { chosen: Chosen; total: number }) {
  const { count, all, on, elsewhere } = chosen;
  return (
    <section className={classes.bar} aria-label="With the selection">
      <div className={classes.what}>
        <p className={classes.count} aria-live="polite">
          {all ? `All ${exact(total)}` : exact(count)} selected
          {elsewhere > 0 && <span className="dim">, {exact(elsewhere)} not in this list</span>}
        </p>
        <ActionIcon
          variant="subtle"
          color="gray"
          size={26}
          aria-label={`Clear the selection of ${counted(count, 'error')}`}
          title="Clear the selection (Esc)"
          onClick={chosen.clear}
        >
          <Icon name="close" size={14} />
        </ActionIcon>
      </div>
      <div className={classes.actions}>
        <Actions
          name={nameOf(on)}
          rows={chosen.chosen}
          more={chosen.more}
          opened={chosen.opened}
          onOpen={chosen.open}
          onChange={chosen.act}
        />
      </div>
    </section>
  );
}
