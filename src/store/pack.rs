//! Rows that hold the entries of many aggregates of one window. A row for each would cost it twelve bytes of key and offset,
//! a quarter of what an entry has, and a reader of a service a step through the tree each.
//!
//! A row's key is its window and its first aggregate; the row ends where the next begins. Each entry is the distance from
//! the aggregate before, its length, and its bytes. A row fills a page of the database, an entry that does not fit has a
//! row of its own.

use redb::ReadableTable;

use super::Error;
use super::checked::Checked;
use super::codec::Corrupt;
use super::column::{Rows, insert};
use super::row::{Reader, Writer, unexpected};
use super::window::Window;
use crate::model::id::AggregateId;

/// Bytes of a full row: with its key, its checksum and the page's own fields it is just below one page of 4 KiB.
const ROW_MAX: usize = 4072;

/// The key of a row: its window, and its first aggregate.
pub(super) type Key = (u32, u32);

/// Calls `visit` with the entries of a row, aggregates ascending.
pub(super) fn each<'a>(
    key: Key,
    row: &'a [u8],
    mut visit: impl FnMut(AggregateId, &'a [u8]) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut entries = Entries::new(key, row);
    while let Some((aggregate, bytes)) = entries.next().map_err(Error::corrupt("chunks", key))? {
        visit(aggregate, bytes)?;
    }
    Ok(())
}

/// Calls `visit` with the rows of a window that may hold aggregates between `first` and `last`, both included.
pub(super) fn rows_of(
    rows: &impl ReadableTable<Key, Checked>,
    window: Window,
    (first, last): (AggregateId, AggregateId),
    mut visit: impl FnMut(Key, &[u8]) -> Result<(), Error>,
) -> Result<(), Error> {
    let read = Error::database::<redb::StorageError>;
    let before = rows.range((window.0, 0)..=(window.0, first.0)).map_err(read("read chunks"))?.next_back();
    let begin = match before {
        Some(row) => row.map_err(read("read chunks"))?.0.value(),
        None => (window.0, first.0),
    };
    for row in rows.range(begin..=(window.0, last.0)).map_err(read("read chunks"))? {
        let (key, value) = row.map_err(read("read chunks"))?;
        visit(key.value(), value.value())?;
    }
    Ok(())
}

/// Calls `use_it` with an aggregate's entry in a window, where there is one.
pub(super) fn find<T>(
    rows: &impl ReadableTable<Key, Checked>,
    window: Window,
    aggregate: AggregateId,
    use_it: impl FnOnce(&[u8]) -> Result<T, Error>,
) -> Result<Option<T>, Error> {
    let read = Error::database::<redb::StorageError>;
    let row = rows.range((window.0, 0)..=(window.0, aggregate.0)).map_err(read("read chunks"))?.next_back();
    let Some(row) = row else { return Ok(None) };
    let (key, value) = row.map_err(read("read chunks"))?;
    let mut entries = Entries::new(key.value(), value.value());
    while let Some((at, bytes)) = entries.next().map_err(Error::corrupt("chunks", key.value()))? {
        if at >= aggregate {
            return if at == aggregate { use_it(bytes).map(Some) } else { Ok(None) };
        }
    }
    Ok(None)
}

/// Writes entries, aggregates ascending, in the place of those that the window has of the same aggregates.
pub(super) fn put(rows: &mut Rows<'_, Key>, window: Window, entries: &[(AggregateId, &[u8])]) -> Result<(), Error> {
    let (Some((first, _)), Some((last, _))) = (entries.first().copied(), entries.last().copied()) else {
        return Ok(());
    };
    let mut old: Vec<(Key, Vec<u8>)> = Vec::new();
    rows_of(rows, window, (first, last), |key, row| {
        old.push((key, row.to_vec()));
        Ok(())
    })?;
    let mut kept: Vec<(AggregateId, &[u8])> = Vec::new();
    for (key, row) in &old {
        each(*key, row, |aggregate, bytes| {
            kept.push((aggregate, bytes));
            Ok(())
        })?;
        rows.remove(key).map_err(Error::database("replace chunks"))?;
    }
    let at_end = kept.last().is_none_or(|(aggregate, _)| *aggregate <= last) && {
        let mut behind =
            rows.range((window.0, last.0)..(window.next().0, 0)).map_err(Error::database("read chunks"))?;
        behind.next().is_none()
    };
    let all = overlaid(&kept, entries);
    for (first, row) in filled(&all, at_end) {
        insert(rows, (window.0, first.0), &row)?;
    }
    Ok(())
}

/// Both, ascending; of an aggregate that both have, the new entry.
fn overlaid<'e>(kept: &[(AggregateId, &'e [u8])], new: &[(AggregateId, &'e [u8])]) -> Vec<(AggregateId, &'e [u8])> {
    let mut all = Vec::with_capacity(kept.len() + new.len());
    let mut kept = kept.iter().copied().peekable();
    for (aggregate, bytes) in new.iter().copied() {
        while let Some(before) = kept.next_if(|(old, _)| *old < aggregate) {
            all.push(before);
        }
        kept.next_if(|(old, _)| *old == aggregate);
        all.push((aggregate, bytes));
    }
    all.extend(kept);
    all
}

/// Rows of entries. At a window's end each row is filled before the next begins, because what comes is appended there;
/// elsewhere all become equally long, so that rows between others do not crumble.
fn filled(entries: &[(AggregateId, &[u8])], at_end: bool) -> Vec<(AggregateId, Vec<u8>)> {
    // Two short varints lead an entry; a longer one only makes rows a little shorter than they might be.
    let length = |bytes: &[u8]| bytes.len() + 4;
    let total: usize = entries.iter().map(|(_, bytes)| length(bytes)).sum();
    let even = total.div_ceil(total.div_ceil(ROW_MAX).max(1));
    let mut rows: Vec<(AggregateId, Writer)> = Vec::new();
    let mut previous = AggregateId(0);
    for (aggregate, bytes) in entries {
        let full = rows.last().is_none_or(|(_, row)| {
            let used = row.0.len();
            used + length(bytes) > ROW_MAX || (!at_end && used >= even)
        });
        if full {
            rows.push((*aggregate, Writer::default()));
            previous = *aggregate;
        }
        if let Some((_, row)) = rows.last_mut() {
            row.unsigned(u64::from(aggregate.0 - previous.0));
            row.bytes(bytes);
        }
        previous = *aggregate;
    }
    rows.into_iter().map(|(first, row)| (first, row.0)).collect()
}

/// The entries of a row.
struct Entries<'a> {
    rest: Reader<'a>,
    previous: u32,
    first: bool,
}

impl<'a> Entries<'a> {
    fn new((_, first): Key, row: &'a [u8]) -> Self {
        Self { rest: Reader(row), previous: first, first: true }
    }

    fn next(&mut self) -> Result<Option<(AggregateId, &'a [u8])>, Corrupt> {
        if self.rest.is_empty() {
            // A damaged row is read as one without bytes.
            return if self.first { Err(unexpected("a row")) } else { Ok(None) };
        }
        let gap = self.rest.small()?;
        // Only the first entry stands where the row begins.
        let aggregate = self.previous.checked_add(gap).filter(|_| (gap == 0) == self.first);
        self.previous = aggregate.ok_or_else(|| unexpected("an aggregate"))?;
        self.first = false;
        Ok(Some((AggregateId(self.previous), self.rest.bytes()?)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use redb::{Database, ReadableDatabase, TableDefinition};

    use super::*;

    const ROWS: TableDefinition<'_, Key, Checked> = TableDefinition::new("rows");

    fn database() -> Database {
        let database = Database::builder().create_with_backend(redb::backends::InMemoryBackend::new()).unwrap();
        let transaction = database.begin_write().unwrap();
        transaction.open_table(ROWS).unwrap();
        transaction.commit().unwrap();
        database
    }

    fn write(database: &Database, window: u32, entries: &BTreeMap<u32, Vec<u8>>) {
        let transaction = database.begin_write().unwrap();
        let entries: Vec<_> = entries.iter().map(|(id, bytes)| (AggregateId(*id), bytes.as_slice())).collect();
        put(&mut transaction.open_table(ROWS).unwrap(), Window(window), &entries).unwrap();
        transaction.commit().unwrap();
    }

    fn read(database: &Database, window: u32) -> (usize, BTreeMap<u32, Vec<u8>>) {
        let rows = database.begin_read().unwrap().open_table(ROWS).unwrap();
        let (mut count, mut all) = (0, BTreeMap::new());
        rows_of(&rows, Window(window), (AggregateId(0), AggregateId(u32::MAX)), |key, row| {
            count += 1;
            each(key, row, |aggregate, bytes| {
                assert_eq!(all.insert(aggregate.0, bytes.to_vec()), None, "once");
                Ok(())
            })
        })
        .unwrap();
        (count, all)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn what_was_put_last_is_found(
            puts in prop::collection::vec(
                prop::collection::btree_map(0u32..400, (0usize..300, any::<u8>()), 0..60), 1..12),
        ) {
            let database = database();
            let mut expected: BTreeMap<u32, Vec<u8>> = BTreeMap::new();
            write(&database, 8, &BTreeMap::from([(5, vec![1]), (700, vec![2])]));
            for (before, put) in puts.into_iter().enumerate() {
                let put: BTreeMap<u32, Vec<u8>> =
                    put.into_iter().map(|(id, (length, byte))| (id, vec![byte; length])).collect();
                write(&database, 7, &put);
                expected.extend(put);
                let (rows, all) = read(&database, 7);
                prop_assert_eq!(&all, &expected);
                let bytes: usize = expected.values().map(|bytes| bytes.len() + 2).sum();
                // Each may begin before all that were there, with a row of its own.
                prop_assert!(rows <= 1 + before + 4 * bytes / ROW_MAX, "{} rows of {} bytes", rows, bytes);
            }
            prop_assert_eq!(read(&database, 8).1.len(), 2, "the next window is another");
            let rows = database.begin_read().unwrap().open_table(ROWS).unwrap();
            for id in 0..400 {
                let found = find(&rows, Window(7), AggregateId(id), |bytes| Ok(bytes.to_vec())).unwrap();
                prop_assert_eq!(found.as_ref(), expected.get(&id));
            }
        }
    }

    #[test]
    fn what_is_appended_fills_rows_and_large_entries_stand_alone() {
        let database = database();
        for part in 0..40 {
            write(&database, 1, &(part * 100..part * 100 + 100).map(|id| (id, vec![7; 38])).collect());
        }
        let (rows, all) = read(&database, 1);
        assert_eq!((rows, all.len()), (40, 4000), "40 bytes each, 101 a row");
        write(&database, 1, &BTreeMap::from([(2000, vec![9; 100_000])]));
        assert_eq!(read(&database, 1).1.get(&2000).unwrap().len(), 100_000);
    }

    #[test]
    fn rows_that_were_never_written_are_corrupt() {
        for (row, what) in [
            (&[][..], "nothing at all"),
            (&[1, 1, 9], "does not begin with its first"),
            (&[0, 1, 9, 0, 1, 9], "the same again"),
            (&[0, 9, 1], "more than there is"),
            (&[0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f, 0], "beyond 32 bits"),
        ] {
            assert!(each((1, 5), row, |_, _| Ok(())).is_err(), "{what}");
        }
    }
}
