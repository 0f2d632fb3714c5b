//! The targets of each service: mechanisms that look for them, relabelling, and a manager that keeps the lists.
//!
//! A mechanism is a file here that implements `mechanism::Discover`, a line in `mechanism::start`, and its keys in
//! `config::mechanism`. It looks, the manager waits, relabels and publishes; nothing else knows one mechanism from another.
//! A look that fails keeps the last list: an outage of the directory must not look like an outage of the fleet.

mod dns;
mod file;
mod group;
mod http;
mod manager;
mod mechanism;
mod metrics;
pub mod relabel;
mod target;

pub use manager::{Manager, Resolved, Targets, resolve_once};
pub use metrics::Metrics;
