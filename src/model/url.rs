//! URLs as people may see them.
//!
//! Some services want an API key as a parameter. It has to be sent, and it should not stand wherever the URL does: in lists, messages,
//! logs and backups.

/// What stands in the place of a secret wherever one would be shown.
pub const HIDDEN: &str = "<secret>";

/// Parts of names, in lower case and without `-` and `_`, whose values are secrets.
const PARTS: [&str; 9] =
    ["accesskey", "apikey", "credential", "jwt", "passphrase", "passwd", "password", "secret", "token"];

/// Whole names, written so.
const NAMES: [&str; 7] = ["auth", "code", "key", "pass", "pwd", "sig", "signature"];

/// Whether a parameter of this name has a secret for its value.
#[must_use]
pub fn is_secret(name: &str) -> bool {
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    NAMES.contains(&name.as_str()) || PARTS.iter().any(|part| name.contains(part))
}

/// A URL, or a path with a query, in which the values of such parameters are hidden.
#[must_use]
pub fn hide_secrets(url: &str) -> String {
    let Some((path, rest)) = url.split_once('?') else { return url.to_owned() };
    let (query, fragment) = rest.split_at(rest.find('#').unwrap_or(rest.len()));
    let shown = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, value)) if is_secret(name) && !value.is_empty() => format!("{name}={HIDDEN}"),
        _ => pair.to_owned(),
    });
    format!("{path}?{}{fragment}", shown.collect::<Vec<_>>().join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_secret_parameters_are_hidden_and_all_else_stays() {
        for (url, expect) in [
            ("http://a:1/x", "http://a:1/x"),
            ("http://a:1/x?format=json&key", "http://a:1/x?format=json&key"),
            ("http://a:1/x?api_key=s3&b=1", "http://a:1/x?api_key=<secret>&b=1"),
            ("/x?access-Token=s3=4#token=5", "/x?access-Token=<secret>#token=5"),
            ("/x?sig=s3&&key=&keys=1&tokens=2", "/x?sig=<secret>&&key=&keys=1&tokens=<secret>"),
            ("?", "?"),
        ] {
            assert_eq!(hide_secrets(url), expect, "{url}");
        }
    }
}
