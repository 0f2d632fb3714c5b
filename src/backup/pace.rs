//! How fast a backup reads, so that it leaves the disk and the cores to those who need them.

use std::time::Duration;

use crate::clock::{Clock, Stopwatch};

/// Sleeps so that no more bytes go by in a second than are allowed, on average.
#[derive(Debug)]
pub struct Pace {
    bytes_per_second: Option<u64>,
    watch: Stopwatch,
    passed: u64,
}

impl Pace {
    /// At most so many bytes a second; `None` is as fast as it goes.
    #[must_use]
    pub fn new(clock: &Clock, bytes_per_second: Option<u64>) -> Self {
        Self { bytes_per_second, watch: clock.stopwatch(), passed: 0 }
    }

    /// So many more went by.
    pub(super) fn passed(&mut self, bytes: u64) {
        self.passed += bytes;
        let Some(rate) = self.bytes_per_second else { return };
        let due = self.passed as f64 / rate.max(1) as f64;
        let early = due - self.watch.seconds();
        if early > 0.001 {
            // A mock clock does not move by itself: nobody is to wait for it for ever.
            std::thread::sleep(Duration::from_secs_f64(early.min(60.0)));
        }
    }
}
