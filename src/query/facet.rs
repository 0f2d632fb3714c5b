//! What errors have in common, as numbers of errors and events by each value: what there is to filter by.

use super::filter::{self, Selection};
use super::group::{self, service_name};
use super::matcher::{Is, Query};
use super::{Context, Error};
use crate::model::aggregate_set::AggregateSet;
use crate::model::series::Buckets;
use crate::model::severity::Severity;
use crate::model::time::TimeRange;
use crate::model::triage::State;
use crate::store::Split;

/// Most values of one facet in an answer: longer lists are what completion is for.
pub const VALUES_MAX: usize = 1000;

/// The facets of a selection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facets {
    /// How many errors are selected.
    pub errors: u64,
    /// How often they happened in the range.
    pub events: u64,
    /// One for each thing to filter by that any of them has.
    pub facets: Vec<Facet>,
}

/// One thing to filter by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facet {
    /// The key, as the query language has it: `service`, `is`, `label.team`.
    pub key: String,
    /// The values with most errors, most first.
    pub values: Vec<Value>,
    /// How many values there are that are not here.
    pub others: u64,
    /// How many errors have no value.
    pub without: u64,
}

/// One value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// The value.
    pub value: String,
    /// How many errors have it.
    pub errors: u64,
    /// How often these happened in the range.
    pub events: u64,
}

/// The facets of what `query` selects and of that happened in `range`, or with `all` of all that it selects; of each at most
/// `limit` values.
///
/// # Errors
/// [`Error::Invalid`] for an unknown name in the query; [`Error::Store`] when the store can not be read.
pub fn answer(
    context: &Context<'_>,
    query: &Query,
    range: TimeRange,
    all: bool,
    limit: usize,
) -> Result<Facets, Error> {
    let selection = filter::select(context, query, range)?;
    let counts = counts(context, &selection, range)?;
    let selected = if all {
        selection.aggregate_set(context)
    } else {
        let happened = counts.iter().enumerate().filter(|(_, count)| **count > 0);
        AggregateSet(happened.map(|(id, _)| id as u32).collect())
    };
    let facets = Counting { selected: &selected, counts: &counts, limit };
    let sets = context.view.sets();
    let services = context.view.services().iter();
    let services: Vec<(&str, &AggregateSet)> =
        services.map(|service| (service_name(context, service.id), sets.service(service.id))).collect();
    let new = AggregateSet(new_of(context, &selected));
    let escalating = context.escalating();
    let is = [(Is::New, &new), (Is::Regressed, sets.regressed()), (Is::Escalating, &escalating)];
    let mut found = vec![
        facets.of("service", services.into_iter()),
        facets.of("severity", Severity::ALL.iter().map(|severity| (severity.name(), sets.severity(*severity)))),
        facets.of("state", State::ALL.iter().map(|state| (state.name(), sets.state(*state)))),
        facets.of("is", is.into_iter().map(|(is, set)| (is.name(), set))),
        facets.of("assignee", sets.assignees()),
    ];
    found.extend(sets.labels().map(|(name, label)| facets.of(&format!("label.{name}"), label.values())));
    found.retain(|facet| !facet.values.is_empty());
    let events = facets.events(&selected);
    Ok(Facets { errors: selected.len(), events, facets: found })
}

struct Counting<'a> {
    selected: &'a AggregateSet,
    counts: &'a [u64],
    limit: usize,
}

impl Counting<'_> {
    fn of<'a>(&self, key: &str, values: impl Iterator<Item = (&'a str, &'a AggregateSet)>) -> Facet {
        let mut with = AggregateSet::new();
        let mut found: Vec<(u64, &str, AggregateSet)> = Vec::new();
        for (value, set) in values {
            let here = AggregateSet(&set.0 & &self.selected.0);
            if !here.is_empty() {
                with.0 |= &here.0;
                found.push((here.len(), value, here));
            }
        }
        found.sort_by(|one, other| other.0.cmp(&one.0).then(one.1.cmp(other.1)));
        let others = found.len().saturating_sub(self.limit) as u64;
        let values = found.into_iter().take(self.limit).map(|(errors, value, set)| Value {
            value: value.to_owned(),
            errors,
            events: self.events(&set),
        });
        Facet { key: key.to_owned(), values: values.collect(), others, without: self.selected.len() - with.len() }
    }

    fn events(&self, set: &AggregateSet) -> u64 {
        let counts = set.iter().map(|id| self.counts.get(id.0 as usize).copied().unwrap_or(0));
        counts.fold(0, u64::saturating_add)
    }
}

fn counts(context: &Context<'_>, selection: &Selection, range: TimeRange) -> Result<Vec<u64>, Error> {
    let mut counts = vec![0_u64; context.view.aggregates().len()];
    group::scan(context, selection, Split::Aggregate, Buckets::whole(range), &mut |hit| {
        if let Some(count) = counts.get_mut(hit.aggregate.0 as usize) {
            *count = count.saturating_add(hit.count.total);
        }
    })?;
    Ok(counts)
}

fn new_of(context: &Context<'_>, among: &AggregateSet) -> roaring::RoaringBitmap {
    let since = context.new_since();
    let aggregates = context.view.aggregates();
    let is_new = |id: &u32| aggregates.get(*id as usize).is_some_and(|aggregate| aggregate.first_seen > since);
    among.0.iter().filter(is_new).collect()
}
