//! Health, readiness, reload, quit, and what every answer has in common.

use hydrophone::api::state::{Flags, Readiness};
use serde_json::Value;

use crate::harness::Server;
use crate::raw::{Raw, send};

fn lifecycle() -> Flags {
    Flags { enable_lifecycle: true, ..Flags::default() }
}

fn problem(answer: &Raw) -> Value {
    assert_eq!(answer.header("content-type"), "application/problem+json", "{}", answer.text());
    let problem: Value = serde_json::from_str(answer.text()).unwrap();
    assert_eq!(problem["status"], answer.status);
    problem
}

#[tokio::test]
async fn health_is_answered_in_prometheus_and_in_periskops_words() {
    let server = Server::start().await;
    for (line, body) in [
        ("GET /-/healthy", "Hydrophone Server is Healthy.\n"),
        ("HEAD /-/healthy", ""),
        ("GET /-/ready", "Hydrophone Server is Ready.\n"),
        ("HEAD /-/ready", ""),
        ("GET /-/health", "OK"),
    ] {
        let answer = send(server.address(), line, &[]).await;
        assert_eq!((answer.status, answer.text()), (200, body), "{line}");
    }
}

#[tokio::test]
async fn readiness_says_whether_the_server_is_stopping() {
    let server = Server::start().await;
    for (readiness, stopping) in
        [(Readiness::Starting, "false"), (Readiness::Failed, "false"), (Readiness::Stopping, "true")]
    {
        server.readiness.send_replace(readiness);
        let answer = send(server.address(), "GET /-/ready", &[]).await;
        assert_eq!((answer.status, answer.text()), (503, "Service Unavailable"));
        assert_eq!(answer.header("x-prometheus-stopping"), stopping, "{readiness:?}");
    }
}

#[tokio::test]
async fn reload_and_quit_need_a_flag_and_the_right_method() {
    let server = Server::start().await;
    for path in ["/-/reload", "/-/quit"] {
        for method in ["POST", "PUT"] {
            let answer = send(server.address(), &format!("{method} {path}"), &["Content-Length: 0"]).await;
            assert_eq!((answer.status, answer.text()), (403, "Lifecycle API is not enabled."), "{method} {path}");
        }
        let answer = send(server.address(), &format!("GET {path}"), &[]).await;
        assert_eq!((answer.status, answer.text()), (405, "Only POST or PUT requests allowed"), "{path}");
        assert_eq!(answer.header("allow"), "POST, PUT", "{path}");
    }
    assert!(!server.quit.is_cancelled());
}

#[tokio::test]
async fn a_reload_answers_when_it_is_done_and_says_why_it_failed() {
    let mut server = Server::start_with(lifecycle()).await;
    let address = server.address().to_owned();
    for (outcome, expect) in [
        (Ok(()), (200, String::new())),
        (Err("line 3".to_owned()), (500, "failed to reload config: line 3\n".to_owned())),
    ] {
        let asked = async {
            server.reloads.recv().await.unwrap().done.send(outcome).unwrap();
        };
        let (answer, ()) = tokio::join!(send(&address, "POST /-/reload", &["Content-Length: 0"]), asked);
        assert_eq!((answer.status, answer.text().to_owned()), expect);
    }
}

#[tokio::test]
async fn quit_ends_the_process_in_good_order() {
    let server = Server::start_with(lifecycle()).await;
    let answer = send(server.address(), "PUT /-/quit", &["Content-Length: 0"]).await;
    assert_eq!((answer.status, answer.text()), (200, "Requesting termination... Goodbye!"));
    assert!(server.quit.is_cancelled());
}

#[tokio::test]
async fn an_unknown_path_of_the_api_and_a_wrong_method_are_problems() {
    let server = Server::start().await;
    let answer = send(server.address(), "GET /api/v1/nothing", &[]).await;
    assert_eq!(problem(&answer)["detail"], "there is nothing at /api/v1/nothing");
    assert_eq!(answer.status, 404);
    let answer = send(server.address(), "GET /api", &[]).await;
    assert_eq!((problem(&answer), answer.status).1, 404);
    let answer = send(server.address(), "DELETE /api/v1/services", &[]).await;
    assert_eq!(problem(&answer)["title"], "Method Not Allowed");
    assert_eq!((answer.status, answer.header("allow")), (405, "GET,HEAD"));
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_before_it_arrives() {
    let server = Server::start().await;
    let answer = send(server.address(), "POST /-/reload", &["Content-Length: 2000000"]).await;
    assert_eq!((problem(&answer), answer.status).1, 413);
}

#[tokio::test]
async fn every_answer_has_the_headers_that_keep_browsers_safe() {
    let server = Server::start().await;
    for path in ["/", "/-/healthy", "/metrics", "/services/", "/api/v1/nothing", "/no/such/page"] {
        let answer = send(server.address(), &format!("GET {path}"), &[]).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("script-src 'self';") && policy.contains("frame-ancestors 'none'"), "{policy}");
    }
}

#[tokio::test]
async fn what_is_worth_it_is_compressed() {
    let server = Server::start().await;
    let answer = send(server.address(), "GET /metrics", &["Accept-Encoding: gzip"]).await;
    assert_eq!((answer.status, answer.header("content-encoding")), (200, "gzip"));
    assert_eq!(&answer.body[..2], [0x1f, 0x8b]);
    assert_eq!(send(server.address(), "GET /metrics", &[]).await.header("content-encoding"), "");
}

/// A test can not tell whether the pages are built, so it holds what has to hold in both cases.
#[tokio::test]
async fn the_page_is_at_the_root_and_at_any_path_that_is_nobody_elses() {
    let server = Server::start().await;
    let root = send(server.address(), "GET /", &[]).await;
    assert_eq!(root.status, 200);
    let built = root.header("content-type").starts_with("text/html");
    assert!(built || root.text().contains("make ui"), "{}", root.text());
    let deep = send(server.address(), "GET /some/where", &[]).await;
    assert_eq!((deep.status, deep.header("content-type")), (200, root.header("content-type")));
    if built {
        assert!(deep.text().contains("<base href=\"../\">"));
        assert_eq!(root.header("cache-control"), "no-cache");
        let tag = format!("If-None-Match: {}", root.header("etag"));
        assert_eq!(send(server.address(), "GET /", &[&tag]).await.status, 304);
        let script = root.text().split("src=\"./").nth(1).unwrap().split('"').next().unwrap();
        let script = send(server.address(), &format!("GET /{script}"), &[]).await;
        assert_eq!(script.header("content-type"), "text/javascript; charset=utf-8");
        assert_eq!(script.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(send(server.address(), "GET /assets/gone-1234.js", &[]).await.status, 404);
    }
    for path in ["/metrics/x", "/errors/x", "/targets/x/y", "/-/x", "/prometheus/api/v1/query", "/charts/x.svg"] {
        assert_eq!(send(server.address(), &format!("GET {path}"), &[]).await.status, 404, "{path}");
    }
    assert_eq!(send(server.address(), "POST /", &["Content-Length: 0"]).await.status, 405);
}

#[tokio::test]
async fn an_external_url_with_a_path_puts_everything_under_it() {
    let flags = Flags { external_url: "https://example.org/tools/hydrophone/".to_owned(), ..Flags::default() };
    let server = Server::start_with(flags).await;
    for path in ["/", "/tools/hydrophone"] {
        let answer = send(server.address(), &format!("GET {path}"), &[]).await;
        assert_eq!((answer.status, answer.header("location")), (303, "/tools/hydrophone/"), "{path}");
    }
    for (path, status) in [
        ("/", 200),
        ("/-/healthy", 200),
        ("/metrics", 200),
        ("/services/", 200),
        ("/errors", 200),
        ("/api/v1/nothing", 404),
        ("/services", 404),
        ("/some/where", 200),
    ] {
        let answer = send(server.address(), &format!("GET /tools/hydrophone{path}"), &[]).await;
        assert_eq!(answer.status, status, "{path}");
    }
    assert_eq!(send(server.address(), "GET /-/healthy", &[]).await.status, 404);
    let deep = send(server.address(), "GET /tools/hydrophone/some/where", &[]).await;
    assert!(!deep.text().contains("<base") || deep.text().contains("<base href=\"../\">"));
    server.configure("web: {auth: {anonymous: triage}}\n");
    let answer = send(server.address(), "DELETE /tools/hydrophone/services/nobody/errors/a/b@1/", &[]).await;
    assert_eq!((answer.status, answer.text()), (404, "404 page not found\n"));
}

#[tokio::test]
async fn own_errors_are_exposed_as_a_client_would() {
    let server = Server::start().await;
    let answer = send(server.address(), "GET /errors", &[]).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    let json: Value = serde_json::from_str(answer.text()).unwrap();
    assert_eq!(json["aggregated_errors"], serde_json::json!([]));
    assert_eq!(json["target_uuid"].as_str().unwrap().len(), 36);
}
