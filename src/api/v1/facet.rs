//! `/facets`: what there is to filter by

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Parameters, Who, ask_as};
use super::shape::{self, Counted, Failure};
use crate::api::error::Error;
use crate::api::state::AppState;
use crate::query::matcher::Query;
use crate::query::{self, Context, facet};

/// Values of a facet when it is not said how many.
const LIMIT_DEFAULT: usize = 20;

/// The routes of facets.
pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new().routes(routes!(facets))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct FacetParameters {
    /// Of which errors, in the query language. All by default.
    #[param(example = "is:open")]
    q: Option<String>,
    /// Begin of the range: `now-24h`, RFC 3339 or Unix seconds. 24 hours before its end by default.
    #[param(example = "now-24h")]
    start: Option<String>,
    /// End of the range, not in it. Now by default.
    #[param(example = "now")]
    end: Option<String>,
    /// `true` also counts errors that did not happen in the range. `false` by default.
    #[param(value_type = Option<bool>)]
    all: Option<String>,
    /// Values of each facet, 1 to 1000. 20 by default.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    limit: Option<String>,
}

/// What errors have in common.
#[derive(Debug, Serialize, ToSchema)]
struct ErrorFacets {
    /// Begin of the range.
    #[schema(format = DateTime)]
    start: String,
    /// End of the range, not in it.
    #[schema(format = DateTime)]
    end: String,
    #[serde(flatten)]
    counted: Counted,
    /// How many errors are selected.
    errors: u64,
    /// How often they happened in the range.
    events: u64,
    /// One for each key that any of them has a value for.
    facets: Vec<ErrorFacet>,
}

/// One key to filter by.
#[derive(Debug, Serialize, ToSchema)]
struct ErrorFacet {
    /// The key, as `q` takes it.
    #[schema(example = "label.team")]
    key: String,
    /// The values with most errors.
    values: Vec<ErrorFacetValue>,
    /// How many values there are beyond these.
    others: u64,
    /// How many errors have no value.
    without: u64,
}

/// One value of a key.
#[derive(Debug, Serialize, ToSchema)]
struct ErrorFacetValue {
    /// The value.
    value: String,
    /// How many errors have it.
    errors: u64,
    /// How often these happened in the range.
    events: u64,
}

/// What there is to filter by: numbers of errors by service, severity, state, assignee and each label
#[utoipa::path(
    get, path = "/facets", operation_id = "listFacets", tag = "errors", params(FacetParameters),
    responses((status = 200, description = "The facets", body = ErrorFacets), Failure)
)]
async fn facets(
    State(state): State<Arc<AppState>>,
    who: Who,
    Parameters(given): Parameters<FacetParameters>,
) -> Result<Json<ErrorFacets>, Error> {
    Ok(Json(ask_as(&state, who, move |context| given.answer(context)).await?))
}

impl FacetParameters {
    fn answer(&self, context: &Context<'_>) -> Result<ErrorFacets, query::Error> {
        let range = query::time::parse_range(self.start.as_deref(), self.end.as_deref(), context.now)?;
        let query = Query::parse(self.q.as_deref().unwrap_or(""))?;
        let all = query::flag("all", self.all.as_deref())?;
        let limit = query::number("limit", self.limit.as_deref(), LIMIT_DEFAULT, 1, facet::VALUES_MAX)?;
        let found = facet::answer(context, &query, range, all, limit)?;
        Ok(ErrorFacets {
            start: shape::time(range.start),
            end: shape::time(range.end),
            counted: Counted::of(&query, context),
            errors: found.errors,
            events: found.events,
            facets: found.facets.into_iter().map(ErrorFacet::from).collect(),
        })
    }
}

impl From<facet::Facet> for ErrorFacet {
    fn from(facet: facet::Facet) -> Self {
        let facet::Facet { key, values, others, without } = facet;
        let value =
            |value: facet::Value| ErrorFacetValue { value: value.value, errors: value.errors, events: value.events };
        Self { key, values: values.into_iter().map(value).collect(), others, without }
    }
}
