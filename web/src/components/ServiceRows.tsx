// The services one below the other: what each does now, over the range, and what in it wants to be looked at.
import { memo } from 'react';
import { count, exact, rate } from '../lib/format';
import type { ServiceStanding } from '../lib/overview';
import { term } from '../lib/term';
import { visible } from '../lib/text';
import type { View } from '../lib/url';
import { Link } from './Link';
import classes from './ServiceRows.module.css';
import { Sparkline } from './Sparkline';

export interface ServiceRow extends ServiceStanding {
  rate: number;
  sparkline: number[];
}

interface Props {
  services: ServiceRow[];
  /** The range in words, for what counts in it. */
  rangeName: string;
  onHold: (held: boolean) => void;
}

export function ServiceRows({ services, rangeName, onHold }: Props) {
  return (
    <>
      <div className={classes.head} aria-hidden="true">
        <span>Service</span>
        <span>{rangeName}</span>
        <span className={classes.end}>Errors</span>
        <span className={classes.end} title="Over the last five minutes">
          Now
        </span>
        <span className={classes.end}>New</span>
        <span className={classes.end}>Regressed</span>
        <span className={classes.end}>Escalating</span>
        <span className={classes.end}>Targets</span>
      </div>
      <ul className={classes.list} onPointerEnter={() => onHold(true)} onPointerLeave={() => onHold(false)}>
        {services.map((one) => (
          <Row key={one.name} service={one} />
        ))}
      </ul>
    </>
  );
}

const Row = memo(function Row({ service }: { service: ServiceRow }) {
  const { name, up, targets, fresh, regressed, escalating } = service;
  const of = term('service', name);
  const said = visible(name);
  const down = targets - up;
  return (
    <li className={classes.row}>
      <Link className={classes.name} to={{ route: { page: 'errors' }, view: { q: of } }}>
        <bdi title={said}>{said}</bdi>
      </Link>
      <div className={classes.spark}>
        <Sparkline counts={service.sparkline} width={360} height={28} />
      </div>
      <Figure word="Errors" value={service.count} of={said} what="errors in the range" view={{ q: of }} />
      <span className={classes.figure} data-word="Now">
        {service.rate > 0 ? (
          <Link to={{ route: { page: 'errors' }, view: { q: of, range: { from: 'now-5m', to: 'now' } } }}>
            {rate(service.rate)}
            <span className="visually-hidden"> now in {said}</span>
          </Link>
        ) : (
          <span className="dim">0</span>
        )}
      </span>
      <Figure word="New" value={fresh} of={said} what="new errors" view={{ q: `${of} is:new` }} tone="new" />
      <Figure
        word="Regressed"
        value={regressed}
        of={said}
        what="regressed errors: resolved, and happening again"
        view={{ q: `${of} is:regressed` }}
        tone="bad"
      />
      <Figure
        word="Escalating"
        value={escalating}
        of={said}
        what="escalating errors: many more than usual in this hour"
        view={{ q: `${of} is:escalating` }}
        tone="bad"
      />
      <span className={classes.figure} data-word="Targets" data-tone={down > 0 ? 'bad' : undefined}>
        <Link
          to={{ route: { page: 'targets' }, view: { service: name } }}
          title={down > 0 ? `${exact(down)} not up` : 'all up'}
        >
          {up}/{targets}
          <span className="visually-hidden"> targets up in {said}</span>
        </Link>
      </span>
    </li>
  );
});

interface FigureProps {
  word: string;
  value: number;
  of: string;
  what: string;
  view: Partial<View>;
  tone?: 'new' | 'bad';
}

/** Nothing to link to where there is nothing. */
function Figure({ word, value, of, what, view, tone }: FigureProps) {
  return (
    <span
      className={classes.figure}
      data-word={word}
      data-tone={value > 0 ? tone : undefined}
      data-none={value === 0 || undefined}
    >
      {value > 0 ? (
        <Link to={{ route: { page: 'errors' }, view }} title={`${exact(value)} ${what}`}>
          {count(value)}
          <span className="visually-hidden">
            {' '}
            {what} in {of}
          </span>
        </Link>
      ) : (
        <span className="dim">0</span>
      )}
    </span>
  );
}
