//! An archive: a tar file of all pieces with the manifest at its end, compressed with zstd.
//!
//! `tar --zstd -tf` lists it. It is written and read from its begin to its end with a piece in memory at most, so it can go
//! through a pipe or a connection. Without the manifest it is incomplete, and nothing is made of it.

use std::io::{self, Read, Write};

use super::manifest::{MANIFEST_BYTES_MAX, Manifest, Named};
use super::piece::{HEAD_BYTES, bytes_max, check_head};
use super::tar::{self, BLOCK};
use super::{Error, Piece, Sink};
use crate::model::time::Timestamp;

/// The manifest's name in an archive.
const MANIFEST: &str = "manifest.json";

/// What is packed well already, points and occurrences, gains nothing from a higher level.
const COMPRESSION_LEVEL: i32 = 1;

/// Windows beyond 8 MiB are never written, and whoever makes one up does not get the memory for it.
const WINDOW_LOG_MAX: u32 = 23;

/// Pieces of an archive: 8 TiB and more. What is made up to have more does not get the memory for their names.
const PIECES_MAX: usize = 1 << 20;

/// Writes an archive.
pub struct Archive<'w, W: Write> {
    out: Option<zstd::stream::write::Encoder<'w, W>>,
    seconds: i64,
}

impl<W: Write> std::fmt::Debug for Archive<'_, W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Archive").finish_non_exhaustive()
    }
}

impl<W: Write> Archive<'_, W> {
    /// Writes to `out`; its files have the time `now`.
    ///
    /// # Errors
    /// When there is no memory to compress it.
    pub fn new(out: W, now: Timestamp) -> Result<Self, Error> {
        let mut out = zstd::stream::write::Encoder::new(out, COMPRESSION_LEVEL).map_err(Error::Stream)?;
        out.include_checksum(true).map_err(Error::Stream)?;
        Ok(Self { out: Some(out), seconds: now.0.div_euclid(1000) })
    }

    fn file(&mut self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let Some(out) = &mut self.out else { return Err(Error::Stopped) };
        let header = tar::header(name, bytes.len() as u64, self.seconds);
        let header = header.ok_or_else(|| Error::damaged(name, "it is too large for an archive"))?;
        let zeros = [0; BLOCK];
        let padding = zeros.get(..tar::padding(bytes.len() as u64)).unwrap_or_default();
        [&header[..], bytes, padding].into_iter().try_for_each(|part| out.write_all(part)).map_err(Error::Stream)
    }
}

impl<W: Write> Sink for Archive<'_, W> {
    fn piece(&mut self, piece: &Piece<'_>) -> Result<(), Error> {
        self.file(piece.name, piece.bytes)
    }

    fn finish(&mut self, manifest: &Manifest) -> Result<(), Error> {
        self.file(MANIFEST, manifest.text()?.as_bytes())?;
        let Some(mut out) = self.out.take() else { return Err(Error::Stopped) };
        out.write_all(&[0; 2 * BLOCK]).map_err(Error::Stream)?;
        out.finish().and_then(|mut out| out.flush()).map_err(Error::Stream)
    }
}

/// Whether what begins with these bytes can be an archive: it is compressed as they are.
#[must_use]
pub fn is_archive(begin: &[u8]) -> bool {
    begin.starts_with(&zstd::zstd_safe::MAGICNUMBER.to_le_bytes())
}

/// Reads an archive to its end and hands its pieces over.
///
/// # Errors
/// When it is incomplete, damaged, or something else, or when the sink does not take it. Pieces before the damage may have been
/// handed over, but the sink is not told that they are all.
pub fn read(input: impl Read, sink: &mut dyn Sink) -> Result<Manifest, Error> {
    let mut input = zstd::stream::read::Decoder::new(input).map_err(broken)?.single_frame();
    input.window_log_max(WINDOW_LOG_MAX).map_err(broken)?;
    let mut pieces = Vec::new();
    let manifest = loop {
        let block = tar::read_block(&mut input).map_err(broken)?.ok_or(Error::Incomplete)?;
        let (name, bytes) =
            tar::parse(&block).ok_or_else(|| Error::damaged("the archive", "a header is none of ours"))?;
        if name == MANIFEST {
            let text = contents(&mut input, MANIFEST, bytes, MANIFEST_BYTES_MAX, |_| Ok(()))?;
            break Manifest::parse(MANIFEST, &text)?;
        }
        let bytes = contents(&mut input, &name, bytes, bytes_max(&name)?, |head| check_head(&name, head, bytes))?;
        if pieces.len() >= PIECES_MAX {
            return Err(Error::damaged("the archive", format!("it has more than {PIECES_MAX} pieces")));
        }
        let piece = Piece::new(&name, &bytes);
        sink.piece(&piece)?;
        pieces.push(Named::new(&piece));
    };
    if pieces != manifest.pieces {
        let differs = pieces.iter().zip(&manifest.pieces).find(|(found, named)| found != named);
        let place = differs.map_or("the list of pieces", |(found, _)| found.name.as_str());
        return Err(Error::damaged(place, "it is not what the manifest says"));
    }
    for _ in 0..2 {
        let end = tar::read_block(&mut input).map_err(broken)?;
        if end != Some([0; BLOCK]) {
            return Err(Error::damaged("the archive", "it does not end as it should"));
        }
    }
    // Reading to the end checks the checksum of the whole.
    let mut rest = [0; 1];
    let behind = input.read(&mut rest).map_err(broken)? + input.finish().read(&mut rest).map_err(Error::Stream)?;
    if behind > 0 {
        return Err(Error::damaged("the archive", "something follows its end"));
    }
    sink.finish(&manifest)?;
    Ok(manifest)
}

/// Bytes that are cut short are as incomplete as a missing manifest.
fn broken(error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Error::Incomplete,
        io::ErrorKind::Other | io::ErrorKind::InvalidData => Error::damaged("the archive", error.to_string()),
        _ => Error::Stream(error),
    }
}

/// A file's bytes. They are read before they are believed to be so many, those behind the head only when `check_head` takes it,
/// and its padding has to be zeros.
fn contents(
    input: &mut impl Read,
    name: &str,
    bytes: u64,
    bytes_max: u64,
    check_head: impl FnOnce(&[u8]) -> Result<(), Error>,
) -> Result<Vec<u8>, Error> {
    if bytes > bytes_max {
        return Err(Error::too_long(name, bytes));
    }
    let mut all = Vec::new();
    let head_bytes = bytes.min(HEAD_BYTES as u64);
    input.take(head_bytes).read_to_end(&mut all).map_err(broken)?;
    if all.len() as u64 == head_bytes {
        check_head(&all)?;
        input.take(bytes - head_bytes).read_to_end(&mut all).map_err(broken)?;
    }
    if (all.len() as u64) < bytes {
        return Err(Error::Incomplete);
    }
    let padding = tar::padding(bytes);
    let mut zeros = Vec::new();
    input.take(padding as u64).read_to_end(&mut zeros).map_err(broken)?;
    if zeros.len() < padding {
        return Err(Error::Incomplete);
    }
    if zeros.iter().any(|byte| *byte != 0) {
        return Err(Error::damaged(name, "something stands behind it"));
    }
    Ok(all)
}
