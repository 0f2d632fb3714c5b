//! Backups of the real binary while it scrapes: over HTTP, by itself, killed, restored and looked through.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use hydrophone::clock::Clock;
use hydrophone::demo::chaos::{Chaos, Options};
use hydrophone::model::time::Millis;
use hydrophone::store::Store;
use hydrophone::transfer;

use crate::harness::Server;
use crate::process::{AGAIN, Place, Process, hydrophone, limited, run};

/// Backups in a row.
const BACKUPS: usize = 20;

fn command(arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = hydrophone();
    command.args(arguments);
    let Output { status, stdout, stderr } = run(command);
    (status.code(), String::from_utf8([stdout, stderr].concat()).unwrap())
}

/// Runs a command beside everything else.
async fn beside(arguments: Vec<String>) -> (Option<i32>, String) {
    let work = move || command(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    tokio::task::spawn_blocking(work).await.unwrap()
}

/// What is counted in a data directory, in all, and how many samples there are. Both only grow.
fn counted(path: &Path) -> (u64, u64) {
    let store = Store::open(path).unwrap();
    let total = store.view().unwrap().aggregates().iter().map(|aggregate| aggregate.total).sum();
    let mut out = Vec::new();
    (total, transfer::export_occurrences(&store, &mut out, Path::new("samples")).unwrap())
}

async fn throw(chaos: &Chaos) {
    loop {
        chaos.throw_some();
        tokio::time::sleep(Duration::from_millis(70)).await;
    }
}

fn start(place: &Place) -> Process {
    let mut command = place.command();
    command.arg("--web.enable-admin-api");
    Process::start(command)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn backups_in_a_row_are_whole_though_server_and_client_are_killed_meanwhile() {
    let options = Options { seed: 3, ..Options::default() };
    let (chaos, listeners) = Chaos::bind(options, Clock::system(), Ipv4Addr::LOCALHOST.into()).await.unwrap();
    let place = Place::new(&chaos.config_yaml(Millis(1000), Millis(600)));
    let at = |name: &str| place.path().join(name).display().to_string();
    let story = async {
        let mut server = start(&place);
        server.ready().await;
        server.until("/api/v1/status", 30, |status| status["storage"]["commit"].as_u64().unwrap() > 20).await;
        let backups = at("backups/");
        let mut before = (0, 0);
        for number in 0..BACKUPS {
            let url = server.url().await;
            let slow =
                |to: &str| ["backup", "--server", &url, "--rate", "20KiB", "--to", to].map(str::to_owned).to_vec();
            match number {
                7 => {
                    // The client goes away in the middle of it: the server goes on, and makes the next one.
                    let mut arguments = hydrophone();
                    let mut client = arguments.args(slow(&at("cut.tar.zst"))).spawn().unwrap();
                    server.until("/api/v1/status", 20, |status| status["backup"]["running"] == true).await;
                    client.kill().unwrap();
                    client.wait().unwrap();
                    server.until("/api/v1/status", 20, |status| status["backup"]["running"] == false).await;
                    let status = server.json("/api/v1/status").await;
                    assert!(status["backup"]["last_failure"].is_string(), "{status}");
                    assert!(
                        !place.path().join("cut.tar.zst").try_exists().unwrap(),
                        "a file has its name only when it is whole"
                    );
                }
                13 => {
                    let killing = async {
                        server.until("/api/v1/status", 20, |status| status["backup"]["running"] == true).await;
                        server.kill();
                    };
                    let ((code, said), ()) = tokio::join!(beside(slow(&backups)), killing);
                    assert_eq!(code, Some(1), "{said}");
                    server = start(&place);
                    server.ready().await;
                }
                _ => {}
            }
            let url = server.url().await;
            let to = if number % 2 == 0 { backups.clone() } else { at(&format!("{number}.tar.zst")) };
            let made = ["backup", "--server", &url, "--rate", "0", "--to", &to].map(str::to_owned).to_vec();
            let (code, said) = beside(made).await;
            assert_eq!(code, Some(0), "backup {number}: {said}\n{}", server.log());
            let copy = at(&format!("copy-{number}"));
            let (code, said) = beside(["restore", &to, "--storage.path", &copy].map(str::to_owned).to_vec()).await;
            assert_eq!(code, Some(0), "restore {number}: {said}");
            let (code, said) = beside(["verify", "--storage.path", &copy].map(str::to_owned).to_vec()).await;
            assert_eq!(code, Some(0), "verify {number}: {said}");
            let now = counted(Path::new(&copy));
            assert!(now >= before && now.0 > 0 && now.1 > 0, "backup {number}: {now:?} after {before:?}");
            before = now;
            std::fs::remove_dir_all(&copy).unwrap();
        }
        let (code, said) = beside(["verify".to_owned(), at("backups")].to_vec()).await;
        assert_eq!(code, Some(0), "{said}");
        // What runs is as sound as what was copied.
        let url = server.url().await;
        let (code, said) = beside(["verify", "--server", &url].map(str::to_owned).to_vec()).await;
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("nothing is wrong: "), "{said}");
    };
    tokio::select! {
        () = story => {}
        () = throw(&chaos) => {}
        never = chaos.serve(listeners) => match never {},
    }
}

#[tokio::test]
async fn operators_calls_have_to_be_enabled_and_say_what_is_wrong_with_them() {
    let server = Server::start().await;
    for path in ["/api/v1/admin/backup", "/api/v1/admin/verify"] {
        let answer = server.send("POST", path, "", &serde_json::Value::Null).await;
        assert_eq!((answer.status, answer.content_type.as_str()), (403, "application/problem+json"));
        assert!(answer.json()["detail"].as_str().unwrap().contains("--web.enable-admin-api"));
        assert_eq!(server.get(path).await.status, 405);
    }
    let flags = hydrophone::api::state::Flags { enable_admin_api: true, ..Default::default() };
    let server = Server::start_with(flags).await;
    for (query, what) in [("rate=fast", "is not a size"), ("rat=1", "rat"), ("with_index=perhaps", "with_index")] {
        let path = format!("/api/v1/admin/backup?{query}");
        let answer = server.send("POST", &path, "", &serde_json::Value::Null).await;
        assert_eq!(answer.status, 400, "{query}");
        assert!(answer.json()["detail"].as_str().unwrap().contains(what), "{}", answer.body);
    }
    let answer = server.send("POST", "/api/v1/admin/verify", "", &serde_json::Value::Null).await;
    assert_eq!((answer.status, answer.content_type.as_str()), (200, "application/x-ndjson"));
    assert_eq!(answer.json()["findings"], 0);
}

#[tokio::test]
async fn backups_are_made_by_themselves_as_configured_and_kept_as_many() {
    let place = Place::new("services: []\n");
    let configure = |keep: usize| {
        let backup = format!("backup: {{directory: backups, interval: 1s, keep: {keep}}}\n");
        place.configure(&format!("services: []\n{backup}"));
    };
    configure(2);
    let server = start(&place);
    let made = server.until("/api/v1/status", 30, |status| status["backup"]["last_success_time"].is_string()).await;
    assert_eq!((&made["backup"]["keep"], &made["backup"]["interval_seconds"]), (&2.into(), &1.0.into()));
    let directory = place.path().join("backups");
    let names = || {
        let mut names: Vec<_> =
            std::fs::read_dir(directory.join("backups")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let first = names();
    while names().iter().any(|name| first.contains(name)) || names().len() != 2 {
        tokio::time::sleep(AGAIN).await;
    }
    let metrics = server.send(reqwest::Method::GET, "/metrics").await.1;
    for name in ["hydrophone_backup_successes_total", "hydrophone_backup_last_success_timestamp_seconds"] {
        let line = metrics.lines().find(|line| line.starts_with(name)).unwrap();
        assert!(line.split(' ').next_back().unwrap().parse::<f64>().unwrap() >= 1.0, "{line}");
    }
    drop(server);
    let (code, said) = command(&["verify", directory.to_str().unwrap(), "--deep"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("nothing is wrong"), "{said}");
}

#[test]
fn what_does_not_fit_together_is_refused_and_nothing_is_made() {
    let place = Place::new("services: []\n");
    let at = |name: &str| place.path().join(name).display().to_string();
    drop(Store::open(&place.data()).unwrap());
    let data = place.data().display().to_string();
    let before = files(&place.data());
    for (arguments, words) in [
        (
            vec!["backup", "--storage.path", &data, "--to", &data],
            "data is a data directory, and backups go into one of",
        ),
        (vec!["backup", "--server", "http://127.0.0.1:1", "--to", &data], "data is a data directory"),
        (vec!["verify", &data], "data holds no backup: it is a data directory, which --storage.path names"),
        (vec!["restore", &data, "--storage.path", &at("b")], "holds no backup: it is a data directory"),
        (vec!["verify", &at("a"), "--repair", &at("b")], "'[FILE|DIR]' cannot be used with"),
        (vec!["verify", "--server", "http://127.0.0.1:1", "--repair", &at("b")], "cannot be used with"),
        (vec!["verify", "--server", "http://127.0.0.1:1", "--deep"], "cannot be used with"),
        (vec!["verify", "--storage.path", &data, "--deep"], "cannot be used with"),
        (vec!["verify", "--storage.path", &data, "--remove-damaged"], "cannot be used with"),
        (vec!["verify", "--server", "http://127.0.0.1:1", "--remove-damaged"], "cannot be used with"),
        (vec!["verify", &at("hydrophone.yaml"), "--remove-damaged"], "--remove-damaged is for a directory of backups"),
        (vec!["backup", "--storage.path", &data, "--to", &at("a/"), "--keep", "0"], "must be a whole number from 1 on"),
    ] {
        let (code, said) = command(&arguments);
        assert!(code.is_some_and(|code| code != 0), "{arguments:?}");
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
    assert!(!place.path().join("a").try_exists().unwrap() && !place.path().join("b").try_exists().unwrap());
    assert_eq!(files(&place.data()), before);
}

#[test]
fn commands_say_what_is_wrong_and_touch_nothing() {
    let place = Place::new("services: []\n");
    let at = |name: &str| place.path().join(name).display().to_string();
    drop(Store::open(&place.data()).unwrap());
    let data = place.data().display().to_string();
    for (arguments, words) in [
        (vec!["backup", "--storage.path", &at("nowhere"), "--to", &at("a")], "is no data directory"),
        (vec!["backup", "--storage.path", &data, "--to", &at("a"), "--keep", "3"], "--keep is for a directory"),
        (vec!["backup", "--to", &at("a")], "<--server <URL>|--storage.path <DIR>>"),
        (vec!["backup", "--server", "http://127.0.0.1:1", "--to", &at("a")], "can not reach http://127.0.0.1:1"),
        (
            vec!["backup", "--server", "http://bob:s3cret@127.0.0.1:1", "--to", &at("a")],
            "can not reach http://127.0.0.1:1",
        ),
        (
            vec!["verify", "--server", "http://bob:s3cret@127.0.0.1:99999"],
            "\"http://<secret>@127.0.0.1:99999\" is no URL",
        ),
        (vec!["verify", "--server", "bob:s3cret@127.0.0.1:1"], "\"<secret>@127.0.0.1:1\" is not http:// or https://"),
        (
            vec!["plot", "--server.url", "http://bob:s3cret@127.0.0.1:1", "-o", &at("a.svg")],
            "can not reach http://127.0.0.1:1",
        ),
        (
            vec!["plot", "--server.url", "http://bob:s3cret@a b", "-o", &at("a.svg")],
            "\"http://<secret>@a b\" is no URL",
        ),
        (
            vec!["plot", "--server.url", "ftp://bob:s3cret@a", "-o", &at("a.svg")],
            "\"ftp://<secret>@a\" is not http:// or",
        ),
        (vec!["restore", &at("nothing"), "--storage.path", &at("b")], "can not read"),
        (vec!["restore", place.path().to_str().unwrap(), "--storage.path", &at("b")], "holds no backup"),
        (vec!["verify"], "required"),
        (vec!["verify", &at("nothing")], "can not read"),
        (vec!["verify", "--storage.path", &at("nowhere")], "can not look through"),
    ] {
        let (code, said) = command(&arguments);
        assert!(code.is_some_and(|code| code != 0), "{arguments:?}");
        assert!(said.contains(words) && !said.contains("s3cret"), "{arguments:?}: {said}");
    }
    assert!(!place.path().join("b").try_exists().unwrap() && !place.path().join("nowhere").try_exists().unwrap());
    let (code, said) = command(&["backup", "--storage.path", &data, "--to", &at("a.tar.zst")]);
    assert_eq!(code, Some(0), "{said}");
    let mut restore = hydrophone();
    restore.args(["restore", &at("a.tar.zst"), "--storage.path", &at("full")]);
    let said = String::from_utf8(run(limited(&restore, 8)).stderr).unwrap();
    assert!(
        said.contains(&format!("can not restore to {}: ", at("full"))) && said.contains("File too large"),
        "{said}"
    );
    assert!(!said.contains("a.tar.zst"), "{said}");
    let (code, said) = command(&["restore", &at("a.tar.zst"), "--storage.path", &data]);
    assert_eq!(code, Some(1));
    assert!(said.contains("holds data already") && said.contains("--force"), "{said}");
    let (code, said) = command(&["restore", &at("a.tar.zst"), "--storage.path", &data, "--force"]);
    assert_eq!(code, Some(0), "{said}");
    let mut bytes = std::fs::read(at("a.tar.zst")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    hydrophone::fs::rewrite_atomic(Path::new(&at("b.tar.zst")), &bytes).unwrap();
    let (code, said) = command(&["verify", &at("b.tar.zst")]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("is wrong"), "{said}");
}

#[test]
fn a_backup_takes_the_place_of_an_older_one_and_of_nothing_else() {
    let place = Place::new("services: []\n");
    let at = |name: &str| place.path().join(name).display().to_string();
    drop(Store::open(&place.data()).unwrap());
    let data = place.data().display().to_string();
    let backup = |to: &str| command(&["backup", "--storage.path", &data, "--to", to]);
    assert!(std::process::Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
    for (to, words) in [
        (at("pipe"), "pipe is a device, a pipe or a socket and no file: `--to -` writes to the standard output"),
        (at("hydrophone.yaml"), "hydrophone.yaml is there already and is no backup"),
    ] {
        let (code, said) = backup(&to);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains(words), "{said}");
    }
    assert!(std::os::unix::fs::FileTypeExt::is_fifo(&std::fs::metadata(at("pipe")).unwrap().file_type()));
    assert_eq!(std::fs::read_to_string(place.config()).unwrap(), "services: []\n");

    hydrophone::fs::rewrite_atomic(Path::new(&at("empty")), b"").unwrap();
    std::fs::create_dir(at("elsewhere")).unwrap();
    std::os::unix::fs::symlink("elsewhere/a.tar.zst", at("link")).unwrap();
    // To nothing, to what an earlier one left, and to where a link leads before and after there is something.
    for to in ["a.tar.zst", "a.tar.zst", "empty", "link", "link"] {
        let (code, said) = backup(&at(to));
        assert_eq!(code, Some(0), "{to}: {said}");
        assert_eq!(command(&["verify", &at(to)]).0, Some(0), "{to}");
    }
    assert!(std::fs::symlink_metadata(at("link")).unwrap().is_symlink());
    assert_eq!(command(&["verify", &at("elsewhere/a.tar.zst")]).0, Some(0));
}

/// The files in a directory, oldest first where their names are times.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

/// Everything below the directory of objects.
fn objects(backups: &Path) -> Vec<PathBuf> {
    files(&backups.join("objects")).iter().flat_map(|directory| files(directory)).collect()
}

#[test]
fn a_damaged_backup_in_a_directory_costs_no_other_and_an_empty_object_is_written_again() {
    let place = Place::new("services: []\n");
    let at = |name: &str| place.path().join(name).display().to_string();
    let (data, to, backups) = (at("data"), at("backups/"), place.path().join("backups"));
    let succeed = |arguments: &[&str]| {
        let (code, said) = command(arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {said}");
        said
    };
    let lines = |number: u64| {
        let header = r#"{"kind":"header","format":"hydrophone deltas","version":1}"#;
        format!(
            "{header}\n{{\"service\":\"shop\",\"key\":\"E@{number}\",\"t\":{},\"count\":2}}\n",
            1_795_100_000 + number
        )
    };
    let back_up = |number: u64, more: &[&str]| {
        hydrophone::fs::rewrite_atomic(Path::new(&at("deltas")), lines(number).as_bytes()).unwrap();
        succeed(&["import", "deltas", "--storage.path", &data, &at("deltas")]);
        succeed(&[&["backup", "--storage.path", &data, "--to", &to], more].concat())
    };
    for number in 0..4 {
        back_up(number, &[]);
    }
    let all = files(&backups.join("backups"));
    assert_eq!(all.len(), 4);
    hydrophone::fs::rewrite_atomic(&all[3], b"").unwrap();
    let before = objects(&backups);
    let (code, said) = command(&["restore", &to, "--storage.path", &at("copy")]);
    let time = |path: &Path| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let (date, time) = name.split_once('T').unwrap();
        format!("{date}T{}", time.replace('-', ":"))
    };
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains(&format!("`--at {}` takes the one before it", time(&all[2]))), "{said}");
    succeed(&["restore", &to, "--at", &time(&all[2]), "--storage.path", &at("copy")]);

    // Of those that can be read two are left; what the other one needs is not known, so no object goes.
    back_up(4, &["--keep", "2"]);
    let left = files(&backups.join("backups"));
    assert_eq!((left.len(), &left[..2]), (3, &all[2..]));
    let after = objects(&backups);
    assert!(before.iter().all(|object| after.contains(object)));
    for (number, path) in [&left[0], &left[2]].into_iter().enumerate() {
        succeed(&["restore", &to, "--at", &time(path), "--storage.path", &at(&format!("copy-{number}"))]);
    }

    // An object that a power cut left empty, and one without its begin.
    std::fs::remove_file(&left[1]).unwrap();
    back_up(5, &["--keep", "1"]);
    let all = objects(&backups);
    assert!(all.len() < after.len(), "what only the others needed went");
    hydrophone::fs::rewrite_atomic(&all[0], b"").unwrap();
    hydrophone::fs::rewrite_atomic(&all[1], &[0; 4096]).unwrap();
    succeed(&["backup", "--storage.path", &data, "--to", &to]);
    succeed(&["verify", &to, "--deep"]);
}

/// Answers one request so and closes the connection, whatever it promised.
fn answers(answer: &'static [u8]) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            std::io::Read::read_exact(&mut stream, &mut byte).unwrap();
            head.extend(byte);
        }
        std::io::Write::write_all(&mut stream, answer).unwrap();
    });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_between_a_server_and_a_file_is_said_of_whom_it_concerns() {
    let place = Place::new("services: []\n");
    let server = start(&place);
    let url = server.url().await;
    server.ready().await;
    let to = place.path().join("a.tar.zst");
    let backup = |url: &str, token: &str| {
        let mut command = hydrophone();
        command.args(["backup", "--server", url, "--to"]).arg(&to).env("HYDROPHONE_TOKEN", token);
        command
    };
    let said = |command: Command| {
        let output = tokio::task::block_in_place(|| run(command));
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let broken = answers(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n\x28\xb5\x2f\xfd\r\n");
    let (full, none) = (format!("can not write {}: File too large", to.display()), "");
    let plain = answers(b"HTTP/1.0 400 Bad Request\r\nContent-Length: 99\r\n\r\nthis is an HTTPS server");
    let secure = url.replace("http:", "https:");
    for (command, words) in [
        (limited(&backup(&url, none), 0), full),
        (backup(&broken, none), format!("{broken} broke off its answer, and its log says why")),
        (
            backup(&format!("{url}/some/prefix"), none),
            format!(
                "{url}/some/prefix/api/v1/admin/backup answers 405: Method Not Allowed; is Hydrophone served under"
            ),
        ),
        (backup(&plain, none), "answers 400: this is an HTTPS server; does it speak TLS".to_owned()),
        (backup(&secure, none), format!("can not reach {secure}: is a server running there, and does it speak TLS?")),
        (backup(&url, "a b"), "environment variable HYDROPHONE_TOKEN: is no token".to_owned()),
    ] {
        let (code, said) = said(command);
        assert_eq!(code, Some(1), "{said}");
        assert!(
            said.contains(&words) && !said.contains("damaged") && !said.contains("archive broke"),
            "{words}: {said}"
        );
        assert!(!to.try_exists().unwrap());
    }
    assert_eq!(said(backup(&url, "\n")), (Some(0), String::new()));
    // One with a line feed behind it is read, and is none that the server knows.
    let (code, words) = said(backup(&url, "hyd_x\n"));
    assert!(code == Some(1) && words.contains("answers 401: "), "{words}");
}

#[test]
fn a_look_into_a_backup_that_was_killed_is_swept_by_the_next_one() {
    let place = Place::new("services: []\n");
    let at = |name: &str| place.path().join(name);
    drop(Store::open(&place.data()).unwrap());
    let (data, to) = (place.data().display().to_string(), at("backups/").display().to_string());
    assert_eq!(command(&["backup", "--storage.path", &data, "--to", &to]).0, Some(0));
    // One that was killed, one that goes on, and what is none of ours.
    for name in ["backups.verify-7", "backups.verify-8", "backups.verify-mine", "other.verify-7"] {
        std::fs::create_dir(at(name)).unwrap();
        std::fs::create_dir(at(name).join("occurrences")).unwrap();
    }
    let held = std::fs::File::open(at("backups.verify-8")).unwrap();
    held.lock().unwrap();
    let looked = |path: &str| {
        let mut command = hydrophone();
        command.current_dir(place.path()).args(["verify", path, "--deep"]);
        let Output { status, stdout, stderr } = run(command);
        assert!(status.success(), "{path}: {}", String::from_utf8([stdout, stderr].concat()).unwrap());
    };
    looked(&to);
    let left = || {
        let names = files(place.path()).into_iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned());
        names.filter(|name| name.contains(".verify-")).collect::<Vec<_>>()
    };
    assert_eq!(left(), ["backups.verify-8", "backups.verify-mine", "other.verify-7"]);
    drop(held);
    for path in ["backups", "./backups/.", "backups/backups/.."] {
        looked(path);
    }
    assert_eq!(left(), ["backups.verify-mine", "other.verify-7"]);
}

#[tokio::test]
async fn a_backup_without_room_leaves_nothing_behind_and_says_where_there_is_none() {
    let place = Place::new("services: []\n");
    let server = start(&place);
    let url = server.url().await;
    server.ready().await;
    let backups = place.path().join("backups");
    let mut command = hydrophone();
    command.args(["backup", "--server", &url, "--to"]).arg(backups.join(""));
    let left = |ending: &str| {
        let all = [files(&backups.join("backups")), objects(&backups)].concat();
        all.into_iter().filter(|path| path.to_str().unwrap().ends_with(ending)).count()
    };
    // A manifest is longer than a block.
    for _ in 0..2 {
        let limited = limited(&command, 1);
        let output = tokio::task::spawn_blocking(move || run(limited)).await.unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("can not write") && said.contains("File too large"), "{said}");
        assert_eq!((left(".tmp"), left(".json")), (0, 0));
    }
    // As one leaves it that is killed.
    for name in ["backups/2026-11-20T10-00-00Z.tmp", "objects/ab/ab.tmp"] {
        std::fs::create_dir_all(backups.join(name).parent().unwrap()).unwrap();
        hydrophone::fs::rewrite_atomic(&backups.join(name).with_extension("x"), b"half").unwrap();
        std::fs::rename(backups.join(name).with_extension("x"), backups.join(name)).unwrap();
    }
    let limited = limited(&command, 1);
    tokio::task::spawn_blocking(move || run(limited)).await.unwrap();
    assert_eq!(left(".tmp"), 0, "what is left is removed before room is needed");
    let output = tokio::task::spawn_blocking(move || run(command)).await.unwrap();
    assert!(output.status.success());
    assert_eq!((left(".tmp"), left(".json")), (0, 1));
}

#[test]
fn a_repair_takes_the_tokens_along_and_says_how_much_was_lost() {
    let place = Place::new("services: []\n");
    let at = |name: &str| place.path().join(name).display().to_string();
    drop(Store::open(&place.data()).unwrap());
    let data = place.data().display().to_string();
    let (code, secret) = command(&["token", "create", "robot", "--role", "read", "--storage.path", &data]);
    assert_eq!(code, Some(0), "{secret}");
    let (code, said) = command(&["verify", "--storage.path", &data, "--repair", &at("repaired")]);
    assert!(code == Some(0) && said.contains("nothing was lost"), "{said}");
    let listed = |data: &str| command(&["token", "list", "--storage.path", data]).1;
    assert!(listed(&data).contains("robot"));
    assert_eq!(listed(&at("repaired")), listed(&data));

    hydrophone::fs::rewrite_atomic(&place.data().join("tokens.json"), b"{").unwrap();
    let (code, said) = command(&["verify", "--storage.path", &data, "--repair", &at("again")]);
    assert!(code == Some(0) && said.contains("lost: API tokens: ") && said.contains("1 thing was lost"), "{said}");

    hydrophone::fs::rewrite_atomic(&place.data().join("FORMAT"), b"3\n").unwrap();
    let (code, said) = command(&["verify", "--storage.path", &data, "--repair", &at("newer")]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("has format version 3, this binary reads version 2: a newer Hydrophone wrote it"), "{said}");
    assert!(!place.path().join("newer").try_exists().unwrap());
}
