//! Mutes with a time end at that moment, once, whether the writer runs or not.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::clock::Clock;
use crate::ingest::{Edit, Metrics, Settings, Writer, WriterHandle};
use crate::model::activity::Reason;
use crate::model::aggregate::Aggregate;
use crate::model::aggregate_set::AggregateSet;
use crate::model::exposition::{ExposedAggregate, Exposition};
use crate::model::id::AggregateId;
use crate::model::label::Labels;
use crate::model::scrape::{Event, Scrape};
use crate::model::severity::Severity;
use crate::model::target::Target;
use crate::model::time::{Millis, Timestamp};
use crate::model::triage::{Change, Period, State, Turn};
use crate::store::{Edited, Retention, Store, Task};

const BEGIN: Timestamp = Timestamp(1_790_000_000_000);
const HOUR: Millis = Millis::from_seconds(3600);
const ONLY: AggregateId = AggregateId(0);

/// A writer on a thread of its own, with a clock in the test's hands.
pub(super) struct Server {
    pub(super) clock: Clock,
    pub(super) store: Arc<Store>,
    events: Option<mpsc::Sender<Event>>,
    writer: WriterHandle,
    thread: Option<std::thread::JoinHandle<()>>,
}

fn settings(age: Millis) -> Settings {
    let retention =
        Retention { time: age, rollups: age, targets: age, occurrences: age, activity: age, instances: age };
    Settings::unlimited(retention)
}

impl Server {
    fn start(path: &Path, now: Timestamp) -> Self {
        Self::keeping(Millis(HOUR.0 * 24 * 365), path, now)
    }

    /// One that keeps everything so long.
    pub(super) fn keeping(age: Millis, path: &Path, now: Timestamp) -> Self {
        let store = Arc::new(Store::open(path).unwrap());
        let clock = Clock::mock(now);
        let settings = settings(age);
        let metrics = Metrics::new(&mut prometheus_client::registry::Registry::default());
        let (events, received) = mpsc::channel(1);
        let (runner, writer) = Writer::new(Arc::clone(&store), clock.clone(), settings, metrics, received);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let thread = std::thread::spawn(move || runtime.block_on(runner.run()).unwrap());
        Self { clock, store, events: Some(events), writer, thread: Some(thread) }
    }

    /// From now on everything is kept so long.
    pub(super) fn keep(&self, age: Millis) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(self.writer.configure(settings(age))).unwrap();
    }

    /// Ends the writer; when the server is dropped the directory can be opened again.
    pub(super) fn stop(mut self) -> Timestamp {
        drop(self.events.take());
        self.thread.take().unwrap().join().unwrap();
        self.clock.now()
    }

    fn edit(&self, aggregates: AggregateSet, turn: Turn) -> Edited {
        let change = Change::from(turn);
        let task = Task::Change { aggregates, change, revision: None };
        let edit = Edit { actor: Some(String::new()), reason: Reason::Edit, task };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(self.writer.edit(edit)).unwrap()
    }

    fn mute_until(&self, time: Timestamp) {
        assert_eq!(self.edit([ONLY].into_iter().collect(), Turn::Mute(Period::Until(time))).changed, 1);
    }

    /// When this returns, the writer has looked at the clock since.
    pub(super) fn settle(&self) {
        for _ in 0..2 {
            assert_eq!(self.edit(AggregateSet::new(), Turn::Open).changed, 0);
        }
    }

    /// Waits for the writer to do something.
    fn wait(&self, is_done: impl Fn(Option<&Aggregate>) -> bool) {
        let mut seen = u64::MAX;
        while !is_done(self.store.view().unwrap().aggregates().first()) {
            seen = self.store.wait_for_change(seen, Duration::from_secs(60));
        }
    }

    fn wait_until(&self, state: State) {
        self.wait(|error| error.is_some_and(|error| error.state() == state));
    }

    fn state(&self) -> State {
        self.store.view().unwrap().aggregates()[0].state()
    }

    /// Since when it is as it is, and by which reasons it came there, newest first.
    fn told(&self) -> (Option<Timestamp>, Vec<Reason>) {
        let view = self.store.view().unwrap();
        let activities = view.activities_of(ONLY, None, 100).unwrap();
        let since = view.aggregates()[0].triage.status.since;
        (since, activities.iter().map(|entry| entry.activity.reason).collect())
    }

    pub(super) fn scrape(&self, total_count: u64) {
        let target = Target {
            service: "shop".to_owned(),
            labels: Labels::from_pairs([("instance", "a:1")]),
            discovered_labels: Labels::default(),
            address: "a:1".to_owned(),
            url: String::new(),
            scrape_interval: HOUR,
            scrape_timeout: HOUR,
        };
        let aggregate = ExposedAggregate {
            key: "Gone@1".to_owned(),
            total_count,
            severity: Severity::Error,
            created_at: None,
            occurrences: None,
            ..ExposedAggregate::default()
        };
        let exposition =
            Exposition { target_uuid: Some("one".to_owned()), aggregates: vec![aggregate], ..Exposition::default() };
        let (at, duration) = (self.clock.now(), Millis(1));
        let scrape = Scrape { target: Arc::new(target), at, duration, body_bytes: 1, outcome: Ok(exposition) };
        self.events.as_ref().unwrap().blocking_send(Event::Scraped(scrape)).unwrap();
        self.wait(|error| error.is_some_and(|error| error.total >= total_count));
    }
}

#[test]
fn a_mute_until_a_time_ends_at_that_moment_and_once() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), BEGIN);
    server.scrape(3);
    let end = BEGIN.plus(HOUR);
    server.mute_until(end);
    server.clock.advance(Millis(HOUR.0 - 1));
    server.settle();
    assert_eq!(server.state(), State::Muted);
    // It happens while nobody wants to hear of it.
    server.scrape(9);
    assert_eq!(server.state(), State::Muted);
    server.clock.advance(Millis(1));
    server.wait_until(State::Open);
    let ended = (Some(end), vec![Reason::MuteTime, Reason::Edit]);
    assert_eq!(server.told(), ended);
    server.clock.advance(HOUR);
    server.settle();
    let now = server.stop();
    let server = Server::start(directory.path(), now.plus(HOUR));
    server.settle();
    assert_eq!(server.told(), ended);
    server.stop();
}

#[test]
fn a_mute_that_ran_out_while_nobody_ran_is_over_since_then() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), BEGIN);
    server.scrape(3);
    let end = BEGIN.plus(HOUR);
    server.mute_until(end);
    server.stop();
    // Started before the time, it is still muted.
    let server = Server::start(directory.path(), BEGIN.plus(Millis(HOUR.0 - 1)));
    server.settle();
    assert_eq!(server.state(), State::Muted);
    server.stop();
    let server = Server::start(directory.path(), BEGIN.plus(Millis(HOUR.0 * 5)));
    server.wait_until(State::Open);
    assert_eq!(server.told(), (Some(end), vec![Reason::MuteTime, Reason::Edit]));
    server.stop();
}

#[test]
fn an_earlier_mute_is_not_waited_past_and_a_later_one_not_ended_early() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), BEGIN);
    server.scrape(3);
    server.mute_until(BEGIN.plus(Millis(HOUR.0 * 2)));
    // Shortened, and the writer learns of it.
    server.mute_until(BEGIN.plus(HOUR));
    server.clock.advance(HOUR);
    server.wait_until(State::Open);
    // Prolonged.
    server.mute_until(BEGIN.plus(Millis(HOUR.0 * 2)));
    server.mute_until(BEGIN.plus(Millis(HOUR.0 * 3)));
    server.clock.advance(HOUR);
    server.settle();
    assert_eq!(server.state(), State::Muted);
    server.clock.advance(HOUR);
    server.wait_until(State::Open);
    assert_eq!(server.told().0, Some(BEGIN.plus(Millis(HOUR.0 * 3))));
    server.stop();
}
