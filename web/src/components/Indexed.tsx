// While the search index is made anew: how far it is, so that nobody takes "not found yet" for "not there".
import { percent } from '../lib/format';
import classes from './Indexed.module.css';

export function Indexed({ indexed }: { indexed: { complete: boolean; ratio: number } | null | undefined }) {
  if (!indexed || indexed.complete) return null;
  return (
    <p className={classes.indexed} role="note">
      <progress className={classes.bar} value={indexed.ratio} aria-label="Search index" />
      <span>
        The search index is being made, newest samples first: {percent(Math.min(indexed.ratio, 0.99))} of them are
        searched so far.
      </span>
    </p>
  );
}
