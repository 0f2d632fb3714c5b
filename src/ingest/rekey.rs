//! Counts that change their key. Two things do that: other rules for keys, and the limit of a service's aggregates, beyond
//! which what is new is counted together. Counters go on meanwhile, so what was counted under one key must not be counted once
//! more under another.

use std::collections::{HashMap, HashSet};

use super::batch::Brought;
use crate::model::aggregate::OVERFLOW_KEY;
use crate::model::exposition::{ExposedAggregate, Exposition, key_hash};
use crate::model::id::{AggregateId, InstanceId, ServiceId};
use crate::model::severity::Severity;
use crate::model::time::Timestamp;
use crate::store::{AggregateChange, Baseline, Draft, Placement};

/// Keys of which some are kept to show what they look like.
const OVERFLOWING_MAX: usize = 100;

/// Baselines of a process under keys that other rules made: they are the baselines of what is exposed now.
#[derive(Debug, Default)]
pub(super) struct Moved {
    /// By the hashes of the keys: how far they were counted, and since when.
    by_key: HashMap<u64, (u64, Option<Timestamp>)>,
    /// Those that nobody exposes any more, to be ended.
    gone: Vec<AggregateId>,
    /// The sum of those of which nothing tells which new key they belong to.
    rest: u64,
    /// Whether there was a change of rules at all.
    rekeyed: bool,
}

impl Moved {
    /// Finds out what moved, which is nothing as long as the rules are the same.
    pub(super) fn new(
        draft: &Draft<'_>,
        (service, instance): (ServiceId, InstanceId),
        exposition: &mut Exposition,
    ) -> Self {
        // An imported process says nothing of rules: its keys are those that were dumped.
        let before = draft.keys(instance).filter(|keys| *keys != 0);
        if before.is_none_or(|before| before == exposition.keys) {
            return Self::default();
        }
        // What was never counted under its key is looked at first: it has the better claim to what was counted under others.
        let counted = |exposed: &ExposedAggregate| {
            let id = draft.find_aggregate(service, &exposed.key);
            id.and_then(|id| draft.baseline(instance, id)).is_some_and(|baseline| baseline.total > 0)
        };
        exposition.aggregates.sort_by_key(counted);
        let aggregates = &exposition.aggregates;
        let exposed: HashSet<AggregateId> =
            aggregates.iter().filter_map(|exposed| draft.find_aggregate(service, &exposed.key)).collect();
        let named: HashSet<u64> = aggregates.iter().flat_map(|exposed| exposed.exposed_keys.iter().copied()).collect();
        let mut moved = Self { rekeyed: true, ..Self::default() };
        for (id, baseline) in draft.baselines(instance) {
            let Some(aggregate) = draft.aggregate(id).filter(|_| baseline.total > 0 && !exposed.contains(&id)) else {
                continue;
            };
            if aggregate.key != OVERFLOW_KEY {
                moved.gone.push(id);
            }
            let hash = key_hash(&aggregate.key);
            if named.contains(&hash) {
                moved.by_key.insert(hash, (baseline.total, baseline.created_at));
            } else {
                moved.rest = moved.rest.saturating_add(baseline.total);
            }
        }
        moved
    }

    /// The baseline of what is exposed, where it is another one than `known`.
    pub(super) fn baseline(&mut self, exposed: &ExposedAggregate, known: Option<&Baseline>) -> Option<Baseline> {
        if !self.rekeyed {
            return None;
        }
        let parts: Vec<_> = exposed.exposed_keys.iter().filter_map(|key| self.by_key.get(key)).collect();
        let mut baseline = known.cloned().unwrap_or_default();
        let created_at = parts.iter().filter_map(|(_, created_at)| *created_at).min();
        baseline.created_at = baseline.created_at.or(created_at).or(exposed.created_at);
        let overflow = exposed.key == OVERFLOW_KEY;
        if overflow {
            // What it counted before is in the rest.
            baseline.total = 0;
        }
        let unknown = if exposed.exposed_keys.is_empty() {
            baseline.total == 0
        } else {
            parts.len() < exposed.exposed_keys.len()
        };
        baseline.total = parts.iter().fold(baseline.total, |sum, (total, _)| sum.saturating_add(*total));
        if unknown || overflow {
            let more = exposed.total_count.saturating_sub(baseline.total).min(self.rest);
            self.rest -= more;
            baseline.total += more;
        }
        // Of one that was never looked at the first scrape counts everything.
        (baseline.total > 0 || known.is_some()).then_some(baseline)
    }

    /// The changes that end the baselines under the old keys.
    pub(super) fn end(self, draft: &Draft<'_>) -> Vec<AggregateChange> {
        let aggregates = self.gone.into_iter().filter_map(|id| draft.aggregate(id));
        let end = aggregates.map(|aggregate| AggregateChange {
            aggregate: aggregate.id,
            baseline: Baseline::default(),
            placement: Placement::default(),
            severity: aggregate.severity,
            first_seen: aggregate.first_seen,
            last_seen: None,
            occurrences: Vec::new(),
        });
        end.collect()
    }
}

/// What a process exposes beyond the limit of its service's aggregates: one counter, the sum of theirs.
#[derive(Debug)]
pub(super) struct Overflow {
    complete: bool,
    keys: u64,
    /// The sum of all, as far as they are in the exposition.
    total: u64,
    /// The sum of what they moved since the last exposition.
    advance: u64,
    severity: Severity,
    created_at: Option<Timestamp>,
    exposed_keys: Vec<u64>,
}

impl Overflow {
    /// Nothing yet. `complete` says whether the exposition holds everything, also what did not change.
    pub(super) fn new(complete: bool) -> Self {
        Self {
            complete,
            keys: 0,
            total: 0,
            advance: 0,
            severity: Severity::Info,
            created_at: None,
            exposed_keys: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, exposed: ExposedAggregate, brought: &mut Brought) {
        let ExposedAggregate { key, total_count, last_count, severity, created_at, occurrences, exposed_keys } =
            exposed;
        self.keys += 1;
        self.exposed_keys.extend(exposed_keys);
        self.total = self.total.saturating_add(total_count);
        // A lower count began anew.
        let advance = total_count.checked_sub(last_count.unwrap_or(0)).unwrap_or(total_count);
        self.advance = self.advance.saturating_add(advance);
        self.severity = self.severity.max(severity);
        self.created_at = self.created_at.into_iter().chain(created_at).min();
        brought.dropped.aggregates += 1;
        brought.dropped.occurrences += occurrences.map_or(0, |occurrences| occurrences.len() as u64);
        if brought.overflowing.len() < OVERFLOWING_MAX {
            brought.overflowing.push(key);
        }
    }

    /// The counter as if it were exposed; `known` is its baseline. `None` where there is none.
    pub(super) fn exposed(self, known: Option<&Baseline>) -> Option<ExposedAggregate> {
        let counted = known.map_or(0, |known| known.total);
        let total_count = if self.complete { self.total } else { counted.saturating_add(self.advance) };
        if self.keys == 0 && (counted == 0 || !self.complete) {
            return None;
        }
        Some(ExposedAggregate {
            key: OVERFLOW_KEY.to_owned(),
            total_count,
            severity: self.severity,
            created_at: known.and_then(|known| known.created_at).or(self.created_at),
            exposed_keys: self.exposed_keys,
            ..ExposedAggregate::default()
        })
    }
}
