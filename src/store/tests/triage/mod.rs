//! Random lives of triage against a plain model: edits, scrapes, sealing, retention, steps of the clock, restarts and power
//! cuts.
//!
//! After each step the store says what the model says: standings with their conditions, labels by people and by rules,
//! assignees, notes, revisions, all sets, saved views and the whole activity. A power cut leaves the state from before the
//! step or the one from after it, and never loses what was acknowledged.
//!
//! `TRIAGE_SEED=7` runs one life, `TRIAGE_LIVES=5000` more of them.

mod model;
mod pinned;
mod seen;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::simulated::{Chance, Keep, Simulated};
use crate::ingest::{Added, Batch};
use crate::model::activity::Reason;
use crate::model::aggregate_set::AggregateSet;
use crate::model::exposition::{ExposedAggregate, Exposition};
use crate::model::id::AggregateId;
use crate::model::label::Labels;
use crate::model::scrape::{Failure, FailureKind, Scrape};
use crate::model::severity::Severity;
use crate::model::target::Target;
use crate::model::time::{Millis, Timestamp};
use crate::model::triage::{Change, LabelChange, Period, Turn};
use crate::model::view::SavedView;
use crate::store::{Edit, Error, Retention, Store, Task};
use model::{Model, Outcome, Place, Scraped, VERSIONS};

const INTERVAL: Millis = Millis::from_seconds(10);
const BEGIN: i64 = 1_790_000_003_000;
const DAY: Millis = Millis::from_seconds(86_400);
const HOSTS: u64 = 5;
const KEYS: u64 = 3;
const LABELS: [&str; 4] = ["team", "tier", "area", "ticket"];
const STEPS: usize = 40;
const LIVES: u64 = 200;

/// Activity is kept for two days, all else for ever.
const RETENTION: Retention = Retention {
    time: Millis(8000 * DAY.0),
    rollups: Millis(8000 * DAY.0),
    targets: Millis(8000 * DAY.0),
    occurrences: Millis(8000 * DAY.0),
    activity: Millis(2 * DAY.0),
    instances: Millis(8000 * DAY.0),
};

/// A process at an address, or two of them in a rolling deploy.
#[derive(Debug, Clone)]
struct Host {
    service: String,
    address: String,
    version: Option<String>,
    process: String,
    counts: Vec<u64>,
}

#[derive(Debug, Clone)]
enum Step {
    /// One commit: edits, and scrapes of these hosts, which fail or not.
    Commit(Vec<Edit>, Vec<(usize, bool)>),
    Seal,
    Retain,
    /// Stopped in good order, or killed.
    Reopen(bool),
}

struct Life {
    chance: Chance,
    path: PathBuf,
    disk: Simulated,
    store: Option<Store>,
    model: Model,
    now: i64,
    hosts: Vec<Host>,
    serial: u64,
}

impl Life {
    fn new(seed: u64, path: &Path) -> Self {
        let disk = Simulated::new(path);
        let store = Some(Store::open_on(Arc::new(disk.clone()), path).unwrap());
        let (chance, model) = (Chance(seed), Model::default());
        let mut life =
            Self { chance, path: path.to_owned(), disk, store, model, now: BEGIN, hosts: Vec::new(), serial: 0 };
        for host in 0..HOSTS {
            let fresh = life.process(host);
            life.hosts.push(fresh);
        }
        life
    }

    fn store(&self) -> &Store {
        self.store.as_ref().unwrap()
    }

    fn below(&mut self, end: u64) -> u64 {
        self.chance.below(end)
    }

    /// A new process of some version.
    fn process(&mut self, host: u64) -> Host {
        self.serial += 1;
        let version = VERSIONS.get(self.below(8) as usize).map(|version| (*version).to_owned());
        Host {
            service: format!("service-{}", host % 2),
            address: format!("host-{host}:80"),
            version,
            process: format!("process-{}", self.serial),
            counts: vec![0; KEYS as usize],
        }
    }

    /// What happens without the store.
    fn pass(&mut self) {
        for _ in 0..self.below(3) {
            let (host, key) = (self.below(self.hosts.len() as u64) as usize, self.below(KEYS) as usize);
            let times = [1, 1, 2, 5, 1000][self.below(5) as usize];
            self.hosts[host].counts[key] += times;
        }
        match self.below(20) {
            // Restarted, perhaps with another version.
            0 | 1 => {
                let host = self.below(self.hosts.len() as u64) as usize;
                let number = self.hosts[host].address[5..6].parse().unwrap();
                self.hosts[host] = self.process(number);
            }
            // Another process beside the one at the address, or one of two goes.
            2 if self.hosts.len() < 8 => {
                let number = self.below(HOSTS);
                let fresh = self.process(number);
                self.hosts.push(fresh);
            }
            3 if self.hosts.len() > 3 => {
                let host = self.below(self.hosts.len() as u64) as usize;
                self.hosts.remove(host);
            }
            // A counter begins anew in the same process.
            4 => {
                let (host, key) = (self.below(self.hosts.len() as u64) as usize, self.below(KEYS) as usize);
                self.hosts[host].counts[key] /= 2;
            }
            _ => {}
        }
        self.now += match self.below(24) {
            0 => 3 * 3_600_000,
            1 => 26 * 3_600_000,
            2 => -(self.below(2_000_000) as i64),
            3 => -3 * 3_600_000,
            4 => 0,
            5 => 1,
            _ => 10_000,
        };
    }

    fn step(&mut self) -> Step {
        match self.below(24) {
            0 => Step::Seal,
            1 => Step::Retain,
            2 => Step::Reopen(true),
            3 => Step::Reopen(false),
            4..13 => Step::Commit(Vec::new(), self.scrapes()),
            13..15 => Step::Commit(self.edits(3), self.scrapes()),
            _ => Step::Commit(self.edits(1), Vec::new()),
        }
    }

    fn scrapes(&mut self) -> Vec<(usize, bool)> {
        let mut chosen: Vec<(usize, bool)> = Vec::new();
        for host in 0..self.hosts.len() {
            let one = &self.hosts[host];
            let same = |(other, _): &(usize, bool)| {
                (&self.hosts[*other].address, &self.hosts[*other].version) == (&one.address, &one.version)
            };
            // A target is in a commit once.
            if !chosen.iter().any(same) && self.chance.below(2) == 0 {
                chosen.push((host, self.chance.below(8) > 0));
            }
        }
        // The first of a commit is not always the oldest target.
        let first = self.below(chosen.len() as u64) as usize;
        chosen.rotate_left(first);
        chosen
    }

    fn edits(&mut self, most: u64) -> Vec<Edit> {
        (0..=self.below(most)).map(|_| self.edit()).collect()
    }

    fn edit(&mut self) -> Edit {
        let at = Timestamp(self.now);
        let by = |reason| Edit { at, actor: None, reason, task: Task::EndMutes };
        let people = Edit { actor: Some(["", "ada", "bob"][self.below(3) as usize].to_owned()), ..by(Reason::Edit) };
        match self.below(24) {
            0..3 => {
                let activity = 1 + self.below(self.model.made + 1);
                Edit { reason: Reason::Undo(activity), task: Task::Undo { activity }, ..people }
            }
            3 | 4 => {
                let labels = (0..self.below(3)).map(|_| (self.labels(), self.some()));
                let mut labels: Vec<(Labels, AggregateSet)> = labels.collect();
                // Each has its labels once.
                if let [(_, one), (_, other), ..] = labels.as_mut_slice() {
                    other.0 -= &one.0;
                }
                Edit { task: Task::Rule { labels, rules: self.below(3) }, ..by(Reason::Rule) }
            }
            5 => {
                let found = self.some().iter().map(|id| (id, format!("over its limit: {}", id.0))).collect();
                Edit { task: Task::Escalate(found), ..by(Reason::Escalation) }
            }
            6 | 7 => by(Reason::MuteTime),
            8 => {
                let (aggregates, since) = (self.some(), Timestamp(self.now - self.below(60_000) as i64));
                let task = Task::Silence { aggregates, since, detail: "silent for a minute".to_owned() };
                Edit { task, ..by(Reason::Silence) }
            }
            9 => Edit { task: Task::SaveView(self.view()), ..people },
            10 => Edit { task: Task::RemoveView(self.view().name), ..people },
            _ => {
                let (aggregates, change) = (self.some(), self.change());
                let revision = (self.below(8) == 0).then(|| self.below(4));
                Edit { task: Task::Change { aggregates, change, revision }, ..people }
            }
        }
    }

    /// Some aggregates, now and then one that is not there.
    fn some(&mut self) -> AggregateSet {
        let known = self.model.entries.len() as u32 + u32::from(self.below(20) == 0);
        (0..known).filter(|_| self.chance.below(2) == 0).map(AggregateId).collect()
    }

    fn labels(&mut self) -> Labels {
        let names = LABELS.into_iter().filter(|_| self.chance.below(2) == 0).collect::<Vec<_>>();
        Labels::from_pairs(names.into_iter().map(|name| (name, ["a", "b"][self.chance.below(2) as usize])))
    }

    fn view(&mut self) -> SavedView {
        let name = ["mine", "ours"][self.below(2) as usize].to_owned();
        let (query, saved_at) = (format!("is:open {}", self.below(3)), Timestamp(self.now));
        let (start, end, sort, saved_by) = ("now-1h".to_owned(), String::new(), "count".to_owned(), "ada".to_owned());
        SavedView { name, query, start, end, sort, saved_by, saved_at }
    }

    fn change(&mut self) -> Change {
        let mut change = Change::default();
        if self.below(4) > 0 {
            change.state = Some(self.turn());
        }
        for _ in 0..self.below(6).saturating_sub(2) {
            let name = LABELS[self.below(4) as usize].to_owned();
            let label = match self.below(4) {
                0 => LabelChange::Remove,
                1 => LabelChange::Follow,
                _ => LabelChange::Set(["a", "b"][self.below(2) as usize].to_owned()),
            };
            change.labels.push((name, label));
        }
        if self.below(6) == 0 {
            change.assignee = Some([None, Some("ada"), Some("bob")][self.below(3) as usize].map(str::to_owned));
        }
        if self.below(6) == 0 {
            change.note = Some([None, Some("see ticket 7"), Some("")][self.below(3) as usize].map(str::to_owned));
        }
        change
    }

    fn turn(&mut self) -> Turn {
        match self.below(11) {
            0 => Turn::Open,
            1..4 => Turn::Resolve,
            4..6 => {
                let label = ["version", "version", "version", "release"][self.below(4) as usize].to_owned();
                let version = (self.below(2) == 0).then(|| VERSIONS[self.below(7) as usize].to_owned());
                Turn::ResolveIn { label, version }
            }
            6 => Turn::Mute(Period::Forever),
            7 | 8 => Turn::Mute(Period::Until(Timestamp(self.now + self.below(120_000) as i64 - 10_000))),
            9 => Turn::Mute(Period::More([0, 1, 3, 1000, u64::MAX][self.below(5) as usize])),
            _ => Turn::Mute(Period::Escalation),
        }
    }

    fn place(&self, host: usize) -> Place {
        let Host { service, address, version, .. } = self.hosts[host].clone();
        Place { service, address, version, first: 0 }
    }

    fn scrape(&self, host: usize, good: bool) -> Scrape {
        let Host { service, address, version, process, counts } = self.hosts[host].clone();
        let mut labels = Labels::from_pairs([("instance", address.as_str())]);
        labels.set("version", version.unwrap_or_default());
        let target = Target {
            service,
            labels,
            discovered_labels: Labels::default(),
            url: format!("http://{address}/-/exceptions"),
            address,
            scrape_interval: INTERVAL,
            scrape_timeout: INTERVAL,
        };
        let aggregates = exposed(&counts).into_iter().map(|(key, total_count)| ExposedAggregate {
            key,
            total_count,
            severity: Severity::Error,
            created_at: None,
            occurrences: None,
            ..ExposedAggregate::default()
        });
        let exposition =
            Exposition { target_uuid: Some(process), aggregates: aggregates.collect(), ..Exposition::default() };
        let failure = Failure { kind: FailureKind::Connect, message: "refused".to_owned() };
        let outcome = if good { Ok(exposition) } else { Err(failure) };
        let (at, duration) = (Timestamp(self.now), Millis(3));
        Scrape { target: Arc::new(target), at, duration, body_bytes: 10, outcome }
    }

    /// What the model makes of a step.
    fn account(&mut self, step: &Step) -> Outcome {
        match step {
            Step::Commit(edits, scrapes) => {
                let scraped: Vec<Scraped> = scrapes
                    .iter()
                    .map(|(host, good)| {
                        let Host { process, counts, .. } = &self.hosts[*host];
                        (self.place(*host), good.then(|| (process.clone(), exposed(counts))))
                    })
                    .collect();
                self.model.commit(edits, self.now, &scraped)
            }
            Step::Retain => {
                self.model.forget(self.now - RETENTION.activity.0);
                Outcome::default()
            }
            Step::Seal | Step::Reopen(_) => Outcome::default(),
        }
    }

    fn run(&self, step: &Step) -> Result<Outcome, Error> {
        let store = self.store();
        match step {
            Step::Commit(edits, scrapes) => {
                let mut batch = Batch::new(store.draft());
                for (host, good) in scrapes {
                    assert!(matches!(batch.add(self.scrape(*host, *good)), Added::Yes(_)));
                }
                let mut draft = batch.into_draft();
                for edit in edits {
                    draft.edit(edit.clone());
                }
                let committed = store.commit(draft.finish())?;
                Ok((committed.edited, committed.reopened.iter().map(|id| id.0).collect()))
            }
            Step::Seal => store.seal(Timestamp(self.now)).map(|_| Outcome::default()),
            Step::Retain => store.retain(Timestamp(self.now), &RETENTION).map(|()| Outcome::default()),
            Step::Reopen(_) => Ok(Outcome::default()),
        }
    }

    fn open(&mut self, disk: Simulated) {
        self.store = None;
        self.store = Some(Store::open_on(Arc::new(disk.clone()), &self.path).unwrap());
        self.disk = disk;
    }

    fn check(&self, context: &str) {
        assert_eq!(seen::differs(self.store(), &self.model), None, "{context}");
    }

    /// A step that succeeds.
    fn advance(&mut self, step: &Step, context: &str) {
        let wanted = self.account(step);
        assert_eq!(self.run(step).unwrap(), wanted, "{context}");
        if let Step::Reopen(in_order) = step {
            let disk = if *in_order { self.disk.clone() } else { self.disk.copy(&self.path) };
            self.open(disk);
        }
        self.check(context);
    }

    /// A step in which the power goes, or after it.
    fn cut(&mut self, step: &Step, context: &str) {
        self.disk.cut_after(self.chance.clone().below(5));
        let before = self.model.clone();
        let wanted = self.account(step);
        let outcome = self.run(step);
        let keep = Keep::ALL[self.below(4) as usize];
        let disk = self.disk.after_power_cut(keep, &mut self.chance);
        self.open(disk);
        match outcome {
            Ok(outcome) => assert_eq!(outcome, wanted, "{context}"),
            Err(_) => {
                // It may have become durable without anybody hearing of it.
                if seen::differs(self.store(), &self.model).is_some() {
                    self.model = before;
                }
            }
        }
        self.check(&format!("{context}, cut keeping {keep:?}"));
    }
}

/// What a process exposes: an error appears when it happened.
fn exposed(counts: &[u64]) -> Vec<(String, u64)> {
    let keys = counts.iter().enumerate().filter(|(_, count)| **count > 0);
    keys.map(|(key, count)| (format!("Key{key}@1"), *count)).collect()
}

/// Says which life it was that broke off.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("this was TRIAGE_SEED={}", self.0);
        }
    }
}

fn live(seed: u64, path: &Path) -> usize {
    let _seed = Seed(seed);
    let mut life = Life::new(seed, path);
    for number in 0..STEPS {
        life.pass();
        let step = life.step();
        let context = format!("step {number}: {step:?}");
        if life.below(12) == 0 {
            life.cut(&step, &context);
        } else {
            life.advance(&step, &context);
        }
    }
    life.model.made as usize
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

#[test]
fn triage_is_what_a_plain_model_says_whatever_happens() {
    let seeds = match (number("TRIAGE_SEED"), number("TRIAGE_LIVES").unwrap_or(LIVES)) {
        (Some(seed), _) => seed..seed + 1,
        (None, lives) => 1..lives + 1,
    };
    let lives = seeds.end - seeds.start;
    let directory = tempfile::tempdir().unwrap();
    let half = |odd: u64| {
        let (seeds, path) = (seeds.clone(), directory.path().join(odd.to_string()));
        move || seeds.filter(|seed| seed % 2 == odd).map(|seed| live(seed, &path)).sum::<usize>()
    };
    let made: usize = std::thread::scope(|scope| {
        let threads = [0, 1].map(|odd| scope.spawn(half(odd)));
        threads.map(|thread| thread.join().unwrap()).into_iter().sum()
    });
    assert!(made as u64 > lives * 3, "only {made} activities in {lives} lives");
}
