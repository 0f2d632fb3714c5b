//! Redaction: hides secrets in what clients expose, before anything of it reaches the disk, an index or an answer.
//!
//! What is hidden, and how it is found, each in a file of its own:
//!
//! - values of headers and fields with telling names ([`name`]), as headers and wherever a text assigns something to such a
//!   name: in URLs, forms, JSON, XML, and what languages print of maps (`assignment`, `value`);
//! - passwords in URLs (`url`);
//! - tokens that are known by their shape: bearer and basic credentials, JSON web tokens, private keys, … (`token`);
//! - card numbers (`card`);
//! - whatever the configuration's own patterns find.
//!
//! A hidden text is replaced by [`MARK`], so people see that there was something. Redaction is a pure function of the text
//! and the rules, and hiding what was hidden already changes nothing: one text always becomes the same one, so that keys stay
//! keys and samples are known again. It is fast where nothing is to be hidden, which is nearly always: a few searches for single
//! bytes, and only where one is found a closer look.

mod assignment;
mod card;
mod cut;
mod escape;
mod lines;
pub mod name;
mod token;
mod url;
mod value;

use std::ops::Range;
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

use crate::config::Redaction;
use crate::model::exposition::Exposition;
use crate::model::occurrence::{CUT, Occurrence};
use name::{Meaning, Names};

/// How often a text in which something was hidden is looked at again. The second time practically never finds anything.
const ROUNDS_MAX: usize = 4;

/// What stands in the place of a secret.
pub const MARK: &str = "[redacted]";

/// Kinds of secrets, by what gave them away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The name of a header.
    Header,
    /// The name of a field.
    Field,
    /// Its place in a URL.
    Url,
    /// Its shape.
    Token,
    /// A card number.
    Card,
    /// A pattern of the configuration.
    Pattern,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 6] = [Self::Header, Self::Field, Self::Url, Self::Token, Self::Card, Self::Pattern];

    /// A stable word for metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Field => "field",
            Self::Url => "url",
            Self::Token => "token",
            Self::Card => "card",
            Self::Pattern => "pattern",
        }
    }
}

/// How many secrets were hidden, by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hits([u64; Kind::ALL.len()]);

impl Hits {
    /// How many there were of each kind that there were any of.
    pub fn iter(&self) -> impl Iterator<Item = (Kind, u64)> {
        Kind::ALL.into_iter().zip(self.0).filter(|(_, count)| *count > 0)
    }

    /// Adds others.
    pub fn add(&mut self, other: Self) {
        self.0.iter_mut().zip(other.0).for_each(|(sum, count)| *sum += count);
    }

    fn count(&mut self, kind: Kind) {
        if let Some(count) = self.0.get_mut(kind as usize) {
            *count += 1;
        }
    }
}

/// A secret in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Span {
    at: Range<usize>,
    kind: Kind,
    /// What is put on both sides of the mark, by its place in the text: a number that is hidden in JSON becomes a string.
    quote: Option<Range<usize>>,
}

impl Span {
    fn new(at: Range<usize>, kind: Kind) -> Self {
        Self { at, kind, quote: None }
    }
}

/// Hides secrets by the rules of a configuration.
#[derive(Debug)]
pub struct Redactor {
    enabled: bool,
    cards: bool,
    names: Names,
    tokens: token::Tokens,
    patterns: Vec<regex::Regex>,
    rules: u64,
}

impl Redactor {
    /// By these rules.
    #[must_use]
    pub fn new(settings: &Redaction) -> Self {
        Self {
            enabled: settings.enabled,
            cards: settings.card_numbers,
            names: Names::new(&settings.headers, &settings.fields, &settings.keep),
            tokens: token::Tokens::new(),
            patterns: settings.patterns.iter().map(|pattern| pattern.regex().clone()).collect(),
            rules: xxh3_64(format!("{settings:?}").as_bytes()),
        }
    }

    /// Tells rules from others: equal for equal configurations.
    #[must_use]
    pub fn rules(&self) -> u64 {
        self.rules
    }

    /// Hides what is secret in a text; whether there was anything.
    pub fn text(&self, text: &mut String, hits: &mut Hits) -> bool {
        // The shortest secret has a name, a sign and a value.
        if !self.enabled || text.len() < 5 {
            return false;
        }
        // That a text was cut is said behind it and is no part of a secret.
        let cut = text.ends_with(CUT);
        if cut {
            text.truncate(text.len() - CUT.len());
        }
        let found = self.whole(text, cut, hits);
        if cut {
            text.push_str(CUT);
        }
        found
    }

    fn whole(&self, text: &mut String, cut: bool, hits: &mut Hits) -> bool {
        // What was hidden may have stood between a name and a value: once more, until there is nothing left.
        for round in 0..ROUNDS_MAX {
            let spans = self.spans(text, cut);
            if spans.is_empty() {
                return round > 0;
            }
            *text = replace(text, spans, hits);
        }
        true
    }

    /// Hides what is secret in a whole exposition. Keys that become equal stay apart: see [`crate::scrape::wire`] for that.
    pub fn exposition(&self, exposition: &mut Exposition, hits: &mut Hits) {
        for aggregate in &mut exposition.aggregates {
            self.text(&mut aggregate.key, hits);
            for occurrence in aggregate.occurrences.iter_mut().flatten() {
                self.occurrence(occurrence, None, hits);
                let causes = occurrence.exception.causes.iter_mut().map(|cause| &mut cause.stack);
                for stack in causes.chain([&mut occurrence.exception.stack]).flatten() {
                    // Samples share them, and nearly none holds anything.
                    let mut frames = stack.frames.clone();
                    if self.frames(&mut frames, hits) {
                        Arc::make_mut(stack).frames = frames;
                    }
                }
            }
        }
    }

    /// Hides what is secret in a sample, its stacks left alone: samples share them.
    ///
    /// `like` is another sample for which that was done already: what is the same in it need not be looked at.
    pub fn occurrence(&self, occurrence: &mut Occurrence, like: Option<&Occurrence>, hits: &mut Hits) {
        if !self.enabled {
            return;
        }
        let Occurrence { uuid, exception, http, .. } = occurrence;
        let known = |of: fn(&Occurrence) -> &String| like.map(of);
        self.unless(known(|like| &like.uuid), uuid, hits);
        self.unless(known(|like| &like.exception.class), &mut exception.class, hits);
        self.unless(known(|like| &like.exception.message), &mut exception.message, hits);
        let mut causes = like.map_or(&[][..], |like| &like.exception.causes).iter();
        for cause in &mut exception.causes {
            let like = causes.next();
            self.unless(like.map(|like| &like.class), &mut cause.class, hits);
            self.unless(like.map(|like| &like.message), &mut cause.message, hits);
        }
        let Some(http) = http else { return };
        let like = like.and_then(|like| like.http.as_ref());
        self.unless(like.map(|like| &like.method), &mut http.method, hits);
        self.unless(like.map(|like| &like.url), &mut http.url, hits);
        if let Some(body) = &mut http.body {
            self.unless(like.and_then(|like| like.body.as_ref()), body, hits);
        }
        let mut headers = like.and_then(|like| like.headers.as_deref()).unwrap_or_default().iter();
        for header in http.headers.iter_mut().flatten() {
            match headers.next() {
                // Nothing is hidden in what is the same after hiding.
                Some(like) if like == header => {}
                // Nor does a name give away what it did not give away there.
                Some((name, value)) if *name == header.0 && value != MARK && !value.is_empty() => {
                    self.text(&mut header.1, hits);
                }
                _ => self.header(header, hits),
            }
        }
    }

    /// Hides a header's value where its name gives it away, and otherwise what is secret in name and value.
    pub fn header(&self, (name, value): &mut (String, String), hits: &mut Hits) {
        if !self.enabled {
            return;
        }
        let secret = self.names.meaning(name.as_bytes()).is_some();
        self.text(name, hits);
        if secret {
            if !value.is_empty() && value != MARK {
                MARK.clone_into(value);
                hits.count(Kind::Header);
            }
            return;
        }
        self.text(value, hits);
    }

    fn unless(&self, like: Option<&String>, text: &mut String, hits: &mut Hits) {
        if like != Some(text) {
            self.text(text, hits);
        }
    }

    /// The secrets in a text, in any order; of one that was `cut`, what may be secret at its end, too.
    fn spans(&self, text: &str, cut: bool) -> Vec<Span> {
        let mut spans = Vec::new();
        assignment::find(text.as_bytes(), &self.names, &mut spans);
        self.tokens.find(text.as_bytes(), cut, &mut spans);
        if self.cards {
            card::find(text.as_bytes(), &mut spans);
        }
        if cut {
            cut::find(text.as_bytes(), self.cards, &mut spans);
        }
        for pattern in &self.patterns {
            // A group says which part of what is found is the secret.
            let found = pattern.captures_iter(text).filter_map(|found| found.get(1).or_else(|| found.get(0)));
            let found = found.filter(|found| !found.is_empty() && !is_marked(text, found.range()));
            spans.extend(found.map(|found| Span::new(found.range(), Kind::Pattern)));
        }
        spans
    }
}

/// Whether this was hidden already.
fn is_hidden(value: &[u8]) -> bool {
    memchr::memmem::find(value, MARK.as_bytes()).is_some()
}

/// Whether all of `at` is a mark, or a part of one.
fn is_marked(text: &str, at: Range<usize>) -> bool {
    let from = at.end.saturating_sub(MARK.len());
    (from..=at.start).any(|start| text.as_bytes().get(start..).is_some_and(|rest| rest.starts_with(MARK.as_bytes())))
}

/// The text with marks in the place of its secrets. Of secrets that overlap all is one.
fn replace(text: &str, mut spans: Vec<Span>, hits: &mut Hits) -> String {
    spans.sort_by_key(|span| (span.at.start, std::cmp::Reverse(span.at.end)));
    let mut out = String::with_capacity(text.len() + MARK.len());
    let part = |range: Range<usize>| text.get(range).unwrap_or_default();
    let (mut done, mut spans) = (0, spans.into_iter().peekable());
    while let Some(Span { mut at, kind, quote }) = spans.next() {
        while let Some(next) = spans.next_if(|next| next.at.start < at.end) {
            at.end = at.end.max(next.at.end);
        }
        hits.count(kind);
        out.push_str(part(done..at.start));
        let quote = quote.map(part).unwrap_or_default();
        out.extend([quote, MARK, quote]);
        done = at.end;
    }
    out.push_str(part(done..text.len()));
    out
}

/// The byte at `at`; 0 beyond the end, which no text holds.
fn byte(text: &[u8], at: usize) -> u8 {
    text.get(at).copied().unwrap_or(0)
}

/// What stands from `at` on.
fn rest(text: &[u8], at: usize) -> &[u8] {
    text.get(at..).unwrap_or_default()
}

/// Whether a name with this meaning is a header's.
fn kind_of(meaning: Meaning) -> Kind {
    match meaning {
        Meaning::Header => Kind::Header,
        Meaning::Field => Kind::Field,
    }
}

#[cfg(test)]
mod tests;
