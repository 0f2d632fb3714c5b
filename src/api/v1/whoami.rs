//! `/whoami`

use std::sync::Arc;

use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{NoParameters, Who};
use super::shape::Failure;
use crate::api::door::Asker;
use crate::api::state::AppState;
use crate::model::role::Role;

/// The route about who asks.
pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new().routes(routes!(answer))
}

/// Who asks, and what they may do.
#[derive(Debug, Serialize, ToSchema)]
struct Whoami {
    /// The name that stands in the activity: that of the login, `token:NAME` of an API token, or else what the header
    /// `X-Hydrophone-User` says, which nobody has checked. Empty when it says nothing.
    #[schema(example = "ada")]
    name: String,
    /// How the name is known: `password`, `token`, `proxy`, or `anonymous` when nobody has checked it.
    #[schema(example = "password")]
    method: &'static str,
    /// What they may do: `read`, `triage` (states, labels, assignees, notes, views) or `admin` (backups, reload). Each may do what
    /// those before it may.
    #[schema(example = "triage")]
    role: &'static str,
    /// Whether they may change states, labels, assignees, notes and views.
    may_triage: bool,
    /// Whether they may do what operators do.
    may_admin: bool,
}

/// Who asks, and what they may do
#[utoipa::path(
    get, path = "/whoami", operation_id = "getWhoami", tag = "server",
    params(("x-hydrophone-user" = Option<String>, Header, description = "The name of somebody who did not log in")),
    responses((status = 200, description = "Who asks", body = Whoami), Failure)
)]
async fn answer(Extension(Asker(identity)): Extension<Asker>, Who(name): Who, _: NoParameters) -> Json<Whoami> {
    Json(Whoami {
        name,
        method: identity.proof.name(),
        role: identity.role.name(),
        may_triage: identity.role >= Role::Triage,
        may_admin: identity.role >= Role::Admin,
    })
}
