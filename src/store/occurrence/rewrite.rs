//! Rewriting a day's file with fewer occurrences in it.
//!
//! The file that is there is never changed: what stays goes into a file of the next generation, which one transaction puts in
//! the old one's place, rows and all. A crash before it leaves a file that nothing points to, after it one that nothing points
//! to any more; both are removed later. The old file outlives the transaction, so that whoever reads from an older snapshot still
//! finds it.

use redb::{ReadTransaction, WriteTransaction};
use roaring::RoaringBitmap;

use super::error::Error;
use super::index::{Index, Place, Rows, Thinned};
use super::partition::{Partitions, file_name, name_of};
use super::{NewOccurrence, block, sparse};
use crate::model::id::{AggregateId, OccurrenceId};

/// As in blocks that commits write.
const BLOCK_OCCURRENCES_MAX: usize = 256;
const BLOCK_BYTES_MAX: usize = 20 << 10;

/// A day's file of the next generation, durable and not in use yet.
#[derive(Debug)]
pub struct Rewritten {
    day: u32,
    /// Of the new file.
    generation: u32,
    /// Where its blocks lie.
    places: Vec<Place>,
    /// Its length.
    end: u64,
    /// The last commit that was read.
    last_commit: u64,
    stacks: RoaringBitmap,
    /// Occurrences in the new file.
    kept: u64,
    /// Occurrences that are not in it any more.
    removed: u64,
}

impl Rewritten {
    /// Which day it is of.
    #[must_use]
    pub fn day(&self) -> u32 {
        self.day
    }

    /// How many occurrences go with the old file.
    #[must_use]
    pub fn removed(&self) -> u64 {
        self.removed
    }
}

impl Partitions {
    /// Removes the file of a rewriting that is not to be put in use.
    ///
    /// # Errors
    /// When it can not be removed.
    pub fn discard(&self, transaction: &ReadTransaction, rewritten: &Rewritten) -> Result<(), Error> {
        let Rewritten { day, generation, .. } = *rewritten;
        if Index::of(transaction).and_then(|index| index.generation(day)).map_err(self.indexing())? < generation {
            let path = self.directory_of(day)?.join(file_name(generation));
            match self.disk().remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Error::io("removing", &path)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Writes what of a day `keep` wants into a file of the next generation. Changes nothing that is in use, so it may run beside
    /// commits and readers. A damaged block is logged and left out.
    ///
    /// # Errors
    /// When something can not be read or written.
    pub fn rewrite(
        &self,
        transaction: &ReadTransaction,
        day: u32,
        keep: &dyn Fn(AggregateId, OccurrenceId) -> bool,
    ) -> Result<Rewritten, Error> {
        let index = Index::of(transaction).map_err(self.indexing())?;
        let before = index.thinned(day).map_err(self.indexing())?;
        let mut out = Output::new(self, day, before.generation + 1)?;
        let path = out.path.clone();
        let written = self.copy(&index, &before, keep, &mut out).and_then(|()| out.finish());
        if written.is_err() {
            // It may have found no room. What can not be removed goes at the next start.
            let _ = self.disk().remove_file(&path);
        }
        written
    }

    fn copy(
        &self,
        index: &Index,
        before: &Thinned,
        keep: &dyn Fn(AggregateId, OccurrenceId) -> bool,
        out: &mut Output<'_>,
    ) -> Result<(), Error> {
        let day = out.rewritten.day;
        // A block that was rewritten begins with its first commit and says nothing of its last one.
        out.rewritten.last_commit = before.commit;
        let old = self.open_to_read(day, before.generation)?;
        for place in index.blocks(day, 0..=u64::MAX).map_err(self.indexing())? {
            let place = place.map_err(self.indexing())?;
            out.rewritten.last_commit = out.rewritten.last_commit.max(place.commit);
            let Some(old) = &old else { continue };
            let mut records = Vec::new();
            let decoded = old.decode(
                &place,
                |_, _| true,
                |commit, index, record| {
                    records.push((OccurrenceId { commit, index, day }, record));
                },
            )?;
            if let Err(damage) = decoded {
                tracing::warn!(%damage, "occurrences can not be read and are left behind");
                continue;
            }
            let before = records.len();
            records.retain(|(id, record)| keep(record.aggregate, *id));
            out.rewritten.removed += (before - records.len()) as u64;
            out.take(records)?;
        }
        Ok(())
    }

    /// Puts a rewritten file in the place of the old one; what commits have added since is copied behind it. False when the day is not
    /// what it was, so that the work was in vain.
    ///
    /// # Errors
    /// When something can not be read or written. `transaction` must not be committed then.
    pub fn replace(&self, transaction: &WriteTransaction, rewritten: &Rewritten, keep_max: u32) -> Result<bool, Error> {
        let Rewritten { day, generation, .. } = *rewritten;
        let mut rows = Rows::of(transaction).map_err(self.indexing())?;
        let all = rows.places(day).map_err(self.indexing())?;
        let before = rows.thinned(day).map_err(self.indexing())?;
        // It may be another day of that date: dropped, and written to again after the clock was set back.
        let is_same = all.first().is_some_and(|first| first.commit <= rewritten.last_commit);
        if before.generation + 1 != generation || !is_same {
            return Ok(false);
        }
        // Should the day be written to, it goes on in the new file.
        *self.lock() = None;
        let (mut places, mut end) = (rewritten.places.clone(), rewritten.end);
        let later: Vec<Place> = all.into_iter().filter(|place| place.commit > rewritten.last_commit).collect();
        let mut stacks = rewritten.stacks.clone();
        if !later.is_empty() {
            // What later commits say of stacks leaves out those that were in use before.
            stacks |= rows.stacks(day..=day).map_err(self.indexing())?;
            let path = self.directory_of(day)?.join(file_name(generation));
            let file = self.disk().create_file(&path).map_err(Error::io("opening", &path))?;
            if let Some(old) = self.open_to_read(day, before.generation)? {
                for place in later {
                    let bytes = old.bytes(&place)?;
                    file.write_at(end, &bytes).map_err(Error::io("writing", &path))?;
                    places.push(Place { offset: end, ..place });
                    end += u64::from(place.length);
                }
            }
            file.sync().map_err(Error::io("syncing", &path))?;
        }
        let thinned = Thinned {
            generation,
            keep_max,
            commit: rewritten.last_commit,
            kept: rewritten.kept,
            removed: before.removed + rewritten.removed,
        };
        rows.replace(day, &places, &stacks, &thinned).map_err(self.indexing())?;
        Ok(true)
    }

    /// Removes files of generations that are not in use: older ones, and with `all` those that were never put in use, too. A day of
    /// which nothing is left goes with all that stands in its directory, such as the search index of what was there.
    ///
    /// # Errors
    /// When a directory can not be read or a file can not be removed.
    pub fn sweep(&self, transaction: &ReadTransaction, all: bool) -> Result<(), Error> {
        let index = Index::of(transaction).map_err(self.indexing())?;
        let mut empty = Vec::new();
        for (day, path) in self.directories()? {
            let used = index.generation(day).map_err(self.indexing())?;
            // One that was never rewritten may be there for a commit that is being made.
            if used > 0 && index.last(day).map_err(self.indexing())?.is_none() {
                empty.push(day);
                continue;
            }
            for file in self.disk().entries(&path).map_err(Error::io("reading", &path))? {
                let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                let stale = super::partition::generation_of(name).is_some_and(|of| of < used || all && of > used);
                if stale {
                    self.disk().remove_file(&file).map_err(Error::io("removing", &file))?;
                }
            }
        }
        if empty.is_empty() {
            return Ok(());
        }
        // Should one be written to again, a file of it that is still open would be no part of it.
        *self.lock() = None;
        self.drop_days(&|day| empty.contains(&day))
    }
}

/// The new file while it is being written.
struct Output<'a> {
    partitions: &'a Partitions,
    path: std::path::PathBuf,
    file: Box<dyn crate::store::disk::File>,
    encoder: block::Encoder,
    waiting: Vec<(OccurrenceId, block::Record)>,
    waiting_bytes: usize,
    rewritten: Rewritten,
}

impl<'a> Output<'a> {
    fn new(partitions: &'a Partitions, day: u32, generation: u32) -> Result<Self, Error> {
        let path = partitions.directory_of(day)?.join(file_name(generation));
        let file = partitions.disk().create_file(&path).map_err(Error::io("creating", &path))?;
        // Of an attempt that came to nothing.
        file.set_length(0).map_err(Error::io("cutting", &path))?;
        let encoder = block::Encoder::new().map_err(Error::io("compressing for", &path))?;
        let rewritten = Rewritten {
            day,
            generation,
            places: Vec::new(),
            end: 0,
            last_commit: 0,
            stacks: RoaringBitmap::new(),
            kept: 0,
            removed: 0,
        };
        Ok(Self { partitions, path, file, encoder, waiting: Vec::new(), waiting_bytes: 0, rewritten })
    }

    fn take(&mut self, records: Vec<(OccurrenceId, block::Record)>) -> Result<(), Error> {
        for (id, record) in records {
            let bytes = block::own_bytes(&new_of(&record));
            if self.waiting.len() >= BLOCK_OCCURRENCES_MAX || self.waiting_bytes + bytes > BLOCK_BYTES_MAX {
                self.flush()?;
            }
            self.waiting_bytes += bytes;
            self.waiting.push((id, record));
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Error> {
        let waiting = std::mem::take(&mut self.waiting);
        self.waiting_bytes = 0;
        let Some((first, _)) = waiting.first() else { return Ok(()) };
        let (commit, first) = (first.commit, first.index);
        let ids: Vec<(u64, u32)> = waiting.iter().map(|(id, _)| (id.commit, id.index)).collect();
        let occurrences: Vec<NewOccurrence<'_>> = waiting.iter().map(|(_, record)| new_of(record)).collect();
        for occurrence in &occurrences {
            let stacks = std::iter::once(&occurrence.stack).chain(&occurrence.cause_stacks).flatten();
            self.rewritten.stacks.extend(stacks.map(|stack| stack.0));
        }
        let block =
            sparse::encode(&mut self.encoder, &ids, &occurrences).map_err(Error::io("compressing for", &self.path))?;
        let place = Place { commit, first, offset: self.rewritten.end, length: block.len() as u32 };
        self.file.write_at(place.offset, &block).map_err(Error::io("writing", &self.path))?;
        self.rewritten.end += block.len() as u64;
        self.rewritten.kept += waiting.len() as u64;
        self.rewritten.places.push(place);
        Ok(())
    }

    fn finish(mut self) -> Result<Rewritten, Error> {
        self.flush()?;
        self.file.sync().map_err(Error::io("syncing", &self.path))?;
        // Its name is durable before anything points to it.
        let directory = self.partitions.directory_of(self.rewritten.day)?;
        self.partitions.disk().sync_directory(&directory).map_err(Error::io("syncing", &directory))?;
        Ok(self.rewritten)
    }
}

fn new_of(record: &block::Record) -> NewOccurrence<'_> {
    NewOccurrence {
        aggregate: record.aggregate,
        target: record.target,
        stack: record.stack,
        cause_stacks: record.cause_stacks.clone(),
        occurrence: &record.occurrence,
    }
}

/// The day's directory by its name; for messages only where it has none.
impl Partitions {
    pub(super) fn directory_of(&self, day: u32) -> Result<std::path::PathBuf, Error> {
        Ok(self.directory().join(name_of(day)?))
    }
}
