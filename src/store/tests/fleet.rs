//! A small fleet, what is done with a store for it, and what the store must hold then.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use super::simulated::Chance;
use crate::ingest::{Added, Batch};
use crate::model::exposition::{ExposedAggregate, Exposition};
use crate::model::id::OccurrenceId;
use crate::model::label::Labels;
use crate::model::occurrence::{Exception, Occurrence, Stack};
use crate::model::scrape::Scrape;
use crate::model::series::{Buckets, Count};
use crate::model::severity::Severity;
use crate::model::target::Target;
use crate::model::time::{Millis, TimeRange, Timestamp};
use crate::model::triage::{State, Turn};
use crate::store::{Edit, Error, Relieved, Retention, Scan, Split, Store};

pub(super) const TARGETS: usize = 4;
const KEYS: usize = 3;
const INTERVAL: Millis = Millis::from_seconds(10);
const BEGIN: Timestamp = Timestamp(1_790_000_003_000);
const DAY: Millis = Millis::from_seconds(86_400);

/// Occurrences are kept for a day, all else for ever.
const RETENTION: Retention = Retention {
    time: Millis(800 * DAY.0),
    rollups: Millis(800 * DAY.0),
    targets: Millis(800 * DAY.0),
    occurrences: DAY,
    activity: Millis::from_seconds(3650 * 86_400),
    instances: Millis(800 * DAY.0),
};

#[derive(Debug, Clone)]
pub(super) enum Command {
    /// One commit of these targets' scrapes.
    Scrape(Vec<usize>),
    Seal,
    /// Writes the references that wait in memory.
    Refer,
    Retain,
    /// Removes half of what the occurrences take, a day at a time, for as long as there is something to thin.
    Relieve,
    /// Copies the database, with one commit of these targets' scrapes before the copy takes its place.
    Compact(Vec<usize>),
    SetState(State),
}

/// What a sample is known by here: service, key, uuid.
type Sample = (String, String, String);

/// What the store must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Truth {
    /// (service, key) → count.
    pub(super) counts: BTreeMap<(String, String), u64>,
    /// Every sample that was stored, with the time of its scrape.
    pub(super) samples: BTreeMap<Sample, Timestamp>,
    /// Samples scraped before this may be gone.
    pub(super) kept_from: Timestamp,
    /// And so may these: they were not the newest of their key when room was made.
    pub(super) relieved: BTreeSet<Sample>,
    /// The state that was set last, if nothing happened since.
    pub(super) state: Option<State>,
}

#[derive(Debug, Clone, Default)]
struct Process {
    uuid: Option<String>,
    /// Key → count, since when, samples.
    counts: BTreeMap<usize, (u64, Timestamp, Vec<Occurrence>)>,
    /// Key → what of it was scraped.
    scraped: BTreeMap<usize, u64>,
}

#[derive(Debug, Clone)]
pub(super) struct Fleet {
    pub(super) now: Timestamp,
    processes: Vec<Process>,
    pub(super) truth: Truth,
    serial: u64,
}

impl Fleet {
    pub(super) fn new() -> Self {
        let processes = vec![Process::default(); TARGETS];
        let mut fleet = Self { now: BEGIN, processes, truth: Truth::default(), serial: 0 };
        (0..TARGETS).for_each(|target| fleet.restart(target));
        fleet
    }

    pub(super) fn restart(&mut self, target: usize) {
        self.serial += 1;
        self.now.0 += 1;
        // The last one sends no uuid.
        let uuid = (target + 1 < TARGETS).then(|| format!("process-{}", self.serial));
        self.processes[target] = Process { uuid, ..Process::default() };
    }

    pub(super) fn throw(&mut self, target: usize, key: usize, times: u64) {
        self.serial += 1;
        let (now, serial) = (self.now, self.serial);
        // Some stacks are new, some known.
        let frames = vec![format!("at Frame{}.run", serial % 17), format!("at Key{key}.fail")];
        let exception = Exception {
            class: format!("Key{key}"),
            message: "m".repeat((serial % 700) as usize),
            stack: Some(Arc::new(Stack { frames })),
            causes: Vec::new(),
        };
        let uuid = format!("sample-{serial}");
        let sample = Occurrence { uuid, timestamp: Some(now), severity: Severity::Error, exception, http: None };
        let (count, _, samples) = self.processes[target].counts.entry(key).or_insert((0, now, Vec::new()));
        *count += times;
        samples.push(sample);
        let surplus = samples.len().saturating_sub(3);
        samples.drain(..surplus);
    }

    fn target(target: usize) -> Arc<Target> {
        let address = format!("host-{target}:80");
        Arc::new(Target {
            service: format!("service-{}", target % 2),
            labels: Labels::from_pairs([("instance", address.as_str())]),
            discovered_labels: Labels::default(),
            url: format!("http://{address}/-/exceptions"),
            address,
            scrape_interval: INTERVAL,
            scrape_timeout: INTERVAL,
        })
    }

    fn scrape(&self, target: usize) -> Scrape {
        let process = &self.processes[target];
        let aggregates = process.counts.iter().map(|(key, (count, created, samples))| ExposedAggregate {
            key: format!("Key{key}@1"),
            total_count: *count,
            severity: Severity::Error,
            created_at: Some(*created),
            occurrences: Some(samples.clone()),
            ..ExposedAggregate::default()
        });
        let exposition =
            Exposition { target_uuid: process.uuid.clone(), aggregates: aggregates.collect(), ..Exposition::default() };
        let (duration, body_bytes) = (Millis(3), 10);
        Scrape { target: Self::target(target), at: self.now, duration, body_bytes, outcome: Ok(exposition) }
    }

    /// What holds after the command.
    pub(super) fn account(&mut self, command: &Command) {
        match command {
            Command::Scrape(targets) | Command::Compact(targets) => {
                for target in targets {
                    let service = format!("service-{}", target % 2);
                    let Process { counts, scraped, .. } = &mut self.processes[*target];
                    for (key, (count, _, samples)) in counts {
                        let delta = *count - scraped.insert(*key, *count).unwrap_or(0);
                        let name = (service.clone(), format!("Key{key}@1"));
                        *self.truth.counts.entry(name.clone()).or_default() += delta;
                        for sample in samples {
                            let sample = (name.0.clone(), name.1.clone(), sample.uuid.clone());
                            self.truth.samples.entry(sample).or_insert(self.now);
                        }
                        if delta > 0 {
                            self.truth.state = None;
                        }
                    }
                }
            }
            Command::Seal | Command::Refer => {}
            Command::Retain => self.truth.kept_from = self.truth.kept_from.max(self.now.minus(DAY)),
            Command::Relieve => {
                let mut newest: BTreeMap<(&str, &str), Timestamp> = BTreeMap::new();
                for ((service, key, _), at) in &self.truth.samples {
                    let newest = newest.entry((service, key)).or_insert(*at);
                    *newest = (*newest).max(*at);
                }
                let old =
                    self.truth.samples.iter().filter(|((service, key, _), at)| newest[&(&**service, &**key)] > **at);
                let old: Vec<Sample> = old.map(|(sample, _)| sample.clone()).collect();
                // Of several that came at once the last one is the newest; which one that is only the store knows.
                let together = self.truth.samples.iter().filter(|((service, key, _), at)| {
                    let same = |(other, of): (&Sample, &Timestamp)| (&other.0, &other.1, of) == (service, key, *at);
                    self.truth.samples.iter().filter(|sample| same(*sample)).count() > 1
                });
                let together: Vec<Sample> = together.map(|(sample, _)| sample.clone()).collect();
                self.truth.relieved.extend(old);
                self.truth.relieved.extend(together);
            }
            Command::SetState(state) => self.truth.state = Some(*state),
        }
    }

    pub(super) fn run(&self, store: &Store, command: &Command) -> Result<(), Error> {
        match command {
            Command::Scrape(targets) => self.commit(store, targets),
            Command::Compact(targets) => {
                let copied = store.prepare_compaction(&mut |_| ControlFlow::Continue(()))?;
                self.commit(store, targets)?;
                match store.swap(copied.unwrap()) {
                    Ok(replaced) => assert!(replaced.is_some(), "nothing but a commit was made meanwhile"),
                    Err(error) if store.is_poisoned() => return Err(error),
                    // The commit is made, and the old file goes on.
                    Err(_) => {}
                }
                Ok(())
            }
            Command::Seal => store.rest(self.now).and_then(|_| store.seal(self.now)).map(drop),
            Command::Refer => store.refer_now(),
            Command::Retain => store.retain(self.now, &RETENTION),
            Command::Relieve => relieve(store),
            Command::SetState(state) => {
                let aggregates = store.view()?.aggregates().iter().map(|aggregate| aggregate.id).collect();
                let mut draft = store.draft();
                draft.edit(Edit::change(aggregates, Turn::from(*state), self.now));
                let commit = draft.finish();
                store.commit(commit).map(drop)
            }
        }
    }

    fn commit(&self, store: &Store, targets: &[usize]) -> Result<(), Error> {
        let mut batch = Batch::new(store.draft());
        for target in targets {
            assert!(matches!(batch.add(self.scrape(*target)), Added::Yes(_)));
        }
        store.commit(batch.into_draft().finish()).map(drop)
    }

    /// Something happens, and a command that follows from it.
    pub(super) fn next(&mut self, chance: &mut Chance) -> Command {
        for _ in 0..chance.below(4) {
            let (target, key) = (chance.below(TARGETS as u64) as usize, chance.below(KEYS as u64) as usize);
            self.throw(target, key, 1 + chance.below(1000));
        }
        let seconds = match chance.below(6) {
            0 => 3 * 3600 + chance.below(3600),
            1 => 30 * 3600,
            _ => 10,
        };
        self.now.0 += seconds as i64 * 1000;
        let some = |chance: &mut Chance| (0..TARGETS).filter(|_| chance.below(2) == 0).collect();
        match chance.below(17) {
            15 | 16 => Command::Refer,
            12 | 13 => Command::Relieve,
            0 | 1 => Command::Seal,
            2 => Command::Retain,
            3 => Command::SetState([State::Resolved, State::Muted, State::Open][chance.below(3) as usize]),
            14 => Command::Compact(some(chance)),
            _ => Command::Scrape(some(chance)),
        }
    }
}

/// Thins days until occurrences take half of what they do, or nothing can be thinned any more.
fn relieve(store: &Store) -> Result<(), Error> {
    let bytes = |store: &Store| Ok::<_, Error>(store.partitions()?.iter().map(|day| day.bytes).sum::<u64>());
    let bytes_max = bytes(store)? / 2;
    // The last resort is to drop a day, for which there is a test of its own.
    let mut census = None;
    while let Some(relief) = store.prepare_relief(bytes_max, &mut census)?.filter(|relief| !relief.drops_a_day()) {
        assert!(matches!(store.relieve(relief)?, Relieved::Thinned { removed: 1.., .. }));
    }
    Ok(())
}

fn sums(store: &Store, fleet: &Fleet, split: Split) -> BTreeMap<(String, String), u64> {
    let view = store.view().unwrap();
    let buckets = Buckets::whole(TimeRange { start: BEGIN.minus(DAY), end: fleet.now.plus(DAY) });
    let mut counts: BTreeMap<u32, Count> = BTreeMap::new();
    let request = Scan { aggregates: None, targets: None, split, buckets };
    view.scan(&request, &mut |hit| counts.entry(hit.aggregate.0).or_default().add(hit.count)).unwrap();
    let named = counts.into_iter().map(|(id, count)| {
        let aggregate = &view.aggregates()[id as usize];
        let service = view.services()[aggregate.service.0 as usize].name.clone();
        ((service, aggregate.key.clone()), count.total)
    });
    named.collect()
}

/// What the store says it holds: the truth of its counts and states, and the samples it lists.
fn held(store: &Store, fleet: &Fleet, kept_from: Timestamp) -> (BTreeMap<(String, String), u64>, BTreeSet<Sample>) {
    let counts = sums(store, fleet, Split::Aggregate);
    assert_eq!(counts, sums(store, fleet, Split::Target), "aggregates and targets add up differently");
    let view = store.view().unwrap();
    let mut samples = BTreeSet::new();
    let mut listed: BTreeSet<OccurrenceId> = BTreeSet::new();
    for aggregate in view.aggregates() {
        let service = view.services()[aggregate.service.0 as usize].name.clone();
        let name = (service, aggregate.key.clone());
        assert_eq!(aggregate.total, counts.get(&name).copied().unwrap_or(0), "{name:?}: record and columns differ");
        for stored in view.occurrences(aggregate.id, None, 10_000).unwrap() {
            assert_eq!(stored.aggregate, aggregate.id);
            let exception = &stored.occurrence.exception;
            assert_eq!(exception.stack.as_ref().unwrap().frames.len(), 2);
            assert!(listed.insert(stored.id), "{:?} is listed twice", stored.id);
            let sample = (name.0.clone(), name.1.clone(), stored.occurrence.uuid.clone());
            assert!(samples.insert(sample), "{name:?} {}: stored twice", stored.occurrence.uuid);
        }
    }
    // Nothing lies in the partitions that nobody refers to, but for what retention has forgotten of a day that goes on.
    let transaction = &view.transaction;
    for day in store.partitions.days(transaction).unwrap() {
        let mut visit = |found: Result<crate::store::StoredOccurrence, _>| {
            let stored = found.unwrap();
            let forgotten = stored.occurrence.timestamp.unwrap() < kept_from;
            assert!(forgotten || listed.contains(&stored.id), "{:?} belongs to no commit", stored.id);
            ControlFlow::Continue(())
        };
        let mut stacks = |_| Ok(Arc::new(Stack::default()));
        store.partitions.read_all(transaction, (day, 0..=u64::MAX), &mut stacks, &mut visit).unwrap();
    }
    (counts, samples)
}

impl Truth {
    pub(super) fn differs_from(&self, store: &Store, fleet: &Fleet) -> Option<String> {
        let (counts, samples) = held(store, fleet, self.kept_from);
        let wanted: BTreeMap<_, _> = self.counts.iter().filter(|(_, count)| **count > 0).collect();
        if counts.iter().ne(wanted) {
            return Some(format!("counts {counts:?}"));
        }
        if let Some(extra) = samples.iter().find(|sample| !self.samples.contains_key(*sample)) {
            return Some(format!("unknown sample {extra:?}"));
        }
        let kept = self.samples.iter().filter(|(_, at)| **at >= self.kept_from).map(|(sample, _)| sample);
        let mut kept = kept.filter(|sample| !self.relieved.contains(*sample));
        if let Some(lost) = kept.find(|sample| !samples.contains(*sample)) {
            return Some(format!("lost {lost:?}"));
        }
        let view = store.view().unwrap();
        match self.state {
            Some(state) if view.aggregates().iter().any(|aggregate| aggregate.state() != state) => {
                Some("another state".to_owned())
            }
            _ => None,
        }
    }
}
