//! What a backup says of itself: when it was made, of what, and which pieces belong to it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

use super::Error;
use crate::model::time::Timestamp;
use crate::store;

/// Version of the manifest, of names and of pieces.
pub const FORMAT: u32 = 1;

/// A backup is not larger than so many pieces of 8 MiB, and a manifest not than so many bytes.
pub(super) const MANIFEST_BYTES_MAX: u64 = 256 << 20;

/// What a backup says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of backups.
    pub format: u32,
    /// Version of the data directory.
    pub store_format: u32,
    /// Who made it.
    pub hydrophone: String,
    /// When, RFC 3339.
    pub time: String,
    /// The last commit that is in it.
    pub commit: u64,
    /// The search index is in it.
    pub with_index: bool,
    /// How many rows of each table there are.
    pub rows: BTreeMap<String, u64>,
    /// All pieces, in their order.
    pub pieces: Vec<Named>,
    /// XXH3-128 of the manifest as it is when there is nothing here.
    pub checksum: String,
}

/// A piece as the manifest names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// How many bytes it has.
    pub bytes: u64,
    /// XXH3-128 of its bytes, as 32 hexadecimal digits.
    pub hash: String,
}

impl Named {
    /// Names a piece.
    #[must_use]
    pub fn new(piece: &super::Piece<'_>) -> Self {
        Self { name: piece.name.to_owned(), bytes: piece.bytes.len() as u64, hash: hex(piece.hash) }
    }
}

impl Manifest {
    /// When the backup was made.
    #[must_use]
    pub fn time(&self) -> Option<Timestamp> {
        Timestamp::parse_rfc3339(&self.time)
    }

    /// Bytes of all pieces.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.pieces.iter().map(|piece| piece.bytes).sum()
    }

    /// Puts its checksum in place; its text with it.
    ///
    /// # Errors
    /// Never, unless it can not be written as JSON.
    pub fn seal(&mut self) -> Result<String, Error> {
        self.checksum = String::new();
        self.checksum = hex(xxh3_128(self.text()?.as_bytes()));
        self.text()
    }

    pub(super) fn text(&self) -> Result<String, Error> {
        let text = serde_json::to_string(self);
        text.map(|text| text + "\n").map_err(|error| Error::damaged("the manifest", error.to_string()))
    }

    /// Reads it back; `place` is for messages.
    pub(super) fn parse(place: &str, text: &[u8]) -> Result<Self, Error> {
        let versions: Versions =
            serde_json::from_slice(text).map_err(|error| Error::damaged(place, error.to_string()))?;
        for (what, found, known) in [
            ("format", versions.format, FORMAT..=FORMAT),
            // What is older is restored as it is, and upgraded when it is opened.
            ("data directory", versions.store_format, 1..=store::FORMAT_VERSION),
        ] {
            if !known.contains(&found) {
                return Err(Error::Version { what, found, expected: *known.end() });
            }
        }
        let manifest: Self = serde_json::from_slice(text).map_err(|error| Error::damaged(place, error.to_string()))?;
        let mut sealed = manifest.clone();
        sealed.seal()?;
        if sealed.checksum != manifest.checksum {
            return Err(Error::damaged(place, "checksum does not match"));
        }
        Ok(manifest)
    }
}

/// What even another version's manifest says.
#[derive(Deserialize)]
struct Versions {
    format: u32,
    store_format: u32,
}

pub(super) fn hex(hash: u128) -> String {
    format!("{hash:032x}")
}

/// The checksum that [`hex`] writes so; `None` for anything else.
pub(super) fn unhex(text: &str) -> Option<u128> {
    u128::from_str_radix(text, 16).ok().filter(|hash| hex(*hash) == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_with_any_byte_changed_is_refused_or_says_the_same() {
        let named = Named { name: "tables/log/0-0-0.0".to_owned(), bytes: 7, hash: hex(9) };
        let mut manifest = Manifest {
            format: FORMAT,
            store_format: store::FORMAT_VERSION,
            hydrophone: "0.1.0".to_owned(),
            time: "2026-11-20T10:00:00.000Z".to_owned(),
            commit: 12,
            with_index: false,
            rows: BTreeMap::from([("log".to_owned(), 3)]),
            pieces: vec![named],
            checksum: String::new(),
        };
        let text = manifest.seal().unwrap();
        assert_eq!(Manifest::parse("m", text.as_bytes()).unwrap(), manifest);
        for at in 0..text.len() {
            for flip in [1, 4, 32, 128] {
                let mut bytes = text.clone().into_bytes();
                bytes[at] ^= flip;
                if let Ok(read) = Manifest::parse("m", &bytes) {
                    assert_eq!(read, manifest, "{at} {flip}");
                }
            }
        }
        let newer = text.replace("\"format\":1", "\"format\":2");
        let error = Manifest::parse("m", newer.as_bytes()).unwrap_err().to_string();
        assert_eq!(error, "the backup has format version 2, this binary reads version 1");
    }
}
