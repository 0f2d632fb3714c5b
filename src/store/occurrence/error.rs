//! What can go wrong with stored occurrences, cut by what the caller does about it.

use std::io;
use std::path::{Path, PathBuf};

use crate::model::id::StackId;
use crate::store::codec::Corrupt;

/// Why occurrences could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file system refused.
    #[error("{action} {path}", path = .path.display())]
    Io {
        /// What was being done, for example `creating`.
        action: &'static str,
        /// To which file or directory.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The database refused.
    #[error("{action} {path}", path = .path.display())]
    Database {
        /// What was being done, for example `opening`.
        action: &'static str,
        /// To which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A day that no calendar has.
    #[error("day {0} since 1970 has no date")]
    Day(u32),
    /// Stored bytes are damaged; all others can still be read.
    #[error(transparent)]
    Damaged(#[from] Damaged),
}

/// What is damaged in a file that can be read otherwise.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Damaged {
    /// A block of occurrences.
    #[error("{path}: block of commit {commit} from occurrence {first} on is damaged", path = .path.display())]
    Block {
        /// The partition's file.
        path: PathBuf,
        /// The commit that wrote the block.
        commit: u64,
        /// Index of the block's first occurrence among those of its commit.
        first: u32,
        /// How it is damaged.
        #[source]
        source: Corrupt,
    },
    /// A day's file is not there, or too short.
    #[error("{path} lacks occurrences that were written to it", path = .path.display())]
    Lacking {
        /// The partition's file.
        path: PathBuf,
    },
    /// A stack trace.
    #[error("stack trace {stack} is damaged")]
    Stack {
        /// Its id.
        stack: StackId,
        /// How it is damaged.
        #[source]
        source: Corrupt,
    },
}

impl Error {
    /// For `map_err` on calls to the file system.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }

    /// For `map_err` on calls to the database.
    pub(super) fn database<E: Into<redb::Error>>(action: &'static str, path: &Path) -> impl FnOnce(E) -> Self {
        move |source| Self::Database { action, path: path.to_owned(), source: Box::new(source.into()) }
    }
}
