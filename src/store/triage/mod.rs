//! Triage as it stands on disk, how edits and counts change it, and the record of who changed what.
//!
//! A change and its activity are in one transaction with what caused it. Rows of triage hold no counts, so that nothing has
//! to be replayed into them.
//!
//! | file | what |
//! | --- | --- |
//! | row | the bytes of triage, activities and saved views |
//! | pending | a commit's changes, against the state they will be applied to |
//! | release | which version to resolve in, and whether a count is of a later one |
//! | history | reading activities, and forgetting old ones |

mod history;
mod pending;
mod release;
mod row;

pub(super) use history::forget;
pub use history::{ActivityChangeScan, ActivityEntry, ActivityScan};
pub(super) use pending::{Pending, Replaced};
pub(super) use release::Places;
#[cfg(fuzzing)]
pub(super) use row::encode_view;
pub(super) use row::{
    decode_activity, decode_change, decode_triage, decode_view, encode_activity, encode_change, encode_triage,
};
