//! The only module that knows redb: everything durable, and what of it is in memory.
//!
//! Ingest drafts a commit ([`Draft`]) and commits it; queries take a [`View`]. Both speak of scrapes, aggregates and
//! ranges, never of tables. docs/storage-format.md describes what is on disk, docs/architecture.md why.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

mod census;
mod change;
mod checked;
mod chunk;
pub mod codec;
mod column;
mod commit;
mod compaction;
mod coverage;
mod directory;
mod disk;
mod draft;
mod error;
mod export;
mod follow;
mod fresh;
#[cfg(fuzzing)]
pub mod fuzzed;
mod gain;
mod growth;
mod head;
mod hour;
mod import;
mod instance;
mod live;
mod log;
mod mend;
pub mod occurrence;
mod open;
mod pack;
mod pages;
mod point;
mod raw;
mod record;
mod reference;
mod retention;
mod rollup;
mod room;
mod row;
mod salvage;
mod sample;
mod scan;
mod seal;
mod snapshot;
mod space;
mod span;
mod table;
mod tally;
mod thinning;
mod triage;
mod upgrade;
mod verify;
mod view;
mod wanted;
mod window;

pub use census::Census;
pub use change::{
    AggregateChange, Baseline, Edit, Edited, LABELS_MAX, Outcome, Placement, Refusal, ScrapeChange, Span, Task,
    VIEWS_MAX,
};
pub use commit::{Committed, display};
pub use compaction::{Compacted, Replaced};
pub use coverage::{Run, Watched};
pub use directory::{Health, LabelSets, Life, ServiceRecord, Sets, TargetRecord};
pub use draft::{Commit, Draft};
pub use error::Error;
pub use export::Counted;
pub use fresh::{Fresh, finish_restore};
pub use growth::{Growth, Outlook};
pub use import::{Mark, Portion, Process, Sample, Spread};
pub use instance::InstanceKey;
pub use occurrence::StoredOccurrence;
pub use open::FORMAT_VERSION;
pub use point::{Encoded, Point, Points};
pub use raw::{Cut, Visit};
pub use retention::{Retention, Surplus};
pub use salvage::salvage;
pub use snapshot::{PartitionFile, Snapshot};
pub use space::{Limits, Part, Sizes, Survey};
pub use thinning::{Partition, Relief, Relieved};
pub use triage::{ActivityChangeScan, ActivityEntry, ActivityScan};
pub use verify::{Finding, Found, Inspected, Verified, inspect};
pub use view::{Coverage, Hit, Neighbours, Scan, Split, Statistics, TargetSpan, View};
pub use window::{slot, window_of};

use crate::model::time::Timestamp;
use crate::quiet::quietly;
use disk::Disk;
use live::Live;
use occurrence::Partitions;
use occurrence::stack::{self, Stacks};
use pages::Opened;

/// Page cache of the database. The operating system's cache stands behind it: 16 MB and 1 GB measured the same. Tests, whose databases
/// are small, read and write the file as larger ones do.
const CACHE_BYTES: usize = if cfg!(test) { 256 << 10 } else { 32 << 20 };

/// The database's file.
const DATABASE: &str = "hydrophone.redb";

/// An open data directory.
pub struct Store {
    disk: Arc<dyn Disk>,
    /// Away only while it is opened again, and when that failed. Taken after `live` by whoever takes both.
    database: RwLock<Option<Opened>>,
    partitions: Partitions,
    /// Belongs to the one writer; the lock is never waited for.
    stacks: Mutex<Stacks>,
    recent_stacks: stack::Recent,
    live: RwLock<Live>,
    poisoned: AtomicBool,
    /// A commit that the disk had no room for, and its number.
    owed: Mutex<Option<(u64, Commit)>>,
    changes: follow::Changes,
    /// How often rows were changed or removed other than by commits, which only add to the long tables.
    rewrites: AtomicU64,
    path: PathBuf,
    // Last, so that the directory is given up only when everything in it is closed.
    _lock: crate::fs::DirectoryLock,
}

/// Does what needs to read a store. redb panics where a page is damaged; that is an error here.
///
/// # Errors
/// What `read` fails with, or that the database is damaged.
pub fn guarded<T>(read: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    quietly(read).unwrap_or_else(|_| Err(Error::damaged()))
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the data directory at `path`, which is made if need be. One of an older version becomes one of this version, and the old
    /// one stays beside it.
    ///
    /// # Errors
    /// When another process has it, its format is another one, or its files can not be read.
    pub fn open(path: &Path) -> Result<Self, Error> {
        guarded(|| upgrade::upgrade(path).and_then(|()| Self::open_on(Arc::new(disk::Real), path)))
    }

    /// As [`Store::open`], but a directory of an older version stays as it is: only who serves it makes it anew.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_as_it_is(path: &Path) -> Result<Self, Error> {
        guarded(|| Self::open_on(Arc::new(disk::Real), path))
    }

    /// As [`Store::open`], on this disk.
    fn open_on(disk: Arc<dyn Disk>, path: &Path) -> Result<Self, Error> {
        let io = |what| move |source| Error::Io { what, path: path.to_owned(), source };
        std::fs::create_dir_all(path).map_err(io("can not create"))?;
        let lock = crate::fs::DirectoryLock::acquire(path)?;
        finish_restore(path)?;
        open::check_format(path)?;
        fresh::sweep(&*disk, path);
        let database = open::database(&*disk, path)?;
        Self::load(disk, database, path, lock)
    }

    fn load(disk: Arc<dyn Disk>, database: Opened, path: &Path, lock: crate::fs::DirectoryLock) -> Result<Self, Error> {
        let transaction = database.begin_read().map_err(Error::database("begin to read"))?;
        // Opening writes nothing, so that a full disk keeps nobody from looking at what is on it.
        if !raw::is_created(&transaction)? {
            let mut transaction = database.begin_write().map_err(Error::database("begin a transaction"))?;
            transaction.set_quick_repair(true);
            raw::create(&transaction)?;
            transaction.commit().map_err(Error::database("create tables"))?;
        }
        let transaction = database.begin_read().map_err(Error::database("begin to read"))?;
        let live = open::load(&transaction)?;
        let stacks = Stacks::open(&transaction, &path.join(DATABASE))?;
        drop(transaction);
        let partitions = Partitions::on(Arc::clone(&disk), &path.join("occurrences"));
        let transaction = database.begin_read().map_err(Error::database("begin to read"))?;
        partitions.sweep(&transaction, true)?;
        for day in partitions.days(&transaction)? {
            if let Some(path) = partitions.lacks(&transaction, day)? {
                let damage = occurrence::Damaged::Lacking { path };
                tracing::error!(%damage, "samples of a day are lost: `hydrophone verify` says which");
            }
        }
        drop(transaction);
        Ok(Self {
            disk,
            database: RwLock::new(Some(database)),
            partitions,
            stacks: Mutex::new(stacks),
            recent_stacks: stack::Recent::new(stack::RECENT_BYTES_MAX),
            live: RwLock::new(live),
            poisoned: AtomicBool::new(false),
            owed: Mutex::new(None),
            changes: follow::Changes::default(),
            rewrites: AtomicU64::new(0),
            path: path.to_owned(),
            _lock: lock,
        })
    }

    /// A consistent snapshot to read from.
    ///
    /// # Errors
    /// When the database can not be read.
    pub fn view(&self) -> Result<View<'_>, Error> {
        // The lock first: a transaction that is younger than the memory it is read with only holds rows that the
        // memory does not ask for yet, an older one would lack rows.
        let live = self.live_read();
        let transaction = self.read()?;
        Ok(View { live, transaction, store: self })
    }

    /// Begins to draft a commit. Drop or finish the draft before committing.
    #[must_use]
    pub fn draft(&self) -> Draft<'_> {
        Draft::new(self)
    }

    /// Whether a commit failed, so that nothing is written any more.
    #[must_use]
    pub fn is_poisoned(&self) -> bool {
        self.poisoned.load(Ordering::SeqCst)
    }

    /// When the next mute ends that has a time.
    #[must_use]
    pub fn next_mute_end(&self) -> Option<Timestamp> {
        self.live_read().directory.next_mute_end()
    }

    /// The latest time of any scrape; `None` where there was none.
    #[must_use]
    pub fn latest_scrape(&self) -> Option<Timestamp> {
        Some(self.live_read().now).filter(|now| *now > Timestamp::default())
    }

    /// Pages of the database that were read since it was opened and are not what was written. Nothing of them was taken for data.
    #[must_use]
    pub fn damaged_pages(&self) -> u64 {
        self.database_read().as_ref().map_or(0, |database| database.damage().count())
    }

    /// Where the data directory is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn check(&self) -> Result<(), Error> {
        if self.is_poisoned() { Err(Error::Poisoned) } else { Ok(()) }
    }

    fn poison(&self, error: Error) -> Error {
        // That was found out before anything was written.
        if !matches!(error, Error::Full { .. }) {
            self.poisoned.store(true, Ordering::SeqCst);
        }
        error
    }

    fn begin(&self) -> Result<redb::WriteTransaction, Error> {
        self.check_room()?;
        self.begin_to_remove()
    }

    /// As [`Store::begin`], for what makes room: that has to be possible when there is little.
    fn begin_to_remove(&self) -> Result<redb::WriteTransaction, Error> {
        self.rewrites.fetch_add(1, Ordering::SeqCst);
        self.transaction()
    }

    /// As [`Store::begin`], for a commit.
    fn begin_commit(&self) -> Result<redb::WriteTransaction, Error> {
        self.check_room()?;
        self.transaction()
    }

    fn transaction(&self) -> Result<redb::WriteTransaction, Error> {
        let database = self.database_read();
        let database = database.as_ref().ok_or(Error::Closed)?;
        let mut transaction = database.begin_write().map_err(Error::database("begin a transaction"))?;
        // Opening after a crash then takes a millisecond instead of a walk through the file.
        transaction.set_quick_repair(true);
        Ok(transaction)
    }

    fn read(&self) -> Result<redb::ReadTransaction, Error> {
        let database = self.database_read();
        let database = database.as_ref().ok_or(Error::Closed)?;
        database.begin_read().map_err(Error::database("begin to read"))
    }

    fn database_read(&self) -> RwLockReadGuard<'_, Option<Opened>> {
        self.database.read().unwrap_or_else(PoisonError::into_inner)
    }

    // A thread that panicked while it held the lock has not changed anything half: commits apply without panicking.
    fn live_read(&self) -> RwLockReadGuard<'_, Live> {
        self.live.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn live_write(&self) -> RwLockWriteGuard<'_, Live> {
        self.live.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
