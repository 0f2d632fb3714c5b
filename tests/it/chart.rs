//! Charts as images: over HTTP, and by `hydrophone plot` from a server and from a data directory.

use resvg::tiny_skia::Pixmap;
use tempfile::TempDir;

use crate::harness::{INTERVAL, START, Server, exposed, target};
use crate::process::{hydrophone, run};

/// `checkout` counts 30 errors and `<search>` 12 within a minute.
async fn shop() -> Server {
    let server = Server::start().await;
    let targets = [target("checkout", "10.0.0.1:80", "1.0"), target("<search>", "10.0.0.2:80", "1.0")];
    server.discover(&targets);
    for round in 0..4 {
        server.clock.advance(INTERVAL);
        for (target, count) in targets.iter().zip([10, 4]) {
            server.scrape(target, &[exposed("Timeout@1", round * count, START)]);
        }
    }
    server.clock.advance(INTERVAL);
    server
}

struct Picture {
    status: u16,
    content_type: String,
    cache_control: String,
    body: Vec<u8>,
}

async fn get(server: &Server, path: &str) -> Picture {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let response = client.get(format!("http://{}{path}", server.address())).send().await.unwrap();
    let header = |name: &str| response.headers().get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
    Picture {
        status: response.status().as_u16(),
        content_type: header("content-type"),
        cache_control: header("cache-control"),
        body: response.bytes().await.unwrap().to_vec(),
    }
}

async fn svg(server: &Server, query: &str) -> String {
    let picture = get(server, &format!("/charts/range.svg?{query}")).await;
    let body = String::from_utf8(picture.body).unwrap();
    assert_eq!((picture.status, picture.content_type.as_str()), (200, "image/svg+xml"), "{query}: {body}");
    // A moment later the same address shows other counts.
    assert_eq!(picture.cache_control, "no-cache");
    body
}

#[tokio::test]
async fn a_range_is_drawn_with_its_exact_totals() {
    let server = shop().await;
    let drawn = svg(&server, "by=service&start=2026-11-20T10:00:00Z&step=15s").await;
    for part in [
        "Errors by service: 42 errors</title>",
        "20 Nov 2026 10:00:00 – 10:01:15 UTC",
        "15 s per column",
        ">checkout</text>",
        ">30</text>",
        ">&lt;search&gt;</text>",
        ">12</text>",
    ] {
        assert!(drawn.contains(part), "no {part:?} in {drawn}");
    }
    let drawn = svg(&server, "q=service:checkout&title=One%20%26%20only&theme=dark&width=640&height=300").await;
    for part in ["One &amp; only: 30 errors", "service:checkout</text>", "width=\"640\" height=\"300\"", "#19212a"] {
        assert!(drawn.contains(part), "no {part:?} in {drawn}");
    }
}

#[tokio::test]
async fn a_png_has_the_size_that_was_asked_for() {
    let server = shop().await;
    for (query, size) in [("width=400&height=300", (400, 300)), ("width=400&height=300&scale=2&theme=dark", (800, 600))]
    {
        let picture = get(&server, &format!("/charts/range.png?by=service&{query}")).await;
        assert_eq!((picture.status, picture.content_type.as_str()), (200, "image/png"));
        assert_eq!(picture.cache_control, "no-cache");
        let pixels = Pixmap::decode_png(&picture.body).unwrap();
        assert_eq!((pixels.width(), pixels.height()), size);
    }
}

#[tokio::test]
async fn times_are_those_of_the_time_zone_and_so_are_days() {
    let server = shop().await;
    let days = |zone: &str| format!("by=service&step=1d&start=2026-11-20T00:00:00Z&end=2026-11-20T20:00:00Z{zone}");
    for (zone, span) in [
        ("", "20 Nov 00:00 – 21 Nov 2026 00:00 UTC"),
        ("&timezone=europe/berlin", "20 Nov 00:00 – 21 Nov 2026 00:00 Europe/Berlin"),
        ("&timezone=America/St_Johns", "19 Nov 00:00 – 21 Nov 2026 00:00 America/St_Johns"),
        ("&timezone=Europe/Berlin&align=Z", "20 Nov 01:00 – 21 Nov 2026 01:00 Europe/Berlin"),
    ] {
        let drawn = svg(&server, &days(zone)).await;
        assert!(drawn.contains(span), "{zone}: no {span:?} in {drawn}");
    }
}

#[tokio::test]
async fn a_wrong_parameter_is_a_problem_that_names_it() {
    let server = shop().await;
    let long = "x".repeat(201);
    for (query, param, detail) in [
        ("width=299", "width", "width is to be a whole number from 300 to 3000, not \"299\""),
        ("height=1e3", "height", "height is to be a whole number from 240 to 2000, not \"1e3\""),
        ("theme=drak", "theme", "there is no theme \"drak\"; did you mean \"dark\"?; known: light, dark"),
        (&format!("title={long}"), "title", "title is longer than 200 characters"),
        ("timezone=CEST", "timezone", "timezone \"CEST\" is no IANA time zone such as Europe/Berlin or UTC"),
        ("scale=4", "scale", "scale is to be a whole number from 1 to 3, not \"4\""),
        ("end=never", "end", "end \"never\" is no time"),
        ("by=sevrice", "by", "there is nothing like \"sevrice\" to group by"),
        ("q=service:chekcout", "q", "there is no service \"chekcout\""),
        ("colour=red", "colour", "there is no parameter \"colour\""),
    ] {
        for kind in ["svg", "png"] {
            let picture = get(&server, &format!("/charts/range.{kind}?{query}")).await;
            assert_eq!((picture.status, picture.content_type.as_str()), (400, "application/problem+json"), "{query}");
            let problem: serde_json::Value = serde_json::from_slice(&picture.body).unwrap();
            assert_eq!(problem["param"], param);
            assert!(problem["detail"].as_str().unwrap().starts_with(detail), "{problem}");
        }
    }
    let picture = get(&server, "/charts/range.png?width=3000&height=2000&scale=2").await;
    let problem: serde_json::Value = serde_json::from_slice(&picture.body).unwrap();
    assert_eq!((picture.status, &problem["param"]), (400, &"scale".into()), "{problem}");
    assert_eq!(get(&server, "/charts/range.gif").await.status, 404);
}

/// Runs `hydrophone plot` beside the server: its exit code, standard output and standard error.
async fn plot(arguments: Vec<String>) -> (Option<i32>, Vec<u8>, String) {
    let plotted = tokio::task::spawn_blocking(move || {
        let mut command = hydrophone();
        command.arg("plot").args(arguments).env("NO_PROXY", "*");
        run(command)
    });
    let output = plotted.await.unwrap();
    (output.status.code(), output.stdout, String::from_utf8(output.stderr).unwrap())
}

fn arguments(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[tokio::test]
async fn plot_writes_what_a_server_draws() {
    let server = shop().await;
    let directory = TempDir::new().unwrap();
    let url = format!("--server.url=http://{}/", server.address());
    let file = |name: &str| directory.path().join(name).display().to_string();
    let range = ["--by=service", "--start=2026-11-20T10:00:00Z", "--end=2026-11-20T10:01:15Z", "--step=15s"];

    let words = arguments(&[&[url.as_str(), "-o", &file("c.svg"), "--theme=dark"][..], &range].concat());
    assert_eq!(plot(words).await, (Some(0), Vec::new(), String::new()));
    let written = std::fs::read_to_string(file("c.svg")).unwrap();
    let query = "by=service&start=2026-11-20T10:00:00Z&end=2026-11-20T10:01:15Z&step=15s&theme=dark";
    assert_eq!(written, svg(&server, query).await);

    let words = arguments(&[&[url.as_str(), "-o", &file("c.PNG"), "--width=400", "--height=300"][..], &range].concat());
    assert_eq!(plot(words).await.0, Some(0));
    assert_eq!(Pixmap::load_png(file("c.PNG")).unwrap().width(), 400);

    // A query that begins with a minus is a value and not a flag.
    let (code, out, err) = plot(arguments(&[&url, "-o", "-", "--format=svg", "-q", "-service:checkout"])).await;
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(String::from_utf8(out).unwrap().contains("12 errors"));
}

#[tokio::test]
async fn plot_says_what_is_wrong_and_writes_nothing() {
    let server = shop().await;
    let directory = TempDir::new().unwrap();
    let url = format!("--server.url=http://{}", server.address());
    let file = directory.path().join("c.png").display().to_string();
    let nowhere = directory.path().join("nowhere").display().to_string();
    let no_data = format!("hydrophone: {nowhere} is no data directory");
    for (words, complaint) in [
        (&[&url, "-q", "serivce:x"][..], "hydrophone: --query: there is no key \"serivce\""),
        (&[&url, "--width", "12"], "hydrophone: --width: width is to be a whole number from 300 to 3000"),
        (&["--server.url=ftp://h"], "hydrophone: --server.url \"ftp://h\" is not http:// or https://"),
        (
            &["--server.url=http://127.0.0.1:1"],
            "hydrophone: can not reach http://127.0.0.1:1: is a server running there?",
        ),
        (&[&format!("{url}/elsewhere")], &format!("hydrophone: http://{} answers ", server.address())),
        (&["--storage.path", &nowhere], &no_data),
    ] {
        let (code, _, err) = plot(arguments(&[words, &["-o", &file]].concat())).await;
        assert_eq!(code, Some(1), "{words:?}: {err}");
        assert!(err.starts_with(complaint), "{words:?}: {err}");
    }
    let (code, _, err) = plot(arguments(&[&url, "-o", "c.gif"])).await;
    assert_eq!((code, err.as_str()), (Some(1), "hydrophone: c.gif ends in neither .svg nor .png: say --format\n"));
    assert_eq!(plot(arguments(&[&url])).await.0, Some(2), "without a file it is misused");
    assert_eq!(directory.path().read_dir().unwrap().count(), 0);
}

#[tokio::test]
async fn plot_reads_a_data_directory_that_no_server_uses() {
    let server = shop().await;
    let directory = server.stop().await;
    let data = format!("--storage.path={}", directory.path().join("data").display());
    let words =
        [&data, "-o", "-", "--format=svg", "-b=service", "--start=2026-11-20T10:00:00Z", "--end=2026-11-20T10:01:15Z"];
    let (code, out, err) = plot(arguments(&words)).await;
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let drawn = String::from_utf8(out).unwrap();
    assert!(drawn.contains("Errors by service: 42 errors") && drawn.contains(">checkout</text>"), "{drawn}");
    let (code, _, err) = plot(arguments(&[&data, "-o", "-", "--format=png", "--theme=red"])).await;
    assert_eq!((code, err.as_str()), (Some(1), "hydrophone: --theme: there is no theme \"red\"; known: light, dark\n"));
}
