//! Sealing: when a window can get no more points, one transaction writes its columns, everything in memory that changed
//! since the last time, and takes the window's entries out of the log.

use std::collections::BTreeMap;

use redb::ReadableTable;

use super::codec::{Corrupt, rice};
use super::head::{TargetPoints, WindowHead, merge};
use super::live::Live;
use super::record::{self, AggregateRow};
use super::rollup::{self, Cell, Level};
use super::window::Window;
use super::{Error, Store, chunk, log, reference, table};
use crate::model::id::{AggregateId, ServiceId};
use crate::model::time::{Millis, Timestamp};

/// A window stays open at least this long after its end, so that the last deltas of slow targets still find it.
const GRACE_MIN: Millis = Millis::from_seconds(60);
/// And at most this long, so that one service with a long interval does not keep everybody's head in memory.
const GRACE_MAX: Millis = Millis::from_seconds(7200);

const WINDOWS_A_DAY: u32 = 12;

impl Store {
    /// Seals every window that can get no more points. `now` is the time of the caller's clock.
    ///
    /// # Errors
    /// When the transaction fails: the store takes no more writes then.
    pub fn seal(&self, now: Timestamp) -> Result<usize, Error> {
        let mut sealed = 0;
        loop {
            let live = self.live_read();
            let grace = Millis(live.interval_max_ms * 2).clamp(GRACE_MIN, GRACE_MAX);
            let open = Window::of(now.minus(grace));
            let Some(window) = live.oldest_window().filter(|window| *window < open) else { return Ok(sealed) };
            drop(live);
            self.seal_window(window, open)?;
            sealed += 1;
        }
    }

    fn seal_window(&self, window: Window, open: Window) -> Result<(), Error> {
        self.check()?;
        let result = {
            let live = self.live_read();
            self.write_window(&live, window, open)
        };
        result.map_err(|error| self.poison(error))?;
        let mut live = self.live_write();
        let live = &mut *live;
        for aggregate in std::mem::take(&mut live.references).into_keys() {
            let key = live.reference_key(aggregate, window);
            live.referenced.insert(aggregate, key);
        }
        live.referenced_commit = live.commit;
        live.sealed = window.next();
        live.head.drop_before(live.sealed);
        live.watch.drop_before(live.sealed);
        live.instances.clear_dirty();
        live.dirty_aggregates.clear();
        live.dirty_targets.clear();
        Ok(())
    }

    fn write_window(&self, live: &Live, window: Window, open: Window) -> Result<(), Error> {
        let transaction = self.begin()?;
        {
            let tables = Tables { transaction: &transaction };
            if let Some(head) = live.head.window(window) {
                tables.points(live, window, head)?;
            }
            let mut coverage = tables.open(table::COVERAGE)?;
            for (service, row) in live.watch.rows(window, &live.directory) {
                insert(&mut coverage, (window.0, service.0), &row)?;
            }
            tables.references(live, window)?;
            tables.records(live, window)?;
            tables.trim_log(window)?;
            let day = |window: Window| window.0 / WINDOWS_A_DAY;
            let before = Window(live.sealed.0.saturating_sub(1));
            if day(before) < day(window) && live.sealed.0 > 0 {
                tables.close_day(live, day(before))?;
            }
            if (day(window) + 1) * WINDOWS_A_DAY <= open.0 {
                tables.close_day(live, day(window))?;
            }
            let mut meta = transaction.open_table(table::META).map_err(Error::database("open meta"))?;
            for (name, value) in
                [(table::meta::SEALED, u64::from(window.next().0)), (table::meta::REFERENCED, live.commit)]
            {
                meta.insert(name, value).map_err(Error::database("write meta"))?;
            }
        }
        transaction.commit().map_err(Error::database("commit a sealed window"))
    }
}

impl Live {
    /// The window under which an aggregate's new references are kept: that of the latest scrape, because retention goes by
    /// it and what is referred to may be younger than the window that is sealed. Never that of a row there is.
    fn reference_key(&self, aggregate: AggregateId, window: Window) -> u32 {
        let now = Window::of(self.now).max(window);
        self.referenced.get(&aggregate).map_or(now.0, |last| now.0.max(last.saturating_add(1)))
    }

    /// The oldest window that holds anything to seal.
    fn oldest_window(&self) -> Option<Window> {
        let points = self.head.windows().next().map(|(window, _)| window);
        let scrapes = self.watch.oldest();
        points.into_iter().chain(scrapes).min()
    }
}

struct Tables<'a> {
    transaction: &'a redb::WriteTransaction,
}

type Rows<'a, K> = redb::Table<'a, K, &'static [u8]>;

fn insert<'k, K: redb::Key>(
    rows: &mut Rows<'_, K>,
    key: impl std::borrow::Borrow<K::SelfType<'k>>,
    row: &[u8],
) -> Result<(), Error> {
    rows.insert(key, row).map_err(Error::database("write a row"))?;
    Ok(())
}

impl Tables<'_> {
    fn open<K: redb::Key + 'static>(
        &self,
        definition: redb::TableDefinition<'static, K, &'static [u8]>,
    ) -> Result<Rows<'_, K>, Error> {
        self.transaction.open_table(definition).map_err(Error::database("open a table"))
    }

    /// Chunks and rollups of a window.
    fn points(&self, live: &Live, window: Window, head: &WindowHead) -> Result<(), Error> {
        let series: BTreeMap<AggregateId, &[TargetPoints]> = head.iter().collect();
        let mut chunks = self.open(table::CHUNKS)?;
        let mut target_chunks = self.open(table::TARGET_CHUNKS)?;
        let mut services: BTreeMap<ServiceId, Vec<(u32, u64)>> = BTreeMap::new();
        let mut hours: BTreeMap<(ServiceId, u32), Vec<Cell>> = BTreeMap::new();
        for (aggregate, targets) in series {
            let (sums, breakdown) = chunk::encode(targets);
            insert(&mut chunks, (window.0, aggregate.0), &sums)?;
            if let Some(breakdown) = breakdown {
                insert(&mut target_chunks, (window.0, aggregate.0), &breakdown)?;
            }
            let Some(service) = live.directory.aggregate(aggregate).map(|aggregate| aggregate.service) else {
                continue;
            };
            let total = services.entry(service).or_default();
            for targets in targets {
                for (offset, count) in targets.columns() {
                    total.push((offset, count));
                    let hour = window.0 * 2 + offset / 3600;
                    let cells = hours.entry((service, hour)).or_default();
                    let cell = Cell { aggregate, target: Some(targets.target), count };
                    match cells.last_mut().filter(|last| last.aggregate == aggregate && last.target == cell.target) {
                        Some(last) => last.count = last.count.saturating_add(count),
                        None => cells.push(cell),
                    }
                }
            }
        }
        let mut service_chunks = self.open(table::SERVICE_CHUNKS)?;
        for (service, points) in services {
            insert(&mut service_chunks, (window.0, service.0), &rice::encode(&merge(points)))?;
        }
        let mut rows = RollupRows { sums: self.open(table::ROLLUPS)?, targets: self.open(table::TARGET_ROLLUPS)? };
        for ((service, hour), cells) in hours {
            rows.write((Level::Hour.code(), service.0, hour), cells)?;
        }
        Ok(())
    }

    /// The day's rollups, made anew from its hours: counting one day twice then changes nothing.
    fn close_day(&self, live: &Live, day: u32) -> Result<(), Error> {
        let mut rows = RollupRows { sums: self.open(table::ROLLUPS)?, targets: self.open(table::TARGET_ROLLUPS)? };
        for service in live.directory.services() {
            let hour = Level::Hour.code();
            let mut cells = Vec::new();
            let hours = (hour, service.id.0, day * 24)..(hour, service.id.0, (day + 1) * 24);
            for row in rows.targets.range(hours).map_err(Error::database("read rollups"))? {
                let (key, value) = row.map_err(Error::database("read rollups"))?;
                rollup::decode(value.value(), |cell| cells.push(cell))
                    .map_err(Error::corrupt("target_rollups", key.value()))?;
            }
            if !cells.is_empty() {
                rows.write((Level::Day.code(), service.id.0, day), cells)?;
            }
        }
        Ok(())
    }

    fn references(&self, live: &Live, window: Window) -> Result<(), Error> {
        let mut rows = self.open(table::REFERENCES)?;
        let sorted: BTreeMap<_, _> = live.references.iter().collect();
        for (aggregate, references) in sorted {
            let before = live.referenced.get(aggregate).copied();
            let key = live.reference_key(*aggregate, window);
            insert(&mut rows, (key, aggregate.0), &reference::encode(before, references))?;
        }
        Ok(())
    }

    /// The records and baselines that changed.
    fn records(&self, live: &Live, window: Window) -> Result<(), Error> {
        let write = |error: Corrupt| Error::corrupt("records", "while writing")(error);
        let mut aggregates = self.open(table::AGGREGATES)?;
        let mut ids: Vec<AggregateId> = live.dirty_aggregates.iter().chain(live.references.keys()).copied().collect();
        ids.sort_unstable();
        ids.dedup();
        for id in ids {
            let Some(aggregate) = live.directory.aggregate(id).cloned() else { continue };
            let new = live.references.contains_key(&id).then(|| live.reference_key(id, window));
            let referenced = new.or_else(|| live.referenced.get(&id).copied());
            let row = AggregateRow { commit: live.commit, referenced, aggregate };
            insert(&mut aggregates, id.0, &record::encode_aggregate(&row).map_err(write)?)?;
        }
        let mut instances = self.open(table::INSTANCES)?;
        for id in live.instances.dirty() {
            if let Some(instance) = live.instances.get(id) {
                insert(&mut instances, id.0, &instance.encode(live.commit))?;
            }
        }
        let mut targets = self.open(table::TARGETS)?;
        for id in &live.dirty_targets {
            if let Some(target) = live.directory.target(*id) {
                insert(&mut targets, id.0, &record::encode_target(live.commit, target).map_err(write)?)?;
            }
        }
        Ok(())
    }

    /// Takes out the entries of sealed windows: their counts are in columns and their baselines in rows.
    fn trim_log(&self, window: Window) -> Result<(), Error> {
        let mut rows = self.open(table::LOG)?;
        let end = window.end();
        // An entry that can not be read is kept: opening reports it, with its key.
        rows.retain(|_, entry| log::Entry::peek_at(entry).map_or(true, |at| at >= end))
            .map_err(Error::database("trim the log"))
    }
}

struct RollupRows<'a> {
    sums: Rows<'a, (u8, u32, u32)>,
    targets: Rows<'a, (u8, u32, u32)>,
}

impl RollupRows<'_> {
    /// Writes a bucket's two rows from its cells by target, in any order.
    fn write(&mut self, key: (u8, u32, u32), mut cells: Vec<Cell>) -> Result<(), Error> {
        cells.sort_unstable_by_key(|cell| (cell.aggregate, cell.target));
        add_up(&mut cells);
        insert(&mut self.targets, key, &rollup::encode(&cells))?;
        for cell in &mut cells {
            cell.target = None;
        }
        add_up(&mut cells);
        insert(&mut self.sums, key, &rollup::encode(&cells))
    }
}

/// Makes one cell of neighbours that differ in their count only.
fn add_up(cells: &mut Vec<Cell>) {
    cells.dedup_by(|next, kept| {
        let same = (next.aggregate, next.target) == (kept.aggregate, kept.target);
        if same {
            kept.count = kept.count.saturating_add(next.count);
        }
        same
    });
}
