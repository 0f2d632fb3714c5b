//! Counts of a window, and of a day, from those of their rows that agree.
//!
//! How often an aggregate happened in an hour stands in chunks and in a rollup, and what a service's aggregates come to in two more
//! tables. A rollup that one of these confirms is right, so chunks that say less have lost points and chunks that say more
//! have some that do not belong there: a row whose key is damaged.

use std::collections::BTreeMap;

use redb::ReadableTable;

use super::failed;
use crate::model::id::{AggregateId, ServiceId, TargetId};
use crate::store::column::{self, Columns, Points, Tables};
use crate::store::head::merge;
use crate::store::rollup::{self, Cell, Level};
use crate::store::table;
use crate::store::verify::{Finding, Found};
use crate::store::view::Hit;
use crate::store::wanted::Wanted;
use crate::store::window::Window;
use crate::store::{Error, Store, chunk, pack};

type Series = BTreeMap<AggregateId, BTreeMap<TargetId, Points>>;
/// Aggregate → how often it happened.
type Sums = BTreeMap<AggregateId, u64>;

/// Makes a window anew from what of it can be read.
pub(super) fn window_anew(
    store: &Store,
    tables: &Tables<'_>,
    window: Window,
    lost: &mut Found<'_>,
) -> Result<(), Error> {
    let live = store.live_read();
    let service_of = |id: AggregateId| live.directory.aggregate(id).map(|aggregate| aggregate.service);
    let mut series = series(store, tables, window, lost)?;
    series.retain(|aggregate, _| {
        let known = service_of(*aggregate).is_some();
        if !known {
            let what = format!("there is no aggregate {}", aggregate.0);
            lost(Finding::new("chunks", format!("window {}", window.0), what));
        }
        known
    });
    for service in live.directory.services() {
        for hour in [window.0 * 2, window.0 * 2 + 1] {
            let sums = confirmed(tables, service.id, hour, lost)?;
            let Some(mut sums) = sums else { continue };
            // A rollup of another service has nothing to say of this one's aggregates.
            sums.retain(|aggregate, _| service_of(*aggregate) == Some(service.id));
            for aggregate in series.keys().filter(|id| service_of(**id) == Some(service.id)) {
                sums.entry(*aggregate).or_insert(0);
            }
            for (aggregate, sum) in sums {
                let told = agree(series.entry(aggregate).or_default(), hour, sum);
                if let Some(what) = told {
                    let what = format!("aggregate {}: {what}", aggregate.0);
                    lost(Finding::new("chunks", format!("window {}", window.0), what));
                }
            }
        }
    }
    clear(store, tables, window)?;
    let mut columns = Columns::new(window);
    for (aggregate, targets) in series {
        let targets = targets.into_iter().filter(|(_, points)| !points.is_empty());
        let targets: Vec<_> = targets.map(|(target, points)| (target, merge(points))).collect();
        if !targets.is_empty() {
            columns.add(aggregate, service_of(aggregate), targets, Vec::new());
        }
    }
    tables.columns([&columns.finish()])
}

/// Makes what targets have in an hour come to `sum`. What had to be done.
fn agree(targets: &mut BTreeMap<TargetId, Points>, hour: u32, sum: u64) -> Option<String> {
    let within = |offset: u32| offset / 3600 == hour % 2;
    let points = targets.values().flatten().filter(|(offset, _)| within(*offset));
    let counted = points.fold(0u64, |sum, (_, count)| sum.saturating_add(*count));
    if counted == sum {
        return None;
    }
    let left_over = if counted > sum {
        for points in targets.values_mut() {
            points.retain(|(offset, _)| !within(*offset));
        }
        sum
    } else {
        sum - counted
    };
    if left_over > 0 {
        targets.entry(Hit::NO_TARGET).or_default().push(((hour % 2) * 3600, left_over));
    }
    let of_another =
        if counted > sum { format!("{} are of another time or aggregate; ", counted - sum) } else { String::new() };
    Some(format!("{of_another}{left_over} stand at the begin of their hour"))
}

/// What the chunks of a window say, aggregate by aggregate and target by target.
fn series(store: &Store, tables: &Tables<'_>, window: Window, lost: &mut Found<'_>) -> Result<Series, Error> {
    let live = store.live_read();
    let (chunks, breakdowns) = (tables.open(table::CHUNKS)?, tables.open(table::TARGET_CHUNKS)?);
    let mut series = Series::new();
    let all = (AggregateId(0), AggregateId(u32::MAX));
    let read = pack::rows_of(&chunks, window, all, |key, row| {
        let read = pack::each(key, row, |aggregate, entry| {
            let Ok(whole) = whole(entry, (window, aggregate)) else { return Ok(()) };
            let targets = column::targets_of(entry, &breakdowns, (window, aggregate)).ok();
            let targets = targets.filter(|targets| {
                merge(targets.iter().flat_map(|(_, points)| points).copied().collect()) == merge(whole.clone())
            });
            for (target, points) in targets.unwrap_or_else(|| vec![(Hit::NO_TARGET, whole)]) {
                let known = target == Hit::NO_TARGET || live.directory.target(target).is_some();
                let target = if known { target } else { Hit::NO_TARGET };
                let points = points.into_iter().filter(|(offset, _)| *offset < 7200);
                series.entry(aggregate).or_default().entry(target).or_default().extend(points);
            }
            Ok(())
        });
        // The rows behind it may be whole.
        if let Err(error) = read {
            lost(Finding::of(&error));
        }
        Ok(())
    });
    if let Err(error) = read {
        lost(Finding::of(&error));
    }
    Ok(series)
}

/// An entry's sums, where its targets can not be told.
fn whole(entry: &[u8], (window, aggregate): (Window, AggregateId)) -> Result<Points, Error> {
    let mut points = Points::new();
    let read = chunk::split(entry)
        .and_then(|(_, sums)| chunk::decode_points(sums, |offset, count| points.push((offset, count))));
    read.map_err(Error::corrupt("chunks", (window.0, aggregate.0)))?;
    Ok(points)
}

/// A rollup of an hour, if the service's total of the hour or its points say the same.
fn confirmed(tables: &Tables<'_>, service: ServiceId, hour: u32, lost: &mut Found<'_>) -> Result<Option<Sums>, Error> {
    let key = (Level::Hour.code(), service.0, hour);
    let rollups = tables.open(table::ROLLUPS)?;
    let mut sums = Sums::new();
    let Some(row) = rollups.get(key).map_err(failed)? else { return Ok(None) };
    let read = rollup::each(row.value(), &Wanted::new(None), |aggregate, _, sum| {
        sums.insert(aggregate, sum);
    });
    if let Err(error) = read {
        lost(Finding::new("rollups", format!("{key:?}"), error.to_string()));
        return Ok(None);
    }
    let total = sums.values().fold(0u64, |sum, count| sum.saturating_add(*count));
    let totals = tables.transaction.open_table(table::SERVICE_ROLLUPS).map_err(failed)?;
    let of_rollup = totals.get(key).map_err(failed)?.and_then(|total| total.value());
    let services = tables.open(table::SERVICE_CHUNKS)?;
    let mut of_chunks = None;
    if let Some(row) = services.get((hour / 2, service.0)).map_err(failed)? {
        let mut sum = 0u64;
        let read = chunk::decode_points(row.value(), |offset, count| {
            sum = sum.saturating_add(if offset / 3600 == hour % 2 { count } else { 0 });
        });
        of_chunks = read.ok().map(|()| sum);
    }
    if of_rollup == Some(total) || of_chunks == Some(total) {
        return Ok(Some(sums));
    }
    lost(Finding::new("rollups", format!("{key:?}"), format!("its {total} are not confirmed by other sums")));
    Ok(None)
}

/// Takes out all counts of a window.
fn clear(store: &Store, tables: &Tables<'_>, window: Window) -> Result<(), Error> {
    for definition in [table::CHUNKS, table::TARGET_CHUNKS, table::SERVICE_CHUNKS] {
        let mut rows = tables.open(definition)?;
        rows.retain_in((window.0, 0)..(window.next().0, 0), |_, _| false).map_err(failed)?;
    }
    for service in store.live_read().directory.services() {
        for hour in [window.0 * 2, window.0 * 2 + 1] {
            remove_rollup(tables, (Level::Hour.code(), service.id.0, hour))?;
        }
    }
    Ok(())
}

fn remove_rollup(tables: &Tables<'_>, key: (u8, u32, u32)) -> Result<(), Error> {
    for definition in [table::ROLLUPS, table::TARGET_ROLLUPS] {
        tables.open(definition)?.remove(key).map_err(failed)?;
    }
    let mut totals = tables.transaction.open_table(table::SERVICE_ROLLUPS).map_err(failed)?;
    totals.remove(key).map_err(failed)?;
    Ok(())
}

/// Makes the rollups of a day anew from its hours. Of the oldest day hours may be gone already: there its own rollup knows more.
pub(super) fn day_anew(store: &Store, tables: &Tables<'_>, day: u32) -> Result<(), Error> {
    let live = store.live_read();
    let mut oldest = u32::MAX;
    for row in tables.open(table::ROLLUPS)?.iter().map_err(failed)? {
        let (level, _, bucket) = row.map_err(failed)?.0.value();
        oldest = oldest.min(if level == Level::Hour.code() { bucket / 24 } else { u32::MAX });
    }
    for service in live.directory.services() {
        let key = (Level::Day.code(), service.id.0, day);
        let mut of_hours = Sums::new();
        for hour in day * 24..(day + 1) * 24 {
            for (aggregate, sum) in sums_of(tables, (Level::Hour.code(), service.id.0, hour))?.unwrap_or_default() {
                let total = of_hours.entry(aggregate).or_default();
                *total = total.saturating_add(sum);
            }
        }
        let knows_more = |kept: &Sums| of_hours.iter().all(|(id, sum)| kept.get(id).is_some_and(|kept| kept >= sum));
        let kept = if day <= oldest { sums_of(tables, key)?.filter(knows_more) } else { None };
        remove_rollup(tables, key)?;
        match kept {
            Some(kept) => {
                let cell = |(aggregate, count)| Cell { aggregate, target: Hit::NO_TARGET, count };
                tables.write_day(service.id, day, kept.into_iter().map(cell).collect())?;
            }
            None => tables.close_day_of(service.id, day)?,
        }
    }
    Ok(())
}

fn sums_of(tables: &Tables<'_>, key: (u8, u32, u32)) -> Result<Option<Sums>, Error> {
    let rollups = tables.open(table::ROLLUPS)?;
    let Some(row) = rollups.get(key).map_err(failed)? else { return Ok(None) };
    let mut sums = Sums::new();
    let read = rollup::each(row.value(), &Wanted::new(None), |aggregate, _, sum| {
        sums.insert(aggregate, sum);
    });
    Ok(read.ok().map(|()| sums))
}
