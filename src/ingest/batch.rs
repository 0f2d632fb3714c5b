//! A batch: scrapes turned into the changes of one commit, against the stored baselines. Pure but for the draft that it
//! looks things up in and writes to.

use std::collections::HashSet;

use super::counter;
use super::gap::{GAP_MAX, Known, Stretch};
use super::rekey::{Moved, Overflow};
use crate::model::aggregate::{Aggregate, OVERFLOW_CLASS, OVERFLOW_KEY, OVERFLOW_MESSAGE};
use crate::model::exposition::{Dropped, ExposedAggregate, Exposition};
use crate::model::id::{AggregateId, InstanceId, ServiceId, TargetId};
use crate::model::occurrence::{Occurrence, SampleId};
use crate::model::scrape::Scrape;
use crate::model::time::{Millis, Timestamp};
use crate::model::triage::Triage;
use crate::store::{AggregateChange, Baseline, Draft, InstanceKey, Outcome, ScrapeChange};

/// Scrapes being turned into one commit.
pub struct Batch<'a> {
    draft: Draft<'a>,
    targets: HashSet<TargetId>,
    instances: HashSet<InstanceId>,
}

/// How many aggregates more than its limit a service may have whose keys were made by rules: these rules came because there were
/// too many, and what they make needs a place although the old ones have taken them all.
const RULED_MAX: u64 = 1000;

/// What became of a scrape.
#[derive(Debug)]
pub enum Added {
    /// It is in the batch; what was cut from it, and how much it brought.
    Yes(Brought),
    /// The batch holds its target or its instance already, so its baselines would be stale: it goes into the next one.
    NextBatch(Box<Scrape>),
}

/// How much a scrape brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Brought {
    /// Aggregates that moved.
    pub changes: u64,
    /// The sum of their deltas.
    pub delta: u64,
    /// New occurrences.
    pub occurrences: u64,
    /// What limits cut, in the exposition and here.
    pub dropped: Dropped,
    /// The part of `delta` that is of errors beyond the limit, which are counted together.
    pub overflowed: u64,
    /// Some of their keys.
    pub overflowing: Vec<String>,
}

impl<'a> Batch<'a> {
    /// An empty batch.
    #[must_use]
    pub fn new(draft: Draft<'a>) -> Self {
        Self { draft, targets: HashSet::new(), instances: HashSet::new() }
    }

    /// Adds a scrape.
    pub fn add(&mut self, scrape: Scrape) -> Added {
        let service = self.draft.service(&scrape.target.service);
        let target = self.draft.target(service, &scrape.target);
        let instance = scrape.outcome.as_ref().ok().map(|exposition| {
            let key = exposition.target_uuid.clone().filter(|uuid| !uuid.is_empty());
            let key = key.map_or_else(|| InstanceKey::Address(scrape.target.address.clone()), InstanceKey::Uuid);
            self.draft.instance(service, key, target)
        });
        if self.targets.contains(&target) || instance.is_some_and(|instance| self.instances.contains(&instance)) {
            return Added::NextBatch(Box::new(scrape));
        }
        self.targets.insert(target);
        self.instances.extend(instance);
        let (at, interval) = (scrape.at, scrape.target.scrape_interval);
        let mut brought = Brought::default();
        let outcome = match (scrape.outcome, instance) {
            (Ok(exposition), Some(instance)) => {
                let last = self.draft.target_last_success(target);
                let watched = last.filter(|last| *last < at && Stretch { from: *last, to: at, interval }.is_watched());
                let keys = exposition.keys;
                let aggregates_max = exposition.aggregates_max.unwrap_or(u64::MAX);
                let mut scraped = Scraped { draft: &mut self.draft, service, instance, at, interval, aggregates_max };
                let changes = scraped.changes(exposition, &mut brought);
                Outcome::Up { instance, keys, watched_from: watched, changes }
            }
            (Err(failure), _) => Outcome::Down { kind: failure.kind, message: failure.message },
            (Ok(_), None) => return Added::Yes(brought),
        };
        let (duration, body_bytes) = (scrape.duration, scrape.body_bytes);
        self.draft.scraped(ScrapeChange { target, at, interval, duration, body_bytes, outcome });
        Added::Yes(brought)
    }

    /// The draft with all that was added.
    #[must_use]
    pub fn into_draft(self) -> Draft<'a> {
        self.draft
    }

    /// How many scrapes are in the batch.
    #[must_use]
    pub fn len(&self) -> usize {
        self.targets.len()
    }

    /// Whether nothing was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }
}

/// One good scrape.
struct Scraped<'a, 'b> {
    draft: &'a mut Draft<'b>,
    service: ServiceId,
    instance: InstanceId,
    at: Timestamp,
    interval: Millis,
    aggregates_max: u64,
}

impl Scraped<'_, '_> {
    fn changes(&mut self, mut exposition: Exposition, brought: &mut Brought) -> Vec<AggregateChange> {
        let identified = exposition.target_uuid.as_deref().is_some_and(|uuid| !uuid.is_empty());
        brought.dropped = exposition.dropped;
        let mut moved = Moved::new(self.draft, (self.service, self.instance), &mut exposition);
        let mut overflow = Overflow::new(exposition.complete);
        let mut changes = Vec::with_capacity(exposition.aggregates.len());
        for exposed in exposition.aggregates {
            let Some(aggregate) = self.aggregate(&exposed) else {
                overflow.add(exposed, brought);
                continue;
            };
            self.push(aggregate, exposed, (&mut moved, identified), &mut changes, brought);
        }
        let together = self.draft.find_aggregate(self.service, OVERFLOW_KEY);
        let known = together.and_then(|aggregate| self.draft.baseline(self.instance, aggregate));
        if let Some(exposed) = overflow.exposed(known) {
            let aggregate = together.unwrap_or_else(|| self.add_overflow(&exposed));
            brought.overflowed = self.push(aggregate, exposed, (&mut moved, identified), &mut changes, brought);
        }
        changes.extend(moved.end(self.draft));
        changes.sort_unstable_by_key(|change: &AggregateChange| change.aggregate);
        changes
    }

    /// Adds what an aggregate did, if it did anything; how often it happened.
    fn push(
        &mut self,
        aggregate: AggregateId,
        exposed: ExposedAggregate,
        (moved, identified): (&mut Moved, bool),
        changes: &mut Vec<AggregateChange>,
        brought: &mut Brought,
    ) -> u64 {
        let instead = moved.baseline(&exposed, self.draft.baseline(self.instance, aggregate));
        let Some(change) = self.change(aggregate, exposed, instead.as_ref(), identified) else { return 0 };
        let delta = change.placement.count();
        brought.changes += 1;
        brought.delta = brought.delta.saturating_add(delta);
        brought.occurrences += change.occurrences.len() as u64;
        changes.push(change);
        delta
    }

    /// The aggregate that is exposed, a new one if there is room.
    fn aggregate(&mut self, exposed: &ExposedAggregate) -> Option<AggregateId> {
        if exposed.key == OVERFLOW_KEY {
            // A client's own key of that name is one of those that are counted together, or it would count twice.
            return None;
        }
        if let Some(known) = self.draft.find_aggregate(self.service, &exposed.key) {
            return Some(known);
        }
        let ruled = if exposed.exposed_keys.is_empty() { 0 } else { RULED_MAX };
        if self.draft.aggregates_of(self.service) >= self.aggregates_max.saturating_add(ruled) {
            return None;
        }
        let class = exposed.key.rsplit_once('@').map_or(exposed.key.as_str(), |(class, _)| class);
        let newest = exposed.occurrences.iter().flatten().max_by_key(|occurrence| occurrence.timestamp);
        let named = newest.map(|newest| newest.exception.class.clone()).filter(|class| !class.is_empty());
        let seen = self.first_seen(exposed);
        Some(self.draft.add_aggregate(Aggregate {
            id: AggregateId(0),
            service: self.service,
            key: exposed.key.clone(),
            class: named.unwrap_or_else(|| class.to_owned()),
            message: newest.map(|newest| newest.exception.message.clone()).unwrap_or_default(),
            severity: exposed.severity,
            first_seen: seen,
            last_seen: seen,
            total: 0,
            triage: Triage::default(),
        }))
    }

    /// The aggregate that counts what is beyond the limit.
    fn add_overflow(&mut self, exposed: &ExposedAggregate) -> AggregateId {
        let seen = self.first_seen(exposed);
        self.draft.add_aggregate(Aggregate {
            id: AggregateId(0),
            service: self.service,
            key: OVERFLOW_KEY.to_owned(),
            class: OVERFLOW_CLASS.to_owned(),
            message: OVERFLOW_MESSAGE.to_owned(),
            severity: exposed.severity,
            first_seen: seen,
            last_seen: seen,
            total: 0,
            triage: Triage::default(),
        })
    }

    /// How an aggregate moved since its baseline, or since the one that stands `instead` of it.
    fn change(
        &mut self,
        aggregate: AggregateId,
        exposed: ExposedAggregate,
        instead: Option<&Baseline>,
        identified: bool,
    ) -> Option<AggregateChange> {
        let nothing = Baseline::default();
        let stored = self.draft.baseline(self.instance, aggregate);
        let known = instead.or(stored);
        let first_seen = if known.is_some() { self.at } else { self.first_seen(&exposed) };
        let advance = counter::advance(known, exposed.total_count, exposed.created_at, identified);
        let before = known.unwrap_or(&nothing);
        let (samples, mut occurrences) = new_samples(before, exposed.occurrences);
        let baseline = Baseline { total: exposed.total_count, created_at: exposed.created_at, samples };
        if stored == Some(&baseline) && advance.delta == 0 {
            return None;
        }
        let times: Vec<Timestamp> = occurrences.iter().filter_map(|occurrence| occurrence.timestamp).collect();
        let known = Known {
            last_success: self.draft.last_success(self.instance),
            reset: advance.reset,
            created_at: exposed.created_at,
            samples: &times,
        };
        let stretch = Stretch::new(self.at, self.interval, &known);
        let placement = stretch.place(advance.delta, &times);
        let newest = times.iter().copied().filter(|time| stretch.from < *time && *time <= self.at).max();
        let last_seen = (advance.delta > 0).then(|| newest.unwrap_or(self.at));
        // One that has a uuid is the same wherever it is exposed: by two targets of one process, or by a server and what it
        // scrapes. Without one only its process tells it from another's.
        occurrences.retain(|occurrence| {
            occurrence.uuid.is_empty() || self.draft.is_new_sample(aggregate, occurrence.identity())
        });
        Some(AggregateChange {
            aggregate,
            baseline,
            placement,
            severity: exposed.severity,
            first_seen,
            last_seen,
            occurrences,
        })
    }

    /// The earliest time that the client names, within sane bounds.
    fn first_seen(&self, exposed: &ExposedAggregate) -> Timestamp {
        let samples = exposed.occurrences.iter().flatten().filter_map(|occurrence| occurrence.timestamp);
        let earliest = exposed.created_at.or_else(|| samples.min()).unwrap_or(self.at);
        earliest.clamp(self.at.minus(GAP_MAX), self.at)
    }
}

/// The identities of all exposed samples, ascending, and the samples that were not exposed before, oldest first.
fn new_samples(before: &Baseline, exposed: Option<Vec<Occurrence>>) -> (Vec<SampleId>, Vec<Occurrence>) {
    let Some(mut new) = exposed else { return (before.samples.clone(), Vec::new()) };
    let mut samples: Vec<SampleId> = Vec::with_capacity(new.len());
    new.retain(|occurrence| {
        let identity = occurrence.identity();
        // A client may list one sample twice.
        let Err(place) = samples.binary_search(&identity) else { return false };
        samples.insert(place, identity);
        before.samples.binary_search(&identity).is_err()
    });
    new.sort_by_key(|occurrence| occurrence.timestamp);
    (samples, new)
}
