//! What is hidden, what is left alone, and that hiding twice is hiding once.

use proptest::prelude::*;

use super::*;
use crate::config::{Pattern, Redaction};
use crate::model::occurrence::{Cause, HttpContext};

fn redactor() -> Redactor {
    Redactor::new(&Redaction::default())
}

fn check_with(redactor: &Redactor, text: &str, expect: &str, kinds: &[Kind]) {
    let (mut got, mut hits) = (text.to_owned(), Hits::default());
    let changed = redactor.text(&mut got, &mut hits);
    assert_eq!(got, expect, "{text}");
    assert_eq!(changed, text != expect, "{text}");
    let found: Vec<Kind> = hits.iter().map(|(kind, _)| kind).collect();
    assert_eq!(found, kinds, "{text}");
    let mut again = got.clone();
    assert!(!redactor.text(&mut again, &mut hits), "{text} -> {got} -> {again}");
}

fn check(text: &str, expect: &str, kinds: &[Kind]) {
    check_with(&redactor(), text, expect, kinds);
}

#[test]
fn fields_are_hidden_in_urls_and_forms() {
    for (text, expect) in [
        ("https://x.example/a?token=abc&b=1", "https://x.example/a?token=[redacted]&b=1"),
        ("/login?user=bob&password=hunter2#top", "/login?user=bob&password=[redacted]"),
        ("user%5Bpassword%5D=hunter2&user%5Bname%5D=bob", "user%5Bpassword%5D=[redacted]&user%5Bname%5D=bob"),
        ("user[password]=hunter2&user[name]=bob", "user[password]=[redacted]&user[name]=bob"),
        (
            "api_key=k&apiKey=k&api-key=k&APIKEY=k&x=k",
            "api_key=[redacted]&apiKey=[redacted]&api-key=[redacted]&APIKEY=[redacted]&x=k",
        ),
        ("client_secret=a%26b&grant=x", "client_secret=[redacted]&grant=x"),
        (
            "redirect=https%3A%2F%2Fy%2F%3Ftoken%3Dabc%26z%3D1&b=2",
            "redirect=https%3A%2F%2Fy%2F%3Ftoken%3D[redacted]%26z%3D1&b=2",
        ),
        ("filter=%7B%22password%22%3A%22x1%22%7D", "filter=%7B%22password%22%3A%22[redacted]%22%7D"),
        ("password=a,b;c", "password=[redacted]"),
        ("password[]=hunter&password[]=b&x=1", "password[]=[redacted]&password[]=[redacted]&x=1"),
        ("user[password][]=hunter&a[token][12]=b", "user[password][]=[redacted]&a[token][12]=[redacted]"),
        ("user%5Bpassword%5D%5B%5D=hunter&x=1", "user%5Bpassword%5D%5B%5D=[redacted]&x=1"),
        ("params[\"password\"] = 'hunter'", "params[\"password\"] = '[redacted]'"),
        (
            "next=%252Fcb%253Fa%253D1%2526token%253Dabc%2526z%253D1&b=2",
            "next=%252Fcb%253Fa%253D1%2526token%253D[redacted]%2526z%253D1&b=2",
        ),
        ("q=%257B%2522token%2522%253A%2522abc%2522%257D", "q=%257B%2522token%2522%253A%2522[redacted]%2522%257D"),
    ] {
        check(text, expect, &[Kind::Field]);
    }
    for text in ["list[0]=a&list[]=b", "a%5B1%5D=2", "x[]=1", "][=1", "%5D=1", "[]=1", "50%25=x"] {
        check(text, text, &[]);
    }
}

#[test]
fn fields_are_hidden_in_json() {
    for (text, expect) in [
        (r#"{"password":"hunter2","a":1}"#, r#"{"password":"[redacted]","a":1}"#),
        (r#"{ "Password" : "a\"b\\" , "a": 1 }"#, r#"{ "Password" : "[redacted]" , "a": 1 }"#),
        (r#"{"cvv":123,"x":2}"#, r#"{"cvv":"[redacted]","x":2}"#),
        (r#"{"token":null,"secret":true,"otp":""}"#, r#"{"token":null,"secret":true,"otp":""}"#),
        (r#"{"credentials":{"user":"u","list":["}"]},"x":2}"#, r#"{"credentials":"[redacted]","x":2}"#),
        (r#"{"passwords":["a","b"],"x":2}"#, r#"{"passwords":"[redacted]","x":2}"#),
        (r#"{"secret":["a","b"#, r#"{"secret":"[redacted]""#),
        (r#"{"accessToken":"abc"#, r#"{"accessToken":"[redacted]"#),
        (r#"body: "{\"password\":\"hunter2\",\"a\":1}""#, r#"body: "{\"password\":\"[redacted]\",\"a\":1}""#),
        (r#""{\"token\": \"a\\\"b\", \"x\": 1}""#, r#""{\"token\": \"[redacted]\", \"x\": 1}""#),
        ("{\n  \"secret\":\n    \"x y z\"\n}", "{\n  \"secret\":\n    \"[redacted]\"\n}"),
        ("{'password': 'hunter2', 'user': b'x'}", "{'password': '[redacted]', 'user': b'x'}"),
        ("{'password': b'hunter2'}", "{'password': b'[redacted]'}"),
        (r#"{:password=>"hunter2", :a=>1}"#, r#"{:password=>"[redacted]", :a=>1}"#),
        (r#"{"password" => "hunter2"}"#, r#"{"password" => "[redacted]"}"#),
        (
            r#"{"q":"a\u003d1\u0026pwd\u003dabc\u0026b\u003d2"}"#,
            r#"{"q":"a\u003d1\u0026pwd\u003d[redacted]\u0026b\u003d2"}"#,
        ),
        (r#"{\"q\":\"x\\u0026token\\u003dabc\"}"#, r#"{\"q\":\"x\\u0026token\\u003d[redacted]\"}"#),
        (r#"{"q":"/x?token=abc\u0026b=2"}"#, r#"{"q":"/x?token=[redacted]\u0026b=2"}"#),
    ] {
        let kinds: &[Kind] = if text == expect { &[] } else { &[Kind::Field] };
        check(text, expect, kinds);
    }
}

#[test]
fn fields_are_hidden_in_other_forms() {
    for (text, expect) in [
        ("<a><password>hunter2</password></a>", "<a><password>[redacted]</password></a>"),
        ("<w:Password Type=\"x\">hunter2</w:Password>", "<w:Password Type=\"x\">[redacted]</w:Password>"),
        ("<secret><![CDATA[a<b]]></secret>", "<secret><![CDATA[[redacted]]]></secret>"),
        (
            "--x\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nhunter2\r\n--x--",
            "--x\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n[redacted]\r\n--x--",
        ),
        ("<input name=\"password\" value=\"hunter2\">", "<input name=\"password\" value=\"[redacted]\">"),
        ("Server=db;User Id=sa;Password=z!1;Database=q", "Server=db;User Id=sa;Password=[redacted];Database=q"),
        ("Config{user=bob, password=hunter2, port=1}", "Config{user=bob, password=[redacted], port=1}"),
        ("login failed: password: hunter2", "login failed: password: [redacted]"),
        ("db_password := \"xy\"", "db_password := \"[redacted]\""),
        ("password = hunter2.", "password = [redacted]."),
        ("call(token=abc)", "call(token=[redacted])"),
        ("curl -H 'X-Api-Key: abc1' -H 'Accept: */*'", "curl -H 'X-Api-Key: [redacted]' -H 'Accept: */*'"),
    ] {
        check(text, expect, &[Kind::Field]);
    }
}

#[test]
fn headers_are_hidden_in_texts() {
    for (text, expect) in [
        ("Cookie: session=abc; theme=dark\nHost: x", "Cookie: [redacted]\nHost: x"),
        ("curl -H 'Cookie: a=b; c' -H 'Accept: */*'", "curl -H 'Cookie: [redacted]' -H 'Accept: */*'"),
        (r#"{"Cookie": "a=b; c=d", "Host": "x"}"#, r#"{"Cookie": "[redacted]", "Host": "x"}"#),
        ("HTTP_COOKIE=a=b; c=d", "HTTP_COOKIE=[redacted]"),
        ("{Authorization=Digest abc, Host=x}", "{Authorization=[redacted], Host=x}"),
        (
            r#"{"raw":"GET / HTTP/1.1\r\nCookie: sid=abc; b=c\r\nHost: x"}"#,
            r#"{"raw":"GET / HTTP/1.1\r\nCookie: [redacted]\r\nHost: x"}"#,
        ),
    ] {
        check(text, expect, &[Kind::Header]);
    }
}

#[test]
fn tokens_are_hidden_by_their_shape() {
    let token = [Kind::Token];
    check("Bearer abc123.def-456 expired", "Bearer [redacted] expired", &token);
    check("sent bearer: eyJabcdefghijk", "sent bearer: [redacted]", &token);
    check("Basic dXNlcjpwYXNz", "Basic [redacted]", &token);
    check("got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sig_x-1!", "got [redacted]!", &token);
    check("key AKIAIOSFODNN7EXAMPLE is not allowed", "key [redacted] is not allowed", &token);
    check("ghp_0123456789abcdefghij0123456789abcdef", "[redacted]", &token);
    check(
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEabcdefghijklmnopqrstuvwxyz\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN RSA PRIVATE KEY-----[redacted]-----END RSA PRIVATE KEY-----",
        &token,
    );
    check("root:pa55@tcp(db:3306)/shop", "root:[redacted]@tcp(db:3306)/shop", &[Kind::Url]);
}

#[test]
fn passwords_are_hidden_in_urls() {
    let url = [Kind::Url];
    check("postgres://bob:hunter2@db/x?a=1", "postgres://bob:[redacted]@db/x?a=1", &url);
    check("https://abcdef@sentry.example/1", "https://[redacted]@sentry.example/1", &url);
    check("redis://:hunter2@cache:6379", "redis://:[redacted]@cache:6379", &url);
    check("amqp://a:p@ss@host/", "amqp://a:[redacted]@host/", &url);
    check("mysql://a:p/a?s#s@host/", "mysql://a:[redacted]@host/", &url);
    check("to=https%3A%2F%2Fbob%3Apass%40host%2F", "to=https%3A%2F%2Fbob%3A[redacted]%40host%2F", &url);
    check("https%253A%252F%252Fbob%253Apass%2540host", "https%253A%252F%252Fbob%253A[redacted]%2540host", &url);
    for text in ["http://host:8080/a@b", "https://example.com/@user", "see https://x.example, mail a@b.example"] {
        check(text, text, &[]);
    }
}

#[test]
fn everyday_texts_stay_as_they_are() {
    for text in [
        "",
        "could not load playlist for user-1 from index, request 00ab timed out",
        "java.lang.IllegalStateException: connection refused (HikariPool-1)",
        "Unexpected token: } at position 5",
        "Unexpected token '<', \"<!doctype \"... is not valid JSON",
        "unexpected token: ',' in line 3",
        "invalid password: too short",
        "Basic authentication is required",
        "bearer of bad news",
        "Bearer token missing",
        "authorization: denied for user bob",
        "tokens_max=4096 next=2",
        "time: 2026-11-20T10:22:33.482Z took: 12ms",
        "com.example.PasswordEncoder.encode(PasswordEncoder.java:12)",
        "File \"app/token.py\", line 3, in secret",
        "*url.Error@5f3e2a1c",
        "5e7c3f66-c5f5-41f0-8de9-0242ac120002",
        "password == null",
        "password != expected",
        "пароль=секрет 日本語 🙂",
        "Mozilla/5.0 (X11; Linux x86_64)",
        "<html><body><a href=\"/x?y=1\">z</a></body></html>",
    ] {
        check(text, text, &[]);
    }
}

#[test]
fn headers_are_hidden_by_their_names() {
    let redactor = redactor();
    for (name, hidden) in [
        ("Authorization", true),
        ("PROXY_AUTHORIZATION", true),
        ("Cookie", true),
        ("HTTP_COOKIE", true),
        ("set-cookie", true),
        ("X-Api-Key", true),
        ("HTTP_X_API_KEY", true),
        ("x_auth_token", true),
        ("X-CSRFToken", true),
        ("REDIRECT_HTTP_AUTHORIZATION", true),
        ("Grpc-Metadata-Authorization", true),
        ("X-My-Client-Secret", true),
        ("HTTP_X_SESSION_ID", true),
        ("User-Agent", false),
        ("HTTP_ACCEPT", false),
        ("X-Request-Id", false),
        ("Cookies-Accepted", false),
        ("X-Author", false),
    ] {
        let (mut header, mut hits) = ((name.to_owned(), "plain value".to_owned()), Hits::default());
        redactor.header(&mut header, &mut hits);
        assert_eq!(header.1 == MARK, hidden, "{name}");
        assert_eq!(hits.iter().next(), hidden.then_some((Kind::Header, 1)), "{name}");
        redactor.header(&mut header, &mut hits);
        assert_eq!(hits.iter().map(|(_, count)| count).sum::<u64>(), u64::from(hidden), "hidden twice: {name}");
    }
    let mut header = ("Referer".to_owned(), "https://x/?token=abc".to_owned());
    redactor.header(&mut header, &mut Hits::default());
    assert_eq!(header.1, "https://x/?token=[redacted]");
}

#[test]
fn what_may_be_secret_at_a_cut_is_hidden() {
    for (text, expect, kind) in [
        ("card 4111 1111 1111 111", "card [redacted]", Kind::Card),
        ("card 411111111", "card [redacted]", Kind::Card),
        ("see https://bob:hunt", "see https://bob:[redacted]", Kind::Url),
        ("see https://bob:12ab", "see https://bob:[redacted]", Kind::Url),
        ("dsn root:pa55wo", "dsn root:[redacted]", Kind::Url),
        ("got eyJhbGciOiJIUzI1NiJ9", "got [redacted]", Kind::Token),
        ("got eyJhbGciOiJIUzI1NiJ9.", "got [redacted]", Kind::Token),
        ("Bearer abc", "Bearer [redacted]", Kind::Token),
        ("key ghp_abcd", "key [redacted]", Kind::Token),
    ] {
        check(&format!("{text}{CUT}"), &format!("{expect}{CUT}"), &[kind]);
        if kind != Kind::Card {
            continue;
        }
        check(text, text, &[]);
    }
    for text in
        ["took 4123 ms", "https://host:8080", "https://host:8080/x", "https://host/a:b1c2", "at Bar.java:12", "a: b"]
    {
        check(&format!("{text}{CUT}"), &format!("{text}{CUT}"), &[]);
    }
}

#[test]
fn what_goes_over_several_lines_of_a_stack_is_hidden() {
    let check = |lines: &[&str], expect: &[&str], count: u64| {
        let (mut frames, mut hits) = (lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>(), Hits::default());
        assert_eq!(redactor().frames(&mut frames, &mut hits), count > 0, "{lines:?}");
        assert_eq!(frames, expect);
        assert_eq!(hits.iter().map(|(_, count)| count).sum::<u64>(), count, "{lines:?}");
        assert!(!redactor().frames(&mut frames, &mut hits), "{lines:?}");
        assert_eq!(frames, expect);
    };
    check(
        &["at x", "E: -----BEGIN PRIVATE KEY-----", "MIIEabc", "  DEF=", "-----END PRIVATE KEY-----", "at y"],
        &["at x", "E: -----BEGIN PRIVATE KEY-----", "[redacted]", "  [redacted]", "-----END PRIVATE KEY-----", "at y"],
        2,
    );
    check(&["-----BEGIN PRIVATE KEY-----", "MIIEabc", CUT], &["-----BEGIN PRIVATE KEY-----", "[redacted]", CUT], 1);
    check(
        &["--b\r", "Content-Disposition: form-data; name=\"password\"\r", "\r", "hunter\r", "--b--\r", "at x"],
        &["--b\r", "Content-Disposition: form-data; name=\"password\"\r", "\r", "[redacted]\r", "--b--\r", "at x"],
        1,
    );
    check(
        &["{", "  \"password\":", "    \"hunter\",", "  \"tokens\": 5", "}"],
        &["{", "  \"password\":", "    \"[redacted]\",", "  \"tokens\": 5", "}"],
        1,
    );
    check(
        &["<password>", "  hunter", "</password>", "at x"],
        &["<password>", "  [redacted]", "</password>", "at x"],
        1,
    );
    check(
        &["\"passwords\": [", "  \"a\",", "  \"b\"", "]", "at x"],
        &["\"passwords\": \"[redacted]\"", "  [redacted]", "  [redacted]", "[redacted]", "at x"],
        4,
    );
    // What nothing closes is hidden on its line, and the rest of the stack is left.
    check(&["login(password='abc", "at x", "at y"], &["login(password='[redacted]", "at x", "at y"], 1);
    check(&["token=abc", "at x"], &["token=[redacted]", "at x"], 1);
    check(
        &["File \"a.py\", line 3, in f", "    raise E(\"no password:\")", "E: at"],
        &["File \"a.py\", line 3, in f", "    raise E(\"no password:\")", "E: at"],
        0,
    );
    check(&[], &[], 0);
    check(&[CUT], &[CUT], 0);
    check(&["", ""], &["", ""], 0);
}

#[test]
fn the_configuration_adds_and_takes_away() {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let settings = Redaction {
        headers: texts(&["x-tenant"]),
        fields: texts(&["iban", "*kundennummer*"]),
        keep: texts(&["csrf_token", "*pagetoken"]),
        patterns: vec![Pattern::anywhere(r"EMP-\d+").unwrap(), Pattern::anywhere("pin is (\\d+)").unwrap()],
        card_numbers: false,
        ..Redaction::default()
    };
    let redactor = Redactor::new(&settings);
    check_with(
        &redactor,
        "iban=DE1&meine_kundennummern=5",
        "iban=[redacted]&meine_kundennummern=[redacted]",
        &[Kind::Field],
    );
    check_with(&redactor, "X-Tenant: a1b2", "X-Tenant: [redacted]", &[Kind::Header]);
    check_with(&redactor, "csrf_token=a&nextPageToken=b", "csrf_token=a&nextPageToken=b", &[]);
    check_with(&redactor, "EMP-12 and pin is 99, ok", "[redacted] and pin is [redacted], ok", &[Kind::Pattern]);
    check_with(&redactor, "4111111111111111", "4111111111111111", &[]);
    let off = Redactor::new(&Redaction { enabled: false, ..settings });
    check_with(&off, "password=hunter2 EMP-12", "password=hunter2 EMP-12", &[]);
    assert_ne!(off.rules(), redactor.rules());
    // A pattern that finds the mark itself changes it once and not again and again.
    let greedy =
        Redactor::new(&Redaction { patterns: vec![Pattern::anywhere(r"\w+").unwrap()], ..Redaction::default() });
    check_with(&greedy, "some words", "[redacted] [redacted]", &[Kind::Pattern]);
}

#[test]
fn every_text_of_a_sample_is_looked_at() {
    let secret = || "x password=hunter2".to_owned();
    let http = HttpContext {
        method: secret(),
        url: secret(),
        headers: Some(vec![("Cookie".to_owned(), "a".to_owned()), (secret(), secret())]),
        body: Some(secret()),
    };
    let mut occurrence = Occurrence {
        uuid: secret(),
        timestamp: None,
        severity: crate::model::severity::Severity::Error,
        exception: crate::model::occurrence::Exception {
            class: secret(),
            message: secret(),
            stack: None,
            causes: vec![Cause { class: secret(), message: secret(), stack: None }],
        },
        http: Some(http),
    };
    let (raw, mut hits) = (occurrence.clone(), Hits::default());
    redactor().occurrence(&mut occurrence, None, &mut hits);
    assert!(!format!("{occurrence:?}").contains("hunter2"));
    assert_eq!(hits.iter().collect::<Vec<_>>(), [(Kind::Header, 2), (Kind::Field, 9)]);
    // What is like another sample is as well hidden beside it.
    let mut beside = raw.clone();
    redactor().occurrence(&mut beside, Some(&occurrence), &mut hits);
    assert_eq!(beside, occurrence);
    let mut frames = [secret(), "plain".to_owned()];
    redactor().frames(&mut frames, &mut hits);
    assert_eq!(frames, ["x password=[redacted]".to_owned(), "plain".to_owned()]);
}

proptest! {
    #[test]
    fn hiding_twice_is_hiding_once(parts in proptest::collection::vec(
        prop_oneof![
            Just("password".to_owned()), Just("token".to_owned()), Just("Cookie".to_owned()), Just("name".to_owned()),
            Just("=".to_owned()), Just(": ".to_owned()), Just(":".to_owned()), Just("\"".to_owned()), Just("\\\"".to_owned()),
            Just("'".to_owned()), Just("&".to_owned()), Just(", ".to_owned()), Just(";".to_owned()), Just("://".to_owned()),
            Just("@".to_owned()), Just("@tcp(".to_owned()), Just("{".to_owned()), Just("}".to_owned()), Just("[".to_owned()),
            Just("]".to_owned()), Just("<".to_owned()), Just(">".to_owned()), Just("</".to_owned()), Just("%3D".to_owned()),
            Just("%22".to_owned()), Just("%3A%2F%2F".to_owned()), Just("%40".to_owned()), Just("Bearer ".to_owned()),
            Just("4111 1111 1111 1111".to_owned()), Just("[redacted]".to_owned()), Just("\n".to_owned()), Just(".".to_owned()),
            Just("\r\n\r\n".to_owned()), Just("-----BEGIN PRIVATE KEY-----".to_owned()), Just("-----END".to_owned()),
            Just("eyJhbGciOiJI.eyJz".to_owned()), Just("==".to_owned()), Just("=>".to_owned()), Just("value=".to_owned()),
            "[a-zA-Z0-9]{1,12}", Just("ü".to_owned()), Just("\\".to_owned()), Just(" ".to_owned()),
        ], 0..14)) {
        let redactor = redactor();
        let mut once = parts.concat();
        redactor.text(&mut once, &mut Hits::default());
        let mut twice = once.clone();
        redactor.text(&mut twice, &mut Hits::default());
        prop_assert_eq!(once, twice);
        let mut once: Vec<String> = parts.concat().split('.').map(str::to_owned).collect();
        let lines = once.len();
        redactor.frames(&mut once, &mut Hits::default());
        prop_assert_eq!(once.len(), lines);
        let (mut twice, mut hits) = (once.clone(), Hits::default());
        redactor.frames(&mut twice, &mut hits);
        prop_assert_eq!(once, twice);
        prop_assert_eq!(hits, Hits::default());
    }
}
