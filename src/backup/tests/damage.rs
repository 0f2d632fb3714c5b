//! Archives and directories with a byte changed, cut off, or made up.

use super::whole::{copy_all, walkdir};
use super::*;

/// A small source of chance (splitmix64).
pub(super) struct Chance(pub(super) u64);

impl Chance {
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % end.max(1) as u64) as usize
    }
}

/// Keeps what it is given, to be compared.
#[derive(Default, PartialEq)]
struct Kept(Vec<(String, u128)>);

impl Sink for Kept {
    fn piece(&mut self, piece: &Piece<'_>) -> Result<(), Error> {
        piece.check()?;
        self.0.push((piece.name.to_owned(), piece.hash));
        Ok(())
    }

    fn finish(&mut self, manifest: &Manifest) -> Result<(), Error> {
        assert_eq!(manifest.pieces.len(), self.0.len());
        Ok(())
    }
}

#[test]
fn a_changed_byte_of_an_archive_is_found_or_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let store = small(&directory.path().join("data"));
    let archive = archived(&store, options(NOW));
    let mut whole = Kept::default();
    let manifest = read_archive(archive.as_slice(), &mut whole).unwrap();
    let mut chance = Chance(1);
    let mut harmless = 0;
    for _ in 0..4000 {
        let at = chance.below(archive.len());
        let mut damaged = archive.clone();
        damaged[at] ^= 1 << chance.below(8);
        let mut read = Kept::default();
        if let Ok(found) = read_archive(damaged.as_slice(), &mut read) {
            assert!(read == whole && found == manifest, "byte {at}");
            harmless += 1;
        }
    }
    assert!(harmless < 40, "{harmless} of 4000");
    for _ in 0..300 {
        let cut = chance.below(archive.len());
        let error = read_archive(&archive[..cut], &mut Nowhere).unwrap_err();
        assert!(matches!(error, Error::Incomplete), "cut to {cut}: {error}");
    }
    let mut longer = archive.clone();
    longer.push(0);
    let error = read_archive(longer.as_slice(), &mut Nowhere).unwrap_err().to_string();
    assert_eq!(error, "the archive is damaged: something follows its end");
}

#[test]
fn archives_that_nobody_made_are_refused() {
    let header = |name: &str, bytes: u64| super::super::tar::header(name, bytes, 0).unwrap().to_vec();
    let compress = |tar: &[u8]| zstd::stream::encode_all(tar, 1).unwrap();
    let refused = |tar: &[u8]| read_archive(compress(tar).as_slice(), &mut Nowhere).unwrap_err().to_string();
    assert_eq!(refused(&[]), "the archive is incomplete: it has no manifest");
    assert_eq!(refused(&[0; 1024]), "the archive is damaged: a header is none of ours");
    assert_eq!(refused(&header("../../etc/passwd", 0)), "../../etc/passwd is damaged: nothing is called so");
    let huge = refused(&header("tables/log/0-0-0.0", (1 << 33) - 1));
    assert_eq!(huge, "tables/log/0-0-0.0 is damaged: 8589934591 bytes are more than it can have");
    assert_eq!(refused(&header("tables/log/0-0-0.0", 1 << 29)), "the archive is incomplete: it has no manifest");
    // A few bytes that would become as many rows as there is memory, and a file that is no part of one.
    for name in ["tables/log/0-0-0.0", "occurrences/2026-11-20/bodies.log/0"] {
        let mut bomb = header(name, 64 << 20);
        bomb.resize(bomb.len() + (64 << 20), 0);
        assert_eq!(refused(&bomb), format!("{name} is damaged: 67108864 bytes are more than it can have"));
    }
    let mut manifest = header("manifest.json", 2);
    manifest.extend_from_slice(b"{}");
    manifest.resize(1024, 0);
    assert!(refused(&manifest).starts_with("manifest.json is damaged: missing field"), "{}", refused(&manifest));
    let error = read_archive(&b"not zstd at all"[..], &mut Nowhere).unwrap_err().to_string();
    assert!(error.starts_with("the archive is damaged"), "{error}");
}

#[test]
fn a_changed_byte_of_a_directory_is_found_or_changes_nothing_and_the_next_backup_mends_it() {
    let directory = tempfile::tempdir().unwrap();
    let store = small(&directory.path().join("data"));
    let backups = directory.path().join("backups");
    for minute in 0..2 {
        let now = NOW.plus(Millis(minute * 60_000));
        take(&store, options(now), &mut Directory::open(&backups, None).unwrap()).unwrap();
        resolve(&store, 2, now);
    }
    let stored = Directory::newest(&backups, None).unwrap();
    let mut whole = Kept::default();
    let manifest = Directory::read(&backups, &stored, &mut whole).unwrap();
    let files: Vec<_> = walkdir(&backups).into_iter().filter(|path| !path.ends_with("LOCK")).collect();
    let mut chance = Chance(2);
    let mut found = 0;
    for round in 0..1500 {
        let file = &files[chance.below(files.len())];
        let before = std::fs::read(file).unwrap();
        let mut damaged = before.clone();
        let at = chance.below(damaged.len());
        damaged[at] ^= 1 << chance.below(8);
        crate::fs::rewrite_atomic(file, &damaged).unwrap();
        let mut problems = Vec::new();
        Directory::check(&backups, false, &mut |path, what| problems.push((path.to_owned(), what))).unwrap();
        let mut read = Kept::default();
        if let Ok(again) = Directory::read(&backups, &stored, &mut read) {
            assert!(read == whole && again == manifest, "round {round}: byte {at} of {}", file.display());
        } else {
            assert!(!problems.is_empty(), "round {round}: byte {at} of {}", file.display());
        }
        found += usize::from(!problems.is_empty());
        crate::fs::rewrite_atomic(file, &before).unwrap();
    }
    assert!(found > 1450, "{found} of 1500");

    // What somebody wrote into a manifest leads to no other file.
    let copy = directory.path().join("made up");
    copy_all(&backups, &copy);
    let stored = Directory::newest(&copy, None).unwrap();
    for hash in ["/etc/passwd", "../../../../../../etc/passwd", &"F".repeat(32), "+1"] {
        let mut made_up = manifest.clone();
        made_up.pieces[0].hash = hash.to_owned();
        crate::fs::rewrite_atomic(&stored.path, made_up.seal().unwrap().as_bytes()).unwrap();
        let error = Directory::read(&copy, &stored, &mut Kept::default()).unwrap_err().to_string();
        assert_eq!(error, format!("{} is damaged: {hash:?} is no checksum", manifest.pieces[0].name));
    }

    // An object that is damaged goes when it is asked to, and the next backup has it again.
    let copy = directory.path().join("copy");
    copy_all(&backups, &copy);
    let object = walkdir(&copy.join("objects")).into_iter().next().unwrap();
    crate::fs::rewrite_atomic(&object, b"damaged").unwrap();
    let mut problems = Vec::new();
    Directory::check(&copy, true, &mut |path, _| problems.push(path.to_owned())).unwrap();
    assert_eq!(problems[0], object);
    assert!(problems.len() >= 2, "the backups that need it are named, too: {problems:?}");
    let later = NOW.plus(Millis(120_000));
    take(&store, options(later), &mut Directory::open(&copy, Some(1)).unwrap()).unwrap();
    Directory::check(&copy, false, &mut |path, what| panic!("{}: {what}", path.display())).unwrap();
}

#[test]
fn a_directory_without_its_database_is_refused_and_stays_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    drop(small(&data));
    std::fs::remove_file(data.join("hydrophone.redb")).unwrap();
    let before: Vec<_> = walkdir(&data).into_iter().map(|path| (std::fs::read(&path).unwrap(), path)).collect();
    let error = Store::open(&data).unwrap_err().to_string();
    assert!(error.contains("has samples and no hydrophone.redb"), "{error}");
    let after: Vec<_> = walkdir(&data).into_iter().map(|path| (std::fs::read(&path).unwrap(), path)).collect();
    assert!(before == after);
    // Who removes the samples, too, begins anew.
    std::fs::remove_dir_all(data.join("occurrences")).unwrap();
    assert_eq!(Store::open(&data).unwrap().view().unwrap().aggregates().len(), 0);
}

#[test]
fn samples_whose_file_is_gone_or_cut_are_missed_and_not_taken_for_none() {
    for is_gone in [true, false] {
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path().join("data");
        let store = small(&data);
        let mut ids: Vec<crate::model::id::OccurrenceId> = Vec::new();
        let mut keep = |sample: crate::store::StoredOccurrence| {
            ids.push(sample.id);
            std::ops::ControlFlow::Continue(())
        };
        assert_eq!(store.view().unwrap().each_sample(&mut keep).unwrap(), 0);
        drop(store);
        let file = walkdir(&data.join("occurrences")).into_iter().find(|path| path.ends_with("bodies.log")).unwrap();
        if is_gone {
            std::fs::remove_file(&file).unwrap();
        } else {
            std::fs::File::options().write(true).open(&file).unwrap().set_len(100).unwrap();
        }
        let store = Store::open(&data).unwrap();
        let view = store.view().unwrap();
        let read: Vec<_> = ids.iter().map(|id| view.occurrence(*id)).collect();
        assert!(read.iter().any(Result::is_err) && !read.iter().any(|read| matches!(read, Ok(None))), "{is_gone}");
        drop(view);
        let error = transfer::export(&store, &mut std::io::sink(), Path::new("nowhere")).unwrap_err().to_string();
        assert!(error.contains("damaged samples"), "{error}");
    }
}
