//! A disk that fills: whether there is room to write, and how the store goes on after a write found none.
//!
//! After a failed write redb answers nothing more, not even reads, until the file is opened again. That is safe even when it was a
//! sync that failed, after which nobody knows what of it the disk has: what a failed commit wrote lies where nothing points to, but
//! for the page that says which commit is the last one, and that one is written and synced anew when the file is opened. So what
//! is read afterwards is durable, and it is read from the start: everything in memory is made anew, as by a restart.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use super::draft::Commit;
use super::occurrence::stack::Stacks;
use super::{Committed, DATABASE, Error, Store, guarded, open};

/// Bytes that have to be free for a commit to begin: more than one writes, so that a disk that fills is noticed before redb
/// comes upon it in the middle, and so that what removes things has something to work with.
pub(super) const FREE_BYTES_MIN: u64 = 16 << 20;

impl Store {
    /// Whether there is room for a commit.
    ///
    /// # Errors
    /// [`Error::Full`] when there is not.
    pub fn check_room(&self) -> Result<(), Error> {
        match self.disk.free_bytes(&self.path) {
            Ok(free_bytes) if free_bytes < FREE_BYTES_MIN => {
                Err(Error::Full { path: self.path.clone(), free_bytes, needed_bytes: FREE_BYTES_MIN })
            }
            // A file system that does not say is found to be full by writing to it.
            _ => Ok(()),
        }
    }

    /// Bytes that may still be written to the disk; `None` when it does not say.
    #[must_use]
    pub fn free_bytes(&self) -> Option<u64> {
        self.disk.free_bytes(&self.path).ok()
    }

    /// Bytes that the database's file takes.
    #[must_use]
    pub fn file_bytes(&self) -> u64 {
        self.database_bytes()
    }

    /// Goes on after a write that found no room, as by a restart, but that nobody has to wait for one; where nothing was broken
    /// off this does nothing. Then makes the commit that is owed from before.
    ///
    /// # Errors
    /// When there is no room yet ([`Error::is_full`]): to be tried again. Any other one is final.
    pub fn recover(&self) -> Result<Option<Committed>, Error> {
        if self.is_poisoned() {
            self.reopen()?;
        }
        self.check_room()?;
        let owed = self.owed.lock().unwrap_or_else(PoisonError::into_inner).take();
        match owed {
            Some((number, commit)) if number == self.live_read().commit + 1 => self.commit(commit).map(Some),
            // It had happened when what it was told was that it had not.
            Some(_) | None => Ok(None),
        }
    }

    /// Keeps a commit that there was no room for. Nobody waits for what it does, or they have been told that it is not done:
    /// edits are not kept.
    pub(super) fn owe(&self, error: &Error, number: u64, commit: Commit) {
        if error.is_full() && commit.edits.is_empty() {
            *self.owed.lock().unwrap_or_else(PoisonError::into_inner) = Some((number, commit));
        }
    }

    /// Opens the database again and reads everything in memory anew. Waits for all views, and lets none begin meanwhile.
    fn reopen(&self) -> Result<(), Error> {
        let mut live = self.live_write();
        let mut database = self.database.write().unwrap_or_else(PoisonError::into_inner);
        // Closed first: two must not write to one file.
        drop(database.take());
        let (opened, loaded, stacks) = guarded(|| {
            let opened = open::database(&*self.disk, &self.path)?;
            let transaction = opened.begin_read().map_err(Error::database("begin to read"))?;
            let loaded = open::load(&transaction)?;
            let stacks = Stacks::open(&transaction, &self.path.join(DATABASE))?;
            drop(transaction);
            Ok((opened, loaded, stacks))
        })?;
        *self.stacks.lock().unwrap_or_else(PoisonError::into_inner) = stacks;
        let before = std::mem::replace(&mut *live, loaded);
        *database = Some(opened);
        self.poisoned.store(false, Ordering::SeqCst);
        drop((database, live));
        self.changes.notify();
        // Freed here, where no reader waits for it.
        drop(before);
        Ok(())
    }
}
