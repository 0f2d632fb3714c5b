//! Label rules in the real process: errors are labelled, a reload labels anew, and a mistake is told with its place.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::Value;

use crate::exposer::{self, Exposer};
use crate::process::{Place, hydrophone, run};

fn body(keys: &[&str]) -> String {
    let error = |key: &&str| {
        let class = key.split('@').next().unwrap();
        format!(
            r#"{{"aggregation_key":"{key}","total_count":1,"severity":"error","created_at":"2026-11-20T10:00:00Z","latest_errors":[
                {{"uuid":"{key}","timestamp":"2026-11-20T10:00:00Z","severity":"error",
                  "error":{{"class":"{class}","message":"it went wrong","stacktrace":["at com.shop.{class}.run"],"cause":null}}}}]}}"#
        )
    };
    let errors: Vec<String> = keys.iter().map(error).collect();
    format!(r#"{{"target_uuid":"a","aggregated_errors":[{}]}}"#, errors.join(","))
}

/// Labels by key.
fn labels(answer: &Value) -> BTreeMap<&str, String> {
    let errors = answer["aggregates"].as_array().unwrap().iter();
    errors.map(|error| (error["aggregation_key"].as_str().unwrap(), error["labels"].to_string())).collect()
}

#[tokio::test]
async fn rules_label_errors_and_a_reload_labels_them_anew() {
    let (shop, search) =
        (Exposer::start(&body(&["CardError@1", "Other@2"])).await, Exposer::start(&body(&["Slow@3"])).await);
    let config = |rules: &str| exposer::config(&[&shop, &search], rules);
    let place = Place::new(&config(
        "label_rules:\n  - {query: '', labels: {team: platform}}\n  - {query: 'stack:com.shop.CardError', labels: {team: payments}}\n",
    ));
    let mut command = place.command();
    command.arg("--web.enable-lifecycle");
    let server = crate::process::Process::start(command);
    let all = "/api/v1/aggregates?start=2026-01-01&all=true";
    let want = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(key, labels)| ((*key).to_owned(), (*labels).to_owned())).collect()
    };
    let is = |pairs: &[(&str, &str)]| {
        let want = want(pairs);
        move |answer: &Value| labels(answer).into_iter().map(|(key, labels)| (key.to_owned(), labels)).eq(want.clone())
    };
    let platform = r#"{"team":"platform"}"#;
    let first = [("CardError@1", r#"{"team":"payments"}"#), ("Other@2", platform), ("Slow@3", platform)];
    server.until(all, 20, is(&first)).await;
    server
        .until("/api/v1/aggregates?start=2026-01-01&all=true&q=label.team:payments", 5, |answer| answer["total"] == 1)
        .await;

    let bad = "label_rules:\n  - {query: 'service:s0 severty:error', labels: {team: x}}\n";
    place.configure(&config(bad));
    let (code, answer) = server.send(Method::POST, "/-/reload").await;
    assert_eq!(code, 500);
    assert!(answer.contains("hydrophone.yaml:3:13: label_rules[0].query: at character 11: "), "{answer}");
    assert!(answer.contains("did you mean \"severity\"?"), "{answer}");

    place.configure(&config("label_rules:\n  - {query: 'service:s1 OR service:nowhere', labels: {area: find}}\n"));
    assert_eq!(server.send(Method::POST, "/-/reload").await, (200, String::new()));
    server.until(all, 20, is(&[("CardError@1", "{}"), ("Other@2", "{}"), ("Slow@3", r#"{"area":"find"}"#)])).await;
    let (_, metrics) = server.send(Method::GET, "/metrics").await;
    assert!(metrics.contains("hydrophone_triage_rules 1\n"), "{metrics}");
    assert!(metrics.contains("hydrophone_triage_labelled_total "), "{metrics}");
}

#[test]
fn a_wrong_query_in_a_rule_stops_the_start_and_fails_the_check() {
    let place = Place::new("label_rules:\n  - query: >-\n      is:open\n    labels: {team: x}\n");
    let mut check = hydrophone();
    check.args(["check", "config"]).arg(place.config());
    for command in [check, place.command()] {
        let output = run(command);
        assert_eq!(output.status.code(), Some(1));
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(
            errors
                .contains("hydrophone.yaml:3:7: label_rules[0].query: at character 3: is:open can not stand in a rule"),
            "{errors}"
        );
    }
}
