//! `/services`

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Parameters, ask};
use super::shape::{self, Failure, Sparkline};
use crate::api::error::Error;
use crate::api::state::AppState;
use crate::query::{self, service};

/// The routes of services.
pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new().routes(routes!(list))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListParameters {
    /// Begin of the range: `now-24h`, RFC 3339 or Unix seconds. 24 hours before its end by default.
    #[param(example = "now-24h")]
    start: Option<String>,
    /// End of the range, not in it. Now by default.
    #[param(example = "now")]
    end: Option<String>,
}

/// All services.
#[derive(Debug, Serialize, ToSchema)]
struct ServiceList {
    /// Begin of the range.
    #[schema(format = DateTime)]
    start: String,
    /// End of the range, not in it.
    #[schema(format = DateTime)]
    end: String,
    /// In the order of their names.
    services: Vec<Service>,
}

/// One service.
#[derive(Debug, Serialize, ToSchema)]
struct Service {
    /// Its configured name.
    name: String,
    /// Its targets.
    targets: Targets,
    /// Its errors.
    #[schema(inline)]
    aggregates: Aggregates,
    /// How often anything happened in the range.
    count: u64,
    /// How much of `count` is in the range by estimate.
    estimated: u64,
    /// How often anything happened in a second, over the last 5 minutes, whatever the range.
    rate_per_second: f64,
    /// Begin of the last scrape of any of its targets; null before the first.
    #[schema(format = DateTime)]
    last_scrape: Option<String>,
    /// Counts over the range.
    sparkline: Sparkline,
}

/// Targets of a service.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ServiceTargets)]
struct Targets {
    /// Those whose last scrape succeeded.
    up: usize,
    /// Those that discovery lists.
    total: usize,
}

/// Errors of a service.
#[derive(Debug, Serialize, ToSchema)]
struct Aggregates {
    /// Ever seen.
    total: u64,
    /// In the state open.
    open: u64,
    /// First seen within 24 hours.
    new: u64,
    /// Open again after they were resolved.
    regressed: u64,
}

/// All services at one glance
///
/// Every configured service, and those configured no more that have counts in the range.
#[utoipa::path(
    get, path = "/services", operation_id = "listServices", tag = "fleet", params(ListParameters),
    responses((status = 200, description = "All services", body = ServiceList), Failure)
)]
async fn list(
    State(state): State<Arc<AppState>>,
    Parameters(given): Parameters<ListParameters>,
) -> Result<Json<ServiceList>, Error> {
    let services = ask(&state, move |context| {
        let range = query::time::parse_range(given.start.as_deref(), given.end.as_deref(), context.now)?;
        let services = service::list(context, range)?;
        Ok(ServiceList {
            start: shape::time(range.start),
            end: shape::time(range.end),
            services: services.into_iter().map(Service::from).collect(),
        })
    });
    Ok(Json(services.await?))
}

impl From<service::Service> for Service {
    fn from(service: service::Service) -> Self {
        Self {
            name: service.name,
            targets: Targets { up: service.targets_up, total: service.targets_total },
            aggregates: Aggregates {
                total: service.aggregates,
                open: service.open,
                new: service.new,
                regressed: service.regressed,
            },
            count: service.count.total,
            estimated: service.count.estimated,
            rate_per_second: service.rate_per_second,
            last_scrape: service.last_scrape.map(shape::time),
            sparkline: service.sparkline.into(),
        }
    }
}
