//! Sealed points. The row of an aggregate and window holds the points summed over targets; where all came from one target it
//! names that target, and otherwise a row beside it holds the points of each.

use super::codec::{Corrupt, rice};
use super::head::{TargetPoints, merge};
use super::row::{Reader, Writer};
use crate::model::id::TargetId;

/// The row of sums, and the row of targets where there is more than one.
pub(super) fn encode(targets: &[TargetPoints]) -> (Vec<u8>, Option<Vec<u8>>) {
    let mut out = Writer::default();
    if let [only] = targets {
        out.unsigned(u64::from(only.target.0) + 1);
        rice::encode_into(&only.columns(), &mut out.0);
        return (out.0, None);
    }
    let mut sorted: Vec<(TargetId, Vec<(u32, u64)>)> =
        targets.iter().map(|series| (series.target, series.columns())).collect();
    sorted.sort_unstable_by_key(|(target, _)| *target);
    let mut breakdown = Writer::default();
    breakdown.unsigned(sorted.len() as u64);
    let mut previous = 0;
    for (target, points) in &sorted {
        breakdown.unsigned(u64::from(target.0 - previous));
        previous = target.0;
        breakdown.bytes(&rice::encode(points));
    }
    out.unsigned(0);
    rice::encode_into(&merge(sorted.into_iter().flat_map(|(_, points)| points).collect()), &mut out.0);
    (out.0, Some(breakdown.0))
}

/// The only target of a row of sums, if there is only one, and its points.
pub(super) fn split(bytes: &[u8]) -> Result<(Option<TargetId>, &[u8]), Corrupt> {
    let mut row = Reader(bytes);
    let target = row.unsigned()?.checked_sub(1).map(|target| TargetId(target as u32));
    Ok((target, row.0))
}

/// Calls `visit` with each target of a breakdown and its points.
pub(super) fn each_target(
    bytes: &[u8],
    mut visit: impl FnMut(TargetId, &[u8]) -> Result<(), Corrupt>,
) -> Result<(), Corrupt> {
    let mut row = Reader(bytes);
    let mut target = 0u32;
    for _ in 0..row.length()? {
        target = target.wrapping_add(row.small()?);
        visit(TargetId(target), row.bytes()?)?;
    }
    Ok(())
}

/// Reads points: seconds since the window's begin, and counts.
pub(super) fn decode_points(points: &[u8], visit: impl FnMut(u32, u64)) -> Result<(), Corrupt> {
    rice::decode(points, visit)
}
