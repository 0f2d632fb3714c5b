//! Everything there is, in an order that depends on the content alone: what an export writes down.

use std::ops::ControlFlow;
use std::sync::Arc;

use redb::ReadableTable;

use super::checked::Checked;
use super::column::{Points, targets_of};
use super::coverage;
use super::import::{Mark, Process, Spread};
use super::instance::{self, Instance};
use super::occurrence::StoredOccurrence;
use super::occurrence::stack::Reader;
use super::row::unexpected;
use super::span;
use super::view::View;
use super::window::Window;
use super::{DATABASE, Error, Watched, pack, table};
use crate::model::id::{AggregateId, InstanceId, TargetId};
use crate::model::time::Timestamp;

/// What [`View::each_window`] comes across.
#[derive(Debug)]
pub enum Counted<'a> {
    /// The points of an aggregate at a target in one window.
    Points {
        /// Its aggregate.
        aggregate: AggregateId,
        /// Its target; [`super::Hit::NO_TARGET`] where that is not known.
        target: TargetId,
        /// Begin of the window.
        window: Timestamp,
        /// Seconds since that, ascending, and counts.
        points: &'a [(u32, u64)],
    },
    /// How a target was watched in one window.
    Watched(Watched),
}

impl View<'_> {
    /// Everything that is counted to the second, and how it was watched: windows, and in each the points by aggregate and
    /// target and then the coverage by service and target, all ascending.
    ///
    /// # Errors
    /// When the database can not be read or holds corrupt bytes.
    pub fn each_window(&self, visit: &mut dyn FnMut(Counted<'_>) -> ControlFlow<()>) -> Result<(), Error> {
        let open = Error::database::<redb::TableError>;
        let chunks = self.transaction.open_table(table::CHUNKS).map_err(open("open chunks"))?;
        let breakdowns = self.transaction.open_table(table::TARGET_CHUNKS).map_err(open("open chunks"))?;
        let coverage = self.transaction.open_table(table::COVERAGE).map_err(open("open coverage"))?;
        let mut next = Window(0);
        loop {
            let sealed = [first_window(&chunks, next)?, first_window(&coverage, next)?];
            let heads = self.live.head.windows().map(|(window, _)| window).find(|window| *window >= next);
            let watched = self.live.watch.windows().find(|window| *window >= next);
            let Some(window) = sealed.into_iter().flatten().chain(heads).chain(watched).min() else { return Ok(()) };
            next = window.next();
            let flow = if window < self.live.sealed {
                Self::sealed_points(window, (&chunks, &breakdowns), visit)?
            } else {
                self.head_points(window, visit)
            };
            if flow.is_break() || self.window_coverage(window, &coverage, visit)?.is_break() {
                return Ok(());
            }
        }
    }

    fn sealed_points<T: ReadableTable<(u32, u32), Checked>>(
        window: Window,
        (chunks, breakdowns): (&T, &T),
        visit: &mut dyn FnMut(Counted<'_>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Error> {
        let read = Error::database::<redb::StorageError>;
        for row in chunks.range((window.0, 0)..(window.next().0, 0)).map_err(read("read chunks"))? {
            let (key, row) = row.map_err(read("read chunks"))?;
            let mut flow = ControlFlow::Continue(());
            pack::each(key.value(), row.value(), |aggregate, entry| {
                if flow.is_break() {
                    return Ok(());
                }
                for (target, points) in targets_of(entry, breakdowns, (window, aggregate))? {
                    flow = visit(Counted::Points { aggregate, target, window: window.start(), points: &points });
                    if flow.is_break() {
                        break;
                    }
                }
                Ok(())
            })?;
            if flow.is_break() {
                return Ok(flow);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn head_points(&self, window: Window, visit: &mut dyn FnMut(Counted<'_>) -> ControlFlow<()>) -> ControlFlow<()> {
        let Some(head) = self.live.head.window(window) else { return ControlFlow::Continue(()) };
        let mut series: Vec<(AggregateId, TargetId, Points)> = Vec::new();
        for (aggregate, targets) in head.iter() {
            series.extend(targets.iter().map(|points| (aggregate, points.target, points.columns())));
        }
        series.sort_unstable_by_key(|(aggregate, target, _)| (*aggregate, *target));
        for (aggregate, target, points) in series {
            visit(Counted::Points { aggregate, target, window: window.start(), points: &points })?;
        }
        ControlFlow::Continue(())
    }

    fn window_coverage(
        &self,
        window: Window,
        rows: &impl ReadableTable<(u32, u32), Checked>,
        visit: &mut dyn FnMut(Counted<'_>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Error> {
        let read = Error::database::<redb::StorageError>;
        let mut found: Vec<Watched> = Vec::new();
        if window >= self.live.sealed {
            let services = self.live.watch.window(window, &self.live.directory);
            found.extend(services.values().flatten().map(|(target, record)| record.public(window, *target)));
        }
        for row in rows.range((window.0, 0)..(window.next().0, 0)).map_err(read("read coverage"))? {
            let (key, value) = row.map_err(read("read coverage"))?;
            let keep = |target, record: &coverage::TargetWindow| found.push(record.public(window, target));
            coverage::decode(window, value.value(), keep).map_err(Error::corrupt("coverage", key.value()))?;
        }
        Ok(found.into_iter().try_for_each(|watched| visit(Counted::Watched(watched))))
    }

    /// All late counts, in the order in which they came.
    ///
    /// # Errors
    /// As [`View::each_window`].
    pub fn each_spread(&self, visit: &mut dyn FnMut(Spread)) -> Result<(), Error> {
        let rows = self.transaction.open_table(table::LATE).map_err(Error::database("open late counts"))?;
        for row in rows.range::<u64>(..).map_err(Error::database("read late counts"))? {
            let (key, value) = row.map_err(Error::database("read late counts"))?;
            span::decode(value.value(), |late| {
                let span::Late { aggregate, target, from, to, count } = late;
                visit(Spread { aggregate, target, from, to, count });
            })
            .map_err(Error::corrupt("late", key.value()))?;
        }
        Ok(())
    }

    /// All processes that are remembered, in the order in which they were first seen.
    #[must_use]
    pub fn processes(&self) -> Vec<InstanceId> {
        let mut ids: Vec<InstanceId> = self.live.instances.ids().collect();
        ids.sort_unstable();
        ids
    }

    /// What is known of a process.
    ///
    /// # Errors
    /// As [`View::each_window`].
    pub fn process(&self, id: InstanceId) -> Result<Option<Process>, Error> {
        let read = match self.live.instances.get(id) {
            Some(instance) => Some(instance.clone()),
            None => instance::read(&self.transaction, id)?,
        };
        Ok(read.map(|instance| {
            let Instance { service, key, target, last_success, baselines, .. } = instance;
            let mut baselines: Vec<_> = baselines.into_iter().collect();
            baselines.sort_unstable_by_key(|(aggregate, _)| *aggregate);
            Process { service, key, target, last_success, baselines }
        }))
    }

    /// All samples that are kept, by the day on which they came and in their order. A damaged one is logged and left out; how many
    /// that were.
    ///
    /// # Errors
    /// As [`View::each_window`].
    pub fn each_sample(&self, visit: &mut dyn FnMut(StoredOccurrence) -> ControlFlow<()>) -> Result<u64, Error> {
        let (mut ended, mut damaged) = (false, 0);
        for day in self.store.partitions.days(&self.transaction)? {
            if let Some(path) = self.store.partitions.lacks(&self.transaction, day)? {
                tracing::error!(path = %path.display(), "samples of a day are lost");
                damaged += 1;
            }
            damaged += self.each_sample_of(day, &mut |occurrence| {
                let flow = visit(occurrence);
                ended = flow.is_break();
                flow
            })?;
            if ended {
                break;
            }
        }
        Ok(damaged)
    }

    /// As [`View::each_sample`], of one day.
    ///
    /// # Errors
    /// As [`View::each_window`].
    pub fn each_sample_of(
        &self,
        day: u32,
        visit: &mut dyn FnMut(StoredOccurrence) -> ControlFlow<()>,
    ) -> Result<u64, Error> {
        let mut damaged = 0;
        let mut stacks = Reader::new(&self.transaction, &self.store.path.join(DATABASE))?;
        self.store.partitions.read_all(
            &self.transaction,
            (day, 0..=self.live.commit),
            &mut |id| stacks.get(id).map(|stack| Arc::clone(&stack)),
            &mut |found| match found {
                Ok(occurrence) => visit(occurrence),
                Err(damage) => {
                    tracing::warn!(%damage, "an occurrence can not be read");
                    damaged += 1;
                    ControlFlow::Continue(())
                }
            },
        )?;
        Ok(damaged)
    }

    /// What an importer noted under `mark`.
    ///
    /// # Errors
    /// As [`View::each_window`].
    pub fn mark(&self, mark: Mark) -> Result<Option<Vec<u8>>, Error> {
        let rows = self.transaction.open_table(table::IMPORTS).map_err(Error::database("open marks"))?;
        let row = rows.get(mark).map_err(Error::database("read marks"))?;
        row.map(|row| sound_mark(mark, row.value())).transpose()
    }

    /// All that importers noted of one kind.
    ///
    /// # Errors
    /// As [`View::each_window`].
    pub fn marks(&self, kind: u8) -> Result<Vec<(u128, Vec<u8>)>, Error> {
        let rows = self.transaction.open_table(table::IMPORTS).map_err(Error::database("open marks"))?;
        let mut found = Vec::new();
        for row in rows.range((kind, 0)..=(kind, u128::MAX)).map_err(Error::database("read marks"))? {
            let (key, value) = row.map_err(Error::database("read marks"))?;
            found.push((key.value().1, sound_mark(key.value(), value.value())?));
        }
        Ok(found)
    }
}

/// A damaged row is read as one without bytes.
fn sound_mark(mark: Mark, row: &[u8]) -> Result<Vec<u8>, Error> {
    if row.is_empty() { Err(Error::corrupt("imports", mark)(unexpected("a mark"))) } else { Ok(row.to_vec()) }
}

/// The first window from `from` on that has a row.
fn first_window(rows: &impl ReadableTable<(u32, u32), Checked>, from: Window) -> Result<Option<Window>, Error> {
    let read = Error::database::<redb::StorageError>;
    let mut range = rows.range((from.0, 0)..).map_err(read("read a table"))?;
    let Some(row) = range.next() else { return Ok(None) };
    let key = row.map_err(read("read a table"))?.0.value();
    Ok(Some(Window(key.0)))
}
