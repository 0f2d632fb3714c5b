//! The past: what scraping the fleet from one time to another would have yielded.
//!
//! It is what the scraper would have said, event by event, so that it can go through the real ingest: only what moved,
//! refused connections while a process is down, and nothing at all in the one night in which nobody was scraping.

use std::collections::VecDeque;
use std::sync::Arc;

use super::exposition::changed;
use super::fleet::Fleet;
use super::rng::Rng;
use super::service::SERVICES;
use super::slot::State;
use super::story::{DAY, HOUR, MINUTE};
use crate::model::scrape::{Event, Failure, FailureKind, Scrape};
use crate::model::time::{Millis, TimeRange, Timestamp};

/// Iterates over events in the order of their times. See [`Fleet::history`].
#[derive(Debug)]
pub struct History<'a> {
    fleet: &'a mut Fleet,
    /// Each slot's place within the interval, ascending.
    places: Vec<(Millis, usize)>,
    from: Timestamp,
    to: Timestamp,
    interval: Millis,
    round: i64,
    next: usize,
    ready: VecDeque<Event>,
    night: TimeRange,
}

impl Fleet {
    /// What scraping every `interval` would have yielded from `from` to `to`, in the order of time.
    ///
    /// Lets the fleet's time pass to `to`: live serving that begins there goes on without a seam, with the same processes
    /// and counters. `from` must not be before the fleet's own time; earlier scrapes are left out. The targets of the
    /// events name `interval` as their scrape interval, afterwards they name the live one.
    pub fn history(&mut self, from: Timestamp, to: Timestamp, interval: Millis) -> History<'_> {
        let interval = interval.max(Millis(1));
        self.advance(from);
        self.take_departed();
        self.scrape_every(interval);
        // As the scraper spreads its targets: by a hash of the target, the same each time.
        let place = |slot: usize| Rng::of(&[self.seed, slot as u64]).time(interval);
        let mut places: Vec<(Millis, usize)> = (0..self.slots.len()).map(|slot| (place(slot), slot)).collect();
        places.sort_unstable();
        let night = self.night();
        History { fleet: self, places, from, to, interval, round: 0, next: 0, ready: VecDeque::new(), night }
    }

    /// The night in which nobody scraped: seven hours, four nights before `now`.
    #[must_use]
    pub fn night(&self) -> TimeRange {
        let midnight = self.now.0.div_euclid(DAY) * DAY;
        let start = Timestamp(midnight - 4 * DAY - 40 * MINUTE);
        TimeRange { start, end: start.plus(Millis(7 * HOUR)) }
    }
}

impl Iterator for History<'_> {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            let Some((place, slot)) = self.places.get(self.next).copied() else {
                if self.places.is_empty() {
                    return None;
                }
                self.next = 0;
                self.round += 1;
                continue;
            };
            let at = self.from.plus(Millis(self.round * self.interval.0)).plus(place);
            if at > self.to {
                self.finish();
                return self.ready.pop_front();
            }
            self.next += 1;
            if !self.night.contains(at) {
                self.fleet.advance(at);
                self.bid_farewell(at);
                self.scrape(slot, at);
            }
        }
    }
}

impl History<'_> {
    fn finish(&mut self) {
        if self.fleet.time() < self.to {
            self.fleet.advance(self.to);
            self.bid_farewell(self.to);
        }
        // Nothing is left to do for a further call.
        self.places.clear();
        self.fleet.scrape_every(super::fleet::SCRAPE_INTERVAL);
    }

    fn bid_farewell(&mut self, at: Timestamp) {
        let departed = self.fleet.take_departed().into_iter();
        self.ready.extend(departed.map(|target| Event::Gone { target, at }));
    }

    fn scrape(&mut self, index: usize, at: Timestamp) {
        let Some(slot) = self.fleet.slots.get_mut(index) else { return };
        let (Some(target), Some(service)) = (slot.target.as_ref().map(Arc::clone), SERVICES.get(slot.service)) else {
            return;
        };
        let mut rng = Rng::of(&[at.0.unsigned_abs(), index as u64]);
        let scrape = if let (State::Up(process), Some(kinds)) = (&mut slot.state, self.fleet.kinds.get(slot.service)) {
            // A few milliseconds, more for a larger body, and now and then the other side is busy.
            let longest = if rng.chance(0.01) { 400 } else { 8 };
            let size = i64::try_from(process.body_bytes / 60_000).unwrap_or(0);
            let duration = Millis(rng.time_between(2, longest).0 + size);
            let body_bytes = process.body_bytes;
            Scrape { target, at, duration, body_bytes, outcome: Ok(changed(service, kinds, process)) }
        } else {
            let message = format!("GET {}: connection refused", target.url);
            let outcome = Err(Failure { kind: FailureKind::Connect, message });
            Scrape { target, at, duration: rng.time(Millis(2)), body_bytes: 0, outcome }
        };
        self.ready.push_back(Event::Scraped(scrape));
    }
}
