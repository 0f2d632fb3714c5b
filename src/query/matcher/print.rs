//! The canonical form of a query: read again, it is the same query.

use std::fmt::{self, Display};

use super::key::Key;
use super::lexer::split_key;
use super::{Field, Has, Moment, Node, Predicate, Property, Query, Seen, Term, Text};
use crate::model::time::Millis;

impl Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root.fmt(f)
    }
}

impl Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Term(term) => term.fmt(f),
            Self::Not(node) => {
                f.write_str("-")?;
                in_brackets(node, !matches!(**node, Self::Term(_)), f)
            }
            Self::And(nodes) => separated(nodes, " ", |node| matches!(node, Self::And(_) | Self::Or(_)), f),
            Self::Or(nodes) => separated(nodes, " OR ", |node| matches!(node, Self::Or(_)), f),
        }
    }
}

fn separated(
    nodes: &[Node],
    between: &str,
    brackets: impl Fn(&Node) -> bool,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    for (index, node) in nodes.iter().enumerate() {
        if index > 0 {
            f.write_str(between)?;
        }
        in_brackets(node, brackets(node), f)?;
    }
    Ok(())
}

fn in_brackets(node: &Node, brackets: bool, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if brackets { write!(f, "({node})") } else { node.fmt(f) }
}

impl Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.predicate {
            Predicate::Property(property, value) => write!(f, "{property}:{value}"),
            Predicate::Is(is) => write!(f, "is:{}", is.name()),
            Predicate::Has(has) => write!(f, "has:{has}"),
            Predicate::Aggregate(id) => write!(f, "aggregate:{id}"),
            Predicate::Seen(seen, comparison, moment) => {
                let key = match seen {
                    Seen::First => "first_seen",
                    Seen::Last => "last_seen",
                };
                write!(f, "{key}:{}{moment}", comparison.sign())
            }
            Predicate::Count(comparison, number) => write!(f, "count:{}{number}", comparison.sign()),
            Predicate::Text(Field::Any, text) => text.fmt(f),
            Predicate::Text(field, text) => write!(f, "{field}:{text}"),
        }
    }
}

impl Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service => f.write_str("service"),
            Self::Severity => f.write_str("severity"),
            Self::State => f.write_str("state"),
            Self::Class => f.write_str("class"),
            Self::Key => f.write_str("key"),
            Self::Target(name) => write!(f, "target.{name}"),
            Self::Label(name) => write!(f, "label.{name}"),
            Self::Assignee => f.write_str("assignee"),
            Self::Note => f.write_str("note"),
        }
    }
}

impl Display for Has {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Target(name) => write!(f, "target.{name}"),
            Self::Label(name) => write!(f, "label.{name}"),
            Self::AnyLabel => f.write_str("label"),
            Self::Assignee => f.write_str("assignee"),
            Self::Note => f.write_str("note"),
            Self::Text(field) => field.fmt(f),
        }
    }
}

impl Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => Ok(()),
            Self::Message => f.write_str("message"),
            Self::Cause => f.write_str("cause"),
            Self::Stack => f.write_str("stack"),
            Self::Url => f.write_str("url"),
            Self::Method => f.write_str("method"),
            Self::Headers => f.write_str("header"),
            Self::Header(name) => write!(f, "header.{name}"),
        }
    }
}

impl Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FromNow(Millis(0)) => f.write_str("now"),
            Self::FromNow(by) if by.0 > 0 => write!(f, "+{by}"),
            Self::FromNow(by) => by.fmt(f),
            Self::At(time) => time.fmt(f),
        }
    }
}

impl Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.phrase {
            return self.pattern.fmt(f);
        }
        let word = self.pattern.escaped(&['*', '"', '\\', '(', ')']);
        let word = match word.strip_prefix('-') {
            Some(rest) => format!("\\-{rest}"),
            None => word,
        };
        // `Foo::Bar` is text as it stands; what would be read as a key is not.
        match split_key(&word, |key| Key::read(key).is_some()) {
            Some(_) => f.write_str(&word.replacen(':', "\\:", 1)),
            None => f.write_str(&word),
        }
    }
}
