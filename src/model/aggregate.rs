//! An aggregate: one error of one service, over all its instances and all time. People call it an error.

use std::fmt;

use super::id::{AggregateId, ServiceId};
use super::label::Labels;
use super::severity::Severity;
use super::time::Timestamp;

/// What is known of one aggregate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aggregate {
    /// Its id.
    pub id: AggregateId,
    /// Its service.
    pub service: ServiceId,
    /// The client's aggregation key, unique within the service.
    pub key: String,
    /// Class of its newest sample; until there is one, the key up to its last `@`.
    pub class: String,
    /// Message of its newest sample (cut to a display length); empty until there is one.
    pub message: String,
    /// Severity as last exposed.
    pub severity: Severity,
    /// Earliest time it is known to have happened: the smallest `created_at` a client named, clamped to sane bounds.
    pub first_seen: Timestamp,
    /// Latest time it is known to have happened: the end of its last delta's span, or its newest sample if that is later in it.
    pub last_seen: Timestamp,
    /// How often it happened in all: the sum of all its deltas ever, whatever retention has removed.
    pub total: u64,
    /// Open, resolved or muted.
    pub state: State,
    /// When the state was last set by somebody; `None` if never.
    pub state_since: Option<Timestamp>,
    /// It was resolved and happened again: when that was noticed.
    pub regressed_at: Option<Timestamp>,
    /// Annotation labels.
    pub labels: Labels,
}

/// Resolution state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// It needs attention.
    #[default]
    Open,
    /// Somebody dealt with it; it reopens when it happens again.
    Resolved,
    /// Nobody wants to hear of it.
    Muted,
}

impl State {
    /// All states.
    pub const ALL: [Self; 3] = [Self::Open, Self::Resolved, Self::Muted];

    /// `open`, `resolved` or `muted`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Resolved => "resolved",
            Self::Muted => "muted",
        }
    }

    /// The state of exactly this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
