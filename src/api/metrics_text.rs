//! Writing metrics as text: OpenMetrics 1.0, or the older Prometheus text format for clients that do not ask for it.

use std::fmt::Write as _;

/// Which text format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// Prometheus text format 0.0.4.
    Prometheus,
}

/// What a family of metrics is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Only grows. OpenMetrics wants `_total` at the end of its name; one without it is written there as `unknown`.
    Counter,
    /// Goes up and down.
    Gauge,
}

/// Metrics as text, family by family.
#[derive(Debug)]
pub(super) struct Text {
    format: Format,
    out: String,
}

impl Format {
    /// The format for a client with this `Accept` header.
    pub(super) fn of(accept: &str) -> Self {
        let wanted = accept.split(',').any(|range| {
            let mut parts = range.split(';').map(str::trim);
            let open = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("application/openmetrics-text"));
            open && parts.all(|parameter| parameter != "q=0")
        });
        if wanted { Self::OpenMetrics } else { Self::Prometheus }
    }

    /// The `Content-Type`.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

impl Text {
    /// Nothing yet.
    pub(super) fn new(format: Format) -> Self {
        Self { format, out: String::new() }
    }

    /// Appends what a registry has encoded as OpenMetrics, `# EOF` or not.
    pub(super) fn append_open_metrics(&mut self, text: &str) {
        let mut help: Option<(&str, &str)> = None;
        for line in text.lines() {
            if line == "# EOF" {
                continue;
            }
            if self.format == Format::OpenMetrics {
                self.line(format_args!("{line}"));
            } else if let Some(rest) = line.strip_prefix("# HELP ") {
                help = rest.split_once(' ');
            } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
                // Here a counter's family has the same name as its samples.
                let (suffix, kind) = match kind {
                    "counter" => ("_total", "counter"),
                    "info" => ("_info", "gauge"),
                    "unknown" => ("", "untyped"),
                    other => ("", other),
                };
                if let Some((_, words)) = help.take().filter(|(of, _)| *of == name) {
                    self.line(format_args!("# HELP {name}{suffix} {words}"));
                }
                self.line(format_args!("# TYPE {name}{suffix} {kind}"));
            } else if !line.starts_with('#') {
                self.line(format_args!("{line}"));
            }
        }
    }

    /// Begins a family; `name` is the name of its samples, and `help` one line.
    pub(super) fn family(&mut self, name: &str, kind: Kind, help: &str) {
        let (family, kind) = match (self.format, kind) {
            (_, Kind::Gauge) => (name, "gauge"),
            (Format::Prometheus, Kind::Counter) => (name, "counter"),
            (Format::OpenMetrics, Kind::Counter) => match name.strip_suffix("_total") {
                Some(family) => (family, "counter"),
                None => (name, "unknown"),
            },
        };
        self.line(format_args!("# HELP {family} {help}"));
        self.line(format_args!("# TYPE {family} {kind}"));
    }

    /// One sample of the family begun last.
    pub(super) fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        self.out.push_str(name);
        for (index, (label, value)) in labels.iter().enumerate() {
            self.out.push_str(if index == 0 { "{" } else { "," });
            self.out.push_str(label);
            self.out.push_str("=\"");
            self.escape(value);
            self.out.push('"');
        }
        if !labels.is_empty() {
            self.out.push('}');
        }
        self.line(format_args!(" {value}"));
    }

    /// A family of one sample; nothing where there is no value.
    pub(super) fn single(&mut self, name: &str, kind: Kind, help: &str, value: Option<f64>) {
        if let Some(value) = value {
            self.family(name, kind, help);
            self.sample(name, &[], value);
        }
    }

    /// The whole text.
    pub(super) fn finish(mut self) -> String {
        if self.format == Format::OpenMetrics {
            self.out.push_str("# EOF\n");
        }
        self.out
    }

    fn escape(&mut self, value: &str) {
        for c in value.chars() {
            match c {
                '\\' => self.out.push_str("\\\\"),
                '"' => self.out.push_str("\\\""),
                '\n' => self.out.push_str("\\n"),
                c => self.out.push(c),
            }
        }
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = writeln!(self.out, "{line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::{self, Counter, Gauge, Registry};

    fn both(write: impl Fn(&mut Text)) -> (String, String) {
        let text = |format| {
            let mut text = Text::new(format);
            write(&mut text);
            text.finish()
        };
        (text(Format::OpenMetrics), text(Format::Prometheus))
    }

    #[test]
    fn open_metrics_is_for_who_asks_for_it() {
        for (accept, expect) in [
            ("", Format::Prometheus),
            ("*/*", Format::Prometheus),
            ("text/plain;version=0.0.4", Format::Prometheus),
            ("application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.3", Format::OpenMetrics),
            ("application/openmetrics-text;q=0, text/plain", Format::Prometheus),
            ("application/openmetrics-textual", Format::Prometheus),
        ] {
            assert_eq!(Format::of(accept), expect, "{accept}");
        }
    }

    #[test]
    fn a_counter_is_named_as_each_format_wants_it() {
        let (open, prometheus) = both(|text| {
            text.family("a_total", Kind::Counter, "Help.");
            text.sample("a_total", &[("x", "1\"\\\n"), ("y", "2")], 3.0);
            text.family("b", Kind::Counter, "Help.");
            text.sample("b", &[], 4.5);
        });
        let sample = "a_total{x=\"1\\\"\\\\\\n\",y=\"2\"} 3\n";
        let open_expect =
            format!("# HELP a Help.\n# TYPE a counter\n{sample}# HELP b Help.\n# TYPE b unknown\nb 4.5\n# EOF\n");
        assert_eq!(open, open_expect);
        let expect =
            format!("# HELP a_total Help.\n# TYPE a_total counter\n{sample}# HELP b Help.\n# TYPE b counter\nb 4.5\n");
        assert_eq!(prometheus, expect);
    }

    #[test]
    fn a_registry_is_translated() {
        let mut registry = Registry::default();
        let counter: Counter = Counter::default();
        let gauge: Gauge = Gauge::default();
        registry.register("c", "Counts", counter.clone());
        registry.register("g", "Is", gauge.clone());
        counter.inc();
        let encoded = telemetry::encode(&registry).unwrap();
        let (open, prometheus) = both(|text| text.append_open_metrics(&encoded));
        assert_eq!(open, encoded);
        let expect = "# HELP c_total Counts.\n# TYPE c_total counter\nc_total 1\n# HELP g Is.\n# TYPE g gauge\ng 0\n";
        assert_eq!(prometheus, expect);
    }
}
