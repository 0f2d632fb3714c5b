//! A plain model of triage: what the store has to say, in maps and vectors, and with none of its code.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::activity::Reason;
use crate::model::triage::{Change, LabelChange, Period, Turn};
use crate::store::{Edit, Edited, Refusal, Task};

/// A scrape that is older than a resolution by more than this was taken after the clock was set back.
const SET_BACK_MS: i64 = 600_000;

/// Versions in their order by semantic versioning, and such that are none.
pub(super) const VERSIONS: [&str; 7] = ["1.9.0", "1.10.0-rc.1", "1.10.0", "2", "4f69229c", "main", "0f00"];
const SEMANTIC: usize = 4;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stand {
    Open,
    Resolved,
    ResolvedIn { label: String, version: String, appeared: i64 },
    Muted,
    MutedUntilTime(i64),
    MutedUntilTotal(u64),
    MutedUntilEscalation,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Status {
    pub(super) stand: Stand,
    pub(super) since: Option<i64>,
    pub(super) regressed: Option<i64>,
    pub(super) escalated: Option<i64>,
}

/// What a person chose (`Some(None)`: that it is not there), and what rules say.
pub(super) type Worn = (Option<Option<String>>, Option<String>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Diff {
    Status(Status, Status),
    Label(String, Worn, Worn),
    Assignee(Option<String>, Option<String>),
    Note(Option<String>, Option<String>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) service: String,
    pub(super) key: String,
    pub(super) total: u64,
    pub(super) last_seen: i64,
    pub(super) status: Status,
    pub(super) chosen: BTreeMap<String, Option<String>>,
    pub(super) ruled: BTreeMap<String, String>,
    pub(super) assignee: Option<String>,
    pub(super) note: Option<String>,
    pub(super) revision: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Act {
    pub(super) at: i64,
    pub(super) actor: Option<String>,
    pub(super) reason: Reason,
    /// What changed of each, and why.
    pub(super) changes: BTreeMap<u32, (String, Vec<Diff>)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) service: String,
    pub(super) address: String,
    pub(super) version: Option<String>,
    /// Its first scrape.
    pub(super) first: i64,
}

/// A scrape: where, and the process with its counts if it succeeded.
pub(super) type Scraped = (Place, Option<(String, Vec<(String, u64)>)>);

#[derive(Debug, Clone, Default)]
pub(super) struct Model {
    /// By id.
    pub(super) entries: Vec<Entry>,
    pub(super) acts: BTreeMap<u64, Act>,
    pub(super) made: u64,
    pub(super) views: BTreeMap<String, String>,
    pub(super) rules: Option<u64>,
    /// By id.
    pub(super) places: Vec<Place>,
    /// (process, service, key) → the last count.
    exposed: BTreeMap<(String, String, String), u64>,
}

/// What came of the edits of a commit, and what reopened.
pub(super) type Outcome = (Vec<Result<Edited, Refusal>>, Vec<u32>);

impl Model {
    /// What a commit makes of it: first the edits, then the scrapes.
    pub(super) fn commit(&mut self, edits: &[Edit], at: i64, scrapes: &[Scraped]) -> Outcome {
        let before: BTreeSet<u64> = self.acts.keys().copied().collect();
        let edited = edits.iter().map(|edit| self.edit(edit, &before)).collect();
        let mut targets: Vec<(usize, &Scraped)> =
            scrapes.iter().map(|scraped| (self.place(&scraped.0, at), scraped)).collect();
        for (_, (place, exposed)) in &targets {
            for (key, _) in exposed.iter().flat_map(|(_, counts)| counts) {
                self.know(&place.service, key, at);
            }
        }
        targets.sort_by_key(|(target, _)| *target);
        let mut reopened = Vec::new();
        let mut by_itself = Vec::new();
        for (target, (place, exposed)) in targets {
            let Some((process, counts)) = exposed else { continue };
            let mut moved: Vec<(u32, u64)> = Vec::new();
            for (key, total) in counts {
                let name = (process.clone(), place.service.clone(), key.clone());
                let last = self.exposed.insert(name, *total).unwrap_or(0);
                let delta = if *total < last { *total } else { *total - last };
                moved.push((self.know(&place.service, key, at), delta));
            }
            moved.sort_unstable();
            for (id, delta) in moved.into_iter().filter(|(_, delta)| *delta > 0) {
                if let Some((reason, status, detail)) = self.count(id, target, at, delta) {
                    if reason == Reason::Regression {
                        reopened.push(id);
                    }
                    let diffs = self.end(id, status);
                    by_itself.push((reason, id, detail, diffs));
                }
            }
        }
        for (reason, id, detail, diffs) in by_itself {
            let made = self.acts.iter_mut().find(|(id, act)| !before.contains(id) && act.reason == reason);
            match made {
                Some((_, act)) => drop(act.changes.insert(id, (detail, diffs))),
                None => drop(self.act(at, None, reason, [(id, (detail, diffs))].into())),
            }
        }
        (edited, reopened)
    }

    fn place(&mut self, place: &Place, at: i64) -> usize {
        let same = |known: &Place| {
            (&known.service, &known.address, &known.version) == (&place.service, &place.address, &place.version)
        };
        self.places.iter().position(same).unwrap_or_else(|| {
            self.places.push(Place { first: at, ..place.clone() });
            self.places.len() - 1
        })
    }

    fn know(&mut self, service: &str, key: &str, at: i64) -> u32 {
        let known = self.entries.iter().position(|entry| entry.service == service && entry.key == key);
        known.unwrap_or_else(|| {
            let status = Status { stand: Stand::Open, since: None, regressed: None, escalated: None };
            self.entries.push(Entry {
                service: service.to_owned(),
                key: key.to_owned(),
                total: 0,
                last_seen: at,
                status,
                chosen: BTreeMap::new(),
                ruled: BTreeMap::new(),
                assignee: None,
                note: None,
                revision: 0,
            });
            self.entries.len() - 1
        }) as u32
    }

    /// Adds a count; what it ends, and why.
    fn count(&mut self, id: u32, target: usize, at: i64, delta: u64) -> Option<(Reason, Status, String)> {
        let entry = &mut self.entries[id as usize];
        entry.total += delta;
        entry.last_seen = entry.last_seen.max(at);
        let entry = &self.entries[id as usize];
        let place = &self.places[target];
        let since = entry.status.since.unwrap_or(i64::MIN);
        let could_be_seen = at <= since && since - at <= SET_BACK_MS;
        let open = Status { stand: Stand::Open, since: Some(at), regressed: None, escalated: None };
        let regressed = Status { regressed: Some(at), ..open.clone() };
        match &entry.status.stand {
            Stand::Resolved if !could_be_seen => {
                Some((Reason::Regression, regressed, format!("happened at {}", place.address)))
            }
            Stand::ResolvedIn { label, version, appeared } if !could_be_seen => {
                let now = place.version.as_ref().filter(|_| label == "version")?;
                let first = self.appeared(&place.service, now)?;
                is_later(now, first, version, *appeared).then(|| {
                    let detail =
                        format!("happened at {} in {label} {now}, which is later than {version}", place.address);
                    (Reason::Regression, regressed, detail)
                })
            }
            Stand::MutedUntilTotal(limit) if entry.total >= *limit => {
                Some((Reason::MuteCount, open, format!("happened {} times in all", entry.total)))
            }
            _ => None,
        }
    }

    fn appeared(&self, service: &str, version: &str) -> Option<i64> {
        let there = |place: &&Place| place.service == service && place.version.as_deref() == Some(version);
        self.places.iter().filter(there).map(|place| place.first).min()
    }

    fn edit(&mut self, edit: &Edit, before: &BTreeSet<u64>) -> Result<Edited, Refusal> {
        let at = edit.at.0;
        let nothing = |diffs: Vec<Diff>| (String::new(), diffs);
        let mut changes: BTreeMap<u32, (String, Vec<Diff>)> = BTreeMap::new();
        match &edit.task {
            Task::Change { aggregates, change, revision } => {
                let mut after = self.clone();
                for id in aggregates.iter() {
                    let diffs = after.change(id.0, change, *revision, at)?;
                    changes.insert(id.0, nothing(diffs));
                }
                *self = after;
            }
            Task::Undo { activity } => {
                let act = self.acts.get(activity).filter(|_| before.contains(activity)).cloned();
                for (id, (_, diffs)) in act.ok_or(Refusal::NoActivity(*activity))?.changes {
                    let undone = self.undo(id, &diffs);
                    changes.insert(id, nothing(undone));
                }
            }
            Task::Rule { labels, rules } => {
                self.rules = Some(*rules);
                for (ruled, aggregates) in labels {
                    let ruled: BTreeMap<String, String> =
                        ruled.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
                    for id in self.ids(aggregates.iter().map(|id| id.0)) {
                        let diffs = self.rule(id, &ruled);
                        changes.insert(id, nothing(diffs));
                    }
                }
            }
            Task::Escalate(found) => {
                for (id, detail) in found {
                    let Some(entry) = self.entries.get(id.0 as usize) else { continue };
                    if entry.status.stand == Stand::MutedUntilEscalation {
                        let escalated =
                            Status { stand: Stand::Open, since: Some(at), regressed: None, escalated: Some(at) };
                        changes.insert(id.0, (detail.clone(), self.end(id.0, escalated)));
                    }
                }
            }
            Task::EndMutes => {
                for id in 0..self.entries.len() as u32 {
                    if let Stand::MutedUntilTime(end) = self.entries[id as usize].status.stand
                        && end <= at
                    {
                        let open = Status { stand: Stand::Open, since: Some(end), regressed: None, escalated: None };
                        changes.insert(id, nothing(self.end(id, open)));
                    }
                }
            }
            Task::Silence { aggregates, since, detail } => {
                for id in self.ids(aggregates.iter().map(|id| id.0)) {
                    let entry = &self.entries[id as usize];
                    let opened = entry.status.since.unwrap_or(entry.last_seen);
                    if entry.status.stand == Stand::Open && opened.max(entry.last_seen) < since.0 {
                        let resolved =
                            Status { stand: Stand::Resolved, since: Some(at), regressed: None, escalated: None };
                        changes.insert(id, (detail.clone(), self.end(id, resolved)));
                    }
                }
            }
            Task::SaveView(view) => drop(self.views.insert(view.name.clone(), view.query.clone())),
            Task::RemoveView(name) => drop(self.views.remove(name).ok_or_else(|| Refusal::NoView(name.clone()))?),
        }
        changes.retain(|_, (_, diffs)| !diffs.is_empty());
        let changed = changes.len() as u64;
        let activity = (changed > 0).then(|| self.act(at, edit.actor.clone(), edit.reason, changes));
        Ok(Edited { activity, changed })
    }

    fn ids(&self, ids: impl Iterator<Item = u32>) -> Vec<u32> {
        ids.filter(|id| (*id as usize) < self.entries.len()).collect()
    }

    fn act(
        &mut self,
        at: i64,
        actor: Option<String>,
        reason: Reason,
        changes: BTreeMap<u32, (String, Vec<Diff>)>,
    ) -> u64 {
        self.made += 1;
        self.acts.insert(self.made, Act { at, actor, reason, changes });
        self.made
    }

    fn change(&mut self, id: u32, change: &Change, revision: Option<u64>, at: i64) -> Result<Vec<Diff>, Refusal> {
        let aggregate = crate::model::id::AggregateId(id);
        let entry = self.entries.get(id as usize).ok_or(Refusal::NoAggregate(aggregate))?;
        if revision.is_some_and(|revision| revision != entry.revision) {
            return Err(Refusal::Revision { aggregate, revision: entry.revision });
        }
        let mut diffs = Vec::new();
        if let Some(turn) = &change.state {
            let stand = self.stand(entry, turn, at)?;
            let opens_again =
                stand == Stand::Open && (entry.status.regressed.is_some() || entry.status.escalated.is_some());
            if stand != entry.status.stand || opens_again {
                diffs.extend(self.turn(id, Status { stand, since: Some(at), regressed: None, escalated: None }));
            }
        }
        for (name, label) in &change.labels {
            let chosen = match label {
                LabelChange::Set(value) => Some(Some(value.clone())),
                LabelChange::Remove => Some(None),
                LabelChange::Follow => None,
            };
            diffs.extend(self.choose(id, name, chosen));
        }
        if let Some(assignee) = &change.assignee {
            diffs.extend(self.assign(id, assignee.clone()));
        }
        if let Some(note) = &change.note {
            diffs.extend(self.write(id, note.clone()));
        }
        self.entries[id as usize].revision += u64::from(!diffs.is_empty());
        Ok(diffs)
    }

    fn stand(&self, entry: &Entry, turn: &Turn, at: i64) -> Result<Stand, Refusal> {
        Ok(match turn {
            Turn::Open => Stand::Open,
            Turn::Resolve => Stand::Resolved,
            Turn::ResolveIn { label, version } => {
                let places = self.places.iter().filter(|place| place.service == entry.service && label == "version");
                let seen: BTreeSet<&str> = places.filter_map(|place| place.version.as_deref()).collect();
                let first = |version: &str| self.appeared(&entry.service, version).unwrap_or(at);
                let ordered = seen.iter().all(|version| rank(version).is_some());
                let latest = if ordered {
                    seen.iter().max_by_key(|version| rank(version))
                } else {
                    seen.iter().max_by_key(|version| (first(version), **version))
                };
                let none = || Refusal::NoVersion { service: entry.service.clone(), label: label.clone() };
                let version = match version {
                    Some(version) => version.clone(),
                    None => (*latest.ok_or_else(none)?).to_owned(),
                };
                let appeared = if seen.contains(version.as_str()) { first(&version) } else { at };
                Stand::ResolvedIn { label: label.clone(), version, appeared }
            }
            Turn::Mute(Period::Forever) => Stand::Muted,
            Turn::Mute(Period::Until(time)) => Stand::MutedUntilTime(time.0),
            Turn::Mute(Period::More(count)) => Stand::MutedUntilTotal(entry.total.saturating_add(*count)),
            Turn::Mute(Period::Escalation) => Stand::MutedUntilEscalation,
        })
    }

    /// What changed last is taken back first; what is not as it was changed to stays.
    fn undo(&mut self, id: u32, diffs: &[Diff]) -> Vec<Diff> {
        let mut undone = Vec::new();
        for diff in diffs.iter().rev() {
            let entry = &self.entries[id as usize];
            undone.extend(match diff {
                Diff::Status(from, to) if entry.status == *to => self.turn(id, from.clone()),
                Diff::Label(name, from, to) if entry.chosen.get(name) == to.0.as_ref() => {
                    self.choose(id, name, from.0.clone())
                }
                Diff::Assignee(from, to) if entry.assignee == *to => self.assign(id, from.clone()),
                Diff::Note(from, to) if entry.note == *to => self.write(id, from.clone()),
                _ => None,
            });
        }
        self.entries[id as usize].revision += u64::from(!undone.is_empty());
        undone
    }

    fn rule(&mut self, id: u32, ruled: &BTreeMap<String, String>) -> Vec<Diff> {
        let entry = &mut self.entries[id as usize];
        let names: BTreeSet<String> = entry.ruled.keys().chain(ruled.keys()).cloned().collect();
        let mut diffs = Vec::new();
        for name in names {
            let chosen = entry.chosen.get(&name).cloned();
            let (from, to) = (entry.ruled.get(&name).cloned(), ruled.get(&name).cloned());
            if from != to {
                diffs.push(Diff::Label(name, (chosen.clone(), from), (chosen, to)));
            }
        }
        entry.ruled.clone_from(ruled);
        entry.revision += u64::from(!diffs.is_empty());
        diffs
    }

    fn end(&mut self, id: u32, status: Status) -> Vec<Diff> {
        self.entries[id as usize].revision += 1;
        self.turn(id, status).into_iter().collect()
    }

    fn turn(&mut self, id: u32, status: Status) -> Option<Diff> {
        let from = std::mem::replace(&mut self.entries[id as usize].status, status.clone());
        (from != status).then_some(Diff::Status(from, status))
    }

    #[expect(clippy::option_option, reason = "left to the rules, not there, or a value")]
    fn choose(&mut self, id: u32, name: &str, chosen: Option<Option<String>>) -> Option<Diff> {
        let entry = &mut self.entries[id as usize];
        let ruled = entry.ruled.get(name).cloned();
        let from = (entry.chosen.remove(name), ruled.clone());
        let to = (chosen.clone(), ruled);
        if let Some(chosen) = chosen {
            entry.chosen.insert(name.to_owned(), chosen);
        }
        (from != to).then(|| Diff::Label(name.to_owned(), from, to))
    }

    fn assign(&mut self, id: u32, assignee: Option<String>) -> Option<Diff> {
        let from = std::mem::replace(&mut self.entries[id as usize].assignee, assignee.clone());
        (from != assignee).then_some(Diff::Assignee(from, assignee))
    }

    fn write(&mut self, id: u32, note: Option<String>) -> Option<Diff> {
        let from = std::mem::replace(&mut self.entries[id as usize].note, note.clone());
        (from != note).then_some(Diff::Note(from, note))
    }

    /// Activities older than `limit` go, up to the first that is younger.
    pub(super) fn forget(&mut self, limit: i64) {
        let kept = self.acts.iter().find(|(_, act)| act.at >= limit).map_or(u64::MAX, |(id, _)| *id);
        self.acts.retain(|id, _| *id >= kept);
    }
}

fn rank(version: &str) -> Option<usize> {
    VERSIONS.iter().position(|known| *known == version).filter(|rank| *rank < SEMANTIC)
}

fn is_later(now: &str, first: i64, resolved_in: &str, appeared: i64) -> bool {
    match (rank(resolved_in), rank(now)) {
        (Some(one), Some(other)) => other > one,
        _ => now != resolved_in && first > appeared,
    }
}
