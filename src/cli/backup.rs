//! `hydrophone backup` and `hydrophone restore`: from a server or a data directory, to a file or a directory of backups.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;

use super::output::Output;
use super::print;
use super::remote::{Answer, SILENCE_MAX};
use crate::backup::{
    self, Archive, Directory, Manifest, Nowhere, Options, Pace, Restoring, Sink, Stop, read_archive, take,
};
use crate::clock::Clock;
use crate::config;
use crate::model::time::Timestamp;
use crate::store::{self, Store};

pub(super) const EXAMPLES: &str = "\
Examples:
  One file, from the server on this machine, which has to run with --web.enable-admin-api:
    hydrophone backup --server http://localhost:7777 --to hydrophone.tar.zst

  Into a directory in which the last 14 backups share what they have in common:
    hydrophone backup --server http://localhost:7777 --to /backup/hydrophone/ --keep 14

  Of a data directory that no server uses:
    hydrophone backup --storage.path data --to hydrophone.tar.zst";

pub(super) const RESTORE_EXAMPLES: &str = "\
Examples:
  To an empty data directory:
    hydrophone restore hydrophone.tar.zst --storage.path data

  What there was on Friday evening, in the place of what is there now:
    hydrophone restore /backup/hydrophone --at 2026-11-20T18:00:00Z --storage.path data --force";

#[derive(Debug, Args)]
#[group(skip)]
#[command(group = clap::ArgGroup::new("source").required(true).args(["server", "storage_path"]))]
pub(super) struct BackupFlags {
    /// The server to back up, with the path it is served under.
    #[arg(long = "server", value_name = "URL")]
    server: Option<String>,
    /// Back up this data directory instead. No server may be using it.
    #[arg(long = "storage.path", value_name = "DIR")]
    storage_path: Option<PathBuf>,
    /// Where to: a file, `-` for standard output, or a directory of backups. A new directory's name has to end in a slash.
    #[arg(long, value_name = "FILE|DIR")]
    to: PathBuf,
    /// Leave only so many of the newest backups in the directory.
    #[arg(long, value_name = "N", value_parser = kept)]
    keep: Option<usize>,
    /// Bytes to read in a second at most, such as 32MiB; 0 is as fast as it goes. 32MiB from a server, else 0.
    #[arg(long, value_name = "SIZE", value_parser = size)]
    rate: Option<u64>,
    /// Copy the search index, too. Without it a server makes it anew.
    #[arg(long)]
    with_index: bool,
}

#[derive(Debug, Args)]
pub(super) struct RestoreFlags {
    /// The archive, `-` for standard input, or the directory of backups.
    #[arg(value_name = "FILE|DIR")]
    from: PathBuf,
    /// The data directory to restore to. No server may be using it.
    #[arg(long = "storage.path", value_name = "DIR")]
    storage_path: PathBuf,
    /// Of a directory the newest backup that is not younger than this, RFC 3339. By default the newest.
    #[arg(long, value_name = "TIME", value_parser = time)]
    at: Option<Timestamp>,
    /// Replace the data that is there. It stays until all of the backup was read and checked.
    #[arg(long)]
    force: bool,
    /// Leave out the search index, if it is in the backup; the server makes it anew.
    #[arg(long)]
    without_index: bool,
}

/// Makes a backup.
///
/// # Errors
/// When it could not be made whole.
pub(super) fn make(flags: &BackupFlags) -> Result<ExitCode> {
    let clock = Clock::system();
    let watch = clock.stopwatch();
    let target = Target::of(&flags.to)?;
    if flags.keep.is_some() && !matches!(target, Target::Directory(_)) {
        bail!("--keep is for a directory of backups; end the name of a new one in a slash");
    }
    let (manifest, written) = match (&flags.server, &flags.storage_path) {
        (Some(server), _) => online(server, flags, target)?,
        (None, Some(path)) => offline(path, flags, target, &clock)?,
        (None, None) => bail!("say --server or --storage.path"),
    };
    let (bytes, pieces) = (megabytes(manifest.bytes()), manifest.pieces.len());
    let written = written.map(|written| format!(", {} of them new", megabytes(written))).unwrap_or_default();
    let said = format!(
        "backed up commit {} of {}: {bytes} in {pieces} pieces{written}, in {:.1} s",
        manifest.commit,
        manifest.time,
        watch.seconds()
    );
    if flags.to.as_os_str() == "-" {
        eprintln!("{said}");
    } else {
        print(&said);
    }
    Ok(ExitCode::SUCCESS)
}

/// Restores a backup.
///
/// # Errors
/// When it is not whole, or can not be written; what was there before is still there then.
pub(super) fn restore(flags: &RestoreFlags) -> Result<ExitCode> {
    let watch = Clock::system().stopwatch();
    if flags.at.is_some() && !flags.from.is_dir() {
        bail!("--at is for a directory of backups");
    }
    // What is to be restored is looked for before anything is touched.
    let source = Source::of(&flags.from, flags.at)?;
    let begun = Restoring::begin(&flags.storage_path, flags.force, flags.without_index);
    let mut restoring = begun.map_err(|error| match error {
        backup::Error::Store(store::Error::Occupied { .. }) => anyhow!("{error}: --force does"),
        error => unwritten(error.into(), &flags.storage_path),
    })?;
    let manifest = source.read(&mut restoring).map_err(|error| unwritten(error, &flags.storage_path))?;
    print(&format!(
        "restored commit {} of {} to {}: {} in {:.1} s",
        manifest.commit,
        manifest.time,
        flags.storage_path.display(),
        megabytes(manifest.bytes()),
        watch.seconds()
    ));
    Ok(ExitCode::SUCCESS)
}

/// An error of the data directory that is being written names it; that of an archive names that.
fn unwritten(error: anyhow::Error, storage_path: &Path) -> anyhow::Error {
    match error.downcast_ref() {
        Some(backup::Error::Store(_)) => error.context(format!("can not restore to {}", storage_path.display())),
        _ => error,
    }
}

/// What a path that holds no backup may have been meant for.
pub(super) fn hint(path: &Path) -> &'static str {
    let is_data = path.join("FORMAT").try_exists().unwrap_or(false);
    if is_data { ": it is a data directory, which --storage.path names" } else { "" }
}

/// Where a backup comes from.
pub(super) enum Source {
    Stdin,
    File(PathBuf),
    Directory(PathBuf, crate::backup::Stored),
}

impl Source {
    /// A file, or what of a directory is the newest that is not younger than `at`.
    pub(super) fn of(path: &Path, at: Option<Timestamp>) -> Result<Self> {
        if path.as_os_str() == "-" {
            return Ok(Self::Stdin);
        }
        let found = std::fs::metadata(path).with_context(|| format!("can not read {}", path.display()))?;
        if found.is_dir() {
            let newest = Directory::newest(path, at).map_err(|error| anyhow!("{error}{}", hint(path)))?;
            return Ok(Self::Directory(path.to_owned(), newest));
        }
        Ok(Self::File(path.to_owned()))
    }

    /// Hands everything over.
    pub(super) fn read(&self, sink: &mut dyn Sink) -> Result<Manifest> {
        Ok(match self {
            Self::Stdin => read_archive(io::stdin().lock(), sink)?,
            Self::File(path) => {
                let file = File::open(path).with_context(|| format!("can not read {}", path.display()))?;
                read_archive(file, sink).map_err(|error| match error {
                    backup::Error::Store(_) => error.into(),
                    error => anyhow!(error).context(path.display().to_string()),
                })?
            }
            Self::Directory(path, stored) => match Directory::read(path, stored, sink) {
                Err(error @ (backup::Error::Damaged { .. } | backup::Error::Version { .. })) => {
                    let older = Directory::list(path)?.into_iter().rev().find(|other| other.time < stored.time);
                    let hint = older.map(|older| format!(": `--at {}` takes the one before it", older.time));
                    return Err(error).with_context(|| {
                        format!("the backup of {} in {}{}", stored.time, path.display(), hint.unwrap_or_default())
                    });
                }
                read => read?,
            },
        })
    }
}

/// Where a backup goes.
enum Target {
    Stdout,
    File(PathBuf),
    Directory(PathBuf),
}

impl Target {
    fn of(path: &Path) -> Result<Self> {
        if path.as_os_str() == "-" {
            return Ok(Self::Stdout);
        }
        let ends_in_slash = path.as_os_str().as_encoded_bytes().ends_with(b"/");
        match std::fs::metadata(path) {
            Ok(found) if found.is_dir() => Ok(Self::Directory(path.to_owned())),
            Ok(_) if ends_in_slash => bail!("{} is a file and not a directory", path.display()),
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("can not read {}", path.display()))
            }
            Err(_) if ends_in_slash => Ok(Self::Directory(path.to_owned())),
            Err(_) => Ok(Self::File(path.to_owned())),
            Ok(_) => may_replace(path).map(|()| Self::File(path.to_owned())),
        }
    }
}

/// Whether a backup may take the place of what is at `path`: of an older one, or of nothing.
fn may_replace(path: &Path) -> Result<()> {
    let failed = || format!("can not read {}", path.display());
    if !std::fs::metadata(path).with_context(failed)?.is_file() {
        bail!("{} is a device, a pipe or a socket and no file: `--to -` writes to the standard output", path.display());
    }
    let mut begin = Vec::new();
    File::open(path).and_then(|file| file.take(4).read_to_end(&mut begin)).with_context(failed)?;
    if !begin.is_empty() && !backup::is_archive(&begin) {
        bail!("{} is there already and is no backup: name another file, or remove it first", path.display());
    }
    Ok(())
}

/// Backs up a data directory.
fn offline(path: &Path, flags: &BackupFlags, target: Target, clock: &Clock) -> Result<(Manifest, Option<u64>)> {
    // Opening would make one where there is none.
    if !path.join("FORMAT").try_exists().with_context(|| format!("can not read {}", path.display()))? {
        bail!("{} is no data directory: there is no file FORMAT in it", path.display());
    }
    let store =
        Store::open_as_it_is(path).context("can not open the data directory; of a running server say --server")?;
    let now = clock.now();
    let rate = flags.rate.filter(|rate| *rate > 0);
    let options = Options { now, with_index: flags.with_index, pace: Pace::new(clock, rate, Stop::default()) };
    match target {
        Target::Stdout => {
            let taken = take(&store, options, &mut Archive::new(io::stdout().lock(), now)?);
            Ok((taken.map_err(|error| unfinished(error, Path::new("the standard output")))?, None))
        }
        Target::File(path) => {
            let output = Output::create(&path)?;
            let taken = take(&store, options, &mut Archive::new(io::BufWriter::new(output.file()), now)?);
            let manifest = taken.map_err(|error| unfinished(error, &path))?;
            output.finish()?;
            Ok((manifest, None))
        }
        Target::Directory(path) => {
            let mut directory = Directory::open(&path, flags.keep)?;
            let manifest = take(&store, options, &mut directory)?;
            Ok((manifest, Some(directory.written())))
        }
    }
}

/// An archive that can not be written any further is to name its file.
fn unfinished(error: backup::Error, path: &Path) -> anyhow::Error {
    match error {
        backup::Error::Stream(error) => anyhow!(error).context(format!("can not write {}", path.display())),
        error => error.into(),
    }
}

/// Backs up what a server has.
fn online(server: &str, flags: &BackupFlags, target: Target) -> Result<(Manifest, Option<u64>)> {
    let rate = flags.rate.unwrap_or(config::backup::RATE);
    let parameters = [("rate", rate.to_string()), ("with_index", flags.with_index.to_string())];
    let answer = || Answer::post(server, "backup", &parameters, silence_max(rate));
    match target {
        Target::Stdout => {
            let mut stdout = io::stdout().lock();
            let name = Path::new("the standard output");
            let manifest = through(answer()?, &mut stdout, name)?;
            stdout.flush().with_context(|| format!("can not write {}", name.display()))?;
            Ok((manifest, None))
        }
        Target::File(path) => {
            let answer = answer()?;
            let output = Output::create(&path)?;
            let manifest = through(answer, output.file(), &path)?;
            output.finish()?;
            Ok((manifest, None))
        }
        Target::Directory(path) => {
            let mut directory = Directory::open(&path, flags.keep)?;
            let manifest = read_archive(answer()?, &mut directory).map_err(unheard)?;
            Ok((manifest, Some(directory.written())))
        }
    }
}

/// Bytes that a server may read before it sends any: it sends 256 KiB at once, and those are rarely compressed from more.
const SILENT_BYTES_MAX: u64 = 64 << 20;

/// How long a server may send nothing when it reads at this rate, in bytes a second; 0 is as fast as it goes.
fn silence_max(rate: u64) -> Duration {
    SILENCE_MAX + SILENT_BYTES_MAX.checked_div(rate).map_or(Duration::ZERO, Duration::from_secs)
}

/// Writes down what a server answers. What passes is checked on its way, so that nobody finds out later.
fn through(answer: Answer, to: impl Write, path: &Path) -> Result<Manifest> {
    let mut tee = Tee { from: answer, to, unwritten: None };
    let read = read_archive(&mut tee, &mut Nowhere);
    match tee.unwritten {
        Some(error) => Err(error).with_context(|| format!("can not write {}", path.display())),
        None => read.map_err(unheard),
    }
}

/// A server that breaks off says so itself.
fn unheard(error: backup::Error) -> anyhow::Error {
    match error {
        backup::Error::Stream(error) => error.into(),
        error => error.into(),
    }
}

/// Writes down what is read from it.
struct Tee<R, W> {
    from: R,
    to: W,
    /// Why it could not be written down, which is no fault of what it is read from.
    unwritten: Option<io::Error>,
}

impl<R: Read, W: Write> Read for Tee<R, W> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let length = self.from.read(out)?;
        if let Err(error) = self.to.write_all(out.get(..length).unwrap_or_default()) {
            self.unwritten = Some(error);
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        Ok(length)
    }
}

pub(super) fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

fn kept(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err("must be a whole number from 1 on".to_owned()),
    }
}

fn size(text: &str) -> Result<u64, String> {
    config::parse_size(text).ok_or_else(|| format!("{text:?} is not a size like 32MiB"))
}

fn time(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse_rfc3339(text).ok_or_else(|| format!("{text:?} is not a time like 2026-11-20T18:00:00Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_backup_may_be_silent_for_longer() {
        let rates = [0, config::backup::RATE, 20 << 10, 1];
        assert_eq!(rates.map(|rate| silence_max(rate).as_secs()), [120, 122, 3396, 67_108_984]);
    }
}
