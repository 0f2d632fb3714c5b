//! Backups as a whole: what is restored is what there was, whatever happens on the way.

mod damage;
mod format;
mod power;
mod verify;
mod whole;

use std::path::Path;

use super::*;
use crate::clock::Clock;
use crate::demo::Fleet;
use crate::ingest::{Added, Batch};
use crate::model::scrape::Event;
use crate::model::time::{Millis, Timestamp};
use crate::model::triage::Turn;
use crate::store::{Edit, Store};
use crate::transfer;

/// 2026-11-20T10:00:00Z: a window begins.
pub(super) const NOW: Timestamp = Timestamp(1_795_168_800_000);
const DAY_MS: i64 = 86_400_000;

/// Lets a fleet be scraped into `store` from one moment to another.
pub(super) fn live(store: &Store, fleet: &mut Fleet, (from, to): (Timestamp, Timestamp), interval: Millis) {
    let mut batch = Batch::new(store.draft());
    let commit = |batch: Batch<'_>| {
        let commit = batch.into_draft().finish();
        store.commit(commit).unwrap();
    };
    for event in fleet.history(from, to, interval) {
        match event {
            Event::Scraped(mut scrape) => {
                while let Added::NextBatch(again) = batch.add(scrape) {
                    commit(batch);
                    store.seal(again.at).unwrap();
                    batch = Batch::new(store.draft());
                    scrape = *again;
                }
            }
            Event::Gone { target, at } => {
                commit(batch);
                let mut draft = store.draft();
                if let Some(id) = draft.find_target(&target) {
                    draft.gone(id, at);
                }
                let gone = draft.finish();
                store.commit(gone).unwrap();
                batch = Batch::new(store.draft());
            }
        }
    }
    commit(batch);
}

/// Resolves every `step`th aggregate.
pub(super) fn resolve(store: &Store, step: usize, at: Timestamp) {
    let some = store.view().unwrap().aggregates().iter().step_by(step).map(|aggregate| aggregate.id).collect();
    let mut draft = store.draft();
    draft.edit(Edit::change(some, Turn::Resolve, at));
    let commit = draft.finish();
    store.commit(commit).unwrap();
}

/// A store in `path` that has lived for a day and a half, and its fleet.
pub(super) fn lived(path: &Path) -> (Store, Fleet) {
    let store = Store::open(path).unwrap();
    let begin = Timestamp(NOW.0 - DAY_MS * 3 / 2);
    let mut fleet = Fleet::aged(7, NOW, Millis(DAY_MS * 3 / 2));
    live(&store, &mut fleet, (begin, NOW), Millis::from_seconds(900));
    resolve(&store, 5, NOW);
    (store, fleet)
}

/// A small store: what is flipped and cut thousands of times.
pub(super) fn small(path: &Path) -> Store {
    let store = Store::open(path).unwrap();
    let begin = Timestamp(NOW.0 - 5 * 3_600_000);
    let mut fleet = Fleet::aged(7, NOW, Millis(5 * 3_600_000));
    live(&store, &mut fleet, (begin, NOW), Millis::from_seconds(1800));
    resolve(&store, 3, NOW);
    store
}

/// Everything in a store, as lines; but for the class and the message by which lists show an error: a process knows those of the
/// newest sample, and after a restart those that were sealed.
pub(super) fn exported(store: &Store) -> String {
    try_exported(store).unwrap()
}

pub(super) fn try_exported(store: &Store) -> Result<String, transfer::Error> {
    let mut out = Vec::new();
    transfer::export(store, &mut out, Path::new("export"))?;
    let line = |line: &str| {
        let mut line: serde_json::Value = serde_json::from_str(line).unwrap();
        if line["kind"] == "aggregate" {
            line.as_object_mut().unwrap().retain(|name, _| name != "message" && name != "class");
        }
        line.to_string() + "\n"
    };
    Ok(String::from_utf8(out).unwrap().lines().map(line).collect())
}

/// The first lines in which two exports differ; nothing when they are equal.
pub(super) fn difference(one: &str, other: &str) -> Option<(String, String)> {
    let (mut ones, mut others) = (one.lines(), other.lines());
    loop {
        match (ones.next(), others.next()) {
            (None, None) => return None,
            (one, other) if one == other => {}
            (one, other) => return Some((one.unwrap_or_default().to_owned(), other.unwrap_or_default().to_owned())),
        }
    }
}

/// As fast as it goes.
pub(super) fn options(now: Timestamp) -> Options {
    Options { now, with_index: false, pace: Pace::new(&Clock::mock(now), None, Stop::default()) }
}

/// An archive of a store.
pub(super) fn archived(store: &Store, options: Options) -> Vec<u8> {
    let mut out = Vec::new();
    let now = options.now;
    take(store, options, &mut Archive::new(&mut out, now).unwrap()).unwrap();
    out
}

/// Restores an archive to `path`.
pub(super) fn restored(archive: &[u8], path: &Path) -> Store {
    read_archive(archive, &mut Restoring::begin(path, false, false).unwrap()).unwrap();
    Store::open(path).unwrap()
}
