//! The threads that read large bodies: one for each core, and always the same ones.
//!
//! What a thread took from the system for a body it keeps for the next one. The runtime hands blocking work to any of hundreds of
//! threads in turn, and each of them would come to keep as much: with 200 services that was two gigabytes.

use rayon::{ThreadPool, ThreadPoolBuilder};
use tokio::sync::oneshot;

/// Reads bodies away from the threads that serve sockets.
#[derive(Debug)]
pub(super) struct Parsers {
    /// `None` where no thread could be had.
    pool: Option<ThreadPool>,
}

impl Parsers {
    /// One thread for each core: more parsers at once would only hold more memory.
    pub(super) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        // A panic is told by its hook, and whoever waits is told that nothing comes.
        let pool = ThreadPoolBuilder::new()
            .num_threads(cores)
            .thread_name(|number| format!("parser-{number}"))
            .panic_handler(drop)
            .build();
        if let Err(error) = &pool {
            tracing::warn!(%error, "no threads to parse on: bodies are parsed where they are received");
        }
        Self { pool: pool.ok() }
    }

    /// Does `work` when its turn comes; `None` when it panicked.
    pub(super) async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let (done, outcome) = oneshot::channel();
        let work = move || {
            // Who waited may have been dropped.
            let _ = done.send(work());
        };
        match &self.pool {
            Some(pool) => pool.spawn(work),
            None => work(),
        }
        outcome.await.ok()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[tokio::test]
    async fn work_is_always_done_by_the_same_few_threads() {
        let parsers = Parsers::new();
        let mut threads = HashSet::new();
        for round in 0..20 {
            let ids = (0..50).map(|_| parsers.run(|| std::thread::current().id()));
            for id in futures_util::future::join_all(ids).await {
                threads.insert(id.unwrap());
            }
            assert!(threads.len() <= std::thread::available_parallelism().unwrap().get(), "round {round}");
        }
    }

    #[tokio::test]
    async fn a_panic_ends_nothing_but_its_own_work() {
        let parsers = Parsers::new();
        for _ in 0..20 {
            assert_eq!(parsers.run(|| -> u8 { panic!("a fault in the parser") }).await, None);
        }
        assert_eq!(parsers.run(|| 7).await, Some(7));
    }
}
