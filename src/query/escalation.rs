//! Which aggregates happen much more often than they used to.

use crate::model::aggregate_set::AggregateSet;

/// What was found when it was last looked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Escalations {
    /// Aggregates that are over their limit.
    pub over: AggregateSet,
}
