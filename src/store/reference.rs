//! Which occurrences an aggregate has: references into the partitions, newest first.
//!
//! New references are in memory; sealing writes each aggregate's into one row, which also names the window of the row
//! before. So the newest are found at once however long the history is, and a row is written once.

use super::Error;
use super::codec::Corrupt;
use super::occurrence::StoredOccurrence;
use super::row::{Reader, Writer};
use super::table;
use super::view::View;
use crate::model::id::{AggregateId, OccurrenceId};

/// The bytes of a row: the window of the row before, and references oldest first.
pub(super) fn encode(before: Option<u32>, references: &[OccurrenceId]) -> Vec<u8> {
    let mut out = Writer::default();
    out.unsigned(before.map_or(0, |window| u64::from(window) + 1));
    out.unsigned(references.len() as u64);
    let mut last = OccurrenceId { day: 0, commit: 0, index: 0 };
    for id in references {
        out.signed(i64::from(id.day) - i64::from(last.day));
        out.signed(id.commit.wrapping_sub(last.commit) as i64);
        out.unsigned(u64::from(id.index));
        last = *id;
    }
    out.0
}

fn decode(bytes: &[u8]) -> Result<(Option<u32>, Vec<OccurrenceId>), Corrupt> {
    let mut row = Reader(bytes);
    let before = row.small()?.checked_sub(1);
    let length = row.length()?;
    let mut references = Vec::with_capacity(length);
    let mut last = OccurrenceId { day: 0, commit: 0, index: 0 };
    for _ in 0..length {
        let day = i64::from(last.day).wrapping_add(row.signed()?) as u32;
        let commit = last.commit.wrapping_add(row.signed()? as u64);
        last = OccurrenceId { day, commit, index: row.small()? };
        references.push(last);
    }
    Ok((before, references))
}

/// See [`View::occurrences`].
pub(super) fn occurrences(
    view: &View<'_>,
    aggregate: AggregateId,
    before: Option<OccurrenceId>,
    limit: usize,
) -> Result<Vec<StoredOccurrence>, Error> {
    let ids = newest(view, aggregate, before, limit)?;
    let found = view.store.read_occurrences(&view.transaction, &ids)?;
    Ok(found.into_iter().flatten().collect())
}

/// See [`View::occurrence_ends`].
pub(super) fn ends(view: &View<'_>, aggregate: AggregateId) -> Result<Option<(OccurrenceId, OccurrenceId)>, Error> {
    let ids = newest(view, aggregate, None, usize::MAX)?;
    // References may outlive what they refer to by a day: those at the old end are looked up until one is there.
    for oldest in ids.iter().rev() {
        if let (Some(newest), true) = (ids.first(), occurrence(view, *oldest)?.is_some()) {
            return Ok(Some((*oldest, *newest)));
        }
    }
    Ok(None)
}

/// The ids of an aggregate's newest occurrences before `before`, newest first.
pub(super) fn newest(
    view: &View<'_>,
    aggregate: AggregateId,
    before: Option<OccurrenceId>,
    limit: usize,
) -> Result<Vec<OccurrenceId>, Error> {
    let wanted = |id: &OccurrenceId| before.is_none_or(|before| *id < before);
    let recent = view.live.references.get(&aggregate).map_or(&[][..], Vec::as_slice);
    let mut ids: Vec<OccurrenceId> = recent.iter().rev().copied().filter(wanted).take(limit).collect();
    let mut window = view.live.referenced.get(&aggregate).copied();
    let rows = view.transaction.open_table(table::REFERENCES).map_err(Error::database("open references"))?;
    while let (true, Some(at)) = (ids.len() < limit, window) {
        let key = (at, aggregate.0);
        let Some(row) = rows.get(key).map_err(Error::database("read references"))? else { break };
        let (earlier, references) = decode(row.value()).map_err(Error::corrupt("references", key))?;
        ids.extend(references.into_iter().rev().filter(wanted).take(limit - ids.len()));
        // Rows point backwards only; anything else is damage and must not become an endless loop.
        window = earlier.filter(|earlier| *earlier < at);
    }
    Ok(ids)
}

/// See [`View::occurrence`].
pub(super) fn occurrence(view: &View<'_>, id: OccurrenceId) -> Result<Option<StoredOccurrence>, Error> {
    Ok(view.store.read_occurrences(&view.transaction, &[id])?.into_iter().next().flatten())
}
