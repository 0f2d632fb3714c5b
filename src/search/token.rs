//! How text becomes tokens: the same for what is indexed, what is asked for and what is highlighted.
//!
//! A **word** is a run of letters, digits and combining marks; everything else separates, so `com.foo.BarService.getUser`,
//! `bar_service`, `HikariPool-1` and a UUID are several words next to each other. Characters of scripts that are written
//! without spaces, and pictographs, are a word each, so that any stretch of such a text is found as words next to each
//! other.
//!
//! A word's **tokens** are the word itself and, where its letters change case as in `getUser` or `HTTPServer`, each of its
//! parts. All are folded to lower case and cut to [`TOKEN_BYTES_MAX`].

/// Version of the rules in this file: an index that was made with others is made anew.
pub const VERSION: u32 = 1;

/// Longest token in bytes; longer ones are cut there, in texts and in questions alike. Hashes are 64 characters at most,
/// what is longer is data that nobody types.
pub const TOKEN_BYTES_MAX: usize = 64;

/// A word with more parts is taken for random letters (base64), of which only the whole is a token.
const PARTS_MAX: usize = 12;

/// A word of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word<'a> {
    /// Where it begins in the text, in bytes.
    pub at: usize,
    /// As it is written.
    pub text: &'a str,
}

impl Word<'_> {
    /// Where it ends in the text, in bytes.
    #[must_use]
    pub fn end(&self) -> usize {
        self.at + self.text.len()
    }
}

/// The words of `text` in their order.
pub fn words(text: &str) -> impl Iterator<Item = Word<'_>> {
    Words { text, at: 0 }
}

/// `text` in the form in which tokens are compared, cut to `bytes_max`.
#[must_use]
pub fn fold(text: &str, bytes_max: usize) -> String {
    if text.is_ascii() {
        return text.get(..bytes_max).unwrap_or(text).to_ascii_lowercase();
    }
    let mut folded = String::with_capacity(text.len().min(bytes_max));
    for letter in text.chars().flat_map(fold_char) {
        if folded.len() + letter.len_utf8() > bytes_max {
            break;
        }
        folded.push(letter);
    }
    folded
}

/// The parts of a word as they are written; none where it has just one.
#[must_use]
pub fn parts(word: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    // Most words are lower case, or are so after their first letter: no parts and no memory for them.
    if word.bytes().skip(1).all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()) {
        return parts;
    }
    let (mut begin, mut before, mut letters) = (0, None, word.char_indices().peekable());
    while let Some((at, letter)) = letters.next() {
        let after = letters.peek().map(|(_, letter)| *letter);
        if let Some(part) = word.get(begin..at)
            && before.is_some_and(|before| begins_part(before, letter, after))
        {
            parts.push(part);
            begin = at;
        }
        before = Some(letter);
    }
    if let Some(part) = word.get(begin..)
        && !parts.is_empty()
    {
        parts.push(part);
    }
    if parts.len() > PARTS_MAX { Vec::new() } else { parts }
}

/// Calls `visit` with every token of a word once, the whole word first.
pub fn tokens(word: &str, mut visit: impl FnMut(&str)) {
    let whole = fold(word, TOKEN_BYTES_MAX);
    visit(&whole);
    let parts = parts(word);
    if parts.is_empty() {
        return;
    }
    let parts: Vec<String> = parts.into_iter().map(|part| fold(part, TOKEN_BYTES_MAX)).collect();
    for (place, part) in parts.iter().enumerate() {
        let seen = parts.iter().take(place).any(|other| other == part);
        if !seen && *part != whole {
            visit(part);
        }
    }
}

/// Whether `text` folds to `token`, without making a copy of most texts.
pub(super) fn folds_to(text: &str, token: &str) -> bool {
    if text.is_ascii() {
        let cut = text.get(..TOKEN_BYTES_MAX).unwrap_or(text);
        return cut.eq_ignore_ascii_case(token);
    }
    fold(text, TOKEN_BYTES_MAX) == token
}

/// Whether the token that `text` folds to begins with `prefix`, a part of a token, without making a copy of most texts.
pub(super) fn folds_to_begin(text: &str, prefix: &str) -> bool {
    if text.is_ascii() {
        return text.get(..prefix.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(prefix));
    }
    fold(text, TOKEN_BYTES_MAX).starts_with(prefix)
}

/// Whether a part of a word begins with `letter`: `getUser` is get and user, `HTTPServer` is http and server, `HTTP2Go` is
/// http2 and go, and `3F2A9c` is one.
fn begins_part(before: char, letter: char, after: Option<char>) -> bool {
    if !letter.is_uppercase() {
        return false;
    }
    let lower_follows = after.is_some_and(char::is_lowercase);
    before.is_lowercase() || (lower_follows && (before.is_uppercase() || before.is_numeric()))
}

struct Words<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Iterator for Words<'a> {
    type Item = Word<'a>;

    fn next(&mut self) -> Option<Word<'a>> {
        let rest = self.text.get(self.at..)?;
        let (skipped, kind) =
            rest.char_indices().map(|(at, letter)| (at, kind(letter))).find(|(_, kind)| *kind != Kind::Separator)?;
        let begin = self.at + skipped;
        let rest = self.text.get(begin..)?;
        let length = match kind {
            Kind::Alone => rest.chars().next().map_or(0, char::len_utf8),
            _ => rest
                .char_indices()
                .find(|(_, letter)| self::kind(*letter) != Kind::Letter)
                .map_or(rest.len(), |(at, _)| at),
        };
        self.at = begin + length;
        Some(Word { at: begin, text: rest.get(..length)? })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It is of the word that its neighbours are of.
    Letter,
    /// It is a word by itself.
    Alone,
    /// It is of no word.
    Separator,
}

pub(super) fn kind(letter: char) -> Kind {
    if letter.is_ascii() {
        return if letter.is_ascii_alphanumeric() { Kind::Letter } else { Kind::Separator };
    }
    match letter {
        // Combining accents, as decomposed text has them; variation selectors and joiners are invisible.
        '\u{300}'..='\u{36f}' => Kind::Letter,
        // Thai to Tibetan and Myanmar, Khmer; kana, ideographs (the first four planes' extensions included).
        '\u{e00}'..='\u{fff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' => alone_if(letter.is_alphanumeric()),
        '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}' => {
            alone_if(letter.is_alphanumeric())
        }
        // Pictographs.
        '\u{2600}'..='\u{27bf}' | '\u{1f000}'..='\u{1faff}' => Kind::Alone,
        other if other.is_alphanumeric() => Kind::Letter,
        _ => Kind::Separator,
    }
}

fn alone_if(condition: bool) -> Kind {
    if condition { Kind::Alone } else { Kind::Separator }
}

fn fold_char(letter: char) -> impl Iterator<Item = char> {
    // Lower case has two small sigmas, which one is a question of place; all else is as Unicode says for one character.
    letter.to_lowercase().map(|letter| if letter == 'ς' { 'σ' } else { letter })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str) -> Vec<&str> {
        words(text).map(|word| word.text).collect()
    }

    fn tokens_of(word: &str) -> Vec<String> {
        let mut all = Vec::new();
        tokens(word, |token| all.push(token.to_owned()));
        all
    }

    #[test]
    fn words_are_runs_of_letters_and_digits() {
        let check = |text: &str, expect: &[&str]| assert_eq!(of(text), expect, "{text:?}");
        check("", &[]);
        check(" .->", &[]);
        check("HikariPool-1 - Connection", &["HikariPool", "1", "Connection"]);
        check("com.foo.BarService.getUser", &["com", "foo", "BarService", "getUser"]);
        check("bar_service", &["bar", "service"]);
        check("user-service/v2", &["user", "service", "v2"]);
        check("550e8400-e29b", &["550e8400", "e29b"]);
        check("Fehler: Größe überschritten", &["Fehler", "Größe", "überschritten"]);
        check("ошибка подключения", &["ошибка", "подключения"]);
        check("接続エラー!", &["接", "続", "エ", "ラ", "ー"]);
        check("a🔥b 연결 실패", &["a", "🔥", "b", "연결", "실패"]);
        check("cafe\u{301} ok", &["cafe\u{301}", "ok"]);
    }

    #[test]
    fn words_know_where_they_are() {
        let text = "é: BarService";
        for word in words(text) {
            assert_eq!(&text[word.at..word.end()], word.text);
        }
    }

    #[test]
    fn tokens_are_the_word_and_its_parts_in_lower_case() {
        let check = |word: &str, expect: &[&str]| assert_eq!(tokens_of(word), expect, "{word:?}");
        check("timeout", &["timeout"]);
        check("Timeout", &["timeout"]);
        check("TIMEOUT", &["timeout"]);
        check("getUser", &["getuser", "get", "user"]);
        check("HikariPool", &["hikaripool", "hikari", "pool"]);
        check("HTTPServer", &["httpserver", "http", "server"]);
        check("HTTP2Server", &["http2server", "http2", "server"]);
        check("V2Api", &["v2api", "v2", "api"]);
        check("3F2A9CDE", &["3f2a9cde"]);
        check("3f2a9cde", &["3f2a9cde"]);
        check("PingPingPong", &["pingpingpong", "ping", "pong"]);
        check("größeÄndern", &["größeändern", "größe", "ändern"]);
        check("ΟΔΟΣ", &["οδοσ"]);
        check("οδος", &["οδοσ"]);
        check("aBcDeFgHiJkLmNoPqRsTuVwXyZ", &["abcdefghijklmnopqrstuvwxyz"]);
        check(&"x".repeat(100), &["x".repeat(64).as_str()]);
        check(&"é".repeat(40), &["é".repeat(32).as_str()]);
    }

    proptest! {
        #[test]
        fn every_text_has_bounded_tokens_that_fold_to_themselves(text in ".{0,60}|[A-Za-z0-9_.]{0,200}") {
            let mut end = 0;
            for word in words(&text) {
                prop_assert!(word.at >= end && !word.text.is_empty());
                prop_assert_eq!(&text[word.at..word.end()], word.text);
                end = word.end();
                // What is between separators is one word, whatever stands around it.
                prop_assert_eq!(of(word.text), vec![word.text]);
                let tokens = tokens_of(word.text);
                prop_assert!(folds_to(word.text, &tokens[0]));
                for (place, token) in tokens.iter().enumerate() {
                    prop_assert!(!token.is_empty() && token.len() <= TOKEN_BYTES_MAX);
                    prop_assert!(!tokens[..place].contains(token));
                    prop_assert_eq!(&fold(token, TOKEN_BYTES_MAX), token);
                }
                let parts = parts(word.text);
                prop_assert!(parts.is_empty() || parts.concat() == word.text);
            }
        }
    }
}
