// What may stand where the cursor is, under the query box: chosen with the arrows and Tab or Enter, or with a click.
import { exact } from '../lib/format';
import { Foreign } from './Foreign';
import { Icon } from './Icon';
import classes from './Suggestions.module.css';

export interface Suggestion {
  name: string;
  text: string;
  count?: number | null;
  counted?: string | null;
  /** A whole query that was asked before. */
  asked?: boolean;
}

interface Props {
  id: string;
  items: Suggestion[];
  active: number;
  onChoose: (item: Suggestion) => void;
}

export function Suggestions({ id, items, active, onChoose }: Props) {
  return (
    <div
      id={id}
      role="listbox"
      aria-label="Suggestions"
      className={classes.list}
      // The box keeps the focus, whatever is pressed here: a suggestion or the scroll bar.
      onPointerDown={(event) => event.preventDefault()}
      onMouseDown={(event) => event.preventDefault()}
    >
      {items.map((item, index) => (
        <div
          key={`${item.asked ? 'asked ' : ''}${item.text}`}
          id={`${id}-${index}`}
          role="option"
          tabIndex={-1}
          aria-selected={index === active}
          className={classes.item}
          ref={index === active ? (own) => own?.scrollIntoView({ block: 'nearest' }) : undefined}
          onPointerDown={() => onChoose(item)}
        >
          {item.asked && (
            <span className={classes.asked}>
              <Icon name="clock" size={13} />
              <span className="visually-hidden">asked before: </span>
            </span>
          )}
          <Foreign text={item.name} className={classes.name} />
          {typeof item.count === 'number' && (
            <span className={classes.count}>
              {exact(item.count)} {item.counted}
            </span>
          )}
        </div>
      ))}
    </div>
  );
}
