//! What is foretold of a fleet that goes on as it did, and what then happens.

use std::sync::Arc;

use tempfile::TempDir;

use crate::ingest::{Added, Batch};
use crate::model::exposition::{ExposedAggregate, Exposition};
use crate::model::label::Labels;
use crate::model::occurrence::{Exception, Occurrence};
use crate::model::scrape::Scrape;
use crate::model::severity::Severity;
use crate::model::target::Target;
use crate::model::time::{Millis, Timestamp};
use crate::store::{Limits, Outlook, Part, Retention, Sizes, Store};

const HOUR: Millis = Millis::from_seconds(3600);
const DAY: Millis = Millis::from_seconds(86_400);
/// 2026-09-14, in the middle of a window.
const BEGIN: Timestamp = Timestamp(20_710 * DAY.0 + HOUR.0);
const KEYS: u64 = 60;
const TARGETS: u64 = 3;

fn days(days: i64) -> Millis {
    Millis(days * DAY.0)
}

fn kept(days: Millis) -> Retention {
    Retention { time: days, rollups: days, targets: days, occurrences: days, activity: days, instances: days }
}

/// Three targets at which the same happens each hour, in a new process each day.
struct Life {
    directory: TempDir,
    store: Store,
    hours: i64,
}

impl Life {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("data")).unwrap();
        Self { directory, store, hours: 0 }
    }

    fn now(&self) -> Timestamp {
        BEGIN.plus(Millis(self.hours * HOUR.0))
    }

    fn reopen(self) -> Self {
        let Self { directory, store, hours } = self;
        drop(store);
        let store = Store::open(&directory.path().join("data")).unwrap();
        Self { directory, store, hours }
    }

    fn hour(&mut self) {
        self.hours += 1;
        let at = self.now();
        let mut batch = Batch::new(self.store.draft());
        for target in 0..TARGETS {
            let process = self.hours / 24;
            // Processes have run for a month when they are seen first.
            let lived = (self.hours - process * 24 + i64::from(process == 0) * 720) as u64;
            let aggregates = (0..KEYS).map(|key| ExposedAggregate {
                key: format!("Key{key}@1"),
                total_count: lived * (1 + key % 7),
                severity: Severity::Error,
                created_at: Some(if process == 0 { BEGIN.minus(days(30)) } else { at }),
                occurrences: Some(samples(self.hours, target, key, at)),
                ..ExposedAggregate::default()
            });
            let exposition = Exposition {
                target_uuid: Some(format!("process-{target}-{process}")),
                aggregates: aggregates.collect(),
                ..Exposition::default()
            };
            let address = format!("host-{target}:80");
            let target = Target {
                service: "shop".to_owned(),
                labels: Labels::from_pairs([("instance", address.as_str())]),
                discovered_labels: Labels::default(),
                url: format!("http://{address}/"),
                address,
                scrape_interval: HOUR,
                scrape_timeout: Millis::from_seconds(10),
            };
            let scrape =
                Scrape { target: Arc::new(target), at, duration: Millis(1), body_bytes: 1, outcome: Ok(exposition) };
            assert!(matches!(batch.add(scrape), Added::Yes(_)));
        }
        self.store.commit(batch.into_draft().finish()).unwrap();
        self.store.seal(at).unwrap();
    }

    fn run(&mut self, days: i64, retention: &Retention) {
        for _ in 0..days * 24 {
            self.hour();
            self.store.retain(self.now(), retention).unwrap();
        }
    }

    fn sizes(&self) -> Sizes {
        self.store.survey(&Limits::NONE).unwrap().sizes
    }

    fn outlook(&self, retention: &Retention, limits: &Limits) -> Option<Outlook> {
        self.store.outlook(self.now(), &self.sizes(), retention, limits).unwrap()
    }
}

/// A new one an hour, and many where a process is seen first.
fn samples(hours: i64, target: u64, key: u64, at: Timestamp) -> Vec<Occurrence> {
    let count = if hours == 1 { 10 } else { 1 };
    let sample = |number: u64| Occurrence {
        uuid: format!("{hours}-{target}-{key}-{number}"),
        timestamp: Some(at),
        severity: Severity::Error,
        exception: Exception {
            class: "Broken".to_owned(),
            // What does not compress well.
            message: (0..12).fold(String::new(), |text, word| {
                let seed = (hours as u64 * 1009 + target * 131 + key * 17 + number * 7 + word)
                    .wrapping_mul(0x9e37_79b9_7f4a_7c15);
                text + &format!("{seed:016x}")
            }),
            ..Exception::default()
        },
        http: None,
    };
    (0..count).map(sample).collect()
}

fn growth(outlook: &Outlook, part: Part) -> f64 {
    outlook.parts.iter().find(|growth| growth.part == part).unwrap().bytes_per_day
}

fn all(outlook: &Outlook) -> f64 {
    outlook.parts.iter().map(|growth| growth.bytes_per_day).sum()
}

#[test]
fn a_limit_is_reached_when_it_was_foretold() {
    let (mut life, years) = (Life::new(), kept(days(800)));
    life.run(5, &years);
    let before = life.sizes().used() as f64;
    let limits = Limits { total: (before * 2.2) as u64, ..Limits::NONE };
    let outlook = life.outlook(&years, &limits).unwrap();
    let reached = outlook.limit_reached.unwrap().since(life.now());
    let length = reached.0 as f64 / DAY.0 as f64;
    assert!((3.0..8.0).contains(&length), "in {length} days");
    life = life.reopen();
    let again = life.outlook(&years, &limits).unwrap();
    assert_eq!(
        (again.limit_reached, again.parts),
        (outlook.limit_reached, outlook.parts.clone()),
        "nothing is forgotten"
    );
    // As long as was foretold, and then it is.
    let earlier = reached.0 / HOUR.0;
    for hour in 0..earlier {
        let is_over = life.store.survey(&limits).unwrap().is_over;
        assert!(!is_over || hour as f64 > earlier as f64 * 0.95, "{hour} of {earlier} hours");
        life.hour();
    }
    for _ in 0..earlier / 20 {
        life.hour();
    }
    assert!(life.store.survey(&limits).unwrap().is_over);
    let gained = life.sizes().used() as f64 - before;
    let told = all(&outlook) * (earlier + earlier / 20) as f64 / 24.0;
    assert!((gained / told - 1.0).abs() < 0.05, "{gained} bytes came and {told} were foretold");
    // It is there, so it is not to come.
    let outlook = life.outlook(&years, &limits).unwrap();
    assert_eq!((outlook.limit_reached, outlook.disk_full), (Some(life.now()), None));
}

#[test]
fn what_goes_by_age_stops_growing_and_a_limit_above_that_is_never_reached() {
    let (mut life, week) = (Life::new(), kept(days(8)));
    life.run(5, &week);
    let young = life.outlook(&week, &Limits::NONE).unwrap();
    let foretold: f64 = [Part::Samples, Part::Counts].iter().map(|part| growth(&young, *part)).sum();
    // In three days the oldest are eight days old.
    let most = life.sizes().used() as f64 + all(&young) * 4.0;
    let limit = |bytes: f64| Limits { total: (bytes / 0.96) as u64, ..Limits::NONE };
    assert_eq!(life.outlook(&week, &limit(most)).unwrap().limit_reached, None);
    assert!(life.outlook(&week, &limit(most * 0.8)).unwrap().limit_reached.is_some());
    life.run(6, &week);
    let used = life.sizes().used() as f64;
    assert!((most * 0.8..most).contains(&used), "{used} of {most}");
    let old = life.outlook(&week, &Limits::NONE).unwrap();
    let left: f64 = [Part::Samples, Part::Counts].iter().map(|part| growth(&old, *part)).sum();
    assert!(left.abs() < foretold * 0.1, "{left} of {foretold}");
}

#[test]
fn nothing_is_foretold_before_it_is_known() {
    let (mut life, years) = (Life::new(), kept(days(800)));
    assert_eq!(life.outlook(&years, &Limits::NONE), None);
    let mut known = None;
    for hour in 1..=8 {
        life.hour();
        let outlook = life.outlook(&years, &Limits::NONE);
        known = known.or(outlook.map(|outlook| (hour, outlook)));
    }
    let (hour, first) = known.unwrap();
    assert!(
        (6..=7).contains(&hour),
        "{hour} hours: two windows and the time that the last of them waits for late scrapes"
    );
    life.run(3, &years);
    let later = life.outlook(&years, &Limits::NONE).unwrap();
    // What the first scrape found is not taken for what an hour brings.
    for part in [Part::Counts, Part::Samples] {
        let (early, late) = (growth(&first, part), growth(&later, part));
        assert!((0.6..1.7).contains(&(early / late)), "{part:?}: {early} and {late}");
    }
}
