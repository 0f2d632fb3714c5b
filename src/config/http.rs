//! How an HTTP request is made: Prometheus's `http_config` keys, for scraping and for `http_sd_configs`.

use std::io;
use std::path::PathBuf;

use super::secret::{Secret, SecretSource};

/// Options of a client. At most one of `basic_auth` and `authorization` is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpClient {
    /// User name and password.
    pub basic_auth: Option<BasicAuth>,
    /// Any other `Authorization` header.
    pub authorization: Option<Authorization>,
    /// Headers to add, in the order of the file; a name may come several times.
    pub headers: Vec<(String, SecretSource)>,
    /// Options of `https`.
    pub tls: Tls,
    /// Whether redirects are followed; they are by default.
    pub follow_redirects: bool,
}

impl Default for HttpClient {
    fn default() -> Self {
        Self { basic_auth: None, authorization: None, headers: Vec::new(), tls: Tls::default(), follow_redirects: true }
    }
}

/// HTTP basic authentication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BasicAuth {
    /// The user; may be empty.
    pub username: String,
    /// The password; `None` is an empty one.
    pub password: Option<SecretSource>,
}

/// An `Authorization` header of the form `TYPE CREDENTIALS`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    /// `Bearer` by default; never `Basic`, which has a key of its own.
    pub kind: String,
    /// What follows the type.
    pub credentials: SecretSource,
}

/// Options of TLS.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// Certificates (PEM) that may sign the server's; the system's own when `None`.
    pub ca_file: Option<PathBuf>,
    /// The client's certificate and key (PEM); both or neither.
    pub identity: Option<TlsIdentity>,
    /// The name that the server's certificate must hold, when it is not the host of the URL.
    pub server_name: Option<String>,
    /// Whether any certificate is accepted.
    pub insecure_skip_verify: bool,
    /// The oldest version that is spoken.
    pub min_version: TlsVersion,
}

/// A client certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsIdentity {
    /// The certificate and its chain, PEM.
    pub cert_file: PathBuf,
    /// Its private key, PEM.
    pub key_file: PathBuf,
}

/// Versions of TLS. Older ones are broken and not spoken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TlsVersion {
    /// TLS 1.2.
    #[default]
    Tls12,
    /// TLS 1.3.
    Tls13,
}

/// What a request must carry to be let in, read from the configuration's files just now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// None.
    None,
    /// Basic authentication.
    Basic {
        /// User name.
        username: String,
        /// Password, maybe empty.
        password: Secret,
    },
    /// The whole value of the `Authorization` header.
    Header(Secret),
}

impl HttpClient {
    /// The credentials now. Their files are read anew at each call, as in Prometheus, so that they can be rotated.
    ///
    /// # Errors
    /// When a secret's file can not be read; the message names it.
    pub fn credentials(&self) -> io::Result<Credentials> {
        if let Some(basic) = &self.basic_auth {
            let password = basic.password.as_ref().map_or_else(|| Ok(Secret::new("")), SecretSource::read)?;
            return Ok(Credentials::Basic { username: basic.username.clone(), password });
        }
        if let Some(authorization) = &self.authorization {
            let credentials = authorization.credentials.read()?;
            return Ok(Credentials::Header(Secret::new(format!("{} {}", authorization.kind, credentials.expose()))));
        }
        Ok(Credentials::None)
    }
}
