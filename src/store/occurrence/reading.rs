//! A day's file, open for reading: what its snapshot knows of it does not change, and it can be read on when it was removed.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use super::error::{Damaged, Error};
use super::index::Place;
use super::{StackLookup, StoredOccurrence, block, sparse};
use crate::model::id::{OccurrenceId, StackId};
use crate::model::occurrence::Stack;
use crate::store::codec::Corrupt;
use crate::store::disk::File;

/// Records of a block by commit and index.
pub(super) type Selected = BTreeMap<(u64, u32), block::Record>;

/// A partition's file, open for reading.
pub(in crate::store) struct Reading {
    pub(super) path: PathBuf,
    pub(super) file: Box<dyn File>,
}

/// A day's file as a snapshot knows it.
pub(in crate::store) struct DayFile {
    pub(in crate::store) day: u32,
    pub(in crate::store) generation: u32,
    /// Where it ends for the snapshot. More may stand behind.
    pub(in crate::store) bytes: u64,
    /// `None` when it is not there (any more).
    pub(in crate::store) reading: Option<Reading>,
}

impl Reading {
    /// Those of a block's records whose ids are given, ascending.
    pub(super) fn select(
        &self,
        place: &Place,
        block: &sparse::Unfolded,
        ids: &[(OccurrenceId, Place, usize)],
    ) -> Result<Selected, Damaged> {
        let wanted =
            |commit, index| ids.binary_search_by_key(&(commit, index), |(id, _, _)| (id.commit, id.index)).is_ok();
        let last = ids.last().map(|(id, _, _)| (id.commit, id.index));
        let mut selected = Selected::new();
        let decoded = block.records(wanted, |commit, index, record| {
            selected.insert((commit, index), record);
            if last == Some((commit, index)) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        decoded.map(|()| selected).map_err(|source| self.damaged(place, source))
    }

    /// Reads a block and decodes those of its occurrences that are wanted.
    pub(super) fn decode(
        &self,
        place: &Place,
        wanted: impl FnMut(u64, u32) -> bool,
        mut visit: impl FnMut(u64, u32, block::Record),
    ) -> Result<Result<(), Damaged>, Error> {
        let block = self.unfold(place)?;
        let all = |commit: u64, index: u32, record| {
            visit(commit, index, record);
            ControlFlow::Continue(())
        };
        Ok(block.and_then(|block| block.records(wanted, all).map_err(|source| self.damaged(place, source))))
    }

    /// Reads a block.
    pub(super) fn unfold(&self, place: &Place) -> Result<Result<sparse::Unfolded, Damaged>, Error> {
        let Place { commit, first, offset, length } = *place;
        let mut bytes = vec![0; length as usize];
        let unfolded = match self.file.read_at(offset, &mut bytes) {
            Ok(()) => sparse::Unfolded::new(&bytes, (commit, first)),
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                Err(Corrupt::new("block", "beyond the end of the file"))
            }
            Err(error) => return Err(Error::io("reading", &self.path)(error)),
        };
        Ok(unfolded.map_err(|source| self.damaged(place, source)))
    }

    fn damaged(&self, place: &Place, source: Corrupt) -> Damaged {
        Damaged::Block { path: self.path.clone(), commit: place.commit, first: place.first, source }
    }

    /// So many bytes from `offset` on.
    pub(in crate::store) fn read(&self, offset: u64, length: usize) -> Result<Vec<u8>, Error> {
        let mut bytes = vec![0; length];
        self.file.read_at(offset, &mut bytes).map_err(Error::io("reading", &self.path))?;
        Ok(bytes)
    }

    /// A block as it is.
    pub(super) fn bytes(&self, place: &Place) -> Result<Vec<u8>, Error> {
        let mut bytes = vec![0; place.length as usize];
        self.file.read_at(place.offset, &mut bytes).map_err(Error::io("reading", &self.path))?;
        Ok(bytes)
    }
}

/// Puts a record's stacks in place.
pub(super) fn complete(
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
