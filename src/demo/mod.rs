//! A simulated fleet with a history, for `hydrophone demo`, tests and benches.
//!
//! [`Fleet`] is a dozen services in four languages whose processes throw, crash and are released anew, all from one seed:
//! [`Fleet::history`] is what scraping it for a month would have yielded, [`serve`] answers real scrapes from there on.
//! [`load`] makes large expositions for benches, [`corpus`] a million occurrences to search in, [`chaos`] a fleet that misbehaves and knows what it really threw.
//!
//! The files in the order in which they build on each other: `rng` and `text`; `catalog` (what goes wrong in which
//! language), `service` (who has it), `kind` (one aggregate of one service), `sample` (one occurrence of it); `process`
//! and `slot` (who counts it); `story` and `schedule` (what happens when); `fleet` (all of it at one moment); and what is
//! made of it: `exposition`, `history`, `discovery`, `live`.

pub mod chaos;
pub mod corpus;
pub mod load;

mod catalog;
mod discovery;
mod exposition;
mod fleet;
mod history;
mod http;
mod json;
mod kind;
mod live;
mod process;
mod rng;
mod sample;
mod schedule;
mod service;
mod slot;
mod story;
mod text;

pub use discovery::{TargetFile, TargetFiles};
pub use exposition::Body;
pub use fleet::{AGE, Fleet, SCRAPE_INTERVAL};
pub use history::History;
pub use live::{Listeners, serve};

#[cfg(test)]
mod tests;
