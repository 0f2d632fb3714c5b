//! All partitions, as readers see them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::partition::Partition;
use super::progress::Progress;
use super::schema::{self, Fields};
use super::snapshot::Snapshot;

/// The index of all occurrences. A [`super::Follower`] fills it; anybody may read it meanwhile.
pub struct Index {
    directory: PathBuf,
    fields: Fields,
    partitions: RwLock<BTreeMap<u32, Arc<Partition>>>,
    progress: Mutex<Progress>,
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Index").field("directory", &self.directory).finish_non_exhaustive()
    }
}

impl Index {
    /// The index whose partitions lie beside the occurrences, as `<directory>/<day>/index`. Nothing is opened yet.
    #[must_use]
    pub fn new(directory: &Path) -> Self {
        let (_, fields) = schema::schema();
        Self {
            directory: directory.to_owned(),
            fields,
            partitions: RwLock::new(BTreeMap::new()),
            progress: Mutex::new(Progress::default()),
        }
    }

    /// A consistent state to read from.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let partitions = self.partitions.read().unwrap_or_else(PoisonError::into_inner);
        Snapshot {
            partitions: partitions.values().rev().cloned().collect(),
            fields: self.fields,
            progress: self.progress(),
        }
    }

    /// The days that can be searched, oldest first, and how many occurrences each has.
    #[must_use]
    pub fn days(&self) -> Vec<(u32, u64)> {
        let partitions = self.partitions.read().unwrap_or_else(PoisonError::into_inner);
        partitions.values().map(|partition| (partition.day, partition.occurrences)).collect()
    }

    /// How far it is behind what is stored.
    #[must_use]
    pub fn progress(&self) -> Progress {
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(super) fn fields(&self) -> Fields {
        self.fields
    }

    pub(super) fn publish(&self, partition: Arc<Partition>) {
        self.partitions.write().unwrap_or_else(PoisonError::into_inner).insert(partition.day, partition);
    }

    pub(super) fn withdraw(&self, day: u32) {
        self.partitions.write().unwrap_or_else(PoisonError::into_inner).remove(&day);
    }

    pub(super) fn report(&self, progress: Progress) {
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner) = progress;
    }

    /// How many occurrences can be found, and in how many partitions.
    pub(super) fn size(&self) -> (u64, usize) {
        let partitions = self.partitions.read().unwrap_or_else(PoisonError::into_inner);
        (partitions.values().map(|partition| partition.occurrences).sum(), partitions.len())
    }
}
