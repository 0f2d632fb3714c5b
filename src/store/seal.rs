//! Sealing: when a window can get no more points, one transaction writes its columns, everything in memory that changed
//! since the last time, and takes the window's entries out of the log.

use std::collections::BTreeMap;

use super::codec::Corrupt;
use super::column::{Columns, Tables, WINDOWS_A_DAY, insert};
use super::head::{TargetPoints, WindowHead};
use super::live::Live;
use super::record::{self, AggregateRow};
use super::reference::Referenced;
use super::window::Window;
use super::{Error, Store, log, table};
use crate::model::id::AggregateId;
use crate::model::time::{Millis, Timestamp};

/// A window stays open at least this long after its end, so that the last deltas of slow targets still find it.
const GRACE_MIN: Millis = Millis::from_seconds(60);
/// And at most this long, so that one service with a long interval does not keep everybody's head in memory.
const GRACE_MAX: Millis = Millis::from_seconds(7200);

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

    /// Seals every window before that of `now`, also those that could still get points: for an import, while nobody scrapes.
    /// What is imported before that window then becomes columns.
    ///
    /// # Errors
    /// As [`Store::seal`].
    pub fn seal_all(&self, now: Timestamp) -> Result<(), Error> {
        let open = Window::of(now);
        loop {
            let oldest = self.live_read().oldest_window();
            let Some(window) = oldest.filter(|window| *window < open) else { break };
            self.seal_window(window, open)?;
        }
        self.check()?;
        let sealed = self.live_read().sealed;
        if sealed < open {
            self.move_to(sealed, open).map_err(|error| self.poison(error))?;
            self.live_write().sealed = open;
        }
        Ok(())
    }

    /// There is nothing between `sealed` and `open`: all before `open` counts as sealed.
    fn move_to(&self, sealed: Window, open: Window) -> Result<(), Error> {
        let transaction = self.begin()?;
        {
            let last_day = sealed.0.saturating_sub(1) / WINDOWS_A_DAY;
            if sealed.0 > 0 && (last_day + 1) * WINDOWS_A_DAY <= open.0 {
                Tables { transaction: &transaction }.close_day(&self.live_read().directory, last_day)?;
            }
            let mut meta = transaction.open_table(table::META).map_err(Error::database("open meta"))?;
            meta.insert(table::meta::SEALED, Some(u64::from(open.0))).map_err(Error::database("write meta"))?;
        }
        transaction.commit().map_err(Error::database("commit what is sealed"))
    }

    fn seal_window(&self, window: Window, open: Window) -> Result<(), Error> {
        self.check()?;
        let result = {
            let live = self.live_read();
            self.write_window(&live, window, open)
        };
        let referenced = result.map_err(|error| self.poison(error))?;
        let mut live = self.live_write();
        let live = &mut *live;
        live.refer(referenced);
        live.sealed = window.next();
        live.head.drop_before(live.sealed);
        live.watch.drop_before(live.sealed);
        live.instances.clear_dirty();
        live.dirty_aggregates.clear();
        live.dirty_targets.clear();
        Ok(())
    }

    fn write_window(&self, live: &Live, window: Window, open: Window) -> Result<Referenced, Error> {
        let transaction = self.begin()?;
        let referenced = {
            let tables = Tables { transaction: &transaction };
            if let Some(head) = live.head.window(window) {
                tables.points(live, window, head)?;
            }
            let mut coverage = tables.open(table::COVERAGE)?;
            for (service, row) in live.watch.rows(window, &live.directory) {
                insert(&mut coverage, (window.0, service.0), &row)?;
            }
            let referenced = tables.references(live, window)?;
            tables.records(live, &referenced)?;
            tables.trim_log(window)?;
            let day = |window: Window| window.0 / WINDOWS_A_DAY;
            let before = Window(live.sealed.0.saturating_sub(1));
            if day(before) < day(window) && live.sealed.0 > 0 {
                tables.close_day(&live.directory, day(before))?;
            }
            if (day(window) + 1) * WINDOWS_A_DAY <= open.0 {
                tables.close_day(&live.directory, day(window))?;
            }
            let mut meta = transaction.open_table(table::META).map_err(Error::database("open meta"))?;
            for (name, value) in
                [(table::meta::SEALED, u64::from(window.next().0)), (table::meta::REFERENCED, live.commit)]
            {
                meta.insert(name, Some(value)).map_err(Error::database("write meta"))?;
            }
            referenced
        };
        transaction.commit().map_err(Error::database("commit a sealed window"))?;
        Ok(referenced)
    }
}

impl Live {
    /// The oldest window that holds anything to seal.
    fn oldest_window(&self) -> Option<Window> {
        let points = self.head.windows().next().map(|(window, _)| window);
        let scrapes = self.watch.oldest();
        points.into_iter().chain(scrapes).min()
    }
}

impl Tables<'_> {
    /// Chunks and rollups of a window.
    fn points(&self, live: &Live, window: Window, head: &WindowHead) -> Result<(), Error> {
        let series: BTreeMap<AggregateId, &[TargetPoints]> = head.iter().collect();
        let mut columns = Columns::new(window);
        for (aggregate, targets) in series {
            let service = live.directory.aggregate(aggregate).map(|aggregate| aggregate.service);
            let targets: BTreeMap<_, _> = targets.iter().map(|series| (series.target, series.columns())).collect();
            columns.add(aggregate, service, targets.into_iter().collect(), Vec::new());
        }
        self.columns([&columns.finish()])
    }

    /// The records and baselines that changed.
    fn records(&self, live: &Live, referenced: &Referenced) -> Result<(), Error> {
        let write = |error: Corrupt| Error::corrupt("records", "while writing")(error);
        let mut ids: Vec<AggregateId> = live.dirty_aggregates.iter().chain(live.references.keys()).copied().collect();
        ids.sort_unstable();
        ids.dedup();
        self.aggregates(live, &ids, referenced)?;
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

    /// The records of these aggregates, which say where their references are.
    pub(super) fn aggregates(&self, live: &Live, ids: &[AggregateId], referenced: &Referenced) -> Result<(), Error> {
        let mut aggregates = self.open(table::AGGREGATES)?;
        for id in ids {
            let Some(aggregate) = live.directory.aggregate(*id).cloned() else { continue };
            let referenced = referenced.get(id).or_else(|| live.referenced.get(id)).copied();
            let row = AggregateRow { commit: live.commit, referenced, aggregate };
            let row = record::encode_aggregate(&row).map_err(Error::corrupt("records", "while writing"))?;
            insert(&mut aggregates, id.0, &row)?;
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
