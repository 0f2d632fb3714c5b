//! What a store says of triage, in the model's terms, and whether the model says the same.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::ops::ControlFlow;

use super::model::{Act, Diff, Entry, Model, Place, Stand, Status, Worn};
use crate::model::activity::Activity;
use crate::model::aggregate_set::AggregateSet;
use crate::model::annotation::{self, Choice};
use crate::model::id::AggregateId;
use crate::model::severity::Severity;
use crate::model::time::Timestamp;
use crate::model::triage::{self, Difference, Standing, State, Until};
use crate::store::{Store, TargetRecord, View};

type Named = BTreeMap<String, BTreeSet<u32>>;

/// Where the store says something else than the model; `None` where it says the same.
pub(super) fn differs(store: &Store, model: &Model) -> Option<String> {
    let end = store.next_mute_end().map(|end| end.0);
    let view = store.view().unwrap();
    let (entries, effective) = entries(&view);
    None.or_else(|| differ("errors", &entries, &model.entries))
        .or_else(|| differ("labels as everybody sees them", &effective, &model.entries.iter().map(worn).collect()))
        .or_else(|| differ("sets", &sets(&view), &model_sets(model)))
        .or_else(|| differ("activity", &acts(&view), &model.acts))
        .or_else(|| differ("activity by error", &acts_by_error(&view), &model_acts_by_error(model)))
        .or_else(|| differ("the next end of a mute", &end, &mute_end(model)))
        .or_else(|| differ("targets", &places(&view), &model.places))
        .or_else(|| differ("the rules", &view.label_rules(), &model.rules))
        .or_else(|| {
            let views = view.saved_views().map(|view| (view.name.clone(), view.query.clone())).collect();
            differ("saved views", &views, &model.views)
        })
}

fn differ<T: PartialEq + Debug>(what: &str, seen: &T, wanted: &T) -> Option<String> {
    if seen == wanted {
        return None;
    }
    let (seen, wanted) = (format!("{seen:?}"), format!("{wanted:?}"));
    let same = seen.chars().zip(wanted.chars()).take_while(|(one, other)| one == other).count();
    let part = |text: &str| text.chars().skip(same.saturating_sub(200)).take(500).collect::<String>();
    Some(format!("{what}\n  are     …{}…\n  must be …{}…", part(&seen), part(&wanted)))
}

fn entries(view: &View<'_>) -> (Vec<Entry>, Vec<BTreeMap<String, String>>) {
    let entry = |aggregate: &crate::model::aggregate::Aggregate| {
        let triage = &aggregate.triage;
        let chosen = triage.labels.chosen().iter().map(|(name, choice)| (name.clone(), chosen(choice)));
        Entry {
            service: view.services()[aggregate.service.0 as usize].name.clone(),
            key: aggregate.key.clone(),
            total: aggregate.total,
            last_seen: aggregate.last_seen.0,
            status: status(&triage.status),
            chosen: chosen.collect(),
            ruled: pairs(triage.labels.ruled()),
            assignee: triage.assignee.clone(),
            note: triage.note.clone(),
            revision: triage.revision,
        }
    };
    let effective = view.aggregates().iter().map(|aggregate| pairs(aggregate.triage.labels.labels()));
    (view.aggregates().iter().map(entry).collect(), effective.collect())
}

fn pairs(labels: &crate::model::label::Labels) -> BTreeMap<String, String> {
    labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn chosen(choice: &Choice) -> Option<String> {
    match choice {
        Choice::Value(value) => Some(value.clone()),
        Choice::Nothing => None,
    }
}

fn status(status: &triage::Status) -> Status {
    let stand = match &status.standing {
        Standing::Open => Stand::Open,
        Standing::Resolved(None) => Stand::Resolved,
        Standing::Resolved(Some(release)) => Stand::ResolvedIn {
            label: release.label.clone(),
            version: release.version.clone(),
            appeared: release.appeared_at.0,
        },
        Standing::Muted(Until::Forever) => Stand::Muted,
        Standing::Muted(Until::Time(time)) => Stand::MutedUntilTime(time.0),
        Standing::Muted(Until::Total(total)) => Stand::MutedUntilTotal(*total),
        Standing::Muted(Until::Escalation) => Stand::MutedUntilEscalation,
    };
    let time = |time: Option<Timestamp>| time.map(|time| time.0);
    let (since, regressed) = (time(status.since), time(status.regressed_at));
    Status { stand, since, regressed, escalated: time(status.escalated_at) }
}

/// The labels that come of what people chose and what rules give.
fn worn(entry: &Entry) -> BTreeMap<String, String> {
    let mut labels = entry.ruled.clone();
    for (name, chosen) in &entry.chosen {
        match chosen {
            Some(value) => drop(labels.insert(name.clone(), value.clone())),
            None => drop(labels.remove(name)),
        }
    }
    labels
}

fn ids(set: &AggregateSet) -> BTreeSet<u32> {
    set.iter().map(|id| id.0).collect()
}

/// All sets by a name; those of values and assignees must not be there when they are empty, of the others it is left out.
fn sets(view: &View<'_>) -> Named {
    let sets = view.sets();
    let mut named: Named = [
        ("all".to_owned(), ids(sets.all())),
        ("error".to_owned(), ids(sets.severity(Severity::Error))),
        ("regressed".to_owned(), ids(sets.regressed())),
        ("until escalation".to_owned(), ids(sets.until_escalation())),
        ("labelled".to_owned(), ids(sets.labelled())),
        ("assigned".to_owned(), ids(sets.assigned())),
        ("noted".to_owned(), ids(sets.noted())),
    ]
    .into();
    named.extend(State::ALL.map(|state| (state.name().to_owned(), ids(sets.state(state)))));
    named.extend(view.services().iter().map(|service| (service.name.clone(), ids(sets.service(service.id)))));
    named.retain(|_, set| !set.is_empty());
    for (name, label) in sets.labels() {
        named.insert(format!("label {name}"), ids(label.all()));
        named.extend(label.values().map(|(value, set)| (format!("label {name}={value}"), ids(set))));
        let found = sets.label(name).map(|label| ids(label.all()));
        assert_eq!(found, Some(ids(label.all())), "label {name} by its name");
    }
    named.extend(sets.assignees().map(|(name, set)| (format!("assignee {name}"), ids(set))));
    named
}

fn model_sets(model: &Model) -> Named {
    let mut named = Named::new();
    for (id, entry) in (0..).zip(&model.entries) {
        let mut add = |name: String| {
            named.entry(name).or_default().insert(id);
        };
        add("all".to_owned());
        add("error".to_owned());
        add(entry.service.clone());
        match &entry.status.stand {
            Stand::Open => add("open".to_owned()),
            Stand::Resolved | Stand::ResolvedIn { .. } => add("resolved".to_owned()),
            _ => add("muted".to_owned()),
        }
        if entry.status.stand == Stand::Open && entry.status.regressed.is_some() {
            add("regressed".to_owned());
        }
        if entry.status.stand == Stand::MutedUntilEscalation {
            add("until escalation".to_owned());
        }
        for (name, value) in worn(entry) {
            add("labelled".to_owned());
            add(format!("label {name}"));
            add(format!("label {name}={value}"));
        }
        if let Some(assignee) = &entry.assignee {
            add("assigned".to_owned());
            add(format!("assignee {assignee}"));
        }
        if entry.note.is_some() {
            add("noted".to_owned());
        }
    }
    named
}

fn diffs(differences: &[Difference]) -> Vec<Diff> {
    let worn = |worn: &annotation::Worn| -> Worn { (worn.chosen.as_ref().map(chosen), worn.ruled.clone()) };
    let diff = |difference: &Difference| match difference {
        Difference::Status { from, to } => Diff::Status(status(from), status(to)),
        Difference::Label { name, from, to } => Diff::Label(name.clone(), worn(from), worn(to)),
        Difference::Assignee { from, to } => Diff::Assignee(from.clone(), to.clone()),
        Difference::Note { from, to } => Diff::Note(from.clone(), to.clone()),
    };
    differences.iter().map(diff).collect()
}

/// The global list, with what each did.
fn acts(view: &View<'_>) -> BTreeMap<u64, Act> {
    let mut listed: Vec<Activity> = Vec::new();
    // Three at a time, as pages are read.
    loop {
        let (before, mut left) = (listed.last().map(|activity| activity.id), 3);
        view.activities(before, &mut |activity| {
            listed.push(activity);
            left -= 1;
            if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .unwrap();
        if left > 0 {
            break;
        }
    }
    let mut acts = BTreeMap::new();
    for activity in listed {
        assert_eq!(view.activity(activity.id).unwrap().as_ref(), Some(&activity));
        let change = |id: AggregateId| {
            let change = view.activity_change(activity.id, id).unwrap().unwrap();
            (id.0, (change.detail, diffs(&change.differences)))
        };
        let changes = activity.aggregates.iter().map(change).collect();
        let Activity { id, at, actor, reason, .. } = activity;
        assert!(acts.insert(id, Act { at: at.0, actor, reason, changes }).is_none(), "{id} is listed twice");
    }
    acts
}

/// An activity's number, why it changed the error, and what.
type Told = (u64, String, Vec<Diff>);

/// The list of each error, newest first.
fn acts_by_error(view: &View<'_>) -> Vec<Vec<Told>> {
    let list = |id: AggregateId| {
        let mut listed: Vec<Told> = Vec::new();
        loop {
            let before = listed.last().map(|(id, ..)| *id);
            let page = view.activities_of(id, before, 2).unwrap();
            if page.is_empty() {
                return listed;
            }
            for entry in page {
                assert!(entry.activity.aggregates.contains(id));
                listed.push((entry.activity.id, entry.change.detail, diffs(&entry.change.differences)));
            }
        }
    };
    view.aggregates().iter().map(|aggregate| list(aggregate.id)).collect()
}

fn model_acts_by_error(model: &Model) -> Vec<Vec<Told>> {
    let list = |id: u32| {
        let of = |(number, act): (&u64, &Act)| {
            act.changes.get(&id).map(|(detail, diffs)| (*number, detail.clone(), diffs.clone()))
        };
        model.acts.iter().rev().filter_map(of).collect()
    };
    (0..model.entries.len() as u32).map(list).collect()
}

fn places(view: &View<'_>) -> Vec<Place> {
    let place = |target: &TargetRecord| Place {
        service: view.services()[target.service.0 as usize].name.clone(),
        address: target.address.clone(),
        version: target.labels.get("version").map(str::to_owned),
        first: target.lives[0].from.0,
    };
    view.targets().iter().map(place).collect()
}

fn mute_end(model: &Model) -> Option<i64> {
    let end = |entry: &Entry| match entry.status.stand {
        Stand::MutedUntilTime(end) => Some(end),
        _ => None,
    };
    model.entries.iter().filter_map(end).min()
}
