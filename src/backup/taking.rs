//! The pieces of a store, running or not.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt;

use super::manifest::{FORMAT, Manifest, Named};
use super::piece::{PIECE_BYTES, add_row, file_name, rows_name};
use super::{Error, Pace, Piece, Sink};
use crate::model::time::Timestamp;
use crate::search;
use crate::store::{self, Cut, Snapshot, Store, guarded};

/// What to copy, and how.
#[derive(Debug)]
pub struct Options {
    /// When it is.
    pub now: Timestamp,
    /// Copy the search index, too. Without it the server makes it anew.
    pub with_index: bool,
    /// How fast.
    pub pace: Pace,
}

/// Copies everything as of the last commit. Commits go on meanwhile.
///
/// # Errors
/// When something can not be read or is damaged, or the sink does not take it.
pub fn take(store: &Store, options: Options, sink: &mut dyn Sink) -> Result<Manifest, Error> {
    guarded(|| Ok(take_all(store, options, sink)))?
}

fn take_all(store: &Store, mut options: Options, sink: &mut dyn Sink) -> Result<Manifest, Error> {
    // The index first: one that is ahead of the store would be made anew.
    let index = if options.with_index {
        let directory = store.path().join("occurrences");
        search::open_files(&directory).map_err(Error::io("can not read the search index in", &directory))?
    } else {
        Vec::new()
    };
    let snapshot = store.snapshot()?;
    let mut taking = Taking { sink, pace: &mut options.pace, pieces: Vec::new() };
    let mut rows = BTreeMap::new();
    for table in Snapshot::tables() {
        rows.insert(table.to_owned(), taking.table(&snapshot, table)?);
    }
    for file in snapshot.files() {
        let path = format!("{}/{}", file.date, file.name);
        taking.file("occurrences", &path, file.bytes, |offset, length| Ok(file.read(offset, length)?))?;
    }
    for file in &index {
        taking.file("index", &file.path, file.bytes, |offset, length| {
            let mut bytes = vec![0; length];
            let read = file.file.read_exact_at(&mut bytes, offset);
            read.map_err(Error::io("can not read the search index at", file.path.as_ref()))?;
            Ok(bytes)
        })?;
    }
    let mut manifest = Manifest {
        format: FORMAT,
        store_format: store::FORMAT_VERSION,
        hydrophone: env!("CARGO_PKG_VERSION").to_owned(),
        time: options.now.to_string(),
        commit: snapshot.commit(),
        with_index: options.with_index,
        rows,
        pieces: taking.pieces,
        checksum: String::new(),
    };
    drop(snapshot);
    manifest.seal()?;
    sink.finish(&manifest)?;
    Ok(manifest)
}

struct Taking<'a> {
    sink: &'a mut dyn Sink,
    pace: &'a mut Pace,
    pieces: Vec<Named>,
}

impl Taking<'_> {
    /// Hands over a table; how many rows it has.
    fn table(&mut self, snapshot: &Snapshot, table: &str) -> Result<u64, Error> {
        let (mut rows, mut part, mut bytes) = (0, 0, Vec::new());
        let mut current: Option<Cut> = None;
        let mut outcome = Ok(());
        snapshot.rows(table, &mut |cut, key, value| {
            let same = current == Some(cut);
            if !bytes.is_empty() && (!same || bytes.len() + key.len() + value.len() > PIECE_BYTES) {
                outcome = self.hand_over(&rows_name(table, current.unwrap_or_default(), part), &bytes);
                bytes.clear();
                part += 1;
            }
            if !same {
                (current, part) = (Some(cut), 0);
            }
            add_row(&mut bytes, key, value);
            rows += 1;
            if outcome.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        outcome?;
        if let Some(cut) = current {
            self.hand_over(&rows_name(table, cut, part), &bytes)?;
        }
        Ok(rows)
    }

    fn file(
        &mut self,
        kind: &str,
        path: &str,
        bytes: u64,
        read: impl Fn(u64, usize) -> Result<Vec<u8>, Error>,
    ) -> Result<(), Error> {
        // One without bytes is a file, too.
        for part in 0..bytes.div_ceil(PIECE_BYTES as u64).max(1) {
            let offset = part * PIECE_BYTES as u64;
            let length = (bytes - offset).min(PIECE_BYTES as u64) as usize;
            self.hand_over(&file_name(kind, path, part), &read(offset, length)?)?;
        }
        Ok(())
    }

    fn hand_over(&mut self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let piece = Piece::new(name, bytes);
        self.sink.piece(&piece)?;
        self.pieces.push(Named::new(&piece));
        self.pace.passed(bytes.len() as u64)
    }
}
