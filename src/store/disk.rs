//! Where the store's files lie. There is one disk in production; tests put one in its place that forgets what was not
//! synced, to cut its power at every sync.
//!
//! Only what must survive a power cut goes this way: the database, the files of occurrences, and the names under which they
//! are found. `FORMAT` and `LOCK` stand apart: the one is written once, the other means nothing after a crash.

use std::fmt::Debug;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::fs;

/// What the store asks of a file system. Names are durable after [`Disk::sync_directory`], bytes after [`File::sync`] or
/// when redb syncs them.
pub(in crate::store) trait Disk: Debug + Send + Sync {
    /// Opens the file at `path` to read and to write, which is made where it is missing.
    fn create_file(&self, path: &Path) -> io::Result<Box<dyn File>>;
    /// Opens the file at `path` to read it only.
    fn open_file(&self, path: &Path) -> io::Result<Box<dyn File>>;
    /// Bytes that the file takes.
    fn allocated_bytes(&self, path: &Path) -> io::Result<u64>;
    /// Bytes that we may still write to the file system of `directory`.
    fn free_bytes(&self, directory: &Path) -> io::Result<u64>;
    /// Makes a directory and those above it, where they are missing.
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
    /// Whether pages of the database that are damaged are kept from whoever reads them.
    fn hides_damage(&self) -> bool {
        true
    }
}

/// An open file. Reading and writing name their place, so that any number of threads may do both.
pub(in crate::store) trait File: Debug + Send + Sync {
    /// How many bytes it has.
    fn length(&self) -> io::Result<u64>;
    /// Cuts it to so many bytes, or fills it up with zeros.
    fn set_length(&self, length: u64) -> io::Result<()>;
    /// Fills `out` from `offset` on; [`io::ErrorKind::UnexpectedEof`] when the file ends before.
    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()>;
    /// Writes all of `bytes` from `offset` on; the file grows where it has to.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Makes its bytes and its length durable, not its name.
    fn sync(&self) -> io::Result<()>;
}

/// The machine's own.
#[derive(Debug)]
pub(in crate::store) struct Real;

impl Disk for Real {
    fn create_file(&self, path: &Path) -> io::Result<Box<dyn File>> {
        let mut options = std::fs::OpenOptions::new();
        Ok(Box::new(options.read(true).write(true).create(true).truncate(false).open(path)?))
    }

    fn open_file(&self, path: &Path) -> io::Result<Box<dyn File>> {
        Ok(Box::new(std::fs::File::open(path)?))
    }

    fn allocated_bytes(&self, path: &Path) -> io::Result<u64> {
        fs::allocated_bytes(path)
    }

    fn free_bytes(&self, directory: &Path) -> io::Result<u64> {
        fs::space(directory).map(|space| space.free_bytes)
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
}

impl File for std::fs::File {
    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.read_exact_at(out, offset)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}
