//! For whoever follows the occurrences, as a search index does: what there is, what a commit brought, and waiting for more.
//!
//! Nothing here takes the lock on memory, so a commit never waits for a follower.

use std::ops::{ControlFlow, RangeInclusive};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::occurrence::StoredOccurrence;
use super::occurrence::stack::Reader;
use super::{DATABASE, Error, Partition, Store, guarded};

/// Tells followers that something changed.
#[derive(Debug, Default)]
pub(super) struct Changes {
    count: Mutex<u64>,
    changed: Condvar,
}

impl Changes {
    pub(super) fn notify(&self) {
        *self.count.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.changed.notify_all();
    }
}

impl Store {
    /// Waits until occurrences were added or removed since the state `seen`, and no longer than `at_most`; gives the present
    /// state. States are numbers that mean nothing else, and never `u64::MAX`.
    #[must_use]
    pub fn wait_for_change(&self, seen: u64, at_most: Duration) -> u64 {
        let count = self.changes.count.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changes.changed.wait_timeout_while(count, at_most, |count| *count == seen);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// The days that have occurrences, oldest first. One snapshot of it all.
    ///
    /// # Errors
    /// When the database can not be read.
    pub fn partitions(&self) -> Result<Vec<Partition>, Error> {
        guarded(|| Ok(self.partitions.all(&self.read()?)?))
    }

    /// How many bytes the occurrences of a day take that came after commit `after`.
    ///
    /// # Errors
    /// When the database can not be read.
    pub fn occurrence_bytes_after(&self, day: u32, after: u64) -> Result<u64, Error> {
        guarded(|| Ok(self.partitions.bytes_after(&self.read()?, day, after)?))
    }

    /// Calls `visit` with the occurrences that `commits` brought to a day, in the order of their ids, until it breaks. Damaged
    /// ones are logged and left out.
    ///
    /// # Errors
    /// When the database or the day's file can not be read at all.
    pub fn occurrences_of_day(
        &self,
        day: u32,
        commits: RangeInclusive<u64>,
        visit: &mut dyn FnMut(StoredOccurrence) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        guarded(|| {
            let transaction = self.read()?;
            let mut stacks = Reader::new(&transaction, &self.path.join(DATABASE))?;
            let mut lookup = |id| stacks.get(id).map(|stack| Arc::clone(&stack));
            self.partitions.read_all(&transaction, (day, commits), &mut lookup, &mut |found| match found {
                Ok(stored) => visit(stored),
                Err(damage) => {
                    tracing::warn!(%damage, "an occurrence can not be read");
                    ControlFlow::Continue(())
                }
            })?;
            Ok(())
        })
    }
}
