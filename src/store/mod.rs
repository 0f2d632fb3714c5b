//! The only module that knows redb: tables, keys, column codecs, rollups, retention.

/// The store.
#[derive(Debug)]
pub struct Store;
