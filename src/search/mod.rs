//! The only module that knows tantivy: the full-text index of the occurrences. Derived from the store, rebuildable.
//!
//! | file | what |
//! | --- | --- |
//! | token, pattern, condition | what a question means for one occurrence, in plain code |
//! | schema, segment, column | what an index holds, and how it is read |
//! | bits, sequence, plan | conditions carried out on segments |
//! | partition, snapshot, tally | a state of a day's index, of all of them, and the answers they give |
//! | day | one day's index as it is written |
//! | source, follower, index, progress, metrics | all days, kept up with what is stored |

mod bits;
mod check;
mod column;
pub mod condition;
mod copy;
mod day;
mod error;
mod follower;
mod index;
mod metrics;
mod name;
mod partition;
pub mod pattern;
mod plan;
mod progress;
mod schema;
mod segment;
mod sequence;
mod snapshot;
mod source;
mod tally;
pub mod token;

pub use check::{Checked, check};
pub use copy::{IndexFile, open_files};
pub use error::Error;
pub use follower::Follower;
pub use index::Index;
pub use metrics::Metrics;
pub use name::is_index;
pub use progress::Progress;
pub use snapshot::{ALWAYS, Found, Position, Snapshot};
pub use source::{Pending, Source, SourceError, Stop, Visit};
pub use tally::Tally;

#[cfg(test)]
mod tests;
