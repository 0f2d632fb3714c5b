//! Coverage: which part of the time each target was really watched, and how its scrapes went.
//!
//! Kept as runs of scrapes with the same outcome, so that a target that is always up costs a few bytes a window. When a
//! target was *expected* to be watched is not stored here: that is its lives (directory.rs), which span a night in which
//! nobody scraped at all.

use std::collections::{BTreeMap, HashMap};

use super::codec::Corrupt;
use super::row::{Reader, Writer};
use super::table;
use super::view::{Coverage, TargetSpan, View};
use super::window::Window;
use super::{Error, directory::Directory};
use crate::model::id::{ServiceId, TargetId};
use crate::model::series::Buckets;
use crate::model::time::{Millis, TimeRange, Timestamp};

const HOUR_MS: i64 = 3_600_000;

/// What is known of one target in one window.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct TargetWindow {
    good: u32,
    bad: u32,
    duration_sum: u64,
    duration_max: u64,
    body_bytes: u64,
    error: Option<String>,
    runs: Vec<Run>,
}

/// Scrapes in a row that went the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Run {
    /// The first of them, or where the watched stretch before it began.
    pub from: Timestamp,
    /// The last of them.
    pub to: Timestamp,
    /// They succeeded.
    pub up: bool,
}

/// How a target was watched in one window: what exports and imports say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    /// The target.
    pub target: TargetId,
    /// Any moment of the window; its begin, where the store says it.
    pub window: Timestamp,
    /// Good scrapes.
    pub good: u32,
    /// Bad scrapes.
    pub bad: u32,
    /// All durations together.
    pub duration_sum: Millis,
    /// The longest.
    pub duration_max: Millis,
    /// Bytes of the last body.
    pub body_bytes: u64,
    /// Why the last bad scrape failed.
    pub error: Option<String>,
    /// Ascending, within the window.
    pub runs: Vec<Run>,
}

/// One scrape, as coverage sees it.
pub(super) struct Observation<'a> {
    pub(super) target: TargetId,
    pub(super) at: Timestamp,
    pub(super) duration: Millis,
    pub(super) body_bytes: u64,
    /// Where the watched stretch began, for a good scrape; why it failed, for a bad one.
    pub(super) outcome: Result<Option<Timestamp>, &'a str>,
}

/// The windows that are not sealed.
#[derive(Debug, Default)]
pub(super) struct Watch {
    windows: BTreeMap<Window, HashMap<TargetId, TargetWindow>>,
}

impl Watch {
    /// Adds a scrape; what lies before `sealed` is left out, as that row is written.
    pub(super) fn observe(&mut self, seen: &Observation<'_>, sealed: Window) {
        let window = Window::of(seen.at);
        if window < sealed {
            return;
        }
        let record = self.windows.entry(window).or_default().entry(seen.target).or_default();
        record.duration_sum += seen.duration.0.max(0) as u64;
        record.duration_max = record.duration_max.max(seen.duration.0.max(0) as u64);
        match seen.outcome {
            Err(message) => {
                record.bad += 1;
                record.error = Some(message.to_owned());
                record.extend(Run { from: seen.at, to: seen.at, up: false });
            }
            Ok(watched_from) => {
                record.good += 1;
                record.body_bytes = seen.body_bytes;
                let from = watched_from.unwrap_or(seen.at);
                record.extend(Run { from: from.max(window.start()), to: seen.at, up: true });
                if from < window.start() {
                    self.watched_before(seen.target, from, window, sealed);
                }
            }
        }
    }

    /// A watched stretch that began in earlier windows: their part.
    fn watched_before(&mut self, target: TargetId, from: Timestamp, until: Window, sealed: Window) {
        let mut window = Window::of(from).max(sealed);
        while window < until {
            let run = Run { from: from.max(window.start()), to: window.end(), up: true };
            self.windows.entry(window).or_default().entry(target).or_default().extend(run);
            window = window.next();
        }
    }

    /// The oldest window with a scrape.
    pub(super) fn oldest(&self) -> Option<Window> {
        self.windows.keys().next().copied()
    }

    /// Adds what an import knows of a window that is not sealed.
    pub(super) fn join(&mut self, window: Window, target: TargetId, record: &TargetWindow) {
        self.windows.entry(window).or_default().entry(target).or_default().join(record);
    }

    /// Windows with scrapes, oldest first.
    pub(super) fn windows(&self) -> impl Iterator<Item = Window> + '_ {
        self.windows.keys().copied()
    }

    /// What is known of a window, by service and target.
    pub(super) fn window(
        &self,
        window: Window,
        directory: &Directory,
    ) -> BTreeMap<ServiceId, BTreeMap<TargetId, &TargetWindow>> {
        let mut services: BTreeMap<ServiceId, BTreeMap<TargetId, &TargetWindow>> = BTreeMap::new();
        for (target, record) in self.windows.get(&window).into_iter().flatten() {
            if let Some(known) = directory.target(*target) {
                services.entry(known.service).or_default().insert(*target, record);
            }
        }
        services
    }

    /// Forgets windows that are sealed.
    pub(super) fn drop_before(&mut self, window: Window) {
        self.windows = self.windows.split_off(&window);
    }

    /// The rows of a window, one a service.
    pub(super) fn rows(&self, window: Window, directory: &Directory) -> Vec<(ServiceId, Vec<u8>)> {
        let services = self.window(window, directory);
        services.into_iter().map(|(service, targets)| (service, encode(window, &targets))).collect()
    }
}

impl Watched {
    /// Adds what somebody else saw in the same window.
    pub fn add(&mut self, other: &Self) {
        let mut sum = TargetWindow::from(&*self);
        sum.join(&other.into());
        *self = sum.public(Window::of(self.window), self.target);
    }
}

impl From<&Watched> for TargetWindow {
    fn from(seen: &Watched) -> Self {
        Self {
            good: seen.good,
            bad: seen.bad,
            duration_sum: seen.duration_sum.0.max(0) as u64,
            duration_max: seen.duration_max.0.max(0) as u64,
            body_bytes: seen.body_bytes,
            error: seen.error.clone(),
            runs: seen.runs.clone(),
        }
    }
}

impl TargetWindow {
    fn extend(&mut self, run: Run) {
        // What was watched before the clock was set back is not watched twice.
        let from = self.runs.last().map_or(run.from, |last| run.from.max(last.to));
        let run = Run { from, to: run.to.max(from), ..run };
        match self.runs.last_mut() {
            // Failures follow each other at the interval and are one stretch; good scrapes join only where they
            // were watched without a gap.
            Some(last) if last.up == run.up && (!run.up || run.from <= last.to) => last.to = last.to.max(run.to),
            _ => self.runs.push(run),
        }
    }

    /// Adds what somebody else saw in the same window. Stretches that both watched count once.
    fn join(&mut self, other: &Self) {
        self.good = self.good.saturating_add(other.good);
        self.bad = self.bad.saturating_add(other.bad);
        self.duration_sum = self.duration_sum.saturating_add(other.duration_sum);
        self.duration_max = self.duration_max.max(other.duration_max);
        self.body_bytes = if other.body_bytes > 0 { other.body_bytes } else { self.body_bytes };
        self.error = other.error.clone().or_else(|| self.error.take());
        if self.runs.is_empty() {
            self.runs.clone_from(&other.runs);
            return;
        }
        let (mut up, mut down): (Vec<Run>, Vec<Run>) =
            self.runs.drain(..).chain(other.runs.iter().copied()).partition(|run| run.up);
        up.sort_unstable();
        let mut joined = Self::default();
        for run in up {
            joined.extend(run);
        }
        joined.runs.append(&mut down);
        joined.runs.sort_unstable();
        self.runs = joined.runs;
    }

    /// What is public of it.
    pub(super) fn public(&self, window: Window, target: TargetId) -> Watched {
        Watched {
            target,
            window: window.start(),
            good: self.good,
            bad: self.bad,
            duration_sum: Millis(self.duration_sum as i64),
            duration_max: Millis(self.duration_max as i64),
            body_bytes: self.body_bytes,
            error: self.error.clone(),
            runs: self.runs.clone(),
        }
    }

    /// Its fields at the end of a row.
    pub(super) fn encode(&self, window: Window, out: &mut Writer) {
        out.unsigned(u64::from(self.good));
        out.unsigned(u64::from(self.bad));
        out.unsigned(self.duration_sum);
        out.unsigned(self.duration_max);
        out.unsigned(self.body_bytes);
        out.text(self.error.as_deref().unwrap_or(""));
        out.unsigned(self.runs.len() as u64);
        for run in &self.runs {
            out.time(run.from, window.start());
            out.unsigned(((run.to.0 - run.from.0).max(0) as u64) << 1 | u64::from(run.up));
        }
    }

    /// Reads the fields back.
    pub(super) fn decode(window: Window, row: &mut Reader<'_>) -> Result<Self, Corrupt> {
        let mut record = Self {
            good: row.small()?,
            bad: row.small()?,
            duration_sum: row.unsigned()?,
            duration_max: row.unsigned()?,
            body_bytes: row.unsigned()?,
            error: Some(row.text()?.to_owned()).filter(|error| !error.is_empty()),
            runs: Vec::new(),
        };
        for _ in 0..row.length()? {
            let from = row.time(window.start())?;
            let length = row.unsigned()?;
            let to = Timestamp(from.0.saturating_add((length >> 1) as i64));
            record.runs.push(Run { from, to, up: length & 1 == 1 });
        }
        Ok(record)
    }

    fn watched(&self, range: TimeRange) -> i64 {
        let up = self.runs.iter().filter(|run| run.up);
        up.map(|run| TimeRange { start: run.from, end: run.to }.intersect(&range).len().0).sum()
    }
}

fn encode(window: Window, targets: &BTreeMap<TargetId, &TargetWindow>) -> Vec<u8> {
    let mut out = Writer::default();
    for hour in hours(window) {
        out.unsigned(targets.values().map(|record| record.watched(hour)).sum::<i64>() as u64);
    }
    out.unsigned(targets.len() as u64);
    let mut previous = 0;
    for (target, record) in targets {
        out.unsigned(u64::from(target.0 - previous));
        previous = target.0;
        record.encode(window, &mut out);
    }
    out.0
}

/// Adds what an import knows of a sealed window and service to the row there is, if there is one.
pub(super) fn joined_row(
    window: Window,
    row: Option<&[u8]>,
    seen: &[(TargetId, TargetWindow)],
) -> Result<Vec<u8>, Corrupt> {
    let mut targets: BTreeMap<TargetId, TargetWindow> = BTreeMap::new();
    if let Some(row) = row {
        decode(window, row, |target, record| {
            targets.insert(target, record.clone());
        })?;
    }
    for (target, record) in seen {
        targets.entry(*target).or_default().join(record);
    }
    Ok(encode(window, &targets.iter().map(|(target, record)| (*target, record)).collect()))
}

pub(super) fn decode(
    window: Window,
    bytes: &[u8],
    mut visit: impl FnMut(TargetId, &TargetWindow),
) -> Result<(), Corrupt> {
    let mut row = Reader(bytes);
    let (_, _) = (row.unsigned()?, row.unsigned()?);
    let mut target = 0u32;
    for _ in 0..row.length()? {
        target = target.wrapping_add(row.small()?);
        visit(TargetId(target), &TargetWindow::decode(window, &mut row)?);
    }
    Ok(())
}

fn hours(window: Window) -> [TimeRange; 2] {
    let middle = Timestamp(window.start().0 + HOUR_MS);
    [TimeRange { start: window.start(), end: middle }, TimeRange { start: middle, end: window.end() }]
}

/// Coverage of each bucket. Buckets of whole hours read two numbers a window and service.
pub(super) fn query(
    view: &View<'_>,
    services: Option<&[ServiceId]>,
    buckets: &Buckets,
) -> Result<Vec<Coverage>, Error> {
    let mut coverage = vec![Coverage::default(); buckets.len];
    let wanted = |service: ServiceId| services.is_none_or(|services| services.contains(&service));
    let directory = &view.live.directory;
    let until = view.live.now;
    for target in directory.targets().iter().filter(|target| wanted(target.service)) {
        for life in &target.lives {
            let life = TimeRange { start: life.from, end: life.to.unwrap_or(until).min(until) };
            spread(&mut coverage, buckets, life, |bucket| &mut bucket.expected);
        }
    }
    for (window, targets) in &view.live.watch.windows {
        if window.range().intersect(&buckets.range()).is_empty() {
            continue;
        }
        for (target, record) in targets {
            if directory.target(*target).is_some_and(|target| wanted(target.service)) {
                add_runs(&mut coverage, buckets, record);
            }
        }
    }
    let sealed = view.live.sealed;
    let whole_hours = buckets.start.0 % HOUR_MS == 0 && buckets.step.0 % HOUR_MS == 0;
    each_row(view, buckets.range(), sealed, |window, service, bytes| {
        if !wanted(service) {
            return Ok(());
        }
        if !whole_hours {
            return decode(window, bytes, |_, record| add_runs(&mut coverage, buckets, record));
        }
        let mut row = Reader(bytes);
        for hour in hours(window) {
            let watched = row.unsigned()?;
            if let Some(bucket) = buckets.index(hour.start).and_then(|index| coverage.get_mut(index)) {
                bucket.watched.0 += watched as i64;
            }
        }
        Ok(())
    })?;
    // Where the clock was set back, some was watched before the target's life seems to begin.
    for bucket in &mut coverage {
        bucket.watched = bucket.watched.min(bucket.expected);
    }
    Ok(coverage)
}

fn add_runs(coverage: &mut [Coverage], buckets: &Buckets, record: &TargetWindow) {
    for run in record.runs.iter().filter(|run| run.up) {
        spread(coverage, buckets, TimeRange { start: run.from, end: run.to }, |bucket| &mut bucket.watched);
    }
}

fn spread(
    coverage: &mut [Coverage],
    buckets: &Buckets,
    range: TimeRange,
    field: impl Fn(&mut Coverage) -> &mut Millis,
) {
    let range = range.intersect(&buckets.range());
    if range.is_empty() {
        return;
    }
    let first = buckets.index(range.start).unwrap_or(0);
    for (index, bucket) in coverage.iter_mut().enumerate().skip(first) {
        let part = TimeRange { start: buckets.edge(index), end: buckets.edge(index + 1) }.intersect(&range);
        if part.is_empty() {
            break;
        }
        field(bucket).0 += part.len().0;
    }
}

/// How the scrapes of `target` went, oldest first.
pub(super) fn history(view: &View<'_>, target: TargetId, range: TimeRange) -> Result<Vec<TargetSpan>, Error> {
    let Some(service) = view.live.directory.target(target).map(|target| target.service) else { return Ok(Vec::new()) };
    let mut spans = Vec::new();
    let mut add = |record: &TargetWindow| {
        let scrapes = record.good + record.bad;
        spans.extend(record.runs.iter().filter(|run| run.from < range.end && run.to >= range.start).map(|run| {
            TargetSpan {
                from: run.from,
                to: run.to,
                up: run.up,
                scrapes,
                duration_mean: Millis((record.duration_sum / u64::from(scrapes.max(1))) as i64),
                duration_max: Millis(record.duration_max as i64),
                body_bytes: record.body_bytes,
                error: record.error.clone().filter(|_| !run.up),
            }
        }));
    };
    each_row(view, range, view.live.sealed, |window, of, bytes| {
        if of != service {
            return Ok(());
        }
        decode(window, bytes, |id, record| {
            if id == target {
                add(record);
            }
        })
    })?;
    for record in view.live.watch.windows.values().filter_map(|targets| targets.get(&target)) {
        add(record);
    }
    Ok(spans)
}

/// Calls `visit` with each sealed row whose window meets `range`.
fn each_row(
    view: &View<'_>,
    range: TimeRange,
    sealed: Window,
    mut visit: impl FnMut(Window, ServiceId, &[u8]) -> Result<(), Corrupt>,
) -> Result<(), Error> {
    let read = Error::database::<redb::StorageError>;
    let rows = view.transaction.open_table(table::COVERAGE).map_err(Error::database("open coverage"))?;
    let first = Window::of(range.start);
    let last = Window::of(Timestamp(range.end.0.saturating_sub(1))).next().min(sealed);
    for row in rows.range((first.0, 0)..(last.0.max(first.0), 0)).map_err(read("read coverage"))? {
        let (key, value) = row.map_err(read("read coverage"))?;
        let (window, service) = key.value();
        visit(Window(window), ServiceId(service), value.value()).map_err(Error::corrupt("coverage", key.value()))?;
    }
    Ok(())
}
