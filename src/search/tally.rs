//! What there is to say about all occurrences for which a condition holds.
//!
//! Documents stand in the order of time, so a bucket is a stretch of them and its count a count of bits. Of each aggregate
//! and target a segment knows how many documents it has; where most are found, those that are not are taken away from that.

use std::ops::ControlFlow;

use rayon::prelude::*;

use super::Error;
use super::bits::{WINDOW, Window};
use super::column::{Column, Numbers};
use super::condition::Condition;
use super::partition::Partition;
use super::plan::{Ask, Node};
use super::segment::Segment;
use super::snapshot::Snapshot;
use crate::model::id::{AggregateId, TargetId};
use crate::model::series::Buckets;

/// Up to so many documents of a window are looked up one by one; for more all values are read at once.
const SPARSE_MAX: u32 = 96;
/// For a bucket's edge a segment is searched, which costs as much as looking up the times of so many documents.
const EDGE_LOOKUPS: usize = 16;

/// So many partitions are counted by one thread at least.
const PARTITIONS_MIN: usize = 4;

/// What there is to say about all occurrences for which a condition holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many.
    pub total: u64,
    /// How many in each bucket.
    pub over_time: Vec<u64>,
    /// How many of each aggregate that has any, by ascending id.
    pub aggregates: Vec<(AggregateId, u64)>,
    /// How many of each target that has any, by ascending id; none where that was not asked for.
    pub targets: Vec<(TargetId, u64)>,
}

impl Snapshot {
    /// Everything about the occurrences in `buckets` for which `condition` holds, of targets only where `by_target` says so.
    ///
    /// # Errors
    /// When an index can not be read.
    pub fn tally(&self, condition: &Condition, buckets: &Buckets, by_target: bool) -> Result<Tally, Error> {
        let ask = Ask::new(condition, &self.fields);
        let range = buckets.range();
        let none = || Counts::new(buckets.len, by_target);
        // Some at a time, for what each thread counted has to be added up.
        let partitions = self.partitions.par_iter().with_min_len(PARTITIONS_MIN);
        let counts = partitions
            .filter(|partition| partition.newest >= range.start)
            .try_fold(none, |counts, partition| counts.with(partition, &ask, buckets))
            .try_reduce(none, |counts, others| Ok(counts.and(&others)))?;
        Ok(Tally {
            total: counts.over_time.iter().sum(),
            over_time: counts.over_time,
            aggregates: counts.aggregates.iter().map(|(id, count)| (AggregateId(id), count)).collect(),
            targets: counts.targets.iter().flat_map(Dense::iter).map(|(id, count)| (TargetId(id), count)).collect(),
        })
    }
}

/// What was counted so far.
struct Counts {
    over_time: Vec<u64>,
    aggregates: Dense,
    targets: Option<Dense>,
}

impl Counts {
    fn new(buckets: usize, by_target: bool) -> Self {
        let targets = by_target.then(Dense::default);
        Self { over_time: vec![0; buckets], aggregates: Dense::default(), targets }
    }

    fn with(mut self, partition: &Partition, ask: &Ask, buckets: &Buckets) -> Result<Self, Error> {
        for (segment, mut node, from, to) in partition.open(ask, buckets.range())? {
            let matches = Matches::of(&mut node, from, to);
            matches.over_time(segment, buckets, &mut self.over_time);
            let whole = from == 0 && to == segment.occurrences;
            let most = whole && matches.total > u64::from(to / 2);
            let rest = most.then(|| matches.inverted(to));
            let rest = rest.as_ref().map(|rest| (rest, segment.totals()));
            let of_aggregates = rest.map(|(rest, totals)| (rest, totals.aggregates.as_slice()));
            self.aggregates.count(&segment.aggregate, &matches, of_aggregates);
            if let Some(targets) = &mut self.targets {
                let of_targets = rest.map(|(rest, totals)| (rest, totals.targets.as_slice()));
                targets.count(&segment.target, &matches, of_targets);
            }
        }
        Ok(self)
    }

    fn and(mut self, others: &Self) -> Self {
        for (count, more) in self.over_time.iter_mut().zip(&others.over_time) {
            *count += more;
        }
        let add =
            |to: &mut Dense, from: &Dense| from.iter().for_each(|(number, count)| to.add(u64::from(number), count));
        add(&mut self.aggregates, &others.aggregates);
        if let (Some(targets), Some(others)) = (&mut self.targets, &others.targets) {
            add(targets, others);
        }
        self
    }
}

/// How many of each number, by number.
#[derive(Default)]
struct Dense(Vec<u64>);

impl Dense {
    fn add(&mut self, number: u64, count: u64) {
        let at = number as usize;
        if at >= self.0.len() {
            self.0.resize(at + 1, 0);
        }
        if let Some(have) = self.0.get_mut(at) {
            *have += count;
        }
    }

    /// Adds the values of a column: those of what was found, or all of them less those of the rest.
    fn count(&mut self, column: &Column, found: &Matches, rest: Option<(&Matches, &[(u32, u64)])>) {
        let Some((rest, totals)) = rest else { return found.values(column, |value| self.add(value, 1)) };
        for (number, count) in totals {
            self.add(u64::from(*number), *count);
        }
        rest.values(column, |value| self.take(value));
    }

    fn take(&mut self, number: u64) {
        if let Some(have) = self.0.get_mut(number as usize) {
            *have = have.saturating_sub(1);
        }
    }

    /// Those that there are any of.
    fn iter(&self) -> impl Iterator<Item = (u32, u64)> + '_ {
        (0..).zip(&self.0).filter(|(_, count)| **count > 0).map(|(number, count)| (number, *count))
    }
}

/// How many documents of a segment are of each aggregate and target, by ascending id.
#[derive(Default)]
pub(super) struct Totals {
    aggregates: Vec<(u32, u64)>,
    targets: Vec<(u32, u64)>,
}

impl Totals {
    pub(super) fn of(segment: &Segment) -> Self {
        let all = Matches::of(&mut Node::All, 0, segment.occurrences);
        let count = |column: &Column| {
            let mut counts = Dense::default();
            all.values(column, |value| counts.add(value, 1));
            counts.iter().collect()
        };
        Self { aggregates: count(&segment.aggregate), targets: count(&segment.target) }
    }
}

/// The documents of a segment for which a condition holds.
struct Matches {
    total: u64,
    /// By the window's first document, ascending: which documents, and how many stand in windows before.
    windows: Vec<(u32, Window, u64)>,
}

impl Matches {
    fn of(node: &mut Node, from: u32, to: u32) -> Self {
        let mut matches = Self { total: 0, windows: Vec::new() };
        node.each(from, to, &mut |base, window| {
            matches.push(base, *window);
            ControlFlow::Continue(())
        });
        matches
    }

    fn push(&mut self, base: u32, window: Window) {
        self.windows.push((base, window, self.total));
        self.total += u64::from(window.len());
    }

    /// All documents before `to` that are not among them.
    fn inverted(&self, to: u32) -> Self {
        let mut inverted = Self { total: 0, windows: Vec::new() };
        let mut windows = self.windows.iter().peekable();
        for base in (0..to).step_by(WINDOW as usize) {
            let have = windows.next_if(|(of, _, _)| *of == base).map_or(Window::EMPTY, |(_, window, _)| *window);
            let missing = Window::range(0, to - base).without(&have);
            if !missing.is_empty() {
                inverted.push(base, missing);
            }
        }
        inverted
    }

    /// How many of them stand before `document`.
    fn before(&self, document: u32) -> u64 {
        let after = self.windows.partition_point(|(base, _, _)| *base <= document);
        let Some((base, window, before)) = after.checked_sub(1).and_then(|at| self.windows.get(at)) else { return 0 };
        before + u64::from(window.and(&Window::range(0, document - base)).len())
    }

    /// Adds how many stand in each bucket; all are within them.
    fn over_time(&self, segment: &Segment, buckets: &Buckets, counts: &mut [u64]) {
        let mut add = |bucket: usize, count: u64| {
            if let Some(have) = counts.get_mut(bucket) {
                *have += count;
            }
        };
        let bucket_of = |document: u32| buckets.index(segment.time(document));
        let (Some((first, head, _)), Some((last, tail, _))) = (self.windows.first(), self.windows.last()) else {
            return;
        };
        let first = first + head.next(0).unwrap_or(0);
        let last = last + tail.last().unwrap_or(0);
        let (Some(newest), Some(oldest)) = (bucket_of(first), bucket_of(last)) else { return };
        if newest == oldest {
            add(newest, self.total);
        } else if self.total < ((newest - oldest) * EDGE_LOOKUPS) as u64 {
            for document in self.windows.iter().flat_map(|(base, window, _)| window.iter().map(move |at| base + at)) {
                if let Some(bucket) = bucket_of(document) {
                    add(bucket, 1);
                }
            }
        } else {
            let mut counted = 0;
            for bucket in (oldest..=newest).rev() {
                let all = self.before(segment.first_before(buckets.edge(bucket)));
                add(bucket, all - counted);
                counted = all;
            }
        }
    }

    /// The values of a column.
    fn values(&self, column: &Column, mut visit: impl FnMut(u64)) {
        let mut read = Vec::new();
        for (base, window, _) in &self.windows {
            if window.len() <= SPARSE_MAX {
                window.iter().for_each(|at| visit(column.get(base + at)));
                continue;
            }
            match column.window(*base, &mut read) {
                Numbers::Short(numbers) => each(numbers, window, &mut visit),
                Numbers::Long(numbers) => each(numbers, window, &mut visit),
                Numbers::Wide(numbers) => each(numbers, window, &mut visit),
            }
        }
    }
}

fn each<T: Copy + Into<u64>>(numbers: &[T], window: &Window, visit: &mut impl FnMut(u64)) {
    for number in window.iter().filter_map(|at| numbers.get(at as usize)) {
        visit((*number).into());
    }
}
