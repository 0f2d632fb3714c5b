//! How long things are kept.

use crate::model::time::Millis;

/// The section `storage`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Storage {
    /// How long things are kept.
    pub retention: Retention,
}

/// Ages at which things are removed. Neither `targets` nor `occurrences` is above `time`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// Counts, rollups and coverage.
    ///
    /// 90 days: a quarter, enough to compare releases; a fleet with 500 changed aggregates every 15 s needs about 2 MB a day.
    pub time: Millis,
    /// The breakdown of the counts by target.
    ///
    /// 30 days: it is the larger part of the counts, and instances of last month are seldom asked for.
    pub targets: Millis,
    /// Occurrences: messages, stacks, requests.
    ///
    /// 30 days: they are by far the most bytes, and hold what people may have to forget.
    pub occurrences: Millis,
}

impl Default for Retention {
    fn default() -> Self {
        let days = |days: i64| Millis::from_seconds(days * 86_400);
        Self { time: days(90), targets: days(30), occurrences: days(30) }
    }
}
