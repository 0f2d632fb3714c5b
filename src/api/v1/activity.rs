//! `/activity`, `/activity/{id}` and `/aggregates/{id}/activity`: who changed what, when and why

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Name, Parameters, Who, ask, ask_as};
use super::shape::{self, Failure};
use super::standing::Standing;
use super::table::{Format, Lines, Table};
use crate::api::error::Error;
use crate::api::state::AppState;
use crate::model::activity::{ActivityChange, Reason};
use crate::model::annotation::{Choice, Worn};
use crate::model::id::AggregateId;
use crate::model::time::Millis;
use crate::model::triage::Difference;
use crate::query::activity::{self, LIMIT_MAX};
use crate::query::group::service_name;
use crate::query::matcher::Query;
use crate::query::{self, Context, suggestion};

/// Entries on a page when it is not said how many.
const LIMIT_DEFAULT: usize = 50;

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new().routes(routes!(page)).routes(routes!(one)).routes(routes!(of_aggregate))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PageParameters {
    /// Only activity of errors that this query selects. All by default.
    #[param(example = "label.team:payments")]
    q: Option<String>,
    /// Only since then: `now-24h`, RFC 3339 or Unix seconds. Since ever by default.
    #[param(example = "now-7d")]
    start: Option<String>,
    /// Only before this. Now by default.
    end: Option<String>,
    /// Only by this person; `me` is whoever asks.
    actor: Option<String>,
    /// Only for this reason: `edit`, `bulk`, `periskop`, `undo`, `rule`, `regression`, `escalation`, `mute_time`,
    /// `mute_count`, `silence` or `import`.
    #[param(example = "regression")]
    reason: Option<String>,
    /// `next_cursor` of the page before. The first page by default.
    cursor: Option<String>,
    /// Entries on a page, 1 to 1000. 50 by default.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    limit: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListParameters {
    /// `next_cursor` of the page before. The first page by default.
    cursor: Option<String>,
    /// Entries on a page, 1 to 1000. 50 by default.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    limit: Option<String>,
}

/// A page of activity, newest first.
#[derive(Debug, Serialize, ToSchema)]
struct ActivityList {
    /// `cursor` of the next page; null when this is the last.
    next_cursor: Option<String>,
    /// The entries.
    activities: Vec<Entry>,
}

/// One change, of one error or of many at once.
#[derive(Debug, Serialize, ToSchema)]
struct Entry {
    /// Its id, by which it can be taken back.
    id: u64,
    /// When.
    #[schema(format = DateTime)]
    time: String,
    /// Who asked for it, empty if they gave no name; null when it came by itself.
    actor: Option<String>,
    /// Why: `edit` and `bulk` (somebody asked), `periskop` (resolved through Periskop's API), `undo`, `rule` (the
    /// configuration's label rules), `regression`, `escalation`, `mute_time`, `mute_count`, `silence`, `import` (a file
    /// that was imported).
    reason: &'static str,
    /// With `undo`: the activity that was taken back.
    undoes: Option<u64>,
    /// How many errors it changed.
    aggregates: u64,
    /// What it did to them: to the first few where many activities are listed.
    changes: Vec<Changes>,
    /// `cursor` of more of them, where one activity is told; null when these are the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// What an activity did to one error.
#[derive(Debug, Serialize, ToSchema)]
struct Changes {
    /// The error's id.
    aggregate: u32,
    /// Name of its service.
    service: String,
    /// The client's aggregation key.
    aggregation_key: String,
    /// Its class.
    class: String,
    /// Why, for people; empty where the reason says it all.
    detail: String,
    /// What changed.
    fields: Vec<FieldChange>,
}

/// One thing that changed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "field", rename_all = "snake_case")]
enum FieldChange {
    /// The state or its conditions.
    State {
        /// Before.
        from: Box<Standing>,
        /// After.
        to: Box<Standing>,
    },
    /// A label.
    Label {
        /// Its name.
        name: String,
        /// Before.
        from: LabelValue,
        /// After.
        to: LabelValue,
    },
    /// The assignee.
    Assignee {
        /// Before; null for nobody.
        from: Option<String>,
        /// After.
        to: Option<String>,
    },
    /// The note.
    Note {
        /// Before; null for none.
        from: Option<String>,
        /// After.
        to: Option<String>,
    },
}

/// The value of a label, and where it comes from.
#[derive(Debug, Serialize, ToSchema)]
struct LabelValue {
    /// The value; null where the label is not there.
    value: Option<String>,
    /// `person` or `rule`; null where neither says anything.
    by: Option<&'static str>,
}

/// Who changed what, when and why: newest first
#[utoipa::path(
    get, path = "/activity", operation_id = "listActivity", tag = "triage", params(PageParameters),
    responses(
        (status = 200, description = "A page of activity", content(
            (ActivityList = "application/json"), (String = "text/csv"), (String = "application/x-ndjson")
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

/// One activity with what it did to each error
#[utoipa::path(
    get, path = "/activity/{id}", operation_id = "getActivity", tag = "triage",
    params(("id" = u64, Path, description = "The activity's id"), ListParameters),
    responses((status = 200, description = "The activity", body = Entry), Failure)
)]
async fn one(
    State(state): State<Arc<AppState>>,
    name: Name,
    Parameters(given): Parameters<ListParameters>,
) -> Result<Json<Entry>, Error> {
    let entry = ask(&state, move |context| {
        let after = given.cursor.as_deref().map(read_cursor).transpose()?;
        let after = after.map(|id| u32::try_from(id).map_err(|_| no_cursor(&id.to_string()))).transpose()?;
        let (entry, next) = activity::one(context, name.number("activity")?, after.map(AggregateId), given.limit()?)?;
        Ok(Entry { next_cursor: next.map(|id| id.to_string()), ..Entry::new(context, entry) })
    });
    Ok(Json(entry.await?))
}

/// Who changed an error, when and why: newest first
#[utoipa::path(
    get, path = "/aggregates/{id}/activity", operation_id = "listErrorActivity", tag = "triage",
    params(("id" = u32, Path, description = "The error's id"), ListParameters),
    responses(
        (status = 200, description = "A page of its activity", content(
            (ActivityList = "application/json"), (String = "text/csv"), (String = "application/x-ndjson")
        )),
        Failure
    )
)]
async fn of_aggregate(
    State(state): State<Arc<AppState>>,
    name: Name,
    Parameters(given): Parameters<ListParameters>,
    format: Format,
) -> Result<Response, Error> {
    let page = ask(&state, move |context| {
        let before = given.cursor.as_deref().map(read_cursor).transpose()?;
        let page = activity::of_aggregate(context, AggregateId(name.id("aggregate")?), before, given.limit()?)?;
        Ok(ActivityList::new(context, page))
    });
    format.respond(&page.await?)
}

impl ListParameters {
    fn limit(&self) -> Result<usize, query::Error> {
        query::number("limit", self.limit.as_deref(), LIMIT_DEFAULT, 1, LIMIT_MAX)
    }
}

impl PageParameters {
    fn answer(&self, context: &Context<'_>) -> Result<ActivityList, query::Error> {
        let query = self.q.as_deref().map(Query::parse).transpose()?;
        let range = match (self.start.as_deref(), self.end.as_deref()) {
            (None, None) => None,
            (None, end) => Some(query::time::parse_range(Some("0"), end, context.now)?),
            // What was changed right now is a part of "until now".
            (start, None) => Some(query::time::parse_range(start, None, context.now.plus(Millis(1)))?),
            (start, end) => Some(query::time::parse_range(start, end, context.now)?),
        };
        if let Some(word) = self.reason.as_deref()
            && !Reason::ALL.iter().any(|reason| reason.name() == word)
        {
            let known = suggestion::known(word, Reason::ALL.map(Reason::name));
            return Err(query::Error::invalid("reason", format!("there is no reason {word:?}{known}")));
        }
        let actor = match (self.actor.as_deref(), context.me) {
            (Some("me"), "") => {
                let message = "actor=me is whoever asks, and this request does not say who that is: give a name in the header \
                               X-Hydrophone-User";
                return Err(query::Error::invalid("actor", message));
            }
            (Some("me"), me) => Some(me),
            (actor, _) => actor,
        };
        let request = activity::Request {
            query: query.as_ref(),
            range,
            actor,
            reason: self.reason.as_deref(),
            before: self.cursor.as_deref().map(read_cursor).transpose()?,
            limit: query::number("limit", self.limit.as_deref(), LIMIT_DEFAULT, 1, LIMIT_MAX)?,
        };
        Ok(ActivityList::new(context, activity::page(context, &request)?))
    }
}

fn read_cursor(text: &str) -> Result<u64, query::Error> {
    text.parse().map_err(|_| no_cursor(text))
}

fn no_cursor(text: &str) -> query::Error {
    query::Error::invalid("cursor", format!("{text:?} is no cursor of this server"))
}

impl ActivityList {
    fn new(context: &Context<'_>, page: activity::Page) -> Self {
        Self {
            next_cursor: page.next.map(|id| id.to_string()),
            activities: page.entries.into_iter().map(|entry| Entry::new(context, entry)).collect(),
        }
    }
}

impl Entry {
    fn new(context: &Context<'_>, entry: activity::Entry) -> Self {
        let activity = entry.activity;
        let undoes = match activity.reason {
            Reason::Undo(undone) => Some(undone),
            _ => None,
        };
        let changes = entry.changes.into_iter().filter_map(|(id, change)| Changes::new(context, id, change));
        Self {
            id: activity.id,
            time: shape::time(activity.at),
            actor: activity.actor,
            reason: activity.reason.name(),
            undoes,
            aggregates: activity.aggregates.len(),
            changes: changes.collect(),
            next_cursor: None,
        }
    }
}

impl Changes {
    fn new(context: &Context<'_>, id: AggregateId, change: ActivityChange) -> Option<Self> {
        let aggregate = context.view.aggregates().get(id.0 as usize)?;
        Some(Self {
            aggregate: id.0,
            service: service_name(context, aggregate.service).to_owned(),
            aggregation_key: aggregate.key.clone(),
            class: aggregate.class.clone(),
            detail: change.detail,
            fields: change.differences.into_iter().map(FieldChange::from).collect(),
        })
    }
}

impl From<Difference> for FieldChange {
    fn from(difference: Difference) -> Self {
        match difference {
            Difference::Status { from, to } => {
                Self::State { from: Box::new((&from).into()), to: Box::new((&to).into()) }
            }
            Difference::Label { name, from, to } => Self::Label { name, from: from.into(), to: to.into() },
            Difference::Assignee { from, to } => Self::Assignee { from, to },
            Difference::Note { from, to } => Self::Note { from, to },
        }
    }
}

impl From<Worn> for LabelValue {
    fn from(worn: Worn) -> Self {
        let by = match (&worn.chosen, &worn.ruled) {
            (Some(Choice::Value(_) | Choice::Nothing), _) => Some("person"),
            (None, Some(_)) => Some("rule"),
            (None, None) => None,
        };
        Self { value: worn.value().map(str::to_owned), by }
    }
}

impl Table for ActivityList {
    fn columns(&self) -> Vec<&str> {
        vec!["id", "time", "actor", "reason", "undoes", "aggregates", "changes"]
    }

    fn rows(&self, row: &mut dyn FnMut(&[&str])) {
        for one in &self.activities {
            row(&[
                &one.id.to_string(),
                &one.time,
                one.actor.as_deref().unwrap_or_default(),
                one.reason,
                &one.undoes.map(|id| id.to_string()).unwrap_or_default(),
                &one.aggregates.to_string(),
                &serde_json::to_string(&one.changes).unwrap_or_default(),
            ]);
        }
    }

    fn lines(&self, lines: &mut Lines) -> Result<(), Error> {
        self.activities.iter().try_for_each(|entry| lines.push(entry))
    }

    fn next_cursor(&self) -> Option<&str> {
        self.next_cursor.as_deref()
    }
}
