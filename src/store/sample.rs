//! Occurrences on their way into and out of the partitions: their stacks go into the main database, everything else into
//! the day's own file.

use std::sync::{Arc, PoisonError};

use super::commit::Sampled;
use super::occurrence::stack::Reader;
use super::occurrence::{self, Damaged, NewOccurrence, StoredOccurrence};
use super::{DATABASE, Error, Store};
use crate::model::id::OccurrenceId;

impl Store {
    /// Makes a commit's occurrences durable in the day's partition, and adds to its transaction where they lie and their new
    /// stacks. A crash before it commits leaves bytes that nothing refers to (docs/decisions/0003).
    pub(super) fn write_occurrences(
        &self,
        transaction: &redb::WriteTransaction,
        (day, commit): (u32, u64),
        sampled: &[Sampled<'_>],
    ) -> Result<(), Error> {
        let mut stacks = self.stacks.lock().unwrap_or_else(PoisonError::into_inner);
        let mut occurrences = Vec::with_capacity(sampled.len());
        for Sampled { aggregate, target, occurrence } in sampled {
            let exception = &occurrence.exception;
            let stack = exception.stack.as_ref().map(|stack| stacks.intern(stack));
            let causes = exception.causes.iter();
            let cause_stacks = causes.map(|cause| cause.stack.as_ref().map(|stack| stacks.intern(stack))).collect();
            occurrences.push(NewOccurrence { aggregate: *aggregate, target: *target, stack, cause_stacks, occurrence });
        }
        self.partitions.write(transaction, (day, commit), &occurrences)?;
        stacks.write(transaction, &self.path.join(DATABASE))?;
        Ok(())
    }

    /// Reads occurrences; `None` where there is none (any more). A damaged one is logged and left out, so that it does not
    /// hide the others.
    pub(super) fn read_occurrences(
        &self,
        transaction: &redb::ReadTransaction,
        ids: &[OccurrenceId],
    ) -> Result<Vec<Option<StoredOccurrence>>, Error> {
        let mut stacks = Reader::new(transaction, &self.path.join(DATABASE))?.with(&self.recent_stacks);
        let found = self.partitions.read(transaction, ids, &mut |id| stacks.get(id).map(|stack| Arc::clone(&stack)))?;
        let mut occurrences = Vec::with_capacity(found.len());
        for found in found {
            occurrences.push(found.unwrap_or_else(|damage| {
                tracing::warn!(%damage, "an occurrence can not be read");
                None
            }));
        }
        Ok(occurrences)
    }

    /// Reads one occurrence.
    ///
    /// # Errors
    /// When it is damaged, or can not be read.
    pub(super) fn read_occurrence(
        &self,
        transaction: &redb::ReadTransaction,
        id: OccurrenceId,
    ) -> Result<Option<StoredOccurrence>, Error> {
        let mut stacks = Reader::new(transaction, &self.path.join(DATABASE))?.with(&self.recent_stacks);
        let found =
            self.partitions.read(transaction, &[id], &mut |id| stacks.get(id).map(|stack| Arc::clone(&stack)))?;
        match found.into_iter().next() {
            Some(Ok(Some(occurrence))) => return Ok(Some(occurrence)),
            Some(Err(damage)) => return Err(occurrence::Error::Damaged(damage).into()),
            Some(Ok(None)) | None => {}
        }
        // Retention may have been faster; then the day is gone by now.
        match self.partitions.lacks(&self.read()?, id.day)? {
            Some(path) => Err(occurrence::Error::Damaged(Damaged::Lacking { path }).into()),
            None => Ok(None),
        }
    }

    /// How many stacks are stored.
    pub(super) fn stack_count(&self) -> u64 {
        self.stacks.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Bytes allocated to the database's file.
    pub(super) fn database_bytes(&self) -> u64 {
        self.disk.allocated_bytes(&self.path.join(DATABASE)).unwrap_or(0)
    }

    /// Bytes allocated to the partitions.
    pub(super) fn occurrence_bytes(&self) -> u64 {
        self.partitions.bytes().unwrap_or(0)
    }
}
