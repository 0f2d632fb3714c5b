//! From samples of counters to deltas, by the truth rules: a counter that is lower than before began anew, a delta belongs to
//! its scrape where somebody was watching and is spread over the gap where nobody was.
//!
//! What was taken of a series is noted with the data ([`Known`]), so that the next file goes on where this one ends, a file
//! that overlaps adds only what is new, and one from before what is known fits in beneath it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

use super::Error;
use super::known::{Known, SERIES, SOURCES, known, mark};
use super::line::{self, Pairs, Record};
use super::moment::Moment;
use super::names::NO_TARGET;
use super::openmetrics::{Run, SampleParser, Samples, Subject, backwards};
use super::round::{Bad, Reader, Sink};
use super::spool::{Counted, Gap, Stream};
use super::stretch::Stretches;
use super::watched::spool_runs;
use crate::ingest::counter;
use crate::ingest::gap::GAP_MAX;
use crate::model::severity::Severity;
use crate::model::time::{Millis, Timestamp};
use crate::redact::Hits;
use crate::store::{Baseline, slot};

/// Baselines of processes that were not seen for as long are not worth keeping: the server forgets them, too.
const PROCESSES_KEPT: Millis = Millis::from_seconds(30 * 86_400);

/// One series on its way.
#[derive(Debug, Serialize, Deserialize)]
struct Series {
    aggregate: u32,
    target: u32,
    source: u32,
    process: Option<String>,
    #[serde(with = "severity_name")]
    severity: Severity,
    hash: u128,
    known: Option<Known>,
    /// It has passed the begin of what is known.
    joined: bool,
    created: Option<i64>,
    /// The first sample of the file, and the last.
    seen: Option<(i64, (i64, u64))>,
    /// Begin of the stretch in which it has been watched without a gap.
    watched: i64,
    /// From where the next delta counts.
    base: Option<(i64, u64)>,
    /// The first sample, whose count nobody saw grow.
    first: Option<(i64, u64)>,
}

/// What was scraped.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Source {
    hash: u128,
    known: Option<Known>,
    watched: Stretches,
}

/// All series of a file.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct AllSeries {
    series: Vec<Series>,
    sources: Vec<Source>,
    /// By the labels as they are written; not noted, because they may hold secrets, and found again by what identifies them.
    #[serde(skip)]
    ids: HashMap<String, u32>,
    /// By what identifies them.
    identities: HashMap<u128, u32>,
    source_ids: HashMap<u128, u32>,
}

impl Reader for AllSeries {
    type Parser = SampleParser;

    fn apply(&mut self, samples: Samples, parser: &SampleParser, sink: &mut Sink<'_>) -> Result<Vec<Bad>, Error> {
        sink.tally.other += samples.other;
        sink.tally.complete = samples.complete || (sink.tally.complete && samples.runs.is_empty());
        let mut ids: Vec<Option<u32>> = vec![None; samples.series.len()];
        let mut bad = Vec::new();
        let mut find =
            |all: &mut Self, sink: &mut Sink<'_>, local: u32, line: u32| -> Result<Result<u32, Bad>, Error> {
                if let Some(id) = ids.get(local as usize).copied().flatten() {
                    return Ok(Ok(id));
                }
                let text = samples.series.get(local as usize).map_or("", String::as_str);
                match all.id(text, parser, sink)? {
                    Ok(id) => {
                        if let Some(place) = ids.get_mut(local as usize) {
                            *place = Some(id);
                        }
                        Ok(Ok(id))
                    }
                    Err(problem) => Ok(Err(Bad { line, problem })),
                }
            };
        for run in &samples.runs {
            let outcome = match find(self, sink, run.series, run.line)? {
                Ok(id) => self.run(id, run, &samples, parser, sink)?,
                Err(problem) => Some(problem),
            };
            bad.extend(outcome);
            if !bad.is_empty() && !parser.skip {
                break;
            }
        }
        for (local, created) in &samples.created {
            if let Ok(id) = find(self, sink, *local, 0)?
                && let Some(series) = self.series.get_mut(id as usize)
            {
                series.created = Some(*created);
            }
        }
        Ok(bad)
    }

    fn finish(&mut self, parser: &SampleParser, sink: &mut Sink<'_>) -> Result<(), Error> {
        for series in &self.series {
            if let (Some((_, (last, _))), Some(source)) = (series.seen, self.sources.get_mut(series.source as usize)) {
                source.watched.add(series.watched, last);
            }
        }
        let mut processes: BTreeMap<(u32, String), Process> = BTreeMap::new();
        let mut sources_of: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
        for series in &mut self.series {
            let Some((begin, (last, value))) = series.seen else { continue };
            let source = self.sources.get(series.source as usize);
            series.finish_first(source, parser, sink)?;
            series.join(parser, sink)?;
            if series.target != NO_TARGET {
                sink.names.see_target(series.target, begin, last);
                sources_of.entry(series.target).or_default().insert(series.source);
            }
            if let Some(aggregate) = sink.names.aggregate_mut(series.aggregate) {
                let known = aggregate.hints.severity;
                if known.is_none_or(|(at, _)| last >= at) {
                    aggregate.hints.severity = Some((last, series.severity));
                }
            }
            let newest = series.known.is_none_or(|known| last >= known.last);
            if let (Some(uuid), true) = (&series.process, newest && last >= parser.latest.minus(PROCESSES_KEPT).0) {
                let service = sink.names.aggregates.get(series.aggregate as usize).map_or(0, |one| one.service);
                let process = processes.entry((service, uuid.clone())).or_default();
                *process.counts.entry(series.aggregate).or_default() += value;
                if last >= process.last {
                    (process.last, process.target) = (last, series.target);
                }
            }
            let known = series.now_known(begin, (last, value));
            sink.spool.line(Stream::Marks, &mark(SERIES, series.hash, &known))?;
        }
        for ((service, uuid), process) in processes {
            process.spool(service, uuid, sink)?;
        }
        for (target, sources) in sources_of {
            self.spool_coverage(target, &sources, parser.interval, sink)?;
        }
        for source in &self.sources {
            let Some((first, last)) = source.watched.ends() else { continue };
            let first = source.known.map_or(first, |known| known.first.min(first));
            let last = source.known.map_or(last, |known| known.last.max(last));
            let known = Known { first, last, value: 0, open: None };
            sink.spool.line(Stream::Marks, &mark(SOURCES, source.hash, &known))?;
        }
        Ok(())
    }
}

impl AllSeries {
    /// The series with these labels, a new one if need be; what is wrong with them inside.
    fn id(&mut self, text: &str, parser: &SampleParser, sink: &mut Sink<'_>) -> Result<Result<u32, String>, Error> {
        if let Some(id) = self.ids.get(text) {
            return Ok(Ok(*id));
        }
        let subject = match parser.mapping.subject(text) {
            Ok(subject) => subject,
            Err(problem) => return Ok(Err(problem)),
        };
        let metric = &parser.mapping.metric;
        let hash = xxh3_128(format!("{metric}{}", subject.identity).as_bytes());
        sink.names.bytes += text.len() + 300;
        let id = match self.identities.get(&hash) {
            Some(id) => *id,
            None => {
                let mut subject = subject;
                let mut hits = Hits::default();
                parser.redactor.text(&mut subject.key, &mut hits);
                sink.tally.redacted += hits.iter().map(|(_, count)| count).sum::<u64>();
                let series = self.series(subject, hash, metric, sink)?;
                let id = self.series.len() as u32;
                self.series.push(series);
                self.identities.insert(hash, id);
                id
            }
        };
        self.ids.insert(text.to_owned(), id);
        Ok(Ok(id))
    }

    fn series(&mut self, subject: Subject, hash: u128, metric: &str, sink: &mut Sink<'_>) -> Result<Series, Error> {
        let service = sink.names.service(&subject.service);
        let (job, instance) = &subject.source;
        let source_hash = xxh3_128(format!("{metric}\0{job}\0{instance}").as_bytes());
        let source = match self.source_ids.get(&source_hash) {
            Some(id) => *id,
            None => {
                let known = known(SOURCES, source_hash, sink.store)?;
                self.sources.push(Source { hash: source_hash, known, watched: Stretches::default() });
                let id = self.sources.len() as u32 - 1;
                self.source_ids.insert(source_hash, id);
                id
            }
        };
        Ok(Series {
            aggregate: sink.names.aggregate(service, &subject.key),
            target: sink.names.target(service, subject.target),
            source,
            process: subject.process,
            severity: subject.severity,
            hash,
            known: known(SERIES, hash, sink.store)?,
            joined: false,
            created: None,
            seen: None,
            watched: 0,
            base: None,
            first: None,
        })
    }

    /// Takes the samples of a series that stand one after the other.
    fn run(
        &mut self,
        id: u32,
        run: &Run,
        samples: &Samples,
        parser: &SampleParser,
        sink: &mut Sink<'_>,
    ) -> Result<Option<Bad>, Error> {
        let Some(series) = self.series.get_mut(id as usize) else { return Ok(None) };
        let before = series.seen.map(|(_, (last, _))| last);
        let (at, value) = run.first;
        if let Some(last) = before.filter(|last| at <= *last) {
            return Ok(Some(Bad { line: run.line, problem: backwards(at, last) }));
        }
        sink.tally.samples += run.samples;
        if series.known.is_some_and(|known| known.first <= at && run.last.0 <= known.last) {
            sink.tally.known += run.samples;
        }
        let Some(source) = self.sources.get_mut(series.source as usize) else { return Ok(None) };
        let mut see = |series: &mut Series, from: Option<i64>, at: i64, value: u64| {
            match from {
                Some(from) if at - from <= parser.watched_ms => {}
                Some(from) => {
                    source.watched.add(series.watched, from);
                    series.watched = at;
                }
                None => series.watched = at,
            }
            series.take(from, at, value, parser, sink)
        };
        see(series, before, at, value)?;
        for step in samples.steps.iter().skip(run.steps.0).take(run.steps.1) {
            see(series, Some(step.from), step.at, step.value)?;
        }
        let begin = series.seen.map_or(run.first.0, |(begin, _)| begin);
        series.seen = Some((begin, run.last));
        // It stood still up to the run's last sample.
        if let Some((base, _)) = &mut series.base
            && !series.known.is_some_and(|known| (known.first..=known.last).contains(&run.last.0))
        {
            *base = run.last.0.max(*base);
        }
        Ok(None)
    }

    /// Coverage of a target: while it had series, it was watched whenever what it was read from was.
    fn spool_coverage(
        &self,
        target: u32,
        sources: &BTreeSet<u32>,
        interval: Millis,
        sink: &mut Sink<'_>,
    ) -> Result<(), Error> {
        let Some(named) = sink.names.targets.get_mut(target as usize) else { return Ok(()) };
        named.interval_ms = interval.0;
        let Some((first, last)) = named.seen else { return Ok(()) };
        let mut watched = Stretches::default();
        for source in sources.iter().filter_map(|id| self.sources.get(*id as usize)) {
            source.watched.within(first, last).for_each(|(from, to)| watched.add(from, to));
        }
        spool_runs(target, watched.within(first, last).map(|(from, to)| (from, to, true)), interval, sink)
    }
}

impl Series {
    /// Takes a sample; `from` is the time of the one before.
    fn take(
        &mut self,
        from: Option<i64>,
        at: i64,
        value: u64,
        parser: &SampleParser,
        sink: &mut Sink<'_>,
    ) -> Result<(), Error> {
        if let Some(known) = &mut self.known
            && at >= known.first
        {
            if !self.joined {
                self.joined = true;
                // What the first known sample stood at can be told now, because there is one before it.
                let base = self.base.replace((known.last, known.value));
                if let (Some((since, before)), Some(open)) = (base, known.open.take()) {
                    let first = known.first;
                    self.delta((since, first), (before, open), parser, sink)?;
                }
            }
            if self.known.is_some_and(|known| at <= known.last) {
                return Ok(());
            }
        }
        match self.base {
            None => self.first = Some((at, value)),
            Some((since, before)) => {
                self.delta((from.map_or(since, |from| from.max(since)), at), (before, value), parser, sink)?;
            }
        }
        self.base = Some((at, value));
        Ok(())
    }

    /// A counter moved within `(from, to]`.
    fn delta(
        &self,
        (from, to): (i64, i64),
        (before, value): (u64, u64),
        parser: &SampleParser,
        sink: &mut Sink<'_>,
    ) -> Result<(), Error> {
        let baseline = Baseline { total: before, ..Baseline::default() };
        let delta = counter::advance(Some(&baseline), value, None, true).delta;
        self.place((from, to), delta, parser, sink)
    }

    /// Counts `count` within `(from, to]`: at the scrape where somebody watched, spread where not.
    fn place(
        &self,
        (from, to): (i64, i64),
        count: u64,
        parser: &SampleParser,
        sink: &mut Sink<'_>,
    ) -> Result<(), Error> {
        if count == 0 {
            return Ok(());
        }
        if let Some(aggregate) = sink.names.aggregate_mut(self.aggregate) {
            aggregate.hints.see(to);
        }
        let (aggregate, target) = (self.aggregate, self.target);
        if to - from > parser.watched_ms {
            return sink.gap(&Gap { aggregate, target, from, to, count });
        }
        let at = slot(Timestamp(to), parser.interval).seconds();
        sink.count(Counted { aggregate, target, at: u32::try_from(at).unwrap_or(u32::MAX), count })
    }

    /// What the first sample stood at: counted since the series began, or since what was scraped was looked at before, or
    /// left out where the file begins with it.
    fn finish_first(
        &mut self,
        source: Option<&Source>,
        parser: &SampleParser,
        sink: &mut Sink<'_>,
    ) -> Result<(), Error> {
        let Some((at, value)) = self.first.filter(|(_, value)| *value > 0) else { return Ok(()) };
        let created = self.created.filter(|created| *created < at).map(|created| created.max(at - GAP_MAX.0));
        let since = created.or_else(|| source.and_then(|source| source.looked_before(at, parser)));
        match since {
            Some(since) => self.place((since, at), value, parser, sink)?,
            None if parser.mapping.count_first => self.place((at, at), value, parser, sink)?,
            None => {
                sink.tally.before = sink.tally.before.saturating_add(value);
                return Ok(());
            }
        }
        self.first = None;
        Ok(())
    }

    /// The file ended before what is known of the series begins: what lies between counts, too.
    fn join(&mut self, parser: &SampleParser, sink: &mut Sink<'_>) -> Result<(), Error> {
        let open =
            self.known.as_mut().filter(|_| !self.joined).and_then(|known| Some((known.first, known.open.take()?)));
        match (self.base, open) {
            (Some((since, before)), Some((first, open))) => self.delta((since, first), (before, open), parser, sink),
            _ => Ok(()),
        }
    }

    /// What is known of it after this file.
    fn now_known(&self, begin: i64, (last, value): (i64, u64)) -> Known {
        let open = self.first.map(|(_, value)| value).filter(|value| *value > 0);
        match self.known {
            None => Known { first: begin, last, value, open },
            Some(known) => {
                let (last, value) = if last > known.last { (last, value) } else { (known.last, known.value) };
                let open = if begin < known.first { open } else { known.open };
                Known { first: known.first.min(begin), last, value, open }
            }
        }
    }
}

impl Source {
    /// When it was looked at for the last time before `at`, where there was no such series yet.
    fn looked_before(&self, at: i64, parser: &SampleParser) -> Option<i64> {
        let begin = self.watched.around(at).map_or(at, |(begin, _)| begin);
        if begin < at {
            // Without a gap: in the interval before.
            return Some(at - parser.interval.0.min(at - begin));
        }
        let known = self.known.map(|known| known.last).filter(|last| *last < at);
        self.watched.end_before(at).max(known)
    }
}

/// What the counters of one process stood at.
#[derive(Debug, Default)]
struct Process {
    counts: BTreeMap<u32, u64>,
    last: i64,
    target: u32,
}

impl Process {
    fn spool(self, service: u32, uuid: String, sink: &mut Sink<'_>) -> Result<(), Error> {
        let names = &sink.names;
        let Some(target) = names.targets.get(self.target as usize) else { return Ok(()) };
        let baselines = self.counts.iter().filter_map(|(aggregate, total)| {
            let key = names.aggregates.get(*aggregate as usize)?.key.clone();
            Some(line::Baseline { key, total: *total, created_at: None, samples: Vec::new() })
        });
        let process = line::Process {
            service: names.services.get(service as usize).cloned().unwrap_or_default(),
            uuid: Some(uuid),
            address: None,
            labels: Pairs(target.labels.0.clone()),
            last_success: Some(Moment(Timestamp(self.last))),
            baselines: baselines.collect(),
        };
        let line = serde_json::to_vec(&Record::Process(process))
            .map_err(|source| Error::Corrupt { what: "a process", source })?;
        sink.spool.line(Stream::Processes, &line)
    }
}

mod severity_name {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Severity;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands references")]
    pub(super) fn serialize<S: Serializer>(severity: &Severity, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(severity.name())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Severity, D::Error> {
        Ok(Severity::from_wire(&String::deserialize(deserializer)?))
    }
}
