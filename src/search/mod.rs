//! The only module that knows tantivy: the full-text index of the occurrences. Derived from the store, rebuildable.

pub mod condition;
pub mod pattern;
pub mod token;
