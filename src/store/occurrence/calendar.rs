//! All partitions by their day: which there are, which one is written to, which files are open.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use roaring::RoaringBitmap;

use super::cutter::Blocks;
use super::error::{Damaged, Error};
use super::partition::{Addition, Partition, Snapshot, StoredBlock};
use super::{Found, NewOccurrence, StackLookup, StoredOccurrence, Visit, block};
use crate::model::id::{OccurrenceId, StackId};
use crate::model::occurrence::Stack;
use crate::model::time::Timestamp;
use crate::store::codec::Corrupt;
use crate::store::disk::{Disk, Real};

/// Partitions whose files are open at a time, each with a cache of 4 MiB.
const OPEN_MAX: usize = 8;
/// Which day is being written to, and since which commit: `2026-11-20 3871`.
const WRITING: &str = "writing";
/// All partitions. One writer at a time, any number of readers.
pub struct Partitions {
    disk: Arc<dyn Disk>,
    directory: PathBuf,
    days: Mutex<Days>,
    writing: Mutex<Option<Writing>>,
    encoders: Mutex<Vec<block::Encoder>>,
}

struct Days {
    partitions: BTreeMap<u32, Arc<Partition>>,
    /// Days whose files may be open, the one used last at the end.
    recent: Vec<u32>,
}

/// The partition that is being written to.
struct Writing {
    day: u32,
    /// The last commit that was written, or tried.
    last_commit: u64,
    /// The stacks its occurrences use.
    stacks: RoaringBitmap,
}

impl std::fmt::Debug for Partitions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Partitions").field("directory", &self.directory).finish_non_exhaustive()
    }
}

impl Partitions {
    /// Opens the partitions in `directory`, which is made where it is missing, and removes what commits after
    /// `last_commit`, the last that the main database knows, have left.
    ///
    /// # Errors
    /// When the directory can not be read or written, or a partition that has to be looked at can not be opened.
    pub fn open(directory: &Path, last_commit: u64) -> Result<Self, Error> {
        Self::open_on(Arc::new(Real), directory, last_commit)
    }

    /// As [`Partitions::open`], on this disk.
    pub(in crate::store) fn open_on(disk: Arc<dyn Disk>, directory: &Path, last_commit: u64) -> Result<Self, Error> {
        let entries = match disk.entries(directory) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                disk.create_directory(directory).map_err(Error::io("creating", directory))?;
                if let Some(parent) = directory.parent() {
                    disk.sync_directory(parent).map_err(Error::io("syncing", parent))?;
                }
                Vec::new()
            }
            entries => entries.map_err(Error::io("reading", directory))?,
        };
        let mut partitions = BTreeMap::new();
        for path in entries {
            if path.extension().is_some_and(|kind| kind == "dropping" || kind == "creating") {
                disk.remove_directory(&path).map_err(Error::io("removing", &path))?;
            } else if let Some(day) = path.file_name().and_then(|name| day_of(name.to_str()?)) {
                partitions.insert(day, Arc::new(Partition::at(Arc::clone(&disk), path)));
            }
        }
        let all = Self {
            disk,
            directory: directory.to_owned(),
            days: Mutex::new(Days { partitions, recent: Vec::new() }),
            writing: Mutex::new(None),
            encoders: Mutex::new(Vec::new()),
        };
        all.trim(last_commit)?;
        Ok(all)
    }

    /// Writes a commit's occurrences; they are durable on return, and what an earlier attempt at the same commit wrote is
    /// gone. Their ids are (`day`, `commit`, place in `occurrences`). `commit` is one more than the last commit of the main
    /// database, or more.
    ///
    /// # Errors
    /// When they can not be written. The store must not commit then.
    pub fn write(&self, day: u32, commit: u64, occurrences: &[NewOccurrence<'_>]) -> Result<(), Error> {
        let mut writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if occurrences.is_empty() {
            return self.forget(commit, &mut writing);
        }
        let partition = self.partition_to_write(day, commit, &mut writing)?;
        let Some(writing) = &mut *writing else { return Ok(()) };
        let mut fresh = RoaringBitmap::new();
        let mut last = None;
        for new in occurrences {
            for stack in std::iter::once(&new.stack).chain(&new.cause_stacks).flatten() {
                if last != Some(*stack) && !writing.stacks.contains(stack.0) {
                    fresh.insert(stack.0);
                }
                last = Some(*stack);
            }
        }
        let mut blocks = Blocks::new(&self.encoders, commit, occurrences);
        // Even when it fails it may have been written: a next attempt must look.
        writing.last_commit = commit;
        partition.write(Addition { commit, blocks: &mut blocks, stacks: &fresh })?;
        writing.stacks |= fresh;
        Ok(())
    }

    /// The occurrences with these ids in the order of the ids: `None` where there is none (any more), [`Damaged`] where it can
    /// not be read although it is there. Each block is read once.
    ///
    /// # Errors
    /// When a file can not be read at all.
    pub fn read(&self, ids: &[OccurrenceId], stacks: &mut StackLookup<'_>) -> Result<Vec<Found>, Error> {
        let mut found: Vec<Found> = Vec::new();
        found.resize_with(ids.len(), || Ok(None));
        let mut order: Vec<(OccurrenceId, usize)> = ids.iter().copied().zip(0..).collect();
        order.sort_unstable();
        for of_day in order.chunk_by(|a, b| a.0.day == b.0.day) {
            let Some(partition) = of_day.first().and_then(|(id, _)| self.partition(id.day)) else { continue };
            let Some(snapshot) = partition.snapshot()? else { continue };
            let mut rest = of_day;
            while let Some((asked, _)) = rest.first() {
                let block = snapshot.block(asked.commit, asked.index)?;
                let same = block.as_ref().map_or(1, |block| block_mates(block, rest));
                let (mates, others) = rest.split_at(same);
                if let Some(block) = block {
                    answer(&snapshot, &block, mates, stacks, &mut found)?;
                }
                rest = others;
            }
        }
        Ok(found)
    }

    /// Calls `visit` with every occurrence of `day` in `commits` in the order of their ids, until it breaks. A follower
    /// must not ask beyond the last commit of the main database: what is there may never have happened.
    ///
    /// # Errors
    /// When the file can not be read at all.
    pub fn read_all(
        &self,
        day: u32,
        commits: RangeInclusive<u64>,
        stacks: &mut StackLookup<'_>,
        visit: &mut Visit<'_>,
    ) -> Result<(), Error> {
        let Some(partition) = self.partition(day) else { return Ok(()) };
        let Some(snapshot) = partition.snapshot()? else { return Ok(()) };
        for block in snapshot.blocks(commits)? {
            let block = block?;
            let mut records = Vec::new();
            let decoded = block::decode(
                &block.bytes,
                block.commit,
                block.first,
                |_| true,
                |place, record| {
                    records.push((place, record));
                },
            );
            if let Err(source) = decoded {
                if visit(Err(damaged(&snapshot, &block, source))).is_break() {
                    return Ok(());
                }
                continue;
            }
            for (place, record) in records {
                let id = OccurrenceId { day, commit: block.commit, index: block.first.saturating_add(place) };
                if visit(complete(id, record, stacks)?).is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The days that have a partition, oldest first.
    pub fn days(&self) -> Vec<u32> {
        self.lock().partitions.keys().copied().collect()
    }

    /// Bytes that all partitions take on disk.
    ///
    /// # Errors
    /// When a file can not be looked at.
    pub fn bytes(&self) -> Result<u64, Error> {
        let partitions: Vec<_> = self.lock().partitions.values().cloned().collect();
        partitions.iter().map(|partition| partition.bytes()).sum()
    }

    /// The stacks that occurrences use; all others may be removed from the main database.
    ///
    /// # Errors
    /// When a partition can not be read.
    pub fn stacks(&self) -> Result<RoaringBitmap, Error> {
        let mut stacks = RoaringBitmap::new();
        for day in self.days() {
            let Some(partition) = self.partition(day) else { continue };
            if let Some(snapshot) = partition.snapshot()? {
                stacks |= snapshot.stacks()?;
            }
        }
        Ok(stacks)
    }

    /// Removes all partitions of days before `day`; how many. A crash leaves each of them whole or gone.
    ///
    /// # Errors
    /// When a directory can not be renamed or removed.
    pub fn drop_before(&self, day: u32) -> Result<usize, Error> {
        let mut writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if writing.as_ref().is_some_and(|writing| writing.day < day) {
            *writing = None;
        }
        let dropped = {
            let mut days = self.lock();
            let kept = days.partitions.split_off(&day);
            std::mem::replace(&mut days.partitions, kept)
        };
        for partition in dropped.values() {
            partition.retire();
            // Under another name first: a partition that is only half removed must not be opened again.
            let renamed = partition.directory().with_extension("dropping");
            self.disk.rename(partition.directory(), &renamed).map_err(Error::io("removing", partition.directory()))?;
            self.disk.sync_directory(&self.directory).map_err(Error::io("syncing", &self.directory))?;
            self.disk.remove_directory(&renamed).map_err(Error::io("removing", &renamed))?;
        }
        Ok(dropped.len())
    }

    fn lock(&self) -> MutexGuard<'_, Days> {
        self.days.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The partition of `day`, if there is one; others that have not been used for long are closed.
    pub(super) fn partition(&self, day: u32) -> Option<Arc<Partition>> {
        let mut days = self.lock();
        let partition = Arc::clone(days.partitions.get(&day)?);
        days.recent.retain(|recent| *recent != day);
        days.recent.push(day);
        let Days { partitions, recent } = &mut *days;
        let mut surplus = recent.len().saturating_sub(OPEN_MAX);
        // Those in use are left open and tried again next time.
        recent.retain(|recent| {
            let close = surplus > 0 && partitions.get(recent).is_none_or(|partition| partition.try_close());
            surplus -= usize::from(close);
            !close
        });
        Some(partition)
    }

    /// The partition of `day`, made where it is missing and noted as the one that is written to.
    fn partition_to_write(
        &self,
        day: u32,
        commit: u64,
        writing: &mut Option<Writing>,
    ) -> Result<Arc<Partition>, Error> {
        let existing = self.partition(day);
        if let (Some(partition), Some(writing)) = (&existing, &*writing)
            && writing.day == day
            && writing.last_commit < commit
        {
            return Ok(Arc::clone(partition));
        }
        // An attempt at this commit may have gone to the last day; nobody would look there once the marker names another.
        self.forget(commit, writing)?;
        if let Some(last) = writing.take().filter(|last| last.day != day).and_then(|last| self.partition(last.day)) {
            last.seal();
        }
        let name = name_of(day)?;
        let marker = self.directory.join(WRITING);
        let note = format!("{name} {commit}\n");
        self.disk.rewrite(&marker, &note).map_err(Error::io("writing", &marker))?;
        let partition = if let Some(partition) = existing {
            partition
        } else {
            let partition = Arc::new(Partition::create(Arc::clone(&self.disk), self.directory.join(name))?);
            self.lock().partitions.insert(day, Arc::clone(&partition));
            partition
        };
        let stacks = partition.snapshot()?.map(|snapshot| snapshot.stacks()).transpose()?.unwrap_or_default();
        *writing = Some(Writing { day, last_commit: commit.saturating_sub(1), stacks });
        Ok(partition)
    }

    /// Removes what an earlier attempt at `commit` has written, if there was one.
    fn forget(&self, commit: u64, writing: &mut Option<Writing>) -> Result<(), Error> {
        let Some(day) = writing.as_ref().filter(|last| last.last_commit >= commit).map(|last| last.day) else {
            return Ok(());
        };
        // The stacks it was the first to use are forgotten with it, so the set is read again at the next write.
        *writing = None;
        if let Some(partition) = self.partition(day) {
            trim(&partition, commit.saturating_sub(1))?;
        }
        Ok(())
    }

    /// Removes what commits after `last_commit` wrote.
    fn trim(&self, last_commit: u64) -> Result<(), Error> {
        let marker = self.directory.join(WRITING);
        let note = match self.disk.read(&marker) {
            Ok(note) => parse_note(&note),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(Error::io("reading", &marker)(error)),
        };
        // From the noted commit on all went to the noted day. So elsewhere there is nothing beyond the last commit, unless
        // the main database ends before that: then it is an older copy, put back by somebody.
        let days = match note {
            Some((day, from)) if from <= last_commit.saturating_add(1) => vec![day],
            _ => self.days(),
        };
        for day in days {
            if let Some(partition) = self.partition(day) {
                trim(&partition, last_commit)?;
            }
        }
        Ok(())
    }
}

/// How many of the first `ids` stand in `block`, at least one. A damaged count takes too few or too many along: those are
/// looked up again, or are as damaged as the first.
fn block_mates(block: &StoredBlock, ids: &[(OccurrenceId, usize)]) -> usize {
    let end = block.first.saturating_add(block::count(&block.bytes).unwrap_or(0));
    ids.iter().take_while(|(id, _)| id.commit == block.commit && id.index < end).count().max(1)
}

/// Answers the ids that stand in `block`, each at its place in `found`.
fn answer(
    snapshot: &Snapshot<'_>,
    block: &StoredBlock,
    ids: &[(OccurrenceId, usize)],
    stacks: &mut StackLookup<'_>,
    found: &mut [Found],
) -> Result<(), Error> {
    let mut records = BTreeMap::new();
    let wanted = |place| ids.binary_search_by_key(&place, |(id, _)| id.index.saturating_sub(block.first)).is_ok();
    let decoded = block::decode(&block.bytes, block.commit, block.first, wanted, |place, record| {
        records.insert(place, record);
    });
    for (id, place) in ids {
        let Some(answer) = found.get_mut(*place) else { continue };
        *answer = match (&decoded, records.get(&id.index.saturating_sub(block.first))) {
            (Err(source), _) => Err(damaged(snapshot, block, *source)),
            (Ok(()), None) => Ok(None),
            (Ok(()), Some(record)) => complete(*id, record.clone(), stacks)?.map(Some),
        };
    }
    Ok(())
}

/// Puts a record's stacks in place.
fn complete(
    id: OccurrenceId,
    record: block::Record,
    stacks: &mut StackLookup<'_>,
) -> Result<Result<StoredOccurrence, Damaged>, Error> {
    let block::Record { aggregate, target, stack, cause_stacks, mut occurrence } = record;
    let mut place = |at: &mut Option<Arc<Stack>>, stack: Option<StackId>| {
        *at = stack.map(&mut *stacks).transpose()?;
        Ok(())
    };
    let mut placed = place(&mut occurrence.exception.stack, stack);
    for (cause, stack) in occurrence.exception.causes.iter_mut().zip(cause_stacks) {
        placed = placed.and_then(|()| place(&mut cause.stack, stack));
    }
    match placed {
        Ok(()) => Ok(Ok(StoredOccurrence { id, aggregate, target, occurrence })),
        Err(Error::Damaged(damaged)) => Ok(Err(damaged)),
        Err(error) => Err(error),
    }
}

fn damaged(snapshot: &Snapshot<'_>, block: &StoredBlock, source: Corrupt) -> Damaged {
    Damaged::Block { path: snapshot.file().to_owned(), commit: block.commit, first: block.first, source }
}

fn trim(partition: &Partition, last_commit: u64) -> Result<(), Error> {
    if let Some(last) = partition.trim(last_commit)? {
        let (file, from) = (partition.file().display(), last_commit.saturating_add(1));
        tracing::info!(%file, from, to = last, "removed occurrences of commits that did not happen");
    }
    Ok(())
}

/// `2026-11-20`.
fn name_of(day: u32) -> Result<String, Error> {
    let text = Timestamp(i64::from(day) * 86_400_000).to_string();
    match text.split_once('T') {
        Some((date, _)) => Ok(date.to_owned()),
        None => Err(Error::Day(day)),
    }
}

/// The day that was written to last, and the first commit that went there.
fn parse_note(note: &str) -> Option<(u32, u64)> {
    let (name, commit) = note.trim_end().split_once(' ')?;
    Some((day_of(name)?, commit.parse().ok()?))
}

fn day_of(name: &str) -> Option<u32> {
    let time = Timestamp::parse_rfc3339(&format!("{name}T00:00:00Z"))?;
    // Only the one spelling that we write: anything else is not ours.
    let day = u32::try_from(time.0 / 86_400_000).ok()?;
    (name_of(day).ok()? == name).then_some(day)
}
