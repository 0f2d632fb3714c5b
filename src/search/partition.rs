//! One day's index as it is read: a consistent state of it, which stays as it is while the index goes on.

use std::path::{Path, PathBuf};

use tantivy::{SegmentReader, TantivyError};

use super::Error;
use super::plan::{Ask, Bound, Node};
use super::schema::Fields;
use super::segment::Segment;
use crate::model::time::{TimeRange, Timestamp};

/// A state of a day's index.
pub(super) struct Partition {
    /// Days since 1970 of the ingestion.
    pub(super) day: u32,
    /// How many occurrences there are.
    pub(super) occurrences: u64,
    /// Time of the newest; before all times where there is none.
    pub(super) newest: Timestamp,
    segments: Vec<Segment>,
    fields: Fields,
    path: PathBuf,
}

impl Partition {
    pub(super) fn new(
        (path, day): (&Path, u32),
        fields: Fields,
        readers: &[SegmentReader],
    ) -> Result<Self, TantivyError> {
        let segments = readers.iter().map(Segment::open).collect::<Result<Vec<_>, _>>()?;
        let newest = segments.iter().filter(|segment| segment.occurrences > 0).map(|segment| segment.time(0)).max();
        Ok(Self {
            day,
            occurrences: segments.iter().map(|segment| u64::from(segment.occurrences)).sum(),
            newest: newest.unwrap_or(Timestamp(i64::MIN)),
            segments,
            fields,
            path: path.to_owned(),
        })
    }

    /// Opens what is asked on each segment that has occurrences in `range`: the segment, the node, and the documents from one
    /// to before another that are in the range.
    pub(super) fn open<'a>(&'a self, ask: &Ask, range: TimeRange) -> Result<Vec<(&'a Segment, Node, u32, u32)>, Error> {
        let mut within = Vec::new();
        for segment in &self.segments {
            let (from, to) = (segment.first_before(range.end), segment.first_before(range.start));
            if from < to {
                within.push((segment, from, to));
            }
        }
        if within.is_empty() {
            return Ok(Vec::new());
        }
        let failed = |error: TantivyError| Error::engine("reading", &self.path)(error);
        let bound = Bound::new(ask, &self.segments, &self.fields).map_err(failed)?;
        if matches!(bound, Bound::Nothing) {
            return Ok(Vec::new());
        }
        let open = |(segment, from, to): (&'a Segment, u32, u32)| {
            Ok((segment, bound.open(segment, &self.fields).map_err(failed)?, from, to))
        };
        within.into_iter().map(open).collect()
    }
}
