//! Triage goes out and comes back whole, and its activity goes out.

use std::fmt::Write as _;
use std::path::Path;

use super::{NOW, Place};
use crate::model::activity::Reason;
use crate::model::aggregate_set::AggregateSet;
use crate::model::id::AggregateId;
use crate::model::label::Labels;
use crate::model::time::{Millis, Timestamp};
use crate::model::triage::{Change, Difference, LabelChange, Period, Standing, Turn};
use crate::store::{Edit, Task};
use crate::transfer::export_activity;

/// A time before now.
fn ago(seconds: i64) -> Timestamp {
    NOW.minus(Millis(seconds * 1000 + 1))
}

fn edit(place: &Place, at: Timestamp, (actor, reason): (Option<&str>, Reason), task: Task) -> u64 {
    let mut draft = place.store().draft();
    draft.edit(Edit { at, actor: actor.map(str::to_owned), reason, task });
    let commit = draft.finish();
    let edited = place.store().commit(commit).unwrap().edited.remove(0).unwrap();
    edited.activity.unwrap()
}

fn only(id: u32) -> AggregateSet {
    [AggregateId(id)].into_iter().collect()
}

/// A person's change of one error.
fn person(place: &Place, at: Timestamp, id: u32, change: impl Into<Change>) -> u64 {
    let task = Task::Change { aggregates: only(id), change: change.into(), revision: None };
    edit(place, at, (Some("ada"), Reason::Edit), task)
}

fn labels(changes: &[(&str, LabelChange)]) -> Change {
    let labels = changes.iter().map(|(name, change)| ((*name).to_owned(), change.clone())).collect();
    Change { labels, ..Change::default() }
}

fn count(key: u32, seconds_ago: i64) -> String {
    let t = NOW.0 / 1000 - seconds_ago;
    format!(
        "{{\"service\":\"shop\",\"key\":\"E@{key}\",\"labels\":{{\"instance\":\"a:1\",\"version\":\"1.9.0\"}},\"t\":{t},\"count\":3}}\n"
    )
}

/// A store with an error of every kind of triage.
fn triaged() -> Place {
    let place = Place::new();
    let mut lines: String = (0..12).map(|key| count(key, 9000)).collect();
    writeln!(
        lines,
        "{{\"kind\":\"target\",\"service\":\"shop\",\"labels\":{{\"instance\":\"a:1\",\"version\":\"1.9.0\"}},\
         \"lives\":[[{},null]]}}",
        NOW.0 / 1000 - 9000
    )
    .unwrap();
    let outcome = place.deltas("counts", &lines);
    assert!(outcome.stopped.is_none(), "{:?}", outcome.stopped);
    let resolve_in =
        |version: Option<&str>| Turn::ResolveIn { label: "version".to_owned(), version: version.map(str::to_owned) };
    person(&place, ago(4000), 1, Turn::Resolve);
    person(&place, ago(3999), 2, resolve_in(None));
    person(&place, ago(3998), 3, resolve_in(Some("grün \"1\"")));
    person(&place, ago(3997), 4, Turn::Mute(Period::Forever));
    person(&place, ago(3996), 5, Turn::Mute(Period::Until(Timestamp(NOW.0 + 86_400_123))));
    person(&place, ago(3995), 6, Turn::Mute(Period::More(7)));
    person(&place, ago(3995), 7, Turn::Mute(Period::More(u64::MAX)));
    person(&place, ago(3994), 8, Turn::Mute(Period::Escalation));
    person(&place, ago(3993), 9, Turn::Mute(Period::Escalation));
    let found = Task::Escalate(vec![(AggregateId(9), "40 in this hour, the limit is 9".to_owned())]);
    edit(&place, ago(3992), (None, Reason::Escalation), found);
    // One that was resolved and happened again.
    person(&place, ago(3991), 10, Turn::Resolve);
    assert!(place.deltas("again", &count(10, 1800)).stopped.is_none());
    let ruled = Labels::from_pairs([("team", "search"), ("tier", "1"), ("area", "web")]);
    let rule = Task::Rule { labels: vec![(ruled, [3, 4, 5].map(AggregateId).into_iter().collect())], rules: 5 };
    edit(&place, ago(3990), (None, Reason::Rule), rule);
    let set = |value: &str| LabelChange::Set(value.to_owned());
    let chosen = [("team", set("Zahlungen 💶")), ("tier", LabelChange::Remove), ("ticket", set("A\n\"B\""))];
    person(&place, ago(3989), 4, labels(&chosen));
    person(&place, ago(3988), 0, labels(&[("gone", LabelChange::Remove)]));
    let words = Change {
        assignee: Some(Some("bob".to_owned())),
        note: Some(Some("line one\nline \"two\"\t\u{1f}".to_owned())),
        ..Change::default()
    };
    let written = person(&place, ago(3987), 11, words);
    edit(&place, ago(3986), (Some(""), Reason::Undo(written)), Task::Undo { activity: written });
    person(&place, ago(3985), 11, Change { note: Some(Some(String::new())), ..Change::default() });
    place
}

#[test]
fn every_kind_of_triage_comes_back_as_the_same_bytes() {
    let mut original = triaged();
    let exported = original.export();
    for part in [
        r#""resolved_in":{"label":"version","version":"1.9.0","#,
        r#""muted_until":"escalation""#,
        r#""muted_until":{"total":10}"#,
        r#""muted_until":{"total":18446744073709551615}"#,
        r#""muted_until":{"time":1795255200.123}"#,
        r#""state":"open","state_since":1795164807.999,"escalated_at":1795164807.999"#,
        r#""regressed_at":1795167000,"revision":2"#,
        r#""labels":{"team":"Zahlungen 💶","ticket":"A\n\"B\""},"labels_removed":["tier"],"labels_by_rule":{"#,
        r#""note":"","revision":3"#,
    ] {
        assert!(exported.contains(part), "{part} is not in\n{exported}");
    }
    original.reopen();
    assert_eq!(original.export(), exported);
    let mut copy = Place::new();
    let path = copy.file("a", &exported);
    let outcome = copy.import(&path, super::Format::Deltas);
    assert!(outcome.stopped.is_none(), "{:?}", outcome.stopped);
    assert_eq!(copy.export(), exported);
    copy.reopen();
    assert_eq!(copy.export(), exported);
    let triage = |place: &Place| {
        let view = place.store().view().unwrap();
        view.aggregates().iter().map(|aggregate| aggregate.triage.clone()).collect::<Vec<_>>()
    };
    assert_eq!(triage(&copy), triage(&original));
    assert_eq!(copy.store().next_mute_end(), Some(Timestamp(NOW.0 + 86_400_123)));
}

#[test]
fn files_from_before_there_was_triage_are_imported_as_they_were_meant() {
    let place = Place::new();
    let line = |key: &str, rest: &str| {
        format!(
            "{{\"kind\":\"aggregate\",\"service\":\"shop\",\"key\":\"{key}\",\"first_seen\":1795100000,\"last_seen\":1795100001{rest}}}\n"
        )
    };
    let lines = [
        line("A@1", ""),
        line("B@2", r#","state":"resolved","state_since":1795100002"#),
        line("C@3", r#","state":"muted","state_since":1795100002,"labels":{"team":"search"}"#),
        line("D@4", r#","state":"open","state_since":1795100002,"regressed_at":1795100002"#),
    ];
    let outcome = place.deltas("old", &lines.concat());
    assert!(outcome.stopped.is_none(), "{:?}", outcome.stopped);
    let exported = place.export();
    for (key, rest) in [
        ("A@1", r#""state":"open"}"#),
        ("B@2", r#""state":"resolved","state_since":1795100002}"#),
        ("C@3", r#""state":"muted","state_since":1795100002,"labels":{"team":"search"}}"#),
        ("D@4", r#""state":"open","state_since":1795100002,"regressed_at":1795100002}"#),
    ] {
        let found = exported.lines().find(|line| line.contains(key)).unwrap();
        assert!(found.ends_with(rest), "{found}");
    }
}

#[test]
fn activity_is_exported_line_by_line() {
    let place = triaged();
    let mut out = Vec::new();
    let lines = export_activity(place.store(), &mut out, Path::new("export")).unwrap();
    let exported = String::from_utf8(out).unwrap();
    assert_eq!(exported.lines().count() as u64, lines);
    let mut exported = exported.lines();
    assert_eq!(exported.next(), Some(r#"{"kind":"header","format":"hydrophone activity","version":1}"#));
    let find = |id: u64, key: &str| {
        let begin = format!("{{\"kind\":\"activity\",\"id\":{id},");
        let mut found = exported.clone().filter(|line| line.starts_with(&begin) && line.contains(key));
        found.next().unwrap_or_else(|| panic!("{id} {key} in {:?}", exported.clone().collect::<Vec<_>>()))
    };
    for (id, key, line) in [
        (
            1,
            "E@1",
            r#""time":1795164799.999,"actor":"ada","reason":"edit","service":"shop","key":"E@1","changes":[{"field":"state","from":{"state":"open"},"to":{"state":"resolved","since":1795164799.999}}]}"#,
        ),
        (
            10,
            "E@9",
            r#""time":1795164807.999,"reason":"escalation","service":"shop","key":"E@9","detail":"40 in this hour, the limit is 9","changes":[{"field":"state","from":{"state":"muted","since":1795164806.999,"muted_until":"escalation"},"to":{"state":"open","since":1795164807.999,"escalated_at":1795164807.999}}]}"#,
        ),
    ] {
        assert_eq!(find(id, key), format!("{{\"kind\":\"activity\",\"id\":{id},{line}"));
    }
    let all: Vec<serde_json::Value> = exported.clone().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ids: Vec<u64> = all.iter().map(|line| line["id"].as_u64().unwrap()).collect();
    assert!(ids.is_sorted() && ids[0] == 1, "{ids:?}");
    let ruled: Vec<&serde_json::Value> = all.iter().filter(|line| line["reason"] == "rule").collect();
    assert_eq!(ruled.iter().map(|line| line["key"].as_str().unwrap()).collect::<Vec<_>>(), ["E@3", "E@4", "E@5"]);
    let undo = all.iter().find(|line| line["reason"] == "undo").unwrap();
    assert_eq!((&undo["actor"], undo["undoes"].as_u64().unwrap()), (&"".into(), undo["id"].as_u64().unwrap() - 1));
    let labels = all.iter().find(|line| line["changes"][0]["name"] == "team" && line["reason"] == "edit").unwrap();
    let wanted = serde_json::json!([
        {"field": "label", "name": "team", "from": {"value": "search", "by": "rule"},
            "to": {"value": "Zahlungen 💶", "by": "person", "by_rule": "search"}},
        {"field": "label", "name": "tier", "from": {"value": "1", "by": "rule"},
            "to": {"value": null, "by": "person", "by_rule": "1"}},
        {"field": "label", "name": "ticket", "from": {"value": null, "by": null},
            "to": {"value": "A\n\"B\"", "by": "person"}},
    ]);
    assert_eq!(labels["changes"], wanted);
}

#[test]
fn what_an_import_changes_of_a_known_error_is_activity() {
    let mut place = triaged();
    let newest = |place: &Place, id: u32| {
        let view = place.store().view().unwrap();
        view.activities_of(AggregateId(id), None, 100).unwrap()
    };
    // One that was resolved, and a file knew that it happened again.
    let regressed = &newest(&place, 10)[0];
    assert_eq!((regressed.activity.reason, regressed.activity.actor.as_deref()), (Reason::Regression, None));
    assert_eq!((regressed.activity.at, regressed.change.detail.as_str()), (NOW, "imported"));
    let before = newest(&place, 0).len();
    let t = NOW.0 / 1000 - 60;
    let line = format!(
        "{{\"kind\":\"aggregate\",\"service\":\"shop\",\"key\":\"E@0\",\"first_seen\":{t},\"last_seen\":{t},\"state\":\"resolved\",\
         \"state_since\":{t},\"labels\":{{\"team\":\"search\"}},\"assignee\":\"bob\",\"note\":\"theirs\"}}\n"
    );
    assert!(place.deltas("theirs", &line).stopped.is_none());
    for _ in 0..2 {
        let told = newest(&place, 0);
        assert_eq!((told.len(), told[0].activity.reason), (before + 1, Reason::Import));
        let what = told[0].change.differences.iter().map(|difference| match difference {
            Difference::Status { to, .. } => format!("state {}", to.standing.state()),
            Difference::Label { name, to, .. } => format!("{name}={}", to.value().unwrap()),
            Difference::Assignee { to, .. } => format!("assignee {}", to.as_deref().unwrap()),
            Difference::Note { to, .. } => format!("note {}", to.as_deref().unwrap()),
        });
        assert_eq!(what.collect::<Vec<_>>(), ["state resolved", "team=search", "assignee bob", "note theirs"]);
        place.reopen();
    }
    // It can be taken back as any other.
    let activity = newest(&place, 0)[0].activity.id;
    edit(&place, NOW, (Some("ada"), Reason::Undo(activity)), Task::Undo { activity });
    let triage = place.store().view().unwrap().aggregates()[0].triage.clone();
    assert_eq!((triage.status.standing, triage.note, triage.labels.get("team")), (Standing::Open, None, None));
}
