//! Secrets of every kind in every text that a client can send: none of them is found in what is stored, answered, logged or
//! exported, and counts are what they would be without.

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::exposer::{Exposer, config};
use crate::process::{Place, hydrophone, run};

/// What must never be seen, each in the way in which secrets stand in texts. `§` is where it goes.
const PLANTS: &[(&str, &str)] = &[
    ("query", "GET https://shop.example/pay?token=§&x=1 failed"),
    ("escaped", "to https%3A%2F%2Fa.example%2F%3Faccess_token%3D§%26x%3D1"),
    ("form", "user=bob&password=§&remember=1"),
    ("json", r#"{"user":"bob","client_secret":"§","n":1}"#),
    ("nested", r#"{"body":"{\"api_key\":\"§\"}"}"#),
    ("python", "{'user': 'bob', 'passwd': '§'}"),
    ("ruby", "{:password=>\"§\", :user=>\"bob\"}"),
    ("xml", "<login><password>§</password></login>"),
    ("multipart", "--b\r\nContent-Disposition: form-data; name=\"secret\"\r\n\r\n§\r\n--b--"),
    ("userinfo", "dial postgres://bob:§@db.example:5432/shop: refused"),
    ("bearer", "upstream said 401 to Bearer §1A.b2 at once"),
    ("basic", "upstream said 401 to Basic §1A2b== at once"),
    ("cookie", "request had Cookie: session=§; theme=dark"),
    ("header", "curl -H 'X-Auth-Token: §9' https://shop.example"),
    ("assignment", "config: db_password = §7, port = 5432"),
    ("configured", "employee EMP-§ was not found"),
];

/// Card numbers are secrets of their own: there is no sign beside them.
const CARDS: &[&str] = &["4111111111111111", "5500 0055 5555 5559", "3782-822463-10005"];

/// Secrets of one field of one target: each is found again by its own name.
struct Planter {
    secrets: Vec<String>,
}

impl Planter {
    /// A text with every kind of secret in it.
    fn text(&mut self, field: &str) -> String {
        let mut text = format!("{field} ");
        for (kind, plant) in PLANTS {
            let secret = format!("zq{field}{kind}zq");
            text += &plant.replace('§', &secret);
            text.push('\n');
            self.secrets.push(secret);
        }
        for card in CARDS {
            writeln!(text, "card {card} declined").unwrap();
        }
        text
    }

    /// A secret that only its place gives away.
    fn value(&mut self, field: &str) -> String {
        let secret = format!("zq{field}zq");
        self.secrets.push(secret.clone());
        secret
    }

    /// An exposition with secrets in all of its texts.
    fn exposition(&mut self, count: u64) -> Value {
        let headers = json!({
            "Authorization": format!("Custom {}", self.value("authorization")),
            "HTTP_COOKIE": self.value("rackcookie"),
            "set_cookie": self.value("setcookie"),
            "X-API-KEY": self.value("apikey"),
            "proxy-authorization": self.value("proxy"),
            "X-Csrf-Token": self.value("csrf"),
            "X-Tenant-Pin": self.value("tenantpin"),
            "Referer": self.text("referer"),
        });
        let sample = json!({
            "uuid": format!("password={}", self.value("uuid")),
            "timestamp": "2026-11-20T10:00:00Z",
            "severity": "error",
            "error": {
                "class": format!("Failure<{}>", self.text("class")),
                "message": self.text("message"),
                "stacktrace": [self.text("frame"), "plain frame"],
                "cause": {
                    "class": self.text("causeclass"),
                    "message": self.text("causemessage"),
                    "stacktrace": self.text("causestack"),
                    "cause": null,
                },
            },
            "http_context": {
                "request_method": "GET",
                "request_url": format!("https://bob:{}@x/?{}", self.value("urlpassword"), self.text("url")),
                "request_headers": headers,
                "request_body": self.text("body"),
            },
        });
        // As Go's client does it: the message is a part of the key.
        let keys = ["a", "b"]
            .map(|name| format!("*errors.errorString@dial https://bob:{}@db", self.value(&format!("key{name}"))));
        let aggregate = |key: &str, count: u64| {
            json!({ "aggregation_key": key, "total_count": count, "severity": "error",
                "created_at": "2026-11-20T09:00:00Z", "latest_errors": [sample] })
        };
        json!({
            "target_uuid": format!("process with token={}", self.value("process")),
            "aggregated_errors": [
                aggregate("Plain@1", count), aggregate(&keys[0], count), aggregate(&keys[1], count * 10),
            ],
        })
    }
}

/// Looks for the secrets in some bytes, and in whatever zstd frames are in them.
fn search(secrets: &[String], place: &str, bytes: &[u8], found: &mut Vec<String>) {
    let mut look = |bytes: &[u8], how: &str| {
        for secret in secrets {
            if memchr::memmem::find(bytes, secret.as_bytes()).is_some() {
                found.push(format!("{secret} in {place}{how}"));
            }
        }
    };
    look(bytes, "");
    for at in memchr::memmem::find_iter(bytes, &[0x28, 0xb5, 0x2f, 0xfd]) {
        let mut raw = Vec::new();
        // What only looks like a frame, or is followed by something else, fails where it ends.
        if let Ok(mut decoder) = zstd::stream::read::Decoder::new(&bytes[at..]) {
            let _ = decoder.read_to_end(&mut raw);
            look(&raw, " (compressed)");
        }
    }
}

fn search_directory(secrets: &[String], directory: &Path, found: &mut Vec<String>) -> usize {
    let mut files = 0;
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files += search_directory(secrets, &path, found);
        } else {
            search(secrets, &path.display().to_string(), &std::fs::read(&path).unwrap(), found);
            files += 1;
        }
    }
    files
}

const RULES: &str = "redaction: {headers: [x-tenant-pin], patterns: ['EMP-\\w+']}";

#[tokio::test]
async fn planted_secrets_are_nowhere() {
    let mut planter = Planter { secrets: Vec::new() };
    let exposer = Exposer::start(&planter.exposition(1).to_string()).await;
    let place = Place::new(&config(&[&exposer], RULES));
    let mut command = place.command();
    command.arg("--log.level=debug");
    let mut server = crate::process::Process::start(command);
    server.ready().await;
    let total = |answer: &Value| {
        answer["aggregates"].as_array().unwrap().iter().map(|one| one["total_count"].as_u64().unwrap()).sum::<u64>()
    };
    let list = "/api/v1/aggregates?all=true&start=now-30d";
    server.until(list, 30, |answer| total(answer) == 12).await;
    // More of everything, and a process that is another one.
    for count in 2..5 {
        exposer.expose(&planter.exposition(count).to_string());
        server.until(list, 30, |answer| total(answer) == 12 * count).await;
    }
    let found = server.json(list).await;
    let errors = found["aggregates"].as_array().unwrap().clone();
    assert_eq!(errors.len(), 2, "keys that differ by their secrets only are one error: {found}");
    let key =
        errors.iter().map(|error| error["aggregation_key"].as_str().unwrap()).find(|key| key.starts_with('*')).unwrap();
    assert_eq!(key, "*errors.errorString@dial https://bob:[redacted]@db");

    let mut secrets = planter.secrets.clone();
    secrets.extend(CARDS.iter().map(|card| (*card).to_owned()));
    let mut leaks = Vec::new();
    let mut paths =
        vec![list.to_owned(), "/services/s0/errors/".to_owned(), "/metrics".to_owned(), "/errors".to_owned()];
    paths
        .extend(["/api/v1/targets", "/api/v1/status", "/api/v1/config", "/api/v1/top?by=aggregate"].map(str::to_owned));
    for error in &errors {
        let id = error["id"].as_str().map_or_else(|| error["id"].to_string(), str::to_owned);
        paths.push(format!("/api/v1/aggregates/{id}"));
        paths.push(format!("/api/v1/aggregates/{id}/occurrences"));
    }
    let mut shown = String::new();
    for path in &paths {
        let (status, body) = server.send(reqwest::Method::GET, path).await;
        assert_eq!(status, 200, "{path}: {body}");
        search(&secrets, path, body.as_bytes(), &mut leaks);
        shown += &body;
    }
    assert!(
        shown.contains("[redacted]") && shown.contains("plain frame") && shown.contains("remember=1"),
        "all is hidden"
    );
    for kind in ["header", "field", "url", "token", "card", "pattern"] {
        assert!(
            shown.contains(&format!("hydrophone_redacted_total{{service=\"s0\",kind=\"{kind}\"}}")),
            "{kind} is not counted"
        );
    }

    // Whoever has the key from the client resolves the error by it.
    let raw = "*errors.errorString@dial%20https:%2F%2Fbob:whatever@db";
    let (status, _) = server.send(reqwest::Method::DELETE, &format!("/services/s0/errors/{raw}/")).await;
    assert_eq!(status, 204);
    server.until("/api/v1/aggregates?all=true&start=now-30d&q=state:resolved", 10, |answer| answer["total"] == 1).await;

    server.signal("TERM");
    assert!(server.wait(30).await.0.success());
    search(&secrets, "the log", server.log().as_bytes(), &mut leaks);
    assert!(search_directory(&secrets, &place.data(), &mut leaks) > 3);
    let mut command = hydrophone();
    command.args(["export", &format!("--storage.path={}", place.data().display())]);
    let exported = run(command);
    assert!(exported.status.success());
    search(&secrets, "the export", &exported.stdout, &mut leaks);
    leaks.sort();
    leaks.dedup();
    assert!(leaks.is_empty(), "{} leaks:\n{}", leaks.len(), leaks.join("\n"));
}

#[tokio::test]
async fn without_redaction_they_are_found_so_the_search_works() {
    let mut planter = Planter { secrets: Vec::new() };
    let exposer = Exposer::start(&planter.exposition(1).to_string()).await;
    let place = Place::new(&config(&[&exposer], "redaction: {enabled: false}"));
    let mut server = place.start();
    server.ready().await;
    server.until("/api/v1/aggregates?all=true&start=now-30d", 30, |answer| answer["total"] == 3).await;
    server.signal("TERM");
    assert!(server.wait(30).await.0.success());
    let mut leaks = Vec::new();
    search_directory(&planter.secrets, &place.data(), &mut leaks);
    for secret in &planter.secrets {
        assert!(leaks.iter().any(|leak| leak.starts_with(secret)), "{secret} should be somewhere");
    }
}

#[test]
fn a_sample_can_be_checked_before() {
    let mut planter = Planter { secrets: Vec::new() };
    let body = planter.exposition(1).to_string();
    let place = Place::new(&format!("{RULES}\n"));
    let mut command = hydrophone();
    command.args(["check", "redaction", &format!("--config.file={}", place.config().display()), "-"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), body.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let (stdout, stderr) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{stderr}");
    let mut leaks = Vec::new();
    search(&planter.secrets, "what it says", format!("{stdout}{stderr}").as_bytes(), &mut leaks);
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
    let shown: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(shown["aggregated_errors"][0]["aggregation_key"], "Plain@1");
    let place = "hidden: aggregated_errors[0].latest_errors[0].http_context.request_headers.HTTP_COOKIE";
    assert!(stderr.contains(place) && stderr.contains("hidden in all: "), "{stderr}");
    let mut command = Command::new(env!("CARGO_BIN_EXE_hydrophone"));
    command.args(["check", "redaction", "/dev/null"]);
    let refused = run(command);
    assert!(!refused.status.success());
    assert!(String::from_utf8(refused.stderr).unwrap().contains("is no exposition"));
}
