//! Cuts a query into brackets, operators and words, counting characters.
//!
//! A word ends at a blank, or at a closing bracket that was not opened in the word: `getUser()` is one word, and in
//! `(a OR getUser())` the last bracket is not of it. After a backslash, `*`, `"`, `\`, `(`, `)`, `:` and `-` are
//! themselves.

use super::super::Error;

/// Walks through the text.
#[derive(Debug, Clone)]
pub(in crate::query) struct Lexer<'a> {
    rest: &'a str,
    position: usize,
}

/// What stands next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::query) enum Next {
    End,
    Open,
    Close,
    And,
    Or,
    Not,
    /// A `-` before a term or a bracket.
    Minus,
    Term,
}

/// A term as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::query) struct Written<'a> {
    /// What stands before the colon, and its position.
    pub(in crate::query) key: Option<(&'a str, usize)>,
    /// The value or the text, without its quotes.
    pub(in crate::query) value: &'a str,
    /// Where the value or its opening quote stands.
    pub(in crate::query) position: usize,
    /// Whether it stood in quotes.
    pub(in crate::query) quoted: bool,
}

impl<'a> Lexer<'a> {
    pub(in crate::query) fn new(text: &'a str) -> Self {
        Self { rest: text, position: 0 }
    }

    /// Where it is, in characters.
    pub(in crate::query) fn position(&self) -> usize {
        self.position
    }

    /// What stands next, after blanks.
    pub(in crate::query) fn peek(&mut self) -> Next {
        let blanks = self.rest.len() - self.rest.trim_start().len();
        self.take(blanks);
        let word = self.rest.get(..word_len(self.rest)).unwrap_or("");
        match self.rest.chars().next() {
            None => Next::End,
            Some('(') => Next::Open,
            Some(')') => Next::Close,
            Some('-') => Next::Minus,
            Some(_) => match word {
                "AND" => Next::And,
                "OR" => Next::Or,
                "NOT" => Next::Not,
                _ => Next::Term,
            },
        }
    }

    /// Moves over an operator or a bracket that [`Lexer::peek`] saw.
    pub(in crate::query) fn skip(&mut self, next: Next) {
        self.take(match next {
            Next::End | Next::Term => 0,
            Next::Open | Next::Close | Next::Minus => 1,
            Next::Or => 2,
            Next::And | Next::Not => 3,
        });
    }

    /// Whether something stands directly here, with no blank before it.
    pub(in crate::query) fn touches(&self) -> bool {
        self.rest.chars().next().is_some_and(|letter| !letter.is_whitespace() && letter != ')')
    }

    /// Reads a term. `is_key` says whether a word is a key: an unknown word before `::` or `://` is text.
    pub(in crate::query) fn term(&mut self, is_key: impl Fn(&str) -> bool) -> Result<Written<'a>, Error> {
        let key_position = self.position;
        if self.rest.starts_with('"') {
            let position = self.position;
            return Ok(Written { key: None, value: self.quoted()?, position, quoted: true });
        }
        let word = self.rest.get(..word_len(self.rest)).unwrap_or("");
        let Some(key) = split_key(word, is_key) else {
            let position = self.position;
            return Ok(Written { key: None, value: self.take(word.len()), position, quoted: false });
        };
        self.take(key.len() + 1);
        let position = self.position;
        let key = Some((key, key_position));
        if self.rest.starts_with('"') {
            return Ok(Written { key, value: self.quoted()?, position, quoted: true });
        }
        let len = word_len(self.rest);
        Ok(Written { key, value: self.take(len), position, quoted: false })
    }

    /// Reads a term that may end in the middle, as it does while somebody types.
    pub(in crate::query) fn begun(&mut self, is_key: impl Fn(&str) -> bool) -> Written<'a> {
        let here = self.clone();
        if let Ok(written) = self.term(&is_key) {
            return written;
        }
        // Only a quote can be wrong in a term.
        *self = here;
        let key = split_key(self.rest.get(..word_len(self.rest)).unwrap_or(""), is_key);
        let key = key.filter(|_| !self.rest.starts_with('"')).map(|key| (key, self.position));
        if let Some((key, _)) = key {
            self.take(key.len() + 1);
        }
        let position = self.position;
        self.take(1);
        Written { key, value: self.take(self.rest.len()), position, quoted: true }
    }

    /// Whether nothing is left, not even a blank.
    pub(in crate::query) fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    /// What stands between the quote here and the next one that has no backslash before it.
    fn quoted(&mut self) -> Result<&'a str, Error> {
        let open = self.position;
        self.take(1);
        let mut escaped = false;
        let end = self.rest.char_indices().find(|(_, letter)| {
            let closes = *letter == '"' && !escaped;
            escaped = *letter == '\\' && !escaped;
            closes
        });
        let Some((end, _)) = end else {
            return Err(invalid(open, r#"this quote is not closed; write \" for a quote that is text"#));
        };
        let text = self.take(end);
        self.take(1);
        if self.touches() {
            return Err(invalid(self.position, "there is no blank after the closing quote"));
        }
        Ok(text)
    }

    /// Moves on by so many bytes and gives what was there.
    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.position += taken.chars().count();
        self.rest = rest;
        taken
    }
}

/// Characters that are themselves after a backslash.
pub(in crate::query) const ESCAPED: [char; 7] = ['*', '"', '\\', '(', ')', ':', '-'];

/// The key of a word: what stands before its first colon, where that may be one.
pub(in crate::query) fn split_key(word: &str, is_key: impl Fn(&str) -> bool) -> Option<&str> {
    let (key, rest) = word.split_once(':')?;
    let letters = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '/');
    if !key.starts_with(char::is_alphabetic) || !key.chars().all(letters) {
        return None;
    }
    let is_text = rest.starts_with(':') || rest.starts_with("//");
    (is_key(key) || !is_text).then_some(key)
}

/// Bytes of the word at the begin of `text`.
fn word_len(text: &str) -> usize {
    let (mut open, mut letters) = (0_usize, text.char_indices().peekable());
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => drop(letters.next_if(|(_, next)| ESCAPED.contains(next))),
            '(' => open += 1,
            ')' if open == 0 => return at,
            ')' => open -= 1,
            blank if blank.is_whitespace() => return at,
            _ => {}
        }
    }
    text.len()
}

pub(in crate::query) fn invalid(position: usize, message: impl Into<String>) -> Error {
    Error::Invalid { param: "q", position: Some(position), message: message.into() }
}
