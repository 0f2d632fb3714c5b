//! Faults of the disk: at any call of any command it fails, once or from then on, and the store is opened again, by another
//! process or after the power went, too. What was acknowledged is there, what was not is there whole or not at all, and nothing
//! is wrong with the rest.
//!
//! A fleet lives as with power cuts. `FAULTS` is how many faults there are, `FAULT_SEED` the first life's seed.

use std::path::Path;
use std::sync::Arc;

use super::fleet::{Command, Fleet, TARGETS, Truth};
use super::simulated::{Chance, Fault, Keep, Kind, Simulated};
use crate::store::{Error, Store};

/// Faults of each command.
const FAULTS_PER_COMMAND: u64 = 4;
/// Commands in one life of the fleet: later ones would only find more rows.
const COMMANDS: usize = 40;

/// What the faults came to.
#[derive(Debug, Default)]
struct Met {
    faults: u64,
    /// Commands that failed, and the store refused all that came after.
    poisoned: u64,
    /// Those of them that found the disk full, after which the same process went on.
    recovered: u64,
    /// Commands that failed and had changed nothing: the store went on.
    refused: u64,
    /// Commands that went well all the same.
    survived: u64,
    /// Faults while the store was opened.
    opening: u64,
}

/// What became of the machine between two processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Between {
    /// Nothing: the operating system still has what was written.
    Restart,
    /// The power went as well.
    PowerCut(Keep),
}

impl Between {
    fn any(chance: &mut Chance) -> Self {
        if chance.below(2) == 0 { Self::Restart } else { Self::PowerCut(Keep::ALL[chance.below(4) as usize]) }
    }

    /// The disk as the next process finds it.
    fn after(self, disk: &Simulated, path: &Path, chance: &mut Chance) -> Simulated {
        disk.mend();
        match self {
            Self::Restart => disk.copy(path),
            Self::PowerCut(keep) => disk.after_power_cut(keep, chance),
        }
    }
}

fn fault(calls: u64, chance: &mut Chance) -> Fault {
    let kind = Kind::ALL[chance.below(3) as usize];
    Fault { after: chance.below(calls), kind, lasting: chance.below(2) == 0 }
}

/// Opens the store again, perhaps with faults meanwhile.
fn reopen(mut disk: Simulated, path: &Path, met: &mut Met, chance: &mut Chance) -> Store {
    while chance.below(4) == 0 {
        let fault = fault(60, chance);
        disk.fail(fault, chance.clone());
        let opened = Store::open_on(Arc::new(disk.clone()), path);
        met.opening += u64::from(disk.mend());
        drop(opened);
        disk = Between::any(chance).after(&disk, path, chance);
    }
    Store::open_on(Arc::new(disk), path).unwrap()
}

/// Runs `command` on a copy of `disk` and lets one of its `calls` fail.
fn strike(
    (disk, path): (&Simulated, &Path),
    (before, after): (&Fleet, &Fleet),
    (command, calls): (&Command, u64),
    met: &mut Met,
    chance: &mut Chance,
) {
    let disk = disk.copy(path);
    let store = Store::open_on(Arc::new(disk.clone()), path).unwrap();
    let fault = fault(calls, chance);
    disk.fail(fault, chance.clone());
    let outcome = before.run(&store, command);
    let context = format!("{command:?} with {fault:?}, was {outcome:?}");
    let lenient =
        Truth { kept_from: after.truth.kept_from, relieved: after.truth.relieved.clone(), ..before.truth.clone() };
    let struck = disk.mend();
    assert!(outcome.is_ok() || struck, "{context}");
    met.faults += u64::from(struck);
    match &outcome {
        Ok(()) => met.survived += u64::from(struck),
        Err(_) if store.is_poisoned() => {
            met.poisoned += 1;
            let refused = before.run(&store, &Command::Scrape(vec![0]));
            assert!(refused.is_err(), "{context}: poisoned, and takes more");
        }
        Err(_) => {
            met.refused += 1;
            // It goes on, and the same again goes well.
            let differs = lenient.differs_from(&store, before);
            assert_eq!(differs, None, "{context}: failed, not poisoned, and not as before");
        }
    }
    // A process that found the disk full goes on when there is room, and makes the commit that it owes.
    let recovered = outcome.as_ref().is_err_and(Error::is_full) && chance.below(2) == 0;
    if recovered {
        met.recovered += 1;
        store.recover().unwrap_or_else(|error| panic!("{context}: {error:?}"));
    }
    let acknowledged = outcome.is_ok() || (recovered && matches!(command, Command::Scrape(_)));
    let between = Between::any(chance);
    // Whoever closes it may write; a process that ends at once does not.
    let disk = if chance.below(2) == 0 {
        drop(store);
        between.after(&disk, path, chance)
    } else {
        let disk = between.after(&disk, path, chance);
        drop(store);
        disk
    };

    let context = format!("{context}, recovered {recovered}, then {between:?}");
    let store = reopen(disk.clone(), path, met, chance);
    let differs = after.truth.differs_from(&store, after);
    if acknowledged {
        assert_eq!(differs, None, "{context}: acknowledged, and not there");
    } else if differs.is_some() {
        assert_eq!(lenient.differs_from(&store, before), None, "{context}: neither before nor after ({differs:?})");
    }
    let mut found = Vec::new();
    store.verify(&mut |finding| found.push(finding.to_string())).unwrap();
    assert_eq!(found, [""; 0], "{context}");
    // The clients still expose the same. A moment later, or the clock would seem to stand.
    let mut again = after.clone();
    again.now.0 += 1;
    again.run(&store, command).unwrap();
    assert_eq!(after.truth.differs_from(&store, after), None, "{context}: repeated");
}

/// How many calls a command makes.
fn calls(disk: &Simulated, path: &Path, fleet: &Fleet, command: &Command) -> u64 {
    let disk = disk.copy(path);
    let store = Store::open_on(Arc::new(disk.clone()), path).unwrap();
    let begin = disk.calls();
    fleet.run(&store, command).unwrap();
    disk.calls() - begin
}

fn live(seed: u64, faults: u64, met: &mut Met) {
    let mut chance = Chance(seed);
    let directory = tempfile::tempdir().unwrap();
    let (path, copy) = (directory.path().join("data"), directory.path().join("copy"));
    let disk = Simulated::new(&path);
    let store = Store::open_on(Arc::new(disk.clone()), &path).unwrap();
    let mut fleet = Fleet::new();
    for _ in 0..COMMANDS {
        if chance.below(6) == 0 {
            let target = chance.below(TARGETS as u64) as usize;
            fleet.run(&store, &Command::Scrape(vec![target])).unwrap();
            fleet.account(&Command::Scrape(vec![target]));
            fleet.restart(target);
        }
        let command = fleet.next(&mut chance);
        let mut after = fleet.clone();
        after.account(&command);
        let calls = calls(&disk, &copy, &fleet, &command);
        for _ in 0..FAULTS_PER_COMMAND {
            if met.faults >= faults {
                return;
            }
            strike((&disk, &copy), (&fleet, &after), (&command, calls), met, &mut chance);
        }
        fleet.run(&store, &command).unwrap();
        fleet = after;
    }
}

#[test]
fn a_fault_of_the_disk_at_any_call_loses_nothing_acknowledged_and_leaves_nothing_half() {
    let number =
        |name: &str, otherwise| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise);
    let (faults, first) = (number("FAULTS", 300), number("FAULT_SEED", 1));
    let mut met = Met::default();
    for seed in first.. {
        println!("seed {seed} (FAULT_SEED), {} of {faults} faults (FAULTS)", met.faults);
        live(seed, faults, &mut met);
        if met.faults >= faults {
            break;
        }
    }
    println!("{met:?}");
    assert!(
        met.poisoned > met.faults / 4 && met.recovered > met.faults / 16 && met.opening > met.faults / 8,
        "{met:?}"
    );
}
