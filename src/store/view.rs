//! Reading: a consistent snapshot of everything, and the shapes in which it answers.

use std::sync::RwLockReadGuard;

use roaring::RoaringBitmap;

use super::directory::{ServiceRecord, Sets, TargetRecord};
use super::live::Live;
use super::occurrence::StoredOccurrence;
use super::{Error, Store};
use crate::model::aggregate::Aggregate;
use crate::model::aggregate_set::AggregateSet;
use crate::model::id::{AggregateId, OccurrenceId, ServiceId, TargetId};
use crate::model::label::Labels;
use crate::model::series::{Buckets, Count};
use crate::model::time::{Millis, Timestamp};
use crate::model::view::SavedView;

/// A consistent snapshot. It holds a read lock and a read transaction: keep it while computing an answer and no longer,
/// and never two in one thread.
pub struct View<'a> {
    pub(super) live: RwLockReadGuard<'a, Live>,
    pub(super) transaction: redb::ReadTransaction,
    pub(super) store: &'a Store,
}

/// What to count.
#[derive(Debug, Clone, Copy)]
pub struct Scan<'a> {
    /// Which aggregates; `None` is all.
    pub aggregates: Option<&'a AggregateSet>,
    /// Which targets, by their ids; `None` is all.
    pub targets: Option<&'a RoaringBitmap>,
    /// What to tell apart.
    pub split: Split,
    /// When.
    pub buckets: Buckets,
}

/// What a scan tells apart; the coarser, the cheaper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// Services.
    Service,
    /// Aggregates.
    Aggregate,
    /// Aggregates and targets.
    Target,
}

/// A count of a scan. The hits of one bucket may come in several pieces, which add up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// Its service.
    pub service: ServiceId,
    /// Its aggregate; [`Hit::NO_AGGREGATE`] with [`Split::Service`].
    pub aggregate: AggregateId,
    /// Its target; [`Hit::NO_TARGET`] unless [`Split::Target`].
    pub target: TargetId,
    /// Which bucket.
    pub bucket: usize,
    /// How often.
    pub count: Count,
}

impl Hit {
    /// In the place of an aggregate where aggregates are not told apart.
    pub const NO_AGGREGATE: AggregateId = AggregateId(u32::MAX);
    /// In the place of a target where targets are not told apart, or where the breakdown by target is past its retention.
    pub const NO_TARGET: TargetId = TargetId(u32::MAX);
}

/// How much of a bucket was watched, summed over targets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Target time in which scrapes succeeded.
    pub watched: Millis,
    /// Target time in which discovery listed the targets.
    pub expected: Millis,
}

/// A stretch of time in which a target's scrapes went the same way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetSpan {
    /// Begin.
    pub from: Timestamp,
    /// End.
    pub to: Timestamp,
    /// They succeeded.
    pub up: bool,
    /// How many scrapes the window had in all (good and bad), where `from` lies.
    pub scrapes: u32,
    /// Mean duration of the window's scrapes.
    pub duration_mean: Millis,
    /// Longest duration of the window's scrapes.
    pub duration_max: Millis,
    /// Bytes of the window's last body.
    pub body_bytes: u64,
    /// The window's last failure.
    pub error: Option<String>,
}

/// Where an occurrence stands among those of its aggregate. Later ones have larger ids.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Neighbours {
    /// The oldest of all.
    pub first: Option<OccurrenceId>,
    /// The next older one.
    pub previous: Option<OccurrenceId>,
    /// The next newer one.
    pub next: Option<OccurrenceId>,
    /// The newest of all.
    pub last: Option<OccurrenceId>,
}

/// Sizes and counters of the store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Last commit.
    pub commit: u64,
    /// All windows before this moment are sealed.
    pub sealed_until: Timestamp,
    /// Aggregates.
    pub aggregates: u64,
    /// Targets ever seen and not forgotten.
    pub targets: u64,
    /// Instances whose baselines are remembered.
    pub instances: u64,
    /// Instances that were not seen for some minutes: what they counted last is on disk only.
    pub resting_instances: u64,
    /// Baselines remembered.
    pub baselines: u64,
    /// Points in the head.
    pub head_points: u64,
    /// Distinct stacks.
    pub stacks: u64,
    /// Bytes allocated to the database file.
    pub database_bytes: u64,
    /// Bytes allocated to the occurrence partitions.
    pub occurrence_bytes: u64,
    /// Days that have occurrences.
    pub occurrence_days: u64,
    /// Days of which some were removed to save room.
    pub thinned_days: u64,
    /// Occurrences of those days that were removed.
    pub thinned_occurrences: u64,
    /// Pages of the database that were read since it was opened and are damaged.
    pub damaged_pages: u64,
}

impl View<'_> {
    /// Services; the index is the id.
    #[must_use]
    pub fn services(&self) -> &[ServiceRecord] {
        self.live.directory.services()
    }

    /// The service of this name.
    #[must_use]
    pub fn service(&self, name: &str) -> Option<ServiceId> {
        self.live.directory.service(name)
    }

    /// Targets; the index is the id.
    #[must_use]
    pub fn targets(&self) -> &[TargetRecord] {
        self.live.directory.targets()
    }

    /// Aggregates; the index is the id.
    #[must_use]
    pub fn aggregates(&self) -> &[Aggregate] {
        self.live.directory.aggregates()
    }

    /// The aggregate with this key in this service.
    #[must_use]
    pub fn find_aggregate(&self, service: ServiceId, key: &str) -> Option<AggregateId> {
        self.live.directory.find_aggregate(service, key)
    }

    /// The target with these labels in this service.
    #[must_use]
    pub fn find_target(&self, service: ServiceId, labels: &Labels) -> Option<TargetId> {
        self.live.directory.find_target(service, labels)
    }

    /// Sets of aggregates to filter by.
    #[must_use]
    pub fn sets(&self) -> &Sets {
        self.live.directory.sets()
    }

    /// Saved views in the order of their names.
    pub fn saved_views(&self) -> impl Iterator<Item = &SavedView> {
        self.live.views.values()
    }

    /// Fingerprint of the label rules that were last applied to everything; `None` when none ever were.
    #[must_use]
    pub fn label_rules(&self) -> Option<u64> {
        self.live.label_rules
    }

    /// The targets at which remembered processes expose aggregates: each pair, in no order, some more than once.
    pub fn exposed(&self) -> impl Iterator<Item = (AggregateId, TargetId)> {
        self.live.instances.exposed()
    }

    /// Counts what `request` asks for, hit by hit.
    ///
    /// # Errors
    /// When the database can not be read or holds corrupt bytes; what was counted until then is to be thrown away.
    pub fn scan(&self, request: &Scan<'_>, sink: &mut dyn FnMut(Hit)) -> Result<(), Error> {
        super::scan::scan(self, request, sink)
    }

    /// How much of each bucket was watched, of these services or of all.
    ///
    /// # Errors
    /// As [`View::scan`].
    pub fn coverage(&self, services: Option<&[ServiceId]>, buckets: &Buckets) -> Result<Vec<Coverage>, Error> {
        super::coverage::query(self, services, buckets)
    }

    /// How a target's scrapes went over time, oldest first.
    ///
    /// # Errors
    /// As [`View::scan`].
    pub fn target_history(
        &self,
        target: TargetId,
        range: crate::model::time::TimeRange,
    ) -> Result<Vec<TargetSpan>, Error> {
        super::coverage::history(self, target, range)
    }

    /// At most `limit` samples of an aggregate that are older than `before`, newest first.
    ///
    /// # Errors
    /// As [`View::scan`].
    pub fn occurrences(
        &self,
        aggregate: AggregateId,
        before: Option<OccurrenceId>,
        limit: usize,
    ) -> Result<Vec<StoredOccurrence>, Error> {
        super::reference::occurrences(self, aggregate, before, limit)
    }

    /// The ids of an aggregate's oldest and newest occurrence that is kept; `None` when there is none. Reads ids only, so
    /// it is cheap however many there are.
    ///
    /// # Errors
    /// As [`View::scan`].
    pub fn occurrence_ends(&self, aggregate: AggregateId) -> Result<Option<(OccurrenceId, OccurrenceId)>, Error> {
        super::reference::ends(self, aggregate)
    }

    /// Where an occurrence stands among those of its aggregate, in the order of their ids. Reads ids only, and all of the
    /// aggregate's.
    ///
    /// # Errors
    /// As [`View::scan`].
    pub fn occurrence_neighbours(&self, aggregate: AggregateId, id: OccurrenceId) -> Result<Neighbours, Error> {
        super::reference::neighbours(self, aggregate, id)
    }

    /// The occurrences of these ids, in their order; `None` for what is not there (any more).
    ///
    /// # Errors
    /// As [`View::scan`].
    pub fn occurrences_of(&self, ids: &[OccurrenceId]) -> Result<Vec<Option<StoredOccurrence>>, Error> {
        self.store.read_occurrences(&self.transaction, ids)
    }

    /// One occurrence; `None` when there is none of this id (any more).
    ///
    /// # Errors
    /// As [`View::scan`].
    pub fn occurrence(&self, id: OccurrenceId) -> Result<Option<StoredOccurrence>, Error> {
        super::reference::occurrence(self, id)
    }

    /// Sizes and counters.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.live.statistics(self.store)
    }
}
