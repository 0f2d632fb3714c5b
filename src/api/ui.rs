//! The pages: what the build of `web/` left in `web/dist`, embedded in the binary.
//!
//! The pages are clients of the API and all their addresses are relative, so they work behind any path prefix.

use std::borrow::Cow;
use std::fmt::Write as _;

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use rust_embed::{Embed, EmbeddedFile};

/// The built pages; empty when the binary was built without them.
#[derive(Embed)]
#[folder = "web/dist"]
#[allow_missing = true]
struct Files;

const INDEX: &str = "index.html";

/// Vite puts what it names by its contents here, and nothing else.
const HASHED: &str = "assets/";

const NOT_BUILT: &str = "Hydrophone is running, but this binary was built without its pages.\n\n\
    Build them with `make ui` and build the binary again. The API is at api/v1.\n";

/// The file at `path` (without a slash in front), or the page itself, whose script knows what `path` means.
pub(super) fn respond(path: &str, headers: &HeaderMap) -> Response {
    let path = if path.is_empty() { INDEX } else { path };
    match (Files::get(path), Files::get(INDEX)) {
        (Some(EmbeddedFile { data, metadata }), _) => whole(path, data, metadata.sha256_hash(), headers),
        // A page from before an upgrade asks for files that are gone: it must not take HTML for a script.
        (None, Some(_)) if path.starts_with(HASHED) => (StatusCode::NOT_FOUND, "no such file\n").into_response(),
        (None, Some(index)) => deep(path, &index),
        (None, None) => NOT_BUILT.into_response(),
    }
}

fn whole(path: &str, data: Cow<'static, [u8]>, hash: [u8; 32], headers: &HeaderMap) -> Response {
    let etag = etag(hash);
    let cache = if path.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let known = headers.get(IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    if known.is_some_and(|tags| tags.split(',').any(|tag| tag.trim() == etag || tag.trim() == "*")) {
        return (StatusCode::NOT_MODIFIED, [(ETAG, etag), (CACHE_CONTROL, cache.to_owned())]).into_response();
    }
    let kind = content_type(path);
    let body = match data {
        Cow::Borrowed(bytes) => bytes::Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes::Bytes::from(bytes),
    };
    ([(CONTENT_TYPE, kind), (ETAG, etag), (CACHE_CONTROL, cache.to_owned())], body).into_response()
}

/// The page at an address below the one it was built for: its relative addresses need to know how far below.
fn deep(path: &str, index: &EmbeddedFile) -> Response {
    let html = based(&String::from_utf8_lossy(&index.data), path);
    ([(CONTENT_TYPE, "text/html; charset=utf-8"), (CACHE_CONTROL, "no-cache")], html).into_response()
}

fn based(html: &str, path: &str) -> String {
    let up = match path.matches('/').count() {
        0 => "./".to_owned(),
        depth => "../".repeat(depth),
    };
    html.replacen("<head>", &format!("<head><base href=\"{up}\">"), 1)
}

/// Weak, because compression changes the bytes and not what they say.
fn etag(hash: [u8; 32]) -> String {
    let mut etag = String::from("W/\"");
    for byte in hash.iter().take(16) {
        // Writing to a string does not fail.
        let _ = write!(etag, "{byte:02x}");
    }
    etag.push('"');
    etag
}

fn content_type(path: &str) -> String {
    let kind = mime_guess::from_path(path).first_or_octet_stream();
    let text = kind.type_() == mime_guess::mime::TEXT || kind.subtype() == mime_guess::mime::JAVASCRIPT;
    if text { format!("{}; charset=utf-8", kind.essence_str()) } else { kind.essence_str().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deep_address_knows_its_way_up() {
        for (path, expect) in [
            ("x", "<head><base href=\"./\"><title>"),
            ("x/y", "<head><base href=\"../\"><title>"),
            ("x/y/", "<head><base href=\"../../\"><title>"),
        ] {
            assert_eq!(based("<head><title>", path), expect, "{path}");
        }
    }

    #[test]
    fn kinds_of_files_are_told() {
        for (path, expect) in [
            ("index.html", "text/html; charset=utf-8"),
            ("assets/index-abc.js", "text/javascript; charset=utf-8"),
            ("assets/index-abc.css", "text/css; charset=utf-8"),
            ("favicon.svg", "image/svg+xml"),
            ("x.unknown-kind", "application/octet-stream"),
        ] {
            assert_eq!(content_type(path), expect, "{path}");
        }
    }

    #[test]
    fn a_file_named_by_its_contents_is_kept_for_ever_and_the_page_is_asked_for_again() {
        let whole = |path, headers: &HeaderMap| whole(path, Cow::Borrowed(b"x"), [7; 32], headers);
        let none = HeaderMap::new();
        let cache = |path| whole(path, &none).headers().get(CACHE_CONTROL).unwrap().clone();
        assert_eq!(cache("assets/a-1.js"), "public, max-age=31536000, immutable");
        assert_eq!(cache("index.html"), "no-cache");

        let tag = whole("index.html", &none).headers().get(ETAG).unwrap().clone();
        let known = HeaderMap::from_iter([(IF_NONE_MATCH, tag)]);
        assert_eq!(whole("index.html", &known).status(), StatusCode::NOT_MODIFIED);
        let other = HeaderMap::from_iter([(IF_NONE_MATCH, "W/\"00\"".parse().unwrap())]);
        assert_eq!(whole("index.html", &other).status(), StatusCode::OK);
    }
}
