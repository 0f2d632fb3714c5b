//! Texts from JSON strings: unescaped, made valid, cut to a limit.

use std::borrow::Cow;

use super::scanner::Raw;
use crate::model::occurrence::CUT;

/// What stands for whatever can not be part of a text: broken UTF-8, lone surrogates and NUL.
const REPLACEMENT: char = char::REPLACEMENT_CHARACTER;

impl<'a> Raw<'a> {
    /// The text, of at most `max` bytes and cut on a character's edge, and whether it was cut.
    pub(super) fn decode(self, max: usize) -> (String, bool) {
        if self.escaped {
            return unescape(self.bytes, max);
        }
        // A character has at most four bytes, so that what begins before the limit is whole in these.
        let head = self.bytes.get(..max.saturating_add(4)).unwrap_or(self.bytes);
        let text = match std::str::from_utf8(head) {
            Ok(text) if memchr::memchr(0, head).is_none() => Cow::Borrowed(text),
            _ => Cow::Owned(String::from_utf8_lossy(head).replace('\0', "\u{fffd}")),
        };
        if text.len() <= max {
            return (text.into_owned(), false);
        }
        (cut(&text, max).to_owned(), true)
    }

    /// The bytes to compare a key with.
    pub(super) fn name(self) -> Cow<'a, [u8]> {
        if self.escaped { Cow::Owned(unescape(self.bytes, 64).0.into_bytes()) } else { Cow::Borrowed(self.bytes) }
    }
}

/// As many whole characters of `text` as fit into `max` bytes.
pub(super) fn cut(text: &str, max: usize) -> &str {
    // A character has at most four bytes.
    (0..4).find_map(|less| text.get(..max.min(text.len()).checked_sub(less)?)).unwrap_or_default()
}

/// Says at the end of a text that it was cut to `max` bytes, in the place of its last ones, where there is room to say so.
pub(super) fn mark_cut(text: &mut String, max: usize) {
    if let Some(room) = max.checked_sub(CUT.len()) {
        text.truncate(cut(text, room).len());
        text.push_str(CUT);
    }
}

fn unescape(mut rest: &[u8], max: usize) -> (String, bool) {
    let mut text = String::with_capacity(rest.len().min(max));
    while !rest.is_empty() && text.len() <= max {
        let plain = memchr::memchr(b'\\', rest).unwrap_or(rest.len());
        if plain > 0 {
            let (head, tail) = rest.split_at(plain);
            let room = max - text.len();
            let (part, cut) = Raw { bytes: head, escaped: false }.decode(room);
            text.push_str(&part);
            if cut {
                return (text, true);
            }
            rest = tail;
            continue;
        }
        let (character, after) = escape(rest);
        if text.len() + character.len_utf8() > max {
            return (text, true);
        }
        text.push(character);
        rest = after;
    }
    (text, false)
}

/// The character that the escape sequence at the start of `rest` stands for, and what follows it.
fn escape(rest: &[u8]) -> (char, &[u8]) {
    let after = |count: usize| rest.get(count..).unwrap_or_default();
    let character = match rest.get(1) {
        Some(b'u') => {
            let high = hex(after(2));
            let character = match high {
                0xd800..=0xdbff if after(6).starts_with(b"\\u") => match hex(after(8)) {
                    low @ 0xdc00..=0xdfff => {
                        let pair = 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                        return (char::from_u32(pair).unwrap_or(REPLACEMENT), after(12));
                    }
                    _ => REPLACEMENT,
                },
                0 => REPLACEMENT,
                code => char::from_u32(code).unwrap_or(REPLACEMENT),
            };
            return (character, after(6));
        }
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(other) => char::from(*other),
        None => REPLACEMENT,
    };
    (character, after(2))
}

/// The value of four hexadecimal digits; the scanner has checked that they are.
fn hex(digits: &[u8]) -> u32 {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).unwrap_or(0);
    digits.iter().take(4).fold(0, |value, byte| value << 4 | digit(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(bytes: &[u8], max: usize) -> (String, bool) {
        Raw { bytes, escaped: bytes.contains(&b'\\') }.decode(max)
    }

    #[test]
    fn escapes_stand_for_their_characters() {
        for (raw, text) in [
            (r#"a\"\\\/\b\f\n\r\tz"#, "a\"\\/\u{8}\u{c}\n\r\tz"),
            (r"\u0041\u00e9\u20ac", "Aé€"),
            (r"\ud83d\ude00!", "😀!"),
            (r"\ud83d", "\u{fffd}"),
            (r"\ude00x", "\u{fffd}x"),
            (r"\ud83d\u0041", "\u{fffd}A"),
            (r"\ud83d\ud83d\ude00", "\u{fffd}😀"),
            (r"a\u0000b", "a\u{fffd}b"),
        ] {
            assert_eq!(decode(raw.as_bytes(), 100), (text.to_owned(), false), "{raw}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced() {
        assert_eq!(decode(b"a\0b", 100).0, "a\u{fffd}b");
        assert_eq!(decode(b"a\xffb", 100).0, "a\u{fffd}b");
        assert_eq!(decode(b"\xe2\x82", 100).0, "\u{fffd}");
        assert_eq!(decode(b"\\n\xff\0", 100).0, "\n\u{fffd}\u{fffd}");
    }

    #[test]
    fn a_cut_is_on_a_characters_edge_and_reported() {
        for (raw, max, text, cut) in [
            ("abc", 3, "abc", false),
            ("abcd", 3, "abc", true),
            ("a€", 3, "a", true),
            ("a€", 4, "a€", false),
            ("€€€€€€€€", 7, "€€", true),
            (r"a\u20ac", 3, "a", true),
            (r"\n\n\n", 2, "\n\n", true),
            (r"\nabc", 2, "\na", true),
            (r"abc\n", 3, "abc", true),
            ("", 0, "", false),
        ] {
            assert_eq!(decode(raw.as_bytes(), max), (text.to_owned(), cut), "{raw} {max}");
        }
    }
}
