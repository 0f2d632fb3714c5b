//! The course of the clock: whether it shows what passes. Somebody may set it, and what a machine sleeps passes on it alone.

use crate::clock::{Clock, Stopwatch};
use crate::model::time::{Millis, Timestamp};

/// What it may jump without being said to be set: nothing that goes by it minds so little. Slewing is less from look to look.
const JUMP_MAX: Millis = Millis::from_seconds(60);

/// How long it has to run undisturbed before something is done by it that can not be undone: who sets a clock wrongly sets it right
/// again, and so does the service that keeps the machine's time.
const SETTLED: Millis = Millis::from_seconds(3600);

/// A process that starts so long after the last scrape may have a clock that is wrong, as that of a machine is when it starts.
const AWAY_MAX: Millis = Millis::from_seconds(86_400);

/// Looks at the clock from time to time.
#[derive(Debug)]
pub(super) struct Course {
    clock: Clock,
    looked_at: Timestamp,
    since: Stopwatch,
    set: Option<Stopwatch>,
}

impl Course {
    /// One of a process that starts now and knows of scrapes until `latest`.
    pub(super) fn new(clock: &Clock, latest: Option<Timestamp>) -> Self {
        let away = latest.map_or(Millis(0), |latest| clock.now().since(latest));
        let set = (away > AWAY_MAX || away < Millis(-JUMP_MAX.0)).then(|| clock.stopwatch());
        Self { clock: clock.clone(), looked_at: clock.now(), since: clock.stopwatch(), set }
    }

    /// Whether it was set since the last look, forwards or back.
    pub(super) fn was_set(&mut self) -> bool {
        let now = self.clock.now();
        let jump = now.since(self.looked_at).0.saturating_sub(self.since.millis().0);
        (self.looked_at, self.since) = (now, self.clock.stopwatch());
        let was_set = jump.saturating_abs() > JUMP_MAX.0;
        if was_set {
            self.set = Some(self.clock.stopwatch());
        }
        was_set
    }

    /// Whether it has run undisturbed for long enough to be believed.
    pub(super) fn is_settled(&self) -> bool {
        self.set.as_ref().is_none_or(|since| since.millis() >= SETTLED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_is_believed_after_an_hour() {
        let clock = Clock::mock(Timestamp(1_795_168_800_000));
        let mut course = Course::new(&clock, None);
        clock.advance(Millis::from_seconds(86_400));
        assert!(!course.was_set() && course.is_settled());
        for slewed in [500, -500, 500] {
            clock.set(Millis(slewed));
            assert!(!course.was_set() && course.is_settled(), "{slewed}");
        }
        for hours in [5, -5, 9_000_000, -9_000_000] {
            clock.set(Millis::from_seconds(hours * 3600));
            assert!(course.was_set() && !course.was_set(), "{hours}");
            clock.advance(Millis::from_seconds(3599));
            assert!(!course.was_set() && !course.is_settled(), "{hours}");
            clock.advance(Millis::from_seconds(1));
            assert!(course.is_settled(), "{hours}");
        }
    }

    #[test]
    fn a_process_that_starts_believes_a_clock_that_fits_what_it_knows() {
        let clock = Clock::mock(Timestamp(1_795_168_800_000));
        for (away, settled) in [(0, true), (86_400, true), (-60, true), (86_401, false), (-61, false)] {
            let latest = clock.now().minus(Millis::from_seconds(away));
            let course = Course::new(&clock, Some(latest));
            assert_eq!(course.is_settled(), settled, "{away}");
        }
        let course = Course::new(&clock, Some(Timestamp(0)));
        clock.advance(SETTLED);
        assert!(course.is_settled());
    }
}
