//! A data directory of an older version becomes one of ours, and the old one stays beside it as a way back.
//!
//! It is made anew, row by row, the way a restore does ([`super::fresh`]): a crash leaves the old directory, and the next start begins
//! again, or the new one. The old one is then in `before-vN`, N being ours, and its binary opens it there, unless
//! ours wrote it: a backup of an older version is restored into a file of our format.

use std::collections::HashSet;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use redb::TableHandle;

use super::codec::Corrupt;
use super::disk::Real;
use super::fresh::{Fresh, finish_restore, sweep};
use super::occurrence::generation_of;
use super::open::{FORMAT, FORMAT_VERSION};
use super::pages::open_database;
use super::salvage::copy_file;
use super::verify::Overlay;
use super::{DATABASE, Error, raw};
use crate::fs::DirectoryLock;

/// A row as it is stored, its checksum included.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) table: &'a str,
    pub(super) key: &'a [u8],
    pub(super) value: &'a [u8],
}

/// Takes rows of the next version.
pub(super) type Take<'a> = dyn FnMut(Row<'_>) -> Result<(), Error> + 'a;

/// Turns a row of one version into rows of the next. Those of a table keep their order.
pub(super) type Step = fn(Row<'_>, &mut Take<'_>) -> Result<(), Error>;

/// From version 1 to 2, from 2 to 3, and so on up to ours.
const STEPS: [Step; FORMAT_VERSION as usize - 1] = [same];

/// Version 2 has checksums of the database's pages; its rows are those of version 1.
fn same(row: Row<'_>, take: &mut Take<'_>) -> Result<(), Error> {
    take(row)
}

/// Bytes of rows that are written together.
const BATCH_BYTES: usize = 1 << 20;

/// Bytes that are left free beside what is written anew.
const SPARE_BYTES: u64 = 64 << 20;

/// How the names of directories begin in which older data stand.
pub(super) const KEPT: &str = "before-v";

/// Where the data stand that are older than `version`.
pub(super) fn kept_name(version: u32) -> String {
    format!("{KEPT}{version}")
}

/// Makes the data directory one of our version, if it is of an older one.
///
/// # Errors
/// When it can not be read or made anew, there is no room for both, or `before-vN` is taken. It is as it was then.
pub(super) fn upgrade(path: &Path) -> Result<(), Error> {
    upgrade_by(path, &STEPS)
}

/// As [`upgrade`], by these steps, of which the last leads to our version.
pub(super) fn upgrade_by(path: &Path, steps: &[Step]) -> Result<(), Error> {
    if due(path, steps)?.is_empty() {
        return Ok(());
    }
    let lock = DirectoryLock::acquire(path)?;
    finish_restore(path)?;
    // Somebody else may have done it before the lock was ours.
    let due = due(path, steps)?;
    if due.is_empty() {
        return Ok(());
    }
    let io = |what, path: PathBuf| move |source| Error::Io { what, path, source };
    let to = steps.len() as u32 + 1;
    let database = path.join(DATABASE);
    if !database.try_exists().map_err(io("can not read", database.clone()))? {
        // The first start was killed before it made one.
        let said = path.join(FORMAT);
        return crate::fs::rewrite_atomic(&said, format!("{to}\n").as_bytes()).map_err(io("can not write", said));
    }
    let kept = path.join(kept_name(to));
    // Whoever went back to an older version has moved up what was in it. One that is not empty stays.
    let _ = std::fs::remove_dir(&kept);
    if kept.try_exists().map_err(io("can not read", kept.clone()))? {
        return Err(Error::Kept { path: kept });
    }
    // Of an upgrade that was killed: it takes the room that this one needs.
    sweep(&Real, path);
    check_room(path)?;
    tracing::info!(path = %path.display(), from = to - due.len() as u32, to, "making the data directory anew for this version");
    let mut fresh = Fresh::begin(path, lock)?;
    convert(&database, due, &mut fresh)?;
    copy_occurrences(path, &mut fresh)?;
    fresh.finish_beside(to)?;
    tracing::info!(kept = %kept.display(), "the data as they were stay there until somebody removes them");
    Ok(())
}

/// The steps that a directory still has to go; none where `FORMAT` says no version that they begin at.
fn due<'a>(path: &Path, steps: &'a [Step]) -> Result<&'a [Step], Error> {
    let path = path.join(FORMAT);
    let said = match std::fs::read_to_string(&path) {
        Ok(said) => said,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(&[]),
        Err(source) => return Err(Error::Io { what: "can not read", path, source }),
    };
    let done = said.trim().parse::<usize>().ok().and_then(|version| version.checked_sub(1));
    Ok(done.and_then(|done| steps.get(done..)).unwrap_or_default())
}

/// Both have to fit.
fn check_room(path: &Path) -> Result<(), Error> {
    let io = |source| Error::Io { what: "can not measure", path: path.to_owned(), source };
    let mut needed_bytes = SPARE_BYTES + crate::fs::allocated_bytes(&path.join(DATABASE)).map_err(io)?;
    for (file, _) in files(path)? {
        needed_bytes += crate::fs::allocated_bytes(&file).map_err(io)?;
    }
    let free_bytes = crate::fs::space(path).map_err(io)?.free_bytes;
    if free_bytes < needed_bytes {
        return Err(Error::Full { path: path.to_owned(), free_bytes, needed_bytes });
    }
    Ok(())
}

/// Gives all rows through the steps to `fresh`. The database stays as it is.
fn convert(database: &Path, steps: &[Step], fresh: &mut Fresh) -> Result<(), Error> {
    let mut database = open_database(&Overlay, database).map_err(Error::database("open hydrophone.redb"))?;
    // Where a page leads elsewhere than it did, rows are passed over without a word.
    let is_whole = database.check_integrity().map_err(Error::database("check hydrophone.redb"))?;
    if !is_whole || database.damage().count() > 0 {
        return Err(Error::damaged());
    }
    let transaction = database.begin_read().map_err(Error::database("begin to read"))?;
    let tables = transaction.list_tables().map_err(Error::database("list tables"))?;
    let names: HashSet<String> = tables.map(|table| table.name().to_owned()).collect();
    let mut batch = Batch { fresh, table: String::new(), rows: Vec::new(), bytes: 0 };
    for table in raw::ALL.into_iter().filter(|table| names.contains(table.name())) {
        let mut failed = Ok(());
        table.each(&transaction, false, &mut |_, key, value| {
            let row = Row { table: table.name(), key, value };
            failed = if table.is_sound(key, value) {
                pass(row, steps, &mut |row| batch.add(row))
            } else {
                let source = Corrupt::new("row", "checksum does not match");
                Err(Error::Corrupt { table: table.name(), key: table.display(key), source })
            };
            if failed.is_err() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        failed?;
    }
    batch.flush()
}

/// Rows of one table that are written together.
struct Batch<'a> {
    fresh: &'a mut Fresh,
    table: String,
    rows: Vec<(Vec<u8>, Vec<u8>)>,
    bytes: usize,
}

impl Batch<'_> {
    fn add(&mut self, Row { table, key, value }: Row<'_>) -> Result<(), Error> {
        if self.table != table || self.bytes >= BATCH_BYTES {
            self.flush()?;
            table.clone_into(&mut self.table);
        }
        self.bytes += key.len() + value.len();
        self.rows.push((key.to_vec(), value.to_vec()));
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Error> {
        let rows: Vec<_> = self.rows.iter().map(|(key, value)| (key.as_slice(), value.as_slice())).collect();
        if !rows.is_empty() {
            self.fresh.append(&self.table, &rows)?;
        }
        self.rows.clear();
        self.bytes = 0;
        Ok(())
    }
}

/// Through the first step, and what it gives through those that follow.
fn pass(row: Row<'_>, steps: &[Step], take: &mut Take<'_>) -> Result<(), Error> {
    match steps.split_first() {
        None => take(row),
        Some((step, more)) => step(row, &mut |row| pass(row, more, take)),
    }
}

/// Copies the days' files. What is derived from them, the search index, is made anew.
fn copy_occurrences(path: &Path, fresh: &mut Fresh) -> Result<(), Error> {
    for (file, name) in files(path)? {
        let io = |source| Error::Io { what: "can not read", path: file.clone(), source };
        copy_file(&file, &name, fresh)?.map_err(io)?;
    }
    Ok(())
}

/// The files of occurrences: where they are, and their names below `occurrences`.
fn files(path: &Path) -> Result<Vec<(PathBuf, PathBuf)>, Error> {
    let root = path.join("occurrences");
    let io = |source| Error::Io { what: "can not read", path: root.clone(), source };
    let mut found = Vec::new();
    if !root.try_exists().map_err(io)? {
        return Ok(found);
    }
    for day in std::fs::read_dir(&root).map_err(io)? {
        let day = day.map_err(io)?;
        for file in std::fs::read_dir(day.path()).map_err(io)? {
            let file = file.map_err(io)?;
            if generation_of(&file.file_name().to_string_lossy()).is_some() {
                found.push((file.path(), Path::new(&day.file_name()).join(file.file_name())));
            }
        }
    }
    Ok(found)
}
