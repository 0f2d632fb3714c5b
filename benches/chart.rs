//! How long a picture takes: the SVG of 1,440 points (a day by the minute) may take 1 ms of CPU; the PNG beside it.

mod cpu;

use std::hint::black_box;

use cpu::CpuTime;
use criterion::{Criterion, criterion_group, criterion_main};
use hydrophone::chart::{self, Chart, Look};
use hydrophone::model::label::Labels;
use hydrophone::model::series::{Buckets, Count};
use hydrophone::model::time::{Millis, Timestamp};
use hydrophone::query::group::By;
use hydrophone::query::range::{Answer, Series};

const POINTS: usize = 1440;

/// 2026-11-19T10:00:00Z.
const START: Timestamp = Timestamp(1_795_082_400_000);

/// Counts that differ from bucket to bucket, a tenth of them estimated, so that nothing can be left out.
fn series(number: u64) -> Series {
    let counts: Vec<u64> = (0..POINTS as u64).map(|bucket| 1 + (bucket * 7919 + number * 104_729) % 97).collect();
    let estimated: Vec<u64> = counts.iter().map(|count| count / 10).collect();
    let labels = Labels::from_pairs([("service", format!("service-{number}"))]);
    let sum = Count { total: counts.iter().sum(), estimated: estimated.iter().sum() };
    Series { labels, counts, estimated, sum }
}

fn answer(count: u64) -> Answer {
    let series: Vec<Series> = (0..count).map(series).collect();
    let at = |bucket: usize| series.iter().filter_map(move |one| one.counts.get(bucket)).sum();
    let counts: Vec<u64> = (0..POINTS).map(at).collect();
    let sum = Count { total: counts.iter().sum(), estimated: 1 };
    let total = Series { labels: Labels::default(), counts, estimated: Vec::new(), sum };
    Answer { series, other: None, total, coverage: vec![0.97; POINTS] }
}

fn pictures(criterion: &mut Criterion<CpuTime>) {
    let buckets = Buckets { start: START, step: Millis::from_seconds(60), len: POINTS };
    let by = By::Service;
    for (name, count, width) in [("1 series", 1, 1600), ("10 series", 10, 960)] {
        let (answer, look) = (answer(count), Look { width, ..Look::default() });
        let chart = Chart { answer: &answer, by: &by, buckets, query: "is:open", look: &look };
        criterion.bench_function(&format!("svg of 1,440 points, {name}"), |bencher| {
            bencher.iter(|| chart::svg(black_box(&chart)));
        });
        let svg = chart::svg(&chart);
        criterion.bench_function(&format!("png of it, {name}"), |bencher| {
            bencher.iter(|| chart::png(black_box(&svg), 1).unwrap());
        });
    }
}

criterion_group! {
    name = benches;
    config = cpu::criterion().sample_size(20);
    targets = pictures
}
criterion_main!(benches);
