//! What a text assigns to telling names: `password=…`, `"token": "…"`, `Cookie: …`, `:secret=>"…"`, `<password>…</password>`,
//! `token%3D…`, `name="password"` of a form.
//!
//! Each needs a sign, so signs are searched for, which is fast, and the name is read backwards from there.

use std::ops::Range;

use super::name::{Meaning, NAME_BYTES_MAX, Names};
use super::value::{self, Style};
use super::{Kind, MARK, Span, byte, kind_of, rest, url};

/// How far behind `name="password"` its value may begin.
const FORM_BYTES_MAX: usize = 512;

/// A name in a text.
struct Name {
    at: Range<usize>,
    /// What closes the quotes in which it stands.
    quote: Option<Range<usize>>,
}

/// Finds values of telling names, and passwords in URLs, which have a colon too.
pub(super) fn find(text: &[u8], names: &Names, spans: &mut Vec<Span>) {
    let mut done = 0;
    for at in memchr::memchr3_iter(b'=', b':', b'%', text) {
        // What is hidden whole needs no look inside.
        if at < done {
            continue;
        }
        let before = spans.len();
        match byte(text, at) {
            b':' if rest(text, at).starts_with(b"://") => url::find(text, at, spans),
            b':' => colon(text, at, names, spans),
            b'=' => equals(text, at, names, spans),
            _ => escaped(text, at, names, spans),
        }
        done = spans.get(before..).unwrap_or_default().iter().map(|span| span.at.end).max().unwrap_or(done);
    }
    if memchr::memchr(b'<', text).is_some() && memchr::memmem::find(text, b"</").is_some() {
        elements(text, names, spans);
    }
}

fn colon(text: &[u8], at: usize, names: &Names, spans: &mut Vec<Span>) {
    let Some(name) = name_before(text, at) else { return };
    // `password := "…"`.
    let mut begin = at + 1 + usize::from(byte(text, at + 1) == b'=');
    let style = Style { quoted_name: name.quote.is_some(), colon: begin == at + 1, escaped: false };
    while begin < at + 16 && (matches!(byte(text, begin), b' ' | b'\t') || line_feed(text, begin, style)) {
        begin += 1;
    }
    assign(text, &name, begin, style, names, spans);
}

fn line_feed(text: &[u8], at: usize, style: Style) -> bool {
    style.quoted_name && matches!(byte(text, at), b'\n' | b'\r')
}

fn equals(text: &[u8], at: usize, names: &Names, spans: &mut Vec<Span>) {
    let Some(name) = name_before(text, at) else { return };
    // `==`, `=>`.
    let mut begin = at + 1 + usize::from(matches!(byte(text, at + 1), b'=' | b'>'));
    while begin < at + 4 && matches!(byte(text, begin), b' ' | b'\t') {
        begin += 1;
    }
    let style = Style { quoted_name: name.quote.is_some(), colon: false, escaped: false };
    if text.get(name.at.clone()).is_some_and(|name| name.eq_ignore_ascii_case(b"name")) {
        form(text, begin, names, spans);
        return;
    }
    assign(text, &name, begin, style, names, spans);
}

/// `token%3D…`, `%22token%22%3A%22…`, and URLs within URLs.
fn escaped(text: &[u8], at: usize, names: &Names, spans: &mut Vec<Span>) {
    if byte(text, at + 1) != b'3' {
        return;
    }
    let colon = match byte(text, at + 2) {
        b'D' | b'd' => false,
        b'A' | b'a' => true,
        _ => return,
    };
    let after = rest(text, at + 3);
    if colon && after.get(..6).is_some_and(|after| after.eq_ignore_ascii_case(b"%2F%2F")) {
        url::find_escaped(text, at, spans);
        return;
    }
    let Some(name) = name_before(text, at) else { return };
    let mut begin = at + 3;
    while matches!(byte(text, begin), b'+' | b' ') || rest(text, begin).starts_with(b"%20") {
        begin += if byte(text, begin) == b'%' { 3 } else { 1 };
    }
    let style = Style { quoted_name: name.quote.is_some(), colon, escaped: true };
    assign(text, &name, begin, style, names, spans);
}

fn assign(text: &[u8], name: &Name, begin: usize, style: Style, names: &Names, spans: &mut Vec<Span>) {
    let Some(meaning) = text.get(name.at.clone()).and_then(|name| names.meaning(name)) else { return };
    let value = match meaning {
        Meaning::Header => value::header(text, begin, style),
        Meaning::Field => value::field(text, begin, style),
    };
    let Some(value) = value else { return };
    // In JSON only a string can hold the mark.
    let quote = name.quote.clone().filter(|_| value.bare);
    spans.push(Span { at: value.at, kind: kind_of(meaning), quote });
}

/// The name that ends before the sign at `at`.
fn name_before(text: &[u8], at: usize) -> Option<Name> {
    let mut end = at;
    while at - end < 2 && end > 0 && matches!(byte(text, end - 1), b' ' | b'\t') {
        end -= 1;
    }
    let head = |end: usize| text.get(..end).unwrap_or_default();
    let mut quote = None;
    match head(end).last()? {
        b'"' | b'\'' => {
            let close = end;
            end -= 1;
            while head(end).last() == Some(&b'\\') {
                end -= 1;
            }
            quote = Some(end..close);
        }
        b'2' | b'7' if head(end).ends_with(b"%22") || head(end).ends_with(b"%27") => {
            quote = Some(end - 3..end);
            end -= 3;
        }
        _ => {}
    }
    // `user[password]`.
    if head(end).last() == Some(&b']') {
        end -= 1;
    } else if head(end).ends_with(b"%5D") || head(end).ends_with(b"%5d") {
        end -= 3;
    }
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let length = head(end).iter().rev().take(NAME_BYTES_MAX).take_while(|byte| is_name(byte)).count();
    let mut begin = end - length;
    // The rest of an escaped sign, as in `%5Bpassword`.
    if length > 2 && head(begin).last() == Some(&b'%') && rest(text, begin).iter().take(2).all(u8::is_ascii_hexdigit) {
        begin += 2;
    }
    (end - begin >= 2).then_some(Name { at: begin..end, quote })
}

/// `name="password"` in a form: the value follows as a part of its own, or as `value="…"` in the same tag.
fn form(text: &[u8], at: usize, names: &Names, spans: &mut Vec<Span>) {
    let begin = at + usize::from(byte(text, at) == b'"' || byte(text, at) == b'\'');
    let tail = rest(text, begin);
    let end = tail
        .iter()
        .take(NAME_BYTES_MAX * 2)
        .position(|byte| matches!(byte, b'"' | b'\'' | b' ' | b'>' | b'\r' | b'\n'));
    let Some(end) = end.map(|length| begin + length) else { return };
    let mut name = text.get(begin..end).unwrap_or_default();
    name = name.strip_suffix(b"]").unwrap_or(name);
    if names.meaning(name).is_none() {
        return;
    }
    let tail = rest(text, end);
    let near = tail.get(..FORM_BYTES_MAX).unwrap_or(tail);
    let blank = [b"\r\n\r\n".as_slice(), b"\n\n"]
        .into_iter()
        .find_map(|blank| Some(end + memchr::memmem::find(near, blank)? + blank.len()));
    let found = if let Some(value) = blank {
        let body = rest(text, value);
        let close = [b"\r\n--".as_slice(), b"\n--"].into_iter().find_map(|close| memchr::memmem::find(body, close));
        value..close.map_or(text.len(), |close| value + close)
    } else {
        let tag = near.iter().position(|byte| *byte == b'>').unwrap_or(near.len());
        let Some(value) = memchr::memmem::find(near.get(..tag).unwrap_or(near), b"value=") else { return };
        let style = Style { quoted_name: false, colon: false, escaped: false };
        let Some(value) = value::field(text, end + value + 6, style) else { return };
        value.at
    };
    if !found.is_empty() && text.get(found.clone()) != Some(MARK.as_bytes()) {
        spans.push(Span::new(found, Kind::Field));
    }
}

/// `<password>…</password>`.
fn elements(text: &[u8], names: &Names, spans: &mut Vec<Span>) {
    for at in memchr::memchr_iter(b'>', text) {
        let head = text.get(at.saturating_sub(NAME_BYTES_MAX * 4)..at).unwrap_or_default();
        let Some(open) = memchr::memrchr(b'<', head) else { continue };
        let tag = head.get(open + 1..).unwrap_or_default();
        if matches!(tag.first(), None | Some(b'/' | b'!' | b'?')) || tag.last() == Some(&b'/') {
            continue;
        }
        let name = tag.split(u8::is_ascii_whitespace).next().unwrap_or_default();
        let name = name.rsplit(|byte| *byte == b':').next().unwrap_or_default();
        if names.meaning(name).is_none() {
            continue;
        }
        let begin = at + 1;
        let cdata = b"<![CDATA[";
        let inner = rest(text, begin);
        let (begin, close) = match inner.strip_prefix(cdata.as_slice()) {
            Some(inner) => (begin + cdata.len(), memchr::memmem::find(inner, b"]]>")),
            None => (begin, memchr::memchr(b'<', inner)),
        };
        let end = close.map_or(text.len(), |close| begin + close);
        let value = text.get(begin..end).unwrap_or_default();
        if !value.iter().all(u8::is_ascii_whitespace) && value != MARK.as_bytes() {
            spans.push(Span::new(begin..end, Kind::Field));
        }
    }
}
