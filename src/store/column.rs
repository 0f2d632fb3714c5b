//! The columns of a window: chunks, sums of services and rollups, as sealing and importing write them. What a window
//! holds already is added to.

use std::collections::BTreeMap;

use redb::ReadableTable;

use super::checked::{Checked, CheckedNumber};
use super::chunk;
use super::codec::rice;
use super::directory::Directory;
use super::head::merge;
use super::rollup::{self, Cell, Level};
use super::view::Hit;
use super::wanted::Wanted;
use super::window::Window;
use super::{Error, pack, table};
use crate::model::id::{AggregateId, ServiceId, TargetId};

/// Seconds since a window's begin, and counts.
pub(super) type Points = Vec<(u32, u64)>;

/// Windows in a day.
pub(super) const WINDOWS_A_DAY: u32 = 12;

/// The columns of one window, or of some of its aggregates.
#[derive(Debug)]
pub(super) struct Columns {
    pub(super) window: Window,
    /// Rows of sums, and rows by target where there are several.
    chunks: Vec<(AggregateId, Vec<u8>, Option<Vec<u8>>)>,
    /// What is new, summed over aggregates.
    services: BTreeMap<ServiceId, Points>,
    /// What is new, by hour.
    hours: BTreeMap<(ServiceId, u32), Vec<Cell>>,
}

impl Columns {
    /// No points yet.
    pub(super) fn new(window: Window) -> Self {
        Self { window, chunks: Vec::new(), services: BTreeMap::new(), hours: BTreeMap::new() }
    }

    /// Adds an aggregate's new points: targets ascending, of each the offsets ascending. `old` is what the window holds
    /// of it. Aggregates come in ascending order.
    pub(super) fn add(
        &mut self,
        aggregate: AggregateId,
        service: Option<ServiceId>,
        new: Vec<(TargetId, Points)>,
        old: Vec<(TargetId, Points)>,
    ) {
        if let Some(service) = service {
            let total = self.services.entry(service).or_default();
            for (target, points) in &new {
                total.extend_from_slice(points);
                for (offset, count) in points {
                    let hour = self.window.0 * 2 + offset / 3600;
                    let cells = self.hours.entry((service, hour)).or_default();
                    let cell = Cell { aggregate, target: *target, count: *count };
                    match cells.last_mut().filter(|last| last.aggregate == aggregate && last.target == cell.target) {
                        Some(last) => last.count = last.count.saturating_add(*count),
                        None => cells.push(cell),
                    }
                }
            }
        }
        let (sums, breakdown) = chunk::encode(&if old.is_empty() { new } else { joined(new, old) });
        self.chunks.push((aggregate, sums, breakdown));
    }

    /// All points are there: what can be computed without the database is.
    pub(super) fn finish(mut self) -> Self {
        for points in self.services.values_mut() {
            *points = merge(std::mem::take(points));
        }
        for cells in self.hours.values_mut() {
            sum_up(cells);
        }
        self
    }
}

/// The points of both, target by target.
fn joined(new: Vec<(TargetId, Points)>, old: Vec<(TargetId, Points)>) -> Vec<(TargetId, Points)> {
    let mut targets: BTreeMap<TargetId, Points> = new.into_iter().collect();
    for (target, points) in old {
        let place = targets.entry(target).or_default();
        place.extend(points);
        *place = merge(std::mem::take(place));
    }
    targets.into_iter().collect()
}

/// Sorts cells and makes one of those that differ in their count only.
fn sum_up(cells: &mut Vec<Cell>) {
    cells.sort_unstable_by_key(|cell| (cell.aggregate, cell.target));
    cells.dedup_by(|next, kept| {
        let same = (next.aggregate, next.target) == (kept.aggregate, kept.target);
        if same {
            kept.count = kept.count.saturating_add(next.count);
        }
        same
    });
}

/// What a window holds of an aggregate. Points whose target is not known (any more) stand at [`Hit::NO_TARGET`].
pub(super) fn stored(
    chunks: &impl ReadableTable<pack::Key, Checked>,
    target_chunks: &impl ReadableTable<pack::Key, Checked>,
    (window, aggregate): (Window, AggregateId),
) -> Result<Vec<(TargetId, Points)>, Error> {
    let targets = |entry: &[u8]| targets_of(entry, target_chunks, (window, aggregate));
    Ok(pack::find(chunks, window, aggregate, targets)?.unwrap_or_default())
}

/// The points of an entry of `chunks`, target by target.
pub(super) fn targets_of(
    entry: &[u8],
    target_chunks: &impl ReadableTable<pack::Key, Checked>,
    (window, aggregate): (Window, AggregateId),
) -> Result<Vec<(TargetId, Points)>, Error> {
    let decode = |bytes: &[u8]| {
        let mut points = Points::new();
        chunk::decode_points(bytes, |offset, count| points.push((offset, count))).map(|()| points)
    };
    let key = (window.0, aggregate.0);
    let (target, sums) = chunk::split(entry).map_err(Error::corrupt("chunks", key))?;
    let of_one = |target| Ok(vec![(target, decode(sums).map_err(Error::corrupt("chunks", key))?)]);
    if let Some(target) = target {
        return of_one(target);
    }
    let breakdown = pack::find(target_chunks, window, aggregate, |breakdown| {
        let mut targets = Vec::new();
        chunk::each_target(sums, breakdown, |_| true, |target, points| targets.push((target, points.to_vec())))
            .map_err(Error::corrupt("target_chunks", key))?;
        Ok(targets)
    })?;
    breakdown.map_or_else(|| of_one(Hit::NO_TARGET), Ok)
}

/// A table being written.
pub(super) type Rows<'a, K> = redb::Table<'a, K, Checked>;

/// Writes a row.
pub(super) fn insert<'k, K: redb::Key>(
    rows: &mut Rows<'_, K>,
    key: impl std::borrow::Borrow<K::SelfType<'k>>,
    row: &[u8],
) -> Result<(), Error> {
    rows.insert(key, row).map_err(Error::database("write a row"))?;
    Ok(())
}

/// The tables of a transaction.
pub(super) struct Tables<'a> {
    pub(super) transaction: &'a redb::WriteTransaction,
}

impl Tables<'_> {
    pub(super) fn open<K: redb::Key + 'static>(
        &self,
        definition: redb::TableDefinition<'static, K, Checked>,
    ) -> Result<Rows<'_, K>, Error> {
        self.transaction.open_table(definition).map_err(Error::database("open a table"))
    }

    /// Writes columns. The window's sums and rollups are added to.
    pub(super) fn columns<'c>(&self, all: impl IntoIterator<Item = &'c Columns>) -> Result<(), Error> {
        let mut chunks = self.open(table::CHUNKS)?;
        let mut target_chunks = self.open(table::TARGET_CHUNKS)?;
        let mut service_chunks = self.open(table::SERVICE_CHUNKS)?;
        let mut rollups = self.rollups()?;
        for columns in all {
            let window = columns.window.0;
            let sums: Vec<(AggregateId, &[u8])> =
                columns.chunks.iter().map(|(aggregate, sums, _)| (*aggregate, sums.as_slice())).collect();
            pack::put(&mut chunks, columns.window, &sums)?;
            let breakdowns: Vec<(AggregateId, &[u8])> = columns
                .chunks
                .iter()
                .filter_map(|(aggregate, _, breakdown)| Some((*aggregate, breakdown.as_deref()?)))
                .collect();
            pack::put(&mut target_chunks, columns.window, &breakdowns)?;
            for (service, points) in &columns.services {
                let key = (window, service.0);
                let mut old = Points::new();
                if let Some(row) = service_chunks.get(key).map_err(Error::database("read chunks"))? {
                    chunk::decode_points(row.value(), |offset, count| old.push((offset, count)))
                        .map_err(Error::corrupt("service_chunks", key))?;
                }
                let row = if old.is_empty() {
                    rice::encode(points)
                } else {
                    old.extend_from_slice(points);
                    rice::encode(&merge(old))
                };
                insert(&mut service_chunks, key, &row)?;
            }
            for ((service, hour), cells) in &columns.hours {
                rollups.add((Level::Hour.code(), service.0, *hour), cells)?;
            }
        }
        Ok(())
    }

    /// The day's rollups, made anew from its hours: counting one day twice then changes nothing.
    pub(super) fn close_day(&self, directory: &Directory, day: u32) -> Result<(), Error> {
        directory.services().iter().try_for_each(|service| self.close_day_of(service.id, day))
    }

    /// As [`Tables::close_day`], of one service.
    pub(super) fn close_day_of(&self, service: ServiceId, day: u32) -> Result<(), Error> {
        let mut rollups = self.rollups()?;
        let mut cells = Vec::new();
        for hour in day * 24..(day + 1) * 24 {
            cells.extend(rollups.cells((Level::Hour.code(), service.0, hour))?);
        }
        if cells.is_empty() { Ok(()) } else { rollups.write((Level::Day.code(), service.0, day), cells) }
    }

    /// Writes a day's rollup of a service.
    pub(super) fn write_day(&self, service: ServiceId, day: u32, cells: Vec<Cell>) -> Result<(), Error> {
        self.rollups()?.write((Level::Day.code(), service.0, day), cells)
    }

    fn rollups(&self) -> Result<RollupRows<'_>, Error> {
        let services = self.transaction.open_table(table::SERVICE_ROLLUPS).map_err(Error::database("open a table"))?;
        Ok(RollupRows { services, sums: self.open(table::ROLLUPS)?, targets: self.open(table::TARGET_ROLLUPS)? })
    }
}

struct RollupRows<'a> {
    services: redb::Table<'a, (u8, u32, u32), CheckedNumber>,
    sums: Rows<'a, (u8, u32, u32)>,
    targets: Rows<'a, (u8, u32, u32)>,
}

impl RollupRows<'_> {
    /// What a bucket holds, by target; at [`Hit::NO_TARGET`] where targets are not told apart (any more).
    fn cells(&self, key: (u8, u32, u32)) -> Result<Vec<Cell>, Error> {
        let read = Error::database::<redb::StorageError>;
        let mut cells = Vec::new();
        let Some(row) = self.sums.get(key).map_err(read("read rollups"))? else { return Ok(cells) };
        let breakdown = self.targets.get(key).map_err(read("read rollups"))?;
        let breakdown = breakdown.as_ref().map(redb::AccessGuard::value);
        rollup::each_cell(row.value(), breakdown, &Wanted::new(None), |cell| cells.push(cell))
            .map_err(Error::corrupt("rollups", key))?;
        Ok(cells)
    }

    /// Adds to a bucket.
    fn add(&mut self, key: (u8, u32, u32), cells: &[Cell]) -> Result<(), Error> {
        let mut all = self.cells(key)?;
        all.extend_from_slice(cells);
        self.write(key, all)
    }

    /// Writes a bucket's rows from its cells, in any order.
    fn write(&mut self, key: (u8, u32, u32), mut cells: Vec<Cell>) -> Result<(), Error> {
        sum_up(&mut cells);
        let total = cells.iter().fold(0u64, |sum, cell| sum.saturating_add(cell.count));
        self.services.insert(key, Some(total)).map_err(Error::database("write a row"))?;
        let (sums, breakdown) = rollup::encode(&cells);
        if let Some(breakdown) = breakdown {
            insert(&mut self.targets, key, &breakdown)?;
        }
        insert(&mut self.sums, key, &sums)
    }
}
