//! `/api/v1/admin`: what only operators may do, and only where `--web.enable-admin-api` says so.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Deserialize;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::Error;
use super::state::AppState;
use super::v1::shape::Failure;
use crate::backup::{self, Archive, Options, Pace, Stop};
use crate::config;

/// The type of an archive.
pub(super) const ARCHIVE: &str = "application/zstd";

/// Bytes that are sent at once, and how many of those may wait for the client.
const CHUNK_BYTES: usize = 256 << 10;
const CHUNKS_MAX: usize = 4;

/// A client that takes nothing for as long is given up: its backup keeps old pages of the database alive.
const STALL_TIME_MAX: Duration = Duration::from_secs(60);

/// The routes for operators, relative to `/api/v1`.
pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new().routes(routes!(take_backup))
}

/// How a backup is made.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct BackupParameters {
    /// Bytes that are read in a second at most, such as 32MiB, so that scraping does not notice; 0 is as fast as it goes.
    /// 32MiB by default.
    #[param(value_type = Option<String>)]
    rate: Option<String>,
    /// Copy the search index, too. Without it a server makes it anew.
    #[serde(default)]
    with_index: bool,
}

/// A backup of everything as of the last commit, as an archive: a tar file compressed with zstd
///
/// Its last file is `manifest.json`; without that it is incomplete. One is made at a time.
#[utoipa::path(
    post, path = "/admin/backup", operation_id = "takeBackup", tag = "server",
    params(BackupParameters),
    responses(
        (status = 200, description = "The archive", content_type = "application/zstd"),
        Failure
    )
)]
async fn take_backup(
    State(state): State<Arc<AppState>>,
    parameters: Result<Query<BackupParameters>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Error> {
    if !state.flags.enable_admin_api {
        return Err(Error::forbidden("the admin API is not enabled: --web.enable-admin-api"));
    }
    let Query(parameters) = parameters.map_err(|error| Error::bad_request(error.body_text()))?;
    let rate = match &parameters.rate {
        None => config::backup::RATE,
        Some(text) => config::parse_size(text)
            .ok_or_else(|| Error::bad_param("rate", format!("{text:?} is not a size such as 32MiB")))?,
    };
    let running = state.backups.begin(&state.clock);
    let running = running.ok_or_else(|| Error::conflict("a backup is being made already"))?;
    let now = running.time();
    let stop = Stop::default();
    let pace = Pace::new(&state.clock, (rate > 0).then_some(rate), stop.clone());
    let options = Options { now, with_index: parameters.with_index, pace };
    let (chunks, taken) = mpsc::channel(CHUNKS_MAX);
    let handle = Handle::current();
    // It ends when the client does: then nobody takes what it sends.
    drop(tokio::task::spawn_blocking(move || {
        let stream = Chunks { chunks: chunks.clone(), handle, waiting: Vec::with_capacity(CHUNK_BYTES) };
        let made = Archive::new(stream, now)
            .and_then(|mut archive| backup::take(&state.store, options, &mut archive));
        if let Err(error) = &made {
            // A connection that breaks off says that the archive is not whole, and so does the missing manifest.
            let _ = chunks.try_send(Err(io::Error::other(error.to_string())));
        }
        running.end(&made);
    }));
    let abandoned = Abandoned(stop);
    let body = stream::unfold((taken, abandoned), async |(mut taken, abandoned)| {
        let chunk: io::Result<Bytes> = taken.recv().await?;
        Some((chunk, (taken, abandoned)))
    });
    let name = format!("attachment; filename=\"hydrophone-{}.tar.zst\"", now.to_string().replace(':', "-"));
    let headers = [(CONTENT_TYPE, ARCHIVE.to_owned()), (CONTENT_DISPOSITION, name)];
    Ok((headers, Body::from_stream(body)).into_response())
}

/// Stops the backup when nobody wants the answer any more.
struct Abandoned(Stop);

impl Drop for Abandoned {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// Sends what is written to a client.
struct Chunks {
    chunks: mpsc::Sender<io::Result<Bytes>>,
    handle: Handle,
    waiting: Vec<u8>,
}

impl Chunks {
    fn send(&mut self) -> io::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let chunk = std::mem::replace(&mut self.waiting, Vec::with_capacity(CHUNK_BYTES));
        let sent = self.handle.block_on(async {
            tokio::time::timeout(STALL_TIME_MAX, self.chunks.send(Ok(Bytes::from(chunk)))).await
        });
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(io::Error::new(io::ErrorKind::BrokenPipe, "the client went away")),
            Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "the client took nothing for a minute")),
        }
    }
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= CHUNK_BYTES {
            self.send()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.send()
    }
}
