//! Reading: a file's lines, parsed on all cores and applied in their order, into the spool.

use std::path::Path;

use rayon::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::block::{Block, Blocks, line_begin};
use super::digest::{Digest, Place};
use super::names::Names;
use super::spool::{Counted, Gap, Index, Spool};
use super::{Error, Phase, Progress};
use crate::store::Store;

/// Blocks that are parsed at a time. Three times as many are in memory.
const BLOCKS: usize = 8;

/// What is spooled before it is merged: bounds the disk that an import needs beside the store.
const SPOOL_BYTES_MAX: u64 = 4 << 30;

/// Names that are held in memory before they are merged.
const NAMES_BYTES_MAX: usize = 96 << 20;

/// Input after which the spool is noted: what a kill costs at most.
const NOTE_BYTES: u64 = 1 << 30;

/// Bad lines that are told one by one where they are skipped.
const COMPLAINTS_MAX: usize = 20;

/// What an import took, and what it left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Lines.
    pub lines: u64,
    /// Deltas: counts at a time or over a gap.
    pub deltas: u64,
    /// Their sum.
    pub count: u64,
    /// Samples of exceptions.
    pub occurrences: u64,
    /// Samples of counters.
    pub samples: u64,
    /// Samples of counters at times that were imported before.
    pub known: u64,
    /// Lines of other metrics.
    pub other: u64,
    /// What counters stood at when a file begins, which happened before and was left out.
    pub before: u64,
    /// Bad lines that were skipped.
    pub bad: u64,
    /// Samples of exceptions that were stored already.
    #[serde(default)]
    pub stored: u64,
    /// Secrets that were hidden.
    #[serde(default)]
    pub redacted: u64,
    /// The first and the last time of a delta, in milliseconds.
    pub times: Option<(i64, i64)>,
    /// The file has the end that OpenMetrics demands.
    pub complete: bool,
}

impl Tally {
    /// Adds another part of a file.
    pub(super) fn add(&mut self, other: &Self) {
        self.lines += other.lines;
        self.deltas += other.deltas;
        self.count = self.count.saturating_add(other.count);
        self.occurrences += other.occurrences;
        self.samples += other.samples;
        self.known += other.known;
        self.other += other.other;
        self.before = self.before.saturating_add(other.before);
        self.bad += other.bad;
        self.redacted += other.redacted;
        self.stored += other.stored;
        self.complete = other.complete;
        if let Some((first, last)) = other.times {
            self.times = Some(super::names::widened(self.times, first, last));
        }
    }
}

/// A line that is not what it has to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bad {
    /// Its number in its block, from 0.
    pub(super) line: u32,
    pub(super) problem: String,
}

/// Makes something of a block; what can be done without knowing the blocks before.
pub(super) trait Parser: Sync {
    type Parsed: Parsed;
    fn parse(&self, block: &Block) -> Self::Parsed;
}

/// What a parser made of a block.
pub(super) trait Parsed: Send {
    /// How many lines it had.
    fn lines(&self) -> u32;
    /// Its bad lines, in their order. Where they are not skipped there is at most one, and nothing of what follows it.
    fn bad(&mut self) -> Vec<Bad>;
}

/// Takes what was parsed, block by block.
pub(super) trait Reader: Serialize + DeserializeOwned + Default + Send {
    type Parser: Parser;
    /// The bad lines that show only with what was read before.
    fn apply(
        &mut self,
        parsed: <Self::Parser as Parser>::Parsed,
        parser: &Self::Parser,
        sink: &mut Sink<'_>,
    ) -> Result<Vec<Bad>, Error>;
    /// Everything was read.
    fn finish(&mut self, parser: &Self::Parser, sink: &mut Sink<'_>) -> Result<(), Error>;
}

/// Where it all goes.
pub(super) struct Sink<'a> {
    pub(super) store: &'a Store,
    pub(super) spool: Spool,
    pub(super) names: Names,
    pub(super) tally: Tally,
}

impl Sink<'_> {
    /// A count at a second.
    pub(super) fn count(&mut self, counted: Counted) -> Result<(), Error> {
        self.add(i64::from(counted.at) * 1000, counted.count);
        self.spool.count(counted)
    }

    /// A count over a gap.
    pub(super) fn gap(&mut self, gap: &Gap) -> Result<(), Error> {
        self.add(gap.to, gap.count);
        self.spool.gap(gap)
    }

    fn add(&mut self, time: i64, count: u64) {
        self.tally.deltas += 1;
        self.tally.count = self.tally.count.saturating_add(count);
        self.tally.times = Some(super::names::widened(self.tally.times, time, time));
    }
}

/// What is noted of a round, to go on after a kill.
#[derive(Serialize, Deserialize)]
pub(super) struct Note<R> {
    /// How the file is read.
    pub(super) reading: String,
    /// Where the round began.
    pub(super) from: Place,
    /// How far it is.
    pub(super) at: Place,
    /// Nothing more is to be read in it.
    pub(super) complete: bool,
    index: Index,
    names: Names,
    tally: Tally,
    reader: R,
}

/// Why reading ended.
#[derive(Debug)]
pub(super) enum End {
    /// The file does.
    File,
    /// There is enough to merge.
    Full,
    /// A line is bad.
    Bad(Error),
}

/// A part of a file on its way into the spool.
pub(super) struct Round<'a, R> {
    pub(super) sink: Sink<'a>,
    pub(super) from: Place,
    /// Nothing more is to be read in it.
    pub(super) complete: bool,
    digest: Digest,
    lines: u64,
    reader: R,
    reading: String,
    /// Bad lines are left out.
    skip: bool,
    complaints: Vec<Error>,
}

impl<'a, R: Reader> Round<'a, R> {
    /// A round that begins at `from`.
    pub(super) fn new(
        store: &'a Store,
        spool: &Path,
        reading: &str,
        (from, digest): (Place, Digest),
        skip: bool,
    ) -> Result<Self, Error> {
        let spool = Spool::open(spool, Index::default())?;
        let sink = Sink { store, spool, names: Names::default(), tally: Tally::default() };
        let (reading, complaints) = (reading.to_owned(), Vec::new());
        let (lines, reader) = (from.lines, R::default());
        Ok(Self { sink, from, complete: false, digest, lines, reader, reading, skip, complaints })
    }

    /// Goes on with a round that was noted; `digest` stands where it is.
    pub(super) fn resume(
        store: &'a Store,
        spool: &Path,
        note: Note<R>,
        digest: Digest,
        skip: bool,
    ) -> Result<Self, Error> {
        let Note { reading, from, at, complete, index, mut names, tally, reader } = note;
        names.restore();
        let sink = Sink { store, spool: Spool::open(spool, index)?, names, tally };
        let (lines, complaints) = (at.lines, Vec::new());
        Ok(Self { sink, from, complete, digest, lines, reader, reading, skip, complaints })
    }

    /// Where it is.
    pub(super) fn place(&self) -> Place {
        self.digest.place(self.lines)
    }

    /// Bad lines that were skipped, the first ones.
    pub(super) fn complaints(&mut self) -> Vec<Error> {
        std::mem::take(&mut self.complaints)
    }

    /// Reads until the file ends, or `until`, or there is enough, or a line is bad.
    pub(super) fn read(
        &mut self,
        path: &Path,
        parser: &R::Parser,
        until: Option<u64>,
        watch: &mut Watch<'_>,
    ) -> Result<End, Error> {
        let mut blocks = Blocks::open(path, &self.place(), until)?;
        let mut current = blocks.next(BLOCKS)?;
        let mut parsed = Vec::new();
        let mut noted = self.digest.bytes();
        loop {
            let ready = std::mem::take(&mut parsed);
            let ended = ready.is_empty() && current.is_empty();
            let apply_and_read = || {
                let end = self.apply(path, ready, parser)?;
                let next = if end.is_none() { blocks.next(BLOCKS)? } else { Vec::new() };
                Ok((end, next))
            };
            let parse = || {
                let parse = |block: Block| (parser.parse(&block), block);
                current.into_par_iter().map(parse).collect::<Vec<_>>()
            };
            let (applied, fresh): (Result<_, Error>, _) = rayon::join(apply_and_read, parse);
            let (end, next) = applied?;
            watch.tell(Phase::Reading, self.digest.bytes(), self.sink.tally.deltas);
            if let Some(end) = end {
                return Ok(end);
            }
            if ended {
                return Ok(End::File);
            }
            let full = self.sink.spool.len() >= SPOOL_BYTES_MAX || self.sink.names.bytes >= NAMES_BYTES_MAX;
            if full && until.is_none() && self.digest.bytes() > self.from.offset {
                return Ok(End::Full);
            }
            if self.digest.bytes() - noted >= NOTE_BYTES {
                watch.keep(&self.note(false)?)?;
                noted = self.digest.bytes();
            }
            (parsed, current) = (fresh, next);
        }
    }

    /// Nothing more is read in this round.
    pub(super) fn finish(&mut self, parser: &R::Parser) -> Result<(), Error> {
        self.sink.tally.lines = self.lines - self.from.lines;
        self.reader.finish(parser, &mut self.sink)
    }

    /// What there is, durable, as a note.
    pub(super) fn note(&mut self, complete: bool) -> Result<Vec<u8>, Error> {
        let index = self.sink.spool.sync()?;
        let place = self.place();
        let note = NoteRef {
            reading: &self.reading,
            from: &self.from,
            at: &place,
            complete,
            index: &index,
            names: &self.sink.names,
            tally: &self.sink.tally,
            reader: &self.reader,
        };
        serde_json::to_vec(&note).map_err(|source| Error::Corrupt { what: "the note of an import", source })
    }

    fn apply(
        &mut self,
        path: &Path,
        parsed: Vec<(<R::Parser as Parser>::Parsed, Block)>,
        parser: &R::Parser,
    ) -> Result<Option<End>, Error> {
        for (mut parsed, block) in parsed {
            let lines = parsed.lines();
            let mut bad = parsed.bad();
            bad.extend(self.reader.apply(parsed, parser, &mut self.sink)?);
            bad.sort_by_key(|bad| bad.line);
            let error = |bad: &Bad| Error::Line {
                path: path.to_owned(),
                line: self.lines + u64::from(bad.line) + 1,
                problem: bad.problem.clone(),
            };
            if let (false, Some(first)) = (self.skip, bad.first()) {
                let error = error(first);
                let taken = line_begin(&block.bytes, first.line);
                self.digest.update(block.bytes.get(..taken).unwrap_or_default());
                self.lines += u64::from(first.line);
                return Ok(Some(End::Bad(error)));
            }
            self.sink.tally.bad += bad.len() as u64;
            let room = COMPLAINTS_MAX.saturating_sub(self.complaints.len());
            let complaints: Vec<Error> = bad.iter().take(room).map(error).collect();
            self.complaints.extend(complaints);
            self.digest.update(&block.bytes);
            self.lines += u64::from(lines);
        }
        Ok(None)
    }
}

#[derive(Serialize)]
struct NoteRef<'a, R> {
    reading: &'a str,
    from: &'a Place,
    at: &'a Place,
    complete: bool,
    index: &'a Index,
    names: &'a Names,
    tally: &'a Tally,
    reader: &'a R,
}

/// Who is told how far an import is, and where its notes go.
pub(super) struct Watch<'a> {
    pub(super) progress: &'a mut (dyn FnMut(Progress) + Send),
    /// Bytes of the file.
    pub(super) total: u64,
    /// Where notes go.
    pub(super) note: &'a Path,
}

impl Watch<'_> {
    /// Keeps a note.
    pub(super) fn keep(&self, note: &[u8]) -> Result<(), Error> {
        crate::fs::rewrite_atomic(self.note, note).map_err(Error::io("write", self.note))
    }

    pub(super) fn tell(&mut self, phase: Phase, done: u64, deltas: u64) {
        (self.progress)(Progress { phase, done, total: self.total, deltas });
    }
}
