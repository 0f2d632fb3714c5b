//! Blocks of a file that was rewritten: occurrences of several commits, and not all of any.
//!
//! As other blocks, but of version 2, and behind the checksum stands first which occurrences they are:
//! ```text
//! varint  occurrences, then of each: varint commit less the one before (the first: less the row's), varint index, less the one
//!         before where the commit is the same
//! ```

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

/// Decodes those occurrences of a block of any kind that are wanted, by commit and index, ascending.
///
/// # Errors
/// When `block` is not what was written for this commit and first index. Occurrences before the damage may have been visited
/// already.
pub(super) fn decode(
    block: &[u8],
    (commit, first): (u64, u32),
    mut wanted: impl FnMut(u64, u32) -> bool,
    mut visit: impl FnMut(u64, u32, block::Record),
) -> Result<(), Corrupt> {
    let (version, mut input) = envelope::open_any(block, block::seed(commit, first))?;
    match version {
        envelope::VERSION => block::records(
            input,
            |place| wanted(commit, first.saturating_add(place)),
            |place, record| visit(commit, first.saturating_add(place), record),
        ),
        VERSION => {
            let ids = ids(commit, &mut input)?;
            let id = |place: u32| ids.get(place as usize).copied();
            block::records(
                input,
                |place| id(place).is_some_and(|(commit, index)| wanted(commit, index)),
                |place, record| {
                    if let Some((commit, index)) = id(place) {
                        visit(commit, index, record);
                    }
                },
            )
        }
        _ => Err(Corrupt::new(READING, "unknown version")),
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
