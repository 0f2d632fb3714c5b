//! Signs that are written as their codes: `%3D` as in URLs, also where a URL was escaped again (`%253D`), and `\u003d` as in
//! JSON.

use super::{byte, rest};

/// The sign whose code begins at `at`, and where the code ends.
pub(super) fn at(text: &[u8], at: usize) -> Option<(u8, usize)> {
    if byte(text, at) != b'%' {
        return None;
    }
    let mut code = at + 1;
    while rest(text, code).starts_with(b"25") {
        code += 2;
    }
    Some((hexadecimal(text, code)?, code + 2))
}

/// The sign whose code `head` ends with, and where the code begins.
pub(super) fn before(head: &[u8]) -> Option<(u8, usize)> {
    let mut code = head.len().checked_sub(2)?;
    let sign = hexadecimal(head, code)?;
    while head.get(..code)?.ends_with(b"25") {
        code -= 2;
    }
    let begin = code.checked_sub(1)?;
    (byte(head, begin) == b'%').then_some((sign, begin))
}

/// The sign that stands at `at` as `\u0026`, however often its backslash is escaped, and where the code ends.
pub(super) fn unicode(text: &[u8], at: usize) -> Option<(u8, usize)> {
    let slashes = rest(text, at).iter().take_while(|byte| **byte == b'\\').count();
    let code = at + slashes + 3;
    let found = slashes > 0 && rest(text, at + slashes).starts_with(b"u00");
    found.then_some((hexadecimal(text, code)?, code + 2))
}

/// Where two slashes end that are codes and begin at `from`.
pub(super) fn slashes(text: &[u8], from: usize) -> Option<usize> {
    let (first, from) = at(text, from)?;
    let (second, end) = at(text, from)?;
    (first == b'/' && second == b'/').then_some(end)
}

fn hexadecimal(text: &[u8], at: usize) -> Option<u8> {
    let digit = |at: usize| (byte(text, at) as char).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(at)? * 16 + digit(at + 1)?)
}
