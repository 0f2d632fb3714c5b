//! The parser against real clients' shapes, a plain reading, random changes and junk.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::model::exposition::ExposedAggregate;
use crate::model::occurrence::{Cause, Exception, HttpContext, Occurrence, Stack};
use crate::model::severity::Severity;
use crate::model::time::Timestamp;

/// As the server reads, whose redaction finds nothing in most of these bodies.
fn parse(body: &[u8], limits: &Limits, memo: &Memo) -> Result<Parsed, Error> {
    static REDACTOR: std::sync::LazyLock<Redactor> =
        std::sync::LazyLock::new(|| Redactor::new(&crate::config::Redaction::default()));
    super::parse(body, limits, &REDACTOR, memo)
}

fn read(body: &str) -> Exposition {
    read_within(body, &Limits::default())
}

fn read_within(body: &str, limits: &Limits) -> Exposition {
    parse(body.as_bytes(), limits, &Memo::default()).unwrap().exposition
}

fn refused(body: &[u8]) -> Error {
    parse(body, &Limits::default(), &Memo::default()).unwrap_err()
}

/// An exposition of these aggregates, each the text of an object.
fn exposing(aggregates: &[&str]) -> String {
    format!(r#"{{"aggregated_errors":[{}],"target_uuid":"u"}}"#, aggregates.join(","))
}

/// The only occurrence of an exposition that shows this sample.
fn sampled(sample: &str) -> Occurrence {
    let body = exposing(&[&format!(r#"{{"aggregation_key":"k","total_count":1,"latest_errors":[{sample}]}}"#)]);
    let exposition = read(&body);
    assert_eq!(exposition.dropped, Dropped::default(), "{sample}");
    exposition.aggregates[0].occurrences.as_ref().unwrap()[0].clone()
}

fn frames(stack: Option<&std::sync::Arc<Stack>>) -> Option<Vec<&str>> {
    stack.map(|stack| stack.frames.iter().map(String::as_str).collect())
}

#[test]
fn the_go_clients_exposition_is_read() {
    let exposition = read(include_str!("../../../testdata/expositions/go.json"));
    assert_eq!(exposition.target_uuid.as_deref(), Some("6a1e7c9e-53f4-4c2b-8a53-8f2a5d9a7e10"));
    let [error, info] = exposition.aggregates.as_slice() else { panic!("{exposition:?}") };
    assert_eq!((error.key.as_str(), error.total_count, error.severity), ("*url.Error@8f1c02aa", 41, Severity::Error));
    let samples = error.occurrences.as_ref().unwrap();
    assert_eq!(samples[0].timestamp, Timestamp::parse_rfc3339("2026-11-20T09:58:07.123Z"));
    assert_eq!(samples[1].timestamp, Timestamp::parse_rfc3339("2026-11-20T09:59:12.5Z"));
    let stack = |at: usize| samples[at].exception.stack.as_ref().unwrap();
    assert!(std::sync::Arc::ptr_eq(stack(0), stack(1)));
    assert_eq!(stack(0).frames[1], "shop.(*Cart).Price\n\t/src/shop/cart.go:141");
    assert_eq!(samples[0].http.as_ref().unwrap().body, None);
    assert_eq!(info.severity, Severity::Info);
    assert_eq!(info.occurrences.as_ref().unwrap()[0].exception.stack, None);
}

#[test]
fn the_python_clients_exposition_is_read() {
    let exposition = read(include_str!("../../../testdata/expositions/python.json"));
    let samples = exposition.aggregates[0].occurrences.as_ref().unwrap();
    assert_eq!(samples.len(), 2, "a repeated uuid is not a repeated occurrence");
    let exception = &samples[0].exception;
    assert_eq!(exception.causes.len(), 1);
    assert_eq!(exception.causes[0].message, "no such row: été");
    assert_eq!(samples[0].http.as_ref().unwrap().headers, None);
    assert_eq!(exposition.aggregates[0].created_at, Timestamp::parse_rfc3339("2026-11-20T07:30:00.250Z"));
}

#[test]
fn the_ruby_clients_exposition_is_read() {
    let exposition = read(include_str!("../../../testdata/expositions/ruby.json"));
    let sample = &exposition.aggregates[0].occurrences.as_ref().unwrap()[0];
    assert_eq!((sample.exception.class.as_str(), sample.severity), ("", Severity::Warning));
    let http = sample.http.as_ref().unwrap();
    let headers = http.headers.as_ref().unwrap();
    assert_eq!(headers[2], ("X-Forwarded-For".to_owned(), "10.0.0.1, 10.0.0.2".to_owned()));
    assert_eq!(http.body.as_deref(), Some(""));
}

#[test]
fn the_scala_clients_exposition_is_read_in_any_order() {
    let exposition = read(include_str!("../../../testdata/expositions/scala.json"));
    let aggregate = &exposition.aggregates[0];
    assert_eq!((aggregate.total_count, aggregate.severity), (8, Severity::Error));
    let samples = aggregate.occurrences.as_ref().unwrap();
    let causes: Vec<_> = samples[0].exception.causes.iter().map(|cause| (&*cause.class, &*cause.message)).collect();
    assert_eq!(
        causes,
        [("java.util.concurrent.TimeoutException", ""), ("java.net.SocketException", "Connection reset")]
    );
    assert_eq!(frames(samples[0].exception.causes[1].stack.as_ref()), Some(vec![]));
    assert_eq!(samples[1].exception.message, "logged without an exception");
    assert_eq!(samples[1].http, None);
}

#[test]
fn periskops_own_numbers_for_times_are_read() {
    let exposition = read(include_str!("../../../testdata/expositions/periskop.json"));
    assert_eq!(exposition.target_uuid, None);
    assert_eq!(exposition.aggregates[0].created_at, Some(Timestamp(1_795_165_200_000)));
    assert_eq!(exposition.aggregates[0].occurrences.as_ref().unwrap()[0].timestamp, Some(Timestamp(1_795_168_800_000)));
    assert_eq!(exposition.aggregates[1].occurrences, Some(vec![]));
}

#[test]
fn what_is_missing_or_null_at_the_top_is_nothing() {
    for body in ["{}", r#"{"aggregated_errors":null,"target_uuid":null}"#, "\u{feff} {\"unknown\":[1,{}]}\n"] {
        assert_eq!(sorted(read(body)), Exposition::default(), "{body}");
    }
    assert_eq!(read(r#"{"target_uuid":17}"#).target_uuid.as_deref(), Some("17"));
    let long = "x".repeat(1000);
    let uuid = |end: &str| read(&format!(r#"{{"target_uuid":"{long}{end}"}}"#)).target_uuid.unwrap();
    assert!(uuid("1").len() < 300);
    assert_ne!(uuid("1"), uuid("2"));
}

#[test]
fn a_body_that_is_no_whole_object_is_refused_with_its_place() {
    for (body, offset) in [
        ("", 0),
        ("[]", 0),
        ("null", 0),
        ("<html>", 0),
        (r#"{"aggregated_errors":{}}"#, 21),
        (r#"{"aggregated_errors":"no"}"#, 21),
        (r#"{"target_uuid":[]}"#, 15),
        (r#"{"aggregated_errors":[]"#, 23),
        (r#"{"aggregated_errors":[]} x"#, 25),
        (r#"{"aggregated_errors":[]}{}"#, 24),
        (r#"{"aggregated_errors":[,]}"#, 22),
        (r#"{"aggregated_errors":[{"total_count":1,}]}"#, 39),
        (r#"{"aggregated_errors":[{"total_count":1 "x":2}]}"#, 39),
    ] {
        assert_eq!(refused(body.as_bytes()).offset, offset, "{body}");
    }
    assert_eq!(refused(b"[1]").to_string(), "the body is not a JSON object at byte 0");
    assert_eq!(refused(b"{").to_string(), "unexpected end of the body at byte 1");
}

#[test]
fn no_part_of_a_truncated_body_is_read() {
    for body in [
        include_str!("../../../testdata/expositions/go.json"),
        include_str!("../../../testdata/expositions/scala.json"),
        include_str!("../../../testdata/expositions/python.json"),
    ] {
        let body = body.trim_end();
        for end in 0..body.len() {
            assert!(parse(&body.as_bytes()[..end], &Limits::default(), &Memo::default()).is_err(), "{end}");
        }
    }
}

#[test]
fn an_aggregate_without_a_usable_key_or_count_costs_itself_only() {
    let good = r#"{"aggregation_key":"good","total_count":2}"#;
    for bad in [
        r#"{"aggregation_key":"k","total_count":-1}"#,
        r#"{"aggregation_key":"k","total_count":1.5}"#,
        r#"{"aggregation_key":"k","total_count":1e30}"#,
        r#"{"aggregation_key":"k","total_count":9007199254740993}"#,
        r#"{"aggregation_key":"k","total_count":"2"}"#,
        r#"{"aggregation_key":"k","total_count":null}"#,
        r#"{"aggregation_key":"k"}"#,
        r#"{"aggregation_key":"k","total_count":"2","latest_errors":[{"error":{"message":"m"}}]}"#,
        r#"{"total_count":1}"#,
        r#"{"aggregation_key":null,"total_count":1}"#,
        r#"{"aggregation_key":"","total_count":1}"#,
        r#"{"aggregation_key":7,"total_count":1}"#,
        "null",
        "[]",
        "7",
    ] {
        let exposition = read(&exposing(&[good, bad, good.replace("good", "fine").as_str()]));
        let keys: Vec<_> = exposition.aggregates.iter().map(|aggregate| aggregate.key.as_str()).collect();
        assert_eq!(keys, ["good", "fine"], "{bad}");
        assert_eq!(exposition.dropped, Dropped { aggregates: 1, ..Dropped::default() }, "{bad}");
    }
}

#[test]
fn an_occurrence_with_a_wrong_type_costs_itself_only() {
    for bad in [
        "7",
        "null",
        r#"{"uuid":7}"#,
        r#"{"timestamp":[]}"#,
        r#"{"timestamp":true}"#,
        r#"{"severity":1}"#,
        r#"{"error":"boom"}"#,
        r#"{"error":{"class":1}}"#,
        r#"{"error":{"message":[]}}"#,
        r#"{"error":{"stacktrace":[1]}}"#,
        r#"{"error":{"stacktrace":{}}}"#,
        r#"{"error":{"cause":"x"}}"#,
        r#"{"error":{"cause":{"cause":{"class":false}}}}"#,
        r#"{"http_context":[]}"#,
        r#"{"http_context":{"request_url":1}}"#,
        r#"{"http_context":{"request_headers":[]}}"#,
        r#"{"http_context":{"request_headers":{"a":{}}}}"#,
        r#"{"http_context":{"request_headers":{"a":["x",[]]}}}"#,
        r#"{"http_context":{"request_body":{}}}"#,
    ] {
        let body = exposing(&[&format!(
            r#"{{"aggregation_key":"k","total_count":3,"latest_errors":[{{"uuid":"1"}},{bad},{{"uuid":"2"}}],"created_at":1}}"#
        )]);
        let exposition = read(&body);
        let aggregate = &exposition.aggregates[0];
        let uuids: Vec<_> = aggregate.occurrences.iter().flatten().map(|sample| sample.uuid.as_str()).collect();
        assert_eq!(uuids, ["1", "2"], "{bad}");
        assert_eq!((aggregate.total_count, aggregate.created_at), (3, Some(Timestamp(1000))), "{bad}");
        assert_eq!(exposition.dropped, Dropped { occurrences: 1, ..Dropped::default() }, "{bad}");
    }
    let odd =
        exposing(&[r#"{"aggregation_key":"k","total_count":3,"severity":[],"created_at":{},"latest_errors":"x"}"#]);
    let exposition = read(&odd);
    assert_eq!((exposition.aggregates[0].total_count, exposition.dropped.occurrences), (3, 1));
}

#[test]
fn odd_but_clear_values_are_understood() {
    assert_eq!(sampled(r#"{"severity":"WARNING"}"#).severity, Severity::Warning);
    assert_eq!(sampled(r#"{"severity":""}"#).severity, Severity::Error);
    assert_eq!(sampled(r#"{"severity":"fatal"}"#).severity, Severity::Error);
    assert_eq!(sampled(r#"{"timestamp":"soon"}"#).timestamp, None);
    assert_eq!(sampled(r#"{"error":null}"#).exception, Exception::default());
    assert_eq!(sampled(r#"{"\u0075uid":"x"}"#).uuid, "x");
    let lines = sampled(r#"{"error":{"stacktrace":"a\nb\r\n\nc\n"}}"#).exception.stack;
    assert_eq!(frames(lines.as_ref()), Some(vec!["a", "b", "", "c"]));
    let nulls = sampled(r#"{"error":{"stacktrace":["a",null,"b"]}}"#).exception.stack;
    assert_eq!(frames(nulls.as_ref()), Some(vec!["a", "b"]));
    let headers = r#"{"http_context":{"request_headers":{"a":null,"b":1.5,"c":true,"d":[],"e":["x",2,null]}}}"#;
    let headers = sampled(headers).http.unwrap().headers.unwrap();
    let values: Vec<_> = headers.iter().map(|(_, value)| value.as_str()).collect();
    assert_eq!(values, ["", "1.5", "true", "", "x, 2, "]);
    let junk = sampled("{\"uuid\":\"a\\u0000b\0c\\ud800d\"}");
    assert_eq!(junk.uuid, "a\u{fffd}b\u{fffd}c\u{fffd}d");
}

#[test]
fn a_cause_chain_of_any_length_is_cut_and_counted() {
    let deep = 100_000;
    let causes = [r#"{"class":"c","message":"m","cause":"#.repeat(deep), "null".to_owned(), "}".repeat(deep)].concat();
    let sample = format!(r#"{{"error":{{"class":"top","cause":{causes}}},"uuid":"u"}}"#);
    let body = exposing(&[&format!(r#"{{"aggregation_key":"k","total_count":1,"latest_errors":[{sample}]}}"#)]);
    let limits = Limits { cause_depth_max: 5, ..Limits::default() };
    let exposition = read_within(&body, &limits);
    let sample = &exposition.aggregates[0].occurrences.as_ref().unwrap()[0];
    assert_eq!((sample.exception.causes.len(), sample.uuid.as_str()), (5, "u"));
    assert_eq!(exposition.dropped, Dropped { causes: deep as u64 - 5, ..Dropped::default() });
}

#[test]
fn what_follows_a_cause_belongs_to_what_it_caused() {
    let sample = sampled(r#"{"error":{"cause":{"cause":{"class":"c"},"class":"b"},"class":"a","message":"x"}}"#);
    let classes: Vec<_> = sample.exception.causes.iter().map(|cause| cause.class.as_str()).collect();
    assert_eq!((sample.exception.class.as_str(), classes), ("a", vec!["b", "c"]));
    let twice = sampled(r#"{"error":{"cause":{"class":"b","cause":{"class":"c"}},"cause":{"class":"d"}}}"#);
    assert_eq!(twice.exception.causes, [Cause { class: "d".to_owned(), ..Cause::default() }]);
    assert!(sampled(r#"{"error":{"cause":{"class":"b"},"cause":null}}"#).exception.causes.is_empty());
}

#[test]
fn every_limit_cuts_and_counts() {
    let sample = concat!(
        r#"{"uuid":"u","error":{"class":"cccc","message":"mmmm","stacktrace":["aa","bb","cc","dd"],"#,
        r#""cause":{"class":"1","cause":{"class":"2"}}},"http_context":{"request_url":"uuuu","request_body":"bbbb","#,
        r#""request_headers":{"a":"12345","b":"1","c":"2"}}}"#
    );
    let aggregate = format!(r#"{{"aggregation_key":"key","total_count":1,"latest_errors":[{sample}]}}"#);
    let roomy = Limits::default();
    let whole = read(&exposing(&[&aggregate]));
    assert_eq!(whole.dropped, Dropped::default());
    let truncated = |truncated| Dropped { truncated, ..Dropped::default() };
    for (limits, dropped) in [
        (Limits { key_bytes_max: 2, ..roomy.clone() }, Dropped { aggregates: 1, ..Dropped::default() }),
        (Limits { class_bytes_max: 3, ..roomy.clone() }, truncated(1)),
        (Limits { message_bytes_max: 3, ..roomy.clone() }, truncated(1)),
        (Limits { stack_frames_max: 3, ..roomy.clone() }, truncated(1)),
        (Limits { stack_bytes_max: 5, ..roomy.clone() }, truncated(1)),
        (Limits { cause_depth_max: 1, ..roomy.clone() }, Dropped { causes: 1, ..Dropped::default() }),
        (Limits { headers_max: 2, ..roomy.clone() }, truncated(1)),
        (Limits { header_bytes_max: 5, ..roomy.clone() }, truncated(1)),
        (Limits { url_bytes_max: 3, ..roomy.clone() }, truncated(1)),
        (Limits { request_body_bytes_max: 3, ..roomy.clone() }, truncated(1)),
    ] {
        let exposition = read_within(&exposing(&[&aggregate]), &limits);
        assert_eq!(exposition.dropped, dropped, "{limits:?}");
        assert_ne!(exposition.aggregates, whole.aggregates, "{limits:?}");
    }
    let limits = Limits { stack_bytes_max: 5, ..roomy };
    let exposition = read_within(&exposing(&[&aggregate, &aggregate.replace(r#""key""#, r#""other""#)]), &limits);
    let stack = &exposition.aggregates[1].occurrences.as_ref().unwrap()[0].exception.stack;
    assert_eq!(frames(stack.as_ref()), Some(vec!["aa", "bb", "c", "… [cut]"]));
    assert_eq!(exposition.dropped.truncated, 2, "a shared stack that was cut is cut in each sample");
}

#[test]
fn of_too_many_samples_the_newest_are_kept() {
    let samples: Vec<_> = [5, 9, 1, 7, 3].iter().map(|time| format!(r#"{{"timestamp":{time}}}"#)).collect();
    let aggregate = format!(r#"{{"aggregation_key":"k","total_count":5,"latest_errors":[{}]}}"#, samples.join(","));
    let limits = Limits { occurrences_per_aggregate_max: 3, ..Limits::default() };
    let exposition = read_within(&exposing(&[&aggregate]), &limits);
    let times: Vec<_> = exposition.aggregates[0]
        .occurrences
        .iter()
        .flatten()
        .map(|sample| sample.timestamp.unwrap().seconds())
        .collect();
    assert_eq!(times, [5, 9, 7]);
    assert_eq!(exposition.dropped, Dropped { occurrences: 2, ..Dropped::default() });
}

#[test]
fn of_too_many_aggregates_the_same_ones_are_taken_each_time() {
    let aggregate = |key: usize, count: u64| format!(r#"{{"aggregation_key":"k{key}","total_count":{count}}}"#);
    let limits = Limits { exposed_aggregates_max: 3, ..Limits::default() };
    let mut memo = Memo::default();
    let first: Vec<_> = (0..5).map(|key| aggregate(key, 1)).collect();
    let parsed =
        parse(exposing(&first.iter().map(String::as_str).collect::<Vec<_>>()).as_bytes(), &limits, &memo).unwrap();
    assert_eq!((parsed.exposition.aggregates.len(), parsed.exposition.dropped.aggregates), (3, 2));
    memo.commit(parsed.update);
    let second: Vec<_> = (0..5).rev().map(|key| aggregate(key, 2)).collect();
    let parsed =
        parse(exposing(&second.iter().map(String::as_str).collect::<Vec<_>>()).as_bytes(), &limits, &memo).unwrap();
    let mut keys: Vec<_> = parsed.exposition.aggregates.iter().map(|aggregate| aggregate.key.as_str()).collect();
    keys.sort_unstable();
    assert_eq!((keys.as_slice(), parsed.exposition.dropped.aggregates), (["k0", "k1", "k2"].as_slice(), 2));
}

#[test]
fn a_key_that_stands_twice_is_one_aggregate() {
    let one = r#"{"aggregation_key":"k","total_count":3,"severity":"info","latest_errors":[{"uuid":"a"}]}"#;
    let two = r#"{"aggregation_key":"\u006b","total_count":5,"severity":"warning","latest_errors":[{"uuid":"b"}]}"#;
    for order in [[one, two], [two, one]] {
        let exposition = read(&exposing(&order));
        assert_eq!(exposition.aggregates.len(), 1);
        let aggregate = &exposition.aggregates[0];
        assert_eq!((aggregate.total_count, aggregate.severity), (5, Severity::Warning));
        assert_eq!(aggregate.occurrences.as_ref().unwrap().len(), 2);
    }
    // With a memo in which the key stood once, the second one must not be taken for all there is.
    let mut memo = Memo::default();
    let limits = Limits::default();
    memo.commit(parse(exposing(&[two]).as_bytes(), &limits, &memo).unwrap().update);
    let parsed = parse(exposing(&[two, one]).as_bytes(), &limits, &memo).unwrap();
    assert_eq!(parsed.exposition.aggregates[0].total_count, 5);
    assert_eq!(parsed.exposition.unchanged, 0);
}

#[test]
fn what_did_not_change_is_not_read_again() {
    let (mut memo, limits) = (Memo::default(), Limits::default());
    let aggregate = |key: &str, count: u64, uuid: &str| {
        format!(
            r#"{{"aggregation_key":"{key}","total_count":{count},"latest_errors":[{{"uuid":"{uuid}"}}],"created_at":1}}"#
        )
    };
    let mut read = |aggregates: &[String], uuid: &str, hand_on: bool| {
        let body = format!(r#"{{"aggregated_errors":[{}],"target_uuid":"{uuid}"}}"#, aggregates.join(","));
        let parsed = parse(body.as_bytes(), &limits, &memo).unwrap();
        if hand_on {
            memo.commit(parsed.update);
        }
        let list = parsed
            .exposition
            .aggregates
            .iter()
            .map(|aggregate| (aggregate.key.clone(), aggregate.occurrences.is_some()))
            .collect::<Vec<_>>();
        (list, parsed.exposition.unchanged)
    };
    let (a, b, c) = (aggregate("a", 1, "x"), aggregate("b", 1, "x"), aggregate("c", 1, "x"));
    let some = |key: &str| (key.to_owned(), true);
    assert_eq!(read(&[a.clone(), b.clone()], "u", true), (vec![some("a"), some("b")], 0));
    assert_eq!(read(&[a.clone(), b.clone()], "u", true), (vec![], 2), "nothing changed");
    assert_eq!(read(&[b.clone(), a.clone(), c.clone()], "u", false), (vec![some("c")], 2), "another order");
    assert_eq!(read(&[b.clone(), a.clone(), c.clone()], "u", true), (vec![some("c")], 2), "not handed on");
    let counted = aggregate("a", 20, "x");
    assert_eq!(read(&[b.clone(), counted.clone()], "u", true), (vec![("a".to_owned(), false)], 1), "same samples");
    assert_eq!(read(&[counted.clone(), b.clone(), c.clone()], "u", true), (vec![some("c")], 2), "it was away");
    let sampled = aggregate("a", 20, "y");
    assert_eq!(read(&[sampled.clone(), b.clone()], "u", true), (vec![some("a")], 1));
    assert_eq!(read(&[sampled.clone(), b.clone()], "v", true), (vec![some("a"), some("b")], 0), "another process");
    let late = r#"{"total_count":1,"latest_errors":[{"uuid":"x"}],"aggregation_key":"b"}"#.to_owned();
    assert_eq!(read(&[sampled.clone(), late.clone()], "v", true), (vec![("b".to_owned(), false)], 1));
    assert_eq!(read(std::slice::from_ref(&late), "v", true), (vec![], 1), "the key comes last");
    assert_eq!(read(&[late.replace(":1,", ":2,")], "v", true), (vec![("b".to_owned(), false)], 0));
    let escaped = r#"{"aggregation_key":"\u0062","total_count":2}"#.to_owned();
    assert_eq!(read(&[escaped.clone(), a.clone()], "v", true), (vec![some("b"), some("a")], 0));
    assert_eq!(read(&[a.clone(), escaped.clone()], "v", true), (vec![], 2), "an escaped key");
}

#[test]
fn other_limits_read_everything_again() {
    let body = exposing(&[r#"{"aggregation_key":"k","total_count":1}"#]);
    let mut memo = Memo::default();
    let limits = Limits::default();
    memo.commit(parse(body.as_bytes(), &limits, &memo).unwrap().update);
    let other = Limits { message_bytes_max: 1, ..limits };
    assert_eq!(parse(body.as_bytes(), &other, &memo).unwrap().exposition.unchanged, 0);
}

#[test]
fn a_body_of_tiny_texts_keeps_no_more_than_its_size_and_a_reserve() {
    let frames: Vec<_> = (0..1000).map(|_| r#""""#).collect();
    let sample =
        |number: usize| format!(r#"{{"uuid":"{number}","error":{{"stacktrace":["{number}",{}]}}}}"#, frames.join(","));
    let mut aggregates = Vec::new();
    for key in 0..60 {
        let samples: Vec<_> = (0..50).map(|number| sample(key * 50 + number)).collect();
        let samples = samples.join(",");
        aggregates.push(format!(r#"{{"aggregation_key":"{key}","total_count":1,"latest_errors":[{samples}]}}"#));
    }
    let body = exposing(&aggregates.iter().map(String::as_str).collect::<Vec<_>>());
    let limits = Limits::default();
    let parsed = parse(body.as_bytes(), &limits, &Memo::default()).unwrap();
    let kept: usize =
        parsed.exposition.aggregates.iter().flat_map(|aggregate| aggregate.occurrences.iter()).map(Vec::len).sum();
    assert_eq!(parsed.exposition.aggregates.len(), 60, "counts are never dropped for want of memory");
    assert_eq!(kept as u64 + parsed.exposition.dropped.occurrences, 3000);
    assert!((500..2000).contains(&kept), "{kept} samples of 40 kB each within {} bytes of body", body.len());
    // What was dropped for want of memory must not count as known.
    let mut memo = Memo::default();
    memo.commit(parsed.update);
    let again = parse(format!("{body} ").as_bytes(), &limits, &memo).unwrap().exposition;
    assert!(again.unchanged < 60 && again.unchanged > 5, "{}", again.unchanged);
}

// ---- A plain reading, to compare with ----

fn plain(body: &[u8]) -> Exposition {
    let value: Value = serde_json::from_slice(body).unwrap();
    let mut exposition =
        Exposition { target_uuid: value["target_uuid"].as_str().map(str::to_owned), ..Exposition::default() };
    let mut places = BTreeMap::new();
    for aggregate in value["aggregated_errors"].as_array().into_iter().flatten() {
        let count = aggregate["total_count"].as_f64().filter(|n| n.fract() == 0.0 && (0.0..=9.1e15).contains(n));
        let key = aggregate["aggregation_key"].as_str().filter(|key| !key.is_empty());
        let (Some(key), Some(count)) = (key, count) else {
            exposition.dropped.aggregates += 1;
            continue;
        };
        let mut occurrences = Vec::new();
        for sample in aggregate["latest_errors"].as_array().into_iter().flatten() {
            match plain_occurrence(sample) {
                Some(occurrence) => occurrences.push(occurrence),
                None => exposition.dropped.occurrences += 1,
            }
        }
        let new = ExposedAggregate {
            key: key.to_owned(),
            total_count: count as u64,
            severity: Severity::from_wire(aggregate["severity"].as_str().unwrap_or("")),
            created_at: plain_time(&aggregate["created_at"]).unwrap_or(None),
            occurrences: Some(occurrences),
            ..ExposedAggregate::default()
        };
        let at = *places.entry(key.to_owned()).or_insert(exposition.aggregates.len());
        let Some(first) = exposition.aggregates.get_mut(at) else {
            exposition.aggregates.push(new);
            continue;
        };
        let all = [first.occurrences.take().unwrap(), new.occurrences.clone().unwrap()].concat();
        if new.total_count > first.total_count {
            *first = new;
        }
        first.occurrences = Some(all);
    }
    exposition
}

/// Absent or null is `Some` empty text, another type is `None`.
fn plain_text(value: &Value) -> Option<String> {
    if value.is_null() { Some(String::new()) } else { value.as_str().map(str::to_owned) }
}

fn plain_header(value: &Value) -> Option<String> {
    match value {
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Array(values) => Some(values.iter().map(plain_header).collect::<Option<Vec<_>>>()?.join(", ")),
        _ => plain_text(value),
    }
}

#[expect(clippy::option_option, reason = "a wrong type, none, some")]
fn plain_time(value: &Value) -> Option<Option<Timestamp>> {
    match value {
        Value::Null => Some(None),
        Value::String(text) => Some(Timestamp::parse_rfc3339(text)),
        Value::Number(number) => Some(Some(Timestamp((number.as_f64().unwrap() * 1000.0).round() as i64))),
        _ => None,
    }
}

#[expect(clippy::option_option, reason = "a wrong type, none, some")]
fn plain_stack(value: &Value) -> Option<Option<std::sync::Arc<Stack>>> {
    let frames = match value {
        Value::Null => return Some(None),
        Value::String(text) => text.lines().map(str::to_owned).collect(),
        Value::Array(frames) => frames.iter().map(|frame| frame.as_str().map(str::to_owned)).collect::<Option<_>>()?,
        _ => return None,
    };
    Some(Some(std::sync::Arc::new(Stack { frames })))
}

fn plain_occurrence(value: &Value) -> Option<Occurrence> {
    let value = value.as_object()?;
    let get = |key: &str| value.get(key).unwrap_or(&Value::Null);
    let severity = plain_text(get("severity"))?;
    let mut exception = Exception::default();
    let (mut next, mut depth) = (get("error"), 0);
    while !next.is_null() {
        let link = next.as_object()?;
        let get = |key: &str| link.get(key).unwrap_or(&Value::Null);
        let (class, message) = (plain_text(get("class"))?, plain_text(get("message"))?);
        let stack = plain_stack(get("stacktrace"))?;
        if depth == 0 {
            (exception.class, exception.message, exception.stack) = (class, message, stack);
        } else {
            exception.causes.push(Cause { class, message, stack });
        }
        depth += 1;
        next = link.get("cause").unwrap_or(&Value::Null);
    }
    let http = match get("http_context") {
        Value::Null => None,
        context => {
            let context = context.as_object()?;
            let get = |key: &str| context.get(key).unwrap_or(&Value::Null);
            let headers = match get("request_headers") {
                Value::Null => None,
                headers => {
                    let pairs = headers.as_object()?.iter();
                    Some(pairs.map(|(name, value)| Some((name.clone(), plain_header(value)?))).collect::<Option<_>>()?)
                }
            };
            let body = if get("request_body").is_null() { None } else { Some(plain_text(get("request_body"))?) };
            let (method, url) = (plain_text(get("request_method"))?, plain_text(get("request_url"))?);
            Some(HttpContext { method, url, headers, body })
        }
    };
    let severity = Severity::from_wire(&severity);
    Some(Occurrence {
        uuid: plain_text(get("uuid"))?,
        timestamp: plain_time(get("timestamp"))?,
        severity,
        exception,
        http,
    })
}

// ---- Random expositions ----

/// Deterministic choices from a seed (splitmix64).
#[derive(Debug, Clone)]
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.roll() % n as u64) as usize
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    fn space(&mut self) -> &'static str {
        self.pick(&["", "", "", "", " ", "\n", "\t \r\n"])
    }

    /// A string literal of this text, each character written in one of the ways JSON has.
    fn string(&mut self, text: &str) -> String {
        let mut out = String::from("\"");
        let odd = self.below(3) == 0;
        for character in text.chars() {
            let mut units = [0; 2];
            match character {
                '"' | '\\' => out.extend(['\\', character]),
                '\n' if self.below(2) == 0 => out.push_str("\\n"),
                '/' if odd => out.push_str("\\/"),
                _ if (character as u32) < 32 || (odd && self.below(4) == 0) => {
                    for unit in character.encode_utf16(&mut units) {
                        let _ = write!(out, "\\u{unit:04x}");
                    }
                }
                _ => out.push(character),
            }
        }
        out.push('"');
        out
    }

    fn text(&mut self) -> String {
        let text =
            self.pick(&["", "boom", "a \"b\" \\ c", "zwei\nZeilen/ü", "𝄞 clef 😀", "\u{1}\u{7f}", "x, y: [z] {w}"]);
        let more = "long ".repeat(self.below(8));
        self.string(&format!("{text}{more}{}", self.clone().below(5)))
    }

    fn text_or_worse(&mut self) -> String {
        if self.below(12) == 0 { self.pick(&["null", "null", "7", "[]"]).to_owned() } else { self.text() }
    }

    fn object(&mut self, mut fields: Vec<(&str, String)>) -> String {
        for _ in 0..self.below(2) {
            let junk = self.pick(&["1", "[[],{\"a\":{}}]", "{\"aggregation_key\":\"no\"}", "\"}\"", "null", "-15"]);
            fields.push((self.clone().pick(&["unknown", "aggregation_keys", "x"]), junk.to_owned()));
        }
        if self.below(2) == 0 {
            for at in (1..fields.len()).rev() {
                fields.swap(at, self.below(at + 1));
            }
        }
        fields.retain(|_| self.below(20) > 0);
        let fields: Vec<_> = fields
            .into_iter()
            .map(|(name, value)| {
                let name = self.string(name);
                format!("{}{name}{}:{}{value}{}", self.space(), self.space(), self.space(), self.space())
            })
            .collect();
        format!("{{{}{}}}", fields.join(","), if fields.is_empty() { self.space() } else { "" })
    }

    fn stack(&mut self) -> String {
        if self.below(6) == 0 {
            return self.pick(&["null", "[]", "{}", "[1]", "\"one\\ntwo\\n\""]).to_owned();
        }
        let frames: Vec<_> = (0..self.below(4)).map(|_| self.text()).collect();
        format!("[{}{}]", self.space(), frames.join(&format!(",{}", self.space())))
    }

    fn exception(&mut self, depth: usize) -> String {
        let cause = if depth < 4 && self.below(3) == 0 { self.exception(depth + 1) } else { "null".to_owned() };
        let fields = vec![
            ("class", self.text_or_worse()),
            ("message", self.text()),
            ("stacktrace", self.stack()),
            ("cause", cause),
        ];
        self.object(fields)
    }

    fn sample(&mut self) -> String {
        let time =
            self.pick(&["null", "\"2026-11-20T10:00:00.5Z\"", "1795168800", "\"x\"", "1795168800.25"]).to_owned();
        let header = self.text_or_worse();
        let headers = if self.below(4) == 0 { "null".to_owned() } else { self.object(vec![("A-Name", header)]) };
        let fields = vec![
            ("request_method", "\"GET\"".to_owned()),
            ("request_url", self.text()),
            ("request_headers", headers),
            ("request_body", self.text_or_worse()),
        ];
        let http = if self.below(3) == 0 { "null".to_owned() } else { self.object(fields) };
        let fields = vec![
            ("error", self.exception(0)),
            ("uuid", self.text_or_worse()),
            ("timestamp", time),
            ("severity", self.pick(&["\"error\"", "\"Info\"", "null", "\"\""]).to_owned()),
            ("http_context", http),
        ];
        self.object(fields)
    }

    fn aggregate(&mut self, key: &str, count: &str, samples: &[String]) -> String {
        let key = self.string(key);
        let fields = vec![
            ("aggregation_key", key),
            ("total_count", count.to_owned()),
            ("severity", self.pick(&["\"error\"", "\"warning\"", "null", "\"\"", "\"odd\""]).to_owned()),
            ("latest_errors", format!("[{}{}]", self.space(), samples.join(","))),
            ("created_at", self.pick(&["null", "\"2026-11-20T10:00:00Z\"", "5"]).to_owned()),
        ];
        self.object(fields)
    }

    fn exposition(&mut self) -> String {
        let aggregates: Vec<_> = (0..self.below(6))
            .map(|_| {
                let samples: Vec<_> = (0..self.below(4)).map(|_| self.sample()).collect();
                let key = format!("k{}", self.below(12));
                let count = self.pick(&["1", "2", "3.0", "4e0", "-1", "\"5\"", "1e30", "null", "6"]);
                self.aggregate(&key, count, &samples)
            })
            .collect();
        let fields =
            vec![("aggregated_errors", format!("[{}]", aggregates.join(" ,"))), ("target_uuid", "\"u-1\"".to_owned())];
        self.object(fields)
    }
}

/// Header order is lost in the plain reading.
fn sorted(mut exposition: Exposition) -> Exposition {
    (exposition.complete, exposition.keys, exposition.aggregates_max) = (false, 0, None);
    for sample in exposition.aggregates.iter_mut().flat_map(|aggregate| aggregate.occurrences.iter_mut().flatten()) {
        if let Some(headers) = sample.http.as_mut().and_then(|http| http.headers.as_mut()) {
            headers.sort();
        }
    }
    exposition
}

/// What a store would hold: for each process and key the last thing said.
type State = BTreeMap<(Option<String>, String), ExposedAggregate>;

fn apply(state: &mut State, exposition: &Exposition) {
    for aggregate in &exposition.aggregates {
        let id = (exposition.target_uuid.clone(), aggregate.key.clone());
        let mut new = ExposedAggregate { last_count: None, ..aggregate.clone() };
        if new.occurrences.is_none() {
            new.occurrences = state[&id].occurrences.clone();
        }
        state.insert(id, new);
    }
}

proptest! {
    #[test]
    fn a_random_exposition_is_read_as_plainly(seed: u64) {
        let body = Dice(seed).exposition();
        let parsed = parse(body.as_bytes(), &Limits::default(), &Memo::default()).unwrap();
        prop_assert_eq!(sorted(parsed.exposition), sorted(plain(body.as_bytes())), "{}", body);
    }

    #[test]
    fn with_a_memo_everything_ends_as_without(seed: u64) {
        let mut dice = Dice(seed);
        let limits = Limits { exposed_aggregates_max: if dice.below(4) == 0 { 4 } else { 100 }, ..Limits::default() };
        let (mut memo, mut with, mut without) = (Memo::default(), State::new(), State::new());
        let mut uuid = 0;
        // Each aggregate: key, count, samples, and the seed of the way it is written.
        let mut fleet: Vec<(usize, u64, Vec<String>, u64)> = Vec::new();
        for _ in 0..12 {
            for _ in 0..dice.below(4) {
                let at = dice.below(fleet.len() + 1);
                match (dice.below(6), at < fleet.len()) {
                    (0, true) => drop(fleet.remove(at)),
                    (1, true) => fleet[at].1 += 1,
                    (2 | 3, true) => {
                        fleet[at].1 += 1;
                        let sample = dice.sample();
                        fleet[at].2.push(sample);
                    }
                    (4, true) => fleet.swap(0, at),
                    // Now and then a key that is there already.
                    _ => fleet.push((dice.below(9), dice.clone().roll() % 5, vec![dice.sample()], dice.roll())),
                }
            }
            if dice.below(6) == 0 {
                uuid = dice.below(3);
            }
            let aggregates: Vec<_> = fleet
                .iter()
                .map(|(key, count, samples, style)| Dice(*style).aggregate(&format!("k{key}"), &count.to_string(), samples))
                .collect();
            let body = format!(r#"{{"aggregated_errors":[{}],"target_uuid":"{uuid}"}}"#, aggregates.join(","));
            let parsed = parse(body.as_bytes(), &limits, &memo).unwrap();
            if limits.exposed_aggregates_max == 4 {
                // Which ones are taken depends on what was taken before.
                prop_assert!(parsed.exposition.aggregates.len() + parsed.exposition.unchanged <= 4);
                memo.commit(parsed.update);
                continue;
            }
            let whole = parse(body.as_bytes(), &limits, &Memo::default()).unwrap().exposition;
            prop_assert_eq!(parsed.exposition.aggregates.len() + parsed.exposition.unchanged, whole.aggregates.len());
            prop_assert_eq!(parsed.exposition.dropped.aggregates, whole.dropped.aggregates);
            prop_assert_eq!(&parsed.exposition.target_uuid, &whole.target_uuid);
            if dice.below(5) > 0 {
                apply(&mut with, &parsed.exposition);
                apply(&mut without, &whole);
                memo.commit(parsed.update);
                prop_assert_eq!(&with, &without);
            }
        }
    }

    #[test]
    fn damage_never_panics(seed: u64, damage in prop::collection::vec((any::<u8>(), any::<u16>(), any::<u8>()), 1..6)) {
        let limits = Limits { message_bytes_max: 5, stack_bytes_max: 7, cause_depth_max: 1, ..Limits::default() };
        let body = Dice(seed).exposition().into_bytes();
        let mut memo = Memo::default();
        memo.commit(parse(&body, &limits, &memo).unwrap().update);
        let mut junk = body.clone();
        for (kind, at, byte) in damage {
            let at = usize::from(at) % junk.len().max(1);
            match kind % 4 {
                0 if !junk.is_empty() => junk[at] = byte,
                1 if !junk.is_empty() => drop(junk.remove(at)),
                2 => junk.truncate(at),
                _ => junk.insert(at.min(junk.len()), b"\"\\{}[]:,0en\0"[usize::from(byte) % 12]),
            }
        }
        let alone = parse(&junk, &limits, &Memo::default());
        let known = parse(&junk, &limits, &memo);
        prop_assert_eq!(alone.is_ok(), known.is_ok());
    }
}

/// An aggregate with this key, count and one sample with this message.
fn keyed(key: &str, count: u64, message: &str) -> String {
    format!(
        r#"{{"aggregation_key":"{key}","total_count":{count},"latest_errors":[{{"uuid":"{key}","error":{{"class":"C","message":"{message}"}}}}]}}"#
    )
}

#[test]
fn keys_that_differ_by_their_secrets_are_one_aggregate_whose_counts_add_up() {
    let (limits, mut memo) = (Limits::default(), Memo::default());
    let secret = |name: &str, count: u64| keyed(&format!("E@password={name}"), count, "m");
    let body = |a: u64, b: u64| {
        exposing(&[&secret("one", a), &keyed("Plain@1", 7, "m"), &secret("two", b), &secret("one", a)])
    };
    for (a, b) in [(3, 4), (3, 4), (3, 9), (5, 9)] {
        let parsed = parse(body(a, b).as_bytes(), &limits, &memo).unwrap();
        let found: Vec<_> =
            parsed.exposition.aggregates.iter().map(|one| (one.key.as_str(), one.total_count)).collect();
        // All of them are needed for the sum, so none is ever skipped; and one that stands twice counts once.
        assert!(found.contains(&("E@password=[redacted]", a + b)), "{found:?}");
        let plain = usize::from(found.contains(&("Plain@1", 7)));
        assert_eq!((found.len(), parsed.exposition.unchanged), (1 + plain, 1 - plain));
        memo.commit(parsed.update);
    }
    // What another server has hidden already counts as one more.
    let hidden = keyed("E@password=[redacted]", 100, "m");
    for body in [exposing(&[&hidden, &secret("one", 3)]), exposing(&[&secret("one", 3), &hidden])] {
        let mut memo = Memo::default();
        for _ in 0..2 {
            let parsed = parse(body.as_bytes(), &limits, &memo).unwrap();
            let counts: Vec<u64> = parsed.exposition.aggregates.iter().map(|one| one.total_count).collect();
            assert_eq!(counts, [103]);
            memo.commit(parsed.update);
        }
    }
}

#[test]
fn other_rules_are_another_reading() {
    let limits = Limits::default();
    let body = exposing(&[&keyed("E@1", 1, "pin=1234")]);
    let read = |redaction: &crate::config::Redaction, memo: &Memo| {
        super::parse(body.as_bytes(), &limits, &Redactor::new(redaction), memo).unwrap()
    };
    let before = crate::config::Redaction::default();
    let after = crate::config::Redaction { fields: vec!["pin".to_owned()], ..before.clone() };
    let mut memo = Memo::default();
    memo.commit(read(&before, &memo).update);
    assert_eq!(read(&before, &memo).exposition.unchanged, 1);
    let parsed = read(&after, &memo);
    let message = &parsed.exposition.aggregates[0].occurrences.as_ref().unwrap()[0].exception.message;
    assert_eq!(message, "pin=[redacted]");
    assert_eq!(parsed.redacted.iter().map(|(_, count)| count).sum::<u64>(), 1);
}

#[test]
fn processes_are_told_apart_whatever_is_hidden_of_their_names() {
    let uuid =
        |name: &str| read(&format!(r#"{{"target_uuid":"token={name}","aggregated_errors":[]}}"#)).target_uuid.unwrap();
    let (one, two) = (uuid("one"), uuid("two"));
    assert!(one != two && one == uuid("one"));
    assert!(one.starts_with("[redacted]~") && !one.contains("one"), "{one}");
}
