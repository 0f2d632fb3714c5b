//! What the door counts.

use crate::model::role::Proof;
use crate::telemetry::{Counter, EncodeLabelSet, Family, Gauge, Registry};

/// Metrics of the door. Clones count together.
#[derive(Debug, Clone)]
pub struct Metrics {
    logins: Family<LoginLabels, Counter>,
    refused: Family<ReasonLabels, Counter>,
    reload_successful: Gauge,
}

/// How proving who one is went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is right.
    Right,
    /// It is not.
    Wrong,
    /// It was not looked at, because too much was wrong before.
    Limited,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LoginLabels {
    method: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    reason: &'static str,
}

impl Metrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let metrics =
            Self { logins: Family::default(), refused: Family::default(), reload_successful: Gauge::default() };
        // A series that is there from the start makes rate() see the first one.
        for proof in [Proof::Password, Proof::Token] {
            let _ = metrics.logins.get_or_create(&labels(proof, Outcome::Wrong));
        }
        registry.register(
            "hydrophone_http_logins",
            "Requests that proved who makes them, or failed to, by method and outcome",
            metrics.logins.clone(),
        );
        registry.register(
            "hydrophone_http_refused",
            "Requests that were refused before they were looked at, by reason",
            metrics.refused.clone(),
        );
        registry.register(
            "hydrophone_web_config_last_reload_successful",
            "Whether the file of --web.config.file could be used when it last changed",
            metrics.reload_successful.clone(),
        );
        metrics
    }

    /// Counts somebody who proved who they are, or failed to.
    pub(super) fn login(&self, proof: Proof, outcome: Outcome) {
        self.logins.get_or_create(&labels(proof, outcome)).inc();
    }

    /// Counts a request that was refused.
    pub fn refused(&self, reason: &'static str) {
        self.refused.get_or_create(&ReasonLabels { reason }).inc();
    }

    pub(super) fn reloaded(&self, successful: bool) {
        self.reload_successful.set(i64::from(successful));
    }
}

fn labels(proof: Proof, outcome: Outcome) -> LoginLabels {
    let outcome = match outcome {
        Outcome::Right => "right",
        Outcome::Wrong => "wrong",
        Outcome::Limited => "limited",
    };
    LoginLabels { method: proof.name(), outcome }
}
