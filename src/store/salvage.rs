//! Saving what can be saved of a damaged data directory into a new one.
//!
//! First all rows that can be read and whose checksums hold are copied, as bytes, from both ends of each table towards what can
//! not be read. Then what is derived is made anew ([`mend`]): sums, references, chains of activities. What is neither is lost, and
//! told. The damaged directory stays as it is.

use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::fresh::Fresh;
use super::mend;
use super::occurrence::generation_of;
use super::raw::{self, Table};
use super::verify::{Finding, Found, open_damaged, quietly};
use super::{DATABASE, Error, Store};
use crate::fs::{DirectoryLock, sync_directory};

/// Bytes of a file that are copied at once.
const COPY_BYTES: usize = 8 << 20;

/// Rows that are added at once.
const ROWS_BYTES: usize = 4 << 20;

/// Attempts to mend: what mending one thing shows of another is mended by the next.
const ATTEMPTS_MAX: u32 = 4;

type Row = (Vec<u8>, Vec<u8>);

/// Saves what can be saved of the data directory at `from` into a new one at `to`, which is there when all is done, and tells `lost`
/// what can not.
///
/// # Errors
/// When `from` can not be opened at all or is in use, `to` holds anything, or something can not be written.
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
    let database = open_damaged(&from.join(DATABASE))?;
    let transaction = database.read()?;
    let mut fresh = Fresh::create(to, false)?;
    for table in raw::ALL {
        copy_table(table, &transaction, &mut fresh, lost)?;
    }
    copy_files(&from.join("occurrences"), &mut fresh, lost)?;
    fresh.finish()
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
    let mut end: Option<Vec<u8>> = None;
    let mut batch: Vec<Row> = Vec::new();
    let mut bytes = 0;
    let mut failed: Option<Error> = None;
    let read = quietly(|| {
        table.each(transaction, false, &mut |_, key, value| {
            // A page that is damaged may lead back.
            if end.as_ref().is_some_and(|end| !is_behind(table, key, end)) {
                return ControlFlow::Break(());
            }
            end = Some(key.to_vec());
            if !table.is_sound(key, value) {
                lost(Finding::new(table.name(), table.display(key), "checksum does not match"));
                return ControlFlow::Continue(());
            }
            bytes += key.len() + value.len();
            batch.push((key.to_vec(), value.to_vec()));
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
    append(table, fresh, &batch)?;
    if matches!(read, Ok(Ok(()))) {
        return Ok(());
    }
    // From the other end as far as it goes.
    let mut behind: Vec<Row> = Vec::new();
    drop(quietly(|| {
        table.each(transaction, true, &mut |_, key, value| {
            if end.as_ref().is_some_and(|end| !is_behind(table, key, end)) {
                return ControlFlow::Break(());
            }
            if table.is_sound(key, value) {
                behind.push((key.to_vec(), value.to_vec()));
            }
            ControlFlow::Continue(())
        })
    }));
    behind.reverse();
    let name = |key: Option<&Vec<u8>>, none: &str| key.map_or(none.to_owned(), |key| table.display(key));
    let gap = (name(end.as_ref(), "its begin"), name(behind.first().map(|(key, _)| key), "its end"));
    lost(Finding::new(table.name(), "", format!("what stands between {} and {} can not be read", gap.0, gap.1)));
    append(table, fresh, &behind)
}

/// Whether `key` stands behind `other` in its table.
fn is_behind(table: &dyn Table, key: &[u8], other: &[u8]) -> bool {
    table.compare(key, other) == std::cmp::Ordering::Greater
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

fn copy_file(from: &Path, to: &Path, fresh: &mut Fresh) -> Result<std::io::Result<()>, Error> {
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
