//! What relief goes by: the newest occurrences of each aggregate over all days, and how many occurrences each day has.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::reference::{self, Run};
use super::thinning::Partition;
use super::{Error, Store, table};
use crate::model::id::{AggregateId, OccurrenceId};

/// How many of the newest occurrences of each aggregate are kept, step by step.
const KEEP: [u32; 3] = [20, 5, 1];

/// A day is thinned when it loses a share of this many at least: rewriting it for less is not worth it.
const SHARE_MIN: u64 = 10;

/// All occurrences up to a commit, counted, and what is to be done about them. It stays true while that is done, a day at a time; what
/// comes later is newer than all of it.
#[derive(Debug)]
pub struct Census {
    /// The last commit that is counted.
    commit: u64,
    /// The newest of each aggregate, newest first, as many as the first step keeps.
    newest: FxHashMap<AggregateId, Vec<Run>>,
    days: BTreeMap<u32, DayCount>,
    plan: Plan,
    /// For which limit.
    bytes_max: u64,
}

/// The occurrences of a day.
#[derive(Debug)]
struct DayCount {
    /// The commit of its oldest.
    first_commit: u64,
    /// The last commit of which some were removed before.
    thinned_commit: u64,
    total: u64,
    /// How many of them are among the newest, by step.
    among_newest: [u64; KEEP.len()],
}

/// What makes room.
#[derive(Debug, Clone, Copy)]
enum Plan {
    /// Thinning all days that lose enough by this step.
    Thin { step: usize },
    /// Dropping the days before this one.
    Drop { before: u32 },
}

/// The next day, and what to do with it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Next {
    /// Keep so many of each aggregate's newest.
    Thin {
        day: u32,
        keep_max: u32,
    },
    Drop {
        day: u32,
    },
}

impl DayCount {
    /// How many stay after a step, if enough go.
    fn stay(&self, step: usize) -> Option<u64> {
        let do_enough_go = |stay: &u64| self.total > 0 && self.total.saturating_sub(*stay) * SHARE_MIN >= self.total;
        self.among_newest.get(step).copied().filter(do_enough_go)
    }
}

impl Census {
    /// Reads all references: half a microsecond each, and of each aggregate there is a row for every window that brought samples.
    pub(super) fn take(store: &Store, bytes_max: u64) -> Result<Self, Error> {
        // The transaction may be younger than the memory, and hold what that has, too.
        let (waiting, commit, referenced_commit, transaction) = {
            let live = store.live_read();
            (live.references.clone(), live.commit, live.referenced_commit, store.read()?)
        };
        let mut days = BTreeMap::new();
        for (day, first_commit, thinned) in store.partitions.rewritten(&transaction)? {
            let (thinned_commit, total) = (thinned.commit, thinned.kept);
            days.insert(day, DayCount { first_commit, thinned_commit, total, among_newest: [0; KEEP.len()] });
        }
        let mut census = Self { commit, newest: FxHashMap::default(), days, plan: Plan::Drop { before: 0 }, bytes_max };
        let mut taken = FxHashMap::default();
        for (aggregate, runs) in waiting {
            census.count(taken.entry(aggregate).or_default(), aggregate, &runs.iter().collect::<Vec<_>>());
        }
        let rows = transaction.open_table(table::REFERENCES).map_err(Error::database("open references"))?;
        for row in rows.range::<(u32, u32)>(..).map_err(Error::database("read references"))?.rev() {
            let (key, value) = row.map_err(Error::database("read references"))?;
            let aggregate = AggregateId(key.value().1);
            let (_, mut runs) = reference::decode(value.value()).map_err(Error::corrupt("references", key.value()))?;
            runs.retain(|run| run.first.commit <= referenced_commit);
            census.count(taken.entry(aggregate).or_default(), aggregate, &runs);
        }
        census.plan = census.plan(&store.partitions.all(&transaction)?);
        Ok(census)
    }

    /// Counts references of an aggregate, oldest first, that are older than those of it before; `taken` of its newest are known.
    fn count(&mut self, taken: &mut u32, aggregate: AggregateId, runs: &[Run]) {
        for run in runs.iter().rev() {
            // What was removed still has references: of days that are gone, though one may have been written to again since then,
            // and of what a day had before it was thinned.
            let day = self.days.get_mut(&run.first.day).filter(|day| day.first_commit <= run.first.commit);
            let Some(day) = day else { continue };
            if run.first.commit > day.thinned_commit {
                day.total += u64::from(run.count);
            }
            let count = run.count.min(KEEP[0] - *taken);
            if count == 0 {
                continue;
            }
            for (keep_max, among_newest) in KEEP.iter().zip(&mut day.among_newest) {
                *among_newest += u64::from(count.min(keep_max.saturating_sub(*taken)));
            }
            *taken += count;
            let first = OccurrenceId { index: run.first.index.saturating_add(run.count - count), ..run.first };
            self.newest.entry(aggregate).or_default().push(Run { first, count });
        }
    }

    /// Days are thinned by the first step by which any loses enough. They are dropped, the oldest first, when nothing can be thinned,
    /// or what could be is so little that the others alone take too much; never the one that is written to.
    fn plan(&self, partitions: &[Partition]) -> Plan {
        let any_loses = |step: &usize| self.days.values().any(|day| day.stay(*step).is_some());
        let loses =
            |day: u32| self.days.get(&day).is_some_and(|day| (0..KEEP.len()).any(|step| day.stay(step).is_some()));
        let mut fixed_bytes: u64 = partitions.iter().filter(|part| !loses(part.day)).map(|part| part.bytes).sum();
        let thinnable = (0..KEEP.len()).find(any_loses);
        if let Some(step) = thinnable
            && fixed_bytes <= self.bytes_max
        {
            return Plan::Thin { step };
        }
        let latest = partitions.iter().map(|part| part.commit).max();
        let mut before = 0;
        for part in partitions.iter().take_while(|part| Some(part.commit) < latest) {
            if fixed_bytes <= self.bytes_max {
                break;
            }
            before = part.day.saturating_add(1);
            fixed_bytes -= if loses(part.day) { 0 } else { part.bytes };
        }
        match thinnable {
            Some(step) if before == 0 => Plan::Thin { step },
            _ => Plan::Drop { before },
        }
    }

    /// Whether its plan does for this limit: under a higher one it might remove too much.
    pub(super) fn is_for(&self, bytes_max: u64) -> bool {
        bytes_max <= self.bytes_max
    }

    /// What is to be done next; it counts as done from now on. `None` when all is. `days` are those there are.
    pub(super) fn next(&mut self, days: &[Partition]) -> Option<Next> {
        match self.plan {
            Plan::Thin { step } => {
                let keep_max = *KEEP.get(step)?;
                days.iter().find_map(|Partition { day, .. }| {
                    let count = self.days.get_mut(day)?;
                    count.total = count.stay(step)?;
                    Some(Next::Thin { day: *day, keep_max })
                })
            }
            // Should one be written to since then, because the clock was set back, it is not the same day.
            Plan::Drop { before } => {
                let known = |first: &&Partition| first.day < before && first.commit <= self.commit;
                days.first().filter(known).map(|first| Next::Drop { day: first.day })
            }
        }
    }

    /// Whether an occurrence is among the newest `keep_max` of its aggregate.
    pub(super) fn keeps(&self, aggregate: AggregateId, id: OccurrenceId, keep_max: u32) -> bool {
        if id.commit > self.commit {
            return true;
        }
        let mut left = keep_max;
        let mut is_newest = |run: &Run| {
            let count = run.count.min(left);
            left -= count;
            let OccurrenceId { commit, index, day } = run.first;
            let end = index.saturating_add(run.count);
            (commit, day) == (id.commit, id.day) && (end - count..end).contains(&id.index)
        };
        self.newest.get(&aggregate).is_some_and(|runs| runs.iter().any(&mut is_newest))
    }
}
