//! Rollups: what each aggregate counted in each hour and day, so that long ranges and top lists read a few kilobytes.
//!
//! A row holds one service's bucket: the total first, then aggregates in ascending order with their counts, and in the
//! breakdown by target each aggregate once for each target.

use super::codec::Corrupt;
use super::row::{Reader, Writer};
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

/// One count of a row; the target is `None` in rows of sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) aggregate: AggregateId,
    pub(super) target: Option<TargetId>,
    pub(super) count: u64,
}

/// The bytes of a row; `cells` ascend by aggregate and target.
pub(super) fn encode(cells: &[Cell]) -> Vec<u8> {
    let mut out = Writer::default();
    out.unsigned(cells.iter().fold(0u64, |sum, cell| sum.saturating_add(cell.count)));
    out.byte(u8::from(cells.iter().any(|cell| cell.target.is_some())));
    let mut previous = 0;
    for cell in cells {
        out.unsigned(u64::from(cell.aggregate.0 - previous));
        previous = cell.aggregate.0;
        if let Some(target) = cell.target {
            out.unsigned(u64::from(target.0));
        }
        out.unsigned(cell.count);
    }
    out.0
}

/// The sum of a row.
pub(super) fn total(bytes: &[u8]) -> Result<u64, Corrupt> {
    Reader(bytes).unsigned()
}

/// Reads a row, cell by cell.
pub(super) fn decode(bytes: &[u8], mut visit: impl FnMut(Cell)) -> Result<(), Corrupt> {
    let mut row = Reader(bytes);
    row.unsigned()?;
    let by_target = row.byte()? != 0;
    let mut aggregate = 0u32;
    while !row.is_empty() {
        aggregate = aggregate.wrapping_add(row.small()?);
        let target = if by_target { Some(TargetId(row.small()?)) } else { None };
        visit(Cell { aggregate: AggregateId(aggregate), target, count: row.unsigned()? });
    }
    Ok(())
}
