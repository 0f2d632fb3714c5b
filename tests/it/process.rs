//! The real binary as a child process: started on a free port, asked over HTTP, killed or told to stop.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hydrophone::clock::{Clock, Stopwatch};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::watch;

/// How often something is looked at again that takes a while.
pub(crate) const AGAIN: Duration = Duration::from_millis(20);

/// A directory with a configuration file and a data directory.
pub(crate) struct Place {
    directory: TempDir,
}

/// A running server.
pub(crate) struct Process {
    child: Child,
    /// What it has logged so far.
    log: Arc<Mutex<String>>,
    /// Where it listens, once it does.
    url: watch::Receiver<Option<String>>,
    client: reqwest::Client,
}

impl Place {
    /// A place with this configuration.
    pub(crate) fn new(config: &str) -> Self {
        let place = Self { directory: tempfile::tempdir().unwrap() };
        place.configure(config);
        place
    }

    /// Replaces the configuration file.
    pub(crate) fn configure(&self, config: &str) {
        hydrophone::fs::rewrite_atomic(&self.config(), config.as_bytes()).unwrap();
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.directory.path().join("hydrophone.yaml")
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The command that serves this place on a free port.
    pub(crate) fn command(&self) -> Command {
        let mut command = hydrophone();
        command.arg(format!("--config.file={}", self.config().display()));
        command.arg(format!("--storage.path={}", self.data().display()));
        command.arg("--web.listen-address=127.0.0.1:0");
        command
    }

    /// Starts a server here.
    pub(crate) fn start(&self) -> Process {
        Process::start(self.command())
    }
}

/// The binary, with nothing of our own environment that it would read.
pub(crate) fn hydrophone() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hydrophone"));
    command.env_remove("PORT").env_remove("CONFIG_FILE").env_remove("RUST_LOG").env("NO_COLOR", "1");
    command
}

/// Runs a command to its end.
pub(crate) fn run(mut command: Command) -> Output {
    command.stdin(Stdio::null()).output().unwrap()
}

/// The same command, whose files may not grow beyond so many blocks of 512 bytes, as on a disk without room.
pub(crate) fn limited(command: &Command, blocks: u64) -> Command {
    let mut limited = Command::new("sh");
    limited.arg("-c").arg(format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\""));
    limited.arg(command.get_program()).args(command.get_args());
    limited
}

/// The exit code of a command whose standard output has no room, and what it complains about.
#[cfg(target_os = "linux")]
pub(crate) fn unprinted(command: &mut Command) -> (Option<i32>, String) {
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let ended = command.stdin(Stdio::null()).stdout(full).stderr(Stdio::piped()).spawn().unwrap();
    let Output { status, stderr, .. } = ended.wait_with_output().unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

impl Process {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (found, url) = watch::channel(None);
        let lines = BufReader::new(child.stderr.take().unwrap());
        let written = Arc::clone(&log);
        // It ends with the child, which closes the pipe.
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                if let Some((_, url)) = line.split_once("listening").and_then(|(_, fields)| fields.split_once("url=")) {
                    found.send_replace(url.split_whitespace().next().map(|url| url.trim_matches('"').to_owned()));
                }
                let mut log = written.lock().unwrap_or_else(PoisonError::into_inner);
                log.push_str(&line);
                log.push('\n');
            }
        });
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(20)).build().unwrap();
        Self { child, log, url, client }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn log(&self) -> MutexGuard<'_, String> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its address as `http://host:port`, as soon as it listens.
    pub(crate) async fn url(&self) -> String {
        let mut url = self.url.clone();
        let listening = tokio::time::timeout(Duration::from_secs(30), url.wait_for(Option::is_some)).await;
        match listening {
            Ok(Ok(url)) => url.clone().unwrap(),
            _ => panic!("it does not listen:\n{}", self.log()),
        }
    }

    /// What it is known to listen at by now.
    pub(crate) fn url_now(&self) -> watch::Receiver<Option<String>> {
        self.url.clone()
    }

    /// Sends a request and gives status and body.
    pub(crate) async fn send(&self, method: reqwest::Method, path: &str) -> (u16, String) {
        let url = format!("{}{path}", self.url().await);
        let response = self.client.request(method, url).send().await.unwrap_or_else(|error| {
            panic!("{path}: {error}\n{}", self.log());
        });
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// Waits until it is ready, which it is a moment after it listens.
    pub(crate) async fn ready(&self) {
        let watch = Clock::system().stopwatch();
        while self.send(reqwest::Method::GET, "/-/ready").await.0 != 200 {
            assert!(watch.seconds() < 30.0, "it is not ready:\n{}", self.log());
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// The JSON at `path`, which must be there.
    pub(crate) async fn json(&self, path: &str) -> Value {
        let (status, body) = self.send(reqwest::Method::GET, path).await;
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).unwrap()
    }

    /// Asks for `path` until the answer is as wanted.
    pub(crate) async fn until(&self, path: &str, seconds: u64, wanted: impl Fn(&Value) -> bool) -> Value {
        let watch = Clock::system().stopwatch();
        loop {
            let answer = self.json(path).await;
            if wanted(&answer) {
                return answer;
            }
            assert!(watch.seconds() < seconds as f64, "{path} is still {answer}\n{}", self.log());
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Whether it has ended by itself, and how.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Ends it at once, as the kernel does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.pid().to_string()).status().unwrap();
        assert!(status.success());
    }

    /// Waits until it has ended; how, and after how long.
    pub(crate) async fn wait(&mut self, seconds: u64) -> (ExitStatus, f64) {
        let watch: Stopwatch = Clock::system().stopwatch();
        loop {
            if let Some(status) = self.ended() {
                return (status, watch.seconds());
            }
            assert!(watch.seconds() < seconds as f64, "it has not ended:\n{}", self.log());
            tokio::time::sleep(AGAIN).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
