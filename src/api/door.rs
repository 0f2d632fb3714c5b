//! Who may do what, before any handler sees a request: the HTTP side of [`crate::door`].

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, Version};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

use super::error::Error;
use super::origin::{Origin, is_this_machine};
use super::route;
use super::state::AppState;
use super::v1::extract::WHO;
use crate::door::{Door, Greeting, Login, NAME_CHARS_MAX, Refusal, Visitor};
use crate::model::role::{Identity, Proof, Role};

/// Passwords that are checked or wait for it. bcrypt keeps a core busy, so one is checked at a time, as in the toolkit, and so
/// many wait a second or two.
const CHECKS_MAX: usize = 32;

/// The other end of a connection, in the extensions of its requests.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer {
    /// Its address.
    pub(super) address: IpAddr,
    /// It came to a loopback address of ours: from this machine.
    pub(super) is_loopback: bool,
    /// We listen on a loopback address only.
    pub(super) is_private: bool,
}

impl Default for Peer {
    /// Of whom nothing is known.
    fn default() -> Self {
        Self { address: Ipv4Addr::UNSPECIFIED.into(), is_loopback: false, is_private: false }
    }
}

/// Who asks, in the extensions of each request that a handler sees.
#[derive(Debug, Clone)]
pub(super) struct Asker(pub(super) Identity);

/// The turns of those whose password is checked.
pub struct Checks {
    waiting: Semaphore,
    checking: Arc<Semaphore>,
}

impl Default for Checks {
    fn default() -> Self {
        Self { waiting: Semaphore::new(CHECKS_MAX), checking: Arc::new(Semaphore::new(1)) }
    }
}

/// Headers that say that somebody else sent the request first, beside all whose names begin with `x-forwarded-`.
const PASSED_ON: [&str; 7] =
    ["cf-connecting-ip", "forwarded", "true-client-ip", "via", "x-client-ip", "x-cluster-client-ip", "x-real-ip"];

/// Lets a request in, with who makes it, or answers why not. What changes something is logged.
pub(super) async fn guard(State(state): State<Arc<AppState>>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match admit(&state, &parts).await {
        Ok((identity, needed)) => {
            let noted = (needed > Role::Read).then(|| Noted::of(&identity, &parts));
            parts.extensions.insert(Asker(identity));
            let response = next.run(Request::from_parts(parts, body)).await;
            if let Some(noted) = noted {
                noted.log(response.status());
            }
            response
        }
        Err((reason, error)) => {
            state.door.metrics().refused(reason);
            error.into_response()
        }
    }
}

/// A request that looking at things does not need, for the log: the activity has what it changed, and not how its name is known.
struct Noted {
    name: String,
    proof: Proof,
    address: IpAddr,
    method: Method,
    /// Without its query, where there may be secrets.
    path: String,
}

impl Noted {
    fn of(identity: &Identity, parts: &Parts) -> Self {
        let claim = values(&parts.headers, WHO).into_iter().next().flatten().unwrap_or_default();
        let name = if identity.proof == Proof::Anonymous { claim } else { &identity.name };
        Self {
            name: name.chars().take(NAME_CHARS_MAX).collect(),
            proof: identity.proof,
            address: parts.extensions.get::<Peer>().copied().unwrap_or_default().address,
            method: parts.method.clone(),
            path: parts.uri.path().to_owned(),
        }
    }

    fn log(self, status: StatusCode) {
        let Self { name, proof, address, method, path } = self;
        tracing::info!(who = name, known_by = proof.name(), %address, %method, path, status = status.as_u16(), "audit");
    }
}

type Refused = (&'static str, Error);

async fn admit(state: &Arc<AppState>, parts: &Parts) -> Result<(Identity, Role), Refused> {
    if !state.door.may_pass() {
        return Err(("rate", Error::too_many_requests("too many requests: rate_limit of --web.config.file", 1)));
    }
    let peer = parts.extensions.get::<Peer>().copied().unwrap_or_default();
    let config = Arc::clone(&state.config.borrow().config);
    let hosts = parts.headers.get_all(HOST).iter().count();
    if hosts > 1 || hosts == 0 && parts.version == Version::HTTP_11 {
        // RFC 9112, 3.2. Of two nobody can say which one a proxy looked at.
        return Err(("host", Error::bad_request("a request needs one header Host")));
    }
    let origin = Origin::of(parts);
    let external = &state.flags.external_url;
    let host_is_ours = origin.host_is_ours(external);
    let greeting = {
        let header = |name: &str| values(&parts.headers, name);
        // A proxy need not say that it passes on. Where people come under another machine's name, there is one.
        let is_direct = is_this_machine(external) && !parts.headers.keys().any(says_passed_on);
        let is_local = peer.is_loopback && host_is_ours && is_direct;
        let visitor = Visitor { address: peer.address, is_local, header: &header };
        state.door.greet(&config.web.auth, &visitor)
    };
    let checked = match greeting {
        Greeting::In(identity) => Ok(identity),
        Greeting::Out(refusal) => Err(refusal),
        Greeting::Check(login) => check(state, login).await?,
    };
    let identity = checked.map_err(|refusal| refused(&refusal))?;
    // A page that makes its own name lead here can send a proxy's headers, too, from the address that the proxy has.
    let may_be_rebound = match identity.proof {
        Proof::Anonymous => peer.is_private,
        Proof::Proxy => peer.address.is_loopback(),
        Proof::Password | Proof::Token => false,
    };
    if may_be_rebound && !host_is_ours {
        let detail = format!(
            "{:?} is no name of this server's: ask localhost or an IP address, or say with --web.external-url how people \
             reach it",
            origin.host()
        );
        return Err(("host", Error::forbidden(detail)));
    }
    let matched = parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str);
    let matched = matched.map(|path| path.strip_prefix(state.flags.path_prefix()).unwrap_or(path));
    let needed = route::role(&parts.method, matched);
    if identity.role < needed {
        return Err(too_low(&identity, needed, &state.door));
    }
    let is_write = !matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS) && needed > Role::Read;
    if is_write && origin.is_foreign(external) {
        // Periskop lets pages of its developers in, on any port.
        let is_periskop = matched.is_some_and(|path| path.starts_with("/services/"));
        if !(is_periskop && origin.is_localhost()) {
            let detail = "a page of another site sent this; if it is your own, say with --web.external-url under which \
                          address people reach the server";
            return Err(("origin", Error::forbidden(detail)));
        }
    }
    Ok((identity, needed))
}

fn says_passed_on(header: &HeaderName) -> bool {
    header.as_str().starts_with("x-forwarded-") || PASSED_ON.contains(&header.as_str())
}

/// Checks a password when its turn comes.
async fn check(state: &Arc<AppState>, login: Login) -> Result<Result<Identity, Refusal>, Refused> {
    let busy = || ("busy", Error::too_many_requests("too many people log in at this moment; try again", 1));
    let _waiting = state.checks.waiting.try_acquire().map_err(|_| busy())?;
    let turn = Arc::clone(&state.checks.checking).acquire_owned().await.map_err(|_| busy())?;
    let state = Arc::clone(state);
    let checked = tokio::task::spawn_blocking(move || {
        let config = Arc::clone(&state.config.borrow().config);
        let checked = state.door.check(&config.web.auth, login);
        drop(turn);
        checked
    });
    checked.await.map_err(|error| ("failed", Error::internal(format!("a password was not checked: {error}"))))
}

fn refused(refusal: &Refusal) -> Refused {
    let detail = refusal.to_string();
    match *refusal {
        Refusal::Unknown { passwords } => ("anonymous", Error::unauthorized(detail, passwords)),
        Refusal::Wrong { passwords, .. } => ("wrong", Error::unauthorized(detail, passwords)),
        Refusal::Later { seconds } => ("limited", Error::too_many_requests(detail, seconds)),
    }
}

/// The refusal of somebody who is known well enough, but may not do this.
fn too_low(identity: &Identity, needed: Role, door: &Door) -> Refused {
    let Identity { name, role, proof } = identity;
    if *proof != Proof::Anonymous {
        return ("role", Error::forbidden(format!("{name} has the role {role}, and this needs {needed}")));
    }
    // Where a name and a password would do, the browser is to ask for them.
    if !door.current().config.users.is_empty() {
        return ("anonymous", Error::unauthorized(format!("log in first: this needs the role {needed}"), true));
    }
    let detail = format!(
        "whoever does not log in may only {role} here, and this needs the role {needed}. Ways to allow it: an API token \
         (hydrophone token create NAME --role {needed}), passwords (basic_auth_users in the file of --web.config.file), a proxy that \
         knows people (web.auth.proxy in the configuration), or web.auth.anonymous: {needed} in the configuration, for everybody who \
         can reach the server"
    );
    ("anonymous", Error::forbidden(detail))
}

fn values<'a>(headers: &'a HeaderMap, name: &str) -> Vec<Option<&'a str>> {
    // Names are UTF-8, which a header may hold.
    headers.get_all(name).iter().map(|value| std::str::from_utf8(value.as_bytes()).ok()).collect()
}
