// Severity and state in a few words and colours. The word is always there: colour alone says nothing to many people.
import classes from './Flag.module.css';

export function Severity({ name }: { name: string }) {
  return (
    <span className={classes.severity} data-severity={name}>
      {name}
    </span>
  );
}

interface Props {
  state: string;
  isNew: boolean;
  regressed: boolean;
  escalating: boolean;
}

/** Only what is remarkable: an old open error has no flag. */
export function Flags({ state, isNew, regressed, escalating }: Props) {
  return (
    <>
      {isNew && (
        <span className={classes.flag} data-kind="new" title="First seen within the last day">
          new
        </span>
      )}
      {regressed && (
        <span className={classes.flag} data-kind="regressed" title="It was resolved and happened again">
          regressed
        </span>
      )}
      {escalating && (
        <span className={classes.flag} data-kind="escalating" title="It happens much more often than it used to">
          escalating
        </span>
      )}
      {state !== 'open' && (
        <span className={classes.flag} data-kind={state}>
          {state}
        </span>
      )}
    </>
  );
}
