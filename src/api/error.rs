//! What goes wrong with a request, as RFC 9457 problem details. The only place that knows status codes of failures.

use axum::http::header::{CONTENT_TYPE, ETAG, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::store::Refusal;
use crate::telemetry;

/// A request that could not be answered. The message is lower case, without a full stop, and names what was wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Error {
    kind: Kind,
    detail: String,
    param: Option<String>,
    position: Option<usize>,
    current: Option<Box<serde_json::Value>>,
    etag: Option<String>,
    header: Option<Box<(HeaderName, HeaderValue)>>,
}

/// Failures by what the caller can do about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Change the request.
    BadRequest,
    /// Say who you are.
    Unauthorized,
    /// Ask with the permission the operator has to give.
    Forbidden,
    /// Ask for something that is there.
    NotFound,
    /// Use one of these methods.
    MethodNotAllowed,
    /// Look at it again, it has changed meanwhile.
    Conflict,
    /// Look at it again: it is not what the request's precondition says.
    PreconditionFailed,
    /// Send the body in another form.
    UnsupportedMediaType,
    /// Send less.
    TooLarge,
    /// Ask less often.
    TooManyRequests,
    /// Ask for less, or wait longer.
    Timeout,
    /// Come back later.
    Unavailable,
    /// Restore a backup: what the answer needs is damaged.
    Damaged,
    /// Report a bug: details are in the log.
    Internal,
}

/// The body of a failed answer, `application/problem+json` (RFC 9457).
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// `about:blank`: the status says what kind of problem it is.
    #[serde(rename = "type")]
    #[schema(example = "about:blank")]
    pub kind: &'static str,
    /// The status in words.
    #[schema(example = "Bad Request")]
    pub title: &'static str,
    /// The HTTP status.
    #[schema(example = 400)]
    pub status: u16,
    /// What was wrong, for people.
    pub detail: String,
    /// The parameter that was wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub param: Option<String>,
    /// Where in that parameter, in characters from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<usize>,
    /// With 412: the thing as it is now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current: Option<serde_json::Value>,
}

impl Error {
    /// The request as a whole is wrong.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(Kind::BadRequest, detail)
    }

    /// The parameter `param` is wrong.
    pub fn bad_param(param: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { param: Some(param.into()), ..Self::new(Kind::BadRequest, detail) }
    }

    /// The same mistake, in a parameter of another name.
    #[must_use]
    pub fn of(self, param: impl Into<String>) -> Self {
        Self { param: Some(param.into()), ..self }
    }

    /// Adds where in the parameter the mistake is, in characters from 0.
    #[must_use]
    pub fn at(self, position: usize) -> Self {
        Self { position: Some(position), ..self }
    }

    /// Nobody knows who asks; `password` says whether a browser is to ask for a name and a password.
    pub fn unauthorized(detail: impl Into<String>, password: bool) -> Self {
        let challenge = if password { "Basic realm=\"Hydrophone\", charset=\"UTF-8\"" } else { "Bearer" };
        let header = Some(Box::new((WWW_AUTHENTICATE, HeaderValue::from_static(challenge))));
        Self { header, ..Self::new(Kind::Unauthorized, detail) }
    }

    /// Somebody asks too often and may come again in so many seconds.
    pub fn too_many_requests(detail: impl Into<String>, seconds: u64) -> Self {
        let header = Some(Box::new((RETRY_AFTER, HeaderValue::from(seconds))));
        Self { header, ..Self::new(Kind::TooManyRequests, detail) }
    }

    /// The operator did not allow it.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(Kind::Forbidden, detail)
    }

    /// There is no such thing.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(Kind::NotFound, detail)
    }

    /// The path exists, but for other methods; the router names them in the header `Allow`.
    pub fn method_not_allowed(detail: impl Into<String>) -> Self {
        Self::new(Kind::MethodNotAllowed, detail)
    }

    /// Somebody else changed it meanwhile.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(Kind::Conflict, detail)
    }

    /// It is not what the request's precondition says; `current` is what it is, and `etag` its tag.
    pub fn precondition_failed(detail: impl Into<String>, current: serde_json::Value, etag: String) -> Self {
        Self { current: Some(Box::new(current)), etag: Some(etag), ..Self::new(Kind::PreconditionFailed, detail) }
    }

    /// The body is in a form that is not understood.
    pub fn unsupported_media_type(detail: impl Into<String>) -> Self {
        Self::new(Kind::UnsupportedMediaType, detail)
    }

    /// The request's body is over the limit.
    pub fn too_large(detail: impl Into<String>) -> Self {
        Self::new(Kind::TooLarge, detail)
    }

    /// The answer took too long.
    pub fn timeout(detail: impl Into<String>) -> Self {
        Self::new(Kind::Timeout, detail)
    }

    /// It can not be answered now: starting, stopping, or the store refuses writes.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(Kind::Unavailable, detail)
    }

    /// A failure of ours. `detail` goes to the log and to `/errors`; the caller learns only that it happened.
    pub fn internal(detail: impl Into<String>) -> Self {
        Self::new(Kind::Internal, detail)
    }

    /// What the answer needs is not what was written. `detail` goes to the log and to `/errors`.
    pub fn damaged(detail: impl Into<String>) -> Self {
        Self::new(Kind::Damaged, detail)
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self.kind {
            Kind::BadRequest => StatusCode::BAD_REQUEST,
            Kind::Unauthorized => StatusCode::UNAUTHORIZED,
            Kind::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Kind::Forbidden => StatusCode::FORBIDDEN,
            Kind::NotFound => StatusCode::NOT_FOUND,
            Kind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Kind::Conflict => StatusCode::CONFLICT,
            Kind::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Kind::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Kind::Timeout | Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Kind::Damaged | Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The body for the caller.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let status = self.status();
        let detail = match self.kind {
            Kind::Damaged => "data that this needs are damaged on the disk: `hydrophone verify` says which".to_owned(),
            Kind::Internal => "the server failed to answer; its log and /errors say why".to_owned(),
            _ => self.detail.clone(),
        };
        Problem {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail,
            param: self.param.clone(),
            position: self.position,
            current: self.current.as_deref().cloned(),
        }
    }

    fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), param: None, position: None, current: None, etag: None, header: None }
    }
}

impl From<crate::store::Error> for Error {
    fn from(error: crate::store::Error) -> Self {
        match error {
            crate::store::Error::Poisoned => Self::unavailable(error.to_string()),
            error @ (crate::store::Error::Corrupt { .. }
            | crate::store::Error::Occurrences(crate::store::occurrence::Error::Damaged(_))) => {
                Self::damaged(telemetry::chain(&error))
            }
            error => Self::internal(telemetry::chain(&error)),
        }
    }
}

impl From<crate::ingest::Error> for Error {
    fn from(error: crate::ingest::Error) -> Self {
        match error {
            crate::ingest::Error::Refused(refusal) => refusal.into(),
            error => Self::unavailable(telemetry::chain(&error)),
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let detail = refusal.to_string();
        match refusal {
            Refusal::NoAggregate(_) | Refusal::NoActivity(_) | Refusal::NoView(_) => Self::not_found(detail),
            Refusal::NoVersion { .. } => Self::bad_param("resolved_in", detail),
            Refusal::TooManyLabels { .. } => Self::bad_param("labels", detail),
            Refusal::Revision { .. } | Refusal::TooManyViews => Self::conflict(detail),
        }
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::internal(format!("an answer can not be written as JSON: {error}"))
    }
}

/// What [`Error`] leaves in a response's extensions, so that the middleware can report a failure of ours with its cause.
#[derive(Debug, Clone)]
pub struct Reported(pub String);

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self.problem()).unwrap_or_default();
        let mut response = (self.status(), body).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(Ok(etag)) = self.etag.as_deref().map(HeaderValue::from_str) {
            response.headers_mut().insert(ETAG, etag);
        }
        if let Some((name, value)) = self.header.clone().map(|header| *header) {
            response.headers_mut().insert(name, value);
        }
        if self.status().is_server_error() {
            response.extensions_mut().insert(Reported(self.detail));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_of_ours_keeps_its_cause_from_the_caller_but_not_from_the_log() {
        let response = Error::internal("table x is corrupt").into_response();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.extensions().get::<Reported>().unwrap().0, "table x is corrupt");
        assert!(!Error::internal("table x is corrupt").problem().detail.contains("table x"));
        let damaged = Error::damaged("table x is corrupt").problem();
        assert!(damaged.status == 500 && damaged.detail.contains("hydrophone verify"), "{damaged:?}");
        let lacking = crate::store::occurrence::Damaged::Lacking { path: "bodies.log".into() };
        let sample = Error::from(crate::store::Error::from(crate::store::occurrence::Error::from(lacking))).problem();
        assert!(sample.status == 500 && sample.detail == damaged.detail, "{sample:?}");
    }

    #[test]
    fn a_wrong_parameter_is_named_with_its_place() {
        let problem = Error::bad_param("q", "open quote").at(7).problem();
        let json = serde_json::to_string(&problem).unwrap();
        assert_eq!(
            json,
            r#"{"type":"about:blank","title":"Bad Request","status":400,"detail":"open quote","param":"q","position":7}"#
        );
    }
}
