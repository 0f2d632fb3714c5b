//! What relief goes by: the newest occurrences of each aggregate over all days, and how many occurrences each day has.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::occurrence::Thinned;
use super::reference::{self, Run};
use super::thinning::Partition;
use super::{Error, Store, table};
use crate::model::id::{AggregateId, OccurrenceId};

/// How many of the newest occurrences of each aggregate are kept, step by step.
const KEEP: [u32; 3] = [20, 5, 1];

/// A day is thinned when it loses a share of this many at least: rewriting it for less is not worth it.
const SHARE_MIN: u64 = 10;

/// All occurrences up to a commit, counted. It stays true while days are thinned by it; what comes later is the newest there is.
#[derive(Debug)]
pub struct Census {
    /// The last commit that is counted.
    commit: u64,
    /// The newest of each aggregate, newest first, as many as the first step keeps.
    newest: FxHashMap<AggregateId, Vec<Run>>,
    days: BTreeMap<u32, DayCount>,
    /// There was nothing to thin when it was taken: dropping days changes nothing about that.
    pub(super) is_used_up: bool,
}

/// The occurrences of a day.
#[derive(Debug)]
struct DayCount {
    /// The last commit of which some were removed before.
    thinned: u64,
    total: u64,
    /// How many of them are among the newest, by step.
    newest: [u64; KEEP.len()],
}

impl DayCount {
    /// How many stay after a step, if enough go.
    fn stay(&self, step: usize) -> Option<u64> {
        let do_enough_go =
            |newest: &u64| self.total > 0 && self.total.saturating_sub(*newest) * SHARE_MIN >= self.total;
        self.newest.get(step).copied().filter(do_enough_go)
    }
}

impl Census {
    /// Reads all references: half a microsecond each, and of each aggregate there is a row for every window that brought samples.
    pub(super) fn take(store: &Store) -> Result<Self, Error> {
        // The transaction may be younger than the memory, and hold what that has, too.
        let (waiting, commit, referenced_commit, transaction) = {
            let live = store.live_read();
            (live.references.clone(), live.commit, live.referenced_commit, store.read()?)
        };
        let counted = |(day, thinned): (u32, Thinned)| {
            (day, DayCount { thinned: thinned.commit, total: thinned.kept, newest: [0; KEEP.len()] })
        };
        let days = store.partitions.thinned(&transaction)?.into_iter().map(counted).collect();
        let mut census = Self { commit, newest: FxHashMap::default(), days, is_used_up: false };
        let mut taken = FxHashMap::default();
        for (aggregate, runs) in &waiting {
            census.count(taken.entry(*aggregate).or_default(), *aggregate, &runs.iter().collect::<Vec<_>>());
        }
        let rows = transaction.open_table(table::REFERENCES).map_err(Error::database("open references"))?;
        for row in rows.range::<(u32, u32)>(..).map_err(Error::database("read references"))?.rev() {
            let (key, value) = row.map_err(Error::database("read references"))?;
            let aggregate = AggregateId(key.value().1);
            let (_, mut runs) = reference::decode(value.value()).map_err(Error::corrupt("references", key.value()))?;
            runs.retain(|run| run.first.commit <= referenced_commit);
            census.count(taken.entry(aggregate).or_default(), aggregate, &runs);
        }
        Ok(census)
    }

    /// Counts references of an aggregate, oldest first, that are older than those of it before; `taken` of its newest are known.
    fn count(&mut self, taken: &mut u32, aggregate: AggregateId, runs: &[Run]) {
        for run in runs.iter().rev() {
            // What was removed still has references: of days that are gone, and of what a day had before it was thinned.
            let Some(day) = self.days.get_mut(&run.first.day) else { continue };
            if run.first.commit > day.thinned {
                day.total += u64::from(run.count);
            }
            let count = run.count.min(KEEP[0] - *taken);
            if count == 0 {
                continue;
            }
            for (keep_max, newest) in KEEP.iter().zip(&mut day.newest) {
                *newest += u64::from(count.min(keep_max.saturating_sub(*taken)));
            }
            *taken += count;
            let first = OccurrenceId { index: run.first.index.saturating_add(run.count - count), ..run.first };
            self.newest.entry(aggregate).or_default().push(Run { first, count });
        }
    }

    /// The next day to thin, and how many of each aggregate's newest it keeps: the oldest that loses enough by the first step by
    /// which any does. It counts as thinned from now on. `days` are those there are.
    pub(super) fn day_to_thin(&mut self, days: &[Partition]) -> Option<(u32, u32)> {
        for (step, keep_max) in KEEP.into_iter().enumerate() {
            for Partition { day, .. } in days {
                if let Some(count) = self.days.get_mut(day)
                    && let Some(stay) = count.stay(step)
                {
                    count.total = stay;
                    return Some((*day, keep_max));
                }
            }
        }
        None
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
