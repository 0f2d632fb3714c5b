//! Everything that is stored as of one commit, as bytes: what a backup copies.
//!
//! A snapshot is one read transaction, and the days' files opened under it. Commits go on meanwhile and no lock is held; all that
//! a snapshot costs the server is that pages which it needs are not used again as long as it lives.

use std::ops::ControlFlow;

use super::codec::Corrupt;
use super::occurrence::{DayFile, Reading, file_name, name_of};
use super::raw::{self, Visit};
use super::{Error, Store, table};

/// How often a day's file may be replaced between a snapshot and the moment in which it is opened.
const ATTEMPTS_MAX: u32 = 10;

/// The state of a store as of one commit.
pub struct Snapshot {
    transaction: redb::ReadTransaction,
    files: Vec<PartitionFile>,
    commit: u64,
}

/// A day's file of occurrences as a snapshot knows it.
pub struct PartitionFile {
    /// The day as a date, `2026-11-20`.
    pub date: String,
    /// The file's name in the day's directory.
    pub name: String,
    /// How many bytes it has. More may stand in the file; they are none of the snapshot's.
    pub bytes: u64,
    reading: Reading,
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot").field("commit", &self.commit).finish_non_exhaustive()
    }
}

impl Store {
    /// Everything as of the last commit.
    ///
    /// # Errors
    /// When something can not be read.
    pub fn snapshot(&self) -> Result<Snapshot, Error> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            match self.try_snapshot()? {
                // Retention may remove a file between the transaction and its opening; then the next transaction does not know it.
                (_, Some(_)) if attempt < ATTEMPTS_MAX => {}
                (_, Some(day)) => return Err(Error::missing_file(day)),
                (snapshot, None) => return Ok(snapshot),
            }
        }
    }

    /// A snapshot, and a day whose file is not there.
    fn try_snapshot(&self) -> Result<(Snapshot, Option<u32>), Error> {
        let transaction = self.read()?;
        let meta = transaction.open_table(table::META).map_err(Error::database("open meta"))?;
        let commit = meta.get(table::meta::COMMIT).map_err(Error::database("read meta"))?;
        let commit = commit.and_then(|commit| commit.value()).unwrap_or(0);
        let (mut files, mut missing) = (Vec::new(), None);
        for DayFile { day, generation, bytes, reading } in self.partitions.open_all(&transaction)? {
            match reading {
                Some(reading) => {
                    files.push(PartitionFile { date: name_of(day)?, name: file_name(generation), bytes, reading });
                }
                None => missing = Some(day),
            }
        }
        Ok((Snapshot { transaction, files, commit }, missing))
    }
}

impl Error {
    fn missing_file(day: u32) -> Self {
        let source = Corrupt::new("a day's file of occurrences", "it is not there");
        Self::Corrupt { table: "blocks", key: format!("day {}", name_of(day).unwrap_or_default()), source }
    }
}

impl Snapshot {
    /// The commit it is of.
    #[must_use]
    pub fn commit(&self) -> u64 {
        self.commit
    }

    /// The names of all tables.
    pub fn tables() -> impl Iterator<Item = &'static str> {
        raw::ALL.into_iter().map(raw::Table::name)
    }

    /// Calls `visit` with all rows of a table in the order of their keys, until it breaks: span, key, and value with its checksum.
    ///
    /// # Errors
    /// When the table can not be read, or a row is not what was written.
    pub fn rows(&self, table: &str, visit: &mut Visit<'_>) -> Result<(), Error> {
        let Some(table) = raw::table(table) else { return Ok(()) };
        let (mut damaged, mut rows, mut flow) = (None, 0, ControlFlow::Continue(()));
        table.each(&self.transaction, false, &mut |span, key, value| {
            if table.is_sound(key, value) {
                rows += 1;
                flow = visit(span, key, value);
                return flow;
            }
            damaged = Some(table.display(key));
            ControlFlow::Break(())
        })?;
        match damaged {
            // Where a page leads elsewhere than it did, rows are passed over without a word.
            None if flow.is_continue() && rows != table.len(&self.transaction)? => {
                let source = Corrupt::new("rows", "there are more or fewer than it says");
                Err(Error::Corrupt { table: table.name(), key: String::new(), source })
            }
            None => Ok(()),
            Some(key) => {
                let source = Corrupt::new("row", "checksum does not match");
                Err(Error::Corrupt { table: table.name(), key, source })
            }
        }
    }

    /// The days' files of occurrences, oldest first.
    #[must_use]
    pub fn files(&self) -> &[PartitionFile] {
        &self.files
    }
}

impl PartitionFile {
    /// So many bytes from `offset` on.
    ///
    /// # Errors
    /// When they can not be read.
    pub fn read(&self, offset: u64, length: usize) -> Result<Vec<u8>, Error> {
        Ok(self.reading.read(offset, length)?)
    }
}
