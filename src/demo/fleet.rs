//! The fleet: all services and their processes at one moment, and how that moment moves on.
//!
//! Time passes in minutes inside: each minute is planned whole, from the seed and its number alone, as a sorted list of
//! what is thrown and which process comes or goes. [`Fleet::advance`] carries that list out up to the moment asked for.
//! So the fleet is the same whether it is looked at every five seconds or once a day.

use std::sync::Arc;

use super::kind::Kind;
use super::process::Process;
use super::rng::{Rng, mix};
use super::sample::Mark;
use super::schedule::{self, Move, Step, slots_before};
use super::service::SERVICES;
use super::slot::{Slot, State};
use super::story::{self, DAY, HOUR, Incident, MINUTE};
use crate::model::target::Target;
use crate::model::time::{Millis, Timestamp};

/// How long before `now` a fleet begins.
pub const AGE: Millis = Millis(31 * DAY);

/// Scrape interval of the live fleet: short, so that a watched page moves.
pub const SCRAPE_INTERVAL: Millis = Millis::from_seconds(5);

/// Incidents are followed in slices of a minute, so that a short one has its shape.
const SLICES: i64 = 6;

/// A simulated fleet at one moment.
#[derive(Debug)]
pub struct Fleet {
    pub(crate) seed: u64,
    /// The moment at which history ends and live serving begins.
    pub(crate) now: Timestamp,
    pub(crate) kinds: Vec<Vec<Kind>>,
    pub(crate) slots: Vec<Slot>,
    releases: Vec<Release>,
    /// Per service and kind: before that time no further sample is kept, see `keeps`.
    rests: Vec<Vec<Timestamp>>,
    time: Timestamp,
    day: Day,
    minute: Vec<Happening>,
    /// How much of `minute` has happened.
    done: usize,
    /// Targets that discovery no longer knows, since somebody asked.
    departed: Vec<Arc<Target>>,
    /// Counts what changed in discovery.
    generation: u64,
    thrown: u64,
    interval: Millis,
}

#[derive(Debug, Default, Clone, Copy)]
struct Release {
    highest: u32,
    current: u32,
    bad: bool,
}

/// What is known of a day before it comes.
#[derive(Debug)]
struct Day {
    begin: Timestamp,
    incidents: Vec<Incident>,
    moves: Vec<(Timestamp, Move)>,
}

#[derive(Debug, Clone, Copy)]
struct Happening {
    at: Timestamp,
    what: What,
}

#[derive(Debug, Clone, Copy)]
enum What {
    Move(Move),
    Throw { service: usize, kind: usize, seed: u64 },
}

impl Fleet {
    /// The fleet of this seed whose story leads up to `now`. It stands at its beginning, [`AGE`] before `now`.
    #[must_use]
    pub fn new(seed: u64, now: Timestamp) -> Self {
        Self::aged(seed, now, AGE)
    }

    /// The same fleet, but its processes start only `age` before `now`: for tests that need no month.
    #[must_use]
    pub fn aged(seed: u64, now: Timestamp, age: Millis) -> Self {
        let begin = Timestamp((now.0 - age.0.max(0)).div_euclid(MINUTE) * MINUTE);
        let kinds = story::kinds();
        let mut fleet = Self {
            seed,
            now,
            rests: kinds.iter().map(|kinds| vec![Timestamp(i64::MIN); kinds.len()]).collect(),
            kinds,
            slots: Vec::new(),
            releases: vec![Release::default(); SERVICES.len()],
            time: begin,
            day: Day { begin: Timestamp(i64::MIN), incidents: Vec::new(), moves: Vec::new() },
            minute: Vec::new(),
            done: 0,
            departed: Vec::new(),
            generation: 0,
            thrown: 0,
            interval: SCRAPE_INTERVAL,
        };
        for (service, plan) in SERVICES.iter().enumerate() {
            for replica in 0..plan.replicas {
                let address = format!("127.0.0.1:{}", 9601 + fleet.slots.len());
                let state = State::Empty;
                fleet.slots.push(Slot { service, replica, address, state, target: None, lives: 0 });
            }
        }
        for slot in 0..fleet.slots.len() {
            fleet.start(slot, true);
        }
        fleet.bury(begin);
        fleet.plan_minute(begin);
        fleet
    }

    /// The moment at which the fleet stands.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        self.time
    }

    /// How many targets the fleet has, the dead one included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Never: every fleet has targets.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// How many exceptions were thrown since the beginning, whether or not somebody scraped them.
    #[must_use]
    pub fn thrown(&self) -> u64 {
        self.thrown
    }

    /// Lets time pass until `to`. A time before the fleet's own changes nothing.
    pub fn advance(&mut self, to: Timestamp) {
        while self.time <= to {
            while let Some(happening) = self.minute.get(self.done).copied().filter(|next| next.at <= to) {
                self.done += 1;
                self.happen(happening);
            }
            let next = Timestamp((self.time.0.div_euclid(MINUTE) + 1) * MINUTE);
            if next > to {
                break;
            }
            self.time = next;
            self.plan_minute(next);
        }
        self.time = self.time.max(to);
    }

    /// Targets that went since the last call: their pod was replaced.
    pub(crate) fn take_departed(&mut self) -> Vec<Arc<Target>> {
        std::mem::take(&mut self.departed)
    }

    /// A number that moves whenever discovery would say something else.
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// Gives each slot its address (`host:port`), in the order of the slots; those without one keep theirs.
    pub fn listen_at<S: ToString>(&mut self, addresses: impl IntoIterator<Item = S>) {
        for (slot, address) in self.slots.iter_mut().zip(addresses) {
            slot.address = address.to_string();
            slot.rediscover(self.interval);
        }
        self.generation += 1;
    }

    /// Sets the scrape interval that the targets name.
    pub(crate) fn scrape_every(&mut self, interval: Millis) {
        self.interval = interval;
        for slot in &mut self.slots {
            slot.rediscover(interval);
        }
    }

    /// A fleet that begins after the dead machine died has it dead from the start.
    fn bury(&mut self, begin: Timestamp) {
        if begin > self.now.minus(Millis(schedule::DEAD_SINCE)) {
            self.make(Move::Die(slots_before(SERVICES.len()) - 1));
        }
    }

    fn plan_minute(&mut self, begin: Timestamp) {
        let end = begin.plus(Millis(MINUTE));
        let day = Timestamp(begin.0.div_euclid(DAY) * DAY);
        if self.day.begin != day {
            self.day = Day {
                begin: day,
                incidents: story::incidents(self.seed, self.now, day, &self.kinds),
                moves: schedule::moves(self.seed, self.now, day),
            };
        }
        self.minute.clear();
        self.done = 0;
        let from = self.day.moves.partition_point(|(at, _)| *at < begin);
        let moves = self.day.moves.iter().skip(from).take_while(|(at, _)| *at < end);
        self.minute.extend(moves.map(|(at, what)| Happening { at: *at, what: What::Move(*what) }));
        for (service, (plan, kinds)) in SERVICES.iter().zip(&self.kinds).enumerate() {
            let traffic = story::traffic(plan, begin);
            for (kind, known) in kinds.iter().enumerate() {
                let number = (service * 1000 + kind) as u64;
                let chance = mix(self.seed ^ number);
                let rate = known.rate * story::shape(known.shape, traffic, begin, chance);
                let mut rng = Rng::of(&[chance, begin.0 as u64]);
                throw(&mut self.minute, (service, kind), rate, (begin, MINUTE), &mut rng);
            }
        }
        for (number, incident) in self.day.incidents.iter().enumerate() {
            if incident.end > begin && incident.begin < end {
                follow(&mut self.minute, self.seed, number, incident, begin);
            }
        }
        // Stable: what happens in the same millisecond happens in the order in which it was planned.
        self.minute.sort_by_key(|happening| happening.at);
    }

    fn happen(&mut self, happening: Happening) {
        match happening.what {
            What::Move(what) => self.make(what),
            What::Throw { service, kind, seed } => self.count(service, kind, Mark { at: happening.at, seed }),
        }
    }

    /// Something was thrown in one of the service's processes. Nothing is when none runs.
    fn count(&mut self, service: usize, kind: usize, mark: Mark) {
        let (Some(plan), Some(known)) = (SERVICES.get(service), self.kinds.get(service).and_then(|k| k.get(kind)))
        else {
            return;
        };
        let (first, replicas) = (slots_before(service), plan.replicas);
        let keep = keeps(&mut self.rests, (service, kind), mark, self.now);
        for turn in 0..replicas {
            let replica = ((mix(mark.seed) % replicas as u64) as usize + turn) % replicas;
            let Some(process) = self.slots.get_mut(first + replica).and_then(Slot::process) else { continue };
            if known.bad_release && !process.bad_release {
                // This one got the request, and its release handles it.
                return;
            }
            process.count(kind, known, plan.language, mark, keep);
            self.thrown += 1;
            return;
        }
    }

    fn make(&mut self, what: Move) {
        match what {
            Move::Release(service, step) => {
                if let Some(release) = self.releases.get_mut(service) {
                    release.bad = step == Step::Bad;
                    if step == Step::Back {
                        release.current = release.highest.saturating_sub(1);
                    } else {
                        release.highest += 1;
                        release.current = release.highest;
                    }
                }
            }
            Move::Retire(slot) => {
                if let Some(slot) = self.slots.get_mut(slot).filter(|slot| !matches!(slot.state, State::Dead)) {
                    slot.state = State::Empty;
                    self.departed.extend(slot.target.take());
                    self.generation += 1;
                }
            }
            Move::Start(slot) => self.start(slot, true),
            Move::Return(slot) => self.start(slot, false),
            Move::Crash(slot) | Move::Die(slot) => {
                if let Some(slot) = self.slots.get_mut(slot) {
                    if matches!(what, Move::Die(_)) {
                        slot.state = State::Dead;
                    } else if matches!(slot.state, State::Up(_)) {
                        slot.state = State::Down;
                    }
                }
            }
        }
    }

    /// Starts a process: as a new target in an empty slot, or again at the target of one that crashed.
    fn start(&mut self, index: usize, new_target: bool) {
        let (seed, interval) = (self.seed, self.interval);
        let Some(slot) = self.slots.get_mut(index) else { return };
        let release = self.releases.get(slot.service).copied().unwrap_or_default();
        let fits = if new_target { matches!(slot.state, State::Empty) } else { matches!(slot.state, State::Down) };
        if !fits {
            return;
        }
        slot.lives += 1;
        if new_target {
            slot.discover(seed, release.current, interval);
            self.generation += 1;
        }
        let version = match slot.plan().map(|service| service.language) {
            Some(super::catalog::Language::Python) => 1,
            _ => 4,
        };
        let uuid = Rng::of(&[seed, 0x1d, index as u64, slot.lives]).uuid(version);
        let kinds = self.kinds.get(slot.service).map_or(0, Vec::len);
        slot.state = State::Up(Process::new(uuid, release.bad, kinds));
    }
}

/// Whether a client keeps this exception as a sample. Real clients keep each one; before `now`, in the history, one
/// every few hours of each kind is enough to look at, and a month stays small.
fn keeps(rests: &mut [Vec<Timestamp>], (service, kind): (usize, usize), mark: Mark, now: Timestamp) -> bool {
    if mark.at >= now {
        return true;
    }
    let Some(rest) = rests.get_mut(service).and_then(|kinds| kinds.get_mut(kind)) else { return false };
    let keep = mark.at >= *rest;
    if keep {
        *rest = mark.at.plus(Rng::of(&[mark.seed]).time_between(40 * MINUTE, 4 * HOUR));
    }
    keep
}

/// Plans what an incident throws in the minute that begins at `begin`.
fn follow(minute: &mut Vec<Happening>, seed: u64, number: usize, incident: &Incident, begin: Timestamp) {
    let length = MINUTE / SLICES;
    let mut rng = Rng::of(&[seed, 0x1c, number as u64, begin.0 as u64]);
    for slice in 0..SLICES {
        let at = begin.plus(Millis(slice * length));
        let rate = incident.rate(at.plus(Millis(length / 2))) / SLICES as f64;
        throw(minute, (incident.service, incident.kind), rate, (at, length), &mut rng);
    }
}

/// Plans as many exceptions as chance makes of `mean`, evenly within `length` from `begin`.
fn throw(
    minute: &mut Vec<Happening>,
    (service, kind): (usize, usize),
    mean: f64,
    (begin, length): (Timestamp, i64),
    rng: &mut Rng,
) {
    for _ in 0..rng.poisson(mean) {
        let at = begin.plus(rng.time(Millis(length)));
        minute.push(Happening { at, what: What::Throw { service, kind, seed: rng.next() } });
    }
}
