//! Random lives of a small fleet against a plain model: whatever is thrown, scraped, restarted, sealed, crashed and
//! reopened, the store holds every exposed count once, and every way of asking adds up to the same.

mod clock;
mod mute;
mod rekey;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;

use prometheus_client::registry::Registry;
use tokio::sync::mpsc;

use super::batch::{Added, Batch};
use super::{Metrics, Settings, Writer};
use crate::clock::Clock;
use crate::model::exposition::{ExposedAggregate, Exposition};
use crate::model::label::Labels;
use crate::model::occurrence::{Exception, Occurrence};
use crate::model::scrape::{Event, Failure, FailureKind, Scrape};
use crate::model::series::{Buckets, Count};
use crate::model::severity::Severity;
use crate::model::target::Target;
use crate::model::time::{Millis, TimeRange, Timestamp};
use crate::store::{Hit, Retention, Scan, Split, Store};

const TARGETS: usize = 5;
const KEYS: usize = 4;
const INTERVAL: Millis = Millis::from_seconds(10);
const BEGIN: Timestamp = Timestamp(1_790_000_003_000);

#[derive(Debug, Clone)]
enum Step {
    /// Exceptions at a target.
    Throw {
        target: usize,
        key: usize,
        times: u64,
    },
    /// Time passes.
    Wait {
        seconds: i64,
    },
    Scrape {
        target: usize,
    },
    /// The same exposition once more.
    Fail {
        target: usize,
    },
    /// A new process at the same address.
    Restart {
        target: usize,
    },
    /// The counter of one key begins anew in the same process.
    Reset {
        target: usize,
        key: usize,
    },
    /// Discovery does not know the target any more, until it is scraped again.
    Drop {
        target: usize,
    },
    /// The clock is set, forwards or back.
    Set {
        by_ms: i64,
    },
    Seal,
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    proptest::collection::vec(step(), 1..120)
}

/// Somebody sets the clock, by hours or an hour for summer time, or it is slewed by less than a second.
fn steps_of_the_clock() -> impl Strategy<Value = Vec<Step>> {
    let set = prop_oneof![
        -900i64..900,
        prop_oneof![Just(-3_600_000i64), Just(3_600_000i64)],
        -40_000_000i64..40_000_000,
        -200_000_000i64..200_000_000,
    ];
    let step = prop_oneof![
        9 => step(),
        2 => set.prop_map(|by_ms| Step::Set { by_ms }),
    ];
    proptest::collection::vec(step, 1..120)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..TARGETS, 0..KEYS, 1u64..5000).prop_map(|(target, key, times)| Step::Throw { target, key, times }),
        5 => prop_oneof![Just(10i64), 1i64..60, 3000i64..100_000].prop_map(|seconds| Step::Wait { seconds }),
        9 => (0..TARGETS).prop_map(|target| Step::Scrape { target }),
        1 => (0..TARGETS).prop_map(|target| Step::Fail { target }),
        1 => (0..TARGETS).prop_map(|target| Step::Restart { target }),
        1 => (0..TARGETS, 0..KEYS).prop_map(|(target, key)| Step::Reset { target, key }),
        1 => (0..TARGETS).prop_map(|target| Step::Drop { target }),
        2 => Just(Step::Seal),
        2 => Just(Step::Reopen),
    ]
}

/// One process: what it counted, and what of that the model knows to be exposed.
#[derive(Debug, Clone, Default)]
struct Process {
    uuid: Option<String>,
    counts: BTreeMap<usize, Counter>,
}

/// A key's count, when it was created, and its samples with their times.
type Counter = (u64, i64, Vec<(String, i64)>);

fn listed(target: usize) -> Arc<Target> {
    let address = format!("host-{target}:80");
    Arc::new(Target {
        service: format!("service-{}", service(target)),
        labels: Labels::from_pairs([("instance", address.as_str()), ("zone", ["a", "b"][target % 2])]),
        discovered_labels: Labels::default(),
        url: format!("http://{address}/-/exceptions"),
        address,
        scrape_interval: INTERVAL,
        scrape_timeout: INTERVAL,
    })
}

struct Fleet {
    store: Option<Store>,
    directory: tempfile::TempDir,
    now: Timestamp,
    /// The earliest and the latest time that the clock showed.
    shown: TimeRange,
    processes: Vec<Process>,
    /// What the last exposition of (target or uuid, key) said.
    exposed: HashMap<(String, usize), (u64, i64)>,
    /// (service, key) → what the store must hold.
    truth: BTreeMap<(usize, usize), u64>,
    serial: u64,
}

fn service(target: usize) -> usize {
    target % 2
}

/// The last target sends no `target_uuid`.
fn identified(target: usize) -> bool {
    target + 1 < TARGETS
}

impl Fleet {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Some(Store::open(directory.path()).unwrap());
        let mut fleet = Self {
            store,
            directory,
            now: BEGIN,
            shown: TimeRange { start: BEGIN, end: BEGIN },
            processes: vec![Process::default(); TARGETS],
            exposed: HashMap::new(),
            truth: BTreeMap::new(),
            serial: 0,
        };
        for target in 0..TARGETS {
            fleet.restart(target);
        }
        fleet
    }

    fn store(&self) -> &Store {
        self.store.as_ref().unwrap()
    }

    fn restart(&mut self, target: usize) {
        self.serial += 1;
        let uuid = identified(target).then(|| format!("uuid-{}", self.serial));
        // A process is never born in the millisecond in which the one before it counted.
        self.now.0 += 1;
        self.processes[target] = Process { uuid, counts: BTreeMap::new() };
    }

    fn throw(&mut self, target: usize, key: usize, times: u64) {
        self.serial += 1;
        let now = self.now.0;
        let sample = (format!("sample-{}", self.serial), now);
        let process = &mut self.processes[target];
        let entry = process.counts.entry(key).or_insert((0, now, Vec::new()));
        entry.0 += times;
        entry.2.push(sample);
        let surplus = entry.2.len().saturating_sub(3);
        entry.2.drain(..surplus);
    }

    fn exposition(&self, target: usize) -> Exposition {
        let process = &self.processes[target];
        let aggregates = process.counts.iter().map(|(key, (total, created, samples))| ExposedAggregate {
            key: format!("Error@{key}"),
            total_count: *total,
            severity: Severity::Error,
            created_at: Some(Timestamp(*created)),
            occurrences: Some(samples.iter().map(|(uuid, at)| occurrence(uuid, *at)).collect()),
            ..ExposedAggregate::default()
        });
        Exposition { target_uuid: process.uuid.clone(), aggregates: aggregates.collect(), ..Exposition::default() }
    }

    fn scrape(&mut self, target: usize, outcome: Result<Exposition, Failure>) {
        self.now.0 += 1;
        let scrape = Scrape { target: listed(target), at: self.now, duration: Millis(3), body_bytes: 10, outcome };
        let store = self.store();
        let mut batch = Batch::new(store.draft());
        assert!(matches!(batch.add(scrape), Added::Yes(_)));
        let commit = batch.into_draft().finish();
        store.commit(commit).unwrap();
    }

    /// What a good scrape adds by the rules, told plainly.
    fn account(&mut self, target: usize) {
        let process = self.processes[target].clone();
        let name = process.uuid.clone().unwrap_or_else(|| format!("address-{target}"));
        for (key, (total, created, _)) in &process.counts {
            let before = self.exposed.insert((name.clone(), *key), (*total, *created));
            let delta = match before {
                Some((last, _)) if *total < last => *total,
                Some((_, born)) if process.uuid.is_none() && *created > born => *total,
                Some((last, _)) => total - last,
                None => *total,
            };
            *self.truth.entry((service(target), *key)).or_default() += delta;
        }
    }

    fn run(&mut self, step: &Step) {
        self.shown.start = self.shown.start.min(self.now);
        self.shown.end = self.shown.end.max(self.now.plus(Millis(10)));
        match *step {
            Step::Throw { target, key, times } => self.throw(target, key, times),
            Step::Wait { seconds } => self.now.0 += seconds * 1000,
            Step::Scrape { target } => {
                let exposition = self.exposition(target);
                self.scrape(target, Ok(exposition));
                self.account(target);
            }
            Step::Fail { target } => {
                let failure = Failure { kind: FailureKind::Connect, message: "refused".to_owned() };
                self.scrape(target, Err(failure));
            }
            Step::Restart { target } => self.restart(target),
            Step::Set { by_ms } => self.now.0 += by_ms,
            Step::Drop { target } => {
                let store = self.store();
                let mut draft = store.draft();
                if let Some(id) = draft.find_target(&listed(target)) {
                    draft.gone(id, self.now);
                }
                let commit = draft.finish();
                store.commit(commit).unwrap();
            }
            Step::Reset { target, key } => {
                self.now.0 += 1;
                self.processes[target].counts.remove(&key);
            }
            Step::Seal => {
                let before = (self.answers(), self.records());
                self.store().rest(self.now).unwrap();
                self.store().seal(self.now).unwrap();
                assert_eq!((self.answers(), self.records()), before, "sealing changed an answer");
            }
            Step::Reopen => {
                let before = (self.answers(), self.records());
                // Dropping is not needed for what is committed: nothing is written then.
                drop(self.store.take());
                self.store = Some(Store::open(self.directory.path()).unwrap());
                assert_eq!((self.answers(), self.records()), before, "reopening changed an answer");
            }
        }
    }

    fn buckets(&self) -> Vec<Buckets> {
        let (start, end) =
            (self.shown.start.minus(Millis(90_000_000)), self.shown.end.max(self.now).plus(Millis(60_000)));
        let length = end.since(start);
        let mut all = vec![Buckets::whole(TimeRange { start, end })];
        for step in
            [Millis::from_seconds(3600), Millis::from_seconds(86_400), Millis(1_234_567), Millis::from_seconds(10)]
        {
            for shift in [0, 1_800_000, 777] {
                let start = Timestamp(start.0.div_euclid(step.0) * step.0 - shift);
                let len = ((length.0 + shift) / step.0 + 3) as usize;
                all.push(Buckets { start, step, len: len.min(4000) });
            }
        }
        all
    }

    fn scan(&self, split: Split, buckets: Buckets) -> BTreeMap<(u32, u32, u32, usize), Count> {
        let mut counts: BTreeMap<(u32, u32, u32, usize), Count> = BTreeMap::new();
        let view = self.store().view().unwrap();
        let request = Scan { aggregates: None, targets: None, split, buckets };
        view.scan(&request, &mut |hit: Hit| {
            let key = (hit.service.0, hit.aggregate.0, hit.target.0, hit.bucket);
            counts.entry(key).or_default().add(hit.count);
        })
        .unwrap();
        counts
    }

    fn answers(&self) -> Vec<BTreeMap<(u32, u32, u32, usize), Count>> {
        let splits = [Split::Service, Split::Aggregate, Split::Target];
        let buckets = self.buckets();
        buckets.iter().flat_map(|buckets| splits.map(|split| self.scan(split, *buckets))).collect()
    }

    fn records(&self) -> Vec<String> {
        let view = self.store().view().unwrap();
        let mut records: Vec<String> = view.aggregates().iter().map(|aggregate| format!("{aggregate:?}")).collect();
        records.extend(view.targets().iter().map(|target| format!("{target:?}")));
        for aggregate in view.aggregates() {
            let occurrences = view.occurrences(aggregate.id, None, 1000).unwrap();
            records.push(format!("{occurrences:?}"));
        }
        records.extend(view.processes().into_iter().map(|id| format!("{:?}", view.process(id).unwrap())));
        let exposed: std::collections::BTreeSet<_> = view.exposed().collect();
        records.push(format!("{exposed:?} {}", view.statistics().baselines));
        records
    }

    fn check(&self) {
        let view = self.store().view().unwrap();
        let mut totals = BTreeMap::new();
        for aggregate in view.aggregates() {
            let service: usize = view.services()[aggregate.service.0 as usize].name[8..].parse().unwrap();
            let key: usize = aggregate.key[6..].parse().unwrap();
            totals.insert((service, key), aggregate.total);
            assert!(aggregate.first_seen <= aggregate.last_seen);
        }
        drop(view);
        let truth: BTreeMap<_, _> =
            self.truth.iter().filter(|(_, count)| **count > 0).map(|(key, count)| (*key, *count)).collect();
        totals.retain(|_, count| *count > 0);
        assert_eq!(totals, truth);
        let sum: u64 = truth.values().sum();
        for buckets in self.buckets().iter().filter(|buckets| buckets.len < 4000) {
            let sums = [Split::Service, Split::Aggregate, Split::Target].map(|split| {
                let counts = self.scan(split, *buckets);
                assert!(counts.values().all(|count| count.estimated <= count.total));
                let mut by_bucket = vec![Count::default(); buckets.len];
                for ((_, _, _, bucket), count) in counts {
                    by_bucket[bucket].add(count);
                }
                by_bucket
            });
            assert_eq!(sums[0], sums[1]);
            assert_eq!(sums[1], sums[2]);
            assert_eq!(sums[0].iter().map(|count| count.total).sum::<u64>(), sum, "{buckets:?}");
            let view = self.store().view().unwrap();
            for coverage in view.coverage(None, buckets).unwrap() {
                assert!(Millis(0) <= coverage.watched && coverage.watched <= coverage.expected, "{coverage:?}");
            }
        }
        let view = self.store().view().unwrap();
        for target in view.targets() {
            let spans = view.target_history(target.id, self.shown).unwrap();
            assert!(spans.iter().all(|span| span.from <= span.to), "{spans:?}");
            assert!(spans.windows(2).all(|spans| spans[0].to <= spans[1].from), "{spans:?}");
        }
        drop(view);
        let mut found = Vec::new();
        self.store().verify(&mut |finding| found.push(finding.to_string())).unwrap();
        assert_eq!(found, [""; 0]);
    }
}

fn occurrence(uuid: &str, at: i64) -> Occurrence {
    Occurrence {
        uuid: uuid.to_owned(),
        timestamp: Some(Timestamp(at)),
        severity: Severity::Error,
        exception: Exception { class: "Error".to_owned(), message: "broken".to_owned(), ..Exception::default() },
        http: None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, max_shrink_iters: 400, ..ProptestConfig::default() })]

    #[test]
    fn every_exposed_count_is_held_once_whatever_happens(steps in steps()) {
        let mut fleet = Fleet::new();
        for step in &steps {
            fleet.run(step);
        }
        fleet.check();
        fleet.run(&Step::Wait { seconds: 100_000 });
        fleet.run(&Step::Seal);
        fleet.run(&Step::Reopen);
        fleet.check();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, max_shrink_iters: 400, ..ProptestConfig::default() })]

    #[test]
    fn however_the_clock_is_set_counts_are_exact_and_no_span_is_negative(steps in steps_of_the_clock()) {
        let mut fleet = Fleet::new();
        for step in &steps {
            fleet.run(step);
        }
        fleet.check();
        // Once the clock is right everything is sealed as ever.
        let late = fleet.shown.end.since(fleet.now);
        fleet.run(&Step::Set { by_ms: late.0 + 100_000_000 });
        fleet.run(&Step::Seal);
        fleet.run(&Step::Reopen);
        fleet.check();
    }
}

fn a_month() -> Retention {
    let month = Millis::from_seconds(30 * 86_400);
    Retention { time: month, rollups: month, targets: month, occurrences: month, activity: month, instances: month }
}

#[test]
fn retention_leaves_what_is_young_enough() {
    let mut fleet = Fleet::new();
    fleet.throw(0, 0, 7);
    fleet.run(&Step::Scrape { target: 0 });
    fleet.run(&Step::Wait { seconds: 40 * 86_400 });
    fleet.throw(0, 0, 5);
    fleet.run(&Step::Scrape { target: 0 });
    fleet.run(&Step::Seal);
    let retention = a_month();
    fleet.store().retain(fleet.now, &retention).unwrap();
    let whole = fleet.buckets()[0];
    let left: u64 = fleet.scan(Split::Service, whole).values().map(|count| count.total).sum();
    // The second delta covers forty days: it is one span that reaches into the time that is kept.
    assert_eq!(left, 5);
    fleet.run(&Step::Reopen);
}

#[tokio::test]
async fn shorter_retention_does_not_wait_for_its_hour() {
    let mut fleet = Fleet::new();
    fleet.throw(0, 0, 1);
    fleet.run(&Step::Scrape { target: 0 });
    fleet.run(&Step::Wait { seconds: 10 * 86_400 });
    // The clock shows what it should.
    fleet.run(&Step::Fail { target: 0 });
    let store = Arc::new(fleet.store.take().unwrap());
    let clock = Clock::mock(fleet.now);
    let settings =
        |days: i64| Settings::unlimited(Retention { occurrences: Millis::from_seconds(days * 86_400), ..a_month() });
    let (events, received) = mpsc::channel(1);
    let metrics = Metrics::new(&mut Registry::default());
    let (runner, writer) = Writer::new(Arc::clone(&store), clock.clone(), settings(30), metrics, received);
    let configure = async {
        assert_eq!(store.partitions().unwrap().len(), 1);
        writer.configure(settings(5)).await.unwrap();
        clock.advance(Millis::from_seconds(60));
        let mut waited = 0;
        while !store.partitions().unwrap().is_empty() {
            assert!(waited < 500, "the day is still there");
            waited += 1;
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        drop(events);
    };
    let (ran, ()) = tokio::join!(runner.run(), configure);
    ran.unwrap();
}

#[tokio::test]
async fn a_commit_has_no_more_than_its_share_of_memory() {
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(Store::open(&directory.path().join("data")).unwrap());
    let retention = a_month();
    let (events, received) = mpsc::channel(TARGETS);
    let metrics = Metrics::new(&mut Registry::default());
    let settings = Settings::unlimited(retention);
    let (runner, _writer) = Writer::new(store, Clock::mock(BEGIN), settings, metrics.clone(), received);
    for target in 0..TARGETS {
        // Twelve megabytes without a sample.
        let aggregates = (0..3).map(|key| ExposedAggregate {
            key: format!("{key}").repeat(4 << 20),
            total_count: 1,
            ..ExposedAggregate::default()
        });
        let exposition = Exposition { aggregates: aggregates.collect(), ..Exposition::default() };
        let (target, outcome) = (listed(target), Ok(exposition));
        let scrape = Scrape { target, at: BEGIN, duration: Millis(1), body_bytes: 1, outcome };
        events.try_send(Event::Scraped(scrape)).unwrap();
    }
    drop(events);
    runner.run().await.unwrap();
    assert_eq!(metrics.commits.get(), 2, "three scrapes, and then two");
}

#[test]
fn samples_are_stored_once_however_often_they_are_exposed() {
    let mut fleet = Fleet::new();
    fleet.throw(0, 0, 1);
    for _ in 0..5 {
        fleet.run(&Step::Wait { seconds: 10 });
        fleet.run(&Step::Scrape { target: 0 });
        fleet.run(&Step::Reopen);
    }
    let view = fleet.store().view().unwrap();
    let id = view.aggregates()[0].id;
    assert_eq!(view.occurrences(id, None, 10).unwrap().len(), 1);
    drop(view);
    assert!(Path::new(fleet.directory.path()).join("hydrophone.redb").is_file());
}

#[test]
fn a_process_that_was_away_for_hours_is_counted_on_from_where_it_was() {
    let mut fleet = Fleet::new();
    let away = [0, TARGETS - 1];
    let resting = |fleet: &Fleet| fleet.store().view().unwrap().statistics().resting_instances;
    for round in 0..4 {
        for target in away {
            fleet.throw(target, 0, 5);
            fleet.run(&Step::Scrape { target });
            // Seen again, with what it exposed before and no more.
            fleet.run(&Step::Scrape { target });
        }
        fleet.check();
        assert_eq!(resting(&fleet), 0, "round {round}");
        fleet.run(&Step::Wait { seconds: 20_000 });
        fleet.run(&Step::Scrape { target: 1 });
        fleet.run(&Step::Seal);
        if round % 2 == 1 {
            fleet.run(&Step::Reopen);
        }
        assert_eq!(resting(&fleet), 2, "round {round}");
        fleet.check();
    }
    let view = fleet.store().view().unwrap();
    let samples: usize = view.aggregates().iter().map(|one| view.occurrences(one.id, None, 100).unwrap().len()).sum();
    assert_eq!(samples, 2 * 4, "no sample came twice");
}

#[test]
fn a_day_that_was_over_before_the_clock_was_set_back_is_summed_up_again() {
    let mut fleet = Fleet::new();
    fleet.run(&Step::Set { by_ms: -27_037_078 });
    fleet.throw(0, 0, 1);
    fleet.run(&Step::Scrape { target: 0 });
    fleet.run(&Step::Set { by_ms: 7_734_071 });
    fleet.run(&Step::Wait { seconds: 54_561 });
    fleet.run(&Step::Seal);
    fleet.run(&Step::Set { by_ms: -38_171_002 });
    fleet.throw(4, 0, 1);
    fleet.run(&Step::Scrape { target: 4 });
    // A minute before what the clock showed when the day was summed up: it is not over yet.
    fleet.run(&Step::Wait { seconds: 38_111 });
    fleet.run(&Step::Seal);
    fleet.check();
    fleet.run(&Step::Wait { seconds: 40_000 });
    fleet.run(&Step::Scrape { target: 4 });
    fleet.run(&Step::Wait { seconds: 40_000 });
    fleet.run(&Step::Seal);
    fleet.check();
}

#[test]
fn a_commit_around_midnight_keeps_the_samples_of_both_days() {
    let mut fleet = Fleet::new();
    let midnight = Timestamp((BEGIN.0 / 86_400_000 + 1) * 86_400_000);
    fleet.throw(0, 0, 1);
    fleet.throw(1, 1, 1);
    let expositions = [fleet.exposition(0), fleet.exposition(1)];
    let mut batch = Batch::new(fleet.store().draft());
    for ((target, exposition), at) in expositions.into_iter().enumerate().zip([midnight.0 - 1, midnight.0 + 1]) {
        let outcome = Ok(exposition);
        let at = Timestamp(at);
        let scrape = Scrape { target: listed(target), at, duration: Millis(3), body_bytes: 10, outcome };
        assert!(matches!(batch.add(scrape), Added::Yes(_)));
    }
    let commit = batch.into_draft().finish();
    fleet.store().commit(commit).unwrap();
    fleet.now = midnight.plus(Millis(5));
    for _ in 0..2 {
        let view = fleet.store().view().unwrap();
        for aggregate in view.aggregates() {
            assert_eq!(view.occurrences(aggregate.id, None, 10).unwrap().len(), 1, "{}", aggregate.key);
        }
        assert_eq!(view.aggregates().len(), 2);
        drop(view);
        fleet.run(&Step::Reopen);
    }
}
