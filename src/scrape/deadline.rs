//! The scrape timeout: runs from the connection to the end of the body, and stands still while we ourselves are busy.

use std::future::Future;

use crate::clock::{Clock, Stopwatch};
use crate::model::time::Millis;

/// Measures one scrape.
#[derive(Debug)]
pub(super) struct Deadline {
    clock: Clock,
    timeout: Millis,
    stopwatch: Stopwatch,
    /// Time that was spent waiting for something of ours.
    paused: Millis,
}

/// The timeout passed.
#[derive(Debug)]
pub(super) struct Passed;

impl Deadline {
    pub(super) fn start(clock: &Clock, timeout: Millis) -> Self {
        Self { clock: clock.clone(), timeout, stopwatch: clock.stopwatch(), paused: Millis(0) }
    }

    /// How long the target took so far.
    pub(super) fn spent(&self) -> Millis {
        Millis((self.stopwatch.millis().0 - self.paused.0).max(0))
    }

    /// Waits for the target, as long as there is time left.
    pub(super) async fn run<F: Future>(&self, wait: F) -> Result<F::Output, Passed> {
        tokio::select! {
            biased;
            output = wait => Ok(output),
            () = self.clock.sleep(Millis(self.timeout.0 - self.spent().0)) => Err(Passed),
        }
    }

    /// Waits for something of ours, which is not the target's fault.
    pub(super) async fn pause<F: Future>(&mut self, wait: F) -> F::Output {
        let before = self.stopwatch.millis();
        let output = wait.await;
        self.paused.0 += self.stopwatch.millis().0 - before.0;
        output
    }
}
