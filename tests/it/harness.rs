//! A server on port 0 with a mock clock, fed through the one writer.

use std::path::PathBuf;
use std::sync::Arc;

use hydrophone::api::state::{Build, Checks, ConfigStatus, Flags, Readiness, ReloadRequest, reads};
use hydrophone::api::{self, AppState, Limits, Metrics, OwnErrors};
use hydrophone::app::{self, Following};
use hydrophone::backup::Monitor;
use hydrophone::clock::Clock;
use hydrophone::door::Door;
use hydrophone::fs::DirectoryLock;
use hydrophone::ingest::{self, Settings, Writer};
use hydrophone::model::exposition::{ExposedAggregate, Exposition};
use hydrophone::model::label::Labels;
use hydrophone::model::occurrence::{Exception, HttpContext, Occurrence, Stack};
use hydrophone::model::scrape::{Event, Failure, FailureKind, Scrape};
use hydrophone::model::severity::Severity;
use hydrophone::model::target::{ServiceTargets, Target};
use hydrophone::model::time::{Millis, Timestamp};
use hydrophone::store::{self, Retention, Store};
use hydrophone::telemetry::{self, Registry};
use hydrophone::{config, search};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// 2026-11-20T10:00:00Z, when every test begins.
pub(crate) const START: Timestamp = Timestamp(1_795_168_800_000);

/// Scrape interval of every target.
pub(crate) const INTERVAL: Millis = Millis::from_seconds(15);

/// A running server.
pub(crate) struct Server {
    pub(crate) clock: Clock,
    pub(crate) readiness: watch::Sender<Readiness>,
    pub(crate) quit: CancellationToken,
    pub(crate) reloads: mpsc::Receiver<ReloadRequest>,
    address: String,
    client: reqwest::Client,
    targets: watch::Sender<Arc<Vec<Arc<ServiceTargets>>>>,
    config: watch::Sender<Arc<ConfigStatus>>,
    events: mpsc::Sender<Event>,
    registry: Arc<Registry>,
    tasks: JoinSet<()>,
    following: Following,
    directory: TempDir,
}

/// How a server is started.
#[derive(Default)]
pub(crate) struct Setup {
    pub(crate) flags: Flags,
    pub(crate) limits: Limits,
    /// The file of `--web.config.file`.
    pub(crate) web_config: Option<PathBuf>,
    /// Listens on all addresses, so that it does not take us for people at the same machine.
    pub(crate) is_public: bool,
    /// How much is kept; all of it when nothing is said.
    pub(crate) sizes: Option<store::Limits>,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) next_cursor: Option<String>,
    pub(crate) etag: Option<String>,
    pub(crate) body: String,
}

impl Answer {
    async fn of(response: reqwest::Response) -> Self {
        let header = |name: &str| Some(response.headers().get(name)?.to_str().unwrap().to_owned());
        Self {
            status: response.status().as_u16(),
            content_type: header("content-type").unwrap_or_default(),
            next_cursor: header("x-next-cursor"),
            etag: header("etag"),
            body: response.text().await.unwrap(),
        }
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

impl Server {
    /// A server that has seen nothing.
    pub(crate) async fn start() -> Self {
        Self::start_with(Flags::default()).await
    }

    /// A server that has seen nothing, with these flags.
    pub(crate) async fn start_with(flags: Flags) -> Self {
        Self::start_as(Setup { flags, ..Setup::default() }).await
    }

    /// A server that has seen nothing, started so.
    pub(crate) async fn start_as(setup: Setup) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(&directory.path().join("data")).unwrap());
        let clock = Clock::mock(START);
        let mut registry = Registry::default();
        let metrics = Metrics::register(&mut registry);
        let door = Door::open(clock.clone(), store.path(), setup.web_config.as_deref(), &mut registry).unwrap();
        let counted = ingest::Metrics::new(&mut registry);
        let search = app::index_of(store.path());
        let searched = search::Metrics::register(&mut registry);
        let following = Following::start(Arc::clone(&store), Arc::clone(&search), searched).unwrap();
        let (events, received) = mpsc::channel(ingest::QUEUE_MAX);
        let settings = Settings { limits: setup.sizes.unwrap_or(store::Limits::NONE), ..settings() };
        let (runner, writer) = Writer::new(Arc::clone(&store), clock.clone(), settings, counted.clone(), received);
        // It ends with the last sender of events.
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            runtime.block_on(runner.run()).unwrap();
        });
        let config = watch::Sender::new(Arc::new(status("services: []\n")));
        let readiness = watch::Sender::new(Readiness::Ready);
        let targets = watch::Sender::new(Arc::new(Vec::new()));
        let (reload, reloads) = mpsc::channel(1);
        let quit = CancellationToken::new();
        let backups = Monitor::register(&mut registry);
        let registry = Arc::new(registry);
        let state = AppState {
            store,
            search,
            backups,
            writer,
            door: Arc::new(door),
            checks: Checks::default(),
            clock: clock.clone(),
            config: config.subscribe(),
            targets: targets.subscribe(),
            escalations: watch::channel(Arc::default()).1,
            reload,
            quit: quit.clone(),
            readiness: readiness.subscribe(),
            registry: Arc::clone(&registry),
            metrics,
            ingest: counted,
            errors: Arc::new(OwnErrors::new(clock.clone())),
            flags: Flags { data_path: "data".to_owned(), ..setup.flags },
            build: Build { version: "1.2.3", revision: "abc" },
            started: START,
            reads: reads(),
        };
        let listener = TcpListener::bind(if setup.is_public { "0.0.0.0:0" } else { "127.0.0.1:0" }).await.unwrap();
        let address = format!("127.0.0.1:{}", listener.local_addr().unwrap().port());
        let mut tasks = JoinSet::new();
        tasks.spawn(api::Server::new(Arc::new(state), setup.limits).serve(listener, CancellationToken::new()));
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self {
            clock,
            readiness,
            quit,
            reloads,
            address,
            client,
            targets,
            config,
            events,
            registry,
            tasks,
            following,
            directory,
        }
    }

    /// Stops it; what is left is a directory with the data directory `data`.
    pub(crate) async fn stop(self) -> TempDir {
        let Self { mut tasks, directory, events, following, .. } = self;
        drop(events);
        following.stop();
        tasks.shutdown().await;
        while DirectoryLock::acquire(&directory.path().join("data")).is_err() {
            tokio::task::yield_now().await;
        }
        directory
    }

    /// The data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// Our own metrics, as they are scraped.
    pub(crate) fn metrics(&self) -> String {
        telemetry::encode(&self.registry).unwrap()
    }

    /// Host and port.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Loads this configuration.
    pub(crate) fn configure(&self, yaml: &str) {
        self.config.send_replace(Arc::new(status(yaml)));
    }

    /// What discovery lists from now on.
    pub(crate) fn discover(&self, targets: &[Arc<Target>]) {
        let mut services: Vec<ServiceTargets> = Vec::new();
        for target in targets {
            match services.iter_mut().find(|found| found.service == target.service) {
                Some(found) => found.active.push(Arc::clone(target)),
                None => services.push(ServiceTargets {
                    service: target.service.clone(),
                    active: vec![Arc::clone(target)],
                    ..ServiceTargets::default()
                }),
            }
        }
        self.targets.send_replace(Arc::new(services.into_iter().map(Arc::new).collect()));
    }

    /// A scrape of `target` now, in which its process exposed these counts.
    pub(crate) fn scrape(&self, target: &Arc<Target>, counts: &[ExposedAggregate]) {
        let exposition = Exposition {
            target_uuid: Some(format!("process-of-{}", target.address)),
            aggregates: counts.to_vec(),
            ..Exposition::default()
        };
        self.apply(target, Ok(exposition));
    }

    /// A scrape of `target` now that failed.
    pub(crate) fn scrape_fails(&self, target: &Arc<Target>) {
        let failure = Failure { kind: FailureKind::Connect, message: "connection refused".to_owned() };
        self.apply(target, Err(failure));
    }

    fn apply(&self, target: &Arc<Target>, outcome: Result<Exposition, Failure>) {
        let scrape =
            Scrape { target: Arc::clone(target), at: self.clock.now(), duration: Millis(12), body_bytes: 345, outcome };
        let before = self.commits();
        self.events.try_send(Event::Scraped(scrape)).unwrap();
        while self.commits() == before {
            std::thread::yield_now();
        }
    }

    /// How many batches the writer has committed.
    fn commits(&self) -> u64 {
        let metrics = telemetry::encode(&self.registry).unwrap();
        let line = metrics.lines().find_map(|line| line.strip_prefix("hydrophone_ingest_commits_total ")).unwrap();
        line.parse().unwrap()
    }

    /// Asks for JSON.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.get_as(path, "application/json").await
    }

    /// Sends JSON, as a person of this name.
    pub(crate) async fn send(&self, method: &str, path: &str, who: &str, body: &serde_json::Value) -> Answer {
        self.send_with(method, path, &[("x-hydrophone-user", who)], body).await
    }

    /// Sends JSON with these headers.
    pub(crate) async fn send_with(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &serde_json::Value,
    ) -> Answer {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = self.client.request(method, format!("http://{}{path}", self.address)).body(body.to_string());
        let says_what = headers.iter().any(|(name, _)| *name == "content-type");
        let mut request = if says_what { request } else { request.header("content-type", "application/json") };
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::of(request.send().await.unwrap()).await
    }

    /// Asks for another form.
    pub(crate) async fn get_as(&self, path: &str, accept: &str) -> Answer {
        let request = self.client.get(format!("http://{}{path}", self.address)).header("accept", accept);
        Answer::of(request.send().await.unwrap()).await
    }
}

/// Nothing is forgotten within a month.
fn settings() -> Settings {
    let month = Millis::from_seconds(30 * 86_400);
    let retention = Retention {
        time: month,
        rollups: month,
        targets: month,
        occurrences: month,
        activity: month,
        instances: month,
    };
    Settings::unlimited(retention)
}

/// A target of `service` at `address` with this `version`.
pub(crate) fn target(service: &str, address: &str, version: &str) -> Arc<Target> {
    Arc::new(Target {
        service: service.to_owned(),
        labels: Labels::from_pairs([("instance", address), ("version", version)]),
        discovered_labels: Labels::from_pairs([("__address__", address)]),
        address: address.to_owned(),
        url: format!("http://{address}/-/exceptions"),
        scrape_interval: INTERVAL,
        scrape_timeout: Millis::from_seconds(10),
    })
}

/// An aggregate as a process exposes it, with one sample taken at `at`.
pub(crate) fn exposed(key: &str, total_count: u64, at: Timestamp) -> ExposedAggregate {
    let class = key.split('@').next().unwrap().to_owned();
    let stack = Some(Arc::new(Stack { frames: vec![format!("at {class}.go(Main.java:7)")] }));
    ExposedAggregate {
        key: key.to_owned(),
        total_count,
        severity: Severity::Error,
        created_at: Some(at),
        occurrences: Some(vec![Occurrence {
            uuid: format!("{key}-{total_count}"),
            timestamp: Some(at),
            severity: Severity::Error,
            exception: Exception { class, message: "it, \"went\" wrong".to_owned(), stack, causes: Vec::new() },
            http: Some(HttpContext {
                method: "GET".to_owned(),
                url: "http://shop/pay?x=1".to_owned(),
                headers: Some(vec![("accept".to_owned(), "a".to_owned()), ("accept".to_owned(), "b".to_owned())]),
                body: None,
            }),
        }]),
        ..ExposedAggregate::default()
    }
}

fn status(yaml: &str) -> ConfigStatus {
    ConfigStatus {
        config: Arc::new(config::parse(yaml, "hydrophone.yml").unwrap()),
        file: "hydrophone.yml".to_owned(),
        yaml: yaml.to_owned(),
        loaded_at: START,
        reload_error: None,
    }
}
