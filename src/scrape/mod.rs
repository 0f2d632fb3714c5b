//! One loop a target: the HTTP client with its limits, and the wire format.
//!
//! [`Manager`] keeps a loop for each target that discovery lists (`target_loop.rs`), due on a grid of its own (schedule.rs).
//! A scrape is a request within a timeout (client.rs, deadline.rs) for a body within a memory budget (body.rs), which
//! [`wire`] reads. What comes of it, good or bad, goes to ingest as an [`Event`](crate::model::scrape::Event).

mod body;
mod client;
mod deadline;
mod manager;
mod metrics;
mod parser;
mod schedule;
mod target_loop;
#[cfg(test)]
mod tests;
pub mod wire;

pub use manager::Manager;
