//! The database's file as redb sees it, within a file that has a checksum of each page and looks at it whenever a page is read.
//!
//! redb has checksums of its pages, but looks at them only after a crash or when it is told to check the whole file, and a bit that
//! flipped in a page's own offsets or keys hides rows without a word. So before each 1,024 pages stands one more with their checksums.
//! What redb reads of a page that is not what was written is bytes that lead nowhere: it gives up, and never takes them for rows.
//!
//! Checksums are written with the sync that makes their pages durable. redb never changes a page that a durable commit needs, so
//! whatever a crash leaves apart, a page and its checksum, is nothing that anybody reads. A page of checksums is changed in place, but
//! those of pages that did not change stay as they were, and a sector is written whole or not. So is its header, which stands twice, in two
//! sectors, each with its checksum.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use redb::{
    Database, DatabaseError, ReadTransaction, ReadableDatabase, StorageBackend, StorageError, TransactionError,
    WriteTransaction,
};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::CACHE_BYTES;
use super::disk::{Disk, File};
use crate::quiet::quietly;

/// Bytes of a page.
const PAGE_BYTES: u64 = 4096;

/// Bytes of a checksum.
const SUM_BYTES: usize = 4;

/// Pages whose checksums fill a page.
const GROUP_PAGES: u64 = PAGE_BYTES / SUM_BYTES as u64;

/// What redb sees of a group, and what of it stands in the file.
const GROUP_BYTES: u64 = GROUP_PAGES * PAGE_BYTES;
const STORED_GROUP_BYTES: u64 = PAGE_BYTES + GROUP_BYTES;

/// What a disk writes whole or not at all.
const SECTOR_BYTES: usize = 512;

/// What redb may have in its header, the beginning of its first page: a sector without its checksum. It needs 320 bytes.
const HEADER_BYTES: usize = SECTOR_BYTES - SUM_BYTES;

/// The first bytes of a file of redb's own, which data directories of version 1 have.
const REDB: [u8; 4] = *b"redb";

/// What redb reads in the place of a damaged page: no kind of page begins so.
const NOTHING: u8 = 0xff;

/// Damaged pages that are logged; the others are only counted.
const LOGGED_MAX: usize = 20;

/// Makes a database in a new file.
pub(super) fn create_database(disk: &dyn Disk, path: &Path) -> Result<Opened, DatabaseError> {
    let damage = Damage::new(disk.hides_damage());
    Opened::new(Pages::new(disk.create_file(path)?, Arc::clone(&damage))?, damage)
}

/// Opens a database.
pub(super) fn open_database(disk: &dyn Disk, path: &Path) -> Result<Opened, DatabaseError> {
    open_changed(disk, path, Damage::new(disk.hides_damage()), |_| Ok(()))
}

/// As [`open_database`], with something changed first, and `damage` told also where it can not be opened.
pub(super) fn open_changed(
    disk: &dyn Disk,
    path: &Path,
    damage: Arc<Damage>,
    change: impl FnOnce(&dyn StorageBackend) -> io::Result<()>,
) -> Result<Opened, DatabaseError> {
    let file = disk.create_file(path)?;
    // redb would make a new one.
    if file.length()? == 0 {
        return Err(invalid("the file is empty").into());
    }
    if is_plain(&*file)? {
        if damage.hides {
            return Err(invalid("the file has no checksums: it is of format version 1").into());
        }
        let plain = Plain(file);
        change(&plain)?;
        return Opened::new(plain, damage);
    }
    let pages = Pages::new(file, Arc::clone(&damage))?;
    change(&pages)?;
    Opened::new(pages, damage)
}

/// An open database, and what is damaged of its file.
pub(super) struct Opened {
    /// Away only while it is closed.
    database: Option<Database>,
    damage: Arc<Damage>,
}

impl Opened {
    fn new(backend: impl StorageBackend, damage: Arc<Damage>) -> Result<Self, DatabaseError> {
        let database = Database::builder().set_cache_size(CACHE_BYTES).create_with_backend(backend)?;
        Ok(Self { database: Some(database), damage })
    }

    pub(super) fn begin_read(&self) -> Result<ReadTransaction, TransactionError> {
        self.database.as_ref().ok_or(StorageError::DatabaseClosed)?.begin_read()
    }

    pub(super) fn begin_write(&self) -> Result<WriteTransaction, TransactionError> {
        self.database.as_ref().ok_or(StorageError::DatabaseClosed)?.begin_write()
    }

    /// As [`redb::Database::check_integrity`].
    pub(super) fn check_integrity(&mut self) -> Result<bool, DatabaseError> {
        self.database.as_mut().ok_or(StorageError::DatabaseClosed)?.check_integrity()
    }

    pub(super) fn damage(&self) -> &Arc<Damage> {
        &self.damage
    }
}

impl Drop for Opened {
    /// redb writes down which pages are free when it is closed, and panics where what it read of that is damaged. And where somebody
    /// who wrote panicked it does not: then it makes a commit of one phase, after which it opens a file only when all of it is sound.
    /// All that was acknowledged is durable without that.
    fn drop(&mut self) {
        let is_damaged = self.damage.count() > 0;
        self.damage.refuses_writes.store(is_damaged, Ordering::SeqCst);
        let database = self.database.take();
        if quietly(|| drop(database)).is_err() && !is_damaged {
            tracing::error!("hydrophone.redb is damaged: `hydrophone verify` says where");
        }
    }
}

/// Whether a database has no checksums of its pages.
fn is_plain(file: &dyn File) -> io::Result<bool> {
    let mut first = [0; REDB.len()];
    file.read_at(0, &mut first)?;
    Ok(first == REDB)
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// Which pages were read and are not what was written.
#[derive(Debug)]
pub(super) struct Damage {
    hides: bool,
    pages: Mutex<BTreeSet<u64>>,
    /// Nothing is written to the file any more.
    refuses_writes: AtomicBool,
}

impl Damage {
    /// Damaged pages are not read, or, for whoever looks through everything or saves what is left, as they are.
    pub(super) fn new(hides: bool) -> Arc<Self> {
        Arc::new(Self { hides, pages: Mutex::default(), refuses_writes: AtomicBool::new(false) })
    }

    fn check_writes(&self) -> io::Result<()> {
        if self.refuses_writes.load(Ordering::SeqCst) { Err(io::Error::other("it is damaged")) } else { Ok(()) }
    }

    /// Whether whoever reads them gets nothing of them.
    pub(super) fn hides(&self) -> bool {
        self.hides
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.pages().len() as u64
    }

    /// Where in the file they begin.
    pub(super) fn places(&self) -> Vec<u64> {
        self.pages().iter().map(|page| stored_at(page * PAGE_BYTES)).collect()
    }

    fn add(&self, page: u64) {
        let mut pages = self.pages();
        if pages.insert(page) && self.hides && pages.len() <= LOGGED_MAX {
            let byte = stored_at(page * PAGE_BYTES);
            tracing::error!(
                byte,
                "a page of hydrophone.redb is damaged, and what is in it is not read: `hydrophone verify` says what that is"
            );
        }
    }

    fn pages(&self) -> MutexGuard<'_, BTreeSet<u64>> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A file with checksums.
#[derive(Debug)]
struct Pages {
    file: Box<dyn File>,
    damage: Arc<Damage>,
    header: Mutex<[u8; HEADER_BYTES]>,
    /// Those that were needed yet.
    groups: RwLock<HashMap<u64, Group>>,
}

/// The checksums of a group, 4 KiB for 4 MiB. Zero is that of a page that was never written.
#[derive(Debug)]
struct Group {
    sums: Vec<u32>,
    /// Whether the file has others.
    changed: bool,
}

impl Pages {
    fn new(file: Box<dyn File>, damage: Arc<Damage>) -> io::Result<Self> {
        let header = if file.length()? == 0 { [0; HEADER_BYTES] } else { read_header(&*file, &damage)? };
        Ok(Self { file, damage, header: Mutex::new(header), groups: RwLock::default() })
    }

    fn header(&self) -> MutexGuard<'_, [u8; HEADER_BYTES]> {
        self.header.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn groups(&self) -> RwLockReadGuard<'_, HashMap<u64, Group>> {
        self.groups.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn groups_mut(&self) -> RwLockWriteGuard<'_, HashMap<u64, Group>> {
        self.groups.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the checksums of these pages in memory.
    fn load(&self, pages: &Range<u64>) -> io::Result<()> {
        for group in pages.start / GROUP_PAGES..pages.end.div_ceil(GROUP_PAGES) {
            if self.groups().contains_key(&group) {
                continue;
            }
            let mut bytes = vec![0; PAGE_BYTES as usize];
            self.file.read_at(group * STORED_GROUP_BYTES, &mut bytes)?;
            let (sums, _) = bytes.as_chunks::<SUM_BYTES>();
            let sums = sums.iter().map(|sum| u32::from_le_bytes(*sum)).collect();
            // Another thread may have been quicker, and what it has changed since.
            self.groups_mut().entry(group).or_insert(Group { sums, changed: false });
        }
        Ok(())
    }

    /// Writes down the checksums that changed. Should that fail, redb uses this no more.
    fn write_sums(&self) -> io::Result<()> {
        let mut changed = Vec::new();
        for (number, group) in self.groups_mut().iter_mut().filter(|(_, group)| group.changed) {
            changed.push((*number, group.sums.iter().flat_map(|sum| sum.to_le_bytes()).collect::<Vec<u8>>()));
            group.changed = false;
        }
        // Readers do not wait for the disk meanwhile.
        changed.iter().try_for_each(|(number, bytes)| self.file.write_at(number * STORED_GROUP_BYTES, bytes))
    }
}

impl StorageBackend for Pages {
    fn len(&self) -> io::Result<u64> {
        Ok(seen_length(self.file.length()?))
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if let Some(range) = in_header(offset, out.len()) {
            out.copy_from_slice(self.header().get(range).unwrap_or_default());
            return Ok(());
        }
        let pages = pages_of(offset, out.len())?;
        for (stored, range) in runs(offset, out.len()) {
            self.file.read_at(stored, out.get_mut(range).unwrap_or_default())?;
        }
        self.load(&pages)?;
        let mut is_damaged = false;
        let groups = self.groups();
        for (page, bytes) in pages.zip(out.chunks_exact(PAGE_BYTES as usize)) {
            let group = groups.get(&(page / GROUP_PAGES));
            if group.and_then(|group| group.sums.get((page % GROUP_PAGES) as usize)) != Some(&sum(page, bytes)) {
                self.damage.add(page);
                is_damaged = true;
            }
        }
        if is_damaged && self.damage.hides {
            out.fill(NOTHING);
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.damage.check_writes()?;
        pages_of(0, usize::try_from(len).map_err(io::Error::other)?)?;
        // Those of the last group that go keep their checksums: whoever gets their place writes before anybody reads.
        self.groups_mut().retain(|group, _| group * GROUP_BYTES < len);
        self.file.set_length(stored_length(len))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.damage.check_writes()?;
        self.write_sums()?;
        self.file.sync()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.damage.check_writes()?;
        if let Some(range) = in_header(offset, data.len()) {
            let mut header = self.header();
            if let Some(place) = header.get_mut(range) {
                place.copy_from_slice(data);
            }
            let sector = [header.as_slice(), &sum(0, &*header).to_le_bytes()].concat();
            return self.file.write_at(stored_at(0), &sector.repeat(2));
        }
        let pages = pages_of(offset, data.len())?;
        for (stored, range) in runs(offset, data.len()) {
            self.file.write_at(stored, data.get(range).unwrap_or_default())?;
        }
        self.load(&pages)?;
        let mut groups = self.groups_mut();
        for (page, bytes) in pages.zip(data.chunks_exact(PAGE_BYTES as usize)) {
            if let Some(group) = groups.get_mut(&(page / GROUP_PAGES))
                && let Some(place) = group.sums.get_mut((page % GROUP_PAGES) as usize)
            {
                *place = sum(page, bytes);
                group.changed = true;
            }
        }
        Ok(())
    }
}

/// The header, from whichever of its two sectors is sound.
fn read_header(file: &dyn File, damage: &Damage) -> io::Result<[u8; HEADER_BYTES]> {
    let mut sectors = [0; 2 * SECTOR_BYTES];
    file.read_at(stored_at(0), &mut sectors)?;
    let (sectors, _) = sectors.as_chunks::<SECTOR_BYTES>();
    let parts = || sectors.iter().filter_map(|sector| sector.split_first_chunk::<HEADER_BYTES>());
    let sound = parts().find(|(header, stored)| **stored == sum(0, header.as_slice()).to_le_bytes());
    if let Some((header, _)) = sound {
        return Ok(*header);
    }
    damage.add(0);
    match parts().next() {
        Some((header, _)) if !damage.hides => Ok(*header),
        _ => Err(invalid("the header is damaged: `hydrophone verify --repair` saves what can be saved")),
    }
}

/// Where in the header these bytes stand, if they do.
fn in_header(offset: u64, length: usize) -> Option<Range<usize>> {
    let begin = usize::try_from(offset).ok()?;
    let end = begin.checked_add(length)?;
    (end <= HEADER_BYTES).then_some(begin..end)
}

/// The pages that these bytes are.
fn pages_of(offset: u64, length: usize) -> io::Result<Range<u64>> {
    let length = length as u64;
    match offset.checked_add(length) {
        Some(end) if offset.is_multiple_of(PAGE_BYTES) && length.is_multiple_of(PAGE_BYTES) => {
            Ok(offset / PAGE_BYTES..end / PAGE_BYTES)
        }
        _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "no whole pages")),
    }
}

/// Where these bytes stand: by place in the file, and which of them.
fn runs(offset: u64, length: usize) -> impl Iterator<Item = (u64, Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let at = offset + done as u64;
        let some = (length - done).min((GROUP_BYTES - at % GROUP_BYTES) as usize);
        let range = done..done + some;
        done += some;
        (some > 0).then(|| (stored_at(at), range))
    })
}

/// Where in the file a byte stands that redb sees at `offset`.
fn stored_at(offset: u64) -> u64 {
    offset / GROUP_BYTES * STORED_GROUP_BYTES + PAGE_BYTES + offset % GROUP_BYTES
}

/// The length of the file in which redb sees one of `length`.
fn stored_length(length: u64) -> u64 {
    match length {
        0 => 0,
        length => stored_at(length - 1) + 1,
    }
}

/// The length that redb sees in a file of `length`.
fn seen_length(length: u64) -> u64 {
    length / STORED_GROUP_BYTES * GROUP_BYTES + (length % STORED_GROUP_BYTES).saturating_sub(PAGE_BYTES)
}

/// The checksum of a page, or of the header: so that a page in another's place is damaged, too, its number is in it.
fn sum(page: u64, bytes: &[u8]) -> u32 {
    (xxh3_64_with_seed(bytes, page) as u32).max(1)
}

/// A file without checksums, of version 1.
#[derive(Debug)]
struct Plain(Box<dyn File>);

impl StorageBackend for Plain {
    fn len(&self) -> io::Result<u64> {
        self.0.length()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read_at(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_length(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write_at(offset, data)
    }
}
