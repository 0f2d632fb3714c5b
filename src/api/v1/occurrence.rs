//! `/aggregates/{id}/occurrences` and `/occurrences/{id}`

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Name, NoParameters, Parameters, ask};
use super::shape::{self, Failure, LabelMap};
use super::table::{Format, Lines, Table};
use crate::api::error::Error;
use crate::api::state::AppState;
use crate::model::id::AggregateId;
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
#[utoipa::path(
    get, path = "/occurrences/{id}", operation_id = "getOccurrence", tag = "errors",
    params(("id" = String, Path, description = "The sample's id")),
    responses((status = 200, description = "The sample", body = Occurrence), Failure)
)]
async fn one(State(state): State<Arc<AppState>>, Name(name): Name, _: NoParameters) -> Result<Json<Occurrence>, Error> {
    let item = ask(&state, move |context| occurrence::one(context, &name)).await?;
    Ok(Json(item.into()))
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
        Self { method: http.method, url: http.url, headers, body: http.body }
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
