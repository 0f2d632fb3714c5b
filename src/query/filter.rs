//! What a query selects: services, aggregates and targets as sets.

use std::collections::BTreeSet;

use roaring::RoaringBitmap;

use super::matcher::{Is, Predicate, Property, Query, Term};
use super::pattern::{Finder, Pattern};
use super::{Context, Error, NEW_FOR, suggestion};
use crate::model::aggregate::{Aggregate, State};
use crate::model::aggregate_set::AggregateSet;
use crate::model::id::{AggregateId, ServiceId, TargetId};
use crate::model::label::Labels;
use crate::model::severity::Severity;

/// What is to be counted: all that is in each of the sets; a set that is `None` leaves nothing out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Selection {
    /// Services, ascending.
    pub services: Option<Vec<ServiceId>>,
    /// Aggregates, only of `services`. `None` when no term goes below services and targets, so that a service's total may
    /// be read instead of its aggregates.
    pub aggregates: Option<AggregateSet>,
    /// Targets, only of `services`: counts of other targets are left out.
    pub targets: Option<RoaringBitmap>,
}

/// What `query` selects.
///
/// # Errors
/// [`Error::Invalid`] for `q` with the position of a service, an aggregate or a label that is not known. An unknown name
/// is a mistake and not an empty answer: "no errors" has to be true when it is said.
pub fn select(context: &Context<'_>, query: &Query) -> Result<Selection, Error> {
    let mut selection = Selection::default();
    for term in &query.terms {
        if let Some(ids) = services_of(context, term)? {
            restrict_services(&mut selection.services, ids);
        }
    }
    select_targets(context, query, &mut selection)?;
    select_aggregates(context, query, &mut selection)?;
    Ok(selection)
}

impl Selection {
    /// Whether whole services are selected, so that their totals answer.
    #[must_use]
    pub fn is_whole_services(&self) -> bool {
        self.aggregates.is_none() && self.targets.is_none()
    }

    /// Whether `service` is selected.
    #[must_use]
    pub fn has_service(&self, service: ServiceId) -> bool {
        self.services.as_ref().is_none_or(|services| services.binary_search(&service).is_ok())
    }

    /// The selected aggregates as a set of their own.
    #[must_use]
    pub fn aggregate_set(&self, context: &Context<'_>) -> AggregateSet {
        self.aggregates.clone().unwrap_or_else(|| of_services(context, self.services.as_deref()))
    }
}

/// The services a term leaves, for terms that name services or something of one service.
fn services_of(context: &Context<'_>, term: &Term) -> Result<Option<BTreeSet<ServiceId>>, Error> {
    let view = context.view;
    match &term.predicate {
        Predicate::Property(Property::Service, pattern) => {
            if let Some(name) = pattern.exact() {
                let known = service_names(context);
                if !known.contains(name) {
                    let known = suggestion::known(name, known);
                    return Err(unknown(term, format!("there is no service {name:?}{known}")));
                }
            }
            let ids = view.services().iter().filter(|service| pattern.matches(&service.name) != term.negated);
            Ok(Some(ids.map(|service| service.id).collect()))
        }
        Predicate::Aggregate(id) => match view.aggregates().get(id.0 as usize) {
            Some(aggregate) if !term.negated => Ok(Some(BTreeSet::from([aggregate.service]))),
            Some(_) => Ok(None),
            None => Err(unknown(term, format!("there is no aggregate {id}"))),
        },
        _ => Ok(None),
    }
}

/// Names of all services, configured or stored.
fn service_names<'a>(context: &Context<'a>) -> BTreeSet<&'a str> {
    let stored = context.view.services().iter().map(|service| service.name.as_str());
    stored.chain(context.discovered.iter().map(|service| service.service.as_str())).collect()
}

fn restrict_services(services: &mut Option<Vec<ServiceId>>, ids: BTreeSet<ServiceId>) {
    match services {
        Some(services) => services.retain(|service| ids.contains(service)),
        None => *services = Some(ids.into_iter().collect()),
    }
}

fn select_targets(context: &Context<'_>, query: &Query, selection: &mut Selection) -> Result<(), Error> {
    let mut terms = Vec::new();
    for term in &query.terms {
        if let Predicate::Property(Property::Target(name), pattern) = &term.predicate {
            let known = target_label_names(context);
            if !known.contains(name.as_str()) {
                let known = suggestion::known(name, known);
                return Err(unknown(term, format!("no target has a label {name:?}{known}")));
            }
            terms.push((name, pattern, term.negated));
        }
    }
    if terms.is_empty() {
        return Ok(());
    }
    let targets = context.view.targets().iter().filter(|target| {
        let holds = |(name, pattern, negated): &(&String, &Pattern, bool)| {
            matches_label(&target.labels, name, pattern) != *negated
        };
        selection.has_service(target.service) && terms.iter().all(holds)
    });
    let (mut ids, mut services) = (RoaringBitmap::new(), BTreeSet::new());
    for target in targets {
        ids.insert(target.id.0);
        services.insert(target.service);
    }
    restrict_services(&mut selection.services, services);
    selection.targets = Some(ids);
    Ok(())
}

/// Names of the labels that targets have.
pub(super) fn target_label_names<'a>(context: &Context<'a>) -> BTreeSet<&'a str> {
    let mut names = BTreeSet::new();
    for target in context.view.targets() {
        names.extend(target.labels.iter().map(|(name, _)| name));
    }
    names
}

/// Names of the annotation labels that aggregates have.
pub(super) fn annotation_names<'a>(context: &Context<'a>) -> BTreeSet<&'a str> {
    let mut names = BTreeSet::new();
    for aggregate in context.view.aggregates() {
        names.extend(aggregate.labels.iter().map(|(name, _)| name));
    }
    names
}

fn select_aggregates(context: &Context<'_>, query: &Query, selection: &mut Selection) -> Result<(), Error> {
    let below: Vec<&Term> = query.terms.iter().filter(|term| is_of_aggregates(&term.predicate)).collect();
    if below.is_empty() {
        return Ok(());
    }
    let mut set = of_services(context, selection.services.as_deref());
    let mut looks: Vec<(bool, Look<'_>)> = Vec::new();
    for term in below {
        match resolve(context, term)? {
            Resolved::Set(other) if term.negated => set.0 -= other.0,
            Resolved::Set(other) => set.0 &= other.0,
            Resolved::Look(look) => looks.push((term.negated, look)),
        }
    }
    if !looks.is_empty() {
        let aggregates = context.view.aggregates();
        let holds = |id: &AggregateId| {
            let aggregate = aggregates.get(id.0 as usize);
            aggregate.is_some_and(|aggregate| looks.iter().all(|(negated, look)| look.holds(aggregate) != *negated))
        };
        set = set.iter().filter(holds).collect();
    }
    selection.aggregates = Some(set);
    Ok(())
}

fn is_of_aggregates(predicate: &Predicate) -> bool {
    !matches!(predicate, Predicate::Property(Property::Service | Property::Target(_), _))
}

/// How a term is answered: by a set the store keeps, or by a look at each aggregate.
enum Resolved<'a> {
    Set(AggregateSet),
    Look(Look<'a>),
}

enum Look<'a> {
    Class(&'a Pattern),
    Key(&'a Pattern),
    Message(&'a Pattern),
    Label(&'a str, &'a Pattern),
    Text(Finder),
    FirstSeenAfter(crate::model::time::Timestamp),
}

impl Look<'_> {
    fn holds(&self, aggregate: &Aggregate) -> bool {
        match self {
            Self::Class(pattern) => pattern.matches(&aggregate.class),
            Self::Key(pattern) => pattern.matches(&aggregate.key),
            Self::Message(pattern) => pattern.matches(&aggregate.message),
            Self::Label(name, pattern) => matches_label(&aggregate.labels, name, pattern),
            Self::Text(finder) => {
                [&aggregate.class, &aggregate.message, &aggregate.key].iter().any(|t| finder.is_in(t))
            }
            Self::FirstSeenAfter(time) => aggregate.first_seen > *time,
        }
    }
}

fn resolve<'a>(context: &Context<'_>, term: &'a Term) -> Result<Resolved<'a>, Error> {
    let sets = context.view.sets();
    Ok(match &term.predicate {
        Predicate::Aggregate(id) => Resolved::Set([*id].into_iter().collect()),
        Predicate::Is(Is::State(state)) => Resolved::Set(sets.state(*state).clone()),
        Predicate::Is(Is::Regressed) => Resolved::Set(sets.regressed().clone()),
        Predicate::Is(Is::New) => Resolved::Look(Look::FirstSeenAfter(context.now.minus(NEW_FOR))),
        Predicate::Text(text) => Resolved::Look(Look::Text(Finder::new(text))),
        Predicate::Property(property, pattern) => match property {
            Property::Severity => {
                let matching = Severity::ALL.into_iter().filter(|severity| pattern.matches(severity.name()));
                Resolved::Set(union(matching.map(|severity| sets.severity(severity))))
            }
            Property::State => {
                let matching = State::ALL.into_iter().filter(|state| pattern.matches(state.name()));
                Resolved::Set(union(matching.map(|state| sets.state(state))))
            }
            Property::Class => Resolved::Look(Look::Class(pattern)),
            Property::Key => Resolved::Look(Look::Key(pattern)),
            Property::Message => Resolved::Look(Look::Message(pattern)),
            Property::Label(name) => {
                let known = annotation_names(context);
                if !known.contains(name.as_str()) {
                    let known = suggestion::known(name, known);
                    return Err(unknown(term, format!("no error has a label {name:?}{known}")));
                }
                Resolved::Look(Look::Label(name, pattern))
            }
            // Both were answered before, by services and by targets.
            Property::Service | Property::Target(_) => Resolved::Set(sets.all().clone()),
        },
    })
}

fn matches_label(labels: &Labels, name: &str, pattern: &Pattern) -> bool {
    pattern.matches_label(labels.get(name))
}

fn of_services(context: &Context<'_>, services: Option<&[ServiceId]>) -> AggregateSet {
    let sets = context.view.sets();
    match services {
        Some(services) => union(services.iter().map(|service| sets.service(*service))),
        None => sets.all().clone(),
    }
}

fn union<'a>(sets: impl Iterator<Item = &'a AggregateSet>) -> AggregateSet {
    let mut union = AggregateSet::new();
    for set in sets {
        union.0 |= &set.0;
    }
    union
}

fn unknown(term: &Term, message: String) -> Error {
    Error::Invalid { param: "q", position: Some(term.position), message }
}

/// The labels of a target; none for a target that is not known.
pub(super) fn target_labels<'a>(context: &Context<'a>, target: TargetId) -> Option<&'a Labels> {
    context.view.targets().get(target.0 as usize).map(|target| &target.labels)
}
