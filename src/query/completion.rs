//! What may stand at a place of a query: keys, and the values there are, with how often they occur.

use std::collections::BTreeMap;

use super::matcher::key::{HAS, Key, NAMES};
use super::matcher::lexer::{Lexer, Next};
use super::matcher::{Field, Is, Property, QUERY_CHARS_MAX};
use super::pattern::Pattern;
use super::{Context, Error, filter};
use crate::model::aggregate::Aggregate;
use crate::model::severity::Severity;
use crate::model::triage::State;
use crate::store::LabelSets;

/// Most suggestions in one answer: what a list under a text box can show.
pub const ITEMS_MAX: usize = 50;

/// What may stand in the place of the characters from `start` to `end`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// Begin of what is replaced, in characters.
    pub start: usize,
    /// Its end.
    pub end: usize,
    /// The key whose value is completed; `None` where keys are.
    pub key: Option<String>,
    /// The suggestions, those that begin with what is typed before those that hold it; of these, the most frequent values first.
    pub items: Vec<Item>,
    /// Whether there are more than [`ITEMS_MAX`].
    pub truncated: bool,
}

/// One suggestion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What it is, as people read it.
    pub name: String,
    /// What is to be written for it, a key with its colon, a value with the quotes it needs.
    pub text: String,
    /// How often there is such a thing, where that is known at once.
    pub count: Option<Counted>,
}

/// How often there is something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// So many errors.
    Errors(u64),
    /// So many targets.
    Targets(u64),
}

/// What may stand where the cursor is, so many characters from the begin of `q`; by default at its end.
///
/// # Errors
/// [`Error::Invalid`] for a cursor outside of the query, or a query that is too long.
pub fn complete(context: &Context<'_>, q: &str, cursor: Option<&str>) -> Result<Completion, Error> {
    let chars = q.chars().count();
    if chars > QUERY_CHARS_MAX {
        return Err(Error::invalid("q", format!("the query is longer than {QUERY_CHARS_MAX} characters")));
    }
    let cursor = super::number("cursor", cursor, chars, 0, chars)?;
    let place = Place::find(q, cursor);
    let mut items = match &place.key {
        None => keys(context),
        Some(key) => Key::read(key).map_or_else(Vec::new, |key| values(context, &key)),
    };
    let typed = place.typed.to_lowercase();
    let rank = |item: &Item| {
        let name = item.name.to_lowercase();
        if name.starts_with(&typed) { Some(0) } else { name.contains(&typed).then_some(1) }
    };
    items.retain(|item| rank(item).is_some());
    // Keys, and what has no count, keep the order in which one would think of them.
    let count = |item: &Item| item.count.filter(|_| place.key.is_some()).map_or(0, Counted::number);
    items.sort_by_key(|item| (rank(item), std::cmp::Reverse(count(item))));
    let truncated = items.len() > ITEMS_MAX;
    items.truncate(ITEMS_MAX);
    Ok(Completion { start: place.start, end: place.end, key: place.key, items, truncated })
}

impl Counted {
    /// The number.
    #[must_use]
    pub fn number(self) -> u64 {
        match self {
            Self::Errors(number) | Self::Targets(number) => number,
        }
    }
}

/// The word at the cursor.
struct Place {
    start: usize,
    end: usize,
    key: Option<String>,
    /// What of the word stands before the cursor, without quotes.
    typed: String,
}

impl Place {
    fn find(q: &str, cursor: usize) -> Self {
        let at = q.char_indices().nth(cursor).map_or(q.len(), |(at, _)| at);
        let (before, after) = q.split_at_checked(at).unwrap_or((q, ""));
        let mut lexer = Lexer::new(before);
        loop {
            match lexer.peek() {
                Next::End => return Self { start: cursor, end: cursor, key: None, typed: String::new() },
                Next::Open | Next::Close | Next::Minus => {
                    let next = lexer.peek();
                    lexer.skip(next);
                }
                Next::And | Next::Or | Next::Not | Next::Term => {
                    let written = lexer.begun(|word| Key::read(word).is_some());
                    if lexer.is_done() {
                        let end = cursor + rest_of_word(after, written.quoted);
                        return Self {
                            start: written.position,
                            end,
                            key: written.key.map(|(key, _)| key.to_owned()),
                            typed: Pattern::literal(written.value).exact().unwrap_or_default().to_owned(),
                        };
                    }
                }
            }
        }
    }
}

/// Characters after the cursor that belong to the word at it.
fn rest_of_word(after: &str, quoted: bool) -> usize {
    if !quoted {
        return after.chars().take_while(|letter| !letter.is_whitespace() && *letter != ')').count();
    }
    // Up to the quote that closes, if any does.
    after.find('"').map_or(0, |at| after.get(..at).unwrap_or("").chars().count() + 1)
}

fn keys(context: &Context<'_>) -> Vec<Item> {
    let mut items = Vec::new();
    for name in NAMES {
        match name {
            "label.NAME" => items.extend(named(context, "label.", ":")),
            "target.NAME" => items.extend(named(context, "target.", ":")),
            "header.NAME" => {}
            _ => items.push(Item { name: name.to_owned(), text: format!("{name}:"), count: None }),
        }
    }
    items
}

/// Labels there are, with the number of those that have them.
fn named(context: &Context<'_>, prefix: &str, after: &str) -> Vec<Item> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    if prefix == "target." {
        for (name, _) in context.view.targets().iter().flat_map(|target| target.labels.iter()) {
            *counts.entry(name).or_default() += 1;
        }
    } else {
        counts.extend(context.view.sets().labels().map(|(name, sets)| (name, sets.all().len())));
    }
    let counted = if prefix == "target." { Counted::Targets } else { Counted::Errors };
    let item = |(name, count)| Item {
        name: format!("{prefix}{name}"),
        text: format!("{prefix}{name}{after}"),
        count: Some(counted(count)),
    };
    counts.into_iter().map(item).collect()
}

fn values(context: &Context<'_>, key: &Key) -> Vec<Item> {
    let aggregates = context.view.aggregates();
    let sets = context.view.sets();
    match key {
        Key::Property(Property::Service) => {
            let known = context.view.services().iter();
            let counts: BTreeMap<&str, u64> =
                known.map(|service| (service.name.as_str(), sets.service(service.id).len())).collect();
            let names = filter::service_names(context).into_iter();
            names.map(|name| value(name, Counted::Errors(counts.get(name).copied().unwrap_or(0)))).collect()
        }
        Key::Property(Property::Severity) => {
            let count = |severity: &Severity| Counted::Errors(sets.severity(*severity).len());
            Severity::ALL.iter().map(|severity| value(severity.name(), count(severity))).collect()
        }
        Key::Property(Property::State) => {
            State::ALL.iter().map(|state| value(state.name(), Counted::Errors(sets.state(*state).len()))).collect()
        }
        Key::Property(Property::Class) => tally(aggregates.iter().map(|aggregate| aggregate.class.as_str())),
        Key::Property(Property::Key) => tally(aggregates.iter().map(|aggregate| aggregate.key.as_str())),
        Key::Property(Property::Label(name)) => {
            let values = sets.label(name).into_iter().flat_map(LabelSets::values);
            values.map(|(name, set)| value(name, Counted::Errors(set.len()))).collect()
        }
        Key::Property(Property::Assignee) => {
            let me = (!context.me.is_empty()).then(|| plain("me"));
            let people = sets.assignees().map(|(name, set)| value(name, Counted::Errors(set.len())));
            me.into_iter().chain(people).collect()
        }
        Key::Property(Property::Target(name)) => {
            let mut items = tally(context.view.targets().iter().filter_map(|target| target.labels.get(name)));
            for item in &mut items {
                item.count = item.count.map(|count| Counted::Targets(count.number()));
            }
            items
        }
        Key::Is => Is::ALL.iter().map(|is| value(is.name(), Counted::Errors(count_is(context, *is)))).collect(),
        Key::Has => has(context),
        Key::Seen(_) => [">-1h", ">-24h", ">-7d", "<-24h", "<-7d", "<-30d"].into_iter().map(plain).collect(),
        Key::Count => [">1", ">10", ">100", ">1000", "=1"].into_iter().map(plain).collect(),
        Key::Text(Field::Method) => {
            ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"].into_iter().map(plain).collect()
        }
        Key::Text(_) | Key::Aggregate | Key::Property(Property::Note) => Vec::new(),
    }
}

fn count_is(context: &Context<'_>, is: Is) -> u64 {
    let sets = context.view.sets();
    let since = context.new_since();
    let is_new = |aggregate: &&Aggregate| aggregate.first_seen > since;
    match is {
        Is::State(state) => sets.state(state).len(),
        Is::Regressed => sets.regressed().len(),
        Is::Escalating => context.escalating().len(),
        Is::New => context.view.aggregates().iter().filter(is_new).count() as u64,
    }
}

fn has(context: &Context<'_>) -> Vec<Item> {
    let mut items = Vec::new();
    for name in HAS {
        match name {
            "label.NAME" => items.extend(named(context, "label.", "")),
            "target.NAME" => items.extend(named(context, "target.", "")),
            "header.NAME" => {}
            _ => items.push(plain(name)),
        }
    }
    items
}

/// The different values with the number of errors that have them; the empty one is none.
fn tally<'a>(values: impl Iterator<Item = &'a str>) -> Vec<Item> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for value in values.filter(|value| !value.is_empty()) {
        *counts.entry(value).or_default() += 1;
    }
    counts.into_iter().map(|(name, count)| value(name, Counted::Errors(count))).collect()
}

fn value(name: &str, count: Counted) -> Item {
    Item { name: name.to_owned(), text: quote(name), count: Some(count) }
}

fn plain(name: &str) -> Item {
    Item { name: name.to_owned(), text: name.to_owned(), count: None }
}

/// A value that means only itself: in quotes unless it is a plain word.
fn quote(value: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_./@$+=,;%&~#!?^:[]{}|'-<>".contains(c);
    if !value.is_empty() && value.chars().all(is_plain) {
        return value.to_owned();
    }
    let mut text = String::from("\"");
    for letter in value.chars() {
        if matches!(letter, '*' | '"' | '\\') {
            text.push('\\');
        }
        text.push(letter);
    }
    text.push('"');
    text
}
