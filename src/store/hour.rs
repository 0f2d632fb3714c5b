//! An hour's counts as spans: all that is known of when they happened where the points are past their retention.

use super::rollup::{self, Level};
use super::span::Late;
use super::view::View;
use super::wanted::Wanted;
use super::{Error, table};
use crate::model::id::ServiceId;
use crate::model::time::Timestamp;

/// What a service's aggregates that are `wanted` counted in an hour, each as a span over all of it.
pub(super) fn spans(
    view: &View<'_>,
    (service, number): (ServiceId, u32),
    wanted: &Wanted,
    by_target: bool,
) -> Result<Vec<Late>, Error> {
    let read = Error::database::<redb::StorageError>;
    let open = Error::database::<redb::TableError>;
    let key = (Level::Hour.code(), service.0, number);
    let rows = view.transaction.open_table(table::ROLLUPS).map_err(open("open rollups"))?;
    let Some(row) = rows.get(key).map_err(read("read rollups"))? else { return Ok(Vec::new()) };
    let targets = view.transaction.open_table(table::TARGET_ROLLUPS).map_err(open("open rollups"))?;
    let breakdown = if by_target { targets.get(key).map_err(read("read rollups"))? } else { None };
    let breakdown = breakdown.as_ref().map(redb::AccessGuard::value);
    let begin = i64::from(number) * Level::Hour.length_ms();
    // A span is without its begin and with its end.
    let (from, to) = (Timestamp(begin - 1), Timestamp(begin + Level::Hour.length_ms() - 1));
    let mut spans = Vec::new();
    rollup::each_cell(row.value(), breakdown, wanted, |cell| {
        spans.push(Late { aggregate: cell.aggregate, target: cell.target, from, to, count: cell.count });
    })
    .map_err(Error::corrupt("rollups", key))?;
    Ok(spans)
}
