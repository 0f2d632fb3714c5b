//! What a process says when it is scraped: as the bytes that its language's client library sends, and as the values that
//! scraping makes of them.

use super::catalog::Language;
use super::fleet::Fleet;
use super::json;
use super::kind::Kind;
use super::process::{Cell, Process, created_at};
use super::sample::{Mark, occurrence, severity};
use super::service::{SERVICES, Service};
use super::slot::State;
use crate::model::exposition::{Dropped, ExposedAggregate, Exposition};
use crate::model::occurrence::{Cause, Exception, HttpContext, Occurrence, Stack};
use crate::model::time::Timestamp;

/// An exposition on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// As the client library says it; Go's says nothing and the standard library guesses.
    pub content_type: &'static str,
    /// The bytes.
    pub text: String,
}

impl Fleet {
    /// What the process in slot `index` exposes at the fleet's time; `None` when nobody answers there.
    #[must_use]
    pub fn body(&self, index: usize) -> Option<Body> {
        let slot = self.slots.get(index)?;
        let State::Up(process) = &slot.state else { return None };
        let (service, kinds) = (SERVICES.get(slot.service)?, self.kinds.get(slot.service)?);
        let content_type = match service.language {
            Language::Go => "text/plain; charset=utf-8",
            _ => "application/json",
        };
        Some(Body { content_type, text: body(service, kinds, process) })
    }
}

/// What changed in `process` since the last call, and that it was the only look in between.
pub(crate) fn changed(service: &Service, kinds: &[Kind], process: &mut Process) -> Exposition {
    let exposed = process.exposed();
    let mut aggregates = Vec::new();
    process.take_changed(|index, cell, sampled| {
        if let Some(kind) = kinds.get(index) {
            aggregates.push(aggregate(service, kind, cell, sampled));
        }
    });
    Exposition {
        target_uuid: Some(process.uuid.clone()),
        unchanged: exposed - aggregates.len(),
        aggregates,
        dropped: Dropped::default(),
        ..Exposition::default()
    }
}

/// One aggregate as scraping understands it.
pub(crate) fn aggregate(service: &Service, kind: &Kind, cell: &Cell, with_samples: bool) -> ExposedAggregate {
    ExposedAggregate {
        key: kind.key.clone(),
        total_count: cell.count,
        severity: severity(service, kind, cell.last.map_or(0, |mark| mark.seed)).1,
        created_at: created_at(service.language, cell),
        occurrences: with_samples
            .then(|| in_order(service.language, &cell.marks).map(|mark| occurrence(service, kind, mark)).collect()),
        ..ExposedAggregate::default()
    }
}

/// The samples in the order in which the client exposes them: the JVM's newest first, the others' as they came.
fn in_order(language: Language, marks: &[Mark]) -> impl Iterator<Item = Mark> + '_ {
    let last = marks.len().saturating_sub(1);
    let newest_first = language == Language::Scala;
    (0..marks.len()).filter_map(move |at| marks.get(if newest_first { last - at } else { at }).copied())
}

fn body(service: &Service, kinds: &[Kind], process: &Process) -> String {
    let language = service.language;
    let mut out = String::with_capacity(process.body_bytes as usize + 1024);
    out.push_str("{\"aggregated_errors\":");
    let exposed = kinds.iter().zip(&process.cells).filter(|(_, cell)| cell.count > 0);
    json::list(&mut out, exposed, |out, (kind, cell)| {
        out.push_str("{\"aggregation_key\":");
        json::string(out, &kind.key, escapes(language));
        let word = severity(service, kind, cell.last.map_or(0, |mark| mark.seed)).0;
        json::put(out, format_args!(",\"total_count\":{},\"severity\":\"{word}\",\"latest_errors\":", cell.count));
        json::list(out, in_order(language, &cell.marks), |out, mark| sample(out, service, kind, mark));
        if let (Some(mark), Some(_)) = (cell.created, created_at(language, cell)) {
            json::put(out, format_args!(",\"created_at\":\"{}\"", time(language, mark)));
        }
        out.push('}');
    });
    json::put(&mut out, format_args!(",\"target_uuid\":\"{}\"}}", process.uuid));
    out
}

fn sample(out: &mut String, service: &Service, kind: &Kind, mark: Mark) {
    let (language, Occurrence { uuid, exception, http, .. }) = (service.language, occurrence(service, kind, mark));
    let ascii = escapes(language);
    out.push_str("{\"error\":{");
    let Exception { class, message, stack, causes } = &exception;
    match (language, class.is_empty()) {
        // A message without an exception: the JVM's client sends nothing else, Ruby's sends nulls.
        (Language::Scala, true) => {
            out.push_str("\"message\":");
            json::string(out, message, ascii);
        }
        (_, empty) => {
            let class = (!empty).then_some(class.as_str());
            error(out, (class, message, stack.as_deref()), causes, ascii);
        }
    }
    let word = severity(service, kind, mark.seed).0;
    json::put(out, format_args!("}},\"uuid\":\"{uuid}\",\"timestamp\":\"{}\"", time(language, mark)));
    json::put(out, format_args!(",\"severity\":\"{word}\",\"http_context\":"));
    match http {
        Some(http) => context(out, &http, language),
        None => out.push_str("null"),
    }
    out.push('}');
}

/// An error's members without the braces, its causes inside each other.
fn error(
    out: &mut String,
    (class, message, stack): (Option<&str>, &str, Option<&Stack>),
    causes: &[Cause],
    ascii: bool,
) {
    out.push_str("\"class\":");
    json::optional(out, class, ascii);
    out.push_str(",\"message\":");
    json::string(out, message, ascii);
    out.push_str(",\"stacktrace\":");
    match stack {
        Some(stack) => json::list(out, &stack.frames, |out, frame| json::string(out, frame, ascii)),
        None => out.push_str("null"),
    }
    out.push_str(",\"cause\":");
    match causes.split_first() {
        Some((cause, deeper)) => {
            out.push('{');
            error(out, (Some(&cause.class), &cause.message, cause.stack.as_deref()), deeper, ascii);
            out.push('}');
        }
        None => out.push_str("null"),
    }
}

fn context(out: &mut String, http: &HttpContext, language: Language) {
    let ascii = escapes(language);
    out.push_str("{\"request_method\":");
    json::string(out, &http.method, ascii);
    out.push_str(",\"request_url\":");
    json::string(out, &http.url, ascii);
    out.push_str(",\"request_headers\":");
    match &http.headers {
        Some(headers) => {
            out.push('{');
            for (index, (name, value)) in headers.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                json::string(out, name, ascii);
                out.push(':');
                json::string(out, value, ascii);
            }
            out.push('}');
        }
        None => out.push_str("null"),
    }
    // Python's client does not know bodies, the others send null.
    if language != Language::Python {
        out.push_str(",\"request_body\":");
        json::optional(out, http.body.as_deref(), ascii);
    }
    out.push('}');
}

/// Whether the client escapes what is not ASCII.
fn escapes(language: Language) -> bool {
    matches!(language, Language::Scala | Language::Python)
}

/// RFC 3339 as the language's client writes it.
fn time(language: Language, mark: Mark) -> String {
    let whole = Timestamp::from_seconds(mark.at.seconds()).to_string();
    let millis = mark.at.0.rem_euclid(1000);
    let without_zone = whole.trim_end_matches('Z');
    match language {
        Language::Ruby => whole,
        Language::Go => format!("{without_zone}.{millis:03}{:06}Z", mark.nanos()),
        Language::Python | Language::Scala => format!("{without_zone}.{millis:03}Z"),
    }
}
