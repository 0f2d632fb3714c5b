//! Power cuts: at every sync of every command, the power goes, the store is opened again, and what was acknowledged is
//! there.
//!
//! A fleet lives on one disk that is never cut. Before each command the disk is copied, and on the copy the command runs
//! until its first sync, its second, and so on, where the power goes; the disk then keeps nothing, everything or some of what
//! was not synced. Opened again (often with the power cut again in the middle of that), the store holds the counts from
//! before the command or from after it, never something between; and when the command is repeated, exactly those from after
//! it, which they could not be if baselines and counts disagreed.

mod no_room;

use std::path::Path;
use std::sync::Arc;

use super::fleet::{Command, Fleet, TARGETS, Truth};
use super::simulated::{Chance, Keep, Simulated};
use crate::store::Store;

/// Commands in one life of the fleet.
const COMMANDS: usize = 40;

/// Opens the store after a power cut, perhaps with the power cut again meanwhile.
fn reopen(mut disk: Simulated, path: &Path, chance: &mut Chance) -> (Simulated, Store) {
    for _ in 0..2 {
        if chance.below(3) > 0 {
            break;
        }
        disk.cut_after(chance.below(8));
        if let Ok(store) = Store::open_on(Arc::new(disk.clone()), path) {
            drop(store);
        }
        disk = disk.after_power_cut(Keep::ALL[chance.below(4) as usize], chance);
    }
    let store = Store::open_on(Arc::new(disk.clone()), path).unwrap();
    (disk, store)
}

/// Runs `command` on a copy of `disk` and cuts the power at its sync number `syncs`; whether it got that far.
fn cut(
    disk: &Simulated,
    path: &Path,
    fleets: (&Fleet, &Fleet),
    command: &Command,
    syncs: u64,
    chance: &mut Chance,
) -> bool {
    let (before, after) = fleets;
    let disk = disk.copy(path);
    let store = Store::open_on(Arc::new(disk.clone()), path).unwrap();
    disk.cut_after(syncs);
    let outcome = before.run(&store, command);
    let reached = disk.is_off();
    assert!(outcome.is_ok() || reached, "{command:?}: {outcome:?}");
    if outcome.is_err() {
        // What only prepares something has changed nothing.
        let prepares = matches!(command, Command::Relieve | Command::Compact(_));
        assert!((store.is_poisoned() || prepares) && store.view().is_ok());
    }
    let keep = if reached { Keep::ALL[chance.below(4) as usize] } else { Keep::Nothing };
    let disk = disk.after_power_cut(keep, chance);
    drop(store);

    let (_disk, store) = reopen(disk, path, chance);
    let context = format!("{command:?} cut at sync {syncs}, keeping {keep:?}, was {outcome:?}");
    // Retention that was cut has forgotten some of what it may forget.
    let differs = after.truth.differs_from(&store, after);
    if outcome.is_ok() {
        assert_eq!(differs, None, "{context}: acknowledged, and not there");
    } else if differs.is_some() {
        let (kept_from, relieved) = (after.truth.kept_from, after.truth.relieved.clone());
        let lenient = Truth { kept_from, relieved, ..before.truth.clone() };
        assert_eq!(lenient.differs_from(&store, before), None, "{context}: neither before nor after ({differs:?})");
    }
    // The client still exposes the same. A moment later, or the clock would seem to stand.
    let mut again = after.clone();
    again.now.0 += 1;
    again.run(&store, command).unwrap();
    assert_eq!(after.truth.differs_from(&store, after), None, "{context}: repeated");
    reached
}

fn live(seed: u64) -> u64 {
    let mut chance = Chance(seed);
    let directory = tempfile::tempdir().unwrap();
    let (path, copy) = (directory.path().join("data"), directory.path().join("copy"));
    let mut disk = Simulated::new(&path);
    let mut store = Store::open_on(Arc::new(disk.clone()), &path).unwrap();
    let mut fleet = Fleet::new();
    let mut cuts = 0;
    for _ in 0..COMMANDS {
        if chance.below(6) == 0 {
            let target = chance.below(TARGETS as u64) as usize;
            // What a process counted and nobody scraped is lost with it; here it was.
            fleet.run(&store, &Command::Scrape(vec![target])).unwrap();
            fleet.account(&Command::Scrape(vec![target]));
            fleet.restart(target);
        }
        let command = fleet.next(&mut chance);
        let mut after = fleet.clone();
        after.account(&command);
        let mut syncs = 0;
        while cut(&disk, &copy, (&fleet, &after), &command, syncs, &mut chance) {
            syncs += 1;
        }
        cuts += syncs;
        fleet.run(&store, &command).unwrap();
        fleet = after;
        if chance.below(8) == 0 {
            // Stopped in good order, or killed.
            if chance.below(2) == 0 {
                drop(store);
            } else {
                disk = disk.copy(&path);
                drop(store);
            }
            store = Store::open_on(Arc::new(disk.clone()), &path).unwrap();
            assert_eq!(fleet.truth.differs_from(&store, &fleet), None);
        }
    }
    assert!(fleet.truth.counts.values().sum::<u64>() > 1000);
    cuts
}

#[test]
fn a_power_cut_at_any_sync_loses_nothing_acknowledged() {
    let cuts: u64 = (1..=3).map(live).sum();
    assert!(cuts > 200, "only {cuts} power cuts");
}

#[test]
fn a_power_cut_while_the_directory_is_made_leaves_one_that_opens() {
    let mut chance = Chance(7);
    let directory = tempfile::tempdir().unwrap();
    for keep in Keep::ALL {
        let mut syncs = 0;
        loop {
            let disk = Simulated::new(directory.path());
            disk.cut_after(syncs);
            let opened = Store::open_on(Arc::new(disk.clone()), directory.path()).is_ok();
            let disk = disk.after_power_cut(keep, &mut chance);
            Store::open_on(Arc::new(disk), directory.path())
                .unwrap_or_else(|error| panic!("{syncs} {keep:?}: {error:?}"));
            if opened {
                break;
            }
            syncs += 1;
        }
        assert!(syncs > 2);
    }
}
