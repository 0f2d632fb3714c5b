//! The corpus of occurrences as JSON lines on the standard output, for `hydrophone import occurrences` and for the peers of
//! `search.py`: `cargo bench --bench corpus -- 1000000 > occurrences.jsonl`. Without a number it writes nothing.

use std::io::Write;

use hydrophone::demo::corpus::Corpus;
use hydrophone::model::time::{TimeRange, Timestamp};

/// 2026-11-21T00:00:00Z.
const END: i64 = 1_795_219_200;
const DAYS: i64 = 30;

fn main() -> std::io::Result<()> {
    let Some(len) = std::env::args().find_map(|word| word.parse().ok()) else { return Ok(()) };
    let range = TimeRange { start: Timestamp::from_seconds(END - DAYS * 86_400), end: Timestamp::from_seconds(END) };
    let mut out = std::io::BufWriter::with_capacity(1 << 20, std::io::stdout().lock());
    for (number, entry) in Corpus::new(len, 10_000, range).iter().enumerate() {
        let (occurrence, service) = (entry.occurrence, entry.service);
        let exception = &occurrence.exception;
        let http = occurrence.http.as_ref().map(|http| serde_json::json!({ "method": http.method, "url": http.url }));
        let line = serde_json::json!({
            "kind": "occurrence",
            "service": format!("svc-{service:02}"),
            "key": entry.key,
            "labels": { "instance": format!("10.0.0.{service}:80") },
            "uuid": format!("{number:032x}"),
            "timestamp": entry.at.0 as f64 / 1000.0,
            "severity": occurrence.severity.name(),
            "class": exception.class,
            "message": exception.message,
            "stack": exception.stack.as_ref().map(|stack| &stack.frames),
            "http": http,
        });
        serde_json::to_writer(&mut out, &line)?;
        out.write_all(b"\n")?;
    }
    out.flush()
}
