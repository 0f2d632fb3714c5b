//! One request: what is sent, what is accepted, what fails and how it is said.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use super::server::{Reply, Server, within};
use crate::clock::Clock;
use crate::config::http::TlsIdentity;
use crate::config::{Authorization, BasicAuth, HttpClient, Limits, Secret, SecretSource, Tls};
use crate::model::label::Labels;
use crate::model::scrape::{Failure, FailureKind};
use crate::model::target::Target;
use crate::model::time::{Millis, Timestamp};
use crate::scrape::body::Bodies;
use crate::scrape::client::Client;
use crate::scrape::metrics::Metrics;
use crate::telemetry::Registry;

struct Bench {
    client: Client,
    limits: Limits,
    clock: Clock,
    bodies: Arc<Bodies>,
    metrics: Arc<Metrics>,
}

fn bench(config: HttpClient) -> Bench {
    let metrics = Arc::new(Metrics::new(&mut Registry::default()));
    Bench {
        client: Client::new(config),
        limits: Limits { body_bytes_max: 8 << 20, ..Limits::default() },
        clock: Clock::mock(Timestamp(0)),
        bodies: Bodies::new(Arc::clone(&metrics)),
        metrics,
    }
}

impl Bench {
    async fn get(&self, url: &str) -> Result<Vec<u8>, Failure> {
        let fetched = within(self.client.fetch(&target(url), true, &self.limits, &self.clock, &self.bodies)).await;
        fetched.outcome.map(|body| body.bytes().to_vec())
    }
}

fn target(url: &str) -> Target {
    Target {
        service: "shop".to_owned(),
        labels: Labels::default(),
        discovered_labels: Labels::default(),
        address: "a:1".to_owned(),
        url: url.to_owned(),
        scrape_interval: Millis(15_000),
        scrape_timeout: Millis(2500),
    }
}

fn url(server: &Server) -> String {
    format!("http://{}/-/exceptions?x=1", server.address())
}

fn file(directory: &tempfile::TempDir, name: &str, content: &str) -> PathBuf {
    let path = directory.path().join(name);
    crate::fs::rewrite_atomic(&path, content.as_bytes()).unwrap();
    path
}

fn inline(text: &str) -> SecretSource {
    SecretSource::Inline(Secret::new(text))
}

#[tokio::test]
async fn a_request_says_who_asks_for_what_and_keeps_its_connection() {
    let server = Server::start(|_| Reply::ok("{}")).await;
    let bench = bench(HttpClient::default());
    for _ in 0..3 {
        assert_eq!(bench.get(&url(&server)).await.unwrap(), b"{}");
    }
    assert_eq!(server.connections(), 1);
    let request = server.requests()[0].to_lowercase();
    for line in [
        "get /-/exceptions?x=1 http/1.1",
        &format!("host: {}", server.address()),
        &format!("user-agent: hydrophone/{}", env!("CARGO_PKG_VERSION")),
        "accept: application/json",
        "x-prometheus-scrape-timeout-seconds: 2.5",
        "accept-encoding: gzip",
    ] {
        assert!(request.lines().any(|have| have == line), "{line} in {request}");
    }
    assert!(!request.contains("authorization"));
}

#[tokio::test]
async fn credentials_and_headers_are_sent_and_their_files_read_each_time() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(|_| Reply::ok("{}")).await;
    let password = file(&directory, "password", "hunter2\n");
    let bench = bench(HttpClient {
        basic_auth: Some(BasicAuth { username: "me".to_owned(), password: Some(SecretSource::File(password)) }),
        headers: vec![("X-Tenant".to_owned(), inline("a")), ("X-Tenant".to_owned(), inline("b"))],
        ..HttpClient::default()
    });
    bench.get(&url(&server)).await.unwrap();
    let password = file(&directory, "password", "changed");
    bench.get(&url(&server)).await.unwrap();
    let [first, second] = server.requests().try_into().unwrap();
    assert!(first.contains("authorization: Basic bWU6aHVudGVyMg==\r\n"), "{first}");
    assert!(first.contains("x-tenant: a\r\n") && first.contains("x-tenant: b\r\n"), "{first}");
    assert!(second.contains("authorization: Basic bWU6Y2hhbmdlZA==\r\n"), "{second}");
    std::fs::remove_file(password).unwrap();
    let failure = bench.get(&url(&server)).await.unwrap_err();
    assert!(failure.kind == FailureKind::Connect && failure.message.contains("password can not be read"), "{failure}");
}

#[tokio::test]
async fn a_token_is_sent_with_its_type() {
    let server = Server::start(|_| Reply::ok("{}")).await;
    let authorization = Some(Authorization { kind: "Bearer".to_owned(), credentials: inline("abc") });
    bench(HttpClient { authorization, ..HttpClient::default() }).get(&url(&server)).await.unwrap();
    assert!(server.requests()[0].contains("authorization: Bearer abc\r\n"));
    let broken = Some(Authorization { kind: "Bearer".to_owned(), credentials: inline("a\nb") });
    let failure =
        bench(HttpClient { authorization: broken, ..HttpClient::default() }).get(&url(&server)).await.unwrap_err();
    assert!(failure.message.ends_with("the value of authorization can not stand in a header"), "{failure}");
}

#[tokio::test]
async fn any_status_but_200_is_said_in_words() {
    for (status, words) in [
        ("503 Service Unavailable", "server returned HTTP status 503 Service Unavailable"),
        ("500 Oops", "server returned HTTP status 500 Internal Server Error"),
        ("204 No Content", "server returned HTTP status 204 No Content"),
        ("299 Odd", "server returned HTTP status 299"),
    ] {
        let server = Server::start(move |_| Reply::with(status, "", "")).await;
        let failure = bench(HttpClient::default()).get(&url(&server)).await.unwrap_err();
        assert_eq!((failure.kind, failure.message), (FailureKind::Status, format!("{}: {words}", url(&server))));
    }
}

#[tokio::test]
async fn a_target_that_is_not_there_is_named_with_the_reason() {
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let failure = bench(HttpClient::default()).get(&format!("http://{address}/x")).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Connect);
    assert!(failure.message.starts_with(&format!("http://{address}/x: ")), "{failure}");
    assert!(failure.message.contains("Connection refused"), "{failure}");
    let failure = bench(HttpClient::default()).get("http://").await.unwrap_err();
    assert_eq!(failure.message, "http://: invalid URL: empty host");
    let failure = bench(HttpClient::default()).get("http://nowhere.invalid/").await.unwrap_err();
    assert!(failure.kind == FailureKind::Connect && failure.message.contains("dns error"), "{failure}");
}

#[tokio::test]
async fn a_target_that_hangs_is_given_up_when_its_timeout_has_passed() {
    for reply in [
        Reply::raw("").hanging(),
        Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n").hanging(),
        Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{\"a").hanging(),
        Reply::chunked(b"{\"a", 1).hanging(),
    ] {
        let server = Server::start(move |_| reply.clone()).await;
        let bench = bench(HttpClient::default());
        let target = target(&url(&server));
        let fetch = bench.client.fetch(&target, true, &bench.limits, &bench.clock, &bench.bodies);
        let pass = async {
            server.requested(1).await;
            bench.clock.advance(Millis(2499));
            bench.clock.advance(Millis(1));
        };
        let (fetched, ()) = within(async { tokio::join!(fetch, pass) }).await;
        let failure = fetched.outcome.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Timeout);
        assert!(failure.message.contains("within the scrape timeout of 2s500ms"), "{failure}");
        assert_eq!(fetched.duration, Millis(2500));
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_no_body() {
    for reply in [
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\njunk",
    ] {
        let server = Server::start(move |_| Reply::raw(reply)).await;
        let failure = bench(HttpClient::default()).get(&url(&server)).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Body, "{failure}");
    }
}

fn gzip(pieces: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    pieces.for_each(|piece| encoder.write_all(&piece).unwrap());
    encoder.finish().unwrap()
}

#[tokio::test]
async fn bodies_may_be_compressed_and_chunked() {
    let packed = gzip(std::iter::once(b"{\"target_uuid\":\"u\"}".to_vec()));
    let server = Server::start(move |_| Reply::with("200 OK", "Content-Encoding: gzip\r\n", packed.clone())).await;
    assert_eq!(bench(HttpClient::default()).get(&url(&server)).await.unwrap(), b"{\"target_uuid\":\"u\"}");
    let piece = vec![b'x'; 300_000];
    let server = Server::start(move |_| Reply::chunked(&piece, 10)).await;
    let bench = bench(HttpClient::default());
    for _ in 0..2 {
        assert_eq!(bench.get(&url(&server)).await.unwrap().len(), 3_000_000);
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_body_over_the_limit_ends_the_scrape_where_it_passes_it() {
    let bomb = gzip((0..1024).map(|_| vec![0; 1 << 20]));
    let packed = Server::start(move |_| Reply::with("200 OK", "Content-Encoding: gzip\r\n", bomb.clone())).await;
    let endless = Server::start(|_| Reply::chunked(&vec![b'x'; 1 << 20], 1024)).await;
    let announced =
        Server::start(|_| Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n{").hanging()).await;
    let bench = bench(HttpClient::default());
    for server in [packed, endless, announced] {
        let failure = bench.get(&url(&server)).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::TooLarge);
        assert!(failure.message.ends_with("the body is larger than the limit of 8388608 bytes"), "{failure}");
    }
    let exact = Server::start(|_| Reply::ok(vec![b'x'; 8 << 20])).await;
    assert_eq!(bench.get(&url(&exact)).await.unwrap().len(), 8 << 20);
}

#[tokio::test]
async fn large_bodies_wait_for_memory_and_the_wait_is_not_the_targets_fault() {
    let server = Server::start(|_| Reply::ok(vec![b'x'; 40 << 20])).await;
    let mut bench = bench(HttpClient::default());
    bench.limits.body_bytes_max = 64 << 20;
    let target = target(&url(&server));
    let fetch = || bench.client.fetch(&target, true, &bench.limits, &bench.clock, &bench.bodies);
    let mut first = within(fetch()).await.outcome.unwrap();
    let place = first.take_place();
    drop(first);
    let mut second = Box::pin(fetch());
    // It is polled until it waits, which the metric shows.
    let waits = async {
        while bench.metrics.body_waits.get() == 0 {
            tokio::task::yield_now().await;
        }
    };
    within(async {
        tokio::select! {
            _ = &mut second => panic!("there was room for both"),
            () = waits => {}
        }
    })
    .await;
    bench.clock.advance(Millis(1_000_000));
    drop(place);
    let fetched = within(second).await;
    assert_eq!(fetched.outcome.unwrap().bytes().len(), 40 << 20);
    assert_eq!(fetched.duration, Millis(0));
}

#[tokio::test]
async fn bodies_of_unknown_length_that_outgrow_their_places_do_not_wait_for_each_other() {
    let server = Server::start(|_| Reply::chunked(&vec![b'x'; 1 << 20], 40)).await;
    let mut bench = bench(HttpClient::default());
    bench.limits.body_bytes_max = 64 << 20;
    let target = target(&url(&server));
    let fetch = || async {
        let fetched = bench.client.fetch(&target, true, &bench.limits, &bench.clock, &bench.bodies).await;
        fetched.outcome.unwrap().bytes().len()
    };
    let lengths = within(async { tokio::join!(fetch(), fetch(), fetch(), fetch()) }).await;
    assert_eq!(lengths, (40 << 20, 40 << 20, 40 << 20, 40 << 20));
}

#[tokio::test]
async fn redirects_are_followed_and_credentials_stay_with_their_host() {
    let other = Server::start(|_| Reply::ok("{}")).await;
    let away = format!("Location: http://{}/elsewhere\r\n", other.address());
    let server = Server::start(move |head: &str| {
        if head.starts_with("GET /-/exceptions") {
            Reply::with("302 Found", "Location: /moved?y=2\r\n", "")
        } else {
            Reply::with("307 Temporary Redirect", &away, "")
        }
    })
    .await;
    let config = HttpClient {
        authorization: Some(Authorization { kind: "Bearer".to_owned(), credentials: inline("secret") }),
        headers: vec![("X-Key".to_owned(), inline("secret"))],
        ..HttpClient::default()
    };
    bench(config.clone()).get(&url(&server)).await.unwrap();
    let moved = &server.requests()[1];
    assert!(
        moved.starts_with("GET /moved?y=2 ") && moved.contains("Bearer secret") && moved.contains("x-key"),
        "{moved}"
    );
    let elsewhere = &other.requests()[0];
    assert!(elsewhere.starts_with("GET /elsewhere ") && !elsewhere.contains("secret"), "{elsewhere}");
    let stays = bench(HttpClient { follow_redirects: false, ..config });
    let failure = stays.get(&url(&server)).await.unwrap_err();
    assert!(failure.message.ends_with("server returned HTTP status 302 Found"), "{failure}");
}

#[tokio::test]
async fn redirects_end() {
    let server = Server::start(|_| Reply::with("301 Moved Permanently", "Location: /again\r\n", "")).await;
    let failure = bench(HttpClient::default()).get(&url(&server)).await.unwrap_err();
    assert!(
        failure.kind == FailureKind::Status && failure.message.ends_with("stopped after 10 redirects"),
        "{failure}"
    );
    assert_eq!(server.requests().len(), 11);
    let server = Server::start(|_| Reply::with("301 Moved Permanently", "Location: file:///etc/passwd\r\n", "")).await;
    let failure = bench(HttpClient::default()).get(&url(&server)).await.unwrap_err();
    assert!(failure.message.ends_with("which is neither http nor https"), "{failure}");
}

/// A certificate authority of our own, a server certificate for `exposed.example`, and a client's.
struct Pki {
    directory: tempfile::TempDir,
    issuer: rcgen::Certificate,
    issuer_key: KeyPair,
}

impl Pki {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let issuer_key = KeyPair::generate().unwrap();
        let issuer = params.self_signed(&issuer_key).unwrap();
        let pki = Self { directory: tempfile::tempdir().unwrap(), issuer, issuer_key };
        file(&pki.directory, "ca.pem", &pki.issuer.pem());
        pki
    }

    fn issue(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.issuer, &self.issuer_key).unwrap(), key)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn tls(&self) -> Tls {
        Tls { ca_file: Some(self.path("ca.pem")), ..Tls::default() }
    }

    fn identity(&self) -> TlsIdentity {
        let (certificate, key) = self.issue("hydrophone");
        let cert_file = file(&self.directory, "client.pem", &certificate.pem());
        let key_file = file(&self.directory, "client.key", &key.serialize_pem());
        TlsIdentity { cert_file, key_file }
    }

    fn acceptor(&self, name: &str, client_certificates: bool) -> TlsAcceptor {
        let (certificate, key) = self.issue(name);
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let builder = ServerConfig::builder();
        let builder = if client_certificates {
            let mut roots = RootCertStore::empty();
            roots.add(self.issuer.der().clone()).unwrap();
            builder.with_client_cert_verifier(WebPkiClientVerifier::builder(Arc::new(roots)).build().unwrap())
        } else {
            builder.with_no_client_auth()
        };
        let config = builder.with_single_cert(vec![certificate.der().clone()], key).unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

fn https(server: &Server) -> String {
    format!("https://{}/x", server.address())
}

#[tokio::test]
async fn a_servers_certificate_is_verified_against_the_given_authority() {
    let pki = Pki::new();
    let server = Server::start_tls(pki.acceptor("127.0.0.1", false), |_| Reply::ok("{}")).await;
    let get = async |tls: Tls| bench(HttpClient { tls, ..HttpClient::default() }).get(&https(&server)).await;
    assert_eq!(get(pki.tls()).await.unwrap(), b"{}");
    let failure =
        get(Tls { ca_file: Some(file(&pki.directory, "other.pem", &Pki::new().issuer.pem())), ..Tls::default() }).await;
    let failure = failure.unwrap_err();
    assert!(failure.kind == FailureKind::Connect && failure.message.contains("certificate"), "{failure}");
    assert_eq!(get(Tls { insecure_skip_verify: true, ..Tls::default() }).await.unwrap(), b"{}");
    let failure = get(Tls { ca_file: Some(pki.path("absent")), ..Tls::default() }).await.unwrap_err();
    assert!(failure.message.contains("absent can not be read"), "{failure}");
    let empty = Tls { ca_file: Some(file(&pki.directory, "empty.pem", "")), ..Tls::default() };
    assert!(get(empty).await.unwrap_err().message.contains("empty.pem holds no certificate"));
}

#[tokio::test]
async fn a_server_may_have_another_name_than_its_address() {
    let pki = Pki::new();
    let server = Server::start_tls(pki.acceptor("exposed.example", false), |_| Reply::ok("{}")).await;
    let failure = bench(HttpClient { tls: pki.tls(), ..HttpClient::default() }).get(&https(&server)).await.unwrap_err();
    assert!(failure.message.contains("certificate"), "{failure}");
    let named = |name: &str| {
        let tls = Tls { server_name: Some(name.to_owned()), ..pki.tls() };
        bench(HttpClient { tls, ..HttpClient::default() })
    };
    assert_eq!(named("exposed.example").get(&https(&server)).await.unwrap(), b"{}");
    assert!(server.requests()[0].contains(&format!("host: {}\r\n", server.address())), "{:?}", server.requests());
    let failure = named("other.example").get(&https(&server)).await.unwrap_err();
    assert!(failure.message.contains("certificate"), "{failure}");
    let failure = named("127.0.0.1").get(&https(&server)).await.unwrap_err();
    assert!(failure.message.ends_with("is not a host name"), "{failure}");
}

#[tokio::test]
async fn a_client_certificate_is_shown_and_may_be_renewed() {
    let pki = Pki::new();
    let server = Server::start_tls(pki.acceptor("127.0.0.1", true), |_| Reply::ok("{}")).await;
    bench(HttpClient { tls: pki.tls(), ..HttpClient::default() }).get(&https(&server)).await.unwrap_err();
    let tls = Tls { identity: Some(pki.identity()), ..pki.tls() };
    let bench = bench(HttpClient { tls, ..HttpClient::default() });
    assert_eq!(bench.get(&https(&server)).await.unwrap(), b"{}");
    bench.get(&https(&server)).await.unwrap();
    let before = server.connections();
    pki.identity();
    assert_eq!(bench.get(&https(&server)).await.unwrap(), b"{}");
    assert_eq!(server.connections(), before + 1);
    file(&pki.directory, "client.key", "no key");
    let failure = bench.get(&https(&server)).await.unwrap_err();
    assert!(failure.message.contains("client.key: "), "{failure}");
}
