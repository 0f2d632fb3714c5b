//! History in, history out: importing counters from elsewhere and our own format, and exporting everything.
//!
//! An import reads a file block by block on all cores and lays what it says down in a spool, ordered by day, because dumps are
//! ordered by series and columns by time (`spool`). Then it merges the spool into the store, a day a transaction
//! (`merge`). Each transaction holds a mark of how far it got, and the spool is noted from time to time, so that a kill
//! at any time costs little and changes nothing. A file is known by its content (`mark`): what was taken of it once is
//! never taken again.

mod activity;
mod block;
mod deltas;
mod digest;
mod export;
mod import;
mod interval;
mod known;
mod line;
mod mark;
mod merge;
mod moment;
mod names;
mod once;
mod openmetrics;
mod record;
mod round;
mod series;
mod spool;
mod stretch;
mod watched;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

pub use activity::export_activity;
pub use export::{export, export_occurrences};
pub use import::{Format, Options, Outcome, import, is_unfinished};
pub use openmetrics::Mapping;
pub use round::Tally;

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What it does.
    pub phase: Phase,
    /// How much of that is done.
    pub done: u64,
    /// How much there is.
    pub total: u64,
    /// Deltas that were read so far.
    pub deltas: u64,
}

/// What an import does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Making sure what of the file was taken before. In bytes.
    Checking,
    /// Reading the file. In bytes.
    Reading,
    /// Merging what was read into the store. In transactions.
    Merging,
}

/// Why an import or an export stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A line is not what it has to be. What stands before it was taken.
    #[error("{path}:{line}: {problem}", path = .path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// The file begins as one that was imported, but what follows is another.
    #[error(
        "{path} begins like a file of which {lines} lines were imported, and then differs from it: its counts would be added \
         to those of the other one, which --add does",
        path = .path.display()
    )]
    Another {
        /// The file.
        path: PathBuf,
        /// How many lines of the other one were imported.
        lines: u64,
    },
    /// A file can not be read or written.
    #[error("can not {what} {path}", path = .path.display())]
    Io {
        /// What was being done, as in `read`.
        what: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// What an earlier run left behind can not be read.
    #[error("{what} can not be read")]
    Corrupt {
        /// What it is.
        what: &'static str,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// All was exported but these samples.
    #[error("exported {lines} lines, without {samples} damaged samples: `hydrophone verify` says which")]
    Lost {
        /// How many lines were written.
        lines: u64,
        /// How many samples were not.
        samples: u64,
    },
    /// The store refused.
    #[error(transparent)]
    Store(#[from] crate::store::Error),
}

impl Error {
    fn io(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Io { what, path: path.to_owned(), source }
    }
}
