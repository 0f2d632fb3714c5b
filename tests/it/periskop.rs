//! Periskop's API: its bytes, its paths, and where it is meant to differ.

use std::sync::Arc;

use hydrophone::model::exposition::ExposedAggregate;
use hydrophone::model::occurrence::{Cause, Exception, HttpContext, Occurrence, Stack};
use hydrophone::model::severity::Severity;
use hydrophone::model::time::{Millis, Timestamp};
use serde_json::Value;

use crate::harness::{INTERVAL, START, Server, target};
use crate::raw::send;

const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";

fn sample(uuid: &str, timestamp: Option<Timestamp>, message: &str) -> Occurrence {
    Occurrence {
        uuid: uuid.to_owned(),
        timestamp,
        severity: Severity::Error,
        exception: Exception {
            class: "Class".to_owned(),
            message: message.to_owned(),
            stack: None,
            causes: Vec::new(),
        },
        http: None,
    }
}

fn exposed(key: &str, total_count: u64, samples: Vec<Occurrence>) -> ExposedAggregate {
    ExposedAggregate {
        key: key.to_owned(),
        total_count,
        severity: Severity::Error,
        created_at: Some(START),
        occurrences: Some(samples),
        ..ExposedAggregate::default()
    }
}

/// One service, `shop`, whose only target exposed each of `keys` once, with one sample.
async fn shop(keys: &[&str]) -> Server {
    let server = Server::start().await;
    let target = target("shop", "10.0.0.1:80", "1.0");
    server.discover(&[Arc::clone(&target)]);
    server.clock.advance(INTERVAL);
    let now = server.clock.now();
    let aggregates: Vec<_> = keys.iter().map(|key| exposed(key, 1, vec![sample("u", Some(now), "m")])).collect();
    server.scrape(&target, &aggregates);
    server
}

async fn keys(server: &Server) -> Vec<String> {
    let answer = send(server.address(), "GET /services/shop/errors/", &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let json: Value = serde_json::from_str(answer.text()).unwrap();
    let key = |error: &Value| error["aggregation_key"].as_str().unwrap().to_owned();
    json.as_array().unwrap().iter().map(key).collect()
}

#[tokio::test]
async fn an_empty_server_has_no_services_and_no_targets() {
    let server = Server::start().await;
    assert_eq!(send(server.address(), "GET /services/", &[]).await.parts(), (200, JSON, "[]\n"));
    assert_eq!(send(server.address(), "GET /targets/", &[]).await.parts(), (200, JSON, "{}\n"));
}

#[tokio::test]
async fn services_and_targets_are_listed_by_name() {
    let server = Server::start().await;
    let mut secure = (*target("shop", "10.0.0.2:443", "1.0")).clone();
    secure.url = "https://10.0.0.2:443/errors?format=json".to_owned();
    server.discover(&[target("shop", "10.0.0.1:80", "1.0"), Arc::new(secure), target("cart", "10.0.0.3:80", "1.0")]);
    server.configure("services: [{name: shop}, {name: <idle>}]");
    assert_eq!(
        send(server.address(), "GET /targets/", &[]).await.parts(),
        (
            200,
            JSON,
            "{\"cart\":[{\"endpoint\":\"10.0.0.3:80/-/exceptions\"}],\"shop\":[{\"endpoint\":\"10.0.0.1:80/-/exceptions\"},\
             {\"endpoint\":\"10.0.0.2:443/errors\"}]}\n"
        )
    );
    let services = send(server.address(), "GET /services/", &[]).await;
    assert_eq!(services.parts(), (200, JSON, "[\"\\u003cidle\\u003e\",\"shop\"]\n"));
}

#[tokio::test]
async fn errors_are_answered_byte_for_byte() {
    let server = Server::start().await;
    let target = target("shop", "10.0.0.1:80", "1.0");
    server.clock.advance(INTERVAL);
    let now = server.clock.now();
    let mut rich = sample("u-1", Some(now.minus(Millis(500))), "<b> & \u{2028}");
    rich.exception.stack = Some(Arc::new(Stack { frames: vec!["a".to_owned(), "b".to_owned()] }));
    rich.exception.causes = vec![Cause { class: "Cause".to_owned(), message: "c".to_owned(), stack: None }];
    rich.http = Some(HttpContext {
        method: "GET".to_owned(),
        url: "http://shop/?a=1&b".to_owned(),
        headers: Some(vec![("b".to_owned(), "2".to_owned()), ("a".to_owned(), "1".to_owned())]),
        body: None,
    });
    let older = sample("u-0", Some(now.minus(Millis(9_000))), "m");
    server.scrape(&target, &[exposed("Class@1", 7, vec![older, rich])]);
    let expect = concat!(
        r#"[{"aggregation_key":"Class@1","total_count":7,"severity":"error","latest_errors":["#,
        r#"{"error":{"class":"Class","message":"\u003cb\u003e \u0026 \u2028","stacktrace":["a","b"],"#,
        r#""cause":{"class":"Cause","message":"c","stacktrace":null,"cause":null}},"uuid":"u-1","timestamp":1795168814,"#,
        r#""severity":"error","http_context":{"request_method":"GET","request_url":"http://shop/?a=1\u0026b","#,
        r#""request_headers":{"a":"1","b":"2"},"request_body":""}},"#,
        r#"{"error":{"class":"Class","message":"m","stacktrace":null,"cause":null},"uuid":"u-0","timestamp":1795168806,"#,
        r#""severity":"error","http_context":null}],"created_at":1795168800}]"#,
        "\n"
    );
    assert_eq!(send(server.address(), "GET /services/shop/errors/", &[]).await.parts(), (200, JSON, expect));
}

#[tokio::test]
async fn an_unknown_service_is_one_line_of_text() {
    let server = shop(&["Class@1"]).await;
    let answer = send(server.address(), "GET /services/no%20body/errors/", &[]).await;
    assert_eq!(answer.parts(), (404, TEXT, "service no body not found\n"));
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
}

#[tokio::test]
async fn a_configured_service_without_errors_is_an_empty_list() {
    let server = Server::start().await;
    server.configure("services: [{name: shop}]");
    assert_eq!(send(server.address(), "GET /services/shop/errors/", &[]).await.parts(), (200, JSON, "[]\n"));
    let answer = send(server.address(), "DELETE /services/shop/errors/Class@1/", &[]).await;
    assert_eq!((answer.status, answer.text()), (204, ""));
}

#[tokio::test]
async fn a_path_without_its_slash_is_not_found() {
    let server = shop(&["Class@1"]).await;
    for line in [
        "GET /services",
        "GET /services/shop",
        "GET /services/shop/errors",
        "GET /targets",
        "DELETE /services/shop/errors/Class@1",
        "DELETE /services/nobody/errors/Class@1/",
    ] {
        let answer = send(server.address(), line, &[]).await;
        assert_eq!(answer.parts(), (404, TEXT, "404 page not found\n"), "{line}");
    }
    assert_eq!(keys(&server).await, ["Class@1"]);
}

#[tokio::test]
async fn a_resolved_error_vanishes_and_stays_away_until_it_happens_again() {
    let server = shop(&["Class@1", "Class@2"]).await;
    let answer = send(server.address(), "DELETE /services/shop/errors/Class@1/", &[]).await;
    assert_eq!((answer.status, answer.text()), (204, ""));
    assert_eq!(keys(&server).await, ["Class@2"]);

    // It is still exposed, with the count that it had.
    let target = target("shop", "10.0.0.1:80", "1.0");
    server.clock.advance(INTERVAL);
    server.scrape(&target, &[exposed("Class@1", 1, Vec::new())]);
    assert_eq!(keys(&server).await, ["Class@2"]);

    server.clock.advance(INTERVAL);
    server.scrape(&target, &[exposed("Class@1", 2, Vec::new())]);
    assert_eq!(keys(&server).await, ["Class@1", "Class@2"]);
}

#[tokio::test]
async fn keys_are_taken_encoded_or_raw() {
    for (key, path) in [
        ("java.lang.Foo@1a2b", "java.lang.Foo@1a2b"),
        ("java.lang.Foo@1a2b", "java.lang.Foo%401a2b"),
        ("a/b//c@1", "a/b//c@1"),
        ("a/b//c@1", "a%2Fb%2F%2Fc%401"),
        ("with space & é@1", "with%20space%20&%20%C3%A9@1"),
        ("100%@1", "100%@1"),
        ("100%41@1", "100%41@1"),
        ("what?@1", "what?@1"),
        ("errors/@1", "errors/@1"),
    ] {
        let server = shop(&[key]).await;
        let answer = send(server.address(), &format!("DELETE /services/shop/errors/{path}/"), &[]).await;
        assert_eq!(answer.status, 204, "{key} as {path}");
        assert!(keys(&server).await.is_empty(), "{key} as {path}");
    }
}

#[tokio::test]
async fn a_preflight_request_resolves_nothing_and_other_methods_are_refused() {
    let server = shop(&["Class@1"]).await;
    let path = "/services/shop/errors/Class@1/";
    let origin = ["Origin: http://localhost:3000"];
    let answer = send(server.address(), &format!("OPTIONS {path}"), &origin).await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), "http://localhost:3000");
    assert_eq!(answer.header("access-control-allow-methods"), "GET, POST, PUT, DELETE");
    let answer = send(server.address(), &format!("PUT {path}"), &["Content-Length: 0"]).await;
    assert_eq!((answer.status, answer.header("allow")), (405, "DELETE, OPTIONS"));
    assert_eq!(keys(&server).await, ["Class@1"]);
}

#[tokio::test]
async fn only_pages_on_localhost_may_ask_across_origins() {
    let server = shop(&["Class@1"]).await;
    for (origin, allowed) in [
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://localhost.evil.example:80", ""),
        ("https://localhost:3000", ""),
        ("http://example.org", ""),
    ] {
        let header = format!("Origin: {origin}");
        for path in ["/services/", "/services/shop/errors/", "/targets/"] {
            let answer = send(server.address(), &format!("GET {path}"), &[&header]).await;
            assert_eq!(answer.header("access-control-allow-origin"), allowed, "{origin} {path}");
        }
    }
}

#[tokio::test]
async fn errors_seen_last_come_first_and_samples_too() {
    let server = shop(&["Old@1", "New@2"]).await;
    let target = target("shop", "10.0.0.1:80", "1.0");
    for round in 0..3 {
        server.clock.advance(INTERVAL);
        let now = server.clock.now();
        server.scrape(&target, &[exposed("New@2", 2 + round, vec![sample(&format!("r{round}"), Some(now), "m")])]);
    }
    assert_eq!(keys(&server).await, ["New@2", "Old@1"]);
    let answer = send(server.address(), "GET /services/shop/errors/", &[]).await;
    let json: Value = serde_json::from_str(answer.text()).unwrap();
    let samples = json[0]["latest_errors"].as_array().unwrap();
    let uuids: Vec<_> = samples.iter().map(|sample| sample["uuid"].as_str().unwrap()).collect();
    assert_eq!(uuids, ["r2", "r1", "r0", "u"]);
}

/// What Backstage's plugin reads of each error, and breaks without.
#[tokio::test]
async fn backstage_finds_what_it_needs_in_every_error() {
    let server = shop(&["Sampled@1"]).await;
    let target = target("shop", "10.0.0.2:80", "1.0");
    let bare = ExposedAggregate { occurrences: None, created_at: None, ..exposed("Bare@2", 3, Vec::new()) };
    server.scrape(&target, &[bare, exposed("Timeless@3", 1, vec![sample("u", None, "m")])]);
    let answer = send(server.address(), "GET /services/shop/errors/", &[]).await;
    let json: Value = serde_json::from_str(answer.text()).unwrap();
    assert_eq!(json.as_array().unwrap().len(), 3);
    for error in json.as_array().unwrap() {
        assert!(error["aggregation_key"].is_string() && error["total_count"].is_u64(), "{error}");
        assert!(["error", "warning", "info"].contains(&error["severity"].as_str().unwrap()), "{error}");
        let seconds = error["latest_errors"][0]["timestamp"].as_i64().unwrap();
        assert_eq!(seconds, server.clock.now().seconds(), "{error}");
    }
}

#[tokio::test]
async fn a_large_list_is_sent_in_pieces_and_is_one_array() {
    let server = Server::start().await;
    let target = target("shop", "10.0.0.1:80", "1.0");
    server.clock.advance(INTERVAL);
    let now = server.clock.now();
    let message = "x".repeat(10_000);
    let aggregates: Vec<_> =
        (0..400).map(|index| exposed(&format!("Class@{index}"), 1, vec![sample("u", Some(now), &message)])).collect();
    server.scrape(&target, &aggregates);
    let answer = send(server.address(), "GET /services/shop/errors/", &[]).await;
    assert!(answer.chunks > 1, "{} chunks", answer.chunks);
    assert!(answer.text().ends_with("}]\n"));
    let json: Vec<Value> = serde_json::from_str(answer.text()).unwrap();
    let keys: std::collections::BTreeSet<_> = json.iter().map(|error| error["aggregation_key"].as_str()).collect();
    assert_eq!((json.len(), keys.len()), (400, 400));
}
