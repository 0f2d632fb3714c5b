//! Reads only: what people ask (times, steps, filters) becomes sets and scans of the store, and scans become answers.
//!
//! Every answer is computed from one view of the store, so its parts agree with each other: whatever a range, a top list
//! or a distribution is grouped by, its groups add up to the same total.
//!
//! | file | what |
//! | --- | --- |
//! | time | times, ranges, steps and buckets as people write them |
//! | pattern, matcher, filter | the query language: patterns, its parser, and what it selects |
//! | completion | what may stand at a place of a query |
//! | group | which group a count belongs to, and counting by groups |
//! | search, snippet | samples for which a query holds, and where |
//! | range, top, list, sparkline, distribution, service, label, occurrence, target, facet, activity, report, view | one file for each kind of answer |

pub mod activity;
pub mod completion;
pub mod cursor;
pub mod distribution;
pub mod escalation;
pub mod facet;
pub mod filter;
pub mod group;
pub mod label;
pub mod list;
pub mod matcher;
pub mod occurrence;
pub mod pattern;
pub mod range;
pub mod report;
pub mod search;
pub mod service;
pub mod snippet;
pub mod sparkline;
pub mod suggestion;
pub mod target;
#[cfg(test)]
mod tests;
pub mod time;
pub mod top;
pub mod view;

use std::sync::Arc;

use self::escalation::Escalations;
use crate::model::aggregate_set::AggregateSet;
use crate::model::target::ServiceTargets;
use crate::model::time::{Millis, Timestamp};
use crate::model::triage::State;
use crate::search::{self as index, Snapshot};
use crate::store::{self, View};

/// What every answer is computed from.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// A consistent view of the store.
    pub view: &'a View<'a>,
    /// The index of all samples, taken before the view: what is found in it is stored there, unless retention removed it.
    pub index: &'a Snapshot,
    /// The time of the question: what `now` means, and what "new" is measured from.
    pub now: Timestamp,
    /// What discovery last found, one entry for each configured service; a service is known from here before its first
    /// scrape.
    pub discovered: &'a [Arc<ServiceTargets>],
    /// Who asks; empty when they gave no name.
    pub me: &'a str,
    /// An error is new for so long after it was first seen.
    pub new_for: Millis,
    /// Which errors happen much more often than they used to.
    pub escalations: &'a Escalations,
}

/// Scrape interval where nothing is configured that could tell: Prometheus's usual one.
const SCRAPE_INTERVAL_DEFAULT: Millis = Millis::from_seconds(15);

impl Context<'_> {
    /// Errors first seen after this are new.
    #[must_use]
    pub fn new_since(&self) -> Timestamp {
        self.now.minus(self.new_for)
    }

    /// Errors that happen much more often than they used to, and of which one wants to hear that.
    #[must_use]
    pub fn escalating(&self) -> AggregateSet {
        let sets = self.view.sets();
        let heard = &sets.state(State::Open).0 | &sets.until_escalation().0;
        AggregateSet(&self.escalations.over.0 & heard)
    }

    /// The shortest configured scrape interval: counts are not known more finely than this.
    #[must_use]
    pub fn scrape_interval_min(&self) -> Millis {
        self.scrape_intervals().min().unwrap_or(SCRAPE_INTERVAL_DEFAULT)
    }

    /// The longest configured scrape interval: after so long, every target has been asked again.
    #[must_use]
    pub fn scrape_interval_max(&self) -> Millis {
        self.scrape_intervals().max().unwrap_or(SCRAPE_INTERVAL_DEFAULT)
    }

    fn scrape_intervals(&self) -> impl Iterator<Item = Millis> {
        self.discovered.iter().flat_map(|service| &service.active).map(|target| target.scrape_interval)
    }
}

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A parameter is wrong: the caller can mend it.
    #[error("{message}")]
    Invalid {
        /// The parameter.
        param: &'static str,
        /// Where in it, in characters from 0, where that says more.
        position: Option<usize>,
        /// What is wrong with it, and what would be right.
        message: String,
    },
    /// There is no such thing.
    #[error("there is no {what} {name}")]
    NotFound {
        /// Its kind: aggregate, occurrence, target, label.
        what: &'static str,
        /// What was asked for.
        name: String,
    },
    /// The store could not be read.
    #[error("the store could not be read")]
    Store(#[from] store::Error),
    /// The index of samples could not be read.
    #[error("the search index could not be read")]
    Search(#[from] index::Error),
}

impl Error {
    /// A wrong parameter.
    pub(crate) fn invalid(param: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid { param, position: None, message: message.into() }
    }
}

/// Reads a whole number parameter between `min` and `max`; `default` where it is not given.
///
/// # Errors
/// [`Error::Invalid`] naming the parameter and the bounds.
pub fn number(param: &'static str, text: Option<&str>, default: usize, min: usize, max: usize) -> Result<usize, Error> {
    let Some(text) = text else { return Ok(default) };
    text.parse().ok().filter(|number| (min..=max).contains(number)).ok_or_else(|| {
        Error::invalid(param, format!("{param} is to be a whole number from {min} to {max}, not {text:?}"))
    })
}

/// Reads a parameter that is `true` or `false`; `false` where it is not given.
///
/// # Errors
/// [`Error::Invalid`] naming the parameter.
pub fn flag(param: &'static str, text: Option<&str>) -> Result<bool, Error> {
    match text {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(text) => Err(Error::invalid(param, format!("{param} is to be true or false, not {text:?}"))),
    }
}
