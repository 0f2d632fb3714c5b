//! The head: the points of windows that are not sealed yet, in memory, rebuilt from the log when the store opens.
//!
//! Points are kept per aggregate and target; sums over targets are made while reading, because most aggregates happen at
//! few targets and a second copy would cost more than adding.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::row::{Reader, Writer};
use super::window::{Slot, Window};
use crate::model::id::{AggregateId, TargetId};

/// The points of one aggregate at one target, in the order of arrival, which is nearly always ascending: two or three bytes each,
/// because two hours of a busy fleet are tens of millions of them.
#[derive(Debug, Clone)]
pub(super) struct TargetPoints {
    pub(super) target: TargetId,
    length: u32,
    /// The last one: its offset in the window, in seconds, and its count. More of the same second are added to it.
    last: (u16, u64),
    /// The offset of the one before it.
    base: u16,
    /// All before it: offsets as the distance from the one before, and counts.
    packed: Writer,
}

/// The points of one window.
#[derive(Debug, Default)]
pub(super) struct WindowHead {
    series: FxHashMap<AggregateId, Vec<TargetPoints>>,
}

/// The points of all windows that are not sealed.
#[derive(Debug, Default)]
pub(super) struct Head {
    windows: BTreeMap<Window, WindowHead>,
    points: u64,
}

impl Head {
    /// Adds a count.
    pub(super) fn add(&mut self, slot: Slot, aggregate: AggregateId, target: TargetId, count: u64) {
        let targets = self.windows.entry(slot.window).or_default().series.entry(aggregate).or_default();
        // Counts of one target come one after the other.
        let at = targets.iter().rposition(|series| series.target == target).unwrap_or_else(|| {
            targets.push(TargetPoints::new(target));
            targets.len() - 1
        });
        if let Some(series) = targets.get_mut(at) {
            self.points += u64::from(series.add(slot.offset as u16, count));
        }
    }

    /// Windows with points, oldest first.
    pub(super) fn windows(&self) -> impl Iterator<Item = (Window, &WindowHead)> {
        self.windows.iter().map(|(window, head)| (*window, head))
    }

    /// The points of one window.
    pub(super) fn window(&self, window: Window) -> Option<&WindowHead> {
        self.windows.get(&window)
    }

    /// Forgets all windows before `window`: they are sealed.
    pub(super) fn drop_before(&mut self, window: Window) {
        self.windows = self.windows.split_off(&window);
        let length =
            |head: &WindowHead| head.series.values().flatten().map(|series| u64::from(series.length)).sum::<u64>();
        self.points = self.windows.values().map(length).sum();
    }

    /// How many points there are.
    pub(super) fn points(&self) -> u64 {
        self.points
    }
}

impl WindowHead {
    /// All series, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (AggregateId, &[TargetPoints])> {
        self.series.iter().map(|(aggregate, targets)| (*aggregate, targets.as_slice()))
    }

    /// The series of one aggregate.
    pub(super) fn get(&self, aggregate: AggregateId) -> &[TargetPoints] {
        self.series.get(&aggregate).map_or(&[], Vec::as_slice)
    }

    /// How many aggregates have points.
    pub(super) fn len(&self) -> usize {
        self.series.len()
    }
}

impl TargetPoints {
    pub(super) fn new(target: TargetId) -> Self {
        Self { target, length: 0, last: (0, 0), base: 0, packed: Writer::default() }
    }

    /// Adds a count; whether it became a point of its own.
    pub(super) fn add(&mut self, offset: u16, count: u64) -> bool {
        if self.length > 0 {
            if let (true, Some(sum)) = (self.last.0 == offset, self.last.1.checked_add(count)) {
                self.last.1 = sum;
                return false;
            }
            let (before, count) = self.last;
            self.packed.reserve_tightly();
            self.packed.signed(i64::from(before) - i64::from(self.base));
            self.packed.unsigned(count);
            self.base = before;
        }
        self.length += 1;
        self.last = (offset, count);
        true
    }

    /// Offsets and counts in the order of arrival.
    pub(super) fn points(&self) -> impl Iterator<Item = (u32, u64)> + '_ {
        let (mut row, mut base) = (Reader(&self.packed.0), 0);
        let packed = std::iter::from_fn(move || {
            base += row.signed().ok()?;
            Some((base as u32, row.unsigned().ok()?))
        });
        packed.chain((self.length > 0).then_some((u32::from(self.last.0), self.last.1)))
    }

    /// Offsets and counts, ascending, each offset once: what a chunk holds.
    pub(super) fn columns(&self) -> Vec<(u32, u64)> {
        merge(self.points().collect())
    }
}

/// Sorts points and adds up those of one offset.
pub(super) fn merge(mut points: Vec<(u32, u64)>) -> Vec<(u32, u64)> {
    points.sort_unstable_by_key(|(offset, _)| *offset);
    points.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 = kept.1.saturating_add(next.1);
        }
        same
    });
    points
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn points_come_back_in_the_order_in_which_they_were_added(
            added in proptest::collection::vec((0u16..7200, prop_oneof![1u64..4, any::<u64>()]), 0..40),
        ) {
            let mut series = TargetPoints::new(TargetId(1));
            let mut expected: Vec<(u32, u64)> = Vec::new();
            for (offset, count) in added {
                let is_new = series.add(offset, count);
                match expected.last_mut().filter(|last| last.0 == u32::from(offset)) {
                    Some(last) if last.1.checked_add(count).is_some() => {
                        prop_assert!(!is_new);
                        last.1 += count;
                    }
                    _ => {
                        prop_assert!(is_new);
                        expected.push((u32::from(offset), count));
                    }
                }
            }
            prop_assert_eq!(series.points().collect::<Vec<_>>(), expected);
        }
    }
}
