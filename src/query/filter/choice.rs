//! Sets of services and aggregates, and how a plan is evaluated to them.

use roaring::RoaringBitmap;

use super::super::Context;
use super::plan::{Look, Plan};
use crate::model::aggregate_set::AggregateSet;
use crate::model::id::{AggregateId, ServiceId};
use crate::search::condition::Condition;

/// Aggregates, as whole services as long as that is possible: totals of services are series of their own.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Choice {
    /// Services that have chosen aggregates.
    pub(super) services: RoaringBitmap,
    /// The chosen aggregates, all of `services`; `None` is all of them.
    pub(super) below: Option<RoaringBitmap>,
}

/// Evaluates plans.
pub(super) struct Evaluator<'a> {
    context: &'a Context<'a>,
    counts: &'a [u64],
    all: Choice,
}

impl<'a> Evaluator<'a> {
    pub(super) fn new(context: &'a Context<'a>, counts: &'a [u64]) -> Self {
        let services = context.view.services().iter().map(|service| service.id.0).collect();
        Self { context, counts, all: Choice { services, below: None } }
    }

    /// Whether a choice leaves no service out.
    pub(super) fn has_all_services(&self, choice: &Choice) -> bool {
        choice.services == self.all.services
    }

    /// The chosen aggregates as a set.
    pub(super) fn aggregates(&self, choice: &Choice) -> RoaringBitmap {
        match &choice.below {
            Some(below) => below.clone(),
            None if self.has_all_services(choice) => self.context.view.sets().all().0.clone(),
            None => self.of_services(&choice.services),
        }
    }

    /// What is chosen when the target terms are true where `targets` says so. `within` are the aggregates that matter:
    /// what is chosen of others may be left out, and no aggregate is chosen falsely.
    pub(super) fn choose(
        &self,
        plan: &Plan,
        targets: &impl Fn(usize) -> bool,
        within: Option<&RoaringBitmap>,
    ) -> Choice {
        match plan {
            Plan::Services(services) => Choice { services: services.clone(), below: None },
            Plan::Aggregates { set, service } => {
                let services = service.map_or_else(|| self.all.services.clone(), |id| RoaringBitmap::from([id]));
                Choice { services, below: Some(set.clone()) }
            }
            Plan::Target(index) if targets(*index) => self.all.clone(),
            Plan::Target(_) => Choice::nothing(),
            Plan::Look(look, negated) => {
                let aggregates = self.context.view.aggregates();
                let all = &self.context.view.sets().all().0;
                let holds = |id: &u32| {
                    let aggregate = aggregates.get(AggregateId(*id).0 as usize);
                    aggregate.is_some_and(|aggregate| look.holds(aggregate, self.counts) != *negated)
                };
                let below = within.unwrap_or(all).iter().filter(holds).collect();
                Choice { services: self.all.services.clone(), below: Some(below) }
            }
            Plan::All(plans) => {
                // Sets first: then fewer aggregates have to be looked at.
                let (looks, sets): (Vec<&Plan>, Vec<&Plan>) = plans.iter().partition(|plan| plan.looks());
                let mut chosen = self.all.clone();
                for plan in sets.into_iter().chain(looks) {
                    if chosen.is_nothing() {
                        break;
                    }
                    let other = if plan.looks() {
                        let mut left = self.aggregates(&chosen);
                        if let Some(within) = within {
                            left &= within;
                        }
                        self.choose(plan, targets, Some(&left))
                    } else {
                        self.choose(plan, targets, None)
                    };
                    chosen = self.both(&chosen, &other);
                }
                chosen
            }
            Plan::Any(plans) => {
                let (looks, sets): (Vec<&Plan>, Vec<&Plan>) = plans.iter().partition(|plan| plan.looks());
                let mut chosen = Choice::nothing();
                for plan in sets.into_iter().chain(looks) {
                    let other = if plan.looks() {
                        let all = &self.context.view.sets().all().0;
                        let left = within.unwrap_or(all) - self.aggregates(&chosen);
                        self.choose(plan, targets, Some(&left))
                    } else {
                        self.choose(plan, targets, None)
                    };
                    chosen = self.either(&chosen, &other);
                }
                chosen
            }
        }
    }

    /// What the plan asks of a sample.
    pub(super) fn condition(&self, plan: &Plan, targets: &[RoaringBitmap]) -> Condition {
        let all = |plans: &[Plan]| plans.iter().map(|plan| self.condition(plan, targets)).collect();
        match plan {
            Plan::Services(services) if *services == self.all.services => Condition::All,
            Plan::Services(services) => Condition::Aggregates(AggregateSet(self.of_services(services))),
            Plan::Aggregates { set, .. } => Condition::Aggregates(AggregateSet(set.clone())),
            Plan::Look(Look::Text(text), true) => Condition::Not(Box::new(text.clone())),
            Plan::Look(Look::Text(text), false) => text.clone(),
            Plan::Look(..) => {
                let chosen = self.choose(plan, &|_| true, None);
                Condition::Aggregates(AggregateSet(self.aggregates(&chosen)))
            }
            Plan::Target(index) => Condition::Targets(targets.get(*index).cloned().unwrap_or_default()),
            Plan::All(plans) => Condition::And(all(plans)),
            Plan::Any(plans) => Condition::Or(all(plans)),
        }
    }

    pub(super) fn both(&self, one: &Choice, other: &Choice) -> Choice {
        let services = &one.services & &other.services;
        let below = match (&one.below, &other.below) {
            (None, None) => None,
            (Some(set), None) | (None, Some(set)) => Some(set.clone()),
            (Some(one), Some(other)) => Some(one & other),
        };
        let narrowed = below.is_some() && services != self.all.services;
        let below = below.map(|set| if narrowed { set & self.of_services(&services) } else { set });
        Choice { services, below }
    }

    pub(super) fn either(&self, one: &Choice, other: &Choice) -> Choice {
        match (&one.below, &other.below) {
            _ if one.is_nothing() => other.clone(),
            _ if other.is_nothing() => one.clone(),
            (None, None) => Choice { services: &one.services | &other.services, below: None },
            _ => Choice {
                services: &one.services | &other.services,
                below: Some(self.aggregates(one) | self.aggregates(other)),
            },
        }
    }

    pub(super) fn of_services(&self, services: &RoaringBitmap) -> RoaringBitmap {
        let mut union = RoaringBitmap::new();
        for service in services {
            union |= &self.context.view.sets().service(ServiceId(service)).0;
        }
        union
    }
}

impl Choice {
    pub(super) fn nothing() -> Self {
        Self { services: RoaringBitmap::new(), below: None }
    }

    /// Whether no aggregate can be in it.
    pub(super) fn is_nothing(&self) -> bool {
        self.services.is_empty() || self.below.as_ref().is_some_and(RoaringBitmap::is_empty)
    }
}
