//! A disk that fills, with the real binary on a small file system of its own: nothing is lost, nothing is counted twice, and it
//! goes on by itself. Mounting needs root; where that is not allowed these tests say so and are left out.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use hydrophone::clock::Clock;
use reqwest::Method;
use serde_json::Value;

use crate::exposer::{Exposer, config};
use crate::kill::Chance;
use crate::process::{AGAIN, Place, Process, hydrophone, run};

/// A small file system; it is gone with this.
struct Disk(PathBuf);

impl Disk {
    /// One of so many megabytes at `path`, if we may.
    fn mount(path: &Path, megabytes: u32) -> Option<Self> {
        std::fs::create_dir_all(path).unwrap();
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", &format!("size={megabytes}m"), "tmpfs"]).arg(path);
        if command.output().is_ok_and(|output| output.status.success()) {
            return Some(Self(path.to_owned()));
        }
        println!("left out: mounting a file system is not allowed here");
        None
    }

    /// Takes all room but so many bytes.
    fn fill(&self, left_bytes: u64) {
        let mut file = File::options().create(true).append(true).open(self.0.join("ballast")).unwrap();
        let mut chunk = 1 << 20;
        while chunk >= 4096 {
            let free = hydrophone::fs::space(&self.0).unwrap().free_bytes;
            if free < left_bytes + chunk || file.write_all(&vec![7; chunk as usize]).is_err() {
                chunk /= 2;
            }
        }
    }

    fn make_room(&self) {
        std::fs::remove_file(self.0.join("ballast")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a process that just ended may hold it for a moment.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// What a process has counted: three errors, the newest sample of each.
fn body(process: u64, counts: [u64; 3]) -> String {
    let mut body = format!(r#"{{"target_uuid": "process-{process}", "aggregated_errors": ["#);
    for (key, count) in counts.iter().enumerate() {
        let comma = if key > 0 { "," } else { "" };
        write!(
            body,
            r#"{comma}{{"aggregation_key": "Error{key}@1", "total_count": {count}, "severity": "error", "latest_errors": [
            {{"uuid": "{process}-{key}-{count}", "severity": "error", "error": {{"class": "Error{key}", "message": "number {count}",
            "stacktrace": ["at one", "at two"], "cause": null}}, "http_context": null}}]}}"#
        )
        .unwrap();
    }
    body + "]}"
}

const RANGE: &str = "start=now-1h&end=now%2B1h";

async fn total(server: &Process) -> Value {
    server.json(&format!("/api/v1/top?by=service&{RANGE}")).await["total"].clone()
}

/// Waits until `/-/ready` answers so; its text.
async fn until_ready_says(server: &Process, wanted: u16) -> String {
    for _ in 0..3000 {
        let (status, text) = server.send(Method::GET, "/-/ready").await;
        if status == wanted {
            return text;
        }
        tokio::time::sleep(AGAIN).await;
    }
    panic!("it never says {wanted}:\n{}", server.log());
}

async fn verify(place: &Place) {
    let mut command = hydrophone();
    command.arg("verify").arg("--storage.path").arg(place.data());
    let output = tokio::task::spawn_blocking(move || run(command)).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_was_full_costs_nothing_to_the_unit() {
    let targets = [Exposer::start(&body(0, [1, 1, 1])).await, Exposer::start(&body(1, [1, 1, 1])).await];
    let place = Place::new(&config(&[&targets[0], &targets[1]], ""));
    let Some(disk) = Disk::mount(&place.data(), 48) else { return };
    let mut counts = [[1u64; 3]; 2];
    let mut throw = || {
        for (process, (target, counts)) in targets.iter().zip(&mut counts).enumerate() {
            counts.iter_mut().enumerate().for_each(|(key, count)| *count += 1 + key as u64);
            target.expose(&body(process as u64, *counts));
        }
        counts.as_flattened().iter().sum::<u64>()
    };

    let mut server = place.start();
    server.ready().await;
    let thrown = throw();
    let is = |thrown: u64| move |top: &Value| top["total"] == thrown;
    let top = format!("/api/v1/top?by=service&{RANGE}");
    server.until(&top, 30, is(thrown)).await;

    disk.fill(0);
    let reason = until_ready_says(&server, 503).await;
    assert!(reason.contains("is full"), "{reason}");
    assert_eq!(server.send(Method::GET, "/-/healthy").await.0, 200);
    for _ in 0..20 {
        throw();
        assert_eq!(total(&server).await, thrown, "what was there is answered");
        tokio::time::sleep(AGAIN * 3).await;
    }
    let outage = server.json("/api/v1/status").await["outage"].clone();
    assert!(outage["held_scrapes"].as_u64().unwrap() > 10 && outage["paused"] == false, "{outage}");
    assert!(outage["reason"].as_str().unwrap().contains("is full"), "{outage}");
    let (_, metrics) = server.send(Method::GET, "/metrics").await;
    assert!(metrics.contains("hydrophone_storage_full 1"), "{metrics}");
    let edit = server.send(Method::POST, "/api/v1/aggregates/bulk").await;
    assert!(edit.0 >= 400);
    let own = server.json("/errors").await.to_string();
    assert!(own.contains("there is no room to write"), "{own}");

    disk.make_room();
    until_ready_says(&server, 200).await;
    let thrown = throw();
    server.until(&top, 30, is(thrown)).await;
    let status = server.json("/api/v1/status").await;
    assert!(status["outage"].is_null(), "{status}");
    // What was held was written as it was scraped, so nothing of it is estimated.
    let range = server.json(&format!("/api/v1/range?step=1m&{RANGE}")).await;
    assert_eq!((&range["total"]["total"], &range["total"]["estimated_total"]), (&thrown.into(), &0.into()));

    // It ends while there is no room, and starts while there is none.
    disk.fill(0);
    until_ready_says(&server, 503).await;
    throw();
    server.until("/api/v1/status", 30, |status| status["outage"]["held_scrapes"].as_u64() > Some(4)).await;
    server.signal("TERM");
    let (status, _) = server.wait(30).await;
    assert!(!status.success() && server.log().contains("given up"), "{}", server.log());
    let server = place.start();
    assert!(until_ready_says(&server, 503).await.contains("is full"));
    assert_eq!(total(&server).await, thrown);
    let thrown = throw();
    disk.make_room();
    server.until(&top, 60, is(thrown)).await;
    drop(server);
    verify(&place).await;
}

/// So many samples, which are all different and can not be compressed well.
fn fat(text: &str, chance: &mut Chance, count: u64) -> String {
    let mut body = r#"{"target_uuid": "fat", "aggregated_errors": ["#.to_owned();
    for key in 0..800 {
        let comma = if key > 0 { "," } else { "" };
        write!(
            body,
            r#"{comma}{{"aggregation_key": "Fat{key}@1", "total_count": {count}, "severity": "error", "latest_errors": ["#
        )
        .unwrap();
        for sample in 0..10 {
            let comma = if sample > 0 { "," } else { "" };
            let from = chance.below((text.len() - 3500) as u64) as usize;
            let message = &text[from..from + 3500];
            write!(
                body,
                r#"{comma}{{"uuid": "{key}-{count}-{sample}", "severity": "error", "http_context": null,
                "error": {{"class": "Fat{key}", "message": "{message}", "stacktrace": null, "cause": null}}}}"#
            )
            .unwrap();
        }
        body += "]}";
    }
    body + "]}"
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_runs_out_of_room_and_more_than_memory_may_hold_are_made_up_for() {
    let mut chance = Chance(5);
    let text: String =
        (0..1 << 20).map(|_| char::from(b'A' + chance.below(26) as u8 + 32 * chance.below(2) as u8)).collect();
    let target = Exposer::start(&body(0, [1, 1, 1])).await;
    let yaml = config(&[&target], "").replace("100ms", "2s");
    let place = Place::new(&yaml);
    let Some(disk) = Disk::mount(&place.data(), 256) else { return };
    let server = place.start();
    server.ready().await;
    let top = format!("/api/v1/top?by=service&{RANGE}");
    server.until(&top, 30, |top| top["total"] == 3).await;

    // Enough to begin, too little to end: redb comes upon it.
    disk.fill((16 << 20) + (512 << 10));
    let mut count = 1;
    target.expose(&fat(&text, &mut chance, count));
    let reason = until_ready_says(&server, 503).await;
    assert!(reason.contains("No space left on device"), "{reason}");
    assert_eq!(total(&server).await, 3, "what was there is answered");
    loop {
        let status = server.json("/api/v1/status").await;
        if status["outage"]["paused"] == true {
            let held = status["outage"]["held_bytes"].as_u64().unwrap();
            assert!(held < 2 * status["outage"]["held_bytes_max"].as_u64().unwrap(), "{status}");
            break;
        }
        assert!(count < 30, "it holds more and more: {status}");
        count += 1;
        target.expose(&fat(&text, &mut chance, count));
        tokio::time::sleep(AGAIN * 100).await;
    }
    // A few more wait on their way, then nobody looks for ten seconds. What came in them is known when there is room again, but not
    // when in them.
    let waits = async || {
        let (_, metrics) = server.send(Method::GET, "/metrics").await;
        let waits = metrics.lines().find_map(|line| line.strip_prefix("hydrophone_scrape_queue_waits_total "));
        waits.unwrap().parse::<u64>().unwrap()
    };
    let before = waits().await;
    while waits().await == before {
        tokio::time::sleep(AGAIN).await;
    }
    let paused = Clock::system().now().0.div_euclid(1000) + 1;
    count += 40;
    target.expose(&fat(&text, &mut chance, count));
    tokio::time::sleep(AGAIN * 500).await;
    assert_eq!(server.json("/api/v1/status").await["outage"]["paused"], true);
    disk.make_room();
    server.until(&top, 120, |top| top["total"] == 3 + 800 * count).await;
    until_ready_says(&server, 200).await;
    let meanwhile = server.json(&format!("/api/v1/range?step=1s&start={paused}&end={}", paused + 8)).await;
    let total = &meanwhile["total"];
    let parts: Vec<u64> = total["counts"].as_array().unwrap().iter().map(|count| count.as_u64().unwrap()).collect();
    assert!(parts.len() == 8 && parts.iter().all(|part| (1..800 * 40 / 8).contains(part)), "{meanwhile}");
    assert_eq!(total["estimated"], total["counts"], "{meanwhile}");
    drop(server);
    verify(&place).await;
}

#[tokio::test]
async fn a_data_directory_that_can_not_be_made_says_that_the_disk_is_full() {
    let place = Place::new("services: []\n");
    let Some(disk) = Disk::mount(&place.data(), 1) else { return };
    disk.fill(0);
    let command = place.command();
    let output = tokio::task::spawn_blocking(move || run(command)).await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("is full: make room and start again"), "{said}");
}

/// Samples of days ago, together so many megabytes that do not become smaller.
fn old_samples(megabytes: usize) -> String {
    let (mut chance, mut lines) = (Chance(9), String::new());
    let now = hydrophone::clock::Clock::system().now().0 / 1000;
    while lines.len() < megabytes << 20 {
        let day = 2 + chance.below(4) as i64;
        let message: String = std::iter::repeat_with(|| char::from(b'0' + chance.below(75) as u8))
            .filter(|c| *c != '\\')
            .take(3000)
            .collect();
        let at = now - day * 86_400 - lines.len() as i64 / 4000;
        writeln!(
            lines,
            r#"{{"service": "s0", "key": "Old@1", "timestamp": {at}, "uuid": "old-{}", "class": "Old", "message": "{message}"}}"#,
            lines.len()
        )
        .unwrap();
    }
    lines
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shorter_retention_makes_room_on_a_disk_that_is_full() {
    let target = Exposer::start(&body(0, [1, 1, 1])).await;
    let place = Place::new(&config(&[&target], ""));
    let Some(disk) = Disk::mount(&place.data(), 320) else { return };
    let file = place.path().join("old.jsonl");
    File::create(&file).unwrap().write_all(old_samples(28).as_bytes()).unwrap();
    let mut command = hydrophone();
    command.args(["import", "occurrences"]).arg(format!("--storage.path={}", place.data().display())).arg(&file);
    let output = tokio::task::spawn_blocking(move || run(command)).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let top = format!("/api/v1/top?by=service&{RANGE}");
    // Its clock is believed when the last scrape was lately.
    let first = place.start();
    first.until(&top, 30, |top| top["total"] == 3).await;
    // An index that is begun on a full disk would be one that `verify` finds incomplete.
    let is_indexed =
        |status: &Value| status["search"]["complete"] == true && status["search"]["occurrences"].as_u64() > Some(9_000);
    first.until("/api/v1/status", 120, is_indexed).await;
    drop(first);

    let server = place.start();
    server.ready().await;
    server.until("/api/v1/status", 120, is_indexed).await;
    disk.fill(0);
    until_ready_says(&server, 503).await;
    target.expose(&body(0, [5, 5, 5]));
    tokio::time::sleep(AGAIN * 100).await;
    assert_eq!(server.send(Method::GET, "/-/ready").await.0, 503, "nothing makes room by itself");
    place.configure(&config(&[&target], "storage: {retention: {occurrences: 1d}}"));
    server.signal("HUP");
    until_ready_says(&server, 200).await;
    server.until(&top, 30, |top| top["total"] == 15).await;
    drop(server);
    verify(&place).await;
}
