//! `/range`

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
use super::top::group_columns;
use crate::api::error::Error;
use crate::api::state::AppState;
use crate::model::series::Buckets;
use crate::model::time::Timestamp;
use crate::query::group::By;
use crate::query::matcher::Query;
use crate::query::{self, Context, range};

/// Groups that are told apart when it is not said how many.
const TOP_DEFAULT: usize = 10;

/// The routes of series.
pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new().routes(routes!(answer))
}

/// What a range is asked with; charts take the same.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct RangeParameters {
    /// What is counted, in the query language, such as `service:checkout -severity:info (timeout OR class:*Timeout*)`.
    /// Everything by default.
    #[param(example = "service:checkout is:open")]
    pub(in crate::api) q: Option<String>,
    /// What is told apart: `service`, `severity`, `state`, `aggregate`, `target.NAME` (a label of targets, such as
    /// `target.instance`) or `label.NAME` (an annotation label). Nothing, which is one series, by default.
    #[param(example = "service")]
    pub(in crate::api) by: Option<String>,
    /// How many groups are told apart, 1 to 100; the others stand together as `other`. 10 by default.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    top: Option<String>,
    /// Begin of the range: `now-24h`, RFC 3339 or Unix seconds. 24 hours before its end by default.
    #[param(example = "now-24h")]
    pub(in crate::api) start: Option<String>,
    /// End of the range. Now by default.
    #[param(example = "now")]
    pub(in crate::api) end: Option<String>,
    /// Length of each bucket, a duration (`10m`) or seconds. By default one that makes at most 180 buckets. At most 11,000
    /// buckets.
    #[param(example = "10m")]
    step: Option<String>,
    /// Offset from UTC of the time zone in which buckets start at whole steps, so that days begin at midnight there: `+02:00`.
    /// UTC by default.
    #[param(example = "+02:00")]
    pub(in crate::api) align: Option<String>,
}

/// A range as it was asked, and its answer.
pub(in crate::api) struct Answered {
    pub(in crate::api) by: By,
    pub(in crate::api) buckets: Buckets,
    counted: Counted,
    pub(in crate::api) answer: range::Answer,
}

/// Counts over time. In every bucket, `series` and `other` add up to `total`.
#[derive(Debug, Serialize, ToSchema)]
struct RangeAnswer {
    /// Begin of the first bucket: the start asked for, down to a whole step.
    #[schema(format = DateTime)]
    start: String,
    /// End of the last bucket: the end asked for, up to a whole step.
    #[schema(format = DateTime)]
    end: String,
    /// Length of each bucket in seconds.
    step_seconds: f64,
    /// What is told apart, as asked.
    by: String,
    #[serde(flatten)]
    counted: Counted,
    /// Begin of each bucket in Unix seconds.
    timestamps: Vec<f64>,
    /// The most frequent groups, most frequent first.
    series: Vec<GroupSeries>,
    /// All other groups together; null when there are none.
    other: Option<Series>,
    /// All groups together.
    total: Series,
    /// How much of each bucket was watched, 0 to 1, over all targets of the selected services: where it is below 1, a low
    /// count may be one that nobody saw. A bucket that has not ended is judged by what could be watched so far; one in
    /// which there was no target is 0.
    coverage: Vec<f64>,
}

/// Counts of one group.
#[derive(Debug, Serialize, ToSchema)]
struct GroupSeries {
    /// The group; empty for what has no such label.
    #[schema(example = json!({"service": "checkout"}))]
    labels: LabelMap,
    #[serde(flatten)]
    series: Series,
}

/// Counts over time.
#[derive(Debug, Serialize, ToSchema)]
struct Series {
    /// Count of each bucket.
    counts: Vec<u64>,
    /// How much of each bucket's count stands in this bucket by estimate, because it fell into an unwatched gap that
    /// reaches beyond the bucket. Empty when that is nothing in any bucket.
    estimated: Vec<u64>,
    /// Sum of `counts`.
    total: u64,
    /// Sum of `estimated`.
    estimated_total: u64,
}

/// One bucket of one group, as a line.
#[derive(Serialize)]
struct Point<'a> {
    time: &'a str,
    /// Whether it is one of the groups (`group`) or all others together (`other`).
    kind: &'static str,
    labels: &'a LabelMap,
    count: u64,
    estimated: u64,
    coverage: f64,
}

/// Counts over time, by group
///
/// As CSV and JSON lines: one row for each group and bucket.
#[utoipa::path(
    get, path = "/range", operation_id = "getRange", tag = "series", params(RangeParameters),
    responses(
        (status = 200, description = "Series", content(
            (RangeAnswer = "application/json"), (String = "text/csv"), (String = "application/x-ndjson")
        )),
        Failure
    )
)]
async fn answer(
    State(state): State<Arc<AppState>>,
    who: Who,
    Parameters(given): Parameters<RangeParameters>,
    format: Format,
) -> Result<Response, Error> {
    let answer = ask_as(&state, who, move |context| given.answer(context)).await?;
    format.respond(&RangeAnswer::from(answer))
}

impl RangeParameters {
    /// Reads the parameters and computes the answer.
    ///
    /// # Errors
    /// Those of `query`, which name the parameter.
    pub(in crate::api) fn answer(&self, context: &Context<'_>) -> Result<Answered, query::Error> {
        let range = query::time::parse_range(self.start.as_deref(), self.end.as_deref(), context.now)?;
        let step_min = context.scrape_interval_min();
        let buckets = query::time::buckets(range, self.step.as_deref(), self.align.as_deref(), step_min)?;
        let by = By::parse(self.by.as_deref())?;
        let query = Query::parse(self.q.as_deref().unwrap_or(""))?;
        let request = range::Request {
            query: &query,
            by: &by,
            top: query::number("top", self.top.as_deref(), TOP_DEFAULT, 1, range::TOP_MAX)?,
            range,
            buckets,
        };
        let answer = range::answer(context, &request)?;
        Ok(Answered { by, buckets, counted: Counted::of(&query, context), answer })
    }
}

impl From<Answered> for RangeAnswer {
    fn from(Answered { by, buckets, counted, answer }: Answered) -> Self {
        let seconds = |time: Timestamp| time.0 as f64 / 1000.0;
        Self {
            start: shape::time(buckets.start),
            end: shape::time(buckets.range().end),
            step_seconds: buckets.step.as_seconds(),
            by: by.to_string(),
            counted,
            timestamps: (0..buckets.len).map(|index| seconds(buckets.edge(index))).collect(),
            series: answer.series.into_iter().map(GroupSeries::from).collect(),
            other: answer.other.map(Series::from),
            total: answer.total.into(),
            coverage: answer.coverage,
        }
    }
}

impl RangeAnswer {
    /// Calls `each` with every bucket of every group and of the others.
    fn points(&self, each: &mut dyn FnMut(Point<'_>) -> Result<(), Error>) -> Result<(), Error> {
        let none = LabelMap::new();
        let groups = self.series.iter().map(|one| ("group", &one.labels, &one.series));
        let rows: Vec<_> = groups.chain(self.other.iter().map(|series| ("other", &none, series))).collect();
        for (index, (seconds, coverage)) in self.timestamps.iter().zip(&self.coverage).enumerate() {
            let time = shape::time(Timestamp((seconds * 1000.0).round() as i64));
            for (kind, labels, series) in &rows {
                let at = |values: &[u64]| values.get(index).copied().unwrap_or(0);
                let (count, estimated) = (at(&series.counts), at(&series.estimated));
                each(Point { time: &time, kind, labels, count, estimated, coverage: *coverage })?;
            }
        }
        Ok(())
    }
}

impl From<range::Series> for GroupSeries {
    fn from(series: range::Series) -> Self {
        Self { labels: shape::labels(&series.labels), series: series.into() }
    }
}

impl From<range::Series> for Series {
    fn from(series: range::Series) -> Self {
        Self {
            counts: series.counts,
            estimated: series.estimated,
            total: series.sum.total,
            estimated_total: series.sum.estimated,
        }
    }
}

impl Table for RangeAnswer {
    fn columns(&self) -> Vec<&str> {
        let mut columns = vec!["time", "kind"];
        columns.extend(group_columns(&self.by));
        columns.extend(["count", "estimated", "coverage"]);
        columns
    }

    fn rows(&self, row: &mut dyn FnMut(&[&str])) {
        let names = group_columns(&self.by);
        // Rows as such can not fail.
        let _ = self.points(&mut |point| {
            let numbers = [point.count.to_string(), point.estimated.to_string(), point.coverage.to_string()];
            let mut cells = vec![point.time, point.kind];
            cells.extend(names.iter().map(|name| point.labels.get(*name).map_or("", String::as_str)));
            cells.extend(numbers.iter().map(String::as_str));
            row(&cells);
            Ok(())
        });
    }

    fn lines(&self, lines: &mut Lines) -> Result<(), Error> {
        self.points(&mut |point| lines.push(&point))
    }
}
