//! Instances: the processes behind targets, and the baselines from which the next deltas are computed.

use std::collections::HashMap;

use roaring::RoaringBitmap;
use rustc_hash::{FxHashMap, FxHashSet};

use super::change::Baseline;
use super::codec::Corrupt;
use super::live::Live;
use super::log::Baselines;
use super::row::{Reader, Writer, unexpected};
use super::{Error, Store, table};
use crate::model::id::{AggregateId, InstanceId, ServiceId, TargetId};
use crate::model::occurrence::SampleId;
use crate::model::time::{Millis, Timestamp};

/// A process that was not seen for four scrape intervals rests, but not before the first of these times, and after the second in any
/// case: one that is gone costs memory until then, one that is only slow to answer would be read again and again.
const REST_AFTER_MIN: Millis = Millis::from_seconds(120);
const REST_AFTER_MAX: Millis = Millis::from_seconds(600);

/// Baselines whose rows are written in one transaction, so that nobody waits long for it.
const RESTED_MAX: usize = 100_000;

/// What identifies a process within its service.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InstanceKey {
    /// Its `target_uuid`.
    Uuid(String),
    /// Its address, where the client sends no `target_uuid`.
    Address(String),
}

/// One process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Instance {
    /// Its service.
    pub service: ServiceId,
    /// What identifies it.
    pub key: InstanceKey,
    /// The target at which it was seen last.
    pub target: TargetId,
    /// Begin of its last good scrape; `None` before the first.
    pub last_success: Option<Timestamp>,
    /// Fingerprint of the rules under which its aggregates have their keys; 0 before the first scrape.
    pub keys: u64,
    /// Baselines by aggregate.
    pub baselines: FxHashMap<AggregateId, Baseline>,
}

/// A process that was not seen for a while: what it counted last stands in its row only, until it is seen again. Most never are.
#[derive(Debug)]
struct Resting {
    service: ServiceId,
    key: InstanceKey,
    target: TargetId,
    last_success: Option<Timestamp>,
    aggregates: RoaringBitmap,
}

/// All instances that are remembered.
#[derive(Debug, Default)]
pub(super) struct Instances {
    by_id: FxHashMap<InstanceId, Instance>,
    resting: FxHashMap<InstanceId, Resting>,
    ids: HashMap<(ServiceId, InstanceKey), InstanceId>,
    next: u32,
    /// Changed since their row was written.
    dirty: FxHashSet<InstanceId>,
    exposed: Exposed,
}

/// The samples in all baselines: what is exposed anywhere, or was when it was looked at last.
///
/// A set, because nearly every sample is exposed by one process, and a count of the others beside it: 9 bytes or so a sample.
#[derive(Debug, Default)]
struct Exposed {
    once: FxHashSet<u64>,
    /// By how many more.
    again: FxHashMap<u64, u32>,
}

impl Exposed {
    /// A sample of an aggregate as one number. Of a million samples two are taken for one with a chance of 2^-24, and only where
    /// both have a uuid and the newer one is exposed by another process than the older.
    fn number(aggregate: AggregateId, sample: SampleId) -> u64 {
        sample.0 ^ u64::from(aggregate.0).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    fn add(&mut self, aggregate: AggregateId, samples: &[SampleId]) {
        for sample in samples {
            let number = Self::number(aggregate, *sample);
            if !self.once.insert(number) {
                *self.again.entry(number).or_default() += 1;
            }
        }
    }

    fn shrink(&mut self) {
        if self.once.len() < self.once.capacity() / 4 {
            self.once.shrink_to_fit();
        }
    }

    fn remove(&mut self, aggregate: AggregateId, samples: &[SampleId]) {
        for sample in samples {
            let number = Self::number(aggregate, *sample);
            match self.again.get_mut(&number) {
                Some(1) => drop(self.again.remove(&number)),
                Some(count) => *count -= 1,
                None => drop(self.once.remove(&number)),
            }
        }
    }
}

impl Instances {
    /// The instance; `None` while it rests.
    pub(super) fn get(&self, id: InstanceId) -> Option<&Instance> {
        self.by_id.get(&id)
    }

    /// Whether what it counted last has to be read from its row.
    pub(super) fn is_resting(&self, id: InstanceId) -> bool {
        self.resting.contains_key(&id)
    }

    /// Processes that were not seen since `before` and do not rest yet, with about `most` baselines together.
    fn idle(&self, before: Timestamp, most: usize) -> Vec<InstanceId> {
        let mut left = most;
        let idle = self.by_id.iter().filter(|(_, instance)| instance.last_success.is_some_and(|seen| seen < before));
        let some = idle.take_while(|(_, instance)| {
            let is_first = left == most;
            let fits = instance.baselines.len() < left;
            left = left.saturating_sub(instance.baselines.len().max(1));
            is_first || fits
        });
        some.map(|(id, _)| *id).collect()
    }

    /// Gives up the memory of these processes, whose rows say all of them.
    fn rest(&mut self, ids: &[InstanceId]) {
        for id in ids {
            let Some(instance) = self.by_id.remove(id) else { continue };
            self.dirty.remove(id);
            self.forget(&instance);
            let mut aggregates: RoaringBitmap = instance.baselines.keys().map(|aggregate| aggregate.0).collect();
            aggregates.optimize();
            let Instance { service, key, target, last_success, .. } = instance;
            self.resting.insert(*id, Resting { service, key, target, last_success, aggregates });
        }
        self.exposed.shrink();
    }

    /// Takes in a process by its row, as one that rests; the commit that the row is of.
    pub(super) fn insert_resting(&mut self, id: InstanceId, row: &[u8]) -> Result<u64, Corrupt> {
        let (commit, resting) = Resting::decode(row)?;
        self.next = self.next.max(id.0 + 1);
        self.ids.insert((resting.service, resting.key.clone()), id);
        self.resting.insert(id, resting);
        Ok(commit)
    }

    /// Those that rest although they were seen since `before`.
    pub(super) fn resting_since(&self, before: Timestamp) -> Vec<InstanceId> {
        let recent = self.resting.iter().filter(|(_, resting)| resting.last_success.is_none_or(|seen| seen >= before));
        recent.map(|(id, _)| *id).collect()
    }

    /// Takes back what was read from the rows of processes that rest.
    pub(super) fn wake(&mut self, woken: &[(InstanceId, Instance)]) {
        for (id, instance) in woken {
            if self.is_resting(*id) {
                self.insert(*id, instance.clone());
            }
        }
    }

    /// The instance for writing, marked as changed.
    pub(super) fn get_mut(&mut self, id: InstanceId) -> Option<&mut Instance> {
        let instance = self.by_id.get_mut(&id)?;
        self.dirty.insert(id);
        Some(instance)
    }

    pub(super) fn find(&self, service: ServiceId, key: &InstanceKey) -> Option<InstanceId> {
        self.ids.get(&(service, key.clone())).copied()
    }

    /// The id that a new instance gets.
    pub(super) fn next(&self) -> u32 {
        self.next
    }

    pub(super) fn insert(&mut self, id: InstanceId, instance: Instance) {
        self.next = self.next.max(id.0 + 1);
        self.ids.insert((instance.service, instance.key.clone()), id);
        for (aggregate, baseline) in &instance.baselines {
            self.exposed.add(*aggregate, &baseline.samples);
        }
        self.resting.remove(&id);
        if let Some(before) = self.by_id.insert(id, instance) {
            self.forget(&before);
        }
    }

    /// Says which samples of an aggregate the instance exposes now.
    pub(super) fn expose(&mut self, id: InstanceId, aggregate: AggregateId, samples: &[SampleId]) {
        let Some(baseline) = self.by_id.get_mut(&id).and_then(|instance| instance.baselines.get_mut(&aggregate)) else {
            return;
        };
        if baseline.samples != samples {
            self.exposed.add(aggregate, samples);
            self.exposed.remove(aggregate, &baseline.samples);
            baseline.samples = samples.to_vec();
        }
    }

    /// Whether any instance exposes this sample.
    pub(super) fn exposes(&self, aggregate: AggregateId, sample: SampleId) -> bool {
        self.exposed.once.contains(&Exposed::number(aggregate, sample))
    }

    fn forget(&mut self, instance: &Instance) {
        for (aggregate, baseline) in &instance.baselines {
            self.exposed.remove(*aggregate, &baseline.samples);
        }
    }

    pub(super) fn remove(&mut self, id: InstanceId) {
        if let Some(instance) = self.by_id.remove(&id) {
            self.forget(&instance);
            self.ids.remove(&(instance.service, instance.key));
        }
        if let Some(resting) = self.resting.remove(&id) {
            self.ids.remove(&(resting.service, resting.key));
        }
        self.dirty.remove(&id);
    }

    pub(super) fn set_next(&mut self, next: u32) {
        self.next = self.next.max(next);
    }

    /// All of them, resting ones included.
    pub(super) fn ids(&self) -> impl Iterator<Item = InstanceId> {
        self.by_id.keys().chain(self.resting.keys()).copied()
    }

    /// Those that were seen last before `limit`.
    pub(super) fn older_than(&self, limit: Timestamp) -> Vec<InstanceId> {
        let awake = self.by_id.iter().map(|(id, instance)| (*id, instance.last_success));
        let all = awake.chain(self.resting.iter().map(|(id, resting)| (*id, resting.last_success)));
        all.filter(|(_, seen)| seen.is_some_and(|seen| seen < limit)).map(|(id, _)| id).collect()
    }

    /// When each was seen last that ever was.
    pub(super) fn last_seen(&self) -> impl Iterator<Item = Timestamp> {
        let awake = self.by_id.values().map(|instance| instance.last_success);
        awake.chain(self.resting.values().map(|resting| resting.last_success)).flatten()
    }

    /// Which aggregates each has at which target.
    pub(super) fn exposed(&self) -> impl Iterator<Item = (AggregateId, TargetId)> {
        let awake = self.by_id.values();
        let awake = awake.flat_map(|one| one.baselines.keys().map(|aggregate| (*aggregate, one.target)));
        let resting = self.resting.values();
        awake.chain(resting.flat_map(|one| one.aggregates.iter().map(|id| (AggregateId(id), one.target))))
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len() + self.resting.len()
    }

    /// How many rest.
    pub(super) fn resting(&self) -> usize {
        self.resting.len()
    }

    /// Baselines of all of them.
    pub(super) fn baselines(&self) -> u64 {
        let awake: usize = self.by_id.values().map(|instance| instance.baselines.len()).sum();
        let resting: u64 = self.resting.values().map(|resting| resting.aggregates.len()).sum();
        awake as u64 + resting
    }

    /// The instances that changed since [`Instances::clear_dirty`], ascending.
    pub(super) fn dirty(&self) -> Vec<InstanceId> {
        let mut dirty: Vec<_> = self.dirty.iter().copied().collect();
        dirty.sort_unstable();
        dirty
    }

    /// Their rows are written.
    pub(super) fn clear_dirty(&mut self) {
        self.dirty.clear();
    }
}

impl Baselines for Instances {
    fn baseline(&self, instance: InstanceId, aggregate: AggregateId) -> Option<&Baseline> {
        self.by_id.get(&instance)?.baselines.get(&aggregate)
    }

    fn keys(&self, instance: InstanceId) -> u64 {
        self.by_id.get(&instance).map_or(0, |instance| instance.keys)
    }
}

impl Live {
    /// Who was not seen since then rests.
    pub(super) fn rest_before(&self, now: Timestamp) -> Timestamp {
        now.minus(Millis(self.interval_max_ms.saturating_mul(4)).clamp(REST_AFTER_MIN, REST_AFTER_MAX))
    }
}

const KEY_UUID: u8 = 0;
const KEY_ADDRESS: u8 = 1;

impl Store {
    /// Writes the rows of some processes that were not seen for some minutes and gives up the memory of their last counts, which are
    /// read when they come back. How many. There is one writer: nothing may be drafted or owed meanwhile.
    ///
    /// # Errors
    /// When the rows can not be written: the store takes no more writes then.
    pub fn rest(&self, now: Timestamp) -> Result<usize, Error> {
        self.check()?;
        let idle = {
            let live = self.live_read();
            live.instances.idle(live.rest_before(now), RESTED_MAX)
        };
        self.write_instances(&idle).map_err(|error| self.poison(error))?;
        if !idle.is_empty() {
            self.live_write().instances.rest(&idle);
        }
        Ok(idle.len())
    }

    /// Writes the rows of those that changed since they were written.
    fn write_instances(&self, ids: &[InstanceId]) -> Result<(), Error> {
        let live = self.live_read();
        let changed = ids.iter().filter(|id| live.instances.dirty.contains(id));
        let changed: Vec<_> = changed.filter_map(|id| Some((id, live.instances.get(*id)?))).collect();
        if changed.is_empty() {
            return Ok(());
        }
        let transaction = self.begin()?;
        {
            let mut rows = transaction.open_table(table::INSTANCES).map_err(Error::database("open instances"))?;
            for (id, instance) in changed {
                let row = instance.encode(live.commit);
                rows.insert(id.0, row.as_slice()).map_err(Error::database("write an instance"))?;
            }
        }
        transaction.commit().map_err(Error::database("commit instances"))
    }
}

/// Reads an instance's row; `None` where there is none.
pub(super) fn read(transaction: &redb::ReadTransaction, id: InstanceId) -> Result<Option<Instance>, Error> {
    let rows = transaction.open_table(table::INSTANCES).map_err(Error::database("open instances"))?;
    let row = rows.get(id.0).map_err(Error::database("read an instance"))?;
    let decoded = row.map(|row| Instance::decode(row.value()).map_err(Error::corrupt("instances", id.0)));
    Ok(decoded.transpose()?.map(|(_, instance)| instance))
}

impl Instance {
    /// The row of an instance as of `commit`.
    pub(super) fn encode(&self, commit: u64) -> Vec<u8> {
        let mut out = Writer::default();
        out.unsigned(commit);
        out.unsigned(u64::from(self.service.0));
        let (kind, text) = match &self.key {
            InstanceKey::Uuid(text) => (KEY_UUID, text),
            InstanceKey::Address(text) => (KEY_ADDRESS, text),
        };
        out.byte(kind);
        out.text(text);
        out.unsigned(u64::from(self.target.0));
        out.byte(u8::from(self.last_success.is_some()));
        let base = self.last_success.unwrap_or_default();
        out.time(base, Timestamp(0));
        out.0.extend_from_slice(&self.keys.to_le_bytes());
        let mut aggregates: Vec<_> = self.baselines.iter().collect();
        aggregates.sort_unstable_by_key(|(aggregate, _)| **aggregate);
        out.unsigned(aggregates.len() as u64);
        let mut previous = 0;
        for (aggregate, baseline) in aggregates {
            out.unsigned(u64::from(aggregate.0 - previous));
            previous = aggregate.0;
            out.unsigned(baseline.total);
            out.byte(u8::from(baseline.created_at.is_some()));
            if let Some(created_at) = baseline.created_at {
                out.time(created_at, base);
            }
            out.unsigned(baseline.samples.len() as u64);
            for sample in &baseline.samples {
                out.0.extend_from_slice(&sample.0.to_le_bytes());
            }
        }
        out.0
    }

    /// Reads a row: the commit it is of, and the instance.
    pub(super) fn decode(bytes: &[u8]) -> Result<(u64, Self), Corrupt> {
        let mut row = Reader(bytes);
        let (commit, mut instance) = Self::decode_head(&mut row)?;
        let rows = baselines(row, instance.last_success.unwrap_or_default())?;
        instance.baselines.reserve(rows.len());
        for baseline in rows {
            let BaselineRow { aggregate, total, created_at, samples } = baseline?;
            let samples = samples.as_chunks().0.iter().map(|bytes| SampleId(u64::from_le_bytes(*bytes))).collect();
            instance.baselines.insert(aggregate, Baseline { total, created_at, samples });
        }
        Ok((commit, instance))
    }

    /// Reads what a row has before its baselines.
    fn decode_head(row: &mut Reader<'_>) -> Result<(u64, Self), Corrupt> {
        let commit = row.unsigned()?;
        let service = ServiceId(row.small()?);
        let kind = row.byte()?;
        let text = row.text()?.to_owned();
        let key = match kind {
            KEY_UUID => InstanceKey::Uuid(text),
            KEY_ADDRESS => InstanceKey::Address(text),
            _ => return Err(unexpected("the kind of an instance's key")),
        };
        let target = TargetId(row.small()?);
        let seen = row.byte()? != 0;
        let base = row.time(Timestamp(0))?;
        let keys = row.take(8)?.try_into().map_err(|_| unexpected("the rules of its keys"))?;
        let keys = u64::from_le_bytes(keys);
        let last_success = seen.then_some(base);
        Ok((commit, Self { service, key, target, last_success, keys, baselines: FxHashMap::default() }))
    }
}

/// A baseline as a row has it.
struct BaselineRow<'a> {
    aggregate: AggregateId,
    total: u64,
    created_at: Option<Timestamp>,
    /// Eight bytes each.
    samples: &'a [u8],
}

/// What follows the head of a row. Times are told from `base`.
fn baselines(
    mut row: Reader<'_>,
    base: Timestamp,
) -> Result<impl ExactSizeIterator<Item = Result<BaselineRow<'_>, Corrupt>>, Corrupt> {
    let length = row.length()?;
    let mut previous = 0u32;
    Ok((0..length).map(move |_| {
        previous = previous.checked_add(row.small()?).ok_or_else(|| unexpected("an aggregate's id"))?;
        let total = row.unsigned()?;
        let created_at = if row.byte()? != 0 { Some(row.time(base)?) } else { None };
        let bytes = row.length()?.checked_mul(8).ok_or_else(|| unexpected("how many samples there are"))?;
        Ok(BaselineRow { aggregate: AggregateId(previous), total, created_at, samples: row.take(bytes)? })
    }))
}

impl Resting {
    /// Reads of a row what is remembered while the process rests: the commit it is of, and that.
    fn decode(bytes: &[u8]) -> Result<(u64, Self), Corrupt> {
        let mut row = Reader(bytes);
        let (commit, Instance { service, key, target, last_success, .. }) = Instance::decode_head(&mut row)?;
        let mut aggregates = RoaringBitmap::new();
        for baseline in baselines(row, last_success.unwrap_or_default())? {
            aggregates.insert(baseline?.aggregate.0);
        }
        aggregates.optimize();
        Ok((commit, Self { service, key, target, last_success, aggregates }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_rests_was_not_seen_for_four_intervals_within_bounds() {
        let now = Timestamp(1_790_000_000_000);
        for (interval, expected) in [(0, 120), (5, 120), (30, 120), (60, 240), (150, 600), (86_400, 600)] {
            let live = Live { interval_max_ms: interval * 1000, ..Live::default() };
            let before = live.rest_before(now);
            assert_eq!(now.since(before), Millis::from_seconds(expected), "{interval} s");
        }
    }
}
