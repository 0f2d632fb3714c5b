//! What can go wrong in the store, cut by what the caller does about it. redb's errors never leave this module.

use std::path::PathBuf;

use super::codec::Corrupt;

/// An error of the store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The data directory is locked by another process or can not be locked.
    #[error(transparent)]
    Lock(#[from] crate::fs::LockError),
    /// The directory was written by a version of Hydrophone with another format.
    #[error("data directory {path} has format version {found}, this binary reads version {expected}{hint}", path = .path.display(), hint = hint(.found, *.expected))]
    Format {
        /// The directory.
        path: PathBuf,
        /// What its `FORMAT` file says.
        found: String,
        /// What we read.
        expected: u32,
    },
    /// There are samples, but no database.
    #[error("{path} has samples and no hydrophone.redb: put it back, restore a backup with --force, or remove `occurrences` to begin anew", path = .path.display())]
    NoDatabase {
        /// The directory.
        path: PathBuf,
    },
    /// A file or directory can not be read or written.
    #[error("{what} {path}", path = .path.display())]
    Io {
        /// What was being done, as in `can not create`.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Something is to be restored where data is already.
    #[error("{path} holds data already, which nothing replaces unless it is told to", path = .path.display())]
    Occupied {
        /// The directory.
        path: PathBuf,
    },
    /// What there was before an earlier upgrade is still where the next one would keep what there is.
    #[error("{path} holds the data of before an earlier upgrade: move them elsewhere or remove them, and start again", path = .path.display())]
    Kept {
        /// The directory.
        path: PathBuf,
    },
    /// A directory that is to stay as it is has a restore or an upgrade that was broken off while it was put in its place.
    #[error("{path} has a restore or an upgrade that is not in its place yet: starting the server, or `hydrophone verify` without --repair, puts it there", path = .path.display())]
    Unplaced {
        /// The directory.
        path: PathBuf,
    },
    /// A copy has rows of a table that this version does not know.
    #[error("there is no table {table:?}")]
    Unknown {
        /// Its name.
        table: String,
    },
    /// The database refused. After a failed commit nothing is written any more: the process has to end and start again.
    #[error("database: {what}")]
    Database {
        /// What was being done.
        what: &'static str,
        /// redb's words.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Stored bytes are not what they must be.
    #[error("corrupt {table} at {key}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The row's key.
        key: String,
        /// What was being read.
        #[source]
        source: Corrupt,
    },
    /// Occurrences can not be read or written.
    #[error(transparent)]
    Occurrences(#[from] super::occurrence::Error),
    /// The disk has no room left. Nothing was written, and it is tried again when there is some.
    #[error("the disk of {path} is full: {free_bytes} bytes are free, {needed_bytes} have to be", path = .path.display())]
    Full {
        /// The data directory.
        path: PathBuf,
        /// What is free.
        free_bytes: u64,
        /// What has to be.
        needed_bytes: u64,
    },
    /// The database could not be opened again after a failure.
    #[error("the database is closed: it could not be opened again after a write failed")]
    Closed,
    /// An earlier commit failed, so that what is in memory and what is on disk may differ: reads go on, writes do not.
    #[error("the store takes no writes since a commit failed")]
    Poisoned,
}

impl Error {
    /// Whether it failed because the disk, or what we may take of it, is full.
    #[must_use]
    pub fn is_full(&self) -> bool {
        let mut next: Option<&(dyn std::error::Error + 'static)> = Some(self);
        while let Some(error) = next {
            if matches!(error.downcast_ref(), Some(Self::Full { .. }))
                || io_error(error).is_some_and(crate::fs::is_full)
            {
                return true;
            }
            next = error.source();
        }
        false
    }

    /// Wraps one of redb's errors.
    pub(super) fn database<E: std::error::Error + Send + Sync + 'static>(what: &'static str) -> impl FnOnce(E) -> Self {
        move |source| Self::Database { what, source: Box::new(source) }
    }

    /// redb panicked.
    #[must_use]
    pub fn damaged() -> Self {
        Self::database("read hydrophone.redb")(std::io::Error::other("it is damaged: `hydrophone verify` says where"))
    }

    /// Names the row in which `source` was found.
    pub(super) fn corrupt(table: &'static str, key: impl std::fmt::Debug) -> impl FnOnce(Corrupt) -> Self {
        move |source| Self::Corrupt { table, key: format!("{key:?}"), source }
    }
}

/// The error of the file system that it is, also within one of redb's, which have no sources.
fn io_error<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a std::io::Error> {
    use redb::{CommitError, DatabaseError, StorageError, TableError, TransactionError};
    if let Some(io) = error.downcast_ref::<std::io::Error>() {
        return Some(io);
    }
    let storage = match (
        error.downcast_ref::<CommitError>(),
        error.downcast_ref::<TransactionError>(),
        error.downcast_ref::<TableError>(),
        error.downcast_ref::<DatabaseError>(),
    ) {
        (Some(CommitError::Storage(storage)), ..)
        | (_, Some(TransactionError::Storage(storage)), ..)
        | (_, _, Some(TableError::Storage(storage)), _)
        | (.., Some(DatabaseError::Storage(storage))) => Some(storage),
        _ => error.downcast_ref::<StorageError>(),
    };
    match (storage, error.downcast_ref::<redb::Error>()) {
        (Some(StorageError::Io(io)), _) | (_, Some(redb::Error::Io(io))) => Some(io),
        _ => None,
    }
}

/// What to do about a format that is not ours.
fn hint(found: &str, expected: u32) -> &'static str {
    match found.parse::<u32>() {
        Ok(found) if found > expected => ": a newer Hydrophone wrote it, which reads it still",
        Ok(found) if (1..expected).contains(&found) => ": starting the server upgrades it",
        _ => "",
    }
}
