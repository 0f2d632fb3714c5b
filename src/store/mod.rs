//! The only module that knows redb: tables, keys, column codecs, rollups, retention.

pub mod codec;
pub mod occurrence;

/// The store.
#[derive(Debug)]
pub struct Store;
