//! Retention: what is older than it should be kept goes, a window or a day at a time.

use std::sync::PoisonError;

use super::rollup::Level;
use super::window::Window;
use super::{DATABASE, Error, Store, table};
use crate::model::time::{Millis, Timestamp};

/// How long each kind of data is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Counts, rollups and coverage.
    pub time: Millis,
    /// The breakdown of counts by target.
    pub targets: Millis,
    /// Occurrences.
    pub occurrences: Millis,
    /// Activity.
    pub activity: Millis,
    /// Baselines of processes that were not seen: a process that comes back later counts anew.
    pub instances: Millis,
}

impl Store {
    /// Removes what is too old at `now`. A few milliseconds for a day of windows.
    ///
    /// # Errors
    /// When the transaction fails: the store takes no more writes then.
    pub fn retain(&self, now: Timestamp, retention: &Retention) -> Result<(), Error> {
        self.check()?;
        self.sweep()?;
        self.remove_old(now, retention).map_err(|error| self.poison(error))
    }

    fn remove_old(&self, now: Timestamp, retention: &Retention) -> Result<(), Error> {
        let before = |age: Millis| Window::of(now.minus(age));
        let delete = Error::database::<redb::StorageError>;
        let open = Error::database::<redb::TableError>;
        let old_instances: Vec<_> = {
            let live = self.live_read();
            let limit = now.minus(retention.instances);
            let old =
                live.instances.iter().filter(|(_, instance)| instance.last_success.is_some_and(|seen| seen < limit));
            old.map(|(id, _)| id).collect()
        };
        let first_day = now.minus(retention.occurrences).day();
        let transaction = self.begin_to_remove()?;
        {
            let (counts, targets) = (before(retention.time), before(retention.targets));
            for (definition, until) in [
                (table::CHUNKS, counts),
                (table::SERVICE_CHUNKS, counts),
                (table::COVERAGE, counts),
                (table::TARGET_CHUNKS, targets),
                (table::REFERENCES, before(retention.occurrences)),
            ] {
                let mut rows = transaction.open_table(definition).map_err(open("open a table"))?;
                rows.retain_in((0, 0)..(until.0, 0), |_, _| false).map_err(delete("remove old rows"))?;
            }
            let services: Vec<u32> = self.live_read().directory.services().iter().map(|service| service.id.0).collect();
            let mut totals = transaction.open_table(table::SERVICE_ROLLUPS).map_err(open("open a table"))?;
            let mut sums = transaction.open_table(table::ROLLUPS).map_err(open("open a table"))?;
            let mut breakdown = transaction.open_table(table::TARGET_ROLLUPS).map_err(open("open a table"))?;
            for service in services {
                for level in [Level::Hour, Level::Day] {
                    let old = |until: Window| {
                        let bucket = until.start().0 / level.length_ms();
                        (level.code(), service, 0)..(level.code(), service, u32::try_from(bucket).unwrap_or(0))
                    };
                    totals.retain_in(old(counts), |_, _| false).map_err(delete("remove old rollups"))?;
                    sums.retain_in(old(counts), |_, _| false).map_err(delete("remove old rollups"))?;
                    breakdown.retain_in(old(targets), |_, _| false).map_err(delete("remove old rollups"))?;
                }
            }
            let mut late = transaction.open_table(table::LATE).map_err(open("open late counts"))?;
            for row in self.live_read().late.iter().filter(|row| row.to < counts.start()) {
                late.remove(row.commit).map_err(delete("remove late counts"))?;
            }
            let mut instances = transaction.open_table(table::INSTANCES).map_err(open("open instances"))?;
            for id in &old_instances {
                instances.remove(id.0).map_err(delete("forget an instance"))?;
            }
        }
        super::triage::forget(&transaction, now.minus(retention.activity))?;
        if let Some(used) = self.partitions.forget_before(&transaction, first_day)? {
            let mut stacks = self.stacks.lock().unwrap_or_else(PoisonError::into_inner);
            stacks.retain(&transaction, &used, &self.path.join(DATABASE))?;
        }
        transaction.commit().map_err(Error::database("commit retention"))?;
        // Only now: rows that point to nothing would be losses, files that nothing points to are not.
        self.partitions.drop_before(first_day)?;
        let mut live = self.live_write();
        let limit = before(retention.time).start();
        live.late.retain(|row| row.to >= limit);
        for id in old_instances {
            live.instances.remove(id);
        }
        drop(live);
        self.changes.notify();
        Ok(())
    }
}
