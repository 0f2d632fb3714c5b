// Services whose keys explode: since when, by which keys, and the rule that would help, ready for the configuration.
import type { Status } from '../api/shapes';
import { Copy } from '../components/Copy';
import { Foreign } from '../components/Foreign';
import { Link } from '../components/Link';
import { Panel } from '../components/Panel';
import { Time } from '../components/Time';
import { counted, exact } from '../lib/format';
import { keyRule } from '../lib/server';
import { term } from '../lib/term';
import { shorten, visible } from '../lib/text';
import classes from './StatusPage.module.css';

type One = Status['overflows'][number];

export function Overflows({ overflows }: { overflows: One[] }) {
  if (overflows.length === 0) return null;
  return (
    <Panel
      title="Keys that explode"
      note={`${counted(overflows.length, 'service')} with more errors than aggregate_limit`}
      className={classes.limits}
    >
      <ul className={classes.overflows}>
        {overflows.map((one) => (
          <Overflow key={one.service} one={one} />
        ))}
      </ul>
    </Panel>
  );
}

/** Characters of a key: enough to see what makes it another one each time. */
const keyMax = 200;

function Overflow({ one: { service, since, last, exceptions, keys, suggestion } }: { one: One }) {
  const rule = suggestion ? keyRule(service, suggestion.strip) : undefined;
  return (
    <li>
      <p className={classes.overflow}>
        <strong>
          <Link to={{ route: { page: 'errors' }, view: { q: term('service', service) } }}>
            <Foreign text={service} />
          </Link>
        </strong>
        <span>
          {exact(exceptions)} exceptions counted together, since <Time at={since} />, the last <Time at={last} />.
        </span>
      </p>
      <p className={classes.remark}>
        No count is lost: they stand in one error of the service, without samples. Its newest keys tell what is in them
        that is different each time:
      </p>
      <ul className={classes.keys} aria-label={`Keys of ${visible(service)}`}>
        {keys.map((key) => (
          <li key={key}>
            <Foreign text={shorten(key, keyMax)} />
          </li>
        ))}
      </ul>
      {suggestion && rule && (
        <>
          <p className={classes.remark}>
            This rule would make {exact(suggestion.left)} of the {exact(suggestion.keys)} newest keys. Put it into the
            configuration and reload; <code>hydrophone check keys</code> shows before what it would do.
          </p>
          <div className={classes.command}>
            <code className={classes.rule}>{visible(rule, true)}</code>
            <Copy name="Copy the rule" value={rule} />
          </div>
        </>
      )}
      {!suggestion && (
        <p className={classes.remark}>
          No simple rule would make them fewer. If they are meant to be so many, raise <code>aggregate_limit</code>.
          Otherwise a <code>regex</code> in <code>key_rules</code> takes out what differs.
        </p>
      )}
    </li>
  );
}
