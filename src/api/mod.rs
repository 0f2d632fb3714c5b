//! The only module that knows HTTP: router, state, error, one file for each resource.

pub mod chart;
pub mod error;
pub mod metrics;
pub mod own_errors;
pub mod server;
pub mod state;
pub mod v1;

mod admin;
mod answer;
mod connection;
mod door;
mod exposition;
mod lifecycle;
mod metrics_text;
mod middleware;
mod origin;
mod periskop;
mod process;
mod request_body;
mod route;
mod ui;

use std::sync::Arc;

pub use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};

pub use error::Error;
pub use metrics::Metrics;
pub use own_errors::OwnErrors;
pub use server::{Limits, Server};
pub use state::AppState;

/// Everything that is served, under the external URL's path.
pub fn router(state: Arc<AppState>) -> Router {
    let prefix = state.flags.path_prefix().to_owned();
    let everything = Router::new()
        .nest("/api/v1", v1::router().method_not_allowed_fallback(method_not_allowed))
        .merge(chart::router().method_not_allowed_fallback(method_not_allowed))
        .merge(periskop::router())
        .merge(lifecycle::router())
        .route("/errors", get(async |State(state): State<Arc<AppState>>| state.errors.respond()))
        .route("/metrics", get(exposition::metrics))
        .fallback(other);
    let everything = if prefix.is_empty() { everything } else { below(&prefix, everything) };
    layered(everything, state)
}

/// What happens to every request around its handler.
fn layered(routes: Router<Arc<AppState>>, state: Arc<AppState>) -> Router {
    // The last layer is the outermost.
    routes
        .layer(DefaultBodyLimit::max(middleware::BODY_BYTES_MAX))
        .layer(from_fn_with_state(Arc::<middleware::Bodies>::default(), middleware::limit))
        .layer(from_fn_with_state(Arc::clone(&state), door::guard))
        // An archive is compressed already.
        .layer(
            CompressionLayer::new()
                .compress_when(DefaultPredicate::new().and(NotForContentType::const_new(admin::ARCHIVE))),
        )
        .layer(CatchPanicLayer::custom(middleware::panicked))
        .layer(from_fn_with_state(Arc::clone(&state), middleware::observe))
        .with_state(state)
}

/// `inner` under `prefix`; whoever comes to the root is sent there.
fn below(prefix: &str, inner: Router<Arc<AppState>>) -> Router<Arc<AppState>> {
    let home = format!("{prefix}/");
    let redirect = move || {
        let home = Redirect::to(&home);
        async move { home }
    };
    // A nested router does not see its own root with a slash; the pages need it, because their addresses are relative.
    Router::new()
        .route("/", get(redirect.clone()))
        .route(prefix, get(redirect))
        .route(&format!("{prefix}/"), get(async |headers: HeaderMap| ui::respond("", &headers)))
        .nest(prefix, inner)
}

/// What no route matches: a problem under `/api`, plain text where machines ask, and the pages anywhere else.
async fn other(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    match path.split('/').next().unwrap_or_default() {
        "api" => Error::not_found(format!("there is nothing at {}", uri.path())).into_response(),
        "services" | "targets" | "errors" | "metrics" | "prometheus" | "charts" | "-" => periskop::not_found(),
        _ if method == Method::GET || method == Method::HEAD => ui::respond(path, &headers),
        _ => (StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed\n").into_response(),
    }
}

async fn method_not_allowed(method: Method, uri: Uri) -> Error {
    Error::method_not_allowed(format!("{method} is not allowed at {}", uri.path()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use axum::http::Request;
    use tokio::sync::{mpsc, watch};
    use tokio_util::sync::CancellationToken;
    use tower::ServiceExt;

    use crate::clock::Clock;
    use crate::ingest::{self, Settings, Writer};
    use crate::model::time::{Millis, Timestamp};
    use crate::store::{Retention, Store};
    use crate::telemetry::Registry;

    fn state(directory: &std::path::Path) -> Arc<AppState> {
        let clock = Clock::mock(Timestamp::from_seconds(1_795_168_800));
        let mut registry = Registry::default();
        let store = Arc::new(Store::open(directory).unwrap());
        let day = Millis::from_seconds(86_400);
        let retention =
            Retention { time: day, rollups: day, targets: day, occurrences: day, activity: day, instances: day };
        let settings = Settings::unlimited(retention);
        let counted = ingest::Metrics::new(&mut registry);
        let (_, writer) = Writer::new(Arc::clone(&store), clock.clone(), settings, counted.clone(), mpsc::channel(1).1);
        Arc::new(AppState {
            door: Arc::new(crate::door::Door::open(clock.clone(), directory, None, &mut registry).unwrap()),
            checks: door::Checks::default(),
            store,
            search: Arc::new(crate::search::Index::new(directory)),
            backups: crate::backup::Monitor::register(&mut registry),
            writer,
            config: watch::channel(Arc::default()).1,
            targets: watch::channel(Arc::default()).1,
            escalations: watch::channel(Arc::default()).1,
            reload: mpsc::channel(1).0,
            quit: CancellationToken::new(),
            readiness: watch::channel(state::Readiness::Ready).1,
            metrics: Metrics::register(&mut registry),
            ingest: counted,
            registry: Arc::new(registry),
            errors: Arc::new(OwnErrors::new(clock.clone())),
            flags: state::Flags::default(),
            build: state::Build::default(),
            started: clock.now(),
            reads: state::reads(),
            clock,
        })
    }

    #[tokio::test]
    async fn a_failure_of_ours_is_a_problem_for_the_caller_and_an_error_of_our_own() {
        let directory = tempfile::tempdir().unwrap();
        let state = state(directory.path());
        let routes = Router::new().route("/panic/{id}", get(async || -> Response { panic!("out of luck") })).route(
            "/read",
            get(async |State(state): State<Arc<AppState>>| {
                state.read(|_| -> Result<Response, Error> { panic!("unreadable") }).await
            }),
        );
        let layered = layered(routes, Arc::clone(&state));
        for path in ["/panic/1?secret=x", "/panic/2", "/read"] {
            let mut request = Request::get(path).header("host", "localhost").body(Body::empty()).unwrap();
            let address = std::net::Ipv4Addr::LOCALHOST.into();
            request.extensions_mut().insert(door::Peer { address, is_loopback: true, is_private: true });
            let response = layered.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR, "{path}");
            assert_eq!(response.headers()["content-type"], "application/problem+json", "{path}");
        }
        let exposed: serde_json::Value = serde_json::from_str(&state.errors.exposition()).unwrap();
        let errors = exposed["aggregated_errors"].as_array().unwrap();
        let told: Vec<_> = errors
            .iter()
            .map(|error| (error["aggregation_key"].as_str().unwrap(), error["total_count"].as_u64().unwrap()))
            .collect();
        assert_eq!(told, [("hydrophone::api@500:GET /panic/{id}", 2), ("hydrophone::api@500:GET /read", 1)]);
        let sample = &errors[0]["latest_errors"][1];
        assert_eq!(sample["error"]["message"], "a handler panicked: out of luck");
        assert_eq!(sample["http_context"]["request_url"], "/panic/1?secret=x");
    }
}
