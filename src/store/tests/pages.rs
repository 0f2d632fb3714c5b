//! The database's file with checksums: what is read is what was written, or nothing.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use redb::{ReadableTable, TableDefinition};

use super::simulated::Chance;
use crate::quiet::quietly;
use crate::store::disk::Real;
use crate::store::pages::{Damage, Opened, create_database, open_changed, open_database};
use crate::store::verify::Overlay;

const ROWS: TableDefinition<'static, u32, &[u8]> = TableDefinition::new("rows");

/// A row that takes a few bytes, some pages, or, each fiftieth, so many that it stands on both sides of where checksums stand.
fn row(number: u32) -> Vec<u8> {
    let length = if number.is_multiple_of(50) { 3 << 20 } else { 1 << (number % 14) };
    (0..length).map(|at: u32| (at ^ number).to_le_bytes()[0]).collect()
}

/// A row, or no bytes where none is found; `None` where that can not be said.
fn read(database: &Opened, number: u32) -> Option<Vec<u8>> {
    let read = || {
        let row = database.begin_read().ok()?.open_table(ROWS).ok()?.get(number).ok()?;
        Some(row.map_or_else(Vec::new, |row| row.value().to_vec()))
    };
    quietly(read).ok().flatten()
}

fn refused(opened: Result<Opened, redb::DatabaseError>) -> String {
    opened.err().unwrap().to_string()
}

fn write(database: &Opened, numbers: std::ops::Range<u32>) {
    let mut transaction = database.begin_write().unwrap();
    transaction.set_quick_repair(true);
    let mut rows = transaction.open_table(ROWS).unwrap();
    for number in numbers {
        rows.insert(number, row(number).as_slice()).unwrap();
    }
    drop(rows);
    transaction.commit().unwrap();
}

#[test]
fn rows_of_any_length_are_read_as_they_were_written() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("pages");
    write(&create_database(&Real, &path).unwrap(), 0..120);
    // Again, so that pages change their owners, and the file grows and shrinks.
    for _ in 0..3 {
        write(&open_database(&Real, &path).unwrap(), 0..120);
    }
    let mut database = open_database(&Real, &path).unwrap();
    assert!(database.check_integrity().unwrap());
    let rows = database.begin_read().unwrap().open_table(ROWS).unwrap();
    for number in 0..120 {
        assert!(rows.get(number).unwrap().unwrap().value() == row(number), "row {number}");
    }
    assert!(path.metadata().unwrap().len() > 9 << 20);
    assert_eq!(database.damage().count(), 0);
}

#[test]
fn what_is_damaged_is_not_read_and_counted() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("pages");
    write(&create_database(&Real, &path).unwrap(), 0..60);
    let sound = std::fs::read(&path).unwrap();
    // After it was opened, which walks through all pages where redb has debug assertions.
    let damaged = |places: &[usize], bit: usize| {
        File::create(&path).unwrap().write_all(&sound).unwrap();
        let database = open_database(&Real, &path).unwrap();
        let file = File::options().write(true).open(&path).unwrap();
        for place in places {
            file.write_all_at(&[sound[*place] ^ (1 << bit)], *place as u64).unwrap();
        }
        database
    };
    let mut chance = Chance(1);
    let (mut unread, rounds) = (0, 150);
    for _ in 0..rounds {
        // Behind the header, which opening changes.
        let at = 8192 + chance.below(sound.len() as u64 - 8192) as usize;
        let database = damaged(&[at], chance.below(8) as usize);
        // One of the long rows, and one of the others.
        for number in [50, 1 + chance.below(49) as u32] {
            match read(&database, number) {
                Some(bytes) => assert!(bytes == row(number), "row {number}, byte {at}"),
                None => unread += database.damage().count(),
            }
        }
    }
    // The long row is half of what is used of the file.
    assert!((rounds / 5..rounds).contains(&unread), "{unread} of {rounds}");

    // Two pages of one row are counted as two, however often they are read.
    let long = row(50);
    let begins = sound.windows(64).position(|window| window == &long[..64]).unwrap();
    let database = damaged(&[begins + 100, begins + 101, begins + 100_000], 3);
    for _ in 0..3 {
        assert_eq!(read(&database, 50), None);
        assert_eq!(database.damage().count(), 2);
        assert!(read(&database, 49).is_some_and(|read| read == row(49)));
    }
    let pages = database.damage().places();
    assert_eq!(pages[0], (begins as u64 + 100) / 4096 * 4096, "{pages:?}");
    drop(database);
    // As it is, for whoever saves what is left.
    let shown = Damage::new(false);
    let database = open_changed(&Real, &path, Arc::clone(&shown), |_| Ok(())).unwrap();
    let left = read(&database, 50).unwrap();
    assert_eq!(left.iter().zip(&long).filter(|(left, was)| left != was).count(), 3);
    assert_eq!(shown.places(), pages);
}

#[test]
fn a_database_in_which_a_writer_met_damage_is_closed_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("pages");
    let database = create_database(&Real, &path).unwrap();
    write(&database, 0..60);
    // So that the last commit freed something.
    write(&database, 1..5);
    let long = row(50);
    let begins = std::fs::read(&path).unwrap().windows(64).position(|window| window == &long[..64]).unwrap();
    File::options().write(true).open(&path).unwrap().write_all_at(&[7], begins as u64 + 100).unwrap();
    let met = quietly(|| {
        let transaction = database.begin_write().unwrap();
        let rows = transaction.open_table(ROWS).unwrap();
        rows.get(50).unwrap().map(|row| row.value().len())
    });
    assert!(met.is_err());
    drop(database);
    // redb would make a commit after which all has to be sound, or nothing is opened.
    let left = open_database(&Overlay, &path).unwrap();
    assert!(read(&left, 49).is_some_and(|read| read == row(49)));
    let damaged = read(&left, 50).unwrap();
    assert_eq!(damaged.iter().zip(&long).filter(|(left, was)| left != was).count(), 1);
}

#[test]
fn a_header_is_read_from_the_sector_that_is_sound() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("pages");
    write(&create_database(&Real, &path).unwrap(), 0..10);
    let sound = std::fs::read(&path).unwrap();
    let damaged = |places: &[usize]| {
        let mut bytes = sound.clone();
        for place in places {
            bytes[*place] ^= 1;
        }
        crate::fs::rewrite_atomic(&path, &bytes).unwrap();
    };
    // The bit of the tenth byte of the header says which commit is the last one.
    for at in [0, 9, 70, 319, 511] {
        for sector in [4096, 4608] {
            damaged(&[sector + at]);
            let database = open_database(&Real, &path).unwrap();
            assert!(read(&database, 9).is_some_and(|read| read == row(9)), "byte {at} of {sector}");
        }
        damaged(&[4096 + at, 4608 + at]);
        let damage = Damage::new(true);
        let error = refused(open_changed(&Real, &path, Arc::clone(&damage), |_| Ok(())));
        assert!(error.contains("the header is damaged"), "{error}");
        assert_eq!((damage.count(), damage.places()), (1, vec![4096]));
    }
    // Files that nobody wrote.
    for (bytes, words) in [
        (&b""[..], "the file is empty"),
        (b"redb", "the file has no checksums: it is of format version 1"),
        (b"none of ours", "failed to fill whole buffer"),
    ] {
        crate::fs::rewrite_atomic(&path, bytes).unwrap();
        let error = refused(open_database(&Real, &path));
        assert!(error.contains(words), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
    }
}
