//! Finds words next to each other in a field of a segment, document by document.

use tantivy::index::InvertedIndexReader;
use tantivy::postings::{Postings, SegmentPostings};
use tantivy::{DocSet, TERMINATED, TantivyError};

use super::pattern::{Sequence, WordMatch};
use super::schema::{NAME_MARK, VALUE_MARK};
use super::segment;

/// A prefix or shape that stands for more tokens is read as a whole and sorted, instead of following each token.
const FOLLOWED_MAX: usize = 8;

/// The first document from its argument on that is wanted.
pub(super) type Wanted<'a> = dyn FnMut(u32) -> Option<u32> + 'a;

/// Follows a sequence through a segment; it goes forward only.
pub(super) struct SequenceCursor {
    words: Vec<Placed>,
    starts: Vec<u32>,
    others: Vec<u32>,
}

struct Placed {
    /// How many words after the first one of the sequence.
    offset: u32,
    word: Word,
}

/// One word: any of its alternatives.
struct Word {
    alternatives: Vec<Alternative>,
}

enum Alternative {
    /// A token.
    Token(Box<SegmentPostings>),
    /// Tokens at the same position: parts of one word.
    Parts { parts: Vec<SegmentPostings>, scratch: Vec<u32> },
    /// Documents and positions of many tokens, ascending.
    Listed { places: Vec<(u32, u32)>, at: usize },
}

impl SequenceCursor {
    /// Follows `sequence`; `None` where some word of it is nowhere in the segment.
    pub(super) fn open(index: &InvertedIndexReader, sequence: &Sequence) -> Result<Option<Self>, TantivyError> {
        let mut words = Vec::with_capacity(sequence.words.len());
        for (offset, word) in (0..).zip(&sequence.words) {
            if *word == WordMatch::Any {
                continue;
            }
            match Word::open(index, word)? {
                Some(word) => words.push(Placed { offset, word }),
                None => return Ok(None),
            }
        }
        Ok(Some(Self { words, starts: Vec::new(), others: Vec::new() }))
    }

    /// Follows the beginnings of headers of this name.
    fn open_name(index: &InvertedIndexReader, name: &Sequence) -> Result<Option<Self>, TantivyError> {
        let Some(mut cursor) = Self::open(index, name)? else { return Ok(None) };
        for (mark, offset) in [(NAME_MARK, 0), (VALUE_MARK, name.words.len() as u32)] {
            let Some(postings) = segment::positions(index, mark)? else { return Ok(None) };
            let word = Word { alternatives: vec![Alternative::Token(Box::new(postings))] };
            cursor.words.push(Placed { offset, word });
        }
        Ok(Some(cursor))
    }

    /// The first document from `document` on that has all words, if not next to each other; [`TERMINATED`] where there is
    /// none.
    fn seek_words(&mut self, document: u32) -> u32 {
        let mut target = document;
        'all: loop {
            for placed in &mut self.words {
                let found = placed.word.seek(target);
                if found > target {
                    target = found;
                    if target >= TERMINATED {
                        return TERMINATED;
                    }
                    continue 'all;
                }
            }
            return target;
        }
    }

    /// Where the sequence begins in `document`, on which [`Self::seek_words`] stopped: positions, ascending.
    fn starts(&mut self, document: u32) -> &[u32] {
        self.starts.clear();
        for (place, placed) in self.words.iter_mut().enumerate() {
            self.others.clear();
            placed.word.positions(document, &mut self.others);
            let moved = self.others.iter().filter_map(|position| position.checked_sub(placed.offset));
            if place == 0 {
                self.starts.extend(moved);
                continue;
            }
            let mut moved = moved.peekable();
            self.starts.retain(|start| {
                while moved.next_if(|other| other < start).is_some() {}
                moved.peek() == Some(start)
            });
            if self.starts.is_empty() {
                break;
            }
        }
        &self.starts
    }

    /// The first document from `document` on for which `wanted` says yes and that has the sequence.
    pub(super) fn seek(&mut self, document: u32, wanted: &mut Wanted<'_>) -> u32 {
        follow(document, wanted, self, Self::seek_words, |cursor, at| !cursor.starts(at).is_empty())
    }
}

/// Finds the next document that is wanted and for which `test` holds, among those that `next` finds.
fn follow<C>(
    document: u32,
    wanted: &mut Wanted<'_>,
    cursor: &mut C,
    next: impl Fn(&mut C, u32) -> u32,
    test: impl Fn(&mut C, u32) -> bool,
) -> u32 {
    let mut at = document;
    loop {
        let Some(target) = wanted(at) else { return TERMINATED };
        at = next(cursor, target);
        if at >= TERMINATED {
            return TERMINATED;
        }
        if at > target && wanted(at) != Some(at) {
            continue;
        }
        if test(cursor, at) {
            return at;
        }
        at += 1;
    }
}

/// Follows headers of one name whose value has a sequence of words.
pub(super) struct HeaderCursor {
    name: SequenceCursor,
    name_words: u32,
    /// What the value has; `None` where it is enough that the header is there.
    value: Option<SequenceCursor>,
    lines: SegmentPostings,
}

impl HeaderCursor {
    /// Follows headers of this name; `None` where there are none with such a value in the segment.
    pub(super) fn open(
        index: &InvertedIndexReader,
        name: &Sequence,
        value: Option<&Sequence>,
    ) -> Result<Option<Self>, TantivyError> {
        let Some(cursor) = SequenceCursor::open_name(index, name)? else { return Ok(None) };
        let Some(lines) = segment::positions(index, NAME_MARK)? else { return Ok(None) };
        let value = match value {
            None => None,
            Some(value) => match SequenceCursor::open(index, value)? {
                None => return Ok(None),
                some => some,
            },
        };
        Ok(Some(Self { name: cursor, name_words: name.words.len() as u32, value, lines }))
    }

    /// As [`SequenceCursor::seek`].
    pub(super) fn seek(&mut self, document: u32, wanted: &mut Wanted<'_>) -> u32 {
        follow(document, wanted, self, Self::seek_words, Self::test)
    }

    fn seek_words(&mut self, document: u32) -> u32 {
        let mut at = document;
        loop {
            at = self.name.seek_words(at);
            let Some(value) = &mut self.value else { return at };
            if at >= TERMINATED {
                return TERMINATED;
            }
            let other = value.seek_words(at);
            if other == at {
                return at;
            }
            at = other;
        }
    }

    fn test(&mut self, document: u32) -> bool {
        let names = self.name.starts(document);
        let Some(value) = &mut self.value else { return !names.is_empty() };
        if names.is_empty() || self.lines.seek(document) != document {
            return false;
        }
        let (mut lines, starts) = (Vec::new(), value.starts(document));
        self.lines.append_positions_with_offset(0, &mut lines);
        names.iter().any(|name| {
            let next = lines.iter().copied().find(|line| line > name).unwrap_or(u32::MAX);
            starts.iter().any(|start| *start >= name + self.name_words && *start < next)
        })
    }
}

impl Word {
    fn open(index: &InvertedIndexReader, word: &WordMatch) -> Result<Option<Self>, TantivyError> {
        let mut alternatives = Vec::new();
        match word {
            WordMatch::Word { whole, parts } => {
                alternatives.extend(segment::positions(index, whole)?.map(Box::new).map(Alternative::Token));
                let mut found = Vec::with_capacity(parts.len());
                for part in parts {
                    found.extend(segment::positions(index, part)?);
                }
                if !parts.is_empty() && found.len() == parts.len() {
                    alternatives.push(Alternative::Parts { parts: found, scratch: Vec::new() });
                }
            }
            WordMatch::Prefix(_) | WordMatch::Glob(_) => {
                let tokens = segment::expand(index, word)?;
                if tokens.len() <= FOLLOWED_MAX {
                    for token in &tokens {
                        alternatives.push(Alternative::Token(Box::new(segment::positions_of(index, token)?)));
                    }
                } else {
                    let mut places = Vec::new();
                    for token in &tokens {
                        list(segment::positions_of(index, token)?, &mut places);
                    }
                    places.sort_unstable();
                    alternatives.push(Alternative::Listed { places, at: 0 });
                }
            }
            WordMatch::Any => {}
        }
        Ok(if alternatives.is_empty() { None } else { Some(Self { alternatives }) })
    }

    fn seek(&mut self, document: u32) -> u32 {
        self.alternatives.iter_mut().map(|alternative| alternative.seek(document)).min().unwrap_or(TERMINATED)
    }

    /// Appends the positions in `document`, ascending, each once.
    fn positions(&mut self, document: u32, out: &mut Vec<u32>) {
        let several = self.alternatives.len() > 1;
        for alternative in &mut self.alternatives {
            alternative.positions(document, out);
        }
        if several {
            out.sort_unstable();
            out.dedup();
        }
    }
}

fn list(mut postings: SegmentPostings, places: &mut Vec<(u32, u32)>) {
    let mut positions = Vec::new();
    while postings.doc() < TERMINATED {
        positions.clear();
        postings.append_positions_with_offset(0, &mut positions);
        places.extend(positions.iter().map(|position| (postings.doc(), *position)));
        postings.advance();
    }
}

impl Alternative {
    /// The first document from `document` on.
    fn seek(&mut self, document: u32) -> u32 {
        match self {
            Self::Token(postings) => seek(postings, document),
            Self::Parts { parts, .. } => {
                let mut target = document;
                'all: loop {
                    for part in parts.iter_mut() {
                        let found = seek(part, target);
                        if found > target {
                            target = found;
                            if target >= TERMINATED {
                                return TERMINATED;
                            }
                            continue 'all;
                        }
                    }
                    return target;
                }
            }
            Self::Listed { places, at } => {
                let rest = places.get(*at..).unwrap_or_default();
                *at += rest.partition_point(|(of, _)| *of < document);
                places.get(*at).map_or(TERMINATED, |(of, _)| *of)
            }
        }
    }

    /// Appends the positions in `document`, where it is there.
    fn positions(&mut self, document: u32, out: &mut Vec<u32>) {
        match self {
            Self::Token(postings) => {
                if postings.doc() == document {
                    postings.append_positions_with_offset(0, out);
                }
            }
            Self::Parts { parts, scratch } => {
                if parts.iter().any(|part| part.doc() != document) {
                    return;
                }
                let begin = out.len();
                for (place, part) in parts.iter_mut().enumerate() {
                    if place == 0 {
                        part.append_positions_with_offset(0, out);
                        continue;
                    }
                    scratch.clear();
                    part.append_positions_with_offset(0, scratch);
                    let mut at = 0;
                    out.retain(|position| {
                        at += 1;
                        at <= begin || scratch.binary_search(position).is_ok()
                    });
                }
            }
            Self::Listed { places, at } => {
                let rest = places.get(*at..).unwrap_or_default();
                let here = rest.iter().take_while(|(of, _)| *of == document);
                out.extend(here.map(|(_, position)| *position));
                out.dedup();
            }
        }
    }
}

/// The first document from `document` on; postings only go forward.
fn seek(postings: &mut SegmentPostings, document: u32) -> u32 {
    if postings.doc() >= document { postings.doc() } else { postings.seek(document) }
}
