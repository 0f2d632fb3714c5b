//! Sealed points. The row of an aggregate and window holds the points summed over targets; where all came from one target it
//! names that target, and otherwise a row beside it holds the points of each. No row beside it means that targets are not
//! known, or not any more.

use super::codec::{Corrupt, rice};
use super::column::Points;
use super::head::merge;
use super::row::{Reader, Writer, unexpected};
use super::view::Hit;
use crate::model::id::TargetId;

/// The row of sums, and the row of targets where there is more than one. `targets` ascend, as do the offsets of each.
pub(super) fn encode(targets: &[(TargetId, Points)]) -> (Vec<u8>, Option<Vec<u8>>) {
    let mut out = Writer::default();
    if let [(only, points)] = targets {
        // Points at no target in particular need no breakdown that says so.
        out.unsigned(if *only == Hit::NO_TARGET { 0 } else { u64::from(only.0) + 1 });
        rice::encode_into(points, &mut out.0);
        return (out.0, None);
    }
    let mut breakdown = Writer::default();
    breakdown.unsigned(targets.len() as u64);
    let mut previous = 0;
    for (target, points) in targets {
        breakdown.unsigned(u64::from(target.0 - previous));
        previous = target.0;
        breakdown.bytes(&rice::encode(points));
    }
    out.unsigned(0);
    rice::encode_into(&merge(targets.iter().flat_map(|(_, points)| points).copied().collect()), &mut out.0);
    (out.0, Some(breakdown.0))
}

/// The only target of a row of sums, if there is only one, and its points.
pub(super) fn split(bytes: &[u8]) -> Result<(Option<TargetId>, &[u8]), Corrupt> {
    let mut row = Reader(bytes);
    let target = match row.unsigned()?.checked_sub(1) {
        None => None,
        Some(only) => Some(TargetId(u32::try_from(only).map_err(|_| unexpected("a target"))?)),
    };
    Ok((target, row.0))
}

/// Calls `visit` with each target of a breakdown, in ascending order, and its points.
pub(super) fn each_target(
    bytes: &[u8],
    mut visit: impl FnMut(TargetId, &[u8]) -> Result<(), Corrupt>,
) -> Result<(), Corrupt> {
    let mut row = Reader(bytes);
    let mut previous = None::<u32>;
    for _ in 0..row.length()? {
        let step = row.small()?;
        let target = previous.map_or(Some(step), |last| last.checked_add(step).filter(|_| step > 0));
        let target = target.ok_or_else(|| unexpected("a target"))?;
        previous = Some(target);
        visit(TargetId(target), row.bytes()?)?;
    }
    if row.is_empty() { Ok(()) } else { Err(unexpected("the end of a breakdown")) }
}

/// Reads points: seconds since the window's begin, and counts.
pub(super) fn decode_points(points: &[u8], visit: impl FnMut(u32, u64)) -> Result<(), Corrupt> {
    rice::decode(points, visit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets(ids: &[u32]) -> Vec<(TargetId, Points)> {
        ids.iter().map(|id| (TargetId(*id), vec![(7, 1), (7 + (*id).clamp(1, 99), 2)])).collect()
    }

    fn listed(breakdown: &[u8]) -> Result<Vec<u32>, Corrupt> {
        let mut found = Vec::new();
        each_target(breakdown, |target, points| {
            found.push(target.0);
            decode_points(points, |_, _| {})
        })?;
        Ok(found)
    }

    #[test]
    fn a_row_names_its_only_target_and_a_breakdown_all_of_them() {
        for id in [0, 1, u32::MAX - 1] {
            let (sums, breakdown) = encode(&targets(&[id]));
            assert_eq!((split(&sums).unwrap().0, breakdown), (Some(TargetId(id)), None));
        }
        let (sums, breakdown) = encode(&targets(&[Hit::NO_TARGET.0]));
        assert_eq!((split(&sums).unwrap().0, breakdown), (None, None), "known to none");
        let (sums, breakdown) = encode(&targets(&[0, 9, u32::MAX]));
        assert_eq!(split(&sums).unwrap().0, None);
        assert_eq!(listed(&breakdown.unwrap()), Ok(vec![0, 9, u32::MAX]));
    }

    #[test]
    fn targets_that_were_never_written_are_corrupt() {
        assert!(split(&[0x80, 0x80, 0x80, 0x80, 0x10, 0x00]).is_ok(), "the largest");
        assert!(split(&[0x81, 0x80, 0x80, 0x80, 0x10, 0x00]).is_err(), "beyond 32 bits");
        for (breakdown, what) in [
            (&[2, 5, 1, 0, 0, 1, 0][..], "the same again"),
            (&[2, 5, 1, 0, 0xff, 0xff, 0xff, 0xff, 0x0f, 1, 0], "beyond 32 bits"),
            (&[1, 5, 1, 0, 0], "bytes behind the last"),
            (&[9, 5, 1, 0], "more than there are bytes"),
        ] {
            assert!(listed(breakdown).is_err(), "{what}");
        }
    }
}
