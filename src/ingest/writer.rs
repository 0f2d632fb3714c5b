//! The one writer. Scrape results and people's edits arrive on bounded channels; what came within a moment is one batch, and
//! one batch is one durable transaction.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::batch::{Added, Batch};
use super::course::Course;
use super::metrics::Metrics;
use super::outage::Waiting;
use super::space::Space;
use crate::clock::Clock;
use crate::model::activity::Reason;
use crate::model::id::TargetId;
use crate::model::scrape::{Event, Scrape};
use crate::model::time::{Millis, Timestamp};
use crate::store::{self, Edited, Limits, Refusal, Retention, Store, Task};
use crate::telemetry;

/// Scrapes that may wait for the writer. When they are full the scrape loops wait: nothing is lost, and the wait is
/// counted. A parsed scrape of a large target holds ten megabytes, so this bounds memory too; small ones pass quickly.
pub const QUEUE_MAX: usize = 4;

/// Edits that may wait for the writer.
const EDITS_MAX: usize = 64;

/// Scrapes in one commit at most, so that a commit stays short while a fleet of thousands starts at once.
const BATCH_SCRAPES_MAX: usize = 256;

/// New occurrences in one commit at most, before the scrape that passes it; bounds a commit's memory.
const BATCH_OCCURRENCES_MAX: u64 = 10_000;

/// Bytes of scrapes in one commit at most, before the scrape that passes it: samples are not all that a scrape may hold, and a fleet
/// whose first scrapes arrive together may bring megabytes with each.
const BATCH_BYTES_MAX: u64 = 32 << 20;

/// How long a batch waits for company: scrapes are spread over the interval, and one commit costs two disk syncs.
const LINGER: Millis = Millis(15);

/// How often it looks whether a window can be sealed.
const SEAL_EVERY: Millis = Millis::from_seconds(30);

/// How often retention runs, if nothing was sealed.
const RETAIN_EVERY: Millis = Millis::from_seconds(3600);

/// Before all times: what never happened is due.
pub(super) const NEVER: Timestamp = Timestamp(i64::MIN);

/// A target that was not tried for as long, or for five intervals, was dropped while nobody ran to notice: its coverage
/// ends at its last scrape.
const STALE_MIN: Millis = Millis::from_seconds(600);

/// What the configuration says to ingest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How long data is kept.
    pub retention: Retention,
    /// How much of it is kept.
    pub limits: Limits,
}

impl Settings {
    /// However much it is.
    #[must_use]
    pub fn unlimited(retention: Retention) -> Self {
        Self { retention, limits: Limits::NONE }
    }
}

/// A change of triage; its time is the writer's.
#[derive(Debug, Clone)]
pub struct Edit {
    /// Who asks for it, empty if they gave no name; `None` when it comes by itself.
    pub actor: Option<String>,
    /// Why.
    pub reason: Reason,
    /// What.
    pub task: Task,
}

/// Why something could not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store refused.
    #[error("can not commit")]
    Store(#[source] Arc<store::Error>),
    /// The edit is wrong, or came too late: nothing of it was made.
    #[error(transparent)]
    Refused(Refusal),
    /// The disk is full.
    #[error("nothing can be changed at present: {0}")]
    NoRoom(String),
    /// The writer has stopped.
    #[error("the writer has stopped")]
    Stopped,
}

pub(super) enum Request {
    Edit(Edit, oneshot::Sender<Result<Edited, Error>>),
    Configure(Settings),
}

/// Reaches the one writer.
#[derive(Debug, Clone)]
pub struct WriterHandle {
    requests: mpsc::Sender<Request>,
}

impl WriterHandle {
    /// Makes a change durable.
    ///
    /// # Errors
    /// When it is refused, could not be made durable, or the writer has stopped.
    pub async fn edit(&self, edit: Edit) -> Result<Edited, Error> {
        let (done, outcome) = oneshot::channel();
        self.requests.send(Request::Edit(edit, done)).await.map_err(|_| Error::Stopped)?;
        outcome.await.map_err(|_| Error::Stopped)?
    }

    /// Applies a new configuration from the next batch on.
    ///
    /// # Errors
    /// When the writer has stopped.
    pub async fn configure(&self, settings: Settings) -> Result<(), Error> {
        self.requests.send(Request::Configure(settings)).await.map_err(|_| Error::Stopped)
    }
}

/// The one writer.
pub struct Writer {
    pub(super) store: Arc<Store>,
    pub(super) clock: Clock,
    pub(super) settings: Settings,
    pub(super) metrics: Metrics,
    pub(super) requests: mpsc::Receiver<Request>,
    pub(super) edits_open: bool,
    pub(super) events: mpsc::Receiver<Event>,
    pub(super) events_open: bool,
    /// Read from the channel but not committed yet.
    pub(super) waiting: VecDeque<Event>,
    /// There is no room on the disk.
    pub(super) outage: Option<Waiting>,
    /// Since when targets could have been scraped.
    started: Timestamp,
    pub(super) course: Course,
    sealed_at: Timestamp,
    retained_at: Timestamp,
    /// What keeps the data within its size.
    pub(super) space: Space,
    /// When the next mute ends that has a time.
    mute_end: Option<Timestamp>,
}

impl Writer {
    /// A writer for `store` that reads scrapes from `events`.
    #[must_use]
    pub fn new(
        store: Arc<Store>,
        clock: Clock,
        settings: Settings,
        metrics: Metrics,
        events: mpsc::Receiver<Event>,
    ) -> (Self, WriterHandle) {
        let (sender, requests) = mpsc::channel(EDITS_MAX);
        let writer = Self {
            started: clock.now(),
            course: Course::new(&clock, store.latest_scrape()),
            store,
            clock,
            settings,
            metrics,
            requests,
            edits_open: true,
            events,
            events_open: true,
            waiting: VecDeque::new(),
            outage: None,
            sealed_at: NEVER,
            retained_at: NEVER,
            space: Space::default(),
            mute_end: Some(NEVER),
        };
        (writer, WriterHandle { requests: sender })
    }

    /// Writes until all scrape loops are gone and what they sent is committed. Runs on a thread of its own: committing
    /// blocks.
    ///
    /// # Errors
    /// When a commit fails, but for want of room on the disk: what is in memory and on disk may differ then, and the process
    /// has to end.
    pub async fn run(mut self) -> Result<(), Error> {
        // A disk that was full before is to be seen before the first scrape.
        self.store.check_room().map_err(failed).or_else(|error| self.await_room(error))?;
        while self.events_open || !self.waiting.is_empty() || self.outage.is_some() {
            let outcome = match self.outage.take() {
                Some(outage) => self.sit_out(outage).await,
                None => self.step().await,
            };
            outcome.or_else(|error| self.await_room(error))?;
        }
        Ok(())
    }

    /// Does what is due, and the next thing that is asked for.
    async fn step(&mut self) -> Result<(), Error> {
        self.maintain().await?;
        self.end_mutes(self.clock.now())?;
        if !self.waiting.is_empty() {
            return self.batch().await;
        }
        let now = self.clock.now();
        let pause = self.space.pause().unwrap_or(SEAL_EVERY);
        let mute_end = self.mute_end.map_or(pause, |end| end.since(now).max(Millis(0)));
        // From the moment that was looked at, so that what is due just now is not waited for.
        let due = self.clock.sleep_until(now.plus(pause.min(mute_end)));
        // However the wall clock is set.
        let maintenance = self.clock.sleep(pause);
        tokio::select! {
            biased;
            request = self.requests.recv(), if self.edits_open => match request {
                Some(Request::Edit(edit, done)) => self.edit(edit, done)?,
                Some(Request::Configure(settings)) => self.configure(settings),
                None => self.edits_open = false,
            },
            event = self.events.recv() => match event {
                Some(event) => self.waiting.push_back(event),
                None => self.events_open = false,
            },
            () = due => {}
            () = maintenance => {}
        }
        Ok(())
    }

    /// Takes new settings. Shorter retention is not to wait for its hour.
    pub(super) fn configure(&mut self, settings: Settings) {
        if settings != self.settings {
            self.retained_at = NEVER;
            self.space.look_again();
        }
        self.settings = settings;
    }

    /// Seals and forgets what is due.
    async fn maintain(&mut self) -> Result<(), Error> {
        let now = self.clock.now();
        self.watch_clock(now);
        self.give_back().await?;
        // What is sealed or removed while the database is copied would not be in the copy.
        if self.space.is_copying() {
            return Ok(());
        }
        if self.course.is_settled() {
            self.remove_some(now, self.settings.retention)?;
        }
        self.relieve_some(now).await?;
        // A clock that was set back is not waited for.
        if (Millis(0)..SEAL_EVERY).contains(&now.since(self.sealed_at)) {
            return Ok(());
        }
        self.sealed_at = now;
        self.let_go(now)?;
        if !self.course.is_settled() {
            return self.relieve(now).await;
        }
        self.store.rest(now).map_err(failed)?;
        self.store.refer().map_err(failed)?;
        let sealed = self.store.seal(now).map_err(failed)?;
        self.metrics.sealed.inc_by(sealed as u64);
        if sealed > 0 || !(Millis(0)..RETAIN_EVERY).contains(&now.since(self.retained_at)) {
            self.retained_at = now;
            self.space.remove();
            self.remove_some(now, self.settings.retention)?;
        }
        self.survey(now).await?;
        self.relieve(now).await
    }

    pub(super) fn watch_clock(&mut self, now: Timestamp) {
        if self.course.was_set() {
            // In what it left out, or in what the machine slept, nobody could scrape.
            self.started = now;
        }
    }

    /// Ends the lives of targets that are not scraped any more. Discovery says so itself while the server runs; this is for
    /// what it dropped while nobody ran.
    fn let_go(&self, now: Timestamp) -> Result<(), Error> {
        let stale: Vec<(TargetId, Timestamp)> = {
            let view = self.store.view().map_err(failed)?;
            let active = view.targets().iter().filter(|target| target.health.active);
            let stale = active.filter_map(|target| {
                let last = target.health.last_scrape?;
                let patience = STALE_MIN.max(Millis(target.health.interval.0.saturating_mul(5)));
                (now.since(last.max(self.started)) > patience).then_some((target.id, last))
            });
            stale.collect()
        };
        if stale.is_empty() {
            return Ok(());
        }
        let mut draft = self.store.draft();
        for (target, at) in stale {
            draft.gone(target, at);
        }
        let commit = draft.finish();
        self.store.commit(commit).map_err(failed)?;
        Ok(())
    }

    fn edit(&mut self, edit: Edit, done: oneshot::Sender<Result<Edited, Error>>) -> Result<(), Error> {
        let (told, stop) = match self.make(edit) {
            Err(Error::Store(error)) if error.is_full() => {
                (Err(Error::NoRoom(telemetry::chain(&*error))), Err(Error::Store(error)))
            }
            Err(Error::Store(error)) => (Err(Error::Store(Arc::clone(&error))), Err(Error::Store(error))),
            outcome => (outcome, Ok(())),
        };
        // Who asked may have gone away; the change is made all the same.
        let _ = done.send(told);
        stop
    }

    fn make(&self, edit: Edit) -> Result<Edited, Error> {
        let Edit { actor, reason, task } = edit;
        let mut draft = self.store.draft();
        draft.edit(store::Edit { at: self.clock.now(), actor, reason, task });
        let commit = draft.finish();
        let committed = self.store.commit(commit).map_err(failed)?;
        committed.edited.into_iter().next().unwrap_or(Ok(Edited::default())).map_err(Error::Refused)
    }

    /// Ends the mutes whose time has come.
    fn end_mutes(&mut self, now: Timestamp) -> Result<(), Error> {
        if self.mute_end.is_some_and(|end| end <= now) {
            let ended = self.make(Edit { actor: None, reason: Reason::MuteTime, task: Task::EndMutes })?;
            self.metrics.unmuted.inc_by(ended.changed);
        }
        self.mute_end = self.store.next_mute_end();
        Ok(())
    }

    /// Collects what is there, waits a moment for more, and commits it.
    async fn batch(&mut self) -> Result<(), Error> {
        let mut scrapes: Vec<Scrape> = Vec::new();
        let (mut occurrences, mut bytes) = (0, 0);
        let mut gone = None;
        let linger = tokio::time::Instant::now() + LINGER.as_duration();
        loop {
            let event = match self.waiting.pop_front() {
                Some(event) => event,
                None => match self.next(linger).await {
                    Some(event) => event,
                    None => break,
                },
            };
            bytes += event.memory_bytes();
            match event {
                Event::Gone { target, at } => {
                    // It follows the target's last scrape and so ends the batch.
                    gone = Some((target, at));
                    break;
                }
                Event::Scraped(scrape) => {
                    occurrences += occurrences_in(&scrape);
                    scrapes.push(scrape);
                }
            }
            let is_full = occurrences >= BATCH_OCCURRENCES_MAX || bytes >= BATCH_BYTES_MAX;
            if is_full || scrapes.len() >= BATCH_SCRAPES_MAX {
                break;
            }
        }
        let mut scrapes = scrapes.into_iter().peekable();
        while scrapes.peek().is_some() {
            if let Err(error) = self.commit(&mut scrapes) {
                // What the store could not make durable it owes; the rest is as if it had not been taken up.
                let gone = gone.map(|(target, at)| Event::Gone { target, at });
                let rest: Vec<Event> = scrapes.map(Event::Scraped).chain(gone).collect();
                rest.into_iter().rev().for_each(|event| self.waiting.push_front(event));
                return Err(error);
            }
        }
        if let Some((target, at)) = gone {
            let mut draft = self.store.draft();
            if let Some(id) = draft.find_target(&target) {
                draft.gone(id, at);
            }
            let commit = draft.finish();
            if !commit.is_empty() {
                self.store.commit(commit).map_err(failed)?;
            }
        }
        Ok(())
    }

    async fn next(&mut self, until: tokio::time::Instant) -> Option<Event> {
        if let Ok(event) = self.events.try_recv() {
            return Some(event);
        }
        tokio::select! {
            event = self.events.recv() => event,
            () = tokio::time::sleep_until(until) => None,
        }
    }

    /// Commits as many of `scrapes` as fit one commit, which is at least one.
    fn commit(&mut self, scrapes: &mut std::iter::Peekable<std::vec::IntoIter<Scrape>>) -> Result<(), Error> {
        let mut batch = Batch::new(self.store.draft());
        let mut next = Vec::new();
        for scrape in scrapes.by_ref() {
            let (service, at) = (scrape.target.service.clone(), scrape.at);
            match batch.add(scrape) {
                Added::Yes(brought) => {
                    let aggregates = brought.dropped.aggregates;
                    if self.metrics.bring(&service, at, brought) {
                        tracing::warn!(
                            service,
                            aggregates,
                            "the service has more errors than its aggregate_limit: new ones are counted together; if keys hold \
                             ids, key_rules help, and /api/v1/status suggests one"
                        );
                    }
                }
                Added::NextBatch(scrape) => {
                    next.push(*scrape);
                    break;
                }
            }
        }
        next.extend(scrapes.by_ref());
        *scrapes = next.into_iter().peekable();
        let watch = self.clock.stopwatch();
        let commit = batch.into_draft().finish();
        let committed = self.store.commit(commit).map_err(failed)?;
        self.metrics.commits.inc();
        self.metrics.commit_seconds.observe(watch.seconds());
        self.metrics.reopened.inc_by(committed.reopened.len() as u64);
        Ok(())
    }
}

pub(super) fn failed(error: store::Error) -> Error {
    Error::Store(Arc::new(error))
}

fn occurrences_in(scrape: &Scrape) -> u64 {
    let aggregates = scrape.outcome.iter().flat_map(|exposition| &exposition.aggregates);
    aggregates.map(|aggregate| aggregate.occurrences.as_ref().map_or(0, Vec::len) as u64).sum()
}
