//! `GET /metrics`: our own metrics, Periskop's metrics under its names, and the process's.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use super::error::Error;
use super::metrics_text::{Format, Kind, Text};
use super::process::Process;
use super::state::AppState;
use crate::model::time::Timestamp;
use crate::store::{Outlook, View};
use crate::telemetry;

/// Series of `periskop_error_occurrences` that are shown, those seen last. Periskop shows all that ever were, per
/// process at that, and a Prometheus drowns in them (reference: its defect C); ten thousand are 1.5 MB a scrape.
const SERIES_MAX: usize = 10_000;

/// `GET /metrics`.
pub(super) async fn metrics(State(state): State<Arc<AppState>>, headers: HeaderMap) -> Result<Response, Error> {
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let format = Format::of(accept);
    let text = state.read(move |state| text(state, format)).await?;
    Ok(([(CONTENT_TYPE, format.content_type())], text).into_response())
}

fn text(state: &AppState, format: Format) -> Result<String, Error> {
    let mut text = Text::new(format);
    let encoded = telemetry::encode(&state.registry)
        .map_err(|error| Error::internal(format!("a metric can not be written as text: {error}")))?;
    text.append_open_metrics(&encoded);
    about(state, &mut text);
    growth(state.ingest.outlook().as_ref(), &mut text);
    instances(state, &mut text);
    process(state, &mut text);
    match state.store.view() {
        Ok(view) => occurrences(&view, &mut text, SERIES_MAX),
        // The other metrics are wanted most when the store fails.
        Err(error) => tracing::error!(%error, "can not read the store for /metrics"),
    }
    Ok(text.finish())
}

fn about(state: &AppState, text: &mut Text) {
    let name = "hydrophone_build_info";
    text.family(name, Kind::Gauge, "Always 1; its labels say what is running.");
    text.sample(name, &[("version", state.build.version), ("revision", state.build.revision)], 1.0);
    let name = "hydrophone_own_errors_total";
    text.single(name, Kind::Counter, "Errors of this process, as shown at /errors.", Some(state.errors.total() as f64));
    let name = "hydrophone_storage_damaged_pages";
    let help =
        "Pages of the database that are damaged, of those that were read since the start. What is in them is not read.";
    text.single(name, Kind::Gauge, help, Some(state.store.damaged_pages() as f64));
    let config = state.config.borrow();
    let name = "hydrophone_config_last_reload_successful";
    let success = f64::from(u8::from(config.reload_error.is_none()));
    text.single(name, Kind::Gauge, "Whether the last reload of the configuration succeeded.", Some(success));
    let name = "hydrophone_config_last_reload_success_timestamp_seconds";
    let at = config.loaded_at.0 as f64 / 1000.0;
    text.single(name, Kind::Gauge, "When the running configuration was loaded.", Some(at));
}

/// How the data grows. What is not known, or never happens, is left out: an alert on it does not fire then.
fn growth(outlook: Option<&Outlook>, text: &mut Text) {
    let Some(outlook) = outlook else { return };
    let name = "hydrophone_storage_growth_bytes_per_second";
    text.family(name, Kind::Gauge, "Bytes on disk that each part grows by, after what goes because of its age.");
    for growth in &outlook.parts {
        text.sample(name, &[("part", growth.part.name())], growth.bytes_per_day / 86_400.0);
    }
    let seconds = |time: Option<Timestamp>| time.map(|time| time.0 as f64 / 1000.0);
    let name = "hydrophone_storage_limit_reached_timestamp_seconds";
    let help =
        "When storage.retention.size makes the oldest go, if all goes on as in the last week; missing when never.";
    text.single(name, Kind::Gauge, help, seconds(outlook.limit_reached));
    let name = "hydrophone_storage_disk_full_timestamp_seconds";
    let help = "When the disk is full, if all goes on as in the last week; missing when never.";
    text.single(name, Kind::Gauge, help, seconds(outlook.disk_full));
}

fn instances(state: &AppState, text: &mut Text) {
    let name = "periskop_instances_scrapped";
    text.family(name, Kind::Gauge, "Number of instances scrapped.");
    for service in state.targets.borrow().iter() {
        text.sample(name, &[("service_name", &service.service)], service.active.len() as f64);
    }
}

fn process(state: &AppState, text: &mut Text) {
    let process = Process::now();
    let number = |value: Option<u64>| value.map(|value| value as f64);
    let started = state.started.0 as f64 / 1000.0;
    for (name, kind, help, value) in [
        (
            "process_cpu_seconds_total",
            Kind::Counter,
            "User and system CPU time spent, in seconds.",
            process.cpu_seconds,
        ),
        ("process_resident_memory_bytes", Kind::Gauge, "Resident memory.", number(process.resident_bytes)),
        ("process_resident_memory_max_bytes", Kind::Gauge, "Peak resident memory.", number(process.resident_bytes_max)),
        ("process_virtual_memory_bytes", Kind::Gauge, "Virtual memory.", number(process.virtual_bytes)),
        ("process_threads", Kind::Gauge, "Threads.", number(process.threads)),
        ("process_open_fds", Kind::Gauge, "Open file descriptors.", number(process.open_fds)),
        ("process_max_fds", Kind::Gauge, "Maximum number of open file descriptors.", number(process.max_fds)),
        ("process_start_time_seconds", Kind::Gauge, "When the process started, since 1970.", Some(started)),
    ] {
        text.single(name, kind, help, value);
    }
}

/// Periskop's counter of each error, from the stored totals: it goes on where it was after a restart.
fn occurrences(view: &View<'_>, text: &mut Text, series_max: usize) {
    let mut shown: Vec<_> = view.aggregates().iter().collect();
    let omitted = shown.len().saturating_sub(series_max);
    if omitted > 0 {
        shown.select_nth_unstable_by_key(series_max, |aggregate| std::cmp::Reverse(aggregate.last_seen));
        shown.truncate(series_max);
        shown.sort_unstable_by_key(|aggregate| aggregate.id);
    }
    let name = "periskop_error_occurrences";
    text.family(name, Kind::Counter, "Number of occurrences per service, error type and severity.");
    for aggregate in shown {
        let service = view.services().get(aggregate.service.0 as usize).map_or("", |service| service.name.as_str());
        let severity = aggregate.severity.name();
        let labels = [("service_name", service), ("severity", severity), ("aggregation_key", aggregate.key.as_str())];
        text.sample(name, &labels, aggregate.total as f64);
    }
    let name = "hydrophone_error_occurrences_series_omitted";
    let help = "Errors not shown in periskop_error_occurrences, because it shows only those seen last.";
    text.single(name, Kind::Gauge, help, Some(omitted as f64));
}
