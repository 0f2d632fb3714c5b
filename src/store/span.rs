//! Late counts: what can not become a point of the head, because it fell somewhere in an unwatched gap, or at a known
//! moment in a window that is sealed already.
//!
//! One row a commit, with the stretch of time it touches in memory, so that a query reads only the rows that matter.
//! A span is one entry however long it is. Its share of a stretch `[a, b)` is the difference of two floors, so that
//! shares are whole numbers and adjacent stretches add up to the unit.

use super::codec::Corrupt;
use super::row::{Reader, Writer};
use crate::model::id::{AggregateId, TargetId};
use crate::model::series::{Buckets, Count};
use crate::model::time::{TimeRange, Timestamp};

/// A count somewhere in `(from, to]`; at exactly `from` when both are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Late {
    pub(super) aggregate: AggregateId,
    pub(super) target: TargetId,
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    pub(super) count: u64,
}

/// A row of the table, as the memory knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LateRow {
    pub(super) commit: u64,
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
}

impl LateRow {
    /// The stretch of time that `entries` touch.
    pub(super) fn new(commit: u64, entries: &[Late]) -> Option<Self> {
        let from = entries.iter().map(|late| late.from).min()?;
        let to = entries.iter().map(|late| late.to).max()?;
        Some(Self { commit, from, to })
    }

    /// Whether an entry may count in `range`.
    pub(super) fn touches(&self, range: TimeRange) -> bool {
        self.from < range.end && self.to >= range.start
    }

    /// Reads a row's stretch without the rest.
    pub(super) fn peek(commit: u64, bytes: &[u8]) -> Result<Self, Corrupt> {
        let mut row = Reader(bytes);
        let from = row.time(Timestamp(0))?;
        Ok(Self { commit, from, to: row.time(from)? })
    }
}

/// The bytes of a row.
pub(super) fn encode(entries: &[Late]) -> Vec<u8> {
    let mut out = Writer::default();
    let Some(stretch) = LateRow::new(0, entries) else { return out.0 };
    out.time(stretch.from, Timestamp(0));
    out.time(stretch.to, stretch.from);
    out.unsigned(entries.len() as u64);
    let (mut aggregate, mut target) = (0u32, 0u32);
    for late in entries {
        out.signed(i64::from(late.aggregate.0) - i64::from(aggregate));
        out.signed(i64::from(late.target.0) - i64::from(target));
        (aggregate, target) = (late.aggregate.0, late.target.0);
        out.time(stretch.to, late.to);
        out.time(late.to, late.from);
        out.unsigned(late.count);
    }
    out.0
}

/// Reads a row, entry by entry.
pub(super) fn decode(bytes: &[u8], mut visit: impl FnMut(Late)) -> Result<(), Corrupt> {
    let mut row = Reader(bytes);
    let from = row.time(Timestamp(0))?;
    let last = row.time(from)?;
    let (mut aggregate, mut target) = (0i64, 0i64);
    for _ in 0..row.length()? {
        aggregate = aggregate.wrapping_add(row.signed()?);
        target = target.wrapping_add(row.signed()?);
        let to = Timestamp(last.0.wrapping_sub(row.signed()?));
        let from = Timestamp(to.0.wrapping_sub(row.signed()?));
        visit(Late {
            aggregate: AggregateId(aggregate as u32),
            target: TargetId(target as u32),
            from,
            to,
            count: row.unsigned()?,
        });
    }
    Ok(())
}

impl Late {
    /// Adds this count's shares to the buckets it touches.
    pub(super) fn share(&self, buckets: &Buckets, mut add: impl FnMut(usize, Count)) {
        if self.from >= self.to {
            if let Some(index) = buckets.index(self.to) {
                add(index, Count { total: self.count, estimated: 0 });
            }
            return;
        }
        // (from, to] in whole milliseconds is [from + 1, to + 1).
        let (start, end) = (self.from.0 + 1, self.to.0 + 1);
        let range = buckets.range();
        let (first, last) = (start.max(range.start.0), (end - 1).min(range.end.0 - 1));
        if first > last {
            return;
        }
        let index = |time: i64| ((time - range.start.0) / buckets.step.0) as usize;
        for bucket in index(first)..=index(last) {
            let (from, to) = (buckets.edge(bucket).0, buckets.edge(bucket + 1).0);
            let total = self.until(to) - self.until(from);
            let whole = from <= start && end <= to;
            if total > 0 {
                add(bucket, Count { total, estimated: if whole { 0 } else { total } });
            }
        }
    }

    /// How much of the count stands before `time`.
    fn until(&self, time: i64) -> u64 {
        let (start, end) = (self.from.0 + 1, self.to.0 + 1);
        let passed = (time.clamp(start, end) - start) as u128;
        let share = u128::from(self.count) * passed / (end - start) as u128;
        u64::try_from(share).unwrap_or(self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Millis;
    use proptest::prelude::*;

    fn late(from: i64, to: i64, count: u64) -> Late {
        Late { aggregate: AggregateId(1), target: TargetId(2), from: Timestamp(from), to: Timestamp(to), count }
    }

    proptest! {
        #[test]
        fn shares_of_adjacent_buckets_add_up_to_the_unit(
            from in -1000i64..1000, length in 0i64..5000, count in 1u64..1_000_000, step in 1i64..700, offset in 0i64..700,
        ) {
            let late = late(from, from + length, count);
            let buckets = Buckets { start: Timestamp(from - offset), step: Millis(step), len: ((length + offset) / step + 2) as usize };
            let mut sum = 0;
            late.share(&buckets, |_, count| sum += count.total);
            prop_assert_eq!(sum, count);
        }

        #[test]
        fn rows_are_read_as_they_were_written(entries in proptest::collection::vec((any::<u32>(), any::<u32>(), -10_i64..1 << 40, 0i64..1 << 40, any::<u64>()), 1..50)) {
            let entries: Vec<Late> = entries.into_iter().map(|(aggregate, target, from, length, count)| Late {
                aggregate: AggregateId(aggregate), target: TargetId(target), from: Timestamp(from), to: Timestamp(from + length), count,
            }).collect();
            let mut read = Vec::new();
            decode(&encode(&entries), |late| read.push(late)).unwrap();
            prop_assert_eq!(read, entries);
        }
    }

    #[test]
    fn a_span_within_one_bucket_is_not_estimated() {
        let buckets = Buckets { start: Timestamp(0), step: Millis(100), len: 3 };
        let mut counts = Vec::new();
        late(110, 190, 7).share(&buckets, |bucket, count| counts.push((bucket, count)));
        assert_eq!(counts, [(1, Count { total: 7, estimated: 0 })]);
        counts.clear();
        late(49, 149, 10).share(&buckets, |bucket, count| counts.push((bucket, count)));
        assert_eq!(counts, [(0, Count { total: 5, estimated: 5 }), (1, Count { total: 5, estimated: 5 })]);
    }
}
