//! The formula: how often an aggregate may happen in an hour before it escalates. Pure.
//!
//! It is the one that Sentry publishes for its escalating issues, over our hourly counts (in UTC):
//! <https://github.com/getsentry/sentry-docs/blob/master/docs/product/issues/states-triage/escalating-issues/index.mdx>.

use crate::model::time::{Millis, Timestamp};

/// An hour.
pub(super) const HOUR: Millis = Millis(3_600_000);

/// A day.
pub(super) const DAY: Millis = Millis(24 * HOUR.0);

/// Hours of the week that the limit of a day comes from: those right before the day.
pub(super) const WEEK_HOURS: usize = 168;

/// An aggregate without a week to look at may happen so many times more often than in its worst hour.
const YOUNG_FACTOR: u64 = 10;

/// Between how many and how many averages above the usual hour the limit of what happens steadily lies.
const SPIKE_FACTORS: (f64, f64) = (5.0, 8.0);

/// Standard deviations above the average, between these two.
const SPIKE_DEVIATIONS: f64 = 5.0;

/// Between how many and how many times the worst hour the limit of what happens in bursts lies: the more it varies, the
/// less.
const BURST_FACTORS: (f64, f64) = (2.0, 5.0);

/// How fast that factor falls with the coefficient of variation.
const BURST_DECAY: f64 = -0.65;

/// How often an aggregate may happen in an hour, and what that comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limit {
    /// It escalates when it happens more often than this in one clock hour of UTC.
    pub limit: u64,
    /// How many hours were looked at.
    pub hours: usize,
    /// The count of the worst of them.
    pub max_hour: u64,
    /// Which rule gave it.
    pub basis: Basis,
}

/// The rule that gave a limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Basis {
    /// The week before the day.
    Week(Week),
    /// Ten times the worst hour so far, because at the begin of the day it was younger than a week.
    Young,
    /// Ten times the worst hour so far, because it did not happen in the week before the day.
    Silent,
}

/// Figures of a week.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Week {
    /// Mean count of an hour.
    pub average: f64,
    /// Mean in which hours of the day's weekday count twice.
    pub weighted: f64,
    /// Standard deviation of the sample.
    pub deviation: f64,
    /// How many averages above the weighted one are no spike yet.
    pub spike_factor: f64,
    /// The limit for what happens steadily.
    pub spike: f64,
    /// How many times the worst hour are no burst yet.
    pub burst_factor: f64,
    /// The limit for what happens in bursts.
    pub bursty: f64,
}

/// Begin of the clock hour of `time`.
#[must_use]
pub(super) fn hour_of(time: Timestamp) -> Timestamp {
    floor(time, HOUR)
}

/// Begin of the UTC day of `time`.
#[must_use]
pub(super) fn day_of(time: Timestamp) -> Timestamp {
    floor(time, DAY)
}

fn floor(time: Timestamp, length: Millis) -> Timestamp {
    Timestamp(time.0.div_euclid(length.0).saturating_mul(length.0))
}

impl Limit {
    /// The limit of a day from the 168 hours before it, oldest first; the first 24 are of its weekday. `None` when nothing
    /// happened in them.
    #[must_use]
    pub fn of_week(week: &[u64; WEEK_HOURS]) -> Option<Self> {
        let max_hour = week.iter().copied().max().filter(|max| *max > 0)?;
        let hours = WEEK_HOURS as f64;
        let sum = |counts: &[u64]| counts.iter().map(|count| *count as f64).sum::<f64>();
        let same_weekday = week.get(..24).unwrap_or_default();
        let average = sum(week) / hours;
        let weighted = (sum(week) + sum(same_weekday)) / (hours + 24.0);
        let squares: f64 = week.iter().map(|count| (*count as f64 - average).powi(2)).sum();
        let deviation = (squares / (hours - 1.0)).sqrt();
        let above = (average + SPIKE_DEVIATIONS * deviation) / average;
        let spike_factor = above.clamp(SPIKE_FACTORS.0, SPIKE_FACTORS.1);
        let spike = weighted + spike_factor * average;
        let decayed = BURST_FACTORS.1 * (BURST_DECAY * deviation / average).exp();
        let burst_factor = decayed.clamp(BURST_FACTORS.0, BURST_FACTORS.1);
        let bursty = burst_factor * max_hour as f64;
        let week = Week { average, weighted, deviation, spike_factor, spike, burst_factor, bursty };
        Some(Self { limit: spike.max(bursty) as u64, hours: WEEK_HOURS, max_hour, basis: Basis::Week(week) })
    }

    /// The limit of an aggregate that has no week to look at, from the worst of some hours. `None` when nothing happened in
    /// them.
    #[must_use]
    pub fn of_worst(max_hour: u64, hours: usize, is_young: bool) -> Option<Self> {
        let basis = if is_young { Basis::Young } else { Basis::Silent };
        (max_hour > 0).then(|| Self { limit: max_hour.saturating_mul(YOUNG_FACTOR), hours, max_hour, basis })
    }

    /// Where the limit comes from, for people: it goes on behind "the limit is 120: ".
    #[must_use]
    pub fn reason(&self) -> String {
        let max = self.max_hour;
        match &self.basis {
            Basis::Week(week) if week.bursty > week.spike => format!(
                "{:.1} times {max}, the most in an hour of the week before the day, as it varies ({:.1} an hour on average, \
                 deviation {:.1})",
                week.burst_factor, week.average, week.deviation
            ),
            Basis::Week(week) => format!(
                "an hour of the week before the day had {:.1} on average ({:.1} with those of the same weekday counted \
                 twice, deviation {:.1}), and {:.1} times that above it is usual",
                week.average, week.weighted, week.deviation, week.spike_factor
            ),
            Basis::Young => format!("10 times {max}, the most in an hour so far, as it is younger than a week"),
            Basis::Silent => {
                format!("10 times {max}, the most in an hour before, as it did not happen in the week before the day")
            }
        }
    }
}
