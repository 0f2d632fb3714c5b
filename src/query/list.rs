//! Lists of aggregates, page by page, and one aggregate in full.

use super::cursor::Cursor;
use super::filter::{self, Selection};
use super::group::{self, service_name};
use super::matcher::Query;
use super::sparkline::{self, Sparkline};
use super::{Context, Error, suggestion};
use crate::model::aggregate::Aggregate;
use crate::model::aggregate_set::AggregateSet;
use crate::model::id::{AggregateId, OccurrenceId};
use crate::model::series::{Buckets, Count};
use crate::model::time::{TimeRange, Timestamp};
use crate::model::triage::{Standing, Until};
use crate::store::Split;

/// Most aggregates on a page: with sparklines, a few megabytes.
pub const LIMIT_MAX: usize = 1000;

/// Most ids that the order of a list names: a megabyte.
pub const ORDER_MAX: usize = 100_000;

/// What a list is sorted by, largest first; equal ones by id, lowest first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sort {
    /// When it happened last.
    #[default]
    LastSeen,
    /// When it happened first, so that new errors are on top.
    FirstSeen,
    /// How often it happened in the range.
    Count,
    /// How it grew against the range of equal length before, by [`trend`].
    Trend,
}

impl Sort {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::LastSeen, Self::FirstSeen, Self::Count, Self::Trend];

    /// `last_seen`, `first_seen`, `count` or `trend`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::LastSeen => "last_seen",
            Self::FirstSeen => "first_seen",
            Self::Count => "count",
            Self::Trend => "trend",
        }
    }

    /// Reads the parameter `sort`.
    ///
    /// # Errors
    /// [`Error::Invalid`] for `sort` with the known words.
    pub fn parse(text: Option<&str>) -> Result<Self, Error> {
        let Some(text) = text else { return Ok(Self::default()) };
        Self::ALL.into_iter().find(|sort| sort.name() == text).ok_or_else(|| {
            let known = suggestion::known(text, Self::ALL.map(Self::name));
            Error::invalid("sort", format!("lists are not sorted by {text:?}{known}"))
        })
    }
}

/// What is asked.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// What is listed.
    pub query: &'a Query,
    /// The range of the counts.
    pub range: TimeRange,
    /// Only these of what `query` selects, where they are given.
    pub only: Option<AggregateSet>,
    /// Also what did not happen in the range.
    pub all: bool,
    /// The order.
    pub sort: Sort,
    /// The end of the page before.
    pub cursor: Option<Cursor>,
    /// Items on a page, at most [`LIMIT_MAX`].
    pub limit: usize,
    /// Buckets of each sparkline, at most [`sparkline::BUCKETS_MAX`]; 0 is none.
    pub sparkline: usize,
    /// Whether the order of all pages together is asked for.
    pub order: bool,
}

/// One page.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// How many there are on all pages together.
    pub total: u64,
    /// The end of this page; `None` when it is the last.
    pub next: Option<Cursor>,
    /// What is on all pages together, in their order: at most the first [`ORDER_MAX`]. Where asked for.
    pub order: Option<Vec<AggregateId>>,
    /// The items.
    pub items: Vec<Item>,
}

/// One aggregate of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// All that is stored of it.
    pub aggregate: Aggregate,
    /// Its service's name.
    pub service: String,
    /// First seen within [`Context::new_for`].
    pub new: bool,
    /// Open again after it was resolved.
    pub regressed: bool,
    /// Happening much more often than it used to.
    pub escalating: bool,
    /// How often it happened in the range, at the selected targets.
    pub count: Count,
    /// Its sparkline, where asked for.
    pub sparkline: Option<Sparkline>,
}

/// One aggregate in full.
#[derive(Debug, Clone, PartialEq)]
pub struct Detail {
    /// As in a list.
    pub item: Item,
    /// Its oldest sample that is still kept.
    pub first_occurrence: Option<OccurrenceId>,
    /// Its newest sample.
    pub last_occurrence: Option<OccurrenceId>,
}

/// One page of the aggregates that `request` asks for.
///
/// # Errors
/// [`Error::Invalid`] for an unknown name in the query; [`Error::Store`] when the store can not be read.
pub fn page(context: &Context<'_>, request: &Request<'_>) -> Result<Page, Error> {
    let mut selection = filter::select(context, request.query, request.range)?;
    if let Some(only) = &request.only {
        selection = selection.narrowed(context, only);
    }
    let counts = counts(context, &selection, request.range)?;
    let before = match request.sort {
        Sort::Trend => counts_before(context, &selection, request.range)?,
        _ => Vec::new(),
    };
    let listed: AggregateSet =
        if request.all { selection.aggregate_set(context) } else { those_that_happened(&counts) };
    let key = |aggregate: &Aggregate| match request.sort {
        Sort::LastSeen => aggregate.last_seen.0,
        Sort::FirstSeen => aggregate.first_seen.0,
        Sort::Count => i64::try_from(at(&counts, aggregate.id).total).unwrap_or(i64::MAX),
        Sort::Trend => trend(at(&counts, aggregate.id).total, at(&before, aggregate.id).total),
    };
    let aggregates = context.view.aggregates();
    let mut keys: Vec<(i64, u32)> = listed
        .iter()
        .filter_map(|id| aggregates.get(id.0 as usize))
        .map(|aggregate| (key(aggregate), aggregate.id.0))
        .collect();
    let order = request.order.then(|| {
        first(&mut keys, usize::MAX);
        keys.iter().take(ORDER_MAX).map(|(_, id)| AggregateId(*id)).collect()
    });
    keys.retain(|(key, id)| request.cursor.is_none_or(|cursor| cursor.is_before(*key, *id)));
    let more = first(&mut keys, request.limit);
    let next = keys.last().filter(|_| more).map(|(key, id)| Cursor { sort: request.sort, key: *key, id: *id });
    let ids: Vec<AggregateId> = keys.iter().map(|(_, id)| AggregateId(*id)).collect();
    let mut items: Vec<Item> = ids.iter().filter_map(|id| item(context, *id, at(&counts, *id))).collect();
    if request.sparkline > 0 {
        add_sparklines(context, &selection, &mut items, sparkline::buckets(request.range, request.sparkline))?;
    }
    Ok(Page { total: listed.len(), next, order, items })
}

/// One aggregate with its count in `range` and, when `points` is above 0, its sparkline.
///
/// # Errors
/// [`Error::NotFound`] when there is no such aggregate; [`Error::Store`] when the store can not be read.
pub fn one(context: &Context<'_>, id: AggregateId, range: TimeRange, points: usize) -> Result<Detail, Error> {
    let missing = || Error::NotFound { what: "aggregate", name: id.to_string() };
    let selection = Selection { aggregates: Some([id].into_iter().collect()), ..Selection::default() };
    if context.view.aggregates().len() <= id.0 as usize {
        return Err(missing());
    }
    let mut count = Count::default();
    group::scan(context, &selection, Split::Aggregate, Buckets::whole(range), &mut |hit| count.add(hit.count))?;
    let mut items = vec![item(context, id, count).ok_or_else(missing)?];
    if points > 0 {
        add_sparklines(context, &selection, &mut items, sparkline::buckets(range, points))?;
    }
    let ends = context.view.occurrence_ends(id)?;
    let item = items.pop().ok_or_else(missing)?;
    Ok(Detail {
        item,
        first_occurrence: ends.map(|(oldest, _)| oldest),
        last_occurrence: ends.map(|(_, newest)| newest),
    })
}

/// The aggregates that `query` selects and that happened in `range`.
///
/// # Errors
/// [`Error::Invalid`] for an unknown name in the query; [`Error::Store`] when the store can not be read.
pub fn happened(context: &Context<'_>, query: &Query, range: TimeRange) -> Result<AggregateSet, Error> {
    let selection = filter::select(context, query, range)?;
    let counts = counts(context, &selection, range)?;
    Ok(those_that_happened(&counts))
}

fn those_that_happened(counts: &[Count]) -> AggregateSet {
    let happened = counts.iter().enumerate().filter(|(_, count)| count.total > 0);
    happened.map(|(id, _)| AggregateId(id as u32)).collect()
}

/// How much more often something happened than before, in thousandths of a standard deviation:
/// `1000 * (now - before) / sqrt(now + before)`.
///
/// If nothing had changed, the difference of the two (Poisson distributed) counts would have the variance
/// `now + before`. Unlike a plain ratio, which puts every error that went from one to three above one that went from a
/// thousand to two thousand, this ranks by how surely something got worse. Falling counts are negative.
#[must_use]
pub fn trend(now: u64, before: u64) -> i64 {
    let (now, before) = (now as f64, before as f64);
    if now + before == 0.0 { 0 } else { (1000.0 * (now - before) / (now + before).sqrt()).round() as i64 }
}

/// Counts by aggregate id.
fn counts(context: &Context<'_>, selection: &Selection, range: TimeRange) -> Result<Vec<Count>, Error> {
    let mut counts = vec![Count::default(); context.view.aggregates().len()];
    group::scan(context, selection, Split::Aggregate, Buckets::whole(range), &mut |hit| {
        if let Some(count) = counts.get_mut(hit.aggregate.0 as usize) {
            count.add(hit.count);
        }
    })?;
    Ok(counts)
}

/// Counts of the range of equal length before.
fn counts_before(context: &Context<'_>, selection: &Selection, range: TimeRange) -> Result<Vec<Count>, Error> {
    let before = TimeRange { start: range.start.minus(range.len()).max(Timestamp(0)), end: range.start };
    if before.is_empty() { Ok(Vec::new()) } else { counts(context, selection, before) }
}

fn at(counts: &[Count], id: AggregateId) -> Count {
    counts.get(id.0 as usize).copied().unwrap_or_default()
}

/// Leaves the first `limit` in the order of the list; says whether there are more.
fn first(keys: &mut Vec<(i64, u32)>, limit: usize) -> bool {
    let order = |(key, id): &(i64, u32)| (std::cmp::Reverse(*key), *id);
    let more = keys.len() > limit;
    if more {
        keys.select_nth_unstable_by_key(limit, order);
        keys.truncate(limit);
    }
    keys.sort_unstable_by_key(order);
    more
}

fn item(context: &Context<'_>, id: AggregateId, count: Count) -> Option<Item> {
    let aggregate = context.view.aggregates().get(id.0 as usize)?.clone();
    let state = &aggregate.triage.status.standing;
    let is_heard = matches!(state, Standing::Open | Standing::Muted(Until::Escalation));
    Some(Item {
        escalating: is_heard && context.escalations.over.contains(id),
        service: service_name(context, aggregate.service).to_owned(),
        new: aggregate.first_seen > context.new_since(),
        regressed: aggregate.triage.status.is_regressed(),
        count,
        sparkline: None,
        aggregate,
    })
}

fn add_sparklines(
    context: &Context<'_>,
    selection: &Selection,
    items: &mut [Item],
    buckets: Buckets,
) -> Result<(), Error> {
    let ids: Vec<AggregateId> = items.iter().map(|item| item.aggregate.id).collect();
    let sparklines = sparkline::of_aggregates(context, selection, &ids, buckets)?;
    for (item, sparkline) in items.iter_mut().zip(sparklines) {
        item.sparkline = Some(sparkline);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trend_ranks_by_how_surely_it_got_worse() {
        assert_eq!(trend(0, 0), 0);
        assert_eq!(trend(4, 0), 2000);
        assert_eq!(trend(0, 4), -2000);
        assert!(trend(2000, 1000) > trend(3, 1));
        assert!(trend(100, 0) > trend(100, 90));
        assert!(trend(u64::MAX, 0) > 0);
    }

    #[test]
    fn the_first_page_is_sorted_and_says_whether_there_are_more() {
        let mut keys = vec![(1, 0), (3, 2), (3, 1), (2, 3)];
        assert!(first(&mut keys, 3));
        assert_eq!(keys, [(3, 1), (3, 2), (2, 3)]);
        assert!(!first(&mut keys, 3));
        let mut none = vec![(1, 0)];
        assert!(first(&mut none, 0));
    }

    #[test]
    fn an_unknown_sort_names_the_known_ones() {
        let error = Sort::parse(Some("cuont")).unwrap_err().to_string();
        assert!(error.contains("did you mean \"count\"?; known: last_seen, first_seen, count, trend"), "{error}");
        assert_eq!(Sort::parse(None).unwrap(), Sort::LastSeen);
    }
}
