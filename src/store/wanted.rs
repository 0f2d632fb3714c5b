//! A filter by aggregate in the shape in which columns are read: 64 aggregates at a time.

use crate::model::aggregate_set::AggregateSet;
use crate::model::id::AggregateId;

/// Which aggregates are asked for; all of them by default.
#[derive(Default)]
pub(super) struct Wanted {
    /// A bit for each aggregate; `None` where all are asked for.
    words: Option<Vec<u64>>,
}

impl Wanted {
    /// Those of `set`, or all.
    pub(super) fn new(set: Option<&AggregateSet>) -> Self {
        let Some(set) = set else { return Self::default() };
        let last = set.0.max().unwrap_or(0);
        let mut words = vec![0u64; last as usize / 64 + 1];
        for aggregate in &set.0 {
            if let Some(word) = words.get_mut(aggregate as usize / 64) {
                *word |= 1 << (aggregate % 64);
            }
        }
        Self { words: Some(words) }
    }

    /// Bits of the aggregates from `64 * group` on.
    #[inline]
    pub(super) fn mask(&self, group: u32) -> u64 {
        match &self.words {
            Some(words) => words.get(group as usize).copied().unwrap_or(0),
            None => u64::MAX,
        }
    }

    /// Whether this one is.
    #[inline]
    pub(super) fn has(&self, aggregate: AggregateId) -> bool {
        self.mask(aggregate.0 / 64) >> (aggregate.0 % 64) & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_has_what_its_set_has() {
        let set: AggregateSet = [3, 63, 64, 500].map(AggregateId).into_iter().collect();
        let wanted = Wanted::new(Some(&set));
        let found: Vec<u32> = (0..2000).filter(|id| wanted.has(AggregateId(*id))).collect();
        assert_eq!(found, [3, 63, 64, 500]);
        assert_eq!((wanted.mask(0), wanted.mask(9000)), (1 << 63 | 1 << 3, 0));
        assert!(!Wanted::new(Some(&AggregateSet::new())).has(AggregateId(0)), "none");
        assert!(Wanted::new(None).has(AggregateId(u32::MAX)), "all");
    }
}
