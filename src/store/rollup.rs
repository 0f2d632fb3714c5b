//! Rollups: what each aggregate counted in each hour and day, so that long ranges and top lists read a few kilobytes.
//!
//! A row holds one service's bucket: the targets first, and then the sums of 64 aggregates at a time, so that one aggregate
//! is found without decoding the others. An aggregate that was counted at one target only names it here; those of several
//! targets have their counts at each in a row of the breakdown beside this one, which may have a shorter retention. The
//! sum of a whole row stands apart, for a service's own curve.

use super::codec::Corrupt;
use super::row::{Reader, Writer, unexpected};
use super::view::Hit;
use super::wanted::Wanted;
use crate::model::id::{AggregateId, TargetId};

/// Length of a rollup's buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Hour,
    Day,
}

impl Level {
    /// The level in a row's key.
    pub(super) fn code(self) -> u8 {
        match self {
            Self::Hour => 1,
            Self::Day => 2,
        }
    }

    /// Length of a bucket in milliseconds.
    pub(super) fn length_ms(self) -> i64 {
        match self {
            Self::Hour => 3_600_000,
            Self::Day => 86_400_000,
        }
    }
}

/// What an aggregate counted at a target; at [`Hit::NO_TARGET`] where that is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) aggregate: AggregateId,
    pub(super) target: TargetId,
    pub(super) count: u64,
}

/// Aggregates that share a piece of a row.
const GROUP: u32 = 64;
/// Up to so many of a group are listed, a byte each; more are bits of eight bytes.
const LISTED_MAX: usize = 8;

/// The bytes of a row, and those of its breakdown where an aggregate has several targets. `cells` ascend by aggregate and
/// target, each of them once.
pub(super) fn encode(cells: &[Cell]) -> (Vec<u8>, Option<Vec<u8>>) {
    let mut out = Writer::default();
    let of_aggregates = || cells.chunk_by(|a, b| a.aggregate == b.aggregate);
    let targets = of_aggregates().map(|cells| match cells {
        [only] => u64::from(only.target.0) + 1,
        _ => 0,
    });
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for target in targets {
        match runs.last_mut().filter(|(_, last)| *last == target) {
            Some((length, _)) => *length += 1,
            None => runs.push((1, target)),
        }
    }
    out.unsigned(runs.len() as u64);
    for (length, target) in runs {
        out.unsigned(length);
        out.unsigned(target);
    }
    let sums: Vec<(u32, u64)> = of_aggregates()
        .filter_map(|cells| {
            let sum = cells.iter().fold(0u64, |sum, cell| sum.saturating_add(cell.count));
            Some((cells.first()?.aggregate.0, sum))
        })
        .collect();
    let mut previous = 0;
    for group in sums.chunk_by(|a, b| a.0 / GROUP == b.0 / GROUP) {
        let Some(number) = group.first().map(|(aggregate, _)| aggregate / GROUP) else { continue };
        out.unsigned(u64::from(number - previous));
        previous = number;
        out.bytes(&encode_group(group));
    }
    (out.0, breakdown(of_aggregates().filter(|cells| cells.len() > 1)))
}

fn encode_group(sums: &[(u32, u64)]) -> Vec<u8> {
    let mut out = Writer::default();
    out.byte(sums.len() as u8);
    if sums.len() <= LISTED_MAX {
        out.0.extend(sums.iter().map(|(aggregate, _)| (aggregate % GROUP) as u8));
    } else {
        let bits = sums.iter().fold(0u64, |bits, (aggregate, _)| bits | 1 << (aggregate % GROUP));
        out.0.extend(bits.to_le_bytes());
    }
    for (_, sum) in sums {
        out.unsigned(*sum);
    }
    out.0
}

/// Which `count` aggregates of its 64 a group has, as bits; what is left to read are their sums.
fn decode_group(group: &mut Reader<'_>, count: u8) -> Result<u64, Corrupt> {
    let count = usize::from(count);
    if count <= LISTED_MAX {
        let mut bits = 0u64;
        for place in group.take(count)? {
            let bit = 1u64.checked_shl(u32::from(*place)).filter(|bit| *bit > bits);
            bits |= bit.ok_or_else(|| unexpected("the next aggregate of a group"))?;
        }
        return Ok(bits);
    }
    let bytes = group.take(8)?;
    let bits = u64::from_le_bytes(bytes.try_into().map_err(|_| unexpected("bits"))?);
    if bits.count_ones() as usize == count { Ok(bits) } else { Err(unexpected("as many aggregates as a group has")) }
}

/// Of each aggregate the targets with their counts, but for the largest count, which is what the others leave of the sum.
fn breakdown<'c>(aggregates: impl Iterator<Item = &'c [Cell]>) -> Option<Vec<u8>> {
    let mut out = Writer::default();
    let mut previous = 0;
    for cells in aggregates {
        let Some(first) = cells.first() else { continue };
        out.unsigned(u64::from(first.aggregate.0 - previous));
        previous = first.aggregate.0;
        let largest = (0..cells.len()).max_by_key(|index| cells.get(*index).map_or(0, |cell| cell.count)).unwrap_or(0);
        // Nothing can be told from what is left of a sum that is more than 64 bits can say: then nobody is left out.
        let sum = cells.iter().try_fold(0u64, |sum, cell| sum.checked_add(cell.count));
        let largest = if sum.is_some() { largest } else { cells.len() };
        out.unsigned(cells.len() as u64);
        out.unsigned(largest as u64);
        let mut target = 0;
        for (index, cell) in cells.iter().enumerate() {
            out.unsigned(u64::from(cell.target.0 - target));
            target = cell.target.0;
            if index != largest {
                out.unsigned(cell.count);
            }
        }
    }
    (!out.0.is_empty()).then_some(out.0)
}

/// Calls `visit` with each aggregate of a row that is wanted, ascending: which of the row's aggregates it is, counted from 0,
/// and how often it happened at all targets.
pub(super) fn each(bytes: &[u8], wanted: &Wanted, mut visit: impl FnMut(AggregateId, u64, u64)) -> Result<(), Corrupt> {
    let mut row = Reader(bytes);
    Targets::read(&mut row)?;
    let (mut number, mut ordinal) = (0u32, 0u64);
    while !row.is_empty() {
        let next = number.checked_add(row.small()?).filter(|number| *number <= u32::MAX / GROUP);
        number = next.ok_or_else(|| unexpected("a group of aggregates"))?;
        let mut group = Reader(row.bytes()?);
        let mask = wanted.mask(number);
        let count = group.byte()?;
        let mut bits = if mask == 0 { 0 } else { decode_group(&mut group, count)? };
        if bits & mask == 0 {
            ordinal += u64::from(count);
            continue;
        }
        while bits != 0 {
            let (place, sum) = (bits.trailing_zeros(), group.unsigned()?);
            if mask >> place & 1 == 1 {
                visit(AggregateId(number * GROUP + place), ordinal, sum);
            }
            ordinal += 1;
            bits &= bits - 1;
        }
        if !group.is_empty() {
            return Err(unexpected("the end of a group"));
        }
    }
    Ok(())
}

/// Calls `visit` with each aggregate and target of a row that is wanted, aggregates ascending. Those of several targets stand
/// at [`Hit::NO_TARGET`] where there is no `breakdown`.
pub(super) fn each_cell(
    row: &[u8],
    breakdown: Option<&[u8]>,
    wanted: &Wanted,
    mut visit: impl FnMut(Cell),
) -> Result<(), Corrupt> {
    let mut targets = Targets::read(&mut Reader(row))?;
    let mut breakdown = breakdown.map(Breakdown::new);
    let mut result = Ok(());
    each(row, wanted, |aggregate, ordinal, count| {
        let cell = |target| Cell { aggregate, target, count };
        match (targets.of(ordinal), &mut breakdown) {
            (Some(only), _) => visit(cell(only)),
            (None, None) => visit(cell(Hit::NO_TARGET)),
            (None, Some(breakdown)) if result.is_ok() => result = breakdown.of(aggregate, count, &mut visit),
            (None, Some(_)) => {}
        }
    })?;
    result
}

/// A breakdown, read as far as the sums beside it.
struct Breakdown<'a> {
    rest: Reader<'a>,
    /// Of whose distance the next aggregate is told.
    previous: u32,
}

impl<'a> Breakdown<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { rest: Reader(bytes), previous: 0 }
    }

    /// Calls `visit` with the targets of an aggregate that happened so often; asked in ascending order.
    fn of(&mut self, wanted: AggregateId, sum: u64, visit: &mut impl FnMut(Cell)) -> Result<(), Corrupt> {
        loop {
            let next = self.previous.checked_add(self.rest.small()?);
            self.previous = next.filter(|next| *next <= wanted.0).ok_or_else(|| unexpected("an aggregate"))?;
            let aggregate = AggregateId(self.previous);
            let (targets, largest) = (self.rest.unsigned()?, self.rest.unsigned()?);
            let (mut target, mut left, mut remainder) = (0u32, Some(sum), None);
            for index in 0..targets {
                target = target.checked_add(self.rest.small()?).ok_or_else(|| unexpected("a target"))?;
                if index == largest {
                    remainder = Some(TargetId(target));
                    continue;
                }
                let count = self.rest.unsigned()?;
                left = left.and_then(|left| left.checked_sub(count));
                if aggregate == wanted {
                    visit(Cell { aggregate, target: TargetId(target), count });
                }
            }
            if aggregate == wanted {
                return match (left, remainder) {
                    (Some(count), Some(target)) => {
                        visit(Cell { aggregate, target, count });
                        Ok(())
                    }
                    (None, Some(_)) => Err(unexpected("a part of the sum")),
                    (_, None) => Ok(()),
                };
            }
        }
    }
}

/// The only targets of a row's aggregates, in runs of equal ones.
struct Targets<'a> {
    rest: Reader<'a>,
    /// The aggregates before this one, counted from the row's first, have what `current` says.
    until: u64,
    current: Option<TargetId>,
}

impl<'a> Targets<'a> {
    /// Reads over the runs and checks them.
    fn read(row: &mut Reader<'a>) -> Result<Self, Corrupt> {
        let runs = row.length()?;
        let rest = row.clone();
        for _ in 0..runs {
            row.unsigned()?;
            if row.unsigned()? > u64::from(Hit::NO_TARGET.0) + 1 {
                return Err(unexpected("a target"));
            }
        }
        Ok(Self { rest, until: 0, current: None })
    }

    /// Of the aggregate with this number in the row; asked in ascending order.
    #[inline]
    fn of(&mut self, ordinal: u64) -> Option<TargetId> {
        while ordinal >= self.until {
            let (Ok(length), Ok(target)) = (self.rest.unsigned(), self.rest.unsigned()) else { return None };
            self.until = self.until.saturating_add(length.max(1));
            self.current = target.checked_sub(1).map(|target| TargetId(target as u32));
        }
        self.current
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::aggregate_set::AggregateSet;

    fn read(row: &[u8], breakdown: Option<&[u8]>, wanted: &Wanted) -> Result<Vec<Cell>, Corrupt> {
        let mut cells = Vec::new();
        each_cell(row, breakdown, wanted, |cell| cells.push(cell))?;
        cells.sort_unstable_by_key(|cell| (cell.aggregate, cell.target));
        Ok(cells)
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            cells in prop::collection::btree_map((0u32..300, prop_oneof![0u32..4, Just(u32::MAX)]), prop_oneof![9 => 1u64..1 << 40, 1 => Just(u64::MAX)], 0..200),
            filter in prop::collection::btree_set(0u32..400, 0..40),
        ) {
            let cells: Vec<Cell> = cells
                .into_iter()
                .map(|((aggregate, target), count)| {
                    Cell { aggregate: AggregateId(aggregate), target: TargetId(target), count }
                })
                .collect();
            let (row, breakdown) = encode(&cells);
            prop_assert_eq!(read(&row, breakdown.as_deref(), &Wanted::new(None)), Ok(cells.clone()));
            let set: AggregateSet = filter.iter().map(|id| AggregateId(*id)).collect();
            let few: Vec<Cell> = cells.into_iter().filter(|cell| filter.contains(&cell.aggregate.0)).collect();
            prop_assert_eq!(read(&row, breakdown.as_deref(), &Wanted::new(Some(&set))), Ok(few));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = each(&bytes, &Wanted::new(None), |_, _, _| {});
            let several = [1, 1, 0, 0, 3, 1, 5, 100];
            let _ = each_cell(&several, Some(&bytes), &Wanted::new(None), |_| {});
        }
    }

    #[test]
    fn one_target_for_all_needs_no_breakdown() {
        let cells: Vec<Cell> = (0..1000)
            .map(|id| Cell { aggregate: AggregateId(id), target: TargetId(3), count: 1 + u64::from(id % 3) })
            .collect();
        let (row, breakdown) = encode(&cells);
        assert_eq!(breakdown, None);
        assert!(row.len() < 1200, "{} bytes", row.len());
    }

    #[test]
    fn rows_that_were_never_written_are_corrupt() {
        for (row, what) in [
            (&[][..], "nothing"),
            (&[1, 1, 0xff, 0xff, 0xff, 0xff, 0x7f], "a target beyond 32 bits"),
            (&[1, 1, 1, 0xff, 0xff, 0xff, 0xff, 0x0f, 3, 1, 0, 1], "a group beyond all aggregates"),
            (&[1, 1, 1, 0, 9, 1, 0, 1], "a group longer than the row"),
            (&[1, 1, 1, 0, 3, 1, 64, 1], "the 65th of a group"),
            (&[1, 2, 1, 0, 5, 2, 3, 3, 1, 1], "the same again"),
            (&[1, 1, 1, 0, 4, 1, 0, 1, 1], "more than a group has"),
            (&[1, 9, 1, 0, 18, 9, 0xff, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1], "eight where nine are said"),
        ] {
            assert!(each(row, &Wanted::new(None), |_, _, _| {}).is_err(), "{what}");
        }
        assert!(each(&[1, 1, 1, 0, 3, 1, 63, 1], &Wanted::new(None), |_, _, _| {}).is_ok(), "that is one");
    }
}
