//! Other rules for keys and a limit of aggregates, changed again and again while counters go on: what is counted in all stays what
//! was thrown, and where the new key is told by the old one, each key's share does too.

use proptest::prelude::*;

use super::*;
use crate::model::aggregate::OVERFLOW_KEY;
use crate::model::exposition::key_hash;

/// Keys with an id: of three kinds.
const IDS: usize = 30;

fn raw(id: usize) -> String {
    format!("kind{} of {id}", ["A", "B", "C"][id % 3])
}

#[derive(Debug, Clone)]
enum Turn {
    Throw {
        id: usize,
        times: u64,
    },
    Scrape,
    /// The loop knows the last exposition no more.
    Forget,
    /// Keys lose their ids, or get them back.
    Rules {
        merged: bool,
    },
    Limit {
        aggregates_max: u64,
    },
    Reopen,
    Restart,
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let turn = prop_oneof![
        8 => (0..IDS, 1u64..50).prop_map(|(id, times)| Turn::Throw { id, times }),
        6 => Just(Turn::Scrape),
        1 => Just(Turn::Forget),
        1 => any::<bool>().prop_map(|merged| Turn::Rules { merged }),
        1 => (0u64..40).prop_map(|aggregates_max| Turn::Limit { aggregates_max }),
        1 => Just(Turn::Reopen),
        1 => Just(Turn::Restart),
    ];
    proptest::collection::vec(turn, 1..150)
}

/// One process and what scrapes it: as the parser and the loop do, told plainly.
struct Scraped {
    store: Option<Store>,
    directory: tempfile::TempDir,
    now: Timestamp,
    uuid: usize,
    counts: BTreeMap<usize, u64>,
    merged: bool,
    aggregates_max: u64,
    /// What the last exposition said, by id, and under which rules.
    last: Option<(BTreeMap<usize, u64>, u64)>,
    thrown: u64,
}

impl Scraped {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Some(Store::open(directory.path()).unwrap());
        let (counts, last) = (BTreeMap::new(), None);
        Self { store, directory, now: BEGIN, uuid: 0, counts, merged: false, aggregates_max: 100, last, thrown: 0 }
    }

    fn keys(&self) -> u64 {
        1 + u64::from(self.merged) + 2 * self.aggregates_max
    }

    fn exposition(&self) -> Exposition {
        let keys = self.keys();
        let last = self.last.as_ref().filter(|(_, known)| *known == keys).map(|(last, _)| last);
        let mut aggregates: BTreeMap<String, ExposedAggregate> = BTreeMap::new();
        let mut unchanged = 0;
        for (id, count) in &self.counts {
            let before = last.and_then(|last| last.get(id)).copied();
            // Keys that were merged are read each time.
            if before == Some(*count) && !self.merged {
                unchanged += 1;
                continue;
            }
            let key = if self.merged { raw(*id)[..5].to_owned() } else { raw(*id) };
            let exposed = aggregates.entry(key.clone()).or_insert_with(|| ExposedAggregate {
                key,
                created_at: Some(BEGIN),
                ..ExposedAggregate::default()
            });
            exposed.total_count += count;
            exposed.last_count = exposed.last_count.into_iter().chain(before).reduce(|sum, count| sum + count);
            if self.merged {
                exposed.exposed_keys.push(key_hash(&raw(*id)));
            }
        }
        Exposition {
            target_uuid: Some(format!("uuid-{}", self.uuid)),
            aggregates: aggregates.into_values().collect(),
            unchanged,
            complete: last.is_none(),
            aggregates_max: Some(self.aggregates_max),
            keys,
            ..Exposition::default()
        }
    }

    fn scrape(&mut self) {
        let exposition = self.exposition();
        self.take(exposition);
    }

    fn take(&mut self, exposition: Exposition) {
        self.now.0 += 10_000;
        let scrape =
            Scrape { target: listed(0), at: self.now, duration: Millis(3), body_bytes: 10, outcome: Ok(exposition) };
        let store = self.store.as_ref().unwrap();
        let mut batch = Batch::new(store.draft());
        assert!(matches!(batch.add(scrape), Added::Yes(_)));
        let commit = batch.into_draft().finish();
        store.commit(commit).unwrap();
        self.last = Some((self.counts.clone(), self.keys()));
    }

    fn totals(&self) -> BTreeMap<String, u64> {
        let view = self.store.as_ref().unwrap().view().unwrap();
        view.aggregates().iter().map(|aggregate| (aggregate.key.clone(), aggregate.total)).collect()
    }

    fn run(&mut self, turn: &Turn) {
        match *turn {
            Turn::Throw { id, times } => {
                *self.counts.entry(id).or_default() += times;
                self.thrown += times;
            }
            Turn::Scrape => self.scrape(),
            Turn::Forget => self.last = None,
            Turn::Rules { merged } => self.merged = merged,
            Turn::Limit { aggregates_max } => self.aggregates_max = aggregates_max,
            Turn::Reopen => {
                let before = self.totals();
                drop(self.store.take());
                self.store = Some(Store::open(self.directory.path()).unwrap());
                assert_eq!(self.totals(), before);
                self.last = None;
            }
            Turn::Restart => {
                // What it did not expose before it ended is lost to everybody.
                self.scrape();
                self.uuid += 1;
                self.counts.clear();
                self.last = None;
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, max_shrink_iters: 2000, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_rules_and_the_limit_every_count_is_held_once(turns in turns()) {
        let mut scraped = Scraped::new();
        for turn in &turns {
            scraped.run(turn);
        }
        scraped.scrape();
        prop_assert_eq!(scraped.totals().values().sum::<u64>(), scraped.thrown);
    }
}

#[test]
fn merged_keys_go_on_from_what_each_had_counted() {
    let mut scraped = Scraped::new();
    for id in 0..6 {
        scraped.run(&Turn::Throw { id, times: 10 });
    }
    scraped.scrape();
    scraped.run(&Turn::Rules { merged: true });
    scraped.run(&Turn::Throw { id: 4, times: 3 });
    scraped.scrape();
    let totals = scraped.totals();
    assert_eq!((totals["kindA"], totals["kindB"], totals["kindC"]), (0, 3, 0));
    // And back: how much each id has is not known from the merged count, but nothing is counted twice.
    scraped.run(&Turn::Rules { merged: false });
    scraped.run(&Turn::Throw { id: 4, times: 2 });
    scraped.scrape();
    assert_eq!(scraped.totals().values().sum::<u64>(), 65);
}

#[test]
fn beyond_the_limit_new_errors_are_counted_together() {
    let mut scraped = Scraped::new();
    scraped.aggregates_max = 3;
    for id in 0..10 {
        scraped.run(&Turn::Throw { id, times: 10 });
    }
    scraped.scrape();
    assert_eq!(scraped.totals()[OVERFLOW_KEY], 70);
    assert_eq!(scraped.totals().len(), 4);
    scraped.run(&Turn::Throw { id: 9, times: 5 });
    scraped.scrape();
    scraped.run(&Turn::Reopen);
    scraped.scrape();
    assert_eq!(scraped.totals()[OVERFLOW_KEY], 75);
    // With room for all of them nothing is counted again.
    scraped.run(&Turn::Limit { aggregates_max: 100 });
    scraped.run(&Turn::Throw { id: 9, times: 1 });
    scraped.scrape();
    scraped.run(&Turn::Throw { id: 9, times: 1 });
    scraped.scrape();
    let totals = scraped.totals();
    assert_eq!((totals[OVERFLOW_KEY], totals.len(), totals.values().sum::<u64>()), (75, 11, 107));
}

#[test]
fn a_client_that_exposes_the_key_of_what_is_counted_together_counts_once() {
    let mut scraped = Scraped::new();
    scraped.aggregates_max = 1;
    for times in [3, 4] {
        for id in 0..3 {
            scraped.run(&Turn::Throw { id, times });
        }
        let mut exposition = scraped.exposition();
        exposition.aggregates.push(ExposedAggregate {
            key: OVERFLOW_KEY.to_owned(),
            total_count: 10,
            last_count: scraped.last.is_some().then_some(10),
            ..ExposedAggregate::default()
        });
        scraped.take(exposition);
    }
    assert_eq!(scraped.totals().values().sum::<u64>(), 3 * 7 + 10);
}
