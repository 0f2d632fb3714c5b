//! All services at one glance.

use std::collections::BTreeMap;

use super::filter::Selection;
use super::sparkline::{self, Sparkline};
use super::{Context, Error, group, target};
use crate::model::id::ServiceId;
use crate::model::series::{Buckets, Count};
use crate::model::time::{Millis, TimeRange, Timestamp};
use crate::model::triage::State;
use crate::store::Split;

/// The rate "now" is that of the last so many minutes: long enough for a scrape or two of any sane interval.
pub const RATE_OVER: Millis = Millis::from_seconds(300);

/// Buckets of a service's sparkline, at most: a day in half hours.
const SPARKLINE_BUCKETS: usize = 49;

/// One service.
#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// Targets whose last scrape succeeded.
    pub targets_up: usize,
    /// Targets that discovery lists.
    pub targets_total: usize,
    /// Aggregates ever seen.
    pub aggregates: u64,
    /// Those that are open.
    pub open: u64,
    /// Those first seen within [`Context::new_for`].
    pub new: u64,
    /// Those open again after they were resolved.
    pub regressed: u64,
    /// How often anything happened in the range.
    pub count: Count,
    /// How often anything happened in a second, over [`RATE_OVER`].
    pub rate_per_second: f64,
    /// Begin of the last scrape of any of its targets.
    pub last_scrape: Option<Timestamp>,
    /// Counts over the range.
    pub sparkline: Sparkline,
}

/// All configured services, in the order of their names; one that is configured no more is among them while it has
/// counts in the range.
///
/// # Errors
/// [`Error::Store`] when the store can not be read.
pub fn list(context: &Context<'_>, range: TimeRange) -> Result<Vec<Service>, Error> {
    let buckets = sparkline::buckets(range, SPARKLINE_BUCKETS);
    let counts = totals(context, Buckets::whole(range))?;
    let recent = TimeRange { start: context.now.minus(RATE_OVER), end: context.now };
    let rates = totals(context, Buckets::whole(recent))?;
    let lines = totals(context, buckets)?;
    let new = new_aggregates(context);
    let mut services: BTreeMap<&str, Service> = BTreeMap::new();
    for record in context.view.services() {
        let index = record.id.0 as usize;
        let sets = context.view.sets();
        let all = sets.service(record.id);
        let line = lines.get(index * buckets.len..(index + 1) * buckets.len).unwrap_or(&[]);
        let service = Service {
            aggregates: all.len(),
            open: all.0.intersection_len(&sets.state(State::Open).0),
            regressed: all.0.intersection_len(&sets.regressed().0),
            new: new.get(index).copied().unwrap_or(0),
            count: counts.get(index).copied().unwrap_or_default(),
            rate_per_second: rates.get(index).map_or(0.0, |count| count.total as f64 / RATE_OVER.as_seconds()),
            sparkline: Sparkline { buckets, counts: line.iter().map(|count| count.total).collect() },
            ..empty(&record.name, buckets)
        };
        services.insert(&record.name, service);
    }
    let mut configured: Vec<&str> = Vec::new();
    for found in context.discovered {
        configured.push(&found.service);
        services.entry(&found.service).or_insert_with(|| empty(&found.service, buckets));
    }
    for seen in target::active(context) {
        if let Some(service) = services.get_mut(seen.service.as_str()) {
            service.targets_total += 1;
            service.targets_up += usize::from(seen.health.up == Some(true));
            service.last_scrape = service.last_scrape.max(seen.health.last_scrape);
        }
    }
    configured.sort_unstable();
    let is_listed =
        |service: &Service| service.count.total > 0 || configured.binary_search(&service.name.as_str()).is_ok();
    Ok(services.into_values().filter(is_listed).collect())
}

/// Counts by service id and bucket.
fn totals(context: &Context<'_>, buckets: Buckets) -> Result<Vec<Count>, Error> {
    let mut counts = vec![Count::default(); context.view.services().len() * buckets.len];
    group::scan(context, &Selection::default(), Split::Service, buckets, &mut |hit| {
        if let Some(count) = counts.get_mut(hit.service.0 as usize * buckets.len + hit.bucket) {
            count.add(hit.count);
        }
    })?;
    Ok(counts)
}

/// How many aggregates of each service id are new.
fn new_aggregates(context: &Context<'_>) -> Vec<u64> {
    let mut new = vec![0; context.view.services().len()];
    let since = context.new_since();
    for aggregate in context.view.aggregates().iter().filter(|aggregate| aggregate.first_seen > since) {
        let ServiceId(service) = aggregate.service;
        if let Some(count) = new.get_mut(service as usize) {
            *count += 1;
        }
    }
    new
}

fn empty(name: &str, buckets: Buckets) -> Service {
    Service {
        name: name.to_owned(),
        targets_up: 0,
        targets_total: 0,
        aggregates: 0,
        open: 0,
        new: 0,
        regressed: 0,
        count: Count::default(),
        rate_per_second: 0.0,
        last_scrape: None,
        sparkline: Sparkline { buckets, counts: vec![0; buckets.len] },
    }
}
