//! `/aggregates` and `/aggregates/{id}`, `/aggregates/{id}/distribution`

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Name, Parameters, Who, ask, ask_as};
use super::shape::{self, Counted, Failure, LabelMap, Sparkline};
use super::standing::Standing;
use super::table::{Format, Lines, Table};
use crate::api::error::Error;
use crate::api::state::AppState;
use crate::model::aggregate_set::AggregateSet;
use crate::model::annotation::Choice;
use crate::model::id::AggregateId;
use crate::model::time::TimeRange;
use crate::query::cursor::Cursor;
use crate::query::matcher::Query;
use crate::query::{self, Context, distribution, escalation, list, sparkline};

/// Items on a page when it is not said how many.
const LIMIT_DEFAULT: usize = 50;

/// The routes of aggregates.
pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new().routes(routes!(page)).routes(routes!(one)).routes(routes!(distribution))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PageParameters {
    /// Which errors, in the query language, such as `service:checkout -severity:info (class:*Timeout* OR "timed out")`.
    /// All by default.
    #[param(example = "service:checkout is:open")]
    q: Option<String>,
    /// Begin of the range of the counts: `now-24h`, RFC 3339 or Unix seconds. 24 hours before its end by default.
    #[param(example = "now-24h")]
    start: Option<String>,
    /// End of the range, not in it. Now by default.
    #[param(example = "now")]
    end: Option<String>,
    /// The order, largest first: `last_seen` (default), `first_seen`, `count` in the range, or `trend`, which is how surely
    /// it happened more often in the range than in the range of equal length before: (now - before) / sqrt(now + before).
    #[param(example = "count")]
    sort: Option<String>,
    /// `next_cursor` of the page before. The first page by default.
    cursor: Option<String>,
    /// Errors on a page, 1 to 1000. 50 by default.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    limit: Option<String>,
    /// Buckets of each error's sparkline at most, 0 to 200. 0, which is no sparkline, by default.
    #[param(value_type = Option<u32>, minimum = 0, maximum = 200)]
    sparkline: Option<String>,
    /// `true` also lists errors that did not happen in the range. `false` by default.
    #[param(value_type = Option<bool>)]
    all: Option<String>,
    /// Only these errors of what `q` selects: up to 1000 ids with commas between.
    #[param(example = "17,4,211")]
    ids: Option<String>,
    /// `true` also names all errors of the list in their order. `false` by default.
    #[param(value_type = Option<bool>)]
    order: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OneParameters {
    /// Begin of the range of the count: `now-24h`, RFC 3339 or Unix seconds. 24 hours before its end by default.
    #[param(example = "now-24h")]
    start: Option<String>,
    /// End of the range, not in it. Now by default.
    #[param(example = "now")]
    end: Option<String>,
    /// Buckets of the sparkline at most, 0 to 200. 0, which is no sparkline, by default.
    #[param(value_type = Option<u32>, minimum = 0, maximum = 200)]
    sparkline: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct RangeParameters {
    /// Begin of the range: `now-24h`, RFC 3339 or Unix seconds. 24 hours before its end by default.
    #[param(example = "now-24h")]
    start: Option<String>,
    /// End of the range, not in it. Now by default.
    #[param(example = "now")]
    end: Option<String>,
}

/// A page of errors.
#[derive(Debug, Serialize, ToSchema)]
struct AggregateList {
    /// Begin of the range.
    #[schema(format = DateTime)]
    start: String,
    /// End of the range, not in it.
    #[schema(format = DateTime)]
    end: String,
    #[serde(flatten)]
    counted: Counted,
    /// How many there are on all pages together.
    total: u64,
    /// `cursor` of the next page; null when this is the last.
    next_cursor: Option<String>,
    /// Ids of the errors on all pages together, in their order, where asked for: at most the first 100,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<Vec<u32>>,
    /// The errors.
    aggregates: Vec<Aggregate>,
}

/// One error of one service, over all its instances.
#[derive(Debug, Serialize, ToSchema)]
struct Aggregate {
    /// Its id, which it keeps for ever.
    id: u32,
    /// Name of its service.
    service: String,
    /// The client's aggregation key, unique within the service.
    aggregation_key: String,
    /// Class of its newest sample.
    class: String,
    /// Message of its newest sample.
    message: String,
    /// `info`, `warning` or `error`, as last exposed.
    severity: &'static str,
    /// `open`, `resolved` or `muted`.
    state: &'static str,
    /// Since when it is in this state; null if that never changed.
    #[schema(format = DateTime)]
    state_since: Option<String>,
    /// First seen a short while ago: 24 hours, unless configured otherwise.
    new: bool,
    /// Open again after it was resolved.
    regressed: bool,
    /// Happening much more often than it used to.
    escalating: bool,
    /// When it is known to have happened first.
    #[schema(format = DateTime)]
    first_seen: String,
    /// When it is known to have happened last.
    #[schema(format = DateTime)]
    last_seen: String,
    /// How often it happened in the range, at the targets that `q` names.
    count: u64,
    /// How much of `count` is in the range by estimate.
    estimated: u64,
    /// How often it ever happened, whatever retention has removed.
    total_count: u64,
    /// Annotation labels.
    labels: LabelMap,
    /// Who cares for it.
    assignee: Option<String>,
    /// How often its state, labels, assignee or note changed: its `ETag`.
    revision: u64,
    /// Counts over the range, where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    sparkline: Option<Sparkline>,
}

/// One error in full.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AggregateDetail {
    #[serde(flatten)]
    aggregate: Aggregate,
    /// Id of its oldest sample that is kept; null when there is none.
    first_occurrence: Option<String>,
    /// Id of its newest sample; null when there is none.
    last_occurrence: Option<String>,
    /// Its state with all its conditions.
    standing: Standing,
    /// Labels that the configuration's rules give it, whatever people chose.
    labels_by_rule: LabelMap,
    /// Labels that people took away, whatever the rules say.
    labels_removed: Vec<String>,
    /// What people wrote about it.
    note: Option<String>,
    /// Whether it happens much more often than it used to, and how that is told.
    escalation: Escalation,
}

/// Whether an error happens much more often than it used to.
#[derive(Debug, Serialize, ToSchema)]
struct Escalation {
    /// It counts more than its limit in the running hour.
    escalating: bool,
    /// Begin of the running clock hour.
    #[schema(format = DateTime)]
    hour: String,
    /// How often it happened in it so far.
    count: u64,
    /// Beyond this it escalates; null where there is nothing yet to compare with.
    limit: Option<u64>,
    /// How the limit comes about, for people.
    #[schema(example = "limit 640 for today: ten times 64, its busiest hour since it was first seen")]
    why: String,
}

/// Where an error happens.
#[derive(Debug, Serialize, ToSchema)]
struct Distribution {
    /// How often it happened in the range.
    total: u64,
    /// One for each label that any of its targets has.
    dimensions: Vec<Dimension>,
}

/// The counts by one label. Values and `other` add up to the total.
#[derive(Debug, Serialize, ToSchema)]
struct Dimension {
    /// The label, as `by` and `q` take it.
    #[schema(example = "target.version")]
    label: String,
    /// The most frequent values.
    values: Vec<ValueCount>,
    /// All other values together.
    other: u64,
}

/// One value of a label.
#[derive(Debug, Serialize, ToSchema)]
struct ValueCount {
    /// The value; empty for targets without this label.
    value: String,
    /// How often it happened there.
    count: u64,
}

/// Errors, page by page
///
/// Lists the errors that `q` selects and that happened in the range, or with `all=true` all that it selects.
#[utoipa::path(
    get, path = "/aggregates", operation_id = "listAggregates", tag = "errors", params(PageParameters),
    responses(
        (status = 200, description = "A page of errors", content(
            (AggregateList = "application/json"), (String = "text/csv"), (String = "application/x-ndjson")
        )),
        Failure
    )
)]
async fn page(
    State(state): State<Arc<AppState>>,
    who: Who,
    Parameters(given): Parameters<PageParameters>,
    format: Format,
) -> Result<Response, Error> {
    let page = ask_as(&state, who, move |context| given.answer(context)).await?;
    format.respond(&page)
}

/// One error in full
#[utoipa::path(
    get, path = "/aggregates/{id}", operation_id = "getAggregate", tag = "errors",
    params(("id" = u32, Path, description = "The error's id"), OneParameters),
    responses((status = 200, description = "The error", body = AggregateDetail), Failure)
)]
async fn one(
    State(state): State<Arc<AppState>>,
    name: Name,
    Parameters(given): Parameters<OneParameters>,
) -> Result<Response, Error> {
    let detail = ask(&state, move |context| {
        let range = query::time::parse_range(given.start.as_deref(), given.end.as_deref(), context.now)?;
        let points = query::number("sparkline", given.sparkline.as_deref(), 0, 0, sparkline::BUCKETS_MAX)?;
        AggregateDetail::of(context, AggregateId(name.id("aggregate")?), range, points)
    });
    Ok(detail.await?.respond())
}

impl AggregateDetail {
    /// The answer for one aggregate, with its count in `range` and a sparkline of so many points.
    pub(super) fn of(
        context: &Context<'_>,
        id: AggregateId,
        range: TimeRange,
        points: usize,
    ) -> Result<Self, query::Error> {
        let detail = list::one(context, id, range, points)?;
        let triage = &detail.item.aggregate.triage;
        let removed = triage.labels.chosen().iter().filter(|(_, choice)| *choice == Choice::Nothing);
        Ok(Self {
            first_occurrence: detail.first_occurrence.map(|id| id.to_string()),
            last_occurrence: detail.last_occurrence.map(|id| id.to_string()),
            standing: Standing::from(&triage.status),
            labels_by_rule: shape::labels(triage.labels.ruled()),
            labels_removed: removed.map(|(name, _)| name.clone()).collect(),
            note: triage.note.clone(),
            escalation: escalation::explain(context, id)?.into(),
            aggregate: detail.item.into(),
        })
    }

    /// Its tag: what a request's `If-Match` is compared with.
    pub(super) fn etag(&self) -> String {
        format!("\"{}\"", self.aggregate.revision)
    }

    /// The answer with its tag.
    pub(super) fn respond(&self) -> Response {
        ([(ETAG, self.etag())], Json(self)).into_response()
    }
}

/// Where an error happens: its counts by each label of its targets
#[utoipa::path(
    get, path = "/aggregates/{id}/distribution", operation_id = "getDistribution", tag = "errors",
    params(("id" = u32, Path, description = "The error's id"), RangeParameters),
    responses((status = 200, description = "Counts by each label", body = Distribution), Failure)
)]
async fn distribution(
    State(state): State<Arc<AppState>>,
    name: Name,
    Parameters(given): Parameters<RangeParameters>,
) -> Result<Json<Distribution>, Error> {
    let answer = ask(&state, move |context| {
        let range = query::time::parse_range(given.start.as_deref(), given.end.as_deref(), context.now)?;
        distribution::answer(context, AggregateId(name.id("aggregate")?), range)
    });
    Ok(Json(answer.await?.into()))
}

impl PageParameters {
    fn answer(&self, context: &Context<'_>) -> Result<AggregateList, query::Error> {
        let range = query::time::parse_range(self.start.as_deref(), self.end.as_deref(), context.now)?;
        let sort = list::Sort::parse(self.sort.as_deref())?;
        let query = Query::parse(self.q.as_deref().unwrap_or(""))?;
        let request = list::Request {
            query: &query,
            range,
            only: self.ids.as_deref().map(ids).transpose()?,
            all: query::flag("all", self.all.as_deref())?,
            sort,
            cursor: self.cursor.as_deref().map(|text| Cursor::decode(text, sort)).transpose()?,
            limit: query::number("limit", self.limit.as_deref(), LIMIT_DEFAULT, 1, list::LIMIT_MAX)?,
            sparkline: query::number("sparkline", self.sparkline.as_deref(), 0, 0, sparkline::BUCKETS_MAX)?,
            order: query::flag("order", self.order.as_deref())?,
        };
        Ok(AggregateList::new(range, Counted::of(&query, context), list::page(context, &request)?))
    }
}

/// Reads the parameter `ids`. An id that there is not selects nothing.
fn ids(text: &str) -> Result<AggregateSet, query::Error> {
    let ids: Option<Vec<AggregateId>> = text.split(',').map(|id| id.parse().ok().map(AggregateId)).collect();
    let ids = ids.filter(|ids| ids.len() <= list::LIMIT_MAX).ok_or_else(|| {
        let shown: String = text.chars().take(40).collect();
        query::Error::invalid(
            "ids",
            format!("ids are up to {} numbers with commas between, not {shown:?}", list::LIMIT_MAX),
        )
    })?;
    Ok(ids.into_iter().collect())
}

impl AggregateList {
    fn new(range: TimeRange, counted: Counted, page: list::Page) -> Self {
        Self {
            start: shape::time(range.start),
            end: shape::time(range.end),
            counted,
            total: page.total,
            next_cursor: page.next.map(|cursor| cursor.encode()),
            order: page.order.map(|ids| ids.into_iter().map(|id| id.0).collect()),
            aggregates: page.items.into_iter().map(Aggregate::from).collect(),
        }
    }
}

impl From<list::Item> for Aggregate {
    fn from(item: list::Item) -> Self {
        let aggregate = item.aggregate;
        Self {
            id: aggregate.id.0,
            service: item.service,
            aggregation_key: aggregate.key,
            class: aggregate.class,
            message: aggregate.message,
            severity: aggregate.severity.name(),
            state: aggregate.triage.status.standing.state().name(),
            state_since: aggregate.triage.status.since.map(shape::time),
            escalating: item.escalating,
            new: item.new,
            regressed: item.regressed,
            first_seen: shape::time(aggregate.first_seen),
            last_seen: shape::time(aggregate.last_seen),
            count: item.count.total,
            estimated: item.count.estimated,
            total_count: aggregate.total,
            labels: shape::labels(aggregate.triage.labels.labels()),
            assignee: aggregate.triage.assignee,
            revision: aggregate.triage.revision,
            sparkline: item.sparkline.map(Sparkline::from),
        }
    }
}

impl From<escalation::Explained> for Escalation {
    fn from(explained: escalation::Explained) -> Self {
        Self {
            escalating: explained.escalating,
            hour: shape::time(explained.hour),
            count: explained.count,
            limit: explained.limit.map(|limit| limit.limit),
            why: explained.why,
        }
    }
}

impl From<distribution::Distribution> for Distribution {
    fn from(answer: distribution::Distribution) -> Self {
        let dimensions = answer.dimensions.into_iter().map(|dimension| Dimension {
            label: dimension.label,
            values: dimension.values.into_iter().map(|(value, count)| ValueCount { value, count }).collect(),
            other: dimension.other,
        });
        Self { total: answer.total, dimensions: dimensions.collect() }
    }
}

impl Table for AggregateList {
    fn columns(&self) -> Vec<&str> {
        vec![
            "id",
            "service",
            "aggregation_key",
            "class",
            "message",
            "severity",
            "state",
            "new",
            "regressed",
            "escalating",
            "first_seen",
            "last_seen",
            "count",
            "estimated",
            "total_count",
            "labels",
            "assignee",
        ]
    }

    fn rows(&self, row: &mut dyn FnMut(&[&str])) {
        for one in &self.aggregates {
            row(&[
                &one.id.to_string(),
                &one.service,
                &one.aggregation_key,
                &one.class,
                &one.message,
                one.severity,
                one.state,
                if one.new { "true" } else { "false" },
                if one.regressed { "true" } else { "false" },
                if one.escalating { "true" } else { "false" },
                &one.first_seen,
                &one.last_seen,
                &one.count.to_string(),
                &one.estimated.to_string(),
                &one.total_count.to_string(),
                &shape::label_cell(&one.labels),
                one.assignee.as_deref().unwrap_or_default(),
            ]);
        }
    }

    fn lines(&self, lines: &mut Lines) -> Result<(), Error> {
        self.aggregates.iter().try_for_each(|aggregate| lines.push(aggregate))
    }

    fn next_cursor(&self) -> Option<&str> {
        self.next_cursor.as_deref()
    }
}
