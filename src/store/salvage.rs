//! Saving what can be saved of a damaged data directory into a new one.
//!
//! First all rows that can be read and whose checksums hold are copied, as bytes, from both ends of each table towards what can
//! not be read. Then what is derived is made anew ([`mend`]): sums, references, chains of activities. What is neither is lost, and
//! told. The damaged directory stays as it is.

use std::cmp::Ordering;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::fresh::{Fresh, is_unplaced};
use super::mend;
use super::occurrence::generation_of;
use super::open::{ALIKE, FORMAT_VERSION, says_format};
use super::raw::{self, Table};
use super::verify::{Finding, Found, open_damaged};
use super::{DATABASE, Error, Store};
use crate::fs::{DirectoryLock, sync_directory};
use crate::quiet::quietly;

/// Bytes of a file that are copied at once.
const COPY_BYTES: usize = 8 << 20;

/// Rows that are added at once.
const ROWS_BYTES: usize = 4 << 20;

/// Rows that may stand where they do not belong until no more of a table is read from this end.
const STRAYS_MAX: usize = 1000;

/// Attempts to mend: what mending one thing shows of another is mended by the next.
const ATTEMPTS_MAX: u32 = 4;

type Row = (Vec<u8>, Vec<u8>);

/// Saves what can be saved of the data directory at `from` into a new one at `to`, which is there when all is done, and tells `lost`
/// what can not.
///
/// # Errors
/// [`Error::Format`] when `from` is of another version, [`Error::Unplaced`] when what was restored to it is not in its place yet; when
/// it can not be opened at all or is in use, `to` holds anything, or something can not be written.
pub fn salvage(from: &Path, to: &Path, lost: &mut Found<'_>) -> Result<(), Error> {
    let io = |what| move |source| Error::Io { what, path: to.to_owned(), source };
    match std::fs::read_dir(to).map(|mut there| there.next().is_none()) {
        Ok(true) => {}
        Ok(false) => return Err(Error::Occupied { path: to.to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(io("can not read")(error)),
    }
    let mut beside = to.components().collect::<PathBuf>().into_os_string();
    beside.push(".partial");
    let beside = PathBuf::from(beside);
    match std::fs::remove_dir_all(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io("can not clear what is beside")(error)),
        _ => {}
    }
    copy(from, &beside, lost)?;
    make_whole(&beside, lost)?;
    std::fs::rename(&beside, to).map_err(io("can not put in place what was saved to"))?;
    let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty());
    sync_directory(parent.unwrap_or(Path::new("."))).map_err(io("can not sync what holds"))
}

/// Copies what is sound.
fn copy(from: &Path, to: &Path, lost: &mut Found<'_>) -> Result<(), Error> {
    let _lock = DirectoryLock::acquire(from)?;
    // It would have to be changed, and what is in it now may be of both.
    if is_unplaced(from)? {
        return Err(Error::Unplaced { path: from.to_owned() });
    }
    // Rows are copied as they are.
    says_format(from, &ALIKE)?;
    let database = open_damaged(&from.join(DATABASE), lost)?;
    let transaction = database.begin_read().map_err(Error::database("begin to read"))?;
    let mut fresh = Fresh::create(to, false)?;
    for table in raw::ALL {
        copy_table(table, &transaction, &mut fresh, lost)?;
    }
    copy_files(&from.join("occurrences"), &mut fresh, lost)?;
    fresh.finish(FORMAT_VERSION)
}

/// Makes anew what is derived, until nothing is wrong.
fn make_whole(path: &Path, lost: &mut Found<'_>) -> Result<(), Error> {
    mend::records(path, lost)?;
    for _ in 0..ATTEMPTS_MAX {
        let store = Store::open(path)?;
        let mut findings = Vec::new();
        store.verify(&mut |finding| findings.push(finding))?;
        if findings.is_empty() {
            return Ok(());
        }
        mend::mend(&store, &findings, lost)?;
    }
    let store = Store::open(path)?;
    store.verify(&mut |finding| lost(Finding { what: format!("could not be mended: {}", finding.what), ..finding }))?;
    Ok(())
}

/// Copies the sound rows of a table.
fn copy_table(
    table: &'static dyn Table,
    transaction: &redb::ReadTransaction,
    fresh: &mut Fresh,
    lost: &mut Found<'_>,
) -> Result<(), Error> {
    let mut batch: Vec<Row> = Vec::new();
    let mut bytes = 0;
    let mut failed: Option<Error> = None;
    let mut rows = Ascending { table, backwards: false, end: None, held: None, strays: 0 };
    let read = quietly(|| {
        table.each(transaction, false, &mut |_, key, value| {
            if !table.is_sound(key, value) {
                lost(Finding::new(table.name(), table.display(key), "checksum does not match"));
                return ControlFlow::Continue(());
            }
            let Some((key, value)) = rows.take((key.to_vec(), value.to_vec()), lost) else {
                return rows.more();
            };
            bytes += key.len() + value.len();
            batch.push((key, value));
            if bytes >= ROWS_BYTES {
                bytes = 0;
                failed = append(table, fresh, &std::mem::take(&mut batch)).err();
            }
            if failed.is_none() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })
    });
    if let Some(error) = failed {
        return Err(error);
    }
    let is_whole = matches!(read, Ok(Ok(()))) && rows.more().is_continue();
    batch.extend(rows.held.take());
    append(table, fresh, &batch)?;
    if is_whole {
        return Ok(());
    }
    // From the other end as far as it goes.
    let end = batch.pop().map(|(key, _)| key).or(rows.end);
    let mut behind: Vec<Row> = Vec::new();
    let mut rows = Ascending { table, backwards: true, end: None, held: None, strays: 0 };
    drop(quietly(|| {
        table.each(transaction, true, &mut |_, key, value| {
            if end.as_ref().is_some_and(|end| table.compare(key, end) != Ordering::Greater) {
                return ControlFlow::Break(());
            }
            if table.is_sound(key, value) {
                behind.extend(rows.take((key.to_vec(), value.to_vec()), lost));
            }
            rows.more()
        })
    }));
    behind.extend(rows.held.take());
    behind.reverse();
    let name = |key: Option<&Vec<u8>>, none: &str| key.map_or(none.to_owned(), |key| table.display(key));
    let gap = (name(end.as_ref(), "its begin"), name(behind.first().map(|(key, _)| key), "its end"));
    lost(Finding::new(table.name(), "", format!("what stands between {} and {} can not be read", gap.0, gap.1)));
    append(table, fresh, &behind)
}

/// Lets rows through that stand in their order. A key that is damaged stands before or behind where it has to, and which of two rows
/// that is only the one behind them tells: so one is held back.
struct Ascending {
    table: &'static dyn Table,
    /// The order is the other one.
    backwards: bool,
    /// The key of the last row that was let through.
    end: Option<Vec<u8>>,
    held: Option<Row>,
    strays: usize,
}

impl Ascending {
    /// Takes the next row. The one before it, if it stands where it has to.
    fn take(&mut self, row: Row, lost: &mut Found<'_>) -> Option<Row> {
        let Some(held) = self.held.take() else {
            self.held = Some(row);
            return None;
        };
        if self.is_behind(&row.0, &held.0) {
            self.end = Some(held.0.clone());
            self.held = Some(row);
            return Some(held);
        }
        self.strays += 1;
        let fits = self.end.as_ref().is_none_or(|end| self.is_behind(&row.0, end));
        let (stray, kept) = if fits { (held, row) } else { (row, held) };
        self.held = Some(kept);
        lost(Finding::new(self.table.name(), self.table.display(&stray.0), "it is not where it has to be"));
        None
    }

    /// A page that is damaged may lead back, and for ever.
    fn more(&self) -> ControlFlow<()> {
        if self.strays < STRAYS_MAX { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }

    fn is_behind(&self, key: &[u8], other: &[u8]) -> bool {
        let behind = if self.backwards { Ordering::Less } else { Ordering::Greater };
        self.table.compare(key, other) == behind
    }
}

fn append(table: &dyn Table, fresh: &mut Fresh, rows: &[Row]) -> Result<(), Error> {
    let rows: Vec<(&[u8], &[u8])> = rows.iter().map(|(key, value)| (key.as_slice(), value.as_slice())).collect();
    fresh.append(table.name(), &rows)
}

/// Copies the days' files of occurrences.
fn copy_files(from: &Path, fresh: &mut Fresh, lost: &mut Found<'_>) -> Result<(), Error> {
    let Ok(days) = std::fs::read_dir(from) else { return Ok(()) };
    for day in days.flatten() {
        let Ok(files) = std::fs::read_dir(day.path()) else { continue };
        for file in files.flatten() {
            let name = file.file_name();
            if generation_of(&name.to_string_lossy()).is_none() {
                continue;
            }
            let path = Path::new(&day.file_name()).join(&name);
            if let Err(error) = copy_file(&file.path(), &path, fresh)? {
                lost(Finding::new("occurrences", path.display().to_string(), format!("it can not be read: {error}")));
            }
        }
    }
    Ok(())
}

/// Copies a file of occurrences; the inner error is that of reading it.
pub(super) fn copy_file(from: &Path, to: &Path, fresh: &mut Fresh) -> Result<std::io::Result<()>, Error> {
    let file = match std::fs::File::open(from) {
        Ok(file) => file,
        Err(error) => return Ok(Err(error)),
    };
    let mut offset = 0;
    let mut buffer = vec![0; COPY_BYTES];
    loop {
        match std::os::unix::fs::FileExt::read_at(&file, &mut buffer, offset) {
            Ok(0) => return Ok(Ok(())),
            Ok(read) => {
                fresh.write(to, offset, buffer.get(..read).unwrap_or_default())?;
                offset += read as u64;
            }
            Err(error) => return Ok(Err(error)),
        }
    }
}
