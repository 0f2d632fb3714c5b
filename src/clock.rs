//! The only place that reads the time, so that tests can hold it in their hands.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

use crate::model::time::{Millis, Timestamp};

/// Where the time comes from. Cheap to clone; clones of a mock share its time.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    System,
    Mock(Arc<Mock>),
}

#[derive(Debug)]
struct Mock {
    now: AtomicI64,
    moved: watch::Sender<i64>,
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
        let moved = watch::Sender::new(start.0);
        Self(Source::Mock(Arc::new(Mock { now: AtomicI64::new(start.0), moved })))
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
            Source::Mock(mock) => Timestamp(mock.now.load(Ordering::SeqCst)),
        }
    }

    /// Moves a mock clock by `by`, forwards or backwards, and wakes who waits for it. A system clock stays as it is.
    pub fn advance(&self, by: Millis) {
        if let Source::Mock(mock) = &self.0 {
            let now = mock.now.fetch_add(by.0, Ordering::SeqCst) + by.0;
            mock.moved.send_replace(now);
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
                let mut moved = mock.moved.subscribe();
                // The sender lives in the mock that we hold, so waiting can not fail.
                let _ = moved.wait_for(|now| *now >= at.0).await;
            }
        }
    }

    /// Waits for `length`, measured on the monotonic clock: a timeout stays one however the wall clock is set.
    pub async fn sleep(&self, length: Millis) {
        match &self.0 {
            Source::System => tokio::time::sleep(length.as_duration()).await,
            Source::Mock(_) => self.sleep_until(self.now().plus(length)).await,
        }
    }

    /// Starts measuring a duration on the monotonic clock, whatever the wall clock does.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    pub fn stopwatch(&self) -> Stopwatch {
        Stopwatch(match &self.0 {
            Source::System => Begin::Instant(Instant::now()),
            Source::Mock(mock) => Begin::Mock(Arc::clone(mock), mock.now.load(Ordering::SeqCst)),
        })
    }
}

/// Measures one duration.
#[derive(Debug, Clone)]
pub struct Stopwatch(Begin);

#[derive(Debug, Clone)]
enum Begin {
    Instant(Instant),
    Mock(Arc<Mock>, i64),
}

impl Stopwatch {
    /// Seconds since the start.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        match &self.0 {
            Begin::Instant(begin) => begin.elapsed().as_secs_f64(),
            Begin::Mock(mock, begin) => Millis(mock.now.load(Ordering::SeqCst) - begin).as_seconds(),
        }
    }

    /// Milliseconds since the start, rounded.
    #[must_use]
    pub fn millis(&self) -> Millis {
        Millis((self.seconds() * 1000.0).round() as i64)
    }
}
