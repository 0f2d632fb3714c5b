//! Any bytes read as a row of triage, of an activity, of what it did or of a saved view end in an error or in something that
//! written again is read as the same; and anything that is written comes back, or damaged is like any bytes.
#![no_main]

use std::fmt::Debug;

use hydrophone::model::activity::{Activity, ActivityChange, Reason};
use hydrophone::model::aggregate_set::AggregateSet;
use hydrophone::model::annotation::{Annotations, Choice, Worn};
use hydrophone::model::id::AggregateId;
use hydrophone::model::label::Labels;
use hydrophone::model::time::Timestamp;
use hydrophone::model::triage::{Difference, Standing, Status, Triage, Until};
use hydrophone::model::version::Release;
use hydrophone::model::view::SavedView;
use hydrophone::store::codec::Corrupt;
use hydrophone::store::fuzzed::{
    read_activity, read_change, read_triage, read_view, write_activity, write_change, write_triage, write_view,
};
use libfuzzer_sys::arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;

// The first byte chooses what the others are.
fuzz_target!(|data: &[u8]| {
    let Some((choice, rest)) = data.split_first() else { return };
    match choice % 8 {
        0 => any(rest, read_triage, write_triage),
        1 => any(rest, |row| read_activity(7, row), write_activity),
        2 => any(rest, read_change, write_change),
        3 => any(rest, |row| read_view("mine", row), write_view),
        4 => written(rest, triage, read_triage, write_triage),
        5 => written(rest, activity, |row| read_activity(7, row), write_activity),
        6 => written(rest, activity_change, read_change, write_change),
        _ => written(rest, view, |row| read_view("mine", row), write_view),
    }
});

fn any<T: PartialEq + Debug>(
    row: &[u8],
    read: impl Fn(&[u8]) -> std::result::Result<T, Corrupt>,
    write: impl Fn(&T) -> Vec<u8>,
) {
    if let Ok(value) = read(row) {
        assert_eq!(read(&write(&value)).as_ref(), Ok(&value));
    }
}

fn written<T: PartialEq + Debug>(
    data: &[u8],
    make: impl Fn(&mut Unstructured<'_>) -> Result<T>,
    read: impl Fn(&[u8]) -> std::result::Result<T, Corrupt>,
    write: impl Fn(&T) -> Vec<u8>,
) {
    let mut input = Unstructured::new(data);
    let Ok((at, byte)) = input.arbitrary::<(u16, u8)>() else { return };
    let Ok(value) = make(&mut input) else { return };
    let mut row = write(&value);
    assert_eq!(read(&row).as_ref(), Ok(&value));
    let at = usize::from(at) % row.len();
    row[at] = byte;
    any(&row, read, write);
}

fn triage(input: &mut Unstructured<'_>) -> Result<(u64, Triage)> {
    let last = input.arbitrary()?;
    let mut chosen = Vec::new();
    while input.arbitrary()? {
        let choice = if input.arbitrary()? { Choice::Value(input.arbitrary()?) } else { Choice::Nothing };
        chosen.push((input.arbitrary()?, choice));
    }
    let mut ruled = Labels::default();
    while input.arbitrary()? {
        ruled.set(input.arbitrary::<String>()?, input.arbitrary::<String>()?);
    }
    let (status, labels) = (status(input)?, Annotations::new(chosen, ruled));
    let (assignee, note, revision) = (input.arbitrary()?, input.arbitrary()?, input.arbitrary()?);
    Ok((last, Triage { status, labels, assignee, note, revision }))
}

fn status(input: &mut Unstructured<'_>) -> Result<Status> {
    let standing = match input.int_in_range(0..=6)? {
        0 => Standing::Open,
        1 => Standing::Resolved(None),
        2 => Standing::Resolved(Some(Release {
            label: input.arbitrary()?,
            version: input.arbitrary()?,
            appeared_at: Timestamp(input.arbitrary()?),
        })),
        3 => Standing::Muted(Until::Forever),
        4 => Standing::Muted(Until::Time(Timestamp(input.arbitrary()?))),
        5 => Standing::Muted(Until::Total(input.arbitrary()?)),
        _ => Standing::Muted(Until::Escalation),
    };
    let mut time = || Ok(input.arbitrary::<Option<i64>>()?.map(Timestamp));
    Ok(Status { standing, since: time()?, regressed_at: time()?, escalated_at: time()? })
}

fn activity(input: &mut Unstructured<'_>) -> Result<Activity> {
    let reason = match *input.choose(&Reason::ALL)? {
        Reason::Undo(_) => Reason::Undo(input.arbitrary()?),
        other => other,
    };
    let (at, actor) = (Timestamp(input.arbitrary()?), input.arbitrary()?);
    let mut aggregates = AggregateSet::new();
    while input.arbitrary()? {
        // Some alone, some in a row: each has its own way to be written.
        let (first, count) = (input.arbitrary::<u32>()?, u32::from(input.arbitrary::<u16>()?));
        (first..first.saturating_add(count)).for_each(|id| aggregates.insert(AggregateId(id)));
    }
    Ok(Activity { id: 7, at, actor, reason, aggregates })
}

fn activity_change(input: &mut Unstructured<'_>) -> Result<(u64, ActivityChange)> {
    let (before, detail) = (input.arbitrary()?, input.arbitrary()?);
    let mut differences = Vec::new();
    while input.arbitrary()? {
        differences.push(match input.int_in_range(0..=3)? {
            0 => Difference::Status { from: status(input)?, to: status(input)? },
            1 => Difference::Label { name: input.arbitrary()?, from: worn(input)?, to: worn(input)? },
            2 => Difference::Assignee { from: input.arbitrary()?, to: input.arbitrary()? },
            _ => Difference::Note { from: input.arbitrary()?, to: input.arbitrary()? },
        });
    }
    Ok((before, ActivityChange { detail, differences }))
}

fn worn(input: &mut Unstructured<'_>) -> Result<Worn> {
    let chosen = match input.int_in_range(0..=2)? {
        0 => None,
        1 => Some(Choice::Nothing),
        _ => Some(Choice::Value(input.arbitrary()?)),
    };
    Ok(Worn { chosen, ruled: input.arbitrary()? })
}

fn view(input: &mut Unstructured<'_>) -> Result<SavedView> {
    Ok(SavedView {
        name: "mine".to_owned(),
        query: input.arbitrary()?,
        start: input.arbitrary()?,
        end: input.arbitrary()?,
        sort: input.arbitrary()?,
        saved_by: input.arbitrary()?,
        saved_at: Timestamp(input.arbitrary()?),
    })
}
