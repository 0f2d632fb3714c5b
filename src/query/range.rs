//! Counts over time: series of buckets, the most frequent groups apart and the rest together.

use super::filter::{self, Selection};
use super::group::{self, By, Grouping};
use super::matcher::Query;
use super::{Context, Error};
use crate::model::label::Labels;
use crate::model::series::{Buckets, Count};
use crate::model::time::TimeRange;

/// Most series that are told apart: more lines than this nobody can tell apart in a chart.
pub const TOP_MAX: usize = 100;

/// Cells (groups times buckets) that are counted in one pass: 16 MB. Beyond, a first pass finds the most frequent groups
/// and a second one counts only these, so that memory is bounded however many groups there are.
const CELLS_MAX: usize = 1 << 20;

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// What is counted.
    pub query: &'a Query,
    /// What is told apart.
    pub by: &'a By,
    /// How many groups are told apart, at most [`TOP_MAX`].
    pub top: usize,
    /// The range asked for, of which `count:` is.
    pub range: TimeRange,
    /// The buckets, which hold the range.
    pub buckets: Buckets,
}

/// What is answered. All series add up to `total`, bucket by bucket.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The most frequent groups, most frequent first.
    pub series: Vec<Series>,
    /// All other groups together; `None` when there are none.
    pub other: Option<Series>,
    /// All groups together.
    pub total: Series,
    /// How much of each bucket was watched, 0 to 1, over all targets of the selected services. A bucket that has not
    /// ended yet is judged by what could be watched so far; one that has not begun, or in which there was no target, is 0.
    pub coverage: Vec<f64>,
}

/// One series.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Series {
    /// The group; empty for `other`, `total` and the group of what has no such label.
    pub labels: Labels,
    /// Count of each bucket.
    pub counts: Vec<u64>,
    /// How much of each bucket's count stands there by estimate; empty when it is nothing anywhere.
    pub estimated: Vec<u64>,
    /// Sums of `counts` and `estimated`.
    pub sum: Count,
}

/// Answers a range request.
///
/// # Errors
/// [`Error::Invalid`] for an unknown name in the query or in `by`; [`Error::Store`] when the store can not be read.
pub fn answer(context: &Context<'_>, request: &Request<'_>) -> Result<Answer, Error> {
    answer_within(context, request, CELLS_MAX)
}

/// [`answer`] with another limit for counting in one pass.
pub(super) fn answer_within(context: &Context<'_>, request: &Request<'_>, cells_max: usize) -> Result<Answer, Error> {
    let selection = filter::select(context, request.query, request.range)?;
    let grouping = Grouping::new(context, request.by, &selection)?;
    let buckets = request.buckets;
    let (top, rows) = if grouping.len().saturating_mul(buckets.len) <= cells_max {
        one_pass(context, &selection, &grouping, request)?
    } else {
        two_passes(context, &selection, &grouping, request)?
    };
    let mut rows = rows.into_iter();
    let series: Vec<Series> =
        top.iter().zip(&mut rows).map(|(group, row)| Series::new(grouping.labels(*group), &row)).collect();
    let other = rows.next().map(|row| Series::new(Labels::default(), &row)).filter(|other| other.sum.total > 0);
    let total = Series::sum_of(series.iter().chain(&other), buckets.len);
    let coverage = coverage(context, &selection, &buckets)?;
    Ok(Answer { series, other, total, coverage })
}

/// Rows of counts: one for each group of the first result, and one more for the rest.
type Rows = (Vec<usize>, Vec<Vec<Count>>);

fn one_pass(
    context: &Context<'_>,
    selection: &Selection,
    grouping: &Grouping<'_>,
    request: &Request<'_>,
) -> Result<Rows, Error> {
    let cells = group::tally(context, selection, grouping, request.buckets)?;
    let len = request.buckets.len.max(1);
    let totals: Vec<Count> = cells.chunks(len).map(sum).collect();
    let (top, rest) = split_top(&totals, request.top);
    let row = |group: &usize| cells.get(group * len..(group + 1) * len).unwrap_or(&[]);
    let mut other = vec![Count::default(); len];
    for group in &rest {
        for (place, count) in other.iter_mut().zip(row(group)) {
            place.add(*count);
        }
    }
    let rows = top.iter().map(|group| row(group).to_vec()).chain([other]).collect();
    Ok((top, rows))
}

fn two_passes(
    context: &Context<'_>,
    selection: &Selection,
    grouping: &Grouping<'_>,
    request: &Request<'_>,
) -> Result<Rows, Error> {
    let buckets = request.buckets;
    let totals = group::tally(context, selection, grouping, Buckets::whole(buckets.range()))?;
    let (top, _) = split_top(&totals, request.top);
    let mut row_of = vec![top.len(); grouping.len()];
    for (row, group) in top.iter().enumerate() {
        if let Some(place) = row_of.get_mut(*group) {
            *place = row;
        }
    }
    let mut rows = vec![vec![Count::default(); buckets.len]; top.len() + 1];
    group::scan(context, selection, grouping.split(), buckets, &mut |hit| {
        let row = row_of.get(grouping.of(&hit)).copied().unwrap_or(top.len());
        if let Some(cell) = rows.get_mut(row).and_then(|row| row.get_mut(hit.bucket)) {
            cell.add(hit.count);
        }
    })?;
    Ok((top, rows))
}

/// The most frequent groups, and the other ones that have a count.
fn split_top(totals: &[Count], top: usize) -> (Vec<usize>, Vec<usize>) {
    let mut groups = group::rank(totals);
    let rest = groups.split_off(top.min(groups.len()));
    (groups, rest)
}

fn sum(counts: &[Count]) -> Count {
    let mut sum = Count::default();
    for count in counts {
        sum.add(*count);
    }
    sum
}

impl Series {
    fn new(labels: Labels, row: &[Count]) -> Self {
        let sum = sum(row);
        let estimated = if sum.estimated == 0 { Vec::new() } else { row.iter().map(|count| count.estimated).collect() };
        Self { labels, counts: row.iter().map(|count| count.total).collect(), estimated, sum }
    }

    fn sum_of<'a>(series: impl Iterator<Item = &'a Self>, len: usize) -> Self {
        let mut row = vec![Count::default(); len];
        for one in series {
            let estimated = one.estimated.iter().copied().chain(std::iter::repeat(0));
            for ((place, total), estimated) in row.iter_mut().zip(&one.counts).zip(estimated) {
                place.add(Count { total: *total, estimated });
            }
        }
        Self::new(Labels::default(), &row)
    }
}

/// How much of each bucket was watched.
///
/// What happened since a target's last scrape is not known yet, and that is no gap: a bucket that reaches beyond what
/// every target has been asked about is judged by its part before that.
fn coverage(context: &Context<'_>, selection: &Selection, buckets: &Buckets) -> Result<Vec<f64>, Error> {
    let services = selection.services.as_deref();
    let known = context.view.coverage(services, buckets)?;
    let mut shares: Vec<f64> = known.iter().map(|coverage| share(coverage.watched.0, coverage.expected.0)).collect();
    shares.resize(buckets.len, 0.0);
    let horizon = context.now.minus(context.scrape_interval_max());
    for (index, place) in shares.iter_mut().enumerate().rev() {
        let (start, end) = (buckets.edge(index), buckets.edge(index + 1));
        if end <= horizon {
            break;
        }
        *place = 0.0;
        if start < context.now {
            // A bucket that began after the horizon is as good as the interval before it.
            let start = start.min(horizon.minus(context.scrape_interval_max()));
            let part = Buckets::whole(TimeRange { start, end: horizon });
            let watched = context.view.coverage(services, &part)?;
            *place = watched.first().map_or(0.0, |coverage| share(coverage.watched.0, coverage.expected.0));
        }
    }
    Ok(shares)
}

fn share(watched: i64, expected: i64) -> f64 {
    if expected <= 0 { 0.0 } else { (watched as f64 / expected as f64).clamp(0.0, 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn estimated_is_empty_where_nothing_is_estimated() {
        let row = [Count { total: 3, estimated: 0 }, Count { total: 4, estimated: 0 }];
        let series = Series::new(Labels::default(), &row);
        assert_eq!((series.counts, series.estimated, series.sum.total), (vec![3, 4], vec![], 7));
    }

    #[test]
    fn a_total_adds_series_with_and_without_estimates() {
        let exact =
            Series::new(Labels::default(), &[Count { total: 3, estimated: 0 }, Count { total: 0, estimated: 0 }]);
        let rough =
            Series::new(Labels::default(), &[Count { total: 1, estimated: 1 }, Count { total: 5, estimated: 2 }]);
        let total = Series::sum_of([&exact, &rough].into_iter(), 2);
        assert_eq!((total.counts, total.estimated), (vec![4, 5], vec![1, 2]));
        assert_eq!(total.sum, Count { total: 9, estimated: 3 });
    }

    #[test]
    fn nothing_expected_is_nothing_watched() {
        assert_eq!((share(0, 0), share(5, 10), share(11, 10)), (0.0, 0.5, 1.0));
    }
}
