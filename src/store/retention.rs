//! Retention: what is older than it should be kept goes, or what is oldest when there is too much of it ([`Surplus`]), a day at a time,
//! so that nothing waits long while a year goes.

use std::sync::PoisonError;

use redb::{Key, ReadableTable, WriteTransaction};

use super::checked::{Checked, CheckedNumber};
use super::column::{Rows, WINDOWS_A_DAY};
use super::rollup::Level;
use super::window::Window;
use super::{DATABASE, Error, Store, table, triage};
use crate::model::time::{Millis, Timestamp};

/// How long each kind of data is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Counts by the second.
    pub time: Millis,
    /// Counts by the hour and the day, late counts and coverage; at least as long as `time`.
    pub rollups: Millis,
    /// The breakdown of counts by target.
    pub targets: Millis,
    /// Occurrences.
    pub occurrences: Millis,
    /// Activity.
    pub activity: Millis,
    /// Baselines of processes that were not seen: a process that comes back later counts anew.
    pub instances: Millis,
}

/// What goes although it is not old, because of its size: what is before these moments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Surplus {
    /// Counts by the second, also by target.
    pub(super) points: Window,
    /// Counts by the hour and the day, late counts and coverage. Points go with them.
    pub(super) rollups: Window,
    /// The first activity that stays.
    pub(super) activity: u64,
}

impl Surplus {
    /// What either of them removes.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            points: self.points.max(other.points),
            rollups: self.rollups.max(other.rollups),
            activity: self.activity.max(other.activity),
        }
    }
}

/// From where on each kind of data stays.
#[derive(Debug, Clone, Copy)]
struct Goal {
    points: Window,
    rollups: Window,
    target_points: Window,
    target_rollups: Window,
    references: Window,
    day: u32,
    activity: Timestamp,
    activity_id: u64,
    instances: Timestamp,
}

impl Goal {
    fn new(now: Timestamp, retention: &Retention, surplus: &Surplus) -> Self {
        let before = |age: Millis| Window::of(now.minus(age));
        let rollups = before(retention.rollups.max(retention.time)).max(surplus.rollups);
        // Who has points has their sums.
        let points = before(retention.time).max(surplus.points).max(rollups);
        let targets = before(retention.targets);
        Self {
            points,
            rollups,
            target_points: targets.max(points),
            target_rollups: targets.max(rollups),
            references: before(retention.occurrences),
            day: now.minus(retention.occurrences).day(),
            activity: now.minus(retention.activity),
            activity_id: surplus.activity,
            instances: now.minus(retention.instances),
        }
    }
}

/// One transaction's part of the way to a goal.
struct Removal<'a> {
    transaction: &'a WriteTransaction,
    /// There is more to remove.
    more: bool,
}

impl Store {
    /// Removes what is too old at `now`. A few milliseconds for a day of windows.
    ///
    /// # Errors
    /// When a transaction fails: the store takes no more writes then.
    pub fn retain(&self, now: Timestamp, retention: &Retention) -> Result<(), Error> {
        while self.retain_some(now, retention, &Surplus::default())? {}
        Ok(())
    }

    /// As [`Store::retain`], and what is too much; of each table no more than its oldest day. Whether there is more to remove.
    ///
    /// # Errors
    /// When the transaction fails: the store takes no more writes then.
    pub fn retain_some(&self, now: Timestamp, retention: &Retention, surplus: &Surplus) -> Result<bool, Error> {
        self.check()?;
        self.sweep()?;
        self.remove_old(&Goal::new(now, retention, surplus)).map_err(|error| self.poison(error))
    }

    fn remove_old(&self, goal: &Goal) -> Result<bool, Error> {
        let old_instances = self.live_read().instances.older_than(goal.instances);
        let transaction = self.begin_to_remove()?;
        let oldest = self.partitions.oldest_day(&transaction)?;
        let day = oldest.map_or(goal.day, |oldest| goal.day.min(oldest.saturating_add(1)));
        // Who has occurrences has references to them, but for the first day that stays.
        let references = if day < goal.day { Window(day.saturating_mul(WINDOWS_A_DAY)) } else { goal.references };
        let mut removal = Removal { transaction: &transaction, more: day < goal.day };
        removal.references(references)?;
        let points = self.remove_counts(&mut removal, goal)?;
        self.remove_rows(&transaction, goal, &old_instances)?;
        if let Some(used) = self.partitions.forget_before(&transaction, day)? {
            let mut stacks = self.stacks.lock().unwrap_or_else(PoisonError::into_inner);
            stacks.retain(&transaction, &used, &self.path.join(DATABASE))?;
        }
        let more = removal.more;
        transaction.commit().map_err(Error::database("commit retention"))?;
        // Only now: rows that point to nothing would be losses, files that nothing points to are not.
        self.partitions.drop_before(day)?;
        let mut live = self.live_write();
        live.points_from = live.points_from.max(points);
        live.late.retain(|row| row.to >= goal.rollups.start());
        for id in old_instances {
            live.instances.remove(id);
        }
        drop(live);
        self.changes.notify();
        Ok(more)
    }

    /// Removes columns and rollups; the first window whose points stay.
    fn remove_counts(&self, removal: &mut Removal<'_>, goal: &Goal) -> Result<Window, Error> {
        let points = removal.windows(table::CHUNKS, goal.points)?;
        let points = points.min(removal.windows(table::SERVICE_CHUNKS, goal.points)?);
        removal.windows(table::TARGET_CHUNKS, goal.target_points)?;
        removal.windows(table::COVERAGE, goal.rollups)?;
        let known = self.live_read().points_from;
        if points > known {
            let mut meta = removal.transaction.open_table(table::META).map_err(Error::database("open meta"))?;
            meta.insert(table::meta::POINTS, Some(u64::from(points.0))).map_err(Error::database("write meta"))?;
        }
        let services: Vec<u32> = self.live_read().directory.services().iter().map(|service| service.id.0).collect();
        removal.rollups(&services, goal)?;
        Ok(points)
    }

    /// Removes late counts, instances and activity.
    fn remove_rows(
        &self,
        transaction: &WriteTransaction,
        goal: &Goal,
        instances: &[crate::model::id::InstanceId],
    ) -> Result<(), Error> {
        let mut late = transaction.open_table(table::LATE).map_err(Error::database("open late counts"))?;
        for row in self.live_read().late.iter().filter(|row| row.to < goal.rollups.start()) {
            late.remove(row.commit).map_err(Error::database("remove late counts"))?;
        }
        let mut rows = transaction.open_table(table::INSTANCES).map_err(Error::database("open instances"))?;
        for id in instances {
            rows.remove(id.0).map_err(Error::database("forget an instance"))?;
        }
        triage::forget(transaction, goal.activity, goal.activity_id)
    }
}

/// Level, service and bucket.
type RollupKey = (u8, u32, u32);

impl<'a> Removal<'a> {
    /// Removes windows before `goal`, but no more than the oldest day of them; the first window that stays.
    fn windows(
        &mut self,
        definition: redb::TableDefinition<'static, (u32, u32), Checked>,
        goal: Window,
    ) -> Result<Window, Error> {
        let mut rows = self.open(definition)?;
        let oldest = rows.first().map_err(Error::database("look at the oldest row"))?;
        let oldest = oldest.map(|(key, _)| Window(key.value().0));
        let until = self.some(oldest, goal);
        rows.retain_in((0, 0)..(until.0, 0), |_, _| false).map_err(Error::database("remove old rows"))?;
        Ok(until)
    }

    fn references(&self, until: Window) -> Result<(), Error> {
        let mut rows = self.open(table::REFERENCES)?;
        rows.retain_in((0, 0)..(until.0, 0), |_, _| false).map_err(Error::database("remove old references"))
    }

    /// As [`Removal::windows`] for rollups, which have the service before the time.
    fn rollups(&mut self, services: &[u32], goal: &Goal) -> Result<(), Error> {
        let mut totals: redb::Table<'_, RollupKey, CheckedNumber> =
            self.transaction.open_table(table::SERVICE_ROLLUPS).map_err(Error::database("open a table"))?;
        let (mut sums, mut breakdown) = (self.open(table::ROLLUPS)?, self.open(table::TARGET_ROLLUPS)?);
        let kept = self.some(oldest(&sums, services)?, goal.rollups);
        let targets = self.some(oldest(&breakdown, services)?, goal.target_rollups);
        let old = |service, level: Level, until: Window| {
            let bucket = u32::try_from(until.start().0 / level.length_ms()).unwrap_or(0);
            (level.code(), service, 0)..(level.code(), service, bucket)
        };
        for service in services {
            for level in [Level::Hour, Level::Day] {
                let removed = Error::database::<redb::StorageError>;
                let range = || old(*service, level, kept);
                totals.retain_in(range(), |_, _| false).map_err(removed("remove old rollups"))?;
                sums.retain_in(range(), |_, _| false).map_err(removed("remove old rollups"))?;
                let range = old(*service, level, targets.max(kept));
                breakdown.retain_in(range, |_, _| false).map_err(removed("remove old rollups"))?;
            }
        }
        Ok(())
    }

    /// How far to go in this transaction.
    fn some(&mut self, oldest: Option<Window>, goal: Window) -> Window {
        let until = oldest.map_or(goal, |oldest| goal.min(Window(oldest.0.saturating_add(WINDOWS_A_DAY))));
        self.more |= until < goal;
        until
    }

    fn open<K: Key + 'static>(
        &self,
        definition: redb::TableDefinition<'static, K, Checked>,
    ) -> Result<Rows<'a, K>, Error> {
        self.transaction.open_table(definition).map_err(Error::database("open a table"))
    }
}

/// The first window that has hours.
fn oldest(rows: &Rows<'_, RollupKey>, services: &[u32]) -> Result<Option<Window>, Error> {
    let read = Error::database::<redb::StorageError>;
    let mut oldest = None;
    for service in services {
        let hours = (Level::Hour.code(), *service, 0)..=(Level::Hour.code(), *service, u32::MAX);
        if let Some(first) = rows.range(hours).map_err(read("look at the oldest row"))?.next() {
            let (key, _) = first.map_err(read("look at the oldest row"))?;
            let window = Window(key.value().2 / 2);
            oldest = Some(oldest.map_or(window, |oldest: Window| oldest.min(window)));
        }
    }
    Ok(oldest)
}
