//! A fleet that misbehaves and knows the truth: for the test that every count survives restarts, faults and SIGKILL.
//!
//! Its targets count what they throw. Between good answers they send junk, truncated and cut bodies, status 500, nothing
//! at all, or refuse connections; what such an answer claims is always too much (`POISON`), so that a server which believes
//! a part of one is found out. They repeat occurrence uuids, list samples twice and in any order.
//!
//! # What a server can be held to
//! What a process counted and nobody ever scraped is lost with it, and a server that is killed between receiving an answer
//! and committing it has not scraped it. So a life may only end when the server is known to have its last counts, and only
//! the test can know, by asking the server. The protocol of one turn of one target:
//!
//! 1. [`Chaos::hold`]: its counts stand still and it answers well (other targets go on).
//! 2. The test asks the server until it has [`Truth::thrown`] of all aggregates of the target.
//! 3. [`Chaos::end_life`]: the next life begins, still held. How it can be told from the last one is the target's
//!    [`Identity`]. For [`Identity::Kept`] the new life begins with counts below the old ones: nothing but the decrease
//!    shows the reset, so the server must see it before the counts pass the old ones.
//! 4. The test asks the server again until it has all that was thrown.
//! 5. [`Chaos::release`].
//!
//! The server may be killed at any moment of this. At all times its counts are at most what was thrown until it was asked
//! (no double), and after a last `hold` of all targets they become exactly that (no loss).

mod body;
mod target;

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::TcpListener;
use tokio::task::JoinSet;

use self::target::{Fault, Target};
use super::http::{self, Answer, Site};
use super::json;
use super::rng::Rng;
use crate::clock::Clock;
use crate::model::time::Millis;

/// How long a target that refuses connections refuses them, at most.
const REFUSAL: Millis = Millis(300);

/// What kind of fleet.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many targets.
    pub targets: usize,
    /// How many services they are spread over.
    pub services: usize,
    /// How many aggregates a target may throw.
    pub aggregates: usize,
    /// Share of the requests that is answered badly, 0 to 1.
    pub faults: f64,
    /// Chance.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { targets: 30, services: 3, aggregates: 8, faults: 0.4, seed: 1 }
    }
}

/// How one life of a target can be told from the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// Each life has its own `target_uuid`.
    Uuid,
    /// The `target_uuid` stays and so do the `created_at`; only the counts begin anew.
    Kept,
    /// There is no `target_uuid` (missing, or null); the aggregates' `created_at` move on.
    None,
}

/// What is true of one aggregate of one target, over all its lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truth {
    /// Its service.
    pub service: String,
    /// Its aggregation key.
    pub key: String,
    /// `host:port` of its target, which is its `instance` label too.
    pub address: String,
    /// How often it was thrown.
    pub thrown: u64,
    /// How many of these some good answer contained that was written completely: per life the most, and their sum. A
    /// server can know these at most, and not even these if it was killed after it.
    pub exposed: u64,
}

/// Why a life does not end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such target.
    Unknown,
    /// The target is not held.
    NotHeld,
    /// No good answer with its last counts was written completely: the server can not have them. (Or it has them this very
    /// moment, before the writer noticed: then asking once more helps.)
    NotExposed,
    /// The target keeps its uuid and an aggregate stands at 1: no reset of it could be told from standing still. Releasing
    /// the target throws what is needed.
    NothingBelow,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "there is no such target",
            Self::NotHeld => "the target is not held",
            Self::NotExposed => "the target's last counts were not exposed",
            Self::NothingBelow => "no smaller count than the target's would be one",
        })
    }
}

impl std::error::Error for Refusal {}

/// The fleet. Clones are handles to the same one.
#[derive(Debug, Clone)]
pub struct Chaos {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    options: Options,
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    targets: Vec<Target>,
    rng: Rng,
}

impl Chaos {
    /// Takes an address for each target at free ports of `ip`; nobody answers there before [`Chaos::serve`]. Call it within
    /// a tokio runtime.
    ///
    /// # Errors
    /// When a port can not be had.
    pub async fn bind(options: Options, clock: Clock, ip: IpAddr) -> io::Result<(Self, Vec<TcpListener>)> {
        let (mut listeners, mut targets) = (Vec::new(), Vec::new());
        for index in 0..options.targets {
            let listener = TcpListener::bind((ip, 0)).await?;
            targets.push(Target::new(&options, index, listener.local_addr()?, clock.now()));
            listeners.push(listener);
        }
        let state = Mutex::new(State { targets, rng: Rng::of(&[options.seed, 0xca05]) });
        Ok((Self { shared: Arc::new(Shared { options, clock, state }) }, listeners))
    }

    /// Answers, well and badly. Ends only when it is dropped.
    pub async fn serve(&self, listeners: Vec<TcpListener>) -> Infallible {
        let mut sites = JoinSet::new();
        for (index, listener) in listeners.into_iter().enumerate() {
            let opened = self.state().targets.get(index).map(|target| (target.address, target.open.subscribe()));
            if let Some((address, open)) = opened {
                let site = Arc::new(Place { chaos: self.clone(), index });
                sites.spawn(http::keep(address, Some(listener), site, open));
            }
        }
        loop {
            self.shared.clock.sleep(REFUSAL).await;
            for target in &self.state().targets {
                target.open.send_if_modified(|open| open.replace(0).is_none());
            }
        }
    }

    /// The configuration with which a server scrapes this fleet.
    #[must_use]
    pub fn config_yaml(&self, interval: Millis, timeout: Millis) -> String {
        let mut yaml = format!("global:\n  scrape_interval: {interval}\n  scrape_timeout: {timeout}\nservices:\n");
        for service in 0..self.shared.options.services {
            let name = service_name(service);
            json::put(&mut yaml, format_args!("  - name: {name}\n    static_configs:\n"));
            for target in self.state().targets.iter().filter(|target| target.service == name) {
                let zone = target.address.port() % 3;
                json::put(
                    &mut yaml,
                    format_args!("      - targets: [\"{}\"]\n        labels: {{zone: z{zone}}}\n", target.address),
                );
            }
        }
        yaml
    }

    /// How many targets there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.state().targets.len()
    }

    /// Whether there is no target.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Address of a target.
    #[must_use]
    pub fn address(&self, target: usize) -> Option<SocketAddr> {
        self.state().targets.get(target).map(|target| target.address)
    }

    /// How the lives of a target can be told apart.
    #[must_use]
    pub fn identity(&self, target: usize) -> Option<Identity> {
        self.state().targets.get(target).map(|target| target.identity)
    }

    /// Throws a few exceptions in about half of the targets that are not held.
    pub fn throw_some(&self) {
        let now = self.shared.clock.now();
        let mut state = self.state();
        let State { targets, rng } = &mut *state;
        for target in targets.iter_mut().filter(|target| !target.held) {
            for aggregate in 0..self.shared.options.aggregates {
                if rng.chance(0.2) {
                    target.throw(aggregate, rng.between(1, 20), now);
                }
            }
        }
    }

    /// Throws `times` exceptions of one aggregate; nothing while the target is held.
    pub fn throw(&self, target: usize, aggregate: usize, times: u64) {
        let now = self.shared.clock.now();
        if let Some(target) = self.state().targets.get_mut(target).filter(|target| !target.held) {
            target.throw(aggregate, times, now);
        }
    }

    /// From now on the target throws nothing and answers well.
    pub fn hold(&self, target: usize) {
        if let Some(target) = self.state().targets.get_mut(target) {
            target.held = true;
        }
    }

    /// Holds all targets.
    pub fn hold_all(&self) {
        for target in &mut self.state().targets {
            target.held = true;
        }
    }

    /// Ends the target's life and begins the next, which is held too. See the module for what to do before and after.
    ///
    /// # Errors
    /// Why the life goes on.
    pub fn end_life(&self, target: usize) -> Result<(), Refusal> {
        let now = self.shared.clock.now();
        let mut state = self.state();
        let State { targets, rng } = &mut *state;
        let target = targets.get_mut(target).ok_or(Refusal::Unknown)?;
        if !target.held {
            return Err(Refusal::NotHeld);
        }
        if !target.is_exposed() {
            return Err(Refusal::NotExposed);
        }
        if !target.can_be_reset() {
            return Err(Refusal::NothingBelow);
        }
        target.begin_anew(rng, now);
        Ok(())
    }

    /// Lets the target throw and misbehave again.
    pub fn release(&self, target: usize) {
        let now = self.shared.clock.now();
        if let Some(target) = self.state().targets.get_mut(target) {
            target.release(now);
        }
    }

    /// Releases all targets.
    pub fn release_all(&self) {
        let now = self.shared.clock.now();
        for target in &mut self.state().targets {
            target.release(now);
        }
    }

    /// What is true of each aggregate of each target that was ever thrown there, at one moment.
    #[must_use]
    pub fn truth(&self) -> Vec<Truth> {
        self.state().targets.iter().flat_map(Target::truth).collect()
    }

    /// What is true of one target.
    #[must_use]
    pub fn truth_of(&self, target: usize) -> Vec<Truth> {
        self.state().targets.get(target).map(|target| target.truth().collect()).unwrap_or_default()
    }

    /// How many answers of each kind were begun: the word of the fault (or `good`) and how often.
    #[must_use]
    pub fn answers(&self) -> Vec<(&'static str, u64)> {
        let state = self.state();
        let count = |fault: Fault| (fault.name(), state.targets.iter().map(|target| target.answered(fault)).sum());
        Fault::ALL.into_iter().map(count).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The state is whole between any two statements that could panic.
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn service_name(service: usize) -> String {
    format!("chaos-{service}")
}

/// One target, as a site.
struct Place {
    chaos: Chaos,
    index: usize,
}

impl Site for Place {
    fn answer(&self, _path: &str) -> Answer {
        let mut state = self.chaos.state();
        let State { targets, rng } = &mut *state;
        let faults = self.chaos.shared.options.faults;
        targets.get_mut(self.index).map_or(Answer::Close, |target| target.answer(rng, faults))
    }

    fn written(&self, receipt: Option<u64>) {
        if let (Some(target), Some(receipt)) = (self.chaos.state().targets.get_mut(self.index), receipt) {
            target.written(receipt);
        }
    }
}

#[cfg(test)]
mod tests;
