//! Cuts a commit's occurrences into blocks, and encodes them on all processors.
//!
//! Nothing is carried from one commit to the next, so the same occurrences give the same bytes.

use std::io;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::{NewOccurrence, block};

/// All of a block is unfolded to show one of its occurrences: with so many that takes some 50 us.
const BLOCK_OCCURRENCES_MAX: usize = 256;
/// Bytes of its occurrences, before compression, beyond which a block ends: about 8 KiB on disk.
const BLOCK_BYTES_MAX: usize = 20 << 10;
/// Fewer blocks are not worth waking up the other processors.
const PARALLEL_MIN: usize = 16;

/// Occurrences that are to be one block.
#[derive(Clone, Copy)]
pub(super) struct Piece<'a> {
    /// Index of the first among those of the commit.
    pub(super) first: u32,
    pub(super) occurrences: &'a [NewOccurrence<'a>],
}

/// Cuts occurrences into blocks, in their order.
pub(super) fn cut<'a>(occurrences: &'a [NewOccurrence<'a>]) -> Vec<Piece<'a>> {
    let (mut pieces, mut first, mut rest) = (Vec::new(), 0, occurrences);
    while !rest.is_empty() {
        let mut bytes = 0;
        let fit = rest.iter().take(BLOCK_OCCURRENCES_MAX).take_while(|new| {
            bytes += block::own_bytes(new);
            bytes <= BLOCK_BYTES_MAX
        });
        let (occurrences, others) = rest.split_at(fit.count().max(1));
        pieces.push(Piece { first, occurrences });
        first += occurrences.len() as u32;
        rest = others;
    }
    pieces
}

/// The blocks of some pieces; encoders are taken from `encoders` and put back there.
pub(super) fn encode(
    encoders: &Mutex<Vec<block::Encoder>>,
    commit: u64,
    pieces: &[Piece<'_>],
) -> io::Result<Vec<Vec<u8>>> {
    let encode = |Piece { first, occurrences }: &Piece<'_>| {
        let spare = encoders.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut encoder = spare.map_or_else(block::Encoder::new, Ok)?;
        let block = encoder.encode(commit, *first, occurrences)?;
        encoders.lock().unwrap_or_else(PoisonError::into_inner).push(encoder);
        Ok(block)
    };
    if pieces.len() < PARALLEL_MIN {
        pieces.iter().map(encode).collect()
    } else {
        pieces.par_iter().map(encode).collect()
    }
}
