//! What the index follows, as it sees it, and how it is told to stop.

use std::ops::{ControlFlow, RangeInclusive};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::model::id::{AggregateId, OccurrenceId, TargetId};
use crate::model::occurrence::Occurrence;

/// Why a source could not be read.
pub type SourceError = Box<dyn std::error::Error + Send + Sync>;

/// Takes an occurrence; breaks when it wants no more.
pub type Visit<'a> = dyn FnMut(OccurrenceId, AggregateId, TargetId, &Occurrence) -> ControlFlow<()> + 'a;

/// A day of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pending {
    /// Days since 1970 of the ingestion.
    pub day: u32,
    /// How often occurrences were removed from it. Each time it has to be indexed anew.
    pub generation: u32,
    /// The last commit that brought any.
    pub commit: u64,
}

/// What is followed: stored occurrences, by day and commit. A commit is of one day, and never changes within a generation.
pub trait Source: Send {
    /// The days that have occurrences, oldest first.
    ///
    /// # Errors
    /// When they can not be read.
    fn days(&self) -> Result<Vec<Pending>, SourceError>;

    /// How many bytes the occurrences of a day take that came after a commit.
    ///
    /// # Errors
    /// When they can not be read.
    fn bytes(&self, day: u32, after: u64) -> Result<u64, SourceError>;

    /// Calls `visit` with the occurrences that these commits brought to a day, in the order of their ids.
    ///
    /// # Errors
    /// When they can not be read.
    fn read(&self, day: u32, commits: RangeInclusive<u64>, visit: &mut Visit<'_>) -> Result<(), SourceError>;

    /// Waits until there was a change since the state `seen`, and no longer than `at_most`; the present state.
    fn wait(&self, seen: u64, at_most: Duration) -> u64;
}

/// Tells a follower to stop.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<(Mutex<bool>, Condvar)>);

impl Stop {
    /// It stops after what it is doing, in a second or two.
    pub fn stop(&self) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.1.notify_all();
    }

    /// Waits, unless it is to stop; whether it is.
    pub(super) fn rest(&self, length: Duration) -> bool {
        let stopped = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.0.1.wait_timeout_while(stopped, length, |stopped| !*stopped);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}
