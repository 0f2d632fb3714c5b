//! Counters in OpenMetrics text, with timestamps: what `promtool tsdb dump-openmetrics` writes, and Prometheus's older text
//! format with its milliseconds.
//!
//! A dump has a line for each scrape, and in nearly all of them nothing moved. So a parser keeps only the samples that
//! differ from the one before, or come too long after it; what is left is applied in order.

use std::borrow::Cow;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::block::{Block, lines};
use super::round::{Bad, Parsed, Parser};
use crate::model::label::Labels;
use crate::model::severity::Severity;
use crate::model::time::{Millis, Timestamp};
use crate::redact::Redactor;

/// What the labels of a metric mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// The metric, without `_total`.
    pub metric: String,
    /// The label that names the service.
    pub service: String,
    /// The service of all series, in the place of a label.
    pub service_name: Option<String>,
    /// The label that is the aggregation key.
    pub key: String,
    /// The label that is the severity.
    pub severity: String,
    /// The label that becomes the target's `instance`.
    pub instance: String,
    /// The label that identifies the process that counted.
    pub process: String,
    /// Labels that are left out.
    pub drop: Vec<String>,
    /// Time from one scrape to the next; found out where it is not given.
    pub interval: Option<Millis>,
    /// What counters stood at when the file begins is counted then, in the place of being left out.
    pub count_first: bool,
}

impl Default for Mapping {
    /// Periskop's metric.
    fn default() -> Self {
        Self {
            metric: "periskop_error_occurrences".to_owned(),
            service: "service_name".to_owned(),
            service_name: None,
            key: "aggregation_key".to_owned(),
            severity: "severity".to_owned(),
            instance: "instance".to_owned(),
            process: "target".to_owned(),
            drop: vec!["job".to_owned()],
            interval: None,
            count_first: false,
        }
    }
}

/// Who a series is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Subject {
    pub(super) service: String,
    pub(super) key: String,
    pub(super) severity: Severity,
    pub(super) target: Labels,
    pub(super) process: Option<String>,
    /// What was scraped: `job` and `instance`.
    pub(super) source: (String, String),
    /// All labels, sorted: what identifies the series.
    pub(super) identity: String,
}

impl Mapping {
    /// Reads a series's labels, as they stand between its braces.
    pub(super) fn subject(&self, text: &str) -> Result<Subject, String> {
        let mut labels = Labels::from_pairs(pairs(text)?);
        let identity = labels.to_string();
        let source = |name| labels.get(name).unwrap_or_default().to_owned();
        let source = (source("job"), source("instance"));
        let mut take = |name: &str| {
            let value = labels.get(name).map(str::to_owned);
            labels.remove(name);
            value
        };
        let missing = |what: &str, label: &str, flag: &str| {
            format!("a series without the label {label}, which names its {what}: say which one does with {flag}")
        };
        let service = match &self.service_name {
            Some(name) => name.clone(),
            None => {
                take(&self.service).ok_or_else(|| missing("service", &self.service, "--label.service or --service"))?
            }
        };
        let key = take(&self.key).ok_or_else(|| missing("aggregation key", &self.key, "--label.key"))?;
        let severity = take(&self.severity).map_or(Severity::default(), |word| Severity::from_wire(&word));
        let process = take(&self.process);
        let instance = take(&self.instance);
        for label in &self.drop {
            labels.remove(label);
        }
        labels.retain(|name, _| !name.starts_with("__"));
        if let Some(instance) = instance {
            labels.set("instance", instance);
        }
        Ok(Subject { service, key, severity, target: labels, process, source, identity })
    }
}

/// Parses blocks.
#[derive(Debug)]
pub(super) struct SampleParser {
    pub(super) mapping: Mapping,
    /// Scrape interval.
    pub(super) interval: Millis,
    /// Samples at most this far apart leave no gap.
    pub(super) watched_ms: i64,
    /// Nothing is later.
    pub(super) latest: Timestamp,
    pub(super) skip: bool,
    pub(super) redactor: Arc<Redactor>,
}

/// A sample that differs from the one before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    /// Time of the sample before.
    pub(super) from: i64,
    pub(super) at: i64,
    pub(super) value: u64,
}

/// Samples of one series, one after the other.
#[derive(Debug, Clone)]
pub(super) struct Run {
    /// Its place in [`Samples::series`].
    pub(super) series: u32,
    /// Line of the first sample.
    pub(super) line: u32,
    pub(super) first: (i64, u64),
    /// The following ones that matter: where they begin, and how many there are.
    pub(super) steps: (usize, usize),
    /// The last one.
    pub(super) last: (i64, u64),
    /// How many there are in all.
    pub(super) samples: u64,
}

/// The samples of a block.
#[derive(Debug, Default)]
pub(super) struct Samples {
    lines: u32,
    bad: Vec<Bad>,
    /// The labels of each series, as they are written.
    pub(super) series: Vec<String>,
    pub(super) runs: Vec<Run>,
    pub(super) steps: Vec<Step>,
    /// When series began, in milliseconds.
    pub(super) created: Vec<(u32, i64)>,
    pub(super) other: u64,
    pub(super) complete: bool,
}

impl Parsed for Samples {
    fn lines(&self) -> u32 {
        self.lines
    }

    fn bad(&mut self) -> Vec<Bad> {
        std::mem::take(&mut self.bad)
    }
}

impl Parser for SampleParser {
    type Parsed = Samples;

    fn parse(&self, block: &Block) -> Samples {
        let mut samples = Samples::default();
        let mut known: FxHashMap<&[u8], u32> = FxHashMap::default();
        // The series of the line before, with its name: most lines begin with the same bytes.
        let mut prefix: (&[u8], u32) = (&[], u32::MAX);
        for (number, line, ended) in lines(&block.bytes) {
            samples.lines = number + 1;
            let problem = if line.is_empty() || line.starts_with(b"#") {
                samples.complete |= line == b"# EOF";
                continue;
            } else if !ended {
                Some("the file ends in the middle of this line".to_owned())
            } else {
                self.line(line, number, &mut prefix, &mut known, &mut samples).err()
            };
            if let Some(problem) = problem {
                samples.bad.push(Bad { line: number, problem });
                if !self.skip {
                    break;
                }
            }
        }
        samples
    }
}

impl SampleParser {
    fn line<'a>(
        &self,
        line: &'a [u8],
        number: u32,
        prefix: &mut (&'a [u8], u32),
        known: &mut FxHashMap<&'a [u8], u32>,
        samples: &mut Samples,
    ) -> Result<(), String> {
        if let Some(rest) = line.strip_prefix(prefix.0)
            && let ([b' ', ..], true) = (rest, prefix.1 != u32::MAX)
        {
            return self.sample(prefix.1, number, rest, samples);
        }
        let (name, labels, rest) = split(line)?;
        let suffix = name.strip_prefix(self.mapping.metric.as_bytes());
        let suffix = suffix.filter(|suffix| matches!(*suffix, b"" | b"_total" | b"_created"));
        let Some(suffix) = suffix else {
            samples.other += 1;
            return Ok(());
        };
        let series = match known.get(labels) {
            Some(series) => *series,
            None => {
                let text = std::str::from_utf8(labels).map_err(|_| "labels that are not UTF-8".to_owned())?;
                let series = samples.series.len() as u32;
                samples.series.push(text.to_owned());
                known.insert(labels, series);
                series
            }
        };
        if suffix == b"_created" {
            let value = words(rest).next().unwrap_or_default();
            let created = time(value).ok_or_else(|| not_a("time", value))?;
            samples.created.push((series, created));
            return Ok(());
        }
        let length = line.len() - rest.len();
        *prefix = (line.get(..length).unwrap_or_default(), series);
        self.sample(series, number, rest, samples)
    }

    fn sample(&self, series: u32, line: u32, rest: &[u8], samples: &mut Samples) -> Result<(), String> {
        let mut words = words(rest);
        let value = words.next().ok_or("a sample without a value")?;
        let at = words.next().filter(|word| *word != b"#").ok_or("a sample without a timestamp")?;
        if words.next().is_some_and(|word| word != b"#") {
            return Err("more than a value and a timestamp".to_owned());
        }
        let at_ms = time(at).ok_or_else(|| not_a("timestamp", at))?;
        if at_ms < 0 || at_ms > self.latest.0 {
            return Err(format!(
                "timestamp {} is {}",
                text(at),
                if at_ms < 0 { "before 1970" } else { "in the future" }
            ));
        }
        let Value::Count(value) = count(value).ok_or_else(|| not_a("count", value))? else { return Ok(()) };
        match samples.runs.last_mut().filter(|run| run.series == series) {
            Some(run) => {
                let (last_at, last_value) = run.last;
                if at_ms <= last_at {
                    return Err(backwards(at_ms, last_at));
                }
                if value != last_value || at_ms - last_at > self.watched_ms {
                    samples.steps.push(Step { from: last_at, at: at_ms, value });
                    run.steps.1 += 1;
                }
                run.last = (at_ms, value);
                run.samples += 1;
            }
            None => samples.runs.push(Run {
                series,
                line,
                first: (at_ms, value),
                steps: (samples.steps.len(), 0),
                last: (at_ms, value),
                samples: 1,
            }),
        }
        Ok(())
    }
}

/// What is said of a sample that does not come after the one before.
pub(super) fn backwards(at: i64, last: i64) -> String {
    let (at, last) = (Timestamp(at), Timestamp(last));
    format!(
        "the sample at {at} is not after that at {last}, which stands before it: sort the samples of each series by time"
    )
}

fn not_a(what: &str, word: &[u8]) -> String {
    format!("{:?} is no {what}", text(word))
}

fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes.get(..bytes.len().min(80)).unwrap_or_default())
}

fn words(rest: &[u8]) -> impl Iterator<Item = &[u8]> {
    rest.split(|byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty())
}

/// Name, what stands between the braces, and what follows.
type Split<'a> = (&'a [u8], &'a [u8], &'a [u8]);

fn split(line: &[u8]) -> Result<Split<'_>, String> {
    let end = line.iter().position(|byte| matches!(byte, b'{' | b' ' | b'\t')).unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    let Some(inside) = rest.strip_prefix(b"{") else { return Ok((name, b"", rest)) };
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in inside.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'}' if !quoted => {
                let (labels, rest) = inside.split_at(at);
                return Ok((name, labels, rest.get(1..).unwrap_or_default()));
            }
            _ => {}
        }
    }
    Err("labels without their closing brace".to_owned())
}

/// The pairs of a label set.
fn pairs(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut pairs = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let problem = || format!("labels that can not be read at {:?}", rest.chars().take(40).collect::<String>());
        let (name, after) = rest.split_once('=').ok_or_else(problem)?;
        let after = after.trim_start().strip_prefix('"').ok_or_else(problem)?;
        let mut value = String::new();
        let mut chars = after.char_indices();
        let end = loop {
            match chars.next().ok_or_else(problem)? {
                (at, '"') => break at,
                (_, '\\') => match chars.next().ok_or_else(problem)?.1 {
                    'n' => value.push('\n'),
                    other => value.push(other),
                },
                (_, other) => value.push(other),
            }
        };
        let name = name.trim();
        if name.is_empty() || name.contains([' ', ',', '"']) {
            return Err(problem());
        }
        pairs.push((name.to_owned(), value));
        let after = after.get(end + 1..).unwrap_or_default().trim_start();
        rest = match after.strip_prefix(',') {
            Some(after) => after.trim_start(),
            None if after.is_empty() => after,
            None => return Err(problem()),
        };
    }
    Ok(pairs)
}

/// A counter's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value {
    Count(u64),
    /// A marker that says that the series is not there any more.
    Stale,
}

/// Reads a value: a whole number that is not negative, or NaN.
fn count(word: &[u8]) -> Option<Value> {
    if word.len() <= 18 && word.iter().all(u8::is_ascii_digit) && !word.is_empty() {
        return Some(Value::Count(word.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'))));
    }
    let value: f64 = std::str::from_utf8(word).ok()?.parse().ok()?;
    if value.is_nan() {
        return Some(Value::Stale);
    }
    // Beyond 2^63 nothing counts one by one.
    (value >= 0.0 && value.fract() == 0.0 && value < 9.3e18).then_some(Value::Count(value as u64))
}

/// Values from here on are milliseconds: as seconds they would lie beyond the year 5000.
const MILLISECONDS_FROM: f64 = 1e11;

/// Milliseconds since 1970 of a timestamp in seconds, as in OpenMetrics, or in milliseconds, as in Prometheus's own format.
fn time(word: &[u8]) -> Option<i64> {
    if (1..=10).contains(&word.len()) && word.iter().all(u8::is_ascii_digit) {
        return Some(word.iter().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0')) * 1000);
    }
    let value: f64 = std::str::from_utf8(word).ok()?.parse().ok()?;
    let ms = if value.abs() >= MILLISECONDS_FROM { value } else { value * 1000.0 };
    (ms.abs() < 9e15).then_some(ms.round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_dumps_write_them() {
        for (word, value) in [
            ("12", Some(Value::Count(12))),
            ("12.0", Some(Value::Count(12))),
            ("1.5e+03", Some(Value::Count(1500))),
            ("NaN", Some(Value::Stale)),
            ("-1", None),
            ("1.5", None),
            ("+Inf", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(count(word.as_bytes()), value, "{word}");
        }
        for (word, ms) in [
            ("1795168800", Some(1_795_168_800_000)),
            ("1795168800.123", Some(1_795_168_800_123)),
            ("1.7951688e+09", Some(1_795_168_800_000)),
            ("1795168800123", Some(1_795_168_800_123)),
            ("-5", Some(-5000)),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(time(word.as_bytes()), ms, "{word}");
        }
    }

    #[test]
    fn labels_are_read_with_their_escapes() {
        let (name, labels, rest) = split(br#"m{a="x}\"\\\n", b = "2",} 5 7"#).unwrap();
        assert_eq!((name, rest), (&b"m"[..], &b" 5 7"[..]));
        let labels = pairs(std::str::from_utf8(labels).unwrap()).unwrap();
        assert_eq!(labels, [("a".to_owned(), "x}\"\\\n".to_owned()), ("b".to_owned(), "2".to_owned())]);
        assert_eq!(split(b"m 5").unwrap(), (&b"m"[..], &b""[..], &b" 5"[..]));
        assert!(split(b"m{a=\"x} 5").is_err());
        for text in ["a", "a=", "a=x", "a=\"x", "=\"x\"", "a=\"x\"b=\"y\"", "a b=\"x\""] {
            assert!(pairs(text).is_err(), "{text}");
        }
    }

    #[test]
    fn labels_mean_what_the_mapping_says() {
        let text = r#"service_name="shop",aggregation_key="E@1",severity="warning",target="uuid-1",instance="p:80",job="p",zone="a""#;
        let subject = Mapping::default().subject(text).unwrap();
        assert_eq!((subject.service.as_str(), subject.key.as_str()), ("shop", "E@1"));
        assert_eq!((subject.severity, subject.process.as_deref()), (Severity::Warning, Some("uuid-1")));
        assert_eq!(subject.target, Labels::from_pairs([("instance", "p:80"), ("zone", "a")]));
        assert_eq!(subject.source, ("p".to_owned(), "p:80".to_owned()));
        let other = Mapping {
            service_name: Some("all".to_owned()),
            key: "zone".to_owned(),
            instance: "target".to_owned(),
            process: "none".to_owned(),
            drop: vec!["job".to_owned(), "service_name".to_owned(), "aggregation_key".to_owned()],
            ..Mapping::default()
        };
        let subject = other.subject(text).unwrap();
        assert_eq!((subject.service.as_str(), subject.key.as_str(), subject.process), ("all", "a", None));
        assert_eq!(subject.target, Labels::from_pairs([("instance", "uuid-1")]));
        let missing = Mapping::default().subject("service_name=\"x\"").unwrap_err();
        assert!(missing.contains("aggregation_key") && missing.contains("--label.key"), "{missing}");
    }
}
