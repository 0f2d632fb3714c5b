//! What a commit changes in triage, against the state it will be applied to: what people ask for, and what counts end.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::history;
use super::row;
use crate::model::activity::{Activity, ActivityChange, Reason};
use crate::model::aggregate::Aggregate;
use crate::model::aggregate_set::AggregateSet;
use crate::model::id::{AggregateId, ServiceId, TargetId};
use crate::model::label::Labels;
use crate::model::time::Timestamp;
use crate::model::triage::{Change, Difference, End, Period, Standing, State, Status, Triage, Turn, Until};
use crate::model::version::{self, Release};
use crate::model::view::SavedView;
use crate::store::change::{AggregateChange, Edit, Edited, LABELS_MAX, Refusal, Task, VIEWS_MAX};
use crate::store::live::Live;
use crate::store::{Error, Store, table};

/// A commit's changes of triage.
#[derive(Debug, Default)]
pub(in crate::store) struct Pending {
    /// The triage of what changes, as it will be.
    triage: BTreeMap<AggregateId, Triage>,
    activities: Vec<Draft>,
    /// Views by name; `None` is removed.
    views: BTreeMap<String, Option<SavedView>>,
    rules: Option<u64>,
    /// How often what is muted until a count happened in all.
    totals: FxHashMap<AggregateId, u64>,
    /// Resolved aggregates that happened again.
    reopened: Vec<AggregateId>,
    /// What came of each edit, in their order.
    edited: Vec<Result<Edited, Refusal>>,
}

/// An activity that has no number yet.
#[derive(Debug)]
struct Draft {
    at: Timestamp,
    actor: Option<String>,
    reason: Reason,
    changes: BTreeMap<AggregateId, ActivityChange>,
}

impl Pending {
    /// Whether nothing changes.
    pub(in crate::store) fn is_empty(&self) -> bool {
        self.triage.is_empty() && self.views.is_empty() && self.rules.is_none()
    }

    /// Resolved aggregates that happened again, and what came of each edit.
    pub(in crate::store) fn outcome(&mut self) -> (Vec<AggregateId>, Vec<Result<Edited, Refusal>>) {
        (std::mem::take(&mut self.reopened), std::mem::take(&mut self.edited))
    }

    /// A count that arrived may end what an aggregate was resolved or muted to.
    pub(in crate::store) fn counted(&mut self, live: &Live, target: TargetId, at: Timestamp, change: &AggregateChange) {
        let id = change.aggregate;
        let Some(known) = live.directory.aggregate(id) else { return };
        let status = &self.triage.get(&id).unwrap_or(&known.triage).status;
        if change.placement.is_empty() || status.standing == Standing::Open {
            return;
        }
        let total = self.totals.entry(id).or_insert(known.total);
        *total = total.saturating_add(change.placement.count());
        let end = status.ended_by(at, *total, |release| is_later(live, target, release, at));
        let Some(end) = end else { return };
        let detail = happened_at(live, target, &status.standing, *total);
        let (reason, status) = match end {
            End::Regressed => (Reason::Regression, Status::regressed(at)),
            End::Counted => (Reason::MuteCount, Status::set(Standing::Open, at)),
        };
        if end == End::Regressed {
            self.reopened.push(id);
        }
        let differences = self.record(known).end(status);
        self.by_itself(reason, at, id, ActivityChange { detail, differences });
    }

    /// Makes an edit, or refuses it as a whole.
    pub(in crate::store) fn edit(&mut self, store: &Store, live: &Live, edit: &Edit) -> Result<(), Error> {
        let changed = match &edit.task {
            Task::Change { aggregates, change, revision } => self.change(live, edit.at, aggregates, change, *revision),
            Task::Undo { activity } => self.undo(store, live, *activity)?,
            Task::Rule { labels, rules } => {
                self.rules = Some(*rules);
                Ok(self.rule(live, labels))
            }
            Task::Escalate(found) => Ok(self.escalate(live, edit.at, found)),
            Task::EndMutes => Ok(self.end_mutes(live, edit.at)),
            Task::Silence { aggregates, since, detail } => {
                Ok(self.silence(live, edit.at, (aggregates, *since), detail))
            }
            Task::SaveView(view) => self.save_view(live, view),
            Task::RemoveView(name) => self.remove_view(live, name),
        };
        let edited = changed.map(|changes| {
            let changed = changes.len() as u64;
            if changed == 0 {
                return Edited::default();
            }
            let (at, actor, reason) = (edit.at, edit.actor.clone(), edit.reason);
            self.activities.push(Draft { at, actor, reason, changes });
            let activity = live.next_activity + self.activities.len() as u64 - 1;
            Edited { activity: Some(activity), changed }
        });
        self.edited.push(edited);
        Ok(())
    }

    fn change(
        &mut self,
        live: &Live,
        at: Timestamp,
        aggregates: &AggregateSet,
        change: &Change,
        revision: Option<u64>,
    ) -> Result<BTreeMap<AggregateId, ActivityChange>, Refusal> {
        let mut changes = BTreeMap::new();
        let mut triages = BTreeMap::new();
        let mut releases: BTreeMap<ServiceId, Release> = BTreeMap::new();
        for id in aggregates.iter() {
            let known = live.directory.aggregate(id).ok_or(Refusal::NoAggregate(id))?;
            let mut triage = self.triage.get(&id).unwrap_or(&known.triage).clone();
            if revision.is_some_and(|revision| revision != triage.revision) {
                return Err(Refusal::Revision { aggregate: id, revision: triage.revision });
            }
            let standing = match &change.state {
                None => None,
                Some(Turn::Open) => Some(Standing::Open),
                Some(Turn::Resolve) => Some(Standing::Resolved(None)),
                Some(Turn::ResolveIn { label, version }) => {
                    if let std::collections::btree_map::Entry::Vacant(place) = releases.entry(known.service) {
                        place.insert(release(live, known.service, label, version.as_deref(), at)?);
                    }
                    releases.get(&known.service).map(|release| Standing::Resolved(Some(release.clone())))
                }
                Some(Turn::Mute(period)) => Some(Standing::Muted(until(*period, known.total))),
            };
            let differences = triage.apply(change, standing, at);
            let count = triage.labels.labels().len();
            if count > LABELS_MAX && !change.labels.is_empty() {
                return Err(Refusal::TooManyLabels { aggregate: id, count });
            }
            if !differences.is_empty() {
                changes.insert(id, ActivityChange { detail: String::new(), differences });
                triages.insert(id, triage);
            }
        }
        self.triage.append(&mut triages);
        Ok(changes)
    }

    fn undo(
        &mut self,
        store: &Store,
        live: &Live,
        activity: u64,
    ) -> Result<Result<BTreeMap<AggregateId, ActivityChange>, Refusal>, Error> {
        let Some(changed) = history::changes(store, activity)? else { return Ok(Err(Refusal::NoActivity(activity))) };
        let mut changes = BTreeMap::new();
        for (id, change) in changed {
            let Some(known) = live.directory.aggregate(id) else { continue };
            let differences = self.record(known).undo(&change.differences);
            self.keep(id, known, differences, &mut changes);
        }
        Ok(Ok(changes))
    }

    fn rule(&mut self, live: &Live, labels: &[(Labels, AggregateSet)]) -> BTreeMap<AggregateId, ActivityChange> {
        let mut changes = BTreeMap::new();
        for (ruled, aggregates) in labels {
            for known in aggregates.iter().filter_map(|id| live.directory.aggregate(id)) {
                let differences = self.record(known).rule(ruled);
                self.keep(known.id, known, differences, &mut changes);
            }
        }
        changes
    }

    fn escalate(
        &mut self,
        live: &Live,
        at: Timestamp,
        found: &[(AggregateId, String)],
    ) -> BTreeMap<AggregateId, ActivityChange> {
        let mut changes = BTreeMap::new();
        for (id, detail) in found {
            let Some(known) = live.directory.aggregate(*id) else { continue };
            // It may have been changed since it was found out.
            if known.triage.status.standing == Standing::Muted(Until::Escalation) {
                let differences = self.record(known).end(Status::escalated(at));
                changes.insert(*id, ActivityChange { detail: detail.clone(), differences });
            }
        }
        changes
    }

    fn end_mutes(&mut self, live: &Live, at: Timestamp) -> BTreeMap<AggregateId, ActivityChange> {
        let mut changes = BTreeMap::new();
        for (due, id) in live.directory.due(at) {
            let Some(known) = live.directory.aggregate(id) else { continue };
            // It is open since then, also when nobody ran to notice.
            let differences = self.record(known).end(Status::set(Standing::Open, due));
            changes.insert(id, ActivityChange { detail: String::new(), differences });
        }
        changes
    }

    fn silence(
        &mut self,
        live: &Live,
        at: Timestamp,
        (aggregates, since): (&AggregateSet, Timestamp),
        detail: &str,
    ) -> BTreeMap<AggregateId, ActivityChange> {
        let mut changes = BTreeMap::new();
        for known in aggregates.iter().filter_map(|id| live.directory.aggregate(id)) {
            if known.state() == State::Open && known.last_seen < since {
                let differences = self.record(known).end(Status::set(Standing::Resolved(None), at));
                changes.insert(known.id, ActivityChange { detail: detail.to_owned(), differences });
            }
        }
        changes
    }

    fn save_view(&mut self, live: &Live, view: &SavedView) -> Result<BTreeMap<AggregateId, ActivityChange>, Refusal> {
        if !live.views.contains_key(&view.name) && live.views.len() >= VIEWS_MAX {
            return Err(Refusal::TooManyViews);
        }
        self.views.insert(view.name.clone(), Some(view.clone()));
        Ok(BTreeMap::new())
    }

    fn remove_view(&mut self, live: &Live, name: &str) -> Result<BTreeMap<AggregateId, ActivityChange>, Refusal> {
        if !live.views.contains_key(name) {
            return Err(Refusal::NoView(name.to_owned()));
        }
        self.views.insert(name.to_owned(), None);
        Ok(BTreeMap::new())
    }

    /// The triage of an aggregate, to be changed.
    fn record(&mut self, known: &Aggregate) -> &mut Triage {
        self.triage.entry(known.id).or_insert_with(|| known.triage.clone())
    }

    /// Notes what changed; a record that did not change is not written.
    fn keep(
        &mut self,
        id: AggregateId,
        known: &Aggregate,
        differences: Vec<Difference>,
        changes: &mut BTreeMap<AggregateId, ActivityChange>,
    ) {
        if !differences.is_empty() {
            changes.insert(id, ActivityChange { detail: String::new(), differences });
        } else if self.triage.get(&id) == Some(&known.triage) {
            self.triage.remove(&id);
        }
    }

    /// Adds to the commit's activity of what came by itself for this reason.
    fn by_itself(&mut self, reason: Reason, at: Timestamp, id: AggregateId, change: ActivityChange) {
        let known = self.activities.iter_mut().find(|draft| draft.reason == reason && draft.actor.is_none());
        match known {
            Some(draft) => {
                draft.at = draft.at.max(at);
                draft.changes.insert(id, change);
            }
            None => {
                let changes = BTreeMap::from([(id, change)]);
                self.activities.push(Draft { at, actor: None, reason, changes });
            }
        }
    }

    /// The rows of the changes.
    pub(in crate::store) fn write(&self, live: &Live, transaction: &redb::WriteTransaction) -> Result<(), Error> {
        if self.is_empty() {
            return Ok(());
        }
        let write = Error::database::<redb::StorageError>;
        let open = Error::database::<redb::TableError>;
        let mut rows = transaction.open_table(table::TRIAGE).map_err(open("open triage"))?;
        for (id, triage) in &self.triage {
            rows.insert(id.0, row::encode_triage(triage).as_slice()).map_err(write("write triage"))?;
        }
        let mut heads = transaction.open_table(table::ACTIVITY).map_err(open("open activity"))?;
        let mut changes = transaction.open_table(table::ACTIVITY_CHANGES).map_err(open("open activity"))?;
        for (id, draft) in (live.next_activity..).zip(&self.activities) {
            let head = row::encode_activity(&draft.activity(id));
            heads.insert(id, head.as_slice()).map_err(write("write activity"))?;
            for (aggregate, change) in &draft.changes {
                let row = row::encode_change(change);
                changes.insert((aggregate.0, id), row.as_slice()).map_err(write("write activity"))?;
            }
        }
        let mut views = transaction.open_table(table::VIEWS).map_err(open("open views"))?;
        for (name, view) in &self.views {
            match view {
                Some(view) => views.insert(name.as_str(), row::encode_view(view).as_slice()).map(drop),
                None => views.remove(name.as_str()).map(drop),
            }
            .map_err(write("write a view"))?;
        }
        let mut meta = transaction.open_table(table::META).map_err(open("open meta"))?;
        let next = live.next_activity + self.activities.len() as u64;
        meta.insert(table::meta::NEXT_ACTIVITY, next).map_err(write("write meta"))?;
        if let Some(rules) = self.rules {
            meta.insert(table::meta::LABEL_RULES, rules).map_err(write("write meta"))?;
        }
        Ok(())
    }

    /// The same changes in memory.
    pub(in crate::store) fn apply(self, live: &mut Live) {
        for (id, triage) in self.triage {
            live.directory.set_triage(id, triage);
        }
        for (name, view) in self.views {
            match view {
                Some(view) => drop(live.views.insert(name, view)),
                None => drop(live.views.remove(&name)),
            }
        }
        live.next_activity += self.activities.len() as u64;
        live.label_rules = self.rules.or(live.label_rules);
    }
}

impl Draft {
    fn activity(&self, id: u64) -> Activity {
        let Self { at, actor, reason, changes } = self;
        let aggregates = changes.keys().copied().collect();
        Activity { id, at: *at, actor: actor.clone(), reason: *reason, aggregates }
    }
}

fn until(period: Period, total: u64) -> Until {
    match period {
        Period::Forever => Until::Forever,
        Period::Until(time) => Until::Time(time),
        Period::More(count) => Until::Total(total.saturating_add(count)),
        Period::Escalation => Until::Escalation,
    }
}

/// The version to resolve in: the one that is asked for, or the latest that a target of the service has.
fn release(
    live: &Live,
    service: ServiceId,
    label: &str,
    version: Option<&str>,
    at: Timestamp,
) -> Result<Release, Refusal> {
    let seen = versions(live, service, label);
    let (version, appeared_at) = match version {
        Some(version) => (version, seen.get(version).copied()),
        None => {
            let latest = seen.iter().max_by(|(one, one_at), (other, other_at)| {
                version::compare(one, other).unwrap_or_else(|| one_at.cmp(other_at))
            });
            let (version, appeared_at) = latest.ok_or_else(|| {
                let service = live.directory.services().get(service.0 as usize);
                let service = service.map(|service| service.name.clone()).unwrap_or_default();
                Refusal::NoVersion { service, label: label.to_owned() }
            })?;
            (*version, Some(*appeared_at))
        }
    };
    Ok(Release { label: label.to_owned(), version: version.to_owned(), appeared_at: appeared_at.unwrap_or(at) })
}

/// The versions that targets of a service name, and when each was first seen.
fn versions<'a>(live: &'a Live, service: ServiceId, label: &str) -> BTreeMap<&'a str, Timestamp> {
    let mut seen: BTreeMap<&str, Timestamp> = BTreeMap::new();
    for target in live.directory.targets().iter().filter(|target| target.service == service) {
        let (Some(version), Some(life)) = (target.labels.get(label), target.lives.first()) else { continue };
        let first = seen.entry(version).or_insert(life.from);
        *first = life.from.min(*first);
    }
    seen
}

/// Whether a target runs a later version. A target that does not say what it runs does not run a later version.
fn is_later(live: &Live, target: TargetId, release: &Release, at: Timestamp) -> bool {
    let Some(target) = live.directory.target(target) else { return false };
    let Some(version) = target.labels.get(&release.label) else { return false };
    let appeared_at = versions(live, target.service, &release.label).get(version).copied().unwrap_or(at);
    release.is_before(version, appeared_at)
}

/// Where a count came from that ended a standing, for people.
fn happened_at(live: &Live, target: TargetId, standing: &Standing, total: u64) -> String {
    let place = live.directory.target(target);
    let address = place.map(|target| target.address.as_str()).unwrap_or_default();
    match standing {
        Standing::Resolved(Some(release)) => {
            let version = place.and_then(|target| target.labels.get(&release.label)).unwrap_or_default();
            format!("happened at {address} in {} {version}, which is later than {}", release.label, release.version)
        }
        Standing::Muted(_) => format!("happened {total} times in all"),
        Standing::Open | Standing::Resolved(None) => format!("happened at {address}"),
    }
}
