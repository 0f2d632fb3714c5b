//! A client that puts ids into its keys, in the real process: the limit holds, nothing is lost, the server says so and names a
//! rule, and with the rule counts go on without a count too many.

use reqwest::Method;
use serde_json::Value;

use crate::exposer::{self, Exposer};
use crate::process::{Place, hydrophone, run};

const OVERFLOW: &str = "hydrophone:beyond-aggregate-limit";

/// Errors with an id each, `times` of each.
fn body(ids: std::ops::Range<u32>, times: u32) -> String {
    let errors: Vec<String> = ids
        .map(|id| {
            format!(
                r#"{{"aggregation_key":"no order {id}","total_count":{times},"severity":"error",
                    "created_at":"2026-11-20T10:00:00Z","latest_errors":[]}}"#
            )
        })
        .collect();
    format!(r#"{{"target_uuid":"a","aggregated_errors":[{}]}}"#, errors.join(","))
}

fn count(answer: &Value, key: &str) -> Option<u64> {
    let errors = answer["aggregates"].as_array()?.iter();
    errors.filter(|error| error["aggregation_key"] == key).map(|error| error["total_count"].as_u64()).next()?
}

fn sum(answer: &Value) -> u64 {
    answer["aggregates"].as_array().unwrap().iter().map(|error| error["total_count"].as_u64().unwrap()).sum()
}

#[tokio::test]
async fn a_key_explosion_meets_its_limit_and_a_rule_ends_it() {
    let shop = Exposer::start(&body(0..500, 2)).await;
    let config = |more: &str| format!("{}    aggregate_limit: 50\n{more}", exposer::config(&[&shop], ""));
    let place = Place::new(&config(""));
    let mut command = place.command();
    command.arg("--web.enable-lifecycle");
    let server = crate::process::Process::start(command);
    let all = "/api/v1/aggregates?start=2026-01-01&all=true&limit=1000";
    server.until(all, 20, |answer| count(answer, OVERFLOW) == Some(900)).await;
    shop.expose(&body(0..600, 3));
    server.until(all, 20, |answer| sum(answer) == 1800).await;

    let status = server.until("/api/v1/status", 5, |status| status["overflows"][0]["exceptions"] == 1650).await;
    assert_eq!(status["overflows"][0]["service"], "s0");
    assert_eq!(status["overflows"][0]["suggestion"]["strip"], serde_json::json!(["numbers"]));
    assert_eq!(status["overflows"][0]["suggestion"]["left"], 1);
    let (_, metrics) = server.send(Method::GET, "/metrics").await;
    let metric = r#"hydrophone_ingest_overflowed_exceptions_total{service="s0"} 1650"#;
    assert!(metrics.contains(metric), "{metrics}");

    place.configure(&config("    key_rules:\n      - strip: [numbers]\n"));
    assert_eq!(server.send(Method::POST, "/-/reload").await, (200, String::new()));
    shop.expose(&body(0..700, 3));
    server.until(all, 20, |answer| count(answer, "no order <number>") == Some(300)).await;
    let answer = server.until(all, 5, |answer| sum(answer) == 2100).await;
    assert_eq!(answer["total"], 52);
}

#[test]
fn rules_for_keys_are_tried_before_they_are_used() {
    let place = Place::new(
        "global:\n  key_rules:\n    - {regex: 'order', replacement: 'ORDER'}\nservices:\n  - name: shop\n    static_configs: [{targets: ['a:1']}]\n    key_rules:\n      - strip: [numbers]\n",
    );
    let exposition = place.config().with_file_name("exposition.json");
    hydrophone::fs::rewrite_atomic(&exposition, body(0..12, 1).as_bytes()).unwrap();
    let check = |more: &[&str]| {
        let mut command = hydrophone();
        command.args(["check", "keys"]).args(more).arg(&exposition);
        let output = run(command);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(check(&[]), "12 keys become 12 by 0 rules\n`- strip: [numbers]` would leave 1 of 12\n");
    let file = place.config().display().to_string();
    let file = ["--config.file", file.as_str()];
    assert!(check(&file).starts_with("12 keys become 12 by 1 rules\n       1  \"no ORDER 0\", as \"no order 0\"\n"));
    assert_eq!(
        check(&[file[0], file[1], "--service", "shop"]),
        "12 keys become 1 by 1 rules\n      12  \"no order <number>\", as \"no order 0\"\n"
    );
}
