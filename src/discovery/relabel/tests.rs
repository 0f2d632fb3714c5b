//! Relabel rules, case by case, as Prometheus applies them.

use proptest::prelude::*;

use super::*;
use crate::config::parse;

/// Reads rules as they stand in a configuration.
fn rules(yaml: &str) -> Vec<Relabel> {
    let text = format!("services: [{{name: x, static_configs: [{{}}], relabel_configs: {yaml}}}]");
    parse(&text, "rules").unwrap_or_else(|error| panic!("{yaml}: {error}")).services[0].relabel.clone()
}

/// `a=1,b=2`; `dropped` when a rule drops it.
fn run(yaml: &str, labels: &str) -> String {
    let pairs = labels.split(',').filter_map(|pair| pair.split_once('='));
    let mut labels = Labels::from_pairs(pairs);
    if !relabel(&rules(yaml), &mut labels) {
        return "dropped".to_owned();
    }
    labels.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(",")
}

fn check(cases: &[(&str, &str, &str)]) {
    for (yaml, labels, expect) in cases {
        assert_eq!(run(yaml, labels), *expect, "{yaml} on {labels}");
    }
}

#[test]
fn replace_writes_what_the_expression_caught() {
    check(&[
        ("[{source_labels: [a], target_label: b}]", "a=1", "a=1,b=1"),
        ("[{source_labels: [a], regex: 'x(.*)', target_label: b, replacement: '$1-$1'}]", "a=xy", "a=xy,b=y-y"),
        ("[{source_labels: [a], regex: 'y', target_label: b, replacement: z}]", "a=xyx", "a=xyx"),
        ("[{source_labels: [a, b], target_label: c}]", "a=1,b=2", "a=1,b=2,c=1;2"),
        ("[{source_labels: [a, b], separator: '', target_label: c}]", "a=1,b=2", "a=1,b=2,c=12"),
        ("[{source_labels: [a, none, b], target_label: c}]", "a=1,b=2", "a=1,b=2,c=1;;2"),
        ("[{target_label: c, replacement: always}]", "a=1", "a=1,c=always"),
        ("[{source_labels: [none], target_label: a}]", "a=1,b=2", "b=2"),
        ("[{source_labels: [a], regex: '(x)?y', target_label: b}]", "a=y,b=2", "a=y"),
        ("[{source_labels: [a], target_label: '${1}_x', replacement: z}]", "a=n", "a=n,n_x=z"),
        ("[{source_labels: [none], target_label: '$1', replacement: z}]", "a=1", "a=1"),
        (
            "[{source_labels: [a], regex: '(?P<host>[^:]+):.*', target_label: h, replacement: '${host}'}]",
            "a=x:1",
            "a=x:1,h=x",
        ),
        ("[{source_labels: [a], regex: '.*', target_label: a, replacement: ''}]", "a=1,b=2", "b=2"),
        ("[{source_labels: [a], regex: 'a.c', target_label: b, replacement: y}]", "a=a\nc", "a=a\nc,b=y"),
        ("[{source_labels: [a], target_label: b}, {source_labels: [b], target_label: c}]", "a=1", "a=1,b=1,c=1"),
        ("[{source_labels: [a], regex: '', target_label: b, replacement: empty}]", "c=1", "b=empty,c=1"),
        ("[{source_labels: [a], regex: , target_label: b, replacement: empty}]", "c=1", "b=empty,c=1"),
        ("[{source_labels: [a], regex: 'ab|cd', target_label: b, replacement: y}]", "a=abd", "a=abd"),
        ("[{action: Replace, source_labels: [a], target_label: b}]", "a=1", "a=1,b=1"),
        (
            "[{source_labels: [__address__], regex: '(.*):\\d+', target_label: __address__, replacement: '$1:80'}]",
            "__address__=h:1",
            "__address__=h:80",
        ),
    ]);
}

#[test]
fn references_are_those_of_go() {
    for (replacement, expect) in [
        ("$1", "A"),
        ("${1}", "A"),
        ("$1x", ""),
        ("${1}x", "Ax"),
        ("$2$1", "BA"),
        ("$0", "AB"),
        ("$9", ""),
        ("$01", ""),
        ("$$1", "$1"),
        ("$", "$"),
        ("a$", "a$"),
        ("$-", "$-"),
        ("${1", "${1"),
        ("${}", "${}"),
        ("${1-}", "${1-}"),
        ("$name", "B"),
        ("${name}s", "Bs"),
        ("$names", ""),
        ("$99999999999", ""),
        ("$$$1", "$A"),
        ("1$2", "1B"),
    ] {
        let yaml =
            format!("[{{source_labels: [a], regex: '(A)(?P<name>B)', target_label: b, replacement: '{replacement}'}}]");
        let expect = if expect.is_empty() { "a=AB".to_owned() } else { format!("a=AB,b={expect}") };
        assert_eq!(run(&yaml, "a=AB"), expect, "{replacement}");
    }
}

#[test]
fn keep_and_drop_look_at_the_whole_value() {
    check(&[
        ("[{action: keep, source_labels: [a], regex: x}]", "a=x", "a=x"),
        ("[{action: keep, source_labels: [a], regex: x}]", "a=xy", "dropped"),
        ("[{action: keep, source_labels: [a], regex: x.*}]", "a=xy", "a=xy"),
        ("[{action: keep, source_labels: [a], regex: x}]", "b=x", "dropped"),
        ("[{action: keep, source_labels: [none], regex: ''}]", "b=x", "b=x"),
        ("[{action: keep}]", "a=1", "a=1"),
        ("[{action: drop, source_labels: [a], regex: x}]", "a=x", "dropped"),
        ("[{action: drop, source_labels: [a], regex: x}]", "a=xy", "a=xy"),
        ("[{action: drop, source_labels: [a, b], regex: 'x;y'}]", "a=x,b=y", "dropped"),
        ("[{action: drop}]", "a=1", "dropped"),
        ("[{action: drop, source_labels: [a], regex: '(?i)X'}]", "a=x", "dropped"),
        ("[{action: keep, source_labels: [a], regex: x}, {target_label: b, replacement: c}]", "a=y", "dropped"),
        ("[{target_label: a, replacement: x}, {action: keep, source_labels: [a], regex: x}]", "a=y", "a=x"),
    ]);
}

#[test]
fn keepequal_and_dropequal_compare_two_values() {
    check(&[
        ("[{action: keepequal, source_labels: [a], target_label: b}]", "a=1,b=1", "a=1,b=1"),
        ("[{action: keepequal, source_labels: [a], target_label: b}]", "a=1,b=2", "dropped"),
        ("[{action: keepequal, source_labels: [a], target_label: b}]", "c=1", "c=1"),
        ("[{action: keepequal, source_labels: [a, b], target_label: c}]", "a=1,b=2,c=1;2", "a=1,b=2,c=1;2"),
        ("[{action: dropequal, source_labels: [a], target_label: b}]", "a=1,b=1", "dropped"),
        ("[{action: dropequal, source_labels: [a], target_label: b}]", "a=1,b=2", "a=1,b=2"),
        ("[{action: dropequal, source_labels: [a], target_label: b}]", "c=1", "dropped"),
        ("[{action: DropEqual, source_labels: [a], target_label: b}]", "a=1", "a=1"),
    ]);
}

#[test]
fn case_changes_one_character_for_one() {
    check(&[
        ("[{action: lowercase, source_labels: [a], target_label: b}]", "a=FoO", "a=FoO,b=foo"),
        ("[{action: uppercase, source_labels: [a], target_label: b}]", "a=FoO", "a=FoO,b=FOO"),
        ("[{action: uppercase, source_labels: [a], target_label: a}]", "a=größe", "a=GRÖßE"),
        ("[{action: lowercase, source_labels: [a], target_label: a}]", "a=ΑΣ", "a=ασ"),
        ("[{action: lowercase, source_labels: [a, c], target_label: b}]", "a=X,c=Y", "a=X,b=x;y,c=Y"),
        ("[{action: lowercase, source_labels: [none], target_label: a}]", "a=1,b=2", "b=2"),
    ]);
}

#[test]
fn hashmod_shards_as_prometheus_does() {
    check(&[
        ("[{action: hashmod, source_labels: [c], target_label: d, modulus: 1000}]", "c=baz", "c=baz,d=976"),
        ("[{action: hashmod, source_labels: [a], target_label: d, modulus: 1000}]", "a=foo\nbar", "a=foo\nbar,d=734"),
        (
            "[{action: hashmod, source_labels: [a, c], target_label: d, modulus: 18446744073709551615}]",
            "a=foo,c=baz",
            "a=foo,c=baz,d=7392060644614313158",
        ),
        ("[{action: hashmod, source_labels: [none], target_label: d, modulus: 7}]", "a=1", "a=1,d=1"),
        ("[{action: hashmod, source_labels: [a], target_label: d, modulus: 1}]", "a=1", "a=1,d=0"),
    ]);
}

#[test]
fn label_actions_work_on_names() {
    check(&[
        ("[{action: labelmap, regex: '__meta_(.+)'}]", "__meta_zone=a", "__meta_zone=a,zone=a"),
        (
            "[{action: labelmap, regex: '(b.*)', replacement: 'bar_${1}'}]",
            "a=1,b1=2,b2=3",
            "a=1,b1=2,b2=3,bar_b1=2,bar_b2=3",
        ),
        ("[{action: labelmap, regex: 'b'}]", "ab=1", "ab=1"),
        ("[{action: labelmap, regex: 'm_(.+)'}]", "m_x=new,x=old", "m_x=new,x=new"),
        ("[{action: labelmap, regex: '(a|b)', replacement: same}]", "a=1,b=2", "a=1,b=2,same=2"),
        ("[{action: labelmap, regex: '(x)?a', replacement: '$1'}]", "a=1", "a=1"),
        ("[{action: labelmap, regex: '(.)', replacement: '$1x'}]", "a=1", "a=1"),
        ("[{action: labelmap, regex: '(.)', replacement: '${1}${1}'}]", "a=1", "a=1,aa=1"),
        ("[{action: labeldrop, regex: 'b.*'}]", "a=1,b1=2,b2=3", "a=1"),
        ("[{action: labeldrop, regex: b}]", "ab=1,b=2", "ab=1"),
        ("[{action: labelkeep, regex: 'b.*'}]", "a=1,b1=2,b2=3", "b1=2,b2=3"),
        ("[{action: labelkeep, regex: 'none'}]", "a=1", ""),
        ("[{action: labeldrop}]", "a=1", ""),
    ]);
}

#[test]
fn rules_that_prometheus_refuses_are_refused() {
    for (rule, expect) in [
        ("{}", "action replace requires target_label"),
        ("{action: lowercase}", "action lowercase requires target_label"),
        ("{action: hashmod, target_label: a}", "action hashmod requires a modulus above 0"),
        ("{action: hashmod, modulus: 3}", "action hashmod requires target_label"),
        ("{action: keepequal}", "action keepequal requires target_label"),
        ("{action: uppercase, target_label: a, replacement: b}", "action uppercase takes no replacement"),
        (
            "{action: keepequal, target_label: a, regex: b}",
            "action keepequal takes source_labels and target_label and nothing else",
        ),
        (
            "{action: dropequal, target_label: a, modulus: 1}",
            "action dropequal takes source_labels and target_label and nothing else",
        ),
        (
            "{action: dropequal, target_label: a, separator: ','}",
            "action dropequal takes source_labels and target_label and nothing else",
        ),
        ("{action: labelmap, replacement: ''}", "action labelmap requires a replacement that is not empty"),
        ("{action: labeldrop, source_labels: []}", "action labeldrop takes regex and nothing else"),
        ("{action: labelkeep, target_label: a}", "action labelkeep takes regex and nothing else"),
        ("{action: labelkeep, replacement: a}", "action labelkeep takes regex and nothing else"),
    ] {
        let text = format!("services: [{{name: x, relabel_configs: [{rule}]}}]");
        let error = parse(&text, "x").unwrap_err();
        assert_eq!(error.what, expect, "{rule}");
    }
}

proptest! {
    #[test]
    fn no_template_panics(template in "[$a-c{}1-3é_-]{0,12}", value in "\\PC{0,8}") {
        let regex = regex::Regex::new("^(?s:(.)?(?P<a>.*))$").unwrap();
        let captures = regex.captures(&value).unwrap();
        let _ = expand(&template, &captures);
    }
}
