//! The server's own errors, collected as a Periskop client would and shown at `/errors`, so that it can scrape itself.
//!
//! Two ways lead in: warnings and errors of our own log records come through a tracing layer, each place in the code
//! (and service, where the record names one) under one constant key; and the middleware reports failed requests with
//! the request they failed in.

use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write as _;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use crate::clock::Clock;
use crate::model::severity::Severity;
use crate::model::time::Timestamp;

/// Distinct errors that are kept. Keys come from places in the code times services, so only a flood of services gets
/// near it; what comes after is counted under one key, [`OVERFLOW_KEY`].
const AGGREGATES_MAX: usize = 1000;

/// Samples of each error: what Periskop's clients keep.
const SAMPLES_MAX: usize = 10;

/// Bytes of a message or a URL that are kept.
const MESSAGE_BYTES_MAX: usize = 4096;

/// The key of what [`AGGREGATES_MAX`] left no place for.
const OVERFLOW_KEY: &str = "hydrophone::own_errors@overflow";

/// The target of the log records of failed scrapes: one for each failure, on a level that the log leaves out, because a
/// dead target is no news every fifteen seconds.
const SCRAPE_FAILURE: &str = "hydrophone::scrape::failure";

/// Collects the process's own errors. Cheap to share; everything in it is bounded.
pub struct OwnErrors {
    clock: Clock,
    target_uuid: String,
    collected: Mutex<BTreeMap<String, Aggregate>>,
}

/// One error to collect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What is counted as one error; without numbers or texts that vary.
    pub key: String,
    /// A type or a place in the code.
    pub class: String,
    /// What happened, in full.
    pub message: String,
    /// How bad it is.
    pub severity: Severity,
    /// Where in the code, innermost first; may be empty.
    pub stack: Vec<String>,
    /// The request it happened in: method and URL.
    pub request: Option<(String, String)>,
}

#[derive(Debug, Clone, Serialize)]
struct Aggregate {
    aggregation_key: String,
    total_count: u64,
    severity: &'static str,
    created_at: String,
    latest_errors: Vec<Sample>,
}

#[derive(Debug, Clone, Serialize)]
struct Sample {
    uuid: String,
    timestamp: String,
    severity: &'static str,
    error: Exception,
    http_context: Option<HttpContext>,
}

#[derive(Debug, Clone, Serialize)]
struct Exception {
    class: String,
    message: String,
    stacktrace: Vec<String>,
    cause: Option<()>,
}

#[derive(Debug, Clone, Serialize)]
#[expect(clippy::struct_field_names, reason = "the schema's names")]
struct HttpContext {
    request_method: String,
    request_url: String,
    request_headers: Option<()>,
    request_body: Option<()>,
}

#[derive(Serialize)]
struct Exposition<'a> {
    aggregated_errors: Vec<&'a Aggregate>,
    target_uuid: &'a str,
}

impl OwnErrors {
    /// An empty collection for this process. Its `target_uuid` is new in each process, as its counts start at zero.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self { clock, target_uuid: random_uuid(), collected: Mutex::default() }
    }

    /// Counts an error and keeps it as a sample.
    pub fn report(&self, report: Report) {
        let now = self.clock.now();
        let mut collected = self.collected.lock().unwrap_or_else(PoisonError::into_inner);
        let key = if collected.contains_key(&report.key) || collected.len() < AGGREGATES_MAX {
            report.key.clone()
        } else {
            OVERFLOW_KEY.to_owned()
        };
        let severity = report.severity.name();
        let aggregate = collected.entry(key).or_insert_with_key(|key| Aggregate {
            aggregation_key: key.clone(),
            total_count: 0,
            severity,
            created_at: now.to_string(),
            latest_errors: Vec::new(),
        });
        aggregate.total_count += 1;
        aggregate.latest_errors.insert(0, sample(report, now));
        aggregate.latest_errors.truncate(SAMPLES_MAX);
    }

    /// A tracing layer that reports our own warnings and errors, and failed scrapes, whatever the log's level.
    pub fn layer<S: Subscriber + for<'a> LookupSpan<'a>>(self: &Arc<Self>) -> impl Layer<S> + Send + Sync + use<S> {
        OwnErrorsLayer(Arc::clone(self)).with_filter(filter_fn(|metadata| {
            let ours = metadata.target() == "hydrophone" || metadata.target().starts_with("hydrophone::");
            metadata.target() == SCRAPE_FAILURE || ours && *metadata.level() <= Level::WARN
        }))
    }

    /// How many errors there were, all together.
    #[must_use]
    pub fn total(&self) -> u64 {
        let collected = self.collected.lock().unwrap_or_else(PoisonError::into_inner);
        collected.values().map(|aggregate| aggregate.total_count).sum()
    }

    /// The exposition, in Periskop's schema.
    #[must_use]
    pub fn exposition(&self) -> String {
        let collected = self.collected.lock().unwrap_or_else(PoisonError::into_inner);
        let exposition = Exposition { aggregated_errors: collected.values().collect(), target_uuid: &self.target_uuid };
        serde_json::to_string(&exposition).unwrap_or_default()
    }

    /// `GET /errors`.
    pub(super) fn respond(&self) -> Response {
        ([(CONTENT_TYPE, "application/json")], self.exposition()).into_response()
    }
}

impl fmt::Debug for OwnErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnErrors").field("target_uuid", &self.target_uuid).finish_non_exhaustive()
    }
}

fn sample(report: Report, now: Timestamp) -> Sample {
    let cut = |mut text: String| {
        if text.len() > MESSAGE_BYTES_MAX {
            let end = (0..=MESSAGE_BYTES_MAX).rev().find(|end| text.is_char_boundary(*end));
            text.truncate(end.unwrap_or_default());
        }
        text
    };
    let message = cut(report.message);
    Sample {
        uuid: random_uuid(),
        timestamp: now.to_string(),
        severity: report.severity.name(),
        error: Exception { class: report.class, message, stacktrace: report.stack, cause: None },
        http_context: report.request.map(|(request_method, request_url)| HttpContext {
            request_method,
            request_url: cut(request_url),
            request_headers: None,
            request_body: None,
        }),
    }
}

/// A random UUID (RFC 9562, version 4). The standard library seeds its hash maps from the system's randomness, which is
/// all that is needed to tell processes and samples apart.
fn random_uuid() -> String {
    let draw = || RandomState::new().hash_one(std::process::id());
    let (high, low) = (draw(), draw());
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        (low >> 48) & 0x3fff | 0x8000,
        low & 0xffff_ffff_ffff
    )
}

/// Reports log records.
struct OwnErrorsLayer(Arc<OwnErrors>);

impl<S: Subscriber> Layer<S> for OwnErrorsLayer {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let metadata = event.metadata();
        let mut record = Record::default();
        event.record(&mut record);
        let class = metadata.target().to_owned();
        let place = format!("{}:{}", metadata.file().unwrap_or("?"), metadata.line().unwrap_or(0));
        // The key is the place in the code, without what varies, so that a thousand failures are one error.
        let hash = xxhash_rust::xxh3::xxh3_64(format!("{place}\0{}", record.service).as_bytes()) as u32;
        self.0.report(Report {
            key: format!("{class}@{hash:08x}"),
            class,
            message: record.text(),
            severity: if *metadata.level() == Level::ERROR { Severity::Error } else { Severity::Warning },
            stack: vec![place],
            request: None,
        });
    }
}

/// The fields of a log record.
#[derive(Debug, Default)]
struct Record {
    message: String,
    service: String,
    fields: String,
}

impl Record {
    fn text(self) -> String {
        if self.fields.is_empty() { self.message } else { format!("{}:{}", self.message, self.fields) }
    }

    fn set(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => value.clone_into(&mut self.message),
            name => {
                if name == "service" {
                    value.clone_into(&mut self.service);
                }
                // Writing to a string does not fail.
                let _ = write!(self.fields, " {name}={value}");
            }
        }
    }
}

impl Visit for Record {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field, &format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use tracing_subscriber::layer::SubscriberExt;

    fn collect() -> Arc<OwnErrors> {
        Arc::new(OwnErrors::new(Clock::mock(Timestamp::from_seconds(1_795_168_800))))
    }

    fn report(key: &str) -> Report {
        Report {
            key: key.to_owned(),
            class: "Class".to_owned(),
            message: "what happened".to_owned(),
            severity: Severity::Error,
            stack: Vec::new(),
            request: Some(("GET".to_owned(), "/x".to_owned())),
        }
    }

    fn exposed(errors: &OwnErrors) -> Value {
        serde_json::from_str(&errors.exposition()).unwrap()
    }

    #[test]
    fn reports_of_one_key_are_one_aggregate_with_at_most_ten_samples() {
        let errors = collect();
        for _ in 0..25 {
            errors.report(report("a"));
        }
        let exposed = exposed(&errors);
        assert_eq!(exposed["aggregated_errors"][0]["total_count"], 25);
        assert_eq!(exposed["aggregated_errors"][0]["created_at"], "2026-11-20T10:00:00Z");
        assert_eq!(exposed["aggregated_errors"][0]["latest_errors"].as_array().unwrap().len(), SAMPLES_MAX);
        assert_eq!(exposed["aggregated_errors"][0]["latest_errors"][0]["http_context"]["request_url"], "/x");
    }

    #[test]
    fn long_messages_and_addresses_are_cut() {
        let errors = collect();
        let request = Some(("GET".to_owned(), "/".repeat(60_000)));
        errors.report(Report { message: "é".repeat(60_000), request, ..report("a") });
        let exposed = exposed(&errors);
        let sample = &exposed["aggregated_errors"][0]["latest_errors"][0];
        for text in [&sample["error"]["message"], &sample["http_context"]["request_url"]] {
            assert_eq!(text.as_str().unwrap().len(), MESSAGE_BYTES_MAX);
        }
    }

    #[test]
    fn a_flood_of_keys_is_counted_under_one() {
        let errors = collect();
        for index in 0..AGGREGATES_MAX + 50 {
            errors.report(report(&index.to_string()));
        }
        let exposed = exposed(&errors);
        let aggregates = exposed["aggregated_errors"].as_array().unwrap();
        assert_eq!(aggregates.len(), AGGREGATES_MAX + 1);
        let overflow = aggregates.iter().find(|aggregate| aggregate["aggregation_key"] == OVERFLOW_KEY).unwrap();
        assert_eq!(overflow["total_count"], 50);
        assert_eq!(errors.total(), AGGREGATES_MAX as u64 + 50);
    }

    #[test]
    fn warnings_of_one_place_and_service_share_a_key_whatever_they_say() {
        let errors = collect();
        let subscriber = tracing_subscriber::registry().with(errors.layer());
        tracing::subscriber::with_default(subscriber, || {
            for (service, error) in [("shop", "refused"), ("shop", "timed out"), ("cart", "refused")] {
                tracing::warn!(service, error, "scrape failed");
            }
            tracing::debug!(target: SCRAPE_FAILURE, service = "shop", "scrape failed");
            tracing::info!("all is well");
            tracing::error!(target: "redb", "not ours");
        });
        let exposed = exposed(&errors);
        let aggregates = exposed["aggregated_errors"].as_array().unwrap();
        let mut counts: Vec<u64> =
            aggregates.iter().map(|aggregate| aggregate["total_count"].as_u64().unwrap()).collect();
        counts.sort_unstable();
        assert_eq!(counts, [1, 1, 2]);
        let message = aggregates[0]["latest_errors"][0]["error"]["message"].as_str().unwrap();
        assert!(message.starts_with("scrape failed: service="), "{message}");
        assert_eq!(aggregates[0]["severity"], "warning");
    }

    #[test]
    fn uuids_are_version_four_and_differ() {
        let (one, two) = (random_uuid(), random_uuid());
        assert_ne!(one, two);
        assert_eq!(one.len(), 36, "{one}");
        assert_eq!(one.as_bytes()[14], b'4', "{one}");
        assert!(matches!(one.as_bytes()[19], b'8' | b'9' | b'a' | b'b'), "{one}");
    }
}
