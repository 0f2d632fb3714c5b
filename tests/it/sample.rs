//! Samples as they come back: byte for byte whatever is in them, cut where it can be seen, and each once however often and
//! wherever it is exposed.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::exposer::{Exposer, config};
use crate::process::{Place, Process};

const LIST: &str = "/api/v1/aggregates?all=true&start=now-30d";

fn sample(uuid: Option<&str>, second: u32, message: &str) -> Value {
    json!({
        "uuid": uuid,
        "timestamp": format!("2026-11-20T10:00:{second:02}Z"),
        "severity": "error",
        "error": { "class": "E", "message": message, "stacktrace": ["at f"], "cause": null },
        "http_context": null,
    })
}

fn exposing(process: &str, aggregates: &[(&str, u64, Vec<Value>)]) -> String {
    let aggregates: Vec<Value> = aggregates
        .iter()
        .map(|(key, count, samples)| {
            json!({ "aggregation_key": key, "total_count": count, "severity": "error",
                "created_at": "2026-11-20T09:00:00Z", "latest_errors": samples })
        })
        .collect();
    json!({ "target_uuid": process, "aggregated_errors": aggregates }).to_string()
}

/// All samples of all errors, as (key, occurrence).
async fn stored(server: &Process) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for error in server.json(LIST).await["aggregates"].as_array().unwrap() {
        let id = error["id"].as_str().map_or_else(|| error["id"].to_string(), str::to_owned);
        let found = server.json(&format!("/api/v1/aggregates/{id}/occurrences?limit=100")).await;
        let key = error["aggregation_key"].as_str().unwrap();
        all.extend(found["occurrences"].as_array().unwrap().iter().map(|one| (key.to_owned(), one.clone())));
    }
    all
}

async fn counted(server: &Process, total: u64) {
    let sum = |answer: &Value| {
        answer["aggregates"].as_array().unwrap().iter().map(|one| one["total_count"].as_u64().unwrap()).sum::<u64>()
    };
    server.until(LIST, 30, |answer| sum(answer) == total).await;
}

#[tokio::test]
async fn whatever_is_in_a_sample_comes_back_byte_for_byte() {
    let html = "<script>alert(\"x\")</script><b onclick='y()'>&amp;</b>\u{2028}\t\r\n\\ \"quoted\" </pre>";
    let words = "naïve Ünïcödé 日本語のエラー Ошибка соединения खाता שגיאה 👩‍👩‍👧‍👦🇩🇪🙂 e\u{301} \u{202e}right-to-left\u{202c} \u{7f}\u{1}";
    let large: String = (0..200_000).fold(String::new(), |mut text, n| {
        write!(text, "{n} 🙂ü ").unwrap();
        text
    });
    assert!(large.len() > 1 << 20);
    let frames = ["at ñandú.méthode(Файл.java:1)", "  <html>&</html>", "", "at 関数 (🙂.py:3)"];
    let mut error = json!({
        "class": "Fehler<Größe>", "message": format!("{html}{words}"), "stacktrace": frames, "cause": {
            "class": "java.net.Zeitüberschreitung", "message": words, "stacktrace": frames, "cause": {
                "class": "<i>", "message": html, "stacktrace": null, "cause": null } } });
    let http = json!({
        "request_method": "POST", "request_url": format!("https://münchen.example/ä?q={words}"),
        "request_headers": { "X-Ünï": words, "User-Agent": html }, "request_body": format!("{html}{words}") });
    let whole = json!({ "uuid": "größe-🙂", "timestamp": "2026-11-20T10:00:00.123Z", "severity": "warning",
        "error": error, "http_context": http });
    error["message"] = json!(large);
    error["cause"]["message"] = json!(large);
    let cut = json!({ "uuid": "cut", "timestamp": "2026-11-20T10:00:01Z", "severity": "error", "error": error,
        "http_context": { "request_method": "GET", "request_url": large, "request_headers": { "a": large }, "request_body": large } });
    let exposer = Exposer::start(&exposing("p", &[("Whole@1", 1, vec![whole.clone()]), ("Cut@1", 1, vec![cut])])).await;
    let place = Place::new(&config(&[&exposer], ""));
    let mut server = place.start();
    server.ready().await;
    counted(&server, 2).await;
    for life in 0..2 {
        let all = stored(&server).await;
        assert_eq!(all.len(), 2);
        let of = |key: &str| all.iter().find(|(have, _)| have == key).unwrap().1.clone();
        let found = of("Whole@1");
        let expect = &whole["error"];
        assert_eq!([&found["uuid"], &found["severity"]], [&whole["uuid"], &whole["severity"]]);
        assert_eq!(found["timestamp"], "2026-11-20T10:00:00.123Z");
        assert_eq!([&found["class"], &found["message"]], [&expect["class"], &expect["message"]]);
        assert_eq!(found["stacktrace"], expect["stacktrace"]);
        let causes = [&expect["cause"], &expect["cause"]["cause"]];
        for (found, expect) in found["causes"].as_array().unwrap().iter().zip(causes) {
            for field in ["class", "message", "stacktrace"] {
                assert_eq!(found[field], expect[field], "{field}");
            }
        }
        assert_eq!(found["causes"].as_array().unwrap().len(), 2);
        assert_eq!(found["http"]["url"], whole["http_context"]["request_url"]);
        assert_eq!(found["http"]["body"], whole["http_context"]["request_body"]);
        assert_eq!(found["http"]["headers"], whole["http_context"]["request_headers"]);
        let found = of("Cut@1");
        let texts = [
            (&found["message"], 16 << 10),
            (&found["causes"][0]["message"], 16 << 10),
            (&found["http"]["url"], 8 << 10),
            (&found["http"]["headers"]["a"], (8 << 10) - 1),
            (&found["http"]["body"], 64 << 10),
        ];
        for (text, limit) in texts {
            let text = text.as_str().unwrap();
            let head = text
                .strip_suffix("… [cut]")
                .unwrap_or_else(|| panic!("not cut visibly: {:?}", &text[text.len() - 40..]));
            assert!(large.starts_with(head), "what is left is as it was");
            assert!(text.len() <= limit && text.len() > limit - 8, "{} of {limit}", text.len());
        }
        if life == 0 {
            server.kill();
            server = place.start();
            server.ready().await;
        }
    }
}

#[tokio::test]
async fn a_sample_is_stored_once_however_often_it_is_exposed() {
    let body = |count: u64| {
        let mut samples: Vec<Value> = vec![
            sample(Some("5e7c3f66-c5f5-41f0-8de9-0242ac120002"), 1, "with a uuid"),
            sample(Some("again"), 2, "one"),
            // A client that repeats a uuid for another exception.
            sample(Some("again"), 2, "another"),
            sample(None, 3, "without a uuid"),
            sample(Some(""), 4, "with an empty one"),
            // Twice in one exposition.
            sample(None, 3, "without a uuid"),
        ];
        for more in 1..count {
            samples.push(sample(None, 10 + more as u32, "newer"));
        }
        exposing("p", &[("E@1", count, samples)])
    };
    let exposer = Exposer::start(&body(1)).await;
    let place = Place::new(&config(&[&exposer], ""));
    let mut server = place.start();
    server.ready().await;
    counted(&server, 1).await;
    assert_eq!(stored(&server).await.len(), 5);
    for count in 2..6 {
        // Read again while it runs, after SIGKILL, and after a stop.
        exposer.expose(&body(count));
        counted(&server, count).await;
        if count % 2 == 0 {
            server.kill();
        } else {
            server.signal("TERM");
            server.wait(30).await;
        }
        server = place.start();
        server.ready().await;
        server.until("/api/v1/targets", 30, |answer| answer["targets"][0]["health"] == "up").await;
        let found = stored(&server).await;
        assert_eq!(found.len() as u64, 5 + count - 1, "{found:?}");
    }
}

#[tokio::test]
async fn a_sample_with_a_uuid_is_stored_once_wherever_it_is_exposed() {
    let body = |process: &str, count: u64| {
        let samples = vec![
            sample(Some("5e7c3f66-c5f5-41f0-8de9-0242ac120002"), 1, "m"),
            sample(None, 2, "m"),
            sample(Some(process), 3, "m"),
        ];
        exposing(process, &[("E@1", count, samples)])
    };
    let targets = [
        Exposer::start(&body("p0", 1)).await,
        Exposer::start(&body("p1", 1)).await,
        Exposer::start(&body("p2", 1)).await,
    ];
    let addresses: Vec<String> = targets.iter().map(|target| format!("'{}'", target.address)).collect();
    let place = Place::new(&format!(
        "global: {{scrape_interval: 100ms}}\nservices:\n  - name: s\n    static_configs: [{{targets: [{}]}}]\n",
        addresses.join(", ")
    ));
    let mut server = place.start();
    server.ready().await;
    counted(&server, 3).await;
    for count in 2..5 {
        let found = stored(&server).await;
        let uuids: BTreeSet<&str> = found.iter().filter_map(|(_, one)| one["uuid"].as_str()).collect();
        assert_eq!(uuids, BTreeSet::from(["", "5e7c3f66-c5f5-41f0-8de9-0242ac120002", "p0", "p1", "p2"]));
        // Nothing tells samples without a uuid of two processes to be one.
        assert_eq!(found.len(), 1 + 3 + 3, "{found:?}");
        server.kill();
        // What they know is on disk: they go on exposing it, and count more.
        for (number, target) in targets.iter().enumerate() {
            target.expose(&body(&format!("p{number}"), count));
        }
        server = place.start();
        server.ready().await;
        counted(&server, 3 * count).await;
    }
}
