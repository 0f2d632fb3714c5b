//! The configuration file: strict YAML, read whole or not at all.
//!
//! One section per file: [`service`] and [`scrape`] for what is scraped and how, [`mechanism`] and [`relabel`] for how
//! targets are found, [`http`] for how a request is made, [`storage`] for how long things are kept, [`triage`] and
//! [`label_rule`] for what becomes of errors by itself, [`redaction`] for what is hidden, [`backup`] for what is copied,
//! [`web`] for who may do what.
//! [`render`] writes a running configuration out. [`door`] is a file of its own, that of `--web.config.file`.
//! docs/configuration.md lists every key.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub mod backup;
pub mod door;
pub mod http;
pub mod key_rule;
pub mod label_rule;
pub mod mechanism;
pub mod pattern;
mod reader;
pub mod redaction;
pub mod relabel;
pub mod render;
pub mod scrape;
pub mod secret;
pub mod service;
pub mod storage;
mod tree;
pub mod triage;
pub mod web;

pub use backup::Backup;
pub use http::{Authorization, BasicAuth, HttpClient, Tls, TlsVersion};
pub use key_rule::{KeyPart, KeyRule};
pub use label_rule::LabelRule;
pub use mechanism::{DnsDiscovery, DnsRecord, FileDiscovery, HttpDiscovery, Mechanism, TargetGroup};
pub use pattern::Pattern;
pub use reader::parse_size;
pub use redaction::Redaction;
pub use relabel::{Relabel, RelabelAction};
pub use scrape::{Limits, Scheme, ScrapeSettings};
pub use secret::{Secret, SecretSource};
pub use service::Service;
pub use storage::{Retention, Storage};
pub use triage::Triage;
pub use web::Web;

use self::reader::{Field, Source};
use crate::model::label::Labels;
use crate::model::time::Millis;

/// A whole configuration. Equal configurations behave equally, so that a reload can tell what changed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Config {
    /// What counts for all services.
    pub global: Global,
    /// The services, in the order of the file, each name once. None is fine: the server then only answers questions.
    pub services: Vec<Arc<Service>>,
    /// How long things are kept.
    pub storage: Storage,
    /// What becomes of errors by itself.
    pub triage: Triage,
    /// Labels that errors are given, in the order of the file: of rules that give the same label the last one counts.
    pub label_rules: Vec<LabelRule>,
    /// What is hidden before anything is stored.
    pub redaction: Redaction,
    /// When backups are made, and where they go; `None` is never.
    pub backup: Option<Backup>,
    /// Who may do what.
    pub web: Web,
    /// What was accepted but should be looked at: sentences that begin with `FILE:LINE:COLUMN: `.
    pub warnings: Vec<String>,
}

/// Defaults of all services.
#[derive(Debug, Clone, PartialEq)]
pub struct Global {
    /// Time from one scrape of a target to the next, 15s by default: fine enough to see an error start, and the interval
    /// that most
    /// Prometheus servers run with.
    pub scrape_interval: Millis,
    /// Time after which a scrape is given up, 10s by default, but never more than the interval.
    pub scrape_timeout: Millis,
    /// Labels that tell this server from others towards the outside. They are not put on targets.
    pub external_labels: Labels,
    /// Limits of services that do not say their own.
    pub limits: Limits,
}

impl Default for Global {
    fn default() -> Self {
        Self {
            scrape_interval: Millis::from_seconds(15),
            scrape_timeout: Millis::from_seconds(10),
            external_labels: Labels::default(),
            limits: Limits::default(),
        }
    }
}

/// Why a configuration can not be used: `FILE:LINE:COLUMN: KEY: what`, or `FILE: what` where there is no line to name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// The file, as it was named.
    pub file: String,
    /// Line from 1; 0 where the whole file is meant.
    pub line: u64,
    /// Column from 1, in characters; 0 where the whole file is meant.
    pub column: u64,
    /// The way to the key, `services[0].scraper.endpoint`; empty for the whole file or where it is no YAML.
    pub path: String,
    /// What is wrong: lower case, no full stop.
    pub what: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        if !self.path.is_empty() {
            write!(f, ": {}", self.path)?;
        }
        write!(f, ": {}", self.what)
    }
}

impl std::error::Error for Error {}

/// A configuration file of more bytes is not read: ten times what ten thousand services with long rules need.
const FILE_BYTES_MAX: u64 = 32 << 20;

/// Reads the file at `path`. Every file that it names for a password or certificate must be readable too.
///
/// # Errors
/// The first thing that is wrong, with its place.
pub fn load(path: &Path) -> Result<Config, Error> {
    load_file(path, read)
}

/// Files that a configuration names and that must be readable, each with the error for the case that it is not.
type Named = Vec<(PathBuf, Error)>;

/// Reads the file at `path` with `read`, and looks whether the files that it names can be read.
fn load_file<T>(path: &Path, read: impl FnOnce(&str, &Source<'_>) -> Result<T, Error>) -> Result<T, Error> {
    let (config, named) = read_file(path, read)?;
    look_for(named)?;
    Ok(config)
}

/// Reads the file at `path` with `read`. Whether the files that it names can be read is the caller's to find out.
fn read_file<T>(path: &Path, read: impl FnOnce(&str, &Source<'_>) -> Result<T, Error>) -> Result<(T, Named), Error> {
    let name = path.display().to_string();
    let error = |what: String| Error { file: name.clone(), line: 0, column: 0, path: String::new(), what };
    let size = std::fs::metadata(path).map_err(|source| error(format!("can not be read: {source}")))?.len();
    if size > FILE_BYTES_MAX {
        return Err(error(format!("has {size} bytes, more than the {FILE_BYTES_MAX} that are read")));
    }
    let bytes = std::fs::read(path).map_err(|source| error(format!("can not be read: {source}")))?;
    let text = String::from_utf8(bytes).map_err(|source| {
        let at = source.utf8_error().valid_up_to();
        let line = source.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1;
        error(format!("line {line} is not UTF-8"))
    })?;
    let source = Source::new(&name);
    let config = read(&text, &source)?;
    Ok((config, source.files.into_inner()))
}

fn look_for(named: Named) -> Result<(), Error> {
    for (path, mut problem) in named {
        if let Err(cause) = std::fs::File::open(&path) {
            let path = secret::hide_login_in_name(&path.display().to_string());
            problem.what = format!("file {path} can not be read: {cause}");
            return Err(problem);
        }
    }
    Ok(())
}

/// Reads a configuration from `text`. `file_name` stands in messages, and relative paths are relative to its directory. Opens
/// no file; does not panic whatever the text is.
///
/// # Errors
/// The first thing that is wrong, with its place.
pub fn parse(text: &str, file_name: &str) -> Result<Config, Error> {
    read(text, &Source::new(file_name))
}

/// Reads a list of target groups in YAML, which a file of `file_sd_configs` holds. Addresses are judged when they have
/// been relabelled, so that one wrong address does not cost the others.
///
/// # Errors
/// The first thing that is wrong, with its place.
pub fn parse_target_groups(text: &str, file_name: &str) -> Result<Vec<TargetGroup>, Error> {
    let source = Source::new(file_name);
    let node = tree::parse(text).map_err(|problem| source.error(problem.place, "", problem.what))?;
    mechanism::read_groups(&Field::root(&source, &node), mechanism::read_any_address)
}

fn read(text: &str, source: &Source<'_>) -> Result<Config, Error> {
    let node = tree::parse(text).map_err(|problem| source.error(problem.place, "", problem.what))?;
    let root = Field::root(source, &node);
    let section = root.section(&[&[
        "global",
        "services",
        "storage",
        "triage",
        "label_rules",
        "redaction",
        "backup",
        "web",
        "repository",
    ]])?;
    let global = section.read("global", Global::default(), read_global)?;
    if let Some(repository) = section.get("repository") {
        // Periskop's file may say where Periskop keeps its errors; everything of ours is in one directory.
        repository.section(&[&["type", "path", "dsn"]])?;
        repository.warn("is not used: everything is kept in the data directory, --storage.path");
    }
    let services = section.read("services", Vec::new(), |field| service::read(field, &global))?;
    let storage = section.read("storage", Storage::default(), storage::read)?;
    let triage = section.read("triage", Triage::default(), triage::read)?;
    let label_rules = section.read("label_rules", Vec::new(), label_rule::read)?;
    let redaction = section.read("redaction", Redaction::default(), redaction::read)?;
    let backup = section.read("backup", None, |field| backup::read(field).map(Some))?;
    let web = section.read("web", Web::default(), web::read)?;
    let warnings = source.warnings.take();
    Ok(Config { global, services, storage, triage, label_rules, redaction, backup, web, warnings })
}

fn read_global(field: &Field<'_>) -> Result<Global, Error> {
    let section = field.section(&[&["scrape_interval", "scrape_timeout", "external_labels"], scrape::LIMIT_KEYS])?;
    let default = Global::default();
    let scrape_interval = section.read("scrape_interval", default.scrape_interval, Field::duration)?;
    Ok(Global {
        scrape_interval,
        scrape_timeout: scrape::read_timeout(&section, scrape_interval, default.scrape_timeout)?,
        external_labels: section.read("external_labels", default.external_labels, Field::labels)?,
        limits: scrape::read_limits(&section, &default.limits)?,
    })
}

#[cfg(test)]
mod tests;
