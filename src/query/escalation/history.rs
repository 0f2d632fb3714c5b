//! The hours behind a limit, read from the store.

use rustc_hash::FxHashMap;

use super::limit::{DAY, HOUR, Limit, WEEK_HOURS, day_of, hour_of};
use crate::model::aggregate_set::AggregateSet;
use crate::model::id::AggregateId;
use crate::model::series::Buckets;
use crate::model::time::{Millis, TimeRange, Timestamp};
use crate::store::{Error, Scan, Split, View};

/// The week before a day.
const WEEK: Millis = Millis(WEEK_HOURS as i64 * HOUR.0);

/// How far it is looked back for an aggregate that did not happen for a week: as long as counts are kept by default.
const LOOK_BACK: Millis = Millis(90 * DAY.0);

/// Aggregates that are looked at together: their weeks take 13 MB.
pub(super) const TOGETHER_MAX: usize = 10_000;

/// The limit of one hour; `None` where there is nothing to compare with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Judged {
    pub(super) limit: Option<Limit>,
    /// It counts for the whole UTC day.
    pub(super) of_day: bool,
}

/// Counts by aggregate and hour.
struct Hourly {
    rows: FxHashMap<AggregateId, usize>,
    width: usize,
    counts: Vec<u64>,
}

impl Hourly {
    /// The counts of whole hours in `range`.
    fn read(view: &View<'_>, ids: &AggregateSet, range: TimeRange) -> Result<Self, Error> {
        let width = usize::try_from(range.len().0 / HOUR.0).unwrap_or(0);
        let rows: FxHashMap<AggregateId, usize> = ids.iter().zip(0..).collect();
        let mut counts = vec![0_u64; rows.len() * width];
        if !counts.is_empty() {
            let buckets = Buckets { start: range.start, step: HOUR, len: width };
            let request = Scan { aggregates: Some(ids), targets: None, split: Split::Aggregate, buckets };
            view.scan(&request, &mut |hit| {
                let Some(row) = rows.get(&hit.aggregate) else { return };
                if let Some(count) = counts.get_mut(row * width + hit.bucket) {
                    *count = count.saturating_add(hit.count.total);
                }
            })?;
        }
        Ok(Self { rows, width, counts })
    }

    fn of(&self, id: AggregateId) -> &[u64] {
        let row = self.rows.get(&id).copied().unwrap_or(usize::MAX / WEEK_HOURS);
        self.counts.get(row * self.width..(row + 1) * self.width).unwrap_or_default()
    }

    fn worst(&self, id: AggregateId) -> u64 {
        self.of(id).iter().copied().max().unwrap_or(0)
    }
}

/// The limits of the clock hour that begins at `hour`, of at most [`TOGETHER_MAX`] aggregates.
pub(super) fn limits(
    view: &View<'_>,
    hour: Timestamp,
    ids: &AggregateSet,
) -> Result<FxHashMap<AggregateId, Judged>, Error> {
    let day = day_of(hour);
    let week = TimeRange { start: day.minus(WEEK), end: day };
    let mut limits = FxHashMap::default();
    let (mut before, mut today) = (AggregateSet::new(), AggregateSet::new());
    let first_hour = |id: AggregateId| view.aggregates().get(id.0 as usize).map_or(hour, |of| hour_of(of.first_seen));
    for id in ids.iter() {
        match first_hour(id) {
            first if first >= hour => drop(limits.insert(id, Judged { limit: None, of_day: false })),
            first if first >= day => today.insert(id),
            _ => before.insert(id),
        }
    }
    let is_young = |id: AggregateId| view.aggregates().get(id.0 as usize).is_some_and(|of| of.first_seen > week.start);
    let mut silent = AggregateSet::new();
    let hourly = Hourly::read(view, &before, week)?;
    for id in before.iter() {
        let limit = if is_young(id) {
            let hours = whole_hours(first_hour(id).max(week.start), day);
            Limit::of_worst(hourly.worst(id), hours, true)
        } else {
            hourly.of(id).try_into().ok().and_then(Limit::of_week)
        };
        match limit {
            Some(_) => drop(limits.insert(id, Judged { limit, of_day: true })),
            None if is_young(id) => today.insert(id),
            None => silent.insert(id),
        }
    }
    for (id, worst) in worst_before(view, &silent, week.start)? {
        let hours = whole_hours(first_hour(id).max(week.start.minus(LOOK_BACK)), day);
        match Limit::of_worst(worst, hours, false) {
            None => today.insert(id),
            limit => drop(limits.insert(id, Judged { limit, of_day: true })),
        }
    }
    let hourly = Hourly::read(view, &today, TimeRange { start: day, end: hour })?;
    for id in today.iter() {
        let hours = whole_hours(first_hour(id).max(day), hour);
        limits.insert(id, Judged { limit: Limit::of_worst(hourly.worst(id), hours, is_young(id)), of_day: false });
    }
    Ok(limits)
}

/// The worst hour of each aggregate in the time before `end` that is looked back at.
fn worst_before(view: &View<'_>, ids: &AggregateSet, end: Timestamp) -> Result<FxHashMap<AggregateId, u64>, Error> {
    let mut worst: FxHashMap<AggregateId, u64> = ids.iter().map(|id| (id, 0)).collect();
    let oldest = ids.iter().filter_map(|id| view.aggregates().get(id.0 as usize)).map(|of| of.first_seen).min();
    let begin = oldest.map_or(end, hour_of).max(end.minus(LOOK_BACK));
    let mut to = end;
    while to > begin {
        let range = TimeRange { start: to.minus(WEEK).max(begin), end: to };
        let hourly = Hourly::read(view, ids, range)?;
        for (id, worst) in &mut worst {
            *worst = hourly.worst(*id).max(*worst);
        }
        to = range.start;
    }
    Ok(worst)
}

fn whole_hours(from: Timestamp, to: Timestamp) -> usize {
    usize::try_from(to.since(from).0 / HOUR.0).unwrap_or(0)
}
