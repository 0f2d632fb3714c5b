//! `/occurrences`

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Parameters, Who, ask_as};
use super::shape::{self, Failure, Indexed, LabelMap, Sparkline};
use super::table::{Format, Lines, Table};
use crate::api::error::Error;
use crate::api::state::AppState;
use crate::query::matcher::Query;
use crate::query::search::{self, Dimension};
use crate::query::{self, Context, snippet, sparkline};

/// Samples on a page when it is not said how many.
const LIMIT_DEFAULT: usize = 20;

/// The routes of the search.
pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new().routes(routes!(answer))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct SearchParameters {
    /// Which samples, in the query language, such as `service:checkout "connection refused" -url:/health`. All by default.
    #[param(example = "service:checkout \"connection refused\"")]
    q: Option<String>,
    /// Begin of the range: `now-24h`, RFC 3339 or Unix seconds. From the oldest sample on by default.
    #[param(example = "now-24h")]
    start: Option<String>,
    /// End of the range, not in it. To the newest sample by default.
    #[param(example = "now")]
    end: Option<String>,
    /// `next_cursor` of the page before. The newest samples by default.
    cursor: Option<String>,
    /// Samples on a page, 0 to 100. 20 by default.
    #[param(value_type = Option<u32>, minimum = 0, maximum = 100)]
    limit: Option<String>,
    /// By what all matches are counted, apart by commas: `service`, `class`, `severity`, `state`, `target.NAME`, `label.NAME`. Nothing
    /// by default.
    #[param(example = "service,class,target.zone")]
    facets: Option<String>,
    /// Buckets of the matches over time at most, 0 to 200. Buckets are whole, and the answer's range is theirs. 0, which is
    /// none, by default.
    #[param(value_type = Option<u32>, minimum = 0, maximum = 200)]
    buckets: Option<String>,
    /// How many of the errors that the matches belong to are listed, 0 to 100. 0 by default.
    #[param(value_type = Option<u32>, minimum = 0, maximum = 100)]
    aggregates: Option<String>,
}

/// Samples for which a query holds.
#[derive(Debug, Serialize, ToSchema)]
struct SearchAnswer {
    /// Begin of the range; null from the oldest sample on.
    #[schema(format = DateTime)]
    start: Option<String>,
    /// End of the range, not in it.
    #[schema(format = DateTime)]
    end: String,
    /// What is counted: always `samples`, which clients send of some of the events only.
    #[schema(example = "samples")]
    counted: &'static str,
    /// How much of what is stored was searched.
    indexed: Indexed,
    /// All matches in the range together; null unless facets, buckets or errors were asked for.
    summary: Option<Summary>,
    /// `cursor` of the next, older page; null when this is the last.
    next_cursor: Option<String>,
    /// The samples, newest first.
    occurrences: Vec<Hit>,
}

/// All matches together.
#[derive(Debug, Serialize, ToSchema)]
struct Summary {
    /// How many samples match.
    total: u64,
    /// Matches over time; null unless asked for.
    over_time: Option<Sparkline>,
    /// Matches by each facet asked for.
    facets: Vec<Facet>,
    /// How many errors have matches.
    aggregates_total: u64,
    /// The errors with the most matches.
    aggregates: Vec<Matched>,
}

/// Matches by one facet. Values and `other` add up to the total.
#[derive(Debug, Serialize, ToSchema)]
struct Facet {
    /// By what, as a key of queries.
    #[schema(example = "service")]
    name: String,
    /// The most frequent values, at most 20.
    values: Vec<FacetValue>,
    /// All other values together.
    other: u64,
}

/// One value of a facet.
#[derive(Debug, Serialize, ToSchema)]
struct FacetValue {
    /// The value; empty for what has none.
    value: String,
    /// How many samples match.
    count: u64,
}

/// An error with matches.
#[derive(Debug, Serialize, ToSchema)]
struct Matched {
    /// Its id.
    id: u32,
    /// Name of its service.
    service: String,
    /// The client's key, unique within the service.
    aggregation_key: String,
    /// Class of its newest sample.
    class: String,
    /// Message of its newest sample.
    message: String,
    /// `info`, `warning` or `error`, as last exposed.
    severity: &'static str,
    /// `open`, `resolved` or `muted`.
    state: &'static str,
    /// How many of its samples match.
    count: u64,
}

/// A sample that matches.
#[derive(Debug, Serialize, ToSchema)]
struct Hit {
    /// Its id; `/occurrences/{id}` has it whole.
    #[schema(example = "20412-3871-5")]
    id: String,
    /// Id of its error.
    aggregate: u32,
    /// Name of its service.
    service: String,
    /// When it happened by the client's clock; where the client did not say, the day on which it was scraped.
    #[schema(format = DateTime)]
    time: String,
    /// `info`, `warning` or `error`.
    severity: &'static str,
    /// Class of the exception.
    class: String,
    /// Labels of the target at which it was sampled.
    target: LabelMap,
    /// Class, message, and where else the query's words were found.
    snippets: Vec<Snippet>,
}

/// A piece of one text. It is data: clients' texts may look like markup and are none.
#[derive(Debug, Serialize, ToSchema)]
struct Snippet {
    /// Which text: `class`, `message`, `cause`, `stack`, `url`, `method` or `header`.
    field: &'static str,
    /// The text in parts.
    parts: Vec<Part>,
    /// Text before it was left out.
    cut_before: bool,
    /// Text after it was left out.
    cut_after: bool,
}

/// A part of a snippet.
#[derive(Debug, Serialize, ToSchema)]
struct Part {
    /// The text as the client sent it.
    text: String,
    /// It was looked for.
    marked: bool,
}

/// Samples for which a query holds, newest first
#[utoipa::path(
    get, path = "/occurrences", operation_id = "searchOccurrences", tag = "errors", params(SearchParameters),
    responses(
        (status = 200, description = "A page of samples", content(
            (SearchAnswer = "application/json"), (String = "text/csv"), (String = "application/x-ndjson")
        )),
        Failure
    )
)]
async fn answer(
    State(state): State<Arc<AppState>>,
    who: Who,
    Parameters(given): Parameters<SearchParameters>,
    format: Format,
) -> Result<Response, Error> {
    let answer = ask_as(&state, who, move |context| given.answer(context)).await?;
    format.respond(&SearchAnswer::from(answer))
}

impl SearchParameters {
    fn answer(&self, context: &Context<'_>) -> Result<search::Answer, query::Error> {
        let (start, end) = search::parse_range(self.start.as_deref(), self.end.as_deref(), context.now)?;
        let query = Query::parse(self.q.as_deref().unwrap_or(""))?;
        let (buckets, aggregates) = (self.buckets.as_deref(), self.aggregates.as_deref());
        let request = search::Request {
            query: &query,
            start,
            end,
            cursor: self.cursor.as_deref().map(search::decode_cursor).transpose()?,
            limit: query::number("limit", self.limit.as_deref(), LIMIT_DEFAULT, 0, search::LIMIT_MAX)?,
            facets: Dimension::parse_list(self.facets.as_deref())?,
            buckets: query::number("buckets", buckets, 0, 0, sparkline::BUCKETS_MAX)?,
            aggregates: query::number("aggregates", aggregates, 0, 0, search::AGGREGATES_MAX)?,
        };
        search::answer(context, &request)
    }
}

impl From<search::Answer> for SearchAnswer {
    fn from(answer: search::Answer) -> Self {
        Self {
            start: answer.start.map(shape::time),
            end: shape::time(answer.end),
            counted: "samples",
            indexed: answer.progress.into(),
            summary: answer.summary.map(Summary::from),
            next_cursor: answer.next.map(search::encode_cursor),
            occurrences: answer.hits.into_iter().map(Hit::from).collect(),
        }
    }
}

impl From<search::Summary> for Summary {
    fn from(summary: search::Summary) -> Self {
        Self {
            total: summary.total,
            over_time: summary.over_time.map(|(buckets, counts)| sparkline::Sparkline { buckets, counts }.into()),
            facets: summary.facets.into_iter().map(Facet::from).collect(),
            aggregates_total: summary.aggregates_total,
            aggregates: summary.aggregates.into_iter().map(Matched::from).collect(),
        }
    }
}

impl From<search::Facet> for Facet {
    fn from(facet: search::Facet) -> Self {
        let values = facet.values.into_iter().map(|(value, count)| FacetValue { value, count });
        Self { name: facet.dimension.name(), values: values.collect(), other: facet.other }
    }
}

impl From<search::Matched> for Matched {
    fn from(matched: search::Matched) -> Self {
        let aggregate = matched.aggregate;
        Self {
            id: aggregate.id.0,
            service: matched.service,
            aggregation_key: aggregate.key,
            class: aggregate.class,
            message: aggregate.message,
            severity: aggregate.severity.name(),
            state: aggregate.triage.status.standing.state().name(),
            count: matched.count,
        }
    }
}

impl From<search::Hit> for Hit {
    fn from(hit: search::Hit) -> Self {
        let sample = hit.item.stored.occurrence;
        Self {
            id: hit.item.stored.id.to_string(),
            aggregate: hit.item.stored.aggregate.0,
            service: hit.item.service,
            time: shape::time(hit.time),
            severity: sample.severity.name(),
            class: sample.exception.class,
            target: shape::labels(&hit.item.target),
            snippets: hit.snippets.into_iter().map(Snippet::from).collect(),
        }
    }
}

impl From<snippet::Snippet> for Snippet {
    fn from(snippet: snippet::Snippet) -> Self {
        let parts = snippet.parts.into_iter().map(|part| Part { text: part.text, marked: part.marked });
        let (cut_before, cut_after) = (snippet.cut_before, snippet.cut_after);
        Self { field: snippet.field, parts: parts.collect(), cut_before, cut_after }
    }
}

impl Table for SearchAnswer {
    fn columns(&self) -> Vec<&str> {
        vec!["id", "aggregate", "service", "time", "severity", "class", "message", "target"]
    }

    fn rows(&self, row: &mut dyn FnMut(&[&str])) {
        for hit in &self.occurrences {
            let message = hit.snippets.iter().find(|snippet| snippet.field == "message");
            let message: String =
                message.iter().flat_map(|snippet| &snippet.parts).map(|part| part.text.as_str()).collect();
            row(&[
                &hit.id,
                &hit.aggregate.to_string(),
                &hit.service,
                &hit.time,
                hit.severity,
                &hit.class,
                &message,
                &shape::label_cell(&hit.target),
            ]);
        }
    }

    fn lines(&self, lines: &mut Lines) -> Result<(), Error> {
        self.occurrences.iter().try_for_each(|hit| lines.push(hit))
    }

    fn next_cursor(&self) -> Option<&str> {
        self.next_cursor.as_deref()
    }
}
