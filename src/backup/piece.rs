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
use crate::store::codec::{Corrupt, varint};

/// A part of a file, and about how much of a table a piece holds.
pub(super) const PIECE_BYTES: usize = 8 << 20;

/// Several rows together have no more bytes, with the lengths before the last key and value.
const ROWS_BYTES_MAX: usize = PIECE_BYTES + 2 * varint::BYTES_MAX;

/// A piece with one row is never larger: a row may be as large as an exposition's body.
const ROW_BYTES_MAX: usize = 1 << 30;

/// Bytes that are read of a piece before [`check_head`] is asked about the rest.
pub(super) const HEAD_BYTES: usize = ROWS_BYTES_MAX;

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
            Content::Rows(_) => self.rows().try_for_each(|row| row.map(drop)),
            Content::File(..) => Ok(()),
        }
    }

    pub(super) fn content(&self) -> Result<Content, Error> {
        content(self.name).ok_or_else(|| Error::damaged(self.name, "nothing is called so"))
    }

    /// The rows in it, up to the first that is none.
    pub(super) fn rows(&self) -> impl Iterator<Item = Result<Row<'a>, Error>> {
        let (name, mut rest) = (self.name, self.bytes);
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let row = read_row(&mut rest).map_err(|error| Error::damaged(name, error.to_string()));
            if row.is_err() {
                rest = &[];
            }
            Some(row)
        })
    }
}

fn read_row<'a>(rest: &mut &'a [u8]) -> Result<Row<'a>, Corrupt> {
    Ok((varint::read_bytes(rest)?, varint::read_bytes(rest)?))
}

/// Most bytes that a piece of this name can have.
///
/// # Errors
/// When nothing is called so.
pub(super) fn bytes_max(name: &str) -> Result<u64, Error> {
    match content(name) {
        None => Err(Error::damaged(name, "nothing is called so")),
        Some(Content::File(..)) => Ok(PIECE_BYTES as u64),
        Some(Content::Rows(_)) => Ok(ROW_BYTES_MAX as u64),
    }
}

/// Whether a piece of so many bytes can begin like this: nobody gets memory for what no backup has. `head` are all of its bytes, or
/// [`HEAD_BYTES`].
///
/// # Errors
/// When it can not.
pub(super) fn check_head(name: &str, head: &[u8], bytes: u64) -> Result<(), Error> {
    if bytes <= ROWS_BYTES_MAX as u64 {
        return Ok(());
    }
    let mut rest = head;
    let value = varint::read_bytes(&mut rest).and_then(|_| varint::read_u64(&mut rest));
    let is_one = value.is_ok_and(|value| ((head.len() - rest.len()) as u64).checked_add(value) == Some(bytes));
    if is_one { Ok(()) } else { Err(Error::too_long(name, bytes)) }
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
        let rows: Vec<_> = piece.rows().collect::<Result<_, _>>().unwrap();
        assert_eq!(rows, [(&b"key"[..], &b"value"[..]), (b"", &[7; 300])]);
        for cut in 1..bytes.len() {
            let cut = Piece::new("tables/chunks/0-0-0.0", &bytes[..cut]);
            assert!(cut.check().is_err() || cut.bytes.len() == 10, "{}", cut.bytes.len());
        }
    }

    #[test]
    fn only_one_row_alone_is_larger_than_what_is_written_together() {
        let name = "tables/log/0-0-0.0";
        let mut large = Vec::new();
        add_row(&mut large, b"key", &vec![0; 3 * PIECE_BYTES]);
        let (head, zeros) = (&large[..HEAD_BYTES], vec![0; HEAD_BYTES]);
        let length = large.len() as u64;
        check_head(name, head, length).unwrap();
        for (head, bytes) in
            [(head, length - 1), (head, length + 1), (zeros.as_slice(), length), (&[0xff; 100], length)]
        {
            assert!(check_head(name, head, bytes).is_err(), "{bytes}");
        }
        check_head(name, &zeros, HEAD_BYTES as u64).unwrap();
        assert_eq!(bytes_max(name).unwrap(), 1 << 30);
        assert_eq!(bytes_max("occurrences/2026-11-20/bodies.log/3").unwrap(), PIECE_BYTES as u64);
        assert!(bytes_max("tables/log").is_err());
    }
}
