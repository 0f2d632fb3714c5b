//! The head: the points of windows that are not sealed yet, in memory, rebuilt from the log when the store opens.
//!
//! Points are kept per aggregate and target; sums over targets are made while reading, because most aggregates happen at
//! few targets and a second copy would cost more than adding.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::window::{Slot, Window};
use crate::model::id::{AggregateId, TargetId};

/// A count at a second of a window. Eight bytes; a count beyond 32 bits takes several points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Point {
    pub(super) offset: u16,
    pub(super) count: u32,
}

/// The points of one aggregate at one target, in the order of arrival, which is nearly always ascending.
#[derive(Debug, Clone, Default)]
pub(super) struct TargetPoints {
    pub(super) target: TargetId,
    pub(super) points: Vec<Point>,
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
            targets.push(TargetPoints { target, points: Vec::new() });
            targets.len() - 1
        });
        let Some(series) = targets.get_mut(at) else { return };
        let offset = slot.offset as u16;
        let mut left = count;
        if let Some(last) = series.points.last_mut().filter(|last| last.offset == offset) {
            let taken = left.min(u64::from(u32::MAX - last.count));
            last.count += taken as u32;
            left -= taken;
        }
        while left > 0 {
            let taken = left.min(u64::from(u32::MAX));
            series.points.push(Point { offset, count: taken as u32 });
            self.points += 1;
            left -= taken;
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
            |head: &WindowHead| head.series.values().flatten().map(|series| series.points.len() as u64).sum::<u64>();
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
    /// Offsets and counts, ascending, each offset once: what a chunk holds.
    pub(super) fn columns(&self) -> Vec<(u32, u64)> {
        merge(self.points.iter().map(|point| (u32::from(point.offset), u64::from(point.count))).collect())
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
