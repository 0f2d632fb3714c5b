//! Upgrades of data directories, by steps that no version needed yet, broken off at every moment.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::resting::{BEGIN, scrape};
use crate::model::activity::Reason;
use crate::model::view::SavedView;
use crate::store::codec::Corrupt;
use crate::store::upgrade::{Row, Step, Take, upgrade_by};
use crate::store::{Edit, Error, Store, Task, finish_restore};

/// Gives saved views another name.
fn mark(Row { table, key, value }: Row<'_>, mark: u8, take: &mut Take<'_>) -> Result<(), Error> {
    let key = if table == "views" { [key, &[mark]].concat() } else { key.to_vec() };
    take(Row { table, key: &key, value })
}

fn first(row: Row<'_>, take: &mut Take<'_>) -> Result<(), Error> {
    mark(row, b'!', take)
}

fn second(row: Row<'_>, take: &mut Take<'_>) -> Result<(), Error> {
    mark(row, b'?', take)
}

/// Breaks off in the middle of the rows.
fn broken(row: Row<'_>, take: &mut Take<'_>) -> Result<(), Error> {
    let odd = Corrupt::new("row", "is odd");
    if row.table == "views" { Err(Error::corrupt("views", 0)(odd)) } else { take(row) }
}

/// The one to our own version is not gone by what is made here.
const STEPS: [Step; 3] = [broken, first, second];

/// A data directory with something of everything that upgrades have to carry.
fn made(directory: &Path) -> PathBuf {
    let path = directory.join("data");
    let store = Store::open(&path).unwrap();
    scrape(&store, BEGIN, 5).unwrap();
    let view = SavedView {
        name: "mine".to_owned(),
        query: String::new(),
        start: "now-1h".to_owned(),
        end: String::new(),
        sort: "count".to_owned(),
        saved_by: "ada".to_owned(),
        saved_at: BEGIN,
    };
    let mut draft = store.draft();
    draft.edit(Edit { at: BEGIN, actor: None, reason: Reason::Edit, task: Task::SaveView(view) });
    store.commit(draft.finish()).unwrap();
    path
}

/// What is in the files below `path`, but for the lock.
fn bytes(path: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut directories = vec![path.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                directories.push(entry.path());
            } else if entry.file_name() != "LOCK" {
                found.insert(entry.path().strip_prefix(path).unwrap().to_owned(), std::fs::read(entry.path()).unwrap());
            }
        }
    }
    found
}

fn hashes(path: &Path) -> BTreeMap<PathBuf, u64> {
    bytes(path).into_iter().map(|(name, bytes)| (name, xxhash_rust::xxh3::xxh3_64(&bytes))).collect()
}

/// What a directory says, whichever version it has: upgrades of these tests change names only.
fn said(path: &Path) -> (u64, usize, Vec<String>) {
    crate::fs::rewrite_atomic(&path.join("FORMAT"), b"2\n").unwrap();
    let store = Store::open(path).unwrap();
    store.verify(&mut |finding| panic!("{finding}")).unwrap();
    let view = store.view().unwrap();
    let aggregate = &view.aggregates()[0];
    let samples = view.occurrences(aggregate.id, None, 10).unwrap().len();
    let transaction = store.read().unwrap();
    let mut names = Vec::new();
    crate::store::raw::table("views")
        .unwrap()
        .each(&transaction, false, &mut |_, key, _| {
            names.push(String::from_utf8(key.to_vec()).unwrap());
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
    (aggregate.total, samples, names)
}

#[test]
fn an_older_directory_becomes_a_new_one_and_stays_beside_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = made(directory.path());
    let before = hashes(&path);

    upgrade_by(&path, &STEPS).unwrap();
    assert_eq!(std::fs::read_to_string(path.join("FORMAT")).unwrap(), "4\n");
    assert_eq!(hashes(&path.join("before-v4")), before, "the way back");
    let refused = Store::open(&path).unwrap_err().to_string();
    assert!(refused.contains("has format version 4, this binary reads version 2"), "{refused}");

    // There is nothing left to do.
    let after = hashes(&path);
    upgrade_by(&path, &STEPS).unwrap();
    assert_eq!(hashes(&path), after);

    assert_eq!(said(&path), (5, 1, vec!["mine!?".to_owned()]));
    assert_eq!(said(&path.join("before-v4")), (5, 1, vec!["mine".to_owned()]));
}

#[test]
fn an_upgrade_that_fails_leaves_everything_as_it_was_and_is_begun_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = made(directory.path());
    let before = hashes(&path);
    let error = upgrade_by(&path, &[broken, first, broken]).unwrap_err();
    assert!(matches!(error, Error::Corrupt { table: "views", .. }), "{error}");
    assert_eq!(hashes(&path), before);
    assert!(!path.join("restoring.partial").try_exists().unwrap());

    // Where somebody has put something else nothing is begun.
    std::fs::create_dir(path.join("before-v4")).unwrap();
    std::fs::File::create(path.join("before-v4/mine")).unwrap();
    let error = upgrade_by(&path, &STEPS).unwrap_err().to_string();
    assert!(error.contains("before-v4 holds the data of before an earlier upgrade"), "{error}");
    std::fs::remove_file(path.join("before-v4/mine")).unwrap();

    // An empty one is what is left of it when somebody went back.
    upgrade_by(&path, &STEPS).unwrap();
    assert_eq!(said(&path), (5, 1, vec!["mine!?".to_owned()]));
}

#[test]
fn a_directory_in_which_nothing_was_stored_yet_only_says_another_version() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data");
    std::fs::create_dir(&path).unwrap();
    crate::fs::rewrite_atomic(&path.join("FORMAT"), b"1\n").unwrap();
    let store = Store::open(&path).unwrap();
    assert_eq!(store.view().unwrap().statistics().commit, 0);
    assert_eq!(std::fs::read_to_string(path.join("FORMAT")).unwrap(), "2\n");
    assert!(!path.join("before-v2").try_exists().unwrap());
}

#[test]
fn a_damaged_database_is_not_upgraded() {
    let directory = tempfile::tempdir().unwrap();
    let path = made(directory.path());
    let database = path.join("hydrophone.redb");
    let mut bytes = std::fs::read(&database).unwrap();
    // All but the header.
    bytes.chunks_mut(4096).skip(2).for_each(|page| page[40] ^= 1);
    crate::fs::rewrite_atomic(&database, &bytes).unwrap();
    let before = hashes(&path);
    assert!(crate::store::guarded(|| upgrade_by(&path, &STEPS)).is_err());
    assert_eq!(hashes(&path), before);
}

#[test]
fn an_upgrade_goes_on_from_wherever_a_crash_left_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = made(directory.path());
    upgrade_by(&path, &STEPS).unwrap();
    let whole = hashes(&path);
    let old = bytes(&path.join("before-v4"));
    let mut new = bytes(&path);
    new.retain(|name, _| !name.starts_with("before-v4"));

    // The names that give way, in their order: each goes into what is kept, and its new one takes its place.
    let names = ["occurrences", "FORMAT", "hydrophone.redb"];
    let moves = names.map(|name| {
        [(name.to_owned(), format!("restoring/before-v4/{name}")), (format!("restoring/{name}"), name.to_owned())]
    });
    let mut moves: Vec<(String, String)> = moves.into_iter().flatten().collect();
    moves.push(("restoring/before-v4".to_owned(), "before-v4".to_owned()));
    for done in 0..=moves.len() {
        let path = directory.path().join(format!("crashed-{done}"));
        for (root, files) in [(path.clone(), &old), (path.join("restoring"), &new)] {
            for (name, bytes) in files {
                let file = root.join(name);
                std::fs::create_dir_all(file.parent().unwrap()).unwrap();
                crate::fs::rewrite_atomic(&file, bytes).unwrap();
            }
        }
        std::fs::create_dir(path.join("restoring/before-v4")).unwrap();
        for (from, to) in &moves[..done] {
            std::fs::rename(path.join(from), path.join(to)).unwrap();
        }
        finish_restore(&path).unwrap();
        assert_eq!(hashes(&path), whole, "after {done} moves");
        upgrade_by(&path, &STEPS).unwrap();
        assert_eq!(hashes(&path), whole, "after {done} moves, once more");
    }
}
