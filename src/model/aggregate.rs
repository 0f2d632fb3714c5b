//! An aggregate: one error of one service, over all its instances and all time. People call it an error.

use super::id::{AggregateId, ServiceId};
use super::severity::Severity;
use super::time::Timestamp;
use super::triage::{State, Triage};

/// The key under which errors of a service beyond its limit are counted together.
pub const OVERFLOW_KEY: &str = "hydrophone:beyond-aggregate-limit";

/// The class of that aggregate.
pub const OVERFLOW_CLASS: &str = "Errors beyond the limit";

/// Its message.
pub const OVERFLOW_MESSAGE: &str = "The service has as many errors as aggregate_limit allows. What is new beyond that is counted here, all of it \
     together. When keys hold ids, key_rules make one error of them: see Status.";

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
    /// Its state, labels, assignee and note.
    pub triage: Triage,
}

impl Aggregate {
    /// Open, resolved or muted.
    #[must_use]
    pub fn state(&self) -> State {
        self.triage.status.standing.state()
    }
}
