//! Reading who changed what, and forgetting what is older than its retention.

use std::ops::ControlFlow;

use super::row;
use crate::model::activity::{Activity, ActivityChange};
use crate::model::id::AggregateId;
use crate::model::time::Timestamp;
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
            for aggregate in activity.aggregates.iter() {
                let key = (aggregate.0, id);
                let Some(row) = rows.get(key).map_err(Error::database("read activity"))? else { continue };
                let change = row::decode_change(row.value()).map_err(Error::corrupt("activity", key))?;
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
        let row = rows.get((aggregate.0, id)).map_err(Error::database("read activity"))?;
        row.map(|row| row::decode_change(row.value()).map_err(Error::corrupt("activity", (aggregate.0, id))))
            .transpose()
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
        let rows = self.transaction.open_table(table::ACTIVITY_CHANGES).map_err(Error::database("open activity"))?;
        let range = (aggregate.0, 0)..(aggregate.0, before.unwrap_or(u64::MAX));
        let mut entries = Vec::new();
        for row in rows.range(range).map_err(Error::database("read activity"))?.rev().take(limit) {
            let (key, value) = row.map_err(Error::database("read activity"))?;
            let (_, id) = key.value();
            let change = row::decode_change(value.value()).map_err(Error::corrupt("activity", key.value()))?;
            let activity = self.activity(id)?;
            entries.extend(activity.map(|activity| ActivityEntry { activity, change }));
        }
        Ok(entries)
    }
}

/// What an activity did to each of its aggregates; `None` when there is no such activity.
pub(super) fn changes(store: &Store, id: u64) -> Result<Option<Vec<(AggregateId, ActivityChange)>>, Error> {
    let transaction = redb::ReadableDatabase::begin_read(&store.database).map_err(Error::database("begin to read"))?;
    let heads = transaction.open_table(table::ACTIVITY).map_err(Error::database("open activity"))?;
    let Some(head) = heads.get(id).map_err(Error::database("read activity"))? else { return Ok(None) };
    let activity = row::decode_activity(id, head.value()).map_err(Error::corrupt("activity", id))?;
    let rows = transaction.open_table(table::ACTIVITY_CHANGES).map_err(Error::database("open activity"))?;
    let mut changes = Vec::with_capacity(activity.aggregates.len() as usize);
    for aggregate in activity.aggregates.iter() {
        let key = (aggregate.0, id);
        if let Some(row) = rows.get(key).map_err(Error::database("read activity"))? {
            changes.push((aggregate, row::decode_change(row.value()).map_err(Error::corrupt("activity", key))?));
        }
    }
    Ok(Some(changes))
}

/// Removes activities that happened before `limit`.
pub(in crate::store) fn forget(transaction: &redb::WriteTransaction, limit: Timestamp) -> Result<(), Error> {
    let read = Error::database::<redb::StorageError>;
    let mut heads = transaction.open_table(table::ACTIVITY).map_err(Error::database("open activity"))?;
    let mut old = Vec::new();
    for row in redb::ReadableTable::range::<u64>(&heads, ..).map_err(read("read activity"))? {
        let (key, value) = row.map_err(read("read activity"))?;
        let activity =
            row::decode_activity(key.value(), value.value()).map_err(Error::corrupt("activity", key.value()))?;
        // Their times ascend but for steps of the clock; what stands behind a younger one goes with it.
        if activity.at >= limit {
            break;
        }
        old.push(activity);
    }
    let mut changes = transaction.open_table(table::ACTIVITY_CHANGES).map_err(Error::database("open activity"))?;
    for activity in old {
        for aggregate in activity.aggregates.iter() {
            changes.remove((aggregate.0, activity.id)).map_err(read("forget an activity"))?;
        }
        heads.remove(activity.id).map_err(read("forget an activity"))?;
    }
    Ok(())
}
