//! The configuration file: strict YAML, read whole or not at all.
//!
//! One section per file: [`service`] and [`scrape`] for what is scraped and how, [`mechanism`] and [`relabel`] for how
//! targets are found, [`http`] for how a request is made, [`storage`] for how long things are kept. docs/configuration.md
//! lists every key.

use std::sync::Arc;

pub mod http;
pub mod mechanism;
pub mod relabel;
pub mod scrape;
pub mod secret;
pub mod service;
pub mod storage;

pub use http::{Authorization, BasicAuth, HttpClient, Tls, TlsVersion};
pub use mechanism::{DnsDiscovery, DnsRecord, FileDiscovery, HttpDiscovery, Mechanism, TargetGroup};
pub use relabel::{Pattern, Relabel, RelabelAction};
pub use scrape::{Limits, Scheme, ScrapeSettings};
pub use secret::{Secret, SecretSource};
pub use service::Service;
pub use storage::{Retention, Storage};

use crate::model::label::Labels;
use crate::model::time::Millis;

/// A whole configuration. Equal configurations behave equally, so that a reload can tell what changed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Config {
    /// What counts for all services.
    pub global: Global,
    /// The services, in the order of the file, each name once. None is fine: the server then only answers questions.
    pub services: Vec<Arc<Service>>,
    /// How long things are kept.
    pub storage: Storage,
    /// What was accepted but should be looked at: sentences that begin with `FILE:LINE:COLUMN: `.
    pub warnings: Vec<String>,
}

/// Defaults of all services.
#[derive(Debug, Clone, PartialEq)]
pub struct Global {
    /// Time from one scrape of a target to the next, 15s by default: fine enough to see an error start, and the interval
    /// that most
    /// Prometheus servers run with.
    pub scrape_interval: Millis,
    /// Time after which a scrape is given up, 10s by default, but never more than the interval.
    pub scrape_timeout: Millis,
    /// Labels that tell this server from others towards the outside. They are not put on targets.
    pub external_labels: Labels,
    /// Limits of services that do not say their own.
    pub limits: Limits,
}

impl Default for Global {
    fn default() -> Self {
        Self {
            scrape_interval: Millis::from_seconds(15),
            scrape_timeout: Millis::from_seconds(10),
            external_labels: Labels::default(),
            limits: Limits::default(),
        }
    }
}
