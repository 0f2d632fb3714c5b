//! Where the store's files lie. There is one disk in production; tests put one in its place that forgets what was not
//! synced, to cut its power at every sync.
//!
//! Only what must survive a power cut goes this way: the databases, and the names under which they are found. `FORMAT` and
//! `LOCK` stand apart: the one is written once, the other means nothing after a crash.

use std::fmt::Debug;
use std::io;
use std::path::{Path, PathBuf};

use redb::{Database, DatabaseError, ReadOnlyDatabase};

use crate::fs;

/// What the store asks of a file system. Names are durable after [`Disk::sync_directory`], bytes when redb syncs them.
pub(in crate::store) trait Disk: Debug + Send + Sync {
    /// Opens the database at `path`, which is made where it is missing, with a page cache of `cache_bytes`.
    fn create_database(&self, path: &Path, cache_bytes: usize) -> Result<Database, DatabaseError>;
    /// Opens the database at `path`.
    fn open_database(&self, path: &Path, cache_bytes: usize) -> Result<Database, DatabaseError>;
    /// Opens the database at `path` to read it only. [`DatabaseError::RepairAborted`] when that needs writing.
    fn open_read_only(&self, path: &Path, cache_bytes: usize) -> Result<ReadOnlyDatabase, DatabaseError>;
    /// Bytes that the file takes.
    fn allocated_bytes(&self, path: &Path) -> io::Result<u64>;
    /// Makes a directory.
    fn create_directory(&self, path: &Path) -> io::Result<()>;
    /// What lies in a directory, in any order.
    fn entries(&self, directory: &Path) -> io::Result<Vec<PathBuf>>;
    /// Gives a file or a directory another name in the same directory.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a directory with all that is in it.
    fn remove_directory(&self, path: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove_file(&self, path: &Path) -> io::Result<()>;
    /// Makes the names in a directory durable.
    fn sync_directory(&self, directory: &Path) -> io::Result<()>;
    /// Reads a small file.
    fn read(&self, path: &Path) -> io::Result<String>;
    /// Replaces a small file: durable on return, and after a crash it is the old one or the new one.
    fn rewrite(&self, path: &Path, text: &str) -> io::Result<()>;
}

/// The machine's own.
#[derive(Debug)]
pub(in crate::store) struct Real;

impl Disk for Real {
    fn create_database(&self, path: &Path, cache_bytes: usize) -> Result<Database, DatabaseError> {
        Database::builder().set_cache_size(cache_bytes).create(path)
    }

    fn open_database(&self, path: &Path, cache_bytes: usize) -> Result<Database, DatabaseError> {
        Database::builder().set_cache_size(cache_bytes).open(path)
    }

    fn open_read_only(&self, path: &Path, cache_bytes: usize) -> Result<ReadOnlyDatabase, DatabaseError> {
        Database::builder().set_cache_size(cache_bytes).open_read_only(path)
    }

    fn allocated_bytes(&self, path: &Path) -> io::Result<u64> {
        fs::allocated_bytes(path)
    }

    fn create_directory(&self, path: &Path) -> io::Result<()> {
        std::fs::create_dir_all(path)
    }

    fn entries(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        std::fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove_directory(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_dir_all(path)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        fs::sync_directory(directory)
    }

    fn read(&self, path: &Path) -> io::Result<String> {
        std::fs::read_to_string(path)
    }

    fn rewrite(&self, path: &Path, text: &str) -> io::Result<()> {
        fs::rewrite_atomic(path, text.as_bytes())
    }
}
