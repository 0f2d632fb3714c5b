//! What one commit adds: the terms in which ingest speaks to the store. Cycles and counts, never tables.

use crate::model::aggregate::State;
use crate::model::id::{AggregateId, InstanceId, TargetId};
use crate::model::occurrence::{Occurrence, SampleId};
use crate::model::scrape::FailureKind;
use crate::model::severity::Severity;
use crate::model::time::{Millis, Timestamp};

/// One scrape of one target, as it is to be stored.
#[derive(Debug, Clone)]
pub struct ScrapeChange {
    /// Which target.
    pub target: TargetId,
    /// When.
    pub at: Timestamp,
    /// The target's scrape interval.
    pub interval: Millis,
    /// How long it took.
    pub duration: Millis,
    /// Bytes of the body.
    pub body_bytes: u64,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a scrape.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// It failed: no count changes.
    Down {
        /// Class of the failure.
        kind: FailureKind,
        /// A sentence for people.
        message: String,
    },
    /// It succeeded.
    Up {
        /// The process that answered.
        instance: InstanceId,
        /// The target was watched from here to the scrape; `None` when the last good scrape is too long ago.
        watched_from: Option<Timestamp>,
        /// What moved, in ascending order of aggregates, each once.
        changes: Vec<AggregateChange>,
    },
}

/// How one aggregate moved at one instance.
#[derive(Debug, Clone)]
pub struct AggregateChange {
    /// Which aggregate.
    pub aggregate: AggregateId,
    /// The baseline from now on.
    pub baseline: Baseline,
    /// What happened since the last scrape, placed in time. Empty when only the baseline or the samples changed.
    pub placement: Placement,
    /// Severity as exposed.
    pub severity: Severity,
    /// When it was first seen according to this instance.
    pub first_seen: Timestamp,
    /// When it happened last according to this scrape; `None` when it did not happen.
    pub last_seen: Option<Timestamp>,
    /// Samples that were not known yet, oldest first.
    pub occurrences: Vec<Occurrence>,
}

/// What is remembered of one aggregate at one instance, to tell what is new in the next exposition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    /// The last `total_count`.
    pub total: u64,
    /// The last `created_at`.
    pub created_at: Option<Timestamp>,
    /// The samples last exposed, ascending.
    pub samples: Vec<SampleId>,
}

/// Where in time a delta is placed. The parts add up to the delta.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Placement {
    /// Counts whose time is known to within a scrape interval.
    pub points: Vec<(Timestamp, u64)>,
    /// A count that fell somewhere in an unwatched gap `(from, to]`.
    pub span: Option<Span>,
}

/// A count that fell somewhere in `(from, to]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Begin of the gap, not in it.
    pub from: Timestamp,
    /// End of the gap, in it.
    pub to: Timestamp,
    /// How often, more than 0.
    pub count: u64,
}

impl Placement {
    /// The whole delta.
    #[must_use]
    pub fn count(&self) -> u64 {
        let points = self.points.iter().fold(0u64, |sum, (_, count)| sum.saturating_add(*count));
        points.saturating_add(self.span.map_or(0, |span| span.count))
    }

    /// Whether nothing happened.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.points.is_empty() && self.span.is_none()
    }
}

/// A change made by a person, or by a rule in a person's name.
#[derive(Debug, Clone)]
pub enum Edit {
    /// Sets the state of aggregates.
    SetState {
        /// Which.
        aggregates: Vec<AggregateId>,
        /// To what.
        state: State,
        /// When.
        at: Timestamp,
    },
}
