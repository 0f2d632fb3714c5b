//! What commits notice of backups, and whether a backup is the store at its commit: 200 targets of 1,000 errors every 5 seconds, of
//! which one in twenty moves and has a new sample, a scrape a commit, while 20 backups are made in a row. Each is restored and
//! compared with a twin that was given the same scrapes up to that commit. `MONTH=DIR` is a data directory to begin with, of a month
//! that ends where these scrapes begin (docs/benchmarks.md); then nothing is compared, which would take long.
//!
//! Not criterion: the slowest in a hundred is the figure. `nice -n -15` where the machine serves others, too.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hydrophone::backup::{Archive, Directory, Manifest, Options, Pace, Restoring, Stop, read_archive, take};
use hydrophone::clock::Clock;
use hydrophone::ingest::{Added, Batch};
use hydrophone::model::exposition::{ExposedAggregate, Exposition};
use hydrophone::model::label::Labels;
use hydrophone::model::occurrence::{Exception, Occurrence, Stack};
use hydrophone::model::scrape::Scrape;
use hydrophone::model::severity::Severity;
use hydrophone::model::target::Target;
use hydrophone::model::time::{Millis, Timestamp};
use hydrophone::store::Store;
use hydrophone::transfer;

const TARGETS: u64 = 200;
const ERRORS: u64 = 1000;
const MOVED: u64 = 50;
const INTERVAL: Millis = Millis::from_seconds(5);
/// A scrape every so many milliseconds.
const PACE: Duration = Duration::from_millis(25);
const BEGIN: Timestamp = Timestamp(1_795_132_800_000);
const BACKUPS: usize = 20;
/// Bytes a second, as scheduled backups read.
const RATE: u64 = 32 << 20;
/// Scrapes of each target before anything is measured.
const HISTORY: u64 = 10;
const ALONE_SECONDS: f64 = 30.0;

fn main() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    for place in ["data", "twin"] {
        begun(&at(place));
    }
    let store = Store::open(&at("data")).unwrap();
    let before = store.view().unwrap().statistics().commit;
    let mut next = 0;
    while next < TARGETS * HISTORY {
        apply(&store, next);
        next += 1;
    }
    println!("{:<44} {:>8} {:>8} {:>8} {:>8}", "commits", "n", "p50 ms", "p99 ms", "max ms");
    let watch = Clock::system().stopwatch();
    said("alone", paced(&store, &mut next, || watch.seconds() < ALONE_SECONDS));
    let made = [Some(RATE), None].map(|rate| {
        let done = AtomicBool::new(false);
        let (taken, times) = std::thread::scope(|scope| {
            let backups = scope.spawn(|| {
                let taken = backups(&store, directory.path(), rate);
                done.store(true, Ordering::Release);
                taken
            });
            let times = paced(&store, &mut next, || !done.load(Ordering::Acquire));
            (backups.join().unwrap(), times)
        });
        said(
            if rate.is_some() { "while backups read 32 MiB a second" } else { "while backups read what they can" },
            times,
        );
        taken
    });
    for (name, taken) in ["32 MiB a second", "no limit"].iter().zip(&made) {
        let seconds: f64 = taken.iter().map(|backup| backup.seconds).sum();
        let bytes = taken.last().map_or(0, |backup| backup.manifest.bytes());
        println!(
            "{} backups of up to {} MB, {name}: {:.2} s each",
            taken.len(),
            bytes / 1_000_000,
            seconds / taken.len() as f64
        );
    }
    drop(store);
    let mut made: Vec<Taken> = made.into_iter().flatten().collect();
    made.sort_by_key(|taken| taken.manifest.commit);
    if std::env::var_os("MONTH").is_none() {
        compare(directory.path(), before, &made);
    }
}

/// What is there before anything is scraped: nothing, or a copy of the data directory that `MONTH` names.
fn begun(path: &Path) {
    if let Some(month) = std::env::var_os("MONTH") {
        let copied = std::process::Command::new("cp").arg("-r").arg(month).arg(path).status().unwrap();
        assert!(copied.success());
    }
}

/// A backup that was made.
struct Taken {
    manifest: Manifest,
    seconds: f64,
    /// Its archive; nothing for one that is in the directory.
    archive: Option<std::path::PathBuf>,
}

fn backups(store: &Store, place: &Path, rate: Option<u64>) -> Vec<Taken> {
    let clock = Clock::system();
    let one = |number: usize| {
        let now = clock.now();
        let options = Options { now, with_index: false, pace: Pace::new(&clock, rate, Stop::default()) };
        let watch = clock.stopwatch();
        let (manifest, archive) = if number.is_multiple_of(2) {
            let mut directory = Directory::open(&place.join("backups"), None).unwrap();
            (take(store, options, &mut directory).unwrap(), None)
        } else {
            let path = place.join(format!("{}-{number}.tar.zst", rate.unwrap_or(0)));
            let file = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
            (take(store, options, &mut Archive::new(file, now).unwrap()).unwrap(), Some(path))
        };
        Taken { manifest, seconds: watch.seconds(), archive }
    };
    (0..BACKUPS).map(one).collect()
}

/// Restores each and compares it with a twin at the same commit.
fn compare(place: &Path, before: u64, made: &[Taken]) {
    let path = place.join("twin");
    let mut next = 0;
    for taken in made {
        let twin = Store::open(&path).unwrap();
        while before + next < taken.manifest.commit {
            apply(&twin, next);
            next += 1;
        }
        drop(twin);
        let copy = place.join("copy");
        let _ = std::fs::remove_dir_all(&copy);
        let mut restoring = Restoring::begin(&copy, false, false).unwrap();
        match &taken.archive {
            Some(archive) => read_archive(std::fs::File::open(archive).unwrap(), &mut restoring).unwrap(),
            None => {
                let backups = place.join("backups");
                let stored = Directory::newest(&backups, taken.manifest.time()).unwrap();
                Directory::read(&backups, &stored, &mut restoring).unwrap()
            }
        };
        let exported = |path: &Path| {
            let store = Store::open(path).unwrap();
            let mut out = Vec::new();
            transfer::export(&store, &mut out, Path::new("export")).unwrap();
            transfer::export_occurrences(&store, &mut out, Path::new("export")).unwrap();
            out
        };
        let (restored, expected) = (exported(&copy), exported(&path));
        assert!(restored == expected, "commit {}", taken.manifest.commit);
        Store::open(&copy)
            .unwrap()
            .verify(&mut |finding| panic!("commit {}: {finding}", taken.manifest.commit))
            .unwrap();
    }
    println!("{} backups are their store at their commits, by export, and nothing is wrong with them", made.len());
}

/// Commits scrapes at their pace; how long each took.
fn paced(store: &Store, next: &mut u64, go_on: impl Fn() -> bool) -> Vec<f64> {
    let (watch, mut times) = (Clock::system().stopwatch(), Vec::new());
    while go_on() {
        let due = PACE * times.len() as u32;
        std::thread::sleep(due.saturating_sub(Duration::from_secs_f64(watch.seconds())));
        times.push(apply(store, *next));
        *next += 1;
    }
    times
}

/// Commits scrape number `number`; how many milliseconds the commit took.
fn apply(store: &Store, number: u64) -> f64 {
    let scrape = scrape(number % TARGETS, number / TARGETS);
    let mut batch = Batch::new(store.draft());
    assert!(matches!(batch.add(scrape), Added::Yes(_)));
    let commit = batch.into_draft().finish();
    let watch = Clock::system().stopwatch();
    store.commit(commit).unwrap();
    watch.seconds() * 1000.0
}

fn said(what: &str, mut times: Vec<f64>) {
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!("{what:<44} {:>8} {:>8.1} {:>8.1} {:>8.1}", times.len(), at(0.5), at(0.99), at(1.0));
}

/// What `target` says at `step`: all at first, then those that moved.
fn scrape(target: u64, step: u64) -> Scrape {
    let at = BEGIN.plus(Millis(INTERVAL.0 * step as i64 + PACE.as_millis() as i64 * target as i64));
    let moved = if step == 0 { 0..ERRORS } else { step * MOVED % ERRORS..step * MOVED % ERRORS + MOVED };
    let aggregates = moved.map(|key| {
        let frame = |frame| format!("com.example.checkout.Step{frame}.run(Step{frame}.scala:{})", key + frame);
        ExposedAggregate {
            key: format!("java.lang.IllegalStateException@{key:08x}"),
            total_count: step + 1,
            severity: Severity::Error,
            created_at: Some(BEGIN),
            occurrences: Some(vec![Occurrence {
                uuid: format!("5f0c7a1e-{key:04x}-4000-8{target:03x}-{step:012x}"),
                timestamp: Some(at),
                severity: Severity::Error,
                exception: Exception {
                    class: "java.lang.IllegalStateException".to_owned(),
                    message: format!("order {key} can not be shipped twice, request {:016x}", step * target),
                    stack: Some(Arc::new(Stack { frames: (0..15).map(frame).collect() })),
                    ..Exception::default()
                },
                http: None,
            }]),
            ..ExposedAggregate::default()
        }
    });
    let address = format!("10.0.0.{target}:9000");
    let exposed = Target {
        service: format!("svc-{:02}", target / 20),
        labels: Labels::from_pairs([("instance", address.as_str())]),
        discovered_labels: Labels::default(),
        url: format!("http://{address}/-/exceptions"),
        address,
        scrape_interval: INTERVAL,
        scrape_timeout: INTERVAL,
    };
    let exposition = Exposition {
        target_uuid: Some(format!("{target}")),
        aggregates: aggregates.collect(),
        ..Exposition::default()
    };
    Scrape { target: Arc::new(exposed), at, duration: Millis(5), body_bytes: 1 << 20, outcome: Ok(exposition) }
}
