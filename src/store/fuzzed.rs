//! What the fuzzer reaches of the store's formats and nobody else does: points in plain numbers, and the rows of triage.

use super::chunk;
use super::codec::Corrupt;
use super::head::TargetPoints;
use super::triage;
use crate::model::activity::{Activity, ActivityChange};
use crate::model::id::TargetId;
use crate::model::triage::Triage;
use crate::model::view::SavedView;

/// Offsets and counts, ascending.
pub type Points = Vec<(u32, u64)>;

/// The row of sums and the breakdown of targets with these points, in any order and repeatedly.
#[must_use]
pub fn write(targets: &[(u32, Vec<(u16, u32)>)]) -> (Vec<u8>, Option<Vec<u8>>) {
    let series = |(target, points): &(u32, Vec<(u16, u32)>)| {
        let mut series = TargetPoints::new(TargetId(*target));
        for (offset, count) in points {
            series.add(*offset, u64::from(*count));
        }
        series
    };
    let mut columns: Vec<_> = targets.iter().map(series).map(|series| (series.target, series.columns())).collect();
    columns.sort_by_key(|(target, _)| *target);
    chunk::encode(&columns)
}

/// Reads a row of sums: its only target if there is only one, and the points.
///
/// # Errors
/// When no such row was written.
pub fn sums(row: &[u8]) -> Result<(Option<u32>, Points), Corrupt> {
    let (target, chunk) = chunk::split(row)?;
    Ok((target.map(|target| target.0), points(chunk)?))
}

/// Reads a breakdown beside a row of sums: targets and their points.
///
/// # Errors
/// When no such rows were written.
pub fn breakdown(row: &[u8], breakdown: &[u8]) -> Result<Vec<(u32, Points)>, Corrupt> {
    let mut all = Vec::new();
    let (_, sums) = chunk::split(row)?;
    chunk::each_target(sums, breakdown, |_| true, |target, points| all.push((target.0, points.to_vec())))?;
    Ok(all)
}

fn points(chunk: &[u8]) -> Result<Points, Corrupt> {
    let mut all = Vec::new();
    chunk::decode_points(chunk, |offset, count| all.push((offset, count)))?;
    Ok(all)
}

/// The row of an aggregate's triage, with the last activity of it.
#[must_use]
pub fn write_triage((last, value): &(u64, Triage)) -> Vec<u8> {
    triage::encode_triage(*last, value)
}

/// Reads an aggregate's triage.
///
/// # Errors
/// When no such row was written.
pub fn read_triage(row: &[u8]) -> Result<(u64, Triage), Corrupt> {
    triage::decode_triage(row)
}

/// The row of an activity.
#[must_use]
pub fn write_activity(value: &Activity) -> Vec<u8> {
    triage::encode_activity(value)
}

/// Reads the activity of this number.
///
/// # Errors
/// As [`read_triage`].
pub fn read_activity(id: u64, row: &[u8]) -> Result<Activity, Corrupt> {
    triage::decode_activity(id, row)
}

/// The row of what an activity did to an aggregate, with the activity before.
#[must_use]
pub fn write_change((before, value): &(u64, ActivityChange)) -> Vec<u8> {
    triage::encode_change(*before, value)
}

/// Reads what an activity did to an aggregate.
///
/// # Errors
/// As [`read_triage`].
pub fn read_change(row: &[u8]) -> Result<(u64, ActivityChange), Corrupt> {
    triage::decode_change(row)
}

/// The row of a saved view.
#[must_use]
pub fn write_view(value: &SavedView) -> Vec<u8> {
    triage::encode_view(value)
}

/// Reads the saved view of this name.
///
/// # Errors
/// As [`read_triage`].
pub fn read_view(name: &str, row: &[u8]) -> Result<SavedView, Corrupt> {
    triage::decode_view(name, row)
}
