//! What scraping hands to ingest: the result of each scrape, and which targets are no longer scraped.

use std::fmt;
use std::sync::Arc;

use super::exposition::Exposition;
use super::target::Target;
use super::time::{Millis, Timestamp};

/// What scraping tells ingest. Events of one target come in the order in which they happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// A target was scraped.
    Scraped(Scrape),
    /// Discovery no longer lists a target: it is not scraped any more, and its coverage ends here.
    ///
    /// It follows the target's last [`Event::Scraped`]. It is not sent when the server stops, nor when another listed
    /// target has the same service and the same public labels.
    Gone {
        /// The target as it was scraped last.
        target: Arc<Target>,
        /// When it was dropped.
        at: Timestamp,
    },
}

/// One scrape of one target, successful or not. A failing target is data, never an error that travels up.
#[derive(Debug, Clone)]
pub struct Scrape {
    /// What was scraped.
    pub target: Arc<Target>,
    /// When the scrape was due and began. Times of one target do not go backwards unless the clock does.
    pub at: Timestamp,
    /// How long it took, waiting for a free place not included.
    pub duration: Millis,
    /// Bytes of the body after decompression; 0 when none arrived.
    pub body_bytes: u64,
    /// What it said, or why it failed.
    pub outcome: Result<Exposition, Failure>,
}

impl Event {
    /// About how many bytes of memory it takes, rather more than less.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        let own = size_of::<Self>() as u64;
        match self {
            Self::Scraped(Scrape { outcome: Ok(exposition), .. }) => own + exposition.memory_bytes(),
            Self::Scraped(Scrape { outcome: Err(failure), .. }) => own + failure.message.len() as u64,
            Self::Gone { .. } => own,
        }
    }
}

/// Why a scrape failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// A class of failures for metrics and grouping.
    pub kind: FailureKind,
    /// A sentence for people: lower case, no full stop, with what failed.
    pub message: String,
}

/// Classes of scrape failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// No connection: refused, unreachable, unknown host, TLS.
    Connect,
    /// The scrape timeout passed.
    Timeout,
    /// An HTTP status other than 200.
    Status,
    /// A body over the limit.
    TooLarge,
    /// A body that is no exposition.
    Malformed,
    /// The connection broke while the body was arriving, or it could not be decompressed.
    Body,
}

impl FailureKind {
    /// All kinds.
    pub const ALL: [Self; 6] =
        [Self::Connect, Self::Timeout, Self::Status, Self::TooLarge, Self::Malformed, Self::Body];

    /// A stable word for metrics and storage.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Timeout => "timeout",
            Self::Status => "status",
            Self::TooLarge => "too_large",
            Self::Malformed => "malformed",
            Self::Body => "body",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
