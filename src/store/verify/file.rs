//! The database's file as a whole, with redb's own checksums of its pages, while nobody uses it.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use super::{Finding, Found, Overlay, Verified};
use crate::fs::DirectoryLock;
use crate::quiet::quietly;
use crate::store::open::{self, FORMAT};
use crate::store::pages::{Damage, Opened, open_changed};
use crate::store::{DATABASE, Error, Store, finish_restore};

/// The byte of a redb file that says by a bit in which of two slots the last commit stands (docs/design.md of redb, "Database header").
const GOD_BYTE: u64 = 9;
const PRIMARY_BIT: u8 = 1;

/// What looking through a data directory came to.
#[derive(Debug, Default)]
pub struct Inspected {
    /// What was looked through; nothing where the database could not be opened.
    pub verified: Option<Verified>,
    /// How much was found.
    pub findings: u64,
}

/// Looks through a data directory that nobody uses, changes nothing in it, and tells `found` what is wrong.
///
/// # Errors
/// When there is no data directory, or somebody uses it.
pub fn inspect(path: &Path, found: &mut Found<'_>) -> Result<Inspected, Error> {
    let io = |source| Error::Io { what: "can not read", path: path.join(FORMAT), source };
    let lock = DirectoryLock::acquire(path)?;
    finish_restore(path)?;
    std::fs::metadata(path.join(FORMAT)).map_err(io)?;
    open::says_format(path, &open::ALIKE)?;
    let mut inspected = Inspected::default();
    let mut tell = |finding| {
        inspected.findings += 1;
        found(finding);
    };
    let damaged = pages(&path.join(DATABASE), &mut tell);
    // More may be found where rows are read, after redb gave up.
    let mut tell_more = |finding: Finding| {
        if !(finding.table == DATABASE && damaged.contains(&finding.key)) {
            tell(finding);
        }
    };
    // redb may meet bytes that it never wrote; what it does then is its affair as long as it ends.
    let verified =
        quietly(|| Store::load(Arc::new(Overlay), open::database(&Overlay, path)?, path, lock)?.verify(&mut tell_more));
    match verified {
        Ok(Ok(verified)) => inspected.verified = Some(verified),
        Ok(Err(error)) => tell(Finding::of(&error)),
        Err(_) => tell(Finding::new(DATABASE, "", "it can not be read to its end")),
    }
    Ok(inspected)
}

/// Checks the checksums of all pages; which it found to be damaged.
fn pages(path: &Path, tell: &mut dyn FnMut(Finding)) -> HashSet<String> {
    let damage = Damage::new(false);
    let checked = quietly(|| open_changed(&Overlay, path, Arc::clone(&damage), |_| Ok(()))?.check_integrity());
    let found: Vec<Finding> = damage.places().into_iter().map(Finding::of_page).collect();
    let damaged = found.iter().map(|finding| finding.key.clone()).collect();
    found.into_iter().for_each(&mut *tell);
    let what = match checked {
        Ok(Ok(true)) => return damaged,
        Ok(Ok(false)) => "pages lead elsewhere than they did".to_owned(),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "it can not be opened".to_owned(),
    };
    tell(Finding::new(DATABASE, "", what));
    damaged
}

/// Has the database opened as it was before the last commit. redb keeps that whole until the next one is durable.
fn to_the_commit_before(backend: &dyn redb::StorageBackend) -> std::io::Result<()> {
    let mut flags = [0];
    backend.read(GOD_BYTE, &mut flags)?;
    backend.write(GOD_BYTE, &flags.map(|flags| flags ^ PRIMARY_BIT))
}

/// Opens a database of which pages may be damaged; what that writes stands in memory only. Where what the last commit needs is
/// damaged it is opened as it was before that, which `lost` is told.
pub(in crate::store) fn open_damaged(path: &Path, lost: &mut Found<'_>) -> Result<Opened, Error> {
    let open = |change: fn(&dyn redb::StorageBackend) -> std::io::Result<()>| {
        let unreadable = || Error::database("open hydrophone.redb")(std::io::Error::other("it can not be opened"));
        let opened = quietly(|| open_changed(&Overlay, path, Damage::new(false), change)).map_err(|_| unreadable())?;
        opened.map_err(Error::database("open hydrophone.redb"))
    };
    open(|_| Ok(())).or_else(|error| {
        let before = open(to_the_commit_before).map_err(|_| error)?;
        lost(Finding::new(DATABASE, "", "the last commit can not be opened: this is what there was before it"));
        Ok(before)
    })
}
