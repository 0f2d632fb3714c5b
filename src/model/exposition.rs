//! What one scrape of one target said.

use std::collections::HashSet;
use std::sync::Arc;

use super::occurrence::Occurrence;
use super::severity::Severity;
use super::time::Timestamp;
use xxhash_rust::xxh3::xxh3_64;

/// A parsed exposition.
///
/// `aggregates` leaves out what is byte for byte as in the last exposition of the same target that was handed on:
/// applying those again would change nothing (truth rule 6), so they are only counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exposition {
    /// The process's id; `None` where the client sends none.
    pub target_uuid: Option<String>,
    /// The aggregates that may have moved, each key once.
    pub aggregates: Vec<ExposedAggregate>,
    /// How many more aggregates were there, unchanged since the last exposition.
    pub unchanged: usize,
    /// Nothing was left out: the last exposition was not known when this one was read.
    pub complete: bool,
    /// Most aggregates of its service. What is new beyond that is counted together.
    pub aggregates_max: Option<u64>,
    /// A number that differs where the rules differ that say under which key an aggregate is counted, that limit among them.
    pub keys: u64,
    /// What the limits cut from this exposition.
    pub dropped: Dropped,
}

/// One aggregate as a client exposes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExposedAggregate {
    /// The client's aggregation key.
    pub key: String,
    /// How often it happened in this process so far.
    pub total_count: u64,
    /// How bad it is.
    pub severity: Severity,
    /// When the process saw it first; `None` where missing or unreadable.
    pub created_at: Option<Timestamp>,
    /// Its samples in any order; `None` when they are as in the last exposition.
    pub occurrences: Option<Vec<Occurrence>>,
    /// Its count in the last exposition, where that is known.
    pub last_count: Option<u64>,
    /// Where the rules changed the key: hashes ([`key_hash`]) of the keys that became this one.
    pub exposed_keys: Vec<u64>,
}

impl Exposition {
    /// About how many bytes of memory it takes, rather more than less. A stack that many samples share counts once.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        let mut stacks = HashSet::new();
        let mut bytes = 0;
        for aggregate in &self.aggregates {
            bytes += size_of::<ExposedAggregate>() + aggregate.key.len() + aggregate.exposed_keys.len() * 8;
            for occurrence in aggregate.occurrences.iter().flatten() {
                bytes += occurrence.memory_bytes(&mut |stack| stacks.insert(Arc::as_ptr(stack)));
            }
        }
        bytes as u64
    }
}

/// The hash by which a key is known that the rules changed.
#[must_use]
pub fn key_hash(key: &str) -> u64 {
    xxh3_64(key.as_bytes())
}

/// How much the limits cut, in units of each limit. Counted, shown and logged, never silent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Aggregates that were not taken: over the limit, without a usable key, or with a count that is no count.
    pub aggregates: u64,
    /// Occurrences that were not taken: over the limit or unreadable.
    pub occurrences: u64,
    /// Texts (keys, messages, frames, headers, bodies) that were cut short.
    pub truncated: u64,
    /// Links of cause chains beyond the depth limit.
    pub causes: u64,
}

impl Dropped {
    /// Whether nothing was cut.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds another exposition's drops.
    pub fn add(&mut self, other: Self) {
        self.aggregates += other.aggregates;
        self.occurrences += other.occurrences;
        self.truncated += other.truncated;
        self.causes += other.causes;
    }
}
