//! The door as a whole, on files in a temporary directory.

use std::collections::BTreeMap;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::fs::rewrite_atomic;
use crate::model::time::{Millis, Timestamp};

const NOW: Timestamp = Timestamp(1_795_168_800_000);

struct House {
    directory: TempDir,
    clock: Clock,
    door: Door,
}

impl House {
    fn new(web: Option<&str>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = Clock::mock(NOW);
        let path = directory.path().join("web.yml");
        if let Some(text) = web {
            rewrite_atomic(&path, text.as_bytes()).unwrap();
        }
        let door = Door::open(clock.clone(), directory.path(), web.map(|_| path.as_path()), &mut Registry::default());
        Self { door: door.unwrap(), directory, clock }
    }

    fn web(&self) -> PathBuf {
        self.directory.path().join("web.yml")
    }

    fn ask(&self, auth: &Auth, address: &str, headers: &[(&str, &str)]) -> Result<Identity, Refusal> {
        let header = |name: &str| {
            headers.iter().filter(|(have, _)| *have == name).map(|(_, value)| Some(*value)).collect::<Vec<_>>()
        };
        let address: IpAddr = address.parse().unwrap();
        let visitor = Visitor { address, is_local: address.is_loopback(), header: &header };
        match self.door.greet(auth, &visitor) {
            Greeting::In(identity) => Ok(identity),
            Greeting::Out(refusal) => Err(refusal),
            Greeting::Check(login) => self.door.check(auth, login),
        }
    }
}

fn users(pairs: &[(&str, &str)]) -> String {
    pairs.iter().fold("basic_auth_users:\n".to_owned(), |text, (user, password)| {
        format!("{text}  {user}: {}\n", bcrypt::hash(password, 4).unwrap())
    })
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")))
}

fn who(outcome: Result<Identity, Refusal>) -> (String, Role, Proof) {
    let Identity { name, role, proof } = outcome.unwrap();
    (name, role, proof)
}

#[test]
fn without_passwords_whoever_is_at_the_machine_may_everything_and_others_may_read() {
    let house = House::new(None);
    let role = |auth: &Auth, address| house.ask(auth, address, &[]).map(|identity| identity.role);
    assert_eq!(role(&Auth::default(), "127.0.0.1"), Ok(Role::Admin));
    assert_eq!(role(&Auth::default(), "10.0.0.1"), Ok(Role::Read));
    let auth = Auth { anonymous: Anonymous::Role(Role::Triage), ..Auth::default() };
    assert_eq!(role(&auth, "10.0.0.1"), Ok(Role::Triage));
    assert_eq!(role(&auth, "127.0.0.1"), Ok(Role::Triage));
    let auth = Auth { anonymous: Anonymous::Nothing, ..Auth::default() };
    assert_eq!(role(&auth, "127.0.0.1"), Err(Refusal::Unknown { passwords: false }));
}

#[test]
fn with_passwords_everybody_needs_one() {
    let house = House::new(Some(&users(&[("ada", "tide"), ("bob", "ebb")])));
    let auth = Auth { roles: BTreeMap::from([("bob".to_owned(), Role::Read)]), ..Auth::default() };
    let ask = |given: &str| house.ask(&auth, "127.0.0.1", &[("authorization", given)]);
    assert_eq!(house.ask(&auth, "127.0.0.1", &[]), Err(Refusal::Unknown { passwords: true }));
    assert_eq!(who(ask(&basic("ada", "tide"))), ("ada".to_owned(), Role::Admin, Proof::Password));
    assert_eq!(who(ask(&basic("bob", "ebb"))), ("bob".to_owned(), Role::Read, Proof::Password));
    // Once more: it is known now.
    assert_eq!(who(ask(&basic("ada", "tide"))).0, "ada");
    for wrong in
        [basic("ada", "ebb"), basic("eve", "tide"), basic("", ""), "Basic ???".to_owned(), "Bearer x".to_owned()]
    {
        assert!(matches!(ask(&wrong), Err(Refusal::Wrong { passwords: true, .. })), "{wrong}");
    }
    let twice = [("authorization", "Basic eA=="), ("authorization", "Basic eA==")];
    assert!(matches!(house.ask(&auth, "127.0.0.1", &twice), Err(Refusal::Wrong { .. })));
}

#[test]
fn whoever_guesses_too_often_waits_and_whoever_was_right_before_does_not() {
    let house = House::new(Some(&users(&[("ada", "tide")])));
    let auth = Auth::default();
    let secret = token::create(house.directory.path(), "ci", Role::Read, None, NOW).unwrap();
    let ask = |given: &str| house.ask(&auth, "10.0.0.1", &[("authorization", given)]);
    ask(&basic("ada", "tide")).unwrap();
    for number in 0..10 {
        assert!(matches!(ask(&basic("ada", &format!("guess{number}"))), Err(Refusal::Wrong { .. })));
    }
    assert_eq!(ask(&basic("ada", "guess")), Err(Refusal::Later { seconds: 6 }));
    assert_eq!(ask("Bearer hyd_guess"), Err(Refusal::Later { seconds: 6 }));
    assert_eq!(ask(&basic("ada", "tide")).unwrap().name, "ada");
    assert_eq!(ask(&format!("Bearer {}", secret.expose())).unwrap().name, "token:ci");
    assert!(matches!(
        house.ask(&auth, "10.0.0.2", &[("authorization", &basic("ada", "guess"))]),
        Err(Refusal::Wrong { .. })
    ));
    house.clock.advance(Millis::from_seconds(6));
    assert!(matches!(ask(&basic("ada", "guess")), Err(Refusal::Wrong { .. })));
}

#[test]
fn a_changed_file_counts_at_once_and_a_broken_one_changes_nothing() {
    let house = House::new(Some(&users(&[("ada", "tide")])));
    let auth = Auth::default();
    let ask = |user: &str, password: &str| house.ask(&auth, "10.0.0.1", &[("authorization", &basic(user, password))]);
    ask("ada", "tide").unwrap();
    rewrite_atomic(&house.web(), users(&[("ada", "ebb"), ("bob", "surf")]).as_bytes()).unwrap();
    assert!(ask("ada", "tide").is_err());
    ask("ada", "ebb").unwrap();
    ask("bob", "surf").unwrap();
    rewrite_atomic(&house.web(), b"basic_auth_users: {bob: oops}\n").unwrap();
    ask("ada", "ebb").unwrap();
    rewrite_atomic(&house.web(), users(&[("bob", "surf")]).as_bytes()).unwrap();
    assert!(ask("ada", "ebb").is_err());
    ask("bob", "surf").unwrap();
}

/// A certificate of its own and its key, PEM.
fn pair() -> (String, String) {
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

#[test]
fn a_file_that_was_still_to_come_counts_as_soon_as_it_is_there() {
    let indented = |pem: &str| pem.lines().fold(String::new(), |all, line| all + "    " + line + "\n");
    let (certificate, key) = pair();
    let (certificate, key) = (indented(&certificate), indented(&key));
    let tls = format!("tls_server_config:\n  cert: |\n{certificate}  key: |\n{key}");
    let house = House::new(Some(&(tls + &users(&[("ada", "tide")]))));
    let auth = Auth::default();
    let may = |user: &str| {
        // Time to forget the guess before.
        house.clock.advance(Millis::from_seconds(6));
        house.ask(&auth, "127.0.0.1", &[("authorization", &basic(user, "tide"))]).is_ok()
    };
    let place = |name: &str, text: &str| {
        rewrite_atomic(&house.directory.path().join(name), text.as_bytes()).unwrap();
    };
    let configure = |user: &str, rest: &str| {
        let tls = format!("tls_server_config:\n  cert_file: new.crt\n  key_file: new.key\n{rest}");
        place("web.yml", &(tls + &users(&[(user, "tide")])));
    };
    configure("bob", "");
    assert!(may("ada") && !may("bob"), "neither certificate nor key are there");
    let (certificate, key) = pair();
    place("new.crt", &certificate);
    assert!(may("ada") && !may("bob"), "the key is not there");
    place("new.key", &pair().1);
    assert!(may("ada") && !may("bob"), "the key is that of another certificate");
    // What says nothing that can be used, nor which files count, changes neither.
    let web = std::fs::read_to_string(house.web()).unwrap();
    place("web.yml", "tls_server_config: [\n");
    assert!(may("ada") && !may("bob"));
    place("new.key", &key);
    assert!(may("ada") && !may("bob"));
    place("web.yml", &web);
    assert!(!may("ada") && may("bob"));

    configure("eve", "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n");
    assert!(may("bob") && !may("eve"), "the authority is not there");
    place("ca.crt", &certificate);
    assert!(!may("bob") && may("eve"));
    // It is looked at from then on, as any file that it names.
    place("ca.crt", "no certificate");
    configure("ada", "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n");
    assert!(may("eve") && !may("ada"));
    place("ca.crt", &certificate);
    assert!(!may("eve") && may("ada"));
}

fn proxy() -> Auth {
    let yaml = "web:\n  auth:\n    roles: {root: admin}\n    proxy:\n      header: X-Forwarded-User\n      role_header: X-Groups\n      \
                groups: {sre: admin, guests: read}\n      trusted: [10.0.0.0/8]\n";
    crate::config::parse(yaml, "h.yaml").unwrap().web.auth
}

#[test]
fn a_proxy_is_believed_only_from_its_addresses() {
    let house = House::new(None);
    let auth = proxy();
    let user = ("x-forwarded-user", "ada");
    let ask = |address, headers: &[(&str, &str)]| house.ask(&auth, address, headers);
    assert_eq!(who(ask("10.1.2.3", &[user])), ("ada".to_owned(), Role::Triage, Proof::Proxy));
    assert_eq!(who(ask("::ffff:10.1.2.3", &[user])).0, "ada");
    assert_eq!(ask("192.0.2.1", &[user]), Err(Refusal::Unknown { passwords: false }));
    assert_eq!(ask("127.0.0.1", &[user]), Err(Refusal::Unknown { passwords: false }));
    assert_eq!(ask("10.1.2.3", &[]), Err(Refusal::Unknown { passwords: false }));
    assert!(matches!(ask("10.1.2.3", &[user, ("x-forwarded-user", "eve")]), Err(Refusal::Wrong { .. })));
    assert!(matches!(ask("10.1.2.3", &[("x-forwarded-user", "a\tb")]), Err(Refusal::Wrong { .. })));
    for (groups, role) in
        [("sre, guests", Role::Admin), ("guests", Role::Read), ("dev", Role::Triage), ("admin", Role::Admin)]
    {
        assert_eq!(who(ask("10.1.2.3", &[user, ("x-groups", groups)])).1, role, "{groups}");
    }
    let twice = [user, ("x-groups", "guests"), ("x-groups", "admin")];
    assert!(matches!(ask("10.1.2.3", &twice), Err(Refusal::Wrong { .. })));
    assert!(matches!(ask("10.1.2.3", &[("x-forwarded-user", "token:ci")]), Err(Refusal::Wrong { .. })));
    assert_eq!(who(ask("10.1.2.3", &[("x-forwarded-user", "root"), ("x-groups", "guests")])).1, Role::Admin);
}

#[test]
fn behind_a_proxy_each_client_has_its_own_guesses() {
    let house = House::new(Some(&users(&[("ada", "tide")])));
    let auth = proxy();
    let guess = basic("ada", "guess");
    let ask = |address, forwarded: &str| {
        house.ask(&auth, address, &[("authorization", &guess), ("x-forwarded-for", forwarded)])
    };
    for _ in 0..10 {
        assert!(matches!(ask("10.0.0.1", "203.0.113.9, 192.0.2.1, 10.0.0.2"), Err(Refusal::Wrong { .. })));
    }
    assert!(matches!(ask("10.0.0.1", "192.0.2.1"), Err(Refusal::Later { .. })));
    assert!(matches!(ask("10.0.0.1", "192.0.2.2"), Err(Refusal::Wrong { .. })));
    // Whoever is no proxy can not choose whom its guesses count against.
    for number in 0..10 {
        assert!(matches!(ask("198.51.100.1", &format!("192.0.2.{number}")), Err(Refusal::Wrong { .. })));
    }
    assert!(matches!(ask("198.51.100.1", "192.0.2.77"), Err(Refusal::Later { .. })));
}
