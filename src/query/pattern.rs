//! Values with `*` in them.

use std::fmt;

use super::matcher::lexer::ESCAPED;

/// A value of a query: literal text with a wildcard `*` (any characters, none included) between its pieces.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pattern {
    /// The literal pieces; wildcards stand between them, so there is always one piece more than wildcards.
    pieces: Vec<String>,
}

impl Pattern {
    /// Reads a value as written: `*` is a wildcard; after a backslash, it and the other special characters are themselves.
    /// Any other backslash is itself, so that `App\Error` needs no care.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let (mut pieces, mut piece) = (Vec::new(), String::new());
        let mut chars = text.chars().peekable();
        while let Some(letter) = chars.next() {
            match letter {
                '*' => pieces.push(std::mem::take(&mut piece)),
                '\\' => piece.push(chars.next_if(|next| ESCAPED.contains(next)).unwrap_or('\\')),
                other => piece.push(other),
            }
        }
        pieces.push(piece);
        Self { pieces }
    }

    /// The pattern that just this text matches, whatever is in it.
    #[must_use]
    pub fn exactly(text: &str) -> Self {
        Self { pieces: vec![text.to_owned()] }
    }

    /// Reads a value as written between quotes, where `*` is itself.
    #[must_use]
    pub fn literal(text: &str) -> Self {
        Self { pieces: vec![Self::parse(text).pieces.join("*")] }
    }

    /// As it is written between quotes.
    pub(super) fn to_text(&self) -> String {
        self.escaped(&['*', '"', '\\'])
    }

    /// As it is written, with a backslash before what is in `special`.
    pub(super) fn escaped(&self, special: &[char]) -> String {
        let mut text = String::new();
        for (index, piece) in self.pieces.iter().enumerate() {
            if index > 0 {
                text.push('*');
            }
            for letter in piece.chars() {
                if special.contains(&letter) {
                    text.push('\\');
                }
                text.push(letter);
            }
        }
        text
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
        write!(f, "\"{}\"", self.to_text())
    }
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
    fn what_is_no_query_is_taken_as_it_is() {
        for text in ["", "*", r"CORP\\ada", r"CORP\-ada", r#"\"x\""#] {
            let pattern = Pattern::exactly(text);
            assert!(pattern.matches(text) && pattern.matches_label(Some(text)), "{text}");
            assert_eq!(Pattern::literal(&pattern.to_text()), pattern, "{text}");
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
