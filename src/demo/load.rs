//! Expositions by the megabyte, for benches: as many targets, aggregates and samples as asked for, of which a share moves
//! from one step to the next.
//!
//! Everything is a pure function of (target, step), the counts even a formula ([`Load::total`]), so that a bench can check
//! what it measured, and a bench may ask for steps in any order. With 10 samples of 15 frames an aggregate takes about
//! 14.8 kB, like the fleet of the measurements in docs/benchmarks.md.

use std::convert::Infallible;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::http::{self, Answer, Site};
use super::rng::{Rng, mix};
use super::slot::PATH;
use crate::model::time::{Millis, Timestamp};

/// How much of what.
#[derive(Debug, Clone, PartialEq)]
pub struct Load {
    /// How many targets there are.
    pub targets: usize,
    /// How many targets a service has; the targets of a service share their aggregation keys.
    pub targets_per_service: usize,
    /// How many aggregates each target exposes.
    pub aggregates: usize,
    /// How many samples each aggregate has.
    pub samples: usize,
    /// How many lines each stack trace has.
    pub frames: usize,
    /// Share of the aggregates that move from one step to the next, 0 to 1.
    pub change: f64,
    /// Other seeds give other keys, words and uuids.
    pub seed: u64,
    /// Time of step 0.
    pub start: Timestamp,
    /// Time from one step to the next.
    pub interval: Millis,
}

impl Default for Load {
    fn default() -> Self {
        Self {
            targets: 1,
            targets_per_service: 1,
            aggregates: 1000,
            samples: 10,
            frames: 15,
            change: 0.05,
            seed: 1,
            // 2026-11-20T10:00:00Z: any time will do, but it must always be the same one.
            start: Timestamp(1_795_168_800_000),
            interval: Millis::from_seconds(15),
        }
    }
}

/// Text that repeats in all bodies, made once.
#[derive(Debug)]
pub struct Bodies {
    load: Load,
    /// Per service and aggregate.
    texts: Vec<Vec<Text>>,
}

#[derive(Debug)]
struct Text {
    /// From the aggregation key to the total count.
    key: String,
    class: &'static str,
    severity: &'static str,
    /// From the end of the message to the beginning of the uuid.
    stack: String,
    words: [String; 6],
}

impl Load {
    /// Name of the service that `target` belongs to.
    #[must_use]
    pub fn service(&self, target: usize) -> String {
        format!("svc-{:02}", target / self.targets_per_service.max(1))
    }

    /// Total count of an aggregate of a target at `step`.
    #[must_use]
    pub fn total(&self, target: usize, aggregate: usize, step: u64) -> u64 {
        let pace = self.pace(target, aggregate);
        pace.base + pace.increment * self.moves(&pace, step)
    }

    /// How many aggregates of `target` differ between `step` and the step before.
    #[must_use]
    pub fn moved(&self, target: usize, step: u64) -> usize {
        let moved = |aggregate: &usize| {
            self.total(target, *aggregate, step) != self.total(target, *aggregate, step.saturating_sub(1))
        };
        (0..self.aggregates).filter(moved).count()
    }

    /// How often the aggregate has moved until `step`: each one at its own phase, so that always the same share moves.
    fn moves(&self, pace: &Pace, step: u64) -> u64 {
        (step as f64 * self.change + pace.phase).floor().max(0.0) as u64
    }

    fn pace(&self, target: usize, aggregate: usize) -> Pace {
        let mut rng = Rng::of(&[self.seed, target as u64, aggregate as u64]);
        Pace { base: rng.between(10, 500), increment: rng.between(1, 5), phase: rng.unit() }
    }

    /// When occurrence number `number` (from 1) happened.
    fn instant(&self, pace: &Pace, number: u64) -> Timestamp {
        let Some(later) = number.checked_sub(pace.base + 1) else {
            // Those of before step 0, one a minute.
            let minutes = i64::try_from(pace.base - number).unwrap_or(0);
            return self.start.minus(Millis(minutes * 60_000));
        };
        let step = ((later / pace.increment + 1) as f64 - pace.phase) / self.change;
        self.start.plus(Millis(step.ceil() as i64 * self.interval.0))
    }
}

/// How one aggregate of one target moves.
struct Pace {
    base: u64,
    increment: u64,
    phase: f64,
}

impl Bodies {
    /// Makes the texts of all services.
    #[must_use]
    pub fn new(load: Load) -> Self {
        let services = load.targets.div_ceil(load.targets_per_service.max(1));
        let texts = |service| (0..load.aggregates).map(|aggregate| text(&load, service, aggregate)).collect();
        Self { texts: (0..services).map(texts).collect(), load }
    }

    /// What was asked for.
    #[must_use]
    pub fn load(&self) -> &Load {
        &self.load
    }

    /// Writes the exposition of `target` at `step` over what `out` held.
    pub fn write(&self, target: usize, step: u64, out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(b"{\"aggregated_errors\":[");
        let texts = self.texts.get(target / self.load.targets_per_service.max(1)).map_or(&[][..], Vec::as_slice);
        for (aggregate, text) in texts.iter().enumerate() {
            if aggregate > 0 {
                out.push(b',');
            }
            let total = self.load.total(target, aggregate, step);
            out.extend_from_slice(text.key.as_bytes());
            put(out, format_args!("{total},\"severity\":\"{}\",\"latest_errors\":[", text.severity));
            let first = total.saturating_sub(self.load.samples as u64) + 1;
            for number in first..=total {
                if number > first {
                    out.push(b',');
                }
                self.sample(text, (target, aggregate), number, out);
            }
            put(
                out,
                format_args!("],\"created_at\":\"{}\"}}", self.load.instant(&self.load.pace(target, aggregate), 1)),
            );
        }
        let uuid = Rng::of(&[self.load.seed, 0x0a, target as u64]).uuid(4);
        put(out, format_args!("],\"target_uuid\":\"{uuid}\"}}"));
    }

    /// The exposition of `target` at `step`.
    #[must_use]
    pub fn body(&self, target: usize, step: u64) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(target, step, &mut out);
        out
    }

    fn sample(&self, text: &Text, (target, aggregate): (usize, usize), number: u64, out: &mut Vec<u8>) {
        let chance = mix(self.load.seed ^ mix((target as u64) << 40 ^ (aggregate as u64) << 20) ^ number);
        let [first, second, third, fourth, fifth, last] = &text.words;
        put(
            out,
            format_args!(
                "{{\"error\":{{\"class\":\"{}\",\"message\":\"{first} {second} {third} for user-{} {fourth} {fifth} request {:08x} {last}",
                text.class,
                chance % 100_000,
                chance >> 32
            ),
        );
        out.extend_from_slice(text.stack.as_bytes());
        put(
            out,
            format_args!(
                "{target:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
                aggregate & 0xffff,
                number & 0xfff,
                (number >> 12) & 0xfff,
                chance & 0xffff_ffff_ffff
            ),
        );
        let instant = self.load.instant(&self.load.pace(target, aggregate), number);
        put(out, format_args!("\",\"timestamp\":\"{instant}\",\"severity\":\"{}\",\"http_context\":", text.severity));
        if aggregate.is_multiple_of(2) {
            put(
                out,
                format_args!(
                    "{{\"request_method\":\"GET\",\"request_url\":\"http://{}.example/api/v2/{first}/{}\",\"request_headers\":{{\"User-Agent\":\"Mozilla/5.0 (X11; Linux x86_64)\",\"X-Request-Id\":\"{chance:016x}\",\"Accept\":\"application/json\"}},\"request_body\":null}}}}",
                    self.load.service(target),
                    chance % 1_000_000
                ),
            );
        } else {
            out.extend_from_slice(b"null}");
        }
    }
}

/// Writing to a vector can not fail.
fn put(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(text);
}

const CLASSES: &[&str] = &[
    "java.lang.IllegalStateException",
    "java.net.SocketTimeoutException",
    "ValueError",
    "KeyError",
    "*url.Error",
    "*json.SyntaxError",
    "ActiveRecord::RecordNotFound",
    "RuntimeError",
    "com.twitter.finagle.RequestTimeoutException",
];
const PARTS: &[&str] = &[
    "con", "ver", "ta", "re", "load", "ser", "vice", "time", "out", "index", "ca", "che", "user", "pay", "ment",
    "order", "track", "play", "list", "store", "sync", "node", "to", "ken", "auth", "file", "batch", "stream", "data",
    "port",
];

fn word(rng: &mut Rng) -> String {
    let parts = rng.between(1, 3);
    (0..parts).map(|_| rng.word(PARTS)).collect()
}

fn text(load: &Load, service: usize, aggregate: usize) -> Text {
    let mut rng = Rng::of(&[load.seed, 0x7e, service as u64, aggregate as u64]);
    let class = rng.word(CLASSES);
    let key = format!("{{\"aggregation_key\":\"{class}@{:08x}\",\"total_count\":", rng.next() as u32);
    let frame = |rng: &mut Rng| {
        let (package, module, class, method) = (word(rng), word(rng), word(rng), word(rng));
        format!("\"com.example.{package}.{module}.{class}.{method}({class}.scala:{})\"", rng.between(10, 910))
    };
    let frames: Vec<String> = (0..load.frames).map(|_| frame(&mut rng)).collect();
    let stack = format!("\",\"stacktrace\":[{}],\"cause\":null}},\"uuid\":\"", frames.join(","));
    let severity = match aggregate {
        n if n.is_multiple_of(17) => "warning",
        n if n.is_multiple_of(41) => "info",
        _ => "error",
    };
    Text { key, class, severity, stack, words: std::array::from_fn(|_| word(&mut rng)) }
}

/// Answers scrapes of all targets, each target one step further with each request. Ends only when it is dropped.
/// `listeners` are in the order of the targets.
pub async fn serve(bodies: Arc<Bodies>, listeners: Vec<TcpListener>) -> Infallible {
    let mut targets = JoinSet::new();
    let (_held, life) = watch::channel(Some(0));
    for (index, listener) in listeners.into_iter().enumerate() {
        let site = Arc::new(Target { bodies: Arc::clone(&bodies), index, step: AtomicU64::new(0) });
        if let Ok(address) = listener.local_addr() {
            targets.spawn(http::keep(address, Some(listener), site, life.clone()));
        }
    }
    while targets.join_next().await.is_some() {}
    std::future::pending().await
}

struct Target {
    bodies: Arc<Bodies>,
    index: usize,
    step: AtomicU64,
}

impl Site for Target {
    fn answer(&self, path: &str) -> Answer {
        if path != PATH && path != "/errors" {
            return Answer::Full { status: 404, content_type: "text/plain", body: Vec::new(), receipt: None };
        }
        let step = self.step.fetch_add(1, Ordering::Relaxed);
        let body = self.bodies.body(self.index, step);
        Answer::Full { status: 200, content_type: "application/json", body, receipt: None }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn parse(bodies: &Bodies, target: usize, step: u64) -> Value {
        serde_json::from_slice(&bodies.body(target, step)).unwrap()
    }

    #[test]
    fn a_body_is_a_function_of_its_step_and_says_the_formulas_counts() {
        let load = Load { targets: 3, targets_per_service: 2, aggregates: 40, ..Load::default() };
        let bodies = Bodies::new(load.clone());
        for (target, step) in [(0, 0), (1, 7), (2, 1000)] {
            assert_eq!(bodies.body(target, step), Bodies::new(load.clone()).body(target, step));
            let body = parse(&bodies, target, step);
            for (aggregate, exposed) in body["aggregated_errors"].as_array().unwrap().iter().enumerate() {
                assert_eq!(exposed["total_count"].as_u64().unwrap(), load.total(target, aggregate, step));
                assert_eq!(exposed["latest_errors"].as_array().unwrap().len(), 10);
            }
        }
        let key =
            |target: usize, at: usize| parse(&bodies, target, 0)["aggregated_errors"][at]["aggregation_key"].clone();
        assert_eq!(key(0, 5), key(1, 5));
        assert_ne!(key(0, 5), key(2, 5));
    }

    #[test]
    fn the_asked_for_share_moves_and_only_their_samples_change() {
        let load = Load { aggregates: 2000, samples: 3, frames: 2, ..Load::default() };
        let moved: usize = (1..=20).map(|step| load.moved(0, step)).sum();
        assert!((1900..=2100).contains(&moved), "{moved} of 2000 expected");
        let bodies = Bodies::new(load.clone());
        let (before, after) = (parse(&bodies, 0, 4), parse(&bodies, 0, 5));
        let differ = (0..2000).filter(|at| before["aggregated_errors"][at] != after["aggregated_errors"][at]).count();
        assert_eq!(differ, load.moved(0, 5));
    }

    #[test]
    fn samples_happen_in_the_step_that_brings_them() {
        let load = Load { aggregates: 200, ..Load::default() };
        let bodies = Bodies::new(load.clone());
        let (before, after) = (parse(&bodies, 0, 8), parse(&bodies, 0, 9));
        let step = load.start.plus(Millis(9 * load.interval.0)).to_string();
        for at in 0..200 {
            let newest = &after["aggregated_errors"][at]["latest_errors"][9];
            let moved = before["aggregated_errors"][at] != after["aggregated_errors"][at];
            assert_eq!(newest["timestamp"].as_str() == Some(step.as_str()), moved, "{newest}");
        }
    }

    #[test]
    fn an_aggregate_takes_what_the_measurements_say() {
        let bodies = Bodies::new(Load { aggregates: 200, ..Load::default() });
        let each = bodies.body(0, 3).len() / 200;
        assert!((14_000..15_700).contains(&each), "{each} bytes");
    }
}
