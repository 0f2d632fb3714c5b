//! Queries as they are read and shown.

use proptest::prelude::*;

use super::*;
use crate::query::Error;

#[test]
fn queries_are_read_as_they_are_written() {
    for (text, canonical) in [
        ("", ""),
        ("   ", ""),
        ("service:checkout", r#"service:"checkout""#),
        ("level:warning  -severity:info", r#"severity:"warning" -severity:"info""#),
        ("severity:*", r#"severity:"*""#),
        ("state:open is:new is:resolved", r#"state:"open" is:new is:resolved"#),
        (r#"class:*Timeout* message:"connection reset""#, r#"class:"*Timeout*" message:"connection reset""#),
        (r"class:App\Foo", r#"class:"App\\Foo""#),
        ("key:a:b:c aggregate:17", r#"key:"a:b:c" aggregate:17"#),
        ("target.version:2.* label.team:payments", r#"target.version:"2.*" label.team:"payments""#),
        (r#"label.team:"" -label.team:*"#, r#"label.team:"" -label.team:"*""#),
        ("timeout -retry", "timeout -retry"),
        (r#""-x" --x "OR" a"b"#, r#""-x" -\-x "OR" a\"b"#),
        (r#""say \"hi\"" "a*b" "a\*b""#, r#""say \"hi\"" "a\*b" "a\*b""#),
        ("a OR b c OR d", "a OR b c OR d"),
        ("(a OR b) AND (c OR d)", "(a OR b) (c OR d)"),
        ("((a b) c) OR ((d))", "a b c OR d"),
        ("NOT a NOT NOT b -(c d) NOT (e OR f)", "-a b -(c d) -(e OR f)"),
        ("-NOT a", "a"),
        ("(getUser() OR f(x))", r"getUser\(\) OR f\(x\)"),
        (r"\(x a\)", r"\(x a\)"),
        ("conn* *pool* a*b", "conn* *pool* a*b"),
        (
            "ActiveRecord::RecordNotFound http://shop/cart 10.0.0.1:5432 :8080",
            "ActiveRecord::RecordNotFound http://shop/cart 10.0.0.1:5432 :8080",
        ),
        (r"is\:open a\:b", r"is\:open a\:b"),
        ("url:http://shop/* url:/health", "url:http://shop/* url:/health"),
        (
            "header.User-Agent:curl header:x method:POST cause:y stack:z",
            "header.User-Agent:curl header:x method:POST cause:y stack:z",
        ),
        (
            "has:label.team -has:stack has:header.x-request-id has:target.zone",
            "has:label.team -has:stack has:header.x-request-id has:target.zone",
        ),
        ("first_seen:>-24h last_seen:<=now-7d first_seen:<now", "first_seen:>-1d last_seen:<=-7d first_seen:<now"),
        ("first_seen:>=2026-11-20T12:00:00+02:00", "first_seen:>=2026-11-20T10:00:00Z"),
        (
            "last_seen:>1795168800 last_seen:<2026-11-20 last_seen:<+5m",
            "last_seen:>2026-11-20T10:00:00Z last_seen:<2026-11-20T00:00:00Z last_seen:<+5m",
        ),
        ("count:>100 count:5 count:<=7", "count:>100 count:=5 count:<=7"),
        ("or and not And", "or and not And"),
    ] {
        let query = Query::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(query.to_string(), canonical, "{text}");
    }
}

#[test]
fn not_binds_more_than_and_and_and_more_than_or() {
    let same = |a: &str, b: &str| {
        assert_eq!(Query::parse(a).unwrap().to_string(), Query::parse(b).unwrap().to_string(), "{a} is {b}");
    };
    same("a b OR c d", "(a b) OR (c d)");
    same("a AND b OR c", "(a AND b) OR c");
    same("NOT a b", "(NOT a) b");
    same("NOT a OR b", "(NOT a) OR b");
    same("-a OR b", "(-a) OR b");
}

#[test]
fn mistakes_are_named_with_their_place() {
    for (text, position, says) in [
        ("servce:x", 0, r#"there is no key "servce"; did you mean "service"?; known: service, is, severity"#),
        ("a -colour:red", 3, r#"there is no key "colour"; known: service"#),
        ("(a OR colour:red)", 6, r#"there is no key "colour"; known: service"#),
        ("Error:x", 0, "put text that holds a colon in quotes"),
        ("target.:x", 0, r#"there is no key "target.""#),
        ("service:", 8, r#"service: has no value; write service:"" for an empty one"#),
        ("(service:)", 9, "service: has no value"),
        ("service:(a OR b)", 8, "one value follows service:; write (service:a OR service:b)"),
        ("severity:eror", 9, r#"there is no severity "eror"; did you mean "error"?; known: info, warning, error"#),
        ("state:closed", 6, r#"there is no state "closed""#),
        ("is:newish", 3, "there is no is:newish; known: open, resolved, muted, new, regressed, escalating"),
        ("is:*", 3, "there is no is:*"),
        ("has:stak", 4, r#"there is no has:stak; did you mean "stack"?; known: label, label.NAME"#),
        ("has:service", 4, "there is no has:service"),
        ("aggregate:x", 10, r#"aggregate:"x" is no id"#),
        ("aggregate:4294967296", 10, "is no id"),
        ("first_seen:-24h", 11, "first_seen:-24h is no comparison with a time; write first_seen:>-24h"),
        ("last_seen:>yesterday", 10, "last_seen:>yesterday is no comparison"),
        ("last_seen:>", 10, "is no comparison"),
        ("count:>many", 6, "is no comparison with a whole number; write count:>100"),
        ("count:>-1", 6, "is no comparison"),
        (r#"ä class:"x"#, 8, "this quote is not closed"),
        (r#"class:"x\""#, 6, "this quote is not closed"),
        (r#""a"b"#, 3, "there is no blank after the closing quote"),
        (r#"a """#, 2, "this text is empty"),
        (r#"message:"""#, 8, "this text is empty"),
        ("a => b", 2, "there is nothing to look for in this text"),
        ("a OR", 4, "the query ends where a term is to follow"),
        ("OR a", 0, "there is nothing before OR to connect"),
        ("a OR OR b", 5, "there is nothing before OR to connect"),
        ("a AND", 5, "the query ends"),
        ("a AND AND b", 6, "there is nothing before AND"),
        ("NOT", 3, "the query ends"),
        ("-OR", 1, "there is nothing before OR"),
        ("(a b", 0, "this bracket is not closed"),
        ("a (b (c)", 2, "this bracket is not closed"),
        ("a b)", 3, "this bracket was not opened"),
        ("()", 1, "there is nothing before this bracket"),
        ("(a OR )", 6, "there is nothing before this bracket"),
        ("(a)b", 3, "there is no blank after the closing bracket"),
        ("a - b", 3, "there is nothing after -"),
        ("-", 1, "there is nothing after -"),
        ("(-)", 2, "there is nothing after -"),
    ] {
        let Err(Error::Invalid { param, position: at, message }) = Query::parse(text) else {
            panic!("{text} was taken");
        };
        assert_eq!((param, at), ("q", Some(position)), "{text}: {message}");
        assert!(message.contains(says), "{text}: {message}");
    }
}

#[test]
fn limits_hold() {
    assert!(Query::parse(&"x ".repeat(TERMS_MAX)).is_ok());
    let says = |text: &str, part: &str| assert!(Query::parse(text).unwrap_err().to_string().contains(part), "{part}");
    says(&"x ".repeat(TERMS_MAX + 1), "more than 64 terms");
    says(&"x".repeat(QUERY_CHARS_MAX + 1), "4096 characters");
    for opened in ["(", "NOT ", "-(", "(NOT "] {
        says(&opened.repeat(QUERY_CHARS_MAX / opened.len()), "more than 32 brackets and negations");
    }
    let nested = format!("{}x{}", "(".repeat(DEPTH_MAX), ")".repeat(DEPTH_MAX));
    assert_eq!(Query::parse(&nested).unwrap().to_string(), "x");
}

/// The query without the places at which it was written.
fn meaning(query: &Query) -> Query {
    fn strip(node: &mut Node) {
        match node {
            Node::Term(term) => term.position = 0,
            Node::Not(node) => strip(node),
            Node::And(nodes) | Node::Or(nodes) => nodes.iter_mut().for_each(strip),
        }
    }
    let mut query = query.clone();
    strip(&mut query.root);
    query
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        let _ = Query::parse(&text);
    }

    #[test]
    fn what_is_shown_is_read_back(
        text in r#"((-|NOT |OR |AND |\(|\) ){0,2}((service|class|key|message|url|header\.h|target\.x|label\.y|is|level|aggregate|count|has)?:?["*\\a-c1:()-]{0,5}"?[a *]{0,3}"?) ?\)?){0,4}"#
    ) {
        if let Ok(query) = Query::parse(&text) {
            let shown = query.to_string();
            let again = Query::parse(&shown).map_err(|error| TestCaseError::fail(format!("{shown:?}: {error}")))?;
            prop_assert_eq!(again.to_string(), shown.as_str());
            prop_assert_eq!(meaning(&again), meaning(&query), "{}", shown);
        }
    }
}
