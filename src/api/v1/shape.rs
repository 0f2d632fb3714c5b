//! What several answers hold, and the failures they share.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

use crate::api::error::Problem;
use crate::model::label::Labels;
use crate::model::time::Timestamp;
use crate::query::matcher::Query;
use crate::query::{Context, sparkline};
use crate::search::Progress;

/// Label names and values.
pub(super) type LabelMap = BTreeMap<String, String>;

/// How much of what is stored the search index knows.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct Indexed {
    /// Everything but the samples of the last second or two. False while the index is made anew or catches up after a start.
    complete: bool,
    /// How much of the stored samples is indexed, from 0 to 1.
    ratio: f64,
}

/// What a query selected and what was counted of it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct Counted {
    /// `events`: every event for which the query holds. `errors`: the query asks for text, which only samples have; so it chose
    /// errors by their samples, and all events of these are counted.
    #[schema(example = "events")]
    counted: &'static str,
    /// How much of the samples was searched for the text; null where the query asks for none.
    indexed: Option<Indexed>,
}

impl Counted {
    /// What is counted for `query`.
    pub(super) fn of(query: &Query, context: &Context<'_>) -> Self {
        if query.is_textual() {
            Self { counted: "errors", indexed: Some(context.index.progress.into()) }
        } else {
            Self { counted: "events", indexed: None }
        }
    }
}

impl From<Progress> for Indexed {
    fn from(progress: Progress) -> Self {
        Self { complete: progress.is_complete(), ratio: progress.fraction() }
    }
}

/// A small series: counts only.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Sparkline {
    /// Begin of the first bucket.
    #[schema(format = DateTime)]
    start: String,
    /// Length of each bucket in seconds. Buckets are whole and start at round times, so the first and the last may reach
    /// beyond the range.
    step_seconds: f64,
    /// Count of each bucket.
    counts: Vec<u64>,
}

impl From<sparkline::Sparkline> for Sparkline {
    fn from(sparkline: sparkline::Sparkline) -> Self {
        Self {
            start: time(sparkline.buckets.start),
            step_seconds: sparkline.buckets.step.as_seconds(),
            counts: sparkline.counts,
        }
    }
}

/// Any failure, as the document describes it: problem details (RFC 9457).
pub(in crate::api) struct Failure;

impl IntoResponses for Failure {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let problem = Ref::from_schema_name(Problem::name());
        let failure = |words: &str| {
            let content = ContentBuilder::new().schema(Some(problem.clone())).build();
            let response = ResponseBuilder::new().description(words).content("application/problem+json", content);
            response.build().into()
        };
        let other = "A failure: 400 for a wrong parameter (named in `param`), 404 for something that is not there, 503 when the \
                 server can not answer now, 500 when it failed";
        BTreeMap::from([
            ("401".to_owned(), failure("Who asks is not known, and has to be")),
            ("403".to_owned(), failure("Who asks may not do this, or a page of another site asks")),
            (
                "429".to_owned(),
                failure("Too many wrong passwords, or more requests than are allowed: `Retry-After` says when"),
            ),
            ("default".to_owned(), failure(other)),
        ])
    }
}

/// RFC 3339 in UTC.
pub(super) fn time(time: Timestamp) -> String {
    time.to_string()
}

/// Labels as a JSON object.
pub(super) fn labels(labels: &Labels) -> LabelMap {
    labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Labels in one cell of a table: a JSON object, empty where there are none.
pub(super) fn label_cell(labels: &LabelMap) -> String {
    if labels.is_empty() { String::new() } else { serde_json::to_string(labels).unwrap_or_default() }
}
