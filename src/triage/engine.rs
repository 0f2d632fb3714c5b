//! When which job runs, and what becomes of its failures.

use std::ops::ControlFlow;
use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::escalation::Escalation;
use super::labelling::Labelling;
use super::metrics::{Job, Metrics};
use super::silence::Silence;
use crate::clock::{Clock, Stopwatch};
use crate::config::Config;
use crate::ingest::{self, WriterHandle};
use crate::model::activity::Reason;
use crate::model::time::Millis;
use crate::query;
use crate::query::escalation::Escalations;
use crate::quiet::{Panicked, quietly};
use crate::search::Index;
use crate::store::{self, Edited, Store, Task};

/// How often it is looked whether a job is due.
const TICK: Millis = Millis::from_seconds(1);

/// After a round a job rests this many times as long as the round took, so that all four take at most a fortieth of a core.
const REST_FACTOR: i64 = 150;

/// After a failure a job rests at least as long.
const REST_AFTER_FAILURE: Millis = Millis::from_seconds(30);

/// What the engine works with.
pub struct Sources {
    /// Where everything is read from.
    pub store: Arc<Store>,
    /// The index of all samples.
    pub index: Arc<Index>,
    /// Where changes go.
    pub writer: WriterHandle,
    /// The time.
    pub clock: Clock,
    /// The running configuration.
    pub config: watch::Receiver<Arc<Config>>,
    /// Where escalations are published.
    pub escalations: watch::Sender<Arc<Escalations>>,
    /// What is counted.
    pub metrics: Metrics,
}

/// Does what becomes of errors by itself.
pub struct Engine {
    sources: Sources,
    labelling: (Labelling, Pace),
    /// Of labelling what is fresh.
    freshness: Pace,
    escalation: (Escalation, Pace),
    silence: (Silence, Pace),
}

/// Why a round failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error(transparent)]
    Query(#[from] query::Error),
    #[error("the store could not be read")]
    Store(#[from] store::Error),
    #[error("the change was not made")]
    Write(#[from] ingest::Error),
    #[error("it broke off: {0}")]
    BrokeOff(Panicked),
}

/// When a job is due.
#[derive(Debug)]
struct Pace {
    name: &'static str,
    least: Millis,
    rested: Option<(Stopwatch, Millis)>,
    failing: bool,
}

impl Engine {
    /// An engine; nothing happens yet.
    #[must_use]
    pub fn new(sources: Sources) -> Self {
        Self {
            sources,
            labelling: (Labelling::default(), Pace::new("rules", Millis::from_seconds(2))),
            freshness: Pace::new("rules_fresh", Millis::from_seconds(2)),
            escalation: (Escalation::default(), Pace::new("escalation", Millis::from_seconds(5))),
            silence: (Silence, Pace::new("silence", Millis::from_seconds(60))),
        }
    }

    /// Works until it is told to stop, or the writer is gone. Reading blocks: it needs a thread of its own.
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            let round = self.round();
            let done = tokio::select! {
                done = round => done,
                () = stop.cancelled() => return,
            };
            if done.is_break() {
                return;
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.sources.clock.sleep(TICK) => {}
                changed = self.sources.config.changed() => match changed {
                    Ok(()) => {}
                    // Nobody reloads any more: the process ends.
                    Err(_) => return,
                },
            }
        }
    }

    /// Does what is due now. Breaks when the writer is gone.
    pub async fn round(&mut self) -> ControlFlow<()> {
        let Self { sources, labelling, freshness, escalation, silence } = self;
        let (job, pace) = labelling;
        if pace.is_due() || job.is_outdated(sources) {
            let watch = sources.clock.stopwatch();
            let done = job.round(sources).await;
            pace.done(sources, &watch, done)?;
        }
        if freshness.is_due() {
            let watch = sources.clock.stopwatch();
            let done = job.round_of_fresh(sources).await;
            freshness.done(sources, &watch, done)?;
        }
        let (job, pace) = escalation;
        if pace.is_due() {
            let watch = sources.clock.stopwatch();
            let done = job.round(sources).await;
            pace.done(sources, &watch, done)?;
        }
        let (job, pace) = silence;
        if pace.is_due() {
            let watch = sources.clock.stopwatch();
            let done = job.round(sources).await;
            pace.done(sources, &watch, done)?;
        }
        ControlFlow::Continue(())
    }
}

impl Sources {
    /// Makes a change that comes by itself.
    pub(super) async fn edit(&self, reason: Reason, task: Task) -> Result<Edited, Error> {
        Ok(self.writer.edit(ingest::Edit { actor: None, reason, task }).await?)
    }

    /// The store's present state: another number when anything changed.
    pub(super) fn state(&self) -> u64 {
        self.store.wait_for_change(u64::MAX, std::time::Duration::ZERO)
    }
}

/// What `read` finds; a panic in it is an error, because it also runs code that is not ours.
pub(super) fn look<T>(read: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    quietly(read).unwrap_or_else(|panicked| Err(Error::BrokeOff(panicked)))
}

impl Pace {
    fn new(name: &'static str, least: Millis) -> Self {
        Self { name, least, rested: None, failing: false }
    }

    fn is_due(&self) -> bool {
        self.rested.as_ref().is_none_or(|(watch, rest)| watch.millis() >= *rest)
    }

    /// Takes note of a round that began with `watch`. A failure is logged when it begins and when it ends.
    fn done(&mut self, sources: &Sources, watch: &Stopwatch, done: Result<(), Error>) -> ControlFlow<()> {
        let took = watch.seconds();
        let job = Job { job: self.name };
        sources.metrics.seconds.get_or_create(&job).observe(took);
        let mut rest = Millis((took * 1000.0) as i64 * REST_FACTOR).max(self.least);
        match done {
            Ok(()) if std::mem::take(&mut self.failing) => tracing::info!(job = self.name, "triage works again"),
            Ok(()) => {}
            // The writer says itself why it is gone.
            Err(Error::Write(ingest::Error::Stopped | ingest::Error::Store(_))) => return ControlFlow::Break(()),
            Err(error) => {
                sources.metrics.errors.get_or_create(&job).inc();
                rest = rest.max(REST_AFTER_FAILURE);
                if !std::mem::replace(&mut self.failing, true) {
                    let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
                    tracing::error!(job = self.name, %error, cause, "triage failed; it is tried again");
                }
            }
        }
        self.rested = Some((sources.clock.stopwatch(), rest));
        ControlFlow::Continue(())
    }
}
