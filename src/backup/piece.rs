//! Pieces: what they are called, and rows as bytes.
//!
//! ```text
//! tables/chunks/20777-0-0.0                     rows: of each the length of its key as a varint, the key, the length of its value
//!                                               as a varint, and the value with its checksum
//! occurrences/2026-11-20/bodies.log/3           a part of a day's file, the fourth of 8 MiB
//! index/2026-11-20/index/meta.json/0            a part of a file of the day's search index, `index.N` when the day was thinned
//! ```

use std::path::PathBuf;

use xxhash_rust::xxh3::xxh3_128;

use super::Error;
use crate::search;
use crate::store::Cut;
use crate::store::codec::varint;

/// A part of a file, and about how much of a table a piece holds.
pub(super) const PIECE_BYTES: usize = 8 << 20;

/// A piece is never larger. One row may be: as large as an exposition's body.
pub(super) const PIECE_BYTES_MAX: usize = 1 << 30;

/// A part of a backup.
#[derive(Debug, Clone, Copy)]
pub struct Piece<'a> {
    /// Its name.
    pub name: &'a str,
    /// XXH3-128 of its bytes.
    pub hash: u128,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// A row's key, and its value with its checksum.
pub(super) type Row<'a> = (&'a [u8], &'a [u8]);

/// What a name says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Content {
    /// Rows of this table.
    Rows(String),
    /// Bytes of this file below `occurrences`, from this offset on.
    File(PathBuf, u64),
}

impl<'a> Piece<'a> {
    /// A piece with these bytes.
    #[must_use]
    pub fn new(name: &'a str, bytes: &'a [u8]) -> Self {
        Self { name, hash: xxh3_128(bytes), bytes }
    }

    /// Whether it can be one of ours.
    ///
    /// # Errors
    /// When its name says nothing, or its rows are none.
    pub fn check(&self) -> Result<(), Error> {
        match self.content()? {
            Content::Rows(_) => self.rows().map(drop),
            Content::File(..) => Ok(()),
        }
    }

    pub(super) fn content(&self) -> Result<Content, Error> {
        content(self.name).ok_or_else(|| Error::damaged(self.name, "nothing is called so"))
    }

    /// The rows in it.
    pub(super) fn rows(&self) -> Result<Vec<Row<'a>>, Error> {
        let mut rest = self.bytes;
        let mut rows = Vec::new();
        while !rest.is_empty() {
            let mut field =
                || varint::read_bytes(&mut rest).map_err(|error| Error::damaged(self.name, error.to_string()));
            rows.push((field()?, field()?));
        }
        Ok(rows)
    }
}

/// The name of a table's piece: where it was cut, and the how manieth of those that were too large together.
pub(super) fn rows_name(table: &str, [a, b, c]: Cut, part: u32) -> String {
    format!("tables/{table}/{a}-{b}-{c}.{part}")
}

/// The name of a part of a file.
pub(super) fn file_name(kind: &str, path: &str, part: u64) -> String {
    format!("{kind}/{path}/{part}")
}

/// Appends a row.
pub(super) fn add_row(out: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    varint::write_bytes(out, key);
    varint::write_bytes(out, value);
}

fn content(name: &str) -> Option<Content> {
    let parts: Vec<&str> = name.split('/').collect();
    let plain = |part: &&str| {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        !part.is_empty() && part.chars().all(is_plain) && !part.chars().all(|c| c == '.')
    };
    if !parts.iter().all(plain) {
        return None;
    }
    let offset = |part: &str| part.parse::<u64>().ok()?.checked_mul(PIECE_BYTES as u64);
    match parts.as_slice() {
        ["tables", table, _] => Some(Content::Rows((*table).to_owned())),
        ["occurrences", date, file, part] => Some(Content::File([*date, file].iter().collect(), offset(part)?)),
        ["index", date, index, file, part] if search::is_index(index) => {
            Some(Content::File([*date, *index, *file].iter().collect(), offset(part)?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_a_piece_is_and_never_lead_outside() {
        let rows = rows_name("chunks", [20_777, 0, 0], 1);
        assert_eq!(rows, "tables/chunks/20777-0-0.1");
        assert_eq!(content(&rows), Some(Content::Rows("chunks".to_owned())));
        let file = file_name("occurrences", "2026-11-20/bodies.1.log", 2);
        let path = PathBuf::from("2026-11-20/bodies.1.log");
        assert_eq!(content(&file), Some(Content::File(path, 2 * PIECE_BYTES as u64)));
        let path = PathBuf::from("2026-11-20/index/meta.json");
        assert_eq!(content("index/2026-11-20/index/meta.json/0"), Some(Content::File(path, 0)));
        let path = PathBuf::from("2026-11-20/index.2/meta.json");
        assert_eq!(content("index/2026-11-20/index.2/meta.json/0"), Some(Content::File(path, 0)));
        for none in [
            "",
            "tables",
            "tables/chunks",
            "occurrences/../bodies.log/0",
            "occurrences/2026-11-20/../0",
            "occurrences//bodies.log/0",
            "occurrences/2026-11-20/bodies.log/-1",
            "occurrences/2026-11-20/bodies.log/99999999999999999999",
            "/etc/passwd",
            "index/2026-11-20/bodies.log/0",
            "index/2026-11-20/index/a\0b/0",
            "index/2026-11-20/index.discarded/meta.json/0",
            "index/2026-11-20/index.01/meta.json/0",
        ] {
            assert_eq!(content(none), None, "{none:?}");
        }
    }

    #[test]
    fn rows_are_read_as_they_were_written() {
        let mut bytes = Vec::new();
        add_row(&mut bytes, b"key", b"value");
        add_row(&mut bytes, b"", &[7; 300]);
        let piece = Piece::new("tables/chunks/0-0-0.0", &bytes);
        assert_eq!(piece.rows().unwrap(), [(&b"key"[..], &b"value"[..]), (b"", &[7; 300])]);
        for cut in 1..bytes.len() {
            let cut = Piece::new("tables/chunks/0-0-0.0", &bytes[..cut]);
            assert!(cut.rows().is_err() || cut.bytes.len() == 10, "{}", cut.bytes.len());
        }
    }
}
