//! Whether a browser was made to send a request by a page of somebody else.
//!
//! Any page may make a browser send requests anywhere, with the passwords that it knows for there, or into networks that only it
//! can reach. Browsers say where such a request comes from; other clients say nothing, and nobody made them.

use std::net::IpAddr;

use axum::http::header::{HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri};

const FETCH_SITE: &str = "sec-fetch-site";

/// What a request says of where it comes from and for whom it is.
pub(super) struct Origin<'a> {
    /// Host and maybe port that the client believes to talk to; `None` where it does not say.
    host: Option<&'a str>,
    page: Option<&'a str>,
    site: Option<&'a str>,
}

impl<'a> Origin<'a> {
    pub(super) fn of(parts: &'a Parts) -> Self {
        Self::read(&parts.uri, &parts.headers)
    }

    fn read(uri: &'a Uri, headers: &'a HeaderMap) -> Self {
        // What is no text equals nothing that is allowed.
        let text = |name: &str| Some(headers.get(name)?.to_str().unwrap_or("?"));
        let authority = uri.authority().map(axum::http::uri::Authority::as_str);
        Self { host: authority.or_else(|| text(HOST.as_str())), page: text(ORIGIN.as_str()), site: text(FETCH_SITE) }
    }

    /// Whether a page of another site sends it. `external` is the URL under which people reach the server, or empty.
    pub(super) fn is_foreign(&self, external: &str) -> bool {
        // The browser knows best: it says so itself, and no page can make it say anything else.
        if matches!(self.site, Some("same-origin" | "none")) {
            return false;
        }
        let Some(origin) = self.page else { return self.site.is_some() };
        let authority = origin.split_once("://").map(|(_, authority)| authority);
        let own = [self.host.filter(|_| self.site.is_none()), authority_of(external)];
        !own.into_iter().flatten().any(|own| authority.is_some_and(|origin| is_same(origin, own)))
    }

    /// Whether it comes from a page that a developer serves on the same machine.
    pub(super) fn is_localhost(&self) -> bool {
        self.page.is_some_and(|origin| origin.starts_with("http://localhost:"))
    }

    /// A name for this machine that nobody else can give it. A page of anybody's can make its own name lead to this machine (DNS
    /// rebinding), and the browser then takes us for a part of that page; but then the name is in the request.
    pub(super) fn host_is_ours(&self, external: &str) -> bool {
        let Some(host) = self.host else { return true };
        if authority_of(external).is_some_and(|external| is_same(host, external)) {
            return true;
        }
        let name = name(host);
        is_localhost(&name) || address(&name).is_some()
    }

    /// Host and port, for messages.
    pub(super) fn host(&self) -> &str {
        self.host.unwrap_or_default()
    }
}

/// Whether this URL, which may be empty, is one that leads nowhere but to the machine on which it is asked for.
pub(super) fn is_this_machine(url: &str) -> bool {
    authority_of(url)
        .map(name)
        .is_none_or(|name| is_localhost(&name) || address(&name).is_some_and(|at| at.is_loopback()))
}

/// The host of an authority in lower case, without its port.
fn name(authority: &str) -> String {
    without_port(authority).trim_end_matches('.').to_ascii_lowercase()
}

fn is_localhost(name: &str) -> bool {
    name == "localhost" || name.ends_with(".localhost")
}

fn address(name: &str) -> Option<IpAddr> {
    name.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// Host and port of a URL; `None` where it has none.
fn authority_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    rest.split(['/', '?', '#']).next().filter(|authority| !authority.is_empty())
}

/// Whether two hosts with their ports are the same. A proxy that speaks TLS passes on without, so the standard ports of both
/// count as none.
fn is_same(a: &str, b: &str) -> bool {
    let standard = |authority: &str| {
        let lower = authority.to_ascii_lowercase();
        let bare = lower.strip_suffix(":80").or_else(|| lower.strip_suffix(":443")).unwrap_or(&lower);
        bare.to_owned()
    };
    standard(a) == standard(b)
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn is_foreign(pairs: &[(&'static str, &str)]) -> bool {
        Origin::read(&Uri::from_static("/x"), &headers(pairs)).is_foreign("https://errors.example.org/hydrophone")
    }

    #[test]
    fn a_page_of_another_site_is_foreign_and_a_client_without_a_page_is_not() {
        let host = ("host", "hydrophone:7777");
        for (pairs, expect) in [
            (&[host][..], false),
            (&[host, ("origin", "http://hydrophone:7777")], false),
            (&[host, ("origin", "http://HYDROPHONE:7777")], false),
            (&[host, ("origin", "http://hydrophone:7778")], true),
            (&[host, ("origin", "http://evil.example")], true),
            (&[host, ("origin", "null")], true),
            (&[host, ("origin", "https://errors.example.org")], false),
            (&[host, ("origin", "https://errors.example.org:443")], false),
            (&[host, ("origin", "https://xerrors.example.org")], true),
            (&[host, ("sec-fetch-site", "same-origin"), ("origin", "https://other")], false),
            (&[host, ("sec-fetch-site", "none")], false),
            (&[host, ("sec-fetch-site", "cross-site")], true),
            (&[host, ("sec-fetch-site", "same-site"), ("origin", "http://hydrophone:7777")], true),
            (&[host, ("sec-fetch-site", "same-site"), ("origin", "https://errors.example.org")], false),
            (&[("host", "errors.example.org"), ("origin", "https://errors.example.org")], false),
        ] {
            assert_eq!(is_foreign(pairs), expect, "{pairs:?}");
        }
    }

    #[test]
    fn only_names_that_nobody_can_give_this_machine_are_ours() {
        for (host, expect) in [
            ("localhost:7777", true),
            ("LOCALHOST", true),
            ("localhost.:7777", true),
            ("tools.localhost:7777", true),
            ("127.0.0.1:7777", true),
            ("[::1]:7777", true),
            ("[::1]", true),
            ("10.0.0.7", true),
            ("errors.example.org", true),
            ("errors.example.org:443", true),
            ("evil.example:7777", false),
            ("localhost.evil.example", false),
            ("127.0.0.1.evil.example", false),
            ("xlocalhost", false),
            ("localhost:evil.example", false),
            ("127.0.0.1:7777.evil.example", false),
        ] {
            let headers = headers(&[("host", host)]);
            let ours = Origin::read(&Uri::from_static("/"), &headers).host_is_ours("https://errors.example.org/");
            assert_eq!(ours, expect, "{host}");
        }
        for (url, expect) in [
            ("", true),
            ("http://localhost:7777/hydrophone", true),
            ("http://127.0.0.2", true),
            ("http://[::1]:7777/", true),
            ("https://errors.example.org/hydrophone", false),
            ("http://10.0.0.7:7777", false),
        ] {
            assert_eq!(is_this_machine(url), expect, "{url}");
        }
        let none = HeaderMap::new();
        assert!(Origin::read(&Uri::from_static("/"), &none).host_is_ours(""));
        assert!(!Origin::read(&Uri::from_static("http://evil.example/"), &none).host_is_ours(""));
    }
}
