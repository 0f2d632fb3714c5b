//! The keys of the discovery mechanisms. What they do is discovery's matter; each has a file of its own there.

use std::path::PathBuf;

use super::http::HttpClient;
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
