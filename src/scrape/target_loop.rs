//! The loop of one target: waits until it is due, scrapes, parses, hands on, and never does two at once.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::body::{Bodies, Body};
use super::client::{Client, Fetched};
use super::metrics::{Metrics, ServiceLabels};
use super::parser::Parsers;
use super::schedule::Grid;
use super::wire::{self, Memo, MemoUpdate, Parsed};
use crate::clock::Clock;
use crate::config::Service;
use crate::model::exposition::Exposition;
use crate::model::scrape::{Event, Failure, FailureKind, Scrape};
use crate::model::target::Target;
use crate::model::time::{Millis, Timestamp};
use crate::redact::Redactor;

/// Bodies up to this size are parsed where they are received: it takes less time than handing them to another thread.
const INLINE_BYTES_MAX: usize = 64 << 10;
/// Bodies up to which the connection is kept for the next scrape. The HTTP library keeps a read buffer with each connection
/// that has grown with what came over it, up to 400 kB: for thousands of targets that is gigabytes.
const KEEP_BYTES_MAX: usize = 128 << 10;
/// How long past its time a wait may last before we ask whether the clock was set back.
const LATE: Millis = Millis::from_seconds(1);

/// What all loops share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) clock: Clock,
    pub(super) out: mpsc::Sender<Event>,
    pub(super) bodies: Arc<Bodies>,
    pub(super) parsers: Parsers,
    pub(super) metrics: Arc<Metrics>,
    pub(super) shutdown: CancellationToken,
}

/// What a loop does.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) target: Arc<Target>,
    pub(super) service: Arc<Service>,
    pub(super) client: Arc<Client>,
    pub(super) redactor: Arc<Redactor>,
}

/// What the manager wants of a loop.
#[derive(Debug, Clone)]
pub(super) enum Order {
    /// Scrape by this plan.
    Run(Plan),
    /// End, and if `announce` tell ingest that the target is gone.
    Stop {
        /// Whether no other loop has the same service and labels.
        announce: bool,
    },
}

/// The loop of one target.
pub(super) struct TargetLoop {
    shared: Arc<Shared>,
    orders: watch::Receiver<Order>,
    memo: Memo,
    /// Whether the connection may be kept: the last body is known to have been small.
    keep: bool,
    /// The instant of the last scrape: a change of plan must not repeat it.
    last_due: Option<Timestamp>,
}

/// A scrape that is to be handed on.
struct Done {
    scrape: Scrape,
    update: Option<MemoUpdate>,
}

impl TargetLoop {
    pub(super) fn new(shared: Arc<Shared>, orders: watch::Receiver<Order>) -> Self {
        Self { shared, orders, memo: Memo::default(), keep: false, last_due: None }
    }

    /// Runs until it is told to stop, the server shuts down, or nobody takes its scrapes any more.
    pub(super) async fn run(mut self) {
        let mut last = None;
        loop {
            let order = self.orders.borrow_and_update().clone();
            match order {
                Order::Run(plan) => {
                    last = Some(Arc::clone(&plan.target));
                    if !self.follow(&plan).await {
                        return;
                    }
                }
                Order::Stop { announce } => {
                    if let Some(target) = last.filter(|_| announce) {
                        let gone = Event::Gone { target, at: self.shared.clock.now() };
                        tokio::select! {
                            // Ingest that is gone itself needs no telling.
                            _ = self.shared.out.send(gone) => {}
                            () = self.shared.shutdown.cancelled() => {}
                        }
                    }
                    return;
                }
            }
        }
    }

    /// Scrapes by one plan until there is another order; false when the loop is to end at once.
    async fn follow(&mut self, plan: &Plan) -> bool {
        let shared = Arc::clone(&self.shared);
        let grid = Grid::of(&plan.target);
        let mut due = grid.next(shared.clock.now());
        if self.last_due == Some(due) {
            (due, _) = grid.after(due, due);
        }
        loop {
            let reached = tokio::select! {
                biased;
                () = shared.shutdown.cancelled() => return false,
                changed = self.orders.changed() => return changed.is_ok(),
                reached = wait_until(&shared.clock, due) => reached,
            };
            let now = shared.clock.now();
            if !reached {
                due = grid.next(now);
                continue;
            }
            self.last_due = Some(due);
            // A scrape in flight when the server stops may end, but it has no more time than it had anyway.
            let given_up = async {
                shared.shutdown.cancelled().await;
                shared.clock.sleep(plan.target.scrape_timeout).await;
            };
            let taken = tokio::select! {
                biased;
                taken = self.scrape(plan, grid.at(due, now)) => taken,
                () = given_up => false,
            };
            if !taken {
                return false;
            }
            let (next, skipped) = grid.after(due, shared.clock.now());
            if skipped > 0 {
                let labels = ServiceLabels { service: plan.target.service.clone() };
                shared.metrics.skipped_ticks.get_or_create(&labels).inc_by(skipped);
            }
            due = next;
        }
    }

    /// Scrapes once and hands on what came of it; false when nobody takes it.
    async fn scrape(&mut self, plan: &Plan, at: Timestamp) -> bool {
        let limits = &plan.service.scrape.limits;
        let Fetched { outcome, duration } =
            plan.client.fetch(&plan.target, self.keep, limits, &self.shared.clock, &self.shared.bodies).await;
        let mut place = None;
        let (body_bytes, outcome) = match outcome {
            Ok(mut body) => {
                self.keep = body.bytes().len() <= KEEP_BYTES_MAX;
                // The place is kept until the exposition is handed on: that takes about as much memory as the body did.
                place = Some(body.take_place());
                (body.bytes().len() as u64, self.parse(plan, body).await)
            }
            Err(failure) => (0, Err(failure)),
        };
        let (outcome, update) = match outcome {
            Ok(Parsed { exposition, update, redacted }) => {
                self.shared.metrics.hid(&plan.target.service, redacted);
                (Ok(exposition), Some(update))
            }
            Err(failure) => (Err(failure), None),
        };
        let scrape = Scrape { target: Arc::clone(&plan.target), at, duration, body_bytes, outcome };
        let handed_on = self.hand_on(Done { scrape, update }).await;
        drop(place);
        handed_on
    }

    /// Parses away from the threads that serve sockets, unless it is done at once.
    async fn parse(&mut self, plan: &Plan, body: Body) -> Result<Parsed, Failure> {
        let limits = &plan.service.scrape.limits;
        let parsed = if body.bytes().len() <= INLINE_BYTES_MAX {
            wire::parse(body.bytes(), limits, &plan.redactor, &self.memo)
        } else {
            let (limits, memo) = (limits.clone(), std::mem::take(&mut self.memo));
            let redactor = Arc::clone(&plan.redactor);
            let parsing = self.shared.parsers.run(move || {
                let parsed = wire::parse(body.bytes(), &limits, &redactor, &memo);
                drop(body);
                (parsed, memo)
            });
            match parsing.await {
                Some((parsed, memo)) => {
                    self.memo = memo;
                    parsed
                }
                // The next exposition is then read in full.
                None => return Err(malformed(plan, &"reading it broke off")),
            }
        };
        parsed.map_err(|error| malformed(plan, &error))
    }

    async fn hand_on(&mut self, done: Done) -> bool {
        let Done { scrape, update } = done;
        self.shared.metrics.count(&scrape);
        log(&scrape);
        let sent = match self.shared.out.try_send(Event::Scraped(scrape)) {
            Err(mpsc::error::TrySendError::Full(event)) => {
                self.shared.metrics.queue_waits.inc();
                self.shared.out.send(event).await.is_ok()
            }
            Err(mpsc::error::TrySendError::Closed(_)) => false,
            Ok(()) => true,
        };
        if let Some(update) = update.filter(|_| sent) {
            self.memo.commit(update);
        }
        sent
    }
}

/// Waits until `due`; false when the clock was set back meanwhile, so that it is not due for long.
async fn wait_until(clock: &Clock, due: Timestamp) -> bool {
    let longest = due.since(clock.now()).0.max(0) + LATE.0;
    tokio::select! {
        biased;
        () = clock.sleep_until(due) => true,
        () = clock.sleep(Millis(longest)) => false,
    }
}

fn malformed(plan: &Plan, error: &dyn std::fmt::Display) -> Failure {
    Failure { kind: FailureKind::Malformed, message: format!("{}: no exposition: {error}", plan.target.shown_url()) }
}

/// A failing target is data and shown as such; here it is only for whoever debugs.
fn log(scrape: &Scrape) {
    let (service, url) = (&scrape.target.service, scrape.target.shown_url());
    match &scrape.outcome {
        Ok(Exposition { aggregates, unchanged, dropped, .. }) => {
            tracing::debug!(service, url, read = aggregates.len(), unchanged, duration = %scrape.duration, "scraped");
            if !dropped.is_empty() {
                let (aggregates, occurrences) = (dropped.aggregates, dropped.occurrences);
                let (texts, causes) = (dropped.truncated, dropped.causes);
                tracing::warn!(service, url, aggregates, occurrences, texts, causes, "limits cut an exposition");
            }
        }
        Err(failure) => {
            // The target by name: the process collects its own errors, and finds these by it.
            let kind = failure.kind.name();
            tracing::debug!(target: "hydrophone::scrape::failure", service, kind, error = %failure, "scrape failed");
        }
    }
}
