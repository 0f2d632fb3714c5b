//! One target of the fleet that misbehaves: what it threw, what it showed, and how it answers.

use std::collections::VecDeque;
use std::net::SocketAddr;

use tokio::sync::watch;

use super::body;
use super::{Identity, Options, Truth, service_name};
use crate::demo::http::Answer;
use crate::demo::rng::Rng;
use crate::model::time::{Millis, Timestamp};

/// How many answers on their way are remembered; an answer that was overtaken by that many others proves nothing more.
const RECEIPTS_MAX: usize = 64;

/// What may be wrong with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Good,
    /// A body that is no exposition.
    Junk,
    /// The right length, but the JSON stops in the middle.
    Truncated,
    /// The connection ends before the length that was promised.
    Cut,
    /// An exposition, but the status is 500.
    Status,
    /// No answer at all.
    Hang,
    /// The connection is closed at once.
    Close,
    /// Connections are refused for a while.
    Refuse,
}

impl Fault {
    pub(super) const ALL: [Self; 8] =
        [Self::Good, Self::Junk, Self::Truncated, Self::Cut, Self::Status, Self::Hang, Self::Close, Self::Refuse];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Junk => "junk",
            Self::Truncated => "truncated",
            Self::Cut => "cut",
            Self::Status => "status",
            Self::Hang => "hang",
            Self::Close => "close",
            Self::Refuse => "refuse",
        }
    }
}

/// One target over all its lives.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) service: String,
    pub(super) address: SocketAddr,
    pub(super) identity: Identity,
    /// It throws nothing and answers well.
    pub(super) held: bool,
    /// Something while it listens.
    pub(super) open: watch::Sender<Option<u64>>,
    pub(super) life: Life,
    /// What earlier lives threw, per aggregate.
    past: Vec<Past>,
    /// Good answers on their way: number, life, counts.
    receipts: VecDeque<(u64, u64, Vec<u64>)>,
    answered: Vec<(Fault, u64)>,
    index: usize,
    seed: u64,
}

/// One life.
#[derive(Debug, Default)]
pub(super) struct Life {
    pub(super) number: u64,
    pub(super) uuid: Uuid,
    pub(super) counts: Vec<Counted>,
}

/// What an exposition says of the process's id.
#[derive(Debug, Default)]
pub(super) enum Uuid {
    /// The member is there.
    Known(String),
    /// The member is null.
    Null,
    /// There is no member.
    #[default]
    Missing,
}

/// One aggregate in one life.
#[derive(Debug, Clone, Default)]
pub(super) struct Counted {
    pub(super) count: u64,
    pub(super) created: Option<Timestamp>,
    pub(super) last: Option<Timestamp>,
    /// The most that a good answer of this life said.
    exposed: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Past {
    thrown: u64,
    exposed: u64,
}

impl Target {
    pub(super) fn new(options: &Options, index: usize, address: SocketAddr, now: Timestamp) -> Self {
        let identity = match index % 3 {
            0 => Identity::Uuid,
            1 => Identity::Kept,
            _ => Identity::None,
        };
        let mut target = Self {
            service: service_name(index % options.services.max(1)),
            address,
            identity,
            held: false,
            open: watch::Sender::new(Some(0)),
            life: Life { counts: vec![Counted::default(); options.aggregates], ..Life::default() },
            past: vec![Past::default(); options.aggregates],
            receipts: VecDeque::new(),
            answered: Fault::ALL.map(|fault| (fault, 0)).to_vec(),
            index,
            // Another process that scrapes at another time must not meet the same uuids.
            seed: options.seed ^ now.0 as u64,
        };
        target.life.uuid = target.uuid();
        target
    }

    pub(super) fn throw(&mut self, aggregate: usize, times: u64, now: Timestamp) {
        let Some(counted) = self.life.counts.get_mut(aggregate) else { return };
        // Only what is at least 2 can be reset to less than itself and still to something.
        let least = if counted.count == 0 { 2 } else { 1 };
        counted.count += times.max(least);
        counted.created.get_or_insert(now);
        counted.last = Some(now);
    }

    /// Whether a good answer with the present counts was written completely.
    pub(super) fn is_exposed(&self) -> bool {
        self.life.counts.iter().all(|counted| counted.exposed == counted.count)
    }

    /// Whether the next life could be told from this one.
    pub(super) fn can_be_reset(&self) -> bool {
        self.identity != Identity::Kept || self.life.counts.iter().all(|counted| counted.count != 1)
    }

    /// From now on it throws and misbehaves. What a reset left at 1 is thrown once more, so that there is room below it
    /// for the next reset.
    pub(super) fn release(&mut self, now: Timestamp) {
        self.held = false;
        for aggregate in 0..self.life.counts.len() {
            if self.life.counts.get(aggregate).is_some_and(|counted| counted.count == 1) {
                self.throw(aggregate, 1, now);
            }
        }
    }

    /// Ends this life and begins the next one.
    pub(super) fn begin_anew(&mut self, rng: &mut Rng, now: Timestamp) {
        let mut counts = Vec::new();
        for (counted, past) in self.life.counts.iter().zip(&mut self.past) {
            past.thrown += counted.count;
            past.exposed += counted.exposed;
            let mut next = Counted::default();
            match self.identity {
                // The uuid says enough: begin with anything, more than before included.
                Identity::Uuid if counted.count > 0 && rng.chance(0.5) => {
                    next.count = rng.between(1, counted.count * 2);
                    next.created = Some(now);
                }
                // Only the decrease says it: begin below, and with all aggregates that there were.
                Identity::Kept if counted.count > 0 => {
                    next.count = rng.between(1, counted.count - 1);
                    next.created = counted.created;
                }
                // Only created_at says it, and it must have moved: as many as before, or more, or fewer.
                Identity::None if counted.count > 0 => {
                    next.count = rng.between(2, counted.count * 2);
                    next.created = counted.created.map(|before| now.max(before.plus(Millis::from_seconds(1))));
                }
                _ => {}
            }
            next.last = (next.count > 0).then_some(now);
            counts.push(next);
        }
        self.life = Life { number: self.life.number + 1, uuid: Uuid::Missing, counts };
        self.life.uuid = self.uuid();
        self.receipts.clear();
    }

    pub(super) fn truth(&self) -> impl Iterator<Item = Truth> + '_ {
        let pairs = self.life.counts.iter().zip(&self.past).enumerate();
        pairs.filter(|(_, (counted, past))| counted.count + past.thrown > 0).map(|(aggregate, (counted, past))| Truth {
            service: self.service.clone(),
            key: body::key(aggregate),
            address: self.address.to_string(),
            thrown: counted.count + past.thrown,
            exposed: counted.exposed + past.exposed,
        })
    }

    pub(super) fn answered(&self, fault: Fault) -> u64 {
        self.answered.iter().filter(|(known, _)| *known == fault).map(|(_, times)| times).sum()
    }

    pub(super) fn answer(&mut self, rng: &mut Rng, faults: f64) -> Answer {
        let bad = !self.held && rng.chance(faults);
        let fault = if bad { Fault::ALL.get(rng.between(1, 7) as usize).copied() } else { None };
        let fault = fault.unwrap_or(Fault::Good);
        let mut number = 0;
        for (known, times) in &mut self.answered {
            *times += u64::from(*known == fault);
            number += *times;
        }
        let seed = rng.next();
        let full = |status, body| Answer::Full { status, content_type: "application/json", body, receipt: None };
        match fault {
            Fault::Good => self.good(number, seed),
            Fault::Junk => full(200, body::junk(seed)),
            Fault::Truncated => {
                let mut poisoned = body::exposition(self, seed, body::POISON);
                poisoned.truncate(poisoned.len() * 3 / 4);
                full(200, poisoned)
            }
            Fault::Cut => {
                let mut poisoned = body::exposition(self, seed, body::POISON);
                let length = poisoned.len();
                // Up to nearly all of it: only the last brace may be missing.
                poisoned.truncate(length.saturating_sub(1 + (seed % 400) as usize));
                Answer::Cut { length, body: poisoned }
            }
            Fault::Status => full(500, body::exposition(self, seed, body::POISON)),
            Fault::Hang => Answer::Hang,
            Fault::Close => Answer::Close,
            Fault::Refuse => {
                self.open.send_replace(None);
                Answer::Close
            }
        }
    }

    fn good(&mut self, number: u64, seed: u64) -> Answer {
        let counts = self.life.counts.iter().map(|counted| counted.count).collect();
        if self.receipts.len() >= RECEIPTS_MAX {
            self.receipts.pop_front();
        }
        self.receipts.push_back((number, self.life.number, counts));
        let body = body::exposition(self, seed, 0);
        Answer::Full { status: 200, content_type: "application/json", body, receipt: Some(number) }
    }

    /// The good answer of that number was written completely.
    pub(super) fn written(&mut self, number: u64) {
        let Some(at) = self.receipts.iter().position(|(known, ..)| *known == number) else { return };
        let Some((_, life, counts)) = self.receipts.remove(at) else { return };
        if life == self.life.number {
            for (counted, count) in self.life.counts.iter_mut().zip(counts) {
                counted.exposed = counted.exposed.max(count);
            }
        }
    }

    fn uuid(&self) -> Uuid {
        let uuid = |life| Rng::of(&[self.seed, self.index as u64, life]).uuid(4);
        match self.identity {
            Identity::Uuid => Uuid::Known(uuid(self.life.number)),
            Identity::Kept => Uuid::Known(uuid(0)),
            Identity::None if self.index.is_multiple_of(2) => Uuid::Null,
            Identity::None => Uuid::Missing,
        }
    }
}
