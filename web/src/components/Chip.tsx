// A label: its name and its value.
import { visible } from '../lib/text';
import classes from './Chip.module.css';

export function Chip({ name, value, title }: { name: string; value: string; title?: string }) {
  return (
    <bdi className={classes.chip} title={title ?? `${visible(name)}: ${visible(value)}`}>
      <span className={classes.name}>{visible(name)}</span>
      <span className={classes.value}>{visible(value)}</span>
    </bdi>
  );
}
