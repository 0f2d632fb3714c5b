//! Where a value begins and ends that something was assigned to.

use std::ops::Range;

use super::{MARK, byte, escape, is_hidden, rest};

/// How a name was followed by its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Style {
    /// The name stood in quotes, as in JSON.
    pub(super) quoted_name: bool,
    /// A colon, and no `=`.
    pub(super) colon: bool,
    /// The sign was escaped as in a URL.
    pub(super) escaped: bool,
}

/// A value and whether it stands for itself, without quotes around it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) at: Range<usize>,
    pub(super) bare: bool,
}

/// The value of a field that begins at `at`, behind the sign and spaces; `None` where there is nothing to hide.
pub(super) fn field(text: &[u8], at: usize, style: Style) -> Option<Value> {
    let at = at + usize::from(matches!(byte(text, at), b'b' | b'u' | b'r') && is_quote(byte(text, at + 1)));
    if let Some((begin, end)) = quoted(text, at) {
        let value = text.get(begin..end)?;
        // `unexpected token: ','` is no secret.
        let secret = style.quoted_name || !style.colon || value.len() >= 4 && !is_word(value);
        return (secret && !is_empty(value)).then_some(Value { at: begin..end, bare: false });
    }
    if let Some((b'"' | b'\'', begin)) = escape::at(text, at) {
        let end = bare(text, begin, Style { escaped: true, ..style });
        let value = text.get(begin..end)?;
        return (!is_empty(value)).then_some(Value { at: begin..end, bare: false });
    }
    if style.quoted_name && matches!(byte(text, at), b'[' | b'{') && !rest(text, at).starts_with(MARK.as_bytes()) {
        return Some(Value { at: at..balanced(text, at), bare: true });
    }
    let end = trimmed(text, at, bare(text, at, style));
    let value = text.get(at..end)?;
    let secret = !style.colon || style.quoted_name || style.escaped || looks_secret(value);
    (secret && !is_empty(value)).then_some(Value { at: at..end, bare: true })
}

/// The value of a header that begins at `at`: to the end of the line, or of the quotes in which the header stands.
pub(super) fn header(text: &[u8], at: usize, style: Style) -> Option<Value> {
    if style.quoted_name || style.escaped || is_quote(byte(text, at)) || byte(text, at) == b'\\' {
        return field(text, at, style);
    }
    let mut end = at;
    while end < text.len() {
        let here = byte(text, end);
        let line = matches!(here, b'\n' | b'\r') || is_quote(here);
        let escaped = here == b'\\' && matches!(byte(text, end + 1), b'n' | b'r' | b'"' | b'\'');
        let query = !style.colon && (here == b'&' || matches!(here, b',' | b'}') && next_name(text, end));
        if line || escaped || query {
            break;
        }
        end += 1;
    }
    let value = text.get(at..end)?;
    let secret =
        !style.colon || value.split(u8::is_ascii_whitespace).any(|word| looks_secret(word) || word.contains(&b'='));
    (secret && !is_empty(value)).then_some(Value { at: at..end, bare: true })
}

/// Whether it is more like a secret than like a word of a sentence: it has a digit, or letters of both cases that are no name,
/// or a sign that base64 has, or no end.
pub(super) fn looks_secret(value: &[u8]) -> bool {
    if value.len() < 4 {
        return false;
    }
    let hump = value.windows(2).any(|two| matches!(two, [a, b] if a.is_ascii_lowercase() && b.is_ascii_uppercase()));
    let sign = value
        .iter()
        .any(|byte| byte.is_ascii_digit() || matches!(byte, b'=' | b'+' | b'/' | b'$' | b'!' | b'@' | b'#'));
    let letters = value.iter().filter(|byte| byte.is_ascii_alphanumeric()).count();
    (hump || sign || value.len() >= 20) && letters >= 3 && !is_hidden(value)
}

fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`')
}

/// One word of letters only.
fn is_word(value: &[u8]) -> bool {
    value.iter().all(u8::is_ascii_alphabetic) && value.len() < 20
}

/// Nothing, or what stands for nothing, or what was hidden already.
fn is_empty(value: &[u8]) -> bool {
    const NOTHING: [&[u8]; 9] = [b"", b"null", b"nil", b"none", b"undefined", b"true", b"false", b"NULL", b"None"];
    let hidden = value.strip_prefix(MARK.as_bytes());
    NOTHING.contains(&value) || hidden.is_some_and(|after| after.iter().all(|byte| is_closing(*byte)))
}

fn is_closing(byte: u8) -> bool {
    matches!(byte, b',' | b';' | b')' | b'}' | b']' | b'.')
}

/// Begin and end of what stands between the quotes that open at `at`, escaped ones too.
fn quoted(text: &[u8], at: usize) -> Option<(usize, usize)> {
    let level = rest(text, at).iter().take_while(|byte| **byte == b'\\').count();
    let open = at + level;
    let quote = byte(text, open);
    if !is_quote(quote) {
        return None;
    }
    let begin = open + 1;
    let mut from = begin;
    while let Some(found) = memchr::memchr(quote, rest(text, from)) {
        let close = from + found;
        let head = text.get(begin..close).unwrap_or_default();
        let slashes = head.iter().rev().take_while(|byte| **byte == b'\\').count();
        // Within quotes that are escaped themselves, those that are escaped more often belong to the value.
        let closes = if level == 0 { slashes.is_multiple_of(2) } else { slashes <= level };
        if closes {
            let inner = if level == 0 { 0 } else { slashes };
            return Some((begin, close - inner));
        }
        from = close + 1;
    }
    Some((begin, text.len()))
}

/// Where an array or object ends that begins at `at`; the text's end where it was cut.
fn balanced(text: &[u8], at: usize) -> usize {
    let (mut depth, mut here) = (0usize, at);
    while here < text.len() {
        match byte(text, here) {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => {
                depth -= 1;
                if depth == 0 {
                    return here + 1;
                }
            }
            b'"' | b'\\' => {
                if let Some((begin, end)) = quoted(text, here) {
                    // Behind the quote that closes.
                    let level = begin - here - 1;
                    here = (end + level + 1).min(text.len());
                    continue;
                }
            }
            _ => {}
        }
        here += 1;
    }
    text.len()
}

/// Where a value ends that has no quotes.
fn bare(text: &[u8], at: usize, style: Style) -> usize {
    let mut end = at;
    while end < text.len() {
        let here = byte(text, end);
        let always = here.is_ascii_whitespace() || is_quote(here) || matches!(here, b'&' | b'<' | b'>');
        let quote = here == b'\\' && is_quote(byte(text, end + 1));
        let json = style.quoted_name && matches!(here, b',' | b'}' | b']') && !style.escaped;
        let pair = matches!(here, b',' | b';') && next_name(text, end);
        let escaped = match here {
            b'%' if style.escaped => escape::at(text, end).is_some_and(|(sign, _)| b"&\"' ,}]".contains(&sign)),
            b'\\' => escape::unicode(text, end).is_some_and(|(sign, _)| b"&\"'<>".contains(&sign)),
            _ => false,
        };
        if always || quote || json || pair || escaped {
            break;
        }
        end += 1;
    }
    end
}

/// Whether another name with its sign follows the separator at `at`.
fn next_name(text: &[u8], at: usize) -> bool {
    let mut here = at + 1;
    while byte(text, here) == b' ' {
        here += 1;
    }
    let begin = here;
    while byte(text, here).is_ascii_alphanumeric() || matches!(byte(text, here), b'_' | b'-' | b'.' | b' ') {
        here += 1;
    }
    here > begin && here < begin + 64 && matches!(byte(text, here), b'=' | b':')
}

/// The end without what closes a sentence, a list or a call.
fn trimmed(text: &[u8], begin: usize, end: usize) -> usize {
    let value = text.get(begin..end).unwrap_or_default();
    if value.starts_with(MARK.as_bytes()) {
        return end;
    }
    begin + value.iter().rposition(|byte| !is_closing(*byte)).map_or(0, |last| last + 1)
}
