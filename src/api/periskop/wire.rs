//! The JSON shapes of Periskop's API. The order of the fields is the order in which it writes them.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};

use crate::model::aggregate::Aggregate;
use crate::model::occurrence::{Cause, Exception, HttpContext, Occurrence, Stack};
use crate::model::time::Timestamp;

/// Links of a cause chain that are written. Each one nests JSON by a level; what scraping stores is shorter.
const CAUSES_MAX: usize = 100;

/// One error of a service with its newest samples.
#[derive(Serialize)]
pub(super) struct ErrorAggregate<'a> {
    aggregation_key: &'a str,
    total_count: u64,
    severity: &'static str,
    latest_errors: Vec<ErrorWithContext<'a>>,
    created_at: i64,
}

#[derive(Serialize)]
struct ErrorWithContext<'a> {
    error: ErrorInstance<'a>,
    uuid: &'a str,
    timestamp: i64,
    severity: &'static str,
    http_context: Option<HttpContextJson<'a>>,
}

/// An exception, and what is left of its chain of causes.
struct ErrorInstance<'a> {
    class: &'a str,
    message: &'a str,
    stack: Option<&'a Stack>,
    causes: &'a [Cause],
}

#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the names of the schema")]
struct HttpContextJson<'a> {
    request_method: &'a str,
    request_url: &'a str,
    /// Sorted by name, as Go writes maps; of headers with one name the last, as in a map.
    request_headers: Option<BTreeMap<&'a str, &'a str>>,
    /// Never null: Periskop reads a missing body as an empty string.
    request_body: &'a str,
}

/// One target.
#[derive(Serialize)]
pub(super) struct Target {
    pub(super) endpoint: String,
}

impl<'a> ErrorAggregate<'a> {
    /// `occurrences` in any order; they come out newest first (1.3-I: Backstage takes the first for the last seen).
    ///
    /// An aggregate without any sample gets one that says when it was last seen, because Backstage's table breaks when
    /// there is none.
    pub(super) fn new(aggregate: &'a Aggregate, occurrences: &'a [Occurrence]) -> Self {
        let at = |occurrence: &Occurrence| occurrence.timestamp.unwrap_or(aggregate.last_seen);
        let mut newest: Vec<&Occurrence> = occurrences.iter().collect();
        newest.sort_by_key(|occurrence| std::cmp::Reverse(at(occurrence)));
        let mut latest_errors: Vec<_> =
            newest.into_iter().map(|occurrence| ErrorWithContext::new(occurrence, at(occurrence))).collect();
        if latest_errors.is_empty() {
            latest_errors.push(ErrorWithContext::unsampled(aggregate));
        }
        Self {
            aggregation_key: &aggregate.key,
            total_count: aggregate.total,
            severity: aggregate.severity.name(),
            latest_errors,
            created_at: aggregate.first_seen.seconds(),
        }
    }
}

impl<'a> ErrorWithContext<'a> {
    fn new(occurrence: &'a Occurrence, at: Timestamp) -> Self {
        Self {
            error: ErrorInstance::of(&occurrence.exception),
            uuid: &occurrence.uuid,
            timestamp: at.seconds(),
            severity: occurrence.severity.name(),
            http_context: occurrence.http.as_ref().map(HttpContextJson::new),
        }
    }

    fn unsampled(aggregate: &'a Aggregate) -> Self {
        Self {
            error: ErrorInstance { class: &aggregate.class, message: &aggregate.message, stack: None, causes: &[] },
            uuid: "",
            timestamp: aggregate.last_seen.seconds(),
            severity: aggregate.severity.name(),
            http_context: None,
        }
    }
}

impl<'a> ErrorInstance<'a> {
    fn of(exception: &'a Exception) -> Self {
        Self {
            class: &exception.class,
            message: &exception.message,
            stack: exception.stack.as_deref(),
            causes: exception.causes.get(..CAUSES_MAX).unwrap_or(&exception.causes),
        }
    }
}

impl Serialize for ErrorInstance<'_> {
    /// Nests the list of causes again.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let cause = self.causes.split_first().map(|(first, rest)| ErrorInstance {
            class: &first.class,
            message: &first.message,
            stack: first.stack.as_deref(),
            causes: rest,
        });
        let mut fields = serializer.serialize_struct("ErrorInstance", 4)?;
        fields.serialize_field("class", self.class)?;
        fields.serialize_field("message", self.message)?;
        fields.serialize_field("stacktrace", &self.stack.map(|stack| &stack.frames))?;
        fields.serialize_field("cause", &cause)?;
        fields.end()
    }
}

impl<'a> HttpContextJson<'a> {
    fn new(http: &'a HttpContext) -> Self {
        Self {
            request_method: &http.method,
            request_url: &http.url,
            request_headers: http
                .headers
                .as_ref()
                .map(|headers| headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()),
            request_body: http.body.as_deref().unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::model::triage::Triage;
    use std::sync::Arc;

    use super::super::json;
    use super::*;
    use crate::model::id::{AggregateId, ServiceId};
    use crate::model::severity::Severity;

    fn aggregate() -> Aggregate {
        Aggregate {
            id: AggregateId(0),
            service: ServiceId(0),
            key: "key".to_owned(),
            class: "Class".to_owned(),
            message: "message".to_owned(),
            severity: Severity::Error,
            first_seen: Timestamp(0),
            last_seen: Timestamp(7_900),
            total: 0,
            triage: Triage::default(),
        }
    }

    fn occurrence(uuid: &str, seconds: Option<i64>) -> Occurrence {
        Occurrence {
            uuid: uuid.to_owned(),
            timestamp: seconds.map(Timestamp::from_seconds),
            severity: Severity::Error,
            exception: Exception::default(),
            http: None,
        }
    }

    fn written(aggregate: &Aggregate, occurrences: &[Occurrence]) -> String {
        let mut out = Vec::new();
        json::append(&mut out, &ErrorAggregate::new(aggregate, occurrences)).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn bytes_are_those_of_periskops_own_test() {
        assert_eq!(
            written(&aggregate(), &[occurrence("", Some(0))]),
            r#"{"aggregation_key":"key","total_count":0,"severity":"error","latest_errors":[{"error":{"class":"","message":"","stacktrace":null,"cause":null},"uuid":"","timestamp":0,"severity":"error","http_context":null}],"created_at":0}"#
        );
    }

    #[test]
    fn causes_nest_headers_are_sorted_and_a_missing_body_is_an_empty_string() {
        let stack = Arc::new(Stack { frames: vec!["a".to_owned(), "b".to_owned()] });
        let cause = |class: &str| Cause { class: class.to_owned(), message: String::new(), stack: None };
        let mut occurrence = occurrence("u", Some(1));
        occurrence.exception = Exception {
            class: "Outer".to_owned(),
            message: "m".to_owned(),
            stack: Some(stack),
            causes: vec![cause("One"), cause("Two")],
        };
        let header = |name: &str| (name.to_owned(), "v".to_owned());
        occurrence.http = Some(HttpContext {
            method: "GET".to_owned(),
            url: "/?a&b".to_owned(),
            headers: Some(vec![header("b"), header("a")]),
            body: None,
        });
        let written = written(&aggregate(), &[occurrence]);
        for part in [
            r#""error":{"class":"Outer","message":"m","stacktrace":["a","b"],"cause":{"class":"One","message":"","stacktrace":null,"cause":{"class":"Two","message":"","stacktrace":null,"cause":null}}}"#,
            r#""http_context":{"request_method":"GET","request_url":"/?a\u0026b","request_headers":{"a":"v","b":"v"},"request_body":""}"#,
        ] {
            assert!(written.contains(part), "{part} in {written}");
        }
    }

    #[test]
    fn samples_come_newest_first_and_one_without_a_time_counts_as_last_seen() {
        let occurrences = [occurrence("old", Some(1)), occurrence("new", Some(5)), occurrence("none", None)];
        let aggregate = aggregate();
        let json = ErrorAggregate::new(&aggregate, &occurrences);
        let order: Vec<_> = json.latest_errors.iter().map(|error| (error.uuid, error.timestamp)).collect();
        assert_eq!(order, [("none", 7), ("new", 5), ("old", 1)]);
    }

    #[test]
    fn an_aggregate_without_samples_still_has_one_to_show() {
        assert!(written(&aggregate(), &[]).contains(
            r#""latest_errors":[{"error":{"class":"Class","message":"message","stacktrace":null,"cause":null},"uuid":"","timestamp":7,"severity":"error","http_context":null}]"#
        ));
    }
}
