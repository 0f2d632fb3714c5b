//! Occurrences within their size: what is removed is what makes the noise, never the only samples of a rare error.

use std::collections::BTreeMap;
use std::sync::Arc;

use tempfile::TempDir;

use crate::ingest::{Added, Batch};
use crate::model::exposition::{ExposedAggregate, Exposition};
use crate::model::label::Labels;
use crate::model::occurrence::{Exception, Occurrence, Stack};
use crate::model::scrape::Scrape;
use crate::model::severity::Severity;
use crate::model::target::Target;
use crate::model::time::{Millis, Timestamp};
use crate::store::{Relieved, Retention, Store};

const DAY: i64 = 86_400_000;
/// 2026-09-14.
const BEGIN: i64 = 20_710 * DAY;

struct Life {
    directory: TempDir,
    store: Store,
    serial: u64,
}

impl Life {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("data")).unwrap();
        Self { directory, store, serial: 0 }
    }

    fn reopen(self) -> Self {
        let Self { directory, store, serial } = self;
        drop(store);
        let store = Store::open(&directory.path().join("data")).unwrap();
        Self { directory, store, serial }
    }

    /// One scrape at `at` (milliseconds since [`BEGIN`]) in which each of `samples` shows one new sample of its key.
    fn scrape(&mut self, at: i64, samples: &[String]) {
        let at = Timestamp(BEGIN + at);
        let mut counts: BTreeMap<&String, Vec<Occurrence>> = BTreeMap::new();
        for key in samples {
            self.serial += 1;
            // Text that does not compress away, and stacks of which some recur.
            let message =
                format!("{:032x}", u128::from(self.serial).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
            let frames = vec![format!("at {key}.frame{}", self.serial % 40)];
            counts.entry(key).or_default().push(Occurrence {
                uuid: format!("sample-{}", self.serial),
                timestamp: Some(at),
                severity: Severity::Error,
                exception: Exception {
                    class: key.clone(),
                    message,
                    stack: Some(Arc::new(Stack { frames })),
                    causes: Vec::new(),
                },
                http: None,
            });
        }
        let aggregates = counts.into_iter().map(|(key, occurrences)| ExposedAggregate {
            key: format!("{key}@1"),
            total_count: self.serial,
            severity: Severity::Error,
            created_at: None,
            occurrences: Some(occurrences),
            ..ExposedAggregate::default()
        });
        let exposition =
            Exposition { target_uuid: Some("p".to_owned()), aggregates: aggregates.collect(), ..Exposition::default() };
        let target = Target {
            service: "shop".to_owned(),
            labels: Labels::from_pairs([("instance", "a:80")]),
            discovered_labels: Labels::default(),
            url: "http://a:80/".to_owned(),
            address: "a:80".to_owned(),
            scrape_interval: Millis::from_seconds(10),
            scrape_timeout: Millis::from_seconds(10),
        };
        let scrape =
            Scrape { target: Arc::new(target), at, duration: Millis(1), body_bytes: 1, outcome: Ok(exposition) };
        let mut batch = Batch::new(self.store.draft());
        assert!(matches!(batch.add(scrape), Added::Yes(_)));
        self.store.commit(batch.into_draft().finish()).unwrap();
    }

    /// A day of noise, hundreds of samples in many scrapes, and one sample of a rare error.
    fn day(&mut self, day: i64) {
        for scrape in 0..48 {
            let mut samples = vec!["Noisy".to_owned(); 30];
            samples.extend((0..10).map(|key| format!("Steady{key}")));
            if scrape == 20 {
                samples.push(format!("Rare{day}"));
            }
            self.scrape(day * DAY + scrape * 1_700_000, &samples);
        }
        self.store.seal(Timestamp(BEGIN + day * DAY + 48 * 1_700_000)).unwrap();
    }

    fn bytes(&self) -> u64 {
        self.store.partitions().unwrap().iter().map(|day| day.bytes).sum()
    }

    /// How many samples of each key there are, by reading every one.
    fn samples(&self) -> BTreeMap<String, Vec<String>> {
        let view = self.store.view().unwrap();
        let mut samples = BTreeMap::new();
        for aggregate in view.aggregates() {
            let found = view.occurrences(aggregate.id, None, usize::MAX).unwrap();
            for one in &found {
                let frame = &one.occurrence.exception.stack.as_ref().unwrap().frames[0];
                assert!(frame.starts_with(&format!("at {}.frame", aggregate.class)), "{frame}");
                assert_eq!(view.occurrence(one.id).unwrap().as_ref(), Some(one));
            }
            let uuids = found.into_iter().map(|one| one.occurrence.uuid).collect();
            samples.insert(aggregate.class.clone(), uuids);
        }
        let mut all = 0;
        view.each_sample(&mut |_| {
            all += 1;
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
        assert_eq!(all, samples.values().map(Vec::len).sum::<usize>(), "what is there is what is referred to");
        samples
    }

    fn file_bytes(&self) -> u64 {
        let mut bytes = 0;
        for day in std::fs::read_dir(self.directory.path().join("data/occurrences")).unwrap() {
            for file in std::fs::read_dir(day.unwrap().path()).unwrap() {
                bytes += file.unwrap().metadata().unwrap().len();
            }
        }
        bytes
    }
}

#[test]
fn a_noisy_error_loses_its_old_samples_and_a_rare_one_none() {
    let mut life = Life::new();
    (0..6).for_each(|day| life.day(day));
    let (before, all) = (life.bytes(), life.samples());
    assert!(life.store.prepare_relief(before, &mut None).unwrap().is_none(), "what is small enough stays");
    let limit = before * 6 / 10;
    let mut thinned = Vec::new();
    let mut census = None;
    while let Some(relief) = life.store.prepare_relief(limit, &mut census).unwrap() {
        assert!(!relief.drops_a_day());
        let Relieved::Thinned { day, removed } = life.store.relieve(relief).unwrap() else {
            panic!("nothing was thinned")
        };
        assert!(removed > 0);
        thinned.push(i64::from(day) - BEGIN / DAY);
    }
    assert!(life.bytes() <= limit);
    assert!(thinned.is_sorted() && thinned[0] == 0 && thinned.len() < 5, "the oldest days first: {thinned:?}");
    let left = life.samples();
    for (key, before) in &all {
        let left = &left[key];
        assert!(before.starts_with(left), "{key}: the newest stay");
        assert!(left.len() >= before.len().min(20), "{key}: {} of {}", left.len(), before.len());
        assert!(!key.starts_with("Rare") || left.len() == 1, "{key}");
    }
    assert!(left["Noisy"].len() < all["Noisy"].len() * 3 / 4);
    // The files are as small as that, as soon as nobody can be reading the old ones any more.
    let month = Millis::from_seconds(30 * 86_400);
    let retention = Retention {
        time: month,
        rollups: month,
        targets: month,
        occurrences: month,
        activity: month,
        instances: month,
    };
    life.store.retain(Timestamp(BEGIN + 6 * DAY), &retention).unwrap();
    assert_eq!(life.file_bytes(), life.bytes());
    let generations: Vec<u32> = life.store.partitions().unwrap().iter().map(|day| day.generation).collect();
    assert_eq!(generations.iter().filter(|generation| **generation == 1).count(), thinned.len(), "{generations:?}");
    let statistics = life.store.view().unwrap().statistics();
    assert_eq!((statistics.occurrence_days, statistics.thinned_days), (6, thinned.len() as u64));
    let count = |samples: &BTreeMap<String, Vec<String>>| samples.values().map(Vec::len).sum::<usize>() as u64;
    assert_eq!(statistics.thinned_occurrences, count(&all) - count(&left));
    // After opening again, and when more comes, also to a day that was thinned.
    let mut life = life.reopen();
    assert_eq!(life.samples(), left);
    life.day(6);
    assert_eq!(life.samples()["Noisy"].len(), left["Noisy"].len() + 48 * 30);
    assert_eq!(life.samples()["Rare0"], all["Rare0"]);
}

#[test]
fn the_day_that_is_written_to_is_thinned_too_and_goes_on() {
    let mut life = Life::new();
    life.day(0);
    let limit = life.bytes() / 8;
    for round in 1..4 {
        let relief = life.store.prepare_relief(limit, &mut None).unwrap().unwrap();
        // What comes meanwhile is not lost, and nor are the stacks that it shares with what was there.
        life.scrape(DAY - 60_000 * (5 - round), &vec!["Noisy".to_owned(); 30]);
        let newest = life.samples()["Noisy"][..30].to_vec();
        assert!(matches!(life.store.relieve(relief).unwrap(), Relieved::Thinned { .. }));
        let left = life.samples();
        assert_eq!(left["Noisy"][..30], newest, "round {round}");
        assert_eq!(left["Rare0"].len(), 1);
        assert!(left["Noisy"].len() <= 80, "{}", left["Noisy"].len());
        life.scrape(DAY - 60_000 * (5 - round) + 1000, &["Noisy".to_owned(), "Other".to_owned()]);
        assert_eq!(life.samples()["Other"].len() as i64, round);
        if round == 2 {
            life = life.reopen();
        }
    }
}

#[test]
fn of_a_day_that_keeps_nothing_nothing_is_left() {
    let mut life = Life::new();
    for day in 0..3 {
        life.scrape(day * DAY, &vec!["Noisy".to_owned(); 200]);
        life.scrape(day * DAY + 60_000, &vec!["Steady".to_owned(); 200]);
    }
    let first = life.directory.path().join("data/occurrences/2026-09-14");
    std::fs::create_dir_all(first.join("index")).unwrap();
    let limit = life.bytes() / 2;
    let relieve = |life: &Life| {
        let mut census = None;
        while let Some(relief) = life.store.prepare_relief(limit, &mut census).unwrap() {
            assert!(!relief.drops_a_day());
            life.store.relieve(relief).unwrap();
        }
        let long = Millis::from_seconds(30 * 86_400);
        let retention =
            Retention { time: long, rollups: long, targets: long, occurrences: long, activity: long, instances: long };
        life.store.retain(Timestamp(BEGIN + 3 * DAY), &retention).unwrap();
    };
    relieve(&life);
    assert!(!first.try_exists().unwrap(), "its directory is gone with the index in it");
    let left = life.samples();
    assert_eq!(left["Noisy"].len(), 200, "the newest are there");
    // The clock was set back: the day goes on.
    for scrape in 0..3 {
        life.scrape(3_600_000 + scrape * 60_000, &["Noisy".to_owned(), "Late".to_owned()]);
        assert_eq!(life.samples()["Late"].len() as i64, scrape + 1);
        relieve(&life);
    }
    assert!(first.try_exists().unwrap());
    let again = life.samples();
    let life = life.reopen();
    assert_eq!(life.samples(), again);
}

#[test]
fn two_that_are_prepared_at_once_do_no_harm() {
    let mut life = Life::new();
    (0..2).for_each(|day| life.day(day));
    let limit = life.bytes() / 2;
    let one = life.store.prepare_relief(limit, &mut None).unwrap().unwrap();
    let two = life.store.prepare_relief(limit, &mut None).unwrap().unwrap();
    assert!(matches!(life.store.relieve(one).unwrap(), Relieved::Thinned { .. }));
    let left = life.samples();
    assert_eq!(life.store.relieve(two).unwrap(), Relieved::Nothing);
    assert_eq!(life.samples(), left);
}

#[test]
fn what_came_after_a_census_stays_until_the_next() {
    let mut life = Life::new();
    (0..3).for_each(|day| life.day(day));
    let last = (BEGIN / DAY + 2) as u32;
    let limit = life.bytes() / 40;
    let mut census = None;
    let relief = life.store.prepare_relief(limit, &mut census).unwrap().unwrap();
    life.store.relieve(relief).unwrap();
    life.scrape(3 * DAY - 2000, &vec!["Late".to_owned(); 400]);
    life.scrape(3 * DAY - 1000, &vec!["Noisy".to_owned(); 30]);
    let newest = life.samples();
    let mut lates = Vec::new();
    while let Some(relief) = life.store.prepare_relief(limit, &mut census).unwrap() {
        let Relieved::Thinned { day, removed } = life.store.relieve(relief).unwrap() else {
            panic!("a day was dropped")
        };
        assert!(removed > 0);
        let left = life.samples();
        if day == last {
            lates.push(left["Late"].len());
        }
        if left["Late"].len() == 400 {
            assert_eq!(left["Noisy"][..30], newest["Noisy"][..30]);
            assert!(life.store.partitions().unwrap()[2].removed == 0 || left["Noisy"].len() > 30);
        }
    }
    assert_eq!(lates[..2], [400, 20], "the first step by one census, and again by the next");
    assert!(life.bytes() <= limit);
    assert!(census.is_none(), "it is let go when it is of no more use");
}

#[test]
fn noise_that_comes_after_a_census_costs_no_further_day() {
    let mut life = Life::new();
    for day in 0..6 {
        // Nothing but rare errors.
        life.scrape(day * DAY, &(0..200).map(|key| format!("Rare{day}x{key}")).collect::<Vec<_>>());
    }
    let limit = life.bytes() - 1;
    let mut census = None;
    let mut dropped = 0;
    for round in 0..200 {
        let Some(relief) = life.store.prepare_relief(limit, &mut census).unwrap() else { break };
        dropped += usize::from(matches!(life.store.relieve(relief).unwrap(), Relieved::Dropped { .. }));
        // As much as a day has, and more: thinning it is enough.
        life.scrape(5 * DAY + 60_000 * (round + 1), &vec!["Noisy".to_owned(); 300]);
    }
    assert_eq!(dropped, 1);
    assert_eq!(life.store.partitions().unwrap().len(), 5);
}

#[test]
fn what_was_to_be_dropped_stays_when_the_limit_is_raised() {
    let mut life = Life::new();
    for day in 0..6 {
        life.scrape(day * DAY, &(0..200).map(|key| format!("Rare{day}x{key}")).collect::<Vec<_>>());
    }
    life.scrape(5 * DAY + 60_000, &vec!["Noisy".to_owned(); 600]);
    let mut census = None;
    let relief = life.store.prepare_relief(1, &mut census).unwrap().unwrap();
    assert!(relief.drops_a_day());
    let limit = life.bytes() - 1;
    let relief = life.store.prepare_relief(limit, &mut census).unwrap().unwrap();
    assert!(!relief.drops_a_day(), "thinning is enough");
    let before = life.file_bytes();
    life.store.discard(&relief).unwrap();
    assert!(life.file_bytes() < before && life.file_bytes() == life.bytes());
}

#[test]
fn the_day_that_is_written_to_stays_when_the_clock_was_set_back() {
    let mut life = Life::new();
    for day in [3, 4, 5, 1] {
        life.scrape(day * DAY, &(0..200).map(|key| format!("Rare{day}x{key}")).collect::<Vec<_>>());
    }
    let mut census = None;
    while let Some(relief) = life.store.prepare_relief(1, &mut census).unwrap() {
        life.store.relieve(relief).unwrap();
    }
    assert_eq!(life.samples()["Rare1x7"].len(), 1);
}

#[test]
fn references_of_a_day_that_is_gone_count_for_nothing_when_it_comes_again() {
    let mut life = Life::new();
    let rare = |day: i64| (0..200).map(move |key| format!("Rare{day}x{key}"));
    let noise = |key: &str, count| std::iter::repeat_n(key.to_owned(), count);
    life.scrape(2 * DAY, &noise("Noisy", 20).chain(noise("Loud", 200)).collect::<Vec<_>>());
    // The clock is set back for a while.
    life.scrape(0, &rare(0).chain(noise("Noisy", 20)).collect::<Vec<_>>());
    life.scrape(3 * DAY, &rare(3).chain(noise("Loud", 20)).collect::<Vec<_>>());
    let limit = life.store.partitions().unwrap()[2].bytes;
    let mut census = None;
    let relief = life.store.prepare_relief(limit, &mut census).unwrap().unwrap();
    assert!(matches!(life.store.relieve(relief).unwrap(), Relieved::Dropped { .. }));
    assert_eq!(life.samples()["Noisy"].len(), 20);
    // And again.
    life.scrape(60_000, &["Late".to_owned()]);
    let relief = life.store.prepare_relief(limit, &mut census).unwrap().unwrap();
    let day = (BEGIN / DAY + 2) as u32;
    assert_eq!(life.store.relieve(relief).unwrap(), Relieved::Thinned { day, removed: 200 });
    assert_eq!(life.samples()["Noisy"].len(), 20);
}

#[test]
fn a_sample_counts_once_while_its_reference_is_written() {
    let mut life = Life::new();
    life.scrape(0, &vec!["Noisy".to_owned(); 30]);
    life.store.refer_now().unwrap();
    life.scrape(DAY, &vec!["Noisy".to_owned(); 10]);
    let relief = {
        // The rows are there, and memory does not say so yet.
        let live = life.store.live_read();
        life.store.write_references(&live).unwrap();
        life.store.prepare_relief(1, &mut None).unwrap().unwrap()
    };
    let day = (BEGIN / DAY) as u32;
    assert_eq!(life.store.relieve(relief).unwrap(), Relieved::Thinned { day, removed: 20 });
}

#[test]
fn days_are_dropped_only_when_the_newest_of_each_error_are_too_much() {
    let mut life = Life::new();
    for day in 0..4 {
        // Nothing but rare errors.
        let rare: Vec<String> = (0..200).map(|key| format!("Rare{day}x{key}")).collect();
        life.scrape(day * DAY, &rare);
        life.scrape(day * DAY + 60_000, &vec!["Noisy".to_owned(); 50]);
    }
    let limit = life.bytes() / 2;
    let mut done = Vec::new();
    let mut census = None;
    while let Some(relief) = life.store.prepare_relief(limit, &mut census).unwrap() {
        done.push(life.store.relieve(relief).unwrap());
    }
    let first_drop = done.iter().position(|one| matches!(one, Relieved::Dropped { .. })).unwrap();
    assert!(done[..first_drop].iter().all(|one| matches!(one, Relieved::Thinned { .. })), "{done:?}");
    let dropped: Vec<i64> = done[first_drop..]
        .iter()
        .map(|one| match one {
            Relieved::Dropped { day } => i64::from(*day) - BEGIN / DAY,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(dropped, (0..dropped.len() as i64).collect::<Vec<_>>());
    let left = life.samples();
    assert_eq!(left["Noisy"].len(), 20, "rewriting a day for less than a tenth of it is not worth it");
    assert_eq!((left["Rare3x7"].len(), left["Rare0x7"].len()), (1, 0));
    assert!(life.bytes() <= limit);
    // A limit that nothing can keep leaves the last day.
    let mut census = None;
    while let Some(relief) = life.store.prepare_relief(1, &mut census).unwrap() {
        life.store.relieve(relief).unwrap();
    }
    assert_eq!(life.store.partitions().unwrap().len(), 1);
    assert_eq!(life.samples()["Noisy"].len(), 20);
}
