//! Values with `*` in them, and text that is looked for whatever its case.

use std::fmt;

/// A value of a query: literal text with a wildcard `*` (any characters, none included) between its pieces.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pattern {
    /// The literal pieces; wildcards stand between them, so there is always one piece more than wildcards.
    pieces: Vec<String>,
}

impl Pattern {
    /// Reads a value as written: `*` is a wildcard; `\*`, `\"` and `\\` are those characters. Any other backslash is
    /// itself, so that `App\Error` needs no care.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let (mut pieces, mut piece) = (Vec::new(), String::new());
        let mut chars = text.chars().peekable();
        while let Some(letter) = chars.next() {
            match letter {
                '*' => pieces.push(std::mem::take(&mut piece)),
                '\\' => piece.push(chars.next_if(|next| matches!(next, '*' | '"' | '\\')).unwrap_or('\\')),
                other => piece.push(other),
            }
        }
        pieces.push(piece);
        Self { pieces }
    }

    /// The one text that matches; `None` when there is a wildcard.
    #[must_use]
    pub fn exact(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// Whether it is a lone `*`.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.pieces.len() > 1 && self.pieces.iter().all(String::is_empty)
    }

    /// Whether it is empty: no text and no wildcard.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.exact() == Some("")
    }

    /// Whether the whole of `text` matches, case by case.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let (Some((first, rest)), Some(last)) = (self.pieces.split_first(), self.pieces.last()) else { return false };
        if rest.is_empty() {
            return text == first;
        }
        let Some(text) = text.strip_prefix(first.as_str()).and_then(|text| text.strip_suffix(last.as_str())) else {
            return false;
        };
        contains_in_order(text, rest.split_last().map_or(&[][..], |(_, middle)| middle))
    }

    /// Whether a label has such a value. A lone `*` asks that there be one at all, and an empty pattern that there be
    /// none: an absent label and an empty one are the same, as in Prometheus.
    #[must_use]
    pub fn matches_label(&self, value: Option<&str>) -> bool {
        let value = value.unwrap_or("");
        if self.is_any() { !value.is_empty() } else { self.matches(value) }
    }
}

impl fmt::Display for Pattern {
    /// In quotes, in the form that [`Pattern::parse`] reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for (index, piece) in self.pieces.iter().enumerate() {
            if index > 0 {
                f.write_str("*")?;
            }
            for letter in piece.chars() {
                if matches!(letter, '*' | '"' | '\\') {
                    f.write_str("\\")?;
                }
                write!(f, "{letter}")?;
            }
        }
        f.write_str("\"")
    }
}

/// Looks for a pattern anywhere in a text, whatever its case.
#[derive(Debug)]
pub struct Finder {
    /// The pieces in lower case.
    pieces: Vec<String>,
    ascii: bool,
}

impl Finder {
    /// Prepares the search for `pattern`.
    #[must_use]
    pub fn new(pattern: &Pattern) -> Self {
        let pieces: Vec<String> =
            pattern.pieces.iter().filter(|piece| !piece.is_empty()).map(|piece| piece.to_lowercase()).collect();
        Self { ascii: pieces.iter().all(|piece| piece.is_ascii()), pieces }
    }

    /// Whether the pattern is anywhere in `text`.
    #[must_use]
    pub fn is_in(&self, text: &str) -> bool {
        if !self.ascii {
            return contains_in_order(&text.to_lowercase(), &self.pieces);
        }
        // Hundreds of thousands of messages may be looked through: no copy of each in lower case.
        let mut rest = text.as_bytes();
        self.pieces.iter().all(|piece| match find_ignoring_case(rest, piece.as_bytes()) {
            Some(after) => {
                rest = after;
                true
            }
            None => false,
        })
    }
}

/// What follows the first place where `needle` (ASCII, lower case, not empty) stands in `text`.
fn find_ignoring_case<'a>(text: &'a [u8], needle: &[u8]) -> Option<&'a [u8]> {
    let first = *needle.first()?;
    let places = memchr::memchr2_iter(first, first.to_ascii_uppercase(), text);
    places.into_iter().find_map(|at| {
        let (head, after) = text.get(at..)?.split_at_checked(needle.len())?;
        head.eq_ignore_ascii_case(needle).then_some(after)
    })
}

fn contains_in_order(text: &str, pieces: &[String]) -> bool {
    let mut rest = text;
    pieces.iter().all(|piece| match rest.split_once(piece.as_str()) {
        Some((_, after)) => {
            rest = after;
            true
        }
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_wildcard_stands_for_any_characters() {
        for (pattern, text, matches) in [
            ("abc", "abc", true),
            ("abc", "ABC", false),
            ("abc", "abcd", false),
            ("*", "", true),
            ("*", "x", true),
            ("*Timeout*", "java.net.SocketTimeoutException", true),
            ("java.*Exception", "java.net.SocketTimeoutException", true),
            ("java.*Error", "java.net.SocketTimeoutException", false),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            (r"2\*2", "2*2", true),
            (r"2\*2", "2x2", false),
            (r"App\Error", r"App\Error", true),
            (r"App\\Error", r"App\Error", true),
            ("", "", true),
            ("", "x", false),
        ] {
            assert_eq!(Pattern::parse(pattern).matches(text), matches, "{pattern} on {text}");
        }
    }

    #[test]
    fn a_lone_star_asks_for_a_label_and_an_empty_value_for_its_absence() {
        for (pattern, value, matches) in [
            ("*", None, false),
            ("*", Some("x"), true),
            ("", None, true),
            ("", Some("x"), false),
            ("x", Some("x"), true),
            ("a*", None, false),
        ] {
            assert_eq!(Pattern::parse(pattern).matches_label(value), matches, "{pattern} on {value:?}");
        }
    }

    #[test]
    fn text_is_found_anywhere_whatever_its_case() {
        for (pattern, text, found) in [
            ("timeout", "java.net.SocketTimeoutException", true),
            ("TIMEOUT", "connection timeout", true),
            ("con*out", "Connection timed out", true),
            ("out*con", "Connection timed out", false),
            ("ärger", "GROSSER ÄRGER", true),
            ("tt", "t", false),
            ("ttx", "tttx", true),
            ("*", "anything", true),
        ] {
            assert_eq!(Finder::new(&Pattern::parse(pattern)).is_in(text), found, "{pattern} in {text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(text in any::<String>()) {
            let pattern = Pattern::parse(&text);
            let shown = pattern.to_string();
            let inner = &shown[1..shown.len() - 1];
            prop_assert_eq!(Pattern::parse(inner), pattern);
        }

        #[test]
        fn wildcards_match_as_the_regular_expression_does(pattern in "[ab*]{0,6}", text in "[ab]{0,8}") {
            let expression = format!("^(?s:{})$", pattern.replace('*', ".*"));
            let expected = regex::Regex::new(&expression).unwrap().is_match(&text);
            prop_assert_eq!(Pattern::parse(&pattern).matches(&text), expected);
        }
    }
}
