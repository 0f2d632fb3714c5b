//! Importing a file: finding out what of it was taken before, reading and merging the rest in rounds.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::block::digest_until;
use super::deltas::{AllLines, LineParser};
use super::digest::{Digest, Place};
use super::mark::{self, FileMark, Merging};
use super::merge::Merge;
use super::once::Once;
use super::openmetrics::{Mapping, SampleParser};
use super::round::{End, Note, Reader, Round, Tally, Watch};
use super::series::AllSeries;
use super::spool::read_small;
use super::{Error, Progress, interval};
use crate::model::time::{Millis, Timestamp};
use crate::redact::Redactor;
use crate::store::Store;

/// The directory within the data directory that an import needs while it runs.
const DIRECTORY: &str = "import";

/// How far the clocks of others may be ahead of ours: beyond, a time is a mistake.
const AHEAD_MAX: Millis = Millis::from_seconds(3600);

/// What a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// Our own.
    Deltas,
    /// Our own lines of occurrences, and nothing else. Those that are stored already are left out.
    Occurrences,
    /// Counters in OpenMetrics text.
    OpenMetrics(Box<Mapping>),
}

/// How a file is imported.
#[derive(Debug, Clone)]
pub struct Options {
    /// What it is.
    pub format: Format,
    /// Bad lines are left out and counted; without it the first one ends the import.
    pub skip_bad: bool,
    /// A file of which only the beginning was imported before is another one, and its counts are added.
    pub as_new: bool,
    /// The time.
    pub now: Timestamp,
    /// Hides secrets before anything is written down, as scraping does.
    pub redactor: Arc<Redactor>,
}

/// What became of an import.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Lines that were imported by earlier runs.
    pub lines_before: u64,
    /// What this run took; all of it is in the store.
    pub tally: Tally,
    /// The scrape interval of what was imported, for counters.
    pub interval: Option<Millis>,
    /// Bad lines that were skipped, the first ones.
    pub skipped: Vec<Error>,
    /// Why it ended before the file did.
    pub stopped: Option<Error>,
}

/// Imports the file at `path`. What was taken before is not taken again; what is taken when it stops, for whatever reason,
/// is in the store, and the next run goes on after it.
pub fn import(store: &Store, path: &Path, options: &Options, progress: &mut (dyn FnMut(Progress) + Send)) -> Outcome {
    let mut outcome = Outcome::default();
    let result = match &options.format {
        Format::Deltas | Format::Occurrences => {
            let latest = options.now.plus(AHEAD_MAX);
            let redactor = Arc::clone(&options.redactor);
            let occurrences = options.format == Format::Occurrences;
            let parser =
                |_: Option<&FileMark>| Ok(LineParser { latest, skip: options.skip_bad, occurrences, redactor });
            let reading = if occurrences { "occurrences" } else { "deltas" }.to_owned();
            Importer { store, path, options, reading, sort: false }.run::<AllLines>(parser, progress, &mut outcome)
        }
        Format::OpenMetrics(mapping) => {
            let parser = |known: Option<&FileMark>| sample_parser(path, mapping, options, known);
            let Mapping { metric, service, service_name, key, severity, instance, process, drop, .. } = &**mapping;
            let labels = [metric, service, key, severity, instance, process].map(String::as_str).join(" ");
            let reading = format!("openmetrics {labels} {service_name:?} {drop:?} {}", mapping.count_first);
            Importer { store, path, options, reading, sort: true }.run::<AllSeries>(parser, progress, &mut outcome)
        }
    };
    outcome.stopped = result.err();
    outcome
}

/// Whether an import into the data directory at `path` was begun and not ended.
///
/// # Errors
/// When the directory can not be read.
pub fn is_unfinished(path: &Path) -> std::io::Result<bool> {
    path.join(DIRECTORY).join("spool").try_exists()
}

fn sample_parser(
    path: &Path,
    mapping: &Mapping,
    options: &Options,
    known: Option<&FileMark>,
) -> Result<SampleParser, Error> {
    let known = known.map(|mark| Millis(mark.interval_ms)).filter(|_| mapping.interval.is_none());
    let interval = known.map_or_else(|| interval::find(path, mapping, &options.redactor), Ok)?;
    Ok(SampleParser {
        mapping: mapping.clone(),
        interval,
        // As in ingest: two intervals, and a tenth for being late.
        watched_ms: interval.0.saturating_mul(2).saturating_add(interval.0 / 10),
        latest: options.now.plus(AHEAD_MAX),
        skip: options.skip_bad,
        redactor: Arc::clone(&options.redactor),
    })
}

struct Importer<'a> {
    store: &'a Store,
    path: &'a Path,
    options: &'a Options,
    /// What identifies how the file is read.
    reading: String,
    sort: bool,
}

/// What a parser says of the interval.
trait Interval {
    fn interval(&self) -> Option<Millis>;
}

impl Interval for LineParser {
    fn interval(&self) -> Option<Millis> {
        None
    }
}

impl Interval for SampleParser {
    fn interval(&self) -> Option<Millis> {
        Some(self.interval)
    }
}

impl Importer<'_> {
    fn run<R>(
        &self,
        parser: impl FnOnce(Option<&FileMark>) -> Result<R::Parser, Error>,
        progress: &mut (dyn FnMut(Progress) + Send),
        outcome: &mut Outcome,
    ) -> Result<(), Error>
    where
        R: Reader,
        R::Parser: Interval,
    {
        let total = std::fs::metadata(self.path).map_err(Error::io("read", self.path))?.len();
        let note = self.directory().join("note");
        let mut watch = Watch { progress, total, note: &note };
        // Series know what was taken of them, so that a file that overlaps another does no harm.
        // So do occurrences.
        let as_new = self.options.as_new || self.sort || self.options.format == Format::Occurrences;
        let found = mark::find(self.store, self.path, &self.reading, as_new, &mut watch)?;
        let parser = parser(found.mark.as_ref())?;
        outcome.interval = parser.interval();
        let (key, mut mark, mut digest) = (found.key, found.mark, found.digest);
        outcome.lines_before = mark.as_ref().map_or(0, |mark| mark.at.lines);
        loop {
            let from = mark.as_ref().map(|mark| mark.at).unwrap_or_default();
            let merging = mark.as_ref().and_then(|mark| mark.merging);
            let mut round = self.round::<R>((from, digest), merging.as_ref())?;
            let end = self.read(&mut round, &parser, merging.as_ref(), &mut watch)?;
            outcome.skipped.extend(round.complaints());
            let to = round.place();
            if to.offset > from.offset {
                self.store.seal_all(self.options.now)?;
                let new = match mark.take() {
                    Some(mark) => mark,
                    None => {
                        let interval = parser.interval().unwrap_or_default();
                        FileMark::new(self.path, &self.reading, &to, interval.0)?
                    }
                };
                let merge = Merge {
                    store: self.store,
                    spool: &round.sink.spool,
                    names: &round.sink.names,
                    mark: (key, new),
                    sort: self.sort,
                    deltas: round.sink.tally.deltas,
                    now: self.options.now,
                    once: (self.options.format == Format::Occurrences).then(Once::default),
                    watch: &mut watch,
                };
                let (merged, stored) = merge.run(merging.unwrap_or(Merging { to, portions: 0 }))?;
                mark = Some(merged);
                outcome.tally.add(&round.sink.tally);
                outcome.tally.stored += stored;
            }
            self.clean_up()?;
            match end {
                End::File => return Ok(()),
                End::Bad(error) => return Err(error),
                End::Full => {}
            }
            digest = Digest::resume(&to);
            digest_until(self.path, &mut digest, to.offset, &mut |_| ())?;
        }
    }

    /// A round that begins at `from`, or goes on where it was when it was noted.
    fn round<R: Reader>(
        &self,
        (from, digest): (Place, Digest),
        merging: Option<&Merging>,
    ) -> Result<Round<'_, R>, Error> {
        let directory = self.directory();
        std::fs::create_dir_all(&directory).map_err(Error::io("create", &directory))?;
        let spool = directory.join("spool");
        let note = read_small(&directory.join("note"))?;
        let note = note.and_then(|note| serde_json::from_slice::<Note<R>>(&note).ok());
        let wanted = |note: &Note<R>| {
            let whole = merging.is_none_or(|merging| note.complete && note.at == merging.to);
            note.from == from && note.reading == self.reading && whole
        };
        if let Some(note) = note.filter(wanted) {
            let mut digest = digest.clone();
            let same = digest_until(self.path, &mut digest, note.at.offset, &mut |_| ()).is_ok()
                && digest.place(note.at.lines) == note.at;
            if same && let Ok(round) = Round::resume(self.store, &spool, note, digest, self.options.skip_bad) {
                return Ok(round);
            }
        }
        Round::new(self.store, &spool, &self.reading, (from, digest), self.options.skip_bad)
    }

    /// Reads a round up to its end, and notes that it is there.
    fn read<R: Reader>(
        &self,
        round: &mut Round<'_, R>,
        parser: &R::Parser,
        merging: Option<&Merging>,
        watch: &mut Watch<'_>,
    ) -> Result<End, Error> {
        if round.complete {
            return Ok(End::Full);
        }
        let end = round.read(self.path, parser, merging.map(|merging| merging.to.offset), watch)?;
        // There may be more behind what was being merged.
        let end = if merging.is_some() { End::Full } else { end };
        if round.place().offset > round.from.offset {
            round.finish(parser)?;
            watch.keep(&round.note(true)?)?;
        }
        Ok(end)
    }

    fn clean_up(&self) -> Result<(), Error> {
        let directory = self.directory();
        match std::fs::remove_dir_all(&directory) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::io("remove", &directory)(error)),
            _ => Ok(()),
        }
    }

    fn directory(&self) -> PathBuf {
        self.store.path().join(DIRECTORY)
    }
}
