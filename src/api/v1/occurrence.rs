//! `/aggregates/{id}/occurrences` and `/occurrences/{id}`

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header::{ACCEPT, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Name, Parameters, ask};
use super::shape::{self, Failure, LabelMap};
use super::table::{Format, Lines, Table};
use super::ticket;
use crate::api::error::Error;
use crate::api::state::AppState;
use crate::model::id::{AggregateId, OccurrenceId};
use crate::model::occurrence as model;
use crate::query::{self, occurrence};

/// Samples on a page when it is not said how many.
const LIMIT_DEFAULT: usize = 20;

/// The routes of occurrences.
pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new().routes(routes!(page)).routes(routes!(one))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PageParameters {
    /// `next_cursor` of the page before. The newest samples by default.
    cursor: Option<String>,
    /// Samples on a page, 1 to 100. 20 by default.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
}

/// A page of samples, newest first.
#[derive(Debug, Serialize, ToSchema)]
struct Occurrences {
    /// The samples.
    occurrences: Vec<Occurrence>,
    /// `cursor` of the next, older page; null when this is the last.
    next_cursor: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OneParameters {
    /// `json` or `markdown`. What the header `Accept` says by default, and JSON otherwise.
    #[param(example = "markdown")]
    format: Option<String>,
}

/// One sample whole, and the ones beside it.
#[derive(Debug, Serialize, ToSchema)]
struct OccurrenceDetail {
    #[serde(flatten)]
    occurrence: Occurrence,
    /// The client's key of its error.
    aggregation_key: String,
    /// Id of the oldest sample of its error that is kept.
    first: Option<String>,
    /// Id of the next older one; null when this is the oldest.
    previous: Option<String>,
    /// Id of the next newer one; null when this is the newest.
    next: Option<String>,
    /// Id of the newest one.
    last: Option<String>,
}

/// One sampled exception.
#[derive(Debug, Serialize, ToSchema)]
struct Occurrence {
    /// Its id, which it keeps for ever.
    #[schema(example = "20412-3871-5")]
    id: String,
    /// Id of its error.
    aggregate: u32,
    /// Name of its service.
    service: String,
    /// The client's id; may be empty and may repeat.
    uuid: String,
    /// When it happened by the client's clock; null where the client did not say.
    #[schema(format = DateTime)]
    timestamp: Option<String>,
    /// `info`, `warning` or `error`.
    severity: &'static str,
    /// Class of the exception.
    class: String,
    /// Its message.
    message: String,
    /// Its stack, one frame a line as the client wrote them; null where it sent none.
    stacktrace: Option<Vec<String>>,
    /// What caused it, outermost first.
    causes: Vec<Cause>,
    /// The request it happened in; null where there was none.
    http: Option<Http>,
    /// Labels of the target at which it was sampled.
    target: LabelMap,
}

/// One link of the chain of causes.
#[derive(Debug, Serialize, ToSchema)]
struct Cause {
    /// Class of the exception.
    class: String,
    /// Its message.
    message: String,
    /// Its stack; null where the client sent none.
    stacktrace: Option<Vec<String>>,
}

/// The request in which an exception happened.
#[derive(Debug, Serialize, ToSchema)]
struct Http {
    /// `GET`, `POST`, …
    method: String,
    /// The whole URL as the client wrote it.
    url: String,
    /// Header names and values; of a name that came several times, all values with commas between; null where the client
    /// sent none.
    headers: Option<BTreeMap<String, String>>,
    /// The body; null where the client sent none.
    body: Option<String>,
    /// The request as a command for a shell; what was redacted is redacted there, too.
    curl: String,
}

/// Samples of an error, newest first
#[utoipa::path(
    get, path = "/aggregates/{id}/occurrences", operation_id = "listOccurrences", tag = "errors",
    params(("id" = u32, Path, description = "The error's id"), PageParameters),
    responses(
        (status = 200, description = "A page of samples", content(
            (Occurrences = "application/json"), (String = "text/csv"), (String = "application/x-ndjson")
        )),
        Failure
    )
)]
async fn page(
    State(state): State<Arc<AppState>>,
    name: Name,
    Parameters(given): Parameters<PageParameters>,
    format: Format,
) -> Result<Response, Error> {
    let page = ask(&state, move |context| {
        let limit = query::number("limit", given.limit.as_deref(), LIMIT_DEFAULT, 1, occurrence::LIMIT_MAX)?;
        occurrence::page(context, AggregateId(name.id("aggregate")?), given.cursor.as_deref(), limit)
    });
    let page = page.await?;
    format.respond(&Occurrences {
        occurrences: page.items.into_iter().map(Occurrence::from).collect(),
        next_cursor: page.next.map(|id| id.to_string()),
    })
}

/// One sample of an error
///
/// As Markdown, it is ready to be pasted into a ticket.
#[utoipa::path(
    get, path = "/occurrences/{id}", operation_id = "getOccurrence", tag = "errors",
    params(("id" = String, Path, description = "The sample's id"), OneParameters),
    responses(
        (status = 200, description = "The sample", content(
            (OccurrenceDetail = "application/json"), (String = "text/markdown")
        )),
        Failure
    )
)]
async fn one(
    State(state): State<Arc<AppState>>,
    Name(name): Name,
    Parameters(given): Parameters<OneParameters>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let as_markdown = given.is_markdown(&headers)?;
    let detail = ask(&state, move |context| occurrence::one(context, &name)).await?;
    let mut response = if as_markdown {
        ([(CONTENT_TYPE, "text/markdown; charset=utf-8")], ticket::markdown(&detail.item)).into_response()
    } else {
        Json(OccurrenceDetail::from(detail)).into_response()
    };
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
    Ok(response)
}

impl OneParameters {
    fn is_markdown(&self, headers: &HeaderMap) -> Result<bool, Error> {
        match self.format.as_deref() {
            Some("markdown") => Ok(true),
            Some("json") => Ok(false),
            Some(other) => {
                let known = query::suggestion::known(other, ["json", "markdown"]);
                Err(Error::bad_param("format", format!("there is no format {other:?}{known}")))
            }
            None => {
                let accepted = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("");
                Ok(accepted.trim_start().starts_with("text/markdown"))
            }
        }
    }
}

impl From<occurrence::Detail> for OccurrenceDetail {
    fn from(detail: occurrence::Detail) -> Self {
        let text = |id: Option<OccurrenceId>| id.map(|id| id.to_string());
        Self {
            occurrence: detail.item.into(),
            aggregation_key: detail.key,
            first: text(detail.neighbours.first),
            previous: text(detail.neighbours.previous),
            next: text(detail.neighbours.next),
            last: text(detail.neighbours.last),
        }
    }
}

impl From<occurrence::Item> for Occurrence {
    fn from(item: occurrence::Item) -> Self {
        let sample = item.stored.occurrence;
        Self {
            id: item.stored.id.to_string(),
            aggregate: item.stored.aggregate.0,
            service: item.service,
            uuid: sample.uuid,
            timestamp: sample.timestamp.map(shape::time),
            severity: sample.severity.name(),
            class: sample.exception.class,
            message: sample.exception.message,
            stacktrace: sample.exception.stack.as_deref().map(frames),
            causes: sample.exception.causes.into_iter().map(Cause::from).collect(),
            http: sample.http.map(Http::from),
            target: shape::labels(&item.target),
        }
    }
}

impl From<model::Cause> for Cause {
    fn from(cause: model::Cause) -> Self {
        Self { class: cause.class, message: cause.message, stacktrace: cause.stack.as_deref().map(frames) }
    }
}

impl From<model::HttpContext> for Http {
    fn from(http: model::HttpContext) -> Self {
        let curl = ticket::curl(&http);
        let headers = http.headers.map(|headers| {
            let mut map: BTreeMap<String, String> = BTreeMap::new();
            for (name, value) in headers {
                map.entry(name)
                    .and_modify(|values| {
                        values.push_str(", ");
                        values.push_str(&value);
                    })
                    .or_insert(value);
            }
            map
        });
        Self { method: http.method, url: http.url, headers, body: http.body, curl }
    }
}

fn frames(stack: &model::Stack) -> Vec<String> {
    stack.frames.clone()
}

impl Table for Occurrences {
    fn columns(&self) -> Vec<&str> {
        vec![
            "id",
            "aggregate",
            "service",
            "uuid",
            "timestamp",
            "severity",
            "class",
            "message",
            "stacktrace",
            "causes",
            "http_method",
            "http_url",
            "target",
        ]
    }

    fn rows(&self, row: &mut dyn FnMut(&[&str])) {
        for one in &self.occurrences {
            let causes: Vec<String> =
                one.causes.iter().map(|cause| format!("{}: {}", cause.class, cause.message)).collect();
            row(&[
                &one.id,
                &one.aggregate.to_string(),
                &one.service,
                &one.uuid,
                one.timestamp.as_deref().unwrap_or(""),
                one.severity,
                &one.class,
                &one.message,
                &one.stacktrace.as_deref().unwrap_or_default().join("\n"),
                &causes.join("\n"),
                one.http.as_ref().map_or("", |http| &http.method),
                one.http.as_ref().map_or("", |http| &http.url),
                &shape::label_cell(&one.target),
            ]);
        }
    }

    fn lines(&self, lines: &mut Lines) -> Result<(), Error> {
        self.occurrences.iter().try_for_each(|occurrence| lines.push(occurrence))
    }

    fn next_cursor(&self) -> Option<&str> {
        self.next_cursor.as_deref()
    }
}
