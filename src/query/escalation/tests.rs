//! The formula by hand and by a plain second reading of it, and limits of a real store.

use proptest::prelude::*;

use super::limit::{DAY, WEEK_HOURS};
use super::*;
use crate::model::time::Millis;
use crate::query::tests::{Delta, Fleet, HOUR as HOUR_MS, MINUTE, NOW, delta};

fn week(counts: impl Fn(usize) -> u64) -> [u64; WEEK_HOURS] {
    std::array::from_fn(counts)
}

fn of_week(counts: &[u64; WEEK_HOURS]) -> (u64, Week) {
    let limit = Limit::of_week(counts).unwrap();
    assert_eq!((limit.hours, limit.max_hour), (168, *counts.iter().max().unwrap()));
    let Basis::Week(week) = limit.basis else { panic!("{limit:?}") };
    (limit.limit, week)
}

fn near(one: f64, other: f64) -> bool {
    (one - other).abs() < 1e-6 * other.abs().max(1.0)
}

#[test]
fn what_happens_steadily_may_do_so_six_times_as_often() {
    let (limit, week) = of_week(&week(|_| 10));
    assert_eq!((week.average, week.weighted, week.deviation, week.spike_factor), (10.0, 10.0, 0.0, 5.0));
    assert_eq!((week.spike, week.burst_factor, week.bursty, limit), (60.0, 5.0, 50.0, 60));
}

#[test]
fn hours_of_the_same_weekday_count_twice() {
    // 24 hours of 24 and 144 of 3: (24 * 24 * 2 + 144 * 3) / 192.
    let counts = week(|hour| if hour < 24 { 24 } else { 3 });
    let (limit, week) = of_week(&counts);
    assert!(near(week.average, 6.0) && near(week.weighted, 8.25), "{week:?}");
    // Squares: 24 * 18² + 144 * 3² = 9072, over 167.
    assert!(near(week.deviation, (9072.0_f64 / 167.0).sqrt()) && near(week.spike_factor, 7.142_031_5), "{week:?}");
    assert!(near(week.spike, 51.102_189), "{week:?}");
    // 5 * e^(-0.65 * 7.370438 / 6) = 2.250098, times 24.
    assert!(near(week.burst_factor, 2.250_098_1) && near(week.bursty, 54.002_354_5), "{week:?}");
    assert_eq!(limit, 54);
}

#[test]
fn one_burst_in_a_quiet_week_may_come_again_twice_as_high() {
    let (limit, week) = of_week(&week(|hour| if hour == 100 { 168 } else { 0 }));
    assert!(near(week.average, 1.0) && near(week.weighted, 168.0 / 192.0), "{week:?}");
    assert_eq!((week.spike_factor, week.burst_factor, limit), (8.0, 2.0, 336));
}

#[test]
fn without_a_week_it_is_ten_times_the_worst_hour_and_of_nothing_there_is_no_limit() {
    assert_eq!(Limit::of_week(&[0; WEEK_HOURS]), None);
    assert_eq!(Limit::of_worst(0, 5, true), None);
    let limit = Limit::of_worst(7, 5, true).unwrap();
    assert_eq!((limit.limit, limit.hours, limit.basis), (70, 5, Basis::Young));
    assert_eq!(Limit::of_worst(u64::MAX, 5, false).unwrap().limit, u64::MAX);
}

/// The formula once more, word by word: the limit of what happens steadily and that of what happens in bursts.
fn plain(counts: &[u64]) -> (f64, f64) {
    let values: Vec<f64> = counts.iter().map(|count| *count as f64).collect();
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / (n - 1.0);
    let std = f64::sqrt(variance);
    let weights: Vec<f64> = (0..values.len()).map(|hour| if hour < 24 { 2.0 } else { 1.0 }).collect();
    let weighted: f64 = values.iter().zip(&weights).map(|(value, weight)| value * weight).sum();
    let avg_w = weighted / weights.iter().sum::<f64>();
    let spike = avg_w + ((mean + 5.0 * std) / mean).clamp(5.0, 8.0) * mean;
    let max = values.iter().copied().fold(0.0, f64::max);
    let bursty = max * (5.0 * f64::powf(std::f64::consts::E, -0.65 * (std / mean))).clamp(2.0, 5.0);
    (spike, bursty)
}

proptest! {
    #[test]
    fn limits_are_those_of_the_formula(
        base in prop_oneof![Just(0u64), 1u64..1000],
        more in prop::collection::vec(
            prop_oneof![4 => Just(0u64), 4 => 0u64..50, 1 => 0u64..100_000, 1 => Just(u64::from(u32::MAX))], WEEK_HOURS
        ),
        most in prop_oneof![Just(0u64), Just(20), Just(u64::MAX)],
    ) {
        let counts: Vec<u64> = more.into_iter().map(|more| base + more.min(most)).collect();
        let counts: [u64; WEEK_HOURS] = counts.try_into().unwrap();
        let Some(limit) = Limit::of_week(&counts) else {
            prop_assert_eq!(counts, [0; WEEK_HOURS]);
            return Ok(());
        };
        let Basis::Week(week) = limit.basis else { panic!("{limit:?}") };
        let (spike, bursty) = plain(&counts);
        // Sums in another order differ in the last digits.
        prop_assert!(near(week.spike, spike) && near(week.bursty, bursty), "{:?} {} {}", week, spike, bursty);
        prop_assert_eq!(limit.limit, week.spike.max(week.bursty).floor() as u64);
        prop_assert!(limit.limit >= 2 * limit.max_hour);
    }
}

/// What stands in the store, hour by hour, by the plain list of what happened.
fn hourly(deltas: &[Delta], key: &str, hour: i64) -> u64 {
    let of = |delta: &&Delta| delta.key == key && delta.at.div_euclid(HOUR_MS) == hour;
    deltas.iter().filter(of).map(|delta| delta.count).sum()
}

/// The limit of a clock hour by the words of the manual.
fn expected(deltas: &[Delta], key: &str, hour: i64) -> Option<u64> {
    let first = deltas.iter().filter(|delta| delta.key == key).map(|delta| delta.at).min()?;
    let day = hour.div_euclid(24) * 24;
    let counts: Vec<u64> = (day - 168..day).map(|hour| hourly(deltas, key, hour)).collect();
    let is_old = first <= (day - 168) * HOUR_MS;
    if is_old && counts.iter().any(|count| *count > 0) {
        let (spike, bursty) = plain(&counts);
        return Some(spike.max(bursty) as u64);
    }
    let worst = |from: i64, to: i64| (from..to).map(|hour| hourly(deltas, key, hour)).max().unwrap_or(0);
    let before = worst(day - 100 * 24, day);
    let most = if before > 0 { before } else { worst(day, hour) };
    (most > 0).then_some(most * 10)
}

fn look(watch: &mut Watch, fleet: &Fleet, now: Timestamp) -> Vec<String> {
    let found = watch.look(&fleet.store, now).unwrap();
    let view = fleet.store.view().unwrap();
    found.over.iter().map(|id| view.aggregates()[id.0 as usize].key.clone()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 60, ..ProptestConfig::default() })]

    #[test]
    fn limits_of_a_store_are_those_of_its_plain_history(
        history in prop::collection::vec(
            (prop::sample::select(vec!["A@1", "B@2", "C@3"]), prop_oneof![0i64..40, 0i64..400, 0i64..2000], 1u64..300), 1..30
        ),
        sealed in 0i64..400,
        ahead in prop::collection::vec(prop_oneof![3 => 0i64..3, 1 => 0i64..30], 1..16),
    ) {
        let mut deltas: Vec<Delta> = history
            .into_iter()
            .map(|(key, hours, count)| delta("checkout", "a1", key, NOW.0 - hours * HOUR_MS - 7 * MINUTE, count))
            .collect();
        deltas.sort_by_key(|delta| delta.at);
        let fleet = Fleet::new(deltas);
        fleet.store.seal(Timestamp(NOW.0 - sealed * HOUR_MS)).unwrap();
        let ids: Vec<(AggregateId, String)> = {
            let view = fleet.store.view().unwrap();
            view.aggregates().iter().map(|aggregate| (aggregate.id, aggregate.key.clone())).collect()
        };
        // One watch over several hours and days: what it remembers must not go stale.
        let mut watch = Watch::default();
        let mut now = NOW.0 - 30 * HOUR_MS;
        for hours in ahead {
            let hour = now.div_euclid(HOUR_MS);
            let over = look(&mut watch, &fleet, Timestamp(now));
            for (id, key) in &ids {
                let of_hour = |hour: i64| {
                    (hourly(&fleet.deltas, key, hour), expected(&fleet.deltas, key, hour))
                };
                let is_over = |(count, limit): (u64, Option<u64>)| limit.is_some_and(|limit| count > limit);
                let (running, last) = (of_hour(hour), of_hour(hour - 1));
                prop_assert_eq!(over.contains(key), is_over(running) || is_over(last), "{} {:?} {:?}", key, running, last);
                let explained = fleet.asked(Timestamp(now), |context| explain(context, *id)).unwrap();
                let shown = if !is_over(running) && is_over(last) { last } else { running };
                prop_assert_eq!((explained.count, explained.limit.map(|limit| limit.limit)), shown, "{} {}", key, explained.why);
                prop_assert_eq!(explained.escalating, over.contains(key));
            }
            now += hours * HOUR_MS;
        }
    }
}

#[test]
fn an_escalation_is_seen_in_its_hour_and_the_next_and_explained() {
    let steady = (1..=200).map(|hour| delta("checkout", "a1", "Timeout@1", NOW.0 - hour * HOUR_MS, 10));
    let mut deltas: Vec<Delta> = steady.collect();
    deltas.reverse();
    deltas.push(delta("checkout", "a1", "Timeout@1", NOW.0 + MINUTE, 61));
    let fleet = Fleet::new(deltas);
    let mut watch = Watch::default();
    assert_eq!(look(&mut watch, &fleet, NOW.plus(Millis(2 * MINUTE))), ["Timeout@1"]);
    let at = |hours: i64| Timestamp(NOW.0 + hours * HOUR_MS + 2 * MINUTE);
    let why = |now| fleet.asked(now, |context| explain(context, AggregateId(0))).unwrap().why;
    let words = "happened 61 times from 2026-11-20T10:00:00Z to 2026-11-20T11:00:00Z, more than the limit of 60: an hour of the \
                 week before the day had 10.0 on average (10.0 with those of the same weekday counted twice, deviation 0.0), \
                 and 5.0 times that above it is usual";
    assert_eq!(why(at(0)), words);
    assert_eq!(look(&mut watch, &fleet, at(1)), ["Timeout@1"]);
    assert_eq!(why(at(1)), words);
    assert_eq!(look(&mut watch, &fleet, at(2)), [""; 0]);
    assert!(why(at(2)).starts_with("happened 0 times from 2026-11-20T12:00:00Z"), "{}", why(at(2)));
    let no_such = fleet.asked(NOW, |context| explain(context, AggregateId(9)));
    assert!(matches!(no_such, Err(Error::NotFound { what: "aggregate", .. })), "{no_such:?}");
}

#[test]
fn on_the_first_day_each_hour_has_its_own_limit() {
    let counts = [3, 29, 31, 290, 3000];
    let deltas = (0..).zip(counts).map(|(hour, count)| delta("checkout", "a1", "New@1", NOW.0 + hour * HOUR_MS, count));
    let fleet = Fleet::new(deltas.collect());
    let mut watch = Watch::default();
    let mut over = |hour: i64| !look(&mut watch, &fleet, Timestamp(NOW.0 + hour * HOUR_MS + MINUTE)).is_empty();
    // Nothing to compare with; then 29 with 30, 31 with 290, 290 with 310, 3000 with 2900.
    assert_eq!([0, 1, 2, 3, 4].map(&mut over), [false, false, false, false, true]);
    // The next day it is ten times the worst of them.
    let explained = fleet.asked(NOW.plus(DAY), |context| explain(context, AggregateId(0))).unwrap();
    let limit = explained.limit.unwrap();
    assert_eq!((limit.limit, limit.hours, limit.basis), (30_000, 14, Basis::Young));
}

#[test]
fn what_happened_before_a_mute_does_not_end_it() {
    let steady = (1..=200).rev().map(|hour| delta("checkout", "a1", "Timeout@1", NOW.0 - hour * HOUR_MS, 10));
    let mut deltas: Vec<Delta> = steady.collect();
    deltas.push(delta("checkout", "a1", "Timeout@1", NOW.0 + MINUTE, 100));
    deltas.push(delta("checkout", "a1", "Timeout@1", NOW.0 + 10 * MINUTE, 61));
    let fleet = Fleet::new(deltas);
    let mut watch = Watch::default();
    assert_eq!(look(&mut watch, &fleet, NOW.plus(Millis(20 * MINUTE))), ["Timeout@1"]);
    let since =
        |at: i64| watch.over_since(&fleet.store.view().unwrap(), AggregateId(0), Timestamp(NOW.0 + at)).unwrap();
    assert_eq!(since(-DAY.0).unwrap().count, 161);
    assert_eq!(since(2 * MINUTE).unwrap().count, 61);
    assert!(since(2 * MINUTE).unwrap().why.contains("from 2026-11-20T10:02:00Z to"));
    assert_eq!((since(10 * MINUTE), since(50 * MINUTE), since(2 * HOUR_MS)), (None, None, None));
}
