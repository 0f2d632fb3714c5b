//! docs/query-language.md: its examples select what it says of its table, and its mistakes are answered as it says.

use std::sync::Arc;

use super::*;
use crate::model::id::OccurrenceId;
use crate::model::occurrence::{Cause, HttpContext, Stack};
use crate::model::triage::{Change, LabelChange, Period};
use crate::query::completion::{self, Counted};
use crate::query::filter;
use crate::search::condition::Document;

const MANUAL: &str = include_str!("../../../docs/query-language.md");

/// The lines of all blocks of one kind.
fn block(kind: &str) -> Vec<&'static str> {
    let (mut lines, mut inside) = (Vec::new(), false);
    for line in MANUAL.lines() {
        match line.strip_prefix("```") {
            Some(name) => inside = !inside && name == kind,
            None if inside => lines.push(line),
            None => {}
        }
    }
    lines
}

/// The table's rows, cell by cell.
fn table() -> Vec<Vec<String>> {
    let rows = MANUAL.lines().skip_while(|line| !line.starts_with("| error |")).skip(2);
    rows.take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells = line.trim_matches('|').split('|');
            cells.map(|cell| cell.trim().trim_matches('`').to_owned()).collect()
        })
        .collect()
}

fn fleet() -> Fleet {
    let mut fleet = Fleet::new(Vec::new());
    fleet.discovered.clear();
    for row in table() {
        let mut draft = fleet.store.draft();
        add_row(&mut draft, &row);
        let commit = draft.finish();
        fleet.store.commit(commit).unwrap();
    }
    let mut draft = fleet.store.draft();
    for (id, row) in (0..).zip(table()) {
        if !row[9].is_empty() {
            let labels = vec![("team".to_owned(), LabelChange::Set(row[9].clone()))];
            draft.edit(edit(id, Change { labels, ..Change::default() }));
        }
    }
    // What the manual says before its table.
    let person = |name: &str| Change { assignee: Some(Some(name.to_owned())), ..Change::default() };
    let note = Some(Some("see the runbook".to_owned()));
    draft.edit(edit(0, person("ada")));
    draft.edit(edit(2, Change { state: Some(Turn::Mute(Period::Forever)), ..person("bob") }));
    draft.edit(edit(1, Change { note, ..Change::from(Turn::Resolve) }));
    let commit = draft.finish();
    fleet.store.commit(commit).unwrap();
    fleet
}

fn edit(id: u32, change: Change) -> Edit {
    Edit::change([AggregateId(id)].into_iter().collect(), change, NOW)
}

fn add_row(draft: &mut Draft<'_>, row: &[String]) {
    let [number, service, level, key, message, stack, cause, request, zone, _, first, last, count] = row else {
        panic!("{row:?}");
    };
    let ago = |text: &str| NOW.minus(Millis::parse(text.trim_start_matches('-')).unwrap());
    let (first_seen, last_seen) = (ago(first), ago(last));
    let class = key.split('@').next().unwrap().to_owned();
    let stack = (!stack.is_empty()).then(|| Arc::new(Stack { frames: vec![stack.clone()] }));
    let causes = (!cause.is_empty()).then(|| Cause { class: cause.clone(), ..Cause::default() });
    let http = request.split_once(' ').map(|(method, rest)| {
        let (url, agent) = rest.split_once(' ').unwrap_or((rest, ""));
        let headers = (!agent.is_empty()).then(|| vec![("User-Agent".to_owned(), agent.to_owned())]);
        HttpContext { method: method.to_owned(), url: url.to_owned(), headers, body: None }
    });
    let severity = Severity::ALL.into_iter().find(|severity| severity.name() == level).unwrap();
    let id = draft.service(service);
    let labels = Labels::from_pairs([("instance", number.as_str()), ("zone", zone.as_str())]);
    let target = draft.target(id, &Target { labels, ..target_of(service, number) });
    let instance = draft.instance(id, InstanceKey::Uuid(number.clone()), target);
    let aggregate = draft.add_aggregate(Aggregate {
        id: AggregateId(0),
        service: id,
        key: key.clone(),
        class: class.clone(),
        message: message.clone(),
        severity,
        first_seen,
        last_seen,
        total: 0,
        triage: Triage::default(),
    });
    let exception = Exception { class, message: message.clone(), stack, causes: causes.into_iter().collect() };
    let occurrence = Occurrence { uuid: number.clone(), timestamp: Some(last_seen), severity, exception, http };
    let count = count.parse().unwrap();
    let change = AggregateChange {
        aggregate,
        baseline: Baseline { total: count, created_at: None, samples: vec![occurrence.identity()] },
        placement: Placement { points: vec![(last_seen, count)], span: None },
        severity,
        first_seen,
        last_seen: Some(last_seen),
        occurrences: vec![occurrence],
    };
    draft.scraped(ScrapeChange {
        target,
        at: last_seen,
        interval: Millis::from_seconds(15),
        duration: Millis(20),
        body_bytes: 1000,
        outcome: Outcome::Up { instance, keys: 0, watched_from: None, changes: vec![change] },
    });
}

/// The errors with a sample for which the query holds.
fn found(context: &Context<'_>, query: &Query) -> Result<Vec<u64>, Error> {
    let condition = filter::condition(context, query, day())?;
    let mut found = Vec::new();
    for aggregate in context.view.aggregates() {
        let before: Option<OccurrenceId> = None;
        for stored in context.view.occurrences(aggregate.id, before, 10)? {
            let document = Document::occurrence(aggregate.id, stored.target, &stored.occurrence);
            if condition.holds(&document) {
                found.push(u64::from(aggregate.id.0) + 1);
            }
        }
    }
    Ok(found)
}

#[test]
fn the_examples_find_what_the_manual_says() {
    let fleet = fleet();
    let mut checked = 0;
    for line in block("query") {
        let Some((query, errors)) = line.rsplit_once('#').filter(|(query, _)| query.ends_with(' ')) else {
            assert!(Query::parse(line).is_ok(), "{line}");
            continue;
        };
        let expected: Vec<u64> = errors.split_whitespace().map(|number| number.parse().unwrap()).collect();
        let parsed = Query::parse(query.trim()).unwrap_or_else(|error| panic!("{query}: {error}"));
        let by_samples =
            fleet.ask(|context| found(context, &parsed)).unwrap_or_else(|error| panic!("{query}: {error}"));
        assert_eq!(by_samples, expected, "{query}");
        if !parsed.is_textual() {
            let listed = fleet.listed(query.trim(), |_| ());
            let mut listed: Vec<u64> = listed.items.iter().map(|item| u64::from(item.aggregate.id.0) + 1).collect();
            listed.sort_unstable();
            assert_eq!(listed, expected, "{query}");
        }
        checked += 1;
    }
    assert!(checked >= 67, "{checked}");
}

#[test]
fn the_mistakes_are_answered_as_the_manual_says() {
    let fleet = fleet();
    let lines = block("mistake");
    assert!(lines.len() >= 20);
    for pair in lines.chunks(2) {
        let [query, answer] = pair else { panic!("{pair:?}") };
        let (before, says) = answer.split_once("^ ").unwrap();
        let error = Query::parse(query).and_then(|query| fleet.ask(|context| filter::select(context, &query, day())));
        let Err(Error::Invalid { param: "q", position: Some(position), message }) = error else {
            panic!("{query}: {error:?}");
        };
        assert!(message.starts_with(says), "{query}: {message}");
        assert_eq!(position, before.chars().count(), "{query}");
    }
}

#[test]
fn what_may_stand_at_the_cursor_is_suggested_with_its_count() {
    let fleet = fleet();
    let complete = |q: &str, cursor: Option<&str>| {
        let found = fleet.ask(|context| completion::complete(context, q, cursor)).unwrap();
        let texts: Vec<String> = found
            .items
            .iter()
            .map(|item| match item.count {
                Some(Counted::Errors(count)) => format!("{} {count} errors", item.text),
                Some(Counted::Targets(count)) => format!("{} {count} targets", item.text),
                None => item.text.clone(),
            })
            .collect();
        (found.start, found.end, found.key, texts)
    };
    let check = |q: &str, cursor: Option<&str>, place: (usize, usize), key: Option<&str>, items: &[&str]| {
        let (start, end, found_key, found) = complete(q, cursor);
        assert_eq!((start, end), place, "{q}");
        assert_eq!(found_key.as_deref(), key, "{q}");
        assert_eq!(found, items, "{q}");
    };
    let (start, end, key, all) = complete("", None);
    assert_eq!((start, end, key), (0, 0, None));
    assert_eq!(all.iter().filter(|text| text.contains("label.team: 4 errors")).count(), 1, "{all:?}");
    assert!(all.contains(&"target.zone: 6 targets".to_owned()) && all.contains(&"service:".to_owned()), "{all:?}");
    check("se", None, (0, 2), None, &["service:", "severity:", "cause:", "first_seen:", "last_seen:"]);
    check(
        "service:",
        None,
        (8, 8),
        Some("service"),
        &["billing 2 errors", "checkout 2 errors", "mailer 1 errors", "search 1 errors"],
    );
    check("a -(service:ch OR b)", Some("14"), (12, 14), Some("service"), &["checkout 2 errors", "search 1 errors"]);
    check("service:checkout is:n", Some("10"), (8, 16), Some("service"), &["checkout 2 errors", "search 1 errors"]);
    check("level:e", None, (6, 7), Some("level"), &["error 5 errors"]);
    check("is:ne", None, (3, 5), Some("is"), &["new 3 errors"]);
    check("label.team:p", None, (11, 12), Some("label.team"), &["payments 3 errors"]);
    check("target.zone:eu", None, (12, 14), Some("target.zone"), &["eu-1 2 targets", "eu-2 1 targets"]);
    check("class:\"java.io", None, (6, 14), Some("class"), &["java.io.IOException 1 errors"]);
    check(
        "class:\"java.io\" x",
        Some("12"),
        (6, 15),
        Some("class"),
        &["java.io.IOException 1 errors", "java.sql.SQLTimeoutException 1 errors"],
    );
    check("has:label", None, (4, 9), Some("has"), &["label.team 4 errors", "label"]);
    check("assignee:", None, (9, 9), Some("assignee"), &["ada 1 errors", "bob 1 errors", "me"]);
    check("größe ser", None, (6, 9), None, &["service:"]);
    check("stack:x", None, (6, 7), Some("stack"), &[]);
    check("first_seen:>-2", None, (11, 14), Some("first_seen"), &[">-24h"]);
    let error = fleet.ask(|context| completion::complete(context, "abc", Some("4"))).unwrap_err();
    assert_eq!(error.to_string(), "cursor is to be a whole number from 0 to 3, not \"4\"");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_completed_at_any_place(q in "[a-z:\"\\\\()* -]{0,20}|.{0,20}", at in 0usize..21) {
        let fleet = Fleet::new(Vec::new());
        let chars = q.chars().count();
        let found = fleet.ask(|context| completion::complete(context, &q, Some(&at.min(chars).to_string()))).unwrap();
        prop_assert!(found.start <= at.min(chars) && at.min(chars) <= found.end && found.end <= chars);
    }
}
