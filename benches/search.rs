//! What does it cost to find occurrences among a million, and to be able to: CPU time, and bytes on disk?
//!
//! The corpus (`demo::corpus`) is loaded as scrapes through ingest into a data directory, an hour of a service a scrape, and
//! the index follows. Then everything is warm, and each question is asked in this process.
//! `SEARCH_OCCURRENCES` makes the corpus smaller.

use std::collections::HashMap;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use cpu::CpuTime;
use criterion::measurement::Measurement;
use criterion::{Criterion, criterion_group, criterion_main};
use hydrophone::app::{Stored, index_of};
use hydrophone::demo::corpus::{Corpus, Entry, SERVICES};
use hydrophone::ingest::{Added, Batch};
use hydrophone::model::aggregate_set::AggregateSet;
use hydrophone::model::exposition::{ExposedAggregate, Exposition};
use hydrophone::model::label::Labels;
use hydrophone::model::scrape::Scrape;
use hydrophone::model::series::Buckets;
use hydrophone::model::severity::Severity;
use hydrophone::model::target::Target;
use hydrophone::model::time::{Millis, TimeRange, Timestamp};
use hydrophone::search::condition::{Condition, Field, TextMatch};
use hydrophone::search::{ALWAYS, Follower, Index, Metrics, Snapshot};
use hydrophone::store::Store;

mod cpu;

const DAYS: i64 = 30;
const HOUR: i64 = 3_600_000;
/// 2026-11-21T00:00:00Z.
const END: Timestamp = Timestamp(1_795_219_200_000);

/// One hour of one service on its way into a scrape.
#[derive(Default)]
struct Hour {
    counts: HashMap<String, u64>,
    samples: HashMap<String, Vec<Entry>>,
}

fn target(service: u64) -> Arc<Target> {
    let address = format!("10.0.0.{service}:80");
    Arc::new(Target {
        service: format!("svc-{service:02}"),
        labels: Labels::from_pairs([("instance", address.as_str())]),
        discovered_labels: Labels::from_pairs([("__address__", address.as_str())]),
        url: format!("http://{address}/-/exceptions"),
        address,
        scrape_interval: Millis(HOUR),
        scrape_timeout: Millis(10_000),
    })
}

/// Scrapes all services at the end of an hour.
fn scrape(store: &Store, targets: &[Arc<Target>], hours: &mut [Hour], at: Timestamp) {
    let mut batch = Batch::new(store.draft());
    for (target, hour) in targets.iter().zip(hours) {
        let mut samples: Vec<_> = hour.samples.drain().collect();
        samples.sort_by(|one, other| one.0.cmp(&other.0));
        let mut aggregates = Vec::new();
        for (key, entries) in samples {
            let total = hour.counts.entry(key.clone()).or_default();
            *total += entries.len() as u64;
            aggregates.push(ExposedAggregate {
                key,
                total_count: *total,
                severity: entries.first().map_or(Severity::Error, |entry| entry.occurrence.severity),
                created_at: None,
                occurrences: Some(entries.into_iter().map(|entry| entry.occurrence).collect()),
                ..ExposedAggregate::default()
            });
        }
        let outcome = Ok(Exposition { target_uuid: Some(target.address.clone()), aggregates, ..Exposition::default() });
        let scrape = Scrape { target: Arc::clone(target), at, duration: Millis(5), body_bytes: 1, outcome };
        assert!(matches!(batch.add(scrape), Added::Yes(_)));
    }
    store.commit(batch.into_draft().finish()).expect("committed");
}

fn load(corpus: &Corpus, store: &Store) {
    let targets: Vec<_> = (0..SERVICES).map(target).collect();
    let mut hours: Vec<_> = (0..SERVICES).map(|_| Hour::default()).collect();
    let mut next = END.0 - DAYS * 24 * HOUR + HOUR;
    for entry in corpus.iter() {
        // The last ones of the last hour are two seconds late: they are not taken for a day of their own.
        while entry.at.0 >= next && next < END.0 {
            scrape(store, &targets, &mut hours, Timestamp(next - 1));
            store.seal(Timestamp(next - 1)).expect("sealed");
            next += HOUR;
        }
        if let Some(hour) = hours.get_mut(entry.service as usize) {
            hour.samples.entry(entry.key.clone()).or_default().push(entry);
        }
    }
    scrape(store, &targets, &mut hours, Timestamp(END.0 - 1));
    store.seal(END.plus(Millis(4 * HOUR))).expect("sealed");
}

fn bytes(path: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(path) else { return 0 };
    let size = |entry: std::fs::DirEntry| match entry.metadata().expect("it is there") {
        metadata if metadata.is_dir() => bytes(&entry.path()),
        _ => hydrophone::fs::allocated_bytes(&entry.path()).expect("it is there"),
    };
    entries.map(|entry| size(entry.expect("readable"))).sum()
}

fn anonymous_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("Linux");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

struct Words {
    common: String,
    fifth: String,
    rare: String,
    two: [String; 2],
}

/// Words by how many occurrences have them, and two that stand next to each other somewhere.
fn words(corpus: &Corpus, snapshot: &Snapshot, occurrences: u64) -> Words {
    let words = corpus.words(20_000);
    let count = |word: &str| {
        let condition = Condition::Text(Field::Any, TextMatch::words(word));
        snapshot.count(&condition, ALWAYS).expect("counted")
    };
    let by_distance = |share: f64| {
        let wanted = occurrences as f64 * share;
        let near = words.iter().step_by(1 + words.len() / 400).map(|(word, _)| (word, count(word) as f64));
        let found = near
            .filter(|(_, count)| *count > 0.0)
            .min_by(|one, other| (one.1 / wanted).ln().abs().total_cmp(&(other.1 / wanted).ln().abs()));
        found.expect("a word").0.clone()
    };
    let message = corpus.iter().nth(occurrences as usize / 2).expect("an occurrence").occurrence.exception.message;
    let mut first = message.split(' ').map(str::to_owned);
    let two = [first.next().expect("a word"), first.next().expect("a word")];
    Words { common: words[0].0.clone(), fifth: by_distance(0.2), rare: by_distance(0.000_03), two }
}

fn ask(criterion: &mut Criterion<CpuTime>, snapshot: &Snapshot, words: &Words, store: &Store) {
    let text = |wanted: TextMatch| Condition::Text(Field::Any, wanted);
    let word = |word: &str| text(TextMatch::words(word));
    let service: AggregateSet = {
        let view = store.view().expect("sound");
        let service = view.service("svc-03").expect("a service");
        view.sets().service(service).clone()
    };
    let day = TimeRange { start: END.minus(Millis(24 * HOUR)), end: END };
    let both = format!("{} {}", words.two[0], words.two[1]);
    let prefix: String = words.common.chars().take(5).collect();
    let questions: Vec<(&str, Condition, TimeRange)> = vec![
        ("a common word", word(&words.common), ALWAYS),
        ("a word of a fifth", word(&words.fifth), ALWAYS),
        ("a rare word", word(&words.rare), ALWAYS),
        ("two words and a service in 24 h", Condition::And(vec![word(&both), Condition::Aggregates(service)]), day),
        ("a phrase", text(TextMatch::phrase(&both)), ALWAYS),
        ("a prefix", text(TextMatch::prefix(&prefix)), ALWAYS),
        ("a shape of class", Condition::Text(Field::Class, TextMatch::wildcard("*Timeout*")), ALWAYS),
        ("not a word", Condition::And(vec![word(&words.fifth), Condition::Not(Box::new(word(&words.common)))]), ALWAYS),
        ("a word that is nowhere", word("nowhereatall"), ALWAYS),
    ];
    let mut group = criterion.benchmark_group("newest 50");
    for (name, condition, range) in &questions {
        println!("{name}: {} occurrences", snapshot.count(condition, *range).expect("counted"));
        group.bench_function(*name, |bench| {
            bench.iter(|| black_box(snapshot.newest(condition, *range, None, 50).expect("found")));
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group("count");
    for (name, condition, range) in &questions {
        group.bench_function(*name, |bench| {
            bench.iter(|| black_box(snapshot.count(condition, *range).expect("counted")));
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group("tally");
    let buckets = Buckets { start: END.minus(Millis(DAYS * 24 * HOUR)), step: Millis(12 * HOUR), len: 60 };
    for (name, condition, _) in &questions {
        group.bench_function(*name, |bench| {
            bench.iter(|| black_box(snapshot.tally(condition, &buckets, true).expect("counted")));
        });
    }
    group.finish();
}

fn search(criterion: &mut Criterion<CpuTime>) {
    let occurrences = std::env::var("SEARCH_OCCURRENCES").ok().and_then(|count| count.parse().ok());
    let occurrences: u64 = occurrences.unwrap_or(1_000_000);
    let range = TimeRange { start: END.minus(Millis(DAYS * 24 * HOUR)), end: END };
    let corpus = Corpus::new(occurrences, 10_000, range);
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = Arc::new(Store::open(directory.path()).expect("opened"));
    let each = |bytes: u64| bytes as f64 / occurrences as f64;

    let begin = CpuTime.start();
    corpus.iter().for_each(drop);
    let made = CpuTime.end(begin).as_secs_f64();
    let begin = CpuTime.start();
    load(&corpus, &store);
    let stored = CpuTime.end(begin).as_secs_f64() - made;
    println!("stored: {:.0} occurrences a CPU second", occurrences as f64 / stored);
    let whole = bytes(directory.path());
    println!("stored: {:.1} bytes each, everything included", each(whole));

    let index: Arc<Index> = index_of(store.path());
    let mut follower = Follower::new(Arc::clone(&index), Stored(Arc::clone(&store)), Metrics::default()).expect("made");
    let begin = CpuTime.start();
    follower.catch_up().expect("indexed");
    let indexed = CpuTime.end(begin).as_secs_f64();
    println!(
        "indexed: {:.0} occurrences a CPU second, {} MB anonymous memory",
        occurrences as f64 / indexed,
        anonymous_kib() >> 10
    );
    let begin = CpuTime.start();
    follower.settle_all().expect("merged");
    println!("merged: {:.1} CPU seconds", CpuTime.end(begin).as_secs_f64());
    println!("index: {:.1} bytes each", each(bytes(directory.path()) - whole));
    println!("store and index: {:.1} bytes each", each(bytes(directory.path())));
    let found = index.snapshot().count(&Condition::All, ALWAYS).expect("counted");
    assert_eq!(found, occurrences, "everything is found");

    let snapshot = index.snapshot();
    let words = words(&corpus, &snapshot, occurrences);
    ask(criterion, &snapshot, &words, &store);
    println!("{} MB anonymous memory", anonymous_kib() >> 10);
}

criterion_group! {
    name = benches;
    config = cpu::criterion().sample_size(30);
    targets = search
}
criterion_main!(benches);
