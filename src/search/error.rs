//! What can go wrong with an index, cut by what the caller does about it.

use std::io;
use std::path::{Path, PathBuf};

/// Why an index could not be read or written.
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
    /// The engine refused: the disk is full, or an index is damaged that was sound when it was opened.
    #[error("{action} the search index {path}", path = .path.display())]
    Engine {
        /// What was being done, for example `reading`.
        action: &'static str,
        /// Which index.
        path: PathBuf,
        /// Why not.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What is there can not be used: it is to be made anew.
    #[error("the search index {path} can not be used: {reason}", path = .path.display())]
    Unusable {
        /// Which index.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The occurrences could not be read from where they are followed.
    #[error("reading occurrences to index them")]
    Source(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// For `map_err` on calls to the file system.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }

    /// For `map_err` on calls to the engine.
    pub(super) fn engine<E>(action: &'static str, path: &Path) -> impl FnOnce(E) -> Self
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        move |source| Self::Engine { action, path: path.to_owned(), source: source.into() }
    }

    pub(super) fn unusable(path: &Path, reason: impl Into<String>) -> Self {
        Self::Unusable { path: path.to_owned(), reason: reason.into() }
    }
}
