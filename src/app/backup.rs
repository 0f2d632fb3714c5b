//! Backups that are made by themselves, as the configuration says.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::api::AppState;
use crate::backup::{self, Directory, Monitor, Options, Pace, Stop};
use crate::clock::Clock;
use crate::config::{Backup, Config};
use crate::model::time::{Millis, Timestamp};
use crate::store::Store;

/// After a failure it is tried again after this, or after the interval where that is shorter.
const AGAIN: Millis = Millis::from_seconds(600);

/// How often it looks when the next one is due, besides.
const LOOK_AGAIN: Millis = Millis::from_seconds(3600);

/// Makes backups until it is told to stop.
pub(super) struct Schedule {
    store: Arc<Store>,
    clock: Clock,
    config: watch::Receiver<Arc<Config>>,
    monitor: Arc<Monitor>,
}

impl Schedule {
    /// For a server with this state.
    pub(super) fn new(state: &AppState, config: watch::Receiver<Arc<Config>>) -> Self {
        let (store, monitor) = (Arc::clone(&state.store), Arc::clone(&state.backups));
        Self { store, clock: state.clock.clone(), config, monitor }
    }

    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut failed_at: Option<Timestamp> = None;
        loop {
            let settings = self.config.borrow_and_update().backup.clone();
            let due = settings.as_ref().map(|settings| self.due(settings, failed_at));
            tokio::select! {
                () = stop.cancelled() => return,
                // The sender lives as long as the server reloads.
                changed = self.config.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    failed_at = None;
                    continue;
                }
                () = wait(&self.clock, due) => {}
                // The clock may have been set back meanwhile.
                () = self.clock.sleep(LOOK_AGAIN) => continue,
            }
            let Some(settings) = settings else { continue };
            failed_at = if self.make(settings, &stop).await { None } else { Some(self.clock.now()) };
        }
    }

    /// Makes one; whether it is there.
    async fn make(&self, settings: Backup, stop: &CancellationToken) -> bool {
        // Somebody makes one by hand: this one is tried again.
        let Some(running) = self.monitor.begin(&self.clock) else { return false };
        let (store, clock, call_off) = (Arc::clone(&self.store), self.clock.clone(), Stop::default());
        let stopping = call_off.clone();
        let making = tokio::task::spawn_blocking(move || {
            let pace = Pace::new(&clock, Some(settings.rate), stopping);
            let options = Options { now: running.time(), with_index: settings.with_index, pace };
            let made = Directory::open(&settings.directory, Some(settings.keep))
                .and_then(|mut directory| backup::take(&store, options, &mut directory));
            running.end(&made);
            made.is_ok()
        });
        tokio::pin!(making);
        tokio::select! {
            made = &mut making => return made.unwrap_or(false),
            () = stop.cancelled() => call_off.stop(),
        }
        making.await.unwrap_or(false)
    }

    /// When the next backup is to be made: an interval after the newest there is.
    fn due(&self, settings: &Backup, failed_at: Option<Timestamp>) -> Timestamp {
        if let Some(failed_at) = failed_at {
            return failed_at.min(self.clock.now()).plus(AGAIN.min(settings.interval));
        }
        // One of the time to come was made by a clock that went wrong. Where none can be read making one fails, too, and says why.
        let newest = Directory::newest(&settings.directory, Some(self.clock.now())).ok().map(|stored| stored.time);
        if let Some(newest) = newest {
            self.monitor.known(newest);
        }
        newest.map_or(Timestamp(i64::MIN), |newest| newest.plus(settings.interval))
    }
}

/// What is wrong then.
pub(super) const IN_DATA: &str = "backup.directory is the data directory, and backups go into one of their own";

/// Whether backups would go among the data, of which they are to be copies.
pub(super) fn is_in_data(config: &Config, storage_path: &Path) -> bool {
    let real = |path: &Path| std::fs::canonicalize(path).or_else(|_| std::path::absolute(path)).ok();
    let directory = config.backup.as_ref().and_then(|settings| real(&settings.directory));
    directory.is_some() && directory == real(storage_path)
}

async fn wait(clock: &Clock, due: Option<Timestamp>) {
    match due {
        Some(due) => clock.sleep_until(due).await,
        None => std::future::pending().await,
    }
}
