// The query in colours, and a few words one often puts into it. It is asked on Enter; a mistake is shown at its place, as the server says it.
// Where nothing is typed yet the queries from before are offered; the arrow up leads to them, too.
import { ActionIcon, TextInput } from '@mantine/core';
import { type KeyboardEvent, type Ref, useEffect, useId, useRef, useState } from 'react';
import { complete, cursorIn, type Place } from '../lib/completion';
import { mistake } from '../lib/highlight';
import { forgetQuery, recalled, rememberQuery, storedQueries } from '../lib/history';
import { hasTerm, toggleTerm } from '../lib/term';
import { visible } from '../lib/text';
import { Highlighted } from './Highlighted';
import { Icon } from './Icon';
import classes from './QueryBox.module.css';
import { type Suggestion, Suggestions } from './Suggestions';

const shortcuts: [key: string, value: string][] = [
  ['is', 'new'],
  ['is', 'regressed'],
  ['is', 'open'],
  ['severity', 'error'],
];

/** Queries from before that are offered. */
const offeredMax = 6;

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
  /** Queries from before, while they are offered; and which of them the arrows have led to. */
  const [offered, setOffered] = useState<string[]>([]);
  const walked = useRef({ kept: [] as string[], at: -1 });
  const [composing, setComposing] = useState(false);
  const problemId = useId();
  const listId = useId();
  useEffect(() => setTyped(q), [q]);
  useEffect(() => {
    if (caret.current === undefined) return;
    inputRef.current?.setSelectionRange(caret.current, caret.current);
    caret.current = undefined;
  });
  // What is being composed, and what would turn the text around, is left to the input alone.
  const plainly = composing || visible(typed) !== typed;
  const refused = problem !== undefined;
  useEffect(() => {
    if (refused) forgetQuery(q);
  }, [refused, q]);
  const earlier = typed === '' ? offered.map((text) => ({ name: text, text, asked: true })) : [];
  const items: Suggestion[] = [...earlier, ...(completion?.items ?? [])];
  const close = () => {
    setActive(-1);
    setOffered([]);
    onEdit?.(undefined);
  };
  const ask = (text: string) => {
    walked.current = { kept: [], at: -1 };
    rememberQuery(text);
    close();
    onChange(text);
  };
  const offer = () => setOffered(storedQueries().slice(0, offeredMax));
  const edit = (text: string, offset: number | null) => {
    setTyped(text);
    setActive(-1);
    if (text === '') offer();
    onEdit?.({ q: text, cursor: cursorIn(text, offset) });
  };
  /** To an older query, or back to a newer one; what is chosen of the list goes before. */
  const walk = (by: 1 | -1): boolean => {
    if (walked.current.at < 0) {
      if (by > 0) return false;
      walked.current = { kept: storedQueries().filter((one) => one !== typed), at: -1 };
    }
    const found = recalled(walked.current.kept, walked.current.at, by);
    if (!found) return by < 0;
    walked.current.at = found.at;
    caret.current = found.q.length;
    setTyped(found.q);
    close();
    return true;
  };
  const choose = (item: Suggestion | undefined) => {
    if (item?.asked) {
      setTyped(item.text);
      ask(item.text);
      return;
    }
    if (!item || !completion || completion.old) return;
    const next = complete(typed, completion, item.text);
    caret.current = next.offset;
    edit(next.text, next.offset);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    // What is being composed takes its keys itself.
    if (event.nativeEvent.isComposing) return;
    const open = items.length > 0;
    if (open && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
      const by = event.key === 'ArrowDown' ? 1 : -1;
      setActive((at) => (at < 0 && by < 0 ? items.length - 1 : (at + by + items.length) % items.length));
    } else if ((event.key === 'ArrowUp' && walk(-1)) || (event.key === 'ArrowDown' && walk(1))) {
      // It is in the box now.
    } else if (event.key === 'ArrowDown') {
      edit(typed, event.currentTarget.selectionStart);
    } else if (open && active >= 0 && (event.key === 'Enter' || event.key === 'Tab')) {
      choose(items[active]);
    } else if (event.key === 'Enter') {
      ask(typed.trim());
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
            data-plainly={plainly || undefined}
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
            onChange={(event) => {
              walked.current = { kept: [], at: -1 };
              edit(event.currentTarget.value, event.currentTarget.selectionStart);
            }}
            onKeyDown={onKeyDown}
            onFocus={() => typed === '' && offer()}
            onCompositionStart={() => setComposing(true)}
            onCompositionEnd={() => setComposing(false)}
            onBlur={close}
          />
          {!plainly && (
            <Highlighted q={typed} position={typed.trim() === q ? problem?.position : undefined} input={inputRef} />
          )}
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
          {problem.position !== undefined && visible(q) !== q && <Marked q={q} position={problem.position} />}
          {visible(problem.text)}
        </p>
      )}
    </search>
  );
}

/** A query that can not be marked where it stands, with the word at the mistake marked. */
function Marked({ q, position }: { q: string; position: number }) {
  const { from, to } = mistake(q, position);
  return (
    <code className={classes.marked}>
      {visible(q.slice(0, from))}
      <mark>{from === to ? ' ' : visible(q.slice(from, to))}</mark>
      {visible(q.slice(to))}
    </code>
  );
}
