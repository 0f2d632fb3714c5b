//! What does an occurrence cost to write and to read, in CPU time of all threads?
//!
//! The workload is a first cycle: services of 1,000 aggregates, ten samples each, every message, uuid and request its own,
//! one stack an aggregate. `write` appends to the file and adds rows to a main database, durable on return.

use std::fmt::Write as _;
use std::hint::black_box;
use std::ops::ControlFlow;

use cpu::CpuTime;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use hydrophone::model::id::{AggregateId, OccurrenceId, StackId, TargetId};
use hydrophone::model::occurrence::{Exception, HttpContext, Occurrence, Stack};
use hydrophone::model::severity::Severity;
use hydrophone::model::time::Timestamp;
use hydrophone::store::occurrence::block::Encoder;
use hydrophone::store::occurrence::{Damaged, Error, NewOccurrence, Partitions, StoredOccurrence};
use redb::ReadableDatabase as _;

mod cpu;

const DAY: u32 = 20_777;

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

fn word(number: u64) -> String {
    const SYLLABLES: [&str; 16] = [
        "con", "ver", "ta", "load", "ser", "vice", "time", "out", "index", "cache", "query", "user", "pay", "order",
        "sync", "node",
    ];
    let mut random = Random(number);
    (0..2 + random.below(3)).map(|_| SYLLABLES[random.below(16) as usize]).collect()
}

/// Ten samples of each of `aggregates` aggregates.
fn occurrences(aggregates: u64) -> Vec<Occurrence> {
    const CLASSES: [&str; 6] = [
        "java.lang.IllegalStateException",
        "java.net.SocketTimeoutException",
        "requests.exceptions.ConnectionError",
        "*json.SyntaxError",
        "ActiveRecord::RecordNotFound",
        "ValueError",
    ];
    let mut random = Random(1);
    let mut all = Vec::new();
    for aggregate in 0..aggregates {
        let words: Vec<String> = (0..6).map(|_| word(random.below(5000))).collect();
        for sample in 0..10 {
            let (a, b) = (random.next(), random.next());
            let mut message = words[..3].join(" ");
            let _ = write!(message, " for user-{} {} {}", random.below(100_000), words[3], words[4]);
            let _ = write!(message, " request {:08x} {}", a as u32, words[5]);
            let uuid = format!(
                "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
                a >> 32,
                a as u16,
                b & 0xfff,
                b >> 52,
                b & 0xffff_ffff_ffff
            );
            let header = |name: &str, value: String| (name.to_owned(), value);
            let http = aggregate.is_multiple_of(2).then(|| HttpContext {
                method: "GET".to_owned(),
                url: format!("http://svc-1.example/api/v2/{}/{}", words[0], random.below(1_000_000)),
                headers: Some(vec![
                    header("User-Agent", "Mozilla/5.0 (X11; Linux x86_64)".to_owned()),
                    header("X-Request-Id", format!("{:016x}", random.next())),
                    header("Accept", "application/json".to_owned()),
                ]),
                body: None,
            });
            all.push(Occurrence {
                uuid,
                timestamp: Some(Timestamp(1_795_132_800_000 - 60_000 * sample - aggregate as i64)),
                severity: Severity::Error,
                exception: Exception {
                    class: CLASSES[(aggregate % 6) as usize].to_owned(),
                    message,
                    stack: None,
                    causes: Vec::new(),
                },
                http,
            });
        }
    }
    all
}

/// Bytes of all texts but the stack.
fn text_bytes(occurrence: &Occurrence) -> usize {
    let http = occurrence.http.as_ref().map_or(0, |http| {
        let headers = http.headers.iter().flatten().map(|(name, value)| name.len() + value.len());
        http.method.len() + http.url.len() + headers.sum::<usize>()
    });
    occurrence.uuid.len() + occurrence.exception.class.len() + occurrence.exception.message.len() + http
}

fn news(occurrences: &[Occurrence]) -> Vec<NewOccurrence<'_>> {
    (0u32..)
        .zip(occurrences)
        .map(|(index, occurrence)| NewOccurrence {
            aggregate: AggregateId(index / 10),
            target: TargetId(index / 10_000),
            stack: Some(StackId(index / 10)),
            cause_stacks: Vec::new(),
            occurrence,
        })
        .collect()
}

#[expect(clippy::unnecessary_wraps, reason = "the shape of a lookup")]
fn no_text(_: StackId) -> Result<std::sync::Arc<Stack>, Error> {
    Ok(std::sync::Arc::default())
}

fn encoding(criterion: &mut Criterion<CpuTime>) {
    let occurrences = occurrences(1000);
    let new = news(&occurrences);
    let mut encoder = Encoder::new().expect("memory");
    let blocks: Vec<Vec<u8>> = new.chunks(64).map(|new| encoder.encode(1, 0, new).expect("memory")).collect();
    let bytes: usize = blocks.iter().map(Vec::len).sum();
    let own: usize = occurrences.iter().map(text_bytes).sum();
    println!("{:.0} bytes of text an occurrence", own as f64 / new.len() as f64);
    println!("{:.1} bytes an occurrence in blocks of 64", bytes as f64 / new.len() as f64);
    let mut group = criterion.benchmark_group("occurrence");
    group.throughput(Throughput::Elements(new.len() as u64));
    group.bench_function("encode, one thread", |bench| {
        bench.iter(|| {
            for new in new.chunks(64) {
                black_box(encoder.encode(1, 0, new).expect("memory"));
            }
        });
    });
    group.finish();
}

/// A main database and the partitions beside it.
struct Data {
    main: redb::Database,
    partitions: Partitions,
    _directory: tempfile::TempDir,
}

impl Data {
    /// Commit 1 has brought `first`.
    fn new(first: &[NewOccurrence<'_>]) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let main = redb::Database::create(directory.path().join("main.redb")).expect("a new database");
        let partitions = Partitions::new(&directory.path().join("occurrences"));
        let data = Self { main, partitions, _directory: directory };
        data.write(1, first);
        data
    }

    fn write(&self, commit: u64, new: &[NewOccurrence<'_>]) {
        let mut transaction = self.main.begin_write().expect("a sound database");
        transaction.set_quick_repair(true);
        self.partitions.write(&transaction, (DAY, commit), new).expect("written");
        transaction.commit().expect("written");
    }
}

fn files(criterion: &mut Criterion<CpuTime>) {
    let occurrences = occurrences(20_000);
    let new = news(&occurrences);
    let mut group = criterion.benchmark_group("partition");
    group.sample_size(10);
    group.throughput(Throughput::Elements(new.len() as u64));
    group.bench_function("write 200,000 in one commit", |bench| {
        bench.iter_batched_ref(|| Data::new(&new[..1]), |data| data.write(2, &new), BatchSize::PerIteration);
    });
    let data = Data::new(&new[..1]);
    data.write(2, &new);
    let bytes = data.partitions.bytes().expect("a file");
    println!("{:.1} bytes an occurrence on disk", bytes as f64 / new.len() as f64);
    group.bench_function("read 200,000 in order", |bench| {
        bench.iter(|| {
            let mut count = 0;
            let mut visit = |found: Result<StoredOccurrence, Damaged>| {
                count += usize::from(found.is_ok());
                ControlFlow::Continue(())
            };
            let snapshot = data.main.begin_read().expect("a sound database");
            data.partitions.read_all(&snapshot, (DAY, 2..=2), &mut no_text, &mut visit).expect("a sound file");
            assert_eq!(count, new.len());
        });
    });
    group.finish();

    let mut group = criterion.benchmark_group("cycle");
    group.throughput(Throughput::Elements(500));
    let mut commit = 2;
    group.bench_function("write 500, durable", |bench| {
        bench.iter(|| {
            commit += 1;
            data.write(commit, &new[..500]);
        });
    });
    let page: Vec<_> = (0..20).map(|place| OccurrenceId { day: DAY, commit: 2, index: place * 9973 }).collect();
    group.throughput(Throughput::Elements(20));
    group.bench_function("read 20 from 20 blocks", |bench| {
        bench.iter(|| {
            let snapshot = data.main.begin_read().expect("a sound database");
            data.partitions.read(&snapshot, &page, &mut no_text).expect("a sound file")
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = cpu::criterion();
    targets = encoding, files
}
criterion_main!(benches);
