//! The keys of the discovery mechanisms. What they do is discovery's matter; each has a file of its own there.

use std::path::PathBuf;

use super::Error;
use super::http::{self, HttpClient};
use super::reader::{Field, Section};
use super::secret::{hide_login, hide_login_in_name};
use crate::model::label::Labels;
use crate::model::time::Millis;

/// One way in which targets of a service are found: one entry of a `*_sd_configs` list, or all of `static_configs`.
#[derive(Debug, Clone, PartialEq)]
pub enum Mechanism {
    /// `static_configs`: lists that stand in the configuration.
    Static(Vec<TargetGroup>),
    /// `file_sd_configs`: lists in files that are watched.
    File(FileDiscovery),
    /// `http_sd_configs`: lists that an HTTP server hands out.
    Http(Box<HttpDiscovery>),
    /// `dns_sd_configs`: records of names.
    Dns(DnsDiscovery),
}

/// Addresses that share labels.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TargetGroup {
    /// `host:port` each.
    pub targets: Vec<String>,
    /// Labels of each of them; those that begin with `__` are only seen by relabelling.
    pub labels: Labels,
}

/// Target lists in files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileDiscovery {
    /// Paths that end in `.json`, `.yml` or `.yaml`; the last segment may hold one `*`.
    pub files: Vec<PathBuf>,
    /// Time after which the files are read again even if they look unchanged, 5m by default.
    pub refresh_interval: Millis,
}

/// A target list from an HTTP server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpDiscovery {
    /// An `http` or `https` URL.
    pub url: String,
    /// Time from one request to the next, 60s by default.
    pub refresh_interval: Millis,
    /// How the request is made.
    pub http: HttpClient,
}

/// Targets from the records of DNS names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsDiscovery {
    /// Names to look up, at least one.
    pub names: Vec<String>,
    /// Kind of record, SRV by default.
    pub record: DnsRecord,
    /// Port of the targets; SRV records bring their own.
    pub port: u16,
    /// Time from one look-up to the next, 30s by default.
    pub refresh_interval: Millis,
}

/// Kinds of DNS records that name targets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum DnsRecord {
    /// Service records: host and port.
    #[default]
    Srv,
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
    /// Mail exchangers.
    Mx,
    /// Name servers.
    Ns,
}

/// Reads all entries under a mechanism's key.
type Read = fn(&Field<'_>) -> Result<Vec<Mechanism>, Error>;

/// The mechanisms that there are: key and reader. A new one is a line here, its keys below, and a file in discovery.
const MECHANISMS: [(&str, Read); 4] = [
    ("static_configs", read_static),
    ("file_sd_configs", |field| each(field, read_file)),
    ("http_sd_configs", |field| each(field, read_http)),
    ("dns_sd_configs", |field| each(field, read_dns)),
];

/// The keys of this section, which stand among those of a service.
pub(super) const KEYS: &[&str] = &["static_configs", "file_sd_configs", "http_sd_configs", "dns_sd_configs"];

/// Kinds of records as they are written.
pub(super) const RECORDS: [(&str, DnsRecord); 5] = [
    ("SRV", DnsRecord::Srv),
    ("A", DnsRecord::A),
    ("AAAA", DnsRecord::Aaaa),
    ("MX", DnsRecord::Mx),
    ("NS", DnsRecord::Ns),
];

/// Reads the mechanisms of a service.
pub(super) fn read(section: &Section<'_>) -> Result<Vec<Mechanism>, Error> {
    let mut mechanisms = Vec::new();
    for (key, read) in MECHANISMS {
        mechanisms.extend(section.read(key, Vec::new(), read)?);
    }
    Ok(mechanisms)
}

fn each(field: &Field<'_>, read: fn(&Field<'_>) -> Result<Mechanism, Error>) -> Result<Vec<Mechanism>, Error> {
    field.list()?.iter().map(read).collect()
}

fn read_static(field: &Field<'_>) -> Result<Vec<Mechanism>, Error> {
    let groups = read_groups(field, read_address)?;
    Ok(if groups.is_empty() { Vec::new() } else { vec![Mechanism::Static(groups)] })
}

/// Reads a list of target groups, of which `static_configs` and the files of `file_sd_configs` consist.
pub(super) fn read_groups(
    field: &Field<'_>,
    read_address: fn(&Field<'_>) -> Result<String, Error>,
) -> Result<Vec<TargetGroup>, Error> {
    let group = |field: &Field<'_>| {
        let section = field.section(&[&["targets", "labels"]])?;
        let targets = section.read("targets", Vec::new(), |field| field.list()?.iter().map(read_address).collect())?;
        Ok(TargetGroup { targets, labels: section.read("labels", Labels::default(), Field::labels)? })
    };
    field.list()?.iter().map(group).collect()
}

/// An address that is judged later.
pub(super) fn read_any_address(field: &Field<'_>) -> Result<String, Error> {
    field.string()
}

/// An address; a URL in its place is a frequent mistake, which Prometheus refuses too.
fn read_address(field: &Field<'_>) -> Result<String, Error> {
    let address = field.text()?;
    if address.contains(['/', '@']) {
        let shown = hide_login(address);
        return Err(field.error(format!("{shown:?} must be host:port, without scheme, login and path")));
    }
    Ok(address.to_owned())
}

fn read_file(field: &Field<'_>) -> Result<Mechanism, Error> {
    let section = field.section(&[&["files", "refresh_interval"]])?;
    let files = section.require("files", |field| match field.list()?.as_slice() {
        [] => Err(field.error("must name at least one file")),
        files => files.iter().map(read_pattern).collect(),
    })?;
    let refresh_interval = section.read("refresh_interval", Millis::from_seconds(300), Field::duration)?;
    Ok(Mechanism::File(FileDiscovery { files, refresh_interval }))
}

/// A path whose last segment may hold one `*` and ends in one of the known ways.
fn read_pattern(field: &Field<'_>) -> Result<PathBuf, Error> {
    let text = field.text()?;
    let name = text.rsplit('/').next().unwrap_or_default();
    let ending = name.rsplit_once('.').map(|(_, ending)| ending).unwrap_or_default();
    if !["json", "yml", "yaml"].iter().any(|known| known.eq_ignore_ascii_case(ending)) {
        return Err(field.error(format!("{:?} must end in .json, .yml or .yaml", hide_login_in_name(text))));
    }
    if text.matches('*').count() > 1 || (text.contains('*') && !name.contains('*')) {
        return Err(field.error(format!("{:?} may hold one *, in its last segment", hide_login_in_name(text))));
    }
    field.relative_path()
}

fn read_http(field: &Field<'_>) -> Result<Mechanism, Error> {
    let section = field.section(&[&["url", "refresh_interval"], http::KEYS])?;
    let url = section.require("url", |field| {
        let text = field.text()?;
        let shown = hide_login(text);
        let url = url::Url::parse(text).map_err(|error| field.error(format!("{shown:?} is no URL: {error}")))?;
        match url.scheme() {
            "http" | "https" => Ok(text.to_owned()),
            other if shown.contains("://") => {
                Err(field.error(format!("{shown:?} must begin with http or https, not {other}")))
            }
            // In `name:password@host` the scheme is the name.
            _ => Err(field.error(format!("{shown:?} must begin with http:// or https://"))),
        }
    })?;
    let refresh_interval = section.read("refresh_interval", Millis::from_seconds(60), Field::duration)?;
    Ok(Mechanism::Http(Box::new(HttpDiscovery { url, refresh_interval, http: http::read(&section)? })))
}

fn read_dns(field: &Field<'_>) -> Result<Mechanism, Error> {
    let section = field.section(&[&["names", "type", "port", "refresh_interval"]])?;
    let names = section.require("names", |field| match field.list()?.as_slice() {
        [] => Err(field.error("must hold at least one name")),
        names => names.iter().map(Field::name).collect(),
    })?;
    let record = section.read("type", DnsRecord::default(), |field| field.word(&RECORDS))?;
    let port = section.read("port", 0, |field| {
        u16::try_from(field.number()?).map_err(|_| field.error("must be a port from 1 to 65535"))
    })?;
    if port == 0 && record != DnsRecord::Srv {
        return Err(section.error("port is missing; only SRV records bring their own"));
    }
    let refresh_interval = section.read("refresh_interval", Millis::from_seconds(30), Field::duration)?;
    Ok(Mechanism::Dns(DnsDiscovery { names, record, port, refresh_interval }))
}
