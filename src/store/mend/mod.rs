//! Making anew what is derived, and taking out what leads nowhere, after rows were lost.

mod counts;
mod needed;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use redb::ReadableTable;

use self::needed::Needed;
use super::column::{Tables, WINDOWS_A_DAY, insert};
use super::disk::Real;
use super::pages::open_database;
use super::record;
use super::reference::{self, Run, Runs};
use super::table;
use super::verify::{Finding, Found, Place};
use super::window::Window;
use super::{DATABASE, Error, Store, raw, triage};
use crate::model::aggregate_set::AggregateSet;
use crate::model::id::AggregateId;

/// What is wrong with a record, for `map_err`.
fn corrupt(error: super::codec::Corrupt) -> Error {
    Error::corrupt("records", "while mending")(error)
}

fn failed<E: std::error::Error + Send + Sync + 'static>(error: E) -> Error {
    Error::database("mend")(error)
}

/// Puts something in the place of records and numbers that were lost, without which nothing can be opened, and takes out rows whose
/// keys are damaged.
pub(super) fn records(path: &Path, lost: &mut Found<'_>) -> Result<(), Error> {
    let database = open_database(&Real, &path.join(DATABASE)).map_err(failed)?;
    let owners = needed::owners(&database.begin_read().map_err(failed)?, path);
    let mut transaction = database.begin_write().map_err(failed)?;
    transaction.set_quick_repair(true);
    {
        let tables = Tables { transaction: &transaction };
        let needed = Needed::of(&tables, &owners)?;
        needed.fill_numbers(&transaction, lost)?;
        needed.remove_strays(&tables, lost)?;
        needed.fill(&tables, lost)?;
    }
    transaction.commit().map_err(failed)
}

/// Mends what was found.
pub(super) fn mend(store: &Store, findings: &[Finding], lost: &mut Found<'_>) -> Result<(), Error> {
    let transaction = store.begin()?;
    {
        let tables = Tables { transaction: &transaction };
        let (mut windows, mut days, mut occurrences) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let (mut references, mut stacks) = (false, false);
        for finding in findings {
            match finding.place {
                Place::Window(window) => drop(windows.insert(window)),
                Place::Day(day) => drop(days.insert(day)),
                Place::Occurrences(day) => drop(occurrences.insert(day)),
                Place::Other => {}
            }
            references |= matches!(finding.table.as_str(), "references" | "occurrences" | "aggregates");
            stacks |= finding.table == "stacks";
            if let (Some(key), Some(table)) = (&finding.row, raw::table(&finding.table))
                && !["services", "targets", "aggregates", "activity_changes", "triage"].contains(&table.name())
            {
                lost(finding.clone());
                table.remove(&transaction, key)?;
            }
        }
        for window in &windows {
            counts::window_anew(store, &tables, Window(*window), lost)?;
            days.insert(window / WINDOWS_A_DAY);
        }
        let sealed = store.live_read().sealed;
        for day in days.into_iter().filter(|day| (day + 1) * WINDOWS_A_DAY <= sealed.0) {
            counts::day_anew(store, &tables, day)?;
        }
        if stacks {
            for (key, what) in store.partitions.replace_stacks(&transaction)? {
                lost(Finding::new("stacks", key, what));
            }
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

/// References are what the blocks hold, but for those that the log still knows.
fn references_anew(store: &Store, tables: &Tables<'_>) -> Result<(), Error> {
    let live = store.live_read();
    let mut all: BTreeMap<AggregateId, Runs> = BTreeMap::new();
    for (aggregate, id) in store.partitions.aggregates_of(tables.transaction)? {
        if id.commit > live.referenced_commit {
            continue;
        }
        all.entry(aggregate).or_default().push(Run { first: id, count: 1 });
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
    let oldest = heads.first().map_err(failed)?.map_or(u64::MAX, |(id, _)| id.value());
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
        // What is older than the oldest that is kept was forgotten; anything else has to be there.
        let expected = known.unwrap_or(if before < oldest { before } else { 0 });
        if expected != before {
            rewritten.push(((id, aggregate), triage::encode_change(expected, &change)));
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
