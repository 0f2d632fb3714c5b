//! `/reports/labels`: ownership at a glance

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Parameters, Who, ask_as};
use super::shape::{self, Counted, Failure};
use super::table::{Format, Lines, Table};
use crate::api::error::Error;
use crate::api::state::AppState;
use crate::model::time::Millis;
use crate::query::matcher::Query;
use crate::query::{self, Context, report};

/// The routes of reports.
pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new().routes(routes!(labels))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ReportParameters {
    /// The annotation label whose values are told apart, such as `team`.
    #[param(example = "team", required = true)]
    by: Option<String>,
    /// Of which errors, in the query language. All by default.
    #[param(example = "severity:error")]
    q: Option<String>,
    /// Begin of the range: `now-7d`, RFC 3339 or Unix seconds. 24 hours before its end by default.
    #[param(example = "now-7d")]
    start: Option<String>,
    /// End of the range, not in it. Now by default.
    #[param(example = "now")]
    end: Option<String>,
}

/// What came and went in a range, by the values of a label.
#[derive(Debug, Serialize, ToSchema)]
struct LabelReport {
    /// Begin of the range.
    #[schema(format = DateTime)]
    start: String,
    /// End of the range, not in it.
    #[schema(format = DateTime)]
    end: String,
    #[serde(flatten)]
    counted: Counted,
    /// The label.
    #[schema(example = "team")]
    by: String,
    /// One for each value, most events first; errors without the label are under the empty value.
    rows: Vec<LabelReportRow>,
    /// All together.
    total: LabelReportRow,
}

/// What came and went of the errors with one value.
#[derive(Debug, Serialize, ToSchema)]
struct LabelReportRow {
    /// The value; empty for errors without the label.
    value: String,
    /// How many errors happened in the range.
    errors: u64,
    /// How often they happened.
    count: u64,
    /// How much of `count` is in the range by estimate.
    estimated: u64,
    /// Errors that are open now, whenever they happened.
    open: u64,
    /// Errors that are muted now.
    muted: u64,
    /// Errors first seen in the range.
    new: u64,
    /// How often an error that was resolved happened again in the range.
    regressed: u64,
    /// How often an error was resolved in the range.
    resolved: u64,
    /// How long errors that were resolved in the range had been open: the median. Null when none was.
    time_to_resolve_median_seconds: Option<f64>,
    /// The mean of it.
    time_to_resolve_mean_seconds: Option<f64>,
}

/// Ownership at a glance: what came and went, by the values of a label
///
/// The labels are those that errors have now. As a picture: `/charts/reports/labels.svg`.
#[utoipa::path(
    get, path = "/reports/labels", operation_id = "getLabelReport", tag = "triage", params(ReportParameters),
    responses(
        (status = 200, description = "The report", content(
            (LabelReport = "application/json"), (String = "text/csv"), (String = "application/x-ndjson")
        )),
        Failure
    )
)]
async fn labels(
    State(state): State<Arc<AppState>>,
    who: Who,
    Parameters(given): Parameters<ReportParameters>,
    format: Format,
) -> Result<Response, Error> {
    let report = ask_as(&state, who, move |context| given.answer(context)).await?;
    format.respond(&report)
}

impl ReportParameters {
    fn answer(&self, context: &Context<'_>) -> Result<LabelReport, query::Error> {
        let label = report::read_label(self.by.as_deref())?;
        let range = query::time::parse_range(self.start.as_deref(), self.end.as_deref(), context.now)?;
        let query = Query::parse(self.q.as_deref().unwrap_or(""))?;
        let report = report::by_label(context, &query, label, range)?;
        Ok(LabelReport {
            start: shape::time(range.start),
            end: shape::time(range.end),
            counted: Counted::of(&query, context),
            by: label.to_owned(),
            total: LabelReportRow::from(&report.total),
            rows: report.rows.iter().map(LabelReportRow::from).collect(),
        })
    }
}

impl From<&report::Row> for LabelReportRow {
    fn from(row: &report::Row) -> Self {
        Self {
            value: row.value.clone(),
            errors: row.errors,
            count: row.count.total,
            estimated: row.count.estimated,
            open: row.open,
            muted: row.muted,
            new: row.new,
            regressed: row.regressed,
            resolved: row.resolved,
            time_to_resolve_median_seconds: row.time_to_resolve_median().map(Millis::as_seconds),
            time_to_resolve_mean_seconds: row.time_to_resolve_mean().map(Millis::as_seconds),
        }
    }
}

impl Table for LabelReport {
    fn columns(&self) -> Vec<&str> {
        vec![
            self.by.as_str(),
            "errors",
            "count",
            "estimated",
            "open",
            "muted",
            "new",
            "regressed",
            "resolved",
            "time_to_resolve_median_seconds",
            "time_to_resolve_mean_seconds",
        ]
    }

    fn rows(&self, row: &mut dyn FnMut(&[&str])) {
        let seconds = |time: Option<f64>| time.map(|time| time.to_string()).unwrap_or_default();
        for one in &self.rows {
            row(&[
                &one.value,
                &one.errors.to_string(),
                &one.count.to_string(),
                &one.estimated.to_string(),
                &one.open.to_string(),
                &one.muted.to_string(),
                &one.new.to_string(),
                &one.regressed.to_string(),
                &one.resolved.to_string(),
                &seconds(one.time_to_resolve_median_seconds),
                &seconds(one.time_to_resolve_mean_seconds),
            ]);
        }
    }

    fn lines(&self, lines: &mut Lines) -> Result<(), Error> {
        self.rows.iter().try_for_each(|row| lines.push(row))
    }
}
