//! The HTTP client: one request for an exposition, with everything a configuration may ask for.
//!
//! Redirects are followed here and not by the HTTP library, because credentials and configured headers must never reach
//! another host than the one they are for.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONNECTION, HOST, HeaderName, HeaderValue, LOCATION};
use reqwest::{Certificate, Identity, RequestBuilder, Response, StatusCode, Url, redirect};
use xxhash_rust::xxh3::Xxh3Default;

use super::body::{Bodies, Body, BodyError};
use super::deadline::{Deadline, Passed};
use crate::clock::Clock;
use crate::config::http::Credentials;
use crate::config::{HttpClient, Limits, TlsVersion};
use crate::model::scrape::{Failure, FailureKind};
use crate::model::target::Target;
use crate::model::time::Millis;
use crate::model::url::hide_secrets;

/// Redirects that are followed, as in Prometheus.
const REDIRECTS_MAX: usize = 10;
/// How long an idle connection is kept: longer than any usual interval, so that each scrape finds its connection open.
const IDLE_MAX: Duration = Duration::from_secs(300);

/// Makes the requests of one HTTP configuration.
#[derive(Debug)]
pub(super) struct Client {
    config: HttpClient,
    /// The connections, with a hash of the files they were made from.
    connections: Mutex<Option<(u64, reqwest::Client)>>,
}

/// What came of one request.
#[derive(Debug)]
pub(super) struct Fetched {
    /// The body, or why there is none.
    pub(super) outcome: Result<Body, Failure>,
    /// How long the target took.
    pub(super) duration: Millis,
}

/// Answers for the name in a server's certificate with the address of the target.
#[derive(Debug)]
struct Alias {
    server_name: String,
    host: String,
}

/// A URL that may be asked, and whether it is where the credentials belong.
struct Hop {
    url: Url,
    trusted: bool,
}

impl Client {
    pub(super) fn new(config: HttpClient) -> Self {
        Self { config, connections: Mutex::default() }
    }

    pub(super) fn config(&self) -> &HttpClient {
        &self.config
    }

    /// Whether targets may share a client of this configuration. With a server name of its own each needs one: the name
    /// takes the place of the host, by which connections are kept.
    pub(super) fn can_be_shared(config: &HttpClient) -> bool {
        config.tls.server_name.is_none()
    }

    /// Gets the target's body within its timeout. Without `keep` a connection that costs little is closed after it.
    pub(super) async fn fetch(
        &self,
        target: &Target,
        keep: bool,
        limits: &Limits,
        clock: &Clock,
        bodies: &Arc<Bodies>,
    ) -> Fetched {
        let mut deadline = Deadline::start(clock, target.scrape_timeout);
        let outcome = match self.respond(target, keep, &deadline).await {
            Ok(response) => {
                let received = bodies.receive(response, limits.body_bytes_max, &mut deadline).await;
                received.map_err(|error| body_failure(error, target, limits))
            }
            Err(failure) => Err(failure),
        };
        Fetched { outcome, duration: deadline.spent() }
    }

    /// Gets a response with status 200, over redirects where they are followed.
    async fn respond(&self, target: &Target, keep: bool, deadline: &Deadline) -> Result<Response, Failure> {
        let fail = |kind, reason: String| Failure { kind, message: format!("{}: {reason}", target.shown_url()) };
        let connect = |reason| fail(FailureKind::Connect, reason);
        let start = Url::parse(&target.url).map_err(|error| connect(format!("invalid URL: {error}")))?;
        let mut hop = Hop { url: start.clone(), trusted: true };
        for _ in 0..=REDIRECTS_MAX {
            let client = self.connections(&start).map_err(connect)?;
            let mut request = self.request(&client, &hop, target.scrape_timeout).map_err(connect)?;
            // Over TLS a new connection costs more than the memory of an idle one, and HTTP/2 has no such header.
            if !keep && hop.url.scheme() == "http" {
                request = request.header(CONNECTION, "close");
            }
            let response = match deadline.run(request.send()).await {
                Ok(Ok(response)) => response,
                Ok(Err(error)) => return Err(connect(chain(error))),
                Err(Passed) => {
                    let reason = format!("no answer within the scrape timeout of {}", target.scrape_timeout);
                    return Err(fail(FailureKind::Timeout, reason));
                }
            };
            let status = response.status();
            if status == StatusCode::OK {
                return Ok(response);
            }
            let location = response.headers().get(LOCATION).filter(|_| is_redirect(status));
            let Some(location) = location.filter(|_| self.config.follow_redirects) else {
                return Err(fail(FailureKind::Status, format!("server returned HTTP status {}", words(status))));
            };
            hop = Self::follow(&start, &hop, location).map_err(|reason| fail(FailureKind::Status, reason))?;
        }
        Err(fail(FailureKind::Status, format!("stopped after {REDIRECTS_MAX} redirects")))
    }

    /// Where a redirect leads. Credentials go along only to the host they were meant for, and never from https to http.
    fn follow(start: &Url, from: &Hop, location: &HeaderValue) -> Result<Hop, String> {
        let text = String::from_utf8_lossy(location.as_bytes());
        let joined = from.url.join(&text);
        let text = hide_secrets(&text);
        let url = joined.map_err(|error| format!("redirect to {text:?}: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("redirect to {text:?}, which is neither http nor https"));
        }
        let same_port = url.scheme() == start.scheme() && url.port_or_known_default() == start.port_or_known_default();
        let trusted = from.trusted && url.host_str() == start.host_str() && (same_port || url.scheme() == "https");
        Ok(Hop { url, trusted })
    }

    /// The request for one hop.
    fn request(&self, client: &reqwest::Client, hop: &Hop, timeout: Millis) -> Result<RequestBuilder, String> {
        let mut url = hop.url.clone();
        let mut host = None;
        // Verified and asked for under its own name, the server is still addressed as the target's host.
        if let Some(name) = self.config.tls.server_name.as_ref().filter(|_| hop.trusted && url.scheme() == "https") {
            host = Some(authority(&url));
            url.set_host(Some(name)).map_err(|error| format!("server_name {name:?}: {error}"))?;
            if !matches!(url.host(), Some(url::Host::Domain(_))) {
                return Err(format!("server_name {name:?} is not a host name"));
            }
        }
        let mut request = client
            .get(url)
            .header(ACCEPT, "application/json")
            .header("X-Prometheus-Scrape-Timeout-Seconds", timeout.as_seconds().to_string());
        if let Some(host) = host {
            request = request.header(HOST, host);
        }
        if !hop.trusted {
            return Ok(request);
        }
        match self.config.credentials().map_err(|error| error.to_string())? {
            Credentials::None => {}
            Credentials::Basic { username, password } => {
                request = request.basic_auth(username, Some(password.expose()));
            }
            Credentials::Header(value) => {
                request = request.header(AUTHORIZATION, secret_value("authorization", value.expose())?);
            }
        }
        for (name, source) in &self.config.headers {
            let value = source.read().map_err(|error| error.to_string())?;
            let value = secret_value(name, value.expose())?;
            let name: HeaderName = name.parse().map_err(|_| format!("{name:?} is not a header name"))?;
            request = request.header(name, value);
        }
        Ok(request)
    }

    /// The connections to use. They are made anew when a file of certificates or keys has changed, so that these can be
    /// rotated without a reload, as in Prometheus.
    fn connections(&self, start: &Url) -> Result<reqwest::Client, String> {
        let files = TlsFiles::read(&self.config)?;
        let hash = files.hash();
        let mut connections = self.connections.lock().map_err(|_| "the client is broken".to_owned())?;
        if let Some((_, client)) = connections.as_ref().filter(|(made_from, _)| *made_from == hash) {
            return Ok(client.clone());
        }
        let client = self.build(&files, start)?;
        *connections = Some((hash, client.clone()));
        Ok(client)
    }

    fn build(&self, files: &TlsFiles, start: &Url) -> Result<reqwest::Client, String> {
        let tls = &self.config.tls;
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("hydrophone/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            // As Prometheus, which uses a proxy only where the configuration names one.
            .no_proxy()
            .pool_idle_timeout(IDLE_MAX)
            .pool_max_idle_per_host(1)
            .tcp_nodelay(true)
            .danger_accept_invalid_certs(tls.insecure_skip_verify)
            .min_tls_version(match tls.min_version {
                TlsVersion::Tls12 => reqwest::tls::Version::TLS_1_2,
                TlsVersion::Tls13 => reqwest::tls::Version::TLS_1_3,
            });
        if let (Some(pem), Some(path)) = (&files.ca, &tls.ca_file) {
            let wrong = || format!("ca_file {} holds no certificate", path.display());
            let certificates = Certificate::from_pem_bundle(pem).map_err(|_| wrong())?;
            if certificates.is_empty() {
                return Err(wrong());
            }
            builder = builder.tls_built_in_root_certs(false);
            builder = certificates.into_iter().fold(builder, reqwest::ClientBuilder::add_root_certificate);
        }
        if let (Some(pem), Some(identity)) = (&files.identity, &tls.identity) {
            let identity = Identity::from_pem(pem).map_err(|error| {
                let (cert, key) = (identity.cert_file.display(), identity.key_file.display());
                format!("cert_file {cert} and key_file {key}: {}", chain(error))
            })?;
            builder = builder.identity(identity);
        }
        if let (Some(server_name), Some(host)) = (&tls.server_name, start.host_str()) {
            let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
            let alias = Alias { server_name: server_name.to_ascii_lowercase(), host };
            // HTTP/2 has no Host header beside the name of the URL.
            builder = builder.http1_only().dns_resolver(Arc::new(alias));
        }
        builder.build().map_err(chain)
    }
}

/// The content of the files that a TLS configuration names.
struct TlsFiles {
    ca: Option<Vec<u8>>,
    /// Key and certificate.
    identity: Option<Vec<u8>>,
}

impl TlsFiles {
    fn read(config: &HttpClient) -> Result<Self, String> {
        let read = |key: &str, path: &Path| {
            std::fs::read(path).map_err(|error| format!("{key} {} can not be read: {error}", path.display()))
        };
        let ca = config.tls.ca_file.as_ref().map(|path| read("ca_file", path)).transpose()?;
        let identity = match &config.tls.identity {
            Some(identity) => {
                let mut pem = read("key_file", &identity.key_file)?;
                pem.push(b'\n');
                pem.extend(read("cert_file", &identity.cert_file)?);
                Some(pem)
            }
            None => None,
        };
        Ok(Self { ca, identity })
    }

    fn hash(&self) -> u64 {
        let mut hasher = Xxh3Default::new();
        for part in [&self.ca, &self.identity].into_iter().flatten() {
            hasher.update(part);
            hasher.update(&(part.len() as u64).to_le_bytes());
        }
        hasher.digest()
    }
}

impl reqwest::dns::Resolve for Alias {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let host = if name.as_str() == self.server_name { self.host.clone() } else { name.as_str().to_owned() };
        Box::pin(async move {
            let addresses: Vec<SocketAddr> = tokio::net::lookup_host((host, 0)).await?.collect();
            Ok(Box::new(addresses.into_iter()) as reqwest::dns::Addrs)
        })
    }
}

fn body_failure(error: BodyError, target: &Target, limits: &Limits) -> Failure {
    let (kind, reason) = match error {
        BodyError::Timeout(bytes) => {
            let timeout = target.scrape_timeout;
            (
                FailureKind::Timeout,
                format!("{bytes} bytes of the body came within the scrape timeout of {timeout}, but not its end"),
            )
        }
        BodyError::TooLarge => {
            (FailureKind::TooLarge, format!("the body is larger than the limit of {} bytes", limits.body_bytes_max))
        }
        BodyError::Broken(error) => (FailureKind::Body, chain(error)),
    };
    Failure { kind, message: format!("{}: {reason}", target.shown_url()) }
}

/// An error and what caused it, down to the operating system's words.
fn chain(error: reqwest::Error) -> String {
    // The URL stands in front of the whole message already.
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        let more = cause.to_string();
        // Some libraries repeat their cause in their own words.
        if !text.ends_with(&more) {
            let _ = write!(text, ": {more}");
        }
        source = cause.source();
    }
    text
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// `503 Service Unavailable`.
fn words(status: StatusCode) -> String {
    status
        .canonical_reason()
        .map_or_else(|| status.as_str().to_owned(), |reason| format!("{} {reason}", status.as_str()))
}

/// Host and, where it is not the scheme's own, port.
fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// A header's value that is never printed.
fn secret_value(name: &str, value: &str) -> Result<HeaderValue, String> {
    let mut value =
        HeaderValue::from_str(value).map_err(|_| format!("the value of {name} can not stand in a header"))?;
    value.set_sensitive(true);
    Ok(value)
}
