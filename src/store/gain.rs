//! What came in lately: how many bytes of each kind of rows the last week brought, told by the rows themselves.
//!
//! Nothing of it is remembered from one time to the next: it is known at once after a start, a restore or an import, and neither
//! what retention removed meanwhile nor a compaction changes it. What the first scrapes found of processes that had been running for
//! long is not what a day brings: it is left out, by leaving out the first window.

use redb::{Key, ReadTransaction, TableDefinition, Value};

use super::checked::{Raw, RawNumber};
use super::column::WINDOWS_A_DAY;
use super::growth::{Course, Growth, LATELY_DAYS, Outlook, Stream, in_days};
use super::reference::{self, Runs};
use super::retention::Retention;
use super::rollup::Level;
use super::room::FREE_BYTES_MIN;
use super::space::{Limits, Part, Sizes};
use super::triage::decode_activity;
use super::window::Window;
use super::{Error, Store, table};
use crate::model::time::{Millis, Timestamp};

/// A process that was not seen for so long has ended.
const ENDED_AFTER: Millis = Millis::from_seconds(3600);

const DAY_SECONDS: f64 = 86_400.0;

impl Store {
    /// How everything grows, and when that is too much for `limits` or for the disk. `sizes` are those of a survey. Reads the rows
    /// of the last week. `None` before two windows are sealed: nothing is known then.
    ///
    /// # Errors
    /// When something can not be read.
    pub fn outlook(
        &self,
        now: Timestamp,
        sizes: &Sizes,
        retention: &Retention,
        limits: &Limits,
    ) -> Result<Option<Outlook>, Error> {
        let transaction = self.read()?;
        let Some(lately) = Lately::new(self, &transaction, (now, sizes, retention))? else { return Ok(None) };
        let mut streams = lately.counts()?;
        streams.extend(lately.samples(self)?);
        streams.push(lately.activity()?);
        streams.extend(lately.records(self));
        // What is not told apart stays as it is.
        for part in Part::ALL {
            let told: f64 = streams.iter().filter(|stream| stream.part == part).map(|stream| stream.bytes).sum();
            if part != Part::Unused {
                streams.push(Stream::constant(part, sizes.of(part) as f64 - told));
            }
        }
        let course = Course { streams, limits: *limits, bodies: sizes.bodies() as f64 };
        let parts = Part::ALL.into_iter().filter(|part| *part != Part::Unused).map(|part| Growth {
            part,
            bytes: sizes.of(part),
            bytes_per_day: course.growth(part),
        });
        let at = |days: Option<f64>| days.map(|days| in_days(now, days));
        let limit = (limits.total < u64::MAX).then_some(limits.total);
        let limit_reached = limit.and_then(|_| limits.reached(sizes, &course));
        let free_bytes = self.free_bytes().map(|free| free.saturating_add(sizes.of(Part::Unused)));
        let disk_full = free_bytes.and_then(|free| {
            let full = course.reaches(course.all(0.0) + free.saturating_sub(FREE_BYTES_MIN) as f64)?;
            // Before it is full the limit holds it.
            limit_reached.is_none_or(|reached| full < reached).then_some(full)
        });
        Ok(Some(Outlook {
            at: now,
            since: lately.from.start(),
            parts: parts.collect(),
            limit,
            limit_reached: at(limit_reached),
            free_bytes,
            disk_full: at(disk_full),
        }))
    }
}

/// What is looked at.
struct Lately<'a> {
    transaction: &'a ReadTransaction,
    now: Timestamp,
    sizes: &'a Sizes,
    retention: &'a Retention,
    /// The first window of all.
    began: Window,
    /// The first window whose points are kept.
    points: Window,
    /// Windows from here on are looked at,
    from: Window,
    /// up to here.
    sealed: Window,
    services: u32,
}

impl<'a> Lately<'a> {
    fn new(
        store: &Store,
        transaction: &'a ReadTransaction,
        (now, sizes, retention): (Timestamp, &'a Sizes, &'a Retention),
    ) -> Result<Option<Self>, Error> {
        let (sealed, points, services) = {
            let live = store.live_read();
            (live.sealed, live.points_from, live.directory.services().len())
        };
        let mut lately = Self {
            transaction,
            now,
            sizes,
            retention,
            began: sealed,
            points,
            from: sealed,
            sealed,
            services: u32::try_from(services).unwrap_or(u32::MAX),
        };
        lately.began = lately.oldest()?.min(sealed);
        lately.points = lately.points.max(lately.began);
        let week = (LATELY_DAYS * f64::from(WINDOWS_A_DAY)) as u32;
        lately.from = lately.began.next().max(Window(sealed.0.saturating_sub(week)));
        Ok((lately.from < sealed).then_some(lately))
    }

    /// The first window of which anything is known.
    fn oldest(&self) -> Result<Window, Error> {
        let read = Error::database::<redb::StorageError>;
        let mut oldest = self.sealed;
        for name in ["coverage", "service_chunks"] {
            let rows = self.open::<(u32, u32), Raw>(name)?;
            if let Some((key, _)) = redb::ReadableTable::first(&rows).map_err(read("read a table"))? {
                oldest = oldest.min(Window(key.value().0));
            }
        }
        let rows = self.open::<RollupKey, RawNumber>("service_rollups")?;
        for service in 0..self.services {
            let hour = Level::Hour.code();
            let hours = (hour, service, 0)..=(hour, service, u32::MAX);
            if let Some(row) = rows.range(hours).map_err(read("read a table"))?.next() {
                let (key, _) = row.map_err(read("read a table"))?;
                oldest = oldest.min(Window(key.value().2 / 2));
            }
        }
        Ok(oldest)
    }

    /// Counts by the second, by the hour and by the day, and coverage.
    fn counts(&self) -> Result<Vec<Stream>, Error> {
        let Retention { time, rollups, targets, .. } = *self.retention;
        let rollups = rollups.max(time);
        let mut streams = Vec::new();
        for (name, part, begin, kept) in [
            ("chunks", Part::Counts, self.points, time),
            ("service_chunks", Part::Counts, self.points, time),
            ("target_chunks", Part::Counts, self.points, targets.min(time)),
            ("coverage", Part::Rollups, self.began, rollups),
            ("rollups", Part::Rollups, self.began, rollups),
            ("service_rollups", Part::Rollups, self.began, rollups),
            ("target_rollups", Part::Rollups, self.began, targets.min(rollups)),
        ] {
            let begin = begin.max(Window::of(self.now.minus(kept)));
            // The first one may have lost some already.
            let from = self.from.max(begin.next());
            if from >= self.sealed {
                continue;
            }
            let bytes = match name {
                "rollups" | "target_rollups" => self.buckets::<Raw>(name, from)?,
                "service_rollups" => self.buckets::<RawNumber>(name, from)?,
                _ => self.windows(name, from..self.sealed)?,
            };
            streams.push(Stream {
                part,
                bytes: self.sizes.of_table(name).0 as f64,
                written: bytes as f64 * self.fullness(name) / days(self.sealed.start().since(from.start())),
                age: days(self.now.since(begin.start())),
                kept: days(kept),
            });
        }
        Ok(streams)
    }

    /// Occurrences and the search index: as much of them came in lately as of the days' files.
    fn samples(&self, store: &Store) -> Result<[Stream; 2], Error> {
        let kept = self.retention.occurrences;
        let files = store.partitions.all(self.transaction)?;
        // Of the first day the rest may be gone, or it has what the first scrapes found; today is not over.
        let (first, today) = (files.first().map_or(0, |day| day.day), self.now.day());
        let from = (first + 1).max(today.saturating_sub(LATELY_DAYS as u32));
        let share = if files.is_empty() {
            0.0
        } else if from < today {
            let lately = files.iter().filter(|day| (from..today).contains(&day.day));
            let bytes: u64 = lately.map(|day| day.bytes).sum();
            bytes as f64 / self.sizes.bodies().max(1) as f64 / f64::from(today - from)
        } else {
            self.referenced(store)?
        };
        let age = days(self.now.since(self.began.start().max(self.now.minus(kept))));
        let stream = |part| {
            let bytes = self.sizes.of(part) as f64;
            Stream { part, bytes, written: share * bytes, age, kept: days(kept) }
        };
        Ok([stream(Part::Samples), stream(Part::Index)])
    }

    /// Which share of all occurrences came in a day, by the references to them, before there is a whole day. Those of a row came
    /// between the row before and its window.
    fn referenced(&self, store: &Store) -> Result<f64, Error> {
        let mut all: u64 =
            store.live_read().references.values().flat_map(Runs::iter).map(|run| u64::from(run.count)).sum();
        let (mut lately, mut first, mut last) = (0, None, 0);
        let rows = self.transaction.open_table(table::REFERENCES).map_err(Error::database("open references"))?;
        for row in rows.range::<(u32, u32)>(..).map_err(Error::database("read references"))? {
            let (key, value) = row.map_err(Error::database("read references"))?;
            let key = key.value();
            let (_, runs) = reference::decode(value.value()).map_err(Error::corrupt("references", key))?;
            let count = runs.iter().map(|run| u64::from(run.count)).sum::<u64>();
            let first = *first.get_or_insert(key.0);
            all += count;
            lately += if key.0 > first { count } else { 0 };
            last = key.0 - first;
        }
        let days = f64::from(last) / f64::from(WINDOWS_A_DAY);
        Ok(if last > 0 { lately as f64 / all.max(1) as f64 / days } else { 0.0 })
    }

    fn activity(&self) -> Result<Stream, Error> {
        let rows = self.transaction.open_table(table::ACTIVITY).map_err(Error::database("open activity"))?;
        let (mut lately, mut oldest) = (0u64, self.now);
        for row in rows.range::<u64>(..).map_err(Error::database("read activity"))?.rev() {
            let (key, value) = row.map_err(Error::database("read activity"))?;
            let id = key.value();
            let activity = decode_activity(id, value.value()).map_err(Error::corrupt("activity", id))?;
            if activity.at < self.from.start() {
                break;
            }
            lately += 1;
        }
        if let Some((key, value)) = redb::ReadableTable::first(&rows).map_err(Error::database("read activity"))? {
            let id = key.value();
            oldest = decode_activity(id, value.value()).map_err(Error::corrupt("activity", id))?.at;
        }
        let all = redb::ReadableTableMetadata::len(&rows).map_err(Error::database("read activity"))?;
        let bytes = self.sizes.of(Part::Activity) as f64;
        let kept = days(self.retention.activity);
        Ok(Stream {
            part: Part::Activity,
            bytes,
            written: bytes * lately as f64 / all.max(1) as f64 / self.length(),
            age: days(self.now.since(oldest)),
            kept,
        })
    }

    /// Errors and targets, which stay, and processes that have ended, which do not.
    fn records(&self, store: &Store) -> Vec<Stream> {
        let live = store.live_read();
        let is_new = |at: Timestamp| at >= self.from.start();
        let errors = live.directory.aggregates();
        let targets = live.directory.targets();
        let first = |lives: &[super::Life]| lives.first().map_or(self.now, |life| life.from);
        let ended: Vec<Timestamp> =
            live.instances.last_seen().filter(|seen| *seen < self.sealed.start().minus(ENDED_AFTER)).collect();
        let processes = live.instances.len();
        let count = |these: usize, all: usize| these as f64 / all.max(1) as f64;
        let stays = |names: &[&str], share: f64| {
            let bytes = names.iter().map(|name| self.sizes.of_table(name).0 as f64).sum::<f64>();
            Stream {
                part: Part::Records,
                bytes,
                written: bytes * share / self.length(),
                age: days(self.now.since(self.began.start())),
                kept: f64::INFINITY,
            }
        };
        let new_errors = errors.iter().filter(|error| is_new(error.first_seen)).count();
        let new_targets = targets.iter().filter(|target| is_new(first(&target.lives))).count();
        let rows = self.sizes.of_table("instances").0 as f64;
        let lately = ended.iter().filter(|seen| is_new(**seen)).count();
        let oldest = ended.iter().min().copied().unwrap_or(self.now);
        vec![
            stays(&["aggregates", "triage"], count(new_errors, errors.len())),
            stays(&["targets"], count(new_targets, targets.len())),
            Stream {
                part: Part::Records,
                bytes: rows * count(ended.len(), processes),
                written: rows * count(lately, processes) / self.length(),
                age: days(self.now.since(oldest)),
                kept: days(self.retention.instances),
            },
        ]
    }

    /// Days that are looked at.
    fn length(&self) -> f64 {
        days(self.sealed.start().since(self.from.start()))
    }

    /// How much more the rows of a table take than they hold.
    fn fullness(&self, name: &str) -> f64 {
        let (taken, held) = self.sizes.of_table(name);
        // Pages of a tree are at least half full, but for the first few.
        (taken as f64 / held.max(1) as f64).min(2.0)
    }

    /// Bytes that the rows of these windows hold.
    fn windows(&self, name: &str, windows: std::ops::Range<Window>) -> Result<u64, Error> {
        self.bytes::<(u32, u32), Raw>(name, (windows.start.0, 0)..(windows.end.0, 0))
    }

    /// Bytes that the hours and days from this window on hold.
    fn buckets<V: Value + 'static>(&self, name: &str, from: Window) -> Result<u64, Error>
    where
        for<'v> V::SelfType<'v>: AsRef<[u8]>,
    {
        let mut bytes = 0;
        for service in 0..self.services {
            for (level, first, end) in [
                (Level::Hour, from.0 * 2, self.sealed.0 * 2),
                (Level::Day, from.0.div_ceil(WINDOWS_A_DAY), self.sealed.0 / WINDOWS_A_DAY),
            ] {
                let level = level.code();
                bytes += self.bytes::<RollupKey, V>(name, (level, service, first)..(level, service, end.max(first)))?;
            }
        }
        Ok(bytes)
    }

    fn bytes<'k, K: Key + 'static, V: Value + 'static>(
        &self,
        name: &str,
        range: std::ops::Range<K::SelfType<'k>>,
    ) -> Result<u64, Error>
    where
        for<'v> V::SelfType<'v>: AsRef<[u8]>,
    {
        let read = Error::database::<redb::StorageError>;
        let rows = self.open::<K, V>(name)?;
        let mut bytes = 0;
        for row in rows.range::<K::SelfType<'k>>(range).map_err(read("read a table"))? {
            let (key, value) = row.map_err(read("read a table"))?;
            bytes += K::as_bytes(&key.value()).as_ref().len() + value.value().as_ref().len();
        }
        Ok(bytes as u64)
    }

    fn open<K: Key + 'static, V: Value + 'static>(&self, name: &str) -> Result<redb::ReadOnlyTable<K, V>, Error> {
        let rows = self.transaction.open_table(TableDefinition::<K, V>::new(name));
        rows.map_err(Error::database("open a table"))
    }
}

/// Level, service and bucket.
type RollupKey = (u8, u32, u32);

fn days(length: Millis) -> f64 {
    length.as_seconds() / DAY_SECONDS
}
