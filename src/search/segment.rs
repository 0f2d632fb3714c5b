//! One segment of an index, opened: its columns, and its postings by word.

use std::sync::{Arc, OnceLock};

use tantivy::columnar::ColumnValues;
use tantivy::index::InvertedIndexReader;
use tantivy::postings::{BlockSegmentPostings, SegmentPostings, TermInfo};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{SegmentReader, TantivyError};

use super::column::Column;
use super::pattern::WordMatch;
use super::schema::{TIME_SHARED, column as name};
use super::tally::Totals;
use crate::model::id::OccurrenceId;
use crate::model::time::Timestamp;

/// A segment, whose documents stand newest first, with shared texts behind all occurrences.
pub(super) struct Segment {
    reader: SegmentReader,
    /// Documents before this one are occurrences, the others shared texts.
    pub(super) occurrences: u32,
    /// All documents.
    pub(super) documents: u32,
    time: Arc<dyn ColumnValues<i64>>,
    commit: Arc<dyn ColumnValues<u64>>,
    index: Arc<dyn ColumnValues<u64>>,
    pub(super) aggregate: Arc<Column>,
    pub(super) target: Arc<Column>,
    pub(super) shared: Arc<Column>,
    pub(super) has: Arc<Column>,
    totals: OnceLock<Totals>,
}

impl Segment {
    pub(super) fn open(reader: &SegmentReader) -> Result<Self, TantivyError> {
        let columns = reader.fast_fields();
        let numbers = |name: &str| columns.u64(name).map(|column| column.values);
        let time = columns.i64(name::TIME)?.values;
        let documents = reader.max_doc();
        let mut segment = Self {
            occurrences: 0,
            documents,
            commit: numbers(name::COMMIT)?,
            index: numbers(name::INDEX)?,
            aggregate: Column::new(numbers(name::AGGREGATE)?),
            target: Column::new(numbers(name::TARGET)?),
            shared: Column::new(numbers(name::SHARED)?),
            has: Column::new(numbers(name::HAS)?),
            totals: OnceLock::new(),
            time,
            reader: reader.clone(),
        };
        segment.occurrences = segment.first(|time| time == TIME_SHARED);
        Ok(segment)
    }

    /// The time of a document.
    pub(super) fn time(&self, document: u32) -> Timestamp {
        Timestamp(self.time.get_val(document))
    }

    /// Which occurrence of `day` a document is.
    pub(super) fn id(&self, day: u32, document: u32) -> OccurrenceId {
        OccurrenceId { day, commit: self.commit.get_val(document), index: self.index.get_val(document) as u32 }
    }

    /// The first occurrence that is before `end`; they stand newest first.
    pub(super) fn first_before(&self, end: Timestamp) -> u32 {
        self.first(|time| time < end.0).min(self.occurrences)
    }

    /// The first document whose time is such as all later ones' are.
    fn first(&self, test: impl Fn(i64) -> bool) -> u32 {
        let (mut low, mut high) = (0, self.documents);
        while low < high {
            let middle = low.midpoint(high);
            if test(self.time.get_val(middle)) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        low
    }

    /// How many there are of each; counted when it is first asked for.
    pub(super) fn totals(&self) -> &Totals {
        self.totals.get_or_init(|| Totals::of(self))
    }

    /// The inverted index of a field.
    pub(super) fn field(&self, field: Field) -> Result<Arc<InvertedIndexReader>, TantivyError> {
        self.reader.inverted_index(field)
    }
}

/// The documents that have a token.
pub(super) fn postings(
    index: &InvertedIndexReader,
    token: &[u8],
) -> Result<Option<BlockSegmentPostings>, TantivyError> {
    let Some(info) = index.terms().get(token)? else { return Ok(None) };
    Ok(Some(index.read_block_postings_from_terminfo(&info, IndexRecordOption::Basic)?))
}

/// The documents that have a token, and where.
pub(super) fn positions(index: &InvertedIndexReader, token: &str) -> Result<Option<SegmentPostings>, TantivyError> {
    let Some(info) = index.terms().get(token)? else { return Ok(None) };
    Ok(Some(positions_of(index, &info)?))
}

/// The same of a token that was found in the dictionary.
pub(super) fn positions_of(index: &InvertedIndexReader, info: &TermInfo) -> Result<SegmentPostings, TantivyError> {
    Ok(index.read_postings_from_terminfo(info, IndexRecordOption::WithFreqsAndPositions)?)
}

/// The tokens of a field that a prefix or a shape stands for.
pub(super) fn expand(index: &InvertedIndexReader, word: &WordMatch) -> Result<Vec<TermInfo>, TantivyError> {
    let prefix = match word {
        WordMatch::Prefix(prefix) => prefix.as_str(),
        WordMatch::Glob(glob) => glob.prefix(),
        WordMatch::Word { .. } | WordMatch::Any => return Ok(Vec::new()),
    };
    // What follows all tokens that begin so; no byte of UTF-8 is the largest.
    let mut end = prefix.as_bytes().to_vec();
    let mut range = index.terms().range().ge(prefix);
    if let Some(last) = end.last_mut() {
        *last += 1;
        range = range.lt(end);
    }
    let mut found = Vec::new();
    if let WordMatch::Glob(glob) = word {
        let mut stream = range.into_stream()?;
        while let Some((token, info)) = stream.next() {
            if std::str::from_utf8(token).is_ok_and(|token| glob.matches(token)) {
                found.push(info.clone());
            }
        }
    } else {
        let mut stream = range.without_keys().into_stream()?;
        while stream.advance() {
            found.push(stream.value().clone());
        }
    }
    Ok(found)
}
