//! Gaps: where in time a delta is placed. Truth rules 4 and 5, pure.

use crate::model::time::{Millis, Timestamp};
use crate::store::{Placement, Span};

/// No gap is taken to be longer: a `created_at` in the year 1 is a client's mistake and not two thousand years of errors.
pub const GAP_MAX: Millis = Millis::from_seconds(400 * 86_400);

/// The stretch `(from, to]` that a delta covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// The last good scrape before, or the beginning of what is counted.
    pub from: Timestamp,
    /// The scrape.
    pub to: Timestamp,
    /// The target's scrape interval.
    pub interval: Millis,
}

/// What is known about when a counter was last looked at and when it began.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Last good scrape of the instance; `None` for an instance never seen.
    pub last_success: Option<Timestamp>,
    /// The counter began anew since then.
    pub reset: bool,
    /// When the client says that it began.
    pub created_at: Option<Timestamp>,
    /// Times of its samples.
    pub samples: &'a [Timestamp],
}

impl Stretch {
    /// The stretch of a delta that was scraped at `to`.
    #[must_use]
    pub fn new(to: Timestamp, interval: Millis, known: &Known<'_>) -> Self {
        let one_interval = to.minus(Millis(interval.0.max(1)));
        let earliest = to.minus(GAP_MAX);
        let sane = |time: Timestamp| (time < to).then(|| time.max(earliest));
        let began = known.created_at.or_else(|| known.samples.iter().min().copied());
        let from = match known.last_success {
            // The clock may have been set back: then all that can be said is "in the last interval".
            Some(last) if last >= to => one_interval,
            Some(last) if known.reset => known.created_at.and_then(sane).unwrap_or(last).max(last),
            Some(last) => last,
            None => began.and_then(sane).unwrap_or(one_interval),
        };
        Self { from: from.max(earliest), to, interval }
    }

    /// Whether somebody was watching: the stretch is not longer than two scrape intervals.
    ///
    /// A tenth of an interval more is forgiven, because a scrape may begin late.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        let length = self.to.since(self.from).0;
        length <= self.interval.0.saturating_mul(2).saturating_add(self.interval.0 / 10)
    }

    /// Places `delta` in the stretch. In a watched one it belongs to the scrape; in a gap the samples that are known to
    /// lie in it are placed where they happened, and the rest is somewhere in it.
    #[must_use]
    pub fn place(&self, delta: u64, samples: &[Timestamp]) -> Placement {
        if delta == 0 {
            return Placement::default();
        }
        if self.is_watched() {
            return Placement { points: vec![(self.to, delta)], span: None };
        }
        let mut known: Vec<Timestamp> =
            samples.iter().copied().filter(|time| self.from < *time && *time <= self.to).collect();
        known.sort_unstable();
        // More samples than counts is a client's mistake: the newest are kept.
        let surplus = known.len().saturating_sub(usize::try_from(delta).unwrap_or(usize::MAX));
        known.drain(..surplus);
        let mut points: Vec<(Timestamp, u64)> = Vec::new();
        for time in &known {
            match points.last_mut() {
                Some((last, count)) if last == time => *count += 1,
                _ => points.push((*time, 1)),
            }
        }
        let rest = delta - known.len() as u64;
        let span = (rest > 0).then_some(Span { from: self.from, to: self.to, count: rest });
        Placement { points, span }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const INTERVAL: Millis = Millis::from_seconds(10);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn from(last_success: Option<i64>, reset: bool, created_at: Option<i64>) -> i64 {
        let known = Known { last_success: last_success.map(at), reset, created_at: created_at.map(at), samples: &[] };
        Stretch::new(at(1_000_000_000), INTERVAL, &known).from.seconds() - 1_000_000_000
    }

    #[test]
    fn a_stretch_begins_at_the_last_good_scrape_or_where_the_counter_began() {
        assert_eq!(from(Some(999_999_990), false, Some(5)), -10);
        assert_eq!(from(Some(999_999_000), false, None), -1000);
        assert_eq!(from(Some(999_999_000), true, Some(999_999_400)), -600);
        assert_eq!(from(Some(999_999_000), true, Some(999_990_000)), -1000);
        assert_eq!(from(None, true, Some(999_900_000)), -100_000);
        assert_eq!(from(None, true, None), -10);
    }

    #[test]
    fn mad_times_are_clamped() {
        assert_eq!(from(None, true, Some(-62_135_596_800)), -GAP_MAX.0 / 1000);
        assert_eq!(from(None, true, Some(253_402_128_000)), -10, "created in the future");
        assert_eq!(from(Some(1_000_003_600), false, None), -10, "the clock was set back");
    }

    #[test]
    fn a_watched_delta_belongs_to_its_scrape() {
        let stretch = Stretch { from: at(0), to: at(20), interval: INTERVAL };
        assert_eq!(stretch.place(3, &[at(5)]).points, [(at(20), 3)]);
        assert!(!Stretch { from: at(0), to: at(22), interval: INTERVAL }.is_watched());
    }

    #[test]
    fn in_a_gap_known_samples_stand_where_they_happened_and_the_rest_is_spread() {
        let stretch = Stretch { from: at(0), to: at(3600), interval: INTERVAL };
        let placed = stretch.place(10, &[at(100), at(100), at(0), at(3600), at(9999)]);
        assert_eq!(placed.points, [(at(100), 2), (at(3600), 1)]);
        assert_eq!(placed.span, Some(Span { from: at(0), to: at(3600), count: 7 }));
    }

    proptest! {
        #[test]
        fn placing_keeps_every_count(delta in 0u64..1000, length in 1i64..100_000, samples in proptest::collection::vec(-1000i64..101_000, 0..30)) {
            let samples: Vec<Timestamp> = samples.into_iter().map(at).collect();
            let placed = Stretch { from: at(0), to: at(length), interval: INTERVAL }.place(delta, &samples);
            prop_assert_eq!(placed.count(), delta);
        }
    }
}
