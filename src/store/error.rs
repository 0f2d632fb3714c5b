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
    /// An earlier commit failed, so that what is in memory and what is on disk may differ: reads go on, writes do not.
    #[error("the store takes no writes since a commit failed")]
    Poisoned,
}

impl Error {
    /// Wraps one of redb's errors.
    pub(super) fn database<E: std::error::Error + Send + Sync + 'static>(what: &'static str) -> impl FnOnce(E) -> Self {
        move |source| Self::Database { what, source: Box::new(source) }
    }

    /// Names the row in which `source` was found.
    pub(super) fn corrupt(table: &'static str, key: impl std::fmt::Debug) -> impl FnOnce(Corrupt) -> Self {
        move |source| Self::Corrupt { table, key: format!("{key:?}"), source }
    }
}

/// What to do about a format that is not ours.
fn hint(found: &str, expected: u32) -> &'static str {
    match found.parse::<u32>() {
        Ok(found) if found > expected => ": a newer Hydrophone wrote it, which reads it still",
        _ => "",
    }
}
