//! Counting over time: rollups where a whole hour or day lies within one bucket, chunks at the edges, the head for what is
//! not sealed, and the shares of late counts.

use roaring::RoaringBitmap;

use super::Error;
use super::chunk;
use super::rollup::{self, Cell, Level};
use super::span::{self, Late};
use super::table;
use super::view::{Hit, Scan, Split, View};
use super::window::Window;
use crate::model::id::{AggregateId, ServiceId, TargetId};
use crate::model::series::{Buckets, Count};
use crate::model::time::{TimeRange, Timestamp};

/// A filter that names at most this many aggregates looks their rows up one by one; beyond, reading a window's rows in
/// order is cheaper (a look-up costs about as much as reading eight neighbours).
const LOOKUPS_MAX: u64 = 64;

/// A part of the range and how it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    /// Whole hours or days, each within one bucket.
    Rollup(Level, TimeRange),
    /// Points.
    Raw(TimeRange),
}

/// See [`View::scan`].
pub(super) fn scan(view: &View<'_>, request: &Scan<'_>, sink: &mut dyn FnMut(Hit)) -> Result<(), Error> {
    let mut scanner = Scanner { view, request, sink };
    let range = request.buckets.range();
    let sealed = view.live.sealed.start();
    let past = TimeRange { start: range.start, end: range.end.min(sealed) };
    for piece in plan(past, sealed, &request.buckets) {
        match piece {
            Piece::Rollup(level, range) => scanner.rollups(level, range)?,
            Piece::Raw(range) => scanner.chunks(range)?,
        }
    }
    scanner.head(TimeRange { start: range.start.max(sealed), end: range.end });
    scanner.late(range)
}

/// Cuts `range`, which is sealed, into the longest pieces that rollups can answer.
fn plan(range: TimeRange, sealed: Timestamp, buckets: &Buckets) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut at = range.start.0;
    while at < range.end.0 {
        let bucket_end =
            buckets.index(Timestamp(at)).map_or(range.end.0, |index| buckets.edge(index + 1).0).min(range.end.0);
        let fits = |level: Level| at % level.length_ms() == 0 && at + level.length_ms() <= bucket_end;
        let hour = Level::Hour.length_ms();
        let (piece, end) = if fits(Level::Day) && at + Level::Day.length_ms() <= sealed.0 {
            (Some(Level::Day), at + Level::Day.length_ms())
        } else if fits(Level::Hour) {
            (Some(Level::Hour), at + hour)
        } else {
            (None, (at.div_euclid(hour) * hour + hour).min(range.end.0))
        };
        let part = TimeRange { start: Timestamp(at), end: Timestamp(end) };
        match (pieces.last_mut(), piece) {
            (Some(Piece::Rollup(level, last)), Some(next)) if *level == next => last.end = part.end,
            (Some(Piece::Raw(last)), None) => last.end = part.end,
            (_, Some(level)) => pieces.push(Piece::Rollup(level, part)),
            (_, None) => pieces.push(Piece::Raw(part)),
        }
        at = end;
    }
    pieces
}

struct Scanner<'a, 'b> {
    view: &'a View<'a>,
    request: &'a Scan<'a>,
    sink: &'b mut dyn FnMut(Hit),
}

impl Scanner<'_, '_> {
    /// Whether only the sums of services are asked for.
    fn totals_only(&self) -> bool {
        self.request.split == Split::Service && self.request.aggregates.is_none() && self.request.targets.is_none()
    }

    fn by_target(&self) -> bool {
        self.request.split == Split::Target || self.request.targets.is_some()
    }

    fn wants(&self, aggregate: AggregateId) -> bool {
        self.request.aggregates.is_none_or(|set| set.contains(aggregate))
    }

    fn wants_target(&self, target: TargetId) -> bool {
        self.request.targets.is_none_or(|set: &RoaringBitmap| set.contains(target.0))
    }

    fn hit(&mut self, aggregate: AggregateId, target: TargetId, bucket: usize, count: Count) {
        let Some(service) = self.view.live.directory.aggregate(aggregate).map(|aggregate| aggregate.service) else {
            return;
        };
        let split = self.request.split;
        (self.sink)(Hit {
            service,
            aggregate: if split == Split::Service { Hit::NO_AGGREGATE } else { aggregate },
            target: if split == Split::Target { target } else { Hit::NO_TARGET },
            bucket,
            count,
        });
    }

    fn service_hit(&mut self, service: ServiceId, bucket: usize, total: u64) {
        let count = Count { total, estimated: 0 };
        (self.sink)(Hit { service, aggregate: Hit::NO_AGGREGATE, target: Hit::NO_TARGET, bucket, count });
    }

    /// Services that have aggregates of the request.
    fn services(&self) -> Vec<ServiceId> {
        let directory = &self.view.live.directory;
        let all = directory.services().iter().map(|service| service.id);
        match self.request.aggregates {
            None => all.collect(),
            Some(set) => all.filter(|service| !directory.sets().service(*service).0.is_disjoint(&set.0)).collect(),
        }
    }

    fn rollups(&mut self, level: Level, range: TimeRange) -> Result<(), Error> {
        let read = Error::database::<redb::StorageError>;
        let rows = self.view.transaction.open_table(table::ROLLUPS).map_err(Error::database("open rollups"))?;
        let targets =
            self.view.transaction.open_table(table::TARGET_ROLLUPS).map_err(Error::database("open rollups"))?;
        let bucket = |time: Timestamp| u32::try_from(time.0 / level.length_ms()).unwrap_or(0);
        for service in self.services() {
            let keys = (level.code(), service.0, bucket(range.start))..(level.code(), service.0, bucket(range.end));
            for row in rows.range(keys).map_err(read("read rollups"))? {
                let (key, value) = row.map_err(read("read rollups"))?;
                let start = Timestamp(i64::from(key.value().2) * level.length_ms());
                let Some(index) = self.request.buckets.index(start) else { continue };
                let corrupt = || Error::corrupt("rollups", key.value());
                if self.totals_only() {
                    self.service_hit(service, index, rollup::total(value.value()).map_err(corrupt())?);
                    continue;
                }
                let breakdown =
                    if self.by_target() { targets.get(key.value()).map_err(read("read rollups"))? } else { None };
                // Where the breakdown is past its retention the sums still count, at no target in particular.
                let cells = breakdown.as_ref().map_or_else(|| value.value(), |row| row.value());
                rollup::decode(cells, |cell| self.cell(index, cell)).map_err(corrupt())?;
            }
        }
        Ok(())
    }

    fn cell(&mut self, bucket: usize, cell: Cell) {
        let target = cell.target.unwrap_or(Hit::NO_TARGET);
        // Sums pass a filter by target only where there is none: no target's id is the one of "no target".
        if self.wants(cell.aggregate) && (!self.by_target() || self.wants_target(target)) {
            self.hit(cell.aggregate, target, bucket, Count { total: cell.count, estimated: 0 });
        }
    }

    /// The points of sealed windows in `range`.
    fn chunks(&mut self, range: TimeRange) -> Result<(), Error> {
        let mut window = Window::of(range.start);
        while window.start() < range.end {
            if self.totals_only() {
                self.service_chunks(window, range)?;
            } else {
                self.aggregate_chunks(window, range)?;
            }
            window = window.next();
        }
        Ok(())
    }

    fn service_chunks(&mut self, window: Window, range: TimeRange) -> Result<(), Error> {
        let rows = self.view.transaction.open_table(table::SERVICE_CHUNKS).map_err(Error::database("open chunks"))?;
        let keys = (window.0, 0)..(window.next().0, 0);
        for row in rows.range(keys).map_err(Error::database("read chunks"))? {
            let (key, value) = row.map_err(Error::database("read chunks"))?;
            let mut buckets = Bucketing::new(window, range, &self.request.buckets);
            chunk::decode_points(value.value(), |offset, count| {
                if let Some((bucket, sum)) = buckets.add(offset, count) {
                    self.service_hit(ServiceId(key.value().1), bucket, sum);
                }
            })
            .map_err(Error::corrupt("service_chunks", key.value()))?;
            if let Some((bucket, sum)) = buckets.finish() {
                self.service_hit(ServiceId(key.value().1), bucket, sum);
            }
        }
        Ok(())
    }

    fn aggregate_chunks(&mut self, window: Window, range: TimeRange) -> Result<(), Error> {
        let rows = self.view.transaction.open_table(table::CHUNKS).map_err(Error::database("open chunks"))?;
        match self.request.aggregates {
            Some(set) if set.len() <= LOOKUPS_MAX => {
                for aggregate in set.iter() {
                    let key = (window.0, aggregate.0);
                    if let Some(row) = rows.get(key).map_err(Error::database("read chunks"))? {
                        self.chunk(window, range, aggregate, row.value())?;
                    }
                }
            }
            _ => {
                let keys = (window.0, 0)..(window.next().0, 0);
                for row in rows.range(keys).map_err(Error::database("read chunks"))? {
                    let (key, value) = row.map_err(Error::database("read chunks"))?;
                    let aggregate = AggregateId(key.value().1);
                    if self.wants(aggregate) {
                        self.chunk(window, range, aggregate, value.value())?;
                    }
                }
            }
        }
        Ok(())
    }

    fn chunk(&mut self, window: Window, range: TimeRange, aggregate: AggregateId, bytes: &[u8]) -> Result<(), Error> {
        let corrupt = || Error::corrupt("chunks", (window.0, aggregate.0));
        let (target, points) = chunk::split(bytes).map_err(corrupt())?;
        if !self.by_target() {
            return self.points(window, range, (aggregate, Hit::NO_TARGET), points).map_err(corrupt());
        }
        if let Some(target) = target {
            if self.wants_target(target) {
                self.points(window, range, (aggregate, target), points).map_err(corrupt())?;
            }
            return Ok(());
        }
        let table = table::TARGET_CHUNKS;
        let rows = self.view.transaction.open_table(table).map_err(Error::database("open chunks"))?;
        let key = (window.0, aggregate.0);
        match rows.get(key).map_err(Error::database("read chunks"))? {
            Some(row) => chunk::each_target(row.value(), |target, points| {
                if self.wants_target(target) { self.points(window, range, (aggregate, target), points) } else { Ok(()) }
            })
            .map_err(Error::corrupt("target_chunks", key)),
            // The breakdown is past its retention: the sum still counts, at no target in particular.
            None if self.request.targets.is_none() => {
                self.points(window, range, (aggregate, Hit::NO_TARGET), points).map_err(corrupt())
            }
            None => Ok(()),
        }
    }

    fn points(
        &mut self,
        window: Window,
        range: TimeRange,
        (aggregate, target): (AggregateId, TargetId),
        points: &[u8],
    ) -> Result<(), super::codec::Corrupt> {
        let mut buckets = Bucketing::new(window, range, &self.request.buckets);
        chunk::decode_points(points, |offset, count| {
            if let Some((bucket, sum)) = buckets.add(offset, count) {
                self.hit(aggregate, target, bucket, Count { total: sum, estimated: 0 });
            }
        })?;
        if let Some((bucket, sum)) = buckets.finish() {
            self.hit(aggregate, target, bucket, Count { total: sum, estimated: 0 });
        }
        Ok(())
    }

    fn head(&mut self, range: TimeRange) {
        if range.is_empty() {
            return;
        }
        let live = &self.view.live;
        for (window, head) in live.head.windows() {
            if window.range().intersect(&range).is_empty() {
                continue;
            }
            match self.request.aggregates {
                Some(set) if set.len() < head.len() as u64 => {
                    for aggregate in set.iter() {
                        self.head_series(window, range, aggregate, head.get(aggregate));
                    }
                }
                _ => {
                    for (aggregate, targets) in head
                        .iter()
                        .filter(|(aggregate, _)| self.request.aggregates.is_none_or(|set| set.contains(*aggregate)))
                    {
                        self.head_series(window, range, aggregate, targets);
                    }
                }
            }
        }
    }

    fn head_series(
        &mut self,
        window: Window,
        range: TimeRange,
        aggregate: AggregateId,
        targets: &[super::head::TargetPoints],
    ) {
        for series in targets {
            if !self.wants_target(series.target) {
                continue;
            }
            let mut buckets = Bucketing::new(window, range, &self.request.buckets);
            for point in &series.points {
                if let Some((bucket, total)) = buckets.add(u32::from(point.offset), u64::from(point.count)) {
                    self.hit(aggregate, series.target, bucket, Count { total, estimated: 0 });
                }
            }
            if let Some((bucket, total)) = buckets.finish() {
                self.hit(aggregate, series.target, bucket, Count { total, estimated: 0 });
            }
        }
    }

    fn late(&mut self, range: TimeRange) -> Result<(), Error> {
        let rows = self.view.transaction.open_table(table::LATE).map_err(Error::database("open late counts"))?;
        for known in self.view.live.late.iter().filter(|row| row.touches(range)) {
            let Some(row) = rows.get(known.commit).map_err(Error::database("read late counts"))? else { continue };
            span::decode(row.value(), |late: Late| {
                if self.wants(late.aggregate) && self.wants_target(late.target) {
                    let buckets = self.request.buckets;
                    late.share(&buckets, |bucket, count| self.hit(late.aggregate, late.target, bucket, count));
                }
            })
            .map_err(Error::corrupt("late", known.commit))?;
        }
        Ok(())
    }
}

/// Adds up points that fall into one bucket, so that a sink is called once a bucket and not once a point.
struct Bucketing<'a> {
    window: Window,
    range: TimeRange,
    buckets: &'a Buckets,
    /// The bucket being added up, with its edges.
    current: Option<(usize, TimeRange)>,
    sum: u64,
}

impl<'a> Bucketing<'a> {
    fn new(window: Window, range: TimeRange, buckets: &'a Buckets) -> Self {
        Self { window, range, buckets, current: None, sum: 0 }
    }

    /// Adds a point; gives the bucket that is complete when the point begins another.
    fn add(&mut self, offset: u32, count: u64) -> Option<(usize, u64)> {
        let time = self.window.at(offset);
        if !self.range.contains(time) {
            return None;
        }
        if let Some((_, edges)) = self.current
            && edges.contains(time)
        {
            self.sum = self.sum.saturating_add(count);
            return None;
        }
        let done = self.finish();
        let index = self.buckets.index(time)?;
        self.current = Some((index, TimeRange { start: self.buckets.edge(index), end: self.buckets.edge(index + 1) }));
        self.sum = count;
        done
    }

    /// The last bucket.
    fn finish(&mut self) -> Option<(usize, u64)> {
        self.current.take().map(|(index, _)| (index, std::mem::take(&mut self.sum)))
    }
}
