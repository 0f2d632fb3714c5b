//! The only module that knows HTTP: router, state, error, one file for each resource.

pub mod error;
pub mod metrics;
pub mod own_errors;
pub mod server;
pub mod state;
pub mod v1;

mod exposition;
mod lifecycle;
mod metrics_text;
mod middleware;
mod periskop;
mod process;
mod ui;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

pub use error::Error;
pub use metrics::Metrics;
pub use own_errors::OwnErrors;
pub use server::serve;
pub use state::AppState;

/// Everything that is served, under the external URL's path.
pub fn router(state: Arc<AppState>) -> Router {
    let prefix = state.flags.path_prefix().to_owned();
    let everything = Router::new()
        .nest("/api/v1", v1::router().method_not_allowed_fallback(method_not_allowed))
        .merge(periskop::router())
        .merge(lifecycle::router())
        .route("/errors", get(async |State(state): State<Arc<AppState>>| state.errors.respond()))
        .route("/metrics", get(exposition::metrics))
        .fallback(other);
    let everything = if prefix.is_empty() { everything } else { below(&prefix, everything) };
    // The last layer is the outermost.
    everything
        .layer(DefaultBodyLimit::max(middleware::BODY_BYTES_MAX))
        .layer(from_fn(middleware::limit))
        .layer(CompressionLayer::new())
        .layer(CatchPanicLayer::custom(middleware::panicked))
        .layer(from_fn_with_state(Arc::clone(&state), middleware::observe))
        .with_state(state)
}

/// `inner` under `prefix`; whoever comes to another address is sent there.
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
