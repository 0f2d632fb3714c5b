//! The bytes of triage, activities and saved views. Format: docs/storage-format.md.

use crate::model::activity::{Activity, ActivityChange, Reason};
use crate::model::aggregate_set::AggregateSet;
use crate::model::annotation::{Annotations, Choice, Worn};
use crate::model::label::Labels;
use crate::model::time::Timestamp;
use crate::model::triage::{Difference, Standing, Status, Triage, Until};
use crate::model::version::Release;
use crate::model::view::SavedView;
use crate::store::codec::Corrupt;
use crate::store::row::{Reader, Writer, unexpected};

/// Version of every row here: their first byte.
const VERSION: u8 = 1;

/// Times are distances from here.
const EPOCH: Timestamp = Timestamp(0);

/// Codes of standings.
const OPEN: u8 = 0;
const RESOLVED: u8 = 1;
const RESOLVED_IN: u8 = 2;
const MUTED: u8 = 3;
const MUTED_UNTIL_TIME: u8 = 4;
const MUTED_UNTIL_TOTAL: u8 = 5;
const MUTED_UNTIL_ESCALATION: u8 = 6;

/// Codes of differences.
const STATUS: u8 = 0;
const LABEL: u8 = 1;
const ASSIGNEE: u8 = 2;
const NOTE: u8 = 3;

/// An aggregate's triage, and the last activity that changed it: 0 if none did.
pub(in crate::store) fn encode_triage(last: u64, triage: &Triage) -> Vec<u8> {
    let mut row = Writer(vec![VERSION]);
    row.unsigned(last);
    status(&mut row, &triage.status);
    row.unsigned(triage.labels.chosen().len() as u64);
    for (name, choice) in triage.labels.chosen() {
        row.text(name);
        option(
            &mut row,
            match choice {
                Choice::Value(value) => Some(value),
                Choice::Nothing => None,
            },
        );
    }
    row.unsigned(triage.labels.ruled().len() as u64);
    for (name, value) in triage.labels.ruled().iter() {
        row.text(name);
        row.text(value);
    }
    option(&mut row, triage.assignee.as_deref());
    option(&mut row, triage.note.as_deref());
    row.unsigned(triage.revision);
    row.0
}

/// Reads an aggregate's triage back.
pub(in crate::store) fn decode_triage(bytes: &[u8]) -> Result<(u64, Triage), Corrupt> {
    let mut row = begin(bytes)?;
    let last = row.unsigned()?;
    let status = read_status(&mut row)?;
    let mut chosen = Vec::new();
    for _ in 0..row.length()? {
        let name = row.text()?.to_owned();
        chosen.push((name, read_option(&mut row)?.map_or(Choice::Nothing, Choice::Value)));
    }
    let mut ruled = Labels::default();
    for _ in 0..row.length()? {
        let name = row.text()?.to_owned();
        ruled.set(name, row.text()?);
    }
    let triage = Triage {
        status,
        labels: Annotations::new(chosen, ruled),
        assignee: read_option(&mut row)?,
        note: read_option(&mut row)?,
        revision: row.unsigned()?,
    };
    end(&row, (last, triage))
}

/// An activity without what it did to each aggregate.
pub(in crate::store) fn encode_activity(activity: &Activity) -> Vec<u8> {
    let mut row = Writer(vec![VERSION]);
    row.time(activity.at, EPOCH);
    option(&mut row, activity.actor.as_deref());
    row.byte(reason_code(activity.reason));
    if let Reason::Undo(undone) = activity.reason {
        row.unsigned(undone);
    }
    row.bytes(&activity.aggregates.to_bytes());
    row.0
}

/// Reads an activity back.
pub(in crate::store) fn decode_activity(id: u64, bytes: &[u8]) -> Result<Activity, Corrupt> {
    let mut row = begin(bytes)?;
    let at = row.time(EPOCH)?;
    let actor = read_option(&mut row)?;
    let code = row.byte()?;
    let reason = Reason::ALL.into_iter().find(|reason| reason_code(*reason) == code);
    let reason = match reason.ok_or_else(|| unexpected("a reason"))? {
        Reason::Undo(_) => Reason::Undo(row.unsigned()?),
        other => other,
    };
    let aggregates = AggregateSet::from_bytes(row.bytes()?).ok_or_else(|| unexpected("a set of aggregates"))?;
    end(&row, Activity { id, at, actor, reason, aggregates })
}

/// When an activity happened.
pub(super) fn activity_time(bytes: &[u8]) -> Result<Timestamp, Corrupt> {
    begin(bytes)?.time(EPOCH)
}

/// What an activity did to one aggregate, and the last one before that changed it: 0 if none did.
pub(in crate::store) fn encode_change(before: u64, change: &ActivityChange) -> Vec<u8> {
    let mut row = Writer(vec![VERSION]);
    row.unsigned(before);
    row.text(&change.detail);
    row.unsigned(change.differences.len() as u64);
    for difference in &change.differences {
        match difference {
            Difference::Status { from, to } => {
                row.byte(STATUS);
                status(&mut row, from);
                status(&mut row, to);
            }
            Difference::Label { name, from, to } => {
                row.byte(LABEL);
                row.text(name);
                worn(&mut row, from);
                worn(&mut row, to);
            }
            Difference::Assignee { from, to } => {
                row.byte(ASSIGNEE);
                option(&mut row, from.as_deref());
                option(&mut row, to.as_deref());
            }
            Difference::Note { from, to } => {
                row.byte(NOTE);
                option(&mut row, from.as_deref());
                option(&mut row, to.as_deref());
            }
        }
    }
    row.0
}

/// Reads back what an activity did to one aggregate.
pub(in crate::store) fn decode_change(bytes: &[u8]) -> Result<(u64, ActivityChange), Corrupt> {
    let mut row = begin(bytes)?;
    let before = row.unsigned()?;
    let detail = row.text()?.to_owned();
    let mut differences = Vec::new();
    for _ in 0..row.length()? {
        differences.push(match row.byte()? {
            STATUS => Difference::Status { from: read_status(&mut row)?, to: read_status(&mut row)? },
            LABEL => {
                let name = row.text()?.to_owned();
                Difference::Label { name, from: read_worn(&mut row)?, to: read_worn(&mut row)? }
            }
            ASSIGNEE => Difference::Assignee { from: read_option(&mut row)?, to: read_option(&mut row)? },
            NOTE => Difference::Note { from: read_option(&mut row)?, to: read_option(&mut row)? },
            _ => return Err(unexpected("a difference")),
        });
    }
    end(&row, (before, ActivityChange { detail, differences }))
}

/// A saved view; its name is the key.
pub(in crate::store) fn encode_view(view: &SavedView) -> Vec<u8> {
    let mut row = Writer(vec![VERSION]);
    for text in [&view.query, &view.start, &view.end, &view.sort, &view.saved_by] {
        row.text(text);
    }
    row.time(view.saved_at, EPOCH);
    row.0
}

/// Reads a saved view back.
pub(in crate::store) fn decode_view(name: &str, bytes: &[u8]) -> Result<SavedView, Corrupt> {
    let mut row = begin(bytes)?;
    let mut text = || row.text().map(str::to_owned);
    let (query, start, end_text, sort, saved_by) = (text()?, text()?, text()?, text()?, text()?);
    let saved_at = row.time(EPOCH)?;
    end(&row, SavedView { name: name.to_owned(), query, start, end: end_text, sort, saved_by, saved_at })
}

fn status(row: &mut Writer, status: &Status) {
    match &status.standing {
        Standing::Open => row.byte(OPEN),
        Standing::Resolved(None) => row.byte(RESOLVED),
        Standing::Resolved(Some(release)) => {
            row.byte(RESOLVED_IN);
            row.text(&release.label);
            row.text(&release.version);
            row.time(release.appeared_at, EPOCH);
        }
        Standing::Muted(Until::Forever) => row.byte(MUTED),
        Standing::Muted(Until::Time(until)) => {
            row.byte(MUTED_UNTIL_TIME);
            row.time(*until, EPOCH);
        }
        Standing::Muted(Until::Total(total)) => {
            row.byte(MUTED_UNTIL_TOTAL);
            row.unsigned(*total);
        }
        Standing::Muted(Until::Escalation) => row.byte(MUTED_UNTIL_ESCALATION),
    }
    for time in [status.since, status.regressed_at, status.escalated_at] {
        row.byte(u8::from(time.is_some()));
        if let Some(time) = time {
            row.time(time, EPOCH);
        }
    }
}

fn read_status(row: &mut Reader<'_>) -> Result<Status, Corrupt> {
    let standing = match row.byte()? {
        OPEN => Standing::Open,
        RESOLVED => Standing::Resolved(None),
        RESOLVED_IN => Standing::Resolved(Some(Release {
            label: row.text()?.to_owned(),
            version: row.text()?.to_owned(),
            appeared_at: row.time(EPOCH)?,
        })),
        MUTED => Standing::Muted(Until::Forever),
        MUTED_UNTIL_TIME => Standing::Muted(Until::Time(row.time(EPOCH)?)),
        MUTED_UNTIL_TOTAL => Standing::Muted(Until::Total(row.unsigned()?)),
        MUTED_UNTIL_ESCALATION => Standing::Muted(Until::Escalation),
        _ => return Err(unexpected("a standing")),
    };
    let mut time = || match row.byte()? {
        0 => Ok(None),
        1 => row.time(EPOCH).map(Some),
        _ => Err(unexpected("whether a time is there")),
    };
    Ok(Status { standing, since: time()?, regressed_at: time()?, escalated_at: time()? })
}

/// 0: left to the rules, 1: not there, 2: a value.
fn worn(row: &mut Writer, worn: &Worn) {
    match &worn.chosen {
        None => row.byte(0),
        Some(Choice::Nothing) => row.byte(1),
        Some(Choice::Value(value)) => {
            row.byte(2);
            row.text(value);
        }
    }
    option(row, worn.ruled.as_deref());
}

fn read_worn(row: &mut Reader<'_>) -> Result<Worn, Corrupt> {
    let chosen = match row.byte()? {
        0 => None,
        1 => Some(Choice::Nothing),
        2 => Some(Choice::Value(row.text()?.to_owned())),
        _ => return Err(unexpected("a choice")),
    };
    Ok(Worn { chosen, ruled: read_option(row)? })
}

fn option(row: &mut Writer, text: Option<&str>) {
    row.byte(u8::from(text.is_some()));
    if let Some(text) = text {
        row.text(text);
    }
}

fn read_option(row: &mut Reader<'_>) -> Result<Option<String>, Corrupt> {
    match row.byte()? {
        0 => Ok(None),
        1 => Ok(Some(row.text()?.to_owned())),
        _ => Err(unexpected("whether a text is there")),
    }
}

fn reason_code(reason: Reason) -> u8 {
    match reason {
        Reason::Edit => 0,
        Reason::Bulk => 1,
        Reason::Periskop => 2,
        Reason::Undo(_) => 3,
        Reason::Rule => 4,
        Reason::Regression => 5,
        Reason::Escalation => 6,
        Reason::MuteTime => 7,
        Reason::MuteCount => 8,
        Reason::Silence => 9,
        Reason::Import => 10,
    }
}

fn begin(bytes: &[u8]) -> Result<Reader<'_>, Corrupt> {
    match bytes.split_first() {
        Some((&VERSION, row)) => Ok(Reader(row)),
        _ => Err(unexpected("the version of a row of triage")),
    }
}

fn end<T>(row: &Reader<'_>, value: T) -> Result<T, Corrupt> {
    if row.is_empty() { Ok(value) } else { Err(unexpected("the end of a row of triage")) }
}
