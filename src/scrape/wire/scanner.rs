//! A cursor over JSON bytes: reads strings, numbers and literals in place, and skips what nobody asked for.
//!
//! Strict about structure, so that a truncated or damaged body is never taken for a whole one, and lenient about the bytes
//! inside strings: clients send NULs and broken UTF-8, which is repaired where a text is kept. Nothing here recurses.

use super::Error;

/// A string as it stands between its quotes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Raw<'a> {
    /// The bytes between the quotes.
    pub(super) bytes: &'a [u8],
    /// Whether a backslash is among them.
    pub(super) escaped: bool,
}

/// Where we are in the body.
#[derive(Debug, Clone)]
pub(super) struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// The brackets that are open, one bit each (set: an object), so that 100,000 of them cost 12 kB and no call stack.
#[derive(Debug, Default)]
struct Nesting {
    depth: usize,
    word: u64,
    full_words: Vec<u64>,
}

impl<'a> Scanner<'a> {
    /// Starts at the first byte; a byte order mark is no part of the text.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        let at = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        Self { bytes, at }
    }

    /// Offset of the next byte.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Goes to an offset.
    pub(super) fn go(&mut self, at: usize) {
        self.at = at;
    }

    /// Goes over `count` bytes that were looked at.
    pub(super) fn advance(&mut self, count: usize) {
        self.at += count;
    }

    /// The bytes from `start` to where we are.
    pub(super) fn since(&self, start: usize) -> &'a [u8] {
        self.bytes.get(start..self.at).unwrap_or_default()
    }

    /// `len` bytes from `start`, where there are as many.
    pub(super) fn slice(&self, start: usize, len: usize) -> Option<&'a [u8]> {
        self.bytes.get(start..start.checked_add(len)?)
    }

    /// Whether the next bytes are these.
    pub(super) fn next_are(&self, expect: &[u8]) -> bool {
        self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(expect))
    }

    /// Skips white space and looks at the next byte.
    #[inline]
    pub(super) fn peek(&mut self) -> Option<u8> {
        loop {
            match self.bytes.get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                other => return other.copied(),
            }
        }
    }

    /// An error here.
    #[cold]
    pub(super) fn error(&self, problem: &'static str) -> Error {
        let problem = if self.at >= self.bytes.len() { "unexpected end of the body" } else { problem };
        Error { problem, offset: self.at.min(self.bytes.len()) }
    }

    /// Takes `byte` if it is the next one after white space.
    #[inline]
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// The next key of an object whose `{` was taken, its colon taken too; `None` after its `}`. `first` starts as true.
    #[inline]
    pub(super) fn next_key(&mut self, first: &mut bool) -> Result<Option<Raw<'a>>, Error> {
        match self.peek() {
            Some(b'}') => {
                self.at += 1;
                return Ok(None);
            }
            Some(b',') if !*first => self.at += 1,
            Some(b'"') if *first => {}
            _ => return Err(self.error("expected a key, ',' or '}'")),
        }
        *first = false;
        self.key().map(Some)
    }

    /// Whether there is another element in an array whose `[` was taken; the `]` is taken. `first` starts as true.
    #[inline]
    pub(super) fn next_element(&mut self, first: &mut bool) -> Result<bool, Error> {
        match self.peek() {
            // A comma that the bracket follows is caught where the value is missing.
            Some(b',') if !*first => self.at += 1,
            Some(b']') => {
                self.at += 1;
                return Ok(false);
            }
            Some(_) if *first => {}
            _ => return Err(self.error("expected ',' or ']'")),
        }
        *first = false;
        Ok(true)
    }

    /// A string.
    #[inline]
    pub(super) fn string(&mut self) -> Result<Raw<'a>, Error> {
        if !self.take(b'"') {
            return Err(self.error("expected a string"));
        }
        let start = self.at;
        let mut escaped = false;
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let Some(found) = soon(rest).or_else(|| memchr::memchr2(b'"', b'\\', rest)) else {
                self.at = self.bytes.len();
                return Err(self.error("unexpected end of the body"));
            };
            self.at += found;
            if rest.get(found) == Some(&b'"') {
                let bytes = self.since(start);
                self.at += 1;
                return Ok(Raw { bytes, escaped });
            }
            escaped = true;
            self.escape()?;
        }
    }

    /// A number, as it is written.
    pub(super) fn number(&mut self) -> Result<&'a [u8], Error> {
        let _ = self.peek();
        let start = self.at;
        self.at += usize::from(self.next_are(b"-"));
        let whole = self.at;
        self.digits()?;
        if self.at > whole + 1 && self.bytes.get(whole) == Some(&b'0') {
            self.at = whole;
            return Err(self.error("a number begins with 0"));
        }
        if self.next_are(b".") {
            self.at += 1;
            self.digits()?;
        }
        if self.next_are(b"e") || self.next_are(b"E") {
            self.at += 1;
            self.at += usize::from(self.next_are(b"+") || self.next_are(b"-"));
            self.digits()?;
        }
        Ok(self.since(start))
    }

    /// `true`, `false` or `null`, as it is written.
    pub(super) fn literal(&mut self) -> Result<&'static [u8], Error> {
        let _ = self.peek();
        for word in [b"null".as_slice(), b"true", b"false"] {
            if self.next_are(word) {
                self.at += word.len();
                return Ok(word);
            }
        }
        Err(self.error("expected a value"))
    }

    /// Takes `null` if it is next.
    pub(super) fn take_null(&mut self) -> Result<bool, Error> {
        if self.peek() != Some(b'n') {
            return Ok(false);
        }
        self.literal().map(|_| true)
    }

    /// Goes over one value of any kind, however deep, checking its grammar.
    pub(super) fn skip_value(&mut self) -> Result<(), Error> {
        let mut open = Nesting::default();
        loop {
            match self.peek() {
                Some(b'"') => drop(self.string()?),
                Some(b'{') => {
                    self.at += 1;
                    if !self.take(b'}') {
                        open.push(true);
                        let _ = self.key()?;
                        continue;
                    }
                }
                Some(b'[') => {
                    self.at += 1;
                    if !self.take(b']') {
                        open.push(false);
                        continue;
                    }
                }
                Some(b'-' | b'0'..=b'9') => drop(self.number()?),
                _ => drop(self.literal()?),
            }
            if !self.close(&mut open)? {
                return Ok(());
            }
        }
    }

    /// After a value: closes what ends here, and says whether another value follows.
    fn close(&mut self, open: &mut Nesting) -> Result<bool, Error> {
        while let Some(object) = open.innermost() {
            match (self.peek(), object) {
                (Some(b','), true) => {
                    self.at += 1;
                    let _ = self.key()?;
                    return Ok(true);
                }
                (Some(b','), false) => {
                    self.at += 1;
                    return Ok(true);
                }
                (Some(b'}'), true) | (Some(b']'), false) => {
                    self.at += 1;
                    open.pop();
                }
                (_, true) => return Err(self.error("expected ',' or '}'")),
                (_, false) => return Err(self.error("expected ',' or ']'")),
            }
        }
        Ok(false)
    }

    /// A key and its colon.
    #[inline]
    fn key(&mut self) -> Result<Raw<'a>, Error> {
        if self.peek() != Some(b'"') {
            return Err(self.error("expected a key"));
        }
        let key = self.string()?;
        if !self.take(b':') {
            return Err(self.error("expected ':'"));
        }
        Ok(key)
    }

    /// Goes over an escape sequence.
    fn escape(&mut self) -> Result<(), Error> {
        self.at += 1;
        match self.bytes.get(self.at) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => {
                self.at += 1;
                for _ in 0..4 {
                    if !self.bytes.get(self.at).is_some_and(u8::is_ascii_hexdigit) {
                        return Err(self.error("expected four hexadecimal digits"));
                    }
                    self.at += 1;
                }
            }
            _ => return Err(self.error("unknown escape sequence")),
        }
        Ok(())
    }

    /// At least one digit.
    fn digits(&mut self) -> Result<(), Error> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count == 0 {
            return Err(self.error("expected a digit"));
        }
        self.at += count;
        Ok(())
    }
}

/// Where a quote or backslash stands among the next 16 bytes. Most strings are keys and short values, for which calling
/// memchr costs more than looking.
#[inline]
fn soon(rest: &[u8]) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & (ONES << 7);
    let (words, _) = rest.first_chunk::<16>()?.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        // The lowest bit that is set is a true one, whatever carries have done above it.
        let found = zeros(word ^ (ONES * u64::from(b'"'))) | zeros(word ^ (ONES * u64::from(b'\\')));
        if found != 0 {
            return Some(index * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    None
}

impl Nesting {
    fn push(&mut self, object: bool) {
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.full_words.push(self.word);
        }
        self.word = self.word << 1 | u64::from(object);
        self.depth += 1;
    }

    fn pop(&mut self) {
        self.depth -= 1;
        self.word >>= 1;
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.word = self.full_words.pop().unwrap_or_default();
        }
    }

    fn innermost(&self) -> Option<bool> {
        (self.depth > 0).then_some(self.word & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skip(text: &str) -> Result<usize, Error> {
        let mut scanner = Scanner::new(text.as_bytes());
        scanner.skip_value().map(|()| scanner.at())
    }

    #[test]
    fn values_are_skipped_whole() {
        for text in [
            "null",
            "true",
            "false",
            "0",
            "-0",
            "-1.5e+10",
            r#""a\"b\\""#,
            "[]",
            "{}",
            "[ ]",
            "{ }",
            r#"[1,[2,{"a":[]}],{}]"#,
            r#"{"a":{"b":[1,2,{"c":null}]} , "d" : "\ud83d\ude00"}"#,
        ] {
            assert_eq!(skip(text), Ok(text.len()), "{text}");
            assert_eq!(skip(&format!("{text} ,")), Ok(text.len()), "{text}");
        }
    }

    #[test]
    fn damaged_values_are_refused_where_they_are_damaged() {
        for (text, offset) in [
            ("", 0),
            ("nul", 0),
            ("[1,]", 3),
            ("[,1]", 1),
            ("[1 2]", 3),
            (r#"{"a":1,}"#, 7),
            (r#"{"a" 1}"#, 5),
            ("{1:2}", 1),
            (r#"{"a":1]"#, 6),
            ("[1}", 2),
            ("01", 0),
            ("1.", 2),
            ("1e", 2),
            ("-", 1),
            (r#""\x""#, 2),
            (r#""\u12g4""#, 5),
            (r#""open"#, 5),
            ("[[[", 3),
        ] {
            assert_eq!(skip(text).unwrap_err().offset, offset, "{text}");
        }
    }

    #[test]
    fn depth_is_bounded_by_nothing_but_the_body() {
        let deep = 100_000;
        let text = format!("{}1{}", "[{\"a\":".repeat(deep), "}]".repeat(deep));
        assert_eq!(skip(&text), Ok(text.len()));
        assert_eq!(skip(&"[".repeat(deep)).unwrap_err().offset, deep);
        let wrong = format!("{}1{}", "[{\"a\":".repeat(deep), "]}".repeat(deep));
        assert_eq!(skip(&wrong).unwrap_err().offset, deep * 6 + 1);
    }
}
