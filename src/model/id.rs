//! Identifiers. Each kind is a type of its own, so that a target is never looked up among aggregates.
//!
//! Ids are given by the store in ascending order from zero and are never reused within a data directory.

use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// A configured service.
    ServiceId
);
id!(
    /// A discovered target: one service and one set of public labels.
    TargetId
);
id!(
    /// One process behind a target (a `target_uuid`, or an address where clients send none).
    InstanceId
);
id!(
    /// One error of one service: (service, aggregation key).
    AggregateId
);
id!(
    /// A distinct stack trace, stored once however many occurrences share it.
    StackId
);

/// Where an occurrence is stored: the day of its ingestion, the commit that brought it and its place in that commit.
///
/// Ordered by ingestion, also where a clock was set back from one day to another. Written as `day-commit-index` (`20412-3871-5`) wherever people see it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OccurrenceId {
    /// Sequence number of the commit.
    pub commit: u64,
    /// Index among the commit's occurrences.
    pub index: u32,
    /// Days since 1970-01-01 UTC: the partition. A commit has one.
    pub day: u32,
}

impl fmt::Display for OccurrenceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.day, self.commit, self.index)
    }
}

impl std::str::FromStr for OccurrenceId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.split('-');
        let mut next = || parts.next().ok_or(());
        let id = Self {
            day: next()?.parse().map_err(|_| ())?,
            commit: next()?.parse().map_err(|_| ())?,
            index: next()?.parse().map_err(|_| ())?,
        };
        if parts.next().is_some() { Err(()) } else { Ok(id) }
    }
}
