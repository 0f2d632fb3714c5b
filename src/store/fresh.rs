//! A store that is being written from a copy, and how it gets into its place.
//!
//! It grows in `restoring.partial` within the data directory, which nothing looks at. When all of it is durable, the directory
//! becomes `restoring`: from then on whoever opens the data directory first moves what is in there up. So a crash leaves what was
//! there before or what was restored, never a mixture, also where the data directory is a mount point and can not be renamed.
//! What is not finished goes with who wrote it, or where that was killed with the next one who opens the data directory to write.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::disk::{Disk, Real};
use super::open::FORMAT;
use super::pages::{Opened, create_database};
use super::raw;
use super::upgrade::{KEPT, kept_name};
use super::{DATABASE, Error};
use crate::fs::{DirectoryLock, sync_directory};

/// Grows here.
const PARTIAL: &str = "restoring.partial";
/// Is complete here.
const COMPLETE: &str = "restoring";
/// What of a data directory gives way to what is restored, in the order in which it does.
const REPLACED: [&str; 5] = ["import", "hydrophone.creating", "occurrences", FORMAT, DATABASE];

/// Bytes of rows in one transaction: enough to be quick, and little enough to stand in the cache.
const TRANSACTION_BYTES: usize = 32 << 20;

/// A store that is being written. Dropped before it is finished, it takes what was written with it.
pub struct Fresh {
    path: PathBuf,
    filling: Filling,
    files: BTreeMap<PathBuf, File>,
    // Goes when all that is open in it is closed, and before the lock does: from then on another one may be growing there.
    growing: Growing,
    _lock: DirectoryLock,
}

impl std::fmt::Debug for Fresh {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fresh").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Fresh {
    /// Begins to write a store that is to stand at `path`. With `force` it replaces what is there, which stays until then; a restore
    /// that is complete and not in its place yet is put there first.
    ///
    /// # Errors
    /// [`Error::Occupied`] without `force` when there is data already, in its place or not, and nothing is touched then; when another
    /// process has it, or nothing can be written.
    pub fn create(path: &Path, force: bool) -> Result<Self, Error> {
        let io = |what| move |source| Error::Io { what, path: path.to_owned(), source };
        std::fs::create_dir_all(path).map_err(io("can not create"))?;
        let lock = DirectoryLock::acquire(path)?;
        let occupied = [FORMAT, DATABASE, "occurrences", COMPLETE].map(|name| path.join(name).try_exists());
        for found in occupied {
            if found.map_err(io("can not read"))? && !force {
                return Err(Error::Occupied { path: path.to_owned() });
            }
        }
        // What is there is a mixture as long as this is not done, and should the new one break off it is all there is.
        finish_restore(path)?;
        Self::begin(path, lock)
    }

    /// Begins in a directory that is locked, and whose data stay until this is finished.
    pub(super) fn begin(path: &Path, lock: DirectoryLock) -> Result<Self, Error> {
        let io = |what| move |source| Error::Io { what, path: path.to_owned(), source };
        let growing = Growing(path.join(PARTIAL));
        remove(&growing.0).map_err(io("can not clear"))?;
        std::fs::create_dir_all(growing.0.join("occurrences")).map_err(io("can not write to"))?;
        let database = create_database(&Real, &growing.0.join(DATABASE));
        let database = database.map_err(Error::database("create hydrophone.redb"))?;
        let filling = Filling::new(database)?;
        Ok(Self { path: path.to_owned(), filling, files: BTreeMap::new(), growing, _lock: lock })
    }

    /// Adds rows behind the last one of a table: keys, and values with their checksums.
    ///
    /// # Errors
    /// When a row is not what was written, the keys do not ascend, or nothing can be written. The store is of no use then.
    pub fn append(&mut self, table: &str, rows: &[(&[u8], &[u8])]) -> Result<(), Error> {
        let Some(table) = raw::table(table) else { return Err(Error::Unknown { table: table.to_owned() }) };
        self.filling.append(table, rows)
    }

    /// Writes bytes of a file below `occurrences`, which is made where it is missing.
    ///
    /// # Errors
    /// When they can not be written.
    pub fn write(&mut self, file: &Path, offset: u64, bytes: &[u8]) -> Result<(), Error> {
        let path = self.growing.0.join("occurrences").join(file);
        let io = |source| Error::Io { what: "can not write", path: path.clone(), source };
        if !self.files.contains_key(&path) {
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent).map_err(io)?;
            }
            // Files come one after the other: only the last one is open.
            self.close_files()?;
            let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path).map_err(io)?;
            self.files.insert(path.clone(), file);
        }
        match self.files.get(&path) {
            Some(file) => file.write_all_at(bytes, offset).map_err(io),
            None => Ok(()),
        }
    }

    /// Puts it in its place, where the next one who opens it finds it, as data of this version.
    ///
    /// # Errors
    /// When something can not be made durable; what was there before is still there then.
    pub fn finish(self, version: u32) -> Result<(), Error> {
        self.place(version, false)
    }

    /// As [`Fresh::finish`], but what was there before is kept.
    pub(super) fn finish_beside(self, version: u32) -> Result<(), Error> {
        self.place(version, true)
    }

    fn place(mut self, version: u32, is_kept: bool) -> Result<(), Error> {
        self.close_files()?;
        drop(self.filling.finish()?);
        let (path, directory) = (&self.path, &self.growing.0);
        let io = |source| Error::Io { what: "can not finish restoring", path: path.clone(), source };
        crate::fs::rewrite_atomic(&directory.join(FORMAT), format!("{version}\n").as_bytes()).map_err(io)?;
        if is_kept {
            std::fs::create_dir(directory.join(kept_name(version))).map_err(io)?;
        }
        sync_all(directory).map_err(io)?;
        std::fs::rename(directory, path.join(COMPLETE)).map_err(io)?;
        sync_directory(path).map_err(io)?;
        finish_restore(path)
    }

    fn close_files(&mut self) -> Result<(), Error> {
        for (path, file) in std::mem::take(&mut self.files) {
            file.sync_all().map_err(|source| Error::Io { what: "can not sync", path, source })?;
        }
        Ok(())
    }
}

/// The directory in which a store grows. What is left there when nobody writes it any more is of no use.
struct Growing(PathBuf);

impl Drop for Growing {
    fn drop(&mut self) {
        discard(&Real, &self.0);
    }
}

/// A new database that is filled with rows, table by table, and that nobody looks at until it is finished.
pub(super) struct Filling {
    database: Opened,
    transaction: Option<redb::WriteTransaction>,
    waiting_bytes: usize,
}

impl Filling {
    /// Begins with empty tables.
    pub(super) fn new(database: Opened) -> Result<Self, Error> {
        let mut filling = Self { database, transaction: None, waiting_bytes: 0 };
        raw::create(filling.writing()?)?;
        Ok(filling)
    }

    /// Adds rows behind the last one of a table: keys, and values with their checksums.
    pub(super) fn append(&mut self, table: &dyn raw::Table, rows: &[(&[u8], &[u8])]) -> Result<(), Error> {
        table.append(self.writing()?, rows)?;
        self.waiting_bytes += rows.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>();
        if self.waiting_bytes >= TRANSACTION_BYTES { self.commit(false) } else { Ok(()) }
    }

    /// Makes all of it durable.
    pub(super) fn finish(mut self) -> Result<Opened, Error> {
        self.commit(true)?;
        Ok(self.database)
    }

    fn writing(&mut self) -> Result<&redb::WriteTransaction, Error> {
        let transaction = match self.transaction.take() {
            Some(transaction) => transaction,
            None => {
                let begin = self.database.begin_write();
                begin.map_err(Error::database("begin a transaction"))?
            }
        };
        Ok(self.transaction.insert(transaction))
    }

    fn commit(&mut self, last: bool) -> Result<(), Error> {
        self.writing()?;
        self.waiting_bytes = 0;
        let Some(mut transaction) = self.transaction.take() else { return Ok(()) };
        if last {
            transaction.set_quick_repair(true);
        } else {
            // A crash leaves nothing that anybody looks at.
            let durability = transaction.set_durability(redb::Durability::None);
            durability.map_err(Error::database("begin a transaction"))?;
        }
        transaction.commit().map_err(Error::database("commit what is written anew"))
    }
}

/// Removes what is left of a store that was being written when the process was killed: it is always begun anew. The directory must be
/// locked.
pub(super) fn sweep(disk: &dyn Disk, path: &Path) {
    discard(disk, &path.join(PARTIAL));
}

/// Only takes room, so nobody fails who can not remove it.
fn discard(disk: &dyn Disk, directory: &Path) {
    match disk.remove_directory(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(path = %directory.display(), %error, "can not remove what was not finished");
        }
        _ => {}
    }
}

/// Whether there is anything that was restored whole, or made anew by an upgrade, and is not in its place yet.
///
/// # Errors
/// When the directory can not be read.
pub(super) fn is_unplaced(path: &Path) -> Result<bool, Error> {
    let complete = path.join(COMPLETE);
    complete.try_exists().map_err(|source| Error::Io { what: "can not read", path: complete, source })
}

/// Puts what was restored in its place, if there is anything that was restored whole. The directory must be locked.
///
/// # Errors
/// When a file can not be moved; the next attempt goes on.
pub fn finish_restore(path: &Path) -> Result<(), Error> {
    if !is_unplaced(path)? {
        return Ok(());
    }
    let io = |source| Error::Io { what: "can not put in place what was restored to", path: path.to_owned(), source };
    let complete = path.join(COMPLETE);
    let kept = kept_in(&complete).map_err(io)?;
    for name in REPLACED {
        give_way(name, path, &complete, kept.as_deref()).map_err(io)?;
    }
    sync_directory(path).map_err(io)?;
    if let Some(kept) = kept.as_deref().and_then(Path::file_name) {
        sync_directory(&complete.join(kept)).map_err(io)?;
        std::fs::rename(complete.join(kept), path.join(kept)).map_err(io)?;
        sync_directory(path).map_err(io)?;
    }
    // Removing may break off, and what is left must never be taken for what is complete: so it loses that name first.
    let partial = path.join(PARTIAL);
    remove(&partial).map_err(io)?;
    std::fs::rename(&complete, &partial).map_err(io)?;
    sync_directory(path).map_err(io)?;
    remove(&partial).map_err(io)
}

/// What is there under this name goes, or is kept, and what was restored takes its place. What is not restored any more has been moved
/// by an attempt that broke off.
fn give_way(name: &str, path: &Path, complete: &Path, kept: Option<&Path>) -> io::Result<()> {
    let (from, to) = (complete.join(name), path.join(name));
    let is_restored = from.try_exists()?;
    if is_restored || name == "import" {
        match kept {
            Some(kept) if to.try_exists()? => std::fs::rename(&to, kept.join(name))?,
            _ => remove(&to)?,
        }
    }
    if is_restored { std::fs::rename(&from, &to) } else { Ok(()) }
}

/// Where what gives way is to be kept.
fn kept_in(complete: &Path) -> io::Result<Option<PathBuf>> {
    let entries = std::fs::read_dir(complete)?.collect::<io::Result<Vec<_>>>()?;
    let mut names = entries.into_iter().map(|entry| entry.path());
    Ok(names.find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(KEPT))))
}

fn remove(path: &Path) -> io::Result<()> {
    let removed = match std::fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => std::fs::remove_dir_all(path),
        Ok(_) => std::fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Makes the names in a directory and in those below it durable.
fn sync_all(directory: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_all(&entry.path())?;
        }
    }
    sync_directory(directory)
}
