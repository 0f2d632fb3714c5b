//! What one commit adds: the terms in which ingest speaks to the store. Cycles and counts, never tables.

use crate::model::activity::Reason;
use crate::model::aggregate_set::AggregateSet;
use crate::model::id::{AggregateId, InstanceId, TargetId};
use crate::model::label::Labels;
use crate::model::occurrence::{Occurrence, SampleId};
use crate::model::scrape::FailureKind;
use crate::model::severity::Severity;
use crate::model::time::{Millis, Timestamp};
use crate::model::triage::Change;
use crate::model::view::SavedView;

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
        /// Fingerprint of the rules under which its aggregates have their keys.
        keys: u64,
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

/// A change of triage.
#[derive(Debug, Clone)]
pub struct Edit {
    /// When.
    pub at: Timestamp,
    /// Who asked for it, empty if they gave no name; `None` when it comes by itself.
    pub actor: Option<String>,
    /// Why.
    pub reason: Reason,
    /// What.
    pub task: Task,
}

impl Edit {
    /// A person's change of some aggregates.
    #[must_use]
    pub fn change(aggregates: AggregateSet, change: impl Into<Change>, at: Timestamp) -> Self {
        let task = Task::Change { aggregates, change: change.into(), revision: None };
        Self { at, actor: Some(String::new()), reason: Reason::Edit, task }
    }
}

/// What an edit does.
#[derive(Debug, Clone)]
pub enum Task {
    /// Changes aggregates as somebody asked.
    Change {
        /// Which.
        aggregates: AggregateSet,
        /// What.
        change: Change,
        /// Only if each has this revision.
        revision: Option<u64>,
    },
    /// Takes an activity back, as far as nothing changed since.
    Undo {
        /// Which.
        activity: u64,
    },
    /// Gives aggregates the labels that the rules say; others keep theirs.
    Rule {
        /// The labels by rules, all of them, and which aggregates have them.
        labels: Vec<(Labels, AggregateSet)>,
        /// Fingerprint of the rules that have been applied to everything.
        rules: u64,
    },
    /// Ends mutes that last until it escalates.
    Escalate(Vec<(AggregateId, String)>),
    /// Ends mutes whose time has come.
    EndMutes,
    /// Resolves open aggregates that did not happen since.
    Silence {
        /// Which.
        aggregates: AggregateSet,
        /// Since when.
        since: Timestamp,
        /// Why, for people.
        detail: String,
    },
    /// Saves a view, in the place of one of the same name.
    SaveView(SavedView),
    /// Removes a view.
    RemoveView(String),
}

/// What came of an edit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edited {
    /// The activity it left; `None` when it changed nothing.
    pub activity: Option<u64>,
    /// How many aggregates it changed.
    pub changed: u64,
}

/// Why an edit was not made: nothing of it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is for another revision.
    #[error("error {aggregate} was changed meanwhile: its revision is {revision}")]
    Revision {
        /// Which aggregate.
        aggregate: AggregateId,
        /// The revision it has.
        revision: u64,
    },
    /// There is no such aggregate.
    #[error("there is no aggregate {0}")]
    NoAggregate(AggregateId),
    /// There is no such activity.
    #[error("there is no activity {0}")]
    NoActivity(u64),
    /// There is no such view.
    #[error("there is no view {0:?}")]
    NoView(String),
    /// No target of the service names a version there.
    #[error("no target of service {service:?} has a label {label:?} that would name a version")]
    NoVersion {
        /// The service.
        service: String,
        /// The target label.
        label: String,
    },
    /// The aggregate would have too many labels.
    #[error("error {aggregate} would have {count} labels: at most {LABELS_MAX} are kept")]
    TooManyLabels {
        /// Which aggregate.
        aggregate: AggregateId,
        /// How many it would have.
        count: usize,
    },
    /// There would be too many views.
    #[error("there are {VIEWS_MAX} views: remove one before saving another")]
    TooManyViews,
}

/// Most annotation labels of an aggregate: people use a handful, and each is a set in memory.
pub const LABELS_MAX: usize = 64;

/// Most saved views: a page of them is read by people.
pub const VIEWS_MAX: usize = 1000;
