//! `/query/complete`

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Parameters, Who, ask_as};
use super::shape::Failure;
use crate::api::error::Error;
use crate::api::state::AppState;
use crate::query::completion::{self, Counted};

/// The routes of the query language.
pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new().routes(routes!(complete))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct CompleteParameters {
    /// The query as it is typed so far; it may be incomplete.
    #[param(example = "service:che")]
    q: Option<String>,
    /// Where in it the cursor is, in characters from 0. At its end by default.
    #[param(value_type = Option<u32>, minimum = 0)]
    cursor: Option<String>,
}

/// What may stand at a place of a query.
#[derive(Debug, Serialize, ToSchema)]
struct Completion {
    /// Begin of the word at the cursor, which a suggestion replaces, in characters from 0.
    start: usize,
    /// Its end.
    end: usize,
    /// The key whose values are suggested; null where keys are.
    key: Option<String>,
    /// Suggestions, at most 50: first those that begin with what is typed, then those that hold it; of these, the most
    /// frequent values first.
    items: Vec<Suggestion>,
    /// Whether there are more.
    truncated: bool,
}

/// What may stand there.
#[derive(Debug, Serialize, ToSchema)]
struct Suggestion {
    /// What it is.
    name: String,
    /// What is written for it: a key with its colon, a value with the quotes it needs.
    text: String,
    /// How many `errors` or `targets` have it; null where that is not known at once.
    count: Option<u64>,
    /// What `count` counts: `errors` or `targets`.
    counted: Option<&'static str>,
}

/// What may stand at a place of a query
#[utoipa::path(
    get, path = "/query/complete", operation_id = "completeQuery", tag = "errors", params(CompleteParameters),
    responses((status = 200, description = "Suggestions", body = Completion), Failure)
)]
async fn complete(
    State(state): State<Arc<AppState>>,
    who: Who,
    Parameters(given): Parameters<CompleteParameters>,
) -> Result<Json<Completion>, Error> {
    let found = ask_as(&state, who, move |context| {
        completion::complete(context, given.q.as_deref().unwrap_or(""), given.cursor.as_deref())
    });
    Ok(Json(found.await?.into()))
}

impl From<completion::Completion> for Completion {
    fn from(found: completion::Completion) -> Self {
        Self {
            start: found.start,
            end: found.end,
            key: found.key,
            items: found.items.into_iter().map(Suggestion::from).collect(),
            truncated: found.truncated,
        }
    }
}

impl From<completion::Item> for Suggestion {
    fn from(item: completion::Item) -> Self {
        Self {
            name: item.name,
            text: item.text,
            count: item.count.map(Counted::number),
            counted: item.count.map(|counted| match counted {
                Counted::Errors(_) => "errors",
                Counted::Targets(_) => "targets",
            }),
        }
    }
}
