//! How the backups of a running server went: one at a time, counted, and shown.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::{Error, Manifest};
use crate::clock::{Clock, Stopwatch};
use crate::model::time::Timestamp;
use crate::telemetry::{self, Counter, Gauge, Registry};

/// The backups of a server.
#[derive(Debug)]
pub struct Monitor {
    running: AtomicBool,
    last: Mutex<Last>,
    successes: Counter,
    failures: Counter,
    last_success: Gauge<f64, AtomicU64>,
    last_seconds: Gauge<f64, AtomicU64>,
    last_bytes: Gauge,
}

/// The last backups.
#[derive(Debug, Clone, Default)]
pub struct Last {
    /// The last that is whole.
    pub success: Option<Outcome>,
    /// When the last one failed, and why; `None` once one went well after it.
    pub failure: Option<(Timestamp, String)>,
}

/// A backup that is whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Of when.
    pub time: Timestamp,
    /// The last commit in it.
    pub commit: u64,
    /// Bytes of what was copied, before compression.
    pub bytes: u64,
    /// How long it took.
    pub seconds: f64,
}

/// A backup that is being made. No other is made as long as it lives; one that is dropped without an end has failed.
#[derive(Debug)]
pub struct Running {
    monitor: Arc<Monitor>,
    watch: Stopwatch,
    time: Timestamp,
    ended: bool,
}

/// No backup is made as long as it lives.
#[derive(Debug)]
pub struct Occupied(Arc<Monitor>);

impl Drop for Occupied {
    fn drop(&mut self) {
        self.0.running.store(false, Ordering::SeqCst);
    }
}

impl Monitor {
    /// Registers its metrics.
    pub fn register(registry: &mut Registry) -> Arc<Self> {
        let monitor = Self {
            running: AtomicBool::new(false),
            last: Mutex::default(),
            successes: Counter::default(),
            failures: Counter::default(),
            last_success: Gauge::default(),
            last_seconds: Gauge::default(),
            last_bytes: Gauge::default(),
        };
        let name = |name: &str| format!("hydrophone_backup_{name}");
        registry.register(name("successes"), "Backups that were made", monitor.successes.clone());
        registry.register(name("failures"), "Backups that failed", monitor.failures.clone());
        let help = "When the last backup was made that is whole, in seconds since 1970; 0 when none was";
        registry.register(name("last_success_timestamp_seconds"), help, monitor.last_success.clone());
        registry.register(name("last_duration_seconds"), "How long it took", monitor.last_seconds.clone());
        registry.register(name("last_bytes"), "Bytes that it copied, before compression", monitor.last_bytes.clone());
        Arc::new(monitor)
    }

    /// Begins a backup; `None` while another one is being made.
    #[must_use]
    pub fn begin(self: &Arc<Self>, clock: &Clock) -> Option<Running> {
        let begun = self.running.compare_exchange(false, true, Ordering::SeqCst, Ordering::SeqCst);
        begun.ok()?;
        Some(Running { monitor: Arc::clone(self), watch: clock.stopwatch(), time: clock.now(), ended: false })
    }

    /// Keeps others from making one; `None` while one is being made.
    #[must_use]
    pub fn occupy(self: &Arc<Self>) -> Option<Occupied> {
        let begun = self.running.compare_exchange(false, true, Ordering::SeqCst, Ordering::SeqCst);
        begun.ok().map(|_| Occupied(Arc::clone(self)))
    }

    /// There is one of this time, from before the start: it is not said to be missing.
    pub fn known(&self, time: Timestamp) {
        if self.last_success.get() == 0.0 {
            self.last_success.set(time.0 as f64 / 1000.0);
        }
    }

    /// Whether one is being made.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.running.load(Ordering::SeqCst)
    }

    /// The last ones since the start.
    #[must_use]
    pub fn last(&self) -> Last {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Running {
    /// When it began.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        self.time
    }

    /// It has ended.
    pub fn end(mut self, made: &Result<Manifest, Error>) {
        self.ended = true;
        let seconds = self.watch.seconds();
        let mut last = self.monitor.last.lock().unwrap_or_else(PoisonError::into_inner);
        match made {
            Ok(manifest) => {
                let Manifest { commit, .. } = *manifest;
                let outcome = Outcome { time: self.time, commit, bytes: manifest.bytes(), seconds };
                tracing::info!(commit, bytes = outcome.bytes, seconds, "made a backup");
                self.monitor.successes.inc();
                self.monitor.last_success.set(outcome.time.0 as f64 / 1000.0);
                self.monitor.last_seconds.set(seconds);
                self.monitor.last_bytes.set(outcome.bytes as i64);
                *last = Last { success: Some(outcome), failure: None };
            }
            Err(error) => {
                let why = telemetry::chain(error);
                tracing::error!("a backup failed: {why}");
                self.monitor.failures.inc();
                last.failure = Some((self.time, why));
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.ended {
            self.monitor.failures.inc();
        }
        self.monitor.running.store(false, Ordering::SeqCst);
    }
}
