//! Places for connections, and who gives theirs up when there are not enough.
//!
//! An open connection costs a client nothing, so thousands of idle ones must not keep anybody out. When all places are taken, the
//! connection that has waited longest for its next request gives way to the new one; one that is being answered does not, as long as
//! its client takes what is sent to it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// All places.
pub(super) struct Places {
    free: Arc<Semaphore>,
    open: Mutex<BTreeMap<u64, Arc<Connection>>>,
    /// Counts all connections and all turns between idle and busy, so that smaller is longer ago. No clock, which may be set.
    turns: AtomicU64,
    /// Somebody became idle while all places were taken.
    idle: Notify,
}

/// How far an answer is.
struct Sending {
    /// When something of it was handed over or taken.
    since: Instant,
    /// Pieces that were handed over and are not sent yet.
    pieces: usize,
    /// There is nothing to hand over, and it is our turn.
    is_ours: bool,
}

/// One open connection.
pub(super) struct Connection {
    state: Mutex<State>,
    /// Its state changed.
    changed: Notify,
    /// It is to give its place up.
    dismissed: Notify,
}

struct State {
    /// Requests that are being answered.
    requests: usize,
    /// Since which turn there are none.
    idle_since: u64,
    /// And since when.
    idle_from: Instant,
    /// Answers that have begun, by the turn in which they were asked for.
    answers: BTreeMap<u64, Sending>,
    is_dismissed: bool,
}

/// A connection's place, until it is dropped.
pub(super) struct Place {
    places: Arc<Places>,
    number: u64,
    connection: Arc<Connection>,
    _permit: OwnedSemaphorePermit,
}

/// A request that is being answered, until it is dropped.
pub(super) struct Busy {
    places: Arc<Places>,
    connection: Arc<Connection>,
    number: u64,
}

/// Whom a connection waited for too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overdue {
    /// It was asked nothing.
    Idle,
    /// It was asked something, and nothing of an answer was taken.
    Stalled,
}

impl Places {
    pub(super) fn new(connections_max: usize) -> Arc<Self> {
        Arc::new(Self {
            free: Arc::new(Semaphore::new(connections_max)),
            open: Mutex::default(),
            turns: AtomicU64::new(0),
            idle: Notify::new(),
        })
    }

    /// A place for a new connection, if need be that of the one that has been idle longest; `dismissed` is called for it. Waits
    /// while all are being answered. `None` when there will be none.
    pub(super) async fn take(self: &Arc<Self>, dismissed: impl Fn()) -> Option<Place> {
        let permit = loop {
            // Asked for before anybody is dismissed, so that nobody who becomes idle meanwhile is missed.
            let idle = self.idle.notified();
            if let Ok(permit) = Arc::clone(&self.free).try_acquire_owned() {
                break permit;
            }
            if self.dismiss() {
                dismissed();
                break Arc::clone(&self.free).acquire_owned().await.ok()?;
            }
            tokio::select! {
                permit = Arc::clone(&self.free).acquire_owned() => break permit.ok()?,
                () = idle => {}
            }
        };
        let number = self.turn();
        let state = State {
            requests: 0,
            idle_since: number,
            idle_from: Instant::now(),
            answers: BTreeMap::new(),
            is_dismissed: false,
        };
        let connection =
            Arc::new(Connection { state: Mutex::new(state), changed: Notify::new(), dismissed: Notify::new() });
        self.lock().insert(number, Arc::clone(&connection));
        Some(Place { places: Arc::clone(self), number, connection, _permit: permit })
    }

    /// Tells the connection that has been idle longest to end; false when none is idle.
    fn dismiss(&self) -> bool {
        let open = self.lock();
        let longest = open
            .values()
            .filter_map(|connection| {
                let state = connection.lock();
                (state.requests == 0 && !state.is_dismissed).then_some((state.idle_since, connection))
            })
            .min_by_key(|(since, _)| *since);
        let Some((_, connection)) = longest else { return false };
        let mut state = connection.lock();
        // It may have been asked something just now.
        if state.requests > 0 {
            return false;
        }
        state.is_dismissed = true;
        connection.dismissed.notify_one();
        true
    }

    fn turn(&self) -> u64 {
        self.turns.fetch_add(1, Ordering::Relaxed)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, Arc<Connection>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Whether a request is being answered.
    pub(super) fn is_busy(&self) -> bool {
        self.connection.lock().requests > 0
    }

    /// Whom requests of this connection are noted with.
    pub(super) fn parts(&self) -> (Arc<Places>, Arc<Connection>) {
        (Arc::clone(&self.places), Arc::clone(&self.connection))
    }

    /// Waits until the connection has to give its place up.
    pub(super) async fn dismissed(&self) {
        self.connection.dismissed.notified().await;
    }

    /// Waits until the connection has been asked nothing for `idle_max`, or some answer has waited for its client for `stall_max`.
    pub(super) async fn overdue(&self, idle_max: Duration, stall_max: Duration) -> Overdue {
        loop {
            let changed = self.connection.changed.notified();
            let due = {
                let state = self.connection.lock();
                match state.answers.values().filter(|answer| answer.waits()).map(|answer| answer.since).min() {
                    Some(since) => Some((since + stall_max, Overdue::Stalled)),
                    None if state.requests == 0 => Some((state.idle_from + idle_max, Overdue::Idle)),
                    // We work.
                    None => None,
                }
            };
            match due {
                None => changed.await,
                Some((due, overdue)) if due <= Instant::now() => return overdue,
                // An answer goes on without a word, so there is another look then.
                Some((due, _)) => {
                    let _ = tokio::time::timeout_at(due, changed).await;
                }
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.lock().remove(&self.number);
    }
}

impl Busy {
    /// Notes that a request is being answered.
    pub(super) fn new(places: &Arc<Places>, connection: &Arc<Connection>) -> Self {
        connection.lock().requests += 1;
        connection.changed.notify_one();
        Self { places: Arc::clone(places), connection: Arc::clone(connection), number: places.turn() }
    }

    /// The answer begins: its head is there, and it is the client's turn.
    pub(super) fn begin(&self) {
        let begun = Sending { since: Instant::now(), pieces: 0, is_ours: false };
        self.connection.lock().answers.insert(self.number, begun);
        self.connection.changed.notify_one();
    }

    /// A piece of the answer is handed over.
    pub(super) fn give(&self) {
        self.note(|answer| {
            answer.pieces += 1;
            answer.is_ours = false;
            answer.since = Instant::now();
        });
    }

    /// A piece of the answer is sent.
    pub(super) fn taken(&self) {
        self.note(|answer| {
            answer.pieces -= 1;
            answer.since = Instant::now();
        });
    }

    /// There is nothing to hand over.
    pub(super) fn work(&self) {
        self.note(|answer| answer.is_ours = true);
    }

    fn note(&self, change: impl FnOnce(&mut Sending)) {
        let mut state = self.connection.lock();
        let Some(answer) = state.answers.get_mut(&self.number) else { return };
        let waited = answer.waits();
        change(answer);
        let waits = answer.waits();
        drop(state);
        if waits && !waited {
            self.connection.changed.notify_one();
        }
    }
}

impl Sending {
    /// Whether it is the client's turn.
    fn waits(&self) -> bool {
        !self.is_ours || self.pieces > 0
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let mut state = self.connection.lock();
        state.answers.remove(&self.number);
        state.requests -= 1;
        if state.requests == 0 {
            state.idle_since = self.places.turn();
            state.idle_from = Instant::now();
            drop(state);
            self.places.idle.notify_waiters();
        }
        self.connection.changed.notify_one();
    }
}

impl Connection {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
