//! Sealed points of an aggregate in a window: the points summed over targets, and where all came from one target its name;
//! otherwise a breakdown beside them, without which the targets are not known (any more).
//!
//! The breakdown leans on the sums. A target's points are some of theirs, so they are told by how many of those lie between
//! and not by seconds; and the target with the most points is what the others leave over, and takes no room at all.

use super::codec::{Corrupt, rice};
use super::column::Points;
use super::head::merge;
use super::row::{Reader, Writer, unexpected};
use super::view::Hit;
use crate::model::id::TargetId;

/// The sums, and the breakdown where there is more than one target. `targets` ascend, as do the offsets of each.
pub(super) fn encode(targets: &[(TargetId, Points)]) -> (Vec<u8>, Option<Vec<u8>>) {
    let mut out = Writer::default();
    if let [(only, points)] = targets {
        // Points at no target in particular need no breakdown that says so.
        out.unsigned(if *only == Hit::NO_TARGET { 0 } else { u64::from(only.0) + 1 });
        rice::encode_into(points, &mut out.0);
        return (out.0, None);
    }
    let sums = merge(targets.iter().flat_map(|(_, points)| points).copied().collect());
    let largest = (0..targets.len()).max_by_key(|index| targets.get(*index).map_or(0, |(_, points)| points.len()));
    // Where a sum is more than 64 bits can say nothing can be told from what is left of it: then nobody is left out.
    let largest = largest.filter(|_| sums.iter().all(|(_, count)| *count < u64::MAX)).unwrap_or(targets.len());
    let mut breakdown = Writer::default();
    breakdown.unsigned(targets.len() as u64);
    breakdown.unsigned(largest as u64);
    let mut previous = 0;
    for (index, (target, points)) in targets.iter().enumerate() {
        breakdown.unsigned(u64::from(target.0 - previous));
        previous = target.0;
        if index != largest {
            breakdown.bytes(&rice::encode(&by_place(points, &sums)));
        }
    }
    out.unsigned(0);
    rice::encode_into(&sums, &mut out.0);
    (out.0, Some(breakdown.0))
}

/// Points with the places of their offsets among those of the sums in the place of the offsets.
fn by_place(points: &Points, sums: &Points) -> Points {
    let mut places = (0..).zip(sums);
    let place =
        |(offset, count): &(u32, u64)| places.find(|(_, (at, _))| at == offset).map(|(place, _)| (place, *count));
    points.iter().filter_map(place).collect()
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

/// Calls `visit` with each target of a breakdown that is `wanted`, in ascending order, and its points. `sums` are the points
/// beside the breakdown.
pub(super) fn each_target(
    sums: &[u8],
    breakdown: &[u8],
    wanted: impl Fn(TargetId) -> bool,
    mut visit: impl FnMut(TargetId, &[(u32, u64)]),
) -> Result<(), Corrupt> {
    let mut left = Points::new();
    decode_points(sums, |offset, count| left.push((offset, count)))?;
    let mut row = Reader(breakdown);
    let (targets, largest) = (row.unsigned()?, row.unsigned()?);
    let mut points = Points::new();
    // The largest is known when all others are, but stands among them.
    let mut others: Vec<(TargetId, Points)> = Vec::new();
    let mut remainder = None;
    let mut previous = None::<u32>;
    for index in 0..targets {
        let step = row.small()?;
        let target = previous.map_or(Some(step), |last| last.checked_add(step).filter(|_| step > 0));
        let target = TargetId(target.ok_or_else(|| unexpected("a target"))?);
        previous = Some(target.0);
        if index == largest {
            remainder = Some(target).filter(|target| wanted(*target));
            continue;
        }
        let mut outside = false;
        points.clear();
        decode_points(row.bytes()?, |place, count| {
            match left.get_mut(place as usize).filter(|(_, left)| *left >= count || largest >= targets) {
                Some((offset, left)) => {
                    points.push((*offset, count));
                    *left = left.saturating_sub(count);
                }
                None => outside = true,
            }
        })?;
        if outside {
            return Err(unexpected("a point of the sums"));
        }
        if wanted(target) {
            match remainder {
                Some(_) => others.push((target, points.clone())),
                None => visit(target, &points),
            }
        }
    }
    if !row.is_empty() {
        return Err(unexpected("the end of a breakdown"));
    }
    if let Some(target) = remainder {
        left.retain(|(_, count)| *count > 0);
        visit(target, &left);
    }
    for (target, points) in others {
        visit(target, &points);
    }
    Ok(())
}

/// Reads points: seconds since the window's begin, and counts.
pub(super) fn decode_points(points: &[u8], visit: impl FnMut(u32, u64)) -> Result<(), Corrupt> {
    rice::decode(points, visit)
}

/// As [`decode_points`], but only those before `end`.
pub(super) fn decode_until(points: &[u8], end: u32, visit: impl FnMut(u32, u64)) -> Result<(), Corrupt> {
    rice::decode_until(points, end, visit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets(ids: &[u32]) -> Vec<(TargetId, Points)> {
        ids.iter().map(|id| (TargetId(*id), vec![(7, 1), (7 + (*id).clamp(1, 99), 2)])).collect()
    }

    /// The targets of a breakdown beside sums of 1 and 2, at 7 and 8 seconds.
    fn listed(breakdown: &[u8]) -> Result<Vec<u32>, Corrupt> {
        let mut found = Vec::new();
        each_target(&rice::encode(&[(7, 3), (8, 6)]), breakdown, |_| true, |target, _| found.push(target.0))?;
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
        let written = targets(&[0, 9, u32::MAX]);
        let (sums, breakdown) = encode(&written);
        let (only, sums) = split(&sums).unwrap();
        assert_eq!(only, None);
        for wanted in [&[0, 9, u32::MAX][..], &[0], &[9], &[u32::MAX], &[0, u32::MAX], &[]] {
            let mut read = Vec::new();
            let is_wanted = |target: TargetId| wanted.contains(&target.0);
            each_target(sums, breakdown.as_ref().unwrap(), is_wanted, |target, points| {
                read.push((target, points.to_vec()));
            })
            .unwrap();
            let expect: Vec<_> = written.iter().filter(|(target, _)| is_wanted(*target)).cloned().collect();
            assert_eq!(read, expect, "{wanted:?}");
        }
    }

    #[test]
    fn counts_that_add_up_beyond_64_bits_stay_what_they_are() {
        let written: Vec<(TargetId, Points)> =
            [1, 2, 5].map(|id| (TargetId(id), vec![(3, u64::MAX - u64::from(id)), (9, 1)])).into();
        let (sums, breakdown) = encode(&written);
        let mut read = Vec::new();
        let keep = |target, points: &[_]| read.push((target, points.to_vec()));
        each_target(split(&sums).unwrap().1, &breakdown.unwrap(), |_| true, keep).unwrap();
        assert_eq!(read, written);
    }

    #[test]
    fn the_target_with_the_most_points_takes_no_room() {
        let many: Points = (0..700).map(|slot| (slot * 10, 1 + u64::from(slot % 7))).collect();
        let few: Points = many.iter().copied().step_by(50).collect();
        let written = vec![(TargetId(4), few), (TargetId(5), many)];
        let (_, breakdown) = encode(&written);
        assert!(breakdown.as_ref().unwrap().len() < 40, "{} bytes", breakdown.unwrap().len());
    }

    #[test]
    fn targets_that_were_never_written_are_corrupt() {
        assert!(split(&[0x80, 0x80, 0x80, 0x80, 0x10, 0x00]).is_ok(), "the largest");
        assert!(split(&[0x81, 0x80, 0x80, 0x80, 0x10, 0x00]).is_err(), "beyond 32 bits");
        // One point at place 1 with a count of 1, as a chunk: 1 point, unit 1, parameters 0, bits 01 1.
        assert_eq!(listed(&[2, 1, 5, 5, 1, 2, 0, 0, 6, 1]).map_err(|_| ()), Err(()), "a chunk with more than it has");
        assert_eq!(listed(&[2, 1, 5, 4, 1, 2, 0, 6, 1]), Ok(vec![5, 6]), "that is one");
        for (breakdown, what) in [
            (&[2, 1, 5, 4, 1, 2, 0, 6, 0][..], "the same target again"),
            (&[2, 1, 5, 4, 1, 2, 0, 6, 0xff, 0xff, 0xff, 0xff, 0x0f], "beyond 32 bits"),
            (&[2, 1, 5, 4, 1, 2, 0, 6, 1, 0], "bytes behind the last"),
            (&[9, 5, 1, 0], "more than there are bytes"),
            (&[2, 1, 5, 4, 1, 4, 0, 6, 1], "a place behind the last point of the sums"),
        ] {
            assert!(listed(breakdown).is_err(), "{what}");
        }
    }
}
