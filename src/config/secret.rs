//! Passwords and tokens, in a type that does not let them out by accident.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// What stands in the place of a secret wherever one would be shown.
pub const HIDDEN: &str = "<secret>";

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
