//! Where the blocks of a day lie in its file, and which stacks the day uses: rows of the main database, written by the
//! transaction of the commit they belong to.
//!
//! So a block is there exactly if its commit happened, a reader finds the blocks of its own snapshot and no others, and the
//! end of a day's last row is where the next commit goes on in the file.

use std::ops::RangeInclusive;

use redb::{Error, ReadOnlyTable, ReadTransaction, ReadableTable, StorageError, Table, WriteTransaction};
use roaring::RoaringBitmap;

use crate::model::id::OccurrenceId;
use crate::store::checked::Checked;
use crate::store::codec::{Corrupt, varint};
use crate::store::table;

/// Where a block lies in its day's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// The commit that wrote it.
    pub(super) commit: u64,
    /// Index of its first occurrence among those of its commit.
    pub(super) first: u32,
    /// Its first byte.
    pub(super) offset: u64,
    /// How many bytes it has.
    pub(super) length: u32,
}

impl Place {
    fn of(((_, commit, first), (offset, length)): (Key, Value)) -> Self {
        Self { commit, first, offset, length }
    }
}

/// How a day's file was rewritten; all zero where it never was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Thinned {
    /// How often.
    pub generation: u32,
    /// Most occurrences of an aggregate that were kept.
    pub keep_max: u32,
    /// The last commit that was looked at.
    pub commit: u64,
    /// Occurrences that were kept then.
    pub kept: u64,
    /// Occurrences that were removed, each time added up.
    pub removed: u64,
}

impl Thinned {
    fn of((generation, keep_max, commit, kept, removed): (u32, u32, u64, u64, u64)) -> Self {
        Self { generation, keep_max, commit, kept, removed }
    }

    fn get(rows: &impl ReadableTable<u32, (u32, u32, u64, u64, u64)>, day: u32) -> Result<Self, Error> {
        Ok(rows.get(day)?.map_or_else(Self::default, |row| Self::of(row.value())))
    }
}

type Key = (u32, u64, u32);
type Value = (u64, u32);

/// The rows of a snapshot.
pub(super) struct Index {
    blocks: ReadOnlyTable<Key, Value>,
    thinned: ReadOnlyTable<u32, (u32, u32, u64, u64, u64)>,
}

impl Index {
    pub(super) fn of(transaction: &ReadTransaction) -> Result<Self, Error> {
        let (blocks, thinned) = (transaction.open_table(table::BLOCKS)?, transaction.open_table(table::THINNED)?);
        Ok(Self { blocks, thinned })
    }

    /// The block that holds this occurrence, if there is one: the last that does not begin after it. One of a file that was
    /// rewritten may begin with an earlier commit.
    pub(super) fn find(&self, id: OccurrenceId) -> Result<Option<Place>, Error> {
        let OccurrenceId { day, commit, index } = id;
        last(&self.blocks, (day, 0, 0)..=(day, commit, index))
    }

    /// How a day was rewritten.
    pub(super) fn thinned(&self, day: u32) -> Result<Thinned, Error> {
        Thinned::get(&self.thinned, day)
    }

    /// Which file of a day is in use.
    pub(super) fn generation(&self, day: u32) -> Result<u32, Error> {
        Ok(self.thinned(day)?.generation)
    }

    /// Where a day's file ends.
    pub(super) fn end(&self, day: u32) -> Result<u64, Error> {
        end(&self.blocks, day)
    }

    /// The blocks of these commits of a day in the order of their keys.
    pub(super) fn blocks(
        &self,
        day: u32,
        commits: RangeInclusive<u64>,
    ) -> Result<impl Iterator<Item = Result<Place, Error>>, Error> {
        let mut first = (day, *commits.start(), 0);
        if *commits.start() > 0 && self.generation(day)? > 0 {
            // The block before may reach into these commits.
            let before = last(&self.blocks, (day, 0, 0)..=(day, *commits.start(), 0))?;
            first = before.map_or(first, |place| (day, place.commit, place.first));
        }
        let rows = self.blocks.range(first..=(day, *commits.end(), u32::MAX))?;
        Ok(rows.map(|row| row.map(|(key, value)| Place::of((key.value(), value.value()))).map_err(Error::from)))
    }

    /// The last block of a day.
    pub(super) fn last(&self, day: u32) -> Result<Option<Place>, Error> {
        last(&self.blocks, (day, 0, 0)..=(day, u64::MAX, u32::MAX))
    }

    /// The days that have blocks, oldest first, and the commit that the first of each begins with.
    pub(super) fn days(&self) -> Result<Vec<(u32, u64)>, Error> {
        let mut days = Vec::new();
        let mut from = Some(0);
        while let Some(day) = from {
            let Some(row) = self.blocks.range((day, 0, 0)..)?.next() else { break };
            let (day, commit, _) = row?.0.value();
            days.push((day, commit));
            from = day.checked_add(1);
        }
        Ok(days)
    }
}

/// The rows as a transaction changes them.
pub(super) struct Rows<'a> {
    blocks: Table<'a, Key, Value>,
    stacks: Table<'a, (u32, u64), Checked>,
    thinned: Table<'a, u32, (u32, u32, u64, u64, u64)>,
}

impl<'a> Rows<'a> {
    pub(super) fn of(transaction: &'a WriteTransaction) -> Result<Self, Error> {
        Ok(Self {
            blocks: transaction.open_table(table::BLOCKS)?,
            stacks: transaction.open_table(table::STACKS_IN_USE)?,
            thinned: transaction.open_table(table::THINNED)?,
        })
    }

    /// The first day that has blocks.
    pub(super) fn oldest(&self) -> Result<Option<u32>, Error> {
        Ok(self.blocks.first()?.map(|(key, _)| key.value().0))
    }

    /// Where the day's next block goes: behind the last one that a commit brought.
    pub(super) fn end(&self, day: u32) -> Result<u64, Error> {
        end(&self.blocks, day)
    }

    /// How a day was rewritten.
    pub(super) fn thinned(&self, day: u32) -> Result<Thinned, Error> {
        Thinned::get(&self.thinned, day)
    }

    /// Where a day's blocks lie, in their order.
    pub(super) fn places(&self, day: u32) -> Result<Vec<Place>, Error> {
        let rows = self.blocks.range((day, 0, 0)..=(day, u64::MAX, u32::MAX))?;
        rows.map(|row| row.map(|(key, value)| Place::of((key.value(), value.value()))).map_err(Error::from)).collect()
    }

    /// Puts other rows in the place of a day's.
    pub(super) fn replace(
        &mut self,
        day: u32,
        places: &[Place],
        stacks: &RoaringBitmap,
        thinned: &Thinned,
    ) -> Result<(), Error> {
        self.blocks.retain_in((day, 0, 0)..=(day, u64::MAX, u32::MAX), |_, _| false)?;
        self.stacks.retain_in((day, 0)..=(day, u64::MAX), |_, _| false)?;
        for place in places {
            self.add(day, *place)?;
        }
        self.use_stacks(day, places.first().map_or(0, |place| place.commit), stacks)?;
        let Thinned { generation, keep_max, commit, kept, removed } = *thinned;
        self.thinned.insert(day, (generation, keep_max, commit, kept, removed))?;
        Ok(())
    }

    pub(super) fn add(&mut self, day: u32, place: Place) -> Result<(), Error> {
        let Place { commit, first, offset, length } = place;
        self.blocks.insert((day, commit, first), (offset, length))?;
        Ok(())
    }

    /// Notes the stacks that a commit is the first to use on its day.
    pub(super) fn use_stacks(&mut self, day: u32, commit: u64, stacks: &RoaringBitmap) -> Result<(), Error> {
        if !stacks.is_empty() {
            self.stacks.insert((day, commit), stack_row(stacks).as_slice())?;
        }
        Ok(())
    }

    /// The stacks that the occurrences of these days use.
    pub(super) fn stacks(&self, days: RangeInclusive<u32>) -> Result<RoaringBitmap, Error> {
        let mut stacks = RoaringBitmap::new();
        for row in self.stacks.range((*days.start(), 0)..=(*days.end(), u64::MAX))? {
            let (key, value) = row?;
            let damaged = |corrupt| Error::Corrupted(format!("stacks in use at {:?}: {corrupt}", key.value()));
            add_stacks(value.value(), &mut stacks).map_err(damaged)?;
        }
        Ok(stacks)
    }

    /// Removes the rows of all days before `day`; whether there were any.
    pub(super) fn remove_before(&mut self, day: u32) -> Result<bool, Error> {
        let some = self.blocks.first()?.is_some_and(|(key, _)| key.value().0 < day);
        if some {
            self.blocks.retain_in(..(day, 0, 0), |_, _| false)?;
            self.stacks.retain_in(..(day, 0), |_, _| false)?;
            self.thinned.retain_in(..day, |_, _| false)?;
        }
        Ok(some)
    }
}

/// The stacks that the occurrences of a day use, in a snapshot.
pub(super) fn stacks(transaction: &ReadTransaction, day: u32) -> Result<RoaringBitmap, Error> {
    let rows = transaction.open_table(table::STACKS_IN_USE)?;
    let mut stacks = RoaringBitmap::new();
    for row in rows.range((day, 0)..=(day, u64::MAX))? {
        let (key, value) = row?;
        let damaged = |corrupt| Error::Corrupted(format!("stacks in use at {:?}: {corrupt}", key.value()));
        add_stacks(value.value(), &mut stacks).map_err(damaged)?;
    }
    Ok(stacks)
}

fn end(rows: &impl ReadableTable<Key, Value>, day: u32) -> Result<u64, Error> {
    let last = last(rows, (day, 0, 0)..=(day, u64::MAX, u32::MAX))?;
    Ok(last.map_or(0, |place| place.offset.saturating_add(u64::from(place.length))))
}

fn last(rows: &impl ReadableTable<Key, Value>, range: RangeInclusive<Key>) -> Result<Option<Place>, Error> {
    let row: Option<Result<_, StorageError>> = rows.range(range)?.next_back();
    Ok(row.transpose()?.map(|(key, value)| Place::of((key.value(), value.value()))))
}

/// Ascending ids as the differences from one to the next.
fn stack_row(stacks: &RoaringBitmap) -> Vec<u8> {
    let (mut row, mut last) = (Vec::new(), 0);
    for stack in stacks {
        varint::write_u64(&mut row, u64::from(stack - last));
        last = stack;
    }
    row
}

fn add_stacks(mut row: &[u8], stacks: &mut RoaringBitmap) -> Result<(), Corrupt> {
    let mut last = 0u32;
    if row.is_empty() {
        return Err(Corrupt::new("stacks in use", "checksum does not match"));
    }
    while !row.is_empty() {
        let next = last.checked_add(varint::read_u32(&mut row)?);
        last = next.ok_or(Corrupt::new("stacks in use", "id of more than 32 bits"))?;
        stacks.insert(last);
    }
    Ok(())
}
