//! `/top`

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Parameters, Who, ask_as};
use super::shape::{self, Counted, Failure, LabelMap};
use super::table::{Format, Lines, Table};
use crate::api::error::Error;
use crate::api::state::AppState;
use crate::query::group::By;
use crate::query::matcher::Query;
use crate::query::{self, Context, top};

/// Groups when it is not said how many.
const LIMIT_DEFAULT: usize = 20;

/// The routes of top lists.
pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new().routes(routes!(answer))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct TopParameters {
    /// What is counted, in the query language, such as `service:checkout -severity:info (timeout OR class:*Timeout*)`.
    /// Everything by default.
    #[param(example = "service:checkout is:open")]
    q: Option<String>,
    /// What is told apart: `service`, `severity`, `state`, `aggregate` (default), `target.NAME` (a label of targets, such as
    /// `target.instance`) or `label.NAME` (an annotation label).
    #[param(example = "aggregate")]
    by: Option<String>,
    /// Begin of the range: `now-24h`, RFC 3339 or Unix seconds. 24 hours before its end by default.
    #[param(example = "now-24h")]
    start: Option<String>,
    /// End of the range, not in it. Now by default.
    #[param(example = "now")]
    end: Option<String>,
    /// How many groups are told apart, 1 to 1000. 20 by default.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    limit: Option<String>,
}

/// The most frequent groups.
#[derive(Debug, Serialize, ToSchema)]
struct TopAnswer {
    /// Begin of the range.
    #[schema(format = DateTime)]
    start: String,
    /// End of the range, not in it.
    #[schema(format = DateTime)]
    end: String,
    /// What is told apart, as asked.
    by: String,
    #[serde(flatten)]
    counted: Counted,
    /// All groups together.
    total: u64,
    /// All groups together that are not in `groups`.
    other: u64,
    /// The groups, most frequent first; those that did not happen in the range are not here.
    groups: Vec<Group>,
}

/// One group.
#[derive(Debug, Serialize, ToSchema)]
struct Group {
    /// The group; empty for what has no such label.
    #[schema(example = json!({"service": "checkout"}))]
    labels: LabelMap,
    /// How often it happened in the range.
    count: u64,
    /// How much of `count` is in the range by estimate.
    estimated: u64,
}

/// The most frequent groups of a range
#[utoipa::path(
    get, path = "/top", operation_id = "getTop", tag = "series", params(TopParameters),
    responses(
        (status = 200, description = "The groups", content(
            (TopAnswer = "application/json"), (String = "text/csv"), (String = "application/x-ndjson")
        )),
        Failure
    )
)]
async fn answer(
    State(state): State<Arc<AppState>>,
    who: Who,
    Parameters(given): Parameters<TopParameters>,
    format: Format,
) -> Result<Response, Error> {
    let answer = ask_as(&state, who, move |context| given.answer(context)).await?;
    format.respond(&answer)
}

impl TopParameters {
    fn answer(&self, context: &Context<'_>) -> Result<TopAnswer, query::Error> {
        let range = query::time::parse_range(self.start.as_deref(), self.end.as_deref(), context.now)?;
        let by = self.by.as_deref().map_or(Ok(By::Aggregate), |text| By::parse(Some(text)))?;
        let limit = query::number("limit", self.limit.as_deref(), LIMIT_DEFAULT, 1, top::LIMIT_MAX)?;
        let query = Query::parse(self.q.as_deref().unwrap_or(""))?;
        let answer = top::answer(context, &query, &by, limit, range)?;
        Ok(TopAnswer {
            start: shape::time(range.start),
            end: shape::time(range.end),
            by: by.to_string(),
            counted: Counted::of(&query, context),
            total: answer.total.total,
            other: answer.other.total,
            groups: answer.groups.into_iter().map(Group::from).collect(),
        })
    }
}

impl From<top::Group> for Group {
    fn from(group: top::Group) -> Self {
        Self { labels: shape::labels(&group.labels), count: group.count.total, estimated: group.count.estimated }
    }
}

/// Names of the labels that groups by `by` have.
pub(super) fn group_columns(by: &str) -> Vec<&str> {
    match by {
        "" => Vec::new(),
        "aggregate" => vec!["aggregate", "service", "class", "message"],
        one => vec![one],
    }
}

impl Table for TopAnswer {
    fn columns(&self) -> Vec<&str> {
        let mut columns = group_columns(&self.by);
        columns.extend(["count", "estimated"]);
        columns
    }

    fn rows(&self, row: &mut dyn FnMut(&[&str])) {
        let names = group_columns(&self.by);
        for group in &self.groups {
            let numbers = [group.count.to_string(), group.estimated.to_string()];
            let labels = names.iter().map(|name| group.labels.get(*name).map_or("", String::as_str));
            let cells: Vec<&str> = labels.chain(numbers.iter().map(String::as_str)).collect();
            row(&cells);
        }
    }

    fn lines(&self, lines: &mut Lines) -> Result<(), Error> {
        self.groups.iter().try_for_each(|group| lines.push(group))
    }
}
