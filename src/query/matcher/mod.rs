//! The query language: what it can say, and its canonical form. docs/query-language.md is its grammar.
//!
//! `service:checkout is:open -url:/health (stack:HikariPool OR "connection refused") first_seen:>-24h`
//!
//! | file | what |
//! | --- | --- |
//! | lexer | words, quotes and brackets, with their places |
//! | key | the keys there are, and what each takes as a value |
//! | parser | terms, AND, OR, NOT and brackets |
//! | print | the canonical form, which is read as the same query |

pub(super) mod key;
pub(super) mod lexer;
mod parser;
mod print;
#[cfg(test)]
mod tests;

use super::pattern::Pattern;
use crate::model::id::AggregateId;
use crate::model::time::{Millis, Timestamp};
use crate::model::triage::State;
use crate::search::condition::{self, TextMatch};

/// Characters a query may have: a screen full. It is in every link, and links longer than this break on their way.
pub const QUERY_CHARS_MAX: usize = 4096;

/// Terms a query may have: each may cost a look at every aggregate.
pub const TERMS_MAX: usize = 64;

/// Brackets and negations that may stand in each other: more nobody can read, and reading takes a call for each.
pub const DEPTH_MAX: usize = 32;

/// A parsed query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The whole of it.
    pub root: Node,
}

/// A condition. As it is read, there is no list in a list of its kind, no list of one, no negation of a negation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// One term.
    Term(Term),
    /// The opposite.
    Not(Box<Self>),
    /// All of them; of none, which is the empty query, everything.
    And(Vec<Self>),
    /// At least one of them.
    Or(Vec<Self>),
}

/// One term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// What it asks for.
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
    /// `has:…`: there is something of it.
    Has(Has),
    /// `aggregate:id`.
    Aggregate(AggregateId),
    /// `first_seen:>-24h`.
    Seen(Seen, Comparison, Moment),
    /// `count:>100`, counted in the request's range.
    Count(Comparison, u64),
    /// Text, with or without a key.
    Text(Field, Text),
}

/// Properties whose whole value is compared.
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
    /// A label of the target at which it was counted.
    Target(String),
    /// An annotation label.
    Label(String),
    /// Who cares for it.
    Assignee,
    /// What people wrote about it.
    Note,
}

/// Words of `is:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Is {
    /// In this state.
    State(State),
    /// Resolved once and happening again.
    Regressed,
    /// First seen a short while ago.
    New,
    /// Happening much more often than it used to.
    Escalating,
}

/// Words of `has:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Has {
    /// A label of the target.
    Target(String),
    /// An annotation label.
    Label(String),
    /// Any annotation label.
    AnyLabel,
    /// An assignee.
    Assignee,
    /// A note.
    Note,
    /// A text.
    Text(Field),
}

/// The times that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// When it was first seen.
    First,
    /// When it was last seen.
    Last,
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `=`, or nothing
    Equal,
    /// `>=`
    AtLeast,
    /// `>`
    More,
}

/// A time as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// So long after the time of the question; negative is before.
    FromNow(Millis),
    /// A time of the calendar.
    At(Timestamp),
}

/// Texts of a sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    /// Class, message, causes, stack, URL and headers.
    Any,
    /// The message.
    Message,
    /// Classes, messages and stacks of the causes.
    Cause,
    /// The stack.
    Stack,
    /// The request's URL.
    Url,
    /// The request's method.
    Method,
    /// Names and values of the request's headers.
    Headers,
    /// The value of one header of the request.
    Header(String),
}

/// A text that is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The text. In a phrase there are no wildcards.
    pub pattern: Pattern,
    /// Whether it stood in quotes: its words are to stand next to each other.
    pub phrase: bool,
}

impl Query {
    /// The query that everything satisfies.
    #[must_use]
    pub fn everything() -> Self {
        Self { root: Node::And(Vec::new()) }
    }

    /// Whether it asks for any text of samples.
    #[must_use]
    pub fn is_textual(&self) -> bool {
        self.terms().iter().any(|term| matches!(term.predicate, Predicate::Text(..) | Predicate::Has(Has::Text(_))))
    }

    /// All its terms.
    #[must_use]
    pub fn terms(&self) -> Vec<&Term> {
        fn collect<'a>(node: &'a Node, terms: &mut Vec<&'a Term>) {
            match node {
                Node::Term(term) => terms.push(term),
                Node::Not(node) => collect(node, terms),
                Node::And(nodes) | Node::Or(nodes) => nodes.iter().for_each(|node| collect(node, terms)),
            }
        }
        let mut terms = Vec::new();
        collect(&self.root, &mut terms);
        terms
    }
}

impl Field {
    /// The field as the search knows it.
    #[must_use]
    pub fn searched(&self) -> condition::Field {
        match self {
            Self::Any => condition::Field::Any,
            Self::Message => condition::Field::Message,
            Self::Cause => condition::Field::Cause,
            Self::Stack => condition::Field::Stack,
            Self::Url => condition::Field::Url,
            Self::Method => condition::Field::Method,
            Self::Headers => condition::Field::Header,
            Self::Header(name) => condition::Field::NamedHeader(name.clone()),
        }
    }
}

impl Text {
    /// What is looked for, as the search knows it.
    #[must_use]
    pub fn matches(&self) -> TextMatch {
        match self.pattern.exact() {
            Some(text) if self.phrase => TextMatch::phrase(text),
            Some(text) => TextMatch::words(text),
            None => TextMatch::wildcard(&self.pattern.to_text()),
        }
    }
}

impl Default for Query {
    fn default() -> Self {
        Self::everything()
    }
}

impl Comparison {
    /// Whether `left` and `right` compare so.
    #[must_use]
    pub fn holds<T: Ord>(self, left: &T, right: &T) -> bool {
        let order = left.cmp(right);
        match self {
            Self::Less => order.is_lt(),
            Self::AtMost => order.is_le(),
            Self::Equal => order.is_eq(),
            Self::AtLeast => order.is_ge(),
            Self::More => order.is_gt(),
        }
    }
}

impl Moment {
    /// The time it is when it is `now`.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Timestamp {
        match self {
            Self::FromNow(by) => now.plus(by),
            Self::At(time) => time,
        }
    }
}
