// What an error is, how it stands, who cares for it, and what can be done about it.
import { useState } from 'react';
import type { ActivityEntry, Aggregate, AggregateDetail } from '../api/shapes';
import { Chip } from '../components/Chip';
import { Flags, Severity } from '../components/Flag';
import { Foreign } from '../components/Foreign';
import { Link } from '../components/Link';
import { Scrolled } from '../components/Scrolled';
import type { Opened } from '../components/StateButtons';
import { Time } from '../components/Time';
import { actorName, lastTurn, meaning } from '../lib/activity';
import { exact } from '../lib/format';
import { useShortcuts } from '../lib/key';
import { useNow } from '../lib/now';
import { useZone } from '../lib/preference';
import { term } from '../lib/term';
import { errorName, shorten, visible } from '../lib/text';
import type { Change } from '../lib/triage';
import { Actions } from './Actions';
import { nameOf, useEdits } from './Edits';
import classes from './ErrorHead.module.css';
import { Meanwhile } from './Meanwhile';
import { Note } from './Note';

interface Props {
  error: Aggregate;
  /** As it is in full, once that is known. */
  detail: AggregateDetail | undefined;
  activity: ActivityEntry[];
}

export function ErrorHead({ error, detail, activity }: Props) {
  const { edit, forbidden, name: me } = useEdits();
  const [opened, setOpened] = useState<Opened>();
  /** A change of ours that somebody else's came before. */
  const [late, setLate] = useState<{ change: Change; before: number; theirs: AggregateDetail }>();
  const change = async (asked: Change, on = detail): Promise<boolean> => {
    if (!on) return false;
    const outcome = await edit(asked, { kind: 'one', error: on });
    const theirs = outcome.made ? undefined : outcome.meanwhile;
    setLate(theirs && { change: asked, before: on.revision, theirs });
    return outcome.made;
  };
  const open = (menu: Opened) => () => detail && setOpened(menu);
  useShortcuts({
    e: () => void change({ state: 'resolved' }),
    m: open('mute'),
    l: open('label'),
    a: open('assign'),
  });
  return (
    <header className={classes.head} data-severity={error.severity}>
      <div className={classes.top}>
        <div className={classes.title}>
          <Scrolled name="Name" className={classes.name}>
            <h1>
              <Foreign text={errorName(error, 600)} />
            </h1>
          </Scrolled>
          <Flags {...error} isNew={error.new} />
        </div>
        <div className={classes.actions} data-waiting={detail === undefined || undefined}>
          <Actions
            name={nameOf({ kind: 'many', ids: [error.id], rows: [error] })}
            rows={[error]}
            more={false}
            labels={detail}
            opened={opened}
            onOpen={setOpened}
            onChange={(asked) => void change(asked)}
          />
        </div>
      </div>
      {error.message !== '' && (
        <Scrolled name="Message" className={classes.message}>
          <Foreign text={shorten(error.message, 1500)} />
        </Scrolled>
      )}
      {detail && <Stands error={detail} activity={activity} />}
      {late && (
        <Meanwhile
          {...late}
          activity={activity}
          onAgain={() => void change(late.change, detail ?? late.theirs)}
          onLeave={() => setLate(undefined)}
        />
      )}
      <dl className={classes.facts}>
        <Fact name="Service">
          <Link to={{ route: { page: 'errors' }, view: { q: term('service', error.service) } }}>
            <Foreign text={error.service} />
          </Link>
        </Fact>
        <Fact name="Severity">
          <Severity name={error.severity} />
        </Fact>
        <Fact name="Assignee">
          {error.assignee ? (
            <>
              <Foreign text={error.assignee} />
              {error.assignee === me && <span className="dim"> (you)</span>}
            </>
          ) : (
            <span className="dim">nobody</span>
          )}
        </Fact>
        <Fact name="In range">{detail ? exact(detail.count) : '…'}</Fact>
        <Fact name="This hour">{detail ? <Hour {...detail.escalation} /> : '…'}</Fact>
        <Fact name="Ever">{exact(error.total_count)}</Fact>
        <Fact name="First seen">
          <Time at={error.first_seen} />
        </Fact>
        <Fact name="Last seen">
          <Time at={error.last_seen} />
        </Fact>
        <Fact name="Labels">
          <Labels error={error} byRule={detail?.labels_by_rule ?? {}} onEdit={open('label')} />
        </Fact>
        <Fact name="Key">
          <Foreign text={shorten(error.aggregation_key, 600)} className="mono" />
        </Fact>
      </dl>
      <Note
        note={detail?.note ?? ''}
        ready={detail !== undefined && forbidden === undefined}
        onSave={(note) => change({ note })}
      />
    </header>
  );
}

/** What the state means, in a sentence. */
function Stands({ error, activity }: { error: AggregateDetail; activity: ActivityEntry[] }) {
  const zone = useZone();
  const nowMs = useNow();
  const { standing } = error;
  const said = meaning(standing, { total: error.total_count, nowMs, zone });
  const escalates = error.escalating && (
    <p className={classes.standing} data-state="escalating">
      <b>Escalating</b>: it {visible(error.escalation.why)}.
    </p>
  );
  if (!said) return escalates;
  const turn = lastTurn(activity, error.id);
  const since = standing.regressed_at ?? standing.escalated_at ?? standing.since;
  const by = typeof turn?.actor === 'string' ? ` by ${visible(actorName(turn.actor))}` : '';
  const where =
    standing.regressed_at && turn?.detail.startsWith('happened ') ? turn.detail.slice('happened'.length) : '';
  return (
    <>
      <p className={classes.standing} data-state={standing.regressed_at ? 'regressed' : standing.state}>
        <b>{visible(said.what)}</b> {since && <Time at={since} />}
        {by}
        {visible(said.why + where)}.
      </p>
      {escalates}
    </>
  );
}

/** How often in the running clock hour, and beyond which number it escalates. */
function Hour({ count, limit, why }: AggregateDetail['escalation']) {
  return (
    <span title={`It ${visible(why)}`}>
      {exact(count)}
      {typeof limit === 'number' && <span className="dim"> of {exact(limit)}</span>}
    </span>
  );
}

interface LabelsProps {
  error: Aggregate;
  byRule: Record<string, string>;
  onEdit: () => void;
}

function Labels({ error, byRule, onEdit }: LabelsProps) {
  const labels = Object.entries(error.labels);
  return (
    <span className={classes.labels}>
      {labels.map(([name, value]) => (
        <span key={name} className={classes.label}>
          <Link
            to={{ route: { page: 'errors' }, view: { q: term(`label.${name}`, value), all: true } }}
            className={classes.chip}
          >
            <Chip name={name} value={value} />
          </Link>
          {byRule[name] === value && <span className={classes.rule}>by rule</span>}
        </span>
      ))}
      <button type="button" className={classes.edit} onClick={onEdit}>
        {labels.length === 0 ? 'Add a label' : 'Edit labels'}
      </button>
    </span>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div className={classes.fact}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
