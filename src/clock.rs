//! The only place that reads the time, so that tests can hold it in their hands.

use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

use crate::model::time::{Millis, Timestamp};

/// Where the time comes from. Cheap to clone; clones of a mock share its time.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    System,
    Mock(Arc<watch::Sender<Shown>>),
}

/// What a mock shows.
#[derive(Debug, Clone, Copy)]
struct Shown {
    now: Timestamp,
    /// What passed since it was made, however the time was set.
    passed: Millis,
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands at `start` until it is moved.
    #[must_use]
    pub fn mock(start: Timestamp) -> Self {
        Self(Source::Mock(Arc::new(watch::Sender::new(Shown { now: start, passed: Millis(0) }))))
    }

    /// The time now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }
            Source::Mock(mock) => mock.borrow().now,
        }
    }

    /// Lets `by` pass on a mock clock, and wakes who waits for it. A system clock stays as it is.
    pub fn advance(&self, by: Millis) {
        if let Source::Mock(mock) = &self.0 {
            mock.send_modify(|shown| {
                *shown = Shown { now: shown.now.plus(by), passed: Millis(shown.passed.0 + by.0) };
            });
        }
    }

    /// Sets a mock clock forwards or back by `by`, as somebody sets the time of a machine: nothing passes. A system clock stays as
    /// it is.
    pub fn set(&self, by: Millis) {
        if let Source::Mock(mock) = &self.0 {
            mock.send_modify(|shown| shown.now = shown.now.plus(by));
        }
    }

    /// Waits until the time is `at` or later.
    pub async fn sleep_until(&self, at: Timestamp) {
        match &self.0 {
            Source::System => {
                // A wall clock may be set while we sleep: wake at least once a minute and look again.
                loop {
                    let left = at.since(self.now());
                    if left.0 <= 0 {
                        return;
                    }
                    tokio::time::sleep(left.min(Millis::from_seconds(60)).as_duration()).await;
                }
            }
            Source::Mock(mock) => {
                // The sender lives in the mock that we hold, so waiting can not fail.
                let _ = mock.subscribe().wait_for(|shown| shown.now >= at).await;
            }
        }
    }

    /// Waits for `length`, measured on the monotonic clock: a timeout stays one however the wall clock is set.
    pub async fn sleep(&self, length: Millis) {
        match &self.0 {
            Source::System => tokio::time::sleep(length.as_duration()).await,
            Source::Mock(mock) => {
                let mut moved = mock.subscribe();
                let until = moved.borrow().passed.0.saturating_add(length.0);
                let _ = moved.wait_for(|shown| shown.passed.0 >= until).await;
            }
        }
    }

    /// Starts measuring a duration on the monotonic clock, whatever the wall clock does.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    pub fn stopwatch(&self) -> Stopwatch {
        Stopwatch(match &self.0 {
            Source::System => Begin::Instant(Instant::now()),
            Source::Mock(mock) => Begin::Mock(Arc::clone(mock), mock.borrow().passed),
        })
    }
}

/// Measures one duration.
#[derive(Debug, Clone)]
pub struct Stopwatch(Begin);

#[derive(Debug, Clone)]
enum Begin {
    Instant(Instant),
    Mock(Arc<watch::Sender<Shown>>, Millis),
}

impl Stopwatch {
    /// Seconds since the start.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        match &self.0 {
            Begin::Instant(begin) => begin.elapsed().as_secs_f64(),
            Begin::Mock(mock, begin) => Millis(mock.borrow().passed.0 - begin.0).as_seconds(),
        }
    }

    /// Milliseconds since the start, rounded.
    #[must_use]
    pub fn millis(&self) -> Millis {
        Millis((self.seconds() * 1000.0).round() as i64)
    }
}
