//! `hydrophone verify`: what is wrong with a data directory, a server's data, an archive or a directory of backups.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use serde::Deserialize;

use super::backup::{Source, hint, megabytes};
use super::{print, remote};
use crate::backup::{Directory, Manifest, Nowhere, Restoring, inspect};
use crate::clock::Clock;
use crate::config::secret::hide_login;
use crate::door::token;
use crate::store::{Finding, salvage};

/// Lines about damage that are printed; how many more there are is said.
const LINES_MAX: u64 = 1000;

pub(super) const EXAMPLES: &str = "\
Examples:
  A data directory that no server uses, and what a running server has:
    hydrophone verify --storage.path data
    hydrophone verify --server http://localhost:7777

  A backup, and one restored to a temporary directory and looked through there:
    hydrophone verify hydrophone.tar.zst
    hydrophone verify /backup/hydrophone --deep

  Save what can be saved of a damaged data directory, then put it in its place:
    hydrophone verify --storage.path data --repair data.repaired
    mv data data.damaged && mv data.repaired data";

#[derive(Debug, Args)]
#[group(skip)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["backup", "storage_path", "server"]))]
pub(super) struct VerifyFlags {
    /// An archive, or a directory of backups.
    #[arg(value_name = "FILE|DIR")]
    backup: Option<PathBuf>,
    /// A data directory. No server may be using it, and nothing in it is changed.
    #[arg(long = "storage.path", value_name = "DIR")]
    storage_path: Option<PathBuf>,
    /// A server, with the path it is served under. It has to run with --web.enable-admin-api.
    #[arg(long = "server", value_name = "URL")]
    server: Option<String>,
    /// Restore the backup to a temporary directory beside it and look through that, too.
    #[arg(long, conflicts_with_all = ["storage_path", "server"])]
    deep: bool,
    /// Remove objects of a directory of backups that are damaged, so that the next backup writes them anew.
    #[arg(long, conflicts_with_all = ["storage_path", "server"])]
    remove_damaged: bool,
    /// Save what can be saved of the data directory to this new one, and list what is lost.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["backup", "server"])]
    repair: Option<PathBuf>,
}

/// Prints what is wrong.
#[derive(Default)]
struct Report {
    findings: u64,
}

impl Report {
    fn tell(&mut self, what: &str) {
        self.findings += 1;
        if self.findings <= LINES_MAX {
            print(what);
        }
    }

    /// Says what was looked at, or how much is wrong with it.
    fn end(&self, looked_at: &str) -> ExitCode {
        match self.findings {
            0 => {
                print(&format!("nothing is wrong: {looked_at}"));
                return ExitCode::SUCCESS;
            }
            1 => print(&format!("1 thing is wrong: {looked_at}")),
            findings => print(&format!("{findings} things are wrong: {looked_at}")),
        }
        ExitCode::FAILURE
    }
}

/// Looks through it.
///
/// # Errors
/// When it can not be read at all. What is wrong with it is printed and is no error.
pub(super) fn verify(flags: &VerifyFlags) -> Result<ExitCode> {
    match (&flags.storage_path, &flags.server, &flags.backup) {
        (Some(path), _, _) => match &flags.repair {
            Some(to) => repair(path, to),
            None => data(path, &mut Report::default()),
        },
        (_, Some(server), _) => online(server),
        (_, _, Some(backup)) => of_backup(backup, flags),
        _ => bail!("say --storage.path, --server or a backup"),
    }
}

fn data(path: &Path, report: &mut Report) -> Result<ExitCode> {
    let watch = Clock::system().stopwatch();
    let inspected = inspect(path, &mut |finding: Finding| report.tell(&finding.to_string()))
        .with_context(|| format!("can not look through {}", path.display()))?;
    let Some(verified) = inspected.verified else { return Ok(report.end("its rows could not be looked at")) };
    let occurrences: u64 = verified.occurrences.values().flat_map(|commits| commits.values()).sum();
    Ok(report.end(&format!(
        "{} rows and {occurrences} samples up to commit {}, in {:.1} s",
        verified.rows,
        verified.commit,
        watch.seconds()
    )))
}

fn repair(path: &Path, to: &Path) -> Result<ExitCode> {
    let mut report = Report::default();
    salvage(path, to, &mut |finding| report.tell(&format!("lost: {finding}")))?;
    if let Err(error) = token::copy(path, to) {
        report.findings += 1;
        print(&format!("lost: API tokens: {:#}", anyhow!(error)));
    }
    let code = data(to, &mut Report::default())?;
    let saved = format!("{} has what could be saved of {}", to.display(), path.display());
    print(&match report.findings {
        0 => format!("{saved}: nothing was lost"),
        1 => format!("{saved}: 1 thing was lost"),
        findings => format!("{saved}: {findings} things were lost"),
    });
    Ok(code)
}

fn of_backup(path: &Path, flags: &VerifyFlags) -> Result<ExitCode> {
    let watch = Clock::system().stopwatch();
    let mut report = Report::default();
    let found = std::fs::metadata(path).with_context(|| format!("can not read {}", path.display()))?;
    if flags.remove_damaged && !found.is_dir() {
        bail!("--remove-damaged is for a directory of backups, and {} is a file", path.display());
    }
    let looked_at = if found.is_dir() {
        Directory::check(path, flags.remove_damaged, &mut |file, what| {
            report.tell(&format!("{}: {what}", file.display()));
        })?;
        let all = Directory::list(path)?;
        if all.is_empty() {
            bail!("{} holds no backup{}", path.display(), hint(path));
        }
        format!("{} backups", all.len())
    } else {
        match Source::of(path, None)?.read(&mut Nowhere) {
            Ok(manifest) => said(&manifest),
            Err(error) => {
                report.tell(&format!("{error:#}"));
                path.display().to_string()
            }
        }
    };
    if flags.deep && report.findings == 0 {
        let beside = Beside::make(path)?;
        let mut restoring = Restoring::begin(&beside.path, true, false)?;
        Source::of(path, None)?.read(&mut restoring)?;
        return data(&beside.path, &mut report);
    }
    Ok(report.end(&format!("{looked_at}, in {:.1} s", watch.seconds())))
}

fn said(manifest: &Manifest) -> String {
    let Manifest { commit, time, .. } = manifest;
    format!("commit {commit} of {time}, {} in {} pieces", megabytes(manifest.bytes()), manifest.pieces.len())
}

/// A directory beside a backup that goes when it is not needed any more. One that was left when its process was killed goes with the
/// next that is made there: nobody holds it.
struct Beside {
    path: PathBuf,
    _held: File,
}

impl Beside {
    fn make(backup: &Path) -> Result<Self> {
        let mut backup = backup.to_owned();
        // `.` and `..` have no names of their own.
        if backup.file_name().is_none() {
            backup = std::fs::canonicalize(&backup).with_context(|| format!("can not read {}", backup.display()))?;
        }
        let mut name = backup.file_name().unwrap_or_default().to_owned();
        name.push(".verify-");
        let parent = backup.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        sweep(parent, &name).with_context(|| format!("can not clear {}", parent.display()))?;
        name.push(std::process::id().to_string());
        let path = parent.join(name);
        let failed = || format!("can not make {}", path.display());
        loop {
            std::fs::create_dir(&path).with_context(failed)?;
            let held = File::open(&path).with_context(failed)?;
            held.lock().with_context(failed)?;
            // Another one may have swept it before it was held.
            if path.try_exists().with_context(failed)? {
                return Ok(Self { path, _held: held });
            }
        }
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // What is left of it says by its name what it was.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// Removes the directories in `parent` that were made beside a backup, and that no process holds.
fn sweep(parent: &Path, name: &OsStr) -> io::Result<()> {
    let gone_is_well = |result: io::Result<()>| match result {
        // Another one sweeps, too.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    };
    for entry in std::fs::read_dir(parent)? {
        let entry = entry?;
        let found = entry.file_name();
        let pid = found.as_encoded_bytes().strip_prefix(name.as_encoded_bytes());
        let is_ours = pid.is_some_and(|pid| !pid.is_empty() && pid.iter().all(u8::is_ascii_digit));
        if is_ours && entry.file_type()?.is_dir() {
            gone_is_well(File::open(entry.path()).and_then(|held| match held.try_lock() {
                Ok(()) => std::fs::remove_dir_all(entry.path()),
                Err(_) => Ok(()),
            }))?;
        }
    }
    Ok(())
}

/// A line of a server's answer.
#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    End { findings: u64, commit: u64, rows: u64, occurrences: u64, seconds: f64, error: Option<String> },
    Finding { table: String, key: String, what: String },
}

/// A server says nothing while it looks and all is well, which in a large store on a slow disk takes hours. Nothing is held
/// meanwhile, so this only ends what would otherwise wait for ever.
const VERIFY_SILENCE_MAX: Duration = Duration::from_secs(24 * 60 * 60);

fn online(url: &str) -> Result<ExitCode> {
    let answer = remote::Answer::post(url, "verify", &[], VERIFY_SILENCE_MAX)?;
    let mut report = Report::default();
    for line in std::io::BufRead::lines(std::io::BufReader::new(answer)) {
        match serde_json::from_str(&line.context("the server broke off its answer")?)? {
            Line::Finding { table, key, what } => report.tell(&format!("{table} at {key}: {what}")),
            Line::End { error: Some(error), .. } => {
                return Err(anyhow!("{} can not look through its data: {error}", hide_login(url)));
            }
            Line::End { commit, rows, occurrences, seconds, findings, .. } => {
                report.findings = findings;
                let looked_at =
                    format!("{rows} rows and {occurrences} samples up to commit {commit}, in {seconds:.1} s");
                return Ok(report.end(&looked_at));
            }
        }
    }
    bail!("the server broke off its answer")
}
