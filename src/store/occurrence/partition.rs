//! One partition: the occurrences that were ingested in one day, in a redb file of their own.
//!
//! A file of its own because a redb file practically never shrinks: retention removes the whole directory. The file is
//! open for reading, open for writing, or closed; whoever needs more than there is waits until those who use it are done.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use redb::{
    AccessGuard, Database, DatabaseError, ReadOnlyDatabase, ReadOnlyTable, ReadableDatabase, ReadableTable,
    TableDefinition,
};
use roaring::RoaringBitmap;

use super::error::Error;
use crate::store::codec::{Corrupt, varint};
use crate::store::disk::Disk;

/// (commit, index of the block's first occurrence in the commit) → block.
const BLOCKS: TableDefinition<(u64, u32), &[u8]> = TableDefinition::new("blocks");
/// commit → the stacks that this commit was the first to use in this partition, for retention of stacks.
const STACKS: TableDefinition<u64, &[u8]> = TableDefinition::new("stacks");

const FILE: &str = "bodies.redb";
/// Pages that wait for a commit take half of this; the operating system caches the file besides.
const WRITER_CACHE_BYTES: usize = 16 << 20;
/// A page of results touches some dozens of blocks of 8 KiB.
const READER_CACHE_BYTES: usize = 4 << 20;

/// What a commit adds: blocks by the index of their first occurrence, and the stacks used for the first time.
pub(super) struct Addition<'a> {
    pub(super) commit: u64,
    pub(super) blocks: &'a mut dyn Iterator<Item = std::io::Result<(u32, Vec<u8>)>>,
    pub(super) stacks: &'a RoaringBitmap,
}

/// A block as it is stored.
pub(super) struct StoredBlock {
    pub(super) commit: u64,
    pub(super) first: u32,
    pub(super) bytes: Vec<u8>,
}

pub(super) struct Partition {
    disk: Arc<dyn Disk>,
    directory: PathBuf,
    file: PathBuf,
    handle: RwLock<Handle>,
}

enum Handle {
    /// Opened by whoever needs it next.
    Closed,
    /// Its directory is being removed.
    Retired,
    Reading(ReadOnlyDatabase),
    Writing(Database),
}

impl Partition {
    /// The partition in an existing directory; its file is opened when it is needed.
    pub(super) fn at(disk: Arc<dyn Disk>, directory: PathBuf) -> Self {
        Self { disk, file: directory.join(FILE), directory, handle: RwLock::new(Handle::Closed) }
    }

    /// Makes a new partition at `directory`: whole and durable, or not at all.
    pub(super) fn create(disk: Arc<dyn Disk>, directory: PathBuf) -> Result<Self, Error> {
        let unfinished = directory.with_extension("creating");
        match disk.remove_directory(&unfinished) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::io("removing", &unfinished)(error));
            }
            _ => {}
        }
        disk.create_directory(&unfinished).map_err(Error::io("creating", &unfinished))?;
        let file = unfinished.join(FILE);
        let database = disk.create_database(&file, WRITER_CACHE_BYTES).map_err(Error::database("creating", &file))?;
        let transaction = begin_write(&database, &file)?;
        transaction.open_table(BLOCKS).map_err(Error::database("creating", &file))?;
        transaction.open_table(STACKS).map_err(Error::database("creating", &file))?;
        transaction.commit().map_err(Error::database("creating", &file))?;
        disk.sync_directory(&unfinished).map_err(Error::io("syncing", &unfinished))?;
        disk.rename(&unfinished, &directory).map_err(Error::io("creating", &directory))?;
        if let Some(parent) = directory.parent() {
            disk.sync_directory(parent).map_err(Error::io("syncing", parent))?;
        }
        let partition = Self::at(disk, directory);
        *partition.exclusive() = Handle::Writing(database);
        Ok(partition)
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// Bytes on disk; 0 when it is gone.
    pub(super) fn bytes(&self) -> Result<u64, Error> {
        match self.disk.allocated_bytes(&self.file) {
            // Retention was faster.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
            bytes => bytes.map_err(Error::io("reading", &self.file)),
        }
    }

    /// Closes a file that is only read if nobody is reading it just now; whether it is closed now.
    pub(super) fn try_close(&self) -> bool {
        let Ok(mut handle) = self.handle.try_write() else { return false };
        if matches!(*handle, Handle::Reading(_)) {
            *handle = Handle::Closed;
        }
        !matches!(*handle, Handle::Writing(_))
    }

    /// Closes the file as soon as nobody uses it: it will be written to no more.
    pub(super) fn seal(&self) {
        *self.exclusive() = Handle::Closed;
    }

    /// Closes the file as soon as nobody uses it, and for good.
    pub(super) fn retire(&self) {
        *self.exclusive() = Handle::Retired;
    }

    /// Writes a commit's blocks and stacks; durable on return. What an earlier attempt left must have been trimmed.
    pub(super) fn write(&self, addition: Addition<'_>) -> Result<(), Error> {
        let failed = |error: redb::Error| Error::database("writing", &self.file)(error);
        let handle = self.open_to_write()?;
        let Handle::Writing(database) = &*handle else { return Err(self.closed()) };
        let transaction = begin_write(database, &self.file)?;
        {
            let mut blocks = transaction.open_table(BLOCKS).map_err(|error| failed(error.into()))?;
            for block in addition.blocks {
                let (first, block) = block.map_err(Error::io("compressing occurrences for", &self.file))?;
                let key = (addition.commit, first);
                blocks.insert(key, block.as_slice()).map_err(Error::database("writing", &self.file))?;
            }
            let mut stacks = transaction.open_table(STACKS).map_err(|error| failed(error.into()))?;
            if !addition.stacks.is_empty() {
                let row = stack_row(addition.stacks);
                stacks.insert(addition.commit, row.as_slice()).map_err(Error::database("writing", &self.file))?;
            }
        }
        transaction.commit().map_err(Error::database("writing", &self.file))
    }

    /// Removes what commits after `last_commit` wrote; the last of those commits, if there was one.
    pub(super) fn trim(&self, last_commit: u64) -> Result<Option<u64>, Error> {
        let last = match self.snapshot()? {
            Some(snapshot) => snapshot.last_commit()?,
            None => return Ok(None),
        };
        let Some(last) = last.filter(|last| *last > last_commit) else { return Ok(None) };
        let handle = self.open_to_write()?;
        let Handle::Writing(database) = &*handle else { return Err(self.closed()) };
        let transaction = begin_write(database, &self.file)?;
        {
            let failed = |error: redb::Error| Error::database("trimming", &self.file)(error);
            let mut blocks = transaction.open_table(BLOCKS).map_err(|error| failed(error.into()))?;
            blocks
                .retain_in((last_commit, u32::MAX).., |key, _| key.0 <= last_commit)
                .map_err(|error| failed(error.into()))?;
            let mut stacks = transaction.open_table(STACKS).map_err(|error| failed(error.into()))?;
            stacks.retain_in(last_commit.., |key, _| key <= last_commit).map_err(|error| failed(error.into()))?;
        }
        transaction.commit().map_err(Error::database("trimming", &self.file))?;
        Ok(Some(last))
    }

    /// What the partition holds now; the file stays open as long as that is looked at. `None` when it was retired.
    pub(super) fn snapshot(&self) -> Result<Option<Snapshot<'_>>, Error> {
        let failed = |error: redb::Error| Error::database("reading", &self.file)(error);
        let handle = self.open_to_read()?;
        let transaction = match &*handle {
            Handle::Closed => return Err(self.closed()),
            Handle::Retired => return Ok(None),
            Handle::Reading(database) => database.begin_read(),
            Handle::Writing(database) => database.begin_read(),
        };
        let transaction = transaction.map_err(|error| failed(error.into()))?;
        let blocks = transaction.open_table(BLOCKS).map_err(|error| failed(error.into()))?;
        let stacks = transaction.open_table(STACKS).map_err(|error| failed(error.into()))?;
        Ok(Some(Snapshot { blocks, stacks, file: &self.file, _open: handle }))
    }

    fn open_to_read(&self) -> Result<RwLockReadGuard<'_, Handle>, Error> {
        loop {
            let handle = self.handle.read().unwrap_or_else(PoisonError::into_inner);
            if !matches!(*handle, Handle::Closed) {
                return Ok(handle);
            }
            drop(handle);
            let mut handle = self.exclusive();
            if matches!(*handle, Handle::Closed) {
                *handle = match self.disk.open_read_only(&self.file, READER_CACHE_BYTES) {
                    Ok(database) => Handle::Reading(database),
                    // Only a file of which the last commit was not ours to make; opened to write it is repaired.
                    Err(DatabaseError::RepairAborted) => Handle::Writing(self.open_database()?),
                    Err(error) => return Err(Error::database("opening", &self.file)(error)),
                };
            }
        }
    }

    fn open_to_write(&self) -> Result<RwLockReadGuard<'_, Handle>, Error> {
        loop {
            let handle = self.handle.read().unwrap_or_else(PoisonError::into_inner);
            if matches!(*handle, Handle::Writing(_) | Handle::Retired) {
                return Ok(handle);
            }
            drop(handle);
            let mut handle = self.exclusive();
            if matches!(*handle, Handle::Closed | Handle::Reading(_)) {
                // One at a time: the file is locked by whoever has it open.
                *handle = Handle::Closed;
                *handle = Handle::Writing(self.open_database()?);
            }
        }
    }

    fn exclusive(&self) -> RwLockWriteGuard<'_, Handle> {
        self.handle.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn open_database(&self) -> Result<Database, Error> {
        self.disk.open_database(&self.file, WRITER_CACHE_BYTES).map_err(Error::database("opening", &self.file))
    }

    fn closed(&self) -> Error {
        Error::io("opening", &self.file)(std::io::Error::other("it was closed meanwhile"))
    }
}

/// What a partition held at one moment.
pub(super) struct Snapshot<'a> {
    blocks: ReadOnlyTable<(u64, u32), &'static [u8]>,
    stacks: ReadOnlyTable<u64, &'static [u8]>,
    file: &'a Path,
    _open: RwLockReadGuard<'a, Handle>,
}

impl Snapshot<'_> {
    pub(super) fn file(&self) -> &Path {
        self.file
    }

    /// The last commit of which there are blocks.
    fn last_commit(&self) -> Result<Option<u64>, Error> {
        let last = self.blocks.last().map_err(Error::database("reading", self.file))?;
        Ok(last.map(|(key, _)| key.value().0))
    }

    /// The block that holds the occurrence with this index, if there is one.
    pub(super) fn block(&self, commit: u64, index: u32) -> Result<Option<StoredBlock>, Error> {
        let mut range =
            self.blocks.range((commit, 0)..=(commit, index)).map_err(Error::database("reading", self.file))?;
        range.next_back().map(|row| self.stored(row)).transpose()
    }

    /// All blocks of these commits in the order of their keys.
    pub(super) fn blocks(
        &self,
        commits: RangeInclusive<u64>,
    ) -> Result<impl Iterator<Item = Result<StoredBlock, Error>> + '_, Error> {
        let range = (*commits.start(), 0)..=(*commits.end(), u32::MAX);
        let range = self.blocks.range(range).map_err(Error::database("reading", self.file))?;
        Ok(range.map(|row| self.stored(row)))
    }

    /// All stacks that the partition's occurrences use.
    pub(super) fn stacks(&self) -> Result<RoaringBitmap, Error> {
        let mut stacks = RoaringBitmap::new();
        for row in self.stacks.range::<u64>(..).map_err(Error::database("reading", self.file))? {
            let (_, value) = row.map_err(Error::database("reading", self.file))?;
            add_stacks(value.value(), &mut stacks).map_err(|corrupt| Error::Database {
                action: "reading the stacks in use from",
                path: self.file.to_owned(),
                source: Box::new(corrupt),
            })?;
        }
        Ok(stacks)
    }

    fn stored(&self, row: Result<Row, redb::StorageError>) -> Result<StoredBlock, Error> {
        let (key, value) = row.map_err(Error::database("reading", self.file))?;
        let (commit, first) = key.value();
        Ok(StoredBlock { commit, first, bytes: value.value().to_vec() })
    }
}

type Row = (AccessGuard<'static, (u64, u32)>, AccessGuard<'static, &'static [u8]>);

/// A transaction that is durable once committed, and after which the file opens in a millisecond whatever happens.
fn begin_write(database: &Database, file: &Path) -> Result<redb::WriteTransaction, Error> {
    let mut transaction = database.begin_write().map_err(Error::database("writing", file))?;
    transaction.set_durability(redb::Durability::Immediate).map_err(Error::database("writing", file))?;
    transaction.set_quick_repair(true);
    Ok(transaction)
}

/// Ascending ids as the differences from one to the next.
fn stack_row(stacks: &RoaringBitmap) -> Vec<u8> {
    let (mut row, mut last) = (Vec::new(), 0);
    for stack in stacks {
        varint::write_u64(&mut row, u64::from(stack - last));
        last = stack;
    }
    row
}

fn add_stacks(mut row: &[u8], stacks: &mut RoaringBitmap) -> Result<(), Corrupt> {
    let mut last = 0u32;
    while !row.is_empty() {
        let next = last.checked_add(varint::read_u32(&mut row)?);
        last = next.ok_or(Corrupt::new("stacks in use", "id of more than 32 bits"))?;
        stacks.insert(last);
    }
    Ok(())
}
