//! The native API under `/api/v1`: one file for each resource, each with its routes and the structs it answers with.
//!
//! Handlers extract, ask one question and map. What is common to them is in `extract` (parameters, and how a question is
//! asked), `table` (CSV and JSON lines) and `shape` (what several answers hold).

mod activity;
mod aggregate;
pub(super) mod extract;
mod facet;
mod label;
mod occurrence;
mod patch;
mod query;
pub(super) mod range;
mod report;
mod search;
mod service;
pub(super) mod shape;
mod standing;
mod status;
mod table;
mod target;
mod ticket;
mod top;
mod triage;
mod view;
mod whoami;

use std::sync::{Arc, LazyLock};

use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::{Json, Router};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::Problem;
use super::state::AppState;
use super::{admin, chart};

/// All its routes, relative to `/api/v1`.
pub fn router() -> Router<Arc<AppState>> {
    resources().into()
}

/// The document that describes all routes, as it is served and as docs/openapi.json holds it.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    OpenApiRouter::<Arc<AppState>>::with_openapi(Document::openapi())
        .nest("/api/v1", resources())
        .merge(chart::resources())
        .into_openapi()
}

fn resources() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new()
        .merge(service::routes())
        .merge(aggregate::routes())
        .merge(triage::routes())
        .merge(activity::routes())
        .merge(occurrence::routes())
        .merge(search::routes())
        .merge(range::routes())
        .merge(top::routes())
        .merge(target::routes())
        .merge(label::routes())
        .merge(facet::routes())
        .merge(report::routes())
        .merge(view::routes())
        .merge(query::routes())
        .merge(status::routes())
        .merge(admin::routes())
        .merge(whoami::routes())
        .routes(routes!(openapi))
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Hydrophone",
        description = "Exceptions of a fleet over time: counts by service, error, target and label, and their samples.\n\n\
            Times in parameters are `now`, `now-24h`, RFC 3339 or Unix seconds; times in answers are RFC 3339 in UTC, except \
            `timestamps` of series, which are Unix seconds. Durations say their unit in their name. Counts are exact; \
            `estimated` says how much of a count stands at its place in time by estimate, because it fell into a gap in \
            which nobody was watching. Failures are problem details (RFC 9457). Lists are also CSV (`Accept: text/csv`) and \
            JSON lines (`Accept: application/x-ndjson`).",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(Problem)),
    modifiers(&Doors),
    servers((url = "../..", description = "This server: relative to this document, so that any path prefix works")),
    tags(
        (name = "errors", description = "Errors (aggregates), their counts and their samples"),
        (name = "triage", description = "States, labels, assignees and notes of errors, and who changed them"),
        (name = "series", description = "Counts over time and the most frequent groups"),
        (name = "charts", description = "Counts over time as pictures"),
        (name = "fleet", description = "Services, targets and labels"),
        (name = "server", description = "This server")
    )
)]
struct Document;

/// The ways in. What a server asks for, its operator decides: with none of them a request is anonymous.
struct Doors;

impl Modify for Doors {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = |scheme, words: &str| {
            let mut http = Http::new(scheme);
            http.description = Some(words.to_owned());
            SecurityScheme::Http(http)
        };
        let components = document.components.get_or_insert_default();
        let password =
            scheme(HttpAuthScheme::Basic, "A name and a password of `basic_auth_users` in the web configuration");
        components.add_security_scheme("password", password);
        let token = scheme(HttpAuthScheme::Bearer, "An API token, made by `hydrophone token create`");
        components.add_security_scheme("token", token);
        let requirement = |name: &str| SecurityRequirement::new::<_, _, String>(name, []);
        document.security = Some(vec![SecurityRequirement::default(), requirement("password"), requirement("token")]);
    }
}

/// The document that describes all these calls
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "getOpenApi", tag = "server",
    responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value), shape::Failure)
)]
async fn openapi() -> impl IntoResponse {
    static DOCUMENT: LazyLock<utoipa::openapi::OpenApi> = LazyLock::new(document);
    ([(CONTENT_TYPE, "application/json")], Json(&*DOCUMENT))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.json");

    /// Written anew by `UPDATE=1 cargo test openapi`.
    #[test]
    fn the_openapi_document_in_docs_is_the_one_that_is_served() {
        let mut now = serde_json::to_string_pretty(&document()).unwrap();
        now.push('\n');
        if std::env::var_os("UPDATE").is_some() {
            crate::fs::rewrite_atomic(std::path::Path::new(PATH), now.as_bytes()).unwrap();
        }
        let then = std::fs::read_to_string(PATH).unwrap_or_default();
        assert!(now == then, "docs/openapi.json is stale: run UPDATE=1 cargo test openapi, and read the difference");
    }

    #[test]
    fn every_call_describes_itself_its_parameters_and_its_failures() {
        let document = serde_json::to_value(document()).unwrap();
        let paths = document["paths"].as_object().unwrap();
        assert!(paths.len() >= 15, "{}", paths.len());
        let mut operations = std::collections::BTreeSet::new();
        for (path, item) in paths {
            for (method, call) in item.as_object().unwrap() {
                check(&mut operations, &format!("{method} {path}"), call);
            }
        }
    }

    fn check(operations: &mut std::collections::BTreeSet<String>, path: &str, call: &serde_json::Value) {
        let operation = call["operationId"].as_str().unwrap().to_owned();
        assert!(operations.insert(operation), "{path} shares its operation's name");
        assert!(call["summary"].as_str().is_some_and(|text| text.len() > 7), "{path} has no summary");
        assert!(call["tags"].is_array(), "{path} has no tag");
        for parameter in call["parameters"].as_array().into_iter().flatten() {
            let described = parameter["description"].as_str().is_some_and(|text| text.len() > 10);
            assert!(described, "{path}: {} is not described", parameter["name"]);
        }
        let fails = path.ends_with("openapi.json") || call["responses"]["default"].is_object();
        assert!(fails, "{path} does not describe its failures");
    }
}
