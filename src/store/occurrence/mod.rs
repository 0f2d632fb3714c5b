//! The occurrences: every new sample with its message, causes, request and stack, one partition a day.
//!
//! A commit's occurrences are written first, into the day's own file, and are durable before the main database commits.
//! A crash in between leaves occurrences of a commit that never happened. Nothing refers to them: they are removed
//! at the next start, before their commit number is given again (docs/decisions/0003). So each body is written once, the
//! main database stays small, and whoever follows (a search index) reads a partition in the order of its commits.
//!
//! ```text
//! occurrences/
//!   writing                  the day that is written to and since which commit: where to look for such rows
//!   2026-11-20/bodies.redb   blocks by (commit, first index), and the stacks in use
//!   2026-08-01.dropping/     retention was interrupted; finished at the next start
//! ```

pub mod block;
mod calendar;
mod cutter;
mod envelope;
mod error;
mod partition;
pub(in crate::store) mod stack;

use std::ops::ControlFlow;
use std::sync::Arc;

pub use self::calendar::Partitions;
pub use self::error::{Damaged, Error};
use crate::model::id::{AggregateId, OccurrenceId, StackId, TargetId};
use crate::model::occurrence::{Occurrence, Stack};

/// An occurrence to be written. Its stacks are stored apart: see `stack`.
#[derive(Debug, Clone)]
pub struct NewOccurrence<'a> {
    /// Its aggregate.
    pub aggregate: AggregateId,
    /// Where it was scraped.
    pub target: TargetId,
    /// The id of the exception's stack, if it has one.
    pub stack: Option<StackId>,
    /// The ids of its causes' stacks, one for each cause; missing ones are `None`.
    pub cause_stacks: Vec<Option<StackId>>,
    /// All the rest.
    pub occurrence: &'a Occurrence,
}

/// An occurrence as it was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredOccurrence {
    /// Its id.
    pub id: OccurrenceId,
    /// Its aggregate.
    pub aggregate: AggregateId,
    /// Where it was scraped.
    pub target: TargetId,
    /// What the client exposed.
    pub occurrence: Occurrence,
}

/// What reading one id gave: `None` where there is no such occurrence (any more).
pub type Found = Result<Option<StoredOccurrence>, Damaged>;

/// Finds the text of a stack. [`Error::Damaged`] concerns the occurrence that asks, any other error ends the reading.
pub type StackLookup<'a> = dyn FnMut(StackId) -> Result<Arc<Stack>, Error> + 'a;

/// Does `visit` want more?
pub type Visit<'a> = dyn FnMut(Result<StoredOccurrence, Damaged>) -> ControlFlow<()> + 'a;

#[cfg(test)]
mod tests;
