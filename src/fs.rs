//! Files that must survive a crash: atomic rewrite, directory sync, and the lock of a data directory.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

/// Held while a process uses a data directory; the kernel gives it up when the process ends, however it ends.
#[derive(Debug)]
pub struct DirectoryLock {
    _file: File,
}

/// Why a data directory could not be locked.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has it.
    #[error("data directory {path} is in use by the process with pid {pid}", path = .path.display())]
    Held {
        /// The directory.
        path: PathBuf,
        /// What the lock file says of the other process.
        pid: String,
    },
    /// The lock file can not be opened or written.
    #[error("data directory {path} can not be locked", path = .path.display())]
    Io {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl DirectoryLock {
    /// Locks `directory` and writes our pid into its file `LOCK`.
    ///
    /// # Errors
    /// [`LockError::Held`] with the other process's pid when the directory is in use.
    pub fn acquire(directory: &Path) -> Result<Self, LockError> {
        let io = |source| LockError::Io { path: directory.to_owned(), source };
        let path = directory.join("LOCK");
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => {
                let mut pid = String::new();
                // The other process may be writing it just now; its pid is a courtesy, the lock is the fact.
                let _ = file.read_to_string(&mut pid);
                let pid = if pid.trim().is_empty() { "unknown".to_owned() } else { pid.trim().to_owned() };
                return Err(LockError::Held { path: directory.to_owned(), pid });
            }
            Err(std::fs::TryLockError::Error(source)) => return Err(io(source)),
        }
        match Self::sign(&mut file) {
            // A full disk must not keep anybody from looking at what is on it: the lock is held without a pid.
            Err(error) if !is_full(&error) => Err(io(error)),
            _ => Ok(Self { _file: file }),
        }
    }

    fn sign(file: &mut File) -> io::Result<()> {
        file.set_len(0)?;
        file.rewind()?;
        writeln!(file, "{}", std::process::id())?;
        file.sync_data()
    }
}

/// Replaces the file at `path` by `bytes`, so that after a crash it holds the old bytes or the new ones, never a mixture.
///
/// # Errors
/// Any error of the file system; the old file is still there then.
pub fn rewrite_atomic(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension("tmp");
    let file = File::create(&temporary)?;
    replace(path, &temporary, file, bytes)
}

/// As [`rewrite_atomic`], for a file that only its owner may read.
///
/// # Errors
/// Any error of the file system; the old file is still there then.
pub fn rewrite_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let temporary = path.with_extension("tmp");
    // One that a crash left behind may have other permissions.
    match std::fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    replace(path, &temporary, file, bytes)
}

fn replace(path: &Path, temporary: &Path, mut file: File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    std::fs::rename(temporary, path)?;
    match path.parent() {
        Some(parent) => sync_directory(parent),
        None => Ok(()),
    }
}

/// Makes created, renamed and removed entries of `directory` survive a power cut.
///
/// # Errors
/// Any error of the file system.
pub fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Bytes that the file system has allocated to the file (its length may be larger where it has holes).
///
/// # Errors
/// When the file can not be read.
pub fn allocated_bytes(path: &Path) -> io::Result<u64> {
    use std::os::unix::fs::MetadataExt;
    Ok(std::fs::metadata(path)?.blocks() * 512)
}

/// How large a file system is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// Bytes that we may still write; what is kept for the administrator is not among them.
    pub free_bytes: u64,
    /// Bytes that it has in all.
    pub total_bytes: u64,
}

/// The file system of the directory at `path`.
///
/// # Errors
/// When it can not be asked.
pub fn space(path: &Path) -> io::Result<Space> {
    let told = rustix::fs::statvfs(path)?;
    let bytes = |blocks: u64| blocks.saturating_mul(told.f_frsize);
    Ok(Space { free_bytes: bytes(told.f_bavail), total_bytes: bytes(told.f_blocks) })
}

/// Whether it failed because the disk, or what we may take of it, is full.
#[must_use]
pub fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locked_directory_names_the_pid_that_holds_it() {
        let directory = tempfile::tempdir().unwrap();
        let lock = DirectoryLock::acquire(directory.path()).unwrap();
        let error = DirectoryLock::acquire(directory.path()).unwrap_err();
        assert!(error.to_string().contains(&format!("pid {}", std::process::id())), "{error}");
        drop(lock);
        DirectoryLock::acquire(directory.path()).unwrap();
    }
}
