//! Power cuts while a directory gets a backup: at every operation, with the least that is durable then.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use super::super::directory::Files;
use super::whole::copy_all;
use super::*;

/// What a disk is told to do, in its order.
#[derive(Debug, Clone)]
enum Step {
    Created,
    Written(PathBuf, Vec<u8>),
    Renamed(PathBuf, PathBuf),
    Removed(PathBuf),
    Synced(PathBuf),
}

/// Does it, and writes it down.
struct Recorded(Arc<Mutex<Vec<Step>>>);

impl Files for Recorded {
    fn create_directory(&mut self, path: &Path) -> io::Result<()> {
        self.0.lock().unwrap().push(Step::Created);
        std::fs::create_dir_all(path)
    }

    fn write(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.0.lock().unwrap().push(Step::Written(path.to_owned(), bytes.to_vec()));
        let mut file = std::fs::File::create(path)?;
        io::Write::write_all(&mut file, bytes)
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.lock().unwrap().push(Step::Renamed(from.to_owned(), to.to_owned()));
        std::fs::rename(from, to)
    }

    fn remove(&mut self, path: &Path) -> io::Result<()> {
        self.0.lock().unwrap().push(Step::Removed(path.to_owned()));
        std::fs::remove_file(path)
    }

    fn sync_directory(&mut self, path: &Path) -> io::Result<()> {
        self.0.lock().unwrap().push(Step::Synced(path.to_owned()));
        Ok(())
    }
}

/// Files by their names: what a disk holds.
type Image = BTreeMap<PathBuf, Vec<u8>>;

/// What is there after `steps`. Names that are not synced are there or not, as `lucky` says; a removal that is not synced has not
/// happened where that is unlucky. Bytes are synced by themselves.
fn after(before: &Image, steps: &[Step], mut lucky: impl FnMut() -> bool) -> Image {
    let mut durable = before.clone();
    // Name → what it is to hold, `None` if nothing.
    let mut pending: Vec<(PathBuf, Option<Vec<u8>>)> = Vec::new();
    let held = |durable: &Image, pending: &[(PathBuf, Option<Vec<u8>>)], path: &Path| {
        let last = pending.iter().rev().find(|(of, _)| of == path).map(|(_, held)| held.clone());
        last.unwrap_or_else(|| durable.get(path).cloned())
    };
    for step in steps {
        match step {
            Step::Created => {}
            Step::Written(path, bytes) => pending.push((path.clone(), Some(bytes.clone()))),
            Step::Renamed(from, to) => {
                let bytes = held(&durable, &pending, from);
                pending.push((to.clone(), bytes));
                pending.push((from.clone(), None));
            }
            Step::Removed(path) => pending.push((path.clone(), None)),
            Step::Synced(directory) => {
                let (done, rest) = pending.into_iter().partition(|(path, _)| path.parent() == Some(directory));
                apply(&mut durable, done);
                pending = rest;
            }
        }
    }
    let kept: Vec<_> = pending.into_iter().filter(|_| lucky()).collect();
    apply(&mut durable, kept);
    durable
}

fn apply(image: &mut Image, changes: Vec<(PathBuf, Option<Vec<u8>>)>) {
    for (path, bytes) in changes {
        match bytes {
            Some(bytes) => drop(image.insert(path, bytes)),
            None => drop(image.remove(&path)),
        }
    }
}

fn image_of(path: &Path) -> Image {
    let files = super::whole::walkdir(path);
    files.into_iter().map(|file| (file.clone(), std::fs::read(file).unwrap())).collect()
}

#[test]
fn a_power_cut_while_a_backup_is_added_costs_at_most_that_backup() {
    let directory = tempfile::tempdir().unwrap();
    let store = small(&directory.path().join("data"));
    let backups = directory.path().join("backups");
    take(&store, options(NOW), &mut Directory::open(&backups, None).unwrap()).unwrap();
    let before = image_of(&backups);
    let first = Directory::newest(&backups, None).unwrap();
    for step in [2, 4, 3] {
        resolve(&store, step, NOW);
    }
    let steps = Arc::new(Mutex::new(Vec::new()));
    let later = NOW.plus(Millis(60_000));
    let mut recorded = Directory::open_on(Box::new(Recorded(Arc::clone(&steps))), &backups, Some(1)).unwrap();
    take(&store, options(later), &mut recorded).unwrap();
    drop(recorded);
    let steps = steps.lock().unwrap().clone();
    assert!(steps.len() > 20, "{}", steps.len());
    assert!(steps.iter().any(|step| matches!(step, Step::Removed(_))), "the old one goes");
    let (mut old, mut new) = (0, 0);
    for cut in 0..=steps.len() {
        for luck in 0..3u64 {
            let mut draws = cut as u64 * 3 + luck;
            let image = after(&before, &steps[..cut], || {
                draws = draws.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                match luck {
                    0 => false,
                    1 => true,
                    _ => draws >> 63 == 1,
                }
            });
            let place = directory.path().join("place");
            lay_down(&image, &backups, &place);
            // Whichever is the newest is whole.
            let newest = Directory::newest(&place, None).unwrap();
            Directory::read(&place, &newest, &mut Nowhere)
                .unwrap_or_else(|error| panic!("cut after {cut} of {}, luck {luck}: {error}", steps.len()));
            if newest.time == first.time {
                old += 1;
            } else {
                new += 1;
            }
            if (cut, luck) == (steps.len() / 2, 2) {
                // And the next backup finds its way.
                let copy = directory.path().join("again");
                copy_all(&place, &copy);
                take(&store, options(later), &mut Directory::open(&copy, Some(1)).unwrap()).unwrap();
                Directory::check(&copy, false, &mut |path, what| panic!("{}: {what}", path.display())).unwrap();
                let left = super::whole::walkdir(&copy)
                    .into_iter()
                    .filter(|path| path.extension().is_some_and(|have| have == "tmp"));
                assert_eq!(left.count(), 0);
            }
        }
    }
    assert!(old > 10 && new > 10, "{old} {new}");
}

/// Puts an image of `from` to `place`.
fn lay_down(image: &Image, from: &Path, place: &Path) {
    let _ = std::fs::remove_dir_all(place);
    for (path, bytes) in image {
        let path = place.join(path.strip_prefix(from).unwrap());
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::io::Write::write_all(&mut std::fs::File::create(path).unwrap(), bytes).unwrap();
    }
}

/// Is killed after some pieces.
struct Killed(Directory, usize);

impl Sink for Killed {
    fn piece(&mut self, piece: &Piece<'_>) -> Result<(), Error> {
        self.1 = self.1.checked_sub(1).ok_or(Error::Stopped)?;
        self.0.piece(piece)
    }

    fn finish(&mut self, manifest: &Manifest) -> Result<(), Error> {
        self.0.finish(manifest)
    }
}

#[test]
fn a_backup_is_durable_though_one_before_it_was_killed_and_left_its_pieces() {
    let directory = tempfile::tempdir().unwrap();
    let store = small(&directory.path().join("data"));
    let backups = directory.path().join("backups");
    let steps = Arc::new(Mutex::new(Vec::new()));
    let open = || Directory::open_on(Box::new(Recorded(Arc::clone(&steps))), &backups, None).unwrap();
    take(&store, options(NOW), &mut Killed(open(), 20)).unwrap_err();
    take(&store, options(NOW.plus(Millis(60_000))), &mut open()).unwrap();
    let steps = steps.lock().unwrap();
    let place = directory.path().join("place");
    lay_down(&after(&Image::new(), &steps, || false), &backups, &place);
    Directory::check(&place, false, &mut |path, what| panic!("{}: {what}", path.display())).unwrap();
    assert_eq!(Directory::list(&place).unwrap().len(), 1);
}
