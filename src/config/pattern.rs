//! Regular expressions as Prometheus means them: RE2's syntax, matched against a whole value.
//!
//! Our engine is the regex crate, whose syntax grew out of RE2's. Where the two would read one text differently, it is
//! rewritten: `\d`, `\w`, `\s` and `\b` know only ASCII in RE2; `[`, `&&`, `--` and `~~` mean nothing inside a class there; a
//! brace that is no repetition is a brace; `\Q…\E` quotes.

use std::fmt;
use std::iter::Peekable;
use std::str::Chars;

use regex::Regex;

/// A regular expression that must match a whole value, unless it was made to be found anywhere. Equal when its text is equal.
#[derive(Clone)]
pub struct Pattern {
    text: String,
    regex: Regex,
}

impl Pattern {
    /// Compiles `text`. As in Prometheus 3 it is anchored at both ends, and `.` matches line feeds too.
    ///
    /// # Errors
    /// When `text` is no regular expression, or one that would need too much memory; a short sentence.
    pub fn new(text: impl Into<String>) -> Result<Self, String> {
        let text = text.into();
        let translated = translate(&text);
        // Compiled alone first, so that `a)(b` does not slip through the brackets that are put around it.
        Regex::new(&translated).map_err(|error| reason(&error))?;
        let regex = Regex::new(&format!("^(?s:{translated})$")).map_err(|error| reason(&error))?;
        Ok(Self { text, regex })
    }

    /// Compiles `text` to be found anywhere in a value, as RE2 does without anchors.
    ///
    /// # Errors
    /// As [`Pattern::new`].
    pub fn anywhere(text: impl Into<String>) -> Result<Self, String> {
        let text = text.into();
        let regex = Regex::new(&translate(&text)).map_err(|error| reason(&error))?;
        Ok(Self { text, regex })
    }

    /// As written in the file.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The expression. Of an anchored one group 0 is the whole value where it matches.
    #[must_use]
    pub fn regex(&self) -> &Regex {
        &self.regex
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({:?})", self.text)
    }
}

/// The library draws the expression with a caret under the mistake; one line is enough, its last.
fn reason(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

/// From RE2's syntax to the regex crate's.
fn translate(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' => escape(&mut rest, &mut out, false),
            '[' => class(&mut rest, &mut out),
            '{' if !repetition(&rest) => out.push_str(r"\{"),
            '{' => {
                out.push(c);
                // A repetition's own closing brace is copied with it; any other stands for itself.
                while let Some(c) = rest.next_if(|c| *c != '}') {
                    out.push(c);
                }
                out.extend(rest.next());
            }
            '}' => out.push_str(r"\}"),
            _ => out.push(c),
        }
    }
    out
}

/// Whether what follows a `{` makes it a repetition: `n}`, `n,}` or `n,m}`.
fn repetition(rest: &Peekable<Chars<'_>>) -> bool {
    let mut rest = rest.clone();
    let digits = |rest: &mut Peekable<Chars<'_>>| {
        let mut count = 0;
        while rest.next_if(char::is_ascii_digit).is_some() {
            count += 1;
        }
        count
    };
    if digits(&mut rest) == 0 {
        return false;
    }
    if rest.next_if_eq(&',').is_some() {
        digits(&mut rest);
    }
    rest.next() == Some('}')
}

/// A backslash and what belongs to it.
fn escape(rest: &mut Peekable<Chars<'_>>, out: &mut String, in_class: bool) {
    let Some(c) = rest.next() else {
        out.push('\\');
        return;
    };
    let (inside, negated) = match c.to_ascii_lowercase() {
        'd' => ("0-9", c == 'D'),
        'w' => ("0-9A-Za-z_", c == 'W'),
        's' => (r"\t\n\x0C\r ", c == 'S'),
        'p' => {
            // A Unicode class, in which braces belong to the name.
            out.extend(['\\', c]);
            if rest.peek() == Some(&'{') {
                while let Some(c) = rest.next_if(|c| *c != '}') {
                    out.push(c);
                }
            }
            out.extend(rest.next());
            return;
        }
        'x' => {
            out.extend(['\\', c]);
            if rest.peek() == Some(&'{') {
                while let Some(c) = rest.next_if(|c| *c != '}') {
                    out.push(c);
                }
                out.extend(rest.next());
            }
            return;
        }
        'q' if c == 'Q' && !in_class => {
            quoted(rest, out);
            return;
        }
        'b' if !in_class => {
            out.push_str(if c == 'b' { r"(?-u:\b)" } else { r"(?-u:\B)" });
            return;
        }
        _ => {
            out.extend(['\\', c]);
            return;
        }
    };
    match (in_class, negated) {
        (true, false) => out.push_str(inside),
        (_, true) => out.extend(["[^", inside, "]"]),
        (false, false) => out.extend(["[", inside, "]"]),
    }
}

/// The text between `\Q` and `\E`, or the end, each character for itself.
fn quoted(rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    let mut text = String::new();
    while let Some(c) = rest.next() {
        if c == '\\' && rest.next_if_eq(&'E').is_some() {
            break;
        }
        text.push(c);
    }
    out.push_str(&regex::escape(&text));
}

/// A class, from behind its `[` to its `]`.
fn class(rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    out.push('[');
    if rest.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    if rest.next_if_eq(&']').is_some() {
        out.push_str(r"\]");
    }
    while let Some(c) = rest.next() {
        match c {
            ']' => {
                out.push(c);
                return;
            }
            '[' if rest.peek() == Some(&':') => {
                // `[:alpha:]`: copied to its own bracket.
                out.push(c);
                while let Some(c) = rest.next_if(|c| *c != ']') {
                    out.push(c);
                }
                out.extend(rest.next());
            }
            '\\' => escape(rest, out, true),
            '[' | '&' | '~' => out.extend(['\\', c]),
            // Two in a row would be a difference of classes; a range's hyphen stands alone.
            '-' if rest.peek() == Some(&'-') => out.push_str(r"\-"),
            _ => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, yes: &[&str], no: &[&str]) {
        let compiled = Pattern::new(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        for text in yes {
            assert!(compiled.regex().is_match(text), "{pattern} should match {text:?}");
        }
        for text in no {
            assert!(!compiled.regex().is_match(text), "{pattern} should not match {text:?}");
        }
    }

    #[test]
    fn the_whole_value_must_match() {
        check("a|b", &["a", "b"], &["ab", "xa", "b\n", ""]);
        check("a.c", &["abc", "a\nc"], &["abcd"]);
        check("", &[""], &["a"]);
        check("(?i)prod", &["PROD"], &["prod1"]);
    }

    #[test]
    fn classes_of_characters_know_only_ascii() {
        check(r"\d+", &["10"], &["\u{663}", "x"]);
        check(r"\w+", &["az_9"], &["ä"]);
        check(r"\W", &["ä", "-"], &["a"]);
        check(r"\s", &[" ", "\t"], &["\u{a0}", "\u{b}"]);
        check(r"[\d.]+", &["1.2"], &["a"]);
        check(r"[^\d]", &["a", "\u{663}"], &["1"]);
        check(r"[\D]", &["a"], &["1"]);
        check(r"[^\D5]", &["1"], &["a", "5"]);
        check(r"a\b.*", &["a b", "aä"], &["ab"]);
    }

    #[test]
    fn signs_of_our_engine_mean_nothing_in_a_class() {
        check("[[]", &["["], &["a"]);
        check("[a[b]+", &["a[b"], &["]"]);
        check("[a&&b]+", &["a&b"], &["c"]);
        check("[]a]+", &["]a"], &["b"]);
        check("[^]a]", &["b"], &["]", "a"]);
        check("[a~~b]+", &["a~b"], &["c"]);
        check("[[:alpha:]_]+", &["ab_"], &["1"]);
        check("[a-c]", &["b"], &["-", "d"]);
        check(r"[\]x]+", &["]x"], &["\\"]);
    }

    #[test]
    fn braces_that_repeat_nothing_are_braces() {
        check("a{2}", &["aa"], &["a", "a{2}"]);
        check("a{1,2}", &["a", "aa"], &["aaa"]);
        check("a{1,}", &["a", "aaaa"], &[""]);
        check("a{,2}", &["a{,2}"], &["a", "aa"]);
        check("{x}", &["{x}"], &["x"]);
        check("a{", &["a{"], &["a"]);
    }

    #[test]
    fn escapes_are_those_of_re2() {
        check(r"\Qa.b\E.", &["a.bx"], &["axbx"]);
        check(r"\Qa.b", &["a.b"], &["axb"]);
        check(r"\pL+", &["aä"], &["1"]);
        check(r"\p{Greek}", &["α"], &["a"]);
        check(r"\x{e4}\x41", &["äA"], &["ä"]);
        check(r"(?P<x>a)(?<y>b)", &["ab"], &["a"]);
    }

    #[test]
    fn a_mistake_is_named_in_one_line() {
        for (text, expect) in [
            ("(", "unclosed group"),
            ("a)(b", "unopened group"),
            ("*", "repetition operator missing expression"),
            ("[a", "unclosed character class"),
            ("\\", "incomplete escape sequence, reached end of pattern prematurely"),
            ("(?=a)", "look-around, including look-ahead and look-behind, is not supported"),
            ("(?:a{1000}){1000}", "Compiled regex exceeds size limit of 10485760 bytes."),
        ] {
            assert_eq!(Pattern::new(text).unwrap_err(), expect, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_translation_panic(text in r"[\[\]\\{}()^$.|?*+&~:,QEdDwWsSbBpPx0-9a-]{0,40}|\PC{0,40}") {
            let _ = Pattern::new(text);
        }
    }
}
