//! Keeps the index up with what is stored.
//!
//! A thread of its own waits for commits, reads what they brought and indexes it; nobody waits for it. Commits of the index
//! are at least [`REST`] apart, so a fleet that commits all the time costs one a second. What is behind at start, or can not
//! be used, is made anew in slices, newest day first, with the newest commits in between: so new occurrences are found soon
//! however long the rest takes.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::day::Day;
use super::name::{generation_of, index_name, name_of};
use super::progress::Progress;
use super::source::{Pending, Source, Stop};
use super::{Error, Index, Metrics};
use crate::quiet::quietly;

/// Between two commits of the index.
const REST: Duration = Duration::from_secs(1);
/// After a failure, before the next attempt.
const REST_FAILED: Duration = Duration::from_secs(5);
/// How long it waits for a commit before it looks whether it is to stop.
const WAIT: Duration = Duration::from_millis(250);
/// Occurrences, and bytes of their text, after which a slice ends, at the end of a commit.
const SLICE_OCCURRENCES: usize = 20_000;
const SLICE_BYTES: usize = 32 << 20;

/// What can not be used, on its way out.
const DISCARDED: &str = "index.discarded";

/// Keeps an index up with a source.
pub struct Follower<S> {
    index: Arc<Index>,
    source: S,
    pub(super) metrics: Metrics,
    days: BTreeMap<u32, Followed>,
    /// The state of the source before anybody wrote to it: an index that is ahead of it is of another past.
    found: Vec<Pending>,
    opened: bool,
    rebuilding: bool,
    failing: bool,
    pub(super) slice_occurrences: usize,
}

#[derive(Default)]
struct Followed {
    day: Option<Day>,
    /// Of the source's day, as it was indexed.
    generation: u32,
    /// It was behind when it was found, or is being made anew.
    rebuilding: bool,
    /// It is over and has as few segments as it can have.
    settled: bool,
}

impl Followed {
    fn commit(&self) -> u64 {
        self.day.as_ref().map_or(0, Day::commit)
    }
}

impl<S: Source> Follower<S> {
    /// A follower of `source`, in which nothing may be written before this returns.
    ///
    /// # Errors
    /// When the source can not be read.
    pub fn new(index: Arc<Index>, source: S, metrics: Metrics) -> Result<Self, Error> {
        let found = source.days().map_err(Error::Source)?;
        Ok(Self {
            index,
            source,
            metrics,
            days: BTreeMap::new(),
            found,
            opened: false,
            rebuilding: false,
            failing: false,
            slice_occurrences: SLICE_OCCURRENCES,
        })
    }

    /// Indexes everything that is stored now, on the caller's thread.
    ///
    /// # Errors
    /// When the source can not be read or the index not be written.
    pub fn catch_up(&mut self) -> Result<(), Error> {
        self.open(&Stop::default());
        while self.round()?.1 {}
        Ok(())
    }

    /// As [`Follower::catch_up`]; then makes as few segments of each day that is over as there can be.
    ///
    /// # Errors
    /// As [`Follower::catch_up`].
    pub fn settle_all(&mut self) -> Result<(), Error> {
        self.catch_up()?;
        while self.is_settling() {
            self.round()?;
            Stop::default().rest(Duration::from_millis(2));
        }
        Ok(())
    }

    /// Follows until it is told to stop.
    pub fn run(mut self, stop: &Stop) {
        self.open(stop);
        let (mut seen, mut left) = (u64::MAX, true);
        loop {
            let now = if left { seen } else { self.source.wait(seen, WAIT) };
            if stop.rest(Duration::ZERO) {
                return;
            }
            if !left && now == seen && !self.is_settling() {
                continue;
            }
            seen = if left { self.source.wait(u64::MAX, Duration::ZERO) } else { now };
            let done = quietly(|| self.round()).unwrap_or_else(|panicked| {
                Err(Error::engine("following", self.index.directory())(panicked.to_string()))
            });
            let rest = self.judge(done, &mut left);
            if stop.rest(rest) {
                return;
            }
        }
    }

    /// Opens what is there, newest day first, and finds out what is missing.
    fn open(&mut self, stop: &Stop) {
        if std::mem::replace(&mut self.opened, true) {
            return;
        }
        let found = std::mem::take(&mut self.found);
        self.remove_strangers(&found);
        for pending in found.iter().rev() {
            if stop.rest(Duration::ZERO) {
                return;
            }
            let mut followed = Followed { generation: pending.generation, ..Followed::default() };
            match self.open_day(*pending) {
                Ok(Some(day)) => {
                    match day.partition() {
                        Ok(partition) => self.index.publish(partition),
                        Err(error) => tracing::warn!("{error}"),
                    }
                    followed.day = Some(day);
                }
                // As after an upgrade or an import: nobody needs a line for each day.
                Ok(None) => {
                    self.metrics.rebuilds.inc();
                }
                Err(error) => {
                    tracing::warn!(reason = %chain(&error), "a search index is made anew");
                    self.metrics.rebuilds.inc();
                }
            }
            followed.rebuilding = followed.commit() < pending.commit;
            self.days.insert(pending.day, followed);
            if let Err(error) = self.report(&found, false) {
                tracing::warn!(error = %chain(&error), "the search index's progress is not known");
            }
        }
        if let Err(error) = self.report(&found, true) {
            tracing::warn!(error = %chain(&error), "the search index's progress is not known");
        }
        let days = self.days.values().filter(|followed| followed.rebuilding).count();
        self.rebuilding = days > 0;
        if self.rebuilding {
            tracing::info!(days, "bringing the search index up to date");
        }
    }

    /// Opens what there is of a day, if there is anything.
    fn open_day(&self, pending: Pending) -> Result<Option<Day>, Error> {
        let path = self.path(pending);
        if !path.try_exists().map_err(Error::io("reading", &path))? {
            return Ok(None);
        }
        let opened = quietly(|| Day::open(&path, pending.day, self.index.fields()));
        let day = opened.unwrap_or_else(|_| Err(Error::unusable(&path, "opening it failed")))?;
        if day.commit() > pending.commit {
            return Err(Error::unusable(&path, "it is ahead of what is stored"));
        }
        Ok(Some(day))
    }

    /// One step: the newest day's new commits, and a slice of the newest other day that is behind. Whether anything was done,
    /// and whether more is left to do.
    fn round(&mut self) -> Result<(bool, bool), Error> {
        let pending = self.source.days().map_err(Error::Source)?;
        let gone: Vec<u32> =
            self.days.keys().copied().filter(|day| pending.iter().all(|pending| pending.day != *day)).collect();
        for day in gone {
            self.days.remove(&day);
            self.index.withdraw(day);
        }
        for now in &pending {
            let followed = self.days.get(&now.day);
            if let Some(before) =
                followed.map(|followed| followed.generation).filter(|before| *before != now.generation)
            {
                self.days.remove(&now.day);
                self.index.withdraw(now.day);
                discard(&self.path(Pending { generation: before, ..*now }))?;
            }
        }
        let mut done = false;
        let behind = |days: &BTreeMap<u32, Followed>, pending: &Pending| {
            days.get(&pending.day).is_none_or(|followed| followed.commit() < pending.commit)
        };
        if let Some((newest, others)) = pending.split_last() {
            if behind(&self.days, newest) {
                self.slice(*newest, true)?;
                done = true;
            }
            if let Some(other) = others.iter().rev().find(|other| behind(&self.days, other)) {
                self.slice(*other, false)?;
                done = true;
            }
            // Beside what is still to be made: the pieces of many days would take memory each.
            self.settle(others)?;
        }
        self.report(&pending, true)?;
        Ok((done, pending.iter().any(|pending| behind(&self.days, pending))))
    }

    /// Indexes some of what a day is behind.
    fn slice(&mut self, pending: Pending, is_newest: bool) -> Result<(), Error> {
        let mut followed = self.days.remove(&pending.day).unwrap_or_default();
        followed.generation = pending.generation;
        let mut day = match followed.day.take() {
            Some(day) => day,
            None => self.make(pending)?,
        };
        let outcome = self.fill(&mut day, pending).and_then(|()| day.partition());
        if let Ok(partition) = &outcome {
            self.index.publish(Arc::clone(partition));
            followed.rebuilding &= day.commit() < pending.commit;
            followed.settled = false;
            if day.commit() >= pending.commit && !is_newest {
                // Writing takes memory and threads.
                day.close();
            }
            followed.day = Some(day);
        }
        // After a failure it is opened again, and so looked at anew, with the next attempt.
        followed.rebuilding |= outcome.is_err();
        self.days.insert(pending.day, followed);
        outcome.map(drop)
    }

    /// The index of a day that has none open: what is there if it can be used, else an empty one.
    fn make(&self, pending: Pending) -> Result<Day, Error> {
        let path = self.path(pending);
        let known = self.index.snapshot().partitions.iter().any(|partition| partition.day == pending.day);
        if known && let Ok(Some(day)) = self.open_day(pending) {
            return Ok(day);
        }
        self.index.withdraw(pending.day);
        discard(&path)?;
        Day::create(&path, pending.day, self.index.fields())
    }

    fn fill(&self, day: &mut Day, pending: Pending) -> Result<(), Error> {
        let (mut last, mut count, mut bytes) = (day.commit(), 0, 0);
        let (mut failed, mut cut) = (None, false);
        let commits = day.commit() + 1..=pending.commit;
        let read = self.source.read(pending.day, commits, &mut |id, aggregate, target, occurrence| {
            if id.commit != last && (count >= self.slice_occurrences || bytes >= SLICE_BYTES) {
                cut = true;
                return ControlFlow::Break(());
            }
            last = id.commit;
            match day.add(id, aggregate, target, occurrence) {
                Ok(brought) => {
                    count += 1;
                    bytes += brought;
                    ControlFlow::Continue(())
                }
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        });
        read.map_err(Error::Source)?;
        if let Some(error) = failed {
            return Err(error);
        }
        day.finish(if cut { last } else { pending.commit })?;
        self.metrics.indexed.inc_by(count as u64);
        self.metrics.commits.inc();
        Ok(())
    }

    /// Goes on with days that are over and complete, one after the other.
    fn settle(&mut self, over: &[Pending]) -> Result<(), Error> {
        let complete = |followed: &Followed, commit| followed.day.is_some() && followed.commit() >= commit;
        let unsettled = over.iter().rev().filter(|pending| {
            self.days.get(&pending.day).is_some_and(|day| !day.settled && complete(day, pending.commit))
        });
        // What was begun first: it holds memory and threads.
        let is_begun = |pending: &&Pending| {
            self.days.get(&pending.day).and_then(|of| of.day.as_ref()).is_some_and(Day::is_writing)
        };
        let unsettled = unsettled.max_by_key(|pending| (is_begun(pending), pending.day)).map(|pending| pending.day);
        let followed = unsettled.and_then(|day| self.days.get_mut(&day));
        let Some(followed) = followed else { return Ok(()) };
        let Some(day) = &mut followed.day else { return Ok(()) };
        match day.settle() {
            Ok(false) => {}
            Ok(true) => {
                followed.settled = true;
                day.refresh()?;
                self.index.publish(day.partition()?);
            }
            Err(error) => {
                // It is searched as it is; the next start tries again.
                tracing::debug!(error = %chain(&error), "a search index could not be merged");
                day.close();
                followed.settled = true;
            }
        }
        Ok(())
    }

    fn is_settling(&self) -> bool {
        let newest = self.days.keys().next_back().copied();
        self.days.iter().any(|(day, followed)| Some(*day) != newest && !followed.settled)
    }

    /// Judges a round: says what is left to do, and how long to rest before.
    fn judge(&mut self, done: Result<(bool, bool), Error>, left: &mut bool) -> Duration {
        match done {
            Ok((done, more)) => {
                if std::mem::take(&mut self.failing) {
                    tracing::info!("the search index is written again");
                }
                *left = more;
                let rebuilding = self.days.values().any(|followed| followed.rebuilding);
                if std::mem::replace(&mut self.rebuilding, rebuilding) && !rebuilding {
                    tracing::info!("the search index is up to date");
                }
                if done && !rebuilding { REST } else { Duration::ZERO }
            }
            Err(error) => {
                self.metrics.failures.inc();
                for followed in self.days.values_mut() {
                    if let Some(day) = followed.day.as_mut().filter(|day| day.is_writing()) {
                        day.close();
                    }
                }
                if !std::mem::replace(&mut self.failing, true) {
                    tracing::error!(error = %chain(&error), "the search index can not be written; trying again");
                }
                *left = true;
                REST_FAILED
            }
        }
    }

    fn report(&self, pending: &[Pending], started: bool) -> Result<(), Error> {
        let (occurrences, partitions) = self.index.size();
        let mut progress = Progress { started, occurrences, partitions, ..Progress::default() };
        for Pending { day, commit, .. } in pending {
            let followed = self.days.get(day);
            let indexed = followed.map_or(0, Followed::commit);
            progress.rebuilding += usize::from(followed.is_none_or(|followed| followed.rebuilding));
            progress.bytes += self.source.bytes(*day, 0).map_err(Error::Source)?;
            if indexed < *commit {
                progress.bytes_left += self.source.bytes(*day, indexed).map_err(Error::Source)?;
            }
        }
        self.metrics.report(&progress);
        self.index.report(progress);
        Ok(())
    }

    fn path(&self, pending: Pending) -> PathBuf {
        self.index.directory().join(name_of(pending.day)).join(index_name(pending.generation))
    }

    /// Removes what is of no day of the source, and what an earlier run was removing.
    fn remove_strangers(&self, found: &[Pending]) {
        let Ok(entries) = std::fs::read_dir(self.index.directory()) else { return };
        for entry in entries.flatten() {
            let directory = entry.path();
            let name = entry.file_name();
            let known = found.iter().find(|pending| name == *name_of(pending.day));
            let current = known.map(|pending| index_name(pending.generation));
            for inner in std::fs::read_dir(&directory).into_iter().flatten().flatten() {
                let stale = inner.path();
                let name = inner.file_name().into_string().unwrap_or_default();
                let ours = name == DISCARDED || generation_of(&name).is_some();
                // What can not be removed takes space and does no other harm.
                if ours
                    && current.as_ref() != Some(&name)
                    && let Err(error) = std::fs::remove_dir_all(&stale)
                {
                    tracing::warn!(path = %stale.display(), %error, "an old search index can not be removed");
                }
            }
        }
    }
}

/// Takes an index away. It is renamed first, so that whoever still writes to it fails instead of bringing half of it back.
fn discard(path: &Path) -> Result<(), Error> {
    let discarded = path.with_file_name(DISCARDED);
    remove(&discarded)?;
    match std::fs::rename(path, &discarded) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Error::io("renaming", path)(error)),
        Ok(()) => remove(&discarded),
    }
}

/// Removes a directory with all that is in it, or a file in its place; that there is none is as good.
fn remove(path: &Path) -> Result<(), Error> {
    let removed = std::fs::remove_dir_all(path).or_else(|error| match error.kind() {
        std::io::ErrorKind::NotADirectory => std::fs::remove_file(path),
        _ => Err(error),
    });
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::io("removing", path)(error)),
        _ => Ok(()),
    }
}

/// An error with its causes in one line.
fn chain(error: &Error) -> String {
    let (mut text, mut cause) = (error.to_string(), std::error::Error::source(error));
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
