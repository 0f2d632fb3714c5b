//! Backups without faults.

use std::sync::Arc;

use super::*;
use crate::app;
use crate::search;
use crate::telemetry::Registry;

/// Hands on what it is given, and does something before a piece.
struct Interrupted<'a, 'w, W: std::io::Write> {
    archive: Archive<'w, W>,
    pieces: usize,
    interrupt: &'a mut dyn FnMut(usize),
}

impl<W: std::io::Write> Sink for Interrupted<'_, '_, W> {
    fn piece(&mut self, piece: &Piece<'_>) -> Result<(), Error> {
        (self.interrupt)(self.pieces);
        self.pieces += 1;
        self.archive.piece(piece)
    }

    fn finish(&mut self, manifest: &Manifest) -> Result<(), Error> {
        self.archive.finish(manifest)
    }
}

#[test]
fn what_is_restored_is_the_store_at_its_commit_whatever_is_committed_meanwhile() {
    let directory = tempfile::tempdir().unwrap();
    let (store, mut fleet) = lived(&directory.path().join("data"));
    let before = exported(&store);
    let commit = store.view().unwrap().statistics().commit;
    let mut at = NOW;
    let mut archive = Vec::new();
    let mut goes_on = |piece: usize| {
        // Scrapes, sealed windows and occurrences are removed while tables and files are copied.
        if piece % 5 == 1 && at < NOW.plus(Millis(DAY_MS / 2)) {
            let next = at.plus(Millis::from_seconds(3600));
            live(&store, &mut fleet, (at, next), Millis::from_seconds(600));
            at = next;
            if let Some(relief) = store.prepare_relief(100_000, &mut None).unwrap() {
                store.relieve(relief).unwrap();
            }
        }
    };
    let mut sink =
        Interrupted { archive: Archive::new(&mut archive, NOW).unwrap(), pieces: 0, interrupt: &mut goes_on };
    let manifest = take(&store, options(NOW), &mut sink).unwrap();
    drop(sink);
    assert_eq!(manifest.commit, commit);
    assert!(exported(&store) != before, "it went on");
    let copy = restored(&archive, &directory.path().join("copy"));
    assert_eq!(difference(&exported(&copy), &before), None, "another export");
    let rows: u64 = manifest.rows.values().sum();
    assert!(rows > 1000, "{rows} rows");
    // It goes on where it was, too: as its original does from there.
    let mut twin = Fleet::aged(7, NOW, Millis(DAY_MS * 3 / 2));
    twin.history(Timestamp(NOW.0 - DAY_MS * 3 / 2), NOW, Millis::from_seconds(900)).for_each(drop);
    let whole = Store::open(&directory.path().join("whole")).unwrap();
    drop(copy);
    let copy = Store::open(&directory.path().join("copy")).unwrap();
    live(&copy, &mut twin, (NOW, NOW.plus(Millis(3 * 3_600_000))), Millis::from_seconds(900));
    let mut again = Fleet::aged(7, NOW, Millis(DAY_MS * 3 / 2));
    live(&whole, &mut again, (Timestamp(NOW.0 - DAY_MS * 3 / 2), NOW), Millis::from_seconds(900));
    resolve(&whole, 5, NOW);
    live(&whole, &mut again, (NOW, NOW.plus(Millis(3 * 3_600_000))), Millis::from_seconds(900));
    assert_eq!(difference(&exported(&copy), &exported(&whole)), None, "it went on differently");
}

#[test]
fn a_directory_shares_what_backups_have_in_common_and_keeps_as_many_as_it_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let (store, mut fleet) = lived(&directory.path().join("data"));
    let backups = directory.path().join("backups");
    let mut exports = Vec::new();
    let mut written = Vec::new();
    for day in 0..4 {
        let now = NOW.plus(Millis(day * 1_800_000));
        if day > 0 {
            live(&store, &mut fleet, (NOW.plus(Millis((day - 1) * 1_800_000)), now), Millis::from_seconds(900));
        }
        let mut to = Directory::open(&backups, Some(3)).unwrap();
        assert!(Directory::open(&backups, None).is_err(), "one at a time");
        take(&store, options(now), &mut to).unwrap();
        written.push(to.written());
        exports.push((now, exported(&store)));
    }
    assert!(written.iter().skip(1).all(|later| *later < written[0]), "{written:?}");
    assert_eq!(Directory::list(&backups).unwrap().len(), 3);
    let mut problems = Vec::new();
    Directory::check(&backups, false, &mut |path, what| problems.push((path.to_owned(), what))).unwrap();
    assert_eq!(problems, []);
    for (now, export) in exports.iter().skip(1) {
        let copy = directory.path().join(format!("copy-{}", now.0));
        let stored = Directory::newest(&backups, Some(now.plus(Millis(5)))).unwrap();
        assert_eq!(stored.time, *now);
        Directory::read(&backups, &stored, &mut Restoring::begin(&copy, false, false).unwrap()).unwrap();
        assert_eq!(difference(&exported(&Store::open(&copy).unwrap()), export), None, "another export at {now}");
    }
    let error = Directory::newest(&backups, Some(NOW)).unwrap_err().to_string();
    assert!(error.ends_with("holds no backup of 2026-11-20T10:00:00Z or before"), "{error}");
    // Nothing changed: nothing but a manifest is written, and with one kept nothing is left that only the others need.
    let objects = || walkdir(&backups.join("objects")).len();
    let (before, later) = (objects(), NOW.plus(Millis(9_000_000)));
    let mut to = Directory::open(&backups, Some(1)).unwrap();
    let manifest = take(&store, options(later), &mut to).unwrap();
    let manifest_bytes = serde_json::to_string(&manifest).unwrap().len() as u64;
    assert!(to.written() <= manifest_bytes + 1, "{} of {manifest_bytes}", to.written());
    drop(to);
    let named: std::collections::BTreeSet<_> = manifest.pieces.iter().map(|piece| &piece.hash).collect();
    assert_eq!(objects(), named.len());
    assert!(objects() < before);
}

/// All files below a directory.
pub(super) fn walkdir(path: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            files.extend(walkdir(&entry.path()));
        } else {
            files.push(entry.path());
        }
    }
    files.sort();
    files
}

/// Lets a search index catch up with a store: how it was found, and how it is then.
pub(super) fn follow(store: &Arc<Store>) -> (search::Progress, search::Progress) {
    let index = app::index_of(store.path());
    let metrics = search::Metrics::register(&mut Registry::default());
    let mut follower = search::Follower::new(Arc::clone(&index), app::Stored(Arc::clone(store)), metrics).unwrap();
    let known = index.progress();
    follower.catch_up().unwrap();
    (known, index.progress())
}

#[test]
fn the_search_index_comes_along_when_it_is_asked_for_and_is_made_anew_when_not() {
    let directory = tempfile::tempdir().unwrap();
    let (store, _) = lived(&directory.path().join("data"));
    let store = Arc::new(store);
    let (_, whole) = follow(&store);
    assert!(whole.occurrences > 100, "{whole:?}");
    for (with_index, without_index) in [(true, false), (true, true), (false, false)] {
        let archive = archived(&store, Options { with_index, ..options(NOW) });
        let copy = directory.path().join(format!("copy-{with_index}-{without_index}"));
        let manifest = read_archive(archive.as_slice(), &mut Restoring::begin(&copy, false, without_index).unwrap());
        assert_eq!(manifest.unwrap().with_index, with_index);
        let has_index = copy.join("occurrences/2026-11-20/index/meta.json").try_exists().unwrap();
        assert_eq!(has_index, with_index && !without_index);
        let copy = Arc::new(Store::open(&copy).unwrap());
        let (_, found) = follow(&copy);
        assert_eq!((found.occurrences, found.bytes_left), (whole.occurrences, 0));
    }
}

#[test]
fn the_search_index_of_thinned_days_comes_along_and_is_looked_through() {
    let directory = tempfile::tempdir().unwrap();
    let (store, _) = lived(&directory.path().join("data"));
    let store = Arc::new(store);
    follow(&store);
    let mut census = None;
    while let Some(relief) = store.prepare_relief(300_000, &mut census).unwrap() {
        store.relieve(relief).unwrap();
    }
    let rewritten = store.partitions().unwrap().into_iter().find(|day| day.generation > 0).unwrap();
    let (_, whole) = follow(&store);
    let archive = archived(&store, Options { with_index: true, ..options(NOW) });
    let copy = directory.path().join("copy");
    read_archive(archive.as_slice(), &mut Restoring::begin(&copy, false, false).unwrap()).unwrap();
    drop(Store::open(&copy).unwrap());
    let findings = || {
        let mut findings = Vec::new();
        inspect(&copy, &mut |finding| findings.push(finding.to_string())).unwrap();
        findings
    };
    assert_eq!(findings(), [""; 0]);
    let date = Timestamp(i64::from(rewritten.day) * DAY_MS).to_string();
    let index = copy.join(format!("occurrences/{}/index.{}", date.split('T').next().unwrap(), rewritten.generation));
    let segment = walkdir(&index).into_iter().find(|file| file.extension().is_some_and(|kind| kind == "term")).unwrap();
    let mut bytes = std::fs::read(&segment).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::io::Write::write_all(&mut std::fs::File::create(&segment).unwrap(), &bytes).unwrap();
    assert_eq!(findings().len(), 1, "{:?}", findings());
    let copy = Arc::new(Store::open(&copy).unwrap());
    let (_, found) = follow(&copy);
    assert_eq!((found.occurrences, found.bytes_left), (whole.occurrences, 0), "it is made anew");
}

#[test]
fn a_restore_never_replaces_data_unasked_and_what_broke_off_is_finished_by_whoever_opens_it() {
    let directory = tempfile::tempdir().unwrap();
    let (store, _) = lived(&directory.path().join("data"));
    let (archive, before) = (archived(&store, options(NOW)), exported(&store));
    drop(store);
    let other = directory.path().join("other");
    let old = small(&other);
    let old_export = exported(&old);
    let error = Restoring::begin(&other, true, false).unwrap_err().to_string();
    assert!(error.contains("is in use by the process with pid"), "{error}");
    drop(old);
    let error = Restoring::begin(&other, false, false).unwrap_err().to_string();
    assert!(error.contains("holds data already"), "{error}");
    // One that breaks off leaves what was there.
    let half = &archive[..archive.len() / 2];
    let error = read_archive(half, &mut Restoring::begin(&other, true, false).unwrap()).unwrap_err();
    assert!(matches!(error, Error::Incomplete), "{error}");
    assert_eq!(difference(&exported(&Store::open(&other).unwrap()), &old_export), None);
    // After the moment in which it is complete it is there, however little of it was moved up.
    let complete = directory.path().join("complete");
    drop(restored(&archive, &complete));
    for moved in 0..4 {
        let place = directory.path().join(format!("place-{moved}"));
        half_placed(&place, (&other, &complete), moved);
        assert_eq!(difference(&exported(&Store::open(&place).unwrap()), &before), None, "{moved} moved");
        assert!(!place.join("restoring").try_exists().unwrap());
    }
    read_archive(archive.as_slice(), &mut Restoring::begin(&other, true, false).unwrap()).unwrap();
    assert_eq!(difference(&exported(&Store::open(&other).unwrap()), &before), None);
    assert!(!other.join("restoring.partial").try_exists().unwrap());
}

/// The data directory `old` in which a restore of `new` was broken off when so many names of it were in their place: with all of
/// them the directory that they came in is empty.
pub(super) fn half_placed(place: &Path, (old, new): (&Path, &Path), moved: usize) {
    copy_all(old, place);
    let restoring = place.join("restoring");
    copy_all(new, &restoring);
    std::fs::remove_file(restoring.join("LOCK")).unwrap();
    for name in ["occurrences", "FORMAT", "hydrophone.redb"].iter().take(moved) {
        let to = place.join(name);
        if to.is_dir() { std::fs::remove_dir_all(&to) } else { std::fs::remove_file(&to) }.unwrap();
        std::fs::rename(restoring.join(name), to).unwrap();
    }
}

/// What a truncated archive comes to.
fn broken_off(archive: &[u8], hundredths: usize, mut restoring: Restoring) {
    let error = read_archive(&archive[..archive.len() * hundredths / 100], &mut restoring).unwrap_err();
    assert!(matches!(error, Error::Incomplete), "{error}");
}

#[test]
fn a_restore_over_one_that_is_half_in_its_place_finishes_that_one_first() {
    let directory = tempfile::tempdir().unwrap();
    let (old, complete) = (directory.path().join("old"), directory.path().join("complete"));
    let newest = small(&old);
    let archive = archived(&newest, options(NOW));
    let newest = exported(&newest);
    let (store, _) = lived(&complete);
    let before = exported(&store);
    drop(store);
    for moved in 0..4 {
        let place = directory.path().join(format!("place-{moved}"));
        half_placed(&place, (&old, &complete), moved);
        let untouched = walkdir(&place);
        let error = Restoring::begin(&place, false, false).unwrap_err().to_string();
        assert!(error.contains("holds data already"), "{error}");
        assert_eq!(walkdir(&place), untouched);
        // One that breaks off leaves what was restored before it, whole.
        broken_off(&archive, 50, Restoring::begin(&place, true, false).unwrap());
        assert_eq!(difference(&exported(&Store::open(&place).unwrap()), &before), None, "{moved} moved");
        read_archive(archive.as_slice(), &mut Restoring::begin(&place, true, false).unwrap()).unwrap();
        assert_eq!(difference(&exported(&Store::open(&place).unwrap()), &newest), None, "{moved} moved");
    }
}

#[test]
fn nothing_is_left_of_a_restore_that_failed_or_was_killed() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().join("place");
    let store = small(&place);
    let (archive, before) = (archived(&store, options(NOW)), exported(&store));
    drop(store);
    let (there, partial) = (walkdir(&place), place.join("restoring.partial"));
    for hundredths in [0, 20, 50, 80, 99] {
        broken_off(&archive, hundredths, Restoring::begin(&place, true, false).unwrap());
        assert!(!partial.try_exists().unwrap(), "{hundredths} %");
        assert_eq!(walkdir(&place), there, "{hundredths} %");
        // It is no data that would have to be replaced either.
        let empty = directory.path().join("empty");
        broken_off(&archive, hundredths, Restoring::begin(&empty, false, false).unwrap());
        assert_eq!(walkdir(&empty), [empty.join("LOCK")], "{hundredths} %");
    }
    // A process that was killed could remove nothing. Whoever only looks leaves that.
    let left = directory.path().join("left");
    drop(restored(&archive, &left));
    std::fs::remove_file(left.join("LOCK")).unwrap();
    copy_all(&left, &partial);
    let with_it = walkdir(&place);
    inspect(&place, &mut |finding| panic!("{finding}")).unwrap();
    assert_eq!(walkdir(&place), with_it);
    assert_eq!(difference(&exported(&Store::open(&place).unwrap()), &before), None);
    assert!(!partial.try_exists().unwrap());
    assert_eq!(walkdir(&place), there);
}

pub(super) fn copy_all(from: &Path, to: &Path) {
    for file in walkdir(from) {
        let target = to.join(file.strip_prefix(from).unwrap());
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(&file, target).unwrap();
    }
}

#[test]
fn an_archive_is_a_tar_file_that_others_can_read() {
    let directory = tempfile::tempdir().unwrap();
    let store = small(&directory.path().join("data"));
    let archive = archived(&store, options(NOW));
    let tar = zstd::stream::decode_all(archive.as_slice()).unwrap();
    let path = directory.path().join("archive.tar");
    crate::fs::rewrite_atomic(&path, &tar).unwrap();
    let listed = std::process::Command::new("tar").arg("-tf").arg(&path).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let names: Vec<&str> = listed.lines().collect();
    assert_eq!(names.last(), Some(&"manifest.json"));
    assert_eq!(names[0], "tables/meta/0-0-0.0");
    assert!(names.contains(&"occurrences/2026-11-20/bodies.log/0"), "{names:?}");
    // The same store at the same time is the same archive.
    assert!(archived(&store, options(NOW)) == archive);
}

#[test]
fn the_backup_that_was_just_made_stays_though_older_ones_are_of_the_time_to_come() {
    let directory = tempfile::tempdir().unwrap();
    let store = small(&directory.path().join("data"));
    let backups = directory.path().join("backups");
    for seconds in [7200, 0, 60] {
        let now = NOW.plus(Millis::from_seconds(seconds));
        take(&store, options(now), &mut Directory::open(&backups, Some(1)).unwrap()).unwrap();
        let times: Vec<_> = Directory::list(&backups).unwrap().iter().map(|stored| stored.time).collect();
        assert_eq!(times, [now]);
    }
}
