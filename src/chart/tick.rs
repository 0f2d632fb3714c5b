//! Where the axes have their ticks and what these say. As the page's chart (web/src/lib/ticks.ts).

use super::words;
use crate::model::time::{Millis, TimeRange, Timestamp};
use crate::model::zone::{Civil, Zone};

/// Pixels between two ticks of the count axis, at least.
const COUNT_SPACE_MIN: f64 = 34.0;

/// Distances of ticks within a day, in milliseconds. From a second on all divide the day.
const CLOCK_STEPS: [i64; 28] = [
    1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000,
    900_000, 1_800_000, 3_600_000, 7_200_000, 10_800_000, 14_400_000, 21_600_000, 28_800_000, 43_200_000,
];
const DAY: i64 = 86_400_000;
const DAY_STEPS: [i64; 5] = [1, 2, 4, 7, 14];
const MONTH_STEPS: [i32; 11] = [1, 2, 3, 4, 6, 12, 24, 60, 120, 600, 1200];

/// A tick of the time axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TimeTick {
    pub(super) at: Timestamp,
    /// The clock, or the date where a day begins.
    pub(super) label: String,
    /// The date below the clock of the first tick of a day that does not begin there.
    pub(super) below: Option<String>,
}

/// Distance of ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Clock(i64),
    Days(i64),
    Months(i32),
}

/// Ticks of the count axis up to `top`: whole numbers 1, 2, 5, 10, … apart.
pub(super) fn counts(top: f64, height: f64) -> Vec<u64> {
    let steps = (0..19).flat_map(|power| [1, 2, 5].map(|digit| digit * 10_u64.pow(power)));
    let step = steps.into_iter().find(|step| *step as f64 / top * height >= COUNT_SPACE_MIN).unwrap_or(u64::MAX);
    let ticks = (top / step as f64).ceil() as u64;
    (0..ticks).map(|index| step.saturating_mul(index)).collect()
}

/// Ticks of the time axis: at round clock times and dates of `zone`, as close as `width` pixels allow.
pub(super) fn times(range: TimeRange, zone: &Zone, width: f64) -> Vec<TimeTick> {
    let step = Step::choose(range.len(), width);
    let (mut ticks, mut last_day) = (Vec::new(), None);
    for at in step.places(range, zone) {
        let civil = zone.civil(at);
        let (label, below) = step.label(&civil, last_day);
        last_day = Some((civil.year, civil.month, civil.day));
        ticks.push(TimeTick { at, label, below });
    }
    ticks
}

impl Step {
    fn choose(length: Millis, width: f64) -> Self {
        let all = (CLOCK_STEPS.into_iter().map(Self::Clock))
            .chain(DAY_STEPS.map(Self::Days))
            .chain(MONTH_STEPS.map(Self::Months));
        let fits = |step: &Self| step.millis() as f64 / length.0.max(1) as f64 * width >= step.space_min();
        all.into_iter().find(fits).unwrap_or(Self::Months(1200))
    }

    fn millis(self) -> i64 {
        match self {
            Self::Clock(millis) => millis,
            Self::Days(days) => days * DAY,
            Self::Months(months) => i64::from(months) * 30 * DAY,
        }
    }

    /// Pixels that a label needs.
    fn space_min(self) -> f64 {
        match self {
            Self::Clock(..1000) => 92.0,
            Self::Clock(..60_000) => 74.0,
            _ => 64.0,
        }
    }

    /// The moments in `range`, in order.
    fn places(self, range: TimeRange, zone: &Zone) -> Vec<Timestamp> {
        let first = zone.civil(range.start).local().0;
        let mut found: Vec<Timestamp> = Vec::new();
        for index in 0.. {
            let civil = match self {
                Self::Clock(step) => Civil::from_local(Timestamp((first.div_euclid(step) + index) * step)),
                // Counted from a Monday, so that weeks begin on one.
                Self::Days(days) => {
                    let (step, monday) = (days * DAY, 4 * DAY);
                    Civil::from_local(Timestamp(((first - monday).div_euclid(step) + index) * step + monday))
                }
                Self::Months(months) => month(first, months, index),
            };
            let at = zone.instant(civil);
            if at >= range.end || civil.year >= 9999 {
                break;
            }
            // Where clocks skip or repeat an hour two ticks may be one moment.
            if at >= range.start && found.last().is_none_or(|last| at > *last) {
                found.push(at);
            }
        }
        found
    }

    fn label(self, civil: &Civil, last_day: Option<(i16, i8, i8)>) -> (String, Option<String>) {
        match self {
            Self::Months(12..) => (civil.year.to_string(), None),
            Self::Months(_) if civil.month == 1 || last_day.is_none() => {
                (format!("{} {}", words::month(civil), civil.year), None)
            }
            Self::Months(_) => (words::month(civil).to_owned(), None),
            Self::Days(_) => (words::day(civil), None),
            Self::Clock(step) => {
                let clock = words::clock(civil, Millis(step));
                let midnight = civil.local().0 % DAY == 0;
                if last_day == Some((civil.year, civil.month, civil.day)) {
                    (clock, None)
                } else if midnight {
                    (words::day(civil), None)
                } else {
                    (clock, Some(words::day(civil)))
                }
            }
        }
    }
}

/// The first of the month that is `index` steps after the one that holds `local` or lies before it.
fn month(local: i64, months: i32, index: i64) -> Civil {
    let civil = Civil::from_local(Timestamp(local));
    let number = (i32::from(civil.year) * 12 + i32::from(civil.month) - 1).div_euclid(months);
    let number = (number + i32::try_from(index).unwrap_or(i32::MAX)).saturating_mul(months);
    let (year, month) = (number.div_euclid(12), number.rem_euclid(12) + 1);
    let year = i16::try_from(year).unwrap_or(9999).min(9999);
    Civil { year, month: month as i8, day: 1, hour: 0, minute: 0, second: 0, millisecond: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Labels over `range`, `/` before what stands below, and whether all ticks lie in it.
    fn labels(start: &str, end: &str, zone: &str, width: f64) -> Vec<String> {
        let time = |text: &str| Timestamp::parse_rfc3339(text).unwrap();
        let range = TimeRange { start: time(start), end: time(end) };
        let ticks = times(range, &Zone::parse(zone).unwrap(), width);
        assert!(ticks.iter().all(|tick| range.contains(tick.at)));
        assert!(ticks.is_sorted_by(|a, b| a.at < b.at));
        let words = |tick: TimeTick| tick.below.map_or(tick.label.clone(), |below| format!("{}/{below}", tick.label));
        ticks.into_iter().map(words).collect()
    }

    #[test]
    fn counts_are_whole_and_far_enough_apart() {
        assert_eq!(counts(4.24, 200.0), [0, 1, 2, 3, 4]);
        assert_eq!(counts(4.24, 100.0), [0, 2, 4]);
        assert_eq!(counts(106.0, 300.0), [0, 20, 40, 60, 80, 100]);
        assert_eq!(counts(1_060_000.0, 120.0), [0, 500_000, 1_000_000]);
        assert_eq!(counts(u64::MAX as f64, 300.0).len(), 4);
    }

    #[test]
    fn ticks_stand_at_round_times() {
        let day = labels("2026-11-19T10:00:00Z", "2026-11-20T10:00:00Z", "UTC", 600.0);
        assert_eq!(day, ["12:00/19 Nov", "15:00", "18:00", "21:00", "20 Nov", "03:00", "06:00", "09:00"]);
        let hour = labels("2026-11-20T09:50:00Z", "2026-11-20T10:20:00Z", "UTC", 450.0);
        assert_eq!(hour, ["09:50/20 Nov", "09:55", "10:00", "10:05", "10:10", "10:15"]);
        let seconds = labels("2026-11-20T10:00:00Z", "2026-11-20T10:00:30Z", "UTC", 300.0);
        assert_eq!(seconds, ["10:00:00/20 Nov", "10:00:10", "10:00:20"]);
        let instant = labels("2026-11-20T10:00:00Z", "2026-11-20T10:00:00.3Z", "UTC", 300.0);
        assert_eq!(instant, ["10:00:00.000/20 Nov", "10:00:00.100", "10:00:00.200"]);
    }

    #[test]
    fn days_weeks_months_and_years_begin_where_they_begin() {
        let days = labels("2026-11-14T00:00:00Z", "2026-11-21T00:00:00Z", "UTC", 500.0);
        assert_eq!(days, ["14 Nov", "15 Nov", "16 Nov", "17 Nov", "18 Nov", "19 Nov", "20 Nov"]);
        // 2, 9, 16 and 23 November 2026 are Mondays.
        let weeks = labels("2026-10-30T00:00:00Z", "2026-11-29T00:00:00Z", "UTC", 300.0);
        assert_eq!(weeks, ["2 Nov", "9 Nov", "16 Nov", "23 Nov"]);
        let months = labels("2025-11-20T00:00:00Z", "2026-05-20T00:00:00Z", "UTC", 420.0);
        assert_eq!(months, ["Dec 2025", "Jan 2026", "Feb", "Mar", "Apr", "May"]);
        let years = labels("1970-01-01T00:00:00Z", "2026-11-20T00:00:00Z", "UTC", 700.0);
        assert_eq!(years, ["1970", "1980", "1990", "2000", "2010", "2020"]);
        assert!(labels("1970-01-01T00:00:00Z", "9999-12-30T00:00:00Z", "UTC", 300.0).len() < 90);
    }

    #[test]
    fn ticks_follow_the_clocks_of_the_zone() {
        let day = labels("2026-11-19T23:00:00Z", "2026-11-20T23:00:00Z", "Europe/Berlin", 300.0);
        assert_eq!(day, ["20 Nov", "06:00", "12:00", "18:00"]);
        // On this day clocks skip from 02:00 to 03:00.
        let spring = labels("2026-03-28T23:00:00Z", "2026-03-29T05:00:00Z", "Europe/Berlin", 500.0);
        assert_eq!(spring, ["29 Mar", "01:00", "03:00", "04:00", "05:00", "06:00"]);
        let autumn = labels("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", "Europe/Berlin", 300.0);
        assert_eq!(autumn, ["25 Oct", "06:00", "12:00", "18:00"]);
    }
}
