//! One entry of `services`: a name, how to find its targets, and how to scrape them.

use super::mechanism::Mechanism;
use super::relabel::Relabel;
use super::scrape::ScrapeSettings;
use crate::model::label::Labels;

/// A configured service.
#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    /// Unique, not empty. The label `job` during relabelling.
    pub name: String,
    /// Labels of every target of the service before relabelling; what discovery says of a target wins.
    pub labels: Labels,
    /// Where its targets come from. Targets found by several mechanisms are scraped once.
    pub mechanisms: Vec<Mechanism>,
    /// Applied to each discovered target, in this order.
    pub relabel: Vec<Relabel>,
    /// How its targets are scraped.
    pub scrape: ScrapeSettings,
}
