//! What a text assigns to telling names: `password=…`, `"token": "…"`, `Cookie: …`, `:secret=>"…"`, `<password>…</password>`,
//! `token%3D…`, `name="password"` of a form.
//!
//! Each needs a sign, so signs are searched for, which is fast, and the name is read backwards from there.

use std::ops::Range;

use super::name::{Meaning, NAME_BYTES_MAX, Names};
use super::value::{self, Style};
use super::{Kind, MARK, Span, byte, escape, kind_of, rest, url};

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
    if memchr::memchr(b'\\', text).is_some() {
        for at in memchr::memmem::find_iter(text, b"\\u003") {
            unicode(text, at, names, spans);
        }
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

/// `token%3D…`, `%22token%22%3A%22…`, and URLs within URLs, escaped once or several times.
fn escaped(text: &[u8], at: usize, names: &Names, spans: &mut Vec<Span>) {
    let Some((sign @ (b'=' | b':'), after)) = escape::at(text, at) else { return };
    let colon = sign == b':';
    if colon && let Some(authority) = escape::slashes(text, after) {
        url::find_escaped(text, authority, spans);
        return;
    }
    let Some(name) = name_before(text, at) else { return };
    let mut begin = after;
    loop {
        match escape::at(text, begin) {
            Some((b' ', after)) => begin = after,
            _ if matches!(byte(text, begin), b'+' | b' ') => begin += 1,
            _ => break,
        }
    }
    let style = Style { quoted_name: name.quote.is_some(), colon, escaped: true };
    assign(text, &name, begin, style, names, spans);
}

/// `token\u003d…`: some write JSON so.
fn unicode(text: &[u8], at: usize, names: &Names, spans: &mut Vec<Span>) {
    let colon = match byte(text, at + 5) {
        b'd' | b'D' => false,
        b'a' | b'A' => true,
        _ => return,
    };
    let head = text.get(..at).unwrap_or_default();
    let slashes = head.iter().rev().take_while(|byte| **byte == b'\\').count();
    let Some(name) = name_before(text, at - slashes) else { return };
    let style = Style { quoted_name: name.quote.is_some(), colon, escaped: false };
    assign(text, &name, at + 6, style, names, spans);
}

fn assign(text: &[u8], name: &Name, begin: usize, style: Style, names: &Names, spans: &mut Vec<Span>) {
    let Some(meaning) = meaning(text, name, names) else { return };
    let value = match meaning {
        Meaning::Header => value::header(text, begin, style),
        Meaning::Field => value::field(text, begin, style),
    };
    let Some(value) = value else { return };
    // In JSON only a string can hold the mark.
    let quote = name.quote.clone().filter(|_| value.bare);
    spans.push(Span { at: value.at, kind: kind_of(meaning), quote });
}

fn meaning(text: &[u8], name: &Name, names: &Names) -> Option<Meaning> {
    let letters = text.get(name.at.clone())?;
    // In `…\r\nCookie: …` an escaped line feed stands before the name and looks like a part of it.
    let line = name.at.start.checked_sub(1).is_some_and(|before| byte(text, before) == b'\\');
    let line = line && matches!(letters.first(), Some(b'n' | b'r' | b't'));
    names.meaning(letters).or_else(|| names.meaning(letters.get(1..).filter(|_| line)?))
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
        b'2' | b'7' => {
            if let Some((b'"' | b'\'', begin)) = escape::before(head(end)) {
                quote = Some(begin..end);
                end = begin;
            }
        }
        _ => {}
    }
    end = unbracketed(head(end));
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let length = head(end).iter().rev().take(NAME_BYTES_MAX).take_while(|byte| is_name(byte)).count();
    let mut begin = end - length;
    // The rest of an escaped sign, as in `%5Bpassword` and `\u0026password`.
    let sign = match head(begin).last() {
        Some(b'%') => escape::at(text, begin - 1).map(|(_, after)| after),
        Some(b'\\') => escape::unicode(text, begin - 1).map(|(_, after)| after),
        _ => None,
    };
    if let Some(after) = sign.filter(|after| *after < end) {
        begin = after;
    }
    (end - begin >= 2).then_some(Name { at: begin..end, quote })
}

/// Where the telling name in `head` ends: in `user[password]`, `password[]`, `user[password][0]` and `form["password"]` before the
/// bracket behind it.
fn unbracketed(head: &[u8]) -> usize {
    let bracket = |end: usize, plain: u8| {
        let head = head.get(..end).unwrap_or_default();
        if head.last() == Some(&plain) {
            return Some(end - 1);
        }
        escape::before(head).filter(|(sign, _)| *sign == plain).map(|(_, begin)| begin)
    };
    let mut end = head.len();
    while let Some(inner) = bracket(end, b']') {
        end = inner;
        let number = head.get(..end).unwrap_or_default();
        let digits = number.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        // Nothing, or a place in a list: what it is a list of stands before it.
        match bracket(end - digits, b'[') {
            Some(list) => end = list,
            None => break,
        }
    }
    let quoted = end < head.len() && matches!(byte(head, end.wrapping_sub(1)), b'"' | b'\'');
    end - usize::from(quoted)
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
    let name = text.get(begin..end).unwrap_or_default();
    let name = name.get(..unbracketed(name)).unwrap_or(name);
    let name = name.rsplit(|byte| *byte == b'[').next().unwrap_or(name);
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
