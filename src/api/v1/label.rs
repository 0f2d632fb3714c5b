//! `/labels` and `/labels/{name}/values`

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Name, NoParameters, ask};
use super::shape::Failure;
use crate::api::error::Error;
use crate::api::state::AppState;
use crate::query::label;

/// The routes of labels.
pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new().routes(routes!(names)).routes(routes!(values))
}

/// Labels there are to filter and group by.
#[derive(Debug, Serialize, ToSchema)]
struct LabelNames {
    /// `label.NAME` for annotation labels and `target.NAME` for labels of targets, as `by` and `q` take them.
    #[schema(example = json!(["label.team", "target.instance"]))]
    labels: Vec<String>,
}

/// Values of one label.
#[derive(Debug, Serialize, ToSchema)]
struct LabelValues {
    /// The values, sorted.
    values: Vec<String>,
    /// Whether there are more than the 10,000 that are here.
    truncated: bool,
}

/// The labels there are to filter and group by
#[utoipa::path(
    get, path = "/labels", operation_id = "listLabels", tag = "fleet",
    responses((status = 200, description = "Their names", body = LabelNames), Failure)
)]
async fn names(State(state): State<Arc<AppState>>, _: NoParameters) -> Result<Json<LabelNames>, Error> {
    let labels = ask(&state, |context| Ok(label::names(context))).await?;
    Ok(Json(LabelNames { labels }))
}

/// The values of a label
#[utoipa::path(
    get, path = "/labels/{name}/values", operation_id = "listLabelValues", tag = "fleet",
    params(("name" = String, Path, description = "The label, such as `target.version`")),
    responses((status = 200, description = "Its values", body = LabelValues), Failure)
)]
async fn values(
    State(state): State<Arc<AppState>>,
    Name(name): Name,
    _: NoParameters,
) -> Result<Json<LabelValues>, Error> {
    let (values, truncated) = ask(&state, move |context| label::values(context, &name)).await?;
    Ok(Json(LabelValues { values, truncated }))
}
