//! Exporting who changed what in triage: a line for each change of each error, oldest first. docs/import-export.md describes the
//! fields.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::Path;

use serde::Serialize;

use super::Error;
use super::line::{self, MutedUntil, Release};
use super::moment::Moment;
use crate::model::activity::{Activity, ActivityChange, Reason};
use crate::model::annotation::Worn;
use crate::model::id::AggregateId;
use crate::model::triage::{Difference, Status};
use crate::store::{Store, View, guarded};

/// Writes all activity in `store` to `out`, which is called `path` in errors; how many lines.
///
/// # Errors
/// When the store can not be read or `out` can not be written.
pub fn export_activity(store: &Store, out: &mut dyn Write, path: &Path) -> Result<u64, Error> {
    let view = store.view()?;
    let mut out = io::BufWriter::with_capacity(1 << 20, out);
    let format = line::ACTIVITY.to_owned();
    let header = line::Record::Header(line::Header { format, version: line::VERSION });
    let mut written = write(&mut out, &header);
    let mut lines = 1;
    let mut visit = |activity: &Activity, aggregate, change: ActivityChange| {
        if written.is_ok() {
            written = write(&mut out, &Line::new(&view, activity, aggregate, &change));
            lines += 1;
        }
        if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    guarded(|| view.each_activity_change(&mut visit))?;
    written.and_then(|()| out.flush()).map_err(Error::io("write", path))?;
    Ok(lines)
}

fn write(out: &mut impl Write, line: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

/// What an activity did to one error.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename = "activity")]
struct Line<'a> {
    id: u64,
    time: Moment,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<&'a str>,
    reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    undoes: Option<u64>,
    service: &'a str,
    key: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    detail: &'a str,
    changes: Vec<Change<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "field", rename_all = "snake_case")]
enum Change<'a> {
    State { from: State, to: State },
    Label { name: &'a str, from: LabelValue<'a>, to: LabelValue<'a> },
    Assignee { from: Option<&'a str>, to: Option<&'a str> },
    Note { from: Option<&'a str>, to: Option<&'a str> },
}

#[derive(Debug, Serialize)]
struct State {
    #[serde(rename = "state")]
    name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    regressed_at: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    escalated_at: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolved_in: Option<Release>,
    #[serde(skip_serializing_if = "Option::is_none")]
    muted_until: Option<MutedUntil>,
}

#[derive(Debug, Serialize)]
struct LabelValue<'a> {
    value: Option<&'a str>,
    by: Option<&'static str>,
    /// What rules say beneath a person's choice.
    #[serde(skip_serializing_if = "Option::is_none")]
    by_rule: Option<&'a str>,
}

impl<'a> Line<'a> {
    fn new(view: &'a View<'_>, activity: &'a Activity, aggregate: AggregateId, change: &'a ActivityChange) -> Self {
        let aggregate = view.aggregates().get(aggregate.0 as usize);
        let service = aggregate.and_then(|aggregate| view.services().get(aggregate.service.0 as usize));
        Self {
            id: activity.id,
            time: Moment(activity.at),
            actor: activity.actor.as_deref(),
            reason: activity.reason.name(),
            undoes: match activity.reason {
                Reason::Undo(undone) => Some(undone),
                _ => None,
            },
            service: service.map_or("", |service| &service.name),
            key: aggregate.map_or("", |aggregate| &aggregate.key),
            detail: &change.detail,
            changes: change.differences.iter().map(Change::from).collect(),
        }
    }
}

impl<'a> From<&'a Difference> for Change<'a> {
    fn from(difference: &'a Difference) -> Self {
        match difference {
            Difference::Status { from, to } => Self::State { from: from.into(), to: to.into() },
            Difference::Label { name, from, to } => Self::Label { name, from: from.into(), to: to.into() },
            Difference::Assignee { from, to } => Self::Assignee { from: from.as_deref(), to: to.as_deref() },
            Difference::Note { from, to } => Self::Note { from: from.as_deref(), to: to.as_deref() },
        }
    }
}

impl From<&Status> for State {
    fn from(status: &Status) -> Self {
        let (resolved_in, muted_until) = line::conditions(&status.standing);
        Self {
            name: status.standing.state().name(),
            since: status.since.map(Moment),
            regressed_at: status.regressed_at.map(Moment),
            escalated_at: status.escalated_at.map(Moment),
            resolved_in,
            muted_until,
        }
    }
}

impl<'a> From<&'a Worn> for LabelValue<'a> {
    fn from(worn: &'a Worn) -> Self {
        let ruled = worn.ruled.as_deref();
        let (by, by_rule) = match (&worn.chosen, ruled) {
            (Some(_), ruled) => (Some("person"), ruled),
            (None, Some(_)) => (Some("rule"), None),
            (None, None) => (None, None),
        };
        Self { value: worn.value(), by, by_rule }
    }
}
