//! Activity: what changed in triage, when, by whom and why.

use super::aggregate_set::AggregateSet;
use super::time::Timestamp;
use super::triage::Difference;

/// One change, of one aggregate or of many at once.
#[derive(Debug, Clone, PartialEq)]
pub struct Activity {
    /// Its number: ascending in the order of the changes, from 1.
    pub id: u64,
    /// When.
    pub at: Timestamp,
    /// The person who asked for it, empty if they gave no name; `None` when it came by itself.
    pub actor: Option<String>,
    /// Why.
    pub reason: Reason,
    /// The aggregates that it changed.
    pub aggregates: AggregateSet,
}

/// What an activity did to one aggregate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActivityChange {
    /// Why, for people; empty when the reason says it all.
    pub detail: String,
    /// What changed.
    pub differences: Vec<Difference>,
}

/// Why something changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Somebody asked for one aggregate to be changed.
    Edit,
    /// Somebody asked for many to be changed.
    Bulk,
    /// Somebody resolved it through Periskop's API.
    Periskop,
    /// Somebody took this activity back.
    Undo(u64),
    /// The configuration's label rules.
    Rule,
    /// It was resolved and happened again.
    Regression,
    /// It was muted until it escalates, and did.
    Escalation,
    /// It was muted until a time that has come.
    MuteTime,
    /// It was muted until it happened so often, and did.
    MuteCount,
    /// It did not happen for so long that it was resolved.
    Silence,
    /// A file that was imported says so.
    Import,
}

impl Reason {
    /// All reasons; that of an undo without its number.
    pub const ALL: [Self; 11] = [
        Self::Edit,
        Self::Bulk,
        Self::Periskop,
        Self::Undo(0),
        Self::Rule,
        Self::Regression,
        Self::Escalation,
        Self::MuteTime,
        Self::MuteCount,
        Self::Silence,
        Self::Import,
    ];

    /// Its word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Edit => "edit",
            Self::Bulk => "bulk",
            Self::Periskop => "periskop",
            Self::Undo(_) => "undo",
            Self::Rule => "rule",
            Self::Regression => "regression",
            Self::Escalation => "escalation",
            Self::MuteTime => "mute_time",
            Self::MuteCount => "mute_count",
            Self::Silence => "silence",
            Self::Import => "import",
        }
    }
}
