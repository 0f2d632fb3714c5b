//! What is looked for in texts: sequences of words, each whole, a beginning, or with wildcards.

use std::ops::Range;

use super::token::{self, Kind, TOKEN_BYTES_MAX, Word};

/// Most words next to each other that may be any: more are taken for as many. Texts of one field are indexed with a larger
/// gap between them, so that no sequence reaches from one to the next.
pub(super) const ANYS_MAX: usize = 7;

/// Longest beginning of a value that a [`Glob`] over whole values sees, in bytes.
pub const VALUE_BYTES_MAX: usize = 1024;

/// Words that stand next to each other in a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sequence {
    /// One after the other; none of them means that nothing is looked for.
    pub words: Vec<WordMatch>,
}

/// What one word of a text is compared with. Case does not matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WordMatch {
    /// The word or one of its parts is this word; or each part of this word is the word or one of its parts.
    Word {
        /// As a token.
        whole: String,
        /// Its parts as tokens, where it has several.
        parts: Vec<String>,
    },
    /// The word or one of its parts begins with this.
    Prefix(String),
    /// The word or one of its parts has this shape.
    Glob(Glob),
    /// It may be any word. Never the first or the last of a sequence.
    Any,
}

/// Literal text with wildcards between its pieces; a wildcard stands for any characters, none included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob {
    /// Folded; wildcards stand between them, so there is always one piece more than wildcards.
    pieces: Vec<String>,
}

impl Glob {
    /// Reads `*` as a wildcard; `\*`, `\"` and `\\` are those characters, any other backslash is itself.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut pieces = vec![String::new()];
        for (letter, literal) in letters(text) {
            match pieces.last_mut() {
                Some(piece) if literal || letter != '*' => piece.push(letter),
                _ => pieces.push(String::new()),
            }
        }
        Self { pieces: pieces.iter().map(|piece| token::fold(piece, VALUE_BYTES_MAX)).collect() }
    }

    /// Whether the whole of `folded` has this shape. It must have been folded.
    #[must_use]
    pub fn matches(&self, folded: &str) -> bool {
        let (Some((first, rest)), Some(last)) = (self.pieces.split_first(), self.pieces.last()) else { return false };
        if rest.is_empty() {
            return folded == first;
        }
        let Some(mut middle) = folded.strip_prefix(first.as_str()).and_then(|text| text.strip_suffix(last.as_str()))
        else {
            return false;
        };
        rest.split_last().map_or(&[][..], |(_, pieces)| pieces).iter().all(|piece| match middle.find(piece.as_str()) {
            Some(at) => {
                middle = middle.get(at + piece.len()..).unwrap_or("");
                true
            }
            None => false,
        })
    }

    /// What every text of this shape begins with.
    #[must_use]
    pub fn prefix(&self) -> &str {
        self.pieces.first().map_or("", String::as_str)
    }
}

/// The characters of a pattern, and whether each was escaped.
fn letters(text: &str) -> impl Iterator<Item = (char, bool)> {
    let mut letters = text.chars().peekable();
    std::iter::from_fn(move || {
        let letter = letters.next()?;
        if letter != '\\' {
            return Some((letter, false));
        }
        let escaped = letters.next_if(|next| matches!(next, '*' | '"' | '\\'));
        Some((escaped.unwrap_or('\\'), true))
    })
}

impl WordMatch {
    /// Compares with this word.
    #[must_use]
    pub fn word(word: &str) -> Self {
        let parts = token::parts(word).into_iter().map(|part| token::fold(part, TOKEN_BYTES_MAX)).collect();
        Self::Word { whole: token::fold(word, TOKEN_BYTES_MAX), parts }
    }

    /// Whether a word of a text is what is looked for.
    #[must_use]
    pub fn matches(&self, word: &str) -> bool {
        match self {
            Self::Word { whole, parts } => {
                if token::folds_to(word, whole) {
                    return true;
                }
                let have = token::parts(word);
                let has = |token: &String| {
                    token::folds_to(word, token) || have.iter().any(|part| token::folds_to(part, token))
                };
                has(whole) || (!parts.is_empty() && parts.iter().all(has))
            }
            Self::Prefix(prefix) => {
                let begins = |text: &str| token::folds_to_begin(text, prefix);
                begins(word) || token::parts(word).into_iter().any(begins)
            }
            Self::Glob(glob) => {
                let mut found = false;
                token::tokens(word, |token| found |= glob.matches(token));
                found
            }
            Self::Any => true,
        }
    }
}

impl WordMatch {
    /// Whether `text` may hold such a word: most texts do not, which is told without looking at their words.
    fn may_be_in(&self, text: &str) -> bool {
        // Some letters beyond ASCII fold to letters of it, never the other way round.
        let needle = match self {
            _ if !text.is_ascii() => return true,
            Self::Word { whole, parts } => parts.first().unwrap_or(whole),
            Self::Prefix(prefix) => prefix,
            Self::Glob(glob) => return glob.pieces.iter().all(|piece| has_folded(text, piece)),
            Self::Any => return true,
        };
        has_folded(text, needle)
    }
}

/// Whether `needle`, which is folded, stands in an ASCII text.
fn has_folded(text: &str, needle: &str) -> bool {
    let (text, needle) = (text.as_bytes(), needle.as_bytes());
    let Some(first) = needle.first() else { return true };
    let places = memchr::memchr2_iter(*first, first.to_ascii_uppercase(), text);
    places
        .map(|at| text.get(at..at + needle.len()))
        .any(|here| here.is_some_and(|here| here.eq_ignore_ascii_case(needle)))
}

impl Sequence {
    /// The words of `text` next to each other, whatever separates them.
    #[must_use]
    pub fn phrase(text: &str) -> Self {
        Self { words: token::words(text).map(|word| WordMatch::word(word.text)).collect() }
    }

    /// The same, the last of them only begun, unless a separator follows it.
    #[must_use]
    pub fn prefix(text: &str) -> Self {
        let mut sequence = Self::phrase(text);
        let last = token::words(text).last().filter(|last| {
            last.end() == text.len() && last.text.chars().all(|letter| token::kind(letter) == Kind::Letter)
        });
        if let (Some(last), Some(word)) = (last, sequence.words.last_mut()) {
            *word = WordMatch::Prefix(token::fold(last.text, TOKEN_BYTES_MAX));
        }
        sequence
    }

    /// Words with wildcards: a `*` stands for any characters of one word, one by itself between others for one word.
    #[must_use]
    pub fn wildcard(pattern: &str) -> Self {
        let mut sequence = Self::default();
        let (mut run, mut beside_single) = (Run::default(), false);
        for (letter, literal) in letters(pattern) {
            let wild = letter == '*' && !literal;
            match token::kind(letter) {
                _ if wild => run.push('*', true),
                Kind::Letter => run.push(letter, false),
                other => {
                    // A wildcard beside a word of one character has nothing to stand for.
                    run.end(&mut sequence, beside_single || other == Kind::Alone);
                    beside_single = other == Kind::Alone;
                    if beside_single {
                        sequence.words.push(WordMatch::word(letter.encode_utf8(&mut [0; 4])));
                    }
                }
            }
        }
        run.end(&mut sequence, beside_single);
        while sequence.words.last() == Some(&WordMatch::Any) {
            sequence.words.pop();
        }
        sequence
    }

    /// Whether nothing is looked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Whether it stands in these words.
    pub(super) fn is_in<'a>(&self, mut words: impl Iterator<Item = Word<'a>>) -> bool {
        match self.words.as_slice() {
            [] => true,
            [only] => words.any(|word| only.matches(word.text)),
            several => {
                let words: Vec<Word<'a>> = words.collect();
                words.windows(several.len()).any(|window| matches(several, window))
            }
        }
    }

    /// Where it stands in `text`, in bytes, without overlaps.
    pub(super) fn find(&self, text: &str) -> Vec<Range<usize>> {
        let possible = !self.is_empty() && self.words.iter().all(|word| word.may_be_in(text));
        let words: Vec<Word<'_>> = if possible { token::words(text).collect() } else { Vec::new() };
        let (mut found, mut at) = (Vec::new(), 0);
        while let Some(window) = words.get(at..at + self.words.len()) {
            let (Some(first), Some(last)) = (window.first(), window.last()) else { break };
            if matches(&self.words, window) {
                found.push(first.at..last.end());
                at += window.len();
            } else {
                at += 1;
            }
        }
        found
    }
}

fn matches(wanted: &[WordMatch], window: &[Word<'_>]) -> bool {
    wanted.iter().zip(window).all(|(wanted, word)| wanted.matches(word.text))
}

/// A run of letters and wildcards that is to become a word.
#[derive(Default)]
struct Run {
    text: String,
    wild: bool,
}

impl Run {
    fn push(&mut self, letter: char, wild: bool) {
        self.text.push(letter);
        self.wild |= wild;
    }

    fn end(&mut self, sequence: &mut Sequence, beside_single: bool) {
        let Self { text, wild } = std::mem::take(self);
        let only_wild = text.chars().all(|letter| letter == '*');
        if text.is_empty() || (only_wild && beside_single) {
            return;
        }
        if only_wild {
            let anys = sequence.words.iter().rev().take_while(|word| **word == WordMatch::Any).count();
            if !sequence.is_empty() && anys < ANYS_MAX {
                sequence.words.push(WordMatch::Any);
            }
            return;
        }
        sequence.words.push(match text.strip_suffix('*') {
            Some(prefix) if !prefix.contains('*') => WordMatch::Prefix(token::fold(prefix, TOKEN_BYTES_MAX)),
            _ if wild => WordMatch::Glob(Glob::parse(&text)),
            _ => WordMatch::word(&text),
        });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn finds(sequence: &Sequence, text: &str) -> bool {
        sequence.is_in(token::words(text))
    }

    #[test]
    fn words_and_their_parts_are_found_whatever_their_case() {
        let check = |looked_for: &str, text: &str, expect: bool| {
            assert_eq!(finds(&Sequence::phrase(looked_for), text), expect, "{looked_for:?} in {text:?}");
        };
        for looked_for in [
            "HikariPool-1",
            "hikaripool",
            "hikari",
            "Pool",
            "pool-1",
            "HikariPool-1 - Connection",
            "connection IS",
            "PoolHikari",
        ] {
            check(looked_for, "HikariPool-1 - Connection is not available", true);
        }
        for looked_for in ["hikaripoo", "1 connection not", "pool is", "HikariPool-2", "connection hikaripool"] {
            check(looked_for, "HikariPool-1 - Connection is not available", false);
        }
        for looked_for in
            ["com.foo.BarService.getUser", "BarService.getUser", "getUser", "getuser", "user", "bar", "foo"]
        {
            check(looked_for, "at com.foo.BarService.getUser(BarService.java:12)", true);
        }
        check("NullPointer", "java.lang.NullPointerException", true);
        check("nullpointer", "java.lang.NullPointerException", false);
        check("getUser failed", "GETUSER failed", true);
        check("550e8400-e29b-41d4-a716-446655440000", "id 550E8400-E29B-41D4-A716-446655440000.", true);
        check("550e8400-e29b-41d4-a716-446655440001", "id 550E8400-E29B-41D4-A716-446655440000.", false);
        check("446655440000", "id 550E8400-E29B-41D4-A716-446655440000.", true);
        check("接続エラー", "データベース接続エラー", true);
        check("接エ", "データベース接続エラー", false);
        check("=>", "anything: nothing is looked for", true);
    }

    #[test]
    fn prefixes_complete_the_last_word_only() {
        let check = |looked_for: &str, text: &str, expect: bool| {
            assert_eq!(finds(&Sequence::prefix(looked_for), text), expect, "{looked_for:?} in {text:?}");
        };
        check("timeo", "Connection Timeout", true);
        check("poin", "NullPointerException", true);
        check("nullpoin", "NullPointerException", true);
        check("imeout", "Connection Timeout", false);
        check("com.foo.Bar", "com.foo.BarService", true);
        check("co.foo.Bar", "com.foo.BarService", false);
        check("com.foo.", "com.foo.BarService", true);
        check("com.foo.", "com.foo", true);
        check("com.fo.", "com.foo", false);
        check("デー", "データベース", true);
    }

    #[test]
    fn wildcards_stay_within_words() {
        let check = |looked_for: &str, text: &str, expect: bool| {
            assert_eq!(finds(&Sequence::wildcard(looked_for), text), expect, "{looked_for:?} in {text:?}");
        };
        check("*Timeout*", "java.net.SocketTimeoutException", true);
        check("*timeout", "java.net.SocketTimeoutException", true);
        check("*out", "java.net.SocketTimeoutException", true);
        check("sock*ion", "java.net.SocketTimeoutException", true);
        check("java*Exception", "java.net.SocketTimeoutException", false);
        check("java.*.Socket*", "java.net.SocketTimeoutException", true);
        check("net.*.Socket*", "java.net.SocketTimeoutException", false);
        check("/users/*/orders", "http://shop/api/users/17/orders?x=1", true);
        check("/users/*/orders", "http://shop/api/users/orders", false);
        check("デー*", "データ", true);
        check("*タ", "データ", true);
        check("a\\*b", "a*b", true);
        check("*/users/*", "/users", true);
        check("a.*.*.b", "a.1.2.b", true);
        check("a.*.*.b", "a.1.b", false);
        check("*", "...", true);
    }

    #[test]
    fn globs_match_whole_values() {
        let check = |glob: &str, text: &str, expect: bool| {
            assert_eq!(Glob::parse(glob).matches(&token::fold(text, VALUE_BYTES_MAX)), expect, "{glob:?} on {text:?}");
        };
        check("*Timeout*", "java.net.SocketTimeoutException", true);
        check("java.*Exception", "java.net.SocketTimeoutException", true);
        check("java.*timeout", "java.net.SocketTimeoutException", false);
        check("a*b*c", "abc", true);
        check("a*bc*c", "abc", false);
        check("aa*aa", "aaa", false);
        check("\\*url.Error", "*url.Error", true);
        check("App\\Error", "app\\error", true);
        check("*", "", true);
    }

    #[test]
    fn findings_are_where_they_stand() {
        let text = "Timeout: read timed out, HikariPool-1 timeout";
        let texts = |sequence: &Sequence| sequence.find(text).into_iter().map(|range| &text[range]).collect::<Vec<_>>();
        assert_eq!(texts(&Sequence::phrase("timeout")), ["Timeout", "timeout"]);
        assert_eq!(texts(&Sequence::phrase("timed out")), ["timed out"]);
        assert_eq!(texts(&Sequence::phrase("pool-1")), ["HikariPool-1"]);
        assert_eq!(texts(&Sequence::prefix("time")), ["Timeout", "timed", "timeout"]);
        assert_eq!(texts(&Sequence::default()), [""; 0]);
    }

    proptest! {
        #[test]
        fn what_stands_in_a_text_is_found_there(
            text in "[a-cA-C1 .*-]{0,30}|[abKſĸſ\u{212a} -]{0,12}",
            wanted in "[a-cA-C1 .*-]{1,8}|[abkKsſ\u{212a}-]{1,4}",
        ) {
            for sequence in [Sequence::phrase(&wanted), Sequence::prefix(&wanted), Sequence::wildcard(&wanted)] {
                if !sequence.is_empty() {
                    prop_assert_eq!(sequence.is_in(token::words(&text)), !sequence.find(&text).is_empty(), "{:?}", sequence);
                }
            }
        }
    }
}
