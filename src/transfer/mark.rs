//! Which files were imported, and how far: a file is known by its content, wherever it lies and whatever it is called.

use std::path::Path;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

use super::block::digest_until;
use super::digest::{Digest, Place};
use super::round::Watch;
use super::{Error, Phase};
use crate::store::Store;

/// The kind of marks of files.
const FILES: u8 = 0;

/// Bytes at a file's begin by which it is told from others before more of it is read.
const HEAD_BYTES: u64 = 64 << 10;

/// What was taken of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FileMark {
    /// How it was read: another mapping of the same file is another import.
    pub(super) reading: String,
    /// How many bytes at its begin were hashed, and their hash.
    head: (u64, u128),
    /// All before it is in the store.
    pub(super) at: Place,
    /// What is being merged.
    pub(super) merging: Option<Merging>,
    /// Device, number, length and time of change of the file, to know it without reading it again.
    identity: (u64, u64, u64, i64),
    /// Scrape interval, where it had to be found out.
    pub(super) interval_ms: i64,
}

/// A part of a file on its way into the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Merging {
    /// Its end.
    pub(super) to: Place,
    /// How many of its transactions are done.
    pub(super) portions: u64,
}

/// A file, and what is known of it.
pub(super) struct Found {
    /// The mark's key.
    pub(super) key: u128,
    /// `None` where the file is new.
    pub(super) mark: Option<FileMark>,
    /// Stands at the place from which to read on.
    pub(super) digest: Digest,
}

impl FileMark {
    /// The mark of a file of which nothing was taken, and of which `to` is going to be merged.
    pub(super) fn new(path: &Path, reading: &str, to: &Place, interval_ms: i64) -> Result<Self, Error> {
        let length = HEAD_BYTES.min(to.offset);
        Ok(Self {
            reading: reading.to_owned(),
            head: (length, head_hash(path, length)?.unwrap_or_default()),
            at: Place::default(),
            merging: None,
            identity: identity(path)?,
            interval_ms,
        })
    }

    /// What is or will be in the store.
    fn reach(&self) -> &Place {
        self.merging.as_ref().map_or(&self.at, |merging| &merging.to)
    }

    /// The row of the mark.
    pub(super) fn row(&self, key: u128) -> Result<(crate::store::Mark, Option<Vec<u8>>), Error> {
        let row = serde_json::to_vec(self).map_err(|source| Error::Corrupt { what: "the mark of a file", source })?;
        Ok(((FILES, key), Some(row)))
    }
}

/// Looks whether the file was imported before. `as_new` takes one for new of which only the begin is known.
pub(super) fn find(
    store: &Store,
    path: &Path,
    reading: &str,
    as_new: bool,
    watch: &mut Watch<'_>,
) -> Result<Found, Error> {
    let length = std::fs::metadata(path).map_err(Error::io("read", path))?.len();
    let rows = store.view()?.marks(FILES)?;
    let key = rows.iter().map(|(key, _)| key + 1).max().unwrap_or(0);
    let mut candidates = Vec::new();
    for (key, row) in rows {
        let mark: FileMark =
            serde_json::from_slice(&row).map_err(|source| Error::Corrupt { what: "the mark of a file", source })?;
        if mark.reading == reading && mark.head.0 <= length && head_hash(path, mark.head.0)? == Some(mark.head.1) {
            candidates.push((key, mark));
        }
    }
    // The shortest first, so that the file is read once; of several that it continues the longest counts.
    candidates.sort_by_key(|(_, mark)| mark.reach().offset);
    let known = identity(path)?;
    if let Some((key, mark)) = candidates.iter().find(|(_, mark)| mark.identity == known) {
        let mut digest = Digest::resume(&mark.at);
        digest_until(path, &mut digest, mark.at.offset, &mut |_| ())?;
        if digest.place(mark.at.lines) == mark.at {
            return Ok(Found { key: *key, mark: Some(mark.clone()), digest });
        }
    }
    let mut digest = Digest::new();
    let mut found = None;
    let mut lost = None;
    for (key, mark) in candidates {
        let reach = *mark.reach();
        if reach.offset <= length {
            digest_until(path, &mut digest, reach.offset, &mut |done| watch.tell(Phase::Checking, done, 0))?;
            if digest.place(reach.lines).hash == reach.hash {
                found = Some((key, mark));
                continue;
            }
        }
        lost = Some(reach.lines);
    }
    match (found, lost) {
        (Some((key, mut mark)), _) => {
            mark.identity = known;
            let mut digest = Digest::resume(&mark.at);
            digest_until(path, &mut digest, mark.at.offset, &mut |_| ())?;
            Ok(Found { key, mark: Some(mark), digest })
        }
        (None, Some(lines)) if !as_new => Err(Error::Another { path: path.to_owned(), lines }),
        _ => Ok(Found { key, mark: None, digest: Digest::new() }),
    }
}

/// Hash of the first `length` bytes; `None` where the file is shorter.
fn head_hash(path: &Path, length: u64) -> Result<Option<u128>, Error> {
    use std::io::Read;
    let file = std::fs::File::open(path).map_err(Error::io("open", path))?;
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes).map_err(Error::io("read", path))?;
    Ok((bytes.len() as u64 == length).then(|| xxh3_128(&bytes)))
}

fn identity(path: &Path) -> Result<(u64, u64, u64, i64), Error> {
    use std::os::unix::fs::MetadataExt;
    let metadata = std::fs::metadata(path).map_err(Error::io("read", path))?;
    let changed = metadata.mtime().wrapping_mul(1_000_000_000).wrapping_add(metadata.mtime_nsec());
    Ok((metadata.dev(), metadata.ino(), metadata.len(), changed))
}
