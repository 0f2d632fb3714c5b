//! Answers from a real store, judged by a plain list of what happened.

mod manual;
mod summer_time;

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use tempfile::TempDir;

use super::cursor::Cursor;
use super::group::By;
use super::list::{self, Sort};
use super::matcher::Query;
use super::{Context, Error, distribution, label, occurrence, range, service, target, time, top};
use crate::model::aggregate::Aggregate;
use crate::model::aggregate_set::AggregateSet;
use crate::model::id::{AggregateId, ServiceId, TargetId};
use crate::model::label::Labels;
use crate::model::occurrence::{Exception, Occurrence};
use crate::model::series::{Buckets, Count};
use crate::model::severity::Severity;
use crate::model::target::{ServiceTargets, Target};
use crate::model::time::{Millis, TimeRange, Timestamp};
use crate::model::triage::{Triage, Turn};
use crate::query::escalation::Escalations;
use crate::search::Index;
use crate::store::{
    AggregateChange, Baseline, Draft, Edit, InstanceKey, Outcome, Placement, ScrapeChange, Span, Store,
};

pub(super) const NOW: Timestamp = Timestamp(1_795_168_800_000);
pub(super) const MINUTE: i64 = 60_000;
pub(super) const HOUR: i64 = 60 * MINUTE;

/// One delta, as it is told to the store and as the plain model remembers it.
#[derive(Debug, Clone)]
pub(super) struct Delta {
    pub(super) service: &'static str,
    pub(super) instance: &'static str,
    pub(super) key: &'static str,
    pub(super) at: i64,
    /// Begin of the gap before `at`; the same as `at` for a count whose time is known.
    pub(super) from: i64,
    pub(super) count: u64,
}

pub(super) fn delta(service: &'static str, instance: &'static str, key: &'static str, at: i64, count: u64) -> Delta {
    Delta { service, instance, key, at, from: at, count }
}

/// Instances `a1` and `b1` have version 1, others version 2; those of zone-less `b…` have no zone.
fn labels_of(instance: &str) -> Labels {
    let version = if instance.ends_with('1') { "1.0" } else { "2.0" };
    let zone = if instance.starts_with('b') { "" } else { "north" };
    Labels::from_pairs([("instance", instance), ("version", version), ("zone", zone)])
}

fn severity_of(key: &str) -> Severity {
    if key.starts_with("Slow") { Severity::Warning } else { Severity::Error }
}

fn target_of(service: &str, instance: &str) -> Target {
    Target {
        service: service.to_owned(),
        labels: labels_of(instance),
        discovered_labels: Labels::from_pairs([("__address__", instance)]),
        address: format!("{instance}:80"),
        url: format!("http://{instance}:80/-/exceptions"),
        scrape_interval: Millis::from_seconds(15),
        scrape_timeout: Millis::from_seconds(10),
    }
}

pub(super) struct Fleet {
    pub(super) store: Store,
    pub(super) discovered: Vec<Arc<ServiceTargets>>,
    pub(super) deltas: Vec<Delta>,
    directory: TempDir,
}

impl Fleet {
    pub(super) fn new(deltas: Vec<Delta>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        let mut totals: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        let mut active: BTreeMap<&str, BTreeMap<&str, Arc<Target>>> = BTreeMap::new();
        for delta in &deltas {
            let total = totals.entry((delta.instance, delta.key)).or_default();
            *total += delta.count;
            write(&store, delta, *total);
            let targets = active.entry(delta.service).or_default();
            targets.insert(delta.instance, Arc::new(target_of(delta.service, delta.instance)));
        }
        let mut discovered: Vec<Arc<ServiceTargets>> = active
            .into_iter()
            .map(|(service, targets)| {
                let active = targets.into_values().collect();
                Arc::new(ServiceTargets { service: service.to_owned(), active, ..ServiceTargets::default() })
            })
            .collect();
        let dropped = vec![Labels::from_pairs([("__address__", "gone:80")])];
        discovered.push(Arc::new(ServiceTargets {
            service: "idle".to_owned(),
            active: vec![Arc::new(target_of("idle", "i1"))],
            dropped,
            dropped_total: 3,
        }));
        Self { store, discovered, deltas, directory }
    }

    /// Three services over the last hours.
    pub(super) fn usual() -> Self {
        Self::new(vec![
            delta("checkout", "a1", "Timeout@1", NOW.0 - 30 * HOUR, 7),
            delta("checkout", "a1", "Timeout@1", NOW.0 - 5 * HOUR, 10),
            delta("checkout", "a2", "Timeout@1", NOW.0 - 3 * HOUR, 20),
            delta("checkout", "b1", "Refused@2", NOW.0 - 2 * HOUR, 5),
            delta("search", "a3", "SlowQuery@3", NOW.0 - 90 * MINUTE, 100),
            delta("search", "b4", "Timeout@4", NOW.0 - HOUR, 1),
            delta("billing", "a5", "Refused@5", NOW.0 - 10 * MINUTE, 50),
            delta("billing", "a5", "Rounding@6", NOW.0 - MINUTE, 3),
        ])
    }

    pub(super) fn ask<T>(&self, question: impl FnOnce(&Context<'_>) -> Result<T, Error>) -> Result<T, Error> {
        self.asked(NOW, question)
    }

    /// As [`Fleet::ask`], when it is `now`.
    pub(super) fn asked<T>(
        &self,
        now: Timestamp,
        question: impl FnOnce(&Context<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let view = self.store.view().unwrap();
        let index = Index::new(self.directory.path()).snapshot();
        question(&Context {
            view: &view,
            index: &index,
            now,
            discovered: &self.discovered,
            me: "ada",
            new_for: Millis::from_seconds(86_400),
            escalations: &Escalations::default(),
        })
    }

    pub(super) fn list(&self, change: impl FnOnce(&mut list::Request<'_>)) -> list::Page {
        self.listed("", change)
    }

    pub(super) fn listed(&self, query: &str, change: impl FnOnce(&mut list::Request<'_>)) -> list::Page {
        let query = Query::parse(query).unwrap();
        let mut request = list::Request {
            query: &query,
            range: day(),
            only: None,
            all: false,
            sort: Sort::LastSeen,
            cursor: None,
            limit: 100,
            sparkline: 0,
            order: false,
        };
        change(&mut request);
        self.ask(|context| list::page(context, &request)).unwrap()
    }

    pub(super) fn keys(&self, query: &str) -> Vec<String> {
        let mut keys: Vec<String> =
            self.listed(query, |request| request.all = true).items.into_iter().map(|item| item.aggregate.key).collect();
        keys.sort();
        keys
    }

    pub(super) fn top(&self, query: &str, by: &str, limit: usize, range: TimeRange) -> Result<top::Answer, Error> {
        let query = Query::parse(query)?;
        let by = By::parse(Some(by))?;
        self.ask(|context| top::answer(context, &query, &by, limit, range))
    }

    pub(super) fn range(&self, query: &str, by: &str, top: usize, buckets: Buckets, cells_max: usize) -> range::Answer {
        let (query, by) = (Query::parse(query).unwrap(), By::parse(Some(by)).unwrap());
        let request = range::Request { query: &query, by: &by, top, range: buckets.range(), buckets };
        self.ask(|context| range::answer_within(context, &request, cells_max)).unwrap()
    }
}

pub(super) fn day() -> TimeRange {
    TimeRange { start: Timestamp(NOW.0 - 24 * HOUR), end: NOW }
}

fn write(store: &Store, delta: &Delta, total: u64) {
    let mut draft = store.draft();
    add(&mut draft, delta, total);
    let commit = draft.finish();
    store.commit(commit).unwrap();
}

fn add(draft: &mut Draft<'_>, delta: &Delta, total: u64) {
    let service = draft.service(delta.service);
    let target = draft.target(service, &target_of(delta.service, delta.instance));
    let instance = draft.instance(service, InstanceKey::Uuid(delta.instance.to_owned()), target);
    let at = Timestamp(delta.at);
    let class = delta.key.split('@').next().unwrap().to_owned();
    let message = format!("it went wrong in {}", delta.service);
    let aggregate = draft.find_aggregate(service, delta.key).unwrap_or_else(|| {
        draft.add_aggregate(Aggregate {
            id: AggregateId(0),
            service,
            key: delta.key.to_owned(),
            class: class.clone(),
            message: message.clone(),
            severity: severity_of(delta.key),
            first_seen: at,
            last_seen: at,
            total: 0,
            triage: Triage::default(),
        })
    });
    let span = (delta.from < delta.at).then_some(Span { from: Timestamp(delta.from), to: at, count: delta.count });
    let points = if span.is_none() { vec![(at, delta.count)] } else { Vec::new() };
    let occurrence = Occurrence {
        uuid: format!("{}-{}", delta.key, delta.at),
        timestamp: Some(at),
        severity: severity_of(delta.key),
        exception: Exception { class, message, ..Exception::default() },
        http: None,
    };
    let change = AggregateChange {
        aggregate,
        baseline: Baseline { total, created_at: None, samples: vec![occurrence.identity()] },
        placement: Placement { points, span },
        severity: severity_of(delta.key),
        first_seen: at,
        last_seen: Some(at),
        occurrences: vec![occurrence],
    };
    draft.scraped(ScrapeChange {
        target,
        at,
        interval: Millis::from_seconds(15),
        duration: Millis(20),
        body_bytes: 1000,
        outcome: Outcome::Up { instance, keys: 0, watched_from: None, changes: vec![change] },
    });
}

#[test]
fn a_list_has_what_happened_in_the_range_in_its_order() {
    let fleet = Fleet::usual();
    for (sort, keys) in [
        (Sort::LastSeen, ["Rounding@6", "Refused@5", "Timeout@4", "SlowQuery@3", "Refused@2", "Timeout@1"]),
        (Sort::FirstSeen, ["Rounding@6", "Refused@5", "Timeout@4", "SlowQuery@3", "Refused@2", "Timeout@1"]),
        (Sort::Count, ["SlowQuery@3", "Refused@5", "Timeout@1", "Refused@2", "Rounding@6", "Timeout@4"]),
        (Sort::Trend, ["SlowQuery@3", "Refused@5", "Timeout@1", "Refused@2", "Rounding@6", "Timeout@4"]),
    ] {
        let page = fleet.list(|request| request.sort = sort);
        let listed: Vec<&str> = page.items.iter().map(|item| item.aggregate.key.as_str()).collect();
        assert_eq!((listed.as_slice(), page.total, page.next), (keys.as_slice(), 6, None), "{}", sort.name());
    }
    let hour = TimeRange { start: Timestamp(NOW.0 - HOUR), end: NOW };
    let page = fleet.list(|request| request.range = hour);
    assert_eq!(page.total, 3);
    let all = fleet.list(|request| (request.range, request.all) = (hour, true));
    assert_eq!(all.total, 6);
    let timeout = all.items.iter().find(|item| item.aggregate.key == "Timeout@1").unwrap();
    assert_eq!((timeout.count.total, timeout.aggregate.total, timeout.new), (0, 37, false));
    let rounding = all.items.iter().find(|item| item.aggregate.key == "Rounding@6").unwrap();
    assert_eq!((rounding.count.total, rounding.new, rounding.service.as_str()), (3, true, "billing"));
}

#[test]
fn trend_compares_with_the_range_before() {
    let fleet = Fleet::new(vec![
        delta("checkout", "a1", "Falling@1", NOW.0 - 3 * HOUR, 100),
        delta("checkout", "a1", "Steady@2", NOW.0 - 3 * HOUR, 50),
        delta("checkout", "a1", "Falling@1", NOW.0 - HOUR, 90),
        delta("checkout", "a1", "Steady@2", NOW.0 - HOUR, 50),
        delta("checkout", "a1", "Rising@3", NOW.0 - HOUR, 40),
    ]);
    let range = TimeRange { start: Timestamp(NOW.0 - 2 * HOUR), end: NOW };
    let page = fleet.list(|request| (request.range, request.sort) = (range, Sort::Trend));
    let keys: Vec<&str> = page.items.iter().map(|item| item.aggregate.key.as_str()).collect();
    assert_eq!(keys, ["Rising@3", "Steady@2", "Falling@1"]);
}

#[test]
fn pages_hold_each_item_once_whatever_the_order() {
    let fleet = Fleet::usual();
    for sort in Sort::ALL {
        let whole = fleet.list(|request| request.sort = sort);
        let (mut cursor, mut items) = (None, Vec::new());
        loop {
            let page = fleet.list(|request| (request.sort, request.limit, request.cursor) = (sort, 2, cursor));
            assert_eq!(page.total, 6);
            items.extend(page.items);
            match page.next {
                Some(next) => cursor = Some(Cursor::decode(&next.encode(), sort).unwrap()),
                None => break,
            }
        }
        assert_eq!(items, whole.items, "{}", sort.name());
    }
}

#[test]
fn the_order_names_what_is_on_all_pages_and_some_are_asked_for_by_id() {
    let fleet = Fleet::usual();
    for sort in Sort::ALL {
        let whole = fleet.list(|request| request.sort = sort);
        let ids: Vec<AggregateId> = whole.items.iter().map(|item| item.aggregate.id).collect();
        assert_eq!(whole.order, None);
        let page = fleet.list(|request| (request.sort, request.limit, request.order) = (sort, 2, true));
        let second = fleet
            .list(|request| (request.sort, request.limit, request.order, request.cursor) = (sort, 2, true, page.next));
        assert_eq!((page.order.as_ref(), second.order.as_ref()), (Some(&ids), Some(&ids)), "{}", sort.name());
        assert_eq!((&page.items[..], &second.items[..]), (&whole.items[..2], &whole.items[2..4]));
        let some = fleet.list(|request| {
            (request.sort, request.only) = (sort, Some([ids[4], ids[1]].into_iter().collect()));
        });
        assert_eq!(some.total, 2);
        assert_eq!(some.items, [whole.items[1].clone(), whole.items[4].clone()], "{}", sort.name());
    }
    let page = fleet.listed("service:checkout", |request| request.only = Some(AggregateSet::new()));
    assert_eq!((page.total, page.items.len()), (0, 0));
    let everywhere = fleet.listed("target.zone:north", |request| request.all = true);
    let only = Some(everywhere.items.iter().take(1).map(|item| item.aggregate.id).collect());
    let one = fleet.listed("target.zone:north", |request| (request.all, request.only) = (true, only));
    assert_eq!(one.items, everywhere.items[..1], "counted at other targets than in the whole list");
}

#[test]
fn filters_select_what_they_say() {
    let fleet = Fleet::usual();
    for (query, keys) in [
        ("service:checkout", vec!["Refused@2", "Timeout@1"]),
        ("service:*c*", vec!["Refused@2", "SlowQuery@3", "Timeout@1", "Timeout@4"]),
        ("-service:checkout -service:search", vec!["Refused@5", "Rounding@6"]),
        ("service:checkout service:search", vec![]),
        ("service:idle", vec![]),
        ("severity:warning", vec!["SlowQuery@3"]),
        ("-level:warning class:T*", vec!["Timeout@1", "Timeout@4"]),
        ("is:open", vec!["Refused@2", "Refused@5", "Rounding@6", "SlowQuery@3", "Timeout@1", "Timeout@4"]),
        ("is:resolved", vec![]),
        ("-is:new", vec!["Timeout@1"]),
        ("is:regressed", vec![]),
        ("key:Refused@2", vec!["Refused@2"]),
        ("message:*billing", vec!["Refused@5", "Rounding@6"]),
        ("class:Refused OR class:Rounding", vec!["Refused@2", "Refused@5", "Rounding@6"]),
        ("service:checkout (class:Refused OR service:search)", vec!["Refused@2"]),
        ("service:checkout class:Refused OR service:search", vec!["Refused@2", "SlowQuery@3", "Timeout@4"]),
        ("-(service:checkout OR class:R*)", vec!["SlowQuery@3", "Timeout@4"]),
        ("NOT (severity:error service:checkout) NOT service:billing", vec!["SlowQuery@3", "Timeout@4"]),
        ("first_seen:<-24h", vec!["Timeout@1"]),
        ("first_seen:>-1h30m1s last_seen:<=-1h", vec!["SlowQuery@3", "Timeout@4"]),
        ("last_seen:>2026-11-20T09:55:00Z", vec!["Rounding@6"]),
        ("count:>=50", vec!["Refused@5", "SlowQuery@3"]),
        ("count:5 OR count:<=1", vec!["Refused@2", "Timeout@4"]),
        ("has:message -has:stack count:<5", vec!["Rounding@6", "Timeout@4"]),
        ("-has:target.zone", vec!["Refused@2", "SlowQuery@3", "Timeout@1", "Timeout@4"]),
        ("aggregate:1 OR aggregate:2", vec!["Refused@2", "SlowQuery@3"]),
        ("\"WRONG in search\"", vec!["SlowQuery@3", "Timeout@4"]),
        ("timeout -search", vec!["Timeout@1"]),
        ("aggregate:1", vec!["Refused@2"]),
        ("-aggregate:1 service:checkout", vec!["Timeout@1"]),
        ("aggregate:1 aggregate:2", vec![]),
        ("target.version:1.0", vec!["Refused@2", "Timeout@1"]),
    ] {
        assert_eq!(fleet.keys(query), keys, "{query}");
    }
}

#[test]
fn target_terms_restrict_what_is_counted() {
    let fleet = Fleet::usual();
    for (query, total) in [
        ("", 189),
        ("target.version:1.0", 15),
        ("-target.version:1.0", 174),
        ("target.zone:\"\"", 6),
        ("target.zone:*", 183),
        ("-target.zone:*", 6),
        ("target.instance:a* service:checkout", 30),
        ("target.instance:a1 class:Timeout", 10),
        ("target.instance:a1 target.instance:a2", 0),
        ("target.instance:a1 OR target.instance:a2", 30),
        ("target.version:1.0 OR target.zone:north", 188),
        ("-(target.version:1.0 OR target.zone:north)", 1),
        ("service:search OR target.version:1.0", 116),
        ("(service:checkout target.zone:north) OR (service:search -target.zone:north)", 31),
        ("has:target.zone count:>=35", 150),
    ] {
        for by in ["", "service", "severity", "aggregate", "target.instance"] {
            assert_eq!(fleet.top(query, by, 100, day()).unwrap().total.total, total, "{query} by {by}");
        }
    }
}

#[test]
fn names_that_nobody_knows_are_mistakes_with_their_place() {
    let fleet = Fleet::usual();
    for (query, position, says) in [
        (
            "service:chekout",
            8,
            "there is no service \"chekout\"; did you mean \"checkout\"?; known: billing, checkout, idle",
        ),
        ("x -target.vers:1", 3, "no target has a label \"vers\"; known: instance, version, zone"),
        ("label.team:x", 0, "no error has a label \"team\"; none is known yet"),
        ("has:label.team", 4, "no error has a label \"team\"; none is known yet"),
        ("timeout OR (service:search has:target.zne)", 31, "no target has a label \"zne\"; did you mean \"zone\"?"),
        ("aggregate:99", 10, "there is no aggregate 99"),
    ] {
        let Err(Error::Invalid { param: "q", position: Some(at), message }) = fleet.top(query, "", 1, day()) else {
            panic!("{query} was taken");
        };
        assert_eq!(at, position, "{query}");
        assert!(message.starts_with(says), "{message}");
    }
    let by = fleet.top("", "target.versoin", 1, day()).unwrap_err();
    assert!(by.to_string().contains("did you mean \"version\""), "{by}");
}

#[test]
fn groups_have_their_labels_and_what_lacks_one_has_none() {
    let fleet = Fleet::usual();
    let named = |by: &str| -> Vec<(String, u64)> {
        let groups = fleet.top("", by, 100, day()).unwrap().groups;
        groups.into_iter().map(|group| (group.labels.to_string(), group.count.total)).collect()
    };
    let text = |pairs: &[(&str, u64)]| -> Vec<(String, u64)> {
        pairs.iter().map(|(labels, count)| ((*labels).to_owned(), *count)).collect()
    };
    assert_eq!(named(""), text(&[("{}", 189)]));
    assert_eq!(
        named("service"),
        text(&[("{service=\"search\"}", 101), ("{service=\"billing\"}", 53), ("{service=\"checkout\"}", 35)])
    );
    assert_eq!(named("severity"), text(&[("{severity=\"warning\"}", 100), ("{severity=\"error\"}", 89)]));
    assert_eq!(named("state"), text(&[("{state=\"open\"}", 189)]));
    assert_eq!(named("target.zone"), text(&[("{target.zone=\"north\"}", 183), ("{}", 6)]));
    let first = &fleet.top("", "aggregate", 1, day()).unwrap();
    assert_eq!(
        first.groups[0].labels.to_string(),
        r#"{aggregate="2", class="SlowQuery", message="it went wrong in search", service="search"}"#
    );
    assert_eq!((first.other.total, first.total.total), (89, 189));
}

#[test]
fn a_range_has_whole_buckets_tops_others_and_a_total() {
    let fleet = Fleet::usual();
    let buckets = time::aligned(day(), Millis(HOUR), Millis(0));
    let answer = fleet.range("", "service", 1, buckets, usize::MAX);
    assert_eq!(answer.series.len(), 1);
    assert_eq!(answer.series[0].labels.get("service"), Some("search"));
    assert_eq!(answer.series[0].sum.total, 101);
    assert_eq!(answer.other.as_ref().unwrap().sum.total, 88);
    assert_eq!(answer.total.sum, Count { total: 189, estimated: 0 });
    assert!(answer.total.estimated.is_empty());
    assert_eq!(answer.total.counts[23], 1 + 50 + 3);
    assert_eq!(answer.coverage.len(), 24);
}

#[test]
fn a_gap_draws_no_spike_and_says_what_is_estimated() {
    let night = Delta { from: NOW.0 - 10 * HOUR, ..delta("checkout", "a1", "Timeout@1", NOW.0 - 2 * HOUR, 800) };
    let fleet = Fleet::new(vec![night]);
    let buckets = time::aligned(day(), Millis(HOUR), Millis(0));
    for by in ["", "service", "aggregate", "target.instance"] {
        let answer = fleet.range("", by, 10, buckets, usize::MAX);
        assert_eq!(answer.total.sum, Count { total: 800, estimated: 800 }, "{by}");
        assert_eq!(answer.total.counts.iter().max(), Some(&100), "{by}");
        assert_eq!(answer.total.estimated, answer.total.counts, "{by}");
    }
    // The gap lies within the day: that it happened in the day is no estimate.
    let day_long = fleet.top("", "", 1, day()).unwrap();
    assert_eq!(day_long.total, Count { total: 800, estimated: 0 });
}

#[test]
fn services_are_there_from_their_configuration_on() {
    let fleet = Fleet::usual();
    let services = fleet.ask(|context| service::list(context, day())).unwrap();
    let names: Vec<&str> = services.iter().map(|service| service.name.as_str()).collect();
    assert_eq!(names, ["billing", "checkout", "idle", "search"]);
    let [billing, checkout, idle, _] = services.as_slice() else { panic!() };
    assert_eq!((billing.count.total, billing.new, billing.open, billing.aggregates), (53, 2, 2, 2));
    assert!((billing.rate_per_second - 0.01).abs() < 1e-9);
    assert_eq!(billing.sparkline.counts.iter().sum::<u64>(), 53);
    assert_eq!((checkout.targets_up, checkout.targets_total, checkout.new), (3, 3, 1));
    assert_eq!(checkout.last_scrape, Some(Timestamp(NOW.0 - 2 * HOUR)));
    assert_eq!((idle.targets_up, idle.targets_total, idle.last_scrape), (0, 1, None));
}

#[test]
fn targets_are_what_discovery_lists_with_what_is_stored_of_them() {
    let fleet = Fleet::usual();
    let list = fleet.ask(|context| target::list(context, target::State::Any, None)).unwrap();
    assert_eq!((list.active.len(), list.dropped.len(), list.dropped_total), (7, 1, 3));
    let idle = list.active.iter().find(|active| active.service == "idle").unwrap();
    assert_eq!((idle.id, idle.health.up), (None, None));
    let known = list.active.iter().find(|active| active.target.address == "a1:80").unwrap();
    assert_eq!((known.id, known.health.up), (Some(TargetId(0)), Some(true)));
    let checkout = fleet.ask(|context| target::list(context, target::State::Active, Some("checkout"))).unwrap();
    assert_eq!((checkout.active.len(), checkout.dropped_total), (3, 0));
    let error = fleet.ask(|context| target::list(context, target::State::Any, Some("idel"))).unwrap_err();
    assert!(error.to_string().contains("did you mean \"idle\""), "{error}");
    let history = fleet.ask(|context| target::history(context, TargetId(0), day())).unwrap();
    assert_eq!((history.service.as_str(), history.spans.iter().all(|span| span.up)), ("checkout", true));
    let missing = fleet.ask(|context| target::history(context, TargetId(99), day())).unwrap_err();
    assert_eq!(missing.to_string(), "there is no target 99");
}

#[test]
fn a_distribution_adds_up_in_each_of_its_dimensions() {
    let fleet = Fleet::usual();
    let timeout = fleet.list(|_| ()).items.into_iter().find(|item| item.aggregate.key == "Timeout@1").unwrap();
    let found = fleet.ask(|context| distribution::answer(context, timeout.aggregate.id, day())).unwrap();
    assert_eq!(found.total, 30);
    let labels: Vec<&str> = found.dimensions.iter().map(|dimension| dimension.label.as_str()).collect();
    assert_eq!(labels, ["target.instance", "target.version", "target.zone"]);
    for dimension in &found.dimensions {
        assert_eq!(dimension.values.iter().map(|(_, count)| count).sum::<u64>() + dimension.other, 30);
    }
    assert_eq!(found.dimensions[1].values, [("2.0".to_owned(), 20), ("1.0".to_owned(), 10)]);
    let missing = fleet.ask(|context| distribution::answer(context, AggregateId(99), day())).unwrap_err();
    assert_eq!(missing.to_string(), "there is no aggregate 99");
}

#[test]
fn labels_and_their_values_are_what_targets_have() {
    let fleet = Fleet::usual();
    let names = fleet.ask(|context| Ok(label::names(context))).unwrap();
    assert_eq!(names, ["target.instance", "target.version", "target.zone"]);
    let values = fleet.ask(|context| label::values(context, "target.version")).unwrap();
    assert_eq!(values, (vec!["1.0".to_owned(), "2.0".to_owned()], false));
    let missing = fleet.ask(|context| label::values(context, "target.versin")).unwrap_err();
    assert!(missing.to_string().contains("did you mean \"target.version\""), "{missing}");
}

#[test]
fn samples_are_paged_newest_first_and_found_by_id() {
    let fleet =
        Fleet::new((0..5).map(|n| delta("checkout", "a1", "Timeout@1", NOW.0 - HOUR + n * MINUTE, 1)).collect());
    let id = AggregateId(0);
    let (mut cursor, mut uuids, mut ids) = (None, Vec::new(), Vec::new());
    loop {
        let page = fleet.ask(|context| occurrence::page(context, id, cursor.as_deref(), 2)).unwrap();
        ids.extend(page.items.iter().map(|item| item.stored.id));
        uuids.extend(page.items.iter().map(|item| item.stored.occurrence.timestamp.unwrap().0));
        match page.next {
            Some(next) => cursor = Some(next.to_string()),
            None => break,
        }
    }
    assert_eq!(uuids, (0..5).rev().map(|n| NOW.0 - HOUR + n * MINUTE).collect::<Vec<_>>());
    let detail = fleet.ask(|context| list::one(context, id, day(), 24)).unwrap();
    assert_eq!((detail.first_occurrence, detail.last_occurrence), (ids.last().copied(), ids.first().copied()));
    assert_eq!((detail.item.count.total, detail.item.sparkline.unwrap().counts.iter().sum::<u64>()), (5, 5));
    let detail = fleet.ask(|context| occurrence::one(context, &ids[3].to_string())).unwrap();
    let (one, beside) = (detail.item, detail.neighbours);
    assert_eq!(
        (beside.first, beside.previous, beside.next, beside.last),
        (Some(ids[4]), Some(ids[4]), Some(ids[2]), Some(ids[0]))
    );
    let newest = fleet.ask(|context| occurrence::one(context, &ids[0].to_string())).unwrap().neighbours;
    assert_eq!((newest.previous, newest.next), (Some(ids[1]), None));
    assert_eq!((one.service.as_str(), one.target.get("instance")), ("checkout", Some("a1")));
    for (id, says) in [("1-2-3", "there is no occurrence 1-2-3"), ("x", "there is no occurrence x")] {
        assert_eq!(fleet.ask(|context| occurrence::one(context, id)).unwrap_err().to_string(), says);
    }
    let error = fleet.ask(|context| occurrence::page(context, id, Some("x"), 2)).unwrap_err();
    assert!(matches!(error, Error::Invalid { param: "cursor", .. }));
    assert!(fleet.ask(|context| list::one(context, AggregateId(7), day(), 0)).is_err());
}

#[test]
fn samples_of_one_commit_are_listed_once_whatever_the_order_of_its_scrapes() {
    let names = ["a1", "a2", "a3", "a4"];
    let deltas = |count| names.iter().map(move |name| delta("checkout", name, "Timeout@1", NOW.0 - HOUR, count));
    // The targets get their ids in this order, and then one commit has their scrapes the other way round.
    let fleet = Fleet::new(deltas(1).collect());
    let mut draft = fleet.store.draft();
    for mut one in deltas(1).rev() {
        one.at += MINUTE;
        one.from = one.at;
        add(&mut draft, &one, 2);
    }
    let commit = draft.finish();
    fleet.store.commit(commit).unwrap();
    for limit in 1..=9 {
        let (mut cursor, mut listed) = (None, Vec::new());
        loop {
            let page =
                fleet.ask(|context| occurrence::page(context, AggregateId(0), cursor.as_deref(), limit)).unwrap();
            listed.extend(page.items.iter().map(|item| item.stored.id));
            match page.next {
                Some(next) => cursor = Some(next.to_string()),
                None => break,
            }
        }
        assert_eq!(listed.len(), 8, "pages of {limit}");
        assert!(listed.is_sorted_by(|newer, older| newer > older), "pages of {limit}: {listed:?}");
    }
}

#[test]
fn states_are_sets_to_filter_and_group_by() {
    let fleet = Fleet::usual();
    let mut draft = fleet.store.draft();
    draft.edit(Edit::change([AggregateId(0)].into_iter().collect(), Turn::Resolve, NOW));
    let commit = draft.finish();
    fleet.store.commit(commit).unwrap();
    assert_eq!(fleet.keys("is:resolved"), ["Timeout@1"]);
    assert_eq!(fleet.keys("state:resolved service:search"), Vec::<String>::new());
    let by_state = fleet.top("", "state", 10, day()).unwrap();
    let groups: Vec<(Option<&str>, u64)> =
        by_state.groups.iter().map(|group| (group.labels.get("state"), group.count.total)).collect();
    assert_eq!(groups, [(Some("open"), 159), (Some("resolved"), 30)]);
}

#[test]
fn a_number_out_of_bounds_names_the_parameter_and_its_bounds() {
    assert_eq!(super::number("limit", None, 50, 1, 1000).unwrap(), 50);
    assert_eq!(super::number("limit", Some("7"), 50, 1, 1000).unwrap(), 7);
    for text in ["0", "1001", "-1", "x", "", "1e2", "99999999999999999999"] {
        let error = super::number("limit", Some(text), 50, 1, 1000).unwrap_err();
        assert_eq!(error.to_string(), format!("limit is to be a whole number from 1 to 1000, not {text:?}"));
    }
    assert!(super::flag("all", Some("true")).unwrap() && !super::flag("all", None).unwrap());
    assert_eq!(super::flag("all", Some("yes")).unwrap_err().to_string(), "all is to be true or false, not \"yes\"");
}

/// What a query selects, in the words of the plain model.
type Selects = fn(&Delta) -> bool;

/// Queries that the model knows, too.
const QUERIES: [(&str, Selects); 8] = [
    ("", |_| true),
    ("service:checkout", |delta| delta.service == "checkout"),
    ("-service:checkout", |delta| delta.service != "checkout"),
    ("severity:warning", |delta| delta.key.starts_with("Slow")),
    ("timeout", |delta| delta.key.starts_with("Timeout")),
    ("target.version:2.*", |delta| !delta.instance.ends_with('1')),
    ("-target.zone:* class:*e*", |delta| delta.instance.starts_with('b') && delta.key.contains('e')),
    ("target.version:1.0 service:search severity:error", |delta| {
        delta.instance.ends_with('1') && delta.service == "search" && !delta.key.starts_with("Slow")
    }),
];

const GROUPINGS: [&str; 8] =
    ["", "service", "severity", "state", "aggregate", "target.instance", "target.version", "target.zone"];

fn deltas() -> impl Strategy<Value = Vec<Delta>> {
    let one = (
        prop::sample::select(vec![("checkout", "a1"), ("checkout", "b2"), ("search", "a3"), ("search", "b1")]),
        prop::sample::select(vec!["Timeout@1", "Refused@2", "SlowQuery@3"]),
        0..30 * HOUR,
        prop_oneof![4 => Just(0), 1 => MINUTE..20 * HOUR],
        1u64..1000,
    );
    prop::collection::vec(one, 1..25).prop_map(|mut all| {
        all.sort_by_key(|(_, _, before, _, _)| std::cmp::Reverse(*before));
        // Every service and label is known from long before.
        let known = [("checkout", "a1"), ("checkout", "b2"), ("search", "a3"), ("search", "b1")];
        let known = known.map(|(service, instance)| delta(service, instance, "Timeout@1", NOW.0 - 90 * HOUR, 1));
        let read = |((service, instance), key, before, gap, count)| {
            let at = NOW.0 - before;
            Delta { service, instance, key, at, from: at - gap, count }
        };
        known.into_iter().chain(all.into_iter().map(read)).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_grouped_adds_up_to_what_happened(
        deltas in deltas(), start in 0..40 * HOUR, length in 1..40 * HOUR, step in prop::sample::select(vec![61, 600, 3600, 86_400]),
        sealed in 0..40 * HOUR
    ) {
        let fleet = Fleet::new(deltas);
        fleet.store.seal(Timestamp(NOW.0 - sealed)).unwrap();
        let range = TimeRange { start: Timestamp(NOW.0 - start), end: Timestamp(NOW.0 - start + length) };
        let buckets = time::aligned(range, Millis::from_seconds(step), Millis(0));
        let whole = buckets.range();
        for (query, selects) in QUERIES {
            // What certainly lies in the range, and what may.
            let sum = |holds: &dyn Fn(&Delta) -> bool| -> u64 {
                fleet.deltas.iter().filter(|delta| selects(delta) && holds(delta)).map(|delta| delta.count).sum()
            };
            let inside = |delta: &Delta| whole.start.0 <= delta.from && whole.contains(Timestamp(delta.at));
            let certain = sum(&|delta| inside(delta) && (delta.from == delta.at || whole.start.0 < delta.from));
            let possible = sum(&|delta| delta.at >= whole.start.0 && delta.from < whole.end.0);
            let mut first: Option<range::Answer> = None;
            for by in GROUPINGS {
                let answer = fleet.range(query, by, 2, buckets, usize::MAX);
                prop_assert!((certain..=possible).contains(&answer.total.sum.total),
                    "{query} by {by}: {certain} <= {} <= {possible}", answer.total.sum.total);
                prop_assert!(answer.total.sum.estimated <= answer.total.sum.total);
                let two_passes = fleet.range(query, by, 2, buckets, 0);
                prop_assert_eq!(&two_passes, &answer, "{} by {} in two passes", query, by);
                let first = first.get_or_insert_with(|| answer.clone());
                prop_assert_eq!(&answer.total, &first.total, "{} by {}", query, by);
                prop_assert_eq!(&answer.coverage, &first.coverage);
                let top = fleet.top(query, by, 2, whole).unwrap();
                prop_assert_eq!(top.total.total, answer.total.sum.total, "{} by {}", query, by);
            }
            let listed: u64 = fleet.listed(query, |request| request.range = whole).items.iter().map(|item| item.count.total).sum();
            prop_assert_eq!(Some(listed), first.map(|answer| answer.total.sum.total));
        }
    }
}

#[test]
fn a_service_configured_no_more_is_listed_while_it_has_counts() {
    let mut fleet = Fleet::usual();
    fleet.discovered.clear();
    let services = fleet.ask(|context| service::list(context, day())).unwrap();
    assert_eq!(services.len(), 3);
    let minute = TimeRange { start: Timestamp(NOW.0 - 2 * MINUTE), end: NOW };
    let services = fleet.ask(|context| service::list(context, minute)).unwrap();
    assert_eq!(services.iter().map(|service| service.name.as_str()).collect::<Vec<_>>(), ["billing"]);
    assert_eq!(fleet.ask(|context| Ok(context.view.service("search"))).unwrap(), Some(ServiceId(1)));
}
