//! One occurrence of a kind of error, made from nothing but its time and a number: the same mark is the same exception
//! each time it is exposed.

use super::catalog::{Language, Place};
use super::kind::Kind;
use super::rng::Rng;
use super::service::{Route, Service};
use super::text::fill_in;
use crate::model::occurrence::{Cause, Exception, HttpContext, Occurrence};
use crate::model::severity::Severity;
use crate::model::time::Timestamp;

/// What a process remembers of an exception it keeps as a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) at: Timestamp,
    pub(crate) seed: u64,
}

impl Mark {
    /// Nanoseconds within the millisecond, which only Go's clients tell.
    pub(crate) fn nanos(self) -> u64 {
        self.seed % 1_000_000
    }
}

/// The client's word for the severity of an occurrence, and ours. JVM clients decide anew each time they report a failed
/// call, and with it change the severity of the aggregate.
pub(crate) fn severity(service: &Service, kind: &Kind, seed: u64) -> (&'static str, Severity) {
    if service.language == Language::Scala && kind.class == "com.acme.http.UpstreamException" && seed.is_multiple_of(12)
    {
        return ("warning", Severity::Warning);
    }
    (kind.severity_word, kind.severity)
}

/// The occurrence that `mark` stands for, as the server will understand it.
pub(crate) fn occurrence(service: &Service, kind: &Kind, mark: Mark) -> Occurrence {
    let mut rng = Rng::of(&[mark.seed]);
    let uuid = rng.uuid(if service.language == Language::Python { 1 } else { 4 });
    let timestamp = match service.language {
        Language::Ruby => Timestamp::from_seconds(mark.at.seconds()),
        _ => mark.at,
    };
    let message =
        if service.language == Language::Go { kind.message.clone() } else { fill_in(&kind.message, &mut rng) };
    let causes = kind.causes.iter().map(|cause| Cause {
        class: cause.class.to_owned(),
        message: fill_in(&cause.message, &mut rng),
        stack: cause.trace.stack(&mut rng),
    });
    let causes = causes.collect();
    let exception = Exception { class: kind.class.to_owned(), message, stack: kind.trace.stack(&mut rng), causes };
    Occurrence {
        uuid,
        timestamp: Some(timestamp),
        severity: severity(service, kind, mark.seed).1,
        exception,
        http: (kind.place == Place::Request).then(|| request(service, &mut rng)).flatten(),
    }
}

/// The request in which something went wrong; one in eight was not passed to the client.
fn request(service: &Service, rng: &mut Rng) -> Option<HttpContext> {
    let route: &Route = rng.pick(service.routes)?;
    if rng.chance(0.125) {
        return None;
    }
    let path = fill_in(route.path, rng).replace(' ', "+").replace('"', "%22");
    let url = match service.language {
        // Go's clients write the request line, the others the whole URL.
        Language::Go => path,
        _ if service.team == "web" => format!("https://www.acme.example{path}"),
        _ => format!("http://{}.internal:8080{path}", service.name),
    };
    // Go's and Python's clients never send the body.
    let body = (matches!(service.language, Language::Scala | Language::Ruby) && !route.body.is_empty())
        .then(|| fill_in(route.body, rng));
    Some(HttpContext { method: route.method.to_owned(), url, headers: headers(service, rng), body })
}

fn headers(service: &Service, rng: &mut Rng) -> Option<Vec<(String, String)>> {
    let agent = if service.team == "web" { rng.word(BROWSERS) } else { rng.word(CALLERS) };
    let trace = format!("{:016x}", rng.next());
    let pairs: Vec<(&str, String)> = match service.language {
        Language::Python if rng.chance(0.3) => return None,
        Language::Ruby => vec![
            ("HTTP_HOST", "www.acme.example".to_owned()),
            ("HTTP_USER_AGENT", agent.to_owned()),
            ("HTTP_ACCEPT_LANGUAGE", fill_in("{locale}", rng).replace('_', "-")),
            ("HTTP_COOKIE", format!("_session={:016x}{:016x}; consent=1", rng.next(), rng.next())),
            ("HTTP_X_REQUEST_ID", trace),
        ],
        Language::Go => vec![
            ("Accept", "application/json".to_owned()),
            ("User-Agent", agent.to_owned()),
            ("X-Forwarded-For", fill_in("{ip}", rng)),
            ("X-Request-Id", trace),
        ],
        Language::Scala | Language::Python => vec![
            ("Host", format!("{}.internal:8080", service.name)),
            ("User-Agent", agent.to_owned()),
            ("Content-Type", "application/json".to_owned()),
            ("X-B3-TraceId", trace),
        ],
    };
    Some(pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

const BROWSERS: &[&str] = &[
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0",
];
const CALLERS: &[&str] =
    &["okhttp/4.12.0", "Go-http-client/1.1", "python-requests/2.32.3", "Faraday v2.12.0", "acme-ios/8.14.2"];
