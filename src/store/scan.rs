//! Counting over time: rollups where a whole hour or day lies within one bucket, chunks at the edges, the head for what is
//! not sealed, and the shares of late counts.

use std::ops::Range;

use rayon::prelude::*;
use roaring::RoaringBitmap;

use super::codec::Corrupt;
use super::rollup::{self, Cell, Level};
use super::span::{self, Late};
use super::tally::{Bucketing, Series, Sums};
use super::view::{Hit, Scan, Split, View};
use super::wanted::Wanted;
use super::window::Window;
use super::{Error, chunk, hour, pack, table};
use crate::model::aggregate_set::AggregateSet;
use crate::model::id::{AggregateId, ServiceId, TargetId};
use crate::model::series::{Buckets, Count};
use crate::model::time::{TimeRange, Timestamp};

/// A filter that names at most this many aggregates looks them up one by one; beyond, reading a window's rows in order is
/// cheaper.
const LOOKUPS_MAX: u64 = 16;

/// From so many aggregates on, rollups are worth being added up on all processors: what is shared out are services, each
/// processor adds up into a row of its own, and below this the rows cost more than is saved. Tests have fewer.
const SHARED_MIN: usize = if cfg!(test) { 4 } else { 1 << 14 };

/// Level, service and bucket.
type RollupKey = (u8, u32, u32);

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
    let sums = Sums::new(view, request);
    let wanted = Wanted::new(request.aggregates);
    let mut scanner = Scanner { view, request, wanted: &wanted, sums, sink };
    let range = request.buckets.range();
    let sealed = view.live.sealed.start();
    let past = TimeRange { start: range.start, end: range.end.min(sealed) };
    for piece in plan(past, sealed, &request.buckets) {
        match piece {
            Piece::Rollup(level, range) => scanner.rollups(level, range)?,
            Piece::Raw(range) => {
                let kept = view.live.points_from.start();
                scanner.hours(TimeRange { start: range.start, end: range.end.min(kept) })?;
                scanner.chunks(TimeRange { start: range.start.max(kept), end: range.end })?;
            }
        }
    }
    scanner.head(TimeRange { start: range.start.max(sealed), end: range.end });
    scanner.late(range)?;
    scanner.flush();
    Ok(())
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
    wanted: &'a Wanted,
    sums: Sums,
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

    fn wants_target(&self, target: TargetId) -> bool {
        self.request.targets.is_none_or(|set: &RoaringBitmap| set.contains(target.0))
    }

    /// The service of an aggregate; `None` for one that is not known.
    fn service_of(&self, aggregate: AggregateId) -> Option<ServiceId> {
        self.view.live.directory.aggregate(aggregate).map(|aggregate| aggregate.service)
    }

    #[inline]
    fn hit(&mut self, series: Series, bucket: usize, count: Count) {
        if count.estimated == 0 && self.sums.add(series, bucket, count.total) {
            return;
        }
        let split = self.request.split;
        (self.sink)(Hit {
            service: series.service,
            aggregate: if split == Split::Service { Hit::NO_AGGREGATE } else { series.aggregate },
            target: if split == Split::Target { series.target } else { Hit::NO_TARGET },
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
        let bucket = |time: Timestamp| u32::try_from(time.0 / level.length_ms()).unwrap_or(0);
        let keys = |service: &ServiceId| {
            (level.code(), service.0, bucket(range.start))..(level.code(), service.0, bucket(range.end))
        };
        let services = self.services();
        if self.totals_only() {
            return services.iter().try_for_each(|service| self.service_rollups(level, keys(service)));
        }
        if self.by_target() {
            return services.iter().try_for_each(|service| self.target_rollups(level, keys(service)));
        }
        let of = Rollups { view: self.view, wanted: self.wanted, buckets: &self.request.buckets, level };
        if self.sums.cells.is_empty() || self.view.live.directory.aggregates().len() < SHARED_MIN {
            let mut hit = |series, bucket, total| self.hit(series, bucket, Count { total, estimated: 0 });
            return services.iter().try_for_each(|service| of.read(keys(service), &mut hit));
        }
        let share = services.len().div_ceil(rayon::current_num_threads()).max(1);
        let sums = &self.sums;
        let parts = services.par_chunks(share).map(|services| {
            let mut sums = sums.emptied();
            let mut add = |series, bucket, total| _ = sums.add(series, bucket, total);
            services.iter().try_for_each(|service| of.read(keys(service), &mut add))?;
            Ok(sums)
        });
        for part in parts.collect::<Result<Vec<Sums>, Error>>()? {
            self.sums.merge(&part);
        }
        Ok(())
    }

    fn service_rollups(&mut self, level: Level, keys: Range<RollupKey>) -> Result<(), Error> {
        let read = Error::database::<redb::StorageError>;
        let rows = self.view.transaction.open_table(table::SERVICE_ROLLUPS).map_err(Error::database("open rollups"))?;
        for row in rows.range(keys).map_err(read("read rollups"))? {
            let (key, total) = row.map_err(read("read rollups"))?;
            let (_, service, bucket) = key.value();
            if let Some(index) = bucket_of(&self.request.buckets, level, bucket) {
                let damaged = Corrupt::new("number", "checksum does not match");
                let total = total.value().ok_or_else(|| Error::corrupt("service_rollups", key.value())(damaged))?;
                self.service_hit(ServiceId(service), index, total);
            }
        }
        Ok(())
    }

    fn target_rollups(&mut self, level: Level, keys: Range<RollupKey>) -> Result<(), Error> {
        let read = Error::database::<redb::StorageError>;
        let rows = self.view.transaction.open_table(table::ROLLUPS).map_err(Error::database("open rollups"))?;
        let breakdowns =
            self.view.transaction.open_table(table::TARGET_ROLLUPS).map_err(Error::database("open rollups"))?;
        let service = ServiceId(keys.start.1);
        for row in rows.range(keys).map_err(read("read rollups"))? {
            let (key, value) = row.map_err(read("read rollups"))?;
            let Some(index) = bucket_of(&self.request.buckets, level, key.value().2) else { continue };
            let breakdown = breakdowns.get(key.value()).map_err(read("read rollups"))?;
            let breakdown = breakdown.as_ref().map(redb::AccessGuard::value);
            self.rollup_by_target(service, index, value.value(), breakdown)
                .map_err(Error::corrupt("rollups", key.value()))?;
        }
        Ok(())
    }

    /// Hands on what was added up.
    fn flush(&mut self) {
        let (split, width) = (self.request.split, self.request.buckets.len.max(1));
        for (cell, total) in
            std::mem::take(&mut self.sums.cells).into_iter().enumerate().filter(|(_, total)| *total > 0)
        {
            let (row, bucket) = ((cell / width) as u32, cell % width);
            let (service, aggregate) = match split {
                Split::Service => (ServiceId(row), Hit::NO_AGGREGATE),
                _ => match self.service_of(AggregateId(row)) {
                    Some(service) => (service, AggregateId(row)),
                    None => continue,
                },
            };
            let count = Count { total, estimated: 0 };
            (self.sink)(Hit { service, aggregate, target: Hit::NO_TARGET, bucket, count });
        }
    }

    fn rollup_by_target(
        &mut self,
        service: ServiceId,
        bucket: usize,
        row: &[u8],
        breakdown: Option<&[u8]>,
    ) -> Result<(), Corrupt> {
        let mut cells = Vec::new();
        rollup::each_cell(row, breakdown, self.wanted, |cell| cells.push(cell))?;
        for Cell { aggregate, target, count } in cells {
            // Where the breakdown is past its retention the sums still count at no target in particular, and pass a filter by
            // target only where there is none: no target has the id of "no target".
            if self.wants_target(target) {
                self.hit(Series { service, aggregate, target }, bucket, Count { total: count, estimated: 0 });
            }
        }
        Ok(())
    }

    /// Where points are past their retention and rollups are not: each hour's counts lie somewhere in their hour, so a bucket
    /// that has a part of it gets its share, as estimated. `range` ends with an hour, as all pieces that are read so.
    fn hours(&mut self, range: TimeRange) -> Result<(), Error> {
        if range.start >= range.end {
            return Ok(());
        }
        let length = Level::Hour.length_ms();
        let number = |time: i64| u32::try_from(time / length).unwrap_or(0);
        let (first, end) = (number(range.start.0), number(range.end.0 + length - 1));
        let (by_target, buckets) = (self.by_target(), self.request.buckets);
        for service in self.services() {
            for number in first..end {
                for late in hour::spans(self.view, (service, number), self.wanted, by_target)? {
                    if !by_target || self.wants_target(late.target) {
                        let series = Series { service, aggregate: late.aggregate, target: late.target };
                        late.share(&buckets, |bucket, count| self.hit(series, bucket, count));
                    }
                }
            }
        }
        Ok(())
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
            chunk::decode_until(value.value(), buckets.to, |offset, count| {
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
                    pack::find(&rows, window, aggregate, |entry| self.chunk(window, range, aggregate, entry))?;
                }
                Ok(())
            }
            set => pack::rows_of(&rows, window, ends(set), |key, row| {
                pack::each(key, row, |aggregate, entry| {
                    if self.wanted.has(aggregate) { self.chunk(window, range, aggregate, entry) } else { Ok(()) }
                })
            }),
        }
    }

    fn chunk(&mut self, window: Window, range: TimeRange, aggregate: AggregateId, entry: &[u8]) -> Result<(), Error> {
        let Some(service) = self.service_of(aggregate) else { return Ok(()) };
        let corrupt = || Error::corrupt("chunks", (window.0, aggregate.0));
        let (target, points) = chunk::split(entry).map_err(corrupt())?;
        let of = |target| Series { service, aggregate, target };
        if !self.by_target() {
            return self.points(window, range, of(Hit::NO_TARGET), points).map_err(corrupt());
        }
        if let Some(target) = target {
            if self.wants_target(target) {
                self.points(window, range, of(target), points).map_err(corrupt())?;
            }
            return Ok(());
        }
        let rows = self.view.transaction.open_table(table::TARGET_CHUNKS).map_err(Error::database("open chunks"))?;
        let found = pack::find(&rows, window, aggregate, |breakdown| {
            let request = self.request;
            let wanted = |target: TargetId| request.targets.is_none_or(|set| set.contains(target.0));
            chunk::each_target(points, breakdown, wanted, |target, points| {
                self.listed_points(window, range, of(target), points.iter().copied());
            })
            .map_err(Error::corrupt("target_chunks", (window.0, aggregate.0)))
        })?;
        // The breakdown is past its retention: the sum still counts, at no target in particular.
        if found.is_none() && self.request.targets.is_none() {
            self.points(window, range, of(Hit::NO_TARGET), points).map_err(corrupt())?;
        }
        Ok(())
    }

    fn points(&mut self, window: Window, range: TimeRange, series: Series, points: &[u8]) -> Result<(), Corrupt> {
        let mut buckets = Bucketing::new(window, range, &self.request.buckets);
        chunk::decode_until(points, buckets.to, |offset, count| {
            if let Some((bucket, total)) = buckets.add(offset, count) {
                self.hit(series, bucket, Count { total, estimated: 0 });
            }
        })?;
        if let Some((bucket, total)) = buckets.finish() {
            self.hit(series, bucket, Count { total, estimated: 0 });
        }
        Ok(())
    }

    fn listed_points(
        &mut self,
        window: Window,
        range: TimeRange,
        series: Series,
        points: impl Iterator<Item = (u32, u64)>,
    ) {
        let mut buckets = Bucketing::new(window, range, &self.request.buckets);
        for (offset, count) in points {
            if let Some((bucket, total)) = buckets.add(offset, count) {
                self.hit(series, bucket, Count { total, estimated: 0 });
            }
        }
        if let Some((bucket, total)) = buckets.finish() {
            self.hit(series, bucket, Count { total, estimated: 0 });
        }
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
                    for (aggregate, targets) in head.iter() {
                        if self.wanted.has(aggregate) {
                            self.head_series(window, range, aggregate, targets);
                        }
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
        let Some(service) = self.service_of(aggregate) else { return };
        for of_target in targets {
            if !self.wants_target(of_target.target) {
                continue;
            }
            let series = Series { service, aggregate, target: of_target.target };
            self.listed_points(window, range, series, of_target.points());
        }
    }

    fn late(&mut self, range: TimeRange) -> Result<(), Error> {
        let rows = self.view.transaction.open_table(table::LATE).map_err(Error::database("open late counts"))?;
        for known in self.view.live.late.iter().filter(|row| row.touches(range)) {
            let Some(row) = rows.get(known.commit).map_err(Error::database("read late counts"))? else { continue };
            span::decode(row.value(), |late: Late| {
                let Late { aggregate, target, .. } = late;
                if self.wanted.has(aggregate)
                    && self.wants_target(target)
                    && let Some(service) = self.service_of(aggregate)
                {
                    let series = Series { service, aggregate, target };
                    late.share(&self.request.buckets, |bucket, count| self.hit(series, bucket, count));
                }
            })
            .map_err(Error::corrupt("late", known.commit))?;
        }
        Ok(())
    }
}

/// Rollups of one level, summed over targets.
struct Rollups<'a> {
    view: &'a View<'a>,
    wanted: &'a Wanted,
    buckets: &'a Buckets,
    level: Level,
}

impl Rollups<'_> {
    /// Calls `hit` with each series, its bucket and its count there.
    fn read(&self, keys: Range<RollupKey>, hit: &mut impl FnMut(Series, usize, u64)) -> Result<(), Error> {
        let read = Error::database::<redb::StorageError>;
        let rows = self.view.transaction.open_table(table::ROLLUPS).map_err(Error::database("open rollups"))?;
        let service = ServiceId(keys.start.1);
        for row in rows.range(keys).map_err(read("read rollups"))? {
            let (key, value) = row.map_err(read("read rollups"))?;
            let Some(index) = bucket_of(self.buckets, self.level, key.value().2) else { continue };
            rollup::each(value.value(), self.wanted, |aggregate, _, total| {
                hit(Series { service, aggregate, target: Hit::NO_TARGET }, index, total);
            })
            .map_err(Error::corrupt("rollups", key.value()))?;
        }
        Ok(())
    }
}

/// The bucket of an answer that an hour or a day lies in.
fn bucket_of(buckets: &Buckets, level: Level, bucket: u32) -> Option<usize> {
    buckets.index(Timestamp(i64::from(bucket) * level.length_ms()))
}

/// The first and the last aggregate of a filter.
fn ends(set: Option<&AggregateSet>) -> (AggregateId, AggregateId) {
    match set {
        Some(set) => (AggregateId(set.0.min().unwrap_or(0)), AggregateId(set.0.max().unwrap_or(0))),
        None => (AggregateId(0), AggregateId(u32::MAX)),
    }
}
