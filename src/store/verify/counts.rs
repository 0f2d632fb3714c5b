//! Points and their sums: chunks, the same summed over aggregates, by hour and by day, and at each target.

use std::collections::{BTreeMap, BTreeSet};

use redb::{ReadOnlyTable, ReadableTable};

use super::records::Records;
use super::{Finding, Look, Place, Problem};
use crate::model::id::{AggregateId, TargetId};
use crate::store::checked::{Checked, CheckedNumber};
use crate::store::codec::Corrupt;
use crate::store::column::{Points, WINDOWS_A_DAY};
use crate::store::head::merge;
use crate::store::rollup::{self, Level};
use crate::store::view::Hit;
use crate::store::wanted::Wanted;
use crate::store::window::Window;
use crate::store::{Error, chunk, pack, table};

type Rows<K> = ReadOnlyTable<K, Checked>;
type RollupKey = (u8, u32, u32);
/// Aggregate → how often it happened.
type Sums = BTreeMap<u32, u64>;

/// The tables of counts.
struct Tables {
    chunks: Rows<(u32, u32)>,
    target_chunks: Rows<(u32, u32)>,
    service_chunks: Rows<(u32, u32)>,
    rollups: Rows<RollupKey>,
    target_rollups: Rows<RollupKey>,
    service_rollups: ReadOnlyTable<RollupKey, CheckedNumber>,
}

/// What the chunks of a window come to.
#[derive(Default)]
struct Summed {
    services: BTreeMap<u32, Points>,
    hours: BTreeMap<(u32, u32), Sums>,
}

impl Look<'_> {
    pub(super) fn counts(&mut self, records: &Records) {
        let Ok(tables) = Tables::open(self.transaction) else { return };
        let hours = tables.rollup_keys(Level::Hour);
        let mut windows: BTreeSet<u32> = hours.iter().map(|(_, hour)| hour / 2).collect();
        for rows in [&tables.chunks, &tables.target_chunks, &tables.service_chunks] {
            if let Ok(rows) = rows.iter() {
                windows.extend(rows.map_while(Result::ok).map(|(key, _)| key.value().0));
            }
        }
        for window in windows.into_iter().filter(|window| *window >= records.points_from) {
            if let Err(Problem(what)) = self.window(&tables, records, Window(window), &hours) {
                self.tell(Finding::new("chunks", format!("window {window}"), what).at(Place::Window(window)));
            }
        }
        self.days(&tables, records, &hours);
        self.totals(&tables);
    }

    fn window(
        &mut self,
        tables: &Tables,
        records: &Records,
        window: Window,
        hours: &BTreeSet<(u32, u32)>,
    ) -> Result<(), Problem> {
        let mut summed = Summed::default();
        Problem::unless(window.0 < records.sealed, || "it is not sealed".to_owned())?;
        let all = (AggregateId(0), AggregateId(u32::MAX));
        pack::rows_of(&tables.chunks, window, all, |key, row| {
            pack::each(key, row, |aggregate, entry| {
                tables.entry(records, (window, aggregate), entry, &mut summed).map_err(|Problem(what)| {
                    let source = Corrupt::new("its entry", "it does not fit");
                    Error::Corrupt { table: "chunks", key: format!("aggregate {}: {what}", aggregate.0), source }
                })
            })
        })
        .map_err(|error| Problem(Finding::of(&error).to_string()))?;
        let place = Place::Window(window.0);
        for (service, points) in &mut summed.services {
            *points = merge(std::mem::take(points));
            let stored = tables.service_points(window, *service)?;
            if stored.as_ref() != Some(points) {
                let key = format!("{:?}", (window.0, *service));
                let what = "it is not the sum of the chunks";
                self.tell(Finding::new("service_chunks", key, what).at(place));
            }
        }
        let rows = tables.service_chunks.range((window.0, 0)..(window.next().0, 0));
        let stored: Vec<u32> = rows.into_iter().flatten().map_while(Result::ok).map(|(key, _)| key.value().1).collect();
        for service in stored.into_iter().filter(|service| !summed.services.contains_key(service)) {
            let key = format!("{:?}", (window.0, service));
            self.tell(Finding::new("service_chunks", key, "there are no chunks").at(place));
        }
        let mut keys: BTreeSet<(u32, u32)> = summed.hours.keys().copied().collect();
        keys.extend(hours.iter().filter(|(_, hour)| hour / 2 == window.0));
        for (service, hour) in keys {
            let key = (Level::Hour.code(), service, hour);
            let sums = tables.sums(key);
            if !matches!(&sums, Ok(sums) if sums == summed.hours.get(&(service, hour)).unwrap_or(&Sums::new())) {
                let what = sums.err().map_or("it is not the sum of the chunks".to_owned(), |Problem(what)| what);
                self.tell(Finding::new("rollups", format!("{key:?}"), what).at(place));
            }
        }
        Ok(())
    }

    /// Days that are over are the sums of their hours. Of the oldest day hours may be gone already. Where the clock was set back a
    /// day may have a row before it is over: nobody reads it, and it is made anew.
    fn days(&mut self, tables: &Tables, records: &Records, hours: &BTreeSet<(u32, u32)>) {
        let oldest = hours.iter().map(|(_, hour)| hour / 24).min().unwrap_or(0);
        let mut days = tables.rollup_keys(Level::Day);
        days.extend(hours.iter().map(|(service, hour)| (*service, hour / 24)));
        days.retain(|(_, day)| (day + 1) * WINDOWS_A_DAY <= records.sealed);
        for (service, day) in days {
            let key = (Level::Day.code(), service, day);
            let mut expected = Sums::new();
            for hour in day * 24..(day + 1) * 24 {
                for (aggregate, sum) in tables.sums((Level::Hour.code(), service, hour)).unwrap_or_default() {
                    let total = expected.entry(aggregate).or_default();
                    *total = total.saturating_add(sum);
                }
            }
            let stored = tables.sums(key);
            let what = match &stored {
                Err(Problem(what)) => what.clone(),
                Ok(sums) if *sums == expected => continue,
                Ok(sums)
                    if day <= oldest && expected.iter().all(|(id, sum)| sums.get(id).is_some_and(|is| is >= sum)) =>
                {
                    continue;
                }
                Ok(_) => "it is not the sum of its hours".to_owned(),
            };
            self.tell(Finding::new("rollups", format!("{key:?}"), what).at(Place::Day(day)));
        }
    }

    /// Sums of whole rollups.
    fn totals(&mut self, tables: &Tables) {
        let mut keys: BTreeSet<RollupKey> = BTreeSet::new();
        if let Ok(rows) = tables.rollups.iter() {
            keys.extend(rows.map_while(Result::ok).map(|(key, _)| key.value()));
        }
        if let Ok(rows) = tables.service_rollups.iter() {
            keys.extend(rows.map_while(Result::ok).map(|(key, _)| key.value()));
        }
        for key in keys {
            let sum = tables.sums(key).unwrap_or_default().values().fold(0u64, |sum, count| sum.saturating_add(*count));
            let stored = tables.service_rollups.get(key).ok().flatten().and_then(|total| total.value());
            if stored != Some(sum) {
                let (level, _, bucket) = key;
                let is_hour = level == Level::Hour.code();
                let place = if is_hour { Place::Window(bucket / 2) } else { Place::Day(bucket) };
                let what = format!("it is {stored:?} and not the sum of the rollup, {sum}");
                self.tell(Finding::new("service_rollups", format!("{key:?}"), what).at(place));
            }
        }
    }
}

impl Tables {
    fn open(transaction: &redb::ReadTransaction) -> Result<Self, redb::TableError> {
        Ok(Self {
            chunks: transaction.open_table(table::CHUNKS)?,
            target_chunks: transaction.open_table(table::TARGET_CHUNKS)?,
            service_chunks: transaction.open_table(table::SERVICE_CHUNKS)?,
            rollups: transaction.open_table(table::ROLLUPS)?,
            target_rollups: transaction.open_table(table::TARGET_ROLLUPS)?,
            service_rollups: transaction.open_table(table::SERVICE_ROLLUPS)?,
        })
    }

    /// Services and buckets of a level. Whoever has a breakdown has sums beside it.
    fn rollup_keys(&self, level: Level) -> BTreeSet<(u32, u32)> {
        let mut keys = BTreeSet::new();
        let of = |key: RollupKey| Some((key.1, key.2)).filter(|_| key.0 == level.code());
        for rows in [&self.rollups, &self.target_rollups] {
            if let Ok(rows) = rows.iter() {
                keys.extend(rows.map_while(Result::ok).filter_map(|(key, _)| of(key.value())));
            }
        }
        keys
    }

    /// Adds an aggregate's points to the sums. Those at its targets have to come to the same.
    fn entry(
        &self,
        records: &Records,
        (window, aggregate): (Window, AggregateId),
        entry: &[u8],
        summed: &mut Summed,
    ) -> Result<(), Problem> {
        let service = records.aggregate(aggregate.0)?.service;
        let (target, sums) = chunk::split(entry)?;
        let mut points = Points::new();
        chunk::decode_points(sums, |offset, count| points.push((offset, count)))?;
        match target {
            Some(target) => known_target(records, target)?,
            None => self.breakdown(records, (window, aggregate), sums, &points)?,
        }
        // Points ascend, so each hour is looked up once.
        for hour in points.chunk_by(|one, next| one.0 / 3600 == next.0 / 3600) {
            let Some((offset, _)) = hour.last() else { continue };
            Problem::unless(*offset < 7200, || format!("second {offset} is beyond the window"))?;
            let of_hour = summed.hours.entry((service, window.0 * 2 + offset / 3600)).or_default();
            let sum = of_hour.entry(aggregate.0).or_default();
            *sum = hour.iter().fold(*sum, |sum, (_, count)| sum.saturating_add(*count));
        }
        summed.services.entry(service).or_default().extend(points);
        Ok(())
    }

    fn breakdown(
        &self,
        records: &Records,
        (window, aggregate): (Window, AggregateId),
        sums: &[u8],
        points: &Points,
    ) -> Result<(), Problem> {
        let mut at_targets = Points::new();
        let mut unknown = Ok(());
        let found = pack::find(&self.target_chunks, window, aggregate, |breakdown| {
            let read = chunk::each_target(
                sums,
                breakdown,
                |_| true,
                |target, points| {
                    at_targets.extend_from_slice(points);
                    if unknown.is_ok() {
                        unknown = known_target(records, target);
                    }
                },
            );
            Ok(read.map_err(Problem::from))
        });
        match found.map_err(|error| Problem(Finding::of(&error).to_string()))? {
            // Their targets are not known (any more).
            None => Ok(()),
            Some(read) => {
                read?;
                unknown?;
                Problem::unless(merge(at_targets) == *points, || "its targets have other counts".to_owned())
            }
        }
    }

    fn service_points(&self, window: Window, service: u32) -> Result<Option<Points>, Problem> {
        let Ok(Some(row)) = self.service_chunks.get((window.0, service)) else { return Ok(None) };
        let mut points = Points::new();
        chunk::decode_points(row.value(), |offset, count| points.push((offset, count)))?;
        Ok(Some(points))
    }

    /// What a rollup holds, by aggregate; nothing where there is none. Its breakdown has to fit.
    fn sums(&self, key: RollupKey) -> Result<Sums, Problem> {
        let mut sums = Sums::new();
        let Ok(row) = self.rollups.get(key) else { return Problem::new("it can not be read") };
        let breakdown = self.target_rollups.get(key).ok().flatten();
        let Some(row) = row else {
            return if breakdown.is_some() { Problem::new("there is only a breakdown") } else { Ok(sums) };
        };
        let breakdown = breakdown.as_ref().map(redb::AccessGuard::value);
        rollup::each_cell(row.value(), breakdown, &Wanted::new(None), |cell| {
            let sum = sums.entry(cell.aggregate.0).or_default();
            *sum = sum.saturating_add(cell.count);
        })?;
        Ok(sums)
    }
}

fn known_target(records: &Records, target: TargetId) -> Result<(), Problem> {
    if target == Hit::NO_TARGET { Ok(()) } else { records.target(target.0).map(drop) }
}
