//! Gives aggregates the labels that the rules say.

use std::sync::Arc;

use super::engine::{Error, Sources, look};
use super::rule::{Differing, Reach, Rules};
use crate::clock::Stopwatch;
use crate::config::Config;
use crate::model::activity::Reason;
use crate::model::id::AggregateId;
use crate::model::time::Millis;
use crate::query::Context;
use crate::query::escalation::Escalations;
use crate::store::Task;

/// What was stored is indexed well within this time. When nothing has changed for as long, there is nothing to look at.
const INDEX_LAG: Millis = Millis::from_seconds(10);

/// Evaluates the label rules.
#[derive(Default)]
pub(super) struct Labelling {
    rules: Rules,
    /// The configuration that the rules are from.
    config: Option<Arc<Config>>,
    /// What was looked at, and since when it is so.
    looked: Option<(Situation, Stopwatch)>,
    /// It was looked at after the index had time to follow.
    is_settled: bool,
    /// Aggregates from this id on are fresh: they were not looked at after the index had time to follow. `None` before the
    /// first look, which is at everything.
    fresh: Option<u32>,
    /// The aggregates that there were a while ago; when the index had time to follow, they are not fresh any more.
    ageing: Option<(u32, Stopwatch)>,
}

/// As long as it is the same nothing changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Situation {
    state: u64,
    rules: u64,
    /// Whatever text the rules ask for is found where it is.
    is_indexed: bool,
}

/// What is to be changed.
struct Found {
    labels: Differing,
    /// Everything was computed, because the rules are others.
    anew: bool,
    /// The fingerprint to be stored.
    rules: u64,
}

impl Labelling {
    /// Whether there is a configuration that it does not know yet.
    pub(super) fn is_outdated(&self, sources: &Sources) -> bool {
        let config = sources.config.borrow();
        !self.config.as_ref().is_some_and(|known| Arc::ptr_eq(known, &config))
    }

    /// Looks once, and has changed what differs.
    pub(super) async fn round(&mut self, sources: &Sources) -> Result<(), Error> {
        if self.is_outdated(sources) {
            self.read_rules(sources);
        }
        let is_indexed = !self.rules.are_textual() || sources.index.progress().is_complete();
        let situation = Situation { state: sources.state(), rules: self.rules.fingerprint(), is_indexed };
        let watch = match self.looked.take() {
            Some((known, watch)) if known == situation => watch,
            _ => {
                self.is_settled = false;
                sources.clock.stopwatch()
            }
        };
        self.looked = Some((situation, watch.clone()));
        if self.is_settled {
            return Ok(());
        }
        self.is_settled = watch.millis() >= INDEX_LAG;
        // Without the whole index labels would be taken away only to be given again; until then they are only added.
        let reach = if is_indexed { Reach::Anew } else { Reach::All };
        let done = self.apply(sources, reach).await;
        self.is_settled &= done.is_ok();
        done
    }

    /// Looks once at aggregates that are new, which is cheap, so that they wait for their labels for seconds only, however long
    /// it takes to look at everything.
    pub(super) async fn round_of_fresh(&mut self, sources: &Sources) -> Result<(), Error> {
        let count = look(|| Ok(sources.store.view()?.aggregates().len() as u32))?;
        let first = match self.fresh {
            Some(first) if first < count && !self.rules.is_empty() => first,
            _ => {
                (self.fresh, self.ageing) = (Some(count), None);
                return Ok(());
            }
        };
        let (aged, watch) = self.ageing.take().unwrap_or_else(|| (count, sources.clock.stopwatch()));
        let has_followed = watch.millis() >= INDEX_LAG;
        self.ageing = Some((aged, watch));
        let fresh = (first..count).map(AggregateId).collect();
        self.apply(sources, Reach::Some(fresh)).await?;
        if has_followed {
            self.fresh = Some(aged);
            self.ageing = None;
        }
        Ok(())
    }

    async fn apply(&self, sources: &Sources, reach: Reach) -> Result<(), Error> {
        let Some(found) = look(|| self.find(sources, reach))? else { return Ok(()) };
        let Found { labels, anew, rules } = found;
        let edited = sources.edit(Reason::Rule, Task::Rule { labels, rules }).await?;
        sources.metrics.labelled.inc_by(edited.changed);
        if anew {
            tracing::info!(
                rules = self.rules.len(),
                changed = edited.changed,
                "applied other label rules to all errors"
            );
        }
        Ok(())
    }

    /// `None` when there is nothing to change. Only rules that are others than before are applied anew.
    fn find(&self, sources: &Sources, reach: Reach) -> Result<Option<Found>, Error> {
        let ours = self.rules.fingerprint();
        // The index before the store, so that what is found is there.
        let index = sources.index.snapshot();
        let view = sources.store.view()?;
        let stored = view.label_rules();
        if self.rules.is_empty() && stored.is_none_or(|stored| stored == ours) {
            return Ok(None);
        }
        let reach = if reach == Reach::Anew && stored == Some(ours) { Reach::All } else { reach };
        let anew = reach == Reach::Anew;
        let context = Context {
            view: &view,
            index: &index,
            now: sources.clock.now(),
            discovered: &[],
            me: "",
            new_for: Millis(0),
            escalations: &Escalations::default(),
        };
        let labels = self.rules.differing(&context, &reach)?;
        // Until they were applied to everything, the rules before count as those that were.
        let rules = if anew { ours } else { stored.unwrap_or(!ours) };
        Ok((anew || !labels.is_empty()).then_some(Found { labels, anew, rules }))
    }

    fn read_rules(&mut self, sources: &Sources) {
        let config = Arc::clone(&sources.config.borrow());
        match Rules::read(&config.label_rules) {
            Ok(rules) => {
                sources.metrics.rules.set(rules.len() as i64);
                self.rules = rules;
            }
            // They were read when the file was loaded, and are the same.
            Err(error) => tracing::error!(%error, "label rules can not be read; the ones before stay"),
        }
        self.config = Some(config);
    }
}
