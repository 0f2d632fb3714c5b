//! Logs and our own metrics.
//!
//! Each module that counts something has a struct of metrics and registers it here under `hydrophone_…`; the metric
//! types are prometheus-client's, named in this one place.

use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Registry as Subscriber};

pub use prometheus_client::encoding::EncodeLabelSet;
pub use prometheus_client::metrics::counter::Counter;
pub use prometheus_client::metrics::family::Family;
pub use prometheus_client::metrics::gauge::Gauge;
pub use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
pub use prometheus_client::registry::{Registry, Unit};

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// One line a record: time, level, message, fields.
    #[default]
    Logfmt,
    /// One JSON object a record.
    Json,
}

/// Sets up logging to standard error for the whole process. `level` is debug, info, warn or error.
///
/// Our own records are written from `level` up, those of libraries from warn up. `errors` sees all records, whatever the
/// level: it is where the process collects its own errors.
pub fn init_logging(level: &str, format: LogFormat, errors: impl Layer<Subscriber> + Send + Sync) {
    // Colours are for terminals; in a file or a collector they are noise.
    let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(colours);
    let lines = match format {
        LogFormat::Logfmt => lines.with_target(false).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    let filter = EnvFilter::new(format!("warn,hydrophone={level}"));
    // A second call (a test that starts two servers in one process) keeps the first set-up.
    let _ = tracing_subscriber::registry().with(errors).with(lines.with_filter(filter)).try_init();
}

/// All registered metrics in OpenMetrics text, which Prometheus scrapes.
///
/// # Errors
/// When a metric can not be written as text, which is a programming error.
pub fn encode(registry: &Registry) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, registry)?;
    Ok(text)
}

/// An error and what caused it, in one line.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        words = format!("{words}: {cause}");
        next = cause.source();
    }
    words
}
