//! `/metrics`, read by a parser that takes nothing that the formats do not allow.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use hydrophone::model::exposition::ExposedAggregate;
use hydrophone::model::severity::Severity;

use crate::harness::{INTERVAL, Server, target};
use crate::raw::send;

const OPEN_METRICS: &str = "Accept: application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";

/// A family of metrics.
#[derive(Debug, Default)]
struct Family {
    kind: String,
    help: bool,
    /// By name and labels as written.
    samples: BTreeMap<String, f64>,
}

/// Reads a text in one of the two formats, and complains of anything that is not in its specification: a sample outside
/// its family, a family twice, a series twice, a missing newline, a bad name, escape or number.
fn parse(text: &str, open: bool) -> BTreeMap<String, Family> {
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    let mut current = String::new();
    assert!(text.ends_with('\n'), "the last line ends");
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.iter().filter(|line| **line == "# EOF").count(), usize::from(open));
    assert!(!open || lines.last() == Some(&"# EOF"), "nothing after the end");
    for line in lines.iter().filter(|line| **line != "# EOF") {
        if let Some(rest) = line.strip_prefix("# ") {
            let mut words = rest.splitn(3, ' ');
            let (what, name, value) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap_or_default());
            assert!(is_name(name), "{line}");
            if name != current {
                assert!(!families.contains_key(name), "family twice: {line}");
                name.clone_into(&mut current);
            }
            let family = families.entry(current.clone()).or_default();
            assert!(family.samples.is_empty(), "after its samples: {line}");
            match what {
                "TYPE" => {
                    assert!(family.kind.is_empty(), "{line}");
                    let kinds: &[_] = if open {
                        &["counter", "gauge", "histogram", "info", "unknown"]
                    } else {
                        &["counter", "gauge", "histogram", "untyped"]
                    };
                    assert!(kinds.contains(&value), "{line}");
                    value.clone_into(&mut family.kind);
                }
                "HELP" => family.help = true,
                "UNIT" => assert!(open && name.ends_with(value), "{line}"),
                _ => panic!("{line}"),
            }
            continue;
        }
        let (name, labels, value) = sample(line);
        let family = families.get_mut(&current).unwrap_or_else(|| panic!("no family: {line}"));
        let suffixes: &[_] = match (family.kind.as_str(), open) {
            ("counter", true) => &["_total", "_created"],
            ("histogram", _) => &["_bucket", "_sum", "_count"],
            ("info", true) => &["_info"],
            _ => &[""],
        };
        assert!(suffixes.iter().any(|suffix| name == format!("{current}{suffix}")), "{line} in {current}");
        assert!(family.kind != "counter" || value >= 0.0, "{line}");
        assert!(family.samples.insert(format!("{name}{labels}"), value).is_none(), "series twice: {line}");
    }
    for (name, family) in &families {
        assert!(!family.kind.is_empty() && family.help, "{name} has no type or help");
    }
    families
}

fn is_name(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_' || c == ':';
    name.starts_with(letter) && name.chars().all(|c| letter(c) || c.is_ascii_digit())
}

/// Name, labels as written and value of a sample.
fn sample(line: &str) -> (&str, &str, f64) {
    let end = line.find(['{', ' ']).unwrap();
    let (name, rest) = line.split_at(end);
    assert!(is_name(name), "{line}");
    let mut at = 0;
    if rest.starts_with('{') {
        let bytes = rest.as_bytes();
        let mut names = BTreeSet::new();
        at = 1;
        while bytes[at] != b'}' {
            let equals = at + rest[at..].find('=').unwrap();
            assert!(is_name(&rest[at..equals]) && !rest[at..equals].contains(':'), "{line}");
            assert!(names.insert(&rest[at..equals]), "label twice: {line}");
            assert_eq!(bytes[equals + 1], b'"', "{line}");
            at = equals + 2;
            while bytes[at] != b'"' {
                if bytes[at] == b'\\' {
                    assert!(matches!(bytes[at + 1], b'\\' | b'"' | b'n'), "{line}");
                    at += 1;
                }
                at += 1;
            }
            at += 1;
            assert!(matches!(bytes[at], b',' | b'}'), "{line}");
            at += usize::from(bytes[at] == b',');
        }
        at += 1;
    }
    let value = rest[at..].strip_prefix(' ').unwrap();
    let value = value.replace("+Inf", "inf").parse().unwrap_or_else(|_| panic!("{line}"));
    (name, &rest[..at], value)
}

fn exposed(key: &str, total_count: u64) -> ExposedAggregate {
    ExposedAggregate {
        key: key.to_owned(),
        total_count,
        severity: Severity::Warning,
        created_at: None,
        occurrences: Some(Vec::new()),
        ..ExposedAggregate::default()
    }
}

async fn both(server: &Server) -> [BTreeMap<String, Family>; 2] {
    let open = send(server.address(), "GET /metrics", &[OPEN_METRICS]).await;
    assert_eq!(open.header("content-type"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
    let text = send(server.address(), "GET /metrics", &[]).await;
    assert_eq!(text.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    [parse(open.text(), true), parse(text.text(), false)]
}

#[tokio::test]
async fn metrics_are_valid_in_both_formats() {
    let server = Server::start().await;
    let target = target("shop", "10.0.0.1:80", "1.0");
    server.discover(&[Arc::clone(&target)]);
    server.clock.advance(INTERVAL);
    server.scrape(&target, &[exposed("Class \"quoted\" \\ and\nbroken@1", 7)]);
    send(server.address(), "GET /services/nobody/errors/", &[]).await;
    let [open, text] = both(&server).await;

    let series = r#"periskop_error_occurrences{service_name="shop",severity="warning",aggregation_key="Class \"quoted\" \\ and\nbroken@1"}"#;
    for families in [&open, &text] {
        assert_eq!(families["periskop_error_occurrences"].samples[series], 7.0);
        assert_eq!(
            families["periskop_instances_scrapped"].samples[r#"periskop_instances_scrapped{service_name="shop"}"#],
            1.0
        );
        assert_eq!(families["hydrophone_error_occurrences_series_omitted"].samples.len(), 1);
        assert_eq!(
            families["hydrophone_build_info"].samples[r#"hydrophone_build_info{version="1.2.3",revision="abc"}"#],
            1.0
        );
    }
    assert_eq!(
        (open["periskop_error_occurrences"].kind.as_str(), text["periskop_error_occurrences"].kind.as_str()),
        ("unknown", "counter")
    );

    // Counters' families have their samples' names only in the older format.
    let requests = r#"hydrophone_http_requests_total{handler="/services/{service}/errors/",method="GET",code="404"}"#;
    assert_eq!(open["hydrophone_http_requests"].samples[requests], 1.0);
    assert_eq!(text["hydrophone_http_requests_total"].samples[requests], 1.0);
    let errors = r#"periskop_application_errors_total{type="service_not_found"}"#;
    assert_eq!(text["periskop_application_errors_total"].samples[errors], 1.0);
    #[cfg(target_os = "linux")]
    for name in
        ["process_resident_memory_bytes", "process_open_fds", "process_cpu_seconds_total", "process_start_time_seconds"]
    {
        assert_eq!(text[name].samples.len(), 1, "{name}");
    }
}

#[tokio::test]
async fn only_the_errors_seen_last_are_shown_and_the_others_counted() {
    let server = Server::start().await;
    let target = target("shop", "10.0.0.1:80", "1.0");
    server.clock.advance(INTERVAL);
    let all: Vec<_> = (0..10_020).map(|index| exposed(&format!("Class@{index}"), 1)).collect();
    server.scrape(&target, &all);
    server.clock.advance(INTERVAL);
    server.scrape(&target, &[exposed("Class@0", 5)]);
    let [open, text] = both(&server).await;
    for families in [open, text] {
        let shown = &families["periskop_error_occurrences"].samples;
        assert_eq!(shown.len(), 10_000);
        let newest = r#"periskop_error_occurrences{service_name="shop",severity="warning",aggregation_key="Class@0"}"#;
        assert_eq!(shown[newest], 5.0);
        let omitted = &families["hydrophone_error_occurrences_series_omitted"].samples;
        assert_eq!(omitted["hydrophone_error_occurrences_series_omitted"], 20.0);
    }
}

#[tokio::test]
async fn paths_do_not_become_labels() {
    let server = Server::start().await;
    for index in 0..50 {
        send(server.address(), &format!("GET /page/{index}"), &[]).await;
        send(server.address(), &format!("M{index} /page/{index}"), &["Content-Length: 0"]).await;
    }
    let [open, _] = both(&server).await;
    assert!(open["hydrophone_http_requests"].samples.len() <= 4, "{:?}", open["hydrophone_http_requests"].samples);
}
