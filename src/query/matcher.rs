//! The query language's first part: terms that all have to hold.
//!
//! `service:checkout -severity:info class:*Timeout* target.version:2.* label.team:payments is:new "connection reset"`
//!
//! A term is `key:value`, or text that is looked for in class, message and key. `-` before a term asks for the opposite.
//! Values match whole and case by case, with `*` for any characters; text matches anywhere, whatever its case. Values and
//! text with blanks stand in double quotes. `AND`, `OR`, `NOT` and brackets are kept for the language to come: in quotes
//! they are text like any other.

use std::fmt;

use super::pattern::Pattern;
use super::{Error, suggestion};
use crate::model::aggregate::State;
use crate::model::id::AggregateId;
use crate::model::severity::Severity;

/// Characters a query may have: a screen full. It is in every link, and links longer than this break on their way.
pub const QUERY_CHARS_MAX: usize = 4096;

/// Terms a query may have: each may cost a look at every aggregate.
pub const TERMS_MAX: usize = 64;

/// A parsed query: all terms have to hold; with none, everything is selected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// The terms in the order in which they were written.
    pub terms: Vec<Term>,
}

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// Whether the opposite is asked for.
    pub negated: bool,
    /// The condition.
    pub predicate: Predicate,
    /// Where what may be unknown of it stands in the query, in characters from 0: a label's name, otherwise the value.
    pub position: usize,
}

/// What a term asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Predicate {
    /// `key:value`: a property has such a value.
    Property(Property, Pattern),
    /// `is:word`.
    Is(Is),
    /// `aggregate:id`.
    Aggregate(AggregateId),
    /// Text that is in class, message or key, whatever its case.
    Text(Pattern),
}

/// Properties an aggregate or a target has a text for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Property {
    /// Name of the service.
    Service,
    /// `info`, `warning`, `error`.
    Severity,
    /// `open`, `resolved`, `muted`.
    State,
    /// The exception's class.
    Class,
    /// The client's aggregation key.
    Key,
    /// The newest sample's message.
    Message,
    /// A label of the target at which it was counted.
    Target(String),
    /// An annotation label.
    Label(String),
}

/// Words of `is:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Is {
    /// In this state.
    State(State),
    /// Resolved once and happening again.
    Regressed,
    /// First seen within [`super::NEW_FOR`].
    New,
}

const KEYS: [&str; 10] =
    ["service", "severity", "state", "is", "class", "key", "message", "aggregate", "target.NAME", "label.NAME"];

impl Query {
    /// Reads a query; blank text selects everything.
    ///
    /// # Errors
    /// [`Error::Invalid`] for `q` with the position of the mistake: an unknown key, a value the key does not have, an open
    /// quote, or more than the limits allow.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.chars().count() > QUERY_CHARS_MAX {
            return Err(invalid(QUERY_CHARS_MAX, format!("the query is longer than {QUERY_CHARS_MAX} characters")));
        }
        let mut reader = Reader { rest: text, position: 0 };
        let mut terms = Vec::new();
        loop {
            reader.skip_blanks();
            if reader.rest.is_empty() {
                return Ok(Self { terms });
            }
            if terms.len() == TERMS_MAX {
                return Err(invalid(reader.position, format!("the query has more than {TERMS_MAX} terms")));
            }
            terms.push(reader.term()?);
        }
    }
}

/// Walks through the text, counting characters.
struct Reader<'a> {
    rest: &'a str,
    position: usize,
}

impl<'a> Reader<'a> {
    fn skip_blanks(&mut self) {
        let blanks = self.rest.len() - self.rest.trim_start().len();
        self.take(blanks);
    }

    /// Moves on by so many bytes and gives what was there.
    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.position += taken.chars().count();
        self.rest = rest;
        taken
    }

    fn term(&mut self) -> Result<Term, Error> {
        let negated = self.rest.starts_with('-');
        if negated {
            self.take(1);
        }
        let position = self.position;
        match self.rest.chars().next() {
            None => return Err(invalid(position, "there is nothing after -; put a dash that is text in quotes")),
            Some(blank) if blank.is_whitespace() => {
                return Err(invalid(position, "there is nothing after -; put a dash that is text in quotes"));
            }
            Some('"') => {
                let text = Pattern::parse(self.quoted()?);
                return text_term(negated, text, position);
            }
            Some(bracket @ ('(' | ')')) => {
                return Err(invalid(
                    position,
                    format!("{bracket} is reserved; put text that starts with it in quotes"),
                ));
            }
            Some(_) => {}
        }
        let word = self.rest.split(char::is_whitespace).next().unwrap_or("");
        let Some((key, _)) = word.split_once(':') else {
            self.take(word.len());
            if matches!(word, "AND" | "OR" | "NOT") {
                return Err(invalid(position, format!("{word} is reserved; put the word in quotes to look for it")));
            }
            return text_term(negated, Pattern::parse(word), position);
        };
        self.take(key.len() + 1);
        let value_position = self.position;
        let predicate = match Key::read(key) {
            Some(known) => known.predicate(&Pattern::parse(self.value(key)?), value_position)?,
            None => return Err(unknown_key(key, position)),
        };
        let of_label = matches!(predicate, Predicate::Property(Property::Target(_) | Property::Label(_), _));
        Ok(Term { negated, predicate, position: if of_label { position } else { value_position } })
    }

    /// A value: quoted, or up to the next blank.
    fn value(&mut self, key: &str) -> Result<&'a str, Error> {
        if self.rest.starts_with('"') {
            return self.quoted();
        }
        let word = self.rest.split(char::is_whitespace).next().unwrap_or("");
        if word.is_empty() {
            return Err(invalid(self.position, format!("{key}: has no value; write {key}:\"\" for an empty one")));
        }
        Ok(self.take(word.len()))
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
        let Some((end, _)) = end else { return Err(invalid(open, "this quote is not closed")) };
        let text = self.take(end);
        self.take(1);
        if self.rest.chars().next().is_some_and(|next| !next.is_whitespace()) {
            return Err(invalid(self.position, "there is no blank after the closing quote"));
        }
        Ok(text)
    }
}

/// A key as written.
enum Key {
    Property(Property),
    Is,
    Aggregate,
}

impl Key {
    fn read(key: &str) -> Option<Self> {
        Some(Self::Property(match key {
            "service" => Property::Service,
            "severity" | "level" => Property::Severity,
            "state" => Property::State,
            "class" => Property::Class,
            "key" => Property::Key,
            "message" => Property::Message,
            "is" => return Some(Self::Is),
            "aggregate" => return Some(Self::Aggregate),
            _ => match key.split_once('.')? {
                ("target", name) if is_label_name(name) => Property::Target(name.to_owned()),
                ("label", name) if is_label_name(name) => Property::Label(name.to_owned()),
                _ => return None,
            },
        }))
    }

    fn predicate(self, value: &Pattern, position: usize) -> Result<Predicate, Error> {
        match self {
            Self::Property(property) => {
                let severities = Severity::ALL.map(Severity::name);
                let states = State::ALL.map(State::name);
                match property {
                    Property::Severity => check_word("severity", value, &severities, position)?,
                    Property::State => check_word("state", value, &states, position)?,
                    _ => {}
                }
                Ok(Predicate::Property(property, value.clone()))
            }
            Self::Is => {
                let word = value.exact().unwrap_or("*");
                let is = Is::ALL.into_iter().find(|is| is.name() == word);
                is.map(Predicate::Is).ok_or_else(|| {
                    let known = suggestion::known(word, Is::ALL.map(Is::name));
                    invalid(position, format!("there is no is:{word}{known}"))
                })
            }
            Self::Aggregate => {
                let id = value.exact().and_then(|text| text.parse().ok());
                id.map(|id| Predicate::Aggregate(AggregateId(id)))
                    .ok_or_else(|| invalid(position, format!("aggregate:{value} is no id: ids are whole numbers")))
            }
        }
    }
}

impl Is {
    const ALL: [Self; 5] =
        [Self::State(State::Open), Self::State(State::Resolved), Self::State(State::Muted), Self::Regressed, Self::New];

    fn name(self) -> &'static str {
        match self {
            Self::State(state) => state.name(),
            Self::Regressed => "regressed",
            Self::New => "new",
        }
    }
}

fn is_label_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '/'))
}

fn check_word(key: &str, value: &Pattern, words: &[&'static str], position: usize) -> Result<(), Error> {
    if words.iter().any(|word| value.matches(word)) {
        return Ok(());
    }
    let known = suggestion::known(value.exact().unwrap_or(""), words.iter().copied());
    Err(invalid(position, format!("there is no {key} {value}{known}")))
}

fn text_term(negated: bool, text: Pattern, position: usize) -> Result<Term, Error> {
    if text.is_empty() {
        return Err(invalid(position, "this text is empty"));
    }
    Ok(Term { negated, predicate: Predicate::Text(text), position })
}

fn unknown_key(key: &str, position: usize) -> Error {
    let known = suggestion::known(key, KEYS);
    invalid(position, format!("there is no key {key:?}{known}; put text that holds a colon in quotes"))
}

fn invalid(position: usize, message: impl Into<String>) -> Error {
    Error::Invalid { param: "q", position: Some(position), message: message.into() }
}

impl fmt::Display for Query {
    /// In a form that [`Query::parse`] reads: every value in quotes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, term) in self.terms.iter().enumerate() {
            let blank = if index == 0 { "" } else { " " };
            let minus = if term.negated { "-" } else { "" };
            write!(f, "{blank}{minus}{}", term.predicate)?;
        }
        Ok(())
    }
}

impl fmt::Display for Predicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Property(property, value) => write!(f, "{property}:{value}"),
            Self::Is(is) => write!(f, "is:{}", is.name()),
            Self::Aggregate(id) => write!(f, "aggregate:{id}"),
            Self::Text(text) => write!(f, "{text}"),
        }
    }
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service => f.write_str("service"),
            Self::Severity => f.write_str("severity"),
            Self::State => f.write_str("state"),
            Self::Class => f.write_str("class"),
            Self::Key => f.write_str("key"),
            Self::Message => f.write_str("message"),
            Self::Target(name) => write!(f, "target.{name}"),
            Self::Label(name) => write!(f, "label.{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn queries_are_read_as_they_are_written() {
        for (text, canonical) in [
            ("", ""),
            ("   ", ""),
            ("service:checkout", r#"service:"checkout""#),
            ("level:warning  -severity:info", r#"severity:"warning" -severity:"info""#),
            ("severity:*", r#"severity:"*""#),
            ("state:open is:new is:resolved", r#"state:"open" is:new is:resolved"#),
            (r#"class:*Timeout* message:"*connection reset*""#, r#"class:"*Timeout*" message:"*connection reset*""#),
            (r"class:App\Foo", r#"class:"App\\Foo""#),
            ("key:a:b:c aggregate:17", r#"key:"a:b:c" aggregate:17"#),
            ("target.version:2.* label.team:payments", r#"target.version:"2.*" label.team:"payments""#),
            (r#"label.team:"" -label.team:*"#, r#"label.team:"" -label.team:"*""#),
            ("timeout -retry", r#""timeout" -"retry""#),
            (r#""-x" --x "OR" a"b"#, r#""-x" -"-x" "OR" "a\"b""#),
            (r#""say \"hi\"" "a\*b""#, r#""say \"hi\"" "a\*b""#),
        ] {
            assert_eq!(Query::parse(text).unwrap().to_string(), canonical, "{text}");
        }
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        for (text, position, says) in [
            ("servce:x", 0, r#"there is no key "servce"; did you mean "service"?; known: service, severity"#),
            ("a -colour:red", 3, r#"there is no key "colour"; known: service"#),
            ("http://x", 0, "put text that holds a colon in quotes"),
            (":x", 0, r#"there is no key """#),
            ("target.:x", 0, r#"there is no key "target.""#),
            ("service:", 8, r#"service: has no value; write service:"" for an empty one"#),
            ("severity:eror", 9, r#"there is no severity "eror"; did you mean "error"?; known: info, warning, error"#),
            ("state:closed", 6, r#"there is no state "closed""#),
            ("is:newish", 3, "there is no is:newish; known: open, resolved, muted, regressed, new"),
            ("is:*", 3, "there is no is:*"),
            ("aggregate:x", 10, r#"aggregate:"x" is no id"#),
            ("aggregate:4294967296", 10, "is no id"),
            (r#"ä class:"x"#, 8, "this quote is not closed"),
            (r#"class:"x\""#, 6, "this quote is not closed"),
            (r#""a"b"#, 3, "there is no blank after the closing quote"),
            (r#"a """#, 2, "this text is empty"),
            ("a OR b", 2, "OR is reserved"),
            ("(a b)", 0, "( is reserved"),
            ("a - b", 3, "there is nothing after -"),
            ("-", 1, "there is nothing after -"),
        ] {
            let Err(Error::Invalid { param, position: at, message }) = Query::parse(text) else {
                panic!("{text} was taken");
            };
            assert_eq!((param, at), ("q", Some(position)), "{text}: {message}");
            assert!(message.contains(says), "{text}: {message}");
        }
    }

    #[test]
    fn limits_hold() {
        assert!(Query::parse(&"x ".repeat(TERMS_MAX)).is_ok());
        assert!(Query::parse(&"x ".repeat(TERMS_MAX + 1)).unwrap_err().to_string().contains("more than 64 terms"));
        assert!(Query::parse(&"x".repeat(QUERY_CHARS_MAX + 1)).unwrap_err().to_string().contains("4096 characters"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in any::<String>()) {
            let _ = Query::parse(&text);
        }

        #[test]
        fn what_is_shown_is_read_back(
            text in r#"(-?((service|class|key|message|target\.x|label\.y|is|level|aggregate)?:?["*\\a-c1:-]{0,5}"?[a *]{0,3}"?) ){0,4}"#
        ) {
            if let Ok(query) = Query::parse(&text) {
                let shown = query.to_string();
                let again = Query::parse(&shown).unwrap();
                prop_assert_eq!(again.to_string(), shown);
                let strip = |query: &Query| -> Vec<(bool, Predicate)> {
                    query.terms.iter().map(|term| (term.negated, term.predicate.clone())).collect()
                };
                prop_assert_eq!(strip(&again), strip(&query));
            }
        }
    }
}
