//! What handlers take from a request, with mistakes as problem details that name the parameter, and how they ask.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use utoipa::IntoParams;

use crate::api::door::Asker;
use crate::api::error::Error;
use crate::api::state::AppState;
use crate::door::NAME_CHARS_MAX;
use crate::door::token::NAMED;
use crate::model::role::Proof;
use crate::query::{self, Context, suggestion};

/// Query parameters, each at most once, none unknown. An empty one is as good as none, because forms send them.
///
/// The struct's fields are `Option<String>` named as the parameters: values are read by `query`, which words its mistakes
/// for people; the documented types are the ones `IntoParams` is told.
pub(in crate::api) struct Parameters<T>(pub(in crate::api) T);

impl<S, T> FromRequestParts<S> for Parameters<T>
where
    S: Send + Sync,
    T: DeserializeOwned + IntoParams,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Error> {
        let Query(pairs) =
            Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).map_err(|error| unreadable(&error))?;
        parse(pairs).map(Self)
    }
}

/// Reads parameters that came otherwise than by a request.
///
/// # Errors
/// For one that is unknown or given twice.
pub(in crate::api) fn parse<T: DeserializeOwned + IntoParams>(pairs: Vec<(String, String)>) -> Result<T, Error> {
    let known: Vec<String> = T::into_params(|| None).into_iter().map(|parameter| parameter.name).collect();
    let object = read(pairs, &known)?;
    Ok(serde_json::from_value(Value::Object(object))?)
}

/// For calls without parameters: any is a mistake.
pub(in crate::api) struct NoParameters;

impl<S: Send + Sync> FromRequestParts<S> for NoParameters {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Error> {
        let Query(pairs) =
            Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).map_err(|error| unreadable(&error))?;
        read(pairs, &[]).map(|_| Self)
    }
}

fn unreadable(error: &QueryRejection) -> Error {
    Error::bad_request(format!("the query string can not be read: {error}"))
}

fn read(pairs: Vec<(String, String)>, known: &[String]) -> Result<Map<String, Value>, Error> {
    let (mut object, mut seen) = (Map::new(), BTreeSet::new());
    for (name, value) in pairs {
        if !known.contains(&name) {
            let words = match known {
                [] => "; there are none here".to_owned(),
                _ => suggestion::known(&name, known.iter().map(String::as_str)),
            };
            let detail = format!("there is no parameter {name:?}{words}");
            return Err(Error::bad_param(name, detail));
        }
        if !seen.insert(name.clone()) {
            let detail = format!("{name} is given twice");
            return Err(Error::bad_param(name, detail));
        }
        if !value.is_empty() {
            object.insert(name, Value::String(value));
        }
    }
    Ok(object)
}

/// The one variable part of the path, as text.
pub(super) struct Name(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Name {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let Path(name) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|error| Error::bad_request(format!("the path can not be read: {error}")))?;
        Ok(Self(name))
    }
}

/// A JSON object in the request's body.
///
/// The content type has to say so: a form of another site can not, so that nobody's browser is made to change anything here.
pub(super) struct JsonObject(pub(super) Map<String, Value>);

impl<S: Send + Sync> FromRequest<S> for JsonObject {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if kind != "application/json" && kind != "application/merge-patch+json" {
            let detail = format!("the body is to be application/json, not {kind:?}");
            return Err(Error::unsupported_media_type(detail));
        }
        let body = Bytes::from_request(request, state).await.map_err(|error| {
            if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
                Error::too_large("the body is too large")
            } else {
                Error::bad_request(format!("the body can not be read: {error}"))
            }
        })?;
        match serde_json::from_slice(&body) {
            Ok(Value::Object(object)) => Ok(Self(object)),
            Ok(_) => Err(Error::bad_request("the body is to be a JSON object")),
            Err(error) => Err(Error::bad_request(format!("the body is no JSON: {error}"))),
        }
    }
}

/// Who asks: the name that was proved, or else what the header `X-Hydrophone-User` says; empty when it says nothing.
#[derive(Debug, Clone, Default)]
pub(in crate::api) struct Who(pub(in crate::api) String);

impl FromRequestParts<Arc<AppState>> for Who {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<AppState>) -> Result<Self, Error> {
        if let Some(Asker(identity)) = parts.extensions.get::<Asker>()
            && identity.proof != Proof::Anonymous
        {
            return Ok(Self(identity.name.clone()));
        }
        let Some(value) = parts.headers.get(WHO) else { return Ok(Self::default()) };
        let wrong = |why: &str| Error::bad_request(format!("the header {WHO} {why}"));
        // Names are UTF-8, which a header may hold, though not every client shows it.
        let name = std::str::from_utf8(value.as_bytes()).map_err(|_| wrong("is not UTF-8"))?.trim();
        if name.chars().count() > NAME_CHARS_MAX {
            return Err(wrong(&format!("has more than {NAME_CHARS_MAX} characters")));
        }
        if name.chars().any(char::is_control) {
            return Err(wrong("has control characters"));
        }
        // Who only looks may call themselves what they will: `me` in a query is no more than a word.
        let is_write = !matches!(parts.method, Method::GET | Method::HEAD);
        if is_write && (name.starts_with(NAMED) || state.door.current().config.users.contains_key(name)) {
            return Err(wrong("has the name of somebody who logs in"));
        }
        Ok(Self(name.to_owned()))
    }
}

/// The header that says who asks.
pub(in crate::api) const WHO: &str = "x-hydrophone-user";

impl Name {
    /// The number it is; a text that is none is one of nothing there is.
    ///
    /// # Errors
    /// [`query::Error::NotFound`] of `what`.
    pub(super) fn number(&self, what: &'static str) -> Result<u64, query::Error> {
        self.0.parse().map_err(|_| query::Error::NotFound { what, name: self.0.clone() })
    }

    /// The id it is; a text that is none is one of nothing there is.
    ///
    /// # Errors
    /// [`query::Error::NotFound`] of `what`.
    pub(super) fn id(&self, what: &'static str) -> Result<u32, query::Error> {
        self.0.parse().map_err(|_| query::Error::NotFound { what, name: self.0.clone() })
    }
}

/// Asks one question of one view of the store, on a thread that may block.
pub(in crate::api) async fn ask<T, F>(state: &Arc<AppState>, question: F) -> Result<T, Error>
where
    T: Send + 'static,
    F: FnOnce(&Context<'_>) -> Result<T, query::Error> + Send + 'static,
{
    ask_as(state, Who::default(), question).await
}

/// As [`ask`], for somebody whom the question may be about.
pub(in crate::api) async fn ask_as<T, F>(state: &Arc<AppState>, who: Who, question: F) -> Result<T, Error>
where
    T: Send + 'static,
    F: FnOnce(&Context<'_>) -> Result<T, query::Error> + Send + 'static,
{
    state
        .read(move |state| {
            let discovered = Arc::clone(&state.targets.borrow());
            let escalations = Arc::clone(&state.escalations.borrow());
            let new_for = state.config.borrow().config.triage.new_for;
            // First the index, which follows the store.
            let index = state.search.snapshot();
            let view = state.store.view().map_err(query::Error::Store)?;
            question(&Context {
                view: &view,
                index: &index,
                now: state.clock.now(),
                discovered: &discovered,
                me: &who.0,
                new_for,
                escalations: &escalations,
            })
        })
        .await
}

impl From<query::Error> for Error {
    fn from(error: query::Error) -> Self {
        match error {
            query::Error::Invalid { param, position: Some(position), message } => {
                Self::bad_param(param, message).at(position)
            }
            query::Error::Invalid { param, position: None, message } => Self::bad_param(param, message),
            query::Error::NotFound { .. } => Self::not_found(error.to_string()),
            query::Error::Store(error) => error.into(),
            query::Error::Search(error) => Self::internal(format!("the search index could not be read: {error}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;
    use serde::Deserialize;

    #[derive(Debug, Deserialize, IntoParams)]
    #[into_params(parameter_in = Query)]
    struct Example {
        start: Option<String>,
        limit: Option<String>,
    }

    async fn extract(uri: &str) -> Result<Example, Error> {
        let (mut parts, ()) = Request::get(uri).body(()).unwrap().into_parts();
        Parameters::<Example>::from_request_parts(&mut parts, &()).await.map(|Parameters(example)| example)
    }

    #[tokio::test]
    async fn parameters_are_taken_and_empty_ones_are_none() {
        let example = extract("/x?start=now-1h&limit=").await.unwrap();
        assert_eq!((example.start.as_deref(), example.limit), (Some("now-1h"), None));
        assert!(extract("/x").await.unwrap().start.is_none());
    }

    #[tokio::test]
    async fn unknown_and_repeated_parameters_are_named() {
        for (uri, param, detail) in [
            ("/x?strat=1", "strat", r#"there is no parameter "strat"; did you mean "start"?; known: start, limit"#),
            ("/x?limit=1&limit=2", "limit", "limit is given twice"),
            ("/x?limit=&limit=2", "limit", "limit is given twice"),
        ] {
            let problem = extract(uri).await.unwrap_err().problem();
            assert_eq!((problem.status, problem.param.as_deref(), problem.detail.as_str()), (400, Some(param), detail));
        }
    }

    #[tokio::test]
    async fn a_call_without_parameters_takes_none() {
        let (mut parts, ()) = Request::get("/x?a=1").body(()).unwrap().into_parts();
        let problem = NoParameters::from_request_parts(&mut parts, &()).await.err().unwrap().problem();
        assert_eq!(problem.detail, "there is no parameter \"a\"; there are none here");
    }
}
