//! References that are written before their window is sealed.

use redb::ReadableTableMetadata;

use super::resting::{BEGIN, scrape};
use crate::model::time::Millis;
use crate::store::view::View;
use crate::store::{Store, table};

/// Uuids of the only error's samples, newest first.
fn samples(view: &View<'_>) -> Vec<String> {
    let aggregate = view.aggregates()[0].id;
    view.occurrences(aggregate, None, 100).unwrap().into_iter().map(|stored| stored.occurrence.uuid).collect()
}

fn named(totals: impl DoubleEndedIterator<Item = i64>) -> Vec<String> {
    totals.rev().map(|total| format!("sample-{total}")).collect()
}

fn rows(store: &Store) -> u64 {
    let transaction = store.read().unwrap();
    transaction.open_table(table::REFERENCES).unwrap().len().unwrap()
}

#[test]
fn samples_are_listed_once_and_in_order_however_often_their_references_are_written() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data");
    let mut store = Store::open(&path).unwrap();
    for turn in 1..=6 {
        for total in [2 * turn - 1, 2 * turn] {
            scrape(&store, BEGIN.plus(Millis::from_seconds(10 * total)), total as u64).unwrap();
        }
        store.refer_now().unwrap();
        if turn == 3 {
            drop(store);
            store = Store::open(&path).unwrap();
        }
        assert_eq!(samples(&store.view().unwrap()), named(1..=2 * turn));
    }
    // What comes within a window goes into one row.
    assert_eq!(rows(&store), 1);
    scrape(&store, BEGIN.plus(Millis::from_seconds(7200)), 13).unwrap();
    store.refer_now().unwrap();
    assert_eq!(rows(&store), 2);
    assert_eq!(samples(&store.view().unwrap()), named(1..=13));
    let mut found = Vec::new();
    store.verify(&mut |finding| found.push(finding.to_string())).unwrap();
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn who_looks_while_references_are_written_sees_no_sample_twice() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(&directory.path().join("data")).unwrap();
    for total in 1..=4 {
        scrape(&store, BEGIN.plus(Millis::from_seconds(10 * total)), total as u64).unwrap();
        if total == 2 {
            store.refer_now().unwrap();
        }
    }
    // The rows are there, and memory does not say so yet.
    let live = store.live_read();
    store.write_references(&live).unwrap();
    let view = View { transaction: store.read().unwrap(), live, store: &store };
    assert_eq!(samples(&view), named(1..=4));
}
