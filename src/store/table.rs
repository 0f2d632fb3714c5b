//! The tables of the database. Time leads every key that is appended to; docs/storage-format.md describes each row.

use redb::TableDefinition;

use super::checked::{Checked, CheckedNumber};

/// Name → number: the last commit, the first window that is not sealed, and the next instance id.
pub(super) const META: TableDefinition<'_, &str, CheckedNumber> = TableDefinition::new("meta");

/// Service → record.
pub(super) const SERVICES: TableDefinition<'_, u32, Checked> = TableDefinition::new("services");

/// Target → record.
pub(super) const TARGETS: TableDefinition<'_, u32, Checked> = TableDefinition::new("targets");

/// Instance → baselines.
pub(super) const INSTANCES: TableDefinition<'_, u32, Checked> = TableDefinition::new("instances");

/// Aggregate → record.
pub(super) const AGGREGATES: TableDefinition<'_, u32, Checked> = TableDefinition::new("aggregates");

/// (commit, target) → scrape.
pub(super) const LOG: TableDefinition<'_, (u64, u32), Checked> = TableDefinition::new("log");

/// (window, aggregate) → points, summed over targets.
pub(super) const CHUNKS: TableDefinition<'_, (u32, u32), Checked> = TableDefinition::new("chunks");

/// (window, service) → points, summed over aggregates.
pub(super) const SERVICE_CHUNKS: TableDefinition<'_, (u32, u32), Checked> = TableDefinition::new("service_chunks");

/// (window, aggregate) → points of each target, where there is more than one.
pub(super) const TARGET_CHUNKS: TableDefinition<'_, (u32, u32), Checked> = TableDefinition::new("target_chunks");

/// (level, service, bucket) → counts of aggregates.
pub(super) const ROLLUPS: TableDefinition<'_, (u8, u32, u32), Checked> = TableDefinition::new("rollups");

/// (level, service, bucket) → how often anything happened.
pub(super) const SERVICE_ROLLUPS: TableDefinition<'_, (u8, u32, u32), CheckedNumber> =
    TableDefinition::new("service_rollups");

/// (level, service, bucket) → counts of aggregates that have several targets, at each.
pub(super) const TARGET_ROLLUPS: TableDefinition<'_, (u8, u32, u32), Checked> = TableDefinition::new("target_rollups");

/// Commit → late counts.
pub(super) const LATE: TableDefinition<'_, u64, Checked> = TableDefinition::new("late");

/// (window, service) → how scrapes went.
pub(super) const COVERAGE: TableDefinition<'_, (u32, u32), Checked> = TableDefinition::new("coverage");

/// (window, aggregate) → where its occurrences are.
pub(super) const REFERENCES: TableDefinition<'_, (u32, u32), Checked> = TableDefinition::new("references");

/// (day, commit, index of the block's first occurrence in the commit) → (offset, length) in the day's file of occurrences.
pub(super) const BLOCKS: TableDefinition<'_, (u32, u64, u32), (u64, u32)> = TableDefinition::new("blocks");

/// (day, commit) → the stacks that this commit was the first to use on this day.
pub(super) const STACKS_IN_USE: TableDefinition<'_, (u32, u64), Checked> = TableDefinition::new("stacks_in_use");

/// Day → how its file was rewritten: generation, most occurrences of an aggregate that were kept, last commit that was looked at,
/// occurrences that were kept then, and occurrences that were removed so far. Days that were never rewritten have none.
pub(super) const THINNED: TableDefinition<'_, u32, (u32, u32, u64, u64, u64)> = TableDefinition::new("thinned");

/// Aggregate → its state, labels, assignee and note, where any was ever set, and the last activity that changed them.
pub(super) const TRIAGE: TableDefinition<'_, u32, Checked> = TableDefinition::new("triage");

/// Activity → when, who, why, and of which aggregates.
pub(super) const ACTIVITY: TableDefinition<'_, u64, Checked> = TableDefinition::new("activity");

/// (activity, aggregate) → what changed, and the activity before that changed the aggregate.
pub(super) const ACTIVITY_CHANGES: TableDefinition<'_, (u64, u32), Checked> = TableDefinition::new("activity_changes");

/// Name → saved view.
pub(super) const VIEWS: TableDefinition<'_, &str, Checked> = TableDefinition::new("views");

/// (kind, key) → what an importer remembers of how far it got.
pub(super) const IMPORTS: TableDefinition<'_, (u8, u128), Checked> = TableDefinition::new("imports");

/// Keys of [`META`].
pub(super) mod meta {
    /// Number of the last commit.
    pub(in crate::store) const COMMIT: &str = "commit";
    /// First window that is not sealed.
    pub(in crate::store) const SEALED: &str = "sealed";
    /// First window whose points are kept; of what is before it there are only rollups.
    pub(in crate::store) const POINTS: &str = "points";
    /// Commit up to which references are in their table.
    pub(in crate::store) const REFERENCED: &str = "referenced";
    /// Number of the next activity.
    pub(in crate::store) const NEXT_ACTIVITY: &str = "next_activity";
    /// Fingerprint of the label rules that were last applied to everything.
    pub(in crate::store) const LABEL_RULES: &str = "label_rules";
    /// Next instance id.
    pub(in crate::store) const NEXT_INSTANCE: &str = "next_instance";
}
