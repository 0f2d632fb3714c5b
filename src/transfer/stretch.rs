//! Stretches of time in which something was watched: a set of intervals that do not touch.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Closed intervals in milliseconds, by their begin.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stretches(BTreeMap<i64, i64>);

impl Stretches {
    /// Adds `[from, to]`; what it touches becomes one with it.
    pub(super) fn add(&mut self, mut from: i64, mut to: i64) {
        // Most series were watched when all others were.
        if let Some((begin, end)) = self.0.range(..=from).next_back().map(|(begin, end)| (*begin, *end))
            && end >= from
        {
            if end >= to {
                return;
            }
            from = begin;
        }
        while let Some((begin, end)) = self.0.range(from..=to).next().map(|(begin, end)| (*begin, *end)) {
            self.0.remove(&begin);
            to = to.max(end);
        }
        self.0.insert(from, to);
    }

    /// The stretch that holds `time`.
    pub(super) fn around(&self, time: i64) -> Option<(i64, i64)> {
        let (begin, end) = self.0.range(..=time).next_back()?;
        (*end >= time).then_some((*begin, *end))
    }

    /// The end of the last stretch before `time`, which it does not hold.
    pub(super) fn end_before(&self, time: i64) -> Option<i64> {
        self.0.range(..time).next_back().map(|(_, end)| *end).filter(|end| *end < time)
    }

    /// All of them that meet `[from, to]`, cut to it.
    pub(super) fn within(&self, from: i64, to: i64) -> impl Iterator<Item = (i64, i64)> + '_ {
        let first = self.0.range(..=from).next_back().map_or(from, |(begin, _)| *begin);
        let cut = move |(begin, end): (&i64, &i64)| ((*begin).max(from), (*end).min(to));
        self.0.range(first..=to).map(cut).filter(|(begin, end)| begin <= end)
    }

    /// The first and the last moment.
    pub(super) fn ends(&self) -> Option<(i64, i64)> {
        let (from, _) = self.0.first_key_value()?;
        let (_, to) = self.0.last_key_value()?;
        Some((*from, *to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn stretches_hold_what_was_added(added in proptest::collection::vec((0i64..100, 0i64..20), 0..20), from in 0i64..100, length in 0i64..50) {
            let mut stretches = Stretches::default();
            for (from, length) in &added {
                stretches.add(*from, from + length);
            }
            let holds = |time: i64| added.iter().any(|(from, length)| (*from..=from + length).contains(&time));
            for time in 0..130 {
                prop_assert_eq!(stretches.around(time).is_some(), holds(time), "{}", time);
                let before = (0..time).rev().find(|time| holds(*time)).filter(|_| !holds(time));
                if !holds(time) {
                    prop_assert_eq!(stretches.end_before(time), before);
                }
            }
            let cut: Vec<i64> = stretches.within(from, from + length).flat_map(|(from, to)| from..=to).collect();
            let expect: Vec<i64> = (from..=from + length).filter(|time| holds(*time)).collect();
            prop_assert_eq!(cut, expect);
        }
    }
}
