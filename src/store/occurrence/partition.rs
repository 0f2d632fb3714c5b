//! The partitions: a directory a day with one file, to which the blocks of each commit are appended.
//!
//! What of a file is valid is what rows of the main database point to (see `index`). Whatever lies beyond the last of them was
//! written by a commit that never happened, and the next one writes over it. So nothing has to be repaired when the store
//! opens, and a reader needs no lock: bytes that its snapshot knows are never written again.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rayon::prelude::*;
use redb::{ReadTransaction, WriteTransaction};
use roaring::RoaringBitmap;

use super::cache::Cache;
use super::error::{Damaged, Error};
use super::index::{Index, Place, Rows, Thinned};
use super::reading::{DayFile, Reading, Selected, complete};
use super::{Found, NewOccurrence, StackLookup, Visit, block, cutter, sparse};
use crate::model::id::OccurrenceId;
use crate::model::time::Timestamp;
use crate::store::Partition;
use crate::store::disk::{Disk, File, Real};

/// Extension of a directory on its way out.
const DROPPING: &str = "dropping";
/// Blocks that are encoded and written at once: what a large commit holds in memory.
const WAVE_BLOCKS: usize = 64;
/// Blocks that were unfolded lately: some hundreds, of which a page of a search needs fifty at most.
const UNFOLDED_BYTES_MAX: usize = 8 << 20;

/// All partitions. One writer at a time, any number of readers.
pub struct Partitions {
    disk: Arc<dyn Disk>,
    directory: PathBuf,
    writing: Mutex<Option<Writing>>,
    encoders: Mutex<Vec<block::Encoder>>,
    unfolded: Cache<BlockKey, sparse::Unfolded>,
}

/// So many blocks are worth a second thread: a page of what is rare is in fifty, which have nothing to do with each other.
const PARALLEL_MIN: usize = 8;

/// The occurrences that are wanted of a block.
struct Wanted<'a> {
    reading: Arc<Reading>,
    key: BlockKey,
    place: Place,
    /// In ascending order, and at which place of the answer each belongs.
    ids: &'a [(OccurrenceId, Place, usize)],
}

/// A block: its day and generation, its commit and first index. Bytes that are known are never written again.
type BlockKey = (u32, u32, u64, u32);

/// The partition that was written to last.
pub(super) struct Writing {
    day: u32,
    /// The last commit that wrote to it, whether it happened or not.
    commit: u64,
    path: PathBuf,
    file: Box<dyn File>,
    /// The stacks its occurrences use.
    stacks: RoaringBitmap,
}

impl std::fmt::Debug for Partitions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Partitions").field("directory", &self.directory).finish_non_exhaustive()
    }
}

impl Partitions {
    /// The partitions in `directory`, which is made when there is something to write.
    #[must_use]
    pub fn new(directory: &Path) -> Self {
        Self::on(Arc::new(Real), directory)
    }

    /// As [`Partitions::new`], on this disk.
    pub(in crate::store) fn on(disk: Arc<dyn Disk>, directory: &Path) -> Self {
        let directory = directory.to_owned();
        let unfolded = Cache::new(UNFOLDED_BYTES_MAX);
        Self { disk, directory, writing: Mutex::new(None), encoders: Mutex::new(Vec::new()), unfolded }
    }

    /// Appends a commit's occurrences to the day's file, where they are durable on return, and adds the rows by which they
    /// are found to the commit's `transaction`. Their ids are (`day`, `commit`, place in `occurrences`).
    ///
    /// # Errors
    /// When they can not be written. `transaction` must not be committed then.
    pub fn write(
        &self,
        transaction: &WriteTransaction,
        (day, commit): (u32, u64),
        occurrences: &[NewOccurrence<'_>],
    ) -> Result<(), Error> {
        if occurrences.is_empty() {
            return Ok(());
        }
        let mut rows = Rows::of(transaction).map_err(self.indexing())?;
        let mut end = rows.end(day).map_err(self.indexing())?;
        let mut last = self.lock();
        // Taken out: should this attempt fail, the next one starts from what the database knows. So does one with a number
        // that was tried before, because the stacks of that attempt are in nobody's rows.
        let known = last.take().filter(|last| last.day == day && last.commit < commit);
        let mut writing = known.map_or_else(|| self.open_to_write(day, &rows, end), Ok)?;
        for wave in cutter::cut(occurrences).chunks(WAVE_BLOCKS) {
            let blocks =
                cutter::encode(&self.encoders, commit, wave).map_err(Error::io("compressing for", &writing.path))?;
            let (mut bytes, begin) = (Vec::new(), end);
            for (piece, block) in wave.iter().zip(blocks) {
                let place = Place { commit, first: piece.first, offset: end, length: block.len() as u32 };
                rows.add(day, place).map_err(self.indexing())?;
                end += block.len() as u64;
                bytes.extend_from_slice(&block);
            }
            writing.file.write_at(begin, &bytes).map_err(Error::io("writing", &writing.path))?;
        }
        writing.file.sync().map_err(Error::io("syncing", &writing.path))?;
        let fresh = fresh_stacks(&writing.stacks, occurrences);
        rows.use_stacks(day, commit, &fresh).map_err(self.indexing())?;
        writing.stacks |= fresh;
        writing.commit = commit;
        *last = Some(writing);
        Ok(())
    }

    /// The occurrences with these ids in the order of the ids: `None` where there is none (any more),
    /// [`Damaged`](super::Damaged) where it can not be read although it is there. Each block is read once.
    ///
    /// # Errors
    /// When the index or a file can not be read at all.
    pub fn read(
        &self,
        transaction: &ReadTransaction,
        ids: &[OccurrenceId],
        stacks: &mut StackLookup<'_>,
    ) -> Result<Vec<Found>, Error> {
        let index = Index::of(transaction).map_err(self.indexing())?;
        let mut found: Vec<Found> = Vec::new();
        found.resize_with(ids.len(), || Ok(None));
        let mut placed = Vec::new();
        for (id, at) in ids.iter().zip(0..) {
            if let Some(place) = index.find(*id).map_err(self.indexing())? {
                placed.push((*id, place, at));
            }
        }
        placed.sort_unstable_by_key(|(id, _, at)| (*id, *at));
        let mut blocks = Vec::new();
        for of_day in placed.chunk_by(|(a, _, _), (b, _, _)| a.day == b.day) {
            let Some((first, _, _)) = of_day.first() else { continue };
            let generation = index.generation(first.day).map_err(self.indexing())?;
            let Some(reading) = self.open_to_read(first.day, generation)?.map(Arc::new) else { continue };
            for ids in of_day.chunk_by(|(_, a, _), (_, b, _)| a == b) {
                let Some((id, place, _)) = ids.first() else { continue };
                let key = (id.day, generation, place.commit, place.first);
                blocks.push(Wanted { reading: Arc::clone(&reading), key, place: *place, ids });
            }
        }
        let select = |wanted: &Wanted<'_>| self.select(wanted);
        let selected: Vec<_> = if blocks.len() < PARALLEL_MIN {
            blocks.iter().map(select).collect()
        } else {
            blocks.par_iter().map(select).collect()
        };
        for (Wanted { ids, .. }, selected) in blocks.iter().zip(selected) {
            let selected = selected?;
            for (id, _, at) in *ids {
                let Some(answer) = found.get_mut(*at) else { continue };
                *answer = match &selected {
                    Err(damaged) => Err(damaged.clone()),
                    Ok(records) => match records.get(&(id.commit, id.index)) {
                        Some(record) => complete(*id, record.clone(), stacks)?.map(Some),
                        None => Ok(None),
                    },
                };
            }
        }
        Ok(found)
    }

    /// What is wanted of a block, which was unfolded lately or is read.
    fn select(&self, wanted: &Wanted<'_>) -> Result<Result<Selected, Damaged>, Error> {
        let Wanted { reading, key, place, ids } = wanted;
        let block = match self.unfolded.get(*key) {
            Some(block) => Ok(block),
            None => reading.unfold(place)?.map(Arc::new).inspect(|block| {
                self.unfolded.insert(*key, Arc::clone(block), block.bytes());
            }),
        };
        Ok(block.and_then(|block| reading.select(place, &block, ids)))
    }

    /// Calls `visit` with every occurrence of `day` in `commits` in the order of their ids, until it breaks.
    ///
    /// # Errors
    /// When the index or the file can not be read at all.
    pub fn read_all(
        &self,
        transaction: &ReadTransaction,
        (day, commits): (u32, RangeInclusive<u64>),
        stacks: &mut StackLookup<'_>,
        visit: &mut Visit<'_>,
    ) -> Result<(), Error> {
        let index = Index::of(transaction).map_err(self.indexing())?;
        let generation = index.generation(day).map_err(self.indexing())?;
        let Some(reading) = self.open_to_read(day, generation)? else { return Ok(()) };
        for place in index.blocks(day, commits.clone()).map_err(self.indexing())? {
            let place = place.map_err(self.indexing())?;
            let mut records = Vec::new();
            let wanted = |commit, _| commits.contains(&commit);
            let decoded = reading.decode(&place, wanted, |commit, index, record| {
                records.push((OccurrenceId { commit, index, day }, record));
            })?;
            if let Err(damaged) = decoded {
                if visit(Err(damaged)).is_break() {
                    return Ok(());
                }
                continue;
            }
            for (id, record) in records {
                if visit(complete(id, record, stacks)?).is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The days that have occurrences, oldest first.
    ///
    /// # Errors
    /// When the index can not be read.
    pub fn days(&self, transaction: &ReadTransaction) -> Result<Vec<u32>, Error> {
        let days = Index::of(transaction).and_then(|index| index.days()).map_err(self.indexing())?;
        Ok(days.into_iter().map(|(day, _)| day).collect())
    }

    /// How many bytes of a day's file commits after `after` brought.
    ///
    /// # Errors
    /// When the index can not be read.
    pub fn bytes_after(&self, transaction: &ReadTransaction, day: u32, after: u64) -> Result<u64, Error> {
        let index = Index::of(transaction).map_err(self.indexing())?;
        let Some(last) = index.last(day).map_err(self.indexing())? else { return Ok(0) };
        let commits = after.saturating_add(1)..=u64::MAX;
        let first = index.blocks(day, commits).map_err(self.indexing())?.next().transpose().map_err(self.indexing())?;
        let end = last.offset.saturating_add(u64::from(last.length));
        Ok(first.map_or(0, |first| end.saturating_sub(first.offset)))
    }

    /// The days that have occurrences, oldest first, as they are.
    ///
    /// # Errors
    /// When the index can not be read.
    pub(in crate::store) fn all(&self, transaction: &ReadTransaction) -> Result<Vec<Partition>, Error> {
        let index = Index::of(transaction).map_err(self.indexing())?;
        let of = |day| {
            let Thinned { generation, removed, commit: thinned, .. } = index.thinned(day)?;
            // Of a day that was thinned the last block may begin long before it ends.
            let commit = index.last(day)?.map_or(0, |last| last.commit).max(thinned);
            Ok(Partition { day, generation, commit, bytes: index.end(day)?, removed })
        };
        let days = index.days().map_err(self.indexing())?;
        days.into_iter().map(|(day, _)| of(day)).collect::<Result<_, redb::Error>>().map_err(self.indexing())
    }

    /// The days that have occurrences, oldest first, the commit of the oldest of each, and how it was rewritten.
    ///
    /// # Errors
    /// When the index can not be read.
    pub(in crate::store) fn rewritten(&self, transaction: &ReadTransaction) -> Result<Vec<(u32, u64, Thinned)>, Error> {
        let index = Index::of(transaction).map_err(self.indexing())?;
        let of = |(day, first_commit)| Ok((day, first_commit, index.thinned(day)?));
        index.days().and_then(|days| days.into_iter().map(of).collect()).map_err(self.indexing())
    }

    /// The days' files as a snapshot knows them, oldest first; `None` for one that is not there (any more). What a file holds up
    /// to the snapshot's end does not change, and it can be read on when retention has removed it.
    ///
    /// # Errors
    /// When the index or a file can not be read.
    pub(in crate::store) fn open_all(&self, transaction: &ReadTransaction) -> Result<Vec<DayFile>, Error> {
        let index = Index::of(transaction).map_err(self.indexing())?;
        let mut all = Vec::new();
        for (day, _) in index.days().map_err(self.indexing())? {
            let generation = index.generation(day).map_err(self.indexing())?;
            let end = index.end(day).map_err(self.indexing())?;
            all.push(DayFile { day, generation, bytes: end, reading: self.open_to_read(day, generation)? });
        }
        Ok(all)
    }

    /// The stacks that the occurrences of all days use.
    ///
    /// # Errors
    /// When the index can not be read.
    pub(in crate::store) fn stacks_in_use(&self, transaction: &WriteTransaction) -> Result<RoaringBitmap, Error> {
        Rows::of(transaction).and_then(|rows| rows.stacks(0..=u32::MAX)).map_err(self.indexing())
    }

    /// Bytes that all partitions take on disk.
    ///
    /// # Errors
    /// When a file can not be looked at.
    pub fn bytes(&self) -> Result<u64, Error> {
        let mut bytes = 0;
        for (_, path) in self.directories()? {
            let files = match self.disk.entries(&path) {
                // Retention was faster.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                files => files.map_err(Error::io("reading", &path))?,
            };
            let is_ours = |file: &&PathBuf| file.file_name().and_then(|name| generation_of(name.to_str()?)).is_some();
            for file in files.iter().filter(is_ours) {
                match self.disk.allocated_bytes(file) {
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                    allocated => bytes += allocated.map_err(Error::io("reading", file))?,
                }
            }
        }
        Ok(bytes)
    }

    /// Bytes of what else stands in the days' directories: their search indexes.
    ///
    /// # Errors
    /// When a directory can not be read.
    pub(in crate::store) fn index_bytes(&self) -> Result<u64, Error> {
        let mut bytes = 0;
        for (_, path) in self.directories()? {
            // Nothing where it is a file, or where the follower was faster.
            let names = |path: &Path| self.disk.entries(path).unwrap_or_default();
            let files = names(&path).into_iter().flat_map(|directory| names(&directory));
            bytes += files.map(|file| self.disk.allocated_bytes(&file).unwrap_or(0)).sum::<u64>();
        }
        Ok(bytes)
    }

    /// The first day that has occurrences.
    ///
    /// # Errors
    /// When the index can not be read.
    pub(in crate::store) fn oldest_day(&self, transaction: &WriteTransaction) -> Result<Option<u32>, Error> {
        Rows::of(transaction).and_then(|rows| rows.oldest()).map_err(self.indexing())
    }

    /// Removes from the index what was ingested before `day`. Where that is anything, the stacks that are still in use: all
    /// others may be removed. [`Partitions::drop_before`] removes the files once `transaction` is committed.
    ///
    /// # Errors
    /// When the index can not be read or written.
    pub fn forget_before(&self, transaction: &WriteTransaction, day: u32) -> Result<Option<RoaringBitmap>, Error> {
        let mut rows = Rows::of(transaction).map_err(self.indexing())?;
        if !rows.remove_before(day).map_err(self.indexing())? {
            return Ok(None);
        }
        // Should the clock have gone wrong that is the day which is written to.
        *self.lock() = None;
        rows.stacks(0..=u32::MAX).map(Some).map_err(self.indexing())
    }

    /// Removes the files of all days before `day`, to which no rows point any more. A crash leaves some of them for the next
    /// time.
    ///
    /// # Errors
    /// When a directory can not be removed.
    pub fn drop_before(&self, day: u32) -> Result<(), Error> {
        self.drop_days(&|of| of < day)
    }

    /// Removes the directories of days, with what else is in them.
    pub(super) fn drop_days(&self, goes: &dyn Fn(u32) -> bool) -> Result<(), Error> {
        for (_, path) in self.directories()?.into_iter().filter(|(day, _)| goes(*day)) {
            // Under another name nobody writes to it any more: a search index may be on its way into it.
            let dropping = path.with_extension(DROPPING);
            self.disk.rename(&path, &dropping).map_err(Error::io("renaming", &path))?;
        }
        for path in self.entries()?.into_iter().filter(|path| path.extension().is_some_and(|have| have == DROPPING)) {
            self.disk.remove_directory(&path).map_err(Error::io("removing", &path))?;
        }
        Ok(())
    }

    pub(super) fn disk(&self) -> &dyn Disk {
        &*self.disk
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Option<Writing>> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The days' directories, in any order.
    pub(super) fn directories(&self) -> Result<Vec<(u32, PathBuf)>, Error> {
        let day_of = |path: &Path| day_of(path.file_name()?.to_str()?);
        Ok(self.entries()?.into_iter().filter_map(|path| Some((day_of(&path)?, path))).collect())
    }

    fn entries(&self) -> Result<Vec<PathBuf>, Error> {
        match self.disk.entries(&self.directory) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            entries => entries.map_err(Error::io("reading", &self.directory)),
        }
    }

    /// Opens the day's file, which is made where it is missing, and cuts off what lies beyond `end`.
    fn open_to_write(&self, day: u32, rows: &Rows<'_>, end: u64) -> Result<Writing, Error> {
        let directory = self.directory.join(name_of(day)?);
        self.disk.create_directory(&directory).map_err(Error::io("creating", &directory))?;
        let generation = rows.thinned(day).map_err(self.indexing())?.generation;
        let path = directory.join(file_name(generation));
        let file = self.disk.create_file(&path).map_err(Error::io("creating", &path))?;
        // Also where they are there already: whoever made them may have ended before their names were durable.
        for names in directory.ancestors().take(3) {
            self.disk.sync_directory(names).map_err(Error::io("syncing", names))?;
        }
        if file.length().map_err(Error::io("reading", &path))? > end {
            file.set_length(end).map_err(Error::io("cutting", &path))?;
        }
        let stacks = rows.stacks(day..=day).map_err(self.indexing())?;
        Ok(Writing { day, commit: 0, path, file, stacks })
    }

    /// The day's file; `None` when retention has removed it since the snapshot was taken in which it was looked up.
    pub(super) fn open_to_read(&self, day: u32, generation: u32) -> Result<Option<Reading>, Error> {
        let Ok(name) = name_of(day) else { return Ok(None) };
        let path = self.directory.join(name).join(file_name(generation));
        match self.disk.open_file(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io("opening", &path)(error)),
            Ok(file) => Ok(Some(Reading { path, file })),
        }
    }

    /// For `map_err` on what reads or writes rows.
    pub(super) fn indexing(&self) -> impl FnOnce(redb::Error) -> Error + use<'_> {
        Error::database("indexing", &self.directory)
    }
}

/// The stacks of `occurrences` that are not in `known`.
fn fresh_stacks(known: &RoaringBitmap, occurrences: &[NewOccurrence<'_>]) -> RoaringBitmap {
    let (mut fresh, mut last) = (RoaringBitmap::new(), None);
    for stack in occurrences.iter().flat_map(|new| std::iter::once(&new.stack).chain(&new.cause_stacks)).flatten() {
        if last != Some(*stack) && !known.contains(stack.0) {
            fresh.insert(stack.0);
        }
        last = Some(*stack);
    }
    fresh
}

/// `2026-11-20`.
pub(in crate::store) fn name_of(day: u32) -> Result<String, Error> {
    let text = Timestamp(i64::from(day) * 86_400_000).to_string();
    match text.split_once('T') {
        Some((date, _)) => Ok(date.to_owned()),
        None => Err(Error::Day(day)),
    }
}

/// The name of a day's file; one that was rewritten has another each time.
pub(in crate::store) fn file_name(generation: u32) -> String {
    if generation == 0 { "bodies.log".to_owned() } else { format!("bodies.{generation}.log") }
}

/// The generation of a file of this name; `None` where it is none of ours.
pub(in crate::store) fn generation_of(name: &str) -> Option<u32> {
    let middle = name.strip_prefix("bodies.")?.strip_suffix("log")?;
    let generation = if middle.is_empty() { 0 } else { middle.strip_suffix('.')?.parse().ok()? };
    (file_name(generation) == name).then_some(generation)
}

fn day_of(name: &str) -> Option<u32> {
    let time = Timestamp::parse_rfc3339(&format!("{name}T00:00:00Z"))?;
    // Only the one spelling that we write: anything else is not ours.
    let day = u32::try_from(time.0 / 86_400_000).ok()?;
    (name_of(day).ok()? == name).then_some(day)
}
