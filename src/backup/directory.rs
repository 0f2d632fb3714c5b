//! A directory of backups that share what they have in common.
//!
//! ```text
//! objects/ab/ab34…        a piece, compressed with zstd, under the XXH3-128 of its bytes: written once
//! backups/TIME.json       a backup's manifest, written when all its pieces are durable
//! LOCK                    one writer at a time
//! ```
//!
//! A backup therefore costs what changed since the one before, each can be restored without the others, and one that broke off is
//! some objects that nobody names, which the next one uses or removes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::Xxh3;

use super::manifest::{Manifest, Named, hex, unhex};
use super::piece::{HEAD_BYTES, bytes_max, check_head};
use super::{Error, Piece, Sink};
use crate::fs::DirectoryLock;
use crate::model::time::Timestamp;

const OBJECTS: &str = "objects";
const BACKUPS: &str = "backups";
/// Ends the name of a file that is being written.
const UNFINISHED: &str = "tmp";
const COMPRESSION_LEVEL: i32 = 3;
/// What says how many bytes a zstd frame holds is within so many of its first (RFC 8878, 3.1.1).
const FRAME_HEADER_BYTES_MAX: u64 = 18;

/// What a directory of backups asks of a file system. Tests put one in its place that keeps account of what is durable.
pub(super) trait Files: Send {
    /// Makes a directory and those above it, where they are missing.
    fn create_directory(&mut self, path: &Path) -> io::Result<()>;
    /// Writes a new file, whose bytes are durable on return; its name is not.
    fn write(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Gives a file another name in the same directory.
    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&mut self, path: &Path) -> io::Result<()>;
    /// Makes the names in a directory durable.
    fn sync_directory(&mut self, path: &Path) -> io::Result<()>;
}

struct Real;

/// A directory of backups, to add one.
pub struct Directory {
    path: PathBuf,
    files: Box<dyn Files>,
    /// How many backups are kept; `None` is all.
    keep: Option<usize>,
    /// Objects that are there.
    known: BTreeSet<u128>,
    /// Directories with names that are not durable yet.
    unsynced: BTreeSet<PathBuf>,
    /// Bytes that this backup added.
    written: u64,
    _lock: DirectoryLock,
}

/// A backup that is in a directory.
#[derive(Debug, Clone)]
pub struct Stored {
    /// When it was made.
    pub time: Timestamp,
    /// Its manifest's file.
    pub path: PathBuf,
}

impl std::fmt::Debug for Directory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Directory").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Directory {
    /// Begins to add a backup to the directory at `path`, which is made if need be. When it is there, only the newest `keep` of
    /// all backups are left.
    ///
    /// # Errors
    /// When somebody else adds one, it is a data directory, or can not be read or written.
    pub fn open(path: &Path, keep: Option<usize>) -> Result<Self, Error> {
        Self::open_on(Box::new(Real), path, keep)
    }

    pub(super) fn open_on(mut files: Box<dyn Files>, path: &Path, keep: Option<usize>) -> Result<Self, Error> {
        if path.join("FORMAT").try_exists().map_err(Error::io("can not read", path))? {
            return Err(Error::DataDirectory { path: path.to_owned() });
        }
        for directory in [path.to_owned(), path.join(OBJECTS), path.join(BACKUPS)] {
            files.create_directory(&directory).map_err(Error::io("can not create", &directory))?;
        }
        let lock = DirectoryLock::acquire(path).map_err(crate::store::Error::from)?;
        remove_unfinished(&mut *files, path)?;
        let known = objects(path)?.into_keys().collect();
        let unsynced = BTreeSet::from([path.to_owned(), path.join(OBJECTS)]);
        Ok(Self { path: path.to_owned(), files, keep, known, unsynced, written: 0, _lock: lock })
    }

    /// Bytes that this backup added so far: what was there already is not among them.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written
    }

    /// The backups that are in the directory at `path`, oldest first.
    ///
    /// # Errors
    /// When it can not be read.
    pub fn list(path: &Path) -> Result<Vec<Stored>, Error> {
        let directory = path.join(BACKUPS);
        let mut all = Vec::new();
        for (name, path) in entries(&directory)? {
            if let Some(time) = time_of(&name) {
                all.push(Stored { time, path });
            }
        }
        all.sort_by_key(|stored| stored.time);
        Ok(all)
    }

    /// The newest backup in the directory at `path`, or the newest that is not younger than `at`.
    ///
    /// # Errors
    /// When there is none.
    pub fn newest(path: &Path, at: Option<Timestamp>) -> Result<Stored, Error> {
        let all = Self::list(path)?;
        let newest = all.into_iter().rev().find(|stored| at.is_none_or(|at| stored.time <= at));
        let when = at.map(|at| format!(" of {at} or before")).unwrap_or_default();
        newest.ok_or_else(|| Error::Nothing { path: path.to_owned(), when })
    }

    /// Hands over the pieces of a backup in the directory at `path`.
    ///
    /// # Errors
    /// When it is damaged, or the sink does not take it.
    pub fn read(path: &Path, stored: &Stored, sink: &mut dyn Sink) -> Result<Manifest, Error> {
        let manifest = manifest(&stored.path)?;
        for named in &manifest.pieces {
            let wrong = || Error::damaged(&named.name, format!("{:?} is no checksum", named.hash));
            let hash = unhex(&named.hash).ok_or_else(wrong)?;
            let object = object_path(path, hash);
            let bytes = read_object(&object, named)?;
            let piece = Piece::new(&named.name, &bytes);
            if piece.hash != hash || bytes.len() as u64 != named.bytes {
                let problem = format!("{} is not what the manifest says", object.display());
                return Err(Error::damaged(&named.name, problem));
            }
            sink.piece(&piece)?;
        }
        sink.finish(&manifest)?;
        Ok(manifest)
    }

    /// Looks through all backups and objects in the directory at `path`, and calls `found` with what is wrong: the file, and
    /// what. With `remove`, objects that are damaged go, so that the next backup writes them anew.
    ///
    /// # Errors
    /// When something can not be read at all.
    pub fn check(path: &Path, remove: bool, found: &mut dyn FnMut(&Path, String)) -> Result<(), Error> {
        let mut sound = BTreeSet::new();
        for (hash, object) in objects(path)? {
            let problem = match hash_object(&object) {
                Ok(found) if found == hash => {
                    sound.insert(hash);
                    continue;
                }
                Ok(_) => "checksum does not match".to_owned(),
                Err(Error::Damaged { problem, .. }) => problem,
                Err(error) => return Err(error),
            };
            found(&object, problem);
            if remove {
                Real.remove(&object).map_err(Error::io("can not remove", &object))?;
            }
        }
        for stored in Self::list(path)? {
            match manifest(&stored.path) {
                Err(error @ (Error::Damaged { .. } | Error::Version { .. })) => found(&stored.path, error.to_string()),
                Err(error) => return Err(error),
                Ok(manifest) => {
                    let is_sound = |hash: &str| unhex(hash).is_some_and(|hash| sound.contains(&hash));
                    let lacking: Vec<&str> = manifest
                        .pieces
                        .iter()
                        .filter(|named| !is_sound(&named.hash))
                        .map(|named| named.name.as_str())
                        .collect();
                    if let Some(first) = lacking.first() {
                        found(&stored.path, format!("lacks {} pieces, the first of them {first}", lacking.len()));
                    }
                }
            }
        }
        Ok(())
    }

    /// Removes backups beyond those that are kept, and objects that no backup names. The one at `made` stays, whatever the time
    /// was when others were made. One that can not be read is none that is kept, and stays.
    fn rotate(&mut self, made: &Path) -> Result<(), Error> {
        let mut named = BTreeSet::new();
        let mut name = |manifest: Manifest| {
            named.extend(manifest.pieces.iter().filter_map(|piece| unhex(&piece.hash)));
        };
        name(manifest(made)?);
        let (mut kept, mut old, mut all_are_known) = (1, Vec::new(), true);
        for stored in Self::list(&self.path)?.into_iter().rev().filter(|stored| stored.path != made) {
            match manifest(&stored.path) {
                Ok(_) if self.keep.is_some_and(|keep| kept >= keep) => old.push(stored),
                Ok(manifest) => {
                    name(manifest);
                    kept += 1;
                }
                Err(error) => {
                    tracing::error!(path = %stored.path.display(), %error, "an older backup can not be read");
                    all_are_known = false;
                }
            }
        }
        // The oldest first: those that are left when it breaks off are the newest.
        for stored in old.iter().rev() {
            self.files.remove(&stored.path).map_err(Error::io("can not remove", &stored.path))?;
        }
        if !old.is_empty() {
            // Their names are gone for good before anything that they name is.
            let directory = self.path.join(BACKUPS);
            self.files.sync_directory(&directory).map_err(Error::io("can not sync", &directory))?;
        }
        // What one needs that can not be read is not known: nothing is removed.
        if !all_are_known {
            return Ok(());
        }
        for (hash, object) in objects(&self.path)? {
            if !named.contains(&hash) {
                self.files.remove(&object).map_err(Error::io("can not remove", &object))?;
            }
        }
        Ok(())
    }

    fn write(&mut self, path: &Path, bytes: &[u8]) -> Result<(), Error> {
        let temporary = path.with_extension(UNFINISHED);
        let written = self.files.write(&temporary, bytes).map_err(Error::io("can not write", &temporary));
        let renamed =
            written.and_then(|()| self.files.rename(&temporary, path).map_err(Error::io("can not rename", &temporary)));
        if renamed.is_err() {
            // Where it was for want of room, there is to be as much as before. What can not be removed the next backup removes.
            let _ = self.files.remove(&temporary);
        }
        renamed?;
        self.written += bytes.len() as u64;
        Ok(())
    }

    fn sync(&mut self) -> Result<(), Error> {
        for directory in std::mem::take(&mut self.unsynced) {
            self.files.sync_directory(&directory).map_err(Error::io("can not sync", &directory))?;
        }
        Ok(())
    }
}

impl Sink for Directory {
    fn piece(&mut self, piece: &Piece<'_>) -> Result<(), Error> {
        let path = object_path(&self.path, piece.hash);
        // Also that of one that is there: a backup that was killed may have left it, and its name need not be durable yet.
        if let Some(directory) = path.parent()
            && !self.unsynced.contains(directory)
        {
            self.files.create_directory(directory).map_err(Error::io("can not create", directory))?;
            self.unsynced.insert(directory.to_owned());
        }
        if self.known.contains(&piece.hash) && seems_sound(&path, piece.bytes.len()) {
            return Ok(());
        }
        let compressed = zstd::bulk::compress(piece.bytes, COMPRESSION_LEVEL).map_err(Error::Stream)?;
        self.write(&path, &compressed)?;
        self.known.insert(piece.hash);
        Ok(())
    }

    fn finish(&mut self, manifest: &Manifest) -> Result<(), Error> {
        self.sync()?;
        let time = manifest.time().ok_or_else(|| Error::damaged("the manifest", "its time is none"))?;
        let path = self.path.join(BACKUPS).join(name_of(time));
        self.write(&path, manifest.text()?.as_bytes())?;
        self.unsynced.insert(self.path.join(BACKUPS));
        self.sync()?;
        self.rotate(&path)
    }
}

impl Files for Real {
    fn create_directory(&mut self, path: &Path) -> io::Result<()> {
        std::fs::create_dir_all(path)
    }

    fn write(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = File::create(path)?;
        io::Write::write_all(&mut file, bytes)?;
        file.sync_data()
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&mut self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn sync_directory(&mut self, path: &Path) -> io::Result<()> {
        crate::fs::sync_directory(path)
    }
}

/// Removes files of backups that broke off, which take room that the next one may need. Who calls it has the directory's lock.
fn remove_unfinished(files: &mut dyn Files, path: &Path) -> Result<(), Error> {
    let mut directories = vec![path.join(BACKUPS)];
    directories.extend(entries(&path.join(OBJECTS))?.into_iter().map(|(_, path)| path));
    for directory in directories {
        for (_, path) in entries(&directory)? {
            if path.extension().is_some_and(|extension| extension == UNFINISHED) {
                files.remove(&path).map_err(Error::io("can not remove", &path))?;
            }
        }
    }
    Ok(())
}

/// Whether an object can be what holds so many bytes, by its begin: one that a power cut left empty, or full of zeros, is not. Reading
/// all of it would cost as much as writing it.
fn seems_sound(object: &Path, bytes: usize) -> bool {
    let mut begin = Vec::new();
    let read = File::open(object).and_then(|file| file.take(FRAME_HEADER_BYTES_MAX).read_to_end(&mut begin));
    let told = zstd::zstd_safe::get_frame_content_size(&begin);
    read.is_ok() && told.is_ok_and(|told| told == Some(bytes as u64))
}

/// All objects, by their hashes.
fn objects(path: &Path) -> Result<BTreeMap<u128, PathBuf>, Error> {
    let mut all = BTreeMap::new();
    for (_, directory) in entries(&path.join(OBJECTS))? {
        for (name, path) in entries(&directory)? {
            if let Some(hash) = unhex(&name) {
                all.insert(hash, path);
            }
        }
    }
    Ok(all)
}

fn object_path(path: &Path, hash: u128) -> PathBuf {
    let name = hex(hash);
    path.join(OBJECTS).join(name.get(..2).unwrap_or_default()).join(name)
}

/// What an object holds, decompressed as it is read.
fn open_object(path: &Path, name: &str) -> Result<impl Read + use<>, Error> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(Error::damaged(name, format!("{} is not there", path.display())));
        }
        file => file.map_err(Error::io("can not read", path))?,
    };
    zstd::stream::read::Decoder::new(file).map_err(Error::Stream)
}

/// A piece's bytes, and one more where there are more than the manifest says.
fn read_object(path: &Path, named: &Named) -> Result<Vec<u8>, Error> {
    if named.bytes > bytes_max(&named.name)? {
        return Err(Error::too_long(&named.name, named.bytes));
    }
    let mut object = open_object(path, &named.name)?;
    let broken = |_| Error::damaged(&named.name, format!("{} can not be decompressed", path.display()));
    let mut bytes = Vec::new();
    object.by_ref().take(named.bytes.min(HEAD_BYTES as u64)).read_to_end(&mut bytes).map_err(broken)?;
    check_head(&named.name, &bytes, named.bytes)?;
    object.take(named.bytes - bytes.len() as u64 + 1).read_to_end(&mut bytes).map_err(broken)?;
    Ok(bytes)
}

/// XXH3-128 of what an object holds.
fn hash_object(path: &Path) -> Result<u128, Error> {
    let mut object = open_object(path, "object")?;
    let broken = |_| Error::damaged("object", format!("{} can not be decompressed", path.display()));
    let (mut hash, mut bytes) = (Xxh3::new(), vec![0; 64 << 10]);
    loop {
        match object.read(&mut bytes).map_err(broken)? {
            0 => return Ok(hash.digest128()),
            length => hash.update(bytes.get(..length).unwrap_or_default()),
        }
    }
}

fn manifest(path: &Path) -> Result<Manifest, Error> {
    let text = std::fs::read(path).map_err(Error::io("can not read", path))?;
    let place = path.display().to_string();
    let manifest = Manifest::parse(&place, &text)?;
    match path.file_name().and_then(|name| time_of(name.to_str()?)) {
        time if time.is_some() && time == manifest.time() => Ok(manifest),
        _ => Err(Error::damaged(place, "it is of another time than its name says")),
    }
}

/// Names and paths in a directory, in the order of the names; nothing where there is no such directory.
fn entries(directory: &Path) -> Result<Vec<(String, PathBuf)>, Error> {
    let found = match std::fs::read_dir(directory) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        found => found.map_err(Error::io("can not read", directory))?,
    };
    let mut all = Vec::new();
    for entry in found {
        let entry = entry.map_err(Error::io("can not read", directory))?;
        if let Ok(name) = entry.file_name().into_string() {
            all.push((name, entry.path()));
        }
    }
    all.sort();
    Ok(all)
}

/// `2026-11-20T10-00-00.250Z.json`: colons are not for all file systems.
fn name_of(time: Timestamp) -> String {
    format!("{}.json", time.to_string().replace(':', "-"))
}

fn time_of(name: &str) -> Option<Timestamp> {
    let (date, time) = name.strip_suffix(".json")?.split_once('T')?;
    let time = Timestamp::parse_rfc3339(&format!("{date}T{}", time.replace('-', ":")))?;
    (name_of(time) == name).then_some(time)
}
