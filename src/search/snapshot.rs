//! Answers: the newest occurrences for which a condition holds, how many there are, and whose they are.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::ControlFlow;
use std::sync::Arc;

use rayon::prelude::*;

use super::Error;
use super::bits::{Bits, Window};
use super::condition::Condition;
use super::partition::Partition;
use super::plan::Ask;
use super::progress::Progress;
use super::schema::Fields;
use super::segment::Segment;
use crate::model::aggregate_set::AggregateSet;
use crate::model::id::{AggregateId, OccurrenceId, TargetId};
use crate::model::time::{TimeRange, Timestamp};

/// A consistent state of all partitions. Cheap to take; keep it for one answer.
pub struct Snapshot {
    /// Newest day first.
    pub(super) partitions: Vec<Arc<Partition>>,
    pub(super) fields: Fields,
    /// How much of what is stored was indexed when it was taken.
    pub progress: Progress,
}

/// The place of an occurrence among all: by time, and by id where times are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// When it happened: see [`Found::time`].
    pub time: Timestamp,
    /// Which it is.
    pub id: OccurrenceId,
}

/// An occurrence that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Which it is.
    pub id: OccurrenceId,
    /// When it happened, by the client's clock; where the client did not say, when the day of its ingestion began.
    pub time: Timestamp,
    /// Its aggregate.
    pub aggregate: AggregateId,
    /// Where it was scraped.
    pub target: TargetId,
}

impl Found {
    /// Its place; the next page begins after that of a page's last.
    #[must_use]
    pub fn position(&self) -> Position {
        Position { time: self.time, id: self.id }
    }
}

/// So many partitions are looked through at the same time.
const BATCH: usize = 8;

/// All times.
pub const ALWAYS: TimeRange = TimeRange { start: Timestamp(i64::MIN), end: Timestamp(i64::MAX) };

impl Snapshot {
    /// The newest occurrences in `range` for which `condition` holds, at most `limit`, newest first; those after `after` where
    /// it is given.
    ///
    /// # Errors
    /// When an index can not be read.
    pub fn newest(
        &self,
        condition: &Condition,
        range: TimeRange,
        after: Option<Position>,
        limit: usize,
    ) -> Result<Vec<Found>, Error> {
        let ask = Ask::new(condition, &self.fields);
        let end = after.map_or(range.end, |after| range.end.min(Timestamp(after.time.0.saturating_add(1))));
        let mut page = Page { after, limit, found: BinaryHeap::new() };
        // A day's occurrences may have happened at any time before: the order is by what they say.
        let mut partitions: Vec<_> = self.partitions.iter().collect();
        partitions.sort_by_key(|partition| Reverse((partition.newest, partition.day)));
        // Mostly the newest has enough. Where it has not, what is looked for is rare, and so is a reason to stop.
        let (mut rest, mut batch) = (partitions.as_slice(), 1);
        while let (Some(start), Some(newest)) = (page.start(range.start), rest.first()) {
            if newest.newest < start {
                break;
            }
            let (now, later) = rest.split_at(batch.min(rest.len()));
            (rest, batch) = (later, BATCH);
            let of = |partition: &&Arc<Partition>| page.of(partition, &ask, TimeRange { start, end });
            let found: Vec<_> = match now {
                [one] => vec![of(one)?],
                several => several.par_iter().map(of).collect::<Result<_, Error>>()?,
            };
            found.into_iter().flatten().for_each(|found| page.add(found));
        }
        Ok(page.found.into_sorted_vec().into_iter().map(|Reverse(Ranked(found))| found).collect())
    }

    /// How many occurrences in `range` there are for which `condition` holds.
    ///
    /// # Errors
    /// When an index can not be read.
    pub fn count(&self, condition: &Condition, range: TimeRange) -> Result<u64, Error> {
        let counts = self.each(condition, range, |total: &mut u64, _, _, window| *total += u64::from(window.len()))?;
        Ok(counts.into_iter().sum())
    }

    /// The aggregates of occurrences in `range` for which `condition` holds.
    ///
    /// # Errors
    /// When an index can not be read.
    pub fn aggregates(&self, condition: &Condition, range: TimeRange) -> Result<AggregateSet, Error> {
        let seen = self.each(condition, range, |seen: &mut Bits, segment, base, window| {
            window.iter().for_each(|at| seen.insert(segment.aggregate.get(base + at)));
        })?;
        Ok(seen.iter().flat_map(Bits::iter).map(|id| AggregateId(id as u32)).collect())
    }

    /// Calls `visit` with all windows of documents in `range` for which `condition` holds, and gives back what it made of each
    /// partition. Partitions are gone through at the same time.
    fn each<T: Default + Send>(
        &self,
        condition: &Condition,
        range: TimeRange,
        visit: impl Fn(&mut T, &Segment, u32, &Window) + Sync,
    ) -> Result<Vec<T>, Error> {
        let ask = Ask::new(condition, &self.fields);
        let partitions = self.partitions.par_iter().filter(|partition| partition.newest >= range.start);
        let made = partitions.map(|partition| {
            let mut made = T::default();
            for (segment, mut node, from, to) in partition.open(&ask, range)? {
                node.each(from, to, &mut |base, window| {
                    visit(&mut made, segment, base, window);
                    ControlFlow::Continue(())
                });
            }
            Ok(made)
        });
        made.collect()
    }
}

/// The newest that were found so far.
struct Page {
    after: Option<Position>,
    limit: usize,
    /// The oldest of them on top.
    found: BinaryHeap<Reverse<Ranked>>,
}

/// Ordered by its place.
struct Ranked(Found);

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.0.position() == other.0.position()
    }
}

impl Eq for Ranked {}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.position().cmp(&other.0.position())
    }
}

impl Page {
    /// The earliest time that can still be on the page; `None` when nothing can.
    fn start(&self, start: Timestamp) -> Option<Timestamp> {
        if self.limit == 0 {
            return None;
        }
        match self.found.peek() {
            Some(Reverse(oldest)) if self.found.len() >= self.limit => Some(start.max(oldest.0.time)),
            _ => Some(start),
        }
    }

    /// What a partition has for the page, as far as the page is known.
    fn of(&self, partition: &Partition, ask: &Ask, range: TimeRange) -> Result<Vec<Found>, Error> {
        let mut own = Self { after: self.after, limit: self.limit, found: BinaryHeap::new() };
        for (segment, mut node, from, to) in partition.open(ask, range)? {
            node.each(from, to, &mut |base, window| {
                for at in window.iter() {
                    if own.read(partition.day, segment, base + at).is_break() {
                        return ControlFlow::Break(());
                    }
                }
                ControlFlow::Continue(())
            });
        }
        Ok(own.found.into_iter().map(|Reverse(Ranked(found))| found).collect())
    }

    /// Adds a document; breaks when all later ones of its segment are too old.
    fn read(&mut self, day: u32, segment: &Segment, document: u32) -> ControlFlow<()> {
        let time = segment.time(document);
        let is_older = |oldest: &Reverse<Ranked>| time < oldest.0.0.time;
        if self.found.len() >= self.limit && self.found.peek().is_some_and(is_older) {
            return ControlFlow::Break(());
        }
        let position = Position { time, id: segment.id(day, document) };
        if self.after.is_none_or(|after| position < after) {
            let aggregate = AggregateId(segment.aggregate.get(document) as u32);
            let target = TargetId(segment.target.get(document) as u32);
            self.add(Found { id: position.id, time, aggregate, target });
        }
        ControlFlow::Continue(())
    }

    fn add(&mut self, found: Found) {
        if self.found.len() >= self.limit {
            if self.found.peek().is_none_or(|Reverse(oldest)| found.position() < oldest.0.position()) {
                return;
            }
            self.found.pop();
        }
        self.found.push(Reverse(Ranked(found)));
    }
}
