//! Adding up while scanning: points of one bucket, and series that are one to whoever asked.

use super::view::{Scan, Split, View};
use super::window::{WINDOW_SECONDS, Window};
use crate::model::id::{AggregateId, ServiceId, TargetId};
use crate::model::series::Buckets;
use crate::model::time::{TimeRange, Timestamp};

/// What is counted: an aggregate of a service, at a target.
#[derive(Clone, Copy)]
pub(super) struct Series {
    pub(super) service: ServiceId,
    pub(super) aggregate: AggregateId,
    pub(super) target: TargetId,
}

/// Cells (services or aggregates times buckets) that are added up here: 1 MB. Beyond, a sink is told of each piece.
const CELLS_MAX: usize = 1 << 17;

/// Counts added up before they are handed on, so that many series that are one to the sink cost one call and not many.
pub(super) struct Sums {
    by_service: bool,
    width: usize,
    /// Empty where nothing is to be added up here.
    pub(super) cells: Vec<u64>,
}

impl Sums {
    pub(super) fn new(view: &View<'_>, request: &Scan<'_>) -> Self {
        let directory = &view.live.directory;
        let rows = match request.split {
            Split::Service => directory.services().len(),
            Split::Aggregate => directory.aggregates().len(),
            Split::Target => usize::MAX,
        };
        let cells = rows.saturating_mul(request.buckets.len);
        let cells = if cells <= CELLS_MAX { vec![0; cells] } else { Vec::new() };
        Self { by_service: request.split == Split::Service, width: request.buckets.len, cells }
    }

    /// Adds a count; whether there is room for it.
    #[inline]
    pub(super) fn add(&mut self, series: Series, bucket: usize, count: u64) -> bool {
        let row = if self.by_service { series.service.0 } else { series.aggregate.0 };
        let cell = self.cells.get_mut(row as usize * self.width + bucket);
        cell.map(|cell| *cell = cell.saturating_add(count)).is_some()
    }

    /// As large, with nothing added up.
    pub(super) fn emptied(&self) -> Self {
        Self { cells: vec![0; self.cells.len()], ..*self }
    }

    /// Adds what `other`, as large, added up.
    pub(super) fn merge(&mut self, other: &Self) {
        for (cell, more) in self.cells.iter_mut().zip(&other.cells) {
            *cell = cell.saturating_add(*more);
        }
    }
}

/// Adds up points that fall into one bucket, so that a sink is called once a bucket and not once a point.
pub(super) struct Bucketing<'a> {
    window: Window,
    buckets: &'a Buckets,
    /// The part of the window that is asked for, in seconds since its begin.
    from: u32,
    pub(super) to: u32,
    /// The bucket being added up, and its part of the window.
    bucket: usize,
    begin: u32,
    end: u32,
    sum: u64,
}

impl<'a> Bucketing<'a> {
    pub(super) fn new(window: Window, range: TimeRange, buckets: &'a Buckets) -> Self {
        let mut new = Self { window, buckets, from: 0, to: 0, bucket: 0, begin: 0, end: 0, sum: 0 };
        (new.from, new.to) = (new.seconds(range.start), new.seconds(range.end));
        new
    }

    /// The first whole second of the window that is not before `time`.
    fn seconds(&self, time: Timestamp) -> u32 {
        let since = time.0.saturating_sub(self.window.start().0);
        since.saturating_add(999).div_euclid(1000).clamp(0, i64::from(WINDOW_SECONDS)) as u32
    }

    /// Adds a point; gives the bucket that is complete when the point begins another.
    #[inline]
    pub(super) fn add(&mut self, offset: u32, count: u64) -> Option<(usize, u64)> {
        if offset >= self.begin && offset < self.end {
            self.sum = self.sum.saturating_add(count);
            return None;
        }
        if offset < self.from || offset >= self.to {
            return None;
        }
        let done = self.finish();
        // In a burst the next point is in the next bucket: that is told without a division.
        let next = self.bucket + 1;
        let next_end = self.seconds(self.buckets.edge(next + 1));
        if self.end > 0 && (self.end..next_end.min(self.to)).contains(&offset) {
            (self.bucket, self.begin) = (next, self.end);
            self.end = next_end.min(self.to);
        } else {
            self.bucket = self.buckets.index(self.window.at(offset))?;
            self.begin = self.seconds(self.buckets.edge(self.bucket)).max(self.from);
            self.end = self.seconds(self.buckets.edge(self.bucket + 1)).min(self.to);
        }
        self.sum = count;
        done
    }

    /// The last bucket.
    pub(super) fn finish(&mut self) -> Option<(usize, u64)> {
        let sum = std::mem::take(&mut self.sum);
        (sum > 0).then_some((self.bucket, sum))
    }
}
