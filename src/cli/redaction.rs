//! `hydrophone check redaction`: what an exposition would become.

use std::io::Read;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::print;
use crate::config::{self, Limits, Redaction};
use crate::model::exposition::Exposition;
use crate::model::occurrence::{HttpContext, Occurrence, Stack};
use crate::redact::{Hits, Redactor};
use crate::scrape::wire::{self, Memo};

/// What hides secrets by the configuration file, or as without one.
pub(super) fn redactor(config_file: Option<&Path>) -> Result<Arc<Redactor>> {
    let settings =
        config_file.map(config::load).transpose()?.map_or_else(Redaction::default, |config| config.redaction);
    Ok(Arc::new(Redactor::new(&settings)))
}

/// Runs `hydrophone check redaction`.
pub(super) fn check(config_file: Option<&Path>, file: &Path) -> Result<ExitCode> {
    let redactor = redactor(config_file)?;
    let body = read_exposition(file)?;
    let limits = Limits::default();
    let read = |redactor: &Redactor| {
        let parsed = wire::parse(&body, &limits, redactor, &Memo::default());
        parsed.with_context(|| format!("{} is no exposition", file.display()))
    };
    let plain = read(&Redactor::new(&Redaction { enabled: false, ..Redaction::default() }))?.exposition;
    let parsed = read(&redactor)?;
    let text = serde_json::to_string_pretty(&shown(&parsed.exposition)).context("can not print the exposition")?;
    print(&text);
    // Where aggregates become one there are fewer of them, so places are those of the exposition as it is.
    let mut hidden = Exposition { target_uuid: parsed.exposition.target_uuid.clone(), ..plain.clone() };
    redactor.exposition(&mut hidden, &mut Hits::default());
    let mut places = Vec::new();
    differences(&shown(&plain), &shown(&hidden), "", &mut places);
    for place in &places {
        eprintln!("hidden: {place}");
    }
    let counts: Vec<String> = parsed.redacted.iter().map(|(kind, count)| format!("{count} {}", kind.name())).collect();
    let counts = if counts.is_empty() { "nothing".to_owned() } else { counts.join(", ") };
    eprintln!("hidden in all: {counts}");
    Ok(ExitCode::SUCCESS)
}

/// The bytes of a file; `-` is the standard input.
pub(super) fn read_exposition(file: &Path) -> Result<Vec<u8>> {
    if file != Path::new("-") {
        return std::fs::read(file).with_context(|| format!("can not read {}", file.display()));
    }
    let mut body = Vec::new();
    std::io::stdin().lock().read_to_end(&mut body).context("can not read the standard input")?;
    Ok(body)
}

/// An exposition as its client writes it.
fn shown(exposition: &Exposition) -> Value {
    let aggregates = exposition.aggregates.iter().map(|aggregate| {
        json!({
            "aggregation_key": aggregate.key,
            "total_count": aggregate.total_count,
            "severity": aggregate.severity.name(),
            "created_at": aggregate.created_at.map(|at| at.to_string()),
            "latest_errors": aggregate.occurrences.iter().flatten().map(sample).collect::<Vec<_>>(),
        })
    });
    json!({ "target_uuid": exposition.target_uuid, "aggregated_errors": aggregates.collect::<Vec<_>>() })
}

fn sample(occurrence: &Occurrence) -> Value {
    let exception = &occurrence.exception;
    let frames = |stack: &Option<Arc<Stack>>| stack.as_ref().map(|stack| stack.frames.clone());
    let mut cause = Value::Null;
    for link in exception.causes.iter().rev() {
        let stack = frames(&link.stack);
        cause = json!({ "class": link.class, "message": link.message, "stacktrace": stack, "cause": cause });
    }
    let stack = frames(&exception.stack);
    json!({
        "uuid": occurrence.uuid,
        "timestamp": occurrence.timestamp.map(|at| at.to_string()),
        "severity": occurrence.severity.name(),
        "error": { "class": exception.class, "message": exception.message, "stacktrace": stack, "cause": cause },
        "http_context": occurrence.http.as_ref().map(request),
    })
}

fn request(http: &HttpContext) -> Value {
    let headers = http.headers.as_ref().map(|headers| {
        headers.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect::<Value>()
    });
    json!({
        "request_method": http.method,
        "request_url": http.url,
        "request_headers": headers,
        "request_body": http.body,
    })
}

/// Where two values differ. The secrets themselves are not shown.
fn differences(plain: &Value, hidden: &Value, path: &str, places: &mut Vec<String>) {
    match (plain, hidden) {
        (Value::Object(a), Value::Object(b)) if a.keys().eq(b.keys()) => {
            for ((name, a), b) in a.iter().zip(b.values()) {
                let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                differences(a, b, &below, places);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                differences(a, b, &format!("{path}[{index}]"), places);
            }
        }
        _ if plain != hidden => places.push(path.to_owned()),
        _ => {}
    }
}
