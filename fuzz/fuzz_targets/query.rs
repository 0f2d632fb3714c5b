//! Any text read as a query ends in an error with its place in the text, or in a query that is written as a text which is read as the
//! same; and any texts read as times, steps and offsets end in an error or in buckets that hold the range.
#![no_main]

use hydrophone::model::time::{Millis, Timestamp};
use hydrophone::query::Error;
use hydrophone::query::filter::rule::RuleQuery;
use hydrophone::query::matcher::{DEPTH_MAX, Node, QUERY_CHARS_MAX, Query, TERMS_MAX, Term};
use hydrophone::query::pattern::Pattern;
use hydrophone::query::time::{POINTS_MAX, buckets, parse_range};
use libfuzzer_sys::fuzz_target;

const NOW: Timestamp = Timestamp(1_795_168_800_000);

// The first byte chooses what the others are.
fuzz_target!(|data: &[u8]| {
    let Some((choice, rest)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    match choice % 4 {
        0 | 1 => query(text),
        2 => pattern(text),
        _ => times(text),
    }
});

fn query(text: &str) {
    let query = match Query::parse(text) {
        Ok(query) => query,
        Err(error) => {
            let Error::Invalid { position: Some(position), .. } = error else { panic!("no place: {error:?}") };
            assert!(position <= text.chars().count(), "position {position}");
            return;
        }
    };
    assert!(query.terms().len() <= TERMS_MAX);
    // As deep as it can be read: lists take a level each, too.
    assert!(depth(&query.root) <= 3 * DEPTH_MAX + 3);
    let printed = query.to_string();
    if printed.chars().count() <= QUERY_CHARS_MAX {
        let again = Query::parse(&printed).unwrap_or_else(|error| panic!("{printed:?}: {error}"));
        assert_eq!(placeless(&again.root), placeless(&query.root), "{printed:?}");
        assert_eq!(again.to_string(), printed);
    }
    if let Err(error) = RuleQuery::parse(text) {
        let Error::Invalid { position: Some(position), .. } = error else { panic!("no place: {error:?}") };
        assert!(position < text.chars().count(), "position {position}");
    }
}

fn depth(node: &Node) -> usize {
    match node {
        Node::Term(_) => 1,
        Node::Not(node) => 1 + depth(node),
        Node::And(nodes) | Node::Or(nodes) => 1 + nodes.iter().map(depth).max().unwrap_or(0),
    }
}

/// The same, wherever its terms stand.
fn placeless(node: &Node) -> Node {
    match node {
        Node::Term(term) => Node::Term(Term { position: 0, ..term.clone() }),
        Node::Not(node) => Node::Not(Box::new(placeless(node))),
        Node::And(nodes) => Node::And(nodes.iter().map(placeless).collect()),
        Node::Or(nodes) => Node::Or(nodes.iter().map(placeless).collect()),
    }
}

/// The first line is a pattern, the rest is what it is compared with.
fn pattern(text: &str) {
    let (pattern, other) = text.split_once('\n').unwrap_or((text, text));
    let (pattern, exactly) = (Pattern::parse(pattern), Pattern::exactly(other));
    let _ = pattern.matches(other);
    assert!(exactly.matches(other));
    let (shown, written) = (exactly.to_string(), pattern.to_string());
    assert_eq!(Pattern::literal(&shown[1..shown.len() - 1]), exactly);
    assert_eq!(Pattern::parse(&written[1..written.len() - 1]), pattern);
    assert!(pattern.exact().is_none_or(|exact| pattern.matches(exact)));
}

/// Start, end, step and offset, a line each; an empty one is not given.
fn times(text: &str) {
    let mut lines = text.split('\n').map(|line| Some(line).filter(|line| !line.is_empty()));
    let mut next = || lines.next().flatten();
    let (start, end, step, align) = (next(), next(), next(), next());
    let Ok(range) = parse_range(start, end, NOW) else { return };
    assert!(range.start < range.end);
    let Ok(buckets) = buckets(range, step, align, Millis(1000)) else { return };
    let end = buckets.start.0 + buckets.step.0 * buckets.len as i64;
    assert!(buckets.len <= POINTS_MAX && buckets.start <= range.start && range.end.0 <= end, "{buckets:?}");
}
