//! Looking through everything that is stored: every checksum, every row, and that what is told twice is told alike.
//!
//! It reads one snapshot, so it runs beside commits, and changes nothing.
//!
//! | file | what |
//! | --- | --- |
//! | file | the database's file as a whole, while nobody uses it |
//! | records | services, targets, instances, errors and what people did to them |
//! | counts | points, and the sums of points |
//! | course | the log, late counts and coverage |
//! | occurrences | references, blocks, and stacks |
//! | overlay | a disk on which nothing changes |

mod counts;
mod course;
mod file;
mod occurrences;
mod overlay;
mod records;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use redb::{Key, ReadTransaction, TableDefinition};

use super::checked::Checked;
use super::codec::Corrupt;
use super::pages::Damage;
use super::{DATABASE, Error, Store, guarded, open, raw};

pub(super) use file::open_damaged;
pub use file::{Inspected, inspect};
pub(super) use overlay::Overlay;

/// Something that is not as it has to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The table, or the file.
    pub table: String,
    /// The row's key; empty where the whole table is meant.
    pub key: String,
    /// What is wrong.
    pub what: String,
    pub(super) place: Place,
    /// The row's key as bytes, where one row is meant.
    pub(super) row: Option<Vec<u8>>,
}

/// Where something is wrong, for whoever mends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A window's counts.
    Window(u32),
    /// A day's rollups.
    Day(u32),
    /// A day's occurrences.
    Occurrences(u32),
    /// Anything else.
    Other,
}

/// What was looked through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// The last commit.
    pub commit: u64,
    /// Rows of all tables.
    pub rows: u64,
    /// How many occurrences each commit brought to each day that can be read.
    pub occurrences: BTreeMap<u32, BTreeMap<u64, u64>>,
    /// Which file of each day is in use.
    pub generations: BTreeMap<u32, u32>,
}

/// Is told what is wrong.
pub type Found<'a> = dyn FnMut(Finding) + 'a;

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.table)?;
        if !self.key.is_empty() {
            write!(f, " at {}", self.key)?;
        }
        write!(f, ": {}", self.what)
    }
}

impl Finding {
    pub(super) fn new(table: impl Into<String>, key: impl Into<String>, what: impl Into<String>) -> Self {
        Self { table: table.into(), key: key.into(), what: what.into(), place: Place::Other, row: None }
    }

    /// A page of the database is damaged.
    fn of_page(byte: u64) -> Self {
        Self::new(DATABASE, format!("byte {byte}"), "the page is not what was written")
    }

    /// A day's search index is not as it has to be.
    #[must_use]
    pub fn of_index(path: &std::path::Path, what: &str) -> Self {
        Self::new("search index", path.display().to_string(), what)
    }

    fn at(self, place: Place) -> Self {
        Self { place, ..self }
    }

    /// What an error says is wrong.
    pub(super) fn of(error: &Error) -> Self {
        match error {
            Error::Corrupt { table, key, source } => Self::new(*table, key.clone(), source.to_string()),
            other => {
                let mut words = other.to_string();
                let mut next = std::error::Error::source(other);
                while let Some(cause) = next {
                    words = format!("{words}: {cause}");
                    next = cause.source();
                }
                Self::new(DATABASE, "", words)
            }
        }
    }
}

impl Store {
    /// Looks through everything as of the last commit and tells `found` what is wrong. Takes as much memory as opening the store
    /// does, and some seconds for a hundred million points.
    ///
    /// # Errors
    /// When the database can not be read at all.
    pub fn verify(&self, found: &mut Found<'_>) -> Result<Verified, Error> {
        Ok(self.verify_while(&|| true, found)?.unwrap_or_default())
    }

    /// As [`Store::verify`]; `None` when `goes_on` said meanwhile that nobody wants to know any more. It is asked every few seconds.
    ///
    /// # Errors
    /// As [`Store::verify`].
    pub fn verify_while(&self, goes_on: &dyn Fn() -> bool, found: &mut Found<'_>) -> Result<Option<Verified>, Error> {
        let damage = Arc::clone(self.database_read().as_ref().ok_or(Error::Closed)?.damage());
        let looked = guarded(|| self.look_through(&damage, goes_on, found));
        damage.places().into_iter().map(Finding::of_page).for_each(found);
        looked
    }

    fn look_through(
        &self,
        damage: &Damage,
        goes_on: &dyn Fn() -> bool,
        found: &mut Found<'_>,
    ) -> Result<Option<Verified>, Error> {
        if !self.live_read().directory.sets_agree() {
            found(Finding::new("sets in memory", "", "they are not those of the records"));
        }
        let transaction = self.read()?;
        let files = self.partitions.open_all(&transaction)?;
        let generations = files.iter().map(|file| (file.day, file.generation)).collect();
        let mut verified = Verified { generations, ..Verified::default() };
        let mut look = Look { transaction: &transaction, goes_on, found, count: 0 };
        for table in raw::ALL {
            if !goes_on() {
                return Ok(None);
            }
            verified.rows += look.raw(table);
        }
        // Whoever compares rows would give up there, too.
        if damage.hides() && damage.count() > 0 {
            return Ok(Some(verified));
        }
        let records = look.records();
        verified.commit = records.commit;
        if !goes_on() {
            return Ok(None);
        }
        look.counts(&records);
        look.course(&records);
        // Records that can not be read make the log look as if it could not be either.
        let references = if look.count == 0 {
            match open::load(&transaction) {
                Ok(live) => Some((live.references, live.referenced_commit)),
                Err(error) => {
                    look.tell(Finding::of(&error));
                    None
                }
            }
        } else {
            None
        };
        look.occurrences(&self.partitions, files, &records, &references, &mut verified.occurrences);
        Ok(goes_on().then_some(verified))
    }
}

/// A snapshot being looked through.
struct Look<'a> {
    transaction: &'a ReadTransaction,
    /// Whether anybody wants to know more.
    goes_on: &'a dyn Fn() -> bool,
    found: &'a mut (dyn FnMut(Finding) + 'a),
    /// How much was found.
    count: u64,
}

/// What is wrong with a row.
struct Problem(String);

impl From<Corrupt> for Problem {
    fn from(corrupt: Corrupt) -> Self {
        Self(corrupt.to_string())
    }
}

impl Problem {
    fn new<T>(what: impl Into<String>) -> Result<T, Self> {
        Err(Self(what.into()))
    }

    /// What has to hold.
    fn unless(holds: bool, what: impl FnOnce() -> String) -> Result<(), Self> {
        if holds { Ok(()) } else { Err(Self(what())) }
    }
}

impl Look<'_> {
    fn tell(&mut self, finding: Finding) {
        self.count += 1;
        (self.found)(finding);
    }

    /// Checksums of a table; how many rows it has.
    fn raw(&mut self, table: &dyn raw::Table) -> u64 {
        let (mut rows, mut damaged) = (0, Vec::new());
        let read = guarded(|| {
            table.each(self.transaction, false, &mut |_, key, value| {
                rows += 1;
                if !table.is_sound(key, value) {
                    damaged.push(table.display(key));
                }
                std::ops::ControlFlow::Continue(())
            })
        });
        for key in damaged {
            self.tell(Finding::new(table.name(), key, "checksum does not match"));
        }
        match read {
            Err(error) => self.tell(Finding::new(table.name(), "", Finding::of(&error).what)),
            Ok(()) => {
                let counted = table.len(self.transaction).unwrap_or(rows);
                if counted != rows {
                    let what = format!("it has {rows} rows and says that it has {counted}");
                    self.tell(Finding::new(table.name(), "", what));
                }
            }
        }
        rows
    }

    /// Calls `check` with each sound row of a table, and tells what it finds.
    fn rows<K: Key + 'static>(
        &mut self,
        definition: TableDefinition<'static, K, Checked>,
        mut check: impl FnMut(K::SelfType<'_>, &[u8]) -> Result<(), Problem>,
    ) {
        let name = redb::TableHandle::name(&definition).to_owned();
        let Ok(rows) = self.transaction.open_table(definition) else { return };
        let Ok(rows) = redb::ReadableTable::iter(&rows) else { return };
        // What can not be read, or is not sound, was told when checksums were looked at.
        for (key, value) in rows.map_while(Result::ok) {
            if value.value().is_empty() {
                continue;
            }
            if let Err(Problem(what)) = check(key.value(), value.value()) {
                let finding = Finding::new(name.clone(), format!("{:?}", key.value()), what);
                self.tell(Finding { row: Some(K::as_bytes(&key.value()).as_ref().to_vec()), ..finding });
            }
        }
    }
}
