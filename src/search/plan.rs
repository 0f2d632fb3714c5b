//! Conditions carried out on segments.
//!
//! A condition is prepared once for a question ([`Ask`]), bound to a partition ([`Bound`]), for which it looks up what of the
//! shared texts matches, and opened on each segment ([`Node`]). There it is evaluated a window of 1,024 documents after the
//! other, newest first, on bits: so whoever needs the newest few stops early, everything else is exact, and any combination
//! costs what its parts cost.

use std::ops::ControlFlow;
use std::sync::Arc;

use tantivy::index::InvertedIndexReader;
use tantivy::postings::{BlockSegmentPostings, TermInfo};
use tantivy::schema::{Field as Indexed, IndexRecordOption};
use tantivy::{TERMINATED, TantivyError, Term};

use super::bits::{Bits, WINDOW, Window};
use super::column::{Column, Numbers};
use super::condition::{Condition, Field};
use super::pattern::{Glob, Sequence, WordMatch};
use super::schema::{Fields, has};
use super::segment::{self, Segment};
use super::sequence::{HeaderCursor, SequenceCursor, Wanted};

/// A condition, prepared to be carried out on any partition.
#[derive(Clone)]
pub(super) enum Ask {
    All,
    And(Vec<Ask>),
    Or(Vec<Ask>),
    Not(Box<Ask>),
    Aggregates(Arc<Bits>),
    Targets(Arc<Bits>),
    Has(u64),
    /// A sequence in fields of the occurrences' own or of shared texts.
    Find {
        own: Vec<Indexed>,
        shared: Vec<Indexed>,
        sequence: Sequence,
    },
    /// Classes of this shape.
    Class(Glob),
    /// Headers of this name whose value has a sequence, or that are there.
    Header {
        name: Sequence,
        value: Option<Sequence>,
    },
}

impl Ask {
    pub(super) fn new(condition: &Condition, fields: &Fields) -> Self {
        let all = |conditions: &[Condition]| conditions.iter().map(|condition| Self::new(condition, fields)).collect();
        match condition {
            Condition::All => Self::All,
            Condition::And(conditions) => Self::And(all(conditions)),
            Condition::Or(conditions) => Self::Or(all(conditions)),
            Condition::Not(condition) => Self::Not(Box::new(Self::new(condition, fields))),
            Condition::Aggregates(set) => Self::Aggregates(Arc::new(Bits::from(&set.0))),
            Condition::Targets(set) => Self::Targets(Arc::new(Bits::from(set))),
            Condition::Has(field) => match field {
                Field::Any => Self::Has(has::ANY),
                Field::Class => Self::Has(has::CLASS),
                Field::Message => Self::Has(has::MESSAGE),
                Field::Cause => Self::Has(has::CAUSE),
                Field::Stack => Self::Has(has::STACK),
                Field::Url => Self::Has(has::URL),
                Field::Header => Self::Has(has::HEADER),
                Field::Method => Self::Has(has::METHOD),
                Field::NamedHeader(name) => Self::Header { name: Sequence::phrase(name), value: None },
            },
            Condition::Text(field, wanted) => match (wanted.value(field), field) {
                (Some(glob), _) => Self::Class(glob.clone()),
                (None, Field::NamedHeader(name)) => {
                    let name = Sequence::phrase(name);
                    let header = |value: &Sequence| Self::Header { name: name.clone(), value: Some(value.clone()) };
                    Self::And(wanted.sequences().iter().map(header).collect())
                }
                (None, field) => {
                    let (own, shared) = indexed(field, fields);
                    let find = |sequence: &Sequence| Self::Find {
                        own: own.clone(),
                        shared: shared.clone(),
                        sequence: sequence.clone(),
                    };
                    Self::And(wanted.sequences().iter().map(find).collect())
                }
            },
        }
    }
}

/// Where a field's texts are indexed: with the occurrences themselves, and with what they share.
fn indexed(field: &Field, fields: &Fields) -> (Vec<Indexed>, Vec<Indexed>) {
    match field {
        Field::Any => (
            vec![fields.message, fields.url, fields.header, fields.cause],
            vec![fields.class, fields.stack, fields.cause_class],
        ),
        Field::Class => (Vec::new(), vec![fields.class]),
        Field::Message => (vec![fields.message], Vec::new()),
        Field::Cause => (vec![fields.cause], vec![fields.cause_class]),
        Field::Stack => (Vec::new(), vec![fields.stack]),
        Field::Url => (vec![fields.url], Vec::new()),
        Field::Header | Field::NamedHeader(_) => (vec![fields.header], Vec::new()),
        Field::Method => (vec![fields.method], Vec::new()),
    }
}

/// A condition bound to a partition.
pub(super) enum Bound<'a> {
    All,
    Nothing,
    And(Vec<Bound<'a>>),
    Or(Vec<Bound<'a>>),
    Not(Box<Bound<'a>>),
    Aggregates(&'a Arc<Bits>),
    Targets(&'a Arc<Bits>),
    Has(u64),
    Shared(Arc<Bits>),
    Find(&'a [Indexed], &'a Sequence),
    Header(&'a Sequence, Option<&'a Sequence>),
}

impl<'a> Bound<'a> {
    /// Looks up what of the partition's shared texts matches.
    pub(super) fn new(ask: &'a Ask, segments: &[Segment], fields: &Fields) -> Result<Self, TantivyError> {
        let all =
            |asks: &'a [Ask]| asks.iter().map(|ask| Self::new(ask, segments, fields)).collect::<Result<Vec<_>, _>>();
        Ok(match ask {
            Ask::All => Self::All,
            Ask::And(asks) => Self::and(all(asks)?),
            Ask::Or(asks) => Self::or(all(asks)?),
            Ask::Not(ask) => Self::Not(Box::new(Self::new(ask, segments, fields)?)),
            Ask::Aggregates(set) => Self::Aggregates(set),
            Ask::Targets(set) => Self::Targets(set),
            Ask::Has(mask) => Self::Has(*mask),
            Ask::Header { name, value } => Self::Header(name, value.as_ref()),
            Ask::Class(glob) => Self::shared(segments, &mut |segment| Node::values(segment, fields.class_value, glob))?,
            Ask::Find { own, shared, sequence } => {
                let shared = Self::shared(segments, &mut |segment| Node::find(segment, shared, sequence))?;
                if own.is_empty() { shared } else { Self::or(vec![Self::Find(own, sequence), shared]) }
            }
        })
    }

    fn and(mut all: Vec<Self>) -> Self {
        if all.iter().any(|bound| matches!(bound, Self::Nothing)) {
            return Self::Nothing;
        }
        // What is cheap and narrow comes first: the others look only at what it leaves.
        all.sort_by_key(Self::cost);
        Self::And(all)
    }

    fn or(mut any: Vec<Self>) -> Self {
        any.retain(|bound| !matches!(bound, Self::Nothing));
        any.sort_by_key(Self::cost);
        match any.len() {
            0 => Self::Nothing,
            _ => Self::Or(any),
        }
    }

    fn cost(&self) -> u32 {
        match self {
            Self::Nothing => 0,
            Self::Find(_, sequence) => match sequence.words.as_slice() {
                [WordMatch::Word { parts, .. }] if parts.is_empty() => 1,
                [_] => 3,
                _ => 5,
            },
            Self::All | Self::Aggregates(_) | Self::Targets(_) | Self::Has(_) | Self::Shared(_) => 2,
            Self::And(all) => all.iter().map(Self::cost).min().unwrap_or(0) + 1,
            Self::Or(any) => any.iter().map(Self::cost).max().unwrap_or(0) + 1,
            Self::Not(bound) => bound.cost() + 2,
            Self::Header(..) => 6,
        }
    }

    /// The shared texts that `open`'s node finds.
    fn shared(
        segments: &[Segment],
        open: &mut dyn FnMut(&Segment) -> Result<Node, TantivyError>,
    ) -> Result<Self, TantivyError> {
        let mut found = Bits::default();
        for segment in segments {
            if segment.occurrences == segment.documents {
                continue;
            }
            let mut node = open(segment)?;
            node.each(segment.occurrences, segment.documents, &mut |base, window| {
                for at in window.iter() {
                    found.insert(segment.shared.get(base + at));
                }
                ControlFlow::Continue(())
            });
        }
        Ok(if found.is_empty() { Self::Nothing } else { Self::Shared(Arc::new(found)) })
    }

    /// Opens it on a segment.
    pub(super) fn open(&self, segment: &Segment, fields: &Fields) -> Result<Node, TantivyError> {
        let all =
            |bounds: &[Self]| bounds.iter().map(|bound| bound.open(segment, fields)).collect::<Result<Vec<_>, _>>();
        let column =
            |values: &Arc<Column>, test: Test| Node::Column { values: Arc::clone(values), test, read: Vec::new() };
        Ok(match self {
            Self::All => Node::All,
            Self::Nothing => Node::Nothing,
            Self::And(bounds) => Node::And(all(bounds)?),
            Self::Or(bounds) => Node::Or(all(bounds)?),
            Self::Not(bound) => Node::Not(Box::new(bound.open(segment, fields)?)),
            Self::Aggregates(set) => column(&segment.aggregate, Test::In(Arc::clone(set))),
            Self::Targets(set) => column(&segment.target, Test::In(Arc::clone(set))),
            Self::Shared(set) if set.len() <= FOLLOWED_MAX => {
                let index = segment.field(fields.shared)?;
                let mut nodes = Vec::new();
                for id in set.iter() {
                    let term = Term::from_field_u64(fields.shared, id);
                    let postings = segment::postings(&index, term.serialized_value_bytes())?;
                    nodes.extend(postings.map(|postings| Node::Token(Box::new(TokenCursor::new(postings)))));
                }
                if nodes.is_empty() { Node::Nothing } else { Node::Or(nodes) }
            }
            Self::Shared(set) => column(&segment.shared, Test::In(Arc::clone(set))),
            Self::Has(mask) => column(&segment.has, Test::Mask(*mask)),
            Self::Find(indexed, sequence) => Node::find(segment, indexed, sequence)?,
            Self::Header(name, value) => {
                let index = segment.field(fields.header)?;
                HeaderCursor::open(&index, name, *value)?.map_or(Node::Nothing, |cursor| Node::Header(Box::new(cursor)))
            }
        })
    }
}

/// A condition on a segment. It goes forward only.
pub(super) enum Node {
    All,
    Nothing,
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    Column { values: Arc<Column>, test: Test, read: Vec<u64> },
    Token(Box<TokenCursor>),
    Listed(Bits),
    Sequence(Box<SequenceCursor>),
    Header(Box<HeaderCursor>),
}

/// What a column's value is to be.
pub(super) enum Test {
    In(Arc<Bits>),
    Mask(u64),
}

impl Test {
    fn holds(&self, value: u64) -> bool {
        match self {
            Self::In(set) => set.contains(value),
            Self::Mask(mask) => value & mask != 0,
        }
    }

    /// The documents in `mask` whose values pass. Which of the test it is, is decided once and not a thousand times.
    fn window<T: Copy + Into<u64>>(&self, values: &[T], mask: &Window) -> Window {
        if mask.len() < DENSE_MIN {
            let mut found = Window::EMPTY;
            let value = |at: u32| values.get(at as usize).copied().map(Into::into);
            for at in mask.iter().filter(|at| value(*at).is_some_and(|value| self.holds(value))) {
                found.insert(at);
            }
            return found;
        }
        let found = match self {
            Self::In(set) => Window::of(values, |value| set.contains(value)),
            Self::Mask(mask) => Window::of(values, |value| value & mask != 0),
        };
        found.and(mask)
    }
}

/// So many shared texts are followed by their documents; of more, all documents are looked at.
const FOLLOWED_MAX: usize = 32;

/// Up to so many documents of a window are looked up one by one; for more all values are read at once.
const SPARSE_MAX: u32 = 96;
/// From so many documents of a window on all values are tested, which needs no branches.
const DENSE_MIN: u32 = 400;

impl Node {
    /// A sequence in any of these fields.
    fn find(segment: &Segment, fields: &[Indexed], sequence: &Sequence) -> Result<Self, TantivyError> {
        let mut nodes = Vec::with_capacity(fields.len());
        for field in fields {
            let index = segment.field(*field)?;
            match Self::in_field(&index, segment.documents, sequence)? {
                Self::Nothing => {}
                node => nodes.push(node),
            }
        }
        Ok(if nodes.is_empty() { Self::Nothing } else { Self::Or(nodes) })
    }

    fn in_field(index: &InvertedIndexReader, documents: u32, sequence: &Sequence) -> Result<Self, TantivyError> {
        Ok(match sequence.words.as_slice() {
            [WordMatch::Word { whole, parts }] if parts.is_empty() => segment::postings(index, whole.as_bytes())?
                .map_or(Self::Nothing, |postings| Self::Token(Box::new(TokenCursor::new(postings)))),
            [word @ (WordMatch::Prefix(_) | WordMatch::Glob(_))] => {
                let tokens = segment::expand(index, word)?;
                if tokens.is_empty() { Self::Nothing } else { Self::Listed(listed(index, &tokens, documents)?) }
            }
            _ => {
                SequenceCursor::open(index, sequence)?.map_or(Self::Nothing, |cursor| Self::Sequence(Box::new(cursor)))
            }
        })
    }

    /// Values of this shape.
    fn values(segment: &Segment, field: Indexed, glob: &Glob) -> Result<Self, TantivyError> {
        let sequence = Sequence { words: vec![WordMatch::Glob(glob.clone())] };
        Self::in_field(&*segment.field(field)?, segment.documents, &sequence)
    }

    /// Calls `visit` with each window of the documents from `from` to before `to` that has any for which this holds, until it
    /// breaks.
    pub(super) fn each(&mut self, from: u32, to: u32, visit: &mut dyn FnMut(u32, &Window) -> ControlFlow<()>) {
        let mut at = from;
        while at < to {
            let next = self.next(at);
            if next >= to {
                return;
            }
            let base = next - next % WINDOW;
            let within = Window::range(next - base, to - base);
            let found = self.window(base, &within);
            if !found.is_empty() && visit(base, &found).is_break() {
                return;
            }
            at = base.saturating_add(WINDOW);
        }
    }

    /// No document from `at` to before this one can be one for which it holds.
    fn next(&mut self, at: u32) -> u32 {
        match self {
            Self::Nothing => TERMINATED,
            Self::And(nodes) => nodes.iter_mut().map(|node| node.next(at)).max().unwrap_or(at),
            Self::Or(nodes) => nodes.iter_mut().map(|node| node.next(at)).min().unwrap_or(TERMINATED),
            Self::Token(cursor) => cursor.seek(at),
            _ => at,
        }
    }

    /// The documents of the window from `base` on that are in `mask` and for which it holds.
    fn window(&mut self, base: u32, mask: &Window) -> Window {
        match self {
            Self::All => *mask,
            Self::Nothing => Window::EMPTY,
            Self::And(nodes) => {
                let mut left = *mask;
                for node in nodes {
                    if left.is_empty() {
                        break;
                    }
                    left = node.window(base, &left);
                }
                left
            }
            Self::Or(nodes) => {
                let mut found = Window::EMPTY;
                for node in nodes {
                    let left = mask.without(&found);
                    if left.is_empty() {
                        break;
                    }
                    found = found.or(&node.window(base, &left));
                }
                found
            }
            Self::Not(node) => mask.without(&node.window(base, mask)),
            Self::Column { values, test, read } => column_window(values, test, read, base, mask),
            Self::Token(cursor) => cursor.window(base).and(mask),
            Self::Listed(found) => found.window(base).and(mask),
            Self::Sequence(cursor) => collect(base, mask, &mut |at, wanted| cursor.seek(at, wanted)),
            Self::Header(cursor) => collect(base, mask, &mut |at, wanted| cursor.seek(at, wanted)),
        }
    }
}

fn column_window(values: &Column, test: &Test, read: &mut Vec<u64>, base: u32, mask: &Window) -> Window {
    if mask.len() <= SPARSE_MAX {
        let mut found = Window::EMPTY;
        for at in mask.iter().filter(|at| test.holds(values.get(base + at))) {
            found.insert(at);
        }
        return found;
    }
    match values.window(base, read) {
        Numbers::Short(values) => test.window(values, mask),
        Numbers::Long(values) => test.window(values, mask),
        Numbers::Wide(values) => test.window(values, mask),
    }
}

/// The documents of a window that `seek` finds one after the other.
fn collect(base: u32, mask: &Window, seek: &mut dyn FnMut(u32, &mut Wanted<'_>) -> u32) -> Window {
    let mut found = Window::EMPTY;
    let mut wanted = |at: u32| match at.checked_sub(base) {
        Some(at) if at < WINDOW => mask.next(at).map(|at| base + at),
        _ => None,
    };
    let mut at = base;
    loop {
        let document = seek(at, &mut wanted);
        if document.saturating_sub(base) >= WINDOW {
            return found;
        }
        found.insert(document - base);
        at = document + 1;
    }
}

/// The documents that have any of these tokens.
fn listed(index: &InvertedIndexReader, tokens: &[TermInfo], documents: u32) -> Result<Bits, TantivyError> {
    let mut found = Bits::with_room(documents);
    let mut read: Option<BlockSegmentPostings> = None;
    for token in tokens {
        let postings = match &mut read {
            Some(postings) => {
                index.reset_block_postings_from_terminfo(token, postings)?;
                postings
            }
            none => none.insert(index.read_block_postings_from_terminfo(token, IndexRecordOption::Basic)?),
        };
        while !postings.docs().is_empty() {
            found.extend(postings.docs());
            postings.advance();
        }
    }
    Ok(found)
}

/// Follows the documents that have a token.
pub(super) struct TokenCursor {
    postings: BlockSegmentPostings,
    /// In the postings' block.
    at: usize,
}

impl TokenCursor {
    fn new(postings: BlockSegmentPostings) -> Self {
        Self { postings, at: 0 }
    }

    fn document(&self) -> u32 {
        self.postings.docs().get(self.at).copied().unwrap_or(TERMINATED)
    }

    /// The first document from `document` on.
    fn seek(&mut self, document: u32) -> u32 {
        if self.document() < document {
            self.at = self.postings.seek(document);
        }
        self.document()
    }

    fn window(&mut self, base: u32) -> Window {
        let mut found = Window::EMPTY;
        self.seek(base);
        loop {
            let documents = self.postings.docs();
            if documents.is_empty() {
                return found;
            }
            let rest = documents.get(self.at..).unwrap_or_default();
            let within = rest.partition_point(|document| document - base < WINDOW);
            found.extend(base, rest.get(..within).unwrap_or_default());
            self.at += within;
            if within < rest.len() {
                return found;
            }
            self.postings.advance();
            self.at = 0;
        }
    }
}
