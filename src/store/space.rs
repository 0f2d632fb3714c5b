//! How much room each part takes, and what has to go when that is too much.
//!
//! Sizes are those of the database's pages, as redb tells them table by table, and of files. What removing rows frees is known
//! before: pages are as full in what is old as in what is not.

use std::collections::BTreeMap;

use redb::{Key, ReadTransaction, TableDefinition, Value};

use super::checked::{Raw, RawNumber};
use super::column::WINDOWS_A_DAY;
use super::growth::Course;
use super::rollup::Level;
use super::window::Window;
use super::{Error, Store, Surplus, raw};

/// A part of what is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Counts by the second, also by target.
    Counts,
    /// Counts by the hour and the day, late counts and coverage.
    Rollups,
    /// Occurrences and their stacks.
    Samples,
    /// The search index.
    Index,
    /// Who changed what.
    Activity,
    /// Services, targets, processes and errors, and what is not sealed yet.
    Records,
    /// Pages of the database that hold nothing.
    Unused,
}

impl Part {
    /// All parts.
    pub const ALL: [Self; 7] =
        [Self::Counts, Self::Rollups, Self::Samples, Self::Index, Self::Activity, Self::Records, Self::Unused];

    /// A word for metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Counts => "counts",
            Self::Rollups => "rollups",
            Self::Samples => "samples",
            Self::Index => "index",
            Self::Activity => "activity",
            Self::Records => "records",
            Self::Unused => "unused",
        }
    }

    fn of_table(name: &str) -> Self {
        match name {
            "chunks" | "service_chunks" | "target_chunks" => Self::Counts,
            "rollups" | "service_rollups" | "target_rollups" | "late" | "coverage" => Self::Rollups,
            "references" | "blocks" | "stacks_in_use" | "thinned" | "stacks" | "stack_hashes" => Self::Samples,
            "activity" | "activity_changes" => Self::Activity,
            _ => Self::Records,
        }
    }
}

/// Bytes that each part takes on disk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sizes {
    parts: BTreeMap<Part, u64>,
    /// Of rows in a part of the database: what they hold, which is less than what their pages take.
    stored: BTreeMap<Part, u64>,
    /// What the days' files of occurrences hold, which is what they are limited by.
    bodies: u64,
    /// The database.
    database: u64,
    /// Bytes of the pages of each of its tables, and of these the bytes of its rows.
    tables: BTreeMap<&'static str, (u64, u64)>,
}

impl Sizes {
    /// Bytes of a part.
    #[must_use]
    pub fn of(&self, part: Part) -> u64 {
        self.parts.get(&part).copied().unwrap_or(0)
    }

    /// Bytes of all parts that hold something.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.parts.iter().filter(|(part, _)| **part != Part::Unused).map(|(_, bytes)| bytes).sum()
    }

    /// Bytes of the database that hold something.
    #[must_use]
    pub fn database(&self) -> u64 {
        self.database
    }

    /// What the days' files of occurrences hold.
    pub(super) fn bodies(&self) -> u64 {
        self.bodies
    }

    /// Bytes of the pages of a table, and of these the bytes of its rows.
    pub(super) fn of_table(&self, name: &str) -> (u64, u64) {
        self.tables.get(name).copied().unwrap_or_default()
    }
}

/// Bytes that parts may take; `u64::MAX` is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Everything.
    pub total: u64,
    /// [`Part::Counts`].
    pub counts: u64,
    /// [`Part::Rollups`].
    pub rollups: u64,
    /// The days' files of occurrences.
    pub occurrences: u64,
    /// [`Part::Activity`].
    pub activity: u64,
}

impl Limits {
    /// No limits.
    pub const NONE: Self =
        Self { total: u64::MAX, counts: u64::MAX, rollups: u64::MAX, occurrences: u64::MAX, activity: u64::MAX };

    /// In how many days the limit to everything makes the oldest go; none while it does. `None` when never.
    pub(super) fn reached(&self, sizes: &Sizes, course: &Course) -> Option<f64> {
        // Between these two it has just made room.
        if sizes.used() >= percent(self.total, TOTAL_END) {
            return Some(0.0);
        }
        course.reaches(percent(self.total, TOTAL_BEGIN) as f64)
    }
}

/// What is there, and what of it has to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    /// What each part takes.
    pub sizes: Sizes,
    /// What goes because there is too much of it.
    pub surplus: Surplus,
    /// Bytes that the days' files of occurrences may take.
    pub occurrence_bytes_max: u64,
    /// Something is above its limit.
    pub is_over: bool,
}

/// In hundredths of a limit: where making room begins and how much is left then, so that it is not done for each new row.
const TOTAL_BEGIN: u64 = 96;
const TOTAL_END: u64 = 94;
const PART_END: u64 = 97;

/// How the whole is shared when there is a limit to it: who has most for each of these gives first. Occurrences are by far the most
/// bytes, counts are what the server is for, and sums are small and last longest.
const SHARES: [(&[Part], u64); 3] = [(&[Part::Samples, Part::Index], 6), (&[Part::Counts], 3), (&[Part::Rollups], 1)];

/// How many bytes of each part are too many.
#[derive(Debug, Default)]
struct Excess(BTreeMap<Part, u64>);

impl Excess {
    fn of(sizes: &Sizes, limits: &Limits) -> Self {
        let mut excess = Self::default();
        for (part, limit) in
            [(Part::Counts, limits.counts), (Part::Rollups, limits.rollups), (Part::Activity, limits.activity)]
        {
            if sizes.of(part) > limit {
                excess.add(part, sizes.of(part) - percent(limit, PART_END));
            }
        }
        let used = sizes.used();
        if used > percent(limits.total, TOTAL_BEGIN) {
            excess.share_out(sizes, used - percent(limits.total, TOTAL_END));
        }
        excess
    }

    /// Takes `surplus` from who has most for its share, so that nobody keeps more for its share than another one who gave.
    fn share_out(&mut self, sizes: &Sizes, surplus: u64) {
        let bytes = |parts: &[Part]| -> u64 { parts.iter().map(|part| sizes.of(*part)).sum() };
        let mut all: Vec<_> = SHARES.iter().map(|(parts, share)| (*parts, bytes(parts), *share)).collect();
        all.sort_by_key(|(_, bytes, share)| bytes / share);
        let mut shares: u64 = all.iter().map(|(_, _, share)| share).sum();
        let mut left = all.iter().map(|(_, bytes, _)| bytes).sum::<u64>().saturating_sub(surplus);
        for (parts, bytes, share) in all {
            let kept = bytes.min(left / shares * share);
            (left, shares) = (left - kept, shares - share);
            if let (Some(first), true) = (parts.first(), kept < bytes) {
                self.add(*first, bytes - kept);
            }
        }
    }

    fn add(&mut self, part: Part, bytes: u64) {
        let sum = self.0.entry(part).or_default();
        *sum = (*sum).max(bytes);
    }

    fn get(&self, part: Part) -> u64 {
        self.0.get(&part).copied().unwrap_or(0)
    }
}

fn percent(bytes: u64, percent: u64) -> u64 {
    if bytes == u64::MAX { bytes } else { bytes / 100 * percent + bytes % 100 * percent / 100 }
}

impl Store {
    /// How much room each part takes, and what has to go. Reads all pages of the database, which nobody waits for: a second for
    /// a gigabyte.
    ///
    /// # Errors
    /// When something can not be read.
    pub fn survey(&self, limits: &Limits) -> Result<Survey, Error> {
        let (sealed, next_activity) = {
            let live = self.live_read();
            (live.sealed, live.next_activity)
        };
        let transaction = self.read()?;
        let sizes = self.sizes(&transaction)?;
        let excess = Excess::of(&sizes, limits);
        let rows = Rows { transaction: &transaction };
        // In bytes of rows.
        let of_rows = |part: Part| {
            let stored = sizes.stored.get(&part).copied().unwrap_or(0);
            let share = u128::from(excess.get(part)) * u128::from(stored) / u128::from(sizes.of(part).max(1));
            u64::try_from(share).unwrap_or(u64::MAX)
        };
        // The last day stays, however small the limit is.
        let last = Window(sealed.0.saturating_sub(WINDOWS_A_DAY));
        let mut surplus = Surplus::default();
        if excess.get(Part::Counts) > 0 {
            surplus.points = rows.points(of_rows(Part::Counts))?.min(last);
        }
        if excess.get(Part::Rollups) > 0 {
            surplus.rollups = rows.rollups(of_rows(Part::Rollups))?.min(last);
        }
        if excess.get(Part::Activity) > 0 {
            surplus.activity = rows.activity(of_rows(Part::Activity))?.min(next_activity);
        }
        let of_samples = excess.get(Part::Samples);
        let mut occurrence_bytes_max = limits.occurrences;
        if of_samples > 0 {
            // With an occurrence go its words in the index and its rows.
            let all = (sizes.of(Part::Samples) + sizes.of(Part::Index)).max(1);
            let share = u128::from(of_samples) * u128::from(sizes.bodies) / u128::from(all);
            let share = u64::try_from(share).unwrap_or(u64::MAX);
            occurrence_bytes_max = occurrence_bytes_max.min(sizes.bodies.saturating_sub(share));
        }
        Ok(Survey { sizes, surplus, occurrence_bytes_max, is_over: !excess.0.is_empty() })
    }

    fn sizes(&self, transaction: &ReadTransaction) -> Result<Sizes, Error> {
        let days = self.partitions.all(transaction)?;
        let mut sizes = Sizes { bodies: days.iter().map(|day| day.bytes).sum(), ..Sizes::default() };
        for table in raw::ALL {
            let (allocated, stored) = table.bytes(transaction)?;
            sizes.tables.insert(table.name(), (allocated, stored));
            let part = Part::of_table(table.name());
            *sizes.parts.entry(part).or_default() += allocated;
            *sizes.stored.entry(part).or_default() += stored;
        }
        sizes.database = sizes.parts.values().sum();
        sizes.parts.insert(Part::Unused, self.database_bytes().saturating_sub(sizes.database));
        *sizes.parts.entry(Part::Samples).or_default() += self.occurrence_bytes();
        sizes.parts.insert(Part::Index, self.partitions.index_bytes()?);
        Ok(sizes)
    }
}

/// The rows of a snapshot, oldest first.
struct Rows<'a> {
    transaction: &'a ReadTransaction,
}

impl Rows<'_> {
    /// The first window that stays when `bytes` of points go.
    fn points(&self, bytes: u64) -> Result<Window, Error> {
        let mut windows = BTreeMap::new();
        for name in ["chunks", "service_chunks", "target_chunks"] {
            let mut seen = 0;
            self.each::<(u32, u32), Raw>(name, |(window, _), length| {
                *windows.entry(window).or_default() += length;
                seen += length;
                // More of this table alone would be too much, so the others need not be looked at further either.
                seen <= bytes
            })?;
        }
        Ok(enough(&windows, bytes))
    }

    /// The same of rollups, late counts and coverage. Services stand before times there, so all of it is read.
    fn rollups(&self, bytes: u64) -> Result<Window, Error> {
        let mut windows = BTreeMap::new();
        let mut add = |(level, _, bucket): (u8, u32, u32), length| {
            let window =
                if level == Level::Hour.code() { bucket / 2 } else { bucket * WINDOWS_A_DAY + WINDOWS_A_DAY - 1 };
            *windows.entry(window).or_default() += length;
            true
        };
        self.each::<(u8, u32, u32), Raw>("rollups", &mut add)?;
        self.each::<(u8, u32, u32), Raw>("target_rollups", &mut add)?;
        self.each::<(u8, u32, u32), RawNumber>("service_rollups", &mut add)?;
        self.each::<(u32, u32), Raw>("coverage", |(window, _), length| {
            *windows.entry(window).or_default() += length;
            true
        })?;
        Ok(enough(&windows, bytes))
    }

    /// The first activity that stays when `bytes` of them go.
    fn activity(&self, bytes: u64) -> Result<u64, Error> {
        let mut activities: BTreeMap<u64, u64> = BTreeMap::new();
        let mut seen = 0;
        self.each::<u64, Raw>("activity", |id, length| {
            *activities.entry(id).or_default() += length;
            seen += length;
            seen <= bytes
        })?;
        seen = 0;
        self.each::<(u64, u32), Raw>("activity_changes", |(id, _), length| {
            *activities.entry(id).or_default() += length;
            seen += length;
            seen <= bytes
        })?;
        let mut left = bytes;
        for (id, length) in activities {
            left = left.saturating_sub(length);
            if left == 0 {
                return Ok(id + 1);
            }
        }
        Ok(u64::MAX)
    }

    /// Visits the bytes of rows until `visit` has enough.
    fn each<K: Key + 'static, V: Value + 'static>(
        &self,
        name: &str,
        mut visit: impl FnMut(K::SelfType<'_>, u64) -> bool,
    ) -> Result<(), Error>
    where
        for<'v> V::SelfType<'v>: AsRef<[u8]>,
    {
        let rows = self.transaction.open_table(TableDefinition::<K, V>::new(name));
        let rows = rows.map_err(Error::database("open a table"))?;
        for row in redb::ReadableTable::iter(&rows).map_err(Error::database("read a table"))? {
            let (key, value) = row.map_err(Error::database("read a table"))?;
            let key_bytes = K::as_bytes(&key.value()).as_ref().len();
            let length = (key_bytes + value.value().as_ref().len()) as u64;
            if !visit(key.value(), length) {
                break;
            }
        }
        Ok(())
    }
}

/// The first window that stays when the oldest go until they come to `bytes`.
fn enough(windows: &BTreeMap<u32, u64>, bytes: u64) -> Window {
    let mut left = bytes;
    for (window, length) in windows {
        left = left.saturating_sub(*length);
        if left == 0 {
            return Window(*window).next();
        }
    }
    Window(u32::MAX)
}
