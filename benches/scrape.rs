//! What does it cost to read an exposition: the first one of a process, one in which a twentieth of the aggregates moved,
//! and one in which nothing did?
//!
//! The body has the size of the peers' measurements: 1,000 aggregates of ten samples with 15 frames, 14.8 MB. Aggregates
//! stand in another order each time, as Go's maps put them.

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use hydrophone::config::{Limits, Redaction};
use hydrophone::redact::Redactor;
use hydrophone::scrape::wire::{Memo, parse};

const AGGREGATES: u64 = 1000;
const SAMPLES: u64 = 10;
const FRAMES: u64 = 15;

struct Random(u64);

impl Random {
    fn below(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

/// One aggregate after it happened `more` times more.
fn aggregate(number: u64, more: u64) -> String {
    let mut random = Random(number);
    let class = ["java.lang.IllegalStateException", "KeyError", "*url.Error"][random.below(3) as usize];
    let mut stack = String::new();
    for frame in 0..FRAMES {
        let (a, b, line) = (random.below(97), random.below(1009), random.below(900));
        let comma = if frame > 0 { "," } else { "" };
        let _ = write!(
            stack,
            r#"{comma}"com.example.service{a}.component{b}.Handler$.process{line}(Handler{b}.scala:{line})""#
        );
    }
    let count = 100 + random.below(800) + more;
    let mut text = format!(
        r#"{{"aggregation_key":"{class}@{number:08x}","total_count":{count},"severity":"error","latest_errors":["#
    );
    for sample in 0..SAMPLES {
        let mut random = Random(number << 20 | (sample + more));
        let (user, request) = (random.below(100_000), random.below(u64::from(u32::MAX)));
        let comma = if sample > 0 { "," } else { "" };
        let _ = write!(
            text,
            r#"{comma}{{"error":{{"class":"{class}","message":"could not load playlist for user-{user} from index, request {request:08x} timed out","stacktrace":[{stack}],"cause":null}},"uuid":"{number:08x}-0000-4000-8000-{request:012x}","timestamp":"2026-11-20T10:{:02}:{:02}.482Z","severity":"error","http_context":"#,
            random.below(60),
            random.below(60),
        );
        if number.is_multiple_of(2) {
            let _ = write!(
                text,
                r#"{{"request_method":"GET","request_url":"http://service.example/api/v2/playlists/{user}","request_headers":{{"User-Agent":"Mozilla/5.0 (X11; Linux x86_64)","X-Request-Id":"{request:016x}","Accept":"application/json"}},"request_body":null}}}}"#
            );
        } else {
            text.push_str("null}");
        }
    }
    text.push_str(r#"],"created_at":"2026-11-01T00:00:00.000Z"}"#);
    text
}

/// A body in which every aggregate whose number is a multiple of `moved` happened once more; 0 for none.
fn body(order: u64, moved: u64) -> Vec<u8> {
    let mut numbers: Vec<u64> = (0..AGGREGATES).collect();
    let mut random = Random(order);
    for at in (1..AGGREGATES).rev() {
        numbers.swap(at as usize, random.below(at + 1) as usize);
    }
    let aggregates: Vec<_> = numbers
        .into_iter()
        .map(|number| aggregate(number, u64::from(moved > 0 && number.is_multiple_of(moved))))
        .collect();
    format!(
        r#"{{"aggregated_errors":[{}],"target_uuid":"5e7c3f66-c5f5-41f0-8de9-0242ac120002"}}"#,
        aggregates.join(",")
    )
    .into_bytes()
}

/// Nanoseconds that this thread has spent on a processor: what counts on a machine that others use too. Linux only.
fn cpu_ns() -> Option<u64> {
    std::fs::read_to_string("/proc/thread-self/schedstat").ok()?.split(' ').next()?.parse().ok()
}

/// Prints the processor time of one run of `read`, the median of 31.
fn print_cpu_time<T>(name: &str, read: impl Fn() -> T) {
    let mut times: Vec<_> = (0..31)
        .filter_map(|_| {
            let before = cpu_ns()?;
            drop(black_box(read()));
            Some(cpu_ns()? - before)
        })
        .collect();
    times.sort_unstable();
    if let Some(median) = times.get(times.len() / 2) {
        println!("{name}: {:.2} ms of processor time", *median as f64 / 1e6);
    }
}

/// The same with and without looking for secrets, in turns, so that both see the same machine.
fn print_cost_of_redaction(limits: &Limits, redactor: &Redactor, first: &[u8]) {
    let off = Redactor::new(&Redaction { enabled: false, ..Redaction::default() });
    let next = body(2, 20);
    for (name, redactor) in
        [("with redaction", redactor), ("without", &off), ("with redaction", redactor), ("without", &off)]
    {
        let mut memo = Memo::default();
        memo.commit(parse(first, limits, redactor, &memo).unwrap().update);
        print_cpu_time(&format!("first, {name}"), || {
            parse(black_box(first), limits, redactor, &Memo::default()).unwrap()
        });
        print_cpu_time(&format!("5 % moved, {name}"), || parse(black_box(&next), limits, redactor, &memo).unwrap());
    }
}

fn scrape(criterion: &mut Criterion) {
    let limits = Limits::default();
    let redactor = Redactor::new(&Redaction::default());
    let first = body(1, 0);
    let mut memo = Memo::default();
    memo.commit(parse(&first, &limits, &redactor, &memo).unwrap().update);
    println!("{:.1} MB", first.len() as f64 / 1e6);
    print_cost_of_redaction(&limits, &redactor, &first);
    let mut group = criterion.benchmark_group("exposition");
    group.sample_size(30);
    group.throughput(Throughput::Bytes(first.len() as u64));
    let read_first = || parse(black_box(&first), &limits, &redactor, &Memo::default()).unwrap();
    print_cpu_time("first", read_first);
    group.bench_function("first", |bench| bench.iter(read_first));
    for (name, moved, expect) in [("5 % moved", 20, 50), ("nothing moved", 0, 0)] {
        let next = body(2, moved);
        assert_eq!(parse(&next, &limits, &redactor, &memo).unwrap().exposition.aggregates.len(), expect);
        let read_next = || parse(black_box(&next), &limits, &redactor, &memo).unwrap();
        print_cpu_time(name, read_next);
        group.bench_function(name, |bench| bench.iter(read_next));
    }
    memo.commit(parse(&body(2, 0), &limits, &redactor, &memo).unwrap().update);
    let same = body(2, 0);
    let read_same = || parse(black_box(&same), &limits, &redactor, &memo).unwrap();
    print_cpu_time("the same bytes", read_same);
    group.bench_function("the same bytes", |bench| bench.iter(read_same));
    group.finish();
}

criterion_group!(benches, scrape);
criterion_main!(benches);
