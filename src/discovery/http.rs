//! `http_sd_configs`: a target list that an HTTP server hands out.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, HeaderValue, LOCATION};
use reqwest::{Certificate, Client, Identity, RequestBuilder, Response, redirect, tls};
use url::Url;

use super::group::{self, parse_json};
use super::mechanism::{Discover, Found};
use super::target::Group;
use crate::config::http::Credentials;
use crate::config::secret::hide_login;
use crate::config::{HttpClient, HttpDiscovery, Secret, TlsVersion};
use crate::model::time::Millis;
use crate::model::url::hide_secrets;

const META_URL: &str = "__meta_url";

/// Redirects in a row that are followed, as many as Go's client does.
const REDIRECTS_MAX: usize = 10;

/// One entry of `http_sd_configs`.
pub(super) struct Directory {
    settings: HttpDiscovery,
    /// Made at the first look; made anew after a failure, so that rotated certificates are taken up.
    client: Option<Client>,
}

impl Directory {
    pub(super) fn new(settings: HttpDiscovery) -> Self {
        Self { settings, client: None }
    }

    async fn look(&mut self) -> Found {
        match self.fetch().await {
            Ok(groups) => Found { groups: Some(groups), problems: Vec::new() },
            Err(problem) => {
                self.client = None;
                Found::failed(format!("{}: {problem}", shown(&self.settings.url)))
            }
        }
    }

    async fn fetch(&mut self) -> Result<Vec<Group>, String> {
        let client = match &self.client {
            Some(client) => client.clone(),
            None => self.client.insert(build(&self.settings).await?).clone(),
        };
        let response = self.request(&client).await?;
        if response.status() != reqwest::StatusCode::OK {
            return Err(format!("the server answered {}", response.status()));
        }
        let kind = response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
        if !is_json(kind) {
            return Err(format!("the content type must be application/json, not {:?}", String::from_utf8_lossy(kind)));
        }
        let mut groups = parse_json(&body(response).await?)?;
        let url = hide_secrets(&without_password(&self.settings.url));
        for group in &mut groups {
            group.labels.set(META_URL, url.as_str());
        }
        Ok(groups)
    }

    /// Asks for the list, over redirects where they are followed.
    async fn request(&self, client: &Client) -> Result<Response, String> {
        let start = Url::parse(&self.settings.url).map_err(|error| error.to_string())?;
        let mut url = start.clone();
        for _ in 0..=REDIRECTS_MAX {
            let trusted = url.origin() == start.origin();
            let response = self.get(client, &url, trusted)?.send().await.map_err(|error| chain(&error))?;
            let moved = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
            if !(moved && self.settings.http.follow_redirects) {
                return Ok(response);
            }
            let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
            let location = location.ok_or("the server redirects, but does not say whereto")?;
            let wrong = |error| format!("the server redirects to {:?}: {error}", hide_login(location));
            url = url.join(location).map_err(wrong)?;
        }
        Err(format!("the server redirects more than {REDIRECTS_MAX} times"))
    }

    /// One request. Credentials and headers go to the configured server only, never to where it redirects. Where
    /// `server_name` says what the certificate holds, that name takes the host's place in the URL, and so in the
    /// handshake; [`Pinned`] still connects to the host, and the request still names it.
    fn get(&self, client: &Client, url: &Url, trusted: bool) -> Result<RequestBuilder, String> {
        let http = &self.settings.http;
        let mut url = url.clone();
        let mut request = match http.tls.server_name.as_deref().filter(|_| trusted && url.scheme() == "https") {
            None => client.get(url),
            Some(name) => {
                let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
                let host = format!("{}{port}", url.host_str().unwrap_or_default());
                let wrong = |error| format!("server_name {:?} is no host: {error}", hide_login(name));
                url.set_host(Some(name)).map_err(wrong)?;
                client.get(url).header(HOST, host)
            }
        };
        let interval = self.settings.refresh_interval.as_seconds().to_string();
        request = request.header(ACCEPT, "application/json").header("X-Prometheus-Refresh-Interval-Seconds", interval);
        if trusted { authorize(request, http) } else { Ok(request) }
    }
}

impl Discover for Directory {
    fn look(&mut self) -> BoxFuture<'_, Found> {
        Self::look(self).boxed()
    }

    fn interval(&self) -> Millis {
        self.settings.refresh_interval
    }
}

/// The whole body after decompression, as far as it is not too large.
async fn body(mut response: Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| chain(&error))? {
        if body.len() + chunk.len() > group::BYTES_MAX {
            return Err(format!("the answer is larger than the {} bytes that are read", group::BYTES_MAX));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// `application/json`, alone or with the character set that it has anyway.
fn is_json(kind: &[u8]) -> bool {
    let kind = String::from_utf8_lossy(kind).to_ascii_lowercase();
    let (kind, parameter) = kind.split_once(';').unwrap_or((&kind, ""));
    kind.trim() == "application/json" && matches!(parameter.trim(), "" | "charset=utf-8" | "charset=\"utf-8\"")
}

/// The URL as a label may have it.
fn without_password(url: &str) -> String {
    match Url::parse(url) {
        Ok(mut parsed) if parsed.password().is_some() => {
            // Only URLs without a host refuse a password, and those are no HTTP URLs.
            let _ = parsed.set_password(None);
            parsed.into()
        }
        _ => url.to_owned(),
    }
}

/// The URL as a message may have it, without user and password. It is a good one, so an `@` behind its authority is no login's.
fn shown(url: &str) -> String {
    let start = url.find("//").map_or(0, |at| at + 2);
    let end = url.get(start..).and_then(|rest| rest.find(['/', '?', '#'])).map_or(url.len(), |at| start + at);
    let (authority, path) = url.split_at(end);
    format!("{}{}", hide_login(authority), hide_secrets(path))
}

/// Resolves `name` to the addresses of `host`, and every other name to its own.
struct Pinned {
    name: String,
    host: String,
}

impl Resolve for Pinned {
    fn resolve(&self, name: Name) -> Resolving {
        let host =
            if name.as_str().eq_ignore_ascii_case(&self.name) { self.host.clone() } else { name.as_str().to_owned() };
        Box::pin(async move {
            let addresses: Vec<_> = tokio::net::lookup_host((host, 0)).await?.collect();
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// Puts the configured credentials and headers on a request. Their files are read anew each time.
fn authorize(mut request: RequestBuilder, http: &HttpClient) -> Result<RequestBuilder, String> {
    request = match http.credentials().map_err(|error| error.to_string())? {
        Credentials::None => request,
        Credentials::Basic { username, password } => request.basic_auth(username, Some(password.expose())),
        Credentials::Header(value) => request.header(AUTHORIZATION, sensitive("authorization", &value)?),
    };
    for (name, source) in &http.headers {
        let value = sensitive(name, &source.read().map_err(|error| error.to_string())?)?;
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| error.to_string())?;
        request = request.header(name, value);
    }
    Ok(request)
}

fn sensitive(name: &str, value: &Secret) -> Result<HeaderValue, String> {
    let mut value = HeaderValue::from_str(value.expose())
        .map_err(|_| format!("the value of header {name} holds a character that can not be sent"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Makes a client. A request must be answered before the next is due, as in Prometheus.
async fn build(settings: &HttpDiscovery) -> Result<Client, String> {
    let tls = &settings.http.tls;
    let mut builder = Client::builder()
        .user_agent(concat!("hydrophone/", env!("CARGO_PKG_VERSION")))
        .timeout(settings.refresh_interval.as_duration())
        .redirect(redirect::Policy::none())
        .danger_accept_invalid_certs(tls.insecure_skip_verify)
        .min_tls_version(match tls.min_version {
            TlsVersion::Tls12 => tls::Version::TLS_1_2,
            TlsVersion::Tls13 => tls::Version::TLS_1_3,
        });
    let read = async |path: &std::path::Path| {
        tokio::fs::read(path).await.map_err(|error| format!("file {} can not be read: {error}", path.display()))
    };
    if let Some(path) = &tls.ca_file {
        let wrong = |error: reqwest::Error| format!("file {} holds no certificates: {}", path.display(), chain(&error));
        builder = builder.tls_built_in_root_certs(false);
        for certificate in Certificate::from_pem_bundle(&read(path).await?).map_err(wrong)? {
            builder = builder.add_root_certificate(certificate);
        }
    }
    if let Some(identity) = &tls.identity {
        let mut pem = read(&identity.cert_file).await?;
        pem.push(b'\n');
        pem.extend(read(&identity.key_file).await?);
        let wrong = |error: reqwest::Error| {
            let (cert, key) = (identity.cert_file.display(), identity.key_file.display());
            format!("files {cert} and {key} are no certificate and key: {}", chain(&error))
        };
        builder = builder.identity(Identity::from_pem(&pem).map_err(wrong)?);
    }
    if let Some(name) = &tls.server_name {
        let url = Url::parse(&settings.url).map_err(|error| error.to_string())?;
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        builder = builder.dns_resolver(Arc::new(Pinned { name: name.clone(), host }));
    }
    builder.build().map_err(|error| chain(&error))
}

/// An error with its causes, without the URL, which may hold a password.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let one = error.to_string();
        let one = one.split(" for url (").next().unwrap_or_default();
        if !text.contains(one) {
            text.push_str(if text.is_empty() { "" } else { ": " });
            text.push_str(one);
        }
        next = error.source();
    }
    text
}

#[cfg(test)]
mod tests;
