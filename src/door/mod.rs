//! Who is let in: passwords, API tokens, a proxy's word, certificates, and a limit on wrong guesses. It knows no HTTP; `api`
//! asks it for each request, and obeys.
//!
//! What it is told may change while the server runs: the files of `--web.config.file` and of the tokens are looked at for each
//! request, which costs a few system calls as long as they stay the same, so that a certificate is rotated and a token revoked
//! without a restart.

mod failures;
mod metrics;
mod password;
mod san;
mod stamp;
mod tls;
pub mod token;
mod web;

use std::net::IpAddr;
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

pub use metrics::{Metrics, Outcome};
pub use tls::Config as TlsConfig;
pub use web::{Current, Error};

use crate::clock::Clock;
use crate::config::Secret;
use crate::config::web::{Anonymous, Auth, Proxy};
use crate::model::role::{Identity, Proof, Role};
use crate::telemetry::Registry;

use self::failures::Failures;
use self::password::Passwords;
use self::token::Tokens;
use self::web::WebFile;

/// All that decides who is let in.
pub struct Door {
    clock: Clock,
    web: WebFile,
    tokens: Tokens,
    passwords: Passwords,
    failures: Failures,
    metrics: Metrics,
}

/// Somebody who asks, as the connection and the request's head show them.
pub struct Visitor<'a> {
    /// The other end of the connection.
    pub address: IpAddr,
    /// Only this machine can have made the request: we listen on a loopback address, and no proxy says that it passed it on.
    pub is_local: bool,
    /// All values of a header, by its name in lower case. `None` stands for one that is no text.
    pub header: &'a dyn Fn(&str) -> Vec<Option<&'a str>>,
}

/// What is known of a visitor at once.
#[derive(Debug)]
pub enum Greeting {
    /// They are let in, with what they may do.
    In(Identity),
    /// They have a name and a password that have to be checked, which takes a while.
    Check(Login),
    /// They are not.
    Out(Refusal),
}

/// A name and a password, as somebody gave them.
#[derive(Debug)]
pub struct Login {
    user: String,
    password: Secret,
    /// Whom a wrong guess counts against.
    address: IpAddr,
}

/// Why somebody is not let in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// They did not say who they are.
    #[error("log in first: {}", ways(*.passwords))]
    Unknown {
        /// Whether a name and a password would do.
        passwords: bool,
    },
    /// What they said is wrong.
    #[error("{what}")]
    Wrong {
        /// What it is.
        what: &'static str,
        /// Whether a name and a password would do.
        passwords: bool,
    },
    /// Too many were wrong before.
    #[error("too many wrong passwords or tokens; try again in {seconds} s")]
    Later {
        /// When to try again.
        seconds: u64,
    },
}

fn ways(passwords: bool) -> &'static str {
    if passwords {
        "a name and a password, or `Authorization: Bearer` and an API token"
    } else {
        "`Authorization: Bearer` and an API token, or through the proxy that knows you"
    }
}

impl Door {
    /// A door for the data directory at `storage`, with the file of `--web.config.file` where there is one.
    ///
    /// # Errors
    /// When that file can not be used.
    pub fn open(clock: Clock, storage: &Path, web: Option<&Path>, registry: &mut Registry) -> Result<Self, Error> {
        let metrics = Metrics::register(registry);
        Ok(Self {
            web: WebFile::open(web, metrics.clone())?,
            tokens: Tokens::new(storage),
            passwords: Passwords::new(),
            failures: Failures::new(clock.stopwatch()),
            metrics,
            clock,
        })
    }

    /// What `--web.config.file` says now.
    pub fn current(&self) -> std::sync::Arc<Current> {
        self.web.current()
    }

    /// What it counts.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Takes one from the requests that `rate_limit` allows; false when there is none.
    pub fn may_pass(&self) -> bool {
        match self.current().config.rate_limit {
            None => true,
            Some(limit) => self.failures.take_request(limit),
        }
    }

    /// Who `visitor` is, as far as that can be said at once.
    pub fn greet(&self, auth: &Auth, visitor: &Visitor<'_>) -> Greeting {
        let current = self.current();
        let passwords = !current.config.users.is_empty();
        let address = proxied(auth.proxy.as_ref(), visitor);
        let wrong = |what| {
            // A wrong guess counts; whoever made too many is told so instead.
            let refusal = match self.failures.begin(address) {
                Ok(()) => Refusal::Wrong { what, passwords },
                Err(seconds) => Refusal::Later { seconds },
            };
            let outcome = if matches!(refusal, Refusal::Later { .. }) { Outcome::Limited } else { Outcome::Wrong };
            self.metrics.login(Proof::Token, outcome);
            Greeting::Out(refusal)
        };
        let given = match (visitor.header)("authorization").as_slice() {
            [] => None,
            [Some(one)] => Some(*one),
            _ => return wrong("the header Authorization is given twice or is no text"),
        };
        let (scheme, credentials) = given.and_then(|given| given.split_once(' ')).unwrap_or_default();
        let (is_bearer, is_basic) = (scheme.eq_ignore_ascii_case("bearer"), scheme.eq_ignore_ascii_case("basic"));
        if is_bearer && credentials.trim().starts_with(token::PREFIX) {
            return match self.tokens.find(credentials.trim(), self.clock.now()) {
                Some(identity) => self.welcome(identity),
                None => wrong("this API token is not known, or has expired"),
            };
        }
        match by_proxy(auth, visitor) {
            Ok(Some(identity)) => return self.welcome(identity),
            Ok(None) => {}
            Err(what) => return wrong(what),
        }
        if is_basic && passwords {
            let Some((user, password)) = decode(credentials) else {
                return wrong("the header Authorization is not Base64 of USER:PASSWORD");
            };
            let login = Login { user, password, address };
            return match current.config.users.get(&login.user) {
                Some(hash) if self.passwords.is_known(&login.user, hash, &login.password) => {
                    self.welcome(with_password(auth, login.user))
                }
                _ => Greeting::Check(login),
            };
        }
        if is_bearer {
            return wrong("this is no API token of Hydrophone");
        }
        // As in the toolkit, a password that nobody asks for is not looked at.
        match anonymous(auth, visitor, passwords) {
            Some(role) => Greeting::In(Identity { name: String::new(), role, proof: Proof::Anonymous }),
            None => Greeting::Out(Refusal::Unknown { passwords }),
        }
    }

    /// Whether a name and a password are right. Takes as long as bcrypt does, some 50 ms, and a core.
    ///
    /// # Errors
    /// When they are not, or somebody guessed too often.
    pub fn check(&self, auth: &Auth, login: Login) -> Result<Identity, Refusal> {
        let counted = |outcome| self.metrics.login(Proof::Password, outcome);
        if let Err(seconds) = self.failures.begin(login.address) {
            counted(Outcome::Limited);
            return Err(Refusal::Later { seconds });
        }
        let current = self.current();
        if self.passwords.check(&current.config.users, &login.user, &login.password) {
            self.failures.take_back(login.address);
            counted(Outcome::Right);
            return Ok(with_password(auth, login.user));
        }
        counted(Outcome::Wrong);
        Err(Refusal::Wrong { what: "the name or the password is wrong", passwords: true })
    }

    fn welcome(&self, identity: Identity) -> Greeting {
        self.metrics.login(identity.proof, Outcome::Right);
        Greeting::In(identity)
    }
}

fn with_password(auth: &Auth, user: String) -> Identity {
    let role = auth.roles.get(&user).copied().unwrap_or(auth.default_role);
    Identity { name: user, role, proof: Proof::Password }
}

/// What somebody may do who does not say who they are.
fn anonymous(auth: &Auth, visitor: &Visitor<'_>, passwords: bool) -> Option<Role> {
    match auth.anonymous {
        Anonymous::Nothing => None,
        Anonymous::Role(role) => Some(role),
        Anonymous::ByAddress if passwords || auth.proxy.is_some() => None,
        Anonymous::ByAddress if visitor.is_local => Some(Role::Admin),
        Anonymous::ByAddress => Some(Role::Read),
    }
}

/// Most characters of a person's name: longer than any address that people log in with.
pub const NAME_CHARS_MAX: usize = 200;

/// Who a trusted proxy says it is.
fn by_proxy(auth: &Auth, visitor: &Visitor<'_>) -> Result<Option<Identity>, &'static str> {
    let Some(proxy) = auth.proxy.as_ref().filter(|proxy| is_trusted(proxy, visitor.address)) else { return Ok(None) };
    let name = match (visitor.header)(&proxy.header).as_slice() {
        [] => return Ok(None),
        [Some(name)] => name.trim(),
        // Which of two is the proxy's, and which the client's, nobody can say.
        _ => return Err("the proxy's header with the name is given twice or is no text"),
    };
    if name.is_empty() {
        return Ok(None);
    }
    if name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
        return Err("the name that the proxy gives is too long or holds control characters");
    }
    if is_tokens(name) {
        return Err("the name that the proxy gives is one of an API token");
    }
    let values = proxy.role_header.as_ref().map(|header| (visitor.header)(header)).unwrap_or_default();
    if values.len() > 1 {
        return Err("the proxy's header with the groups is given twice");
    }
    let groups = values.iter().copied().flatten().flat_map(|value| value.split(',')).map(str::trim);
    let by_group = groups.filter_map(|group| proxy.groups.get(group).copied().or_else(|| Role::from_name(group))).max();
    let role = auth.roles.get(name).copied().or(by_group).unwrap_or(proxy.default_role);
    Ok(Some(Identity { name: name.to_owned(), role, proof: Proof::Proxy }))
}

/// Whether a name is as those of API tokens are in the activity, so that nobody else may have it.
fn is_tokens(name: &str) -> bool {
    name.starts_with(token::NAMED)
}

fn is_trusted(proxy: &Proxy, address: IpAddr) -> bool {
    proxy.trusted.iter().any(|network| network.contains(&address.to_canonical()))
}

/// The address that wrong guesses count against: behind trusted proxies it is the last that none of them has.
fn proxied(proxy: Option<&Proxy>, visitor: &Visitor<'_>) -> IpAddr {
    let Some(proxy) = proxy.filter(|proxy| is_trusted(proxy, visitor.address)) else { return visitor.address };
    let values = (visitor.header)("x-forwarded-for");
    let hops = values.iter().rev().copied().flatten().flat_map(|value| value.rsplit(','));
    for hop in hops {
        match hop.trim().parse::<IpAddr>() {
            Ok(address) if is_trusted(proxy, address) => {}
            Ok(address) => return address,
            // What stands before something unreadable may be anybody's invention.
            Err(_) => break,
        }
    }
    visitor.address
}

/// `USER:PASSWORD` in Base64 (RFC 7617).
fn decode(credentials: &str) -> Option<(String, Secret)> {
    let bytes = BASE64_STANDARD.decode(credentials.trim()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), Secret::new(password)))
}

#[cfg(test)]
mod tests;
