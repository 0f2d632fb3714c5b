//! `/api/v1/admin`: what only operators may do, and only where `--web.enable-admin-api` says so.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::Error;
use super::state::AppState;
use super::v1::extract::NoParameters;
use super::v1::shape::Failure;
use crate::backup::{self, Archive, Options, Pace, Stop};
use crate::config;

/// The type of an archive.
pub(super) const ARCHIVE: &str = "application/zstd";

/// Bytes that are sent at once, and how many of those may wait for the client.
const CHUNK_BYTES: usize = 256 << 10;
const CHUNKS_MAX: usize = 4;

/// Lines about damage that may wait for the client.
const FINDINGS_MAX: usize = 64;

/// A client that takes nothing for as long is given up: what is made for it keeps old pages of the database alive.
const STALL_TIME_MAX: Duration = Duration::from_secs(60);

/// How long one waits for another to end, and how often it is looked.
const BUSY_TIME_MAX: Duration = Duration::from_secs(2);
const BUSY_STEP: Duration = Duration::from_millis(50);

/// The routes for operators, relative to `/api/v1`.
pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new().routes(routes!(take_backup)).routes(routes!(verify))
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
    allowed(&state)?;
    let Query(parameters) = parameters.map_err(|error| Error::bad_request(error.body_text()))?;
    let rate = match &parameters.rate {
        None => config::backup::RATE,
        Some(text) => config::parse_size(text)
            .ok_or_else(|| Error::bad_param("rate", format!("{text:?} is not a size such as 32MiB")))?,
    };
    let running = free(|| state.backups.begin(&state.clock)).await?;
    let now = running.time();
    let stop = Stop::default();
    let pace = Pace::new(&state.clock, (rate > 0).then_some(rate), stop.clone());
    let options = Options { now, with_index: parameters.with_index, pace };
    let (chunks, taken) = mpsc::channel(CHUNKS_MAX);
    let client = Client { chunks, handle: Handle::current() };
    // It ends when the client does: then nobody takes what it sends.
    drop(tokio::task::spawn_blocking(move || {
        let stream = Chunks { client: client.clone(), waiting: Vec::with_capacity(CHUNK_BYTES) };
        let made = Archive::new(stream, now).and_then(|mut archive| backup::take(&state.store, options, &mut archive));
        if let Err(error) = &made {
            // A connection that breaks off says that the archive is not whole, and so does the missing manifest.
            let _ = client.chunks.try_send(Err(io::Error::other(error.to_string())));
        }
        running.end(&made);
    }));
    let body = body(taken, Abandoned(stop));
    let name = format!("attachment; filename=\"hydrophone-{}.tar.zst\"", now.to_string().replace(':', "-"));
    let headers = [(CONTENT_TYPE, ARCHIVE.to_owned()), (CONTENT_DISPOSITION, name)];
    Ok((headers, body).into_response())
}

/// What looking through everything comes to: a line for each thing that is wrong, and at last one that says what was looked at.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
enum VerifyLine {
    /// Something that is not as it has to be.
    Finding {
        /// The table, or the file.
        table: String,
        /// The row's key; empty where the whole table is meant.
        key: String,
        /// What is wrong.
        what: String,
    },
    /// The end.
    End {
        /// How much is wrong.
        findings: u64,
        /// Number of the last commit that was looked at.
        commit: u64,
        /// Rows of all tables.
        rows: u64,
        /// Samples that can be read.
        occurrences: u64,
        /// How long it took.
        seconds: f64,
        /// Why it broke off; null when it did not.
        error: Option<String>,
    },
}

/// Look through everything that is stored: every checksum, every row, and that what is told twice is told alike
///
/// JSON lines: one for each thing that is wrong, and at last one with `findings`, how many those are. Without the last line it
/// broke off. Changes nothing; scraping goes on.
#[utoipa::path(
    post, path = "/admin/verify", operation_id = "verify", tag = "server",
    responses(
        (status = 200, description = "What is wrong", body = VerifyLine, content_type = "application/x-ndjson"),
        Failure
    )
)]
async fn verify(State(state): State<Arc<AppState>>, _: NoParameters) -> Result<Response, Error> {
    allowed(&state)?;
    let running = free(|| state.backups.occupy()).await?;
    let (lines, taken) = mpsc::channel(FINDINGS_MAX);
    let client = Client { chunks: lines, handle: Handle::current() };
    drop(tokio::task::spawn_blocking(move || {
        let watch = state.clock.stopwatch();
        let mut findings = 0;
        let send = |line: &VerifyLine| {
            let text = serde_json::to_string(line).unwrap_or_default() + "\n";
            // Whoever went away does not want to know the rest; what was found so far is in the log.
            let _ = client.send(Bytes::from(text));
        };
        // It ends when the client does, and when the server stops.
        let goes_on = || !client.chunks.is_closed();
        let outcome = backup::verify(&state.store, &state.search, &goes_on, &mut |finding| {
            findings += 1;
            tracing::error!(%finding, "found damage");
            send(&VerifyLine::Finding { table: finding.table, key: finding.key, what: finding.what });
        });
        let error = outcome.as_ref().err().map(ToString::to_string);
        let verified = outcome.ok().flatten().unwrap_or_default();
        let occurrences = verified.occurrences.values().flat_map(|commits| commits.values()).sum();
        let (commit, rows, seconds) = (verified.commit, verified.rows, watch.seconds());
        send(&VerifyLine::End { findings, commit, rows, occurrences, seconds, error });
        drop(running);
    }));
    Ok(([(CONTENT_TYPE, "application/x-ndjson")], body(taken, ())).into_response())
}

/// What `begin` gives, once nobody else has it. Whoever went away a moment ago is noticed in a moment only.
async fn free<T>(begin: impl Fn() -> Option<T>) -> Result<T, Error> {
    let turn = async {
        loop {
            match begin() {
                Some(running) => return running,
                None => tokio::time::sleep(BUSY_STEP).await,
            }
        }
    };
    let running = tokio::time::timeout(BUSY_TIME_MAX, turn).await;
    running.map_err(|_| Error::conflict("a backup is being made already, or everything is looked through"))
}

/// Whether operators may do anything here.
fn allowed(state: &AppState) -> Result<(), Error> {
    if state.flags.enable_admin_api {
        return Ok(());
    }
    Err(Error::forbidden("the admin API is not enabled: --web.enable-admin-api"))
}

/// Stops the backup when nobody wants the answer any more.
struct Abandoned(Stop);

impl Drop for Abandoned {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// What a client takes, until all senders are gone; with it goes `guard`.
fn body<T: Send + 'static>(taken: mpsc::Receiver<io::Result<Bytes>>, guard: T) -> Body {
    let chunks = stream::unfold((taken, guard), async |(mut taken, guard)| {
        let chunk: io::Result<Bytes> = taken.recv().await?;
        Some((chunk, (taken, guard)))
    });
    // Whoever compresses it asks again behind its end.
    Body::from_stream(chunks.fuse())
}

/// Whom an answer is for, while it is made on a thread that may block.
#[derive(Clone)]
struct Client {
    chunks: mpsc::Sender<io::Result<Bytes>>,
    handle: Handle,
}

impl Client {
    fn send(&self, chunk: Bytes) -> io::Result<()> {
        let sent = async { tokio::time::timeout(STALL_TIME_MAX, self.chunks.send(Ok(chunk))).await };
        match self.handle.block_on(sent) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(io::Error::new(io::ErrorKind::BrokenPipe, "the client went away")),
            Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "the client took nothing for a minute")),
        }
    }
}

/// Sends what is written to a client.
struct Chunks {
    client: Client,
    waiting: Vec<u8>,
}

impl Chunks {
    fn send(&mut self) -> io::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let chunk = std::mem::replace(&mut self.waiting, Vec::with_capacity(CHUNK_BYTES));
        self.client.send(Bytes::from(chunk))
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
