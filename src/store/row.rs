//! The fields of a hand-written row: varints, signed varints and texts, one after the other, read with bounds checks.

use super::codec::{Corrupt, varint};
use crate::model::time::Timestamp;

/// Writes fields to the end of a row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Writer(pub(super) Vec<u8>);

/// Reads a row's fields in the order in which they were written.
#[derive(Debug, Clone)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl Writer {
    /// Room for a few numbers more, with little to spare: there are hundreds of thousands of these in memory, and doubling would leave
    /// a third of it unused.
    pub(super) fn reserve_tightly(&mut self) {
        if self.0.capacity() - self.0.len() < 8 {
            self.0.reserve_exact(8 + self.0.len() / 8);
        }
    }

    pub(super) fn byte(&mut self, value: u8) {
        self.0.push(value);
    }

    pub(super) fn unsigned(&mut self, value: u64) {
        varint::write_u64(&mut self.0, value);
    }

    pub(super) fn signed(&mut self, value: i64) {
        varint::write_i64(&mut self.0, value);
    }

    pub(super) fn text(&mut self, value: &str) {
        self.bytes(value.as_bytes());
    }

    pub(super) fn bytes(&mut self, value: &[u8]) {
        self.unsigned(value.len() as u64);
        self.0.extend_from_slice(value);
    }

    /// A moment as the distance from `base`.
    pub(super) fn time(&mut self, value: Timestamp, base: Timestamp) {
        self.signed(value.0.wrapping_sub(base.0));
    }
}

impl<'a> Reader<'a> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn byte(&mut self) -> Result<u8, Corrupt> {
        let (first, rest) = self.0.split_first().ok_or_else(|| unexpected("a byte"))?;
        self.0 = rest;
        Ok(*first)
    }

    pub(super) fn unsigned(&mut self) -> Result<u64, Corrupt> {
        varint::read_u64(&mut self.0)
    }

    pub(super) fn signed(&mut self) -> Result<i64, Corrupt> {
        varint::read_i64(&mut self.0)
    }

    /// An unsigned number that fits 32 bits.
    pub(super) fn small(&mut self) -> Result<u32, Corrupt> {
        u32::try_from(self.unsigned()?).map_err(|_| unexpected("a number of 32 bits"))
    }

    /// A length of what follows, each piece at least a byte, so that a damaged length can not ask for memory.
    pub(super) fn length(&mut self) -> Result<usize, Corrupt> {
        let length = usize::try_from(self.unsigned()?).map_err(|_| unexpected("a length"))?;
        if length > self.0.len() { Err(unexpected("a length within the row")) } else { Ok(length) }
    }

    pub(super) fn bytes(&mut self) -> Result<&'a [u8], Corrupt> {
        let length = self.length()?;
        self.take(length)
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], Corrupt> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or_else(|| unexpected("bytes"))?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn text(&mut self) -> Result<&'a str, Corrupt> {
        std::str::from_utf8(self.bytes()?).map_err(|_| unexpected("a text in UTF-8"))
    }

    pub(super) fn time(&mut self, base: Timestamp) -> Result<Timestamp, Corrupt> {
        Ok(Timestamp(base.0.wrapping_add(self.signed()?)))
    }
}

/// `what` was to be read and something else was there.
pub(super) fn unexpected(what: &'static str) -> Corrupt {
    Corrupt::new(what, "is not what was written")
}
