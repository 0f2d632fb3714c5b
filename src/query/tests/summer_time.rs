//! Summer time begins and ends: what happened around it stands in one bucket, and days are those of the calendar.

use super::{Delta, Fleet, HOUR, MINUTE, NOW, delta};
use crate::model::series::Buckets;
use crate::model::time::{Millis, TimeRange, Timestamp};
use crate::model::zone::{Civil, Zone};
use crate::query::time;

const DAY: i64 = 24 * HOUR;

/// An hour later in the north, an hour earlier in the south, half an hour on Lord Howe, at a half hour in Newfoundland.
const ZONES: [&str; 4] = ["Europe/Berlin", "America/Santiago", "Australia/Lord_Howe", "America/St_Johns"];

/// The moments of the year before [`NOW`] at which the offset changes.
fn changes(zone: &Zone) -> Vec<Timestamp> {
    let minutes = (NOW.0 - 365 * DAY) / (30 * MINUTE)..NOW.0 / (30 * MINUTE);
    let at = |half: i64| Timestamp(half * 30 * MINUTE);
    minutes.map(at).filter(|at| zone.offset(*at) != zone.offset(Timestamp(at.0 - 1))).collect()
}

/// Something each half hour of the days around each of `changes`, never as often as before.
fn fleet(changes: &[Timestamp]) -> Fleet {
    let mut halves: Vec<i64> = changes.iter().flat_map(|at| (-96..96).map(|half| at.0 + half * 30 * MINUTE)).collect();
    halves.sort_unstable();
    halves.dedup();
    let deltas = halves.iter().zip(1..).map(|(at, count)| delta("checkout", "a1", "Timeout@1", *at, count));
    Fleet::new(deltas.collect())
}

/// What happened in each bucket, told plainly.
fn told(deltas: &[Delta], buckets: &Buckets) -> Vec<u64> {
    let within = |from: Timestamp, to: Timestamp| {
        deltas.iter().filter(|delta| (from.0..to.0).contains(&delta.at)).map(|delta| delta.count).sum()
    };
    (0..buckets.len).map(|index| within(buckets.edge(index), buckets.edge(index + 1))).collect()
}

fn written(offset: Millis) -> String {
    let minutes = offset.0 / MINUTE;
    format!("{}{:02}:{:02}", if minutes < 0 { '-' } else { '+' }, minutes.abs() / 60, minutes.abs() % 60)
}

/// Midnights by the clocks of `zone`, from the day of `start` to that of `end`.
fn midnights(zone: &Zone, start: Timestamp, end: Timestamp) -> Vec<Timestamp> {
    let mut all = Vec::new();
    let mut local = zone.civil(start).local().0.div_euclid(DAY) * DAY;
    loop {
        let midnight = zone.instant(Civil::from_local(Timestamp(local)));
        if midnight > end {
            return all;
        }
        all.push(midnight);
        local += DAY;
    }
}

fn check(fleet: &Fleet, zone: &Zone, change: Timestamp) {
    let range = TimeRange { start: Timestamp(change.0 - 36 * HOUR), end: Timestamp(change.0 + 36 * HOUR) };
    for offset in [zone.offset(range.start), zone.offset(range.end)] {
        for step in ["30m", "1h", "6h", "1d", "1w"] {
            let buckets = time::buckets(range, Some(step), Some(&written(offset)), Millis(1)).unwrap();
            let context = format!("{} {change} {step} {}", zone.name(), written(offset));
            assert!(buckets.start <= range.start && range.end <= buckets.range().end, "{context}");
            let answer = fleet.range("", "", 10, buckets, usize::MAX);
            assert_eq!(answer.total.counts, told(&fleet.deltas, &buckets), "{context}");
            assert_eq!(answer.total.sum.estimated, 0, "{context}");
            // Days begin at midnight wherever the offset is the one that was asked for.
            for edge in (0..buckets.len).map(|index| buckets.edge(index)).filter(|edge| zone.offset(*edge) == offset) {
                let shown = zone.civil(edge);
                assert!(step != "1d" || (shown.hour, shown.minute) == (0, 0), "{context}: {edge}");
            }
        }
    }
    // Days of the calendar, of which one has 23 hours or 25 or so, hold all of it once.
    let midnights = midnights(zone, range.start, range.end);
    let days: Vec<Buckets> =
        midnights.windows(2).map(|edges| Buckets::whole(TimeRange { start: edges[0], end: edges[1] })).collect();
    assert_eq!(days.iter().filter(|day| day.step.0 != DAY).count(), 1, "{} {change}: {midnights:?}", zone.name());
    let counted: Vec<u64> = days.iter().map(|day| fleet.range("", "", 10, *day, usize::MAX).total.sum.total).collect();
    let whole = Buckets::whole(TimeRange { start: midnights[0], end: *midnights.last().unwrap() });
    assert_eq!(counted.iter().sum::<u64>(), told(&fleet.deltas, &whole)[0], "{} {change}", zone.name());
    assert!(counted.iter().all(|count| *count > 0), "{counted:?}");
}

#[test]
fn no_bucket_doubles_or_misses_an_hour_that_clocks_show_twice_or_skip() {
    let zones = ZONES.map(|name| Zone::parse(name).unwrap());
    let changes: Vec<(usize, Timestamp)> = zones
        .iter()
        .enumerate()
        .flat_map(|(zone, found)| changes(found).into_iter().map(move |at| (zone, at)))
        .collect();
    assert_eq!(changes.len(), 8, "{changes:?}");
    let all: Vec<Timestamp> = changes.iter().map(|(_, at)| *at).collect();
    let fleet = fleet(&all);
    for sealed in [false, true] {
        if sealed {
            fleet.store.seal(NOW).unwrap();
        }
        for (zone, change) in &changes {
            check(&fleet, &zones[*zone], *change);
        }
    }
}
