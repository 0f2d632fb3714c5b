//! Keeping the data within its size: what takes room is looked at now and then, what is too much goes, and what the database's file
//! does not use any more is given back. Whatever takes long is found out beside the commits.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;

use super::writer::{Error, NEVER, Settings, Writer, failed};
use crate::model::time::{Millis, Timestamp};
use crate::store::{
    self, Census, Compacted, Outlook, Part, Relief, Relieved, Retention, Sizes, Surplus, Survey, guarded,
};

/// How often it is looked at. It reads all pages of the database, and a fleet writes less than a hundredth of its limit in that time.
const SURVEY_EVERY: Millis = Millis::from_seconds(2 * 3600);

/// And how soon again while there is too much, when what was found to be has been removed.
const SURVEY_AGAIN: Millis = Millis::from_seconds(30);

/// How often for a while afterwards: the index of what was thinned is made anew and takes room when it is.
const SURVEY_SOON: Millis = Millis::from_seconds(300);
const WARY: Millis = Millis::from_seconds(3600);

/// It takes no more than this share of the time, one of so many.
const SURVEY_SHARE: i64 = 20;

/// How soon the next day goes when several have to.
const REMOVE_AGAIN: Millis = Millis(100);

/// The same of days that are thinned: the search index makes each anew, about one a second.
const RELIEVE_AGAIN: Millis = Millis::from_seconds(2);

/// How often it is looked whether a copy of the database is made.
const COPIED_AGAIN: Millis = Millis(500);

/// Unused bytes of the database for which it is not copied, and the share of it, in hundredths.
const UNUSED_BYTES_MIN: u64 = 1 << 20;
const UNUSED_PERCENT_MIN: u64 = 10;

/// How often the database is copied at most, unless so much of it is unused, in hundredths.
const COPY_EVERY: Millis = Millis::from_seconds(86_400);
const UNUSED_PERCENT_MUCH: u64 = 30;

/// How often while everything is above its limit only because of what is unused.
const COPY_SOON: Millis = Millis::from_seconds(600);

/// Bytes a second at which the database is copied, so that commits find the disk free.
const COPY_BYTES_PER_SECOND: u64 = 64 << 20;

/// Bytes that are left free beside a copy.
const SPARE_BYTES: u64 = 64 << 20;

/// What takes room, and how that grows.
type Surveyed = Result<(Survey, Option<Outlook>), store::Error>;

/// What to remove.
#[derive(Debug)]
struct Finding {
    relief: Result<Option<Relief>, store::Error>,
    /// By what it was found out.
    census: Option<Census>,
    /// For this limit.
    bytes_max: u64,
    /// How long that took.
    took: Millis,
}

/// What is being done to keep the data within its size.
#[derive(Debug)]
pub(super) struct Space {
    surveyed_at: Timestamp,
    /// How long that took.
    survey_took: Millis,
    /// When it was last that found too much.
    over_at: Timestamp,
    survey: Option<JoinHandle<(Surveyed, Millis)>>,
    /// What is too much.
    surplus: Surplus,
    /// Bytes that occurrences may take because of the limit to everything.
    occurrence_bytes_max: u64,
    /// There is something to remove.
    is_removing: bool,
    relief: Option<JoinHandle<Finding>>,
    /// What the days are thinned by.
    census: Option<Census>,
    /// A day was thinned: the next one may have to be.
    is_relieving: bool,
    relieved_at: Timestamp,
    /// How long it is not tried again, because nothing was found that can be removed: it takes no more than its share of the time.
    futile_for: Millis,
    /// The database is to be copied as soon as nothing else is being found out.
    is_copy_due: bool,
    copied_at: Timestamp,
    copying: Option<JoinHandle<Result<Option<Compacted>, store::Error>>>,
    stop: Arc<AtomicBool>,
}

impl Default for Space {
    fn default() -> Self {
        Self {
            surveyed_at: NEVER,
            survey_took: Millis(0),
            over_at: NEVER,
            survey: None,
            surplus: Surplus::default(),
            occurrence_bytes_max: u64::MAX,
            is_removing: false,
            relief: None,
            census: None,
            is_relieving: false,
            relieved_at: NEVER,
            futile_for: Millis(0),
            is_copy_due: false,
            copied_at: NEVER,
            copying: None,
            stop: Arc::default(),
        }
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

impl Space {
    /// Other limits hold now.
    pub(super) fn look_again(&mut self) {
        self.surveyed_at = NEVER;
        self.survey_took = Millis(0);
        self.futile_for = Millis(0);
        self.occurrence_bytes_max = u64::MAX;
    }

    /// There may be something to remove.
    pub(super) fn remove(&mut self) {
        self.is_removing = true;
    }

    /// Nothing can be removed at present, which took so long to find out.
    fn leave_alone(&mut self, took: Millis) {
        self.futile_for = Millis(took.0.saturating_mul(SURVEY_SHARE));
    }

    /// Whether it was found lately that nothing can be removed.
    fn is_relief_futile(&self, now: Timestamp) -> bool {
        (Millis(0)..self.futile_for).contains(&now.since(self.relieved_at))
    }

    /// The database is being copied.
    pub(super) fn is_copying(&self) -> bool {
        self.copying.is_some()
    }

    /// How soon there is something to do.
    pub(super) fn pause(&self) -> Option<Millis> {
        if self.copying.is_some() {
            Some(COPIED_AGAIN)
        } else if self.is_removing {
            Some(REMOVE_AGAIN)
        } else {
            self.is_relieving.then_some(RELIEVE_AGAIN)
        }
    }

    /// Whether it is time to look at what takes room.
    fn is_survey_due(&self, now: Timestamp) -> bool {
        // What is on its way out would be counted.
        if self.is_removing || self.is_relieving {
            return false;
        }
        let every = if self.over_at == self.surveyed_at {
            SURVEY_AGAIN
        } else if now.since(self.over_at) < WARY {
            SURVEY_SOON
        } else {
            SURVEY_EVERY
        };
        let every = every.max(Millis(self.survey_took.0.saturating_mul(SURVEY_SHARE))).min(SURVEY_EVERY);
        !(Millis(0)..every).contains(&now.since(self.surveyed_at))
    }
}

impl Writer {
    /// Removes the oldest day of what has to go.
    pub(super) fn remove_some(&mut self, now: Timestamp, retention: Retention) -> Result<(), Error> {
        if self.space.is_removing {
            let surplus = self.space.surplus;
            self.space.is_removing = self.store.retain_some(now, &retention, &surplus).map_err(failed)?;
        }
        Ok(())
    }

    /// Finds out what takes room, and what of it is too much.
    pub(super) async fn survey(&mut self, now: Timestamp) -> Result<(), Error> {
        match self.space.survey.take() {
            None => {
                if self.space.is_survey_due(now) {
                    self.space.surveyed_at = now;
                    let (store, Settings { retention, limits }) = (Arc::clone(&self.store), self.settings.clone());
                    let watch = self.clock.stopwatch();
                    let look = move || {
                        let survey = store.survey(&limits)?;
                        let outlook = store.outlook(now, &survey.sizes, &retention, &limits)?;
                        Ok((survey, outlook))
                    };
                    self.space.survey = Some(tokio::task::spawn_blocking(move || (guarded(look), watch.millis())));
                }
            }
            Some(finding) if !finding.is_finished() => self.space.survey = Some(finding),
            Some(finding) => match finding.await {
                Ok((Ok((survey, outlook)), took)) => {
                    self.space.survey_took = took;
                    self.metrics.show_outlook(outlook);
                    self.act_on(survey);
                }
                Ok((Err(error), _)) => tracing::error!(%error, "can not find out how much room everything takes"),
                Err(error) => tracing::error!(%error, "finding out how much room everything takes broke off"),
            },
        }
        Ok(())
    }

    fn act_on(&mut self, survey: Survey) {
        let Survey { sizes, surplus, occurrence_bytes_max, is_over } = survey;
        self.metrics.show_sizes(&sizes);
        if surplus != Surplus::default() {
            tracing::info!(bytes = sizes.used(), "counts or activity take too much: the oldest of them go");
        }
        if is_over {
            self.space.over_at = self.space.surveyed_at;
        }
        self.space.surplus = self.space.surplus.and(surplus);
        self.space.is_removing = surplus != Surplus::default();
        self.space.occurrence_bytes_max = occurrence_bytes_max;
        // What is to be removed first would be copied in vain.
        self.space.is_copy_due = surplus == Surplus::default() && self.is_worth_copying(&sizes, is_over);
        // Not only when it is looked for the next time.
        self.space.is_relieving = occurrence_bytes_max < u64::MAX;
    }

    /// Whether so much of the database's file is unused that it should be given back, and there is room to do it.
    fn is_worth_copying(&self, sizes: &Sizes, is_over: bool) -> bool {
        let (used, unused) = (sizes.database(), sizes.of(Part::Unused));
        let has = |percent: u64| unused * 100 >= (used + unused) * percent;
        let is_pressing = !is_over && sizes.used() + unused > self.settings.limits.total;
        let every = if is_pressing { COPY_SOON } else { COPY_EVERY };
        let is_soon = self.clock.now().since(self.space.copied_at) < every;
        if unused < UNUSED_BYTES_MIN || !has(if is_soon { UNUSED_PERCENT_MUCH } else { UNUSED_PERCENT_MIN }) {
            return false;
        }
        let free_bytes = self.store.free_bytes();
        let fits = free_bytes.is_none_or(|free_bytes| free_bytes >= used + SPARE_BYTES);
        if !fits {
            tracing::warn!(
                unused,
                used,
                free_bytes,
                "the database's file has pages that hold nothing, and there is no room to write it anew without them"
            );
        }
        fits
    }

    fn copy(&mut self) {
        self.space.is_copy_due = false;
        self.space.copied_at = self.clock.now();
        let (store, stop) = (Arc::clone(&self.store), Arc::clone(&self.space.stop));
        let mut pace = move |bytes: u64| {
            std::thread::sleep(Duration::from_micros(bytes * 1_000_000 / COPY_BYTES_PER_SECOND));
            if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        self.space.copying = Some(tokio::task::spawn_blocking(move || store.prepare_compaction(&mut pace)));
    }

    /// Puts the copy of the database in its place, when it is made.
    pub(super) async fn give_back(&mut self) -> Result<(), Error> {
        let Some(copying) = self.space.copying.take_if(|copying| copying.is_finished()) else { return Ok(()) };
        let copied = match copying.await {
            Ok(Ok(Some(copied))) => copied,
            Ok(Ok(None)) => return Ok(()),
            Ok(Err(error)) => {
                tracing::error!(
                    error = crate::telemetry::chain(&error),
                    "can not give back what the database does not use"
                );
                return Ok(());
            }
            Err(error) => {
                tracing::error!(%error, "giving back what the database does not use broke off");
                return Ok(());
            }
        };
        let before = self.store.file_bytes();
        let watch = self.clock.stopwatch();
        match self.store.swap(copied) {
            Ok(Some(replaced)) => {
                let seconds = watch.seconds();
                let bytes = before.saturating_sub(self.store.file_bytes());
                self.metrics.compactions.inc();
                self.metrics.given_back.inc_by(bytes);
                tracing::info!(bytes, seconds, "gave back what the database did not use");
                // Freeing a large file takes a while.
                tokio::task::spawn_blocking(move || drop(replaced));
            }
            Ok(None) => {}
            Err(error) if self.store.is_poisoned() => return Err(failed(error)),
            Err(error) => {
                tracing::error!(
                    error = crate::telemetry::chain(&error),
                    "can not give back what the database does not use"
                );
            }
        }
        Ok(())
    }

    /// Goes on with keeping occurrences within their size, if that has begun.
    pub(super) async fn relieve_some(&mut self, now: Timestamp) -> Result<(), Error> {
        if self.space.is_relieving && !(Millis(0)..RELIEVE_AGAIN).contains(&now.since(self.space.relieved_at)) {
            self.relieve(now).await?;
        }
        Ok(())
    }

    /// Keeps occurrences within their size. What to remove is found out beside the commits, a day at a time.
    pub(super) async fn relieve(&mut self, now: Timestamp) -> Result<(), Error> {
        match self.space.relief.take() {
            None if self.space.is_copy_due => self.copy(),
            None => {
                self.space.is_relieving = self.is_relief_due()? && !self.space.is_relief_futile(now);
                if self.space.is_relieving {
                    let mut census = self.space.census.take();
                    let (store, bytes_max, watch) =
                        (Arc::clone(&self.store), self.occurrence_bytes_max(), self.clock.stopwatch());
                    self.space.relief = Some(tokio::task::spawn_blocking(move || {
                        let found = guarded(|| store.prepare_relief(bytes_max, &mut census));
                        Finding { relief: found, census, bytes_max, took: watch.millis() }
                    }));
                }
            }
            Some(finding) if !finding.is_finished() => self.space.relief = Some(finding),
            Some(finding) => {
                self.space.relieved_at = now;
                // Where nothing can be removed, or not at present, it is tried again when it is looked the next time.
                self.space.is_relieving = false;
                match finding.await {
                    Ok(Finding { relief: Ok(Some(relief)), census, bytes_max, .. }) => {
                        // The limit may have been raised meanwhile.
                        if self.occurrence_bytes_max() > bytes_max || !self.is_relief_due()? {
                            self.store.discard(&relief).map_err(failed)?;
                            return Ok(());
                        }
                        self.report(self.store.relieve(relief).map_err(failed)?);
                        self.space.is_relieving = true;
                        self.space.census = census;
                        self.space.futile_for = Millis(0);
                    }
                    Ok(Finding { relief: Ok(None), took, .. }) => self.space.leave_alone(took),
                    Ok(Finding { relief: Err(error), took, .. }) => {
                        self.space.leave_alone(took);
                        tracing::error!(%error, "can not find out which occurrences to remove");
                    }
                    Err(error) => tracing::error!(%error, "finding out which occurrences to remove broke off"),
                }
            }
        }
        Ok(())
    }

    fn occurrence_bytes_max(&self) -> u64 {
        self.settings.limits.occurrences.min(self.space.occurrence_bytes_max)
    }

    /// Whether occurrences take more than they may.
    fn is_relief_due(&self) -> Result<bool, Error> {
        let bytes = self.store.partitions().map_err(failed)?.iter().map(|day| day.bytes).sum::<u64>();
        Ok(bytes > self.occurrence_bytes_max())
    }

    fn report(&self, relieved: Relieved) {
        match relieved {
            Relieved::Thinned { day, removed } => {
                self.metrics.thinned_days.inc();
                self.metrics.thinned_occurrences.inc_by(removed);
                tracing::info!(
                    day,
                    removed,
                    "occurrences take too much: removed some that have newer ones of their error"
                );
            }
            Relieved::Dropped { day } => {
                self.metrics.dropped_days.inc();
                tracing::warn!(
                    day,
                    "occurrences take too much, though each error has only its newest: removed a day of them"
                );
            }
            Relieved::Nothing => {}
        }
    }
}
