//! Saved views: names for a query with a range and an order.

use super::time::Timestamp;

/// A view that somebody saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedView {
    /// Its name, unique.
    pub name: String,
    /// The query.
    pub query: String,
    /// Begin of the range as written, such as `now-24h`; empty for the usual one.
    pub start: String,
    /// End of the range as written; empty for now.
    pub end: String,
    /// The order of the list; empty for the usual one.
    pub sort: String,
    /// Who saved it, empty if they gave no name.
    pub saved_by: String,
    /// When.
    pub saved_at: Timestamp,
}
