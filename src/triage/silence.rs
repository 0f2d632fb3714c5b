//! Resolves open aggregates that did not happen for so long as the configuration says.
//!
//! That nobody looked is no silence: a target of the service must have answered after the time was over, and each that discovery
//! lists must have been asked, so that none is about to tell what happened meanwhile.

use super::engine::{Error, Sources, look};
use crate::model::activity::Reason;
use crate::model::aggregate::Aggregate;
use crate::model::aggregate_set::AggregateSet;
use crate::model::time::{Millis, Timestamp};
use crate::model::triage::State;
use crate::store::{Task, View};

/// Resolves what is silent.
pub(super) struct Silence;

/// Until when a service was watched.
#[derive(Debug, Clone, Copy)]
struct Watched {
    /// The last time that any of its targets answered.
    answered: Timestamp,
    /// Each listed target was asked then or later.
    asked: Timestamp,
}

impl Silence {
    /// Looks once.
    pub(super) async fn round(&self, sources: &Sources) -> Result<(), Error> {
        let Some(length) = sources.config.borrow().triage.resolve_after else { return Ok(()) };
        let since = sources.clock.now().minus(length);
        let aggregates = look(|| Ok(silent(&sources.store.view()?, length, since)))?;
        if aggregates.is_empty() {
            return Ok(());
        }
        let detail = format!("did not happen for {length}");
        let edited = sources.edit(Reason::Silence, Task::Silence { aggregates, since, detail }).await?;
        sources.metrics.silenced.inc_by(edited.changed);
        Ok(())
    }
}

/// Open aggregates that did not happen since, and that nobody opened since.
fn silent(view: &View<'_>, length: Millis, since: Timestamp) -> AggregateSet {
    let watched = watched(view);
    let is_silent = |aggregate: &&Aggregate| {
        let touched = aggregate.triage.status.since.unwrap_or(aggregate.last_seen).max(aggregate.last_seen);
        let over = touched.plus(length);
        let watched = watched.get(aggregate.service.0 as usize);
        touched < since && watched.is_some_and(|watched| watched.answered > over && watched.asked > over)
    };
    let open = view.sets().state(State::Open).iter();
    let open = open.filter_map(|id| view.aggregates().get(id.0 as usize));
    open.filter(is_silent).map(|aggregate| aggregate.id).collect()
}

/// By service.
fn watched(view: &View<'_>) -> Vec<Watched> {
    let never = Timestamp(i64::MIN);
    let mut watched = vec![Watched { answered: never, asked: Timestamp(i64::MAX) }; view.services().len()];
    for target in view.targets() {
        let Some(of_service) = watched.get_mut(target.service.0 as usize) else { continue };
        of_service.answered = of_service.answered.max(target.health.last_success.unwrap_or(never));
        if target.health.active {
            of_service.asked = of_service.asked.min(target.health.last_scrape.unwrap_or(never));
        }
    }
    watched
}
