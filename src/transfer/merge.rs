//! Merging: what lies in the spool becomes part of the store, in transactions of bounded size, each with the mark of how far
//! it got.
//!
//! The same spool always makes the same sequence of transactions, so that their number is all that has to be remembered.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::Error;
use super::line::{self, Record};
use super::mark::{FileMark, Merging};
use super::names::{NO_TARGET, Names};
use super::once::Once;
use super::record;
use super::round::Watch;
use super::spool::{Spool, Stream};
use super::watched::Seen;
use super::{Phase, Progress};
use crate::model::id::{AggregateId, ServiceId, TargetId};
use crate::model::occurrence::{Cause, Exception, HttpContext, Occurrence, SampleId, Stack};
use crate::model::time::{Millis, Timestamp};
use crate::store::{
    Baseline, Encoded, Hit, InstanceKey, Point, Points, Portion, Process, Run, Sample, Spread, Store, View, Watched,
};

/// Counts that are merged in one transaction, about: 16 bytes each, twice.
const POINTS_MAX: u64 = 6_000_000;

/// Counts over gaps that are merged in one transaction, and that are sorted at a time.
const GAPS_MAX: usize = 1 << 16;
const GAPS_SORTED_MAX: usize = 1 << 20;

/// Baselines that are merged in one transaction, before the process that passes it.
const BASELINES_MAX: usize = 50_000;

/// Samples that are merged in one transaction, and bytes of their lines.
const SAMPLES_MAX: usize = 8192;
const SAMPLE_BYTES_MAX: usize = 16 << 20;

/// A spool on its way into the store.
pub(super) struct Merge<'a, 'w> {
    pub(super) store: &'a Store,
    pub(super) spool: &'a Spool,
    pub(super) names: &'a Names,
    /// The key of the file's mark, and the mark as it is.
    pub(super) mark: (u128, FileMark),
    /// Counts over gaps may be put in order, because they come series by series.
    pub(super) sort: bool,
    /// Deltas in the spool.
    pub(super) deltas: u64,
    /// When it is merged.
    pub(super) now: Timestamp,
    /// Leaves out samples that are stored already; `None` where the file says what there was.
    pub(super) once: Option<Once>,
    pub(super) watch: &'a mut Watch<'w>,
}

/// The ids in the store of everybody a file speaks of.
pub(super) struct Ids {
    pub(super) services: Vec<ServiceId>,
    pub(super) aggregates: Vec<AggregateId>,
    pub(super) targets: Vec<TargetId>,
}

impl Ids {
    fn aggregate(&self, number: u32) -> AggregateId {
        self.aggregates.get(number as usize).copied().unwrap_or(Hit::NO_AGGREGATE)
    }

    fn target(&self, number: u32) -> TargetId {
        self.targets.get(number as usize).copied().filter(|_| number != NO_TARGET).unwrap_or(Hit::NO_TARGET)
    }
}

/// Some of the counts of a day.
struct Pass {
    day: u32,
    /// The first one and the first one after.
    windows: std::ops::Range<u32>,
    /// Only every so many-th aggregate, where a single window has too many counts: which, and of how many.
    part: (u32, u32),
    /// The day's coverage goes with it.
    coverage: bool,
}

/// Where merging is.
struct Steps {
    /// Transactions that are done, in this run and earlier ones.
    done: u64,
    /// The number of the next one.
    next: u64,
    /// How many there are, about.
    total: u64,
}

impl Merge<'_, '_> {
    /// Merges what is not merged yet; gives the mark that says that all is.
    /// And how many samples were stored already.
    pub(super) fn run(mut self, merging: Merging) -> Result<(FileMark, u64), Error> {
        let passes = self.passes();
        let mut steps = Steps { done: merging.portions, next: 0, total: passes.len() as u64 + 3 };
        self.mark.1.merging = Some(merging);
        let (ids, records) = record::portion(self.store, self.names, self.now)?;
        self.step(&mut steps, records)?;
        self.counts(&mut steps, &ids, &passes)?;
        self.gaps(&mut steps, &ids)?;
        self.processes(&mut steps)?;
        self.samples(&mut steps)?;
        let mut marks = Vec::new();
        self.spool.each_line(Stream::Marks, |line| {
            if let Some(((kind, hash), row)) = line.split_first().and_then(|(kind, rest)| {
                let (hash, row) = rest.split_first_chunk::<16>()?;
                Some(((*kind, u128::from_le_bytes(*hash)), row))
            }) {
                marks.push(((kind, hash), Some(row.to_vec())));
            }
            Ok(())
        })?;
        self.mark.1.at = merging.to;
        self.mark.1.merging = None;
        marks.push(self.mark.1.row(self.mark.0)?);
        self.store.import(Portion { marks, ..Portion::default() })?;
        Ok((self.mark.1, self.once.map_or(0, |once| once.known())))
    }

    /// Commits a portion, unless an earlier run did.
    fn step(&mut self, steps: &mut Steps, mut portion: Portion<'_>) -> Result<(), Error> {
        steps.next += 1;
        if steps.next <= steps.done {
            return Ok(());
        }
        if let Some(merging) = &mut self.mark.1.merging {
            merging.portions = steps.next;
        }
        portion.marks.push(self.mark.1.row(self.mark.0)?);
        self.store.import(portion)?;
        let progress = Progress {
            phase: Phase::Merging,
            done: steps.next,
            total: steps.total.max(steps.next),
            deltas: self.deltas,
        };
        (self.watch.progress)(progress);
        Ok(())
    }

    fn passes(&self) -> Vec<Pass> {
        let mut passes: Vec<Pass> = Vec::new();
        for (day, windows) in self.spool.days() {
            let first = passes.len();
            let mut room = 0;
            for (window, count) in windows {
                if count > POINTS_MAX {
                    let parts = u32::try_from(count.div_ceil(POINTS_MAX)).unwrap_or(u32::MAX);
                    let part = |part| Pass { day, windows: window..window + 1, part: (part, parts), coverage: false };
                    passes.extend((0..parts).map(part));
                    room = 0;
                    continue;
                }
                match passes.last_mut().filter(|_| count <= room) {
                    Some(pass) => pass.windows.end = window + 1,
                    None => {
                        passes.push(Pass { day, windows: window..window + 1, part: (0, 1), coverage: false });
                        room = POINTS_MAX;
                    }
                }
                room -= count;
            }
            match passes.get_mut(first) {
                Some(pass) => pass.coverage = true,
                None => passes.push(Pass { day, windows: 0..0, part: (0, 1), coverage: true }),
            }
        }
        passes
    }

    /// Counts and coverage, day by day: while one part is written, the next one is encoded.
    fn counts(&mut self, steps: &mut Steps, ids: &Ids, passes: &[Pass]) -> Result<(), Error> {
        let (store, spool) = (self.store, self.spool);
        let skipped = usize::try_from(steps.done.saturating_sub(steps.next)).unwrap_or(usize::MAX).min(passes.len());
        steps.next += skipped as u64;
        let prepare = |pass: Option<&Pass>| pass.map(|pass| prepare(store, spool, ids, pass)).transpose();
        let mut rest = passes.iter().skip(skipped);
        let mut ready = prepare(rest.next())?;
        while let Some((counts, watched)) = ready.take() {
            let portion = Portion { counts, watched, ..Portion::default() };
            let next = rest.next();
            let (committed, upcoming) = rayon::join(|| self.step(steps, portion), || prepare(next));
            committed?;
            ready = upcoming?;
        }
        Ok(())
    }

    fn gaps(&mut self, steps: &mut Steps, ids: &Ids) -> Result<(), Error> {
        let spool = self.spool;
        let mut waiting: Vec<Spread> = Vec::new();
        spool.each_gap(|gap| {
            waiting.push(Spread {
                aggregate: ids.aggregate(gap.aggregate),
                target: ids.target(gap.target),
                from: Timestamp(gap.from),
                to: Timestamp(gap.to),
                count: gap.count,
            });
            if waiting.len() < GAPS_SORTED_MAX { Ok(()) } else { self.spread(steps, &mut waiting) }
        })?;
        self.spread(steps, &mut waiting)
    }

    fn spread(&mut self, steps: &mut Steps, waiting: &mut Vec<Spread>) -> Result<(), Error> {
        if self.sort {
            // A query reads the rows that its range touches: neighbours in time belong together.
            waiting.sort_by_key(|spread| (spread.to, spread.from));
        }
        for spread in waiting.chunks(GAPS_MAX) {
            self.step(steps, Portion { spread, ..Portion::default() })?;
        }
        waiting.clear();
        Ok(())
    }

    fn processes(&mut self, steps: &mut Steps) -> Result<(), Error> {
        let spool = self.spool;
        let mut waiting = Vec::new();
        let (mut baselines, mut keys) = (0, HashSet::new());
        spool.each_line(Stream::Processes, |line| {
            let Record::Process(line) = parsed(line)? else { return Ok(()) };
            let process = self.process(line)?;
            if baselines > BASELINES_MAX || keys.contains(&(process.service, process.key.clone())) {
                self.step(steps, Portion { processes: std::mem::take(&mut waiting), ..Portion::default() })?;
                keys.clear();
                baselines = 0;
            }
            keys.insert((process.service, process.key.clone()));
            baselines += process.baselines.len();
            waiting.push(process);
            Ok(())
        })?;
        if waiting.is_empty() {
            return Ok(());
        }
        self.step(steps, Portion { processes: waiting, ..Portion::default() })
    }

    fn process(&self, line: line::Process) -> Result<Process, Error> {
        let view = self.store.view()?;
        let service = view.service(&line.service).unwrap_or_default();
        let key = match (line.uuid, line.address) {
            (Some(uuid), _) => InstanceKey::Uuid(uuid),
            (None, address) => InstanceKey::Address(address.unwrap_or_default()),
        };
        let mut baselines: Vec<(AggregateId, Baseline)> = Vec::with_capacity(line.baselines.len());
        for baseline in line.baselines {
            let Some(id) = view.find_aggregate(service, &baseline.key) else { continue };
            let mut samples: Vec<SampleId> = baseline.samples.iter().filter_map(|text| sample_id(text)).collect();
            samples.sort_unstable();
            let created_at = baseline.created_at.map(|at| at.0);
            baselines.push((id, Baseline { total: baseline.total, created_at, samples }));
        }
        baselines.sort_by_key(|(id, _)| *id);
        // Keys that became equal because secrets in them were hidden are one aggregate, whose counter is the sum of theirs.
        baselines.dedup_by(|(next, more), (id, baseline)| {
            let same = next == id;
            if same {
                baseline.total = baseline.total.saturating_add(more.total);
                baseline.created_at = baseline.created_at.into_iter().chain(more.created_at).min();
                baseline.samples.append(&mut more.samples);
                baseline.samples.sort_unstable();
                baseline.samples.dedup();
            }
            same
        });
        let target = view.find_target(service, &line.labels.0).unwrap_or(Hit::NO_TARGET);
        Ok(Process { service, key, target, last_success: line.last_success.map(|at| at.0), baselines })
    }

    fn samples(&mut self, steps: &mut Steps) -> Result<(), Error> {
        let spool = self.spool;
        for day in spool.sample_days() {
            let (mut waiting, mut bytes) = (Vec::new(), 0);
            spool.each_line(Stream::Samples(day), |line| {
                if waiting.len() >= SAMPLES_MAX || bytes >= SAMPLE_BYTES_MAX {
                    self.sampled(steps, day, std::mem::take(&mut waiting))?;
                    bytes = 0;
                }
                bytes += line.len();
                if let Record::Occurrence(record) = parsed(line)? {
                    waiting.push(*record);
                }
                Ok(())
            })?;
            self.sampled(steps, day, waiting)?;
        }
        Ok(())
    }

    /// Commits some samples of a day. Where one ends and the next begins depends on the file alone, not on what is stored.
    fn sampled(&mut self, steps: &mut Steps, day: u32, lines: Vec<line::Occurrence>) -> Result<(), Error> {
        if steps.next < steps.done {
            return self.step(steps, Portion::default());
        }
        let mut samples = {
            let view = self.store.view()?;
            lines.into_iter().map(|line| sample(&view, line)).collect::<Vec<Sample>>()
        };
        if let Some(once) = &mut self.once {
            once.look_at(self.store, day)?;
            samples.retain(|sample| once.is_new(day, sample));
        }
        let samples = (!samples.is_empty()).then_some((day, samples.as_slice()));
        self.step(steps, Portion { samples, ..Portion::default() })
    }
}

fn sample(view: &View<'_>, line: line::Occurrence) -> Sample {
    let service = view.service(&line.service).unwrap_or_default();
    let stack = |frames: Option<Vec<String>>| frames.map(|frames| Arc::new(Stack { frames }));
    let causes = line.causes.into_iter();
    let causes = causes.map(|cause| Cause { class: cause.class, message: cause.message, stack: stack(cause.stack) });
    Sample {
        aggregate: view.find_aggregate(service, &line.key).unwrap_or(Hit::NO_AGGREGATE),
        target: view.find_target(service, &line.labels.0).unwrap_or(Hit::NO_TARGET),
        occurrence: Occurrence {
            uuid: line.uuid,
            timestamp: line.timestamp.map(|at| at.0),
            severity: line.severity,
            exception: Exception {
                class: line.class,
                message: line.message,
                causes: causes.collect(),
                stack: stack(line.stack),
            },
            http: line.http.map(|http| {
                let line::Http { method, url, headers, body } = http;
                HttpContext { method, url, headers, body }
            }),
        },
    }
}

/// The counts and the coverage of a pass, as they will be written.
fn prepare(store: &Store, spool: &Spool, ids: &Ids, pass: &Pass) -> Result<(Encoded, Vec<Watched>), Error> {
    let mut points = Points::default();
    let (part, parts) = pass.part;
    spool.each_count(pass.day, |counted| {
        let window = counted.at / 7200;
        if !pass.windows.contains(&window) || (parts > 1 && counted.aggregate % parts != part) {
            return;
        }
        let mut left = counted.count;
        while left > 0 {
            let count = u32::try_from(left).unwrap_or(u32::MAX);
            let (aggregate, target) = (ids.aggregate(counted.aggregate), ids.target(counted.target));
            points.push(Point { aggregate, target, at: counted.at, count });
            left -= u64::from(count);
        }
    })?;
    let encoded = store.encode(points)?;
    // One record a target and window: a window that several lines speak of is added up.
    let mut watched: BTreeMap<(i64, TargetId), Watched> = BTreeMap::new();
    if pass.coverage {
        spool.each_line(Stream::Coverage(pass.day), |line| {
            let seen: Seen = parsed(line)?;
            let target = ids.target(seen.target);
            let new = watched_of(seen, target);
            match watched.get_mut(&(new.window.0, target)) {
                Some(known) => known.add(&new),
                None => drop(watched.insert((new.window.0, target), new)),
            }
            Ok(())
        })?;
    }
    Ok((encoded, watched.into_values().collect()))
}

fn watched_of(seen: Seen, target: TargetId) -> Watched {
    let run = |(from, to, up)| Run { from: Timestamp(from), to: Timestamp(to), up };
    Watched {
        target,
        window: Timestamp(seen.window),
        good: seen.good,
        bad: seen.bad,
        duration_sum: Millis(i64::try_from(seen.duration_ms).unwrap_or(i64::MAX)),
        duration_max: Millis(i64::try_from(seen.duration_max_ms).unwrap_or(i64::MAX)),
        body_bytes: seen.body_bytes,
        error: seen.error,
        runs: seen.runs.into_iter().map(run).collect(),
    }
}

fn parsed<'a, T: serde::Deserialize<'a>>(line: &'a [u8]) -> Result<T, Error> {
    serde_json::from_slice(line).map_err(|source| Error::Corrupt { what: "a line of the spool", source })
}

/// A sample's identity from its 16 hexadecimal digits.
pub(super) fn sample_id(text: &str) -> Option<SampleId> {
    let digits = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    u64::from_str_radix(text, 16).ok().filter(|_| digits).map(SampleId)
}

/// The number of a day like `2026-11-20`.
pub(super) fn day_number(text: &str) -> Option<u32> {
    let time = Timestamp::parse_rfc3339(&format!("{text}T00:00:00Z"))?;
    u32::try_from(time.0 / 86_400_000).ok().filter(|_| text.len() == 10 && time.0 >= 0)
}
