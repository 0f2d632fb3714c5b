//! The spool: what was read of a file, ordered by day, on its way into the store.
//!
//! One file of segments, each of one stream, appended in turns: so any number of days costs one open file. A day's counts are
//! varints: the distance in seconds to the count before, with a bit that says whether aggregate and target follow because they
//! changed, and the count. Two to three bytes a count where a file is ordered by series, six where it is not.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Error;
use crate::store::codec::varint;

/// Bytes that wait in memory before they are appended.
const BUFFERED_MAX: usize = 24 << 20;

const DAY_SECONDS: u32 = 86_400;

/// Length of a window of the store, and how many a day has.
const WINDOW_SECONDS: u32 = 7200;
const WINDOWS: usize = 12;

/// What a segment belongs to. Counts, coverage and samples have a stream for each day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Stream {
    /// Counts of a day.
    Counts(u32),
    /// Coverage of a day, a JSON line each.
    Coverage(u32),
    /// Counts over unwatched gaps.
    Spread,
    /// Processes, a JSON line each.
    Processes,
    /// Samples of a day, a JSON line each.
    Samples(u32),
    /// Rows of the importer's own.
    Marks,
}

/// A count of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) aggregate: u32,
    pub(super) target: u32,
    /// Seconds since 1970.
    pub(super) at: u32,
    pub(super) count: u64,
}

/// A count over a gap, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gap {
    pub(super) aggregate: u32,
    pub(super) target: u32,
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) count: u64,
}

/// What of the spool is on disk, to go on after a kill.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Index {
    length: u64,
    segments: Vec<(Stream, u64, u64)>,
    /// How many counts each window has.
    counts: BTreeMap<u32, u64>,
}

#[derive(Debug, Default)]
struct Buffer {
    bytes: Vec<u8>,
    aggregate: u32,
    target: u32,
    at: u32,
    /// Counts by window of the day.
    counts: [u64; WINDOWS],
}

/// The spool.
#[derive(Debug)]
pub(super) struct Spool {
    path: PathBuf,
    file: File,
    index: Index,
    buffers: BTreeMap<Stream, Buffer>,
    buffered: usize,
}

impl Spool {
    /// Goes on with what `index` says is there, in the file at `path`; with the empty index the file is made anew.
    pub(super) fn open(path: &Path, index: Index) -> Result<Self, Error> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(Error::io("open", path))?;
        let length = file.metadata().map_err(Error::io("read", path))?.len();
        if length < index.length {
            return Err(Error::io("read", path)(std::io::ErrorKind::UnexpectedEof.into()));
        }
        file.set_len(index.length).map_err(Error::io("write", path))?;
        Ok(Self { path: path.to_owned(), file, index, buffers: BTreeMap::new(), buffered: 0 })
    }

    /// Adds a count.
    pub(super) fn count(&mut self, counted: Counted) -> Result<(), Error> {
        let day = counted.at / DAY_SECONDS;
        let buffer = self.buffers.entry(Stream::Counts(day)).or_default();
        let before = buffer.bytes.len();
        let same = before > 0 && (buffer.aggregate, buffer.target) == (counted.aggregate, counted.target);
        let distance = varint::zigzag(i64::from(counted.at) - i64::from(buffer.at));
        varint::write_u64(&mut buffer.bytes, distance << 1 | u64::from(!same));
        if !same {
            varint::write_u64(&mut buffer.bytes, u64::from(counted.aggregate));
            // The target that is not known is the most frequent of large numbers.
            varint::write_u64(&mut buffer.bytes, u64::from(counted.target.wrapping_add(1)));
        }
        varint::write_u64(&mut buffer.bytes, counted.count);
        (buffer.aggregate, buffer.target, buffer.at) = (counted.aggregate, counted.target, counted.at);
        let grown = buffer.bytes.len() - before;
        if let Some(count) = buffer.counts.get_mut((counted.at % DAY_SECONDS / WINDOW_SECONDS) as usize) {
            *count += 1;
        }
        self.grow(grown)
    }

    /// Adds a count over a gap.
    pub(super) fn gap(&mut self, gap: &Gap) -> Result<(), Error> {
        let buffer = self.buffers.entry(Stream::Spread).or_default();
        let before = buffer.bytes.len();
        for number in [u64::from(gap.aggregate), u64::from(gap.target.wrapping_add(1)), gap.count] {
            varint::write_u64(&mut buffer.bytes, number);
        }
        varint::write_i64(&mut buffer.bytes, gap.from);
        varint::write_i64(&mut buffer.bytes, gap.to - gap.from);
        let grown = buffer.bytes.len() - before;
        self.grow(grown)
    }

    /// Adds a line to a stream of lines.
    pub(super) fn line(&mut self, stream: Stream, line: &[u8]) -> Result<(), Error> {
        let buffer = self.buffers.entry(stream).or_default();
        let before = buffer.bytes.len();
        varint::write_bytes(&mut buffer.bytes, line);
        let grown = buffer.bytes.len() - before;
        self.grow(grown)
    }

    /// Bytes in it.
    pub(super) fn len(&self) -> u64 {
        self.index.length + self.buffered as u64
    }

    /// Makes everything durable and says what there is.
    pub(super) fn sync(&mut self) -> Result<Index, Error> {
        self.flush()?;
        self.file.sync_data().map_err(Error::io("sync", &self.path))?;
        Ok(self.index.clone())
    }

    /// Days with counts or coverage, ascending, and how many counts each of their windows has. Only what was flushed is
    /// seen, here and below.
    pub(super) fn days(&self) -> BTreeMap<u32, BTreeMap<u32, u64>> {
        let mut days: BTreeMap<u32, BTreeMap<u32, u64>> = BTreeMap::new();
        for (window, count) in &self.index.counts {
            days.entry(window / WINDOWS as u32).or_default().insert(*window, *count);
        }
        for (stream, _, _) in &self.index.segments {
            if let Stream::Coverage(day) = stream {
                days.entry(*day).or_default();
            }
        }
        days
    }

    /// Days with samples, ascending.
    pub(super) fn sample_days(&self) -> BTreeSet<u32> {
        let day = |(stream, _, _): &(Stream, u64, u64)| match stream {
            Stream::Samples(day) => Some(*day),
            _ => None,
        };
        self.index.segments.iter().filter_map(day).collect()
    }

    /// Calls `visit` with each count of a day.
    pub(super) fn each_count(&self, day: u32, mut visit: impl FnMut(Counted)) -> Result<(), Error> {
        self.each_segment(Stream::Counts(day), |bytes| {
            let mut input = bytes;
            let mut last = Counted { aggregate: 0, target: 0, at: 0, count: 0 };
            while !input.is_empty() {
                let head = varint::read_u64(&mut input)?;
                last.at = (i64::from(last.at) + varint::unzigzag(head >> 1)) as u32;
                if head & 1 == 1 {
                    last.aggregate = varint::read_u32(&mut input)?;
                    last.target = varint::read_u32(&mut input)?.wrapping_sub(1);
                }
                last.count = varint::read_u64(&mut input)?;
                visit(last);
            }
            Ok(())
        })
    }

    /// Calls `visit` with each count over a gap, in the order in which they came.
    pub(super) fn each_gap(&self, mut visit: impl FnMut(Gap) -> Result<(), Error>) -> Result<(), Error> {
        let mut failed = Ok(());
        self.each_segment(Stream::Spread, |bytes| {
            let mut input = bytes;
            while failed.is_ok() && !input.is_empty() {
                let aggregate = varint::read_u32(&mut input)?;
                let target = varint::read_u32(&mut input)?.wrapping_sub(1);
                let count = varint::read_u64(&mut input)?;
                let from = varint::read_i64(&mut input)?;
                let to = from.wrapping_add(varint::read_i64(&mut input)?);
                failed = visit(Gap { aggregate, target, from, to, count });
            }
            Ok(())
        })?;
        failed
    }

    /// Calls `visit` with each line of a stream, in the order in which they came.
    pub(super) fn each_line(
        &self,
        stream: Stream,
        mut visit: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut failed = Ok(());
        self.each_segment(stream, |bytes| {
            let mut input = bytes;
            while failed.is_ok() && !input.is_empty() {
                failed = visit(varint::read_bytes(&mut input)?);
            }
            Ok(())
        })?;
        failed
    }

    fn each_segment(
        &self,
        stream: Stream,
        mut visit: impl FnMut(&[u8]) -> Result<(), crate::store::codec::Corrupt>,
    ) -> Result<(), Error> {
        for (_, offset, length) in self.index.segments.iter().filter(|(of, _, _)| *of == stream) {
            let mut bytes = vec![0; usize::try_from(*length).unwrap_or(usize::MAX)];
            self.file.read_exact_at(&mut bytes, *offset).map_err(Error::io("read", &self.path))?;
            visit(&bytes).map_err(|corrupt| Error::io("read", &self.path)(std::io::Error::other(corrupt)))?;
        }
        Ok(())
    }

    fn grow(&mut self, bytes: usize) -> Result<(), Error> {
        self.buffered += bytes;
        if self.buffered >= BUFFERED_MAX { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Error> {
        for (stream, buffer) in std::mem::take(&mut self.buffers) {
            let length = buffer.bytes.len() as u64;
            self.file.write_all_at(&buffer.bytes, self.index.length).map_err(Error::io("write", &self.path))?;
            self.index.segments.push((stream, self.index.length, length));
            self.index.length += length;
            if let Stream::Counts(day) = stream {
                let windows = (day * WINDOWS as u32..).zip(buffer.counts).filter(|(_, count)| *count > 0);
                windows.for_each(|(window, count)| *self.index.counts.entry(window).or_default() += count);
            }
        }
        self.buffered = 0;
        Ok(())
    }
}

/// Reads a whole small file; `None` where there is none.
pub(super) fn read_small(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(Error::io("open", path))?,
    };
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(Error::io("read", path))?;
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_read_as_they_were_written_also_after_going_on() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("spool");
        let mut spool = Spool::open(&path, Index::default()).unwrap();
        let count = |n: u32| Counted {
            aggregate: n / 3,
            target: if n.is_multiple_of(5) { u32::MAX } else { n % 5 },
            at: 86_400 * 20_000 + n * 7919 % 200_000,
            count: u64::from(n) << (n % 40),
        };
        let gap = |n: u32| Gap { aggregate: n, target: u32::MAX, from: -5, to: i64::from(n), count: 3 };
        let mut index = Index::default();
        for n in 0..900 {
            spool.count(count(n)).unwrap();
            spool.gap(&gap(n)).unwrap();
            spool.line(Stream::Samples(7), n.to_string().as_bytes()).unwrap();
            if n % 100 == 99 && n < 600 {
                index = spool.sync().unwrap();
            }
        }
        // What came after the last note is gone, and comes again.
        drop(spool);
        let mut spool = Spool::open(&path, index).unwrap();
        for n in 600..900 {
            spool.count(count(n)).unwrap();
            spool.gap(&gap(n)).unwrap();
            spool.line(Stream::Samples(7), n.to_string().as_bytes()).unwrap();
        }
        spool.line(Stream::Coverage(3), b"x").unwrap();
        spool.sync().unwrap();
        let days = spool.days();
        let all = days.values().flat_map(BTreeMap::values).sum::<u64>();
        assert_eq!((days.len(), all, days[&3].len()), (4, 900, 0));
        let mut found = Vec::new();
        for day in days.keys() {
            spool.each_count(*day, |counted| found.push(counted)).unwrap();
        }
        found.sort_by_key(|counted| (counted.count, counted.at));
        let mut expect: Vec<Counted> = (0..900).map(count).collect();
        expect.sort_by_key(|counted| (counted.count, counted.at));
        assert_eq!(found, expect);
        let mut gaps = Vec::new();
        spool
            .each_gap(|gap| {
                gaps.push(gap);
                Ok(())
            })
            .unwrap();
        assert_eq!(gaps, (0..900).map(gap).collect::<Vec<_>>());
        assert_eq!(spool.sample_days().into_iter().collect::<Vec<_>>(), [7]);
        let mut lines = 0;
        spool
            .each_line(Stream::Samples(7), |line| {
                assert_eq!(line, lines.to_string().as_bytes());
                lines += 1;
                Ok(())
            })
            .unwrap();
        assert_eq!(lines, 900);
    }
}
