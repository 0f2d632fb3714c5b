//! Places for connections, and who gives theirs up when there are not enough.
//!
//! An open connection costs a client nothing, so thousands of idle ones must not keep anybody out, and nor must those whose clients drip
//! a body or take nothing of an answer. When all places are taken, the connection that has waited longest for its client gives way to the
//! new one: for a request, or in the middle of one. One that we work for does not, nor one that has not had its time: who comes is not
//! sent off by the next one before it could ask.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// How long a connection may wait for a request while somebody else waits for its place.
const IDLE_TIME_MIN: Duration = Duration::from_millis(100);

/// And how long a request for its client.
const SLOW_TIME_MIN: Duration = Duration::from_secs(2);

/// All places.
pub(super) struct Places {
    free: Arc<Semaphore>,
    open: Mutex<BTreeMap<u64, Arc<Connection>>>,
    /// Numbers connections and requests as they come.
    next: AtomicU64,
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
    /// Those that are being answered, by their numbers.
    requests: BTreeMap<u64, Request>,
    /// Since when there are none.
    idle_since: Instant,
    is_dismissed: bool,
}

struct Request {
    came: Instant,
    /// Somebody waits for more of its body.
    lacks_body: bool,
    /// Its answer, once it begins.
    answer: Option<Sending>,
}

/// What speaks for telling a connection to end: it waits for its client.
#[derive(Debug, Clone, Copy)]
struct Claim {
    /// Since when.
    since: Instant,
    /// When that has been long enough.
    due: Instant,
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
            next: AtomicU64::new(0),
            idle: Notify::new(),
        })
    }

    /// A place for a new connection, if need be that of another one; `dismissed` is called for it. Waits
    /// while all are being answered. `None` when there will be none.
    pub(super) async fn take(self: &Arc<Self>, dismissed: impl Fn()) -> Option<Place> {
        let permit = loop {
            // Asked for before anybody is dismissed, so that nobody who becomes idle meanwhile is missed.
            let idle = self.idle.notified();
            if let Ok(permit) = Arc::clone(&self.free).try_acquire_owned() {
                break permit;
            }
            let permit = Arc::clone(&self.free).acquire_owned();
            match self.dismiss() {
                Ok(()) => {
                    dismissed();
                    // It may be asked something just now, and is answered still.
                    if let Ok(permit) = tokio::time::timeout(SLOW_TIME_MIN, permit).await {
                        break permit.ok()?;
                    }
                }
                Err(look_again) => tokio::select! {
                    permit = permit => break permit.ok()?,
                    () = idle => {}
                    () = tokio::time::sleep_until(look_again) => {}
                },
            }
        };
        let number = self.number();
        let state = State { requests: BTreeMap::new(), idle_since: Instant::now(), is_dismissed: false };
        let connection =
            Arc::new(Connection { state: Mutex::new(state), changed: Notify::new(), dismissed: Notify::new() });
        self.lock().insert(number, Arc::clone(&connection));
        Some(Place { places: Arc::clone(self), number, connection, _permit: permit })
    }

    /// Tells the connection to end that has waited longest for its client.
    ///
    /// # Errors
    /// When to look again, because none has waited long enough.
    fn dismiss(&self) -> Result<(), Instant> {
        let open = self.lock();
        let now = Instant::now();
        // When whoever begins to wait now has waited long enough.
        let mut look_again = now + IDLE_TIME_MIN;
        let mut longest: Option<(Instant, &Arc<Connection>)> = None;
        for connection in open.values() {
            let Some(claim) = connection.lock().claim() else { continue };
            if claim.due > now {
                look_again = look_again.min(claim.due);
            } else if longest.is_none_or(|(since, _)| claim.since < since) {
                longest = Some((claim.since, connection));
            }
        }
        let Some((_, connection)) = longest else { return Err(look_again) };
        let mut state = connection.lock();
        // It may have been asked something just now.
        if state.claim().is_none_or(|claim| claim.due > now) {
            return Err(now);
        }
        state.is_dismissed = true;
        connection.dismissed.notify_one();
        Ok(())
    }

    fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, Arc<Connection>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Whether there is a request that we work for.
    pub(super) fn is_busy(&self) -> bool {
        self.connection.lock().requests.values().any(|request| request.waits_since().is_none())
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
                let answers = state.requests.values().filter_map(|request| request.answer.as_ref());
                match answers.filter(|answer| answer.waits()).map(|answer| answer.since).min() {
                    Some(since) => Some((since + stall_max, Overdue::Stalled)),
                    None if state.requests.is_empty() => Some((state.idle_since + idle_max, Overdue::Idle)),
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
        let number = places.number();
        let request = Request { came: Instant::now(), lacks_body: false, answer: None };
        connection.lock().requests.insert(number, request);
        connection.changed.notify_one();
        Self { places: Arc::clone(places), connection: Arc::clone(connection), number }
    }

    /// Whether somebody waits for more of the request's body.
    pub(super) fn lack_body(&self, lacks_body: bool) {
        if let Some(request) = self.connection.lock().requests.get_mut(&self.number) {
            request.lacks_body = lacks_body;
        }
    }

    /// The answer begins: its head is there, and it is the client's turn.
    pub(super) fn begin(&self) {
        let begun = Sending { since: Instant::now(), pieces: 0, is_ours: false };
        if let Some(request) = self.connection.lock().requests.get_mut(&self.number) {
            request.answer = Some(begun);
        }
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
        let Some(answer) = state.requests.get_mut(&self.number).and_then(|request| request.answer.as_mut()) else {
            return;
        };
        let waited = answer.waits();
        change(answer);
        let waits = answer.waits();
        drop(state);
        if waits && !waited {
            self.connection.changed.notify_one();
        }
    }
}

impl State {
    /// `None` while there is something to do for it.
    fn claim(&self) -> Option<Claim> {
        if self.is_dismissed {
            return None;
        }
        if self.requests.is_empty() {
            return Some(Claim { since: self.idle_since, due: self.idle_since + IDLE_TIME_MIN });
        }
        let waits = self.requests.values().map(Request::waits_since).collect::<Option<Vec<_>>>()?;
        waits.into_iter().min().map(|since| Claim { since, due: since + SLOW_TIME_MIN })
    }
}

impl Request {
    /// Since when it has waited for its client; `None` while we work for it.
    fn waits_since(&self) -> Option<Instant> {
        match &self.answer {
            Some(answer) => answer.waits().then_some(answer.since),
            // From its beginning, or each byte would win time.
            None => self.lacks_body.then_some(self.came),
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
        state.requests.remove(&self.number);
        if state.requests.is_empty() {
            state.idle_since = Instant::now();
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
