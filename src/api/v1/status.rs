//! `/status` and `/config`

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{NoParameters, ask};
use super::shape::{self, Failure};
use crate::api::error::Error;
use crate::api::state::AppState;
use crate::config::{Config, Retention as Configured};
use crate::ingest;
use crate::key;
use crate::model::time::Millis;
use crate::search::Progress;
use crate::store::{Outlook, Statistics};

/// The routes about this server.
pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new().routes(routes!(status)).routes(routes!(config))
}

/// This server.
#[derive(Debug, Serialize, ToSchema)]
struct Status {
    /// Its version.
    #[schema(example = "0.1.0")]
    version: &'static str,
    /// The commit it was built from.
    revision: &'static str,
    /// When it started.
    #[schema(format = DateTime)]
    start_time: String,
    /// How long it has been running, in seconds.
    uptime_seconds: f64,
    /// Path of the configuration file.
    config_file: String,
    /// When the running configuration was loaded.
    #[schema(format = DateTime)]
    config_loaded_at: String,
    /// Whether the last reload succeeded; when not, an older configuration is running.
    config_reload_success: bool,
    /// Why the last reload failed; null when it did not.
    config_reload_error: Option<String>,
    /// Path of the data directory.
    data_path: String,
    /// Why nothing is written at present; null when everything is. Everything is answered meanwhile, but changes are refused.
    outage: Option<Outage>,
    /// What is stored.
    storage: Storage,
    /// The search index.
    search: Search,
    /// Backups of this server.
    backup: Backup,
    /// How long things are kept.
    retention: Retention,
    /// What limits cut since the start, by service and kind: `aggregates` that were counted together and `occurrences` that
    /// were not taken,
    /// `truncated` texts, `causes` beyond the depth. Services of which nothing was cut are not here.
    limits_hit: BTreeMap<String, BTreeMap<&'static str, u64>>,
    /// Services that had more errors than their `aggregate_limit` since the start: what is new there is counted together.
    overflows: Vec<OverflowedService>,
}

/// A service with more errors than its `aggregate_limit`.
#[derive(Debug, Serialize, ToSchema)]
struct OverflowedService {
    /// The service.
    service: String,
    /// Since when.
    #[schema(format = DateTime)]
    since: String,
    /// When an error beyond the limit was seen last.
    #[schema(format = DateTime)]
    last: String,
    /// Exceptions that were counted together because of it.
    exceptions: u64,
    /// Some of the newest keys beyond the limit.
    keys: Vec<String>,
    /// A rule that would help, when ids in keys are the reason.
    suggestion: Option<KeySuggestion>,
}

/// A rule for `key_rules`.
#[derive(Debug, Serialize, ToSchema)]
struct KeySuggestion {
    /// What to strip: of `numbers`, `uuids`, `hex` and `hash`.
    strip: Vec<&'static str>,
    /// Of how many of the newest keys that was found out.
    keys: usize,
    /// How many would be left of these.
    left: usize,
}

/// Keys that are shown of a service beyond its limit.
const KEYS_SHOWN: usize = 10;

/// There is no room on the disk. Scrapes are held in memory and written when there is.
#[derive(Debug, Serialize, ToSchema)]
struct Outage {
    /// Since when.
    #[schema(format = DateTime)]
    since: String,
    /// Why, for people.
    reason: String,
    /// Scrapes that are held in memory.
    held_scrapes: u64,
    /// About how many bytes they take.
    held_bytes: u64,
    /// How many they may take.
    held_bytes_max: u64,
    /// They take that much: targets are not asked until there is room. What they count meanwhile comes with the scrape after that.
    paused: bool,
}

/// What is stored.
#[derive(Debug, Serialize, ToSchema)]
struct Storage {
    /// Number of the last commit.
    commit: u64,
    /// What is before this moment is sealed into its final form; what is after it is in memory and in the log.
    #[schema(format = DateTime)]
    sealed_until: String,
    /// Errors.
    aggregates: u64,
    /// Targets that were ever scraped.
    targets: u64,
    /// Processes whose last counts are remembered.
    instances: u64,
    /// Those of them that were not seen for some minutes: their last counts are on disk only.
    resting_instances: u64,
    /// Last counts that are remembered, one for each process and error.
    baselines: u64,
    /// Counts that are not sealed yet.
    head_points: u64,
    /// Different stack traces.
    stacks: u64,
    /// Bytes of the database file on disk.
    database_bytes: u64,
    /// Bytes of the samples on disk.
    occurrence_bytes: u64,
    /// Days that have samples.
    occurrence_days: u64,
    /// Days of which samples were removed to save room, each with newer ones of its error.
    thinned_days: u64,
    /// Samples of those days that were removed.
    thinned_occurrences: u64,
    /// Pages of the database that are damaged, of those that were read since the start. What is in them is not read.
    damaged_pages: u64,
    /// How it grows; null before two windows of two hours are sealed. Looked at every two hours.
    growth: Option<Growth>,
}

/// How what is stored grows, and what becomes of that if all goes on as in the last week.
#[derive(Debug, Serialize, ToSchema)]
struct Growth {
    /// When it was looked at.
    #[schema(format = DateTime)]
    time: String,
    /// From when on what came in was looked at: a week before that, or less where there is less.
    #[schema(format = DateTime)]
    since: String,
    /// Each part.
    parts: Vec<GrowingPart>,
    /// Bytes that everything may take, `storage.retention.size`; null without a limit.
    limit_bytes: Option<u64>,
    /// When that limit makes the oldest go, which it may do already; null when it never does, or not within ten years.
    #[schema(format = DateTime)]
    limit_reached_at: Option<String>,
    /// Bytes that can still be written: free ones of the disk, and those of the database file that hold nothing. Null where the
    /// disk does not say.
    free_bytes: Option<u64>,
    /// When the disk is full; null when it never is, or not within ten years.
    #[schema(format = DateTime)]
    disk_full_at: Option<String>,
}

/// How a part of what is stored grows.
#[derive(Debug, Serialize, ToSchema)]
struct GrowingPart {
    /// `counts` by the second, `rollups` by the hour and the day, `samples`, the search `index`, `activity`, or `records` of services,
    /// targets, processes and errors.
    #[schema(example = "counts")]
    part: &'static str,
    /// Bytes that it takes on disk.
    bytes: u64,
    /// Bytes that it grows by in a day, after what goes because of its age; negative when more goes than comes.
    bytes_per_day: f64,
}

/// The search index, which follows what is stored.
#[derive(Debug, Serialize, ToSchema)]
struct Search {
    /// Every sample is found but those of the last second or two. False while the index is made anew or catches up after a
    /// start: searches then answer from what is indexed.
    complete: bool,
    /// How much of the stored samples is indexed, from 0 to 1.
    indexed_ratio: f64,
    /// Days whose index is incomplete.
    partitions_rebuilding: usize,
    /// Days that can be searched.
    partitions: usize,
    /// Samples that can be found.
    occurrences: u64,
}

/// Backups of this server since its start.
#[derive(Debug, Serialize, ToSchema)]
struct Backup {
    /// Whether one may be asked for over HTTP: `--web.enable-admin-api`.
    by_request: bool,
    /// One is being made.
    running: bool,
    /// Of when the last one is that was made; null when none was since the start.
    #[schema(format = DateTime)]
    last_success_time: Option<String>,
    /// Number of the last commit in it.
    last_success_commit: Option<u64>,
    /// Bytes that it copied, before compression.
    last_success_bytes: Option<u64>,
    /// How long it took.
    last_success_seconds: Option<f64>,
    /// When the last one failed; null when none did since the last success.
    #[schema(format = DateTime)]
    last_failure_time: Option<String>,
    /// Why.
    last_failure: Option<String>,
    /// Where backups go that are made by themselves; null when none are.
    directory: Option<String>,
    /// Time from one of them to the next.
    interval_seconds: Option<f64>,
    /// How many of them are kept.
    keep: Option<usize>,
}

/// How long things are kept, in seconds, and how much of them.
#[derive(Debug, Serialize, ToSchema)]
struct Retention {
    /// Counts and coverage.
    time_seconds: f64,
    /// Counts by the hour and the day.
    rollups_seconds: f64,
    /// Counts by target. Older counts stand under no target.
    targets_seconds: f64,
    /// Samples.
    occurrences_seconds: f64,
    /// Bytes of samples beyond which days are thinned.
    occurrences_bytes: u64,
    /// Who changed what.
    activity_seconds: f64,
}

/// The running configuration.
#[derive(Debug, Serialize, ToSchema)]
struct RunningConfig {
    /// The file as it was loaded, secrets hidden.
    yaml: String,
}

/// This server: what was built, what is configured, what is stored
#[utoipa::path(
    get, path = "/status", operation_id = "getStatus", tag = "server",
    responses((status = 200, description = "The server", body = Status), Failure)
)]
async fn status(State(state): State<Arc<AppState>>, _: NoParameters) -> Result<Json<Status>, Error> {
    let (now, statistics) = ask(&state, |context| Ok((context.now, context.view.statistics()))).await?;
    let config = Arc::clone(&state.config.borrow());
    Ok(Json(Status {
        version: state.build.version,
        revision: state.build.revision,
        start_time: shape::time(state.started),
        uptime_seconds: now.since(state.started).max(Millis(0)).as_seconds(),
        config_file: config.file.clone(),
        config_loaded_at: shape::time(config.loaded_at),
        config_reload_success: config.reload_error.is_none(),
        config_reload_error: config.reload_error.clone(),
        data_path: state.flags.data_path.clone(),
        outage: state.ingest.outage().map(Into::into),
        storage: Storage { growth: state.ingest.outlook().map(Into::into), ..statistics.into() },
        search: state.search.progress().into(),
        backup: backup(&state, &config.config),
        retention: (&config.config.storage.retention).into(),
        limits_hit: limits_hit(&state, &config.config),
        overflows: overflows(&state),
    }))
}

/// The running configuration, secrets hidden
#[utoipa::path(
    get, path = "/config", operation_id = "getConfig", tag = "server",
    responses((status = 200, description = "The configuration", body = RunningConfig), Failure)
)]
async fn config(State(state): State<Arc<AppState>>, _: NoParameters) -> Json<RunningConfig> {
    Json(RunningConfig { yaml: state.config.borrow().yaml.clone() })
}

fn backup(state: &AppState, config: &Config) -> Backup {
    let last = state.backups.last();
    let (success, configured) = (last.success.as_ref(), config.backup.as_ref());
    Backup {
        by_request: state.flags.enable_admin_api,
        running: state.backups.is_running(),
        last_success_time: success.map(|made| shape::time(made.time)),
        last_success_commit: success.map(|made| made.commit),
        last_success_bytes: success.map(|made| made.bytes),
        last_success_seconds: success.map(|made| made.seconds),
        last_failure_time: last.failure.as_ref().map(|(time, _)| shape::time(*time)),
        last_failure: last.failure.as_ref().map(|(_, why)| why.clone()),
        directory: configured.map(|backup| backup.directory.display().to_string()),
        interval_seconds: configured.map(|backup| backup.interval.as_seconds()),
        keep: configured.map(|backup| backup.keep),
    }
}

fn overflows(state: &AppState) -> Vec<OverflowedService> {
    let overflows = state.ingest.overflows().into_iter().map(|(service, overflow)| {
        let keys: Vec<String> = overflow.keys.into();
        OverflowedService {
            service,
            since: shape::time(overflow.since),
            last: shape::time(overflow.last),
            exceptions: overflow.exceptions,
            suggestion: key::suggest(&keys).map(|suggestion| KeySuggestion {
                strip: suggestion.strip.iter().map(|part| part.name()).collect(),
                keys: suggestion.keys,
                left: suggestion.left,
            }),
            keys: keys.into_iter().rev().take(KEYS_SHOWN).collect(),
        }
    });
    overflows.collect()
}

fn limits_hit(state: &AppState, config: &Config) -> BTreeMap<String, BTreeMap<&'static str, u64>> {
    let services: Vec<String> = config.services.iter().map(|service| service.name.clone()).collect();
    let mut hit: BTreeMap<String, BTreeMap<&'static str, u64>> = BTreeMap::new();
    for (service, what, count) in state.ingest.limits_hit(&services) {
        hit.entry(service).or_default().insert(what, count);
    }
    hit
}

impl From<ingest::Outage> for Outage {
    fn from(outage: ingest::Outage) -> Self {
        Self {
            since: shape::time(outage.since),
            reason: outage.reason,
            held_scrapes: outage.held_scrapes,
            held_bytes: outage.held_bytes,
            held_bytes_max: ingest::HELD_BYTES_MAX,
            paused: outage.paused,
        }
    }
}

impl From<Statistics> for Storage {
    fn from(statistics: Statistics) -> Self {
        Self {
            commit: statistics.commit,
            sealed_until: shape::time(statistics.sealed_until),
            aggregates: statistics.aggregates,
            targets: statistics.targets,
            instances: statistics.instances,
            resting_instances: statistics.resting_instances,
            baselines: statistics.baselines,
            head_points: statistics.head_points,
            stacks: statistics.stacks,
            database_bytes: statistics.database_bytes,
            occurrence_bytes: statistics.occurrence_bytes,
            occurrence_days: statistics.occurrence_days,
            thinned_days: statistics.thinned_days,
            thinned_occurrences: statistics.thinned_occurrences,
            damaged_pages: statistics.damaged_pages,
            growth: None,
        }
    }
}

impl From<Outlook> for Growth {
    fn from(outlook: Outlook) -> Self {
        let parts = outlook.parts.into_iter().map(|growth| GrowingPart {
            part: growth.part.name(),
            bytes: growth.bytes,
            bytes_per_day: growth.bytes_per_day,
        });
        Self {
            time: shape::time(outlook.at),
            since: shape::time(outlook.since),
            parts: parts.collect(),
            limit_bytes: outlook.limit,
            limit_reached_at: outlook.limit_reached.map(shape::time),
            free_bytes: outlook.free_bytes,
            disk_full_at: outlook.disk_full.map(shape::time),
        }
    }
}

impl From<Progress> for Search {
    fn from(progress: Progress) -> Self {
        Self {
            complete: progress.is_complete(),
            indexed_ratio: progress.fraction(),
            partitions_rebuilding: progress.rebuilding,
            partitions: progress.partitions,
            occurrences: progress.occurrences,
        }
    }
}

impl From<&Configured> for Retention {
    fn from(retention: &Configured) -> Self {
        Self {
            time_seconds: retention.time.as_seconds(),
            rollups_seconds: retention.rollups.as_seconds(),
            targets_seconds: retention.targets.as_seconds(),
            occurrences_seconds: retention.occurrences.as_seconds(),
            occurrences_bytes: retention.occurrence_bytes,
            activity_seconds: retention.activity.as_seconds(),
        }
    }
}
