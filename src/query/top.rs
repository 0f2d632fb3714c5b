//! The most frequent groups of a range.

use super::filter;
use super::group::{self, By, Grouping};
use super::matcher::Query;
use super::{Context, Error};
use crate::model::label::Labels;
use crate::model::series::{Buckets, Count};
use crate::model::time::TimeRange;

/// Most groups in one answer: longer lists are what the aggregates' pages are for.
pub const LIMIT_MAX: usize = 1000;

/// What is answered. Groups and `other` add up to `total`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The groups, most frequent first; those that did not happen in the range are not here.
    pub groups: Vec<Group>,
    /// All other groups together.
    pub other: Count,
    /// All groups together.
    pub total: Count,
}

/// One group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// What it is called; empty for what lacks the label.
    pub labels: Labels,
    /// How often it happened in the range.
    pub count: Count,
}

/// The `limit` most frequent groups of `by` among what `query` selects.
///
/// # Errors
/// [`Error::Invalid`] for an unknown name in the query or in `by`; [`Error::Store`] when the store can not be read.
pub fn answer(context: &Context<'_>, query: &Query, by: &By, limit: usize, range: TimeRange) -> Result<Answer, Error> {
    let selection = filter::select(context, query, range)?;
    let grouping = Grouping::new(context, by, &selection)?;
    let totals = group::tally(context, &selection, &grouping, Buckets::whole(range))?;
    let (mut groups, mut other, mut total) = (Vec::new(), Count::default(), Count::default());
    for group in group::rank(&totals) {
        let count = totals.get(group).copied().unwrap_or_default();
        total.add(count);
        if groups.len() < limit {
            groups.push(Group { labels: grouping.labels(group), count });
        } else {
            other.add(count);
        }
    }
    Ok(Answer { groups, other, total })
}
