//! Which aggregates happen much more often than they used to.
//!
//! An aggregate escalates when it happens more often in a clock hour (UTC) than its [`Limit`]. The running hour and the one
//! before it are looked at, each with its own limit, so that an escalation is still seen when the hour turns.
//!
//! | file | what |
//! | --- | --- |
//! | limit | the formula |
//! | history | the hours that it looks at, from the store |

mod history;
mod limit;
#[cfg(test)]
mod tests;

use rustc_hash::FxHashMap;

use self::history::Judged;
pub use self::limit::{Basis, Limit, Week};
use self::limit::{HOUR, day_of, hour_of};
use super::{Context, Error};
use crate::model::aggregate_set::AggregateSet;
use crate::model::id::AggregateId;
use crate::model::series::Buckets;
use crate::model::time::{Millis, TimeRange, Timestamp};
use crate::store::{self, Scan, Split, Store, View};

/// What was found when it was last looked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Escalations {
    /// Aggregates that are over their limit, in whatever state they are.
    pub over: AggregateSet,
}

/// How an aggregate stands to its limit, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Explained {
    /// The limit of the hour; `None` when there is nothing to compare with, and it can not escalate.
    pub limit: Option<Limit>,
    /// Begin of the hour that is explained: the running one, or the last one if it is over its limit and the running one is not.
    pub hour: Timestamp,
    /// How often it happened in the hour so far.
    pub count: u64,
    /// Whether that is more than the limit.
    pub escalating: bool,
    /// All this for people: a sentence without a capital and a full stop.
    pub why: String,
}

/// How the aggregate stands to its limit when it is [`Context::now`], read from the store.
///
/// # Errors
/// [`Error::NotFound`] when there is no such aggregate, [`Error::Store`] when the store can not be read.
pub fn explain(context: &Context<'_>, aggregate: AggregateId) -> Result<Explained, Error> {
    if context.view.aggregates().get(aggregate.0 as usize).is_none() {
        return Err(Error::NotFound { what: "aggregate", name: aggregate.to_string() });
    }
    let only: AggregateSet = [aggregate].into_iter().collect();
    let judge = |hour: Timestamp| -> Result<Explained, Error> {
        let range = TimeRange { start: hour, end: hour.plus(HOUR) };
        let judged = history::limits(context.view, hour, &only)?;
        let limit = judged.get(&aggregate).and_then(|judged| judged.limit);
        Ok(Explained::new(hour, count(context.view, &only, range)?, limit, None))
    };
    let running = judge(hour_of(context.now))?;
    if running.escalating {
        return Ok(running);
    }
    let last = judge(running.hour.minus(HOUR))?;
    Ok(if last.escalating { last } else { running })
}

/// Looks for escalations again and again. Limits are computed for aggregates that happened in the last two hours, at most once
/// a day for each that has a day to look at.
#[derive(Debug, Default)]
pub struct Watch {
    /// The running hour and the one before it.
    hours: [Hour; 2],
}

/// What is known of an hour.
#[derive(Debug, Default)]
struct Hour {
    start: Timestamp,
    counts: FxHashMap<AggregateId, u64>,
    limits: FxHashMap<AggregateId, Judged>,
}

impl Watch {
    /// Looks once.
    ///
    /// # Errors
    /// When the store can not be read; what is known of limits is kept then.
    pub fn look(&mut self, store: &Store, now: Timestamp) -> Result<Escalations, store::Error> {
        self.turn(now);
        self.count(&store.view()?)?;
        let [running, last] = &mut self.hours;
        running.judge(store)?;
        last.take_over(running);
        last.judge(store)?;
        let over = self.hours.iter().flat_map(|hour| hour.counts.keys().filter(|id| hour.is_over(**id)));
        Ok(Escalations { over: over.copied().collect() })
    }

    /// Whether an aggregate is over its limit, as [`Watch::look`] last saw it, with what happened after `since` alone; and why.
    ///
    /// # Errors
    /// When the store can not be read.
    pub fn over_since(
        &self,
        view: &View<'_>,
        id: AggregateId,
        since: Timestamp,
    ) -> Result<Option<Explained>, store::Error> {
        for hour in self.hours.iter().filter(|hour| hour.is_over(id)) {
            let range = TimeRange { start: since.plus(Millis(1)), end: hour.start.plus(HOUR) };
            let limit = hour.limits.get(&id).and_then(|judged| judged.limit);
            let explained = if since < hour.start {
                Explained::new(hour.start, hour.counts.get(&id).copied().unwrap_or(0), limit, None)
            } else if range.is_empty() {
                continue;
            } else {
                Explained::new(hour.start, count(view, &[id].into_iter().collect(), range)?, limit, Some(since))
            };
            if explained.escalating {
                return Ok(Some(explained));
            }
        }
        Ok(None)
    }

    /// Makes room for the hours that it is now; what is known of them, and of their days, stays.
    fn turn(&mut self, now: Timestamp) {
        let running = hour_of(now);
        let mut known = std::mem::take(&mut self.hours);
        self.hours = [running, running.minus(HOUR)].map(|start| {
            if let Some(hour) = known.iter_mut().find(|hour| hour.start == start) {
                return std::mem::take(hour);
            }
            let mut hour = Hour { start, ..Hour::default() };
            for known in &known {
                hour.take_over(known);
            }
            hour
        });
    }

    fn count(&mut self, view: &View<'_>) -> Result<(), store::Error> {
        let [running, last] = &mut self.hours;
        let buckets = Buckets { start: last.start, step: HOUR, len: 2 };
        running.counts.clear();
        last.counts.clear();
        view.scan(&Scan { aggregates: None, targets: None, split: Split::Aggregate, buckets }, &mut |hit| {
            let hour = if hit.bucket == 0 { &mut *last } else { &mut *running };
            let count = hour.counts.entry(hit.aggregate).or_default();
            *count = count.saturating_add(hit.count.total);
        })
    }
}

impl Hour {
    /// Takes over what is known of the same day.
    fn take_over(&mut self, other: &Self) {
        if day_of(self.start) == day_of(other.start) {
            let of_day = other.limits.iter().filter(|(_, judged)| judged.of_day);
            self.limits.extend(of_day.map(|(id, judged)| (*id, *judged)));
        }
    }

    /// Computes the limits that are not known. Each view is given back soon, so that commits do not wait long.
    fn judge(&mut self, store: &Store) -> Result<(), store::Error> {
        let mut missing: Vec<AggregateId> =
            self.counts.keys().filter(|id| !self.limits.contains_key(id)).copied().collect();
        missing.sort_unstable();
        for together in missing.chunks(history::TOGETHER_MAX) {
            let together = together.iter().copied().collect();
            self.limits.extend(history::limits(&store.view()?, self.start, &together)?);
        }
        Ok(())
    }

    fn is_over(&self, id: AggregateId) -> bool {
        let limit = self.limits.get(&id).and_then(|judged| judged.limit);
        limit.is_some_and(|limit| self.counts.get(&id).is_some_and(|count| *count > limit.limit))
    }
}

impl Explained {
    /// `since` is when within the hour counting began, if it did not begin with the hour.
    fn new(hour: Timestamp, count: u64, limit: Option<Limit>, since: Option<Timestamp>) -> Self {
        let escalating = limit.is_some_and(|limit| count > limit.limit);
        let times = if count == 1 { "once".to_owned() } else { format!("{count} times") };
        let from = since.unwrap_or(hour);
        let to = hour.plus(HOUR);
        let why = match &limit {
            Some(limit) => {
                let more = if escalating { "more than" } else { "not more than" };
                format!("happened {times} from {from} to {to}, {more} the limit of {}: {}", limit.limit, limit.reason())
            }
            None => format!("happened {times} from {from} to {to}, and there is no hour before to compare that with"),
        };
        Self { limit, hour, count, escalating, why }
    }
}

/// How often these happened in `range`.
fn count(view: &View<'_>, only: &AggregateSet, range: TimeRange) -> Result<u64, store::Error> {
    let request =
        Scan { aggregates: Some(only), targets: None, split: Split::Aggregate, buckets: Buckets::whole(range) };
    let mut total = 0_u64;
    view.scan(&request, &mut |hit| total = total.saturating_add(hit.count.total))?;
    Ok(total)
}
