//! Looking through stores: whole ones have nothing wrong with them, damage is found or harmless, and what is left can be saved.

use super::damage::Chance;
use super::whole::{copy_all, follow, half_placed, walkdir};
use super::*;
use crate::store::{Finding, Retention, salvage};

/// What is found in a data directory.
fn found(path: &Path) -> Vec<String> {
    let mut found = Vec::new();
    if let Err(error) = super::super::inspect(path, &mut |finding: Finding| found.push(finding.to_string())) {
        found.push(error.to_string());
    }
    found
}

fn found_live(store: &Store) -> Vec<String> {
    let mut found = Vec::new();
    store.verify(&mut |finding| found.push(finding.to_string())).unwrap();
    found
}

#[test]
fn nothing_is_wrong_with_a_store_whatever_it_went_through() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data");
    let (store, mut fleet) = lived(&path);
    assert_eq!(found_live(&store), [""; 0], "lived");
    let verified = store.verify(&mut |_| ()).unwrap();
    assert!(verified.rows > 1000 && verified.occurrences.len() == 3, "{verified:?}");
    // Occurrences are thinned, and the day goes on.
    let mut census = None;
    while let Some(relief) = store.prepare_relief(300_000, &mut census).unwrap() {
        store.relieve(relief).unwrap();
        assert_eq!(found_live(&store), [""; 0], "thinned");
    }
    let later = NOW.plus(Millis(DAY_MS / 3));
    live(&store, &mut fleet, (NOW, later), Millis::from_seconds(900));
    resolve(&store, 3, later);
    assert_eq!(found_live(&store), [""; 0], "went on");
    // Old things go, each kind at its own time.
    let hours = |hours: i64| Millis::from_seconds(hours * 3600);
    for (time, targets, occurrences) in [(40, 20, 30), (26, 10, 10), (13, 3, 1)] {
        let (time, targets, occurrences) = (hours(time), hours(targets), hours(occurrences));
        let retention =
            Retention { time, rollups: time, targets, occurrences, activity: hours(1), instances: hours(90) };
        store.retain(later, &retention).unwrap();
        assert_eq!(found_live(&store), [""; 0], "after {time}");
    }
    drop(store);
    let before = std::fs::read(path.join("hydrophone.redb")).unwrap();
    assert_eq!(found(&path), [""; 0], "at rest");
    assert!(std::fs::read(path.join("hydrophone.redb")).unwrap() == before, "nothing in it changed");
}

#[test]
fn nothing_is_wrong_with_what_was_imported() {
    let directory = tempfile::tempdir().unwrap();
    let (store, _) = lived(&directory.path().join("data"));
    let file = directory.path().join("export.jsonl");
    transfer::export(&store, &mut std::fs::File::create(&file).unwrap(), &file).unwrap();
    let copy = Store::open(&directory.path().join("copy")).unwrap();
    let redactor = std::sync::Arc::new(crate::redact::Redactor::new(&crate::config::Redaction::default()));
    let format = transfer::Format::Deltas;
    let options = transfer::Options { format, skip_bad: false, as_new: false, now: NOW, redactor };
    let outcome = transfer::import(&copy, &file, &options, &mut |_| ());
    assert!(outcome.stopped.is_none(), "{:?}", outcome.stopped);
    assert_eq!(found_live(&copy), [""; 0]);
    let archive = archived(&copy, super::options(NOW));
    let again = restored(&archive, &directory.path().join("again"));
    assert_eq!(found_live(&again), [""; 0]);
}

/// Changes a bit of a file, which somebody may have open.
fn flip(file: &Path, at: usize, bit: usize) {
    use std::os::unix::fs::FileExt;
    let file = std::fs::OpenOptions::new().read(true).write(true).open(file).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, at as u64).unwrap();
    file.write_all_at(&[byte[0] ^ (1 << bit)], at as u64).unwrap();
}

/// Somewhere in a file.
fn anywhere(file: &Path, chance: &mut Chance) -> usize {
    chance.below(file.metadata().unwrap().len() as usize)
}

/// Where a page of a database that is in use begins, which says where its rows stand.
fn begin_of_a_page(database: &Path, chance: &mut Chance) -> usize {
    let bytes = std::fs::read(database).unwrap();
    let begins: Vec<usize> = (0..bytes.len()).step_by(4096).filter(|at| bytes[*at] != 0).collect();
    begins[chance.below(begins.len())] + chance.below(64)
}

#[test]
fn a_changed_bit_of_a_data_directory_is_found_or_changes_nothing() {
    let seed = std::env::var("FLIP_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let rounds = std::env::var("FLIPS").ok().and_then(|flips| flips.parse().ok()).unwrap_or(120);
    println!("seed {seed} (FLIP_SEED sets another), {rounds} flips (FLIPS)");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data");
    let store = small(&path);
    store.seal(NOW.plus(Millis(DAY_MS))).unwrap();
    let store = std::sync::Arc::new(store);
    let (_, indexed) = follow(&store);
    drop(store);
    let whole = exported(&Store::open(&path).unwrap());
    assert_eq!(found(&path), [""; 0]);
    let mut chance = Chance(seed);
    let mut harmless = 0;
    let largest = [path.join("hydrophone.redb"), path.join("occurrences/2026-11-20/bodies.log")];
    let holds_something = |file: &std::path::PathBuf| !file.ends_with("LOCK") && file.metadata().unwrap().len() > 0;
    let others: Vec<_> = walkdir(&path).into_iter().filter(holds_something).collect();
    for round in 0..rounds {
        // The database is most of it.
        let file = match round % 6 {
            4 => &largest[1],
            5 => &others[chance.below(others.len())],
            _ => &largest[0],
        };
        let at = if round % 3 == 1 && file == &largest[0] {
            begin_of_a_page(file, &mut chance)
        } else {
            anywhere(file, &mut chance)
        };
        let (bit, name) = (chance.below(8), file.strip_prefix(&path).unwrap());
        let copied = |name: &str| {
            let place = directory.path().join(name);
            let _ = std::fs::remove_dir_all(&place);
            copy_all(&path, &place);
            place
        };
        let copy = copied("copy");
        flip(&copy.join(name), at, bit);
        let is_harmless = found(&copy).is_empty();
        // Whoever opens it all the same, or has it open already, is told, or is not concerned; nobody panics.
        let opened = if round % 2 == 0 {
            Store::open(&copy)
        } else {
            let used = copied("used");
            let opened = Store::open(&used);
            flip(&used.join(name), at, bit);
            opened
        };
        if let Ok(store) = opened
            && let Ok(says) = try_exported(&store)
        {
            assert_eq!(difference(&says, &whole), None, "round {round}: byte {at} of {}", file.display());
        }
        if is_harmless {
            harmless += 1;
            let store = std::sync::Arc::new(Store::open(&copy).unwrap());
            let what = difference(&exported(&store), &whole);
            assert_eq!(what, None, "round {round}: byte {at} of {}", file.display());
            let found = follow(&store).1;
            assert_eq!(found.occurrences, indexed.occurrences, "round {round}: byte {at} of {}", file.display());
        }
    }
    println!("{harmless} of {rounds} were harmless");
    assert!(harmless < rounds, "none was found");
    assert_eq!(found(&path), [""; 0]);
}

#[test]
fn pages_that_change_while_the_store_is_used_fail_and_are_counted() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data");
    let (store, _) = lived(&path);
    let whole = exported(&store);
    assert_eq!((store.damaged_pages(), found_live(&store)), (0, Vec::new()));
    damage_rows(&path.join("hydrophone.redb"));
    match try_exported(&store) {
        Ok(says) => assert_eq!(difference(&says, &whole), None),
        Err(error) => {
            let words = crate::telemetry::chain(&error);
            assert!(words.contains("hydrophone verify"), "{words}");
        }
    }
    let mut found = Vec::new();
    let verified = store.verify(&mut |finding| found.push(finding.to_string()));
    let damaged = store.damaged_pages();
    assert!(damaged > 5 && verified.is_ok_and(|verified| verified.occurrences.is_empty()), "{damaged}");
    let pages = found.iter().filter(|found| found.starts_with("hydrophone.redb at byte ")).count();
    assert_eq!(pages as u64, damaged, "{found:#?}");
    assert!(found.iter().any(|found| found.contains("chunks: database: read hydrophone.redb")), "{found:#?}");
    let statistics = store.view().unwrap().statistics();
    assert_eq!((statistics.damaged_pages, statistics.aggregates > 0), (damaged, true));
}

/// Changes a bit of each page but the header, which is read once, and the lists of tables, without which no table is found.
fn damage_rows(database: &Path) {
    let bytes = std::fs::read(database).unwrap();
    for (page, bytes) in bytes.chunks(4096).enumerate().skip(2) {
        if !bytes.windows(10).any(|window| window == b"hydrophone") {
            flip(database, page * 4096 + 4000, 1);
        }
    }
}

#[test]
fn a_store_whose_last_commit_can_not_be_opened_is_saved_as_it_was_before() {
    let directory = tempfile::tempdir().unwrap();
    let (path, to) = (directory.path().join("data"), directory.path().join("saved"));
    let (store, _) = lived(&path);
    let whole = exported(&store);
    drop(store);
    let database = path.join("hydrophone.redb");
    let sound = std::fs::read(&database).unwrap();
    // The header stands twice behind a page of checksums. Two slots of 128 bytes stand behind 64 of it, and a bit of its tenth byte
    // says which one has the last commit.
    let headers = [4096, 4096 + 512];
    let slot = |last: bool| 64 + 128 * usize::from((sound[headers[0] + 9] & 1 == 1) == last) + 40;
    let damage = |places: &[usize], headers: &[usize]| {
        let mut damaged = sound.clone();
        for header in headers {
            for place in places {
                damaged[header + place] ^= 8;
            }
        }
        std::io::Write::write_all(&mut std::fs::File::create(&database).unwrap(), &damaged).unwrap();
    };
    for header in headers {
        damage(&[9, slot(true)], &[header]);
        assert_eq!(found(&path), [""; 0], "the other one is read");
    }
    damage(&[slot(true)], &headers);
    assert!(Store::open(&path).is_err());
    assert_eq!(found(&path)[0], "hydrophone.redb at byte 4096: the page is not what was written");
    let mut lost = Vec::new();
    salvage(&path, &to, &mut |finding| lost.push(finding.to_string())).unwrap();
    assert!(lost[0].contains("the last commit can not be opened"), "{lost:?}");
    assert_eq!(found(&to), [""; 0], "{lost:?}");
    // The last one is redb's own, which it makes when it is closed.
    assert_eq!(difference(&exported(&Store::open(&to).unwrap()), &whole), None, "{lost:?}");
    // Where there is neither, nothing says where the tables begin.
    damage(&[slot(true), slot(false)], &headers);
    let again = directory.path().join("again");
    assert!(salvage(&path, &again, &mut |_| ()).is_err());
    assert!(!again.try_exists().unwrap());
}

#[test]
fn a_directory_whose_restore_is_not_in_its_place_is_saved_only_when_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let (old, complete) = (directory.path().join("old"), directory.path().join("complete"));
    drop(small(&old));
    let (store, _) = lived(&complete);
    let whole = exported(&store);
    drop(store);
    for moved in 0..4 {
        let (place, to) =
            (directory.path().join(format!("place-{moved}")), directory.path().join(format!("saved-{moved}")));
        half_placed(&place, (&old, &complete), moved);
        let untouched = walkdir(&place);
        let error = salvage(&place, &to, &mut |finding| panic!("{finding}")).unwrap_err().to_string();
        assert!(error.contains("has a restore or an upgrade that is not in its place yet"), "{error}");
        assert_eq!(walkdir(&place), untouched, "{moved} moved");
        assert!(place.join("restoring").try_exists().unwrap(), "{moved} moved");
        assert!(!to.try_exists().unwrap(), "{moved} moved");
        // As it says: whoever looks through it puts it there.
        assert_eq!(found(&place), [""; 0], "{moved} moved");
        salvage(&place, &to, &mut |finding| panic!("{finding}")).unwrap();
        assert_eq!(difference(&exported(&Store::open(&to).unwrap()), &whole), None, "{moved} moved");
    }
    // One that says no version is taken for one of ours, as when it is opened.
    std::fs::remove_file(complete.join("FORMAT")).unwrap();
    let to = directory.path().join("saved");
    salvage(&complete, &to, &mut |finding| panic!("{finding}")).unwrap();
    assert!(!complete.join("FORMAT").try_exists().unwrap());
    assert_eq!(difference(&exported(&Store::open(&to).unwrap()), &whole), None);
}

#[test]
fn what_is_left_of_a_damaged_store_is_saved_and_nothing_is_wrong_with_it() {
    let asked = std::env::var("FLIP_SEED").ok().and_then(|seed| seed.parse().ok());
    let seeds = asked.map_or(3..=6, |seed| seed..=seed);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data");
    let (store, _) = lived(&path);
    drop(store);
    let whole = exported(&Store::open(&path).unwrap()).lines().count();
    let mut wrong = Vec::new();
    for seed in seeds {
        let mut chance = Chance(seed);
        let mut saved = 0;
        // Half of the rounds with each seed, but all with the one that was asked for.
        let rounds: Vec<u32> = (0..8).filter(|round| asked.is_some() || u64::from(round % 2) == seed % 2).collect();
        for round in &rounds {
            let round = *round;
            let place = directory.path().join("damaged");
            copy_all(&path, &place);
            // More and more of it.
            for _ in 0..1 << round {
                for file in ["hydrophone.redb", "occurrences/2026-11-19/bodies.log"] {
                    let file = place.join(file);
                    let at = anywhere(&file, &mut chance);
                    flip(&file, at, chance.below(8));
                }
            }
            let to = directory.path().join("saved");
            let mut lost = Vec::new();
            if let Err(error) = salvage(&place, &to, &mut |finding| lost.push(finding.to_string())) {
                // A header of which too little is left; or a page that redb walks through only where it is built with debug assertions.
                println!("seed {seed} (FLIP_SEED), round {round}: {}", crate::telemetry::chain(&error));
            } else {
                let lines = exported(&Store::open(&to).unwrap()).lines().count();
                println!("seed {seed} (FLIP_SEED), round {round}: {lines} of {whole} lines, {} losses", lost.len());
                let found = found(&to);
                let is_whole = found.is_empty() && !lost.is_empty() && (round > 3 || lines * 10 > whole * 7);
                if !is_whole {
                    wrong.push((seed, round, lines, found, lost));
                }
                saved += 1;
            }
            std::fs::remove_dir_all(&place).unwrap();
            drop(std::fs::remove_dir_all(&to));
        }
        assert!(saved * 8 >= rounds.len() * 5, "seed {seed}: {saved} of {rounds:?} could be saved");
    }
    assert!(wrong.is_empty(), "of {whole} lines: {wrong:#?}");
}
