//! The file of `--web.config.file`: TLS, HTTP headers, passwords, with the keys of Prometheus's exporter toolkit
//! (<https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md>), so that one file serves
//! Prometheus, its exporters and us.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::reader::{Field, Section, Source};
use super::secret::{Secret, SecretSource, hide_login};
use super::{Error, Named, tree};
use crate::model::time::Millis;

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoorConfig {
    /// `tls_server_config`; `None` serves without TLS.
    pub tls: Option<TlsServer>,
    /// `http_server_config.http2`, true by default.
    pub http2: bool,
    /// `http_server_config.headers`: names and values.
    pub headers: Vec<(&'static str, String)>,
    /// `basic_auth_users`: bcrypt hashes by user.
    pub users: BTreeMap<String, Secret>,
    /// `rate_limit`; `None` has no limit.
    pub rate_limit: Option<RateLimit>,
    /// What was accepted but should be looked at: sentences that begin with `FILE:LINE:COLUMN: `.
    pub warnings: Vec<String>,
}

/// The section `tls_server_config`. Certificates and keys are PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsServer {
    /// The certificate and its chain.
    pub cert: SecretSource,
    /// Its private key.
    pub key: SecretSource,
    /// What is asked of clients.
    pub client_auth: ClientAuth,
    /// Who signs clients' certificates.
    pub client_ca: Option<SecretSource>,
    /// A client's certificate must have one of these subject alternative names; `None` asks for none.
    pub client_allowed_sans: Option<Vec<String>>,
    /// The oldest version that is spoken.
    pub min_version: TlsVersion,
    /// The newest version that is spoken.
    pub max_version: TlsVersion,
    /// Suites of TLS 1.2 by their names in Go; empty for all. TLS 1.3 always has its own, as in Go.
    pub cipher_suites: Vec<&'static str>,
    /// The client's order of suites counts instead of ours.
    pub prefer_client_cipher_suites: bool,
    /// Curves by their names in Go, the preferred first; empty for all.
    pub curves: Vec<&'static str>,
}

pub use super::http::TlsVersion;

/// What is asked of clients, in Go's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuth {
    /// Nothing.
    NoClientCert,
    /// A certificate, of anybody, if they have one.
    RequestClientCert,
    /// A certificate, of anybody.
    RequireAnyClientCert,
    /// A certificate that a CA of ours signed, if they have one.
    VerifyClientCertIfGiven,
    /// A certificate that a CA of ours signed.
    RequireAndVerifyClientCert,
}

/// The section `rate_limit`: of all requests together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// Time from one request to the next, once the burst is used up.
    pub interval: Millis,
    /// Requests that may come at once.
    pub burst: u32,
}

impl Default for DoorConfig {
    fn default() -> Self {
        Self {
            tls: None,
            http2: true,
            headers: Vec::new(),
            users: BTreeMap::new(),
            rate_limit: None,
            warnings: Vec::new(),
        }
    }
}

impl DoorConfig {
    /// Files whose content counts, too: certificates and keys.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let Some(tls) = &self.tls else { return Vec::new() };
        [Some(&tls.cert), Some(&tls.key), tls.client_ca.as_ref()]
            .into_iter()
            .flatten()
            .filter_map(|source| match source {
                SecretSource::File(path) => Some(path.clone()),
                SecretSource::Inline(_) => None,
            })
            .collect()
    }
}

/// What the file says, before anybody has looked whether the files that it names are there.
#[derive(Debug)]
pub struct Draft {
    config: DoorConfig,
    named: Named,
}

impl Draft {
    /// Files whose content counts, too, whether or not they are there.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        self.config.files()
    }

    /// The whole, if every file that it names can be read.
    ///
    /// # Errors
    /// The first file that can not, with the place that names it.
    pub fn finish(self) -> Result<DoorConfig, Error> {
        super::look_for(self.named)?;
        Ok(self.config)
    }
}

/// Reads the file at `path`, and no other.
///
/// # Errors
/// The first thing that is wrong, with its place.
pub fn draft(path: &Path) -> Result<Draft, Error> {
    let (config, named) = super::read_file(path, read)?;
    Ok(Draft { config, named })
}

/// Reads the file at `path`. Every file that it names must be readable too.
///
/// # Errors
/// The first thing that is wrong, with its place.
pub fn load(path: &Path) -> Result<DoorConfig, Error> {
    draft(path)?.finish()
}

/// Reads it from `text`, as [`super::parse`] does.
///
/// # Errors
/// The first thing that is wrong, with its place.
pub fn parse(text: &str, file_name: &str) -> Result<DoorConfig, Error> {
    read(text, &Source::new(file_name))
}

fn read(text: &str, source: &Source<'_>) -> Result<DoorConfig, Error> {
    let node = tree::parse(text).map_err(|problem| source.error(problem.place, "", problem.what))?;
    let root = Field::root(source, &node);
    let section = root.section(&[&["tls_server_config", "http_server_config", "basic_auth_users", "rate_limit"]])?;
    let mut config = DoorConfig {
        tls: section.read("tls_server_config", None, read_tls)?,
        users: section.read("basic_auth_users", BTreeMap::new(), read_users)?,
        rate_limit: section.read("rate_limit", None, read_rate_limit)?,
        ..DoorConfig::default()
    };
    if let Some(http) = section.get("http_server_config") {
        let http = http.section(&[&["http2", "headers"]])?;
        config.http2 = http.read("http2", true, Field::flag)?;
        config.headers = http.read("headers", Vec::new(), read_headers)?;
    }
    config.warnings = source.warnings.take();
    Ok(config)
}

/// Go's names of the suites that it speaks by default, with whether we do: none whose encryption and authentication are
/// apart (CBC), which has been attacked again and again. Those of TLS 1.3 are always spoken.
const CIPHER_SUITES: [(&str, bool); 15] = [
    ("TLS_AES_128_GCM_SHA256", true),
    ("TLS_AES_256_GCM_SHA384", true),
    ("TLS_CHACHA20_POLY1305_SHA256", true),
    ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", true),
    ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", true),
    ("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", true),
    ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", true),
    ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", true),
    ("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", true),
    ("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", false),
    ("TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", false),
    ("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", false),
    ("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", false),
    ("TLS_RSA_WITH_AES_128_GCM_SHA256", false),
    ("TLS_RSA_WITH_AES_256_GCM_SHA384", false),
];

/// The toolkit's curves, with whether we speak them.
const CURVES: [(&str, bool); 4] = [("CurveP256", true), ("CurveP384", true), ("CurveP521", false), ("X25519", true)];

const CLIENT_AUTH: [(&str, ClientAuth); 6] = [
    ("NoClientCert", ClientAuth::NoClientCert),
    ("RequestClientCert", ClientAuth::RequestClientCert),
    ("RequireAnyClientCert", ClientAuth::RequireAnyClientCert),
    // Go's older name.
    ("RequireClientCert", ClientAuth::RequireAnyClientCert),
    ("VerifyClientCertIfGiven", ClientAuth::VerifyClientCertIfGiven),
    ("RequireAndVerifyClientCert", ClientAuth::RequireAndVerifyClientCert),
];

const TLS_KEYS: [&str; 13] = [
    "cert",
    "key",
    "client_ca",
    "cert_file",
    "key_file",
    "client_auth_type",
    "client_ca_file",
    "client_allowed_sans",
    "min_version",
    "max_version",
    "cipher_suites",
    "prefer_server_cipher_suites",
    "curve_preferences",
];

fn read_tls(field: &Field<'_>) -> Result<Option<TlsServer>, Error> {
    let section = field.section(&[&TLS_KEYS])?;
    let cert = read_pem(&section, "cert", "cert_file")?;
    let key = read_pem(&section, "key", "key_file")?;
    let client_ca = read_pem(&section, "client_ca", "client_ca_file")?;
    let client_auth = section.read("client_auth_type", None, |field| match field.text()? {
        "" => Ok(None),
        _ => field.word(&CLIENT_AUTH).map(Some),
    })?;
    let min_version = section.read("min_version", TlsVersion::Tls12, read_min_version)?;
    let max_version = section.read("max_version", TlsVersion::Tls13, read_max_version)?;
    let cipher_suites = read_names(&section, "cipher_suites", &CIPHER_SUITES)?;
    let curves = read_names(&section, "curve_preferences", &CURVES)?;
    let prefer_client_cipher_suites = !section.read("prefer_server_cipher_suites", true, Field::flag)?;
    let client_allowed_sans = section.read("client_allowed_sans", None, |field| field.texts().map(Some))?;
    // The toolkit takes it with any policy and so may let in whoever has no certificate; a list of who may come in must not.
    let is_required =
        matches!(client_auth, Some(ClientAuth::RequireAnyClientCert | ClientAuth::RequireAndVerifyClientCert));
    if let Some(field) = section.get("client_allowed_sans").filter(|_| !is_required) {
        return Err(field.error(
            "needs client_auth_type RequireAndVerifyClientCert or RequireAnyClientCert: no other keeps out who has no certificate",
        ));
    }
    // As in the toolkit, what only says how TLS would be spoken does not ask for TLS.
    if cert.is_none() && key.is_none() && client_ca.is_none() && client_auth.is_none() {
        return Ok(None);
    }
    let cert = cert.ok_or_else(|| section.error("missing one of cert or cert_file"))?;
    let key = key.ok_or_else(|| section.error("missing one of key or key_file"))?;
    let client_auth = client_auth.unwrap_or(ClientAuth::NoClientCert);
    if min_version == TlsVersion::Tls13 && max_version == TlsVersion::Tls12 {
        return Err(section.error("min_version is above max_version"));
    }
    let verifies = matches!(client_auth, ClientAuth::VerifyClientCertIfGiven | ClientAuth::RequireAndVerifyClientCert);
    match (&client_ca, client_auth) {
        (Some(_), ClientAuth::NoClientCert) => {
            return Err(section.error("client CA's have been configured without a Client Auth Policy"));
        }
        // Go would take the certificates of the system, with which anybody can have one.
        (None, _) if verifies => return Err(section.error("client_auth_type needs client_ca or client_ca_file")),
        _ => {}
    }
    Ok(Some(TlsServer {
        cert,
        key,
        client_auth,
        client_ca,
        client_allowed_sans,
        min_version,
        max_version,
        cipher_suites,
        prefer_client_cipher_suites,
        curves,
    }))
}

/// PEM that stands under one key, or in the file that another names. Empty ones are as good as none, as in Go.
fn read_pem(section: &Section<'_>, inline: &str, file: &str) -> Result<Option<SecretSource>, Error> {
    let given = |key: &str| section.get(key).filter(|field| !field.text().is_ok_and(str::is_empty));
    match (given(inline), given(file)) {
        (Some(_), Some(file)) => Err(file.error(format!("can not be set together with {inline}"))),
        (Some(text), None) => Ok(Some(SecretSource::Inline(Secret::new(text.string()?)))),
        (None, Some(file)) => Ok(Some(SecretSource::File(file.file()?))),
        (None, None) => Ok(None),
    }
}

const OLD_VERSIONS: [&str; 2] = ["TLS10", "TLS11"];

fn read_min_version(field: &Field<'_>) -> Result<TlsVersion, Error> {
    if OLD_VERSIONS.contains(&field.text()?) {
        field.warn("is broken and not spoken: TLS12 is the oldest version here");
        return Ok(TlsVersion::Tls12);
    }
    field.word(&super::http::VERSIONS)
}

fn read_max_version(field: &Field<'_>) -> Result<TlsVersion, Error> {
    if OLD_VERSIONS.contains(&field.text()?) {
        return Err(field.error("is broken and not spoken: TLS12 is the oldest version here"));
    }
    field.word(&super::http::VERSIONS)
}

/// Names out of a table. Those that we do not speak are left out with a warning, unless none would be left.
fn read_names(section: &Section<'_>, key: &str, table: &[(&'static str, bool)]) -> Result<Vec<&'static str>, Error> {
    let Some(field) = section.get(key) else { return Ok(Vec::new()) };
    let mut names = Vec::new();
    for item in field.list()? {
        let text = item.text()?;
        // Go's first names of two suites.
        let long = format!("{text}_SHA256");
        let name = if text.ends_with("_CHACHA20_POLY1305") { long.as_str() } else { text };
        match table.iter().find(|(known, _)| *known == name) {
            Some((known, true)) => names.push(*known),
            Some((_, false)) => item.warn(format!("{text} is not spoken here and left out")),
            None => {
                let known: Vec<&str> = table.iter().map(|(name, _)| *name).collect();
                return Err(item.error(format!("unknown {:?}; there are {}", hide_login(text), known.join(", "))));
            }
        }
    }
    if names.is_empty() && !field.list()?.is_empty() {
        return Err(field.error("none of these is spoken here"));
    }
    Ok(names)
}

/// The toolkit's headers and what each may be; empty for anything.
const HEADERS: [(&str, &[&str]); 5] = [
    ("Strict-Transport-Security", &[]),
    ("X-Content-Type-Options", &["nosniff"]),
    ("X-Frame-Options", &["deny", "sameorigin"]),
    ("X-XSS-Protection", &[]),
    ("Content-Security-Policy", &[]),
];

fn read_headers(field: &Field<'_>) -> Result<Vec<(&'static str, String)>, Error> {
    let mut headers = Vec::new();
    for (key, value) in field.entries()? {
        let Some((name, allowed)) = HEADERS.iter().find(|(name, _)| *name == key.name) else {
            if !key.name.bytes().all(super::http::is_token) {
                // Not repeated: it may be all of a header.
                return Err(field.error_at(key, "a key here must be the name of a header, without its value"));
            }
            return Err(value.error(format!("HTTP header {:?} can not be configured", key.name)));
        };
        let text = value.text()?;
        if text.bytes().any(|byte| !(b' '..=b'~').contains(&byte)) {
            return Err(value.error("must be printable ASCII"));
        }
        if text.is_empty() {
            continue;
        }
        if !allowed.is_empty() && !allowed.contains(&text) {
            return Err(value.error(format!("must be one of {}, not {:?}", allowed.join(", "), hide_login(text))));
        }
        headers.push((*name, text.to_owned()));
    }
    Ok(headers)
}

fn read_users(field: &Field<'_>) -> Result<BTreeMap<String, Secret>, Error> {
    let mut users = BTreeMap::new();
    for (key, value) in field.entries()? {
        if key.name.is_empty() || key.name.contains(':') || key.name.chars().any(char::is_control) {
            // Not repeated: it may be `NAME:PASSWORD`.
            return Err(field.error_at(key, "a user's name can not be empty, or have a colon or control characters"));
        }
        // The message does not repeat it: somebody may have written the password itself.
        if !is_bcrypt(value.text()?) {
            return Err(value.error("must be a bcrypt hash, $2y$COST$ and 53 characters, as `htpasswd -nB` makes them, with a COST of at most 16"));
        }
        users.insert(key.name.clone(), Secret::new(canonical(value.text()?)));
    }
    Ok(users)
}

/// The most that a password's hash may cost: some five seconds of a core, and one is checked at a time.
const COST_MAX: u8 = 16;

/// bcrypt's own order of Base64's digits.
const DIGITS: &[u8; 64] = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// The same hash without the bits that say nothing at the ends of salt and hash: some programs leave them as they come, and what
/// checks passwords here wants none.
fn canonical(hash: &str) -> String {
    let salt = hash.len().saturating_sub(53);
    let loose =
        |at: usize| [(salt + 21, 16), (salt + 52, 4)].into_iter().find_map(|(end, step)| (at == end).then_some(step));
    let strict = |digit: u8, step: usize| {
        let value = DIGITS.iter().position(|other| *other == digit)?;
        DIGITS.get(value / step * step).map(|digit| char::from(*digit))
    };
    let digits = hash.bytes().enumerate();
    digits.map(|(at, digit)| loose(at).and_then(|step| strict(digit, step)).unwrap_or(char::from(digit))).collect()
}

/// `$2y$10$` and 22 characters of salt and 31 of hash, in bcrypt's own Base64.
fn is_bcrypt(text: &str) -> bool {
    let mut parts = text.split('$').skip(1);
    let (Some(version), Some(cost), Some(rest), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    text.starts_with('$')
        && ["2a", "2b", "2x", "2y"].contains(&version)
        && cost.len() == 2
        && cost.parse::<u8>().is_ok_and(|cost| (4..=COST_MAX).contains(&cost))
        && rest.len() == 53
        && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'/')
}

fn read_rate_limit(field: &Field<'_>) -> Result<Option<RateLimit>, Error> {
    let section = field.section(&[&["interval", "burst"]])?;
    // As in the toolkit, no time between two requests is no limit, whatever the burst.
    let Some(interval) = section.read("interval", None, Field::go_duration_or_none)? else { return Ok(None) };
    let burst = section.require("burst", |field| match u32::try_from(field.number()?) {
        // The toolkit takes it, and refuses every request.
        Ok(0) => Err(field.error("must be at least 1: with 0 every request would be refused")),
        Ok(burst) => Ok(burst),
        Err(_) => Err(field.error("is too large")),
    })?;
    Ok(Some(RateLimit { interval, burst }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG";

    fn read(text: &str) -> Result<DoorConfig, String> {
        parse(text, "dir/web.yml").map_err(|error| error.to_string())
    }

    #[test]
    fn the_toolkits_sample_is_read() {
        let text = format!(
            "tls_server_config:\n  cert_file: server.crt\n  key_file: /etc/server.key\n  client_auth_type: RequireAndVerifyClientCert\n  \
             client_ca_file: ca.crt\n  client_allowed_sans: [ada@example.org]\n  min_version: TLS13\n  max_version: TLS13\n  \
             cipher_suites: [TLS_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305]\n  \
             prefer_server_cipher_suites: false\n  curve_preferences: [X25519, CurveP256]\n\
             http_server_config:\n  http2: false\n  headers:\n    Strict-Transport-Security: max-age=63072000\n    \
             X-Frame-Options: deny\n    X-XSS-Protection: ''\n\
             basic_auth_users:\n  alice: {HASH}\n  bob: {HASH}\nrate_limit:\n  interval: 1.5s\n  burst: 20\n"
        );
        let config = read(&text).unwrap();
        let tls = config.tls.clone().unwrap();
        assert_eq!(tls.cert, SecretSource::File("dir/server.crt".into()));
        assert_eq!(tls.key, SecretSource::File("/etc/server.key".into()));
        assert_eq!((tls.client_auth, tls.min_version), (ClientAuth::RequireAndVerifyClientCert, TlsVersion::Tls13));
        assert_eq!(tls.cipher_suites, ["TLS_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"]);
        assert_eq!(tls.curves, ["X25519", "CurveP256"]);
        assert!(tls.prefer_client_cipher_suites && !config.http2);
        let headers =
            [("Strict-Transport-Security", "max-age=63072000".to_owned()), ("X-Frame-Options", "deny".to_owned())];
        assert_eq!(config.headers, headers);
        assert_eq!(config.users.keys().collect::<Vec<_>>(), ["alice", "bob"]);
        assert_eq!(config.rate_limit, Some(RateLimit { interval: Millis(1500), burst: 20 }));
        assert_eq!(config.files().len(), 3);
        assert!(config.warnings.is_empty() && !format!("{config:?}").contains("X0h1gDs"));
    }

    #[test]
    fn a_hash_that_keeps_everybody_waiting_is_refused() {
        let user = |cost: &str| read(&format!("basic_auth_users:\n  alice: {}\n", HASH.replace("$10$", cost)));
        assert!(user("$17$").unwrap_err().ends_with("with a COST of at most 16"));
        user("$16$").unwrap();
    }

    #[test]
    fn bits_of_a_hash_that_say_nothing_keep_nobody_out() {
        let hash = bcrypt::hash("tide", 4).unwrap();
        let salt = hash.len() - 53;
        for (at, rest) in [(salt + 21, 15), (salt + 52, 3)] {
            let mut bytes = hash.clone().into_bytes();
            let digit = DIGITS.iter().position(|digit| *digit == bytes[at]).unwrap();
            bytes[at] = DIGITS[digit + rest];
            let loose = String::from_utf8(bytes).unwrap();
            assert!(bcrypt::verify("tide", &loose).is_err());
            let config = read(&format!("basic_auth_users: {{ada: '{loose}'}}")).unwrap();
            assert!(bcrypt::verify("tide", config.users["ada"].expose()).unwrap());
        }
    }

    #[test]
    fn an_empty_file_and_one_that_only_tunes_tls_serve_without_it() {
        assert_eq!(read("").unwrap(), DoorConfig::default());
        for text in ["tls_server_config:\n", "tls_server_config:\n  min_version: TLS13\n  cert_file: ''\n"] {
            assert_eq!(read(text).unwrap().tls, None, "{text}");
        }
    }

    #[test]
    fn what_we_do_not_speak_is_left_out_with_a_warning() {
        let text = "tls_server_config:\n  cert: a\n  key: b\n  min_version: TLS10\n  curve_preferences: [CurveP521, X25519]\n  \
                    cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]\n";
        let config = read(text).unwrap();
        assert_eq!(config.tls.unwrap().curves, ["X25519"]);
        let warnings = [
            "dir/web.yml:4:16: tls_server_config.min_version: is broken and not spoken: TLS12 is the oldest version here",
            "dir/web.yml:6:19: tls_server_config.cipher_suites[0]: TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA is not spoken here and left \
             out",
            "dir/web.yml:5:23: tls_server_config.curve_preferences[0]: CurveP521 is not spoken here and left out",
        ];
        assert_eq!(config.warnings, warnings);
    }

    #[test]
    fn mistakes_name_their_place_and_repeat_no_secret() {
        let tls = |rest: &str| format!("tls_server_config:\n  cert_file: a\n  key_file: b\n  {rest}\n");
        for (text, expect) in [
            (
                "tls_config: {}".to_owned(),
                "1:1: tls_config: unknown key; known here are tls_server_config, http_server_config, \
                basic_auth_users, rate_limit",
            ),
            (
                "tls_server_config:\n  key_file: b\n".to_owned(),
                "2:3: tls_server_config: missing one of cert or cert_file",
            ),
            (
                "tls_server_config:\n  cert_file: b\n".to_owned(),
                "2:3: tls_server_config: missing one of key or key_file",
            ),
            (tls("cert: x"), "2:14: tls_server_config.cert_file: can not be set together with cert"),
            (
                tls("client_ca_file: c"),
                "2:3: tls_server_config: client CA's have been configured without a Client Auth Policy",
            ),
            (
                tls("client_auth_type: RequireAndVerifyClientCert"),
                "2:3: tls_server_config: client_auth_type needs client_ca or client_ca_file",
            ),
            (
                tls("client_auth_type: Maybe"),
                "4:21: tls_server_config.client_auth_type: must be one of NoClientCert, RequestClientCert, RequireAnyClientCert, \
                 RequireClientCert, VerifyClientCertIfGiven, RequireAndVerifyClientCert, not \"Maybe\"",
            ),
            (
                tls("min_version: TLS14"),
                "4:16: tls_server_config.min_version: must be one of TLS12, TLS13, not \"TLS14\"",
            ),
            (
                tls("max_version: TLS11"),
                "4:16: tls_server_config.max_version: is broken and not spoken: TLS12 is the oldest version here",
            ),
            (
                tls("curve_preferences: [CurveP521]"),
                "4:22: tls_server_config.curve_preferences: none of these is spoken here",
            ),
            (
                tls("curve_preferences: [Curve1]"),
                "4:23: tls_server_config.curve_preferences[0]: unknown \"Curve1\"; there are CurveP256, CurveP384, CurveP521, X25519",
            ),
            (
                "http_server_config:\n  headers:\n    Server: x\n".to_owned(),
                "3:13: http_server_config.headers.Server: HTTP header \"Server\" can not be configured",
            ),
            (
                "http_server_config:\n  headers:\n    X-Frame-Options: maybe\n".to_owned(),
                "3:22: http_server_config.headers.X-Frame-Options: must be one of deny, sameorigin, not \"maybe\"",
            ),
            (
                "basic_auth_users:\n  alice: s3cret\n".to_owned(),
                "2:10: basic_auth_users.alice: must be a bcrypt hash, $2y$COST$ and 53 characters, as `htpasswd -nB` makes them, \
                 with a COST of at most 16",
            ),
            (
                format!("basic_auth_users:\n  '': {HASH}\n"),
                "2:3: basic_auth_users: a user's name can not be empty, or have a colon or control characters",
            ),
            ("rate_limit: {interval: 1s}".to_owned(), "1:13: rate_limit: burst is missing"),
        ] {
            assert_eq!(read(&text).unwrap_err(), format!("dir/web.yml:{expect}"));
        }
    }

    #[test]
    fn what_may_be_a_secret_is_not_repeated() {
        for (text, expect) in [
            (
                "basic_auth_users:\n  alice:s3cret: x\n",
                "2:3: basic_auth_users: a user's name can not be empty, or have a colon or control characters",
            ),
            (
                "http_server_config:\n  headers:\n    'X-Key: s3cret': x\n",
                "3:5: http_server_config.headers: a key here must be the name of a header, without its value",
            ),
            (
                "tls_server_config:\n  cert_file: a\n  key_file: '-----BEGIN PRIVATE KEY----- s3cret'\n",
                "3:13: tls_server_config.key_file: must name a file, not hold its content",
            ),
            (
                "tls_server_config:\n  cert_file: a\n  key_file: b\n  max_version: http://bob:s3cret@a\n",
                "4:16: tls_server_config.max_version: must be one of TLS12, TLS13, not \"http://<secret>@a\"",
            ),
        ] {
            assert_eq!(read(text).unwrap_err(), format!("dir/web.yml:{expect}"));
        }
    }

    #[test]
    fn names_of_clients_are_only_taken_where_every_client_needs_a_certificate() {
        let tls = |policy: &str, sans: &str| {
            format!("tls_server_config: {{cert: a, key: b{policy}, client_allowed_sans: {sans}}}\n")
        };
        let ca = "client_ca: c, client_auth_type";
        for policy in [
            String::new(),
            ", client_auth_type: ''".to_owned(),
            ", client_auth_type: NoClientCert".to_owned(),
            ", client_auth_type: RequestClientCert".to_owned(),
            format!(", {ca}: VerifyClientCertIfGiven"),
        ] {
            for sans in ["[a]", "[]"] {
                let error = read(&tls(&policy, sans)).unwrap_err();
                let expect = "tls_server_config.client_allowed_sans: needs client_auth_type RequireAndVerifyClientCert or \
                              RequireAnyClientCert: no other keeps out who has no certificate";
                assert!(error.ends_with(expect), "{policy}: {error}");
            }
            assert!(read(&tls(&policy, "")).is_ok(), "{policy}: none are given");
        }
        // Nor without TLS.
        assert!(
            read("tls_server_config: {client_allowed_sans: [a]}").unwrap_err().contains("client_allowed_sans: needs")
        );
        for policy in
            [", client_auth_type: RequireAnyClientCert".to_owned(), format!(", {ca}: RequireAndVerifyClientCert")]
        {
            let config = read(&tls(&policy, "[a]")).unwrap();
            assert_eq!(config.tls.unwrap().client_allowed_sans, Some(vec!["a".to_owned()]), "{policy}");
            assert!(config.warnings.is_empty());
        }
    }

    #[test]
    fn no_time_between_requests_is_no_limit() {
        for text in [
            "{}",
            "{burst: 3}",
            "{interval: 0}",
            "{interval: 0s}",
            "{interval: 0h0m, burst: 3}",
            "{interval: 0s, burst: 0}",
        ] {
            assert_eq!(read(&format!("rate_limit: {text}")).unwrap().rate_limit, None, "{text}");
        }
        let limit = RateLimit { interval: Millis(1), burst: 3 };
        assert_eq!(read("rate_limit: {interval: 1ns, burst: 3}").unwrap().rate_limit, Some(limit));
        for (text, expect) in [
            (
                "rate_limit: {interval: 1s, burst: 0}",
                "1:35: rate_limit.burst: must be at least 1: with 0 every request would be refused",
            ),
            ("rate_limit: {interval: 1s, burst: 5000000000}", "1:35: rate_limit.burst: is too large"),
            (
                "rate_limit: {interval: 10, burst: 1}",
                "1:24: rate_limit.interval: must be a duration such as 30s or 1h30m, not \"10\"",
            ),
        ] {
            assert_eq!(read(text).unwrap_err(), format!("dir/web.yml:{expect}"));
        }
    }
}
