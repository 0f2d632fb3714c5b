//! Giving space back: redb keeps the pages of what was removed and fills them again, but its file does not shrink by itself, and
//! its own compaction stops everything for as long as it takes.
//!
//! So all rows are copied into a new file while commits go on ([`Store::prepare_compaction`]), which takes as much time and disk as
//! what is kept. Then, between two commits, the little that came meanwhile follows, and the new file takes the name and the place
//! of the old one ([`Store::swap`]). That is quick because commits add to the long tables at their ends and change only records;
//! whatever does more than that, such as sealing, must not happen in between, and undoes the copy when it does.
//!
//! Whoever still reads the old file, as a backup does, goes on reading it; its space is free when the last one is done.

use std::ops::{Bound, ControlFlow};
use std::path::PathBuf;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use redb::{Key, ReadTransaction, ReadableTable, StorageError, TableDefinition, Value, WriteTransaction};

use super::checked::Raw;
use super::fresh::Filling;
use super::pages::{Opened, create_database};
use super::{DATABASE, Error, Store, guarded, raw};

/// The new file, until it takes the old one's place.
pub(super) const COMPACTED: &str = "hydrophone.compacting";

/// Bytes of rows that are read before they are written.
const BATCH_BYTES: usize = 1 << 20;

/// Tables that only [`Store::swap`]'s forbidden neighbours change.
const FROZEN: [&str; 10] = [
    "chunks",
    "service_chunks",
    "target_chunks",
    "rollups",
    "service_rollups",
    "target_rollups",
    "coverage",
    "references",
    "thinned",
    "imports",
];

/// Tables to whose end commits add, and of which they change nothing.
const APPENDED: [&str; 6] = ["log", "late", "stacks", "stack_hashes", "activity", "activity_changes"];

/// The same, of which each day has an end.
const APPENDED_BY_DAY: [&str; 2] = ["blocks", "stacks_in_use"];

/// A copy of the database without unused pages, as of some commit.
pub struct Compacted {
    database: Opened,
    /// What the store had rewritten until then.
    rewrites: u64,
}

/// A database that is not used any more. Dropping it closes its file and frees its space, which may take a moment.
pub struct Replaced {
    _database: Option<Opened>,
}

impl std::fmt::Debug for Compacted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compacted").field("rewrites", &self.rewrites).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Replaced {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replaced").finish_non_exhaustive()
    }
}

impl Store {
    /// Copies everything that the database holds into a new file, beside commits. `pace` is told how many bytes went by and may
    /// wait; when it breaks, so does this.
    ///
    /// # Errors
    /// When something can not be read or written, or is damaged. Nothing has changed then.
    pub fn prepare_compaction(&self, pace: &mut dyn FnMut(u64) -> ControlFlow<()>) -> Result<Option<Compacted>, Error> {
        self.check()?;
        let rewrites = self.rewrites.load(Ordering::SeqCst);
        let transaction = self.read()?;
        self.remove_compacted()?;
        let path = self.path.join(COMPACTED);
        let database = create_database(&*self.disk, &path);
        let database = database.map_err(Error::database("create hydrophone.compacting"))?;
        let copied = guarded(|| copy(&transaction, database, pace));
        if !matches!(copied, Ok(Some(_))) {
            self.remove_compacted()?;
        }
        Ok(copied?.map(|database| Compacted { database, rewrites }))
    }

    /// Puts a copy in the place of the database. No commit may be made meanwhile. `None` when more than commits has happened since
    /// it was made: then it is of no use, and gone.
    ///
    /// # Errors
    /// When something can not be read or written. Nothing has changed then, unless the store takes no more writes.
    pub fn swap(&self, compacted: Compacted) -> Result<Option<Replaced>, Error> {
        self.check()?;
        let Compacted { database: new, rewrites } = compacted;
        let useful = rewrites == self.rewrites.load(Ordering::SeqCst);
        let ready = if useful { self.catch_up(&new) } else { Ok(()) };
        if !useful || ready.is_err() {
            drop(new);
            self.remove_compacted()?;
            return ready.map(|()| None);
        }
        let io = |source| Error::Io { what: "can not replace the database in", path: self.path.clone(), source };
        self.disk.rename(&self.path.join(COMPACTED), &self.path.join(DATABASE)).map_err(io)?;
        // From here on the old file has no name: whatever is committed has to be in the new one.
        let replaced = {
            let _live = self.live_write();
            self.database.write().unwrap_or_else(PoisonError::into_inner).replace(new)
        };
        self.disk.sync_directory(&self.path).map_err(|source| self.poison(io(source)))?;
        self.changes.notify();
        Ok(Some(Replaced { _database: replaced }))
    }

    /// Brings what was committed since.
    fn catch_up(&self, new: &Opened) -> Result<(), Error> {
        let from = self.read()?;
        let mut into = new.begin_write().map_err(Error::database("begin a transaction"))?;
        into.set_quick_repair(true);
        for table in raw::ALL.into_iter().filter(|table| !FROZEN.contains(&table.name())) {
            if APPENDED.contains(&table.name()) {
                table.extend(&from, &into)?;
            } else if !APPENDED_BY_DAY.contains(&table.name()) {
                table.follow(&from, &into)?;
            }
        }
        extend_days::<(u32, u64, u32), (u64, u32)>("blocks", &from, &into, |day| (day, 0, 0))?;
        extend_days::<(u32, u64), Raw>("stacks_in_use", &from, &into, |day| (day, 0))?;
        into.commit().map_err(Error::database("commit what came while the database was copied"))
    }

    /// Removes a copy that is not finished.
    fn remove_compacted(&self) -> Result<(), Error> {
        let path: PathBuf = self.path.join(COMPACTED);
        match self.disk.remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::Io { what: "can not remove", path, source })
            }
            _ => Ok(()),
        }
    }
}

/// Fills `database` with all rows.
fn copy(
    transaction: &ReadTransaction,
    database: Opened,
    pace: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<Option<Opened>, Error> {
    let mut filling = Filling::new(database)?;
    for table in raw::ALL {
        let mut rows = Batch::default();
        let mut outcome = Ok(ControlFlow::Continue(()));
        table.each(transaction, false, &mut |_, key, value| {
            rows.add(key, value);
            if rows.bytes >= BATCH_BYTES {
                outcome = rows.write(&mut filling, table).map(&mut *pace);
            }
            match outcome {
                Ok(ControlFlow::Continue(())) => ControlFlow::Continue(()),
                _ => ControlFlow::Break(()),
            }
        })?;
        if outcome?.is_break() || pace(rows.write(&mut filling, table)?).is_break() {
            return Ok(None);
        }
    }
    filling.finish().map(Some)
}

/// Rows on their way.
#[derive(Default)]
struct Batch {
    rows: Vec<(Vec<u8>, Vec<u8>)>,
    bytes: usize,
}

impl Batch {
    fn add(&mut self, key: &[u8], value: &[u8]) {
        self.bytes += key.len() + value.len();
        self.rows.push((key.to_vec(), value.to_vec()));
    }

    /// Writes them; how many bytes that were.
    fn write(&mut self, filling: &mut Filling, table: &dyn raw::Table) -> Result<u64, Error> {
        let rows: Vec<(&[u8], &[u8])> =
            self.rows.iter().map(|(key, value)| (key.as_slice(), value.as_slice())).collect();
        if !rows.is_empty() {
            filling.append(table, &rows)?;
        }
        self.rows.clear();
        Ok(std::mem::take(&mut self.bytes) as u64)
    }
}

/// Adds what each day has behind the last row that `into` has of it. `first` is the first key that a day may have.
fn extend_days<K: Key + 'static, V: Value + 'static>(
    name: &str,
    from: &ReadTransaction,
    into: &WriteTransaction,
    first: impl Fn(u32) -> K::SelfType<'static>,
) -> Result<(), Error> {
    let read = Error::database::<StorageError>;
    let from = from.open_table(TableDefinition::<K, V>::new(name)).map_err(Error::database("open a table"))?;
    let mut into = into.open_table(TableDefinition::<K, V>::new(name)).map_err(Error::database("open a table"))?;
    let mut day = 0;
    loop {
        // The next day that there is, which stands first in the key, little-endian.
        let next = from.range::<K::SelfType<'_>>(first(day)..).map_err(read("read a table"))?.next();
        let Some(row) = next else { return Ok(()) };
        let (key, _) = row.map_err(read("read a table"))?;
        let bytes = K::as_bytes(&key.value()).as_ref().get(..4).and_then(|bytes| bytes.try_into().ok());
        day = bytes.map_or(u32::MAX, u32::from_le_bytes);
        let Some(after) = day.checked_add(1) else { return Ok(()) };
        let last = into.range::<K::SelfType<'_>>(first(day)..first(after)).map_err(read("read a table"))?.next_back();
        let last =
            last.transpose().map_err(read("read a table"))?.map(|(key, _)| K::as_bytes(&key.value()).as_ref().to_vec());
        let ends = [first(day), first(after)].map(|key| K::as_bytes(&key).as_ref().to_vec());
        let [start, end] = &ends;
        let begin = match &last {
            Some(key) => Bound::Excluded(K::from_bytes(key)),
            None => Bound::Included(K::from_bytes(start)),
        };
        let range = (begin, Bound::Excluded(K::from_bytes(end)));
        let rows = from.range::<K::SelfType<'_>>(range).map_err(read("read a table"))?;
        for row in rows {
            let (key, value) = row.map_err(read("read a table"))?;
            into.insert(key.value(), value.value()).map_err(read("write a row"))?;
        }
        day = after;
    }
}
