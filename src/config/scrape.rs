//! How the targets of a service are scraped, and what one of them may cost.

use std::fmt;

use super::http::{self, HttpClient};
use super::key_rule::{self, KeyRule};
use super::reader::{Field, Section};
use super::secret::hide_login;
use super::{Error, Global};
use crate::model::time::Millis;

/// `http` or `https`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Plain HTTP.
    #[default]
    Http,
    /// HTTP over TLS.
    Https,
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "http",
            Self::Https => "https",
        })
    }
}

/// How a service's targets are scraped. Interval, timeout, scheme, path and parameters are what relabelling starts from;
/// a [`Target`](crate::model::target::Target) holds what came out.
#[derive(Debug, Clone, PartialEq)]
pub struct ScrapeSettings {
    /// Time from one scrape of a target to the next, at least 1 ms.
    pub interval: Millis,
    /// Time after which a scrape is given up, never above the interval.
    pub timeout: Millis,
    /// `http` or `https`.
    pub scheme: Scheme,
    /// Path of the URL, and its query if it has one. `/-/exceptions`, the clients' own, by default.
    pub path: String,
    /// Parameters added to the URL, in the order of the file, each with its values.
    pub params: Vec<(String, Vec<String>)>,
    /// How requests are made.
    pub http: HttpClient,
    /// What one target, and the service, may cost.
    pub limits: Limits,
}

/// The path at which Periskop's clients expose.
pub const PATH_DEFAULT: &str = "/-/exceptions";

impl Default for ScrapeSettings {
    fn default() -> Self {
        let global = Global::default();
        Self {
            interval: global.scrape_interval,
            timeout: global.scrape_timeout,
            scheme: Scheme::default(),
            path: PATH_DEFAULT.to_owned(),
            params: Vec::new(),
            http: HttpClient::default(),
            limits: global.limits,
        }
    }
}

/// What one target, and a whole service, may cost. Nothing is unbounded (truth rule 9): each limit is at least 1, and what
/// it drops is counted and shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of an exposition's body after decompression (`body_size_limit`). A larger one fails the scrape.
    ///
    /// 64 MiB: four times what a target with 1,000 aggregates of ten samples with long stacks sends.
    pub body_bytes_max: u64,
    /// Aggregates of a service that are remembered (`aggregate_limit`). What is new beyond is counted in one aggregate of all.
    ///
    /// 100,000: a client that puts ids into its keys makes a new aggregate for each error and would fill memory in a night; a
    /// service with that many different errors can not be read by people anyway.
    pub aggregates_max: usize,
    /// Samples of one aggregate that are taken from one exposition (`occurrence_limit`).
    ///
    /// 100: clients keep ten.
    pub occurrences_per_aggregate_max: usize,
    /// Bytes of an aggregation key (`key_size_limit`). A longer one is no key: it is dropped, because a shortened key
    /// could be another error's.
    ///
    /// 1 KiB: keys are a class name and a hash.
    pub key_bytes_max: usize,
    /// Bytes of a class name (`class_size_limit`).
    ///
    /// 1 KiB: the longest generic class names in the wild have some hundreds.
    pub class_bytes_max: usize,
    /// Bytes of a message (`message_size_limit`).
    ///
    /// 16 KiB: room for an SQL statement, not for a page of HTML that a library put into its message.
    pub message_bytes_max: usize,
    /// Frames of a stack trace (`stack_frame_limit`).
    ///
    /// 1,024: the JVM's own bound, which a stack overflow reaches.
    pub stack_frames_max: usize,
    /// Bytes of a stack trace, all its frames together (`stack_size_limit`).
    ///
    /// 256 KiB: 1,024 frames of 250 bytes.
    pub stack_bytes_max: usize,
    /// Links of a cause chain below the exception itself (`cause_depth_limit`).
    ///
    /// 32: deeper chains are loops or recursion.
    pub cause_depth_max: usize,
    /// Headers of the request in which an error happened (`header_limit`).
    ///
    /// 100: as many as common HTTP servers accept.
    pub headers_max: usize,
    /// Bytes of one header, name and value (`header_size_limit`).
    ///
    /// 8 KiB: as common HTTP servers accept.
    pub header_bytes_max: usize,
    /// Bytes of the URL of the request in which an error happened (`url_size_limit`).
    ///
    /// 8 KiB: as common HTTP servers accept.
    pub url_bytes_max: usize,
    /// Bytes of the body of the request in which an error happened (`request_body_size_limit`).
    ///
    /// 64 KiB: a form or a JSON document, not an upload.
    pub request_body_bytes_max: usize,
    /// Aggregates of one exposition that are looked at (`exposition_aggregate_limit`), whatever becomes of them.
    ///
    /// 200,000: twice as many as a service may have; of a body of 64 MiB a tenth of that would be large.
    pub exposed_aggregates_max: usize,
    /// Targets of a service that are scraped (`target_limit`); of more, the first in the order of their labels.
    ///
    /// 10,000: far above any fleet that one process scrapes, far below what a mistake in a relabel rule can yield.
    pub targets_max: usize,
    /// Targets dropped by relabelling whose labels are kept for people to see (`keep_dropped_targets`); all are counted.
    ///
    /// 1,000: enough to find out why a target is missing.
    pub dropped_targets_max: usize,
    /// What is taken out of aggregation keys (`key_rules`), so that ids in them make no errors of their own.
    pub key_rules: Vec<KeyRule>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes_max: 64 << 20,
            aggregates_max: 100_000,
            occurrences_per_aggregate_max: 100,
            key_bytes_max: 1 << 10,
            class_bytes_max: 1 << 10,
            message_bytes_max: 16 << 10,
            stack_frames_max: 1024,
            stack_bytes_max: 256 << 10,
            cause_depth_max: 32,
            headers_max: 100,
            header_bytes_max: 8 << 10,
            url_bytes_max: 8 << 10,
            request_body_bytes_max: 64 << 10,
            targets_max: 10_000,
            exposed_aggregates_max: 200_000,
            dropped_targets_max: 1000,
            key_rules: Vec::new(),
        }
    }
}

/// The keys of this section, which stand among those of a service.
pub(super) const KEYS: &[&str] = &["scraper", "scrape_interval", "scrape_timeout", "metrics_path", "scheme", "params"];

/// The keys of [`Limits`], in `global` and in a service.
pub(super) const LIMIT_KEYS: &[&str] = &[
    "body_size_limit",
    "aggregate_limit",
    "occurrence_limit",
    "key_size_limit",
    "class_size_limit",
    "message_size_limit",
    "stack_frame_limit",
    "stack_size_limit",
    "cause_depth_limit",
    "header_limit",
    "header_size_limit",
    "url_size_limit",
    "request_body_size_limit",
    "target_limit",
    "keep_dropped_targets",
    "exposition_aggregate_limit",
    "key_rules",
];

const SCHEMES: [(&str, Scheme); 2] = [("http", Scheme::Http), ("https", Scheme::Https)];

/// Reads the keys of this section, with what `global` says where they say nothing.
pub(super) fn read(section: &Section<'_>, global: &Global) -> Result<ScrapeSettings, Error> {
    let (mut interval, mut path) = (None, None);
    if let Some(scraper) = section.get("scraper") {
        let scraper = scraper.section(&[&["endpoint", "refresh_interval"]])?;
        interval = scraper.read("refresh_interval", None, |field| field.go_duration().map(Some))?;
        path = scraper.read("endpoint", None, |field| read_path(field).map(Some))?;
    }
    let twice = |field: Field<'_>, key: &str| Err(field.error(format!("can not be set together with scraper.{key}")));
    match (section.get("scrape_interval"), interval) {
        (Some(field), Some(_)) => return twice(field, "refresh_interval"),
        (Some(field), None) => interval = Some(field.duration()?),
        (None, _) => {}
    }
    match (section.get("metrics_path"), &path) {
        (Some(field), Some(_)) => return twice(field, "endpoint"),
        (Some(field), None) => path = Some(read_path(&field)?),
        (None, _) => {}
    }
    let interval = interval.unwrap_or(global.scrape_interval);
    Ok(ScrapeSettings {
        interval,
        timeout: read_timeout(section, interval, global.scrape_timeout)?,
        scheme: section.read("scheme", Scheme::default(), |field| field.word(&SCHEMES))?,
        path: path.unwrap_or_else(|| PATH_DEFAULT.to_owned()),
        params: section.read("params", Vec::new(), read_params)?,
        http: http::read(section)?,
        limits: read_limits(section, &global.limits)?,
    })
}

/// `scrape_timeout`, never above `interval`; without the key `default`, or the interval where that is shorter.
pub(super) fn read_timeout(section: &Section<'_>, interval: Millis, default: Millis) -> Result<Millis, Error> {
    section.read("scrape_timeout", default.min(interval), |field| match field.duration()? {
        timeout if timeout > interval => {
            Err(field.error(format!("{timeout} is longer than the scrape interval of {interval}")))
        }
        timeout => Ok(timeout),
    })
}

/// A path of a URL, maybe with a query. `errors` is `/errors`, as in Prometheus.
fn read_path(field: &Field<'_>) -> Result<String, Error> {
    let path = field.name()?;
    if path.chars().any(|c| c.is_whitespace() || c.is_control() || c == '#') {
        return Err(field.error(format!("{:?} is no path of a URL", hide_login(&path))));
    }
    Ok(if path.starts_with('/') { path } else { format!("/{path}") })
}

/// Parameters that have a value.
fn read_params(field: &Field<'_>) -> Result<Vec<(String, Vec<String>)>, Error> {
    let mut params = Vec::new();
    for (key, values) in field.entries()? {
        let values = values.texts()?;
        if !values.is_empty() {
            params.push((key.name.clone(), values));
        }
    }
    Ok(params)
}

/// Reads the limits that `section` says, with `default` for the others.
pub(super) fn read_limits(section: &Section<'_>, default: &Limits) -> Result<Limits, Error> {
    let count = |key: &str, default: usize| section.read(key, default, Field::count);
    let memory = |key: &str, default: usize| section.read(key, default, Field::memory);
    Ok(Limits {
        body_bytes_max: section.read("body_size_limit", default.body_bytes_max, Field::size)?,
        aggregates_max: count("aggregate_limit", default.aggregates_max)?,
        occurrences_per_aggregate_max: count("occurrence_limit", default.occurrences_per_aggregate_max)?,
        key_bytes_max: memory("key_size_limit", default.key_bytes_max)?,
        class_bytes_max: memory("class_size_limit", default.class_bytes_max)?,
        message_bytes_max: memory("message_size_limit", default.message_bytes_max)?,
        stack_frames_max: count("stack_frame_limit", default.stack_frames_max)?,
        stack_bytes_max: memory("stack_size_limit", default.stack_bytes_max)?,
        cause_depth_max: count("cause_depth_limit", default.cause_depth_max)?,
        headers_max: count("header_limit", default.headers_max)?,
        header_bytes_max: memory("header_size_limit", default.header_bytes_max)?,
        url_bytes_max: memory("url_size_limit", default.url_bytes_max)?,
        request_body_bytes_max: memory("request_body_size_limit", default.request_body_bytes_max)?,
        targets_max: count("target_limit", default.targets_max)?,
        dropped_targets_max: count("keep_dropped_targets", default.dropped_targets_max)?,
        exposed_aggregates_max: count("exposition_aggregate_limit", default.exposed_aggregates_max)?,
        key_rules: section.read("key_rules", default.key_rules.clone(), key_rule::read)?,
    })
}
