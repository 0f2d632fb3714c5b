//! A month of a fleet's counters, the same for everybody: as OpenMetrics for Prometheus and Hydrophone, as JSON lines for
//! VictoriaMetrics, and as Hydrophone's deltas. Standard library only: `rustc -O counters.rs`.
//!
//! ```text
//! counters openmetrics --day D     one day, ordered by series, with # EOF
//! counters victoria    --day D     one day as /api/v1/import reads it
//! counters deltas                  all days, what changed only
//! counters truth --from S --to S   what really happened in (from, to], for each service and aggregate
//! common: --services 10 --aggregates 1000 --step 60 --days 30 --end 1795132800 --targets 1
//! ```
//! `--targets` is of each service, for `deltas` alone; the first has half of the errors, the second a quarter, and so on.
//!
//! Every aggregate is quiet for nine tenths of the time and in a burst, 20 minutes long, for the last tenth; in a burst half
//! of the steps count something, so one step in twenty does. How much follows a power law over the aggregates of a service:
//! half of all deltas are 1, one in seven is 8 or more.

use std::fmt::Write as _;
use std::io::{BufWriter, Write};

const CLASSES: [&str; 8] = [
    "java.net.SocketTimeoutException",
    "com.example.checkout.PaymentDeclined",
    "requests.exceptions.ConnectionError",
    "TypeError",
    "*errors.errorString",
    "ActiveRecord::RecordNotFound",
    "scala.MatchError",
    "org.postgresql.util.PSQLException",
];

struct Random(u64);

impl Random {
    /// SplitMix64: good enough to be no pattern, and the same everywhere.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Between 0 and 1, without either.
    fn share(&mut self) -> f64 {
        ((self.next() >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }
}

struct Shape {
    services: u64,
    aggregates: u64,
    step: u64,
    days: u64,
    end: u64,
    targets: usize,
}

impl Shape {
    fn steps_a_day(&self) -> u64 {
        86_400 / self.step
    }

    /// Time of the step before the first: counters stand at 0 there.
    fn start(&self) -> u64 {
        self.end - self.days * 86_400
    }
}

/// One aggregate's counter.
struct Counter {
    random: Random,
    burst: bool,
    /// Chance that a burst ends, and that one begins, in a step.
    ends: f64,
    begins: f64,
    /// Mean of what a delta has beyond 1.
    beyond: f64,
    total: u64,
}

impl Counter {
    fn new(shape: &Shape, service: u64, index: u64) -> Self {
        let mut random = Random(service * 1_000_003 + index);
        let burst = random.share() < 0.1;
        let length = 1200.0 / shape.step as f64;
        Self {
            burst,
            ends: 1.0 / length,
            begins: 1.0 / (9.0 * length),
            beyond: 15_000.0 / (1.0 + (random.next() % shape.aggregates) as f64).powf(1.5),
            total: 0,
            random,
        }
    }

    fn step(&mut self) -> u64 {
        let edge = self.random.share();
        self.burst = if self.burst { edge >= self.ends } else { edge < self.begins };
        if !self.burst || self.random.next() & 1 == 0 {
            return 0;
        }
        let delta = 1 + (-self.random.share().ln() * self.beyond) as u64;
        self.total += delta;
        delta
    }
}

fn key(service: u64, index: u64) -> String {
    let mut random = Random(77 + service * 1_000_003 + index);
    let class = CLASSES[(random.next() % CLASSES.len() as u64) as usize];
    format!("{class}@{:08x}", random.next() as u32)
}

fn severity(index: u64) -> &'static str {
    match index % 20 {
        0 => "info",
        1 | 2 => "warning",
        _ => "error",
    }
}

fn each(shape: &Shape, mut visit: impl FnMut(u64, u64, Counter)) {
    for service in 0..shape.services {
        for index in 0..shape.aggregates {
            visit(service, index, Counter::new(shape, service, index));
        }
    }
}

fn labels(service: u64, index: u64) -> String {
    format!(
        "service_name=\"svc-{service:02}\",severity=\"{}\",aggregation_key=\"{}\",job=\"svc-{service:02}\",instance=\"svc-{service:02}:80\"",
        severity(index),
        key(service, index)
    )
}

fn openmetrics(shape: &Shape, day: u64, out: &mut impl Write) -> std::io::Result<()> {
    writeln!(out, "# HELP periskop_error_occurrences Number of occurrences.\n# TYPE periskop_error_occurrences unknown")?;
    let (from, to) = (day * shape.steps_a_day(), (day + 1) * shape.steps_a_day());
    let mut lines = String::new();
    for service in 0..shape.services {
        for index in 0..shape.aggregates {
            let mut counter = Counter::new(shape, service, index);
            for _ in 0..from {
                counter.step();
            }
            let head = format!("periskop_error_occurrences{{{}}} ", labels(service, index));
            lines.clear();
            for step in from..to {
                counter.step();
                let _ = writeln!(lines, "{head}{} {}", counter.total, shape.start() + (step + 1) * shape.step);
            }
            out.write_all(lines.as_bytes())?;
        }
    }
    writeln!(out, "# EOF")
}

fn victoria(shape: &Shape, day: u64, out: &mut impl Write) -> std::io::Result<()> {
    let (from, to) = (day * shape.steps_a_day(), (day + 1) * shape.steps_a_day());
    let mut result = Ok(());
    each(shape, |service, index, mut counter| {
        for _ in 0..from {
            counter.step();
        }
        let mut line = String::from("{\"metric\":{\"__name__\":\"periskop_error_occurrences\"");
        for label in labels(service, index).split("\",") {
            let (name, value) = label.split_once('=').unwrap_or_default();
            let _ = write!(line, ",\"{name}\":{}\"", value.trim_end_matches('"'));
        }
        line.push_str("},\"values\":[");
        for step in from..to {
            counter.step();
            let _ = write!(line, "{}{}", if step > from { "," } else { "" }, counter.total);
        }
        line.push_str("],\"timestamps\":[");
        for step in from..to {
            let time = shape.start() + (step + 1) * shape.step;
            let _ = write!(line, "{}{time}000", if step > from { "," } else { "" });
        }
        line.push_str("]}\n");
        if result.is_ok() {
            result = out.write_all(line.as_bytes());
        }
    });
    result
}

fn deltas(shape: &Shape, out: &mut impl Write) -> std::io::Result<()> {
    writeln!(out, "{{\"kind\":\"header\",\"format\":\"hydrophone deltas\",\"version\":1}}")?;
    let (mut result, mut sizes, mut all) = (Ok(()), [0u64; 4], 0u64);
    each(shape, |service, index, mut counter| {
        let mut random = Random(9 + service * 1_000_003 + index);
        let key = key(service, index);
        let severity = severity(index);
        for day in 0..shape.days {
            let mut points = vec![String::new(); shape.targets];
            for step in 0..shape.steps_a_day() {
                let delta = counter.step();
                if delta == 0 {
                    continue;
                }
                let time = shape.start() + (day * shape.steps_a_day() + step + 1) * shape.step;
                sizes[match delta { 1 => 0, 2 => 1, 3..8 => 2, _ => 3 }] += 1;
                for (points, count) in points.iter_mut().zip(split(delta, shape.targets, &mut random)) {
                    if count > 0 {
                        all += 1;
                        let _ = write!(points, "[{time},{count}],");
                    }
                }
            }
            for (target, points) in points.iter().enumerate().filter(|(_, points)| !points.is_empty()) {
                let points = points.trim_end_matches(',');
                if result.is_ok() {
                    result = writeln!(
                        out,
                        "{{\"service\":\"svc-{service:02}\",\"key\":\"{key}\",\"severity\":\"{severity}\",\"labels\":{{\"instance\":\"svc-{service:02}-{target}:80\"}},\"points\":[{points}]}}"
                    );
                }
            }
        }
    });
    let summed: u64 = sizes.iter().sum();
    let share = |size: u64| 100.0 * size as f64 / summed as f64;
    eprintln!(
        "deltas {summed}: 1 {:.0} %, 2 {:.0} %, 3 to 7 {:.0} %, more {:.0} %; {all} by target",
        share(sizes[0]),
        share(sizes[1]),
        share(sizes[2]),
        share(sizes[3])
    );
    result
}

/// A delta's parts at each target.
fn split(delta: u64, targets: usize, random: &mut Random) -> Vec<u64> {
    let mut parts = vec![0; targets];
    // Heavy ones in larger pieces: nobody looks at where the thousandth fell.
    let piece = 1 + delta / 64;
    let mut left = delta;
    while left > 0 {
        let part = piece.min(left);
        let target = (random.next() | 1 << 63).trailing_zeros() as usize % targets;
        parts[target] += part;
        left -= part;
    }
    parts
}

/// A line for each service and aggregate: `service key total`, the service's own with the key `*`.
fn truth(shape: &Shape, from: u64, to: u64, out: &mut impl Write) -> std::io::Result<()> {
    for service in 0..shape.services {
        let mut all = 0;
        for index in 0..shape.aggregates {
            let mut counter = Counter::new(shape, service, index);
            let (mut time, mut total) = (shape.start(), 0);
            while time < to.min(shape.end) {
                time += shape.step;
                let delta = counter.step();
                total += if time > from && time <= to { delta } else { 0 };
            }
            all += total;
            writeln!(out, "svc-{service:02} {} {total}", key(service, index))?;
        }
        writeln!(out, "svc-{service:02} * {all}")?;
    }
    Ok(())
}

fn main() -> std::io::Result<()> {
    let words: Vec<String> = std::env::args().collect();
    let number = |name: &str, default: u64| -> u64 {
        let at = words.iter().position(|word| word.strip_prefix("--") == Some(name));
        at.map_or(default, |at| words[at + 1].parse().unwrap_or_else(|_| panic!("a flag is to be a whole number")))
    };
    let shape = Shape {
        services: number("services", 10),
        aggregates: number("aggregates", 1000),
        step: number("step", 60),
        days: number("days", 30),
        end: number("end", 1_795_132_800),
        targets: number("targets", 1) as usize,
    };
    let out = &mut BufWriter::with_capacity(1 << 20, std::io::stdout().lock());
    match words.get(1).map(String::as_str) {
        Some("openmetrics") => openmetrics(&shape, number("day", 0), out)?,
        Some("victoria") => victoria(&shape, number("day", 0), out)?,
        Some("deltas") => deltas(&shape, out)?,
        Some("truth") => truth(&shape, number("from", shape.start()), number("to", shape.end), out)?,
        _ => panic!("openmetrics, victoria, deltas or truth?"),
    }
    out.flush()
}
