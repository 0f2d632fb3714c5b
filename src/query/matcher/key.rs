//! The keys there are, and what each takes as a value.

use super::super::pattern::Pattern;
use super::super::{Error, suggestion, time};
use super::lexer::{Written, invalid};
use super::{Comparison, Field, Has, Is, Moment, Predicate, Property, Seen, Text};
use crate::model::id::AggregateId;
use crate::model::severity::Severity;
use crate::model::time::{Millis, Timestamp};
use crate::model::triage::State;

/// The keys as messages and completion name them, in the order in which one would think of them.
pub(in crate::query) const NAMES: [&str; 22] = [
    "service",
    "is",
    "severity",
    "state",
    "class",
    "message",
    "stack",
    "cause",
    "url",
    "method",
    "header",
    "header.NAME",
    "label.NAME",
    "target.NAME",
    "assignee",
    "note",
    "has",
    "first_seen",
    "last_seen",
    "count",
    "key",
    "aggregate",
];

/// What `has:` asks for, as messages and completion name it.
pub(in crate::query) const HAS: [&str; 12] = [
    "label",
    "label.NAME",
    "target.NAME",
    "assignee",
    "note",
    "message",
    "stack",
    "cause",
    "url",
    "method",
    "header",
    "header.NAME",
];

/// A key as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::query) enum Key {
    Property(Property),
    Text(Field),
    Is,
    Has,
    Aggregate,
    Seen(Seen),
    Count,
}

impl Key {
    pub(in crate::query) fn read(key: &str) -> Option<Self> {
        Some(match key {
            "service" => Self::Property(Property::Service),
            "severity" | "level" => Self::Property(Property::Severity),
            "state" => Self::Property(Property::State),
            "class" => Self::Property(Property::Class),
            "key" => Self::Property(Property::Key),
            "assignee" => Self::Property(Property::Assignee),
            "note" => Self::Property(Property::Note),
            "is" => Self::Is,
            "has" => Self::Has,
            "aggregate" => Self::Aggregate,
            "first_seen" => Self::Seen(Seen::First),
            "last_seen" => Self::Seen(Seen::Last),
            "count" => Self::Count,
            _ => match (field(key), key.split_once('.')) {
                (Some(field), _) => Self::Text(field),
                (None, Some(("target", name))) if is_label_name(name) => {
                    Self::Property(Property::Target(name.to_owned()))
                }
                (None, Some(("label", name))) if is_label_name(name) => {
                    Self::Property(Property::Label(name.to_owned()))
                }
                _ => return None,
            },
        })
    }

    /// What the key and its value ask for.
    pub(in crate::query) fn predicate(self, name: &str, written: &Written<'_>) -> Result<Predicate, Error> {
        let position = written.position;
        Ok(match self {
            Self::Property(property) => {
                let value = Pattern::parse(written.value);
                let words: &[&'static str] = match property {
                    Property::Severity => &Severity::ALL.map(Severity::name),
                    Property::State => &State::ALL.map(State::name),
                    _ => &[],
                };
                check_word(name, &value, words, position)?;
                Predicate::Property(property, value)
            }
            Self::Text(field) => Predicate::Text(field, text(written)?),
            Self::Is => {
                let word = written.value;
                let is = Is::ALL.into_iter().find(|is| is.name() == word);
                Predicate::Is(is.ok_or_else(|| {
                    let known = suggestion::known(word, Is::ALL.map(Is::name));
                    invalid(position, format!("there is no is:{word}{known}"))
                })?)
            }
            Self::Has => Predicate::Has(Has::read(written.value).ok_or_else(|| {
                let known = suggestion::known(written.value, HAS);
                invalid(position, format!("there is no has:{}{known}", written.value))
            })?),
            Self::Aggregate => {
                let id = written.value.parse().map_err(|_| {
                    invalid(position, format!("aggregate:{:?} is no id: ids are whole numbers", written.value))
                })?;
                Predicate::Aggregate(AggregateId(id))
            }
            Self::Seen(seen) => {
                let (comparison, value) = Comparison::read(written.value);
                let (Some(comparison), Some(moment)) = (comparison, Moment::read(value)) else {
                    let message = format!(
                        "{name}:{} is no comparison with a time; write {name}:>-24h, {name}:<now-7d, \
                         {name}:>=2026-11-20T10:00:00Z or {name}:>1795168800",
                        written.value
                    );
                    return Err(invalid(position, message));
                };
                Predicate::Seen(seen, comparison, moment)
            }
            Self::Count => {
                let (comparison, value) = Comparison::read(written.value);
                let number = value.parse().map_err(|_| {
                    let message = format!(
                        "count:{} is no comparison with a whole number; write count:>100, count:<=5 or count:1",
                        written.value
                    );
                    invalid(position, message)
                })?;
                Predicate::Count(comparison.unwrap_or(Comparison::Equal), number)
            }
        })
    }
}

/// The text of a sample that a key names.
fn field(key: &str) -> Option<Field> {
    Some(match key {
        "message" => Field::Message,
        "cause" => Field::Cause,
        "stack" => Field::Stack,
        "url" => Field::Url,
        "method" => Field::Method,
        "header" => Field::Headers,
        _ => match key.split_once('.') {
            Some(("header", name)) if is_label_name(name) => Field::Header(name.to_owned()),
            _ => return None,
        },
    })
}

/// Text that is looked for; there has to be something of it.
pub(super) fn text(written: &Written<'_>) -> Result<Text, Error> {
    let pattern = if written.quoted { Pattern::literal(written.value) } else { Pattern::parse(written.value) };
    if pattern.is_empty() {
        return Err(invalid(written.position, "this text is empty"));
    }
    let text = Text { pattern, phrase: written.quoted };
    if text.matches().is_empty() {
        let message = "there is nothing to look for in this text: words are made of letters and digits";
        return Err(invalid(written.position, message));
    }
    Ok(text)
}

impl Is {
    /// All words of `is:`.
    pub(in crate::query) const ALL: [Self; 6] = [
        Self::State(State::Open),
        Self::State(State::Resolved),
        Self::State(State::Muted),
        Self::New,
        Self::Regressed,
        Self::Escalating,
    ];

    /// The word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::State(state) => state.name(),
            Self::Regressed => "regressed",
            Self::New => "new",
            Self::Escalating => "escalating",
        }
    }
}

impl Has {
    fn read(word: &str) -> Option<Self> {
        match (field(word), word.split_once('.')) {
            (Some(field), _) => Some(Self::Text(field)),
            (None, None) if word == "label" => Some(Self::AnyLabel),
            (None, None) if word == "assignee" => Some(Self::Assignee),
            (None, None) if word == "note" => Some(Self::Note),
            (None, Some(("target", name))) if is_label_name(name) => Some(Self::Target(name.to_owned())),
            (None, Some(("label", name))) if is_label_name(name) => Some(Self::Label(name.to_owned())),
            _ => None,
        }
    }
}

impl Comparison {
    /// The comparison at the begin of a value, and the rest.
    fn read(value: &str) -> (Option<Self>, &str) {
        // The longer signs first.
        for comparison in [Self::AtMost, Self::AtLeast, Self::Less, Self::More, Self::Equal] {
            if let Some(rest) = value.strip_prefix(comparison.sign()) {
                return (Some(comparison), rest);
            }
        }
        (None, value)
    }

    /// As it is written.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Equal => "=",
            Self::AtLeast => ">=",
            Self::More => ">",
        }
    }
}

impl Moment {
    /// Reads `-24h`, `now`, `now-24h`, RFC 3339, a day, or Unix seconds.
    fn read(text: &str) -> Option<Self> {
        let relative = text.strip_prefix("now").unwrap_or(text);
        if let Some(length) = relative.strip_prefix('-') {
            return Some(Self::FromNow(Millis(-Millis::parse(length)?.0)));
        }
        if let Some(length) = relative.strip_prefix('+') {
            return Millis::parse(length).map(Self::FromNow);
        }
        if text == "now" {
            return Some(Self::FromNow(Millis(0)));
        }
        time::parse_time("q", text, Timestamp(0)).ok().map(Self::At)
    }
}

fn is_label_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '/'))
}

fn check_word(key: &str, value: &Pattern, words: &[&'static str], position: usize) -> Result<(), Error> {
    if words.is_empty() || words.iter().any(|word| value.matches(word)) {
        return Ok(());
    }
    let known = suggestion::known(value.exact().unwrap_or(""), words.iter().copied());
    Err(invalid(position, format!("there is no {key} {value}{known}")))
}
