//! The service and key in a path, as Periskop's clients write them: percent-encoded or raw, with slashes and all.

/// The part of `path` between `/services/` and `/errors/`, decoded, and what stands after `/errors/`, as it is.
///
/// `None` when the path has another shape.
pub(super) fn split(path: &str) -> Option<(String, &str)> {
    let (service, rest) = path.strip_prefix("/services/")?.split_once('/')?;
    Some((decode(service), rest.strip_prefix("errors/")?))
}

/// The aggregation keys that `rest` (`{key}/`) and the query string may mean, likeliest first; none when it does not end
/// with a slash.
///
/// Periskop's own page sends keys as they are, so `%` may be a percent sign and `?` may belong to the key.
pub(super) fn keys(rest: &str, query: Option<&str>) -> Vec<String> {
    let raw = match query {
        Some(query) if query.ends_with('/') => format!("{rest}?{query}"),
        _ => rest.to_owned(),
    };
    let Some(raw) = raw.strip_suffix('/').filter(|key| !key.is_empty()) else { return Vec::new() };
    let decoded = decode(raw);
    if decoded == raw { vec![decoded] } else { vec![decoded, raw.to_owned()] }
}

/// Replaces each `%XX` by its byte and leaves a `%` alone that no two hex digits follow.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = if byte == b'%' { after.split_first_chunk::<2>() } else { None };
        match escaped.and_then(|([high, low], after)| Some((hex(*high)? << 4 | hex(*low)?, after))) {
            Some((byte, after)) => {
                bytes.push(byte);
                rest = after;
            }
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_service_and_the_rest() {
        for (path, expect) in [
            ("/services/shop/errors/", Some(("shop", ""))),
            ("/services/my%20shop/errors/key/", Some(("my shop", "key/"))),
            ("/services/shop/errors/a/errors/b/", Some(("shop", "a/errors/b/"))),
            ("/services/shop/errors", None),
            ("/services/shop/", None),
        ] {
            let expect = expect.map(|(service, rest)| (service.to_owned(), rest));
            assert_eq!(split(path), expect, "{path}");
        }
    }

    #[test]
    fn keys_are_taken_encoded_or_raw() {
        for (rest, query, expect) in [
            ("java.lang.Foo@1a2b/", None, &["java.lang.Foo@1a2b"] as &[&str]),
            ("java.lang.Foo%401a2b/", None, &["java.lang.Foo@1a2b", "java.lang.Foo%401a2b"]),
            ("a%2Fb%20c/", None, &["a/b c", "a%2Fb%20c"]),
            ("a/b/", None, &["a/b"]),
            ("a//", None, &["a/"]),
            ("100% wrong%/", None, &["100% wrong%"]),
            ("what", Some("is@it/"), &["what?is@it"]),
            ("key/", Some("x=1"), &["key"]),
            ("%F0%9F%98%80%ff/", None, &["😀\u{fffd}", "%F0%9F%98%80%ff"]),
            ("key", None, &[]),
            ("/", None, &[]),
            ("", None, &[]),
        ] {
            assert_eq!(keys(rest, query), expect, "{rest} {query:?}");
        }
    }
}
