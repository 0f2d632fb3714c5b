//! A target: one address of one service, with its labels after relabelling.

use super::label::Labels;
use super::time::Millis;
use super::url::hide_secrets;

/// A target as discovery yields it and scraping uses it. Equal targets are one target.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    /// Name of the configured service.
    pub service: String,
    /// Public labels after relabelling (`instance` always, `job` never: the service says it). They identify the target
    /// in the store and are dimensions of every query.
    pub labels: Labels,
    /// Labels as discovered, before relabelling, with their `__meta_*`: for people who debug a configuration.
    pub discovered_labels: Labels,
    /// `host:port` after relabelling; identifies the process where a client sends no `target_uuid`.
    pub address: String,
    /// The URL that is scraped, parameters included. For people there is [`Target::shown_url`].
    pub url: String,
    /// Time from one scrape to the next.
    pub scrape_interval: Millis,
    /// Time after which a scrape is given up.
    pub scrape_timeout: Millis,
}

impl Target {
    /// The URL without the secrets that it may have as parameters.
    #[must_use]
    pub fn shown_url(&self) -> String {
        hide_secrets(&self.url)
    }
}

/// What discovery found for one service, whole: a new list replaces the last one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceTargets {
    /// Name of the configured service.
    pub service: String,
    /// Targets to scrape, each once.
    pub active: Vec<std::sync::Arc<Target>>,
    /// Discovered labels of what relabelling dropped (bounded; see `dropped_total`).
    pub dropped: Vec<Labels>,
    /// How many were dropped in all.
    pub dropped_total: usize,
}
