//! What happens to every request: counting, logging, reporting failures of ours, time and size limits, headers that
//! keep browsers safe.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, ORIGIN,
    REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body::Body;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::error::{Error, Reported};
use super::own_errors::Report;
use super::state::AppState;
use crate::model::severity::Severity;

/// Time for an answer's head. Queries are bounded, so what takes longer waits for a disk or a lock that will not come.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(60);

/// Bytes of a request's body. The largest request names a few thousand aggregates.
pub(super) const BODY_BYTES_MAX: usize = 1024 * 1024;

/// A body that says that it is no larger is a small one. Nearly all are.
const SMALL_BODY_BYTES: usize = 64 << 10;

/// Bytes of all bodies together that are received or worked on at one time, of the small ones and of the others: so slow large ones never
/// keep a small one waiting.
const BODIES_BYTES_MAX: usize = 64 << 20;

/// Places for the bodies of requests: without them connections times streams times the largest body would be gigabytes.
#[derive(Debug)]
pub(super) struct Bodies {
    small: Semaphore,
    large: Semaphore,
}

impl Default for Bodies {
    fn default() -> Self {
        Self {
            small: Semaphore::new(BODIES_BYTES_MAX / SMALL_BODY_BYTES),
            large: Semaphore::new(BODIES_BYTES_MAX / BODY_BYTES_MAX),
        }
    }
}

impl Bodies {
    /// Waits for a place for a body.
    async fn place(&self, announced: Option<usize>) -> Option<SemaphorePermit<'_>> {
        let is_small = announced.is_some_and(|bytes| bytes <= SMALL_BODY_BYTES);
        // They are never closed.
        if is_small { &self.small } else { &self.large }.acquire().await.ok()
    }
}

macro_rules! policy {
    ($ancestors:literal) => {
        concat!(
            "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; ",
            "font-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors ",
            $ancestors
        )
    };
}

/// Scripts only from our own files, never inline, so that a message with markup in it stays a message. Styles may be
/// inline, because Mantine sets its variables and sizes that way, and a nonce would make the page uncacheable; images
/// may be data URLs, which CSS uses for icons. Nobody may frame the page.
const CONTENT_POLICY: &str = policy!("'none'");

/// As above, for an operator who lets pages of the same site frame the page.
const CONTENT_POLICY_FRAMED: &str = policy!("'self'");

/// Counts and logs the request, and reports it where the failure is ours.
pub(super) async fn observe(State(state): State<Arc<AppState>>, request: Request, next: Next) -> Response {
    let stopwatch = state.clock.stopwatch();
    let method = request.method().clone();
    // The path itself would be an unbounded label.
    let handler = request.extensions().get::<MatchedPath>().map_or("fallback", MatchedPath::as_str).to_owned();
    let uri = request.uri().clone();
    let mut response = next.run(request).await;
    let (status, seconds) = (response.status().as_u16(), stopwatch.seconds());
    state.metrics.request(&handler, method_name(&method), status, seconds);
    tracing::debug!(%method, %uri, status, seconds, "answered");
    if let Some(Reported(detail)) = response.extensions_mut().remove() {
        // The target is not ours, so that the record is not reported a second time without its request.
        tracing::error!(target: "http", %method, %uri, status, detail, "request failed");
        state.errors.report(Report {
            key: format!("hydrophone::api@{status}:{method} {handler}", method = method_name(&method)),
            class: "hydrophone::api".to_owned(),
            message: detail,
            severity: Severity::Error,
            stack: Vec::new(),
            request: Some((method.to_string(), uri.to_string())),
        });
    }
    let current = state.door.current();
    // Whoever lets the page be framed says so in the older header; the newer one would win.
    let framed = current.config.headers.iter().any(|(name, value)| *name == "X-Frame-Options" && value == "sameorigin");
    for (name, value) in [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Not `no-referrer`: a form of our own pages would not say either where it comes from.
        (REFERRER_POLICY, "same-origin"),
        (X_FRAME_OPTIONS, "DENY"),
        (CONTENT_SECURITY_POLICY, if framed { CONTENT_POLICY_FRAMED } else { CONTENT_POLICY }),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    for (name, value) in &current.config.headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(*name, value);
        }
    }
    response
}

/// Gives up an answer that takes too long, refuses a body that says it is too large, and lets so many wait for their place that all
/// together have a bound.
pub(super) async fn limit(State(bodies): State<Arc<Bodies>>, request: Request, next: Next) -> Response {
    let announced =
        request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|bytes| bytes > BODY_BYTES_MAX) {
        return Error::too_large(format!("the body is larger than {BODY_BYTES_MAX} bytes")).into_response();
    }
    let has_body = !request.body().is_end_stream();
    let answer = async {
        let _place = if has_body { bodies.place(announced).await } else { None };
        next.run(request).await
    };
    tokio::time::timeout(ANSWER_TIME_MAX, answer).await.unwrap_or_else(|_| {
        let seconds = ANSWER_TIME_MAX.as_secs();
        Error::timeout(format!("there was no answer within {seconds} s")).into_response()
    })
}

/// Lets pages served from localhost call Periskop's API, as Periskop does for its own development server.
pub(super) async fn allow_localhost(request: Request, next: Next) -> Response {
    let origin =
        request.headers().get(ORIGIN).filter(|origin| origin.as_bytes().starts_with(b"http://localhost:")).cloned();
    let mut response = next.run(request).await;
    response.headers_mut().append(VARY, HeaderValue::from(ORIGIN));
    if let Some(origin) = origin {
        response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        let methods = HeaderValue::from_static("GET, POST, PUT, DELETE");
        response.headers_mut().insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
    }
    response
}

/// The answer in place of a handler that panicked.
#[expect(clippy::needless_pass_by_value, reason = "tower-http's signature")]
pub(super) fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let words = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    Error::internal(format!("a handler panicked: {}", words.unwrap_or("without words"))).into_response()
}

/// The methods by name; all that nobody should send share one, so that the label is bounded.
fn method_name(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}
