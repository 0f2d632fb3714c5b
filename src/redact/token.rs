//! Secrets that are known by their shape.

use aho_corasick::AhoCorasick;

use super::value::looks_secret;
use super::{Kind, MARK, Span, byte, rest, url};

/// What begins like a secret, how it goes on, and how long that has to be at least.
const SHAPES: &[(&str, Shape)] = &[
    ("Bearer", Shape::Scheme),
    ("bearer", Shape::Scheme),
    ("BEARER", Shape::Scheme),
    ("Basic", Shape::Scheme),
    ("basic", Shape::Scheme),
    ("BASIC", Shape::Scheme),
    // A JSON web token: `{"` in base64.
    ("eyJ", Shape::WebToken),
    ("-----BEGIN ", Shape::PrivateKey),
    ("@tcp(", Shape::DataSource),
    ("@unix(", Shape::DataSource),
    ("AKIA", Shape::Word(16)),
    ("ASIA", Shape::Word(16)),
    ("AIza", Shape::Word(35)),
    ("ghp_", Shape::Word(20)),
    ("gho_", Shape::Word(20)),
    ("ghu_", Shape::Word(20)),
    ("ghs_", Shape::Word(20)),
    ("ghr_", Shape::Word(20)),
    ("github_pat_", Shape::Word(20)),
    ("glpat-", Shape::Word(16)),
    ("npm_", Shape::Word(30)),
    ("xoxb-", Shape::Word(10)),
    ("xoxp-", Shape::Word(10)),
    ("xoxa-", Shape::Word(10)),
    ("xoxr-", Shape::Word(10)),
    ("xoxs-", Shape::Word(10)),
    ("sk_live_", Shape::Word(10)),
    ("rk_live_", Shape::Word(10)),
    ("sk_test_", Shape::Word(10)),
    ("sk-ant-", Shape::Word(16)),
    ("sk-proj-", Shape::Word(16)),
];

/// How a secret goes on.
#[derive(Debug, Clone, Copy)]
enum Shape {
    /// The scheme of an `Authorization`, and then credentials.
    Scheme,
    /// Three parts with points between them.
    WebToken,
    /// A private key in PEM.
    PrivateKey,
    /// The end of a password in a data source name.
    DataSource,
    /// So many letters, digits, `-` and `_` or more.
    Word(usize),
}

/// Finds them.
#[derive(Debug)]
pub(super) struct Tokens(Option<AhoCorasick>);

impl Tokens {
    pub(super) fn new() -> Self {
        // Constants, so that nothing about them could not be built.
        Self(AhoCorasick::new(SHAPES.iter().map(|(begin, _)| begin)).ok())
    }

    /// What reaches the end of a text that was `cut` may have been longer.
    pub(super) fn find(&self, text: &[u8], cut: bool, spans: &mut Vec<Span>) {
        let Some(finder) = &self.0 else { return };
        for found in finder.find_iter(text) {
            let Some((_, shape)) = SHAPES.get(found.pattern().as_usize()) else { continue };
            let before = found.start().checked_sub(1).map_or(0, |at| byte(text, at));
            let alone = !before.is_ascii_alphanumeric() && before != b'_';
            match shape {
                Shape::DataSource => url::find_data_source(text, found.start(), spans),
                Shape::Scheme if alone => scheme(text, found.end(), cut, spans),
                Shape::WebToken if alone => web_token(text, found.start(), cut, spans),
                Shape::PrivateKey => private_key(text, found.start(), spans),
                Shape::Word(min) if alone => {
                    let end = run(text, found.end(), is_word);
                    if end - found.end() >= *min || cut && end == text.len() {
                        spans.push(Span::new(found.start()..end, Kind::Token));
                    }
                }
                _ => {}
            }
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// Where the bytes that are `like` this end.
fn run(text: &[u8], from: usize, like: fn(u8) -> bool) -> usize {
    rest(text, from).iter().position(|byte| !like(*byte)).map_or(text.len(), |len| from + len)
}

/// Credentials behind `Bearer` or `Basic`, which ends at `at`. What follows in a sentence is a word.
fn scheme(text: &[u8], at: usize, cut: bool, spans: &mut Vec<Span>) {
    let mut begin = at;
    while begin < at + 8 {
        if matches!(byte(text, begin), b' ' | b'\t' | b':' | b'=' | b'+' | b'"' | b'\'' | b'\\') {
            begin += 1;
        } else if rest(text, begin).starts_with(b"%20") {
            begin += 3;
        } else {
            break;
        }
    }
    let credentials = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=%:|".contains(&byte);
    let end = run(text, begin, credentials);
    let secret = |value: &[u8]| looks_secret(value) || cut && end == text.len() && !value.is_empty();
    if begin > at && text.get(begin..end).is_some_and(secret) {
        spans.push(Span::new(begin..end, Kind::Token));
    }
}

fn web_token(text: &[u8], begin: usize, cut: bool, spans: &mut Vec<Span>) {
    let head = run(text, begin, is_word);
    if head < begin + 10 || byte(text, head) != b'.' {
        if cut && head == text.len() {
            spans.push(Span::new(begin..head, Kind::Token));
        }
        return;
    }
    let body = run(text, head + 1, is_word);
    let end = if byte(text, body) == b'.' { run(text, body + 1, is_word) } else { body };
    // One that was cut may have lost its signature, and some of its body.
    if body > head + 1 || cut && end == text.len() {
        spans.push(Span::new(begin..end, Kind::Token));
    }
}

fn private_key(text: &[u8], begin: usize, spans: &mut Vec<Span>) {
    let tail = rest(text, begin);
    let line = tail.get(..64).unwrap_or(tail);
    let Some(key) = memchr::memmem::find(line, b"PRIVATE KEY") else { return };
    let inner = begin + key + b"PRIVATE KEY".len();
    let after = rest(text, inner);
    let dashes = after.iter().take_while(|byte| **byte == b'-').count();
    let from = inner + dashes;
    let end = memchr::memmem::find(rest(text, from), b"-----END").map_or(text.len(), |end| from + end);
    let body = text.get(from..end).unwrap_or_default().trim_ascii();
    if !body.is_empty() && body != MARK.as_bytes() {
        spans.push(Span::new(from..end, Kind::Token));
    }
}
