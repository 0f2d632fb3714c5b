//! Who may do what: the section `web` of our own configuration. Passwords and certificates stand in the file that
//! `--web.config.file` names ([`super::door`]), in the words of Prometheus's tools.

use std::collections::BTreeMap;

use ipnet::IpNet;

use super::Error;
use super::reader::Field;
use super::secret::hide_login;
use crate::model::role::Role;

/// The section `web`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Web {
    /// Who may do what.
    pub auth: Auth,
}

/// Who may do what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Auth {
    /// What somebody may do who does not say who they are.
    pub anonymous: Anonymous,
    /// Roles of people, by the name they have towards us or towards the proxy.
    pub roles: BTreeMap<String, Role>,
    /// Role of people with a password who have none in `roles`. Admin by default: in Prometheus a password opens everything.
    pub default_role: Role,
    /// A proxy in front of us that knows who people are.
    pub proxy: Option<Proxy>,
}

/// What somebody may do who does not say who they are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Anonymous {
    /// Nothing where there are passwords or a proxy that knows people. Else what admins may where only this machine can reach
    /// the server, and look at everything where others can.
    #[default]
    ByAddress,
    /// This.
    Role(Role),
    /// Nothing.
    Nothing,
}

/// A proxy in front of us that knows who people are, such as oauth2-proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    /// The header that names the person, in lower case.
    pub header: String,
    /// The header that has groups or roles, separated by commas, in lower case.
    pub role_header: Option<String>,
    /// Roles of groups in that header; the highest counts. `read`, `triage` and `admin` need not be listed.
    pub groups: BTreeMap<String, Role>,
    /// Role of people for whom nothing else says one. Triage by default: whoever the proxy lets in works with the errors.
    pub default_role: Role,
    /// The proxy's addresses. From any other the headers count for nothing.
    pub trusted: Vec<IpNet>,
}

impl Default for Auth {
    fn default() -> Self {
        Self { anonymous: Anonymous::default(), roles: BTreeMap::new(), default_role: Role::Admin, proxy: None }
    }
}

/// Roles as they are written.
pub(super) const ROLES: [(&str, Role); 3] = [("read", Role::Read), ("triage", Role::Triage), ("admin", Role::Admin)];

const ANONYMOUS: [(&str, Anonymous); 4] = [
    ("none", Anonymous::Nothing),
    ("read", Anonymous::Role(Role::Read)),
    ("triage", Anonymous::Role(Role::Triage)),
    ("admin", Anonymous::Role(Role::Admin)),
];

/// Reads the section `web`.
pub(super) fn read(field: &Field<'_>) -> Result<Web, Error> {
    let section = field.section(&[&["auth"]])?;
    Ok(Web { auth: section.read("auth", Auth::default(), read_auth)? })
}

fn read_auth(field: &Field<'_>) -> Result<Auth, Error> {
    let section = field.section(&[&["anonymous", "roles", "default_role", "proxy"]])?;
    let default = Auth::default();
    Ok(Auth {
        anonymous: section.read("anonymous", default.anonymous, |field| field.word(&ANONYMOUS))?,
        roles: section.read("roles", default.roles, read_roles)?,
        default_role: section.read("default_role", default.default_role, |field| field.word(&ROLES))?,
        proxy: section.read("proxy", None, |field| read_proxy(field).map(Some))?,
    })
}

fn read_roles(field: &Field<'_>) -> Result<BTreeMap<String, Role>, Error> {
    field.entries()?.into_iter().map(|(key, value)| Ok((key.name.clone(), value.word(&ROLES)?))).collect()
}

fn read_proxy(field: &Field<'_>) -> Result<Proxy, Error> {
    let section = field.section(&[&["header", "role_header", "groups", "default_role", "trusted"]])?;
    let role_header = section.read("role_header", None, |field| read_header(field).map(Some))?;
    let groups = section.read("groups", BTreeMap::new(), read_roles)?;
    if role_header.is_none() && !groups.is_empty() {
        return Err(section.error("groups needs role_header, the header that has them"));
    }
    let trusted = section.require("trusted", |field| {
        let networks = field.list()?.iter().map(read_network).collect::<Result<Vec<_>, _>>()?;
        if networks.is_empty() { Err(field.error("must name at least one address")) } else { Ok(networks) }
    })?;
    Ok(Proxy {
        header: section.require("header", read_header)?,
        role_header,
        groups,
        default_role: section.read("default_role", Role::Triage, |field| field.word(&ROLES))?,
        trusted,
    })
}

/// Headers that anybody's browser or any client may send, whoever the proxy is: believing them would let everybody in.
const HEADERS_NOT_OF_PROXIES: [&str; 4] = ["authorization", "cookie", "host", "x-hydrophone-user"];

fn read_header(field: &Field<'_>) -> Result<String, Error> {
    let name = field.name()?.to_ascii_lowercase();
    if !name.bytes().all(super::http::is_token) {
        // Not repeated: it may be all of a header.
        return Err(field.error("must be the name of a header, without its value"));
    }
    if HEADERS_NOT_OF_PROXIES.contains(&name.as_str()) {
        return Err(field.error(format!("{name} is the client's own header, which says nothing of who it is")));
    }
    Ok(name)
}

fn read_network(field: &Field<'_>) -> Result<IpNet, Error> {
    let text = field.text()?;
    let network = text.parse().or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from));
    let wrong = || format!("must be an address such as 10.0.0.7 or 10.0.0.0/8, not {:?}", hide_login(text));
    network.map_err(|_| field.error(wrong()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    fn auth(yaml: &str) -> Result<Auth, String> {
        let text =
            format!("web:\n  auth:\n{}", yaml.lines().fold(String::new(), |all, line| all + "    " + line + "\n"));
        parse(&text, "h.yaml").map(|config| config.web.auth).map_err(|error| error.to_string())
    }

    #[test]
    fn by_default_nobody_has_to_log_in_and_a_password_opens_everything() {
        let auth = auth("roles: {}").unwrap();
        assert_eq!(auth, Auth::default());
        assert_eq!((auth.anonymous, auth.default_role), (Anonymous::ByAddress, Role::Admin));
    }

    #[test]
    fn a_proxy_has_its_header_and_its_addresses() {
        let yaml = "anonymous: none\nroles: {ada: admin}\ndefault_role: read\nproxy:\n  header: X-Forwarded-User\n  \
                    role_header: X-Forwarded-Groups\n  groups: {sre: admin}\n  trusted: [127.0.0.1, 10.0.0.0/8, '::1']";
        let auth = auth(yaml).unwrap();
        assert_eq!(auth.anonymous, Anonymous::Nothing);
        assert_eq!(auth.roles["ada"], Role::Admin);
        let proxy = auth.proxy.unwrap();
        assert_eq!(
            (proxy.header.as_str(), proxy.role_header.as_deref()),
            ("x-forwarded-user", Some("x-forwarded-groups"))
        );
        assert_eq!(proxy.default_role, Role::Triage);
        assert!(proxy.trusted[1].contains(&std::net::IpAddr::from([10, 1, 2, 3])));
        assert!(!proxy.trusted[0].contains(&std::net::IpAddr::from([127, 0, 0, 2])));
    }

    #[test]
    fn mistakes_name_their_place() {
        for (yaml, expect) in [
            (
                "anonymous: root",
                "h.yaml:3:16: web.auth.anonymous: must be one of none, read, triage, admin, not \"root\"",
            ),
            ("roles: {ada: boss}", "h.yaml:3:18: web.auth.roles.ada: must be one of read, triage, admin, not \"boss\""),
            ("proxy: {header: X-User}", "h.yaml:3:12: web.auth.proxy: trusted is missing"),
            (
                "proxy: {header: X-User, trusted: []}",
                "h.yaml:3:38: web.auth.proxy.trusted: must name at least one address",
            ),
            (
                "proxy: {header: X-User, trusted: [x]}",
                "h.yaml:3:39: web.auth.proxy.trusted[0]: must be an address such as 10.0.0.7 or 10.0.0.0/8, not \"x\"",
            ),
            (
                "proxy: {header: Cookie, trusted: [10.0.0.1]}",
                "h.yaml:3:21: web.auth.proxy.header: cookie is the client's own header, which says nothing of who it is",
            ),
            (
                "proxy: {header: X-User, groups: {a: admin}, trusted: [10.0.0.1]}",
                "h.yaml:3:12: web.auth.proxy: groups needs role_header, the header that has them",
            ),
            ("proxi: {}", "h.yaml:3:5: web.auth.proxi: unknown key; did you mean proxy?"),
        ] {
            assert_eq!(auth(yaml).unwrap_err(), expect);
        }
    }
}
