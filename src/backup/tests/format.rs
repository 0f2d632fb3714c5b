//! Data directories as binaries of each format version left them: they are opened for ever.
//!
//! `testdata/data-dir/vN` holds a data directory of version N, a backup of it, and what there is in it as lines; each file is
//! compressed. `UPDATE=1 cargo test --lib data_directories` makes those of a new version, and the lines anew where an export says the
//! same in other words. A data directory that is there is never made anew.

use super::whole::walkdir;
use super::*;
use crate::model::triage::{Change, LabelChange, Period};
use crate::model::view::SavedView;
use crate::store::{FORMAT_VERSION, Task, salvage};

fn fixture(version: u32) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("testdata/data-dir/v{version}"))
}

fn pack(bytes: &[u8], to: &Path) {
    std::fs::create_dir_all(to.parent().unwrap()).unwrap();
    crate::fs::rewrite_atomic(to, &zstd::bulk::compress(bytes, 19).unwrap()).unwrap();
}

fn unpack(from: &Path) -> Vec<u8> {
    zstd::stream::decode_all(std::fs::File::open(from).unwrap()).unwrap()
}

/// Everything there is, as lines: counts and samples, changes, views.
fn said(store: &Store) -> String {
    let mut changes = Vec::new();
    transfer::export_activity(store, &mut changes, Path::new("activity")).unwrap();
    let views: Vec<String> = store.view().unwrap().saved_views().map(|view| format!("{view:?}\n")).collect();
    exported(store) + &String::from_utf8(changes).unwrap() + &views.concat()
}

/// Something of everything: what is sealed and what is not, late counts, all that people do.
fn make(place: &Path) {
    let path = place.join("data");
    let store = Store::open(&path).unwrap();
    let begin = Timestamp(NOW.0 - 6 * 3_600_000);
    let mut fleet = Fleet::aged(7, NOW, Millis(6 * 3_600_000));
    live(&store, &mut fleet, (begin, NOW), Millis::from_seconds(1800));
    resolve(&store, 9, NOW);
    let some = |step: usize| {
        let view = store.view().unwrap();
        view.aggregates().iter().skip(1).step_by(step).map(|aggregate| aggregate.id).collect()
    };
    let change = Change {
        state: Some(Turn::Mute(Period::More(500))),
        labels: vec![("team".to_owned(), LabelChange::Set("payments".to_owned()))],
        assignee: Some(Some("ada".to_owned())),
        note: Some(Some("known, see the runbook".to_owned())),
    };
    let view = SavedView {
        name: "mine".to_owned(),
        query: "team=payments".to_owned(),
        start: "now-24h".to_owned(),
        end: String::new(),
        sort: "count".to_owned(),
        saved_by: "ada".to_owned(),
        saved_at: NOW,
    };
    let mut draft = store.draft();
    draft.edit(Edit::change(some(11), change, NOW));
    draft.edit(Edit { task: Task::SaveView(view), ..Edit::change(some(1000), Turn::Open, NOW) });
    let commit = draft.finish();
    assert!(store.commit(commit).unwrap().edited.iter().all(Result::is_ok));
    let archive = archived(&store, options(NOW));
    drop(store);
    let to = fixture(FORMAT_VERSION);
    for file in walkdir(&path).into_iter().filter(|path| !path.ends_with("LOCK")) {
        let name = format!("data/{}.zst", file.strip_prefix(&path).unwrap().display());
        pack(&std::fs::read(&file).unwrap(), &to.join(name));
    }
    crate::fs::rewrite_atomic(&to.join("backup.tar.zst"), &archive).unwrap();
}

#[test]
fn data_directories_and_backups_of_each_version_are_opened_and_live_on() {
    let directory = tempfile::tempdir().unwrap();
    let update = std::env::var_os("UPDATE").is_some();
    for version in 1..=FORMAT_VERSION {
        let from = fixture(version);
        if update && version == FORMAT_VERSION && !from.try_exists().unwrap() {
            make(directory.path());
        }
        let place = directory.path().join(format!("v{version}"));
        for file in walkdir(&from.join("data")) {
            let to = place.join(file.strip_prefix(from.join("data")).unwrap()).with_extension("");
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            crate::fs::rewrite_atomic(&to, &unpack(&file)).unwrap();
        }
        let mut problems = Vec::new();
        super::super::inspect(&place, &mut |finding| problems.push(finding.to_string())).unwrap();
        assert_eq!(problems, [""; 0], "version {version}");
        let store = Store::open(&place).unwrap();
        let now = said(&store);
        if update {
            pack(now.as_bytes(), &from.join("said.jsonl.zst"));
        }
        let then = String::from_utf8(unpack(&from.join("said.jsonl.zst"))).unwrap();
        assert_eq!(difference(&now, &then), None, "version {version}");
        let copy = restored(&std::fs::read(from.join("backup.tar.zst")).unwrap(), &place.join("copy"));
        assert_eq!(difference(&said(&copy), &then), None, "the backup of version {version}");
        // And it lives on.
        let later = NOW.plus(Millis(3 * 3_600_000));
        let mut fleet = Fleet::aged(7, NOW, Millis(6 * 3_600_000));
        fleet.history(Timestamp(NOW.0 - 6 * 3_600_000), NOW, Millis::from_seconds(1800)).for_each(drop);
        live(&store, &mut fleet, (NOW, later), Millis::from_seconds(1800));
        store.seal(later).unwrap();
        store.verify(&mut |finding| panic!("version {version}: {finding}")).unwrap();
        assert_ne!(said(&store), then);
    }
}

#[test]
fn a_data_directory_of_another_version_is_refused_and_stays_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let (path, to) = (directory.path().join("data"), directory.path().join("saved"));
    drop(small(&path));
    let before = std::fs::read(path.join("hydrophone.redb")).unwrap();
    for (version, hint) in [("3", ": a newer Hydrophone wrote it, which reads it still"), ("0", "")] {
        crate::fs::rewrite_atomic(&path.join("FORMAT"), format!("{version}\n").as_bytes()).unwrap();
        let there = walkdir(&path);
        let refused = |error: crate::store::Error| {
            let words = format!("data directory {} has format version {version}", path.display());
            assert_eq!(error.to_string(), format!("{words}, this binary reads version 2{hint}"));
        };
        refused(Store::open(&path).unwrap_err());
        match super::super::inspect(&path, &mut |finding| panic!("{finding}")) {
            Err(Error::Store(error)) => refused(error),
            other => panic!("{other:?}"),
        }
        refused(salvage(&path, &to, &mut |finding| panic!("{finding}")).unwrap_err());
        assert!(!to.try_exists().unwrap());
        assert_eq!(walkdir(&path), there);
        assert!(std::fs::read(path.join("hydrophone.redb")).unwrap() == before);
    }
}
