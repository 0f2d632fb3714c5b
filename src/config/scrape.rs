//! How the targets of a service are scraped, and what one of them may cost.

use std::fmt;

use super::http::HttpClient;
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
        let global = super::Global::default();
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
    /// Aggregates of a service that are remembered, and so also of one exposition (`aggregate_limit`).
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
    /// Targets of a service that are scraped (`target_limit`); of more, the first in the order of their labels.
    ///
    /// 10,000: far above any fleet that one process scrapes, far below what a mistake in a relabel rule can yield.
    pub targets_max: usize,
    /// Targets dropped by relabelling whose labels are kept for people to see (`keep_dropped_targets`); all are counted.
    ///
    /// 1,000: enough to find out why a target is missing.
    pub dropped_targets_max: usize,
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
            dropped_targets_max: 1000,
        }
    }
}
