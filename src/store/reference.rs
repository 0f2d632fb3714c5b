//! Which occurrences an aggregate has: references into the partitions, newest first.
//!
//! New references are in memory, until they are many or a window is sealed: then each aggregate's go into its row of the window, which
//! also names the window of the row before. So the newest are found at once however long the history is, and memory does not grow
//! with what a window brings.

use rustc_hash::FxHashMap;

use super::codec::Corrupt;
use super::column::{Rows, Tables, insert};
use super::live::Live;
use super::occurrence::StoredOccurrence;
use super::row::{Reader, Writer, unexpected};
use super::table;
use super::view::{Neighbours, View};
use super::window::Window;
use super::{Error, Store};
use crate::model::id::{AggregateId, OccurrenceId};

/// Occurrences of one aggregate that follow each other in one commit: those of one scrape, ten and more at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) first: OccurrenceId,
    pub(super) count: u32,
}

/// Longest run that is believed: far more samples than a body can hold, and few enough to list.
const RUN_MAX: u32 = 1 << 24;

/// Bytes of references in memory from which they are written, for each aggregate that has some and in all: writing an aggregate's reads
/// what its row has.
const WAITING_BYTES: usize = 256;
const WAITING_BYTES_MIN: usize = 16 << 20;
/// What a map's entry takes beside its runs.
const ENTRY_BYTES: usize = 96;
/// A row of so many bytes gets no more: a clock that was far ahead makes one window of weeks.
const ROW_BYTES_MAX: usize = 4 << 20;

/// Under which window the newest references of aggregates stand.
pub(super) type Referenced = FxHashMap<AggregateId, u32>;

impl Run {
    /// The ids, oldest first.
    pub(super) fn ids(self) -> impl DoubleEndedIterator<Item = OccurrenceId> {
        let Self { first, count } = self;
        (first.index..first.index.saturating_add(count)).map(move |index| OccurrenceId { index, ..first })
    }
}

/// The runs of one aggregate in their order, oldest first. All but the last are bytes already, as their row has them, which is a
/// quarter of the memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Runs {
    length: u64,
    packed: Writer,
    /// The last run in `packed`.
    base: OccurrenceId,
    last: Option<Run>,
}

impl Runs {
    /// Adds a run, or lengthens the last one when this follows it.
    pub(super) fn push(&mut self, run: Run) {
        match &mut self.last {
            Some(last) if last.is_followed_by(run.first) => last.count += run.count,
            last => {
                if let Some(last) = last.replace(run) {
                    self.packed.reserve_tightly();
                    last.write(self.base, &mut self.packed);
                    self.base = last.first;
                }
                self.length += 1;
            }
        }
    }

    /// All of them, oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = Run> + '_ {
        let (mut row, mut base) = (Reader(&self.packed.0), OccurrenceId::default());
        let packed = std::iter::from_fn(move || {
            let run = Run::read(base, &mut row).ok()?;
            base = run.first;
            Some(run)
        });
        packed.chain(self.last)
    }
}

impl Run {
    fn is_followed_by(self, id: OccurrenceId) -> bool {
        let Self { first, count } = self;
        (first.day, first.commit) == (id.day, id.commit) && first.index.checked_add(count) == Some(id.index)
    }

    /// The bytes of a run that comes after the one that begins with `base`.
    fn write(self, base: OccurrenceId, out: &mut Writer) {
        let Self { first, count } = self;
        out.signed(i64::from(first.day) - i64::from(base.day));
        out.signed(first.commit.wrapping_sub(base.commit) as i64);
        out.unsigned(u64::from(first.index));
        out.unsigned(u64::from(count));
    }

    fn read(base: OccurrenceId, row: &mut Reader<'_>) -> Result<Self, Corrupt> {
        let day = i64::from(base.day).wrapping_add(row.signed()?) as u32;
        let commit = base.commit.wrapping_add(row.signed()? as u64);
        let first = OccurrenceId { day, commit, index: row.small()? };
        let count = row.small()?;
        if count > RUN_MAX {
            return Err(unexpected("the length of a run of references"));
        }
        Ok(Self { first, count })
    }
}

impl Store {
    /// Writes the references that wait in memory, if they are many. There is one writer: nothing may be drafted
    /// or owed meanwhile.
    ///
    /// # Errors
    /// When they can not be written: the store takes no more writes then.
    pub fn refer(&self) -> Result<(), Error> {
        let is_much = self.live_read().refers_to_much();
        if is_much { self.refer_now() } else { Ok(()) }
    }

    /// As [`Store::refer`], however few they are.
    pub(super) fn refer_now(&self) -> Result<(), Error> {
        self.check()?;
        let referenced = self.write_references(&self.live_read()).map_err(|error| self.poison(error))?;
        self.live_write().refer(referenced);
        Ok(())
    }

    pub(super) fn write_references(&self, live: &Live) -> Result<Referenced, Error> {
        let transaction = self.begin()?;
        let referenced = {
            let tables = Tables { transaction: &transaction };
            let referenced = tables.references(live, live.sealed)?;
            let moved = referenced.iter().filter(|(aggregate, window)| live.referenced.get(aggregate) != Some(window));
            let mut moved: Vec<AggregateId> = moved.map(|(aggregate, _)| *aggregate).collect();
            moved.sort_unstable();
            tables.aggregates(live, &moved, &referenced)?;
            let mut meta = transaction.open_table(table::META).map_err(Error::database("open meta"))?;
            meta.insert(table::meta::REFERENCED, Some(live.commit)).map_err(Error::database("write meta"))?;
            referenced
        };
        transaction.commit().map_err(Error::database("commit references"))?;
        Ok(referenced)
    }
}

impl Live {
    fn refers_to_much(&self) -> bool {
        let bytes: usize = self.references.values().map(|runs| runs.packed.0.len() + ENTRY_BYTES).sum();
        bytes > WAITING_BYTES_MIN.max(self.references.len() * WAITING_BYTES)
    }

    /// All references up to now are in their table, the newest under these windows.
    pub(super) fn refer(&mut self, referenced: Referenced) {
        self.references = FxHashMap::default();
        self.referenced.extend(referenced);
        self.referenced_commit = self.commit;
    }

    /// The window of a new row of references: that of the latest scrape, because retention goes by it and what is referred to may be
    /// younger than the window that is sealed. Never that of a row there is.
    pub(super) fn reference_key(&self, aggregate: AggregateId, window: Window) -> u32 {
        let now = Window::of(self.now).max(window);
        self.referenced.get(&aggregate).map_or(now.0, |last| now.0.max(last.saturating_add(1)))
    }
}

impl Tables<'_> {
    /// Writes the references that wait in memory, into the row of the latest scrape's window where there is one.
    pub(super) fn references(&self, live: &Live, window: Window) -> Result<Referenced, Error> {
        let mut rows = self.open(table::REFERENCES)?;
        let mut waiting: Vec<_> = live.references.iter().collect();
        waiting.sort_unstable_by_key(|(aggregate, _)| **aggregate);
        let now = Window::of(live.now).max(window);
        let mut referenced = Referenced::default();
        for (aggregate, runs) in waiting {
            let last = live.referenced.get(aggregate).copied();
            let longer = if last == Some(now.0) { lengthened(&rows, (now.0, aggregate.0), runs)? } else { None };
            let (key, row) = match longer {
                Some(row) => (now.0, row),
                None => (live.reference_key(*aggregate, window), encode(last, runs)),
            };
            insert(&mut rows, (key, aggregate.0), &row)?;
            referenced.insert(*aggregate, key);
        }
        Ok(referenced)
    }
}

/// The row at `key` with more runs; `None` where there is none, which is damage that `verify` tells of, or it is long enough.
fn lengthened(rows: &Rows<'_, (u32, u32)>, key: (u32, u32), runs: &Runs) -> Result<Option<Vec<u8>>, Error> {
    let row = redb::ReadableTable::get(rows, key).map_err(Error::database("read references"))?;
    let Some(row) = row.filter(|row| row.value().len() < ROW_BYTES_MAX) else { return Ok(None) };
    let (before, earlier) = decode(row.value()).map_err(Error::corrupt("references", key))?;
    let mut all = Runs::default();
    earlier.into_iter().chain(runs.iter()).for_each(|run| all.push(run));
    Ok(Some(encode(before, &all)))
}

/// The bytes of a row: the window of the row before, and references oldest first.
pub(super) fn encode(before: Option<u32>, runs: &Runs) -> Vec<u8> {
    let mut out = Writer::default();
    out.unsigned(before.map_or(0, |window| u64::from(window) + 1));
    out.unsigned(runs.length);
    out.0.extend_from_slice(&runs.packed.0);
    if let Some(last) = runs.last {
        last.write(runs.base, &mut out);
    }
    out.0
}

pub(super) fn decode(bytes: &[u8]) -> Result<(Option<u32>, Vec<Run>), Corrupt> {
    let mut row = Reader(bytes);
    let before = row.small()?.checked_sub(1);
    let length = row.length()?;
    let mut runs = Vec::with_capacity(length);
    let mut base = OccurrenceId::default();
    for _ in 0..length {
        let run = Run::read(base, &mut row)?;
        base = run.first;
        runs.push(run);
    }
    Ok((before, runs))
}

/// See [`View::occurrences`].
pub(super) fn occurrences(
    view: &View<'_>,
    aggregate: AggregateId,
    before: Option<OccurrenceId>,
    limit: usize,
) -> Result<Vec<StoredOccurrence>, Error> {
    let ids = newest(view, aggregate, before, limit)?;
    let found = view.store.read_occurrences(&view.transaction, &ids)?;
    Ok(found.into_iter().flatten().collect())
}

/// See [`View::occurrence_ends`].
pub(super) fn ends(view: &View<'_>, aggregate: AggregateId) -> Result<Option<(OccurrenceId, OccurrenceId)>, Error> {
    let ids = newest(view, aggregate, None, usize::MAX)?;
    // References may outlive what they refer to by a day: those at the old end are looked up until one is there.
    for oldest in ids.iter().rev() {
        if let (Some(newest), true) = (ids.first(), is_there(view, *oldest)?) {
            return Ok(Some((*oldest, *newest)));
        }
    }
    Ok(None)
}

/// See [`View::occurrence_neighbours`].
pub(super) fn neighbours(view: &View<'_>, aggregate: AggregateId, id: OccurrenceId) -> Result<Neighbours, Error> {
    let ids = newest(view, aggregate, None, usize::MAX)?;
    let there = |id: OccurrenceId| is_there(view, id);
    // References may outlive what they refer to by a day: those at the old end are looked up until one is there.
    let mut first = None;
    for oldest in ids.iter().rev() {
        if there(*oldest)? {
            first = Some(*oldest);
            break;
        }
    }
    let older = ids.iter().find(|other| **other < id && first.is_some_and(|first| first <= **other));
    let newer = ids.iter().rev().find(|other| **other > id);
    Ok(Neighbours { first, previous: older.copied(), next: newer.copied(), last: ids.first().copied() })
}

/// The ids of an aggregate's newest occurrences before `before`, newest first.
pub(super) fn newest(
    view: &View<'_>,
    aggregate: AggregateId,
    before: Option<OccurrenceId>,
    limit: usize,
) -> Result<Vec<OccurrenceId>, Error> {
    let wanted = |id: &OccurrenceId| before.is_none_or(|before| *id < before);
    let recent: Vec<Run> = view.live.references.get(&aggregate).map_or_else(Vec::new, |runs| runs.iter().collect());
    let newest_first = |runs: &[Run], limit: usize| -> Vec<OccurrenceId> {
        runs.iter().rev().flat_map(|run| run.ids().rev()).filter(wanted).take(limit).collect()
    };
    let mut ids = newest_first(&recent, limit);
    let mut window = view.live.referenced.get(&aggregate).copied();
    let rows = view.transaction.open_table(table::REFERENCES).map_err(Error::database("open references"))?;
    while let (true, Some(at)) = (ids.len() < limit, window) {
        let key = (at, aggregate.0);
        let Some(row) = rows.get(key).map_err(Error::database("read references"))? else { break };
        let (earlier, mut references) = decode(row.value()).map_err(Error::corrupt("references", key))?;
        // A row may have been added to since the view began; what was is among the recent ones.
        references.retain(|run| run.first.commit <= view.live.referenced_commit);
        ids.extend(newest_first(&references, limit - ids.len()));
        // Rows point backwards only; anything else is damage and must not become an endless loop.
        window = earlier.filter(|earlier| *earlier < at);
    }
    Ok(ids)
}

/// See [`View::occurrence`].
pub(super) fn occurrence(view: &View<'_>, id: OccurrenceId) -> Result<Option<StoredOccurrence>, Error> {
    view.store.read_occurrence(&view.transaction, id)
}

/// Whether there is one that can be read.
fn is_there(view: &View<'_>, id: OccurrenceId) -> Result<bool, Error> {
    Ok(view.store.read_occurrences(&view.transaction, &[id])?.iter().any(Option::is_some))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn references_are_written_when_they_are_much_and_each_error_has_some() {
        let mut live = Live::default();
        let run = |commit| Run { first: OccurrenceId { day: 20_000, commit, index: 7 }, count: 1 };
        // One new sample of many errors: writing would read and write a row for each.
        for aggregate in 0..200_000 {
            live.references.entry(AggregateId(aggregate)).or_default().push(run(u64::from(aggregate)));
        }
        assert!(!live.refers_to_much());
        live.references.clear();
        let runs = live.references.entry(AggregateId(1)).or_default();
        (0..1_000_000).for_each(|commit| runs.push(run(commit)));
        assert!(!live.refers_to_much());
        let runs = live.references.entry(AggregateId(1)).or_default();
        (1_000_000..5_000_000).for_each(|commit| runs.push(run(commit)));
        assert!(live.refers_to_much());
        live.refer(Referenced::default());
        assert!(!live.refers_to_much());
    }

    proptest! {
        #[test]
        fn runs_hold_the_ids_that_they_were_given_and_so_does_their_row(
            given in proptest::collection::vec((19_000u32..19_003, 0u64..5, 0u32..6, 1u32..4), 0..40),
            before in proptest::option::of(0u32..1000),
        ) {
            let mut runs = Runs::default();
            let mut ids: Vec<OccurrenceId> = Vec::new();
            for (day, commit, index, count) in given {
                let run = Run { first: OccurrenceId { commit, index, day }, count };
                ids.extend(run.ids());
                runs.push(run);
                prop_assert_eq!(runs.iter().flat_map(Run::ids).collect::<Vec<_>>(), ids.clone());
            }
            let (earlier, read) = decode(&encode(before, &runs)).unwrap();
            prop_assert_eq!(earlier, before);
            prop_assert_eq!(read, runs.iter().collect::<Vec<_>>());
        }
    }
}
