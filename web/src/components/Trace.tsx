// An exception with its stack and its causes, as the client wrote them.
import { ActionIcon } from '@mantine/core';
import { useMemo, useState } from 'react';
import { exact } from '../lib/format';
import { frame, type Link, lines, plainTrace } from '../lib/frame';
import { useStoredLibraries } from '../lib/preference';
import { type Part, parts, pieces } from '../lib/stack';
import { shorten, visible } from '../lib/text';
import { useCopy } from './Copy';
import { Foreign } from './Foreign';
import { Icon } from './Icon';
import classes from './Trace.module.css';

/** The exception first, then what caused it, and what caused that. */
export function Trace({ chain }: { chain: Link[] }) {
  const { outcome, copy } = useCopy(plainTrace(chain));
  const name = outcome === 'copied' ? 'Copied' : outcome === 'failed' ? 'Not copied' : 'Copy the stack trace';
  return (
    <div className={classes.trace}>
      <ActionIcon variant="default" size={28} className={classes.copy} onClick={copy} aria-label={name} title={name}>
        <Icon name={outcome === 'copied' ? 'check' : outcome === 'failed' ? 'close' : 'copy'} />
      </ActionIcon>
      {chain.map((link, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a chain is in order, and its links have no names
        <One key={index} link={link} cause={index > 0} />
      ))}
    </div>
  );
}

function One({ link, cause }: { link: Link; cause: boolean }) {
  const [libraries] = useStoredLibraries();
  const stack = useMemo(() => parts(lines(link.stacktrace ?? []), pieces(libraries)), [link.stacktrace, libraries]);
  return (
    <section className={classes.link} data-cause={cause || undefined}>
      <h3 className={classes.title}>
        {cause && <span className={classes.caused}>Caused by </span>}
        {link.class === '' ? 'without a class' : <Foreign text={link.class} />}
      </h3>
      {link.message !== '' && <Message text={link.message} />}
      {stack.length === 0 ? (
        <p className={classes.none}>No stack was sent with it.</p>
      ) : (
        <section
          className={classes.frames}
          tabIndex={0}
          aria-label={`Stack of ${visible(link.class) || 'the exception'}`}
        >
          {stack.map((part, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: parts of a stack are in order
            <Frames key={index} part={part} />
          ))}
        </section>
      )}
    </section>
  );
}

/** Beyond it a text is shown when it is asked for: laying it out takes longer than anybody reads. */
const charactersMax = 20_000;
const linesMax = 200;

function Message({ text }: { text: string }) {
  const [whole, setWhole] = useState(false);
  const long = text.length > charactersMax;
  return (
    <>
      <p className={classes.message} dir="auto">
        {visible(whole ? text : shorten(text, charactersMax), true)}
      </p>
      {long && !whole && (
        <button type="button" className={classes.more} onClick={() => setWhole(true)}>
          Show all {exact(text.length)} characters
        </button>
      )}
    </>
  );
}

/** Frames of one kind; those of libraries behind a line that says how many they are. */
function Frames({ part: { library, lines: all, frames } }: { part: Part }) {
  const [shown, setShown] = useState(library ? 0 : linesMax);
  if (shown === 0) {
    return (
      <button type="button" className={classes.folded} onClick={() => setShown(linesMax)} aria-expanded={false}>
        {exact(frames)} frames of libraries
      </button>
    );
  }
  return (
    <>
      {all.slice(0, shown).map((line, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines of a stack are in order, and may repeat
        <Line key={index} line={line} library={library} />
      ))}
      {all.length > shown && (
        <button type="button" className={classes.folded} onClick={() => setShown(all.length)}>
          {exact(all.length - shown)} more lines
        </button>
      )}
    </>
  );
}

function Line({ line, library }: { line: string; library: boolean }) {
  const { before, place, after } = frame(visible(line, true));
  return (
    <div className={classes.line} data-library={library || undefined}>
      {before}
      {place !== '' && <b>{place}</b>}
      {after}
    </div>
  );
}
