//! The manager, with the time in the test's hands.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use super::*;
use crate::config::parse;
use crate::fs::rewrite_atomic;

/// A running manager whose time the test holds.
struct Bench {
    clock: Clock,
    config: watch::Sender<Arc<Config>>,
    out: watch::Receiver<Targets>,
    metrics: Metrics,
    stop: CancellationToken,
    task: JoinSet<()>,
}

fn config(yaml: &str) -> Arc<Config> {
    Arc::new(parse(yaml, "x").unwrap_or_else(|error| panic!("{error}")))
}

impl Bench {
    fn start(yaml: &str) -> Self {
        let clock = Clock::mock(Timestamp::from_seconds(1_000_000));
        let (config, configs) = watch::channel(config(yaml));
        let (sender, out) = watch::channel(Targets::default());
        let (stop, metrics) = (CancellationToken::new(), Metrics::default());
        let mut task = JoinSet::new();
        task.spawn(Manager::new(clock.clone(), metrics.clone()).run(configs, sender, stop.clone()));
        Self { clock, config, out, metrics, stop, task }
    }

    fn reload(&self, yaml: &str) {
        self.config.send_replace(config(yaml));
    }

    /// Moves the time on until what is published satisfies `enough`.
    async fn until(&mut self, enough: impl Fn(&str) -> bool) -> String {
        for _ in 0..1000 {
            let now = show(&self.out.borrow_and_update());
            if enough(&now) {
                return now;
            }
            self.clock.advance(GATHER);
            // Gives the tasks, and the file system behind them, a moment; not waited for when a list comes.
            let _ = tokio::time::timeout(Duration::from_millis(5), self.out.changed()).await;
        }
        panic!("published: {}", show(&self.out.borrow()));
    }
}

/// `a[x:1 y:2] b[]`
fn show(targets: &Targets) -> String {
    let service = |targets: &Arc<ServiceTargets>| {
        let active: Vec<&str> = targets.active.iter().map(|target| target.labels.get("instance").unwrap()).collect();
        format!("{}[{}]", targets.service, active.join(" "))
    };
    targets.iter().map(service).collect::<Vec<_>>().join(" ")
}

fn file_service(name: &str, file: &Path, more: &str) -> String {
    format!("- name: {name}\n  file_sd_configs: [{{files: ['{}']}}]\n{more}", file.display())
}

#[tokio::test]
async fn services_are_published_in_the_order_of_the_file() {
    let mut bench = Bench::start("services: [{name: b, static_configs: [{targets: ['y:1', 'x:1']}]}, {name: a}]");
    assert_eq!(bench.until(|now| !now.is_empty()).await, "b[x:1 y:1] a[]");
    bench.reload("services: [{name: a}, {name: b, static_configs: [{targets: ['y:1', 'x:1']}]}]");
    bench.until(|now| now == "a[] b[x:1 y:1]").await;
    bench.reload("services: [{name: a}]");
    bench.until(|now| now == "a[]").await;
    bench.reload("");
    bench.until(str::is_empty).await;
}

/// A directory that hands out two targets to the first who asks, and lets everybody else wait.
struct Once {
    url: String,
    asked: Arc<AtomicUsize>,
    _task: JoinSet<()>,
}

impl Once {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut waiting = Vec::new();
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                if counted.fetch_add(1, Ordering::SeqCst) == 0 {
                    let body = r#"[{"targets": ["a:1", "b:1"]}]"#;
                    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
                    let text = format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                    stream.write_all(text.as_bytes()).await.unwrap();
                }
                waiting.push(stream);
            }
        });
        Self { url, asked, _task: task }
    }

    fn service(&self, more: &str) -> String {
        format!("- name: s\n  http_sd_configs: [{{url: '{}', refresh_interval: 1d}}]\n{more}", self.url)
    }
}

#[tokio::test]
async fn changed_rules_work_on_the_list_that_there_is() {
    let directory = Once::start().await;
    let mut bench = Bench::start(&format!("services:\n{}", directory.service("")));
    bench.until(|now| now == "s[a:1 b:1]").await;
    let rule = "  relabel_configs: [{action: keep, source_labels: [__address__], regex: 'a.*'}]\n";
    bench.reload(&format!("services:\n{}", directory.service(rule)));
    let published = bench.until(|now| now != "s[a:1 b:1]").await;
    assert_eq!(published, "s[a:1]");
    assert_eq!(bench.out.borrow()[0].dropped_total, 1);
    assert_eq!(directory.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn services_that_did_not_change_keep_their_very_list() {
    let directory = Once::start().await;
    let same = directory.service("");
    let mut bench = Bench::start(&format!("services:\n{same}- name: other\n"));
    bench.until(|now| now == "s[a:1 b:1] other[]").await;
    let before = Arc::clone(&bench.out.borrow()[0]);
    bench.reload(&format!("services:\n{same}- name: other\n  static_configs: [{{targets: ['b:1']}}]\n"));
    let published = bench.until(|now| now != "s[a:1 b:1] other[]").await;
    assert_eq!(published, "s[a:1 b:1] other[b:1]");
    assert!(Arc::ptr_eq(&before, &bench.out.borrow()[0]));
    assert_eq!(directory.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn targets_stay_while_a_changed_mechanism_looks_for_the_first_time() {
    let directory = Once::start().await;
    directory.asked.store(1, Ordering::SeqCst);
    let fixed = "  static_configs: [{targets: ['a:1']}]\n";
    let mut bench = Bench::start(&format!("services:\n- name: s\n{fixed}"));
    bench.until(|now| now == "s[a:1]").await;
    let reloaded = bench.clock.now();
    // The directory never answers, and the address changes at the same time.
    bench.reload(&format!("services:\n{}", directory.service("  static_configs: [{targets: ['a:2']}]\n")));
    bench.until(|now| now == "s[a:2]").await;
    assert!(bench.clock.now().since(reloaded) >= PATIENCE);
}

#[tokio::test]
async fn what_a_file_says_arrives_and_what_breaks_keeps_the_last_list() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("t.yml");
    rewrite_atomic(&file, b"- targets: ['a:1']").unwrap();
    let mut bench = Bench::start(&format!("services:\n{}", file_service("s", &file, "")));
    bench.until(|now| now == "s[a:1]").await;
    rewrite_atomic(&file, b"- targets: ['a:1', 'b:1']").unwrap();
    bench.until(|now| now == "s[a:1 b:1]").await;
    rewrite_atomic(&file, b"- targets: [").unwrap();
    let failures = |bench: &Bench| {
        let labels = MechanismLabels { service: "s".to_owned(), mechanism: "file" };
        bench.metrics.failures.get_or_create(&labels).get()
    };
    for _ in 0..1000 {
        if failures(&bench) > 0 {
            break;
        }
        bench.clock.advance(Millis::from_seconds(2));
        tokio::task::yield_now().await;
        let _ = tokio::time::timeout(Duration::from_millis(5), bench.out.changed()).await;
    }
    assert!(failures(&bench) > 0);
    assert_eq!(show(&bench.out.borrow()), "s[a:1 b:1]");
}

#[tokio::test]
async fn changes_at_one_time_are_one_publication() {
    let mut bench = Bench::start("services: [{name: a, static_configs: [{targets: ['a:1']}]}]");
    bench.until(|now| now == "a[a:1]").await;
    let updates = bench.metrics.updates.get();
    bench.reload("services: [{name: a, static_configs: [{targets: ['a:2']}]}]");
    bench.reload("services: [{name: a, static_configs: [{targets: ['a:3']}]}]");
    bench.until(|now| now == "a[a:3]").await;
    assert_eq!(bench.metrics.updates.get(), updates + 1);
}

#[tokio::test]
async fn it_stops_when_told_and_goes_on_when_nobody_configures_it_any_more() {
    let Bench { clock, config, mut out, stop, mut task, .. } =
        Bench::start("services: [{name: a, static_configs: [{targets: ['a:1']}]}]");
    drop(config);
    while show(&out.borrow()) != "a[a:1]" {
        clock.advance(GATHER);
        let _ = tokio::time::timeout(Duration::from_millis(5), out.changed()).await;
    }
    stop.cancel();
    task.join_next().await.unwrap().unwrap();
}

#[tokio::test]
async fn one_look_shows_targets_and_problems() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("t.json");
    let yaml = format!(
        "services:\n{}  static_configs: [{{targets: ['a:1', 'b:1', 'b c']}}]\n  relabel_configs: [{{action: drop, source_labels: [__address__], regex: 'b:1'}}]\n",
        file_service("s", &file, "")
    );
    let service = Arc::clone(&config(&yaml).services[0]);
    let resolved = resolve_once(&service, &Clock::system(), Millis::from_seconds(5)).await;
    assert_eq!(show(&Arc::new(vec![Arc::new(resolved.targets.clone())])), "s[a:1]");
    assert_eq!(resolved.targets.dropped_total, 2);
    assert_eq!(
        resolved.problems,
        [
            format!("no file matches {}", file.display()),
            "target b c can not be scraped: its address must be host:port, not \"b c\"".to_owned()
        ]
    );
}

#[tokio::test]
async fn no_problem_repeats_a_login() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("t.json");
    rewrite_atomic(&file, br#"["http://bob:s3cret@a:1"]"#).unwrap();
    let good = directory.path().join("u.json");
    rewrite_atomic(&good, br#"[{"targets": ["bob:s3cret@a:1"]}]"#).unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let yaml = format!(
        "services:\n- name: s\n  file_sd_configs: [{{files: ['{}', '{}', 'http://bob:s3cret@a/t.json']}}]\n  \
         dns_sd_configs: [{{names: ['bob:s3cret@a..b'], type: A, port: 1}}]\n  \
         http_sd_configs: [{{url: 'http://s3cret@{closed}/'}}]\n",
        file.display(),
        good.display()
    );
    let resolved = resolve_once(&config(&yaml).services[0], &Clock::system(), Millis::from_seconds(20)).await;
    let all = resolved.problems.join("\n");
    let all = format!("{all}\n{:?}", resolved.targets.dropped);
    assert!(!all.contains("s3cret"), "{all}");
    for problem in [
        "t.json: this is no list of target groups, at line 1 column 24",
        "no file matches http://<secret>@a/t.json",
        "target <secret>@a:1 can not be scraped: its address must be host:port, not \"<secret>@a:1\"",
        "\"<secret>@a..b\" is no DNS name",
        &format!("http://<secret>@{closed}/: "),
    ] {
        assert!(all.contains(problem), "{problem} in {all}");
    }
}

#[tokio::test]
async fn a_look_that_does_not_end_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let yaml =
        format!("services: [{{name: s, http_sd_configs: [{{url: 'http://{}/'}}]}}]", listener.local_addr().unwrap());
    let resolved = resolve_once(&config(&yaml).services[0], &Clock::system(), Millis(50)).await;
    assert_eq!(resolved.problems, ["http discovery did not finish in 50ms"]);
}
