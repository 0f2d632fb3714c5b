// A sample that was found, whole: the ones beside it, what one can do with it, and itself.
import { ActionIcon } from '@mantine/core';
import { useOccurrence } from '../api/queries';
import type { OccurrenceDetail } from '../api/shapes';
import { Icon } from '../components/Icon';
import { Link } from '../components/Link';
import { Failed } from '../components/Notice';
import { Skeleton } from '../components/Skeleton';
import { Step } from '../components/Step';
import { exact } from '../lib/format';
import { Sample, Takeaway } from './SamplePanel';
import classes from './SearchPage.module.css';

/** The ways to other matches; none where there is no other. */
export interface Steps {
  number: number | undefined;
  total: number;
  newest: (() => void) | undefined;
  newer: (() => void) | undefined;
  older: (() => void) | undefined;
  oldest: (() => void) | undefined;
}

export function OpenedSample({ id, steps, onClose }: { id: string; steps: Steps; onClose: () => void }) {
  const { data, error, refetch } = useOccurrence(id);
  return (
    <div className={classes.opened}>
      <div className={classes.tools}>
        <Step icon="first" name="Newest match" onClick={steps.newest} />
        <Step icon="left" name="Newer match" shortcut="p" onClick={steps.newer} />
        <Step icon="right" name="Older match" shortcut="n" onClick={steps.older} />
        <Step icon="last" name="Oldest match" onClick={steps.oldest} />
        {steps.number !== undefined && (
          <span className={classes.number}>
            {exact(steps.number)} of {exact(Math.max(steps.total, steps.number))}
          </span>
        )}
        <ActionIcon
          variant="subtle"
          color="gray"
          size={28}
          className={classes.close}
          aria-label="Close the sample"
          title="Close (Esc)"
          onClick={onClose}
        >
          <Icon name="close" size={14} />
        </ActionIcon>
        {data && <Actions sample={data} />}
      </div>
      {error && <Failed what="The sample" error={error} onRetry={() => void refetch()} />}
      {!error && !data && <Skeleton height={300} label="Loading the sample" className={classes.loading} />}
      {data && <Sample sample={data} />}
    </div>
  );
}

function Actions({ sample }: { sample: OccurrenceDetail }) {
  return (
    <div className={classes.actions}>
      {sample.aggregation_key !== '' && (
        <Link
          className={classes.toError}
          to={{
            route: { page: 'error', service: sample.service, key: sample.aggregation_key },
            view: { occurrence: sample.id },
          }}
        >
          Open the error
        </Link>
      )}
      <Takeaway sample={sample} />
    </div>
  );
}
