//! What the HTTP side counts of itself.

use crate::telemetry::{Counter, EncodeLabelSet, Family, Gauge, Histogram, Registry};

/// Metrics of the HTTP side. Clones count together.
#[derive(Debug, Clone)]
pub struct Metrics {
    requests: Family<RequestLabels, Counter>,
    durations: Family<HandlerLabels, Histogram>,
    application_errors: Family<TypeLabels, Counter>,
    connections: Gauge,
    connections_max: Gauge,
    closed: Family<ReasonLabels, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    handler: String,
    method: &'static str,
    code: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct HandlerLabels {
    handler: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TypeLabels {
    r#type: &'static str,
}

/// Upper bounds in seconds: from what is answered out of memory to the request timeout.
const DURATION_BUCKETS: [f64; 9] = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0];

impl Metrics {
    /// Adds them to `registry`.
    #[must_use]
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            requests: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(DURATION_BUCKETS)),
            application_errors: Family::default(),
            connections: Gauge::default(),
            connections_max: Gauge::default(),
            closed: Family::default(),
        };
        for reason in ["gave_way", "handshake", "idle", "stalled"] {
            let _ = metrics.closed.get_or_create(&ReasonLabels { reason });
        }
        registry.register("hydrophone_http_connections", "Open connections", metrics.connections.clone());
        registry.register(
            "hydrophone_http_connections_max",
            "Connections that can be open at one time: --web.max-connections",
            metrics.connections_max.clone(),
        );
        registry.register(
            "hydrophone_http_connections_closed",
            "Connections that the server closed: idle for too long, made room for a new one, no handshake, an answer was not taken",
            metrics.closed.clone(),
        );
        // Periskop counts under these types; a series that is there from the start makes rate() see the first one.
        for kind in ["get_errors", "service_not_found", "render_json"] {
            metrics.application_error(kind, 0);
        }
        registry.register(
            "hydrophone_http_requests",
            "HTTP requests answered, by matched route",
            metrics.requests.clone(),
        );
        registry.register(
            "hydrophone_http_request_duration_seconds",
            "Time from a request's head to its answer's head, by matched route",
            metrics.durations.clone(),
        );
        registry.register(
            "periskop_application_errors",
            "Total number of errors in the Periskop service",
            metrics.application_errors.clone(),
        );
        metrics
    }

    /// Counts a request. `handler` is the matched route and not the path, which would be unbounded.
    pub(super) fn request(&self, handler: &str, method: &'static str, code: u16, seconds: f64) {
        let handler = handler.to_owned();
        self.durations.get_or_create(&HandlerLabels { handler: handler.clone() }).observe(seconds);
        self.requests.get_or_create(&RequestLabels { handler, method, code }).inc();
    }

    /// Counts an open connection, or one that ended (-1).
    pub(super) fn connection(&self, by: i64) {
        self.connections.inc_by(by);
    }

    /// Says how many connections there can be.
    pub(super) fn connections_max(&self, max: usize) {
        self.connections_max.set(i64::try_from(max).unwrap_or(i64::MAX));
    }

    /// Counts a connection that the server closed.
    pub(super) fn closed(&self, reason: &'static str) {
        self.closed.get_or_create(&ReasonLabels { reason }).inc();
    }

    /// Counts `by` errors of one of Periskop's types.
    pub(super) fn application_error(&self, kind: &'static str, by: u64) {
        self.application_errors.get_or_create(&TypeLabels { r#type: kind }).inc_by(by);
    }
}
