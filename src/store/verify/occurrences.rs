//! References to occurrences, the blocks in which these are, and the stacks that they use.

use std::collections::{BTreeMap, BTreeSet};

use roaring::RoaringBitmap;
use rustc_hash::FxHashMap;
use xxhash_rust::xxh3::xxh3_64;

use super::records::Records;
use super::{Finding, Look, Place, Problem};
use crate::model::id::{AggregateId, OccurrenceId};
use crate::store::occurrence::{DayFile, Partitions, Reading, Seen, name_of, stack};
use crate::store::reference::{self, Run, Runs};
use crate::store::{column, table};

/// Occurrences as a sum in which their order does not matter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Sum {
    count: u64,
    hashes: u64,
}

impl Sum {
    fn add(&mut self, aggregate: AggregateId, id: OccurrenceId) {
        let mut bytes = [0; 20];
        let fields =
            [&aggregate.0.to_le_bytes()[..], &id.day.to_le_bytes(), &id.commit.to_le_bytes(), &id.index.to_le_bytes()];
        for (to, from) in bytes.iter_mut().zip(fields.into_iter().flatten()) {
            *to = *from;
        }
        self.count += 1;
        self.hashes = self.hashes.wrapping_add(xxh3_64(&bytes));
    }
}

/// References of the log, and the last commit whose references are in their table.
pub(super) type Recent = Option<(FxHashMap<AggregateId, Runs>, u64)>;

impl Look<'_> {
    pub(super) fn occurrences(
        &mut self,
        partitions: &Partitions,
        files: Vec<DayFile>,
        records: &Records,
        recent: &Recent,
        counted: &mut BTreeMap<u32, BTreeMap<u64, u64>>,
    ) {
        let stacks = self.stacks();
        let (referenced, oldest) = self.references(records, recent.as_ref());
        // Without any the oldest file is that of the day of which they went.
        let oldest = oldest.unwrap_or_else(|| files.first().map_or(0, |file| file.day));
        let thinned: BTreeSet<u32> = partitions
            .rewritten(self.transaction)
            .unwrap_or_default()
            .into_iter()
            .filter(|(_, _, thinned)| thinned.removed > 0)
            .map(|(day, _, _)| day)
            .collect();
        for DayFile { day, reading, .. } in files {
            if !(self.goes_on)() {
                return;
            }
            let date = name_of(day).unwrap_or_default();
            let Some(reading) = reading else {
                let finding = Finding::new("occurrences", date, "the file is not there");
                self.tell(finding.at(Place::Occurrences(day)));
                continue;
            };
            let (commits, sum) = self.day(partitions, (day, &reading), records, &stacks);
            counted.insert(day, commits);
            let refers = referenced.get(&day).copied().unwrap_or_default();
            // Of the oldest day references may be gone already, and of one that was thinned they outlive what they refer to.
            let agrees = match recent {
                None => true,
                Some(_) if thinned.contains(&day) => refers.count >= sum.count || day <= oldest,
                Some(_) if day <= oldest => refers.count <= sum.count,
                Some(_) => refers == sum,
            };
            if !agrees {
                let what = format!("references name {} occurrences, its file has {}", refers.count, sum.count);
                self.tell(Finding::new("references", date, what).at(Place::Occurrences(day)));
            }
        }
    }

    /// Which stacks there are.
    fn stacks(&mut self) -> RoaringBitmap {
        let mut ids = RoaringBitmap::new();
        let mut problems = Vec::new();
        let read = stack::check(self.transaction, &mut |id, problem| match problem {
            None => drop(ids.insert(id.0)),
            Some(problem) => problems.push((id, problem)),
        });
        for (id, problem) in problems {
            self.tell(Finding::new("stacks", id.0.to_string(), problem));
        }
        if let Err(error) = read {
            self.tell(Finding::new("stacks", "", error.to_string()));
        }
        ids
    }

    /// What references name on each day, and the day up to which some may be gone: retention and sealing each have their own clock.
    fn references(
        &mut self,
        records: &Records,
        recent: Option<&(FxHashMap<AggregateId, Runs>, u64)>,
    ) -> (BTreeMap<u32, Sum>, Option<u32>) {
        let mut sums: BTreeMap<u32, Sum> = BTreeMap::new();
        let mut add = |aggregate: AggregateId, runs: &mut dyn Iterator<Item = Run>| {
            for id in runs.flat_map(Run::ids) {
                sums.entry(id.day).or_default().add(aggregate, id);
            }
        };
        let mut keys: BTreeSet<(u32, u32)> = BTreeSet::new();
        let mut oldest = u32::MAX;
        self.rows(table::REFERENCES, |(window, aggregate), row| {
            let (before, runs) = reference::decode(row)?;
            oldest = oldest.min(window);
            add(AggregateId(aggregate), &mut runs.into_iter());
            records.aggregate(aggregate)?;
            Problem::unless(before.is_none_or(|before| before < window), || "the row before is not older".to_owned())?;
            let may_be_gone = |before: u32| before / column::WINDOWS_A_DAY <= oldest / column::WINDOWS_A_DAY;
            let there = before.is_none_or(|before| may_be_gone(before) || keys.contains(&(before, aggregate)));
            keys.insert((window, aggregate));
            Problem::unless(there, || format!("there is no row {before:?} before it"))
        });
        for (id, known) in &records.aggregates {
            let expected = |window: &u32| window / column::WINDOWS_A_DAY > oldest / column::WINDOWS_A_DAY;
            if let Some(window) = known.referenced.filter(expected)
                && !keys.contains(&(window, *id))
            {
                self.tell(Finding::new(
                    "aggregates",
                    id.to_string(),
                    format!("there are no references of window {window}"),
                ));
            }
        }
        for (aggregate, runs) in recent.iter().flat_map(|(recent, _)| recent.iter()) {
            add(*aggregate, &mut runs.iter());
        }
        let oldest = (oldest != u32::MAX).then_some(oldest / column::WINDOWS_A_DAY);
        (sums, oldest)
    }

    /// Looks through a day's file: how many occurrences each commit brought, and their sum.
    fn day(
        &mut self,
        partitions: &Partitions,
        (day, reading): (u32, &Reading),
        records: &Records,
        stacks: &RoaringBitmap,
    ) -> (BTreeMap<u64, u64>, Sum) {
        let (mut commits, mut sum) = (BTreeMap::new(), Sum::default());
        let mut problems: Vec<(String, String)> = Vec::new();
        let in_use = partitions.stacks_of(self.transaction, day);
        let used = in_use.as_ref().ok();
        let read = partitions.look(self.transaction, (day, reading), &mut |seen| match seen {
            Seen::Problem { key, what } => problems.push((key, what)),
            Seen::Occurrence { id, record } => {
                *commits.entry(id.commit).or_default() += 1;
                sum.add(record.aggregate, id);
                let key = || format!("{:?}", (day, id.commit, id.index));
                if let Err(Problem(what)) = records.aggregate(record.aggregate.0).map(drop) {
                    problems.push((key(), what));
                }
                if let Err(Problem(what)) = records.target(record.target.0).map(drop) {
                    problems.push((key(), what));
                }
                for stack in std::iter::once(&record.stack).chain(&record.cause_stacks).flatten() {
                    if !stacks.contains(stack.0) {
                        problems.push((key(), format!("there is no stack {}", stack.0)));
                    }
                    if used.is_some_and(|used| !used.contains(stack.0)) {
                        problems.push((key(), format!("stack {} is not said to be in use", stack.0)));
                    }
                }
            }
        });
        let failed = [read.err().map(|error| error.to_string()), in_use.err().map(|error| error.to_string())];
        problems.extend(failed.into_iter().flatten().map(|what| (name_of(day).unwrap_or_default(), what)));
        for (key, what) in problems {
            self.tell(Finding::new("occurrences", key, what).at(Place::Occurrences(day)));
        }
        (commits, sum)
    }
}
