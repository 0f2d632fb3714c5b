//! What conditions mean, by example.

use std::sync::Arc;

use super::*;
use crate::model::occurrence::Exception;
use crate::model::severity::Severity;

fn occurrence() -> Occurrence {
    let stack =
        |frames: &[&str]| Some(Arc::new(Stack { frames: frames.iter().map(|frame| (*frame).to_owned()).collect() }));
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Occurrence {
        uuid: String::new(),
        timestamp: None,
        severity: Severity::Error,
        exception: Exception {
            class: "java.net.SocketTimeoutException".to_owned(),
            message: "HikariPool-1 - Connection is not available".to_owned(),
            stack: stack(&["at com.foo.BarService.getUser(BarService.java:12)", "at com.foo.Main.run"]),
            causes: vec![
                Cause { class: "java.io.IOException".to_owned(), message: "Broken pipe".to_owned(), stack: None },
                Cause { class: "Deep".to_owned(), message: "root cause".to_owned(), stack: stack(&["in poll"]) },
            ],
        },
        http: Some(HttpContext {
            method: "POST".to_owned(),
            url: "http://shop.example/user-service/v2/users/17/orders".to_owned(),
            headers: Some(vec![header("X-Request-Id", "3f2a9cde"), header("User-Agent", "curl/8.1 HTTP")]),
            body: None,
        }),
    }
}

fn holds(condition: &Condition) -> bool {
    condition.holds(&Document::occurrence(AggregateId(3), TargetId(5), &occurrence()))
}

fn text(field: Field, wanted: TextMatch) -> Condition {
    Condition::Text(field, wanted)
}

#[test]
fn words_may_each_be_in_another_field() {
    let check = |words: &str, expect: bool| {
        assert_eq!(holds(&text(Field::Any, TextMatch::words(words))), expect, "{words:?}");
    };
    check("", true);
    check("timeout available pipe root getuser poll orders 3f2a9cde agent", true);
    check("timeout missing", false);
    check("connection not", true);
    check("connection-not", false);
    check("user-service/v2 HikariPool-1", true);
    check("post", false);
    check("X-Request-Id:3f2a9cde", true);
    check("12)\nat com.foo.Main", true);
    check("pipe.Deep", false);
    check("available.java", false);
}

#[test]
fn fields_are_looked_at_alone() {
    let check = |field: Field, wanted: TextMatch, expect: bool| {
        let condition = text(field, wanted);
        assert_eq!(holds(&condition), expect, "{condition:?}");
    };
    check(Field::Class, TextMatch::words("SocketTimeout"), true);
    check(Field::Class, TextMatch::words("IOException"), false);
    check(Field::Class, TextMatch::wildcard("java.*Exception"), true);
    check(Field::Class, TextMatch::wildcard("*Timeout"), false);
    check(Field::Any, TextMatch::wildcard("*Timeout"), true);
    check(Field::Message, TextMatch::prefix("hikaripool-1 conn"), true);
    check(Field::Cause, TextMatch::phrase("broken pipe"), true);
    check(Field::Cause, TextMatch::words("IOException root"), true);
    check(Field::Cause, TextMatch::phrase("IOException broken"), false);
    check(Field::Stack, TextMatch::words("BarService.getUser poll"), true);
    check(Field::Url, TextMatch::wildcard("/users/*/orders"), true);
    check(Field::Header, TextMatch::phrase("user-agent: curl/8.1"), true);
    check(Field::Header, TextMatch::phrase("3f2a9cde user"), false);
    check(Field::NamedHeader("user-agent".to_owned()), TextMatch::words("http curl"), true);
    check(Field::NamedHeader("user_agent".to_owned()), TextMatch::words("3f2a9cde"), false);
    check(Field::NamedHeader("user".to_owned()), TextMatch::words("curl"), false);
    check(Field::Method, TextMatch::words("post"), true);
}

#[test]
fn sets_and_logic() {
    let word = |word: &str| text(Field::Any, TextMatch::words(word));
    let (yes, no) = (word("timeout"), word("missing"));
    let aggregates = |id: u32| Condition::Aggregates(AggregateSet::from_iter([AggregateId(id)]));
    let targets = |id: u32| Condition::Targets(RoaringBitmap::from_iter([id]));
    assert!(holds(&Condition::All));
    assert!(holds(&Condition::And(vec![])) && !holds(&Condition::Or(vec![])));
    assert!(holds(&Condition::And(vec![yes.clone(), aggregates(3), targets(5)])));
    assert!(!holds(&Condition::And(vec![yes.clone(), no.clone()])));
    assert!(holds(&Condition::Or(vec![yes.clone(), no.clone()])));
    assert!(!holds(&Condition::Not(Box::new(yes.clone()))) && holds(&Condition::Not(Box::new(no))));
    assert!(!holds(&aggregates(5)) && !holds(&targets(3)));
    assert!(Condition::And(vec![aggregates(1), yes]).is_textual() && !aggregates(1).is_textual());
}

#[test]
fn fields_are_there_or_not() {
    let fields = [Field::Class, Field::Message, Field::Cause, Field::Stack, Field::Url, Field::Header, Field::Method];
    let empty = Occurrence {
        exception: Exception::default(),
        http: Some(HttpContext { headers: Some(Vec::new()), ..HttpContext::default() }),
        ..occurrence()
    };
    for field in fields {
        let has = Condition::Has(field);
        assert!(holds(&has), "{has:?}");
        assert!(!has.holds(&Document::occurrence(AggregateId(0), TargetId(0), &empty)), "{has:?}");
    }
    assert!(holds(&Condition::Has(Field::NamedHeader("USER-AGENT".to_owned()))));
    assert!(!holds(&Condition::Has(Field::NamedHeader("accept".to_owned()))));
}

#[test]
fn what_is_found_is_marked() {
    let condition = Condition::And(vec![
        text(Field::Any, TextMatch::words("connection pool")),
        text(Field::Message, TextMatch::phrase("pool-1 connection")),
        Condition::Not(Box::new(text(Field::Any, TextMatch::words("available")))),
        text(Field::Url, TextMatch::words("not")),
    ]);
    let message = &occurrence().exception.message;
    let marked: Vec<_> = condition.marks(&Field::Message, message).into_iter().map(|range| &message[range]).collect();
    assert_eq!(marked, ["HikariPool-1 - Connection"]);
    assert!(condition.marks(&Field::Method, "connection").is_empty());
    assert_eq!(condition.marks(&Field::NamedHeader("a".to_owned()), "connection"), std::slice::from_ref(&(0..10)));
    let class = text(Field::Class, TextMatch::wildcard("a*c"));
    assert_eq!(class.marks(&Field::Class, "abc"), std::slice::from_ref(&(0..3)));
    assert!(class.marks(&Field::Class, "abcd").is_empty());
}
