use proptest::prelude::*;

use super::*;
use crate::config::{Mechanism, parse};

fn service(yaml: &str) -> Service {
    let text = format!("services:\n- name: shop\n{yaml}");
    let config = parse(&text, "x").unwrap_or_else(|error| panic!("{error}"));
    Service::clone(&config.services[0])
}

fn groups(service: &Service) -> Vec<Group> {
    let mut groups = Vec::new();
    for mechanism in &service.mechanisms {
        if let Mechanism::Static(list) = mechanism {
            groups.extend(list.iter().cloned().map(Group::from));
        }
    }
    groups
}

fn found(yaml: &str) -> (ServiceTargets, Vec<String>) {
    let service = service(yaml);
    build(&service, &groups(&service))
}

/// `labels url` of each target.
fn check(yaml: &str, expect: &[&str]) {
    let (targets, problems) = found(yaml);
    let got: Vec<String> = targets.active.iter().map(|target| format!("{} {}", target.labels, target.url)).collect();
    assert_eq!(got, expect, "{problems:?}");
}

#[test]
fn a_target_has_defaults_an_instance_and_no_job() {
    let (targets, problems) = found("  static_configs: [{targets: ['a:1'], labels: {zone: x}}]\n  labels: {team: t}\n");
    assert_eq!(problems, [""; 0]);
    let target = &targets.active[0];
    assert_eq!(target.labels.to_string(), r#"{instance="a:1", team="t", zone="x"}"#);
    assert_eq!(
        target.discovered_labels.to_string(),
        r#"{__address__="a:1", __metrics_path__="/-/exceptions", __scheme__="http", __scrape_interval__="15s", __scrape_timeout__="10s", job="shop", team="t", zone="x"}"#
    );
    assert_eq!((target.url.as_str(), target.address.as_str()), ("http://a:1/-/exceptions", "a:1"));
    assert_eq!((target.scrape_interval, target.scrape_timeout), (Millis(15_000), Millis(10_000)));
}

#[test]
fn secrets_are_sent_and_not_shown() {
    let yaml = "  params: {api_key: [s3cret], a: [b]}\n  metrics_path: /x?token=s3cret\n  static_configs: [{targets: ['a:1'], labels: {__param_sig: s3cret}}]\n";
    let (targets, _) = found(yaml);
    let target = &targets.active[0];
    assert_eq!(target.url, "http://a:1/x?token=s3cret&a=b&api_key=s3cret&sig=s3cret");
    assert_eq!(target.shown_url(), "http://a:1/x?token=<secret>&a=b&api_key=<secret>&sig=<secret>");
    let labels = target.discovered_labels.to_string();
    assert!(!labels.contains("s3cret") && labels.contains(r#"__param_a="b""#), "{labels}");
}

#[test]
fn what_is_nearer_to_the_target_wins() {
    check(
        "  labels: {zone: service, team: service}\n  static_configs: [{targets: ['a:1'], labels: {zone: group}}]\n",
        &[r#"{instance="a:1", team="service", zone="group"} http://a:1/-/exceptions"#],
    );
}

#[test]
fn relabelling_decides_address_scheme_path_parameters_and_times() {
    let yaml = "  static_configs: [{targets: ['a:1']}]
  params: {x: ['1', '2'], y: [z]}
  relabel_configs:
  - {target_label: __address__, replacement: 'b:2'}
  - {target_label: __scheme__, replacement: https}
  - {target_label: __metrics_path__, replacement: 'p q?k=v'}
  - {target_label: __param_x, replacement: 'a b'}
  - {target_label: __param_new, replacement: '&'}
  - {target_label: __scrape_interval__, replacement: 1m}
  - {target_label: __scrape_timeout__, replacement: 500ms}
  - {source_labels: [job], target_label: service_job}
  - {target_label: __tmp, replacement: gone}
";
    check(yaml, &[r#"{instance="b:2", service_job="shop"} https://b:2/p%20q?k=v&new=%26&x=a+b&x=2&y=z"#]);
    let target = &found(yaml).0.active[0];
    assert_eq!((target.scrape_interval, target.scrape_timeout), (Millis(60_000), Millis(500)));
}

#[test]
fn an_instance_that_is_set_stays() {
    check(
        "  static_configs: [{targets: ['a:1'], labels: {instance: one}}]\n",
        &[r#"{instance="one"} http://a:1/-/exceptions"#],
    );
}

#[test]
fn no_port_is_added_and_none_is_taken_away() {
    check(
        "  static_configs: [{targets: [a, 'b:80', '[::1]:9']}]\n",
        &[
            r#"{instance="[::1]:9"} http://[::1]:9/-/exceptions"#,
            r#"{instance="a"} http://a/-/exceptions"#,
            r#"{instance="b:80"} http://b:80/-/exceptions"#,
        ],
    );
}

#[test]
fn the_same_target_found_twice_is_one() {
    check(
        "  static_configs: [{targets: ['a:1', 'a:1']}, {targets: ['a:1'], labels: {__meta_x: y}}]\n",
        &[r#"{instance="a:1"} http://a:1/-/exceptions"#],
    );
}

#[test]
fn two_targets_with_one_identity_are_not_mixed() {
    let (targets, problems) = found(
        "  static_configs: [{targets: ['b:1', 'a:1']}]\n  relabel_configs: [{target_label: instance, replacement: x}]\n",
    );
    assert_eq!(targets.active.len(), 1);
    assert_eq!(targets.active[0].address, "a:1");
    assert_eq!(targets.dropped_total, 1);
    assert_eq!(
        problems,
        [
            r#"target http://b:1/-/exceptions has the labels of http://a:1/-/exceptions, {instance="x"}, and is left out"#
        ]
    );
}

#[test]
fn unfit_targets_are_dropped_and_say_why() {
    for (rule, expect) in [
        ("{target_label: __address__, replacement: ''}", "target a:1 can not be scraped: it has no address"),
        ("{target_label: __address__, replacement: 'http://a'}", "its address must be host:port, not \"http://a\""),
        (
            "{target_label: __address__, replacement: 'a:99999'}",
            "its address \"a:99999\" is wrong: invalid port number",
        ),
        ("{target_label: __address__, replacement: 'u@a'}", "its address must be host:port, not \"<secret>@a\""),
        ("{target_label: __scheme__, replacement: ftp}", "its scheme must be http or https, not \"ftp\""),
        ("{target_label: __scrape_interval__, replacement: x}", "__scrape_interval__ is no duration above 0s: \"x\""),
        ("{target_label: __scrape_interval__, replacement: 0s}", "__scrape_interval__ is no duration above 0s: \"0s\""),
        (
            "{target_label: __scrape_timeout__, replacement: 1m}",
            "scrape timeout 1m is longer than the scrape interval of 15s",
        ),
    ] {
        let (targets, problems) =
            found(&format!("  static_configs: [{{targets: ['a:1']}}]\n  relabel_configs: [{rule}]\n"));
        assert!(targets.active.is_empty() && targets.dropped_total == 1, "{rule}");
        assert!(problems[0].ends_with(expect), "{rule}: {problems:?}");
    }
}

#[test]
fn limits_cut_and_count() {
    let (targets, problems) = found(
        "  static_configs: [{targets: ['a:1', 'a:2', 'a:3', 'a:4']}]\n  target_limit: 1\n  keep_dropped_targets: 2\n",
    );
    assert_eq!(targets.active.len(), 1);
    assert_eq!((targets.dropped.len(), targets.dropped_total), (2, 3));
    assert_eq!(problems, ["4 targets are more than target_limit, 1; the rest is left out"]);
}

#[test]
fn what_a_rule_drops_is_kept_for_people_to_see() {
    let (targets, problems) = found(
        "  static_configs: [{targets: ['a:1']}]\n  relabel_configs: [{action: drop, source_labels: [__address__]}]\n",
    );
    assert_eq!(targets.dropped[0].get("__address__"), Some("a:1"));
    assert_eq!((targets.dropped_total, problems.len()), (1, 0));
}

proptest! {
    #[test]
    fn no_public_label_begins_with_two_underscores_and_none_is_job(
        labels in prop::collection::btree_map("(__|_)?[a-c](_meta_)?|job|instance|\\PC{1,3}", "\\PC{0,4}", 0..6),
        address in "[a-c]:[0-9]{1,3}|\\PC{0,6}",
        map in "(__)?\\$\\{1\\}|__x|job|y",
        target in "__[a-c]|(__)?\\$1|_a",
    ) {
        let quoted = |text: &str| serde_json::to_string(text).unwrap();
        let yaml = format!(
            "  static_configs: [{{}}]\n  relabel_configs:\n  - {{action: labelmap, regex: '_*(.*?)_*', replacement: {}}}\n  - {{source_labels: [a], target_label: {}}}\n",
            quoted(&map), quoted(&target)
        );
        let service = service(&yaml);
        let group = Group {
            targets: vec![Labels::from_pairs([(ADDRESS, address.as_str())])],
            labels: Labels::from_pairs(labels),
        };
        let (targets, problems) = build(&service, [&group]);
        prop_assert_eq!(targets.active.len() + targets.dropped_total, 1, "{:?}", problems);
        for target in &targets.active {
            for (name, value) in target.labels.iter() {
                prop_assert!(!name.starts_with("__") && name != "job" && !name.is_empty() && !value.is_empty());
            }
            prop_assert!(target.labels.get("instance").is_some());
            prop_assert!(Url::parse(&target.url).is_ok());
        }
    }
}
