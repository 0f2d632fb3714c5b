//! `/targets` and `/targets/{id}/history`

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Name, Parameters, ask};
use super::shape::{self, Failure, LabelMap};
use super::table::{Format, Lines, Table};
use crate::api::error::Error;
use crate::api::state::AppState;
use crate::model::id::TargetId;
use crate::query::{self, target};
use crate::store::TargetSpan;

/// The routes of targets.
pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(history))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListParameters {
    /// Which targets: `active`, which are scraped, `dropped` by relabelling, or `any` (default).
    #[param(example = "active")]
    state: Option<String>,
    /// Only targets of this service. All services by default.
    #[param(example = "checkout")]
    service: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct HistoryParameters {
    /// Begin of the range: `now-24h`, RFC 3339 or Unix seconds. 24 hours before its end by default.
    #[param(example = "now-24h")]
    start: Option<String>,
    /// End of the range, not in it. Now by default.
    #[param(example = "now")]
    end: Option<String>,
}

/// Targets that discovery lists.
#[derive(Debug, Serialize, ToSchema)]
struct Targets {
    /// The targets.
    targets: Vec<Target>,
    /// How many relabelling dropped in all; not all of them are kept.
    dropped_total: usize,
}

/// One target.
#[derive(Debug, Serialize, ToSchema)]
struct Target {
    /// Its id; null before its first scrape, and for dropped ones.
    id: Option<u32>,
    /// Name of its service.
    service: String,
    /// Its labels after relabelling; empty for dropped ones.
    labels: LabelMap,
    /// Its labels as discovered.
    discovered_labels: LabelMap,
    /// The URL that is scraped; empty for dropped ones.
    scrape_url: String,
    /// `up` or `down` after the last scrape, `unknown` before the first.
    health: &'static str,
    /// Why the last scrape failed; null when it did not.
    last_error: Option<String>,
    /// Begin of the last scrape; null before the first.
    #[schema(format = DateTime)]
    last_scrape: Option<String>,
    /// How long the last scrape took, in seconds.
    last_scrape_duration_seconds: f64,
    /// Bytes of the last body, decompressed.
    last_scrape_body_bytes: u64,
    /// Time from one scrape to the next, as a duration; empty for dropped ones.
    #[schema(example = "15s")]
    scrape_interval: String,
    /// Time after which a scrape is given up, as a duration; empty for dropped ones.
    #[schema(example = "10s")]
    scrape_timeout: String,
    /// `active` or `dropped`.
    state: &'static str,
}

/// How a target's scrapes went.
#[derive(Debug, Serialize, ToSchema)]
struct History {
    /// The target's id.
    id: u32,
    /// Name of its service.
    service: String,
    /// Its labels.
    labels: LabelMap,
    /// The URL that was scraped last.
    scrape_url: String,
    /// Begin of the range.
    #[schema(format = DateTime)]
    start: String,
    /// End of the range, not in it.
    #[schema(format = DateTime)]
    end: String,
    /// Stretches in which its scrapes went the same way, oldest first. Nobody watched between them.
    spans: Vec<Span>,
}

/// A stretch of time in which a target's scrapes went the same way.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HistorySpan)]
struct Span {
    /// Begin.
    #[schema(format = DateTime)]
    start: String,
    /// End.
    #[schema(format = DateTime)]
    end: String,
    /// Whether the scrapes succeeded.
    up: bool,
    /// How many scrapes there were in the storage window (two hours) in which the stretch begins.
    scrapes: u32,
    /// Mean duration of that window's scrapes, in seconds.
    duration_seconds_mean: f64,
    /// Longest duration of that window's scrapes, in seconds.
    duration_seconds_max: f64,
    /// Bytes of that window's last body.
    body_bytes: u64,
    /// That window's last failure; null when there was none.
    error: Option<String>,
}

/// What discovery lists, and how its last scrapes went
#[utoipa::path(
    get, path = "/targets", operation_id = "listTargets", tag = "fleet", params(ListParameters),
    responses(
        (status = 200, description = "The targets", content(
            (Targets = "application/json"), (String = "text/csv"), (String = "application/x-ndjson")
        )),
        Failure
    )
)]
async fn list(
    State(state): State<Arc<AppState>>,
    Parameters(given): Parameters<ListParameters>,
    format: Format,
) -> Result<Response, Error> {
    let list = ask(&state, move |context| {
        let wanted = target::State::parse(given.state.as_deref())?;
        target::list(context, wanted, given.service.as_deref())
    });
    format.respond(&Targets::from(list.await?))
}

/// How a target's scrapes went over time
#[utoipa::path(
    get, path = "/targets/{id}/history", operation_id = "getTargetHistory", tag = "fleet",
    params(("id" = u32, Path, description = "The target's id"), HistoryParameters),
    responses((status = 200, description = "Its scrapes", body = History), Failure)
)]
async fn history(
    State(state): State<Arc<AppState>>,
    name: Name,
    Parameters(given): Parameters<HistoryParameters>,
) -> Result<Json<History>, Error> {
    let history = ask(&state, move |context| {
        let range = query::time::parse_range(given.start.as_deref(), given.end.as_deref(), context.now)?;
        let id = name.id("target")?;
        let history = target::history(context, TargetId(id), range)?;
        Ok(History {
            id,
            service: history.service,
            labels: shape::labels(&history.labels),
            scrape_url: history.url,
            start: shape::time(range.start),
            end: shape::time(range.end),
            spans: history.spans.into_iter().map(Span::from).collect(),
        })
    });
    Ok(Json(history.await?))
}

impl From<target::List> for Targets {
    fn from(list: target::List) -> Self {
        let active = list.active.into_iter().map(Target::from);
        let dropped = list.dropped.into_iter().map(Target::from);
        Self { targets: active.chain(dropped).collect(), dropped_total: list.dropped_total }
    }
}

impl From<target::Active> for Target {
    fn from(active: target::Active) -> Self {
        let (target, health) = (active.target, active.health);
        Self {
            id: active.id.map(|id| id.0),
            service: active.service,
            labels: shape::labels(&target.labels),
            discovered_labels: shape::labels(&target.discovered_labels),
            scrape_url: target.shown_url(),
            health: match health.up {
                Some(true) => "up",
                Some(false) => "down",
                None => "unknown",
            },
            last_error: health.last_error,
            last_scrape: health.last_scrape.map(shape::time),
            last_scrape_duration_seconds: health.duration.as_seconds(),
            last_scrape_body_bytes: health.body_bytes,
            scrape_interval: target.scrape_interval.to_string(),
            scrape_timeout: target.scrape_timeout.to_string(),
            state: "active",
        }
    }
}

impl From<target::Dropped> for Target {
    fn from(dropped: target::Dropped) -> Self {
        Self {
            id: None,
            service: dropped.service,
            labels: LabelMap::new(),
            discovered_labels: shape::labels(&dropped.discovered_labels),
            scrape_url: String::new(),
            health: "unknown",
            last_error: None,
            last_scrape: None,
            last_scrape_duration_seconds: 0.0,
            last_scrape_body_bytes: 0,
            scrape_interval: String::new(),
            scrape_timeout: String::new(),
            state: "dropped",
        }
    }
}

impl From<TargetSpan> for Span {
    fn from(span: TargetSpan) -> Self {
        Self {
            start: shape::time(span.from),
            end: shape::time(span.to),
            up: span.up,
            scrapes: span.scrapes,
            duration_seconds_mean: span.duration_mean.as_seconds(),
            duration_seconds_max: span.duration_max.as_seconds(),
            body_bytes: span.body_bytes,
            error: span.error,
        }
    }
}

impl Table for Targets {
    fn columns(&self) -> Vec<&str> {
        vec![
            "id",
            "service",
            "state",
            "health",
            "scrape_url",
            "last_scrape",
            "last_scrape_duration_seconds",
            "last_scrape_body_bytes",
            "last_error",
            "scrape_interval",
            "scrape_timeout",
            "labels",
            "discovered_labels",
        ]
    }

    fn rows(&self, row: &mut dyn FnMut(&[&str])) {
        for one in &self.targets {
            row(&[
                &one.id.map_or_else(String::new, |id| id.to_string()),
                &one.service,
                one.state,
                one.health,
                &one.scrape_url,
                one.last_scrape.as_deref().unwrap_or(""),
                &one.last_scrape_duration_seconds.to_string(),
                &one.last_scrape_body_bytes.to_string(),
                one.last_error.as_deref().unwrap_or(""),
                &one.scrape_interval,
                &one.scrape_timeout,
                &shape::label_cell(&one.labels),
                &shape::label_cell(&one.discovered_labels),
            ]);
        }
    }

    fn lines(&self, lines: &mut Lines) -> Result<(), Error> {
        self.targets.iter().try_for_each(|target| lines.push(target))
    }
}
