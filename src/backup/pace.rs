//! How fast a backup reads, so that it leaves the disk and the cores to those who need them, and how it is told to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::Error;
use crate::clock::{Clock, Stopwatch};

/// Longest sleep before it looks whether it is to stop, in seconds.
const SLEEP_MAX: f64 = 0.1;

/// Sleeps so that no more bytes go by in a second than are allowed, on average.
#[derive(Debug)]
pub struct Pace {
    bytes_per_second: Option<u64>,
    watch: Stopwatch,
    passed: u64,
    stop: Stop,
}

/// Calls a backup off.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// It stops in a moment.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_stopped(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Pace {
    /// At most so many bytes a second; `None` is as fast as it goes.
    #[must_use]
    pub fn new(clock: &Clock, bytes_per_second: Option<u64>, stop: Stop) -> Self {
        Self { bytes_per_second, watch: clock.stopwatch(), passed: 0, stop }
    }

    /// So many more went by.
    ///
    /// # Errors
    /// When it was told to stop.
    pub(super) fn passed(&mut self, bytes: u64) -> Result<(), Error> {
        self.passed += bytes;
        loop {
            if self.stop.is_stopped() {
                return Err(Error::Stopped);
            }
            let due = self.bytes_per_second.map_or(0.0, |rate| self.passed as f64 / rate.max(1) as f64);
            let early = due - self.watch.seconds();
            if early < 0.001 {
                return Ok(());
            }
            std::thread::sleep(Duration::from_secs_f64(early.min(SLEEP_MAX)));
        }
    }
}
