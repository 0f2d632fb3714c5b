//! Opening a data directory: records from their rows, then the log on top of them.

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::path::Path;

use super::checked::Checked;
use super::codec::Corrupt;
use super::compaction::COMPACTED;
use super::disk::Disk;
use super::instance;
use super::live::{AsOf, Live};
use super::log::Entry;
use super::pages::{Opened, create_database, open_database};
use super::row::unexpected;
use super::span::LateRow;
use super::window::Window;
use super::{DATABASE, Error, record, table, triage};
use crate::model::id::{AggregateId, InstanceId, TargetId};

/// Version of everything in a data directory; a change is described in docs/storage-format.md.
pub const FORMAT_VERSION: u32 = 2;

/// Versions of which everything but the file of the database is as ours: who only reads rows reads theirs, too.
pub(super) const ALIKE: RangeInclusive<u32> = 1..=FORMAT_VERSION;

/// Says the version.
pub(super) const FORMAT: &str = "FORMAT";

/// A database that is being made.
const UNFINISHED: &str = "hydrophone.creating";

/// Checks the directory's format, or writes it where there is none yet.
///
/// # Errors
/// As [`says_format`], and when it can not be written.
pub(super) fn check_format(directory: &Path) -> Result<(), Error> {
    if says_format(directory, &(FORMAT_VERSION..=FORMAT_VERSION))? {
        return Ok(());
    }
    let path = directory.join(FORMAT);
    let written = crate::fs::rewrite_atomic(&path, format!("{FORMAT_VERSION}\n").as_bytes());
    written.map_err(|source| Error::Io { what: "can not write", path, source })
}

/// Whether the directory says that its format is one of these. One that says nothing is taken for one of ours, too.
///
/// # Errors
/// [`Error::Format`] when it says another one, or when it can not be read.
pub(super) fn says_format(directory: &Path, versions: &RangeInclusive<u32>) -> Result<bool, Error> {
    let path = directory.join(FORMAT);
    match std::fs::read_to_string(&path) {
        Ok(text) if versions.clone().any(|version| text.trim() == version.to_string()) => Ok(true),
        Ok(text) => {
            Err(Error::Format { path: directory.to_owned(), found: text.trim().to_owned(), expected: FORMAT_VERSION })
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(Error::Io { what: "can not read", path, source }),
    }
}

/// Opens the database in `directory`, or makes it where there is none yet.
pub(super) fn database(disk: &dyn Disk, directory: &Path) -> Result<Opened, Error> {
    let io = |what| move |source| Error::Io { what, path: directory.to_owned(), source };
    let path = directory.join(DATABASE);
    // A copy that was on its way when the process ended: what it is of has gone on since.
    match disk.remove_file(&directory.join(COMPACTED)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(io("can not remove a file in")(error));
        }
        _ => {}
    }
    if disk.entries(directory).map_err(io("can not read"))?.contains(&path) {
        return open_database(disk, &path).map_err(Error::database("open hydrophone.redb"));
    }
    // Nothing is sampled before there is a database. Beginning anew would write over what is left.
    let samples = directory.join("occurrences");
    match disk.entries(&samples) {
        Ok(days) if !days.is_empty() => return Err(Error::NoDatabase { path: directory.to_owned() }),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(io("can not read")(error)),
        _ => {}
    }
    // Under another name first: a process that ends while redb writes the first pages leaves a file that redb refuses.
    let unfinished = directory.join(UNFINISHED);
    match disk.remove_file(&unfinished) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(io("can not remove a file in")(error));
        }
        _ => {}
    }
    let database = create_database(disk, &unfinished).map_err(Error::database("create hydrophone.redb"))?;
    disk.rename(&unfinished, &path).map_err(io("can not rename a file in"))?;
    disk.sync_directory(directory).map_err(io("can not sync"))?;
    Ok(database)
}

/// Reads everything that memory holds.
pub(super) fn load(transaction: &redb::ReadTransaction) -> Result<Live, Error> {
    let mut live = Live::default();
    let mut as_of = AsOf::default();
    let meta = transaction.open_table(table::META).map_err(Error::database("open meta"))?;
    let number = |name: &str| -> Result<u64, Error> {
        let stored = meta.get(name).map_err(Error::database("read meta"))?;
        let damaged = || Error::corrupt("meta", name)(Corrupt::new("number", "checksum does not match"));
        stored.map_or(Ok(0), |value| value.value().ok_or_else(damaged))
    };
    live.commit = number(table::meta::COMMIT)?;
    live.sealed = Window(number(table::meta::SEALED)? as u32);
    live.points_from = Window(number(table::meta::POINTS)? as u32);
    live.referenced_commit = number(table::meta::REFERENCED)?;
    live.instances.set_next(number(table::meta::NEXT_INSTANCE)? as u32);
    live.next_activity = number(table::meta::NEXT_ACTIVITY)?.max(1);
    let rules = meta.get(table::meta::LABEL_RULES).map_err(Error::database("read meta"))?;
    live.label_rules = rules.and_then(|rules| rules.value());
    load_records(transaction, &mut live, &mut as_of)?;
    load_triage(transaction, &mut live)?;
    let rows = transaction.open_table(table::LATE).map_err(Error::database("open late counts"))?;
    for row in rows.range::<u64>(..).map_err(Error::database("read late counts"))? {
        let (key, value) = row.map_err(Error::database("read late counts"))?;
        live.late.push(LateRow::peek(key.value(), value.value()).map_err(Error::corrupt("late", key.value()))?);
    }
    let rows = transaction.open_table(table::LOG).map_err(Error::database("open the log"))?;
    for row in rows.range::<(u64, u32)>(..).map_err(Error::database("read the log"))? {
        let (key, value) = row.map_err(Error::database("read the log"))?;
        let (commit, target) = key.value();
        let of = Entry::peek_instance(value.value()).map_err(Error::corrupt("log", key.value()))?;
        // It tells baselines from those before it; where the row has it already they are not asked for.
        if let Some(instance) = of.filter(|instance| commit > as_of.instance(*instance)) {
            wake(transaction, &mut live, instance)?;
        }
        let entry = Entry::decode(value.value(), &live.instances).map_err(Error::corrupt("log", key.value()))?;
        live.apply(commit, TargetId(target), &entry, &as_of);
    }
    for instance in live.instances.resting_since(live.rest_before(live.now)) {
        wake(transaction, &mut live, instance)?;
    }
    Ok(live)
}

/// Reads the row of a process that rests. All do at first, because most that are remembered are gone for good.
fn wake(transaction: &redb::ReadTransaction, live: &mut Live, id: InstanceId) -> Result<(), Error> {
    if live.instances.is_resting(id)
        && let Some(instance) = instance::read(transaction, id)?
    {
        live.instances.insert(id, instance);
    }
    Ok(())
}

fn load_records(transaction: &redb::ReadTransaction, live: &mut Live, as_of: &mut AsOf) -> Result<(), Error> {
    let is_next = |id: u32, known: usize| if id as usize == known { Ok(()) } else { Err(unexpected("the next id")) };
    each(transaction, table::SERVICES, |id, row| {
        is_next(id, live.directory.services().len())?;
        live.directory.add_service(record::decode_service(id, row)?);
        Ok(())
    })?;
    each(transaction, table::TARGETS, |id, row| {
        is_next(id, live.directory.targets().len())?;
        let (commit, target) = record::decode_target(id, row)?;
        as_of.targets.insert(TargetId(id), commit);
        live.now = live.now.max(target.health.last_scrape.unwrap_or_default());
        live.directory.add_target(target);
        Ok(())
    })?;
    each(transaction, table::INSTANCES, |id, row| {
        let commit = live.instances.insert_resting(InstanceId(id), row)?;
        as_of.instances.insert(InstanceId(id), commit);
        Ok(())
    })?;
    each(transaction, table::AGGREGATES, |id, row| {
        is_next(id, live.directory.aggregates().len())?;
        let record = record::decode_aggregate(id, row)?;
        as_of.aggregates.insert(AggregateId(id), record.commit);
        if let Some(window) = record.referenced {
            live.referenced.insert(AggregateId(id), window);
        }
        live.directory.add_aggregate(record.aggregate);
        Ok(())
    })
}

fn load_triage(transaction: &redb::ReadTransaction, live: &mut Live) -> Result<(), Error> {
    let mut labels = HashSet::new();
    each(transaction, table::TRIAGE, |id, row| {
        let (last, mut triage) = triage::decode_triage(row)?;
        triage.labels.share(&mut labels);
        live.directory.set_triage(AggregateId(id), triage);
        live.directory.set_last_activity(AggregateId(id), last);
        Ok(())
    })?;
    let rows = transaction.open_table(table::VIEWS).map_err(Error::database("open views"))?;
    for row in rows.range::<&str>(..).map_err(Error::database("read views"))? {
        let (key, value) = row.map_err(Error::database("read views"))?;
        let view = triage::decode_view(key.value(), value.value()).map_err(Error::corrupt("views", key.value()))?;
        live.views.insert(view.name.clone(), view);
    }
    Ok(())
}

fn each(
    transaction: &redb::ReadTransaction,
    definition: redb::TableDefinition<'static, u32, Checked>,
    mut visit: impl FnMut(u32, &[u8]) -> Result<(), super::codec::Corrupt>,
) -> Result<(), Error> {
    let name = redb::TableHandle::name(&definition).to_owned();
    let rows = transaction.open_table(definition).map_err(Error::database("open records"))?;
    for row in rows.range::<u32>(..).map_err(Error::database("read records"))? {
        let (key, value) = row.map_err(Error::database("read records"))?;
        visit(key.value(), value.value()).map_err(Error::corrupt("records", (&name, key.value())))?;
    }
    Ok(())
}
