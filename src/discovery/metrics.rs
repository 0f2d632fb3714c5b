//! What discovery counts about itself.

use crate::telemetry::{Counter, EncodeLabelSet, Family, Gauge, Registry};

/// Labels of one service's list of one state.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct TargetLabels {
    pub(super) service: String,
    pub(super) state: &'static str,
}

/// Labels of one service's mechanism.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct MechanismLabels {
    pub(super) service: String,
    pub(super) mechanism: &'static str,
}

/// Counters and gauges; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    pub(super) targets: Family<TargetLabels, Gauge>,
    pub(super) failures: Family<MechanismLabels, Counter>,
    pub(super) updates: Counter,
}

impl Metrics {
    /// Makes the metrics and puts them into `registry`.
    #[must_use]
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        registry.register(
            "hydrophone_discovery_targets",
            "Targets of each service after relabelling, by state: active or dropped",
            metrics.targets.clone(),
        );
        registry.register(
            "hydrophone_discovery_refresh_failures",
            "Looks for targets that failed in whole or in part; the last list is kept then",
            metrics.failures.clone(),
        );
        registry.register(
            "hydrophone_discovery_updates",
            "Times that a new list of targets was published",
            metrics.updates.clone(),
        );
        metrics
    }

    /// Shows how many targets `service` has.
    pub(super) fn show_targets(&self, service: &str, active: usize, dropped: usize) {
        for (state, count) in [("active", active), ("dropped", dropped)] {
            let labels = TargetLabels { service: service.to_owned(), state };
            self.targets.get_or_create(&labels).set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }

    /// Forgets a service that is no longer configured.
    pub(super) fn forget(&self, service: &str) {
        for state in ["active", "dropped"] {
            self.targets.remove(&TargetLabels { service: service.to_owned(), state });
        }
    }
}
