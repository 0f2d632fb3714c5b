//! Who is who: services, targets and aggregates by id and by name, and the sets that filters are made of.
//!
//! All of it is in memory and each record is a row of its own on disk. The sets are derived from the records when the
//! store opens (a few milliseconds for 100,000 aggregates), so that they can not disagree with them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::model::aggregate::Aggregate;
use crate::model::aggregate_set::AggregateSet;
use crate::model::id::{AggregateId, ServiceId, TargetId};
use crate::model::label::Labels;
use crate::model::severity::Severity;
use crate::model::time::{Millis, TimeRange, Timestamp};
use crate::model::triage::{Standing, State, Triage, Until};

/// A service that was ever configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceRecord {
    /// Its id.
    pub id: ServiceId,
    /// Its configured name.
    pub name: String,
}

/// A target that was ever discovered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetRecord {
    /// Its id.
    pub id: TargetId,
    /// Its service.
    pub service: ServiceId,
    /// Public labels.
    pub labels: Labels,
    /// `host:port`.
    pub address: String,
    /// The URL last scraped.
    pub url: String,
    /// How its last scrapes went.
    pub health: Health,
    /// When discovery listed it: ascending, apart from each other.
    pub lives: Vec<Life>,
}

/// A stretch of time in which discovery listed a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    /// Its first scrape.
    pub from: Timestamp,
    /// When it went; `None` while it is there.
    pub to: Option<Timestamp>,
}

/// How a target's last scrapes went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    /// Whether the last scrape succeeded; `None` before the first.
    pub up: Option<bool>,
    /// Begin of the last scrape.
    pub last_scrape: Option<Timestamp>,
    /// Begin of the last good scrape.
    pub last_success: Option<Timestamp>,
    /// Scrape interval at the last scrape.
    pub interval: Millis,
    /// Duration of the last scrape.
    pub duration: Millis,
    /// Bytes of the last body.
    pub body_bytes: u64,
    /// Why the last scrape failed; `None` if it did not.
    pub last_error: Option<String>,
    /// Discovery lists it.
    pub active: bool,
}

impl TargetRecord {
    /// How much of `range` the target was listed in; an open life lasts until the range ends.
    #[must_use]
    pub fn listed_in(&self, range: TimeRange) -> Millis {
        let overlap = |life: &Life| {
            let life = TimeRange { start: life.from, end: life.to.unwrap_or(Timestamp(i64::MAX)) };
            life.intersect(&range).len().0
        };
        Millis(self.lives.iter().map(overlap).sum())
    }
}

/// Sets of aggregates by what they have in common.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sets {
    all: AggregateSet,
    services: Vec<AggregateSet>,
    severities: [AggregateSet; 3],
    states: [AggregateSet; 3],
    regressed: AggregateSet,
    /// Muted until they escalate.
    until_escalation: AggregateSet,
    labelled: AggregateSet,
    labels: BTreeMap<String, LabelSets>,
    assigned: AggregateSet,
    assignees: BTreeMap<String, AggregateSet>,
    noted: AggregateSet,
    /// When mutes end that have a time.
    mute_ends: BTreeSet<(Timestamp, AggregateId)>,
    empty: AggregateSet,
}

/// The aggregates that have an annotation label, and by its values.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LabelSets {
    all: AggregateSet,
    values: BTreeMap<String, AggregateSet>,
}

impl LabelSets {
    /// The aggregates that have the label.
    #[must_use]
    pub fn all(&self) -> &AggregateSet {
        &self.all
    }

    /// The values in their order, and who has them.
    #[must_use]
    pub fn values(&self) -> impl ExactSizeIterator<Item = (&str, &AggregateSet)> {
        self.values.iter().map(|(value, set)| (value.as_str(), set))
    }
}

impl Sets {
    /// Every aggregate.
    #[must_use]
    pub fn all(&self) -> &AggregateSet {
        &self.all
    }

    /// The aggregates of a service.
    #[must_use]
    pub fn service(&self, service: ServiceId) -> &AggregateSet {
        self.services.get(service.0 as usize).unwrap_or(&self.empty)
    }

    /// The aggregates of a severity.
    #[must_use]
    pub fn severity(&self, severity: Severity) -> &AggregateSet {
        let [info, warning, error] = &self.severities;
        match severity {
            Severity::Info => info,
            Severity::Warning => warning,
            Severity::Error => error,
        }
    }

    /// The aggregates in a state.
    #[must_use]
    pub fn state(&self, state: State) -> &AggregateSet {
        let [open, resolved, muted] = &self.states;
        match state {
            State::Open => open,
            State::Resolved => resolved,
            State::Muted => muted,
        }
    }

    /// Open aggregates that were resolved and happened again.
    #[must_use]
    pub fn regressed(&self) -> &AggregateSet {
        &self.regressed
    }

    /// Aggregates that are muted until they escalate.
    #[must_use]
    pub fn until_escalation(&self) -> &AggregateSet {
        &self.until_escalation
    }

    /// Aggregates that have any annotation label.
    #[must_use]
    pub fn labelled(&self) -> &AggregateSet {
        &self.labelled
    }

    /// The annotation labels that any aggregate has, in the order of their names.
    #[must_use]
    pub fn labels(&self) -> impl ExactSizeIterator<Item = (&str, &LabelSets)> {
        self.labels.iter().map(|(name, sets)| (name.as_str(), sets))
    }

    /// The aggregates that have an annotation label; `None` where none has.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&LabelSets> {
        self.labels.get(name)
    }

    /// Aggregates that somebody cares for.
    #[must_use]
    pub fn assigned(&self) -> &AggregateSet {
        &self.assigned
    }

    /// Who cares for any aggregate, in the order of their names, and for which.
    #[must_use]
    pub fn assignees(&self) -> impl ExactSizeIterator<Item = (&str, &AggregateSet)> {
        self.assignees.iter().map(|(name, set)| (name.as_str(), set))
    }

    /// Aggregates that people wrote something about.
    #[must_use]
    pub fn noted(&self) -> &AggregateSet {
        &self.noted
    }

    fn severity_mut(&mut self, severity: Severity) -> &mut AggregateSet {
        let [info, warning, error] = &mut self.severities;
        match severity {
            Severity::Info => info,
            Severity::Warning => warning,
            Severity::Error => error,
        }
    }

    fn state_mut(&mut self, state: State) -> &mut AggregateSet {
        let [open, resolved, muted] = &mut self.states;
        match state {
            State::Open => open,
            State::Resolved => resolved,
            State::Muted => muted,
        }
    }

    fn add(&mut self, aggregate: &Aggregate) {
        let service = aggregate.service.0 as usize;
        if self.services.len() <= service {
            self.services.resize_with(service + 1, AggregateSet::new);
        }
        self.all.insert(aggregate.id);
        if let Some(set) = self.services.get_mut(service) {
            set.insert(aggregate.id);
        }
        self.severity_mut(aggregate.severity).insert(aggregate.id);
        self.add_triage(aggregate.id, &aggregate.triage);
    }

    fn change_triage(&mut self, id: AggregateId, from: &Triage, to: &Triage) {
        self.remove_triage(id, from);
        self.add_triage(id, to);
    }

    fn add_triage(&mut self, id: AggregateId, triage: &Triage) {
        self.state_mut(triage.status.standing.state()).insert(id);
        if let Standing::Muted(Until::Time(until)) = triage.status.standing {
            self.mute_ends.insert((until, id));
        }
        if triage.status.is_regressed() {
            self.regressed.insert(id);
        }
        if triage.status.standing == Standing::Muted(Until::Escalation) {
            self.until_escalation.insert(id);
        }
        for (name, value) in triage.labels.labels().iter() {
            self.labelled.insert(id);
            if !self.labels.contains_key(name) {
                self.labels.insert(name.to_owned(), LabelSets::default());
            }
            let Some(sets) = self.labels.get_mut(name) else { continue };
            sets.all.insert(id);
            insert(&mut sets.values, value, id);
        }
        if let Some(assignee) = &triage.assignee {
            self.assigned.insert(id);
            insert(&mut self.assignees, assignee, id);
        }
        if triage.note.is_some() {
            self.noted.insert(id);
        }
    }

    fn remove_triage(&mut self, id: AggregateId, triage: &Triage) {
        self.state_mut(triage.status.standing.state()).remove(id);
        if let Standing::Muted(Until::Time(until)) = triage.status.standing {
            self.mute_ends.remove(&(until, id));
        }
        for set in [&mut self.regressed, &mut self.until_escalation, &mut self.labelled, &mut self.noted] {
            set.remove(id);
        }
        for (name, value) in triage.labels.labels().iter() {
            let Some(sets) = self.labels.get_mut(name) else { continue };
            sets.all.remove(id);
            remove(&mut sets.values, value, id);
            if sets.values.is_empty() {
                self.labels.remove(name);
            }
        }
        if let Some(assignee) = &triage.assignee {
            self.assigned.remove(id);
            remove(&mut self.assignees, assignee, id);
        }
    }
}

fn insert(sets: &mut BTreeMap<String, AggregateSet>, key: &str, id: AggregateId) {
    match sets.get_mut(key) {
        Some(set) => set.insert(id),
        None => drop(sets.insert(key.to_owned(), [id].into_iter().collect())),
    }
}

/// Removes from the set, and the set where nothing is left of it.
fn remove(sets: &mut BTreeMap<String, AggregateSet>, key: &str, id: AggregateId) {
    let Some(set) = sets.get_mut(key) else { return };
    set.remove(id);
    if set.is_empty() {
        sets.remove(key);
    }
}

/// All records.
#[derive(Debug, Default)]
pub(super) struct Directory {
    services: Vec<ServiceRecord>,
    service_ids: HashMap<String, ServiceId>,
    targets: Vec<TargetRecord>,
    target_ids: HashMap<(ServiceId, Labels), TargetId>,
    aggregates: Vec<Aggregate>,
    aggregate_ids: Vec<HashMap<String, AggregateId>>,
    sets: Sets,
    /// The last activity that changed each aggregate; 0 if none did.
    activities: Vec<u64>,
}

impl Directory {
    pub(super) fn services(&self) -> &[ServiceRecord] {
        &self.services
    }

    pub(super) fn service(&self, name: &str) -> Option<ServiceId> {
        self.service_ids.get(name).copied()
    }

    pub(super) fn targets(&self) -> &[TargetRecord] {
        &self.targets
    }

    pub(super) fn target(&self, id: TargetId) -> Option<&TargetRecord> {
        self.targets.get(id.0 as usize)
    }

    pub(super) fn target_mut(&mut self, id: TargetId) -> Option<&mut TargetRecord> {
        self.targets.get_mut(id.0 as usize)
    }

    pub(super) fn find_target(&self, service: ServiceId, labels: &Labels) -> Option<TargetId> {
        // A borrowed pair can not be looked up in a map of owned pairs; targets are looked up once a scrape.
        self.target_ids.get(&(service, labels.clone())).copied()
    }

    pub(super) fn aggregates(&self) -> &[Aggregate] {
        &self.aggregates
    }

    pub(super) fn aggregate(&self, id: AggregateId) -> Option<&Aggregate> {
        self.aggregates.get(id.0 as usize)
    }

    pub(super) fn find_aggregate(&self, service: ServiceId, key: &str) -> Option<AggregateId> {
        self.aggregate_ids.get(service.0 as usize)?.get(key).copied()
    }

    /// Whether the sets are those of the records.
    pub(super) fn sets_agree(&self) -> bool {
        let mut sets = Sets::default();
        self.aggregates.iter().for_each(|aggregate| sets.add(aggregate));
        sets == self.sets
    }

    pub(super) fn sets(&self) -> &Sets {
        &self.sets
    }

    /// Adds a service; its id must be the next one.
    pub(super) fn add_service(&mut self, record: ServiceRecord) {
        self.service_ids.insert(record.name.clone(), record.id);
        self.services.push(record);
    }

    /// Adds a target; its id must be the next one.
    pub(super) fn add_target(&mut self, record: TargetRecord) {
        self.target_ids.insert((record.service, record.labels.clone()), record.id);
        self.targets.push(record);
    }

    /// Adds an aggregate; its id must be the next one.
    pub(super) fn add_aggregate(&mut self, record: Aggregate) {
        let service = record.service.0 as usize;
        if self.aggregate_ids.len() <= service {
            self.aggregate_ids.resize_with(service + 1, HashMap::new);
        }
        if let Some(ids) = self.aggregate_ids.get_mut(service) {
            ids.insert(record.key.clone(), record.id);
        }
        self.sets.add(&record);
        self.aggregates.push(record);
    }

    /// Changes all but the triage of an aggregate and keeps the sets in step; `None` when there is no such aggregate.
    pub(super) fn change_aggregate<R>(
        &mut self,
        id: AggregateId,
        change: impl FnOnce(&mut Aggregate) -> R,
    ) -> Option<R> {
        let aggregate = self.aggregates.get_mut(id.0 as usize)?;
        let severity = aggregate.severity;
        let result = change(aggregate);
        if severity != aggregate.severity {
            let now = aggregate.severity;
            self.sets.severity_mut(severity).remove(id);
            self.sets.severity_mut(now).insert(id);
        }
        Some(result)
    }

    /// Changes the triage of an aggregate and keeps the sets in step.
    pub(super) fn set_triage(&mut self, id: AggregateId, triage: Triage) {
        let Some(aggregate) = self.aggregates.get_mut(id.0 as usize) else { return };
        self.sets.change_triage(id, &aggregate.triage, &triage);
        aggregate.triage = triage;
    }

    /// The last activity that changed an aggregate; 0 if none did.
    pub(super) fn last_activity(&self, id: AggregateId) -> u64 {
        self.activities.get(id.0 as usize).copied().unwrap_or(0)
    }

    /// Notes the last activity that changed an aggregate.
    pub(super) fn set_last_activity(&mut self, id: AggregateId, activity: u64) {
        if self.activities.len() < self.aggregates.len() {
            self.activities.resize(self.aggregates.len(), 0);
        }
        if let Some(last) = self.activities.get_mut(id.0 as usize) {
            *last = activity;
        }
    }

    /// The sets as they will be once these aggregates have this triage. Nothing may change the records in between.
    pub(super) fn sets_with<'a>(&self, changes: impl IntoIterator<Item = (AggregateId, &'a Triage)>) -> Sets {
        let mut sets = self.sets.clone();
        for (id, triage) in changes {
            if let Some(aggregate) = self.aggregates.get(id.0 as usize) {
                sets.change_triage(id, &aggregate.triage, triage);
            }
        }
        sets
    }

    /// Changes the triage of many aggregates at once, to what [`Self::sets_with`] made `sets` of. What was there before is
    /// left in their place, so that it can be freed elsewhere.
    pub(super) fn swap_triage(&mut self, changes: &mut BTreeMap<AggregateId, Triage>, sets: &mut Sets) {
        std::mem::swap(&mut self.sets, sets);
        for (id, triage) in changes {
            if let Some(aggregate) = self.aggregates.get_mut(id.0 as usize) {
                std::mem::swap(&mut aggregate.triage, triage);
            }
        }
    }

    /// Mutes that end at `now` or ended before, earliest first.
    pub(super) fn due(&self, now: Timestamp) -> impl Iterator<Item = AggregateId> {
        self.sets.mute_ends.range(..=(now, AggregateId(u32::MAX))).map(|(_, id)| *id)
    }

    /// When the next mute ends.
    pub(super) fn next_mute_end(&self) -> Option<Timestamp> {
        self.sets.mute_ends.first().map(|(end, _)| *end)
    }
}
