//! Finding out how often something was scraped: the most frequent distance between the samples of a series.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::Error;
use super::block::Blocks;
use super::digest::Place;
use super::openmetrics::{Mapping, SampleParser};
use super::round::Parser;
use crate::model::time::{Millis, Timestamp};
use crate::redact::Redactor;

/// Blocks that are looked at, at most: enough to see each of half a million series twice.
const BLOCKS_MAX: usize = 64;

/// Distances after which it is clear.
const ENOUGH: u64 = 10_000;

/// Where no series has two samples: Prometheus's default.
const DEFAULT: Millis = Millis::from_seconds(60);

/// The scrape interval of the metric in the file at `path`.
pub(super) fn find(path: &Path, mapping: &Mapping, redactor: &Arc<Redactor>) -> Result<Millis, Error> {
    if let Some(interval) = mapping.interval {
        return Ok(interval);
    }
    // Nothing is watched, so that every sample is kept.
    let parser = SampleParser {
        mapping: mapping.clone(),
        interval: DEFAULT,
        watched_ms: -1,
        latest: Timestamp(i64::MAX),
        skip: true,
        redactor: Arc::clone(redactor),
    };
    let mut blocks = Blocks::open(path, &Place::default(), None)?;
    let mut distances: BTreeMap<i64, u64> = BTreeMap::new();
    let mut last: HashMap<String, i64> = HashMap::new();
    for _ in 0..BLOCKS_MAX {
        let Some(block) = blocks.next(1)?.pop() else { break };
        let samples = parser.parse(&block);
        for step in &samples.steps {
            *distances.entry(rounded(step.at - step.from)).or_default() += 1;
        }
        for run in &samples.runs {
            let Some(series) = samples.series.get(run.series as usize) else { continue };
            if let Some(before) = last.get(series).filter(|before| **before < run.first.0) {
                *distances.entry(rounded(run.first.0 - before)).or_default() += 1;
            }
            last.insert(series.clone(), run.last.0);
        }
        if distances.values().sum::<u64>() >= ENOUGH {
            break;
        }
    }
    let frequent = distances.into_iter().max_by_key(|(distance, times)| (*times, std::cmp::Reverse(*distance)));
    Ok(frequent.map_or(DEFAULT, |(distance, _)| Millis(distance)))
}

/// Scrapes are a few milliseconds early or late.
fn rounded(distance: i64) -> i64 {
    ((distance + 500) / 1000).max(1) * 1000
}
