//! Plain values that every layer shares: no I/O, no async, no serialisation.
//!
//! Disk, wire and HTTP each have structs of their own; these are what they convert to and from, so that a format can
//! change without the rules that work on the values changing with it.

pub mod activity;
pub mod aggregate;
pub mod aggregate_set;
pub mod annotation;
pub mod exposition;
pub mod id;
pub mod label;
pub mod occurrence;
pub mod role;
pub mod scrape;
pub mod series;
pub mod severity;
pub mod target;
pub mod time;
pub mod triage;
pub mod url;
pub mod version;
pub mod view;
pub mod zone;
