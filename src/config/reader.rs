//! Reads typed values from the tree, so that every error names file, line, column and the way to the key.

use std::cell::RefCell;
use std::fmt::Display;
use std::path::{Path, PathBuf};

use super::secret::{hide_login, hide_login_in_name};
use super::tree::{Key, Node, Place, Value};
use super::{Error, Named};
use crate::model::label::Labels;
use crate::model::time::Millis;

type Result<T> = std::result::Result<T, Error>;

/// Bytes as they are written in files and flags: `1048576`, `1MB` or `1MiB`, which are the same, as in Prometheus.
#[must_use]
pub fn parse_size(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let shift = match unit.trim() {
        "" | "B" => 0,
        "KB" | "KiB" => 10,
        "MB" | "MiB" => 20,
        "GB" | "GiB" => 30,
        "TB" | "TiB" => 40,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(1 << shift)
}

/// The file that is being read, and what came up on the way.
pub(super) struct Source<'a> {
    pub(super) name: &'a str,
    /// What relative paths in it are relative to.
    directory: &'a Path,
    pub(super) warnings: RefCell<Vec<String>>,
    pub(super) files: RefCell<Named>,
}

impl<'a> Source<'a> {
    pub(super) fn new(name: &'a str) -> Self {
        let directory = Path::new(name).parent().unwrap_or(Path::new(""));
        Self { name, directory, warnings: RefCell::default(), files: RefCell::default() }
    }

    pub(super) fn error(&self, place: Place, path: &str, what: impl Display) -> Error {
        Error {
            file: self.name.to_owned(),
            line: place.line,
            column: place.column,
            path: path.to_owned(),
            what: what.to_string(),
        }
    }

    pub(super) fn warn(&self, place: Place, path: &str, what: impl Display) {
        let warning = self.error(place, path, what).to_string();
        self.warnings.borrow_mut().push(warning);
    }
}

/// A value and the way to it.
#[derive(Clone)]
pub(super) struct Field<'a> {
    pub(super) source: &'a Source<'a>,
    path: String,
    node: &'a Node,
}

impl<'a> Field<'a> {
    pub(super) fn root(source: &'a Source<'a>, node: &'a Node) -> Self {
        Self { source, path: String::new(), node }
    }

    pub(super) fn error(&self, what: impl Display) -> Error {
        self.source.error(self.node.place, &self.path, what)
    }

    /// An error about a key of this mapping, which the message must not name.
    pub(super) fn error_at(&self, key: &Key, what: impl Display) -> Error {
        self.source.error(key.place, &self.path, what)
    }

    pub(super) fn warn(&self, what: impl Display) {
        self.source.warn(self.node.place, &self.path, what);
    }

    /// The way to it, `services[0].name`.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn place(&self) -> Place {
        self.node.place
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self.node.value, Value::Null)
    }

    /// Any text; numbers and flags are taken as they are written.
    pub(super) fn text(&self) -> Result<&'a str> {
        match &self.node.value {
            Value::Plain(text) | Value::Text(text) => Ok(text),
            other => Err(self.error(format!("must be a text, not {}", kind(other)))),
        }
    }

    pub(super) fn string(&self) -> Result<String> {
        self.text().map(str::to_owned)
    }

    /// A text that is not empty.
    pub(super) fn name(&self) -> Result<String> {
        match self.text()? {
            "" => Err(self.error("must not be empty")),
            text => Ok(text.to_owned()),
        }
    }

    pub(super) fn flag(&self) -> Result<bool> {
        match self.text()?.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" => Ok(true),
            "false" | "no" | "off" => Ok(false),
            other => Err(self.error(format!("must be true or false, not {:?}", hide_login(other)))),
        }
    }

    pub(super) fn number(&self) -> Result<u64> {
        let text = self.text()?;
        text.parse().map_err(|_| self.error(format!("must be a whole number, not {:?}", hide_login(text))))
    }

    /// A whole number of at least 1.
    pub(super) fn count(&self) -> Result<usize> {
        match usize::try_from(self.number()?) {
            Ok(0) => Err(self.error("must be at least 1; nothing here is without a limit")),
            Ok(count) => Ok(count),
            Err(_) => Err(self.error("is too large")),
        }
    }

    /// Bytes, at least 1: `1048576`, `1MB` or `1MiB`, which are the same, as in Prometheus.
    pub(super) fn size(&self) -> Result<u64> {
        let text = self.text()?;
        match parse_size(text) {
            Some(0) => Err(self.error("must be at least 1; nothing here is without a limit")),
            Some(size) => Ok(size),
            None => Err(self.error(format!("must be a size such as 64MiB, not {:?}", hide_login(text)))),
        }
    }

    /// A size that memory can hold.
    pub(super) fn memory(&self) -> Result<usize> {
        usize::try_from(self.size()?).map_err(|_| self.error("is too large"))
    }

    /// A duration longer than nothing, as Prometheus writes it.
    pub(super) fn duration(&self) -> Result<Millis> {
        let text = self.text()?;
        let wrong = || self.error(format!("must be a duration such as 30s or 1h30m, not {:?}", hide_login(text)));
        self.positive(Millis::parse(text).ok_or_else(wrong)?)
    }

    /// A duration longer than nothing, as Prometheus or Go writes it (`1.5s`): Periskop's keys are Go's durations.
    pub(super) fn go_duration(&self) -> Result<Millis> {
        match go_duration(self.text()?) {
            Some(length) => self.positive(length),
            None => self.duration(),
        }
    }

    /// The same, but `None` for a duration of nothing.
    pub(super) fn go_duration_or_none(&self) -> Result<Option<Millis>> {
        match go_duration(self.text()?) {
            Some(Millis(0)) => Ok(None),
            // Go writes nothing without a unit, too.
            None if self.text()? == "0" => Ok(None),
            _ => self.go_duration().map(Some),
        }
    }

    fn positive(&self, length: Millis) -> Result<Millis> {
        if length > Millis(0) { Ok(length) } else { Err(self.error("must be longer than 0s")) }
    }

    /// One of some words, in any case.
    pub(super) fn word<T: Copy>(&self, words: &[(&str, T)]) -> Result<T> {
        let text = self.text()?;
        if let Some((_, value)) = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)) {
            return Ok(*value);
        }
        let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        Err(self.error(format!("must be one of {}, not {:?}", words.join(", "), hide_login(text))))
    }

    /// A path, relative to the directory of the configuration file.
    pub(super) fn relative_path(&self) -> Result<PathBuf> {
        Ok(self.source.directory.join(self.name()?))
    }

    /// A path of a file that must be readable when the configuration is loaded.
    pub(super) fn file(&self) -> Result<PathBuf> {
        // A name that can not be read is told, and a key in its place must not be.
        if self.text()?.contains("-----BEGIN") {
            return Err(self.error("must name a file, not hold its content"));
        }
        let path = self.relative_path()?;
        self.source.files.borrow_mut().push((path.clone(), self.error("")));
        Ok(path)
    }

    /// The elements of a list; none where there is nothing.
    pub(super) fn list(&self) -> Result<Vec<Self>> {
        match &self.node.value {
            Value::Null => Ok(Vec::new()),
            Value::List(items) => Ok(items
                .iter()
                .enumerate()
                .map(|(index, node)| Self { source: self.source, path: format!("{}[{index}]", self.path), node })
                .collect()),
            other => Err(self.error(format!("must be a list, not {}", kind(other)))),
        }
    }

    /// A list of texts.
    pub(super) fn texts(&self) -> Result<Vec<String>> {
        self.list()?.iter().map(Self::string).collect()
    }

    /// The entries of a mapping whose keys are the user's own; none where there is nothing.
    pub(super) fn entries(&self) -> Result<Vec<(&'a Key, Self)>> {
        match &self.node.value {
            Value::Null => Ok(Vec::new()),
            Value::Map(entries) => Ok(entries.iter().map(|(key, node)| (key, self.below(&key.name, node))).collect()),
            other => Err(self.error(format!("must be a mapping, not {}", kind(other)))),
        }
    }

    /// Labels: any names but an empty one, as in Prometheus 3.
    pub(super) fn labels(&self) -> Result<Labels> {
        let mut labels = Labels::default();
        for (key, value) in self.entries()? {
            if key.name.is_empty() {
                return Err(self.source.error(key.place, &self.path, "a label's name must not be empty"));
            }
            labels.set(key.name.as_str(), value.text()?);
        }
        Ok(labels)
    }

    /// A mapping in which only `keys` may stand.
    pub(super) fn section(&self, keys: &[&[&str]]) -> Result<Section<'a>> {
        for (key, value) in self.entries()? {
            if !keys.iter().any(|keys| keys.contains(&key.name.as_str())) {
                // What looks like no key may be a header or a URL that slipped into its place.
                let is_key = key.name.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c));
                let path = if is_key { value.path() } else { self.path() };
                return Err(self.source.error(key.place, path, unknown(&key.name, keys)));
            }
        }
        Ok(Section { field: self.clone() })
    }

    fn below(&self, name: &str, node: &'a Node) -> Self {
        let name = hide_login_in_name(name);
        let path = if self.path.is_empty() { name } else { format!("{}.{name}", self.path) };
        Self { source: self.source, path, node }
    }
}

/// A mapping whose keys are known.
pub(super) struct Section<'a> {
    field: Field<'a>,
}

impl<'a> Section<'a> {
    /// The value of `key`; `None` where it is absent or null.
    pub(super) fn get(&self, key: &str) -> Option<Field<'a>> {
        self.given(key).filter(|field| !field.is_null())
    }

    /// The value of `key`, null or not.
    pub(super) fn given(&self, key: &str) -> Option<Field<'a>> {
        let Value::Map(entries) = &self.field.node.value else { return None };
        let (key, node) = entries.iter().find(|(have, _)| have.name == key)?;
        Some(self.field.below(&key.name, node))
    }

    /// What `read` makes of `key`, or `default` where it is absent.
    pub(super) fn read<T>(&self, key: &str, default: T, read: impl FnOnce(&Field<'a>) -> Result<T>) -> Result<T> {
        self.get(key).map_or(Ok(default), |field| read(&field))
    }

    /// What `read` makes of `key`, which must be there.
    pub(super) fn require<T>(&self, key: &str, read: impl FnOnce(&Field<'a>) -> Result<T>) -> Result<T> {
        match self.get(key) {
            Some(field) => read(&field),
            None => Err(self.error(format!("{key} is missing"))),
        }
    }

    /// An error at the second key when both are there: they say one thing twice.
    pub(super) fn exclude(&self, first: &str, second: &str) -> Result<()> {
        match (self.get(first), self.get(second)) {
            (Some(_), Some(field)) => Err(field.error(format!("can not be set together with {first}"))),
            _ => Ok(()),
        }
    }

    pub(super) fn error(&self, what: impl Display) -> Error {
        self.field.error(what)
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Plain(_) | Value::Text(_) => "a text",
        Value::List(_) => "a list",
        Value::Map(_) => "a mapping",
    }
}

/// Names the key that was probably meant, or all that there are.
fn unknown(name: &str, keys: &[&[&str]]) -> String {
    let known = || keys.iter().flat_map(|keys| keys.iter().copied());
    let near_max = (name.len() / 3).min(2);
    if let Some(near) = known().filter(|key| distance(key, name) <= near_max).min_by_key(|key| distance(key, name)) {
        return format!("unknown key; did you mean {near}?");
    }
    if name.ends_with("_sd_configs") {
        let mechanisms: Vec<&str> =
            known().filter(|key| key.ends_with("_configs") && *key != "relabel_configs").collect();
        if !mechanisms.is_empty() {
            return format!("no such discovery mechanism; there are {}", mechanisms.join(", "));
        }
    }
    format!("unknown key; known here are {}", known().collect::<Vec<_>>().join(", "))
}

/// Edits (insert, remove, replace a byte) from `a` to `b`.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut last = i + 1;
        let mut next = vec![last];
        for (y, pair) in b.bytes().zip(row.windows(2)) {
            let (diagonal, above) = (pair.first().copied().unwrap_or(0), pair.last().copied().unwrap_or(0));
            last = (diagonal + usize::from(x != y)).min(above + 1).min(last + 1);
            next.push(last);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

/// Go's notation: numbers with a fraction and a unit, added up. `None` for anything else, a bare number too.
fn go_duration(text: &str) -> Option<Millis> {
    let (mut rest, mut millis) = (text, 0.0);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').filter(|at| *at > 0)?;
        let (number, after) = rest.split_at(digits);
        let letters = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, next) = after.split_at(letters);
        let scale = match unit {
            "ns" => 1e-6,
            "us" | "µs" | "μs" => 1e-3,
            "ms" => 1.0,
            "s" => 1e3,
            "m" => 60e3,
            "h" => 3600e3,
            _ => return None,
        };
        millis += number.parse::<f64>().ok()? * scale;
        rest = next;
    }
    // 292 years, Go's own bound; less than a millisecond is one.
    let rounded = if millis > 0.0 { millis.round().max(1.0) } else { 0.0 };
    (!text.is_empty() && rounded < 9.2e12).then_some(Millis(rounded as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_of_go_are_read() {
        for (text, millis) in [
            ("10s", Some(10_000)),
            ("1.5s", Some(1500)),
            ("1h0m30s", Some(3_630_000)),
            ("100us", Some(1)),
            (".5m", Some(30_000)),
            ("10", None),
            ("", None),
            ("1d", None),
            ("s", None),
            ("1e9h", None),
            ("9999999999h", None),
        ] {
            assert_eq!(go_duration(text), millis.map(Millis), "{text}");
        }
    }

    #[test]
    fn the_key_that_was_meant_is_near() {
        assert_eq!(distance("interval", "intervall"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(
            unknown("scrape_intervall", &[&["name", "scrape_interval"]]),
            "unknown key; did you mean scrape_interval?"
        );
        assert_eq!(unknown("foo", &[&["name"], &["scheme"]]), "unknown key; known here are name, scheme");
        assert_eq!(
            unknown("consul_sd_configs", &[&["name", "static_configs", "dns_sd_configs", "relabel_configs"]]),
            "no such discovery mechanism; there are static_configs, dns_sd_configs"
        );
    }
}
