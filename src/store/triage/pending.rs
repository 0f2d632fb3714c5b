//! What a commit changes in triage, against the state it will be applied to: what people ask for, and what counts end.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use rustc_hash::FxHashMap;

use super::history;
use super::release::{self, Places};
use super::row;
use crate::model::activity::{Activity, ActivityChange, Reason};
use crate::model::aggregate::Aggregate;
use crate::model::aggregate_set::AggregateSet;
use crate::model::annotation::Annotations;
use crate::model::id::{AggregateId, ServiceId};
use crate::model::label::Labels;
use crate::model::time::{Millis, Timestamp};
use crate::model::triage::{Change, Difference, End, Period, Standing, State, Status, Triage, Turn, Until};
use crate::model::version::Release;
use crate::model::view::SavedView;
use crate::store::change::{AggregateChange, Edit, Edited, LABELS_MAX, Refusal, ScrapeChange, Task, VIEWS_MAX};
use crate::store::directory::Sets;
use crate::store::live::Live;
use crate::store::{Error, Store, table};

/// A scrape is committed when it is done, so that one which seems to be older than a resolution by more than this (or two
/// intervals) was taken after the clock was set back.
const SCRAPE_AGE_MAX: Millis = Millis::from_seconds(600);

/// When so many aggregates change at once, the sets are made anew beside those that are read.
const SETS_ASIDE_MIN: usize = 256;

/// What a commit did to each aggregate.
type Changes = BTreeMap<AggregateId, ActivityChange>;

/// A commit's changes of triage.
#[derive(Debug, Default)]
pub(in crate::store) struct Pending {
    /// The triage of what changes, as it will be.
    triage: BTreeMap<AggregateId, Triage>,
    /// The sets as they will be, where many change.
    sets: Option<Box<Sets>>,
    /// Labels that aggregates got, to be shared by those that got the same.
    labels: HashSet<Annotations>,
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

/// What a commit leaves to be freed.
#[derive(Debug, Default)]
pub(in crate::store) struct Replaced {
    triage: BTreeMap<AggregateId, Triage>,
    sets: Option<Box<Sets>>,
    activities: Vec<Draft>,
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
    pub(in crate::store) fn counted(&mut self, places: &Places<'_>, scrape: &ScrapeChange, change: &AggregateChange) {
        let (id, at) = (change.aggregate, scrape.at);
        let Some(known) = places.live().directory.aggregate(id) else { return };
        let status = &self.triage.get(&id).unwrap_or(&known.triage).status;
        if change.placement.is_empty() || status.standing == Standing::Open {
            return;
        }
        let total = self.totals.entry(id).or_insert(known.total);
        *total = total.saturating_add(change.placement.count());
        let age = status.since.map_or(Millis(0), |since| since.since(at));
        let is_set_back = age > SCRAPE_AGE_MAX.max(Millis(scrape.interval.0.saturating_mul(2)));
        let seen_at = if is_set_back { Timestamp(i64::MAX) } else { at };
        let end = status.ended_by(seen_at, *total, |release| places.is_later(scrape.target, release));
        let Some(end) = end else { return };
        let detail = places.happened_at(scrape.target, &status.standing, *total);
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

    /// A file that is imported changes what is known: by a count that came after a resolution, or by what it says itself.
    pub(in crate::store) fn imported(&mut self, known: &Aggregate, triage: &Triage, at: Timestamp) {
        let differences = known.triage.differences(triage);
        let reason = match differences.as_slice() {
            [Difference::Status { from, to }]
                if from.standing.state() == State::Resolved && *to == Status::regressed(to.since.unwrap_or(at)) =>
            {
                Reason::Regression
            }
            _ => Reason::Import,
        };
        if !differences.is_empty() {
            self.by_itself(reason, at, known.id, ActivityChange { detail: "imported".to_owned(), differences });
        }
        self.triage.insert(known.id, triage.clone());
    }

    /// Makes the sets anew where many aggregates change, so that readers need not wait for that.
    pub(in crate::store) fn prepare(&mut self, live: &Live) {
        self.labels.clear();
        if self.triage.len() >= SETS_ASIDE_MIN {
            let changes = self.triage.iter().map(|(id, triage)| (*id, triage));
            self.sets = Some(Box::new(live.directory.sets_with(changes)));
        }
    }

    /// Makes an edit, or refuses it as a whole.
    pub(in crate::store) fn edit(&mut self, store: &Store, live: &Live, edit: &Edit) -> Result<(), Error> {
        let changed = match &edit.task {
            Task::Change { aggregates, change, revision } => self.change(live, edit.at, aggregates, change, *revision),
            Task::Undo { activity } => self.undo(store, live, *activity)?,
            Task::Rule { labels, rules } => {
                if self.rules.or(live.label_rules) != Some(*rules) {
                    self.rules = Some(*rules);
                }
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
    ) -> Result<Changes, Refusal> {
        let mut changes = Changes::new();
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
                        place.insert(release::release(live, known.service, label, version.as_deref(), at)?);
                    }
                    releases.get(&known.service).map(|release| Standing::Resolved(Some(release.clone())))
                }
                Some(Turn::Mute(period)) => Some(Standing::Muted(until(*period, known.total))),
            };
            let before = label_count(&triage);
            let differences = triage.apply(change, standing, at);
            check_labels(id, before, &triage)?;
            if !differences.is_empty() {
                triage.labels.share(&mut self.labels);
                changes.insert(id, ActivityChange { detail: String::new(), differences });
                triages.insert(id, triage);
            }
        }
        self.triage.append(&mut triages);
        Ok(changes)
    }

    fn undo(&mut self, store: &Store, live: &Live, activity: u64) -> Result<Result<Changes, Refusal>, Error> {
        let Some(done) = history::changes(store, activity)? else { return Ok(Err(Refusal::NoActivity(activity))) };
        let mut changes = Changes::new();
        let mut triages = BTreeMap::new();
        for (id, change) in done {
            let Some(known) = live.directory.aggregate(id) else { continue };
            let mut triage = self.current(known).clone();
            let before = label_count(&triage);
            let differences = triage.undo(&change.differences);
            if let Err(refusal) = check_labels(id, before, &triage) {
                return Ok(Err(refusal));
            }
            if !differences.is_empty() {
                triage.labels.share(&mut self.labels);
                changes.insert(id, ActivityChange { detail: String::new(), differences });
                triages.insert(id, triage);
            }
        }
        self.triage.append(&mut triages);
        Ok(Ok(changes))
    }

    fn rule(&mut self, live: &Live, labels: &[(Labels, AggregateSet)]) -> Changes {
        let mut changes = Changes::new();
        for (ruled, aggregates) in labels {
            for known in aggregates.iter().filter_map(|id| live.directory.aggregate(id)) {
                if self.current(known).labels.ruled() != ruled {
                    let mut triage = self.current(known).clone();
                    let differences = triage.rule(ruled);
                    triage.labels.share(&mut self.labels);
                    self.triage.insert(known.id, triage);
                    changes.entry(known.id).or_default().differences.extend(differences);
                }
            }
        }
        changes
    }

    fn escalate(&mut self, live: &Live, at: Timestamp, found: &[(AggregateId, String)]) -> Changes {
        let mut changes = Changes::new();
        for (id, detail) in found {
            let Some(known) = live.directory.aggregate(*id) else { continue };
            // It may have been changed since it was found out.
            if self.current(known).status.standing == Standing::Muted(Until::Escalation) {
                let differences = self.record(known).end(Status::escalated(at));
                changes.insert(*id, ActivityChange { detail: detail.clone(), differences });
            }
        }
        changes
    }

    fn end_mutes(&mut self, live: &Live, at: Timestamp) -> Changes {
        let mut changes = Changes::new();
        let due: BTreeSet<AggregateId> = live.directory.due(at).chain(self.triage.keys().copied()).collect();
        for known in due.into_iter().filter_map(|id| live.directory.aggregate(id)) {
            let Standing::Muted(Until::Time(end)) = self.current(known).status.standing else { continue };
            if end <= at {
                // It is open since then, also when nobody ran to notice.
                let differences = self.record(known).end(Status::set(Standing::Open, end));
                changes.insert(known.id, ActivityChange { detail: String::new(), differences });
            }
        }
        changes
    }

    fn silence(
        &mut self,
        live: &Live,
        at: Timestamp,
        (aggregates, since): (&AggregateSet, Timestamp),
        detail: &str,
    ) -> Changes {
        let mut changes = Changes::new();
        for known in aggregates.iter().filter_map(|id| live.directory.aggregate(id)) {
            let status = &self.current(known).status;
            // It may have happened, or somebody may have opened it, since it was found out.
            let touched = status.since.unwrap_or(known.last_seen).max(known.last_seen);
            if status.standing == Standing::Open && touched < since {
                let differences = self.record(known).end(Status::set(Standing::Resolved(None), at));
                changes.insert(known.id, ActivityChange { detail: detail.to_owned(), differences });
            }
        }
        changes
    }

    fn save_view(&mut self, live: &Live, view: &SavedView) -> Result<Changes, Refusal> {
        if !self.has_view(live, &view.name) {
            let removed = self.views.values().filter(|view| view.is_none()).count();
            let added = self.views.iter().filter(|(name, view)| view.is_some() && !live.views.contains_key(*name));
            if live.views.len() + added.count() >= VIEWS_MAX + removed {
                return Err(Refusal::TooManyViews);
            }
        }
        self.views.insert(view.name.clone(), Some(view.clone()));
        Ok(Changes::new())
    }

    fn remove_view(&mut self, live: &Live, name: &str) -> Result<Changes, Refusal> {
        if !self.has_view(live, name) {
            return Err(Refusal::NoView(name.to_owned()));
        }
        self.views.insert(name.to_owned(), None);
        Ok(Changes::new())
    }

    fn has_view(&self, live: &Live, name: &str) -> bool {
        self.views.get(name).map_or_else(|| live.views.contains_key(name), Option::is_some)
    }

    /// The triage of an aggregate as the commit has changed it so far.
    fn current<'a>(&'a self, known: &'a Aggregate) -> &'a Triage {
        self.triage.get(&known.id).unwrap_or(&known.triage)
    }

    /// The triage of an aggregate, to be changed.
    fn record(&mut self, known: &Aggregate) -> &mut Triage {
        self.triage.entry(known.id).or_insert_with(|| known.triage.clone())
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
        let mut heads = transaction.open_table(table::ACTIVITY).map_err(open("open activity"))?;
        let mut changes = transaction.open_table(table::ACTIVITY_CHANGES).map_err(open("open activity"))?;
        let mut last: FxHashMap<AggregateId, u64> = FxHashMap::default();
        for (id, draft) in (live.next_activity..).zip(&self.activities) {
            let head = row::encode_activity(&draft.activity(id));
            heads.insert(id, head.as_slice()).map_err(write("write activity"))?;
            for (aggregate, change) in &draft.changes {
                let before = last.insert(*aggregate, id).unwrap_or_else(|| live.directory.last_activity(*aggregate));
                let row = row::encode_change(before, change);
                changes.insert((id, aggregate.0), row.as_slice()).map_err(write("write activity"))?;
            }
        }
        let mut rows = transaction.open_table(table::TRIAGE).map_err(open("open triage"))?;
        for (id, triage) in &self.triage {
            let last = last.get(id).copied().unwrap_or_else(|| live.directory.last_activity(*id));
            rows.insert(id.0, row::encode_triage(last, triage).as_slice()).map_err(write("write triage"))?;
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
        meta.insert(table::meta::NEXT_ACTIVITY, Some(next)).map_err(write("write meta"))?;
        if let Some(rules) = self.rules {
            meta.insert(table::meta::LABEL_RULES, Some(rules)).map_err(write("write meta"))?;
        }
        Ok(())
    }

    /// The same changes in memory; what they replaced.
    pub(in crate::store) fn apply(mut self, live: &mut Live) -> Replaced {
        let mut replaced = Replaced::default();
        for (id, draft) in (live.next_activity..).zip(&self.activities) {
            draft.changes.keys().for_each(|aggregate| live.directory.set_last_activity(*aggregate, id));
        }
        live.next_activity += self.activities.len() as u64;
        if let Some(mut sets) = self.sets.take() {
            live.directory.swap_triage(&mut self.triage, &mut sets);
            replaced.triage = std::mem::take(&mut self.triage);
            replaced.sets = Some(sets);
        }
        replaced.activities = self.activities;
        for (id, triage) in self.triage {
            live.directory.set_triage(id, triage);
        }
        for (name, view) in self.views {
            match view {
                Some(view) => drop(live.views.insert(name, view)),
                None => drop(live.views.remove(&name)),
            }
        }
        live.label_rules = self.rules.or(live.label_rules);
        replaced
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

/// How many labels are remembered of an aggregate: those it has, or those that people chose, whichever are more. Also the choice
/// that a label should not be there takes room.
fn label_count(triage: &Triage) -> usize {
    triage.labels.labels().len().max(triage.labels.chosen().len())
}

/// Refuses more labels than there may be; fewer than there were are welcome.
fn check_labels(aggregate: AggregateId, before: usize, triage: &Triage) -> Result<(), Refusal> {
    let count = label_count(triage);
    if count > LABELS_MAX && count > before { Err(Refusal::TooManyLabels { aggregate, count }) } else { Ok(()) }
}
