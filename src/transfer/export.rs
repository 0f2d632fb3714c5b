//! Exporting everything as lines that an import reads, in an order that depends on the content alone.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::Path;

use serde::Serialize;

use super::Error;
use super::line::{self, CountsOut, Pairs, Record};
use super::moment::Moment;
use crate::model::annotation::Choice;
use crate::model::id::AggregateId;
use crate::model::label::Labels;
use crate::model::occurrence::Stack;
use crate::model::time::Timestamp;
use crate::model::triage::Triage;
use crate::store::{Counted, InstanceKey, Store, StoredOccurrence, TargetRecord, View, Watched, guarded};

/// Writes everything in `store` to `out`, which is called `path` in errors; how many lines.
///
/// # Errors
/// When the store can not be read or `out` can not be written.
pub fn export(store: &Store, out: &mut dyn Write, path: &Path) -> Result<u64, Error> {
    write(store, out, path, false)
}

/// Writes all occurrences in `store` to `out`, which is called `path` in errors; how many lines.
///
/// # Errors
/// As [`export`].
pub fn export_occurrences(store: &Store, out: &mut dyn Write, path: &Path) -> Result<u64, Error> {
    write(store, out, path, true)
}

fn write(store: &Store, out: &mut dyn Write, path: &Path, occurrences: bool) -> Result<u64, Error> {
    let view = store.view()?;
    let labels = view.targets().iter().map(|target| Pairs(target.labels.clone())).collect();
    let mut export =
        Export { view: &view, out: io::BufWriter::with_capacity(1 << 20, out), labels, lines: 0, damaged: 0 };
    let failed = |error: Failed| match error {
        Failed::Write(source) => Error::Io { what: "write", path: path.to_owned(), source },
        Failed::Store(error) => Error::Store(error),
    };
    guarded(|| Ok(if occurrences { export.occurrences() } else { export.everything() }))?.map_err(failed)?;
    export.out.flush().map_err(Error::io("write", path))?;
    match export.damaged {
        0 => Ok(export.lines),
        samples => Err(Error::Lost { lines: export.lines, samples }),
    }
}

enum Failed {
    Write(io::Error),
    Store(crate::store::Error),
}

impl From<crate::store::Error> for Failed {
    fn from(error: crate::store::Error) -> Self {
        Self::Store(error)
    }
}

struct Export<'a, W> {
    view: &'a View<'a>,
    out: W,
    /// Labels by target.
    labels: Vec<Pairs>,
    lines: u64,
    /// Samples that can not be read.
    damaged: u64,
}

impl<W: Write> Export<'_, W> {
    fn occurrences(&mut self) -> Result<(), Failed> {
        let format = line::OCCURRENCES.to_owned();
        self.record(Record::Header(line::Header { format, version: line::VERSION }))?;
        self.samples()
    }

    fn everything(&mut self) -> Result<(), Failed> {
        let format = line::FORMAT.to_owned();
        self.record(Record::Header(line::Header { format, version: line::VERSION }))?;
        for service in self.view.services() {
            self.record(Record::Service(line::Service { service: service.name.clone() }))?;
        }
        for target in self.view.targets() {
            self.record(Record::Target(self.target(target)))?;
        }
        let kept = self.kept()?;
        for index in 0..self.view.aggregates().len() {
            let id = AggregateId(index as u32);
            if let Some(record) = self.aggregate(id, kept.get(&id).copied().unwrap_or(0)) {
                self.record(Record::Aggregate(record))?;
            }
        }
        for id in self.view.processes() {
            if let Some(process) = self.process(id)? {
                self.record(Record::Process(process))?;
            }
        }
        self.windows()?;
        self.spread()?;
        self.samples()
    }

    fn line(&mut self, line: &impl Serialize) -> Result<(), Failed> {
        serde_json::to_writer(&mut self.out, line).map_err(|error| Failed::Write(error.into()))?;
        self.lines += 1;
        self.out.write_all(b"\n").map_err(Failed::Write)
    }

    #[expect(clippy::needless_pass_by_value, reason = "records are made to be written")]
    fn record(&mut self, record: Record) -> Result<(), Failed> {
        self.line(&record)
    }

    fn service(&self, aggregate: AggregateId) -> (&str, &str) {
        let Some(aggregate) = self.view.aggregates().get(aggregate.0 as usize) else { return ("", "") };
        let service = self.view.services().get(aggregate.service.0 as usize);
        (service.map_or("", |service| service.name.as_str()), &aggregate.key)
    }

    fn target(&self, target: &TargetRecord) -> line::Target {
        let health = &target.health;
        line::Target {
            service: self.name(target.service),
            labels: Pairs(target.labels.clone()),
            address: target.address.clone(),
            url: target.url.clone(),
            lives: target.lives.iter().map(|life| (Moment(life.from), life.to.map(Moment))).collect(),
            up: health.up,
            last_scrape: health.last_scrape.map(Moment),
            last_success: health.last_success.map(Moment),
            interval_ms: health.interval.0,
            duration_ms: health.duration.0,
            body_bytes: health.body_bytes,
            last_error: health.last_error.clone(),
        }
    }

    fn name(&self, service: crate::model::id::ServiceId) -> String {
        self.view.services().get(service.0 as usize).map_or_else(String::new, |service| service.name.clone())
    }

    /// How much of each aggregate's total this export has.
    fn kept(&self) -> Result<BTreeMap<AggregateId, u64>, Failed> {
        let mut kept: BTreeMap<AggregateId, u64> = BTreeMap::new();
        let mut add = |aggregate, count| {
            let sum = kept.entry(aggregate).or_default();
            *sum = sum.saturating_add(count);
        };
        self.view.each_window(&mut |counted| {
            if let Counted::Points { aggregate, points, .. } = counted {
                add(aggregate, points.iter().fold(0u64, |sum, (_, count)| sum.saturating_add(*count)));
            }
            ControlFlow::Continue(())
        })?;
        self.view.each_spread(&mut |spread| add(spread.aggregate, spread.count))?;
        Ok(kept)
    }

    fn aggregate(&self, id: AggregateId, kept: u64) -> Option<line::Aggregate> {
        let aggregate = self.view.aggregates().get(id.0 as usize)?;
        let Triage { status, labels, assignee, note, revision } = &aggregate.triage;
        let (resolved_in, muted_until) = line::conditions(&status.standing);
        let chosen = labels.chosen().iter();
        let set = chosen.clone().filter_map(|(name, choice)| match choice {
            Choice::Value(value) => Some((name.as_str(), value.as_str())),
            Choice::Nothing => None,
        });
        let removed = chosen.filter(|(_, choice)| *choice == Choice::Nothing).map(|(name, _)| name.clone());
        Some(line::Aggregate {
            service: self.name(aggregate.service),
            key: aggregate.key.clone(),
            class: Some(aggregate.class.clone()),
            message: aggregate.message.clone(),
            severity: aggregate.severity,
            first_seen: Moment(aggregate.first_seen),
            last_seen: Moment(aggregate.last_seen),
            earlier: aggregate.total.saturating_sub(kept),
            state: aggregate.state(),
            state_since: status.since.map(Moment),
            regressed_at: status.regressed_at.map(Moment),
            escalated_at: status.escalated_at.map(Moment),
            resolved_in,
            muted_until,
            labels: Pairs(Labels::from_pairs(set)),
            labels_removed: removed.collect(),
            labels_by_rule: Pairs(labels.ruled().clone()),
            assignee: assignee.clone(),
            note: note.clone(),
            revision: *revision,
        })
    }

    fn process(&self, id: crate::model::id::InstanceId) -> Result<Option<line::Process>, Failed> {
        let Some(process) = self.view.process(id)? else { return Ok(None) };
        let (uuid, address) = match process.key {
            InstanceKey::Uuid(uuid) => (Some(uuid), None),
            InstanceKey::Address(address) => (None, Some(address)),
        };
        let baselines = process.baselines.into_iter().map(|(aggregate, baseline)| line::Baseline {
            key: self.service(aggregate).1.to_owned(),
            total: baseline.total,
            created_at: baseline.created_at.map(Moment),
            samples: baseline.samples.iter().map(|sample| format!("{:016x}", sample.0)).collect(),
        });
        Ok(Some(line::Process {
            service: self.name(process.service),
            uuid,
            address,
            labels: self.labels.get(process.target.0 as usize).cloned().unwrap_or_default(),
            last_success: process.last_success.map(Moment),
            baselines: baselines.collect(),
        }))
    }

    fn windows(&mut self) -> Result<(), Failed> {
        let mut failed = Ok(());
        let mut buffer: Vec<(i64, u64)> = Vec::new();
        self.view.each_window(&mut |counted| {
            failed = match counted {
                Counted::Points { aggregate, target, window, points } => {
                    buffer.clear();
                    let second = |offset: u32| window.seconds() + i64::from(offset);
                    buffer.extend(points.iter().map(|(offset, count)| (second(*offset), *count)));
                    let (service, key) = service_and_key(self.view, aggregate);
                    let labels = self.labels.get(target.0 as usize);
                    let line = CountsOut { service, key, labels, from: None, to: None, count: None, points: &buffer };
                    write_line(&mut self.out, &mut self.lines, &line)
                }
                Counted::Watched(watched) => {
                    let line = coverage(self.view, watched);
                    write_line(&mut self.out, &mut self.lines, &Record::Coverage(line))
                }
            };
            if failed.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        failed
    }

    fn spread(&mut self) -> Result<(), Failed> {
        let mut failed = Ok(());
        self.view.each_spread(&mut |spread| {
            if failed.is_err() {
                return;
            }
            let (service, key) = service_and_key(self.view, spread.aggregate);
            let line = CountsOut {
                service,
                key,
                labels: self.labels.get(spread.target.0 as usize),
                from: Some(Moment(spread.from)),
                to: Some(Moment(spread.to)),
                count: Some(spread.count),
                points: &[],
            };
            failed = write_line(&mut self.out, &mut self.lines, &line);
        })?;
        failed
    }

    fn samples(&mut self) -> Result<(), Failed> {
        let mut failed = Ok(());
        self.damaged = self.view.each_sample(&mut |stored| {
            let line = occurrence(self.view, stored, &self.labels);
            failed = write_line(&mut self.out, &mut self.lines, &Record::Occurrence(Box::new(line)));
            if failed.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        failed
    }
}

fn write_line(out: &mut impl Write, lines: &mut u64, line: &impl Serialize) -> Result<(), Failed> {
    serde_json::to_writer(&mut *out, line).map_err(|error| Failed::Write(error.into()))?;
    *lines += 1;
    out.write_all(b"\n").map_err(Failed::Write)
}

fn service_and_key<'a>(view: &'a View<'_>, aggregate: AggregateId) -> (&'a str, &'a str) {
    let Some(aggregate) = view.aggregates().get(aggregate.0 as usize) else { return ("", "") };
    let service = view.services().get(aggregate.service.0 as usize);
    (service.map_or("", |service| service.name.as_str()), &aggregate.key)
}

fn coverage(view: &View<'_>, watched: Watched) -> line::Coverage {
    let target = view.targets().get(watched.target.0 as usize);
    let service = target.and_then(|target| view.services().get(target.service.0 as usize));
    line::Coverage {
        service: service.map_or_else(String::new, |service| service.name.clone()),
        labels: target.map_or_else(Pairs::default, |target| Pairs(target.labels.clone())),
        t: Some(Moment(watched.window)),
        good: watched.good,
        bad: watched.bad,
        duration_ms: watched.duration_sum.0.max(0) as u64,
        duration_max_ms: watched.duration_max.0.max(0) as u64,
        body_bytes: watched.body_bytes,
        error: watched.error,
        runs: watched.runs.iter().map(|run| (Moment(run.from), Moment(run.to), run.up)).collect(),
    }
}

fn occurrence(view: &View<'_>, stored: StoredOccurrence, labels: &[Pairs]) -> line::Occurrence {
    let (service, key) = service_and_key(view, stored.aggregate);
    let occurrence = stored.occurrence;
    let frames = |stack: Option<std::sync::Arc<Stack>>| stack.map(|stack| stack.frames.clone());
    let day = Timestamp(i64::from(stored.id.day) * 86_400_000).to_string();
    let causes = occurrence.exception.causes.into_iter();
    let causes =
        causes.map(|cause| line::Cause { class: cause.class, message: cause.message, stack: frames(cause.stack) });
    line::Occurrence {
        service: service.to_owned(),
        key: key.to_owned(),
        labels: labels.get(stored.target.0 as usize).cloned().unwrap_or_default(),
        day: day.split_once('T').map(|(date, _)| date.to_owned()),
        uuid: occurrence.uuid,
        timestamp: occurrence.timestamp.map(Moment),
        severity: occurrence.severity,
        class: occurrence.exception.class,
        message: occurrence.exception.message,
        stack: frames(occurrence.exception.stack),
        causes: causes.collect(),
        http: occurrence.http.map(|http| line::Http {
            method: http.method,
            url: http.url,
            headers: http.headers,
            body: http.body,
        }),
    }
}
