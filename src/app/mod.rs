//! The composition root: what is started and stopped, in which order and why.
//!
//! Components do not know each other; they meet on the channels that are made here. Started bottom up: the store first,
//! because everything needs it; the search index's follower, which has to see the store before anybody writes; the writer
//! before anybody who writes; the pages last, when there is something to ask.
//! Stopped top down in the way of the data: triage, discovery and the scrape loops (at most one scrape timeout), then the
//! writer, which commits what they had sent, the follower, and the server last, so that `/-/ready` can say what is going on.

mod backup;
mod demo;
mod follow;
mod reload;
mod signal;
mod triaging;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::api::state::{AppState, Build, Flags, Readiness};
use crate::api::{self, OwnErrors};
use crate::backup::Monitor;
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::door::Door;
use crate::ingest::{self, Settings, Writer};
use crate::model::scrape::Event;
use crate::model::time::Millis;
use crate::quiet::quietly;
use crate::store::{Limits, Retention, Store};
use crate::telemetry::Registry;
use crate::{discovery, scrape, search, transfer, triage};

pub use demo::run_demo_server as demo;
pub use follow::{Following, Stored, index_of};

/// What the command line says. Fixed for the process's life.
#[derive(Debug, Clone)]
pub struct Options {
    /// The configuration file.
    pub config_file: PathBuf,
    /// The data directory.
    pub storage_path: PathBuf,
    /// Where to listen.
    pub listen: Vec<String>,
    /// What concerns the web part.
    pub flags: Flags,
    /// The file of `--web.config.file`.
    pub web_config_file: Option<PathBuf>,
    /// Limits of connections.
    pub limits: api::Limits,
}

/// Processes that were not seen for as long are forgotten, whatever the retention: one that comes back later counts anew.
const INSTANCES_KEPT: Millis = Millis::from_seconds(30 * 86_400);

/// Reloads that may wait for their turn.
const RELOADS_MAX: usize = 4;

/// Runs the server until it is told to stop. `errors` collects the process's own errors.
///
/// # Errors
/// When it can not start, or a commit failed.
pub async fn serve(options: Options, clock: Clock, errors: Arc<OwnErrors>) -> Result<()> {
    let config = load(&options.config_file)?;
    if backup::is_in_data(&config, &options.storage_path) {
        bail!("{}: {}", options.config_file.display(), backup::IN_DATA);
    }
    let store = open(&options)?;
    let listeners = bind(&options.listen).await?;
    run(Setup { options, config, store, listeners, signals: None }, clock, errors).await
}

/// Reads a configuration file, and with it the queries in it, of which `config` knows nothing.
///
/// # Errors
/// The first thing that is wrong, with its place.
pub fn load(path: &Path) -> Result<Config, config::Error> {
    let config = config::load(path)?;
    triage::Rules::read(&config.label_rules)?;
    Ok(config)
}

/// What is there before anything runs.
struct Setup {
    options: Options,
    config: Config,
    store: Arc<Store>,
    listeners: Vec<TcpListener>,
    /// Who listens to signals already hands on what comes.
    signals: Option<signal::Signals>,
}

fn open(options: &Options) -> Result<Arc<Store>> {
    let path = &options.storage_path;
    let full = || format!("the disk of the data directory {} is full: make room and start again", path.display());
    let store = match Store::open(path) {
        Err(error) if error.is_full() => return Err(error).with_context(full),
        store => store?,
    };
    tracing::info!(path = %options.storage_path.display(), "opened the data directory");
    if transfer::is_unfinished(&options.storage_path).unwrap_or(false) {
        tracing::warn!("an import into the data directory is not finished: stop the server and run it again");
    }
    Ok(Arc::new(store))
}

async fn bind(addresses: &[String]) -> Result<Vec<TcpListener>> {
    let mut listeners = Vec::new();
    for address in addresses {
        // `:7777` listens everywhere, as in Prometheus and Go.
        let full = if address.starts_with(':') { format!("0.0.0.0{address}") } else { address.clone() };
        let listener = TcpListener::bind(&full).await.with_context(|| format!("can not listen on {address}"))?;
        listeners.push(listener);
    }
    Ok(listeners)
}

/// Everything that runs, connected and not yet started.
struct Parts {
    writer: Writer,
    server: Arc<api::Server>,
    discovery: discovery::Manager,
    scraping: scrape::Manager,
    config: watch::Receiver<Arc<Config>>,
    targets: watch::Sender<discovery::Targets>,
    events: mpsc::Sender<Event>,
    readiness: watch::Sender<Readiness>,
    quit: CancellationToken,
    reloader: reload::Reloader,
    following: Following,
    triage: triage::Engine,
    schedule: backup::Schedule,
}

fn assemble(
    options: &Options,
    config: Config,
    store: Arc<Store>,
    clock: &Clock,
    errors: Arc<OwnErrors>,
) -> Result<Parts> {
    let mut registry = Registry::default();
    let ingest_metrics = ingest::Metrics::new(&mut registry);
    let discovery = discovery::Manager::new(clock.clone(), discovery::Metrics::register(&mut registry));
    let scraping = scrape::Manager::new(clock.clone(), &mut registry);
    let door = door(options, &store, clock, &mut registry)?;
    let search = index_of(store.path());
    let following =
        Following::start(Arc::clone(&store), Arc::clone(&search), search::Metrics::register(&mut registry))?;
    let (events, received) = mpsc::channel(ingest::QUEUE_MAX);
    let settings = settings(&config);
    let (writer, handle) = Writer::new(Arc::clone(&store), clock.clone(), settings, ingest_metrics.clone(), received);
    let config = Arc::new(config);
    let (config_sender, config_receiver) = watch::channel(Arc::clone(&config));
    let targets = watch::Sender::new(Arc::new(Vec::new()));
    let (escalations, escalating) = watch::channel(Arc::default());
    let (status, status_receiver) = watch::channel(Arc::new(reload::status(config, &options.config_file, clock)));
    let (readiness, readiness_receiver) = watch::channel(Readiness::Starting);
    let (reload, requests) = mpsc::channel(RELOADS_MAX);
    let quit = CancellationToken::new();
    let triage_metrics = triage::Metrics::register(&mut registry);
    let state = Arc::new(AppState {
        store,
        search,
        backups: Monitor::register(&mut registry),
        writer: handle.clone(),
        door,
        checks: api::state::Checks::default(),
        clock: clock.clone(),
        config: status_receiver,
        targets: targets.subscribe(),
        escalations: escalating,
        reload,
        quit: quit.clone(),
        readiness: readiness_receiver,
        metrics: api::Metrics::register(&mut registry),
        registry: Arc::new(registry),
        ingest: ingest_metrics,
        errors,
        flags: options.flags.clone(),
        build: Build::default(),
        started: clock.now(),
        reads: api::state::reads(),
    });
    let triage = triaging::engine(&state, config_receiver.clone(), escalations, triage_metrics);
    let (file, storage_path) = (options.config_file.clone(), options.storage_path.clone());
    let (clock, config) = (clock.clone(), config_sender);
    let reloader = reload::Reloader { file, storage_path, clock, config, status, writer: handle, requests };
    Ok(Parts {
        schedule: backup::Schedule::new(&state, config_receiver.clone()),
        writer,
        server: api::Server::new(state, options.limits),
        discovery,
        scraping,
        config: config_receiver,
        targets,
        events,
        readiness,
        quit,
        reloader,
        following,
        triage,
    })
}

fn door(options: &Options, store: &Store, clock: &Clock, registry: &mut Registry) -> Result<Arc<Door>> {
    let web = options.web_config_file.as_deref();
    Ok(Arc::new(Door::open(clock.clone(), store.path(), web, registry)?))
}

/// Starts everything, waits for the end and stops everything.
async fn run(setup: Setup, clock: Clock, errors: Arc<OwnErrors>) -> Result<()> {
    let Setup { options, config, store, listeners, signals } = setup;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let parts = assemble(&options, config, store, &clock, errors)?;

    let written = start_writer(parts.writer)?;
    let triaging = triaging::Triaging::start(parts.triage)?;
    let stop_serving = CancellationToken::new();
    let mut servers = JoinSet::new();
    for listener in listeners {
        announce(listener.local_addr().ok(), &options, &parts.server);
        servers.spawn(Arc::clone(&parts.server).serve(listener, stop_serving.clone()));
    }
    let stop_watching = CancellationToken::new();
    let mut watchers = JoinSet::new();
    let targets = parts.targets.subscribe();
    watchers.spawn(parts.discovery.run(parts.config.clone(), parts.targets, stop_watching.clone()));
    watchers.spawn(parts.scraping.run(parts.config, targets, parts.events, stop_watching.clone()));
    watchers.spawn(parts.schedule.run(stop_watching.clone()));
    parts.readiness.send_replace(Readiness::Ready);
    tracing::info!("ready");

    let outcome = wait(parts.reloader, written, signals, &parts.quit, &parts.readiness).await;

    tokio::task::spawn_blocking(move || triaging.stop()).await?;
    stop_watching.cancel();
    while watchers.join_next().await.is_some() {}
    // The scrape loops held the last senders, so the writer ends when it has committed what they sent.
    let outcome = match outcome {
        End::Failed(error) => Err(error),
        End::Asked(written) => written.await.map_err(|_| anyhow!("the writer broke off")).and_then(|result| result),
    };
    let following = parts.following;
    tokio::task::spawn_blocking(move || following.stop()).await?;
    stop_serving.cancel();
    while servers.join_next().await.is_some() {}
    tracing::info!("stopped");
    outcome
}

type Written = tokio::sync::oneshot::Receiver<Result<()>>;

/// How the wait for the end ended.
enum End {
    /// Somebody asked; the writer still runs.
    Asked(Written),
    /// The writer gave up.
    Failed(anyhow::Error),
}

/// Reloads when asked, until somebody asks to stop or the writer fails.
async fn wait(
    mut reloader: reload::Reloader,
    mut written: Written,
    signals: Option<signal::Signals>,
    quit: &CancellationToken,
    readiness: &watch::Sender<Readiness>,
) -> End {
    let mut signals = match signals.map_or_else(signal::Signals::listen, Ok) {
        Ok(signals) => signals,
        Err(error) => return End::Failed(error),
    };
    loop {
        tokio::select! {
            () = quit.cancelled() => break,
            signal = signals.next() => match signal {
                signal::Signal::Reload => drop(reloader.reload().await),
                signal::Signal::Stop(name) => {
                    tracing::info!(signal = name, "stopping");
                    break;
                }
            },
            Some(request) = reloader.requests.recv() => {
                let outcome = reloader.reload().await;
                // Who asked may have gone away; the reload is done all the same.
                let _ = request.done.send(outcome);
            }
            result = &mut written => {
                readiness.send_replace(Readiness::Failed);
                let error = match result {
                    Ok(Err(error)) => error,
                    Ok(Ok(())) => anyhow!("the writer ended early"),
                    Err(_) => anyhow!("the writer broke off"),
                };
                tracing::error!("{error:#}; stopping, because what is in memory and on disk may differ");
                return End::Failed(error);
            }
        }
    }
    readiness.send_replace(Readiness::Stopping);
    End::Asked(written)
}

/// The writer has a thread and a small runtime of its own: committing blocks.
fn start_writer(writer: Writer) -> Result<Written> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let (done, written) = tokio::sync::oneshot::channel();
    let work = move || {
        let result = quietly(|| runtime.block_on(writer.run()));
        let broken = |panicked| {
            Err(anyhow!("the writer broke off ({panicked}): `hydrophone verify` says whether the data are damaged"))
        };
        let _ = done.send(result.map_or_else(broken, |ended| ended.map_err(anyhow::Error::from)));
    };
    std::thread::Builder::new().name("writer".to_owned()).spawn(work)?;
    Ok(written)
}

/// What the configuration says to ingest.
fn settings(config: &Config) -> Settings {
    let kept = &config.storage.retention;
    Settings {
        retention: Retention {
            time: kept.time,
            rollups: kept.rollups,
            targets: kept.targets,
            occurrences: kept.occurrences,
            activity: kept.activity,
            instances: INSTANCES_KEPT,
        },
        limits: Limits {
            total: kept.bytes.unwrap_or(u64::MAX),
            counts: kept.count_bytes.unwrap_or(u64::MAX),
            rollups: kept.rollup_bytes.unwrap_or(u64::MAX),
            occurrences: kept.occurrence_bytes,
            activity: kept.activity_bytes.unwrap_or(u64::MAX),
        },
    }
}

fn announce(address: Option<SocketAddr>, options: &Options, server: &api::Server) {
    let Some(address) = address else { return };
    let scheme = if server.is_encrypted() { "https" } else { "http" };
    let url = match options.flags.external_url.as_str() {
        "" if address.ip().is_unspecified() => format!("{scheme}://localhost:{}", address.port()),
        "" => format!("{scheme}://{address}"),
        external => config::secret::hide_login(external),
    };
    tracing::info!(%address, %url, "listening");
    if server.has_passwords() && !server.is_encrypted() && !address.ip().is_loopback() {
        tracing::warn!(%address, "passwords come in without encryption: give tls_server_config, or let a proxy speak TLS");
    }
}
