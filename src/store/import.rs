//! Importing: whole windows of history in one transaction, without the log's detour of a row for each scrape.
//!
//! An import is a sequence of portions. Each is one durable transaction with the caller's own marks of how far it got, so
//! that a kill at any time leaves a store that agrees with its marks. Points of sealed windows become columns at once and are
//! added to what is there; points of windows that are still open go the way of scrapes, through the log into the head.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::change::Baseline;
use super::column::{Tables, WINDOWS_A_DAY};
use super::commit::Sampled;
use super::coverage::{TargetWindow, Watched, joined_row};
use super::directory::{ServiceRecord, TargetRecord};
use super::instance::{Instance, InstanceKey};
use super::live::{AsOf, Live};
use super::log::{Entry, EntryOutcome};
use super::point::{Encoded, add_totals};
use super::record::{self, AggregateRow};
use super::reference::{self, Run, Runs};
use super::span::{self, Late, LateRow};
use super::triage::Pending;
use super::window::{Slot, WINDOW_SECONDS, Window};
use super::{Error, Store, table};
use crate::model::aggregate::Aggregate;
use crate::model::id::{AggregateId, InstanceId, OccurrenceId, ServiceId, TargetId};
use crate::model::occurrence::Occurrence;
use crate::model::time::{Millis, Timestamp};
use crate::model::triage::Triage;

/// Late counts in one row: a query that touches one of them reads them all.
const LATE_ROW_MAX: usize = 1024;

/// What is known of a process: with it, the next scrape goes on where the import ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its service.
    pub service: ServiceId,
    /// What identifies it.
    pub key: InstanceKey,
    /// The target at which it was seen last.
    pub target: TargetId,
    /// When it was seen last.
    pub last_success: Option<Timestamp>,
    /// Aggregates ascending.
    pub baselines: Vec<(AggregateId, Baseline)>,
}

/// A count somewhere in `(from, to]`; at exactly `from` when both are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spread {
    /// Its aggregate.
    pub aggregate: AggregateId,
    /// Its target.
    pub target: TargetId,
    /// Begin of the gap, not in it.
    pub from: Timestamp,
    /// End of the gap, in it.
    pub to: Timestamp,
    /// How often.
    pub count: u64,
}

/// A sample of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Its aggregate.
    pub aggregate: AggregateId,
    /// Where it was scraped.
    pub target: TargetId,
    /// What the client exposed.
    pub occurrence: Occurrence,
}

/// A row of the importer's own: the kind of row and its key.
pub type Mark = (u8, u128);

/// What one transaction of an import adds.
#[derive(Debug, Default)]
pub struct Portion<'a> {
    /// When it is imported: the time of what changes in the triage of aggregates that are known.
    pub at: Timestamp,
    /// New services; their ids are the next ones.
    pub services: Vec<ServiceRecord>,
    /// New targets, whose ids are the next ones, and changed ones.
    pub targets: Vec<TargetRecord>,
    /// New aggregates, whose ids are the next ones, and changed ones.
    pub aggregates: Vec<Aggregate>,
    /// Processes, each once. What the store knows of a process that it saw later itself stays.
    pub processes: Vec<Process>,
    /// Counts, which are added to the totals of their aggregates.
    pub counts: Encoded,
    /// How targets were watched.
    pub watched: Vec<Watched>,
    /// Counts whose time is not known to the second, added to the totals too.
    pub spread: &'a [Spread],
    /// Samples, and the day of their partition.
    pub samples: Option<(u32, &'a [Sample])>,
    /// Rows of the importer's own: written, or removed where there is nothing.
    pub marks: Vec<(Mark, Option<Vec<u8>>)>,
}

impl Store {
    /// Makes everything in `portion` durable and visible, all of it or nothing.
    ///
    /// # Errors
    /// When it could not be made durable: the store takes no more writes then.
    pub fn import(&self, portion: Portion<'_>) -> Result<(), Error> {
        self.check()?;
        let resting: Vec<InstanceId> = {
            let live = self.live_read();
            let known =
                portion.processes.iter().filter_map(|process| live.instances.find(process.service, &process.key));
            known.filter(|id| live.instances.is_resting(*id)).collect()
        };
        self.wake(&self.read_instances(&resting)?);
        let prepared = Prepared::new(&self.live_read(), portion);
        self.write_portion(&prepared).map_err(|error| self.poison(error))?;
        prepared.apply(&mut self.live_write());
        Ok(())
    }

    fn write_portion(&self, prepared: &Prepared<'_>) -> Result<(), Error> {
        let transaction = self.begin()?;
        if let Some((day, samples)) = prepared.portion.samples {
            let sampled: Vec<Sampled<'_>> = samples
                .iter()
                .map(|sample| Sampled {
                    aggregate: sample.aggregate,
                    target: sample.target,
                    occurrence: &sample.occurrence,
                })
                .collect();
            self.write_occurrences(&transaction, (day, prepared.number), &sampled)?;
        }
        prepared.write(&self.live_read(), &transaction)?;
        transaction.commit().map_err(Error::database("commit an import"))
    }
}

/// A portion turned into rows, against the state it will be applied to.
struct Prepared<'a> {
    /// Its commit; open windows and rows of late counts take further numbers.
    number: u64,
    last: u64,
    portion: Portion<'a>,
    /// All records that are new or change, as they will be.
    aggregates: BTreeMap<AggregateId, Aggregate>,
    instances: Vec<(InstanceId, Instance)>,
    entries: Vec<(u64, TargetId, Entry)>,
    /// Coverage of sealed windows.
    watched: BTreeMap<(Window, ServiceId), Vec<(TargetId, TargetWindow)>>,
    late: Vec<(u64, Vec<Late>)>,
    /// All references that are not in their table, with the window under which they will be.
    references: BTreeMap<AggregateId, (u32, Runs)>,
    /// What changes in the triage of aggregates that are known.
    triage: Pending,
}

impl<'a> Prepared<'a> {
    fn new(live: &Live, mut portion: Portion<'a>) -> Self {
        let number = live.commit + 1;
        let mut prepared = Self {
            number,
            last: number,
            aggregates: std::mem::take(&mut portion.aggregates).into_iter().map(|one| (one.id, one)).collect(),
            instances: Vec::new(),
            entries: Vec::new(),
            watched: BTreeMap::new(),
            late: Vec::new(),
            references: BTreeMap::new(),
            triage: Pending::default(),
            portion,
        };
        let mut totals = prepared.portion.counts.totals.clone();
        add_totals(&mut totals, prepared.portion.spread.iter().map(|spread| (spread.aggregate, spread.count)));
        for (id, count) in totals {
            if let Some(record) = prepared.record(live, id) {
                record.total = record.total.saturating_add(count);
            }
        }
        prepared.add_processes(live);
        prepared.add_open_windows(live);
        for chunk in prepared.portion.spread.chunks(LATE_ROW_MAX) {
            let row = chunk.iter().map(|spread| Late {
                aggregate: spread.aggregate,
                target: spread.target,
                from: spread.from,
                to: spread.to,
                count: spread.count,
            });
            prepared.last += 1;
            prepared.late.push((prepared.last, row.collect()));
        }
        prepared.add_references(live);
        for (id, record) in &prepared.aggregates {
            if let Some(known) = live.directory.aggregate(*id).filter(|known| known.triage != record.triage) {
                prepared.triage.imported(known, &record.triage, prepared.portion.at);
            }
        }
        prepared.triage.prepare(live);
        prepared
    }

    /// The record of an aggregate, to be changed.
    fn record(&mut self, live: &Live, id: AggregateId) -> Option<&mut Aggregate> {
        if let std::collections::btree_map::Entry::Vacant(place) = self.aggregates.entry(id) {
            place.insert(live.directory.aggregate(id)?.clone());
        }
        self.aggregates.get_mut(&id)
    }

    fn add_processes(&mut self, live: &Live) {
        let mut next = live.instances.next();
        for process in std::mem::take(&mut self.portion.processes) {
            let known = live.instances.find(process.service, &process.key);
            let id = known.unwrap_or_else(|| {
                next += 1;
                InstanceId(next - 1)
            });
            let before = known.and_then(|id| live.instances.get(id));
            if before.is_some_and(|before| before.last_success >= process.last_success) {
                continue;
            }
            let mut baselines = before.map_or_else(FxHashMap::default, |before| before.baselines.clone());
            let keys = before.map_or(0, |before| before.keys);
            baselines.extend(process.baselines);
            let Process { service, key, target, last_success, .. } = process;
            self.instances.push((id, Instance { service, key, target, last_success, keys, baselines }));
        }
    }

    /// Entries of the log for windows that are not sealed, one for each window and target, and the coverage of the others.
    fn add_open_windows(&mut self, live: &Live) {
        type Counts = BTreeMap<AggregateId, Vec<(Slot, u64)>>;
        let mut open: BTreeMap<Window, BTreeMap<TargetId, (Counts, Option<TargetWindow>)>> = BTreeMap::new();
        for (window, points) in &self.portion.counts.open {
            let window = Window(*window);
            let targets = open.entry(window).or_default();
            for point in points {
                let (counts, _) = targets.entry(point.target).or_default();
                let slot = Slot { window, offset: point.at % WINDOW_SECONDS };
                counts.entry(point.aggregate).or_default().push((slot, u64::from(point.count)));
            }
        }
        for seen in &self.portion.watched {
            let window = Window::of(seen.window);
            if window >= live.sealed {
                open.entry(window).or_default().entry(seen.target).or_default().1 = Some(seen.into());
            } else if let Some(target) = live.directory.target(seen.target) {
                self.watched.entry((window, target.service)).or_default().push((seen.target, seen.into()));
            }
        }
        for (window, targets) in open {
            self.last += 1;
            for (target, (counts, watched)) in targets {
                // A moment of the window, so that the entry leaves the log with it.
                let at = counts.values().flatten().map(|(slot, _)| slot.time()).max().unwrap_or(window.start());
                let outcome = EntryOutcome::Imported { counts: counts.into_iter().collect(), watched };
                let entry = Entry { at, interval: Millis(0), duration: Millis(0), body_bytes: 0, outcome };
                self.entries.push((self.last, target, entry));
            }
        }
    }

    /// References of the portion's samples, and all that wait in memory: the table is told up to which commit it has them.
    fn add_references(&mut self, live: &Live) {
        let Some((day, samples)) = self.portion.samples else { return };
        let now = Window::of(live.now);
        for (aggregate, references) in &live.references {
            self.references.insert(*aggregate, (live.reference_key(*aggregate, now), references.clone()));
        }
        let of_day = (day + 1).saturating_mul(WINDOWS_A_DAY) - 1;
        for (index, sample) in (0..).zip(samples) {
            let last = live.referenced.get(&sample.aggregate);
            let key = last.map_or(of_day, |last| of_day.max(last.saturating_add(1)));
            let (_, references) = self.references.entry(sample.aggregate).or_insert_with(|| (key, Runs::default()));
            references.push(Run { first: OccurrenceId { day, commit: self.number, index }, count: 1 });
        }
        let ids: Vec<AggregateId> = self.references.keys().copied().collect();
        for id in ids {
            self.record(live, id);
        }
    }

    fn write(&self, live: &Live, transaction: &redb::WriteTransaction) -> Result<(), Error> {
        let tables = Tables { transaction };
        self.write_records(live, &tables)?;
        self.write_counts(live, &tables)?;
        let write = Error::database::<redb::StorageError>;
        let open = Error::database::<redb::TableError>;
        let mut marks = transaction.open_table(table::IMPORTS).map_err(open("open marks"))?;
        for (key, mark) in &self.portion.marks {
            match mark {
                Some(mark) => marks.insert(*key, mark.as_slice()).map(drop),
                None => marks.remove(*key).map(drop),
            }
            .map_err(write("write a mark"))?;
        }
        let mut meta = transaction.open_table(table::META).map_err(open("open meta"))?;
        let next_instance = self.instances.iter().map(|(id, _)| id.0 + 1).max().unwrap_or(0).max(live.instances.next());
        let mut numbers =
            vec![(table::meta::COMMIT, self.last), (table::meta::NEXT_INSTANCE, u64::from(next_instance))];
        if self.portion.samples.is_some() {
            numbers.push((table::meta::REFERENCED, self.last));
        }
        for (name, value) in numbers {
            meta.insert(name, Some(value)).map_err(write("write meta"))?;
        }
        Ok(())
    }

    fn write_records(&self, live: &Live, tables: &Tables<'_>) -> Result<(), Error> {
        let corrupt = |error| Error::corrupt("records", "while writing")(error);
        let insert = |rows: &mut super::column::Rows<'_, u32>, id: u32, row: &[u8]| {
            rows.insert(id, row).map(drop).map_err(Error::database("write a record"))
        };
        let mut services = tables.open(table::SERVICES)?;
        for service in &self.portion.services {
            insert(&mut services, service.id.0, &record::encode_service(service))?;
        }
        let mut targets = tables.open(table::TARGETS)?;
        for target in &self.portion.targets {
            insert(&mut targets, target.id.0, &record::encode_target(self.number, target).map_err(corrupt)?)?;
        }
        let mut instances = tables.open(table::INSTANCES)?;
        for (id, instance) in &self.instances {
            insert(&mut instances, id.0, &instance.encode(self.number))?;
        }
        let mut aggregates = tables.open(table::AGGREGATES)?;
        for (id, aggregate) in &self.aggregates {
            let new = self.references.get(id).map(|(window, _)| *window);
            let referenced = new.or_else(|| live.referenced.get(id).copied());
            let row = AggregateRow { commit: self.number, referenced, aggregate: aggregate.clone() };
            insert(&mut aggregates, id.0, &record::encode_aggregate(&row).map_err(corrupt)?)?;
        }
        self.triage.write(live, tables.transaction)?;
        let mut triage = tables.open(table::TRIAGE)?;
        for (id, aggregate) in &self.aggregates {
            if live.directory.aggregate(*id).is_none() && aggregate.triage != Triage::default() {
                insert(&mut triage, id.0, &super::triage::encode_triage(0, &aggregate.triage))?;
            }
        }
        let mut references = tables.open(table::REFERENCES)?;
        for (aggregate, (window, ids)) in &self.references {
            let row = reference::encode(live.referenced.get(aggregate).copied(), ids);
            super::column::insert(&mut references, (*window, aggregate.0), &row)?;
        }
        Ok(())
    }

    fn write_counts(&self, live: &Live, tables: &Tables<'_>) -> Result<(), Error> {
        let columns = &self.portion.counts.columns;
        tables.columns(columns)?;
        let mut days: Vec<u32> = columns.iter().map(|columns| columns.window.0 / WINDOWS_A_DAY).collect();
        days.dedup();
        for day in days.into_iter().filter(|day| (day + 1) * WINDOWS_A_DAY <= live.sealed.0) {
            tables.close_day(&live.directory, day)?;
        }
        let mut coverage = tables.open(table::COVERAGE)?;
        for ((window, service), seen) in &self.watched {
            let key = (window.0, service.0);
            let row = {
                let old = redb::ReadableTable::get(&coverage, key).map_err(Error::database("read coverage"))?;
                joined_row(*window, old.as_ref().map(redb::AccessGuard::value), seen)
                    .map_err(Error::corrupt("coverage", key))?
            };
            super::column::insert(&mut coverage, key, &row)?;
        }
        let mut late = tables.open(table::LATE)?;
        for (number, row) in &self.late {
            super::column::insert(&mut late, *number, &span::encode(row))?;
        }
        let mut log = tables.open(table::LOG)?;
        for (number, target, entry) in &self.entries {
            super::column::insert(&mut log, (*number, target.0), &entry.encode(&live.instances))?;
        }
        Ok(())
    }

    /// The same change in memory.
    fn apply(self, live: &mut Live) {
        for service in self.portion.services {
            live.directory.add_service(service);
        }
        for target in self.portion.targets {
            live.now = live.now.max(target.health.last_scrape.unwrap_or_default());
            match live.directory.target_mut(target.id) {
                Some(known) => *known = target,
                None => live.directory.add_target(target),
            }
        }
        for (id, instance) in self.instances {
            live.instances.insert(id, instance);
        }
        self.triage.apply(live);
        for (id, record) in self.aggregates {
            if live.directory.aggregate(id).is_none() {
                live.directory.add_aggregate(record);
            } else {
                live.directory.change_aggregate(id, |aggregate| *aggregate = record);
            }
        }
        for (number, target, entry) in &self.entries {
            live.apply(*number, *target, entry, &AsOf::default());
        }
        for (number, row) in &self.late {
            live.late.extend(LateRow::new(*number, row));
        }
        if self.portion.samples.is_some() {
            live.referenced.extend(self.references.into_iter().map(|(aggregate, (window, _))| (aggregate, window)));
            live.references.clear();
            live.referenced_commit = self.last;
        }
        live.commit = self.last;
    }
}
