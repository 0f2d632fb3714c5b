//! Who logs in with what in a URL: `https://user:password@host`.

use super::{Kind, MARK, Span, byte, escape, rest};

/// How far behind its scheme a URL is looked at.
const URL_BYTES_MAX: usize = 4096;

/// Finds the password, or the user where there is no password, in the URL whose `://` stands at `at`.
pub(super) fn find(text: &[u8], at: usize, spans: &mut Vec<Span>) {
    let begin = at + 3;
    let tail = rest(text, begin);
    let tail = tail.get(..URL_BYTES_MAX).unwrap_or(tail);
    // Nearly all URLs are without.
    if memchr::memchr(b'@', tail).is_none() {
        return;
    }
    let ends = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'`' | b'\\');
    let url = tail.iter().position(ends).map_or(tail, |end| tail.get(..end).unwrap_or(tail));
    let authority = url.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(url.len());
    let strict = url.get(..authority).unwrap_or(url);
    let user = match memchr::memrchr(b'@', strict) {
        Some(user) => user,
        // A password with a slash or the like in it should be escaped and often is not; a port is a number.
        None => match memchr::memchr(b':', strict).and_then(|colon| strict.get(colon + 1..)) {
            Some(port) if !port.iter().all(u8::is_ascii_digit) => match memchr::memrchr(b'@', url) {
                Some(user) => user,
                None => return,
            },
            _ => return,
        },
    };
    let password = memchr::memchr(b':', url.get(..user).unwrap_or_default()).map_or(0, |colon| colon + 1);
    push(text, begin + password, begin + user, spans);
}

/// As [`find`] for a URL that is escaped within another one, what follows its slashes begins at `begin`.
pub(super) fn find_escaped(text: &[u8], begin: usize, spans: &mut Vec<Span>) {
    let mut password = begin;
    let mut here = begin;
    while byte(text, here).is_ascii_graphic() && !matches!(byte(text, here), b'&' | b'"' | b'\'' | b'/') {
        let Some((sign, after)) = escape::at(text, here) else {
            here += 1;
            continue;
        };
        match sign {
            b':' if password == begin => password = after,
            b'@' => return push(text, password, here, spans),
            b'/' | b'?' => return,
            _ => {}
        }
        here = after;
    }
}

/// The password of a data source name: `user:password@tcp(host:3306)/db`, whose `@` stands at `at`.
pub(super) fn find_data_source(text: &[u8], at: usize, spans: &mut Vec<Span>) {
    let head = text.get(..at).unwrap_or_default();
    let begin = head.iter().rposition(|byte| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'`'));
    let begin = begin.map_or(0, |before| before + 1);
    if let Some(colon) = memchr::memchr(b':', head.get(begin..).unwrap_or_default()) {
        push(text, begin + colon + 1, at, spans);
    }
}

fn push(text: &[u8], from: usize, to: usize, spans: &mut Vec<Span>) {
    if from < to && text.get(from..to) != Some(MARK.as_bytes()) {
        spans.push(Span::new(from..to, Kind::Url));
    }
}
