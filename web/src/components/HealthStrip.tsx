// When a target answered: a strip of time, what failed in it, and both in words.
import { Fragment } from 'react';
import { percent, seconds, shortTime, span } from '../lib/format';
import { useNow } from '../lib/now';
import { useZone } from '../lib/preference';
import { type Failure, type Health, plainError } from '../lib/target';
import { shorten, visible } from '../lib/text';
import classes from './HealthStrip.module.css';

interface Props {
  health: Health;
  startMs: number;
  endMs: number;
  /** What failures need not say. */
  url: string;
}

/** Failures that are listed. */
const failuresMax = 8;

/** Characters of one. */
const errorMax = 400;

/** What is narrower could not be seen, per cent. */
const widthMin = 0.25;

export function HealthStrip({ health, startMs, endMs, url }: Props) {
  const zone = useZone();
  const now = useNow();
  const words = healthWords(health);
  return (
    <div className={classes.health}>
      <div className={classes.strip} role="img" aria-label={words}>
        {health.stretches.map(({ from, to, up }) => (
          <span
            key={`${from} ${up}`}
            data-up={up}
            style={{ insetInlineStart: `${from * 100}%`, width: `${Math.max(widthMin, (to - from) * 100)}%` }}
          />
        ))}
      </div>
      <div className={classes.ends}>
        <span>{shortTime(startMs, zone, now)}</span>
        <span>{shortTime(endMs, zone, now)}</span>
      </div>
      <p className={classes.words}>{words}</p>
      {health.failures.length > 0 && <Failures failures={health.failures} url={url} />}
    </div>
  );
}

function healthWords({ answered, watched, slowestSeconds, failures }: Health): string {
  if (answered === undefined) return 'It was not watched in this time.';
  const share =
    answered === 1
      ? 'It always answered'
      : answered === 0
        ? 'It never answered'
        : `It answered ${percent(answered)} of the time`;
  const seen = watched < 0.995 ? `; it was watched ${percent(watched)} of it` : '';
  const failed =
    failures.length > 0
      ? `; it failed in ${failures.length === 1 ? 'one stretch' : `${failures.length} stretches`}`
      : '';
  return `${share}${seen}${failed}; the slowest scrape took ${seconds(slowestSeconds)}.`;
}

function Failures({ failures, url }: { failures: Failure[]; url: string }) {
  const zone = useZone();
  const now = useNow();
  const more = failures.length - failuresMax;
  return (
    <dl className={classes.failures}>
      {failures.slice(0, failuresMax).map(({ startMs, endMs, error }) => (
        <Fragment key={startMs}>
          <dt>{endMs > startMs ? span(startMs, endMs, zone, now) : shortTime(startMs, zone, now, true)}</dt>
          <dd>{visible(shorten(plainError(error, url), errorMax)) || 'it did not answer'}</dd>
        </Fragment>
      ))}
      {more > 0 && (
        <>
          <dt>before</dt>
          <dd>{more} more</dd>
        </>
      )}
    </dl>
  );
}
