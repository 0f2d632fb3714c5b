//! Counters: how far one moved since the last scrape. Truth rules 1, 2, 3 and 6, pure.

use crate::model::time::Timestamp;
use crate::store::Baseline;

/// How a counter moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Advance {
    /// How often it happened since the baseline.
    pub delta: u64,
    /// The counter began anew since the baseline (or had none).
    pub reset: bool,
}

/// Compares an exposed count with its baseline.
///
/// A count that is not lower moved on by the difference; a lower one began at zero again, so it all is new. A process that
/// names itself (`identified`) counts monotonously as long as it lives. One that does not may be another process at the
/// same address whose count happens to be higher: then the aggregate's `created_at` has moved forward.
#[must_use]
pub fn advance(before: Option<&Baseline>, total: u64, created_at: Option<Timestamp>, identified: bool) -> Advance {
    let Some(before) = before else { return Advance { delta: total, reset: true } };
    let moved_forward = match (before.created_at, created_at) {
        (Some(before), Some(now)) => now > before,
        _ => false,
    };
    match total.checked_sub(before.total) {
        Some(delta) if identified || !moved_forward => Advance { delta, reset: false },
        _ => Advance { delta: total, reset: true },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(before: Option<(u64, Option<i64>)>, now: (u64, Option<i64>), identified: bool, delta: u64, reset: bool) {
        let before = before.map(|(total, created_at)| Baseline {
            total,
            created_at: created_at.map(Timestamp),
            samples: Vec::new(),
        });
        let got = advance(before.as_ref(), now.0, now.1.map(Timestamp), identified);
        assert_eq!(got, Advance { delta, reset }, "{before:?} {now:?} {identified}");
    }

    #[test]
    fn counters_move_by_their_difference_or_begin_anew() {
        check(None, (7, Some(1)), true, 7, true);
        check(Some((5, Some(1))), (7, Some(1)), true, 2, false);
        check(Some((7, Some(1))), (7, Some(1)), true, 0, false);
        check(Some((7, Some(1))), (3, Some(1)), true, 3, true);
        check(Some((7, Some(1))), (0, Some(1)), true, 0, true);
        check(Some((u64::MAX, None)), (u64::MAX, None), false, 0, false);
    }

    #[test]
    fn only_without_a_uuid_a_later_creation_is_a_reset() {
        check(Some((5, Some(1))), (7, Some(2)), true, 2, false);
        check(Some((5, Some(1))), (7, Some(2)), false, 7, true);
        check(Some((5, Some(2))), (7, Some(1)), false, 2, false);
        check(Some((5, None)), (7, Some(2)), false, 2, false);
        check(Some((5, Some(1))), (7, None), false, 2, false);
    }
}
