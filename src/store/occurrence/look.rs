//! Looking through a day's file block by block, and taking out what can not be read.

use redb::{ReadTransaction, WriteTransaction};
use roaring::RoaringBitmap;

use super::error::Error;
use super::index::{self, Index, Place, Rows, Thinned};
use super::partition::{Partitions, file_name};
use super::reading::Reading;
use super::{block, stack};
use crate::model::id::{AggregateId, OccurrenceId};

/// What is come across in a day's file.
pub(in crate::store) enum Seen<'a> {
    /// An occurrence.
    Occurrence {
        /// Which.
        id: OccurrenceId,
        /// What it is.
        record: &'a block::Record,
    },
    /// A block is not where it has to be, or not what was written.
    Problem {
        /// Its key.
        key: String,
        /// What is wrong.
        what: String,
    },
}

impl Partitions {
    /// Calls `visit` with what there is in a day's file.
    ///
    /// # Errors
    /// When the index or the file can not be read at all.
    pub(in crate::store) fn look(
        &self,
        transaction: &ReadTransaction,
        (day, reading): (u32, &Reading),
        visit: &mut dyn FnMut(Seen<'_>),
    ) -> Result<(), Error> {
        let index = Index::of(transaction).map_err(self.indexing())?;
        let problem = |place: &Place, what: String| {
            let key = format!("{:?}", (day, place.commit, place.first));
            (key, what)
        };
        let mut expected = 0;
        let mut last = None;
        for place in index.blocks(day, 0..=u64::MAX).map_err(self.indexing())? {
            let place = place.map_err(self.indexing())?;
            // Between blocks may lie one that was taken out.
            if place.offset < expected {
                let (key, what) = problem(&place, format!("it begins at {}, before the end of another", place.offset));
                visit(Seen::Problem { key, what });
            }
            expected = place.offset.saturating_add(u64::from(place.length));
            let mut records = Vec::new();
            let decoded =
                reading.decode(&place, |_, _| true, |commit, index, record| records.push((commit, index, record)))?;
            if let Err(damaged) = decoded {
                let source = std::error::Error::source(&damaged).map(ToString::to_string).unwrap_or_default();
                let (key, what) = problem(&place, source);
                visit(Seen::Problem { key, what });
                continue;
            }
            for (commit, index, record) in &records {
                let id = OccurrenceId { day, commit: *commit, index: *index };
                if last.is_some_and(|last| last >= id) {
                    let (key, what) = problem(&place, "its occurrences are not behind those before".to_owned());
                    visit(Seen::Problem { key, what });
                }
                last = Some(id);
                visit(Seen::Occurrence { id, record });
            }
        }
        Ok(())
    }

    /// The day's file where it is not there, or is shorter than what was written to it, although the day has occurrences.
    ///
    /// # Errors
    /// When the index or a file can not be read.
    pub(in crate::store) fn lacks(
        &self,
        transaction: &ReadTransaction,
        day: u32,
    ) -> Result<Option<std::path::PathBuf>, Error> {
        let index = Index::of(transaction).map_err(self.indexing())?;
        let end = index.end(day).map_err(self.indexing())?;
        if end == 0 {
            return Ok(None);
        }
        let generation = index.generation(day).map_err(self.indexing())?;
        let path = self.directory_of(day)?.join(file_name(generation));
        let length = match self.open_to_read(day, generation)? {
            Some(reading) => reading.file.length().map_err(Error::io("reading", &path))?,
            None => 0,
        };
        Ok((length < end).then_some(path))
    }

    /// The stacks that are said to be in use on a day.
    ///
    /// # Errors
    /// When the index can not be read.
    pub(in crate::store) fn stacks_of(&self, transaction: &ReadTransaction, day: u32) -> Result<RoaringBitmap, Error> {
        index::stacks(transaction, day).map_err(self.indexing())
    }

    /// Takes out blocks of a day that can not be read, and notes anew which stacks it uses; stacks that are not there are replaced
    /// by one that says so. What was taken out: its key, and why.
    ///
    /// # Errors
    /// When something can not be read or written.
    pub(in crate::store) fn prune(
        &self,
        transaction: &WriteTransaction,
        day: u32,
    ) -> Result<Vec<(String, String)>, Error> {
        let mut rows = Rows::of(transaction).map_err(self.indexing())?;
        let before = rows.thinned(day).map_err(self.indexing())?;
        let reading = self.open_to_read(day, before.generation)?;
        let (mut places, mut stacks, mut lost) = (Vec::new(), RoaringBitmap::new(), Vec::new());
        let (mut kept, mut end, mut newest) = (0, 0, None);
        for place in rows.places(day).map_err(self.indexing())? {
            let mut records = Vec::new();
            let decoded = match &reading {
                Some(reading) => {
                    let mut ids = Vec::new();
                    let decoded = reading.decode(
                        &place,
                        |_, _| true,
                        |commit, index, record| {
                            ids.push((commit, index));
                            records.push(record);
                        },
                    )?;
                    let follows = place.offset >= end
                        && ids.first().is_none_or(|first| newest.is_none_or(|newest| newest < *first));
                    decoded.map_err(|damaged| damaged.to_string()).and_then(|()| {
                        newest = ids.last().copied().filter(|_| follows).or(newest);
                        if follows { Ok(()) } else { Err("it is not behind the one before".to_owned()) }
                    })
                }
                None => Err("the file is not there".to_owned()),
            };
            if let Err(what) = decoded {
                lost.push((format!("{:?}", (day, place.commit, place.first)), what));
                continue;
            }
            kept += records.len() as u64;
            end = place.offset.saturating_add(u64::from(place.length));
            for record in &records {
                let used = std::iter::once(&record.stack).chain(&record.cause_stacks).flatten();
                stacks.extend(used.map(|stack| stack.0));
            }
            places.push(place);
        }
        for id in stack::replace_missing(transaction, &stacks, self.directory())? {
            lost.push((format!("stack {id}"), "it says that it was lost".to_owned()));
        }
        let commit = newest.map_or(0, |(commit, _)| commit).max(before.commit);
        // Of what was thinned nobody expects that references lead anywhere.
        let removed = before.removed + (lost.len() as u64).max(1);
        let thinned = Thinned { keep_max: before.keep_max, generation: before.generation, commit, kept, removed };
        rows.replace(day, &places, &stacks, &thinned).map_err(self.indexing())?;
        Ok(lost)
    }

    /// Makes the hashes of all stacks anew, and puts one that says so in the place of each that is used and not there. Which those
    /// are, and what became of them.
    ///
    /// # Errors
    /// When something can not be read or written.
    pub(in crate::store) fn replace_stacks(
        &self,
        transaction: &WriteTransaction,
    ) -> Result<Vec<(String, String)>, Error> {
        let used = self.stacks_in_use(transaction)?;
        let lost = stack::replace_missing(transaction, &used, self.directory())?;
        Ok(lost.into_iter().map(|id| (id.to_string(), "it says that it was lost".to_owned())).collect())
    }

    /// Whose each occurrence is that can be read, in the order of their ids, as `transaction` leaves the index.
    ///
    /// # Errors
    /// When the index or a file can not be read at all.
    pub(in crate::store) fn aggregates_of(
        &self,
        transaction: &WriteTransaction,
    ) -> Result<Vec<(AggregateId, OccurrenceId)>, Error> {
        let rows = Rows::of(transaction).map_err(self.indexing())?;
        let mut all = Vec::new();
        for (day, _) in self.directories()? {
            let generation = rows.thinned(day).map_err(self.indexing())?.generation;
            let Some(reading) = self.open_to_read(day, generation)? else { continue };
            for place in rows.places(day).map_err(self.indexing())? {
                // What can not be read is not referred to.
                drop(reading.decode(
                    &place,
                    |_, _| true,
                    |commit, index, record| {
                        all.push((record.aggregate, OccurrenceId { commit, index, day }));
                    },
                )?);
            }
        }
        all.sort_unstable_by_key(|(_, id)| (id.day, id.commit, id.index));
        Ok(all)
    }
}
