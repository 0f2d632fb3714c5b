//! What becomes of errors by themselves: labels by rules, escalation, and resolving what does not happen any more.
//!
//! An engine looks at everything again and again and asks the one writer for what differs. What it knows is only what makes
//! looking cheap, so nothing is lost or done twice when the process ends.
//!
//! | file | what |
//! | --- | --- |
//! | engine | when which job runs, and what becomes of its failures |
//! | rule | label rules: reading and evaluating them |
//! | labelling, escalation, silence | one file for each job |
//! | metrics | what is counted |

mod engine;
mod escalation;
mod labelling;
mod metrics;
mod rule;
mod silence;
#[cfg(test)]
mod tests;

pub use engine::{Engine, Sources};
pub use metrics::Metrics;
pub use rule::Rules;
