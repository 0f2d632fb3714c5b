//! Hydrophone: Prometheus for exceptions, with a memory.
//!
//! The modules in the order in which they build on each other; data goes discovery → scrape → ingest → store → query →
//! api. docs/architecture.md walks one scrape through all of them.

pub mod model;

pub mod clock;
pub mod fs;
pub mod quiet;
pub mod telemetry;

pub mod config;
pub mod door;
pub mod key;
pub mod redact;

pub mod discovery;
pub mod scrape;

pub mod search;
pub mod store;

pub mod ingest;
pub mod query;
pub mod triage;

pub mod transfer;

pub mod chart;

pub mod backup;

pub mod api;
pub mod demo;

pub mod app;
pub mod cli;
