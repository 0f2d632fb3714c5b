//! Reading who changed what, and forgetting what is older than its retention.

use std::ops::ControlFlow;

use super::row;
use crate::model::activity::{Activity, ActivityChange};
use crate::model::id::AggregateId;
use crate::model::time::Timestamp;
use crate::store::checked::Checked;
use crate::store::{Error, Store, View, table};

/// An activity and what it did to one aggregate.
#[derive(Debug, Clone, PartialEq)]
pub struct ActivityEntry {
    /// The activity, of all its aggregates.
    pub activity: Activity,
    /// What it did to this one.
    pub change: ActivityChange,
}

/// Says whether to go on after an activity.
pub type ActivityScan<'a> = dyn FnMut(Activity) -> ControlFlow<()> + 'a;

/// Is given what an activity did to an aggregate; says whether to go on.
pub type ActivityChangeScan<'a> = dyn FnMut(&Activity, AggregateId, ActivityChange) -> ControlFlow<()> + 'a;

impl View<'_> {
    /// Visits activities, newest first, beginning with the last one before `before`.
    ///
    /// # Errors
    /// As [`View::scan`].
    pub fn activities(&self, before: Option<u64>, visit: &mut ActivityScan<'_>) -> Result<(), Error> {
        let rows = self.transaction.open_table(table::ACTIVITY).map_err(Error::database("open activity"))?;
        let rows = rows.range(..before.unwrap_or(u64::MAX)).map_err(Error::database("read activity"))?;
        for row in rows.rev() {
            let (key, value) = row.map_err(Error::database("read activity"))?;
            let id = key.value();
            let activity = row::decode_activity(id, value.value()).map_err(Error::corrupt("activity", id))?;
            if visit(activity).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Visits what each activity did to each of its aggregates, oldest first.
    ///
    /// # Errors
    /// As [`View::scan`].
    pub fn each_activity_change(&self, visit: &mut ActivityChangeScan<'_>) -> Result<(), Error> {
        let heads = self.transaction.open_table(table::ACTIVITY).map_err(Error::database("open activity"))?;
        let rows = self.transaction.open_table(table::ACTIVITY_CHANGES).map_err(Error::database("open activity"))?;
        for head in heads.range::<u64>(..).map_err(Error::database("read activity"))? {
            let (id, value) = head.map_err(Error::database("read activity"))?;
            let id = id.value();
            let activity = row::decode_activity(id, value.value()).map_err(Error::corrupt("activity", id))?;
            for row in rows.range((id, 0)..=(id, u32::MAX)).map_err(Error::database("read activity"))? {
                let (aggregate, change) = change(row)?;
                if visit(&activity, aggregate, change).is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// One activity; `None` when there is none of this id, or not any more.
    ///
    /// # Errors
    /// As [`View::scan`].
    pub fn activity(&self, id: u64) -> Result<Option<Activity>, Error> {
        let rows = self.transaction.open_table(table::ACTIVITY).map_err(Error::database("open activity"))?;
        let row = rows.get(id).map_err(Error::database("read activity"))?;
        row.map(|row| row::decode_activity(id, row.value()).map_err(Error::corrupt("activity", id))).transpose()
    }

    /// What an activity did to an aggregate; `None` when it did nothing to it.
    ///
    /// # Errors
    /// As [`View::scan`].
    pub fn activity_change(&self, id: u64, aggregate: AggregateId) -> Result<Option<ActivityChange>, Error> {
        let rows = self.transaction.open_table(table::ACTIVITY_CHANGES).map_err(Error::database("open activity"))?;
        let Some(row) = rows.get((id, aggregate.0)).map_err(Error::database("read activity"))? else { return Ok(None) };
        let (_, change) = row::decode_change(row.value()).map_err(Error::corrupt("activity", (id, aggregate.0)))?;
        Ok(Some(change))
    }

    /// At most `limit` activities of an aggregate, newest first, beginning with the last one before `before`.
    ///
    /// # Errors
    /// As [`View::scan`].
    pub fn activities_of(
        &self,
        aggregate: AggregateId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<ActivityEntry>, Error> {
        let heads = self.transaction.open_table(table::ACTIVITY).map_err(Error::database("open activity"))?;
        let rows = self.transaction.open_table(table::ACTIVITY_CHANGES).map_err(Error::database("open activity"))?;
        let mut entries = Vec::new();
        // A page begins at the last entry of the one before, so that what is newer than that need not be passed again.
        let known =
            before.map(|id| rows.get((id, aggregate.0)).map_err(Error::database("read activity"))).transpose()?;
        let mut id = match (known.flatten(), before) {
            (Some(row), Some(id)) => {
                row::decode_change(row.value()).map_err(Error::corrupt("activity", (id, aggregate.0)))?.0
            }
            _ => self.live.directory.last_activity(aggregate),
        };
        while entries.len() < limit {
            // What is missing was forgotten, and all that is older with it.
            let Some(row) = rows.get((id, aggregate.0)).map_err(Error::database("read activity"))? else { break };
            let (next, change) =
                row::decode_change(row.value()).map_err(Error::corrupt("activity", (id, aggregate.0)))?;
            if before.is_none_or(|before| id < before)
                && let Some(head) = heads.get(id).map_err(Error::database("read activity"))?
            {
                let activity = row::decode_activity(id, head.value()).map_err(Error::corrupt("activity", id))?;
                entries.push(ActivityEntry { activity, change });
            }
            // Damage must not lead in a circle.
            if next >= id {
                break;
            }
            id = next;
        }
        Ok(entries)
    }
}

type ChangeRow<'a> = (redb::AccessGuard<'a, (u64, u32)>, redb::AccessGuard<'a, Checked>);

fn change(row: Result<ChangeRow<'_>, redb::StorageError>) -> Result<(AggregateId, ActivityChange), Error> {
    let (key, value) = row.map_err(Error::database("read activity"))?;
    let (_, change) = row::decode_change(value.value()).map_err(Error::corrupt("activity", key.value()))?;
    Ok((AggregateId(key.value().1), change))
}

/// What an activity did to each of its aggregates; `None` when there is no such activity.
pub(super) fn changes(store: &Store, id: u64) -> Result<Option<Vec<(AggregateId, ActivityChange)>>, Error> {
    let transaction = store.read()?;
    let heads = transaction.open_table(table::ACTIVITY).map_err(Error::database("open activity"))?;
    if heads.get(id).map_err(Error::database("read activity"))?.is_none() {
        return Ok(None);
    }
    let rows = transaction.open_table(table::ACTIVITY_CHANGES).map_err(Error::database("open activity"))?;
    let rows = rows.range((id, 0)..=(id, u32::MAX)).map_err(Error::database("read activity"))?;
    rows.map(change).collect::<Result<_, _>>().map(Some)
}

/// Removes activities that happened before `limit`, and those before the one with the number `first`.
pub(in crate::store) fn forget(
    transaction: &redb::WriteTransaction,
    limit: Timestamp,
    first: u64,
) -> Result<(), Error> {
    let read = Error::database::<redb::StorageError>;
    let mut heads = transaction.open_table(table::ACTIVITY).map_err(Error::database("open activity"))?;
    let mut kept = u64::MAX;
    for row in redb::ReadableTable::range::<u64>(&heads, first..).map_err(read("read activity"))? {
        let (key, value) = row.map_err(read("read activity"))?;
        // Their times ascend but for steps of the clock; what stands behind a younger one goes with it.
        if row::activity_time(value.value()).map_err(Error::corrupt("activity", key.value()))? >= limit {
            kept = key.value();
            break;
        }
    }
    heads.retain_in(..kept, |_, _| false).map_err(read("forget activity"))?;
    let mut changes = transaction.open_table(table::ACTIVITY_CHANGES).map_err(Error::database("open activity"))?;
    changes.retain_in(..(kept, 0), |_, _| false).map_err(read("forget activity"))
}
