//! `/views`: names for a query with a range and an order, shared by all

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{JsonObject, Name, NoParameters, Who, ask_as};
use super::shape::{self, Failure};
use crate::api::error::Error;
use crate::api::state::AppState;
use crate::ingest::Edit;
use crate::model::activity::Reason;
use crate::model::view::SavedView;
use crate::query::matcher::Query;
use crate::query::view::{self, Shown};
use crate::query::{list, suggestion, time};
use crate::store::Task;

/// Characters of a view's name: it stands in a menu.
const NAME_CHARS_MAX: usize = 100;

/// The routes of views.
pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new().routes(routes!(all, add)).routes(routes!(one, replace, remove))
}

/// All views.
#[derive(Debug, Serialize, ToSchema)]
struct ViewList {
    /// The built-in ones first, then the saved ones by name.
    views: Vec<View>,
}

/// A name for a query with a range and an order.
#[derive(Debug, Serialize, ToSchema)]
struct View {
    /// Its name, unique.
    #[schema(example = "payments this week")]
    name: String,
    /// The query.
    #[schema(example = "is:open label.team:payments")]
    query: String,
    /// Begin of the range; null for the usual one.
    #[schema(example = "now-7d")]
    start: Option<String>,
    /// End of the range; null for now.
    end: Option<String>,
    /// The order of the list: `last_seen`, `first_seen`, `count` or `trend`; null for the usual one.
    sort: Option<String>,
    /// It is always there and can not be changed.
    builtin: bool,
    /// How many errors the query selects now, whenever they happened; null when it can not be answered, as that of `mine` when
    /// nobody says who asks.
    errors: Option<u64>,
    /// Who saved it, empty if they gave no name; null for a built-in one.
    saved_by: Option<String>,
    /// When; null for a built-in one.
    #[schema(format = DateTime)]
    saved_at: Option<String>,
}

/// A view to save.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the body, which is read field by field so that a mistake names its field")]
struct ViewToSave {
    /// Its name, at most 100 characters. In a PUT it stands in the path.
    name: Option<String>,
    /// The query.
    query: String,
    /// Begin of the range: `now-7d`, RFC 3339 or Unix seconds. The usual one by default.
    start: Option<String>,
    /// End of the range. Now by default.
    end: Option<String>,
    /// The order of the list: `last_seen`, `first_seen`, `count` or `trend`.
    sort: Option<String>,
}

/// All views
#[utoipa::path(
    get, path = "/views", operation_id = "listViews", tag = "triage",
    params(("x-hydrophone-user" = Option<String>, Header, description = "Who asks, for the view `mine`")),
    responses((status = 200, description = "The views", body = ViewList), Failure)
)]
async fn all(State(state): State<Arc<AppState>>, who: Who, _: NoParameters) -> Result<Json<ViewList>, Error> {
    let views = ask_as(&state, who, |context| Ok(view::all(context))).await?;
    Ok(Json(ViewList { views: views.into_iter().map(View::from).collect() }))
}

/// One view
#[utoipa::path(
    get, path = "/views/{name}", operation_id = "getView", tag = "triage",
    params(("name" = String, Path, description = "The view's name")),
    responses((status = 200, description = "The view", body = View), Failure)
)]
async fn one(State(state): State<Arc<AppState>>, name: Name, who: Who) -> Result<Json<View>, Error> {
    Ok(Json(shown(&state, who, name.0).await?))
}

/// Save a new view
///
/// 409 when there is one of this name.
#[utoipa::path(
    post, path = "/views", operation_id = "addView", tag = "triage",
    params(("x-hydrophone-user" = Option<String>, Header, description = "Who saves it")),
    request_body = ViewToSave,
    responses((status = 201, description = "The view", body = View), Failure)
)]
async fn add(
    State(state): State<Arc<AppState>>,
    who: Who,
    JsonObject(body): JsonObject,
) -> Result<(StatusCode, Json<View>), Error> {
    let view = read(&body, None, &who, &state)?;
    let name = view.name.clone();
    let there = {
        let name = name.clone();
        ask_as(&state, who.clone(), move |context| Ok(view::find(context, &name).is_some())).await?
    };
    if there {
        return Err(Error::conflict(format!("there is a view {name:?}; PUT replaces it")));
    }
    save(&state, &who, view).await?;
    Ok((StatusCode::CREATED, Json(shown(&state, who, name).await?)))
}

/// Save a view, in the place of one of the same name
#[utoipa::path(
    put, path = "/views/{name}", operation_id = "replaceView", tag = "triage",
    params(
        ("name" = String, Path, description = "The view's name"),
        ("x-hydrophone-user" = Option<String>, Header, description = "Who saves it")
    ),
    request_body = ViewToSave,
    responses((status = 200, description = "The view", body = View), Failure)
)]
async fn replace(
    State(state): State<Arc<AppState>>,
    name: Name,
    who: Who,
    JsonObject(body): JsonObject,
) -> Result<Json<View>, Error> {
    let view = read(&body, Some(&name.0), &who, &state)?;
    let name = view.name.clone();
    save(&state, &who, view).await?;
    Ok(Json(shown(&state, who, name).await?))
}

/// Remove a view
#[utoipa::path(
    delete, path = "/views/{name}", operation_id = "removeView", tag = "triage",
    params(("name" = String, Path, description = "The view's name")),
    responses((status = 204, description = "It is removed"), Failure)
)]
async fn remove(State(state): State<Arc<AppState>>, name: Name, who: Who) -> Result<StatusCode, Error> {
    refuse_builtin(&name.0)?;
    state.writer.edit(Edit { actor: Some(who.0), reason: Reason::Edit, task: Task::RemoveView(name.0) }).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn save(state: &Arc<AppState>, who: &Who, view: SavedView) -> Result<(), Error> {
    let edit = Edit { actor: Some(who.0.clone()), reason: Reason::Edit, task: Task::SaveView(view) };
    state.writer.edit(edit).await?;
    Ok(())
}

async fn shown(state: &Arc<AppState>, who: Who, name: String) -> Result<View, Error> {
    let found = {
        let name = name.clone();
        ask_as(state, who, move |context| Ok(view::find(context, &name))).await?
    };
    found.map(View::from).ok_or_else(|| Error::not_found(format!("there is no view {name:?}")))
}

fn refuse_builtin(name: &str) -> Result<(), Error> {
    if view::is_builtin(name) {
        return Err(Error::bad_param("name", format!("the view {name:?} is built in and stays as it is")));
    }
    Ok(())
}

fn read(body: &Map<String, Value>, name: Option<&str>, who: &Who, state: &AppState) -> Result<SavedView, Error> {
    const FIELDS: [&str; 5] = ["name", "query", "start", "end", "sort"];
    if let Some(unknown) = body.keys().find(|field| !FIELDS.contains(&field.as_str())) {
        let known = suggestion::known(unknown, FIELDS);
        return Err(Error::bad_param(unknown, format!("there is no field {unknown:?}{known}")));
    }
    let text = |field: &'static str| match body.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.trim())),
        Some(_) => Err(Error::bad_param(field, format!("{field} is to be a text"))),
    };
    let given = text("name")?;
    let name = match (name, given) {
        (Some(name), Some(given)) if name != given => {
            return Err(Error::bad_param("name", format!("the path names the view {name:?}, the body {given:?}")));
        }
        (Some(name), _) | (None, Some(name)) => name,
        (None, None) => return Err(Error::bad_param("name", "the view has no name")),
    };
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
        let detail = format!("a view's name has 1 to {NAME_CHARS_MAX} characters and no control characters");
        return Err(Error::bad_param("name", detail));
    }
    refuse_builtin(name)?;
    let Some(query) = text("query")? else {
        return Err(Error::bad_param("query", "the view has no query; an empty one selects everything"));
    };
    Query::parse(query).map_err(|error| Error::from(error).of("query"))?;
    let (start, end, sort) = (text("start")?, text("end")?, text("sort")?);
    let now = state.clock.now();
    if start.is_some() || end.is_some() {
        time::parse_range(start, end, now)?;
    }
    list::Sort::parse(sort)?;
    let owned = |text: Option<&str>| text.unwrap_or_default().to_owned();
    Ok(SavedView {
        name: name.to_owned(),
        query: query.to_owned(),
        start: owned(start),
        end: owned(end),
        sort: owned(sort),
        saved_by: who.0.clone(),
        saved_at: now,
    })
}

impl From<Shown> for View {
    fn from(shown: Shown) -> Self {
        let Shown { view, builtin, errors } = shown;
        let given = |text: String| (!text.is_empty()).then_some(text);
        Self {
            name: view.name,
            query: view.query,
            start: given(view.start),
            end: given(view.end),
            sort: given(view.sort),
            builtin,
            errors,
            saved_by: (!builtin).then_some(view.saved_by),
            saved_at: (!builtin).then(|| shape::time(view.saved_at)),
        }
    }
}
