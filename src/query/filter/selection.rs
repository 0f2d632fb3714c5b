//! What is counted: aggregates, and at which targets.

use std::collections::BTreeMap;
use std::sync::Arc;

use roaring::RoaringBitmap;

use super::super::Context;
use super::choice::{Choice, Evaluator};
use super::plan::{Plan, Planned};
use crate::model::aggregate_set::AggregateSet;
use crate::model::id::{AggregateId, ServiceId, TargetId};

/// What is to be counted: all that is in each of the sets; a set that is `None` leaves nothing out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Selection {
    /// Services, ascending.
    pub services: Option<Vec<ServiceId>>,
    /// Aggregates, only of `services`. `None` when no term goes below services and targets, so that a service's total may
    /// be read instead of its aggregates.
    pub aggregates: Option<AggregateSet>,
    /// Targets: counts of other targets are left out.
    pub targets: Targets,
}

/// At which targets the selected aggregates are counted.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Targets {
    /// At all, those included that are not known any more.
    #[default]
    All,
    /// At these.
    Only(RoaringBitmap),
    /// At different ones for different aggregates.
    Pairs(Arc<Pairs>),
}

/// Pairs of aggregates and targets.
#[derive(Debug, Clone, PartialEq)]
pub struct Pairs {
    /// Aggregates that are counted at every target, known or not.
    everywhere: RoaringBitmap,
    /// Sets of aggregates.
    sets: Vec<RoaringBitmap>,
    /// By target: the set of the aggregates that are counted there.
    set_of_target: Vec<usize>,
}

impl Selection {
    /// Whether whole services are selected, so that their totals answer.
    #[must_use]
    pub fn is_whole_services(&self) -> bool {
        self.aggregates.is_none() && self.targets == Targets::All
    }

    /// Whether `service` is selected.
    #[must_use]
    pub fn has_service(&self, service: ServiceId) -> bool {
        self.services.as_ref().is_none_or(|services| services.binary_search(&service).is_ok())
    }

    /// Of what is selected only what is of these aggregates.
    #[must_use]
    pub fn narrowed(self, context: &Context<'_>, aggregates: &AggregateSet) -> Self {
        let mut both = self.aggregate_set(context);
        both.0 &= &aggregates.0;
        Self { aggregates: Some(both), ..self }
    }

    /// The selected aggregates as a set of their own.
    #[must_use]
    pub fn aggregate_set(&self, context: &Context<'_>) -> AggregateSet {
        match (&self.aggregates, &self.services) {
            (Some(set), _) => set.clone(),
            (None, None) => context.view.sets().all().clone(),
            (None, Some(services)) => {
                let mut union = AggregateSet::new();
                for service in services {
                    union.0 |= &context.view.sets().service(*service).0;
                }
                union
            }
        }
    }
}

impl Pairs {
    /// Aggregates that are counted at every target, known or not.
    pub(super) fn everywhere(&self) -> &RoaringBitmap {
        &self.everywhere
    }

    /// Whether the aggregate is counted at this target.
    #[must_use]
    pub fn contains(&self, aggregate: AggregateId, target: TargetId) -> bool {
        let set = self.set_of_target.get(target.0 as usize).and_then(|set| self.sets.get(*set));
        self.everywhere.contains(aggregate.0) || set.is_some_and(|set| set.contains(aggregate.0))
    }
}

/// What the plan selects.
pub(super) fn select(context: &Context<'_>, planned: Planned) -> Selection {
    let Planned { plan, targets, counts } = planned;
    let evaluator = Evaluator::new(context, &counts);
    let whole = |choice: Choice, targets: Targets| Selection {
        services: (!evaluator.has_all_services(&choice))
            .then(|| choice.services.iter().map(ServiceId).collect::<Vec<_>>()),
        aggregates: choice.below.map(AggregateSet),
        targets,
    };
    if targets.is_empty() {
        return whole(evaluator.choose(&plan, &|_| false, None), Targets::All);
    }
    let plan = looked(&evaluator, plan);
    // Only terms are negated, so target terms can only add: what is chosen without any is chosen at every target.
    let everywhere = evaluator.choose(&plan, &|_| false, None);
    let mut kinds: Vec<(Choice, RoaringBitmap)> = Vec::new();
    for (signature, alike) in alike_targets(context, &targets) {
        let choice = evaluator.choose(&plan, &|index| signature >> index & 1 == 1, None);
        if choice.is_nothing() {
            continue;
        }
        match kinds.iter_mut().find(|(known, _)| *known == choice) {
            Some((_, targets)) => *targets |= alike,
            None => kinds.push((choice, alike)),
        }
    }
    let kinds: Vec<(Choice, RoaringBitmap)> = kinds
        .into_iter()
        .map(|(choice, targets)| {
            let services = services_of(context, &targets);
            (evaluator.both(&choice, &Choice { services, below: None }), targets)
        })
        .collect();
    match kinds.as_slice() {
        [(choice, targets)] if everywhere.is_nothing() => whole(choice.clone(), Targets::Only(targets.clone())),
        _ => pairs(context, &evaluator, &everywhere, &kinds, whole),
    }
}

fn pairs(
    context: &Context<'_>,
    evaluator: &Evaluator<'_>,
    everywhere: &Choice,
    kinds: &[(Choice, RoaringBitmap)],
    whole: impl Fn(Choice, Targets) -> Selection,
) -> Selection {
    let union = kinds.iter().fold(everywhere.clone(), |union, (choice, _)| evaluator.either(&union, choice));
    let everywhere_set = evaluator.aggregates(everywhere);
    if everywhere_set == evaluator.aggregates(&union) {
        return whole(everywhere.clone(), Targets::All);
    }
    let mut set_of_target = vec![usize::MAX; context.view.targets().len()];
    let mut sets = Vec::with_capacity(kinds.len());
    for (index, (choice, targets)) in kinds.iter().enumerate() {
        sets.push(evaluator.aggregates(choice));
        for target in targets {
            if let Some(place) = set_of_target.get_mut(target as usize) {
                *place = index;
            }
        }
    }
    let pairs = Pairs { everywhere: everywhere_set, sets, set_of_target };
    let below = Some(evaluator.aggregates(&union));
    whole(Choice { below, ..union }, Targets::Pairs(Arc::new(pairs)))
}

/// The plan with each look done, once for all kinds of targets.
fn looked(evaluator: &Evaluator<'_>, plan: Plan) -> Plan {
    if !plan.looks() {
        return plan;
    }
    // Target terms can only add, so nothing outside of this matters.
    let most = evaluator.aggregates(&evaluator.choose(&plan, &|_| true, None));
    each_looked(evaluator, plan, &most)
}

fn each_looked(evaluator: &Evaluator<'_>, plan: Plan, most: &RoaringBitmap) -> Plan {
    let all = |plans: Vec<Plan>| plans.into_iter().map(|plan| each_looked(evaluator, plan, most)).collect();
    match plan {
        Plan::Look(..) => {
            let set = evaluator.aggregates(&evaluator.choose(&plan, &|_| true, Some(most)));
            Plan::Aggregates { set, service: None }
        }
        Plan::All(plans) => Plan::All(all(plans)),
        Plan::Any(plans) => Plan::Any(all(plans)),
        other => other,
    }
}

/// Targets by the terms that hold for them: bit by bit the index of the term.
fn alike_targets(context: &Context<'_>, terms: &[RoaringBitmap]) -> BTreeMap<u64, RoaringBitmap> {
    let mut alike: BTreeMap<u64, RoaringBitmap> = BTreeMap::new();
    for target in context.view.targets() {
        let bits = terms.iter().enumerate().filter(|(_, set)| set.contains(target.id.0));
        let signature = bits.fold(0, |signature, (index, _)| signature | 1 << index);
        alike.entry(signature).or_default().insert(target.id.0);
    }
    alike
}

fn services_of(context: &Context<'_>, targets: &RoaringBitmap) -> RoaringBitmap {
    let known = context.view.targets();
    targets.iter().filter_map(|id| known.get(id as usize)).map(|target| target.service.0).collect()
}
