//! Series over time: buckets, and counts in them.

use super::time::{Millis, TimeRange, Timestamp};

/// Equal, adjacent, half-open buckets `[start + i*step, start + (i+1)*step)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Buckets {
    /// Begin of the first bucket.
    pub start: Timestamp,
    /// Length of each bucket, more than 0.
    pub step: Millis,
    /// How many buckets.
    pub len: usize,
}

impl Buckets {
    /// One bucket that is the whole range.
    #[must_use]
    pub fn whole(range: TimeRange) -> Self {
        Self { start: range.start, step: Millis((range.end.0 - range.start.0).max(1)), len: 1 }
    }

    /// The range all buckets cover together.
    #[must_use]
    pub fn range(&self) -> TimeRange {
        TimeRange { start: self.start, end: self.edge(self.len) }
    }

    /// Begin of bucket `index` (its end is `edge(index + 1)`).
    #[must_use]
    pub fn edge(&self, index: usize) -> Timestamp {
        Timestamp(self.start.0 + self.step.0 * index as i64)
    }

    /// The bucket that holds `time`, or `None` outside the range.
    #[must_use]
    pub fn index(&self, time: Timestamp) -> Option<usize> {
        let offset = time.0.checked_sub(self.start.0).filter(|offset| *offset >= 0)?;
        let index = (offset / self.step.0) as usize;
        (index < self.len).then_some(index)
    }
}

/// A count, and how much of it stands where it stands by estimate: because it fell somewhere in an unwatched gap that
/// reaches beyond the bucket or range. The count as such is exact.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Count {
    /// How often.
    pub total: u64,
    /// How much of `total` was placed by estimate.
    pub estimated: u64,
}

impl Count {
    /// Adds another count.
    pub fn add(&mut self, other: Self) {
        self.total += other.total;
        self.estimated += other.estimated;
    }
}
