//! Searching samples over HTTP: what is found, where, how often, and what it does to lists and charts.

use std::sync::Arc;

use hydrophone::model::exposition::ExposedAggregate;
use hydrophone::model::occurrence::{Cause, Exception, HttpContext, Occurrence, Stack};
use hydrophone::model::severity::Severity;
use hydrophone::model::time::{Millis, Timestamp};
use serde_json::{Value, json};

use crate::harness::{INTERVAL, Server, target};

fn sample(uuid: &str, at: Timestamp, message: &str, frame: &str) -> Occurrence {
    let stack = Some(Arc::new(Stack { frames: vec!["main.run(Main.java:1)".to_owned(), frame.to_owned()] }));
    let cause = Cause { class: "SocketException".to_owned(), message: "broken pipe".to_owned(), stack: None };
    Occurrence {
        uuid: uuid.to_owned(),
        timestamp: Some(at),
        severity: Severity::Error,
        exception: Exception {
            class: "java.io.IOException".to_owned(),
            message: message.to_owned(),
            stack,
            causes: vec![cause],
        },
        http: Some(HttpContext {
            method: "POST".to_owned(),
            url: format!("https://shop/cart/{uuid}?q='x'"),
            headers: Some(vec![("Authorization".to_owned(), "[redacted]".to_owned())]),
            body: Some("a=1".to_owned()),
        }),
    }
}

fn exposed(key: &str, total_count: u64, samples: Vec<Occurrence>) -> ExposedAggregate {
    ExposedAggregate {
        key: key.to_owned(),
        total_count,
        severity: Severity::Error,
        created_at: samples.first().and_then(|sample| sample.timestamp),
        occurrences: Some(samples),
        ..ExposedAggregate::default()
    }
}

async fn ok(server: &Server, path: &str) -> Value {
    let answer = server.get(path).await;
    assert_eq!((answer.status, answer.content_type.as_str()), (200, "application/json"), "{path}: {}", answer.body);
    answer.json()
}

/// Waits until so many samples can be found.
async fn indexed(server: &Server, samples: u64) {
    while ok(server, "/api/v1/status").await["search"]["occurrences"] != samples {
        tokio::task::yield_now().await;
    }
}

/// Two services: checkout with two errors at two targets, billing with one; six samples, a minute apart.
async fn shop() -> Server {
    let server = Server::start().await;
    let (one, two) = (target("checkout", "10.0.0.1:80", "1.0"), target("checkout", "10.0.0.2:80", "2.0"));
    let other = target("billing", "10.0.0.3:80", "1.0");
    server.discover(&[one.clone(), two.clone(), other.clone()]);
    server.clock.advance(INTERVAL);
    let ago = |minutes: i64| server.clock.now().minus(Millis(minutes * 60_000));
    let pool = "com.zaxxer.HikariPool.getConnection(HikariPool.java:7)";
    server.scrape(
        &one,
        &[
            exposed(
                "Io@1",
                30,
                vec![
                    sample("a", ago(6), "connection refused", pool),
                    sample("b", ago(5), "connection reset", "x.Y.z()"),
                ],
            ),
            exposed("Io@2", 7, vec![sample("c", ago(4), "<img src=x onerror=alert(1)> timed out", "x.Y.z()")]),
        ],
    );
    server.scrape(&two, &[exposed("Io@1", 100, vec![sample("d", ago(3), "connection refused again", "x.Y.z()")])]);
    server.scrape(
        &other,
        &[exposed("Io@9", 5, vec![sample("e", ago(2), "refused", pool), sample("f", ago(1), "größer", "x.Y.z()")])],
    );
    server.clock.advance(INTERVAL);
    indexed(&server, 6).await;
    server
}

fn ids_of(answer: &Value) -> Vec<String> {
    let hits = answer["occurrences"].as_array().unwrap();
    hits.iter().map(|hit| hit["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn samples_are_found_newest_first_and_page_by_page() {
    let server = shop().await;
    let all = ok(&server, "/api/v1/occurrences").await;
    let ids = ids_of(&all);
    assert_eq!(
        (ids.len(), &all["counted"], &all["summary"], &all["next_cursor"]),
        (6, &json!("samples"), &Value::Null, &Value::Null)
    );
    assert_eq!(all["indexed"], json!({"complete": true, "ratio": 1.0}));
    let times: Vec<&str> =
        all["occurrences"].as_array().unwrap().iter().map(|hit| hit["time"].as_str().unwrap()).collect();
    assert!(times.is_sorted_by(|newer, older| newer > older), "{times:?}");
    let (mut path, mut paged) = ("/api/v1/occurrences?limit=2".to_owned(), Vec::new());
    loop {
        let page = ok(&server, &path).await;
        paged.extend(ids_of(&page));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/api/v1/occurrences?limit=2&cursor={cursor}");
    }
    assert_eq!(paged, ids);
    for (query, places) in [
        ("connection", vec![1, 2, 4, 5]),
        ("connection%20-reset", vec![1, 2, 5]),
        ("%22connection%20refused%22%20service:checkout", vec![2, 5]),
        ("stack:HikariPool", vec![1, 5]),
        ("hikari*%20OR%20gr%C3%B6%C3%9Fer", vec![0, 1, 5]),
        ("target.version:2.0%20OR%20reset", vec![2, 4]),
        ("class:*ioexception%20url:cart%20method:post%20broken", vec![0, 1, 2, 3, 4, 5]),
        ("nothing-like-it", vec![]),
        ("-has:cause", vec![]),
        ("count:%3E50", vec![2, 4, 5]),
    ] {
        let found = ids_of(&ok(&server, &format!("/api/v1/occurrences?q={query}")).await);
        let expected: Vec<String> = places.iter().map(|place| ids[*place].clone()).collect();
        assert_eq!(found, expected, "{query}");
    }
    let range = ok(&server, "/api/v1/occurrences?start=now-3m15s&end=now-1m16s").await;
    assert_eq!(ids_of(&range).len(), 2, "{range}");
}

#[tokio::test]
async fn what_was_found_is_marked_and_never_markup() {
    let server = shop().await;
    let found = ok(&server, "/api/v1/occurrences?q=timed%20onerror").await;
    let hit = &found["occurrences"][0];
    assert_eq!(
        (&hit["class"], &hit["service"], &hit["target"]["version"]),
        (&json!("java.io.IOException"), &json!("checkout"), &json!("1.0"))
    );
    let message = &hit["snippets"][1];
    assert_eq!(
        message,
        &json!({"field": "message", "cut_before": false, "cut_after": false, "parts": [
            {"text": "<img src=x ", "marked": false}, {"text": "onerror", "marked": true},
            {"text": "=alert(1)> ", "marked": false}, {"text": "timed", "marked": true}, {"text": " out", "marked": false},
        ]})
    );
    let stack = ok(&server, "/api/v1/occurrences?q=stack:getConnection%20service:billing").await;
    assert_eq!(stack["occurrences"][0]["snippets"][2]["field"], "stack");
    assert_eq!(stack["occurrences"][0]["snippets"][2]["parts"][1], json!({"text": "getConnection", "marked": true}));
    let csv = server.get_as("/api/v1/occurrences?q=timed", "text/csv").await;
    assert!(csv.body.starts_with("id,aggregate,service,time,severity,class,message,target\r\n"), "{}", csv.body);
}

#[tokio::test]
async fn facets_buckets_and_errors_add_up_to_the_matches() {
    let server = shop().await;
    let path = "/api/v1/occurrences?q=connection%20OR%20refused&limit=1&buckets=10&aggregates=5&facets=service,class,severity,target.version";
    for start in ["", "&start=now-1h"] {
        let answer = ok(&server, &format!("{path}{start}")).await;
        let summary = &answer["summary"];
        assert_eq!((&summary["total"], &summary["aggregates_total"]), (&json!(4), &json!(2)), "{answer}");
        let counts = summary["over_time"]["counts"].as_array().unwrap();
        assert!(counts.len() <= 10);
        assert_eq!(counts.iter().map(|count| count.as_u64().unwrap()).sum::<u64>(), 4);
        let most = &summary["aggregates"][0];
        assert_eq!((&most["count"], &most["service"]), (&json!(3), &json!("checkout")));
        assert_eq!(most["aggregation_key"], "Io@1");
        let facets = summary["facets"].as_array().unwrap();
        let values = |index: usize| facets[index]["values"].clone();
        assert_eq!(values(0), json!([{"value": "checkout", "count": 3}, {"value": "billing", "count": 1}]));
        assert_eq!(values(1), json!([{"value": "java.io.IOException", "count": 4}]));
        assert_eq!(values(2), json!([{"value": "error", "count": 4}]));
        assert_eq!(values(3), json!([{"value": "1.0", "count": 3}, {"value": "2.0", "count": 1}]));
    }
}

#[tokio::test]
async fn a_search_that_is_wrong_says_where() {
    let server = shop().await;
    for (path, param, position, says) in [
        ("q=servce:x", "q", json!(0), "did you mean \"service\"?"),
        ("q=a%20service:chekout", "q", json!(10), "there is no service \"chekout\""),
        ("facets=service,clas", "facets", Value::Null, "there is no facet \"clas\"; did you mean \"class\"?"),
        ("facets=target.vers", "facets", Value::Null, "no target has a label \"vers\""),
        ("cursor=x", "cursor", Value::Null, "is no cursor"),
        ("cursor=1.2-3-4-5", "cursor", Value::Null, "is no cursor"),
        ("limit=101", "limit", Value::Null, "whole number from 0 to 100"),
        ("start=now&end=now-1h", "end", Value::Null, "is not after start"),
    ] {
        let answer = server.get(&format!("/api/v1/occurrences?{path}")).await;
        let problem = answer.json();
        assert_eq!((answer.status, &problem["param"]), (400, &json!(param)), "{path}");
        assert_eq!(problem.get("position").cloned().unwrap_or_default(), position, "{path}");
        assert!(problem["detail"].as_str().unwrap().contains(says), "{path}: {problem}");
    }
}

#[tokio::test]
async fn text_in_a_query_chooses_errors_of_which_all_events_are_counted() {
    let server = shop().await;
    for (query, total, counted) in [
        ("stack:HikariPool", 135, "errors"),
        ("stack:HikariPool%20service:checkout", 130, "errors"),
        ("reset%20target.version:1.0", 30, "errors"),
        ("again%20target.version:1.0", 30, "errors"),
        ("service:checkout%20OR%20stack:HikariPool", 142, "errors"),
        ("service:checkout", 137, "events"),
        ("class:*IOException", 142, "events"),
    ] {
        for path in ["aggregates?", "top?", "range?by=service&"] {
            let answer = ok(&server, &format!("/api/v1/{path}q={query}")).await;
            assert_eq!(answer["counted"], counted, "{path}{query}");
            assert_eq!(
                answer["indexed"]["complete"],
                if counted == "errors" { json!(true) } else { Value::Null },
                "{query}"
            );
            let found = match answer["aggregates"].as_array() {
                Some(list) => list.iter().map(|one| one["count"].as_u64().unwrap()).sum(),
                None if path == "top?" => answer["total"].as_u64().unwrap(),
                None => answer["total"]["total"].as_u64().unwrap(),
            };
            assert_eq!(found, total, "{path}{query}");
        }
    }
}

#[tokio::test]
async fn one_sample_has_its_neighbours_a_ticket_and_a_command() {
    let server = shop().await;
    let found = ok(&server, "/api/v1/occurrences?q=reset").await;
    let id = found["occurrences"][0]["id"].as_str().unwrap().to_owned();
    let one = ok(&server, &format!("/api/v1/occurrences/{id}")).await;
    assert_eq!((&one["id"], &one["message"]), (&json!(id), &json!("connection reset")));
    let error = ok(&server, &format!("/api/v1/aggregates/{}", one["aggregate"])).await;
    assert_eq!(one["aggregation_key"], error["aggregation_key"]);
    let first = one["first"].as_str().unwrap();
    assert_eq!((one["previous"].as_str(), one["next"].is_string()), (Some(first), true));
    assert_eq!(ok(&server, &format!("/api/v1/occurrences/{first}")).await["previous"], Value::Null);
    assert_eq!(
        one["http"]["curl"],
        "curl --globoff --request 'POST' --url 'https://shop/cart/b?q='\\''x'\\''' \\\n  --header 'Authorization: [redacted]' \\\n  --data-raw 'a=1'"
    );
    let path = format!("/api/v1/occurrences/{id}");
    let ticket = server.get_as(&path, "text/markdown").await;
    assert_eq!((ticket.status, ticket.content_type.as_str()), (200, "text/markdown; charset=utf-8"));
    assert!(ticket.body.starts_with("## `java.io.IOException`\n\n```\nconnection reset\n```\n"), "{}", ticket.body);
    assert!(
        ticket.body.contains("### Caused by `SocketException`") && ticket.body.contains("```sh\ncurl "),
        "{}",
        ticket.body
    );
    assert_eq!(server.get(&format!("{path}?format=markdown")).await.body, ticket.body);
    assert_eq!(server.get(&format!("{path}?format=html")).await.status, 400);
}
