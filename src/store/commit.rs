//! Committing: one durable transaction for all that arrived within a moment, and only then the change in memory.

use super::change::{AggregateChange, Edited, Outcome, Refusal, Span};
use super::codec::Corrupt;
use super::draft::Commit;
use super::instance::{self, Instance};
use super::live::{AsOf, Live};
use super::log::{Entry, EntryOutcome};
use super::record::{self, AggregateRow};
use super::span::{self, Late, LateRow};
use super::triage::{Pending, Places, Replaced};
use super::window::{Slot, Window};
use super::{Error, Store, table};
use crate::model::id::{AggregateId, InstanceId, TargetId};
use crate::model::occurrence::Occurrence;
use crate::model::time::{Millis, Timestamp};

/// What a commit did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Committed {
    /// Its number.
    pub commit: u64,
    /// Resolved aggregates that happened again and are open now.
    pub reopened: Vec<AggregateId>,
    /// What came of each edit, in their order.
    pub edited: Vec<Result<Edited, Refusal>>,
}

/// A new occurrence on its way into a partition.
pub(super) struct Sampled<'a> {
    pub(super) aggregate: AggregateId,
    pub(super) target: TargetId,
    pub(super) occurrence: &'a Occurrence,
}

/// A commit turned into entries and rows, against the state it will be applied to.
struct Prepared {
    number: u64,
    /// The partition of its occurrences: a commit has one, also around midnight.
    day: u32,
    commit: Commit,
    entries: Vec<(TargetId, Entry)>,
    late: Vec<Late>,
    triage: Pending,
    displays: Vec<(AggregateId, String, String)>,
}

/// Longest message that a record keeps for display, in bytes; the whole one stands in the occurrence.
const DISPLAY_BYTES_MAX: usize = 512;

impl Store {
    /// Makes everything in `commit` durable and visible, all of it or nothing.
    ///
    /// # Errors
    /// When it could not be made durable: the store takes no more writes then, and what the disk holds is known only
    /// after opening it again.
    pub fn commit(&self, mut commit: Commit) -> Result<Committed, Error> {
        self.check()?;
        if let Some(error) = commit.unread.take() {
            return Err(self.poison(error));
        }
        self.wake(&commit.woken);
        let mut prepared = Prepared::new(self, &self.live_read(), commit)?;
        let (reopened, edited) = prepared.triage.outcome();
        if prepared.is_empty() {
            // Everything that was asked was refused, or is so already.
            return Ok(Committed { commit: prepared.number - 1, reopened, edited });
        }
        if let Err(error) = self.write(&prepared) {
            self.owe(&error, prepared.number, prepared.commit);
            return Err(self.poison(error));
        }
        let committed = Committed { commit: prepared.number, reopened, edited };
        let replaced = prepared.apply(&mut self.live_write());
        self.changes.notify();
        // Freed here, where no reader waits for it.
        drop(replaced);
        Ok(committed)
    }

    /// What rested and was read for a commit is in memory before it is written, because the log tells it by differences.
    pub(super) fn wake(&self, woken: &[(InstanceId, Instance)]) {
        if !woken.is_empty() {
            self.live_write().instances.wake(woken);
        }
    }

    /// Reads what is remembered of processes that rest, for the writer: nobody removes them meanwhile.
    pub(super) fn read_instances(&self, ids: &[InstanceId]) -> Result<Vec<(InstanceId, Instance)>, Error> {
        let transaction = self.read()?;
        let missing = |id: &InstanceId| Error::corrupt("instances", id.0)(Corrupt::new("process", "has no row"));
        let read = |id: &InstanceId| Ok((*id, instance::read(&transaction, *id)?.ok_or_else(|| missing(id))?));
        ids.iter().map(read).collect()
    }

    fn write(&self, prepared: &Prepared) -> Result<(), Error> {
        let transaction = self.begin_commit()?;
        self.write_occurrences(&transaction, (prepared.day, prepared.number), &prepared.occurrences())?;
        prepared.write(&self.live_read(), &transaction)?;
        transaction.commit().map_err(Error::database("commit"))
    }
}

impl Prepared {
    fn new(store: &Store, live: &Live, mut commit: Commit) -> Result<Self, Error> {
        // The order of the entries' keys, in which they are applied: so an aggregate's occurrences are in that of their ids.
        commit.scrapes.sort_by_key(|scrape| scrape.target);
        let mut prepared = Self {
            number: live.commit + 1,
            day: commit.scrapes.iter().map(|scrape| scrape.at.day()).max().unwrap_or(0),
            entries: Vec::with_capacity(commit.scrapes.len() + commit.gone.len()),
            late: Vec::new(),
            triage: Pending::default(),
            displays: Vec::new(),
            commit: Commit::default(),
        };
        for edit in &commit.edits {
            prepared.triage.edit(store, live, edit)?;
        }
        let places = Places::new(live, &commit);
        let mut next = 0;
        for scrape in &commit.scrapes {
            let first = next;
            if let Outcome::Up { changes, .. } = &scrape.outcome {
                next += changes.iter().map(|change| change.occurrences.len() as u32).sum::<u32>();
                for change in changes {
                    prepared.add_late(live, scrape.target, change);
                    prepared.add_display(change);
                    prepared.triage.counted(&places, scrape, change);
                }
            }
            let entry =
                Entry::new(scrape, (prepared.day, first), |change| head_points(live.sealed, scrape.interval, change));
            prepared.entries.push((scrape.target, entry));
        }
        for (target, at) in &commit.gone {
            prepared.entries.push((*target, Entry::gone(*at)));
        }
        prepared.late.sort_by_key(|late| (late.aggregate, late.target, late.to));
        prepared.triage.prepare(live);
        prepared.commit = commit;
        Ok(prepared)
    }

    /// Whether there is nothing to write.
    fn is_empty(&self) -> bool {
        self.commit.scrapes.is_empty() && self.commit.gone.is_empty() && self.triage.is_empty()
    }

    /// Counts that can not become points of the head.
    fn add_late(&mut self, live: &Live, target: TargetId, change: &AggregateChange) {
        let aggregate = change.aggregate;
        let sealed = live.sealed;
        let points = change.placement.points.iter().filter(|(at, _)| Window::of(*at) < sealed);
        self.late.extend(points.map(|(at, count)| Late { aggregate, target, from: *at, to: *at, count: *count }));
        if let Some(Span { from, to, count }) = change.placement.span {
            self.late.push(Late { aggregate, target, from, to, count });
        }
    }

    /// The newest sample's class and message are what lists show.
    fn add_display(&mut self, change: &AggregateChange) {
        if let Some(newest) = change.occurrences.last() {
            let exception = &newest.exception;
            self.displays.push((change.aggregate, display(&exception.class), display(&exception.message)));
        }
    }

    /// New occurrences in the order of their indexes.
    fn occurrences(&self) -> Vec<Sampled<'_>> {
        let mut all = Vec::new();
        for scrape in &self.commit.scrapes {
            let Outcome::Up { changes, .. } = &scrape.outcome else { continue };
            for change in changes {
                let (aggregate, target) = (change.aggregate, scrape.target);
                all.extend(change.occurrences.iter().map(|occurrence| Sampled { aggregate, target, occurrence }));
            }
        }
        all
    }

    /// The rows of the commit. Records are written as of the commit before: its entries add to them when replayed.
    fn write(&self, live: &Live, transaction: &redb::WriteTransaction) -> Result<(), Error> {
        let write = Error::database::<redb::StorageError>;
        let open = Error::database::<redb::TableError>;
        let before = self.number - 1;
        let corrupt = |error| Error::corrupt("records", "while writing")(error);
        if !self.commit.services.is_empty() {
            let mut rows = transaction.open_table(table::SERVICES).map_err(open("open services"))?;
            for service in &self.commit.services {
                let row = record::encode_service(service);
                rows.insert(service.id.0, row.as_slice()).map_err(write("write a service"))?;
            }
        }
        if !self.commit.targets.is_empty() {
            let mut rows = transaction.open_table(table::TARGETS).map_err(open("open targets"))?;
            for target in &self.commit.targets {
                let row = record::encode_target(before, target).map_err(corrupt)?;
                rows.insert(target.id.0, row.as_slice()).map_err(write("write a target"))?;
            }
        }
        if !self.commit.instances.is_empty() {
            let mut rows = transaction.open_table(table::INSTANCES).map_err(open("open instances"))?;
            for (id, instance) in &self.commit.instances {
                rows.insert(id.0, instance.encode(before).as_slice()).map_err(write("write an instance"))?;
            }
        }
        if !self.commit.aggregates.is_empty() {
            let mut rows = transaction.open_table(table::AGGREGATES).map_err(open("open aggregates"))?;
            for aggregate in &self.commit.aggregates {
                let referenced = live.referenced.get(&aggregate.id).copied();
                let row = AggregateRow { commit: before, referenced, aggregate: aggregate.clone() };
                let row = record::encode_aggregate(&row).map_err(corrupt)?;
                rows.insert(aggregate.id.0, row.as_slice()).map_err(write("write an aggregate"))?;
            }
        }
        self.triage.write(live, transaction)?;
        let mut rows = transaction.open_table(table::LOG).map_err(open("open the log"))?;
        let mut entries: Vec<_> = self.entries.iter().collect();
        entries.sort_by_key(|(target, _)| *target);
        for (target, entry) in entries {
            let row = entry.encode(&live.instances);
            rows.insert((self.number, target.0), row.as_slice()).map_err(write("write the log"))?;
        }
        if !self.late.is_empty() {
            let mut rows = transaction.open_table(table::LATE).map_err(open("open late counts"))?;
            rows.insert(self.number, span::encode(&self.late).as_slice()).map_err(write("write late counts"))?;
        }
        let mut meta = transaction.open_table(table::META).map_err(open("open meta"))?;
        meta.insert(table::meta::COMMIT, Some(self.number)).map_err(write("write meta"))?;
        let next_instance = u64::from(live.instances.next()) + self.commit.instances.len() as u64;
        meta.insert(table::meta::NEXT_INSTANCE, Some(next_instance)).map_err(write("write meta"))?;
        Ok(())
    }

    /// The same change in memory; what it replaced.
    fn apply(self, live: &mut Live) -> Replaced {
        let Self { number, commit, entries, late, triage, displays, .. } = self;
        // First, because its sets are those of the records there were.
        let replaced = triage.apply(live);
        for service in commit.services {
            live.directory.add_service(service);
        }
        for target in commit.targets {
            live.directory.add_target(target);
        }
        for (id, instance) in commit.instances {
            live.instances.insert(id, instance);
        }
        for aggregate in commit.aggregates {
            live.directory.add_aggregate(aggregate);
        }
        for (id, class, message) in displays {
            live.directory.change_aggregate(id, |aggregate| {
                if !class.is_empty() {
                    aggregate.class = class;
                }
                aggregate.message = message;
            });
            live.dirty_aggregates.insert(id);
        }
        // Entries are replayed in the order of their keys, so they are applied in that order.
        let mut entries = entries;
        entries.sort_by_key(|(target, _)| *target);
        for (target, entry) in &entries {
            live.apply(number, *target, entry, &AsOf::default());
        }
        live.late.extend(LateRow::new(number, &late));
        live.commit = number;
        replaced
    }
}

impl Entry {
    fn gone(at: Timestamp) -> Self {
        let nothing = Millis(0);
        Self { at, interval: nothing, duration: nothing, body_bytes: 0, outcome: EntryOutcome::Gone }
    }
}

/// The points of a change that fall into windows that are not sealed, on the grid of the scrape interval.
fn head_points(sealed: Window, interval: Millis, change: &AggregateChange) -> Vec<(Slot, u64)> {
    let points = change.placement.points.iter().map(|(at, count)| (Slot::of(*at, interval), *count));
    points.filter(|(slot, _)| slot.window >= sealed).collect()
}

/// What a record keeps of a class or message: the longest beginning that is not too long and ends between characters.
#[must_use]
pub fn display(text: &str) -> String {
    let bytes = DISPLAY_BYTES_MAX.min(text.len());
    let end = (0..=bytes).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.get(..end).unwrap_or(text).to_owned()
}
