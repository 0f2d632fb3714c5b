// The query, and a few words one often puts into it. It is asked on Enter; a mistake is shown at its place, as the server says it.
import { ActionIcon, TextInput } from '@mantine/core';
import { type KeyboardEvent, type Ref, useEffect, useId, useRef, useState } from 'react';
import { complete, cursorIn, type Place } from '../lib/completion';
import { hasTerm, toggleTerm } from '../lib/term';
import { visible } from '../lib/text';
import { Icon } from './Icon';
import classes from './QueryBox.module.css';
import { type Suggestion, Suggestions } from './Suggestions';

const shortcuts: [key: string, value: string][] = [
  ['is', 'new'],
  ['is', 'regressed'],
  ['is', 'open'],
  ['severity', 'error'],
];

interface Props {
  q: string;
  problem: { text: string; position: number | undefined } | undefined;
  onChange: (q: string) => void;
  inputRef: { current: HTMLInputElement | null };
  /** What may stand at the cursor of the text that was last told to `onEdit`; `old` while it is of the one before. */
  completion?: (Place & { items: Suggestion[]; old: boolean }) | undefined;
  onEdit?: (edited: { q: string; cursor: number } | undefined) => void;
  /** Without the frequent filters: where views stand above it. */
  plain?: boolean;
}

export function QueryBox({ q, problem, onChange, inputRef, completion, onEdit, plain = false }: Props) {
  const [typed, setTyped] = useState(q);
  const [active, setActive] = useState(-1);
  const caret = useRef<number | undefined>(undefined);
  const problemId = useId();
  const listId = useId();
  useEffect(() => setTyped(q), [q]);
  useEffect(() => {
    if (caret.current === undefined) return;
    inputRef.current?.setSelectionRange(caret.current, caret.current);
    caret.current = undefined;
  });
  const items = completion?.items ?? [];
  const close = () => {
    setActive(-1);
    onEdit?.(undefined);
  };
  const edit = (text: string, offset: number | null) => {
    setTyped(text);
    setActive(-1);
    onEdit?.({ q: text, cursor: cursorIn(text, offset) });
  };
  const choose = (item: Suggestion | undefined) => {
    if (!item || !completion || completion.old) return;
    const next = complete(typed, completion, item.text);
    caret.current = next.offset;
    edit(next.text, next.offset);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    const open = items.length > 0;
    if (open && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
      const by = event.key === 'ArrowDown' ? 1 : -1;
      setActive((at) => (at < 0 && by < 0 ? items.length - 1 : (at + by + items.length) % items.length));
    } else if (event.key === 'ArrowDown') {
      edit(typed, event.currentTarget.selectionStart);
    } else if (open && active >= 0 && (event.key === 'Enter' || event.key === 'Tab')) {
      choose(items[active]);
    } else if (event.key === 'Enter') {
      close();
      onChange(typed.trim());
      return;
    } else if (event.key === 'Escape' && open) {
      close();
    } else if (event.key === 'Escape') {
      setTyped(q);
      event.currentTarget.blur();
      return;
    } else {
      return;
    }
    event.preventDefault();
  };
  const clear = () => {
    setTyped('');
    onChange('');
  };
  return (
    <search className={classes.box}>
      <div className={classes.line}>
        <div className={classes.input}>
          <TextInput
            ref={inputRef as Ref<HTMLInputElement>}
            size="sm"
            aria-label="Query"
            aria-describedby={problem ? problemId : undefined}
            {...(onEdit && {
              role: 'combobox',
              'aria-autocomplete': 'list' as const,
              'aria-expanded': items.length > 0,
              'aria-controls': items.length > 0 ? listId : undefined,
              'aria-activedescendant': active >= 0 ? `${listId}-${active}` : undefined,
            })}
            error={problem !== undefined}
            placeholder="service:checkout class:*Timeout* -severity:info words"
            spellCheck={false}
            autoComplete="off"
            autoCapitalize="off"
            value={typed}
            leftSection={<Icon name="search" />}
            rightSection={
              typed === '' ? (
                <kbd className={classes.key} title="Press / to type here">
                  /
                </kbd>
              ) : (
                <ActionIcon variant="subtle" color="gray" size="sm" aria-label="Clear the query" onClick={clear}>
                  <Icon name="close" size={14} />
                </ActionIcon>
              )
            }
            onChange={(event) => edit(event.currentTarget.value, event.currentTarget.selectionStart)}
            onKeyDown={onKeyDown}
            onBlur={close}
          />
          {items.length > 0 && <Suggestions id={listId} items={items} active={active} onChoose={choose} />}
        </div>
        {!plain && (
          <fieldset className={classes.chips}>
            <legend className="visually-hidden">Frequent filters</legend>
            {shortcuts.map(([key, value]) => (
              <button
                key={`${key}:${value}`}
                type="button"
                className={classes.chip}
                aria-pressed={hasTerm(q, key, value)}
                onClick={() => onChange(toggleTerm(q, key, value))}
              >
                {value}
              </button>
            ))}
          </fieldset>
        )}
      </div>
      {problem && (
        <p id={problemId} className={classes.problem} role="alert">
          {problem.position !== undefined && <Marked q={q} position={problem.position} />}
          {visible(problem.text)}
        </p>
      )}
    </search>
  );
}

/** The query with the word at the mistake marked. Positions are in characters, not in UTF-16 units. */
function Marked({ q, position }: { q: string; position: number }) {
  const characters = Array.from(q);
  const rest = characters.slice(position).join('');
  const word = /^\S*/.exec(rest)?.[0] ?? '';
  return (
    <code className={classes.marked}>
      {visible(characters.slice(0, position).join(''))}
      <mark>{word === '' ? ' ' : visible(word)}</mark>
      {visible(rest.slice(word.length))}
    </code>
  );
}
