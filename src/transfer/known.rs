//! What was taken of each series, noted in the store with the data.

use serde::{Deserialize, Serialize};

use super::Error;
use crate::store::Store;
use crate::store::codec::{Corrupt, varint};

/// Kinds of marks in the store.
pub(super) const SERIES: u8 = 1;
pub(super) const SOURCES: u8 = 2;

/// What was taken of a series, or of what was scraped, by this and earlier imports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Known {
    /// The first sample.
    pub(super) first: i64,
    /// The last one.
    pub(super) last: i64,
    /// The count of the last one.
    pub(super) value: u64,
    /// The count of the first one, where it was left out.
    pub(super) open: Option<u64>,
}

impl Known {
    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        varint::write_i64(&mut out, self.first);
        varint::write_i64(&mut out, self.last);
        varint::write_u64(&mut out, self.value);
        varint::write_u64(&mut out, u64::from(self.open.is_some()));
        varint::write_u64(&mut out, self.open.unwrap_or(0));
        out
    }

    fn decode(mut row: &[u8]) -> Result<Self, Corrupt> {
        let first = varint::read_i64(&mut row)?;
        let last = varint::read_i64(&mut row)?;
        let value = varint::read_u64(&mut row)?;
        let open = varint::read_u64(&mut row)? == 1;
        Ok(Self { first, last, value, open: Some(varint::read_u64(&mut row)?).filter(|_| open) })
    }
}

/// What the store knows of it.
pub(super) fn known(kind: u8, hash: u128, store: &Store) -> Result<Option<Known>, Error> {
    let row = store.view()?.mark((kind, hash))?;
    let decode = |row: Vec<u8>| {
        Known::decode(&row).map_err(|corrupt| Error::Corrupt {
            what: "what was imported of a series",
            source: serde::de::Error::custom(corrupt),
        })
    };
    row.map(decode).transpose()
}

/// A mark as it lies in the spool: kind, key, row.
pub(super) fn mark(kind: u8, hash: u128, known: &Known) -> Vec<u8> {
    let mut line = vec![kind];
    line.extend_from_slice(&hash.to_le_bytes());
    line.extend_from_slice(&known.encode());
    line
}
