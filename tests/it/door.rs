//! The doors: who is let in over real TLS and HTTP, what a browser is kept from, and clients that are slow, idle or huge.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use hydrophone::api::Limits;
use hydrophone::api::state::Flags;
use hydrophone::clock::Clock;
use hydrophone::door::token;
use hydrophone::fs::rewrite_atomic;
use hydrophone::model::role::Role;
use hydrophone::model::time::Millis;
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use reqwest::{Client, Method, RequestBuilder, Response};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, HandshakeKind, RootCertStore};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::harness::{INTERVAL, Server, Setup, exposed, target};
use crate::process::{Place, hydrophone, run};
use crate::raw;

/// bcrypt of `tide`, `ebb` and `surf`, at the least cost, so that tests are quick.
fn users(directory: &Path) -> PathBuf {
    let hash = |password: &str| bcrypt::hash(password, 4).unwrap();
    let text = format!("basic_auth_users:\n  ada: {}\n  bob: {}\n  eve: {}\n", hash("tide"), hash("ebb"), hash("surf"));
    let path = directory.join("web.yml");
    rewrite_atomic(&path, text.as_bytes()).unwrap();
    path
}

const ROLES: &str = "web: {auth: {roles: {bob: triage, eve: read}}}\nservices: []\n";

fn client() -> Client {
    Client::builder().no_proxy().timeout(Duration::from_secs(20)).build().unwrap()
}

async fn json_of(response: Response) -> Value {
    serde_json::from_str(&response.text().await.unwrap()).unwrap()
}

async fn problem(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    assert_eq!(response.headers()["content-type"], "application/problem+json", "{status}");
    let problem = json_of(response).await;
    (status, problem["detail"].as_str().unwrap().to_owned())
}

/// Every route there is, and the role that it needs: by its method, but for what operators do.
fn routes() -> Vec<(Method, String, Role)> {
    let document: Value = serde_json::from_str(&std::fs::read_to_string("docs/openapi.json").unwrap()).unwrap();
    let documented = document["paths"].as_object().unwrap().iter().flat_map(|(path, item)| {
        let path = path.replace("{id}", "1").replace("{name}", "n");
        item.as_object().unwrap().keys().map(move |method| (method.to_uppercase(), path.clone()))
    });
    let others = [
        ("GET", "/"),
        ("GET", "/some/page"),
        ("GET", "/assets/x.js"),
        ("GET", "/metrics"),
        ("GET", "/errors"),
        ("GET", "/-/healthy"),
        ("GET", "/-/ready"),
        ("GET", "/services/"),
        ("GET", "/services/s/errors/"),
        ("DELETE", "/services/s/errors/a/b/"),
        ("GET", "/targets/"),
        ("POST", "/-/reload"),
        ("PUT", "/-/quit"),
        ("HEAD", "/api/v1/services"),
        ("DELETE", "/api/v1/services"),
    ];
    let others = others.map(|(method, path)| (method.to_owned(), path.to_owned()));
    documented
        .chain(others)
        .map(|(method, path)| {
            let role = match method.as_str() {
                "GET" | "HEAD" => Role::Read,
                _ if path.starts_with("/-/") || path.starts_with("/api/v1/admin/") => Role::Admin,
                // There is no such call: nobody has said who may.
                "DELETE" if path == "/api/v1/services" => Role::Admin,
                _ => Role::Triage,
            };
            (method.parse().unwrap(), path, role)
        })
        .collect()
}

#[tokio::test]
async fn every_route_asks_who_it_is_and_what_they_may() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start_as(Setup { web_config: Some(users(directory.path())), ..Setup::default() }).await;
    server.configure(ROLES);
    let now = server.clock.now();
    let secret = |name: &str, role| token::create(&server.data(), name, role, None, now).unwrap();
    let read = secret("reader", Role::Read);
    let admin = secret("operator", Role::Admin);
    let client = client();
    for (method, path, needed) in routes() {
        let url = format!("http://{}{path}", server.address());
        let ask = |with: &dyn Fn(RequestBuilder) -> RequestBuilder| {
            let request = client.request(method.clone(), &url).header("content-type", "application/json").body("{}");
            let request = with(request).send();
            async { request.await.unwrap() }
        };
        let none = ask(&|request| request).await;
        assert_eq!(
            none.headers()["www-authenticate"],
            "Basic realm=\"Hydrophone\", charset=\"UTF-8\"",
            "{method} {path}"
        );
        assert_eq!(none.status(), 401, "{method} {path}");
        for wrong in ["Basic YWRhOng=", "Bearer hyd_AAAA", "Bearer x", "Digest x"] {
            // Time to forget the guesses before.
            server.clock.advance(Millis::from_seconds(60));
            let answer = ask(&|request| request.header("authorization", wrong)).await;
            assert_eq!(answer.status(), 401, "{method} {path} {wrong}");
        }
        for (user, password, role) in
            [("eve", "surf", Role::Read), ("bob", "ebb", Role::Triage), ("ada", "tide", Role::Admin)]
        {
            let answer = ask(&|request| request.basic_auth(user, Some(password))).await;
            let status = answer.status().as_u16();
            assert_eq!(
                status == 403,
                // What operators do needs its flags, too, which are not given here.
                role < needed || needed == Role::Admin && !path.starts_with("/api/v1/services"),
                "{method} {path} {user} {status}"
            );
            assert!(status != 401 && status < 500, "{method} {path} {user} {status}");
        }
        assert_eq!(ask(&|request| request.bearer_auth(read.expose())).await.status() == 403, needed > Role::Read);
        let status = ask(&|request| request.bearer_auth(admin.expose())).await.status();
        assert!(status != 401 && (status != 403 || needed == Role::Admin), "{method} {path} {status}");
    }
}

#[tokio::test]
async fn others_may_look_without_a_login_and_are_told_how_to_do_more() {
    let server = Server::start_as(Setup { is_public: true, ..Setup::default() }).await;
    let secret = token::create(&server.data(), "ci", Role::Triage, None, server.clock.now()).unwrap();
    // Under this name nobody asks who is at the machine.
    let host = ("host", "errors.example.org");
    let body = json!({"state": "resolved"});
    let ask = async |method: &str, path: &str, more: &[(&str, &str)]| {
        server.send_with(method, path, &[&[host], more].concat(), &body).await
    };
    assert_eq!(ask("GET", "/api/v1/services", &[]).await.status, 200);
    assert_eq!(ask("GET", "/api/v1/whoami", &[]).await.json()["role"], "read");
    assert_eq!(server.get("/api/v1/whoami").await.json()["role"], "admin", "at the machine, through localhost");
    let refused = ask("PATCH", "/api/v1/aggregates/1", &[]).await;
    assert_eq!((refused.status, refused.content_type.as_str()), (403, "application/problem+json"));
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    for way in [
        "hydrophone token create NAME --role triage",
        "basic_auth_users",
        "web.auth.proxy",
        "web.auth.anonymous: triage",
    ] {
        assert!(detail.contains(way), "{detail}");
    }
    let token = format!("Bearer {}", secret.expose());
    assert_eq!(ask("PATCH", "/api/v1/aggregates/1", &[("authorization", &token)]).await.status, 404);
    server.configure("web: {auth: {anonymous: triage}}\n");
    assert_eq!(ask("PATCH", "/api/v1/aggregates/1", &[]).await.status, 404);
    server.configure("web: {auth: {anonymous: none}}\n");
    assert_eq!(ask("GET", "/metrics", &[]).await.status, 401);
}

#[tokio::test]
async fn on_a_loopback_address_what_a_proxy_passed_on_is_not_from_this_machine() {
    let server = Server::start().await;
    let role = async |header: &str| {
        let answer = raw::send(server.address(), "GET /api/v1/whoami", &[header]).await;
        serde_json::from_slice::<Value>(&answer.body).unwrap()["role"].clone()
    };
    assert_eq!(role("X: y").await, "admin");
    for header in [
        "X-Forwarded-For: 10.0.0.1",
        "X-Forwarded-Proto: https",
        "X-Forwarded-User: ada",
        "Forwarded: for=10.0.0.1",
        "Via: 1.1 proxy",
        "X-Real-IP: 10.0.0.1",
        "CF-Connecting-IP: 10.0.0.1",
    ] {
        assert_eq!(role(header).await, "read", "{header}");
    }
}

#[tokio::test]
async fn whom_a_proxy_passes_on_without_a_word_is_not_from_this_machine() {
    for (external_url, expect) in
        [("https://errors.example.org/hydrophone", "read"), ("http://localhost:7777/hydrophone", "admin")]
    {
        let server = Server::start_with(Flags { external_url: external_url.to_owned(), ..Flags::default() }).await;
        let answer = raw::send(server.address(), "GET /hydrophone/api/v1/whoami", &[]).await;
        assert_eq!(serde_json::from_slice::<Value>(&answer.body).unwrap()["role"], expect, "{external_url}");
        server.configure("web: {auth: {anonymous: triage}}\n");
        let answer = raw::send(server.address(), "GET /hydrophone/api/v1/whoami", &[]).await;
        assert_eq!(serde_json::from_slice::<Value>(&answer.body).unwrap()["role"], "triage", "{external_url}");
    }
}

#[tokio::test]
async fn a_request_names_one_host() {
    let server = Server::start().await;
    for (head, status) in [
        ("GET /metrics HTTP/1.1\r\nConnection: close", "400"),
        ("GET /metrics HTTP/1.1\r\nConnection: close\r\nHost: localhost\r\nHost: localhost", "400"),
        ("GET /metrics HTTP/1.1\r\nConnection: close\r\nHost: localhost", "200"),
        ("GET /metrics HTTP/1.0", "200"),
    ] {
        let answer = raw_bytes(server.address(), format!("{head}\r\n\r\n").as_bytes()).await;
        assert_eq!(answer.split(' ').nth(1), Some(status), "{head}: {answer}");
    }
}

#[tokio::test]
async fn the_activity_names_who_logged_in_and_not_who_they_claim_to_be() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start_as(Setup { web_config: Some(users(directory.path())), ..Setup::default() }).await;
    server.configure(ROLES);
    let shop = target("checkout", "10.0.0.1:80", "1.0");
    server.discover(std::slice::from_ref(&shop));
    server.clock.advance(INTERVAL);
    server.scrape(&shop, &[exposed("Timeout@1", 10, server.clock.now().minus(Millis(1)))]);
    let secret = token::create(&server.data(), "ci", Role::Triage, None, server.clock.now()).unwrap();
    let token = format!("Bearer {}", secret.expose());
    let client = client();
    let url = |path: &str| format!("http://{}{path}", server.address());
    let aggregates =
        client.get(url("/api/v1/aggregates?all=true")).basic_auth("eve", Some("surf")).send().await.unwrap();
    let aggregates = json_of(aggregates).await;
    let path = format!("/api/v1/aggregates/{}", aggregates["aggregates"][0]["id"]);
    for (authorization, state) in [("Basic Ym9iOmViYg==", "resolved"), (token.as_str(), "open")] {
        let headers = [("authorization", authorization), ("x-hydrophone-user", "ada")];
        let answer = server.send_with("PATCH", &path, &headers, &json!({"state": state})).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    let activity = client.get(url("/api/v1/activity")).basic_auth("ada", Some("tide")).send().await.unwrap();
    let activity = json_of(activity).await;
    let text = activity.to_string();
    assert!(text.contains("\"bob\"") && text.contains("\"token:ci\"") && !text.contains("\"ada\""), "{text}");
    let resolve = client.delete(url("/services/checkout/errors/Timeout@1/")).basic_auth("bob", Some("ebb"));
    assert_eq!(resolve.send().await.unwrap().status(), 204);
    let activity = client.get(url("/api/v1/activity")).basic_auth("ada", Some("tide")).send().await.unwrap();
    let latest = &json_of(activity).await["activities"][0];
    assert_eq!((&latest["actor"], &latest["reason"]), (&json!("bob"), &json!("periskop")), "{latest}");
    server.configure("web: {auth: {anonymous: triage}}\n");
    for (claim, status) in [("mallory", 200), ("ada", 400), ("token:ci", 400), ("token:", 400)] {
        let headers = [("x-hydrophone-user", claim)];
        let answer = server.send_with("PATCH", &path, &headers, &json!({"note": claim})).await;
        assert_eq!(answer.status, status, "{claim}: {}", answer.body);
        // Who only looks is kept from nothing by a name.
        let look = client.get(url("/api/v1/whoami")).header("x-hydrophone-user", claim).send().await.unwrap();
        assert_eq!((look.status().as_u16(), &json_of(look).await["name"]), (200, &json!(claim)));
    }
    server.configure(ROLES);
    let whoami = client.get(url("/api/v1/whoami")).basic_auth("bob", Some("ebb")).send().await.unwrap();
    let expect = json!({"name": "bob", "method": "password", "role": "triage", "may_triage": true, "may_admin": false});
    assert_eq!(json_of(whoami).await, expect);
}

#[tokio::test]
async fn wrong_passwords_are_counted_and_limited_and_right_ones_go_on() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start_as(Setup { web_config: Some(users(directory.path())), ..Setup::default() }).await;
    let client = client();
    let url = format!("http://{}/metrics", server.address());
    let ask = |password: &str| client.get(&url).basic_auth("ada", Some(password)).send();
    assert_eq!(ask("tide").await.unwrap().status(), 200);
    for number in 0..10 {
        assert_eq!(ask(&format!("guess{number}")).await.unwrap().status(), 401);
    }
    let limited = ask("guess").await.unwrap();
    assert_eq!(limited.headers()["retry-after"], "6");
    assert_eq!(problem(limited).await, (429, "too many wrong passwords or tokens; try again in 6 s".to_owned()));
    let metrics = ask("tide").await.unwrap().text().await.unwrap();
    assert!(metrics.contains("hydrophone_http_logins_total{method=\"password\",outcome=\"wrong\"} 10"), "{metrics}");
    assert!(metrics.contains("hydrophone_http_logins_total{method=\"password\",outcome=\"limited\"} 1"), "{metrics}");
    assert!(metrics.contains("hydrophone_http_refused_total{reason=\"limited\"} 1"), "{metrics}");
}

#[tokio::test]
async fn the_files_headers_and_rate_are_in_force() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("web.yml");
    let text = "http_server_config:\n  headers:\n    Strict-Transport-Security: max-age=60\n    X-Frame-Options: sameorigin\n\
                rate_limit: {interval: 10s, burst: 3}\n";
    rewrite_atomic(&path, text.as_bytes()).unwrap();
    let server = Server::start_as(Setup { web_config: Some(path), ..Setup::default() }).await;
    for _ in 0..3 {
        let answer = raw::send(server.address(), "GET /-/healthy", &[]).await;
        assert_eq!((answer.status, answer.header("strict-transport-security")), (200, "max-age=60"));
        assert_eq!(answer.header("x-frame-options"), "sameorigin");
        assert!(answer.header("content-security-policy").ends_with("frame-ancestors 'self'"));
    }
    let answer = raw::send(server.address(), "GET /-/healthy", &[]).await;
    assert_eq!((answer.status, answer.header("retry-after")), (429, "1"));
    server.clock.advance(Millis::from_seconds(10));
    assert_eq!(raw::send(server.address(), "GET /-/healthy", &[]).await.status, 200);
}

#[tokio::test]
async fn a_page_of_another_site_can_neither_change_anything_nor_pass_for_this_one() {
    let flags = Flags { external_url: "https://errors.example.org".to_owned(), ..Flags::default() };
    let server = Server::start_with(flags).await;
    server.configure("web: {auth: {anonymous: admin}}\n");
    let body = json!({"state": "resolved"});
    let send = async |headers: &[(&str, &str)]| {
        let answer = server.send_with("PATCH", "/api/v1/aggregates/1", headers, &body).await;
        (answer.status, answer.body)
    };
    let own = format!("http://{}", server.address());
    for headers in [
        &[][..],
        &[("origin", own.as_str())],
        &[("origin", "https://errors.example.org")],
        &[("sec-fetch-site", "same-origin")],
    ] {
        assert_eq!(send(headers).await.0, 404, "{headers:?}");
    }
    for headers in [
        &[("origin", "http://evil.example")][..],
        &[("origin", "null")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site"), ("origin", own.as_str())],
        &[("host", "evil.example"), ("origin", "http://evil.example")],
    ] {
        let (status, body) = send(headers).await;
        assert_eq!(status, 403, "{headers:?} {body}");
    }
    // A name that somebody else gave this machine: not even to look.
    let client = client();
    let ask = |host: &str| client.get(format!("{own}/api/v1/services")).header("host", host).send();
    for (host, status) in [("evil.example:7777", 403), ("localhost:7777", 200), ("errors.example.org", 200)] {
        assert_eq!(ask(host).await.unwrap().status(), status, "{host}");
    }
    let (_, detail) = problem(ask("evil.example").await.unwrap()).await;
    assert!(detail.starts_with("\"evil.example\" is no name of this server's"), "{detail}");
    // Pages of Periskop's developers, which it lets in itself.
    let delete = |origin: &str| client.delete(format!("{own}/services/s/errors/k/")).header("origin", origin).send();
    assert_eq!(delete("http://localhost:3000").await.unwrap().status(), 404);
    assert_eq!(delete("http://evil.example").await.unwrap().status(), 403);
    // Such a page could send a proxy's headers, too, from the proxy's address.
    server.configure("web: {auth: {proxy: {header: X-Forwarded-User, trusted: [127.0.0.1]}}}\n");
    let ask = |host: &str| {
        let request = client.get(format!("{own}/api/v1/whoami")).header("host", host);
        request.header("x-forwarded-user", "mallory").send()
    };
    for (host, status) in [("evil.example", 403), ("127.0.0.1:7777", 200), ("errors.example.org", 200)] {
        assert_eq!(ask(host).await.unwrap().status(), status, "{host}");
    }
}

/// A certification authority in a directory.
struct Authority {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        Self { certificate: params.self_signed(&key).unwrap(), key }
    }

    /// A certificate and its key, PEM.
    fn sign(&self, name: &str, usage: ExtendedKeyUsagePurpose) -> (String, String) {
        let mut params = CertificateParams::new([name.to_owned(), "127.0.0.1".to_owned()]).unwrap();
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.certificate, &self.key).unwrap().pem(), key.serialize_pem())
    }

    fn serve(&self, directory: &Path) {
        let (certificate, key) = self.sign("localhost", ExtendedKeyUsagePurpose::ServerAuth);
        rewrite_atomic(&directory.join("server.crt"), certificate.as_bytes()).unwrap();
        rewrite_atomic(&directory.join("server.key"), key.as_bytes()).unwrap();
    }

    /// A client with this certificate and key.
    fn session(&self, (certificate, key): &(String, String)) -> Session {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.der().clone()).unwrap();
        let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
        let config = config.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots);
        Session(Arc::new(config.with_client_auth_cert(chain, key).unwrap()).into())
    }

    fn client(&self) -> reqwest::ClientBuilder {
        let root = reqwest::Certificate::from_pem(self.certificate.pem().as_bytes()).unwrap();
        Client::builder().no_proxy().tls_built_in_root_certs(false).add_root_certificate(root)
    }
}

/// A client that takes up its sessions again where it may.
struct Session(tokio_rustls::TlsConnector);

impl Session {
    /// Asks something, and how the two came together.
    async fn connect(&self, address: &str) -> Option<HandshakeKind> {
        let stream = TcpStream::connect(address).await.unwrap();
        let mut stream = self.0.connect("localhost".try_into().unwrap(), stream).await.unwrap();
        stream.write_all(b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
        let mut answer = Vec::new();
        // What it keeps of the session comes with the answer.
        stream.read_to_end(&mut answer).await.unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 200"));
        stream.get_ref().1.handshake_kind()
    }
}

fn identity((certificate, key): &(String, String)) -> reqwest::Identity {
    reqwest::Identity::from_pem(format!("{certificate}{key}").as_bytes()).unwrap()
}

fn tls(directory: &TempDir, rest: &str) -> PathBuf {
    let path = directory.path().join("web.yml");
    let text = format!("tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n{rest}");
    rewrite_atomic(&path, text.as_bytes()).unwrap();
    path
}

#[tokio::test]
async fn tls_is_spoken_in_both_versions_of_http_and_certificates_change_while_it_runs() {
    let directory = tempfile::tempdir().unwrap();
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    old.serve(directory.path());
    let server = Server::start_as(Setup { web_config: Some(tls(&directory, "")), ..Setup::default() }).await;
    let url = format!("https://{}/-/healthy", server.address());
    let ask = async |authority: &Authority| authority.client().build().unwrap().get(&url).send().await;
    let answer = ask(&old).await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.version()), (200, reqwest::Version::HTTP_2));
    let http1 = old.client().http1_only().build().unwrap().get(&url).send().await.unwrap();
    assert_eq!((http1.status().as_u16(), http1.version()), (200, reqwest::Version::HTTP_11));
    assert!(ask(&new).await.is_err());
    // Between the certificate and its key the pair does not fit: then the old one stays.
    let (certificate, key) = new.sign("localhost", ExtendedKeyUsagePurpose::ServerAuth);
    rewrite_atomic(&directory.path().join("server.crt"), certificate.as_bytes()).unwrap();
    assert_eq!(ask(&old).await.unwrap().status(), 200);
    assert!(server.metrics().contains("hydrophone_web_config_last_reload_successful 0"));
    rewrite_atomic(&directory.path().join("server.key"), key.as_bytes()).unwrap();
    assert_eq!(ask(&new).await.unwrap().status(), 200);
    assert!(ask(&old).await.is_err());
    assert!(server.metrics().contains("hydrophone_web_config_last_reload_successful 1"));
    let plain = raw_bytes(server.address(), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(plain.ends_with("Client sent an HTTP request to an HTTPS server.\n"), "{plain}");
}

#[tokio::test]
async fn http2_can_be_turned_off_and_versions_chosen() {
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::new("one");
    authority.serve(directory.path());
    let rest = "  min_version: TLS13\nhttp_server_config: {http2: false}\n";
    let server = Server::start_as(Setup { web_config: Some(tls(&directory, rest)), ..Setup::default() }).await;
    let url = format!("https://{}/-/healthy", server.address());
    let answer = authority.client().build().unwrap().get(&url).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.version()), (200, reqwest::Version::HTTP_11));
    let old = authority.client().max_tls_version(reqwest::tls::Version::TLS_1_2).build().unwrap();
    assert!(old.get(&url).send().await.is_err());
}

#[tokio::test]
async fn certificates_of_clients_are_asked_for_as_the_file_says() {
    let directory = tempfile::tempdir().unwrap();
    let (authority, stranger) = (Authority::new("own"), Authority::new("stranger"));
    authority.serve(directory.path());
    rewrite_atomic(&directory.path().join("ca.crt"), authority.certificate.pem().as_bytes()).unwrap();
    let client_auth = ExtendedKeyUsagePurpose::ClientAuth;
    let ci = identity(&authority.sign("ci.example.org", client_auth.clone()));
    let dev = identity(&authority.sign("dev.example.org", client_auth.clone()));
    let foreign = identity(&stranger.sign("ci.example.org", client_auth));
    let ca = "  client_ca_file: ca.crt\n";
    let path = tls(&directory, &format!("  client_auth_type: RequireAndVerifyClientCert\n{ca}"));
    let server = Server::start_as(Setup { web_config: Some(path), ..Setup::default() }).await;
    let url = format!("https://{}/-/healthy", server.address());
    let ask = async |identity: Option<&reqwest::Identity>| {
        let builder = authority.client();
        let builder = identity.map_or_else(|| authority.client(), |identity| builder.identity(identity.clone()));
        builder.build().unwrap().get(&url).send().await.is_ok_and(|answer| answer.status() == 200)
    };
    let all = async || [ask(None).await, ask(Some(&ci)).await, ask(Some(&dev)).await, ask(Some(&foreign)).await];
    assert_eq!(all().await, [false, true, true, false], "RequireAndVerifyClientCert");
    for (rest, expect) in [
        (
            format!("  client_auth_type: RequireAndVerifyClientCert\n{ca}  client_allowed_sans: [ci.example.org]\n"),
            [false, true, false, false],
        ),
        (format!("  client_auth_type: VerifyClientCertIfGiven\n{ca}"), [true, true, true, false]),
        ("  client_auth_type: RequireAnyClientCert\n".to_owned(), [false, true, true, true]),
        ("  client_auth_type: RequestClientCert\n".to_owned(), [true, true, true, true]),
        (String::new(), [true, true, true, true]),
    ] {
        tls(&directory, &rest);
        assert_eq!(all().await, expect, "{rest}");
        // Who may come in by name is said where everybody needs a certificate, or not at all: what was in force stays.
        if !rest.contains("Require") {
            tls(&directory, &format!("{rest}  client_allowed_sans: [ci.example.org]\n"));
            let before = server.metrics().contains("hydrophone_web_config_last_reload_successful 1");
            assert_eq!(all().await, expect, "{rest} with names");
            assert!(before && server.metrics().contains("hydrophone_web_config_last_reload_successful 0"), "{rest}");
        }
    }
    // A certificate is shown each time: it may have expired since.
    tls(&directory, &format!("  client_auth_type: RequireAndVerifyClientCert\n{ca}"));
    let certified = authority.session(&authority.sign("ci.example.org", ExtendedKeyUsagePurpose::ClientAuth));
    assert_eq!(certified.connect(server.address()).await, Some(HandshakeKind::Full));
    assert_eq!(certified.connect(server.address()).await, Some(HandshakeKind::Full));
    tls(&directory, "");
    certified.connect(server.address()).await;
    assert_eq!(certified.connect(server.address()).await, Some(HandshakeKind::Resumed));
    // So nobody without a certificate comes in by a weaker policy, either.
    let strict = "  client_auth_type: RequireAnyClientCert\n  client_allowed_sans: [ci.example.org]\n";
    tls(&directory, strict);
    assert_eq!(all().await, [false, true, false, true]);
    for weaker in ["RequestClientCert", "NoClientCert"] {
        tls(&directory, &strict.replace("RequireAnyClientCert", weaker));
        assert_eq!(all().await, [false, true, false, true], "{weaker}");
    }
}

/// Sends bytes and reads until the other end closes.
async fn raw_bytes(address: &str, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    // A reset after the answer is as good an end as any.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// What a metric says.
fn value(server: &Server, name: &str) -> usize {
    let metrics = server.metrics();
    let value = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.unwrap_or_else(|| panic!("{name}: {metrics}")).parse().unwrap()
}

/// How many connections the server closed for that reason.
fn closed(server: &Server, reason: &str) -> usize {
    value(server, &format!("hydrophone_http_connections_closed_total{{reason=\"{reason}\"}}"))
}

fn quick(connections_max: usize) -> Setup {
    let limits = Limits {
        connections_max,
        read_time_max: Duration::from_millis(300),
        handshake_time_max: Duration::from_millis(300),
        write_time_max: Duration::from_millis(1_500),
    };
    Setup { limits, ..Setup::default() }
}

/// Waits for the end of a connection; whatever was answered before.
async fn end(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await;
    assert!(ended.is_ok(), "it is still open: {}", String::from_utf8_lossy(&answer));
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn whoever_says_nothing_drips_or_idles_is_shown_out() {
    let server = Server::start_as(quick(512)).await;
    let connect = async || TcpStream::connect(server.address()).await.unwrap();
    assert_eq!(end(connect().await).await, "");
    let mut begun = connect().await;
    begun.write_all(b"GET / HTTP/1.1\r\nX-").await.unwrap();
    let answer = end(begun).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
    let (mut reader, mut writer) = connect().await.into_split();
    let mut answer = Vec::new();
    let drip = async {
        let _ = writer.write_all(b"GET / HTTP/1.1\r\n").await;
        while writer.write_all(b"X-A: b\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let read = tokio::time::timeout(Duration::from_secs(10), reader.read_to_end(&mut answer));
    tokio::select! {
        ended = read => assert!(ended.is_ok()),
        () = drip => {}
    }
    let mut asked = connect().await;
    asked.write_all(b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let answer = end(asked).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("Healthy.\n"), "{answer}");
    let mut http2 = connect().await;
    http2.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    end(http2).await;
    assert!(closed(&server, "idle") >= 3);
}

/// An HTTP/2 client that lets so many bytes of each answer come before it has taken them, alive by its pings; and its end.
async fn http2(server: &Server, window_bytes: u32) -> (h2::client::SendRequest<Bytes>, JoinSet<()>) {
    let stream = TcpStream::connect(server.address()).await.unwrap();
    let mut builder = h2::client::Builder::new();
    let (requests, mut connection) = builder.initial_window_size(window_bytes).handshake(stream).await.unwrap();
    let mut pings = connection.ping_pong().unwrap();
    let alive = async move {
        while pings.ping(h2::Ping::opaque()).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let mut end = JoinSet::new();
    end.spawn(async move {
        tokio::select! {
            _ = connection => {}
            () = alive => {}
        }
    });
    (requests, end)
}

fn ask(server: &Server, path: &str) -> axum::http::Request<()> {
    axum::http::Request::get(format!("http://{}{path}", server.address())).body(()).unwrap()
}

#[tokio::test]
async fn whoever_takes_nothing_of_an_answer_is_shown_out_and_whoever_is_slow_is_not() {
    let server = Server::start_as(quick(2)).await;
    let whole = raw::send(server.address(), "GET /api/v1/openapi.json", &[]).await.body.len();
    // 16 KiB at a time: longer than the server waits in all, and never without a step as long as that.
    let (mut requests, mut slow) = http2(&server, 16 << 10).await;
    let (answer, _) = requests.send_request(ask(&server, "/api/v1/openapi.json"), true).unwrap();
    let mut body = answer.await.unwrap().into_body();
    let mut taken = 0;
    while let Some(bytes) = body.data().await {
        let length = bytes.unwrap().len();
        taken += length;
        tokio::time::sleep(Duration::from_millis(120) * u32::try_from(length).unwrap() / (16 << 10)).await;
        body.flow_control().release_capacity(length).unwrap();
    }
    assert_eq!(taken, whole);
    drop((requests, body));
    slow.join_next().await.unwrap().unwrap();
    assert_eq!(closed(&server, "stalled"), 0);

    for (before, path) in ["/", "/-/healthy", "/api/v1/openapi.json"].into_iter().enumerate() {
        let (mut requests, mut end) = http2(&server, 0).await;
        let (answer, _) = requests.send_request(ask(&server, path), true).unwrap();
        let answer = answer.await.unwrap();
        assert_eq!(answer.status(), 200);
        let ended = tokio::time::timeout(Duration::from_secs(10), end.join_next()).await;
        ended.unwrap_or_else(|_| panic!("{path} is held")).unwrap().unwrap();
        assert_eq!(closed(&server, "stalled"), before + 1);
    }
    // More answers than fit in between, one after the other.
    let before = closed(&server, "stalled");
    let mut deaf = TcpStream::connect(server.address()).await.unwrap();
    let asked = "GET /api/v1/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(200);
    deaf.write_all(asked.as_bytes()).await.unwrap();
    let over = async {
        while closed(&server, "stalled") == before {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), over).await.expect("it is held");
    drop(deaf);
}

#[tokio::test]
async fn a_handshake_that_does_not_come_is_not_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    Authority::new("one").serve(directory.path());
    let server = Server::start_as(Setup { web_config: Some(tls(&directory, "")), ..quick(512) }).await;
    assert_eq!(end(TcpStream::connect(server.address()).await.unwrap()).await, "");
    let mut junk = TcpStream::connect(server.address()).await.unwrap();
    junk.write_all(&[0x16, 3, 1, 0xff, 0xff, 1]).await.unwrap();
    end(junk).await;
    assert_eq!(closed(&server, "handshake"), 2);
}

/// Connections that this process may hold, with as many left for everything else.
fn idle_max() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let soft: usize = line.split_whitespace().nth(3).unwrap().parse().unwrap();
    (soft / 2).min(10_000)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_idle_connections_keep_nobody_out() {
    let limits = Limits { connections_max: 512, ..Limits::default() };
    let server = Server::start_as(Setup { limits, ..Setup::default() }).await;
    let mut idle = Vec::new();
    for number in 0..idle_max() {
        let stream = TcpStream::connect(server.address()).await.unwrap();
        // Some say nothing, others begin.
        if number % 2 == 0 {
            let _ = stream.try_write(b"GET / HTTP/1.1\r\n");
        }
        idle.push(stream);
    }
    let watch = Clock::system().stopwatch();
    for _ in 0..20 {
        assert_eq!(client().get(format!("http://{}/-/healthy", server.address())).send().await.unwrap().status(), 200);
    }
    let seconds = watch.seconds();
    assert!(seconds < 5.0, "20 answers took {seconds} s beside {} idle connections", idle.len());
    assert!(value(&server, "hydrophone_http_connections") <= 512);
    assert!(closed(&server, "gave_way") >= idle.len().saturating_sub(512 + 20));
}

#[tokio::test]
async fn whoever_is_being_answered_does_not_give_way() {
    let server = Server::start_as(quick(2)).await;
    let mut slow = TcpStream::connect(server.address()).await.unwrap();
    // Its body never comes whole, so it is being answered.
    slow.write_all(b"PATCH /api/v1/aggregates/1 HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{")
        .await
        .unwrap();
    for _ in 0..10 {
        assert_eq!(raw::send(server.address(), "GET /-/healthy", &[]).await.status, 200);
        let _idle = TcpStream::connect(server.address()).await.unwrap();
    }
    slow.write_all(b"\"a\": 1 }").await.unwrap();
    let answer = end(slow).await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
}

/// Takes something of an answer each 200 ms, far fewer bytes than come; how many there were in all.
async fn take_slowly(server: &Server) -> usize {
    let (mut requests, _end) = http2(server, 64 << 10).await;
    let (answer, _) = requests.send_request(ask(server, "/api/v1/openapi.json"), true).unwrap();
    let mut body = answer.await.unwrap().into_body();
    let mut taken = 0;
    while let Some(bytes) = body.data().await {
        let length = bytes.unwrap().len();
        taken += length;
        tokio::time::sleep(Duration::from_millis(800) * u32::try_from(length).unwrap() / (64 << 10)).await;
        body.flow_control().release_capacity(length).unwrap();
    }
    taken
}

#[tokio::test]
async fn whoever_keeps_us_waiting_gives_way_and_whoever_takes_what_is_sent_does_not() {
    let limits = Limits { connections_max: 9, ..Limits::default() };
    let server = Server::start_as(Setup { limits, ..Setup::default() }).await;
    let address = server.address().to_owned();
    let whole = raw::send(&address, "GET /api/v1/openapi.json", &[]).await.body.len();
    let server = Arc::new(server);
    let mut slow = JoinSet::new();
    slow.spawn({
        let server = Arc::clone(&server);
        async move { take_slowly(&server).await }
    });
    let mut held = JoinSet::new();
    for number in 0..8 {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        held.spawn(async move {
            if number % 2 == 0 {
                let head = b"PATCH /api/v1/aggregates/1 HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n";
                stream.write_all(head).await.unwrap();
                while stream.write_all(b" ").await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            } else {
                // More than fits in between.
                let asked = "GET /api/v1/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(200);
                stream.write_all(asked.as_bytes()).await.unwrap();
                std::future::pending::<()>().await;
            }
        });
    }
    // Each keeps its place for a minute where nobody gives way.
    let mut others = Vec::new();
    for _ in 0..8 {
        let answer = client().get(format!("http://{address}/-/healthy")).send();
        assert_eq!(answer.await.unwrap().status(), 200);
        // Without a request at last, so that the next one has to wait for another.
        let mut stream = TcpStream::connect(&address).await.unwrap();
        stream.write_all(b"PATCH /api/v1/aggregates/1 HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n").await.unwrap();
        others.push(stream);
    }
    assert_eq!(slow.join_next().await.unwrap().unwrap(), whole);
    assert_eq!(closed(&server, "stalled"), 0);
    assert!(closed(&server, "gave_way") >= 8);
}

#[tokio::test]
async fn huge_heads_and_bodies_are_refused() {
    let server = Server::start().await;
    let address = server.address();
    let huge = format!("X-Huge: {}", "x".repeat(100_000));
    let many: Vec<String> = (0..500).map(|number| format!("X-{number}: y")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let text = |headers: &[&str]| format!("GET / HTTP/1.1\r\nHost: {address}\r\n{}\r\n\r\n", headers.join("\r\n"));
    for (what, request) in [
        ("a header", text(&[&huge])),
        ("headers", text(&many)),
        ("a path", format!("GET /{} HTTP/1.1\r\nHost: {address}\r\n\r\n", "x".repeat(100_000))),
    ] {
        let answer = raw_bytes(address, request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 431") || answer.starts_with("HTTP/1.1 414"), "{what}: {answer}");
    }
    let url = format!("http://{address}/api/v1/views");
    let body = vec![b' '; 2 << 20];
    let post = || client().post(&url).header("content-type", "application/json");
    let chunked = reqwest::Body::wrap_stream(futures_util::stream::iter(
        body.chunks(64 << 10).map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec())).collect::<Vec<_>>(),
    ));
    assert_eq!(post().body(chunked).send().await.unwrap().status(), 413);
    let announced = raw::send(address, "POST /api/v1/views", &["Content-Length: 2000000"]).await;
    assert_eq!(announced.status, 413);
}

#[tokio::test]
async fn large_bodies_wait_for_each_other_and_keep_no_small_one_waiting() {
    let server = Server::start().await;
    let address = server.address();
    let head = |bytes: usize| {
        format!(
            "POST /api/v1/views HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {bytes}\r\n\r\n"
        )
    };
    // Sixty-four of a megabyte are received at once; these never end.
    let mut slow = Vec::new();
    for _ in 0..64 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(head(1 << 20).as_bytes()).await.unwrap();
        stream.write_all(b"{").await.unwrap();
        slow.push(stream);
    }
    let send = async |body: &str| {
        let request = (head(body.len()) + body).replacen("\r\n\r\n", "\r\nConnection: close\r\n\r\n", 1);
        raw_bytes(address, request.as_bytes()).await
    };
    // Both are refused for what they say, but a large one is not read before that.
    let large = " ".repeat(100 << 10) + "{}";
    let watch = Clock::system().stopwatch();
    let waiting = loop {
        let mut answer = Box::pin(send(&large));
        match tokio::time::timeout(Duration::from_millis(300), &mut answer).await {
            Err(_) => break answer,
            // The slow ones have not all begun.
            Ok(_) => assert!(watch.seconds() < 20.0, "large bodies do not wait"),
        }
    };
    assert!(send("{}").await.starts_with("HTTP/1.1 4"));
    drop(slow.pop());
    assert!(waiting.await.starts_with("HTTP/1.1 4"));
}

#[tokio::test]
async fn tricks_with_paths_lead_nowhere() {
    let server = Server::start().await;
    let page = raw::send(server.address(), "GET /", &[]).await;
    let directory = Arc::new(std::env::current_dir().unwrap());
    for path in [
        "/../../Cargo.toml",
        "/..%2f..%2fCargo.toml",
        "/%2e%2e/%2e%2e/Cargo.toml",
        "/assets/../../../Cargo.toml",
        "/assets/..%5c..%5cCargo.toml",
        "/assets/%2e%2e%2f%2e%2e%2fCargo.toml",
        "//etc/passwd",
        "//../etc/passwd",
        "/./Cargo.toml",
        "/%00",
        "/index.html%00.js",
        "/assets/%00",
        "/%ff%fe",
        "/%",
        "/%zz",
        "/assets//etc/passwd",
        "/.git/config",
        "/;/x",
        &format!("/{}", directory.join("Cargo.toml").display()),
    ] {
        let answer = raw::send(server.address(), &format!("GET {path}"), &[]).await;
        assert!(answer.status < 500, "{path}: {}", answer.status);
        let text = String::from_utf8_lossy(&answer.body);
        for secret in ["[package]", "root:", "[core]"] {
            assert!(!text.contains(secret), "{path}: {text}");
        }
        // A page or nothing: never a file under another name.
        assert!(answer.status != 200 || answer.header("content-type") == page.header("content-type"), "{path}");
    }
    // Roles are about routes, not about how a path is spelled.
    let public = Server::start_as(Setup { is_public: true, ..Setup::default() }).await;
    for path in ["/-/%72eload", "//-/reload", "/./-/reload", "/-//reload", "/x/../-/reload", "/-/reload/"] {
        let headers = ["Content-Length: 0", "Via: 1.1 proxy"];
        let answer = raw::send(public.address(), &format!("POST {path}"), &headers).await;
        assert!([403, 404, 405].contains(&answer.status), "{path}: {}", answer.status);
    }
}

fn token_command(place: &Place, arguments: &[&str]) -> (bool, String) {
    let mut command = hydrophone();
    command.arg("token").args(arguments).arg(format!("--storage.path={}", place.data().display()));
    let output = run(command);
    (output.status.success(), String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap())
}

#[tokio::test]
async fn tokens_are_made_and_revoked_while_the_server_runs_and_no_secret_is_shown() {
    let place = Place::new("services: []\n");
    let web = users(place.path());
    let mut command = place.command();
    command.arg(format!("--web.config.file={}", web.display())).arg("--log.level=debug").arg("--web.enable-lifecycle");
    let server = crate::process::Process::start(command);
    let base = server.url().await;
    let client = client();
    let (made, secret) = token_command(&place, &["create", "ci", "--role=triage", "--expires=30d"]);
    assert!(made, "{secret}");
    let secret = secret.trim().to_owned();
    assert!(secret.starts_with("hyd_") && secret.len() == 47, "{secret}");
    let (_, list) = token_command(&place, &["list"]);
    assert!(list.starts_with("ci\ttriage\tmade 20") && list.contains("\tends 20") && !list.contains(&secret), "{list}");
    let ask = async |path: &str| client.get(format!("{base}{path}")).bearer_auth(&secret).send().await.unwrap();
    assert_eq!(json_of(ask("/api/v1/whoami").await).await["name"], "token:ci");
    let reload = client.post(format!("{base}/-/reload")).bearer_auth(&secret).send().await.unwrap();
    assert_eq!(problem(reload).await, (403, "token:ci has the role triage, and this needs admin".to_owned()));
    let mut shown = String::new();
    for path in ["/api/v1/status", "/api/v1/config", "/metrics", "/errors", "/api/v1/activity"] {
        shown += &ask(path).await.text().await.unwrap();
    }
    let wrong = client.get(format!("{base}/metrics")).basic_auth("ada", Some("wr0ngpass")).send().await.unwrap();
    assert_eq!(wrong.status(), 401);
    let right = client.get(format!("{base}/metrics")).basic_auth("ada", Some("tide")).send().await.unwrap();
    assert_eq!(right.status(), 200);
    // Who did what is in the log, also where the activity has nothing of it.
    let view = client.post(format!("{base}/api/v1/views?q=secret")).bearer_auth(&secret);
    let view =
        view.header("content-type", "application/json").body("{\"name\": \"checkout\", \"query\": \"state:open\"}");
    let view = view.send().await.unwrap();
    assert_eq!(view.status(), 201, "{}", view.text().await.unwrap());
    let reload = client.post(format!("{base}/-/reload")).basic_auth("ada", Some("tide")).send().await.unwrap();
    assert_eq!(reload.status(), 200);
    for line in [
        "audit who=\"token:ci\" known_by=\"token\" address=127.0.0.1 method=POST path=\"/api/v1/views\" status=201",
        "audit who=\"ada\" known_by=\"password\" address=127.0.0.1 method=POST path=\"/-/reload\" status=200",
    ] {
        let logged = async {
            while !server.log().contains(line) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        assert!(tokio::time::timeout(Duration::from_secs(10), logged).await.is_ok(), "{line} in {}", *server.log());
    }
    assert_eq!(token_command(&place, &["revoke", "ci"]), (true, String::new()));
    assert_eq!(ask("/api/v1/whoami").await.status(), 401);
    assert_eq!(token_command(&place, &["revoke", "ci"]), (false, "hydrophone: there is no token \"ci\"\n".to_owned()));
    shown += &server.log();
    let file = std::fs::read_to_string(&web).unwrap();
    let hash = file.lines().nth(1).unwrap().trim_start_matches("  ada: ");
    for secret in [&secret[4..], "wr0ngpass", "YWRhOndyMG5ncGFzcw==", hash] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

#[test]
fn a_token_that_can_not_be_kept_or_told_is_not_made() {
    let place = Place::new("services: []\n");
    let (revoked, words) = token_command(&place, &["revoke", "ci"]);
    assert!(!revoked && words.contains("data is no data directory: nothing was revoked"), "{words}");
    assert!(!token_command(&place, &["list"]).0);
    assert!(!place.data().try_exists().unwrap());
    drop(hydrophone::store::Store::open(&place.data()).unwrap());
    let (made, words) = token_command(&place, &["create", "ci", "--role=admin", "--expires=8000y"]);
    assert!(!made && words.contains("'8000y' for '--expires <DURATION>': it would end after the year 9999"), "{words}");
    assert_eq!(token_command(&place, &["list"]), (true, String::new()));
    assert!(token_command(&place, &["create", "ci", "--role=admin", "--expires=7900y"]).0);
    assert!(token_command(&place, &["list"]).1.contains("ends 99"));
    let now = Clock::system().now();
    let far = now.plus(Millis::from_seconds(10_000 * 365 * 86_400));
    let error = token::create(&place.data(), "far", Role::Read, Some(far), now).unwrap_err();
    assert_eq!(error.to_string(), "a token can not end after the year 9999");
    #[cfg(target_os = "linux")]
    {
        let mut command = hydrophone();
        command.args(["token", "create", "untold", "--role=read"]);
        command.arg(format!("--storage.path={}", place.data().display()));
        let (code, words) = crate::process::unprinted(&mut command);
        assert_eq!(code, Some(1), "{words}");
        assert!(words.contains("there is no token \"untold\": its secret can not be printed"), "{words}");
        assert!(!token_command(&place, &["list"]).1.contains("untold"));
    }
}

#[test]
fn a_file_is_checked_before_it_is_used() {
    let directory = tempfile::tempdir().unwrap();
    let check = |path: &Path| {
        let mut command = hydrophone();
        command.args(["check", "web-config"]).arg(path);
        let output = run(command);
        let words = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        (output.status.success(), words.replace(&directory.path().display().to_string(), "DIR"))
    };
    Authority::new("one").serve(directory.path());
    let path = tls(&directory, "  min_version: TLS11\n");
    let warning = "  WARNING: DIR/web.yml:4:16: tls_server_config.min_version: is broken and not spoken: TLS12 is the oldest version here\n";
    assert_eq!(check(&path), (true, format!("{warning}DIR/web.yml SUCCESS\n")));
    rewrite_atomic(&directory.path().join("server.key"), b"no key\n").unwrap();
    let (good, words) = check(&path);
    assert!(
        !good
            && words
                .starts_with("hydrophone: DIR/web.yml: tls_server_config: key: DIR/server.key holds no private key"),
        "{words}"
    );
    tls(&directory, "  client_ca_file: gone.crt\n  client_auth_type: RequireAndVerifyClientCert\n");
    let (good, words) = check(&path);
    assert!(
        !good && words.contains("web.yml:4:19: tls_server_config.client_ca_file: file DIR/gone.crt can not be read"),
        "{words}"
    );
}
