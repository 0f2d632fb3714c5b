//! Where an aggregate happens: its count by each label of its targets.

use std::collections::{BTreeMap, BTreeSet};

use super::filter::{Selection, target_labels};
use super::{Context, Error, group};
use crate::model::id::{AggregateId, TargetId};
use crate::model::series::Buckets;
use crate::model::time::TimeRange;
use crate::store::Split;

/// Values of one label that are told apart; the rest stands together as `other`. Pod names are many and say little.
const VALUES_MAX: usize = 20;

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distribution {
    /// How often it happened in the range.
    pub total: u64,
    /// One for each label that any of its targets has, in the order of their names.
    pub dimensions: Vec<Dimension>,
}

/// The counts by one label. Values and `other` add up to the total.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dimension {
    /// The label's name.
    pub label: String,
    /// Values and their counts, most frequent first; the empty value is what has no such label.
    pub values: Vec<(String, u64)>,
    /// All other values together.
    pub other: u64,
}

/// How the counts of `aggregate` in `range` are distributed over the labels of targets.
///
/// # Errors
/// [`Error::NotFound`] when there is no such aggregate; [`Error::Store`] when the store can not be read.
pub fn answer(context: &Context<'_>, aggregate: AggregateId, range: TimeRange) -> Result<Distribution, Error> {
    if context.view.aggregates().len() <= aggregate.0 as usize {
        return Err(Error::NotFound { what: "aggregate", name: aggregate.to_string() });
    }
    let selection = Selection { aggregates: Some([aggregate].into_iter().collect()), ..Selection::default() };
    let mut by_target: BTreeMap<TargetId, u64> = BTreeMap::new();
    group::scan(context, &selection, Split::Target, Buckets::whole(range), &mut |hit| {
        *by_target.entry(hit.target).or_default() += hit.count.total;
    })?;
    by_target.retain(|_, count| *count > 0);
    let names: BTreeSet<&str> = by_target
        .keys()
        .filter_map(|target| target_labels(context, *target))
        .flat_map(|labels| labels.iter().map(|(name, _)| name))
        .collect();
    let dimensions = names.into_iter().map(|name| dimension(context, name, &by_target)).collect();
    Ok(Distribution { total: by_target.values().sum(), dimensions })
}

fn dimension(context: &Context<'_>, name: &str, by_target: &BTreeMap<TargetId, u64>) -> Dimension {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for (target, count) in by_target {
        let value = target_labels(context, *target).and_then(|labels| labels.get(name)).unwrap_or("");
        *counts.entry(value).or_default() += count;
    }
    let mut values: Vec<(String, u64)> = counts.into_iter().map(|(value, count)| (value.to_owned(), count)).collect();
    // A stable sort: equal counts stay in the order of their values.
    values.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let other = values.split_off(VALUES_MAX.min(values.len())).iter().map(|(_, count)| count).sum();
    Dimension { label: format!("target.{name}"), values, other }
}
