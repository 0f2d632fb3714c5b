//! Loops: when they scrape, what they hand on, and how they start, change and stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::server::{Reply, Server, within};
use crate::clock::Clock;
use crate::config::{Config, ScrapeSettings, Service};
use crate::model::label::Labels;
use crate::model::scrape::{Event, FailureKind, Scrape};
use crate::model::target::{ServiceTargets, Target};
use crate::model::time::{Millis, Timestamp};
use crate::scrape::Manager;
use crate::scrape::schedule::Grid;
use crate::telemetry::{Registry, encode};

const START: Timestamp = Timestamp(1_795_168_800_000);

struct Fleet {
    clock: Clock,
    registry: Registry,
    settings: watch::Sender<Arc<Config>>,
    targets: watch::Sender<Arc<Vec<Arc<ServiceTargets>>>>,
    events: mpsc::Receiver<Event>,
    shutdown: CancellationToken,
    tasks: JoinSet<()>,
}

fn config(change: impl FnOnce(&mut ScrapeSettings)) -> Arc<Config> {
    let mut scrape = ScrapeSettings::default();
    change(&mut scrape);
    let service = Service {
        name: "shop".to_owned(),
        labels: Labels::default(),
        mechanisms: Vec::new(),
        relabel: Vec::new(),
        scrape,
    };
    Arc::new(Config { services: vec![Arc::new(service)], ..Config::default() })
}

/// Scraped every second, and given so much time that no test runs into it unawares.
fn target(server: &Server, instance: &str) -> Arc<Target> {
    impatient(server, instance, 1_000_000)
}

fn impatient(server: &Server, instance: &str, timeout: i64) -> Arc<Target> {
    Arc::new(Target {
        service: "shop".to_owned(),
        labels: Labels::from_pairs([("instance", instance)]),
        discovered_labels: Labels::default(),
        address: server.address().to_string(),
        url: format!("http://{}/{instance}", server.address()),
        scrape_interval: Millis(1000),
        scrape_timeout: Millis(timeout),
    })
}

fn listing(targets: &[&Arc<Target>]) -> Arc<Vec<Arc<ServiceTargets>>> {
    let active = targets.iter().map(|target| Arc::clone(target)).collect();
    Arc::new(vec![Arc::new(ServiceTargets { service: "shop".to_owned(), active, ..ServiceTargets::default() })])
}

impl Fleet {
    fn start(targets: &[&Arc<Target>], queue: usize) -> Self {
        let clock = Clock::mock(START);
        let mut registry = Registry::default();
        let manager = Manager::new(clock.clone(), &mut registry);
        let (settings, settings_seen) = watch::channel(config(|_| {}));
        let (targets, targets_seen) = watch::channel(listing(targets));
        let (out, events) = mpsc::channel(queue);
        let shutdown = CancellationToken::new();
        let mut tasks = JoinSet::new();
        tasks.spawn(manager.run(settings_seen, targets_seen, out, shutdown.clone()));
        Self { clock, registry, settings, targets, events, shutdown, tasks }
    }

    fn list(&self, targets: &[&Arc<Target>]) {
        self.targets.send_replace(listing(targets));
    }

    /// Moves the clock to the target's next due instant.
    fn tick(&self, target: &Target) -> Timestamp {
        let now = self.clock.now();
        let due = Grid::of(target).next(now.plus(Millis(1)));
        self.clock.advance(due.since(now));
        due
    }

    async fn event(&mut self) -> Event {
        within(self.events.recv()).await.unwrap()
    }

    async fn scrape(&mut self) -> Scrape {
        match self.event().await {
            Event::Scraped(scrape) => scrape,
            Event::Gone { target, .. } => panic!("{} is gone", target.url),
        }
    }

    /// Waits until a metric's line reads so.
    async fn metric(&self, line: &str) {
        within(async {
            while !encode(&self.registry).unwrap().lines().any(|have| have == line) {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    async fn stop(mut self) {
        self.shutdown.cancel();
        within(self.tasks.join_next()).await.unwrap().unwrap();
    }
}

/// Exposes one aggregate whose count is the number of the request.
async fn counting() -> Server {
    let count = AtomicUsize::new(0);
    Server::start(move |_| {
        let count = count.fetch_add(1, Ordering::SeqCst) + 1;
        Reply::ok(format!(
            r#"{{"aggregated_errors":[{{"aggregation_key":"k","total_count":{count}}}],"target_uuid":"u"}}"#
        ))
    })
    .await
}

/// Exposes the same aggregate each time.
async fn constant() -> Server {
    let body = r#"{"aggregated_errors":[{"aggregation_key":"k","total_count":1}],"target_uuid":"u"}"#;
    Server::start(move |_| Reply::ok(body)).await
}

fn count(scrape: &Scrape) -> u64 {
    scrape.outcome.as_ref().unwrap().aggregates[0].total_count
}

#[tokio::test]
async fn scrapes_stand_on_the_targets_grid_at_exactly_equal_intervals() {
    let server = counting().await;
    let target = target(&server, "a");
    let mut fleet = Fleet::start(&[&target], 8);
    let mut due = Grid::of(&target).next(START);
    for number in 1..=3 {
        fleet.clock.advance(due.since(fleet.clock.now()));
        if number > 1 {
            // Late by as much as timers are. (The first time the loop may not have begun yet.)
            fleet.clock.advance(Millis(2));
        }
        let scrape = fleet.scrape().await;
        assert_eq!((scrape.at, count(&scrape)), (due, number));
        assert_eq!(scrape.body_bytes, 81);
        due = due.plus(Millis(1000));
    }
    fleet.metric(r#"hydrophone_scrapes_total{service="shop",outcome="success"} 3"#).await;
    fleet.metric("hydrophone_scrape_targets 1").await;
    fleet.stop().await;
}

#[tokio::test]
async fn what_did_not_change_is_handed_on_as_unchanged() {
    let server = constant().await;
    let target = target(&server, "a");
    let mut fleet = Fleet::start(&[&target], 8);
    let mut seen = Vec::new();
    for _ in 0..3 {
        fleet.tick(&target);
        let exposition = fleet.scrape().await.outcome.unwrap();
        seen.push((exposition.aggregates.len(), exposition.unchanged));
    }
    assert_eq!(seen, [(1, 0), (0, 1), (0, 1)]);
    fleet.metric(r#"hydrophone_scrape_aggregates_total{service="shop",reading="unchanged"} 2"#).await;
}

#[tokio::test]
async fn a_failing_target_is_data() {
    let replies = ["junk", r#"{"aggregated_errors":[{"aggregation_key":"k","total_count":1}"#, "{}"];
    let number = AtomicUsize::new(0);
    let server = Server::start(move |_| Reply::ok(replies[number.fetch_add(1, Ordering::SeqCst)])).await;
    let target = target(&server, "a");
    let mut fleet = Fleet::start(&[&target], 8);
    for message in ["the body is not a JSON object at byte 0", "unexpected end of the body at byte 61"] {
        fleet.tick(&target);
        let failure = fleet.scrape().await.outcome.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Malformed);
        assert_eq!(failure.message, format!("{}: no exposition: {message}", target.url));
    }
    fleet.tick(&target);
    fleet.scrape().await.outcome.unwrap();
    fleet.metric(r#"hydrophone_scrapes_total{service="shop",outcome="malformed"} 2"#).await;
}

#[tokio::test]
async fn a_large_body_is_parsed_as_well() {
    let aggregates: Vec<_> =
        (0..40_000).map(|key| format!(r#"{{"aggregation_key":"key-{key}","total_count":1}}"#)).collect();
    let body = format!(r#"{{"aggregated_errors":[{}],"target_uuid":"u"}}"#, aggregates.join(","));
    let bytes = body.len() as u64;
    let server = Server::start(move |_| Reply::ok(body.clone())).await;
    let target = target(&server, "a");
    let mut fleet = Fleet::start(&[&target], 8);
    for (read, unchanged) in [(40_000, 0), (0, 40_000), (0, 40_000)] {
        fleet.tick(&target);
        let scrape = fleet.scrape().await;
        let exposition = scrape.outcome.unwrap();
        assert_eq!((exposition.aggregates.len(), exposition.unchanged, scrape.body_bytes), (read, unchanged, bytes));
    }
}

#[tokio::test]
async fn a_target_that_hangs_delays_nobody_and_is_never_scraped_twice_at_once() {
    let hanging = Server::start(|_| Reply::raw("").hanging()).await;
    let healthy = constant().await;
    let (slow, quick) = (impatient(&hanging, "slow", 2500), target(&healthy, "quick"));
    let mut fleet = Fleet::start(&[&slow, &quick], 8);
    let begun = fleet.tick(&slow);
    hanging.requested(1).await;
    // Two seconds at most.
    for _ in 0..2 {
        let due = fleet.tick(&quick);
        while fleet.scrape().await.at != due {}
        assert_eq!(hanging.requests().len(), 1);
    }
    fleet.clock.advance(begun.plus(Millis(2500)).since(fleet.clock.now()));
    let failed = loop {
        let scrape = fleet.scrape().await;
        if scrape.target == slow {
            break scrape;
        }
    };
    assert_eq!((failed.at, failed.outcome.unwrap_err().kind), (begun, FailureKind::Timeout));
    assert_eq!(failed.duration, Millis(2500));
    fleet.metric(r#"hydrophone_scrape_skipped_ticks_total{service="shop"} 2"#).await;
    fleet.metric(r#"hydrophone_scrapes_total{service="shop",outcome="timeout"} 1"#).await;
    fleet.clock.advance(Millis(500));
    hanging.requested(2).await;
}

#[tokio::test]
async fn a_clock_that_is_set_back_during_a_scrape_or_between_two_is_not_waited_for() {
    let server = counting().await;
    let target = target(&server, "a");
    let mut fleet = Fleet::start(&[&target], 1);
    fleet.tick(&target);
    server.requested(1).await;
    fleet.tick(&target);
    // Its scrape goes on until somebody takes the one before it.
    server.requested(2).await;
    for set_back in 1..=2 {
        fleet.clock.set(Millis::from_seconds(-3600));
        let latest = fleet.clock.now().plus(Millis::from_seconds(3000));
        let next = within(async {
            loop {
                if let Ok(Event::Scraped(scrape)) = fleet.events.try_recv()
                    && count(&scrape) == 2 + set_back
                {
                    break scrape;
                }
                fleet.clock.advance(Millis(30));
                // What follows from it gets its turn, on other threads too: no scrape is to run into its timeout.
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        });
        assert!(next.await.at < latest);
    }
    fleet.stop().await;
}

#[tokio::test]
async fn a_target_that_is_dropped_is_gone_after_its_last_scrape() {
    let server = constant().await;
    let (stays, goes) = (target(&server, "stays"), target(&server, "goes"));
    let mut fleet = Fleet::start(&[&stays, &goes], 8);
    fleet.tick(&goes);
    while fleet.scrape().await.target != goes {}
    fleet.list(&[&stays]);
    let gone = loop {
        if let Event::Gone { target, at } = fleet.event().await {
            break (target, at);
        }
    };
    assert_eq!(gone, (goes, fleet.clock.now()));
    for _ in 0..3 {
        fleet.tick(&stays);
        let scrape = fleet.scrape().await;
        assert_eq!(scrape.target, stays);
    }
    fleet.metric("hydrophone_scrape_targets 1").await;
    fleet.stop().await;
}

#[tokio::test]
async fn a_target_whose_url_changes_is_not_gone() {
    let server = constant().await;
    let before = target(&server, "a");
    let after = Arc::new(Target { url: format!("{}?new=1", before.url), ..(*before).clone() });
    let mut fleet = Fleet::start(&[&before], 8);
    fleet.tick(&before);
    fleet.scrape().await;
    fleet.list(&[&after]);
    fleet.metric("hydrophone_scrape_targets 1").await;
    for _ in 0..2 {
        // The old loop's grid may come once more before it is told to end; what comes must be a scrape.
        fleet.tick(&after);
        while fleet.scrape().await.target != after {}
    }
    fleet.stop().await;
}

#[tokio::test]
async fn a_target_that_comes_back_is_scraped_again() {
    let server = constant().await;
    let target = target(&server, "a");
    let mut fleet = Fleet::start(&[&target], 8);
    fleet.tick(&target);
    fleet.scrape().await;
    for _ in 0..3 {
        fleet.list(&[]);
        while !matches!(fleet.event().await, Event::Gone { .. }) {}
        fleet.list(&[&target]);
        loop {
            // The clock moves on until the new loop is there to notice.
            fleet.tick(&target);
            tokio::select! {
                biased;
                event = fleet.events.recv() => {
                    assert!(matches!(event, Some(Event::Scraped(_))));
                    break;
                }
                () = tokio::task::yield_now() => {}
            }
        }
        // Scrapes that were on their way.
        while fleet.events.try_recv().is_ok() {}
    }
}

#[tokio::test]
async fn a_change_elsewhere_disturbs_no_loop_and_a_change_of_settings_is_followed() {
    let server = constant().await;
    let (one, other) = (target(&server, "one"), target(&server, "other"));
    let mut fleet = Fleet::start(&[&one], 8);
    fleet.tick(&one);
    assert_eq!(fleet.scrape().await.outcome.unwrap().unchanged, 0);
    fleet.list(&[&one, &other]);
    fleet.metric("hydrophone_scrape_targets 2").await;
    fleet.list(&[&one]);
    while !matches!(fleet.event().await, Event::Gone { .. }) {}
    fleet.tick(&one);
    assert_eq!(fleet.scrape().await.outcome.unwrap().unchanged, 1, "the memo survived");
    fleet.settings.send_replace(config(|scrape| scrape.limits.body_bytes_max = 10));
    let failure = loop {
        fleet.tick(&one);
        if let Err(failure) = fleet.scrape().await.outcome {
            break failure;
        }
    };
    assert_eq!(failure.kind, FailureKind::TooLarge);
    // Of a service that is no longer configured nothing is scraped, whatever the lists still say.
    fleet.settings.send_replace(Arc::new(Config::default()));
    while !matches!(fleet.event().await, Event::Gone { .. }) {}
    fleet.metric("hydrophone_scrape_targets 0").await;
}

#[tokio::test]
async fn a_full_queue_makes_the_scrape_wait_and_loses_nothing() {
    let server = counting().await;
    let target = target(&server, "a");
    let mut fleet = Fleet::start(&[&target], 1);
    fleet.tick(&target);
    server.requested(1).await;
    fleet.metric(r#"hydrophone_scrapes_total{service="shop",outcome="success"} 1"#).await;
    let second = loop {
        // The first may not have come to wait for its next tick yet.
        let due = fleet.tick(&target);
        if server.requests().len() == 2 {
            break due;
        }
        tokio::task::yield_now().await;
    };
    fleet.metric("hydrophone_scrape_queue_waits_total 1").await;
    fleet.clock.advance(Millis(5000));
    assert_eq!(count(&fleet.scrape().await), 1);
    let waited = fleet.scrape().await;
    assert_eq!(count(&waited), 2);
    assert!(waited.at <= second);
    fleet.stop().await;
}

#[tokio::test]
async fn shutdown_waits_for_a_scrape_in_flight_at_most_its_timeout() {
    let hanging = Server::start(|_| Reply::raw("").hanging()).await;
    let target = impatient(&hanging, "a", 1000);
    let mut fleet = Fleet::start(&[&target], 8);
    fleet.tick(&target);
    hanging.requested(1).await;
    fleet.shutdown.cancel();
    tokio::task::yield_now().await;
    assert!(fleet.tasks.try_join_next().is_none());
    fleet.clock.advance(Millis(1000));
    assert_eq!(fleet.scrape().await.outcome.unwrap_err().kind, FailureKind::Timeout);
    within(fleet.tasks.join_next()).await.unwrap().unwrap();
    assert!(fleet.events.recv().await.is_none());
}

#[tokio::test]
async fn a_connection_is_kept_while_bodies_are_small() {
    // 40 bytes, then six times 200 kB, then 40 bytes again.
    let asked = AtomicUsize::new(0);
    let server = Server::start(move |_| {
        let big = (4..10).contains(&asked.fetch_add(1, Ordering::SeqCst));
        let padding = " ".repeat(if big { 200 << 10 } else { 1 });
        Reply::ok(format!(r#"{{"aggregated_errors":[],{padding}"target_uuid":"u"}}"#))
    })
    .await;
    let target = target(&server, "a");
    let mut fleet = Fleet::start(&[&target], 4);
    let mut connections = Vec::new();
    for _ in 0..14 {
        fleet.tick(&target);
        assert!(fleet.scrape().await.outcome.is_ok());
        connections.push(server.connections());
    }
    // Nothing is known of the first body; and each time only the next request can say what the last body was like.
    assert_eq!(connections, [1, 2, 2, 2, 2, 2, 3, 4, 5, 6, 7, 8, 8, 8]);
    fleet.stop().await;
}
