//! What does triage cost where there is much of it: 100,000 aggregates with five labels of 50 values each, and a million activities?
//!
//! A bulk edit of half of them and its undo, how long a reader waits meanwhile, opening the store, listing what happened, and
//! retention that finds nothing to forget. CPU time but for what waits: that is wall time, and says as much about the neighbours.

use std::hint::black_box;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cpu::CpuTime;
use criterion::{BatchSize, Criterion, SamplingMode, criterion_group};
use hydrophone::clock::Clock;
use hydrophone::ingest::{Added, Batch};
use hydrophone::model::activity::Reason;
use hydrophone::model::aggregate_set::AggregateSet;
use hydrophone::model::exposition::{ExposedAggregate, Exposition};
use hydrophone::model::id::AggregateId;
use hydrophone::model::label::Labels;
use hydrophone::model::scrape::Scrape;
use hydrophone::model::severity::Severity;
use hydrophone::model::target::Target;
use hydrophone::model::time::{Millis, Timestamp};
use hydrophone::model::triage::{Change, LabelChange, Period, State, Turn};
use hydrophone::store::{Edit, Retention, Store, Task};

mod cpu;

const AGGREGATES: u32 = 100_000;
const SERVICES: u32 = 10;
const BULK: u32 = 50_000;
const ACTIVITIES: u32 = 1_000_000;
/// Values of each label.
const VALUES: u32 = 10;
const LABELS: [&str; 5] = ["team", "tier", "area", "component", "owner"];
const BEGIN: Timestamp = Timestamp(1_795_132_800_000);
const INTERVAL: Millis = Millis::from_seconds(10);
const EVER: Millis = Millis::from_seconds(3650 * 86_400);
/// Before a directory that is to be opened and no more.
const OPEN: &str = "--open=";
const RETENTION: Retention =
    Retention { time: EVER, rollups: EVER, targets: EVER, occurrences: EVER, activity: EVER, instances: EVER };

/// One scrape of each service, in which `moved` of its aggregates count `total`.
fn scrape(store: &Store, at: Timestamp, total: u64, moved: u32) {
    let mut batch = Batch::new(store.draft());
    for service in 0..SERVICES {
        let address = format!("10.0.0.{service}:80");
        let target = Arc::new(Target {
            service: format!("service-{service}"),
            labels: Labels::from_pairs([("instance", address.as_str())]),
            discovered_labels: Labels::default(),
            url: format!("http://{address}/-/exceptions"),
            address: address.clone(),
            scrape_interval: INTERVAL,
            scrape_timeout: INTERVAL,
        });
        let aggregates = (0..moved).map(|key| ExposedAggregate {
            key: format!("java.lang.IllegalStateException@{key:08x}"),
            total_count: total,
            severity: Severity::Error,
            created_at: None,
            occurrences: None,
            ..ExposedAggregate::default()
        });
        let exposition =
            Exposition { target_uuid: Some(address), aggregates: aggregates.collect(), ..Exposition::default() };
        let scrape = Scrape { target, at, duration: Millis(5), body_bytes: 1, outcome: Ok(exposition) };
        assert!(matches!(batch.add(scrape), Added::Yes(_)));
    }
    store.commit(batch.into_draft().finish()).unwrap();
}

fn commit(store: &Store, edits: impl IntoIterator<Item = (Reason, Task)>) -> Option<u64> {
    let mut draft = store.draft();
    for (reason, task) in edits {
        draft.edit(Edit { at: BEGIN, actor: Some("ada".to_owned()), reason, task });
    }
    let commit = draft.finish();
    let edited = store.commit(commit).unwrap().edited;
    edited.into_iter().filter_map(|edited| edited.unwrap().activity).next_back()
}

fn change(aggregates: AggregateSet, change: impl Into<Change>) -> Task {
    Task::Change { aggregates, change: change.into(), revision: None }
}

/// Every second one.
fn half() -> AggregateSet {
    (0..BULK).map(|number| AggregateId(number * (AGGREGATES / BULK))).collect()
}

/// Labels by rules, such that each value of each has a tenth.
fn label(store: &Store) {
    let labels = (0..VALUES * VALUES).map(|number| {
        let value =
            |place: usize| format!("value-{}", if place.is_multiple_of(2) { number % VALUES } else { number / VALUES });
        let ruled = LABELS.into_iter().enumerate().map(|(place, name)| (name, value(place)));
        let aggregates = (0..AGGREGATES).filter(|id| id % (VALUES * VALUES) == number).map(AggregateId);
        (Labels::from_pairs(ruled), aggregates.collect())
    });
    commit(store, [(Reason::Rule, Task::Rule { labels: labels.collect(), rules: 1 })]);
}

/// A million changes of one aggregate each, a thousand in a commit.
fn live(store: &Store) {
    for first in (0..ACTIVITIES).step_by(1000) {
        let edits = (first..first + 1000).map(|number| {
            let state = [State::Resolved, State::Open][(number / AGGREGATES % 2) as usize];
            let aggregates = [AggregateId(number % AGGREGATES)].into_iter().collect();
            (Reason::Edit, change(aggregates, Turn::from(state)))
        });
        commit(store, edits);
    }
}

fn anonymous_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// How long the slowest of a reader's views took while `work` ran, and how long that was.
fn beside<R>(store: &Store, work: impl FnOnce() -> R) -> (Duration, Duration) {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut slowest = Duration::ZERO;
            while !done.load(Ordering::Relaxed) {
                let begin = Clock::system().stopwatch();
                black_box(store.view().unwrap().sets().state(State::Open).len());
                slowest = slowest.max(Duration::from_secs_f64(begin.seconds()));
            }
            slowest
        });
        let begin = Clock::system().stopwatch();
        black_box(work());
        let took = Duration::from_secs_f64(begin.seconds());
        done.store(true, Ordering::Relaxed);
        (reader.join().unwrap(), took)
    })
}

fn waits(store: &Store) {
    let turns = [Turn::Resolve, Turn::Open, Turn::Mute(Period::Escalation), Turn::Open];
    let mut slowest: Vec<[Duration; 4]> = Vec::new();
    for (number, turn) in (2..).zip(turns.into_iter().cycle().take(8)) {
        let (idle, _) = beside(store, || std::thread::sleep(Duration::from_millis(200)));
        let mut activity = None;
        let (bulk, took) = beside(store, || activity = commit(store, [(Reason::Bulk, change(half(), turn.clone()))]));
        let (scraped, _) = beside(store, || {
            scrape(store, BEGIN.plus(Millis(INTERVAL.0 * number)), number.unsigned_abs(), 100);
        });
        slowest.push([idle, bulk, scraped, took]);
    }
    let median = |place: usize| {
        let mut of: Vec<Duration> = slowest.iter().map(|slowest| slowest[place]).collect();
        of.sort_unstable();
        of[of.len() / 2].as_secs_f64() * 1000.0
    };
    println!(
        "a reader's slowest view, median of 8: {:.1} ms while nothing is written, {:.1} ms beside a scrape of 1,000 changes, \
         {:.1} ms beside a bulk edit of {:.0} ms",
        median(0),
        median(2),
        median(1),
        median(3)
    );
}

fn edits(criterion: &mut Criterion<CpuTime>, store: &Store) {
    let mut group = criterion.benchmark_group("triage");
    group.sample_size(10).sampling_mode(SamplingMode::Flat);
    let mut states = [State::Resolved, State::Muted, State::Open].into_iter().cycle();
    group.bench_function("bulk edit of the state of 50,000 aggregates, durable", |bencher| {
        bencher.iter_batched(
            || change(half(), Turn::from(states.next().unwrap())),
            |task| commit(store, [(Reason::Bulk, task)]),
            BatchSize::PerIteration,
        );
    });
    let mut number = 0;
    group.bench_function("bulk edit of a label of 50,000 aggregates, durable", |bencher| {
        bencher.iter_batched(
            || {
                number += 1;
                let labels = vec![("team".to_owned(), LabelChange::Set(format!("team-{}", number % 7)))];
                change(half(), Change { labels, ..Change::default() })
            },
            |task| commit(store, [(Reason::Bulk, task)]),
            BatchSize::PerIteration,
        );
    });
    group.bench_function("undo of the edit of 50,000 aggregates, durable", |bencher| {
        bencher.iter_batched(
            || {
                number += 1;
                let until = Period::Until(BEGIN.plus(Millis(i64::from(number))));
                commit(store, [(Reason::Bulk, change(half(), Turn::Mute(until)))]).unwrap()
            },
            |activity| commit(store, [(Reason::Undo(activity), Task::Undo { activity })]),
            BatchSize::PerIteration,
        );
    });
    let mut id = 0;
    group.bench_function("edit of one aggregate, durable", |bencher| {
        bencher.iter_batched(
            || {
                id = (id + 7919) % AGGREGATES;
                let note = Some(Some(format!("note {id}")));
                change([AggregateId(id)].into_iter().collect(), Change { note, ..Change::default() })
            },
            |task| commit(store, [(Reason::Edit, task)]),
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

fn reads(criterion: &mut Criterion<CpuTime>, store: &Store) {
    let mut group = criterion.benchmark_group("triage");
    let mut id = 0;
    group.bench_function("100 newest activities of one of 100,000 aggregates", |bencher| {
        bencher.iter(|| {
            id = (id + 7919) % AGGREGATES;
            store.view().unwrap().activities_of(AggregateId(id), None, 100).unwrap()
        });
    });
    for (name, before) in [("100 newest activities", None), ("100 activities after half a million", Some(500_000))] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let mut left = 100;
                let visit = &mut |activity| {
                    black_box(activity);
                    left -= 1;
                    if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                };
                store.view().unwrap().activities(before, visit).unwrap();
            });
        });
    }
    group.sample_size(10);
    group.bench_function("retention that finds nothing to forget", |bencher| {
        bencher.iter(|| store.retain(BEGIN, &RETENTION).unwrap());
    });
    group.finish();
}

fn database_mb(directory: &Path) -> u64 {
    std::fs::metadata(directory.join("hydrophone.redb")).unwrap().len() >> 20
}

/// Opens the store in a process of its own; how long that took, and what memory it has then.
fn in_a_process(directory: &Path) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let output = command.arg(format!("{OPEN}{}", directory.display())).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

fn open(directory: &str) {
    let begin = Clock::system().stopwatch();
    let store = Store::open(Path::new(directory)).unwrap();
    print!("{:.0} ms, {} MB of memory", begin.seconds() * 1000.0, anonymous_kib() >> 10);
    drop(store);
}

fn main() {
    if let Some(directory) = std::env::args().find_map(|argument| argument.strip_prefix(OPEN).map(str::to_owned)) {
        return open(&directory);
    }
    benches();
    Criterion::default().configure_from_args().final_summary();
}

fn triage(criterion: &mut Criterion<CpuTime>) {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    scrape(&store, BEGIN.plus(INTERVAL), 1, AGGREGATES / SERVICES);
    store.seal(BEGIN.plus(EVER)).unwrap();
    for (what, change) in [("aggregates", None), ("labelled", Some(label as fn(&Store))), ("lived", Some(live))] {
        if let Some(change) = change {
            change(&store);
        }
        drop(store);
        let (opened, bytes) = (in_a_process(directory.path()), database_mb(directory.path()));
        println!("{what:>10}: opened in {opened}, {bytes} MB on disk");
        store = Store::open(directory.path()).unwrap();
    }
    waits(&store);
    reads(criterion, &store);
    edits(criterion, &store);
    drop(store);
    let mut group = criterion.benchmark_group("triage");
    group.sample_size(10);
    group.bench_function("open 100,000 triaged aggregates with a million activities", |bencher| {
        bencher.iter(|| Store::open(directory.path()).unwrap());
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = cpu::criterion();
    targets = triage
}
