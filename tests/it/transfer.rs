//! Import and export as people run them: the real binary, killed at random, on a disk that is full, beside a server.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use hydrophone::clock::Clock;
use hydrophone::fs::rewrite_atomic;

use crate::kill::Chance;
use crate::process::{Place, hydrophone, limited, run};

/// Kills of each import, before it may end.
const KILLS: usize = 15;

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// `hydrophone import` or `export`, on this data directory.
fn command(data: &Path, arguments: &[&str]) -> Command {
    let mut command = hydrophone();
    let (words, rest) = arguments.split_at(if arguments[0] == "import" { 2 } else { 1 });
    command.args(words).arg(format!("--storage.path={}", data.display())).args(rest);
    command
}

fn succeed(command: Command) -> String {
    let Output { status, stdout, stderr } = run(command);
    assert!(status.success(), "{}{}", text(&stdout), text(&stderr));
    text(&stdout)
}

fn export(data: &Path) -> String {
    succeed(command(data, &["export"]))
}

/// Counters ordered by series, every five minutes for two months, with restarts and gaps.
fn counters(chance: &mut Chance) -> String {
    let now = Clock::system().now().seconds();
    let mut text = "# TYPE periskop_error_occurrences counter\n".to_owned();
    for series in 0..20 {
        let mut count = 0;
        for n in (1..60 * 288).rev() {
            match chance.below(1000) {
                0 => count = chance.below(3),
                1..=100 => count += 1 + chance.below(20),
                _ => {}
            }
            // Nobody scraped for a night.
            if !(2000..2100).contains(&n) {
                let labels = format!(
                    "service_name=\"shop-{}\",severity=\"warning\",target=\"uuid-{}\",aggregation_key=\"E@{series}\",instance=\"p:80\"",
                    series % 3,
                    series % 7
                );
                writeln!(text, "periskop_error_occurrences{{{labels}}} {count} {}", now - n * 300).unwrap();
            }
        }
    }
    text + "# EOF\n"
}

#[tokio::test]
async fn an_import_that_is_killed_at_random_ends_with_the_same_store() {
    let seed = std::env::var("KILL_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    println!("seed {seed} (KILL_SEED sets another)");
    let mut chance = Chance(seed);
    let place = Place::new("services: []\n");
    let whole = place.path().join("whole");
    let (om, jsonl) = (place.path().join("counters.om"), place.path().join("export.jsonl"));
    rewrite_atomic(&om, counters(&mut chance).as_bytes()).unwrap();
    let watch = Clock::system().stopwatch();
    let said = succeed(command(&whole, &["import", "openmetrics", &om.display().to_string()]));
    assert!(said.contains("deltas with a sum of") && said.contains("taken every 5m"), "{said}");
    let life = (watch.seconds() * 1000.0) as u64;
    let expect = export(&whole);
    rewrite_atomic(&jsonl, expect.as_bytes()).unwrap();
    for (name, kind, file) in [("a", "openmetrics", &om), ("b", "deltas", &jsonl)] {
        let data = place.path().join(name);
        let arguments = ["import", kind, &file.display().to_string()];
        let mut ended = 0;
        for _ in 0..KILLS {
            let mut child = command(&data, &arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            tokio::time::sleep(Duration::from_millis(chance.below(life + 50))).await;
            match child.try_wait().unwrap() {
                Some(status) => {
                    assert!(status.success(), "{status}");
                    ended += 1;
                }
                None => child.kill().unwrap(),
            }
            child.wait().unwrap();
        }
        succeed(command(&data, &arguments));
        assert!(export(&data) == expect, "{kind}: another store");
        assert!(succeed(command(&data, &arguments)).contains("nothing new"));
        assert!(!data.join("import").try_exists().unwrap());
        println!("{kind}: {KILLS} lives, {ended} of them ended by themselves");
    }
}

#[test]
fn an_import_onto_a_full_disk_says_so_and_goes_on_when_there_is_room() {
    let place = Place::new("services: []\n");
    let om = place.path().join("counters.om");
    rewrite_atomic(&om, counters(&mut Chance(7)).as_bytes()).unwrap();
    let whole = place.path().join("whole");
    let arguments = ["import", "openmetrics", &om.display().to_string()];
    succeed(command(&whole, &arguments));
    let data = place.path().join("data");
    // Files may not grow beyond so many blocks of 512 bytes, as on a disk without room.
    let mut failed = 0;
    for blocks in (1000..9000).step_by(1000) {
        let Output { status, stderr, .. } = run(limited(&command(&data, &arguments), blocks));
        if !status.success() {
            assert!(text(&stderr).contains("File too large"), "{}", text(&stderr));
            failed += 1;
        }
    }
    assert!(failed > 0, "there was room from the first");
    succeed(command(&data, &arguments));
    assert!(export(&data) == export(&whole), "another store");
}

#[test]
fn an_export_has_its_name_when_it_is_whole_and_goes_wherever_something_takes_it() {
    let place = Place::new("services: []\n");
    let path = |name: &str| place.path().join(name).display().to_string();
    let (om, out, link) = (path("counters.om"), path("out.jsonl"), path("link"));
    rewrite_atomic(Path::new(&om), counters(&mut Chance(7)).as_bytes()).unwrap();
    let data = place.data();
    succeed(command(&data, &["import", "openmetrics", &om]));
    let whole = export(&data);
    rewrite_atomic(Path::new(&out), b"what was there\n").unwrap();
    std::os::unix::fs::symlink("out.jsonl", &link).unwrap();
    // The database is smaller, and has room.
    let blocks = std::fs::metadata(data.join("hydrophone.redb")).unwrap().len() / 512 + 64;
    assert!(whole.len() as u64 > blocks * 512 * 5 / 4, "{} bytes, {blocks} blocks", whole.len());
    for to in [&out, &link, &path("new")] {
        let Output { status, stderr, .. } = run(limited(&command(&data, &["export", "--output", to]), blocks));
        assert_eq!(status.code(), Some(1));
        assert!(text(&stderr).contains("File too large"), "{}", text(&stderr));
        assert_eq!(std::fs::read_to_string(&out).unwrap(), "what was there\n");
    }
    let mut left: Vec<_> = std::fs::read_dir(place.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["counters.om", "data", "hydrophone.yaml", "link", "out.jsonl"]);
    succeed(command(&data, &["export", "--output", &link]));
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(std::fs::read_to_string(&out).unwrap() == whole, "what the link names was not replaced");
    // Neither can be made durable, and neither need be.
    succeed(command(&data, &["export", "--output", "/dev/null"]));
    assert!(
        succeed(command(&data, &["export", "--output", "/dev/stdout"])) == whole,
        "not all of it went through the pipe"
    );
}

#[test]
fn an_export_without_what_is_damaged_has_all_the_rest() {
    let place = Place::new("services: []\n");
    let (data, samples) = (place.data(), place.path().join("samples.jsonl"));
    let line = |day: &str| {
        format!("{{\"service\": \"shop\", \"key\": \"A@1\", \"day\": \"{day}\", \"message\": \"of {day}\"}}\n")
    };
    rewrite_atomic(&samples, (line("2026-11-19") + &line("2026-11-20")).as_bytes()).unwrap();
    succeed(command(&data, &["import", "occurrences", &samples.display().to_string()]));
    std::fs::remove_file(data.join("occurrences/2026-11-19/bodies.log")).unwrap();
    let out = place.path().join("out.jsonl");
    let Output { status, stderr, .. } = run(command(&data, &["export", "--output", &out.display().to_string()]));
    assert_eq!(status.code(), Some(1));
    assert!(text(&stderr).contains("without 1 damaged samples"), "{}", text(&stderr));
    let exported = std::fs::read_to_string(&out).unwrap();
    assert!(exported.contains("of 2026-11-20") && !exported.contains("of 2026-11-19"), "{exported}");
}

#[tokio::test]
async fn import_and_export_are_refused_beside_a_server_and_told_its_pid() {
    let place = Place::new("services: []\n");
    let server = place.start();
    server.url().await;
    let words = format!("is in use by the process with pid {}", server.pid());
    for arguments in [&["import", "openmetrics", "x"][..], &["import", "deltas", "x"], &["export"]] {
        let Output { status, stderr, .. } = run(command(&place.data(), arguments));
        assert_eq!(status.code(), Some(1));
        assert!(text(&stderr).contains(&words), "{}", text(&stderr));
    }
}

#[test]
fn what_can_not_be_done_is_said() {
    let place = Place::new("services: []\n");
    let path = |name: &str| place.path().join(name).display().to_string();
    let refused = |arguments: &[&str]| {
        let Output { status, stderr, .. } = run(command(&place.data(), arguments));
        assert_eq!(status.code(), Some(1), "{arguments:?}");
        text(&stderr)
    };
    assert!(refused(&["export"]).contains("is no data directory"));
    assert!(!place.data().try_exists().unwrap());
    assert!(refused(&["import", "deltas", &path("missing")]).contains("can not read"));
    rewrite_atomic(
        Path::new(&path("bad")),
        b"{\"kind\":\"header\",\"format\":\"hydrophone deltas\",\"version\":1}\n\
          {\"service\":\"shop\",\"key\":\"E@1\",\"t\":1795100000,\"count\":2}\n\
          {\"service\":\"shop\",\"key\":\"E@1\",\"t\":1795100000,\"cou",
    )
    .unwrap();
    let said = refused(&["import", "deltas", &path("bad")]);
    assert!(said.contains("bad:3: ") && said.contains("the 2 lines before it are in the store"), "{said}");
    assert!(export(&place.data()).contains("\"points\":[[1795100000,2]]"));
    rewrite_atomic(Path::new(&path("other")), b"x_total 5 1795100000\n").unwrap();
    let said = succeed(command(&place.data(), &["import", "openmetrics", &path("other")]));
    assert!(said.contains("no metric periskop_error_occurrences") && said.contains("# EOF"), "{said}");
}
