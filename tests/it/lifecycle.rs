//! The process: who may have the data directory, signals, reloading, environment, and the commands that check.

use std::process::Output;

use reqwest::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::process::{AGAIN, Place, Process, hydrophone, run};

const NOTHING: &str = "services: []\n";

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn check(arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = hydrophone();
    command.args(arguments);
    let Output { status, stdout, stderr } = run(command);
    (status.code(), text(&stdout), text(&stderr))
}

#[tokio::test]
async fn a_second_process_is_refused_and_told_the_pid_of_the_first() {
    let place = Place::new(NOTHING);
    let first = place.start();
    first.ready().await;
    let second = run(place.command());
    assert_eq!(second.status.code(), Some(1));
    let words = format!("is in use by the process with pid {}", first.pid());
    assert!(text(&second.stderr).contains(&words), "{}", text(&second.stderr));
    // The first one did not mind.
    assert_eq!(first.send(Method::GET, "/-/ready").await.0, 200);
    drop(first);
    place.start().ready().await;
}

/// A target whose first answer counts `count`, and that hangs ever after.
async fn hang_after_one_answer(listener: TcpListener, count: u64) {
    let mut hanging = Vec::new();
    let mut answered = false;
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        if !answered {
            answered = true;
            let mut head = [0; 4096];
            let _ = stream.read(&mut head).await.unwrap();
            let body = format!(
                r#"{{"target_uuid":"a","aggregated_errors":[{{"aggregation_key":"Boom@1","total_count":{count},"severity":"error","latest_errors":[]}}]}}"#
            );
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
            continue;
        }
        hanging.push(stream);
    }
}

#[tokio::test]
async fn sigterm_commits_and_leaves_within_the_scrape_timeout_though_a_target_hangs() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let place = Place::new(&format!(
        "global: {{scrape_interval: 4s, scrape_timeout: 4s}}\nservices:\n  - name: slow\n    static_configs: [{{targets: [\"{address}\"]}}]\n"
    ));
    let story = async {
        let mut server = place.start();
        server.until("/api/v1/top?by=service", 20, |answer| answer["total"] == 7).await;
        server.until("/api/v1/targets?state=active", 30, |answer| answer["targets"][0]["health"] == "down").await;
        server.signal("TERM");
        let (status, seconds) = server.wait(20).await;
        assert_eq!(status.code(), Some(0), "{}", server.log());
        assert!(seconds < 5.5, "it took {seconds} s:\n{}", server.log());
        drop(server);
        // What was counted is there, and what was not scraped is not invented.
        let server = place.start();
        let top = server.json("/api/v1/top?by=service").await;
        assert_eq!(top["total"], 7);
    };
    tokio::select! {
        () = story => {}
        () = hang_after_one_answer(listener, 7) => {}
    }
}

#[tokio::test]
async fn a_bad_file_keeps_the_running_configuration_and_says_why() {
    let place = Place::new("services: [{name: first}]\n");
    let mut command = place.command();
    command.arg("--web.enable-lifecycle");
    let server = Process::start(command);
    let named = |name: &'static str| move |answer: &serde_json::Value| answer["yaml"].as_str().unwrap().contains(name);
    let status = server.until("/api/v1/status", 5, |status| status["config_reload_success"] == true).await;
    assert!(status["config_reload_error"].is_null());
    assert!(named("first")(&server.json("/api/v1/config").await));

    place.configure("services: [{name: second}]\n");
    server.signal("HUP");
    server.until("/api/v1/config", 10, named("second")).await;

    place.configure("services:\n  - name: third\n    scrape_intervall: 5s\n");
    server.signal("HUP");
    let status = server.until("/api/v1/status", 10, |status| status["config_reload_success"] == false).await;
    let why = status["config_reload_error"].as_str().unwrap();
    assert!(why.contains("hydrophone.yaml:3") && why.contains("scrape_intervall"), "{why}");
    assert!(named("second")(&server.json("/api/v1/config").await));

    // The same over HTTP, which answers with the reason.
    let (code, answer) = server.send(Method::POST, "/-/reload").await;
    assert_eq!(code, 500);
    assert!(answer.starts_with("failed to reload config: ") && answer.contains("scrape_intervall"), "{answer}");
    // The file knows nothing of the data directory; the server does.
    place.configure("services: []\nbackup: {directory: ./data/../data}\n");
    let (code, answer) = server.send(Method::POST, "/-/reload").await;
    assert!(code == 500 && answer.contains("hydrophone.yaml: backup.directory is the data directory"), "{answer}");
    // Whoever may read may not read a password in what is wrong.
    place.configure("services:\n  - name: third\n    http_sd_configs: [{url: 'http://bob:s3cret@sd:99999/'}]\n");
    let (_, answer) = server.send(Method::POST, "/-/reload").await;
    let status = server.json("/api/v1/status").await;
    let why = status["config_reload_error"].as_str().unwrap();
    for said in [why, &answer, &check(&["check", "config", place.config().to_str().unwrap()]).2] {
        assert!(
            said.contains("http_sd_configs[0].url: \"http://<secret>@sd:99999/\" is no URL: invalid port"),
            "{said}"
        );
        assert!(!said.contains("s3cret"), "{said}");
    }
    assert!(!server.log().contains("s3cret"), "{}", server.log());
    place.configure("services: [{name: fourth}]\n");
    assert_eq!(server.send(Method::POST, "/-/reload").await, (200, String::new()));
    assert!(named("fourth")(&server.json("/api/v1/config").await));
    let status = server.json("/api/v1/status").await;
    assert_eq!((&status["config_reload_success"], &status["config_reload_error"]), (&true.into(), &().into()));
}

#[tokio::test]
async fn reloading_over_http_has_to_be_enabled() {
    let place = Place::new(NOTHING);
    let server = place.start();
    assert_eq!(server.send(Method::POST, "/-/reload").await.0, 403);
    assert_eq!(server.send(Method::POST, "/-/quit").await.0, 403);
}

#[tokio::test]
async fn port_and_config_file_are_read_from_the_environment_as_periskop_does() {
    let place = Place::new("services: [{name: from-the-environment}]\n");
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = hydrophone();
    command.env("PORT", port.to_string()).env("CONFIG_FILE", place.config()).current_dir(place.path());
    let server = Process::start(command);
    assert_eq!(server.url().await, format!("http://localhost:{port}"));
    let config = server.json("/api/v1/config").await;
    assert!(config["yaml"].as_str().unwrap().contains("from-the-environment"));
    drop(server);
    let mut command = hydrophone();
    let refused = run({
        command.env("PORT", "http").env("CONFIG_FILE", place.config()).current_dir(place.path());
        command
    });
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("environment variable PORT: \"http\" is not a port"));
}

#[tokio::test]
async fn periskops_own_configuration_files_start_unchanged() {
    for file in ["periskop-dev.yaml", "periskop-docker.yaml"] {
        let path = format!("{}/testdata/config/good/{file}", env!("CARGO_MANIFEST_DIR"));
        let place = Place::new(&std::fs::read_to_string(path).unwrap());
        let server = place.start();
        let targets = server
            .until("/api/v1/targets?state=active", 20, |answer| !answer["targets"].as_array().unwrap().is_empty());
        let targets = targets.await;
        let of_periskop =
            targets["targets"].as_array().unwrap().iter().find(|target| target["service"] == "periskop").unwrap();
        assert!(of_periskop["scrape_url"].as_str().unwrap().ends_with("/errors"), "{of_periskop}");
        assert_eq!(server.send(Method::GET, "/-/health").await, (200, "OK".to_owned()));
        assert!(server.log().contains("repository"), "the data directory is used instead, and that is said");
    }
}

#[test]
fn check_config_says_what_is_wrong_and_where() {
    let good = Place::new(
        "services: [{name: a, static_configs: [{targets: [a:1]}]}, {name: b, static_configs: [{targets: [b:1]}]}]\n",
    );
    let path = good.config().display().to_string();
    let (code, out, err) = check(&["check", "config", &path]);
    assert_eq!(
        (code, out, err),
        (Some(0), format!(" SUCCESS: {path} is a valid configuration file, 2 services\n"), String::new())
    );

    let bad = Place::new("services:\n  - name: a\n    scrape_interval: fast\n");
    let bad_path = bad.config().display().to_string();
    // The good one beside it is judged all the same.
    let (code, out, err) = check(&["check", "config", &bad_path, &path]);
    assert_eq!(code, Some(1));
    assert!(out.contains("SUCCESS"), "{out}");
    assert!(err.contains(&format!("{bad_path}:3")) && err.contains("scrape_interval") && err.contains("fast"), "{err}");

    let missing = bad.path().join("missing.yaml").display().to_string();
    let (code, out, err) = check(&["check", "config", &missing]);
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(err.contains(&missing), "{err}");
    assert_eq!(check(&["check", "config"]).0, Some(2), "without a file it is misused");
}

#[test]
fn check_service_discovery_prints_targets_after_relabelling() {
    let place = Place::new(
        "services:\n  - name: shop\n    static_configs: [{targets: [\"one:1\", \"two:2\"], labels: {zone: a}}]\n    relabel_configs:\n      - {source_labels: [__address__], regex: \"two:.*\", action: drop}\n",
    );
    let path = place.config().display().to_string();
    let (code, out, err) = check(&["check", "service-discovery", &path, "shop", "--timeout=5s"]);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    let targets: serde_json::Value = serde_json::from_str(&out).unwrap();
    let one = &targets.as_array().unwrap()[0];
    assert_eq!((&one["labels"]["instance"], &one["labels"]["zone"]), (&"one:1".into(), &"a".into()));
    assert_eq!(one["scrapeUrl"], "http://one:1/-/exceptions");
    assert_eq!((targets.as_array().unwrap().len(), &targets[1]["dropped"]), (2, &true.into()));

    let (code, out, err) = check(&["check", "service-discovery", &path, "shoop"]);
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(err.contains("no service \"shoop\"; there are shop"), "{err}");
}

#[test]
fn a_server_with_a_bad_file_does_not_start() {
    let place = Place::new("services: [{name: a, nonsense: 1}]\n");
    let refused = run(place.command());
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("nonsense"), "{}", text(&refused.stderr));
    assert!(!place.data().try_exists().unwrap(), "nothing was made before the file was read");
    place.configure("services: []\nbackup: {directory: data}\n");
    let refused = run(place.command());
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("backup.directory is the data directory"), "{}", text(&refused.stderr));
    assert!(!place.data().try_exists().unwrap());
    for url in ["foo", "example.org/hydrophone", "ftp://example.org", "http://", "//example.org"] {
        let mut command = place.command();
        let refused = run(std::mem::replace(command.arg(format!("--web.external-url={url}")), hydrophone()));
        assert_eq!(refused.status.code(), Some(2), "{url}");
        assert!(text(&refused.stderr).contains("is no URL such as https://"), "{}", text(&refused.stderr));
    }
}

#[tokio::test]
async fn flags_before_a_command_are_refused_and_behind_it_they_count() {
    let place = Place::new(NOTHING);
    let data = place.data().display().to_string();
    for (arguments, flag) in [
        (
            &["--storage.path", &data, "token", "create", "adm", "--role", "admin"][..],
            "--storage.path stands before `token`",
        ),
        (&["--web.config.file=tls.yml", "serve"], "--web.config.file stands before `serve`"),
        (&["--web.enable-admin-api", "demo"], "--web.enable-admin-api stands before `demo`"),
        (&["--config.file=a", "check", "config", "b"], "--config.file stands before `check`"),
    ] {
        let (code, out, said) = check(arguments);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{said}");
        assert!(said.contains(flag) && said.contains("a command's flags stand behind it"), "{said}");
    }
    assert!(!place.data().try_exists().unwrap());
    // What the environment says is no flag, and may be there for every command.
    let mut version = hydrophone();
    version.arg("version").env("CONFIG_FILE", place.config());
    assert!(run(version).status.success());
    let mut serve = hydrophone();
    serve.arg("serve").args(place.command().get_args());
    Process::start(serve).ready().await;
    assert!(place.data().try_exists().unwrap());
}

#[tokio::test]
async fn a_demo_that_is_ended_while_it_lays_down_its_month_leaves_nothing_behind() {
    for signal in ["INT", "TERM", "HUP"] {
        let place = Place::new(NOTHING);
        let mut command = hydrophone();
        command.args(["demo", "--web.listen-address=127.0.0.1:0"]).env("TMPDIR", place.path());
        let mut demo = Process::start(command);
        let directory = place.path().join(format!("hydrophone-demo-{}", demo.pid()));
        while !demo.log().contains("laying down a month") {
            assert!(demo.ended().is_none(), "{}", demo.log());
            tokio::time::sleep(AGAIN).await;
        }
        assert!(directory.try_exists().unwrap());
        demo.signal(signal);
        let (status, _) = demo.wait(30).await;
        assert!(status.success() && !demo.log().contains("laid down"), "{signal}: {status}\n{}", demo.log());
        assert!(!directory.try_exists().unwrap(), "{signal}");
    }
}

#[test]
fn version_and_help_are_printed() {
    let (code, out, err) = check(&["version"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(out.starts_with(&format!("hydrophone {} (revision ", env!("CARGO_PKG_VERSION"))), "{out}");
    let (code, out, _) = check(&["--help"]);
    assert_eq!(code, Some(0));
    for command in ["serve", "demo", "check", "version", "--config.file"] {
        assert!(out.contains(command), "{command} is missing in:\n{out}");
    }
    assert_eq!(check(&["nonsense"]).0, Some(2));
    #[cfg(target_os = "linux")]
    {
        let place = Place::new(NOTHING);
        let mut command = hydrophone();
        command.args(["check", "config"]).arg(place.config());
        let (code, said) = crate::process::unprinted(&mut command);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("can not write to the standard output: No space left on device"), "{said}");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_server_wants_no_huge_pages() {
    let place = Place::new(NOTHING);
    let server = place.start();
    server.ready().await;
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("THP_enabled:"));
    // Older kernels do not say.
    assert!(line.is_none_or(|line| line.ends_with('0')), "{line:?}");
}
