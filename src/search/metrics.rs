//! What the index counts about itself.

use std::sync::atomic::AtomicU64;

use super::progress::Progress;
use crate::telemetry::{Counter, Gauge, Registry};

/// The index's metrics.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    pub(super) indexed: Counter,
    pub(super) commits: Counter,
    pub(super) rebuilds: Counter,
    pub(super) failures: Counter,
    occurrences: Gauge,
    partitions: Gauge,
    rebuilding: Gauge,
    indexed_ratio: Gauge<f64, AtomicU64>,
}

impl Metrics {
    /// Metrics, registered under `hydrophone_search_…`.
    #[must_use]
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        let registry = registry.sub_registry_with_prefix("hydrophone_search");
        registry.register("indexed", "Occurrences written to the search index", metrics.indexed.clone());
        registry.register("commits", "Commits of the search index", metrics.commits.clone());
        registry.register("rebuilds", "Partitions whose search index is made anew", metrics.rebuilds.clone());
        registry.register("failures", "Failed attempts to read or write the search index", metrics.failures.clone());
        registry.register("occurrences", "Occurrences that can be found", metrics.occurrences.clone());
        registry.register("partitions", "Partitions that can be searched", metrics.partitions.clone());
        registry.register(
            "partitions_rebuilding",
            "Partitions whose search index is incomplete",
            metrics.rebuilding.clone(),
        );
        registry.register(
            "indexed_ratio",
            "How much of the stored occurrences is indexed, from 0 to 1",
            metrics.indexed_ratio.clone(),
        );
        metrics
    }

    pub(super) fn report(&self, progress: &Progress) {
        self.occurrences.set(i64::try_from(progress.occurrences).unwrap_or(i64::MAX));
        self.partitions.set(progress.partitions as i64);
        self.rebuilding.set(progress.rebuilding as i64);
        self.indexed_ratio.set(progress.fraction());
    }
}
