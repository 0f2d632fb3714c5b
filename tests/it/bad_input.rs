//! Targets that answer with what no client would: the server stays up and small, says what is wrong, and other targets do
//! not notice.

use std::fmt::Write as _;
use std::io::Write as _;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::process::Place;

/// What the server's memory may grow to. Bodies have a budget of 64 MB, the page caches as much again; a body that were kept
/// whole would take a gigabyte.
const PEAK_BYTES_MAX: u64 = 400 << 20;

const BOMB_BYTES: usize = 1 << 30;

/// How a target answers, and what has to come of it.
struct Case {
    name: &'static str,
    body: Body,
    expect: Expect,
}

enum Body {
    Text(Vec<u8>),
    /// A gigabyte of aggregates without an end, without an announced length.
    Endless,
    /// A gigabyte, announced.
    Announced,
    /// A gigabyte of nothing, as a megabyte of gzip.
    Bomb(Vec<u8>),
}

enum Expect {
    /// The target is down, with these words in its error.
    Down(&'static str),
    /// The target is up; so many aggregates are dropped and counted, and these are counted.
    Up { dropped: u64, counted: &'static [(&'static str, u64)] },
}

fn aggregate(key: &str, count: &str) -> String {
    format!(r#"{{"aggregation_key":"{key}","total_count":{count},"severity":"error","latest_errors":[]}}"#)
}

fn exposing(aggregates: &[String]) -> Body {
    Body::Text(format!(r#"{{"target_uuid":"u","aggregated_errors":[{}]}}"#, aggregates.join(",")).into_bytes())
}

/// An aggregate with one sample, of which these are the time and the error.
fn sampled(key: &str, timestamp: &str, error: &str) -> String {
    format!(
        r#"{{"aggregation_key":"{key}","total_count":3,"severity":"error","created_at":"{timestamp}","latest_errors":[{{"uuid":"s","timestamp":"{timestamp}","severity":"error","error":{error}}}]}}"#
    )
}

fn causes(depth: usize) -> String {
    let mut error = String::new();
    for link in 0..depth {
        write!(error, r#"{{"class":"C{link}","message":"m","stacktrace":[],"cause":"#).unwrap();
    }
    error.push_str("null");
    error.push_str(&"}".repeat(depth));
    error
}

fn gzip_bomb() -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(br#"{"aggregated_errors":["#).unwrap();
    let spaces = vec![b' '; 1 << 20];
    for _ in 0..BOMB_BYTES / spaces.len() {
        encoder.write_all(&spaces).unwrap();
    }
    encoder.finish().unwrap()
}

fn cases() -> Vec<Case> {
    let plain = r#"{"class":"C","message":"m","stacktrace":[],"cause":null}"#;
    let one = || aggregate("Fine@1", "5");
    let down = |name, body: &[u8], why| Case { name, body: Body::Text(body.to_vec()), expect: Expect::Down(why) };
    let up = |name, aggregates: &[String], dropped, counted| Case {
        name,
        body: exposing(aggregates),
        expect: Expect::Up { dropped, counted },
    };
    let whole = format!(r#"{{"aggregated_errors":[{}]}}"#, one());
    vec![
        down("truncated", &whole.as_bytes()[..whole.len() - 2], "unexpected end of the body"),
        down("empty", b"", "unexpected end of the body"),
        down("array", b"[1,2,3]", "not a JSON object"),
        down("text", b"<html>502 Bad Gateway</html>", "not a JSON object"),
        down("list-is-text", br#"{"aggregated_errors":"none"}"#, "aggregated_errors"),
        down("deep", &[b"{\"x\":".as_slice(), &vec![b'['; 1_000_000]].concat(), "unexpected end of the body"),
        up("wrong-types", &[one(), aggregate("Text@1", r#""many""#), "7".to_owned()], 2, &[("Fine@1", 5)]),
        up("huge-count", &[one(), aggregate("Huge@1", "1e30")], 1, &[("Fine@1", 5)]),
        up("negative", &[one(), aggregate("Negative@1", "-5")], 1, &[("Fine@1", 5)]),
        up("nul", &[sampled("Nul\\u0000@1", "2026-11-20T10:00:00Z", plain)], 0, &[("Nul\u{fffd}@1", 3)]),
        up(
            "surrogate",
            &[sampled(
                "Lone@1",
                "2026-11-20T10:00:00Z",
                r#"{"class":"C\ud800","message":"\udfff \u0000","stacktrace":["\ud800"]}"#,
            )],
            0,
            &[("Lone@1", 3)],
        ),
        up("causes", &[sampled("Deep@1", "2026-11-20T10:00:00Z", &causes(100_000))], 0, &[("Deep@1", 3)]),
        up("year-1", &[sampled("Old@1", "0001-01-01T00:00:00Z", plain)], 0, &[("Old@1", 3)]),
        up("year-9999", &[sampled("New@1", "9999-12-31T23:59:59Z", plain)], 0, &[("New@1", 3)]),
        Case { name: "endless", body: Body::Endless, expect: Expect::Down("larger than") },
        Case { name: "announced", body: Body::Announced, expect: Expect::Down("larger than") },
        Case { name: "bomb", body: Body::Bomb(gzip_bomb()), expect: Expect::Down("larger than") },
    ]
}

/// Answers `/NAME` with the case of that name, and `/good` with a count that grows with each answer.
async fn serve(listener: TcpListener, cases: &[Case]) {
    let good = std::sync::atomic::AtomicU64::new(0);
    let mut answers = futures_util::stream::FuturesUnordered::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => answers.push(answer(accepted.unwrap().0, cases, &good)),
            Some(()) = futures_util::StreamExt::next(&mut answers) => {}
        }
    }
}

async fn answer(mut stream: TcpStream, cases: &[Case], good: &std::sync::atomic::AtomicU64) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        match stream.read(&mut byte).await {
            Ok(1) => head.push(byte[0]),
            _ => return,
        }
    }
    let head = String::from_utf8(head).unwrap();
    let path = head.split(' ').nth(1).unwrap().trim_start_matches('/');
    // The server may hang up at any time, which is what it should do to most of these.
    let _ = match cases.iter().find(|case| case.name == path).map(|case| &case.body) {
        Some(Body::Text(body)) => whole(&mut stream, "", body).await,
        Some(Body::Bomb(body)) => whole(&mut stream, "Content-Encoding: gzip\r\n", body).await,
        Some(Body::Announced) => send(&mut stream, &format!("Content-Length: {BOMB_BYTES}\r\n"), false).await,
        Some(Body::Endless) => send(&mut stream, "Transfer-Encoding: chunked\r\n", true).await,
        None => {
            let count = 10 + good.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let Body::Text(body) = exposing(&[aggregate("Good@1", &count.to_string())]) else { return };
            whole(&mut stream, "", &body).await
        }
    };
}

async fn whole(stream: &mut TcpStream, header: &str, body: &[u8]) -> std::io::Result<()> {
    let head = format!("HTTP/1.1 200 OK\r\n{header}Connection: close\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body).await
}

/// A gigabyte of aggregates.
async fn send(stream: &mut TcpStream, header: &str, chunked: bool) -> std::io::Result<()> {
    stream.write_all(format!("HTTP/1.1 200 OK\r\n{header}Connection: close\r\n\r\n").as_bytes()).await?;
    let piece = |number: usize| {
        let mut piece = if number == 0 { r#"{"aggregated_errors":["#.to_owned() } else { String::new() };
        for one in 0..1000 {
            piece.push_str(&aggregate(&format!("Flood{number}-{one}@1"), "1"));
            piece.push(',');
        }
        piece
    };
    let mut sent = 0;
    for number in 0.. {
        let piece = piece(number);
        sent += piece.len();
        if sent > BOMB_BYTES {
            break;
        }
        if chunked {
            stream.write_all(format!("{:x}\r\n{piece}\r\n", piece.len()).as_bytes()).await?;
        } else {
            stream.write_all(piece.as_bytes()).await?;
        }
    }
    Ok(())
}

/// The most memory that the process ever had, in bytes.
fn peak_bytes(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_bodies_cost_their_target_only() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let cases: &'static [Case] = cases().leak();
    let mut tasks = JoinSet::new();
    tasks.spawn(serve(listener, cases));
    let mut config = "global: {scrape_interval: 1s, scrape_timeout: 1s}\nservices:\n".to_owned();
    for name in cases.iter().map(|case| case.name).chain(["good"]) {
        // Large bodies need their time to arrive; the rest of the fleet keeps its pace.
        let pace = if ["endless", "announced", "bomb", "causes"].contains(&name) { "20s" } else { "1s" };
        writeln!(
            config,
            "  - {{name: {name}, metrics_path: /{name}, scrape_interval: {pace}, scrape_timeout: {pace}, static_configs: [{{targets: [\"{address}\"]}}]}}"
        )
        .unwrap();
    }
    let place = Place::new(&config);
    let mut server = place.start();
    let known = |answer: &Value| {
        let targets = answer["targets"].as_array().unwrap();
        targets.len() == cases.len() + 1 && targets.iter().all(|target| target["health"] != "unknown")
    };
    let targets = server.until("/api/v1/targets?state=active", 60, known).await;
    let target = |name: &str| {
        let mut targets = targets["targets"].as_array().unwrap().iter();
        targets.find(|target| target["service"] == name).unwrap().clone()
    };
    let status = server.json("/api/v1/status").await;
    for case in cases {
        let target = target(case.name);
        match case.expect {
            Expect::Down(why) => {
                let error = target["last_error"].as_str().unwrap_or_default();
                assert_eq!(target["health"], "down", "{}", case.name);
                assert!(error.contains(why), "{}: {error}", case.name);
                let top = server.json(&format!("/api/v1/top?q=service:{}&start=now-2y", case.name)).await;
                assert_eq!(top["total"], 0, "{}: nothing of it is believed", case.name);
            }
            Expect::Up { dropped, counted } => {
                assert_eq!((&target["health"], &target["last_error"]), (&"up".into(), &Value::Null), "{}", case.name);
                let path = format!("/api/v1/aggregates?q=service:{}&all=true&start=now-2y", case.name);
                let list = server.json(&path).await;
                let listed = list["aggregates"].as_array().unwrap().iter();
                let listed: Vec<(&str, u64)> = listed
                    .map(|one| (one["aggregation_key"].as_str().unwrap(), one["total_count"].as_u64().unwrap()))
                    .collect();
                assert_eq!(listed, counted, "{}", case.name);
                let hit = status["limits_hit"][case.name]["aggregates"].as_u64().unwrap_or(0);
                // Each scrape drops them again.
                assert!(if dropped == 0 { hit == 0 } else { hit >= dropped }, "{}: {hit} {status}", case.name);
            }
        }
    }
    assert!(status["limits_hit"]["causes"]["causes"].as_u64().unwrap() >= 99_900, "{status}");

    // The good one beside them was scraped all the time, exactly.
    let good = |answer: &Value| answer["aggregates"][0]["total_count"].as_u64().unwrap_or(0) >= 15;
    server.until("/api/v1/aggregates?q=service:good", 30, good).await;
    let history = server.json("/api/v1/targets?state=active&service=good").await;
    assert_eq!(history["targets"][0]["health"], "up");
    assert_eq!(server.send(reqwest::Method::GET, "/-/ready").await.0, 200);
    let peak = peak_bytes(server.pid());
    println!("peak memory {} MB", peak >> 20);
    assert!(peak < PEAK_BYTES_MAX, "{} MB", peak >> 20);

    // And all of it is still there when it is opened again.
    server.kill();
    let server = place.start();
    let nul = server.json("/api/v1/aggregates?q=service:nul&all=true&start=now-2y").await;
    assert_eq!(nul["aggregates"][0]["aggregation_key"], "Nul\u{fffd}@1");
}
