//! Making anew what is derived, and taking out what leads nowhere, after rows were lost.

use std::collections::{BTreeMap, BTreeSet};

use redb::{ReadableTable, WriteTransaction};

use super::checked::Checked;
use super::column::{self, Columns, Points, Tables, WINDOWS_A_DAY, insert};
use super::directory::{Health, Life, ServiceRecord, TargetRecord};
use super::disk::{Disk, Real};
use super::head::merge;
use super::instance::Instance;
use super::record::{self, AggregateRow};
use super::reference::{self, Run};
use super::rollup::{self, Level};
use super::table::{self, meta};
use super::verify::{Finding, Found, Place};
use super::view::Hit;
use super::wanted::Wanted;
use super::window::Window;
use super::{CACHE_BYTES, DATABASE, Error, Store, chunk, pack, raw, triage};
use crate::model::aggregate::Aggregate;
use crate::model::aggregate_set::AggregateSet;
use crate::model::id::{AggregateId, OccurrenceId, ServiceId, TargetId};
use crate::model::label::Labels;
use crate::model::severity::Severity;
use crate::model::time::Timestamp;
use crate::model::triage::Triage;

/// What is wrong with a record, for `map_err`.
fn corrupt(error: super::codec::Corrupt) -> Error {
    Error::corrupt("records", "while mending")(error)
}

fn failed<E: std::error::Error + Send + Sync + 'static>(error: E) -> Error {
    Error::database("mend")(error)
}

/// Puts something in the place of records and numbers that were lost, without which nothing can be opened.
pub(super) fn records(path: &std::path::Path, lost: &mut Found<'_>) -> Result<(), Error> {
    let database = Real.open_database(&path.join(DATABASE), CACHE_BYTES).map_err(failed)?;
    let mut transaction = database.begin_write().map_err(failed)?;
    transaction.set_quick_repair(true);
    {
        let tables = Tables { transaction: &transaction };
        let needed = Needed::of(&tables)?;
        fill(&tables, &needed, lost)?;
        numbers(&transaction, &needed, lost)?;
    }
    transaction.commit().map_err(failed)
}

/// What rows refer to.
#[derive(Default)]
struct Needed {
    services: u32,
    /// Target → its service, where that is known.
    targets: BTreeMap<u32, u32>,
    /// Aggregate → its service, where that is known, and how often it happened.
    aggregates: BTreeMap<u32, (u32, u64)>,
    commit: u64,
    referenced: u64,
    sealed: u32,
    instances: u32,
    activities: u64,
}

impl Needed {
    fn of(tables: &Tables<'_>) -> Result<Self, Error> {
        let mut needed = Self::default();
        each(tables, table::SERVICES, |id, _| needed.services = needed.services.max(id + 1))?;
        each(tables, table::TARGETS, |id, row| {
            let Ok((commit, target)) = record::decode_target(id, row) else { return };
            needed.target(id, target.service.0);
            needed.commit = needed.commit.max(commit);
        })?;
        each(tables, table::INSTANCES, |id, row| {
            let Ok((commit, instance)) = Instance::decode(row) else { return };
            needed.instances = needed.instances.max(id + 1);
            needed.target(instance.target.0, instance.service.0);
            needed.commit = needed.commit.max(commit);
            instance.baselines.keys().for_each(|aggregate| needed.aggregate(aggregate.0, instance.service.0, 0));
        })?;
        each(tables, table::AGGREGATES, |id, row| {
            let Ok(row) = record::decode_aggregate(id, row) else { return };
            needed.aggregate(id, row.aggregate.service.0, 0);
            needed.commit = needed.commit.max(row.commit);
        })?;
        each(tables, table::ROLLUPS, |(level, service, _), row| {
            // What can not be read is mended with the counts.
            let _ = rollup::each(row, &Wanted::new(None), |aggregate, _, count| {
                let count = if level == Level::Hour.code() { count } else { 0 };
                needed.aggregate(aggregate.0, service, count);
            });
        })?;
        each(tables, table::LOG, |(commit, _), _| needed.commit = needed.commit.max(commit))?;
        each(tables, table::LATE, |commit, _| needed.commit = needed.commit.max(commit))?;
        each(tables, table::REFERENCES, |(_, _), row| {
            for run in reference::decode(row).into_iter().flat_map(|(_, runs)| runs) {
                needed.referenced = needed.referenced.max(run.first.commit);
            }
        })?;
        for definition in [table::CHUNKS, table::COVERAGE] {
            each(tables, definition, |(window, _), _| needed.sealed = needed.sealed.max(window + 1))?;
        }
        each(tables, table::ACTIVITY, |id, _| needed.activities = needed.activities.max(id + 1))?;
        let blocks = tables.transaction.open_table(table::BLOCKS).map_err(failed)?;
        for row in blocks.iter().map_err(failed)? {
            needed.commit = needed.commit.max(row.map_err(failed)?.0.value().1);
        }
        Ok(needed)
    }

    fn target(&mut self, id: u32, service: u32) {
        self.services = self.services.max(service + 1);
        self.targets.insert(id, service);
    }

    fn aggregate(&mut self, id: u32, service: u32, count: u64) {
        self.services = self.services.max(service + 1);
        let (_, total) = self.aggregates.entry(id).or_insert((service, 0));
        *total = total.saturating_add(count);
    }
}

/// Records in the place of those that are missing.
fn fill(tables: &Tables<'_>, needed: &Needed, lost: &mut Found<'_>) -> Result<(), Error> {
    let mut services = tables.open(table::SERVICES)?;
    for id in 0..needed.services {
        if services.get(id).map_err(failed)?.is_none() {
            let name = format!("lost-{id}");
            lost(Finding::new("services", id.to_string(), format!("it is called {name} now")));
            insert(&mut services, id, &record::encode_service(&ServiceRecord { id: ServiceId(id), name }))?;
        }
    }
    let mut targets = tables.open(table::TARGETS)?;
    for id in 0..=needed.targets.keys().next_back().copied().unwrap_or(0) {
        if needed.targets.is_empty() || targets.get(id).map_err(failed)?.is_some() {
            continue;
        }
        let address = format!("lost-{id}");
        lost(Finding::new("targets", id.to_string(), format!("its instance is called {address} now")));
        let target = TargetRecord {
            id: TargetId(id),
            service: ServiceId(needed.targets.get(&id).copied().unwrap_or(0)),
            labels: Labels::from_pairs([("instance".to_owned(), address.clone())]),
            address,
            url: String::new(),
            lives: Vec::<Life>::new(),
            health: Health::default(),
        };
        insert(&mut targets, id, &record::encode_target(0, &target).map_err(corrupt)?)?;
    }
    let mut aggregates = tables.open(table::AGGREGATES)?;
    for id in 0..=needed.aggregates.keys().next_back().copied().unwrap_or(0) {
        if needed.aggregates.is_empty() || aggregates.get(id).map_err(failed)?.is_some() {
            continue;
        }
        let (service, total) = needed.aggregates.get(&id).copied().unwrap_or((0, 0));
        let key = format!("lost@{id}");
        lost(Finding::new("aggregates", id.to_string(), format!("its key is {key} now")));
        let aggregate = Aggregate {
            id: AggregateId(id),
            service: ServiceId(service),
            class: "lost".to_owned(),
            key,
            message: String::new(),
            severity: Severity::Error,
            first_seen: Timestamp(0),
            last_seen: Timestamp(0),
            total,
            triage: Triage::default(),
        };
        let row = AggregateRow { commit: needed.commit, referenced: None, aggregate };
        insert(&mut aggregates, id, &record::encode_aggregate(&row).map_err(corrupt)?)?;
    }
    Ok(())
}

/// Numbers that are missing, or that rows go beyond.
fn numbers(transaction: &WriteTransaction, needed: &Needed, lost: &mut Found<'_>) -> Result<(), Error> {
    let mut numbers = transaction.open_table(table::META).map_err(failed)?;
    for (name, least) in [
        (meta::COMMIT, needed.commit),
        (meta::SEALED, u64::from(needed.sealed)),
        (meta::REFERENCED, needed.referenced),
        (meta::NEXT_INSTANCE, u64::from(needed.instances)),
        (meta::NEXT_ACTIVITY, needed.activities),
    ] {
        let stored = numbers.get(name).map_err(failed)?.and_then(|number| number.value());
        if stored.is_none_or(|stored| stored < least) && least > 0 {
            lost(Finding::new("meta", name, format!("it is {least} now, from what there is")));
            numbers.insert(name, Some(least)).map_err(failed)?;
        }
    }
    Ok(())
}

fn each<K: redb::Key + 'static>(
    tables: &Tables<'_>,
    definition: redb::TableDefinition<'static, K, Checked>,
    mut visit: impl FnMut(K::SelfType<'_>, &[u8]),
) -> Result<(), Error> {
    let rows = tables.open(definition)?;
    for row in rows.iter().map_err(failed)? {
        let (key, value) = row.map_err(failed)?;
        visit(key.value(), value.value());
    }
    Ok(())
}

/// Mends what was found.
pub(super) fn mend(store: &Store, findings: &[Finding], lost: &mut Found<'_>) -> Result<(), Error> {
    let transaction = store.begin()?;
    {
        let tables = Tables { transaction: &transaction };
        let (mut windows, mut days, mut occurrences) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let mut references = false;
        for finding in findings {
            match finding.place {
                Place::Window(window) => drop(windows.insert(window)),
                Place::Day(day) => drop(days.insert(day)),
                Place::Occurrences(day) => drop(occurrences.insert(day)),
                Place::Other => {}
            }
            references |= matches!(finding.table.as_str(), "references" | "occurrences" | "aggregates");
            if let (Some(key), Some(table)) = (&finding.row, raw::table(&finding.table))
                && !["services", "targets", "aggregates", "activity_changes", "triage"].contains(&table.name())
            {
                lost(finding.clone());
                table.remove(&transaction, key)?;
            }
        }
        for window in &windows {
            window_anew(store, &tables, Window(*window), lost)?;
            days.insert(window / WINDOWS_A_DAY);
        }
        let sealed = store.live_read().sealed;
        for day in days.into_iter().filter(|day| (day + 1) * WINDOWS_A_DAY <= sealed.0) {
            tables.close_day(&store.live_read().directory, day)?;
        }
        for day in occurrences {
            for (key, what) in store.partitions.prune(&transaction, day)? {
                lost(Finding::new("occurrences", key, what));
            }
            references = true;
        }
        if references {
            references_anew(store, &tables)?;
        }
        chains_anew(&tables)?;
    }
    transaction.commit().map_err(failed)
}

/// What of a window can be read, aggregate by aggregate and target by target, and as much as its rollups know beyond that.
fn window_anew(store: &Store, tables: &Tables<'_>, window: Window, lost: &mut Found<'_>) -> Result<(), Error> {
    let live = store.live_read();
    let service_of = |id: AggregateId| live.directory.aggregate(id).map(|aggregate| aggregate.service);
    let mut series: BTreeMap<AggregateId, BTreeMap<TargetId, Points>> = BTreeMap::new();
    let (mut chunks, mut breakdowns) = (tables.open(table::CHUNKS)?, tables.open(table::TARGET_CHUNKS)?);
    let all = (AggregateId(0), AggregateId(u32::MAX));
    let read = pack::rows_of(&chunks, window, all, |key, row| {
        pack::each(key, row, |aggregate, entry| {
            let targets = column::targets_of(entry, &breakdowns, (window, aggregate));
            let targets = targets.or_else(|_| whole(entry, (window, aggregate)));
            for (target, points) in targets.unwrap_or_default() {
                let known = target == Hit::NO_TARGET || live.directory.target(target).is_some();
                let target = if known { target } else { Hit::NO_TARGET };
                series.entry(aggregate).or_default().entry(target).or_default().extend(points);
            }
            Ok(())
        })
    });
    if let Err(error) = read {
        lost(Finding::of(&error));
    }
    let mut rollups = tables.open(table::ROLLUPS)?;
    let mut hour_breakdowns = tables.open(table::TARGET_ROLLUPS)?;
    let mut totals = tables.transaction.open_table(table::SERVICE_ROLLUPS).map_err(failed)?;
    for service in live.directory.services() {
        for hour in [window.0 * 2, window.0 * 2 + 1] {
            let key = (Level::Hour.code(), service.id.0, hour);
            if let Some(row) = rollups.remove(key).map_err(failed)? {
                let begin = (hour % 2) * 3600;
                let known = rollup::each(row.value(), &Wanted::new(None), |aggregate, _, sum| {
                    let targets = series.entry(aggregate).or_default();
                    let within = targets.values().flatten().filter(|(offset, _)| offset / 3600 == hour % 2);
                    let counted = within.fold(0u64, |sum, (_, count)| sum.saturating_add(*count));
                    if sum > counted {
                        let what =
                            format!("{} of aggregate {} stand at the begin of their hour", sum - counted, aggregate.0);
                        lost(Finding::new("chunks", format!("window {}", window.0), what));
                        targets.entry(Hit::NO_TARGET).or_default().push((begin, sum - counted));
                    }
                });
                if let Err(error) = known {
                    lost(Finding::new("rollups", format!("{key:?}"), error.to_string()));
                }
            }
            hour_breakdowns.remove(key).map_err(failed)?;
            totals.remove(key).map_err(failed)?;
        }
    }
    let end = window.next();
    let mut services = tables.open(table::SERVICE_CHUNKS)?;
    for rows in [&mut chunks, &mut breakdowns, &mut services] {
        rows.retain_in((window.0, 0)..(end.0, 0), |_, _| false).map_err(failed)?;
    }
    drop((chunks, breakdowns, services, rollups, hour_breakdowns, totals));
    let mut columns = Columns::new(window);
    for (aggregate, targets) in series {
        let targets: Vec<_> = targets.into_iter().map(|(target, points)| (target, merge(points))).collect();
        let Some(service) = service_of(aggregate).filter(|_| !targets.is_empty()) else { continue };
        columns.add(aggregate, Some(service), targets, Vec::new());
    }
    tables.columns([&columns.finish()])
}

/// An entry's sums, where its targets can not be told.
fn whole(entry: &[u8], (window, aggregate): (Window, AggregateId)) -> Result<Vec<(TargetId, Points)>, Error> {
    let mut points = Points::new();
    let read = chunk::split(entry)
        .and_then(|(_, sums)| chunk::decode_points(sums, |offset, count| points.push((offset, count))));
    read.map_err(Error::corrupt("chunks", (window.0, aggregate.0)))?;
    Ok(vec![(Hit::NO_TARGET, points)])
}

/// References are what the blocks hold, but for those that the log still knows.
fn references_anew(store: &Store, tables: &Tables<'_>) -> Result<(), Error> {
    let live = store.live_read();
    let mut all: BTreeMap<AggregateId, Vec<Run>> = BTreeMap::new();
    for (aggregate, id) in store.partitions.aggregates_of(tables.transaction)? {
        if id.commit > live.referenced_commit {
            continue;
        }
        let runs = all.entry(aggregate).or_default();
        let next = |run: &&mut Run| {
            let OccurrenceId { commit, day, index } = run.first;
            (commit, day, index + run.count) == (id.commit, id.day, id.index)
        };
        match runs.last_mut().filter(next) {
            Some(run) => run.count += 1,
            None => runs.push(Run { first: id, count: 1 }),
        }
    }
    let mut rows = tables.open(table::REFERENCES)?;
    rows.retain(|_, _| false).map_err(failed)?;
    let window = live.sealed.0.saturating_sub(1).max(Window::of(live.now).0);
    let mut aggregates = tables.open(table::AGGREGATES)?;
    for aggregate in live.directory.aggregates() {
        let runs = all.get(&aggregate.id);
        let stored = aggregates.get(aggregate.id.0).map_err(failed)?.map(|row| row.value().to_vec());
        let Some(stored) = stored else { continue };
        let mut row = record::decode_aggregate(aggregate.id.0, &stored).map_err(corrupt)?;
        row.referenced = runs.map(|_| window);
        insert(&mut aggregates, aggregate.id.0, &record::encode_aggregate(&row).map_err(corrupt)?)?;
        if let Some(runs) = runs {
            insert(&mut rows, (window, aggregate.id.0), &reference::encode(None, runs))?;
        }
    }
    Ok(())
}

/// Each change of an aggregate names the one before, its triage the last one, and each activity what it changed.
fn chains_anew(tables: &Tables<'_>) -> Result<(), Error> {
    let mut heads = tables.open(table::ACTIVITY)?;
    let mut changes = tables.open(table::ACTIVITY_CHANGES)?;
    let (mut last, mut touched): (BTreeMap<u32, u64>, BTreeMap<u64, AggregateSet>) = Default::default();
    let (mut rewritten, mut orphans) = (Vec::new(), Vec::new());
    for row in changes.iter().map_err(failed)? {
        let (key, value) = row.map_err(failed)?;
        let (id, aggregate) = key.value();
        let Ok((before, change)) = triage::decode_change(value.value()) else {
            orphans.push((id, aggregate));
            continue;
        };
        if heads.get(id).map_err(failed)?.is_none() {
            orphans.push((id, aggregate));
            continue;
        }
        let known = last.insert(aggregate, id);
        touched.entry(id).or_default().insert(AggregateId(aggregate));
        if known.is_some_and(|known| known != before) {
            rewritten.push(((id, aggregate), triage::encode_change(known.unwrap_or(0), &change)));
        }
    }
    for key in orphans {
        changes.remove(key).map_err(failed)?;
    }
    for (key, row) in rewritten {
        insert(&mut changes, key, &row)?;
    }
    let mut stored = Vec::new();
    for row in heads.iter().map_err(failed)? {
        let (id, value) = row.map_err(failed)?;
        stored.extend(triage::decode_activity(id.value(), value.value()).ok());
    }
    for mut activity in stored {
        let aggregates = touched.remove(&activity.id).unwrap_or_default();
        if activity.aggregates != aggregates {
            activity.aggregates = aggregates;
            insert(&mut heads, activity.id, &triage::encode_activity(&activity))?;
        }
    }
    let mut triaged = tables.open(table::TRIAGE)?;
    for (aggregate, id) in last {
        let row = triaged.get(aggregate).map_err(failed)?.map(|row| row.value().to_vec());
        let row = row.and_then(|row| triage::decode_triage(&row).ok());
        let (before, triage) = row.unwrap_or_default();
        if before != id {
            insert(&mut triaged, aggregate, &triage::encode_triage(id, &triage))?;
        }
    }
    Ok(())
}
