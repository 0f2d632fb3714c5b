//! The samples of an aggregate, newest first, and single ones.

use super::group::service_name;
use super::{Context, Error, filter};
use crate::model::id::{AggregateId, OccurrenceId};
use crate::model::label::Labels;
use crate::store::{Neighbours, StoredOccurrence};

/// Most samples on a page: with their stacks and requests, each may be many kilobytes.
pub const LIMIT_MAX: usize = 100;

/// One page of samples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The samples, newest first.
    pub items: Vec<Item>,
    /// The last of this page; `None` when there are no older ones.
    pub next: Option<OccurrenceId>,
}

/// One sample and where it was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The sample as it is stored.
    pub stored: StoredOccurrence,
    /// Name of the service; empty where it is not known any more.
    pub service: String,
    /// Labels of the target; none where it is not known any more.
    pub target: Labels,
}

/// At most `limit` samples of `aggregate`, those after `cursor` where it is given.
///
/// # Errors
/// [`Error::Invalid`] for a cursor that is none; [`Error::NotFound`] when there is no such aggregate; [`Error::Store`]
/// when the store can not be read.
pub fn page(context: &Context<'_>, aggregate: AggregateId, cursor: Option<&str>, limit: usize) -> Result<Page, Error> {
    let before = match cursor {
        Some(text) => Some(
            text.parse::<OccurrenceId>()
                .map_err(|()| Error::invalid("cursor", format!("{text:?} is no cursor of this server")))?,
        ),
        None => None,
    };
    if context.view.aggregates().len() <= aggregate.0 as usize {
        return Err(Error::NotFound { what: "aggregate", name: aggregate.to_string() });
    }
    // One more than the page tells whether there is a next one.
    let mut stored = context.view.occurrences(aggregate, before, limit.saturating_add(1))?;
    let more = stored.len() > limit;
    stored.truncate(limit);
    let next = stored.last().filter(|_| more).map(|last| last.id);
    Ok(Page { items: stored.into_iter().map(|stored| item(context, stored)).collect(), next })
}

/// One sample and the ones beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    /// The sample.
    pub item: Item,
    /// Its aggregate's key; empty where the aggregate is not known any more.
    pub key: String,
    /// Where it stands among those of its aggregate.
    pub neighbours: Neighbours,
}

/// One sample.
///
/// # Errors
/// [`Error::NotFound`] when there is none of this id, or none any more; [`Error::Store`] when the store can not be read.
pub fn one(context: &Context<'_>, id: &str) -> Result<Detail, Error> {
    let missing = || Error::NotFound { what: "occurrence", name: id.to_owned() };
    let parsed = id.parse::<OccurrenceId>().map_err(|()| missing())?;
    let stored = context.view.occurrence(parsed)?.ok_or_else(missing)?;
    let neighbours = context.view.occurrence_neighbours(stored.aggregate, parsed)?;
    let key = context.view.aggregates().get(stored.aggregate.0 as usize).map(|aggregate| aggregate.key.clone());
    Ok(Detail { item: item(context, stored), key: key.unwrap_or_default(), neighbours })
}

pub(super) fn item(context: &Context<'_>, stored: StoredOccurrence) -> Item {
    let service = context.view.aggregates().get(stored.aggregate.0 as usize);
    Item {
        service: service.map_or("", |aggregate| service_name(context, aggregate.service)).to_owned(),
        target: filter::target_labels(context, stored.target).cloned().unwrap_or_default(),
        stored,
    }
}
