//! What every handler is given: the store to read, the writer to edit through, and what `app` tells about the process.

use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

pub use super::door::Checks;
use super::error::Error;
use super::metrics::Metrics;
use super::own_errors::OwnErrors;
use crate::backup::Monitor;
use crate::clock::Clock;
use crate::config::Config;
use crate::door::Door;
use crate::ingest::{self, WriterHandle};
use crate::model::target::ServiceTargets;
use crate::model::time::Timestamp;
use crate::query::escalation::Escalations;
use crate::quiet::quietly;
use crate::search;
use crate::store::Store;
use crate::telemetry::Registry;

/// Reads that may compute at one time. Each holds a read transaction and a core; more of them would only make all of
/// them slower and let a page full of charts keep the store's old pages alive.
pub const READS_MAX: usize = 16;

/// All handlers' state; routers carry it as `Router<Arc<AppState>>`.
pub struct AppState {
    /// Where everything is read from, through [`AppState::read`].
    pub store: Arc<Store>,
    /// The index of all occurrences, for searches.
    pub search: Arc<search::Index>,
    /// How backups went.
    pub backups: Arc<Monitor>,
    /// Where people's edits go.
    pub writer: WriterHandle,
    /// Who is let in.
    pub door: Arc<Door>,
    /// The turns of those whose password is checked; a default will do.
    pub checks: Checks,
    /// The time.
    pub clock: Clock,
    /// The running configuration and how its last reload went.
    pub config: watch::Receiver<Arc<ConfigStatus>>,
    /// What discovery last found, one entry for each configured service.
    pub targets: watch::Receiver<Arc<Vec<Arc<ServiceTargets>>>>,
    /// Which errors happen much more often than they used to.
    pub escalations: watch::Receiver<Arc<Escalations>>,
    /// Asks `app` for a reload; it answers when the reload is done.
    pub reload: mpsc::Sender<ReloadRequest>,
    /// Cancelled to end the process in good order.
    pub quit: CancellationToken,
    /// Whether the process can answer.
    pub readiness: watch::Receiver<Readiness>,
    /// Our own metrics.
    pub registry: Arc<Registry>,
    /// What the HTTP side counts; registered in `registry`.
    pub metrics: Metrics,
    /// What ingest counts, for what its limits cut; registered in `registry`.
    pub ingest: ingest::Metrics,
    /// Our own errors.
    pub errors: Arc<OwnErrors>,
    /// What the command line says.
    pub flags: Flags,
    /// What was built.
    pub build: Build,
    /// When the process started.
    pub started: Timestamp,
    /// One permit for each read that may compute now; made by [`reads`].
    pub reads: Arc<Semaphore>,
}

/// What the command line says about the web part; fixed for the process's life.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flags {
    /// `--web.enable-lifecycle`: `/-/reload` and `/-/quit` are answered.
    pub enable_lifecycle: bool,
    /// `--web.enable-admin-api`.
    pub enable_admin_api: bool,
    /// `--web.external-url` without a slash at its end; empty when not given.
    pub external_url: String,
    /// `--web.route-prefix`: where requests arrive when that is not the external URL's path. `/` behind a proxy that
    /// takes the path away.
    pub route_prefix: Option<String>,
    /// The data directory, for people.
    pub data_path: String,
}

/// The running configuration.
#[derive(Debug, Clone, Default)]
pub struct ConfigStatus {
    /// What it says.
    pub config: Arc<Config>,
    /// Path of its file, for people.
    pub file: String,
    /// Its text with all secrets hidden.
    pub yaml: String,
    /// When it was loaded.
    pub loaded_at: Timestamp,
    /// Why the last reload failed, so that an older configuration is running; `None` when it did not.
    pub reload_error: Option<String>,
}

/// A reload to be done, and where to say how it went: the message is for the person who asked.
#[derive(Debug)]
pub struct ReloadRequest {
    /// Takes the outcome.
    pub done: oneshot::Sender<Result<(), String>>,
}

/// Whether the process can answer questions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Readiness {
    /// Not yet.
    #[default]
    Starting,
    /// Yes.
    Ready,
    /// A commit failed: the store refuses writes and the process is about to end.
    Failed,
    /// It was told to stop.
    Stopping,
}

/// What was built, for `/metrics` and `/api/v1/status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Build {
    /// The crate's version.
    pub version: &'static str,
    /// The commit it was built from; `unknown` outside a repository.
    pub revision: &'static str,
}

impl Default for Build {
    fn default() -> Self {
        Self { version: env!("CARGO_PKG_VERSION"), revision: option_env!("HYDROPHONE_REVISION").unwrap_or("unknown") }
    }
}

/// The permits of [`AppState::reads`].
#[must_use]
pub fn reads() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(READS_MAX))
}

impl Flags {
    /// The path under which everything is served, `/hydrophone` or empty: the route prefix, or else the external URL's.
    #[must_use]
    pub fn path_prefix(&self) -> &str {
        if let Some(prefix) = &self.route_prefix {
            return prefix.trim_end_matches('/');
        }
        let rest = self.external_url.split_once("://").map_or(self.external_url.as_str(), |(_, rest)| rest);
        rest.find('/').and_then(|at| rest.get(at..)).unwrap_or_default().trim_end_matches('/')
    }
}

impl AppState {
    /// Whether the running configuration has a service of this name.
    #[must_use]
    pub fn is_configured(&self, service: &str) -> bool {
        self.config.borrow().config.services.iter().any(|configured| configured.name == service)
    }

    /// Computes `read` on a thread that may block, when its turn comes. The store's views live inside the closure only.
    ///
    /// # Errors
    /// What `read` answers; when it panics, that the data are damaged or an internal error.
    pub async fn read<T, E, F>(self: &Arc<Self>, read: F) -> Result<T, Error>
    where
        T: Send + 'static,
        E: Into<Error>,
        F: FnOnce(&Self) -> Result<T, E> + Send + 'static,
        E: Send + 'static,
    {
        let permit = Arc::clone(&self.reads).acquire_owned().await.map_err(|_| Error::unavailable("shutting down"))?;
        let state = Arc::clone(self);
        let computed = tokio::task::spawn_blocking(move || {
            let answer = quietly(|| read(&state));
            drop(permit);
            answer
        });
        match computed.await {
            Ok(Ok(answer)) => answer.map_err(Into::into),
            // The store has told where.
            Ok(Err(panicked)) if self.store.damaged_pages() > 0 => {
                Err(Error::damaged(format!("a damaged page is needed ({panicked})")))
            }
            Ok(Err(panicked)) => {
                tracing::error!(why = %panicked, "a read broke off");
                Err(Error::internal("a read broke off: `hydrophone verify` says whether the data are damaged"))
            }
            Err(error) => Err(Error::internal(format!("a read did not end: {error}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_prefix_is_that_of_the_external_url() {
        for (url, expect) in [
            ("", ""),
            ("http://example.org", ""),
            ("http://example.org/", ""),
            ("https://example.org:8080/tools/hydrophone/", "/tools/hydrophone"),
            ("/hydrophone", "/hydrophone"),
        ] {
            let flags = Flags { external_url: url.to_owned(), ..Flags::default() };
            assert_eq!(flags.path_prefix(), expect, "{url}");
        }
    }

    #[test]
    fn a_route_prefix_comes_before_the_path_of_the_external_url() {
        for (prefix, expect) in [("/", ""), ("", ""), ("/inside", "/inside"), ("/inside/", "/inside")] {
            let external_url = "https://example.org/tools/hydrophone".to_owned();
            let flags = Flags { external_url, route_prefix: Some(prefix.to_owned()), ..Flags::default() };
            assert_eq!(flags.path_prefix(), expect, "{prefix}");
        }
    }
}
