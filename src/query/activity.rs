//! What changed in triage: by whom, when and why, newest first.

use std::ops::ControlFlow;

use super::filter;
use super::matcher::Query;
use super::{Context, Error};
use crate::model::activity::{Activity, ActivityChange, Reason};
use crate::model::aggregate_set::AggregateSet;
use crate::model::id::AggregateId;
use crate::model::time::{Millis, TimeRange};

/// Most entries on a page.
pub const LIMIT_MAX: usize = 1000;

/// Aggregates of an activity that are told in full where many activities are listed.
const EXAMPLES: usize = 3;

/// By how much the clock may have been set back for an activity to be found by its time all the same.
const CLOCK_STEP_MAX: Millis = Millis::from_seconds(86_400);

/// What is asked.
#[derive(Debug, Clone, Default)]
pub struct Request<'a> {
    /// Only of aggregates that this selects.
    pub query: Option<&'a Query>,
    /// Only in this range.
    pub range: Option<TimeRange>,
    /// Only by this person.
    pub actor: Option<&'a str>,
    /// Only for the reason of this name.
    pub reason: Option<&'a str>,
    /// The last entry of the page before.
    pub before: Option<u64>,
    /// Entries on a page.
    pub limit: usize,
}

/// One page.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The entries, newest first.
    pub entries: Vec<Entry>,
    /// The last of this page; `None` when there are no older ones.
    pub next: Option<u64>,
}

/// One activity with some of what it did.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The activity.
    pub activity: Activity,
    /// What it did to the first of its aggregates (of those that were asked for).
    pub changes: Vec<(AggregateId, ActivityChange)>,
}

/// A page of all activity.
///
/// # Errors
/// [`Error::Invalid`] for an unknown name in the query; [`Error::Store`] when the store can not be read.
pub fn page(context: &Context<'_>, request: &Request<'_>) -> Result<Page, Error> {
    let selected = match request.query {
        Some(query) => {
            let range = request.range.unwrap_or(TimeRange { start: context.now, end: context.now });
            Some(filter::select(context, query, range)?.aggregate_set(context))
        }
        None => None,
    };
    let mut found: Vec<(Activity, AggregateSet)> = Vec::new();
    context.view.activities(request.before, &mut |activity| {
        let next = request.range.map_or(ControlFlow::Continue(()), |range| go_on(&activity, range));
        let is_in_range = request.range.is_none_or(|range| range.contains(activity.at));
        let is_by = request.actor.is_none_or(|actor| activity.actor.as_deref() == Some(actor));
        let is_for = request.reason.is_none_or(|reason| activity.reason.name() == reason);
        if is_in_range && is_by && is_for {
            let of = match &selected {
                Some(selected) => AggregateSet(&activity.aggregates.0 & &selected.0),
                None => activity.aggregates.clone(),
            };
            if selected.is_none() || !of.is_empty() {
                found.push((activity, of));
            }
        }
        if found.len() > request.limit { ControlFlow::Break(()) } else { next }
    })?;
    let more = found.len() > request.limit;
    found.truncate(request.limit);
    let next = found.last().filter(|_| more).map(|(activity, _)| activity.id);
    let mut entries = Vec::with_capacity(found.len());
    for (activity, of) in found {
        let changes = changes(context, activity.id, of.iter().take(EXAMPLES))?;
        entries.push(Entry { activity, changes });
    }
    Ok(Page { entries, next })
}

/// A page of the activity of one aggregate.
///
/// # Errors
/// [`Error::NotFound`] when there is no such aggregate; [`Error::Store`] when the store can not be read.
pub fn of_aggregate(
    context: &Context<'_>,
    aggregate: AggregateId,
    before: Option<u64>,
    limit: usize,
) -> Result<Page, Error> {
    if context.view.aggregates().len() <= aggregate.0 as usize {
        return Err(Error::NotFound { what: "aggregate", name: aggregate.to_string() });
    }
    let mut found = context.view.activities_of(aggregate, before, limit.saturating_add(1))?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|entry| entry.activity.id);
    let entries = found.into_iter().map(|entry| {
        let changes = vec![(aggregate, entry.change)];
        Entry { activity: entry.activity, changes }
    });
    Ok(Page { entries: entries.collect(), next })
}

/// One activity and what it did, to at most `limit` aggregates beginning after `after`, and whether there are more.
///
/// # Errors
/// [`Error::NotFound`] when there is no such activity; [`Error::Store`] when the store can not be read.
pub fn one(
    context: &Context<'_>,
    id: u64,
    after: Option<AggregateId>,
    limit: usize,
) -> Result<(Entry, Option<AggregateId>), Error> {
    let missing = || Error::NotFound { what: "activity", name: id.to_string() };
    let activity = context.view.activity(id)?.ok_or_else(missing)?;
    let from = after.map_or(0, |after| after.0.saturating_add(1));
    let mut of: Vec<AggregateId> =
        activity.aggregates.0.range(from..).map(AggregateId).take(limit.saturating_add(1)).collect();
    let more = of.len() > limit;
    of.truncate(limit);
    let next = of.last().copied().filter(|_| more);
    let changes = changes(context, id, of.into_iter())?;
    Ok((Entry { activity, changes }, next))
}

/// The last bulk change that was not taken back.
///
/// # Errors
/// [`Error::Store`] when the store can not be read.
pub fn last_bulk(context: &Context<'_>) -> Result<Option<u64>, Error> {
    let (mut undone, mut last) = (Vec::new(), None);
    context.view.activities(None, &mut |activity| {
        match activity.reason {
            Reason::Undo(of) => undone.push(of),
            Reason::Bulk if !undone.contains(&activity.id) => last = Some(activity.id),
            _ => {}
        }
        if last.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(last)
}

/// Whether older activities than this may be in the range. Times ascend with the numbers but for steps of the clock.
pub(super) fn go_on(activity: &Activity, range: TimeRange) -> ControlFlow<()> {
    if activity.at < range.start.minus(CLOCK_STEP_MAX) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

fn changes(
    context: &Context<'_>,
    id: u64,
    of: impl Iterator<Item = AggregateId>,
) -> Result<Vec<(AggregateId, ActivityChange)>, Error> {
    let mut changes = Vec::new();
    for aggregate in of {
        let change = context.view.activity_change(id, aggregate)?;
        changes.extend(change.map(|change| (aggregate, change)));
    }
    Ok(changes)
}
