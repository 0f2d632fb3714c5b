// Somebody else was faster: what they did, what one wanted, and which of the two it shall be.
import { Button } from '@mantine/core';
import type { ActivityEntry, AggregateDetail } from '../api/shapes';
import { ActivityList } from '../components/ActivityList';
import { actorName } from '../lib/activity';
import { visible } from '../lib/text';
import { type Change, past } from '../lib/triage';
import classes from './ErrorHead.module.css';

interface Props {
  change: Change;
  /** The error's revision when one made the change, and the error as it is now. */
  before: number;
  theirs: AggregateDetail;
  activity: ActivityEntry[];
  onAgain: () => void;
  onLeave: () => void;
}

export function Meanwhile({ change, before, theirs, activity, onAgain, onLeave }: Props) {
  const entries = activity.slice(0, Math.max(1, theirs.revision - before));
  const people = new Set(entries.map((entry) => actorName(entry.actor)));
  return (
    <div className={classes.meanwhile} role="alert">
      <p>
        <b>Changed meanwhile by {visible(Array.from(people).join(', ') || 'somebody')}.</b> Your change was not made: it
        would have been {visible(past(change))}.
      </p>
      <ActivityList entries={entries} withErrors={false} />
      <div className={classes.choices}>
        <Button size="xs" onClick={onAgain}>
          Make my change now
        </Button>
        <Button size="xs" variant="default" onClick={onLeave}>
          Leave it as they have it
        </Button>
      </div>
    </div>
  );
}
