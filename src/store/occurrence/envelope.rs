//! What surrounds compressed bytes on disk: a version, and a checksum that also covers where they belong.
//!
//! A partition's file has no other checksums, and the database does not verify its own on reads. It is seeded with the value's
//! key: a sound value under the wrong key is damage too.

use std::cell::RefCell;

use xxhash_rust::xxh3::xxh3_64_with_seed;
use zstd::bulk::Decompressor;

use crate::store::codec::{Corrupt, varint};

/// Version of what follows, of all but what a rewritten file holds.
pub(super) const VERSION: u8 = 1;
/// Version and checksum.
const HEADER_BYTES: usize = 9;
/// More than any value of ours unfolds to: one exposition's body is at most as large as configured, a gigabyte at most.
const RAW_BYTES_MAX: u64 = 1 << 30;

thread_local! {
    /// Making one takes as long as a tenth of a block; it keeps nothing from one value to the next.
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Begins a value in `out`, to be finished by [`seal`].
pub(super) fn begin(out: &mut Vec<u8>) {
    begin_as(VERSION, out);
}

/// As [`begin`], of another version.
pub(super) fn begin_as(version: u8, out: &mut Vec<u8>) {
    out.clear();
    out.extend_from_slice(&[version, 0, 0, 0, 0, 0, 0, 0, 0]);
}

/// Writes the checksum over all that was appended since [`begin`].
pub(super) fn seal(out: &mut [u8], seed: u64) {
    if let Some((header, body)) = out.split_at_mut_checked(HEADER_BYTES)
        && let Some((_, checksum)) = header.split_first_mut()
    {
        checksum.copy_from_slice(&xxh3_64_with_seed(body, seed).to_le_bytes());
    }
}

/// What was appended between [`begin`] and [`seal`] with the same `seed`.
pub(super) fn open(value: &[u8], seed: u64) -> Result<&[u8], Corrupt> {
    let (version, body) = open_any(value, seed)?;
    if version == VERSION { Ok(body) } else { Err(Corrupt::new("value", "unknown version")) }
}

/// As [`open`], whatever its version, which comes with it.
pub(super) fn open_any(value: &[u8], seed: u64) -> Result<(u8, &[u8]), Corrupt> {
    let ended = Corrupt::new("value", "ended early");
    let (header, body) = value.split_at_checked(HEADER_BYTES).ok_or(ended)?;
    let (version, checksum) = header.split_first().ok_or(ended)?;
    if *checksum != xxh3_64_with_seed(body, seed).to_le_bytes() {
        return Err(Corrupt::new("value", "checksum does not match"));
    }
    Ok((*version, body))
}

/// Appends the length of `raw` and `raw` compressed.
pub(super) fn compress(
    compressor: &mut zstd::bulk::Compressor<'static>,
    raw: &[u8],
    out: &mut Vec<u8>,
) -> std::io::Result<()> {
    varint::write_u64(out, raw.len() as u64);
    let compressed = compressor.compress(raw)?;
    out.extend_from_slice(&compressed);
    Ok(())
}

/// Unfolds what [`compress`] wrote; it must reach to the end of `input`.
pub(super) fn decompress(mut input: &[u8]) -> Result<Vec<u8>, Corrupt> {
    let length = varint::read_u64(&mut input)?;
    if length > RAW_BYTES_MAX {
        return Err(Corrupt::new("value", "impossible length"));
    }
    let broken = Corrupt::new("value", "can not be decompressed");
    let raw = DECOMPRESSOR.with_borrow_mut(|kept| {
        let decompressor = match kept {
            Some(decompressor) => decompressor,
            none => none.insert(Decompressor::new().map_err(|_| broken)?),
        };
        decompressor.decompress(input, length as usize).map_err(|_| broken)
    })?;
    if raw.len() as u64 == length { Ok(raw) } else { Err(broken) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_opens_with_its_own_seed_and_untouched_only() {
        let mut value = Vec::new();
        begin(&mut value);
        value.extend_from_slice(b"body");
        seal(&mut value, 7);
        assert_eq!(open(&value, 7), Ok(&b"body"[..]));
        assert_eq!(open(&value, 8), Err(Corrupt::new("value", "checksum does not match")));
        for at in 0..value.len() {
            let mut damaged = value.clone();
            damaged[at] ^= 1;
            assert!(open(&damaged, 7).is_err(), "byte {at}");
            assert!(open(&value[..at], 7).is_err(), "cut to {at}");
        }
    }
}
