//! Cuts a commit's occurrences into blocks that fill their pages, and encodes them on all processors.
//!
//! The database stores a value that is larger than a page in a run of 2^n pages, so a block of 8.2 KiB would take 16. How
//! well occurrences compress shows only afterwards: the first block of a commit is a guess, and what it came to sets the
//! size of the others. Nothing is carried from one commit to the next, so the same occurrences give the same bytes.

use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::{NewOccurrence, block};

/// All of a block is unfolded to show one of its occurrences: with so many that takes some 50 us.
const BLOCK_OCCURRENCES_MAX: usize = 256;
/// What a block should take on disk: the database stores a value in a run of 2^n pages of 4 KiB, so just under 8 KiB. Less
/// some hundred bytes, because how well a block compresses is only known afterwards.
const BLOCK_BYTES: f64 = 7700.0;
/// The share of its own bytes that an occurrence takes in a block, before the commit's first block has shown it.
const SHARE: f64 = 0.4;
/// Blocks that are encoded at once, on all processors; fewer than `PARALLEL_MIN` are not worth waking them up.
const WAVE_BLOCKS: usize = 64;
const PARALLEL_MIN: usize = 16;

/// The blocks of one commit, encoded as they are asked for.
pub(super) struct Blocks<'a> {
    encoders: &'a Mutex<Vec<block::Encoder>>,
    commit: u64,
    occurrences: &'a [NewOccurrence<'a>],
    at: usize,
    /// What an occurrence has taken of its own bytes so far.
    share: f64,
    /// Encoded blocks, the next one at the end.
    ready: Vec<std::io::Result<(u32, Vec<u8>)>>,
}

impl Iterator for Blocks<'_> {
    type Item = std::io::Result<(u32, Vec<u8>)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ready.is_empty() {
            self.encode();
        }
        self.ready.pop()
    }
}

impl<'a> Blocks<'a> {
    /// The blocks of `occurrences`; encoders are taken from `encoders` and put back there.
    pub(super) fn new(
        encoders: &'a Mutex<Vec<block::Encoder>>,
        commit: u64,
        occurrences: &'a [NewOccurrence<'a>],
    ) -> Self {
        Self { encoders, commit, occurrences, at: 0, share: SHARE, ready: Vec::new() }
    }

    /// Encodes the next wave: one block to see how it compresses, then many.
    fn encode(&mut self) {
        let blocks = if self.at == 0 { 1 } else { WAVE_BLOCKS };
        let wave: Vec<(u32, &'a [NewOccurrence<'a>], usize)> = (0..blocks).map_while(|_| self.cut()).collect();
        let encode = |(first, occurrences, _): &(u32, &'a [NewOccurrence<'a>], usize)| {
            let spare = self.encoders.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut encoder = spare.map_or_else(block::Encoder::new, Ok)?;
            let block = encoder.encode(self.commit, *first, occurrences)?;
            self.encoders.lock().unwrap_or_else(PoisonError::into_inner).push(encoder);
            Ok((*first, block))
        };
        self.ready = if wave.len() < PARALLEL_MIN {
            wave.iter().map(encode).collect()
        } else {
            wave.par_iter().map(encode).collect()
        };
        let own: usize = wave.iter().map(|(_, _, own)| own).sum();
        let taken: usize = self.ready.iter().flatten().map(|(_, block)| block.len()).sum();
        if own > 0 {
            self.share = (taken as f64 / own as f64).max(0.01);
        }
        self.ready.reverse();
    }

    /// The next occurrences that should fill a block, the index of the first, and their own bytes.
    fn cut(&mut self) -> Option<(u32, &'a [NewOccurrence<'a>], usize)> {
        let rest = self.occurrences.get(self.at..).filter(|rest| !rest.is_empty())?;
        let own_max = (BLOCK_BYTES / self.share) as usize;
        let (mut own, mut len) = (0, 0);
        for new in rest.iter().take(BLOCK_OCCURRENCES_MAX) {
            let more = block::own_bytes(new);
            if len > 0 && own + more > own_max {
                break;
            }
            own += more;
            len += 1;
        }
        let first = u32::try_from(self.at).ok()?;
        self.at += len;
        Some((first, rest.get(..len)?, own))
    }
}
