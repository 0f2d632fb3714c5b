//! All tables by one list, as bytes: what is copied, restored and looked through row by row.
//!
//! A table that is not in [`ALL`] is not there: the tables of a new database are made from the list, too.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::ops::{Bound, ControlFlow};

use redb::{
    Key, ReadTransaction, ReadableTable, ReadableTableMetadata, StorageError, TableDefinition, TableHandle, Value,
    WriteTransaction,
};

use super::Error;
use super::checked::{self, Raw, RawNumber};
use super::codec::Corrupt;
use super::column::WINDOWS_A_DAY;

/// Rows that are copied together: those whose keys have the same numbers here. It depends on the key alone, so that what did
/// not change is copied as the same piece again.
pub type Cut = [u64; 3];

/// Takes a row: where it is cut, its key, and its value with its checksum. Does it want more?
pub type Visit<'a> = dyn FnMut(Cut, &[u8], &[u8]) -> ControlFlow<()> + 'a;

/// A table as bytes. Keys and values are as the database stores them, the values' checksums included.
pub(super) trait Table: Sync {
    /// Its name.
    fn name(&self) -> &'static str;
    /// Makes it, where it is missing.
    fn create(&self, transaction: &WriteTransaction) -> Result<(), Error>;
    /// How many rows it has.
    fn len(&self, transaction: &ReadTransaction) -> Result<u64, Error>;
    /// Bytes of its pages, and of these the bytes of its rows.
    fn bytes(&self, transaction: &ReadTransaction) -> Result<(u64, u64), Error>;
    /// Visits all rows in the order of their keys, or against it, until `visit` breaks.
    fn each(&self, transaction: &ReadTransaction, backwards: bool, visit: &mut Visit<'_>) -> Result<(), Error>;
    /// Adds rows behind the last one. Keys ascend.
    fn append(&self, transaction: &WriteTransaction, rows: &[(&[u8], &[u8])]) -> Result<(), Error>;
    /// Whether these can be a row's bytes: of the right length, and with a checksum that holds.
    fn is_sound(&self, key: &[u8], value: &[u8]) -> bool;
    /// Makes the rows of `into` those of `from`, where they differ; how many that were.
    fn follow(&self, from: &ReadTransaction, into: &WriteTransaction) -> Result<u64, Error>;
    /// Adds the rows of `from` that come after the last one of `into`.
    fn extend(&self, from: &ReadTransaction, into: &WriteTransaction) -> Result<(), Error>;
    /// Removes a row.
    fn remove(&self, transaction: &WriteTransaction, key: &[u8]) -> Result<(), Error>;
    /// The order of two keys.
    fn compare(&self, key: &[u8], other: &[u8]) -> Ordering;
    /// A key for people.
    fn display(&self, key: &[u8]) -> String;
}

struct Typed<K: Key + 'static, V: Value + 'static> {
    name: &'static str,
    definition: TableDefinition<'static, K, V>,
    span: for<'a> fn(K::SelfType<'a>) -> Cut,
    is_key: fn(&[u8]) -> bool,
    is_value: fn(&[u8]) -> bool,
}

/// Ids of records that are copied together.
const RECORDS: u32 = 1 << 12;

macro_rules! typed {
    ($name:literal, $key:ty, $value:ty, $is_value:path, $span:expr) => {
        &Typed::<$key, $value> {
            name: $name,
            definition: TableDefinition::new($name),
            span: $span,
            is_key: is_key::<$key>,
            is_value: $is_value,
        }
    };
}

macro_rules! rows {
    ($name:literal, $key:ty, $span:expr) => {
        typed!($name, $key, Raw, checked::is_sound, $span)
    };
}

/// All of them. The order is that in which they are copied.
pub(super) static ALL: [&dyn Table; 25] = [
    typed!("meta", &'static str, RawNumber, checked::is_sound, |_| [0; 3]),
    rows!("services", u32, |_| [0; 3]),
    rows!("targets", u32, |id| [u64::from(id / RECORDS), 0, 0]),
    rows!("instances", u32, |id| [u64::from(id / RECORDS), 0, 0]),
    rows!("aggregates", u32, |id| [u64::from(id / RECORDS), 0, 0]),
    rows!("triage", u32, |id| [u64::from(id / RECORDS), 0, 0]),
    rows!("activity", u64, |id| [id >> 14, 0, 0]),
    rows!("activity_changes", (u64, u32), |(id, _)| [id >> 14, 0, 0]),
    rows!("views", &'static str, |_| [0; 3]),
    rows!("imports", (u8, u128), |(kind, key)| [u64::from(kind), (key >> 124) as u64, 0]),
    rows!("log", (u64, u32), |(commit, _)| [commit >> 13, 0, 0]),
    rows!("chunks", (u32, u32), of_day),
    rows!("service_chunks", (u32, u32), of_day),
    rows!("target_chunks", (u32, u32), of_day),
    rows!("rollups", (u8, u32, u32), of_bucket),
    typed!("service_rollups", (u8, u32, u32), RawNumber, checked::is_sound, of_bucket),
    rows!("target_rollups", (u8, u32, u32), of_bucket),
    rows!("late", u64, |commit| [commit >> 16, 0, 0]),
    rows!("coverage", (u32, u32), of_day),
    rows!("references", (u32, u32), of_day),
    typed!("blocks", (u32, u64, u32), (u64, u32), is_value::<(u64, u32)>, |(day, _, _)| [u64::from(day), 0, 0]),
    rows!("stacks_in_use", (u32, u64), |(day, _)| [u64::from(day), 0, 0]),
    typed!("thinned", u32, (u32, u32, u64, u64, u64), is_value::<(u32, u32, u64, u64, u64)>, |_| [0; 3]),
    rows!("stacks", u32, |id| [u64::from(id / RECORDS), 0, 0]),
    typed!("stack_hashes", u32, u128, is_value::<u128>, |id| [u64::from(id >> 16), 0, 0]),
];

/// A day of windows.
fn of_day((window, _): (u32, u32)) -> Cut {
    [u64::from(window / WINDOWS_A_DAY), 0, 0]
}

/// A week of hours, 168 days: the rows of one service.
fn of_bucket((level, service, bucket): (u8, u32, u32)) -> Cut {
    [u64::from(level), u64::from(service), u64::from(bucket / 168)]
}

/// The table of this name.
pub(super) fn table(name: &str) -> Option<&'static dyn Table> {
    ALL.into_iter().find(|table| table.name() == name)
}

/// Makes every table, so that reading never meets one that is not there.
pub(super) fn create(transaction: &WriteTransaction) -> Result<(), Error> {
    ALL.iter().try_for_each(|table| table.create(transaction))
}

/// Whether every table is there, which is so but in a new database.
pub(super) fn is_created(transaction: &ReadTransaction) -> Result<bool, Error> {
    let tables = transaction.list_tables().map_err(Error::database("list tables"))?;
    let names: HashSet<String> = tables.map(|table| table.name().to_owned()).collect();
    Ok(ALL.iter().all(|table| names.contains(table.name())))
}

fn is_key<K: Key>(key: &[u8]) -> bool {
    match K::fixed_width() {
        Some(width) => width == key.len(),
        None => std::str::from_utf8(key).is_ok(),
    }
}

fn is_value<V: Value>(value: &[u8]) -> bool {
    V::fixed_width() == Some(value.len())
}

impl<K: Key + Sync + 'static, V: Value + Sync + 'static> Table for Typed<K, V> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn create(&self, transaction: &WriteTransaction) -> Result<(), Error> {
        transaction.open_table(self.definition).map(drop).map_err(Error::database("create a table"))
    }

    fn len(&self, transaction: &ReadTransaction) -> Result<u64, Error> {
        let rows = transaction.open_table(self.definition).map_err(Error::database("open a table"))?;
        rows.len().map_err(Error::database("read a table"))
    }

    fn bytes(&self, transaction: &ReadTransaction) -> Result<(u64, u64), Error> {
        let rows = transaction.open_table(self.definition).map_err(Error::database("open a table"))?;
        let stats = rows.stats().map_err(Error::database("weigh a table"))?;
        Ok((stats.stored_bytes() + stats.metadata_bytes() + stats.fragmented_bytes(), stats.stored_bytes()))
    }

    fn each(&self, transaction: &ReadTransaction, backwards: bool, visit: &mut Visit<'_>) -> Result<(), Error> {
        let read = Error::database::<StorageError>;
        let rows = transaction.open_table(self.definition).map_err(Error::database("open a table"))?;
        let mut rows = rows.iter().map_err(read("read a table"))?;
        while let Some(row) = if backwards { rows.next_back() } else { rows.next() } {
            let (key, value) = row.map_err(read("read a table"))?;
            let span = (self.span)(key.value());
            if visit(span, K::as_bytes(&key.value()).as_ref(), V::as_bytes(&value.value()).as_ref()).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn append(&self, transaction: &WriteTransaction, rows: &[(&[u8], &[u8])]) -> Result<(), Error> {
        let mut table = transaction.open_table(self.definition).map_err(Error::database("open a table"))?;
        let mut end = table
            .upper_bound_mut(Bound::<K::SelfType<'_>>::Unbounded)
            .map_err(Error::database::<StorageError>("write a table"))?;
        for (key, value) in rows {
            if !self.is_sound(key, value) {
                let damaged = Corrupt::new("row", "checksum does not match");
                return Err(Error::Corrupt { table: self.name(), key: self.display(key), source: damaged });
            }
            end.insert_before(K::from_bytes(key), V::from_bytes(value)).map_err(Error::database("write a table"))?;
        }
        Ok(())
    }

    fn follow(&self, from: &ReadTransaction, into: &WriteTransaction) -> Result<u64, Error> {
        let read = Error::database::<StorageError>;
        let from = from.open_table(self.definition).map_err(Error::database("open a table"))?;
        let mut into = into.open_table(self.definition).map_err(Error::database("open a table"))?;
        let mut gone: Vec<Vec<u8>> = Vec::new();
        let mut changed: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        {
            let mut stale = into.iter().map_err(read("read a table"))?.peekable();
            for row in from.iter().map_err(read("read a table"))? {
                let (key, value) = row.map_err(read("read a table"))?;
                let key = K::as_bytes(&key.value()).as_ref().to_vec();
                let mut same = false;
                // What comes before it, and is not there any more; and itself.
                while let Some(old) = stale.peek() {
                    let Ok((old_key, old_value)) = old else { break };
                    let old_key = K::as_bytes(&old_key.value()).as_ref().to_vec();
                    match K::compare(&old_key, &key) {
                        Ordering::Greater => break,
                        Ordering::Less => gone.push(old_key),
                        Ordering::Equal => {
                            same = V::as_bytes(&old_value.value()).as_ref() == V::as_bytes(&value.value()).as_ref();
                        }
                    }
                    stale.next();
                }
                if !same {
                    changed.push((key, V::as_bytes(&value.value()).as_ref().to_vec()));
                }
            }
            for old in stale {
                let (key, _) = old.map_err(read("read a table"))?;
                gone.push(K::as_bytes(&key.value()).as_ref().to_vec());
            }
        }
        for key in &gone {
            into.remove(K::from_bytes(key)).map_err(read("remove a row"))?;
        }
        for (key, value) in &changed {
            into.insert(K::from_bytes(key), V::from_bytes(value)).map_err(read("write a row"))?;
        }
        Ok((gone.len() + changed.len()) as u64)
    }

    fn extend(&self, from: &ReadTransaction, into: &WriteTransaction) -> Result<(), Error> {
        let read = Error::database::<StorageError>;
        let from = from.open_table(self.definition).map_err(Error::database("open a table"))?;
        let mut into = into.open_table(self.definition).map_err(Error::database("open a table"))?;
        let last =
            into.last().map_err(read("read a table"))?.map(|(key, _)| K::as_bytes(&key.value()).as_ref().to_vec());
        let begin = last.as_ref().map_or(Bound::Unbounded, |key| Bound::Excluded(K::from_bytes(key)));
        for row in from.range::<K::SelfType<'_>>((begin, Bound::Unbounded)).map_err(read("read a table"))? {
            let (key, value) = row.map_err(read("read a table"))?;
            into.insert(key.value(), value.value()).map_err(read("write a row"))?;
        }
        Ok(())
    }

    fn is_sound(&self, key: &[u8], value: &[u8]) -> bool {
        (self.is_key)(key) && (self.is_value)(value)
    }

    fn remove(&self, transaction: &WriteTransaction, key: &[u8]) -> Result<(), Error> {
        let mut table = transaction.open_table(self.definition).map_err(Error::database("open a table"))?;
        if (self.is_key)(key) {
            table.remove(K::from_bytes(key)).map_err(Error::database("remove a row"))?;
        }
        Ok(())
    }

    fn compare(&self, key: &[u8], other: &[u8]) -> Ordering {
        if (self.is_key)(key) && (self.is_key)(other) { K::compare(key, other) } else { key.cmp(other) }
    }

    fn display(&self, key: &[u8]) -> String {
        if (self.is_key)(key) { format!("{:?}", K::from_bytes(key)) } else { format!("{key:?}") }
    }
}
