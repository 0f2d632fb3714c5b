//! What queries select, judged by a plain look at each delta.

use proptest::prelude::*;

use super::*;
use crate::model::id::{AggregateId, TargetId};
use crate::model::time::{Millis, Timestamp};
use crate::query::tests::{Delta, Fleet, HOUR, NOW, day, delta};
use crate::query::time;
use crate::store::Hit;

/// A query and what it means.
#[derive(Debug, Clone)]
enum Tree {
    Leaf(usize),
    Not(Box<Tree>),
    And(Vec<Tree>),
    Or(Vec<Tree>),
}

type Holds = fn(&Delta, &[Delta]) -> bool;

const LEAVES: [(&str, Holds); 12] = [
    ("service:checkout", |delta, _| delta.service == "checkout"),
    ("service:*", |_, _| true),
    ("severity:warning", |delta, _| delta.key.starts_with("Slow")),
    ("class:*e*", |delta, _| delta.key.contains('e')),
    ("key:Refused@2", |delta, _| delta.key == "Refused@2"),
    ("timeout", |delta, _| delta.key.starts_with("Timeout")),
    ("target.version:2.*", |delta, _| !delta.instance.ends_with('1')),
    ("has:target.zone", |delta, _| !delta.instance.starts_with('b')),
    ("target.instance:a1", |delta, _| delta.instance == "a1"),
    ("is:regressed", |_, _| false),
    ("count:>500", |delta, all| sum(all.iter().filter(|other| alike(delta, other) && in_day(other))) > 500),
    ("first_seen:<-3d", |delta, all| all.iter().any(|other| alike(delta, other) && other.at < NOW.0 - 72 * HOUR)),
];

fn alike(one: &Delta, other: &Delta) -> bool {
    (one.service, one.key) == (other.service, other.key)
}

fn in_day(delta: &Delta) -> bool {
    day().contains(Timestamp(delta.at))
}

fn sum<'a>(deltas: impl Iterator<Item = &'a Delta>) -> u64 {
    deltas.map(|delta| delta.count).sum()
}

impl Tree {
    fn text(&self) -> String {
        let list = |trees: &[Tree], between: &str| {
            let texts: Vec<String> = trees.iter().map(|tree| format!("({})", tree.text())).collect();
            texts.join(between)
        };
        match self {
            Self::Leaf(index) => LEAVES[*index].0.to_owned(),
            Self::Not(tree) => format!("NOT ({})", tree.text()),
            Self::And(trees) => list(trees, " "),
            Self::Or(trees) => list(trees, " OR "),
        }
    }

    fn holds(&self, delta: &Delta, all: &[Delta]) -> bool {
        match self {
            Self::Leaf(index) => (LEAVES[*index].1)(delta, all),
            Self::Not(tree) => !tree.holds(delta, all),
            Self::And(trees) => trees.iter().all(|tree| tree.holds(delta, all)),
            Self::Or(trees) => trees.iter().any(|tree| tree.holds(delta, all)),
        }
    }
}

fn tree() -> impl Strategy<Value = Tree> {
    (0..LEAVES.len()).prop_map(Tree::Leaf).prop_recursive(4, 12, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|tree| Tree::Not(Box::new(tree))),
            prop::collection::vec(inner.clone(), 1..4).prop_map(Tree::And),
            prop::collection::vec(inner, 1..4).prop_map(Tree::Or),
        ]
    })
}

fn deltas() -> impl Strategy<Value = Vec<Delta>> {
    let one = (
        prop::sample::select(vec![("checkout", "a1"), ("checkout", "b2"), ("search", "a3"), ("search", "b1")]),
        prop::sample::select(vec!["Timeout@1", "Refused@2", "SlowQuery@3"]),
        1..48 * HOUR,
        1u64..600,
    );
    prop::collection::vec(one, 1..20).prop_map(|mut all| {
        all.sort_by_key(|(_, _, before, _)| std::cmp::Reverse(*before));
        let known = [("checkout", "a1"), ("checkout", "b2"), ("search", "a3"), ("search", "b1")];
        let known = known.map(|(service, instance)| delta(service, instance, "Timeout@1", NOW.0 - 90 * HOUR, 1));
        let read = |((service, instance), key, before, count)| delta(service, instance, key, NOW.0 - before, count);
        known.into_iter().chain(all.into_iter().map(read)).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, max_shrink_iters: 50, ..ProptestConfig::default() })]

    #[test]
    fn any_tree_counts_the_deltas_for_which_it_holds(
        deltas in deltas(), trees in prop::collection::vec(tree(), 24), sealed in 0..60 * HOUR
    ) {
        let fleet = Fleet::new(deltas);
        fleet.store.seal(Timestamp(NOW.0 - sealed)).unwrap();
        let buckets = time::aligned(day(), Millis(HOUR), Millis(0));
        for tree in trees {
            let query = tree.text();
            let selected: Vec<&Delta> = fleet.deltas.iter().filter(|delta| tree.holds(delta, &fleet.deltas)).collect();
            let expected = sum(selected.iter().copied().filter(|delta| in_day(delta)));
            for by in ["", "service", "severity", "aggregate", "target.instance"] {
                let top = fleet.top(&query, by, 2, day()).unwrap();
                prop_assert_eq!(top.total.total, expected, "{} by {}", query, by);
            }
            prop_assert_eq!(fleet.range(&query, "service", 5, buckets, usize::MAX).total.sum.total, expected, "{}", query);
            let listed = fleet.listed(&query, |request| request.sparkline = 24);
            let counts: u64 = listed.items.iter().map(|item| item.count.total).sum();
            let sparks: u64 = listed.items.iter().flat_map(|item| &item.sparkline.as_ref().unwrap().counts).sum();
            prop_assert_eq!((counts, sparks), (expected, expected), "{}", query);
            let canonical = Query::parse(&query).unwrap().to_string();
            prop_assert_eq!(fleet.top(&canonical, "", 1, day()).unwrap().total.total, expected, "{}", canonical);
        }
    }
}

#[test]
fn whole_services_stay_whole_whatever_the_tree_is_made_of() {
    let fleet = Fleet::usual();
    for (query, services) in [
        ("", None),
        ("service:*", None),
        ("service:checkout OR service:search", Some(2)),
        ("-(service:checkout service:search)", None),
        ("-(service:checkout OR service:search)", Some(1)),
        ("(service:c* OR service:search) -service:search", Some(1)),
        ("service:checkout (service:checkout OR target.zone:north)", Some(1)),
    ] {
        let query = Query::parse(query).unwrap();
        let selection = fleet.ask(|context| select(context, &query, day())).unwrap();
        assert!(selection.is_whole_services(), "{query}: {selection:?}");
        assert_eq!(selection.services.map(|services| services.len()), services, "{query}");
    }
}

#[test]
fn a_count_without_its_target_is_selected_where_the_target_does_not_matter() {
    let fleet = Fleet::usual();
    let query = Query::parse("service:checkout OR target.zone:north").unwrap();
    let selection = fleet.ask(|context| select(context, &query, day())).unwrap();
    let Targets::Pairs(pairs) = selection.targets else { panic!("{:?}", selection.targets) };
    let checkout = AggregateId(0);
    let search = AggregateId(2);
    assert!(pairs.contains(checkout, Hit::NO_TARGET) && pairs.contains(checkout, TargetId(4)));
    assert!(!pairs.contains(search, Hit::NO_TARGET) && !pairs.contains(search, TargetId(4)));
}
