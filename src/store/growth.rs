//! How the data grows: what each part takes in the days to come, when that is as much as it may be, and when the disk is full.
//!
//! What came in lately goes on coming in, and goes when it is as old as its kind is kept. So a part grows until its oldest rows are
//! that old and then stays as large as what came in makes it, or shrinks to that. What has a limit of its own stops there.

use super::{Limits, Part};
use crate::model::time::{Millis, Timestamp};

/// Days from whose rows it is told what comes in: a week has working days and others.
pub(super) const LATELY_DAYS: f64 = 7.0;

/// How far it is looked ahead, in days. What is further away is never.
const AHEAD_DAYS: f64 = 3650.0;

/// How often a day is halved: down to less than a second.
const HALVINGS: u32 = 20;

/// Rows that come and go together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stream {
    /// The part that they belong to.
    pub part: Part,
    /// Bytes that they take.
    pub bytes: f64,
    /// Bytes that come in, in a day.
    pub written: f64,
    /// How old the oldest are, in days.
    pub age: f64,
    /// At which age they go, in days; infinite when they never do.
    pub kept: f64,
}

impl Stream {
    /// What stays as it is.
    pub(super) fn constant(part: Part, bytes: f64) -> Self {
        Self { part, bytes, written: 0.0, age: 0.0, kept: f64::INFINITY }
    }

    /// Bytes of what is not older than `age`. What came in lately and what came before each came evenly.
    fn younger(&self, age: f64) -> f64 {
        if age >= self.age {
            return self.bytes;
        }
        let age = age.max(0.0);
        let lately = self.age.min(LATELY_DAYS);
        let fresh = (self.written * lately).min(self.bytes);
        if age <= lately {
            fresh * age / lately
        } else {
            fresh + (self.bytes - fresh) * (age - lately) / (self.age - lately)
        }
    }

    /// Bytes in so many days.
    fn after(&self, days: f64) -> f64 {
        // It goes by the day: something may be a little older than it should.
        let kept = self.kept.max(self.age);
        self.younger(kept - days) + self.written * days.min(kept)
    }

    /// In how many days it grows otherwise than before: when the oldest begin to go, then those of lately, and when all are new.
    fn turns(&self) -> [f64; 3] {
        let kept = self.kept.max(self.age);
        [kept - self.age, kept - self.age.min(LATELY_DAYS), kept]
    }
}

/// What is there, what comes in, and what it may become.
#[derive(Debug, Clone)]
pub(super) struct Course {
    pub streams: Vec<Stream>,
    pub limits: Limits,
    /// Bytes that count for the limit to occurrences.
    pub bodies: f64,
}

impl Course {
    /// Bytes of a part in so many days.
    fn part(&self, part: Part, days: f64) -> f64 {
        let of = |part: Part, days: f64| -> f64 {
            self.streams.iter().filter(|stream| stream.part == part).map(|stream| stream.after(days)).sum()
        };
        let bytes = of(part, days);
        let below = |limit: u64| if limit == u64::MAX { bytes } else { bytes.min(limit as f64) };
        match part {
            Part::Counts => below(self.limits.counts),
            Part::Rollups => below(self.limits.rollups),
            Part::Activity => below(self.limits.activity),
            Part::Samples | Part::Index => {
                let now = of(Part::Samples, 0.0);
                let bodies = if now > 0.0 { self.bodies * of(Part::Samples, days) / now } else { 0.0 };
                let limit = self.limits.occurrences as f64;
                // With an occurrence go its rows and its words.
                if bodies > limit { bytes * limit / bodies } else { bytes }
            }
            Part::Records | Part::Unused => bytes,
        }
    }

    /// Bytes of everything in so many days.
    pub(super) fn all(&self, days: f64) -> f64 {
        Part::ALL.into_iter().map(|part| self.part(part, days)).sum()
    }

    /// Bytes that a part grows by in the next day. What the limit to everything takes is not known of a part.
    pub(super) fn growth(&self, part: Part) -> f64 {
        self.part(part, 1.0) - self.part(part, 0.0)
    }

    /// In how many days everything comes to so many bytes; `None` when never.
    pub(super) fn reaches(&self, bytes: f64) -> Option<f64> {
        if self.all(0.0) >= bytes {
            return Some(0.0);
        }
        // Between two of these it is a straight line, but for limits of parts: no peak is stepped over.
        let turns: Vec<f64> = self.streams.iter().flat_map(Stream::turns).collect();
        let mut days = 0.0;
        while days < AHEAD_DAYS {
            // Finer where it is more likely to be asked for.
            let step = days + (days / 100.0).clamp(1.0 / 24.0, 1.0);
            let next = turns.iter().filter(|turn| **turn > days).fold(step, |next, turn| next.min(*turn));
            if self.all(next) >= bytes {
                let (mut under, mut over) = (days, next);
                for _ in 0..HALVINGS {
                    let middle = f64::midpoint(under, over);
                    *(if self.all(middle) >= bytes { &mut over } else { &mut under }) = middle;
                }
                return Some(over);
            }
            days = next;
        }
        None
    }
}

/// How a part grows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Growth {
    /// The part.
    pub part: Part,
    /// Bytes that it takes.
    pub bytes: u64,
    /// Bytes that it grows by in a day, as far as the limit to everything lets it; negative when more goes than comes.
    pub bytes_per_day: f64,
}

/// How everything grows, and what becomes of that.
#[derive(Debug, Clone, PartialEq)]
pub struct Outlook {
    /// When it was looked at.
    pub at: Timestamp,
    /// From when on what came in was looked at.
    pub since: Timestamp,
    /// Each part that holds something.
    pub parts: Vec<Growth>,
    /// Bytes that everything may take, if there is a limit.
    pub limit: Option<u64>,
    /// When the limit makes the oldest go, which may be already; `None` when never.
    pub limit_reached: Option<Timestamp>,
    /// Bytes that may still be written to the disk, with those of the database that hold nothing; `None` when the disk does not say.
    pub free_bytes: Option<u64>,
    /// When the disk is full; `None` when never.
    pub disk_full: Option<Timestamp>,
}

/// A moment in so many days.
pub(super) fn in_days(now: Timestamp, days: f64) -> Timestamp {
    now.plus(Millis((days * 86_400_000.0) as i64))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GB: f64 = 1e9;

    fn stream(part: Part, written: f64, age: f64, kept: f64) -> Stream {
        Stream { part, bytes: written * age, written, age, kept }
    }

    fn course(streams: Vec<Stream>) -> Course {
        let bodies = streams.iter().filter(|one| one.part == Part::Samples).map(|one| one.bytes).sum();
        Course { streams, limits: Limits::NONE, bodies }
    }

    fn close(a: f64, b: f64) {
        assert!((a - b).abs() <= 1e-5 * b.abs().max(1.0), "{a} is not {b}");
    }

    #[test]
    fn what_is_never_removed_grows_for_ever() {
        let course = course(vec![stream(Part::Records, GB, 50.0, f64::INFINITY)]);
        close(course.growth(Part::Records), GB);
        close(course.reaches(150.0 * GB).unwrap(), 100.0);
        close(course.reaches(50.0 * GB).unwrap(), 0.0);
        assert_eq!(course.reaches(4000.0 * GB), None, "that is more than ten years away");
    }

    #[test]
    fn what_goes_by_age_grows_until_it_is_that_old() {
        let course = course(vec![stream(Part::Samples, GB, 20.0, 30.0)]);
        close(course.growth(Part::Samples), GB);
        close(course.reaches(29.0 * GB).unwrap(), 9.0);
        assert_eq!(course.reaches(30.1 * GB), None);
        let old = Course { streams: vec![stream(Part::Samples, GB, 30.0, 30.0)], ..course };
        close(old.growth(Part::Samples), 0.0);
    }

    #[test]
    fn what_comes_in_twice_as_fast_since_a_week_grows_on_although_the_oldest_go() {
        // 23 days of one and 7 days of two gigabytes.
        let twice = Stream { part: Part::Counts, bytes: 37.0 * GB, written: 2.0 * GB, age: 30.0, kept: 30.0 };
        let course = course(vec![twice]);
        close(course.growth(Part::Counts), GB);
        close(course.reaches(59.9 * GB).unwrap(), 22.9);
        assert_eq!(course.reaches(60.1 * GB), None);
    }

    #[test]
    fn what_comes_in_slower_than_before_shrinks() {
        let half = Stream { part: Part::Counts, bytes: 53.0 * GB, written: GB, age: 30.0, kept: 30.0 };
        let course = course(vec![half]);
        close(course.growth(Part::Counts), -GB);
        close(course.part(Part::Counts, 40.0), 30.0 * GB);
        assert_eq!(course.reaches(53.1 * GB), None);
    }

    #[test]
    fn parts_end_at_limits_of_their_own() {
        let streams = vec![
            stream(Part::Counts, GB, 5.0, 90.0),
            stream(Part::Samples, 2.0 * GB, 5.0, 30.0),
            stream(Part::Index, GB, 5.0, 30.0),
        ];
        let limits = Limits { counts: 8_000_000_000, occurrences: 20_000_000_000, ..Limits::NONE };
        let course = Course { limits, ..course(streams) };
        // Four a day until counts are full in three days, then three a day until samples are in two more.
        close(course.reaches(31.9 * GB).unwrap(), 2.975);
        close(course.reaches(37.5 * GB).unwrap(), 4.833_333_333);
        assert_eq!(course.reaches(38.1 * GB), None, "8 of counts, 20 of samples, and 10 of the index");
        let full = Course { limits: Limits { counts: 4_900_000_000, ..limits }, ..course };
        close(full.growth(Part::Counts), 0.0);
    }

    proptest! {
        #[test]
        fn nothing_is_held_for_longer_than_it_is_kept_and_no_time_is_missed(
            streams in proptest::collection::vec((0.0..1e9f64, 0.0..1e9f64, 0.1..100.0f64, 1.0..200.0f64), 1..5),
            days in 0.0..300.0f64,
        ) {
            let streams = streams.into_iter().map(|(old, written, age, kept)| {
                // Before the last week as much as `old` came in a day.
                let bytes = written * age.min(LATELY_DAYS) + old * (age - LATELY_DAYS).max(0.0);
                Stream { part: Part::Counts, bytes, written, age, kept }
            });
            let course = course(streams.collect());
            for stream in &course.streams {
                prop_assert!(stream.after(days) >= 0.0);
                close(stream.after(0.0), stream.bytes);
                close(stream.after(400.0), stream.written * stream.kept.max(stream.age));
            }
            // What stays as large as it is, is so only to within a rounding.
            let bytes = course.all(days) * 0.999_999;
            let reached = course.reaches(bytes);
            prop_assert!(reached.is_some_and(|reached| reached <= days + 1e-5), "{reached:?}");
            let then = course.all(reached.unwrap_or_default());
            prop_assert!(then >= bytes, "{then} is not {bytes}");
        }
    }
}
