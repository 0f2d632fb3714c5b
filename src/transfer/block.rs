//! A file in blocks of whole lines.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::Error;
use super::digest::{Digest, Place};

/// What a block holds at least, before it is filled up to the end of a line.
const BLOCK_BYTES: usize = 2 << 20;

/// Longest line: an exposition with ten thousand aggregates fits several times.
const LINE_BYTES_MAX: usize = 64 << 20;

/// Some lines of a file, in one piece.
#[derive(Debug)]
pub(super) struct Block {
    /// The lines.
    pub(super) bytes: Vec<u8>,
    /// They are the file's first.
    pub(super) first: bool,
}

/// Reads a file from some place on.
pub(super) struct Blocks {
    path: PathBuf,
    file: File,
    /// Read and not given out: the begin of a line.
    rest: Vec<u8>,
    /// Bytes given out or waiting, from the begin of the file.
    offset: u64,
    /// Where to stop although the file goes on.
    end: u64,
    first: bool,
}

impl Blocks {
    /// Reads from `place` to `end`, or to the end of the file.
    pub(super) fn open(path: &Path, place: &Place, end: Option<u64>) -> Result<Self, Error> {
        let mut file = File::open(path).map_err(Error::io("open", path))?;
        file.seek(SeekFrom::Start(place.offset)).map_err(Error::io("read", path))?;
        let (offset, end) = (place.offset, end.unwrap_or(u64::MAX));
        Ok(Self { path: path.to_owned(), file, rest: Vec::new(), offset, end, first: offset == 0 })
    }

    /// The next `count` blocks at most; none at the end of the file.
    pub(super) fn next(&mut self, count: usize) -> Result<Vec<Block>, Error> {
        let mut blocks = Vec::with_capacity(count);
        while blocks.len() < count {
            let Some(block) = self.block()? else { break };
            blocks.push(block);
        }
        Ok(blocks)
    }

    fn block(&mut self) -> Result<Option<Block>, Error> {
        let mut bytes = std::mem::take(&mut self.rest);
        let mut wanted = BLOCK_BYTES;
        loop {
            let before = bytes.len();
            let room = wanted.saturating_sub(before) as u64;
            let room = room.min(self.end.saturating_sub(self.offset));
            bytes.reserve(usize::try_from(room).unwrap_or(0));
            (&mut self.file).take(room).read_to_end(&mut bytes).map_err(Error::io("read", &self.path))?;
            let read = bytes.len() - before;
            self.offset += read as u64;
            if read == 0 {
                break;
            }
            if let Some(at) = memchr::memrchr(b'\n', &bytes) {
                self.rest = bytes.split_off(at + 1);
                break;
            }
            if bytes.len() >= LINE_BYTES_MAX {
                // Nobody reads such a line: the parser is given its begin, and says so.
                break;
            }
            wanted = bytes.len() + BLOCK_BYTES;
        }
        let first = std::mem::take(&mut self.first);
        Ok((!bytes.is_empty()).then_some(Block { bytes, first }))
    }
}

/// Hashes the file's first `place.offset` bytes, from where `digest` stands on.
pub(super) fn digest_until(
    path: &Path,
    digest: &mut Digest,
    offset: u64,
    progress: &mut dyn FnMut(u64),
) -> Result<(), Error> {
    let mut file = File::open(path).map_err(Error::io("open", path))?;
    file.seek(SeekFrom::Start(digest.bytes())).map_err(Error::io("read", path))?;
    let mut buffer = vec![0; 1 << 20];
    while digest.bytes() < offset {
        let room = usize::try_from(offset - digest.bytes()).unwrap_or(usize::MAX).min(buffer.len());
        let read = file.read(buffer.get_mut(..room).unwrap_or_default()).map_err(Error::io("read", path))?;
        if read == 0 {
            return Err(Error::io("read", path)(std::io::ErrorKind::UnexpectedEof.into()));
        }
        digest.update(buffer.get(..read).unwrap_or_default());
        progress(digest.bytes());
    }
    Ok(())
}

/// Each line of a block with its number from 0, without its end; and whether it has one, which the file's last may lack.
pub(super) fn lines(bytes: &[u8]) -> impl Iterator<Item = (u32, &[u8], bool)> {
    let mut rest = bytes;
    let mut number = 0;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (line, ended) = match memchr::memchr(b'\n', rest) {
            Some(at) => {
                let (line, after) = rest.split_at(at);
                rest = after.get(1..).unwrap_or_default();
                (line.strip_suffix(b"\r").unwrap_or(line), true)
            }
            None => (std::mem::take(&mut rest), false),
        };
        number += 1;
        Some((number - 1, line, ended))
    })
}

/// Where line `number` of a block begins.
pub(super) fn line_begin(bytes: &[u8], number: u32) -> usize {
    match (number as usize).checked_sub(1) {
        None => 0,
        Some(before) => memchr::memchr_iter(b'\n', bytes).nth(before).map_or(bytes.len(), |at| at + 1),
    }
}
