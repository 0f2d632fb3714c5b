//! When processes come and go: releases that roll over a service's replicas, crashes, and the one machine that died.

use super::rng::Rng;
use super::service::SERVICES;
use super::story::{CHECKOUT_BAD, DAY, HOUR, LIVE_BLOCK, MINUTE, SECOND, STOREFRONT_BAD, first_block};
use crate::model::time::{Millis, Timestamp};

/// How long before `now` the dead machine died.
pub(crate) const DEAD_SINCE: i64 = 6 * DAY + 5 * HOUR;

/// Something that happens to a process or to a service's release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Move {
    /// From now on this service's new processes run another release.
    Release(usize, Step),
    /// The process in this slot ends and is no longer discovered.
    Retire(usize),
    /// A process of the current release starts in this slot, as a new target.
    Start(usize),
    /// The process in this slot ends, but its target is still discovered.
    Crash(usize),
    /// A crashed process is started again at the same target.
    Return(usize),
    /// Like a crash, for ever.
    Die(usize),
}

/// Which release comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// The next one, and it is good.
    Next,
    /// The next one, and it is bad.
    Bad,
    /// The one before.
    Back,
}

/// All moves of the day that begins at `day`, in the order of their times.
pub(crate) fn moves(seed: u64, now: Timestamp, day: Timestamp) -> Vec<(Timestamp, Move)> {
    let next = day.plus(Millis(DAY));
    let mut moves = Vec::new();
    for (name, (begin, end)) in [("checkout", CHECKOUT_BAD), ("storefront", STOREFRONT_BAD)] {
        if let Some(service) = SERVICES.iter().position(|service| service.name == name) {
            roll(service, Step::Bad, now.minus(Millis(begin)), 50 * SECOND, &mut moves);
            roll(service, Step::Back, now.minus(Millis(end)), 20 * SECOND, &mut moves);
        }
    }
    moves.push((now.minus(Millis(DEAD_SINCE)), Move::Die(slots_before(SERVICES.len()) - 1)));
    moves.retain(|(at, _)| (day..next).contains(at));
    for service in 0..SERVICES.len() {
        planned_release(seed, now, (day, service), &mut moves);
    }
    for slot in 0..slots_before(SERVICES.len()) {
        let mut rng = Rng::of(&[seed, 0xc4a5, day.0 as u64, slot as u64]);
        if rng.chance(0.1) {
            let at = day.plus(rng.time(Millis(DAY - 3 * MINUTE)));
            crash(slot, at, &mut rng, &mut moves);
        }
    }
    let mut block = first_block(now, day);
    // A block that reaches into the next day has no moves: each day's moves are whole.
    while block.plus(Millis(LIVE_BLOCK)) < next {
        live(seed, now, block, &mut moves);
        block = block.plus(Millis(LIVE_BLOCK));
    }
    moves.sort_by_key(|(at, _)| *at);
    moves
}

/// Number of the first slot of a service; slots are numbered through all services.
pub(crate) fn slots_before(service: usize) -> usize {
    SERVICES.iter().take(service).map(|service| service.replicas).sum()
}

/// On about every third working day a service gets a new release, in working hours; not around a bad one, which the
/// story rolls out itself.
fn planned_release(seed: u64, now: Timestamp, (day, service): (Timestamp, usize), moves: &mut Vec<(Timestamp, Move)>) {
    let mut rng = Rng::of(&[seed, 0xde91, day.0 as u64, service as u64]);
    let weekday = (day.0.div_euclid(DAY) + 4).rem_euclid(7);
    let name = SERVICES.get(service).map_or("", |service| service.name);
    let bad = match name {
        "checkout" => Some(CHECKOUT_BAD),
        "storefront" => Some(STOREFRONT_BAD),
        _ => None,
    };
    let near_bad = bad.is_some_and(|(begin, end)| {
        (day.0 - DAY..day.0 + DAY).contains(&(now.0 - begin)) || (day.0 - DAY..day.0 + DAY).contains(&(now.0 - end))
    });
    if !(1..=5).contains(&weekday) || near_bad || !rng.chance(0.35) {
        return;
    }
    let at = day.plus(rng.time_between(9 * HOUR, 16 * HOUR));
    // What is planned for later today by the clock of the story's `now` comes as a live release instead.
    if at < now {
        roll(service, Step::Next, at, 70 * SECOND, moves);
    }
}

/// Replaces one replica after the other, `apart` from one to the next.
fn roll(service: usize, step: Step, at: Timestamp, apart: i64, moves: &mut Vec<(Timestamp, Move)>) {
    moves.push((at, Move::Release(service, step)));
    let first = slots_before(service);
    let mut end = at.plus(Millis(SECOND));
    for slot in first..first + SERVICES.get(service).map_or(0, |service| service.replicas) {
        moves.push((end, Move::Retire(slot)));
        moves.push((end.plus(Millis(8 * SECOND)), Move::Start(slot)));
        end = end.plus(Millis(apart));
    }
}

fn crash(slot: usize, at: Timestamp, rng: &mut Rng, moves: &mut Vec<(Timestamp, Move)>) {
    moves.push((at, Move::Crash(slot)));
    moves.push((at.plus(rng.time_between(20 * SECOND, 90 * SECOND)), Move::Return(slot)));
}

/// What happens in one live block: a crash in every other one, beginning with the first; a release in every fourth.
fn live(seed: u64, now: Timestamp, block: Timestamp, moves: &mut Vec<(Timestamp, Move)>) {
    let mut rng = Rng::of(&[seed, 0x11f3, block.0 as u64]);
    let number = block.since(now).0 / LIVE_BLOCK;
    if number % 2 == 0 {
        let slot = rng.below(slots_before(SERVICES.len()) as u64 - 1) as usize;
        let at = block.plus(rng.time_between(60 * SECOND, 80 * SECOND));
        crash(slot, at, &mut rng, moves);
    }
    if number % 4 == 1 {
        let service = rng.below(SERVICES.len() as u64) as usize;
        roll(service, Step::Next, block.plus(Millis(30 * SECOND)), 25 * SECOND, moves);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_and_a_crash_are_whole_within_their_day() {
        let now = Timestamp(20_000 * DAY + 13 * HOUR);
        for offset in -20..3 {
            let day = Timestamp((20_000 + offset) * DAY);
            let moves = moves(3, now, day);
            let count = |wanted: fn(&Move) -> bool| moves.iter().filter(|(_, what)| wanted(what)).count();
            assert_eq!(count(|m| matches!(m, Move::Crash(_))), count(|m| matches!(m, Move::Return(_))));
            assert_eq!(count(|m| matches!(m, Move::Retire(_))), count(|m| matches!(m, Move::Start(_))));
            assert!(moves.iter().all(|(at, _)| *at >= day && *at < day.plus(Millis(DAY))));
        }
    }

    #[test]
    fn a_bad_release_is_taken_back_and_one_machine_dies() {
        let now = Timestamp(20_000 * DAY + 13 * HOUR);
        let all: Vec<Move> =
            (-13..1).flat_map(|day| moves(3, now, Timestamp((20_000 + day) * DAY))).map(|(_, what)| what).collect();
        for step in [Step::Bad, Step::Back] {
            assert_eq!(all.iter().filter(|m| matches!(m, Move::Release(_, s) if *s == step)).count(), 2);
        }
        assert_eq!(all.iter().filter(|m| matches!(m, Move::Die(_))).count(), 1);
    }
}
