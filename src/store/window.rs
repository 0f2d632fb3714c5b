//! The grid of time: two-hour windows, and within them slots as long as a service's scrape interval.
//!
//! A delta covers the time since the scrape before; where in that interval it fell nobody knows, so its time is the begin
//! of its slot. That keeps the gaps between points small numbers (0.6 bytes a point instead of 1) and lies within the
//! interval. Slots are counted from the window's begin, so that any interval works.

use crate::model::time::{Millis, TimeRange, Timestamp};

/// Length of a window in seconds.
pub(super) const WINDOW_SECONDS: u32 = 7200;

const WINDOW_MS: i64 = WINDOW_SECONDS as i64 * 1000;

/// A window: its number counts two-hour stretches since 1970.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Window(pub(super) u32);

impl Window {
    /// The window that holds `time`; the first one for times before 1970.
    pub(super) fn of(time: Timestamp) -> Self {
        Self(u32::try_from(time.0.div_euclid(WINDOW_MS)).unwrap_or(if time.0 < 0 { 0 } else { u32::MAX }))
    }

    /// Its first instant.
    pub(super) fn start(self) -> Timestamp {
        Timestamp(i64::from(self.0) * WINDOW_MS)
    }

    /// Its first instant after.
    pub(super) fn end(self) -> Timestamp {
        Timestamp((i64::from(self.0) + 1) * WINDOW_MS)
    }

    /// The whole of it.
    pub(super) fn range(self) -> TimeRange {
        TimeRange { start: self.start(), end: self.end() }
    }

    /// The window after.
    pub(super) fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The moment `offset` seconds into the window.
    pub(super) fn at(self, offset: u32) -> Timestamp {
        Timestamp(self.start().0 + i64::from(offset) * 1000)
    }
}

/// A second within a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Slot {
    /// The window.
    pub(super) window: Window,
    /// Seconds since its begin, below [`WINDOW_SECONDS`].
    pub(super) offset: u32,
}

impl Slot {
    /// The begin of the slot of `interval` that holds `time`.
    pub(super) fn of(time: Timestamp, interval: Millis) -> Self {
        let window = Window::of(time);
        let resolution = ((interval.0 + 500) / 1000).clamp(1, i64::from(WINDOW_SECONDS));
        let seconds = (time.0 - window.start().0).max(0) / 1000;
        let offset = seconds / resolution * resolution;
        Self { window, offset: u32::try_from(offset).unwrap_or(0).min(WINDOW_SECONDS - 1) }
    }

    /// When it is.
    pub(super) fn time(self) -> Timestamp {
        self.window.at(self.offset)
    }
}

/// Where the store keeps what a scrape at `time` counted: the begin of its slot, a whole second.
#[must_use]
pub fn slot(time: Timestamp, interval: Millis) -> Timestamp {
    Slot::of(time, interval).time()
}

/// The window that holds `time`: two hours.
#[must_use]
pub fn window_of(time: Timestamp) -> TimeRange {
    Window::of(time).range()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_begins_at_a_multiple_of_the_interval_within_its_window() {
        for (ms, interval_ms, window, offset) in [
            (0, 10_000, 0, 0),
            (19_999, 10_000, 0, 10),
            (7_199_999, 7_000, 0, 7196),
            (7_200_000, 7_000, 1, 0),
            (5, 0, 0, 0),
        ] {
            let slot = Slot::of(Timestamp(ms), Millis(interval_ms));
            assert_eq!((slot.window.0, slot.offset), (window, offset), "{ms} {interval_ms}");
        }
    }
}
