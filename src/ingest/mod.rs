//! The truth rules, pure, and apart from them the one writer.

mod batch;
pub mod counter;
mod course;
pub mod gap;
mod metrics;
mod outage;
mod rekey;
mod space;
mod writer;

#[cfg(test)]
mod tests;

pub use batch::{Added, Batch, Brought};
pub use metrics::{Metrics, Overflow};
pub use outage::{HELD_BYTES_MAX, Outage};
pub use writer::{Edit, Error, QUEUE_MAX, Settings, Writer, WriterHandle};
