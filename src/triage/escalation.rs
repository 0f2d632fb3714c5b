//! Publishes what escalates, and ends mutes that last until then.

use std::sync::Arc;

use super::engine::{Error, Sources, look};
use crate::model::activity::Reason;
use crate::model::id::AggregateId;
use crate::model::time::{Millis, Timestamp};
use crate::query::escalation::{Escalations, Watch};
use crate::store::Task;

/// Limits are of clock hours.
const HOUR: Millis = Millis::from_seconds(3600);

/// Looks for escalations.
#[derive(Default)]
pub(super) struct Escalation {
    watch: Watch,
    /// The store's state and the hour that were looked at: as long as they are the same nothing changes.
    looked: Option<(u64, i64)>,
}

impl Escalation {
    /// Looks once.
    pub(super) async fn round(&mut self, sources: &Sources) -> Result<(), Error> {
        let now = sources.clock.now();
        let situation = (sources.state(), now.0.div_euclid(HOUR.0));
        if self.looked == Some(situation) {
            return Ok(());
        }
        self.looked = None;
        let (found, ending) = look(|| self.find(sources, now))?;
        sources.metrics.escalating.set(i64::try_from(found.over.len()).unwrap_or(i64::MAX));
        sources.escalations.send_if_modified(|published| {
            let differs = **published != found;
            if differs {
                *published = Arc::new(found);
            }
            differs
        });
        if !ending.is_empty() {
            let edited = sources.edit(Reason::Escalation, Task::Escalate(ending)).await?;
            sources.metrics.escalated.inc_by(edited.changed);
        }
        self.looked = Some(situation);
        Ok(())
    }

    /// What escalates, and whose mute that ends, and why. What happened before somebody muted it ends no mute.
    fn find(&mut self, sources: &Sources, now: Timestamp) -> Result<(Escalations, Vec<(AggregateId, String)>), Error> {
        let found = self.watch.look(&sources.store, now)?;
        let view = sources.store.view()?;
        let mut ending = Vec::new();
        for id in (&found.over.0 & &view.sets().until_escalation().0).iter().map(AggregateId) {
            let aggregate = view.aggregates().get(id.0 as usize);
            let since = aggregate.and_then(|aggregate| aggregate.triage.status.since).unwrap_or_default();
            if let Some(explained) = self.watch.over_since(&view, id, since)? {
                ending.push((id, explained.why));
            }
        }
        Ok((found, ending))
    }
}
