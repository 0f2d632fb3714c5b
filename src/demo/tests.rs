//! The fleet as a whole: repeatable, consistent with itself, and true to what its clients do.

use std::collections::BTreeMap;

use serde_json::Value;

use super::catalog::Language;
use super::exposition::aggregate;
use super::schedule;
use super::service::SERVICES;
use super::slot::State;
use super::story::{DAY, HOUR, MINUTE};
use super::*;
use crate::model::exposition::ExposedAggregate;
use crate::model::occurrence::{Cause, Exception, HttpContext, Occurrence, Stack};
use crate::model::scrape::{Event, FailureKind};
use crate::model::severity::Severity;
use crate::model::time::{Millis, Timestamp};

const NOW: Timestamp = Timestamp(1_795_168_800_000);

fn bodies(fleet: &Fleet) -> Vec<Option<Body>> {
    (0..fleet.len()).map(|slot| fleet.body(slot)).collect()
}

#[test]
fn the_same_seed_and_time_give_the_same_bytes() {
    let fleet = |seed| {
        let mut fleet = Fleet::aged(seed, NOW, Millis(6 * HOUR));
        fleet.advance(NOW);
        fleet
    };
    assert_eq!(bodies(&fleet(7)), bodies(&fleet(7)));
    assert_ne!(bodies(&fleet(7)), bodies(&fleet(8)));
}

#[test]
fn it_does_not_matter_in_which_steps_time_passes() {
    let (mut once, mut often) = (Fleet::aged(3, NOW, Millis(HOUR)), Fleet::aged(3, NOW, Millis(HOUR)));
    let until = NOW.plus(Millis(11 * MINUTE + 123));
    once.advance(until);
    let mut at = often.time();
    while at < until {
        at = at.plus(Millis(7_919)).min(until);
        often.advance(at);
    }
    assert_eq!(once.thrown(), often.thrown());
    assert_eq!(bodies(&once), bodies(&often));
    assert_eq!(once.target_files(), often.target_files());
}

#[test]
fn the_fleet_has_its_size_and_labels() {
    let fleet = Fleet::new(1, NOW);
    assert!((36..=48).contains(&fleet.len()));
    assert_eq!(SERVICES.len(), 12);
    for slot in &fleet.slots {
        let target = slot.target.as_ref().unwrap();
        for label in ["instance", "team", "version", "zone"] {
            assert!(target.labels.get(label).is_some(), "{label}");
        }
    }
}

/// What a client's body says, as scraping would understand it, by aggregation key. Written apart from the code under
/// test: from the schema.
fn read(body: &Body) -> (String, BTreeMap<String, ExposedAggregate>) {
    let body: Value = serde_json::from_str(&body.text).unwrap();
    let mut aggregates = BTreeMap::new();
    for aggregate in body["aggregated_errors"].as_array().unwrap() {
        let samples = aggregate["latest_errors"].as_array().unwrap();
        let key = aggregate["aggregation_key"].as_str().unwrap().to_owned();
        let exposed = ExposedAggregate {
            key: key.clone(),
            total_count: aggregate["total_count"].as_u64().unwrap(),
            severity: Severity::from_wire(aggregate["severity"].as_str().unwrap()),
            created_at: aggregate.get("created_at").map(|time| instant(time).unwrap()),
            occurrences: Some(samples.iter().map(read_sample).collect()),
            ..ExposedAggregate::default()
        };
        assert!(aggregates.insert(key, exposed).is_none(), "a key twice");
    }
    (body["target_uuid"].as_str().unwrap().to_owned(), aggregates)
}

fn instant(time: &Value) -> Option<Timestamp> {
    Timestamp::parse_rfc3339(time.as_str()?)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn stack(value: &Value) -> Option<std::sync::Arc<Stack>> {
    let frames = value.as_array()?.iter().map(text).collect();
    Some(std::sync::Arc::new(Stack { frames }))
}

fn read_sample(sample: &Value) -> Occurrence {
    let error = &sample["error"];
    let mut causes = Vec::new();
    let mut cause = &error["cause"];
    while cause.is_object() {
        causes.push(Cause {
            class: text(&cause["class"]),
            message: text(&cause["message"]),
            stack: stack(&cause["stacktrace"]),
        });
        cause = &cause["cause"];
    }
    let http = &sample["http_context"];
    let headers = http["request_headers"]
        .as_object()
        .map(|headers| headers.iter().map(|(name, value)| (name.clone(), text(value))).collect());
    Occurrence {
        uuid: text(&sample["uuid"]),
        timestamp: instant(&sample["timestamp"]),
        severity: Severity::from_wire(sample["severity"].as_str().unwrap()),
        exception: Exception {
            class: text(&error["class"]),
            message: text(&error["message"]),
            stack: stack(&error["stacktrace"]),
            causes,
        },
        http: http.is_object().then(|| HttpContext {
            method: text(&http["request_method"]),
            url: text(&http["request_url"]),
            headers,
            body: http["request_body"].as_str().map(str::to_owned),
        }),
    }
}

/// `serde_json` sorts headers by name.
fn sorted(mut aggregate: ExposedAggregate) -> ExposedAggregate {
    for occurrence in aggregate.occurrences.iter_mut().flatten() {
        if let Some(headers) = occurrence.http.as_mut().and_then(|http| http.headers.as_mut()) {
            headers.sort();
        }
    }
    aggregate
}

#[test]
fn a_body_says_what_the_history_says() {
    let mut fleet = Fleet::aged(5, NOW, Millis(3 * HOUR));
    fleet.advance(NOW.plus(Millis(5 * MINUTE)));
    let mut compared = 0;
    for (index, slot) in fleet.slots.iter().enumerate() {
        let Some(body) = fleet.body(index) else { continue };
        let (uuid, read) = read(&body);
        let State::Up(process) = &slot.state else { panic!("a body without a process") };
        assert_eq!(uuid, process.uuid);
        for (kind, cell) in fleet.kinds[slot.service].iter().zip(&process.cells).filter(|(_, cell)| cell.count > 0) {
            assert_eq!(read[&kind.key], sorted(aggregate(&SERVICES[slot.service], kind, cell, true)), "{}", kind.key);
            compared += 1;
        }
        assert_eq!(read.len(), process.exposed());
        let estimate = process.body_bytes as f64 / body.text.len() as f64;
        assert!((0.6..1.6).contains(&estimate), "{estimate} of {} bytes", body.text.len());
    }
    assert!(compared > 100, "{compared}");
}

#[test]
fn each_language_has_its_clients_quirks() {
    let mut fleet = Fleet::aged(5, NOW, Millis(8 * HOUR));
    fleet.advance(NOW.plus(Millis(10 * MINUTE)));
    let mut all: BTreeMap<&str, String> = BTreeMap::new();
    for (index, slot) in fleet.slots.iter().enumerate() {
        if let Some(body) = fleet.body(index) {
            let language = match SERVICES[slot.service].language {
                Language::Scala => "scala",
                Language::Python => "python",
                Language::Go => "go",
                Language::Ruby => "ruby",
            };
            assert_eq!(body.content_type.starts_with("text/plain"), language == "go");
            all.entry(language).or_default().push_str(&body.text);
        }
    }
    assert!(!all["ruby"].contains("created_at") && all["ruby"].contains("\"class\":null"));
    assert!(all["scala"].contains("{\"error\":{\"message\":"), "a message that is no exception");
    assert!(all["python"].contains("\"request_headers\":null") && all["python"].contains("\"severity\":\"\""));
    assert!(all["go"].contains("\"request_body\":null") && all["go"].contains("\"http_context\":null"));
    for (language, digits) in [("scala", 3), ("python", 3), ("go", 9), ("ruby", 0)] {
        let time = all[language].split("\"timestamp\":\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
        let fraction = time.trim_end_matches('Z').split('.').nth(1).unwrap_or_default();
        assert_eq!(fraction.len(), digits, "{language}: {time}");
    }
    for language in ["scala", "go", "ruby"] {
        assert!(all[language].contains("\"cause\":{"), "{language}");
    }
}

#[test]
fn python_keeps_its_nine_oldest_samples_and_the_others_their_newest() {
    let mut fleet = Fleet::aged(5, NOW, Millis(0));
    fleet.advance(NOW.plus(Millis(2 * HOUR)));
    let mut seen = [false; 2];
    for slot in &fleet.slots {
        let State::Up(process) = &slot.state else { continue };
        let python = SERVICES[slot.service].language == Language::Python;
        for cell in process.cells.iter().filter(|cell| cell.count > 12) {
            assert_eq!(cell.marks.len(), 10);
            assert_eq!(cell.marks.last().copied(), cell.last);
            assert_eq!(cell.marks.first().copied() == cell.created, python);
            seen[usize::from(python)] = true;
        }
    }
    assert_eq!(seen, [true, true]);
}

/// Sums and checks of a stretch of history.
#[derive(Default)]
struct Seen {
    /// Per (service, uuid, key): the last count.
    counts: BTreeMap<(String, String, String), u64>,
    refused: BTreeMap<String, u64>,
    gone: u64,
    last: Option<Timestamp>,
    occurrences: usize,
    scrapes: u64,
}

impl Seen {
    fn take(&mut self, event: Event) {
        let scrape = match event {
            Event::Scraped(scrape) => scrape,
            Event::Gone { at, .. } => {
                assert!(self.last.is_none_or(|last| last <= at));
                self.gone += 1;
                return;
            }
        };
        assert!(self.last.is_none_or(|last| last <= scrape.at), "events stand in the order of time");
        self.last = Some(scrape.at);
        self.scrapes += 1;
        match scrape.outcome {
            Ok(exposition) => {
                let uuid = exposition.target_uuid.unwrap();
                for aggregate in exposition.aggregates {
                    let place = (scrape.target.service.clone(), uuid.clone(), aggregate.key);
                    let before = self.counts.insert(place.clone(), aggregate.total_count);
                    assert!(before.is_none_or(|before| before < aggregate.total_count), "{place:?} did not grow");
                    assert!(before.is_some() || aggregate.occurrences.is_some(), "{place:?} has no sample");
                    self.occurrences += aggregate.occurrences.map_or(0, |samples| samples.len());
                }
            }
            Err(failure) => {
                assert_eq!(failure.kind, FailureKind::Connect);
                *self.refused.entry(scrape.target.address.clone()).or_default() += 1;
            }
        }
    }
}

#[test]
fn history_ends_where_live_serving_begins() {
    let mut fleet = Fleet::aged(11, NOW, Millis(12 * HOUR));
    let mut seen = Seen::default();
    let from = fleet.time();
    let to = NOW;
    fleet.history(from, to, Millis(MINUTE)).for_each(|event| seen.take(event));
    assert_eq!(fleet.time(), to);
    assert!(seen.scrapes > 40 * 11 * 60);
    // The next live bodies have the same processes, and counts that went on by what a minute brings.
    let mut grown = 0;
    for (index, slot) in fleet.slots.iter().enumerate() {
        let Some(body) = fleet.body(index) else { continue };
        let (uuid, aggregates) = read(&body);
        for (key, aggregate) in aggregates {
            let place = (SERVICES[slot.service].name.to_owned(), uuid.clone(), key);
            let known = seen.counts.get(&place).copied().unwrap_or(0);
            assert!(known <= aggregate.total_count, "{place:?}");
            grown += aggregate.total_count - known;
        }
    }
    assert!(grown < 300, "{grown} in the last minute");
    let lost = fleet.thrown() - seen.counts.values().sum::<u64>() - grown;
    // Only what a process counted between its last scrape and its end is lost.
    assert!(lost < fleet.thrown() / 20, "{lost} of {}", fleet.thrown());
}

#[test]
fn history_has_a_night_that_nobody_watched_a_dead_target_and_releases() {
    let mut fleet = Fleet::aged(11, NOW, Millis(5 * DAY));
    let night = fleet.night();
    let (from, mut seen) = (fleet.time(), Seen::default());
    let mut watched_night = 0;
    for event in fleet.history(from, NOW, Millis(5 * MINUTE)) {
        if let Event::Scraped(scrape) = &event {
            watched_night += u64::from(night.contains(scrape.at));
        }
        seen.take(event);
    }
    assert_eq!(watched_night, 0);
    assert_eq!(night.len(), Millis(7 * HOUR));
    let dead = fleet.slots.last().unwrap();
    assert!(matches!(dead.state, State::Dead));
    assert!(seen.refused[&dead.address] > 1000, "{:?}", seen.refused);
    assert!(seen.refused.len() > 1, "only the dead one refused");
    assert!(seen.gone > 10, "{}", seen.gone);
}

#[test]
fn a_bad_release_brings_an_error_of_its_own_and_takes_it_away_again() {
    let mut fleet = Fleet::aged(2, NOW, Millis(12 * HOUR));
    let (from, mut times) = (fleet.time(), Vec::new());
    let mut versions = std::collections::BTreeSet::new();
    for event in fleet.history(from, NOW, Millis(MINUTE)) {
        let Event::Scraped(scrape) = event else { continue };
        for aggregate in scrape.outcome.iter().flat_map(|exposition| &exposition.aggregates) {
            if aggregate.key.starts_with("java.lang.NoSuchMethodError") {
                times.push(scrape.at);
                versions.insert(scrape.target.labels.get("version").unwrap().to_owned());
            }
        }
    }
    let (first, last) = (*times.first().unwrap(), *times.last().unwrap());
    assert!(first >= NOW.minus(Millis(9 * HOUR)) && last <= NOW.minus(Millis(8 * HOUR)), "{first} to {last}");
    assert_eq!(versions.len(), 1, "{versions:?}");
}

#[test]
fn something_happens_in_the_first_two_live_minutes() {
    for seed in 1..6 {
        let mut fleet = Fleet::aged(seed, NOW, Millis(10 * MINUTE));
        let mut thrown_until = |minute: i64| {
            fleet.advance(NOW.plus(Millis(minute * MINUTE)));
            fleet.thrown()
        };
        let (quiet, begin, end) = (thrown_until(-2), thrown_until(0), thrown_until(2));
        assert!(end - begin > (begin - quiet) + 40, "seed {seed}: {quiet} {begin} {end}");
        let moves = schedule::moves(seed, NOW, Timestamp(NOW.0.div_euclid(DAY) * DAY));
        let soon = NOW..NOW.plus(Millis(2 * MINUTE));
        assert!(moves.iter().any(|(at, what)| soon.contains(at) && matches!(what, schedule::Move::Crash(_))));
    }
}

#[test]
fn the_configuration_is_one_and_names_every_file() {
    let fleet = Fleet::new(1, NOW);
    let yaml = fleet.config_yaml(std::path::Path::new("/tmp/a \"b\"/targets"));
    let config = crate::config::parse(&yaml, "demo.yaml").unwrap();
    assert_eq!(config.services.len(), SERVICES.len());
    assert_eq!(config.global.scrape_interval, SCRAPE_INTERVAL);
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
    assert_eq!(config.label_rules.len(), 2);
    let mut addresses = 0;
    for file in fleet.target_files().iter() {
        assert!(yaml.contains(&file.name));
        let groups = crate::config::parse_target_groups(&file.json, &file.name).unwrap();
        addresses += groups.len();
    }
    assert_eq!(addresses, fleet.len());
}
