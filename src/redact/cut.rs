//! The end of a text that was cut. What would have given a secret away may have been cut off with its rest: the `@` behind a
//! password, the last digits of a card number. So what begins like a secret there is taken for one.

use super::value::looks_secret;
use super::{Kind, Span, byte};

/// How far from its end a text is looked at.
const BYTES_MAX: usize = 512;

/// So many digits may be the begin of a card number.
const DIGITS_MIN: usize = 7;

/// Finds what begins like a secret at the end of `text`.
pub(super) fn find(text: &[u8], cards: bool, spans: &mut Vec<Span>) {
    let tail = text.len().saturating_sub(BYTES_MAX);
    let ends = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'`' | b'<' | b'>');
    let word = text.iter().skip(tail).rposition(ends).map_or(tail, |before| tail + before + 1);
    user(text, word, spans);
    if cards {
        digits(text, tail, spans);
    }
}

/// `https://user:pass`, `user:pass`: behind the first colon of the last word.
fn user(text: &[u8], word: usize, spans: &mut Vec<Span>) {
    let letters = text.get(word..).unwrap_or_default();
    let scheme = memchr::memmem::find(letters, b"://").map(|at| at + 3);
    let authority = letters.get(scheme.unwrap_or(0)..).unwrap_or_default();
    let Some(colon) = memchr::memchr(b':', authority) else { return };
    let password = authority.get(colon + 1..).unwrap_or_default();
    let begin = text.len() - password.len();
    let port = password.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let is_port = port > 0 && matches!(byte(password, port), 0 | b'/' | b'?' | b'#');
    let is_path = memchr::memchr3(b'/', b'?', b'#', authority.get(..colon).unwrap_or_default()).is_some();
    let secret = if scheme.is_some() { !is_port && !is_path } else { looks_secret(password) };
    if secret && !password.is_empty() && !super::is_hidden(password) {
        spans.push(Span::new(begin..text.len(), Kind::Url));
    }
}

/// `4111 1111 11`.
fn digits(text: &[u8], tail: usize, spans: &mut Vec<Span>) {
    let number = |at: usize| byte(text, at).is_ascii_digit();
    let mut begin = text.len();
    while begin > tail
        && (number(begin - 1) || matches!(byte(text, begin - 1), b' ' | b'-') && begin > tail + 1 && number(begin - 2))
    {
        begin -= 1;
    }
    while begin < text.len() && !number(begin) {
        begin += 1;
    }
    let digits = text.iter().skip(begin).filter(|byte| byte.is_ascii_digit()).count();
    let alone =
        !begin.checked_sub(1).is_some_and(|at| byte(text, at).is_ascii_alphanumeric() || byte(text, at) == b'_');
    if alone && digits >= DIGITS_MIN && matches!(byte(text, begin), b'2'..=b'6') {
        spans.push(Span::new(begin..text.len(), Kind::Card));
    }
}
