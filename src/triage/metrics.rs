//! What the engine counts.

use crate::telemetry::{Counter, EncodeLabelSet, Family, Gauge, Histogram, Registry, exponential_buckets};

/// Which job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Job {
    pub(super) job: &'static str,
}

/// The engine's metrics; clones share them.
#[derive(Debug, Clone)]
pub struct Metrics {
    pub(super) seconds: Family<Job, Histogram>,
    pub(super) errors: Family<Job, Counter>,
    pub(super) rules: Gauge,
    pub(super) labelled: Counter,
    pub(super) escalating: Gauge,
    pub(super) escalated: Counter,
    pub(super) silenced: Counter,
}

impl Metrics {
    /// Metrics, registered under `hydrophone_triage_…`.
    #[must_use]
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            seconds: Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.000_25, 4.0, 9))),
            errors: Family::default(),
            rules: Gauge::default(),
            labelled: Counter::default(),
            escalating: Gauge::default(),
            escalated: Counter::default(),
            silenced: Counter::default(),
        };
        let registry = registry.sub_registry_with_prefix("hydrophone_triage");
        registry.register("round_seconds", "Time that one round of a job took", metrics.seconds.clone());
        registry.register("errors", "Rounds of a job that failed; they are tried again", metrics.errors.clone());
        registry.register("rules", "Label rules that are in force", metrics.rules.clone());
        registry.register("labelled", "Changes of an error's labels by rules", metrics.labelled.clone());
        registry.register("escalating", "Errors that are over their limit, in any state", metrics.escalating.clone());
        registry.register("escalated", "Mutes that ended because the error escalated", metrics.escalated.clone());
        registry.register(
            "silenced",
            "Errors that were resolved because they did not happen",
            metrics.silenced.clone(),
        );
        metrics
    }
}
