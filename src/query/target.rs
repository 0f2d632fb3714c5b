//! Targets: what discovery lists, how its scrapes go, and how they went.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::group::service_name;
use super::{Context, Error, suggestion};
use crate::model::id::{ServiceId, TargetId};
use crate::model::label::Labels;
use crate::model::target;
use crate::model::time::TimeRange;
use crate::store::{Health, TargetRecord, TargetSpan};

/// Which targets are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum State {
    /// What is scraped.
    Active,
    /// What relabelling dropped.
    Dropped,
    /// Both.
    #[default]
    Any,
}

impl State {
    /// Reads the parameter `state`.
    ///
    /// # Errors
    /// [`Error::Invalid`] for `state` with the known words.
    pub fn parse(text: Option<&str>) -> Result<Self, Error> {
        match text {
            None | Some("any") => Ok(Self::Any),
            Some("active") => Ok(Self::Active),
            Some("dropped") => Ok(Self::Dropped),
            Some(text) => {
                let known = suggestion::known(text, ["active", "dropped", "any"]);
                Err(Error::invalid("state", format!("targets are not in the state {text:?}{known}")))
            }
        }
    }
}

/// A target that is scraped.
#[derive(Debug, Clone, PartialEq)]
pub struct Active {
    /// Its id; `None` before its first scrape is stored.
    pub id: Option<TargetId>,
    /// Name of its service.
    pub service: String,
    /// As discovery lists it.
    pub target: Arc<target::Target>,
    /// How its last scrapes went.
    pub health: Health,
}

/// What relabelling dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// Name of its service.
    pub service: String,
    /// Its labels as discovered.
    pub discovered_labels: Labels,
}

/// What is answered.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct List {
    /// What is scraped.
    pub active: Vec<Active>,
    /// What relabelling dropped, as far as it is kept.
    pub dropped: Vec<Dropped>,
    /// How many relabelling dropped in all.
    pub dropped_total: usize,
}

/// A target that was ever scraped.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// Its service's name.
    pub service: String,
    /// Its public labels.
    pub labels: Labels,
    /// The URL that was scraped last.
    pub url: String,
    /// How its scrapes went, oldest first.
    pub spans: Vec<TargetSpan>,
}

/// The targets discovery lists, of all services or of one.
///
/// # Errors
/// [`Error::Invalid`] for `service` when there is no such service.
pub fn list(context: &Context<'_>, state: State, service: Option<&str>) -> Result<List, Error> {
    if let Some(name) = service {
        let known: BTreeSet<&str> = context.discovered.iter().map(|found| found.service.as_str()).collect();
        if !known.contains(name) && context.view.service(name).is_none() {
            let known = suggestion::known(name, known);
            return Err(Error::invalid("service", format!("there is no service {name:?}{known}")));
        }
    }
    let wanted = |name: &str| service.is_none_or(|service| service == name);
    let mut list = List::default();
    for found in context.discovered.iter().filter(|found| wanted(&found.service)) {
        list.dropped_total += found.dropped_total;
        if state != State::Active {
            let dropped = found.dropped.iter();
            list.dropped.extend(
                dropped.map(|labels| Dropped { service: found.service.clone(), discovered_labels: labels.clone() }),
            );
        }
    }
    if state != State::Dropped {
        list.active = active(context).into_iter().filter(|active| wanted(&active.service)).collect();
    }
    Ok(list)
}

/// What discovery lists and what is stored of it.
pub(super) fn active(context: &Context<'_>) -> Vec<Active> {
    let records = context.view.targets().iter().filter(|record| record.health.active);
    let records: HashMap<(ServiceId, &Labels), &TargetRecord> =
        records.map(|record| ((record.service, &record.labels), record)).collect();
    let mut active = Vec::new();
    for found in context.discovered {
        let service = context.view.service(&found.service);
        active.extend(found.active.iter().map(|target| {
            let record = service.and_then(|service| records.get(&(service, &target.labels)));
            Active {
                id: record.map(|record| record.id),
                service: found.service.clone(),
                target: Arc::clone(target),
                health: record.map(|record| record.health.clone()).unwrap_or_default(),
            }
        }));
    }
    active
}

/// How the scrapes of one target went.
///
/// # Errors
/// [`Error::NotFound`] when there is no such target; [`Error::Store`] when the store can not be read.
pub fn history(context: &Context<'_>, id: TargetId, range: TimeRange) -> Result<History, Error> {
    let record = context.view.targets().get(id.0 as usize);
    let record = record.ok_or_else(|| Error::NotFound { what: "target", name: id.to_string() })?;
    Ok(History {
        service: service_name(context, record.service).to_owned(),
        labels: record.labels.clone(),
        url: record.url.clone(),
        spans: context.view.target_history(id, range)?,
    })
}
