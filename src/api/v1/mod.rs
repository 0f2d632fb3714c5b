//! The native API under `/api/v1`.

use std::sync::Arc;

use axum::Router;

use super::state::AppState;

/// All its routes, relative to `/api/v1`.
pub fn router() -> Router<Arc<AppState>> {
    Router::new()
}
