//! The occurrences: every new sample with its message, causes, request and stack, one partition a day.
//!
//! A commit appends its occurrences to the day's own file, `occurrences/2026-11-20/bodies.log`, and they are durable before
//! the main database commits the rows that say where they lie. A crash in between leaves bytes that no row points to, and
//! the next commit writes over them (docs/decisions/0003). So each body is written once, the main database stays small,
//! and whoever follows (a search index) reads a partition in the order of its commits.

pub mod block;
pub(in crate::store) mod cache;
mod cutter;
mod envelope;
mod error;
mod index;
mod look;
mod partition;
mod reading;
mod rewrite;
mod sparse;
pub(in crate::store) mod stack;

use std::ops::ControlFlow;
use std::sync::Arc;

pub use self::error::{Damaged, Error};
pub use self::index::Thinned;
pub(in crate::store) use self::look::Seen;
pub use self::partition::Partitions;
pub(in crate::store) use self::partition::{file_name, generation_of, name_of};
pub(in crate::store) use self::reading::{DayFile, Reading};
pub use self::rewrite::Rewritten;
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
