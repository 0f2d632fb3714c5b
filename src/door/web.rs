//! The file of `--web.config.file` as it is now, with what is made of it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::metrics::Metrics;
use super::stamp::Stamp;
use super::tls;
use crate::config::door::{self, DoorConfig};

/// What is in force.
#[derive(Debug, Default)]
pub struct Current {
    /// What the file says.
    pub config: DoorConfig,
    /// TLS as it says; `None` serves without.
    pub tls: Option<Arc<tls::Config>>,
}

/// Why the file can not be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It says something that it can not.
    #[error(transparent)]
    Config(#[from] crate::config::Error),
    /// Its certificates or keys can not be used.
    #[error("{file}: tls_server_config: {what}")]
    Tls {
        /// The file.
        file: String,
        /// What is wrong.
        what: String,
    },
}

impl Current {
    /// Reads the file at `path` and the certificates that it names.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn load(path: &Path) -> Result<Self, Error> {
        Self::of(door::load(path)?, path)
    }

    fn of(config: DoorConfig, path: &Path) -> Result<Self, Error> {
        let tls = config.tls.as_ref().map(|tls| tls::config(tls, config.http2)).transpose();
        let tls = tls.map_err(|what| Error::Tls { file: path.display().to_string(), what })?;
        Ok(Self { config, tls: tls.map(Arc::new) })
    }
}

/// The file, which is read again when it or a file that it names has changed.
pub(super) struct WebFile {
    path: Option<PathBuf>,
    state: Mutex<State>,
    metrics: Metrics,
}

struct State {
    watched: Watched,
    current: Arc<Current>,
}

/// The files that count, the web configuration itself first, as they were when they were last looked at.
#[derive(Default)]
struct Watched {
    files: Vec<PathBuf>,
    stamp: Stamp,
}

impl WebFile {
    pub(super) fn open(path: Option<&Path>, metrics: Metrics) -> Result<Self, Error> {
        metrics.reloaded(true);
        let state = match path {
            None => State { watched: Watched::default(), current: Arc::default() },
            Some(path) => {
                let (watched, current) = read(path);
                State { watched: watched.unwrap_or_default(), current: current? }
            }
        };
        for warning in &state.current.config.warnings {
            tracing::warn!("{warning}");
        }
        Ok(Self { path: path.map(Path::to_owned), state: Mutex::new(state), metrics })
    }

    /// What is in force now. A file that can not be used leaves in force what was, as a bad configuration does: an operator who
    /// makes a mistake has neither opened the server to everybody nor closed it to themselves.
    pub(super) fn current(&self) -> Arc<Current> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(path) = &self.path else { return Arc::clone(&state.current) };
        let stamp = Stamp::of(state.watched.files.iter().map(PathBuf::as_path));
        if stamp == state.watched.stamp {
            return Arc::clone(&state.current);
        }
        // Taken before anything is read: what changes meanwhile is a change the next time.
        state.watched.stamp = stamp;
        let (watched, read) = read(path);
        // Also where it fails: a file that it names may be still to come, and then nothing else changes.
        if let Some(watched) = watched {
            state.watched = watched;
        }
        let error = match read {
            Ok(new) if new.tls.is_some() != state.current.tls.is_some() => {
                "whether TLS is spoken can not change while the server runs".to_owned()
            }
            Ok(new) if new.config.http2 != state.current.config.http2 => {
                "http2 can not change while the server runs".to_owned()
            }
            Ok(new) => {
                state.current = new;
                self.metrics.reloaded(true);
                tracing::info!(file = %path.display(), "the web configuration changed and is in force");
                return Arc::clone(&state.current);
            }
            Err(error) => error.to_string(),
        };
        self.metrics.reloaded(false);
        tracing::error!(file = %path.display(), "the web configuration stays as it was: {error}");
        Arc::clone(&state.current)
    }
}

/// Reads the file and those that it names. Which those are is known, too, when they can not be used; `None` where it does not say.
fn read(path: &Path) -> (Option<Watched>, Result<Arc<Current>, Error>) {
    let own = Stamp::of([path]);
    let draft = match door::draft(path) {
        Ok(draft) => draft,
        Err(error) => return (None, Err(error.into())),
    };
    let files: Vec<PathBuf> = std::iter::once(path.to_owned()).chain(draft.files()).collect();
    let mut stamp = Stamp::of(files.iter().map(PathBuf::as_path));
    stamp.replace_first(own);
    let current = draft.finish().map_err(Error::from).and_then(|config| Current::of(config, path));
    (Some(Watched { files, stamp }), current.map(Arc::new))
}
