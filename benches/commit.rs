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

/// A cycle in which 500 of 10,000 aggregates moved, each with a new sample or with the sample that is known.
fn commit(criterion: &mut Criterion) {
    for (name, new_samples) in [
        ("commit of 500 changed aggregates, durable", true),
        ("commit of 500 changed aggregates without new samples, durable", false),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        let mut step = 0;
        let mut scrape = |moved: std::ops::Range<u64>| {
            step += 1;
            cycle(step, if new_samples { step } else { 1 }, moved)
        };
        apply(&store, [scrape(0..10_000)]);
        let mut first = 0;
        criterion.bench_function(name, |bencher| {
            bencher.iter_batched(
                || {
                    first = (first + 500) % 10_000;
                    let mut batch = Batch::new(store.draft());
                    assert!(matches!(batch.add(scrape(first..first + 500)), Added::Yes(_)));
                    batch.into_draft().finish()
                },
                |commit| store.commit(commit).unwrap(),
                BatchSize::PerIteration,
            );
        });
    }
}

/// Opening a directory as a killed server leaves it, with a day of the demo fleet in the log.
fn open(criterion: &mut Criterion) {
    let directory = tempfile::tempdir().unwrap();
    let day = Millis::from_seconds(86_400);
    {
        let store = Store::open(directory.path()).unwrap();
        let mut fleet = Fleet::aged(1, BEGIN, day);
        // As many together as a running server finds waiting.
        let events: Vec<Event> = fleet.history(BEGIN.minus(day), BEGIN, Millis::from_seconds(60)).collect();
        for together in events.chunk_by(|one, next| minute(one) == minute(next)) {
            let scrapes = together.iter().filter_map(|event| match event {
                Event::Scraped(scrape) => Some(scrape.clone()),
                Event::Gone { .. } => None,
            });
            apply(&store, scrapes);
        }
    }
    criterion.bench_function("open with a day of the demo fleet unsealed", |bencher| {
        bencher.iter(|| Store::open(directory.path()).unwrap());
    });
}

fn minute(event: &Event) -> i64 {
    let at = match event {
        Event::Scraped(scrape) => scrape.at,
        Event::Gone { at, .. } => *at,
    };
    at.0 / 60_000
}

/// Commits scrapes together, as the server does with what it finds waiting.
fn apply(store: &Store, scrapes: impl IntoIterator<Item = Scrape>) {
    let mut scrapes = scrapes.into_iter();
    let mut next = scrapes.next();
    while next.is_some() {
        let mut batch = Batch::new(store.draft());
        while let Some(scrape) = next.take() {
            match batch.add(scrape) {
                Added::Yes(_) => next = scrapes.next(),
                Added::NextBatch(scrape) => {
                    next = Some(*scrape);
                    break;
                }
            }
        }
        store.commit(batch.into_draft().finish()).unwrap();
    }
}

/// What is scraped at `step`; the aggregates' samples are those of the step `sampled`.
fn cycle(step: u64, sampled: u64, moved: std::ops::Range<u64>) -> Scrape {
    let time_of = |step: u64| BEGIN.plus(Millis(INTERVAL.0 * step as i64));
    let at = time_of(step);
    let aggregates = moved.map(|key| ExposedAggregate {
        key: format!("java.lang.IllegalStateException@{key:08x}"),
        total_count: step,
        severity: Severity::Error,
        created_at: Some(BEGIN),
        occurrences: Some(vec![Occurrence {
            uuid: format!("5f0c7a1e-{key:04x}-4000-8000-{sampled:012x}"),
            timestamp: Some(time_of(sampled)),
            severity: Severity::Error,
            exception: Exception {
                class: "java.lang.IllegalStateException".to_owned(),
                message: format!("order {key} can not be shipped twice, request {sampled:016x}"),
                ..Exception::default()
            },
            http: None,
        }]),
        ..ExposedAggregate::default()
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
