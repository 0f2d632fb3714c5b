//! Aggregation keys: what the rules of the configuration make of them, and which rule would help.
//!
//! A client that puts ids into its keys makes a new error of each exception. Rules take such parts out, so that what is
//! one error is counted as one. They are a pure function of the key: applied to what they made they change nothing more where
//! they only strip, and one key always becomes the same one.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};

use xxhash_rust::xxh3::Xxh3Default;

use crate::config::{KeyPart, KeyRule};

/// What is put in the place of a UUID.
const UUID: &str = "<uuid>";
/// What is put in the place of a hexadecimal number.
const HEX: &str = "<hex>";
/// What is put in the place of a decimal number.
const NUMBER: &str = "<number>";

/// Shorter words of hexadecimal digits are words: `deadbeef` is eight long, `facade` is a word.
const HEX_MIN: usize = 8;

/// How clients hash: from four digits, as Python's shortest, to those of SHA-256.
const HASH_LENGTHS: std::ops::RangeInclusive<usize> = 4..=64;

/// Applies the rules to a key; whether that changed it. A key of which nothing is left stays as it was: it would name nothing.
pub fn apply(rules: &[KeyRule], key: &mut String) -> bool {
    let mut changed = false;
    for rule in rules {
        let made = match rule {
            KeyRule::Strip(parts) => strip(key, parts),
            KeyRule::Replace { regex, replacement } => {
                regex.regex().replace_all(key, replacement.as_str()).into_owned()
            }
        };
        if made != *key && !made.is_empty() {
            *key = made;
            changed = true;
        }
    }
    changed
}

/// A number that differs where rules do.
#[must_use]
pub fn fingerprint(rules: &[KeyRule]) -> u64 {
    let mut hash = Xxh3Default::new();
    for rule in rules {
        match rule {
            KeyRule::Strip(parts) => parts.iter().for_each(|part| part.name().hash(&mut hash)),
            KeyRule::Replace { regex, replacement } => (regex.as_str(), replacement).hash(&mut hash),
        }
        hash.write_u8(0);
    }
    hash.finish()
}

/// A rule that would help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// What to strip.
    pub strip: Vec<KeyPart>,
    /// Of how many keys that was found out.
    pub keys: usize,
    /// How many would be left of them.
    pub left: usize,
}

/// The mildest rule that leaves at most half of `keys`, and of rules as mild the one that leaves the fewest; `None` when no
/// rule of known shapes helps.
#[must_use]
pub fn suggest(keys: &[String]) -> Option<Suggestion> {
    use KeyPart::{Hash, Hex, Numbers, Uuids};
    let classes: [&[&[KeyPart]]; 4] =
        [&[&[Numbers], &[Uuids], &[Hex]], &[&[Uuids, Hex, Numbers]], &[&[Hash]], &[&[Hash, Uuids, Hex, Numbers]]];
    classes.iter().find_map(|class| {
        let tried = class.iter().map(|parts| Suggestion {
            strip: parts.to_vec(),
            keys: keys.len(),
            left: groups(&[KeyRule::Strip(parts.to_vec())], keys).len(),
        });
        tried.min_by_key(|tried| tried.left).filter(|best| best.left * 2 <= best.keys)
    })
}

/// What the rules make of `keys`: each that is left, with those that become it.
#[must_use]
pub fn groups<'a>(rules: &[KeyRule], keys: &'a [String]) -> HashMap<String, Vec<&'a str>> {
    let mut groups: HashMap<String, Vec<&str>> = HashMap::new();
    for key in keys {
        let mut made = key.clone();
        apply(rules, &mut made);
        groups.entry(made).or_default().push(key);
    }
    groups
}

/// The key without its parts of these shapes. A hash behind the last `@` tells stacks apart; it is left alone but by `Hash`.
fn strip(key: &str, parts: &[KeyPart]) -> String {
    let has = |part: KeyPart| parts.contains(&part);
    let hash = key.rsplit_once('@').filter(|(name, digits)| {
        !name.is_empty() && HASH_LENGTHS.contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    });
    let (name, hash) = key.split_at(hash.map_or(key.len(), |(name, _)| name.len()));
    let mut out = String::with_capacity(key.len());
    let mut rest = name;
    let mut before = '\0';
    while let Some(first) = rest.chars().next() {
        let begins = !before.is_ascii_alphanumeric();
        let (taken, place) = if has(KeyPart::Uuids) && begins && is_uuid(rest) {
            (UUID_LEN, UUID)
        } else if let (true, true, Some(length)) = (has(KeyPart::Hex), begins, hex_length(rest)) {
            (length, HEX)
        } else if has(KeyPart::Numbers) && first.is_ascii_digit() {
            (rest.bytes().take_while(u8::is_ascii_digit).count(), NUMBER)
        } else {
            (first.len_utf8(), "")
        };
        let (part, after) = rest.split_at(taken);
        out.push_str(if place.is_empty() { part } else { place });
        before = part.chars().next_back().unwrap_or(first);
        rest = after;
    }
    if !has(KeyPart::Hash) {
        out.push_str(hash);
    }
    out
}

const UUID_LEN: usize = 36;

/// Whether a UUID stands at the begin, and no letter or digit behind it.
fn is_uuid(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= UUID_LEN
        && bytes.iter().take(UUID_LEN).enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
        && !bytes.get(UUID_LEN).is_some_and(u8::is_ascii_alphanumeric)
}

/// The length of the hexadecimal number at the begin: `0x` and digits, or eight digits and more of which some are letters and
/// some are not.
fn hex_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let prefix = if bytes.starts_with(b"0x") || bytes.starts_with(b"0X") { 2 } else { 0 };
    let digits = bytes.get(prefix..)?;
    let length = digits.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let digits = digits.get(..length)?;
    let mixed = || digits.iter().any(u8::is_ascii_digit) && digits.iter().any(u8::is_ascii_alphabetic);
    let whole = !bytes.get(prefix + length).is_some_and(u8::is_ascii_alphanumeric);
    let is_hex = if prefix > 0 { length > 0 } else { length >= HEX_MIN && mixed() };
    (whole && is_hex).then_some(prefix + length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Pattern;
    use proptest::prelude::*;

    fn stripped(key: &str, parts: &[KeyPart]) -> String {
        strip(key, parts)
    }

    #[test]
    fn parts_of_known_shapes_become_what_they_are() {
        let all = [KeyPart::Uuids, KeyPart::Hex, KeyPart::Numbers];
        for (key, made) in [
            ("OrderNotFound: 12345", "OrderNotFound: <number>"),
            ("user42 of shop7", "user<number> of shop<number>"),
            ("no such file 6f1ed002-ab5c-4f7d-8b0e-0c2d5b7f9a11.json", "no such file <uuid>.json"),
            ("at 0xdeadBEEF in 7f3a9c01d2", "at <hex> in <hex>"),
            ("deadbeef facade 1e5", "deadbeef facade <number>e<number>"),
            ("java.lang.Foo@1a2b3c4d", "java.lang.Foo@1a2b3c4d"),
            ("Timeout of job 7@12345678", "Timeout of job <number>@12345678"),
            ("mail bob@example7.org", "mail bob@example<number>.org"),
            ("日本 12 é", "日本 <number> é"),
            ("", ""),
        ] {
            assert_eq!(stripped(key, &all), made, "{key:?}");
        }
        assert_eq!(stripped("a.Foo@1a2b3c4d", &[KeyPart::Hash]), "a.Foo");
        assert_eq!(stripped("@1a2b3c4d", &[KeyPart::Hash]), "@1a2b3c4d", "nothing would be left");
        assert_eq!(stripped("12 6f1ed002-ab5c-4f7d-8b0e-0c2d5b7f9a11", &[KeyPart::Uuids]), "12 <uuid>");
    }

    #[test]
    fn rules_follow_each_other() {
        let shop =
            KeyRule::Replace { regex: Pattern::anywhere(r"shop-(\w+)").unwrap(), replacement: "shop of $1".to_owned() };
        let rules = [KeyRule::Strip(vec![KeyPart::Numbers]), shop];
        let mut key = "12 in shop-berlin".to_owned();
        assert!(apply(&rules, &mut key));
        assert_eq!(key, "<number> in shop of berlin");
        let nothing = KeyRule::Replace { regex: Pattern::anywhere(".+").unwrap(), replacement: String::new() };
        assert!(!apply(&[nothing], &mut key));
        assert_ne!(fingerprint(&rules), fingerprint(&rules[..1]));
    }

    #[test]
    fn the_mildest_rule_that_helps_is_suggested() {
        let keys = |key: fn(usize) -> String| (0..100).map(key).collect::<Vec<String>>();
        let strip = |keys: &[String]| suggest(keys).map(|suggestion| (suggestion.strip, suggestion.left));
        assert_eq!(strip(&keys(|n| format!("order {n} failed@1a2b"))), Some((vec![KeyPart::Numbers], 1)));
        assert_eq!(strip(&keys(|n| format!("Foo@{:08x}", n * 77_777_777))), Some((vec![KeyPart::Hash], 1)));
        assert_eq!(strip(&keys(|n| format!("{}", char::from_u32(0x4e00 + n as u32).unwrap()))), None);
    }

    proptest! {
        #[test]
        fn stripping_twice_is_stripping_once(key in "[a-f0-9@ x.<>-]{0,60}|\\PC{0,40}", which in 0usize..16) {
            let parts: Vec<KeyPart> =
                KeyPart::ALL.into_iter().enumerate().filter(|(n, _)| which >> n & 1 == 1).map(|(_, part)| part).collect();
            let once = stripped(&key, &parts);
            // A hash behind another one is one of its own.
            prop_assume!(!parts.contains(&KeyPart::Hash) || !once.contains('@'));
            prop_assert_eq!(stripped(&once, &parts), once.clone());
        }
    }
}
