//! Each sample once: which samples of a day, and of the days beside it, are in the store.
//!
//! A file of samples may overlap with another one, or with what was scraped. A sample with a uuid is known by that with its
//! time, class and message, wherever it was seen; without one also its target has to be the same. A sample that came by
//! a scrape just after midnight lies in the day after the one in which it happened, so three days are looked at.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use rustc_hash::FxHashSet;

use super::Error;
use crate::model::id::{AggregateId, TargetId};
use crate::model::occurrence::Occurrence;
use crate::store::{Hit, Sample, Store};

/// The samples of some days, 20 bytes each or so.
#[derive(Debug, Default)]
pub(super) struct Once {
    days: BTreeMap<u32, FxHashSet<u128>>,
    known: u64,
}

impl Once {
    /// Makes what there is around `day` known. Days come in ascending order.
    pub(super) fn look_at(&mut self, store: &Store, day: u32) -> Result<(), Error> {
        let around = day.saturating_sub(1)..=day.saturating_add(1);
        self.days.retain(|day, _| around.contains(day));
        for day in around {
            if self.days.contains_key(&day) {
                continue;
            }
            let mut samples = FxHashSet::default();
            store.view()?.each_sample_of(day, &mut |stored| {
                samples.insert(number(stored.aggregate, stored.target, &stored.occurrence));
                ControlFlow::Continue(())
            })?;
            self.days.insert(day, samples);
        }
        Ok(())
    }

    /// Whether a sample of `day` is new; it is not any more then.
    pub(super) fn is_new(&mut self, day: u32, sample: &Sample) -> bool {
        let number = number(sample.aggregate, sample.target, &sample.occurrence);
        let new = !self.days.values().any(|day| day.contains(&number));
        if new {
            self.days.entry(day).or_default().insert(number);
        } else {
            self.known += 1;
        }
        new
    }

    /// How many were not new.
    pub(super) fn known(&self) -> u64 {
        self.known
    }
}

fn number(aggregate: AggregateId, target: TargetId, occurrence: &Occurrence) -> u128 {
    let target = if occurrence.uuid.is_empty() { target } else { Hit::NO_TARGET };
    u128::from(aggregate.0) << 96 | u128::from(target.0) << 64 | u128::from(occurrence.identity().0)
}
