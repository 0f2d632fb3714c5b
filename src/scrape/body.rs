//! Bodies, and the memory they may take all together.
//!
//! Hundreds of targets may answer at once with tens of megabytes each. A small body needs no leave. One that grows takes
//! its place in a budget of the whole process, and where there is none it waits: the socket's buffer fills, the target's
//! sending stalls, and no memory of ours is used. A target that hangs before it has sent much holds nothing.

use std::sync::{Arc, Mutex};

use reqwest::Response;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::deadline::{Deadline, Passed};
use super::metrics::Metrics;

/// Bytes up to which a body needs no leave: a small service's whole exposition, and little enough that a thousand
/// targets which answer at once stay within a few hundred megabytes.
const FREE_BYTES: usize = 256 << 10;
/// Bytes of all larger bodies together, until they are parsed and handed on. Four of the largest that are usual (15 MB):
/// one core parses about as fast as another receives, so more at once would only wait.
const BUDGET_BYTES: usize = 64 << 20;
/// The unit in which the budget is given out.
const UNIT_BYTES: usize = 16 << 10;
/// Buffers that are kept for the next body, and how large a kept one may be: fresh memory for each body would cost as much
/// in page faults as receiving it does.
const IDLE_BUFFERS_MAX: usize = 2;
const IDLE_BUFFER_BYTES_MAX: usize = 24 << 20;

/// The memory for bodies of all targets.
#[derive(Debug)]
pub(super) struct Bodies {
    budget: Arc<Semaphore>,
    /// Whoever holds it may read on without a place in the budget. A body whose length was not announced may outgrow its
    /// place while all others are taken; if several of those waited for each other none would end.
    overdraft: Arc<Semaphore>,
    idle: Mutex<Vec<Vec<u8>>>,
    metrics: Arc<Metrics>,
}

/// A body that arrived whole. Its buffer goes back to [`Bodies`] when it is dropped.
#[derive(Debug)]
pub(super) struct Body {
    bytes: Vec<u8>,
    bodies: Arc<Bodies>,
    place: Vec<OwnedSemaphorePermit>,
}

/// A body's place in the budget; kept until what was read from it has been handed on.
#[derive(Debug)]
pub(super) struct Place {
    _permits: Vec<OwnedSemaphorePermit>,
}

/// Why a body did not arrive.
#[derive(Debug)]
pub(super) enum BodyError {
    /// The scrape timeout passed after this many bytes.
    Timeout(usize),
    /// It is larger than the limit.
    TooLarge,
    /// The connection broke, or the content could not be decompressed.
    Broken(reqwest::Error),
}

impl Bodies {
    pub(super) fn new(metrics: Arc<Metrics>) -> Arc<Self> {
        Arc::new(Self {
            budget: Arc::new(Semaphore::new(BUDGET_BYTES / UNIT_BYTES)),
            overdraft: Arc::new(Semaphore::new(1)),
            idle: Mutex::default(),
            metrics,
        })
    }

    /// Receives a body of at most `bytes_max` bytes, counted after decompression.
    pub(super) async fn receive(
        self: &Arc<Self>,
        mut response: Response,
        bytes_max: u64,
        deadline: &mut Deadline,
    ) -> Result<Body, BodyError> {
        let bytes_max = usize::try_from(bytes_max).unwrap_or(usize::MAX);
        // None where it is compressed or sent in chunks.
        let announced = response.content_length().map(|length| usize::try_from(length).unwrap_or(usize::MAX));
        if announced.is_some_and(|length| length > bytes_max) {
            return Err(BodyError::TooLarge);
        }
        let mut body = Body { bytes: Vec::new(), bodies: Arc::clone(self), place: Vec::new() };
        let mut allowed = FREE_BYTES;
        body.bytes.reserve_exact(announced.unwrap_or_default().min(FREE_BYTES));
        loop {
            let chunk = match deadline.run(response.chunk()).await {
                Ok(Ok(Some(chunk))) => chunk,
                Ok(Ok(None)) => return Ok(body),
                Ok(Err(error)) => return Err(BodyError::Broken(error)),
                Err(Passed) => return Err(BodyError::Timeout(body.bytes.len())),
            };
            let length = body.bytes.len() + chunk.len();
            if length > bytes_max {
                return Err(BodyError::TooLarge);
            }
            if length > allowed {
                let wanted = announced.unwrap_or_default().max(length.saturating_mul(2)).min(bytes_max);
                allowed = self.grow(&mut body, allowed, wanted, deadline).await;
                if body.bytes.capacity() < wanted {
                    let room = wanted - body.bytes.len();
                    body.bytes.reserve_exact(room);
                }
            }
            body.bytes.extend_from_slice(&chunk);
        }
    }

    /// Gets leave for `wanted` bytes, and the buffer of an earlier body for the first of them. Returns the bytes that are
    /// allowed now.
    async fn grow(&self, body: &mut Body, allowed: usize, wanted: usize, deadline: &mut Deadline) -> usize {
        let more = wanted.min(BUDGET_BYTES).saturating_sub(if body.place.is_empty() { 0 } else { allowed });
        let units = u32::try_from(more.div_ceil(UNIT_BYTES)).unwrap_or(u32::MAX);
        if units > 0
            && let Ok(permit) = Arc::clone(&self.budget).try_acquire_many_owned(units)
        {
            body.place.push(permit);
        } else if body.place.is_empty() {
            self.metrics.body_waits.inc();
            // Neither semaphore is ever closed.
            let permit = deadline.pause(Arc::clone(&self.budget).acquire_many_owned(units)).await;
            body.place.extend(permit.ok());
        } else {
            self.metrics.body_waits.inc();
            let permit = deadline.pause(Arc::clone(&self.overdraft).acquire_owned()).await;
            body.place.extend(permit.ok());
            return usize::MAX;
        }
        if allowed == FREE_BYTES
            && let Some(mut buffer) = self.take_idle()
        {
            buffer.extend_from_slice(&body.bytes);
            body.bytes = buffer;
        }
        // A body larger than the whole budget has all of it.
        if wanted >= BUDGET_BYTES { usize::MAX } else { wanted }
    }

    fn take_idle(&self) -> Option<Vec<u8>> {
        self.idle.lock().ok()?.pop()
    }
}

impl Body {
    /// The bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Splits off the place in the budget, which may be needed longer than the bytes.
    pub(super) fn take_place(&mut self) -> Place {
        Place { _permits: std::mem::take(&mut self.place) }
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        let mut buffer = std::mem::take(&mut self.bytes);
        if !(FREE_BYTES * 2..=IDLE_BUFFER_BYTES_MAX).contains(&buffer.capacity()) {
            return;
        }
        buffer.clear();
        if let Ok(mut idle) = self.bodies.idle.lock()
            && idle.len() < IDLE_BUFFERS_MAX
        {
            idle.push(buffer);
        }
    }
}
