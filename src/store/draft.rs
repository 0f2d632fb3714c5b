//! A commit being drafted: ingest looks up what is known, names what is new, and says what moved.
//!
//! New services, targets, instances and aggregates get their ids here, against the state that the commit will be applied
//! to: there is one writer, so nothing can come between.

use std::collections::HashMap;
use std::sync::RwLockReadGuard;

use rustc_hash::{FxHashMap, FxHashSet};

use super::change::{Baseline, Edit, ScrapeChange};
use super::directory::{Health, ServiceRecord, TargetRecord};
use super::instance::{Instance, InstanceKey};
use super::live::Live;
use super::{Error, Store};
use crate::model::aggregate::Aggregate;
use crate::model::id::{AggregateId, InstanceId, ServiceId, TargetId};
use crate::model::label::Labels;
use crate::model::occurrence::SampleId;
use crate::model::target::Target;
use crate::model::time::Timestamp;

/// A commit being drafted. It holds a read lock on the store: finish it before committing.
pub struct Draft<'a> {
    store: &'a Store,
    live: RwLockReadGuard<'a, Live>,
    commit: Commit,
    services: HashMap<String, ServiceId>,
    targets: HashMap<(ServiceId, Labels), TargetId>,
    instances: HashMap<(ServiceId, InstanceKey), InstanceId>,
    aggregates: HashMap<(ServiceId, String), AggregateId>,
    /// How many aggregates of each service are drafted.
    drafted: HashMap<ServiceId, u64>,
    /// Samples that are new with this draft.
    samples: FxHashSet<(AggregateId, SampleId)>,
    /// Processes that rested and are seen again.
    woken: FxHashMap<InstanceId, Instance>,
}

/// A finished draft: all that one durable transaction adds.
#[derive(Debug, Default)]
pub struct Commit {
    pub(super) services: Vec<ServiceRecord>,
    pub(super) targets: Vec<TargetRecord>,
    pub(super) instances: Vec<(InstanceId, Instance)>,
    pub(super) aggregates: Vec<Aggregate>,
    pub(super) scrapes: Vec<ScrapeChange>,
    pub(super) gone: Vec<(TargetId, Timestamp)>,
    pub(super) edits: Vec<Edit>,
    /// What rested, and was read for this.
    pub(super) woken: Vec<(InstanceId, Instance)>,
    /// Why something that rested could not be read.
    pub(super) unread: Option<Error>,
}

impl Commit {
    /// Whether there is nothing to commit.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.scrapes.is_empty() && self.gone.is_empty() && self.edits.is_empty()
    }
}

impl<'a> Draft<'a> {
    pub(super) fn new(store: &'a Store) -> Self {
        Self {
            store,
            live: store.live_read(),
            commit: Commit::default(),
            services: HashMap::new(),
            targets: HashMap::new(),
            instances: HashMap::new(),
            aggregates: HashMap::new(),
            drafted: HashMap::new(),
            samples: FxHashSet::default(),
            woken: FxHashMap::default(),
        }
    }

    /// The service of this name, a new one if need be.
    pub fn service(&mut self, name: &str) -> ServiceId {
        if let Some(id) = self.live.directory.service(name).or_else(|| self.services.get(name).copied()) {
            return id;
        }
        let id = ServiceId((self.live.directory.services().len() + self.commit.services.len()) as u32);
        self.services.insert(name.to_owned(), id);
        self.commit.services.push(ServiceRecord { id, name: name.to_owned() });
        id
    }

    /// The target with these labels, a new one if need be.
    pub fn target(&mut self, service: ServiceId, target: &Target) -> TargetId {
        if let Some(id) = self.live.directory.find_target(service, &target.labels) {
            return id;
        }
        let next = TargetId((self.live.directory.targets().len() + self.commit.targets.len()) as u32);
        let id = *self.targets.entry((service, target.labels.clone())).or_insert(next);
        if id == next {
            self.commit.targets.push(TargetRecord {
                id,
                service,
                labels: target.labels.clone(),
                address: target.address.clone(),
                url: target.shown_url(),
                health: Health::default(),
                lives: Vec::new(),
            });
        }
        id
    }

    /// The target with these labels, if it is known.
    #[must_use]
    pub fn find_target(&self, target: &Target) -> Option<TargetId> {
        let service = self.live.directory.service(&target.service)?;
        self.live.directory.find_target(service, &target.labels)
    }

    /// The instance with this key, a new one if need be.
    pub fn instance(&mut self, service: ServiceId, key: InstanceKey, target: TargetId) -> InstanceId {
        if let Some(id) = self.live.instances.find(service, &key) {
            if self.live.instances.is_resting(id) && !self.woken.contains_key(&id) {
                self.wake(id);
            }
            return id;
        }
        let next = InstanceId(self.live.instances.next() + self.commit.instances.len() as u32);
        let id = *self.instances.entry((service, key.clone())).or_insert(next);
        if id == next {
            let instance =
                Instance { service, key, target, last_success: None, keys: 0, baselines: FxHashMap::default() };
            self.commit.instances.push((id, instance));
        }
        id
    }

    /// Reads what is remembered of a process that rests. Where that fails the commit does, and all of it is as it was.
    fn wake(&mut self, id: InstanceId) {
        match self.store.read_instances(&[id]) {
            Ok(read) => self.woken.extend(read),
            Err(error) => self.commit.unread = Some(error),
        }
    }

    fn known(&self, instance: InstanceId) -> Option<&Instance> {
        self.live.instances.get(instance).or_else(|| self.woken.get(&instance))
    }

    /// Begin of the instance's last good scrape.
    #[must_use]
    pub fn last_success(&self, instance: InstanceId) -> Option<Timestamp> {
        self.known(instance)?.last_success
    }

    /// Begin of the target's last good scrape, whichever process answered.
    #[must_use]
    pub fn target_last_success(&self, target: TargetId) -> Option<Timestamp> {
        self.live.directory.target(target)?.health.last_success
    }

    /// What is remembered of an aggregate at an instance.
    #[must_use]
    pub fn baseline(&self, instance: InstanceId, aggregate: AggregateId) -> Option<&Baseline> {
        self.known(instance)?.baselines.get(&aggregate)
    }

    /// The fingerprint of the rules under which the aggregates of an instance that was there before this draft have their keys.
    #[must_use]
    pub fn keys(&self, instance: InstanceId) -> Option<u64> {
        self.known(instance).map(|instance| instance.keys)
    }

    /// All that is remembered of an instance.
    pub fn baselines(&self, instance: InstanceId) -> impl Iterator<Item = (AggregateId, &Baseline)> {
        let known = self.known(instance).into_iter();
        known.flat_map(|instance| instance.baselines.iter().map(|(aggregate, baseline)| (*aggregate, baseline)))
    }

    /// Notes that a sample of an aggregate is new; false when an instance exposes it already, in this draft or before.
    pub fn is_new_sample(&mut self, aggregate: AggregateId, sample: SampleId) -> bool {
        let is_known = |instance: &Instance| {
            instance.baselines.get(&aggregate).is_some_and(|baseline| baseline.samples.contains(&sample))
        };
        let known = self.live.instances.exposes(aggregate, sample) || self.woken.values().any(is_known);
        !known && self.samples.insert((aggregate, sample))
    }

    /// The aggregate with this key, if it is known or drafted.
    #[must_use]
    pub fn find_aggregate(&self, service: ServiceId, key: &str) -> Option<AggregateId> {
        self.live.directory.find_aggregate(service, key).or_else(|| {
            // A borrowed pair can not be looked up in a map of owned pairs; only new aggregates come here.
            self.aggregates.get(&(service, key.to_owned())).copied()
        })
    }

    /// What is known of an aggregate that was there before this draft.
    #[must_use]
    pub fn aggregate(&self, id: AggregateId) -> Option<&Aggregate> {
        self.live.directory.aggregate(id)
    }

    /// How many aggregates a service has, drafted ones included.
    #[must_use]
    pub fn aggregates_of(&self, service: ServiceId) -> u64 {
        let drafted = self.drafted.get(&service).copied().unwrap_or(0);
        self.live.directory.sets().service(service).len() + drafted
    }

    /// Adds an aggregate; `record` gets the id it returns.
    pub fn add_aggregate(&mut self, mut record: Aggregate) -> AggregateId {
        let id = AggregateId((self.live.directory.aggregates().len() + self.commit.aggregates.len()) as u32);
        record.id = id;
        *self.drafted.entry(record.service).or_default() += 1;
        self.aggregates.insert((record.service, record.key.clone()), id);
        self.commit.aggregates.push(record);
        id
    }

    /// Adds a scrape. A target and an instance may be in a commit once: their baselines are those before it.
    pub fn scraped(&mut self, change: ScrapeChange) {
        self.commit.scrapes.push(change);
    }

    /// Discovery no longer lists a target.
    pub fn gone(&mut self, target: TargetId, at: Timestamp) {
        self.commit.gone.push((target, at));
    }

    /// Adds a change by a person.
    pub fn edit(&mut self, edit: Edit) {
        self.commit.edits.push(edit);
    }

    /// The commit; the read lock is given up.
    #[must_use]
    pub fn finish(mut self) -> Commit {
        self.commit.woken = self.woken.into_iter().collect();
        self.commit
    }
}
