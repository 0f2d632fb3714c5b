//! Reading our own format, line by line: what the lines are is in [`super::line`].

use std::collections::HashMap;
use std::fmt::Write as _;
use std::hash::BuildHasherDefault;
use std::sync::{Arc, LazyLock};

use memchr::memmem::Finder;
use rustc_hash::FxHasher;
use serde::{Deserialize, Serialize};

use super::Error;
use super::block::{Block, lines};
use super::line::{self, Record, unknown_severity};
use super::moment::Moment;
use super::names::{Hints, NO_TARGET};
use super::round::{Bad, Parsed, Parser, Reader, Sink};
use super::spool::{Counted, Gap, Stream};
use super::watched::{Seen, spool_runs, spool_seen};
use crate::model::label::Labels;
use crate::model::severity::Severity;
use crate::model::time::{Millis, Timestamp};
use crate::redact::{Hits, Redactor};
use crate::store::window_of;

/// Parses blocks.
#[derive(Debug)]
pub(super) struct LineParser {
    /// Nothing is later.
    pub(super) latest: Timestamp,
    pub(super) skip: bool,
    /// Only occurrences are read, with or without a header and their kind.
    pub(super) occurrences: bool,
    pub(super) redactor: Arc<Redactor>,
}

/// The counts of one line.
#[derive(Debug)]
struct Group {
    aggregate: u32,
    target: u32,
    /// Where they begin among all points or gaps, and how many there are.
    points: (usize, usize),
    gap: Option<(i64, i64, u64)>,
}

/// The lines of a block.
#[derive(Debug, Default)]
pub(super) struct Lines {
    len: u32,
    bad: Vec<Bad>,
    services: Vec<String>,
    /// Service, key, and what lines of counts say.
    aggregates: Vec<(u32, String, Hints)>,
    targets: Vec<(u32, Labels)>,
    groups: Vec<Group>,
    points: Vec<(u32, u64)>,
    /// All other lines, as they stand in the file but for secrets.
    records: Vec<(Record, Vec<u8>)>,
    redacted: Hits,
}

type Map = HashMap<String, u32, BuildHasherDefault<FxHasher>>;

/// Names of a block that are known already, so that each is made a string once.
#[derive(Default)]
struct Known {
    services: Map,
    aggregates: Map,
    targets: Map,
    scratch: String,
}

impl Parsed for Lines {
    fn lines(&self) -> u32 {
        self.len
    }

    fn bad(&mut self) -> Vec<Bad> {
        std::mem::take(&mut self.bad)
    }
}

static KIND: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"kind\""));

impl Parser for LineParser {
    type Parsed = Lines;

    fn parse(&self, block: &Block) -> Lines {
        let mut parsed = Lines::default();
        let mut known = Known::default();
        for (number, line, _) in lines(&block.bytes) {
            parsed.len = number + 1;
            if line.is_empty() {
                continue;
            }
            let first = block.first && number == 0;
            if let Err(problem) = self.line(line, first, &mut known, &mut parsed) {
                parsed.bad.push(Bad { line: number, problem });
                // Without its header a file is something else.
                if !self.skip || first {
                    break;
                }
            }
        }
        parsed
    }
}

impl LineParser {
    fn line(&self, line: &[u8], first: bool, known: &mut Known, parsed: &mut Lines) -> Result<(), String> {
        let is_record = KIND.find(line).is_some() && {
            // It may stand in a value, too.
            #[derive(Deserialize)]
            struct Kind {
                kind: Option<serde::de::IgnoredAny>,
            }
            serde_json::from_slice::<Kind>(line).map_err(readable)?.kind.is_some()
        };
        if self.occurrences {
            return self.occurrence(line, first, is_record, parsed);
        }
        if is_record {
            let mut record: Record = serde_json::from_slice(line).map_err(readable)?;
            match (&record, first) {
                (Record::Header(header), true) => return check_header(header, line::FORMAT),
                (Record::Header(_), false) => return Err("a second header".to_owned()),
                (_, true) => return Err(no_header()),
                (_, false) => {}
            }
            self.check(&record)?;
            let hidden = record.hide(&self.redactor);
            // Only those that are passed on have to be kept as they were read.
            let line = match (passed_on(&record), hidden == Hits::default()) {
                (false, _) => Vec::new(),
                (true, true) => line.to_vec(),
                (true, false) => serde_json::to_vec(&record).map_err(readable)?,
            };
            parsed.redacted.add(hidden);
            parsed.records.push((record, line));
            return Ok(());
        }
        if first {
            return Err(no_header());
        }
        let counts: line::Counts<'_> = serde_json::from_slice(line).map_err(readable)?;
        self.counts(counts, known, parsed)
    }

    /// A line of a file of occurrences.
    fn occurrence(&self, line: &[u8], first: bool, has_kind: bool, parsed: &mut Lines) -> Result<(), String> {
        let mut record: Record = if has_kind {
            serde_json::from_slice(line).map_err(readable)?
        } else {
            Record::Occurrence(serde_json::from_slice(line).map_err(readable)?)
        };
        match &record {
            Record::Header(header) if first => return check_header(header, line::OCCURRENCES),
            Record::Occurrence(_) => {}
            _ => return Err("this is no occurrence; import deltas reads all kinds of lines".to_owned()),
        }
        self.check(&record)?;
        let hidden = record.hide(&self.redactor);
        let as_it_is = has_kind && hidden == Hits::default();
        let line = if as_it_is { line.to_vec() } else { serde_json::to_vec(&record).map_err(readable)? };
        parsed.redacted.add(hidden);
        parsed.records.push((record, line));
        Ok(())
    }

    fn counts(&self, counts: line::Counts<'_>, known: &mut Known, parsed: &mut Lines) -> Result<(), String> {
        let begin = parsed.points.len();
        let gap = match (counts.t, counts.points, (counts.from, counts.to), counts.count) {
            (Some(t), None, (None, None), Some(count)) => {
                parsed.points.push((self.second(t)?, counted(count)?));
                None
            }
            (None, Some(points), (None, None), None) if !points.is_empty() => {
                for (t, count) in points {
                    match self.second(t).and_then(|t| Ok((t, counted(count)?))) {
                        Ok(point) => parsed.points.push(point),
                        // A bad point takes the line's other points with it.
                        Err(problem) => {
                            parsed.points.truncate(begin);
                            return Err(problem);
                        }
                    }
                }
                None
            }
            (None, None, (Some(from), Some(to)), Some(count)) => {
                let (from, to) = (from.0.0, to.0.0);
                if from > to {
                    return Err("a gap that ends before it begins".to_owned());
                }
                self.second(Moment(Timestamp(to)))?;
                Some((from, to, counted(count)?))
            }
            _ => return Err("neither t and count, nor points, nor from, to and count".to_owned()),
        };
        let fail = |parsed: &mut Lines, problem| {
            parsed.points.truncate(begin);
            Err(problem)
        };
        let severity = match counts.severity.as_deref().map(|name| (name, Severity::from_name(name))) {
            Some((name, None)) => return fail(parsed, unknown_severity(name)),
            severity => severity.and_then(|(_, severity)| severity),
        };
        if counts.service.is_empty() || counts.key.is_empty() {
            return fail(parsed, "an empty service or key".to_owned());
        }
        let service = known.service(&counts.service, parsed);
        let aggregate = known.aggregate(service, &counts.key, &self.redactor, parsed);
        let target = known.target(service, counts.labels, parsed);
        let new = parsed.points.iter().skip(begin).map(|(at, _)| i64::from(*at) * 1000);
        let times: Vec<i64> = new.chain(gap.map(|(_, to, _)| to)).collect();
        if let Some((_, _, hints)) = parsed.aggregates.get_mut(aggregate as usize) {
            let last = times.iter().copied().max().unwrap_or_default();
            for time in times {
                hints.see(time);
            }
            let severity = severity.map(|severity| (last, severity));
            let (mut class, mut message) = (counts.class, counts.message);
            for text in class.iter_mut().chain(&mut message) {
                self.redactor.text(text, &mut parsed.redacted);
            }
            hints.join(Hints { seen: None, severity, class, message });
        }
        parsed.groups.push(Group { aggregate, target, points: (begin, parsed.points.len() - begin), gap });
        Ok(())
    }

    fn second(&self, t: Moment) -> Result<u32, String> {
        let Moment(time) = t;
        if time > self.latest {
            return Err(format!("{time} is in the future"));
        }
        u32::try_from(time.seconds()).map_err(|_| format!("{time} is before 1970"))
    }

    fn check(&self, record: &Record) -> Result<(), String> {
        match record {
            Record::Process(process) if process.uuid.is_some() == process.address.is_some() => {
                Err("a process has either a uuid or an address".to_owned())
            }
            Record::Process(process) => {
                let samples = process.baselines.iter().flat_map(|baseline| &baseline.samples);
                match samples.into_iter().find(|sample| super::merge::sample_id(sample).is_none()) {
                    Some(sample) => Err(format!("{sample:?} is not 16 hexadecimal digits")),
                    None => Ok(()),
                }
            }
            Record::Coverage(coverage) => {
                for (from, to, _) in &coverage.runs {
                    if from.0 > to.0 || from.0.0 < 0 || to.0 > self.latest {
                        let (from, to) = (from.0, to.0);
                        return Err(format!("no run of scrapes goes from {from} to {to}"));
                    }
                }
                Ok(())
            }
            Record::Occurrence(occurrence) => match &occurrence.day {
                Some(day) if super::merge::day_number(day).is_none() => {
                    Err(format!("{day:?} is no day like 2026-11-20"))
                }
                _ if occurrence.service.is_empty() || occurrence.key.is_empty() => {
                    Err("an empty service or key".to_owned())
                }
                _ if occurrence.partition().is_none() => {
                    Err("neither a timestamp nor a day: nobody knows where it belongs".to_owned())
                }
                None if occurrence.timestamp.is_some_and(|at| at.0 > self.latest) => {
                    Err(format!("{} is in the future", occurrence.timestamp.unwrap_or(Moment(self.latest)).0))
                }
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }
}

fn counted(count: u64) -> Result<u64, String> {
    if count == 0 { Err("a count of 0: a line is something that happened".to_owned()) } else { Ok(count) }
}

fn no_header() -> String {
    format!("the first line is not {{\"kind\":\"header\",\"format\":{:?},\"version\":{}}}", line::FORMAT, line::VERSION)
}

#[expect(clippy::needless_pass_by_value, reason = "made for map_err")]
fn readable(error: serde_json::Error) -> String {
    // The line within the line is always the first.
    error.to_string().replace(" at line 1 column ", " at column ")
}

fn check_header(header: &line::Header, format: &str) -> Result<(), String> {
    if header.format != format {
        return Err(format!("this is a file of {:?}, not of {format:?}", header.format));
    }
    if header.version != line::VERSION {
        return Err(format!("version {} of the format; this binary reads version {}", header.version, line::VERSION));
    }
    Ok(())
}

fn passed_on(record: &Record) -> bool {
    matches!(record, Record::Process(_) | Record::Occurrence(_))
}

impl Known {
    fn service(&mut self, name: &str, parsed: &mut Lines) -> u32 {
        if let Some(id) = self.services.get(name) {
            return *id;
        }
        let id = parsed.services.len() as u32;
        parsed.services.push(name.to_owned());
        self.services.insert(name.to_owned(), id);
        id
    }

    fn aggregate(&mut self, service: u32, key: &str, redactor: &Redactor, parsed: &mut Lines) -> u32 {
        self.begin(service);
        self.scratch.push_str(key);
        if let Some(id) = self.aggregates.get(&self.scratch) {
            return *id;
        }
        let id = parsed.aggregates.len() as u32;
        let mut key = key.to_owned();
        redactor.text(&mut key, &mut parsed.redacted);
        parsed.aggregates.push((service, key, Hints::default()));
        self.aggregates.insert(self.scratch.clone(), id);
        id
    }

    /// Labels in another order are another text, which does no harm: the same target is found in the end.
    fn target(&mut self, service: u32, labels: line::BorrowedPairs<'_>, parsed: &mut Lines) -> u32 {
        if labels.0.is_empty() {
            return NO_TARGET;
        }
        self.begin(service);
        for (name, value) in &labels.0 {
            self.scratch.push_str(name);
            self.scratch.push('\0');
            self.scratch.push_str(value);
            self.scratch.push('\0');
        }
        if let Some(id) = self.targets.get(&self.scratch) {
            return *id;
        }
        let id = parsed.targets.len() as u32;
        parsed.targets.push((service, Labels::from_pairs(labels.0)));
        self.targets.insert(self.scratch.clone(), id);
        id
    }

    fn begin(&mut self, service: u32) {
        self.scratch.clear();
        // Writing to a string does not fail.
        let _ = write!(self.scratch, "{service}\0");
    }
}

/// Lines on their way into the spool. All that has to be remembered are names.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct AllLines;

impl Reader for AllLines {
    type Parser = LineParser;

    fn apply(&mut self, parsed: Lines, parser: &LineParser, sink: &mut Sink<'_>) -> Result<Vec<Bad>, Error> {
        sink.tally.redacted += parsed.redacted.iter().map(|(_, count)| count).sum::<u64>();
        // First, because names get their numbers in the order of their own lines.
        for (record, line) in parsed.records {
            apply_record(record, &line, parser, sink)?;
        }
        let services: Vec<u32> = parsed.services.iter().map(|name| sink.names.service(name)).collect();
        let service = |local: u32| services.get(local as usize).copied().unwrap_or_default();
        let mut aggregates = Vec::with_capacity(parsed.aggregates.len());
        for (local, key, hints) in parsed.aggregates {
            let id = sink.names.aggregate(service(local), &key);
            if let Some(aggregate) = sink.names.aggregate_mut(id) {
                aggregate.hints.join(hints);
            }
            aggregates.push(id);
        }
        let targets: Vec<u32> =
            parsed.targets.into_iter().map(|(local, labels)| sink.names.target(service(local), labels)).collect();
        for group in parsed.groups {
            let Some(aggregate) = aggregates.get(group.aggregate as usize).copied() else { continue };
            let target = targets.get(group.target as usize).copied().unwrap_or(NO_TARGET);
            if let Some((from, to, count)) = group.gap {
                sink.gap(&Gap { aggregate, target, from, to, count })?;
            }
            let (begin, length) = group.points;
            for (at, count) in parsed.points.iter().skip(begin).take(length) {
                sink.count(Counted { aggregate, target, at: *at, count: *count })?;
            }
        }
        Ok(Vec::new())
    }

    fn finish(&mut self, _: &LineParser, _: &mut Sink<'_>) -> Result<(), Error> {
        Ok(())
    }
}

fn apply_record(record: Record, line: &[u8], parser: &LineParser, sink: &mut Sink<'_>) -> Result<(), Error> {
    match record {
        Record::Header(_) => {}
        Record::Service(line) => {
            sink.names.service(&line.service);
        }
        Record::Target(line) => {
            let service = sink.names.service(&line.service);
            let id = sink.names.target(service, line.labels.0.clone());
            if let Some(target) = sink.names.targets.get_mut(id as usize) {
                target.record = Some(line);
            }
        }
        Record::Aggregate(line) => {
            let service = sink.names.service(&line.service);
            let id = sink.names.aggregate(service, &line.key);
            if let Some(aggregate) = sink.names.aggregate_mut(id) {
                aggregate.record = Some(line);
            }
        }
        Record::Process(process) => {
            let service = sink.names.service(&process.service);
            sink.names.target(service, process.labels.0);
            for baseline in &process.baselines {
                sink.names.aggregate(service, &baseline.key);
            }
            sink.spool.line(Stream::Processes, line)?;
        }
        Record::Coverage(coverage) => apply_coverage(coverage, sink)?,
        Record::Occurrence(occurrence) => {
            // The parser has made sure that there is one.
            let day = occurrence.partition().unwrap_or_default();
            let service = sink.names.service(&occurrence.service);
            sink.names.target(service, occurrence.labels.0.clone());
            let id = sink.names.aggregate(service, &occurrence.key);
            if let Some(aggregate) = sink.names.aggregate_mut(id) {
                let at = occurrence.timestamp.map_or(i64::from(day) * 86_400_000, |at| at.0.0);
                // Lists show the class and the message of the newest sample.
                if aggregate.record.is_none() && at <= parser.latest.0 {
                    let filled = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
                    let (class, message) = (filled(&occurrence.class), filled(&occurrence.message));
                    // In a file of counts these say when it happened.
                    let seen = Some((at, at)).filter(|_| parser.occurrences);
                    aggregate.hints.join(Hints { seen, class, message, ..Hints::default() });
                }
            }
            sink.tally.occurrences += 1;
            sink.spool.line(Stream::Samples(day), line)?;
        }
    }
    Ok(())
}

fn apply_coverage(coverage: line::Coverage, sink: &mut Sink<'_>) -> Result<(), Error> {
    let service = sink.names.service(&coverage.service);
    let target = sink.names.target(service, coverage.labels.0);
    if target == NO_TARGET {
        return Ok(());
    }
    let first = coverage.runs.iter().map(|(from, _, _)| from.0.0).min();
    let last = coverage.runs.iter().map(|(_, to, _)| to.0.0).max();
    if let (Some(first), Some(last)) = (first, last) {
        sink.names.see_target(target, first, last);
    }
    let runs: Vec<(i64, i64, bool)> = coverage.runs.iter().map(|(from, to, up)| (from.0.0, to.0.0, *up)).collect();
    let Some(t) = coverage.t else { return spool_runs(target, runs.into_iter(), Millis(i64::MAX), sink) };
    let window = window_of(t.0);
    let seen = Seen {
        target,
        window: window.start.0,
        good: coverage.good,
        bad: coverage.bad,
        duration_ms: coverage.duration_ms,
        duration_max_ms: coverage.duration_max_ms,
        body_bytes: coverage.body_bytes,
        error: coverage.error,
        runs,
    };
    spool_seen(&seen, sink)
}
