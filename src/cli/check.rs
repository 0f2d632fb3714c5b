//! `hydrophone check`: what the server would make of files, before they are used.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Subcommand;

use super::{complain, duration, keys, print, redaction};
use crate::clock::Clock;
use crate::model::time::Millis;
use crate::{app, discovery, door};

#[derive(Debug, Subcommand)]
pub(super) enum Check {
    /// Read configuration files as the server would. Exit code 1 when one is not valid.
    Config {
        /// The files.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Show what `key_rules` make of the aggregation keys of expositions, and which rule would help.
    Keys {
        /// The configuration file; without it there are no rules.
        #[arg(long = "config.file", value_name = "FILE")]
        config_file: Option<PathBuf>,
        /// The service whose rules are meant; without it those of `global`.
        #[arg(long, value_name = "SERVICE")]
        service: Option<String>,
        /// The expositions: the JSON that clients answer with; `-` is the standard input.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Read files of --web.config.file as the server would, certificates included. Exit code 1 when one is not valid.
    WebConfig {
        /// The files.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Show what would be stored of an exposition: the JSON that a client answers with, its secrets hidden.
    ///
    /// What is hidden is listed on standard error, place by place.
    Redaction {
        /// The configuration file; without it what is hidden by default.
        #[arg(long = "config.file", value_name = "FILE")]
        config_file: Option<PathBuf>,
        /// The exposition; `-` is the standard input.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Look for the targets of a service and print them after relabelling, as JSON.
    ServiceDiscovery {
        /// The configuration file.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The service.
        #[arg(value_name = "SERVICE")]
        service: String,
        /// How long to look.
        #[arg(long, default_value = "30s", value_parser = duration)]
        timeout: Millis,
    },
}

/// Does what the command says.
///
/// # Errors
/// When a file can not be read at all.
pub(super) fn check(command: Check) -> Result<ExitCode> {
    match command {
        Check::Config { files } => Ok(config(&files)),
        Check::Keys { config_file, service, files } => keys::check(config_file.as_deref(), service.as_deref(), &files),
        Check::WebConfig { files } => Ok(web_config(&files)),
        Check::Redaction { config_file, file } => redaction::check(config_file.as_deref(), &file),
        Check::ServiceDiscovery { file, service, timeout } => service_discovery(&file, &service, timeout),
    }
}

fn config(files: &[PathBuf]) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for file in files {
        match app::load(file) {
            Ok(config) => {
                for warning in &config.warnings {
                    print(&format!("  WARNING: {warning}"));
                }
                let services = config.services.len();
                print(&format!(" SUCCESS: {} is a valid configuration file, {services} services", file.display()));
            }
            Err(error) => {
                complain(&error.to_string());
                code = ExitCode::FAILURE;
            }
        }
    }
    code
}

fn web_config(files: &[PathBuf]) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for file in files {
        match door::Current::load(file) {
            Ok(current) => {
                for warning in &current.config.warnings {
                    print(&format!("  WARNING: {warning}"));
                }
                // promtool's words.
                print(&format!("{} SUCCESS", file.display()));
            }
            Err(error) => {
                complain(&error.to_string());
                code = ExitCode::FAILURE;
            }
        }
    }
    code
}

fn service_discovery(file: &Path, service: &str, timeout: Millis) -> Result<ExitCode> {
    let config = app::load(file)?;
    let Some(service) = config.services.iter().find(|known| known.name == service) else {
        let known: Vec<&str> = config.services.iter().map(|service| service.name.as_str()).collect();
        bail!("{}: no service {service:?}; there are {}", file.display(), known.join(", "));
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let resolved = runtime.block_on(discovery::resolve_once(service, &Clock::system(), timeout));
    let labels = |labels: &crate::model::label::Labels| -> serde_json::Value {
        labels.iter().map(|(name, value)| (name.to_owned(), serde_json::Value::from(value))).collect()
    };
    let active = resolved.targets.active.iter().map(|target| {
        serde_json::json!({
            "discoveredLabels": labels(&target.discovered_labels),
            "labels": labels(&target.labels),
            "scrapeUrl": target.shown_url(),
        })
    });
    let dropped = resolved
        .targets
        .dropped
        .iter()
        .map(|dropped| serde_json::json!({ "discoveredLabels": labels(dropped), "dropped": true }));
    let all: Vec<serde_json::Value> = active.chain(dropped).collect();
    print(&serde_json::to_string_pretty(&all).context("can not print the targets")?);
    for problem in &resolved.problems {
        complain(problem);
    }
    Ok(if resolved.problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
