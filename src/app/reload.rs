//! Reloading the configuration: whole or not at all. A bad file keeps the running one and says why.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use super::backup::{IN_DATA, is_in_data};
use super::{load, settings};
use crate::api::state::{ConfigStatus, ReloadRequest};
use crate::clock::Clock;
use crate::config::Config;
use crate::ingest::WriterHandle;

/// Reads the file again and tells everybody.
pub(super) struct Reloader {
    pub(super) file: PathBuf,
    /// The data directory.
    pub(super) storage_path: PathBuf,
    pub(super) clock: Clock,
    /// To discovery and scraping.
    pub(super) config: watch::Sender<Arc<Config>>,
    /// To the API.
    pub(super) status: watch::Sender<Arc<ConfigStatus>>,
    /// To ingest.
    pub(super) writer: WriterHandle,
    pub(super) requests: mpsc::Receiver<ReloadRequest>,
}

impl Reloader {
    /// Reloads. The error is what is wrong with the file, for the person who asked; it is logged and kept in the status
    /// too.
    pub(super) async fn reload(&mut self) -> Result<(), String> {
        let loaded = match load(&self.file) {
            Ok(config) if is_in_data(&config, &self.storage_path) => Err(format!("{}: {IN_DATA}", self.file.display())),
            Ok(config) => self.apply(config).await,
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = &loaded {
            tracing::error!("reload failed, the running configuration stays: {error}");
            self.status.send_modify(|status| {
                Arc::make_mut(status).reload_error = Some(error.clone());
            });
        }
        loaded
    }

    async fn apply(&mut self, config: Config) -> Result<(), String> {
        for warning in &config.warnings {
            tracing::warn!("{warning}");
        }
        self.writer.configure(settings(&config)).await.map_err(|error| error.to_string())?;
        let config = Arc::new(config);
        self.status.send_replace(Arc::new(status(Arc::clone(&config), &self.file, &self.clock)));
        self.config.send_replace(config);
        tracing::info!(file = %self.file.display(), "reloaded the configuration");
        Ok(())
    }
}

/// What is told of a configuration that was loaded now.
pub(super) fn status(config: Arc<Config>, file: &Path, clock: &Clock) -> ConfigStatus {
    ConfigStatus {
        yaml: config.to_yaml(),
        config,
        file: file.display().to_string(),
        loaded_at: clock.now(),
        reload_error: None,
    }
}
