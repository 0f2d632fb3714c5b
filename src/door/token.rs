//! API tokens, in a small file of their own in the data directory, `tokens.json`.
//!
//! The database belongs to the server that runs; this file does not. So `hydrophone token` works while the server runs, and the
//! server looks whether the file changed each time somebody shows a token: what is revoked is refused at the next request. The
//! file is replaced as a whole, and only its owner may read it.
//!
//! A secret is 256 random bits, and only its SHA-256 is kept. A slow hash is for what people think up, which can be guessed; of
//! these nobody can try enough. So the file lets nobody in who reads it.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::SecureRandom;
use serde::{Deserialize, Serialize};

use super::stamp::Stamp;
use crate::config::Secret;
use crate::fs::rewrite_private;
use crate::model::role::{Identity, Proof, Role};
use crate::model::time::Timestamp;

/// What every token begins with, so that people and scanners of repositories see what it is.
pub const PREFIX: &str = "hyd_";

/// What stands before a token's name in the activity.
pub const NAMED: &str = "token:";

const FILE: &str = "tokens.json";

/// Held while the file is changed, so that two commands at once do not undo each other.
const LOCK: &str = "tokens.lock";

/// Tokens there may be: one for each robot of a large company.
const TOKENS_MAX: usize = 1000;

/// Characters of a name.
const NAME_CHARS_MAX: usize = 64;

/// The newest form of the file.
const VERSION: u32 = 1;

/// A token without its secret, which nobody knows but who was given it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its name.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends; `None` for never.
    pub expires: Option<Timestamp>,
    hash: Hash,
}

type Hash = [u8; 32];

/// Why tokens can not be changed or listed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The name is taken.
    #[error("there is a token {0:?} already; revoke it first, or take another name")]
    Taken(String),
    /// There is none of this name.
    #[error("there is no token {0:?}")]
    Missing(String),
    /// The name can not be one.
    #[error("{0:?} can not be a token's name: 1 to {NAME_CHARS_MAX} letters, digits, dots, dashes and underscores")]
    Name(String),
    /// It would end later than can be written down.
    #[error("a token can not end after the year 9999")]
    End,
    /// There are too many.
    #[error("there are {TOKENS_MAX} tokens, and there can not be more; revoke some that are not used")]
    TooMany,
    /// The file is none of ours.
    #[error("{path}: {what}", path = .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The file can not be read or written.
    #[error("{path} can not be {what}", path = .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried.
        what: &'static str,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The system has no random numbers.
    #[error("the system gives no random numbers")]
    Random,
}

/// The file.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    version: u32,
    tokens: Vec<StoredToken>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredToken {
    name: String,
    role: String,
    /// RFC 3339.
    created: String,
    expires: Option<String>,
    /// SHA-256 of the secret, Base64.
    sha256: String,
}

/// Whether a token can end then: its file has no later time than those of the year 9999, and one that can not be read lets nobody in.
#[must_use]
pub fn can_end(at: Timestamp) -> bool {
    Timestamp::parse_rfc3339(&at.to_string()).is_some()
}

/// Makes a token in the data directory `storage` and gives its secret, which can not be found out again.
///
/// # Errors
/// When the name is taken or none, it would end too late, or the file can not be written.
pub fn create(
    storage: &Path,
    name: &str,
    role: Role,
    expires: Option<Timestamp>,
    now: Timestamp,
) -> Result<Secret, Error> {
    let good = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if name.is_empty() || name.len() > NAME_CHARS_MAX || !name.chars().all(good) {
        return Err(Error::Name(name.to_owned()));
    }
    if !expires.is_none_or(can_end) {
        return Err(Error::End);
    }
    let mut random = Hash::default();
    ring::rand::SystemRandom::new().fill(&mut random).map_err(|_| Error::Random)?;
    let secret = Secret::new(format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(random)));
    change(storage, |tokens| {
        if tokens.iter().any(|token| token.name == name && !token.has_ended(now)) {
            return Err(Error::Taken(name.to_owned()));
        }
        // What has ended makes room for others, when there is need.
        if tokens.len() >= TOKENS_MAX {
            tokens.retain(|token| !token.has_ended(now));
        }
        tokens.retain(|token| token.name != name);
        if tokens.len() >= TOKENS_MAX {
            return Err(Error::TooMany);
        }
        tokens.push(Token { name: name.to_owned(), role, created: now, expires, hash: hash(secret.expose()) });
        Ok(())
    })?;
    Ok(secret)
}

/// All tokens of the data directory `storage`, the oldest first.
///
/// # Errors
/// When the file can not be read.
pub fn list(storage: &Path) -> Result<Vec<Token>, Error> {
    read(&storage.join(FILE))
}

/// Takes a token away, at once.
///
/// # Errors
/// When there is none of this name, or the file can not be written.
pub fn revoke(storage: &Path, name: &str) -> Result<(), Error> {
    change(storage, |tokens| {
        let before = tokens.len();
        tokens.retain(|token| token.name != name);
        if tokens.len() == before { Err(Error::Missing(name.to_owned())) } else { Ok(()) }
    })
}

/// Copies the tokens of one data directory to another that has none.
///
/// # Errors
/// When they can not be read or written.
pub fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    let tokens = read(&from.join(FILE))?;
    if tokens.is_empty() {
        return Ok(());
    }
    change(to, |all| {
        *all = tokens;
        Ok(())
    })
}

fn change(storage: &Path, change: impl FnOnce(&mut Vec<Token>) -> Result<(), Error>) -> Result<(), Error> {
    let io = |path: &Path, what| {
        let path = path.to_owned();
        move |source| Error::Io { path, what, source }
    };
    std::fs::create_dir_all(storage).map_err(io(storage, "made"))?;
    let lock = storage.join(LOCK);
    let held: File =
        OpenOptions::new().write(true).create(true).truncate(false).open(&lock).map_err(io(&lock, "opened"))?;
    held.lock().map_err(io(&lock, "locked"))?;
    let path = storage.join(FILE);
    let mut tokens = read(&path)?;
    change(&mut tokens)?;
    let stored = Stored { version: VERSION, tokens: tokens.iter().map(StoredToken::from).collect() };
    let mut text = serde_json::to_string_pretty(&stored)
        .map_err(|error| Error::File { path: path.clone(), what: error.to_string() })?;
    text.push('\n');
    rewrite_private(&path, text.as_bytes()).map_err(io(&path, "written"))
}

fn read(path: &Path) -> Result<Vec<Token>, Error> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(Error::Io { path: path.to_owned(), what: "read", source }),
    };
    let wrong = |what: String| Error::File { path: path.to_owned(), what };
    let stored: Stored = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    if stored.version != VERSION {
        return Err(wrong(format!("has version {}, and this server knows {VERSION}", stored.version)));
    }
    let read = |token: StoredToken| {
        let name = token.name.clone();
        token.read().ok_or_else(|| wrong(format!("token {name:?} can not be read")))
    };
    stored.tokens.into_iter().map(read).collect()
}

impl Token {
    /// Whether its time is over.
    #[must_use]
    pub fn has_ended(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| now >= expires)
    }
}

impl StoredToken {
    fn read(self) -> Option<Token> {
        let expires = match &self.expires {
            None => None,
            Some(text) => Some(Timestamp::parse_rfc3339(text)?),
        };
        Some(Token {
            role: Role::from_name(&self.role)?,
            created: Timestamp::parse_rfc3339(&self.created)?,
            expires,
            hash: BASE64_URL_SAFE_NO_PAD.decode(&self.sha256).ok()?.try_into().ok()?,
            name: self.name,
        })
    }
}

impl From<&Token> for StoredToken {
    fn from(token: &Token) -> Self {
        Self {
            name: token.name.clone(),
            role: token.role.name().to_owned(),
            created: token.created.to_string(),
            expires: token.expires.map(|expires| expires.to_string()),
            sha256: BASE64_URL_SAFE_NO_PAD.encode(token.hash),
        }
    }
}

fn hash(secret: &str) -> Hash {
    let mut hash = Hash::default();
    hash.copy_from_slice(digest(&SHA256, secret.as_bytes()).as_ref());
    hash
}

/// The tokens of a running server.
pub(super) struct Tokens {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    stamp: Option<Stamp>,
    /// By the hash of their secrets. Looking one up takes a time that depends on the hash of what was shown, and that tells
    /// nobody anything of a secret.
    tokens: HashMap<Hash, Token>,
}

impl Tokens {
    pub(super) fn new(storage: &Path) -> Self {
        Self { path: storage.join(FILE), state: Mutex::default() }
    }

    /// Whose token this is, if it is one and has not ended.
    ///
    /// When the file can not be read there are none: what might have been revoked must not go on.
    pub(super) fn find(&self, secret: &str, now: Timestamp) -> Option<Identity> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = Stamp::of([self.path.as_path()]);
        if state.stamp.as_ref() != Some(&stamp) {
            let tokens = read(&self.path).unwrap_or_else(|error| {
                tracing::error!("no API token is valid: {error}");
                Vec::new()
            });
            *state =
                State { stamp: Some(stamp), tokens: tokens.into_iter().map(|token| (token.hash, token)).collect() };
        }
        let token = state.tokens.get(&hash(secret))?;
        (!token.has_ended(now)).then(|| Identity {
            name: format!("{NAMED}{}", token.name),
            role: token.role,
            proof: Proof::Token,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Millis;
    use std::os::unix::fs::PermissionsExt;

    const NOW: Timestamp = Timestamp(1_795_168_800_000);

    #[test]
    fn a_token_is_known_until_it_is_revoked_or_ends() {
        let directory = tempfile::tempdir().unwrap();
        let storage = directory.path();
        let tokens = Tokens::new(storage);
        let find = |secret: &str, now| tokens.find(secret, now).map(|identity| (identity.name, identity.role));
        assert_eq!(find("hyd_x", NOW), None);
        let ends = NOW.plus(Millis::from_seconds(60));
        let ci = create(storage, "ci", Role::Triage, Some(ends), NOW).unwrap();
        let bot = create(storage, "bot", Role::Read, None, NOW).unwrap();
        assert_eq!(ci.expose().len(), PREFIX.len() + 43);
        assert_eq!(find(ci.expose(), NOW), Some(("token:ci".to_owned(), Role::Triage)));
        assert_eq!(find(bot.expose(), NOW), Some(("token:bot".to_owned(), Role::Read)));
        assert_eq!(find(&format!("{}x", ci.expose()), NOW), None);
        assert_eq!(find(ci.expose(), ends), None);
        revoke(storage, "bot").unwrap();
        assert_eq!(find(bot.expose(), NOW), None);
        assert_eq!(list(storage).unwrap().iter().map(|token| token.name.as_str()).collect::<Vec<_>>(), ["ci"]);
    }

    #[test]
    fn the_file_holds_no_secret_and_is_its_owners_alone() {
        let directory = tempfile::tempdir().unwrap();
        let secret = create(directory.path(), "ci", Role::Admin, None, NOW).unwrap();
        let path = directory.path().join(FILE);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains(&secret.expose()[PREFIX.len()..]), "{text}");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_file_that_can_not_be_read_lets_nobody_in() {
        let directory = tempfile::tempdir().unwrap();
        let secret = create(directory.path(), "ci", Role::Admin, None, NOW).unwrap();
        let tokens = Tokens::new(directory.path());
        assert!(tokens.find(secret.expose(), NOW).is_some());
        crate::fs::rewrite_atomic(&directory.path().join(FILE), b"{\"version\": 2, \"tokens\": []}").unwrap();
        assert!(tokens.find(secret.expose(), NOW).is_none());
        let error = create(directory.path(), "cd", Role::Read, None, NOW).unwrap_err().to_string();
        assert!(error.ends_with("tokens.json: has version 2, and this server knows 1"), "{error}");
    }

    #[test]
    fn names_are_bounded_and_taken_once() {
        let directory = tempfile::tempdir().unwrap();
        let create =
            |name: &str| create(directory.path(), name, Role::Read, None, NOW).map_err(|error| error.to_string());
        create("a").unwrap();
        assert_eq!(create("a").unwrap_err(), "there is a token \"a\" already; revoke it first, or take another name");
        for name in ["", "a b", "ä", &"x".repeat(65)] {
            assert!(create(name).unwrap_err().contains("can not be a token's name"), "{name}");
        }
        let error = revoke(directory.path(), "b").unwrap_err().to_string();
        assert_eq!(error, "there is no token \"b\"");
    }
}
