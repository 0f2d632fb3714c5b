//! A disk that is full: what is scraped meanwhile is held in memory up to a bound, and written when there is room again.
//!
//! Beyond the bound the writer takes nothing more, so the scrape loops wait with what they have: their targets are not
//! asked until there is room, the cycles that pass are counted as skipped, and what happened in them comes with the next
//! scrape, as one delta over the whole time, because clients' counters go on. So nothing is lost and nothing is made up.

use tracing::{error, info};

use super::metrics::Metrics;
use super::writer::{Error, Request, Writer, failed};
use crate::model::scrape::Event;
use crate::model::time::{Millis, Timestamp};
use crate::store::{self, Retention, Surplus};
use crate::telemetry;

/// Memory that may wait for room. A large fleet, 200 targets of which five errors each move in every cycle, fills it in an
/// hour, and a server that had room for its queue has room for this.
pub const HELD_BYTES_MAX: u64 = 64 << 20;

/// Time until it is tried again, at first and at most. Looking costs a system call.
const AGAIN_MIN: Millis = Millis(500);
const AGAIN_MAX: Millis = Millis::from_seconds(15);

/// Why nothing is written at present, as `/-/ready` and `/api/v1/status` tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outage {
    /// Since when.
    pub since: Timestamp,
    /// Why.
    pub reason: String,
    /// Scrapes that wait in memory.
    pub held_scrapes: u64,
    /// About how many bytes they take.
    pub held_bytes: u64,
    /// The bound is reached: targets are not asked until there is room.
    pub paused: bool,
}

/// The writer's own side of it.
pub(super) struct Waiting {
    again: Timestamp,
    delay: Millis,
    held_scrapes: u64,
    held_bytes: u64,
}

/// What comes next while there is no room.
enum Next {
    Request(Option<Request>),
    Event(Option<Event>),
    Again,
}

impl Writer {
    /// Begins to wait for room if that is what `error` is about; gives it back otherwise, and when the server stops.
    pub(super) fn await_room(&mut self, error: Error) -> Result<(), Error> {
        let Error::Store(source) = &error else { return Err(error) };
        if !source.is_full() {
            return Err(error);
        }
        if !self.events_open {
            let scrapes = self.waiting.len();
            error!(
                scrapes,
                "scrapes that were held in memory are given up: what they counted comes with the next ones"
            );
            return Err(error);
        }
        let now = self.clock.now();
        let reason = telemetry::chain(&**source);
        let held_bytes = self.waiting.iter().map(Event::memory_bytes).sum();
        let held_scrapes = self.waiting.len() as u64;
        error!(reason, "there is no room to write: scrapes are held in memory until there is");
        self.outage = Some(Waiting { again: now.plus(AGAIN_MIN), delay: AGAIN_MIN, held_scrapes, held_bytes });
        self.metrics.outages.inc();
        self.metrics.show_outage(Some(Outage { since: now, reason, held_scrapes, held_bytes, paused: false }));
        Ok(())
    }

    /// Does the next thing while there is no room.
    pub(super) async fn sit_out(&mut self, mut waiting: Waiting) -> Result<(), Error> {
        let takes = self.events_open && waiting.held_bytes < HELD_BYTES_MAX;
        let now = self.clock.now();
        // The clock may have been set back.
        let left = waiting.again.since(now).clamp(Millis(0), waiting.delay);
        let next = tokio::select! {
            biased;
            request = self.requests.recv(), if self.edits_open => Next::Request(request),
            () = self.clock.sleep(left) => Next::Again,
            event = self.events.recv(), if takes => Next::Event(event),
        };
        match next {
            Next::Request(Some(request)) => self.put_off(request),
            Next::Request(None) => self.edits_open = false,
            Next::Event(Some(event)) => {
                waiting.held_bytes += event.memory_bytes();
                waiting.held_scrapes += 1;
                self.waiting.push_back(event);
            }
            Next::Event(None) => {
                // The server stops: this is the last time that it is tried.
                self.events_open = false;
                return self.try_again(waiting).await;
            }
            Next::Again => return self.try_again(waiting).await,
        }
        self.metrics.hold(&waiting);
        self.outage = Some(waiting);
        Ok(())
    }

    /// Looks whether there is room, and makes some where something is to go anyway.
    async fn try_again(&mut self, mut waiting: Waiting) -> Result<(), Error> {
        let mut outcome = self.store.recover();
        if outcome.as_ref().is_err_and(store::Error::is_full) && self.make_room().await? {
            outcome = self.store.recover();
        }
        match outcome {
            Ok(committed) => {
                if let Some(committed) = committed {
                    self.metrics.commits.inc();
                    self.metrics.reopened.inc_by(committed.reopened.len() as u64);
                }
                info!(scrapes = waiting.held_scrapes, "there is room again: what was held in memory is written");
                self.metrics.show_outage(None);
                Ok(())
            }
            Err(error) if error.is_full() && self.events_open => {
                waiting.delay = Millis(waiting.delay.0 * 2).min(AGAIN_MAX);
                waiting.again = self.clock.now().plus(waiting.delay);
                self.outage = Some(waiting);
                Ok(())
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// Removes samples that are older than they may be, which needs next to no room, and what else is; whether that was tried.
    async fn make_room(&mut self) -> Result<bool, Error> {
        let now = self.clock.now();
        self.watch_clock(now);
        if self.store.is_poisoned() {
            return Ok(false);
        }
        self.give_back().await?;
        if self.space.is_copying() || !self.course.is_settled() {
            return Ok(false);
        }
        // The commit that is owed may be of a process that comes back.
        let retention = Retention { instances: Millis(now.0), ..self.settings.retention };
        let first_day = now.minus(retention.occurrences).day();
        let mut tried = false;
        while self.store.partitions().map_err(failed)?.first().is_some_and(|oldest| oldest.day < first_day) {
            tried = true;
            match self.store.retain_some(now, &retention, &Surplus::default()) {
                Ok(_) => {}
                Err(error) if error.is_full() => break,
                Err(error) => return Err(failed(error)),
            }
        }
        Ok(tried)
    }

    /// What people ask for is refused while there is no room: they should know, and not find it done an hour later.
    fn put_off(&mut self, request: Request) {
        match request {
            Request::Edit(_, done) => {
                let reason = self.metrics.outage().map(|outage| outage.reason).unwrap_or_default();
                // Who asked may have gone away.
                let _ = done.send(Err(Error::NoRoom(reason)));
            }
            Request::Configure(settings) => self.configure(settings),
        }
    }
}

impl Metrics {
    fn hold(&self, waiting: &Waiting) {
        self.update_outage(|outage| {
            outage.held_scrapes = waiting.held_scrapes;
            outage.held_bytes = waiting.held_bytes;
            outage.paused = waiting.held_bytes >= HELD_BYTES_MAX;
        });
    }
}
