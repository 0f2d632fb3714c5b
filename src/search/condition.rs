//! What is asked of occurrences, and what it means.
//!
//! [`Condition::holds`] is the meaning, in plain code over one occurrence. The index must agree with it, and a property test
//! holds it to that; it also serves what is not indexed.

use std::ops::Range;

use roaring::RoaringBitmap;

use super::pattern::{Glob, Sequence, VALUE_BYTES_MAX, WordMatch};
use super::token;
use crate::model::aggregate::Aggregate;
use crate::model::aggregate_set::AggregateSet;
use crate::model::id::{AggregateId, TargetId};
use crate::model::occurrence::{Cause, HttpContext, Occurrence, Stack};

/// What is asked of an occurrence. Whoever makes one bounds its depth and size.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// Nothing: it always holds.
    All,
    /// All of these hold; with none it always does.
    And(Vec<Condition>),
    /// Any of these holds; with none it never does.
    Or(Vec<Condition>),
    /// This does not hold.
    Not(Box<Condition>),
    /// It is of one of these aggregates.
    Aggregates(AggregateSet),
    /// It was scraped at one of these targets, by their ids.
    Targets(RoaringBitmap),
    /// It has this field, not empty.
    Has(Field),
    /// The text of a field matches.
    Text(Field, TextMatch),
}

/// Which texts of an occurrence are looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    /// Class, message, causes (class and message), all stacks, URL and headers (names and values).
    Any,
    /// The exception's class.
    Class,
    /// The exception's message.
    Message,
    /// Class and message of each cause; they are texts of their own.
    Cause,
    /// The exception's stack, and those of its causes; each is one text of all its frames.
    Stack,
    /// The request's URL.
    Url,
    /// The request's headers; each is one text, its name and its value.
    Header,
    /// The values of headers of this name, which is compared word by word.
    NamedHeader(String),
    /// The request's method.
    Method,
}

/// What is looked for in the texts of a field: some sequences of words, each in any of the texts. Case does not matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextMatch {
    sequences: Vec<Sequence>,
    /// In the place of the sequences where whole values are compared.
    value: Option<Glob>,
}

/// The texts of one occurrence, or of an aggregate's own record, borrowed.
#[derive(Debug, Clone, Copy)]
pub struct Document<'a> {
    /// Its aggregate.
    pub aggregate: AggregateId,
    /// Where it was scraped; a record was not, so conditions on targets do not hold for it.
    pub target: Option<TargetId>,
    /// The exception's class.
    pub class: &'a str,
    /// The exception's message.
    pub message: &'a str,
    /// The aggregate's key, for records; it is looked at with [`Field::Any`]. Empty for occurrences.
    pub key: &'a str,
    /// What caused the exception.
    pub causes: &'a [Cause],
    /// The exception's stack.
    pub stack: Option<&'a Stack>,
    /// The request.
    pub http: Option<&'a HttpContext>,
}

impl<'a> Document<'a> {
    /// An occurrence.
    #[must_use]
    pub fn occurrence(aggregate: AggregateId, target: TargetId, occurrence: &'a Occurrence) -> Self {
        let exception = &occurrence.exception;
        Self {
            aggregate,
            target: Some(target),
            class: &exception.class,
            message: &exception.message,
            key: "",
            causes: &exception.causes,
            stack: exception.stack.as_deref(),
            http: occurrence.http.as_ref(),
        }
    }

    /// An aggregate's own record: class, message and key.
    #[must_use]
    pub fn record(aggregate: &'a Aggregate) -> Self {
        Self {
            aggregate: aggregate.id,
            target: None,
            class: &aggregate.class,
            message: &aggregate.message,
            key: &aggregate.key,
            causes: &[],
            stack: None,
            http: None,
        }
    }

    /// The stacks that there are: the exception's, then those of its causes.
    pub(super) fn stacks(&self) -> impl Iterator<Item = &'a Stack> {
        self.stack.into_iter().chain(self.causes.iter().filter_map(|cause| cause.stack.as_deref()))
    }

    /// Names and values of headers.
    pub(super) fn headers(&self) -> impl Iterator<Item = &'a (String, String)> {
        self.http.into_iter().flat_map(|http| http.headers.iter().flatten())
    }

    fn url(&self) -> &'a str {
        self.http.map_or("", |http| &http.url)
    }

    fn method(&self) -> &'a str {
        self.http.map_or("", |http| &http.method)
    }

    /// Calls `visit` with each text of `field` until it returns true; whether it did.
    fn any_text(&self, field: &Field, visit: &mut dyn FnMut(Text<'a>) -> bool) -> bool {
        let of_causes = |visit: &mut dyn FnMut(Text<'a>) -> bool| {
            self.causes.iter().any(|cause| visit(Text::One(&cause.class)) || visit(Text::One(&cause.message)))
        };
        match field {
            Field::Any => {
                [self.class, self.message, self.key, self.url()].into_iter().any(|text| visit(Text::One(text)))
                    || of_causes(visit)
                    || self.stacks().any(|stack| visit(Text::Lines(&stack.frames)))
                    || self.headers().any(|(name, value)| visit(Text::Two(name, value)))
            }
            Field::Class => visit(Text::One(self.class)),
            Field::Message => visit(Text::One(self.message)),
            Field::Cause => of_causes(visit),
            Field::Stack => self.stacks().any(|stack| visit(Text::Lines(&stack.frames))),
            Field::Url => visit(Text::One(self.url())),
            Field::Header => self.headers().any(|(name, value)| visit(Text::Two(name, value))),
            Field::NamedHeader(name) => {
                self.headers().filter(|(other, _)| is_named(other, name)).any(|(_, value)| visit(Text::One(value)))
            }
            Field::Method => visit(Text::One(self.method())),
        }
    }

    fn has(&self, field: &Field) -> bool {
        if let Field::NamedHeader(wanted) = field {
            return self.headers().any(|(name, _)| is_named(name, wanted));
        }
        self.any_text(field, &mut |text| match text {
            Text::One(text) => !text.is_empty(),
            Text::Two(..) => true,
            Text::Lines(lines) => !lines.is_empty(),
        })
    }
}

/// One text: pieces whose words follow each other.
#[derive(Clone, Copy)]
enum Text<'a> {
    One(&'a str),
    Two(&'a str, &'a str),
    Lines(&'a [String]),
}

impl Text<'_> {
    fn has(self, sequence: &Sequence) -> bool {
        match self {
            Self::One(text) => sequence.is_in(token::words(text)),
            Self::Two(first, second) => sequence.is_in(token::words(first).chain(token::words(second))),
            Self::Lines(lines) => sequence.is_in(lines.iter().flat_map(|line| token::words(line))),
        }
    }
}

/// Whether a header's name is `wanted`, word by word as words are compared anywhere.
fn is_named(name: &str, wanted: &str) -> bool {
    let mut words = token::words(name);
    let all = token::words(wanted).all(|wanted| {
        let wanted = WordMatch::word(wanted.text);
        words.next().is_some_and(|word| wanted.matches(word.text))
    });
    all && words.next().is_none()
}

impl TextMatch {
    /// Each of these, parted by white space, somewhere; where one is several words, as `HikariPool-1` and
    /// `com.foo.BarService` are, they stand next to each other there.
    #[must_use]
    pub fn words(text: &str) -> Self {
        Self::of(text.split_whitespace().map(Sequence::phrase).collect())
    }

    /// All words of `text` next to each other, whatever separates them.
    #[must_use]
    pub fn phrase(text: &str) -> Self {
        Self::of(vec![Sequence::phrase(text)])
    }

    /// The same, the last word only begun, unless a separator follows it.
    #[must_use]
    pub fn prefix(text: &str) -> Self {
        Self::of(vec![Sequence::prefix(text)])
    }

    /// Words with wildcards next to each other: `*` stands for any characters of one word, one by itself between others for
    /// one word; at the ends it says nothing.
    /// On [`Field::Class`] the pattern is compared with the whole class instead. `\*`, `\"` and `\\` are those characters.
    #[must_use]
    pub fn wildcard(pattern: &str) -> Self {
        Self { value: Some(Glob::parse(pattern)), ..Self::of(vec![Sequence::wildcard(pattern)]) }
    }

    fn of(mut sequences: Vec<Sequence>) -> Self {
        sequences.retain(|sequence| !sequence.is_empty());
        Self { sequences, value: None }
    }

    /// Whether there is nothing to look for: there was no word in the text. It matches everything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sequences.is_empty()
    }

    /// What is to be found, each in any of a field's texts.
    #[must_use]
    pub fn sequences(&self) -> &[Sequence] {
        &self.sequences
    }

    /// What whole values of `field` are compared with, in the place of the sequences.
    #[must_use]
    pub fn value(&self, field: &Field) -> Option<&Glob> {
        self.value.as_ref().filter(|_| *field == Field::Class)
    }

    fn holds(&self, field: &Field, document: &Document<'_>) -> bool {
        match self.value(field) {
            Some(glob) => glob.matches(&token::fold(document.class, VALUE_BYTES_MAX)),
            None => self.sequences.iter().all(|sequence| document.any_text(field, &mut |text| text.has(sequence))),
        }
    }
}

impl Condition {
    /// Whether it holds for `document`.
    #[must_use]
    pub fn holds(&self, document: &Document<'_>) -> bool {
        match self {
            Self::All => true,
            Self::And(all) => all.iter().all(|condition| condition.holds(document)),
            Self::Or(any) => any.iter().any(|condition| condition.holds(document)),
            Self::Not(condition) => !condition.holds(document),
            Self::Aggregates(set) => set.contains(document.aggregate),
            Self::Targets(set) => document.target.is_some_and(|target| set.contains(target.0)),
            Self::Has(field) => document.has(field),
            Self::Text(field, wanted) => wanted.holds(field, document),
        }
    }

    /// Whether it asks for any text, so that it is about occurrences and not only about aggregates.
    #[must_use]
    pub fn is_textual(&self) -> bool {
        match self {
            Self::All | Self::Aggregates(_) | Self::Targets(_) => false,
            Self::Has(_) | Self::Text(..) => true,
            Self::And(conditions) | Self::Or(conditions) => conditions.iter().any(Self::is_textual),
            Self::Not(condition) => condition.is_textual(),
        }
    }

    /// What of `text`, a text of `field`, is to be marked as found: ranges of bytes, ascending, without overlaps. What is
    /// asked not to be there marks nothing.
    #[must_use]
    pub fn marks(&self, field: &Field, text: &str) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        self.collect_marks(field, text, &mut found);
        found.sort_unstable_by_key(|range| (range.start, range.end));
        found.dedup_by(|next, before| {
            let joins = next.start <= before.end;
            if joins {
                before.end = before.end.max(next.end);
            }
            joins
        });
        found
    }

    fn collect_marks(&self, field: &Field, text: &str, found: &mut Vec<Range<usize>>) {
        match self {
            Self::All | Self::Not(_) | Self::Aggregates(_) | Self::Targets(_) | Self::Has(_) => {}
            Self::And(conditions) | Self::Or(conditions) => {
                for condition in conditions {
                    condition.collect_marks(field, text, found);
                }
            }
            Self::Text(asked, wanted) => {
                if !asked.includes(field) {
                    return;
                }
                match wanted.value(asked) {
                    Some(glob) if glob.matches(&token::fold(text, VALUE_BYTES_MAX)) => found.push(0..text.len()),
                    Some(_) => {}
                    None => found.extend(wanted.sequences.iter().flat_map(|sequence| sequence.find(text))),
                }
            }
        }
    }
}

impl Field {
    /// Whether texts of `other` are looked at when this field is asked for.
    fn includes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, other) => *other != Self::Method,
            (Self::Header, Self::NamedHeader(_)) => true,
            (Self::NamedHeader(wanted), Self::NamedHeader(name)) => is_named(name, wanted),
            (one, other) => one == other,
        }
    }
}

#[cfg(test)]
mod tests;
