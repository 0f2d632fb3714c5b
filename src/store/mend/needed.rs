//! What rows refer to, after rows were lost: what has to stand in their place, and what stands where nothing can be.
//!
//! A row's checksum is that of its value. Of a row whose key is damaged the value is sound, so it is said of a time or an id that
//! never was. Nothing is believed because of a key alone: ids go as far as values name them or as rows are counted, times as far
//! as what is sealed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use redb::{ReadTransaction, ReadableTable, TableDefinition, WriteTransaction};

use super::{corrupt, failed};
use crate::model::aggregate::Aggregate;
use crate::model::id::{AggregateId, ServiceId, TargetId};
use crate::model::label::Labels;
use crate::model::severity::Severity;
use crate::model::time::Timestamp;
use crate::model::triage::Triage;
use crate::store::checked::Checked;
use crate::store::column::{Tables, WINDOWS_A_DAY, insert};
use crate::store::directory::{Health, Life, ServiceRecord, TargetRecord};
use crate::store::disk::Real;
use crate::store::instance::{Instance, Instances};
use crate::store::log::{Entry, EntryOutcome};
use crate::store::occurrence::{DayFile, Partitions, Seen};
use crate::store::record::{self, AggregateRow};
use crate::store::reference;
use crate::store::rollup::{self, Level};
use crate::store::table::{self, meta};
use crate::store::verify::{Finding, Found};
use crate::store::wanted::Wanted;
use crate::store::{Error, span, triage};

/// Numbers of commits, instances and activities that follow each other leave no larger gap than this, even where pages of them
/// were lost. A larger one is a damaged key.
const GAP_MAX: u64 = 1 << 16;

/// What rows refer to.
#[derive(Default)]
pub(super) struct Needed {
    /// Services are those below.
    services: u32,
    /// Targets below which all are needed.
    targets: u32,
    /// Aggregates below which all are needed.
    aggregates: u32,
    /// Target → its service, as values say it.
    service_of_target: BTreeMap<u32, u32>,
    /// Aggregate → its service, as values say it.
    service_of: BTreeMap<u32, u32>,
    /// Aggregate → its services in keys, and how often it happened.
    counted: BTreeMap<u32, (u32, u64)>,
    numbers: BTreeMap<&'static str, u64>,
}

/// Whose the occurrences are that can be read: aggregate and target.
pub(super) fn owners(read: &ReadTransaction, path: &Path) -> BTreeSet<(AggregateId, TargetId)> {
    let partitions = Partitions::on(Arc::new(Real), &path.join("occurrences"));
    let mut owners = BTreeSet::new();
    for DayFile { day, reading, .. } in partitions.open_all(read).unwrap_or_default() {
        let Some(reading) = reading else { continue };
        // What can not be read is told when the day is looked through.
        let _ = partitions.look(read, (day, &reading), &mut |seen| {
            if let Seen::Occurrence { record, .. } = seen {
                owners.insert((record.aggregate, record.target));
            }
        });
    }
    owners
}

impl Needed {
    pub(super) fn of(tables: &Tables<'_>, owners: &BTreeSet<(AggregateId, TargetId)>) -> Result<Self, Error> {
        let mut needed = Self::default();
        let mut commit = 0;
        each(tables, table::SERVICES, |_, _| needed.services += 1)?;
        each(tables, table::TARGETS, |id, row| {
            needed.targets += 1;
            let Ok((of, target)) = record::decode_target(id, row) else { return };
            needed.service(target.service);
            needed.service_of_target.insert(id, target.service.0);
            commit = commit.max(of);
        })?;
        let mut named = BTreeSet::new();
        each(tables, table::AGGREGATES, |id, row| {
            needed.aggregates += 1;
            let Ok(row) = record::decode_aggregate(id, row) else { return };
            needed.service(row.aggregate.service);
            needed.service_of.insert(id, row.aggregate.service.0);
            commit = commit.max(row.commit);
        })?;
        let instances = needed.instances(tables, &mut commit)?;
        each(tables, table::LOG, |_, row| {
            let Ok(entry) = Entry::decode(row, &instances) else { return };
            match entry.outcome {
                EntryOutcome::Up { instance, moves, .. } => {
                    let service = instances.get(instance).map(|instance| instance.service);
                    for change in &moves {
                        needed.aggregate(change.aggregate, service);
                    }
                }
                EntryOutcome::Imported { counts, .. } => counts.iter().for_each(|(id, _)| needed.aggregate(*id, None)),
                EntryOutcome::Gone | EntryOutcome::Down { .. } => {}
            }
        })?;
        each(tables, table::LATE, |_, row| {
            let _ = span::decode(row, |late| {
                named.insert((late.aggregate, late.target));
            });
        })?;
        each(tables, table::ACTIVITY, |id, row| {
            let Ok(activity) = triage::decode_activity(id, row) else { return };
            activity.aggregates.iter().for_each(|id| needed.aggregate(id, None));
        })?;
        for (aggregate, target) in owners.iter().chain(&named) {
            needed.aggregate(*aggregate, None);
            if *target != crate::store::view::Hit::NO_TARGET {
                needed.targets = needed.targets.max(target.0.saturating_add(1));
                if let Some(service) = needed.service_of_target.get(&target.0) {
                    needed.service_of.entry(aggregate.0).or_insert(*service);
                }
            }
        }
        each(tables, table::ROLLUPS, |(level, service, _), row| {
            // What can not be read is mended with the counts.
            let _ = rollup::each(row, &Wanted::new(None), |aggregate, _, count| {
                needed.aggregate(aggregate, None);
                let (_, total) = needed.counted.entry(aggregate.0).or_insert((service, 0));
                *total = total.saturating_add(if level == Level::Hour.code() { count } else { 0 });
            });
        })?;
        needed.numbers(tables, commit)?;
        Ok(needed)
    }

    fn instances(&mut self, tables: &Tables<'_>, commit: &mut u64) -> Result<Instances, Error> {
        let mut instances = Instances::default();
        each(tables, table::INSTANCES, |id, row| {
            let Ok((of, instance)) = Instance::decode(row) else { return };
            *commit = of.max(*commit);
            self.service(instance.service);
            self.targets = self.targets.max(instance.target.0.saturating_add(1));
            self.service_of_target.entry(instance.target.0).or_insert(instance.service.0);
            instance.baselines.keys().for_each(|aggregate| self.aggregate(*aggregate, Some(instance.service)));
            if id < u32::MAX {
                instances.insert(crate::model::id::InstanceId(id), instance);
            }
        })?;
        Ok(instances)
    }

    fn service(&mut self, id: ServiceId) {
        self.services = self.services.max(id.0.saturating_add(1));
    }

    fn aggregate(&mut self, id: AggregateId, service: Option<ServiceId>) {
        self.aggregates = self.aggregates.max(id.0.saturating_add(1));
        if let Some(service) = service {
            self.service_of.entry(id.0).or_insert(service.0);
        }
    }

    /// What the numbers have to be where they are lost; `commit` is the last one that a value names.
    fn numbers(&mut self, tables: &Tables<'_>, commit: u64) -> Result<(), Error> {
        let mut commits = BTreeSet::new();
        each(tables, table::LOG, |(commit, _), _| {
            commits.insert(commit);
        })?;
        each(tables, table::LATE, |commit, _| {
            commits.insert(commit);
        })?;
        for row in tables.transaction.open_table(table::BLOCKS).map_err(failed)?.iter().map_err(failed)? {
            commits.insert(row.map_err(failed)?.0.value().1);
        }
        let (mut instances, mut activities) = (BTreeSet::new(), BTreeSet::new());
        each(tables, table::INSTANCES, |id, _| {
            instances.insert(u64::from(id));
        })?;
        each(tables, table::ACTIVITY, |id, _| {
            activities.insert(id);
        })?;
        let mut referenced = 0;
        each(tables, table::REFERENCES, |_, row| {
            for run in reference::decode(row).into_iter().flat_map(|(_, runs)| runs) {
                referenced = referenced.max(run.first.commit);
            }
        })?;
        // A window that is sealed has rows in several tables, a damaged key is one of its kind.
        let mut windows: BTreeMap<u32, BTreeSet<&str>> = BTreeMap::new();
        let mut of = |window, table| {
            windows.entry(window).or_default().insert(table);
        };
        each(tables, table::CHUNKS, |(window, _), _| of(window, "chunks"))?;
        each(tables, table::COVERAGE, |(window, _), _| of(window, "coverage"))?;
        each(tables, table::SERVICE_CHUNKS, |(window, _), _| of(window, "service_chunks"))?;
        let sealed = windows.iter().rev().find(|(_, tables)| tables.len() > 1).map_or(0, |(window, _)| window + 1);
        let next = |found: &BTreeSet<u64>| reach(found, None).map_or(0, |last| last.saturating_add(1));
        self.numbers = BTreeMap::from([
            (meta::COMMIT, reach(&commits, Some(commit)).unwrap_or(0)),
            (meta::SEALED, u64::from(sealed)),
            (meta::REFERENCED, referenced),
            (meta::NEXT_INSTANCE, next(&instances)),
            (meta::NEXT_ACTIVITY, next(&activities)),
        ]);
        Ok(())
    }

    /// Records in the place of those that are missing.
    pub(super) fn fill(&self, tables: &Tables<'_>, lost: &mut Found<'_>) -> Result<(), Error> {
        let mut services = tables.open(table::SERVICES)?;
        for id in 0..self.services {
            if services.get(id).map_err(failed)?.is_none() {
                let name = format!("lost-{id}");
                lost(Finding::new("services", id.to_string(), format!("it is called {name} now")));
                insert(&mut services, id, &record::encode_service(&ServiceRecord { id: ServiceId(id), name }))?;
            }
        }
        let mut targets = tables.open(table::TARGETS)?;
        for id in 0..self.targets {
            if targets.get(id).map_err(failed)?.is_some() {
                continue;
            }
            let address = format!("lost-{id}");
            lost(Finding::new("targets", id.to_string(), format!("its instance is called {address} now")));
            let target = TargetRecord {
                id: TargetId(id),
                service: ServiceId(self.service_of_target.get(&id).copied().unwrap_or(0)),
                labels: Labels::from_pairs([("instance".to_owned(), address.clone())]),
                address,
                url: String::new(),
                lives: Vec::<Life>::new(),
                health: Health::default(),
            };
            insert(&mut targets, id, &record::encode_target(0, &target).map_err(corrupt)?)?;
        }
        let mut aggregates = tables.open(table::AGGREGATES)?;
        let commit = number(tables.transaction, meta::COMMIT)?.unwrap_or(0);
        for id in 0..self.aggregates {
            if aggregates.get(id).map_err(failed)?.is_none() {
                let key = format!("lost@{id}");
                lost(Finding::new("aggregates", id.to_string(), format!("its key is {key} now")));
                let row = AggregateRow { commit, referenced: None, aggregate: self.unknown(AggregateId(id), key) };
                insert(&mut aggregates, id, &record::encode_aggregate(&row).map_err(corrupt)?)?;
            }
        }
        Ok(())
    }

    fn unknown(&self, id: AggregateId, key: String) -> Aggregate {
        let (counted_for, total) = self.counted.get(&id.0).copied().unwrap_or((0, 0));
        let likely = if counted_for < self.services { counted_for } else { 0 };
        Aggregate {
            id,
            service: ServiceId(self.service_of.get(&id.0).copied().unwrap_or(likely)),
            class: "lost".to_owned(),
            key,
            message: String::new(),
            severity: Severity::Error,
            first_seen: Timestamp(0),
            last_seen: Timestamp(0),
            total,
            triage: Triage::default(),
        }
    }

    /// Puts in numbers that are missing.
    pub(super) fn fill_numbers(&self, transaction: &WriteTransaction, lost: &mut Found<'_>) -> Result<(), Error> {
        for (name, least) in &self.numbers {
            if number(transaction, name)?.is_none() && *least > 0 {
                lost(Finding::new("meta", *name, format!("it is {least} now, from what there is")));
                let mut numbers = transaction.open_table(table::META).map_err(failed)?;
                numbers.insert(name, Some(*least)).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// Takes out what stands at an id or a time that there is not.
    pub(super) fn remove_strays(&self, tables: &Tables<'_>, lost: &mut Found<'_>) -> Result<(), Error> {
        let sealed = number(tables.transaction, meta::SEALED)?.unwrap_or(0);
        let (services, targets, aggregates) = (self.services, self.targets, self.aggregates);
        keep(tables, table::SERVICES, lost, |id| *id < services)?;
        keep(tables, table::TARGETS, lost, |id| *id < targets)?;
        keep(tables, table::AGGREGATES, lost, |id| *id < aggregates)?;
        keep(tables, table::TRIAGE, lost, |id| *id < aggregates)?;
        let of_service = |(window, service): &(u32, u32)| u64::from(*window) < sealed && *service < services;
        keep(tables, table::SERVICE_CHUNKS, lost, of_service)?;
        keep(tables, table::COVERAGE, lost, of_service)?;
        for definition in [table::CHUNKS, table::TARGET_CHUNKS] {
            keep(tables, definition, lost, |(window, first)| u64::from(*window) < sealed && *first < aggregates)?;
        }
        let of_bucket = |(level, service, bucket): &(u8, u32, u32)| {
            let bucket = u64::from(*bucket);
            let is_sealed = match *level {
                level if level == Level::Hour.code() => bucket / 2 < sealed,
                level if level == Level::Day.code() => (bucket + 1) * u64::from(WINDOWS_A_DAY) <= sealed,
                _ => false,
            };
            is_sealed && *service < services
        };
        keep(tables, table::ROLLUPS, lost, of_bucket)?;
        keep(tables, table::TARGET_ROLLUPS, lost, of_bucket)?;
        keep(tables, table::SERVICE_ROLLUPS, lost, of_bucket)
    }
}

/// The last of these that is not far beyond the one before it, from `from` on.
fn reach(found: &BTreeSet<u64>, from: Option<u64>) -> Option<u64> {
    found.iter().copied().fold(from, |last, next| match last {
        Some(last) if next <= last || next - last > GAP_MAX => Some(last),
        _ => Some(next),
    })
}

fn number(transaction: &WriteTransaction, name: &str) -> Result<Option<u64>, Error> {
    let numbers = transaction.open_table(table::META).map_err(failed)?;
    let number = numbers.get(name).map_err(failed)?;
    Ok(number.and_then(|number| number.value()))
}

fn each<K: redb::Key + 'static>(
    tables: &Tables<'_>,
    definition: TableDefinition<'static, K, Checked>,
    mut visit: impl FnMut(K::SelfType<'_>, &[u8]),
) -> Result<(), Error> {
    let rows = tables.open(definition)?;
    for row in rows.iter().map_err(failed)? {
        let (key, value) = row.map_err(failed)?;
        visit(key.value(), value.value());
    }
    Ok(())
}

/// Keeps the rows whose keys can be.
fn keep<K: redb::Key + 'static, V: redb::Value + 'static>(
    tables: &Tables<'_>,
    definition: TableDefinition<'static, K, V>,
    lost: &mut Found<'_>,
    can_be: impl for<'k> Fn(&K::SelfType<'k>) -> bool,
) -> Result<(), Error> {
    let mut rows = tables.transaction.open_table(definition).map_err(failed)?;
    let name = redb::TableHandle::name(&definition);
    let retained = rows.retain(|key, _| {
        let keeps = can_be(&key);
        if !keeps {
            lost(Finding::new(name, format!("{key:?}"), "its key is damaged: there is no such thing"));
        }
        keeps
    });
    retained.map_err(failed)
}
