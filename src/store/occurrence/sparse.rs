//! Blocks of a file that was rewritten: occurrences of several commits, and not all of any.
//!
//! As other blocks, but of version 2, and behind the checksum stands first which occurrences they are:
//! ```text
//! varint  occurrences, then of each: varint commit less the one before (the first: less the row's), varint index, less the one
//!         before where the commit is the same
//! ```

use std::ops::ControlFlow;

use super::{NewOccurrence, block, envelope};
use crate::store::codec::{Corrupt, varint};

const VERSION: u8 = 2;
const READING: &str = "occurrence";

/// The block of `occurrences` with these commits and indexes, ascending. Its row is that of the first.
///
/// # Errors
/// When there is no memory to compress it.
pub(super) fn encode(
    encoder: &mut block::Encoder,
    ids: &[(u64, u32)],
    occurrences: &[NewOccurrence<'_>],
) -> std::io::Result<Vec<u8>> {
    let (commit, first) = ids.first().copied().unwrap_or_default();
    let mut block = Vec::new();
    envelope::begin_as(VERSION, &mut block);
    varint::write_u64(&mut block, ids.len() as u64);
    let mut last = (commit, 0);
    for (commit, index) in ids {
        varint::write_u64(&mut block, commit.wrapping_sub(last.0));
        let base = if *commit == last.0 { last.1 } else { 0 };
        varint::write_u64(&mut block, u64::from(index.wrapping_sub(base)));
        last = (*commit, *index);
    }
    encoder.append(occurrences, &mut block)?;
    envelope::seal(&mut block, block::seed(commit, first));
    Ok(block)
}

/// A block of any kind, decompressed.
pub(super) struct Unfolded {
    commit: u64,
    first: u32,
    /// Of a block that was rewritten, which occurrences they are.
    ids: Option<Vec<(u64, u32)>>,
    block: block::Unfolded,
}

impl Unfolded {
    /// Opens the `block` of this commit and first index.
    ///
    /// # Errors
    /// When it is not what was written for them.
    pub(super) fn new(block: &[u8], (commit, first): (u64, u32)) -> Result<Self, Corrupt> {
        let (version, mut input) = envelope::open_any(block, block::seed(commit, first))?;
        let ids = match version {
            envelope::VERSION => None,
            VERSION => Some(ids(commit, &mut input)?),
            _ => return Err(Corrupt::new(READING, "unknown version")),
        };
        Ok(Self { commit, first, ids, block: block::Unfolded::new(input)? })
    }

    /// Bytes that it takes in memory.
    pub(super) fn bytes(&self) -> usize {
        self.block.bytes() + self.ids.as_ref().map_or(0, |ids| ids.len() * 16)
    }

    /// Decodes those occurrences that are wanted, by commit and index, ascending, until `visit` breaks.
    ///
    /// # Errors
    /// When it is not what was written. Occurrences before the damage may have been visited already.
    pub(super) fn records(
        &self,
        mut wanted: impl FnMut(u64, u32) -> bool,
        mut visit: impl FnMut(u64, u32, block::Record) -> ControlFlow<()>,
    ) -> Result<(), Corrupt> {
        let id = |place: u32| match &self.ids {
            None => Some((self.commit, self.first.saturating_add(place))),
            Some(ids) => ids.get(place as usize).copied(),
        };
        self.block.records(
            |place| id(place).is_some_and(|(commit, index)| wanted(commit, index)),
            |place, record| match id(place) {
                Some((commit, index)) => visit(commit, index, record),
                None => ControlFlow::Continue(()),
            },
        )
    }
}

/// The commits and indexes of a block whose first commit is given.
fn ids(first: u64, input: &mut &[u8]) -> Result<Vec<(u64, u32)>, Corrupt> {
    let count = varint::read_u64(input)?;
    let mut ids = Vec::new();
    let mut last = (first, 0u32);
    for _ in 0..count {
        let commit = last.0.wrapping_add(varint::read_u64(input)?);
        let base = if commit == last.0 { last.1 } else { 0 };
        let index = base.checked_add(varint::read_u32(input)?);
        last = (commit, index.ok_or(Corrupt::new(READING, "index of more than 32 bits"))?);
        ids.push(last);
    }
    Ok(ids)
}
