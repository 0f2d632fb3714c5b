// A query in the colours of what it is made of, laid exactly over the text that somebody types: as wide, as far scrolled, letter on letter.
import { type RefObject, useEffect, useLayoutEffect, useMemo, useRef } from 'react';
import { mistake, type Piece, pieces, split } from '../lib/highlight';
import classes from './QueryBox.module.css';

interface Props {
  q: string;
  /** Where a mistake is, in characters. */
  position: number | undefined;
  input: RefObject<HTMLInputElement | null>;
}

export function Highlighted({ q, position, input }: Props) {
  const own = useRef<HTMLDivElement>(null);
  const parts = useMemo(
    () => split(pieces(q), position === undefined ? { from: 0, to: 0 } : mistake(q, position)),
    [q, position],
  );
  // The text also scrolls while it is selected with the mouse, and when it loses the focus.
  useEffect(() => {
    const text = input.current;
    const follow = () => {
      if (own.current && text) own.current.scrollLeft = text.scrollLeft;
    };
    for (const name of ['scroll', 'blur', 'select']) text?.addEventListener(name, follow);
    return () => {
      for (const name of ['scroll', 'blur', 'select']) text?.removeEventListener(name, follow);
    };
  }, [input]);
  useLayoutEffect(() => {
    // Asked only where there is text: to answer, the browser has to lay the page out.
    if (q !== '' && own.current && input.current) own.current.scrollLeft = input.current.scrollLeft;
  }, [q, input]);
  useLayoutEffect(() => {
    const mark = position === undefined ? null : own.current?.querySelector('mark');
    if (!mark || !input.current) return;
    const { offsetLeft, offsetWidth } = mark;
    const { scrollLeft, clientWidth } = input.current;
    const isSeen = offsetLeft >= scrollLeft && offsetLeft + offsetWidth <= scrollLeft + clientWidth;
    if (!isSeen) input.current.scrollLeft = Math.max(0, offsetLeft - clientWidth / 3);
  }, [position, input]);
  const bad = parts.filter((part) => part.bad);
  const before = parts.slice(0, bad[0] ? parts.indexOf(bad[0]) : parts.length);
  const after = parts.slice(before.length + bad.length);
  return (
    <div ref={own} className={classes.layer} aria-hidden="true">
      <Parts parts={before} />
      {position !== undefined && <mark>{bad.length > 0 ? <Parts parts={bad} /> : ' '}</mark>}
      <Parts parts={after} />
    </div>
  );
}

function Parts({ parts }: { parts: Piece[] }) {
  let at = 0;
  return parts.map(({ kind, text, quoted, negated }) => {
    const key = at;
    at += text.length;
    return (
      <span key={key} data-kind={kind} data-quoted={quoted || undefined} data-negated={negated || undefined}>
        {text}
      </span>
    );
  });
}
