//! Clocks that are set, forwards and back, while the writer runs.

use super::mute::Server;
use crate::model::series::{Buckets, Count};
use crate::model::time::{Millis, TimeRange, Timestamp};
use crate::store::{Hit, Scan, Split};

const BEGIN: Timestamp = Timestamp(1_790_000_000_000);
const HOUR: Millis = Millis::from_seconds(3600);
const DAY: Millis = Millis::from_seconds(86_400);

/// What is counted in all windows that are kept.
fn counted(server: &Server) -> u64 {
    let mut sum = Count::default();
    let view = server.store.view().unwrap();
    let buckets = Buckets::whole(TimeRange { start: BEGIN.minus(DAY), end: BEGIN.plus(Millis(DAY.0 * 100)) });
    let request = Scan { aggregates: None, targets: None, split: Split::Service, buckets };
    view.scan(&request, &mut |hit: Hit| sum.add(hit.count)).unwrap();
    sum.total
}

#[test]
fn a_clock_that_is_set_weeks_ahead_and_back_again_costs_nothing_that_is_kept() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::keeping(Millis(DAY.0 * 30), directory.path(), BEGIN);
    server.scrape(3);
    server.clock.advance(Millis(HOUR.0 * 6));
    server.scrape(5);
    server.settle();
    let sealed = server.store.view().unwrap().statistics().sealed_until;
    assert!(sealed > BEGIN);
    server.clock.set(Millis(DAY.0 * 40));
    server.settle();
    // The process is the one that it was: nothing of it counts again.
    server.scrape(6);
    server.clock.advance(Millis(HOUR.0 / 2));
    server.settle();
    assert_eq!(counted(&server), 6);
    server.clock.set(Millis(-DAY.0 * 40));
    server.settle();
    server.scrape(8);
    assert_eq!(server.store.view().unwrap().statistics().sealed_until, sealed, "what comes now finds its window open");
    // From then on all goes on as ever.
    server.clock.advance(Millis(HOUR.0 * 6));
    server.scrape(9);
    server.settle();
    assert_eq!(counted(&server), 9);
    assert!(server.store.view().unwrap().statistics().sealed_until > sealed);
    server.stop();
}

#[test]
fn a_clock_that_is_set_back_keeps_nothing_from_being_forgotten() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::keeping(Millis(DAY.0 * 30), directory.path(), BEGIN);
    server.scrape(3);
    server.clock.advance(Millis(DAY.0 * 20));
    server.scrape(5);
    server.settle();
    server.clock.set(Millis(-HOUR.0 * 5));
    server.keep(Millis(DAY.0 * 10));
    server.settle();
    assert_eq!(counted(&server), 5);
    server.clock.advance(HOUR);
    server.settle();
    assert_eq!(counted(&server), 2);
    server.stop();
}

#[test]
fn a_target_outlives_a_clock_that_is_set_forwards() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::keeping(Millis(DAY.0 * 30), directory.path(), BEGIN);
    server.scrape(3);
    server.clock.set(Millis(DAY.0 * 2));
    server.settle();
    assert!(server.store.view().unwrap().targets()[0].health.active);
    // Only one that is not scraped any more does not.
    server.clock.advance(DAY);
    server.settle();
    assert!(!server.store.view().unwrap().targets()[0].health.active);
    server.stop();
}
