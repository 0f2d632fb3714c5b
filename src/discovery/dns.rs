//! `dns_sd_configs`: targets from the records of DNS names.
//!
//! Names are looked up as Prometheus does: with the name servers and search domains of `/etc/resolv.conf`, asked anew at
//! each look. Unlike there `/etc/hosts` counts too for A and AAAA, and `localhost` always has its address, so that a
//! configuration for one machine needs no name server.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use hickory_resolver::config::{ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::{Resolver, TokioResolver, system_conf};

use super::mechanism::{Discover, Found};
use super::target::{ADDRESS, Group};
use crate::config::secret::hide_login;
use crate::config::{DnsDiscovery, DnsRecord};
use crate::model::label::Labels;
use crate::model::time::Millis;

const NAME: &str = "__meta_dns_name";
const SRV_TARGET: &str = "__meta_dns_srv_record_target";
const SRV_PORT: &str = "__meta_dns_srv_record_port";
const MX_TARGET: &str = "__meta_dns_mx_record_target";
const NS_TARGET: &str = "__meta_dns_ns_record_target";

/// One entry of `dns_sd_configs`.
pub(super) struct Names {
    settings: DnsDiscovery,
    servers: Servers,
    /// The last list of each name, in the order of the names.
    known: Vec<Group>,
}

/// Who is asked.
#[derive(Clone)]
enum Servers {
    /// The name servers of this machine.
    System,
    /// Given ones.
    #[cfg(test)]
    Given(Box<(ResolverConfig, ResolverOpts)>),
}

impl Names {
    pub(super) fn new(settings: DnsDiscovery) -> Self {
        let known = vec![Group::default(); settings.names.len()];
        Self { settings, servers: Servers::System, known }
    }

    async fn look(&mut self) -> Found {
        let lookup = match Lookup::new(&self.servers) {
            Ok(lookup) => lookup,
            Err(error) => return Found::failed(format!("no DNS client can be made: {error}")),
        };
        let looks = self.settings.names.iter().map(|name| lookup.name(name, &self.settings));
        let mut problems = Vec::new();
        for (known, answer) in self.known.iter_mut().zip(join_all(looks).await) {
            match answer {
                Ok(group) => *known = group,
                Err(problem) => problems.push(problem),
            }
        }
        Found { groups: Some(self.known.clone()), problems }
    }
}

impl Discover for Names {
    fn look(&mut self) -> BoxFuture<'_, Found> {
        Self::look(self).boxed()
    }

    fn interval(&self) -> Millis {
        self.settings.refresh_interval
    }
}

/// One look's client: made anew each time, so that it sees today's resolv.conf and hosts and remembers no answers.
struct Lookup {
    resolver: TokioResolver,
    search: Vec<Name>,
    /// Dots from which on a name is asked as it is before the search domains are tried.
    ndots: usize,
}

impl Lookup {
    fn new(servers: &Servers) -> Result<Self, NetError> {
        let (config, mut options) = match servers {
            // Without name servers there are still /etc/hosts and localhost.
            Servers::System => system_conf::read_system_conf()
                .unwrap_or_else(|_| (ResolverConfig::from_parts(None, vec![], vec![]), ResolverOpts::default())),
            #[cfg(test)]
            Servers::Given(given) => given.as_ref().clone(),
        };
        options.edns0 = true;
        let (search, ndots) = (config.search().to_vec(), options.ndots);
        let mut builder = Resolver::builder_with_config(config, TokioRuntimeProvider::default());
        *builder.options_mut() = options;
        Ok(Self { resolver: builder.build()?, search, ndots })
    }

    /// The targets of one name. It is tried with the search domains as resolv.conf says: the first that the servers
    /// know counts, even without records of this kind. When all say that there is no such name, there are no targets; when
    /// one gives no usable answer and no other knows the name, nothing is certain and that is an error.
    async fn name(&self, name: &str, settings: &DnsDiscovery) -> Result<Group, String> {
        let kind = record_type(settings.record);
        let mut failure = None;
        for candidate in self.candidates(name)? {
            match self.records(candidate, kind).await {
                Ok(Some(records)) => {
                    let targets = records.iter().filter_map(|record| target(name, record, settings)).collect();
                    return Ok(Group { targets, labels: Labels::default() });
                }
                Ok(None) => {}
                Err(error) => failure = Some(error),
            }
        }
        match failure {
            None => Ok(Group::default()),
            Some(error) => Err(format!("{kind} records of {:?} can not be looked up: {error}", hide_login(name))),
        }
    }

    /// The records of a full name; `None` when there is no such name.
    async fn records(&self, name: Name, kind: RecordType) -> Result<Option<Vec<RData>>, NetError> {
        if let Some(address) = localhost(&name, kind) {
            return Ok(Some(vec![RData::from(address)]));
        }
        match self.resolver.lookup(name, kind).await {
            Ok(lookup) => Ok(Some(lookup.answers().iter().map(|record| record.data.clone()).collect())),
            Err(NetError::Dns(DnsError::NoRecordsFound(none))) => match none.response_code {
                ResponseCode::NoError => Ok(Some(Vec::new())),
                ResponseCode::NXDomain => Ok(None),
                _ => Err(NetError::Dns(DnsError::NoRecordsFound(none))),
            },
            Err(error) => Err(error),
        }
    }

    /// The full names that `name` may mean, in the order in which they are tried.
    fn candidates(&self, name: &str) -> Result<Vec<Name>, String> {
        let parse = |text: &str| {
            Name::from_utf8(text).map_err(|error| format!("{:?} is no DNS name: {error}", hide_login(name)))
        };
        let mut full = parse(name)?;
        if full.is_fqdn() {
            return Ok(vec![full]);
        }
        let mut candidates: Vec<Name> = Vec::new();
        for domain in &self.search {
            // A name that would become too long with a domain is none of that domain's.
            candidates.extend(full.clone().append_domain(domain));
        }
        let first = name.matches('.').count() >= self.ndots || full.is_localhost();
        full.set_fqdn(true);
        if first {
            candidates.insert(0, full);
        } else {
            candidates.push(full);
        }
        Ok(candidates)
    }
}

fn record_type(record: DnsRecord) -> RecordType {
    match record {
        DnsRecord::Srv => RecordType::SRV,
        DnsRecord::A => RecordType::A,
        DnsRecord::Aaaa => RecordType::AAAA,
        DnsRecord::Mx => RecordType::MX,
        DnsRecord::Ns => RecordType::NS,
    }
}

/// `localhost` and all below it never leave the machine (RFC 6761, section 6.3).
fn localhost(name: &Name, kind: RecordType) -> Option<IpAddr> {
    match kind {
        _ if !name.is_localhost() => None,
        RecordType::A => Some(Ipv4Addr::LOCALHOST.into()),
        RecordType::AAAA => Some(Ipv6Addr::LOCALHOST.into()),
        _ => None,
    }
}

/// The target that a record stands for; `None` for others, such as the CNAMEs on the way to it.
fn target(name: &str, record: &RData, settings: &DnsDiscovery) -> Option<Labels> {
    let (host, port, meta) = match (settings.record, record) {
        // A target of "." says that there is decidedly no such service (RFC 2782).
        (DnsRecord::Srv, RData::SRV(srv)) if srv.target.is_root() => return None,
        (DnsRecord::Srv, RData::SRV(srv)) => {
            let target = srv.target.to_ascii();
            (target.clone(), srv.port, vec![(SRV_TARGET, target), (SRV_PORT, srv.port.to_string())])
        }
        (DnsRecord::Mx, RData::MX(mx)) => {
            let target = mx.exchange.to_ascii();
            (target.clone(), settings.port, vec![(MX_TARGET, target)])
        }
        (DnsRecord::Ns, RData::NS(ns)) => {
            let target = ns.0.to_ascii();
            (target.clone(), settings.port, vec![(NS_TARGET, target)])
        }
        (DnsRecord::A, RData::A(a)) => (a.0.to_string(), settings.port, vec![]),
        (DnsRecord::Aaaa, RData::AAAA(aaaa)) => (format!("[{}]", aaaa.0), settings.port, vec![]),
        _ => return None,
    };
    let mut labels = Labels::from_pairs(meta);
    // The address loses the dot at the end, the meta label keeps it, as in Prometheus.
    labels.set(ADDRESS, format!("{}:{port}", host.trim_end_matches('.')));
    labels.set(NAME, name);
    Some(labels)
}

#[cfg(test)]
mod tests;
