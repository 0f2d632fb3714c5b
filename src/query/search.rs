//! Samples for which a query holds, newest first, and what there is to say of all of them together.
//!
//! What is counted here are samples: clients send some of what happened, and not each. Lists and charts with text in their
//! query count all events of the errors that the text selects.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash};

use rayon::prelude::*;
use rustc_hash::FxBuildHasher;

use super::group::service_name;
use super::matcher::Query;
use super::occurrence::{self, Item};
use super::snippet::{self, Snippet};
use super::{Context, Error, filter, sparkline, suggestion, time};
use crate::model::aggregate::Aggregate;
use crate::model::id::{AggregateId, TargetId};
use crate::model::series::Buckets;
use crate::model::time::{TimeRange, Timestamp};
use crate::search::condition::Condition;
use crate::search::{ALWAYS, Found, Position, Progress, Snapshot, Tally};

/// Most samples on a page.
pub const LIMIT_MAX: usize = 100;

/// Most facets in one answer.
pub const FACETS_MAX: usize = 20;

/// Most errors in one answer.
pub const AGGREGATES_MAX: usize = 100;

/// Snippets of so many samples are worth a second thread.
const PARALLEL_MIN: usize = 8;

/// Values of one facet that are told apart; the rest stands together as `other`.
const VALUES_MAX: usize = 20;

/// What is asked.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// Which samples.
    pub query: &'a Query,
    /// From when on; `None` is from the oldest on.
    pub start: Option<Timestamp>,
    /// Until when; `None` is to the newest, or now where that is later.
    pub end: Option<Timestamp>,
    /// The last of the page before.
    pub cursor: Option<Position>,
    /// Samples on a page, at most [`LIMIT_MAX`].
    pub limit: usize,
    /// By what all matches are counted, at most [`FACETS_MAX`].
    pub facets: Vec<Dimension>,
    /// Buckets of the matches over time, at most [`sparkline::BUCKETS_MAX`]; 0 is none.
    pub buckets: usize,
    /// How many of the errors they belong to are told, at most [`AGGREGATES_MAX`].
    pub aggregates: usize,
}

/// What samples are counted by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dimension {
    /// Name of the service.
    Service,
    /// The error's class.
    Class,
    /// The error's severity as last exposed.
    Severity,
    /// The error's state.
    State,
    /// A label of the target.
    Target(String),
    /// An annotation label of the error.
    Label(String),
}

/// What is answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Begin of the range; `None` is from the oldest on.
    pub start: Option<Timestamp>,
    /// End of the range, not in it.
    pub end: Timestamp,
    /// The samples, newest first.
    pub hits: Vec<Hit>,
    /// The last of this page; `None` when there are no older ones.
    pub next: Option<Position>,
    /// All matches together, where asked for.
    pub summary: Option<Summary>,
    /// How much of what is stored was searched.
    pub progress: Progress,
}

/// One sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The sample, its service and its target.
    pub item: Item,
    /// When it happened; where the client did not say, when the day of its ingestion began.
    pub time: Timestamp,
    /// Class, message, and where else the query's text was found.
    pub snippets: Vec<Snippet>,
}

/// All matches together.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// How many there are.
    pub total: u64,
    /// How many in each bucket, where asked for.
    pub over_time: Option<(Buckets, Vec<u64>)>,
    /// One for each dimension asked for.
    pub facets: Vec<Facet>,
    /// The errors with the most matches.
    pub aggregates: Vec<Matched>,
    /// How many errors have matches.
    pub aggregates_total: u64,
}

/// The matches by one dimension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facet {
    /// By what.
    pub dimension: Dimension,
    /// The most frequent values; the empty one stands for what has none.
    pub values: Vec<(String, u64)>,
    /// All other values together.
    pub other: u64,
}

/// An error with matches.
#[derive(Debug, Clone, PartialEq)]
pub struct Matched {
    /// All that is stored of it.
    pub aggregate: Aggregate,
    /// Its service's name.
    pub service: String,
    /// How many of its samples match.
    pub count: u64,
}

impl Dimension {
    /// Reads the parameter `facets`: dimensions apart by commas.
    ///
    /// # Errors
    /// [`Error::Invalid`] for `facets` with what there is, and for more than [`FACETS_MAX`].
    pub fn parse_list(text: Option<&str>) -> Result<Vec<Self>, Error> {
        let all: Vec<Self> = text
            .unwrap_or("")
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(Self::parse)
            .collect::<Result<_, Error>>()?;
        if all.len() > FACETS_MAX {
            return Err(Error::invalid("facets", format!("there are more than {FACETS_MAX} facets")));
        }
        Ok(all)
    }

    fn parse(name: &str) -> Result<Self, Error> {
        Ok(match (name, name.split_once('.')) {
            ("service", _) => Self::Service,
            ("class", _) => Self::Class,
            ("severity" | "level", _) => Self::Severity,
            ("state", _) => Self::State,
            (_, Some(("target", label))) if !label.is_empty() => Self::Target(label.to_owned()),
            (_, Some(("label", label))) if !label.is_empty() => Self::Label(label.to_owned()),
            _ => {
                let known = ["service", "class", "severity", "state", "target.NAME", "label.NAME"];
                let known = suggestion::known(name, known);
                return Err(Error::invalid("facets", format!("there is no facet {name:?}{known}")));
            }
        })
    }

    /// Its name, as it is asked for and as a key of queries.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Service => "service".to_owned(),
            Self::Class => "class".to_owned(),
            Self::Severity => "severity".to_owned(),
            Self::State => "state".to_owned(),
            Self::Target(name) => format!("target.{name}"),
            Self::Label(name) => format!("label.{name}"),
        }
    }
}

/// Reads the parameters `start` and `end`; what is not given is open.
///
/// # Errors
/// [`Error::Invalid`] naming the parameter, also when the end is not after the start.
pub fn parse_range(
    start: Option<&str>,
    end: Option<&str>,
    now: Timestamp,
) -> Result<(Option<Timestamp>, Option<Timestamp>), Error> {
    let start = start.map(|text| time::parse_time("start", text, now)).transpose()?;
    let end = end.map(|text| time::parse_time("end", text, now)).transpose()?;
    match (start, end) {
        (Some(start), Some(end)) if end <= start => {
            Err(Error::invalid("end", format!("end {end} is not after start {start}")))
        }
        _ => Ok((start, end)),
    }
}

/// A position as the text of a cursor.
#[must_use]
pub fn encode_cursor(position: Position) -> String {
    format!("{}.{}", position.time.0, position.id)
}

/// Reads the parameter `cursor`.
///
/// # Errors
/// [`Error::Invalid`] for `cursor` when it is none of a search.
pub fn decode_cursor(text: &str) -> Result<Position, Error> {
    let read = || {
        let (time, id) = text.split_once('.')?;
        let position = Position { time: Timestamp(time.parse().ok()?), id: id.parse().ok()? };
        (encode_cursor(position) == text).then_some(position)
    };
    read().ok_or_else(|| Error::invalid("cursor", format!("{text:?} is no cursor of this server")))
}

/// Searches.
///
/// # Errors
/// [`Error::Invalid`] for an unknown name in the query or in the facets; [`Error::Store`] and [`Error::Search`] when the store
/// or the index can not be read.
pub fn answer(context: &Context<'_>, request: &Request<'_>) -> Result<Answer, Error> {
    let index = context.index;
    for facet in &request.facets {
        check_known(context, facet)?;
    }
    let counted = TimeRange {
        start: request.start.unwrap_or(Timestamp(0)),
        end: request.end.unwrap_or(context.now).max(Timestamp(1)),
    };
    let condition = filter::condition(context, request.query, counted)?;
    let end = match request.end {
        Some(end) => end,
        // A client's clock may be ahead of ours, and what it sampled is to be found.
        None => {
            let newest = index.newest(&condition, ALWAYS, None, 1)?;
            newest.first().map_or(context.now, |found| context.now.max(Timestamp(found.time.0.saturating_add(1))))
        }
    };
    let mut range = TimeRange { start: request.start.unwrap_or(ALWAYS.start), end };
    let mut buckets = None;
    if request.buckets > 0 || !request.facets.is_empty() || request.aggregates > 0 {
        let whole = self::buckets(index, &condition, request, end)?;
        if request.buckets > 0 {
            let start = if request.start.is_some() { whole.start } else { ALWAYS.start };
            range = TimeRange { start, end: whole.range().end };
        }
        buckets = Some(whole);
    }
    let by_target = request.facets.iter().any(|facet| matches!(facet, Dimension::Target(_)));
    let (tally, found) = rayon::join(
        || buckets.as_ref().map(|buckets| index.tally(&condition, buckets, by_target)).transpose(),
        || index.newest(&condition, range, request.cursor, request.limit.saturating_add(1)),
    );
    let (tally, mut found) = (tally?, found?);
    let summary = buckets.zip(tally).map(|(buckets, tally)| summarise(context, request, buckets, tally));
    let more = found.len() > request.limit;
    found.truncate(request.limit);
    let next = found.last().filter(|_| more).map(Found::position);
    let hits = hits(context, &condition, &found)?;
    let start = Some(range.start).filter(|start| *start > ALWAYS.start);
    Ok(Answer { start, end: range.end, hits, next, summary, progress: index.progress })
}

fn check_known(context: &Context<'_>, facet: &Dimension) -> Result<(), Error> {
    let (what, name, known) = match facet {
        Dimension::Target(name) => ("target", name, filter::target_label_names(context)),
        Dimension::Label(name) => ("error", name, filter::annotation_names(context)),
        _ => return Ok(()),
    };
    if known.contains(name.as_str()) {
        return Ok(());
    }
    let known = suggestion::known(name, known);
    Err(Error::invalid("facets", format!("no {what} has a label {name:?}{known}")))
}

/// The buckets in which all matches are counted: one, where no curve is asked for.
fn buckets(index: &Snapshot, condition: &Condition, request: &Request<'_>, end: Timestamp) -> Result<Buckets, Error> {
    let start = match request.start {
        Some(start) => start,
        None if request.buckets == 0 => Timestamp(0),
        None => oldest_day(index, condition, end)?,
    };
    let range = TimeRange { start: start.min(Timestamp(end.0 - 1)), end };
    Ok(if request.buckets > 0 { sparkline::buckets(range, request.buckets) } else { Buckets::whole(range) })
}

/// Begin of the day of the oldest match since 1970.
fn oldest_day(index: &Snapshot, condition: &Condition, end: Timestamp) -> Result<Timestamp, Error> {
    let all = TimeRange { start: Timestamp(0), end: end.max(Timestamp(1)) };
    let days = time::aligned(all, crate::model::time::Millis::from_seconds(86_400), crate::model::time::Millis(0));
    let tally = index.tally(condition, &days, false)?;
    let first = tally.over_time.iter().position(|count| *count > 0);
    Ok(first.map_or(end, |index| days.edge(index)))
}

fn hits(context: &Context<'_>, condition: &Condition, found: &[Found]) -> Result<Vec<Hit>, Error> {
    let ids: Vec<_> = found.iter().map(|found| found.id).collect();
    let stored = context.view.occurrences_of(&ids)?;
    // What retention removed a moment ago may still be in the index.
    let items =
        found.iter().zip(stored).filter_map(|(found, stored)| Some((found.time, occurrence::item(context, stored?))));
    let items: Vec<_> = items.collect();
    let hit = |(time, item): (Timestamp, Item)| {
        let snippets = snippet::of(condition, &item.stored.occurrence);
        Hit { item, time, snippets }
    };
    Ok(if items.len() < PARALLEL_MIN {
        items.into_iter().map(hit).collect()
    } else {
        items.into_par_iter().map(hit).collect()
    })
}

fn summarise(context: &Context<'_>, request: &Request<'_>, buckets: Buckets, tally: Tally) -> Summary {
    let facets = request.facets.iter().map(|dimension| facet(context, dimension.clone(), &tally)).collect();
    let aggregates_total = tally.aggregates.len() as u64;
    let mut most = tally.aggregates;
    let order = |(id, count): &(AggregateId, u64)| (std::cmp::Reverse(*count), *id);
    // Thousands, of which a few are told.
    if request.aggregates > 0 && request.aggregates < most.len() {
        most.select_nth_unstable_by_key(request.aggregates - 1, order);
    }
    most.truncate(request.aggregates);
    most.sort_unstable_by_key(order);
    let aggregates = most.iter().filter_map(|(id, count)| {
        let aggregate = aggregate(context, *id)?;
        let service = service_name(context, aggregate.service).to_owned();
        Some(Matched { aggregate: aggregate.clone(), service, count: *count })
    });
    Summary {
        total: tally.total,
        over_time: (request.buckets > 0).then_some((buckets, tally.over_time)),
        facets,
        aggregates: aggregates.collect(),
        aggregates_total,
    }
}

fn facet(context: &Context<'_>, dimension: Dimension, tally: &Tally) -> Facet {
    let aggregates = || tally.aggregates.iter().map(|(id, count)| (aggregate(context, *id), *count));
    let target = |id: TargetId| context.view.targets().get(id.0 as usize);
    // Thousands of errors have few services and severities; clients choose the names of the rest.
    let counts: HashMap<&str, u64> = match &dimension {
        Dimension::Service => {
            let services =
                grouped::<_, FxBuildHasher>(aggregates().map(|(of, count)| (of.map(|of| of.service), count)));
            grouped(services.into_iter().map(|(id, count)| (id.map_or("", |id| service_name(context, id)), count)))
        }
        Dimension::Severity => {
            let names = aggregates().map(|(of, count)| (of.map_or("", |of| of.severity.name()), count));
            grouped(grouped::<_, FxBuildHasher>(names))
        }
        Dimension::State => {
            let names = aggregates().map(|(of, count)| (of.map_or("", |of| of.state().name()), count));
            grouped(grouped::<_, FxBuildHasher>(names))
        }
        Dimension::Class => grouped(aggregates().map(|(of, count)| (of.map_or("", |of| of.class.as_str()), count))),
        Dimension::Label(name) => {
            grouped(aggregates().map(|(of, count)| (of.and_then(|of| of.triage.labels.get(name)).unwrap_or(""), count)))
        }
        Dimension::Target(name) => grouped(tally.targets.iter().map(|(id, count)| {
            let value = target(*id).and_then(|target| target.labels.get(name));
            (value.unwrap_or(""), *count)
        })),
    };
    let mut values: Vec<(&str, u64)> = counts.into_iter().collect();
    values.sort_unstable_by_key(|(value, count)| (std::cmp::Reverse(*count), *value));
    let other = values.iter().skip(VALUES_MAX).map(|(_, count)| count).sum();
    let values = values.into_iter().take(VALUES_MAX).map(|(value, count)| (value.to_owned(), count)).collect();
    Facet { dimension, values, other }
}

/// What the counts of each key add up to.
fn grouped<K: Eq + Hash, S: BuildHasher + Default>(counts: impl IntoIterator<Item = (K, u64)>) -> HashMap<K, u64, S> {
    let mut sums: HashMap<K, u64, S> = HashMap::default();
    for (key, count) in counts {
        *sums.entry(key).or_default() += count;
    }
    sums
}

fn aggregate<'a>(context: &Context<'a>, id: AggregateId) -> Option<&'a Aggregate> {
    context.view.aggregates().get(id.0 as usize)
}
