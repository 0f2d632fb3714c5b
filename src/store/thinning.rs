//! Relief: when occurrences take more room than they may, days are thinned.
//!
//! What is removed must not depend on who makes the most noise. So a day is not dropped because it is old: first the days keep
//! only the newest 20 occurrences of each aggregate, the oldest day first, then 5, then 1, counted over all days. An error
//! that happened once last month is still there then, when one that happens all the time has lost all but its newest. Only when
//! the newest of each aggregate are too much the oldest day goes whole.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use rustc_hash::FxHashMap;

use super::live::Live;
use super::occurrence::{Rewritten, Thinned};
use super::reference::{self, Run, Runs};
use super::{DATABASE, Error, Store, table};
use crate::model::id::{AggregateId, OccurrenceId};

/// How many of the newest occurrences of each aggregate are kept, step by step.
const KEEP: [u32; 3] = [20, 5, 1];

/// A day is thinned when it loses a share of this many at least: rewriting it for less is not worth it.
const SHARE_MIN: u64 = 10;

/// What relieves the disk: made beside commits ([`Store::prepare_relief`]), put into effect by the one writer
/// ([`Store::relieve`]).
#[derive(Debug)]
pub struct Relief(Step);

impl Relief {
    /// Whether a whole day goes.
    #[must_use]
    pub fn drops_a_day(&self) -> bool {
        matches!(self.0, Step::Drop { .. })
    }
}

#[derive(Debug)]
enum Step {
    Thin { rewritten: Box<Rewritten>, keep_max: u32 },
    Drop { day: u32 },
}

/// What was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relieved {
    /// Occurrences of a day that had newer ones of the same aggregate beside them.
    Thinned {
        /// Which day.
        day: u32,
        /// How many.
        removed: u64,
    },
    /// A whole day.
    Dropped {
        /// Which.
        day: u32,
    },
    /// Nothing: the day has changed meanwhile.
    Nothing,
}

/// A day's file of occurrences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition {
    /// Days since 1970-01-01 UTC.
    pub day: u32,
    /// How often it was rewritten. Whoever has derived something from the file has to derive it anew when this is another.
    pub generation: u32,
    /// The last commit that brought any.
    pub commit: u64,
    /// Bytes of its occurrences.
    pub bytes: u64,
    /// Occurrences that were removed from it.
    pub removed: u64,
}

/// The newest occurrences of each aggregate, and how many each day has.
struct Newest {
    kept: FxHashMap<AggregateId, Vec<Run>>,
    /// Day → how many of its occurrences are among `kept`.
    of_day: BTreeMap<u32, u64>,
}

impl Newest {
    fn has(&self, aggregate: AggregateId, id: OccurrenceId) -> bool {
        let within = |run: &Run| {
            let OccurrenceId { commit, index, day } = run.first;
            (commit, day) == (id.commit, id.day) && (index..index.saturating_add(run.count)).contains(&id.index)
        };
        self.kept.get(&aggregate).is_some_and(|runs| runs.iter().any(within))
    }
}

impl Store {
    /// Finds out what to remove so that occurrences take at most `bytes_max`, one day at a time; `None` when there is nothing to
    /// do. Reads and writes a whole day, which takes a second for a million occurrences, but nobody waits for it.
    ///
    /// # Errors
    /// When something can not be read or written; nothing has changed then.
    pub fn prepare_relief(&self, bytes_max: u64) -> Result<Option<Relief>, Error> {
        let (recent, transaction) = {
            let live = self.live_read();
            let transaction = self.read()?;
            let days = self.partitions.all(&transaction)?;
            if days.iter().map(|day| day.bytes).sum::<u64>() <= bytes_max {
                return Ok(None);
            }
            (recent(&live), transaction)
        };
        let days = self.partitions.thinned(&transaction)?;
        let Some((oldest, _)) = days.first() else { return Ok(None) };
        let totals = totals(&transaction, &recent, &days)?;
        for keep_max in KEEP {
            let newest = newest(&transaction, &recent, keep_max, *oldest)?;
            for (day, _) in &days {
                let total = totals.get(day).copied().unwrap_or(0);
                let kept = newest.of_day.get(day).copied().unwrap_or(0);
                if total.saturating_sub(kept) * SHARE_MIN < total.max(1) {
                    continue;
                }
                let rewritten = self.partitions.rewrite(&transaction, *day, &|of, id| newest.has(of, id))?;
                return Ok(Some(Relief(Step::Thin { rewritten: Box::new(rewritten), keep_max })));
            }
        }
        // The last day is the one that is written to.
        Ok((days.len() > 1).then_some(Relief(Step::Drop { day: *oldest })))
    }

    /// Puts a relief into effect. The old file is removed by the next [`Store::retain`] or relief, when nobody reads it any more.
    ///
    /// # Errors
    /// When the transaction fails: the store takes no more writes then.
    pub fn relieve(&self, relief: Relief) -> Result<Relieved, Error> {
        self.check()?;
        self.apply_relief(relief).map_err(|error| self.poison(error))
    }

    fn apply_relief(&self, Relief(step): Relief) -> Result<Relieved, Error> {
        self.sweep()?;
        let transaction = self.begin_to_remove()?;
        let relieved = match &step {
            Step::Thin { rewritten, keep_max } => {
                if !self.partitions.replace(&transaction, rewritten, *keep_max)? {
                    return Ok(Relieved::Nothing);
                }
                Relieved::Thinned { day: rewritten.day(), removed: rewritten.removed() }
            }
            Step::Drop { day } => {
                self.partitions.forget_before(&transaction, day + 1)?;
                Relieved::Dropped { day: *day }
            }
        };
        let used = self.partitions.stacks_in_use(&transaction)?;
        self.stacks.lock().unwrap_or_else(PoisonError::into_inner).retain(
            &transaction,
            &used,
            &self.path.join(DATABASE),
        )?;
        transaction.commit().map_err(Error::database("commit what was thinned"))?;
        if let Step::Drop { day } = step {
            self.partitions.drop_before(day + 1)?;
        }
        self.changes.notify();
        Ok(relieved)
    }

    /// Removes files of occurrences that were replaced.
    pub(super) fn sweep(&self) -> Result<(), Error> {
        Ok(self.partitions.sweep(&self.read()?, false)?)
    }
}

/// References that are not in their table yet.
fn recent(live: &Live) -> FxHashMap<AggregateId, Runs> {
    live.references.clone()
}

/// How many occurrences each day has.
fn totals(
    transaction: &redb::ReadTransaction,
    recent: &FxHashMap<AggregateId, Runs>,
    days: &[(u32, Thinned)],
) -> Result<BTreeMap<u32, u64>, Error> {
    let mut totals: BTreeMap<u32, (u64, u64)> =
        days.iter().map(|(day, thinned)| (*day, (thinned.commit, thinned.kept))).collect();
    let mut add = |run: Run| {
        if let Some((commit, total)) = totals.get_mut(&run.first.day)
            && run.first.commit > *commit
        {
            *total += u64::from(run.count);
        }
    };
    recent.values().flat_map(Runs::iter).for_each(&mut add);
    let rows = transaction.open_table(table::REFERENCES).map_err(Error::database("open references"))?;
    for row in rows.range::<(u32, u32)>(..).map_err(Error::database("read references"))? {
        let (key, value) = row.map_err(Error::database("read references"))?;
        let (_, runs) = reference::decode(value.value()).map_err(Error::corrupt("references", key.value()))?;
        runs.into_iter().for_each(&mut add);
    }
    Ok(totals.into_iter().map(|(day, (_, total))| (day, total)).collect())
}

/// The newest `keep_max` occurrences of each aggregate on `first_day` or later: what was removed before that still has references.
fn newest(
    transaction: &redb::ReadTransaction,
    recent: &FxHashMap<AggregateId, Runs>,
    keep_max: u32,
    first_day: u32,
) -> Result<Newest, Error> {
    let mut newest = Newest { kept: FxHashMap::default(), of_day: BTreeMap::new() };
    let mut taken: FxHashMap<AggregateId, u32> = FxHashMap::default();
    let mut take = |aggregate: AggregateId, runs: &[Run]| {
        let taken = taken.entry(aggregate).or_default();
        for run in runs.iter().rev().filter(|run| run.first.day >= first_day) {
            let count = run.count.min(keep_max - *taken);
            if count == 0 {
                break;
            }
            *taken += count;
            let first = OccurrenceId { index: run.first.index.saturating_add(run.count - count), ..run.first };
            newest.kept.entry(aggregate).or_default().push(Run { first, count });
            *newest.of_day.entry(first.day).or_default() += u64::from(count);
        }
    };
    for (aggregate, runs) in recent {
        take(*aggregate, &runs.iter().collect::<Vec<_>>());
    }
    let rows = transaction.open_table(table::REFERENCES).map_err(Error::database("open references"))?;
    for row in rows.range::<(u32, u32)>(..).map_err(Error::database("read references"))?.rev() {
        let (key, value) = row.map_err(Error::database("read references"))?;
        let (_, aggregate) = key.value();
        let (_, runs) = reference::decode(value.value()).map_err(Error::corrupt("references", key.value()))?;
        take(AggregateId(aggregate), &runs);
    }
    Ok(newest)
}
