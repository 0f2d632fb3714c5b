//! Changing errors: `PATCH /aggregates/{id}`, `POST /aggregates/bulk` and taking changes back

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::IF_MATCH;
use axum::response::Response;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::aggregate::AggregateDetail;
use super::extract::{JsonObject, Name, Who, ask, ask_as};
use super::patch;
use super::shape::Failure;
use crate::api::error::Error;
use crate::api::state::AppState;
use crate::ingest::{self, Edit};
use crate::model::activity::Reason;
use crate::model::aggregate_set::AggregateSet;
use crate::model::id::AggregateId;
use crate::model::time::TimeRange;
use crate::model::triage::Change;
use crate::query::matcher::Query;
use crate::query::{self, Context, filter, suggestion};
use crate::store::{Refusal, Task};

/// Errors that may be named one by one in a bulk change; a query may select any number.
const IDS_MAX: usize = 100_000;

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new().routes(routes!(change)).routes(routes!(bulk)).routes(routes!(undo_bulk)).routes(routes!(undo))
}

/// What is to be changed of an error; what is not given stays.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the body, which is read field by field so that a mistake names its field")]
pub(super) struct ErrorChange {
    /// `open`, `resolved` or `muted`.
    #[schema(example = "resolved")]
    state: Option<String>,
    /// With `resolved`: only a later version reopens it.
    resolved_in: Option<ResolvedInChange>,
    /// With `muted`: when the mute ends; without it, when somebody ends it.
    muted_until: Option<MutedUntilChange>,
    /// Labels to set, by name; null takes one away, whatever the rules say.
    #[schema(value_type = Option<Object>, example = json!({"team": "payments", "tier": null}))]
    labels: Option<Map<String, Value>>,
    /// Names of labels that are left to the configuration's rules again.
    labels_by_rule: Option<Vec<String>>,
    /// Who cares for it: a name, `me` for whoever asks, null for nobody.
    #[schema(example = "ada")]
    assignee: Option<String>,
    /// What to know about it; null takes it away.
    note: Option<String>,
}

/// The version in which something is resolved.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes a part of the body")]
pub(super) struct ResolvedInChange {
    /// The target label that names versions. `version` by default.
    label: Option<String>,
    /// The version. By default the latest that a target of the error's service has.
    version: Option<String>,
}

/// When a mute ends: one of these.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes a part of the body")]
pub(super) struct MutedUntilChange {
    /// At this time: `now+2h`, RFC 3339 or Unix seconds.
    #[schema(example = "now+2h")]
    time: Option<String>,
    /// When it happened so many times more.
    #[schema(minimum = 1)]
    count: Option<u64>,
    /// When it happens much more often than it used to: `true`.
    escalation: Option<bool>,
}

/// Which errors are to be changed, and how.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the body")]
struct BulkChange {
    /// Their ids. Either these or a query.
    #[schema(example = json!([3, 17, 40]))]
    ids: Option<Vec<u32>>,
    /// All that a query selects.
    #[schema(example = "service:checkout is:open -has:label.team")]
    query: Option<String>,
    /// Of these only those that happened since then: `now-24h`, RFC 3339 or Unix seconds. All by default.
    start: Option<String>,
    /// And before this. Now by default.
    end: Option<String>,
    /// `true` changes nothing and says how many it would be.
    dry_run: Option<bool>,
    /// What to change.
    change: ErrorChange,
}

/// An error as it is after a change.
#[derive(Debug, Serialize, ToSchema)]
struct Changed {
    #[serde(flatten)]
    error: AggregateDetail,
    /// The activity, by which the change can be taken back; null when nothing changed.
    activity: Option<u64>,
}

/// What came of a bulk change.
#[derive(Debug, Serialize, ToSchema)]
struct BulkChanged {
    /// How many errors were selected.
    matched: u64,
    /// How many of them changed: the others were so already. Null in a dry run.
    changed: Option<u64>,
    /// The activity, by which the change can be taken back; null when nothing changed.
    activity: Option<u64>,
    /// Nothing was changed, because this was only asked.
    dry_run: bool,
}

/// What came of taking an activity back.
#[derive(Debug, Serialize, ToSchema)]
struct Undone {
    /// The activity that was taken back.
    undoes: u64,
    /// How many errors that changed; what was changed again since stays as it is.
    changed: u64,
    /// The activity that this left; null when nothing changed.
    activity: Option<u64>,
}

/// Change an error: its state, labels, assignee and note
///
/// Durable when it is answered. With `If-Match` only if nobody changed it since; else 412 with the error as it is now.
#[utoipa::path(
    patch, path = "/aggregates/{id}", operation_id = "changeAggregate", tag = "triage",
    params(
        ("id" = u32, Path, description = "The error's id"),
        ("if-match" = Option<String>, Header, description = "The `ETag` that the error has to have"),
        ("x-hydrophone-user" = Option<String>, Header, description = "Who asks, for the activity")
    ),
    request_body = ErrorChange,
    responses((status = 200, description = "The error after the change", body = Changed), Failure)
)]
async fn change(
    State(state): State<Arc<AppState>>,
    name: Name,
    who: Who,
    headers: HeaderMap,
    JsonObject(body): JsonObject,
) -> Result<Response, Error> {
    let id = AggregateId(name.id("aggregate")?);
    let change = patch::read(&body, "", &who.0, state.clock.now())?;
    let wanted = Wanted::read(&headers)?;
    let revision = match wanted {
        Wanted::Any => None,
        Wanted::These(tags) => {
            let now = detail(&state, id).await?;
            match tags.iter().find(|tag| now.etag() == **tag).and_then(|tag| tag.trim_matches('"').parse().ok()) {
                Some(revision) => Some(revision),
                None => return Err(stale(&now)),
            }
        }
    };
    let task = Task::Change { aggregates: [id].into_iter().collect(), change, revision };
    let edit = Edit { actor: Some(who.0), reason: Reason::Edit, task };
    let edited = match state.writer.edit(edit).await {
        Err(ingest::Error::Refused(Refusal::Revision { .. })) => return Err(stale(&detail(&state, id).await?)),
        outcome => outcome?,
    };
    let error = detail(&state, id).await?;
    let etag = error.etag();
    let body = Json(Changed { error, activity: edited.activity });
    Ok(axum::response::IntoResponse::into_response(([(axum::http::header::ETAG, etag)], body)))
}

/// Change many errors at once
///
/// All of them in one commit, or none. The answer's `activity` takes it back.
#[utoipa::path(
    post, path = "/aggregates/bulk", operation_id = "changeAggregates", tag = "triage",
    params(("x-hydrophone-user" = Option<String>, Header, description = "Who asks, for the activity")),
    request_body = BulkChange,
    responses((status = 200, description = "How many were changed", body = BulkChanged), Failure)
)]
async fn bulk(
    State(state): State<Arc<AppState>>,
    who: Who,
    JsonObject(body): JsonObject,
) -> Result<Json<BulkChanged>, Error> {
    let bulk = Bulk::read(&body, &who, &state)?;
    let Bulk { which, change, dry_run } = bulk;
    let aggregates = match which {
        Which::Ids(ids) => ids,
        Which::Query { query, range } => {
            ask_as(&state, who.clone(), move |context| selected(context, &query, range)).await?
        }
    };
    let matched = aggregates.len();
    if dry_run || matched == 0 {
        return Ok(Json(BulkChanged { matched, changed: None.or((!dry_run).then_some(0)), activity: None, dry_run }));
    }
    let task = Task::Change { aggregates, change, revision: None };
    let edited = state.writer.edit(Edit { actor: Some(who.0), reason: Reason::Bulk, task }).await?;
    let (changed, activity) = (Some(edited.changed), edited.activity);
    Ok(Json(BulkChanged { matched, changed, activity, dry_run }))
}

/// Take the last bulk change back
///
/// The last one that was not taken back yet. What was changed again since stays as it is.
#[utoipa::path(
    post, path = "/aggregates/bulk/undo", operation_id = "undoBulkChange", tag = "triage",
    params(("x-hydrophone-user" = Option<String>, Header, description = "Who asks, for the activity")),
    responses((status = 200, description = "What was taken back", body = Undone), Failure)
)]
async fn undo_bulk(State(state): State<Arc<AppState>>, who: Who) -> Result<Json<Undone>, Error> {
    let last = ask(&state, query::activity::last_bulk).await?;
    let last = last.ok_or_else(|| Error::not_found("there is no bulk change that could be taken back"))?;
    take_back(&state, who, last).await
}

/// Take an activity back
///
/// Restores what it changed, in each error whose value still is the one it set.
#[utoipa::path(
    post, path = "/activity/{id}/undo", operation_id = "undoActivity", tag = "triage",
    params(
        ("id" = u64, Path, description = "The activity's id"),
        ("x-hydrophone-user" = Option<String>, Header, description = "Who asks, for the activity")
    ),
    responses((status = 200, description = "What was taken back", body = Undone), Failure)
)]
async fn undo(State(state): State<Arc<AppState>>, name: Name, who: Who) -> Result<Json<Undone>, Error> {
    take_back(&state, who, name.number("activity")?).await
}

async fn take_back(state: &Arc<AppState>, who: Who, activity: u64) -> Result<Json<Undone>, Error> {
    let reason = Reason::Undo(activity);
    let edited = state.writer.edit(Edit { actor: Some(who.0), reason, task: Task::Undo { activity } }).await?;
    Ok(Json(Undone { undoes: activity, changed: edited.changed, activity: edited.activity }))
}

/// The error as it is now, with its count of the last 24 hours.
async fn detail(state: &Arc<AppState>, id: AggregateId) -> Result<AggregateDetail, Error> {
    ask(state, move |context| {
        let range = query::time::parse_range(None, None, context.now)?;
        AggregateDetail::of(context, id, range, 0)
    })
    .await
}

fn stale(now: &AggregateDetail) -> Error {
    let current = serde_json::to_value(now).unwrap_or_default();
    let etag = now.etag();
    let detail = format!("the error was changed meanwhile: its ETag is {etag} now; it is in \"current\"");
    Error::precondition_failed(detail, current, etag)
}

/// What `If-Match` asks for.
enum Wanted {
    Any,
    /// One of these tags, with their quotes.
    These(Vec<String>),
}

impl Wanted {
    fn read(headers: &HeaderMap) -> Result<Self, Error> {
        let mut tags = Vec::new();
        for value in headers.get_all(IF_MATCH) {
            let text = value.to_str().map_err(|_| Error::bad_request("the header If-Match is no text"))?;
            tags.extend(text.split(',').map(|tag| tag.trim().to_owned()));
        }
        // Any error has a state; a `*` asks for no more than that there is one.
        let is_any = tags.is_empty() || tags.iter().any(|tag| tag == "*");
        Ok(if is_any { Self::Any } else { Self::These(tags) })
    }
}

struct Bulk {
    which: Which,
    change: Change,
    dry_run: bool,
}

enum Which {
    Ids(AggregateSet),
    /// Those that happened in the range, or all.
    Query {
        query: Query,
        range: Option<TimeRange>,
    },
}

impl Bulk {
    fn read(body: &Map<String, Value>, who: &Who, state: &AppState) -> Result<Self, Error> {
        const FIELDS: [&str; 6] = ["ids", "query", "start", "end", "dry_run", "change"];
        if let Some(unknown) = body.keys().find(|name| !FIELDS.contains(&name.as_str())) {
            let known = suggestion::known(unknown, FIELDS);
            return Err(Error::bad_param(unknown, format!("there is no field {unknown:?}{known}")));
        }
        let now = state.clock.now();
        let Some(Value::Object(change)) = body.get("change") else {
            return Err(Error::bad_param("change", "change is to be an object that says what to change"));
        };
        let change = patch::read(change, "change.", &who.0, now)?;
        let dry_run = match body.get("dry_run") {
            None | Some(Value::Null | Value::Bool(false)) => false,
            Some(Value::Bool(true)) => true,
            Some(_) => return Err(Error::bad_param("dry_run", "dry_run is to be true or false")),
        };
        let text = |name: &'static str| match body.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str())),
            Some(_) => Err(Error::bad_param(name, format!("{name} is to be a text"))),
        };
        let (start, end) = (text("start")?, text("end")?);
        let which = match (body.get("ids"), text("query")?) {
            (Some(ids), None) if start.is_none() && end.is_none() => Which::Ids(read_ids(ids)?),
            (Some(_), None) => return Err(Error::bad_param("start", "a range goes with a query, not with ids")),
            (None, Some(text)) => {
                let query = Query::parse(text).map_err(|error| match Error::from(error) {
                    error if error.problem().param.as_deref() == Some("q") => error.of("query"),
                    error => error,
                })?;
                let range = match (start, end) {
                    (None, None) => None,
                    (start, end) => Some(query::time::parse_range(start, end, now)?),
                };
                Which::Query { query, range }
            }
            _ => return Err(Error::bad_param("ids", "give either ids or query, and not both")),
        };
        Ok(Self { which, change, dry_run })
    }
}

fn read_ids(ids: &Value) -> Result<AggregateSet, Error> {
    let wrong = |detail: String| Error::bad_param("ids", detail);
    let Value::Array(ids) = ids else { return Err(wrong("ids is to be a list of the errors' ids".to_owned())) };
    if ids.is_empty() || ids.len() > IDS_MAX {
        return Err(wrong(format!("{} ids are not 1 to {IDS_MAX}; a query may select more", ids.len())));
    }
    let id = |value: &Value| {
        let id = value.as_u64().and_then(|id| u32::try_from(id).ok());
        id.map(AggregateId).ok_or_else(|| wrong(format!("{value} is no id: ids are whole numbers")))
    };
    ids.iter().map(id).collect()
}

fn selected(context: &Context<'_>, query: &Query, range: Option<TimeRange>) -> Result<AggregateSet, query::Error> {
    match range {
        Some(range) => query::list::happened(context, query, range),
        None => {
            let day = query::time::parse_range(None, None, context.now)?;
            Ok(filter::select(context, query, day)?.aggregate_set(context))
        }
    }
}
