//! Ownership at a glance: what came and went in a range, by the values of an annotation label.

use std::collections::BTreeMap;

use super::activity;
use super::filter;
use super::group;
use super::matcher::Query;
use super::{Context, Error, suggestion};
use crate::model::activity::Reason;
use crate::model::series::{Buckets, Count};
use crate::model::time::{Millis, TimeRange, Timestamp};
use crate::model::triage::{Difference, State};
use crate::store::Split;

/// What is answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// One for each value, most events first; what has none stands under the empty value.
    pub rows: Vec<Row>,
    /// All together.
    pub total: Row,
}

/// What came and went of the errors with one value.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Row {
    /// The value.
    pub value: String,
    /// Errors that happened in the range.
    pub errors: u64,
    /// How often.
    pub count: Count,
    /// Errors that are open now, whenever they happened.
    pub open: u64,
    /// Errors that are muted now.
    pub muted: u64,
    /// Errors first seen in the range.
    pub new: u64,
    /// How often an error that was resolved happened again in the range.
    pub regressed: u64,
    /// How often an error was resolved in the range.
    pub resolved: u64,
    /// How long errors that were resolved in the range had been open, shortest first.
    pub times_to_resolve: Vec<Millis>,
}

impl Row {
    /// The median of the times to resolve.
    #[must_use]
    pub fn time_to_resolve_median(&self) -> Option<Millis> {
        let times = &self.times_to_resolve;
        let upper = times.get(times.len() / 2)?;
        let lower = times.get((times.len() - 1) / 2)?;
        Some(Millis(lower.0.midpoint(upper.0)))
    }

    /// Their mean.
    #[must_use]
    pub fn time_to_resolve_mean(&self) -> Option<Millis> {
        let sum: i128 = self.times_to_resolve.iter().map(|time| i128::from(time.0)).sum();
        let number = i128::try_from(self.times_to_resolve.len()).ok().filter(|number| *number > 0)?;
        i64::try_from(sum / number).ok().map(Millis)
    }

    fn add(&mut self, other: &Self) {
        self.errors += other.errors;
        self.count.add(other.count);
        self.open += other.open;
        self.muted += other.muted;
        self.new += other.new;
        self.regressed += other.regressed;
        self.resolved += other.resolved;
        self.times_to_resolve.extend(&other.times_to_resolve);
    }
}

/// Reads the parameter `by`: the name of an annotation label, with or without `label.` before it.
///
/// # Errors
/// [`Error::Invalid`] when it is not given, or names something else.
pub fn read_label(by: Option<&str>) -> Result<&str, Error> {
    let by = by.ok_or_else(|| Error::invalid("by", "by is to name an annotation label, such as team"))?;
    if by.starts_with("target.") {
        return Err(Error::invalid("by", format!("{by} is a label of targets; a report is by an annotation label")));
    }
    Ok(by.strip_prefix("label.").unwrap_or(by))
}

/// What came and went in `range` of what `query` selects, by the values that the annotation label has now.
///
/// # Errors
/// [`Error::Invalid`] for an unknown name in the query or a label that no error has; [`Error::Store`] when the store can not
/// be read.
pub fn by_label(context: &Context<'_>, query: &Query, label: &str, range: TimeRange) -> Result<Report, Error> {
    let known = filter::annotation_names(context);
    if !known.contains(label) {
        let known = suggestion::known(label, known);
        return Err(Error::invalid("by", format!("no error has a label {label:?}{known}")));
    }
    let selection = filter::select(context, query, range)?;
    let selected = selection.aggregate_set(context);
    let aggregates = context.view.aggregates();
    let mut rows: BTreeMap<&str, Row> = BTreeMap::new();
    let mut counts = vec![Count::default(); aggregates.len()];
    group::scan(context, &selection, Split::Aggregate, Buckets::whole(range), &mut |hit| {
        if let Some(count) = counts.get_mut(hit.aggregate.0 as usize) {
            count.add(hit.count);
        }
    })?;
    for id in selected.iter() {
        let Some(aggregate) = aggregates.get(id.0 as usize) else { continue };
        let row = rows.entry(aggregate.triage.labels.get(label).unwrap_or("")).or_default();
        let count = counts.get(id.0 as usize).copied().unwrap_or_default();
        row.errors += u64::from(count.total > 0);
        row.count.add(count);
        row.open += u64::from(aggregate.state() == State::Open);
        row.muted += u64::from(aggregate.state() == State::Muted);
        row.new += u64::from(range.contains(aggregate.first_seen));
    }
    for change in changes(context, range)? {
        let Some(aggregate) = aggregates.get(change.aggregate as usize) else { continue };
        if !selected.contains(aggregate.id) {
            continue;
        }
        let row = rows.entry(aggregate.triage.labels.get(label).unwrap_or("")).or_default();
        match change.what {
            What::Regressed => row.regressed += 1,
            What::Resolved { at, open_since } => {
                row.resolved += 1;
                let since = open_since.unwrap_or(aggregate.first_seen);
                row.times_to_resolve.push(at.since(since).max(Millis(0)));
            }
        }
    }
    let mut total = Row::default();
    let mut rows: Vec<Row> = rows
        .into_iter()
        .map(|(value, mut row)| {
            row.value = value.to_owned();
            row.times_to_resolve.sort_unstable();
            total.add(&row);
            row
        })
        .collect();
    total.times_to_resolve.sort_unstable();
    rows.sort_by(|one, other| other.count.total.cmp(&one.count.total).then_with(|| one.value.cmp(&other.value)));
    Ok(Report { rows, total })
}

struct StateChange {
    aggregate: u32,
    what: What,
}

enum What {
    Regressed,
    Resolved { at: Timestamp, open_since: Option<Timestamp> },
}

/// Every time in the range that an error was resolved, or happened again after it was.
fn changes(context: &Context<'_>, range: TimeRange) -> Result<Vec<StateChange>, Error> {
    let mut activities = Vec::new();
    context.view.activities(None, &mut |activity| {
        let next = activity::go_on(&activity, range);
        if range.contains(activity.at) && activity.reason != Reason::Rule {
            activities.push(activity);
        }
        next
    })?;
    let mut changes = Vec::new();
    for activity in activities {
        for id in activity.aggregates.iter() {
            let aggregate = id.0;
            if activity.reason == Reason::Regression {
                changes.push(StateChange { aggregate, what: What::Regressed });
                continue;
            }
            let Some(change) = context.view.activity_change(activity.id, id)? else { continue };
            for difference in &change.differences {
                let Difference::Status { from, to } = difference else { continue };
                let was_open = from.standing.state() != State::Resolved;
                if was_open && to.standing.state() == State::Resolved {
                    // What was muted meanwhile was not dealt with by that.
                    let open_since = from.since.filter(|_| from.standing.state() == State::Open);
                    let what = What::Resolved { at: activity.at, open_since };
                    changes.push(StateChange { aggregate, what });
                }
            }
        }
    }
    Ok(changes)
}
