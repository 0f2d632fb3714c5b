//! `hydrophone import` and `hydrophone export`: flags, a progress bar, and what is said at the end.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand, ValueEnum};

use super::output::Output;
use super::redaction::redactor;
use super::{complain, duration, print};
use crate::clock::{Clock, Stopwatch};
use crate::config::Storage;
use crate::model::time::{Millis, Timestamp};
use crate::store::{Store, guarded};
use crate::transfer::{self, Format, Mapping, Options, Outcome, Phase, Progress, Tally};

/// How often a bar is drawn anew, and how often a line is written where there is no terminal, in seconds.
const BAR_EVERY: f64 = 0.1;
const LINE_EVERY: f64 = 10.0;

/// Characters of a bar.
const BAR_WIDTH: usize = 30;

#[derive(Debug, Subcommand)]
pub(super) enum Import {
    /// Counters with timestamps in OpenMetrics text, such as Prometheus's own dump of `periskop_error_occurrences`.
    ///
    /// A delta belongs to its sample; a lower counter began anew; what happened while no sample was taken is spread over that
    /// time. What was taken of a series is remembered, so that files may overlap. See docs/import-export.md.
    Openmetrics(Box<OpenmetricsFlags>),
    /// What `hydrophone export` wrote, or anything else in that format: JSON lines, described in docs/import-export.md.
    Deltas(DeltasFlags),
    /// Samples of exceptions, as `hydrophone export occurrences` writes them or anybody else, one JSON object a line.
    ///
    /// A sample lies on the day of its timestamp, or on the line's `day`. What is stored already is left out; counts do not change.
    Occurrences(OccurrencesFlags),
}

#[derive(Debug, Args)]
struct CommonFlags {
    /// The data directory. No server may be running on it.
    #[arg(long = "storage.path", default_value = "data", value_name = "DIR")]
    storage_path: PathBuf,
    /// The configuration file whose section `redaction` says what is hidden; by default what is hidden without one.
    #[arg(long = "config.file", value_name = "FILE")]
    config_file: Option<PathBuf>,
    /// Leave bad lines out and go on, in the place of stopping at the first one.
    #[arg(long)]
    skip_bad_lines: bool,
    /// The files, in the order of their times.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct OpenmetricsFlags {
    /// The metric, with or without `_total`.
    #[arg(long, default_value = "periskop_error_occurrences", value_name = "NAME")]
    metric: String,
    /// The label that names the service.
    #[arg(long = "label.service", default_value = "service_name", value_name = "LABEL")]
    service: String,
    /// The service of all series, where no label names it.
    #[arg(long = "service", value_name = "NAME")]
    service_name: Option<String>,
    /// The label that is the aggregation key.
    #[arg(long = "label.key", default_value = "aggregation_key", value_name = "LABEL")]
    key: String,
    /// The label that is the severity.
    #[arg(long = "label.severity", default_value = "severity", value_name = "LABEL")]
    severity: String,
    /// The label that becomes the target's `instance`. All labels that are not named here become labels of the target.
    #[arg(long = "label.instance", default_value = "instance", value_name = "LABEL")]
    instance: String,
    /// The label that is the process's `target_uuid`. With it, scraping goes on where the file ends and counts nothing twice.
    #[arg(long = "label.process", default_value = "target", value_name = "LABEL")]
    process: String,
    /// A label to leave out; may be given more than once.
    #[arg(long = "drop", default_value = "job", value_name = "LABEL")]
    drop: Vec<String>,
    /// Time from one scrape to the next; by default the most frequent distance between samples.
    #[arg(long, value_parser = duration, value_name = "DURATION")]
    interval: Option<Millis>,
    /// Count what counters stood at in the file's first scrape. It happened before, so by default it is left out.
    #[arg(long)]
    count_first: bool,
    #[command(flatten)]
    common: CommonFlags,
}

#[derive(Debug, Args)]
pub(super) struct DeltasFlags {
    /// Add a file that begins like one that was imported, but goes on differently.
    #[arg(long)]
    add: bool,
    #[command(flatten)]
    common: CommonFlags,
}

#[derive(Debug, Args)]
pub(super) struct OccurrencesFlags {
    #[command(flatten)]
    common: CommonFlags,
}

#[derive(Debug, Args)]
pub(super) struct ExportFlags {
    /// What to write.
    #[arg(value_enum, default_value_t = What::Everything)]
    what: What,
    /// The data directory. No server may be running on it.
    #[arg(long = "storage.path", default_value = "data", value_name = "DIR")]
    storage_path: PathBuf,
    /// In which format.
    #[arg(long, value_enum, default_value_t = ExportFormat::Deltas)]
    format: ExportFormat,
    /// Where to write it; `-` is the standard output.
    #[arg(long, default_value = "-", value_name = "FILE")]
    output: PathBuf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum What {
    /// Everything there is.
    Everything,
    /// Samples of exceptions only, as `import occurrences` reads them.
    Occurrences,
    /// Who changed which error's state, labels, assignee or note, when and why.
    Activity,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ExportFormat {
    /// Everything there is, as `import deltas` reads it.
    Deltas,
}

/// Runs `hydrophone import`.
pub(super) fn import(command: Import) -> Result<ExitCode> {
    let (format, as_new, common) = match command {
        Import::Openmetrics(flags) => {
            let metric = flags.metric.strip_suffix("_total").unwrap_or(&flags.metric).to_owned();
            let mapping = Mapping {
                metric,
                service: flags.service,
                service_name: flags.service_name,
                key: flags.key,
                severity: flags.severity,
                instance: flags.instance,
                process: flags.process,
                drop: flags.drop,
                interval: flags.interval,
                count_first: flags.count_first,
            };
            (Format::OpenMetrics(Box::new(mapping)), false, flags.common)
        }
        Import::Deltas(flags) => (Format::Deltas, flags.add, flags.common),
        Import::Occurrences(flags) => (Format::Occurrences, false, flags.common),
    };
    let clock = Clock::system();
    let redactor = redactor(common.config_file.as_deref())?;
    let store = Store::open_as_it_is(&common.storage_path)?;
    for file in &common.files {
        let (skip_bad, redactor) = (common.skip_bad_lines, Arc::clone(&redactor));
        let options = Options { format: format.clone(), skip_bad, as_new, now: clock.now(), redactor };
        let mut bar = Bar::new(file, &clock);
        let outcome = guarded(|| Ok(transfer::import(&store, file, &options, &mut |progress| bar.show(progress))));
        bar.end();
        let outcome = outcome?;
        if !report(file, outcome, &options) {
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs `hydrophone export`.
pub(super) fn export(flags: &ExportFlags) -> Result<ExitCode> {
    let ExportFormat::Deltas = flags.format;
    let path = &flags.storage_path;
    if !path.join("FORMAT").try_exists().with_context(|| format!("can not read {}", path.display()))? {
        bail!("{} is no data directory", path.display());
    }
    let store = Store::open_as_it_is(path)?;
    let write = match flags.what {
        What::Everything => transfer::export,
        What::Occurrences => transfer::export_occurrences,
        What::Activity => transfer::export_activity,
    };
    let lines = if flags.output == Path::new("-") {
        write(&store, &mut std::io::stdout().lock(), Path::new("the standard output"))?
    } else {
        let output = Output::create(&flags.output)?;
        let written = write(&store, &mut output.file(), &flags.output);
        // What is damaged is lost, and whoever exports then wants the rest.
        if matches!(written, Ok(_) | Err(transfer::Error::Lost { .. })) {
            output.finish()?;
        }
        written?
    };
    say(&format!("exported {} lines", number(lines)));
    Ok(ExitCode::SUCCESS)
}

/// Says what became of a file; whether all of it was imported.
fn report(file: &Path, outcome: Outcome, options: &Options) -> bool {
    let file = file.display();
    let Outcome { lines_before, tally, interval, skipped, stopped } = outcome;
    for bad in &skipped {
        say(&format!("left out: {bad}"));
    }
    if tally.lines == 0 && lines_before > 0 {
        if stopped.is_none() {
            print(&format!("{file}: nothing new, its {} lines were imported before", number(lines_before)));
        }
    } else if tally.lines > 0 {
        print(&format!("{file}: imported {}", summary(&tally)));
        if lines_before > 0 {
            print(&format!("  {} lines before these were imported before", number(lines_before)));
        }
        for remark in remarks(&tally, interval, options) {
            print(&format!("  {remark}"));
        }
    }
    let Some(stopped) = stopped else { return true };
    let of_line = matches!(stopped, transfer::Error::Line { .. });
    complain(&format!("{:#}", anyhow::Error::from(stopped)));
    let taken = number(lines_before + tally.lines);
    if of_line {
        say(&format!(
            "the {taken} lines before it are in the store; put it right and run this again: it goes on there"
        ));
    } else if lines_before + tally.lines > 0 {
        say(&format!("{taken} lines of {file} are in the store; run this again: it goes on after them"));
    }
    false
}

fn summary(tally: &Tally) -> String {
    let mut text = format!("{} lines", number(tally.lines));
    if tally.deltas > 0 || tally.occurrences == 0 {
        text = format!("{text}: {} deltas with a sum of {}", number(tally.deltas), number(tally.count));
    }
    if let Some((first, last)) = tally.times {
        text = format!("{text}, from {} to {}", Timestamp(first), Timestamp(last));
    }
    if tally.occurrences > 0 {
        text = format!("{text}; {} occurrences", number(tally.occurrences));
    }
    text
}

/// What should be known of an import.
fn remarks(tally: &Tally, interval: Option<Millis>, options: &Options) -> Vec<String> {
    let mut remarks = Vec::new();
    if let (Some(interval), Format::OpenMetrics(mapping)) = (interval, &options.format) {
        remarks.push(format!("{} samples, taken every {interval}", number(tally.samples)));
        if tally.samples == 0 {
            remarks.push(format!("there is no metric {} in it: name another one with --metric", mapping.metric));
        }
        if tally.known > 0 {
            remarks.push(format!("{} of them are of times that were imported before", number(tally.known)));
        }
        if tally.before > 0 {
            remarks.push(format!(
                "counters stood at {} in its first scrape, which happened before and is left out (--count-first)",
                number(tally.before)
            ));
        }
        if !tally.complete {
            remarks.push("it does not end with # EOF: something may be missing".to_owned());
        }
    }
    if tally.stored > 0 {
        remarks.push(format!("{} occurrences were stored already", number(tally.stored)));
    }
    if tally.redacted > 0 {
        remarks.push(format!("{} secrets in it were hidden", number(tally.redacted)));
    }
    if tally.bad > 0 {
        remarks.push(format!("{} bad lines were left out", number(tally.bad)));
    }
    let kept = Storage::default().retention.time;
    if tally.times.is_some_and(|(first, _)| first < options.now.minus(kept).0) {
        remarks.push(format!(
            "a server removes what is older than storage.retention.time, which is {kept} by default: set it first"
        ));
    }
    remarks
}

/// How far an import is: a bar on a terminal, a line now and then elsewhere.
struct Bar {
    name: String,
    terminal: bool,
    watch: Stopwatch,
    /// When the phase began, and when something was shown last.
    phase: Option<(Phase, f64)>,
    shown: f64,
}

impl Bar {
    fn new(file: &Path, clock: &Clock) -> Self {
        let name = file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let terminal = std::io::stderr().is_terminal();
        Self { name, terminal, watch: clock.stopwatch(), phase: None, shown: 0.0 }
    }

    fn show(&mut self, progress: Progress) {
        let now = self.watch.seconds();
        let begun = match self.phase {
            Some((phase, begun)) if phase == progress.phase => begun,
            _ => {
                self.phase = Some((progress.phase, now));
                now
            }
        };
        if now - self.shown < if self.terminal { BAR_EVERY } else { LINE_EVERY } {
            return;
        }
        self.shown = now;
        let verb = match progress.phase {
            Phase::Checking => "checking",
            Phase::Reading => "reading",
            Phase::Merging => "merging",
        };
        let share = progress.done as f64 / progress.total.max(1) as f64;
        let left = if share > 0.0 { (now - begun) * (1.0 - share) / share } else { 0.0 };
        let state = format!(
            "{:3.0} %  {} deltas  {} left",
            share * 100.0,
            number(progress.deltas),
            Millis::from_seconds(left.round() as i64)
        );
        if self.terminal {
            let full = ((share * BAR_WIDTH as f64) as usize).min(BAR_WIDTH);
            let bar = format!("{}{}", "=".repeat(full), " ".repeat(BAR_WIDTH - full));
            // Back to the line's begin, and what is left of the last one goes.
            eprint!("\r{verb} {} [{bar}] {state}\x1b[K", self.name);
            let _ = std::io::stderr().flush();
        } else {
            say(&format!("{verb} {}: {}", self.name, state.trim_start()));
        }
    }

    fn end(&self) {
        if self.terminal && self.shown > 0.0 {
            eprint!("\r\x1b[K");
        }
    }
}

/// A number with its thousands apart.
fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// To people, not to pipes.
fn say(text: &str) {
    eprintln!("{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_thousands_apart() {
        for (value, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(number(value), text);
        }
    }
}
