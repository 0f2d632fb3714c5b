//! What can go wrong with backups, cut by what the caller does about it.

use std::io;
use std::path::{Path, PathBuf};

use crate::store;

/// An error of a backup.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store can not be read or written.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A file or directory can not be read or written.
    #[error("{what} {path}", path = .path.display())]
    Io {
        /// What was being done, as in `can not write`.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The archive can not be read or written any further.
    #[error("the archive broke off")]
    Stream(#[source] io::Error),
    /// The archive ends before its manifest, so it is not whole.
    #[error("the archive is incomplete: it has no manifest")]
    Incomplete,
    /// Something is not what was written.
    #[error("{place} is damaged: {problem}")]
    Damaged {
        /// Which piece or file.
        place: String,
        /// What is wrong with it.
        problem: String,
    },
    /// It was made by a version with another format.
    #[error("the backup has {what} version {found}, this binary reads version {expected}")]
    Version {
        /// Which of its formats.
        what: &'static str,
        /// What it says.
        found: u32,
        /// What we read.
        expected: u32,
    },
    /// There is no backup to restore.
    #[error("{path} holds no backup{when}", path = .path.display())]
    Nothing {
        /// The directory.
        path: PathBuf,
        /// ` of TIME or before`, where a time was asked for.
        when: String,
    },
    /// Backups were to go among the data.
    #[error("{path} is a data directory, and backups go into one of their own", path = .path.display())]
    DataDirectory {
        /// The directory.
        path: PathBuf,
    },
    /// The backup was called off.
    #[error("the backup was called off")]
    Stopped,
}

impl Error {
    /// For `map_err` on calls to the file system.
    pub(super) fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { what, path: path.to_owned(), source }
    }

    pub(super) fn damaged(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Damaged { place: place.into(), problem: problem.into() }
    }

    pub(super) fn too_long(place: &str, bytes: u64) -> Self {
        Self::damaged(place, format!("{bytes} bytes are more than it can have"))
    }
}
