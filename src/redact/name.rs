//! Names that give away what stands beside them.
//!
//! Names are compared without regard to case, `-`, `_` and `.`, and at the edges of words: `token` is in `auth_token`,
//! `authToken` and `TOKEN2`, but not in `tokens_max`. With a `*` at its begin or end a name may go on there within a word:
//! `*password*` is in `dbpasswords`. A header has to be the whole name, after Rack's `HTTP_` if that is there.

use aho_corasick::{AhoCorasick, MatchKind};
use rustc_hash::FxHashSet;

/// Headers that are hidden by default.
pub const HEADERS: &[&str] = &[
    "authorization",
    "proxy-authorization",
    "x-authorization",
    "x-forwarded-authorization",
    "x-original-authorization",
    "grpc-metadata-authorization",
    // As Apache hands it on after a rewrite.
    "redirect-http-authorization",
    "cookie",
    "set-cookie",
    "cookie2",
    "set-cookie2",
    "x-api-key",
    "api-key",
    "x-auth-token",
    "x-access-token",
    "x-csrf-token",
    "x-csrftoken",
    "x-xsrf-token",
    "x-amz-security-token",
    "x-amzn-oidc-data",
    "x-goog-iap-jwt-assertion",
    "cf-access-jwt-assertion",
    "x-forwarded-client-cert",
    "x-ssl-client-cert",
    "ocp-apim-subscription-key",
    "x-functions-key",
];

/// Fields that are hidden by default.
pub const FIELDS: &[&str] = &[
    "*password*",
    "*passwd*",
    "*passphrase*",
    "*passwort*",
    "pwd",
    "*secret*",
    "token",
    "*token",
    "*accesstoken*",
    "*authtoken*",
    "*apikey*",
    "access_key",
    "account_key",
    "shared_access_key",
    "*privatekey*",
    "*encryptionkey*",
    "signing_key",
    "ssh_key",
    "credential",
    "credentials",
    "jwt",
    "session_id",
    "session_key",
    "*sessionid*",
    "*sessid",
    "connect.sid",
    "otp",
    "totp",
    "cvv",
    "cvc",
    "card_number",
    "card_no",
    "credit_card",
    "ccnumber",
    "ssn",
    "x-amz-signature",
    "x-amz-credential",
];

/// Bytes of a name that are looked at, from its end. Longer names are paths, and what they are of stands at their end.
pub(super) const NAME_BYTES_MAX: usize = 64;
/// Words of a name that are looked at, from its begin.
const WORDS_MAX: usize = 12;

/// What a name says of the value beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// A header that is secret.
    Header,
    /// A field that is secret.
    Field,
}

/// The names of a configuration.
#[derive(Debug)]
pub(super) struct Names {
    /// How all of them begin.
    beginnings: Beginnings,
    /// Whole names.
    headers: Open,
    fields: Open,
    keep: Open,
}

/// Names, some of which may go on.
#[derive(Debug, Default)]
struct Open {
    closed: FxHashSet<Vec<u8>>,
    /// Lengths of `closed` as a set of bits: most words have no name of their length.
    lengths: u64,
    /// Those with a `*`: whether at the begin, and whether at the end.
    edges: Vec<(bool, bool)>,
    finder: Option<AhoCorasick>,
}

/// The first three letters of names, as a set of their hashes: nearly every name in a text has none of them anywhere, which is found
/// out many times faster than what its words are.
struct Beginnings {
    set: Box<[u64; 64]>,
    /// A name of fewer letters is listed, so that nothing is told by three.
    any: bool,
}

impl std::fmt::Debug for Beginnings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Beginnings").finish_non_exhaustive()
    }
}

impl Beginnings {
    fn new<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let mut beginnings = Self { set: Box::new([0; 64]), any: false };
        for name in names {
            let squashed = Squashed::of(name.as_bytes());
            match squashed.whole().first_chunk::<3>() {
                Some(three) => {
                    let (word, bit) = Self::place(three.iter().fold(0, |last, byte| last << 8 | u32::from(*byte)));
                    if let Some(word) = beginnings.set.get_mut(word) {
                        *word |= bit;
                    }
                }
                None => beginnings.any = true,
            }
        }
        beginnings
    }

    /// Where three letters stand in the set.
    fn place(three: u32) -> (usize, u64) {
        let hash = (three & 0xff_ffff).wrapping_mul(0x9e37_79b1) >> 20;
        ((hash >> 6) as usize, 1 << (hash & 63))
    }

    /// Whether three letters in a row, whatever stands between them, begin a name.
    fn may_hold(&self, name: &[u8]) -> bool {
        let (mut last, mut letters) = (0u32, 0);
        for byte in name {
            if byte.is_ascii_alphanumeric() {
                last = last << 8 | u32::from(byte.to_ascii_lowercase());
                letters += 1;
                let (word, bit) = Self::place(last);
                if letters >= 3 && self.set.get(word).is_some_and(|word| word & bit != 0) {
                    return true;
                }
            }
        }
        self.any
    }
}

/// A name without anything but letters and digits, in lower case, and where its words end.
struct Squashed {
    bytes: [u8; NAME_BYTES_MAX],
    len: usize,
    /// Begin and end of each word; the end is before the digits that it ends with.
    words: [(u8, u8); WORDS_MAX],
    words_len: usize,
}

impl Names {
    pub(super) fn new(headers: &[String], fields: &[String], keep: &[String]) -> Self {
        let with =
            |known: &[&str], more: &[String]| Open::new(known.iter().copied().chain(more.iter().map(String::as_str)));
        let listed = HEADERS.iter().chain(FIELDS).copied().chain(headers.iter().chain(fields).map(String::as_str));
        let beginnings = Beginnings::new(listed);
        Self { beginnings, headers: with(HEADERS, headers), fields: with(FIELDS, fields), keep: with(&[], keep) }
    }

    /// What a name says; `None` for nearly all.
    pub(super) fn meaning(&self, name: &[u8]) -> Option<Meaning> {
        if !self.beginnings.may_hold(name) {
            return None;
        }
        let squashed = Squashed::of(name);
        let whole = squashed.whole();
        let header = whole.strip_prefix(b"http").filter(|_| squashed.first_word() == b"http").unwrap_or(whole);
        let meaning = if squashed.spans().any(|span| self.fields.has(span)) || self.fields.holds(whole) {
            Meaning::Field
        } else if self.headers.has(header) || self.headers.holds(header) {
            Meaning::Header
        } else {
            return None;
        };
        let kept = self.keep.has(whole) || self.keep.has(header) || self.keep.holds(whole);
        (!kept).then_some(meaning)
    }
}

impl Open {
    fn new<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let (mut all, mut texts) = (Self::default(), Vec::new());
        for name in names {
            let (begin, end) = (name.starts_with('*'), name.ends_with('*'));
            let squashed = Squashed::of(name.as_bytes());
            if begin || end {
                all.edges.push((begin, end));
                texts.push(squashed.whole().to_vec());
            } else {
                let text = squashed.closed();
                all.lengths |= 1 << (text.len() % 64);
                all.closed.insert(text.to_vec());
            }
        }
        // Names are letters and digits, so that there is nothing about them that could not be built.
        let builder = || AhoCorasick::builder().match_kind(MatchKind::Standard).build(&texts).ok();
        all.finder = if texts.is_empty() { None } else { builder() };
        all
    }

    fn has(&self, text: &[u8]) -> bool {
        self.lengths & 1 << (text.len() % 64) != 0 && self.closed.contains(text)
    }

    /// Whether one of the names that may go on is in `text`.
    fn holds(&self, text: &[u8]) -> bool {
        let Some(finder) = &self.finder else { return false };
        finder.find_overlapping_iter(text).any(|found| {
            let (begin, end) = self.edges.get(found.pattern().as_usize()).copied().unwrap_or_default();
            (begin || found.start() == 0) && (end || found.end() == text.len())
        })
    }
}

impl Squashed {
    fn of(name: &[u8]) -> Self {
        let name = name.get(name.len().saturating_sub(NAME_BYTES_MAX)..).unwrap_or(name);
        let mut squashed = Self { bytes: [0; NAME_BYTES_MAX], len: 0, words: [(0, 0); WORDS_MAX], words_len: 0 };
        let mut before = 0u8;
        let mut after = name.iter().skip(1).copied().chain([0]);
        for byte in name {
            let next = after.next().unwrap_or(0);
            if byte.is_ascii_alphanumeric() {
                let upper = byte.is_ascii_uppercase();
                // `authToken`, `HTTPToken`.
                let hump = upper && (!before.is_ascii_uppercase() || next.is_ascii_lowercase());
                let begins = !before.is_ascii_alphanumeric() || hump && before.is_ascii_alphabetic();
                squashed.push(byte.to_ascii_lowercase(), begins);
            }
            before = *byte;
        }
        squashed
    }

    fn push(&mut self, byte: u8, begins: bool) {
        let at = self.len as u8;
        if let Some(slot) = self.bytes.get_mut(self.len) {
            *slot = byte;
            self.len += 1;
        }
        if begins && self.words_len < WORDS_MAX {
            if let Some(word) = self.words.get_mut(self.words_len) {
                *word = (at, at + 1);
            }
            self.words_len += 1;
        }
        if let Some((begin, end)) = self.words.get_mut(self.words_len.saturating_sub(1))
            && (!byte.is_ascii_digit() || at == *begin)
        {
            *end = at + 1;
        }
    }

    fn whole(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// All of it but the digits at its end.
    fn closed(&self) -> &[u8] {
        let words = self.words.get(..self.words_len).unwrap_or_default();
        words.last().map_or(&[], |(_, end)| self.part(0, *end))
    }

    fn first_word(&self) -> &[u8] {
        self.words.first().map_or(&[], |(begin, end)| self.part(*begin, *end))
    }

    /// Each run of words.
    fn spans(&self) -> impl Iterator<Item = &[u8]> {
        let words = self.words.get(..self.words_len).unwrap_or_default();
        words
            .iter()
            .enumerate()
            .flat_map(move |(first, (begin, _))| words.iter().skip(first).map(move |(_, end)| self.part(*begin, *end)))
    }

    fn part(&self, begin: u8, end: u8) -> &[u8] {
        self.bytes.get(usize::from(begin)..usize::from(end)).unwrap_or_default()
    }
}
