//! The hash by which the beginning of a file is known again: XXH3-128 over pieces of 1 MiB, each after the hash of what
//! stands before it, so that hashing can go on from any piece without reading the file from its beginning.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3Default;

const PIECE_BYTES: u64 = 1 << 20;

/// A digest of the bytes so far.
#[derive(Clone)]
pub(super) struct Digest {
    chain: u128,
    bytes: u64,
    hasher: Xxh3Default,
}

/// A place in a file, with what stands before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// Bytes before it.
    pub(super) offset: u64,
    /// Lines before it.
    pub(super) lines: u64,
    /// Hash of all whole pieces before it.
    chain: u128,
    /// Hash of all bytes before it.
    pub(super) hash: u128,
}

impl Place {
    /// Where the piece begins in which it lies, from where a digest can go on.
    pub(super) fn piece(&self) -> u64 {
        self.offset / PIECE_BYTES * PIECE_BYTES
    }
}

impl Digest {
    /// Of nothing.
    pub(super) fn new() -> Self {
        Self::after(0, 0)
    }

    /// Goes on at [`Place::piece`].
    pub(super) fn resume(place: &Place) -> Self {
        Self::after(place.chain, place.piece())
    }

    fn after(chain: u128, bytes: u64) -> Self {
        let mut hasher = Xxh3Default::new();
        hasher.update(&chain.to_le_bytes());
        Self { chain, bytes, hasher }
    }

    pub(super) fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = usize::try_from(PIECE_BYTES - self.bytes % PIECE_BYTES).unwrap_or(usize::MAX);
            let (piece, rest) = bytes.split_at(room.min(bytes.len()));
            self.hasher.update(piece);
            self.bytes += piece.len() as u64;
            if self.bytes.is_multiple_of(PIECE_BYTES) {
                *self = Self::after(self.hasher.digest128(), self.bytes);
            }
            bytes = rest;
        }
    }

    /// Bytes so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The place reached, after `lines` lines.
    pub(super) fn place(&self, lines: u64) -> Place {
        Place { offset: self.bytes, lines, chain: self.chain, hash: self.hasher.digest128() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_goes_on_from_a_piece_and_does_not_depend_on_how_bytes_come() {
        let bytes: Vec<u8> = (0..3_500_000u32).map(|n| (n * 7 + n / 1000) as u8).collect();
        let mut whole = Digest::new();
        whole.update(&bytes);
        let mut cut = Digest::new();
        for chunk in bytes.chunks(99_991) {
            cut.update(chunk);
        }
        assert_eq!(whole.place(1), cut.place(1));
        let place = whole.place(0);
        let mut resumed = Digest::resume(&place);
        resumed.update(&bytes[place.piece() as usize..]);
        assert_eq!(resumed.place(0), place);
        let mut other = Digest::new();
        other.update(&bytes[1..]);
        assert_ne!(other.place(0).hash, place.hash);
    }
}
