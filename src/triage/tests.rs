//! The engine on a real store with its one writer, with the time in the test's hands.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use tempfile::TempDir;
use tokio::sync::{mpsc, watch};

use super::labelling::Labelling;
use super::*;
use crate::app::Stored;
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::ingest::{self, Edit, Settings, Writer, WriterHandle};
use crate::model::activity::Reason;
use crate::model::aggregate::Aggregate;
use crate::model::exposition::{ExposedAggregate, Exposition};
use crate::model::id::AggregateId;
use crate::model::label::Labels;
use crate::model::occurrence::{Exception, Occurrence, Stack};
use crate::model::scrape::{Event, Failure, FailureKind, Scrape};
use crate::model::severity::Severity;
use crate::model::target::Target;
use crate::model::time::{Millis, Timestamp};
use crate::model::triage::{Change, LabelChange, Period, State, Turn};
use crate::query::escalation::Escalations;
use crate::search::{self, Follower, Index};
use crate::store::{Retention, Store, Task};
use crate::telemetry::{Registry, encode};

/// 2026-11-20T10:01:00Z.
const START: Timestamp = Timestamp(1_795_168_860_000);

const HOUR: Millis = Millis::from_seconds(3600);
const HALF_HOUR: Millis = Millis::from_seconds(1800);

const DAY: Millis = Millis::from_seconds(86_400);

/// Store, index, writer and engine; each can be taken away and made again.
struct Rig {
    directory: TempDir,
    clock: Clock,
    config: watch::Sender<Arc<Config>>,
    running: Option<Running>,
}

struct Running {
    store: Arc<Store>,
    index: Arc<Index>,
    writer: WriterHandle,
    events: mpsc::Sender<Event>,
    thread: JoinHandle<()>,
    registry: Registry,
    engine: Engine,
    /// The same once more, for jobs alone.
    sources: Sources,
    escalations: watch::Receiver<Arc<Escalations>>,
}

impl Rig {
    fn new(yaml: &str) -> Self {
        let config = watch::Sender::new(Arc::new(parse(yaml)));
        let mut rig =
            Self { directory: tempfile::tempdir().unwrap(), clock: Clock::mock(START), config, running: None };
        rig.start();
        rig
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    fn start(&mut self) {
        let store = Arc::new(Store::open(&self.path()).unwrap());
        let index = Arc::new(Index::new(&self.path().join("occurrences")));
        let mut registry = Registry::default();
        let counted = ingest::Metrics::new(&mut registry);
        let (events, received) = mpsc::channel(ingest::QUEUE_MAX);
        let long = Millis(DAY.0 * 365);
        let retention =
            Retention { time: long, rollups: long, targets: long, occurrences: long, activity: long, instances: long };
        let settings = Settings::unlimited(retention);
        let (runner, writer) = Writer::new(Arc::clone(&store), self.clock.clone(), settings, counted, received);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            runtime.block_on(runner.run()).unwrap();
        });
        let metrics = Metrics::register(&mut registry);
        let (sender, escalations) = watch::channel(Arc::default());
        let sources = || Sources {
            store: Arc::clone(&store),
            index: Arc::clone(&index),
            writer: writer.clone(),
            clock: self.clock.clone(),
            config: self.config.subscribe(),
            escalations: sender.clone(),
            metrics: metrics.clone(),
        };
        let (engine, sources) = (Engine::new(sources()), sources());
        let running = Running { store, index, writer, events, thread, registry, engine, sources, escalations };
        self.running = Some(running);
    }

    /// Ends the process and starts another one.
    fn restart(&mut self) {
        self.restart_after(Millis(0));
    }

    /// Ends the process and starts another one when so much time has passed.
    fn restart_after(&mut self, time: Millis) {
        let Running { thread, events, .. } = self.running.take().unwrap();
        drop(events);
        thread.join().unwrap();
        self.clock.advance(time);
        self.start();
    }

    fn running(&self) -> &Running {
        self.running.as_ref().unwrap()
    }

    fn configure(&self, yaml: &str) {
        self.config.send_replace(Arc::new(parse(yaml)));
    }

    /// Indexes all samples.
    fn index(&self) {
        let Running { store, index, .. } = self.running();
        let metrics = search::Metrics::default();
        Follower::new(Arc::clone(index), Stored(Arc::clone(store)), metrics).unwrap().catch_up().unwrap();
    }

    /// Lets time pass, and the engine do what is due then, some rounds on end.
    async fn pass(&mut self, time: Millis) {
        self.clock.advance(time);
        for _ in 0..3 {
            assert!(self.running.as_mut().unwrap().engine.round().await.is_continue());
        }
    }

    fn metric(&self, name: &str) -> u64 {
        let text = encode(&self.running().registry).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
        line.unwrap_or_else(|| panic!("no {name} in\n{text}")).parse().unwrap()
    }

    fn scrape_with(&self, target: &Arc<Target>, outcome: Result<Vec<ExposedAggregate>, Failure>) {
        let uuid = Some(format!("process-of-{}", target.address));
        let exposition = |aggregates| Exposition { target_uuid: uuid, aggregates, ..Exposition::default() };
        let scrape = Scrape {
            target: Arc::clone(target),
            at: self.clock.now(),
            duration: Millis(3),
            body_bytes: 1,
            outcome: outcome.map(exposition),
        };
        let before = self.metric("hydrophone_ingest_commits_total");
        self.running().events.try_send(Event::Scraped(scrape)).unwrap();
        while self.metric("hydrophone_ingest_commits_total") == before {
            std::thread::yield_now();
        }
    }

    fn scrape(&self, target: &Arc<Target>, aggregates: &[ExposedAggregate]) {
        self.scrape_with(target, Ok(aggregates.to_vec()));
    }

    async fn edit(&self, key: &str, change: impl Into<Change>) {
        let aggregates = [self.of(key).id].into_iter().collect();
        let task = Task::Change { aggregates, change: change.into(), revision: None };
        let edit = Edit { actor: Some("ada".to_owned()), reason: Reason::Edit, task };
        self.running().writer.edit(edit).await.unwrap();
    }

    fn of(&self, key: &str) -> Aggregate {
        let view = self.running().store.view().unwrap();
        view.aggregates().iter().find(|aggregate| aggregate.key == key).unwrap().clone()
    }

    fn labels(&self, key: &str) -> String {
        self.of(key).triage.labels.labels().to_string()
    }

    /// Reasons and details of what happened to an error, oldest first.
    fn activities(&self, key: &str) -> Vec<(Reason, String)> {
        let id = self.of(key).id;
        let view = self.running().store.view().unwrap();
        let entries = view.activities_of(id, None, 100).unwrap();
        entries.into_iter().rev().map(|entry| (entry.activity.reason, entry.change.detail)).collect()
    }

    fn escalating(&self) -> Vec<AggregateId> {
        self.running().escalations.borrow().over.iter().collect()
    }
}

fn parse(yaml: &str) -> Config {
    let config = config::parse(yaml, "hydrophone.yaml").unwrap();
    Rules::read(&config.label_rules).unwrap();
    config
}

fn target(service: &str, address: &str, labels: &[(&str, &str)], interval: Millis) -> Arc<Target> {
    let own = [("instance", address)];
    Arc::new(Target {
        service: service.to_owned(),
        labels: Labels::from_pairs(own.into_iter().chain(labels.iter().copied())),
        discovered_labels: Labels::default(),
        address: address.to_owned(),
        url: format!("http://{address}/"),
        scrape_interval: interval,
        scrape_timeout: Millis::from_seconds(1),
    })
}

/// An aggregate that was created now.
fn exposed(rig: &Rig, key: &str, total_count: u64, frame: &str) -> ExposedAggregate {
    let now = rig.clock.now();
    let exception = Exception {
        class: key.split('@').next().unwrap().to_owned(),
        message: "it went wrong".to_owned(),
        stack: Some(Arc::new(Stack { frames: vec![frame.to_owned()] })),
        causes: Vec::new(),
    };
    let uuid = format!("{key}-{total_count}");
    let severity = Severity::Error;
    ExposedAggregate {
        key: key.to_owned(),
        total_count,
        severity,
        created_at: Some(if total_count == 1 { now } else { START }),
        occurrences: Some(vec![Occurrence { uuid, timestamp: Some(now), severity, exception, http: None }]),
        ..ExposedAggregate::default()
    }
}

fn muted(period: Period) -> Turn {
    Turn::Mute(period)
}

/// Ten times an hour for eight days, a minute after each hour; gives the count. Counts stand on a grid of half an hour.
fn steady(rig: &Rig, target: &Arc<Target>) -> u64 {
    for round in 0..8 * 24 {
        rig.scrape(target, &[exposed(rig, "Boom@1", 10 * (round + 1), "main")]);
        rig.clock.advance(HOUR);
    }
    rig.clock.advance(Millis(-HOUR.0));
    10 * 8 * 24
}

#[tokio::test]
async fn an_escalation_ends_a_mute_once_however_often_the_process_ends() {
    let mut rig = Rig::new("");
    let target = target("checkout", "a:1", &[], HALF_HOUR);
    let mut total = steady(&rig, &target);
    rig.edit("Boom@1", muted(Period::Escalation)).await;
    // Six times as often is not more than the limit.
    rig.clock.advance(HOUR);
    total += 60;
    rig.scrape(&target, &[exposed(&rig, "Boom@1", total, "main")]);
    rig.pass(Millis::from_seconds(10)).await;
    assert_eq!((rig.of("Boom@1").state(), rig.escalating()), (State::Muted, vec![]));
    rig.restart();
    total += 1;
    rig.scrape(&target, &[exposed(&rig, "Boom@1", total, "main")]);
    rig.pass(Millis::from_seconds(10)).await;
    let boom = rig.of("Boom@1");
    assert_eq!((boom.state(), boom.triage.status.escalated_at), (State::Open, Some(rig.clock.now())));
    assert_eq!((rig.escalating(), rig.metric("hydrophone_triage_escalated_total")), (vec![boom.id], 1));
    let activities = rig.activities("Boom@1");
    assert_eq!(activities.iter().map(|(reason, _)| *reason).collect::<Vec<_>>(), [Reason::Edit, Reason::Escalation]);
    let words = "happened 61 times from 2026-11-28T10:00:00Z to 2026-11-28T11:00:00Z, more than the limit of 60: ";
    assert!(activities[1].1.starts_with(words), "{activities:?}");
    // It is found again by whoever starts anew, but nothing is muted any more.
    for _ in 0..2 {
        rig.restart();
        rig.pass(Millis::from_seconds(60)).await;
        assert_eq!((rig.escalating().len(), rig.activities("Boom@1").len()), (1, 2));
    }
    // Muted again in the same hour: what was known then does not count.
    rig.edit("Boom@1", muted(Period::Escalation)).await;
    rig.pass(HALF_HOUR).await;
    assert_eq!(rig.of("Boom@1").state(), State::Muted);
    total += 60;
    rig.scrape(&target, &[exposed(&rig, "Boom@1", total, "main")]);
    rig.pass(Millis::from_seconds(10)).await;
    assert_eq!((rig.of("Boom@1").state(), rig.escalating().len()), (State::Muted, 1));
    rig.scrape(&target, &[exposed(&rig, "Boom@1", total + 1, "main")]);
    rig.pass(Millis::from_seconds(10)).await;
    let activities = rig.activities("Boom@1");
    assert_eq!((rig.of("Boom@1").state(), activities.len()), (State::Open, 4));
    assert!(activities[3].1.starts_with("happened 61 times from 2026-11-28T10:03:20Z to "), "{activities:?}");
    // Two hours later nothing escalates.
    rig.pass(Millis(2 * HOUR.0)).await;
    assert_eq!(rig.escalating(), []);
}

#[tokio::test]
async fn other_mutes_do_not_end_by_escalation() {
    let mut rig = Rig::new("");
    let target = target("checkout", "a:1", &[], HALF_HOUR);
    let total = steady(&rig, &target);
    rig.edit("Boom@1", muted(Period::Forever)).await;
    rig.clock.advance(HOUR);
    rig.scrape(&target, &[exposed(&rig, "Boom@1", total + 1000, "main")]);
    rig.pass(Millis::from_seconds(10)).await;
    assert_eq!((rig.of("Boom@1").state(), rig.escalating().len()), (State::Muted, 1));
}

const RULES: &str = "
label_rules:
  - {query: '', labels: {team: platform}, target_labels: {owner: team}}
  - {query: 'service:checkout', labels: {team: checkout}}
  - {query: 'service:checkout stack:payment*', labels: {team: payments, tier: 1}}
  - {query: 'service:tomorrow OR target.nowhere:x', labels: {team: nobody}}
";

#[tokio::test]
async fn the_last_rule_that_holds_gives_a_label_in_whatever_order_samples_come() {
    let mut rig = Rig::new(RULES);
    let checkout = target("checkout", "a:1", &[("team", "shop")], HOUR);
    let search = target("search", "b:1", &[], HOUR);
    rig.scrape(&checkout, &[exposed(&rig, "Boom@1", 1, "payments.Card"), exposed(&rig, "Other@2", 1, "main")]);
    rig.scrape(&search, &[exposed(&rig, "Slow@3", 1, "payments.Card")]);
    rig.pass(Millis::from_seconds(3)).await;
    // The index has not followed yet.
    assert_eq!(rig.labels("Boom@1"), r#"{owner="shop", team="checkout"}"#);
    rig.index();
    rig.pass(Millis::from_seconds(3)).await;
    assert_eq!(rig.labels("Boom@1"), r#"{owner="shop", team="payments", tier="1"}"#);
    assert_eq!(rig.labels("Other@2"), r#"{owner="shop", team="checkout"}"#);
    assert_eq!(rig.labels("Slow@3"), r#"{team="platform"}"#);
    assert_eq!(rig.metric("hydrophone_triage_rules"), 4);
    let known = rig.activities("Boom@1").len();
    // A new process knows no index at first: nothing is taken away for that, and nothing is done twice.
    rig.restart();
    for _ in 0..3 {
        rig.pass(Millis::from_seconds(20)).await;
        assert_eq!(rig.labels("Boom@1"), r#"{owner="shop", team="payments", tier="1"}"#);
        assert_eq!(rig.activities("Boom@1").len(), known);
    }
    rig.index();
    rig.pass(Millis::from_seconds(20)).await;
    assert_eq!((rig.activities("Boom@1").len(), rig.metric("hydrophone_triage_labelled_total")), (known, 0));
}

#[tokio::test]
async fn new_errors_do_not_wait_until_everything_is_looked_at() {
    let mut rig = Rig::new(RULES);
    let checkout = target("checkout", "a:1", &[], HOUR);
    rig.scrape(&checkout, &[exposed(&rig, "Other@2", 1, "payments.Card")]);
    let mut labelling = Labelling::default();
    labelling.round(&rig.running().sources).await.unwrap();
    labelling.round_of_fresh(&rig.running().sources).await.unwrap();
    rig.clock.advance(Millis::from_seconds(15));
    rig.scrape(&checkout, &[exposed(&rig, "Boom@1", 1, "payments.Card")]);
    labelling.round_of_fresh(&rig.running().sources).await.unwrap();
    assert_eq!(rig.labels("Boom@1"), r#"{team="checkout"}"#);
    // The index follows a moment later; what is not new waits.
    rig.index();
    rig.clock.advance(Millis::from_seconds(5));
    labelling.round_of_fresh(&rig.running().sources).await.unwrap();
    assert_eq!(rig.labels("Boom@1"), r#"{team="payments", tier="1"}"#);
    assert_eq!(rig.labels("Other@2"), r#"{team="checkout"}"#);
    rig.pass(Millis::from_seconds(3)).await;
    assert_eq!(rig.labels("Other@2"), r#"{team="payments", tier="1"}"#);
}

#[tokio::test]
async fn changed_rules_are_applied_to_everything_and_a_persons_label_stays() {
    let mut rig = Rig::new(RULES);
    let checkout = target("checkout", "a:1", &[("team", "shop")], HOUR);
    rig.scrape(&checkout, &[exposed(&rig, "Boom@1", 1, "payments.Card"), exposed(&rig, "Other@2", 1, "main")]);
    rig.index();
    rig.pass(Millis::from_seconds(3)).await;
    let set = |change| Change { labels: vec![("team".to_owned(), change)], ..Change::default() };
    rig.edit("Other@2", set(LabelChange::Set("ada".to_owned()))).await;
    rig.pass(Millis::from_seconds(3)).await;
    assert_eq!(rig.labels("Other@2"), r#"{owner="shop", team="ada"}"#);

    // While the index is incomplete labels are only added; when it is there, what no rule gives goes.
    rig.restart();
    rig.configure(
        "label_rules: [{query: 'stack:payment*', labels: {team: money}}, {query: 'class:boom', labels: {kind: b}}]",
    );
    rig.pass(Millis::from_seconds(3)).await;
    assert_eq!(rig.labels("Boom@1"), r#"{kind="b", owner="shop", team="payments", tier="1"}"#);
    rig.index();
    rig.pass(Millis::from_seconds(3)).await;
    assert_eq!(
        (rig.labels("Boom@1"), rig.labels("Other@2")),
        (r#"{kind="b", team="money"}"#.into(), r#"{team="ada"}"#.into())
    );
    let known = (rig.activities("Boom@1").len(), rig.activities("Other@2").len());
    rig.restart();
    rig.index();
    rig.pass(Millis::from_seconds(3)).await;
    assert_eq!((rig.activities("Boom@1").len(), rig.activities("Other@2").len()), known);

    // Left to the rules again, it has what they say; without rules nothing is left of them.
    rig.edit("Other@2", set(LabelChange::Follow)).await;
    rig.configure("label_rules: [{query: '-class:boom', labels: {team: rest}}]");
    rig.pass(Millis::from_seconds(3)).await;
    assert_eq!((rig.labels("Boom@1"), rig.labels("Other@2")), ("{}".into(), r#"{team="rest"}"#.into()));
    rig.configure("");
    rig.pass(Millis::from_seconds(3)).await;
    assert_eq!((rig.labels("Boom@1"), rig.labels("Other@2")), ("{}".into(), "{}".into()));
}

#[tokio::test]
async fn a_target_label_is_that_of_the_youngest_target_that_has_it() {
    let rules =
        "label_rules: [{query: 'target.zone:north', labels: {zone: n}}, {query: '', target_labels: {team: team}}]";
    let mut rig = Rig::new(rules);
    let old = target("checkout", "a:1", &[("team", "one"), ("zone", "north")], HOUR);
    let young = target("checkout", "b:1", &[("team", "two")], HOUR);
    let without = target("checkout", "c:1", &[], HOUR);
    rig.scrape(&old, &[exposed(&rig, "Boom@1", 1, "main")]);
    rig.scrape(&young, &[exposed(&rig, "Other@2", 1, "main")]);
    rig.pass(Millis::from_seconds(3)).await;
    assert_eq!(
        (rig.labels("Boom@1"), rig.labels("Other@2")),
        (r#"{team="one", zone="n"}"#.into(), r#"{team="two"}"#.into())
    );
    rig.scrape(&without, &[exposed(&rig, "Boom@1", 1, "main")]);
    rig.pass(Millis::from_seconds(3)).await;
    assert_eq!(rig.labels("Boom@1"), r#"{team="one", zone="n"}"#);
    rig.scrape(&young, &[exposed(&rig, "Boom@1", 1, "main"), exposed(&rig, "Other@2", 1, "main")]);
    rig.pass(Millis::from_seconds(3)).await;
    assert_eq!(rig.labels("Boom@1"), r#"{team="two", zone="n"}"#);
}

#[tokio::test]
async fn what_does_not_happen_is_resolved_if_somebody_looked() {
    let mut rig = Rig::new("triage: {resolve_after: 2d}");
    let (one, other) = (target("checkout", "a:1", &[], HOUR), target("checkout", "b:1", &[], HOUR));
    let down = || Err(Failure { kind: FailureKind::Connect, message: "refused".to_owned() });
    let once = [exposed(&rig, "Boom@1", 1, "main"), exposed(&rig, "Other@2", 1, "main")];
    rig.scrape(&one, &once);
    rig.scrape(&other, &[]);
    rig.edit("Other@2", muted(Period::Forever)).await;
    rig.clock.advance(Millis(2 * DAY.0 + 60_000));
    // Nobody looked, then only one that did not answer, then one of two.
    rig.pass(Millis::from_seconds(61)).await;
    assert_eq!(rig.of("Boom@1").state(), State::Open);
    rig.scrape_with(&one, down());
    rig.scrape_with(&other, down());
    rig.pass(Millis::from_seconds(61)).await;
    assert_eq!(rig.of("Boom@1").state(), State::Open);
    rig.scrape(&one, &once);
    rig.pass(Millis::from_seconds(61)).await;
    let boom = rig.of("Boom@1");
    assert_eq!((boom.state(), rig.metric("hydrophone_triage_silenced_total")), (State::Resolved, 1));
    assert_eq!(rig.activities("Boom@1"), [(Reason::Silence, "did not happen for 2d".to_owned())]);
    assert_eq!(rig.of("Other@2").state(), State::Muted);

    // Somebody opens it: that is looked at for two days more. It is resolved once.
    rig.edit("Boom@1", Turn::Open).await;
    rig.restart();
    for (days, state) in [(1, State::Open), (1, State::Resolved), (1, State::Resolved)] {
        rig.clock.advance(Millis(days * DAY.0));
        rig.scrape(&one, &once);
        rig.scrape(&other, &[]);
        rig.pass(Millis::from_seconds(61)).await;
        assert_eq!(rig.of("Boom@1").state(), state);
    }
    assert_eq!(rig.activities("Boom@1").len(), 3);
}

#[tokio::test]
async fn nothing_is_resolved_while_a_target_was_not_asked_yet() {
    let mut rig = Rig::new("triage: {resolve_after: 2d}");
    let (one, other) = (target("checkout", "a:1", &[], HOUR), target("checkout", "b:1", &[], HOUR));
    rig.scrape(&one, &[exposed(&rig, "Boom@1", 1, "main")]);
    rig.scrape(&other, &[exposed(&rig, "Boom@1", 1, "main")]);
    rig.restart_after(Millis(3 * DAY.0));
    rig.scrape(&one, &[exposed(&rig, "Boom@1", 1, "main")]);
    rig.pass(Millis::from_seconds(61)).await;
    assert_eq!(rig.of("Boom@1").state(), State::Open);
    rig.scrape(&other, &[exposed(&rig, "Boom@1", 5, "main")]);
    rig.pass(Millis::from_seconds(61)).await;
    assert_eq!((rig.of("Boom@1").state(), rig.activities("Boom@1").len()), (State::Open, 0));
}

#[test]
fn a_rule_that_can_not_be_is_refused_with_its_place() {
    for (query, what) in [
        ("service:a (", "at character 11: the query ends where a term is to follow"),
        ("severity:foo", r#"at character 9: there is no severity "foo"; known: info, warning, error"#),
        ("has:nothing", "at character 4: there is no has:nothing; known: "),
        ("first_seen:x", "at character 11: first_seen:x is no comparison with a time"),
    ] {
        let error = refused(query);
        assert!(error.starts_with(&format!("hydrophone.yaml:2:12: label_rules[0].query: {what}")), "{error}");
    }
    for (query, position) in [
        ("is:open", 3),
        ("is:new", 3),
        ("state:\"muted\"", 6),
        ("label.team:\"x\"", 0),
        ("has:label.team", 4),
        ("count:>5", 6),
        ("first_seen:>-1d", 11),
        ("last_seen:<-1d", 10),
    ] {
        let error = refused(&format!("service:a OR -{query}"));
        let place = "hydrophone.yaml:2:12: label_rules[0].query: at character";
        assert!(
            error.starts_with(&format!("{place} {}: {query} can not stand in a rule, because", 14 + position)),
            "{error}"
        );
        assert!(error.contains("a rule may ask for service, severity, class, key"), "{error}");
    }
    for query in [
        "",
        "service:x",
        "level:error class:A*",
        "key:x OR aggregate:7",
        "target.zone:a has:target.b",
        "boom stack:x has:cause",
    ] {
        assert!(read(query).is_ok(), "{query}");
    }
}

fn read(query: &str) -> Result<Rules, config::Error> {
    let yaml = format!("label_rules:\n  - query: '{query}'\n    labels: {{team: a}}\n");
    Rules::read(&config::parse(&yaml, "hydrophone.yaml").unwrap().label_rules)
}

fn refused(query: &str) -> String {
    read(query).unwrap_err().to_string()
}

#[test]
fn rules_that_say_the_same_have_one_fingerprint() {
    let of = |yaml: &str| Rules::read(&parse(yaml).label_rules).unwrap().fingerprint();
    let rules = of("label_rules: [{query: 'a b', labels: {x: y}}, {query: c, target_labels: {x: y}}]");
    assert_eq!(
        rules,
        of("\n\nlabel_rules:\n- {query: ' a   (b) ', labels: {x: y}}\n- {query: c, target_labels: {x: y}}\n")
    );
    for other in [
        "label_rules: [{query: 'a b', labels: {x: y}}, {query: c, labels: {x: y}}]",
        "label_rules: [{query: c, target_labels: {x: y}}, {query: 'a b', labels: {x: y}}]",
        "label_rules: [{query: 'a b', labels: {x: z}}, {query: c, target_labels: {x: y}}]",
        "",
    ] {
        assert_ne!(rules, of(other), "{other}");
    }
}
