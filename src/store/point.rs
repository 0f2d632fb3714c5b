//! Points on their way into columns: sorted, encoded on all cores, and added to what their windows hold.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::column::{Columns, stored};
use super::window::{WINDOW_SECONDS, Window};
use super::{Error, Store, table};
use crate::model::id::{AggregateId, ServiceId, TargetId};

/// A count at a second; a count beyond 32 bits takes several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// Its aggregate.
    pub aggregate: AggregateId,
    /// Its target; [`super::Hit::NO_TARGET`] where that is not known.
    pub target: TargetId,
    /// Seconds since 1970.
    pub at: u32,
    /// How often.
    pub count: u32,
}

/// Points of any times, on their way to becoming columns. 16 bytes each.
#[derive(Debug, Default)]
pub struct Points {
    windows: BTreeMap<u32, Vec<Point>>,
    len: usize,
}

impl Points {
    /// Adds a point.
    pub fn push(&mut self, point: Point) {
        self.windows.entry(point.at / WINDOW_SECONDS).or_default().push(point);
        self.len += 1;
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// Points as they will be written.
#[derive(Debug, Default)]
pub struct Encoded {
    pub(super) columns: Vec<Columns>,
    /// Points of windows that are not sealed.
    pub(super) open: BTreeMap<u32, Vec<Point>>,
    pub(super) totals: BTreeMap<AggregateId, u64>,
}

impl Store {
    /// Makes columns of points. Reads what their windows hold already; the portion they become part of must be the next one
    /// that touches these windows and aggregates.
    ///
    /// # Errors
    /// When the database can not be read.
    pub fn encode(&self, points: Points) -> Result<Encoded, Error> {
        let (sealed, services): (Window, Vec<ServiceId>) = {
            let live = self.live_read();
            (live.sealed, live.directory.aggregates().iter().map(|aggregate| aggregate.service).collect())
        };
        let transaction = self.read()?;
        let mut windows = points.windows;
        let open = windows.split_off(&sealed.0);
        let encode = |(window, points)| encode_window(&transaction, Window(window), points, &services);
        let columns: Vec<(Columns, BTreeMap<AggregateId, u64>)> =
            windows.into_par_iter().map(encode).collect::<Result<_, _>>()?;
        let mut encoded = Encoded { columns: Vec::with_capacity(columns.len()), open, totals: BTreeMap::new() };
        for (columns, totals) in columns {
            encoded.columns.push(columns);
            add_totals(&mut encoded.totals, totals);
        }
        let open = encoded.open.values().flatten().map(|point| (point.aggregate, u64::from(point.count)));
        add_totals(&mut encoded.totals, open);
        Ok(encoded)
    }
}

/// Adds counts to totals.
pub(super) fn add_totals(totals: &mut BTreeMap<AggregateId, u64>, more: impl IntoIterator<Item = (AggregateId, u64)>) {
    for (aggregate, count) in more {
        let total = totals.entry(aggregate).or_default();
        *total = total.saturating_add(count);
    }
}

/// The columns of one window's points, and the sums of its aggregates.
fn encode_window(
    transaction: &redb::ReadTransaction,
    window: Window,
    mut points: Vec<Point>,
    services: &[ServiceId],
) -> Result<(Columns, BTreeMap<AggregateId, u64>), Error> {
    let order = |point: &Point| (point.aggregate, point.target, point.at);
    // Files that are ordered by series arrive like this.
    if !points.is_sorted_by_key(order) {
        points.sort_unstable_by_key(order);
    }
    let open = Error::database::<redb::TableError>;
    let chunks = transaction.open_table(table::CHUNKS).map_err(open("open chunks"))?;
    let breakdowns = transaction.open_table(table::TARGET_CHUNKS).map_err(open("open chunks"))?;
    let begin = (window.0, 0)..(window.next().0, 0);
    let fresh = chunks.range(begin).map_err(Error::database("read chunks"))?.next().is_none();
    let mut columns = Columns::new(window);
    let mut totals = BTreeMap::new();
    for series in points.chunk_by(|a, b| a.aggregate == b.aggregate) {
        let Some(aggregate) = series.first().map(|point| point.aggregate) else { continue };
        let mut targets: Vec<(TargetId, super::column::Points)> = Vec::new();
        for of_target in series.chunk_by(|a, b| a.target == b.target) {
            let mut merged = super::column::Points::with_capacity(of_target.len());
            for point in of_target {
                let (offset, count) = (point.at % WINDOW_SECONDS, u64::from(point.count));
                match merged.last_mut().filter(|(last, _)| *last == offset) {
                    Some((_, sum)) => *sum = sum.saturating_add(count),
                    None => merged.push((offset, count)),
                }
            }
            targets.extend(of_target.first().map(|point| (point.target, merged)));
        }
        let sum = series.iter().fold(0u64, |sum, point| sum.saturating_add(u64::from(point.count)));
        totals.insert(aggregate, sum);
        let old = if fresh { Vec::new() } else { stored(&chunks, &breakdowns, (window, aggregate))? };
        columns.add(aggregate, services.get(aggregate.0 as usize).copied(), targets, old);
    }
    Ok((columns.finish(), totals))
}
