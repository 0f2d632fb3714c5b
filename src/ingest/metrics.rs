//! What ingest counts.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use super::batch::Brought;
use super::outage::Outage;
use crate::model::time::Timestamp;
use crate::store::{Outlook, Part, Sizes};
use crate::telemetry::{Counter, EncodeLabelSet, Family, Gauge, Histogram, Registry, exponential_buckets};

/// Ingest's metrics.
#[derive(Debug, Clone)]
pub struct Metrics {
    pub(super) commits: Counter,
    pub(super) commit_seconds: Histogram,
    pub(super) scrapes: Counter,
    pub(super) deltas: Counter,
    pub(super) events: Counter,
    pub(super) occurrences: Counter,
    pub(super) reopened: Counter,
    pub(super) unmuted: Counter,
    pub(super) sealed: Counter,
    pub(super) thinned_days: Counter,
    pub(super) thinned_occurrences: Counter,
    pub(super) dropped_days: Counter,
    pub(super) outages: Counter,
    pub(super) compactions: Counter,
    pub(super) given_back: Counter,
    sizes: Family<StoredPart, Gauge>,
    outlook: Arc<Mutex<Option<Outlook>>>,
    full: Gauge,
    held_scrapes: Gauge,
    held_bytes: Gauge,
    outage: Arc<Mutex<Option<Outage>>>,
    dropped: Family<Limit, Counter>,
    overflowed: Family<Service, Counter>,
    overflows: Arc<Mutex<BTreeMap<String, Overflow>>>,
}

/// A service with more errors than its limit allows.
#[derive(Debug, Clone)]
pub struct Overflow {
    /// Since when, or since this process runs.
    pub since: Timestamp,
    /// When it was seen last.
    pub last: Timestamp,
    /// Exceptions that were counted together because of it.
    pub exceptions: u64,
    /// The newest of the keys beyond the limit, at most 1,000.
    pub keys: VecDeque<String>,
}

/// Keys of a service beyond its limit that are kept to find a rule for them.
const OVERFLOWING_KEYS_MAX: usize = 1000;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Service {
    service: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StoredPart {
    part: &'static str,
}

/// Which limit cut what of which service.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Limit {
    service: String,
    what: &'static str,
}

impl Metrics {
    /// Registers them.
    pub fn new(registry: &mut Registry) -> Self {
        let metrics = Self {
            commits: Counter::default(),
            commit_seconds: Histogram::new(exponential_buckets(0.000_25, 2.0, 14)),
            scrapes: Counter::default(),
            deltas: Counter::default(),
            events: Counter::default(),
            occurrences: Counter::default(),
            reopened: Counter::default(),
            unmuted: Counter::default(),
            sealed: Counter::default(),
            thinned_days: Counter::default(),
            thinned_occurrences: Counter::default(),
            dropped_days: Counter::default(),
            outages: Counter::default(),
            compactions: Counter::default(),
            given_back: Counter::default(),
            sizes: Family::default(),
            outlook: Arc::default(),
            full: Gauge::default(),
            held_scrapes: Gauge::default(),
            held_bytes: Gauge::default(),
            outage: Arc::default(),
            dropped: Family::default(),
            overflowed: Family::default(),
            overflows: Arc::default(),
        };
        let mut add = |name: &str, help: &str, counter: &Counter| {
            registry.register(format!("hydrophone_ingest_{name}"), help.to_owned(), counter.clone());
        };
        add("commits", "Durable commits", &metrics.commits);
        add("scrapes", "Scrapes committed, good and bad", &metrics.scrapes);
        add("deltas", "Aggregates that moved at an instance", &metrics.deltas);
        add("exceptions", "Exceptions counted: the sum of all deltas", &metrics.events);
        add("occurrences", "Sampled occurrences stored", &metrics.occurrences);
        add("reopened", "Resolved aggregates that happened again", &metrics.reopened);
        add("unmuted", "Muted aggregates that are open because the time of their mute was over", &metrics.unmuted);
        add("sealed_windows", "Two-hour windows sealed", &metrics.sealed);
        add("thinned_days", "Days whose occurrences were thinned to keep within their size", &metrics.thinned_days);
        add(
            "thinned_occurrences",
            "Occurrences removed so, each with newer ones of its error",
            &metrics.thinned_occurrences,
        );
        add("dropped_days", "Days whose occurrences were removed to keep within their size", &metrics.dropped_days);
        add("outages", "Times that there was no room on the disk to write", &metrics.outages);
        metrics.register_space(registry);
        for (name, help, gauge) in [
            ("storage_full", "Whether there is no room on the disk to write", &metrics.full),
            ("ingest_held_scrapes", "Scrapes held in memory because there is no room to write", &metrics.held_scrapes),
            ("ingest_held_bytes", "Memory that they take, about", &metrics.held_bytes),
        ] {
            registry.register(format!("hydrophone_{name}"), help, gauge.clone());
        }
        registry.register(
            "hydrophone_ingest_commit_seconds",
            "Time to make a batch durable and visible",
            metrics.commit_seconds.clone(),
        );
        registry.register("hydrophone_limit_dropped", "What limits cut, by service and kind", metrics.dropped.clone());
        registry.register(
            "hydrophone_ingest_overflowed_exceptions",
            "Exceptions of errors beyond aggregate_limit, which are counted together",
            metrics.overflowed.clone(),
        );
        metrics
    }

    /// Notes what a scrape at `at` brought; whether the service just came to have too many errors.
    pub(super) fn bring(&self, service: &str, at: Timestamp, brought: Brought) -> bool {
        self.scrapes.inc();
        self.deltas.inc_by(brought.changes);
        self.events.inc_by(brought.delta);
        self.occurrences.inc_by(brought.occurrences);
        let dropped = brought.dropped;
        for (what, count) in [
            ("aggregates", dropped.aggregates),
            ("occurrences", dropped.occurrences),
            ("truncated", dropped.truncated),
            ("causes", dropped.causes),
        ] {
            if count > 0 {
                self.dropped.get_or_create(&Limit { service: service.to_owned(), what }).inc_by(count);
            }
        }
        if brought.overflowing.is_empty() {
            return false;
        }
        self.overflowed.get_or_create(&Service { service: service.to_owned() }).inc_by(brought.overflowed);
        let mut overflows = self.overflows.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = !overflows.contains_key(service);
        let overflow = overflows.entry(service.to_owned()).or_insert_with(|| Overflow {
            since: at,
            last: at,
            exceptions: 0,
            keys: VecDeque::new(),
        });
        overflow.last = overflow.last.max(at);
        overflow.exceptions = overflow.exceptions.saturating_add(brought.overflowed);
        overflow.keys.extend(brought.overflowing);
        let surplus = overflow.keys.len().saturating_sub(OVERFLOWING_KEYS_MAX);
        overflow.keys.drain(..surplus);
        fresh
    }

    fn register_space(&self, registry: &mut Registry) {
        registry.register(
            "hydrophone_storage_bytes",
            "Bytes on disk, by part; unused are pages of the database that hold nothing",
            self.sizes.clone(),
        );
        for (name, help, counter) in [
            ("compactions", "Times that the database was written anew without unused pages", &self.compactions),
            ("given_back_bytes", "Bytes that the file system got back so", &self.given_back),
        ] {
            registry.register(format!("hydrophone_storage_{name}"), help, counter.clone());
        }
    }

    /// Shows what each part takes on disk.
    pub(super) fn show_sizes(&self, sizes: &Sizes) {
        for part in Part::ALL {
            self.sizes.get_or_create(&StoredPart { part: part.name() }).set(sizes.of(part).cast_signed());
        }
    }

    /// Says how the data grows.
    pub(super) fn show_outlook(&self, outlook: Option<Outlook>) {
        *self.outlook.lock().unwrap_or_else(PoisonError::into_inner) = outlook;
    }

    /// How the data grows; `None` as long as that is not known.
    #[must_use]
    pub fn outlook(&self) -> Option<Outlook> {
        self.outlook.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Why nothing is written at present; `None` when everything is.
    #[must_use]
    pub fn outage(&self) -> Option<Outage> {
        self.outage.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn show_outage(&self, outage: Option<Outage>) {
        self.full.set(i64::from(outage.is_some()));
        let held = outage.as_ref().map_or((0, 0), |outage| (outage.held_scrapes, outage.held_bytes));
        self.held_scrapes.set(held.0.cast_signed());
        self.held_bytes.set(held.1.cast_signed());
        *self.outage.lock().unwrap_or_else(PoisonError::into_inner) = outage;
    }

    pub(super) fn update_outage(&self, update: impl FnOnce(&mut Outage)) {
        if let Some(mut outage) = self.outage() {
            update(&mut outage);
            self.show_outage(Some(outage));
        }
    }

    /// The services that had more errors than their limit allows since this process runs.
    #[must_use]
    pub fn overflows(&self) -> BTreeMap<String, Overflow> {
        self.overflows.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What was cut so far, by service and kind, for `/api/v1/status`.
    #[must_use]
    pub fn limits_hit(&self, services: &[String]) -> Vec<(String, &'static str, u64)> {
        let mut hit = Vec::new();
        for service in services {
            for what in ["aggregates", "occurrences", "truncated", "causes"] {
                let count =
                    self.dropped.get(&Limit { service: service.clone(), what }).map_or(0, |counter| counter.get());
                if count > 0 {
                    hit.push((service.clone(), what, count));
                }
            }
        }
        hit
    }
}
