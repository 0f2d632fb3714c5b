// What changed of one error, newest first.
import { Button } from '@mantine/core';
import type { useErrorActivity } from '../api/triage';
import { ActivityList } from '../components/ActivityList';
import { Empty, Failed, Outdated } from '../components/Notice';
import { Panel } from '../components/Panel';
import { Skeleton } from '../components/Skeleton';
import { counted } from '../lib/format';
import { useEdits } from './Edits';
import classes from './ErrorPage.module.css';

interface Props {
  activity: ReturnType<typeof useErrorActivity>;
  onMore: () => void;
}

export function ActivityPanel({ activity: { data, error, refetch, isFetching }, onMore }: Props) {
  const { undo, forbidden } = useEdits();
  return (
    <Panel title="Activity">
      {error && data && <Outdated error={error} onRetry={() => void refetch()} />}
      {error && !data && <Failed what="The activity" error={error} onRetry={() => void refetch()} />}
      {!error && !data && (
        <Skeleton height={40} times={3} gap={8} label="Loading the activity" className={classes.loading} />
      )}
      {data?.activities.length === 0 && (
        <Empty title="Nothing was changed yet">Who resolves, mutes, labels or assigns it stands here.</Empty>
      )}
      {data && data.activities.length > 0 && (
        <ActivityList
          entries={data.activities}
          withErrors={false}
          forbidden={forbidden}
          onUndo={(entry) => void undo(entry.id, counted(entry.aggregates, 'error'))}
        />
      )}
      {data?.next_cursor && (
        <div className={classes.more}>
          <Button size="xs" variant="default" loading={isFetching} onClick={onMore}>
            Show older activity
          </Button>
        </div>
      )}
    </Panel>
  );
}
