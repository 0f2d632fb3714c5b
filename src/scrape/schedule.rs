//! When a target is scraped: on a grid of its own, spread over the interval by a hash of the target.

use xxhash_rust::xxh3::Xxh3Default;

use crate::model::target::Target;
use crate::model::time::{Millis, Timestamp};

/// The instants at which one target is due: all that are `offset` past a multiple of `interval` since 1970.
///
/// As in Prometheus the grid depends on nothing but the target, so that a restart goes on where it was, and targets are
/// spread evenly however many are found at once. (Prometheus mixes its external labels in, so that two servers of one
/// pair do not scrape at the same moment. Here one server watches a target.)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grid {
    interval: Millis,
    offset: Millis,
}

impl Grid {
    pub(super) fn of(target: &Target) -> Self {
        let interval = Millis(target.scrape_interval.0.max(1));
        let mut hasher = Xxh3Default::new();
        for text in std::iter::once(target.service.as_str())
            .chain(std::iter::once(target.url.as_str()))
            .chain(target.labels.iter().flat_map(|(name, value)| [name, value]))
        {
            hasher.update(text.as_bytes());
            hasher.update(&[0xff]);
        }
        let offset = hasher.digest() % interval.0.unsigned_abs();
        Self { interval, offset: Millis(offset.cast_signed()) }
    }

    /// The first due instant at or after `time`.
    pub(super) fn next(self, time: Timestamp) -> Timestamp {
        let since = (time.0 - self.offset.0).rem_euclid(self.interval.0);
        if since == 0 { time } else { Timestamp(time.0 + self.interval.0 - since) }
    }

    /// The instant after `due`, or if that has passed already the first one that has not, and how many were passed over. Where the
    /// clock was set back since `due` it is the first instant by what it shows now.
    pub(super) fn after(self, due: Timestamp, now: Timestamp) -> (Timestamp, u64) {
        let next = due.plus(self.interval);
        if next.since(now).0 > self.interval.0.saturating_mul(2) {
            return (self.next(now), 0);
        }
        if next.plus(self.tolerance()) >= now {
            return (next, 0);
        }
        let later = self.next(now);
        (later, (later.since(next).0 / self.interval.0).unsigned_abs())
    }

    /// The time of a scrape that was due at `due` and starts now. A start that is late by a timer's error counts as on
    /// time, so that intervals are exactly equal and no delta covers a millisecond more or less than another.
    pub(super) fn at(self, due: Timestamp, now: Timestamp) -> Timestamp {
        if now.since(due).0.abs() <= self.tolerance().0 { due } else { now }
    }

    /// A hundredth of the interval, at least the 2 ms that a timer may be late.
    fn tolerance(self) -> Millis {
        Millis((self.interval.0 / 100).max(2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::label::Labels;

    fn target(instance: &str, interval: i64) -> Target {
        Target {
            service: "shop".to_owned(),
            labels: Labels::from_pairs([("instance", instance)]),
            discovered_labels: Labels::default(),
            address: instance.to_owned(),
            url: format!("http://{instance}/-/exceptions"),
            scrape_interval: Millis(interval),
            scrape_timeout: Millis(interval),
        }
    }

    #[test]
    fn a_grid_is_the_targets_own_and_within_one_interval() {
        let grid = Grid::of(&target("a:1", 15_000));
        assert_eq!(grid, Grid::of(&target("a:1", 15_000)));
        assert_ne!(grid, Grid::of(&target("a:2", 15_000)));
        for now in [0, 1, 14_999, 1_795_168_800_123, -5] {
            let next = grid.next(Timestamp(now));
            assert!((now..now + 15_000).contains(&next.0), "{now} {next:?}");
            assert_eq!(grid.next(next), next);
            assert_eq!(grid.next(Timestamp(next.0 + 1)), next.plus(Millis(15_000)));
        }
    }

    #[test]
    fn targets_are_spread_over_the_interval() {
        let mut tenths = [0; 10];
        for port in 0..1000 {
            let due = Grid::of(&target(&format!("10.0.0.1:{port}"), 10_000)).next(Timestamp(0));
            tenths[(due.0 / 1000) as usize] += 1;
        }
        assert!(tenths.iter().all(|count| (60..140).contains(count)), "{tenths:?}");
    }

    #[test]
    fn an_overrun_skips_ticks_and_keeps_the_grid() {
        let grid = Grid { interval: Millis(1000), offset: Millis(300) };
        let due = Timestamp(5300);
        for (now, next, skipped) in
            [(5400, 6300, 0), (6300, 6300, 0), (6310, 6300, 0), (6311, 7300, 1), (7300, 7300, 1), (9700, 10_300, 4)]
        {
            assert_eq!(grid.after(due, Timestamp(now)), (Timestamp(next), skipped), "{now}");
        }
    }

    #[test]
    fn a_clock_that_is_set_back_during_a_scrape_is_not_waited_for() {
        let grid = Grid { interval: Millis(1000), offset: Millis(300) };
        let due = Timestamp(7_200_300);
        for (now, next) in
            [(7_200_100, 7_201_300), (7_199_400, 7_201_300), (7_199_299, 7_199_300), (3_600_350, 3_601_300)]
        {
            assert_eq!(grid.after(due, Timestamp(now)), (Timestamp(next), 0), "{now}");
        }
    }

    #[test]
    fn a_start_that_is_hardly_late_is_on_time() {
        let grid = Grid { interval: Millis(1000), offset: Millis(0) };
        for (now, at) in [(5000, 5000), (5010, 5000), (5011, 5011), (4995, 5000)] {
            assert_eq!(grid.at(Timestamp(5000), Timestamp(now)), Timestamp(at), "{now}");
        }
    }
}
