//! The command line: flags in Prometheus's names, and what each command does.

mod backup;
mod check;
mod keys;
mod output;
mod plot;
mod redaction;
mod remote;
mod token;
mod transfer;
mod verify;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use anyhow::{Result, bail};
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use url::Url;

use crate::api::state::{Build, Flags};
use crate::api::{Limits, OwnErrors};
use crate::app;
use crate::clock::Clock;
use crate::model::time::Millis;
use crate::telemetry::{self, LogFormat};

/// Threads for work that blocks: sixteen reads, backups, what looks after sizes, and files. Each keeps memory that it once had.
const BLOCKING_THREADS_MAX: usize = 64;

/// Prometheus for exceptions, with a memory.
///
/// Scrapes the exceptions that services aggregate and expose in Periskop's JSON schema, keeps exact counts over time in one
/// data directory, and serves charts, search and labels over them.
#[derive(Debug, Parser)]
#[command(name = "hydrophone", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// `hydrophone --config.file=…` without a command serves, as Prometheus does.
    #[command(flatten)]
    serve: ServeFlags,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Scrape the configured services, keep their history and serve it.
    ///
    /// Signals: SIGHUP reloads the configuration file (a bad file keeps the running one), SIGTERM and SIGINT commit what was
    /// scraped and stop. Exit code 1 when it could not start or a commit failed.
    Serve(ServeFlags),
    /// Try it: a simulated fleet with a month of history, scraped and served for real.
    ///
    /// A dozen services run in this process over HTTP on loopback: deploys, crashes, spikes, a bad release, a dead target.
    Demo(DemoFlags),
    /// Draw errors over time and write the picture to a file.
    ///
    /// Asks a running server, or reads a data directory that no server uses. Exit code 1 when there is no picture.
    #[command(after_help = plot::EXAMPLES)]
    Plot(Box<plot::PlotFlags>),
    /// Check files before they are used.
    #[command(subcommand)]
    Check(check::Check),
    /// Bring history in: counters from Prometheus, or what `hydrophone export` wrote.
    ///
    /// Works on the data directory while no server does. It may be interrupted at any time and goes on when it is run again; what
    /// was imported once is not imported again. Exit code 1 when it stopped before the end.
    #[command(subcommand)]
    Import(transfer::Import),
    /// Take everything out, as JSON lines that `hydrophone import deltas` reads.
    Export(transfer::ExportFlags),
    /// Copy everything, while the server runs or of a data directory at rest, to a file or a directory of backups.
    ///
    /// Exit code 1 when the backup could not be made whole; a file has its name only when it is.
    #[command(after_help = backup::EXAMPLES)]
    Backup(backup::BackupFlags),
    /// Make a data directory from a backup.
    ///
    /// Everything is read and checked before anything that is there is replaced. Exit code 1 when it was not restored.
    #[command(after_help = backup::RESTORE_EXAMPLES)]
    Restore(backup::RestoreFlags),
    /// Look through everything: every checksum, every row, and that what is told twice is told alike.
    ///
    /// Says exactly what is wrong, a line each. Exit code 1 when anything is.
    #[command(after_help = verify::EXAMPLES)]
    Verify(verify::VerifyFlags),
    /// Make, list and revoke API tokens, which programs show as `Authorization: Bearer`.
    ///
    /// Works on a file of the data directory, whether or not a server is running; a running server takes notice at once.
    #[command(subcommand)]
    Token(token::Token),
    /// Print the version.
    Version,
}

#[derive(Debug, Args)]
struct ServeFlags {
    /// The configuration file.
    #[arg(long = "config.file", env = "CONFIG_FILE", default_value = "hydrophone.yaml", value_name = "FILE")]
    config_file: PathBuf,
    /// The data directory. One server at a time uses it.
    #[arg(long = "storage.path", default_value = "data", value_name = "DIR")]
    storage_path: PathBuf,
    #[command(flatten)]
    web: WebFlags,
    #[command(flatten)]
    log: LogFlags,
}

#[derive(Debug, Args)]
struct DemoFlags {
    /// The data directory of the demo; by default one that is removed when the demo ends.
    #[arg(long = "storage.path", value_name = "DIR")]
    storage_path: Option<PathBuf>,
    /// Another number is another fleet.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    web: WebFlags,
    #[command(flatten)]
    log: LogFlags,
}

#[derive(Debug, Args)]
struct WebFlags {
    /// Where to listen; may be given more than once. Default 0.0.0.0:7777, or the port that the environment variable
    /// PORT names.
    #[arg(long = "web.listen-address", value_name = "HOST:PORT")]
    listen_address: Vec<String>,
    /// The URL under which people reach the server, where a proxy stands before it. Its path becomes the prefix of all
    /// paths.
    #[arg(long = "web.external-url", value_name = "URL", default_value = "", value_parser = external_url)]
    external_url: String,
    /// The prefix of the paths of requests as they arrive here; by default the path of --web.external-url. `/` behind a
    /// proxy that takes that path away.
    #[arg(long = "web.route-prefix", value_name = "PATH", value_parser = route_prefix)]
    route_prefix: Option<String>,
    /// TLS, HTTP headers and passwords, in the words of Prometheus's exporter toolkit. Read again when it changes.
    #[arg(long = "web.config.file", value_name = "FILE")]
    web_config_file: Option<PathBuf>,
    /// Connections at one time. When all are taken, the one that has kept us waiting longest gives way to a new one.
    #[arg(long = "web.max-connections", value_name = "N", default_value_t = 512, value_parser = connections)]
    max_connections: usize,
    /// How long a request's head may take to arrive, and how long a connection may be idle.
    #[arg(long = "web.read-timeout", value_name = "DURATION", default_value = "1m", value_parser = positive)]
    read_timeout: Millis,
    /// Answer /-/reload and /-/quit.
    #[arg(long = "web.enable-lifecycle")]
    enable_lifecycle: bool,
    /// Answer /api/v1/admin.
    #[arg(long = "web.enable-admin-api")]
    enable_admin_api: bool,
}

#[derive(Debug, Args)]
struct LogFlags {
    /// The least that is logged.
    #[arg(long = "log.level", value_enum, default_value_t = Level::Info)]
    level: Level,
    /// How it is logged, to standard error.
    #[arg(long = "log.format", value_enum, default_value_t = Format::Logfmt)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Level {
    Debug,
    Info,
    Warn,
    Error,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Logfmt,
    Json,
}

/// Runs the command that the process's arguments name.
#[must_use]
pub fn main() -> ExitCode {
    crate::quiet::hush_survived_panics();
    let cli = parse().unwrap_or_else(|error| error.exit());
    let code = match run(cli) {
        Ok(code) => code,
        Err(error) => {
            complain(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    };
    match UNPRINTED.get() {
        Some(error) => {
            complain(&format!("can not write to the standard output: {error}"));
            ExitCode::FAILURE
        }
        None => code,
    }
}

/// Reads the process's arguments.
///
/// Without a command the server's flags stand alone, so clap takes them before a command, too, where nobody looks at them: a command on
/// another directory than the one that was named, or a server without the TLS that was asked for, has to be refused.
fn parse() -> Result<Cli, clap::Error> {
    let mut command = Cli::command();
    let matches = command.try_get_matches_from_mut(std::env::args_os())?;
    if let Some((name, _)) = matches.subcommand() {
        let is_given = |arg: &&clap::Arg| matches.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine);
        let lost = command.get_arguments().find(is_given).and_then(clap::Arg::get_long);
        if let Some(flag) = lost {
            let words = format!(
                "--{flag} stands before `{name}`, where it counts for nothing: a command's flags stand behind it"
            );
            return Err(command.error(ErrorKind::ArgumentConflict, words));
        }
    }
    Cli::from_arg_matches(&matches)
}

fn run(cli: Cli) -> Result<ExitCode> {
    match cli.command.unwrap_or(Command::Serve(cli.serve)) {
        Command::Serve(flags) => {
            look_for(&flags.config_file)?;
            let options = app::Options {
                config_file: flags.config_file,
                flags: web_flags(&flags.web, &flags.storage_path),
                storage_path: flags.storage_path,
                listen: listen(&flags.web)?,
                limits: limits(&flags.web),
                web_config_file: flags.web.web_config_file,
            };
            server(&flags.log, |clock, errors| app::serve(options, clock, errors))
        }
        Command::Demo(flags) => {
            let temporary = flags.storage_path.is_none();
            let path = flags
                .storage_path
                .unwrap_or_else(|| std::env::temp_dir().join(format!("hydrophone-demo-{}", std::process::id())));
            let options = app::Options {
                config_file: PathBuf::new(),
                flags: web_flags(&flags.web, &path),
                storage_path: path.clone(),
                listen: listen(&flags.web)?,
                limits: limits(&flags.web),
                web_config_file: flags.web.web_config_file,
            };
            let seed = flags.seed;
            let outcome = server(&flags.log, |clock, errors| app::demo(options, seed, clock, errors));
            if temporary {
                // What can not be removed is left to the system, which cleans its temporary directory.
                let _ = std::fs::remove_dir_all(&path);
            }
            outcome
        }
        Command::Plot(flags) => plot::plot(&flags).map(|()| ExitCode::SUCCESS),
        Command::Check(command) => check::check(command),
        Command::Import(command) => transfer::import(command),
        Command::Export(flags) => transfer::export(&flags),
        Command::Backup(flags) => backup::make(&flags),
        Command::Restore(flags) => backup::restore(&flags),
        Command::Verify(flags) => verify::verify(&flags),
        Command::Token(command) => token::token(command).map(|()| ExitCode::SUCCESS),
        Command::Version => {
            let build = Build::default();
            print(&format!("hydrophone {} (revision {})", build.version, build.revision));
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Runs a server on a runtime of its own, with logging.
fn server<F: Future<Output = Result<()>>>(
    log: &LogFlags,
    serve: impl FnOnce(Clock, Arc<OwnErrors>) -> F,
) -> Result<ExitCode> {
    let clock = Clock::system();
    let errors = Arc::new(OwnErrors::new(clock.clone()));
    let level = match log.level {
        Level::Debug => "debug",
        Level::Info => "info",
        Level::Warn => "warn",
        Level::Error => "error",
    };
    let format = match log.format {
        Format::Logfmt => LogFormat::Logfmt,
        Format::Json => LogFormat::Json,
    };
    telemetry::init_logging(level, format, errors.layer());
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.enable_all().max_blocking_threads(BLOCKING_THREADS_MAX).build()?;
    runtime.block_on(serve(clock, errors))?;
    Ok(ExitCode::SUCCESS)
}

fn web_flags(web: &WebFlags, storage_path: &std::path::Path) -> Flags {
    Flags {
        enable_lifecycle: web.enable_lifecycle,
        enable_admin_api: web.enable_admin_api,
        external_url: web.external_url.trim_end_matches('/').to_owned(),
        route_prefix: web.route_prefix.clone(),
        data_path: storage_path.display().to_string(),
    }
}

/// Whoever starts it for the first time has no configuration yet: they are told what there is to do.
fn look_for(config_file: &Path) -> Result<()> {
    match std::fs::metadata(config_file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => bail!(
            "{}: there is no such file. Name the configuration with --config.file=FILE; an empty file will do to begin with, and the \
             pages then say what belongs into it. `hydrophone demo` shows a simulated fleet and needs none",
            config_file.display()
        ),
        _ => Ok(()),
    }
}

/// With a host, or a path alone: where people are sent, and what requests are compared with.
fn external_url(text: &str) -> Result<String, String> {
    let is_whole = Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if text.is_empty() || is_whole || (text.starts_with('/') && !text.starts_with("//")) {
        return Ok(text.to_owned());
    }
    Err("is no URL such as https://example.org/hydrophone".to_owned())
}

/// A slash in front, as Prometheus does; what routes would take for a pattern is refused.
fn route_prefix(text: &str) -> Result<String, String> {
    if text.contains(['{', '}', '*', '?', '#', ':']) || text.contains("//") {
        return Err("is not a path".to_owned());
    }
    Ok(format!("/{}", text.trim_matches('/')))
}

fn limits(web: &WebFlags) -> Limits {
    let read_time_max = web.read_timeout.as_duration();
    Limits { connections_max: web.max_connections, read_time_max, ..Limits::default() }
}

fn listen(web: &WebFlags) -> Result<Vec<String>> {
    if !web.listen_address.is_empty() {
        return Ok(web.listen_address.clone());
    }
    match std::env::var("PORT").ok().filter(|port| !port.is_empty()) {
        None => Ok(vec!["0.0.0.0:7777".to_owned()]),
        Some(port) => match port.parse::<u16>() {
            Ok(port) => Ok(vec![format!("0.0.0.0:{port}")]),
            Err(_) => bail!("environment variable PORT: {port:?} is not a port"),
        },
    }
}

fn duration(text: &str) -> Result<Millis, String> {
    Millis::parse(text).ok_or_else(|| format!("{text:?} is not a duration like 30s or 1m30s"))
}

/// A request to a server that asks who it is: an API token from the environment, where it stands in no list of processes.
/// A name and a password may stand in the URL.
fn authorized(request: reqwest::RequestBuilder) -> Result<reqwest::RequestBuilder> {
    let token = std::env::var("HYDROPHONE_TOKEN").unwrap_or_default();
    // What a file or a command gave often ends in a line feed.
    match token.trim() {
        "" => Ok(request),
        token if token.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(request.bearer_auth(token)),
        _ => {
            bail!("environment variable HYDROPHONE_TOKEN: is no token: there are spaces, line feeds or the like in it")
        }
    }
}

fn positive(text: &str) -> Result<Millis, String> {
    duration(text).and_then(|length| if length > Millis(0) { Ok(length) } else { Err("must be above 0s".to_owned()) })
}

fn connections(text: &str) -> Result<usize, String> {
    // More than a process may have open files is no number of connections.
    let max = 1_000_000;
    match text.parse() {
        Ok(number) if (1..=max).contains(&number) => Ok(number),
        _ => Err(format!("{text:?} is no number from 1 to {max}")),
    }
}

/// Why something could not be printed: what was asked for is not there then, and whoever asked should not be told that it is.
static UNPRINTED: OnceLock<io::Error> = OnceLock::new();

fn print(text: &str) {
    match writeln!(io::stdout(), "{text}") {
        // Whoever reads only the beginning does not keep the rest from being done.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => drop(UNPRINTED.set(error)),
        _ => {}
    }
}

fn complain(text: &str) {
    eprintln!("hydrophone: {text}");
}
