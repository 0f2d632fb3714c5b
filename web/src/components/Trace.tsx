// An exception with its stack and its causes, as the client wrote them.
import { ActionIcon } from '@mantine/core';
import { frame, type Link, lines, plainTrace } from '../lib/frame';
import { visible } from '../lib/text';
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
  const frames = lines(link.stacktrace ?? []);
  return (
    <section className={classes.link} data-cause={cause || undefined}>
      <h3 className={classes.title}>
        {cause && <span className={classes.caused}>Caused by </span>}
        <Foreign text={link.class} />
      </h3>
      {link.message !== '' && (
        <p className={classes.message} dir="auto">
          {visible(link.message, true)}
        </p>
      )}
      {frames.length === 0 ? (
        <p className={classes.none}>No stack was sent with it.</p>
      ) : (
        <section
          className={classes.frames}
          tabIndex={0}
          aria-label={`Stack of ${visible(link.class) || 'the exception'}`}
        >
          {frames.map((line, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: lines of a stack are in order, and may repeat
            <Line key={index} line={line} />
          ))}
        </section>
      )}
    </section>
  );
}

function Line({ line }: { line: string }) {
  const { before, place, after } = frame(visible(line, true));
  return (
    <div className={classes.line}>
      {before}
      {place !== '' && <b>{place}</b>}
      {after}
    </div>
  );
}
