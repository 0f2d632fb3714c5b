//! What scraping counts of itself. Labels are services and fixed words, so that there are never more series than the
//! configuration has services.

use crate::model::exposition::{Dropped, Exposition};
use crate::model::scrape::Scrape;
use crate::redact::Hits;
use crate::telemetry::{Counter, EncodeLabelSet, Family, Gauge, Histogram, Registry, exponential_buckets};

/// The metrics of this module.
#[derive(Debug)]
pub(super) struct Metrics {
    /// Targets that are being scraped.
    pub(super) targets: Gauge,
    /// Bodies that had to wait for memory.
    pub(super) body_waits: Counter,
    /// Scrapes that had to wait because ingest was behind.
    pub(super) queue_waits: Counter,
    /// Ticks that passed while the scrape before was still running.
    pub(super) skipped_ticks: Family<ServiceLabels, Counter>,
    scrapes: Family<OutcomeLabels, Counter>,
    durations: Family<ServiceLabels, Histogram>,
    body_bytes: Family<ServiceLabels, Counter>,
    aggregates: Family<ReadingLabels, Counter>,
    dropped: Family<DroppedLabels, Counter>,
    redacted: Family<RedactedLabels, Counter>,
    /// `aggregates` as Periskop names and labels it.
    errors_scrapped: Family<PeriskopLabels, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PeriskopLabels {
    service_name: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ServiceLabels {
    pub(super) service: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    service: String,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReadingLabels {
    service: String,
    reading: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RedactedLabels {
    service: String,
    kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DroppedLabels {
    service: String,
    unit: &'static str,
}

impl Metrics {
    /// Registers all of them.
    pub(super) fn new(registry: &mut Registry) -> Self {
        let metrics = Self {
            targets: Gauge::default(),
            body_waits: Counter::default(),
            queue_waits: Counter::default(),
            skipped_ticks: Family::default(),
            scrapes: Family::default(),
            // 5 ms to 41 s, around the default timeout of 10 s.
            durations: Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.005, 2.0, 14))),
            body_bytes: Family::default(),
            aggregates: Family::default(),
            dropped: Family::default(),
            redacted: Family::default(),
            errors_scrapped: Family::default(),
        };
        registry.register("hydrophone_scrape_targets", "Targets that are being scraped", metrics.targets.clone());
        registry.register(
            "hydrophone_scrape_body_waits",
            "Bodies that had to wait because others took all the memory there is for them",
            metrics.body_waits.clone(),
        );
        registry.register(
            "hydrophone_scrape_queue_waits",
            "Scrapes that had to wait because the queue to ingest was full",
            metrics.queue_waits.clone(),
        );
        registry.register(
            "hydrophone_scrape_skipped_ticks",
            "Scrapes that were left out because the one before was still running",
            metrics.skipped_ticks.clone(),
        );
        registry.register("hydrophone_scrapes", "Scrapes by what came of them", metrics.scrapes.clone());
        registry.register(
            "hydrophone_scrape_duration_seconds",
            "Time from connecting to the end of the body",
            metrics.durations.clone(),
        );
        registry.register(
            "hydrophone_scrape_body_bytes",
            "Bytes of bodies after decompression",
            metrics.body_bytes.clone(),
        );
        registry.register(
            "hydrophone_scrape_aggregates",
            "Aggregates in expositions by whether they were read or known to be unchanged",
            metrics.aggregates.clone(),
        );
        registry.register("hydrophone_scrape_dropped", "What the limits cut from expositions", metrics.dropped.clone());
        registry.register(
            "hydrophone_redacted",
            "Secrets hidden in expositions, by what gave them away; one that is exposed again counts again",
            metrics.redacted.clone(),
        );
        registry.register(
            "periskop_errors_scrapped",
            "Total number of errors scrapped",
            metrics.errors_scrapped.clone(),
        );
        metrics
    }

    /// Counts the secrets that were hidden in an exposition.
    pub(super) fn hid(&self, service: &str, hits: Hits) {
        for (kind, count) in hits.iter() {
            let labels = RedactedLabels { service: service.to_owned(), kind: kind.name() };
            self.redacted.get_or_create(&labels).inc_by(count);
        }
    }

    /// Counts a scrape that is done.
    pub(super) fn count(&self, scrape: &Scrape) {
        let service = || scrape.target.service.clone();
        let outcome = match &scrape.outcome {
            Ok(_) => "success",
            Err(failure) => failure.kind.name(),
        };
        self.scrapes.get_or_create(&OutcomeLabels { service: service(), outcome }).inc();
        self.durations.get_or_create(&ServiceLabels { service: service() }).observe(scrape.duration.as_seconds());
        self.body_bytes.get_or_create(&ServiceLabels { service: service() }).inc_by(scrape.body_bytes);
        let Ok(Exposition { aggregates, unchanged, dropped, .. }) = &scrape.outcome else { return };
        for (reading, count) in [("read", aggregates.len()), ("unchanged", *unchanged)] {
            self.aggregates.get_or_create(&ReadingLabels { service: service(), reading }).inc_by(count as u64);
        }
        let errors = (aggregates.len() + unchanged) as u64;
        self.errors_scrapped.get_or_create(&PeriskopLabels { service_name: service() }).inc_by(errors);
        let Dropped { aggregates, occurrences, truncated, causes } = *dropped;
        let units =
            [("aggregates", aggregates), ("occurrences", occurrences), ("texts", truncated), ("causes", causes)];
        for (unit, count) in units {
            if count > 0 {
                self.dropped.get_or_create(&DroppedLabels { service: service(), unit }).inc_by(count);
            }
        }
    }
}
