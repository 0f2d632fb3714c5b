//! HTTP discovery against a server on loopback.

use std::net::SocketAddr;
use std::sync::Mutex;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{ServerConfig, crypto};

use super::*;
use crate::config::parse;

/// A server on loopback that gives one answer to every request and remembers what was asked.
struct Server {
    address: SocketAddr,
    answer: Arc<Mutex<Vec<u8>>>,
    asked: Arc<Mutex<Vec<String>>>,
    _task: JoinSet<()>,
}

impl Server {
    async fn start(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (answer, asked) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
        let mut task = JoinSet::new();
        let (answer_served, asked_served) = (Arc::clone(&answer), Arc::clone(&asked));
        task.spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (answer, asked) = (Arc::clone(&answer_served), Arc::clone(&asked_served));
                match &tls {
                    None => serve(stream, &answer, &asked).await,
                    Some(tls) => {
                        if let Ok(stream) = tls.accept(stream).await {
                            serve(stream, &answer, &asked).await;
                        }
                    }
                }
            }
        });
        Self { address, answer, asked, _task: task }
    }

    fn says(&self, status: &str, kind: &str, body: &str) {
        let text = format!(
            "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        *self.answer.lock().unwrap() = text.into_bytes();
    }

    fn asked(&self) -> String {
        self.asked.lock().unwrap().pop().unwrap_or_default()
    }
}

/// Reads a request's head and writes the answer. An empty answer is none: the peer waits.
async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: &Mutex<Vec<u8>>, asked: &Mutex<Vec<String>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    asked.lock().unwrap().push(String::from_utf8(head).unwrap().to_ascii_lowercase());
    let answer = answer.lock().unwrap().clone();
    if answer.is_empty() {
        std::future::pending::<()>().await;
    }
    // The peer may hang up before it has read all of an answer that is too large.
    let _ = stream.write_all(&answer).await;
    let _ = stream.shutdown().await;
}

fn directory(url: &str, more: &str) -> Directory {
    let text = format!("services: [{{name: x, http_sd_configs: [{{url: '{url}'{more}}}]}}]");
    let config = parse(&text, "x").unwrap_or_else(|error| panic!("{error}"));
    match &config.services[0].mechanisms[0] {
        crate::config::Mechanism::Http(settings) => Directory::new(settings.as_ref().clone()),
        other => panic!("{other:?}"),
    }
}

async fn problem(directory: &mut Directory) -> String {
    let found = directory.look().await;
    assert_eq!(found.groups, None);
    found.problems.join("\n")
}

const LIST: &str = r#"[{"targets": ["a:1"], "labels": {"zone": "x"}}]"#;

#[tokio::test]
async fn a_list_is_asked_for_as_prometheus_asks_and_taken() {
    let server = Server::start(None).await;
    server.says("200 OK", "application/json; charset=UTF-8", LIST);
    let url = format!("http://{}/targets?env=prod", server.address);
    let mut directory =
        directory(&url, ", refresh_interval: 90s, headers: {X-A: b}, basic_auth: {username: u, password: p}");
    let groups = directory.look().await.groups.unwrap();
    assert_eq!(groups[0].labels.to_string(), format!("{{__meta_url={url:?}, zone=\"x\"}}"));
    assert_eq!(groups[0].targets[0].get("__address__"), Some("a:1"));
    let asked = server.asked();
    for line in [
        "get /targets?env=prod http/1.1",
        "accept: application/json",
        "x-prometheus-refresh-interval-seconds: 90",
        "x-a: b",
        "authorization: basic dtpw",
        "user-agent: hydrophone/",
    ] {
        assert!(asked.contains(line), "{line} in {asked}");
    }
}

#[tokio::test]
async fn a_token_is_read_anew_for_each_request() {
    let server = Server::start(None).await;
    server.says("200 OK", "application/json", "[]");
    let files = tempfile::tempdir().unwrap();
    let token = files.path().join("token");
    let more = format!(", authorization: {{credentials_file: '{}'}}", token.display());
    let mut directory = directory(&format!("http://{}/", server.address), &more);
    for text in ["one", "two"] {
        crate::fs::rewrite_atomic(&token, text.as_bytes()).unwrap();
        assert_eq!(directory.look().await.groups, Some(vec![]));
        assert!(server.asked().contains(&format!("authorization: bearer {text}")));
    }
    std::fs::remove_file(&token).unwrap();
    assert!(problem(&mut directory).await.contains("token can not be read"));
}

#[tokio::test]
async fn what_is_no_list_is_a_problem_and_keeps_the_last_one() {
    let server = Server::start(None).await;
    let mut directory = directory(&format!("http://u:secret@{}/t", server.address), "");
    for (status, kind, body, expect) in [
        ("503 Service Unavailable", "application/json", "[]", "the server answered 503 Service Unavailable"),
        ("204 No Content", "application/json", "", "the server answered 204 No Content"),
        ("200 OK", "text/html", "[]", "the content type must be application/json, not \"text/html\""),
        (
            "200 OK",
            "application/json; charset=latin1",
            "[]",
            "the content type must be application/json, not \"application/json; charset=latin1\"",
        ),
        ("200 OK", "application/json", "[{", "EOF while parsing an object at line 1 column 2"),
    ] {
        server.says(status, kind, body);
        assert_eq!(problem(&mut directory).await, format!("http://<secret>@{}/t: {expect}", server.address));
    }
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_not_read_to_its_end() {
    let server = Server::start(None).await;
    server.says("200 OK", "application/json", &" ".repeat(group::BYTES_MAX + 1));
    let problem = problem(&mut directory(&format!("http://{}/", server.address), "")).await;
    assert!(problem.contains("the answer is larger than the 33554432 bytes that are read"), "{problem}");
}

#[test]
fn a_login_is_not_shown_and_all_else_of_a_url_is() {
    for (url, expect) in [
        ("http://bob:s3cret@sd:80/t@x?who=a@b", "http://<secret>@sd:80/t@x?who=a@b"),
        ("https://sd?who=a@b", "https://sd?who=a@b"),
        ("http:\\\\bob:s3cret@sd", "<secret>@sd"),
        ("http:bob:s3cret@sd", "<secret>@sd"),
    ] {
        assert!(Url::parse(url).is_ok(), "{url}");
        assert_eq!(shown(url), expect);
    }
}

#[tokio::test]
async fn a_server_that_does_not_answer_in_time_is_a_problem() {
    let server = Server::start(None).await;
    let problem = problem(&mut directory(&format!("http://{}/", server.address), ", refresh_interval: 50ms")).await;
    assert!(problem.contains("timed out"), "{problem}");
}

#[tokio::test]
async fn redirects_are_followed_unless_told_otherwise() {
    let (old, new) = (Server::start(None).await, Server::start(None).await);
    let text = format!(
        "HTTP/1.1 302 Found\r\nlocation: http://{}/new\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        new.address
    );
    *old.answer.lock().unwrap() = text.into_bytes();
    new.says("200 OK", "application/json", LIST);
    let url = format!("http://{}/", old.address);
    let found = directory(&url, ", headers: {X-Key: k}, authorization: {credentials: t}").look().await;
    assert_eq!(found.groups.unwrap().len(), 1);
    let (first, second) = (old.asked(), new.asked());
    assert!(first.contains("x-key: k") && first.contains("authorization: bearer t"), "{first}");
    assert!(!second.contains("x-key") && !second.contains("authorization"), "another server learns a secret: {second}");
    assert!(problem(&mut directory(&url, ", follow_redirects: false")).await.contains("the server answered 302 Found"));
}

#[tokio::test]
async fn redirects_without_end_are_a_problem() {
    let server = Server::start(None).await;
    let text = "HTTP/1.1 301 Moved Permanently\r\nlocation: /again\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    *server.answer.lock().unwrap() = text.as_bytes().to_vec();
    let problem = problem(&mut directory(&format!("http://{}/", server.address), "")).await;
    assert!(problem.ends_with("the server redirects more than 10 times"), "{problem}");
    assert_eq!(server.asked.lock().unwrap().len(), REDIRECTS_MAX + 1);
}

#[tokio::test]
async fn a_certificate_is_checked_against_our_own_authority_and_server_name() {
    let key = rcgen::generate_simple_self_signed(["inventory.internal".to_owned()]).unwrap();
    let files = tempfile::tempdir().unwrap();
    let ca = files.path().join("ca.pem");
    crate::fs::rewrite_atomic(&ca, key.cert.pem().as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![key.cert.der().clone()], key.key_pair.serialize_der().try_into().unwrap())
        .unwrap();
    let server = Server::start(Some(TlsAcceptor::from(Arc::new(config)))).await;
    server.says("200 OK", "application/json", LIST);
    let url = format!("https://{}/", server.address);
    let tls = |more: &str| format!(", tls_config: {{{more}}}");
    let ca = format!("ca_file: '{}'", ca.display());

    let found = directory(&url, &tls(&format!("{ca}, server_name: inventory.internal"))).look().await;
    assert_eq!(found.groups.map(|groups| groups.len()), Some(1), "{:?}", found.problems);
    assert!(server.asked().contains(&format!("host: {}", server.address)));

    assert!(problem(&mut directory(&url, &tls(&ca))).await.contains("certificate"));
    assert!(problem(&mut directory(&url, &tls("server_name: inventory.internal"))).await.contains("certificate"));
    assert_eq!(directory(&url, &tls("insecure_skip_verify: true")).look().await.groups.unwrap().len(), 1);
}
