// The query, and a few words one often puts into it. It is asked on Enter; a mistake is shown at its place, as the server says it.
import { ActionIcon, TextInput } from '@mantine/core';
import { type KeyboardEvent, type Ref, useEffect, useId, useState } from 'react';
import { hasTerm, toggleTerm } from '../lib/term';
import { Icon } from './Icon';
import classes from './QueryBox.module.css';

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
  inputRef: Ref<HTMLInputElement>;
}

export function QueryBox({ q, problem, onChange, inputRef }: Props) {
  const [typed, setTyped] = useState(q);
  const problemId = useId();
  useEffect(() => setTyped(q), [q]);
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.key === 'Enter') onChange(typed.trim());
    if (event.key === 'Escape') {
      setTyped(q);
      event.currentTarget.blur();
    }
  };
  const clear = () => {
    setTyped('');
    onChange('');
  };
  return (
    <search className={classes.box}>
      <div className={classes.line}>
        <TextInput
          ref={inputRef}
          className={classes.input}
          size="sm"
          aria-label="Query"
          aria-describedby={problem ? problemId : undefined}
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
          onChange={(event) => setTyped(event.currentTarget.value)}
          onKeyDown={onKeyDown}
        />
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
      </div>
      {problem && (
        <p id={problemId} className={classes.problem} role="alert">
          {problem.position !== undefined && <Marked q={q} position={problem.position} />}
          {problem.text}
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
      {characters.slice(0, position).join('')}
      <mark>{word === '' ? ' ' : word}</mark>
      {rest.slice(word.length)}
    </code>
  );
}
