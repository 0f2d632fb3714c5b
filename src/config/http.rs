//! How an HTTP request is made: Prometheus's `http_config` keys, for scraping and for `http_sd_configs`.

use std::io;
use std::path::PathBuf;

use super::Error;
use super::reader::{Field, Section};
use super::secret::{Secret, SecretSource};
use super::tree::Key;

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

/// The keys of this section, which stand among those of a service or of `http_sd_configs`.
pub(super) const KEYS: &[&str] =
    &["basic_auth", "authorization", "http_headers", "headers", "tls_config", "follow_redirects"];

/// Versions as Prometheus writes them.
pub(super) const VERSIONS: [(&str, TlsVersion); 2] = [("TLS12", TlsVersion::Tls12), ("TLS13", TlsVersion::Tls13)];

/// Headers that the client writes itself, or that have a key of their own.
const HEADERS_RESERVED: [&str; 10] = [
    "accept-encoding",
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "host",
    "proxy-authorization",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// Reads the keys of this section.
pub(super) fn read(section: &Section<'_>) -> Result<HttpClient, Error> {
    section.exclude("basic_auth", "authorization")?;
    let mut headers = section.read("headers", Vec::new(), read_headers)?;
    headers.extend(section.read("http_headers", Vec::new(), read_http_headers)?);
    Ok(HttpClient {
        basic_auth: section.read("basic_auth", None, |field| read_basic_auth(field).map(Some))?,
        authorization: section.read("authorization", None, |field| read_authorization(field).map(Some))?,
        headers,
        tls: section.read("tls_config", Tls::default(), read_tls)?,
        follow_redirects: section.read("follow_redirects", true, Field::flag)?,
    })
}

fn read_basic_auth(field: &Field<'_>) -> Result<BasicAuth, Error> {
    let section = field.section(&[&["username", "password", "password_file"]])?;
    let password = read_secret(&section, "password", "password_file")?;
    let username = section.read("username", String::new(), Field::string)?;
    if username.is_empty() && password.is_none() {
        return Err(section.error("username is missing"));
    }
    Ok(BasicAuth { username, password })
}

fn read_authorization(field: &Field<'_>) -> Result<Authorization, Error> {
    let section = field.section(&[&["type", "credentials", "credentials_file"]])?;
    let kind = section.read("type", "Bearer".to_owned(), |field| {
        let kind = field.name()?;
        if kind.eq_ignore_ascii_case("basic") {
            return Err(field.error("use basic_auth for basic authentication"));
        }
        if !kind.bytes().all(is_token) {
            // Not repeated: it may be all of `Bearer CREDENTIALS`.
            return Err(
                field.error("must be one word such as Bearer; what follows it in the header are the credentials")
            );
        }
        Ok(kind)
    })?;
    match read_secret(&section, "credentials", "credentials_file")? {
        Some(credentials) => Ok(Authorization { kind, credentials }),
        None => Err(section.error("credentials or credentials_file is missing")),
    }
}

/// A secret that stands under one key, or in the file that another names.
fn read_secret(section: &Section<'_>, inline: &str, file: &str) -> Result<Option<SecretSource>, Error> {
    section.exclude(inline, file)?;
    if let Some(field) = section.get(file) {
        return Ok(Some(SecretSource::File(field.file()?)));
    }
    section.read(inline, None, |field| Ok(Some(SecretSource::Inline(header_value(field)?))))
}

/// Prometheus's shape: `NAME: {values: [], secrets: [], files: []}`.
fn read_http_headers(field: &Field<'_>) -> Result<Vec<(String, SecretSource)>, Error> {
    let mut headers = Vec::new();
    for (key, value) in field.entries()? {
        let name = header_name(field, key, &value)?;
        let section = value.section(&[&["values", "secrets", "files"]])?;
        for list in ["values", "secrets"] {
            for item in section.read(list, Vec::new(), Field::list)? {
                headers.push((name.clone(), SecretSource::Inline(header_value(&item)?)));
            }
        }
        for item in section.read("files", Vec::new(), Field::list)? {
            headers.push((name.clone(), SecretSource::File(item.file()?)));
        }
    }
    Ok(headers)
}

/// The short shape: `NAME: VALUE`.
fn read_headers(field: &Field<'_>) -> Result<Vec<(String, SecretSource)>, Error> {
    let header = |(key, value): (&Key, Field<'_>)| {
        Ok((header_name(field, key, &value)?, SecretSource::Inline(header_value(&value)?)))
    };
    field.entries()?.into_iter().map(header).collect()
}

/// The name that is a key of `headers`. One that can not be one may be all of a header, so neither message nor path repeat it.
fn header_name(headers: &Field<'_>, key: &Key, value: &Field<'_>) -> Result<String, Error> {
    if key.name.is_empty() || !key.name.bytes().all(is_token) {
        return Err(headers.error_at(key, "a key here must be the name of a header, without its value"));
    }
    if HEADERS_RESERVED.contains(&key.name.to_ascii_lowercase().as_str()) {
        return Err(value.error("this header is not the configuration's to set"));
    }
    Ok(key.name.clone())
}

/// Text that can stand in a header; the message does not repeat it, because it may be secret.
fn header_value(field: &Field<'_>) -> Result<Secret, Error> {
    let text = field.text()?;
    if text.bytes().any(|byte| byte < b' ' && byte != b'\t' || byte == 0x7f) {
        return Err(field.error("holds a control character, which can not be sent"));
    }
    Ok(Secret::new(text))
}

/// A byte of a `token` of RFC 9110, section 5.6.2.
pub(super) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn read_tls(field: &Field<'_>) -> Result<Tls, Error> {
    let keys = ["ca_file", "cert_file", "key_file", "server_name", "insecure_skip_verify", "min_version"];
    let section = field.section(&[&keys])?;
    let file = |key: &str| section.read(key, None, |field| field.file().map(Some));
    let identity = match (file("cert_file")?, file("key_file")?) {
        (Some(cert_file), Some(key_file)) => Some(TlsIdentity { cert_file, key_file }),
        (None, None) => None,
        (Some(_), None) => return Err(section.error("cert_file needs key_file")),
        (None, Some(_)) => return Err(section.error("key_file needs cert_file")),
    };
    Ok(Tls {
        ca_file: file("ca_file")?,
        identity,
        server_name: section.read("server_name", None, |field| field.name().map(Some))?,
        insecure_skip_verify: section.read("insecure_skip_verify", false, Field::flag)?,
        min_version: section.read("min_version", TlsVersion::default(), |field| field.word(&VERSIONS))?,
    })
}
