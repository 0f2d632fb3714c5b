//! What goes because there is too much of it, and what is left then.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use tempfile::TempDir;

use crate::ingest::{Added, Batch};
use crate::model::exposition::{ExposedAggregate, Exposition};
use crate::model::label::Labels;
use crate::model::scrape::Scrape;
use crate::model::series::{Buckets, Count};
use crate::model::severity::Severity;
use crate::model::target::Target;
use crate::model::time::{Millis, Timestamp};
use crate::store::{Limits, Part, Retention, Scan, Split, Store, Surplus};

const HOUR: Millis = Millis::from_seconds(3600);
const DAY: Millis = Millis::from_seconds(86_400);
/// 2026-09-14.
const BEGIN: Timestamp = Timestamp(20_710 * DAY.0);
const KEYS: u64 = 50;

fn retention(time: Millis, rollups: Millis) -> Retention {
    Retention { time, rollups, targets: time, occurrences: time, activity: rollups, instances: rollups }
}

struct Life {
    directory: TempDir,
    store: Store,
    counts: BTreeMap<(usize, u64), u64>,
}

impl Life {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("data")).unwrap();
        Self { directory, store, counts: BTreeMap::new() }
    }

    fn reopen(self) -> Self {
        let Self { directory, store, counts } = self;
        drop(store);
        let store = Store::open(&directory.path().join("data")).unwrap();
        Self { directory, store, counts }
    }

    /// A scrape of both targets in which every key moves.
    fn scrape(&mut self, at: Timestamp) {
        let mut batch = Batch::new(self.store.draft());
        for number in 0..2 {
            let aggregates = (0..KEYS).map(|key| {
                let count = self.counts.entry((number, key)).or_default();
                *count += 1 + key % 7;
                let total_count = *count;
                ExposedAggregate {
                    key: format!("Key{key}@1"),
                    total_count,
                    severity: Severity::Error,
                    ..ExposedAggregate::default()
                }
            });
            let exposition = Exposition {
                target_uuid: Some(format!("p{number}")),
                aggregates: aggregates.collect(),
                ..Exposition::default()
            };
            let address = format!("host-{number}:80");
            let target = Target {
                service: "shop".to_owned(),
                labels: Labels::from_pairs([("instance", address.as_str())]),
                discovered_labels: Labels::default(),
                url: format!("http://{address}/"),
                address,
                scrape_interval: Millis::from_seconds(600),
                scrape_timeout: Millis::from_seconds(10),
            };
            let outcome = Ok(exposition);
            let scrape = Scrape { target: Arc::new(target), at, duration: Millis(1), body_bytes: 1, outcome };
            assert!(matches!(batch.add(scrape), Added::Yes(_)));
        }
        self.store.commit(batch.into_draft().finish()).unwrap();
    }

    /// A day in which each ten minutes bring as much.
    fn day(&mut self, day: i64) {
        for scrape in 0..144 {
            self.scrape(BEGIN.plus(Millis(day * DAY.0 + scrape * 600_000)));
        }
        self.store.seal(BEGIN.plus(Millis((day + 1) * DAY.0))).unwrap();
    }

    fn counts(&self, start: Timestamp, step: Millis, len: usize, split: Split) -> Vec<Count> {
        let mut counts = vec![Count::default(); len];
        let request = Scan { aggregates: None, targets: None, split, buckets: Buckets { start, step, len } };
        self.store.view().unwrap().scan(&request, &mut |hit| counts[hit.bucket].add(hit.count)).unwrap();
        counts
    }

    fn assert_sound(&self) {
        let mut found = Vec::new();
        self.store.verify(&mut |finding| found.push(finding.to_string())).unwrap();
        assert_eq!(found, Vec::<String>::new());
    }

    fn compact(&self) {
        let copied = self.store.prepare_compaction(&mut |_| ControlFlow::Continue(())).unwrap().unwrap();
        assert!(self.store.swap(copied).unwrap().is_some());
    }
}

#[test]
fn hours_answer_where_points_are_past_their_retention() {
    let mut life = Life::new();
    (0..4).for_each(|day| life.day(day));
    let later = BEGIN.plus(Millis(4 * DAY.0));
    let (hours, halves) = (Millis(HOUR.0), Millis(HOUR.0 / 2));
    let before = life.counts(BEGIN, hours, 96, Split::Aggregate);
    let each = before[10].total;
    assert!(each > 0);
    life.store.retain(later, &retention(DAY, Millis(30 * DAY.0))).unwrap();
    for _ in 0..2 {
        for split in [Split::Service, Split::Aggregate, Split::Target] {
            assert_eq!(life.counts(BEGIN, hours, 96, split), before, "{split:?}: whole hours are what they were");
            let halves = life.counts(BEGIN, halves, 192, split);
            for (index, pair) in halves.chunks(2).enumerate() {
                let total: u64 = pair.iter().map(|count| count.total).sum();
                assert_eq!(total, before[index].total, "{split:?}: hour {index}");
                let estimated = pair.iter().all(|count| count.estimated == count.total);
                assert_eq!(estimated, index < 72, "{split:?}: hour {index} is estimated where its points are gone");
            }
            // A range that begins and ends within hours has its part of them.
            let part = life.counts(BEGIN.plus(halves_of(1)), Millis(HOUR.0), 2, split);
            let total: u64 = part.iter().map(|count| count.total).sum();
            assert!((total as f64 / (2 * each) as f64 - 1.0).abs() < 0.05, "{split:?}: {total} of {each} an hour");
        }
        life.assert_sound();
        life = life.reopen();
    }
    // And then the hours are too old as well.
    life.store.retain(later, &retention(DAY, Millis(2 * DAY.0))).unwrap();
    let left = life.counts(BEGIN, DAY, 4, Split::Service);
    assert_eq!(left.iter().map(|count| count.total > 0).collect::<Vec<_>>(), [false, false, true, true]);
    life.assert_sound();
}

fn halves_of(count: i64) -> Millis {
    Millis(count * HOUR.0 / 2)
}

#[test]
fn the_oldest_counts_go_first_when_they_take_too_much() {
    let mut life = Life::new();
    (0..8).for_each(|day| life.day(day));
    let later = BEGIN.plus(Millis(8 * DAY.0));
    let years = retention(Millis(800 * DAY.0), Millis(800 * DAY.0));
    let full = life.store.survey(&Limits::NONE).unwrap();
    assert_eq!((full.surplus, full.is_over), (Surplus::default(), false));
    let before = life.counts(BEGIN, DAY, 8, Split::Service);
    for (part, limits) in [
        (Part::Counts, Limits { counts: full.sizes.of(Part::Counts) / 2, ..Limits::NONE }),
        (Part::Rollups, Limits { rollups: full.sizes.of(Part::Rollups) / 2, ..Limits::NONE }),
    ] {
        let (mut left, mut steps) = (life.store.survey(&limits).unwrap(), 0);
        assert!(left.is_over);
        // How full pages are is only known when the rows are gone: a second look may find a little more.
        for _ in 0..3 {
            while life.store.retain_some(later, &years, &left.surplus).unwrap() {
                steps += 1;
            }
            left = life.store.survey(&limits).unwrap();
        }
        assert!(steps >= 2, "a day at a time, not {steps} steps");
        assert!(!left.is_over, "{part:?}: {:?}", left.sizes);
        let share = left.sizes.of(part) as f64 / full.sizes.of(part) as f64;
        assert!(share > 0.35, "{part:?}: not more than had to, but {share} is left");
        assert!(left.sizes.of(Part::Unused) > full.sizes.of(Part::Unused));
        life.assert_sound();
        let counts = life.counts(BEGIN, DAY, 8, Split::Service);
        assert_eq!(counts[5..], before[5..]);
        let all = part == Part::Counts;
        assert_eq!(counts == before, all, "{part:?}: days are there as long as their sums are");
    }
    // Whatever the limit, the last day stays.
    let survey = life.store.survey(&Limits { counts: 1, rollups: 1, ..Limits::NONE }).unwrap();
    while life.store.retain_some(later, &years, &survey.surplus).unwrap() {}
    assert_eq!(life.counts(BEGIN, DAY, 8, Split::Service)[7], before[7]);
    life.assert_sound();
}

#[test]
fn a_copy_takes_the_place_of_the_database_with_all_that_came_meanwhile() {
    let mut life = Life::new();
    (0..6).for_each(|day| life.day(day));
    let later = BEGIN.plus(Millis(6 * DAY.0));
    life.store.retain(later, &retention(DAY, DAY)).unwrap();
    let before = life.store.file_bytes();
    let snapshot = life.store.snapshot().unwrap();
    let copied = life.store.prepare_compaction(&mut |_| ControlFlow::Continue(())).unwrap().unwrap();
    life.scrape(later);
    life.scrape(later.plus(Millis(600_000)));
    let counted = life.counts(BEGIN, DAY, 8, Split::Target);
    assert!(life.store.swap(copied).unwrap().is_some());
    assert!(life.store.file_bytes() < before / 2, "{} of {before} bytes", life.store.file_bytes());
    assert_eq!(life.counts(BEGIN, DAY, 8, Split::Target), counted);
    life.assert_sound();
    // Who was reading reads on.
    let mut rows = 0;
    snapshot
        .rows("chunks", &mut |_, _, _| {
            rows += 1;
            ControlFlow::Continue(())
        })
        .unwrap();
    assert!(rows > 0);
    life = life.reopen();
    assert_eq!(life.counts(BEGIN, DAY, 8, Split::Target), counted);
    life.scrape(later.plus(Millis(1_200_000)));
    life.compact();
    life.assert_sound();
}

#[test]
fn a_copy_is_thrown_away_when_more_than_commits_has_happened() {
    let mut life = Life::new();
    (0..2).for_each(|day| life.day(day));
    let copied = life.store.prepare_compaction(&mut |_| ControlFlow::Continue(())).unwrap().unwrap();
    life.day(2);
    let counted = life.counts(BEGIN, DAY, 4, Split::Target);
    assert!(life.store.swap(copied).unwrap().is_none());
    assert_eq!(life.counts(BEGIN, DAY, 4, Split::Target), counted);
    // One that is called off leaves nothing either.
    assert!(life.store.prepare_compaction(&mut |_| ControlFlow::Break(())).unwrap().is_none());
    let names = std::fs::read_dir(life.directory.path().join("data")).unwrap();
    let names: Vec<_> = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert!(!names.iter().any(|name| name.contains("compacting")), "{names:?}");
    life.assert_sound();
}
