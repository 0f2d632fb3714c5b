//! What does a point of a chunk cost to encode and to decode, in CPU time?
//!
//! Bursts of 10 s slots in two-hour chunks, as in docs/decisions/0001.

use std::hint::black_box;

use cpu::CpuTime;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use hydrophone::store::codec::rice;

mod cpu;

/// Two-hour chunks of many series: on for 20 minutes on average, then every second slot sees something.
fn chunks() -> Vec<Vec<(u32, u64)>> {
    let mut state = 42u64;
    let mut random = move |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut chunks = Vec::new();
    for series in 0..4000u64 {
        let quiet = match series % 20 {
            0..7 => 90,
            7..13 => 50,
            13..17 => 25,
            _ => 7,
        };
        let (mut on, mut points) = (random(4) == 0, Vec::new());
        for slot in 0..720 {
            on = if on { random(120) != 0 } else { random(1080) == 0 };
            if on && random(2) == 0 {
                let mut count = 1;
                while random(100) >= quiet {
                    count += 1;
                }
                points.push((slot * 10, count));
            }
        }
        if !points.is_empty() {
            chunks.push(points);
        }
    }
    chunks
}

fn codec(criterion: &mut Criterion<CpuTime>) {
    let chunks = chunks();
    let points: usize = chunks.iter().map(Vec::len).sum();
    let encoded: Vec<Vec<u8>> = chunks.iter().map(|points| rice::encode(points)).collect();
    let bytes: usize = encoded.iter().map(Vec::len).sum();
    println!("{points} points in {} chunks: {:.3} bytes a point", chunks.len(), bytes as f64 / points as f64);
    let mut group = criterion.benchmark_group("chunk");
    group.throughput(Throughput::Elements(points as u64));
    group.bench_function("decode", |bench| {
        bench.iter(|| {
            let mut sum = 0u64;
            for chunk in &encoded {
                let whole = rice::decode(chunk, |offset, count| sum = sum.wrapping_add(count ^ u64::from(offset)));
                assert_eq!(whole, Ok(()));
            }
            sum
        });
    });
    group.bench_function("encode", |bench| {
        let mut out = Vec::with_capacity(bytes);
        bench.iter(|| {
            out.clear();
            for points in &chunks {
                rice::encode_into(points, &mut out);
            }
            black_box(&out);
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = cpu::criterion();
    targets = codec
}
criterion_main!(benches);
