//! How long a commit takes that is durable, and how soon a killed server is ready again.

use std::sync::Arc;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use hydrophone::demo::Fleet;
use hydrophone::ingest::{Added, Batch};
use hydrophone::model::exposition::{ExposedAggregate, Exposition};
use hydrophone::model::label::Labels;
use hydrophone::model::occurrence::{Exception, Occurrence};
use hydrophone::model::scrape::{Event, Scrape};
use hydrophone::model::severity::Severity;
use hydrophone::model::target::Target;
use hydrophone::model::time::{Millis, Timestamp};
use hydrophone::store::Store;

const INTERVAL: Millis = Millis::from_seconds(10);
const BEGIN: Timestamp = Timestamp(1_795_132_800_000);

/// A cycle in which 500 of 10,000 aggregates moved, each with a new sample.
fn commit(criterion: &mut Criterion) {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    let mut step = 0;
    let mut scrape = |moved: std::ops::Range<u64>| {
        step += 1;
        cycle(step, moved)
    };
    apply(&store, scrape(0..10_000));
    let mut first = 0;
    criterion.bench_function("commit of 500 changed aggregates, durable", |bencher| {
        bencher.iter_batched(
            || {
                first = (first + 500) % 10_000;
                let mut batch = Batch::new(store.draft());
                assert!(matches!(batch.add(scrape(first..first + 500), u64::MAX), Added::Yes(_)));
                batch.into_draft().finish()
            },
            |commit| store.commit(commit).unwrap(),
            BatchSize::PerIteration,
        );
    });
}

/// Opening a directory as a killed server leaves it, with a day of the demo fleet in the log.
fn open(criterion: &mut Criterion) {
    let directory = tempfile::tempdir().unwrap();
    let day = Millis::from_seconds(86_400);
    {
        let store = Store::open(directory.path()).unwrap();
        let mut fleet = Fleet::aged(1, BEGIN, day);
        for event in fleet.history(BEGIN.minus(day), BEGIN, Millis::from_seconds(60)) {
            if let Event::Scraped(scrape) = event {
                apply(&store, scrape);
            }
        }
    }
    criterion.bench_function("open with a day of the demo fleet unsealed", |bencher| {
        bencher.iter(|| Store::open(directory.path()).unwrap());
    });
}

fn apply(store: &Store, scrape: Scrape) {
    let mut batch = Batch::new(store.draft());
    assert!(matches!(batch.add(scrape, u64::MAX), Added::Yes(_)));
    let commit = batch.into_draft().finish();
    store.commit(commit).unwrap();
}

fn cycle(step: u64, moved: std::ops::Range<u64>) -> Scrape {
    let at = BEGIN.plus(Millis(INTERVAL.0 * step as i64));
    let aggregates = moved.map(|key| ExposedAggregate {
        key: format!("java.lang.IllegalStateException@{key:08x}"),
        total_count: step,
        severity: Severity::Error,
        created_at: Some(BEGIN),
        occurrences: Some(vec![Occurrence {
            uuid: format!("5f0c7a1e-{key:04x}-4000-8000-{step:012x}"),
            timestamp: Some(at),
            severity: Severity::Error,
            exception: Exception {
                class: "java.lang.IllegalStateException".to_owned(),
                message: format!("order {key} can not be shipped twice, request {step:016x}"),
                ..Exception::default()
            },
            http: None,
        }]),
    });
    let target = Target {
        service: "bench".to_owned(),
        labels: Labels::from_pairs([("instance", "127.0.0.1:9000")]),
        discovered_labels: Labels::default(),
        address: "127.0.0.1:9000".to_owned(),
        url: "http://127.0.0.1:9000/-/exceptions".to_owned(),
        scrape_interval: INTERVAL,
        scrape_timeout: INTERVAL,
    };
    let exposition =
        Exposition { target_uuid: Some("one".to_owned()), aggregates: aggregates.collect(), ..Exposition::default() };
    Scrape { target: Arc::new(target), at, duration: Millis(5), body_bytes: 1, outcome: Ok(exposition) }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(60);
    targets = commit, open
}
criterion_main!(benches);
