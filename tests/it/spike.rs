//! Counts that are older than the first look at them, and counts that fell while nobody looked: neither draws a spike.

use hydrophone::model::exposition::ExposedAggregate;
use hydrophone::model::time::{Millis, Timestamp};
use serde_json::Value;

use crate::harness::{INTERVAL, START, Server, exposed, target};

const HOUR: Millis = Millis::from_seconds(3600);
const DAY: Millis = Millis::from_seconds(86_400);

/// `key` with `total`, counted since `created`, with samples at these times.
fn counted(key: &str, total: u64, created: Timestamp, samples: &[Timestamp]) -> ExposedAggregate {
    let occurrences = samples.iter().flat_map(|at| {
        let mut samples = exposed(key, total, *at).occurrences.unwrap();
        samples[0].uuid = format!("{key}-{}", at.0);
        samples
    });
    let occurrences = Some(occurrences.collect());
    ExposedAggregate { created_at: Some(created), occurrences, ..exposed(key, total, created) }
}

fn counts(series: &Value, which: &str) -> Vec<u64> {
    series[which].as_array().unwrap().iter().map(|count| count.as_u64().unwrap()).collect()
}

async fn range(server: &Server, query: &str) -> Value {
    let answer = server.get(&format!("/api/v1/range?{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

#[tokio::test]
async fn the_first_scrape_of_a_month_old_process_draws_no_spike() {
    let server = Server::start().await;
    let shop = target("shop", "10.0.0.1:80", "1.0");
    server.discover(std::slice::from_ref(&shop));
    // A month ago; the samples are of the last ten hours, one an hour, at half past.
    let created = START.minus(Millis(30 * DAY.0));
    let samples: Vec<Timestamp> = (1..=10).map(|hour| START.minus(Millis(hour * HOUR.0 - HOUR.0 / 2))).collect();
    server.scrape(&shop, &[counted("Old@1", 10_000, created, &samples)]);
    server.clock.advance(INTERVAL);
    server.scrape(&shop, &[counted("Old@1", 10_003, created, &samples)]);
    server.clock.advance(INTERVAL);

    let answer = range(&server, "step=1h&start=now-31d&end=now").await;
    let (total, estimated) = (counts(&answer["total"], "counts"), counts(&answer["total"], "estimated"));
    assert_eq!(answer["total"]["total"], 10_003, "nothing is lost, and nothing is new");
    assert_eq!(answer["total"]["estimated_total"], 9_990, "all but ten samples and three counts that were watched");
    // Thirty days are 720 hours: 9,990 of them spread evenly are 13.875 an hour.
    let share = 9_990.0 / 720.0;
    let first = total.iter().position(|count| *count > 0).unwrap();
    let timestamp = answer["timestamps"][first].as_f64().unwrap();
    assert!((timestamp - created.seconds() as f64).abs() <= 3600.0, "it begins where the process began");
    for (bucket, (count, estimated)) in total.iter().zip(&estimated).enumerate() {
        let placed = count - estimated;
        assert!((*estimated as f64) <= share + 1.0, "bucket {bucket}: {estimated} of {share}");
        let begin = answer["timestamps"][bucket].as_f64().unwrap();
        let inside =
            samples.iter().filter(|at| (begin..begin + 3600.0).contains(&(at.0 as f64 / 1000.0))).count() as u64;
        let watched = if (begin..begin + 3600.0).contains(&(START.seconds() as f64)) { 3 } else { 0 };
        assert_eq!(placed, inside + watched, "bucket {bucket}");
    }
    // Between its ends, no bucket is empty either: that would be a spike downwards.
    let last = total.iter().rposition(|count| *count > 0).unwrap();
    assert!(estimated[first + 1..last - 1].iter().all(|count| *count >= 13), "{estimated:?}");

    // The last minutes, as somebody looks who was woken: three counts, and next to nothing besides.
    let recent = range(&server, "step=15s&start=now-15m&end=now").await;
    let most = counts(&recent["total"], "counts").into_iter().max().unwrap();
    assert!(most <= 3 + 1, "{recent}");

    // The list says when it was seen first.
    let list = server.get("/api/v1/aggregates").await.json();
    assert_eq!(list["aggregates"][0]["first_seen"], created.to_string());
}

#[tokio::test]
async fn a_night_without_the_server_draws_no_spike_and_shows_as_unwatched() {
    let server = Server::start().await;
    let shop = target("shop", "10.0.0.1:80", "1.0");
    server.discover(std::slice::from_ref(&shop));
    let created = START.minus(Millis(1));
    // An hour of one error a scrape; a night of eight hours in which it counts on, a hundred an hour; an hour as before.
    let mut total = 0;
    for _ in 0..240 {
        total += 1;
        server.scrape(&shop, &[counted("Steady@1", total, created, &[])]);
        server.clock.advance(INTERVAL);
    }
    let last_look = server.clock.now().minus(INTERVAL);
    server.clock.advance(Millis(8 * HOUR.0 - INTERVAL.0));
    let found = [Millis(3 * HOUR.0), Millis(3 * HOUR.0 + 1000), Millis(5 * HOUR.0)].map(|after| last_look.plus(after));
    let morning = server.clock.now();
    total += 800;
    server.scrape(&shop, &[counted("Steady@1", total, created, &found)]);
    for _ in 0..240 {
        server.clock.advance(INTERVAL);
        total += 1;
        server.scrape(&shop, &[counted("Steady@1", total, created, &found)]);
    }
    server.clock.advance(INTERVAL);

    let answer = range(&server, &format!("step=10m&start={}&end=now", START.seconds())).await;
    let (all, estimated) = (counts(&answer["total"], "counts"), counts(&answer["total"], "estimated"));
    assert_eq!(
        (&answer["total"]["total"], &answer["total"]["estimated_total"]),
        (&(240 + 800 + 240).into(), &797.into())
    );
    let coverage: Vec<f64> =
        answer["coverage"].as_array().unwrap().iter().map(|share| share.as_f64().unwrap()).collect();
    let (mut blind, share) = (0, 797.0 / 48.0);
    for (bucket, begin) in answer["timestamps"].as_array().unwrap().iter().enumerate() {
        let begin = begin.as_f64().unwrap();
        let (from, to) = (last_look.seconds() as f64, morning.seconds() as f64);
        if begin >= from && begin + 600.0 <= to {
            blind += 1;
            assert!(coverage[bucket].abs() < 1e-9, "bucket {bucket} was not watched: {coverage:?}");
            let placed =
                found.iter().filter(|at| (begin..begin + 600.0).contains(&(at.seconds() as f64))).count() as u64;
            assert_eq!(all[bucket] - estimated[bucket], placed, "bucket {bucket}");
            assert!(
                (estimated[bucket] as f64 - share).abs() <= 1.0,
                "bucket {bucket}: {} of {share}",
                estimated[bucket]
            );
        } else if begin + 600.0 <= from || begin >= to + 600.0 {
            assert_eq!((all[bucket], estimated[bucket]), (40, 0), "bucket {bucket} was watched");
            assert!(coverage[bucket] > 0.95, "bucket {bucket}: {coverage:?}");
        } else {
            // The edges hold a part of both; still no more than an hour's worth of either.
            assert!(all[bucket] <= 40 + 18, "bucket {bucket}: {}", all[bucket]);
        }
    }
    assert!(blind >= 46, "only {blind} buckets were blind");
}
