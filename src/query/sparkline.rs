//! Small series to stand beside each item of a list: counts only, few buckets.

use std::collections::HashMap;

use super::filter::Selection;
use super::{Context, Error, group, time};
use crate::model::aggregate_set::AggregateSet;
use crate::model::id::AggregateId;
use crate::model::series::Buckets;
use crate::model::time::{Millis, TimeRange};
use crate::store::Split;

/// Most buckets of a sparkline: more than it is pixels wide.
pub const BUCKETS_MAX: usize = 200;

/// One sparkline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sparkline {
    /// The buckets. They are whole and start at round times, so the first and the last may reach beyond the range.
    pub buckets: Buckets,
    /// Count of each bucket.
    pub counts: Vec<u64>,
}

/// At most `points` buckets of a readable step that hold `range`.
#[must_use]
pub fn buckets(range: TimeRange, points: usize) -> Buckets {
    let points = points.max(2);
    let mut step = time::choose_step(range.len(), Millis(1), points);
    loop {
        let buckets = time::aligned(range, step, Millis(0));
        if buckets.len <= points {
            return buckets;
        }
        // A range that starts within a bucket needs one bucket more than its length says.
        step = time::choose_step(range.len(), Millis(step.0 + 1), points);
    }
}

/// A sparkline for each of `aggregates`, counted in one scan, with the targets of `selection`. Memory is their number
/// times the number of buckets, so `aggregates` is to be a page and not a list.
///
/// # Errors
/// [`Error::Store`] when the store can not be read.
pub fn of_aggregates(
    context: &Context<'_>,
    selection: &Selection,
    aggregates: &[AggregateId],
    buckets: Buckets,
) -> Result<Vec<Sparkline>, Error> {
    let mut sparklines = vec![Sparkline { buckets, counts: vec![0; buckets.len] }; aggregates.len()];
    let places: HashMap<AggregateId, usize> =
        aggregates.iter().enumerate().map(|(place, aggregate)| (*aggregate, place)).collect();
    let set: AggregateSet = aggregates.iter().copied().collect();
    let page = Selection { services: None, aggregates: Some(set), targets: selection.targets.clone() };
    group::scan(context, &page, Split::Aggregate, buckets, &mut |hit| {
        let sparkline = places.get(&hit.aggregate).and_then(|place| sparklines.get_mut(*place));
        if let Some(count) = sparkline.and_then(|sparkline| sparkline.counts.get_mut(hit.bucket)) {
            *count += hit.count.total;
        }
    })?;
    Ok(sparklines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Timestamp;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_sparkline_holds_its_range_in_no_more_buckets_than_asked(
            start in 0i64..4_000_000_000_000, length in 1i64..400_000_000_000, points in 1usize..200
        ) {
            let range = TimeRange { start: Timestamp(start), end: Timestamp(start + length) };
            let buckets = buckets(range, points);
            prop_assert!(buckets.len <= points.max(2));
            prop_assert!(buckets.start <= range.start && buckets.range().end >= range.end);
        }
    }
}
