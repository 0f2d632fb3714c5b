//! What the server says of how its data grows.

use hydrophone::model::time::{Millis, Timestamp};
use hydrophone::store::Limits;
use serde_json::Value;

use crate::harness::{START, Server, Setup, exposed, target};

const STEP: Millis = Millis::from_seconds(600);

/// Days like any other: the same errors every ten minutes, and an hour in which the writer looks around.
fn go_on(server: &Server, hours: i64, count: &mut u64) {
    let web = [target("web", "a:80", "1"), target("web", "b:80", "1")];
    for _ in 0..hours * 6 {
        server.clock.advance(STEP);
        *count += 1;
        for target in &web {
            let keys: Vec<_> = (0..40).map(|key| exposed(&format!("Key{key}@1"), *count, server.clock.now())).collect();
            server.scrape(target, &keys);
        }
    }
}

/// Waits until the writer has looked at what there is after `after`.
async fn growth(server: &Server, after: Timestamp) -> Value {
    for _ in 0..1000 {
        let status = server.get("/api/v1/status").await.json();
        let growth = &status["storage"]["growth"];
        if growth["time"].as_str().is_some_and(|time| Timestamp::parse_rfc3339(time).is_some_and(|time| time >= after))
        {
            return growth.clone();
        }
        // Sealing, and then a survey, are looked for every half a minute.
        server.clock.advance(Millis::from_seconds(31));
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("nothing is known of how the data grows");
}

fn of(growth: &Value, part: &str) -> f64 {
    let parts = growth["parts"].as_array().unwrap();
    parts.iter().find(|one| one["part"] == part).unwrap()["bytes_per_day"].as_f64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_said_how_the_data_grows_and_when_its_limit_is_reached() {
    let sizes = Limits { total: 4 << 20, ..Limits::NONE };
    let server = Server::start_as(Setup { sizes: Some(sizes), ..Setup::default() }).await;
    let mut count = 0;
    go_on(&server, 1, &mut count);
    assert_eq!(server.get("/api/v1/status").await.json()["storage"]["growth"], Value::Null);
    let metrics = server.get_as("/metrics", "text/plain").await.body;
    assert!(!metrics.contains("hydrophone_storage_growth"), "what is not known is not there");
    go_on(&server, 26, &mut count);
    let growth = growth(&server, START.plus(Millis::from_seconds(26 * 3600))).await;
    assert_eq!(growth["limit_bytes"], 4 << 20);
    assert_eq!(growth["since"], "2026-11-20T12:00:00Z", "the first whole window");
    for part in ["counts", "rollups", "samples", "index"] {
        assert!(of(&growth, part) > 0.0, "{growth}");
    }
    let parts = growth["parts"].as_array().unwrap();
    let (bytes, a_day) = parts.iter().fold((0.0, 0.0), |(bytes, a_day), part| {
        (bytes + part["bytes"].as_f64().unwrap(), a_day + part["bytes_per_day"].as_f64().unwrap())
    });
    // Nothing is too old before: a month is kept.
    let days = ((4u64 << 20) as f64 * 0.96 - bytes) / a_day;
    let time = |name: &str| Timestamp::parse_rfc3339(growth[name].as_str().unwrap()).unwrap();
    assert!((3.0..29.0).contains(&days), "{days} days");
    let told = time("limit_reached_at").since(time("time")).as_seconds() / 86_400.0;
    assert!((told / days - 1.0).abs() < 0.02, "{told} and {days} days");
    let metrics = server.get_as("/metrics", "text/plain").await.body;
    let shown =
        |name: &str| -> Option<f64> { metrics.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok()) };
    let a_second = shown(r#"hydrophone_storage_growth_bytes_per_second{part="samples"}"#).unwrap();
    assert!((a_second * 86_400.0 / of(&growth, "samples") - 1.0).abs() < 1e-6);
    for (name, at) in [("limit_reached", "limit_reached_at"), ("disk_full", "disk_full_at")] {
        let seconds = shown(&format!("hydrophone_storage_{name}_timestamp_seconds"));
        let told = growth[at].as_str().map(|text| Timestamp::parse_rfc3339(text).unwrap().0 as f64 / 1000.0);
        assert_eq!(seconds.map(f64::round), told.map(f64::round), "{name}");
    }
    assert!(growth["free_bytes"].as_u64().is_some_and(|free| free > 0));
    server.stop().await;
}
