//! Passwords against their bcrypt hashes.
//!
//! bcrypt takes tens of milliseconds on purpose, and clients send the password with each request, so what was right is remembered,
//! as the toolkit does: as a keyed hash, in memory, with the stored hash in it, so that a changed password is forgotten.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

use ring::digest::{Context, SHA256};
use ring::rand::SecureRandom;

use crate::config::Secret;

/// Right passwords that are remembered: the toolkit's number. More people than that are better off with a proxy.
const KNOWN_MAX: usize = 100;

/// bcrypt's time for who is not known: the same as for somebody who is, of those the one who takes longest. The hash is of nothing that anybody could send.
const NOBODY: &str = "$.....................................................";

/// The cost where there is no user to take it from.
const COST: &str = "10";

type Digest = [u8; 32];

pub(super) struct Passwords {
    key: Digest,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    set: HashSet<Digest>,
    /// The oldest first.
    order: VecDeque<Digest>,
}

impl Passwords {
    pub(super) fn new() -> Self {
        let mut key = Digest::default();
        // Without a key the digests are no less right, only easier to try words against by whoever reads our memory; they would
        // find the passwords there, too.
        let _ = ring::rand::SystemRandom::new().fill(&mut key);
        Self { key, known: Mutex::default() }
    }

    /// Whether this was right before.
    pub(super) fn is_known(&self, user: &str, hash: &Secret, password: &Secret) -> bool {
        let digest = self.digest(user, hash, password);
        self.known.lock().unwrap_or_else(PoisonError::into_inner).set.contains(&digest)
    }

    /// Whether it is right; takes bcrypt's time whether or not there is such a user.
    pub(super) fn check(&self, users: &BTreeMap<String, Secret>, user: &str, password: &Secret) -> bool {
        let Some(hash) = users.get(user) else {
            let cost = users.values().filter_map(|hash| hash.expose().split('$').nth(2)).max().unwrap_or(COST);
            let _ = bcrypt::verify(password.expose(), &format!("$2y${cost}{NOBODY}"));
            return false;
        };
        let right = bcrypt::verify(password.expose(), hash.expose()).unwrap_or(false);
        if right {
            let digest = self.digest(user, hash, password);
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if known.set.insert(digest) {
                known.order.push_back(digest);
                if known.order.len() > KNOWN_MAX
                    && let Some(oldest) = known.order.pop_front()
                {
                    known.set.remove(&oldest);
                }
            }
        }
        right
    }

    fn digest(&self, user: &str, hash: &Secret, password: &Secret) -> Digest {
        let mut context = Context::new(&SHA256);
        context.update(&self.key);
        for part in [user, hash.expose(), password.expose()] {
            context.update(&part.len().to_le_bytes());
            context.update(part.as_bytes());
        }
        let mut digest = Digest::default();
        digest.copy_from_slice(context.finish().as_ref());
        digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_right_password_is_known_until_its_hash_changes() {
        let passwords = Passwords::new();
        let hash = |password: &str| Secret::new(bcrypt::hash(password, 4).unwrap());
        let (one, two) = (hash("tide"), hash("tide"));
        let users = BTreeMap::from([("ada".to_owned(), one.clone())]);
        let tide = Secret::new("tide");
        assert!(!passwords.is_known("ada", &one, &tide));
        assert!(!passwords.check(&users, "ada", &Secret::new("ebb")));
        assert!(!passwords.check(&users, "bob", &tide));
        assert!(passwords.check(&users, "ada", &tide));
        assert!(passwords.is_known("ada", &one, &tide));
        assert!(!passwords.is_known("ada", &two, &tide));
        assert!(!passwords.is_known("bob", &one, &tide));
    }

    #[test]
    fn what_is_known_is_bounded() {
        let passwords = Passwords::new();
        for number in 0..=KNOWN_MAX {
            let word = format!("word{number}");
            let users = BTreeMap::from([("ada".to_owned(), Secret::new(bcrypt::hash(&word, 4).unwrap()))]);
            assert!(passwords.check(&users, "ada", &Secret::new(word)));
        }
        let known = passwords.known.lock().unwrap();
        assert_eq!((known.set.len(), known.order.len()), (KNOWN_MAX, KNOWN_MAX));
    }

    #[test]
    fn nobody_takes_as_long_as_somebody() {
        let hash = format!("$2y$04{NOBODY}");
        assert!(!bcrypt::verify("anything", &hash).unwrap());
        assert_eq!(hash.len(), 60);
    }
}
