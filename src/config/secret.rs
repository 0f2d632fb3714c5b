//! Passwords and tokens, in a type that does not let them out by accident.

use std::fmt;
use std::io;
use std::path::PathBuf;

pub use crate::model::url::HIDDEN;

/// A text that should be a URL or an address, as a message may repeat it: what stands for a login in it is hidden.
///
/// That is all from behind the scheme, or from the start where there is none, to the last `@`. In a URL it would end at the first
/// `/`, but messages are about texts that are wrong, and a password with a `/` in it may be why.
#[must_use]
pub fn hide_login(text: &str) -> String {
    let Some((login, rest)) = text.rsplit_once('@') else { return text.to_owned() };
    let scheme = login.split_inclusive("//").next().filter(|start| is_scheme(start)).unwrap_or_default();
    format!("{scheme}{HIDDEN}@{rest}")
}

/// The same for what should be a name or a path, in which an `@` alone says nothing: only where a colon stands before it, as in a
/// URL and in `name:password@host`.
#[must_use]
pub fn hide_login_in_name(text: &str) -> String {
    match text.rsplit_once('@') {
        Some((login, _)) if login.contains(':') => hide_login(text),
        _ => text.to_owned(),
    }
}

/// `http://`, or `//` alone.
fn is_scheme(text: &str) -> bool {
    let name =
        text.strip_suffix("//").and_then(|text| if text.is_empty() { Some(text) } else { text.strip_suffix(':') });
    name.is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)))
}

/// A password or token. Printing it in any way gives `<secret>`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes `text` in.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself, for the one place that sends it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

/// Where a secret comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// It stands in the configuration file.
    Inline(Secret),
    /// It stands in a file of its own, which is read anew each time, so that it can be rotated without a reload.
    File(PathBuf),
}

impl SecretSource {
    /// The secret now. White space around a file's content is not part of it, as in Prometheus.
    ///
    /// # Errors
    /// When the file can not be read or is not UTF-8; the message names it.
    pub fn read(&self) -> io::Result<Secret> {
        match self {
            Self::Inline(secret) => Ok(secret.clone()),
            Self::File(path) => match std::fs::read_to_string(path) {
                Ok(text) => Ok(Secret::new(text.trim())),
                Err(error) => Err(io::Error::new(
                    error.kind(),
                    format!("secret file {} can not be read: {error}", path.display()),
                )),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_printed() {
        let secret = Secret::new("hunter2");
        assert_eq!(
            format!("{secret} {secret:?} {:?}", SecretSource::Inline(secret.clone())),
            "<secret> <secret> Inline(<secret>)"
        );
        assert_eq!(secret.expose(), "hunter2");
    }

    #[test]
    fn a_login_is_hidden_in_whatever_should_be_an_address() {
        for (text, expect) in [
            ("http://bob:s3cret@sd:99999/", "http://<secret>@sd:99999/"),
            ("https://t0ken@sd/x", "https://<secret>@sd/x"),
            ("//bob:s3cret@sd", "//<secret>@sd"),
            ("bob:s3cret@sd:80/x", "<secret>@sd:80/x"),
            ("http://bob:p@ss@sd", "http://<secret>@sd"),
            ("http://bob:s3/cret@sd", "http://<secret>@sd"),
            ("bob:s3//cret@sd", "<secret>@sd"),
            ("http:/bob:s3cret@sd", "<secret>@sd"),
            (" http://bob:s3cret@sd", "<secret>@sd"),
            ("http://sd:80/x", "http://sd:80/x"),
            ("", ""),
        ] {
            assert_eq!(hide_login(text), expect, "{text}");
        }
        for (text, expect) in [
            ("ada@example.org", "ada@example.org"),
            ("targets@prod/a.json", "targets@prod/a.json"),
            ("etc/http://bob:s3cret@sd/a.json", "<secret>@sd/a.json"),
        ] {
            assert_eq!(hide_login_in_name(text), expect, "{text}");
        }
    }

    #[test]
    fn a_secret_file_is_read_anew_and_trimmed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("token");
        let source = SecretSource::File(path.clone());
        assert!(source.read().unwrap_err().to_string().contains("token can not be read"));
        crate::fs::rewrite_atomic(&path, b"  one\n").unwrap();
        assert_eq!(source.read().unwrap().expose(), "one");
        crate::fs::rewrite_atomic(&path, b"two").unwrap();
        assert_eq!(source.read().unwrap().expose(), "two");
    }
}
