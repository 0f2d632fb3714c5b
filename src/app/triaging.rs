//! The thread on which triage works: what it reads it computes itself, and that takes a while.

use std::sync::Arc;
use std::thread::JoinHandle;

use anyhow::Result;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::api::AppState;
use crate::config::Config;
use crate::query::escalation::Escalations;
use crate::triage::{Engine, Metrics, Sources};

/// An engine that works with what requests work with.
pub(super) fn engine(
    state: &AppState,
    config: watch::Receiver<Arc<Config>>,
    escalations: watch::Sender<Arc<Escalations>>,
    metrics: Metrics,
) -> Engine {
    Engine::new(Sources {
        store: Arc::clone(&state.store),
        index: Arc::clone(&state.search),
        writer: state.writer.clone(),
        clock: state.clock.clone(),
        config,
        escalations,
        metrics,
    })
}

/// A thread on which an engine works.
pub(super) struct Triaging {
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Triaging {
    /// Starts to work.
    pub(super) fn start(engine: Engine) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let work = move || runtime.block_on(engine.run(stopped));
        let thread = std::thread::Builder::new().name("triage".to_owned()).spawn(work)?;
        Ok(Self { stop, thread: Some(thread) })
    }

    /// Stops, and waits until it has. What is not done then is done after the next start.
    pub(super) fn stop(mut self) {
        self.stop.cancel();
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread of triage broke off");
        }
    }
}

impl Drop for Triaging {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
