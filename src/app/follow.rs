//! Where the search index and the store meet, which know nothing of each other: a thread that indexes what was stored.

use std::ops::{ControlFlow, RangeInclusive};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Result;

use crate::search::{Follower, Index, Metrics, Pending, Source, SourceError, Stop, Visit};
use crate::store::Store;

/// The stored occurrences, to be followed.
pub struct Stored(pub Arc<Store>);

impl Source for Stored {
    fn days(&self) -> Result<Vec<Pending>, SourceError> {
        let days = self.0.partitions()?;
        Ok(days.into_iter().map(|of| Pending { day: of.day, generation: of.generation, commit: of.commit }).collect())
    }

    fn bytes(&self, day: u32, after: u64) -> Result<u64, SourceError> {
        Ok(self.0.occurrence_bytes_after(day, after)?)
    }

    fn read(&self, day: u32, commits: RangeInclusive<u64>, visit: &mut Visit<'_>) -> Result<(), SourceError> {
        self.0.occurrences_of_day(day, commits, &mut |stored| -> ControlFlow<()> {
            visit(stored.id, stored.aggregate, stored.target, &stored.occurrence)
        })?;
        Ok(())
    }

    fn wait(&self, seen: u64, at_most: Duration) -> u64 {
        self.0.wait_for_change(seen, at_most)
    }
}

/// A thread that follows.
pub struct Following {
    stop: Stop,
    thread: Option<JoinHandle<()>>,
}

impl Following {
    /// Starts to keep `index` up with `store`, in which nothing may be written before this returns.
    ///
    /// # Errors
    /// When the store can not be read, or there can be no thread.
    pub fn start(store: Arc<Store>, index: Arc<Index>, metrics: Metrics) -> Result<Self> {
        let follower = Follower::new(index, Stored(store), metrics)?;
        let stop = Stop::default();
        let stopping = stop.clone();
        let thread = std::thread::Builder::new().name("search".to_owned()).spawn(move || follower.run(&stopping))?;
        Ok(Self { stop, thread: Some(thread) })
    }

    /// Stops, and waits until it has. What is not indexed then is indexed after the next start.
    pub fn stop(mut self) {
        self.stop.stop();
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the search index's thread broke off");
        }
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.stop.stop();
    }
}

/// The index of the data directory at `path`.
#[must_use]
pub fn index_of(path: &Path) -> Arc<Index> {
    Arc::new(Index::new(&path.join("occurrences")))
}
