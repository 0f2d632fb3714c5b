//! Periskop's API, byte for byte, so that what was built for Periskop (its page, Backstage's plugin) works unchanged.
//!
//! The original routes with gorilla/mux and answers as Go's net/http does: paths end with a slash, and without it they
//! are not found; failures are one line of text. Three things are meant to differ: a resolved error stays away until it
//! happens again, a configured service without errors has an empty list, and a browser's preflight request (`OPTIONS`)
//! resolves nothing.

mod json;
mod key;
mod list;
mod wire;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::{ALLOW, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get};

use super::error::Error;
use super::middleware::allow_localhost;
use super::state::AppState;
use super::v1::extract::Who;
use crate::ingest::Edit;
use crate::model::activity::Reason;
use crate::model::aggregate_set::AggregateSet;
use crate::model::triage::Turn;
use crate::redact::{Hits, Redactor};
use crate::store::Task;

/// Its routes.
pub(super) fn router() -> Router<Arc<AppState>> {
    Router::new()
        .route("/services/", get(services))
        .route("/services/{service}/errors/", get(errors))
        .route("/services/{service}/errors/{*key}", delete(resolve).options(preflight).fallback(not_allowed))
        .route("/targets/", get(targets))
        .layer(axum::middleware::from_fn(allow_localhost))
}

/// What the original says of any path it does not know.
pub(super) fn not_found() -> Response {
    text(StatusCode::NOT_FOUND, "404 page not found")
}

async fn services(State(state): State<Arc<AppState>>) -> Result<Response, Error> {
    let names = state
        .read(|state| {
            let config = Arc::clone(&state.config.borrow().config);
            let mut names: Vec<String> = config.services.iter().map(|service| service.name.clone()).collect();
            names.extend(state.store.view()?.services().iter().map(|service| service.name.clone()));
            names.sort_unstable();
            names.dedup();
            Ok::<_, Error>(names)
        })
        .await?;
    line(&names)
}

async fn targets(State(state): State<Arc<AppState>>) -> Result<Response, Error> {
    let targets = state.targets.borrow().clone();
    let mut services = BTreeMap::new();
    for service in targets.iter() {
        let endpoint = |url: &str, address: &str| format!("{address}{}", path_of(url));
        let targets: Vec<_> = service
            .active
            .iter()
            .map(|target| wire::Target { endpoint: endpoint(&target.shown_url(), &target.address) })
            .collect();
        services.insert(service.service.as_str(), targets);
    }
    line(&services)
}

/// `GET /services/{service}/errors/`: open errors, last seen first.
async fn errors(State(state): State<Arc<AppState>>, uri: Uri) -> Result<Response, Error> {
    let Some((service, "")) = key::split(uri.path()) else { return Ok(not_found()) };
    let name = service.clone();
    match state.read(move |state| list::open_errors(state, &name)).await? {
        Some(errors) => list::respond(state, errors).await,
        None => {
            state.metrics.application_error("service_not_found", 1);
            state.metrics.application_error("get_errors", 1);
            Ok(text(StatusCode::NOT_FOUND, &format!("service {service} not found")))
        }
    }
}

/// `DELETE /services/{service}/errors/{key}/`: resolves the error. As in Periskop an unknown key is no failure.
async fn resolve(State(state): State<Arc<AppState>>, who: Who, uri: Uri) -> Result<Response, Error> {
    let Some((service, rest)) = key::split(uri.path()) else { return Ok(not_found()) };
    let keys = key::keys(rest, uri.query());
    if keys.is_empty() {
        return Ok(not_found());
    }
    let found = state
        .read(move |state| {
            let view = state.store.view()?;
            let Some(id) = view.service(&service) else { return Ok(state.is_configured(&service).then_some(None)) };
            let find = |keys: &[String]| keys.iter().find_map(|key| view.find_aggregate(id, key));
            // Who has a key from the client itself has it with the secrets that are hidden in ours.
            Ok::<_, Error>(Some(find(&keys).or_else(|| find(&hidden(state, keys)))))
        })
        .await?;
    match found {
        None => Ok(not_found()),
        Some(aggregate) => {
            let aggregates: AggregateSet = aggregate.into_iter().collect();
            if !aggregates.is_empty() {
                let change = Turn::Resolve.into();
                let task = Task::Change { aggregates, change, revision: None };
                state.writer.edit(Edit { actor: Some(who.0), reason: Reason::Periskop, task }).await?;
            }
            Ok(StatusCode::NO_CONTENT.into_response())
        }
    }
}

/// The keys as they are stored: without secrets.
fn hidden(state: &AppState, mut keys: Vec<String>) -> Vec<String> {
    let config = Arc::clone(&state.config.borrow().config);
    let redactor = Redactor::new(&config.redaction);
    keys.retain_mut(|key| redactor.text(key, &mut Hits::default()));
    keys
}

/// A browser asks before it sends `DELETE`. The original resolves the error then already.
async fn preflight() -> StatusCode {
    StatusCode::NO_CONTENT
}

async fn not_allowed() -> Response {
    (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "DELETE, OPTIONS")], "Method Not Allowed\n").into_response()
}

/// The path of a URL, without what stands behind it.
fn path_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = rest.find('/').and_then(|at| rest.get(at..)).unwrap_or_default();
    path.split(['?', '#']).next().unwrap_or_default()
}

/// One line of JSON, as Go's `Fprintln` ends it.
fn line<T: serde::Serialize + ?Sized>(value: &T) -> Result<Response, Error> {
    let mut body = Vec::new();
    json::append(&mut body, value)?;
    body.push(b'\n');
    Ok(([(CONTENT_TYPE, "application/json")], body).into_response())
}

/// One line of text, as Go's `http.Error` writes it.
fn text(status: StatusCode, words: &str) -> Response {
    let headers = [(CONTENT_TYPE, "text/plain; charset=utf-8"), (X_CONTENT_TYPE_OPTIONS, "nosniff")];
    (status, headers, format!("{words}\n")).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_shows_the_path_that_is_scraped() {
        for (url, expect) in [
            ("http://localhost:3000/-/exceptions", "/-/exceptions"),
            ("https://a:1/x/y?key=/z", "/x/y"),
            ("http://a:1", ""),
        ] {
            assert_eq!(path_of(url), expect, "{url}");
        }
    }
}
