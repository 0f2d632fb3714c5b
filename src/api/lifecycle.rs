//! Health, readiness, reload and quit, with Prometheus's paths, words and gates.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::{ALLOW, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::sync::oneshot;

use super::state::{AppState, Readiness, ReloadRequest};

const STOPPING: HeaderName = HeaderName::from_static("x-prometheus-stopping");

/// `/-/…`.
pub(super) fn router() -> Router<Arc<AppState>> {
    Router::new()
        .route("/-/healthy", get(async || "Hydrophone Server is Healthy.\n"))
        .route("/-/health", get(async || "OK"))
        .route("/-/ready", get(ready))
        .route("/-/reload", post(reload).put(reload).fallback(only_post))
        .route("/-/quit", post(quit).put(quit).fallback(only_post))
}

async fn ready(State(state): State<Arc<AppState>>) -> Response {
    let readiness = *state.readiness.borrow();
    let outage = state.ingest.outage();
    if let (Readiness::Ready, None) = (readiness, &outage) {
        return "Hydrophone Server is Ready.\n".into_response();
    }
    let stopping = if readiness == Readiness::Stopping { "true" } else { "false" };
    let headers = [(STOPPING, HeaderValue::from_static(stopping))];
    // It still answers everything, but what is scraped is in memory only.
    let reason = outage.map_or("Service Unavailable".to_owned(), |outage| {
        format!("Service Unavailable: nothing can be written: {}\n", outage.reason)
    });
    (StatusCode::SERVICE_UNAVAILABLE, headers, reason).into_response()
}

async fn reload(State(state): State<Arc<AppState>>) -> Response {
    if !state.flags.enable_lifecycle {
        return disabled();
    }
    let (done, outcome) = oneshot::channel();
    // A full queue means that a reload is waiting already; then this request waits its turn.
    if state.reload.send(ReloadRequest { done }).await.is_err() {
        return failed("the server is stopping");
    }
    match outcome.await {
        Ok(Ok(())) => StatusCode::OK.into_response(),
        Ok(Err(reason)) => failed(&reason),
        Err(_) => failed("the server is stopping"),
    }
}

async fn quit(State(state): State<Arc<AppState>>) -> Response {
    if !state.flags.enable_lifecycle {
        return disabled();
    }
    state.quit.cancel();
    "Requesting termination... Goodbye!".into_response()
}

async fn only_post() -> Response {
    (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "POST, PUT")], "Only POST or PUT requests allowed").into_response()
}

fn disabled() -> Response {
    (StatusCode::FORBIDDEN, "Lifecycle API is not enabled.").into_response()
}

fn failed(reason: &str) -> Response {
    let headers = [(CONTENT_TYPE, "text/plain; charset=utf-8")];
    (StatusCode::INTERNAL_SERVER_ERROR, headers, format!("failed to reload config: {reason}\n")).into_response()
}
