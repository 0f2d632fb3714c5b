//! What the store holds in memory, and the one way in which it changes: applying log entries.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use super::Store;
use super::change::Baseline;
use super::coverage::{Observation, TargetWindow, Watch};
use super::directory::{Directory, Life};
use super::head::Head;
use super::instance::Instances;
use super::log::{Entry, EntryOutcome, Move};
use super::reference::{Run, Runs};
use super::span::LateRow;
use super::view::Statistics;
use super::window::{Slot, Window};
use crate::model::id::{AggregateId, InstanceId, OccurrenceId, TargetId};
use crate::model::time::Timestamp;
use crate::model::view::SavedView;

/// Everything in memory.
#[derive(Debug, Default)]
pub(super) struct Live {
    pub(super) directory: Directory,
    pub(super) instances: Instances,
    pub(super) head: Head,
    pub(super) watch: Watch,
    /// The rows of late counts, in the order of their commits.
    pub(super) late: Vec<LateRow>,
    /// Occurrences that the table of references does not hold yet, oldest first.
    pub(super) references: FxHashMap<AggregateId, Runs>,
    /// The last window with a row of references, by aggregate.
    pub(super) referenced: FxHashMap<AggregateId, u32>,
    /// The last commit.
    pub(super) commit: u64,
    /// All windows before this one are sealed.
    pub(super) sealed: Window,
    /// First window whose points are kept.
    pub(super) points_from: Window,
    /// References of commits up to this one are in their table.
    pub(super) referenced_commit: u64,
    /// The latest scrape.
    pub(super) now: Timestamp,
    /// The longest scrape interval seen, which says how late a window's last delta may come.
    pub(super) interval_max_ms: i64,
    /// Saved views by name.
    pub(super) views: BTreeMap<String, SavedView>,
    /// The number of the next activity.
    pub(super) next_activity: u64,
    /// Fingerprint of the label rules that were last applied to everything.
    pub(super) label_rules: Option<u64>,
    /// Records that changed since their row was written.
    pub(super) dirty_aggregates: FxHashSet<AggregateId>,
    pub(super) dirty_targets: FxHashSet<TargetId>,
}

/// Up to which commit each row on disk includes what the log says; later entries are to be applied to it.
#[derive(Debug, Default)]
pub(super) struct AsOf {
    pub(super) aggregates: FxHashMap<AggregateId, u64>,
    pub(super) instances: FxHashMap<InstanceId, u64>,
    pub(super) targets: FxHashMap<TargetId, u64>,
}

impl AsOf {
    fn aggregate(&self, id: AggregateId) -> u64 {
        self.aggregates.get(&id).copied().unwrap_or(0)
    }

    pub(super) fn instance(&self, id: InstanceId) -> u64 {
        self.instances.get(&id).copied().unwrap_or(0)
    }

    fn target(&self, id: TargetId) -> u64 {
        self.targets.get(&id).copied().unwrap_or(0)
    }
}

impl Live {
    /// Applies one entry of `commit`. `as_of` is empty while running and says at start what the rows already hold.
    pub(super) fn apply(&mut self, commit: u64, target: TargetId, entry: &Entry, as_of: &AsOf) {
        self.now = self.now.max(entry.at);
        self.interval_max_ms = self.interval_max_ms.max(entry.interval.0);
        if let EntryOutcome::Imported { counts, watched } = &entry.outcome {
            self.apply_imported(target, entry.at, counts, watched.as_ref());
            return;
        }
        if commit > as_of.target(target) {
            self.apply_health(target, entry);
        }
        let outcome = match &entry.outcome {
            EntryOutcome::Gone | EntryOutcome::Imported { .. } => return,
            EntryOutcome::Down { message, .. } => Err(message.as_str()),
            EntryOutcome::Up { watched_from, .. } => Ok(*watched_from),
        };
        let seen =
            Observation { target, at: entry.at, duration: entry.duration, body_bytes: entry.body_bytes, outcome };
        self.watch.observe(&seen, self.sealed);
        let EntryOutcome::Up { instance, keys, day, first_occurrence, moves, .. } = &entry.outcome else { return };
        let known = commit <= as_of.instance(*instance);
        if let (false, Some(instance)) = (known, self.instances.get_mut(*instance)) {
            instance.last_success = Some(entry.at);
            instance.keys = *keys;
            instance.target = target;
        }
        let mut index = *first_occurrence;
        for change in moves {
            if commit > as_of.aggregate(change.aggregate) {
                self.apply_counts(change);
            }
            if !known {
                self.apply_baseline(*instance, change);
            }
            for (slot, count) in change.points.iter().filter(|(slot, _)| slot.window >= self.sealed) {
                self.head.add(*slot, change.aggregate, target, *count);
            }
            if commit > self.referenced_commit && change.occurrences > 0 {
                let run = Run { first: OccurrenceId { day: *day, commit, index }, count: change.occurrences };
                self.references.entry(change.aggregate).or_default().push(run);
            }
            index += change.occurrences;
        }
    }

    fn apply_imported(
        &mut self,
        target: TargetId,
        at: Timestamp,
        counts: &[(AggregateId, Vec<(Slot, u64)>)],
        watched: Option<&TargetWindow>,
    ) {
        for (aggregate, points) in counts {
            for (slot, count) in points.iter().filter(|(slot, _)| slot.window >= self.sealed) {
                self.head.add(*slot, *aggregate, target, *count);
            }
        }
        let window = Window::of(at);
        if let Some(watched) = watched.filter(|_| window >= self.sealed) {
            self.watch.join(window, target, watched);
        }
    }

    fn apply_health(&mut self, target: TargetId, entry: &Entry) {
        let Some(record) = self.directory.target_mut(target) else { return };
        self.dirty_targets.insert(target);
        let open = record.lives.last_mut().filter(|life| life.to.is_none());
        let health = &mut record.health;
        if entry.outcome == EntryOutcome::Gone {
            health.active = false;
            if let Some(life) = open {
                life.to = Some(entry.at.max(life.from));
            }
            return;
        }
        if open.is_none() {
            // Where the clock was set back it seems to begin before the one before it ended.
            let ended = record.lives.last().and_then(|life| life.to);
            let from = ended.map_or(entry.at, |to| to.max(entry.at));
            record.lives.push(Life { from, to: None });
        }
        health.active = true;
        health.last_scrape = Some(entry.at);
        health.interval = entry.interval;
        health.duration = entry.duration;
        match &entry.outcome {
            EntryOutcome::Down { message, .. } => {
                health.up = Some(false);
                health.last_error = Some(message.clone());
            }
            EntryOutcome::Up { .. } | EntryOutcome::Gone | EntryOutcome::Imported { .. } => {
                health.up = Some(true);
                health.last_success = Some(entry.at);
                health.last_error = None;
                health.body_bytes = entry.body_bytes;
            }
        }
    }

    fn apply_counts(&mut self, change: &Move) {
        self.dirty_aggregates.insert(change.aggregate);
        self.directory.change_aggregate(change.aggregate, |aggregate| {
            aggregate.total = aggregate.total.saturating_add(change.delta);
            aggregate.severity = change.severity;
            aggregate.first_seen = aggregate.first_seen.min(change.first_seen);
            aggregate.last_seen = aggregate.last_seen.max(change.last_seen.unwrap_or(aggregate.last_seen));
        });
    }

    fn apply_baseline(&mut self, instance: InstanceId, change: &Move) {
        let id = instance;
        let Some(instance) = self.instances.get_mut(id) else { return };
        let baseline = instance.baselines.entry(change.aggregate).or_insert_with(Baseline::default);
        baseline.total = change.total;
        baseline.created_at = change.created_at;
        if let Some(samples) = &change.samples {
            self.instances.expose(id, change.aggregate, samples);
        }
    }

    /// Sizes and counters.
    pub(super) fn statistics(&self, store: &Store) -> Statistics {
        // What can not be read now is shown as nothing, and fails where it is needed.
        let days = store.partitions().unwrap_or_default();
        Statistics {
            commit: self.commit,
            sealed_until: self.sealed.start(),
            aggregates: self.directory.aggregates().len() as u64,
            targets: self.directory.targets().len() as u64,
            instances: self.instances.len() as u64,
            resting_instances: self.instances.resting() as u64,
            baselines: self.instances.baselines(),
            head_points: self.head.points(),
            stacks: store.stack_count(),
            database_bytes: store.database_bytes(),
            occurrence_bytes: store.occurrence_bytes(),
            occurrence_days: days.len() as u64,
            thinned_days: days.iter().filter(|day| day.removed > 0).count() as u64,
            thinned_occurrences: days.iter().map(|day| day.removed).sum(),
            damaged_pages: store.damaged_pages(),
        }
    }
}
