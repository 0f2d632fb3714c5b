//! What happens to the fleet's error rates: the rhythm of day and week, and incidents.
//!
//! The big incidents stand at fixed distances before `now`, so that every demo can tell the same story: a slow burn
//! over twelve days, a spike this morning and one two days ago, two bad releases, an outage more than two weeks ago.
//! Small ones come by chance, and from `now` on there is one every few minutes, so that a page that is being watched moves.

use super::catalog::Shape;
use super::kind::{Kind, of_service};
use super::rng::Rng;
use super::service::{SERVICES, Service};
use crate::model::time::{Millis, Timestamp};

pub(crate) const SECOND: i64 = 1000;
pub(crate) const MINUTE: i64 = 60 * SECOND;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;

/// Length of the blocks in which live happenings are planned.
pub(crate) const LIVE_BLOCK: i64 = 5 * MINUTE;

/// When the bad release of `checkout` is rolled out and back, before `now`.
pub(crate) const CHECKOUT_BAD: (i64, i64) = (9 * HOUR, 8 * HOUR + 12 * MINUTE);
/// When the bad release of `storefront` is rolled out and back, before `now`.
pub(crate) const STOREFRONT_BAD: (i64, i64) = (11 * DAY + 2 * HOUR, 11 * DAY + 85 * MINUTE);

/// More of one kind of error for a while.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Incident {
    pub(crate) service: usize,
    pub(crate) kind: usize,
    pub(crate) begin: Timestamp,
    pub(crate) end: Timestamp,
    /// How often a minute at its worst.
    pub(crate) peak: f64,
    pub(crate) curve: Curve,
}

/// How an incident's rate moves between its begin and its end.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Curve {
    /// The same all the time.
    Flat,
    /// Up within a tenth of its length, a while at its worst, then down again.
    Spike,
    /// From a hundredth of the peak, doubling again and again until `full`; then it stays.
    Growth { full: Timestamp },
}

impl Incident {
    /// How often a minute it happens at `at`.
    pub(crate) fn rate(&self, at: Timestamp) -> f64 {
        if at < self.begin || at >= self.end {
            return 0.0;
        }
        let through = |end: Timestamp| (at.0 - self.begin.0) as f64 / (end.0 - self.begin.0).max(1) as f64;
        self.peak
            * match self.curve {
                Curve::Flat => 1.0,
                Curve::Spike => match through(self.end) {
                    rise if rise < 0.1 => rise * 10.0,
                    worst if worst < 0.45 => 1.0,
                    fall => (-(fall - 0.45) * 6.0).exp(),
                },
                Curve::Growth { full } => 100f64.powf(through(full).min(1.0) - 1.0),
            }
    }
}

/// How busy `service` is at `at`, 1 at its busiest on a working day.
pub(crate) fn traffic(service: &Service, at: Timestamp) -> f64 {
    let hour = at.0.rem_euclid(DAY) as f64 / HOUR as f64;
    let near = 0.5 + 0.5 * ((hour - service.busy_hour) / 24.0 * std::f64::consts::TAU).cos();
    // 1970-01-01 was a Thursday.
    let weekend = matches!((at.0.div_euclid(DAY) + 4).rem_euclid(7), 0 | 6);
    (0.18 + 0.82 * near.powf(1.6)) * if weekend { service.weekend } else { 1.0 }
}

/// By how much a kind of this shape is more or less frequent than its rate. `chance` is the kind's own number.
pub(crate) fn shape(shape: Shape, traffic: f64, at: Timestamp, chance: u64) -> f64 {
    match shape {
        Shape::Traffic => traffic,
        Shape::Steady => 1.0,
        Shape::Nightly => {
            let begin = HOUR + Rng::of(&[chance]).time(Millis(90 * MINUTE)).0;
            let since = at.0.rem_euclid(DAY) - begin;
            f64::from(u8::from((0..50 * MINUTE).contains(&since)))
        }
        Shape::Bursts => {
            let block = at.0.div_euclid(25 * MINUTE) as u64;
            if Rng::of(&[chance, block]).chance(0.06) { 7.0 * traffic } else { 0.02 }
        }
    }
}

/// All incidents that touch the day that begins at `day`.
pub(crate) fn incidents(seed: u64, now: Timestamp, day: Timestamp, kinds: &[Vec<Kind>]) -> Vec<Incident> {
    let next = day.plus(Millis(DAY));
    let mut incidents: Vec<Incident> =
        fixed(now, kinds).into_iter().filter(|incident| incident.begin < next && incident.end > day).collect();
    for (service, kinds) in kinds.iter().enumerate() {
        small(seed, day, (service, kinds), &mut incidents);
    }
    let mut block = first_block(now, day);
    while block < next {
        live(seed, block, kinds, &mut incidents);
        block = block.plus(Millis(LIVE_BLOCK));
    }
    incidents
}

/// The first block of live happenings that begins in the day, or later when the day is before `now`.
pub(crate) fn first_block(now: Timestamp, day: Timestamp) -> Timestamp {
    let blocks = ((day.0 - now.0).max(0) + LIVE_BLOCK - 1) / LIVE_BLOCK;
    now.plus(Millis(blocks * LIVE_BLOCK))
}

/// An incident of the story: service, class, begin and end in milliseconds before `now`, rate at its worst, and its curve
/// (growth is full at `now`).
type Chapter = (&'static str, &'static str, (i64, i64), f64, Curve);

const GROWTH: Curve = Curve::Growth { full: Timestamp(0) };

/// The incidents that every fleet has.
const STORY: &[Chapter] = &[
    ("ledger", "*pgconn.PgError", (12 * DAY, -60 * DAY), 6.0, GROWTH),
    ("payments-api", "java.sql.SQLTransientConnectionException", (5 * HOUR, 270 * MINUTE), 110.0, Curve::Spike),
    ("checkout", "com.acme.http.UpstreamException", (299 * MINUTE, 268 * MINUTE), 75.0, Curve::Spike),
    ("storefront", "Faraday::TimeoutError", (298 * MINUTE, 265 * MINUTE), 40.0, Curve::Spike),
    ("checkout", "java.lang.NoSuchMethodError", (CHECKOUT_BAD.0, CHECKOUT_BAD.1 - HOUR), 55.0, Curve::Flat),
    ("search", "java.util.concurrent.TimeoutException", (51 * HOUR, 50 * HOUR), 130.0, Curve::Spike),
    ("storefront", "Rack::Timeout::RequestTimeoutException", (51 * HOUR, 50 * HOUR), 45.0, Curve::Spike),
    (
        "storefront",
        "ActionController::UrlGenerationError",
        (STOREFRONT_BAD.0, STOREFRONT_BAD.1 - HOUR),
        70.0,
        Curve::Flat,
    ),
    ("catalog", "*net.OpError", (17 * DAY, 17 * DAY - 80 * MINUTE), 60.0, Curve::Spike),
    ("recommendations", "requests.exceptions.ConnectionError", (17 * DAY, 17 * DAY - 85 * MINUTE), 30.0, Curve::Spike),
];

/// All kinds of all services, with everything that the story tells of.
pub(crate) fn kinds() -> Vec<Vec<Kind>> {
    SERVICES.iter().map(|service| of_service(service, |class| needs(service.name, class))).collect()
}

/// Whether the story tells of this class in this service.
fn needs(service: &str, class: &str) -> bool {
    STORY.iter().any(|(with, of, ..)| *with == service && *of == class)
}

fn fixed(now: Timestamp, kinds: &[Vec<Kind>]) -> Vec<Incident> {
    let mut incidents = Vec::new();
    for (service, class, (before, until), peak, curve) in STORY {
        let Some(index) = SERVICES.iter().position(|known| known.name == *service) else { continue };
        let Some(kind) = kinds.get(index).and_then(|kinds| kinds.iter().position(|kind| kind.class == *class)) else {
            continue;
        };
        let (begin, end) = (now.minus(Millis(*before)), now.minus(Millis(*until)));
        let curve = if let Curve::Growth { .. } = curve { Curve::Growth { full: now } } else { *curve };
        incidents.push(Incident { service: index, kind, begin, end, peak: *peak, curve });
    }
    incidents
}

/// Perhaps a small incident of one service some time in the day.
fn small(seed: u64, day: Timestamp, (service, kinds): (usize, &[Kind]), incidents: &mut Vec<Incident>) {
    let mut rng = Rng::of(&[seed, 0x5a11, day.0 as u64, service as u64]);
    if !rng.chance(0.3) {
        return;
    }
    let length = rng.time_between(6 * MINUTE, 40 * MINUTE).0;
    let begin = day.plus(rng.time(Millis(DAY - length)));
    let peak = 3.0 + 20.0 * rng.unit().powi(2);
    if let Some(kind) = any_kind(kinds, &mut rng) {
        incidents.push(Incident { service, kind, begin, end: begin.plus(Millis(length)), peak, curve: Curve::Spike });
    }
}

/// The spike of one live block: half a minute after it begins, for a minute or two.
fn live(seed: u64, block: Timestamp, kinds: &[Vec<Kind>], incidents: &mut Vec<Incident>) {
    let mut rng = Rng::of(&[seed, 0x11fe, block.0 as u64]);
    let service = rng.below(kinds.len() as u64) as usize;
    let begin = block.plus(rng.time_between(20 * SECOND, 35 * SECOND));
    let end = begin.plus(rng.time_between(70 * SECOND, 150 * SECOND));
    let peak = 120.0 + 180.0 * rng.unit();
    if let Some(kind) = kinds.get(service).and_then(|kinds| any_kind(kinds, &mut rng)) {
        incidents.push(Incident { service, kind, begin, end, peak, curve: Curve::Spike });
    }
}

/// A kind that can happen in any release and is an error of requests.
fn any_kind(kinds: &[Kind], rng: &mut Rng) -> Option<usize> {
    let fitting = |kind: &Kind| !kind.bad_release && kind.shape == Shape::Traffic && kind.severity_word != "info";
    let fit: Vec<usize> = kinds.iter().enumerate().filter(|(_, kind)| fitting(kind)).map(|(index, _)| index).collect();
    rng.pick(&fit).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_incident_of_the_story_finds_its_error() {
        let kinds = kinds();
        assert_eq!(fixed(Timestamp(0), &kinds).len(), STORY.len());
    }

    #[test]
    fn traffic_has_its_peak_at_the_busy_hour() {
        let service = &SERVICES[0];
        // 1970-01-05 was a Monday.
        let at = |hour: f64| traffic(service, Timestamp(4 * DAY + (hour * HOUR as f64) as i64));
        assert!((at(service.busy_hour) - 1.0).abs() < 1e-9);
        assert!(at(service.busy_hour - 12.0) < 0.2);
    }

    #[test]
    fn a_spike_recovers_and_growth_stays() {
        let minute = |n: i64| Timestamp(n * MINUTE);
        let spike =
            Incident { service: 0, kind: 0, begin: minute(0), end: minute(100), peak: 10.0, curve: Curve::Spike };
        assert!(spike.rate(minute(30)) > 9.9 && spike.rate(minute(99)) < 0.5 && spike.rate(minute(100)) == 0.0);
        let growth = Incident { end: minute(300), curve: Curve::Growth { full: minute(100) }, ..spike };
        assert!(growth.rate(minute(0)) < 0.11 && growth.rate(minute(200)) > 9.9);
    }
}
