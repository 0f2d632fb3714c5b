//! No room on the disk: at every write and every sync of every command the disk is full, and when there is room again the same
//! store goes on, without a restart, as if it had never been.
//!
//! A write that finds no room has written its first half; what a sync finds no room for is never on the disk, although
//! reading gives it. So what was acknowledged is looked for once more after a power cut.

use super::*;

/// Runs `command` on a copy of `disk` that is full at its write or sync number `calls`; whether it got that far.
fn fill(
    disk: &Simulated,
    path: &Path,
    (before, after): (&Fleet, &Fleet),
    command: &Command,
    calls: u64,
    chance: &mut Chance,
) -> bool {
    let disk = disk.copy(path);
    let store = Store::open_on(Arc::new(disk.clone()), path).unwrap();
    disk.full_after(Some(calls));
    let outcome = before.run(&store, command);
    let reached = outcome.is_err();
    let context = format!("{command:?} with room for {calls} calls");
    if let Err(error) = &outcome {
        assert!(error.is_full() && disk.is_full(), "{context}: {error:?}");
        if chance.below(4) == 0 {
            assert!(store.recover().is_err_and(|error| error.is_full()), "{context}: there is no room yet");
        }
    }
    disk.full_after(None);
    if reached {
        store.recover().unwrap_or_else(|error| panic!("{context}: {error:?}"));
        // Scrapes are owed, unless they are there in spite of what was said. All else is asked for once more.
        if !matches!(command, Command::Scrape(_)) {
            let mut again = after.clone();
            again.now.0 += 1;
            again.run(&store, command).unwrap_or_else(|error| panic!("{context}: repeated: {error:?}"));
        }
    }
    assert_eq!(after.truth.differs_from(&store, after), None, "{context}, was {outcome:?}");
    let disk = disk.after_power_cut(Keep::ALL[chance.below(4) as usize], chance);
    drop(store);
    let store = Store::open_on(Arc::new(disk), path).unwrap();
    assert_eq!(after.truth.differs_from(&store, after), None, "{context}, was {outcome:?}: after a power cut");
    reached
}

fn live(seed: u64) -> u64 {
    let mut chance = Chance(seed);
    let directory = tempfile::tempdir().unwrap();
    let (path, copy) = (directory.path().join("data"), directory.path().join("copy"));
    let disk = Simulated::new(&path);
    let store = Store::open_on(Arc::new(disk.clone()), &path).unwrap();
    let mut fleet = Fleet::new();
    let mut filled = 0;
    for _ in 0..COMMANDS {
        let command = fleet.next(&mut chance);
        let mut after = fleet.clone();
        after.account(&command);
        let mut calls = 0;
        while fill(&disk, &copy, (&fleet, &after), &command, calls, &mut chance) {
            calls += 1;
            filled += 1;
        }
        fleet.run(&store, &command).unwrap();
        fleet = after;
    }
    assert!(fleet.truth.counts.values().sum::<u64>() > 1000);
    filled
}

#[test]
fn a_disk_that_is_full_at_any_write_or_sync_loses_nothing_and_needs_no_restart() {
    let filled = live(1);
    println!("full {filled} times");
    assert!(filled > 200, "only {filled} times");
}

#[test]
fn a_snapshot_that_is_held_keeps_nobody_from_going_on() {
    let directory = tempfile::tempdir().unwrap();
    let mut fleet = Fleet::new();
    let disk = Simulated::new(directory.path());
    let store = Store::open_on(Arc::new(disk.clone()), directory.path()).unwrap();
    let command = Command::Scrape((0..TARGETS).collect());
    (0..TARGETS).for_each(|target| fleet.throw(target, 0, 5));
    fleet.run(&store, &command).unwrap();
    fleet.account(&command);
    let snapshot = store.snapshot().unwrap();
    fleet.throw(0, 1, 7);
    disk.full_after(Some(3));
    assert!(fleet.run(&store, &command).unwrap_err().is_full());
    assert!(store.is_poisoned() && store.recover().unwrap_err().is_full());
    disk.full_after(None);
    assert!(store.recover().unwrap().is_some());
    fleet.account(&command);
    assert_eq!(fleet.truth.differs_from(&store, &fleet), None);
    drop(snapshot);
    assert_eq!(fleet.truth.differs_from(&store, &fleet), None);
}
